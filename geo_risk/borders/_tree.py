"""A forest of bounding boxes over border edges, one tree per pair of countries and per coast.

Built with numpy only, level by level, so that building needs no compilation. Positions are
Earth-centred, in units of the semi-major axis. The boxes of a node's eight children stand together,
one number of all eight after the other, so that the kernel calculates with eight at a time.
"""

from __future__ import annotations

from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from geo_risk._core.cache import Kinds
from geo_risk._core.geodesic import positions
from geo_risk._core.types import FloatArray, Int32Array

__all__ = ["FOREST_ARRAYS", "SLACK", "Forest", "build_forest"]


_FAN = 8  # children of a node, pieces of a block
_SAG = 1e-7  # edges are cut until they deviate from their chords by less than this: 0.6 m
_NOWHERE = 1e9  # position of absent children and pieces, out of reach
SLACK: Final = 1.001 * _SAG
"""No stretch of an edge deviates more from its chord; also covers rounding."""


class Forest(NamedTuple):
    """Flat arrays of a forest, read by the kernel.

    Attributes
    ----------
    box : ndarray of float32, shape (m, 48)
        Boxes of everything under the eight children of a node, rounded outward: eight minima of x,
        of y and of z, then the maxima. Those of absent children lie out of reach.
    child : ndarray of int32, shape (m, 8)
        The children: nodes, or -1 minus the number of a block of pieces.
    group : ndarray of int32, shape (m,)
        The group (pair of countries or coast) whose root the node is, else -1.
    members : ndarray of int32, shape (g, 2)
        The countries of a group; the second is -1 for a coast.
    piece : ndarray of float64, shape (8 * b, 6)
        Stretches of edges, short enough to be approximated by their chords: start x, y, z, end
        x, y, z. Block `k` holds the pieces from ``8 * k`` on; absent pieces lie out of reach.
    stretch : ndarray of float64, shape (8 * b, 6)
        Longitude and latitude of both ends of a piece's edge, and the positions on it, from 0 to
        1, where the piece begins and ends.
    edge : ndarray of int32, shape (8 * b,)
        The edge of a piece; -1 for an absent one.
    sides : ndarray of int32, shape (e, 4)
        Rows of the two regions that share an edge, then their countries; the second of each is
        -1 for a coast.
    position : ndarray of int64, shape (e,)
        Position of an edge in the layer's topology.
    root : ndarray of int32, shape (lists,)
        Start node of each kind of search, -1 if there is nothing to find. For `c` countries: land
        borders of each country, outlines of each country, every land border, every outline, then
        each group by itself.
    """

    box: NDArray[np.float32]
    child: Int32Array
    group: Int32Array
    members: Int32Array
    piece: FloatArray
    stretch: FloatArray
    edge: Int32Array
    sides: Int32Array
    position: NDArray[np.int64]
    root: Int32Array

    def ends_of_edges(self) -> FloatArray:
        """Longitude and latitude of both ends of each edge, shape (e, 4)."""
        ends = np.empty((len(self.position), 4))
        real = self.edge >= 0
        ends[self.edge[real]] = self.stretch[real, :4]
        return ends


