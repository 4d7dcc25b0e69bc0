"""Rings around cells, the neighbour graph, and neighbours outside a grid."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from geo_risk._core.types import CellArray, IntArray
from geo_risk._core.validate import check_integer
from geo_risk.cells._input import as_cells, as_grid

if TYPE_CHECKING:
    from scipy.sparse import csr_array

__all__ = ["grid_disk", "neighbor_graph", "neighbors_missing"]


def grid_disk(cells: ArrayLike, k: int) -> CellArray:
    """All cells within `k` steps of any of the given ones: the cells themselves and k rings.

    Parameters
    ----------
    cells : array_like of uint64 or str
        Of one resolution; missing ones are left out.
    k : int
        At least 0.

    Returns
    -------
    ndarray of uint64, shape (m,)
        Sorted, each once.

    Raises
    ------
    ValueError
        A value is not a valid cell, or resolutions are mixed.

    Examples
    --------
    >>> len(grid_disk(["872086481ffffff"], 2)), len(grid_disk(["870800000ffffff"], 2))
    (19, 16)
    """
    from geo_risk.cells import _h3_flood

    k = check_integer(k, "k", low=0)
    flat, _ = as_cells(cells)
    start = as_grid(np.unique(flat[flat != 0]))
    return _h3_flood.disk(start, k)


def neighbor_graph(cells: ArrayLike, *, k: int = 1, n_jobs: int = 1) -> csr_array:
    """Binary weights of the cells of a study grid that are within `k` steps of each other.

    Only cells of the grid are linked; `neighbors_missing` counts the neighbours outside it.
    Pentagons (12 at each resolution) have five neighbours.

    Parameters
    ----------
    cells : array_like of uint64 or str, shape (n,)
        Of one resolution, each once, none missing; any order.
    k : int, default 1
        Rings that count as neighbours, at least 1.
    n_jobs : int, default 1
        Threads; -1 for all processors. The result does not depend on it.

    Returns
    -------
    scipy.sparse.csr_array, shape (n, n), float64
        1.0 where two cells are neighbours, in the order of `cells`; symmetric, with an empty
        diagonal, column indices sorted.

    Raises
    ------
    ValueError
        Duplicate, missing, invalid or mixed cells; the message names the first and its position.

    Examples
    --------
    >>> disk = grid_disk(["872086481ffffff"], 1)
    >>> neighbor_graph(disk).sum(axis=1).astype(int).tolist()
    [3, 6, 3, 3, 3, 3, 3]
    """
    from scipy.sparse import csr_array

    from geo_risk.cells import _h3_graph

    k = _check_rings(k)
    grid = as_grid(cells, n_jobs=n_jobs)
    found = csr_array(_h3_graph.graph(grid, k, n_jobs), shape=(grid.size, grid.size))
    found.has_canonical_format = True  # no check needed
    return found


def _check_rings(k: Any) -> int:
    k = check_integer(k, "k", low=0)
    if k == 0:
        raise ValueError("Invalid k: 0; a neighbour graph needs at least one ring.")
    return int(k)


def neighbors_missing(cells: ArrayLike, *, k: int = 1) -> IntArray:
    """Number of each cell's neighbours that lie outside the study grid (edge effect).

    Parameters
    ----------
    cells : array_like of uint64 or str, shape (n,)
        Of one resolution, each once, none missing.
    k : int, default 1
        Rings that count as neighbours, at least 1.

    Returns
    -------
    ndarray of int64, shape (n,)
        0 for a cell with all its neighbours (a pentagon has five in ring one).

    Raises
    ------
    ValueError
        Duplicate, missing, invalid or mixed cells.

    Examples
    --------
    >>> neighbors_missing(grid_disk(["872086481ffffff"], 1)).tolist()
    [3, 0, 3, 3, 3, 3, 3]
    """
    from geo_risk.cells import _h3_graph

    k = _check_rings(k)
    return _h3_graph.missing(as_grid(cells), k)
