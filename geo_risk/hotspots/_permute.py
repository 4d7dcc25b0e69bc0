"""Conditional permutation of neighbour sums (arrays in, arrays out).

Each unit has its own stream of random numbers, which depends only on the key and the unit's
position, so a result does not depend on the number of threads or on how the units are split.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from geo_risk._core.jit import njit
from geo_risk._core.types import FloatArray, IntArray

__all__ = ["fresh_draws", "shared_plain", "shared_positions", "shared_weighted"]


# Steele, Lea, Flood (2014), Fast splittable pseudorandom number generators: SplitMix64.
_GAMMA = np.uint64(0x9E3779B97F4A7C15)
_MIX_1 = np.uint64(0xBF58476D1CE4E5B9)
_MIX_2 = np.uint64(0x94D049BB133111EB)
_S30, _S27, _S31, _S32 = np.uint64(30), np.uint64(27), np.uint64(31), np.uint64(32)
_LOW, _RANGE = np.uint64(0xFFFFFFFF), np.uint64(0x100000000)
# Up to this number of neighbours, a repeated position is found by comparing with all drawn ones.
_COMPARE = 24
# Draws made together: their positions and sums stay in the fastest processor cache.
_BLOCK = 128


@njit
def mix(state: np.uint64) -> np.uint64:
    """Scramble a counter into 64 random bits."""
    state = (state ^ (state >> _S30)) * _MIX_1
    state = (state ^ (state >> _S27)) * _MIX_2
    return state ^ (state >> _S31)


@njit
def stream(key: np.uint64, unit: int) -> np.uint64:
    """Initial state of the stream of one unit."""
    return mix(mix(np.uint64(unit) * _GAMMA + _GAMMA) + key)


@njit
def bounded(state: np.uint64, size: np.uint64) -> tuple[np.uint64, np.uint64]:
    """Next state and a number in [0, size) without bias, for size < 2**32.

    Lemire (2019), Fast random integer generation in an interval.
    """
    while True:
        state += _GAMMA
        product = (mix(state) >> _S32) * size
        low = product & _LOW
        if low >= size or low >= (_RANGE - size) % size:
            return state, product >> _S32


@njit
def draw_positions(
    state: np.uint64, size: int, k: int, drawn: IntArray, pool: IntArray
) -> np.uint64:
    """Fill `drawn[:k]` with distinct numbers of [0, size) in random order.

    If repeats are not found by comparing, `pool` must hold 0..size-1 in order; its order is
    restored afterwards.
    """
    if k <= _COMPARE and 4 * k <= size:
        t = 0
        while t < k:
            state, number = bounded(state, np.uint64(size))
            candidate = np.int64(number)
            seen = False
            for u in range(t):
                seen |= drawn[u] == candidate
            if not seen:
                drawn[t] = candidate
                t += 1
        return state
    for t in range(k):
        state, number = bounded(state, np.uint64(size - t))
        j = t + np.int64(number)
        drawn[t] = pool[j]
        pool[j] = pool[t]
        pool[t] = drawn[t]
    for t in range(k):
        # Undo: all moved numbers are in the first k places or at a drawn number.
        pool[drawn[t]] = drawn[t]
    for t in range(k):
        pool[t] = t
    return state


@njit
def tie_range(
    x: FloatArray, neighbours: IntArray, weights: FloatArray, typical: float
) -> tuple[float, float]:
    """Range of sums that equal the observed neighbour sum within rounding error.

    `typical` is the mean size of the values: one very large value must not make all others ties.
    """
    observed, size, total = 0.0, 0.0, 0.0
    for t in range(neighbours.size):
        term = weights[t] * x[neighbours[t]]
        observed += term
        size += abs(term)
        total += weights[t]
    slack = 1e-13 * (neighbours.size + 1) * (size + total * typical)
    return observed - slack, observed + slack


@njit
def blocks_of_sums(
    pool: FloatArray,
    weights: FloatArray,
    state: np.uint64,
    draws: int,
    low: float,
    high: float,
    drawn: NDArray[np.uint32],
    sums: FloatArray,
    void: NDArray[np.uint8],
) -> tuple[int, int]:
    """Count draws with a sum of at least `low`, and of at most `high`.

    A draw takes distinct positions of `pool`, without the last. Draws are made in blocks, each
    step over the whole block, which is several times faster; a draw with a repeated position is
    discarded and repeated.
    """
    k, width = drawn.shape
    size = np.uint64(pool.size - 1)
    threshold = _RANGE % size
    above, below, done = 0, 0, 0
    while done < draws:
        block = min(width, draws - done)
        void[:block] = 0
        sums[:block] = 0.0
        for t in range(0, k, 2):
            first, second = drawn[t], drawn[min(t + 1, k - 1)]
            for b in range(block):
                state += _GAMMA
                bits = mix(state)
                one, two = (bits >> _S32) * size, (bits & _LOW) * size
                void[b] |= ((one & _LOW) < threshold) | ((two & _LOW) < threshold)
                second[b] = np.uint32(two >> _S32)
                first[b] = np.uint32(one >> _S32)
        for t in range(1, k):
            mine = drawn[t]
            for u in range(t):
                other = drawn[u]
                for b in range(block):
                    void[b] |= mine[b] == other[b]
        for t in range(k):
            mine, weight = drawn[t], weights[t]
            for b in range(block):
                sums[b] += weight * pool[mine[b]]
        for b in range(block):
            valid = void[b] == 0
            above += int(valid & (sums[b] >= low))
            below += int(valid & (sums[b] <= high))
            done += int(valid)
    return above, below


@njit
def sums_one_by_one(
    pool: FloatArray,
    weights: FloatArray,
    state: np.uint64,
    draws: int,
    low: float,
    high: float,
    drawn: IntArray,
    order: IntArray,
) -> tuple[int, int]:
    """As `blocks_of_sums`, for so many neighbours that most draws would repeat a position."""
    above, below = 0, 0
    for _ in range(draws):
        state = draw_positions(state, pool.size - 1, weights.size, drawn, order)
        simulated = 0.0
        for t in range(weights.size):
            simulated += weights[t] * pool[drawn[t]]
        above += simulated >= low
        below += simulated <= high
    return above, below


@njit
def fresh_draws(
    x: FloatArray,
    indptr: IntArray,
    indices: IntArray,
    data: FloatArray,
    start: int,
    stop: int,
    draws: int,
    key: np.uint64,
    at_least: IntArray,
    at_most: IntArray,
) -> None:
    """Count, for the units of [start, stop), the draws at or above and at or below the observed.

    A draw gives k of the other values to the k neighbours, without replacement; each unit has its
    own draws. Sums within rounding error of the observed one are ties and count on both sides.
    """
    last = x.size - 1
    longest = 0
    for i in range(start, stop):
        longest = max(longest, indptr[i + 1] - indptr[i])
    block = np.empty((_COMPARE, _BLOCK), dtype=np.uint32)
    sums, void = np.empty(_BLOCK), np.empty(_BLOCK, dtype=np.uint8)
    drawn, order = np.empty(longest, dtype=np.int64), np.arange(max(last, 1))
    pool = x.copy()
    typical = np.abs(x).mean()
    for i in range(start, stop):
        first, k = indptr[i], indptr[i + 1] - indptr[i]
        if k == 0 or k > last:
            continue
        mine = data[first : first + k]
        low, high = tie_range(x, indices[first : first + k], mine, typical)
        pool[i] = x[last]  # positions [0, n - 1) now hold all values except the unit's own
        state = stream(key, i)
        if k <= _COMPARE and k * k <= last:
            at_least[i], at_most[i] = blocks_of_sums(
                pool, mine, state, draws, low, high, block[:k], sums, void
            )
        else:
            at_least[i], at_most[i] = sums_one_by_one(
                pool, mine, state, draws, low, high, drawn, order
            )
        pool[i] = x[i]


@njit
def shared_positions(size: int, k: int, draws: int, key: np.uint64) -> IntArray:
    """Positions in [0, size) of `draws` draws of `k` without replacement, shape (draws, k)."""
    positions = np.empty((draws, k), dtype=np.int64)
    pool = np.arange(size)
    for r in range(draws):
        draw_positions(stream(key, r), size, k, positions[r], pool)
    return positions


@njit
def shared_weighted(
    x: FloatArray,
    indptr: IntArray,
    indices: IntArray,
    data: FloatArray,
    units: IntArray,
    positions: IntArray,
    at_least: IntArray,
    at_most: IntArray,
) -> None:
    """As `fresh_draws` for `units` with k neighbours, which all use one table of positions.

    Positions are those of the first n - 1 units; a unit's own position is replaced by the last one.
    """
    last = x.size - 1
    typical = np.abs(x).mean()
    for i in units:
        first, k = indptr[i], indptr[i + 1] - indptr[i]
        low, high = tie_range(x, indices[first : first + k], data[first : first + k], typical)
        above, below = 0, 0
        for r in range(positions.shape[0]):
            simulated = 0.0
            for t in range(k):
                j = positions[r, t]
                simulated += data[first + t] * x[last if j == i else j]
            above += simulated >= low
            below += simulated <= high
        at_least[i], at_most[i] = above, below


@njit
def shared_plain(
    x: FloatArray,
    indptr: IntArray,
    indices: IntArray,
    units: IntArray,
    k: int,
    sums: FloatArray,
    in_order: FloatArray,
    by_position: IntArray,
    flat: IntArray,
    at_least: IntArray,
    at_most: IntArray,
) -> None:
    """`shared_weighted` for weights of 1, from the sums of the draws and the same sums sorted.

    `flat` holds all drawn positions in order, `by_position` their places in the table of draws:
    for each unit, only the few draws that contain its own position are recomputed.
    """
    last, draws = x.size - 1, sums.size
    typical, ones = np.abs(x).mean(), np.ones(k)
    for i in units:
        low, high = tie_range(x, indices[indptr[i] : indptr[i + 1]], ones, typical)
        above = draws - np.searchsorted(in_order, low)
        below = np.searchsorted(in_order, high, side="right")
        begin = np.searchsorted(flat, i)
        while begin < flat.size and flat[begin] == i:
            plain = sums[by_position[begin] // k]
            mended = plain - x[i] + x[last]
            above += np.int64(mended >= low) - np.int64(plain >= low)
            below += np.int64(mended <= high) - np.int64(plain <= high)
            begin += 1
        at_least[i], at_most[i] = above, below
