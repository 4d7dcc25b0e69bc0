"""Local Moran's I: which units are similar to, or differ from, their surroundings."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from geo_risk._core.options import carries, chosen
from geo_risk._core.types import FloatArray, IntArray
from geo_risk._core.validate import check_choice, renamed
from geo_risk.hotspots import _labels, _moments, _tails
from geo_risk.hotspots._table import table_of
from geo_risk.hotspots.options import LocalInference
from geo_risk.hotspots.weights import Csr, RowSums, as_values, as_weights, row_sums as _row_sums

if TYPE_CHECKING:
    import pandas

__all__ = ["LocalMoranResult", "local_moran"]

# A deviation or lag below these shares of the largest is a zero with rounding error.
_ZERO_DEVIATION = 4e-15
_ZERO_LAG = 1e-13


@dataclass(frozen=True, eq=False)
class LocalMoranResult:
    """Result of `local_moran`; every array has shape (n,), in the order of the units.

    Attributes
    ----------
    statistic : ndarray of float64
        I_i; 0 for an island.
    expectation, variance : ndarray of float64
        Moments of I_i under the null hypothesis of `moments`; NaN where undefined.
    z : ndarray of float64
        (statistic - expectation) / sqrt(variance); NaN where undefined.
    p_value, q_value : ndarray of float64
        Two-sided p, and p adjusted for the false discovery rate over the finite ones.
    p_low, p_high : ndarray of float64
        Tails: probability of I_i at most, and at least, the observed one.
    quadrant : ndarray of str
        If ``q_value <= alpha``: "HH", "LL" (the unit and its neighbours on the same side of
        the mean), "HL", "LH" (outliers; the first letter is the unit's). Else "not significant",
        "undefined" or "isolated".
    quadrant_all : ndarray of str
        The same, regardless of significance.
    n_neighbors : ndarray of int64
    p_method : str
        "exact", "permutation" or "analytic".
    moments : str
        "conditional" or "total".
    alpha : float
    """

    statistic: FloatArray
    expectation: FloatArray
    variance: FloatArray
    z: FloatArray
    p_value: FloatArray
    q_value: FloatArray
    p_low: FloatArray
    p_high: FloatArray
    quadrant: NDArray[np.str_]
    quadrant_all: NDArray[np.str_]
    n_neighbors: IntArray
    p_method: str
    moments: str
    alpha: float

    def to_frame(self) -> pandas.DataFrame:
        """Table of the units, one row each, in their order.

        Returns
        -------
        pandas.DataFrame
            Columns `statistic`, `expectation`, `variance`, `z`, `p_value`, `q_value`, `p_low`,
            `p_high`, `quadrant`, `quadrant_all` and `n_neighbors`; `attrs` holds `p_method`,
            `moments` and `alpha`.
        """
        return table_of(
            self,
            "statistic", "expectation", "variance", "z", "p_value", "q_value", "p_low", "p_high",
            "quadrant", "quadrant_all", "n_neighbors",
        )  # fmt: skip


@carries(LocalInference)
def local_moran(
    values: ArrayLike,
    weights: Any,
    *,
    lagged: ArrayLike | None = None,
    moments: str = "conditional",
    draws: str | None = None,
    options: LocalInference | None = None,
    **fields: Any,
) -> LocalMoranResult:
    """Score how far each unit and its neighbours deviate from the mean together.

    Guaranteed: z does not change when values are shifted or scaled by a positive number or when
    a row of the weights is scaled, and ``z = sign(x_i - mean) * z(Gi)`` (conditional moments).
    Not guaranteed: that a significant unit is unusual where values are autocorrelated
    everywhere (also check the global `moran`).

    Parameters
    ----------
    values : array_like, shape (n,)
        One finite number per unit. For rates, pass `standardized_rates`.
    weights : scipy.sparse matrix (n, n), libpysal Graph or W
        Neighbours of each unit, without self weights (see `as_weights`).
    lagged : array_like, shape (n,), optional
        Bivariate: the variable that is summed over the neighbours; `values` is that of the unit
        itself. The unit's own value of both is fixed.
    moments : {"conditional", "total"}
        Conditional: the unit's value is fixed, the others permuted. Total: all values permuted
        (Anselin 1995); p is then analytic, and there is no bivariate form.
    draws : str, optional
        Old name of `deal`, deprecated.
    options : LocalInference, optional
        How p is found and adjusted, and how units are labelled.
    **fields
        The fields of `LocalInference`, instead of `options`.

    Returns
    -------
    LocalMoranResult

    Raises
    ------
    ValueError, TypeError
        As for `gi_star`; `moments="total"` with `lagged` or with a p other than analytic.

    Notes
    -----
    ``I_i = (z_i / m2) sum_j w_ij z_j``, z: deviations from the mean, m2: their mean square (divided
    by n). A unit at the mean has I_i = 0 for any neighbours: z and p are NaN, the label is
    "undefined". The tails of I_i are those of the neighbour sum, exchanged for units below the
    mean; so the exact p for counts is that of `gi_star`.

    References
    ----------
    Anselin, L. (1995), Geographical Analysis 27, 93-115.
    Sokal, R. R., Oden, N. L., Thomson, B. A. (1998), Geographical Analysis 30, 331-354.

    Examples
    --------
    >>> import numpy as np
    >>> from scipy.sparse import diags_array
    >>> chain = diags_array([np.ones(8)] * 2, offsets=[-1, 1], shape=(9, 9))
    >>> result = local_moran([9, 9, 9, 1, 1, 1, 1, 1, 1], chain)
    >>> result.quadrant_all.tolist()
    ['HH', 'HH', 'HH', 'LH', 'LL', 'LL', 'LL', 'LL', 'LL']
    """
    if draws is not None:
        fields["deal"] = renamed(fields.get("deal"), "deal", draws, "draws")
    asked = chosen(LocalInference, options, fields, local_moran)
    check_choice(moments, "moments", ("conditional", "total"))
    x = as_values(values)
    y = x if lagged is None else as_values(lagged, "lagged")
    if y.size != x.size:
        raise ValueError(f"Invalid lagged: {y.size} values for {x.size} units.")
    csr = as_weights(weights, x.size)
    if moments == "total":
        asked = _analytic_only(asked, lagged is not None)
    rows = _row_sums(csr)
    side = _side_of_mean(x)
    parts = (
        _conditional(x, y, side, csr, rows) if moments == "conditional" else _total(x, csr, rows)
    )
    tails = _tails.tails_of(_tails.Conditional(y, csr, rows), asked.test)
    tails = _tails.normal_tails(parts.z) if tails is None else _turned(tails, side)
    return _result(parts, tails, _quadrants(side, y, csr, rows), rows, moments, asked)


@dataclass(frozen=True, eq=False)
class _Parts:
    statistic: FloatArray
    expectation: FloatArray
    variance: FloatArray
    z: FloatArray


def _analytic_only(asked: LocalInference, bivariate: bool) -> LocalInference:
    if asked.p_method not in ("auto", "analytic") or asked.permutations:
        raise ValueError(
            'Invalid moments: "total" has an analytic p only; permuting the other values is '
            'conditional on the unit\'s own: moments="conditional".'
        )
    if bivariate:
        raise ValueError('Invalid moments: "total" is not defined for two variables.')
    return replace(asked, p_method="analytic")


def _side_of_mean(x: FloatArray) -> FloatArray:
    """+1 above the mean, -1 below, 0 at the mean."""
    if x.size == 0:
        return x
    dev = _moments.centred(x)
    # dev is scaled so that the largest value is in [0.5, 1).
    return np.where(np.abs(dev) <= _ZERO_DEVIATION, 0.0, np.sign(dev))


def _spread(x: FloatArray) -> float:
    return float(np.sqrt(np.mean(x * x))) if x.size else 0.0


def _conditional(x: FloatArray, y: FloatArray, side: FloatArray, csr: Csr, rows: RowSums) -> _Parts:
    own, dev = _moments.centred(x), _moments.centred(y)
    scale = _spread(own) * _spread(dev)
    factor = own / scale if scale > 0.0 else np.full(x.size, np.nan)
    factor = np.where(side == 0.0, 0.0, factor)
    statistic = factor * (csr @ dev)
    z = side * _moments.conditional_z(y, csr, rows)
    z[side == 0.0] = np.nan
    mean, variance = _moments.conditional_moments(y, rows)
    defined = ~np.isnan(z)
    return _Parts(
        statistic,
        np.where(defined, factor * mean, np.nan),
        np.where(defined, factor**2 * variance, np.nan),
        z,
    )


def _total(x: FloatArray, csr: Csr, rows: RowSums) -> _Parts:
    n, dev = x.size, _moments.centred(x)
    m2 = float(np.mean(dev**2)) if n else 0.0
    if n < 3 or x.min() == x.max():
        nothing = np.full(n, np.nan)
        return _Parts(nothing, nothing, nothing, nothing)
    b2 = float(np.mean(dev**4)) / m2**2
    statistic = dev / m2 * (csr @ dev)
    expectation = -rows.total / (n - 1.0)
    variance = (
        rows.squares * (n - b2) / (n - 1.0)
        + (rows.total**2 - rows.squares) * (2.0 * b2 - n) / ((n - 1.0) * (n - 2.0))
        - expectation**2
    )
    defined = (rows.count > 0) & (variance > 1e-12 * rows.squares)
    scale = np.sqrt(np.where(defined, variance, 1.0))
    z = np.where(defined, (statistic - expectation) / scale, np.nan)
    return _Parts(
        statistic,
        np.where(defined, expectation, np.nan),
        np.where(defined, variance, np.nan),
        z,
    )


def _turned(tails: _tails.Tails, side: FloatArray) -> _tails.Tails:
    """Tails of I_i from those of the neighbour sum: exchanged below the mean."""
    low = np.where(side < 0.0, tails.high, tails.low)
    high = np.where(side < 0.0, tails.low, tails.high)
    low[side == 0.0] = high[side == 0.0] = np.nan
    return _tails.Tails(low, high, tails.p_method)


def _quadrants(side: FloatArray, y: FloatArray, csr: Csr, rows: RowSums) -> NDArray[np.str_]:
    names = np.array(["LL", "LH", "HL", "HH", "undefined", "isolated"])
    dev = _moments.centred(y)
    lag = csr @ dev
    code = 2 * (side > 0.0).astype(np.intp) + (lag > 0.0)
    largest = float(np.abs(dev).max()) if dev.size else 0.0
    code[np.abs(lag) <= _ZERO_LAG * rows.total * largest] = 4
    code[rows.count == 0] = 5
    return np.asarray(names[code])


def _result(
    parts: _Parts,
    tails: _tails.Tails,
    quadrants: NDArray[np.str_],
    rows: RowSums,
    moments: str,
    options: LocalInference,
) -> LocalMoranResult:
    p_value = _tails.two_sided(tails)
    q_value = _labels.adjusted(p_value, options.fdr)
    quadrant = quadrants.astype("<U15")
    quadrant[~(q_value <= options.alpha)] = "not significant"
    quadrant[np.isnan(q_value)] = "undefined"
    quadrant[rows.count == 0] = "isolated"
    return LocalMoranResult(
        statistic=parts.statistic,
        expectation=parts.expectation,
        variance=parts.variance,
        z=parts.z,
        p_value=p_value,
        q_value=q_value,
        p_low=tails.low,
        p_high=tails.high,
        quadrant=quadrant,
        quadrant_all=quadrants,
        n_neighbors=rows.count,
        p_method=tails.p_method,
        moments=moments,
        alpha=float(options.alpha),
    )
