"""Convert geometries in degrees to shapes in the plane of a view.

This is for drawing only: shapes are cut to the view's window, long edges get extra vertices so
that they follow the curves of the projection, and edges that exist only because a data set is cut
at ±180 degrees or at a pole are filled across but never stroked.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from geo_risk._core.types import FloatArray
from geo_risk.maps._view import View

__all__ = [
    "Shape",
    "cell_shapes",
    "earth_outline",
    "graticule",
    "line_shapes",
    "polygon_shapes",
    "quantise",
]

_SEAM = 1e-7  # degrees; finer than any layer's coordinates


@dataclass(frozen=True)
class Shape:
    """Shape to draw: `rings` to fill (even-odd), `lines` to stroke; arrays (k, 2) of metres."""

    rings: tuple[FloatArray, ...]
    lines: tuple[FloatArray, ...]


def polygon_shapes(geometries: Any, view: View) -> list[Shape | None]:
    """Shapes of polygons, None if a geometry is missing or not in the window."""
    import shapely

    clipped = _clip(geometries, view)
    polygons, owner = shapely.get_parts(clipped, return_index=True)
    keep = shapely.get_type_id(polygons) == 3  # clipping may leave points and lines behind
    polygons, owner = polygons[keep], owner[keep]
    rings, ring_polygon = shapely.get_rings(polygons, return_index=True)
    return _collect(rings, owner[ring_polygon], len(clipped), view, closed=True)


def line_shapes(geometries: Any, view: View) -> list[Shape | None]:
    """Shapes of lines, None if a geometry is missing or not in the window."""
    import shapely

    clipped = _clip(geometries, view)
    lines, owner = shapely.get_parts(clipped, return_index=True)
    keep = np.isin(shapely.get_type_id(lines), (1, 2))
    return _collect(lines[keep], owner[keep], len(clipped), view, closed=False)


def _collect(
    curves: Any, owner: NDArray[np.intp], n: int, view: View, *, closed: bool
) -> list[Shape | None]:
    """Project all curves at once and group them by owner."""
    import shapely

    coords, curve = shapely.get_coordinates(curves, return_index=True)
    x, y = view.project(coords[:, 0], coords[:, 1])
    plane = np.column_stack([x, y])
    ends = np.cumsum(np.bincount(curve, minlength=len(curves)))[:-1].tolist()
    found: list[tuple[list[FloatArray], list[FloatArray]]] = [([], []) for _ in range(n)]
    for row, degrees, metres in zip(owner, np.split(coords, ends), np.split(plane, ends)):
        rings, lines = found[row]
        if closed:
            rings.append(metres)
        lines.extend(_without_seams(degrees, metres, view))
    return [Shape(tuple(r), tuple(s)) if s or r else None for r, s in found]


def _without_seams(degrees: FloatArray, metres: FloatArray, view: View) -> list[FloatArray]:
    """Cut a curve where it runs along ±180 degrees, the view's own cut or a pole."""
    lon, lat = degrees[:, 0], degrees[:, 1]
    on_meridian = np.abs(lon % 360.0 - 180.0) < _SEAM
    on_cut = np.abs(np.abs(lon - view.lon0) - 180.0) < _SEAM
    on_pole = np.abs(np.abs(lat) - 90.0) < _SEAM
    seam = np.zeros(max(lon.size - 1, 0), bool)
    for on in (on_meridian, on_cut, on_pole):
        seam |= on[1:] & on[:-1]
    if not seam.any():
        return [metres]
    pieces = np.split(metres, np.flatnonzero(seam) + 1)
    return [piece for piece in pieces if len(piece) > 1]