FOREST_ARRAYS: Kinds = {
    "box": (np.float32, 6 * _FAN), "child": (np.int32, _FAN), "group": (np.int32, 0),
    "members": (np.int32, 2), "piece": (np.float64, 6), "stretch": (np.float64, 6),
    "edge": (np.int32, 0), "sides": (np.int32, 4), "position": (np.int64, 0),
    "root": (np.int32, 0),
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
    piece = _chords(ends, edge, span)
    group = group_of_edge[edge]
    order = np.lexsort((_along_curve(0.5 * (piece[:, :3] + piece[:, 3:6])), group))
    edge, span, group, piece = edge[order], span[order], group[order], piece[order]
    nodes = _Nodes(len(members))
    start, stop = piece[:, :3], piece[:, 3:6]
    nodes.grow(np.minimum(start, stop) - SLACK, np.maximum(start, stop) + SLACK, group)
    root = nodes.roots_of_lists(*_lists(members, n_countries))
    lane, run = _runs_of_eight(group)
    at, size = _FAN * run + lane, _FAN * (int(run[-1]) + 1) if len(run) else 0
    return Forest(
        *nodes.arrays(), members.astype(np.int32), _spread(piece, at, size, _NOWHERE),
        _spread(np.hstack([ends[edge], span]), at, size),
        _spread(edge.astype(np.int32), at, size, -1), _with_countries(sides, country),
        position.astype(np.int64), root,
    )  # fmt: skip


def _runs_of_eight(group: NDArray[np.intp]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Lane and number of the run of each item, if each group is cut into runs of eight."""
    first = np.flatnonzero(np.concatenate([[True], group[1:] != group[:-1]])[: len(group)])
    length = np.diff(np.concatenate([first, [len(group)]]))
    lane = (np.arange(len(group)) - np.repeat(first, length)) % _FAN
    return lane, np.cumsum(lane == 0) - 1


def _spread(values: NDArray[Any], at: NDArray[np.intp], size: int, fill: float = 0) -> NDArray[Any]:
    """Rows at their places among `size`, the others filled."""
    found = np.full((size, *values.shape[1:]), fill, dtype=values.dtype)
    found[at] = values
    return found


def _in_lanes(
    values: NDArray[Any], run: NDArray[np.intp], lane: NDArray[np.intp], fill: float = _NOWHERE
) -> NDArray[Any]:
    """Columns of eight rows at a time, one column of all eight after the other."""
    n = int(run[-1]) + 1 if len(run) else 0
    found = np.full((n, values.shape[1], _FAN), fill, dtype=values.dtype)
    found[run, :, lane] = values
    return found.reshape(n, values.shape[1] * _FAN)


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


def _chords(ends: FloatArray, edge: NDArray[np.intp], span: FloatArray) -> FloatArray:
    """Positions of both ends of each piece."""
    a, b = ends[edge, :2], ends[edge, 2:]
    start = a + span[:, :1] * (b - a)
    stop = np.where(span[:, 1:] == 1.0, b, a + span[:, 1:] * (b - a))
    return np.hstack([positions(*np.ascontiguousarray(point.T)) for point in (start, stop)])


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

    def __init__(self, n_groups: int) -> None:
        self.box: list[NDArray[np.float32]] = []
        self.child: list[Int32Array] = []
        self.size = 0
        self.root = np.zeros(n_groups, dtype=np.int64)
        self.low, self.high = np.empty((n_groups, 3)), np.empty((n_groups, 3))

    def grow(self, low: FloatArray, high: FloatArray, group: NDArray[np.intp]) -> None:
        """Build the tree of each group over the boxes of its pieces, which are sorted by group."""
        if not len(group):
            return
        first = np.flatnonzero(_runs_of_eight(group)[0] == 0)
        low, high = np.minimum.reduceat(low, first), np.maximum.reduceat(high, first)
        level = self._append(low, high, group[first], -1 - np.arange(len(first)))
        self.root, self.low, self.high = self._raise_levels(*level, len(self.root))

    def roots_of_lists(
        self, which: NDArray[np.int64], group: NDArray[np.int64], n_lists: int
    ) -> Int32Array:
        """Build the tree over the roots of each list of groups; -1 for an empty list."""
        low, high = self.low[group], self.high[group]
        order = np.lexsort((_along_curve(0.5 * (low + high)), which))
        level = low[order], high[order], which[order], self.root[group[order]]
        return self._raise_levels(*level, n_lists)[0].astype(np.int32)

    def _raise_levels(
        self, low: FloatArray, high: FloatArray, group: NDArray[Any], ids: NDArray[np.int64],
        n_groups: int,
    ) -> tuple[NDArray[np.int64], FloatArray, FloatArray]:  # fmt: skip
        """Build upward until every group has one root: its node, -1 for none, and its box."""
        root = np.full(n_groups, -1, dtype=np.int64)
        least, most = np.zeros((n_groups, 3)), np.zeros((n_groups, 3))
        while len(group):
            done = np.bincount(group)[group] == 1
            root[group[done]] = ids[done]
            least[group[done]], most[group[done]] = low[done], high[done]
            low, high, group, ids = low[~done], high[~done], group[~done], ids[~done]
            if len(group):
                low, high, group, ids = self._append(low, high, group, ids)
        return root, least, most

    def _append(
        self, low: FloatArray, high: FloatArray, group: NDArray[Any], ids: NDArray[np.int64]
    ) -> tuple[FloatArray, FloatArray, NDArray[Any], NDArray[np.int64]]:
        """Append one level: each run of eight items of one group becomes a node."""
        lane, run = _runs_of_eight(group)
        first = np.flatnonzero(lane == 0)
        self.box.append(_in_lanes(_outward(low, high), run, lane))
        self.child.append(_in_lanes(ids[:, None].astype(np.int32), run, lane, -1))
        made = self.size + np.arange(len(first))
        self.size += len(first)
        low, high = np.minimum.reduceat(low, first), np.maximum.reduceat(high, first)
        return low, high, group[first], made

    def arrays(self) -> tuple[NDArray[np.float32], Int32Array, Int32Array]:
        """Boxes, children and groups of all nodes."""
        group = np.full(self.size, -1, dtype=np.int32)
        if not self.size:
            empty = np.empty((0, _FAN))
            return np.tile(empty, 6).astype(np.float32), empty.astype(np.int32), group
        group[self.root] = np.arange(len(self.root))
        return np.concatenate(self.box), np.concatenate(self.child), group


def _outward(low: FloatArray, high: FloatArray) -> NDArray[np.float32]:
    """Boxes rounded outward to single precision."""
    infinity = np.float32(np.inf)
    return np.hstack(
        [
            np.nextafter(low.astype(np.float32), -infinity),
            np.nextafter(high.astype(np.float32), infinity),
        ]
    )


def _lists(
    members: NDArray[np.int64], n_countries: int
) -> tuple[NDArray[np.int64], NDArray[np.int64], int]:
    """Number of the list and group, for each group of each list (see `Forest`); lists in all."""
    everything = np.arange(len(members))
    land, world = np.flatnonzero(members[:, 1] >= 0), 2 * n_countries
    which, group = [], []
    for start, pool in ((0, land), (n_countries, everything)):
        for country in members[pool].T:
            real = country >= 0
            which.append(start + country[real])
            group.append(pool[real])
    which += [np.full(len(land), world), np.full(len(members), world + 1), world + 2 + everything]
    group += [land, everything, everything]
    return np.concatenate(which), np.concatenate(group), world + 2 + len(members)
