"""Kernels of `cells`: cells within some steps of others, and flood fill.

Cells are uint64, valid, of one resolution.
"""

from __future__ import annotations

import numpy as np

from geo_risk._core.jit import njit
from geo_risk._core.types import CellArray, IntArray
from geo_risk.cells._h3 import neighbor
from geo_risk.cells._h3_sets import slot_of

__all__ = ["disk", "flood"]


@njit
def _mark(cell: int, unused: int, keys: IntArray, masks: IntArray, bits: int) -> int:
    """Mark a cell; return 0 if it was marked, 1 if its group was known, 2 if the group is new."""
    key = cell >> unused
    slot = slot_of(key >> 6, bits)
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
            slot = slot_of(keys[old], bits)
            while new_keys[slot] != 0:
                slot = (slot + 1) & (new_keys.size - 1)
            new_keys[slot], new_masks[slot] = keys[old], masks[old]
    return new_keys, new_masks


@njit
def _flood(seeds: IntArray, wall: IntArray, k: int) -> IntArray:
    """Cells reached from `seeds` in at most k steps (k < 0: any number), not through the wall."""
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
