"""Nearest point of a set of border edges: search by chords, then the exact geodesic.

All inputs and outputs are arrays. A search collects every piece that may contain the nearest point,
by proven bounds (see `geo_risk._core.geodesic`), and compares these pieces by geodesics. So the
result depends neither on the order of the search nor on the shape of the tree.

Points near each other share a search: with r the distance of a point from the first of them, and u
an upper bound of the first's distance, its own is at most u + r, and what is nearest to it lies
within u + 2r of the first. Each of them then looks at the list of what was collected.

Boxes, and the chords of a list, are looked at in single precision, many at a time. It only decides
what is calculated again in double precision: its bounds are wider by more than its errors.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from geo_risk._core.geodesic import chord_of_arc, position
from geo_risk._core.jit import inner, njit
from geo_risk._core.types import FloatArray, Int32Array
from geo_risk.borders._feet import AT, LOWER, PIECE, chord_foot, decide, is_in, reach_of, wide
from geo_risk.borders._tree import SLACK, Forest

__all__ = ["nearest_edges"]


_STACK: Final = 256
_LIST: Final = 256  # longest list of pieces
_SHARERS: Final = 32  # most points that share a search
# They lie so near each other that a straight border would put this length on the list, 191 km.
_LISTED: Final = 0.03

_narrow: Callable[[float], Any] = np.float32


@inner
def _box_distances(
    box: NDArray[np.float32], node: int, x: Any, y: Any, z: Any, d2: NDArray[np.float32]
) -> None:
    """Squared distances from p to the boxes of a node's children."""
    zero = _narrow(0.0)
    for j in range(box.shape[1] // 6):  # a number that is not known: else the loop is unrolled
        low, high = box[node, j] - x, x - box[node, 24 + j]
        dx = low if low > high else high
        dx = dx if dx > zero else zero
        low, high = box[node, 8 + j] - y, y - box[node, 32 + j]
        dy = low if low > high else high
        dy = dy if dy > zero else zero
        low, high = box[node, 16 + j] - z, z - box[node, 40 + j]
        dz = low if low > high else high
        dz = dz if dz > zero else zero
        d2[j] = dx * dx + dy * dy + dz * dz


@inner
def _chord_distances(
    near: NDArray[np.float32], n: int, x: Any, y: Any, z: Any, d2: NDArray[np.float32]
) -> None:
    """Squared distances from p to the chords on the list."""
    zero, one = _narrow(0.0), _narrow(1.0)
    for j in range(n):
        wx, wy, wz = x - near[0, j], y - near[1, j], z - near[2, j]
        ux, uy, uz = near[3, j], near[4, j], near[5, j]
        u = (ux * wx + uy * wy + uz * wz) * near[6, j]
        u = u if u > zero else zero
        u = u if u < one else one
        wx, wy, wz = wx - u * ux, wy - u * uy, wz - u * uz
        d2[j] = wx * wx + wy * wy + wz * wz


@inner
def _list(
    piece: FloatArray, block: int, center: FloatArray, within: float, radius: float,
    listed: FloatArray, n: int,
) -> tuple[float, int]:  # fmt: skip
    """Add the pieces of a block to the list that may be nearest, and shorten the reach."""
    px, py, pz = center[0], center[1], center[2]
    for k in range(8 * block, 8 * block + 8):
        d2, _ = chord_foot(piece, k, px, py, pz)
        most = within + radius + SLACK
        if d2 <= most * most:
            d = math.sqrt(d2)
            listed[n, 0], listed[n, 1] = k, d - SLACK - radius
            n += 1
            within = min(within, reach_of(d + SLACK + radius))
    return within, n


@inner
def _tidy(within: float, listed: FloatArray, n: int) -> int:
    """Remove pieces that are no longer within reach from the list; return how many remain."""
    kept = wide(0)
    for j in range(n):
        if listed[j, 1] <= within:
            listed[kept, 0], listed[kept, 1] = listed[j, 0], listed[j, 1]
            kept += 1
    return kept


@inner
def _narrowed(
    piece: FloatArray, listed: FloatArray, n: int, center: FloatArray, near: NDArray[np.float32]
) -> None:
    """Chords on the list relative to the first point, in single precision."""
    for j in range(n):
        k = wide(listed[j, 0])
        square = 0.0
        for axis in range(3):
            way = piece[k, 3 + axis] - piece[k, axis]
            near[axis, j] = piece[k, axis] - center[axis]
            near[3 + axis, j] = way
            square += way * way
        near[6, j] = 1.0 / max(square, 1e-30)


@inner
def _sharers(
    lon: FloatArray, lat: FloatArray, start: Int32Array, excluded: Int32Array, i: int, stop: int,
    upper: float, spot: FloatArray,
) -> tuple[int, float]:  # fmt: skip
    """End of the points from i on that share a search, and the largest distance from the first.

    They ask for the same edges and are near each other for an upper bound of the first's distance;
    their positions are stored.
    """
    most = 0.25 * (math.sqrt(upper * upper + _LISTED * _LISTED) - upper)
    j, radius2 = i + 1, 0.0
    while j < stop and _same_question(start, excluded, i, j):
        x, y, z = position(lon[j], lat[j])
        dx, dy, dz = x - spot[0, 0], y - spot[0, 1], z - spot[0, 2]
        square = dx * dx + dy * dy + dz * dz
        if square > most * most:
            break
        radius2 = max(radius2, square)
        spot[j - i, 0], spot[j - i, 1], spot[j - i, 2] = x, y, z
        j += 1
    return j, math.sqrt(radius2)


@inner
def _gather(
    forest: Forest, excluded: Int32Array, row: int, center: FloatArray, within: float,
    radius: float, stack: Int32Array, distance: NDArray[np.float32], top: int, listed: FloatArray,
    d2: NDArray[np.float32],
) -> tuple[float, int, int]:  # fmt: skip
    """List the pieces that may be nearest to a point at most `radius` from the center.

    Returns an upper bound of the distance of these points, the length of the list, and how many
    nodes remain on the stack: some only if the list is full.
    """
    box, child, group, members = forest.box, forest.child, forest.group, forest.members
    x, y, z = _narrow(center[0]), _narrow(center[1]), _narrow(center[2])
    n = wide(0)
    while top > 0 and n <= _LIST - 8:
        top -= 1
        reach = (within + radius) * (1.0 + 2e-6) + 5e-7
        reach2 = _narrow(reach * reach)
        if distance[top] > reach2:
            continue
        node = wide(stack[top])
        if node < 0:
            within, n = _list(forest.piece, -1 - node, center, within, radius, listed, n)
            if n > _LIST - 8:
                n = _tidy(within, listed, n)
            continue
        g = wide(group[node])
        if g >= 0 and excluded.shape[1] > 0:
            a, b = wide(members[g, 0]), wide(members[g, 1])
            if is_in(a, excluded, row) and (b < 0 or is_in(b, excluded, row)):
                continue
        _box_distances(box, node, x, y, z, d2)
        base = top
        for j in range(8):  # the nearest is on top
            if d2[j] <= reach2:
                k = top
                while k > base and distance[k - 1] < d2[j]:
                    stack[k], distance[k] = stack[k - 1], distance[k - 1]
                    k -= 1
                stack[k], distance[k] = child[node, j], d2[j]
                top += 1
    return within, _tidy(within, listed, n), top


@inner
def _candidates(
    piece: FloatArray, listed: FloatArray, near: NDArray[np.float32], n: int, center: FloatArray,
    radius: float, reach: float, hint: int, px: float, py: float, pz: float,
    d2: NDArray[np.float32], work: FloatArray,
) -> int:  # fmt: skip
    """Fill the buffer with the pieces on the list that may be nearest to p; return how many.

    Single precision is off by less than `margin`: by 1e-6 of the coordinates relative to the
    center, which are at most the largest reach, the radius and the length of a piece.
    """
    margin = 4e-6 * (reach + radius + 1e-3) + SLACK
    if hint >= 0:
        chord2, _ = chord_foot(piece, hint, px, py, pz)
        reach = min(reach, reach_of(math.sqrt(chord2) + SLACK))
    x, y, z = _narrow(px - center[0]), _narrow(py - center[1]), _narrow(pz - center[2])
    _chord_distances(near, n, x, y, z, d2)
    reach2 = _narrow((reach + margin) * (reach + margin))
    filled = wide(0)
    for j in range(n):
        if d2[j] > reach2:
            continue
        k = wide(listed[j, 0])
        chord2, s = chord_foot(piece, k, px, py, pz)
        d = math.sqrt(chord2)
        if d - SLACK > reach:
            continue
        work[filled, PIECE], work[filled, AT], work[filled, LOWER] = k, s, d - SLACK
        filled += 1
        if reach_of(d + SLACK) < reach:
            reach = reach_of(d + SLACK)
            reach2 = _narrow((reach + margin) * (reach + margin))
    kept = wide(0)
    for j in range(filled):
        if work[j, LOWER] <= reach:
            work[kept, PIECE], work[kept, AT] = work[j, PIECE], work[j, AT]
            kept += 1
    return kept


@njit
def nearest_edges(
    forest: Forest, lon: FloatArray, lat: FloatArray, start: Int32Array, own: Int32Array,
    target: Int32Array, excluded: Int32Array, limit: float, begin: int, end: int,
    out_length: FloatArray, out_edge: Int32Array, out_foot: FloatArray,
) -> None:  # fmt: skip
    """Find for each point the nearest edge under a root.

    Parameters
    ----------
    lon, lat : ndarray of float64, shape (n,)
        Degrees, no NaN where `start` is not -1.
    start : ndarray of int32, shape (n,)
        The kind of search (see `Forest.root`), or -1 for none.
    own, target : ndarray of int32, shape (n,)
        The own country and the target country, or -1; they define the sides of an edge.
    excluded : ndarray of int32, shape (n, m)
        Groups whose countries are all excluded are not searched; rows are padded with -2.
    limit : float
        Largest length to search, in semi-major axes.
    begin, end
        The points of this slice are processed in order. Consecutive points should be near each
        other, because each result bounds the next search.
    out_length, out_edge, out_foot
        Filled for these points: length in semi-major axes, edge, longitude and latitude of the
        foot. Unchanged if nothing is found.
    """
    piece, stretch, edge, root = forest.piece, forest.stretch, forest.edge, forest.root
    stack, distance = np.empty(_STACK, dtype=np.int32), np.empty(_STACK, dtype=np.float32)
    listed, work, spot = np.empty((_LIST, 2)), np.empty((_LIST, 4)), np.empty((_SHARERS, 3))
    near, d2 = np.empty((7, _LIST), dtype=np.float32), np.empty(_LIST, dtype=np.float32)
    hint, last, zero, center = wide(-1), wide(-1), wide(0), spot[0]
    farthest = chord_of_arc(limit) + 1e-14
    i, most = wide(begin), wide(_SHARERS)
    while i < end:
        if start[i] < 0 or root[start[i]] < 0:
            i += 1
            continue
        if not _same_question(start, excluded, last, i):
            hint = wide(-1)
        last = i
        center[0], center[1], center[2] = position(lon[i], lat[i])
        within, radius, stop = farthest, 0.0, i + 1
        if hint >= 0:  # the nearest piece of the last point bounds this search
            chord2, _ = chord_foot(piece, hint, center[0], center[1], center[2])
            upper, stop = math.sqrt(chord2) + SLACK, min(end, i + most)
            stop, radius = _sharers(lon, lat, start, excluded, i, stop, upper, spot)
            within = min(within, reach_of(upper + radius))
        best, best_t, found = math.inf, math.nan, zero - 1
        stack[0], distance[0], top = root[start[i]], _narrow(0.0), zero + 1
        while top > 0:
            within, n, top = _gather(
                forest, excluded, i, center, within, radius, stack, distance, top, listed, d2
            )
            if top > 0 and stop > i + 1:  # the list is full: half as many points
                break
            _narrowed(piece, listed, n, center, near)
            for p in range(i, stop):
                px, py, pz = spot[p - i, 0], spot[p - i, 1], spot[p - i, 2]
                n_near = _candidates(
                    piece, listed, near, n, center, radius, within, hint, px, py, pz, d2, work
                )
                best, best_t, found = decide(
                    piece, stretch, edge, forest.sides, work, n_near, lon[p], lat[p], px, py, pz,
                    wide(own[p]), wide(target[p]), excluded, p, best, best_t, found,
                )  # fmt: skip
                if top > 0:  # one point, and a full list: the best so far bounds the next
                    within = min(within, chord_of_arc(best) + 1e-14)
                    continue
                if found >= 0:
                    hint = found
                if found >= 0 and best <= limit:
                    out_length[p], out_edge[p] = best, edge[found]
                    for axis in range(2):
                        a0, b0 = stretch[found, axis], stretch[found, axis + 2]
                        out_foot[p, axis] = b0 if best_t == 1.0 else a0 + best_t * (b0 - a0)
                best, best_t, found = math.inf, math.nan, zero - 1
        most = wide(_SHARERS) if top == 0 else (stop - i) // 2
        i = stop if top == 0 else i


@inner
def _same_question(start: Int32Array, excluded: Int32Array, i: int, j: int) -> bool:
    """Whether two points search the same edges."""
    same = i >= 0 and start[i] == start[j]
    for column in range(excluded.shape[1]):
        same = same and excluded[i, column] == excluded[j, column]
    return same
