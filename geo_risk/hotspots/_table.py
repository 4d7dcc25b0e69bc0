"""Results as tables: a row for each unit, a column for each field."""

from __future__ import annotations

from dataclasses import fields
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import pandas

__all__ = ["row_of", "single_values", "table_of"]

_SINGLE = (str, int, float, bool, np.generic, type(None))


def table_of(result: Any, *names: str, **more: Any) -> pandas.DataFrame:
    """Table of fields of a result and of further columns; single values are in `attrs`.

    Flattened columns must have equal lengths. They keep their types; text has type object.
    """
    import pandas

    columns = {**{name: getattr(result, name) for name in names}, **more}
    table = pandas.DataFrame({name: _column(values) for name, values in columns.items()})
    table.attrs.update(single_values(result))
    return table


def row_of(**values: Any) -> pandas.DataFrame:
    """Table with one row."""
    import pandas

    return pandas.DataFrame({name: _column([value]) for name, value in values.items()})


def single_values(result: Any) -> dict[str, Any]:
    """Public fields of a result that are not arrays."""
    values = {field.name: getattr(result, field.name) for field in fields(result)}
    return {
        name: value
        for name, value in values.items()
        if isinstance(value, _SINGLE) and not name.startswith("_")
    }


def _column(values: Any) -> pandas.Series[Any]:
    """Values as a column; text as objects, in every version of pandas."""
    import pandas

    flat = np.asarray(values).reshape(-1)
    return pandas.Series(flat, dtype=object if flat.dtype.kind in "UO" else flat.dtype)
