"""Convert text columns of files to numbers if nothing is lost; other columns stay text."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

import numpy as np

from geo_risk.events.values import MISSING_WORDS

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["as_text", "inferred"]

# An exponent needs a sign or a decimal point: codes such as 12E45 must not become numbers.
_NUMBER = (
    r"[-+]?(0|[1-9]\d{0,14})(\.\d*)?([eE][-+]\d{1,3})?"
    r"|[-+]?(0|[1-9]\d{0,14})\.\d+[eE]\d{1,3}|[-+]?\.\d+"
)
_WHOLE = r"-?(0|[1-9]\d{0,17})"
_FIRST = 1000  # rows that decide for most columns of text


def inferred(column: Any) -> pd.Series[Any]:
    """Column of text as numbers if every value is a number and nothing is lost.

    It stays text if numbers would lose something: leading zeros (P-codes, CAMEO codes), more than
    18 digits. "NA" is missing if all other values are numbers, and otherwise Namibia.
    """
    import pandas as pd
    import pyarrow as pa
    import pyarrow.compute as pc

    head = _values(column.slice(0, _FIRST).take(pa.array(np.arange(min(_FIRST, len(column))))))
    whole, number = (_all_match(head, pattern) for pattern in (_WHOLE, _NUMBER))
    if not (whole or number):
        return as_text(column)
    text = _values(column)
    if text.null_count == len(text):
        return as_text(column)
    if whole and _all_match(text, _WHOLE):
        values = pc.cast(text, pa.int64())
        if values.null_count:
            return cast(
                "pd.Series[Any]", values.to_pandas(types_mapper={pa.int64(): pd.Int64Dtype()}.get)
            )
        return pd.Series(np.array(values.to_numpy()))
    if number and _all_match(text, _NUMBER):
        return pd.Series(np.array(pc.cast(text, pa.float64()).to_numpy()))
    return as_text(column)


def _values(column: Any) -> Any:
    """Stripped texts; missing if they are a word for "no value"."""
    import pyarrow as pa
    import pyarrow.compute as pc

    words = pa.array([*sorted(MISSING_WORDS), "NA"], pa.large_string())
    text = pc.utf8_trim_whitespace(column)
    return pc.if_else(pc.is_in(text, value_set=words), pa.scalar(None, text.type), text)


def _all_match(text: Any, pattern: str) -> bool:
    """Whether all texts, except the missing ones, match; true if all are missing."""
    import pyarrow.compute as pc

    return bool(pc.all(pc.match_substring_regex(text, f"^({pattern})$")).as_py() in {True, None})


def as_text(column: Any) -> pd.Series[Any]:
    """Column of text, even if it looks like numbers."""
    import pandas as pd

    return pd.Series(column.to_pandas().array, dtype=pd.Series(["a"]).dtype)
