"""Kernels of `cells`: the neighbour graph of a set of cells.

Cells are uint64, valid, of one resolution.
"""

from __future__ import annotations

import threading

import numpy as np
from numpy.typing import NDArray

from geo_risk._core.jit import njit, run_chunks
from geo_risk._core.types import CellArray, Int32Array, IntArray
from geo_risk.cells._h3 import neighbor, split
from geo_risk.cells._h3_sets import bits_set, cell_set, find, find_group, over_slices
from geo_risk.cells._h3_tables import BESIDE, IS_PENTAGON

__all__ = ["graph", "missing"]


_BLOCK = 1 << 22  # entries of a block of rows: 16 MB
_SPACE = 1 << 26  # entries of all blocks that are one array: 256 MB
_LAST = np.int32(2**31 - 1)  # sorts after every column


@njit
def _link(
    cells: IntArray,
    group: IntArray,
    start: IntArray,
    mask: IntArray,
    table: Int32Array,
    bits: int,
    unused: int,
    out: Int32Array,
) -> None:
    """Ranks of the six neighbours: -1 outside the set, -2 if a pentagon has none there."""
    hint = -1
    for n in range(cells.size):
        key = cells[n] >> (unused + 6)
        if hint < 0 or group[hint] != key:
            hint = find_group(key, group, table, bits)
        resolution, base, digits = split(cells[n])
        plain = resolution >= 2 and not IS_PENTAGON[base]
        here, begin = mask[hint], start[hint]
        for side in range(1, 7):
            low = int(BESIDE[resolution & 1, digits & 63, side - 1]) if plain else -1
            if low >= 0:
                rank = begin + bits_set(here & ((1 << low) - 1))
                out[n, side - 1] = rank if (here >> low) & 1 else -1
                continue
            beside = neighbor(cells[n], side)
            if beside == 0:
                out[n, side - 1] = -2
            else:
                out[n, side - 1] = find(beside, hint, group, start, mask, table, bits, unused)


@njit
def _near(
    links: Int32Array, order: IntArray, indices: Int32Array, counts: Int32Array, absent: Int32Array
) -> int:
    """Rows of the graph "within one step": all sides of a cell lead to different cells.

    Six columns are sorted by a network of twelve exchanges, without branches; values after a
    row's end are overwritten by the next row.
    """
    row = np.empty(6, dtype=np.int32)
    used = 0
    for n in range(counts.size):
        count = outside = 0
        for side in range(6):
            beside = links[n, side]
            count += beside >= 0
            outside += beside == -1
            if beside >= 0 and order.size > 0:
                beside = order[beside]
            row[side] = beside if beside >= 0 else _LAST
        a, b, c, d, e, f = row[0], row[1], row[2], row[3], row[4], row[5]
        a, f = min(a, f), max(a, f)
        b, d = min(b, d), max(b, d)
        c, e = min(c, e), max(c, e)
        b, c = min(b, c), max(b, c)
        d, e = min(d, e), max(d, e)
        a, d = min(a, d), max(a, d)
        c, f = min(c, f), max(c, f)
        a, b = min(a, b), max(a, b)
        c, d = min(c, d), max(c, d)
        e, f = min(e, f), max(e, f)
        b, c = min(b, c), max(b, c)
        d, e = min(d, e), max(d, e)
        indices[used], indices[used + 1], indices[used + 2] = a, b, c
        indices[used + 3], indices[used + 4], indices[used + 5] = d, e, f
        used += count
        counts[n] = count
        if absent.size > 0:
            absent[n] = outside
    return used


@njit
def _grow(n: int, k: int, links: Int32Array, stamp: Int32Array, row: Int32Array) -> int:
    """Write ranks of the cells within k steps, the cell itself first; return how many.

    Returns -1 if the links are not sufficient: a path leaves the set before its last step, or
    steps from a pentagon.
    """
    stamp[n] = n
    row[0] = n
    count = 1
    begin = 0
    for step in range(k):
        end = count
        for entry in range(begin, end):
            for side in range(6):
                beside = links[row[entry], side]
                if beside >= 0:
                    if stamp[beside] != n:
                        stamp[beside] = n
                        row[count] = beside
                        count += 1
                elif beside == -2 or step < k - 1:
                    return -1
        begin = end
    return count


@njit
def _disk(cell: int, k: int, out: IntArray) -> int:
    """Write the cells within k steps, the cell itself first, ring by ring; return how many."""
    out[0] = cell
    count = 1
    before, begin = 0, 0
    for _ in range(k):
        end = count
        for entry in range(begin, end):
            for side in range(1, 7):
                beside = neighbor(out[entry], side)
                known = beside == 0
                # It can only be in this ring, the previous one or the one being built.
                seen = before
                while not known and seen < count:
                    known = out[seen] == beside
                    seen += 1
                if not known:
                    out[count] = beside
                    count += 1
        before, begin = begin, end
    return count


@njit
def _rows(
    cells: IntArray,
    order: IntArray,
    rank: IntArray,
    first: int,
    last: int,
    k: int,
    links: Int32Array,
    group: IntArray,
    start: IntArray,
    mask: IntArray,
    table: Int32Array,
    bits: int,
    unused: int,
    stamp: Int32Array,
    around: IntArray,
    row: Int32Array,
    indices: Int32Array,
    counts: Int32Array,
    absent: Int32Array,
) -> int:
    """Write the neighbours of rows [first, last) in the caller's order; each row is sorted."""
    used = 0
    for given in range(first, last):
        n = rank[given] if rank.size else given
        total = 1 + 3 * k * (k + 1)
        count = _grow(n, k, links, stamp, row)
        if count < 0:
            total = _disk(cells[n], k, around)
            count = 1
            for entry in range(1, total):
                place = find(around[entry], -1, group, start, mask, table, bits, unused)
                if place >= 0:
                    row[count] = place
                    count += 1
        for entry in range(1, count):
            value = np.int32(order[row[entry]]) if order.size else row[entry]
            place = used
            while place > used + 1 - entry and indices[place - 1] > value:
                indices[place] = indices[place - 1]
                place -= 1
            indices[place] = value
            used += 1
        counts[given] = count - 1
        if absent.size:
            absent[given] = total - count
    return used


