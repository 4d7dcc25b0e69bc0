"""What may leave the house: columns that popups show, and points turned into cells.

A map written for others (`share=True`) names no actor, quotes no text, draws no point and shows
no small count. The columns of a popup are a list of what is allowed, never of what is forbidden,
so a new column in a source stays out until somebody has thought about it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from geo_risk._constants import SHARED_RESOLUTION
from geo_risk._validate import check_resolution

__all__ = [
    "COUNTS",
    "cell_columns",
    "event_columns",
    "region_columns",
    "shared_cells",
]

_EVENT = (
    "event_id", "category", "date_start", "date_end", "date_precision", "time", "fatalities_best",
    "magnitude", "location_name", "location_precision", "location_uncertainty_km", "match",
    "country_name", "country_code", "claimed_by", "region_name", "region_code", "border_m",
    "border_country_code", "h3_cell", "flags",
)  # fmt: skip
COUNTS = ("n_events", "count")
"""Columns that count events in a cell."""
_CELL = ("h3_cell", *COUNTS, "gi_z", "p_value", "q_value", "hotspot", "neighbors_missing")
_CELL_SHARED = ("h3_cell", *COUNTS, "hotspot")
_REGION = (
    "region_name", "region_code", "country_name", "administered_by", "claimed_by", "dispute",
    "dispute_extent",
)  # fmt: skip


def event_columns(frame: Any, asked: Sequence[str] | None) -> list[str]:
    """Columns of an event's popup: those asked for, else the harmless ones of the schema."""
    if asked is None:
        return [name for name in _EVENT if name in frame.columns]
    unknown = [name for name in asked if name not in frame.columns]
    if unknown:
        known = ", ".join(map(str, frame.columns))
        raise ValueError(
            f"Invalid popup_columns: {unknown} are no columns of events; they have {known}."
        )
    return [name for name in asked if name != "geometry"]


def cell_columns(frame: Any, shared: bool) -> list[str]:
    """Columns of a cell's popup."""
    return [name for name in (_CELL_SHARED if shared else _CELL) if name in frame.columns]


def region_columns(frame: Any) -> list[str]:
    """Columns of a region's popup."""
    return [name for name in _REGION if name in frame.columns]


def shared_cells(
    events: Any, lon: NDArray[np.float64], lat: NDArray[np.float64], cells: Any,
    resolution: int | None, min_count: int,
) -> Any:  # fmt: skip
    """Cells that stand in for points, with counts from 1 to `min_count` - 1 left out (NaN).

    Cells that the caller gives are kept when they are as coarse as asked; finer ones are dropped,
    because scores of small cells do not add up to scores of large ones, and the events are
    counted in cells of the resolution asked for.
    """
    if isinstance(min_count, bool) or not isinstance(min_count, int) or min_count < 1:
        raise ValueError(f"Invalid min_count: {min_count!r}; must be a whole number from 1.")
    limit = check_resolution(SHARED_RESOLUTION if resolution is None else resolution)
    if cells is not None and _coarse_enough(cells, limit):
        shown = cells.copy()
        for name in COUNTS:
            if name in shown.columns:
                counts = shown[name].astype("float64")
                shown[name] = counts.where((counts >= min_count) | (counts == 0))
        return shown
    if events is None and cells is not None:
        raise ValueError(
            f"Invalid cells: a shared map shows none finer than resolution {limit}. Give the "
            "events, which are counted in coarser cells, or say coarsen= with their resolution."
        )
    return _counted(events, lon, lat, limit, min_count)


def _coarse_enough(cells: Any, limit: int) -> bool:
    if "h3_cell" not in cells.columns:
        return False
    from geo_risk.cells import cell_resolutions, strings_to_cells

    names = cells["h3_cell"].dropna().tolist()
    return not names or int(cell_resolutions(strings_to_cells(names)).max()) <= limit


def _counted(
    events: Any, lon: NDArray[np.float64], lat: NDArray[np.float64], resolution: int, least: int
) -> Any:
    """Events per H3 cell; counts below `least` are NaN."""
    if events is None:
        return None
    import pandas as pd

    from geo_risk.cells import cells_to_strings, h3_cells

    cells = h3_cells(lon=lon, lat=lat, resolution=resolution)
    names, counts = np.unique(cells[cells != 0], return_counts=True)
    shown = np.where(counts >= least, counts.astype(float), np.nan)
    return pd.DataFrame({"h3_cell": cells_to_strings(names), "n_events": shown})
