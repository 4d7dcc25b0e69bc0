"""Kernels of `cells`: sets of cells with fast look-up, and the check for a sorted grid.

Cells are uint64, of one resolution. A set of cells is looked up by groups: cells that share all but
their last two digits form a group, a 64-bit mask marks those in the set, and the number of lower
bits that are set gives a cell's rank. Neighbours are mostly in the same group, so most look-ups
read no new memory.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from geo_risk._core.jit import njit, resolve_jobs, run_chunks
from geo_risk._core.types import CellArray, IntArray
from geo_risk.cells._h3 import valid

__all__ = [
    "CellSet",
    "bits_set",
    "cell_set",
    "distinct",
    "each_once",
    "find",
    "find_group",
    "is_grid",
    "over_slices",
    "positions",
    "slot_of",
]


_SLICES = 16  # enough for threads to end at about the same time
_SLICE = 1 << 12, 1 << 15  # cells of a slice: enough for a call, few enough for the CPU cache
_FEW = 1 << 18  # up to here, cells are checked and grouped faster than a thread starts
_DISTINCT = 1 << 12  # room for distinct cells at first; a power of two
_GOLDEN = -7046029254386353131  # 2**64 / golden ratio, odd, as a signed number


class CellSet(NamedTuple):
    """Distinct cells, sorted, with their groups and a hash table of the groups."""

    cells: IntArray
    order: IntArray  # position in the caller's array of each sorted cell; empty if the same
    rank: IntArray  # the inverse
    group: IntArray  # cell >> (unused bits + 6)
    start: IntArray
    mask: IntArray
    table: NDArray[np.int32]  # index of a group, -1 if free
    unused: int

    @property
    def lookup(self) -> tuple[IntArray, IntArray, IntArray, NDArray[np.int32], int, int]:
        """Arguments of `find` after the cell and the hint."""
        bits = self.table.size.bit_length() - 1
        return self.group, self.start, self.mask, self.table, bits, self.unused


def over_slices(
    run: Callable[[int, int], None], n: int, n_jobs: int, maximum: int = _SLICE[1]
) -> None:
    """Call `run(start, stop)` over slices of `range(n)`, which do not depend on `n_jobs`."""
    size = min(max(n // _SLICES, _SLICE[0]), _SLICE[1], maximum)

    def some(first: int, last: int) -> None:
        for part in range(first, last):
            run(part * size, min((part + 1) * size, n))

    run_chunks(some, -(-n // size), n_jobs, minimum=1)


def _jobs(n: int, n_jobs: int) -> int:
    """Number of threads for a pass over n cells: one if n is small."""
    return resolve_jobs(n_jobs) if n > _FEW else min(resolve_jobs(n_jobs), 1)


@njit
def slot_of(key: int, bits: int) -> int:
    return ((key * _GOLDEN) >> (64 - bits)) & ((1 << bits) - 1)


@njit
def _fill_table(keys: IntArray, table: NDArray[np.int32], bits: int) -> None:
    for index in range(keys.size):
        slot = slot_of(keys[index], bits)
        while table[slot] >= 0:
            slot = (slot + 1) & (table.size - 1)
        table[slot] = index


@njit
def _is_grid(cells: IntArray, first: int, last: int) -> bool:
    """Whether cells [first, last) are valid, of the first one's resolution and ascending."""
    resolution = (cells[0] >> 52) & 15
    good = True
    for n in range(first, last):
        cell = cells[n]
        good &= valid(cell) and (cell >> 52) & 15 == resolution
        good &= n == 0 or cells[n - 1] < cell
    return good


def is_grid(cells: CellArray, n_jobs: int = 1) -> bool:
    """Whether cells are valid, none missing, of one resolution and strictly ascending."""
    given = cells.view(np.int64)
    good = []
    jobs = _jobs(cells.size, n_jobs)
    over_slices(lambda a, b: good.append(_is_grid(given, a, b)), cells.size, jobs)
    return all(good)


@njit
def _count_groups(cells: IntArray, first: int, last: int, shift: int) -> int:
    """Number of groups that begin in [first, last), -1 if the cells do not ascend."""
    groups = 0
    rising = True
    for n in range(first, last):
        if n == 0:
            groups += 1
        else:
            rising &= cells[n - 1] < cells[n]
            groups += (cells[n - 1] ^ cells[n]) >> shift != 0
    return groups if rising else -1


@njit
def _fill_groups(
    cells: IntArray,
    first: int,
    last: int,
    shift: int,
    at: int,
    group: IntArray,
    start: IntArray,
    mask: IntArray,
) -> None:
    """Write the groups that begin in [first, last), to their ends; `at` is the first's index."""
    n = first
    while n > 0 and n < last and (cells[n - 1] ^ cells[n]) >> shift == 0:
        n += 1  # in a group that begins earlier
    while n < last:
        key = cells[n] >> shift
        group[at], start[at] = key, n
        here = 0
        while n < cells.size and cells[n] >> shift == key:
            here |= 1 << ((cells[n] >> (shift - 6)) & 63)
            n += 1
        mask[at] = here
        at += 1


