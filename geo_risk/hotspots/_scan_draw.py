"""Kernels that draw data under the scan's null hypothesis: one lane of counts per replication.

A *cell* is a location in a period. Every replication has its own random stream (SplitMix64; Steele,
Lea and Flood 2014), which depends only on the key and the number of the replication.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from geo_risk._core.jit import njit

__all__ = ["draw_labels", "draw_large_multinomial", "draw_multinomial", "draw_times"]

Array = Any  # numba has no types for mypy

_GAMMA = np.uint64(0x9E3779B97F4A7C15)
_M1 = np.uint64(0xBF58476D1CE4E5B9)
_M2 = np.uint64(0x94D049BB133111EB)
_S30, _S27, _S31, _S32 = np.uint64(30), np.uint64(27), np.uint64(31), np.uint64(32)
_LOW = np.uint64(0xFFFFFFFF)
_ONE = np.uint64(1)
_S11 = np.uint64(11)
_UNIT = 2.0**-53
_HALF_LOG_2PI = 0.5 * math.log(2.0 * math.pi)


@njit
def _mix(z: Any) -> Any:
    z = (z ^ (z >> _S30)) * _M1
    z = (z ^ (z >> _S27)) * _M2
    return z ^ (z >> _S31)


@njit
def _stream(key: Any, replication: int) -> Any:
    """Initial state of the stream of one replication; depends only on the key and its number."""
    return _mix(key ^ _mix((np.uint64(replication) + _ONE) * _GAMMA))


@njit
def draw_multinomial(
    key: Any, replications: Array, cases: int, keep: Array, other: Array, counts: Array
) -> None:
    """Fill one lane per replication with `cases` cases, distributed at random over the cells.

    `keep` and `other` are Walker's alias table: a cell is drawn uniformly, then replaced
    by `other` with probability 1 - keep / 2**32.
    """
    counts[:] = 0
    n_cells = np.uint64(keep.size)
    for lane in range(replications.size):
        state = _stream(key, replications[lane])
        for _ in range(cases):
            state += _GAMMA
            u = _mix(state)
            cell = np.int64(((u >> _S32) * n_cells) >> _S32)
            second = other[cell]  # always loaded: a branch would be mispredicted
            counts[second if (u & _LOW) >= keep[cell] else cell, lane] += 1


@njit
def _unit(bits: Any) -> float:
    """A number in (0, 1) from 64 random bits."""
    return (float(bits >> _S11) + 0.5) * _UNIT


@njit
def _stirling(k: float) -> float:
    """log k! minus Stirling's formula for it, for whole k >= 0 (error below 1e-9)."""
    if k < 10.0:
        exact = math.lgamma(k + 1.0)
        return exact - (k + 0.5) * math.log(k + 1.0) + (k + 1.0) - _HALF_LOG_2PI
    x = 1.0 / (k + 1.0)
    square = x * x
    return x * (1.0 / 12.0 - square * (1.0 / 360.0 - square * (1.0 / 1260.0 - square / 1680.0)))


@njit
def _binomial(n: int, p: float, state: Any) -> tuple[int, Any]:
    """Binomial random number and the stream's next state; by inversion or Hormann's BTRS (1993)."""
    if p <= 0.0 or n <= 0:
        return 0, state
    if p >= 1.0:
        return n, state
    if p > 0.5:
        k, state = _binomial_half(n, 1.0 - p, state)
        return n - k, state
    return _binomial_half(n, p, state)


@njit
def _binomial_half(n: int, p: float, state: Any) -> tuple[int, Any]:
    odds = p / (1.0 - p)
    if n * p < 10.0:
        state += _GAMMA
        u = _unit(_mix(state))
        chance = math.exp(n * math.log1p(-p))
        k = 0
        while u > chance and k < n:
            u -= chance
            chance *= odds * (n - k) / (k + 1.0)
            k += 1
        return k, state
    spread = math.sqrt(n * p * (1.0 - p))
    b = 1.15 + 2.53 * spread
    a = -0.0873 + 0.0248 * b + 0.01 * p
    alpha = (2.83 + 5.1 / b) * spread
    mode = math.floor((n + 1) * p)
    at_mode = (mode + 0.5) * math.log((mode + 1.0) / (odds * (n - mode + 1.0)))
    at_mode += _stirling(mode) + _stirling(n - mode)
    while True:
        state += _GAMMA
        u = _unit(_mix(state)) - 0.5
        state += _GAMMA
        v = _unit(_mix(state))
        us = 0.5 - abs(u)
        k = math.floor((2.0 * a / us + b) * u + n * p + 0.5)
        if us >= 0.07 and v <= 0.92 - 4.2 / b:
            return int(k), state
        if k < 0 or k > n:
            continue
        bound = at_mode + (n + 1.0) * math.log((n - mode + 1.0) / (n - k + 1.0))
        bound += (k + 0.5) * math.log(odds * (n - k + 1.0) / (k + 1.0))
        bound -= _stirling(k) + _stirling(n - k)
        if math.log(v * alpha / (a / (us * us) + b)) <= bound:
            return int(k), state


@njit
def draw_large_multinomial(
    key: Any, replications: Array, cases: int, share: Array, counts: Array
) -> None:
    """As `draw_multinomial`, cell by cell; faster for many more cases than cells.

    `share[i]` is the weight of cell i divided by that of cells i, i + 1, ...
    """
    for lane in range(replications.size):
        state = _stream(key, replications[lane])
        left = cases
        for cell in range(share.size):
            k, state = _binomial(left, share[cell], state)
            counts[cell, lane] = k
            left -= k


@njit
def draw_times(
    key: Any, replications: Array, first_cell: Array, period: Array, counts: Array
) -> None:
    """Fill one lane per replication: the events keep their places and their times are shuffled."""
    counts[:] = 0
    shuffled = np.empty_like(period)
    for lane in range(replications.size):
        state = _stream(key, replications[lane])
        shuffled[:] = period
        for i in range(period.size - 1, -1, -1):
            state += _GAMMA
            j = np.int64(((_mix(state) >> _S32) * np.uint64(i + 1)) >> _S32)
            t = shuffled[j]
            shuffled[j] = shuffled[i]
            counts[first_cell[i] + t, lane] += 1


@njit
def draw_labels(key: Any, replications: Array, cases: int, cell_of: Array, counts: Array) -> None:
    """Fill one lane per replication: the cases are a random subset of all individuals.

    `cell_of` has the cell of each individual. The smaller of cases and controls is drawn,
    without replacement.
    """
    n = cell_of.size
    few = min(cases, n - cases)
    step = 1 if few == cases else -1
    counts[:] = 0
    if few != cases:
        for i in range(n):
            counts[cell_of[i], 0] += 1
        for cell in range(counts.shape[0]):
            for lane in range(1, replications.size):
                counts[cell, lane] = counts[cell, 0]
    taken = np.zeros(n, dtype=np.bool_)
    drawn = np.empty(few, dtype=np.int64)
    for lane in range(replications.size):
        state = _stream(key, replications[lane])
        found = 0
        while found < few:
            state += _GAMMA
            who = np.int64(((_mix(state) >> _S32) * np.uint64(n)) >> _S32)
            if not taken[who]:
                taken[who] = True
                drawn[found] = who
                counts[cell_of[who], lane] += step
                found += 1
        for f in range(few):
            taken[drawn[f]] = False
