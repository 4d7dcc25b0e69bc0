"""Getis and Ord's local Gi and Gi*: which units are surrounded by high or low values."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from geo_risk._core.options import carries, chosen
from geo_risk._core.types import FloatArray, IntArray
from geo_risk._core.validate import check_choice, refuse_unused, renamed
from geo_risk.hotspots import _labels, _moments
from geo_risk.hotspots._table import table_of
from geo_risk.hotspots._tails import Tails, normal_p, normal_tails, null_of, tails_of, two_sided
from geo_risk.hotspots.options import LocalInference
from geo_risk.hotspots.weights import RowSums, as_values, as_weights, row_sums as _row_sums

if TYPE_CHECKING:
    import pandas

__all__ = ["GiStarResult", "gi_star"]


@dataclass(frozen=True, eq=False)
class GiStarResult:
    """Result of `gi_star`; every array has shape (n,), in the order of the units.

    Attributes
    ----------
    z : ndarray of float64
        Standardised neighbourhood sum (Gi* if `star`, else Gi); NaN where undefined.
    p_value, q_value : ndarray of float64
        Two-sided p by `p_method`; p adjusted for the false discovery rate over the finite ones.
    hotspot : ndarray of str
        "hot" if ``q_value <= alpha``, z > 0 and the upper tail is the smaller one; "cold" in the
        opposite case; "not significant"; "undefined" (no p); "isolated" (no neighbour).
    gi_bin : ndarray of int8
        ArcGIS's Gi_Bin on the q-values: 3, 2, 1 for hot at 99, 95, 90 % confidence, -3, -2, -1
        for cold, else 0.
    g : ndarray of float64
        The ratio Gi or Gi*: the neighbourhood's share of the sum of all values
        (per unit of weight for row-standardised weights); NaN where that sum is 0.
    p_low, p_high : ndarray of float64
        Tails: probability of a sum at most, and at least, the observed one.
    n_neighbors : ndarray of int64
        Neighbours with a weight above 0, the unit itself not counted.
    star : bool
    null : str
        "conditional" or "total": what the exact and the simulated p-values permute.
    p_method : str
        "exact", "permutation" or "analytic": how the p-values were found.
    alpha : float
    fdr : str or None

    Notes
    -----
    The tails, q-values, labels and bins are computed on first access.
    """

    z: FloatArray
    p_value: FloatArray
    g: FloatArray
    n_neighbors: IntArray
    star: bool
    null: str
    p_method: str
    alpha: float
    fdr: str | None
    _tails: Tails | None

    # Computed on first access: many callers (the draws and steps of other statistics) do not
    # need these.

    @cached_property
    def _both_tails(self) -> Tails:
        return normal_tails(self.z) if self._tails is None else self._tails

    @property
    def p_low(self) -> FloatArray:
        """P of a sum at most the observed one."""
        return self._both_tails.low

    @property
    def p_high(self) -> FloatArray:
        """P of a sum at least the observed one."""
        return self._both_tails.high

    @cached_property
    def q_value(self) -> FloatArray:
        """p adjusted for the false discovery rate over the finite ones."""
        return _labels.adjusted(self.p_value, self.fdr)

    @cached_property
    def _direction(self) -> NDArray[np.int8]:
        return _labels.directions(self.z, self._both_tails)

    @cached_property
    def hotspot(self) -> NDArray[np.str_]:
        """Label of each unit."""
        count = self.n_neighbors
        return _labels.label_hotspots(self.q_value, self._direction, count, self.alpha)

    @cached_property
    def gi_bin(self) -> NDArray[np.int8]:
        """ArcGIS's confidence bin of each unit."""
        return _labels.confidence_bins(self.q_value, self._direction, self.n_neighbors)

    def to_frame(self) -> pandas.DataFrame:
        """Table of the units, one row each, in their order.

        Returns
        -------
        pandas.DataFrame
            Columns `z`, `p_value`, `q_value`, `hotspot`, `gi_bin`, `g`, `p_low`, `p_high` and
            `n_neighbors`; `attrs` holds `star`, `null`, `p_method`, `alpha` and `fdr`.
        """
        return table_of(
            self,
            "z", "p_value", "q_value", "hotspot", "gi_bin", "g", "p_low", "p_high", "n_neighbors",
        )  # fmt: skip