def _groups(cells: IntArray, shift: int, n_jobs: int) -> tuple[IntArray, IntArray, IntArray] | None:
    """Group, start and mask of ascending cells; None if they do not ascend."""
    begin: dict[int, int] = {}
    n_jobs = _jobs(cells.size, n_jobs)

    def count(first: int, last: int) -> None:
        begin[first] = _count_groups(cells, first, last, shift)

    over_slices(count, cells.size, n_jobs)
    total = 0
    for first in sorted(begin):
        if begin[first] < 0:
            return None
        begin[first], total = total, total + begin[first]
    group, mask = np.empty(total, dtype=np.int64), np.empty(total, dtype=np.int64)
    start = np.empty(total + 1, dtype=np.int64)
    start[total] = cells.size

    def fill(first: int, last: int) -> None:
        _fill_groups(cells, first, last, shift, begin[first], group, start, mask)

    over_slices(fill, cells.size, n_jobs)
    return group, start, mask


def cell_set(cells: CellArray, n_jobs: int = 1) -> CellSet:
    """Make a set of distinct cells of one resolution."""
    ordered = cells.view(np.int64)
    resolution = int(ordered[0] >> 52) & 15 if ordered.size else 15
    unused = 3 * (15 - resolution)
    order = rank = np.empty(0, dtype=np.int64)
    groups = _groups(ordered, unused + 6, n_jobs)
    if groups is None:
        order = np.argsort(ordered)
        ordered = ordered[order]
        rank = np.empty_like(order)
        rank[order] = np.arange(order.size)
        groups = _groups(ordered, unused + 6, n_jobs)
        assert groups is not None, "cells of a set are distinct"
    group, start, mask = groups
    bits = max(4, int(2 * group.size).bit_length())
    table = np.full(1 << bits, -1, dtype=np.int32)
    _fill_table(group, table, bits)
    return CellSet(ordered, order, rank, group, start, mask, table, unused)


@njit
def _number(
    cells: IntArray,
    begin: int,
    count: int,
    keys: IntArray,
    numbers: NDArray[np.int32],
    codes: NDArray[np.int32],
    values: IntArray,
    bits: int,
) -> tuple[int, int]:
    """Number cells from `begin` on by first appearance, until `values` is full.

    `count` are known, in a table of 2**bits slots. Returns the row that was reached and the count.
    """
    for n in range(begin, cells.size):
        cell = cells[n]
        slot = slot_of(cell, bits)
        while numbers[slot] >= 0 and keys[slot] != cell:
            slot = (slot + 1) & (numbers.size - 1)
        if numbers[slot] < 0:
            if count == values.size:
                return n, count
            keys[slot], numbers[slot], values[count] = cell, count, cell
            count += 1
        codes[n] = numbers[slot]
    return cells.size, count


def distinct(cells: CellArray) -> tuple[CellArray, NDArray[np.int32]] | None:
    """Distinct cells, 0 among them, and the position of each cell there; None if they are many."""
    rows = cells.view(np.int64)
    codes = np.empty(rows.size, dtype=np.int32)
    known, done = np.empty(0, dtype=np.int64), 0
    most = _DISTINCT
    while True:
        values = np.empty(most, dtype=np.int64)
        keys, numbers = np.empty(2 * most, np.int64), np.full(2 * most, -1, np.int32)
        bits = most.bit_length()
        again = np.empty(known.size, np.int32)
        _, count = _number(known, 0, 0, keys, numbers, again, values, bits)
        done, count = _number(rows, done, count, keys, numbers, codes, values, bits)
        if done == rows.size:
            return values[:count].view(np.uint64), codes
        # Repeats among rows drawn from D values are about rows ** 2 / (2 D).
        if 2 * done**2 > (done - count) * rows.size:
            return None
        known, most = values, 4 * most


def each_once(cells: CellArray, compute: Callable[[CellArray], NDArray[Any]]) -> NDArray[Any]:
    """What `compute` gives for each cell; called with distinct cells if there are few."""
    found = distinct(cells) if cells.size > _DISTINCT else None
    return compute(cells) if found is None else compute(found[0])[found[1]]


@njit
def bits_set(x: int) -> int:
    """Count the bits set in a non-negative number."""
    x = x - ((x >> 1) & 0x5555555555555555)
    x = (x & 0x3333333333333333) + ((x >> 2) & 0x3333333333333333)
    x = (x + (x >> 4)) & 0x0F0F0F0F0F0F0F0F
    return (x * 0x0101010101010101) >> 56


@njit
def find_group(key: int, group: IntArray, table: NDArray[np.int32], bits: int) -> int:
    slot = slot_of(key, bits)
    while table[slot] >= 0:
        if group[table[slot]] == key:
            return int(table[slot])
        slot = (slot + 1) & (table.size - 1)
    return -1


@njit
def find(
    cell: int,
    hint: int,
    group: IntArray,
    start: IntArray,
    mask: IntArray,
    table: NDArray[np.int32],
    bits: int,
    unused: int,
) -> int:
    """Rank of a cell in a set, -1 if it is not there; `hint` is the group to try first."""
    key = cell >> unused
    where = hint
    if where < 0 or group[where] != key >> 6:
        where = find_group(key >> 6, group, table, bits)
        if where < 0:
            return -1
    low = key & 63
    if (mask[where] >> low) & 1 == 0:
        return -1
    return int(start[where]) + bits_set(mask[where] & ((1 << low) - 1))


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
        out[n] = find(cells[n], -1, group, start, mask, table, bits, unused)


def positions(grid: CellArray, cells: CellArray) -> IntArray:
    """Position of each cell in `grid` (distinct cells in any order), -1 if it is not there."""
    there = cell_set(grid)
    out = np.empty(cells.size, dtype=np.int64)
    _find_all(cells.view(np.int64), *there.lookup, out)
    if there.order.size:
        found = out >= 0
        out[found] = there.order[out[found]]
    return out
