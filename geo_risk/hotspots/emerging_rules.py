"""The seventeen categories of emerging hot spots, from series of z-scores."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from geo_risk._core.types import BinArray, BoolArray, FloatArray, IntArray
from geo_risk._core.validate import as_float, check_choice, check_scalar, refuse_unused
from geo_risk.hotspots._table import table_of
from geo_risk.hotspots._tails import normal_p
from geo_risk.hotspots.mann_kendall import MannKendallResult, mann_kendall

if TYPE_CHECKING:
    import pandas

__all__ = [
    "CATEGORIES",
    "MINIMUM_STEPS",
    "HotspotCategories",
    "hotspot_categories",
    "trend_columns",
]


MINIMUM_STEPS = 4
"""Minimum number of steps of a series."""

_KINDS = (
    "historical",
    "intensifying",
    "diminishing",
    "persistent",
    "oscillating",
    "new",
    "consecutive",
    "sporadic",
)
CATEGORIES = (
    *(f"{kind} hotspot" for kind in _KINDS),
    *(f"{kind} coldspot" for kind in _KINDS),
    "no pattern detected",
)
"""The seventeen categories."""


@dataclass(frozen=True, eq=False)
class HotspotCategories:
    """Result of `hotspot_categories`.

    Attributes
    ----------
    category : ndarray of str, shape (n,)
        One of `CATEGORIES`.
    also : ndarray of str, shape (n,)
        The cold-spot category that fits as well, if a hot-spot category takes precedence (a
        history of hot steps that ends in a cold one); else "".
    trend : MannKendallResult
        Trend of each series of z.
    """

    category: NDArray[np.str_]
    also: NDArray[np.str_]
    trend: MannKendallResult

    def to_frame(self) -> pandas.DataFrame:
        """Table of the series, one row each, in their order.

        Returns
        -------
        pandas.DataFrame
            Columns `category`, `also`, and the arrays of `trend` as `trend`, `trend_s`, `trend_z`,
            `trend_p_value` and so on.
        """
        return table_of(self, "category", "also", **trend_columns(self.trend))


def trend_columns(trend: MannKendallResult) -> dict[str, NDArray[Any]]:
    """Arrays of a trend, named as columns of a larger table."""
    table = trend.to_frame()
    return {name if name == "trend" else f"trend_{name}": table[name].to_numpy() for name in table}


def hotspot_categories(
    z: ArrayLike,
    bins: ArrayLike | None = None,
    *,
    bin_alpha: float | None = None,
    trend_alpha: float = 0.05,
    trend_z: ArrayLike | None = None,
    trend_correction: str = "none",
    autocorrelation: ArrayLike | None = None,
    sporadic_requires_last: bool = True,
    persistent_requires_last: bool = True,
    earlier_cold: str = "oscillating",
) -> HotspotCategories:
    """Classify each series of z-scores into one of the seventeen categories.

    Parameters
    ----------
    z : array_like of float, shape (n, T) or (T,)
        z-scores in order of time, T >= 4.
    bins : array_like of int, shape of `z`, optional
        1 hot, -1 cold, 0 not significant; by default two-sided normal p <= `bin_alpha`.
    bin_alpha, trend_alpha : float, default 0.05
        Levels of the bins (cannot be given with `bins`) and of the trend.
    trend_z : array_like of float, shape of `z`, optional
        Series for the trend, if not `z` itself.
    trend_correction, autocorrelation
        As `correction` and `autocorrelation` of `mann_kendall`.
    sporadic_requires_last : bool
        Whether a sporadic spot must be hot (cold) in the last step.
    persistent_requires_last : bool
        Whether a spot that is hot in 90 % of the steps but not in the last, without trend, is
        historical (True) or persistent (False).
    earlier_cold : {"oscillating", "ignore"}
        Whether an earlier cold step makes a new or consecutive hot spot an oscillating one.

    Returns
    -------
    HotspotCategories
        Arrays of shape (n,); n = 1 for one series.

    Raises
    ------
    ValueError
        Fewer than four steps, shapes that do not match, bins other than -1, 0, 1, levels outside
        (0, 1], `bin_alpha` with `bins`.

    Notes
    -----
    f is the share of hot steps. The rows apply in this order; then the same with hot and cold,
    and the sign of the trend, exchanged:

    ============= ========= ======== =================================== =====================
    category      f >= 0.9  last hot other hot steps                     otherwise
    ============= ========= ======== =================================== =====================
    historical    yes       no
    intensifying  yes       yes                                          trend up
    diminishing   yes       yes                                          trend down
    persistent    yes       yes                                          no significant trend
    oscillating   no        yes                                          some step cold
    new           no        yes      none                                no step cold
    consecutive   no        yes      only one unbroken run to the end    no step cold
    sporadic      no        yes      some outside the final run          no step cold
    ============= ========= ======== =================================== =====================

    sfdep 0.2.5 and pyehsa 0.1.2 differ: their intensifying hotspot counts significant steps of
    either sign (so a diminishing cold spot becomes an intensifying hot spot), a spot that has
    ended stays persistent (or, with a trend and z > 0, has no category), and sporadic spots need
    not be hot at the end; the last two rules are options here.

    Examples
    --------
    >>> z = [[0, 0, 0, 0, 0, 0, 0, 0, 0, 3.1], [3, 3, 0, 0, 0, 0, 0, 0, -3, -3]]
    >>> hotspot_categories(z).category.tolist()
    ['new hotspot', 'oscillating coldspot']
    """
    series = np.atleast_2d(as_float(z, "z"))
    if series.ndim != 2 or series.shape[1] < MINIMUM_STEPS:
        raise ValueError(
            f"Invalid z: shape {series.shape}; must be (n, T) with T >= {MINIMUM_STEPS}."
        )
    if bins is not None:
        refuse_unused({"bin_alpha": bin_alpha}, "the bins are given, so their level is fixed")
    bin_alpha = 0.05 if bin_alpha is None else bin_alpha
    for alpha, name in ((bin_alpha, "bin_alpha"), (trend_alpha, "trend_alpha")):
        check_scalar(alpha, name, low=0.0, high=1.0, open_low=True)
    check_choice(earlier_cold, "earlier_cold", ("oscillating", "ignore"))
    marked = _normal_bins(series, bin_alpha) if bins is None else _check_bins(bins, series.shape)
    trend = mann_kendall(
        series if trend_z is None else np.atleast_2d(as_float(trend_z, "trend_z")),
        correction=trend_correction,
        autocorrelation=autocorrelation,
        alpha=trend_alpha,
    )
    if trend.trend.shape != (series.shape[0],):
        raise ValueError(f"Invalid trend_z: {trend.trend.shape} series for {series.shape[0]}.")
    hot, cold = marked > 0, marked < 0
    rules = (sporadic_requires_last, persistent_requires_last, earlier_cold == "ignore")
    as_hot = _decide(hot, cold, trend.trend, *rules)
    as_cold = _decide(cold, hot, -trend.trend, *rules)
    names = np.array(CATEGORIES)
    none = len(CATEGORIES) - 1
    cold_index = np.where(as_cold >= 0, as_cold + len(_KINDS), none)
    category = names[np.where(as_hot >= 0, as_hot, cold_index)]
    also = np.where((as_hot >= 0) & (as_cold >= 0), names[cold_index], "")
    return HotspotCategories(category, also, trend)


def _decide(
    hot: BoolArray,
    cold: BoolArray,
    trend: BinArray,
    sporadic_requires_last: bool,
    persistent_requires_last: bool,
    ignore_cold: bool,
) -> IntArray:
    """Category of each series, as a position in `_KINDS`; -1 if none fits."""
    count, n_steps = hot.sum(axis=1), hot.shape[1]
    often = 10 * count >= 9 * n_steps
    last = hot[:, -1]
    final_run = np.cumprod(hot[:, ::-1], axis=1).sum(axis=1)
    unbroken, mixed = count == final_run, cold.any(axis=1)
    free = last & (np.full_like(mixed, ignore_cold) | ~mixed)
    ended = often & ~last
    stays = ended & (trend == 0) if not persistent_requires_last else np.zeros_like(last)
    rows = (  # the first that is true
        ("persistent", stays),
        ("historical", ended),
        ("intensifying", often & (trend > 0)),
        ("diminishing", often & (trend < 0)),
        ("persistent", often),
        ("new", free & (count == 1)),
        ("consecutive", free & unbroken),
        ("oscillating", last & mixed),
        ("sporadic", last if sporadic_requires_last else (count > 0) & (last | ~mixed)),
    )
    chosen = np.select([row for _, row in rows], [_KINDS.index(kind) for kind, _ in rows], -1)
    decided: IntArray = chosen.astype(np.int64)
    return decided


def _normal_bins(z: FloatArray, alpha: float) -> BinArray:
    significant = normal_p(z) <= alpha  # false for NaN
    marked: BinArray = np.where(significant, np.sign(z), 0.0).astype(np.int8)
    return marked


def _check_bins(bins: ArrayLike, shape: tuple[int, ...]) -> BinArray:
    marked = np.atleast_2d(np.asarray(bins))
    if marked.shape != shape:
        raise ValueError(f"Invalid bins: shape {marked.shape} for z of shape {shape}.")
    if not np.isin(marked, (-1, 0, 1)).all():
        raise ValueError("Invalid bins: values other than -1, 0 and 1.")
    return marked.astype(np.int8)
