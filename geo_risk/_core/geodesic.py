"""Geometry of the WGS84 ellipsoid, compiled: positions in space, arcs over chords, geodesics.

Lengths inside are in units of the semi-major axis, so that numbers are near one; only
`geodesic_inverse` and names that end in ``_m`` use metres.

Every nearest-neighbour search relies on two facts. Let c be the straight chord between two points
of the surface, s the length of a geodesic between them, and r <= R the least and the greatest
radius of normal curvature. Then

    2 R asin(c / 2R)  <=  s  <=  2 r asin(c / 2r).

Proof: along the geodesic let f(s) be the squared chord from its start p to γ(s), with tangent T,
inward normal n and normal curvature k. Then f'' = 2 + 2k<γ-p, n>. The ball of radius R that
touches the surface inside at γ(s) contains the ellipsoid (Blaschke's rolling theorem), so
<p-γ, n> >= f / 2R, and k >= 1/R; hence f'' + f/R² <= 2, and by Sturm's comparison
f <= 4R² sin²(s/2R) up to s = πR. The ball of radius r lies within the ellipsoid and reverses every
sign, up to s = πr. No property of the sphere is used: the chord, not an angle, is compared.

Geodesics longer than πr (19,903 km) have chords above 1.96 semi-major axes, so the second bound
holds for all chords up to there: in geographic coordinates s <= Rθ, with θ the angle between the
points as if latitude were spherical, so such an end lies within π - πr/R of the antipode by that
measure, within 202 km of it in space, and two antipodes are at least 2b apart.
"""

from __future__ import annotations

import math
from typing import Final

import numpy as np

from geo_risk._core.constants import WGS84_A, WGS84_E2, WGS84_F
from geo_risk._core.jit import njit
from geo_risk._core.types import FloatArray

__all__ = [
    "ARC_LIMIT",
    "arc_from_chord",
    "chord_limit",
    "chord_of_arc",
    "geodesic",
    "geodesic_inverse",
    "position",
    "positions",
    "sincosd",
]


_B: Final = 1.0 - WGS84_F
_N: Final = WGS84_F / (2.0 - WGS84_F)
_EP2: Final = WGS84_E2 / (1.0 - WGS84_E2)
_POLAR: Final = 1.0 / (1.0 - WGS84_E2)
_R_MIN: Final = _B * _B
_R_MAX: Final = 1.0 / _B
_RADIAN: Final = math.pi / 180.0
_EQUATOR: Final = 1e-100  # replaces sin(reduced latitude) 0 if a quotient needs a direction

ARC_LIMIT: Final = 0.1
"""Chords up to here (about 640 km): `arc_from_chord` is within 0.02 mm of the geodesic."""


@njit
def sincosd(degrees: float) -> tuple[float, float]:
    """Sine and cosine of an angle in degrees, exact at multiples of 90."""
    quarter = math.floor(degrees / 90.0 + 0.5)
    angle = (degrees - 90.0 * quarter) * _RADIAN
    s, c = math.sin(angle), math.cos(angle)
    turn = int(quarter) & 3
    if turn == 0:
        return s, c
    if turn == 1:
        return c, -s
    if turn == 2:
        return -s, -c
    return -c, s


@njit
def position(lon: float, lat: float) -> tuple[float, float, float]:
    """Earth-centred position of a point of the ellipsoid; -180 and +180 give the same."""
    sin_lon, cos_lon = sincosd(lon)
    sin_lat, cos_lat = sincosd(lat)
    n = 1.0 / math.sqrt(1.0 - WGS84_E2 * sin_lat * sin_lat)
    return n * cos_lat * cos_lon, n * cos_lat * sin_lon, n * (1.0 - WGS84_E2) * sin_lat


@njit
def positions(lon: FloatArray, lat: FloatArray) -> FloatArray:
    """Earth-centred positions, shape (n, 3)."""
    out = np.empty((len(lon), 3))
    for i in range(len(lon)):
        out[i, 0], out[i, 1], out[i, 2] = position(lon[i], lat[i])
    return out


