"""The schema that every reader fills: its fields, its terms and its flags."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

__all__ = [
    "COUNTRY_CODE_SYSTEM",
    "DATE_PRECISIONS",
    "FIELDS",
    "FLAGS",
    "LOCATION_PRECISIONS",
    "SOURCES",
    "Field",
    "LocationCode",
    "field_names",
    "written_pair",
]

SOURCES: Final = ("acled", "ucdp", "gdelt", "gtd", "table")
"""The sources `read_events` knows; "table" is any table with coordinates or place names."""


@dataclass(frozen=True)
class Field:
    """One column of the schema: its name, its kind of value and what it means."""

    name: str
    kind: str
    meaning: str


FIELDS: Final = (
    Field("event_id", "text", "the source's identifier; missing if the source has none"),
    Field("source", "text", "acled, ucdp, gdelt, gtd or table"),
    Field(
        "date_start",
        "datetime64[us]",
        "first day (UTC, midnight) on which the event may have begun",
    ),
    Field(
        "date_end",
        "datetime64[us]",
        "last day, inclusive; with date_start the span that contains the event's date",
    ),
    Field("date_precision", "text", "a term of DATE_PRECISIONS; missing: not stated for the date"),
    Field("category", "text", "kind of event, in the source's own words"),
    Field("actors", "text", 'named parties, joined by " | " in the source\'s order'),
    Field("fatalities_best", "float64", "best estimate of deaths, NaN if not stated"),
    Field("fatalities_low", "float64", "low estimate of deaths, NaN if not stated"),
    Field("fatalities_high", "float64", "high estimate of deaths, NaN if not stated"),
    Field(
        "country_stated",
        "text",
        "the source's own country name or code, unchanged; COUNTRY_CODE_SYSTEM says which",
    ),
    Field("location_name", "text", "the source's name of the place"),
    Field("location_precision", "text", "a term of LOCATION_PRECISIONS; missing: not stated"),
    Field(
        "location_uncertainty_km",
        "float64",
        "radius that contains the event in about 95 % of cases, NaN if none can be justified",
    ),
    Field("flags", "text", 'codes of FLAGS joined by ";", "" if there are none'),
    Field("geometry", "geometry", "point, EPSG:4326; None if missing or not usable"),
)
"""Order and meaning of the columns; the original columns follow.

An original column with a name of the schema is kept with an underscore appended
(`source` becomes `source_`), with more underscores until the name is free.
"""


def written_pair(names: list[str]) -> tuple[str, str] | None:
    """Columns with the points of a table that was read and saved before; None in other tables.

    A table of the schema saved as CSV has its points at the end, as `lon` and `lat`, with
    underscores appended until they differ from the original columns.
    """
    if not set(names).issuperset(set(field_names()) - {"geometry"}) or "geometry" in names:
        return None
    pair = [name.rstrip("_") for name in names[-2:]]
    return (names[-2], names[-1]) if pair == ["lon", "lat"] else None


def field_names() -> tuple[str, ...]:
    """Names of the schema's columns, in order."""
    return tuple(field.name for field in FIELDS)


DATE_PRECISIONS: Final = {
    "day": "the day is known",
    "days": "known within 2 to 6 days (UCDP date_prec 2)",
    "week": "only the week is known",
    "month": "only the month, or a span of 8 to 30 days, is known",
    "year": "only the year, or a span of more than a month, is known",
    "unknown": "no date, or one whose precision code cannot be read",
}
"""Terms of `date_precision`."""

LOCATION_PRECISIONS: Final = {
    "place": "the named place itself",
    "near_place": "near a named place, or a part of a region",
    "admin2": "a second-order unit (district); the coordinates only stand for it",
    "admin1": "a first-order unit (province); the coordinates only stand for it",
    "line": "a line or fuzzy area: river, road, border, mountain range",
    "country": "the country as a whole",
    "none": "nothing on land: international waters or airspace, or no location at all",
}
"""Terms of `location_precision`: the support of an event, what its coordinates stand for."""


@dataclass(frozen=True)
class LocationCode:
    """Meaning of one precision code of a source: the support, and a radius if justified."""

    precision: str
    uncertainty_km: float = float("nan")


COUNTRY_CODE_SYSTEM: Final = {
    "acled": "name",
    "ucdp": "name",
    "gdelt": "fips10-4",
    "gtd": "name",
    "table": "unknown",
}
"""Code system of `country_stated`, by source. GDELT's two letters are FIPS 10-4, never ISO 3166;
UCDP's `country_id`, kept among the original columns, is Gleditsch–Ward, never ISO numeric."""

FLAGS: Final = {
    "no_coordinates": "no longitude or no latitude; no geometry",
    "bad_coordinates": "a coordinate cannot be read as a number; no geometry",
    "lat_out_of_range": "latitude outside [-90, 90]; no geometry",
    "lon_out_of_range": "longitude outside [-180, 180] (never wrapped); no geometry",
    "maybe_swapped": "longitude and latitude look swapped; nothing was changed",
    "null_island": "both coordinates are exactly 0, which stands for missing; no geometry",
    "not_a_point": "the geometry was not a point; a point on its surface stands for it",
    "no_date": "no date given",
    "bad_date": "the date cannot be read; no date",
    "dates_reversed": "the end lies before the start; both kept as stated",
    "no_id": "no identifier given although other rows have one",
    "duplicate_id": "another row has the same identifier; all such rows are flagged",
    "bad_fatalities": "a number of deaths is negative or unreadable; taken as missing",
    "fatalities_order": "the estimates of deaths are not in the order low, best, high",
    "bad_precision_code": "a precision code outside the source's codebook; taken as missing",
    "provisional": "UCDP marks the event's coding as not yet clear (code_status)",
    "too_few_fields": "the line has fewer fields than the header; nothing in it was interpreted",
    "too_many_fields": "the line has more fields than the header; nothing in it was interpreted",
    "unreadable_row": "the line cannot be parsed; nothing in it was interpreted",
    "decoded_cp1252": "the line was not UTF-8 and was read as Windows-1252",
}
"""Codes of `flags`, in the order in which they are joined, with their meanings."""
