"""A text column as its distinct values and one number per row, so that work is done once a value.

A million rows of a real table name some thousand sources, countries and places: comparing,
searching and writing each distinct text once costs a hundredth of doing so for each row.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from geo_risk._core.types import BoolArray, Int32Array, IntArray

__all__ = ["Texts", "joined_flags", "joint_codes", "text_of"]


@dataclass(frozen=True, eq=False)
class Texts:
    """Texts of the rows of a table.

    Attributes
    ----------
    values : ndarray of object, shape (k,)
        Texts, each once. A value may belong to no row.
    codes : ndarray of int32, shape (n,)
        Position of each row's text in `values`; -1 if it is missing or blank.
    """

    values: NDArray[np.object_]
    codes: Int32Array

    @classmethod
    def of(cls, column: Any, *, blank: bool = False) -> Texts:
        """Texts of a pandas Series; values that are not text are written as `text_of` does.

        Blank texts are missing, unless `blank` is set.
        """
        import pandas as pd

        if isinstance(column.dtype, pd.CategoricalDtype):
            kinds = _texts(column.cat.categories.to_series())
            return cls.of_values(kinds, blank=blank).take(np.asarray(column.cat.codes))
        encoded = _encoded(column)
        if encoded is None:
            return cls.of_values(_texts(column), blank=blank)
        return cls.of_values(encoded[0], blank=blank).take(encoded[1])

    @classmethod
    def of_values(cls, texts: Iterable[str | None], *, blank: bool = False) -> Texts:
        """Texts of an iterable, one row per item; blank ones are missing, unless `blank` is set."""
        known: dict[str | None, int] = {None: -1}
        codes = [
            known.setdefault(text if blank or (text and text.strip()) else None, len(known) - 1)
            for text in texts
        ]
        del known[None]
        return cls(_objects(known), np.array(codes, dtype=np.int32))

    @classmethod
    def missing(cls, n: int) -> Texts:
        """`n` rows without text."""
        return cls(_objects([]), np.full(n, -1, dtype=np.int32))

    def __len__(self) -> int:
        return len(self.codes)

    @property
    def known(self) -> BoolArray:
        """Rows that have a text."""
        return self.codes >= 0

    def take(self, rows: IntArray | Int32Array | slice) -> Texts:
        """Texts of some rows, in the order given; a row of -1 has none."""
        if isinstance(rows, slice):
            return Texts(self.values, self.codes[rows])
        return Texts(self.values, np.append(self.codes, np.int32(-1))[rows])

    def used(self) -> Texts:
        """The same rows, without the values that belong to none of them."""
        held = self.counts() > 0
        number = np.append(np.cumsum(held) - 1, -1).astype(np.int32)
        return Texts(self.values[held], number[self.codes])

    def counts(self) -> IntArray:
        """Rows of each value, shape (k,)."""
        return np.bincount(self.codes + 1, minlength=len(self.values) + 1)[1:].astype(np.int64)

    def to_numpy(self, missing: str | None = None) -> NDArray[np.object_]:
        """One text per row, shape (n,); `missing` where there is none."""
        return _objects([*self.values, missing])[self.codes]

    def tolist(self) -> list[str | None]:
        """One text per row; None where there is none."""
        texts: list[str | None] = self.to_numpy().tolist()
        return texts

    def map(self, function: Callable[[str], Any], missing: Any, dtype: Any) -> NDArray[Any]:
        """Result of a function for each row, shape (n,), called once per distinct text."""
        results = np.empty(len(self.values) + 1, dtype=dtype)
        for at, text in enumerate(self.values):
            results[at] = function(text)
        results[-1] = missing
        return results[self.codes]

    def texts(self, function: Callable[[str], str | None]) -> Texts:
        """Texts that a function gives for these, called once per distinct text."""
        return Texts.of_values([function(text) for text in self.values]).take(self.codes)

    def isin(self, wanted: Collection[str]) -> BoolArray:
        """Rows whose text is one of those given."""
        return self.map(lambda text: text in wanted, False, np.bool_)


def joint_codes(*columns: Texts) -> tuple[IntArray, IntArray]:
    """Distinct combinations of the texts of several columns.

    Returns
    -------
    first : ndarray of int64
        A row of each combination.
    combination : ndarray of int64, shape (n,)
        The combination of each row.
    """
    key = np.zeros(len(columns[0]), dtype=np.int64)
    for column in columns:
        size = len(column.values) + 1
        if len(key) and int(key.max()) >= np.iinfo(np.int64).max // size:
            key = np.unique(key, return_inverse=True)[1].reshape(-1)
        key = key * size + column.codes + 1
    _, first, back = np.unique(key, return_index=True, return_inverse=True)
    return first.astype(np.int64), back.reshape(-1).astype(np.int64)


def joined_flags(flags: Texts, rows: Iterable[tuple[BoolArray, str]]) -> Texts:
    """Flags with each code added to the rows of its mask, once per row."""
    for mask, code in rows:
        chosen = np.flatnonzero(mask)
        if len(chosen) == 0:
            continue
        # the same code is added to the same text once; the codes that result are numbered anew
        before, each = np.unique(flags.codes[chosen], return_inverse=True)
        texts = [*flags.values.tolist(), None]
        position = {text: at for at, text in enumerate(flags.values)}
        after = [
            position.setdefault(text, len(position))
            for text in (_with_code(texts[at], code) for at in before.tolist())
        ]
        codes = flags.codes.copy()
        codes[chosen] = np.array(after, dtype=np.int32)[each.reshape(-1)]
        flags = Texts(_objects(position), codes)
    return flags


def _with_code(text: str | None, code: str) -> str:
    present = text.split(";") if text else []
    return ";".join(present if code in present else [*present, code])


def text_of(value: Any) -> str:
    """One value as text: bytes as UTF-8 if they are valid, else as hexadecimal digits."""
    if isinstance(value, (bytes, bytearray, memoryview)):
        try:
            text = bytes(value).decode()
        except UnicodeDecodeError:
            return value.hex()
        return text if text.isprintable() else value.hex()
    try:
        return str(value)
    except RecursionError:  # lists within lists
        return type(value).__name__


def _objects(texts: Iterable[Any]) -> NDArray[np.object_]:
    return np.array([*texts, None], dtype=object)[:-1]


def _texts(column: Any) -> list[str | None]:
    """Text of each row of a Series, whatever its values are; None if missing."""
    import pandas as pd

    missing = column.isna().tolist()
    if isinstance(column.dtype, pd.StringDtype):  # Arrow's text is slow row by row
        column = column.to_numpy(dtype=object)
    return [None if absent else text_of(value) for value, absent in zip(column.tolist(), missing)]


def _encoded(column: Any) -> tuple[list[str | None], Int32Array] | None:
    """Distinct texts and codes of a Series that holds text alone; None for other values.

    Arrow compares the bytes: pandas itself merges texts that differ after a NUL character.
    """
    import pandas as pd
    import pyarrow as pa

    if not (column.dtype == object or isinstance(column.dtype, pd.StringDtype)):
        return None
    try:
        array = pa.array(column.array, from_pandas=True)
    except (pa.ArrowException, TypeError, ValueError, OverflowError):  # mixed, surrogates
        return None
    if isinstance(array, pa.ChunkedArray):
        array = array.cast(pa.large_string()).combine_chunks()
    if not (pa.types.is_string(array.type) or pa.types.is_large_string(array.type)):
        return None
    found = array.dictionary_encode()
    codes = found.indices.fill_null(-1).to_numpy(zero_copy_only=False)
    return found.dictionary.to_pylist(), codes.astype(np.int32, copy=False)
