"""Getis and Ord's local Gi and Gi*: which units lie in high or in low surroundings."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from geo_risk._validate import check_choice, check_scalar
from geo_risk.hotspots import _moments, inference
from geo_risk.hotspots.weights import Csr, FloatArray, IntArray, RowSums, as_values, as_weights
from geo_risk.hotspots.weights import row_sums as _row_sums

__all__ = ["GiStarResult", "gi_star"]


@dataclass(frozen=True, eq=False)
class GiStarResult:
    """Result of `gi_star`; every array has shape (n,), in the order of the units."""

    z: FloatArray
    p_value: FloatArray
    q_value: FloatArray
    hotspot: NDArray[np.str_]
    gi_bin: NDArray[np.int8]
    g: FloatArray
    p_low: FloatArray
    p_high: FloatArray
    n_neighbors: IntArray
    star: bool
    p_method: str
    alpha: float


def gi_star(
    values: ArrayLike,
    weights: Any,
    *,
    star: bool = True,
    alpha: float = 0.05,
    fdr: str | None = "bh",
) -> GiStarResult:
    """Score each unit by the sum over its neighbourhood, Gi* (with itself) or Gi (without)."""
    x = as_values(values)
    csr = as_weights(weights, x.size)
    check_scalar(alpha, "alpha", low=0.0, high=1.0)
    if fdr is not None:
        check_choice(fdr, "fdr", ("bh", "by"))
    rows = _row_sums(csr)
    z = _moments.total_z(x, csr, rows) if star else _moments.conditional_z(x, csr, rows)
    p_low, p_high = inference.normal_tails(z)
    p_value = inference.two_sided(p_low, p_high)
    q_value = inference.adjusted(p_value, fdr)
    direction = inference.directions(z, p_low, p_high)
    return GiStarResult(
        z=z,
        p_value=p_value,
        q_value=q_value,
        hotspot=inference.label_hotspots(q_value, direction, rows.count, alpha),
        gi_bin=inference.confidence_bins(q_value, direction, rows.count),
        g=_ratio(x, csr, rows, star),
        p_low=p_low,
        p_high=p_high,
        n_neighbors=rows.count,
        star=star,
        p_method="analytic",
        alpha=alpha,
    )


def _ratio(x: FloatArray, csr: Csr, rows: RowSums, star: bool) -> FloatArray:
    """Gi or Gi* as a share of the sum; NaN where that sum is 0 or there is no neighbour."""
    numerator, denominator = csr @ x, np.full(x.size, x.sum())
    if star:
        own = np.where(rows.count > 0, rows.largest, 1.0)
        numerator += own * x
        if rows.standardised:  # row-standardise after adding self, not before
            numerator /= rows.total + own
    else:
        denominator = denominator - x
    g = np.full(x.size, np.nan)
    defined = (denominator != 0.0) & (star | (rows.count > 0))
    return np.divide(numerator, denominator, out=g, where=defined)
