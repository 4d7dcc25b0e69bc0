"""Kernels of `cells`: centres, corners and areas of cells.

A cell's lattice point is found on the face whose triangle contains it; there centre and corners are
points of the plane that touches the sphere at the face's centre. Cells that cross the edge of their
face, about one in a thousand at resolution 7, bend there: the h3 library computes their corners.
"""

from __future__ import annotations

import math

import h3.api.basic_int as h3
import numpy as np

from geo_risk._core.jit import njit
from geo_risk._core.sphere import solid_angle, unit_vectors
from geo_risk._core.types import CellArray, FloatArray, IntArray
from geo_risk.cells._h3 import leading, split, turn
from geo_risk.cells._h3_tables import (
    AXES,
    BASE_FACES,
    CENTER,
    FACE_TURNS,
    IS_PENTAGON,
    POSITION,
    POWER,
    SCALE,
    UNIT,
    UNKNOWN,
)

__all__ = ["areas_km2", "centers", "rings"]


_RADIANS = math.pi / 180.0
_HALF_SQRT3 = math.sqrt(3.0) / 2.0
_UNIT = (3.0 - math.sqrt(5.0)) / 2.0  # one step at resolution 0 on the plane, sphere radius 1
_H3_RADIUS_KM = 6371.007180918475  # of the sphere on which H3 measures areas
# Corners lie a third of the way along two neighbouring steps taken together; the first at 30
# degrees from the first axis, as in the library.
_CORNER: IntArray = np.array([(2, 1), (1, 2), (-1, 1), (-2, -1), (-1, -2), (1, -1)], dtype=np.int64)


@njit
def _in_base(resolution: int, digits: int) -> tuple[int, int]:
    """Lattice point of a cell as seen from the centre of its base cell, in its orientation."""
    a = b = 0
    for level in range(1, resolution + 1):
        a, b = (2 * a + b, 3 * b - a) if level & 1 else (3 * a - b, a + 2 * b)
        digit = (digits >> (3 * (resolution - level))) & 7
        a += UNIT[digit, 0]
        b += UNIT[digit, 1]
    return a, b


@njit
def _turns_from(face: int, place: int, pentagon: bool, first: int) -> int:
    """Turns from a face's digits to a base cell's whose first digit there is `first`."""
    if first == 0:
        return 0
    if not pentagon:
        return int(FACE_TURNS[face, place, 1])
    for there in range(1, 7):
        turns = int(FACE_TURNS[face, place, there])
        if turns != UNKNOWN and turn(there, turns) == first:
            return turns
    return UNKNOWN


@njit
def _on_face(cell: int) -> tuple[int, int, int, bool]:
    """Face (-1: unknown) and lattice point of a cell; whether all of it is on that face."""
    resolution, base, digits = split(cell)
    odd = resolution & 1
    first = leading(digits)
    za, zb = _in_base(resolution, digits)
    ma, mb = POWER[resolution, 0], POWER[resolution, 1]
    limit = 2 * POWER[resolution + odd, 0]
    for option in range(6):
        where = BASE_FACES[base, option]
        if where < 0:
            break
        face, place = where // 16, where % 16
        turns = _turns_from(face, place, IS_PENTAGON[base], first)
        if turns == UNKNOWN:
            continue
        # Turn back (60 degrees clockwise take (a, b) to (b, b - a)), move to the face's centre.
        a, b = za, zb
        for _ in range(turns):
            a, b = b, b - a
        pa, pb = POSITION[place, 0], POSITION[place, 1]
        a, b = a + pa * ma - pb * mb, b + pa * mb + pb * ma - pb * mb
        # In the closed triangle? Odd resolutions are tested at the next finer one: axes align.
        ta, tb = (3 * a - b, a + 2 * b) if odd else (a, b)
        room = limit - max(ta + tb, tb - 2 * ta, ta - 2 * tb)
        if room >= 0:
            # A corner is 1 / sqrt(3) of a step away, twice that in these units, sqrt(7) finer.
            return face, a, b, room >= (4 if odd else 2)
    return -1, 0, 0, False


@njit
def _on_sphere(face: int, odd: int, x: float, y: float) -> tuple[float, float]:
    """Longitude and latitude of a point (x, y) of a face's lattice at resolution 0."""
    u, v, c = AXES[odd, face, 0], AXES[odd, face, 1], CENTER[face]
    # The axes are 1 / _UNIT long.
    x, y = x * (_UNIT * _UNIT), y * (_UNIT * _UNIT)
    px = c[0] + x * u[0] + y * v[0]
    py = c[1] + x * u[1] + y * v[1]
    pz = c[2] + x * u[2] + y * v[2]
    return math.atan2(py, px) / _RADIANS, math.atan2(pz, math.hypot(px, py)) / _RADIANS


