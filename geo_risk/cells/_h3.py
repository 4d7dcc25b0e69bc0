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

from geo_risk._core.jit import inner, njit, run_chunks
from geo_risk._core.types import CellArray, FloatArray, IntArray
from geo_risk.cells._h3_tables import (
    ASK,
    BASE_NEIGHBOR,
    BASE_TURNS,
    BASE_TURNS_MORE,
    CENTER,
    COSINE,
    DIGIT_CARRY,
    DIGIT_SUM,
    DIGITS,
    IS_PENTAGON,
    LATTICE,
    MISSING,
    NO_CELL,
    ORIGIN,
    SCALE,
    SINE,
)

__all__ = [
    "encode",
    "encode_each",
    "is_valid",
    "leading",
    "neighbor",
    "neighbors",
    "split",
    "turn",
    "valid",
]


# How far apart the library's lattice coordinates and ours may be at a distance r from a face's
# centre, in lattice units of resolution 0: TOLERANCE * (1 + 3 / r). The library takes r from
# acos(1 - d2 / 2), which loses 1e-16 / r. Measured with the formulas of h3 4.1 and 4.5 on
# 2 million points from r = 1e-9 up: at most 1/26 of that, 1/100 of it near the centres.
TOLERANCE = 3e-14
SEAM = 1e-13

_ONES = 0o111111111111111
_RADIANS = math.pi / 180.0
_LIFT = 7**9  # makes every lattice coordinate positive, and stays whole when divided by 7
BLOCK = 1024  # points that stay in the processor's cache from one pass to the next


@njit
def turn(digits: int, turns: int) -> int:
    """Turn all digits by 60 degrees counter-clockwise `turns` times.

    A digit's three bits are its i, j and k coordinates: a turn is a cyclic shift and a
    complement. Digits that are 0 stay 0.
    """
    some = (digits | (digits >> 1) | (digits >> 2)) & _ONES
    shift = turns - 3 * ((turns * 11) >> 5)  # turns % 3 for 0 to 7, without a division
    low = (_ONES << shift) - _ONES  # the bits that a shift carries over
    digits <<= shift
    digits = (digits & (_ONES * 7 - low)) | ((digits >> 3) & low)
    return (digits ^ -(turns & 1)) & (some * 7)


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


@inner
def _assemble(base: int, digits: int, resolution: int) -> int:
    unused = 3 * (15 - resolution)
    return (1 << 59) | (resolution << 52) | (base << 45) | (digits << unused) | ((1 << unused) - 1)


@njit
def _waves(degrees: FloatArray, out: FloatArray) -> None:
    """Write sines, then (from BLOCK on) cosines, to 4e-16; of 0 where an angle is NaN.

    The angle beyond a whole number of quarter turns is exact, its Taylor series converges fast.
    """
    for n in range(degrees.size):
        whole = 0.0 if math.isnan(degrees[n]) else degrees[n]
        quarter = np.floor(whole * (1.0 / 90.0) + 0.5)
        angle = (whole - 90.0 * quarter) * _RADIANS
        square = angle * angle
        s = c = 0.0
        for term in range(8):
            s = s * square + SINE[term]
            c = c * square + COSINE[term]
        s, c = angle + angle * square * s, 1.0 + square * c
        odd = abs(quarter) == 1.0
        sine, cosine = (c if odd else s), (s if odd else c)
        out[n] = -sine if (quarter < 0.0) | (quarter == 2.0) else sine
        out[BLOCK + n] = -cosine if (quarter > 0.0) | (quarter == -2.0) else cosine


@inner
def _seventh(x: int) -> int:
    """Floor of x / 7 by a product: exact from 0 to 2**30. The mask says that 32 bits suffice."""
    return ((x & 0xFFFFFFFF) * 613_566_757) >> 32


