"""Convert columns of any type to plain arrays of text or numbers, with the unreadable rows."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import numpy as np

from geo_risk._core.distinct import text_of
from geo_risk._core.types import BoolArray, FloatArray, ObjectArray

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["MISSING_WORDS", "any_text", "degrees", "is_missing", "join_texts", "numbers", "texts"]


# Texts that programs write for "no value". Not "NA": Namibia, or GDELT's Netherlands Antilles.
MISSING_WORDS = frozenset(
    {"", "nan", "NaN", "NAN", "null", "NULL", "None", "N/A", "n/a", "#N/A", "<NA>", "NaT"}
)
# In a column of numbers "NA" can only be R's missing value.
_MISSING_NUMBERS = MISSING_WORDS | {"NA", "na", "-", "."}
_DECIMAL_COMMA = r"^[+-]?[0-9]{1,3},[0-9]+$"
_THOUSANDS = r"^[+-]?[0-9]{1,3}(,[0-9]{3})+(\.[0-9]+)?$"
_ANGLE = re.compile(
    r"(?P<d>\d{1,3}(?:\.\d+)?)\s*[°º]?\s*"
    r"(?:(?P<m>\d{1,2}(?:\.\d+)?)\s*['′’]?\s*(?:(?P<s>\d{1,2}(?:\.\d+)?)\s*(?:[\"″”]|'')?\s*)?)?"
    r"(?P<half>[NSEWnsew])"
)
_NUMBER = r"^[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]{1,4})?$"


def is_missing(value: Any) -> bool:
    """Whether one cell holds no value: None, NaN, NaT, pandas.NA."""
    if value is None:
        return True
    if isinstance(value, (str, bytes, bytearray, memoryview, list, tuple, dict, set, np.ndarray)):
        return False
    try:
        return bool(value != value)
    except (TypeError, ValueError):
        return type(value).__name__ == "NAType"  # pandas.NA cannot be converted to bool


def any_text(value: Any) -> str | None:
    """One cell as stripped text, whole floats without ".0"; None if it is empty."""
    if isinstance(value, str):
        text = value.strip()
        return None if text in MISSING_WORDS else text
    if is_missing(value):
        return None
    if isinstance(value, (float, np.floating)) and float(value).is_integer():
        return str(int(value))
    text = text_of(value).strip()
    return None if text in MISSING_WORDS else text


def texts(series: pd.Series[Any]) -> ObjectArray:
    """Text of every row, None where missing."""
    text = _arrow_text(series, whole_numbers=True)
    if text is None:
        out = np.empty(len(series), dtype=object)
        for i, value in enumerate(series.to_numpy(dtype=object)):
            out[i] = any_text(value)
        return out
    return np.asarray(_without(text, MISSING_WORDS).to_numpy(zero_copy_only=False), dtype=object)


def numbers(series: pd.Series[Any], *, counts: bool = False) -> tuple[FloatArray, BoolArray]:
    """Number of every row (NaN if there is none), and the rows whose value is unreadable.

    Text is read with a decimal point or, if it cannot be a thousands separator ("36,5"), a
    decimal comma, and rounded correctly. With `counts` (numbers of people), a comma before three
    digits separates thousands ("1,234"). Booleans and infinities are unreadable.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    if getattr(series.dtype, "kind", "O") in "iuf":
        values = series.to_numpy(dtype=np.float64, na_value=np.nan)
        bad = np.isinf(values)
    else:
        text = _arrow_text(series)
        if text is None:
            cells = [_number_text(value) for value in series.to_numpy(dtype=object)]
            text = pa.array(cells, pa.large_string())
        text = _without(text, _MISSING_NUMBERS)
        if counts:
            grouped = pc.match_substring_regex(text, _THOUSANDS)
            text = pc.if_else(grouped, pc.replace_substring(text, ",", ""), text)
        comma = pc.match_substring_regex(text, _DECIMAL_COMMA)
        text = pc.if_else(comma, pc.replace_substring(text, ",", "."), text)
        readable = pc.match_substring_regex(text, _NUMBER)
        parsed = pc.cast(pc.if_else(readable, text, pa.scalar(None, text.type)), pa.float64())
        values = np.asarray(parsed.to_numpy(zero_copy_only=False), dtype=np.float64)
        given = np.asarray(text.is_valid().to_numpy(zero_copy_only=False), dtype=bool)
        bad = given & ~np.isfinite(values)
    if bad.any():
        values = np.where(bad, np.nan, values)
    return values, bad


def degrees(series: pd.Series[Any], halves: str) -> tuple[FloatArray, BoolArray]:
    """Angles of every row, also as `36°44'10"N`; `halves` are the letters for + and -.

    Only a plain number may omit the letter, and a letter of the other axis is unreadable.
    """
    values, bad = numbers(series)
    cells = series.to_numpy(dtype=object)
    for i in np.flatnonzero(bad):
        text = " ".join(cells[i].split()) if isinstance(cells[i], str) else ""
        match = _ANGLE.fullmatch(text)
        if match is None or match["half"].upper() not in halves:
            continue
        minutes, seconds = float(match["m"] or 0), float(match["s"] or 0)
        if minutes < 60 and seconds < 60:
            angle = float(match["d"]) + minutes / 60 + seconds / 3600
            values[i] = angle if match["half"].upper() == halves[0] else -angle
            bad[i] = False
    return values, bad


def _arrow_text(series: pd.Series[Any], *, whole_numbers: bool = False) -> Any:
    """Column as Arrow text; None if it is not all text (or whole numbers)."""
    import pandas as pd
    import pyarrow as pa

    if whole_numbers and getattr(series.dtype, "kind", "O") in "iu":
        return pa.array(series, from_pandas=True).cast(pa.large_string())
    if pd.api.types.infer_dtype(series, skipna=True) != "string":
        return None
    array = pa.array(series, from_pandas=True)
    if isinstance(array, pa.ChunkedArray):
        array = array.combine_chunks()
    array = array.cast(pa.large_string())
    # A copy of a slice: some kernels of older Arrow ignore the offset of a slice.
    return array.take(np.arange(len(array))) if array.offset else array


def _without(text: Any, words: frozenset[str]) -> Any:
    """Stripped text, missing if it is one of `words`."""
    import pyarrow as pa
    import pyarrow.compute as pc

    text = pc.utf8_trim_whitespace(text)
    gone = pc.is_in(text, value_set=pa.array(sorted(words), text.type))
    return pc.if_else(gone, pa.scalar(None, text.type), text)


def _number_text(value: Any) -> str | None:
    if isinstance(value, str):
        return value
    if is_missing(value):
        return None
    if isinstance(value, (bool, np.bool_)):
        return "not a number"
    if isinstance(value, (int, float, np.integer, np.floating)):
        try:
            return repr(float(value))  # the shortest text that gives exactly this number
        except OverflowError:
            return "not a number"
    return text_of(value)


def join_texts(columns: list[ObjectArray], separator: str = " | ") -> ObjectArray:
    """Join the texts of each row, without the missing ones; None if all are missing."""
    out = np.empty(len(columns[0]), dtype=object)
    for i, row in enumerate(zip(*columns)):
        present = [text for text in row if text is not None]
        out[i] = separator.join(present) if present else None
    return out
