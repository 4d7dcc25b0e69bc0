"""Rings of the world layer: read as integers of 1e-5 degree, written as the product's arrays.

Nothing is simplified. Zero-length edges (a vertex given twice in a row) are removed; a ring is
changed only by a row of the corrections table, with the commands of `repair`.
"""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

UNITS_PER_DEGREE = 100_000
IntArray = NDArray[np.int64]
Polygon = list[IntArray]  # exterior first, then holes; rings without their closing vertex

_NUMBER = r"(-?\d+(?:\.\d+)?)"
_VERTEX = rf"{_NUMBER} {_NUMBER}"
_SPLIT = re.compile(rf"split ring at {_VERTEX}")
_REMOVE = re.compile(rf"remove vertex {_VERTEX}")
_GIVE = re.compile(rf"give part at {_VERTEX} to (\S+)")
_INSERT = re.compile(rf"insert vertex {_VERTEX} between {_VERTEX} and {_VERTEX}")


def read_polygons(geometry: dict[str, Any]) -> tuple[list[Polygon], int]:
    """Read a GeoJSON (Multi)Polygon; return its polygons and the zero-length edges removed."""
    kind = geometry["type"]
    if kind not in ("Polygon", "MultiPolygon"):
        raise ValueError(f"Invalid geometry: {kind} is neither Polygon nor MultiPolygon.")
    parts = [geometry["coordinates"]] if kind == "Polygon" else geometry["coordinates"]
    removed, polygons = 0, []
    for part in parts:
        rings = []
        for coordinates in part:
            ring = _as_units(coordinates)
            repeated = (ring == np.roll(ring, -1, axis=0)).all(axis=1)
            removed += int(repeated.sum())
            rings.append(ring[~repeated])
            if len(rings[-1]) < 3:
                raise ValueError(f"Invalid ring: {len(rings[-1])} vertices near {ring[0]}.")
        polygons.append(rings)
    return polygons, removed


def _as_units(coordinates: list[list[float]]) -> IntArray:
    degrees = np.asarray(coordinates, dtype=np.float64)
    units = np.rint(degrees * UNITS_PER_DEGREE).astype(np.int64)
    if (units / UNITS_PER_DEGREE != degrees).any():
        raise ValueError("Invalid coordinates: more than five decimals, so they would be rounded.")
    if (units[0] != units[-1]).any():
        raise ValueError(f"Invalid ring: it starts at {units[0]} and ends at {units[-1]}.")
    return units[:-1]


def repair(polygons: list[Polygon], command: str) -> list[Polygon]:
    """Change one region's rings by a correction; raises an error for an impossible command.

    `split ring at X Y`: a ring that visits a vertex twice becomes two rings, the loop a hole.
    `remove vertex X Y`; `insert vertex X Y between X Y and X Y` (an edge of some ring).
    """
    if match := _SPLIT.fullmatch(command):
        return _split(polygons, _units(match.groups()))
    if match := _REMOVE.fullmatch(command):
        vertex = _units(match.groups())
        return _one_ring(polygons, command, lambda ring: _removed(ring, vertex))
    if match := _INSERT.fullmatch(command):
        numbers = match.groups()
        vertex, start, end = (_units(numbers[k : k + 2]) for k in (0, 2, 4))
        return _one_ring(polygons, command, lambda ring: _inserted(ring, vertex, start, end))
    raise ValueError(f"Invalid geometry correction: {command!r}.")


def give_part(shapes: dict[str, list[Polygon]], giver: str, command: str) -> None:
    """Move a polygon to another region: `give part at X Y to CODE`, a point inside the polygon.

    For islands: no line moves, and no edge gets a new neighbour.
    """
    match = _GIVE.fullmatch(command)
    if match is None:
        raise ValueError(f"Invalid geometry correction: {command!r}.")
    point = shapely.Point(*_units(match.groups()[:2]))
    parts = [k for k, rings in enumerate(shapes[giver]) if shapely.Polygon(rings[0]).covers(point)]
    if len(parts) != 1:
        raise ValueError(
            f"Invalid geometry correction: {len(parts)} parts of {giver}: {command!r}."
        )
    shapes[match.group(3)].append(shapes[giver].pop(parts[0]))


def _units(numbers: tuple[str, ...]) -> IntArray:
    return np.rint(np.array([float(n) for n in numbers]) * UNITS_PER_DEGREE).astype(np.int64)


def _at(ring: IntArray, vertex: IntArray) -> IntArray:
    return np.flatnonzero((ring == vertex).all(axis=1))


def _one_ring(polygons: list[Polygon], command: str, change: Any) -> list[Polygon]:
    changed, result = 0, []
    for rings in polygons:
        new = [change(ring) for ring in rings]
        changed += sum(ring is not None for ring in new)
        result.append([old if ring is None else ring for old, ring in zip(rings, new)])
    if changed != 1:
        raise ValueError(f"Invalid geometry correction: {command!r} fits {changed} rings, not 1.")
    return result


def _removed(ring: IntArray, vertex: IntArray) -> IntArray | None:
    where = _at(ring, vertex)
    return np.delete(ring, where, axis=0) if len(where) == 1 else None


def _inserted(ring: IntArray, vertex: IntArray, start: IntArray, end: IntArray) -> IntArray | None:
    for first, second in ((start, end), (end, start)):
        for k in _at(ring, first):
            if (ring[(k + 1) % len(ring)] == second).all():
                return np.insert(ring, k + 1, vertex, axis=0)
    return None


def _split(polygons: list[Polygon], vertex: IntArray) -> list[Polygon]:
    result, splits = [], 0
    for rings in polygons:
        new: Polygon = []
        loops: Polygon = []
        for ring in rings:
            where = _at(ring, vertex)
            if len(where) != 2:
                new.append(ring)
                continue
            splits += 1
            inner = ring[where[0] : where[1]]
            outer = np.concatenate([ring[where[1] :], ring[: where[0]]])
            if abs(signed_area(inner)) > abs(signed_area(outer)):
                inner, outer = outer, inner
            new.append(outer)
            loops.append(inner)
        result.append(new + loops)
    if splits != 1:
        raise ValueError(f"Invalid geometry correction: {splits} rings visit {vertex} twice.")
    return result


def signed_area(ring: IntArray) -> float:
    """Twice the ring's planar area, in square units; positive counter-clockwise."""
    x, y = ring[:, 0].astype(float), ring[:, 1].astype(float)
    return float(np.sum(x * np.roll(y, -1) - np.roll(x, -1) * y))


def encode(regions: list[list[Polygon]]) -> dict[str, NDArray[np.int32]]:
    """Encode the regions' rings as the product's four arrays."""
    rings: list[IntArray] = []
    ring_part: list[int] = []
    part_region: list[int] = []
    for row, polygons in enumerate(regions):
        for polygon in polygons:
            ring_part += [len(part_region)] * len(polygon)
            part_region.append(row)
            rings += polygon
    vertices = np.concatenate(rings)
    delta = np.diff(vertices, axis=0, prepend=np.zeros((1, 2), dtype=np.int64))
    arrays = {
        "delta": delta,
        "ring_size": np.array([len(ring) for ring in rings]),
        "ring_part": np.array(ring_part),
        "part_region": np.array(part_region),
    }
    return {name: array.astype(np.int32) for name, array in arrays.items()}
