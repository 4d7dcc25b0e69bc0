"""Read events of ACLED, UCDP, GDELT, GTD and plain tables into one schema."""

from geo_risk.events.clients import fetch_acled, fetch_ucdp
from geo_risk.events.options import ReadOptions
from geo_risk.events.read import read_events
from geo_risk.events.schema import (
    COUNTRY_CODE_SYSTEM,
    DATE_PRECISIONS,
    FIELDS,
    FLAGS,
    LOCATION_PRECISIONS,
    SOURCES,
)
from geo_risk.events.stream import iter_events

__all__ = [
    "COUNTRY_CODE_SYSTEM",
    "DATE_PRECISIONS",
    "FIELDS",
    "FLAGS",
    "LOCATION_PRECISIONS",
    "SOURCES",
    "ReadOptions",
    "fetch_acled",
    "fetch_ucdp",
    "iter_events",
    "read_events",
]