class _Blocks:
    """Columns of blocks of rows, by their first row; threads compute them slice by slice."""

    def __init__(self, cells: CellArray, k: int, n_jobs: int) -> None:
        self.given = cells.view(np.int64)
        self.there = cell_set(cells, n_jobs)
        self.counts = np.empty(cells.size, dtype=np.int32)
        self.columns: dict[int, Int32Array] = {}
        self._n_jobs = n_jobs
        entries = cells.size * 3 * k * (k + 1)
        self._space = np.empty(entries if entries <= _SPACE else 0, dtype=np.int32)

    def _take(self, first: int, last: int, width: int) -> Int32Array:
        """Memory for a block, from one shared array unless that would be large.

        Threads that allocate memory wait for each other.
        """
        if self._space.size == 0:
            return np.empty((last - first) * width, dtype=np.int32)
        return self._space[first * width : last * width]

    def _keep(self, first: int, indices: Int32Array, used: int) -> None:
        short = indices[:used]
        wasteful = self._space.size == 0 and 2 * used < indices.size
        self.columns[first] = short.copy() if wasteful else short

    def make_near(self, absent: Int32Array) -> None:
        """Make the rows of k = 1; `absent` (may be empty) gets the numbers outside the set."""
        there, counts = self.there, self.counts
        own = threading.local()

        def run(first: int, last: int) -> None:
            if not hasattr(own, "links") or len(own.links) < last - first:
                own.links = np.empty((last - first, 6), dtype=np.int32)
            links = own.links[: last - first]
            _link(self.given[first:last], *there.lookup, links)
            indices = self._take(first, last, 6)
            lost = absent[first:last]
            used = _near(links, there.order, indices, counts[first:last], lost)
            self._keep(first, indices, used)

        over_slices(run, counts.size, self._n_jobs)

    def make(self, k: int, absent: Int32Array) -> None:
        """Make the rows of any k, from the links of all cells."""
        there, counts = self.there, self.counts
        size = 1 + 3 * k * (k + 1)
        links = np.empty((counts.size, 6), dtype=np.int32)
        own = threading.local()

        def link(first: int, last: int) -> None:
            _link(there.cells[first:last], *there.lookup, links[first:last])

        def run(first: int, last: int) -> None:
            if not hasattr(own, "stamp"):  # once per thread: each row has its own stamp
                own.stamp = np.full(counts.size, -1, dtype=np.int32)
                own.around = np.empty(size, dtype=np.int64)
                own.row = np.empty(size, dtype=np.int32)
            indices = self._take(first, last, size - 1)
            used = _rows(
                there.cells, there.order, there.rank, first, last, k, links, *there.lookup,
                own.stamp, own.around, own.row, indices, counts, absent,
            )  # fmt: skip
            self._keep(first, indices, used)

        over_slices(link, counts.size, self._n_jobs)
        over_slices(run, counts.size, self._n_jobs, max(1, _BLOCK // size))


def _blocks(
    cells: CellArray, k: int, n_jobs: int, absent: Int32Array
) -> tuple[dict[int, Int32Array], Int32Array]:
    """Columns of blocks of rows and the length of each row."""
    blocks = _Blocks(cells, k, n_jobs)
    if k == 1:
        blocks.make_near(absent)
    else:
        blocks.make(k, absent)
    return blocks.columns, blocks.counts


@njit
def _gather(
    block: Int32Array,
    counts: Int32Array,
    first: int,
    at: int,
    weights: NDArray[np.float64],
    indices: Int32Array,
    indptr: IntArray | Int32Array,
) -> None:
    """Put a block of rows into the graph, from entry `at` on."""
    for n in range(block.size):
        indices[at + n] = block[n]
    for n in range(block.size):
        weights[at + n] = 1.0
    end = at
    for row in range(counts.size):
        end += counts[row]
        indptr[first + row + 1] = end


def graph(
    cells: CellArray, k: int, n_jobs: int = 1
) -> tuple[NDArray[np.float64], Int32Array, IntArray | Int32Array]:
    """CSR arrays of the graph "within k steps": ones, sorted columns, starts of the rows."""
    n = cells.size
    blocks, counts = _blocks(cells, k, n_jobs, np.empty(0, dtype=np.int32))
    firsts = sorted(blocks)
    ends = np.cumsum([0] + [blocks[first].size for first in firsts])
    total = int(ends[-1])
    weights, indices = np.empty(total), np.empty(total, dtype=np.int32)
    indptr: IntArray | Int32Array = np.zeros(n + 1, dtype=np.int64)
    if total <= np.iinfo(np.int32).max:
        indptr = np.zeros(n + 1, dtype=np.int32)

    def gather(start: int, stop: int) -> None:
        for part in range(start, stop):
            first = firsts[part]
            block = blocks.pop(first)
            last = firsts[part + 1] if part + 1 < len(firsts) else n
            _gather(block, counts[first:last], first, int(ends[part]), weights, indices, indptr)

    run_chunks(gather, len(firsts), n_jobs, minimum=1)
    return weights, indices, indptr


def missing(cells: CellArray, k: int) -> IntArray:
    """Number of each cell's neighbours within k steps that are not in `cells`."""
    absent = np.empty(cells.size, dtype=np.int32)
    _blocks(cells, k, 1, absent)
    return absent.astype(np.int64)
