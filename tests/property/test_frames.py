"""Properties of the verbs on frames: no row lost, no order changed, -180 is +180."""

from __future__ import annotations

import datetime as dt
import re
from decimal import Decimal

import geopandas
import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
import shapely
from hypothesis import given, settings, strategies as st
from strategies import lats, lonlats, lons

import geo_risk as gr
from geo_risk._core.fold import fold
from geo_risk._core.frames import texts_of

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


# --- text columns -------------------------------------------------------------------------------

NOTHING = st.sampled_from([None, np.nan, pd.NA, pd.NaT, Decimal("NaN"), np.datetime64("NaT")])
TEXT = st.text(max_size=4) | st.sampled_from(["", " ", "\u00a0", "a\0b", "a\0c", "\ud800", "1"])
ODD = (
    st.sampled_from([1, True, 1.0, 0.0, -0.0, Decimal("1"), "1", "True", b"a", np.str_("1")])
    | st.sampled_from([pd.Timestamp("2020-01-01"), pd.Timestamp("2020-01-01", tz="Asia/Kabul")])
    | st.sampled_from([dt.date(2020, 1, 1), dt.datetime(2020, 1, 1), np.datetime64("2020-01-01")])
    | st.lists(st.integers(0, 1), max_size=2)
    | st.dictionaries(st.just("a"), st.integers(0, 1))
    | st.floats()
    | st.integers()
)
TYPED = [
    ("Int64", st.integers(-5, 5)), ("int8", st.integers(-5, 5)), ("float32", st.floats(width=32)),
    ("float64", st.floats()), ("Float64", st.floats(allow_nan=False)), ("bool", st.booleans()),
    ("boolean", st.booleans()), ("complex128", st.complex_numbers()), ("category", TEXT),
    ("datetime64[ns]", st.datetimes(dt.datetime(1900, 1, 1), dt.datetime(2100, 1, 1))),
    ("datetime64[ns, Asia/Kabul]", st.datetimes(dt.datetime(1900, 1, 1), dt.datetime(2100, 1, 1))),
    ("timedelta64[ns]", st.timedeltas(dt.timedelta(0), dt.timedelta(9))),
    ("Period[D]", st.datetimes(dt.datetime(1900, 1, 1), dt.datetime(2100, 1, 1))),
    (pd.ArrowDtype(pa.int32()), st.integers(-5, 5)),
    (pd.ArrowDtype(pa.date32()), st.dates(dt.date(1900, 1, 1), dt.date(2100, 1, 1))),
    (pd.ArrowDtype(pa.timestamp("us", "UTC")), st.datetimes(timezones=st.just(dt.UTC))),
    (pd.ArrowDtype(pa.list_(pa.int8())), st.lists(st.integers(0, 1), max_size=2)),
    (pd.ArrowDtype(pa.decimal128(5, 2)), st.decimals(-9, 9, places=2)),
]  # fmt: skip
WITHOUT_MISSING = ("int8", "bool")
STRINGS = ["str", "string", pd.StringDtype("python"), pd.ArrowDtype(pa.string())]


@st.composite
def columns(draw):
    """A column of text, of anything at all, or of one type, some of its values missing."""
    kind = draw(st.sampled_from(["text", "odd", "strings", "typed"]))
    if kind in ("text", "odd"):
        values = draw(st.lists(TEXT | NOTHING | (ODD if kind == "odd" else st.nothing())))
        column = pd.Series(index=range(len(values)), dtype=object)
        for row, value in enumerate(values):
            column.iat[row] = value
        return column
    if kind == "strings":
        dtype = draw(st.sampled_from(STRINGS))
        text = TEXT.filter(lambda value: "\ud800" not in value)  # no UTF-8
        return pd.Series(draw(st.lists(text | st.none())), dtype=dtype)
    dtype, values = draw(st.sampled_from(TYPED))
    values = values if dtype in WITHOUT_MISSING else values | st.none()
    return pd.Series(draw(st.lists(values)), dtype=dtype)


def texts_one_by_one(frame, column):
    """What `texts_of` promises, value by value."""
    values = frame[column]
    missing = values.isna().to_numpy()
    return [None if absent else one_text(value) for value, absent in zip(values, missing)]


def one_text(value):
    """Text of a value; of bytes the printable UTF-8 that they are, or their digits."""
    if isinstance(value, bytes):
        read = value.decode("utf-8", "replace")
        value = read if "\ufffd" not in read and read.isprintable() else value.hex()
    return str(value) if str(value).strip() else None


@given(columns())
@settings(max_examples=400)
def test_texts_are_those_of_every_value_by_itself(column):
    frame = pd.DataFrame({"text": column})
    found = texts_of(frame, "text").tolist()
    assert found == texts_one_by_one(frame, "text")
    assert {type(text) for text in found} <= {str, type(None)}


def test_text_in_arrow_is_not_asked_row_by_row(monkeypatch):
    column = pd.Series(["Kabul", " ", None], dtype=pd.StringDtype("pyarrow"))
    monkeypatch.setattr(type(column.array), "__iter__", lambda _: pytest.fail("row by row"))
    assert texts_of(pd.DataFrame({"text": column}), "text").tolist() == ["Kabul", None, None]
