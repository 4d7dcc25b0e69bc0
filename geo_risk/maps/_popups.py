"""Columns that popups show: a list of allowed columns, never of forbidden ones.

A new column of a source is left out until somebody has decided about it. What may be shared of a
result at all is decided in `geo_risk.frames.share`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from geo_risk.frames.share import COUNTS

__all__ = ["cell_columns", "event_columns", "region_columns"]

_EVENT = (
    "event_id", "category", "date_start", "date_end", "date_precision", "time", "fatalities_best",
    "magnitude", "location_name", "location_precision", "location_uncertainty_km", "match",
    "country_name", "country_code", "claimed_by", "region_name", "region_code", "border_m",
    "border_country_code", "h3_cell", "flags",
)  # fmt: skip
_CELL = ("h3_cell", *COUNTS, "gi_z", "p_value", "q_value", "hotspot", "neighbors_missing")
_REGION = (
    "region_name", "region_code", "country_name", "administered_by", "claimed_by", "dispute",
    "dispute_extent",
)  # fmt: skip


def event_columns(frame: Any, asked: Sequence[str] | None) -> list[str]:
    """Columns of an event's popup: those requested, else the harmless ones of the schema."""
    if asked is None:
        return [name for name in _EVENT if name in frame.columns]
    unknown = [name for name in asked if name not in frame.columns]
    if unknown:
        known = ", ".join(map(str, frame.columns))
        raise ValueError(
            f"Invalid popup_columns: {unknown} are not columns of events; they have {known}."
        )
    return [name for name in asked if name != "geometry"]


def cell_columns(frame: Any) -> list[str]:
    """Columns of a cell's popup."""
    return [name for name in _CELL if name in frame.columns]


def region_columns(frame: Any) -> list[str]:
    """Columns of a region's popup."""
    return [name for name in _REGION if name in frame.columns]
