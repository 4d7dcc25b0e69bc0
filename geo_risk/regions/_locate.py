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

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from geo_risk._jit import njit
from geo_risk.regions._predicates import orientation

COLUMNS, ROWS = 360, 180
_OUTSIDE = -1
_BORDER = -2  # a sub-cell's state <= _BORDER points at its border record -(state + 2)
_WORD = 64
_BLOCK = 512  # queries handled together, so that their memory waits overlap
_SLACK = 1e-9  # degrees by which an edge may miss a box and still be listed in it
_MAX_SPLIT = 64
_EDGES_PER_SPLIT = 4


class GridIndex(NamedTuple):
    """The arrays of the index; c cells, s sub-cells, b border sub-cells, e listed edges."""

    cell: NDArray[np.int64]  # (c, 2) first sub-cell, sub-cells per side
    state: NDArray[np.int32]  # (s,)
    record: NDArray[np.int64]  # (b + 1, 3) first edge, first candidate, corner set (64 bits)
    edge: NDArray[np.float64]  # (e, 4) ax, ay, bx, by, copied so that a sub-cell is one block
    owner: NDArray[np.int16]  # (e, 2) candidate numbers of the edge's rows, -1 for none
    candidate: NDArray[np.int32]  # rows, ascending within a sub-cell
    inside: NDArray[np.uint8]  # per candidate: holds the corner


class Edges(NamedTuple):
    """Distinct edges a→b, lexicographic, with their rows; right = -1 where there is one only."""

    ax: NDArray[np.float64]
    ay: NDArray[np.float64]
    bx: NDArray[np.float64]
    by: NDArray[np.float64]
    left: NDArray[np.int32]
    right: NDArray[np.int32]


class Parts(NamedTuple):
    """The growing arrays of an index, flat, while it is built."""

    record: NDArray[np.int64]
    edge: NDArray[np.float64]
    owner: NDArray[np.int16]
    candidate: NDArray[np.int32]
    inside: NDArray[np.uint8]


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
    edges: Edges,
    members: NDArray[np.int32],
    west: float,
    south: float,
    split: int,
    columns: int,
    rows: int,
) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
    """For each box of a grid the edges that may meet it, as CSR.

    Grid lines are at origin + k / split, with `split` a power of two.
    """
    ax, ay, bx, by = edges.ax, edges.ay, edges.bx, edges.by
    side = 1.0 / split
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
                y0, y1 = south + j * side, south + (j + 1) * side
                for i in range(i0, i1 + 1):
                    x0, x1 = west + i * side, west + (i + 1) * side
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
def _flip_crossed(
    active: NDArray[np.int32],
    n: int,
    edges: Edges,
    here: NDArray[np.int32],
    x0: float,
    x1: float,
    y: float,
) -> int:
    """Carry the set of regions that hold a point from (x0, y) right to (x1, y)."""
    for e in here:
        if _crosses_right(edges.ax[e], edges.ay[e], edges.bx[e], edges.by[e], x0, x1, y):
            n = _flip_edge(active, n, edges.left, edges.right, e)
    return n


@njit
def _reserve(array: Any, needed: int) -> Any:
    """`array`, or a larger copy of it that has room for `needed` values."""
    if needed <= len(array):
        return array
    larger = np.empty(max(needed, 2 * len(array)), dtype=array.dtype)
    larger[: len(array)] = array
    return larger


@njit
def _write_border(
    parts: Parts,
    sizes: NDArray[np.int64],
    edges: Edges,
    here: NDArray[np.int32],
    active: NDArray[np.int32],
    n_active: int,
) -> None:
    """Append one border sub-cell: its edges, its candidate rows and who holds its corner."""
    n_border, n_edges, n_candidates = sizes
    rows = np.empty(n_active + 2 * len(here), dtype=np.int32)
    n_rows = _candidates(active, n_active, edges.left, edges.right, here, rows)
    if n_rows > 32767:
        raise ValueError("more than 32767 regions meet in one place")
    members = np.uint64(0)
    for k in range(n_rows):
        held = False
        for m in range(n_active):
            held |= active[m] == rows[k]
        parts.candidate[n_candidates + k] = rows[k]
        parts.inside[n_candidates + k] = held
        if held and k < _WORD:
            members |= np.uint64(1) << np.uint64(k)
    for m, e in enumerate(here):
        at = n_edges + m
        parts.edge[4 * at] = edges.ax[e]
        parts.edge[4 * at + 1] = edges.ay[e]
        parts.edge[4 * at + 2] = edges.bx[e]
        parts.edge[4 * at + 3] = edges.by[e]
        parts.owner[2 * at] = np.searchsorted(rows[:n_rows], edges.left[e])
        parts.owner[2 * at + 1] = -1
        if edges.right[e] >= 0:
            parts.owner[2 * at + 1] = np.searchsorted(rows[:n_rows], edges.right[e])
    parts.record[3 * n_border] = n_edges
    parts.record[3 * n_border + 1] = n_candidates
    parts.record[3 * n_border + 2] = np.int64(members)
    sizes[0], sizes[1], sizes[2] = n_border + 1, n_edges + len(here), n_candidates + n_rows


