"""Counting pairs of events that are close in space and in time (arrays in, arrays out)."""

from __future__ import annotations

import math

import numpy as np

from geo_risk._core.jit import njit
from geo_risk._core.types import BandArray, FloatArray, IntArray
from geo_risk.hotspots._permute import bounded, stream

__all__ = ["count_bands", "permuted_counts", "space_bands", "time_degrees"]


@njit
def sphere_km(a: FloatArray, b: FloatArray, radius: float) -> float:
    """Great-circle distance between two unit vectors, accurate for near and for far points."""
    dx, dy, dz = a[0] - b[0], a[1] - b[1], a[2] - b[2]
    half = 0.5 * math.sqrt(dx * dx + dy * dy + dz * dz)
    return 2.0 * radius * math.asin(min(1.0, half))


@njit
def band_of(value: float, limits: FloatArray) -> int:
    """Position of the first limit >= `value` (closed bands); the number of limits if none."""
    for band in range(limits.size):
        if value <= limits[band]:
            return band
    return int(limits.size)


@njit
def space_bands(
    points: FloatArray, pairs: IntArray, limits: FloatArray, radius: float
) -> BandArray:
    """Distance band of each pair: of unit vectors on a sphere if `radius` > 0, else in a plane."""
    out = np.empty(pairs.shape[0], dtype=np.int16)
    for p in range(pairs.shape[0]):
        a, b = points[pairs[p, 0]], points[pairs[p, 1]]
        plane = math.hypot(a[0] - b[0], a[1] - b[1])
        out[p] = band_of(sphere_km(a, b, radius) if radius > 0.0 else plane, limits)
    return out


@njit
def time_degrees(sorted_time: FloatArray, order: IntArray, limits: FloatArray) -> IntArray:
    """Number of other events within each limit of each event; shape (limits, n).

    `order` holds the events' positions by increasing time.
    """
    n = sorted_time.size
    out = np.zeros((limits.size, n), dtype=np.int64)
    for band in range(limits.size):
        low, high = 0, 0
        for i in range(n):
            while sorted_time[i] - sorted_time[low] > limits[band]:
                low += 1
            while high < n and sorted_time[high] - sorted_time[i] <= limits[band]:
                high += 1
            out[band, order[i]] = high - low - 1
    return out


@njit
def count_bands(
    time: FloatArray, pairs: IntArray, bands: BandArray, limits: FloatArray, counts: IntArray
) -> None:
    """Count the pairs in `counts`, shape (distance bands, time bands)."""
    longest = limits[limits.size - 1]
    for p in range(pairs.shape[0]):
        interval = abs(time[pairs[p, 0]] - time[pairs[p, 1]])
        if interval <= longest:
            counts[bands[p], band_of(interval, limits)] += 1


@njit
def permuted_counts(
    time: FloatArray,
    pairs: IntArray,
    bands: BandArray,
    limits: FloatArray,
    key: np.uint64,
    start: int,
    stop: int,
    out: IntArray,
) -> None:
    """Band counts with the times permuted over the events, for permutations [start, stop)."""
    shuffled = np.empty_like(time)
    for r in range(start, stop):
        shuffled[:] = time
        state = stream(key, r)
        for i in range(time.size - 1, 0, -1):
            state, number = bounded(state, np.uint64(i + 1))
            j = np.int64(number)
            shuffled[i], shuffled[j] = shuffled[j], shuffled[i]
        count_bands(shuffled, pairs, bands, limits, out[r])
