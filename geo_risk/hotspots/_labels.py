"""From p-values and their direction to q-values, labels and confidence bins."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from geo_risk._core.types import FloatArray, IntArray
from geo_risk.hotspots._tails import Tails
from geo_risk.hotspots.fdr import adjust_fdr

__all__ = ["adjusted", "confidence_bins", "directions", "label_hotspots"]


def adjusted(p_value: FloatArray, fdr: str | None) -> FloatArray:
    """q-values by `fdr`, or the p-values themselves if `fdr` is None."""
    return p_value.copy() if fdr is None else adjust_fdr(p_value, method=fdr)


def directions(z: FloatArray, tails: Tails) -> NDArray[np.int8]:
    """+1 if z and the smaller tail both indicate high, -1 if both indicate low, else 0."""
    high = (z > 0.0) & (tails.high <= tails.low)
    low = (z < 0.0) & (tails.low <= tails.high)
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
    """ArcGIS's Gi_Bin: 3, 2, 1 for hot at 99, 95, 90 % confidence, negative for cold, else 0."""
    level = (q <= 0.10).astype(np.int8) + (q <= 0.05) + (q <= 0.01)
    return np.where(count > 0, level * direction, 0).astype(np.int8)
