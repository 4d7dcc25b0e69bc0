"""Kernel half of `cells`: sets of cells, their neighbour graph, flooding.

Cells are uint64, valid, of one resolution. A set of cells is looked up by groups: the cells that
share all but their last two digits make one group, a 64-bit mask says which of them are there and
a count of its lower bits gives a cell's rank. Neighbours mostly share a group, so most look-ups
touch no new memory.
"""

from __future__ import annotations

import threading
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from geo_risk._h3 import neighbor, split
from geo_risk._h3_tables import BESIDE, IS_PENTAGON
from geo_risk._jit import njit, run_chunks

__all__ = ["disk", "flood", "graph", "positions"]

CellArray = NDArray[np.uint64]
IntArray = NDArray[np.int64]

_BLOCK = 1 << 22  # entries of a block of rows: 16 MB
_GOLDEN = -7046029254386353131  # 2**64 / golden ratio, odd, as a signed number


class _CellSet(NamedTuple):
    """Distinct cells, sorted, with their groups and a hash table of the groups."""

    cells: IntArray
    order: IntArray  # position in the caller's array of each sorted cell
    rank: IntArray  # and back
    group: IntArray  # cell >> (unused bits + 6)
    start: IntArray
    mask: IntArray
    table: NDArray[np.int32]  # index of a group, -1 where free
    unused: int


@njit
def _slot(key: int, bits: int) -> int:
    return ((key * _GOLDEN) >> (64 - bits)) & ((1 << bits) - 1)


@njit
def _fill_table(keys: IntArray, table: NDArray[np.int32], bits: int) -> None:
    for index in range(keys.size):
        slot = _slot(keys[index], bits)
        while table[slot] >= 0:
            slot = (slot + 1) & (table.size - 1)
        table[slot] = index


@njit
def _masks(low: IntArray, start: IntArray, mask: IntArray) -> None:
    for group in range(mask.size):
        for n in range(start[group], start[group + 1]):
            mask[group] |= 1 << low[n]


def _cell_set(cells: CellArray) -> _CellSet:
    """Make a set of distinct cells of one resolution."""
    given = cells.view(np.int64)
    if (given[1:] > given[:-1]).all():
        order = rank = np.arange(given.size)
        ordered = given
    else:
        order = np.argsort(given, kind="stable")
        ordered = given[order]
        rank = np.empty_like(order)
        rank[order] = np.arange(given.size)
    resolution = int(ordered[0] >> 52) & 15 if given.size else 15
    unused = 3 * (15 - resolution)
    keys = ordered >> unused
    first = np.flatnonzero(np.diff(keys >> 6, prepend=-1))
    group = keys[first] >> 6
    start = np.append(first, keys.size)
    mask = np.zeros(group.size, dtype=np.int64)
    _masks(keys & 63, start, mask)
    bits = max(4, int(2 * group.size).bit_length())
    table = np.full(1 << bits, -1, dtype=np.int32)
    _fill_table(group, table, bits)
    return _CellSet(ordered, order, rank, group, start, mask, table, unused)


@njit
def _bits_set(x: int) -> int:
    """Count the bits set in a non-negative number."""
    x = x - ((x >> 1) & 0x5555555555555555)
    x = (x & 0x3333333333333333) + ((x >> 2) & 0x3333333333333333)
    x = (x + (x >> 4)) & 0x0F0F0F0F0F0F0F0F
    return (x * 0x0101010101010101) >> 56


@njit
def _find_group(key: int, group: IntArray, table: NDArray[np.int32], bits: int) -> int:
    slot = _slot(key, bits)
    while table[slot] >= 0:
        if group[table[slot]] == key:
            return int(table[slot])
        slot = (slot + 1) & (table.size - 1)
    return -1


@njit
def _find(
    cell: int,
    hint: int,
    group: IntArray,
    start: IntArray,
    mask: IntArray,
    table: NDArray[np.int32],
    bits: int,
    unused: int,
) -> int:
    """Rank of a cell in a set, -1 where it is not there; `hint` is a group to look at first."""
    key = cell >> unused
    where = hint
    if where < 0 or group[where] != key >> 6:
        where = _find_group(key >> 6, group, table, bits)
        if where < 0:
            return -1
    low = key & 63
    if (mask[where] >> low) & 1 == 0:
        return -1
    return int(start[where]) + _bits_set(mask[where] & ((1 << low) - 1))


