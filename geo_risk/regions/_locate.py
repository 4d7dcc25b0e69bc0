"""Point → region: the kernel that asks the grid of `_grid.py`.

A query walks from its sub-cell's lower left corner up and then right to the point; each edge it
crosses flips the rows on that edge. Every crossing is decided by an exact predicate, so the answer
is that of a horizontal ray counted over all edges of the layer. The walker is at (x + ε, y + δ)
with 0 < δ ≪ ε ≪ 1, which makes every region half-open: an edge or vertex shared by two regions
belongs to exactly one of them, always the same one.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from geo_risk._jit import njit
from geo_risk.regions._grid import BORDER, COLUMNS, ROWS
from geo_risk.regions._predicates import crosses_right, crosses_up, flip, lowest, touches

_OUTSIDE = -1
_BLOCK = 512  # queries handled together, so that their memory waits overlap


class GridIndex(NamedTuple):
    """The arrays of the index; c cells, s sub-cells, b border sub-cells, e edges, h corner rows."""

    cell: NDArray[np.int64]  # (c, 2) first sub-cell, sub-cells per side
    state: NDArray[np.int32]  # (s,) row, -1, or BORDER - number of the border record
    record: NDArray[np.int64]  # (b + 1, 2) first edge, first corner row
    edge: NDArray[np.float64]  # (e, 4) ax, ay, bx, by
    owner: NDArray[np.int32]  # (e, 2) rows on the edge, -1 where there is one only
    held: NDArray[np.int32]  # (h,) rows that hold the corners


@njit
def _walk(
    index: GridIndex, b: int, x0: float, y0: float, x: float, y: float, rows: NDArray[np.int32]
) -> int:
    """Row that holds (x, y) in border sub-cell `b` with corner (x0, y0), or -1."""
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


@njit
def _lowest_touching(index: GridIndex, b: int, x: float, y: float) -> int:
    """Lowest row with an edge through (x, y), or -1."""
    least = _OUTSIDE
    for m in range(index.record[b, 0], index.record[b + 1, 0]):
        row = index.owner[m, 0]  # the lower one
        if (least == _OUTSIDE or row < least) and touches(
            index.edge[m, 0], index.edge[m, 1], index.edge[m, 2], index.edge[m, 3], x, y
        ):
            least = row
    return least


@njit
def _sub_number(value: float, origin: float, split: int) -> int:
    """Sub-cell k with origin + k / split <= value < origin + (k + 1) / split; the last is closed.

    `split` is a power of two, so the lines are exact; only `value - origin` may be rounded up.
    """
    k = min(int((value - origin) * split), split - 1)
    if value < origin + k * (1.0 / split):
        k -= 1
    return k


@njit
def _sub_cell(index: GridIndex, x: float, y: float) -> tuple[int, float, float]:
    """Number of the sub-cell that holds (x, y), and its lower left corner."""
    i = min(int(x + 180.0), COLUMNS - 1)
    j = min(int(y + 90.0), ROWS - 1)
    i -= x < i - 180.0  # the sum may have been rounded up
    j -= y < j - 90.0
    first, split = index.cell[j * COLUMNS + i, 0], index.cell[j * COLUMNS + i, 1]
    west, south = i - 180.0, j - 90.0
    if split == 1:
        return first, west, south
    side = 1.0 / split
    u, v = _sub_number(x, west, split), _sub_number(y, south, split)
    return first + v * split + u, west + u * side, south + v * side


@njit
def _resolve(
    index: GridIndex,
    state: int,
    x0: float,
    y0: float,
    x: float,
    y: float,
    rows: NDArray[np.int32],
) -> int:
    """Row of a point whose sub-cell does not answer at once."""
    if state >= 0:
        return state
    touching = _OUTSIDE
    if state <= BORDER:
        row = _walk(index, BORDER - state, x0, y0, x, y, rows)
        if row != _OUTSIDE:
            return row
        touching = _lowest_touching(index, BORDER - state, x, y)
    if x == -180.0:  # the other side of the same meridian
        sub = _sub_cell(index, 180.0, y)[0]
        if index.state[sub] <= BORDER:
            row = _lowest_touching(index, BORDER - index.state[sub], 180.0, y)
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
    """Row of each point in `found[start:stop]`; -1 outside and for NaN."""
    sub = np.empty(_BLOCK, dtype=np.int64)
    hard = np.empty(_BLOCK, dtype=np.int64)
    corner = np.empty((_BLOCK, 2))
    rows = np.empty(n_regions + 2, dtype=np.int32)
    touched = 0.0
    for block in range(start, stop, _BLOCK):
        n = min(_BLOCK, stop - block)
        for k in range(n):
            x, y = lon[block + k], lat[block + k]
            if x != x or y != y:
                x, y = 0.0, 0.0
            elif x == 180.0:
                x = -180.0
            sub[k], corner[k, 0], corner[k, 1] = _sub_cell(index, x, y)
        n_hard = 0
        for k in range(n):
            state = index.state[sub[k]]
            x = lon[block + k]
            missing = x != x or lat[block + k] != lat[block + k]
            found[block + k] = _OUTSIDE if missing else state
            if not missing and (state <= BORDER or abs(x) == 180.0):
                hard[n_hard] = k
                n_hard += 1
        for h in range(n_hard):  # nothing waits for these loads, so they run side by side
            state = found[block + hard[h]]
            if state <= BORDER:
                touched += index.edge[index.record[BORDER - state, 0], 0]
        for h in range(n_hard):
            k = hard[h]
            p = block + k
            x = -180.0 if lon[p] == 180.0 else lon[p]
            found[p] = _resolve(index, found[p], corner[k, 0], corner[k, 1], x, lat[p], rows)
    if touched != touched:  # never: keeps the early loads from being optimised away
        found[start] = _OUTSIDE
