"""Kernel half of `cells`: H3 arithmetic, arrays in, arrays out, nothing checked.

Cells are uint64, 0 is missing. Coordinates are degrees.
"""

from __future__ import annotations

import h3.api.basic_int as h3
import numpy as np
from numpy.typing import NDArray

__all__ = ["centers", "disk_sizes", "encode", "graph", "is_valid", "neighbors", "positions"]

FloatArray = NDArray[np.float64]
CellArray = NDArray[np.uint64]


def encode(lon: FloatArray, lat: FloatArray, resolution: int) -> CellArray:
    """Cell of each point, 0 where the point is NaN; -180 is taken as 180."""
    lon = np.where(lon == -180.0, 180.0, lon)
    to_cell = h3.latlng_to_cell
    pairs = zip(lat.tolist(), lon.tolist(), strict=True)
    return np.fromiter(
        (0 if y != y else to_cell(y, x, resolution) for y, x in pairs), np.uint64, lat.size
    )


def centers(cells: CellArray) -> tuple[FloatArray, FloatArray]:
    """Longitude and latitude of each cell's centre, NaN for cell 0."""
    missing = (np.nan, np.nan)
    found = [h3.cell_to_latlng(c) if c else missing for c in cells.tolist()]
    lat_lon = np.array(found, dtype=np.float64).reshape(-1, 2)
    return lat_lon[:, 1].copy(), lat_lon[:, 0].copy()


def is_valid(cells: CellArray) -> NDArray[np.bool_]:
    """Whether each value is the index of an H3 cell."""
    return np.fromiter(map(h3.is_valid_cell, cells.tolist()), np.bool_, cells.size)


def neighbors(cells: CellArray) -> CellArray:
    """Return the six neighbours of each cell, shape (n, 6); 0 fills a pentagon's sixth."""
    out = np.zeros((cells.size, 6), dtype=np.uint64)
    for row, cell in enumerate(cells.tolist()):
        ring = [c for c in h3.grid_disk(cell, 1) if c != cell]
        out[row, : len(ring)] = ring
    return out


def positions(grid: CellArray, cells: CellArray) -> NDArray[np.int64]:
    """Position of each cell in `grid` (distinct cells in any order), -1 where it is not there."""
    if grid.size == 0:
        return np.full(cells.size, -1, dtype=np.int64)
    order = np.argsort(grid)
    place = np.minimum(np.searchsorted(grid, cells, sorter=order), grid.size - 1)
    found = order[place]
    return np.where(grid[found] == cells, found, -1).astype(np.int64)


def _disk_pairs(cells: CellArray, k: int) -> tuple[NDArray[np.int64], CellArray]:
    """Every (row, cell within k steps of that row's cell) but the cell itself, each once."""
    row, reached = np.arange(cells.size), cells
    for _ in range(k):
        row = np.concatenate((row, np.repeat(row, 6)))
        reached = np.concatenate((reached, neighbors(reached).reshape(-1)))
        row, reached = row[reached != 0], reached[reached != 0]
        order = np.lexsort((reached, row))
        row, reached = row[order], reached[order]
        new = np.ones(row.size, dtype=bool)
        new[1:] = (row[1:] != row[:-1]) | (reached[1:] != reached[:-1])
        row, reached = row[new], reached[new]
    other = reached != cells[row]
    return row[other], reached[other]


def disk_sizes(cells: CellArray, k: int) -> NDArray[np.int64]:
    """Number of cells within k steps of each cell, itself included."""
    row, _ = _disk_pairs(cells, k)
    return np.bincount(row, minlength=cells.size).astype(np.int64) + 1


def graph(cells: CellArray, k: int) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """CSR index pointers and sorted column indices of the graph "within k steps"."""
    row, reached = _disk_pairs(cells, k)
    column = positions(cells, reached)
    row, column = row[column >= 0], column[column >= 0]
    order = np.lexsort((column, row))
    indptr = np.zeros(cells.size + 1, dtype=np.int32)
    np.cumsum(np.bincount(row, minlength=cells.size), out=indptr[1:])
    return indptr, column[order].astype(np.int32)
