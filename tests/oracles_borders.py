"""Border distances by looking at every edge, with other maths than geo_risk.borders.

Edges come from the polygons' rings, not from the layer's topology.
The nearest point is found in three steps, of which the first two only discard what is provably
farther:

1. All edges at once, on a sphere. In geographic coordinates the ellipsoid's line element is
   M² dφ² + N² cos²φ dλ², and a(1 - e²) <= M, a <= N, M <= N <= a / sqrt(1 - e²) everywhere, so
   r θ <= s <= R θ with θ the angle between the points as if latitude were spherical,
   r = a(1 - e²) and R = a / sqrt(1 - e²). An edge lies within half its own length of its middle.
2. Samples every 500 m or less along the edges that are left, by pyproj's geodesics. Along an
   edge the distance changes by no more than the way travelled, so a stretch between two samples
   with distances u and v that is l long holds nothing nearer than (u + v - l) / 2.
3. The stretches that are left, by scipy's bounded minimiser over GeographicLib's geodesics, and
   their ends.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from geographiclib.geodesic import Geodesic
from numpy.typing import NDArray
from pyproj import Geod
from scipy.optimize import minimize_scalar

A, F = 6378137.0, 1 / 298.257223563
E2 = F * (2 - F)
LEAST, GREATEST = A * (1 - E2), A / np.sqrt(1 - E2)
GEOD = Geod(ellps="WGS84")


def geographiclib_m(lon1: float, lat1: float, lon2: float, lat2: float) -> float:
    """Geodesic distance by Karney's own Python code."""
    return Geodesic.WGS84.Inverse(lat1, lon1, lat2, lon2, Geodesic.DISTANCE)["s12"]


@dataclass(frozen=True)
class EveryEdge:
    """All edges of a layer that do not lie between two regions of one country."""

    a: NDArray[np.float64]  # (e, 2) degrees
    b: NDArray[np.float64]
    countries: list[frozenset[str]]  # of each distinct set of sides
    kind: NDArray[np.int64]  # position of an edge in `countries`
    middle: NDArray[np.float64]  # unit vectors, latitude taken for spherical
    half: NDArray[np.float64]  # radians: at most this far from the middle

    def mask(self, wanted) -> NDArray[np.bool_]:
        """Edges whose set of countries meets a condition."""
        return np.array([bool(wanted(c)) for c in self.countries])[self.kind]

    def of_kind(self, kind: str, own: str | None, to: str | None = None) -> NDArray[np.bool_]:
        """Edges that a kind of border consists of."""
        if kind == "land":
            return self.mask(lambda c: own in c and len(c) > 1 and (to is None or to in c))
        if kind == "outline":
            return self.mask(lambda c: own in c)
        if kind == "line":
            return self.mask(lambda c: len(c) > 1 and (to is None or to in c))
        return self.mask(lambda c: to in c if to is not None else bool(c - {own}))


