"""Columns of result frames."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas

__all__ = ["object_column"]


def object_column(values: Iterable[Any]) -> pandas.Series:
    """Strings and None as they are: pandas 3 would make a string column with NaN of them."""
    import pandas

    return pandas.Series(list(values), dtype=object)
