"""ACLED exports: the 31 current columns and those used before March 2023.

Codes: ACLED codebook (Raleigh et al. 2010, J. Peace Research 47(5): 651–660, and the codebook on
acleddata.com). A region-coded event often carries its provincial capital's coordinates.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import numpy as np

from geo_risk._core.types import BinArray
from geo_risk.events.dates import DateColumn, month_span, precision_code
from geo_risk.events.draft import Columns, Draft
from geo_risk.events.schema import LocationCode
from geo_risk.events.values import join_texts

__all__ = ["DATE_CODES", "LOCATION_CODES", "ROLES", "SIGNATURE", "fill"]

SIGNATURE: Final = (
    ("event_date",),
    ("event_type",),
    ("actor1",),
    ("latitude",),
    ("longitude",),
    ("event_id_cnty", "data_id", "event_id_no_cnty", "geo_precision", "time_precision"),
)

ROLES: Final[Mapping[str, tuple[str, ...]]] = {
    "event_id": ("event_id_cnty", "data_id"),
    "date_start": ("event_date",),
    "date_code": ("time_precision",),
    "category": ("event_type",),
    "actor_1": ("actor1",),
    "actor_1_with": ("assoc_actor_1", "ally_actor_1"),
    "actor_2": ("actor2",),
    "actor_2_with": ("assoc_actor_2", "ally_actor_2"),
    "fatalities_best": ("fatalities",),
    "country_stated": ("country",),
    "location_name": ("location",),
    "location_code": ("geo_precision",),
    "lon": ("longitude",),
    "lat": ("latitude",),
}

DATE_CODES: Final = {1: "day", 2: "week", 3: "month"}
"""`time_precision`."""

LOCATION_CODES: Final = {
    1: LocationCode("place", 5.0),  # the town itself; radius by judgement
    2: LocationCode("near_place", 25.0),  # near a town, or a part of a region
    3: LocationCode("admin1"),
}
"""`geo_precision`."""


def fill(columns: Columns, draft: Draft, dayfirst: bool | None) -> None:
    """Fill all fields except the geometry."""
    draft.set_ids(columns.texts("event_id"))
    precision, odd = columns.date_precisions("date_code", DATE_CODES)
    draft.flag("bad_precision_code", odd)
    dates = _widened(columns.dates("date_start", dayfirst), precision)
    draft.set_dates(dates, precision=precision)
    draft.fields["category"] = columns.texts("category")
    actors = ("actor_1", "actor_1_with", "actor_2", "actor_2_with")
    draft.fields["actors"] = join_texts([columns.texts(role) for role in actors])
    draft.set_fatalities(columns)
    draft.fields["country_stated"] = columns.texts("country_stated")
    draft.fields["location_name"] = columns.texts("location_name")
    draft.set_precision(columns, LOCATION_CODES)


def _widened(dates: DateColumn, precision: BinArray) -> DateColumn:
    """Span that ACLED's one reference day stands for.

    Week: the seven-day period contains the reference day, but its position in the period is not
    stated, so the span is six days to either side. Month: the calendar month of the reference day.
    """
    start, end = dates.start.copy(), dates.end.copy()
    week, month = (precision == precision_code(term) for term in ("week", "month"))
    start[week] -= np.timedelta64(6, "D")
    end[week] += np.timedelta64(6, "D")
    start[month], end[month] = month_span(dates.start[month])
    return DateColumn(start, end, dates.codes, dates.missing, dates.bad, dates.dayfirst)
