"""Kernels of `cells`: H3 arithmetic on arrays, without checks of the input.

Cells are uint64, 0 is missing. Coordinates are degrees.

`encode` computes with 3-D vectors, the h3 library with angles. The difference between the two is
bounded: a point closer than the bound to an edge of its cell, or to the seam of two faces, is
passed to the library. So results always equal the library's, whatever its version, compiler or
mathematical functions.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from geo_risk._core.jit import njit, run_chunks
from geo_risk._core.types import CellArray, FloatArray
from geo_risk.cells._h3_tables import (
    AXES,
    BASE_NEIGHBOR,
    BASE_TURNS,
    BASE_TURNS_MORE,
    CENTER,
    DIGIT_CARRY,
    DIGIT_SUM,
    FACE_BASE,
    FACE_GRID,
    FACE_TURNS,
    IS_PENTAGON,
    ODD_DIGIT,
    PAIRS,
    POSITION_INDEX,
    SCALE,
    SINE,
    UNIT,
    UNKNOWN,
)

__all__ = ["encode", "is_valid", "leading", "neighbor", "neighbors", "split", "turn", "valid"]


# How far apart the library's lattice coordinates and ours may be at a distance r from a face's
# centre, in lattice units of resolution 0: TOLERANCE * (1 + 3 / r). The library takes r from
# acos(1 - d2 / 2), which loses 1e-16 / r. Measured with the formulas of h3 4.1 and 4.5 on
# 2 million points from r = 1e-9 up: at most 1/26 of that, 1/100 of it near the centres.
TOLERANCE = 3e-14
SEAM = 1e-13

_ASK = 1  # not a cell: ask the library
_ONES = 0o111111111111111
_HALF_SQRT3 = math.sqrt(3.0) / 2.0
_RADIANS = math.pi / 180.0
_LIFT = 7 << 22  # makes every lattice coordinate positive
_SEVENTH = 613_566_757  # 2**32 / 7, rounded up


@njit
def turn(digits: int, turns: int) -> int:
    """Turn all digits by 60 degrees counter-clockwise `turns` times.

    A digit's three bits are its i, j and k coordinates: a turn is a cyclic shift and a
    complement. Digits that are 0 stay 0.
    """
    some = (digits | (digits >> 1) | (digits >> 2)) & _ONES
    shift = turns % 3
    if shift == 1:
        digits = ((digits << 1) & (_ONES * 6)) | ((digits >> 2) & _ONES)
    elif shift == 2:
        digits = ((digits >> 1) & (_ONES * 3)) | ((digits << 2) & (_ONES * 4))
    if turns % 2 == 1:
        digits = ~digits
    return digits & (some * 7)


@njit
def leading(digits: int) -> int:
    """First digit that is not 0, or 0."""
    first = 0
    while digits != 0:
        if digits & 7 != 0:
            first = digits & 7
        digits >>= 3
    return first


@njit
def split(cell: int) -> tuple[int, int, int]:
    """Resolution, base cell and digits (the last one lowest) of a cell."""
    resolution = (cell >> 52) & 15
    return resolution, (cell >> 45) & 127, (cell & ((1 << 45) - 1)) >> (3 * (15 - resolution))


@njit
def _assemble(base: int, digits: int, resolution: int) -> int:
    unused = 3 * (15 - resolution)
    return (1 << 59) | (resolution << 52) | (base << 45) | (digits << unused) | ((1 << unused) - 1)


@njit
def _address(face: int, a: int, b: int, resolution: int) -> int:
    """Cell of a lattice point on a face, `_ASK` if the tables do not contain it."""
    digits = 0
    shift = 0
    level = resolution
    if level % 2 == 1:
        pair = (a + 2 * b) % 7
        digit = int(ODD_DIGIT[pair])
        ua, ub = a - UNIT[digit, 0], b - UNIT[digit, 1]
        a, b = (3 * ua - ub) // 7, (ua + 2 * ub) // 7
        digits = digit
        shift = 3
        level -= 1
    while level > 0:
        # Floor of a / 7 by a product: exact for numbers from 0 to 2**30.
        qa = (((a + _LIFT) * _SEVENTH) >> 32) - _LIFT // 7
        qb = (((b + _LIFT) * _SEVENTH) >> 32) - _LIFT // 7
        pair = int(PAIRS[(a - 7 * qa) * 7 + (b - 7 * qb)])
        digits |= (pair & 63) << shift
        a, b = qa + ((pair >> 6) & 1), qb + (pair >> 7)
        shift += 6
        level -= 2
    if a < -3 or a > 3 or b < -3 or b > 3:
        return _ASK
    place = POSITION_INDEX[a + 3, b + 3]
    if place < 0:
        return _ASK
    base = int(FACE_BASE[face, place])
    turns = int(FACE_TURNS[face, place, leading(digits) if IS_PENTAGON[base] else 0])
    if turns == UNKNOWN:
        return _ASK
    return _assemble(base, turn(digits, turns), resolution)


@njit
def _sin_cos(degrees: float) -> tuple[float, float]:
    """Sine and cosine to about 2e-16: whole degrees from a table, the rest by its series."""
    whole = math.floor(degrees + 0.5)
    rest = (degrees - whole) * _RADIANS
    square = rest * rest
    sine = rest * (1.0 - square * (1.0 / 6.0 - square * (1.0 / 120.0 - square / 5040.0)))
    versine = square * (0.5 - square * (1.0 / 24.0 - square / 720.0))
    s, c = SINE[whole + 180], SINE[whole + 270]
    return s + (c * sine - s * versine), c - (s * sine + c * versine)


@njit
def _nearest_face(px: float, py: float, pz: float) -> tuple[int, bool]:
    """Face whose centre is nearest, and whether another one is equally near within rounding."""
    face, best, second = 0, -2.0, -2.0
    for f in range(20):
        near = px * CENTER[f, 0] + py * CENTER[f, 1] + pz * CENTER[f, 2]
        if near > best:
            face, best, second = f, near, best
        elif near > second:
            second = near
    return face, best - second < SEAM


@njit
def _encode(lon: FloatArray, lat: FloatArray, resolution: int, out: NDArray[np.int64]) -> int:
    """Write the cell of each point, `_ASK` if the library must decide; return how many."""
    scale = SCALE[resolution]
    odd = resolution % 2
    asked = 0
    for n in range(lon.size):
        if math.isnan(lon[n]):
            out[n] = 0
            continue
        sin_lon, cos_lon = _sin_cos(lon[n])
        pz, flat = _sin_cos(lat[n])
        px, py = flat * cos_lon, flat * sin_lon
        face = int(FACE_GRID[min(int(0.5 * lat[n] + 45.0), 89), min(int(0.5 * lon[n] + 90.0), 179)])
        seam = False
        if face == UNKNOWN:
            face, seam = _nearest_face(px, py, pz)
        u, v, w = AXES[odd, face, 0], AXES[odd, face, 1], CENTER[face]
        stretch = 1.0 / (px * w[0] + py * w[1] + pz * w[2])
        x = (px * u[0] + py * u[1] + pz * u[2]) * stretch
        y = (px * v[0] + py * v[1] + pz * v[2]) * stretch
        squared = x * x + y * y
        x, y = x * scale, y * scale
        # Nearest lattice point: round the three cube coordinates, correct the worst.
        r = y / _HALF_SQRT3
        s = -x - 0.5 * r
        q = -r - s
        iq, ir, js = math.floor(q + 0.5), math.floor(r + 0.5), math.floor(s + 0.5)
        dq, dr, ds = abs(q - iq), abs(r - ir), abs(s - js)
        if dq > dr and dq > ds:
            iq = -ir - js
        elif dr > ds:
            ir = -iq - js
        else:
            js = -iq - ir
        dq, dr, ds = q - iq, r - ir, s - js
        margin = 0.5 * (1.0 - (max(dq, dr, ds) - min(dq, dr, ds)))
        # The square root is only needed near a centre.
        if squared > 1e-2:
            sure = margin > 30.0 * TOLERANCE * scale
        else:
            sure = margin > (1.0 + 3.0 / (math.sqrt(squared) + 1e-30)) * TOLERANCE * scale
        cell = _ASK
        if sure and not seam:
            cell = _address(face, -js, ir, resolution)
        if cell == _ASK:
            asked += 1
        out[n] = cell
    return asked


def encode(lon: FloatArray, lat: FloatArray, resolution: int, n_jobs: int = 1) -> CellArray:
    """Cell of each point, 0 if the point is NaN; -180 is read as 180."""
    out = np.empty(lon.size, dtype=np.int64)
    ask: list[int] = []

    def run(start: int, stop: int) -> None:
        if _encode(lon[start:stop], lat[start:stop], resolution, out[start:stop]):
            ask.extend((start + np.flatnonzero(out[start:stop] == _ASK)).tolist())

    run_chunks(run, lon.size, n_jobs)
    if ask:
        import h3.api.basic_int as h3

        for n in ask:
            x = float(lon[n])
            out[n] = h3.latlng_to_cell(float(lat[n]), 180.0 if x == -180.0 else x, resolution)
    return out.view(np.uint64)


@njit
def valid(cell: int) -> bool:
    """Whether a value is the index of an H3 cell."""
    resolution, base, digits = split(cell)
    low = (1 << 3 * (15 - resolution)) - 1
    good = (cell >> 56) == 8 and base < 122 and (cell & low) == low
    # A digit of 7 has all three bits set.
    good = good and (digits & (digits >> 1) & (digits >> 2) & _ONES) == 0
    if good and IS_PENTAGON[base]:
        good = leading(digits) != 1
    return good


@njit
def _is_valid(cells: NDArray[np.int64], out: NDArray[np.bool_]) -> None:
    for n in range(cells.size):
        out[n] = valid(cells[n])


def is_valid(cells: CellArray) -> NDArray[np.bool_]:
    """Whether each value is the index of an H3 cell."""
    out = np.empty(cells.size, dtype=np.bool_)
    _is_valid(cells.view(np.int64), out)
    return out


@njit
def neighbor(cell: int, side: int) -> int:
    """Neighbour of a cell across a side (digit 1 to 6), 0 if a pentagon has none there."""
    resolution, base, digits = split(cell)
    first = 0
    if IS_PENTAGON[base]:
        first = leading(digits)
        if first == 0 and side == 1:
            return 0
    step = side
    shift = 0
    digit = 0
    level = resolution
    while level > 0 and step != 0:
        old = (digits >> shift) & 7
        digit = int(DIGIT_SUM[level & 1, old, step])
        step = int(DIGIT_CARRY[level & 1, old, step])
        digits += (digit - old) << shift
        shift += 3
        level -= 1
    if step != 0:
        turns = int(BASE_TURNS[base, step])
        if digit != 0 and digit == BASE_TURNS_MORE[base, step]:
            turns += 1
        base = int(BASE_NEIGHBOR[base, step])
        digits = turn(digits, turns)
    elif first != 0 and leading(digits) == 1:
        # Into the sixth that a pentagon lacks: continue on the other side of the gap.
        digits = turn(digits, 1 if first == 3 else 5)
    return _assemble(base, digits, resolution)


@njit
def _neighbors(cells: NDArray[np.int64], out: NDArray[np.int64]) -> None:
    for n in range(cells.size):
        for side in range(1, 7):
            out[n, side - 1] = neighbor(cells[n], side)


def neighbors(cells: CellArray) -> CellArray:
    """Return the six neighbours of each cell, shape (n, 6); 0 if a pentagon has none there."""
    out = np.empty((cells.size, 6), dtype=np.int64)
    _neighbors(cells.view(np.int64), out)
    return out.view(np.uint64)
