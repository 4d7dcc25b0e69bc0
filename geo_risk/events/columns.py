"""Convert text columns of files to numbers if nothing is lost; other columns stay text."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

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


def inferred(column: Any) -> pd.Series[Any]:
    """Column of text as numbers if every value is a number and nothing is lost.

    It stays text if numbers would lose something: leading zeros (P-codes, CAMEO codes), more than
    18 digits. "NA" is missing if all other values are numbers, and otherwise Namibia.
    """
    import pandas as pd
    import pyarrow as pa
    import pyarrow.compute as pc

    words = pa.array([*sorted(MISSING_WORDS), "NA"], pa.large_string())
    text = pc.utf8_trim_whitespace(column)
    text = pc.if_else(pc.is_in(text, value_set=words), pa.scalar(None, text.type), text)
    if text.null_count == len(text):
        return as_text(column)
    if pc.all(pc.match_substring_regex(text, f"^({_WHOLE})$")).as_py():
        whole = pc.cast(text, pa.int64())
        if whole.null_count:
            return cast(
                "pd.Series[Any]", whole.to_pandas(types_mapper={pa.int64(): pd.Int64Dtype()}.get)
            )
        return pd.Series(whole.to_numpy())
    if pc.all(pc.match_substring_regex(text, f"^({_NUMBER})$")).as_py():
        return pd.Series(pc.cast(text, pa.float64()).to_numpy())
    return as_text(column)


def as_text(column: Any) -> pd.Series[Any]:
    """Column of text, even if it looks like numbers."""
    import pandas as pd

    return pd.Series(column.to_pandas().array, dtype=pd.Series(["a"]).dtype)
