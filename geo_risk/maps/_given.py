"""The input of a map, checked and classified; nothing here depends on a view."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from geo_risk._core.grids import in_degrees
from geo_risk._core.types import FloatArray
from geo_risk._core.validate import refuse_unused
from geo_risk.frames.share import COUNTS, NO_COUNTS, check_min_count, shared_cells
from geo_risk.maps._classes import (
    Classes,
    classify_cells,
    classify_events,
    marker_sizes,
    with_suppressed,
)
from geo_risk.maps._view import Bounds, check_bounds
from geo_risk.regions.dated import refuse_dated

__all__ = ["Asked", "Given", "prepare"]

NON_ENDORSEMENT = (
    "Borders are shown as administered {worldview}, without endorsement: no line or name on this "
    "map supports a claim."
)
UNDER_REPORTING = "Reports are not all that happened; a place without them is not thereby safe."
SHARED = (
    "Written for sharing: cells in place of points, no text, no count below {least} other than 0."
)
GEONAMES = "Places: GeoNames (geonames.org), CC BY 4.0."
_WORLDVIEWS = {"de_facto": "de facto"}


@dataclass(frozen=True, eq=False, repr=False, kw_only=True)
class Asked:
    """Input and options of a map; `Map` documents each field."""

    events: Any = None
    cells: Any = None
    regions: Any = None
    borders: Any = None
    title: str | None = None
    bounds: Bounds | None = None
    color_by: str | None = None
    category: str = "category"
    size_by: str | None = None
    labels: Sequence[str] | str | None = "auto"
    boundary_source: str = "Natural Earth 1:10m (public domain)"
    worldview: str | None = None
    attribution: Sequence[str] = ()
    share: bool = False
    coarsen: str | int | None = None
    min_count: int | None = None

    @property
    def shared(self) -> bool:
        """Whether the map will be shared."""
        return self.share or self.coarsen is not None


@dataclass(frozen=True, eq=False)
class Given:
    """The caller's frames in degrees, without what may not be shared, and their classes.

    `lon` and `lat` are those of the events, NaN if one cannot be drawn; `size` is the radius
    of their markers in pixels; `extent` has the points that a view must contain.
    """

    events: Any
    cells: Any
    regions: Any
    borders: Any
    lon: FloatArray
    lat: FloatArray
    size: FloatArray
    size_key: list[tuple[str, float]]
    event_classes: Classes | None
    cell_classes: Classes | None
    extent: tuple[FloatArray, FloatArray]
    notes: list[str]
    least: int


def prepare(asked: Asked) -> Given:
    """Check the input, and prepare everything that is the same in every view."""
    if asked.bounds is not None:
        check_bounds(asked.bounds)
    if isinstance(asked.labels, str) and asked.labels != "auto":
        raise ValueError(f"Invalid labels: {asked.labels!r}; must be 'auto', None or region codes.")
    events, cells = as_frame(asked.events, "events"), as_frame(asked.cells, "cells")
    regions, borders = as_frame(asked.regions, "regions"), as_frame(asked.borders, "borders")
    notes, least = _notes(asked, events, cells), check_min_count(asked.min_count)
    if asked.shared:  # from here on nothing can reveal more about the events than the cells do
        refuse_unused({"size_by": asked.size_by}, "cells replace points")
        if events is not None or cells is not None:
            cells, events = shared_cells(events, cells, asked.coarsen, least), None
    else:
        refuse_unused({"min_count": asked.min_count}, NO_COUNTS)
    lon, lat = _points(events)
    sizes, key = (lon, []) if events is None else marker_sizes(events, asked.size_by)
    classes = None if cells is None else _cell_classes(cells, asked.color_by, asked.shared, least)
    return Given(
        events, cells, regions, borders, lon, lat, sizes, key,
        None if events is None else classify_events(events, asked.category), classes,
        _extent(lon, lat, cells, classes, regions, every_cell=asked.shared),
        [*notes, *_missing(lon), *_credits(asked, events, least)], least,
    )  # fmt: skip


def as_frame(value: Any, name: str) -> Any:
    """The caller's frame in WGS84 degrees; a layer object gives its `table`."""
    if value is None:
        return None
    refuse_dated(value, verb="a map", name=name)
    frame = getattr(value, "table", value)
    if not hasattr(frame, "columns") or not hasattr(frame, "iloc"):
        raise TypeError(f"Invalid {name}: {type(value).__name__}; must be a GeoDataFrame.")
    if not hasattr(frame, "to_crs"):
        if name == "cells" and "h3_cell" in frame.columns:
            return frame
        raise TypeError(f"Invalid {name}: the frame has no geometry; must be a GeoDataFrame.")
    if name == "cells" and "h3_cell" in frame.columns:
        return frame
    if frame.crs is None:
        raise ValueError(
            f"Invalid {name}: the frame has no CRS. If its coordinates are WGS84 degrees, say so: "
            f"{name}.set_crs('EPSG:4326')."
        )
    return frame if frame.crs.to_epsg() == 4326 else in_degrees(frame, f"{name}: its CRS")


