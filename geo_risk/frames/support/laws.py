"""How an event may lie about its stated point: the radial laws, on the mean sphere."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from geo_risk._core.constants import EARTH_RADIUS_KM
from geo_risk._core.types import FloatArray

if TYPE_CHECKING:
    import geopandas

__all__ = ["DISTRIBUTIONS", "move", "reach", "stated_radii"]


DISTRIBUTIONS = ("normal", "uniform", "heavy")
"""How an event may lie about its stated point; see `geo_risk.region_probabilities`."""


def reach(u: ArrayLike, distribution: str, coverage: float) -> FloatArray:
    """Quantiles u in [0, 1) of the distance from the stated point, in stated radii."""
    share = np.asarray(u, dtype=np.float64)
    if distribution == "normal":
        return np.asarray(np.sqrt(np.log1p(-share) / np.log1p(-coverage)))
    if distribution == "uniform":
        return np.asarray(np.sqrt(share / coverage))
    return np.asarray(np.sqrt(share / (1.0 - share) * (1.0 - coverage) / coverage))


def move(
    lon: FloatArray, lat: FloatArray, km: FloatArray, bearing: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Points `km` away along great circles, `bearing` in radians from north; arrays broadcast.

    Distances beyond half the way round stop at the antipode. A distance of 0 gives back the very
    doubles that came in.
    """
    angle = np.minimum(km / EARTH_RADIUS_KM, np.pi)
    y0 = np.radians(lat)
    sin_y = np.sin(y0) * np.cos(angle) + np.cos(y0) * np.sin(angle) * np.cos(bearing)
    # in this form, and not in that with sin_y, the direction keeps its digits at the poles
    north = np.cos(angle) * np.cos(y0) - np.sin(angle) * np.sin(y0) * np.cos(bearing)
    x = lon + np.degrees(np.arctan2(np.sin(bearing) * np.sin(angle), north))
    y = np.degrees(np.arcsin(np.clip(sin_y, -1.0, 1.0)))
    x = np.clip((x + 180.0) % 360.0 - 180.0, -180.0, 180.0)
    return np.where(angle == 0.0, lon, x), np.where(angle == 0.0, lat, y)


def stated_radii(frame: geopandas.GeoDataFrame) -> FloatArray:
    """Stated radii in kilometres, 0 where none is stated."""
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
