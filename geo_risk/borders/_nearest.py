"""Nearest point of a set of border edges: search by chords, then the exact geodesic.

All inputs and outputs are arrays. A search collects every piece that may contain the nearest point,
by proven bounds (see `geo_risk._core.geodesic`), and compares these pieces by geodesics. So the
result depends neither on the order of the search nor on the shape of the tree.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from geo_risk._core.constants import WGS84_E2
from geo_risk._core.geodesic import (
    ARC_LIMIT,
    arc_from_chord,
    chord_limit,
    chord_of_arc,
    geodesic,
    position,
    sincosd,
)
from geo_risk._core.jit import njit
from geo_risk._core.types import FloatArray, Int32Array
from geo_risk.borders._tree import Forest

__all__ = ["nearest_edges"]


_RADIAN: Final = math.pi / 180.0
_STACK: Final = 256
_BUFFER: Final = 64
_TIE: Final = 1e-14  # lengths that differ by less than this, 0.06 µm, are equal
_FOREIGN: Final = 2**32  # added to the rank of a border that does not belong to the own country
_LAST: Final = 2**60
# Columns of the buffer of candidates: piece, lower bound of its chord, t, length (negative if it is
# an estimate).
_PIECE: Final = 0
_LOWER: Final = 1
_T: Final = 2
_ARC: Final = 3

# One type for all integers: else numba compiles each combination of types.
_wide: Callable[[Any], int] = np.int64  # type: ignore[assignment]


@njit
def _chord_foot(piece: FloatArray, k: int, px: float, py: float, pz: float) -> tuple[float, float]:
    """Squared distance from p to the chord of piece `k`, and position on the chord (0 … 1)."""
    wx, wy, wz = px - piece[k, 0], py - piece[k, 1], pz - piece[k, 2]
    ux, uy, uz = piece[k, 3], piece[k, 4], piece[k, 5]
    u = min(1.0, max(0.0, (ux * wx + uy * wy + uz * wz) * piece[k, 6]))
    dx, dy, dz = wx - u * ux, wy - u * uy, wz - u * uz
    return dx * dx + dy * dy + dz * dz, u


@njit
def _foot(
    ax: float, ay: float, bx: float, by: float, t: float, t0: float, t1: float,
    px: float, py: float, pz: float,
) -> tuple[float, float, float, float]:  # fmt: skip
    """Point of a stretch t0 … t1 of an edge with the shortest chord to p.

    Newton's method on the edge, starting at t. Returns the t found, the length of the arc over the
    chord, the chord, and half the second derivative of the squared chord.
    """
    d_lon, d_lat = (bx - ax) * _RADIAN, (by - ay) * _RADIAN
    x = y = z = chord = bend = 0.0
    for _ in range(8):
        lon = bx if t == 1.0 else ax + t * (bx - ax)
        lat = by if t == 1.0 else ay + t * (by - ay)
        so, co = sincosd(lon)
        sa, ca = sincosd(lat)
        w2 = 1.0 - WGS84_E2 * sa * sa
        n = 1.0 / math.sqrt(w2)
        m = (1.0 - WGS84_E2) * n / w2
        x, y, z = n * ca * co, n * ca * so, n * (1.0 - WGS84_E2) * sa
        dx, dy, dz = x - px, y - py, z - pz
        east, radial = co * dy - so * dx, co * dx + so * dy
        north, up = ca * dz - sa * radial, sa * dz + ca * radial
        v_north, v_east = m * d_lat, n * ca * d_lon
        slope = v_north * north + v_east * east
        speed2 = v_north * v_north + v_east * v_east
        bend = (
            speed2
            - (v_north * d_lat + v_east * ca * d_lon) * up
            + v_east * sa * d_lon * north
            - 2.0 * v_north * sa * d_lon * east
        )
        chord = math.sqrt(dx * dx + dy * dy + dz * dz)
        if (t == t0 and slope >= 0.0) or (t == t1 and slope <= 0.0):
            break
        step = -slope / bend if bend > 0.0 else (-1.0 if slope > 0.0 else 1.0)
        better = min(t1, max(t0, t + step))
        if (better - t) * (better - t) * speed2 <= 2e-15 * chord + 1e-32:
            break
        t = better
    return t, arc_from_chord(px, py, pz, x, y, z), chord, bend


@njit
def _length_far(
    ax: float, ay: float, bx: float, by: float, t: float, t0: float, t1: float,
    lon: float, lat: float, curvature: float,
) -> tuple[float, float]:  # fmt: skip
    """Shortest geodesic length to a stretch of an edge, and its t, starting at t.

    `curvature` is an estimate of the second derivative of the length.
    """
    d_lon, d_lat = (bx - ax) * _RADIAN, (by - ay) * _RADIAN
    best, best_t = math.inf, t
    last_t, last_slope = t, 0.0
    for step_number in range(40):
        q_lon = bx if t == 1.0 else ax + t * (bx - ax)
        q_lat = by if t == 1.0 else ay + t * (by - ay)
        length, east, north = geodesic(lon, lat, q_lon, q_lat)
        sa, ca = sincosd(q_lat)
        w2 = 1.0 - WGS84_E2 * sa * sa
        n = 1.0 / math.sqrt(w2)
        slope = north * (1.0 - WGS84_E2) * n / w2 * d_lat + east * n * ca * d_lon
        if length < best:
            best, best_t = length, t
        if (t == t0 and slope >= 0.0) or (t == t1 and slope <= 0.0):
            break
        if step_number and t != last_t and slope != last_slope:
            curvature = (slope - last_slope) / (t - last_t)
        last_t, last_slope = t, slope
        step = -slope / curvature if curvature > 0.0 else (-1.0 if slope > 0.0 else 1.0)
        t = min(t1, max(t0, t + step))
        if abs((t - last_t) * slope) < 1e-14:  # remaining gain: 0.06 µm
            break
    return best, best_t


@njit
def _arc_error(arc: float) -> float:
    """Three times the largest measured error of `arc_from_chord` at a length."""
    if arc > 1.6:
        return math.inf
    return 7e-6 * arc**7 + 1e-10


@njit
def _is_in(value: int, table: Int32Array, row: int) -> bool:
    found = False
    for i in range(table.shape[1]):
        found = found or table[row, i] == value
    return found


@njit
def _rank(sides: Int32Array, e: int, own: int, target: int, excluded: Int32Array, row: int) -> int:
    """Order of equally near edges: own borders first, then the lowest row across the border.

    The side across the border is the target country if there is one, else the side that is neither
    the own nor an excluded country, else the lower row.
    """
    a, b, ca, cb = _wide(sides[e, 0]), _wide(sides[e, 1]), _wide(sides[e, 2]), _wide(sides[e, 3])
    if b < 0:
        return a + _FOREIGN
    if cb == target or (ca != target and (ca == own or _is_in(ca, excluded, row))):
        return b if ca == own else b + _FOREIGN
    return a if cb == own else a + _FOREIGN


@njit
def _decide(
    stretch: FloatArray, edge: Int32Array, sides: Int32Array, work: FloatArray, filled: int,
    lon: float, lat: float, px: float, py: float, pz: float,
    own: int, target: int, excluded: Int32Array, row: int, best: float, best_t: float, found: int,
) -> tuple[float, float, int]:  # fmt: skip
    """Measure the pieces in the buffer; return the best of them and of the previous best.

    Returns length, t and piece. Far pieces are first measured by the arc over the chord, then by
    geodesics if they may be nearest within the error of the arc. Between equally near pieces
    `_rank` decides, then the lower edge.
    """
    least, shortest = best, best
    for far in range(2):
        for i in range(filled):
            arc = work[i, _ARC]
            if far and (arc >= 0.0 or -arc - _arc_error(-arc) > least):
                continue
            k = _wide(work[i, _PIECE])
            ax, ay, bx, by = stretch[k, 0], stretch[k, 1], stretch[k, 2], stretch[k, 3]
            t0, t1 = stretch[k, 4], stretch[k, 5]
            t, length, chord, bend = _foot(ax, ay, bx, by, work[i, _T], t0, t1, px, py, pz)
            if chord >= ARC_LIMIT and not far:
                work[i, _ARC], work[i, _T] = -length, t  # negative: not measured yet
                least = min(least, length + _arc_error(length))
                continue
            if far:
                bend /= chord * math.sqrt(max(0.01, 1.0 - 0.25 * chord * chord))
                length, t = _length_far(ax, ay, bx, by, t, t0, t1, lon, lat, bend)
            work[i, _ARC], work[i, _T] = length, t
            shortest = min(shortest, length)
            least = min(least, length)
    rank, first = _LAST, _wide(-1)
    if found >= 0 and best <= shortest + _TIE:
        first = _wide(edge[found])
        rank = _rank(sides, first, own, target, excluded, row)
    for i in range(filled):
        if work[i, _ARC] < 0.0 or work[i, _ARC] > shortest + _TIE:
            continue
        k = _wide(work[i, _PIECE])
        e = _wide(edge[k])
        here = _rank(sides, e, own, target, excluded, row)
        if here < rank or (here == rank and e < first):
            rank, first, best_t, found = here, e, work[i, _T], k
    return shortest, best_t, found


@njit
def _reach(upper: float) -> float:
    """Upper bound of `chord_limit` that is fast to compute."""
    if upper < 0.5:
        return upper * (1.0 + 1e-3 * upper * upper) + 1e-13
    return chord_limit(upper)


@njit
def _push(
    box: NDArray[np.float32], node: int, px: float, py: float, pz: float, reach: float,
    stack: Int32Array, distance: FloatArray, base: int, top: int,
) -> int:  # fmt: skip
    """Push a node on the stack if it is within reach; above `base` the nearest is on top."""
    dx = max(max(box[node, 0] - px, px - box[node, 3]), 0.0)
    dy = max(max(box[node, 1] - py, py - box[node, 4]), 0.0)
    dz = max(max(box[node, 2] - pz, pz - box[node, 5]), 0.0)
    d2 = dx * dx + dy * dy + dz * dz
    if d2 > reach * reach:
        return top
    k = top
    while k > base and distance[k - 1] < d2:
        stack[k], distance[k] = stack[k - 1], distance[k - 1]
        k -= 1
    stack[k], distance[k] = node, d2
    return top + 1


@njit
def _collect(
    piece: FloatArray, stretch: FloatArray, first: int, last: int, px: float, py: float, pz: float,
    reach: float, hint: int, work: FloatArray, filled: int,
) -> tuple[float, int, int]:  # fmt: skip
    """Add the pieces of a leaf within reach to the buffer, and shorten the reach."""
    for k in range(first, last):
        d2, u = _chord_foot(piece, k, px, py, pz)
        slack = piece[k, 7]
        if d2 > (reach + slack) * (reach + slack):
            continue
        d = math.sqrt(d2)
        t0, t1 = stretch[k, 4], stretch[k, 5]
        t = t0 if u == 0.0 else (t1 if u == 1.0 else t0 + u * (t1 - t0))
        work[filled, _PIECE], work[filled, _LOWER], work[filled, _T] = k, d - slack, t
        filled += 1
        shorter = _reach(d + slack)
        if shorter < reach:
            reach, hint = shorter, k
    return reach, hint, filled


@njit
def _still_within(reach: float, work: FloatArray, filled: int) -> int:
    """Remove pieces that are no longer within reach from the buffer; return how many remain."""
    kept = _wide(0)
    for j in range(filled):
        if work[j, _LOWER] <= reach:
            for column in range(_ARC):
                work[kept, column] = work[j, column]
            kept += 1
    return kept


@njit
def nearest_edges(
    forest: Forest, lon: FloatArray, lat: FloatArray, start: Int32Array, own: Int32Array,
    target: Int32Array, excluded: Int32Array, limit: float, begin: int, end: int,
    out_length: FloatArray, out_edge: Int32Array, out_foot: FloatArray,
) -> None:  # fmt: skip
    """Find for each point the nearest edge under a list of roots.

    Parameters
    ----------
    lon, lat : ndarray of float64, shape (n,)
        Degrees, no NaN where `start` is not -1.
    start : ndarray of int32, shape (n,)
        The list of roots to search (see `Forest`), or -1 for none.
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
    # The search is in this loop, not in a separate function: passing a dozen arrays for every
    # point cost as much as the search itself.
    box, link, members, piece = forest.box, forest.link, forest.members, forest.piece
    stretch, edge, sides = forest.stretch, forest.edge, forest.sides
    list_start, list_node = forest.list_start, forest.list_node
    room = _STACK  # for the depth of a tree and the longest list of roots
    for i in range(len(list_start) - 1):
        room = max(room, _STACK + list_start[i + 1] - list_start[i])
    stack, distance = np.empty(room, dtype=np.int32), np.empty(room)
    work = np.empty((_BUFFER, 4))
    hint, last, zero = _wide(-1), _wide(-1), _wide(0)
    farthest = chord_of_arc(limit) + 1e-14
    for i in range(begin, end):
        if start[i] < 0:
            continue
        if not _same_question(start, excluded, last, i):
            hint = _wide(-1)
        last = i
        mine, wanted = _wide(own[i]), _wide(target[i])
        px, py, pz = position(lon[i], lat[i])
        best, best_t, found, filled, top = math.inf, math.nan, zero - 1, zero, zero
        reach = farthest
        if hint >= 0:  # the nearest piece of the last point bounds this search
            d2, _ = _chord_foot(piece, hint, px, py, pz)
            reach = min(reach, _reach(math.sqrt(d2) + piece[hint, 7]))
        for j in range(_wide(list_start[start[i]]), _wide(list_start[start[i] + 1])):
            top = _push(box, _wide(list_node[j]), px, py, pz, reach, stack, distance, zero, top)
        while top > 0:
            top -= 1
            if distance[top] > reach * reach:
                continue
            node = _wide(stack[top])
            first, count, g = _wide(link[node, 0]), _wide(link[node, 1]), _wide(link[node, 2])
            if g >= 0 and excluded.shape[1] > 0:
                a, b = _wide(members[g, 0]), _wide(members[g, 1])
                if _is_in(a, excluded, i) and (b < 0 or _is_in(b, excluded, i)):
                    continue
            if count > 0:
                base = top
                for child in range(first, first + count):
                    top = _push(box, child, px, py, pz, reach, stack, distance, base, top)
                continue
            if filled - count > _BUFFER:
                filled = _still_within(reach, work, filled)
            if filled - count > _BUFFER:
                best, best_t, found = _decide(
                    stretch, edge, sides, work, filled, lon[i], lat[i], px, py, pz, mine, wanted,
                    excluded, i, best, best_t, found,
                )  # fmt: skip
                filled = zero
                reach = min(reach, chord_of_arc(best) + 1e-14)
            reach, hint, filled = _collect(
                piece, stretch, first, first - count, px, py, pz, reach, hint, work, filled
            )
        filled = _still_within(reach, work, filled)
        best, best_t, found = _decide(
            stretch, edge, sides, work, filled, lon[i], lat[i], px, py, pz, mine, wanted,
            excluded, i, best, best_t, found,
        )  # fmt: skip
        if found >= 0 and best <= limit:
            out_length[i], out_edge[i] = best, edge[found]
            for axis in range(2):
                a0, b0 = stretch[found, axis], stretch[found, axis + 2]
                out_foot[i, axis] = b0 if best_t == 1.0 else a0 + best_t * (b0 - a0)


@njit
def _same_question(start: Int32Array, excluded: Int32Array, i: int, j: int) -> bool:
    """Whether two points search the same edges."""
    same = i >= 0 and start[i] == start[j]
    for column in range(excluded.shape[1]):
        same = same and excluded[i, column] == excluded[j, column]
    return same
