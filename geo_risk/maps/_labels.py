"""Labels on the map and their positions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from geo_risk.maps._geometry import Shape, thin
from geo_risk.maps._view import View

__all__ = ["SHIFTS", "Label", "broken", "country_labels", "place_labels", "region_labels"]

_MOST_COUNTRIES = 60
_MOST_REGIONS = 150
_MOST_PLACES = 20
SHIFTS = (
    (0.0, 0.0), (0.0, 0.4), (0.0, -0.4), (0.0, 0.8), (0.0, -0.8), (0.5, 0.0), (-0.5, 0.0),
    (0.5, 0.5), (-0.5, 0.5), (0.5, -0.5), (-0.5, -0.5),
)  # fmt: skip
"""Possible positions of the label of an area, as shares of its room, best first."""
_LONG = 16  # letters; a longer name takes two lines


@dataclass(frozen=True)
class Label:
    """A name at a projected point; `kind` is ``"region"``, ``"country"`` or ``"place"``.

    Labels are in order of importance: if two collide, the later one is moved by at most `room`
    (projected metres, within its area), or left out.
    """

    text: str
    x: float
    y: float
    kind: str
    room: float = 0.0


def broken(name: str) -> str:
    """Break a long name into two lines at the space nearest to its middle."""
    spaces = [i for i, letter in enumerate(name) if letter == " "]
    if len(name) <= _LONG or not spaces:
        return name
    at = min(spaces, key=lambda i: abs(2 * i + 1 - len(name)))
    return f"{name[:at]}\n{name[at + 1 :]}"


def place_labels(names: Sequence[Any], x: Any, y: Any) -> list[Label]:
    """Labels of the places of events, once each; none if there are too many to read."""
    first: dict[str, Label] = {}
    for name, east, north in zip(names, x, y):
        if isinstance(name, str) and name.strip() and name not in first:
            first[name] = Label(name, float(east), float(north), "place")
    return list(first.values()) if len(first) <= _MOST_PLACES else []


def region_labels(
    frame: Any, shapes: list[Shape], rows: Any, view: View, wide: View, codes: set[str]
) -> tuple[list[Label], list[Label]]:
    """Labels of the regions with the given codes, and of other regions with enough room."""
    if not {"region_code", "region_name"} <= set(frame.columns):
        return [], []
    table = zip(shapes, frame["region_code"].iloc[rows], frame["region_name"].iloc[rows])
    found: tuple[list[tuple[float, Label]], ...] = ([], [])
    for shape, code, name in table:
        asked = code in codes
        if not isinstance(name, str) or not (asked or _large(shape, view)):
            continue
        spot = _place([shape], view) or _place([shape], wide)
        if spot is not None and (asked or spot[2] > view.width_m / 40.0):
            label = Label(broken(name), spot[0], spot[1], "region", spot[2])
            found[not asked].append((-spot[2], label))
    first, others = ([label for _, label in sorted(f, key=lambda i: i[0])] for f in found)
    return first[:_MOST_REGIONS], others[:_MOST_REGIONS]


def _large(shape: Shape, view: View) -> bool:
    """Whether a shape's box is large enough for a label: a cheap test before the exact search."""
    least = view.width_m / 20.0
    return any((np.ptp(ring, axis=0) > least).all() for ring in shape.rings)


def country_labels(
    frame: Any, shapes: list[Shape], rows: Any, view: View, wide: View
) -> list[Label]:
    """One label per country, at the widest spot of its part in the view or, if none, in `wide`."""
    if "country_name" not in frame.columns:
        return []
    members: dict[str, list[Shape]] = {}
    for shape, name in zip(shapes, frame["country_name"].iloc[rows]):
        if isinstance(name, str) and name:
            members.setdefault(name, []).append(shape)
    found = []
    for name, parts in members.items():
        rings = [ring for part in parts for ring in part.rings]
        if not _large(Shape((np.vstack(rings),), ()), view):
            continue
        spot = _place(parts, view) or _place(parts, wide)
        if spot is not None and spot[2] > view.width_m / 60.0:
            found.append((spot, name))
    found.sort(key=lambda item: -item[0][2])
    return [
        Label(broken(name), x, y, "country", room) for (x, y, room), name in found[:_MOST_COUNTRIES]
    ]


def _place(shapes: Sequence[Shape], view: View) -> tuple[float, float, float] | None:
    """Centre and radius of approximately the largest circle inside the shapes and the view."""
    import shapely
    from shapely.ops import polylabel

    frame = (view.xmin, view.ymin, view.xmax, view.ymax)
    step = view.width_m / 400.0
    rings = thin([ring for shape in shapes for ring in shape.rings], step)
    polygons = np.array([shapely.Polygon(ring) for ring in rings if len(ring) > 3], dtype=object)
    if not len(polygons):
        return None
    crossed = ~shapely.is_valid(polygons)
    polygons[crossed] = shapely.make_valid(polygons[crossed])
    # The enclave's own fill covers holes; they do not matter for the position of a label.
    area = shapely.union_all(polygons)
    cut = shapely.get_parts(shapely.clip_by_rect(area, *frame))
    parts = [part for part in cut if part.geom_type == "Polygon" and part.area > 0.0]
    if not parts:
        return None
    largest = max(parts, key=lambda part: part.area)
    point = polylabel(largest, tolerance=2.0 * step)
    return point.x, point.y, float(largest.exterior.distance(point))
