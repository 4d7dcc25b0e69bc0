"""What holds for every table, however odd: no row lost, nothing invented, nothing changed."""

from __future__ import annotations

import csv
import datetime as dt
import io
import math
import tempfile
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
import shapely
from hypothesis import given, settings, strategies as st
from source_frames import acled_frame, gtd_frame, ucdp_frame

from geo_risk.events import (
    FIELDS,
    FLAGS,
    delimited,
    gdelt,
    iter_events,
    lines,
    plain,
    read_events,
)
from geo_risk.events.dates import parse_dates

NAMES = [field.name for field in FIELDS]
TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=12)
ODD = st.one_of(
    st.none(),
    st.floats(),
    st.integers(-(10**20), 10**20),
    st.booleans(),
    TEXT,
    st.sampled_from(
        ["", "NA", "36,5", " 7 ", "1e3", "69.5", "-0", "0", "2020-02-30", pd.NA, pd.NaT]
    ),
    st.dates(),
    st.datetimes(),
    st.lists(st.integers(), max_size=2),
)
DEGREES = st.one_of(ODD, st.floats(-200, 200), st.sampled_from([0.0, 90.0, -180.0, 180.0]))


@st.composite
def tables(draw: Any) -> pd.DataFrame:
    rows = draw(st.integers(0, 7))

    def column(cells: Any) -> pd.Series[Any]:
        return pd.Series(draw(st.lists(cells, min_size=rows, max_size=rows)), dtype=object)

    frame = pd.DataFrame({"lon": column(DEGREES), "lat": column(DEGREES), "id": column(ODD)})
    for name in draw(st.sets(st.sampled_from(["date", "killed", "place", "flags", "geometry_"]))):
        frame[name] = column(ODD)
    index = draw(st.lists(st.integers(0, 3), min_size=rows, max_size=rows))
    frame.index = pd.Index(index)
    return frame


def check_promises(frame: pd.DataFrame, out: gpd.GeoDataFrame) -> None:
    assert len(out) == len(frame)
    assert out.index.equals(frame.index)
    assert list(out.columns)[: len(NAMES)] == NAMES
    assert out.crs == "EPSG:4326"
    codes = [set(text.split(";")) - {""} for text in out["flags"]]
    assert set().union(*codes) <= FLAGS.keys()
    counts = out.attrs["geo_risk"]["flags"]
    assert counts == {code: sum(code in row for row in codes) for code in counts}
    for shape, row in zip(out.geometry, codes):
        if shape is None:
            assert row  # a missing position always has its reason
        else:
            assert -180 <= shape.x <= 180
            assert -90 <= shape.y <= 90
            assert (shape.x, shape.y) != (0, 0)
    assert (out["date_start"].isna() == out["date_end"].isna()).all() or "date" not in frame


def read_unless_projected(frame: pd.DataFrame, **options: Any) -> Any:
    try:
        return read_events(frame, **options)
    except ValueError as error:
        if "look like projected coordinates" not in str(error):
            raise
        return None


def as_number(value: Any) -> float | None:
    """The oracle: Python's own idea of a number."""
    if value is None or value is pd.NA or value is pd.NaT or isinstance(value, bool):
        return None
    if isinstance(value, str):
        text = value.strip()
        if text.count(",") == 1 and "." not in text and "e" not in text.lower():
            text = text.replace(",", ".")
        value = text if text.isascii() and "_" not in text else None
    try:
        number = float(value)
    except (TypeError, ValueError, OverflowError):
        return None
    return number if math.isfinite(number) else None


@settings(max_examples=60)
@given(tables())
def test_any_table(frame: pd.DataFrame) -> None:
    before = frame.copy(deep=True)
    out = read_unless_projected(frame, dayfirst=True)
    assert list(frame.columns) == list(before.columns)
    assert frame.map(repr).equals(before.map(repr))
    if out is None:
        return
    check_promises(frame, out)
    for lon, lat, shape in zip(frame["lon"], frame["lat"], out.geometry):
        x, y = as_number(lon), as_number(lat)
        good = x is not None and y is not None and abs(x) <= 180 and abs(y) <= 90 and (x or y)
        assert (shape is not None) == bool(good)
        if shape is not None:
            assert (shape.x, shape.y) == (x, y)
    again = read_events(out)
    pd.testing.assert_frame_equal(pd.DataFrame(again), pd.DataFrame(out))


