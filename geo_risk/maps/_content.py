"""What a map shows, drawn by neither matplotlib nor the browser yet.

`prepare` checks the caller's frames, chooses the view and turns everything into shapes, classes,
labels and notes; `static.py` and `web.py` only paint them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from geo_risk._core.frames import too_coarse
from geo_risk._core.grids import in_degrees
from geo_risk._core.types import FloatArray, IntArray
from geo_risk._core.validate import refuse_unused
from geo_risk.frames.share import COUNTS, NO_COUNTS, check_min_count, shared_cells
from geo_risk.maps._classes import (
    Classes,
    classify_cells,
    classify_events,
    marker_sizes,
    with_suppressed,
)
from geo_risk.maps._geometry import Shape, cell_shapes, line_shapes, polygon_shapes
from geo_risk.maps._labels import Label, country_labels, place_labels, region_labels
from geo_risk.maps._view import Bounds, View, choose_view
from geo_risk.regions.dated import refuse_dated

__all__ = ["DISPUTED", "Content", "EventLayer", "ShapeLayer", "prepare"]


BOUNDARY_SOURCE = "Natural Earth 1:10m (public domain)"
NON_ENDORSEMENT = (
    "Borders are shown as administered {worldview}, without endorsement: no line or name on this "
    "map supports a claim."
)
UNDER_REPORTING = "Reports are not all that happened; a place without them is not thereby safe."
DISPUTED = "Disputed, in whole or part"
HOLLOW = "Hollow markers stand for a district, a province, a line or a country, not for a place."
SHARED = (
    "Written for sharing: cells in place of points, no text, no count below {least} other than 0."
)
GEONAMES = "Places: GeoNames (geonames.org), CC BY 4.0."
_WORLDVIEWS = {"de_facto": "de facto"}
_DISC_LIMIT_KM = 300.0  # a larger disc says "somewhere in the country" and hides the map


@dataclass(frozen=True)
class ShapeLayer:
    """Drawn shapes with the row of `frame` that each comes from.

    `disputed` says for each shape whether its row names claimants.
    """

    frame: Any
    shapes: list[Shape]
    rows: IntArray
    classes: Classes | None = None

    @cached_property
    def disputed(self) -> list[bool]:
        if "claimed_by" not in self.frame.columns:
            return [False] * len(self.shapes)
        return [_is_claimed(value) for value in self.frame["claimed_by"].iloc[self.rows]]


@dataclass(frozen=True)
class EventLayer:
    """Located events: projected metres, marker radius in pixels, uncertainty disc in metres.

    `hollow` marks events whose point only stands for an area, a line or a country.
    """

    frame: Any
    rows: IntArray
    x: FloatArray
    y: FloatArray
    size: FloatArray
    disc_m: FloatArray
    hollow: NDArray[np.bool_]
    classes: Classes
    size_title: str
    size_key: list[tuple[str, float]]


@dataclass(frozen=True)
class Content:
    """Everything a map shows."""

    view: View
    title: str
    regions: ShapeLayer | None
    borders: ShapeLayer | None
    cells: ShapeLayer | None
    events: EventLayer | None
    labels: list[Label]
    notes: list[str]
    alt: str
    shared: bool = False
    min_count: int = 1


def prepare(
    *,
    events: Any = None,
    cells: Any = None,
    regions: Any = None,
    borders: Any = None,
    title: str | None = None,
    bounds: Bounds | None = None,
    color_by: str | None = None,
    category: str = "category",
    size_by: str | None = None,
    labels: Sequence[str] | str | None = "auto",
    boundary_source: str = BOUNDARY_SOURCE,
    worldview: str | None = None,
    attribution: Sequence[str] = (),
    share: bool = False,
    coarsen: str | int | None = None,
    min_count: int | None = None,
    aspect: float = 1.5,
    overdraw: float = 1.0,
) -> Content:
    """Check the inputs and turn them into a `Content`; parameters as in `web_map`.

    `overdraw` widens what is drawn beyond the view, for a map that can be moved.
    """
    told = str(worldview or getattr(regions, "worldview", "de_facto"))
    events, cells = as_frame(events, "events"), as_frame(cells, "cells")
    regions, borders = as_frame(regions, "regions"), as_frame(borders, "borders")
    reported = events is not None or cells is not None
    shared, least = share or coarsen is not None, check_min_count(min_count)
    credits = [f"Boundaries: {boundary_source}.", *_credits(events, shared), *map(str, attribution)]
    if shared:  # from here on nothing can tell of the events what the cells do not
        refuse_unused({"size_by": size_by}, "cells stand in for points")
        cells, events = _for_others(events, cells, coarsen, least), None
        credits.insert(0, SHARED.format(least=least))
    else:
        refuse_unused({"min_count": min_count}, NO_COUNTS)
    lon, lat = _points(events)
    classes = None if cells is None else _cell_classes(cells, color_by, shared, least)
    extent = _extent(lon, lat, cells, classes, regions, every_cell=shared)
    view = choose_view(*extent, bounds=bounds, aspect=aspect)
    wide = view.expand(overdraw)
    notes = _notes(lon, reported, told, credits)
    region_layer = None if regions is None else _layer(regions, wide)
    event_layer = (
        None if events is None else _event_layer(events, lon, lat, wide, category, size_by)
    )  # fmt: skip
    cell_layer = None if cells is None else _layer(cells, wide, classes)
    border_layer = None if borders is None else _layer(borders, wide)
    if event_layer is not None:
        notes += _outside(lon, lat, view)
        if event_layer.hollow.any():
            notes.append(HOLLOW)
    return Content(
        view, title or "Event map", region_layer, border_layer, cell_layer, event_layer,
        _labels(labels, _codes(events), region_layer, event_layer, view, wide),
        [*notes, f"{view.name}."],
        _describe(event_layer, cell_layer, region_layer), shared, least,
    )  # fmt: skip


def as_frame(value: Any, name: str) -> Any:
    """The caller's frame in WGS84 degrees; a layer object gives its `table`."""
    if value is None:
        return None
    refuse_dated(value, verb="a map", name=name)
    frame = getattr(value, "table", value)
    if not hasattr(frame, "columns") or not hasattr(frame, "iloc"):
        raise TypeError(f"Invalid {name}: a GeoDataFrame is needed, not {type(value).__name__}.")
    if not hasattr(frame, "to_crs"):
        if name == "cells" and "h3_cell" in frame.columns:
            return frame
        raise TypeError(f"Invalid {name}: a GeoDataFrame is needed; this frame has no geometry.")
    if name == "cells" and "h3_cell" in frame.columns:
        return frame
    if frame.crs is None:
        raise ValueError(
            f"Invalid {name}: the frame has no CRS. If its coordinates are WGS84 degrees, say so: "
            f"{name}.set_crs('EPSG:4326')."
        )
    return frame if frame.crs.to_epsg() == 4326 else in_degrees(frame, f"{name}: its CRS")


