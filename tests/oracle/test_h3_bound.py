"""The bound within which the h3 library decides: exact coordinates in 40 digits beside it.

A point's distance from the edge of its cell is computed from the definition of the grid. The kernel
must ask the library where it is smaller than the bound, and need not where it is larger; the
installed library, whatever its version and compiler, must be right well within the bound.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import h3_points
import mpmath
import numba
import numpy as np
import pytest

from geo_risk.cells import _h3, _h3_tables
from geo_risk.cells._h3_tables import SIDES

PLACES = 40
STEPS = [(1, 0), (1, 1), (0, 1), (-1, 0), (-1, -1), (0, -1)]


@cache
def axes(face: int, odd: int) -> tuple[mpmath.matrix, mpmath.matrix, mpmath.matrix]:
    """Centre of a face and its two axes, in lattice units of resolution 0."""
    with mpmath.workdps(PLACES):
        *center, azimuth = map(mpmath.mpf, _h3_tables._FACES[face])
        center = mpmath.matrix(center) / mpmath.norm(mpmath.matrix(center))
        north = mpmath.matrix([0, 0, 1]) - center[2] * center
        north /= mpmath.norm(north)
        east = mpmath.matrix(
            [
                north[1] * center[2] - north[2] * center[1],
                north[2] * center[0] - north[0] * center[2],
                north[0] * center[1] - north[1] * center[0],
            ]
        )
        azimuth -= odd * mpmath.asin(mpmath.sqrt(mpmath.mpf(3) / 28))
        unit = (3 + mpmath.sqrt(5)) / 2
        x = unit * (mpmath.cos(azimuth) * north + mpmath.sin(azimuth) * east)
        y = unit * (mpmath.sin(azimuth) * north - mpmath.cos(azimuth) * east)
        return center, x, y


def exact(lon: float, lat: float, resolution: int, side: int) -> tuple[int, int, float]:
    """Lattice point, and its distance from the cell's edge as a fraction of the bound."""
    center, x, y = axes(int(SIDES[side]), resolution % 2)
    with mpmath.workdps(PLACES):
        lon, lat = (mpmath.mpf(float(angle)) * mpmath.pi / 180 for angle in (lon, lat))
        flat = mpmath.cos(lat)
        p = mpmath.matrix([flat * mpmath.cos(lon), flat * mpmath.sin(lon), mpmath.sin(lat)])
        along = mpmath.fdot(p, center)
        px, py = mpmath.fdot(p, x) / along, mpmath.fdot(p, y) / along
        scale = mpmath.sqrt(7) ** resolution
        b = scale * py * 2 / mpmath.sqrt(3)
        a = scale * px + b / 2
        low = mpmath.floor(a), mpmath.floor(b)

        def squared(u: mpmath.mpf, v: mpmath.mpf) -> mpmath.mpf:
            return u * u - u * v + v * v

        near = [(low[0] + i, low[1] + j) for i in (0, 1) for j in (0, 1)]
        i, j = min(near, key=lambda point: squared(a - point[0], b - point[1]))
        u, v = a - i, b - j
        room = (1 - max(abs(2 * u - v), abs(2 * v - u), abs(u + v))) / 2
        r = mpmath.sqrt(px * px + py * py)
        return int(i), int(j), float(room / scale / (_h3.TOLERANCE * (1 + 3 / r)))


