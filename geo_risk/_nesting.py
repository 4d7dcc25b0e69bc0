"""How deeply geometries are nested, told before GEOS or GDAL see them: those recurse, and crash."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from struct import Struct, error
from typing import Any

__all__ = ["LEAST_DEEP_BYTES", "MOST_LEVELS", "deep_json", "deep_shapes", "deep_wkb"]

MOST_LEVELS = 32
"""Levels of geometries within geometries that are read: as many as GDAL reads itself."""

_HOLDERS = frozenset({4, 5, 6, 7, 9, 10, 11, 12})  # Multi*, collections, those of arcs (SQL/MM)
_LINES = frozenset({2, 8})
_POINT, _POLYGON = 1, 3
_Z, _M, _SRID = 0x80000000, 0x40000000, 0x20000000
_NUMBER = {0: Struct(">I"), 1: Struct("<I")}
LEAST_DEEP_BYTES = 9 * MOST_LEVELS
"""Shorter WKB is not deep: a level has a byte order, a type and a count."""


def deep_wkb(blob: bytes) -> bool:
    """Whether WKB, ISO or extended, nests more than `MOST_LEVELS` levels.

    What is cut short or no WKB is not deep; whoever reads it says what it is.
    """
    if len(blob) < LEAST_DEEP_BYTES:
        return False
    at, pending = 0, [1]  # geometries still to come on each open level
    try:
        while pending:
            if pending[-1] == 0:
                pending.pop()
                continue
            pending[-1] -= 1
            at, held = _next(blob, at)
            if held is not None:
                pending.append(held)
            if len(pending) > MOST_LEVELS + 1:
                return True
    except (error, KeyError):
        pass
    return False


def _next(blob: bytes, at: int) -> tuple[int, int | None]:
    """Where the content of the geometry at `at` ends or, if it holds others, begins; how many."""
    number = _NUMBER[blob[at] if at < len(blob) else 2]
    (code,) = number.unpack_from(blob, at + 1)
    kind, flavour = (code & 0xFFFF) % 1000, (code & 0xFFFF) // 1000
    width = 16 + 8 * (bool(code & _Z) + bool(code & _M) + (0, 1, 1, 2)[min(flavour, 3)])
    at += 9 if code & _SRID else 5
    if kind == _POINT:
        return at + width, None
    (count,) = number.unpack_from(blob, at)
    at += 4
    if kind in _HOLDERS:
        return at, count
    if kind in _LINES:
        return at + count * width, None
    if kind != _POLYGON:
        raise KeyError(kind)
    for _ in range(count):
        (points,) = number.unpack_from(blob, at)
        at += 4 + points * width
    return at, None


def deep_json(geometry: Any) -> bool:
    """Whether a GeoJSON geometry nests more than `MOST_LEVELS` collections."""
    level = _collections([geometry])
    for _ in range(MOST_LEVELS):
        if not level:
            return False
        level = _collections(part for one in level for part in one["geometries"])
    return bool(level)


def _collections(geometries: Iterable[Any]) -> list[Any]:
    return [one for one in geometries if isinstance(one, Mapping) and one.get("geometries")]


def deep_shapes(shapes: Any) -> Any:
    """Which of an array of geometries nest more than `MOST_LEVELS` collections."""
    import numpy as np
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
