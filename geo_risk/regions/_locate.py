"""Point → region: the kernels that build and ask the adaptive grid.

The plane is cut into cells of 1°, each cut again into s × s sub-cells where edges are dense. A
sub-cell without edges knows its answer. Any other knows which regions hold its lower left corner
and which edges meet it; a query walks from that corner up and then right to the point, and each
edge it crosses flips the membership of the regions on it. Every crossing is decided by an exact
predicate, so the answer is that of a horizontal ray counted over all edges of the layer.

The walk follows the point (x + ε, y + δ) with 0 < δ ≪ ε ≪ 1, which makes every region half-open:
an edge or vertex shared by two regions belongs to exactly one of them, always the same one.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from geo_risk._jit import njit
from geo_risk.regions._predicates import orientation

COLUMNS, ROWS = 360, 180
_OUTSIDE = -1
_BORDER = -2  # a sub-cell's state <= _BORDER points at its border record -(state + 2)
_WORD = 64
_SLACK = 1e-9  # degrees by which an edge may miss a box and still be listed in it
_MAX_SPLIT = 96
_EDGES_PER_SPLIT = 5


class GridIndex(NamedTuple):
    """The arrays of the index; c cells, s sub-cells, b border sub-cells."""

    sub_offset: NDArray[np.int64]  # (c + 1,) first sub-cell of each cell
    split: NDArray[np.int32]  # (c,) sub-cells per side
    state: NDArray[np.int32]  # (s,)
    edge_offset: NDArray[np.int64]  # (b + 1,)
    edge: NDArray[np.int32]  # edges of each border sub-cell
    first: NDArray[np.int16]  # local candidate number of the edge's lower row
    second: NDArray[np.int16]  # ... of its other row, -1 where it has none
    candidate_offset: NDArray[np.int64]  # (b + 1,)
    candidate: NDArray[np.int32]  # rows, ascending
    inside: NDArray[np.uint8]  # per candidate: holds the corner
    ax: NDArray[np.float64]
    ay: NDArray[np.float64]
    bx: NDArray[np.float64]
    by: NDArray[np.float64]


@njit
def _sub_line(origin: float, k: int, split: int) -> float:
    """Coordinate of sub-cell line `k`; the one formula for building and asking."""
    return origin + k / split


@njit
def _sub_number(value: float, origin: float, split: int) -> int:
    """Sub-cell k with line(k) <= value < line(k + 1), whatever the rounding."""
    k = int((value - origin) * split)
    k = min(max(k, 0), split - 1)
    while k > 0 and value < _sub_line(origin, k, split):
        k -= 1
    while k < split - 1 and value >= _sub_line(origin, k + 1, split):
        k += 1
    return k


@njit
def _crosses_up(ax: float, ay: float, bx: float, by: float, x: float, y0: float, y1: float) -> bool:
    """Does the walk from (x, y0) up to (x, y1) cross the edge? (a→b rises in lon.)"""
    if (ax <= x) == (bx <= x) or max(ay, by) < y0 or min(ay, by) > y1:
        return False
    above_low = orientation(ax, ay, bx, by, x, y0)
    above_high = orientation(ax, ay, bx, by, x, y1)
    falls_or_flat = by <= ay  # at x + ε the edge has sunk below a point it touched at x
    return (above_high > 0 or (above_high == 0 and falls_or_flat)) and not (
        above_low > 0 or (above_low == 0 and falls_or_flat)
    )


@njit
def _crosses_right(
    ax: float, ay: float, bx: float, by: float, x0: float, x1: float, y: float
) -> bool:
    """Does the walk from (x0, y) right to (x1, y) cross the edge, i.e. x0 < crossing <= x1?"""
    if (ay <= y) == (by <= y) or bx <= x0 or ax > x1:
        return False
    if ay > by:
        ax, ay, bx, by = bx, by, ax, ay
    if min(ax, bx) <= x0 and orientation(ax, ay, bx, by, x0, y) <= 0:
        return False
    return max(ax, bx) <= x1 or orientation(ax, ay, bx, by, x1, y) <= 0


@njit
def _touches(ax: float, ay: float, bx: float, by: float, x: float, y: float) -> bool:
    """Does the point lie exactly on the edge, its ends included?"""
    if x < ax or x > bx or y < min(ay, by) or y > max(ay, by):
        return False
    return orientation(ax, ay, bx, by, x, y) == 0


@njit
def _meets_box(
    ax: float, ay: float, bx: float, by: float, x0: float, y0: float, x1: float, y1: float
) -> bool:
    """Could the edge meet the closed box? Never a false no."""
    if bx < x0 - _SLACK or ax > x1 + _SLACK:
        return False
    if max(ay, by) < y0 - _SLACK or min(ay, by) > y1 + _SLACK:
        return False
    dx, dy = bx - ax, by - ay
    middle = dx * (0.5 * (y0 + y1) - ay) - dy * (0.5 * (x0 + x1) - ax)
    reach = 0.5 * (abs(dx) * (y1 - y0) + abs(dy) * (x1 - x0)) + _SLACK * (abs(dx) + abs(dy))
    return abs(middle) <= reach


@njit
def list_edges_of_boxes(
    ax: NDArray[np.float64],
    ay: NDArray[np.float64],
    bx: NDArray[np.float64],
    by: NDArray[np.float64],
    members: NDArray[np.int32],
    west: float,
    south: float,
    split: int,
    columns: int,
    rows: int,
) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
    """For each box of a grid (lines at origin + k / split) the edges that may meet it, as CSR."""
    offset = np.zeros(columns * rows + 1, dtype=np.int64)
    listed = np.empty(0, dtype=np.int32)
    for fill in range(2):
        if fill == 1:
            for box in range(columns * rows):
                offset[box + 1] += offset[box]
            listed = np.empty(offset[-1], dtype=np.int32)
            cursor = offset[:-1].copy()
        for m in range(len(members)):
            e = members[m]
            low, high = min(ay[e], by[e]), max(ay[e], by[e])
            i0 = max(int((ax[e] - _SLACK - west) * split) - 1, 0)
            i1 = min(int((bx[e] + _SLACK - west) * split) + 1, columns - 1)
            j0 = max(int((low - _SLACK - south) * split) - 1, 0)
            j1 = min(int((high + _SLACK - south) * split) + 1, rows - 1)
            for j in range(j0, j1 + 1):
                y0, y1 = _sub_line(south, j, split), _sub_line(south, j + 1, split)
                for i in range(i0, i1 + 1):
                    x0, x1 = _sub_line(west, i, split), _sub_line(west, i + 1, split)
                    if not _meets_box(ax[e], ay[e], bx[e], by[e], x0, y0, x1, y1):
                        continue
                    box = j * columns + i
                    if fill == 0:
                        offset[box + 1] += 1
                    else:
                        listed[cursor[box]] = e
                        cursor[box] += 1
    return offset, listed


@njit
def _flip(active: NDArray[np.int32], n: int, row: int) -> int:
    """Toggle `row` in the first `n` entries of the set `active`; return the new size."""
    for i in range(n):
        if active[i] == row:
            active[i] = active[n - 1]
            return n - 1
    active[n] = row
    return n + 1


@njit
def _flip_edge(
    active: NDArray[np.int32], n: int, left: NDArray[np.int32], right: NDArray[np.int32], e: int
) -> int:
    n = _flip(active, n, left[e])
    if right[e] >= 0:
        n = _flip(active, n, right[e])
    return n


@njit
def _candidates(
    active: NDArray[np.int32],
    n_active: int,
    left: NDArray[np.int32],
    right: NDArray[np.int32],
    edges: NDArray[np.int32],
    rows: NDArray[np.int32],
) -> int:
    """Distinct rows of the corner set and of the edges, ascending, into `rows`."""
    n = 0
    for i in range(n_active):
        rows[n] = active[i]
        n += 1
    for e in edges:
        rows[n] = left[e]
        n += 1
        if right[e] >= 0:
            rows[n] = right[e]
            n += 1
    ordered = np.sort(rows[:n])
    k = 0
    for i in range(n):
        if i == 0 or ordered[i] != ordered[i - 1]:
            rows[k] = ordered[i]
            k += 1
    return k


@njit
def build_index(
    ax: NDArray[np.float64],
    ay: NDArray[np.float64],
    bx: NDArray[np.float64],
    by: NDArray[np.float64],
    left: NDArray[np.int32],
    right: NDArray[np.int32],
    n_regions: int,
) -> GridIndex:
    """Build the grid over distinct edges a→b with their rows (right = -1: only one)."""
    everything = np.arange(len(ax), dtype=np.int32)
    cell_offset, cell_edges = list_edges_of_boxes(
        ax, ay, bx, by, everything, -180.0, -90.0, 1, COLUMNS, ROWS
    )
    n_cells = COLUMNS * ROWS
    split = np.empty(n_cells, dtype=np.int32)
    sub_offset = np.zeros(n_cells + 1, dtype=np.int64)
    for c in range(n_cells):
        n_edges = cell_offset[c + 1] - cell_offset[c]
        split[c] = min(max((n_edges + _EDGES_PER_SPLIT - 1) // _EDGES_PER_SPLIT, 1), _MAX_SPLIT)
        sub_offset[c + 1] = sub_offset[c] + split[c] * split[c]
    state = np.empty(sub_offset[-1], dtype=np.int32)
    active = np.empty(n_regions + 2, dtype=np.int32)
    corner = np.empty(n_regions + 2, dtype=np.int32)
    column = np.empty(n_regions + 2, dtype=np.int32)

    n_border, n_listed, n_candidates = 0, 0, 0
    edge_offset = np.zeros(1024, dtype=np.int64)
    candidate_offset = np.zeros(1024, dtype=np.int64)
    edge = np.empty(4096, dtype=np.int32)
    first = np.empty(4096, dtype=np.int16)
    second = np.empty(4096, dtype=np.int16)
    candidate = np.empty(4096, dtype=np.int32)
    inside = np.empty(4096, dtype=np.uint8)

    for j in range(ROWS):
        south = -90.0 + j
        n_corner = 0
        for i in range(COLUMNS):
            west = -180.0 + i
            c = j * COLUMNS + i
            own = cell_edges[cell_offset[c] : cell_offset[c + 1]]
            if i == 0:  # from west of everything to the corner: edges on the line itself
                for e in own:
                    if _crosses_right(ax[e], ay[e], bx[e], by[e], -181.0, west, south):
                        n_corner = _flip_edge(corner, n_corner, left, right, e)
            s = split[c]
            listed_offset, listed = list_edges_of_boxes(ax, ay, bx, by, own, west, south, s, s, s)
            n_column = n_corner
            column[:n_column] = corner[:n_corner]
            for v in range(s):
                y0, y1 = _sub_line(south, v, s), _sub_line(south, v + 1, s)
                n_active = n_column
                active[:n_active] = column[:n_column]
                for u in range(s):
                    x0, x1 = _sub_line(west, u, s), _sub_line(west, u + 1, s)
                    box = v * s + u
                    here = listed[listed_offset[box] : listed_offset[box + 1]]
                    if len(here) == 0:
                        lowest = _OUTSIDE
                        for k in range(n_active):
                            if lowest == _OUTSIDE or active[k] < lowest:
                                lowest = active[k]
                        state[sub_offset[c] + box] = lowest
                        continue
                    rows = np.empty(n_active + 2 * len(here), dtype=np.int32)
                    n_rows = _candidates(active, n_active, left, right, here, rows)
                    if n_rows > 32767:
                        raise ValueError("too many regions meet in one place")
                    state[sub_offset[c] + box] = _BORDER - n_border
                    while n_border + 2 > len(edge_offset):
                        edge_offset = np.concatenate((edge_offset, np.zeros_like(edge_offset)))
                        candidate_offset = np.concatenate(
                            (candidate_offset, np.zeros_like(candidate_offset))
                        )
                    while n_listed + len(here) > len(edge):
                        edge = np.concatenate((edge, np.empty_like(edge)))
                        first = np.concatenate((first, np.empty_like(first)))
                        second = np.concatenate((second, np.empty_like(second)))
                    while n_candidates + n_rows > len(candidate):
                        candidate = np.concatenate((candidate, np.empty_like(candidate)))
                        inside = np.concatenate((inside, np.empty_like(inside)))
                    for k in range(n_rows):
                        candidate[n_candidates + k] = rows[k]
                        inside[n_candidates + k] = 0
                        for m in range(n_active):
                            if active[m] == rows[k]:
                                inside[n_candidates + k] = 1
                    for e in here:
                        edge[n_listed] = e
                        first[n_listed] = np.searchsorted(rows[:n_rows], left[e])
                        second[n_listed] = -1
                        if right[e] >= 0:
                            second[n_listed] = np.searchsorted(rows[:n_rows], right[e])
                        n_listed += 1
                    n_candidates += n_rows
                    n_border += 1
                    edge_offset[n_border] = n_listed
                    candidate_offset[n_border] = n_candidates
                    for e in here:
                        if _crosses_right(ax[e], ay[e], bx[e], by[e], x0, x1, y0):
                            n_active = _flip_edge(active, n_active, left, right, e)
                if v == 0:  # the walk along the cell's lower side ends at the next corner
                    n_corner = n_active
                    corner[:n_corner] = active[:n_active]
                box = v * s
                x0 = _sub_line(west, 0, s)
                for e in listed[listed_offset[box] : listed_offset[box + 1]]:
                    if _crosses_up(ax[e], ay[e], bx[e], by[e], x0, y0, y1):
                        n_column = _flip_edge(column, n_column, left, right, e)
    return GridIndex(
        sub_offset, split, state, edge_offset[: n_border + 1].copy(), edge[:n_listed].copy(),
        first[:n_listed].copy(), second[:n_listed].copy(),
        candidate_offset[: n_border + 1].copy(), candidate[:n_candidates].copy(),
        inside[:n_candidates].copy(), ax, ay, bx, by,
    )  # fmt: skip


@njit
def _walk(index: GridIndex, b: int, x0: float, y0: float, x: float, y: float) -> int:
    """Row that holds (x, y) in border sub-cell `b` with corner (x0, y0), or -1."""
    c0, c1 = index.candidate_offset[b], index.candidate_offset[b + 1]
    for word in range(c0, c1, _WORD):  # more than 64 candidates: one pass for each 64
        members = np.uint64(0)
        for k in range(word, min(word + _WORD, c1)):
            members |= np.uint64(index.inside[k]) << np.uint64(k - word)
        base = word - c0
        for m in range(index.edge_offset[b], index.edge_offset[b + 1]):
            e = index.edge[m]
            ax, ay, bx, by = index.ax[e], index.ay[e], index.bx[e], index.by[e]
            up = _crosses_up(ax, ay, bx, by, x0, y0, y)
            if up != _crosses_right(ax, ay, bx, by, x0, x, y):
                f, g = index.first[m] - base, index.second[m] - base
                if 0 <= f < _WORD:
                    members ^= np.uint64(1) << np.uint64(f)
                if 0 <= g < _WORD:
                    members ^= np.uint64(1) << np.uint64(g)
        if members != np.uint64(0):
            k = word
            while members & np.uint64(1) == np.uint64(0):
                members >>= np.uint64(1)
                k += 1
            return int(index.candidate[k])
    return _OUTSIDE


@njit
def _lowest_touching(index: GridIndex, b: int, x: float, y: float) -> int:
    """Lowest row with an edge through (x, y), or -1."""
    lowest = _OUTSIDE
    for m in range(index.edge_offset[b], index.edge_offset[b + 1]):
        e = index.edge[m]
        if _touches(index.ax[e], index.ay[e], index.bx[e], index.by[e], x, y):
            row = index.candidate[index.candidate_offset[b] + index.first[m]]
            if lowest == _OUTSIDE or row < lowest:
                lowest = row
    return lowest


@njit
def _sub_cell(index: GridIndex, x: float, y: float) -> tuple[int, float, float]:
    """State of the sub-cell that holds (x, y), and its lower left corner."""
    i = min(int(np.floor(x + 180.0)), COLUMNS - 1)
    j = min(int(np.floor(y + 90.0)), ROWS - 1)
    # x + 180 rounds: the cell's own lines decide
    if x < -180.0 + i:
        i -= 1
    elif i < COLUMNS - 1 and x >= -180.0 + (i + 1):
        i += 1
    if y < -90.0 + j:
        j -= 1
    elif j < ROWS - 1 and y >= -90.0 + (j + 1):
        j += 1
    c = j * COLUMNS + i
    s = index.split[c]
    west, south = -180.0 + i, -90.0 + j
    if s == 1:
        return index.state[index.sub_offset[c]], west, south
    u, v = _sub_number(x, west, s), _sub_number(y, south, s)
    state = index.state[index.sub_offset[c] + v * s + u]
    return state, _sub_line(west, u, s), _sub_line(south, v, s)


@njit
def locate_points(
    index: GridIndex,
    lon: NDArray[np.float64],
    lat: NDArray[np.float64],
    rows: NDArray[np.int64],
    start: int,
    stop: int,
) -> None:
    """Row of each point in `rows[start:stop]`; -1 outside and for NaN."""
    for p in range(start, stop):
        x, y = lon[p], lat[p]
        if not (x == x and y == y):
            rows[p] = _OUTSIDE
            continue
        if x == 180.0:
            x = -180.0
        state, x0, y0 = _sub_cell(index, x, y)
        if state > _BORDER:
            rows[p] = state
        else:
            b = _BORDER - state
            rows[p] = _walk(index, b, x0, y0, x, y)
            if rows[p] == _OUTSIDE:
                rows[p] = _lowest_touching(index, b, x, y)
        if rows[p] == _OUTSIDE and x == -180.0:  # the other side of the same meridian
            state, x0, y0 = _sub_cell(index, 180.0, y)
            if state <= _BORDER:
                rows[p] = _lowest_touching(index, _BORDER - state, 180.0, y)
