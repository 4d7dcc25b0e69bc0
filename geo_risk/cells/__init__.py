"""H3 cells as arrays: index, shapes, areas, neighbour graph, study grid.

A cell is a uint64, 0 if missing; frames hold the hexadecimal string instead, None if missing.
Functions that take cells accept both. The h3 library expects (lat, lng): that order is never used
outside this package.
"""

from geo_risk.cells.counts import CellCounts, count_in_cells
from geo_risk.cells.graph import grid_disk, neighbor_graph, neighbors_missing
from geo_risk.cells.grid import finest_resolution, study_grid
from geo_risk.cells.index import (
    cell_parents,
    cell_resolutions,
    cells_to_strings,
    h3_cells,
    strings_to_cells,
)
from geo_risk.cells.shapes import cell_areas_km2, cell_centers, cell_polygons

__all__ = [
    "CellCounts",
    "cell_areas_km2",
    "cell_centers",
    "cell_parents",
    "cell_polygons",
    "cell_resolutions",
    "cells_to_strings",
    "count_in_cells",
    "finest_resolution",
    "grid_disk",
    "h3_cells",
    "neighbor_graph",
    "neighbors_missing",
    "strings_to_cells",
    "study_grid",
]
