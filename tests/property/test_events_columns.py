"""Columns of events are read at once as their cells are read one by one."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings, strategies as st

from geo_risk.events import FLAGS, read_events
from geo_risk.events.columns import inferred
from geo_risk.events.dates import parse_dates, parts_to_dates, span_of
from geo_risk.events.draft import Draft, flag_texts
from geo_risk.events.table import holds_positions
from geo_risk.events.values import MISSING_WORDS, distinct, join_texts, text_array, texts

TEXTS = st.one_of(
    st.none(),
    st.sampled_from(
        ["", "NaN", " n/a ", "Kabul", " Kabul", "Kabul\x00", "Kabul\x00b", "كابل", "a | b"]
    ),
    st.text(st.characters(exclude_categories=["Cs", "Cc", "Z"]), max_size=8),
)
DATES = st.one_of(
    st.none(),
    st.sampled_from(
        ["2020", "2020-05", "2020-W18", "May 2020", "5 May 2020", "2020-02-30", "0000-01-01", "no",
         "2020-01/05 10:00", "2020-01 10:00", "2020-01-05\x00", "20200105123000", "1578182400000",
         "9999-12-31T23:59-05:00", "2020-01-05 24:00", "13:30"]
    ),
    st.builds(
        "{:04}{mark}{:02}{mark}{:02}{time}".format,
        st.integers(0, 2100), st.integers(0, 13), st.integers(0, 32),
        mark=st.sampled_from("-/."),
        time=st.sampled_from(
            ["", " 00:00:00.000", "T23:59:59Z", " 9:05", " 25:00", " 11:59:59 PM", " 13:00 pm",
             "T23:30+00:00", "T23:30-02:00", "T00:30+0200", " 10:61", ", 10:00", " 10:00 UTC"]
        ),
    ),
    st.builds(
        "{:02}{mark}{:02}{mark}{:04}{time}".format,
        st.integers(0, 32), st.integers(0, 13), st.integers(1990, 2030),
        mark=st.sampled_from("-/. "), time=st.sampled_from(["", " 10:00", " 12:30 a.m.", "T1:00"]),
    ),
)  # fmt: skip


def clean(text: str | None) -> str | None:
    return None if text is None or text.strip() in MISSING_WORDS else text.strip()


@given(st.lists(TEXTS, max_size=12), st.booleans())
def test_texts_are_stripped_and_words_for_no_value_are_missing(
    cells: list[str | None], as_objects: bool
) -> None:
    kind = object if as_objects else pd.Series(["a"]).dtype
    assert texts(pd.Series(cells, dtype=kind)).to_pylist() == [clean(cell) for cell in cells]


@given(st.lists(st.tuples(TEXTS, TEXTS, TEXTS), min_size=1, max_size=12))
def test_joined_texts_leave_out_the_missing_ones(rows: list[tuple[str | None, ...]]) -> None:
    cleaned = [[clean(cell) for cell in row] for row in rows]
    joined = join_texts([text_array(list(column)) for column in zip(*cleaned)])
    assert joined.to_pylist() == [" | ".join(filter(None, row)) or None for row in cleaned]


@given(st.lists(DATES, max_size=12), st.booleans())
def test_a_column_of_dates_is_read_as_its_cells_are(cells: list[str | None], first: bool) -> None:
    column = parse_dates(pd.Series(cells, dtype=object), dayfirst=first, name="when")
    for row, cell in enumerate(cells):
        alone = parse_dates(pd.Series([cell], dtype=object), dayfirst=first, name="when")
        for name in ("start", "end", "precision", "missing", "bad"):
            assert str(getattr(column, name)[row]) == str(getattr(alone, name)[0]), (cell, name)


@given(st.lists(st.integers(10**8, 10**10 - 1)), st.sampled_from([1, 10**3, 10**6, 10**9]))
def test_moments_are_the_days_that_the_calendar_gives(seconds: list[int], unit: int) -> None:
    moments = [second * unit for second in seconds if second >= 10**9 or unit == 1]
    moments = [moment for moment in moments if moment < 2**63]
    for kind in ("int64", "uint64", "Int64"):
        found = parse_dates(pd.Series(moments, dtype=kind), dayfirst=None, name="when")
        days = [dt.datetime.fromtimestamp(moment // unit, dt.UTC).date() for moment in moments]
        assert found.start.tolist() == days


PART = st.sampled_from([np.nan, 0.0, 1.0, 2.0, 12.0, 13.0, 29.0, 30.0, 1.5, 2020.0, 2021.0, np.inf])


@given(st.lists(st.tuples(PART, PART, PART), min_size=1, max_size=12))
def test_days_of_years_months_and_days_in_columns(rows: list[tuple[float, float, float]]) -> None:
    found = parts_to_dates(*np.array(rows, dtype=float).T)
    for i, row in enumerate(rows):
        try:
            year, month, day = (0 if np.isnan(part) else part for part in row)
            if not year or any(part % 1 for part in (year, month, day)):
                raise ValueError
            start, end, precision = span_of(int(year), int(month), int(day))
        except (ValueError, OverflowError):
            assert np.isnat(found.start[i])
            assert found.precision[i] is None
        else:
            told = (found.start[i].item(), found.end[i].item(), found.precision[i])
            assert told == (start, end, precision)


@given(st.integers(0, 6), st.data())
def test_flags_are_joined_in_their_order(n: int, data: st.DataObject) -> None:
    draft = Draft(n)
    marks = st.lists(st.booleans(), min_size=n, max_size=n)
    raised = {code: data.draw(marks) for code in data.draw(st.sets(st.sampled_from([*FLAGS])))}
    for code, rows in raised.items():
        draft.flag(code, np.array(rows, dtype=bool))
    expected = [";".join(code for code in FLAGS if code in raised and raised[code][i])
                for i in range(n)]  # fmt: skip
    assert flag_texts(draft).to_pylist() == expected


@given(st.lists(st.one_of(TEXTS, st.integers(0, 30).map(str)), max_size=15), st.booleans())
def test_only_repeated_identifiers_are_flagged(ids: list[str | None], in_order: bool) -> None:
    if in_order:
        ids = sorted(ids, key=lambda text: (text is not None, len(text or ""), text or ""))
    draft = Draft(len(ids))
    draft.set_ids(texts(pd.Series(ids, dtype=object)))
    often = Counter(clean(text) for text in ids)
    flagged = draft.flags.get("duplicate_id", np.zeros(len(ids), dtype=bool))
    cleaned = [clean(text) for text in ids]
    assert flagged.tolist() == [text is not None and often[text] > 1 for text in cleaned]


POSITIONS = ["(41.9, -87.7)", "POINT (1 2)", "srid=4326;point (1 2)", "[5;6", "{x", "ſRID=1;POINT"]
PLACES = [
    "Kabul",
    "Pul-e Khumri",
    "Point Reyes",
    "Srinagar",
    "Sheberghan",
    "كابل",
    "5th Street",
    "-",
]


@given(st.lists(st.sampled_from([*POSITIONS, *PLACES, None])))
def test_a_column_holds_positions_if_more_than_half_of_it_does(cells: list[str | None]) -> None:
    import re

    position = re.compile(r"[\[(]?\s*-?\d+(\.\d+)?\s*[,;]\s*-?\d+|(SRID=\d+;)?\s*POINT|[{]", re.I)
    given_cells = [cell for cell in cells if cell is not None]
    hits = sum(position.match(cell) is not None for cell in given_cells)
    assert holds_positions(text_array(cells)) == (bool(given_cells) and 2 * hits > len(given_cells))


@given(
    st.lists(st.sampled_from(["1", "-7", "007", " 5 ", "2.50", "1e5", "1E-3", "NA", "", "x", None]))
)
def test_a_column_becomes_numbers_only_if_all_cells_do(cells: list[str | None]) -> None:
    column = inferred(text_array([cell or None for cell in cells]))
    stripped = [(cell or "").strip() for cell in cells]
    written = [cell for cell in stripped if cell not in MISSING_WORDS | {"NA"}]
    lossless = all(cell in {"1", "-7", "5", "2.50", "1E-3"} for cell in written)
    assert pd.api.types.is_numeric_dtype(column) == (bool(written) and lossless)
    if written and lossless:
        told = [None if pd.isna(value) else float(value) for value in column]
        assert told == [float(cell) if cell in written else None for cell in stripped]


def test_long_columns_are_judged_by_all_of_their_cells() -> None:
    """The first thousand cells only tell that a column is text, never that it is numbers."""
    assert inferred(text_array(["7"] * 5000)).dtype == np.int64
    assert inferred(text_array([*["7"] * 5000, "7.5"])).dtype == np.float64
    assert not pd.api.types.is_numeric_dtype(inferred(text_array([*["7"] * 5000, "x"])))


CELLS = st.fixed_dictionaries(
    {
        "id": st.one_of(TEXTS, st.integers(0, 9), st.floats(allow_nan=True)),
        "lon": st.one_of(
            st.floats(-200, 200), st.sampled_from(["36,5", "69°31'E", "x", None, "0"])
        ),
        "lat": st.one_of(st.floats(-100, 100), st.sampled_from(["36.5N", "NA", None, "0"])),
        "date": DATES,
        "category": st.one_of(TEXTS, st.integers(0, 3), st.booleans(), st.just(b"bytes")),
        "actor1": TEXTS,
        "actor2": TEXTS,
        "fatalities": st.sampled_from([0, 3, -1, "1,234", "many", None, 2.5]),
        "location_precision": st.sampled_from(["place", "admin1", "city", None]),
    }
)
OF_THE_TABLE = {"duplicate_id", "no_id", "maybe_swapped"}


@settings(max_examples=60, deadline=None)
@given(st.lists(CELLS, min_size=1, max_size=6))
def test_a_table_is_read_as_its_rows_are(rows: list[dict[str, Any]]) -> None:
    whole = read_events(pd.DataFrame(rows, dtype=object), dayfirst=True)
    assert len(whole) == len(rows)
    for i, row in enumerate(rows):
        alone = read_events(pd.DataFrame([row], dtype=object), dayfirst=True)
        for name in alone.columns[:15]:
            one, other = whole[name].iloc[i], alone[name].iloc[0]
            if name == "flags":
                one, other = (set(flags.split(";")) - OF_THE_TABLE for flags in (one, other))
                assert one - {""} == other - {""}
            else:
                assert one == other or (pd.isna(one) and pd.isna(other)), (name, row)
        points = whole.geometry.iloc[i], alone.geometry.iloc[0]
        assert points[0] == points[1] or points == (None, None)


@pytest.mark.parametrize("kind", ["object", None])
def test_a_change_of_the_result_does_not_reach_the_callers_frame(kind: str | None) -> None:
    mine = pd.DataFrame({"id": ["a", "b"], "lon": [1.0, 2.0], "lat": [3.0, 4.0]}, dtype=kind)
    before = mine.copy(deep=True)
    frame = read_events(mine)
    for column in ("id", "lon", "event_id"):
        frame.loc[0, column] = frame[column].iloc[1]
    pd.testing.assert_frame_equal(mine, before)
    again = read_events(frame)
    held = frame.geometry.tolist()
    again.loc[0, "geometry"] = None
    assert frame.geometry.tolist() == held


def test_texts_that_differ_after_a_nul_are_different() -> None:
    found = distinct(text_array(["a\x00", "a", None, "a\x00b", "a"]))
    assert found.codes.tolist() == [0, 1, -1, 2, 1]
