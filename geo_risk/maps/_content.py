"""The content of a map in one view, before matplotlib or a browser draws it.

`content_of` converts the input to shapes, labels and notes; `_picture.py` and `_page.py` only draw
them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from geo_risk._core.frames import too_coarse
from geo_risk._core.types import FloatArray, IntArray
from geo_risk.maps._classes import Classes
from geo_risk.maps._geometry import Shape, cell_shapes, line_shapes, polygon_shapes
from geo_risk.maps._given import Asked, Given
from geo_risk.maps._labels import Label, country_labels, place_labels, region_labels
from geo_risk.maps._view import View

__all__ = ["DISPUTED", "Content", "EventLayer", "ShapeLayer", "content_of"]


DISPUTED = "Disputed, in whole or part"
HOLLOW = "Hollow markers stand for a district, a province, a line or a country, not for a place."
_DISC_LIMIT_KM = 300.0  # a larger disc only says "somewhere in the country", and hides the map


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


def content_of(asked: Asked, given: Given, view: View, wide: View) -> Content:
    """Content of a view; shapes extend to `wide`, for a map that can be moved."""
    regions, borders, cells = (
        None if frame is None else _layer(frame, wide, classes)
        for frame, classes in (
            (given.regions, None), (given.borders, None), (given.cells, given.cell_classes),
        )
    )  # fmt: skip
    events = None if given.events is None else _event_layer(given, wide, asked.size_by)
    notes = list(given.notes)
    if events is not None:
        notes += _outside(given.lon, given.lat, view)
        if events.hollow.any():
            notes.append(HOLLOW)
    return Content(
        view, asked.title or "Event map", regions, borders, cells, events,
        _labels(asked.labels, _codes(given.events), regions, events, view, wide),
        [*notes, f"{view.name}."], _describe(events, cells, regions), asked.shared, given.least,
    )  # fmt: skip


def _is_claimed(value: Any) -> bool:
    """Whether a value of ``claimed_by`` names anyone: a list, or text in a saved table."""
    return isinstance(value, (str, list, tuple, np.ndarray)) and len(value) > 0


def _layer(frame: Any, view: View, classes: Classes | None = None) -> ShapeLayer:
    """Shapes of a frame's cells, polygons or lines that intersect the view."""
    import shapely

    if "h3_cell" in frame.columns:
        shapes = cell_shapes(frame["h3_cell"].tolist(), view)
    else:
        geometries = np.asarray(frame.geometry.array, dtype=object)
        lines = np.isin(shapely.get_type_id(geometries), (1, 2, 5)).any()
        shapes = (line_shapes if lines else polygon_shapes)(geometries, view)
    rows = np.array([i for i, shape in enumerate(shapes) if shape is not None], np.int64)
    return ShapeLayer(frame, [shape for shape in shapes if shape is not None], rows, classes)


def _event_layer(given: Given, view: View, size_by: str | None) -> EventLayer:
    """Located events in the view."""
    events, size, classes = given.events, given.size, given.event_classes
    assert classes is not None
    x, y = view.project(given.lon, given.lat)
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
                      replace(classes, index=classes.index[rows]), title,
                      given.size_key)  # fmt: skip


def _codes(events: Any) -> set[str]:
    """Codes of the regions with events, as far as known."""
    if events is None or "region_code" not in events.columns:
        return set()
    return {code for code in events["region_code"] if isinstance(code, str)}


def _labels(
    labels: Sequence[str] | str | None, codes: set[str], regions: ShapeLayer | None,
    events: EventLayer | None, view: View, wide: View,
) -> list[Label]:  # fmt: skip
    """Labels of event places, their regions, countries, and other regions with room."""
    if labels is None:
        return []
    auto = isinstance(labels, str)
    places: list[Label] = []
    if auto and events is not None and "location_name" in events.frame.columns:
        places = place_labels(events.frame["location_name"].iloc[events.rows], events.x, events.y)
    if regions is None:
        return places
    if not auto:
        codes = set(labels)
        missing = sorted(codes - set(regions.frame.get("region_code", ())))
        if missing:
            raise ValueError(f"Invalid labels: {missing}; must be values of region_code.")
    layer = regions.frame, regions.shapes, regions.rows, view, wide
    asked, others = region_labels(*layer, codes)
    return [*places, *asked, *country_labels(*layer), *(others if auto else [])]


def _outside(lon: FloatArray, lat: FloatArray, view: View) -> list[str]:
    """Note that counts the located events outside the view; empty if there are none."""
    x, y = view.project(lon, lat)
    with np.errstate(invalid="ignore"):
        out = int((~np.isnan(lon) & ~view.contains(x, y)).sum())
    return [f"{out} of {len(lon)} events lie outside this map."] if out else []


def _describe(
    events: EventLayer | None, cells: ShapeLayer | None, regions: ShapeLayer | None
) -> str:
    """Alternative text, for readers who cannot see the picture."""
    parts = []
    for count, name in (
        (0 if events is None else len(events.rows), "event"),
        (0 if cells is None else len(cells.rows), "cell"),
        (0 if regions is None else len(regions.rows), "region"),
    ):
        if count:
            parts.append(f"{count:,} {name}{'' if count == 1 else 's'}")
    return "Map of " + (", ".join(parts) if parts else "nothing: no data in this view") + "."
