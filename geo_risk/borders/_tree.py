"""A forest of bounding boxes over border edges, one tree per pair of countries and per coast.

Built with numpy only, level by level, so that building needs no compilation. Positions are
Earth-centred, in units of the semi-major axis.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from geo_risk._core.cache import Kinds
from geo_risk._core.geodesic import positions
from geo_risk._core.types import FloatArray, Int32Array

__all__ = ["FOREST_ARRAYS", "Forest", "build_forest"]


_LEAF = 4  # pieces in a leaf
_FAN = 4  # children of a node
_SAG = 1e-7  # edges are cut until they deviate from their chords by less than this: 0.6 m


class Forest(NamedTuple):
    """Flat arrays of a forest, read by the kernel.

    Attributes
    ----------
    box : ndarray of float32, shape (m, 6)
        Minimum x, y, z and maximum x, y, z of everything under a node, rounded outward.
    link : ndarray of int32, shape (m, 4)
        First child and number of children, which are adjacent; a leaf has its first piece and the
        negative number of its pieces. Then the group (pair of countries or coast) whose root the
        node is, else -1.
    members : ndarray of int32, shape (g, 2)
        The countries of a group; the second is -1 for a coast.
    piece : ndarray of float64, shape (p, 8)
        A stretch of an edge, short enough to be approximated by its chord: start x, y, z, vector to
        its end x, y, z, the reciprocal of the vector's square, and the largest deviation of the
        stretch from the chord. One cache line of a processor.
    stretch : ndarray of float64, shape (p, 6)
        Longitude and latitude of both ends of a piece's edge, and the positions on it, from 0 to
        1, where the piece begins and ends.
    edge : ndarray of int32, shape (p,)
        The edge of a piece.
    sides : ndarray of int32, shape (e, 4)
        Rows of the two regions that share an edge, then their countries; the second of each is
        -1 for a coast.
    position : ndarray of int64, shape (e,)
        Position of an edge in the layer's topology.
    list_start, list_node : ndarray of int32
        Start nodes of searches: list `k` is ``list_node[list_start[k]:list_start[k + 1]]``. For
        `c` countries: land borders of each country, outlines of each country, every land
        border, every outline, then each group by itself.
    """

    box: NDArray[np.float32]
    link: Int32Array
    members: Int32Array
    piece: FloatArray
    stretch: FloatArray
    edge: Int32Array
    sides: Int32Array
    position: NDArray[np.int64]
    list_start: Int32Array
    list_node: Int32Array


FOREST_ARRAYS: Kinds = {
    "box": (np.float32, 6), "link": (np.int32, 4), "members": (np.int32, 2),
    "piece": (np.float64, 8), "stretch": (np.float64, 6), "edge": (np.int32, 0),
    "sides": (np.int32, 4), "position": (np.int64, 0), "list_start": (np.int32, 0),
    "list_node": (np.int32, 0),
}  # fmt: skip


def build_forest(
    position: NDArray[np.int64],
    ends: FloatArray,
    sides: Int32Array,
    country: Int32Array,
    n_countries: int,
) -> Forest:
    """Build the forest over edges whose two sides differ in country.

    Parameters
    ----------
    position : ndarray of int64, shape (e,)
        Stored unchanged.
    ends : ndarray of float64, shape (e, 4)
        ax, ay, bx, by in degrees.
    sides : ndarray of int32, shape (e, 2)
        Rows of the regions on both sides; the second is -1 for a coast.
    country : ndarray of int32, shape (rows,)
        Country of each row, 0 … n_countries - 1.
    n_countries : int
    """
    members, group_of_edge = _groups(sides, country)
    edge, span = _cut(ends)
    start, stop, slack = _chords(ends, edge, span)
    group_of_piece = group_of_edge[edge]
    order = np.lexsort((_along_curve(0.5 * (start + stop)), group_of_piece))
    edge, span, start, stop = edge[order], span[order], start[order], stop[order]
    slack = slack[order][:, None]
    low, high = np.minimum(start, stop) - slack, np.maximum(start, stop) + slack
    way = stop - start
    square = np.maximum((way**2).sum(axis=1, keepdims=True), 1e-300)
    piece = np.hstack([start, way, 1.0 / square, slack])
    nodes = _Nodes(low, high, group_of_piece[order], len(members))
    list_start, list_node = _start_lists(nodes, members, n_countries)
    box, link = nodes.arrays()
    return Forest(
        box, link, members.astype(np.int32), piece, np.hstack([ends[edge], span]),
        edge.astype(np.int32), _with_countries(sides, country), position.astype(np.int64),
        list_start, list_node,
    )  # fmt: skip


def _with_countries(sides: Int32Array, country: Int32Array) -> Int32Array:
    """Rows on both sides of each edge, then countries; -1 for none."""
    of_row = np.append(country, -1)  # row -1 has no country
    return np.hstack([sides, of_row[sides]]).astype(np.int32)


def _groups(sides: Int32Array, country: Int32Array) -> tuple[NDArray[np.int64], NDArray[np.intp]]:
    """Distinct (country, other country or -1), and the group of each edge."""
    first = country[sides[:, 0]].astype(np.int64)
    second = np.where(sides[:, 1] >= 0, country[sides[:, 1]], -1).astype(np.int64)
    coast = second < 0
    pair = np.column_stack([np.minimum(first, second), np.maximum(first, second)])
    pair[coast] = np.column_stack([first[coast], second[coast]])
    width = int(country.max(initial=0)) + 2
    keys, group = np.unique(pair[:, 0] * width + pair[:, 1] + 1, return_inverse=True)
    return np.column_stack([keys // width, keys % width - 1]), group


def _cut(ends: FloatArray) -> tuple[NDArray[np.intp], FloatArray]:
    """Cut edges into pieces near their chords: edge of each piece, and its span."""
    n_pieces = np.maximum(1, np.ceil(np.sqrt(_sagitta(ends) / _SAG))).astype(np.int64)
    edge = np.repeat(np.arange(len(ends)), n_pieces)
    rank = np.arange(len(edge)) - np.repeat(np.cumsum(n_pieces) - n_pieces, n_pieces)
    span = np.column_stack([rank, rank + 1]) / n_pieces[edge][:, None]
    return edge, span


def _sagitta(ends: FloatArray) -> FloatArray:
    """Upper bound of the distance between an edge, straight in lon/lat, and its chord.

    An eighth of the greatest second derivative of the position along the edge, which is at most
    1.02 (Δφ² + 2 Δφ Δλ + cos φ Δλ²) on this ellipsoid; 1.02 covers its radii of curvature (up
    to 1.0034) and their change with latitude (up to 0.0103).
    """
    ax, ay, bx, by = np.radians(ends).T
    d_lon, d_lat = np.abs(bx - ax), np.abs(by - ay)
    equatorward = np.where(ay * by <= 0.0, 0.0, np.minimum(np.abs(ay), np.abs(by)))
    bound = d_lat**2 + 2.0 * d_lat * d_lon + np.cos(equatorward) * d_lon**2
    return np.asarray(1.02 / 8.0 * bound)


def _chords(
    ends: FloatArray, edge: NDArray[np.intp], span: FloatArray
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Ends of the pieces in space, and the largest deviation of each piece from its chord."""
    a, b = ends[edge, :2], ends[edge, 2:]
    start = a + span[:, :1] * (b - a)
    stop = np.where(span[:, 1:] == 1.0, b, a + span[:, 1:] * (b - a))
    stretch = np.ascontiguousarray(np.column_stack([start, stop]))
    first, last = (
        positions(np.ascontiguousarray(p[:, 0]), np.ascontiguousarray(p[:, 1]))
        for p in (start, stop)
    )
    return first, last, _sagitta(stretch) + 1e-15