def _clip(geometries: Any, view: View) -> Any:
    """Geometries shifted by multiples of 360° to the view's side of ±180, cut to its window."""
    import shapely

    shapes = np.asarray(geometries, dtype=object)
    west, south, east, north = view.window
    result = np.full(len(shapes), None, dtype=object)
    with np.errstate(invalid="ignore"):
        low_x, low_y, high_x, high_y = shapely.bounds(shapes).T
        inside_y = (low_y <= north) & (high_y >= south)
        for turn in (-360.0, 0.0, 360.0):
            touches = inside_y & (low_x + turn <= east) & (high_x + turn >= west)
            whole = touches & (low_x + turn >= west) & (high_x + turn <= east)
            whole &= (low_y >= south) & (high_y <= north)
            rows = np.flatnonzero(touches)
            if not rows.size:
                continue
            moved = _moved(shapes[rows], turn)
            cut = np.flatnonzero(~whole[rows])
            moved[cut] = shapely.clip_by_rect(moved[cut], west, south, east, north)
            for row, piece in zip(rows, moved):
                result[row] = piece if result[row] is None else _joined(result[row], piece)
    step = max((east - west) / 120.0, 1e-3)
    return shapely.segmentize(result, step)


def _moved(shapes: Any, turn: float) -> Any:
    if not turn:
        return shapes.copy()
    import shapely

    return shapely.transform(shapes, lambda xy: xy + np.array([turn, 0.0]))


def _joined(first: Any, second: Any) -> Any:
    """Join two pieces of one geometry; pieces that meet at ±180 lose the cut between them."""
    import shapely

    if second.is_empty:
        return first
    if first.is_empty:
        return second
    try:
        return shapely.union(first, second)
    except shapely.errors.GEOSException:  # an invalid input: drawn with its cut
        return shapely.geometrycollections([first, second])


def cell_shapes(cells: Sequence[Any], view: View) -> list[Shape | None]:
    """Shapes of H3 cells given as hex strings; None if missing or not in the window."""
    from geo_risk.cells import cell_polygons, strings_to_cells

    codes = strings_to_cells(cells)
    if view.kind == "eqearth":
        return polygon_shapes(cell_polygons(codes), view)
    import h3.api.basic_int as h3

    # use the corners: cell polygons are cut at ±180 and at poles, and would show the cut
    outlines = [h3.cell_to_boundary(code) if code else () for code in codes.tolist()]
    shapes: list[Shape | None] = [None] * len(outlines)
    corners = np.array([corner for outline in outlines for corner in outline]).reshape(-1, 2)
    x, y = view.project(corners[:, 1], corners[:, 0])
    ends = np.cumsum([len(outline) for outline in outlines])
    for row, (end, outline) in enumerate(zip(ends.tolist(), outlines)):
        mine = np.arange(end - len(outline), end)
        if len(mine) and _near(view, x[mine], y[mine]):
            around = np.append(mine, mine[0])
            ring = np.column_stack([x[around], y[around]])
            shapes[row] = Shape((ring,), (ring,))
    return shapes


def _near(view: View, x: FloatArray, y: FloatArray) -> bool:
    """Whether a cell intersects the window (NaN, at the projection's antipode, does not)."""
    east, north = x.max(), y.max()
    west, south = x.min(), y.min()
    overlaps = east >= view.xmin and west <= view.xmax and north >= view.ymin and south <= view.ymax
    # a cell that contains the antipode would be drawn inside out around the whole map
    return bool(overlaps and east - west < 1.5e7)


def graticule(view: View) -> list[tuple[str, float, FloatArray]]:
    """Meridians and parallels in the window, each at a round spacing.

    Returns
    -------
    list of (axis, degrees, points)
        `axis` is ``"lon"`` or ``"lat"``; points (k, 2) in metres.
    """
    west, south, east, north = view.window
    lines: list[tuple[str, float, FloatArray]] = []
    along_lat, along_lon = np.linspace(south, north, 91), np.linspace(west, east, 181)
    meridians = _round_steps(west, east)
    if meridians and meridians[-1] - meridians[0] >= 360.0:
        del meridians[-1]  # the first one again
    for lon in meridians:
        points = np.column_stack(view.project(np.full(91, lon), along_lat))
        lines.append(("lon", (lon + 180.0) % 360.0 - 180.0, points))
    for lat in _round_steps(south, north):
        points = np.column_stack(view.project(along_lon, np.full(181, lat)))
        lines.append(("lat", lat, points))
    return lines