@settings(max_examples=50)
@given(st.data(), st.sampled_from(["ucdp", "acled", "gtd", "gdelt"]))
def test_any_values_in_the_columns_of_a_source(data: Any, source: str) -> None:
    makers: dict[str, Any] = {"ucdp": ucdp_frame, "acled": acled_frame, "gtd": gtd_frame}
    if source == "gdelt":
        frame = pd.DataFrame([[None] * 61] * 3, columns=pd.Index(gdelt.COLUMN_NAMES))
        names = ["SQLDATE", "ActionGeo_Type", "ActionGeo_Lat", "ActionGeo_Long", "EventRootCode"]
    else:
        frame = makers[source]()
        names = list(frame.columns)
    frame = frame.astype(object)
    for name in data.draw(st.sets(st.sampled_from(names), max_size=4)):
        cells = data.draw(st.lists(ODD, min_size=len(frame), max_size=len(frame)))
        frame[name] = pd.Series(cells, dtype=object)
    out = read_unless_projected(frame, dayfirst=False)
    if out is None:
        return
    assert (out["source"] == source).all()
    check_promises(frame, out)
    for name in names:  # the original values are all there
        kept = out[f"{name}_" if name in NAMES else name]
        assert [repr(value) for value in kept] == [repr(value) for value in frame[name]]


@settings(max_examples=50)
@given(
    st.lists(st.tuples(TEXT, TEXT, TEXT), max_size=40),
    st.sampled_from([",", ";", "\t", "|"]),
    st.sampled_from(["\n", "\r\n"]),
    st.integers(1, 50),
)
def test_text_written_by_the_csv_module_comes_back(
    rows: list[tuple[str, ...]], delimiter: str, end: str, chunk_rows: int
) -> None:
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer, delimiter=delimiter, lineterminator=end, quoting=csv.QUOTE_ALL)
    writer.writerows([("lon", "lat", "a", "b", "c"), *((1, 2, *row) for row in rows)])
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "e.csv"
        path.write_bytes(buffer.getvalue().encode())
        chunks = list(iter_events(path, chunk_rows=chunk_rows))
        whole = read_events(path)
    out = pd.concat(chunks)
    assert [len(chunk) for chunk in chunks[:-1]] == [chunk_rows] * (len(chunks) - 1)
    assert out.index.equals(pd.RangeIndex(len(rows)))
    assert out["malformed_text"].isna().all()
    for position, name in enumerate("abc"):
        expected = [row[position] or None for row in rows]
        assert [None if pd.isna(cell) else cell for cell in out[name]] == expected
    assert len(whole) == len(rows)
    assert whole["flags"].tolist() == out["flags"].tolist() == [""] * len(rows)


GOOD = st.tuples(st.floats(-179, 179), st.floats(1, 89), st.sampled_from(["a", 'b "b" b', "c, d"]))
BAD = st.sampled_from(
    ["1,2", "1", "1,2,3,4,5", '1,2,"open', "1,2,3,4", '"open,1,2', "1,2,é,4", '1,"2,3', ",,,,x"]
)


@settings(max_examples=80)
@given(st.lists(st.one_of(GOOD, BAD), max_size=80))
def test_malformed_lines_never_cost_a_good_one(lines: list[Any]) -> None:
    out_lines = [b"lon,lat,note"]
    for line in lines:
        if isinstance(line, str):
            out_lines.append(line.encode("cp1252"))
        else:
            lon, lat, note = line
            out_lines.append(f'{lon!r},{lat!r},"{note.replace(chr(34), chr(34) * 2)}"'.encode())
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "e.csv"
        path.write_bytes(b"\n".join(out_lines))
        out = read_events(path)
    assert len(out) == len(lines)
    for line, row in zip(lines, out.itertuples()):
        if isinstance(line, str):
            assert set(row.flags.split(";")) & {
                "too_few_fields",
                "too_many_fields",
                "unreadable_row",
            }
            assert row.malformed_text == line
            assert row.geometry is None
        else:
            assert row.flags == ""
            assert (row.geometry.x, row.geometry.y) == line[:2]


