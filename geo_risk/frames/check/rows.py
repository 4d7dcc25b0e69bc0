"""Rows that are equal: hashes of columns, made only for rows that may still have an equal one."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

from geo_risk._core.distinct import Texts, text_of
from geo_risk._core.types import DayArray, FloatArray, IntArray
from geo_risk.frames.columns import EventColumns

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "HashedColumn",
    "Reports",
    "TakesRows",
    "TextColumn",
    "details_of",
    "equal_rows",
    "joined_hash",
    "text_column",
]

_FACTORS = np.uint64(0x9E3779B97F4A7C15), np.uint64(0xBF58476D1CE4E5B9)  # odd, bits mixed


class TakesRows(Protocol):
    """A column that gives values of the rows asked for."""

    def take(self, rows: IntArray, /) -> Any:
        """Values of some rows, in the order given."""


class TextColumn:
    """A text column that is decoded only for the rows asked for."""

    def __init__(self, events: EventColumns, name: str) -> None:
        self._events, self._name = events, name

    def take(self, rows: IntArray | slice) -> Texts:
        """Texts of some rows."""
        if isinstance(rows, slice):
            return self._events.texts(self._name).take(rows)
        if self._name not in self._events:
            return Texts.missing(len(rows))
        return Texts.of(self._events[self._name].iloc[rows])


class HashedColumn:
    """Hashes of a column's values as text, made only for the rows asked for."""

    def __init__(self, column: pd.Series[Any]) -> None:
        self._column = column

    def take(self, rows: IntArray) -> NDArray[np.uint64]:
        """Hash of each of some rows: equal if their values are equal as text."""
        import pandas as pd

        texts = _as_text(self._column.iloc[rows])
        try:
            hashes = pd.util.hash_pandas_object(texts, index=False)
        except UnicodeEncodeError:  # lone surrogates
            encoded = texts.map(
                lambda text: text.encode("utf-8", "surrogatepass"), na_action="ignore"
            )
            hashes = pd.util.hash_pandas_object(encoded, index=False)
        return np.asarray(hashes, dtype=np.uint64)


_TextsLike = Sequence[str | None] | Texts | TextColumn


def text_column(texts: _TextsLike) -> Texts | TextColumn:
    """Texts of a column of `Reports`; also blank ones are texts."""
    return texts if isinstance(texts, (Texts, TextColumn)) else Texts.of_values(texts, blank=True)


@dataclass(frozen=True, eq=False)
class Reports:
    """Input of the search; one entry per row, missing values are NaN, NaT or None.

    Texts are a sequence, `Texts` or a `TextColumn`, which is decoded only where it is needed.
    """

    lon: FloatArray
    lat: FloatArray
    start: DayArray
    end: DayArray
    source: _TextsLike
    actors: _TextsLike
    category: _TextsLike
    precision: _TextsLike
    best: FloatArray
    low: FloatArray
    high: FloatArray
    detail: NDArray[np.uint64] | Sequence[HashedColumn]
    """Hashes of all other values of a row, of each or column by column: equal if these are."""


def details_of(events: EventColumns) -> list[HashedColumn]:
    """All columns of the events except their identifiers and what earlier steps added."""
    left_out = {events.base.geometry.name, "event_id", "flags", "geometry_"}
    left_out |= set(events.report.get("added_columns", ()))
    kept = [name for name in events.columns if name not in left_out]
    return [HashedColumn(events[name]) for name in kept if not _identifies(name, events[name])]


def _identifies(name: Any, column: pd.Series[Any]) -> bool:
    """Whether a column is named like an identifier and most of its values are distinct."""
    name = str(name).lower()
    if not (name.endswith("id") or "id_" in name):
        return False
    # different whole numbers are different texts
    values = column if column.dtype.kind in "iu" else _as_text(column)
    return bool(2 * values.nunique() > len(column))


def _as_text(column: pd.Series[Any]) -> pd.Series[Any]:
    """Column as text; pandas itself cannot convert bytes that are not UTF-8."""
    return column.map(text_of) if column.dtype == object else column.astype(str)


def equal_rows(rows: IntArray, columns: Iterable[TakesRows]) -> tuple[IntArray, NDArray[np.uint64]]:
    """Rows that have an equal one among those given, and a hash of the values of each.

    Columns are asked one after the other, only for rows that are equal in all before.
    """
    import pandas as pd

    key = np.zeros(len(rows), dtype=np.uint64)
    for column in columns:
        if len(rows) == 0:
            break
        key = joined_hash(key, column.take(rows))
        again = pd.Series(key).duplicated(keep=False).to_numpy()
        rows, key = rows[again], key[again]
    return rows, key


def joined_hash(key: NDArray[np.uint64], values: NDArray[Any]) -> NDArray[np.uint64]:
    """Hash of a hash and a value of 64 bits, row by row; one-to-one in either of the two."""
    key = key + values.view(np.uint64) * _FACTORS[0]
    key ^= key >> np.uint64(29)
    key *= _FACTORS[1]
    key ^= key >> np.uint64(32)
    return key
