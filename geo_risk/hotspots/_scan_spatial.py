"""Kernels of the scan statistic without periods; terms as in `_scan`."""

from __future__ import annotations

from typing import Any

import numpy as np

from geo_risk._core.jit import njit
from geo_risk.hotspots._scan import BLOCK, LANES, UNROLL, count_needed, count_passed, llr

__all__ = ["spatial_sweep", "spatial_thresholds"]

Array = Any  # numba has no types for mypy


@njit
def spatial_thresholds(
    cut: Array, sign: int, never: int, key: Array, closes: Array, out: Array
) -> None:
    """As `thresholds` without time: for each list entry, from the key of its circle."""
    for k in range(key.size):
        out[k] = (
            count_needed(count_passed(cut, key[k], sign), cut.size, sign, never)
            if closes[k]
            else never
        )


@njit
def spatial_sweep(
    counts: Array,
    order: Array,
    ends: Array,
    needed: Array,
    key: Array,
    cases: float,
    total: float,
    kind: int,
    best: Array,
) -> None:
    """As `sweep` without time.

    The lists are padded to multiples of `BLOCK` entries with the number of a location without
    cases (the last row of `counts`).
    """
    inside = np.zeros(LANES, dtype=counts.dtype)
    hit = np.zeros(LANES, dtype=counts.dtype)
    for z in range(ends.size - 1):
        inside[:] = 0
        for block in range(ends[z], ends[z + 1], BLOCK):
            for lane in range(LANES):
                hit[lane] = 0
            for k in range(block, block + BLOCK, UNROLL):
                _add_and_mark(counts, order, needed, k, inside, hit)
            found = 0
            for lane in range(LANES):
                found |= hit[lane]
            if found:
                for lane in range(best.size):
                    if hit[lane]:
                        c = inside[lane]  # go back through the block
                        for k in range(block + BLOCK - 1, block - 1, -1):
                            if c >= needed[k]:
                                value = llr(abs(c), key[k], cases, total, kind)
                                best[lane] = max(best[lane], value)
                            c -= counts[order[k], lane]


@njit
def _add_and_mark(
    counts: Array, order: Array, needed: Array, k: int, inside: Array, hit: Array
) -> None:
    """Add four locations to the circle; mark the lanes in which a threshold is reached."""
    c0, c1 = counts[order[k]], counts[order[k + 1]]
    c2, c3 = counts[order[k + 2]], counts[order[k + 3]]
    n0, n1, n2, n3 = needed[k], needed[k + 1], needed[k + 2], needed[k + 3]
    for lane in range(LANES):
        # The casts back to the narrow type keep vector instructions full.
        a = hit.dtype.type(inside[lane] + c0[lane])
        b = hit.dtype.type(a + c1[lane])
        c = hit.dtype.type(b + c2[lane])
        d = hit.dtype.type(c + c3[lane])
        inside[lane] = d
        hit[lane] |= ((a >= n0) | (b >= n1)) | ((c >= n2) | (d >= n3))