PIECES = [
    *[
        "a",
        "b,",
        "c,d,e\n",
        "1,2,3\r\n",
        '"x",y,z\n',
        '"q ""q"" q",,\n',
        ",,\n",
        "\r",
        "\n",
        "é,é,é\n",
    ],
    *[
        '"multi\nline",b,c\n',
        '"',
        '""',
        "a,b\n",
        "a,b,c,d\n",
        '"open,b,c\n',
        'a"b,c,d\n',
        '"a"b,c,d\n',
    ],
]
MESSY = st.lists(st.sampled_from(PIECES), max_size=25).map("".join)


def rows_read(content: str, *, block: int, fast: bool, quoting: bool) -> Any:
    """All rows, in two takes, and what is told of them; by the fast way where it may be taken."""
    stream = io.BufferedReader(io.BytesIO(b"x,y,z\n" + content.encode()))  # type: ignore[arg-type]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(lines, "_BLOCK", block)
        if not fast:
            patch.setattr(plain.PlainText, "read", lambda *_: (0, None))
        reader = delimited.DelimitedReader(stream, "x", delimiter=",")
        reader.read_header()
        reader.use(reader.columns, ",", quoting=quoting)
        out = []
        for n in (3, 10**6):
            chunk = reader.take(n)
            chunk.settle(reader.columns)
            table = pa.concat_tables(chunk.tables)
            out.append((list(zip(*table.to_pydict().values())), chunk.malformed, chunk.messages))
    return out


@settings(max_examples=200)
@given(MESSY, st.sampled_from([1, 16, 2**20]), st.booleans())
def test_the_fast_way_makes_no_difference(content: str, block: int, quoting: bool) -> None:
    slow = rows_read(content, block=2**20, fast=False, quoting=quoting)
    assert rows_read(content, block=block, fast=True, quoting=quoting) == slow


FORMATS = ("%Y-%m-%d", "%Y%m%d", "%d/%m/%Y", "%d.%m.%Y", "%d %B %Y", "%B %d, %Y", "%Y/%m/%d 23:59")


@settings(max_examples=200)
@given(
    st.lists(
        st.tuples(st.dates(dt.date(1000, 1, 1)), st.sampled_from(FORMATS)), min_size=1, max_size=8
    )
)
def test_any_date_in_any_writing(written: list[tuple[dt.date, str]]) -> None:
    texts = pd.Series([date.strftime(form) for date, form in written], dtype=object)
    out = parse_dates(texts, dayfirst=True, name="when")
    assert out.start.tolist() == out.end.tolist() == [date for date, _ in written]
    assert not out.bad.any()
    try:
        found = parse_dates(texts, dayfirst=None, name="when")
    except ValueError:
        pairs = [date for date, form in written if form in {"%d/%m/%Y", "%d.%m.%Y"}]
        assert all(date.day <= 12 for date in pairs)
        assert any(date.day != date.month for date in pairs)
    else:
        assert found.start.tolist() == out.start.tolist()  # decided, and never wrongly


@settings(max_examples=40)
@given(
    st.lists(
        st.sampled_from(
            [
                shapely.Point(1, 2),
                shapely.Point(170, 80, 5),
                shapely.Point(181, 2),
                shapely.box(10, 10, 11, 11),
                shapely.LineString([(1, 1), (1, 2)]),
                shapely.MultiPoint([(3, 4)]),
                shapely.GeometryCollection(),
                None,
            ]
        ),
        max_size=8,
    ),
    st.sampled_from([4326, 3857, 32633]),
)
def test_any_geometry_and_crs(shapes: list[Any], crs: int) -> None:
    frame = gpd.GeoDataFrame({"n": range(len(shapes))}, geometry=shapes, crs=4326)
    plain = read_events(frame)
    check_promises(frame, plain)
    inside = np.array([s is None or s.is_empty or s.bounds[2] <= 30 for s in shapes], bool)
    other = read_events(frame[inside].to_crs(crs))
    for a, b in zip(plain.geometry[inside], other.geometry):
        assert (a is None) == (b is None)
        if a is not None:
            np.testing.assert_allclose([a.x, a.y], [b.x, b.y], rtol=0, atol=1e-6)