@carries(LocalInference)
def gi_star(
    values: ArrayLike,
    weights: Any,
    *,
    star: bool = True,
    null: str | None = None,
    draws: str | None = None,
    options: LocalInference | None = None,
    **fields: Any,
) -> GiStarResult:
    """Score each unit by the sum over its neighbourhood: Gi* (with itself) or Gi (without).

    Guaranteed, for any weights (binary, row-standardised, kernel, asymmetric): z does not change
    when values are shifted or scaled by a positive number or when a row of the weights is scaled.
    Not guaranteed: that a hot unit is more than chance where values are autocorrelated everywhere
    (also check the global `moran`), or that a hotspot of reports is one of events.

    Parameters
    ----------
    values : array_like, shape (n,)
        One finite number per unit, including 0 for units without events.
    weights : scipy.sparse matrix (n, n), libpysal Graph or W
        Neighbours of each unit, weights >= 0, without self weights (see `as_weights`).
    star : bool, default True
        Gi*: add a self weight equal to the row's largest weight (1 for binary weights and for
        islands). False: Gi.
    null : {"conditional", "total"}, default "conditional"
        What the exact and the simulated p compare with. "conditional": the unit keeps its value
        and the others are permuted: are the *neighbours* high? "total", for Gi* only: all values
        are permuted, as in z: is the sum *with* the unit high? Only "total" finds a unit hot
        because of its own value, with low neighbours.
    draws : str, optional
        Old name of `deal`, deprecated.
    options : LocalInference, optional
        How p is found and adjusted, and how units are labelled.
    **fields
        The fields of `LocalInference`, instead of `options`.

    Returns
    -------
    GiStarResult

    Raises
    ------
    TypeError
        Values or weights of the wrong type.
    ValueError
        NaN or infinite values (with their position), weights not (n, n), negative or with a
        diagonal, an option out of range or given but not used (`seed`, `deal` and
        `n_jobs` without a simulation, `mid_p` and `max_dispersion` without the exact p, `deal` and
        `n_jobs` with ``null="total"``, ``null="conditional"`` with the analytic p of Gi*);
        `p_method="exact"` with values that are not counts or too dispersed, or with weights that
        differ within a row.

    Warns
    -----
    UserWarning
        With "auto", the exact p of counts was not available (`max_dispersion`) or would take more
        than some seconds, so the normal approximation was used.

    Notes
    -----
    With W_i and S1_i the sum of row i's weights and of their squares,
    ``z = (sum_j w_ij x_j - W_i m) / (s sqrt((N S1_i - W_i^2) / (N - 1)))``; for Gi m and s are
    mean and population standard deviation of the other N = n - 1 values, for Gi* of all N = n.
    The ratio and its moments are those of Getis and Ord (1992), Ord and Getis (1995).

    The analytic p of Gi* asks whether the sum over the unit *and* its neighbours is high. The
    exact and the simulated p fix the unit's own value and permute the others, so they ask
    whether the *neighbours* are high; they are the same for Gi, Gi* and local Moran's I.
    So the centre of a cluster of events can stay unlabelled while the cells around it are hot;
    ``null="total"`` tests exactly what z measures.
    On sparse counts the normal approximation is very wrong in the upper tail (with
    0.05 events per cell, two of them in one neighbourhood have p = 0.005, though one in twenty has
    them; after FDR there are false hotspots in every run), so the exact p is the default there.
    A unit is labelled only if z and p agree in direction.

    Islands: Gi is NaN; Gi* has a finite z and analytic p, but no conditional p; the label is
    always "isolated". If all other units are neighbours, or the values are constant: NaN and
    "undefined". q is computed over the finite p-values.

    Cost: a few ms for 100,000 cells with the analytic p, tens of ms with the exact p of sparse
    counts, R n k draws for the simulated one.

    References
    ----------
    Getis, A., Ord, J. K. (1992), Geographical Analysis 24, 189-206.
    Ord, J. K., Getis, A. (1995), Geographical Analysis 27, 286-306.

    Examples
    --------
    >>> import numpy as np
    >>> from scipy.sparse import diags_array
    >>> chain = diags_array([np.ones(199)] * 2, offsets=[-1, 1], shape=(200, 200))
    >>> counts = [0] * 99 + [6, 9, 7] + [0] * 98
    >>> result = gi_star(counts, chain)
    >>> result.p_method
    'exact'
    >>> result.hotspot[99:102].tolist()
    ['not significant', 'hot', 'not significant']
    >>> result.z[99:102].round(1)
    array([ 9.4, 13.9, 10.1])
    >>> gi_star(counts, chain, null="total").hotspot[99:102].tolist()
    ['hot', 'hot', 'hot']
    """
    if draws is not None:
        fields["deal"] = renamed(fields.get("deal"), "deal", draws, "draws")
    asked = chosen(LocalInference, options, fields, gi_star)
    x = as_values(values)
    csr = as_weights(weights, x.size)
    null = _checked_null(null, star, asked)
    rows = _row_sums(csr)
    lag = csr @ x
    z = _moments.total_z(x, csr, rows, lag) if star else _moments.conditional_z(x, csr, rows)
    tails = tails_of(null_of(null, x, z, csr, rows), asked.test)
    return GiStarResult(
        z=z,
        p_value=normal_p(z) if tails is None else two_sided(tails),
        g=_ratio(x, lag, rows, star),
        n_neighbors=rows.count,
        star=star,
        null=null,
        p_method="analytic" if tails is None else tails.p_method,
        alpha=float(asked.alpha),
        fdr=asked.fdr,
        _tails=tails,
    )


def _checked_null(null: str | None, star: bool, asked: LocalInference) -> str:
    """The null hypothesis, checked against the statistic, `p_method` and other options."""
    if null is None:
        return "conditional"
    check_choice(null, "null", ("conditional", "total"))
    if null == "conditional":
        if star and asked.p_method == "analytic":
            refuse_unused({"null": null}, "the analytic p of Gi* also permutes the own value")
        return null
    if not star:
        raise ValueError('Invalid null: "total" with star=False; Gi leaves the own value out.')
    why = 'null="total" shuffles all values, in one thread'
    refuse_unused({"deal": asked.deal, "n_jobs": asked.threads}, why)
    return null


def _ratio(x: FloatArray, lag: FloatArray, rows: RowSums, star: bool) -> FloatArray:
    """Gi or Gi* as a share of the sum; NaN if that sum is 0 or there is no neighbour."""
    whole = float(x.sum())
    if star:
        window = lag + (x if rows.binary else _moments.own_weights(rows) * x)
        if rows.standardised:  # row-standardise after adding the self weight, not before
            window /= rows.total + _moments.own_weights(rows)
        return window / whole if whole != 0.0 else np.full(x.size, np.nan)
    g = np.full(x.size, np.nan)
    rest = whole - x
    np.divide(lag, rest, out=g, where=(rest != 0.0) & (rows.count > 0))
    return g