def _for_others(events: Any, cells: Any, coarsen: str | int | None, min_count: int) -> Any:
    """Cells as others may see them; None where nothing was given."""
    if events is None and cells is None:
        return None
    return shared_cells(events, cells, coarsen, min_count)


def _points(events: Any) -> tuple[FloatArray, FloatArray]:
    """Longitude and latitude of each event; NaN where it has none that can be drawn."""
    if events is None:
        return np.empty(0), np.empty(0)
    import shapely

    shapes = np.asarray(events.geometry.array, dtype=object)
    areas = np.isin(shapely.get_type_id(shapes), (0, -1), invert=True)
    shapes = shapes.copy()
    shapes[areas] = shapely.point_on_surface(shapes[areas])
    shapes[shapely.is_empty(shapes)] = None  # an empty point has no x: GEOS raises
    lon, lat = shapely.get_x(shapes), shapely.get_y(shapes)
    with np.errstate(invalid="ignore"):
        bad = ~((np.abs(lon) <= 180.0) & (np.abs(lat) <= 90.0))
    lon[bad] = lat[bad] = np.nan
    return lon, lat


def _extent(
    lon: FloatArray, lat: FloatArray, cells: Any, classes: Classes | None, regions: Any,
    every_cell: bool,
) -> tuple[FloatArray, FloatArray]:  # fmt: skip
    """Points that the view must hold: events and the cells that stand out, else what there is.

    With `every_cell` none is left out, so that a map for others shows all that its table does.
    """
    import shapely

    if cells is not None and classes is not None and len(cells):
        plain = np.isin(classes.index, [] if every_cell else list(classes.faint))
        rows = np.flatnonzero(~plain) if (~plain).any() else np.arange(len(cells))
        if rows.size and ((~plain).any() or not np.isfinite(lon).any()):
            cell_lon, cell_lat = _cell_points(cells.iloc[rows])
            return np.append(lon, cell_lon), np.append(lat, cell_lat)
    if np.isfinite(lon).any() or regions is None:
        return lon, lat
    boxes = shapely.bounds(np.asarray(regions.geometry.array, dtype=object))
    boxes = boxes[~np.isnan(boxes).any(axis=1)]
    return boxes[:, [0, 2]].ravel(), boxes[:, [1, 3]].ravel()


