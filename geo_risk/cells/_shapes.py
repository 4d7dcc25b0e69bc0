"""Kernels of `cells.cell_polygons`: polygons that are correct across ±180 and at the poles."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from geo_risk._core.types import CellArray, FloatArray
from geo_risk.cells._h3_shape import rings

__all__ = ["polygons"]


def polygons(cells: CellArray) -> NDArray[np.object_]:
    """One Polygon or MultiPolygon within [-180, 180] for each valid cell."""
    coords, offsets = rings(cells)
    row = np.repeat(np.arange(cells.size), np.diff(offsets))
    made: Any = shapely.linearrings(coords, indices=row)
    shapes = np.asarray(shapely.polygons(made))
    step = np.abs(np.diff(coords[:, 0]))
    step[offsets[1:-1] - 1] = 0.0  # from the end of one ring to the start of the next
    for cell in np.unique(row[:-1][step > 180.0]):
        shapes[cell] = _split(coords[offsets[cell] : offsets[cell + 1]])
    return shapes


def _split(ring: FloatArray) -> Any:
    """Cut a ring that crosses the antimeridian, or contains a pole, at ±180 (RFC 7946, 3.1.9)."""
    turns = np.cumsum(np.round(np.diff(ring[:, 0], prepend=ring[0, 0]) / 360.0))
    if turns[-1] != 0.0:
        return _around_pole(ring[:-1])
    shape = shapely.Polygon(np.column_stack((ring[:, 0] - 360.0 * turns, ring[:, 1])))
    parts = []
    for shift in (-360.0, 0.0, 360.0):
        band = shapely.box(-180.0 - shift, -90.0, 180.0 - shift, 90.0)
        part = shapely.intersection(shape, band)
        if part.area > 0.0:
            parts.append(shapely.transform(part, partial(np.add, (shift, 0.0))))
    merged = shapely.multipolygons(parts) if len(parts) > 1 else parts[0]
    return shapely.reverse(shapely.normalize(merged))  # normalised shells run clockwise


def _around_pole(corners: FloatArray) -> Any:
    """Extend a ring around a pole, in lon/lat a line from -180 to 180, to the pole."""
    line = corners[np.argsort(corners[:, 0])]
    (x0, y0), (x1, y1) = line[-1], line[0]
    seam = y0 + (y1 - y0) * (180.0 - x0) / (x1 + 360.0 - x0)
    line = np.vstack(((-180.0, seam), line, (180.0, seam)))
    if corners[:, 1].mean() > 0.0:
        return shapely.Polygon(np.vstack((line, (180.0, 90.0), (-180.0, 90.0))))
    return shapely.Polygon(np.vstack((line[::-1], (-180.0, -90.0), (180.0, -90.0))))
