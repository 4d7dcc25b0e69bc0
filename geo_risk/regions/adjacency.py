"""Lengths of the borders between neighbours, and points where three or more meet."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from geo_risk._core.constants import WGS84_A, WGS84_E2
from geo_risk._core.types import FloatArray
from geo_risk.regions.coverage import Coverage, ring_edges
from geo_risk.regions.topology import Topology, facing, seam_stretches

__all__ = ["Tripoint", "edge_lengths_m", "meeting_points", "pair_lengths_m"]


class Tripoint(NamedTuple):
    """A vertex where three or more regions or countries meet.

    Attributes
    ----------
    codes : tuple of str
        Sorted; four if four meet.
    lon, lat : float
        Degrees, as in the layer.
    """

    codes: tuple[str, ...]
    lon: float
    lat: float


def edge_lengths_m(ax: FloatArray, ay: FloatArray, bx: FloatArray, by: FloatArray) -> FloatArray:
    """Lengths in metres of edges that are straight in longitude and latitude, on WGS84.

    Parameters
    ----------
    ax, ay, bx, by : ndarray of float64, shape (e,)
        End points in degrees.

    Returns
    -------
    ndarray of float64, shape (e,)

    Notes
    -----
    The speed along the edge is integrated with eight Gauss-Legendre nodes. The result is the length
    of the line as drawn, not of the geodesic between its ends, which is never longer.

    Examples
    --------
    >>> import numpy as np
    >>> one, two = np.array([0.0]), np.array([1.0])
    >>> edge_lengths_m(one, one, two, one).round().item()  # a degree of the equator
    111319.0
    """
    nodes, weights = np.polynomial.legendre.leggauss(8)
    t = 0.5 * (nodes + 1.0)
    d_lat, d_lon = np.radians(by - ay)[:, None], np.radians(bx - ax)[:, None]
    lat = np.radians(ay)[:, None] + d_lat * t
    w2 = 1.0 - WGS84_E2 * np.sin(lat) ** 2
    north = (1.0 - WGS84_E2) / w2**1.5 * d_lat
    east = np.cos(lat) / np.sqrt(w2) * d_lon
    return np.asarray(0.5 * WGS84_A * (np.hypot(north, east) @ weights))


def _seam_lengths_m(coverage: Coverage, pairs: NDArray[np.int32]) -> FloatArray:
    """Length of the antimeridian that the two rows of each pair share, metres.

    The topology has no edges there, because a flat map is cut at ±180 but the Earth is not.
    """
    edges, total = ring_edges(coverage), np.zeros(len(pairs))
    west, east = (_by_row(seam_stretches(edges, lon)) for lon in (-180.0, 180.0))
    for position, (one, two) in enumerate(pairs.tolist()):
        for row, other in ((one, two), (two, one)):
            if row not in west or other not in east:
                continue
            a, b = west[row], east[other]
            ends = [(np.maximum(a[k, 0], b[near, 0]), np.minimum(a[k, 1], b[near, 1]))
                    for k, near in facing(a, b)]  # fmt: skip
            if ends:
                low, high = (np.concatenate(part) for part in zip(*ends))
                zero = np.zeros(len(low))
                total[position] += edge_lengths_m(zero, low, zero, high).sum()
    return total


def _by_row(stretches: FloatArray) -> dict[int, FloatArray]:
    """Stretches of each row."""
    row = stretches[:, 2]
    ordered = stretches[np.argsort(row, kind="stable")]
    rows, first = np.unique(ordered[:, 2], return_index=True)
    return dict(zip(rows.astype(np.int64).tolist(), np.split(ordered, first[1:])))


def pair_lengths_m(topology: Topology, coverage: Coverage, pairs: NDArray[np.int32]) -> FloatArray:
    """Length of the edges that each pair of rows shares, with the antimeridian, metres.

    Parameters
    ----------
    topology, coverage : Topology, Coverage
    pairs : ndarray of int32, shape (p, 2)
        Distinct, sorted pairs (i, j), i < j, with at least every pair that shares an edge.

    Returns
    -------
    ndarray of float64, shape (p,)
    """
    shared = topology.right >= 0
    width = int(pairs.max(initial=0)) + 1
    key = pairs[:, 0].astype(np.int64) * width + pairs[:, 1]
    of_edge = topology.left[shared].astype(np.int64) * width + topology.right[shared]
    ends = (ends[shared] for ends in (topology.ax, topology.ay, topology.bx, topology.by))
    position = np.searchsorted(key, of_edge)
    metres = np.zeros(len(pairs))
    np.add.at(metres, position, edge_lengths_m(*ends))
    if len(topology.seam_pairs):
        seam = topology.seam_pairs.astype(np.int64)
        at = np.searchsorted(key, seam[:, 0] * width + seam[:, 1])
        np.add.at(metres, at, _seam_lengths_m(coverage, topology.seam_pairs))
    return metres


def meeting_points(
    topology: Topology, label_of_row: Sequence[str], rows: NDArray[np.int64] | None = None
) -> list[Tripoint]:
    """Vertices where three or more labels meet, sorted by labels and position.

    Parameters
    ----------
    topology : Topology
    label_of_row : sequence of str
        Label of each row, for example its region code or its country.
    rows : ndarray of int64, optional
        Only vertices of these rows.

    Returns
    -------
    list of Tripoint
    """
    names, label = np.unique(np.asarray(label_of_row, dtype=str), return_inverse=True)
    border = topology.right >= 0
    border[border] = label[topology.left[border]] != label[topology.right[border]]
    sides = np.column_stack([label[topology.left[border]], label[topology.right[border]]])
    places, place = np.unique(_ends(topology, border), axis=0, return_inverse=True)
    place = np.repeat(place.reshape(-1), 2)
    met = np.unique(np.column_stack([place, np.concatenate([sides, sides]).ravel()]), axis=0)
    start = np.searchsorted(met[:, 0], np.arange(len(places) + 1))
    several = np.diff(start) >= 3
    if rows is not None:
        own = np.isin(topology.left, rows) | np.isin(topology.right, rows)
        touched = {tuple(point) for point in _ends(topology, own).tolist()}
        several &= np.array([tuple(point) in touched for point in places.tolist()], dtype=bool)
    return sorted(
        Tripoint(tuple(names[met[start[k] : start[k + 1], 1]].tolist()), *places[k].tolist())
        for k in np.flatnonzero(several)
    )


def _ends(topology: Topology, edges: NDArray[np.bool_]) -> FloatArray:
    """End points of edges, all first ends before all second ends; -180 becomes 180."""
    lon = np.concatenate([topology.ax[edges], topology.bx[edges]])
    lat = np.concatenate([topology.ay[edges], topology.by[edges]])
    return np.column_stack([np.where(lon == -180.0, 180.0, lon), lat])
