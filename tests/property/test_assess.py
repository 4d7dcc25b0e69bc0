"""Properties of whole assessments: what is saved is what is loaded."""

from __future__ import annotations

import datetime as dt

import pandas as pd
from hypothesis import given, settings, strategies as st

import geo_risk as gr

TABLES = ("events", "cells", "regions", "borders")


ENDINGS = [".parquet", ".csv", ".geojson", ".gpkg", ".arrow"]


def same_again(found, folder):
    """Load what is saved: equal tables; save it again: equal bytes."""
    first = found.save(folder / "first", formats=ENDINGS)
    again = gr.Assessment.load(folder / "first")
    for name in TABLES:
        before, after = getattr(found, name), getattr(again, name)
        if before is None:
            assert after is None
            continue
        pd.testing.assert_frame_equal(pd.DataFrame(after), pd.DataFrame(before))
        for column in before.columns.drop("geometry"):
            if before[column].dtype == object:
                missing = after[column][after[column].isna()]
                assert all(value is None for value in missing), column
        assert after.crs == before.crs
    for one, other in zip(first, again.save(folder / "second", formats=ENDINGS)):
        assert one.read_bytes() == other.read_bytes(), one.name


@st.composite
def event_rows(draw):
    """Tables with text, numbers, times, truth and missing values, located, by name and not."""
    n = draw(st.integers(1, 5))

    def column(values):
        return draw(st.lists(values, min_size=n, max_size=n))

    texts = st.sampled_from(["object", "str"])
    place = st.none() | st.sampled_from(["Taloqan", "Nowhereville", "Afghanistan", "Khwaja Ghar"])
    return pd.DataFrame(
        {
            "id": [f"e{k}" for k in range(n)],
            "date": column(st.none() | st.dates(dt.date(2000, 1, 1), dt.date(2020, 1, 1)).map(str)),
            "lon": pd.array(column(st.none() | st.floats(69, 71)), dtype="Float64"),
            "lat": pd.array(column(st.none() | st.floats(36, 38)), dtype="Float64"),
            "location_name": pd.Series(column(place), dtype=draw(texts)),
            "country": column(st.none() | st.sampled_from(["Afghanistan", "Peru", "Atlantis"])),
            "killed": column(st.none() | st.integers(0, 50)),
            "notes": pd.Series(column(st.none() | st.text('aé"; ,\n', max_size=4)), dtype="object"),
            "sure": column(st.booleans()),
            "seen": pd.to_datetime(column(st.sampled_from(["2020-01-01", None]))).as_unit("s"),
            "kind": pd.Categorical(column(st.sampled_from(["a", "b"]))),
        }
    )  # fmt: skip


@given(event_rows())
@settings(max_examples=15, deadline=None)
def test_any_assessment_comes_back_as_it_was(tmp_path_factory, table):
    found = gr.assess(table, hotspot_resolution=3)
    same_again(found, tmp_path_factory.mktemp("saved"))


def test_what_is_loaded_equals_what_was_saved(tmp_path):
    rows = [{"lon": 69.53, "lat": 36.74, "killed": 3}, {"lon": 0.0, "lat": -40.0}, {"killed": 1}]
    same_again(gr.assess(rows), tmp_path)
    assert gr.Assessment.load(tmp_path / "first").events["region_code"][1] is None
