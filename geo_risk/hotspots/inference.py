"""From local statistics to p-values and labels: shared by Gi, Gi* and local Moran."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from geo_risk.hotspots.fdr import adjust_fdr

__all__ = ["confidence_bins", "label_hotspots", "normal_tails", "two_sided"]

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]


def normal_tails(z: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Lower and upper tail of the standard normal, each at full relative accuracy."""
    from scipy.special import ndtr

    return ndtr(z), ndtr(-z)


def two_sided(p_low: FloatArray, p_high: FloatArray) -> FloatArray:
    """Twice the smaller tail, at most 1; NaN stays."""
    return np.minimum(2.0 * np.minimum(p_low, p_high), 1.0)


def adjusted(p_value: FloatArray, fdr: str | None) -> FloatArray:
    """q-values by `fdr`, or the p-values themselves where no adjustment is asked for."""
    return p_value.copy() if fdr is None else adjust_fdr(p_value, method=fdr)


def directions(z: FloatArray, p_low: FloatArray, p_high: FloatArray) -> NDArray[np.int8]:
    """+1 where z and the smaller tail both say high, -1 where both say low, else 0."""
    high = (z > 0.0) & (p_high <= p_low)
    low = (z < 0.0) & (p_low <= p_high)
    return high.astype(np.int8) - low.astype(np.int8)


def label_hotspots(
    q: FloatArray, direction: NDArray[np.int8], count: IntArray, alpha: float
) -> NDArray[np.str_]:
    """Label each unit: hot, cold, not significant, undefined (no q) or isolated (no neighbour)."""
    names = np.array(["not significant", "hot", "cold", "undefined", "isolated"])
    code = np.zeros(q.size, dtype=np.intp)
    significant = q <= alpha  # false for NaN
    code[significant & (direction > 0)] = 1
    code[significant & (direction < 0)] = 2
    code[np.isnan(q)] = 3
    code[count == 0] = 4
    return names[code]


def confidence_bins(
    q: FloatArray, direction: NDArray[np.int8], count: IntArray
) -> NDArray[np.int8]:
    """ArcGIS's Gi_Bin: 3, 2, 1 for hot at 99, 95, 90 % confidence, negative for cold, 0 else."""
    level = (q <= 0.10).astype(np.int8) + (q <= 0.05) + (q <= 0.01)
    return np.where(count > 0, level * direction, 0).astype(np.int8)
