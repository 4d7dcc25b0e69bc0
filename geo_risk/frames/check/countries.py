"""Compare the stated country of each event with the polygon's, and find why they differ."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from geo_risk._core.distinct import Texts
from geo_risk._core.stated import state_began
from geo_risk._core.types import BoolArray, DayArray, FloatArray, IntArray
from geo_risk.borders.certainty import country_certainty
from geo_risk.frames.check.coordinates import SLIPS, find_slips
from geo_risk.frames.columns import EventColumns
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

_SUCCESSION, _DISPUTED, _BORDER, _PRECISION, _MISPLACED, _UNEXPLAINED = range(len(CLASSES))

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
    reason : ndarray of int8
        Position in `CLASSES` if they differ, also "misplaced" for points at sea; else -1.
    probability : ndarray of float64
        Probability that the point lies in the stated country after all, by the certainty model;
        NaN if they agree, for coarse points (the model does not apply) and at sea.
    slips : ndarray of bool, shape (n, 4)
        Which of `coordinates.SLIPS` would explain the difference.
    lon, lat : ndarray of float64
        Suggested coordinates if exactly one of them fits; else NaN.
    """

    unknown: BoolArray
    differs: BoolArray
    reason: NDArray[np.int8]
    probability: FloatArray
    slips: BoolArray
    lon: FloatArray
    lat: FloatArray


def check_countries(events: EventColumns, layer: RegionLayer | DatedLayer) -> CountryCheck:
    """Compare stated countries with polygons (of the event's day if the layer has dates)."""
    stated = events.stated
    uncertain = "location_uncertainty_km" in events
    said = _Said(
        *events.lonlat, events.days("date_start"), stated,
        events.radius_km if uncertain else np.zeros(len(events)), events.coarse,
    )  # fmt: skip

    def compare(chosen: Positions, state: RegionLayer) -> dict[str, NDArray[Any]]:
        return _compared(said.take(chosen), state)

    unknown = events.texts("country_stated").known & ~stated.known
    return CountryCheck(unknown=unknown, **by_state(layer, events.base, compare))


@dataclass(frozen=True, eq=False)
class _Said:
    """What is compared, one entry per row."""

    lon: FloatArray
    lat: FloatArray
    day: DayArray
    country: Texts
    radius: FloatArray
    coarse: BoolArray

    def take(self, rows: Positions) -> _Said:
        return _Said(
            self.lon[rows], self.lat[rows], self.day[rows], self.country.take(rows),
            self.radius[rows], self.coarse[rows],
        )  # fmt: skip


def _compared(said: _Said, layer: RegionLayer) -> dict[str, NDArray[Any]]:
    """Compare the stated countries with the polygons of one layer; by attribute of the result."""
    n = len(said.lon)
    row = layer.locate(lon=said.lon, lat=said.lat)
    agrees = _agreement(layer, said.country.values)[row, said.country.codes]
    # a country that is not in the layer cannot be compared
    known = said.country.isin(set(layer.country_labels))
    asked = np.flatnonzero(known & ~np.isnan(said.lon) & ~agrees)
    gap, probability = np.full(n, np.nan), np.full(n, np.nan)
    stated = [code or "" for code in said.country.take(asked).tolist()]
    gap[asked] = _gaps(layer, said.lon[asked], said.lat[asked], stated)
    differs = np.zeros(n, dtype=bool)
    differs[asked] = row[asked] >= 0
    near = differs & ~said.coarse
    probability[near] = 1.0 - country_certainty(gap[near], said.radius[near])
    reason = np.full(n, -1, dtype=np.int8)
    rows = np.flatnonzero(differs)
    reason[rows] = _reasons(
        layer, row[rows], said.country.take(rows), said.day[rows], probability[rows]
    )
    slips, x, y = np.zeros((n, len(SLIPS)), dtype=bool), np.full(n, np.nan), np.full(n, np.nan)
    far = gap[asked] > 1000.0 * np.fmax(_SLIP_KM, said.radius[asked])
    tried = np.flatnonzero(far & (reason[asked] < 0))
    found = find_slips(
        layer, said.lon[asked[tried]], said.lat[asked[tried]], [stated[i] for i in tried]
    )
    tried = asked[tried]
    slips[tried], x[tried], y[tried] = found.fits, found.lon, found.lat
    reason[tried[found.fits.any(axis=1)]] = _MISPLACED
    rest = differs & (reason < 0)
    reason[rest & said.coarse], reason[rest & ~said.coarse] = _PRECISION, _UNEXPLAINED
    return {
        "differs": differs, "reason": reason, "probability": probability, "slips": slips,
        "lon": x, "lat": y,
    }  # fmt: skip


def _agreement(layer: RegionLayer, stated: NDArray[np.object_]) -> BoolArray:
    """Whether a stated country (column) is that of a region (row); False in the last ones."""
    agrees = np.zeros((len(layer) + 1, len(stated) + 1), dtype=bool)
    position = {code: at for at, code in enumerate(stated.tolist())}
    for name in ("country_code", "unit_code", "administered_by"):
        codes = layer.columns.get(name, ())
        agrees[np.arange(len(codes)), [position.get(code, -1) for code in codes]] = True
    agrees[:, -1] = False
    return agrees


def _gaps(layer: RegionLayer, lon: FloatArray, lat: FloatArray, stated: list[str]) -> FloatArray:
    """Metres from each point to the territory of the stated country."""
    from geo_risk.borders import load_borders

    if len(lon) == 0:
        return np.zeros(0)
    near = load_borders(layer).nearest(lon=lon, lat=lat, kind="any", to=stated)
    return np.asarray(near.distance_m, dtype=float)


def _reasons(
    layer: RegionLayer, row: IntArray, stated: Texts, day: DayArray, probability: FloatArray
) -> NDArray[np.int8]:
    """Reason of each difference; -1 if only errors in the coordinates are left to explain it."""
    pairs, of = np.unique(np.column_stack([row, stated.codes]), axis=0, return_inverse=True)
    regions, codes = pairs.T.tolist()
    told = [stated.values[code] for code in codes]
    began = np.array([_began(layer, *pair) for pair in zip(regions, told)], dtype="datetime64[D]")
    disputed = np.array([_disputed(layer, *pair) for pair in zip(regions, told)], dtype=bool)
    of = of.reshape(-1)
    reason = np.where(probability >= _BORDER_LEVEL, _BORDER, -1)
    reason[disputed[of]] = _DISPUTED
    reason[day < began[of]] = _SUCCESSION  # false for NaT
    return reason.astype(np.int8)


def _began(layer: RegionLayer, row: int, stated: str) -> np.datetime64:
    """First day of a region's state if it was part of the stated one before; else NaT."""
    country = layer.columns["country_code"][row] or ""
    began = state_began(country) if _PREDECESSOR.get(country) == stated else None
    return np.datetime64("NaT", "D") if began is None else began


def _disputed(layer: RegionLayer, row: int, stated: str) -> bool:
    """Whether the stated country claims the region, or holds it without a claim."""
    claims = layer.columns["claimed_by"][row] if "claimed_by" in layer.columns else None
    country = layer.columns["country_code"][row] or ""
    return stated in (claims or ()) or stated in _HELD.get(country, ())
