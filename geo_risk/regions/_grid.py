"""Build the adaptive grid for point location, one row of cells at a time.

The plane is divided into cells of 1°. Where edges are dense, a cell is divided into s × s sub-cells
(s is a power of two, so that all grid lines are exact doubles). A sub-cell without edges stores its
row. A sub-cell with edges, a border sub-cell, lists the edges that meet it and the rows that
contain its lower left corner. These rows are found by walking along the grid lines: each edge that
is crossed flips its rows.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from geo_risk._core.jit import inner, njit
from geo_risk.regions._predicates import crosses_right, crosses_up, flip, lowest

COLUMNS, ROWS = 360, 180
BORDER = -2  # a sub-cell's state <= BORDER refers to the border record BORDER - state
_SLACK = 1e-9  # degrees; an edge this close to a box may be listed in it


class Edges(NamedTuple):
    """Distinct edges a→b, lexicographic, with their rows; right = -1 if there is only one."""

    ax: NDArray[np.float64]
    ay: NDArray[np.float64]
    bx: NDArray[np.float64]
    by: NDArray[np.float64]
    left: NDArray[np.int32]
    right: NDArray[np.int32]


class Parts(NamedTuple):
    """Buffers for one row of cells; b border sub-cells, e listed edges, h corner rows."""

    state: NDArray[np.int32]  # all sub-cells of the row
    record: NDArray[np.int64]  # (b + 1, 2) first edge, first corner row
    edge: NDArray[np.float64]  # (e, 4) ax, ay, bx, by; copies, so that a sub-cell is one block
    owner: NDArray[np.int32]  # (e, 2) rows on the edge, -1 if there is only one
    held: NDArray[np.int32]  # (h,) rows that contain the corners


def cells(split: NDArray[np.int64]) -> NDArray[np.int32]:
    """First sub-cell and sub-cells per side of each cell.

    The sub-cells of cells that are not split come first, so that they stay in the CPU cache.
    """
    size = np.where(split == 1, 0, split**2)
    first = np.where(split == 1, np.arange(len(split)), len(split) + np.cumsum(size) - size)
    return np.column_stack([first, split]).astype(np.int32)


@inner
def _meets_box(
    ax: float, ay: float, bx: float, by: float, x0: float, y0: float, x1: float, y1: float
) -> bool:
    """Whether the edge may meet the closed box; False is certain."""
    if bx < x0 - _SLACK or ax > x1 + _SLACK:
        return False
    if max(ay, by) < y0 - _SLACK or min(ay, by) > y1 + _SLACK:
        return False
    dx, dy = bx - ax, by - ay
    middle = dx * (0.5 * (y0 + y1) - ay) - dy * (0.5 * (x0 + x1) - ax)
    reach = 0.5 * (abs(dx) * (y1 - y0) + abs(dy) * (x1 - x0)) + _SLACK * (abs(dx) + abs(dy))
    return abs(middle) <= reach


@inner
def _list_once(
    edges: Edges,
    members: NDArray[np.int32],
    west: float,
    south: float,
    split: int,
    columns: int,
    rows: int,
    cursor: NDArray[np.int64],
    listed: NDArray[np.int32],
    fill: bool,
) -> None:
    """Count the edges that may meet each box, or write them at the cursors."""
    side = 1.0 / split
    for m in range(len(members)):
        e = members[m]
        ax, ay, bx, by = edges.ax[e], edges.ay[e], edges.bx[e], edges.by[e]
        i0 = max(int((ax - _SLACK - west) * split) - 1, 0)
        i1 = min(int((bx + _SLACK - west) * split) + 1, columns - 1)
        j0 = max(int((min(ay, by) - _SLACK - south) * split) - 1, 0)
        j1 = min(int((max(ay, by) + _SLACK - south) * split) + 1, rows - 1)
        for j in range(j0, j1 + 1):
            y0 = south + j * side
            for i in range(i0, i1 + 1):
                x0 = west + i * side
                if _meets_box(ax, ay, bx, by, x0, y0, x0 + side, y0 + side):
                    box = j * columns + i
                    if fill:
                        listed[cursor[box]] = e
                    cursor[box] += 1


@njit
def list_edges_of_boxes(
    edges: Edges,
    members: NDArray[np.int32],
    west: float,
    south: float,
    split: int,
    columns: int,
    rows: int,
) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
    """List the edges that may meet each box of a grid, as CSR.

    Grid lines are at origin + k / split, with `split` a power of two.
    """
    offset = np.zeros(columns * rows + 1, dtype=np.int64)
    listed = np.empty(0, dtype=np.int32)
    _list_once(edges, members, west, south, split, columns, rows, offset[1:], listed, False)
    for box in range(columns * rows):
        offset[box + 1] += offset[box]
    listed = np.empty(offset[-1], dtype=np.int32)
    cursor = offset.copy()
    _list_once(edges, members, west, south, split, columns, rows, cursor, listed, True)
    return offset, listed


@inner
def _flip_edge(rows: NDArray[np.int32], n: int, edges: Edges, e: int) -> int:
    """Toggle the rows of an edge in the set; return its new size."""
    n = flip(rows, n, edges.left[e])
    return flip(rows, n, edges.right[e]) if edges.right[e] >= 0 else n


@inner
def _cross_right(
    rows: NDArray[np.int32],
    n: int,
    edges: Edges,
    here: NDArray[np.int32],
    x0: float,
    x1: float,
    y: float,
) -> int:
    """Update the set of rows that contain (x0, y) to those of (x1, y), to the right."""
    for e in here:
        if crosses_right(edges.ax[e], edges.ay[e], edges.bx[e], edges.by[e], x0, x1, y):
            n = _flip_edge(rows, n, edges, e)
    return n


@inner
def _cross_up(
    rows: NDArray[np.int32],
    n: int,
    edges: Edges,
    here: NDArray[np.int32],
    x: float,
    y0: float,
    y1: float,
) -> int:
    """Update the set of rows that contain (x, y0) to those of (x, y1), above."""
    for e in here:
        if crosses_up(edges.ax[e], edges.ay[e], edges.bx[e], edges.by[e], x, y0, y1):
            n = _flip_edge(rows, n, edges, e)
    return n


@inner
def _write_border(
    parts: Parts,
    sizes: NDArray[np.int64],
    edges: Edges,
    here: NDArray[np.int32],
    held: NDArray[np.int32],
    n_held: int,
) -> bool:
    """Append one border sub-cell; False if the buffers are full."""
    b, e0, h0 = sizes
    if b + 2 > len(parts.record) or e0 + len(here) > len(parts.edge):
        return False
    if h0 + n_held > len(parts.held):
        return False
    for m in range(len(here)):
        e = here[m]
        parts.edge[e0 + m, 0], parts.edge[e0 + m, 1] = edges.ax[e], edges.ay[e]
        parts.edge[e0 + m, 2], parts.edge[e0 + m, 3] = edges.bx[e], edges.by[e]
        parts.owner[e0 + m, 0], parts.owner[e0 + m, 1] = edges.left[e], edges.right[e]
    for h in range(n_held):
        parts.held[h0 + h] = held[h]
    sizes[0], sizes[1], sizes[2] = b + 1, e0 + len(here), h0 + n_held
    parts.record[b + 1, 0], parts.record[b + 1, 1] = sizes[1], sizes[2]
    return True


@inner
def _copy(sets: NDArray[np.int32], source: int, target: int, n: int) -> None:
    """Copy a set. (A slice assignment would compile numba's formatting of error messages.)"""
    for i in range(n):
        sets[target, i] = sets[source, i]


@inner
def fill_cell(
    parts: Parts,
    sizes: NDArray[np.int64],
    edges: Edges,
    offset: NDArray[np.int64],
    listed: NDArray[np.int32],
    state: NDArray[np.int32],
    west: float,
    south: float,
    lines: int,
    split: int,
    sets: NDArray[np.int32],
    n_corner: int,
) -> int:
    """Write all sub-cells of one cell; sets[0] is updated to the corner of the next cell.

    There are `lines` grid lines per degree, `split` sub-cells per side.
    """
    side = 1.0 / lines
    n_column = n_corner
    _copy(sets, 0, 1, n_corner)
    for v in range(split):
        y0 = south + v * side
        n_active = n_column
        _copy(sets, 1, 2, n_column)
        for u in range(split):
            box = v * split + u
            here = listed[offset[box] : offset[box + 1]]
            if len(here) == 0:
                state[box] = lowest(sets[2], n_active)
                continue
            state[box] = BORDER - sizes[0]
            if not _write_border(parts, sizes, edges, here, sets[2], n_active):
                return -1
            x0 = west + u * side
            n_active = _cross_right(sets[2], n_active, edges, here, x0, x0 + side, y0)
        if v == 0:  # the walk along the lower side has reached the corner of the next cell
            n_corner = n_active
            _copy(sets, 2, 0, n_active)
        here = listed[offset[v * split] : offset[v * split + 1]]
        n_column = _cross_up(sets[1], n_column, edges, here, west, y0, y0 + side)
    return n_corner


@njit
def fill_row(
    parts: Parts,
    edges: Edges,
    cell_offset: NDArray[np.int64],
    cell_edges: NDArray[np.int32],
    split: NDArray[np.int64],
    j: int,
    sets: NDArray[np.int32],
) -> tuple[int, int, int]:
    """Fill one row of cells; sizes of record, edge and held, or -1 if the buffers are full."""
    sizes = np.zeros(3, dtype=np.int64)
    south = j - 90.0
    first, n_corner = 0, 0
    for i in range(COLUMNS):
        west, s = i - 180.0, split[i]
        own = cell_edges[cell_offset[i] : cell_offset[i + 1]]
        if i == 0:  # from west of the layer to the corner: only edges on the line itself
            n_corner = _cross_right(sets[0], 0, edges, own, -181.0, west, south)
        if len(own) == 0:
            parts.state[first] = lowest(sets[0], n_corner)
            first += 1
            continue
        offset, listed = list_edges_of_boxes(edges, own, west, south, s, s, s)
        state = parts.state[first : first + s * s]
        n_corner = fill_cell(
            parts, sizes, edges, offset, listed, state, west, south, s, s, sets, n_corner
        )
        if n_corner < 0:
            return -1, -1, -1
        first += s * s
    return sizes[0], sizes[1], sizes[2]
