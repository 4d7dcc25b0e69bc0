"""Repair the polygons of a layer, and find overlaps and gaps."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from geo_risk.regions.overlay import area_km2, overlap_table
from geo_risk.regions.report import Piece, Repair

__all__ = ["find_gaps", "find_overlaps", "is_exact", "make_sound"]

_THIN = 0.1  # 4 pi area / perimeter² of a sliver; a circle has 1, a 1:30 rectangle 0.1
_LARGE = 50_000  # vertices from which GEOS is called only if a faster proof fails
_ROUNDING = 8.0 * np.finfo(float).eps  # of a cross product, relative to its terms
_LEAST_KM2 = 1e-9  # a thousandth of a square metre: below it, rounding of intersections


def make_sound(shapes: NDArray[np.object_]) -> tuple[NDArray[np.object_], list[tuple[int, str]]]:
    """Repair invalid polygons; return all, and (row, reason) of those repaired.

    A repaired shape covers the area that the rings enclosed an odd number of times. Remaining
    lines and points are dropped, and so are polygons that their own holes cover. A shape without
    any remaining area becomes None.
    """
    import shapely

    sound = shapes.copy()
    empty = shapely.is_empty(shapes)
    sound[empty] = None
    doubtful = ~shapely.is_missing(sound)
    for row in np.flatnonzero(shapely.get_num_coordinates(sound) > _LARGE):
        doubtful[row] = not _is_star(sound[row])
    bad = np.flatnonzero(doubtful)
    bad = bad[~shapely.is_valid(sound[bad])]
    notes = [(int(row), str(shapely.is_valid_reason(sound[row]))) for row in bad]
    for row in bad:
        sound[row] = _polygons_of(shapely.make_valid(_without_cancelled(sound[row])))
    mixed = np.flatnonzero(shapely.get_type_id(sound) == 7)
    for row in mixed:  # a collection in the source
        sound[row] = _polygons_of(sound[row])
    return sound, notes


def _is_star(shape: Any) -> bool:
    """Whether a polygon is one ring that goes once around the centre of its box, never back.

    Such a ring cannot cross itself. False if rounding leaves a doubt.
    """
    import shapely

    if shape.geom_type != "Polygon" or shapely.get_num_interior_rings(shape) > 0:
        return False
    west, south, east, north = shape.bounds
    x, y = (shapely.get_coordinates(shape) - [0.5 * (west + east), 0.5 * (south + north)]).T
    ahead, back = x[:-1] * y[1:], y[:-1] * x[1:]
    turn, doubt = ahead - back, _ROUNDING * (np.abs(ahead) + np.abs(back))
    rounds = np.count_nonzero((y[:-1] < 0.0) & (y[1:] >= 0.0))
    onward = (turn > doubt).all() or (turn < -doubt).all()
    return bool(onward) and int(rounds) == 1


def _without_cancelled(shape: Any) -> Any:
    """A shape without the polygons that their own holes cover."""
    import shapely

    parts = shapely.get_parts(shapely.get_parts(shape))
    holed = np.flatnonzero(
        (shapely.get_type_id(parts) == 3) & (shapely.get_num_interior_rings(parts) > 0)
    )
    left = shapely.make_valid(parts[holed], method="structure", keep_collapsed=False)
    gone = holed[shapely.area(left) == 0.0]
    return shapely.geometrycollections(np.delete(parts, gone)) if len(gone) else shape


def _polygons_of(shape: Any) -> Any:
    """Only the polygons of a shape; None if it has none."""
    import shapely

    parts = shapely.get_parts(shapely.get_parts(shape))
    parts = parts[(shapely.get_type_id(parts) == 3) & (shapely.area(parts) > 0.0)]
    if len(parts) == 0:
        return None
    return parts[0] if len(parts) == 1 else shapely.union_all(parts)


def describe_repairs(
    before: NDArray[np.object_],
    after: NDArray[np.object_],
    notes: list[tuple[int, str]],
    codes: list[str],
) -> tuple[Repair, ...]:
    """Describe how the repairs changed the areas."""
    return tuple(
        Repair(codes[row], reason, float(area_km2(after[[row]])[0]),
               float((area_km2(after[[row]]) - area_km2(before[[row]]))[0]))
        for row, reason in notes
    )  # fmt: skip


def is_exact(shapes: NDArray[np.object_]) -> bool:
    """Whether no two polygons overlap and neighbours meet vertex for vertex.

    Also False if the GEOS library is too old for the check.
    """
    import shapely

    if not hasattr(shapely, "coverage_is_valid"):
        return False
    return bool(shapely.coverage_is_valid(shapes[~shapely.is_missing(shapes)]))


def find_overlaps(
    shapes: NDArray[np.object_],
    codes: list[str],
    together: Any = None,
) -> tuple[Piece, ...]:
    """Find areas that belong to two regions, largest first.

    Parameters
    ----------
    shapes : ndarray of valid polygons
    codes : list of str
    together : callable, optional
        ``together(i, j)`` returns which pairs of rows count; by default all do.
    """
    import shapely

    row, other, _ = overlap_table(shapes, shapes)
    once = row < other
    row, other = row[once], other[once]
    if together is not None and len(row):
        kept = together(row, other)
        row, other = row[kept], other[kept]
    pieces = []
    for i, j in zip(row.tolist(), other.tolist()):
        common = _polygons_of(shapely.intersection(shapes[i], shapes[j]))
        if common is not None:
            pieces += _pieces(common, (codes[i], codes[j]))
    return tuple(sorted(pieces, key=lambda piece: (-piece.area_km2, piece.region_codes)))


def find_gaps(
    shapes: NDArray[np.object_], codes: list[str], *, exact: bool = False
) -> tuple[Piece, ...]:
    """Find areas enclosed by regions that belong to none, largest first.

    Parameters
    ----------
    shapes : ndarray of valid polygons
    codes : list of str
    exact : bool
        Whether `is_exact` is True: then the union is fast.
    """
    import shapely

    present = np.flatnonzero(~shapely.is_missing(shapes))
    join = shapely.coverage_union_all if exact else shapely.union_all
    union: Any = join(shapes[present])
    parts = shapely.get_parts(union)
    rings, ring_part = shapely.get_rings(parts, return_index=True)
    inner = np.ones(len(rings), dtype=bool)
    inner[np.unique(ring_part, return_index=True)[1]] = False
    holes: Any = shapely.polygons(rings[inner])
    # an island in a hole belongs to the layer: the rest of the hole is the gap
    gaps = shapely.difference(holes, union) if len(holes) else holes
    tree = shapely.STRtree(shapes[present])
    pieces = []
    for gap in gaps:
        around = present[np.sort(tree.query(gap, predicate="intersects"))]
        pieces += _pieces(gap, tuple(codes[row] for row in around))
    return tuple(sorted(pieces, key=lambda piece: (-piece.area_km2, piece.region_codes)))


def _pieces(shape: Any, codes: tuple[str, ...]) -> list[Piece]:
    """One piece per polygon."""
    import shapely

    from geo_risk.regions.overlay import to_equal_area

    parts = shapely.get_parts(shape)
    flat = to_equal_area(parts)
    area, length = shapely.area(flat), shapely.length(flat)
    inside = shapely.point_on_surface(parts)
    return [
        Piece(codes, float(a), bool(4.0 * np.pi * a < _THIN * p * p), float(s.x), float(s.y))
        for a, p, s in zip(area, length, inside)
        if a > _LEAST_KM2
    ]
