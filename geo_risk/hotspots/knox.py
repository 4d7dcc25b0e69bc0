"""Knox test and near-repeat matrix: are events that are close in space also close in time?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from geo_risk._core.constants import EARTH_RADIUS_KM
from geo_risk._core.sphere import chord_of
from geo_risk._core.types import FloatArray, IntArray, Seed
from geo_risk._core.validate import as_array, check_lonlat, refuse_unused
from geo_risk.hotspots import _tails
from geo_risk.hotspots._table import table_of
from geo_risk.hotspots.options import NOT_SIMULATED, check_permutations, stream_key
from geo_risk.hotspots.weights import as_values

if TYPE_CHECKING:
    import pandas

__all__ = ["KnoxResult", "knox"]

_PAIR_LIMIT = 100_000_000
_FARTHEST_KM = 1e6


@dataclass(frozen=True, eq=False)
class KnoxResult:
    """Result of `knox`. Matrices have shape (distances, intervals).

    Attributes
    ----------
    distance_km, interval : ndarray of float64
        The thresholds, increasing.
    observed : ndarray of int64
        Pairs within distance *and* interval, thresholds included (cumulative).
    expected, variance : ndarray of float64
        Exact moments of `observed` if the times are permuted at random over the events.
    ratio, z : ndarray of float64
        observed / expected, (observed - expected) / sqrt(variance); NaN for 0 / 0.
    p_value : ndarray of float64
        P(count >= observed) by permutation of the times; NaN with ``permutations=0``.
    p_poisson : ndarray of float64
        P(X >= observed) of a Poisson count with mean `expected`: an approximation that ignores
        that pairs share events.
    band_observed, band_expected, band_ratio, band_p_value : ndarray
        The same for pairs in a single band: beyond the previous threshold and within this one
        (near-repeat matrix).
    space_pairs, time_pairs : ndarray of int64
        Number of pairs within each distance (Ns) and within each interval (Nt).
    n_events, permutations : int
    """

    distance_km: FloatArray
    interval: FloatArray
    observed: IntArray
    expected: FloatArray
    variance: FloatArray
    ratio: FloatArray
    z: FloatArray
    p_value: FloatArray
    p_poisson: FloatArray
    band_observed: IntArray
    band_expected: FloatArray
    band_ratio: FloatArray
    band_p_value: FloatArray
    space_pairs: IntArray
    time_pairs: IntArray
    n_events: int
    permutations: int

    def to_frame(self) -> pandas.DataFrame:
        """Table of the combinations of thresholds, one row each, ordered by distance.

        Returns
        -------
        pandas.DataFrame
            Columns `distance_km` and `interval` (days, or the unit of the times), then those of the
            matrices, then `space_pairs` of the distance and `time_pairs` of the interval; `attrs`
            holds `n_events` and `permutations`.
        """
        row, column = np.indices(self.observed.shape)
        matrices = (
            "observed", "expected", "variance", "ratio", "z", "p_value", "p_poisson",
            "band_observed", "band_expected", "band_ratio", "band_p_value",
        )  # fmt: skip
        return table_of(
            self,
            distance_km=self.distance_km[row],
            interval=self.interval[column],
            **{name: getattr(self, name) for name in matrices},
            space_pairs=self.space_pairs[row],
            time_pairs=self.time_pairs[column],
        )


def knox(
    *,
    time: ArrayLike,
    distance_km: ArrayLike,
    interval: ArrayLike,
    lon: ArrayLike | None = None,
    lat: ArrayLike | None = None,
    x_km: ArrayLike | None = None,
    y_km: ArrayLike | None = None,
    permutations: int = 999,
    seed: Seed = None,
    n_jobs: int = 1,
) -> KnoxResult:
    """Count pairs of events close in space and time, compared with randomly permuted times.

    Guaranteed: exact counts and exact moments; a p-value that is valid for any pattern in
    space alone and in time alone. Not guaranteed: a conclusion about contagion if the population
    at risk changed at different rates in different places.

    Parameters
    ----------
    time : array_like, shape (n,)
        Numbers in the unit of `interval`, or datetime64 (then `interval` is in days).
    distance_km : float or array_like
        Distance thresholds, km, >= 0, increasing; a pair exactly at the threshold counts.
    interval : float or array_like
        Time thresholds, >= 0, increasing; a pair exactly at the threshold counts.
    lon, lat : array_like, shape (n,)
        Degrees, WGS84: great-circle distances on the sphere of radius 6371.0088 km.
    x_km, y_km : array_like, shape (n,)
        Instead of lon and lat: kilometres in a plane.
    permutations : int, default 999
        Number of random permutations of the times; 0 for none.
    seed : int, numpy Generator or None
        Seed of the permutations.
    n_jobs : int, default 1
        Threads for the permutations; -1 for all processors. The result does not depend on it.

    Returns
    -------
    KnoxResult

    Raises
    ------
    ValueError
        Missing or out-of-range values, fewer than 4 events, thresholds that do not increase,
        both or no kind of coordinates, more than 100 million pairs within the largest
        distance; `seed` or `n_jobs` without permutations.
    TypeError
        Values of the wrong type.

    Notes
    -----
    a_i and b_i are the numbers of events within the distance and the interval of event i (Barton
    and David 1966):
    ``Ns = sum a / 2``, ``A = sum a (a - 1) / 2``, Nt and B likewise, ``N = n (n - 1) / 2``,
    ``E = Ns Nt / N``, ``Var = E + 4 A B / (n (n-1) (n-2)) + 4 (Ns (Ns-1) - 2 A)
    (Nt (Nt-1) - 2 B) / (n (n-1) (n-2) (n-3)) - E^2``. Two events at the same place and time are
    a pair like any other. Cost: the pairs within the largest distance, times the permutations.

    References
    ----------
    Knox, E. G. (1964), Applied Statistics 13, 25-29.
    Barton, D. E., David, F. N. (1966), in Research Papers in Statistics, Wiley.

    Examples
    --------
    >>> result = knox(x_km=[0, 1, 50, 51, 100, 150], y_km=[0, 0, 0, 0, 0, 0],
    ...               time=[0, 1, 40, 42, 80, 99], distance_km=2, interval=[1, 7], seed=1)
    >>> result.observed.tolist(), result.expected.round(2).tolist()
    ([[1, 2]], [[0.13, 0.27]])
    """
    times = _times(time)
    points, radius = _points(lon, lat, x_km, y_km)
    if len(points) != times.size:
        raise ValueError(f"Invalid time: {times.size} values for {len(points)} events.")
    if times.size < 4:
        raise ValueError(f"Invalid time: {times.size} events; the test needs at least 4.")
    distances, intervals = _limits(distance_km, "distance_km"), _limits(interval, "interval")
    if not check_permutations(permutations):
        threads = None if n_jobs == 1 else n_jobs
        refuse_unused({"seed": seed, "n_jobs": threads}, NOT_SIMULATED)
    pairs, bands = _near_pairs(points, radius, distances)
    observed, simulated = _counts(
        times, pairs, bands, (distances.size, intervals), permutations, seed, n_jobs
    )
    space = _space_degrees(pairs, bands, times.size, distances.size)
    return _result(observed, simulated, space, times, distances, intervals)


def _times(time: ArrayLike) -> FloatArray:
    array = as_array(time, "time")
    if array.dtype.kind != "M":
        return as_values(array, "time")
    missing = np.isnat(array)
    if missing.any():
        raise ValueError(
            f"Invalid time: {int(missing.sum())} of {array.size} are missing; first at index "
            f"{int(np.argmax(missing))}."
        )
    steps = array - array.min() if array.size else array
    return as_values(steps / np.timedelta64(1, "D"), "time")


def _points(
    lon: ArrayLike | None, lat: ArrayLike | None, x_km: ArrayLike | None, y_km: ArrayLike | None
) -> tuple[FloatArray, float]:
    """Coordinates, shape (n, 3) on the unit sphere or (n, 2) in km, and the sphere's radius."""
    sphere, plane = (lon is not None, lat is not None), (x_km is not None, y_km is not None)
    if (any(sphere) and any(plane)) or not (all(sphere) or all(plane)):
        raise ValueError("Invalid coordinates: give lon and lat, or x_km and y_km.")
    if x_km is not None and y_km is not None:
        x, y = as_values(x_km, "x_km"), as_values(y_km, "y_km")
        if x.size != y.size:
            raise ValueError(f"Invalid y_km: {y.size} values for {x.size} events.")
        for values, name in ((x, "x_km"), (y, "y_km")):
            if values.size and np.abs(values).max() > _FARTHEST_KM:
                raise ValueError(
                    f"Invalid {name}: {np.abs(values).max():g} km is not a place on Earth; at most "
                    f"{_FARTHEST_KM:g}. Are these metres?"
                )
        return np.column_stack([x, y]), 0.0
    from geo_risk.hotspots._kde import unit_vectors

    lon_deg, lat_deg, _ = check_lonlat(lon, lat)  # type: ignore[arg-type]
    missing = np.isnan(lon_deg)
    if missing.any():
        raise ValueError(
            f"Invalid lon, lat: {int(missing.sum())} of {missing.size} are missing; first at "
            f"index {int(np.argmax(missing))}. Leave them out."
        )
    return unit_vectors(lon_deg, lat_deg), EARTH_RADIUS_KM


