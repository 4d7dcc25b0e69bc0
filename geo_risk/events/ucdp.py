"""UCDP GED, with the column names of all versions, and candidate events.

Codes: UCDP Georeferenced Event Dataset codebook (Sundberg and Melander 2013, J. Peace Research
50(4): 523–532, and the codebook of each version). `country_id`, `gwnoa` and `gwnob` are
Gleditsch–Ward numbers; they stay among the original columns and are never read as ISO.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import numpy as np

from geo_risk.events.draft import Columns, Draft
from geo_risk.events.schema import LocationCode
from geo_risk.events.values import coded, distinct, first_text, join_texts

__all__ = ["CATEGORIES", "DATE_CODES", "LOCATION_CODES", "ROLES", "SIGNATURE", "fill"]

SIGNATURE: Final = (
    ("side_a",),
    ("side_b",),
    ("latitude",),
    ("longitude",),
    ("date_start",),
    ("date_end",),
    ("type_of_violence", "type_of_vi", "deaths_a"),
)
"""Groups of names; a UCDP table has one column of each group."""

# Shapefiles cut names at ten characters.
ROLES: Final[Mapping[str, tuple[str, ...]]] = {
    "event_id": ("id",),
    "date_start": ("date_start",),
    "date_end": ("date_end",),
    "date_code": ("date_prec",),
    "category": ("type_of_violence", "type_of_vi"),
    "actor_1": ("side_a",),
    "actor_2": ("side_b",),
    "fatalities_best": ("best", "best_est"),
    "fatalities_low": ("low", "low_est"),
    "fatalities_high": ("high", "high_est"),
    "deaths_a": ("deaths_a",),
    "deaths_b": ("deaths_b",),
    "deaths_civilians": ("deaths_civilians", "deaths_civ"),
    "deaths_unknown": ("deaths_unknown", "deaths_unk"),
    "country_stated": ("country",),
    "location_name": ("where_coordinates", "where_coor", "adm_2", "adm_1"),
    "location_code": ("where_prec",),
    "code_status": ("code_status", "code_statu"),
    "lon": ("longitude",),
    "lat": ("latitude",),
}

CATEGORIES: Final = {
    1: "state-based conflict",
    2: "non-state conflict",
    3: "one-sided violence",
}
"""`type_of_violence`."""

DATE_CODES: Final = {1: "day", 2: "days", 3: "week", 4: "month", 5: "year"}
"""`date_prec`; the span itself is stated by `date_start` and `date_end`."""

LOCATION_CODES: Final = {
    1: LocationCode("place", 5.0),  # radius by judgement: the codebook gives none
    2: LocationCode("near_place", 25.0),  # codebook: within about 25 km
    3: LocationCode("admin2"),
    4: LocationCode("admin1"),
    5: LocationCode("line"),
    6: LocationCode("country"),
    7: LocationCode("none"),
}
"""`where_prec`."""


def fill(columns: Columns, draft: Draft, dayfirst: bool | None) -> None:
    """Fill all fields except the geometry."""
    draft.set_ids(columns.texts("event_id"))
    precision, odd = columns.date_precisions("date_code", DATE_CODES)
    draft.flag("bad_precision_code", odd)
    draft.set_dates(
        columns.dates("date_start", dayfirst), columns.dates("date_end", dayfirst), precision
    )
    kinds, _ = columns.numbers("category")
    known = np.full(draft.n, -1, dtype=np.int8)
    for position, kind in enumerate(CATEGORIES):
        known[kinds == kind] = position
    named = coded(known, list(CATEGORIES.values()))
    draft.fields["category"] = first_text(named, columns.texts("category"))
    draft.fields["actors"] = join_texts([columns.texts("actor_1"), columns.texts("actor_2")])
    draft.set_fatalities(columns)
    _sum_deaths(columns, draft)
    draft.fields["country_stated"] = columns.texts("country_stated")
    draft.fields["location_name"] = columns.texts("location_name")
    draft.set_precision(columns, LOCATION_CODES)
    status = distinct(columns.texts("code_status"))
    draft.flag("provisional", status.map(lambda text: text.lower() != "clear", False, np.bool_))


def _sum_deaths(columns: Columns, draft: Draft) -> None:
    """Fill a missing `best`: by definition it is the sum of its four parts, if all exist."""
    parts = ("deaths_a", "deaths_b", "deaths_civilians", "deaths_unknown")
    if columns.has("fatalities_best") or not all(columns.has(part) for part in parts):
        return
    total = np.zeros(draft.n)
    for part in parts:
        values, bad = columns.numbers(part)
        bad |= values < 0
        draft.flag("bad_fatalities", bad)
        total += np.where(bad, np.nan, values)
    draft.fields["fatalities_best"] = total
    draft.notes.append("fatalities_best is the sum of deaths_a, _b, _civilians and _unknown")
