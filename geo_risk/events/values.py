"""Columns of any type → plain arrays of text or of numbers, with what could not be read."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["MISSING_WORDS", "any_text", "is_missing", "join_texts", "numbers", "texts"]

BoolArray = NDArray[np.bool_]
FloatArray = NDArray[np.float64]
ObjectArray = NDArray[np.object_]

# What programs write for "no value". Not "NA": that is Namibia, and GDELT's Netherlands Antilles.
MISSING_WORDS = frozenset(
    {"", "nan", "NaN", "NAN", "null", "NULL", "None", "N/A", "n/a", "#N/A", "<NA>", "NaT"}
)
# As a number "NA" can only be R's missing value.
_MISSING_NUMBERS = MISSING_WORDS | {"NA", "na", "-", "."}
_DECIMAL_COMMA = re.compile(r"[+-]?\d{1,3},\d+")


def is_missing(value: Any) -> bool:
    """Whether one cell holds no value: None, NaN, NaT, pandas.NA."""
    if value is None:
        return True
    if isinstance(value, (str, bytes, list, tuple, dict, set, np.ndarray)):
        return False
    try:
        return bool(value != value)
    except (TypeError, ValueError):
        return type(value).__name__ == "NAType"  # pandas.NA refuses to be a bool


def any_text(value: Any) -> str | None:
    """One cell as stripped text; whole floats lose their ".0"; None where there is nothing."""
    if isinstance(value, str):
        text = value.strip()
        return None if text in MISSING_WORDS else text
    if is_missing(value):
        return None
    if isinstance(value, (float, np.floating)) and float(value).is_integer():
        return str(int(value))
    text = str(value).strip()
    return None if text in MISSING_WORDS else text


def texts(series: pd.Series[Any]) -> ObjectArray:
    """Text of every row, None where missing."""
    out = np.empty(len(series), dtype=object)
    values = series.to_numpy(dtype=object)
    for i, value in enumerate(values):
        out[i] = any_text(value)
    return out


def numbers(series: pd.Series[Any]) -> tuple[FloatArray, BoolArray]:
    """Number of every row (NaN where there is none), and the rows whose value is unreadable.

    Text is read with a decimal point or, where no thousands separator is possible ("36,5"), a
    decimal comma. Booleans and infinities are unreadable.
    """
    import pandas as pd

    kind = getattr(series.dtype, "kind", "O")
    if kind in "iuf":
        values = series.to_numpy(dtype=np.float64, na_value=np.nan)
        bad = np.isinf(values)
    else:
        raw = series.to_numpy(dtype=object)
        clean = np.empty(len(raw), dtype=object)
        for i, value in enumerate(raw):
            clean[i] = _number_text(value)
        given = np.array([value is not None for value in clean], dtype=bool)
        parsed = pd.to_numeric(pd.Series(clean, dtype=object), errors="coerce")
        values = parsed.to_numpy(dtype=np.float64, na_value=np.nan)
        bad = given & ~np.isfinite(values)
    if bad.any():
        values = np.where(bad, np.nan, values)
    return values, bad


def _number_text(value: Any) -> Any:
    if isinstance(value, str):
        text = value.strip()
        if text in _MISSING_NUMBERS:
            return None
        return text.replace(",", ".") if _DECIMAL_COMMA.fullmatch(text) else text
    if is_missing(value):
        return None
    if isinstance(value, (bool, np.bool_)):
        return "not a number"
    if isinstance(value, (int, float, np.integer, np.floating)):
        return float(value)
    return str(value)


def join_texts(columns: list[ObjectArray], separator: str = " | ") -> ObjectArray:
    """Join the texts of each row, without the missing ones; None where all are missing."""
    out = np.empty(len(columns[0]), dtype=object)
    for i, row in enumerate(zip(*columns)):
        present = [text for text in row if text is not None]
        out[i] = separator.join(present) if present else None
    return out
