"""Text columns by their distinct values, compared with each value by itself."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given, settings, strategies as st

from geo_risk._core.distinct import Texts, joint_codes

NOTHING = st.sampled_from([None, np.nan, pd.NA, pd.NaT, Decimal("NaN"), np.datetime64("NaT")])
TEXT = st.text(max_size=4) | st.sampled_from(["", " ", "\u00a0", "a\0b", "a\0c", "\ud800", "1"])
UTF8 = TEXT.filter(lambda value: "\ud800" not in value)
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
    ("boolean", st.booleans()), ("complex128", st.complex_numbers()), ("category", UTF8),
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
        return pd.Series(draw(st.lists(UTF8 | st.none())), dtype=dtype)
    dtype, values = draw(st.sampled_from(TYPED))
    values = values if dtype in WITHOUT_MISSING else values | st.none()
    return pd.Series(draw(st.lists(values)), dtype=dtype)


def texts_one_by_one(values):
    """What `Texts.of` promises, value by value."""
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
    texts = Texts.of(column)
    found = texts.tolist()
    assert found == texts_one_by_one(column)
    assert len(set(texts.values)) == len(texts.values)
    assert {type(text) for text in found} <= {str, type(None)}


def test_text_in_arrow_is_not_asked_row_by_row(monkeypatch):
    column = pd.Series(["Kabul", " ", None], dtype=pd.StringDtype("pyarrow"))
    monkeypatch.setattr(type(column.array), "__iter__", lambda _: pytest.fail("row by row"))
    assert Texts.of(column).tolist() == ["Kabul", None, None]


lists = st.lists(st.sampled_from(["a", "b", "c", " ", "", None]), max_size=12)


@given(lists, lists, st.data())
def test_operations_are_those_on_the_list(one, other, data):
    one, other = one[: len(other)], other[: len(one)]
    texts, more = Texts.of_values(one), Texts.of_values(other)
    plain = [text if text and text.strip() else None for text in one]
    rows = data.draw(st.lists(st.integers(-1, len(plain) - 1)) if plain else st.just([]))
    taken = texts.take(np.array(rows, dtype=np.int64))
    assert taken.tolist() == [None if row < 0 else plain[row] for row in rows]
    assert sorted(taken.used().values) == sorted({text for text in taken.tolist() if text})
    assert taken.used().tolist() == taken.tolist()
    counted = dict(zip(texts.values, texts.counts()))
    assert counted == {text: plain.count(text) for text in plain if text}
    assert texts.to_numpy("-").tolist() == [text or "-" for text in plain]
    assert texts.known.tolist() == [text is not None for text in plain]
    assert texts.isin({"a", "c"}).tolist() == [text in ("a", "c") for text in plain]
    assert texts.map(ord, -1, np.int64).tolist() == [ord(text) if text else -1 for text in plain]
    other_texts = texts.texts({"a": "c", "b": None, "c": "c"}.get)
    assert other_texts.tolist() == ["c" if text in ("a", "c") else None for text in plain]
    first, combination = joint_codes(texts, more)
    pairs = list(zip(plain, more.tolist()))
    assert len(first) == len(set(pairs))
    assert [pairs[row] for row in first[combination].tolist()] == pairs


def test_blank_texts_of_a_layer_stay_if_asked():
    assert Texts.of_values(["", None, " ", ""], blank=True).tolist() == ["", None, " ", ""]
    assert Texts.missing(2).tolist() == [None, None]


def test_combinations_of_many_columns_do_not_overflow():
    rng = np.random.default_rng(0)
    columns = [Texts.of_values([str(v) for v in rng.integers(0, 3000, 4000)]) for _ in range(7)]
    first, combination = joint_codes(*columns)
    rows = list(zip(*(column.tolist() for column in columns)))
    assert len(first) == len(set(rows)) == 4000
    assert [rows[row] for row in first[combination].tolist()] == rows
