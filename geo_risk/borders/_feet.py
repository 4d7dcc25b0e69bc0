"""Measure the pieces of borders that may be nearest: feet on cubics, arcs, geodesics, ties."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, Final

import numpy as np

from geo_risk._core.constants import WGS84_E2
from geo_risk._core.geodesic import ARC_LIMIT, arc_from_chord, chord_limit, geodesic, sincosd
from geo_risk._core.jit import inner, njit
from geo_risk._core.types import FloatArray, Int32Array

__all__ = ["AT", "LOWER", "PIECE", "chord_foot", "decide", "is_in", "reach_of", "wide"]


_RADIAN: Final = math.pi / 180.0
_POLAR: Final = 1.0 / (1.0 - WGS84_E2)
_TURN: Final = 0.004  # largest angle of `_turned`
_AXIS: Final = 1e-3  # distance from the Earth's axis from which directions follow from positions
_STRIDE: Final = 1.6e-13  # square of the longest step, 2.5 m, that the second order describes
_TIE: Final = 1e-14  # lengths that differ by less than this, 0.06 µm, are equal
_FOREIGN: Final = 2**32  # added to the rank of a border that does not belong to the own country
_LAST: Final = 2**60
# Columns of the buffer of candidates: piece, position on the piece (later on the edge), lower bound
# of the chord (later the second derivative of the length), length (negative if it is an estimate).
PIECE: Final = 0
AT: Final = 1
LOWER: Final = 2
_BEND: Final = 2
_ARC: Final = 3

# One type for all integers: else numba compiles each combination of types.
wide: Callable[[Any], int] = np.int64  # type: ignore[assignment]


@inner
def chord_foot(piece: FloatArray, k: int, px: float, py: float, pz: float) -> tuple[float, float]:
    """Squared distance from p to the chord of piece `k`, and position on the chord (0 … 1)."""
    wx, wy, wz = px - piece[k, 0], py - piece[k, 1], pz - piece[k, 2]
    ux, uy, uz = piece[k, 3] - piece[k, 0], piece[k, 4] - piece[k, 1], piece[k, 5] - piece[k, 2]
    square = max(ux * ux + uy * uy + uz * uz, 1e-300)
    u = min(1.0, max(0.0, (ux * wx + uy * wy + uz * wz) / square))
    dx, dy, dz = wx - u * ux, wy - u * uy, wz - u * uz
    return dx * dx + dy * dy + dz * dz, u


@inner
def _turned(s: float, c: float, angle: float) -> tuple[float, float]:
    """Sine and cosine of a sum of angles, from those of one; the other is at most `_TURN`.

    The first terms that the series leave out are angle⁷/5040 and angle⁸/40320: 2e-18.
    """
    square = angle * angle
    sine = angle * (1.0 - square * (1.0 / 6.0) * (1.0 - square * (1.0 / 20.0)))
    less = 0.5 * square * (1.0 - square * (1.0 / 12.0) * (1.0 - square * (1.0 / 30.0)))
    return s + (c * sine - s * less), c - (s * sine + c * less)


@inner
def _foot(
    piece: FloatArray, stretch: FloatArray, k: int, t: float, px: float, py: float, pz: float
) -> tuple[float, float, float, float, float, float]:
    """Point of piece `k` with the shortest chord to p.

    Newton's method on the edge, starting at t. Returns the t found, the position, the chord, and
    half the second derivative of the squared chord.

    Sines and cosines are those of the start of the piece, turned by a small angle, within 1e-15. A
    last short step is taken to the second order: the third is below 1e-16 of the axis, and what the
    acceleration lacks of the ellipsoid's, a hundredth of it, below 1e-15, 5 nm. Distances differ by
    at most 3.2 nm from those of a Newton step with sines and cosines of its own, in 1.76 million
    searches on the sets U, C and B of the benchmarks.
    """
    ax, ay, bx, by = stretch[k, 0], stretch[k, 1], stretch[k, 2], stretch[k, 3]
    t0, t1 = stretch[k, 4], stretch[k, 5]
    d_lon, d_lat = (bx - ax) * _RADIAN, (by - ay) * _RADIAN
    # The directions at the start of the piece follow from its position; those at t are near.
    x0, y0, z0 = piece[k, 0], piece[k, 1], piece[k, 2]
    level, up0 = math.sqrt(x0 * x0 + y0 * y0), z0 * _POLAR
    near = level > _AXIS and max(abs(d_lon), abs(d_lat)) * (t1 - t0) < _TURN
    norm = max(math.sqrt(level * level + up0 * up0), 1e-300)
    sa0, ca0, level = up0 / norm, level / norm, max(level, 1e-300)
    so0, co0 = y0 / level, x0 / level
    x = y = z = chord = bend = 0.0
    for _ in range(8):
        if near:
            so, co = _turned(so0, co0, (t - t0) * d_lon)
            sa, ca = _turned(sa0, ca0, (t - t0) * d_lat)
        else:
            so, co = sincosd(bx if t == 1.0 else ax + t * (bx - ax))
            sa, ca = sincosd(by if t == 1.0 else ay + t * (by - ay))
        w2 = 1.0 - WGS84_E2 * sa * sa
        n = 1.0 / math.sqrt(w2)
        m = (1.0 - WGS84_E2) * n / w2
        if t == t0:
            x, y, z = x0, y0, z0
        elif t == t1:
            x, y, z = piece[k, 3], piece[k, 4], piece[k, 5]
        else:
            x, y, z = n * ca * co, n * ca * so, n * (1.0 - WGS84_E2) * sa
        dx, dy, dz = x - px, y - py, z - pz
        east, radial = co * dy - so * dx, co * dx + so * dy
        north, up = ca * dz - sa * radial, sa * dz + ca * radial
        v_north, v_east = m * d_lat, n * ca * d_lon
        slope, speed2 = v_north * north + v_east * east, v_north * v_north + v_east * v_east
        # acceleration along the edge, as on a sphere
        a_north, a_east, a_up = (
            v_east * sa * d_lon, -2.0 * v_north * sa * d_lon,
            -(v_north * d_lat + v_east * ca * d_lon),
        )  # fmt: skip
        bend = speed2 + a_north * north + a_east * east + a_up * up
        chord = math.sqrt(dx * dx + dy * dy + dz * dz)
        if (t == t0 and slope >= 0.0) or (t == t1 and slope <= 0.0):
            break
        step = -slope / bend if bend > 0.0 else (-1.0 if slope > 0.0 else 1.0)
        better = min(t1, max(t0, t + step))
        step, moved2 = better - t, (better - t) * (better - t) * speed2
        if moved2 <= 2e-15 * chord + 1e-32:
            break
        t = better
        if near and t0 < t < t1 and moved2 < _STRIDE * ca * ca:
            half = 0.5 * step * step
            north, east = step * v_north + half * a_north, step * v_east + half * a_east
            radial = half * ca * a_up - sa * north
            x, y = x + co * radial - so * east, y + so * radial + co * east
            z += half * sa * a_up + ca * north
            chord = math.sqrt((x - px) ** 2 + (y - py) ** 2 + (z - pz) ** 2)
            break
    return t, x, y, z, chord, bend


@inner
def _length_far(
    stretch: FloatArray, k: int, t: float, lon: float, lat: float, curvature: float
) -> tuple[float, float]:
    """Shortest geodesic length to piece `k`, and its t, starting at t.

    `curvature` is an estimate of the second derivative of the length.
    """
    ax, ay, bx, by = stretch[k, 0], stretch[k, 1], stretch[k, 2], stretch[k, 3]
    t0, t1 = stretch[k, 4], stretch[k, 5]
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


@inner
def is_in(value: int, table: Int32Array, row: int) -> bool:
    found = False
    for i in range(table.shape[1]):
        found = found or table[row, i] == value
    return found


@inner
def _rank(sides: Int32Array, e: int, own: int, target: int, excluded: Int32Array, row: int) -> int:
    """Order of equally near edges: own borders first, then the lowest row across the border.

    The side across the border is the target country if there is one, else the side that is neither
    the own nor an excluded country, else the lower row.
    """
    a, b, ca, cb = wide(sides[e, 0]), wide(sides[e, 1]), wide(sides[e, 2]), wide(sides[e, 3])
    if b < 0:
        return a + _FOREIGN
    if cb == target or (ca != target and (ca == own or is_in(ca, excluded, row))):
        return b if ca == own else b + _FOREIGN
    return a if cb == own else a + _FOREIGN


@inner
def decide(
    piece: FloatArray, stretch: FloatArray, edge: Int32Array, sides: Int32Array, work: FloatArray,
    filled: int, lon: float, lat: float, px: float, py: float, pz: float,
    own: int, target: int, excluded: Int32Array, row: int, best: float, best_t: float, found: int,
) -> tuple[float, float, int]:  # fmt: skip
    """Measure the pieces in the buffer; return the best of them and of the previous best.

    Returns length, t and piece. Far pieces are first measured by the arc over the chord, then by
    geodesics if they may be nearest within the error of the arc. Between equally near pieces
    `_rank` decides, then the lower edge.
    """
    least, shortest, within = best, best, math.inf
    x = y = z = length = math.nan
    for i in range(filled):
        k = wide(work[i, PIECE])
        t0, t1 = stretch[k, 4], stretch[k, 5]
        u = work[i, AT]
        t = t0 if u == 0.0 else (t1 if u == 1.0 else t0 + u * (t1 - t0))
        t, qx, qy, qz, chord, bend = _foot(piece, stretch, k, t, px, py, pz)
        if chord > within:
            work[i, _ARC] = math.inf
            continue
        within = min(within, reach_of(chord))
        if qx != x or qy != y or qz != z:  # else it is the same corner of the border
            x, y, z = qx, qy, qz
            length = arc_from_chord(px, py, pz, x, y, z)
        work[i, AT] = t
        if chord >= ARC_LIMIT:
            work[i, _ARC] = -length  # negative: not measured yet
            work[i, _BEND] = bend / (chord * math.sqrt(max(0.01, 1.0 - 0.25 * chord * chord)))
            least = min(least, length + _arc_error(length))
        else:
            work[i, _ARC] = length
            shortest = min(shortest, length)
            least = min(least, length)
    for i in range(filled):
        arc = -work[i, _ARC]
        if arc > 0.0 and arc - _arc_error(arc) <= least:
            length, t = _length_far(
                stretch, wide(work[i, PIECE]), work[i, AT], lon, lat, work[i, _BEND]
            )
            work[i, _ARC], work[i, AT] = length, t
            shortest = min(shortest, length)
            least = min(least, length)
    rank, first = _LAST, wide(-1)
    if found >= 0 and best <= shortest + _TIE:
        first = wide(edge[found])
        rank = _rank(sides, first, own, target, excluded, row)
    for i in range(filled):
        if work[i, _ARC] < 0.0 or work[i, _ARC] > shortest + _TIE:
            continue
        k = wide(work[i, PIECE])
        e = wide(edge[k])
        here = _rank(sides, e, own, target, excluded, row)
        if here < rank or (here == rank and e < first):
            rank, first, best_t, found = here, e, work[i, AT], k
    return shortest, best_t, found


@njit
def reach_of(upper: float) -> float:
    """Upper bound of `chord_limit` that is fast to compute."""
    if upper < 0.5:
        return upper * (1.0 + 1e-3 * upper * upper) + 1e-13
    return chord_limit(upper)
