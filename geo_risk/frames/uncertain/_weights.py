"""Weights of H3 cells, such as population: events are more likely in cells with higher values."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from geo_risk._core.constants import EARTH_RADIUS_KM
from geo_risk._core.sphere import arc_km, chord_of, unit_vectors
from geo_risk._core.types import FloatArray, IntArray

if TYPE_CHECKING:
    from geo_risk.regions import RegionLayer

__all__ = ["CellWeights"]


@dataclass(frozen=True, eq=False)
class CellWeights:
    """Cells of one resolution with values above 0, sorted.

    Attributes
    ----------
    cells : ndarray of uint64, shape (m,)
    values : ndarray of float64, shape (m,)
    resolution : int
    """

    cells: NDArray[np.uint64]
    values: FloatArray
    resolution: int

    @classmethod
    def of(cls, weights: Any) -> CellWeights:
        """Build from a mapping or pandas Series of H3 cells to values, and check them."""
        from geo_risk.cells import cell_resolutions, strings_to_cells

        if not hasattr(weights, "keys") or not hasattr(weights, "items"):
            raise TypeError(
                f"Invalid weights: {type(weights).__name__}; must be a mapping or pandas Series "
                "from H3 cells to values."
            )
        keys = list(weights.keys())
        values = np.asarray([value for _, value in weights.items()], dtype=np.float64)
        if keys and isinstance(keys[0], str):
            cells = strings_to_cells(keys)
        else:
            cells = np.asarray(keys, dtype=np.uint64)
        bad = ~(np.isfinite(values) & (values >= 0.0))
        if bad.any():
            first = int(np.argmax(bad))
            raise ValueError(
                f"Invalid weights: {int(bad.sum())} of {values.size} are negative, missing or "
                f"infinite; first: {values[first]:g} of cell {keys[first]!r}."
            )
        resolution = np.unique(cell_resolutions(cells))
        if not values.any() or len(resolution) != 1:
            raise ValueError(
                "Invalid weights: cells must have one resolution, and not all have weight 0; "
                f"resolutions: {resolution.tolist()}."
            )
        order = np.argsort(cells)
        cells, values = cells[order], values[order]
        if (cells[1:] == cells[:-1]).any():
            raise ValueError("Invalid weights: a cell occurs more than once.")
        kept = values > 0.0
        return cls(cells[kept], values[kept], int(resolution[0]))

    @cached_property
    def centers(self) -> tuple[FloatArray, FloatArray]:
        """Longitude and latitude of the centre of each cell."""
        from geo_risk.cells import cell_centers

        return cell_centers(self.cells)

    @cached_property
    def reach_km(self) -> FloatArray:
        """Distance from the centre of each cell to its farthest corner, slightly enlarged."""
        import shapely

        from geo_risk.cells import cell_polygons

        corners, owner = shapely.get_coordinates(cell_polygons(self.cells), return_index=True)
        middle = unit_vectors(*self.centers)[owner]
        chord = np.linalg.norm(unit_vectors(*corners.T) - middle, axis=1)
        farthest = np.zeros(len(self.cells))
        np.maximum.at(farthest, owner, chord)
        return 1.001 * arc_km(farthest)

    @cached_property
    def density(self) -> FloatArray:
        """Value per km² of each cell."""
        from geo_risk.cells import cell_areas_km2

        return self.values / cell_areas_km2(self.cells)

    def density_at(self, lon: FloatArray, lat: FloatArray) -> FloatArray:
        """Value per km² of the cell that contains each point; 0 in cells that are not listed."""
        from geo_risk.cells import h3_cells

        cell = h3_cells(lon=lon, lat=lat, resolution=self.resolution)
        at = np.minimum(np.searchsorted(self.cells, cell), len(self.cells) - 1)
        return np.where(self.cells[at] == cell, self.density[at], 0.0)

    def within(self, layer: RegionLayer, rows: IntArray) -> IntArray:
        """Positions of the cells that touch any of the regions."""
        from geo_risk.cells import study_grid

        grid = study_grid(
            layer.table.geometry.iloc[rows], resolution=self.resolution, max_cells=50_000_000
        )
        return np.flatnonzero(np.isin(self.cells, grid, assume_unique=True))

    def highest(self, lon: FloatArray, lat: FloatArray, km: FloatArray) -> FloatArray:
        """Highest density among the cells that a disc may touch; 0 if there are none."""
        from scipy.spatial import cKDTree

        tree = cKDTree(unit_vectors(*self.centers))
        reach = chord_of((km + self.reach_km.max()) / EARTH_RADIUS_KM)
        near = tree.query_ball_point(unit_vectors(lon, lat), reach + 1e-12)
        return np.array([self.density[at].max() if at else 0.0 for at in near])
