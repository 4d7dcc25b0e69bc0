"""Properties of region layers that hold for any coverage."""

from __future__ import annotations

import numpy as np
import shapely
from hypothesis import given, settings, strategies as st
from oracles import half_open_rows
from strategies import coverages, lonlats

import geo_risk as gr
from geo_risk.regions import RegionLayer
from geo_risk.regions.coverage import from_geometries, to_geometries
from geo_risk.regions.topology import build_topology


def layer_of(shapes):
    codes = [f"R{k}" for k in range(len(shapes))]
    same = ["AAA"] * len(shapes)
    columns = {"region_code": codes, "region_name": codes, "country_code": same, "unit_code": same}
    return RegionLayer(from_geometries(shapes), columns, name="test")


@st.composite
def coverage_and_points(draw):
    """A coverage with points on its vertices, on its edges, one ulp beside and anywhere."""
    shapes = draw(coverages())
    coords = shapely.get_coordinates(shapes)
    k = draw(st.lists(st.integers(0, len(coords) - 2), min_size=1, max_size=12))
    t = draw(st.sampled_from([0.0, 0.5, 0.25]))
    near = coords[k] + t * (coords[np.array(k) + 1] - coords[k])
    points = np.concatenate(
        [near, np.nextafter(near, 200.0), np.nextafter(near, -200.0), draw(lonlats)]
    )
    return shapes, np.clip(points[:, 0], -180, 180), np.clip(points[:, 1], -90, 90)


@given(coverage_and_points())
@settings(max_examples=60)
def test_locate_is_the_half_open_rule_in_rational_arithmetic(case):
    shapes, lon, lat = case
    rows = layer_of(shapes).locate(lon=lon, lat=lat)
    for x, y, row in zip(lon, lat, rows):
        x = -180.0 if x == 180.0 else x
        inside = half_open_rows(shapes, float(x), float(y))
        assert len(inside) <= 1
        if inside:
            assert row == inside[0]
        else:
            sides = [shapely.Point(x, y)] + ([shapely.Point(180.0, y)] if x == -180.0 else [])
            touching = [
                k for k, s in enumerate(shapes) if any(shapely.intersects(s, p) for p in sides)
            ]
            assert row == -1 or row in touching or shapely.distance(shapes[row], sides[0]) < 1e-12


@given(coverage_and_points(), st.randoms())
@settings(max_examples=30)
def test_order_of_points_does_not_matter(case, random):
    shapes, lon, lat = case
    layer = layer_of(shapes)
    order = list(range(len(lon)))
    random.shuffle(order)
    assert (
        layer.locate(lon=lon, lat=lat)[order] == layer.locate(lon=lon[order], lat=lat[order])
    ).all()


@given(lonlats)
def test_both_names_of_the_antimeridian_agree(points):
    lat = [y for _, y in points]
    n = len(lat)
    layer = gr.load_regions()
    east = layer.locate(lon=np.full(n, 180.0), lat=lat)
    assert (east == layer.locate(lon=np.full(n, -180.0), lat=lat)).all()


@given(coverages())
@settings(max_examples=40)
def test_coverage_round_trip(shapes):
    back = to_geometries(from_geometries(shapes))
    assert all(a.equals(b) for a, b in zip(shapes, back))


@given(coverages())
@settings(max_examples=40)
def test_neighbors_share_a_line_of_positive_length(shapes):
    layer = layer_of(shapes)
    for k, shape in enumerate(shapes):
        want = {
            f"R{j}"
            for j, other in enumerate(shapes)
            if j != k and shapely.intersection(shape.boundary, other.boundary).length > 0.0
        }
        assert set(layer.neighbors(f"R{k}")) == want


@given(coverages())
@settings(max_examples=40)
def test_topology_accounts_for_every_edge(shapes):
    coverage = from_geometries(shapes)
    topology = build_topology(coverage)
    shared = topology.right >= 0
    assert (topology.left[shared] < topology.right[shared]).all()
    length = np.hypot(topology.bx - topology.ax, topology.by - topology.ay)
    outline = shapely.union_all(shapes).boundary
    box = shapely.box(-180, -90, 180, 90).boundary  # the edges of the map are no outline
    drawn = shapely.difference(outline, box).length
    assert np.isclose(length[~shared].sum(), drawn, atol=1e-9)
