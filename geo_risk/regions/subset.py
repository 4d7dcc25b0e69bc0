"""Select rows of a coverage, in any order, or join several rows into one."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from geo_risk.regions.coverage import Coverage, from_geometries, to_geometries
from geo_risk.regions.topology import Topology

__all__ = ["boxes_of", "join_rows", "regroup", "regroup_topology", "take_rows"]


def regroup(coverage: Coverage, new_row: ArrayLike, n_regions: int) -> Coverage:
    """Assign the polygons of every row to another row, without joining them.

    Parameters
    ----------
    coverage : Coverage
    new_row : array_like of int, shape (coverage.n_regions,)
        New row of each row; -1 leaves it out.
    n_regions : int
        Number of new rows.
    """
    part_row = np.asarray(new_row, dtype=np.int64)[coverage.part_region]
    kept = np.flatnonzero(part_row >= 0)
    parts = kept[np.argsort(part_row[kept], kind="stable")]
    rings_from = np.searchsorted(coverage.ring_part, np.arange(len(part_row) + 1))
    rings, ring_part = _runs(rings_from, parts)
    vertices, ring_of = _runs(coverage.ring_offsets, rings)
    sizes = np.bincount(ring_of, minlength=len(rings))
    return Coverage(
        coverage.coords[vertices],
        np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64),
        ring_part.astype(np.int32),
        part_row[parts].astype(np.int32),
        n_regions,
    )


def take_rows(coverage: Coverage, rows: ArrayLike) -> Coverage:
    """Only the given rows, each once, in the order given."""
    chosen = np.asarray(rows, dtype=np.int64)
    new_row = np.full(coverage.n_regions, -1, dtype=np.int64)
    new_row[chosen] = np.arange(len(chosen))
    return regroup(coverage, new_row, len(chosen))


def _runs(
    starts: NDArray[np.int64], chosen: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Members of the chosen runs, one run after the other, and the position of each run."""
    first, size = starts[chosen], starts[chosen + 1] - starts[chosen]
    run = np.repeat(np.arange(len(chosen)), size)
    within = np.arange(len(run)) - np.repeat(np.cumsum(size) - size, size)
    return first[run] + within, run


def regroup_topology(topology: Topology, new_row: ArrayLike) -> Topology:
    """Edges that remain after rows were joined: with two different rows, or with one row only.

    Parameters
    ----------
    topology : Topology
    new_row : array_like of int
        New row of each row, never -1.
    """
    row = np.append(np.asarray(new_row, dtype=np.int32), np.int32(-1))
    a, b = row[topology.left], row[topology.right]  # position -1 is the last
    left, right = np.where(b < 0, a, np.minimum(a, b)), np.where(b < 0, b, np.maximum(a, b))
    kept = np.flatnonzero(left != right)
    edge = [end[kept] for end in (topology.ax, topology.ay, topology.bx, topology.by)]
    left, right = left[kept], right[kept]
    # an edge of three rows is listed once per pair, and two pairs may have become one; its copies
    # follow each other
    again = np.zeros(len(kept), dtype=bool)
    again[1:] = np.all([v[1:] == v[:-1] for v in (*edge, left, right)], axis=0)
    ax, ay, bx, by = (end[~again] for end in edge)
    seam = np.sort(row[topology.seam_pairs], axis=1)
    seam = np.unique(seam[seam[:, 0] != seam[:, 1]], axis=0)
    return Topology(ax, ay, bx, by, left[~again], right[~again], seam.reshape(-1, 2))


def join_rows(coverage: Coverage, new_row: NDArray[np.int64], n: int) -> Coverage:
    """Union of the rows that form each of `n` new rows; see `regroup_topology`."""
    shapes = to_geometries(coverage)
    joined = np.full(n, None, dtype=object)
    order = np.argsort(new_row, kind="stable")
    starts = np.searchsorted(new_row[order], np.arange(n + 1))
    for row in range(n):
        joined[row] = _union_of(shapes[order[starts[row] : starts[row + 1]]])
    return from_geometries(joined)


def _union_of(shapes: NDArray[np.object_]) -> Any:
    """Union of polygons: by their shared edges if they are a coverage, else by overlay."""
    import shapely

    area = float(shapely.area(shapes).sum())
    try:
        union = shapely.coverage_union_all(shapes)
    except shapely.errors.GEOSException:  # overlapping polygons are not a coverage
        union = None
    if union is None or not union.is_valid or abs(union.area - area) > 1e-9 * area:
        union = shapely.union_all(shapely.make_valid(shapes))
    return union if union.geom_type in ("Polygon", "MultiPolygon") else _polygons_of(union)


def _polygons_of(shape: Any) -> Any:
    """Only the polygons of a collection."""
    import shapely

    parts = shapely.get_parts(shape)
    return shapely.union_all(parts[shapely.get_type_id(parts) == 3])


def boxes_of(coverage: Coverage) -> NDArray[np.float64]:
    """Bounds (west, south, east, north) of every row; NaN for rows without polygons."""
    boxes = np.full((coverage.n_regions, 4), np.nan)
    if len(coverage.ring_part) == 0:
        return boxes
    starts = coverage.ring_offsets[:-1]
    low = np.minimum.reduceat(coverage.coords, starts, axis=0)
    high = np.maximum.reduceat(coverage.coords, starts, axis=0)
    region = coverage.part_region[coverage.ring_part]
    rows, first = np.unique(region, return_index=True)
    boxes[rows, :2] = np.minimum.reduceat(low, first, axis=0)
    boxes[rows, 2:] = np.maximum.reduceat(high, first, axis=0)
    return boxes
