"""Find places by one name: `find_places`, and `suggest_names` after a miss."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from geo_risk._core.fold import LONGEST_NAME, fold
from geo_risk._core.validate import check_integer, shown
from geo_risk.places._columns import point_frame
from geo_risk.places._hits import MATCHED_BY, Hit, hits_of_key, search
from geo_risk.places._scopes import hinter, make_scope
from geo_risk.places._similar import similar_keys
from geo_risk.places.gazetteer import load_gazetteer
from geo_risk.regions.sources import plain_layer

if TYPE_CHECKING:
    import geopandas

    from geo_risk.regions import RegionLayer

__all__ = ["find_places", "suggest_names"]

_SUGGESTION_CUTOFFS = (0.75, 0.6)


def find_places(
    name: str,
    *,
    country: str | None = None,
    region: str | None = None,
    limit: int = 10,
    fuzzy: bool | None = None,
    layer: RegionLayer | None = None,
) -> geopandas.GeoDataFrame:
    """Find populated places by any spelling of their name, best first.

    Case, diacritics, punctuation, spaces and a connecting -i- or -e- do not matter; scripts do
    (Arabic finds Arabic names). Only if no place has the complete name, simpler readings are
    tried ("Khwaja Ghar district", "Paris, Texas"), and then similar spellings. The first row is
    not guaranteed to be the place that was meant: check `score` and population, and give a
    country or region if one is known. Regions, rivers and countries are not places here.

    Parameters
    ----------
    name : str
        Place name, of at most 500 characters. Of the parts after its commas and in its brackets,
        the last eight of each are read.
    country : str, optional
        ISO 3166-1 code (AF, AFG or 004) or name of the country to search in; compared with
        GeoNames' country of a place.
    region : str, optional
        Region code of `layer`, for example "AF-BDS" (ISO 3166-2 if one exists), or one of its
        country or unit codes; compared with the polygon that contains the place.
    limit : int, default 10
        Maximum number of rows; at least 1.
    fuzzy : bool, optional
        True adds similar spellings to exact matches, False never searches them; by default only
        if nothing else is found.
    layer : RegionLayer, optional
        Layer that `region` refers to and that fills `region_code`; default: the bundled world
        layer.

    Returns
    -------
    GeoDataFrame
        EPSG:4326, index 0..n-1, empty if nothing matches. Columns: ``geonames_id`` (int),
        ``name`` (GeoNames' primary name), ``matched_name`` (the spelling that matched),
        ``country_code`` (ISO 3166-1 alpha-3, XKX for Kosovo), ``admin1`` (GeoNames' code),
        ``region_code`` (of the polygon that contains the place, None outside all), ``population``
        (0 if GeoNames has none), ``score``, ``matched_by`` ("primary", "alternate", "reading",
        "fuzzy"), ``geometry`` (point).

    Raises
    ------
    TypeError, ValueError
        `name`, `country` or `limit` is not valid; `layer` is not a layer, or is a dated one.
    UnknownRegionError
        No such country or region; close matches are listed.

    Notes
    -----
    `score` is 1 for a place's primary name and 0.95 for an alternate one; an alternate name also
    scores 1 if its place has at least 100 times the population of every place in scope with
    that primary name (Cologne). A simpler reading scores 0.9 of that (0.98 if all parts after
    a comma were understood as a country or region of the place), a similar spelling 0.9 times its
    similarity 1 - d / max(length), d the optimal string alignment distance of the folded names,
    at least 0.75. Order: score, population, GeoNames id.

    A place outside every polygon of the layer (on a coast) counts as in the region that contains
    most places of its GeoNames unit.

    The first call on a machine decompresses the gazetteer (0.7 s) and keeps it in the user's
    cache (51 MB); the first call of a later process takes 0.4 s, most of it for the layer. A
    process that searches a hundred misspelt names in the whole world adds an index of trigrams to
    the cache (53 MB, 0.7 s). For many names use `places.locate_names`, which builds no frames.

    References
    ----------
    GeoNames, https://www.geonames.org/, CC BY 4.0: keep the attribution with the results.

    Examples
    --------
    >>> from geo_risk.places import find_places
    >>> found = find_places("Khwaja-i-Ghar", country="AFG")
    >>> found[["name", "region_code", "score"]].values.tolist()
    [['Khwājah Ghār', 'AF-TAK', 0.95]]
    >>> find_places("Santiago").loc[0, "country_code"]
    'CHL'
    """
    key = _check_name(name)
    limit = check_integer(limit, "limit", low=1)
    layer = plain_layer(layer, verb="find_places")
    scope = make_scope(country, region, layer)
    hits = search(name, key, scope, hinted=hinter(name, layer), fuzzy=fuzzy)
    return _frame(hits[:limit], layer)


def suggest_names(name: str, *, country: str | None = None, limit: int = 5) -> list[str]:
    """Names in the gazetteer that are spelled like `name`, most similar first.

    For messages after a search that found nothing. It accepts less similar names than
    `find_places` (down to a similarity of 0.6) and does not say which place was meant.

    Parameters
    ----------
    name : str
        Place name, of at most 500 characters.
    country : str, optional
        ISO 3166-1 code or name.
    limit : int, default 5
        Maximum number of names.

    Returns
    -------
    list of str
        Primary names with their country, "Taloqan (AFG)"; empty if no name is similar.

    Raises
    ------
    TypeError, ValueError, UnknownRegionError
        As for `find_places`.

    Examples
    --------
    >>> from geo_risk.places import suggest_names
    >>> suggest_names("Talukhan", country="AF", limit=1)
    ['Taloqan (AFG)']
    """
    key = _check_name(name)
    limit = check_integer(limit, "limit", low=1)
    scope = make_scope(country, None, None)
    gazetteer = load_gazetteer()
    for cutoff in _SUGGESTION_CUTOFFS:
        (similar,) = similar_keys([key], cutoff, scope)
        if similar:
            break
    best: dict[int, tuple[float, int]] = {}
    for key_id, likeness in similar:
        for hit in hits_of_key(key_id, scope):
            rank = (-likeness, -gazetteer.views.population[hit.place])
            best[hit.place] = min(best.get(hit.place, rank), rank)
    ranked = sorted(best, key=lambda place: (*best[place], place))[:limit]
    return [f"{gazetteer.primary_name(p)} ({gazetteer.country_code(p)})" for p in ranked]


def _check_name(name: Any) -> str:
    """Check a name and return its folded key."""
    if not isinstance(name, str):
        raise TypeError(f"Invalid name: {name!r} is not a string.")
    if not name.strip():
        raise ValueError("Invalid name: an empty string.")
    if len(name) > LONGEST_NAME:
        raise ValueError(f"Invalid name: {shown(name)}; must have at most {LONGEST_NAME}.")
    return fold(name)


def _frame(hits: list[Hit], layer: RegionLayer) -> geopandas.GeoDataFrame:
    """Build the result of `find_places`."""
    gazetteer = load_gazetteer()
    listed = [hit.place for hit in hits]
    place = np.array(listed, dtype=np.int64)
    codes = layer.columns["region_code"]
    lon, lat = gazetteer.lon[place], gazetteer.lat[place]
    columns: dict[str, Any] = {
        "geonames_id": gazetteer.geonames_id[place].astype(np.int64),
        "name": [gazetteer.primary_name(p) for p in listed],
        "matched_name": [gazetteer.name(gazetteer.name_of_posting(hit.posting)) for hit in hits],
        "country_code": [gazetteer.country_code(p) for p in listed],
        "admin1": [gazetteer.admin1(p) for p in listed],
        "region_code": [
            None if row < 0 else codes[row] for row in layer.locate(lon=lon, lat=lat).tolist()
        ],
        "population": gazetteer.population[place].astype(np.int64),
        "score": np.array([hit.score for hit in hits], dtype=np.float64),
        "matched_by": [MATCHED_BY[hit.by] for hit in hits],
    }
    return point_frame(columns, lon, lat)
