"""GDELT 2.0 (and 1.0) event exports: tab-separated, without a header.

Codes: "The GDELT Event Database Data Format Codebook v2.0". Country codes are FIPS 10-4 (GM is
Germany, CH China): they are kept unchanged and never read as ISO 3166. Events are coded by
machine; the location is that of the action, and even a city may be the wrong one.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import numpy as np

from geo_risk.events.dates import DateColumn, month_span, precision_code
from geo_risk.events.draft import Columns, Draft
from geo_risk.events.schema import LocationCode
from geo_risk.events.values import coded, first_text, join_texts

__all__ = [
    "CAMEO_ROOTS",
    "COLUMN_NAMES",
    "LOCATION_CODES",
    "ROLES",
    "SIGNATURE",
    "fill",
    "headerless_names",
]

_HEAD = ("GLOBALEVENTID", "SQLDATE", "MonthYear", "Year", "FractionDate")
_CODES = ("Code", "Name", "CountryCode", "KnownGroupCode", "EthnicCode")
_MORE_CODES = ("Religion1Code", "Religion2Code", "Type1Code", "Type2Code", "Type3Code")
_EVENT = ("IsRootEvent", "EventCode", "EventBaseCode", "EventRootCode", "QuadClass")
_WEIGHT = ("GoldsteinScale", "NumMentions", "NumSources", "NumArticles", "AvgTone")
_GEO = ("Type", "FullName", "CountryCode", "ADM1Code", "ADM2Code", "Lat", "Long", "FeatureID")
COLUMN_NAMES: Final = (
    *_HEAD,
    *(f"Actor{side}{part}" for side in "12" for part in (*_CODES, *_MORE_CODES)),
    *_EVENT,
    *_WEIGHT,
    *(f"{which}Geo_{part}" for which in ("Actor1", "Actor2", "Action") for part in _GEO),
    "DATEADDED",
    "SOURCEURL",
)
"""The 61 columns of a GDELT 2.0 event export."""

SIGNATURE: Final = (
    ("globaleventid",),
    ("sqldate",),
    ("actiongeo_type",),
    ("actiongeo_lat",),
    ("actiongeo_long",),
)

ROLES: Final[Mapping[str, tuple[str, ...]]] = {
    "event_id": ("globaleventid",),
    "date_start": ("sqldate",),
    "date_added": ("dateadded",),
    "category": ("eventrootcode",),
    "actor_1": ("actor1name",),
    "actor_2": ("actor2name",),
    "country_stated": ("actiongeo_countrycode",),
    "location_name": ("actiongeo_fullname",),
    "location_code": ("actiongeo_type",),
    "lon": ("actiongeo_long",),
    "lat": ("actiongeo_lat",),
}

LOCATION_CODES: Final = {
    0: LocationCode("none"),
    1: LocationCode("country"),
    2: LocationCode("admin1"),  # US state
    3: LocationCode("place", 10.0),  # US city; it may also be the wrong place
    4: LocationCode("place", 10.0),  # city elsewhere
    5: LocationCode("admin1"),  # first-order unit elsewhere
}
"""`ActionGeo_Type`."""

CAMEO_ROOTS: Final = (
    "make public statement",
    "appeal",
    "express intent to cooperate",
    "consult",
    "engage in diplomatic cooperation",
    "engage in material cooperation",
    "provide aid",
    "yield",
    "investigate",
    "demand",
    "disapprove",
    "reject",
    "threaten",
    "protest",
    "exhibit force posture",
    "reduce relations",
    "coerce",
    "assault",
    "fight",
    "use unconventional mass violence",
)
"""Meaning of CAMEO root codes 01 to 20."""


def headerless_names(lines: list[str]) -> list[str] | None:
    """Column names, if most of the lines are rows of a GDELT export; else None."""
    rows = [line.rstrip("\r\n").split("\t") for line in lines if line.strip()]
    shapes = {61: list(COLUMN_NAMES), 58: [n for n in COLUMN_NAMES if "ADM2" not in n]}
    for width, names in shapes.items():
        like = [
            len(row) == width and row[0].isdigit() and len(row[1]) == 8 and row[1].isdigit()
            for row in rows
        ]
        if rows and 2 * sum(like) > len(rows):
            return names
    return None


def fill(columns: Columns, draft: Draft, dayfirst: bool | None) -> None:
    """Fill all fields except the geometry."""
    draft.set_ids(columns.texts("event_id"))
    dates = columns.dates("date_start", dayfirst)
    if columns.has("date_added"):
        dates = _relative(dates, columns.dates("date_added", dayfirst))
    draft.set_dates(dates)
    roots, _ = columns.numbers("category")
    known = np.where((roots >= 1) & (roots <= 20), roots, 0.0).astype(np.int8) - 1
    draft.fields["category"] = first_text(coded(known, CAMEO_ROOTS), columns.texts("category"))
    draft.fields["actors"] = join_texts([columns.texts("actor_1"), columns.texts("actor_2")])
    draft.fields["country_stated"] = columns.texts("country_stated")
    draft.fields["location_name"] = columns.texts("location_name")
    draft.set_precision(columns, LOCATION_CODES)


def _relative(dates: DateColumn, added: DateColumn) -> DateColumn:
    """Span and precision of dates that GDELT counted back from the day of the article.

    "Last month" becomes the same day one month earlier, so a date exactly one week, month, year
    or decade before the article stands for that week, month, year or, undated, the decade.
    """
    start, end, codes = dates.start.copy(), dates.end.copy(), dates.codes.copy()
    lag = (added.start - dates.start).astype("timedelta64[D]").astype(np.float64)
    lag[np.isnat(added.start) | np.isnat(dates.start)] = np.nan
    same_day = _day_of_month(dates.start) == _day_of_month(added.start)
    months = _months(added.start) - _months(dates.start)
    week = lag == 7
    start[week] -= _weekday(start[week])
    end[week] = start[week] + np.timedelta64(6, "D")
    month = same_day & (months == 1)
    start[month], end[month] = month_span(dates.start[month])
    year = same_day & (months == 12)
    years = dates.start[year].astype("datetime64[Y]")
    start[year] = years.astype("datetime64[D]")
    end[year] = (years + np.timedelta64(1, "Y")).astype("datetime64[D]") - np.timedelta64(1, "D")
    decade, ten_years = same_day & (months == 120), np.timedelta64(3653, "D")
    start[decade], end[decade] = dates.start[decade] - ten_years, dates.start[decade] + ten_years
    for rows, term in ((week, "week"), (month, "month"), (year, "year"), (decade, "unknown")):
        codes[rows] = precision_code(term)
    return DateColumn(start, end, codes, dates.missing, dates.bad, dates.dayfirst)


def _weekday(days: np.ndarray) -> np.ndarray:
    """Days since Monday (1970-01-01 was a Thursday)."""
    return (days.astype(np.int64) + 3) % 7 * np.timedelta64(1, "D")


def _months(days: np.ndarray) -> np.ndarray:
    months = days.astype("datetime64[M]").astype(np.float64)
    return np.where(np.isnat(days), np.nan, months)


def _day_of_month(days: np.ndarray) -> np.ndarray:
    since = (days - days.astype("datetime64[M]").astype("datetime64[D]")).astype(np.float64)
    return np.where(np.isnat(days), np.nan, since)