@njit
def _find_all(
    cells: IntArray,
    group: IntArray,
    start: IntArray,
    mask: IntArray,
    table: NDArray[np.int32],
    bits: int,
    unused: int,
    out: IntArray,
) -> None:
    for n in range(cells.size):
        out[n] = _find(cells[n], -1, group, start, mask, table, bits, unused)


def positions(grid: CellArray, cells: CellArray) -> IntArray:
    """Position of each cell in `grid` (distinct cells in any order), -1 where it is not there."""
    there = _cell_set(grid)
    out = np.empty(cells.size, dtype=np.int64)
    bits = there.table.size.bit_length() - 1
    _find_all(
        cells.view(np.int64), there.group, there.start, there.mask, there.table, bits,
        there.unused, out,
    )  # fmt: skip
    found = out >= 0
    out[found] = there.order[out[found]]
    return out


@njit
def _link(
    cells: IntArray,
    first: int,
    last: int,
    group: IntArray,
    start: IntArray,
    mask: IntArray,
    table: NDArray[np.int32],
    bits: int,
    unused: int,
    out: NDArray[np.int32],
) -> None:
    """Ranks of the six neighbours: -1 outside the set, -2 where a pentagon has none."""
    hint = -1
    for n in range(first, last):
        key = cells[n] >> (unused + 6)
        if hint < 0 or group[hint] != key:
            hint = _find_group(key, group, table, bits)
        resolution, base, digits = split(cells[n])
        plain = resolution >= 2 and not IS_PENTAGON[base]
        here, begin = mask[hint], start[hint]
        for side in range(1, 7):
            low = int(BESIDE[resolution & 1, digits & 63, side - 1]) if plain else -1
            if low >= 0:
                rank = begin + _bits_set(here & ((1 << low) - 1))
                out[n, side - 1] = rank if (here >> low) & 1 else -1
                continue
            beside = neighbor(cells[n], side)
            if beside == 0:
                out[n, side - 1] = -2
            else:
                out[n, side - 1] = _find(beside, hint, group, start, mask, table, bits, unused)


@njit
def _grow(
    n: int, k: int, links: NDArray[np.int32], stamp: NDArray[np.int32], row: NDArray[np.int32]
) -> int:
    """Write ranks of the cells within k steps, the cell itself first; returns how many.

    -1 where only the grid's own arithmetic can tell: a path leaves the set before its last step,
    or a pentagon is among the cells that are stepped from.
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
    """Cells within k steps, the cell itself first, ring by ring; returns how many."""
    out[0] = cell
    count = 1
    before, begin = 0, 0
    for _ in range(k):
        end = count
        for entry in range(begin, end):
            for side in range(1, 7):
                beside = neighbor(out[entry], side)
                known = beside == 0
                # It can only be in this ring, the one before or the one that grows.
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
    links: NDArray[np.int32],
    group: IntArray,
    start: IntArray,
    mask: IntArray,
    table: NDArray[np.int32],
    bits: int,
    unused: int,
    stamp: NDArray[np.int32],
    around: IntArray,
    row: NDArray[np.int32],
    indices: NDArray[np.int32],
    counts: IntArray,
    missing: IntArray,
) -> int:
    """Neighbours of rows [first, last) of the caller's order, one after the other, sorted."""
    used = 0
    for given in range(first, last):
        n = rank[given]
        total = 1 + 3 * k * (k + 1)
        count = _grow(n, k, links, stamp, row)
        if count < 0:
            total = _disk(cells[n], k, around)
            count = 1
            for entry in range(1, total):
                place = _find(around[entry], -1, group, start, mask, table, bits, unused)
                if place >= 0:
                    row[count] = place
                    count += 1
        missing[given] = total - count
        for entry in range(1, count):
            value = np.int32(order[row[entry]])
            place = used
            while place > used + 1 - entry and indices[place - 1] > value:
                indices[place] = indices[place - 1]
                place -= 1
            indices[place] = value
            used += 1
        counts[given] = count - 1
    return used


