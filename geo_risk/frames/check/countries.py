"""Compare the stated country of each event with the polygon's, and find why they differ."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from geo_risk._core.frames import COARSE, texts_of
from geo_risk._core.stated import state_began, stated_countries
from geo_risk._core.types import BoolArray, FloatArray
from geo_risk.borders.certainty import country_certainty
from geo_risk.frames.check.coordinates import SLIPS, find_slips
from geo_risk.regions.dated import Positions, by_state

if TYPE_CHECKING:
    from geo_risk.regions import DatedLayer, RegionLayer

__all__ = ["CLASSES", "CountryCheck", "check_countries"]


CLASSES = {
    "succession": "the polygon's state had not yet left the stated one on the event's day",
    "disputed": "the stated country claims the region, or holds it without a claim",
    "border": "the stated country is near enough for the errors of border and point",
    "precision": "the coordinates only stand for a district, a province, a country or a line",
    "misplaced": "exchanged or mirrored, the coordinates lie in the stated country",
    "unexplained": "none of these",
}
"""Why a stated country differs from the polygon's; the first that applies, in this order, except
that "misplaced" comes before "precision"."""

_BORDER_LEVEL = 0.05
_SLIP_KM = 25.0  # nearer points are not called mirrored: borders and coasts have errors as well

_PREDECESSOR = {
    **dict.fromkeys(("SVN", "HRV", "BIH", "MKD", "MNE", "XKX"), "SRB"),
    **dict.fromkeys(
        ("ARM", "AZE", "BLR", "EST", "GEO", "KAZ", "KGZ", "LTU", "LVA", "MDA", "TJK", "TKM",
         "UKR", "UZB"), "RUS",
    ),
    "SSD": "SDN", "ERI": "ETH", "TLS": "IDN", "NAM": "ZAF", "SVK": "CZE", "BGD": "PAK",
}  # fmt: skip
"""State → today's code of the state it was part of; dates of independence: Gleditsch and Ward."""

_HELD = {"PSE": ("ISR",)}
"""States that hold a region without claiming it: UN Security Council resolution 2334 (2016)."""


@dataclass(frozen=True, eq=False)
class CountryCheck:
    """Result of the comparison, one entry per row.

    Attributes
    ----------
    unknown : ndarray of bool
        A country is stated but not recognized.
    differs : ndarray of bool
        The stated country differs from the polygon's.
    reason : ndarray of object
        A term of `CLASSES` if they differ, also "misplaced" for points at sea; else None.
    probability : ndarray of float64
        Probability that the point lies in the stated country after all, by the certainty model;
        NaN if they agree, for coarse points (the model does not apply) and at sea.
    gap_m : ndarray of float64
        Distance to the stated country's territory; NaN if the two agree or it is unknown.
    slips : ndarray of bool, shape (n, 4)
        Which of `coordinates.SLIPS` would explain the difference.
    lon, lat : ndarray of float64
        Suggested coordinates if exactly one of them fits; else NaN.
    """

    unknown: BoolArray
    differs: BoolArray
    reason: NDArray[np.object_]
    probability: FloatArray
    gap_m: FloatArray
    slips: BoolArray
    lon: FloatArray
    lat: FloatArray


def check_countries(
    frame: Any, lon: FloatArray, lat: FloatArray, days: NDArray[np.datetime64],
    layer: RegionLayer | DatedLayer,
) -> CountryCheck:  # fmt: skip
    """Compare stated countries with polygons (of the event's day if the layer has dates)."""

    def compare(chosen: Positions, state: RegionLayer) -> dict[str, NDArray[Any]]:
        return vars(_compare(frame.iloc[chosen], lon[chosen], lat[chosen], days[chosen], state))

    return CountryCheck(**by_state(layer, frame, compare))