@njit
def _section_curvature(px: float, py: float, pz: float, ux: float, uy: float, uz: float) -> float:
    """Normal curvature at p along the projection of the unit vector u onto the tangent plane."""
    gx, gy, gz = px, py, pz * _POLAR
    gg = gx * gx + gy * gy + gz * gz
    along = (ux * gx + uy * gy + uz * gz) / gg
    tx, ty, tz = ux - along * gx, uy - along * gy, uz - along * gz
    tt = tx * tx + ty * ty + tz * tz
    return (tx * tx + ty * ty + tz * tz * _POLAR) / (tt * math.sqrt(gg))


@njit
def arc_from_chord(px: float, py: float, pz: float, qx: float, qy: float, qz: float) -> float:
    """Geodesic length between two near positions, from their chord.

    The arc of a circle over the chord, with the curvature of the normal section averaged between
    the points: 0.8 of the middle's and 0.1 of each end's, the weights that cancel the first error
    term. Measured against Karney's algorithm on 200,000 pairs: within 4 nm at 100 km, 4 µm at
    500 km, 0.13 mm at 1000 km, 5 mm at 2000 km.
    """
    dx, dy, dz = qx - px, qy - py, qz - pz
    chord = math.sqrt(dx * dx + dy * dy + dz * dz)
    if chord < 1e-12:
        return chord
    ux, uy, uz = dx / chord, dy / chord, dz / chord
    mx, my, mz = 0.5 * (px + qx), 0.5 * (py + qy), 0.5 * (pz + qz)
    level = mx * mx + my * my + mz * mz * _POLAR
    slope = mx * mx + my * my + mz * mz * _POLAR * _POLAR
    if slope < 1e-6:
        return math.pi * 0.5 * chord  # nearly antipodal: an orientation only
    middle = (ux * ux + uy * uy + uz * uz * _POLAR) * math.sqrt(level / slope)
    ends = _section_curvature(px, py, pz, ux, uy, uz) + _section_curvature(qx, qy, qz, ux, uy, uz)
    k = 0.8 * middle + 0.1 * ends
    return 2.0 / k * math.asin(min(1.0, 0.5 * chord * k))


@njit
def chord_limit(chord: float) -> float:
    """Longest chord of any geodesic that is as short as one over `chord` can be.

    A point beyond it is provably farther than one at `chord` (see the docstring of the module).
    """
    if chord > 1.96:
        return 2.0 * _R_MAX
    return 2.0 * _R_MAX * math.sin(_R_MIN * math.asin(0.5 * chord / _R_MIN) / _R_MAX) + 1e-14


@njit
def chord_of_arc(arc: float) -> float:
    """Longest chord that a geodesic of length `arc` can span."""
    return 2.0 * _R_MAX * math.sin(min(0.5 * math.pi, 0.5 * arc / _R_MAX))


@njit
def _series(
    eps: float, c1: float, c2: float, c3: float, c4: float, cos_sum: float, s: float, c: float
) -> float:
    """Difference of a sine series in twice the arc length between the two ends.

    ``cos_sum`` is the cosine of the sum of both ends' arc lengths, s and c sine and cosine of
    their difference: sin 2lσ2 - sin 2lσ1 = 2 cos(l(σ1+σ2)) sin(l(σ2-σ1)).
    """
    k, g = cos_sum, c
    e2 = eps * eps
    first = c1 * eps * k * s
    second = c2 * e2 * (2.0 * k * k - 1.0) * (2.0 * s * g)
    third = c3 * e2 * eps * (4.0 * k * k - 3.0) * k * (s * (4.0 * g * g - 1.0))
    k2, g2 = 2.0 * k * k - 1.0, 2.0 * g * g - 1.0
    fourth = c4 * e2 * e2 * (2.0 * k2 * k2 - 1.0) * (4.0 * s * g * g2)
    return 2.0 * (first + second + third + fourth)


@njit
def _expansion(cos2_alpha0: float) -> float:
    """Karney's ε for the equatorial azimuth α0 of a geodesic."""
    k2 = _EP2 * cos2_alpha0
    return k2 / (2.0 * (1.0 + math.sqrt(1.0 + k2)) + k2)


@njit
def _length(eps: float, arc: float, cos_sum: float, s: float, c: float) -> float:
    """Length of a geodesic from the arc on the auxiliary sphere (Karney 2013, eqs. 15-18)."""
    e2 = eps * eps
    a1 = (1.0 + e2 * (0.25 + e2 / 64.0)) / (1.0 - eps)
    wave = _series(
        eps,
        -0.5 + e2 * (3.0 / 16.0),
        -1.0 / 16.0 + e2 / 32.0,
        -1.0 / 48.0,
        -5.0 / 512.0,
        cos_sum, s, c,
    )  # fmt: skip
    return _B * a1 * (arc + wave)