def _along_curve(xyz: FloatArray) -> NDArray[np.uint64]:
    """Position along a Hilbert curve through space, 21 bits per axis (6 m).

    Skilling, J. (2004): Programming the Hilbert curve, AIP Conf. Proc. 707, 381-387, on arrays.
    Neighbours on the curve are nearer to each other than in Z-order: 10 % fewer boxes are visited.
    """
    bits, one = 21, np.uint32(1)
    x = [((axis + 1.01) * (2**bits / 2.02)).astype(np.uint32) for axis in xyz.T]
    for level in range(bits - 1, 0, -1):
        here, below = np.uint32(1 << level), np.uint32((1 << level) - 1)
        for axis in range(3):
            high = (x[axis] & here) != 0
            swapped = np.where(high, np.uint32(0), (x[0] ^ x[axis]) & below)
            x[0] = np.where(high, x[0] ^ below, x[0] ^ swapped)
            if axis:
                x[axis] ^= swapped
    x[1] ^= x[0]
    x[2] ^= x[1]
    turn = np.zeros_like(x[0])
    for level in range(bits - 1, 0, -1):
        turn[(x[2] & np.uint32(1 << level)) != 0] ^= np.uint32((1 << level) - 1)
    code = np.zeros(len(xyz), dtype=np.uint64)
    for level in range(bits - 1, -1, -1):
        for axis in range(3):
            bit = ((x[axis] ^ turn) >> np.uint32(level)) & one
            code = (code << np.uint64(1)) | bit.astype(np.uint64)
    return code