def graph(
    cells: CellArray, k: int, n_jobs: int = 1
) -> tuple[IntArray, NDArray[np.int32], IntArray]:
    """CSR graph "within k steps": row lengths, sorted columns; and neighbours outside the set."""
    n = cells.size
    size = 1 + 3 * k * (k + 1)
    there = _cell_set(cells)
    bits = there.table.size.bit_length() - 1
    lookup = (there.group, there.start, there.mask, there.table, bits, there.unused)
    links = np.empty((n, 6), dtype=np.int32)
    counts, missing = np.empty(n, dtype=np.int64), np.empty(n, dtype=np.int64)
    blocks: dict[int, NDArray[np.int32]] = {}

    def link(first: int, last: int) -> None:
        _link(there.cells, first, last, *lookup, links)

    own = threading.local()

    def rows(first: int, last: int) -> None:
        if not hasattr(own, "stamp"):  # once per thread: no row's stamp is another's
            own.stamp = np.full(n, -1, dtype=np.int32)
        stamp = own.stamp
        around = np.empty(size, dtype=np.int64)
        row = np.empty(size, dtype=np.int32)
        step = max(1, _BLOCK // size)
        for low in range(first, last, step):
            high = min(low + step, last)
            indices = np.empty((high - low) * (size - 1), dtype=np.int32)
            used = _rows(
                there.cells, there.order, there.rank, low, high, k, links, *lookup,
                stamp, around, row, indices, counts, missing,
            )  # fmt: skip
            blocks[low] = indices[:used] if used == indices.size else indices[:used].copy()

    run_chunks(link, n, n_jobs)
    run_chunks(rows, n, n_jobs, minimum=65_536)
    parts = [blocks[low] for low in sorted(blocks)]
    columns = np.concatenate(parts) if parts else np.empty(0, dtype=np.int32)
    return counts, columns, missing


@njit
def _mark(cell: int, unused: int, keys: IntArray, masks: IntArray, bits: int) -> int:
    """Mark a cell: 0 where it was marked, 1 where its group was known, 2 where that is new."""
    key = cell >> unused
    slot = _slot(key >> 6, bits)
    while keys[slot] != 0 and keys[slot] != key >> 6:
        slot = (slot + 1) & (keys.size - 1)
    bit = 1 << (key & 63)
    if keys[slot] == 0:
        keys[slot] = key >> 6
        masks[slot] = bit
        return 2
    if masks[slot] & bit != 0:
        return 0
    masks[slot] |= bit
    return 1


@njit
def _enlarge(keys: IntArray, masks: IntArray, bits: int) -> tuple[IntArray, IntArray]:
    """Move groups to a table four times as large, of 2**bits slots."""
    new_keys, new_masks = np.zeros(1 << bits, np.int64), np.zeros(1 << bits, np.int64)
    for old in range(keys.size):
        if keys[old] != 0:
            slot = _slot(keys[old], bits)
            while new_keys[slot] != 0:
                slot = (slot + 1) & (new_keys.size - 1)
            new_keys[slot], new_masks[slot] = keys[old], masks[old]
    return new_keys, new_masks


@njit
def _flood(seeds: IntArray, wall: IntArray, k: int) -> IntArray:
    """Cells reached from `seeds` in at most k steps (any number where k < 0) past no wall."""
    reached = np.empty(max(1024, 2 * seeds.size), dtype=np.int64)
    if seeds.size == 0:
        return reached[:0].copy()
    unused = 3 * (15 - ((seeds[0] >> 52) & 15))
    bits = 10
    while (1 << bits) < 2 * (seeds.size + wall.size):
        bits += 1
    keys, masks = np.zeros(1 << bits, np.int64), np.zeros(1 << bits, np.int64)
    groups = count = 0
    for cell in wall:
        groups += _mark(cell, unused, keys, masks, bits) == 2
    for cell in seeds:
        state = _mark(cell, unused, keys, masks, bits)
        groups += state == 2
        if state != 0:
            reached[count] = cell
            count += 1
    begin, step = 0, 0
    while begin < count and step != k:
        end = count
        for entry in range(begin, end):
            for side in range(1, 7):
                beside = neighbor(reached[entry], side)
                state = 0 if beside == 0 else _mark(beside, unused, keys, masks, bits)
                if state == 0:
                    continue
                if count == reached.size:
                    reached = np.concatenate((reached, np.empty_like(reached)))
                reached[count] = beside
                count += 1
                groups += state == 2
                if 2 * groups > keys.size:
                    bits += 2
                    keys, masks = _enlarge(keys, masks, bits)
        begin = end
        step += 1
    return reached[:count].copy()


def flood(seeds: CellArray, wall: CellArray) -> CellArray:
    """All cells reached from `seeds` through neighbours without entering `wall`; sorted."""
    return np.sort(_flood(seeds.view(np.int64), wall.view(np.int64), -1)).view(np.uint64)


def disk(cells: CellArray, k: int) -> CellArray:
    """All cells within k steps of any of the given ones; sorted."""
    wall = np.empty(0, dtype=np.int64)
    return np.sort(_flood(cells.view(np.int64), wall, k)).view(np.uint64)
