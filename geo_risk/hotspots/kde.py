"""Kernel density of events on the sphere, per square kilometre."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from geo_risk._core.constants import EARTH_RADIUS_KM
from geo_risk._core.types import FloatArray
from geo_risk._core.validate import check_lonlat, check_scalar
from geo_risk.hotspots._table import table_of
from geo_risk.hotspots.weights import as_values

if TYPE_CHECKING:
    import pandas

__all__ = ["KdeResult", "kde", "kde_bandwidth"]

# Narrower kernels need more precise coordinates than float64 holds (see Notes of kde).
_NARROWEST_KM = 0.001
# Abramson's factors are kept in this range, so that an isolated event stays visible.
_FACTOR_RANGE = (0.1, 10.0)
_GOLDEN = 0.5 * (np.sqrt(5.0) - 1.0)


@dataclass(frozen=True, eq=False)
class KdeResult:
    """Result of `kde`; arrays have shape (m,), in the order of the evaluation points.

    Attributes
    ----------
    density : ndarray of float64
        Probability per km² on the sphere of radius 6371.0088 km; integrates to 1.
    intensity : ndarray of float64
        `density` times the total weight: events per km².
    log_density : ndarray of float64
        Natural logarithm of `density`, finite even if `density` underflows to 0; -inf only
        if all events were truncated.
    bandwidth_km : float
        The bandwidth used (with "cv", the one that was found).
    event_bandwidth_km : ndarray of float64, shape (n,)
        Bandwidth of each event if adaptive; else all equal.
    error_bound : float
        Largest possible reduction of any `density` by truncation; 0 without truncation.
    """

    density: FloatArray
    intensity: FloatArray
    log_density: FloatArray
    bandwidth_km: float
    event_bandwidth_km: FloatArray
    error_bound: float

    def to_frame(self) -> pandas.DataFrame:
        """Table of the evaluation points, one row each, in their order.

        Returns
        -------
        pandas.DataFrame
            Columns `density` (per km²), `intensity` (events per km²) and `log_density`; `attrs`
            holds `bandwidth_km` and `error_bound`. The bandwidths of the events are not
            included: the points may be other than the events.
        """
        return table_of(self, "density", "intensity", "log_density")


def kde(
    *,
    lon: ArrayLike,
    lat: ArrayLike,
    at_lon: ArrayLike | None = None,
    at_lat: ArrayLike | None = None,
    bandwidth_km: float | str = "cv",
    weights: ArrayLike | None = None,
    adaptive: bool = False,
    truncate: float = 0.0,
    n_jobs: int = 1,
) -> KdeResult:
    """Estimate the density of events on the sphere with von Mises-Fisher kernels.

    Guaranteed: a density that integrates to 1 over the sphere, with no seam at ±180 and no error
    at the poles. Not guaranteed: a correction for places where events cannot be (the sea, outside
    the study area).

    Parameters
    ----------
    lon, lat : array_like, shape (n,)
        Events, degrees, WGS84; at least one, none missing.
    at_lon, at_lat : array_like, shape (m,), optional
        Points to evaluate; by default the events.
    bandwidth_km : float or "cv", default "cv"
        Standard deviation of the kernel along the surface, at least 0.001 km; "cv" uses
        `kde_bandwidth`.
    weights : array_like, shape (n,), optional
        Weight of each event, >= 0, not all 0.
    adaptive : bool, default False
        Abramson's method: narrower where events are dense, wider where they are sparse, by the
        inverse square root of a first estimate (factors within 0.1 to 10).
    truncate : float, default 0
        With e > 0, events whose kernel at a point is below e times its peak are left out there,
        which is fast for many events; the error is at most `error_bound`. 0: every event counts.
    n_jobs : int, default 1
        Threads; -1 for all processors. The result does not depend on it.

    Returns
    -------
    KdeResult

    Raises
    ------
    ValueError
        Coordinates out of range or missing, no events, negative weights or all 0, a bandwidth
        or `truncate` out of range, "cv" with fewer than three places.
    TypeError
        Values of the wrong type.

    Notes
    -----
    ``f(x) = sum_i w_i K_i(x) / sum_i w_i`` with ``kappa = (6371.0088 / h)^2`` and
    ``K = kappa / (2 pi (1 - exp(-2 kappa))) exp(kappa (x.x_i - 1))`` per steradian, in logarithms,
    divided by the squared radius for km². ``x.x_i - 1`` is computed from the chord. Relative
    error about 1e-13 at h = 45 km and 1e-9 at h = 10 m, where it results from the positions.
    Cost: m n exponentials (5 ns each), or those of the near events with `truncate`.

    References
    ----------
    Fisher, N. I., Lewis, T., Embleton, B. J. J. (1987), Statistical Analysis of Spherical Data.
    Abramson, I. S. (1982), Annals of Statistics 10, 1217-1223.

    Examples
    --------
    >>> result = kde(lon=[69.5, 69.6], lat=[36.7, 36.8], bandwidth_km=50)
    >>> (result.density * 1e5).round(3)
    array([6.24, 6.24])
    """
    events, weight = _events(lon, lat, weights)
    points = events if at_lon is None and at_lat is None else _places(at_lon, at_lat, "at_")
    check_scalar(truncate, "truncate", low=0.0, high=0.1)
    if bandwidth_km == "cv":
        found = _cross_validated(events, weight, n_jobs)
    else:
        found = check_scalar(bandwidth_km, "bandwidth_km", low=_NARROWEST_KM, high=20000.0)
    bandwidth = np.full(len(events), found)
    if adaptive:
        pilot = _log_density(events, events, bandwidth, weight, truncate, n_jobs)[0]
        bandwidth = bandwidth * _abramson(pilot, weight)
    log_sr, bound_sr = _log_density(points, events, bandwidth, weight, truncate, n_jobs)
    log_km2 = log_sr - 2.0 * np.log(EARTH_RADIUS_KM)
    density = np.exp(log_km2)
    return KdeResult(
        density=density,
        intensity=density * weight.sum(),
        log_density=log_km2,
        bandwidth_km=found,
        event_bandwidth_km=bandwidth,
        error_bound=bound_sr / EARTH_RADIUS_KM**2,
    )


def kde_bandwidth(
    *, lon: ArrayLike, lat: ArrayLike, weights: ArrayLike | None = None, n_jobs: int = 1
) -> float:
    """Choose a bandwidth by likelihood cross-validation, leaving out one place at a time.

    A whole place is left out, not one event: with piles of events on centroids or rounded
    coordinates, leaving out one event would leave its duplicates, and the bandwidth would be 0.

    Parameters
    ----------
    lon, lat : array_like, shape (n,)
        Events, degrees, WGS84; at least three different places.
    weights : array_like, shape (n,), optional
        Weight of each event, >= 0, not all 0.
    n_jobs : int, default 1
        Threads; -1 for all processors.

    Returns
    -------
    float
        Bandwidth in kilometres.

    Raises
    ------
    ValueError, TypeError
        As for `kde`.

    Notes
    -----
    Maximises ``sum_i w_i log f_(-i)(x_i)`` over h between a tenth of the median distance to the
    nearest other place and the spread of all events, first on 24 steps, then by golden section
    to 1 %. At most 2,000 places are left out (evenly spaced in the order given), from estimates
    that use all the events. Cost: about 40 estimates.

    References
    ----------
    Hall, P., Watson, G. S., Cabrera, J. (1987), Biometrika 74, 751-762.

    Examples
    --------
    >>> kde_bandwidth(lon=[0, 1, 2, 3, 4], lat=[0, 0, 0, 0, 0]) < 500
    True
    """
    events, weight = _events(lon, lat, weights)
    return _cross_validated(events, weight, n_jobs)


def _places(lon: ArrayLike | None, lat: ArrayLike | None, prefix: str = "") -> FloatArray:
    from geo_risk.hotspots import _kde as kernel

    if lon is None or lat is None:
        raise ValueError(f"Invalid {prefix}lon, {prefix}lat: give both or neither.")
    lon_deg, lat_deg, _ = check_lonlat(lon, lat)
    missing = np.isnan(lon_deg)
    if missing.any():
        raise ValueError(
            f"Invalid {prefix}lon, {prefix}lat: {int(missing.sum())} of {missing.size} are "
            f"missing; first at index {int(np.argmax(missing))}. Leave them out."
        )
    vectors: FloatArray = kernel.unit_vectors(lon_deg, lat_deg)
    return vectors


def _events(
    lon: ArrayLike, lat: ArrayLike, weights: ArrayLike | None
) -> tuple[FloatArray, FloatArray]:
    events = _places(lon, lat)
    if len(events) == 0:
        raise ValueError("Invalid lon, lat: no events.")
    if weights is None:
        return events, np.ones(len(events))
    weight = as_values(weights, "weights")
    if weight.size != len(events):
        raise ValueError(f"Invalid weights: {weight.size} for {len(events)} events.")
    if weight.min() < 0.0 or not weight.sum() > 0.0:
        raise ValueError("Invalid weights: must be >= 0 and not all 0.")
    return events, weight


def _log_density(
    points: FloatArray,
    events: FloatArray,
    bandwidth_km: FloatArray,
    weight: FloatArray,
    truncate: float,
    n_jobs: int,
    *,
    skip_same: bool = False,
) -> tuple[FloatArray, float]:
    """Logarithm of the density per steradian at points, and the largest error by truncation."""
    from geo_risk._core.jit import run_chunks
    from geo_risk.hotspots import _kde as kernel

    kappa = (EARTH_RADIUS_KM / bandwidth_km) ** 2
    share = weight / weight.sum()
    peak = kappa / (2.0 * np.pi * -np.expm1(-2.0 * kappa))
    with np.errstate(divide="ignore"):
        log_peak = np.log(peak) + np.log(share)
    out = np.empty(len(points))
    depth = -np.log(truncate) if truncate > 0.0 else np.inf
    reach = float(np.sqrt(2.0 * depth / kappa.min()))
    if reach >= 1.0:  # such a coarse grid saves no time

        def run(start: int, stop: int) -> None:
            kernel.log_density(points, events, kappa, log_peak, skip_same, start, stop, out)

        run_chunks(run, len(points), n_jobs, minimum=64)
        return out, 0.0
    cells = max(1, min(int(2.0 / reach), 2**20))
    side = 2.0 / cells
    keys = kernel.cell_keys(events, side, cells)
    order = np.argsort(keys, kind="stable")
    near = (events[order], keys[order], kappa[order], log_peak[order])

    def run_near(start: int, stop: int) -> None:
        kernel.log_density_near(points, *near, depth, side, cells, start, stop, out)

    run_chunks(run_near, len(points), n_jobs, minimum=64)
    return out, truncate * float(np.sum(share * peak))


def _abramson(log_pilot: FloatArray, weight: FloatArray) -> FloatArray:
    """Factors sqrt(geometric mean / pilot density), within a range."""
    centre = float(np.average(log_pilot, weights=weight))
    return np.clip(np.exp(0.5 * (centre - log_pilot)), *_FACTOR_RANGE)


def _cross_validated(events: FloatArray, weight: FloatArray, n_jobs: int) -> float:
    from scipy.spatial import cKDTree

    places = np.unique(events, axis=0)
    if len(places) < 3:
        raise ValueError(
            f'Invalid bandwidth_km: "cv" needs at least 3 different places, not {len(places)}.'
        )
    nearest = np.asarray(cKDTree(places).query(places, k=2)[0])[:, 1]
    low = max(0.1 * float(np.median(nearest)) * EARTH_RADIUS_KM, _NARROWEST_KM)
    mean = np.average(events, axis=0, weights=weight)
    spread = float(np.sqrt(max(1.0 - float(mean @ mean), 0.0))) * EARTH_RADIUS_KM
    high = max(2.0 * spread, 4.0 * low)
    left_out = np.arange(0, len(events), -(-len(events) // 2000))
    points, score = events[left_out], weight[left_out]

    def misfit(log_h: float) -> float:
        bandwidth = np.full(len(events), np.exp(log_h))
        log_f, _ = _log_density(points, events, bandwidth, weight, 0.0, n_jobs, skip_same=True)
        counted = score > 0.0
        return -float(np.sum(score[counted] * log_f[counted]))

    grid = np.linspace(np.log(low), np.log(high), 24)
    best = int(np.argmin([misfit(g) for g in grid]))
    a, b = grid[max(best - 1, 0)], grid[min(best + 1, 23)]
    return float(np.exp(_golden_section(misfit, float(a), float(b))))


def _golden_section(misfit: Callable[[float], float], a: float, b: float) -> float:
    c, d = b - _GOLDEN * (b - a), a + _GOLDEN * (b - a)
    at_c, at_d = misfit(c), misfit(d)
    while b - a > 0.01:
        if at_c < at_d:
            b, d, at_d = d, c, at_c
            c = b - _GOLDEN * (b - a)
            at_c = misfit(c)
        else:
            a, c, at_c = c, d, at_d
            d = a + _GOLDEN * (b - a)
            at_d = misfit(d)
    return 0.5 * (a + b)
