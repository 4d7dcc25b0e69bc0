"""Errors in coordinates: exchanged, mirrored, or degrees and minutes typed as decimals."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from geo_risk._core.types import BoolArray, FloatArray, IntArray

if TYPE_CHECKING:
    from geo_risk.regions import RegionLayer

__all__ = ["MINUTES_LEVEL", "SLIPS", "Slips", "find_slips", "minutes_chance", "minutes_chances"]


SLIPS = ("swapped_lonlat", "lon_sign_flipped", "lat_sign_flipped", "both_signs_flipped")
"""Flags, in the order of the columns of `Slips.fits`."""

MINUTES_LEVEL = 1e-4
"""If all fractions are below 0.60 and the chance of that is below this, they may be minutes."""

_BANDS = 1024  # more than there are whole degrees


class Slips:
    """Result of exchanging or mirroring the coordinates of some rows.

    Attributes
    ----------
    fits : ndarray of bool, shape (n, 4)
        Whether each version in `SLIPS` lies in the stated country.
    lon, lat : ndarray of float64, shape (n,)
        The version that fits, if exactly one does; else NaN.
    """

    def __init__(self, fits: BoolArray, versions: FloatArray) -> None:
        self.fits = fits
        only = fits.sum(axis=1) == 1
        which = np.argmax(fits, axis=1) if len(fits) else np.zeros(0, dtype=int)
        chosen = versions[np.arange(len(fits)), which]
        self.lon, self.lat = np.where(only[:, None], chosen, np.nan).T


def find_slips(
    layer: RegionLayer, lon: FloatArray, lat: FloatArray, stated: list[str | None]
) -> Slips:
    """Find the exchanged or mirrored versions of each point that lie in its stated country."""
    versions = np.stack(
        [
            np.column_stack([lat, lon]),
            np.column_stack([-lon, lat]),
            np.column_stack([lon, -lat]),
            np.column_stack([-lon, -lat]),
        ],
        axis=1,
    )
    x, y = versions[..., 0], versions[..., 1]
    possible = np.abs(y) <= 90.0  # an exchanged longitude may not be a valid latitude
    rows = layer.locate(lon=np.where(possible, x, np.nan), lat=np.where(possible, y, np.nan))
    labels = np.array([*layer.country_labels, None], dtype=object)[rows]
    wanted = np.array([*stated, ""], dtype=object)[:-1]
    return Slips((rows >= 0) & (labels == wanted[:, None]), versions)


def minutes_chance(lon: FloatArray, lat: FloatArray) -> tuple[float, int]:
    """Chance that no fraction of these coordinates is 0.60 or more.

    36°44' typed as 36.44 gives only fractions below 0.60. Events cluster, so they are not
    independent draws: every whole degree of longitude and of latitude that contains
    fractions counts once, with a chance of 0.6. Values without a fraction do not count.

    Returns
    -------
    chance : float
        0.6 to the power of the number of degrees; 1.0 if any fraction is 0.60 or more.
    degrees : int
        Number of degrees that count.
    """
    return minutes_chances(lon, lat, np.zeros(len(lon), dtype=np.int64), 1)[0]


def minutes_chances(
    lon: FloatArray, lat: FloatArray, source: IntArray, sources: int
) -> list[tuple[float, int]]:
    """`minutes_chance` of the coordinates of each source, numbered from 0."""
    import pandas as pd

    degrees, beyond = np.zeros(sources, dtype=np.int64), np.zeros(sources, dtype=bool)
    for values in (lon, lat):
        known = np.flatnonzero(~np.isnan(values))
        size = np.abs(values[known])
        fraction = np.round(size - np.floor(size), 9)
        beyond[source[known[fraction >= 0.6]]] = True
        counted = known[fraction > 0.0]
        band = np.floor(values[counted]).astype(np.int64) + _BANDS // 2
        bands = pd.unique(source[counted] * _BANDS + band)
        degrees += np.bincount(bands // _BANDS, minlength=sources)
    degrees[beyond] = 0
    return [
        (1.0 if large else float(0.6**count), count)
        for large, count in zip(beyond.tolist(), degrees.tolist())
    ]
