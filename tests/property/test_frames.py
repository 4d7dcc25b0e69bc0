"""Properties of the verbs on frames: no row lost, no order changed, -180 is +180."""

from __future__ import annotations

import re

import geopandas
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given, settings, strategies as st
from strategies import lats, lonlats, lons

import geo_risk as gr
from geo_risk._core.fold import fold

LAYER = gr.load_regions()
LABELS = np.array([*LAYER.country_labels, None], dtype=object)


@st.composite
def frames(draw):
    points = draw(lonlats)
    missing = draw(st.lists(st.booleans(), min_size=len(points), max_size=len(points)))
    shapes = [None if gone else shapely.Point(p) for p, gone in zip(points, missing)]
    index = draw(st.lists(st.integers(-5, 5), min_size=len(points), max_size=len(points)))
    return geopandas.GeoDataFrame(
        {"row": range(len(points))}, geometry=shapes, crs="EPSG:4326", index=index
    )


def same_rows(before, after):
    assert after["row"].tolist() == before["row"].tolist()
    assert after.index.tolist() == before.index.tolist()
    assert after.crs == before.crs


@given(frames())
@settings(max_examples=40)
def test_geocode_gives_each_event_one_answer(frame):
    copy = frame.copy()
    found = gr.geocode(frame, snap_km=0.0)
    same_rows(frame, found)
    pd.testing.assert_frame_equal(frame, copy)
    inside = found["match"] == "polygon"
    assert (found.loc[inside, "region_code"].notna()).all()
    assert (found.loc[~inside, "region_code"].isna()).all()
    for code, shape in zip(found["region_code"], found.geometry):
        if code is not None and abs(shape.x) < 180.0:
            region = LAYER.table.geometry.iloc[int(LAYER.rows_of(code)[0])]
            assert shapely.dwithin(region, shape, 1e-9)


@given(lats, st.floats(0.0, 100.0))
@settings(max_examples=40)
def test_both_sides_of_the_antimeridian_are_one(lat, snap_km):
    both = geopandas.GeoDataFrame(
        geometry=shapely.points([-180.0, 180.0], [lat, lat]), crs="EPSG:4326"
    )
    found = gr.border_proximity(gr.geocode(both, snap_km=snap_km), kind="line")
    assert found["region_code"].iloc[0] == found["region_code"].iloc[1]
    assert found["border_m"].iloc[0] == found["border_m"].iloc[1]


@given(frames(), st.integers(0, 15))
@settings(max_examples=40)
def test_index_h3_keeps_rows_and_cells_hold_their_points(frame, resolution):
    import h3

    found = gr.index_h3(frame, resolution=resolution)
    same_rows(frame, found)
    for shape, cell in zip(found.geometry, found["h3_cell"]):
        assert (cell is None) == (shape is None)
        if cell is not None:
            assert cell == h3.latlng_to_cell(shape.y, shape.x, resolution)


@given(frames())
@settings(max_examples=40)
def test_border_proximity_names_another_country(frame):
    found = gr.border_proximity(gr.geocode(frame))
    same_rows(frame, found)
    known = found["border_m"].notna()
    assert (found.loc[known, "border_m"] >= 0.0).all()
    own = found["country_code"].where(found["country_code"].notna(), found["unit_code"])
    assert (found.loc[known, "border_country_code"] != own[known]).all()
    assert found.loc[~known, "border_country_code"].isna().all()


@given(st.lists(st.tuples(lons, lats), min_size=1, max_size=15), st.integers(1, 4))
@settings(max_examples=30)
def test_assess_returns_every_row(points, resolution):
    table = pd.DataFrame(points, columns=["lon", "lat"])
    found = gr.assess(table, resolution=resolution)
    assert len(found.events) == len(table)
    assert found.regions["n_events"].sum() == found.events["region_code"].notna().sum()
    if found.cells is not None:
        counted = found.provenance["hotspots"]
        parts = ["counted", "outside_study_area", "without_point", "too_coarse"]
        assert sum(counted[f"events_{part}"] for part in parts) == len(table)


@given(st.sampled_from(range(len(LAYER))), st.booleans())
@settings(max_examples=60)
def test_find_region_finds_every_region_by_code_and_by_name_in_its_country(row, upper):
    code, name = LAYER.columns["region_code"][row], LAYER.columns["region_name"][row]
    assert gr.find_region(code).row == row
    if not name:
        return
    asked = name.upper() if upper else name
    same = [
        other
        for other, label in enumerate(LABELS[:-1])
        if label == LABELS[row] and fold(LAYER.columns["region_name"][other] or "") == fold(name)
    ]
    if len(same) > 1:
        with pytest.raises(gr.errors.AmbiguousRegionError, match=re.escape(code)):
            gr.find_region(asked, country=LABELS[row])
    else:
        assert gr.find_region(asked, country=LABELS[row]).row == row