def every_edge(layer) -> EveryEdge:
    """Collect the edges from the rings of a layer's polygons."""
    coverage = layer.coverage
    coords, offsets = coverage.coords, coverage.ring_offsets
    region_of_ring = coverage.part_region[coverage.ring_part]
    labels = np.array(
        [c or u for c, u in zip(layer.columns["country_code"], layer.columns["unit_code"])]
    )
    names, country = np.unique(labels, return_inverse=True)
    last = np.zeros(len(coords), dtype=bool)
    last[offsets[1:] - 1] = True
    start = np.flatnonzero(~last)
    a, b = coords[start], coords[start + 1]
    side = country[np.repeat(region_of_ring, np.diff(offsets) - 1)]
    seam = (np.abs(a[:, 0]) == 180) & (a[:, 0] == b[:, 0])
    seam |= (np.abs(a[:, 1]) == 90) & (a[:, 1] == b[:, 1])
    real = (a != b).any(axis=1) & ~seam
    a, b, side = a[real], b[real], side[real]
    _, vertex = np.unique(np.concatenate([a, b]) @ np.array([1, 1j]), return_inverse=True)
    ends = np.sort(vertex.reshape(2, -1), axis=0).astype(np.int64)
    _, first, edge = np.unique(
        ends[0] * (ends.max() + 1) + ends[1], return_index=True, return_inverse=True
    )
    # an edge used twice by one country lies inside it; used once it is a coast
    uses = np.bincount(edge)
    mixed = np.zeros(len(first), dtype=bool)
    lowest = np.full(len(first), 10**9)
    highest = np.full(len(first), -1)
    np.minimum.at(lowest, edge, side)
    np.maximum.at(highest, edge, side)
    mixed = lowest != highest
    keep = mixed | (uses == 1)
    a, b, lowest, highest = a[first][keep], b[first][keep], lowest[keep], highest[keep]
    pairs, kind = np.unique(lowest * len(names) + highest, return_inverse=True)
    sets = [frozenset({str(names[k // len(names)]), str(names[k % len(names)])}) for k in pairs]
    lon, lat = np.radians((a + b) / 2).T
    middle = np.column_stack([np.cos(lat) * np.cos(lon), np.cos(lat) * np.sin(lon), np.sin(lat)])
    d_lon, d_lat = np.radians(np.abs(b - a)).T
    half = 0.5 * (d_lat + d_lon)  # cos φ <= 1
    return EveryEdge(a, b, sets, kind.reshape(-1), middle, half)


def brute_force(
    edges: EveryEdge, chosen: NDArray[np.bool_], lon: float, lat: float, within_m: float = 1e-6
) -> tuple[float, set[frozenset[str]]]:
    """Distance in metres to the chosen edges, and the sides of those at most so much farther."""
    index = np.flatnonzero(chosen)
    if not len(index):
        return np.nan, set()
    x, y = np.radians(lon), np.radians(lat)
    p = np.array([np.cos(y) * np.cos(x), np.cos(y) * np.sin(x), np.sin(y)])
    chord = np.sqrt(((edges.middle[index] - p) ** 2).sum(axis=1))
    theta = 2 * np.arcsin(np.minimum(1, chord / 2))
    upper = GREATEST * (theta + edges.half[index]).min() + within_m + 1e-3
    index = index[LEAST * (theta - edges.half[index]) <= upper]
    best, near = np.inf, []
    for e, t0, t1 in _sample(edges, index, lon, lat, within_m + 1e-3):
        a, d = edges.a[e], edges.b[e] - edges.a[e]

        def distance(t, a=a, d=d, e=e):
            q = edges.b[e] if t == 1.0 else a + t * d
            return geographiclib_m(lon, lat, q[0], q[1])

        inside = minimize_scalar(distance, bounds=(t0, t1), method="bounded",
                                 options={"xatol": 1e-9 * (t1 - t0)}).fun  # fmt: skip
        found = min(inside, distance(t0), distance(t1))
        near.append((found, edges.countries[edges.kind[e]]))
        best = min(best, found)
    return best, {sides for found, sides in near if found <= best + within_m}


def _sample(
    edges: EveryEdge, index: NDArray[np.intp], lon: float, lat: float, margin: float
) -> list[tuple[int, float, float]]:
    """Stretches (edge, from, to) that may hold the nearest point."""
    count = np.maximum(1, np.ceil(2 * edges.half[index] * GREATEST / 500.0)).astype(int)
    e = np.repeat(index, count)
    rank = np.arange(len(e)) - np.repeat(np.cumsum(count) - count, count)
    n = np.repeat(count, count)
    t0, t1 = rank / n, (rank + 1) / n
    a, d = edges.a[e], edges.b[e] - edges.a[e]
    length = 2 * edges.half[e] / n * GREATEST
    ends = []
    for t in (t0, t1):
        q = a + t[:, None] * d
        ends.append(GEOD.inv(np.full(len(e), lon), np.full(len(e), lat), q[:, 0], q[:, 1])[2])
    u, v = ends
    keep = (u + v - length) / 2 <= min(u.min(), v.min()) + margin
    return [(int(i), float(f), float(g)) for i, f, g in zip(e[keep], t0[keep], t1[keep])]
