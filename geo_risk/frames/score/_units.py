"""The units that are scored, H3 cells or regions: neighbours, areas, centres, assigned points."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from geo_risk._core.sphere import lonlat_of_vectors
from geo_risk._core.types import FloatArray, IntArray
from geo_risk.regions.areas import region_areas, region_vectors

if TYPE_CHECKING:
    from geo_risk.regions import RegionLayer

__all__ = ["CellUnits", "RegionUnits", "Units"]


@dataclass(frozen=True, eq=False)
class CellUnits:
    """H3 cells of one resolution, each once, in any order; neighbours within `k` rings."""

    cells: NDArray[np.uint64]
    k: int

    column = "h3_cell"

    def __len__(self) -> int:
        return len(self.cells)

    @cached_property
    def codes(self) -> NDArray[np.object_]:
        """Hexadecimal names."""
        from geo_risk.cells import cells_to_strings

        return cells_to_strings(self.cells)

    @cached_property
    def graph(self) -> Any:
        """Binary weights."""
        from geo_risk.cells import neighbor_graph

        return neighbor_graph(self.cells, k=self.k)

    @cached_property
    def missing(self) -> IntArray:
        """Neighbours that are not among the units."""
        from geo_risk.cells import neighbors_missing

        return neighbors_missing(self.cells, k=self.k)

    @cached_property
    def area_km2(self) -> FloatArray:
        """True areas."""
        from geo_risk.cells import cell_areas_km2

        return cell_areas_km2(self.cells)

    @cached_property
    def centers(self) -> tuple[FloatArray, FloatArray]:
        """Longitude and latitude of each centre."""
        from geo_risk.cells import cell_centers

        return cell_centers(self.cells)

    def shapes(self) -> NDArray[np.object_]:
        """Polygons."""
        from geo_risk.cells import cell_polygons

        return cell_polygons(self.cells)

    def assign(self, lon: FloatArray, lat: FloatArray, n_jobs: int = 1) -> IntArray:
        """Position of the unit that contains each point; -1 for none and for NaN."""
        from geo_risk.cells import cell_resolutions, count_in_cells, h3_cells

        resolution = int(cell_resolutions(self.cells[:1])[0])
        found = h3_cells(lon=lon, lat=lat, resolution=resolution, n_jobs=n_jobs)
        return count_in_cells(found, self.cells).position


@dataclass(frozen=True, eq=False)
class RegionUnits:
    """Rows of a layer, each once, in any order; neighbours within `k` steps over shared edges."""

    layer: RegionLayer
    rows: IntArray
    k: int

    column = "region_code"

    def __len__(self) -> int:
        return len(self.rows)

    @cached_property
    def codes(self) -> NDArray[np.object_]:
        """Region codes."""
        return np.array(self.layer.columns["region_code"], dtype=object)[self.rows]

    @cached_property
    def _reach(self) -> Any:
        """Regions of the layer within k steps of each unit, as a sparse matrix."""
        from scipy.sparse import csr_array

        n = len(self.layer)
        i, j = np.concatenate([self.layer.adjacent_rows, self.layer.adjacent_rows[:, ::-1]]).T
        step = csr_array((np.ones(len(i)), (i, j)), shape=(n, n))
        near = csr_array(
            (np.ones(len(self)), (np.arange(len(self)), self.rows)), shape=(len(self), n)
        )
        found = near
        for _ in range(self.k):
            near = near @ step
            found = found + near
        found = csr_array(found)
        own = found.indices == np.repeat(self.rows, np.diff(found.indptr))
        found.data = np.where(own, 0.0, 1.0)
        found.eliminate_zeros()
        return found

    @cached_property
    def graph(self) -> Any:
        """Binary weights."""
        from scipy.sparse import csr_array

        return csr_array(self._reach[:, self.rows])

    @cached_property
    def missing(self) -> IntArray:
        """Neighbours in the layer that are not among the units."""
        every = np.diff(self._reach.indptr).astype(np.int64)
        return np.asarray(every - np.diff(self.graph.indptr))

    @cached_property
    def area_km2(self) -> FloatArray:
        """Areas on the mean sphere."""
        return region_areas(self.layer)[self.rows]

    @cached_property
    def centers(self) -> tuple[FloatArray, FloatArray]:
        """Longitude and latitude of each centroid on the sphere, also correct across ±180."""
        return lonlat_of_vectors(region_vectors(self.layer)[self.rows])

    def shapes(self) -> NDArray[np.object_]:
        """Polygons."""
        return self.layer.geometry.polygons(self.rows)

    def assign(self, lon: FloatArray, lat: FloatArray, n_jobs: int = 1) -> IntArray:
        """Position of the unit that contains each point; -1 for none and for NaN."""
        place = np.full(len(self.layer) + 1, -1)
        place[self.rows] = np.arange(len(self))
        return np.asarray(place[self.layer.locate(lon=lon, lat=lat, n_jobs=n_jobs)])


Units = CellUnits | RegionUnits
