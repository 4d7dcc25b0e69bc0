"""Locate events without coordinates by their place name or their stated country."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from geo_risk._core.countries import countries_named, find_country
from geo_risk._core.distinct import joint_codes
from geo_risk._core.types import BoolArray

if TYPE_CHECKING:
    from geo_risk.frames.columns import EventColumns
    from geo_risk.places import PlaceMatches
    from geo_risk.regions import RegionLayer

__all__ = ["find_named", "with_places"]

_EXACT = 1.0 - 1e-9  # score of a place with exactly this name
_PLACE_RADIUS_KM = 5.0  # judgement, as for UCDP where_prec 1: the town is known, not the street


def find_named(
    events: EventColumns, layer: RegionLayer, wanted: BoolArray, min_score: float
) -> dict[str, NDArray[Any]]:
    """Look up the named place or, if there is none, the named region of each `wanted` row.

    Returns
    -------
    dict of ndarray, one entry per row
        `place_name`, `geonames_id` (-1 without a place), `place_score`, `place_lon`, `place_lat`;
        `named_region` and `named_country`, a row of the layer or -1; `lost`, `unsure`.
    """
    n, homes = len(events), _homes(layer)
    found = _nothing(n)
    if not wanted.any():
        return found
    names, stated = events.texts("location_name"), events.stated
    home = stated.map(lambda code: homes.get(code, -1), -1, np.int64)
    nameless = wanted & ~names.known
    found["named_country"][nameless] = home[nameless]
    asked = np.flatnonzero(wanted & names.known)
    if len(asked) == 0:
        return found
    columns = [texts.take(asked) for texts in (names, events.texts("country_stated"), stated)]
    first, combination = joint_codes(*columns)
    called, countries, codes = (texts.take(first).tolist() for texts in columns)
    questions = _Questions([name or "" for name in called], countries, codes)
    for name, values in _answers(questions, layer, homes, min_score).items():
        found[name][asked] = values[combination]
    return found


@dataclass(frozen=True, eq=False)
class _Questions:
    """Distinct combinations of a name, a country as it is stated, and its alpha-3 code."""

    names: list[str]
    countries: list[str | None]
    stated: list[str | None]

    def __len__(self) -> int:
        return len(self.names)


def _nothing(n: int) -> dict[str, NDArray[Any]]:
    """Result of `find_named` for rows of which nothing is found."""
    return {
        "place_name": np.full(n, None, dtype=object),
        "geonames_id": np.full(n, -1, dtype=np.int64),
        **{name: np.full(n, np.nan) for name in ("place_score", "place_lon", "place_lat")},
        **{name: np.full(n, -1, dtype=np.int64) for name in ("named_region", "named_country")},
        **{name: np.zeros(n, dtype=np.bool_) for name in ("lost", "unsure")},
    }


def _answers(
    questions: _Questions, layer: RegionLayer, homes: dict[str | None, int], min_score: float
) -> dict[str, NDArray[Any]]:
    """Result of `find_named`, one entry per question."""
    from geo_risk.places import locate_names

    found = _nothing(len(questions))
    places = locate_names(questions.names, countries=questions.countries, min_score=min_score)
    good = places.geonames_id >= 0
    regions = _named_regions(layer, questions, np.flatnonzero(~good))
    lands = _named_countries(layer, homes, questions, places, regions)
    lost, unsure = found["lost"], found["unsure"]
    lost[~good], unsure[places.ambiguous] = True, True
    unsure |= np.array([bool(find_country(name, bare=True)) for name in questions.names])
    for at, region in regions.items():
        lost[at], found["named_region"][at] = False, region
    for at, (home, doubtful) in lands.items():
        lost[at], unsure[at], found["named_country"][at] = False, doubtful, home
    good[list(lands)] = False
    for column, values in (
        ("place_score", places.score), ("place_name", places.name),
        ("geonames_id", places.geonames_id), ("place_lon", places.lon), ("place_lat", places.lat),
    ):  # fmt: skip
        found[column][good] = values[good]
    return found


def _named_countries(
    layer: RegionLayer,
    homes: dict[str | None, int],
    questions: _Questions,
    places: PlaceMatches,
    regions: dict[int, int],
) -> dict[int, tuple[int, bool]]:
    """Questions whose name is that of a country but of no place in it: its row, and any doubt.

    If no country is stated, a region of that name in another country is removed from `regions`.
    """
    found = {}
    for at, name in enumerate(questions.names):
        meant = [code for code in countries_named(name) if code in homes]
        if questions.countries[at] is not None:
            meant = [code for code in meant if code == questions.stated[at]]
        exact = bool(places.score[at] >= _EXACT)  # NaN without a place
        region = regions.get(at)
        if (
            not meant
            or (exact and places.country_code[at] in meant)
            or (region is not None and layer.country_labels[region] in meant)
        ):
            continue
        namesake = regions.pop(at, None) is not None
        found[at] = homes[meant[0]], len(meant) > 1 or exact or namesake
    return found


def _homes(layer: RegionLayer) -> dict[str | None, int]:
    """For each country code, a row of the layer that has its code and name."""
    homes: dict[str | None, int] = {}
    for name in ("unit_code", "country_code"):  # a country's own unit before its parts
        for row, code in enumerate(layer.columns.get(name, ())):
            if code is not None:
                homes.setdefault(code, row)
    return homes


def _named_regions(
    layer: RegionLayer, questions: _Questions, asked: NDArray[np.int64]
) -> dict[int, int]:
    """Questions whose name is exactly that of one region of the layer, with the region's row."""
    from geo_risk.regions import find_region

    found = {}
    for at in asked.tolist():
        name, country = questions.names[at], questions.countries[at]
        try:
            match = find_region(name, country=country, layer=layer, min_score=1.0)
        except (LookupError, ValueError):  # no or several regions, or an unknown country
            continue
        found[at] = match.row
    return found


def with_places(events: EventColumns, found: dict[str, NDArray[Any]]) -> EventColumns:
    """Events with point and precision of the places found by name."""
    place, region = found["geonames_id"] >= 0, found["named_region"] >= 0
    country = found["named_country"] >= 0
    if not (place | region | country).any():
        return events
    lon, lat = events.lonlat
    lon, lat = np.where(place, found["place_lon"], lon), np.where(place, found["place_lat"], lat)
    precision = events.texts("location_precision").to_numpy()
    unstated = ~events.texts("location_precision").known
    uncertainty = events.radius_km.copy()
    precision[place & unstated], uncertainty[place & unstated] = "place", _PLACE_RADIUS_KM
    precision[region & unstated] = "admin1"
    precision[country & unstated] = "country"
    columns = {"location_precision": precision, "location_uncertainty_km": uncertainty}
    return events.with_places(lon, lat, place, columns)