def _round_steps(low: float, high: float) -> list[float]:
    """About six round values within [low, high]."""
    steps = np.array([0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30])
    spacing = float(steps[np.argmin(np.abs(np.log(steps * 6.0 / (high - low))))])
    first, last = int(np.ceil(low / spacing)), int(np.floor(high / spacing))
    return [spacing * i for i in range(first, last + 1)]


def earth_outline(view: View) -> FloatArray | None:
    """Outline of the whole Earth as a closed curve, or None if the view shows only a part."""
    if view.kind != "eqearth":
        return None
    up = np.linspace(-90.0, 90.0, 181)
    west, east = view.lon0 - 180.0 + 1e-9, view.lon0 + 180.0 - 1e-9
    lon = np.concatenate([np.full(181, west), np.full(181, east)])
    outline = np.column_stack(view.project(lon, np.concatenate([up, up[::-1]])))
    return np.vstack([outline, outline[:1]])


def quantise(
    curves: Sequence[FloatArray], view: View, quantum: float, *, closed: bool
) -> list[list[int]]:
    """Curves as integers: x0, y0, then steps, in units of `quantum` from the top left corner.

    Each vertex moves by at most half a quantum on each axis, and equal vertices stay equal, so
    neighbours still share their edges; vertices inside a straight run are left out. A curve that
    shrinks to a point is an empty list.
    """
    if not len(curves):
        return []
    scale, corner = np.array([1.0, -1.0]) / quantum, np.array([view.xmin, view.ymax])
    grid = np.rint((np.concatenate(curves) - corner) * scale).astype(np.int64)
    owner = np.repeat(np.arange(len(curves)), [len(curve) for curve in curves])
    grid, owner = _without_middles(grid, owner)
    starts = np.flatnonzero(np.diff(owner, prepend=-1))
    steps = np.diff(grid, axis=0, prepend=np.zeros((1, 2), np.int64))
    steps[starts] = grid[starts]
    result: list[list[int]] = [[] for _ in curves]
    for start, end in zip(starts.tolist(), [*starts[1:].tolist(), len(grid)]):
        if closed and end - start > 1 and (grid[start] == grid[end - 1]).all():
            end -= 1  # a ring closes itself
        if end - start >= (3 if closed else 2):
            result[owner[start]] = steps[start:end].ravel().tolist()
    return result


def _without_middles(
    grid: NDArray[np.int64], owner: NDArray[np.intp]
) -> tuple[NDArray[np.int64], NDArray[np.intp]]:
    """Concatenated integer curves without repeated points and points inside a straight run."""
    same = owner[1:] == owner[:-1]
    keep = np.ones(len(grid), bool)
    keep[1:] = ~(same & (grid[1:] == grid[:-1]).all(axis=1))
    grid, owner = grid[keep], owner[keep]
    step = np.diff(grid, axis=0)
    cross = step[:-1, 0] * step[1:, 1] - step[:-1, 1] * step[1:, 0]
    ahead = (step[:-1] * step[1:]).sum(axis=1) > 0
    keep = np.ones(len(grid), bool)
    keep[1:-1] = ~((cross == 0) & ahead & (owner[2:] == owner[:-2]))
    return grid[keep], owner[keep]


def thin(curves: Sequence[FloatArray], quantum: float) -> list[FloatArray]:
    """Curves with vertices rounded to `quantum` metres and repetitions removed, for drawing."""
    result = []
    for curve in curves:
        grid = np.rint(curve / quantum)
        moved = np.ones(len(grid), bool)
        moved[1:] = (grid[1:] != grid[:-1]).any(axis=1)
        if np.count_nonzero(moved) > 1:
            result.append(grid[moved] * quantum)
    return result