@njit
def _round(
    lon: FloatArray, lon_waves: FloatArray, lat_waves: FloatArray, resolution: int, work: IntArray
) -> None:
    """Write side and nearest lattice point of each point; side `ASK` if the library must decide."""
    bound = TOLERANCE * SCALE[resolution]
    central = (3.0 * bound * SCALE[resolution]) ** 2
    odd = float(resolution & 1)
    for n in range(lon.size):
        pz, flat = lat_waves[n], lat_waves[BLOCK + n]
        px, py = flat * lon_waves[BLOCK + n], flat * lon_waves[n]
        side = 0
        best = second = -1.0
        for s in range(10):
            along = px * CENTER[s, 0] + py * CENTER[s, 1] + pz * CENTER[s, 2]
            near = abs(along)
            lower = near if near < best else best
            second = lower if lower > second else second
            side = (s if along > 0.0 else s + 10) if near > best else side
            best = near if near > best else best
        at = 120 * resolution + side
        stretch = 1.0 / best
        a = (px * LATTICE[at] + py * LATTICE[at + 20] + pz * LATTICE[at + 40]) * stretch
        b = (px * LATTICE[at + 60] + py * LATTICE[at + 80] + pz * LATTICE[at + 100]) * stretch
        # The nearest of four lattice points, by the lines half-way between them.
        fa, fb = np.floor(a), np.floor(b)
        u, v = a - fa, b - fb
        least = 0.0 if u + v >= 1.0 else 1.0
        fa += 1.0 if 2.0 * u - v > least else 0.0
        fb += 1.0 if 2.0 * v - u > least else 0.0
        u, v = a - fa, b - fb
        across, along, third = abs(2.0 * u - v), abs(2.0 * v - u), abs(u + v)
        across = along if along > across else across
        across = third if third > across else across
        room = 0.5 * (1.0 - across) - bound
        sure = (
            (room > 0.0)
            & (room * room * (a * a - a * b + b * b) > central)
            & (best - second > SEAM)
        )
        work[n] = MISSING if math.isnan(lon[n]) else (side if sure else ASK)
        # One digit of an odd resolution is 1 / 7 of the point times 3 + w.
        work[BLOCK + n] = np.int32(fa + odd * (2.0 * fa - fb)) + _LIFT
        work[2 * BLOCK + n] = np.int32(fb + odd * (fa + fb)) + _LIFT
        work[3 * BLOCK + n] = work[4 * BLOCK + n] = 0


@njit
def _index(work: IntArray, resolution: int, out: IntArray) -> int:
    """Write the cell of each lattice point, 1 if the library must decide; return how many."""
    odd = resolution & 1
    lift = _LIFT
    shift = 0
    for step in range((resolution + 1) >> 1):
        table = 49 if odd and step == 0 else 0
        for n in range(out.size):
            a, b = work[BLOCK + n], work[2 * BLOCK + n]
            qa, qb = _seventh(a), _seventh(b)
            entry = DIGITS[table + (a - 7 * qa) * 7 + b - 7 * qb]
            work[BLOCK + n] = qa + ((entry >> 6) & 1)
            work[2 * BLOCK + n] = qb + ((entry >> 7) & 1)
            work[3 * BLOCK + n] |= (entry & 63) << shift
            work[4 * BLOCK + n] = entry >> 8 if entry >> 8 != 0 else work[4 * BLOCK + n]
        shift += 3 if table else 6
        lift //= 7
    asked = 0
    for n in range(out.size):
        a, b = work[BLOCK + n] - lift + 2, work[2 * BLOCK + n] - lift + 2
        side = work[n] if (a >= 0) & (a <= 4) & (b >= 0) & (b <= 4) else ASK
        place = 5 * a + b if side < ASK else 0
        origin = ORIGIN[(25 * side + place) * 8 + work[4 * BLOCK + n]]
        cell = _assemble(origin & 127, turn(work[3 * BLOCK + n], origin >> 7), resolution)
        cell = cell if origin < NO_CELL else (origin >> 11)
        asked += cell == 1
        out[n] = cell
    return asked


def _encode(lon: FloatArray, lat: FloatArray, resolution: int, out: IntArray) -> int:
    """Write the cell of each point, 1 if the library must decide; return how many."""
    work = np.empty(5 * BLOCK, dtype=np.int64)
    lon_waves, lat_waves = np.empty((2, 2 * BLOCK))
    asked = 0
    for n in range(0, lon.size, BLOCK):
        block = slice(n, n + BLOCK)
        _waves(lon[block], lon_waves)
        _waves(lat[block], lat_waves)
        _round(lon[block], lon_waves, lat_waves, resolution, work)
        asked += _index(work, resolution, out[block])
    return asked


def encode(lon: FloatArray, lat: FloatArray, resolution: int, n_jobs: int = 1) -> CellArray:
    """Cell of each point, 0 if the point is NaN; -180 is read as 180."""
    out = np.empty(lon.size, dtype=np.int64)
    ask: list[int] = []

    def run(start: int, stop: int) -> None:
        if _encode(lon[start:stop], lat[start:stop], resolution, out[start:stop]):
            ask.extend((start + np.flatnonzero(out[start:stop] == 1)).tolist())

    run_chunks(run, lon.size, n_jobs)
    if ask:
        import h3.api.basic_int as h3

        for n in ask:
            x = float(lon[n])
            out[n] = h3.latlng_to_cell(float(lat[n]), 180.0 if x == -180.0 else x, resolution)
    return out.view(np.uint64)


def encode_each(lon: FloatArray, lat: FloatArray, levels: IntArray, n_jobs: int = 1) -> CellArray:
    """Cell of each point at its own resolution."""
    out = np.zeros(lon.size, dtype=np.uint64)
    for level in np.flatnonzero(np.bincount(levels, minlength=16)).tolist():
        rows = np.flatnonzero(levels == level)
        out[rows] = encode(lon[rows], lat[rows], level, n_jobs)
    return out


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