def _cell_points(cells: Any) -> tuple[FloatArray, FloatArray]:
    """Centres of H3 cells, vertices of other polygons; degrees."""
    if "h3_cell" in cells.columns:
        from geo_risk.cells import cell_centers, strings_to_cells

        return cell_centers(strings_to_cells(cells["h3_cell"].tolist()))
    import shapely

    points = shapely.get_coordinates(np.asarray(cells.geometry.array, dtype=object))
    return points[:, 0], points[:, 1]


def _cell_classes(cells: Any, color_by: str | None, shared: bool, min_count: int) -> Classes:
    """Classes of cells; for others with one of their own for counts that are left out."""
    if not shared:
        return classify_cells(cells, color_by)
    if color_by not in (None, "hotspot", *COUNTS):
        raise ValueError(
            f"Invalid color_by: {color_by!r}; a map for others has 'hotspot' and 'n_events', "
            "because a score tells the count of its cell."
        )
    classes = classify_cells(cells, "n_events" if color_by in COUNTS else color_by)
    by_count = "hotspot" not in cells.columns or color_by in COUNTS
    words = f"Fewer than {min_count}" + ("" if by_count else " events, class not shown")
    return with_suppressed(classes, cells["suppressed"].to_numpy(), words)


def _is_claimed(value: Any) -> bool:
    """Whether a cell of ``claimed_by`` names anyone: a list, or words in a table read back."""
    return isinstance(value, (str, list, tuple, np.ndarray)) and len(value) > 0


def _layer(frame: Any, view: View, classes: Classes | None = None) -> ShapeLayer:
    """Shapes of a frame's cells, polygons or lines that reach into the view."""
    import shapely

    if "h3_cell" in frame.columns:
        shapes = cell_shapes(frame["h3_cell"].tolist(), view)
    else:
        geometries = np.asarray(frame.geometry.array, dtype=object)
        lines = np.isin(shapely.get_type_id(geometries), (1, 2, 5)).any()
        shapes = (line_shapes if lines else polygon_shapes)(geometries, view)
    rows = np.array([i for i, shape in enumerate(shapes) if shape is not None], np.int64)
    return ShapeLayer(frame, [shape for shape in shapes if shape is not None], rows, classes)