@njit
def _longitude_excess(
    eps: float, sin_alpha0: float, arc: float, cos_sum: float, s: float, c: float
) -> float:
    """Longitude on the auxiliary sphere minus that on the ellipsoid (Karney 2013, eqs. 23-25)."""
    n, e2 = _N, eps * eps
    a3 = (
        1.0
        - (0.5 - 0.5 * n) * eps
        - (0.25 + 0.125 * n - 0.375 * n * n) * e2
        - (0.0625 + 0.1875 * n) * e2 * eps
        - (3.0 / 64.0) * e2 * e2
    )
    wave = _series(
        eps,
        0.25 - 0.25 * n + eps * (0.125 - 0.125 * n * n) + e2 * (3.0 / 64.0 + n * (3.0 / 64.0)),
        1.0 / 16.0 - n * (3.0 / 32.0) + eps * (3.0 / 64.0 - n / 32.0),
        5.0 / 192.0 - n * (3.0 / 64.0),
        7.0 / 512.0,
        cos_sum, s, c,
    )  # fmt: skip
    return WGS84_F * sin_alpha0 * a3 * (arc + wave)


@njit
def geodesic(lon1: float, lat1: float, lon2: float, lat2: float) -> tuple[float, float, float]:
    """Shortest geodesic between two points, in units of the semi-major axis.

    Returns the length and, at the second point, the east and the north component of the unit
    direction of travel. If several geodesics are equally short (antipodes), one of them is used.
    """
    difference = (-180.0 if lon2 == 180.0 else lon2) - (-180.0 if lon1 == 180.0 else lon1)
    if difference > 180.0:
        difference -= 360.0
    elif difference < -180.0:
        difference += 360.0
    sin1, cos1 = sincosd(lat1)
    sin2, cos2 = sincosd(lat2)
    scale1 = 1.0 / math.sqrt(cos1 * cos1 + _B * _B * sin1 * sin1)
    scale2 = 1.0 / math.sqrt(cos2 * cos2 + _B * _B * sin2 * sin2)
    sb1, cb1, sb2, cb2 = _B * sin1 * scale1, cos1 * scale1, _B * sin2 * scale2, cos2 * scale2
    target = difference * _RADIAN
    omega, last, last_gap = target, target, 0.0
    for _ in range(24):
        if abs(omega) > math.pi:
            break
        length, better, east, north = _sphere_step(sb1, cb1, sb2, cb2, omega, target)
        gap = better - omega
        if abs(gap) < 3e-14:
            return length, east, north
        turn = gap * (omega - last) / (last_gap - gap) if last_gap not in (0.0, gap) else gap
        last, last_gap = omega, gap
        omega += turn
    return _antipodal(sb1, cb1, sb2, cb2, target)


@njit
def _sphere_step(
    sb1: float, cb1: float, sb2: float, cb2: float, omega: float, target: float
) -> tuple[float, float, float, float]:
    """Length and a better ω for a guess ω of the longitude difference on the auxiliary sphere."""
    so, co = math.sin(omega), math.cos(omega)
    if abs(target) == math.pi and omega == target:
        so, co = 0.0, -1.0
    across, up = cb1 * so, cb1 * sb2 - sb1 * cb2 * co
    s = math.hypot(cb2 * so, up)
    c = sb1 * sb2 + cb1 * cb2 * co
    if s == 0.0:
        half = _length(_expansion(1.0), math.pi, 1.0, 0.0, -1.0)
        return (0.0, omega, 0.0, 1.0) if c > 0.0 else (half, omega, 0.0, -1.0)
    arc = math.atan2(s, c)
    sin_alpha0 = cb1 * cb2 * so / s
    cos2_alpha0 = max(0.0, 1.0 - sin_alpha0 * sin_alpha0)
    cos_sum = c - 2.0 * sb1 * sb2 / cos2_alpha0 if cos2_alpha0 > 1e-30 else 0.0
    eps = _expansion(cos2_alpha0)
    length = _length(eps, arc, cos_sum, s, c)
    better = target + _longitude_excess(eps, sin_alpha0, arc, cos_sum, s, c)
    north = cb1 * sb2 * co - sb1 * cb2
    norm = math.hypot(across, north)
    if norm == 0.0:
        return length, better, 0.0, 1.0
    return length, better, across / norm, north / norm


