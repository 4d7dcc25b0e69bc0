"""Point → region: the kernel that queries the grid of `_grid.py`.

Most queries end in a sub-cell without edges. Most others are answered by counting the edges between
the point and a side of its sub-cell that no edge meets (`_sides.py`). The rest need a walk from the
corner: where borders meet, where regions overlap, and for points that lie on an edge or too near
one for floating-point numbers to decide.

Such a query walks from the lower left corner of its sub-cell up and then right to the point; each
edge that it crosses flips the rows on that edge. An exact predicate decides every crossing, so the
result is the same as with a horizontal ray through all edges of the layer. The walk is at
(x + ε, y + δ) with 0 < δ ≪ ε ≪ 1, which makes every region half-open: an edge or vertex shared by
two regions belongs to exactly one of them, always the same one.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from geo_risk._core.cache import Kinds
from geo_risk._core.jit import inner, njit
from geo_risk.regions._grid import BORDER, COLUMNS, ROWS
from geo_risk.regions._predicates import (
    FILTER,
    crosses_right,
    crosses_up,
    flip,
    lowest,
    touches,
)

NO_SIDE = 4  # a border sub-cell that needs a walk
NESTED = 5  # a border sub-cell that has its own grid
_OUTSIDE = -1
_UNSURE = -2
_BLOCK = 512  # queries handled together, so that their memory accesses overlap


class GridIndex(NamedTuple):
    """The arrays of the index; c cells, s sub-cells, b border sub-cells, e edges, h corner rows."""

    cell: NDArray[np.int32]  # (c, 2) first sub-cell, sub-cells per side
    state: NDArray[np.int32]  # (s,) row, -1, or BORDER - number of the border record
    record: NDArray[np.int32]  # (b + 1, 2) first edge, first corner row
    side: NDArray[np.int8]  # (b + 1,) a side that no edge meets: west, east, south, north; or none
    ends: NDArray[np.int32]  # (b + 1, 2) row along that side, and beyond one edge; NESTED: grid, -1
    edge: NDArray[np.float64]  # (e, 4) ax, ay, bx, by
    owner: NDArray[np.int32]  # (e, 2) rows on the edge, -1 if there is only one
    held: NDArray[np.int32]  # (h + 1,) rows that contain the corners
    nest: NDArray[np.float64]  # (k, 5) west, south, lines per degree, sub-cells per side, first one


GRID_ARRAYS: Kinds = {
    "cell": (np.int32, 2), "state": (np.int32, 0), "record": (np.int32, 2), "side": (np.int8, 0),
    "ends": (np.int32, 2), "edge": (np.float64, 4), "owner": (np.int32, 2), "held": (np.int32, 0),
    "nest": (np.float64, 5),
}  # fmt: skip


@inner
def _crossed(
    edge: NDArray[np.float64], first: int, last: int, side: int, x: float, y: float
) -> int:
    """Parity (0 even, 1 odd) of the number of edges between a free side and the point.

    `_UNSURE` for points on an edge, aligned with one of its ends, or too near it for rounded
    numbers. All other points lie in the interior of a region or outside all regions, where every
    rule for edges gives the same row.
    """
    if side >= NO_SIDE:
        return _UNSURE
    turned = side >= 2  # count along the meridian: swap latitudes and longitudes
    px, py = (y, x) if turned else (x, y)
    crossed, unsure = 0, 0
    for m in range(first, last):
        x0, y0, x1, y1 = edge[m, 0], edge[m, 1], edge[m, 2], edge[m, 3]
        ax, ay = (y0, x0) if turned else (x0, y0)
        bx, by = (y1, x1) if turned else (x1, y1)
        left, right = (ax - px) * (by - py), (ay - py) * (bx - px)
        det = left - right
        rising = int(by > py)
        straddles = int(ay > py) ^ rising
        near = int(abs(det) <= FILTER * (abs(left) + abs(right)))
        unsure |= int(ay == py) | int(by == py) | (straddles & near)
        crossed ^= straddles & (int(det < 0.0) ^ rising ^ 1 ^ (side & 1))
    return _UNSURE if unsure else crossed


@inner
def _walk(
    index: GridIndex, b: int, x0: float, y0: float, x: float, y: float, rows: NDArray[np.int32]
) -> int:
    """Row that contains (x, y) in border sub-cell `b` with corner (x0, y0), or -1."""
    n = 0
    for h in range(index.record[b, 1], index.record[b + 1, 1]):
        rows[n] = index.held[h]
        n += 1
    for m in range(index.record[b, 0], index.record[b + 1, 0]):
        ax, ay, bx, by = index.edge[m, 0], index.edge[m, 1], index.edge[m, 2], index.edge[m, 3]
        up = crosses_up(ax, ay, bx, by, x0, y0, y)
        if up != crosses_right(ax, ay, bx, by, x0, x, y):
            n = flip(rows, n, index.owner[m, 0])
            if index.owner[m, 1] >= 0:
                n = flip(rows, n, index.owner[m, 1])
    return lowest(rows, n)


@inner
def _lowest_touching(index: GridIndex, b: int, x: float, y: float) -> int:
    """Lowest row with an edge through (x, y), or -1."""
    least = _OUTSIDE
    for m in range(index.record[b, 0], index.record[b + 1, 0]):
        row = index.owner[m, 0]  # the lower of the two
        if (least == _OUTSIDE or row < least) and touches(
            index.edge[m, 0], index.edge[m, 1], index.edge[m, 2], index.edge[m, 3], x, y
        ):
            least = row
    return least


@inner
def _cell(value: float, count: int, half: float) -> int:
    """Cell i of `count` with i - half <= value < i + 1 - half; the last one is closed."""
    i = min(int(value + half), count - 1)
    if value < i - half:  # the sum was rounded up
        i -= 1
    return i


@inner
def _sub(value: float, origin: float, split: int) -> int:
    """Sub-cell k with origin + k / split <= value < origin + (k + 1) / split; the last is closed.

    `split` is a power of two, so the lines are exact; only `value - origin` may be rounded up.
    """
    k = min(int((value - origin) * split), split - 1)
    if value < origin + k * (1.0 / split):
        k -= 1
    return k


@inner
def _sub_cell(cell: NDArray[np.int32], x: float, y: float) -> int:
    """Number of the sub-cell that contains (x, y)."""
    i, j = _cell(x, COLUMNS, 180.0), _cell(y, ROWS, 90.0)
    c = j * COLUMNS + i
    first, split = int(cell[c, 0]), int(cell[c, 1])
    return first + _sub(y, j - 90.0, split) * split + _sub(x, i - 180.0, split)


@inner
def _corner(index: GridIndex, x: float, y: float) -> tuple[float, float]:
    """Lower left corner of the sub-cell that contains (x, y)."""
    i, j = _cell(x, COLUMNS, 180.0), _cell(y, ROWS, 90.0)
    split = index.cell[j * COLUMNS + i, 1]
    west, south = i - 180.0, j - 90.0
    side = 1.0 / split
    return west + _sub(x, west, split) * side, south + _sub(y, south, split) * side


@inner
def _smallest(index: GridIndex, state: int, x: float, y: float) -> tuple[int, float, float]:
    """State and lower left corner of the smallest sub-cell that contains (x, y), in all nests."""
    x0, y0 = _corner(index, x, y)
    while state <= BORDER and index.side[BORDER - state] == NESTED:
        k = index.ends[BORDER - state, 0]
        west, south, lines = index.nest[k, 0], index.nest[k, 1], index.nest[k, 2]
        split, first = int(index.nest[k, 3]), int(index.nest[k, 4])
        u, v = _line(x, west, lines, split), _line(y, south, lines, split)
        state = index.state[first + v * split + u]
        x0, y0 = west + u * (1.0 / lines), south + v * (1.0 / lines)
    return state, x0, y0


@inner
def _line(value: float, origin: float, lines: float, split: int) -> int:
    """Like `_sub`, for `split` sub-cells with `lines` grid lines per degree."""
    k = min(int((value - origin) * lines), split - 1)
    if value < origin + k * (1.0 / lines):
        k -= 1
    return k


@inner
def _resolve(index: GridIndex, state: int, x: float, y: float, rows: NDArray[np.int32]) -> int:
    """Row of a point in a border sub-cell."""
    if state >= 0:
        return state
    touching = _OUTSIDE
    if state <= BORDER:
        state, x0, y0 = _smallest(index, state, x, y)
        if state >= 0:
            return state
    if state <= BORDER:
        row = _walk(index, BORDER - state, x0, y0, x, y, rows)
        if row != _OUTSIDE:
            return row
        touching = _lowest_touching(index, BORDER - state, x, y)
    if x == -180.0:  # the other side of the same meridian
        opposite, _, _ = _smallest(index, index.state[_sub_cell(index.cell, 180.0, y)], 180.0, y)
        if opposite <= BORDER:
            row = _lowest_touching(index, BORDER - opposite, 180.0, y)
            if touching == _OUTSIDE or 0 <= row < touching:
                touching = row
    return touching


@njit
def locate_points(
    index: GridIndex,
    lon: NDArray[np.float64],
    lat: NDArray[np.float64],
    found: NDArray[np.int64],
    start: int,
    stop: int,
    n_regions: int,
) -> None:
    """Write the row of each point to `found[start:stop]`; -1 outside and for NaN (in `lon`)."""
    sub = np.empty(_BLOCK, dtype=np.int64)
    hard = np.empty(_BLOCK, dtype=np.int64)  # points of border sub-cells
    seam = np.empty(_BLOCK, dtype=np.int64)  # points at ±180, and missing points
    rows = np.empty(n_regions + 2, dtype=np.int32)
    touched = 0.0
    for block in range(start, stop, _BLOCK):
        n = min(_BLOCK, stop - block)
        n_hard, n_seam = 0, 0
        for k in range(n):
            x = lon[block + k]
            if abs(x) < 180.0:
                sub[k] = _sub_cell(index.cell, x, lat[block + k])
            else:
                sub[k] = 0
                seam[n_seam] = block + k
                n_seam += 1
        for k in range(n):
            state = index.state[sub[k]]
            found[block + k] = state
            hard[n_hard] = block + k
            n_hard += state <= BORDER
        for h in range(n_hard):  # no load depends on another one, so they run in parallel
            b = BORDER - found[hard[h]]
            touched += index.edge[index.record[b, 0], 0] + index.ends[b, 0] + index.side[b]
        for h in range(n_hard):  # not in a function: passing the index costs more
            p = hard[h]
            b = BORDER - found[p]
            first, last = index.record[b, 0], index.record[b + 1, 0]
            crossed = _crossed(index.edge, first, last, index.side[b], lon[p], lat[p])
            if crossed == _UNSURE:
                found[p] = _resolve(index, found[p], lon[p], lat[p], rows)
            else:
                found[p] = index.ends[b, crossed]
        for h in range(n_seam):
            p = seam[h]
            if lon[p] != lon[p]:
                found[p] = _OUTSIDE
            else:
                found[p] = index.state[_sub_cell(index.cell, -180.0, lat[p])]
                found[p] = _resolve(index, found[p], -180.0, lat[p], rows)
    if touched != touched:  # never true: keeps the early loads from being optimised away
        found[start] = _OUTSIDE
