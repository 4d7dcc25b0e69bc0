"""Getis and Ord's local Gi and Gi*: which units lie in high or in low surroundings."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

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
    permutations: int = 0,
    seed: inference.Seed = None,
    alpha: float = 0.05,
    p_method: str = "auto",
    fdr: str | None = "bh",
    mid_p: bool = False,
    draws: str = "fresh",
    max_dispersion: float = 100.0,
    n_jobs: int = 1,
) -> GiStarResult:
    """Score each unit by the sum over its neighbourhood, Gi* (with itself) or Gi (without)."""
    x = as_values(values)
    csr = as_weights(weights, x.size)
    options = inference.check_options(
        p_method=p_method,
        permutations=permutations,
        seed=seed,
        draws=draws,
        mid_p=mid_p,
        max_dispersion=max_dispersion,
        n_jobs=n_jobs,
        alpha=alpha,
        fdr=fdr,
    )
    rows = _row_sums(csr)
    z = _moments.total_z(x, csr, rows) if star else _moments.conditional_z(x, csr, rows)
    tails = inference.conditional_tails(x, csr, rows, options) or inference.normal_tails(z)
    p_value = inference.two_sided(tails)
    q_value = inference.adjusted(p_value, fdr)
    direction = inference.directions(z, tails)
    return GiStarResult(
        z=z,
        p_value=p_value,
        q_value=q_value,
        hotspot=inference.label_hotspots(q_value, direction, rows.count, alpha),
        gi_bin=inference.confidence_bins(q_value, direction, rows.count),
        g=_ratio(x, csr, rows, star),
        p_low=tails.low,
        p_high=tails.high,
        n_neighbors=rows.count,
        star=star,
        p_method=tails.p_method,
        alpha=options.alpha,
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
