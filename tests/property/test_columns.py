"""Columns that are decoded once give the frames that the steps give one by one."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings, strategies as st
from strategies import event_frames

import geo_risk as gr
from geo_risk._core.constants import EARTH_RADIUS_KM
from geo_risk.cells import cell_areas_km2, h3_cells, strings_to_cells
from geo_risk.frames.columns import EventColumns
from geo_risk.frames.enrich._index_h3 import _LARGEST, _SMALLEST
from geo_risk.frames.enrich.steps import geocode_columns, index_columns, proximity_columns

STEPS = [
    (gr.geocode, geocode_columns, {}),
    (gr.index_h3, index_columns, {"coarse": "parent"}),
    (gr.border_proximity, proximity_columns, {}),
]


def in_metres(frame, projected):
    held = frame.geometry.isna() | frame.geometry.is_empty
    return frame.to_crs("EPSG:3857") if projected and held.all() else frame


@given(event_frames(), st.permutations(STEPS), st.booleans())
@settings(max_examples=150)
def test_steps_in_one_go_give_the_frame_of_the_steps_one_by_one(frame, steps, projected):
    frame = in_metres(frame, projected)
    before = frame.copy()
    one_by_one, columns = frame, EventColumns.of(frame)
    for verb, step, options in steps:
        one_by_one = verb(one_by_one, **options)
        columns = step(columns, **options)
    at_once = columns.to_frame()
    pd.testing.assert_frame_equal(at_once, one_by_one, check_exact=True)
    assert at_once.attrs == one_by_one.attrs
    assert at_once.crs == one_by_one.crs
    assert at_once.active_geometry_name == one_by_one.active_geometry_name
    pd.testing.assert_frame_equal(frame, before, check_exact=True)


@given(event_frames())
@settings(max_examples=60)
def test_no_step_changes_what_was_decoded(frame):
    columns = EventColumns.of(frame)
    names = ["location_name", "country_stated", "location_precision", "source", "flags"]

    def decoded(events):
        texts = [events.texts(name).tolist() for name in names]
        return [*events.lonlat, events.radius_km, events.coarse, *texts, events.stated.tolist()]

    first = [np.array(values, dtype=object) for values in decoded(columns)]
    after = columns
    for _, step, options in STEPS:
        after = step(after, **options)
    for values, kept in zip(decoded(columns), first):
        assert pd.Series(list(values), dtype=object).equals(pd.Series(list(kept), dtype=object))
    # what the last step holds is what its frame says
    for values, kept in zip(decoded(EventColumns.of(after.to_frame())), decoded(after)):
        np.testing.assert_array_equal(values, kept)


@given(event_frames(), st.data())
@settings(max_examples=60)
def test_columns_of_some_rows_are_those_of_the_frame_of_these_rows(frame, data):
    rows = data.draw(st.lists(st.integers(0, len(frame) - 1)) if len(frame) else st.just([]))
    rows = np.array(rows, dtype=np.int64)
    columns = geocode_columns(EventColumns.of(frame))
    part, whole = columns.take(rows), columns.to_frame().iloc[rows]
    for name in ("region_code", "match", "place_name", "location_precision", "flags"):
        assert part.texts(name).tolist() == EventColumns.of(whole).texts(name).tolist()
    for some, every in zip(part.lonlat, columns.lonlat):
        np.testing.assert_array_equal(some, every[rows])
    np.testing.assert_array_equal(part.radius_km, columns.radius_km[rows])


@given(event_frames(), st.integers(0, 15))
@settings(max_examples=100)
def test_the_cell_of_a_disc_is_the_finest_that_is_large_enough(frame, resolution):
    columns = EventColumns.of(frame)
    found = index_columns(columns, resolution=resolution, coarse="parent").to_frame()["h3_cell"]
    (lon, lat), radius = columns.lonlat, np.nan_to_num(columns.radius_km)
    for row, cell in enumerate(found):
        expected = None
        if not np.isnan(lon[row]) and not columns.coarse[row]:
            for finer in range(resolution, -1, -1):
                each = h3_cells(lon=lon[row], lat=lat[row], resolution=finer)
                if cell_areas_km2(each) >= np.pi * radius[row] ** 2:
                    expected = each
                    break
        assert (None if expected is None else f"{int(expected):x}") == cell


@pytest.mark.parametrize("resolution", range(16))
def test_areas_of_cells_lie_within_the_bounds(resolution):
    import h3

    mean = 4.0 * np.pi * EARTH_RADIUS_KM**2 / (2 + 120 * 7**resolution)
    pentagons = h3.get_pentagons(resolution)
    cells = {near for cell in pentagons for near in h3.grid_disk(cell, 3)}
    if resolution <= 3:
        cells |= {c for base in h3.get_res0_cells() for c in h3.cell_to_children(base, resolution)}
    rng = np.random.default_rng(resolution)
    lat, lon = np.degrees(np.arcsin(rng.uniform(-1, 1, 500))), rng.uniform(-180, 180, 500)
    cells |= {h3.latlng_to_cell(*place, resolution) for place in zip(lat, lon)}
    share = cell_areas_km2(strings_to_cells(sorted(cells))) / mean
    # the next coarser cell is large enough for every disc that is compared with an exact area
    assert _SMALLEST + 0.05 < share.min() <= share.max() < _LARGEST - 0.05
    assert _LARGEST < 7.0 * _SMALLEST