def _event_layer(
    events: Any, lon: FloatArray, lat: FloatArray, view: View, category: str, size_by: str | None
) -> EventLayer:
    classes = classify_events(events, category)
    size, key = marker_sizes(events, size_by)
    x, y = view.project(lon, lat)
    with np.errstate(invalid="ignore"):
        rows = np.flatnonzero(view.contains(x, y))
    disc = np.zeros(len(events))
    if "location_uncertainty_km" in events.columns:
        km = events["location_uncertainty_km"].to_numpy(dtype=float, na_value=np.nan)
        with np.errstate(invalid="ignore"):
            disc = np.where((km > 0.0) & (km <= _DISC_LIMIT_KM), 1000.0 * km, 0.0)
    hollow = too_coarse(events, "skip")
    # large markers first, so that small ones stay visible on top
    rows = rows[np.argsort(-size[rows], kind="stable")]
    title = "" if size_by is None else size_by.replace("_", " ")
    return EventLayer(events, rows, x[rows], y[rows], size[rows], disc[rows], hollow[rows],
                      replace(classes, index=classes.index[rows]), title, key)  # fmt: skip


def _codes(events: Any) -> set[str]:
    """Codes of the regions that hold events, as far as known."""
    if events is None or "region_code" not in events.columns:
        return set()
    return {code for code in events["region_code"] if isinstance(code, str)}


def _labels(
    labels: Sequence[str] | str | None, codes: set[str], regions: ShapeLayer | None,
    events: EventLayer | None, view: View, wide: View,
) -> list[Label]:  # fmt: skip
    """Places of events, the regions that hold them, countries, and other regions with room."""
    if labels is None:
        return []
    auto = isinstance(labels, str)
    if auto and labels != "auto":
        raise ValueError(f"Invalid labels: {labels!r}; must be 'auto', None or region codes.")
    places: list[Label] = []
    if auto and events is not None and "location_name" in events.frame.columns:
        places = place_labels(events.frame["location_name"].iloc[events.rows], events.x, events.y)
    if regions is None:
        return places
    if not auto:
        codes = set(labels)
        missing = sorted(codes - set(regions.frame.get("region_code", ())))
        if missing:
            raise ValueError(f"Invalid labels: {missing} are no region_code of regions.")
    layer = regions.frame, regions.shapes, regions.rows, view, wide
    asked, others = region_labels(*layer, codes)
    return [*places, *asked, *country_labels(*layer), *(others if auto else [])]


def _notes(lon: FloatArray, reported: bool, worldview: str, credits: Sequence[str]) -> list[str]:
    """The lines that every map carries, the non-endorsement first."""
    told = _WORLDVIEWS.get(worldview, f"under the worldview “{worldview}”")
    notes = [NON_ENDORSEMENT.format(worldview=told)]
    if reported:
        notes.append(UNDER_REPORTING)
    missing = int(np.isnan(lon).sum())
    if missing:
        has = "has" if missing == 1 else "have"
        notes.append(f"{missing} of {len(lon)} events {has} no location and cannot be drawn.")
    return [*notes, *credits]


def _credits(events: Any, shared: bool) -> list[str]:
    """Whose places events stand at that were found by name; for others, that some may have been."""
    if shared:
        return [GEONAMES]
    if events is None or "match" not in events.columns:
        return []
    import shapely

    drawn = ~shapely.is_missing(events.geometry.to_numpy())
    by_name = (events["match"] == "gazetteer").to_numpy(bool) & drawn
    return [GEONAMES] if by_name.any() else []


def _outside(lon: FloatArray, lat: FloatArray, view: View) -> list[str]:
    """Say how many located events the view leaves out."""
    x, y = view.project(lon, lat)
    with np.errstate(invalid="ignore"):
        out = int((~np.isnan(lon) & ~view.contains(x, y)).sum())
    return [f"{out} of {len(lon)} events lie outside this map."] if out else []


def _describe(
    events: EventLayer | None, cells: ShapeLayer | None, regions: ShapeLayer | None
) -> str:
    """Text in place of the picture, for those who cannot see it."""
    parts = []
    for count, name in (
        (0 if events is None else len(events.rows), "event"),
        (0 if cells is None else len(cells.rows), "cell"),
        (0 if regions is None else len(regions.rows), "region"),
    ):
        if count:
            parts.append(f"{count:,} {name}{'' if count == 1 else 's'}")
    return "Map of " + (", ".join(parts) if parts else "nothing: no data in this view") + "."
