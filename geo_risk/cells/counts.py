"""Count events in the cells of a study grid, including empty ones (public through `cells`)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from geo_risk._core.types import IntArray
from geo_risk.cells._input import as_cells, as_grid, resolutions

__all__ = ["CellCounts", "count_in_cells"]


@dataclass(frozen=True)
class CellCounts:
    """Events counted in the cells of a study grid.

    Attributes
    ----------
    counts : ndarray of int64, shape (m,)
        Events in each cell of the grid, in the grid's order; 0 if there are none.
    position : ndarray of int64, shape (n,)
        For each event the position of its cell in the grid; -1 if outside the grid or missing.
    outside : int
        Events whose cell is not in the grid.
    missing : int
        Events without a cell.
    """

    counts: IntArray
    position: IntArray
    outside: int
    missing: int


def count_in_cells(cells: ArrayLike, grid: ArrayLike) -> CellCounts:
    """Count events in every cell of a study grid, including empty ones.

    Nothing is dropped silently: `counts.sum() + outside + missing` is the number of events.

    Parameters
    ----------
    cells : array_like of uint64 or str, shape (n,)
        The cell of each event; 0 or None is missing.
    grid : array_like of uint64 or str, shape (m,)
        The study grid, of one resolution, each cell once; any order.

    Returns
    -------
    CellCounts

    Raises
    ------
    ValueError
        Invalid cells, a grid with duplicates or mixed resolutions, or events at another
        resolution than the grid (see `cell_parents`).

    Examples
    --------
    >>> from geo_risk.cells import count_in_cells, grid_disk
    >>> grid = grid_disk(["872086481ffffff"], 1)
    >>> counted = count_in_cells(["872086481ffffff", "872086481ffffff", "870800000ffffff"], grid)
    >>> counted.counts.tolist(), counted.outside
    ([0, 2, 0, 0, 0, 0, 0], 1)
    """
    from geo_risk.cells import _h3_sets

    events, _ = as_cells(cells)
    study = as_grid(grid, "grid")
    there = events != 0
    if study.size and there.any():
        other = there & (resolutions(events) != resolutions(study[:1])[0])
        if other.any():
            first = int(np.argmax(other))
            raise ValueError(
                f"Invalid cells: {int(other.sum())} of {events.size} have another resolution than "
                f"the grid's {resolutions(study[:1])[0]}; first at index {first}: "
                f"{int(events[first]):x} has {resolutions(events)[first]}."
            )
    position = _h3_sets.positions(study, events)
    counts = np.bincount(position[position >= 0], minlength=study.size).astype(np.int64)
    return CellCounts(
        counts=counts,
        position=position,
        outside=int((there & (position < 0)).sum()),
        missing=int((~there).sum()),
    )
