"""Centres, polygons and areas of cells."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from geo_risk._core.types import FloatArray
from geo_risk.cells._input import as_cells

__all__ = ["cell_areas_km2", "cell_centers", "cell_polygons"]


def cell_centers(cells: ArrayLike) -> tuple[FloatArray, FloatArray]:
    """Longitude and latitude of each cell's centre.

    Parameters
    ----------
    cells : array_like of uint64 or str
        0 or None is missing.

    Returns
    -------
    lon, lat : ndarray of float64
        Degrees, WGS84, in the shape of the input; NaN where missing. Equal to the h3
        library's `cell_to_latlng` except for its rounding, which reaches a centimetre within
        ten metres of the poles.

    Raises
    ------
    ValueError
        A value is not a valid cell.

    Examples
    --------
    >>> lon, lat = cell_centers(["872086481ffffff", None])
    >>> lon.round(4), lat.round(4)
    (array([69.5287,     nan]), array([36.736,    nan]))
    """
    from geo_risk.cells import _h3_shape

    flat, shape = as_cells(cells)
    lon, lat = _h3_shape.centers(flat)
    return lon.reshape(shape), lat.reshape(shape)


def cell_polygons(cells: ArrayLike) -> NDArray[np.object_]:
    """Polygons of cells that are drawn correctly everywhere, also across ±180 and at the poles.

    A cell that crosses the antimeridian is a MultiPolygon cut there, a cell that contains a
    pole extends to it (RFC 7946, section 3.1.9); exteriors run counter-clockwise. Corners are
    joined by straight lines in lon/lat, as maps and GeoJSON do, so all cells of one resolution
    tile the plane exactly; a true cell edge is nearly a great circle and leaves that line by up
    to about an eighth of its length squared over the Earth's radius.

    Parameters
    ----------
    cells : array_like of uint64 or str
        0 or None is missing.

    Returns
    -------
    ndarray of object
        shapely Polygon or MultiPolygon each, in the shape of the input; None where missing.

    Raises
    ------
    ValueError
        A value is not a valid cell.

    References
    ----------
    RFC 7946, The GeoJSON Format, section 3.1.9 "Antimeridian Cutting" (2016).

    Examples
    --------
    >>> [shape.geom_type for shape in cell_polygons(["8001fffffffffff", "807ffffffffffff"])]
    ['Polygon', 'MultiPolygon']
    """
    from geo_risk.cells import _shapes as _cell_shapes

    flat, shape = as_cells(cells)
    out = np.full(flat.size, None, dtype=object)
    there = flat != 0
    if there.any():
        out[there] = _cell_shapes.polygons(flat[there])
    return out.reshape(shape)


def cell_areas_km2(cells: ArrayLike) -> FloatArray:
    """Return the true area of each cell; cells of one resolution differ by a factor of two.

    Areas are those of spherical polygons between a cell's corners on H3's own sphere (radius
    6371.00718 km), to eight digits or better. They equal the h3 library's `cell_area` where that is
    as accurate: h3 4.5 loses digits at fine resolutions where a cell crosses the antimeridian.
    The WGS84 ellipsoid's area differs by -0.5 % at the equator to +0.9 % at the poles.

    Parameters
    ----------
    cells : array_like of uint64 or str
        0 or None is missing.

    Returns
    -------
    ndarray of float64
        Square kilometres in the shape of the input; NaN where missing.

    Raises
    ------
    ValueError
        A value is not a valid cell.

    Examples
    --------
    >>> cell_areas_km2(["872086481ffffff", None]).round(4)
    array([5.9786,    nan])
    """
    from geo_risk.cells import _h3_sets, _h3_shape

    flat, shape = as_cells(cells)
    return _h3_sets.each_once(flat, _h3_shape.areas_km2).reshape(shape)
