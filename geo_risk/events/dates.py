"""Read dates as sources write them: a span of days and the precision as written.

ISO 8601 is unambiguous, `03/04/2020` is not: the order of day and month comes from the column as
a whole, if only one order can read it, or from the caller; it is never guessed.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from geo_risk._core.distinct import text_of
from geo_risk._core.types import BinArray, BoolArray, DayArray, ObjectArray
from geo_risk.errors import OptionNeededError
from geo_risk.events.date_values import SINCE_1970, distinct_values, without_times
from geo_risk.events.schema import DATE_PRECISIONS
from geo_risk.events.values import MISSING_WORDS, is_missing

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "PRECISIONS",
    "DateColumn",
    "month_span",
    "parse_dates",
    "parts_to_dates",
    "precision_code",
    "span_of",
]

PRECISIONS = tuple(DATE_PRECISIONS)

_TIME = (
    r"(?:[T ,]+(?P<hour>\d{1,2}):(?P<minute>\d{2})(?::(?P<second>\d{2})(?:[.,]\d+)?)?"
    r" ?(?P<half>[AaPp]\.?[Mm]\.?)? ?(?P<zone>Z|UTC|GMT|[+-]\d{2}(?::?\d{2})?)?)?"
)
_ISO = re.compile(r"(?P<y>\d{4})([-/.])(?P<m>\d{1,2})\2(?P<d>\d{1,2})" + _TIME)
_PAIR = re.compile(r"(?P<a>\d{1,2})([-/. ])(?P<b>\d{1,2})\2(?P<y>\d{4})" + _TIME)
_DAY_NAME_YEAR = re.compile(
    r"(?:[A-Za-z]{3,9}, *)?(?P<d>\d{1,2})(?:st|nd|rd|th)?[-/. ]+(?P<name>[A-Za-z]{3,9})\.?,?"
    r"[-/. ]+(?P<y>\d{4})" + _TIME
)
_NAME_DAY_YEAR = re.compile(
    r"(?:[A-Za-z]{3,9}, *)?(?P<name>[A-Za-z]{3,9})\.? +(?P<d>\d{1,2})(?:st|nd|rd|th)?,? +"
    r"(?P<y>\d{4})" + _TIME
)
_NAME_YEAR = re.compile(r"(?P<name>[A-Za-z]{3,9})\.?[-, ]+(?P<y>\d{4})")
_YEAR_MONTH = re.compile(r"(?P<y>\d{4})[-/](?P<m>\d{1,2})")
_ISO_WEEK = re.compile(r"(?P<y>\d{4})-?W(?P<w>\d{2})(?:-?(?P<d>[1-7]))?")
_INTEGER = re.compile(r"\d{4,19}(?:\.0+)?")
_MONTHS = (
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
)

# (first day, last day, precision) of one written date
Span = tuple[dt.date, dt.date, str]


@dataclass(frozen=True)
class DateColumn:
    """Days of one column, NaT if missing or unreadable, and how they were read."""

    start: DayArray
    end: DayArray
    codes: BinArray
    """Precisions as positions in `PRECISIONS`; -1 is none."""
    missing: BoolArray
    bad: BoolArray
    dayfirst: bool | None
    """Order found or used for dates such as 03/04/2020; None if it made no difference."""

    @property
    def precision(self) -> ObjectArray:
        """Precision of every row; None where there is none."""
        return np.array([*PRECISIONS, None], dtype=object)[self.codes]

    def take(self, rows: NDArray[np.signedinteger[Any]]) -> DateColumn:
        """Dates of some rows, in the order given; a row of -1 has none."""
        nothing = np.datetime64("NaT", "D")
        return DateColumn(
            np.append(self.start, nothing)[rows],
            np.append(self.end, nothing)[rows],
            np.append(self.codes, np.int8(-1))[rows],
            np.append(self.missing, True)[rows],
            np.append(self.bad, False)[rows],
            self.dayfirst,
        )


def precision_code(term: str) -> int:
    """Position of a precision in `PRECISIONS`."""
    return PRECISIONS.index(term)


def span_of(year: int, month: int = 0, day: int = 0) -> Span:
    """First day, last day and precision of a date; 0 is an unknown month or day.

    Raises ValueError if there is no such date.
    """
    if not month:
        return dt.date(year, 1, 1), dt.date(year, 12, 31), "year"
    if not day:
        first = dt.date(year, month, 1)
        nearly = first.replace(day=28) + dt.timedelta(days=4)
        return first, nearly - dt.timedelta(days=nearly.day), "month"
    date = dt.date(year, month, day)
    return date, date, "day"


def month_span(days: DayArray) -> tuple[DayArray, DayArray]:
    """First and last days of the calendar months of `days`; NaT stays NaT."""
    months = days.astype("datetime64[M]")
    after: DayArray = (months + np.timedelta64(1, "M")).astype("datetime64[D]")
    last: DayArray = after - np.timedelta64(1, "D")
    return months.astype("datetime64[D]"), last


def parse_dates(series: pd.Series[Any], *, dayfirst: bool | None, name: str) -> DateColumn:
    """Read a column of dates of any type.

    Raises
    ------
    ValueError
        The column as a whole does not decide the order of day and month in numeric dates.
    """
    if getattr(series.dtype, "kind", "O") == "M":
        return _from_datetimes(series)
    codes, values = distinct_values(series)
    short, days = without_times(values)
    try:
        return _read_distinct(days, dayfirst, name).take(short[codes])
    except OptionNeededError:  # the message quotes the values as they are written
        return _read_distinct(values, dayfirst, name).take(codes)


def _read_distinct(values: Sequence[Any], dayfirst: bool | None, name: str) -> DateColumn:
    """Dates of distinct values, each read on its own."""
    spans = [_iso_day(value) for value in values]
    absent = np.zeros(len(spans), dtype=bool)
    pairs: dict[int, re.Match[str]] = {}
    for i in (i for i, span in enumerate(spans) if span is None):
        key = _key(values[i])
        absent[i] = key is None
        pair = _PAIR.fullmatch(key) if isinstance(key, str) else None
        if pair is not None:
            pairs[i] = pair
        else:
            spans[i] = _read(key)
    order = _decide_order(pairs, dayfirst, name)
    for i, pair in pairs.items():
        spans[i] = _read_pair(pair, bool(order))
    return _spread(spans, absent, order)


def _from_datetimes(series: pd.Series[Any]) -> DateColumn:
    if getattr(series.dt, "tz", None) is not None:
        series = series.dt.tz_convert("UTC").dt.tz_localize(None)
    days = series.to_numpy().astype("datetime64[D]")
    missing = np.isnat(days)
    codes = np.where(missing, -1, precision_code("day")).astype(np.int8)
    return DateColumn(days, days.copy(), codes, missing, np.zeros_like(missing), None)


def _spread(spans: list[Span | None], absent: BoolArray, order: bool | None) -> DateColumn:
    nothing = np.datetime64("NaT", "D")
    start = np.array([s[0] if s else nothing for s in spans], dtype="datetime64[D]")
    end = np.array([s[1] if s else nothing for s in spans], dtype="datetime64[D]")
    known = {term: code for code, term in enumerate(PRECISIONS)}
    codes = np.array([known[s[2]] if s else -1 for s in spans], dtype=np.int8)
    bad = ~absent & np.array([s is None for s in spans], dtype=bool)
    return DateColumn(start, end, codes, absent, bad, order)


def _iso_day(value: Any) -> Span | None:
    """Span of a text YYYY-MM-DD, the usual one; None if it is another, or no such day."""
    if not (isinstance(value, str) and len(value) == 10 and value[4] == value[7] == "-"):
        return None
    try:
        day = dt.date.fromisoformat(value)
    except ValueError:
        return None
    return day, day, "day"


def _key(value: Any) -> Any:
    """Value of a cell to be read: None if it is empty, else clean text or a date."""
    if is_missing(value):
        return None
    if isinstance(value, str):
        text = " ".join(value.split())
        return None if text in MISSING_WORDS or text in {"NA", "-", "."} else text
    if isinstance(value, (bool, np.bool_)):
        return "not a date"
    if isinstance(value, (int, np.integer)):
        return str(int(value))
    if isinstance(value, (float, np.floating)):
        return str(int(value)) if float(value).is_integer() else "not a date"
    if isinstance(value, np.datetime64):
        return None if np.isnat(value) else value.astype("datetime64[us]").item()
    return value if isinstance(value, dt.date) else text_of(value)


def _read(key: Any) -> Span | None:
    """Span of one value that is read without the order of day and month."""
    try:
        if isinstance(key, dt.datetime):
            if key.tzinfo is not None:
                key = key.astimezone(dt.UTC)
            return span_of(key.year, key.month, key.day)
        if isinstance(key, dt.date):
            return span_of(key.year, key.month, key.day)
        return _read_text(key) if isinstance(key, str) else None
    except (ValueError, OverflowError):
        return None  # not a day of the calendar


def _read_text(text: str) -> Span | None:
    if match := _ISO.fullmatch(text):
        return _moment(match, int(match["y"]), int(match["m"]), int(match["d"]))
    if match := _INTEGER.fullmatch(text):
        return _read_integer(int(text.partition(".")[0]), len(text.partition(".")[0]))
    if match := _DAY_NAME_YEAR.fullmatch(text) or _NAME_DAY_YEAR.fullmatch(text):
        return _moment(match, int(match["y"]), _month_number(match["name"]), int(match["d"]))
    if match := _NAME_YEAR.fullmatch(text):
        return span_of(int(match["y"]), _month_number(match["name"]))
    if match := _YEAR_MONTH.fullmatch(text):
        month = int(match["m"])
        return span_of(int(match["y"]), month) if month else None
    if match := _ISO_WEEK.fullmatch(text):
        first = dt.date.fromisocalendar(int(match["y"]), int(match["w"]), int(match["d"] or 1))
        if match["d"]:
            return first, first, "day"
        return first, first + dt.timedelta(days=6), "week"
    return None


def _read_integer(value: int, digits: int) -> Span | None:
    """YYYY, YYYYMM, YYYYMMDD, YYYYMMDDhhmmss, or seconds (9–10), ms (13), us (16), ns (19)."""
    if digits == 4:
        return span_of(value)
    if digits == 6:
        return span_of(value // 100, value % 100) if value % 100 else None
    if digits == 14:
        value, digits = value // 1_000_000, 8
    if digits == 8:
        if not value % 100 or not value // 100 % 100:
            return None
        return span_of(value // 10_000, value // 100 % 100, value % 100)
    scale = SINCE_1970.get(digits)
    if scale is None:
        return None
    moment = dt.datetime(1970, 1, 1) + dt.timedelta(seconds=value // scale)
    return span_of(moment.year, moment.month, moment.day)


def _read_pair(match: re.Match[str], dayfirst: bool) -> Span | None:
    first, second = int(match["a"]), int(match["b"])
    day, month = (first, second) if dayfirst else (second, first)
    try:
        return _moment(match, int(match["y"]), month, day)
    except (ValueError, OverflowError):
        return None


def _moment(match: re.Match[str], year: int, month: int, day: int) -> Span | None:
    """UTC day of a date with an optional time and offset."""
    if not month or not day:
        return None
    date = dt.date(year, month, day)
    if match["hour"] is None:
        return date, date, "day"
    hour = int(match["hour"])
    if match["half"]:
        if not 1 <= hour <= 12:
            return None
        hour = hour % 12 + (12 if match["half"][0] in "pP" else 0)
    moment = dt.datetime(year, month, day, hour, int(match["minute"]))
    if match["zone"] and match["zone"][0] in "+-":
        digits = match["zone"][1:].replace(":", "").ljust(4, "0")
        offset = dt.timedelta(hours=int(digits[:2]), minutes=int(digits[2:]))
        moment += offset if match["zone"][0] == "-" else -offset
    return moment.date(), moment.date(), "day"


def _month_number(name: str) -> int:
    for number, month in enumerate(_MONTHS, start=1):
        if name.lower() in {month, month[:3]} or (number == 9 and name.lower() == "sept"):
            return number
    raise ValueError(name)


def _decide_order(pairs: dict[int, re.Match[str]], dayfirst: bool | None, name: str) -> bool | None:
    """Order of day and month for the whole column; None if it makes no difference."""
    if not pairs or dayfirst is not None:
        return dayfirst if pairs else None
    as_day = {i for i, pair in pairs.items() if _read_pair(pair, True) is not None}
    as_month = {i for i, pair in pairs.items() if _read_pair(pair, False) is not None}
    only_day, only_month = as_day - as_month, as_month - as_day
    if only_day and not only_month:
        return True
    if only_month and not only_day:
        return False
    if all(pair["a"] == pair["b"] for i, pair in pairs.items() if i in as_day | as_month):
        return None  # 05/05/2020 reads the same either way
    if only_day and only_month:
        reason = (
            f"{len(only_day)} different values can only be day/month/year (such as "
            f"{pairs[min(only_day)].group()!r}) and {len(only_month)} only month/day/year (such "
            f"as {pairs[min(only_month)].group()!r})"
        )
    else:
        odd = min(i for i in as_day if pairs[i]["a"] != pairs[i]["b"])
        reason = f"every value can be read both ways (such as {pairs[odd].group()!r})"
    raise OptionNeededError(
        f"Ambiguous dates in column {name!r}: {reason}. Pass dayfirst=True or dayfirst=False; "
        "values that do not fit this order are then kept without a date and flagged bad_date.",
        ["dayfirst"],
    )


def parts_to_dates(
    year: NDArray[np.float64], month: NDArray[np.float64], day: NDArray[np.float64]
) -> DateColumn:
    """Dates from columns of years, months and days; 0 or NaN means unknown."""
    import pandas as pd

    key = np.zeros(len(year), dtype=np.int64)
    for part in (year, month, day):
        codes, found = pd.factorize(part)
        key = key * (len(found) + 1) + codes + 1
        _, first, key = np.unique(key, return_index=True, return_inverse=True)
    return _read_parts(np.column_stack([year, month, day])[first]).take(key.reshape(-1))


def _read_parts(rows: NDArray[np.float64]) -> DateColumn:
    """Dates of rows of year, month and day."""
    spans: list[Span | None] = []
    absent = np.isnan(rows[:, 0]) | (rows[:, 0] == 0)
    for row, gone in zip(rows, absent):
        parts = [0 if np.isnan(part) else part for part in row]
        try:
            whole = not gone and all(float(part).is_integer() for part in parts)
            spans.append(span_of(*(int(part) for part in parts)) if whole else None)
        except (ValueError, OverflowError):
            spans.append(None)
    return _spread(spans, absent, None)