def _points(events: Any) -> tuple[FloatArray, FloatArray]:
    """Longitude and latitude of each event; NaN if it cannot be drawn."""
    if events is None:
        return np.empty(0), np.empty(0)
    import shapely

    shapes = np.asarray(events.geometry.array, dtype=object)
    areas = np.isin(shapely.get_type_id(shapes), (0, -1), invert=True)
    shapes = shapes.copy()
    shapes[areas] = shapely.point_on_surface(shapes[areas])
    shapes[shapely.is_empty(shapes)] = None  # empty points have no x: GEOS raises
    lon, lat = shapely.get_x(shapes), shapely.get_y(shapes)
    with np.errstate(invalid="ignore"):
        bad = ~((np.abs(lon) <= 180.0) & (np.abs(lat) <= 90.0))
    lon[bad] = lat[bad] = np.nan
    return lon, lat


def _extent(
    lon: FloatArray, lat: FloatArray, cells: Any, classes: Classes | None, regions: Any,
    every_cell: bool,
) -> tuple[FloatArray, FloatArray]:  # fmt: skip
    """Points that the view must contain: events and significant cells, else all cells or regions.

    `every_cell` includes all cells, so that a shared map shows the same cells as its table.
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
    """Classes of cells; in a shared map with one more class for counts that are left out."""
    if not shared:
        return classify_cells(cells, color_by)
    if color_by not in (None, "hotspot", *COUNTS):
        raise ValueError(
            f"Invalid color_by: {color_by!r}; a shared map must use 'hotspot' or 'n_events', "
            "because a score reveals the count of its cell."
        )
    classes = classify_cells(cells, "n_events" if color_by in COUNTS else color_by)
    by_count = "hotspot" not in cells.columns or color_by in COUNTS
    words = f"Fewer than {min_count}" + ("" if by_count else " events, class not shown")
    return with_suppressed(classes, cells["suppressed"].to_numpy(), words)


def _notes(asked: Asked, events: Any, cells: Any) -> list[str]:
    """The notes of every map, the non-endorsement first."""
    told = str(asked.worldview or getattr(asked.regions, "worldview", "de_facto"))
    told = _WORLDVIEWS.get(told, f"under the worldview “{told}”")
    reported = events is not None or cells is not None
    return [NON_ENDORSEMENT.format(worldview=told), *([UNDER_REPORTING] if reported else [])]


def _missing(lon: FloatArray) -> list[str]:
    """Note that counts the events that cannot be drawn; empty if there are none."""
    missing = int(np.isnan(lon).sum())
    has = "has" if missing == 1 else "have"
    told = f"{missing} of {len(lon)} events {has} no location and cannot be drawn."
    return [told] if missing else []


def _credits(asked: Asked, events: Any, least: int) -> list[str]:
    """Sources of boundaries, places and other data; in a shared map also a note about sharing."""
    credits = [f"Boundaries: {asked.boundary_source}."]
    if asked.shared or _found_by_name(events):
        credits.append(GEONAMES)
    shared = [SHARED.format(least=least)] if asked.shared else []
    return [*shared, *credits, *map(str, asked.attribution)]


def _found_by_name(events: Any) -> bool:
    """Whether any event is drawn at a place that was found by its name."""
    if events is None or "match" not in events.columns:
        return False
    import shapely

    drawn = ~shapely.is_missing(events.geometry.to_numpy())
    return bool(((events["match"] == "gazetteer").to_numpy(bool) & drawn).any())
