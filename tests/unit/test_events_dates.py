"""Dates: what is read, what needs a decision, and who takes it."""

from __future__ import annotations

import datetime as dt
from typing import Any

import numpy as np
import pandas as pd
import pytest

from geo_risk.events.dates import parse_dates, parts_to_dates


def read(values: Any, dayfirst: bool | None = None) -> Any:
    return parse_dates(pd.Series(values, dtype=object), dayfirst=dayfirst, name="when")


@pytest.mark.parametrize(
    ("written", "start", "end", "precision"),
    [
        ("2020-02-29", "2020-02-29", "2020-02-29", "day"),
        ("2020/2/9", "2020-02-09", "2020-02-09", "day"),
        ("20200209", "2020-02-09", "2020-02-09", "day"),
        (20200209, "2020-02-09", "2020-02-09", "day"),
        (20200209.0, "2020-02-09", "2020-02-09", "day"),
        ("20191024143000", "2019-10-24", "2019-10-24", "day"),
        ("1975-02-23T02:58:41.000Z", "1975-02-23", "1975-02-23", "day"),
        ("2021-01-01 00:00:00.000", "2021-01-01", "2021-01-01", "day"),
        ("2021-01-01T01:30+04:30", "2020-12-31", "2020-12-31", "day"),
        ("2021-01-01 22:00 -0300", "2021-01-02", "2021-01-02", "day"),
        ("12 January 2020", "2020-01-12", "2020-01-12", "day"),
        ("12-Jan-2020", "2020-01-12", "2020-01-12", "day"),
        ("January 12, 2020", "2020-01-12", "2020-01-12", "day"),
        ("Sunday, 12 Jan 2020 10:00 PM", "2020-01-12", "2020-01-12", "day"),
        ("13/02/2020", "2020-02-13", "2020-02-13", "day"),
        ("02/13/2020 12:30 am", "2020-02-13", "2020-02-13", "day"),
        ("31.12.1999", "1999-12-31", "1999-12-31", "day"),
        ("2020-02", "2020-02-01", "2020-02-29", "month"),
        ("202002", "2020-02-01", "2020-02-29", "month"),
        ("Feb 2020", "2020-02-01", "2020-02-29", "month"),
        ("2019", "2019-01-01", "2019-12-31", "year"),
        (2019, "2019-01-01", "2019-12-31", "year"),
        ("2020-W53", "2020-12-28", "2021-01-03", "week"),
        ("2020-W53-5", "2021-01-01", "2021-01-01", "day"),
        (1517966773840, "2018-02-07", "2018-02-07", "day"),
        ("1517966773", "2018-02-07", "2018-02-07", "day"),
        (dt.date(2020, 1, 2), "2020-01-02", "2020-01-02", "day"),
        (pd.Timestamp("2020-01-02 23:00", tz="America/Lima"), "2020-01-03", "2020-01-03", "day"),
        (np.datetime64("2020-01-02"), "2020-01-02", "2020-01-02", "day"),
    ],
)
def test_one_value(written: Any, start: str, end: str, precision: str) -> None:
    out = read([written])
    assert str(out.start[0]) == start
    assert str(out.end[0]) == end
    assert out.precision[0] == precision
    assert not out.bad[0]
    assert not out.missing[0]


@pytest.mark.parametrize(
    "written",
    [
        "soon",
        "2020-13-01",
        "2020-02-30",
        "30/02/2020",
        "99/99/2020",
        "01/02/65",
        "2020-00-10",
        "20200010",
        "12345",
        "2020-01-01 25:00",
        "Smarch 2020",
        "2021-W60",
        "0000-01-01",
        43831,
        True,
        1.5,
        [2020],
    ],
)
def test_unreadable(written: Any) -> None:
    out = read([written, "2020-12-31"])
    assert out.bad.tolist() == [True, False]
    assert np.isnat(out.start[0])
    assert out.precision[0] is None


@pytest.mark.parametrize("written", [None, np.nan, pd.NaT, pd.NA, "", "  ", "NA", "nan"])
def test_missing(written: Any) -> None:
    out = read([written, "2020-12-31"])
    assert out.missing.tolist() == [True, False]
    assert not out.bad.any()


def test_datetime_columns() -> None:
    stamps = pd.to_datetime(pd.Series(["2020-01-01 23:30", None]))
    out = parse_dates(stamps, dayfirst=None, name="when")
    assert [str(day) for day in out.start] == ["2020-01-01", "NaT"]
    out = parse_dates(stamps.dt.tz_localize("America/Lima"), dayfirst=None, name="when")
    assert str(out.start[0]) == "2020-01-02"


def test_one_value_decides_for_the_column() -> None:
    assert read(["01/02/2020", "13/02/2020"]).dayfirst is True
    assert str(read(["01/02/2020", "13/02/2020"]).start[0]) == "2020-02-01"
    assert str(read(["01/02/2020", "02/13/2020"]).start[0]) == "2020-01-02"
    assert read(["01/02/2020", "02/13/2020", "2020-12-31"]).dayfirst is False


def test_nothing_is_guessed() -> None:
    with pytest.raises(
        ValueError, match=r"'when': every value can be read both ways.*'01/02/2020'"
    ):
        read(["05/05/2020", "01/02/2020", "nonsense", "99/99/2020"])
    with pytest.raises(ValueError, match=r"1 different values can only be day/month.*'13/01/2020'"):
        read(["13/01/2020", "01/13/2020", "01/13/2020"])
    assert str(read(["01/02/2020"], dayfirst=True).start[0]) == "2020-02-01"
    assert str(read(["01/02/2020"], dayfirst=False).start[0]) == "2020-01-02"
    out = read(["13/01/2020", "01/13/2020"], dayfirst=True)
    assert out.bad.tolist() == [False, True]


def test_no_decision_is_needed_where_it_makes_no_difference() -> None:
    out = read(["05/05/2020", "99/99/2020"])
    assert str(out.start[0]) == "2020-05-05"
    assert out.bad.tolist() == [False, True]
    assert read(["2020-01-02"]).dayfirst is None


def test_parts() -> None:
    year = np.array([1970.0, 1970, 1970, 0, np.nan, 1970, 1970])
    month = np.array([7.0, 7, 0, 1, 1, 13, 7.5])
    day = np.array([2.0, 0, 0, 1, 1, 1, 1])
    out = parts_to_dates(year, month, day)
    assert out.precision.tolist() == ["day", "month", "year", None, None, None, None]
    assert [str(d) for d in out.end[:3]] == ["1970-07-02", "1970-07-31", "1970-12-31"]
    assert out.missing.tolist() == [False] * 3 + [True] * 2 + [False] * 2
    assert out.bad.tolist() == [False] * 5 + [True] * 2
