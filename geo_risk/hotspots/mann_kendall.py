"""Mann-Kendall trend test, Kendall's tau and Sen's slope, for one series or for many at once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

from geo_risk._core.types import FloatArray
from geo_risk._core.validate import as_float, check_choice, check_scalar, refuse_unused
from geo_risk.hotspots._table import table_of
from geo_risk.hotspots._tails import normal_bound, normal_p

if TYPE_CHECKING:
    import pandas

__all__ = ["MannKendallResult", "mann_kendall"]


_MINIMUM_STEPS = 4
_PAIRS_AT_ONCE = 2_000_000
_CORRECTIONS = ("none", "hamed_rao", "known")
# Above this number of steps the factor for a known autocorrelation is extrapolated.
_EXACT_STEPS = 100


@dataclass(frozen=True, eq=False)
class MannKendallResult:
    """Trend of each series; every array has the shape of the series without its time axis.

    Attributes
    ----------
    s : ndarray of float64
        Number of increasing pairs minus number of decreasing pairs.
    var_s : ndarray of float64
        Variance of `s` without trend, corrected for ties and, if requested, for autocorrelation.
    z, p_value : ndarray of float64
        Continuity-corrected normal score and its two-sided p.
    tau_a, tau_b : ndarray of float64
        Kendall's tau without and with the correction for ties; `tau_b` is NaN for a constant.
    slope, intercept : ndarray of float64
        Sen's slope per step, and the line's value at the first step.
    trend : ndarray of int8
        1 up, -1 down, 0 not significant at `alpha` or unknown.
    n : int
        Number of steps in each series.
    correction : str
        "none", "hamed_rao" or "known".
    alpha : float
        Level of `trend`.
    """

    s: FloatArray
    var_s: FloatArray
    z: FloatArray
    p_value: FloatArray
    tau_a: FloatArray
    tau_b: FloatArray
    slope: FloatArray
    intercept: FloatArray
    trend: NDArray[np.int8]
    n: int
    correction: str
    alpha: float

    def to_frame(self) -> pandas.DataFrame:
        """Table of the series, one row each, in their order.

        Returns
        -------
        pandas.DataFrame
            Columns `trend`, `s`, `var_s`, `z`, `p_value`, `tau_a`, `tau_b`, `slope` (per step) and
            `intercept`; `attrs` holds `n`, `correction` and `alpha`.
        """
        return table_of(
            self,
            "trend", "s", "var_s", "z", "p_value", "tau_a", "tau_b", "slope", "intercept",
        )  # fmt: skip


def mann_kendall(
    series: ArrayLike,
    *,
    correction: str = "none",
    autocorrelation: ArrayLike | None = None,
    alpha: float = 0.05,
    lag_alpha: float | None = None,
) -> MannKendallResult:
    """Test each series for a monotone trend.

    The p-value is two-sided and comes from the normal distribution with continuity correction,
    computed from its upper tail, so small p are precise. It assumes that a series without trend
    is exchangeable in time: autocorrelation makes the plain test reject too often, which
    ``correction="hamed_rao"`` corrects approximately, and ``"known"`` well if the autocorrelation
    results from how the series was made (moving sums, overlapping windows).

    Parameters
    ----------
    series : array_like of float, shape (T,) or (n, T)
        Values in order of time at equal steps, T >= 4. A series with a NaN has NaN results.
    correction : {"none", "hamed_rao", "known"}
        How the variance of S is corrected for autocorrelation.
    autocorrelation : array_like of float, shape (k,) or (T, T), optional
        For "known": the autocorrelation of a series without trend at lags 1..k (0 beyond), or
        between every two steps.
    alpha : float
        Level of `MannKendallResult.trend`, in (0, 1).
    lag_alpha : float, default 0.05
        For "hamed_rao": significance level from which an autocorrelation is used, in (0, 1).

    Returns
    -------
    MannKendallResult
        Arrays of shape () for one series, (n,) for n series.

    Raises
    ------
    ValueError
        Fewer than four steps, infinite values, an unknown correction, a level outside (0, 1], an
        autocorrelation missing, not used, outside (-1, 1) or not symmetric, `lag_alpha`
        without the Hamed-Rao correction.
    TypeError
        Values that are not real numbers.

    Notes
    -----
    S = sum over i < j of sign(x_j - x_i);
    var S = [n(n-1)(2n+5) - sum over tie groups of t(t-1)(2t+5)] / 18;
    z = (S - sign S) / sqrt(var S); p = 2 P(Z > abs(z)). A constant series has S = 0, z = 0, p = 1.
    tau_a = S / (n(n-1)/2); tau_b divides by the number of pairs not tied in value instead, by
    the geometric mean with the pairs in time (which never tie). Sen's slope is the median of all
    pairwise slopes.

    Hamed and Rao multiply var S by 1 + 2/(n(n-1)(n-2)) sum (n-k)(n-k-1)(n-k-2) r_k over the lags
    k at which r_k, the autocorrelation of the ranks of the series minus its Sen line, exceeds
    the two-sided normal bound at `lag_alpha`. If that factor is not positive, z and p are NaN.
    The correction needs long series: on noise with lag-1 autocorrelation 0.4 the plain test
    rejected 17-19 % at 0.05, the corrected one 21 % at T = 20, 15 % at 60 and 12 % at 150
    (1,500 series each).

    For a Gaussian series with correlations r, var S = sum over i < j and k < l of
    (2/pi) arcsin[(r_jl - r_jk - r_il + r_ik) / (2 sqrt((1 - r_ij)(1 - r_kl)))]. Its ratio to the
    variance without autocorrelation is the factor of "known"; beyond 100 steps it is extrapolated
    linearly in 1/T. On moving sums of two (r_1 = 0.5) the plain test rejected 14-16 % at 0.05,
    this one 3.2 % at T = 10, 4.0 % at 19 and 4.9 % at 100 (20,000 series each).

    Time grows with n T^2; memory is bounded by processing the series in blocks.

    References
    ----------
    Mann, H. B. (1945) Econometrica 13, 245-259. Kendall, M. G. (1975) Rank Correlation Methods.
    Sen, P. K. (1968) JASA 63, 1379-1389.
    Hamed, K. H. and Rao, A. R. (1998) Journal of Hydrology 204, 182-196.

    Examples
    --------
    >>> result = mann_kendall([2.0, 1.0, 3.0, 5.0, 4.0])
    >>> int(result.s), round(float(result.p_value), 6), float(result.slope)
    (6, 0.220671, 0.75)
    >>> mann_kendall([[1, 2, 3, 4, 5, 6], [3, 3, 3, 3, 3, 3]]).trend.tolist()
    [1, 0]
    """
    check_choice(correction, "correction", _CORRECTIONS)
    check_scalar(alpha, "alpha", low=0.0, high=1.0, open_low=True)
    if correction != "hamed_rao":
        refuse_unused({"lag_alpha": lag_alpha}, 'it applies to correction="hamed_rao" only')
    lag_alpha = 0.05 if lag_alpha is None else lag_alpha
    check_scalar(lag_alpha, "lag_alpha", low=0.0, high=1.0, open_low=True)
    values, shape = _check_series(series)
    n = values.shape[1]
    between = _check_autocorrelation(autocorrelation, correction, n)
    s, slope = _pairs(values)
    tie_variance, tied_pairs = _ties(values)
    var_s = (n * (n - 1) * (2 * n + 5) - tie_variance) / 18.0
    pairs = n * (n - 1) / 2.0
    with np.errstate(invalid="ignore", divide="ignore"):
        tau_b = s / np.sqrt(pairs * (pairs - tied_pairs))
    if correction == "hamed_rao":
        var_s = var_s * _hamed_rao_factor(values, slope, lag_alpha)
    elif between is not None:
        var_s = var_s * _known_factor(between)
    z, p_value = _score(s, var_s)
    trend = np.where(p_value <= alpha, np.sign(s), 0.0).astype(np.int8)
    intercept = np.median(values, axis=1) - slope * (n - 1) / 2.0
    return MannKendallResult(
        s=s.reshape(shape),
        var_s=var_s.reshape(shape),
        z=z.reshape(shape),
        p_value=p_value.reshape(shape),
        tau_a=(s / pairs).reshape(shape),
        tau_b=tau_b.reshape(shape),
        slope=slope.reshape(shape),
        intercept=intercept.reshape(shape),
        trend=trend.reshape(shape),
        n=n,
        correction=correction,
        alpha=alpha,
    )


def _check_series(series: ArrayLike) -> tuple[FloatArray, tuple[int, ...]]:
    array = as_float(series, "series")
    if array.ndim not in (1, 2):
        raise ValueError(f"Invalid series: shape {array.shape}; must be (T,) or (n, T).")
    if array.shape[-1] < _MINIMUM_STEPS:
        raise ValueError(
            f"Invalid series: {array.shape[-1]} steps; a trend needs at least {_MINIMUM_STEPS}."
        )
    values = np.ascontiguousarray(array)
    infinite = np.isinf(values)
    if infinite.any():
        first = tuple(int(i) for i in np.argwhere(infinite)[0])
        raise ValueError(
            f"Invalid series: {int(infinite.sum())} of {values.size} values are infinite; "
            f"first at index {first if len(first) > 1 else first[0]}."
        )
    return values.reshape(-1, values.shape[-1]), values.shape[:-1]


def _check_autocorrelation(
    autocorrelation: ArrayLike | None, correction: str, n: int
) -> FloatArray | None:
    """Correlation between every two steps, or None if it is not used."""
    if (autocorrelation is None) == (correction == "known"):
        raise ValueError(
            'Invalid autocorrelation: correction="known" needs it, the others do not take it.'
        )
    if autocorrelation is None:
        return None
    given = np.asarray(autocorrelation, dtype=np.float64)
    if given.ndim == 1 and given.size < n:
        lags = np.zeros(n)
        lags[0], lags[1 : 1 + given.size] = 1.0, given
        given = lags[np.abs(np.subtract.outer(np.arange(n), np.arange(n)))]
    if given.shape != (n, n):
        raise ValueError(
            f"Invalid autocorrelation: shape {given.shape}; lags (k,), k < {n}, or ({n}, {n})."
        )
    off = given[~np.eye(n, dtype=bool)]
    if not ((np.abs(off) < 1.0).all() and np.array_equal(given, given.T)):
        raise ValueError("Invalid autocorrelation: values outside (-1, 1), or not symmetric.")
    return given


def _known_factor(between: FloatArray) -> float:
    """Factor of var S for a Gaussian series with these correlations between its steps."""
    n = between.shape[0]
    if n <= _EXACT_STEPS:
        return float(_gaussian_variance(between) / (n * (n - 1) * (2 * n + 5) / 18.0))
    size = np.array([_EXACT_STEPS // 2, _EXACT_STEPS])
    half, full = (_known_factor(between[:k, :k]) for k in size)
    slope = (half - full) / (1.0 / size[0] - 1.0 / size[1])
    return float(full + slope * (1.0 / n - 1.0 / size[1]))


def _gaussian_variance(r: FloatArray) -> float:
    """Variance of S: the covariance of the signs of two differences is an arcsine."""
    i, j = np.triu_indices(r.shape[0], 1)
    spread = np.sqrt(2.0 * (1.0 - r[i, j]))
    total = 0.0
    for start in range(0, i.size, 128):
        a, b = i[start : start + 128, None], j[start : start + 128, None]
        covariance = r[b, j] - r[b, i] - r[a, j] + r[a, i]
        angle = covariance / (spread[start : start + 128, None] * spread)
        total += float(np.arcsin(np.clip(angle, -1.0, 1.0)).sum())
    return 2.0 / np.pi * total


def _pairs(values: FloatArray) -> tuple[FloatArray, FloatArray]:
    """S and Sen's slope of each row."""
    n_series, n = values.shape
    earlier, later = np.triu_indices(n, 1)
    s, slope = np.empty(n_series), np.empty(n_series)
    step = max(1, _PAIRS_AT_ONCE // earlier.size)
    for start in range(0, n_series, step):
        block = slice(start, start + step)
        rise = values[block][:, later] - values[block][:, earlier]
        s[block] = np.sign(rise).sum(axis=1)
        rise /= later - earlier
        slope[block] = np.median(rise, axis=1)
    return s, slope


def _ties(values: FloatArray) -> tuple[FloatArray, FloatArray]:
    """For each row, sum t(t-1)(2t+5) and sum t(t-1)/2 over its groups of t equal values."""
    n_series, n = values.shape
    ordered = np.sort(values, axis=1)
    begins = np.ones((n_series, n), dtype=bool)
    begins[:, 1:] = ordered[:, 1:] != ordered[:, :-1]
    first = np.flatnonzero(begins)
    size = np.diff(np.append(first, values.size)).astype(np.float64)
    row = first // n
    variance = np.bincount(row, size * (size - 1.0) * (2.0 * size + 5.0), minlength=n_series)
    pairs = np.bincount(row, size * (size - 1.0) / 2.0, minlength=n_series)
    missing = np.isnan(values).any(axis=1)
    return np.where(missing, np.nan, variance), np.where(missing, np.nan, pairs)


def _score(s: FloatArray, var_s: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Continuity-corrected z and two-sided p; S = 0 means no trend for any variance."""
    with np.errstate(invalid="ignore", divide="ignore"):
        z = (s - np.sign(s)) / np.sqrt(np.where(var_s > 0.0, var_s, np.nan))
    z = np.where(s == 0.0, 0.0, z)
    return z, normal_p(z)


def _hamed_rao_factor(values: FloatArray, slope: FloatArray, lag_alpha: float) -> FloatArray:
    """Factor of var S: effective over actual sample size, from autocorrelated ranks."""
    from scipy.stats import rankdata

    n = values.shape[1]
    ranks = rankdata(values - slope[:, None] * np.arange(1, n + 1), axis=1, nan_policy="propagate")
    centred = ranks - ranks.mean(axis=1, keepdims=True)
    power = (centred**2).sum(axis=1)
    bound = normal_bound(lag_alpha) / np.sqrt(n)
    total = np.zeros(values.shape[0])
    for lag in range(1, n):
        with np.errstate(invalid="ignore", divide="ignore"):
            r = (centred[:, lag:] * centred[:, :-lag]).sum(axis=1) / power
        weight = (n - lag) * (n - lag - 1.0) * (n - lag - 2.0)
        total += np.where(np.abs(r) > bound, weight * r, 0.0)
    factor: FloatArray = 1.0 + 2.0 / (n * (n - 1.0) * (n - 2.0)) * total
    return factor
