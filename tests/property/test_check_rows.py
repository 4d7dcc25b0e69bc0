"""`check_events` works on distinct values; an obvious check of each row by itself says the same."""

from __future__ import annotations

import geopandas
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given, settings, strategies as st

import geo_risk as gr
from geo_risk._core.distinct import text_of
from geo_risk._core.stated import stated_countries

PLACES = [(69.5, 36.7), (36.7, 69.5), (0.0, 5.0), (-0.0, 5.0), (180.0, 0.0), (2.35, 48.86), None]
TEXTS = ["a\0b", "a\0c", "a", "1", "None", "nan", "", " ", None, "\ud800", "\udfff"]
VALUES = [*TEXTS, 1, 1.0, True, b"a", b"\xff", "ff", np.nan, pd.NA, (1,)]
NUMBERS = [0.0, -0.0, 1.0, 2.0, 20_000.0, -1.0, np.nan]
COUNTRIES = ["AFG", "Afghanistan", "France", "RUS", "Freedonia", " ", None]
ROWS = st.lists(
    st.fixed_dictionaries(
        {
            "place": st.sampled_from(PLACES),
            "date_start": st.sampled_from(["2020-01-01", "2020-01-02", "2030-01-01", None]),
            "fatalities_best": st.sampled_from(NUMBERS),
            "fatalities_low": st.sampled_from(NUMBERS[:3]),
            "country_stated": st.sampled_from(COUNTRIES),
            "actors": st.sampled_from(TEXTS[:3]),
            "notes": st.sampled_from(VALUES),
            "weight": st.sampled_from(NUMBERS[:3]),
            "row_id": st.integers(0, 9),
            "flags": st.sampled_from(["", "mine", "mine;yours", None, "fatalities_order"]),
        }
    ),
    min_size=1,
    max_size=12,
)
KINDS = ("object", "category", "plain")


def frame_of(rows, kind):
    data = {}
    for name in rows[0]:
        values = pd.Series([row[name] for row in rows], dtype=object)
        if name == "date_start":
            values = pd.to_datetime(values).astype("datetime64[us]")
        elif kind == "plain" and name not in ("notes", "place"):
            values = values.infer_objects()
        elif kind == "category" and name in ("country_stated", "actors", "flags"):
            values = values.astype("category")
        data[name] = values
    points = [None if place is None else shapely.Point(place) for place in data.pop("place")]
    return geopandas.GeoDataFrame(data, geometry=points, crs=4326)


def text(value, column):
    """A value as the rows are compared: pandas' own texts, except for columns of any objects."""
    if column.dtype == object:
        return text_of(value)
    return None if pd.isna(value) else str(value)


def repeated(frame):
    """For each row the first that is equal in all but its identifiers, by comparing all pairs."""
    identifying = 2 * frame["row_id"].nunique() > len(frame)
    names = [
        c for c in frame.columns if c not in ("geometry", "flags", "row_id"[: 6 * identifying])
    ]
    rows = []
    for i in range(len(frame)):
        point, day = frame.geometry.iloc[i], frame["date_start"].iloc[i]
        missing = point is None or pd.isna(day)
        place = None if missing else (point.x, point.y)  # 0.0 == -0.0
        rows.append((place, [text(frame[c].iloc[i], frame[c]) for c in names]))
    first = []
    for i, (place, values) in enumerate(rows):
        equal = [j for j in range(i) if place is not None and rows[j] == (place, values)]
        first.append(equal[0] if equal else -1)
    return first


@settings(max_examples=30, deadline=None)
@given(ROWS, st.sampled_from(KINDS))
def test_rows_are_flagged_as_each_by_itself_would_be(rows, kind):
    frame = frame_of(rows, kind)
    checked = gr.check_events(frame, now="2026-01-01", pile_size=500)
    assert checked["duplicate_of"].tolist() == repeated(frame)
    layer = gr.load_regions()
    stated = stated_countries(frame).tolist()
    points = [(p.x, p.y) if p is not None else None for p in frame.geometry]
    for i, found in enumerate(checked["flags"].tolist()):
        flags = set(found.split(";"))
        low, best = (float(frame[f"fatalities_{name}"].iloc[i]) for name in ("low", "best"))
        assert ("negative_fatalities" in flags) == (low < 0 or best < 0)
        assert ("extreme_fatalities" in flags) == (best > 10_000 and low >= 0)
        assert ("future_date" in flags) == (
            frame["date_start"].iloc[i] > pd.Timestamp("2026-01-01")
        )
        said = frame["country_stated"].iloc[i]
        named = isinstance(said, str) and bool(said.strip())
        assert ("country_unknown" in flags) == (named and stated[i] is None)
        region = -1 if points[i] is None else int(layer.locate(lon=points[i][0], lat=points[i][1]))
        columns = ("country_code", "unit_code", "administered_by")
        own = [layer.columns[name][region] for name in columns] if region >= 0 else []
        assert ("country_differs" in flags) == (
            region >= 0 and bool(stated[i]) and stated[i] not in own
        )
        before = frame["flags"].iloc[i]
        assert set(before.split(";") if isinstance(before, str) and before else []) <= flags
    counts = [sum(other == point for other in points) if point else 0 for point in points]
    assert checked["pile_count"].tolist() == counts


def minutes(points):
    """The rule of docs/quality.md, value by value."""
    bands = set()
    for point in points:
        for axis, value in enumerate(point):
            fraction = round(abs(value) - np.floor(abs(value)), 9)
            if fraction >= 0.6:
                return 1.0, 0
            if fraction > 0:
                bands.add((axis, np.floor(value)))
    return pytest.approx(0.6 ** len(bands)), len(bands)


@settings(max_examples=30, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.sampled_from(["a", "b", None]),
            st.sampled_from([-30.5, -30.7, 0.0, 12.25, 13.25, 179.5]),
            st.sampled_from([-45.5, 0.0, 12.25, 13.65, 89.5]),
        ),
        min_size=1,
        max_size=12,
    )
)
def test_minutes_are_told_by_source_in_the_order_of_the_rows(rows):
    frame = geopandas.GeoDataFrame(
        {"source": [row[0] for row in rows]},
        geometry=[shapely.Point(row[1:]) for row in rows],
        crs=4326,
    )
    told = gr.check_events(frame, now="2026-01-01").attrs["geo_risk"]["quality"]["minutes"]
    assert [entry["source"] for entry in told] == list(dict.fromkeys(row[0] for row in rows))
    for entry in told:
        points = [row[1:] for row in rows if row[0] == entry["source"]]
        assert (entry["chance"], entry["degrees"]) == minutes(points)
