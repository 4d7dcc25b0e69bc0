"""What must hold for layers from elsewhere and for unions of regions, whatever they look like."""

from __future__ import annotations

import numpy as np
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies import coverages

from geo_risk.regions.coverage import from_geometries, to_geometries
from geo_risk.regions.dissolve import dissolve
from geo_risk.regions.layer import RegionLayer
from geo_risk.regions.subset import boxes_of, take_rows
from geo_risk.regions.topology import build_topology


def layer_of(shapes, countries) -> RegionLayer:
    codes = [f"R{i}" for i in range(len(shapes))]
    columns = {"region_code": codes, "region_name": codes}
    columns |= {"country_code": countries, "unit_code": countries}
    return RegionLayer(from_geometries(shapes), columns, name="drawn")


@settings(max_examples=40)
@given(shapes=coverages(), data=st.data())
def test_countries_agree_with_their_regions(shapes, data):
    countries = [data.draw(st.sampled_from(["AAA", "BBB", "CCC"])) for _ in shapes]
    layer = layer_of(shapes, countries)
    joined = dissolve(layer)
    rng = np.random.default_rng(data.draw(st.integers(0, 2**32 - 1)))
    west, south, east, north = shapely.total_bounds(np.array(shapes, dtype=object))
    points = rng.choice(layer.coverage.coords, 40)
    lon = np.clip(np.concatenate([points[:, 0], rng.uniform(west, east, 40)]), -180, 180)
    lat = np.clip(np.concatenate([points[:, 1], rng.uniform(south, north, 40)]), -90, 90)
    region, country = layer.locate(lon=lon, lat=lat), joined.locate(lon=lon, lat=lat)
    np.testing.assert_array_equal(region >= 0, country >= 0)
    codes = np.array(joined.columns["region_code"])[country[country >= 0]]
    np.testing.assert_array_equal(codes, np.array(countries)[region[region >= 0]])
    areas = {c: sum(s.area for s, d in zip(shapes, countries) if d == c) for c in set(countries)}
    for code, shape in zip(joined.columns["region_code"], joined.table.geometry):
        assert np.isclose(shape.area, areas[code])
        assert shape.is_valid


@settings(max_examples=40)
@given(shapes=coverages(), data=st.data())
def test_the_edges_of_countries_are_those_of_their_union(shapes, data):
    countries = [data.draw(st.sampled_from(["AAA", "BBB"])) for _ in shapes]
    joined = dissolve(layer_of(shapes, countries))
    derived, drawn = joined.topology, build_topology(joined.coverage)
    for name in ("left", "right"):
        assert len(getattr(derived, name)) == len(derived)
    keys = [
        set(zip(t.ax.tolist(), t.ay.tolist(), t.bx.tolist(), t.by.tolist(),
                t.left.tolist(), t.right.tolist()))
        for t in (derived, drawn)
    ]  # fmt: skip
    assert keys[0] == keys[1]


@settings(max_examples=40)
@given(shapes=coverages(), data=st.data())
def test_taken_rows_are_the_rows(shapes, data):
    rows = data.draw(st.lists(st.sampled_from(range(len(shapes))), unique=True))
    coverage = from_geometries(shapes)
    taken = take_rows(coverage, rows)
    taken._check()
    assert [s.wkb for s in to_geometries(taken)] == [to_geometries(coverage)[r].wkb for r in rows]
    np.testing.assert_array_equal(boxes_of(taken), boxes_of(coverage)[rows])
