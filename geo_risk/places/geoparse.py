"""Find the places that a text names: `geoparse`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from geo_risk.places._columns import point_frame
from geo_risk.places.gazetteer import load_gazetteer

if TYPE_CHECKING:
    import geopandas

    from geo_risk.places._resolve import Choice

__all__ = ["geoparse"]

_PRECISION = {"place": "place", "region": "admin1", "country": "country"}


def geoparse(text: str) -> geopandas.GeoDataFrame:
    """Find the names of countries, regions and populated places in an English text.

    Light and offline: it uses capital letters, the words around a name, the gazetteer and the
    world layer, no trained model. It reads prose with normal capitalisation; text without it
    (tweets in lower case, headlines in capitals) gives few results. Every span has a status; a
    name that cannot be located does not affect the others. Only whole words match: no Syria in
    "ambassador". A span is not guaranteed to be a place, or the place that was meant: check
    `status`, `score` and `runner_up` before you count anything.

    Parameters
    ----------
    text : str
        Any length.

    Returns
    -------
    GeoDataFrame
        EPSG:4326, one row per mention in the order of the text, index 0..n-1. Columns:
        ``start``, ``end`` (character offsets: ``text[start:end]``), ``text``; ``status``:
        "resolved", "ambiguous" (another place more than 50 km away is nearly as likely) or
        "unresolved" (called a place, but in no list: ``geometry`` is None); ``kind``: "place",
        "region", "country", "area" (continents, oceans, ...), None; ``name``; ``country_code``
        (ISO 3166-1 alpha-3); ``region_code`` (of a region, or of the region that contains a
        place); ``geonames_id`` (-1 except for places); ``score`` (0.5 to 1, 0 if unresolved: how
        far the evidence exceeds what is needed; not a probability); ``runner_up`` (the other
        meaning of an ambiguous name); ``location_precision``: "place", "admin1", "country" or
        "none", so that `index_h3` and `border_proximity` do not use the middle of a country as
        the location of an event; ``geometry``: the place, or a point in the middle of a region,
        of a country's main landmass or of an area: where the named unit is, not where an event
        was.

    Raises
    ------
    TypeError
        `text` is not a string.

    Notes
    -----
    The longest run of capitalised words that is in a list is a candidate. Each of its meanings
    gets a score: the logarithm of its population (for regions, of their area), plus evidence for
    it: a preposition, a comma followed by its country or region, its country or region named
    elsewhere in the text, nearness to the other places; minus evidence against it: a title, a
    given name or an initial before it, "Times" or "University" after it, an everyday word. One
    name has one meaning per text, except for "Atlanta, Georgia" in a text that names Tbilisi.

    A bare name shared by a region and its city of at least 20,000 people means the city ("in
    Kharkiv"), unless a word next to it says province or region, it follows a comma ("Chuhuiv,
    Kharkiv"), or the city is small compared with the region (Quebec).

    On the half of the GeoVirus articles that was held out while words and weights were chosen
    (118 articles, 978 toponyms): precision 0.91, recall 0.95, F1 0.93 of exact spans; of the
    spans found 83 % lie within 161 km of the annotated point (all populated places, median error
    1.3 km; countries 78 %, because the middle of a country is a convention). About 2 ms per
    article of 1,000 characters. (benchmarks/geoparse_accuracy.py)

    References
    ----------
    Gritta, M., Pilehvar, M. T., Collier, N. (2018): Which Melbourne? Augmenting geocoding with
    maps. ACL 2018, 1285-1296 (the GeoVirus corpus).

    Examples
    --------
    >>> from geo_risk.places import geoparse
    >>> found = geoparse("Fire from Khwaja Ghar in Takhar, Afghanistan, fell in Tajikistan.")
    >>> found[["text", "kind", "country_code"]].values.tolist()  # doctest: +NORMALIZE_WHITESPACE
    [['Khwaja Ghar', 'place', 'AFG'], ['Takhar', 'region', 'AFG'],
     ['Afghanistan', 'country', 'AFG'], ['Tajikistan', 'country', 'TJK']]
    >>> len(geoparse("The ambassador said nothing."))
    0
    """
    if not isinstance(text, str):
        raise TypeError(f"Invalid text: {type(text).__name__} is not a string.")
    from geo_risk.places._evidence import Article
    from geo_risk.places._resolve import resolve
    from geo_risk.places._spans import find_spans, split_words

    words = split_words(text)
    return _frame(resolve(Article(text, words, find_spans(text, words))))


def _frame(choices: list[Choice]) -> geopandas.GeoDataFrame:
    """One row per choice."""
    meanings = [choice.meaning for choice in choices]
    ids = load_gazetteer().views.geonames_id
    columns: dict[str, Any] = {
        "start": np.array([choice.span.start for choice in choices], dtype=np.int64),
        "end": np.array([choice.span.end for choice in choices], dtype=np.int64),
        "text": [choice.span.text for choice in choices],
        "status": [_status(choice) for choice in choices],
        "kind": [None if m is None else m.kind for m in meanings],
        "name": [None if m is None else m.name for m in meanings],
        "country_code": [None if m is None else m.country for m in meanings],
        "region_code": _region_codes(choices),
        "geonames_id": np.array(
            [-1 if m is None or m.place < 0 else ids[m.place] for m in meanings], dtype=np.int64
        ),
        "score": np.array([choice.score for choice in choices], dtype=np.float64),
        "runner_up": [_runner_up(choice) for choice in choices],
        "location_precision": [
            "none" if m is None else _PRECISION.get(m.kind, "none") for m in meanings
        ],
    }
    lon = np.array([np.nan if m is None else m.lon for m in meanings], dtype=np.float64)
    lat = np.array([np.nan if m is None else m.lat for m in meanings], dtype=np.float64)
    return point_frame(columns, lon, lat)


def _status(choice: Choice) -> str:
    if choice.meaning is None:
        return "unresolved"
    return "resolved" if choice.runner_up is None else "ambiguous"


def _runner_up(choice: Choice) -> str | None:
    other = choice.runner_up
    if other is None:
        return None
    return f"{other.name} ({other.kind}, {other.country})" if other.country else other.name


def _region_codes(choices: list[Choice]) -> list[str | None]:
    from geo_risk.places._scopes import world_layer

    codes: list[str] = world_layer().columns["region_code"]
    rows = [-1 if choice.meaning is None else choice.meaning.row for choice in choices]
    return [None if row < 0 else codes[row] for row in rows]
