"""Convert polygons to flat arrays and back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from collections.abc import Sequence

    from geo_risk._core.cache import Kinds

__all__ = [
    "COVERAGE_ARRAYS",
    "Coverage",
    "Edges",
    "decode_rings",
    "from_geometries",
    "ring_edges",
    "to_geometries",
]


@dataclass(frozen=True)
class Coverage:
    """Rings of all regions, one after the other.

    Attributes
    ----------
    coords : ndarray of float64, shape (m, 2)
        Longitude and latitude in degrees; every ring is closed.
    ring_offsets : ndarray of int64, shape (r + 1,)
        Ring `k` is ``coords[ring_offsets[k]:ring_offsets[k + 1]]``.
    ring_part : ndarray of int32, shape (r,)
        Polygon of each ring, non-decreasing; a polygon's first ring is its exterior.
    part_region : ndarray of int32, shape (p,)
        Region (row) of each polygon, non-decreasing.
    n_regions : int
        Number of rows; a row without geometry has no polygon.
    """

    coords: NDArray[np.float64]
    ring_offsets: NDArray[np.int64]
    ring_part: NDArray[np.int32]
    part_region: NDArray[np.int32]
    n_regions: int

    def _check(self) -> None:
        """Raise ValueError unless all invariants hold."""
        offsets = self.ring_offsets
        if offsets[0] != 0 or offsets[-1] != len(self.coords) or (np.diff(offsets) < 4).any():
            raise ValueError("Invalid coverage: ring_offsets must go from 0 to m in steps of >= 4.")
        if len(self.ring_part) != len(offsets) - 1:
            raise ValueError("Invalid coverage: ring_part must have one entry per ring.")
        for name, values, end in (
            ("ring_part", self.ring_part, len(self.part_region)),
            ("part_region", self.part_region, self.n_regions),
        ):
            if (np.diff(values) < 0).any() or (
                len(values) and not 0 <= values[0] <= values[-1] < end
            ):
                raise ValueError(f"Invalid coverage: {name} must be sorted within [0, {end}).")
        if not (self.coords[offsets[:-1]] == self.coords[offsets[1:] - 1]).all():
            raise ValueError("Invalid coverage: a ring is not closed.")


@dataclass(frozen=True)
class Edges:
    """Every edge of every ring; a→b in lexicographic (lon, lat) order, none of length zero."""

    ax: NDArray[np.float64]
    ay: NDArray[np.float64]
    bx: NDArray[np.float64]
    by: NDArray[np.float64]
    region: NDArray[np.int32]


COVERAGE_ARRAYS: Kinds = {
    "coords": (np.float64, 2), "ring_offsets": (np.int64, 0), "ring_part": (np.int32, 0),
    "part_region": (np.int32, 0),
}  # fmt: skip


def decode_rings(
    delta: NDArray[np.int32], ring_size: NDArray[np.int32], scale: float
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Restore closed rings from delta-coded integer vertices.

    Dividing the integers by `scale` gives the same doubles as parsing the decimals.
    """
    open_coords = np.cumsum(delta, axis=0, dtype=np.int64) / scale
    sizes = ring_size.astype(np.int64)
    open_offsets = np.concatenate([[0], np.cumsum(sizes)])
    offsets = np.concatenate([[0], np.cumsum(sizes + 1)])
    coords = np.empty((offsets[-1], 2))
    closing = np.zeros(offsets[-1], dtype=bool)
    closing[offsets[1:] - 1] = True
    coords[~closing] = open_coords
    coords[closing] = open_coords[open_offsets[:-1]]
    return coords, offsets


def from_geometries(geometries: Sequence[Any] | NDArray[np.object_]) -> Coverage:
    """Convert shapely polygons and multipolygons; None and empty give a row without polygons."""
    import shapely

    shapes = np.asarray(geometries, dtype=object)
    kinds = shapely.get_type_id(shapes)
    bad = ~np.isin(kinds, (-1, 3, 6)) & ~shapely.is_empty(shapes)
    if bad.any():
        first = int(np.argmax(bad))
        raise ValueError(
            f"Invalid geometry: {int(bad.sum())} of {len(shapes)} are neither Polygon nor "
            f"MultiPolygon; first at index {first}: {shapes[first].geom_type}."
        )
    parts, part_region = shapely.get_parts(shapes, return_index=True)
    filled = ~shapely.is_empty(parts)
    parts, part_region = parts[filled], part_region[filled]
    rings, ring_part = shapely.get_rings(parts, return_index=True)
    coords, ring_of = shapely.get_coordinates(rings, return_index=True)
    offsets = np.concatenate([[0], np.cumsum(np.bincount(ring_of, minlength=len(rings)))])
    return Coverage(
        np.ascontiguousarray(coords, dtype=np.float64),
        offsets.astype(np.int64),
        ring_part.astype(np.int32),
        part_region.astype(np.int32),
        len(shapes),
    )


def to_geometries(coverage: Coverage) -> NDArray[np.object_]:
    """Shapely geometry of every row: Polygon, MultiPolygon, or None without polygons."""
    import shapely

    ring_of = np.repeat(np.arange(len(coverage.ring_part)), np.diff(coverage.ring_offsets))
    rings: Any = shapely.linearrings(coverage.coords, indices=ring_of)
    parts: Any = shapely.polygons(rings, indices=coverage.ring_part)
    shapes = np.full(coverage.n_regions, None, dtype=object)
    regions, first, count = np.unique(coverage.part_region, return_index=True, return_counts=True)
    several = np.isin(coverage.part_region, regions[count > 1])
    shapes[regions[count == 1]] = parts[first[count == 1]]
    if several.any():
        local = np.unique(coverage.part_region[several], return_inverse=True)[1]
        shapes[regions[count > 1]] = shapely.multipolygons(parts[several], indices=local)
    return shapes


def ring_edges(coverage: Coverage) -> Edges:
    """All edges, each with its row, in ring order, without edges of length zero."""
    coords, offsets = coverage.coords, coverage.ring_offsets
    starts = np.ones(len(coords), dtype=bool)
    starts[offsets[1:] - 1] = False
    start = np.flatnonzero(starts)
    a, b = coords[start], coords[start + 1]
    region_of_ring = coverage.part_region[coverage.ring_part]
    region = np.repeat(region_of_ring, np.diff(offsets) - 1)
    real = (a != b).any(axis=1)
    a, b, region = a[real], b[real], region[real]
    swap = (a[:, 0] > b[:, 0]) | ((a[:, 0] == b[:, 0]) & (a[:, 1] > b[:, 1]))
    a[swap], b[swap] = b[swap], a[swap].copy()
    ax, ay = np.ascontiguousarray(a[:, 0]), np.ascontiguousarray(a[:, 1])
    bx, by = np.ascontiguousarray(b[:, 0]), np.ascontiguousarray(b[:, 1])
    return Edges(ax, ay, bx, by, region)
