"""Data for the viewer of the web map: only integers and short strings."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from geo_risk.maps._classes import MARKERS, Classes, is_missing
from geo_risk.maps._content import DISPUTED, Content, EventLayer, ShapeLayer
from geo_risk.maps._geometry import earth_outline, graticule, quantise
from geo_risk.maps._labels import SHIFTS
from geo_risk.maps._paint import degree_text
from geo_risk.maps._popups import cell_columns, event_columns, region_columns
from geo_risk.maps._view import View, local_scale

__all__ = ["payload"]

_GRID = 1 << 15  # units across the drawn window
_MOST_VERTICES = 250_000  # of regions and borders; with more, the grid is coarser
_COARSEST = 1 << 12
_NAMES = {
    "border_m": "distance to border",
    "border_country_code": "nearest other country",
    "fatalities_best": "deaths (best estimate)",
    "gi_z": "Gi* z-score",
    "h3_cell": "H3 cell",
    "location_uncertainty_km": "location uncertainty (km)",
    "n_events": "events",
    "neighbors_missing": "neighbours outside the study area",
    "p_value": "p",
    "q_value": "q (false discovery rate)",
}


def payload(content: Content, wide: View, popup_columns: Sequence[str] | None) -> dict[str, Any]:
    """Everything the viewer needs, in units of the grid from the window's top left corner."""
    quantum = wide.width_m / _GRID
    while True:
        regions = _areas(content.regions, wide, quantum)
        borders = _lines(content.borders, wide, quantum)
        if (
            _count(regions) + _count(borders) <= _MOST_VERTICES
            or wide.width_m / quantum < 2 * _COARSEST
        ):
            break
        quantum *= 2.0
    view = content.view
    earth = earth_outline(view)
    return {
        "size": [round(wide.width_m / quantum), round(wide.height_m / quantum)],
        "view": [
            (view.xmin - wide.xmin) / quantum, (wide.ymax - view.ymax) / quantum,
            (view.xmax - wide.xmin) / quantum, (wide.ymax - view.ymin) / quantum,
        ],
        # metres on the Earth per unit, at the middle of the map
        "metres": quantum * local_scale(view, *_middle(view)),
        "scaleNote": " at the middle" if max(view.width_m, view.height_m) > 3e6 else "",
        "earth": None if earth is None else quantise([earth], wide, quantum, closed=True)[0],
        "markers": list(MARKERS),
        "shifts": SHIFTS,
        "grid": [
            {"axis": axis, "text": degree_text(axis, degrees), "points": line}
            for axis, degrees, points in graticule(wide)
            for line in quantise([points], wide, quantum, closed=False)
            if line
        ],
        "labels": [
            {
                "text": label.text,
                "kind": label.kind,
                "room": round(label.room / quantum),
                **_spot(label.x, label.y, wide, quantum),
            }
            for label in content.labels
        ],
        "regions": regions,
        "borders": borders,
        "cells": _cells(content, wide, quantum),
        "events": _events(content.events, wide, quantum, popup_columns),
    }  # fmt: skip


def _middle(view: View) -> tuple[float, float]:
    return (view.xmin + view.xmax) / 2.0, (view.ymin + view.ymax) / 2.0


def _spot(x: float, y: float, wide: View, quantum: float) -> dict[str, int]:
    return {"x": round((x - wide.xmin) / quantum), "y": round((wide.ymax - y) / quantum)}


def _count(layer: dict[str, Any] | None) -> int:
    if layer is None:
        return 0
    drawn = [*layer.get("shapes", []), *layer["lines"]]
    return sum(len(curve) for curves in drawn for curve in curves) // 2


def _areas(layer: ShapeLayer | None, wide: View, quantum: float) -> dict[str, Any] | None:
    """Regions: rings to fill, lines to stroke, rows for popups."""
    if layer is None:
        return None
    rings = _coded([shape.rings for shape in layer.shapes], wide, quantum, closed=True)
    kept = [i for i, curves in enumerate(rings) if curves]
    # A ring without a seam is also its outline: the file has it once, and the viewer strokes it.
    seams = [() if _same(s.rings, s.lines) else s.lines for s in (layer.shapes[i] for i in kept)]
    names = ("region_name", "region_code")
    table = _table(layer.frame, layer.rows[kept], region_columns(layer.frame), names, "Region")
    lines = _coded(seams, wide, quantum, closed=False)
    return {
        "shapes": [rings[i] for i in kept],
        "lines": lines,
        "disputed": [number for number, i in enumerate(kept) if layer.disputed[i]],
        "disputedText": DISPUTED,
        **table,
    }


def _coded(
    groups: Sequence[Sequence[Any]], wide: View, quantum: float, *, closed: bool
) -> list[list[list[int]]]:
    """Quantised curves of each shape, without those that shrink to a point."""
    flat = quantise([c for curves in groups for c in curves], wide, quantum, closed=closed)
    result, start = [], 0
    for curves in groups:
        end = start + len(curves)
        result.append([steps for steps in flat[start:end] if steps])
        start = end
    return result


