"""Any table with coordinates, geometries or place names: columns found by their names."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from geo_risk._core.types import BinArray
from geo_risk._core.validate import shown
from geo_risk.errors import OptionNeededError
from geo_risk.events.dates import DateColumn, parts_to_dates
from geo_risk.events.draft import TERMS, Columns, Draft
from geo_risk.events.values import distinct, join_texts, no_texts, positions_in, present

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "LAT_NAMES",
    "LON_NAMES",
    "PAIR_NAMES",
    "ROLES",
    "WKT_NAMES",
    "fill",
    "find_pair",
    "find_position",
    "holds_positions",
    "split_position",
]

LON_NAMES: Final = ("longitude", "lon", "lng", "long", "decimallongitude")
LAT_NAMES: Final = ("latitude", "lat", "decimallatitude")
"""Names of coordinate columns; case, spaces, underscores and hyphens do not matter. After these
come x and y, then names that hold one of these as a word (`event_lon`, `gps_lat`)."""

WKT_NAMES: Final = ("geometry", "geom", "wkt", "geom_wkt", "the_geom", "geometry_wkt")
"""Names of columns that may contain WKT geometries, used if there is no pair of coordinates."""

PAIR_NAMES: Final[Mapping[str, tuple[str, ...]]] = {
    "latlon": ("latlon", "latlng", "latlong", "latitudelongitude"),
    "lonlat": ("lonlat", "lnglat", "longlat", "longitudelatitude"),
}
"""Names of columns with both coordinates ("36.74, 69.53"), in the order of the name."""

_PLACE_OR_POSITION: Final = ("location", "coordinates", "coords", "position", "geolocation", "geo")

ROLES: Final[Mapping[str, tuple[str, ...]]] = {
    "event_id": ("event_id", "eventid", "id", "uuid", "guid", "incident_id", "case_id", "objectid"),
    "date_start": (
        "date_start",
        "start_date",
        "event_date",
        "date",
        "incident_date",
        "occurrence_date",
        "eventdate",
        "date_utc",
        "datetime_utc",
        "time_utc",
        "datetime",
        "date_time",
        "timestamp",
        "occurred",
        "occurred_on",
        "occurred_at",
        "date_reported",
        "report_date",
        "time",
        "day",
    ),
    "date_end": ("date_end", "end_date"),
    "date_precision": ("date_precision",),
    "year": ("year", "iyear"),
    "month": ("month", "imonth"),
    "day": ("day", "iday"),
    "category": (
        "category",
        "event_type",
        "type",
        "incident_type",
        "crime_type",
        "disaster_type",
        "disease",
    ),
    "actor_1": ("actors", "actor", "actor1", "actor_1", "side_a", "perpetrator", "gname"),
    "actor_2": ("actor2", "actor_2", "side_b"),
    "fatalities_best": (
        "fatalities_best",
        "fatalities",
        "deaths",
        "killed",
        "dead",
        "death_toll",
        "nkill",
    ),
    "fatalities_low": ("fatalities_low", "deaths_low"),
    "fatalities_high": ("fatalities_high", "deaths_high"),
    "country_stated": (
        "country_stated",
        "country",
        "country_name",
        "country_code",
        "countrycode",
        "iso3",
        "iso_a3",
        "iso2",
        "iso",
    ),
    "location_name": (
        "location_name",
        "place_name",
        "placename",
        "toponym",
        "location",
        "place",
        "city",
        "town",
        "village",
        "settlement",
        "locality",
        "municipality",
    ),
    "location_precision": ("location_precision",),
    "location_uncertainty_km": ("location_uncertainty_km", "uncertainty_km", "radius_km"),
    "uncertainty_m": ("coordinateuncertaintyinmeters", "uncertainty_m", "accuracy_m"),
    "flags": ("flags",),
    "source": ("source",),
}
"""Names by which `read_events` recognises a column of a plain table, preferred ones first."""

_POSITION = re.compile(r"[\[(]?\s*-?\d+(\.\d+)?\s*[,;]\s*-?\d+|(SRID=\d+;)?\s*POINT|[{]", re.I)
_NO_POSITION = "^([A-OQRT-Za-oqrt-z]|[Pp][^Oo]|[Ss][^Rr])"  # neither POINT nor SRID
_WORDS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")


def find_pair(names: list[str], *, lon: str | None, lat: str | None) -> tuple[str, str] | None:
    """Columns of longitude and latitude; None if there are none.

    Raises
    ------
    ValueError
        More than one candidate, or only one side of the pair.
    """
    lon_found = [lon] if lon is not None else None
    lat_found = [lat] if lat is not None else None
    for tier in (_by_name, _by_xy, _by_word):
        found_lon, found_lat = tier(names)
        lon_here = lon_found or found_lon
        lat_here = lat_found or found_lat
        if tier is _by_word and lon is None and lat is None:
            lon_here, lat_here = _same_stem(lon_here, lat_here)
        if len(lon_here) > 1 or len(lat_here) > 1:
            raise OptionNeededError(_ambiguous(lon_here, lat_here), ["lon", "lat"])
        if lon_here and lat_here and (found_lon or found_lat or (lon and lat)):
            return lon_here[0], lat_here[0]
        if tier is _by_name and (found_lon or found_lat):
            break  # "lon" without "lat": do not pair it with a column "y"
    one_side = lon_here or lat_here
    if one_side:
        side, other = ("longitude", "lat") if lon_here else ("latitude", "lon")
        raise OptionNeededError(
            f"Found a {side} column ({one_side[0]!r}) but not the other one among "
            f"{', '.join(map(shown, names[:40]))}. Name it with {other}=.",
            [other],
        )
    return None


def _ambiguous(lon: list[str], lat: list[str]) -> str:
    parts = [
        f"{side} could be any of {', '.join(map(shown, found[:40]))}"
        for side, found in (("longitude", lon), ("latitude", lat))
        if len(found) > 1
    ]
    return f"Ambiguous coordinates: {'; '.join(parts)}. Choose with lon= and lat=."


def find_position(frame: pd.DataFrame, names: list[str]) -> tuple[str, str] | None:
    """Role and name of a column that contains both coordinates in a known order.

    Known by its name (`latlon`), or by cells that are objects such as {"lat": 36.74, "lon": 69.53}.
    """
    for role, accepted in PAIR_NAMES.items():
        for name in names:
            if plain(name).replace("/", "").replace(",", "") in accepted:
                return role, name
    for name in names:
        if plain(name) in _PLACE_OR_POSITION:
            first = next((cell for cell in frame[name] if isinstance(cell, Mapping)), None)
            if first is not None and split_position(first, lat_first=True) is not None:
                return "latlon", name
    return None


def holds_positions(texts: Any) -> bool:
    """Whether most texts look like positions ("(41.9, -87.7)")."""
    import pyarrow.compute as pc

    given = len(texts) - texts.null_count
    doubtful = texts.filter(pc.invert(pc.match_substring_regex(texts, _NO_POSITION)))
    if 2 * int(pc.count(doubtful).as_py()) <= given:
        return False
    found = distinct(doubtful).map(lambda text: _POSITION.match(text) is not None, False, np.bool_)
    return bool(2 * int(found.sum()) > given)


def split_position(cell: Any, *, lat_first: bool) -> tuple[Any, Any] | None:
    """Longitude and latitude of one cell, as written; None if it is not a pair."""
    if isinstance(cell, Mapping):
        by_name = {plain(str(key)): value for key, value in cell.items()}
        lon = [by_name[name] for name in LON_NAMES if name in by_name]
        lat = [by_name[name] for name in LAT_NAMES if name in by_name]
        return (lon[0], lat[0]) if len(lon) == len(lat) == 1 else None
    if isinstance(cell, str):
        text = cell.strip().strip("()[]").strip()
        parts: Any = next(
            (pair for mark in (";", ",", None) if len(pair := text.split(mark)) == 2), ()
        )
    else:
        parts = cell if isinstance(cell, (list, tuple, np.ndarray)) else ()
    if len(parts) != 2:
        return None
    return (parts[1], parts[0]) if lat_first else (parts[0], parts[1])


def plain(name: str) -> str:
    """Column name in lower case without spaces, underscores, hyphens and text in brackets."""
    return re.sub(r"\([^()]*\)|\[[^][]*\]|[\s_\-.]+", "", name).lower()


def _by_name(names: list[str]) -> tuple[list[str], list[str]]:
    lon = [name for name in names if plain(name) in LON_NAMES]
    lat = [name for name in names if plain(name) in LAT_NAMES]
    return lon, lat


def _by_xy(names: list[str]) -> tuple[list[str], list[str]]:
    lon = [
        name for name in names if plain(name) in {"x", "xcoordinate", "pointx", "coordx", "xcoord"}
    ]
    lat = [
        name for name in names if plain(name) in {"y", "ycoordinate", "pointy", "coordy", "ycoord"}
    ]
    return (lon, lat) if lon and lat else ([], [])


def _by_word(names: list[str]) -> tuple[list[str], list[str]]:
    def having(words: tuple[str, ...]) -> list[str]:
        return [n for n in names if {w.lower() for w in _WORDS.findall(n)} & set(words)]

    lon, lat = having(LON_NAMES), having(LAT_NAMES)
    both = set(lon) & set(lat)  # one column with the pair, such as "lat_long"
    return [n for n in lon if n not in both], [n for n in lat if n not in both]


def _same_stem(lon: list[str], lat: list[str]) -> tuple[list[str], list[str]]:
    """Keep only names that differ just in lon/lat (`start_lng` goes with `start_lat`)."""

    def stem(name: str) -> tuple[str, ...]:
        words = (word.lower() for word in _WORDS.findall(name))
        return tuple(word for word in words if word not in {*LON_NAMES, *LAT_NAMES})

    shared = {stem(name) for name in lon} & {stem(name) for name in lat}
    return [n for n in lon if stem(n) in shared], [n for n in lat if stem(n) in shared]


def fill(columns: Columns, draft: Draft, dayfirst: bool | None) -> None:
    """Fill all fields except the geometry."""
    draft.set_ids(columns.texts("event_id"))
    _fill_dates(columns, draft, dayfirst)
    draft.fields["category"] = columns.texts("category")
    draft.fields["actors"] = join_texts([columns.texts("actor_1"), columns.texts("actor_2")])
    draft.set_fatalities(columns)
    draft.fields["country_stated"] = columns.texts("country_stated")
    draft.fields["location_name"] = _place_names(columns, draft)
    draft.fields["location_precision"] = _terms(columns, draft, "location_precision")
    if columns.has("location_uncertainty_km"):
        radius, bad = columns.numbers("location_uncertainty_km")
    else:
        metres, bad = columns.numbers("uncertainty_m")
        radius = metres / 1000.0
    bad |= radius < 0
    draft.flag("bad_precision_code", bad)
    draft.fields["location_uncertainty_km"] = np.where(bad, np.nan, radius)


def _terms(columns: Columns, draft: Draft, role: str) -> BinArray:
    """Positions among the terms of the schema; texts that are none are flagged."""
    texts = columns.texts(role)
    codes = positions_in(texts, TERMS[role]).astype(np.int8)
    draft.flag("bad_precision_code", (codes < 0) & present(texts))
    return codes


def _place_names(columns: Columns, draft: Draft) -> Any:
    """Names of places, unless the column contains positions ("(41.9, -87.7)"), as in portals."""
    names = columns.texts("location_name")
    if holds_positions(names):
        column = columns.roles.pop("location_name")
        if column in columns.roles.values():
            return no_texts(draft.n)  # the coordinates come from this column
        if {"lon", "latlon", "lonlat", "geometry"} & columns.roles.keys():
            told = "not used"
        else:
            told = (
                f'say columns={{"latlon": {column!r}}} if the latitude comes first, else '
                f'columns={{"lonlat": {column!r}}}'
            )
        draft.notes.append(f"column {column!r} holds positions, not names of places: {told}")
        return no_texts(draft.n)
    return names


def _fill_dates(columns: Columns, draft: Draft, dayfirst: bool | None) -> None:
    end: DateColumn | None = None
    if columns.has("date_start"):
        start = columns.dates("date_start", dayfirst)
        end = columns.dates("date_end", dayfirst) if columns.has("date_end") else None
    elif columns.has("year"):
        parts = [columns.numbers(role)[0] for role in ("year", "month", "day")]
        start = parts_to_dates(*parts)
    else:
        return
    precision = None
    if columns.has("date_precision"):
        precision = _terms(columns, draft, "date_precision")
    draft.set_dates(start, end, precision)
