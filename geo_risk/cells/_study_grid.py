"""Kernels of `cells.study_grid`: the cells that an area touches.

Two steps that use the grid's arithmetic and not the polygons of cells: first, all cells along the
outline are collected (the wall); then a flood fill starts from the cells beside the wall whose
centre is inside. A cell that the outline does not enter is completely inside or outside, so one
point decides, and there can be no hole.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from geo_risk._core.constants import EARTH_RADIUS_KM
from geo_risk._core.sphere import chord_of, signed_areas, unit_vectors
from geo_risk._core.types import CellArray, FloatArray, IntArray, ObjectArray
from geo_risk._core.validate import check_lonlat
from geo_risk.cells import _h3, _h3_flood, _h3_shape

__all__ = ["as_parts", "finest_resolution", "of_discs", "of_hull", "of_polygons"]


# The straight line in lon/lat between two samples bends away from the great circle by at most
# (1 km)^2 / (8 R) * tan(lat): 2 cm at 45 degrees. Crossings are bisected to 1 mm.
_STEP_KM = 1.0
_STOP_KM = 1e-6
_CHUNK = 1 << 18
_REACH = 1.2  # from a cell's centre to its corner, in mean edges of its resolution (found: 1.099)


def as_parts(area: Any) -> ObjectArray:
    """Polygons of an area: a box, a geometry, or an iterable of geometries."""
    crs = getattr(area, "crs", None)
    if crs is not None and not crs.is_geographic:
        raise ValueError(f"Invalid area: its CRS is {crs.name}; use area.to_crs(4326).")
    if hasattr(area, "geometry") and hasattr(area, "columns"):
        area = area.geometry
    if isinstance(area, shapely.Geometry):
        shapes = [area]
    elif isinstance(area, (str, bytes)) or not isinstance(area, Iterable):
        hint = "; for a layer use layer.table, for a dated one layer.at(date).table"
        raise TypeError(
            f"Invalid area: {type(area).__name__} is neither polygons nor a box"
            f"{hint if hasattr(type(area), 'table') else ''}."
        )
    else:
        shapes = list(area)
        if len(shapes) == 4 and not any(isinstance(s, shapely.Geometry) for s in shapes):
            shapes = _boxes(*shapes)
    for place, shape in enumerate(shapes):
        if not isinstance(shape, (shapely.Polygon, shapely.MultiPolygon, type(None))):
            kind = getattr(shape, "geom_type", type(shape).__name__)
            raise TypeError(
                f"Invalid area: {kind} at index {place} is not a Polygon or MultiPolygon."
            )
    parts: ObjectArray = shapely.get_parts(np.array(shapes, dtype=object))
    parts = parts[~shapely.is_empty(parts)]
    if parts.size == 0:
        raise ValueError("Invalid area: it is empty.")
    coords = shapely.get_coordinates(parts)
    if np.isnan(coords).any():
        raise ValueError("Invalid area: it has NaN coordinates.")
    check_lonlat(coords[:, 0], coords[:, 1])
    return parts


def _boxes(west: Any, south: Any, east: Any, north: Any) -> list[Any]:
    bounds = (west, south, east, north)
    try:
        lon, lat, _ = check_lonlat([float(west), float(east)], [float(south), float(north)])
    except TypeError as error:
        raise TypeError(f"Invalid area: {bounds!r} are not four numbers.") from error
    if np.isnan(lon).any() or lat[0] > lat[1]:
        raise ValueError(f"Invalid area: {bounds!r}; must be (west, south, east, north).")
    if lon[0] <= lon[1]:
        return [shapely.box(lon[0], lat[0], lon[1], lat[1])]
    return [
        shapely.box(lon[0], lat[0], 180.0, lat[1]),
        shapely.box(-180.0, lat[0], lon[1], lat[1]),
    ]


def _distinct(*cells: CellArray) -> CellArray:
    """Distinct cells, sorted (by sorting: several times faster than np.unique)."""
    every = np.sort(np.concatenate(cells), kind="stable")
    new = np.ones(every.size, dtype=bool)
    np.not_equal(every[1:], every[:-1], out=new[1:])
    return every[new]


def _edge_lengths_km(edges: FloatArray) -> FloatArray:
    """Upper bound on the length of edges (n, 4) = lon0, lat0, lon1, lat1 on the sphere."""
    lon0, lat0, lon1, lat1 = edges.T
    nearest_equator = np.where(lat0 * lat1 <= 0.0, 0.0, np.minimum(np.abs(lat0), np.abs(lat1)))
    along = (lon1 - lon0) * np.cos(np.radians(nearest_equator))
    length: FloatArray = np.hypot(along, lat1 - lat0) * (EARTH_RADIUS_KM * np.pi / 180.0)
    return length


def _outline_length_km(edges: FloatArray) -> float:
    """Length of the outline, bounded from above."""
    return float(_edge_lengths_km(edges).sum())


def _outline_area_km2(outline: _Outline) -> float:
    """Area of the polygons: that of their exteriors without that of their holes."""
    start, end = outline.edges[:, :2], outline.edges[:, 2:]
    areas = np.abs(np.add.reduceat(signed_areas(start, end), outline.first)) * EARTH_RADIUS_KM**2
    return float(areas.sum() - 2.0 * areas[outline.hole].sum())


def _trace(edges: FloatArray, resolution: int) -> CellArray:
    """Every cell that edges (n, 4), straight in lon/lat, pass through; sorted.

    Cells cut along less than about 1 mm may be missed.
    """
    step = min(_STEP_KM, _edge_km(resolution) / 8.0)
    pieces = np.maximum(1, np.ceil(_edge_lengths_km(edges) / step)).astype(np.int64)
    start, stop = (_cells_at(edges[:, at : at + 2], resolution) for at in (0, 2))
    found = [_distinct(start), _distinct(stop)]
    clipped = np.flatnonzero((pieces == 1) & (start != stop))
    zero = np.zeros(clipped.size)
    found.append(
        _between(edges, clipped, zero, zero + 1.0, start[clipped], stop[clipped], resolution, step)
    )
    long = np.flatnonzero(pieces > 1)
    ends = np.concatenate(([0], np.cumsum(pieces[long])))
    first = 0
    while first < len(long):
        last = max(first + 1, int(np.searchsorted(ends, ends[first] + _CHUNK, side="right")) - 1)
        rows = long[first:last]
        for low in range(0, int(pieces[rows[0]]) if len(rows) == 1 else 1, _CHUNK):
            found.append(_trace_chunk(edges[rows], pieces[rows], low, resolution, step))
        first = last
    return _distinct(*found)


def _cells_at(points: FloatArray, resolution: int) -> CellArray:
    lon, lat = points.T
    return _h3.encode(np.clip(lon, -180.0, 180.0), np.clip(lat, -90.0, 90.0), resolution)


def _trace_chunk(
    edges: FloatArray,
    pieces: NDArray[np.int64],
    low: int,
    resolution: int,
    step: float,
) -> CellArray:
    """Cells along some edges; `low` is the first piece if there is only one edge."""
    count = np.minimum(pieces - low, _CHUNK) + 1  # samples: the ends of the pieces
    row = np.repeat(np.arange(len(edges)), count)
    number = np.arange(row.size) - np.repeat(np.cumsum(count) - count, count) + low
    t = number / pieces[row]
    start, span = edges[:, :2], edges[:, 2:] - edges[:, :2]
    cells = _cells_at(start[row] + t[:, None] * span[row], resolution)
    split = np.flatnonzero((row[1:] == row[:-1]) & (cells[1:] != cells[:-1]))
    after = split + 1
    between = _between(
        edges, row[split], t[split], t[after], cells[split], cells[after], resolution, step
    )
    return _distinct(_distinct(cells), between)


def _between(
    edges: FloatArray, row: IntArray, t0: FloatArray, t1: FloatArray, c0: CellArray,
    c1: CellArray, resolution: int, step: float,
) -> CellArray:  # fmt: skip
    """Cells that edges clip between two samples that lie in different cells."""
    start, span = edges[:, :2], edges[:, 2:] - edges[:, :2]
    found = []
    for _ in range(max(1, int(np.ceil(np.log2(step / _STOP_KM))))):
        split = np.flatnonzero(c0 != c1)
        if split.size == 0:
            break
        row, t0, t1, c0, c1 = row[split], t0[split], t1[split], c0[split], c1[split]
        middle = (t0 + t1) / 2
        cm = _cells_at(start[row] + middle[:, None] * span[row], resolution)
        found.append(_distinct(cm))
        row = np.concatenate((row, row))
        t0, t1 = np.concatenate((t0, middle)), np.concatenate((middle, t1))
        c0, c1 = np.concatenate((c0, cm)), np.concatenate((cm, c1))
    return _distinct(np.zeros(0, dtype=np.uint64), *found)


def _mean_area_km2(resolution: int) -> float:
    return float(4.0 * np.pi * EARTH_RADIUS_KM**2 / (2 + 120 * 7**resolution))


def _edge_km(resolution: int) -> float:
    return float(np.sqrt(_mean_area_km2(resolution) * 2.0 / (3.0 * np.sqrt(3.0))))


def _expected_cells(outline: _Outline) -> list[float]:
    """Estimated number of cells that polygons touch, by resolution: inside and at the outline."""
    area_km2, outline_km = _outline_area_km2(outline), _outline_length_km(outline.edges)
    return [area_km2 / _mean_area_km2(r) + 0.6 * outline_km / _edge_km(r) for r in range(16)]


def finest_resolution(parts: ObjectArray, max_cells: float) -> int:
    """Finest resolution at which polygons touch about `max_cells` cells or fewer, or 0."""
    expected = _expected_cells(_outline(parts))
    return max((r for r in range(16) if expected[r] <= max_cells), default=0)


def _refuse(
    expected: float, resolution: int, max_cells: int, fits: list[int] | None = None
) -> None:
    """Raise if too many cells are expected, naming the finest resolution that fits."""
    if expected <= max_cells:
        return
    if fits is None:
        fits = [r for r in range(resolution) if expected / 7 ** (resolution - r) <= max_cells]
    advice = f"resolution={fits[-1]} fits" if fits else "no resolution fits"
    raise ValueError(
        f"Invalid resolution: {resolution} gives about {expected:,.0f} cells, more than "
        f"max_cells={max_cells:,}; {advice}."
    )


@dataclass(frozen=True, eq=False)
class _Outline:
    """Rings of polygons.

    Attributes
    ----------
    edges : ndarray of float64, shape (n, 4)
        Longitude and latitude of both ends, ring by ring.
    first : ndarray of int64, shape (r,)
        Position of the first edge of each ring.
    hole : ndarray of bool, shape (r,)
        Whether the ring is a hole.
    """

    edges: FloatArray
    first: IntArray
    hole: NDArray[np.bool_]


def _outline(parts: ObjectArray) -> _Outline:
    rings, part = shapely.get_rings(parts, return_index=True)
    coords, ring = shapely.get_coordinates(rings, return_index=True)
    same = ring[1:] == ring[:-1]
    edges = np.column_stack((coords[:-1][same], coords[1:][same]))
    first = np.searchsorted(ring[:-1][same], np.arange(len(rings)))
    return _Outline(edges, first, np.append(False, part[1:] == part[:-1]))


def of_polygons(parts: ObjectArray, resolution: int, overlap: bool, max_cells: int) -> CellArray:
    """Cells that polygons touch, or whose centre they contain; sorted."""
    outline = _outline(parts)
    expected = _expected_cells(outline)
    fits = [r for r in range(resolution) if expected[r] <= max_cells]
    _refuse(expected[resolution], resolution, max_cells, fits)
    wall = _trace(outline.edges, resolution)
    beside = np.setdiff1d(_h3_flood.disk(wall, 1), wall, assume_unique=True)
    inside, held_beside = _centers_inside(beside, parts)
    inner = _h3_flood.flood(beside[inside], wall)
    if overlap:
        return _distinct(wall, inner)
    centered, held_wall = _centers_inside(wall, parts)
    empty = parts[~(held_beside | held_wall)]
    points = shapely.get_coordinates(shapely.point_on_surface(empty))
    alone = _h3.encode(points[:, 0].copy(), points[:, 1].copy(), resolution)
    return _distinct(wall[centered], inner, alone)


def _centers_inside(
    cells: CellArray, parts: ObjectArray
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Which cells have their centre in (or on) a polygon; which polygons have such a cell."""
    lon, lat = _h3_shape.centers(cells)
    seam = np.flatnonzero(np.abs(lon) == 180.0)  # lies at -180 and at 180
    index = np.concatenate((np.arange(cells.size), seam))
    points: Any = shapely.points(np.append(lon, -lon[seam]), np.append(lat, lat[seam]))
    part, point = shapely.STRtree(points).query(parts, predicate="intersects")
    inside, held = np.zeros(cells.size, dtype=bool), np.zeros(parts.size, dtype=bool)
    inside[index[point]] = True
    held[part] = True
    return inside, held


