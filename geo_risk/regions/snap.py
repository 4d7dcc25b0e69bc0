"""Snap polygons that should be adjacent, so that they meet vertex for vertex.

Only edges that are not shared are changed: a vertex moves to a vertex of another region, or a
vertex of another region is added to an edge that passes it. Nothing moves farther than the
tolerance.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from geo_risk._core.constants import MEAN_EARTH_RADIUS_M
from geo_risk._core.sphere import unit_vectors
from geo_risk.regions.coverage import Coverage, ring_edges
from geo_risk.regions.topology import group_edges

__all__ = ["Snapped", "snap_vertices"]


class Snapped(NamedTuple):
    """A coverage after snapping, with counts of the changes."""

    coverage: Coverage
    moved: int
    inserted: int
    largest_m: float


class _Loose(NamedTuple):
    """Vertices at the ends of edges that are not shared, each position once."""

    place: NDArray[np.float64]  # (k, 2) degrees
    rows: list[frozenset[int]]  # that use it, on any edge


def snap_vertices(coverage: Coverage, tolerance_m: float) -> Snapped:
    """Join vertices of different regions within a tolerance of each other.

    Parameters
    ----------
    coverage : Coverage
    tolerance_m : float
        Metres; 0 for no snapping.

    Returns
    -------
    Snapped
        Rings may touch themselves afterwards, so check their validity.
    """
    if tolerance_m <= 0.0 or len(np.unique(coverage.part_region)) < 2:
        return Snapped(coverage, 0, 0, 0.0)
    coverage, moved, first = _join_vertices(coverage, tolerance_m)
    coverage, inserted, second = _insert_vertices(coverage, tolerance_m)
    return Snapped(coverage, moved, inserted, max(first, second))


def _loose(coverage: Coverage) -> tuple[_Loose, NDArray[np.float64], NDArray[np.int32]]:
    """Vertices and edges that are not shared; the edges as (e, 4) with their rows."""
    edges = ring_edges(coverage)
    chosen, left, right = group_edges(edges)
    alone = chosen[right < 0]
    ends = np.column_stack([edges.ax[alone], edges.ay[alone], edges.bx[alone], edges.by[alone]])
    row = left[right < 0]
    both = np.concatenate([ends[:, :2], ends[:, 2:]])
    place = both[np.unique(_numbers(both), return_index=True)[1]]
    return _Loose(place, _users(coverage, place)), ends, row


def _numbers(values: NDArray[np.float64]) -> NDArray[np.int64]:
    """Number the distinct rows from 0 in lexicographic order; equal rows get the same number."""
    number = np.zeros(len(values), dtype=np.int64)
    for column in values.T:
        known, position = np.unique(column + 0.0, return_inverse=True)  # -0 counts as 0
        number = np.unique(number * len(known) + position, return_inverse=True)[1]
    return number


def _users(coverage: Coverage, place: NDArray[np.float64]) -> list[frozenset[int]]:
    """Rows that have a vertex at each of the distinct positions."""
    n = len(place)
    ring = np.repeat(np.arange(len(coverage.ring_part)), np.diff(coverage.ring_offsets))
    row = coverage.part_region[coverage.ring_part[ring]]
    where = _numbers(np.concatenate([place, coverage.coords]))
    of_place = np.full(int(where.max()) + 1 if len(where) else 0, -1)
    of_place[where[:n]] = np.arange(n)
    used = of_place[where[n:]]
    pair = np.unique(used[used >= 0] * np.int64(coverage.n_regions) + row[used >= 0])
    ends = np.searchsorted(pair // coverage.n_regions, np.arange(n + 1))
    rows = (pair % coverage.n_regions).tolist()
    return [frozenset(rows[ends[k] : ends[k + 1]]) for k in range(n)]


def _positions(place: NDArray[np.float64]) -> NDArray[np.float64]:
    """Positions on a sphere of the Earth's mean radius, metres; chords are used as distances."""
    return MEAN_EARTH_RADIUS_M * unit_vectors(*place.T)


def _join_vertices(coverage: Coverage, tolerance_m: float) -> tuple[Coverage, int, float]:
    """Move vertices to a vertex of another region, the nearest pairs first."""
    from scipy.spatial import KDTree

    loose, _, _ = _loose(coverage)
    if len(loose.place) < 2:
        return coverage, 0, 0.0
    at = _positions(loose.place)
    pairs = KDTree(at).query_pairs(tolerance_m, output_type="ndarray")
    # -180 and 180 are the same meridian, and a pole is one point, but on a flat map they are apart
    pairs = pairs[np.abs(loose.place[pairs[:, 0], 0] - loose.place[pairs[:, 1], 0]) < 1.0]
    apart = np.linalg.norm(at[pairs[:, 0]] - at[pairs[:, 1]], axis=1)
    clusters = _Clusters(at, loose.rows, tolerance_m)
    for k in np.lexsort((pairs[:, 1], pairs[:, 0], apart)).tolist():
        clusters.join(*pairs[k].tolist())
    target = {k: centre for k, centre in clusters.centre.items() if k != centre}
    if not target:
        return coverage, 0, 0.0
    moved, aim = list(target), list(target.values())
    largest = float(np.linalg.norm(at[moved] - at[aim], axis=1).max())
    return _replace(coverage, loose.place[moved], loose.place[aim]), len(target), largest