@njit
def _antipodal(
    sb1: float, cb1: float, sb2: float, cb2: float, target: float
) -> tuple[float, float, float]:
    """Solve for the azimuth by bisection, if iterating the longitude does not converge.

    In the canonical position (first point south and farther from the equator, travel eastward)
    the longitude reached at the second point's latitude passes the target once as the azimuth
    goes from north to south (Karney 2013, section 4).
    """
    sign = 1.0 if target >= 0.0 else -1.0
    swapped = abs(sb1) < abs(sb2)
    if swapped:
        sb1, cb1, sb2, cb2 = sb2, cb2, sb1, cb1
    mirror = -1.0 if sb1 > 0.0 else 1.0
    sb1, sb2 = min(mirror * sb1, -_EQUATOR), mirror * sb2
    low, high = 0.0, math.pi
    length, sa2, ca2 = 0.0, 0.0, 1.0
    azimuth = 0.5 * math.pi
    for _ in range(60):
        azimuth = 0.5 * (low + high)
        length, reached, sa2, ca2 = _shoot(sb1, cb1, sb2, cb2, azimuth)
        if reached < abs(target):
            low = azimuth
        else:
            high = azimuth
    if swapped:  # the result needs the azimuth at the first point of the swapped pair
        sa2, ca2 = math.sin(azimuth), math.cos(azimuth)
        return length, sign * sa2, -mirror * ca2
    return length, sign * sa2, mirror * ca2


@njit
def _shoot(
    sb1: float, cb1: float, sb2: float, cb2: float, azimuth: float
) -> tuple[float, float, float, float]:
    """Length, longitude and direction at which a geodesic reaches the second point's latitude."""
    sa1, ca1 = math.sin(azimuth), math.cos(azimuth)
    sin_alpha0 = sa1 * cb1
    cos2_alpha0 = ca1 * ca1 + sa1 * sa1 * sb1 * sb1
    sa2 = sin_alpha0 / cb2 if cb2 != cb1 else sa1
    if cb2 != cb1 or abs(sb2) != -sb1:
        gain = (cb2 - cb1) * (cb1 + cb2) if cb1 < -sb1 else (sb1 - sb2) * (sb1 + sb2)
        ca2 = math.sqrt(max(0.0, ca1 * ca1 * cb1 * cb1 + gain)) / cb2
    else:
        ca2 = abs(ca1)
    c1, c2 = ca1 * cb1, ca2 * cb2
    sigma1, sigma2 = math.atan2(sb1, c1), math.atan2(sb2, c2)
    omega = math.atan2(sin_alpha0 * sb2, c2) - math.atan2(sin_alpha0 * sb1, c1)
    arc = sigma2 - sigma1
    s, c, cos_sum = math.sin(arc), math.cos(arc), math.cos(sigma1 + sigma2)
    eps = _expansion(cos2_alpha0)
    length = _length(eps, arc, cos_sum, s, c)
    return length, omega - _longitude_excess(eps, sin_alpha0, arc, cos_sum, s, c), sa2, ca2


@njit
def geodesic_inverse(
    lon1: FloatArray, lat1: FloatArray, lon2: FloatArray, lat2: FloatArray
) -> FloatArray:
    """Lengths in metres of the shortest geodesics between pairs of points, shape (n,).

    Within 1 µm of Karney's algorithm, antipodes included. NaN where a coordinate is NaN.

    References
    ----------
    Karney, C. F. F. (2013): Algorithms for geodesics, J. Geodesy 87, 43-55 (the series for
    length and longitude). Vincenty, T. (1975), Survey Review 23, 88-93 (the iteration).
    """
    out = np.full(len(lon1), np.nan)
    for i in range(len(lon1)):
        if not math.isnan(lon1[i] + lat1[i] + lon2[i] + lat2[i]):
            out[i] = WGS84_A * geodesic(lon1[i], lat1[i], lon2[i], lat2[i])[0]
    return out
