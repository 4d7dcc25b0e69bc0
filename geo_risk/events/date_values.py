"""Distinct values of a column of dates, and fewer of them: times of day are left out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from geo_risk._core.distinct import text_of
from geo_risk._core.types import BoolArray
from geo_risk.events.values import arrow_text, distinct, text_array

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["SINCE_1970", "distinct_values", "without_times"]

SINCE_1970 = {9: 1, 10: 1, 13: 1_000, 16: 1_000_000, 19: 1_000_000_000}
"""Units of a second by the number of digits."""

# A day with a time of day that leaves it unchanged; in parts of different separators it stays
# unreadable.
_DAY_AND_TIME = (
    r"^(\d{4}[-/.]\d{1,2}[-/.]\d{1,2}|\d{1,2}[-/. ]\d{1,2}[-/. ]\d{4})[T ]"
    r"(?:(?:[01]?\d|2[0-3]):[0-5]\d(?::\d{2}(?:[.,]\d+)?)?"
    r"|(?:0?[1-9]|1[0-2]):[0-5]\d(?::\d{2}(?:[.,]\d+)?)? ?[AaPp]\.?[Mm]\.?)"
    r" ?(?:Z|UTC|GMT|[+-]00(?::?00)?)?$"
)


def distinct_values(series: pd.Series[Any]) -> tuple[NDArray[np.signedinteger[Any]], Sequence[Any]]:
    """Number of each row's value, -1 if missing, and the distinct values."""
    import pandas as pd

    if getattr(series.dtype, "kind", "O") in "iu":
        codes, found = pd.factorize(series)
        numbers = found.to_numpy(dtype=np.uint64 if series.dtype.kind == "u" else np.int64)
        again, days = pd.factorize(_days_of_moments(numbers))
        return np.append(again, -1)[codes], days.tolist()
    text = arrow_text(series)
    if text is not None:
        told = distinct(text)
        return told.codes, told.values.tolist()
    values = series.to_numpy(dtype=object)
    try:
        codes, uniques = pd.factorize(values, use_na_sentinel=True)
    except TypeError:  # a list or a dict in a cell cannot be hashed
        codes, uniques = pd.factorize(series.map(_hashable).to_numpy(dtype=object))
    return codes, uniques.tolist()


def without_times(values: Sequence[Any]) -> tuple[NDArray[np.signedinteger[Any]], Sequence[Any]]:
    """Fewer values: the days of texts with a time of day that leaves the day unchanged.

    Returns the number of each value among the fewer ones, with one more for a missing value.
    """
    import pyarrow.compute as pc

    as_they_are = np.append(np.arange(len(values)), -1), values
    if not all(isinstance(value, str) for value in values) or max(map(len, values), default=0) < 11:
        return as_they_are
    try:
        written = text_array(values)
    except UnicodeEncodeError:  # half a character
        return as_they_are
    fewer = distinct(pc.replace_substring_regex(written, _DAY_AND_TIME, r"\1"))
    return np.append(fewer.codes, -1), fewer.values.tolist()


def _days_of_moments(numbers: NDArray[Any]) -> NDArray[Any]:
    """Whole numbers, with YYYYMMDD in place of moments (YYYYMMDDhhmmss or counted from 1970)."""
    out = np.where(_has_digits(numbers, 14), numbers // 1_000_000, numbers)
    for digits, scale in SINCE_1970.items():
        rows = _has_digits(numbers, digits)
        days = (numbers[rows] // (scale * 86_400)).astype(np.int64).astype("datetime64[D]")
        months = days.astype("datetime64[M]")
        year, month = np.divmod(months.astype(np.int64), 12)
        day = (days - months.astype("datetime64[D]")).astype(np.int64)
        out[rows] = (year + 1970) * 10_000 + (month + 1) * 100 + day + 1
    return out


def _has_digits(numbers: NDArray[Any], digits: int) -> BoolArray:
    rows: BoolArray = (numbers >= 10 ** (digits - 1)) & (numbers < 10**digits)
    return rows


def _hashable(value: Any) -> Any:
    unhashable = (list, dict, set, np.ndarray, bytearray, memoryview)
    return text_of(value) if isinstance(value, unhashable) else value