def of_hull(
    lon: FloatArray, lat: FloatArray, resolution: int, overlap: bool, max_cells: int
) -> CellArray:
    """Cells of the convex hull of points in the plane of lon/lat, and of the points; sorted."""
    # The map is cut in the widest gap between longitudes.
    order = np.sort(lon)
    gaps = np.append(np.diff(order), order[0] + 360.0 - order[-1])
    start = order[(int(np.argmax(gaps)) + 1) % order.size]
    turned = np.where(lon < start, lon + 360.0, lon)
    hull = shapely.convex_hull(shapely.multipoints(np.column_stack((turned, lat))))
    if not isinstance(hull, shapely.Polygon):
        hull = shapely.buffer(hull, 1e-9)  # a point or a line: a tenth of a millimetre wide
    parts = []
    for shift in (0.0, 360.0):
        band = shapely.box(shift - 180.0, -90.0, shift + 180.0, 90.0)
        for part in shapely.get_parts(shapely.intersection(hull, band)):
            if part.area > 0.0:
                parts.append(shapely.Polygon(_moved(part.exterior, -shift)))
    cells = of_polygons(np.array(parts, dtype=object), resolution, overlap, max_cells)
    return _distinct(cells, _h3.encode(lon, lat, resolution))


def _moved(ring: Any, by: float) -> FloatArray:
    coords: FloatArray = shapely.get_coordinates(ring)
    return np.column_stack((np.clip(coords[:, 0] + by, -180.0, 180.0), coords[:, 1]))