def _speck(corner: Any, wide: View, quantum: float) -> list[int]:
    """Smallest triangle of the grid at a point."""
    x, y = np.rint((np.asarray(corner) - (wide.xmin, wide.ymax)) / (quantum, -quantum)).astype(int)
    return [int(x), int(y), 1, 0, 0, 1]


def _same(rings: Sequence[Any], lines: Sequence[Any]) -> bool:
    return len(rings) == len(lines) and all(a is b for a, b in zip(rings, lines))


def _lines(layer: ShapeLayer | None, wide: View, quantum: float) -> dict[str, Any] | None:
    if layer is None:
        return None
    return {"lines": _coded([s.lines for s in layer.shapes], wide, quantum, closed=False)}


def _cells(content: Content, wide: View, quantum: float) -> dict[str, Any] | None:
    """Cells: rings, classes, rows for popups; counts that may not be shared are marked."""
    layer = content.cells
    if layer is None or layer.classes is None:
        return None
    rings = _coded([shape.rings for shape in layer.shapes], wide, quantum, closed=True)
    for i, curves in enumerate(rings):
        if not curves:  # thinner than the grid, as at a pole: the cell still counts
            rings[i] = [_speck(layer.shapes[i].rings[0][0], wide, quantum)]
    rows = layer.rows
    columns = cell_columns(layer.frame)
    table = _table(layer.frame, rows, columns, ("h3_cell",), "Cell")
    if content.shared:
        for row, text in zip(table["rows"], _counts(layer.frame.iloc[rows], content.min_count)):
            row[columns.index("n_events")] = text
    classes = _classes(layer.classes, layer.classes.index[rows])
    return {"shapes": rings, "classes": classes, **table}


def _counts(cells: Any, least: int) -> list[str | None]:
    """Counts for sharing as text, with all their digits."""
    few = f"fewer than {least}"
    return [
        few if hidden else None if np.isnan(count) else np.format_float_positional(count, trim="-")
        for count, hidden in zip(cells["n_events"], cells["suppressed"])
    ]


def _events(
    layer: EventLayer | None, wide: View, quantum: float, popup_columns: Sequence[str] | None
) -> dict[str, Any] | None:
    if layer is None:
        return None
    columns = event_columns(layer.frame, popup_columns)
    names = ("location_name", "place", "category", "event_id")
    return {
        "x": np.rint((layer.x - wide.xmin) / quantum).astype(int).tolist(),
        "y": np.rint((wide.ymax - layer.y) / quantum).astype(int).tolist(),
        "size": np.round(layer.size, 1).tolist(),
        "disc": np.round(layer.disc_m / quantum, 1).tolist(),
        "hollow": layer.hollow.astype(int).tolist(),
        "classes": _classes(layer.classes, layer.classes.index),
        "dates": _dates(layer.frame, layer.rows) if "date_start" in columns else None,
        "sizeTitle": layer.size_title,
        "sizeKey": [[text, round(radius, 1)] for text, radius in layer.size_key],
        **_table(layer.frame, layer.rows, columns, names, "Event"),
    }


def _dates(frame: Any, rows: Any) -> list[list[str] | None]:
    """First and last day of each event, ISO 8601; None if the first is missing."""
    first = frame["date_start"].iloc[rows]
    last = frame["date_end"].iloc[rows] if "date_end" in frame.columns else first
    days: list[list[str] | None] = []
    for start, end in zip(first, last):
        if is_missing(start):
            days.append(None)
            continue
        days.append([str(start)[:10], str(start if is_missing(end) else end)[:10]])
    return days


def _classes(classes: Classes, index: Any) -> dict[str, Any]:
    return {
        "title": classes.title,
        "labels": list(classes.labels),
        "colours": list(classes.colours),
        "faint": sorted(classes.faint),
        "used": [i for i in range(len(classes.labels)) if (index == i).any()],
        "index": index.tolist(),
    }


def _table(
    frame: Any, rows: Any, columns: Sequence[str], titles: Sequence[str], kind: str
) -> dict[str, Any]:
    """Column names, texts by row, and the columns whose first text is the row's heading."""
    texts = [[_text(value, name) for value in frame[name].iloc[rows]] for name in columns]
    return {
        "kind": kind,
        "headings": [columns.index(name) for name in titles if name in columns],
        "columns": [_NAMES.get(name, str(name).replace("_", " ")) for name in columns],
        "rows": [list(row) for row in zip(*texts)] if columns else [[] for _ in rows],
    }


def _text(value: Any, name: str) -> str | None:
    """Value as readable text, without digits that mean nothing; None if missing."""
    if isinstance(value, (list, tuple, np.ndarray)):
        return ", ".join(str(item) for item in value) or None
    if is_missing(value):
        return None
    if isinstance(value, (bool, np.bool_)):
        return "yes" if value else "no"
    if isinstance(value, (float, np.floating)):
        if not np.isfinite(value):
            return None
        if name.endswith("_m"):
            return f"{value / 1000.0:.1f} km"
        return f"{value:.3g}" if name in ("p_value", "q_value", "gi_z") else f"{value:.6g}"
    text = value.isoformat(" ", "seconds") if hasattr(value, "hour") else str(value)
    return text.removesuffix(" 00:00:00") or None
