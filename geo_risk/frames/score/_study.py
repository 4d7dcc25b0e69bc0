"""The units of a study: the cells or regions for a frame of events, cells or regions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from geo_risk._core.constants import RESOLUTION
from geo_risk._core.types import FloatArray, IntArray
from geo_risk.errors import UnknownRegionError
from geo_risk.frames.columns import EventColumns
from geo_risk.frames.score._options import StudyOptions
from geo_risk.frames.score._units import CellUnits, RegionUnits, Units
from geo_risk.regions.sources import plain_layer

if TYPE_CHECKING:
    from geo_risk.regions import RegionLayer

__all__ = ["kind_of", "layer_asked", "study_shapes", "units_around", "units_of_rows", "unplaced"]


_MOST_CELLS = 200_000
# Precisions that certainly lie in one region, by the level of the layer.
_WITHIN_REGION = {0: ("admin2", "admin1", "line", "country"), 1: ("admin2", "admin1")}


def kind_of(frame: Any, time: str | None) -> str:
    """Kind of the rows: events (points), cells or regions, each once or once per period."""
    import geopandas
    import pandas as pd

    if isinstance(frame, EventColumns):
        return "events"
    if not isinstance(frame, pd.DataFrame):
        raise TypeError(f"Invalid frame: {type(frame).__name__} is not a frame.")
    is_geo = isinstance(frame, geopandas.GeoDataFrame) and frame._geometry_column_name in frame
    if is_geo and len(frame) and frame.geom_type.isin(["Point"]).any():
        return "events"
    each = "each once" if time is None else f"each once in each {time!r}"
    repeated = ""
    for column, kind in (("h3_cell", "cells"), ("region_code", "regions")):
        if column in frame.columns and len(frame):
            keys = [column] if time is None or time not in frame.columns else [column, time]
            twice = frame.duplicated(keys)
            if frame[column].notna().all() and not twice.any():
                return kind
            if twice.any() and frame[column].notna().all():
                first = int(np.argmax(twice.to_numpy()))
                repeated = (
                    f" {int(twice.sum())} rows repeat a {column}; first at position {first}: "
                    f"{frame[column].iloc[first]!r}."
                )
    if is_geo:
        return "events"
    raise ValueError(
        f"Invalid frame: neither events (a GeoDataFrame of points) nor cells (h3_cell, {each}) "
        f"nor regions (region_code, {each}); columns: {', '.join(map(str, frame.columns))}."
        f"{repeated}"
    )


def layer_asked(asked: StudyOptions, kind: str, *, drawn: bool) -> RegionLayer | None:
    """The layer given, if its regions are needed; a dated layer then raises an error."""
    by_code = asked.study_area is None or _codes_of(asked.study_area) is not None
    events = kind == "events" and (drawn or asked.by == "regions" or by_code)
    if asked.layer is None or not (events or kind == "regions"):
        return None
    return plain_layer(asked.layer, verb="score_hotspots")


def units_of_rows(
    frame: Any, kind: str, layer: RegionLayer | None, k: int
) -> tuple[Units, IntArray]:
    """Units of a frame of cells or regions, in order of their first row, and each row's unit."""
    import pandas as pd

    column = "h3_cell" if kind == "cells" else "region_code"
    unit, codes = pd.factorize(frame[column])
    if kind == "cells":
        from geo_risk.cells import strings_to_cells

        cells = strings_to_cells(np.asarray(codes, dtype=object))
        return CellUnits(cells, k), unit.astype(np.int64)
    from geo_risk.regions import load_regions

    layer = load_regions() if layer is None else layer
    row_of = {code: row for row, code in enumerate(layer.columns["region_code"])}
    unknown = [code for code in codes if code not in row_of]
    if unknown:
        raise UnknownRegionError(
            f"Invalid region_code: {len(unknown)} of {len(codes)} are not in the layer "
            f"{layer.name!r}; first: {unknown[0]!r}."
        )
    rows = np.array([row_of[code] for code in codes], dtype=np.int64)
    return RegionUnits(layer, rows, k), unit.astype(np.int64)


def units_around(
    events: EventColumns, lon: FloatArray, lat: FloatArray, asked: StudyOptions
) -> Units:
    """Every cell or region of the study area of events, including those without events."""
    if asked.by == "regions":
        return RegionUnits(*_study_rows(asked.study_area, lon, lat, asked.layer), asked.k)
    from geo_risk.cells import study_grid

    resolution = _resolution_of(events) if asked.resolution is None else asked.resolution
    most = _MOST_CELLS if asked.max_cells is None else asked.max_cells
    area = study_shapes(asked.study_area, lon, lat, asked.layer)
    return CellUnits(study_grid(area, resolution=resolution, max_cells=most), asked.k)


def unplaced(events: EventColumns, asked: StudyOptions) -> NDArray[np.bool_]:
    """Events whose coordinates only stand for an area larger than the units."""
    skipped = events.too_coarse(asked.coarse or "skip")
    if asked.by != "regions" or not skipped.any():
        return skipped
    level = 1 if asked.layer is None else asked.layer.level
    certain = _WITHIN_REGION.get(level, ("admin2",))
    return skipped & ~events.texts("location_precision").isin(certain)


def _resolution_of(events: EventColumns) -> int:
    """Finest resolution in the column h3_cell, else the default."""
    from geo_risk.cells import cell_resolutions, strings_to_cells

    cells = events.texts("h3_cell").values
    if len(cells) == 0:
        return RESOLUTION
    return int(cell_resolutions(strings_to_cells(cells)).max())


def study_shapes(
    study_area: Any, lon: FloatArray, lat: FloatArray, layer: RegionLayer | None
) -> Any:
    """Geometry of the study area, as input of `cells.study_grid`."""
    if study_area is not None and _codes_of(study_area) is None:
        return study_area
    layer, rows = _rows_of(study_area or "regions", lon, lat, layer)
    return layer.geometry.polygons(rows)


def _study_rows(
    study_area: Any, lon: FloatArray, lat: FloatArray, layer: RegionLayer | None
) -> tuple[RegionLayer, IntArray]:
    """Regions of the study area."""
    if study_area is None:
        study_area = "countries"
    if study_area == "regions" or _codes_of(study_area) is None:
        raise ValueError(
            'Invalid study_area: with by="regions" it must be "countries" or codes, because it '
            "must include regions without events."
        )
    return _rows_of(study_area, lon, lat, layer)


def _rows_of(
    study_area: Any, lon: FloatArray, lat: FloatArray, layer: RegionLayer | None
) -> tuple[RegionLayer, IntArray]:
    """Rows of the layer for "regions", "countries" or codes."""
    from geo_risk.regions import load_regions

    layer = load_regions() if layer is None else layer
    codes = _codes_of(study_area) or []
    if codes not in (["regions"], ["countries"]):
        return layer, np.unique(np.concatenate([layer.rows_of(code) for code in codes]))
    rows = np.unique(layer.locate(lon=lon, lat=lat))
    rows = rows[rows >= 0]
    if len(rows) == 0:
        raise ValueError(
            f"Invalid study_area: {codes[0]!r}, but no event lies in any region; give an area."
        )
    if codes == ["countries"]:
        labels = np.array(layer.country_labels, dtype=object)
        rows = np.flatnonzero(np.isin(labels, labels[rows]))
    return layer, rows


def _codes_of(study_area: Any) -> list[str] | None:
    """The codes of a study area, None if it is a geometry or bounds."""
    if isinstance(study_area, str):
        return [study_area]
    if isinstance(study_area, Sequence) and all(isinstance(code, str) for code in study_area):
        return list(study_area)
    return None