class _Clusters:
    """Clusters of vertices to join: of different regions, all within reach of one of them."""

    def __init__(self, at: NDArray[np.float64], rows: list[frozenset[int]], reach: float) -> None:
        self._at, self._rows, self._reach = at, rows, reach
        self.centre: dict[int, int] = {}
        self._members: dict[int, list[int]] = {}
        self._users: dict[int, frozenset[int]] = {}

    def join(self, a: int, b: int) -> None:
        """Join the clusters of two vertices, if one of their vertices is near enough to all."""
        a, b = (self.centre.get(k, k) for k in (a, b))
        users = [self._users.get(k, self._rows[k]) for k in (a, b)]
        if a == b or not users[0].isdisjoint(users[1]):
            return  # two vertices of one region are detail of its outline
        members = [*self._members.get(a, [a]), *self._members.get(b, [b])]
        # keep the vertex that several regions already use, else the first in (lon, lat) order
        for centre in sorted((a, b), key=lambda k: (-len(self._rows[k]), k)):
            if np.linalg.norm(self._at[members] - self._at[centre], axis=1).max() <= self._reach:
                for k in members:
                    self.centre[k] = centre
                self._members[centre], self._users[centre] = members, users[0] | users[1]
                return


def _replace(coverage: Coverage, origin: NDArray[np.float64], aim: NDArray[np.float64]) -> Coverage:
    """Move every vertex at a position in `origin` to its position in `aim`."""
    n = len(origin)
    where = _numbers(np.concatenate([origin, coverage.coords]))
    lookup = np.full(int(where.max()) + 1, -1)
    lookup[where[:n]] = np.arange(n)
    hit = lookup[where[n:]]
    coords = np.where((hit >= 0)[:, None], aim[hit], coverage.coords)
    return Coverage(
        coords, coverage.ring_offsets, coverage.ring_part, coverage.part_region, coverage.n_regions
    )


def _insert_vertices(coverage: Coverage, tolerance_m: float) -> tuple[Coverage, int, float]:
    """Add vertices of other regions to unshared edges that pass them."""
    import shapely

    loose, ends, row = _loose(coverage)
    if len(ends) == 0:
        return coverage, 0, 0.0
    metres = np.radians(1.0) * MEAN_EARTH_RADIUS_M
    widest = np.cos(np.radians(min(np.abs(loose.place[:, 1]).max(), 89.9)))
    edges: Any = shapely.linestrings(ends.reshape(-1, 2, 2))
    tree = shapely.STRtree(edges)
    vertex, edge = tree.query(
        shapely.points(loose.place),
        predicate="dwithin",
        distance=1.01 * tolerance_m / metres / widest,
    )
    foreign = np.array(
        [r not in loose.rows[v] for v, r in zip(vertex.tolist(), row[edge].tolist())], dtype=bool
    )
    vertex, edge = vertex[foreign], edge[foreign]
    scale = np.cos(np.radians(loose.place[vertex, 1]))
    p = (loose.place[vertex] - ends[edge, :2]) * np.column_stack([scale, np.ones_like(scale)])
    d = (ends[edge, 2:] - ends[edge, :2]) * np.column_stack([scale, np.ones_like(scale)])
    t = (p * d).sum(1) / np.maximum((d * d).sum(1), 1e-300)
    away = np.hypot(*(p - t[:, None] * d).T) * metres
    good = (t > 0.0) & (t < 1.0) & (away <= tolerance_m)
    vertex, edge, t, away = vertex[good], edge[good], t[good], away[good]
    if len(vertex) == 0:
        return coverage, 0, 0.0
    return (
        _with_vertices(coverage, ends[edge], loose.place[vertex], t),
        len(vertex),
        float(away.max()),
    )


def _with_vertices(
    coverage: Coverage,
    ends: NDArray[np.float64],
    place: NDArray[np.float64],
    t: NDArray[np.float64],
) -> Coverage:
    """Insert positions into edges given by their ends (a before b), at `t` along them."""
    coords, offsets = coverage.coords, coverage.ring_offsets
    start = np.ones(len(coords), dtype=bool)
    start[offsets[1:] - 1] = False
    at = np.flatnonzero(start)
    a, b = coords[at], coords[at + 1]
    back = (a[:, 0] > b[:, 0]) | ((a[:, 0] == b[:, 0]) & (a[:, 1] > b[:, 1]))
    key = np.where(back[:, None], np.hstack([b, a]), np.hstack([a, b]))
    where = _numbers(np.concatenate([ends, key]))
    ring_edge = np.full(int(where.max()) + 1, -1)
    ring_edge[where[len(ends) :]] = np.arange(len(at))  # an unshared edge is used once
    edge = ring_edge[where[: len(ends)]]
    along = np.where(back[edge], 1.0 - t, t)
    order = np.lexsort((along, edge))
    position = at[edge[order]] + 1
    new = np.insert(coords, position, place[order], axis=0)
    ring = np.searchsorted(offsets, position - 1, side="right") - 1
    grown = np.bincount(ring, minlength=len(offsets) - 1)
    new_offsets = offsets + np.concatenate([[0], np.cumsum(grown)])
    return Coverage(
        new, new_offsets.astype(np.int64), coverage.ring_part, coverage.part_region,
        coverage.n_regions,
    )  # fmt: skip
