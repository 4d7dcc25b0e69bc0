"""Checks of the cells that callers pass: numbers or names, 0 or None if missing."""

from __future__ import annotations

from binascii import unhexlify
from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from geo_risk._core.types import CellArray, IntArray
from geo_risk._core.validate import is_integer

__all__ = [
    "as_cells",
    "as_grid",
    "as_uint64",
    "check_resolutions",
    "check_valid",
    "read_names",
    "resolutions",
]


_BLANK = "0" * 15  # stands for a missing name
_SOME = 4096  # names whose text stays in the processor's cache
_HEX = np.full(128, 16, dtype=np.uint8)  # value of each ASCII hexadecimal digit, else 16
for _digit, _pair in enumerate("0123456789abcdef"):
    _HEX[[ord(_pair), ord(_pair.upper())]] = _digit


def read_names(names: ArrayLike | Iterable[str | None]) -> CellArray:
    """Cells from names; None, NaN and NA give 0."""
    array = np.asarray(names, dtype=object)
    values = array.reshape(-1)
    found = _parse_all(values)
    if found is None:
        found = _parse_each(values)
    return check_valid(found, "names", as_given=values).reshape(array.shape)


def _parse_all(values: NDArray[np.object_]) -> CellArray | None:
    """Read names and None, some at a time as one text; None if there is anything else."""
    out = np.empty(values.size, dtype=np.uint64)
    for start in range(0, values.size, _SOME):
        digits = _joined(values[start : start + _SOME].tolist())
        if digits is None:
            return None
        out[start : start + _SOME] = np.frombuffer(digits, dtype=">u8")
    return out >> np.uint64(4)


def _joined(values: list[Any]) -> bytes | None:
    """8 bytes for each name or None: 15 hexadecimal digits and a 0."""
    try:
        text = "\n".join(values)
    except TypeError:
        try:
            text = "\n".join([value or _BLANK for value in values])
        except (TypeError, ValueError):  # what has no truth value, such as NA
            return None
    if not text.isascii():
        return None
    digits = bytearray(text, "ascii") + b"\n"
    if len(digits) != 16 * len(values) or digits[15::16] != b"\n" * len(values):
        return None
    digits[15::16] = b"0" * len(values)
    try:
        found = unhexlify(digits)
    except ValueError:
        return None
    blank = np.count_nonzero(np.frombuffer(found, dtype=np.uint64) == 0)
    return found if blank == 0 or blank == values.count(None) else None


def _parse_each(values: NDArray[np.object_]) -> CellArray:
    """Read names and missing values one by one; an error states the first of anything else."""
    text = np.fromiter((isinstance(value, str) for value in values), np.bool_, values.size)
    out = np.zeros(values.size, dtype=np.uint64)
    out[text] = _parse(values[text])
    for place in np.flatnonzero(out == 0).tolist():
        value = values[place]
        if text[place]:
            raise ValueError(
                f"Invalid names: {value!r} at index {place} is not the name of an H3 cell."
            )
        if not _is_missing(value):
            raise TypeError(f"Invalid names: {value!r} at index {place} is not a string.")
    return out


def _parse(names: NDArray[np.object_]) -> CellArray:
    """Read 15 hexadecimal digits each; 0 for anything else."""
    codes = np.ascontiguousarray(names.astype("U16")).view(np.uint32).reshape(-1, 16)
    digits = _HEX[np.minimum(codes, 127)]
    good = (digits[:, :15] < 16).all(axis=1) & (codes[:, 15] == 0)
    out = np.zeros(names.size, dtype=np.uint64)
    for column in range(15):
        out = (out << np.uint64(4)) | digits[:, column].astype(np.uint64)
    return np.where(good, out, np.uint64(0))


def _is_missing(value: object) -> bool:
    return value is None or type(value).__name__ in ("NAType", "NaTType") or value != value


def as_uint64(cells: ArrayLike, name: str) -> CellArray:
    """Cells as uint64 in their own shape; names are converted, floats rejected."""
    if hasattr(cells, "to_numpy") and not isinstance(getattr(cells, "dtype", None), np.dtype):
        cells = cells.to_numpy(dtype=object)  # pandas would turn nullable integers into floats
    array = np.asarray(cells)
    if array.dtype.kind in "OUST":
        values = array.reshape(-1).tolist()
        if not all(is_integer(value) or _is_missing(value) for value in values):
            return read_names(array)
        whole = [int(value) if is_integer(value) else 0 for value in values]
        _check_bounds(whole, name)
        array = np.array(whole, dtype=np.uint64).reshape(array.shape)
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
        _check_bounds(array.reshape(-1).tolist(), name)
    return array.astype(np.uint64, copy=False)


def _check_bounds(values: list[int], name: str) -> None:
    for place, value in enumerate(values):
        if not 0 <= value < 2**64:
            raise ValueError(f"Invalid {name}: {value} at index {place} is not a 64-bit cell.")


def check_valid(
    cells: CellArray, name: str, as_given: NDArray[np.object_] | None = None
) -> CellArray:
    from geo_risk.cells import _h3

    bad = ~_h3.is_valid(cells) & (cells != 0)
    if bad.any():
        first = int(np.argmax(bad))
        shown = repr(as_given[first]) if as_given is not None else hex(int(cells[first]))
        raise ValueError(
            f"Invalid {name}: {int(bad.sum())} of {cells.size} values are not H3 cells; "
            f"first at index {first}: {shown}."
        )
    return cells


def as_cells(cells: ArrayLike, name: str = "cells") -> tuple[CellArray, tuple[int, ...]]:
    """Flat, valid cells (0 where missing) and their shape."""
    array = as_uint64(cells, name)
    return check_valid(np.ascontiguousarray(array).reshape(-1), name), array.shape


def as_grid(cells: ArrayLike, name: str = "cells", n_jobs: int = 1) -> CellArray:
    """Flat, valid cells, none missing, all of one resolution, each once."""
    from geo_risk.cells import _h3_sets

    flat = np.ascontiguousarray(as_uint64(cells, name)).reshape(-1)
    if _h3_sets.is_grid(flat, n_jobs):  # ascending, as study grids are: no other check needed
        return flat
    check_valid(flat, name)
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
    rising = np.sort(flat)
    if (rising[1:] != rising[:-1]).all():
        return flat
    order = np.argsort(flat, kind="stable")
    twice = np.flatnonzero(flat[order][1:] == flat[order][:-1])
    pairs = order[np.stack((twice, twice + 1))]
    a, b = pairs[:, np.argmin(pairs[1])]
    raise ValueError(
        f"Invalid {name}: {twice.size} of {flat.size} are duplicates; first at index {b}: "
        f"{int(flat[b]):x} is also at index {a}."
    )


def resolutions(cells: CellArray) -> IntArray:
    bits: IntArray = ((cells >> np.uint64(52)) & np.uint64(15)).astype(np.int64)
    bits[cells == 0] = -1
    return bits


def check_resolutions(array: NDArray[Any]) -> IntArray:
    """Resolutions in their own shape, each an integer from 0 to 15."""
    if array.dtype.kind not in "iu" and array.size:
        raise TypeError(f"Invalid resolution: dtype {array.dtype}; must be integers.")
    bad = (array < 0) | (array > 15) if array.size else np.zeros(0, dtype=np.bool_)
    if bad.any():
        first = int(np.argmax(bad))
        raise ValueError(
            f"Invalid resolution: {int(bad.sum())} of {array.size} values outside [0, 15]; "
            f"first at index {first}: {array.reshape(-1)[first]}."
        )
    return array.astype(np.int64)
