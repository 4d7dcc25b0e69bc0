"""Draw a `Content` on matplotlib axes, layer by layer from the sea upwards."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from typing import Any

import numpy as np

from geo_risk.maps._classes import MARKERS
from geo_risk.maps._content import DISPUTED, Content, EventLayer, ShapeLayer
from geo_risk.maps._geometry import earth_outline, graticule, thin
from geo_risk.maps._labels import SHIFTS, Label
from geo_risk.maps._view import View, local_scale

__all__ = ["degree_text", "paint", "round_length"]

_SEA, _LAND = "#dce8ef", "#f8f6f0"
_REGION_LINE, _BORDER_LINE, _GRID, _HATCH = "#b9b2a3", "#3d3d3d", "#9fb3c0", "#b5ac98"
_MARKERS = {
    "circle": "o", "square": "s", "triangle": "^", "diamond": "D",
    "cross": "X", "down": "v", "plus": "P",
}  # fmt: skip
_MIDDLE = {"xytext": (0, 0), "ha": "center", "va": "center"}
_LABEL_STYLE: dict[str, dict[str, Any]] = {
    "country": {"fontsize": 8.5, "color": "#5f5848", **_MIDDLE},
    "region": {"fontsize": 7.5, "color": "#6e6757", "style": "italic", **_MIDDLE},
    "place": {"fontsize": 8, "color": "#111111", "xytext": (7, 0), "ha": "left", "va": "center"},
}
_POINTS_PER_PIXEL = 72.0 / 96.0


def paint(axes: Any, content: Content) -> None:
    """Draw the layers from the sea upwards."""
    view = content.view
    many = 0 if content.regions is None else len(content.regions.rows)
    thin = 1.0 if many <= 150 else max(0.3, (150.0 / many) ** 0.4)
    axes.set_xlim(view.xmin, view.xmax)
    axes.set_ylim(view.ymin, view.ymax)
    axes.set_aspect("equal")
    earth = earth_outline(view)
    axes.set_facecolor(_SEA if earth is None else "white")
    if earth is not None:
        axes.fill(*earth.T, facecolor=_SEA, edgecolor="#8fa6b3", linewidth=0.6, zorder=0.5)
    axes.set_xticks([])
    axes.set_yticks([])
    for spine in axes.spines.values():
        spine.set(color="#7a7a7a", linewidth=0.8)
    axes.set_title(content.title, loc="left", fontsize=13, weight="bold", pad=7, parse_math=False)
    if content.regions is not None:
        _fill(axes, content.regions, _LAND, zorder=1)
        _hatch(axes, content.regions)
    degrees = _grid(axes, view)
    if content.cells is not None:
        _cells(axes, content.cells)
    if content.regions is not None:
        _stroke(axes, content.regions, _REGION_LINE, 0.6 * thin, zorder=4)
    if content.borders is not None:
        _stroke(axes, content.borders, _BORDER_LINE, 1.2 * thin, zorder=5)
    if content.events is not None:
        _events(axes, content.events)
    _legend(axes, content)
    bar = _scale_bar(axes, view)
    _labels(axes, content, [*bar, *degrees])


def _path(rings: Sequence[Any], closed: bool) -> Any:
    """One compound path of all rings or lines."""
    from matplotlib.path import Path

    codes = []
    for ring in rings:
        code = np.full(len(ring), Path.LINETO, Path.code_type)
        code[0] = Path.MOVETO
        if closed:
            code[-1] = Path.CLOSEPOLY
        codes.append(code)
    return Path(np.concatenate(rings), np.concatenate(codes))


def _fineness(axes: Any) -> float:
    """A quarter of a pixel in metres: finer vertices cost time and are not visible."""
    west, east = axes.get_xlim()
    pixels = axes.get_position().width * axes.figure.get_figwidth() * axes.figure.dpi
    return float((east - west) / (4.0 * pixels))


def _fill(axes: Any, layer: ShapeLayer, colour: str, zorder: float) -> None:
    from matplotlib.collections import PathCollection

    fineness = _fineness(axes)
    rings = [thin(shape.rings, fineness) for shape in layer.shapes]
    paths = [_path(curves, closed=True) for curves in rings if curves]
    if paths:
        # stroke with the fill colour: anti-aliased neighbours would show a thin line of sea
        axes.add_collection(
            PathCollection(paths, facecolor=colour, edgecolor=colour, linewidth=0.3, zorder=zorder),
            autolim=False,
        )


def _stroke(axes: Any, layer: ShapeLayer, colour: str, width: float, zorder: float) -> None:
    from matplotlib.collections import LineCollection

    lines = thin([line for shape in layer.shapes for line in shape.lines], _fineness(axes))
    axes.add_collection(
        LineCollection(lines, colors=colour, linewidths=width, zorder=zorder,
                       capstyle="round", joinstyle="round"), autolim=False)  # fmt: skip


def _hatch(axes: Any, layer: ShapeLayer) -> None:
    """Thin diagonal lines over regions that are claimed by other states."""
    from matplotlib.collections import PathCollection

    fineness = _fineness(axes)
    shapes = [shape for shape, claimed in zip(layer.shapes, layer.disputed) if claimed]
    paths = [_path(c, closed=True) for c in (thin(s.rings, fineness) for s in shapes) if c]
    if paths:
        axes.add_collection(
            PathCollection(paths, facecolor="none", edgecolor=_HATCH, linewidth=0.0, hatch="////",
                           zorder=1.5), autolim=False)  # fmt: skip


def _grid(axes: Any, view: View) -> list[Any]:
    """Draw meridians and parallels; return their labels."""
    from matplotlib.collections import LineCollection

    lines = graticule(view)
    curves = [points for _, _, points in lines]
    axes.add_collection(
        LineCollection(curves, colors=_GRID, linewidths=0.4, alpha=0.7, zorder=2), autolim=False
    )
    texts = []
    for axis, degrees, points in lines:
        spot = _frame_crossing(points, view, axis)
        if spot is not None:
            place = (
                {"ha": "center", "va": "bottom"}
                if axis == "lon"
                else {"ha": "left", "va": "center"}
            )
            text = axes.annotate(
                degree_text(axis, degrees), spot, (0, 2) if axis == "lon" else (3, 0),
                textcoords="offset points", fontsize=6, color="#4a6373", zorder=8, **place,
            )  # fmt: skip
            texts.append(_haloed(text))
    return texts


def degree_text(axis: str, degrees: float) -> str:
    """Text of a longitude or latitude, such as ``12.5°E``."""
    value = round(degrees, 6)
    if axis == "lon" and abs(value) == 180.0:
        return "180°"
    side = "" if value == 0 else ("EW" if axis == "lon" else "NS")[value < 0]
    return f"{abs(value):g}°{side}"


def _frame_crossing(points: Any, view: View, axis: str) -> tuple[float, float] | None:
    """Point where a meridian meets the lower edge, or a parallel the left edge, of the frame."""
    along, across = (1, 0) if axis == "lon" else (0, 1)
    edge = view.ymin if axis == "lon" else view.xmin
    low, high = (view.xmin, view.xmax) if axis == "lon" else (view.ymin, view.ymax)
    side = points[:, along] - edge
    for i in np.flatnonzero(side[1:] * side[:-1] <= 0.0):
        step = side[i] - side[i + 1]
        t = side[i] / step if step else 0.0
        value = float(points[i, across] + t * (points[i + 1, across] - points[i, across]))
        margin = 0.04 if axis == "lon" else 0.12  # the scale bar is at the lower left
        if low + margin * (high - low) < value < high - 0.04 * (high - low):
            return (value, edge) if axis == "lon" else (edge, value)
    return None


def _cells(axes: Any, layer: ShapeLayer) -> None:
    from matplotlib.collections import PathCollection

    classes = layer.classes
    assert classes is not None
    for index in classes.used():
        shapes = [s for s, row in zip(layer.shapes, layer.rows) if classes.index[row] == index]
        if not shapes:
            continue
        faint = index in classes.faint
        axes.add_collection(
            PathCollection(
                [_path(shape.rings, closed=True) for shape in shapes],
                facecolor=classes.colours[index], edgecolor="#c4bba6" if faint else "#ffffff",
                linewidth=0.25 if faint else 0.4, alpha=0.6 if faint else 0.82,
                zorder=2.5 if faint else 3,
            ), autolim=False)  # fmt: skip


def _events(axes: Any, layer: EventLayer) -> None:
    from matplotlib.collections import PatchCollection
    from matplotlib.patches import Circle

    discs = [Circle((x, y), r) for x, y, r in zip(layer.x, layer.y, layer.disc_m) if r > 0.0]
    if discs:
        axes.add_collection(
            PatchCollection(discs, facecolor="#20202010", edgecolor="#20202070", linewidth=0.6,
                            zorder=6), autolim=False)  # fmt: skip
    for index in layer.classes.used():
        for hollow in (False, True):
            mine = (layer.classes.index == index) & (layer.hollow == hollow)
            if not mine.any():
                continue
            colour = layer.classes.colours[index]
            diameter = 2.0 * layer.size[mine] * _POINTS_PER_PIXEL
            few = len(layer.rows) <= 300
            axes.scatter(
                layer.x[mine], layer.y[mine], s=diameter**2, marker=_MARKERS[marker_name(index)],
                c="#ffffff" if hollow else colour, edgecolors=colour if hollow else "#202020",
                linewidths=1.8 if hollow else (0.6 if few else 0.3), zorder=7,
                alpha=0.9 if few else 0.65,
            )  # fmt: skip


def marker_name(index: int) -> str:
    """Shape of the marker of a class."""
    return MARKERS[min(index, len(MARKERS) - 1)]


def _legend(axes: Any, content: Content) -> None:
    """Draw the legend beside the map, so that it hides nothing."""
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    entries = [*_event_entries(content.events), *_cell_entries(content.cells)]
    if content.borders is not None:
        line = Line2D([], [], color=_BORDER_LINE, linewidth=1.1)
        entries.append((line, "Country border", False))
    if content.regions is not None and any(content.regions.disputed):
        patch = Patch(facecolor=_LAND, edgecolor=_HATCH, linewidth=0.0, hatch="//////")
        entries.append((patch, DISPUTED, False))
    if not entries:
        return
    legend = axes.legend(
        [handle for handle, _, _ in entries], ["x"] * len(entries), loc="upper left",
        bbox_to_anchor=(1.008, 1.0), borderaxespad=0.0, frameon=False, fontsize=7.5,
        labelspacing=0.55, handlelength=1.4, handletextpad=0.7,
    )  # fmt: skip
    for (_, words, heading), text in zip(entries, legend.get_texts()):
        text.set(parse_math=False, weight="bold" if heading else "normal")
        text.set_text(textwrap.fill(words, 30))  # set last: names must not be parsed as mathtext


def _event_entries(events: EventLayer | None) -> list[tuple[Any, str, bool]]:
    """Legend lines about events: handle, text, and whether it is a heading."""
    from matplotlib.lines import Line2D

    if events is None or not len(events.rows):
        return []
    classes = events.classes
    style: dict[str, Any] = {"linestyle": "", "markeredgecolor": "#202020", "markeredgewidth": 0.6}
    entries: list[tuple[Any, str, bool]] = [(_nothing(), classes.title, True)]
    for i in classes.used():
        shape, colour = _MARKERS[marker_name(i)], classes.colours[i]
        handle = Line2D([], [], marker=shape, markersize=7, markerfacecolor=colour, **style)
        entries.append((handle, classes.labels[i], False))
    if events.size_key:
        entries.append((_nothing(), events.size_title, True))
    for words, radius in events.size_key:
        size = 2.0 * radius * _POINTS_PER_PIXEL
        handle = Line2D([], [], marker="o", markersize=size, markerfacecolor="none", **style)
        entries.append((handle, words, False))
    return entries


def _cell_entries(cells: ShapeLayer | None) -> list[tuple[Any, str, bool]]:
    from matplotlib.patches import Patch

    if cells is None or cells.classes is None or not cells.shapes:
        return []
    classes = cells.classes
    entries: list[tuple[Any, str, bool]] = [(_nothing(), classes.title, True)]
    for i in classes.used():
        patch = Patch(facecolor=classes.colours[i], edgecolor="#a09a8c", linewidth=0.4)
        entries.append((patch, classes.labels[i], False))
    return entries


def _nothing() -> Any:
    from matplotlib.lines import Line2D

    return Line2D([], [], linestyle="")


def _scale_bar(axes: Any, view: View) -> list[Any]:
    """Draw a bar of a round true length, measured on the ellipsoid at the position of the bar."""
    x = view.xmin + 0.03 * view.width_m
    y = view.ymin + 0.055 * view.height_m
    if view.kind == "eqearth":
        x, y, place = x, y, " at the middle"
        scale = local_scale(view, 0.0, 0.0)
    else:
        place = ""
        scale = local_scale(view, x + 0.08 * view.width_m, y)
    length = round_length(0.2 * view.width_m * scale)
    bar = length / scale
    half = bar / 2.0
    halo = {"color": "white", "linewidth": 5.0, "solid_capstyle": "butt", "zorder": 9}
    (ground,) = axes.plot([x, x + bar], [y, y], **halo)
    axes.plot(
        [x, x + half], [y, y], color="#202020", linewidth=3.2, solid_capstyle="butt", zorder=9
    )
    axes.plot([x + half, x + bar], [y, y], color="#8a8a8a", linewidth=3.2, solid_capstyle="butt",
              zorder=9)  # fmt: skip
    text = f"{length / 1000:g} km{place}" if length >= 1000 else f"{length:g} m"
    words = axes.annotate(text, (x, y), (0, 4), textcoords="offset points", fontsize=7, zorder=9)
    return [ground, _haloed(words)]


def round_length(limit: float) -> float:
    """Greatest 1, 2 or 5 times a power of ten that does not exceed `limit`."""
    power = 10.0 ** np.floor(np.log10(limit))
    return float(
        max(step for step in (1.0, 2.0, 5.0) if step * power <= limit * (1 + 1e-12)) * power
    )


def _haloed(text: Any) -> Any:
    from matplotlib import patheffects

    text.set_path_effects([patheffects.withStroke(linewidth=2.2, foreground="#ffffffd0")])
    return text


def _labels(axes: Any, content: Content, keep_clear: list[Any]) -> None:
    """Draw labels where there is room: an earlier label stays, a later one is moved or left out."""
    renderer = axes.figure.canvas.get_renderer()
    frame = axes.get_window_extent(renderer)
    taken = [artist.get_window_extent(renderer).padded(4.0) for artist in keep_clear]
    taken += _marker_boxes(axes, content.events)
    for label in content.labels:
        lines = label.text.split("\n")
        if label.kind == "country":
            lines = [" ".join(line.upper()) for line in lines]
        text = axes.annotate(
            "\n".join(lines), (label.x, label.y), textcoords="offset points", parse_math=False,
            zorder=9 if label.kind == "place" else 6.5, **_LABEL_STYLE[label.kind],
        )  # fmt: skip
        _haloed(text)
        start = text.get_window_extent(renderer)
        for right, up in _shifts(axes, label, start):
            box = start.translated(right, up)
            inside = frame.x0 <= box.x0 and box.x1 <= frame.x1
            inside = inside and frame.y0 <= box.y0 and box.y1 <= frame.y1
            if inside and not any(box.overlaps(other) for other in taken):
                taken.append(box.padded(3.0))
                (x, y), pixel = text.xyann, 72.0 / axes.figure.dpi
                text.xyann = (x + right * pixel, y + up * pixel)
                break
        else:
            text.remove()


def _shifts(axes: Any, label: Label, box: Any) -> list[tuple[float, float]]:
    """Possible shifts of a label in pixels: around its marker, or around its area's centre."""
    if label.kind == "place":
        gap = 2.0 * _LABEL_STYLE["place"]["xytext"][0] * axes.figure.dpi / 72.0
        half, high = (box.width + gap) / 2.0, (box.height + gap) / 2.0
        return [(0.0, 0.0), (-2.0 * half, 0.0), (-half, high), (-half, -high)]
    west, east = axes.get_xlim()
    room = label.room * axes.get_window_extent().width / (east - west)
    return [(room * across, room * up) for across, up in SHIFTS]


def _marker_boxes(axes: Any, events: EventLayer | None) -> list[Any]:
    """Boxes of the markers if they are few; with many markers, labels cannot avoid them."""
    from matplotlib.transforms import Bbox

    if events is None or len(events.rows) > 100:
        return []
    spots = axes.transData.transform(np.column_stack([events.x, events.y]))
    reach = events.size * axes.figure.dpi / 96.0
    return [Bbox([spot - r, spot + r]) for spot, r in zip(spots, reach)]
