"""Constants of the Earth, each with its source, and defaults that several modules share."""

from __future__ import annotations

from typing import Final

__all__ = [
    "EARTH_RADIUS_KM",
    "MAX_BYTES",
    "MAX_SECONDS",
    "MEAN_EARTH_RADIUS_M",
    "RESOLUTION",
    "SHARED_RESOLUTION",
    "WGS84_A",
    "WGS84_B",
    "WGS84_E2",
    "WGS84_F",
]

# NGA.STND.0036_1.0.0_WGS84 (2014), table 3.1: defining parameters of the ellipsoid.
WGS84_A: Final = 6_378_137.0
"""Semi-major axis of WGS84, metres."""
WGS84_F: Final = 1.0 / 298.257223563
"""Flattening of WGS84."""
WGS84_B: Final = WGS84_A * (1.0 - WGS84_F)
"""Semi-minor axis of WGS84, metres."""
WGS84_E2: Final = WGS84_F * (2.0 - WGS84_F)
"""First eccentricity squared of WGS84."""

# Moritz, H. (2000): Geodetic Reference System 1980, J. Geodesy 74: R1 = (2a + b) / 3.
EARTH_RADIUS_KM: Final = 6371.0088
"""Mean radius (2a + b) / 3 in kilometres; the sphere of every spherical statistic."""
MEAN_EARTH_RADIUS_M: Final = 1000.0 * EARTH_RADIUS_KM
"""The same radius in metres."""

RESOLUTION: Final = 7
"""Default H3 resolution of events and of cells: 5 km²."""
SHARED_RESOLUTION: Final = 5
"""Default H3 resolution of shared results: 250 km², 9 km from the centre to a corner."""

MAX_BYTES: Final = 4 * 2**30
"""Default limit of the size of a download."""
MAX_SECONDS: Final = 3600.0
"""Default limit of the time of a download with all its attempts."""