def _limits(limits: ArrayLike, name: str) -> FloatArray:
    array = as_values(np.atleast_1d(as_array(limits, name)), name)
    if array.size == 0 or array[0] < 0.0 or (np.diff(array) <= 0.0).any():
        raise ValueError(f"Invalid {name}: {array.tolist()}; thresholds >= 0 must increase.")
    return array


def _near_pairs(
    points: FloatArray, radius: float, distances: FloatArray
) -> tuple[NDArray[Any], NDArray[np.int16]]:
    """Pairs within the largest distance, and the band of each."""
    from scipy.spatial import cKDTree

    from geo_risk.hotspots import _knox as kernel

    reach = float(distances[-1])
    if radius:
        reach = float(chord_of(reach / radius))
    # The tree finds slightly too many pairs; the kernel's distance decides.
    reach = reach * (1.0 + 1e-9) + 1e-12
    tree = cKDTree(points)
    expected = (int(tree.count_neighbors(tree, reach)) - len(points)) // 2
    if expected > _PAIR_LIMIT:
        raise ValueError(
            f"Invalid distance_km: {expected} pairs of events lie within {distances[-1]:g} km; "
            f"at most {_PAIR_LIMIT} are possible. Choose a smaller largest distance."
        )
    pairs = tree.query_pairs(reach, output_type="ndarray")
    bands = kernel.space_bands(points, pairs, distances, radius)
    inside = bands < distances.size
    return pairs[inside], bands[inside]


