"""Global statistics: is there spatial autocorrelation in the study area as a whole?

A local test assumes exchangeable values; if they are autocorrelated everywhere, every local test
rejects too often. So compute a global statistic together with the local scores.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from geo_risk._core.types import FloatArray, Seed
from geo_risk._core.validate import check_choice, refuse_unused
from geo_risk.hotspots import _moments, _tails
from geo_risk.hotspots._table import row_of, single_values
from geo_risk.hotspots.options import NOT_SIMULATED, check_permutations, stream_key
from geo_risk.hotspots.weights import Csr, as_values, as_weights

if TYPE_CHECKING:
    import pandas

__all__ = ["GlobalResult", "geary_c", "general_g", "moran"]


@dataclass(frozen=True)
class GlobalResult:
    """Result of a global statistic; all numbers are NaN if it is undefined.

    Attributes
    ----------
    statistic, expectation, variance, z : float
        z = (statistic - expectation) / sqrt(variance).
    p_low, p_high, p_value : float
        Probability of a statistic at most, and at least, the observed one; two-sided.
    p_method : str
        "analytic" (normal) or "permutation".
    """

    statistic: float
    expectation: float
    variance: float
    z: float
    p_low: float
    p_high: float
    p_value: float
    p_method: str

    def to_frame(self) -> pandas.DataFrame:
        """Table with one row.

        Returns
        -------
        pandas.DataFrame
            A column for each attribute.
        """
        return row_of(**single_values(self))


_NAN = float("nan")
_UNDEFINED = GlobalResult(_NAN, _NAN, _NAN, _NAN, _NAN, _NAN, _NAN, "analytic")


@dataclass(frozen=True)
class _WeightSums:
    """S0, S1, S2 of Cliff and Ord (1981), and the number of units counted."""

    n: float
    s0: float
    s1: float
    s2: float


def moran(
    values: ArrayLike,
    weights: Any,
    *,
    assumption: str = "randomisation",
    permutations: int = 0,
    seed: Seed = None,
    adjust_n: bool = False,
) -> GlobalResult:
    """Global Moran's I: whether neighbouring values are similar (z > 0) or different (z < 0).

    The moments are exact for the stated assumption; the p from z is a normal approximation, poor
    for few units or very skewed values: use `permutations` for these.

    Parameters
    ----------
    values : array_like, shape (n,)
        One finite number per unit; for rates, pass `standardized_rates`.
    weights : scipy.sparse matrix (n, n), libpysal Graph or W
        Neighbours, without self weights (see `as_weights`). Row-standardise them for the usual
        form.
    assumption : {"randomisation", "normality"}
        Null model of the variance: values permuted at random, or normal values.
    permutations : int, default 0
        With R > 0, p is simulated from R random permutations of the values.
    seed : int, numpy Generator or None
        Seed of the permutations.
    adjust_n : bool, default False
        Count only the units with neighbours in n, as spdep does (a convention: it changes the
        figures by about the share of islands). The default counts all, and its moments are
        exactly those of permuting the values over all units.

    Returns
    -------
    GlobalResult
        NaN if the values are constant, no unit has a neighbour or n < 4.

    Raises
    ------
    ValueError, TypeError
        Values, weights or options that cannot be used.

    Notes
    -----
    ``I = (n / S0) sum_ij w_ij z_i z_j / sum_i z_i^2``, ``E = -1 / (n - 1)``.

    References
    ----------
    Cliff, A. D., Ord, J. K. (1981), Spatial Processes, Pion, chapter 2.

    Examples
    --------
    >>> import numpy as np
    >>> from scipy.sparse import diags_array
    >>> chain = diags_array([np.ones(9)] * 2, offsets=[-1, 1], shape=(10, 10))
    >>> result = moran([1, 2, 3, 4, 5, 6, 7, 8, 9, 10], chain)
    >>> round(result.statistic, 3), round(result.z, 2)
    (0.778, 2.84)
    """
    check_choice(assumption, "assumption", ("randomisation", "normality"))
    x, csr, sums = _prepared(values, weights, adjust_n, permutations, seed)
    if sums.s0 == 0.0 or sums.n < 4 or x.min() == x.max():
        return _UNDEFINED
    dev = _moments.centred(x)
    scale = sums.n / (sums.s0 * float(np.sum(dev * dev)))

    def statistic(order: FloatArray) -> float:
        return scale * float(np.sum(order * (csr @ order)))

    n, s0, s1, s2 = sums.n, sums.s0, sums.s1, sums.s2
    expectation = -1.0 / (n - 1.0)
    if assumption == "normality":
        square = (n * n * s1 - n * s2 + 3.0 * s0**2) / ((n * n - 1.0) * s0**2)
    else:
        b2 = _kurtosis(dev)
        square = n * ((n * n - 3.0 * n + 3.0) * s1 - n * s2 + 3.0 * s0**2)
        square -= b2 * ((n * n - n) * s1 - 2.0 * n * s2 + 6.0 * s0**2)
        square /= (n - 1.0) * (n - 2.0) * (n - 3.0) * s0**2
    return _finished(statistic, dev, expectation, square - expectation**2, permutations, seed)


def geary_c(
    values: ArrayLike,
    weights: Any,
    *,
    permutations: int = 0,
    seed: Seed = None,
    adjust_n: bool = False,
) -> GlobalResult:
    """Global Geary's C: mean squared difference of neighbours against that of all pairs.

    C below 1 (z < 0) means that neighbouring values are similar: the opposite sign of Moran's.
    (spdep prints z with the sign reversed.)

    Parameters
    ----------
    values, weights, permutations, seed, adjust_n
        As for `moran`; randomisation variance.

    Returns
    -------
    GlobalResult
        NaN where undefined, as for `moran`.

    Raises
    ------
    ValueError, TypeError
        Values, weights or options that cannot be used.

    Notes
    -----
    ``C = (n - 1) sum_ij w_ij (x_i - x_j)^2 / (2 S0 sum_i z_i^2)``, ``E = 1``.

    References
    ----------
    Cliff, A. D., Ord, J. K. (1981), Spatial Processes, Pion, chapter 2.

    Examples
    --------
    >>> import numpy as np
    >>> from scipy.sparse import diags_array
    >>> chain = diags_array([np.ones(9)] * 2, offsets=[-1, 1], shape=(10, 10))
    >>> round(geary_c([1, 2, 3, 4, 5, 6, 7, 8, 9, 10], chain).statistic, 4)
    0.0545
    """
    x, csr, sums = _prepared(values, weights, adjust_n, permutations, seed)
    if sums.s0 == 0.0 or sums.n < 4 or x.min() == x.max():
        return _UNDEFINED
    dev = _moments.centred(x)
    row_of = np.repeat(np.arange(x.size), np.diff(csr.indptr))
    scale = (sums.n - 1.0) / (2.0 * sums.s0 * float(np.sum(dev * dev)))

    def statistic(order: FloatArray) -> float:
        return scale * float(np.sum(csr.data * (order[row_of] - order[csr.indices]) ** 2))

    n, s0, s1, s2 = sums.n, sums.s0, sums.s1, sums.s2
    b2 = _kurtosis(dev)
    variance = (n - 1.0) * s1 * (n * n - 3.0 * n + 3.0 - (n - 1.0) * b2)
    variance -= 0.25 * (n - 1.0) * s2 * (n * n + 3.0 * n - 6.0 - (n * n - n + 2.0) * b2)
    variance += s0**2 * (n * n - 3.0 - (n - 1.0) ** 2 * b2)
    variance /= n * (n - 2.0) * (n - 3.0) * s0**2
    return _finished(statistic, dev, 1.0, variance, permutations, seed)


def general_g(
    values: ArrayLike,
    weights: Any,
    *,
    permutations: int = 0,
    seed: Seed = None,
    adjust_n: bool = False,
) -> GlobalResult:
    """Global G of Getis and Ord: whether high (z > 0) or low values (z < 0) cluster.

    Parameters
    ----------
    values : array_like, shape (n,)
        Numbers >= 0: the statistic has no meaning for negative ones.
    weights, permutations, seed, adjust_n
        As for `moran`; binary weights are usual.

    Returns
    -------
    GlobalResult
        NaN where undefined, as for `moran`.

    Raises
    ------
    ValueError
        Negative values, or other values that cannot be used.
    TypeError
        Values or weights of the wrong type.

    Notes
    -----
    ``G = sum_ij w_ij x_i x_j / sum_{i != j} x_i x_j``, ``E = S0 / (n (n - 1))``.

    References
    ----------
    Getis, A., Ord, J. K. (1992), Geographical Analysis 24, 189-206.

    Examples
    --------
    >>> import numpy as np
    >>> from scipy.sparse import diags_array
    >>> chain = diags_array([np.ones(9)] * 2, offsets=[-1, 1], shape=(10, 10))
    >>> general_g([0, 0, 0, 0, 0, 0, 0, 1, 4, 2], chain).z > 2
    True
    """
    x, csr, sums = _prepared(values, weights, adjust_n, permutations, seed)
    if x.size and x.min() < 0.0:
        first = int(np.argmax(x < 0.0))
        raise ValueError(
            f"Invalid values: {int((x < 0.0).sum())} of {x.size} are negative; first at index "
            f"{first}: {x[first]:g}. General G needs values >= 0; use moran."
        )
    if sums.s0 == 0.0 or sums.n < 4 or x.min() == x.max():
        return _UNDEFINED
    x = x / x.max()
    if adjust_n:  # an island is not part of any pair
        x = np.where(np.diff(csr.indptr) > 0, x, 0.0)
    rising = np.sort(x)
    pairs = 2.0 * float(np.sum(rising[1:] * np.cumsum(rising)[:-1]))  # avoids cancellation
    if pairs < 1e-150:  # at most one value is above 0, or practically so
        return _UNDEFINED

    def statistic(order: FloatArray) -> float:
        return float(np.sum(order * (csr @ order))) / pairs

    expectation = sums.s0 / (sums.n * (sums.n - 1.0))
    variance = _g_square(x, sums, pairs) - expectation**2
    return _finished(statistic, x, expectation, variance, permutations, seed)


def _g_square(x: FloatArray, sums: _WeightSums, pairs: float) -> float:
    """E[G^2] under randomisation (Getis and Ord 1992, in power sums m1..m4)."""
    n, s0, s1, s2 = sums.n, sums.s0, sums.s1, sums.s2
    m1, m2, m3, m4 = (float(np.sum(x**power)) for power in (1, 2, 3, 4))
    b0 = (n * n - 3.0 * n + 3.0) * s1 - n * s2 + 3.0 * s0**2
    b1 = -((n * n - n) * s1 - 2.0 * n * s2 + 6.0 * s0**2)
    b2 = -(2.0 * n * s1 - (n + 3.0) * s2 + 6.0 * s0**2)
    b3 = 4.0 * (n - 1.0) * s1 - 2.0 * (n + 1.0) * s2 + 8.0 * s0**2
    b4 = s1 - s2 + s0**2
    numerator = b0 * m2**2 + b1 * m4 + b2 * m1**2 * m2 + b3 * m1 * m3 + b4 * m1**4
    return numerator / (pairs**2 * n * (n - 1.0) * (n - 2.0) * (n - 3.0))


def _prepared(
    values: ArrayLike, weights: Any, adjust_n: bool, permutations: int, seed: Seed
) -> tuple[FloatArray, Csr, _WeightSums]:
    if check_permutations(permutations) and adjust_n:
        raise ValueError(
            f"Invalid permutations: {permutations} with adjust_n=True, which applies to the "
            "analytic moments only; permutations are over all units."
        )
    if not permutations:
        refuse_unused({"seed": seed}, NOT_SIMULATED)
    x = as_values(values)
    csr = as_weights(weights, x.size)
    out, into = csr.sum(axis=1), csr.sum(axis=0)
    both = csr + csr.T
    s1 = 0.5 * float(np.sum(both.data**2))
    n = int(np.count_nonzero(np.diff(csr.indptr))) if adjust_n else x.size
    s2 = float(np.sum((np.asarray(out) + np.asarray(into)) ** 2))
    return x, csr, _WeightSums(float(n), float(csr.data.sum()), s1, s2)


def _kurtosis(dev: FloatArray) -> float:
    return float(np.mean(dev**4)) / float(np.mean(dev**2)) ** 2


def _finished(
    statistic: Callable[[FloatArray], float],
    x: FloatArray,
    expectation: float,
    variance: float,
    permutations: int,
    seed: Seed,
) -> GlobalResult:
    observed = statistic(x)
    spread = float(np.sqrt(variance)) if variance > 0.0 else float("nan")
    z = (observed - expectation) / spread
    if permutations == 0:
        tails = _tails.normal_tails(np.array([z]))
    else:
        rng = np.random.default_rng(stream_key(seed))
        slack = 1e-12 * max(abs(observed), spread)
        draws = np.array([statistic(rng.permutation(x)) for _ in range(permutations)])
        at_most = np.atleast_1d(np.count_nonzero(draws <= observed + slack))
        at_least = np.atleast_1d(np.count_nonzero(draws >= observed - slack))
        tails = _tails.Tails(
            _tails.simulated_p(at_most, permutations),
            _tails.simulated_p(at_least, permutations),
            "permutation",
        )
    low, high, p_value = map(float, np.ravel([tails.low, tails.high, _tails.two_sided(tails)]))
    return GlobalResult(observed, expectation, variance, z, low, high, p_value, tails.p_method)
