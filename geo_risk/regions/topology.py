"""Shared edges of regions: neighbours, and the course of their borders.

Borders are not a separate data set. Two adjacent polygons of a coverage share edges, vertex for
vertex; each shared edge is identified by its two end points.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from geo_risk._core.cache import Kinds
from geo_risk.regions.coverage import Coverage, Edges, ring_edges

__all__ = ["TOPOLOGY_ARRAYS", "Topology", "build_topology", "facing", "group_edges", "seam_stretches"]


@dataclass(frozen=True)
class Topology:
    """Every distinct edge of a coverage once, with the two rows that share it.

    Attributes
    ----------
    ax, ay, bx, by : ndarray of float64, shape (e,)
        End points in degrees; a→b in lexicographic (lon, lat) order.
    left, right : ndarray of int32, shape (e,)
        Rows of the two polygons that share the edge, ``left < right``; ``right`` is -1 if the edge
        is not shared. The names do not mean sides.
    seam_pairs : ndarray of int32, shape (s, 2)
        Pairs of rows that meet along the antimeridian (-180 and +180 are the same line).

    Notes
    -----
    Edges that no map should draw are omitted: edges that one region uses twice (a cut inside it)
    and edges on the antimeridian or at a pole, where a flat map is cut but the Earth is not. If
    more than two regions use an edge (they overlap), it is listed once per pair with the lowest
    row.
    """

    ax: NDArray[np.float64]
    ay: NDArray[np.float64]
    bx: NDArray[np.float64]
    by: NDArray[np.float64]
    left: NDArray[np.int32]
    right: NDArray[np.int32]
    seam_pairs: NDArray[np.int32]

    def __len__(self) -> int:
        return len(self.ax)


TOPOLOGY_ARRAYS: Kinds = {
    "ax": (np.float64, 0), "ay": (np.float64, 0), "bx": (np.float64, 0), "by": (np.float64, 0),
    "left": (np.int32, 0), "right": (np.int32, 0), "seam_pairs": (np.int32, 2),
}  # fmt: skip


def build_topology(coverage: Coverage) -> Topology:
    """Find the shared edges of a coverage by their end points, exactly."""
    edges = ring_edges(coverage)
    on_seam = ((np.abs(edges.ax) == 180.0) & (edges.ax == edges.bx)) | (
        (np.abs(edges.ay) == 90.0) & (edges.ay == edges.by)
    )
    first, left, right = group_edges(edges)
    kept = ~on_seam[first]
    first, left, right = first[kept], left[kept], right[kept]
    return Topology(
        edges.ax[first], edges.ay[first], edges.bx[first], edges.by[first],
        left, right, _seam_pairs(edges),
    )  # fmt: skip


def group_edges(
    edges: Edges,
) -> tuple[NDArray[np.intp], NDArray[np.int32], NDArray[np.int32]]:
    """Distinct edges as (position of one copy, lowest row, other row or -1).

    A row that uses an edge an even number of times lies on neither or both of its sides and is
    not counted.
    """
    key = _edge_keys(edges)
    order = np.lexsort((edges.region, key))
    key, region = key[order], edges.region[order]
    # runs of equal (edge, row): an even number cancels out
    new_run = np.concatenate([[True], (key[1:] != key[:-1]) | (region[1:] != region[:-1])])
    run_start = np.flatnonzero(new_run)
    odd = np.diff(np.concatenate([run_start, [len(key)]])) % 2 == 1
    run_start = run_start[odd]
    key, region, position = key[run_start], region[run_start], order[run_start]
    new_edge = np.concatenate([[True], key[1:] != key[:-1]])[: len(key)]
    group = np.cumsum(new_edge) - 1
    rank = np.arange(len(key)) - np.flatnonzero(new_edge)[group]
    size = np.bincount(group)[group] if len(group) else group
    lowest = region[np.flatnonzero(new_edge)[group]] if len(group) else region
    alone, paired = (rank == 0) & (size == 1), rank > 0
    right = np.where(alone, np.int32(-1), region)
    chosen = alone | paired
    return position[chosen], lowest[chosen], right[chosen]


def _edge_keys(edges: Edges) -> NDArray[np.int64]:
    """One integer per edge, equal exactly if both end points are equal."""
    n = len(edges.ax)
    _, x = np.unique(np.concatenate([edges.ax, edges.bx]) + 0.0, return_inverse=True)
    ys, y = np.unique(np.concatenate([edges.ay, edges.by]) + 0.0, return_inverse=True)
    points, point = np.unique(x.astype(np.int64) * len(ys) + y, return_inverse=True)
    keys: NDArray[np.int64] = point[:n].astype(np.int64) * len(points) + point[n:]
    return keys


def _seam_pairs(edges: Edges) -> NDArray[np.int32]:
    """Pairs of rows that meet along a stretch of the antimeridian."""
    west, east = seam_stretches(edges, -180.0), seam_stretches(edges, 180.0)
    pairs = {
        (min(int(west[k, 2]), row), max(int(west[k, 2]), row))
        for k, near in facing(west, east)
        for row in east[near, 2].astype(np.int64).tolist()
        if row != west[k, 2]
    }
    return np.array(sorted(pairs), dtype=np.int32).reshape(-1, 2)


def seam_stretches(edges: Edges, lon: float) -> NDArray[np.float64]:
    """Edges on one side of the antimeridian: southern end, northern end, row."""
    on = (edges.ax == lon) & (edges.bx == lon)
    ends = np.sort(np.column_stack([edges.ay[on], edges.by[on]]), axis=1)
    return np.column_stack([ends, edges.region[on]])


def facing(
    one: NDArray[np.float64], other: NDArray[np.float64]
) -> Iterator[tuple[int, NDArray[np.intp]]]:
    """Yield each stretch of `one` and the stretches of `other` that it overlaps, as positions.

    The time is about proportional to the number of overlaps if the stretches of `other` do not
    overlap each other.
    """
    order = np.argsort(other[:, 0], kind="stable")
    reach = np.maximum.accumulate(other[order, 1])
    first = np.searchsorted(reach, one[:, 0], side="right")
    stop = np.searchsorted(other[order, 0], one[:, 1], side="left")
    for k in np.flatnonzero(first < stop).tolist():
        near = order[first[k] : stop[k]]
        yield k, near[other[near, 1] > one[k, 0]]
