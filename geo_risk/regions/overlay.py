"""Areas of polygons, and overlaps between the polygons of two layers."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["area_km2", "largest_overlaps", "overlap_table", "to_equal_area"]

_LARGE = 50_000  # vertices from which a pair is overlaid in tiles
_TILE = 4_000  # vertices in a tile
_FEW = 4_000  # vertices of the smaller polygon up to which a large pair needs no overlay
_MOST_DOUBT = 1e-6  # largest relative rounding error; polygons that only touch exceed it
_MOST_HALVINGS = 60  # after which a tile has no extent


def to_equal_area(shapes: Any) -> NDArray[np.object_]:
    """Project shapes to a cylindrical equal-area projection of WGS84, kilometres.

    Vertices are projected; an edge becomes the straight line between its projected ends, so areas
    are exact except for the curvature of long edges.
    """
    import pyproj
    import shapely

    # +over: a longitude beyond ±180 stays there, and 180 does not become -180
    project = pyproj.Proj("+proj=cea +ellps=WGS84 +units=km +over")
    return np.asarray(
        shapely.transform(
            np.asarray(shapes, dtype=object),
            lambda coords: np.column_stack(project(coords[:, 0], coords[:, 1])),
        )
    )


def area_km2(shapes: Any) -> NDArray[np.float64]:
    """Area of polygons in degrees on the WGS84 ellipsoid, km²; 0 for None."""
    import shapely

    return np.asarray(np.nan_to_num(shapely.area(to_equal_area(shapes))))


def overlap_table(
    shapes: Any, others: Any
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]:
    """Find pairs of polygons that overlap, as (row, other row, km²).

    Parameters
    ----------
    shapes, others : array_like of valid polygons in degrees, or None
    """
    import shapely

    ours, theirs = _sound(to_equal_area(shapes)), _sound(to_equal_area(others))
    tree = shapely.STRtree(theirs)
    row, other = tree.query(ours, predicate="intersects")
    areas = _common_areas(ours[row], theirs[other])
    kept = areas > 0.0
    return row[kept], other[kept], areas[kept]


def _sound(shapes: NDArray[np.object_]) -> NDArray[np.object_]:
    """Repair shapes that rounding in the projection made invalid; large ones are not checked."""
    import shapely

    small = shapely.get_num_coordinates(shapes) <= _LARGE
    bad = small & ~shapely.is_missing(shapes)
    bad[bad] = ~shapely.is_valid(shapes[bad])
    shapes[bad] = shapely.make_valid(shapes[bad])
    return shapes


def _common_areas(shapes: NDArray[np.object_], others: NDArray[np.object_]) -> NDArray[np.float64]:
    """Common area of each pair of shapes."""
    import shapely

    large = shapely.get_num_coordinates(shapes) + shapely.get_num_coordinates(others) > _LARGE
    areas = np.zeros(len(shapes))
    areas[~large] = shapely.area(shapely.intersection(shapes[~large], others[~large]))
    held: dict[int, NDArray[np.float64]] = {}
    for k in np.flatnonzero(large).tolist():
        areas[k] = _large_area(shapes[k], others[k], held)
    return areas


def _large_area(shape: Any, other: Any, held: dict[int, NDArray[np.float64]]) -> float:
    """Common area of two shapes; the strips of the larger one are kept for the next pair."""
    import shapely

    few, many = sorted((shape, other), key=shapely.get_num_coordinates)
    if shapely.get_num_coordinates(few) <= _FEW:
        from geo_risk.regions._common_area import common_area, strips_of

        if id(many) not in held:
            held.clear()
            held[id(many)] = strips_of(many)
        area, doubt = common_area(held[id(many)], strips_of(few))
        if doubt <= _MOST_DOUBT * area:
            return area
    return _area_in_tiles(shape, other)


def _area_in_tiles(shape: Any, other: Any) -> float:
    """Common area of two large shapes, halved until GEOS is fast: its overlay is not linear."""
    import shapely

    box = shapely.intersection(shapely.box(*shape.bounds), shapely.box(*other.bounds))
    total, pending = 0.0, [(shape, other, box.bounds)] if box.area > 0.0 else []
    while pending:
        *pair, (west, south, east, north) = pending.pop()
        a, b = (shapely.clip_by_rect(one, west, south, east, north) for one in pair)
        if a.is_empty or b.is_empty:
            continue
        tile = shapely.box(west, south, east, north)
        if _fills(a, tile) or _fills(b, tile):
            total += min(a.area, b.area)
        elif shapely.get_num_coordinates([a, b]).sum() <= _TILE or len(pending) > _MOST_HALVINGS:
            total += _common_area(a, b)
        elif east - west >= north - south:
            middle = 0.5 * (west + east)
            pending += [(a, b, (west, south, middle, north)), (a, b, (middle, south, east, north))]
        else:
            middle = 0.5 * (south + north)
            pending += [(a, b, (west, south, east, middle)), (a, b, (west, middle, east, north))]
    return total


def _common_area(a: Any, b: Any) -> float:
    """Common area of two pieces, which clipping may have made invalid."""
    import shapely

    try:
        return float(shapely.intersection(a, b).area)
    except shapely.GEOSException:
        return float(shapely.intersection(*_sound(np.array([a, b]))).area)


def _fills(shape: Any, tile: Any) -> bool:
    """Whether a clipped shape is the whole tile."""
    import shapely

    return bool(
        shape.geom_type == "Polygon"
        and shapely.get_num_coordinates(shape) == 5
        and shape.bounds == tile.bounds
        and shape.area == tile.area
    )


def largest_overlaps(
    shapes: Any, others: Any, groups: Any = None
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Group of others that covers most of each polygon, and the share that it covers.

    Parameters
    ----------
    shapes, others : array_like of valid polygons in degrees, or None
    groups : array_like of int, optional
        Group of each of the others; by default each is its own group.

    Returns
    -------
    group : ndarray of int64
        -1 where nothing overlaps; the lowest group where several cover as much.
    share : ndarray of float64
        Share of the polygon's area, 0 to 1.
    """
    n, size = len(shapes), area_km2(shapes)
    row, other, area = overlap_table(shapes, others)
    group = other if groups is None else np.asarray(groups, dtype=np.int64)[other]
    best, share = np.full(n, -1, dtype=np.int64), np.zeros(n)
    if len(row):
        pairs, pair = np.unique(np.column_stack([row, group]), axis=0, return_inverse=True)
        total = np.bincount(pair.reshape(-1), weights=area)
        order = np.lexsort((pairs[:, 1], -total, pairs[:, 0]))
        pairs, total = pairs[order], total[order]
        first = np.unique(pairs[:, 0], return_index=True)[1]
        rows = pairs[first, 0]
        best[rows], share[rows] = pairs[first, 1], np.minimum(total[first] / size[rows], 1.0)
    return best, share