def _compare(
    frame: Any, lon: FloatArray, lat: FloatArray, days: NDArray[np.datetime64], layer: RegionLayer
) -> CountryCheck:
    """Compare the stated countries with the polygons of one layer."""
    n = len(frame)
    stated = stated_countries(frame).tolist()
    row = layer.locate(lon=lon, lat=lat)
    said = np.array([code is not None for code in stated], dtype=bool)
    agrees = np.array([_agree(layer, r, code) for r, code in zip(row.tolist(), stated)], dtype=bool)
    asked = np.flatnonzero(said & ~np.isnan(lon) & ~agrees & _known(layer, stated))
    gap = np.full(n, np.nan)
    gap[asked] = _gaps(layer, lon[asked], lat[asked], [stated[i] or "" for i in asked])
    inside = row >= 0
    differs = np.zeros(n, dtype=bool)
    differs[asked] = inside[asked]
    radius = np.zeros(n)
    if "location_uncertainty_km" in frame.columns:
        radius = frame["location_uncertainty_km"].to_numpy(dtype=float, na_value=np.nan)
    coarse = texts_of(frame, "location_precision").isin(COARSE)
    near = differs & ~coarse
    probability = np.full(n, np.nan)
    probability[near] = 1.0 - country_certainty(gap[near], radius[near])
    reason = np.full(n, None, dtype=object)
    for i in np.flatnonzero(differs).tolist():
        reason[i] = _reason(layer, int(row[i]), stated[i] or "", days[i], probability[i])
    slips, x, y = np.zeros((n, len(SLIPS)), dtype=bool), np.full(n, np.nan), np.full(n, np.nan)
    open_rows = np.array([term is None for term in reason], dtype=bool)
    far = gap > 1000.0 * np.fmax(_SLIP_KM, radius)
    tried = asked[far[asked] & open_rows[asked]]
    found = find_slips(layer, lon[tried], lat[tried], [stated[i] for i in tried])
    slips[tried], x[tried], y[tried] = found.fits, found.lon, found.lat
    reason[slips.any(axis=1)] = "misplaced"
    rest = differs & np.array([term is None for term in reason], dtype=bool)
    reason[rest & coarse], reason[rest & ~coarse] = "precision", "unexplained"
    texts = texts_of(frame, "country_stated").tolist()
    unknown = np.array([t is not None and c is None for t, c in zip(texts, stated)], dtype=bool)
    return CountryCheck(unknown, differs, reason, probability, gap, slips, x, y)


def _known(layer: RegionLayer, stated: list[str | None]) -> BoolArray:
    """Rows whose stated country is in the layer: the others cannot be compared."""
    labels = set(layer.country_labels)
    return np.array([code in labels for code in stated], dtype=bool)


def _agree(layer: RegionLayer, row: int, stated: str | None) -> bool:
    if row < 0 or stated is None:
        return False
    columns = layer.columns
    return stated in (
        columns["country_code"][row],
        columns["unit_code"][row],
        columns["administered_by"][row] if "administered_by" in columns else None,
    )


def _gaps(layer: RegionLayer, lon: FloatArray, lat: FloatArray, stated: list[str]) -> FloatArray:
    """Metres from each point to the territory of the stated country."""
    from geo_risk.borders import load_borders

    if len(lon) == 0:
        return np.zeros(0)
    near = load_borders(layer).nearest(lon=lon, lat=lat, kind="any", to=stated)
    return np.asarray(near.distance_m, dtype=float)


def _reason(
    layer: RegionLayer, row: int, stated: str, day: np.datetime64, probability: float
) -> str | None:
    """Reason of a difference; None if only errors in the coordinates are left to explain it."""
    country = layer.columns["country_code"][row]
    if _PREDECESSOR.get(country or "") == stated and not np.isnat(day):
        began = state_began(country or "")
        if began is not None and day < began:
            return "succession"
    claims = layer.columns["claimed_by"][row] if "claimed_by" in layer.columns else None
    if stated in (claims or ()) or stated in _HELD.get(country or "", ()):
        return "disputed"
    return "border" if probability >= _BORDER_LEVEL else None
