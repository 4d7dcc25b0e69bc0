"""Find deeply nested geometries: GEOS and GDAL read them by recursion, which ends the process.

They are checked before, in one pass over the geometries that are long enough to be nested.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Any, Final, Literal

import numpy as np

__all__ = ["MOST_LEVELS", "deep_rows", "deep_shapes", "too_deep"]

MOST_LEVELS: Final = 32
"""Most levels of collections within collections, as in GDAL; published ones have one or two."""

_LEVEL_BYTES = 9  # of WKB: byte order, type, number of parts
_SRID, _M, _Z = 0x20000000, 0x40000000, 0x80000000  # flags of EWKB
_POINT, _POLYGON = 1, 3
_SHAPES = frozenset({_POINT, 2, _POLYGON, 8})
_COLLECTIONS = frozenset({4, 5, 6, 7, 9, 10, 11, 12, 15, 16})  # their parts are whole geometries


def too_deep(shape: Any) -> bool:
    """Whether one geometry is nested more than `MOST_LEVELS` levels.

    Accepts WKT and hexadecimal WKB (str), WKB and EWKB (bytes), GeoJSON (mapping); False for
    anything else. Invalid geometries are left to the reader.
    """
    if isinstance(shape, str):
        return _hex_too_deep(shape) if shape[:1].isdigit() else _wkt_too_deep(shape)
    if isinstance(shape, (bytes, bytearray, memoryview)):
        return _wkb_too_deep(shape)
    return isinstance(shape, Mapping) and _mapping_too_deep(shape)


def deep_rows(column: Any) -> list[int]:
    """Positions of the geometries in an Arrow column of WKB that are nested too deeply."""
    import pyarrow.compute as pc

    long = pc.fill_null(pc.greater(pc.binary_length(column), MOST_LEVELS * _LEVEL_BYTES), False)
    rows = np.flatnonzero(long.to_numpy(zero_copy_only=False))
    return [row for row in rows.tolist() if _wkb_too_deep(column[row].as_py())]


def _wkt_too_deep(text: str) -> bool:
    if text.count("(") <= MOST_LEVELS:
        return False
    marks = np.frombuffer(text.encode("utf-8", "replace"), dtype=np.uint8)
    closing = marks[marks | 1 == ord(")")] == ord(")")  # "(" is the byte before it
    return bool(np.cumsum(np.where(closing, -1, 1)).max() > MOST_LEVELS)


def _hex_too_deep(text: str) -> bool:
    if len(text) <= 2 * MOST_LEVELS * _LEVEL_BYTES:
        return False
    try:
        return _wkb_too_deep(bytes.fromhex(text[: len(text) // 2 * 2]))
    except ValueError:
        return False


def _wkb_too_deep(wkb: bytes | bytearray | memoryview) -> bool:
    """Read the parts as GEOS does: types of ISO and flags of EWKB, in either byte order."""
    if len(wkb) <= MOST_LEVELS * _LEVEL_BYTES:
        return False
    data, at, order = bytes(wkb), 0, sys.byteorder
    left = [1]  # geometries still to come, in total and in each open collection
    while at + 5 <= len(data):
        while not left[-1]:
            left.pop()
            if not left:
                return False
        left[-1] -= 1
        if data[at] < 2:  # any other value leaves the order unchanged
            order = "little" if data[at] else "big"
        kind = _number(data, at + 1, order)
        at += 9 if kind & _SRID else 5
        iso, base = divmod(kind & 0xFFFF, 1000)
        if base in _COLLECTIONS:
            left.append(_number(data, at, order))
            at += 4
            if len(left) > MOST_LEVELS + 1:
                return True
        elif base in _SHAPES:
            width = 8 * (2 + (bool(kind & _Z) or iso in (1, 3)) + (bool(kind & _M) or iso > 1))
            at = _end(data, at, base, width, order)
        else:
            return False  # readers stop here
    return False


def _number(data: bytes, at: int, order: Literal["little", "big"]) -> int:
    return int.from_bytes(data[at : at + 4], order)


def _end(data: bytes, at: int, base: int, width: int, order: Literal["little", "big"]) -> int:
    """End of a point, a line or a polygon whose numbers begin at `at`."""
    if base == _POINT:
        return at + width
    rings = 1
    if base == _POLYGON:
        rings, at = _number(data, at, order), at + 4
    while rings and at < len(data):
        rings, at = rings - 1, at + 4 + width * _number(data, at, order)
    return at


def _mapping_too_deep(shape: Mapping[str, Any]) -> bool:
    level: list[Any] = [shape]
    for _ in range(MOST_LEVELS + 1):
        parts = [part.get("geometries") for part in level if isinstance(part, Mapping)]
        level = [part for held in parts if isinstance(held, (list, tuple)) for part in held]
        if not level:
            return False
    return True


def deep_shapes(shapes: Any) -> Any:
    """Mask of the geometries that nest more than `MOST_LEVELS` collections."""
    import shapely

    deep = np.zeros(len(shapes), dtype=bool)
    rows = np.flatnonzero(shapely.get_type_id(shapes) == 7)
    level = shapes[rows]
    for _ in range(MOST_LEVELS):
        if not len(rows):
            return deep
        level, held = shapely.get_parts(level, return_index=True)
        inner = shapely.get_type_id(level) == 7
        rows, level = rows[held[inner]], level[inner]
    deep[rows] = True
    return deep