def of_discs(
    lon: FloatArray,
    lat: FloatArray,
    radius_km: float,
    resolution: int,
    overlap: bool,
    max_cells: int,
) -> CellArray:
    """Cells that discs around points touch, or whose centre they contain; sorted."""
    from scipy.spatial import cKDTree

    tree = cKDTree(unit_vectors(lon, lat))
    # A grid about as coarse as the discs gives an estimate of the final number of cells.
    coarse = next((r for r in range(resolution) if _edge_km(r) < radius_km / 2.0), resolution)
    for level in sorted({coarse, resolution}):
        home = _distinct(_h3.encode(lon, lat, level))
        reached = _near_cells(home, tree, radius_km, level, max_cells)
        centered = reached[_within(reached, tree, radius_km)]
        _refuse(max(centered.size, home.size) * 7 ** (resolution - level), resolution, max_cells)
    if not overlap:
        return _distinct(centered, home)
    near = reached[_within(reached, tree, radius_km + _REACH * _edge_km(resolution))]
    rim = np.setdiff1d(near, centered, assume_unique=True)
    return _distinct(centered, home, rim[_touched(rim, tree, radius_km)])


def _near_cells(
    home: CellArray, tree: Any, radius_km: float, resolution: int, max_cells: int
) -> CellArray:
    """Cells whose centre is within the radius plus a margin, by flood fill from `home`.

    Cells along a straight line have their centres within a cell's reach of it: with a margin of
    twice that the flood cannot stop early.
    """
    limit = radius_km + 2.0 * _REACH * _edge_km(resolution)
    rings = [home[:0], home]
    count = home.size
    while rings[-1].size and count <= 40 * max_cells:
        step = _distinct(_h3.neighbors(rings[-1]).reshape(-1))
        # A neighbour of one ring is in it, in the one before or in the next.
        known = _distinct(rings[-2], rings[-1], np.zeros(1, dtype=np.uint64))
        step = np.setdiff1d(step, known, assume_unique=True)
        rings.append(step[_within(step, tree, limit)])
        count += rings[-1].size
    return _distinct(*rings)


