"""Checks of what callers pass as cells: numbers or names, 0 or None where missing."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = [
    "as_cells",
    "as_grid",
    "as_uint64",
    "check_k",
    "check_valid",
    "read_names",
    "resolutions",
]

CellArray = NDArray[np.uint64]
IntArray = NDArray[np.int64]


def read_names(names: ArrayLike | Iterable[str | None]) -> CellArray:
    """Cells from names; None, NaN and NA give 0."""
    array = np.asarray(names, dtype=object)
    values = array.reshape(-1).tolist()
    out = np.zeros(len(values), dtype=np.uint64)
    for place, value in enumerate(values):
        if isinstance(value, str):
            out[place] = _parse_name(value, place)
        elif not _is_missing(value):
            raise TypeError(f"Invalid names: {value!r} at index {place} is not a string.")
    return check_valid(out, "names", as_given=values).reshape(array.shape)


def _parse_name(name: str, place: int) -> int:
    if len(name) == 15 and name.isascii() and name.isalnum():
        try:
            return int(name, 16)
        except ValueError:
            pass
    raise ValueError(f"Invalid names: {name!r} at index {place} is not the name of an H3 cell.")


def _is_missing(value: object) -> bool:
    return value is None or type(value).__name__ in ("NAType", "NaTType") or value != value


def as_uint64(cells: ArrayLike, name: str) -> CellArray:
    """Cells as uint64 in their own shape; names are read, floats refused."""
    array = np.asarray(cells)
    if array.dtype.kind in "OUST":
        if not all(isinstance(value, (int, np.integer)) for value in array.reshape(-1)):
            return read_names(array)
        array = array.astype(np.uint64)
    if array.size == 0:
        return np.zeros(array.shape, dtype=np.uint64)
    if array.dtype.kind == "f":
        raise TypeError(
            f"Invalid {name}: dtype {array.dtype} cannot hold 64-bit cells exactly; "
            "use uint64 with 0 for missing, or strings with None."
        )
    if array.dtype.kind not in "iu":
        raise TypeError(f"Invalid {name}: dtype {array.dtype} is not uint64.")
    if array.dtype.kind == "i" and (array < 0).any():
        first = int(np.argmax(array.reshape(-1) < 0))
        raise ValueError(
            f"Invalid {name}: {array.reshape(-1)[first]} at index {first} is negative."
        )
    return array.astype(np.uint64, copy=False)


def check_valid(cells: CellArray, name: str, as_given: list[Any] | None = None) -> CellArray:
    from geo_risk import _h3

    bad = ~_h3.is_valid(cells) & (cells != 0)
    if bad.any():
        first = int(np.argmax(bad))
        shown = repr(as_given[first]) if as_given else hex(int(cells[first]))
        raise ValueError(
            f"Invalid {name}: {int(bad.sum())} of {cells.size} values are not H3 cells; "
            f"first at index {first}: {shown}."
        )
    return cells


def as_cells(cells: ArrayLike, name: str = "cells") -> tuple[CellArray, tuple[int, ...]]:
    """Flat, valid cells (0 where missing) and their shape."""
    array = as_uint64(cells, name)
    return check_valid(np.ascontiguousarray(array).reshape(-1), name), array.shape


def as_grid(cells: ArrayLike, name: str = "cells") -> CellArray:
    """Flat, valid cells, none missing, all of one resolution, each once."""
    flat, _ = as_cells(cells, name)
    if (flat == 0).any():
        raise ValueError(
            f"Invalid {name}: {int((flat == 0).sum())} of {flat.size} are missing; "
            f"first at index {int(np.argmax(flat == 0))}."
        )
    levels = resolutions(flat)
    if flat.size and (levels != levels[0]).any():
        first = int(np.argmax(levels != levels[0]))
        raise ValueError(
            f"Invalid {name}: mixed resolutions; index 0 has {levels[0]}, "
            f"index {first} has {levels[first]}."
        )
    if (flat[1:] > flat[:-1]).all():
        return flat
    order = np.argsort(flat, kind="stable")
    twice = np.flatnonzero(flat[order][1:] == flat[order][:-1])
    if twice.size:
        pairs = order[np.stack((twice, twice + 1))]
        a, b = pairs[:, np.argmin(pairs[1])]
        raise ValueError(
            f"Invalid {name}: {twice.size} of {flat.size} are duplicates; first at index {b}: "
            f"{int(flat[b]):x} is also at index {a}."
        )
    return flat


def resolutions(cells: CellArray) -> IntArray:
    bits: IntArray = ((cells >> np.uint64(52)) & np.uint64(15)).astype(np.int64)
    bits[cells == 0] = -1
    return bits


def check_k(k: Any) -> int:
    if isinstance(k, bool) or not isinstance(k, (int, np.integer)):
        raise TypeError(f"Invalid k: {k!r} is not an integer.")
    if k < 0:
        raise ValueError(f"Invalid k: {k}; must be at least 0.")
    return int(k)