def points_at_edges(resolution: int, n: int, seed: int) -> np.ndarray:
    """Points (lon, lat) about as far from an edge as the bound, on all faces, at all radii."""
    rng = np.random.default_rng(seed)
    scale = float(_h3_tables.SCALE[resolution])
    face = rng.integers(0, 20, n)
    r = 10.0 ** rng.uniform(np.log10(1.0 / scale), np.log10(1.2), n) if resolution else np.ones(n)
    turn = rng.uniform(0, 2 * np.pi, n)
    b = np.round(scale * r * np.sin(turn) * 2 / np.sqrt(3))
    a = np.round(scale * r * np.cos(turn) + b / 2)
    side = np.array(STEPS)[rng.integers(0, 6, n)]
    # Half a step beyond the centre, less a few bounds, then along the edge.
    bound = _h3.TOLERANCE * (1 + 3 / r) * scale
    half = 0.5 - bound * rng.choice([-1, 1], n) * 10.0 ** rng.uniform(-4, 0.3, n)
    along = rng.uniform(-0.25, 0.25, n)
    ahead, left = side, np.column_stack((side[:, 0] - side[:, 1], side[:, 0]))  # 60 degrees on
    left = 2 * left - ahead
    a += half * ahead[:, 0] + along * left[:, 0]
    b += half * ahead[:, 1] + along * left[:, 1]
    x, y = (a - b / 2) / scale, b * np.sqrt(3) / 2 / scale
    shift = ((3 - np.sqrt(5)) / 2) ** 2  # the axes are longer than 1 by the inverse root
    u = _h3_tables.AXES[resolution % 2, face]
    p = _h3_tables.CENTER[face] + shift * (x[:, None] * u[:, 0] + y[:, None] * u[:, 1])
    lon = np.degrees(np.arctan2(p[:, 1], p[:, 0]))
    points = np.column_stack((lon, np.degrees(np.arctan2(p[:, 2], np.hypot(p[:, 0], p[:, 1])))))
    near = np.sort(h3_points.unit(points) @ _h3_tables.CENTER.T, axis=1)
    return points[near[:, -1] - near[:, -2] > 1e-6]  # at seams of faces it is asked in any case


def sides(points: np.ndarray, resolution: int, waves=_h3._waves, nearest=_h3._round) -> np.ndarray:
    """Side of each point by the kernels, `ASK` if the library must decide."""
    work, (lon_waves, lat_waves) = np.empty(5 * _h3.BLOCK, np.int64), np.empty((2, 2 * _h3.BLOCK))
    lon, lat = points[:, 0].copy(), points[:, 1].copy()
    waves(lon, lon_waves)
    waves(lat, lat_waves)
    nearest(lon, lon_waves, lat_waves, resolution, work)
    return work[: len(points)].copy()


def exact_answers(points: np.ndarray, resolution: int) -> tuple[np.ndarray, np.ndarray]:
    """Cell of each point by exact coordinates; its distance from the edge in bounds."""
    side = np.argmax(h3_points.unit(points) @ _h3_tables.CENTER[SIDES].T, axis=1)
    work, found = np.zeros((5, _h3.BLOCK), dtype=np.int64), np.empty(len(points), dtype=np.int64)
    room = np.empty(len(points))
    odd = resolution % 2
    for n, (lon, lat) in enumerate(points.tolist()):
        a, b, room[n] = exact(lon, lat, resolution, int(side[n]))
        work[:3, n] = side[n], a + odd * (2 * a - b) + _h3._LIFT, b + odd * (a + b) + _h3._LIFT
    _h3._index(work.reshape(-1), resolution, found)
    return found.view(np.uint64), room


@cache
def fused_kernels() -> list[Callable[..., None]]:
    compile_fused = numba.njit(error_model="numpy", fastmath={"contract"})
    return [compile_fused(kernel.py_func) for kernel in (_h3._waves, _h3._round)]


@pytest.fixture(scope="module", params=[0, 1, 4, 7, 11, 14, 15])
def case(request):
    points = points_at_edges(request.param, 150, seed=request.param)
    return request.param, points, *exact_answers(points, request.param)


def test_the_kernel_asks_within_the_bound_and_only_there(case):
    """So its coordinates are off by less than a tenth of the bound."""
    resolution, points, _, room = case
    asked = sides(points, resolution) == _h3_tables.ASK
    assert asked[room < 0.9].all()
    assert not asked[room > 1.1].any()
    assert 20 < asked.sum() < len(points) - 5


def test_the_same_holds_if_a_compiler_fuses_products_and_sums(case):
    resolution, points, _, room = case
    asked = sides(points, resolution, *fused_kernels()) == _h3_tables.ASK
    assert asked[room < 0.9].all()
    assert not asked[room > 1.1].any()


def test_the_installed_library_is_right_well_within_the_bound(case):
    resolution, points, cells, room = case
    far = room > 0.1
    assert far.sum() > 50
    wrong = h3_points.library_cells(points, resolution) != cells
    assert not wrong[far].any()
