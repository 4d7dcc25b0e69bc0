"""Convert columns of any type to texts or numbers, with the unreadable rows.

Texts are Arrow arrays (chunked, of `large_string`, null where missing): a million of them are
stripped, compared and joined at once, and no Python object is made for a cell.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from geo_risk._core.distinct import Texts, text_of
from geo_risk._core.types import BoolArray, FloatArray

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "MISSING_WORDS",
    "any_text",
    "arrow_text",
    "coded",
    "degrees",
    "distinct",
    "first_text",
    "is_missing",
    "join_texts",
    "no_texts",
    "numbers",
    "positions_in",
    "present",
    "text_array",
    "texts",
]


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


def text_array(cells: Iterable[str | None]) -> Any:
    """Texts of cells that are text or None."""
    import pyarrow as pa

    return pa.chunked_array([pa.array(cells, pa.large_string())])


def no_texts(n: int) -> Any:
    """Texts of `n` rows, all missing."""
    import pyarrow as pa

    return pa.chunked_array([pa.nulls(n, pa.large_string())])


def coded(codes: NDArray[np.signedinteger[Any]], terms: Sequence[str]) -> Any:
    """Texts by their positions in `terms`; a negative position is missing."""
    import pyarrow as pa

    return pa.chunked_array([pa.array(terms, pa.large_string()).take(_indices(codes))])


def present(text: Any) -> BoolArray:
    """Rows with a text."""
    return np.asarray(text.is_valid().to_numpy(), dtype=bool)


def positions_in(text: Any, terms: Iterable[str]) -> NDArray[np.int32]:
    """Position of each text in `terms`; -1 if it is missing or none of them."""
    import pyarrow as pa
    import pyarrow.compute as pc

    found = pc.index_in(text, value_set=pa.array([*terms], pa.large_string()))
    return np.asarray(pc.fill_null(found, -1).to_numpy(), dtype=np.int32)


def distinct(text: Any) -> Texts:
    """Distinct texts, in the order of first appearance, and the number of each row's."""
    found = text.combine_chunks().dictionary_encode()
    codes = found.indices.fill_null(-1).to_numpy(zero_copy_only=False)
    values = np.array([*found.dictionary.to_pylist(), None], dtype=object)[:-1]
    return Texts(values, codes.astype(np.int32, copy=False))


def texts(series: pd.Series[Any]) -> Any:
    """Text of every row, missing where a cell is empty or a word for "no value"."""
    import pandas as pd

    text = arrow_text(series, whole_numbers=True)
    if text is not None:
        return _without(text, MISSING_WORDS)
    if getattr(series.dtype, "kind", "O") in "fbmM":
        codes, cells = pd.factorize(series)
        values = [any_text(cell) for cell in pd.Series(cells).to_numpy(dtype=object)]
        return text_array(values).take(_indices(codes))
    return text_array([any_text(cell) for cell in series.to_numpy(dtype=object)])


def numbers(series: pd.Series[Any], *, counts: bool = False) -> tuple[FloatArray, BoolArray]:
    """Number of every row (NaN if there is none), and the rows whose value is unreadable.

    Text is read with a decimal point or, if it cannot be a thousands separator ("36,5"), a
    decimal comma, and rounded correctly. With `counts` (numbers of people), a comma before three
    digits separates thousands ("1,234"). Booleans and infinities are unreadable.
    """
    if getattr(series.dtype, "kind", "O") in "iuf":
        values = series.to_numpy(dtype=np.float64, na_value=np.nan)
        bad = np.isinf(values)
    else:
        text = arrow_text(series)
        if text is None:
            text = text_array([_number_text(value) for value in series.to_numpy(dtype=object)])
        text = _without(text, _MISSING_NUMBERS)
        values = _parsed(text, counts)
        bad = ~np.isfinite(values)
        if bad.any():
            bad &= present(text)
    if bad.any():
        values = np.where(bad, np.nan, values)
    return values, bad


def _parsed(text: Any, counts: bool) -> FloatArray:
    """Numbers of stripped texts; NaN if missing or unreadable."""
    import pyarrow as pa
    import pyarrow.compute as pc

    if pc.any(pc.match_substring(text, ",")).as_py():
        if counts:
            grouped = pc.match_substring_regex(text, _THOUSANDS)
            text = pc.if_else(grouped, pc.replace_substring(text, ",", ""), text)
        comma = pc.match_substring_regex(text, _DECIMAL_COMMA)
        text = pc.if_else(comma, pc.replace_substring(text, ",", "."), text)
    readable = pc.match_substring_regex(text, _NUMBER)
    if not pc.all(readable).as_py():
        text = pc.if_else(readable, text, pa.scalar(None, text.type))
    return np.asarray(pc.cast(text, pa.float64()).to_numpy(), dtype=np.float64)


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


def arrow_text(series: pd.Series[Any], *, whole_numbers: bool = False) -> Any:
    """Column as it is, as texts; None if it is not all text (or whole numbers)."""
    import pandas as pd
    import pyarrow as pa

    if whole_numbers and getattr(series.dtype, "kind", "O") in "iu":
        return _chunked(pa.array(series, from_pandas=True).cast(pa.large_string()))
    if pd.api.types.infer_dtype(series, skipna=True) != "string":
        return None
    array = _chunked(pa.array(series, from_pandas=True)).cast(pa.large_string())
    if any(chunk.offset for chunk in array.iterchunks()):
        # A copy of slices: some kernels of older Arrow ignore the offset of a slice.
        array = pa.chunked_array([pa.concat_arrays(array.chunks)])
    return array


def _chunked(array: Any) -> Any:
    import pyarrow as pa

    return array if isinstance(array, pa.ChunkedArray) else pa.chunked_array([array])


def _indices(codes: NDArray[Any]) -> Any:
    """Positions to take; a negative one takes nothing."""
    import pyarrow as pa

    return pa.array(codes, mask=codes < 0)


def _without(text: Any, words: Collection[str]) -> Any:
    """Stripped text, missing if it is one of `words`; the same object if nothing changes."""
    import pyarrow as pa
    import pyarrow.compute as pc

    stripped = pc.utf8_trim_whitespace(text)
    lengths = pc.binary_length(stripped)
    if pc.equal(pc.sum(lengths), pc.sum(pc.binary_length(text))).as_py():
        stripped = text
    if not pc.any(pc.less_equal(lengths, max(map(len, words)))).as_py():
        return stripped
    gone = pc.is_in(stripped, value_set=pa.array(sorted(words), text.type))
    if not pc.any(gone).as_py():
        return stripped
    return pc.if_else(gone, pa.scalar(None, text.type), stripped)


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


def first_text(preferred: Any, other: Any) -> Any:
    """Text of each row; where it is missing, the other one."""
    import pyarrow.compute as pc

    return _chunked(pc.coalesce(preferred.combine_chunks(), other.combine_chunks()))


def join_texts(columns: list[Any], separator: str = " | ") -> Any:
    """Join the texts of each row, without the missing ones; missing if all are."""
    import pyarrow as pa
    import pyarrow.compute as pc

    filled = [text for text in columns if text.null_count < len(text)]
    if len(filled) < 2:
        return filled[0] if filled else columns[0]
    mark = pa.scalar(separator, pa.large_string())
    joined = pc.binary_join_element_wise(
        *(text.combine_chunks() for text in filled), mark, null_handling="skip"
    )
    return _chunked(pc.if_else(pc.equal(joined, ""), pa.scalar(None, joined.type), joined))
