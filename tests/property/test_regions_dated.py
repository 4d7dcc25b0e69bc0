"""By date, every answer is that of the plain layer of the event's day."""

from __future__ import annotations

import geopandas
import numpy as np
import pandas as pd
from dated_cases import assert_by_hand, box_layer, by_hand, days_apart
from hypothesis import given, settings, strategies as st

import geo_risk as gr

COUNTRIES = ("AFG", "TJK", "SDN", "SSD")
DAY = st.one_of(st.none(), st.integers(0, 12))
GEOCODED = (
    "country_code", "country_name", "region_code", "region_name", "unit_code", "claimed_by",
    "match", "snap_m", "place_name", "geonames_id", "place_score",
)  # fmt: skip
BORDER = (
    "border_m", "border_country_code", "border_foot_lon", "border_foot_lat", "country_certainty",
)  # fmt: skip
CHECKED = (
    "suggested_lon", "suggested_lat", "country_reason", "stated_country_probability", "pile_count",
    "pile_label", "pile_name", "duplicate_of", "flags",
)  # fmt: skip


@st.composite
def layers(draw):
    """Squares side by side, also on each other at different times, with open ends and gaps."""
    n = draw(st.integers(1, 6))
    boxes, spans = [], []
    for _ in range(n):
        west, south = draw(st.integers(0, 2)), draw(st.integers(0, 1))
        width = draw(st.integers(1, 2))
        boxes.append((69.0 + west, 36.0 + south, 69.0 + west + width, 37.0 + south))
        first, last = draw(DAY), draw(DAY)
        ordered = first is None or last is None or first <= last
        spans.append((first, last) if ordered else (last, first))
    countries = [draw(st.sampled_from(COUNTRIES)) for _ in range(n)]
    names = [draw(st.sampled_from(["Nordsaum", "Mittelau", "Weststrich"])) for _ in range(n)]
    return box_layer(boxes, countries, spans, names)


EVENT = st.fixed_dictionaries(
    {
        "point": st.one_of(
            st.none(),
            st.tuples(st.floats(68.9, 73.1), st.floats(35.9, 38.1)),
            st.tuples(st.sampled_from([69.0, 70.0, 70.5, 71.0]), st.sampled_from([36.0, 36.5])),
            st.just((36.5, 70.5)),
        ),
        "day": st.one_of(st.none(), st.integers(-3, 15)),
        "location_name": st.sampled_from([None, "Taloqan", "Nordsaum", "Sudan"]),
        "country_stated": st.sampled_from([None, "Afghanistan", "Sudan", "South Sudan", "x"]),
        "location_precision": st.sampled_from([None, "place", "country"]),
    }
)


def frame_of(rows):
    names = ("location_name", "country_stated", "location_precision")
    columns = {name: pd.Series([row[name] for row in rows], dtype=object) for name in names}
    columns["date_start"] = pd.Series(days_apart([row["day"] for row in rows]).astype("M8[us]"))
    points = [row["point"] or (np.nan, np.nan) for row in rows]
    lon, lat = np.array(points, dtype=float).reshape(-1, 2).T
    shapes = np.where(np.isnan(lon), None, geopandas.points_from_xy(lon, lat))
    return geopandas.GeoDataFrame(columns, geometry=shapes, crs="EPSG:4326")


@settings(max_examples=25, deadline=None)
@given(layer=layers(), rows=st.lists(EVENT, max_size=10))
def test_events_are_geocoded_and_measured_as_on_their_day(layer, rows):
    events = frame_of(rows)
    found = gr.geocode(events, layer)
    assert_by_hand(found, by_hand(events, layer, gr.geocode), GEOCODED)
    assert found.index.equals(events.index)
    near = gr.border_proximity(found, layer)
    assert_by_hand(near, by_hand(found, layer, gr.border_proximity), BORDER)
    undated = near[events["date_start"].isna()]
    assert undated[["country_code", "region_code", "border_country_code"]].isna().all(axis=None)
    assert undated[["snap_m", "border_m", "country_certainty"]].isna().all(axis=None)
    assert set(undated["match"]) <= {"none", "gazetteer"}


@settings(max_examples=15, deadline=None)
@given(layer=layers(), rows=st.lists(EVENT, max_size=10))
def test_events_are_checked_as_on_their_day(layer, rows):
    """Duplicates and piles count over all days, so all events are checked with each day's layer."""
    events = frame_of(rows)
    options = {"now": "2000-01-10", "pile_size": 2}
    found = gr.check_events(events, layer=layer, **options)

    def ask(chosen, state):
        return gr.check_events(events, layer=state, **options).loc[chosen.index]

    answers = by_hand(events, layer, ask)
    assert_by_hand(found, answers, CHECKED)
    undated = found[events["date_start"].isna()]
    assert undated[["country_reason", "suggested_lon", "suggested_lat"]].isna().all(axis=None)
    assert not undated["flags"].fillna("").str.contains("country_differs").any()


@settings(max_examples=60, deadline=None)
@given(layer=layers(), rows=st.lists(EVENT, max_size=12))
def test_points_are_located_as_on_their_day(layer, rows):
    events = frame_of([row for row in rows if row["point"] is not None])
    lon, lat = events.geometry.x.to_numpy(), events.geometry.y.to_numpy()
    codes = np.array([*layer.columns["region_code"], None], dtype=object)
    found = codes[layer.locate(lon=lon, lat=lat, date=events["date_start"].to_numpy())]
    for k, day in enumerate(events["date_start"]):
        state = None if pd.isna(day) else layer.at(day)
        row = -1 if state is None else int(state.locate(lon=lon[k], lat=lat[k]))
        assert found[k] == (None if row < 0 else state.columns["region_code"][row])
        if state is not None:
            assert [codes[i] for i in layer.rows_at(day)] == state.columns["region_code"]
