"""Columns of result frames."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas

__all__ = ["object_column"]


def object_column(values: Iterable[Any]) -> pandas.Series:
    """Column of strings and None, unchanged: pandas 3 would convert it to strings and NaN."""
    import pandas

    return pandas.Series(list(values), dtype=object)