class _Nodes:
    """Nodes, appended level by level."""

    def __init__(
        self, low: FloatArray, high: FloatArray, group: NDArray[np.intp], n_groups: int
    ) -> None:
        self.low: list[FloatArray] = []
        self.high: list[FloatArray] = []
        self.first: list[NDArray[np.int64]] = []
        self.count: list[NDArray[np.int64]] = []
        self.group: list[NDArray[np.int64]] = []
        self.size = 0
        self.root = np.zeros(n_groups, dtype=np.int64)
        if n_groups:
            ids = self._append(low, high, group, np.arange(len(low)), _LEAF, leaf=True)
            self._raise_levels(*ids)
        self.group = [np.full(self.size, -1)] if self.size else []
        if n_groups:
            self.group[0][self.root] = np.arange(n_groups)

    def _append(
        self, low: FloatArray, high: FloatArray, group: NDArray[np.intp], ids: NDArray[np.int64],
        fan: int, *, leaf: bool = False,
    ) -> tuple[FloatArray, FloatArray, NDArray[np.intp], NDArray[np.int64]]:  # fmt: skip
        """Append one level: each run of `fan` items of one group becomes a node."""
        new_group = np.concatenate([[True], group[1:] != group[:-1]])
        rank = np.arange(len(group)) - np.flatnonzero(new_group)[np.cumsum(new_group) - 1]
        start = np.flatnonzero(rank % fan == 0)
        count = np.diff(np.concatenate([start, [len(group)]]))
        low, high = np.minimum.reduceat(low, start), np.maximum.reduceat(high, start)
        self.low.append(low)
        self.high.append(high)
        self.first.append(ids[start])
        self.count.append(-count if leaf else count)
        made = self.size + np.arange(len(start))
        self.size += len(start)
        return low, high, group[start], made

    def _raise_levels(
        self, low: FloatArray, high: FloatArray, group: NDArray[np.intp], ids: NDArray[np.int64]
    ) -> None:
        """Build upward until every group has one root."""
        while len(group):
            size = np.bincount(group)
            done = size[group] == 1
            self.root[group[done]] = ids[done]
            low, high, group, ids = low[~done], high[~done], group[~done], ids[~done]
            if len(group):
                low, high, group, ids = self._append(low, high, group, ids, _FAN)

    def top(self, groups: NDArray[np.intp]) -> int:
        """Append a tree over the roots of some groups; return its root, or -1 for no groups."""
        if not len(groups):
            return -1
        low = np.concatenate(self.low)[self.root[groups]]
        high = np.concatenate(self.high)[self.root[groups]]
        order = np.argsort(_along_curve(0.5 * (low + high)), kind="stable")
        groups, low, high = groups[order], low[order], high[order]
        # children of a node must be adjacent, so the roots are copied
        self.first.append(np.concatenate(self.first)[self.root[groups]])
        self.count.append(np.concatenate(self.count)[self.root[groups]])
        self.low.append(low)
        self.high.append(high)
        self.group.append(groups.astype(np.int64))
        ids = self.size + np.arange(len(groups))
        self.size += len(groups)
        one = np.zeros(len(groups), dtype=np.intp)
        while len(ids) > 1:
            low, high, one, ids = self._append(low, high, one, ids, _FAN)
            self.group.append(np.full(len(ids), -1))
        return int(ids[0])

    def arrays(self) -> tuple[NDArray[np.float32], Int32Array]:
        """All nodes, with boxes rounded outward to single precision."""
        if not self.size:
            return np.empty((0, 6), dtype=np.float32), np.empty((0, 4), dtype=np.int32)
        low = np.concatenate(self.low).astype(np.float32)
        high = np.concatenate(self.high).astype(np.float32)
        box = np.concatenate(
            [np.nextafter(low, np.float32(-np.inf)), np.nextafter(high, np.float32(np.inf))], axis=1
        )
        parts = [np.concatenate(part) for part in (self.first, self.count, self.group)]
        link = np.column_stack([*parts, np.zeros(self.size, dtype=np.int64)]).astype(np.int32)
        return np.ascontiguousarray(box), link


def _start_lists(
    nodes: _Nodes, members: NDArray[np.int64], n_countries: int
) -> tuple[Int32Array, Int32Array]:
    """Start nodes of each kind of search (see `Forest`)."""
    coast = members[:, 1] < 0
    land = np.flatnonzero(~coast)
    lists: list[NDArray[np.int64]] = []
    for pool in (land, np.arange(len(members))):
        country = np.concatenate([members[pool, 0], members[pool, 1]])
        group = np.concatenate([pool, pool])
        real = country >= 0
        order = np.lexsort((group[real], country[real]))
        bounds = np.cumsum(np.bincount(country[real], minlength=n_countries))[:-1]
        lists += np.split(nodes.root[group[real][order]], bounds)
    for pool in (land, np.arange(len(members))):
        top = nodes.top(pool)
        lists.append(np.array([top] if top >= 0 else [], dtype=np.int64))
    lists += [nodes.root[g : g + 1] for g in range(len(members))]
    start = np.concatenate([[0], np.cumsum([len(part) for part in lists])])
    return start.astype(np.int32), np.concatenate(lists).astype(np.int32)
