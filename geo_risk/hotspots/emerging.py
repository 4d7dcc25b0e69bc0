"""Emerging hot spots: how the hot and cold spots of each cell developed over time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from geo_risk._core.options import carries, chosen
from geo_risk._core.types import BinArray, BoolArray, FloatArray
from geo_risk._core.validate import as_float, check_choice, check_integer, check_scalar
from geo_risk.hotspots import _tails
from geo_risk.hotspots._bins import neighbourhoods, z_scores
from geo_risk.hotspots._labels import adjusted, directions
from geo_risk.hotspots._table import table_of
from geo_risk.hotspots.emerging_rules import MINIMUM_STEPS, hotspot_categories, trend_columns
from geo_risk.hotspots.mann_kendall import MannKendallResult
from geo_risk.hotspots.options import Inference
from geo_risk.hotspots.weights import as_weights

if TYPE_CHECKING:
    import pandas

__all__ = ["EmergingResult", "emerging"]


_WINDOWS = ("cube", "step", "neighborhood")
_CORRECTIONS = ("overlap", "hamed_rao", "none")


@dataclass(frozen=True, eq=False)
class EmergingResult:
    """Result of `emerging`.

    Attributes
    ----------
    category : ndarray of str, shape (n,)
        One of `CATEGORIES`, or "isolated" (no neighbours), or "undefined" (values do not vary).
    also : ndarray of str, shape (n,)
        A second category that fits as well (see `HotspotCategories`), else "".
    z : ndarray of float64, shape (n, T)
        Gi* of each bin; NaN where the values compared do not vary.
    p_value, q_value : ndarray of float64, shape (n, T)
        Two-sided p, and p adjusted over all bins; NaN for isolated cells and where z is NaN.
    bins : ndarray of int8, shape (n, T)
        1 hot, -1 cold, 0 not significant.
    trend : MannKendallResult
        Trend of z, each array of shape (n,).
    p_method : str
        How p was found: "exact", "permutation" or "analytic".
    """

    category: NDArray[np.str_]
    also: NDArray[np.str_]
    z: FloatArray
    p_value: FloatArray
    q_value: FloatArray
    bins: BinArray
    trend: MannKendallResult
    p_method: str

    def to_frame(self, *, by: str = "cell") -> pandas.DataFrame:
        """Table of the cells, or of the bins.

        Parameters
        ----------
        by : {"cell", "bin"}
            A row for each cell, or for each bin, cell by cell and in order of time.

        Returns
        -------
        pandas.DataFrame
            Of cells: `category`, `also`, and the arrays of `trend` as `trend`, `trend_s`,
            `trend_z`, `trend_p_value` and so on. Of bins: `cell` and `period` (their rows and
            columns in the cube), `z`, `p_value`, `q_value` and `bins`. `attrs` holds `p_method`.

        Raises
        ------
        ValueError
            Another `by`.
        """
        if check_choice(by, "by", ("cell", "bin")) == "cell":
            return table_of(self, "category", "also", **trend_columns(self.trend))
        cell, period = np.indices(self.z.shape)
        columns = {name: getattr(self, name) for name in ("z", "p_value", "q_value", "bins")}
        return table_of(self, cell=cell, period=period, **columns)


@carries(Inference)
def emerging(
    cube: ArrayLike,
    weights: Any,
    *,
    window: str = "cube",
    time_neighbors: int | None = None,
    bin_alpha: float = 0.05,
    trend_alpha: float = 0.05,
    trend_correction: str = "overlap",
    trend_time_neighbors: int | None = None,
    sporadic_requires_last: bool = True,
    persistent_requires_last: bool = True,
    earlier_cold: str = "oscillating",
    options: Inference | None = None,
    **fields: Any,
) -> EmergingResult:
    """Classify the history of each cell as a kind of hot or cold spot.

    Parameters
    ----------
    cube : array_like, shape (n, T)
        Values of n cells in T >= 4 periods of equal length, in order of time, with zeros filled in
        (`space_time_cube`).
    weights : scipy.sparse matrix (n, n), libpysal Graph or W
        Spatial weights without self; see `as_weights`.
    window : {"cube", "step", "neighborhood"}
        What a bin's neighbourhood is compared with: all bins, the bins of its period, or the bins
        of the periods that its neighbourhood covers.
    time_neighbors : int, optional
        Earlier periods that belong to the neighbourhood; by default 1, with ``window="step"`` 0.
    bin_alpha, trend_alpha : float
        Levels of the bins (after `fdr`) and of the trend.
    trend_correction : {"overlap", "hamed_rao", "none"}
        Consecutive neighbourhoods share periods, so their z are correlated even without a
        pattern: correct the trend test for exactly that, or for the autocorrelation found in
        each series, or not at all.
    trend_time_neighbors : int, optional
        `time_neighbors` of the z-scores whose trend is tested, 0 for each period alone; by
        default that of the bins.
    sporadic_requires_last, persistent_requires_last, earlier_cold
        Rules that the published descriptions leave open; see `hotspot_categories`.
    options : Inference, optional
        How the p-values of the bins are found and adjusted; `permutations` shuffle all values.
    **fields
        The fields of `Inference`, instead of `options`.

    Returns
    -------
    EmergingResult

    Raises
    ------
    ValueError
        Fewer than four periods, values missing or infinite, weights that do not fit, options out
        of range, in conflict, or given but not used (`seed` without
        `permutations`, `max_dispersion` without the exact p).
    TypeError
        Values that are not numbers, weights of an unknown type.

    Notes
    -----
    Gi* of the cell itself and its neighbours in the same period and in `time_neighbors` earlier
    ones (fewer at the beginning). Exact and simulated p-values have the same null hypothesis as
    z: all values of the window, including a bin's own, permuted at random. The seventeen
    categories: `hotspot_categories`.

    ArcGIS's tool uses neighbours of one earlier period, the whole cube, normal p-values,
    FDR for the bins and an uncorrected trend: ``p_method="analytic", trend_correction="none"``.
    This has two known problems. The uncorrected trend test rejects 12-16 % at 0.05
    without any pattern, because neighbourhoods overlap in time; "overlap" rejects 2-5 %
    ("hamed_rao" needs long series to help). And normal p-values of sparse counts are too small in
    the upper tail, so that FDR no longer holds; the default is exact.

    Cells without neighbours are "isolated", regardless of their own counts.

    References
    ----------
    Getis, A. and Ord, J. K. (1992) Geographical Analysis 24, 189-206. Esri, "How Emerging Hot
    Spot Analysis works", ArcGIS Pro documentation.

    Examples
    --------
    Twenty cells in a row; an outbreak begins at one end in the last three of eight periods:

    >>> from scipy.sparse import diags_array
    >>> row = diags_array([np.ones(19), np.ones(19)], offsets=[-1, 1], shape=(20, 20))
    >>> cube = np.zeros((20, 8), dtype=int)
    >>> cube[:3, 5:] = 5
    >>> emerging(cube, row).category.tolist()[:5:2]
    ['consecutive hotspot', 'consecutive hotspot', 'no pattern detected']
    """
    asked = chosen(Inference, options, fields, emerging)
    x = _check_cube(cube)
    csr = as_weights(weights, x.shape[0])
    check_choice(window, "window", _WINDOWS)
    check_choice(trend_correction, "trend_correction", _CORRECTIONS)
    layers = _check_layers(time_neighbors, window, x.shape[1], "time_neighbors")
    trend_layers = layers
    if trend_time_neighbors is not None:
        trend_layers = _check_layers(
            trend_time_neighbors, window, x.shape[1], "trend_time_neighbors"
        )
    check_scalar(bin_alpha, "bin_alpha", low=0.0, high=1.0, open_low=True)
    near = neighbourhoods(csr, layers, window)
    isolated = near.rows.count == 0
    z = z_scores(x, near)
    tails = _tails.tails_of(_tails.Total(x, z, near), asked.test) or _tails.normal_tails(z)
    p_value = _tails.two_sided(tails)
    p_value[isolated] = np.nan
    q_value = adjusted(p_value, asked.fdr)
    bins: BinArray = np.where(q_value <= bin_alpha, directions(z, tails), 0).astype(np.int8)
    trend_z = z
    if trend_layers != layers:
        trend_z = z_scores(x, neighbourhoods(csr, trend_layers, window))
    varies = np.asarray(np.isfinite(trend_z).any(axis=0), dtype=np.bool_)
    found = hotspot_categories(
        z,
        bins,
        trend_alpha=trend_alpha,
        trend_z=_for_trend(trend_z, varies),
        trend_correction="known" if trend_correction == "overlap" else trend_correction,
        autocorrelation=_overlap(trend_layers, x.shape[1], varies)
        if trend_correction == "overlap"
        else None,
        sporadic_requires_last=sporadic_requires_last,
        persistent_requires_last=persistent_requires_last,
        earlier_cold=earlier_cold,
    )
    category = np.where(np.isnan(z).all(axis=1), "undefined", found.category)
    return EmergingResult(
        category=np.where(isolated, "isolated", category),
        also=found.also,
        z=z,
        p_value=p_value,
        q_value=q_value,
        bins=bins,
        trend=found.trend,
        p_method=tails.p_method,
    )


def _check_cube(cube: ArrayLike) -> FloatArray:
    x = as_float(cube, "cube")
    if x.ndim != 2:
        raise ValueError(f"Invalid cube: shape {x.shape}; must be (cells, periods).")
    if x.shape[1] < MINIMUM_STEPS:
        raise ValueError(
            f"Invalid cube: {x.shape[1]} periods; a history needs at least {MINIMUM_STEPS}."
        )
    bad = ~np.isfinite(x)
    if bad.any():
        i, t = (int(v) for v in np.argwhere(bad)[0])
        raise ValueError(
            f"Invalid cube: {int(bad.sum())} of {x.size} values are missing or infinite; first at "
            f"cell {i}, period {t}. A period without events is 0."
        )
    return x


def _check_layers(value: Any, window: str, n_periods: int, name: str) -> int:
    if value is None:
        return 0 if window == "step" else 1
    layers = check_integer(value, name, low=0, high=n_periods - 1)
    if window == "step" and layers > 0:
        raise ValueError(
            f'Invalid {name}: {value} with window="step", in which a neighbourhood cannot contain '
            "other periods than its own."
        )
    return layers


def _for_trend(z: FloatArray, varies: BoolArray) -> FloatArray:
    """Series over the periods with variation; all missing if too few of them remain."""
    if varies.sum() < MINIMUM_STEPS:
        return np.full(z.shape, np.nan)
    kept: FloatArray = z[:, varies]
    return kept


def _overlap(layers: int, n_periods: int, varies: BoolArray) -> FloatArray:
    """Correlation of z between periods that results from neighbourhoods sharing periods."""
    last = np.arange(n_periods)
    first = np.maximum(0, last - layers)
    shared = np.minimum.outer(last, last) - np.maximum.outer(first, first) + 1
    covered = last - first + 1
    correlation: FloatArray = np.maximum(shared, 0) / np.sqrt(np.multiply.outer(covered, covered))
    if varies.sum() < MINIMUM_STEPS:
        return correlation
    kept: FloatArray = correlation[np.ix_(varies, varies)]
    return kept
