"""Find border sub-cells with a free side, where a count of crossings gives the row of a point.

Most border sub-cells contain a stretch of one border that does not meet at least one of their four
sides. Along such a free side the row is the same, and between the side and a point it changes with
every edge that is crossed. So the row follows from the number of crossed edges, odd or even. The
walk of `_locate.py` is needed only where borders meet, where regions overlap, and for points so
near an edge that rounding could matter.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from geo_risk._core.types import FloatArray
from geo_risk.regions._grid import BORDER, COLUMNS, ROWS
from geo_risk.regions._locate import NO_SIDE, GridIndex, locate_points

__all__ = ["boxes", "with_sides"]


_SLACK = 1e-9  # degrees; a side this close to an edge counts as met; rounding is 1e-13


def with_sides(index: GridIndex, n_regions: int) -> GridIndex:
    """Fill in `side` and `ends` of an index."""
    n = len(index.record) - 1
    if n == 0:
        return index
    low, size = boxes(index)
    free = _free(index, low, size) & _alternating(index)[:, None]
    side = np.where(free.any(axis=1), free.argmax(axis=1), NO_SIDE).astype(np.int8)
    chosen = np.flatnonzero(side != NO_SIDE)
    middle = low[chosen] + 0.5 * size[chosen, None]
    axis, far = side[chosen] // 2, side[chosen] % 2
    middle[np.arange(len(chosen)), axis] = low[chosen, axis] + far * size[chosen]
    start = np.empty(len(chosen), dtype=np.int64)
    lon, lat = (np.ascontiguousarray(middle[:, k]) for k in (0, 1))
    locate_points(index, lon, lat, start, 0, len(start), n_regions)
    ends = np.full((n + 1, 2), -1, dtype=np.int32)
    ends[chosen, 0] = start
    ends[chosen, 1] = index.owner[index.record[chosen, 0]].sum(axis=1) - start
    return index._replace(side=np.append(side, np.int8(NO_SIDE)), ends=ends)


def boxes(index: GridIndex) -> tuple[FloatArray, FloatArray]:
    """Lower left corner, shape (b, 2), and length of a side of each border sub-cell."""
    sub = np.flatnonzero(index.state <= BORDER)
    first, split = index.cell.T.astype(np.int64)
    cell = sub.copy()  # a cell that is not split is its own sub-cell
    cut = np.flatnonzero(split > 1)
    inside = sub >= COLUMNS * ROWS
    cell[inside] = cut[np.searchsorted(first[cut], sub[inside], side="right") - 1]
    v, u = np.divmod(sub - first[cell], split[cell])
    j, i = np.divmod(cell, COLUMNS)
    corner = np.column_stack([i - 180.0 + u / split[cell], j - 90.0 + v / split[cell]])
    low, size = np.empty_like(corner), np.empty(len(sub))
    record = BORDER - index.state[sub]
    low[record], size[record] = corner, 1.0 / split[cell]
    return low, size


def _free(index: GridIndex, low: FloatArray, size: FloatArray) -> NDArray[np.bool_]:
    """Mask of sides that no edge comes near, shape (b, 4): west, east, south, north.

    Each edge is clipped to the latitudes (for south and north: the longitudes) of the box, inside
    it or not, so edges that only pass beside the box are handled too.
    """
    free = np.empty((len(size), 4), dtype=np.bool_)
    starts = index.record[:-1, 0]
    box = np.repeat(np.arange(len(size)), np.diff(index.record[:, 0]))
    for axis in (0, 1):
        (ax, bx), (ay, by) = index.edge.T[axis::2], index.edge.T[1 - axis :: 2]
        bottom = low[box, 1 - axis] - _SLACK
        least, greatest = _extent(ax, bx, ay, by, bottom, bottom + size[box] + 2 * _SLACK)
        near = np.minimum.reduceat(least, starts), np.maximum.reduceat(greatest, starts)
        free[:, 2 * axis] = near[0] > low[:, axis] + _SLACK
        free[:, 2 * axis + 1] = near[1] < low[:, axis] + size - _SLACK
    free[:, 0] &= low[:, 0] > -180.0  # points at ±180 are searched on both sides of the meridian
    free[:, 1] &= low[:, 0] + size < 180.0
    return free


def _extent(
    ax: FloatArray, bx: FloatArray, ay: FloatArray, by: FloatArray, y0: FloatArray, y1: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Smallest and largest x of the part of each edge with y0 <= y <= y1; inf, -inf if none."""
    dy = by - ay
    with np.errstate(divide="ignore", invalid="ignore"):
        t0, t1 = (y0 - ay) / dy, (y1 - ay) / dy
    t0, t1 = np.minimum(t0, t1), np.maximum(t0, t1)
    flat = dy == 0.0
    t0, t1 = np.where(flat, 0.0, t0.clip(0.0, 1.0)), np.where(flat, 1.0, t1.clip(0.0, 1.0))
    first, last = ax + t0 * (bx - ax), ax + t1 * (bx - ax)
    meets = (np.maximum(ay, by) >= y0) & (np.minimum(ay, by) <= y1)
    least = np.where(meets, np.minimum(first, last), np.inf)
    return least, np.where(meets, np.maximum(first, last), -np.inf)


def _alternating(index: GridIndex) -> NDArray[np.bool_]:
    """Whether every edge of a sub-cell switches between the same two rows, of which one may be -1.

    True if all edges have the same rows and the corner lies in exactly one of them or, at the
    outline of the layer, in none.
    """
    starts = index.record[:-1, 0]
    low, high = np.minimum.reduceat(index.owner, starts), np.maximum.reduceat(index.owner, starts)
    left, right = low.T
    n_held = np.diff(index.record[:, 1])
    held = np.where(n_held == 1, index.held[index.record[:-1, 1]], -1)
    sound = (held == left) | (held == right)
    sound &= (n_held == 1) | ((n_held == 0) & (right < 0))
    return np.asarray((low == high).all(axis=1) & sound)
