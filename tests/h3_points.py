"""Points where an H3 index is hardest to get right."""

from __future__ import annotations

import h3.api.basic_int as h3
import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]


def face_centers() -> FloatArray:
    """Centres (lon, lat) of the icosahedron's faces: means of corners that are a face apart."""
    corners = unit([h3.cell_to_latlng(cell)[::-1] for cell in h3.get_pentagons(0)])
    found = []
    for i in range(12):
        for j in range(i):
            for k in range(j):
                three = corners[[i, j, k]]
                gram = three @ three.T
                if gram[np.triu_indices(3, 1)].min() > 0.4:  # all at 63.4 degrees
                    found.append(three.sum(axis=0))
    assert len(found) == 20
    return lonlat(np.array(found))


def unit(points: object) -> FloatArray:
    """(lon, lat) to unit vectors."""
    lon, lat = np.radians(np.asarray(points, dtype=np.float64)).T
    return np.column_stack((np.cos(lat) * np.cos(lon), np.cos(lat) * np.sin(lon), np.sin(lat)))


def lonlat(vectors: FloatArray) -> FloatArray:
    """Vectors of any length to (lon, lat)."""
    x, y, z = vectors.T
    return np.degrees(np.column_stack((np.arctan2(y, x), np.arctan2(z, np.hypot(x, y)))))


def uniform(n: int, rng: np.random.Generator) -> FloatArray:
    """Uniform on the sphere."""
    return lonlat(rng.normal(size=(n, 3)))


def adversarial(n: int, resolution: int, rng: np.random.Generator) -> FloatArray:
    """About n points: cell corners and edges within ulps, face centres, seams, pentagons, poles."""
    share = max(1, n // 6)
    parts = []
    # Corners and edge midpoints of cells everywhere and around pentagons.
    cells = [h3.latlng_to_cell(y, x, resolution) for x, y in uniform(max(1, share // 24), rng)]
    for cell in [*cells, *h3.get_pentagons(resolution)]:
        ring = np.array([(x, y) for y, x in h3.cell_to_boundary(cell)])
        vectors = unit(ring)
        middles = lonlat(vectors + np.roll(vectors, 1, axis=0))
        parts += [_nudged(ring, rng), _nudged(middles, rng), ring, middles]
    # Face centres, from 1e-9 of a degree outwards.
    angle = rng.uniform(0, 2 * np.pi, share)
    away = 10.0 ** rng.uniform(-12, 0, share)
    faces = face_centers()
    centers = faces[rng.integers(0, 20, share)]
    offset = np.column_stack((np.cos(angle), np.sin(angle))) * away[:, None]
    parts += [faces, centers + offset]
    # The seams between faces: midpoints of neighbouring corners and points along them.
    corners = unit([h3.cell_to_latlng(cell)[::-1] for cell in h3.get_pentagons(0)])
    pairs = np.argwhere(np.triu(corners @ corners.T > 0.4, 1))
    pick = pairs[rng.integers(0, len(pairs), share)]
    t = rng.uniform(size=(share, 1))
    seam = lonlat(corners[pick[:, 0]] * t + corners[pick[:, 1]] * (1 - t))
    parts += [seam, _nudged(seam, rng)]
    # Around pentagons, at every distance.
    middle = lonlat(corners)[rng.integers(0, 12, share)]
    spread = rng.normal(size=(share, 2)) * 10.0 ** rng.uniform(-9, 1, (share, 1))
    parts.append(middle + spread)
    # Poles and the antimeridian.
    near = 90.0 - 10.0 ** rng.uniform(-14, 1, share)
    parts.append(
        np.column_stack((rng.uniform(-180, 180, share), near * rng.choice([-1, 1], share)))
    )
    side = rng.choice([-1.0, 1.0], share)
    parts.append(
        np.column_stack(
            (side * (180.0 - 10.0 ** rng.uniform(-14, 1, share)), rng.uniform(-90, 90, share))
        )
    )
    parts.append(
        np.array([(0, 90), (12.3, 90), (180, 90), (0, -90), (-77, -90), (180, 0), (180, 45)])
    )
    points = np.vstack([np.asarray(part, dtype=np.float64) for part in parts])
    points[:, 1] = np.clip(points[:, 1], -90.0, 90.0)
    points[:, 0] = (points[:, 0] + 180.0) % 360.0 - 180.0
    points[points[:, 0] == -180.0, 0] = 180.0
    return points


def _nudged(points: FloatArray, rng: np.random.Generator) -> FloatArray:
    """Move each coordinate by -2 to 2 ulps."""
    return points + rng.integers(-2, 3, points.shape) * np.spacing(np.abs(points))


def library_cells(points: FloatArray, resolution: int) -> NDArray[np.uint64]:
    """The h3 library's answer, point by point."""
    found = [h3.latlng_to_cell(y, x, resolution) for x, y in points.tolist()]
    return np.array(found, dtype=np.uint64)
