"""Meanings of a folded name in a text: countries, regions, areas and populated places."""

from __future__ import annotations

from functools import cache, lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from geo_risk._core.constants import EARTH_RADIUS_KM
from geo_risk._core.countries import country_keys, country_names
from geo_risk._core.fold import LONGEST_NAME, fold
from geo_risk._core.sphere import lonlat_of_vectors, unit_vectors
from geo_risk.places._areas import AREAS
from geo_risk.places._hits import exact
from geo_risk.places._scopes import Scope, place_rows, rows_by_name, world_layer
from geo_risk.places._words import AMBIGUOUS_COUNTRIES
from geo_risk.places.gazetteer import load_gazetteer
from geo_risk.regions.areas import region_vectors

__all__ = ["Meaning", "meanings"]

_MOST_PLACES = 25
_MOST_REMEMBERED = 65_536  # names; most have no meaning
_COUNTRY_SIZE = 8.0
_UNKNOWN_SIZE = 2.0  # of a place without population
_WORLD = Scope()


class Meaning(NamedTuple):
    """One possible meaning of a name.

    Parameters
    ----------
    kind : {"country", "region", "area", "place"}
    name : str
    lon, lat : float
        The place, or a point in the middle of a larger unit.
    country : str or None
        Alpha-3 code.
    row : int
        Row in the world layer of the region itself or of the region that contains the place; or -1.
    place : int
        Position in the gazetteer; -1 if it is not a place.
    size : float
        Logarithm to base 10 of a place's population; larger units are put on the same scale.
    score : float
        As in `find_places`; 0.95 for an alternate name of a region.
    """

    kind: str
    name: str
    lon: float
    lat: float
    country: str | None = None
    row: int = -1
    place: int = -1
    size: float = 0.0
    score: float = 1.0


def meanings(key: str) -> tuple[Meaning, ...]:
    """All possible meanings of a folded name, larger units first."""
    return _meanings(key) if len(key) <= LONGEST_NAME else ()


@lru_cache(maxsize=_MOST_REMEMBERED)
def _meanings(key: str) -> tuple[Meaning, ...]:
    found: list[Meaning] = []
    if key in _areas():
        found.append(_areas()[key])
    country = country_keys().get(key)
    for code in AMBIGUOUS_COUNTRIES.get(key, () if country is None else (country,)):
        lon, lat = _country_points().get(code) or _middle_of_places(code)
        found.append(
            Meaning("country", country_names()[code][0], lon, lat, code, size=_COUNTRY_SIZE)
        )
    layer = world_layer()
    for row in rows_by_name(layer, key):
        lon, lat = _region_points()[row].tolist()
        name, code = layer.columns["region_name"][row], layer.columns["country_code"][row]
        score = 1.0 if fold(name) == key else 0.95
        size = float(_region_sizes()[row])
        found.append(Meaning("region", name, lon, lat, code, row, size=size, score=score))
    return (*found, *_places(key, shadowed=country is not None))


def _places(key: str, *, shadowed: bool) -> list[Meaning]:
    """Places with a name, which may also be the name of a country."""
    gazetteer = load_gazetteer()
    views = gazetteer.views
    hits = exact(key, _WORLD)
    hits.sort(key=lambda hit: (-hit.score, -views.population[hit.place]))
    found = []
    for place, posting, score, _ in hits[:_MOST_PLACES]:
        if shadowed:  # Mexico is an alternate name of Mexico City, however large the city is
            score = 1.0 if views.post_primary[posting] else 0.95
        found.append(
            Meaning(
                "place",
                gazetteer.primary_name(place),
                float(gazetteer.lon[place]),
                float(gazetteer.lat[place]),
                gazetteer.country_code(place),
                int(place_rows(world_layer())[1][place]),
                place,
                _place_size(views.population[place]),
                score,
            )
        )
    return found


def _place_size(population: int) -> float:
    return float(np.log10(population)) if population > 0 else _UNKNOWN_SIZE


@cache
def _areas() -> dict[str, Meaning]:
    return {
        fold(name): Meaning("area", name, lon, lat, size=_COUNTRY_SIZE)
        for name, (lon, lat) in AREAS.items()
    }


@cache
def _region_sizes() -> NDArray[np.float64]:
    """Size of every region on the scale of populations: 100 km2 as 25,000, a US state 4 million.

    The layer has no populations, so they are estimated from areas.
    """
    steradians = np.linalg.norm(_world_vectors(), axis=1)
    area_km2 = np.maximum(steradians * EARTH_RADIUS_KM**2, 1.0)
    return np.asarray(3.0 + 0.7 * np.log10(area_km2))


@cache
def _region_points() -> NDArray[np.float64]:
    """Middle of every region of the world layer, (lon, lat)."""
    return np.column_stack(lonlat_of_vectors(_world_vectors()))


@cache
def _world_vectors() -> NDArray[np.float64]:
    """Integral of the unit vector over each region of the world layer."""
    return region_vectors(world_layer())


@cache
def _country_points() -> dict[str, tuple[float, float]]:
    """Middle of each country's main landmass.

    Regions that lie far from the country's largest cluster (overseas departments, Alaska) are
    left out: they would pull the middle into the sea.
    """
    layer = world_layer()
    vectors = _world_vectors()
    size = np.linalg.norm(vectors, axis=1)
    unit = vectors / np.maximum(size, 1e-300)[:, None]
    rows_of: dict[str, list[int]] = {}
    for row, country in enumerate(layer.columns["country_code"]):
        if country is not None:
            rows_of.setdefault(country, []).append(row)
    points = {}
    for country, rows in rows_of.items():
        middle = _main_vector(unit[rows], size[rows])
        lon, lat = lonlat_of_vectors(middle)
        points[country] = (float(lon), float(lat))
    return points


def _middle_of_places(country: str) -> tuple[float, float]:
    """Middle of the places of a country that the layer counts as a part of another one."""
    gazetteer = load_gazetteer()
    first, last = gazetteer.countries.get(country, (0, 0))
    if first == last:
        return np.nan, np.nan
    places = unit_vectors(gazetteer.lon[first:last], gazetteer.lat[first:last])
    lon, lat = lonlat_of_vectors(places.sum(axis=0))
    return float(lon), float(lat)


def _main_vector(unit: NDArray[np.float64], size: NDArray[np.float64]) -> NDArray[np.float64]:
    """Area-weighted mean direction of the cluster of regions with the most area."""
    reach = 2.5 * np.sqrt(size.max() / np.pi) + 0.06  # radians: about three regions, or 400 km
    cosine = np.clip(unit @ unit.T, -1.0, 1.0)
    near = np.arccos(cosine) < reach
    cluster = np.zeros(size.size, dtype=np.bool_)
    best, seen = cluster, np.zeros(size.size, dtype=np.bool_)
    for start in np.argsort(-size):
        if seen[start]:
            continue
        cluster = np.zeros(size.size, dtype=np.bool_)
        cluster[start] = True
        while True:
            grown = near[cluster].any(axis=0)
            if (grown == cluster).all():
                break
            cluster = grown
        seen |= cluster
        if size[cluster].sum() > size[best].sum():
            best = cluster
    return np.asarray((unit[best] * size[best, None]).sum(axis=0))
