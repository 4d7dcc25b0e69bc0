"""Kernel density on the unit sphere (arrays in, arrays out).

Densities are per steradian and stored as logarithms, so that nothing overflows or underflows.
"""

from __future__ import annotations

import math

import numpy as np

from geo_risk._core.geodesic import sincosd
from geo_risk._core.jit import njit
from geo_risk._core.types import FloatArray, IntArray

__all__ = ["cell_keys", "log_density", "log_density_near", "unit_vectors"]


@njit
def unit_vectors(lon: FloatArray, lat: FloatArray) -> FloatArray:
    """Points of the unit sphere, shape (n, 3); equal for -180 and +180, and for all at a pole."""
    out = np.empty((lon.size, 3))
    for i in range(lon.size):
        sin_lon, cos_lon = sincosd(lon[i])
        sin_lat, cos_lat = sincosd(lat[i])
        out[i, 0], out[i, 1], out[i, 2] = cos_lat * cos_lon, cos_lat * sin_lon, sin_lat
    return out


@njit
def log_density(
    points: FloatArray,
    events: FloatArray,
    kappa: FloatArray,
    log_peak: FloatArray,
    skip_same: bool,
    start: int,
    stop: int,
    out: FloatArray,
) -> None:
    """Logarithm of sum_i exp(log_peak_i - kappa_i |p - e_i|^2 / 2) at points [start, stop).

    The cosine t of the angle enters as t - 1 = -|p - e|^2 / 2: t itself loses precision for
    near points. `skip_same` leaves out the events at exactly the same place as the point.
    """
    for p in range(start, stop):
        x, y, z = points[p, 0], points[p, 1], points[p, 2]
        top, total = -math.inf, 0.0
        for e in range(events.shape[0]):
            dx, dy, dz = x - events[e, 0], y - events[e, 1], z - events[e, 2]
            square = dx * dx + dy * dy + dz * dz
            if skip_same and square == 0.0:
                continue
            term = log_peak[e] - 0.5 * kappa[e] * square
            if term <= top:
                total += math.exp(term - top)
            elif term > -math.inf:
                total = total * math.exp(top - term) + 1.0
                top = term
        out[p] = top + math.log(total) if total > 0.0 else -math.inf


@njit
def cell_keys(points: FloatArray, side: float, cells: int) -> IntArray:
    """Number of the cube (of the given side) that contains each point, in a grid over [-1, 1]^3."""
    keys = np.empty(points.shape[0], dtype=np.int64)
    for i in range(points.shape[0]):
        key = 0
        for axis in range(3):
            key = key * cells + min(int((points[i, axis] + 1.0) / side), cells - 1)
        keys[i] = key
    return keys


@njit
def log_density_near(
    points: FloatArray,
    events: FloatArray,
    keys: IntArray,
    kappa: FloatArray,
    log_peak: FloatArray,
    depth: float,
    side: float,
    cells: int,
    start: int,
    stop: int,
    out: FloatArray,
) -> None:
    """As `log_density`, without the events whose kernel is below exp(-depth) of its peak.

    Events are sorted by `keys` (`cell_keys`); `side` is at least the longest chord that is used.
    """
    for p in range(start, stop):
        x, y, z = points[p, 0], points[p, 1], points[p, 2]
        ix = min(int((x + 1.0) / side), cells - 1)
        iy = min(int((y + 1.0) / side), cells - 1)
        iz = min(int((z + 1.0) / side), cells - 1)
        z_low, z_high = max(iz - 1, 0), min(iz + 1, cells - 1)
        top, total = -math.inf, 0.0
        for jx in range(max(ix - 1, 0), min(ix + 2, cells)):
            for jy in range(max(iy - 1, 0), min(iy + 2, cells)):
                column = (jx * cells + jy) * cells
                e = np.searchsorted(keys, column + z_low)
                while e < keys.size and keys[e] <= column + z_high:
                    dx, dy, dz = x - events[e, 0], y - events[e, 1], z - events[e, 2]
                    fall = 0.5 * kappa[e] * (dx * dx + dy * dy + dz * dz)
                    if fall <= depth:
                        term = log_peak[e] - fall
                        if term <= top:
                            total += math.exp(term - top)
                        elif term > -math.inf:
                            total = total * math.exp(top - term) + 1.0
                            top = term
                    e += 1
        out[p] = top + math.log(total) if total > 0.0 else -math.inf