@njit
def _fill_cell(
    parts: Parts,
    sizes: NDArray[np.int64],
    edges: Edges,
    listed_offset: NDArray[np.int64],
    listed: NDArray[np.int32],
    state: NDArray[np.int32],
    west: float,
    south: float,
    split: int,
    corner: NDArray[np.int32],
    n_corner: int,
    active: NDArray[np.int32],
    column: NDArray[np.int32],
) -> int:
    """Write all sub-cells of one cell; `corner` moves on to the next cell's corner."""
    side = 1.0 / split
    n_column = n_corner
    column[:n_column] = corner[:n_corner]
    for v in range(split):
        y0, y1 = south + v * side, south + (v + 1) * side
        n_active = n_column
        active[:n_active] = column[:n_column]
        for u in range(split):
            box = v * split + u
            here = listed[listed_offset[box] : listed_offset[box + 1]]
            if len(here) == 0:
                state[box] = _OUTSIDE
                for k in range(n_active):
                    if state[box] == _OUTSIDE or active[k] < state[box]:
                        state[box] = active[k]
                continue
            state[box] = _BORDER - sizes[0]
            _write_border(parts, sizes, edges, here, active, n_active)
            x0, x1 = west + u * side, west + (u + 1) * side
            n_active = _flip_crossed(active, n_active, edges, here, x0, x1, y0)
        if v == 0:  # the walk along the cell's lower side has come to the next cell's corner
            n_corner = n_active
            corner[:n_corner] = active[:n_active]
        for e in listed[listed_offset[v * split] : listed_offset[v * split + 1]]:
            if _crosses_up(edges.ax[e], edges.ay[e], edges.bx[e], edges.by[e], west, y0, y1):
                n_column = _flip_edge(column, n_column, edges.left, edges.right, e)
    return n_corner


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
    edges = Edges(ax, ay, bx, by, left, right)
    everything = np.arange(len(ax), dtype=np.int32)
    cell_offset, cell_edges = list_edges_of_boxes(
        edges, everything, -180.0, -90.0, 1, COLUMNS, ROWS
    )
    cell = np.zeros((COLUMNS * ROWS + 1, 2), dtype=np.int64)
    for c in range(COLUMNS * ROWS):
        n_edges = cell_offset[c + 1] - cell_offset[c]
        split = 1
        while split < _MAX_SPLIT and split * _EDGES_PER_SPLIT < n_edges:
            split *= 2
        cell[c, 1] = split
        cell[c + 1, 0] = cell[c, 0] + split * split
    state = np.empty(cell[-1, 0], dtype=np.int32)
    corner = np.empty(n_regions + 2, dtype=np.int32)
    active, column = np.empty_like(corner), np.empty_like(corner)
    sizes = np.zeros(3, dtype=np.int64)  # border sub-cells, edges, candidates so far
    parts = Parts(
        np.empty(4096, dtype=np.int64), np.empty(4096, dtype=np.float64),
        np.empty(4096, dtype=np.int16), np.empty(4096, dtype=np.int32),
        np.empty(4096, dtype=np.uint8),
    )  # fmt: skip
    n_corner = 0
    for c in range(COLUMNS * ROWS):
        i, j = c % COLUMNS, c // COLUMNS
        west, south = -180.0 + i, -90.0 + j
        own = cell_edges[cell_offset[c] : cell_offset[c + 1]]
        if i == 0:  # from west of everything to the corner: only edges on the line itself
            n_corner = _flip_crossed(corner, 0, edges, own, -181.0, west, south)
        first, split = cell[c]
        offset, listed = list_edges_of_boxes(edges, own, west, south, split, split, split)
        n_border, n_edges, n_candidates = sizes
        room = n_candidates + 2 * len(listed) + split * split * (n_corner + 2 * len(own))
        parts = Parts(
            _reserve(parts.record, 3 * (n_border + split * split + 1)),
            _reserve(parts.edge, 4 * (n_edges + len(listed))),
            _reserve(parts.owner, 2 * (n_edges + len(listed))),
            _reserve(parts.candidate, min(room, n_candidates + split * split * n_regions)),
            _reserve(parts.inside, min(room, n_candidates + split * split * n_regions)),
        )
        n_corner = _fill_cell(
            parts, sizes, edges, offset, listed, state[first : first + split * split],
            west, south, split, corner, n_corner, active, column,
        )  # fmt: skip
    n_border, n_edges, n_candidates = sizes
    record = parts.record[: 3 * (n_border + 1)].copy().reshape(n_border + 1, 3)
    record[n_border] = (n_edges, n_candidates, 0)
    return GridIndex(
        cell, state, record, parts.edge[: 4 * n_edges].copy().reshape(n_edges, 4),
        parts.owner[: 2 * n_edges].copy().reshape(n_edges, 2),
        parts.candidate[:n_candidates].copy(), parts.inside[:n_candidates].copy(),
    )  # fmt: skip


