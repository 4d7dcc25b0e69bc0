"""Global Terrorism Database (GTD).

Codes: GTD codebook (START, University of Maryland). In `imonth` and `iday` 0 means unknown.
`specificity` 2 and 3 give the centre of the smallest unit that could be identified, which need
not be of the second order; 5 has no coordinates at all.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import numpy as np

from geo_risk.events.dates import parts_to_dates
from geo_risk.events.draft import Columns, Draft
from geo_risk.events.schema import LocationCode
from geo_risk.events.values import join_texts

__all__ = ["LOCATION_CODES", "ROLES", "SIGNATURE", "fill"]

SIGNATURE: Final = (
    ("eventid",),
    ("iyear",),
    ("imonth",),
    ("iday",),
    ("latitude",),
    ("longitude",),
)

ROLES: Final[Mapping[str, tuple[str, ...]]] = {
    "event_id": ("eventid",),
    "year": ("iyear",),
    "month": ("imonth",),
    "day": ("iday",),
    "category": ("attacktype1_txt", "attacktype1"),
    "actor_1": ("gname",),
    "actor_2": ("gname2",),
    "actor_3": ("gname3",),
    "fatalities_best": ("nkill",),
    "country_stated": ("country_txt", "country"),
    "location_name": ("city",),
    "location_code": ("specificity",),
    "vicinity": ("vicinity",),
    "lon": ("longitude",),
    "lat": ("latitude",),
}

LOCATION_CODES: Final = {
    1: LocationCode("place", 5.0),  # radius by judgement, as for UCDP 1
    2: LocationCode("admin2"),
    3: LocationCode("admin2"),
    4: LocationCode("admin1"),
    5: LocationCode("country"),
}
"""`specificity`."""

_VICINITY = LocationCode("near_place", 25.0)  # in the surroundings of the city, by judgement


def fill(columns: Columns, draft: Draft, dayfirst: bool | None) -> None:
    """Fill all fields except the geometry."""
    del dayfirst  # year, month and day are separate columns
    draft.set_ids(columns.texts("event_id"))
    parts = [columns.numbers(role) for role in ("year", "month", "day")]
    # In some rows -9 or -99 means unknown as well.
    year, month, day = (np.fmax(values, 0.0) for values, _ in parts)
    dates = parts_to_dates(year, month, day)
    draft.set_dates(dates)
    draft.flag("bad_date", parts[0][1] | parts[1][1] | parts[2][1])
    draft.fields["category"] = columns.texts("category")
    groups = ("actor_1", "actor_2", "actor_3")
    draft.fields["actors"] = join_texts([columns.texts(role) for role in groups])
    draft.set_fatalities(columns)
    draft.fields["country_stated"] = columns.texts("country_stated")
    draft.fields["location_name"] = columns.texts("location_name")
    draft.set_precision(columns, LOCATION_CODES)
    codes = columns.numbers("location_code")[0]
    near = (codes == 1) & (columns.numbers("vicinity")[0] == 1)
    draft.set_location_code(near, _VICINITY)