def _counts(
    times: FloatArray,
    pairs: NDArray[Any],
    bands: NDArray[np.int16],
    shape: tuple[int, FloatArray],
    permutations: int,
    seed: Seed,
    n_jobs: int,
) -> tuple[IntArray, IntArray]:
    """Band counts as observed, shape (d, t), and of each permutation, shape (R, d, t)."""
    from geo_risk._core.jit import run_chunks
    from geo_risk.hotspots import _knox as kernel

    rows, intervals = shape
    observed = np.zeros((rows, intervals.size), dtype=np.int64)
    kernel.count_bands(times, pairs, bands, intervals, observed)
    simulated = np.zeros((permutations, *observed.shape), dtype=np.int64)
    key = stream_key(seed)

    def run(start: int, stop: int) -> None:
        kernel.permuted_counts(times, pairs, bands, intervals, key, start, stop, simulated)

    if permutations:
        run_chunks(run, permutations, n_jobs, minimum=16)
    return observed, simulated


def _space_degrees(
    pairs: NDArray[Any], bands: NDArray[np.int16], n: int, count: int
) -> NDArray[np.int64]:
    """Number of other events within each distance of each event (cumulative); shape (d, n)."""
    degrees = np.zeros((count, n), dtype=np.int64)
    for band in range(count):
        chosen = pairs[bands == band]
        degrees[band] = np.bincount(chosen.reshape(-1), minlength=n)
    return np.cumsum(degrees, axis=0)


def _moments(
    space: FloatArray, time: FloatArray
) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
    """Ns, Nt, expectation and variance (Barton and David 1966)."""
    n = float(space.shape[1])
    ns, nt = 0.5 * space.sum(axis=1), 0.5 * time.sum(axis=1)
    a = 0.5 * (space * (space - 1)).sum(axis=1)
    b = 0.5 * (time * (time - 1)).sum(axis=1)
    expected: FloatArray = np.outer(ns, nt) / (0.5 * n * (n - 1.0))
    three, four = n * (n - 1.0) * (n - 2.0), n * (n - 1.0) * (n - 2.0) * (n - 3.0)
    variance = expected + 4.0 * np.outer(a, b) / three
    variance += 4.0 * np.outer(ns * (ns - 1.0) - 2.0 * a, nt * (nt - 1.0) - 2.0 * b) / four
    return ns, nt, expected, np.maximum(variance - expected**2, 0.0)


def _cumulative(counts: IntArray) -> IntArray:
    return np.cumsum(np.cumsum(counts, axis=-1), axis=-2)


def _upper_p(observed: IntArray, simulated: IntArray) -> FloatArray:
    if not len(simulated):
        return np.full(observed.shape, np.nan)
    return _tails.simulated_p((simulated >= observed).sum(axis=0), len(simulated))


def _quotient(numerator: ArrayLike, denominator: FloatArray) -> FloatArray:
    out = np.full(denominator.shape, np.nan)
    np.divide(numerator, denominator, out=out, where=denominator > 0.0)
    return out


def _result(
    bands: IntArray,
    simulated: IntArray,
    space: NDArray[np.int64],
    times: FloatArray,
    distances: FloatArray,
    intervals: FloatArray,
) -> KnoxResult:
    from geo_risk.hotspots import _knox as kernel

    order = np.argsort(times, kind="stable")
    near_in_time = kernel.time_degrees(times[order], order, intervals)
    ns, nt, expected, variance = _moments(space.astype(np.float64), near_in_time.astype(np.float64))
    observed = _cumulative(bands)
    band_expected = np.outer(np.diff(ns, prepend=0.0), np.diff(nt, prepend=0.0))
    band_expected /= 0.5 * times.size * (times.size - 1.0)
    return KnoxResult(
        distance_km=distances,
        interval=intervals,
        observed=observed,
        expected=expected,
        variance=variance,
        ratio=_quotient(observed, expected),
        z=_quotient(observed - expected, np.sqrt(variance)),
        p_value=_upper_p(observed, _cumulative(simulated)),
        p_poisson=_tails.poisson_p(observed, expected),
        band_observed=bands,
        band_expected=band_expected,
        band_ratio=_quotient(bands, band_expected),
        band_p_value=_upper_p(bands, simulated),
        space_pairs=ns.astype(np.int64),
        time_pairs=nt.astype(np.int64),
        n_events=times.size,
        permutations=len(simulated),
    )