def _within(cells: CellArray, tree: Any, radius_km: float) -> NDArray[np.bool_]:
    """Whether each cell's centre is within a distance of a point of the tree."""
    if cells.size == 0:
        return np.zeros(0, dtype=bool)
    distance, _ = tree.query(unit_vectors(*_h3_shape.centers(cells)))
    near: NDArray[np.bool_] = distance <= chord_of(radius_km / EARTH_RADIUS_KM)
    return near


def _touched(cells: CellArray, tree: Any, radius_km: float, samples: int = 8) -> NDArray[np.bool_]:
    """Whether a disc reaches a cell's edges, tested at `samples` points each."""
    coords, offsets = _h3_shape.rings(cells)
    corner = unit_vectors(coords[:, 0], coords[:, 1])
    last = np.zeros(len(corner), dtype=bool)
    last[offsets[1:] - 1] = True
    start, stop = corner[~last], corner[np.flatnonzero(~last) + 1]
    row = np.repeat(np.arange(cells.size), np.diff(offsets) - 1)
    share = np.arange(samples) / samples
    points = start[:, None] + share[:, None] * (stop - start)[:, None]
    points /= np.linalg.norm(points, axis=2, keepdims=True)
    half = np.linalg.norm(stop - start, axis=1) / (2 * samples)
    # The nearest point of the edge is at most half a spacing from a sample.
    limit = np.hypot(chord_of(radius_km / EARTH_RADIUS_KM), half)
    distance, _ = tree.query(points.reshape(-1, 3))
    near = (distance.reshape(-1, samples) <= limit[:, None]).any(axis=1)
    touched = np.zeros(cells.size, dtype=bool)
    touched[row[near]] = True
    return touched
