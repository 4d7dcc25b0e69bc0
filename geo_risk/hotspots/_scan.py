"""Kernels of the scan statistic: arrays in, arrays out.

Terms: a *cell* is a location in a period, numbered location * T + period. Each cell has a
*key*: what the null hypothesis expects in it, in any unit (expected cases, population, product of
margins). A *window* is a circle (the beginning of a centre's list of neighbours) times a run of
periods. Its log-likelihood ratio (LLR) depends on its cases c and its key alone.

`LANES` simulated data sets are processed at a time, side by side, so that additions and
comparisons become vector instructions. Logarithms are avoided: for a level L, the count at which
a window has LLR > L is computed beforehand (`thresholds`), and the LLR is computed only for
windows that reach it.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from geo_risk._core.jit import njit

__all__ = [
    "BERNOULLI",
    "BLOCK",
    "LANES",
    "POISSON",
    "UNROLL",
    "accumulate_time",
    "best_windows",
    "count_needed",
    "count_passed",
    "cuts",
    "llr",
    "pad_width",
    "sweep",
    "thresholds",
]

LANES = 128
BLOCK = 16
UNROLL = 4
POISSON, BERNOULLI = 0, 1

Array = Any  # numba has no types for mypy


@njit
def accumulate_time(counts: Array) -> None:
    """Turn counts (location, period, lane) into sums up to and including each period."""
    for i in range(counts.shape[0]):
        for t in range(1, counts.shape[1]):
            for lane in range(LANES):
                counts[i, t, lane] += counts[i, t - 1, lane]


@njit
def _c_log(c: float, share: float) -> float:
    return c * math.log(c / share) if c > 0.0 else 0.0


@njit
def llr(c: float, key: float, cases: float, total: float, kind: int) -> float:
    """Log-likelihood ratio of a window with c cases, for either direction; never negative."""
    if kind == POISSON:
        expected = key * (cases / total)
        return max(_c_log(c, expected) + _c_log(cases - c, cases - expected), 0.0)
    value = _c_log(c, key) + _c_log(key - c, key)
    value += _c_log(cases - c, total - key) + _c_log(total - key - cases + c, total - key)
    return max(value - _c_log(cases, total) - _c_log(total - cases, total), 0.0)


@njit
def cuts(
    level: float, top: float, cases: float, total: float, kind: int, sign: int, out: Array
) -> None:
    """For each count c = 0, 1, ..., the key at which a window with c cases has LLR = level.

    Errs on the safe side, and is non-decreasing: for sign = 1 a window with c cases has
    LLR > level only if its key is below out[c]; for sign = -1 only if its key is above out[c].
    No window has a key above `top`.
    """
    size = out.size
    above = top * (1.0 + 1e-9)
    inside = 0.0
    for c in range(size):
        even = c * (total / cases)  # the key at which the LLR is 0
        if sign > 0:
            lo, hi = max(inside, float(c) if kind == BERNOULLI else 0.0), min(even, above)
            if c < 2:  # a cluster of high rate has at least two cases
                out[c] = 0.0
                continue
            if hi <= lo or (even > above and llr(c, hi, cases, total, kind) > level):
                lo = hi
        else:
            lo, hi = min(even, above), above
            if lo < hi and llr(c, top, cases, total, kind) <= level:
                lo = hi
        while hi - lo > 1e-6 * hi:
            middle = 0.5 * (lo + hi)
            if (llr(c, middle, cases, total, kind) > level) == (sign > 0):
                lo = middle
            else:
                hi = middle
        inside = lo
        out[c] = hi * (1.0 + 1e-12) if sign > 0 else lo * (1.0 - 1e-12)
        if sign > 0 and out[c] > above:
            out[c:] = np.inf
            return
    for c in range(1, size):
        out[c] = max(out[c], out[c - 1])


@njit
def pad_width(n_starts: int, longest: int, n_periods: int) -> int:
    """Width of a row of `thresholds`: the windows of each start, rounded up for loop unrolling."""
    width = 0
    for s in range(n_starts):
        width += -(-(min(n_periods, s + longest) - s) // UNROLL) * UNROLL
    return width


@njit
def count_passed(cut: Array, key: float, sign: int) -> int:
    """Number of counts whose cut this key has passed: those with cut <= key (< for sign -1)."""
    lo, hi = 0, cut.size
    while lo < hi:
        middle = (lo + hi) // 2
        if cut[middle] < key or (sign > 0 and cut[middle] == key):
            lo = middle + 1
        else:
            hi = middle
    return lo


@njit
def _passed_from(cut: Array, key: float, sign: int, guess: int) -> int:
    """As `count_passed`, for a key that has passed at least `guess` cuts and probably few more."""
    for c in range(guess, min(guess + 6, cut.size)):
        if not (cut[c] < key or (sign > 0 and cut[c] == key)):
            return c
    return count_passed(cut, key, sign)


@njit
def count_needed(passed: int, size: int, sign: int, never: int) -> int:
    """Smallest count at which a key reaches the level (for sign = -1 the largest, negated)."""
    if sign > 0:
        return passed if passed < size else never
    return 1 - passed if passed > 0 else never


@njit
def thresholds(
    cut: Array,
    sign: int,
    never: int,
    key_prefix: Array,
    order: Array,
    ends: Array,
    rows: Array,
    row0: int,
    first: int,
    last: int,
    n_starts: int,
    longest: int,
    out: Array,
) -> None:
    """Count that each window of the centres first..last-1 needs, as `sweep` compares it.

    For sign = 1 a window reaches the level with c >= out, for sign = -1 with -c >= out; `never`
    cannot be reached. `rows` numbers the list entries that complete a circle (-1: others); row
    `row0` is the first of `out`.
    """
    n_periods = key_prefix.shape[1] - 1
    key = np.empty(n_periods + 1)
    for z in range(first, last):
        key[:] = 0.0
        for k in range(ends[z], ends[z + 1]):
            for t in range(n_periods + 1):
                key[t] += key_prefix[order[k], t]
            if rows[k] < 0:
                continue
            row = out[rows[k] - row0]
            i = 0
            for s in range(n_starts):
                passed = 0
                for e in range(s + 1, min(n_periods, s + longest) + 1):
                    passed = _passed_from(cut, key[e] - key[s], sign, passed)
                    row[i] = count_needed(passed, cut.size, sign, never)
                    i += 1
                while i % UNROLL != 0:
                    row[i] = never
                    i += 1


@njit
def _first_row(rows: Array, start: int, stop: int) -> int:
    for k in range(start, stop):
        if rows[k] >= 0:
            return int(rows[k])
    return 0


@njit
def sweep(
    counts: Array,
    order: Array,
    ends: Array,
    rows: Array,
    first: int,
    last: int,
    needed: Array,
    key_prefix: Array,
    n_starts: int,
    longest: int,
    cases: float,
    total: float,
    kind: int,
    best: Array,
) -> None:
    """Raise best[lane] to the largest LLR among the windows that reach their threshold.

    `counts` has sums over time (`accumulate_time`) of the cases, times -1 in a search for
    clusters of low rate, as in `thresholds`. Windows are those of the centres first..last-1.
    """
    n_periods = counts.shape[1]
    summed = np.zeros((n_periods + 1 + UNROLL, LANES), dtype=counts.dtype)
    hit = np.zeros(LANES, dtype=counts.dtype)
    key = np.empty(n_periods + 1)
    row0 = _first_row(rows, ends[first], ends[last])
    for z in range(first, last):
        summed[:] = 0
        key[:] = 0.0
        for k in range(ends[z], ends[z + 1]):
            j = order[k]
            for t in range(n_periods):
                into, more = summed[t + 1], counts[j, t]
                for lane in range(LANES):
                    into[lane] += more[lane]
            for t in range(n_periods + 1):
                key[t] += key_prefix[j, t]
            if rows[k] < 0:
                continue
            row = needed[rows[k] - row0]
            _mark(summed, row, n_starts, longest, n_periods, hit)
            found = 0
            for lane in range(LANES):
                found |= hit[lane]
            if found:
                for lane in range(best.size):
                    if hit[lane]:
                        best[lane] = _best_of(
                            summed,
                            lane,
                            row,
                            key,
                            n_starts,
                            longest,
                            cases,
                            total,
                            kind,
                            best[lane],
                        )


@njit
def _mark(
    summed: Array, row: Array, n_starts: int, longest: int, n_periods: int, hit: Array
) -> None:
    """Mark the lanes in which any run of periods of one circle reaches its threshold."""
    for lane in range(LANES):
        hit[lane] = 0
    i = 0
    for s in range(n_starts):
        for e in range(s + 1, min(n_periods, s + longest) + 1, UNROLL):
            n0, n1, n2, n3 = row[i], row[i + 1], row[i + 2], row[i + 3]
            i += UNROLL
            for lane in range(LANES):
                before = summed[s, lane]
                # The cast back to the narrow type keeps vector instructions full.
                a = hit.dtype.type(summed[e, lane] - before) >= n0
                b = hit.dtype.type(summed[e + 1, lane] - before) >= n1
                c = hit.dtype.type(summed[e + 2, lane] - before) >= n2
                d = hit.dtype.type(summed[e + 3, lane] - before) >= n3
                hit[lane] |= (a | b) | (c | d)


@njit
def _best_of(
    summed: Array,
    lane: int,
    row: Array,
    key: Array,
    n_starts: int,
    longest: int,
    cases: float,
    total: float,
    kind: int,
    best: float,
) -> float:
    n_periods = key.size - 1
    i = 0
    for s in range(n_starts):
        for e in range(s + 1, min(n_periods, s + longest) + 1):
            c = summed[e, lane] - summed[s, lane]
            if c >= row[i]:
                best = max(best, llr(abs(c), key[e] - key[s], cases, total, kind))
            i += 1
        i += -i % UNROLL
    return best


@njit
def best_windows(
    count_prefix: Array,
    key_prefix: Array,
    order: Array,
    ends: Array,
    rows: Array,
    n_starts: int,
    longest: int,
    cases: float,
    total: float,
    kind: int,
    high: bool,
    low: bool,
    allowed: Array,
    start: int,
    stop: int,
    value: Array,
    where: Array,
) -> None:
    """Best window of each centre start..stop-1 in the observed data, with every LLR computed.

    `allowed[s, e]` says whether a window may run from period s to e - 1. `value` receives the
    LLR (0 if no window qualifies), `where` the list entry that completes the circle, the first
    period and the one after the last (-1 if none). Among ties the smallest circle is taken, then
    the earliest and the shortest run.
    """
    n_periods = key_prefix.shape[1] - 1
    count = np.empty(n_periods + 1, dtype=np.int64)
    key = np.empty(n_periods + 1)
    for z in range(start, stop):
        count[:] = 0
        key[:] = 0.0
        value[z] = 0.0
        where[z] = -1
        for k in range(ends[z], ends[z + 1]):
            for t in range(n_periods + 1):
                count[t] += count_prefix[order[k], t]
                key[t] += key_prefix[order[k], t]
            if rows[k] < 0:
                continue
            for s in range(n_starts):
                for e in range(s + 1, min(n_periods, s + longest) + 1):
                    if not allowed[s, e]:
                        continue
                    c, amount = count[e] - count[s], key[e] - key[s]
                    more = c * total > cases * amount
                    if (more and high and c >= 2) or (low and c * total < cases * amount):
                        new = llr(c, amount, cases, total, kind)
                        if new > value[z] * (1.0 + 1e-12):
                            value[z] = new
                            where[z, 0], where[z, 1], where[z, 2] = k, s, e
