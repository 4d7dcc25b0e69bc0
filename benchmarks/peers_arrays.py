"""Peers that work on arrays: shapely, SciPy, h3ronpy, polars-h3, as an expert would combine them.

Each function prepares what can be prepared and returns the job that is timed.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

Points = tuple[np.ndarray, np.ndarray]
EARTH_M = 6_371_008.8
SPACING_M = {"U": 5000.0, "C": 2000.0, "B": 250.0}
"""Between samples of a border, by point set: the median error is then like spherely's."""


def tree_of_points(table: Any, points: Points) -> Callable[[], np.ndarray]:
    """Job of an STRtree of the points, queried with prepared polygons: pairs of point and row."""
    import shapely

    polygons = table.geometry.to_numpy()
    shapely.prepare(polygons)
    places = shapely.points(*points)

    def job() -> np.ndarray:
        row, point = shapely.STRtree(places).query(polygons, predicate="intersects")
        return np.stack([point, row], axis=1)

    return job


def boxes_and_prepared(table: Any, points: Points) -> Callable[[], np.ndarray]:
    """Job of a tree of the polygons' boxes, then `intersects_xy` with each prepared polygon."""
    import shapely

    polygons = table.geometry.to_numpy()
    shapely.prepare(polygons)
    tree, places = shapely.STRtree(polygons), shapely.points(*points)
    return lambda: by_boxes(tree, places, *points)


def by_boxes(tree: Any, places: np.ndarray, lon: np.ndarray, lat: np.ndarray) -> np.ndarray:
    """Pairs of point and polygon that meet: boxes by the tree, then each prepared polygon."""
    import shapely

    point, row = tree.query(places)
    order = np.argsort(row, kind="stable")
    point, row = point[order], row[order]
    ends = np.flatnonzero(np.diff(row, append=-1)) + 1
    inside = np.zeros(len(row), dtype=bool)
    for start, stop in zip([0, *ends[:-1].tolist()], ends.tolist()):
        polygon, near = tree.geometries[row[start]], point[start:stop]
        inside[start:stop] = shapely.intersects_xy(polygon, lon[near], lat[near])
    return np.stack([point[inside], row[inside]], axis=1)


def vectors(lon: np.ndarray, lat: np.ndarray) -> np.ndarray:
    """Points of the unit sphere, shape (n, 3)."""
    lon, lat = np.radians(lon), np.radians(lat)
    return np.stack([np.cos(lat) * np.cos(lon), np.cos(lat) * np.sin(lon), np.sin(lat)], axis=1)


def sampled(ends: np.ndarray, spacing_m: float) -> Points:
    """Points at equal distances on edges (ax, ay, bx, by), straight in longitude and latitude."""
    length = np.linalg.norm(vectors(*ends[:, :2].T) - vectors(*ends[:, 2:].T), axis=1) * EARTH_M
    until = np.cumsum(length)
    along = np.arange(0.0, until[-1], spacing_m)
    edge = np.searchsorted(until, along, side="right")
    share = ((along - until[edge] + length[edge]) / length[edge])[:, None]
    xy = ends[edge, :2] + share * (ends[edge, 2:] - ends[edge, :2])
    return xy[:, 0], xy[:, 1]


def tree_of(ends: np.ndarray, spacing_m: float) -> Any:
    """k-d tree of points on the edges."""
    from scipy.spatial import KDTree

    return KDTree(vectors(*sampled(ends, spacing_m)))


def metres_to(tree: Any, points: Points) -> np.ndarray:
    """Metres on a sphere from each point to the nearest of the tree."""
    chord, _ = tree.query(vectors(*points))
    return 2.0 * EARTH_M * np.arcsin(np.minimum(chord / 2.0, 1.0))


def h3ronpy_graph(cells: np.ndarray, k: int) -> Callable[[], Any]:
    """Job of h3ronpy's `grid_disk` and `searchsorted` in the sorted cells: a binary CSR array."""
    import pyarrow as pa
    from h3ronpy import grid_disk
    from scipy import sparse

    asked = np.ascontiguousarray(cells, dtype=np.uint64)

    def job() -> Any:
        discs = pa.array(grid_disk(asked, k))
        near = discs.flatten().to_numpy(zero_copy_only=False)
        source = np.repeat(np.arange(asked.size), np.diff(discs.offsets.to_numpy()))
        order = np.argsort(asked)
        at = np.minimum(np.searchsorted(asked, near, sorter=order), asked.size - 1)
        target = order[at]
        held = (asked[target] == near) & (target != source)
        shape = (asked.size, asked.size)
        pairs = source[held], target[held]
        return sparse.csr_array((np.ones(held.sum()), pairs), shape=shape)

    return job


def polars_cells(points: Points, resolution: int) -> Callable[[], np.ndarray]:
    """Job of polars-h3 on a polars frame of the points; all its threads count as processor time."""
    import polars
    import polars_h3

    frame = polars.DataFrame({"lon": points[0], "lat": points[1]})
    cell = polars_h3.latlng_to_cell("lat", "lon", resolution, return_dtype=polars.UInt64)
    return lambda: frame.select(cell.alias("cell"))["cell"].to_numpy()


def gi_in_four_lines(x: np.ndarray, weights: Any) -> tuple[np.ndarray, np.ndarray]:
    """Gi* of binary weights and its two-sided normal p-value, as SciPy's users write it."""
    from scipy.special import ndtr

    sums, n_near = weights @ x + x, np.diff(weights.indptr) + 1.0
    spread = x.std() * np.sqrt(n_near * (x.size - n_near) / (x.size - 1.0))
    z = (sums - x.mean() * n_near) / spread
    return z, 2.0 * ndtr(-np.abs(z))