@njit
def _walk(index: GridIndex, b: int, x0: float, y0: float, x: float, y: float) -> int:
    """Row that holds (x, y) in border sub-cell `b` with corner (x0, y0), or -1."""
    start, stop = index.record[b, 0], index.record[b + 1, 0]
    c0, c1 = index.record[b, 1], index.record[b + 1, 1]
    members = np.uint64(index.record[b, 2])
    for base in range(0, c1 - c0, _WORD):  # more than 64 candidates: one pass for each 64
        if base > 0:
            members = np.uint64(0)
            for k in range(base, min(base + _WORD, c1 - c0)):
                members |= np.uint64(index.inside[c0 + k]) << np.uint64(k - base)
        for m in range(start, stop):
            ax, ay, bx, by = index.edge[m, 0], index.edge[m, 1], index.edge[m, 2], index.edge[m, 3]
            up = _crosses_up(ax, ay, bx, by, x0, y0, y)
            if up != _crosses_right(ax, ay, bx, by, x0, x, y):
                f, g = index.owner[m, 0] - base, index.owner[m, 1] - base
                if 0 <= f < _WORD:
                    members ^= np.uint64(1) << np.uint64(f)
                if 0 <= g < _WORD:
                    members ^= np.uint64(1) << np.uint64(g)
        if members != np.uint64(0):
            k = c0 + base
            while members & np.uint64(1) == np.uint64(0):
                members >>= np.uint64(1)
                k += 1
            return int(index.candidate[k])
    return _OUTSIDE


@njit
def _lowest_touching(index: GridIndex, b: int, x: float, y: float) -> int:
    """Lowest row with an edge through (x, y), or -1."""
    lowest = _OUTSIDE
    for m in range(index.record[b, 0], index.record[b + 1, 0]):
        e = index.edge[m]
        if _touches(e[0], e[1], e[2], e[3], x, y):
            row = index.candidate[index.record[b, 1] + index.owner[m, 0]]
            if lowest == _OUTSIDE or row < lowest:
                lowest = row
    return lowest


@njit
def _sub_cell(index: GridIndex, x: float, y: float) -> tuple[int, float, float]:
    """Number of the sub-cell that holds (x, y), and its lower left corner."""
    i = min(int(x + 180.0), COLUMNS - 1)
    j = min(int(y + 90.0), ROWS - 1)
    i -= x < i - 180.0  # the sum may have been rounded up
    j -= y < j - 90.0
    first, split = index.cell[j * COLUMNS + i]
    west, south = i - 180.0, j - 90.0
    if split == 1:
        return first, west, south
    side = 1.0 / split
    u, v = _sub_number(x, west, split), _sub_number(y, south, split)
    return first + v * split + u, west + u * side, south + v * side


@njit
def _resolve(index: GridIndex, state: int, x0: float, y0: float, x: float, y: float) -> int:
    """Row of a point whose sub-cell does not answer at once."""
    if state >= 0:
        return state
    touching = _OUTSIDE
    if state <= _BORDER:
        row = _walk(index, _BORDER - state, x0, y0, x, y)
        if row != _OUTSIDE:
            return row
        touching = _lowest_touching(index, _BORDER - state, x, y)
    if x == -180.0:  # the other side of the same meridian
        sub, x0, y0 = _sub_cell(index, 180.0, y)
        if index.state[sub] <= _BORDER:
            row = _lowest_touching(index, _BORDER - index.state[sub], 180.0, y)
            if touching == _OUTSIDE or 0 <= row < touching:
                touching = row
    return touching


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
    sub = np.empty(_BLOCK, dtype=np.int64)
    corner = np.empty((_BLOCK, 2))
    state = np.empty(_BLOCK, dtype=np.int32)
    hard = np.empty(_BLOCK, dtype=np.int64)
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
            state[k] = index.state[sub[k]]
            x, y = lon[block + k], lat[block + k]
            rows[block + k] = state[k] if x == x and y == y else _OUTSIDE
            if (state[k] <= _BORDER or abs(x) == 180.0) and x == x and y == y:
                hard[n_hard] = k
                n_hard += 1
        for h in range(n_hard):  # nothing waits for these loads, so they run side by side
            if state[hard[h]] <= _BORDER:
                touched += index.edge[index.record[_BORDER - state[hard[h]], 0], 0]
        for h in range(n_hard):
            k = hard[h]
            x = lon[block + k] if lon[block + k] != 180.0 else -180.0
            rows[block + k] = _resolve(
                index, state[k], corner[k, 0], corner[k, 1], x, lat[block + k]
            )
    if touched != touched:  # never: keeps the early loads from being optimised away
        rows[start] = _OUTSIDE
