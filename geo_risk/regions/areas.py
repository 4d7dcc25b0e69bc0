"""Areas and centroids of a layer's regions, from its vertices."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from geo_risk._core.constants import EARTH_RADIUS_KM
from geo_risk._core.sphere import ring_areas, ring_vectors
from geo_risk._core.types import FloatArray, IntArray

if TYPE_CHECKING:
    from geo_risk.regions.coverage import Coverage
    from geo_risk.regions.layer import RegionLayer

__all__ = ["region_areas", "region_centroids", "region_vectors"]


def _ring_sums(layer: RegionLayer) -> tuple[FloatArray, FloatArray, FloatArray, IntArray]:
    """Area and first moments of each ring, in degrees; exteriors positive, holes negative."""
    coverage = layer.coverage
    x, y = coverage.coords.T
    cross = x[:-1] * y[1:] - x[1:] * y[:-1]
    starts = coverage.ring_offsets[:-1]
    joint = coverage.ring_offsets[1:-1] - 1  # there is no edge from one ring to the next
    sums = []
    for values in (cross, (x[:-1] + x[1:]) * cross, (y[:-1] + y[1:]) * cross):
        values[joint] = 0.0
        sums.append(np.add.reduceat(values, starts))
    turn = _sides(coverage) * np.sign(sums[0])
    region = coverage.part_region[coverage.ring_part].astype(np.int64)
    return turn * sums[0] / 2.0, turn * sums[1] / 6.0, turn * sums[2] / 6.0, region


def region_centroids(layer: RegionLayer) -> FloatArray:
    """Planar centroid of each region in degrees, shape (n, 2), as in GIS programs."""
    area, along, up, region = _ring_sums(layer)
    sums = [np.bincount(region, weights=v, minlength=len(layer)) for v in (area, along, up)]
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.column_stack([sums[1] / sums[0], sums[2] / sums[0]])


def region_areas(layer: RegionLayer) -> FloatArray:
    """Area of each region on the mean sphere, km²."""
    coverage = layer.coverage
    area = ring_areas(coverage.coords, coverage.ring_offsets) * _sides(coverage)
    owner = coverage.part_region[coverage.ring_part]
    total = np.bincount(owner, weights=area, minlength=len(layer))
    return np.asarray(total * EARTH_RADIUS_KM**2)


def region_vectors(layer: RegionLayer) -> FloatArray:
    """Integral of the unit vector over the area of each region, shape (n, 3), steradians.

    It points to the centroid on the sphere, also across ±180; its length grows with the area.
    """
    coverage = layer.coverage
    rings = ring_vectors(coverage.coords, coverage.ring_offsets) * _sides(coverage)[:, None]
    vectors = np.zeros((len(layer), 3))
    np.add.at(vectors, coverage.part_region[coverage.ring_part], rings)
    return vectors


def _sides(coverage: Coverage) -> FloatArray:
    """1 for each ring around a part, -1 for each hole."""
    first = np.ones(len(coverage.ring_part), dtype=bool)
    first[1:] = np.diff(coverage.ring_part) > 0
    return np.where(first, 1.0, -1.0)
