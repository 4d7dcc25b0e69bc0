"""Distributions of an event's distance from its stated point, on the mean sphere."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from geo_risk._core.types import FloatArray

if TYPE_CHECKING:
    import geopandas

__all__ = ["DISTRIBUTIONS", "reach", "stated_radii"]


DISTRIBUTIONS = ("normal", "uniform", "heavy")
"""Distributions of the distance from the stated point; see `geo_risk.region_probabilities`."""


def reach(u: ArrayLike, distribution: str, coverage: float) -> FloatArray:
    """Quantiles, for u in [0, 1), of the distance from the stated point, in stated radii."""
    share = np.asarray(u, dtype=np.float64)
    if distribution == "normal":
        return np.asarray(np.sqrt(np.log1p(-share) / np.log1p(-coverage)))
    if distribution == "uniform":
        return np.asarray(np.sqrt(share / coverage))
    return np.asarray(np.sqrt(share / (1.0 - share) * (1.0 - coverage) / coverage))


def stated_radii(frame: geopandas.GeoDataFrame) -> FloatArray:
    """Stated radii in kilometres, 0 if none is stated."""
    if "location_uncertainty_km" not in frame.columns:
        return np.zeros(len(frame))
    radius = frame["location_uncertainty_km"].to_numpy(dtype=float, na_value=np.nan)
    if (radius < 0).any() or np.isinf(radius).any():
        first = int(np.argmax((radius < 0) | np.isinf(radius)))
        raise ValueError(
            f"Invalid location_uncertainty_km: must be finite and not negative; first at position "
            f"{first}: {radius[first]:g}."
        )
    return np.asarray(np.nan_to_num(radius))
