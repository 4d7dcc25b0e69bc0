"""Locate events without coordinates by their place name or their stated country."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from geo_risk._core.countries import countries_named, find_country
from geo_risk._core.frames import texts_of
from geo_risk._core.stated import stated_countries

if TYPE_CHECKING:
    import geopandas

    from geo_risk.places import PlaceMatches
    from geo_risk.regions import RegionLayer

__all__ = ["find_named", "with_places"]

_EXACT = 1.0 - 1e-9  # score of a place with exactly this name
_PLACE_RADIUS_KM = 5.0  # judgement, as for UCDP where_prec 1: the town is known, not the street


def find_named(
    frame: geopandas.GeoDataFrame, layer: RegionLayer, wanted: NDArray[np.bool_], min_score: float
) -> dict[str, NDArray[Any]]:
    """Look up the named place or, if there is none, the named region of each `wanted` row.

    Returns
    -------
    dict of ndarray, one entry per row
        `place_name`, `geonames_id` (-1 without a place), `place_score`, `place_lon`, `place_lat`;
        `named_region` and `named_country`, a row of the layer or -1; `lost`, `unsure`.
    """
    names, countries = texts_of(frame, "location_name"), texts_of(frame, "country_stated")
    asked = np.array([row for row in np.flatnonzero(wanted) if names[row] is not None], dtype=int)
    n = len(frame)
    found: dict[str, NDArray[Any]] = {
        "place_name": np.full(n, None, dtype=object),
        "geonames_id": np.full(n, -1, dtype=np.int64),
        **{name: np.full(n, np.nan) for name in ("place_score", "place_lon", "place_lat")},
        **{name: np.full(n, -1, dtype=np.int64) for name in ("named_region", "named_country")},
        **{name: np.zeros(n, dtype=np.bool_) for name in ("lost", "unsure")},
    }
    homes, stated = _homes(layer), stated_countries(frame)
    for row in np.flatnonzero(wanted).tolist():
        if names[row] is None and stated[row] in homes:
            found["named_country"][row] = homes[stated[row]]
    if len(asked) == 0:
        return found
    from geo_risk.places import locate_names

    places = locate_names(
        [names[row] for row in asked],
        countries=[countries[row] for row in asked],
        min_score=min_score,
    )
    good = places.geonames_id >= 0
    regions = _named_regions(layer, names, countries, asked[~good])
    lands = _named_countries(layer, homes, frame, asked, places, regions)
    lost, unsure = found["lost"], found["unsure"]
    lost[asked[~good]], unsure[asked[places.ambiguous]] = True, True
    countries_too = {
        name for name in {names[row] for row in asked} if find_country(name or "", bare=True)
    }
    unsure[[row for row in asked if names[row] in countries_too]] = True
    for row, region in regions.items():
        lost[row], found["named_region"][row] = False, region
    for row, (home, doubtful) in lands.items():
        lost[row], unsure[row], found["named_country"][row] = False, doubtful, home
    good &= ~np.isin(asked, list(lands))
    for column, values in (
        ("place_score", places.score), ("place_name", places.name),
        ("geonames_id", places.geonames_id), ("place_lon", places.lon), ("place_lat", places.lat),
    ):  # fmt: skip
        found[column][asked[good]] = values[good]
    return found


def _named_countries(
    layer: RegionLayer,
    homes: dict[str | None, int],
    frame: geopandas.GeoDataFrame,
    asked: NDArray[np.int64],
    places: PlaceMatches,
    regions: dict[int, int],
) -> dict[int, tuple[int, bool]]:
    """Rows whose name is that of a country but of no place in it: its layer row, and any doubt.

    If a row states no country, a region of that name in another country is removed from `regions`.
    """
    names, countries = texts_of(frame, "location_name"), texts_of(frame, "country_stated")
    stated, found = stated_countries(frame), {}
    for at, row in enumerate(asked.tolist()):
        meant = [code for code in countries_named(names[row] or "") if code in homes]
        if countries[row] is not None:
            meant = [code for code in meant if code == stated[row]]
        exact = bool(places.score[at] >= _EXACT)  # NaN without a place
        region = regions.get(row)
        if (
            not meant
            or (exact and places.country_code[at] in meant)
            or (region is not None and layer.country_labels[region] in meant)
        ):
            continue
        namesake = regions.pop(row, None) is not None
        found[row] = homes[meant[0]], len(meant) > 1 or exact or namesake
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
    layer: RegionLayer,
    names: list[str | None],
    countries: list[str | None],
    rows: NDArray[np.int64],
) -> dict[int, int]:
    """Rows whose name is exactly that of one region of the layer → the region's row."""
    from geo_risk.regions import find_region

    found = {}
    for row in rows.tolist():
        try:
            match = find_region(
                names[row] or "", country=countries[row], layer=layer, min_score=1.0
            )
        except (LookupError, ValueError):  # no or several regions, or an unknown country
            continue
        found[row] = match.row
    return found


def with_places(
    frame: geopandas.GeoDataFrame, found: dict[str, NDArray[Any]]
) -> geopandas.GeoDataFrame:
    """Copy of the frame with geometry and precision of the places found by name."""
    import shapely

    result = frame.copy()
    place, region = found["geonames_id"] >= 0, found["named_region"] >= 0
    country = found["named_country"] >= 0
    if not (place | region | country).any():
        return result
    shapes = result.geometry.to_numpy().copy()
    shapes[place] = shapely.points(found["place_lon"][place], found["place_lat"][place])
    result[result.geometry.name] = shapes
    result = result.set_crs("EPSG:4326", allow_override=True)
    precision = np.array(texts_of(frame, "location_precision"), dtype=object)
    uncertainty = np.full(len(frame), np.nan)
    if "location_uncertainty_km" in frame.columns:
        uncertainty = frame["location_uncertainty_km"].to_numpy(dtype=float, copy=True)
    unstated = np.array([term is None for term in precision], dtype=bool)
    precision[place & unstated], uncertainty[place & unstated] = "place", _PLACE_RADIUS_KM
    precision[region & unstated] = "admin1"
    precision[country & unstated] = "country"
    result["location_precision"], result["location_uncertainty_km"] = precision, uncertainty
    return result
