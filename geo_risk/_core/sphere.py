"""Geometry of the sphere: directions, great circles, areas and centres; the only copy of each.

Coordinates are degrees; angles, chords and areas are those of the unit sphere (radians,
steradians), except for names that end in ``_km``, on the sphere of the mean radius. Compiled
kernels have their own sines, exact at multiples of 90 degrees (`_core.geodesic.sincosd`).
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from geo_risk._core.constants import EARTH_RADIUS_KM
from geo_risk._core.types import FloatArray

__all__ = [
    "arc_km",
    "chord_of",
    "great_circle_km",
    "lonlat_of_vectors",
    "move",
    "ring_areas",
    "ring_vectors",
    "signed_areas",
    "solid_angle",
    "unit_vectors",
]


def unit_vectors(lon: ArrayLike, lat: ArrayLike) -> FloatArray:
    """Points on the unit sphere, shape (..., 3), the coordinates last; NaN stays."""
    x, y = np.broadcast_arrays(np.radians(lon), np.radians(lat))
    flat = np.cos(y)
    return np.stack([flat * np.cos(x), flat * np.sin(x), np.sin(y)], axis=-1)


def lonlat_of_vectors(vectors: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Longitude and latitude of directions (..., 3) of any length."""
    x, y, z = np.moveaxis(np.asarray(vectors), -1, 0)
    return np.degrees(np.arctan2(y, x)), np.degrees(np.arctan2(z, np.hypot(x, y)))


def chord_of(angle: ArrayLike) -> FloatArray:
    """Chord between points at an angle (radians) on the unit sphere, up to antipodes."""
    return np.asarray(2.0 * np.sin(np.minimum(angle, np.pi) / 2.0))


def arc_km(chord: ArrayLike) -> FloatArray:
    """Great-circle distance of points on the unit sphere, from the chord between them."""
    return np.asarray(2.0 * EARTH_RADIUS_KM * np.arcsin(np.minimum(np.asarray(chord) / 2.0, 1.0)))


def great_circle_km(lon: ArrayLike, lat: ArrayLike, lon0: ArrayLike, lat0: ArrayLike) -> FloatArray:
    """Great-circle distance of points from others, by the haversine, accurate if near."""
    x, y, x0, y0 = np.radians(lon), np.radians(lat), np.radians(lon0), np.radians(lat0)
    across = np.cos(y) * np.cos(y0) * np.sin((x - x0) / 2) ** 2
    half = np.sin((y - y0) / 2) ** 2 + across
    return arc_km(2.0 * np.sqrt(np.clip(half, 0.0, 1.0)))


def move(
    lon: FloatArray, lat: FloatArray, km: FloatArray, bearing: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Points `km` away along great circles, `bearing` in radians from north; arrays broadcast.

    Distances of more than half the circumference stop at the antipode. A distance of 0 returns
    exactly the values that were given.
    """
    angle = np.minimum(km / EARTH_RADIUS_KM, np.pi)
    y0 = np.radians(lat)
    sin_y = np.sin(y0) * np.cos(angle) + np.cos(y0) * np.sin(angle) * np.cos(bearing)
    # in this form, unlike that with sin_y, the direction keeps its digits at the poles
    north = np.cos(angle) * np.cos(y0) - np.sin(angle) * np.sin(y0) * np.cos(bearing)
    x = lon + np.degrees(np.arctan2(np.sin(bearing) * np.sin(angle), north))
    y = np.degrees(np.arcsin(np.clip(sin_y, -1.0, 1.0)))
    x = np.clip((x + 180.0) % 360.0 - 180.0, -180.0, 180.0)
    return np.where(angle == 0.0, lon, x), np.where(angle == 0.0, lat, y)


def signed_areas(start: FloatArray, end: FloatArray) -> FloatArray:
    """Area between the equator and edges that are straight in longitude and latitude.

    Parameters
    ----------
    start, end : ndarray of float64, shape (n, 2)
        Longitude and latitude of the ends, degrees.

    Returns
    -------
    ndarray of float64, shape (n,)
        Steradians: the integral of sin(lat) d(lon), so that edges running west count as negative.
        Summed along a ring: its area, negative where it runs counter-clockwise.
    """
    (x0, y0), (x1, y1) = np.radians(start).T, np.radians(end).T
    half = 0.5 * (y1 - y0)
    return np.asarray((x1 - x0) * np.sin(0.5 * (y0 + y1)) * np.sinc(half / np.pi))


def ring_areas(coords: FloatArray, offsets: NDArray[Any]) -> FloatArray:
    """Area of each ring, steradians; coordinates and offsets as for `ring_vectors`.

    Edges are straight between their ends in longitude and the sine of the latitude.
    """
    x, y = np.radians(coords[:, 0]), np.sin(np.radians(coords[:, 1]))
    strip = 0.5 * (x[1:] - x[:-1]) * (y[1:] + y[:-1])
    strip[offsets[1:-1] - 1] = 0.0  # from the end of one ring to the next is no edge
    return np.abs(np.add.reduceat(strip, offsets[:-1]))


def ring_vectors(coords: FloatArray, offsets: NDArray[Any]) -> FloatArray:
    """Integral of the unit vector over each ring: direction of its centre, length of its area.

    By Stokes' theorem it is half the sum over the edges of arc length times the unit normal of the
    edge's great circle. Edges are short, so reading them as great circles moves a centre by metres.

    Parameters
    ----------
    coords : ndarray of float64, shape (n, 2)
        Longitude and latitude of the vertices, ring by ring, each closed.
    offsets : ndarray of int, shape (rings + 1,)
        Where each ring begins.

    Returns
    -------
    ndarray of float64, shape (rings, 3)
        Steradians (a little less for large areas: the length of a mean vector times the area),
        for either direction of the ring.
    """
    points, starts = unit_vectors(*coords.T), offsets[:-1]
    normal = np.cross(points[:-1], points[1:])
    sine = np.linalg.norm(normal, axis=1)
    arc = np.arctan2(sine, np.einsum("ij,ij->i", points[:-1], points[1:]))
    vectors = normal * (0.5 * arc / np.where(sine > 0.0, sine, 1.0))[:, None]
    x, y = coords.T
    plane = x[:-1] * y[1:] - x[1:] * y[:-1]
    joint = offsets[1:-1] - 1
    vectors[joint], plane[joint] = 0.0, 0.0
    turn = np.sign(np.add.reduceat(plane, starts))
    return np.asarray(np.add.reduceat(vectors, starts, axis=0) * turn[:, None])


def solid_angle(points: FloatArray) -> float:
    """Area of a convex polygon of great circles, steradians, from its corners (n, 3) in order."""
    a, b, c = points[0], points[1:-1], points[2:]
    volume = np.cross(b - a, c - a) @ a
    below = 1.0 + b @ a + c @ a + (b * c).sum(axis=1)
    return float(2.0 * np.arctan2(volume, below).sum())
