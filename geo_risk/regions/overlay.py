"""Areas of polygons, and how the polygons of two layers lie upon each other."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from geo_risk._constants import WGS84_A, WGS84_E2

__all__ = ["area_km2", "largest_overlaps", "overlap_table", "to_equal_area"]


def to_equal_area(shapes: Any) -> NDArray[np.object_]:
    """Shapes in a cylindrical equal-area projection of WGS84, kilometres.

    Vertices are projected; an edge becomes the straight line between its projected ends, so areas
    are exact but for the bend of long edges.
    """
    import shapely

    def project(coords: NDArray[np.float64]) -> NDArray[np.float64]:
        sine, e = np.sin(np.radians(coords[:, 1])), math.sqrt(WGS84_E2)
        log = np.log((1.0 - e * sine) / (1.0 + e * sine)) / (2.0 * e)
        q = (1.0 - WGS84_E2) * (sine / (1.0 - WGS84_E2 * sine**2) - log)
        a = WGS84_A / 1000.0
        return np.column_stack([np.radians(coords[:, 0]) * a, 0.5 * a * q])

    return np.asarray(shapely.transform(np.asarray(shapes, dtype=object), project))


def area_km2(shapes: Any) -> NDArray[np.float64]:
    """Area of polygons in degrees on the WGS84 ellipsoid, km²; 0 for None."""
    import shapely

    return np.asarray(np.nan_to_num(shapely.area(to_equal_area(shapes))))


def overlap_table(
    shapes: Any, others: Any
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]:
    """Pairs of polygons that overlap, as (row, other row, km²).

    Parameters
    ----------
    shapes, others : array_like of valid polygons in degrees, or None
    """
    import shapely

    ours, theirs = _sound(to_equal_area(shapes)), _sound(to_equal_area(others))
    tree = shapely.STRtree(theirs)
    row, other = tree.query(ours, predicate="intersects")
    areas = shapely.area(shapely.intersection(ours[row], theirs[other]))
    kept = areas > 0.0
    return row[kept], other[kept], areas[kept]


def _sound(shapes: NDArray[np.object_]) -> NDArray[np.object_]:
    """Valid shapes: rounding while projecting may fold a thin one."""
    import shapely

    bad = ~shapely.is_valid(shapes) & ~shapely.is_missing(shapes)
    shapes[bad] = shapely.make_valid(shapes[bad])
    return shapes


def largest_overlaps(
    shapes: Any, others: Any, groups: Any = None
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """For each polygon the group of others that covers most of it, and the share that it covers.

    Parameters
    ----------
    shapes, others : array_like of valid polygons in degrees, or None
    groups : array_like of int, optional
        Group of each of the others; by default each is its own.

    Returns
    -------
    group : ndarray of int64
        -1 where nothing overlaps; the lowest group where several cover as much.
    share : ndarray of float64
        0 to 1.
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
