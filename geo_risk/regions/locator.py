"""The exact point-in-region index of a layer."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from geo_risk._core.cache import announce, load_arrays, store_arrays
from geo_risk._core.validate import check_lonlat
from geo_risk.regions.coverage import Coverage, ring_edges
from geo_risk.regions.topology import group_edges

if TYPE_CHECKING:
    from geo_risk.regions._grid import Edges
    from geo_risk.regions._locate import GridIndex

__all__ = ["Locator", "build_index"]

_LARGE = 100_000  # vertices from which building the index is announced
# Sub-cells per side grow with the edges of a cell up to _MAX_SPLIT. Measured on the world layer, in
# ns of CPU time per point of the sets U, C, B: one edge per split and at most 32: 27, 42, 21 in
# 129 MB; two and at most 64: 29, 38, 17 in 207 MB, which take twice as long to build; four and at
# most 64: 31, 41, 24 in 149 MB.
_EDGES_PER_SPLIT = 1
_MAX_SPLIT = 32


class Locator:
    """Find the row that contains a point, for the polygons of one coverage.

    Parameters
    ----------
    index : GridIndex
        The edges of the coverage by grid cell.
    n_regions : int
        Rows of the coverage.
    new_row : ndarray of int64, shape (n_regions,), optional
        Row to return instead of each of them.
    """

    def __init__(
        self, index: GridIndex, n_regions: int, new_row: NDArray[np.int64] | None = None
    ) -> None:
        self.index, self.n_regions = index, n_regions
        self._new_row = None if new_row is None else np.append(new_row, -1)  # -1 is the last

    @classmethod
    def of(
        cls, coverage: Callable[[], Coverage], n_regions: int, fingerprint: str | None = None
    ) -> Locator:
        """Load the index from the cache, identified by `fingerprint`, or from the package.

        If it is in neither, it is built.

        Parameters
        ----------
        coverage : callable
            Returns the polygons; called only if the cache has no index.
        n_regions : int
            Rows of the layer.
        fingerprint : str, optional
            Hash of the polygons; without one nothing is cached.
        """
        from geo_risk.regions._locate import GRID_ARRAYS, GridIndex
        from geo_risk.regions._packed import FORMAT, shipped_index

        name = f"locate-{FORMAT}-{fingerprint}"
        kept = load_arrays(name, GRID_ARRAYS) if fingerprint else None
        if kept is not None:
            return cls(GridIndex(**kept), n_regions)
        polygons = coverage()
        index = shipped_index(fingerprint, polygons) or build_index(polygons, n_regions)
        if fingerprint:
            store_arrays(name, index._asdict())
        return cls(index, n_regions)

    def joined(self, new_row: NDArray[np.int64]) -> Locator:
        """A locator with the same index that returns the new row of each row."""
        return Locator(self.index, self.n_regions, new_row)

    def locate(self, *, lon: ArrayLike, lat: ArrayLike, n_jobs: int = 1) -> NDArray[np.int64]:
        """Row of the region that contains each point; see `RegionLayer.locate`.

        Parameters
        ----------
        lon, lat : array_like of float
            Degrees, WGS84.
        n_jobs : int, default 1
            Threads; -1 takes all processors.

        Returns
        -------
        ndarray of int64
            In the shape of the points; -1 where there is none.
        """
        x, y, shape = check_lonlat(lon, lat)
        return self.locate_checked(x, y, n_jobs).reshape(shape)

    def locate_checked(
        self, x: NDArray[np.float64], y: NDArray[np.float64], n_jobs: int = 1
    ) -> NDArray[np.int64]:
        """`locate` for arrays that `check_lonlat` returned.

        Parameters
        ----------
        x, y : ndarray of float64, shape (n,)
            Degrees, WGS84; NaN where missing.
        n_jobs : int, default 1
            As for `locate`.

        Returns
        -------
        ndarray of int64, shape (n,)
            Rows, as for `locate`.
        """
        from geo_risk._core.jit import run_chunks
        from geo_risk.regions._locate import locate_points

        rows = np.empty(len(x), dtype=np.int64)
        kernel = locate_points.for_rows(len(x))

        def run(start: int, stop: int) -> None:
            kernel(self.index, x, y, rows, start, stop, self.n_regions)

        run_chunks(run, len(x), n_jobs)
        return rows if self._new_row is None else self._new_row[rows]


def build_index(coverage: Coverage, n_regions: int) -> GridIndex:
    """Build the index of the polygons."""
    if len(coverage.coords) > _LARGE:
        announce("preparing the point-in-region index, once per layer; a few seconds.")
    return _build(_distinct_edges(coverage), n_regions)


def _distinct_edges(coverage: Coverage) -> Edges:
    """Each edge once, with the one or two rows that use it."""
    from geo_risk.regions._grid import Edges

    edges = ring_edges(coverage)
    chosen, left, right = group_edges(edges)
    ax, ay, bx, by = (end[chosen] for end in (edges.ax, edges.ay, edges.bx, edges.by))
    # an edge of three or more rows is listed once per pair with the lowest row, which may count it
    # only once
    again = np.zeros(len(chosen), dtype=bool)
    again[1:] = np.all([end[1:] == end[:-1] for end in (left, ax, ay, bx, by)], axis=0)
    left, right = np.where(again, right, left), np.where(again, np.int32(-1), right)
    return Edges(ax, ay, bx, by, left, right)


def _build(edges: Edges, n_regions: int) -> GridIndex:
    """Fill the grid row by row, on all processors, and join the rows."""
    from geo_risk._core.jit import resolve_jobs
    from geo_risk.regions._grid import COLUMNS, ROWS, cells, list_edges_of_boxes
    from geo_risk.regions._locate import NO_SIDE, GridIndex
    from geo_risk.regions._nest import with_nests
    from geo_risk.regions._sides import with_sides

    everything = np.arange(len(edges.ax), dtype=np.int32)
    offset, listed = list_edges_of_boxes(edges, everything, -180.0, -90.0, 1, COLUMNS, ROWS)
    wanted = np.diff(offset) / _EDGES_PER_SPLIT
    split = (2.0 ** np.ceil(np.log2(np.clip(wanted, 1.0, _MAX_SPLIT)))).astype(np.int64)
    with ThreadPoolExecutor(resolve_jobs(-1)) as pool:
        rows = list(
            pool.map(lambda j: _row(edges, offset, listed, split, j, n_regions), range(ROWS))
        )
    border, edge, held = (
        np.concatenate([[0], np.cumsum([len(row[k]) for row in rows])]) for k in (1, 2, 4)
    )
    state = np.concatenate(
        [np.where(row[0] < -1, row[0] - b, row[0]) for row, b in zip(rows, border)]
    )
    record = [row[1] + (e, h) for row, e, h in zip(rows, edge, held)]
    record.append(np.array([(edge[-1], held[-1])]))
    single = split == 1
    alone = np.repeat(single, split**2)
    front = np.full(len(split), -1)
    front[single] = state[alone]
    index = GridIndex(
        cells(split),
        np.concatenate([front, state[~alone]]).astype(np.int32),
        np.concatenate(record).astype(np.int32),
        np.full(border[-1] + 1, NO_SIDE, dtype=np.int8),
        np.full((border[-1] + 1, 2), -1, dtype=np.int32),
        np.concatenate([row[2] for row in rows]),
        np.concatenate([row[3] for row in rows]),
        np.concatenate([*(row[4] for row in rows), np.array([-1], dtype=np.int32)]),
        np.empty((0, 5)),
    )
    return with_nests(with_sides(index, n_regions), len(edges.ax), n_regions)


def _row(
    edges: Edges,
    offset: NDArray[np.int64],
    listed: NDArray[np.int32],
    split: NDArray[np.int64],
    j: int,
    n_regions: int,
) -> tuple[Any, ...]:
    """State, record, edge, owner and held of one row of cells, in buffers that grow as needed."""
    from geo_risk.regions._grid import COLUMNS, Parts, fill_row

    row = slice(j * COLUMNS, (j + 1) * COLUMNS)
    cell_offset = offset[row.start : row.stop + 1]
    sets = np.empty((3, n_regions + 2), dtype=np.int32)
    room = 4 * int(cell_offset[-1] - cell_offset[0]) + 64
    while True:
        parts = Parts(
            np.empty(int((split[row] ** 2).sum()), dtype=np.int32),
            np.zeros((room, 2), dtype=np.int64),
            np.empty((room, 4)),
            np.empty((room, 2), dtype=np.int32),
            np.empty(room, dtype=np.int32),
        )
        n, e, h = fill_row(parts, edges, cell_offset, listed, split[row], j, sets)
        if n >= 0:
            return parts.state, parts.record[:n], parts.edge[:e], parts.owner[:e], parts.held[:h]
        room *= 2
