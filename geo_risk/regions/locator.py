"""The exact point-in-region index of a layer."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

from geo_risk._validate import check_lonlat
from geo_risk.regions.coverage import Coverage, ring_edges
from geo_risk.regions.topology import group_edges

if TYPE_CHECKING:
    from geo_risk.regions._locate import GridIndex

__all__ = ["Locator"]


class Locator:
    """Answers "which row holds this point?" for the polygons of one coverage."""

    def __init__(self, coverage: Coverage) -> None:
        from geo_risk.regions._locate import build_index

        edges = ring_edges(coverage)
        chosen, left, right = group_edges(edges)
        # an edge that more than two regions use is listed once per pair with the lowest row:
        # for counting crossings each row may count it once only
        again = np.zeros(len(chosen), dtype=bool)
        again[1:] = (
            (left[1:] == left[:-1])
            & (edges.ax[chosen[1:]] == edges.ax[chosen[:-1]])
            & (edges.ay[chosen[1:]] == edges.ay[chosen[:-1]])
            & (edges.bx[chosen[1:]] == edges.bx[chosen[:-1]])
            & (edges.by[chosen[1:]] == edges.by[chosen[:-1]])
        )
        left, right = np.where(again, right, left), np.where(again, np.int32(-1), right)
        self.index: GridIndex = build_index(
            edges.ax[chosen], edges.ay[chosen], edges.bx[chosen], edges.by[chosen],
            left, right, coverage.n_regions,
        )  # fmt: skip

    def locate(self, *, lon: ArrayLike, lat: ArrayLike, n_jobs: int = 1) -> NDArray[np.int64]:
        """Row of the region that holds each point; see `RegionLayer.locate`."""
        from geo_risk._jit import run_chunks
        from geo_risk.regions._locate import locate_points

        x, y, shape = check_lonlat(lon, lat)
        rows = np.empty(len(x), dtype=np.int64)
        run_chunks(lambda i, j: locate_points(self.index, x, y, rows, i, j), len(x), n_jobs)
        return rows.reshape(shape)