@njit
def _centers(cells: IntArray, lon: FloatArray, lat: FloatArray) -> None:
    for n in range(cells.size):
        lon[n] = lat[n] = math.nan
        if cells[n] != 0:
            face, a, b, _ = _on_face(cells[n])
            if face >= 0:
                resolution = (cells[n] >> 52) & 15
                x, y = (a - 0.5 * b) / SCALE[resolution], b * _HALF_SQRT3 / SCALE[resolution]
                lon[n], lat[n] = _on_sphere(face, resolution & 1, x, y)


def centers(cells: CellArray) -> tuple[FloatArray, FloatArray]:
    """Longitude and latitude of each cell's centre, NaN for cell 0."""
    lon, lat = np.empty(cells.size), np.empty(cells.size)
    _centers(cells.view(np.int64), lon, lat)
    for n in np.flatnonzero(np.isnan(lon) & (cells != 0)).tolist():
        lat[n], lon[n] = h3.cell_to_latlng(int(cells[n]))
    return lon, lat


@njit
def _corners(cells: IntArray, out: FloatArray) -> None:
    """Corners (n, 7, 2) as closed rings, NaN if the library must be asked."""
    for n in range(cells.size):
        face, a, b, whole = _on_face(cells[n])
        if not whole:
            out[n] = math.nan
            continue
        resolution = (cells[n] >> 52) & 15
        third = 1.0 / (3.0 * SCALE[resolution])
        for corner in range(6):
            # Integers, so that cells that share a corner get it equal to the last bit.
            ca, cb = 3 * a + _CORNER[corner, 0], 3 * b + _CORNER[corner, 1]
            x, y = (ca - 0.5 * cb) * third, cb * _HALF_SQRT3 * third
            out[n, corner] = _on_sphere(face, resolution & 1, x, y)
        out[n, 6] = out[n, 0]


def rings(cells: CellArray) -> tuple[FloatArray, IntArray]:
    """Return the closed rings of valid cells: coordinates (m, 2) lon, lat and offsets (n + 1,)."""
    corners = np.empty((cells.size, 7, 2))
    _corners(cells.view(np.int64), corners)
    bent = np.isnan(corners[:, 0, 0])
    sizes = np.full(cells.size, 7, dtype=np.int64)
    asked = [h3.cell_to_boundary(cell) for cell in cells[bent].tolist()]
    sizes[bent] = [len(ring) + 1 for ring in asked]
    offsets = np.append(0, np.cumsum(sizes))
    coords = np.empty((int(offsets[-1]), 2))
    rows = np.repeat(bent, sizes)
    coords[~rows] = corners[~bent].reshape(-1, 2)
    coords[rows] = [point[::-1] for ring in asked for point in (*ring, ring[0])] or np.empty((0, 2))
    return coords, offsets


@njit
def _areas(cells: IntArray, out: FloatArray) -> None:
    """Solid angle of each cell that lies on one face, NaN for others."""
    norm, px, py = np.empty(6), np.empty(6), np.empty(6)
    for n in range(cells.size):
        out[n] = math.nan
        if cells[n] == 0:
            continue
        _, a, b, whole = _on_face(cells[n])
        if not whole:
            continue
        step = _UNIT / SCALE[(cells[n] >> 52) & 15]
        cx, cy = (a - 0.5 * b) * step, b * _HALF_SQRT3 * step
        middle = math.sqrt(1.0 + cx * cx + cy * cy)
        for i in range(6):
            px[i] = cx + (_CORNER[i, 0] - 0.5 * _CORNER[i, 1]) * step / 3.0
            py[i] = cy + _CORNER[i, 1] * _HALF_SQRT3 * step / 3.0
            norm[i] = math.sqrt(1.0 + px[i] * px[i] + py[i] * py[i])
        # Six triangles around the centre, equal on the plane: Van Oosterom and Strackee (1983).
        double = _HALF_SQRT3 * step * step / 3.0
        total = 0.0
        for i in range(6):
            j = (i + 1) % 6
            ab = 1.0 + px[i] * px[j] + py[i] * py[j]
            ac = 1.0 + px[i] * cx + py[i] * cy
            bc = 1.0 + px[j] * cx + py[j] * cy
            below = norm[i] * norm[j] * middle + ab * middle + ac * norm[j] + bc * norm[i]
            total += 2.0 * math.atan2(double, below)
        out[n] = total


def areas_km2(cells: CellArray) -> FloatArray:
    """Area of each cell on H3's sphere, NaN for cell 0."""
    out = np.empty(cells.size)
    _areas(cells.view(np.int64), out)
    bent = np.flatnonzero(np.isnan(out) & (cells != 0))
    # The library is not used: its sums of angles lose digits if a cell crosses 180 degrees
    # (measured with h3 4.5.0: 7 % at resolution 15).
    rings = [np.array(h3.cell_to_boundary(cell)) for cell in cells[bent].tolist()]
    out[bent] = [solid_angle(unit_vectors(ring[:, 1], ring[:, 0])) for ring in rings]
    out *= _H3_RADIUS_KM**2
    return out
