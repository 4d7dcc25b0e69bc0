"""Tables of the H3 grid, and tables computed from them.

H3 puts a triangular lattice on each face of an icosahedron, seven times finer (in area) from one
resolution to the next and turned by 19.1 degrees back and forth. A lattice point is an Eisenstein
integer a + b w with w = exp(2 pi i / 3), kept here as the pair (a, b); the first axis (H3's i)
points from the face's centre to one of its corners, two units away at resolution 0. A digit of a
cell is one of the six unit steps, or none: I=4, IJ=6, J=2, JK=3, K=1, IK=5 counter-clockwise.

The orientation of the icosahedron and the numbering of the 122 base cells are facts of the H3
specification (uber/h3, Apache License 2.0). The faces' centres and axes are stated as there; the
other tables were derived from the h3 library's answers about points and neighbours, and the tests
compare them with the library again.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from geo_risk._core.types import ByteArray, FloatArray, IntArray

# x, y, z of each face's centre and the azimuth (radians) of its first axis.
_FACES = (
    (0.2199307791404606, 0.6583691780274996, 0.7198475378926182, 5.619958268523939882),
    (-0.2139234834501421, 0.1478171829550703, 0.9656017935214205, 5.760339081714187279),
    (0.1092625278784797, -0.4811951572873210, 0.8697775121287253, 0.780213654393430055),
    (0.7428567301586791, -0.3593941678278028, 0.5648005936517033, 0.430469363979999913),
    (0.8112534709140969, 0.3448953237639384, 0.4721387736413930, 6.130269123335111400),
    (-0.1055498149613921, 0.9794457296411413, 0.1718874610009365, 2.692877706530642877),
    (-0.8075407579970092, 0.1533552485898818, 0.5695261994882688, 2.982963003477243874),
    (-0.2846148069787907, -0.8644080972654206, 0.4144792552473539, 3.532912002790141181),
    (0.7405621473854482, -0.6673299564565524, -0.0789837646326737, 3.494305004259568154),
    (0.8512303986474293, 0.4722343788582681, -0.2289137388687808, 3.003214169499538391),
    (-0.7405621473854481, 0.6673299564565524, 0.0789837646326737, 5.930472956509811562),
    (-0.8512303986474292, -0.4722343788582682, 0.2289137388687808, 0.138378484090254847),
    (0.1055498149613919, -0.9794457296411413, -0.1718874610009365, 0.448714947059150361),
    (0.8075407579970092, -0.1533552485898819, -0.5695261994882688, 0.158629650112549365),
    (0.2846148069787908, 0.8644080972654204, -0.4144792552473539, 5.891865957979238535),
    (-0.7428567301586791, 0.3593941678278027, -0.5648005936517033, 2.711123289609793325),
    (-0.8112534709140971, -0.3448953237639382, -0.4721387736413930, 3.294508837434268316),
    (-0.2199307791404607, -0.6583691780274996, -0.7198475378926182, 3.804819692245439833),
    (0.2139234834501420, -0.1478171829550704, -0.9656017935214205, 3.664438879055192436),
    (-0.1092625278784796, 0.4811951572873210, -0.8697775121287253, 2.361378999196363184),
)

# Positions on a face's lattice at resolution 0 where a cell's ancestor can be: in the triangle, or
# just beyond its edge, because children extend beyond their parent.
_POSITIONS = (
    (-2, -2), (-2, -1), (-1, -2), (-1, -1), (-1, 0), (-1, 1), (0, -1), (0, 0),
    (0, 1), (0, 2), (1, -1), (1, 0), (1, 1), (1, 2), (2, 0), (2, 1),
)  # fmt: skip

# The base cell at each position of each face (rows: faces).
_FACE_BASE = """
24 32 10 18 30 48 5 16 33 49 0 8 22 41 4 15
14 17 9 6 11 23 1 2 10 24 3 0 5 18 4 8
38 34 29 21 19 20 13 7 9 14 12 3 1 6 4 0
58 62 44 42 43 47 28 26 29 38 15 12 13 21 4 3
49 61 33 41 53 65 22 31 44 58 8 15 28 42 4 12
49 33 66 48 30 18 67 50 32 24 87 70 52 37 83 74
24 10 37 23 11 6 39 25 17 14 59 45 35 27 63 56
14 9 27 20 19 21 40 36 34 38 60 55 54 51 72 73
38 29 51 47 43 42 69 64 62 58 89 84 82 76 97 98
58 44 76 65 53 41 86 75 61 49 104 94 81 66 107 101
63 79 45 59 78 92 39 57 74 83 23 37 52 70 24 32
72 80 55 60 68 77 40 46 56 63 20 27 35 45 14 17
97 103 84 89 91 88 69 71 73 72 47 51 54 55 38 34
107 115 94 104 110 111 86 96 98 97 65 76 82 84 58 62
83 100 70 87 102 112 67 85 101 107 48 66 81 94 49 61
83 74 100 92 78 59 108 95 79 63 118 109 93 77 117 106
63 56 79 77 68 60 93 90 80 72 109 106 99 88 117 113
72 73 80 88 91 89 99 105 103 97 106 113 116 111 117 121
97 98 103 111 110 104 116 119 115 107 113 121 120 112 117 118
107 101 115 112 102 87 120 114 100 83 121 118 108 92 117 109
"""

# The base cell beyond each of the six sides of a base cell, sides in the order of digits 1 to 6;
# and the turns (60 degrees, counter-clockwise) from one's digits to the other's. A pentagon has
# no side 1: steps that way cross into the neighbour on side 5.
_BASE_NEIGHBOR = """
1 5 2 4 3 8, 7 6 9 0 3 2, 6 10 11 0 1 5, 13 1 7 4 12 0
0 15 8 3 0 12, 2 18 10 8 0 16, 14 11 17 1 9 2, 21 9 19 3 13 1
5 22 16 4 0 15, 19 14 20 1 7 6, 11 24 23 5 2 18, 17 23 25 2 6 10
28 13 26 4 15 3, 26 21 29 3 12 7, 20 17 27 9 20 6, 22 28 31 4 8 12
18 33 30 8 5 22, 11 14 6 35 25 27, 24 30 32 5 10 16, 34 20 36 7 21 9
14 19 9 40 27 36, 38 19 34 13 29 7, 16 41 33 15 8 31, 24 11 10 39 37 25
23 32 37 10 23 18, 23 17 11 45 39 35, 42 29 43 12 28 13, 40 35 46 14 20 17
31 42 44 12 15 26, 43 38 47 13 26 21, 32 48 50 16 18 33, 41 44 53 15 22 28
30 24 18 52 50 37, 30 49 48 22 16 41, 19 38 21 54 36 51, 46 45 56 17 27 25
20 34 19 55 40 54, 39 52 57 24 23 32, 47 34 51 29 47 21, 37 25 23 59 57 45
27 36 20 60 46 55, 49 53 61 22 33 31, 58 43 62 28 44 26, 62 47 64 26 42 29
53 58 65 28 31 42, 39 35 25 63 59 56, 60 56 68 27 40 35, 38 43 29 69 51 64
49 30 33 67 66 50, 48 61 66 33 48 41, 48 32 30 70 67 52, 69 54 71 38 47 34
57 70 74 32 37 50, 61 65 75 31 41 44, 71 55 73 34 51 36, 40 54 36 72 60 73
68 63 77 35 46 45, 59 74 78 37 39 52, 65 62 76 44 65 42, 63 78 79 39 45 57
72 68 80 40 55 46, 53 49 41 81 75 66, 43 58 42 82 64 76, 59 56 45 79 59 77
47 62 43 84 69 82, 58 53 44 86 76 75, 67 81 85 49 48 61, 66 50 48 87 85 70
56 60 46 90 77 80, 51 64 47 89 71 84, 67 52 50 83 87 74, 89 73 91 51 69 54
60 73 55 80 60 88, 91 72 88 54 71 55, 78 83 92 52 57 70, 65 61 53 94 86 81
86 82 96 58 65 62, 63 68 56 93 79 90, 74 59 57 95 92 79, 78 63 59 93 95 77
68 72 60 99 90 88, 85 94 101 61 66 75, 96 84 98 62 76 64, 87 74 70 100 87 92
69 82 64 97 89 98, 87 101 102 66 67 81, 76 75 65 104 96 94, 83 102 100 67 70 85
72 91 73 99 80 105, 97 91 103 69 84 71, 77 80 68 106 93 99, 73 89 71 105 88 103
83 78 74 108 100 95, 79 90 77 109 95 106, 86 81 75 107 104 101, 92 79 78 109 108 93
104 98 110 76 86 82, 89 98 84 103 89 111, 110 97 111 82 96 84, 80 105 88 106 90 113
102 83 87 108 114 92, 102 107 112 81 85 94, 101 87 85 114 112 100, 91 97 89 116 105 111
107 110 115 86 94 96, 88 103 91 113 99 116, 93 99 90 117 109 113, 104 101 94 115 104 112
100 95 92 118 114 109, 108 93 95 117 118 106, 98 104 96 119 111 115, 97 110 98 116 103 119
107 102 101 120 115 114, 99 116 105 117 106 121, 112 100 102 118 120 108, 110 107 104 120 119 112
103 119 111 113 105 121, 121 109 118 113 121 106, 120 108 114 117 121 109, 111 115 110 121 116 120
115 114 112 121 119 118, 116 120 119 117 113 118
"""
_BASE_TURNS = """
500151 010101 000050 500351 510342 010101 003550 000050 500051 013001 013001 333000
500451 010101 330520 500551 000050 333303 003550 333000 333030 003550 010101 333030
330520 003003 000050 300033 010101 013001 333000 000050 333303 013001 333303 030303
003003 300033 330520 300330 300330 003550 003550 333000 013001 030033 003030 333030
333030 330520 003003 300033 030303 333000 030303 030033 333003 003030 330520 333330
333330 333303 333303 330520 003003 333030 300033 300330 333000 300330 030033 003030
330520 333003 333003 003003 300033 003050 333000 013101 013101 030303 030303 330520
030033 003030 300330 333330 003050 333330 000001 333000 003050 500550 030033 000001
003030 330520 333003 500550 013101 333003 333000 013101 333330 000001 010451 330520
500550 010551 333000 003050 003050 010351 000001 013101 500550 510342 010051 000001
500550 010151
"""

# Turns from a face's digits to those of the base cell at each position, for the four belts of
# five faces; "-" marks the three corners, whose pentagon lacks a sixth of its digits: there the
# turns depend on the first digit that is not 0 (columns: that digit, 1 to 6; "-": impossible).
_FACE_TURNS = ("-35003500-5001-1", "-33033000-3033-3", "-33033300-3003-3", "-35003000-5011-1")
_CORNER_TURNS = (  # corners (2, 0), (0, 2), (-2, -2)
    ("100---", "1--11-", "-0-0-0"), ("212---", "1--11-", "-0-0-0"), ("333---", "1--11-", "-0-0-0"),
    ("444---", "1--11-", "-0-0-0"), ("555---", "1--11-", "-0-0-0"), ("100---", "3--33-", "-4-3-4"),
    ("100---", "3--33-", "-4-3-4"), ("100---", "3--33-", "-4-3-4"), ("100---", "3--33-", "-4-3-4"),
    ("100---", "3--33-", "-4-3-4"), ("100---", "3--33-", "-4-3-4"), ("100---", "3--33-", "-4-3-4"),
    ("100---", "3--33-", "-4-3-4"), ("100---", "3--33-", "-4-3-4"), ("100---", "3--33-", "-4-3-4"),
    ("555---", "1--11-", "-0-0-0"), ("444---", "1--11-", "-0-0-0"), ("333---", "1--11-", "-0-0-0"),
    ("212---", "1--11-", "-0-0-0"), ("100---", "1--11-", "-0-0-0"),
)  # fmt: skip

UNKNOWN = 255
"""Marks what the tables do not contain; the h3 library is asked instead."""


# Unit step of each digit, and the digit after a turn of 60 degrees counter-clockwise.
UNIT: IntArray = np.array(
    [(0, 0), (-1, -1), (0, 1), (-1, 0), (1, 0), (0, -1), (1, 1)], dtype=np.int64
)
_TURNED = (0, 5, 3, 1, 6, 4, 2)

# sqrt(7) turned by 19.1 degrees: back (2 - w) for odd resolutions, forth (3 + w) for even ones.
_BACK, _FORTH = (2, -1), (3, 1)


def _times(x: tuple[int, int], y: tuple[int, int]) -> tuple[int, int]:
    (a, b), (c, d) = x, y
    return a * c - b * d, a * d + b * c - b * d


def _divide(z: tuple[int, int], resolution: int) -> tuple[int, tuple[int, int]]:
    """Digit and parent of a lattice point: z = unit(digit) + base * parent."""
    base, other = (_BACK, _FORTH) if resolution % 2 else (_FORTH, _BACK)
    for digit, (ua, ub) in enumerate(UNIT.tolist()):
        a, b = _times((z[0] - ua, z[1] - ub), other)
        if a % 7 == 0 and b % 7 == 0:
            return digit, (a // 7, b // 7)
    raise AssertionError(f"{z} has no digit to base {base}")


def _powers() -> IntArray:
    """Lattice points of one unit of resolution 0, at resolutions 0 to 16."""
    out = [(1, 0)]
    for resolution in range(1, 17):
        out.append(_times(out[-1], _BACK if resolution % 2 else _FORTH))
    return np.array(out, dtype=np.int64)


def _additions() -> tuple[ByteArray, ByteArray]:
    """Digit plus unit step: the digit that results and the step that the parent takes."""
    digit_of = {tuple(unit): digit for digit, unit in enumerate(UNIT.tolist())}
    total, carry = np.zeros((2, 8, 8), np.uint8), np.zeros((2, 8, 8), np.uint8)
    for odd in (0, 1):
        for x in range(7):
            for y in range(7):
                a, b = (UNIT[x] + UNIT[y]).tolist()
                total[odd, x, y], parent = _divide((a, b), odd)
                carry[odd, x, y] = digit_of[parent]
    return total, carry


def _beside() -> NDArray[np.int8]:
    """Last two digits (as 8 * one + other) beyond each side, -1 if a digit before them changes.

    Indexed by the parity of the resolution, the last two digits and the side. Four in five steps
    stay among the 49 cells that differ in these two digits only; pentagons follow other rules.
    """
    out = np.full((2, 64, 6), -1, dtype=np.int8)
    for odd in (0, 1):
        for low in range(64):
            one, other = divmod(low, 8)
            for side in range(1, 7):
                step = DIGIT_CARRY[odd, other, side]
                if 7 in (one, other) or (step and DIGIT_CARRY[1 - odd, one, step]):
                    continue
                ahead = DIGIT_SUM[1 - odd, one, step] if step else one
                out[odd, low, side - 1] = 8 * ahead + DIGIT_SUM[odd, other, side]
    return out


def _digits() -> IntArray:
    """Last digits of a lattice point, by 7 (a mod 7) + b mod 7: two of an even resolution.

    Bits 0-5 are the digits, bits 6 and 7 what to add to floor(a / 7) and floor(b / 7), bits 8-10
    the first of the digits that is not 0. From 49 on: one digit of an odd resolution, where a and b
    are the point times 3 + w.
    """
    out = np.zeros((2, 7, 7), np.int64)
    for a in range(7):
        for b in range(7):
            low, parent = _divide((a, b), 2)
            high, (qa, qb) = _divide(parent, 1)
            out[0, a, b] = low | high << 3 | qa << 6 | qb << 7 | (high or low) << 8
    for digit, (ua, ub) in enumerate(UNIT.tolist()):
        a, b = _times((ua, ub), _FORTH)
        out[1, a % 7, b % 7] = digit | (a < 0) << 6 | (b < 0) << 7 | digit << 8
    return out.reshape(-1)


def _face_tables() -> tuple[ByteArray, ByteArray]:
    """Base cells by face and position; turns by face, position and first digit."""
    base = np.array(_FACE_BASE.split(), dtype=np.uint8).reshape(20, 16)
    turns = np.zeros((20, 16, 8), dtype=np.uint8)
    corners = [_POSITIONS.index(corner) for corner in ((2, 0), (0, 2), (-2, -2))]
    for face in range(20):
        for place, turn in enumerate(_FACE_TURNS[face // 5]):
            if turn != "-":
                turns[face, place] = int(turn)
        for place, row in zip(corners, _CORNER_TURNS[face], strict=True):
            turns[face, place, 1:7] = [UNKNOWN if turn == "-" else int(turn) for turn in row]
    return base, turns


def _origins() -> IntArray:
    """Base cell and turns by side, 5 (a + 2) + b + 2 at resolution 0 and first digit, one index.

    Bits 0-6 are the base cell, bits 7-9 the turns, or `NO_CELL` is set and the bits above it are
    what takes the cell's place: 1 (ask the library), 0 on side `MISSING`. Side `ASK` has no cells.
    """
    out = np.full((22, 25, 8), NO_CELL | NO_CELL << 1, dtype=np.int64)
    out[MISSING] = NO_CELL
    for side, face in enumerate(SIDES):
        for place, (a, b) in enumerate(_POSITIONS):
            base = int(FACE_BASE[face, place])
            turns = FACE_TURNS[face, place, :7].astype(np.int64)
            entry = np.where(turns == UNKNOWN, out[ASK, 0, 0], base | turns << 7)
            out[side, 5 * (a + 2) + b + 2, :7] = entry
    return out.reshape(-1)


def _candidates(base: ByteArray) -> IntArray:
    """Face and position of each base cell on every face that meets it, as face * 16 + position."""
    out = np.full((122, 6), -1, dtype=np.int64)
    for cell in range(122):
        found = np.flatnonzero(base.reshape(-1) == cell)
        # Inner positions first: most cells of a base cell lie on the face that contains its centre.
        inner = [max(a * a - a * b + b * b for a, b in [_POSITIONS[f % 16]]) for f in found]
        out[cell, : found.size] = found[np.argsort(inner, kind="stable")]
    return out


def _axes() -> tuple[FloatArray, FloatArray]:
    """Centre of each face; for even and odd resolutions its two axes, in lattice units."""
    faces = np.array(_FACES)
    center = faces[:, :3] / np.linalg.norm(faces[:, :3], axis=1, keepdims=True)
    north = np.array((0.0, 0.0, 1.0)) - center[:, 2:] * center
    north /= np.linalg.norm(north, axis=1, keepdims=True)
    east = np.cross(north, center)
    axes = np.empty((2, 20, 2, 3))
    for odd in (0, 1):
        # One unit at resolution 0 is (3 - sqrt(5)) / 2 on the plane that touches the face.
        azimuth = faces[:, 3, None] - odd * np.arcsin(np.sqrt(3.0 / 28.0))
        scale = (3.0 + np.sqrt(5.0)) / 2.0
        axes[odd, :, 0] = scale * (np.cos(azimuth) * north + np.sin(azimuth) * east)
        axes[odd, :, 1] = scale * (np.sin(azimuth) * north - np.cos(azimuth) * east)
    return center, axes


def _base_tables() -> tuple[ByteArray, ByteArray, ByteArray]:
    """Neighbour and turns by base cell and side; the first digit that needs one more turn."""
    neighbor, turns = np.zeros((122, 7), np.uint8), np.zeros((122, 7), np.uint8)
    neighbor[:, 1:] = np.array(_BASE_NEIGHBOR.replace(",", " ").split(), np.uint8).reshape(122, 6)
    turns[:, 1:] = np.array(list("".join(_BASE_TURNS.split())), np.uint8).reshape(122, 6)
    more = np.zeros((122, 7), np.uint8)
    # Two sides of a pentagon meet at the missing sixth: a step that enters beyond it turns more.
    more[IS_PENTAGON[neighbor[:, 1]] & ~IS_PENTAGON & (turns[:, 1] == 3), 1] = 6
    more[[0, 121], 4] = 3
    return neighbor, turns, more


def _lattice() -> FloatArray:
    """Rows of the matrix from vectors to lattice coordinates, by resolution and side.

    Coordinate a is x + y / sqrt(3), b is 2 y / sqrt(3). One index: resolution, then 6 numbers
    (three for a, three for b), then side.
    """
    x, y = AXES[:, SIDES, 0], AXES[:, SIDES, 1]
    rows = np.concatenate((x + y / np.sqrt(3.0), y * (2.0 / np.sqrt(3.0))), axis=2)
    scaled = rows[np.arange(16) % 2] * SCALE[:, None, None]
    return np.ascontiguousarray(scaled.swapaxes(1, 2)).reshape(-1)


POSITION: IntArray = np.array(_POSITIONS, dtype=np.int64)
FACE_BASE, FACE_TURNS = _face_tables()
IS_PENTAGON: NDArray[np.bool_] = np.isin(np.arange(122), FACE_BASE[:, [0, 9, 14]])
BASE_NEIGHBOR, BASE_TURNS, BASE_TURNS_MORE = _base_tables()
BASE_FACES = _candidates(FACE_BASE)
CENTER, AXES = _axes()
DIGIT_SUM, DIGIT_CARRY = _additions()
BESIDE = _beside()
DIGITS = _digits()
POWER = _powers()
SCALE: FloatArray = np.sqrt(7.0) ** np.arange(16)
# Faces in pairs, so that one scalar product stands for two: side s + 10 is opposite to side s.
SIDES: IntArray = np.append(np.arange(10), (CENTER @ CENTER.T).argmin(axis=1)[:10])
ASK, MISSING = 20, 21
NO_CELL = 1 << 10
ORIGIN = _origins()
LATTICE = _lattice()
# Taylor series around 0 after the first term, in powers of the squared angle, highest first.
SINE: FloatArray = np.array([(-1.0) ** k / math.factorial(2 * k + 1) for k in range(8, 0, -1)])
COSINE: FloatArray = np.array([(-1.0) ** k / math.factorial(2 * k) for k in range(8, 0, -1)])
