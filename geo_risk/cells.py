"""H3 cells by arrays: index, shapes, areas, neighbour graph, study grid.

A cell is a uint64, 0 where it is missing; frames carry the hexadecimal string instead, None where
it is missing. Every function here that takes cells takes either. H3 itself wants (lat, lng): that
order never leaves this module.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from geo_risk._cell_counts import CellCounts, count_in_cells
from geo_risk._cell_input import as_cells, as_grid, as_uint64, check_k, read_names, resolutions
from geo_risk._validate import check_choice, check_lonlat, check_resolution, check_scalar

if TYPE_CHECKING:
    from scipy.sparse import csr_array

__all__ = [
    "CellCounts",
    "cell_areas_km2",
    "cell_centers",
    "cell_parents",
    "cell_polygons",
    "cell_resolutions",
    "cells_to_strings",
    "count_in_cells",
    "grid_disk",
    "h3_cells",
    "neighbor_graph",
    "neighbors_missing",
    "strings_to_cells",
    "study_grid",
]

FloatArray = NDArray[np.float64]
CellArray = NDArray[np.uint64]
IntArray = NDArray[np.int64]


def h3_cells(*, lon: ArrayLike, lat: ArrayLike, resolution: int, n_jobs: int = 1) -> CellArray:
    """H3 cell of each point.

    Equal to the h3 library's `latlng_to_cell` for every point and resolution; a longitude of
    -180 is taken as 180, the same meridian.

    Parameters
    ----------
    lon, lat : array_like
        Degrees, WGS84, within [-180, 180] and [-90, 90]; they broadcast. NaN is missing.
    resolution : int
        0 (cells of about 4.4 million km²) to 15 (about 0.9 m²).
    n_jobs : int, default 1
        Threads; -1 for all processors. The result does not depend on it.

    Returns
    -------
    ndarray of uint64
        Cells in the shape of the input; 0 where `lon` or `lat` is NaN.

    Raises
    ------
    ValueError
        A coordinate or the resolution is out of range, or shapes do not broadcast.
    TypeError
        Values are not real numbers, or the resolution is no integer.

    Examples
    --------
    >>> cells = h3_cells(lon=[69.53451, float("nan")], lat=[36.73605, 0.0], resolution=7)
    >>> cells_to_strings(cells).tolist()
    ['872086481ffffff', None]
    """
    from geo_risk import _h3

    resolution = check_resolution(resolution)
    lon, lat, shape = check_lonlat(lon, lat)
    return _h3.encode(lon, lat, resolution, n_jobs).reshape(shape)


def cells_to_strings(cells: ArrayLike) -> NDArray[np.object_]:
    """Hexadecimal names of cells, as frames and web maps carry them.

    The values are written as they are: whether they are valid cells is not checked.

    Parameters
    ----------
    cells : array_like of uint64
        0 is missing.

    Returns
    -------
    ndarray of object
        15 lower-case hexadecimal digits each, in the shape of the input; None where missing.

    Raises
    ------
    TypeError
        Values are not integers.

    Examples
    --------
    >>> cells_to_strings([608692970719281151, 0]).tolist()
    ['872830828ffffff', None]
    """
    array = as_uint64(cells, "cells")
    flat = np.ascontiguousarray(array).reshape(-1)
    digits = np.frombuffer(flat.astype(">u8").tobytes().hex().encode(), dtype=np.uint8)
    names = np.ascontiguousarray(digits.reshape(-1, 16)[:, 1:]).view("S15").reshape(-1)
    out = names.astype("U15").astype(object)
    out[flat == 0] = None
    return out.reshape(array.shape)


def strings_to_cells(names: ArrayLike | Iterable[str | None]) -> CellArray:
    """Cells from their hexadecimal names.

    Parameters
    ----------
    names : array_like of str
        15 hexadecimal digits each, upper or lower case. None, NaN and NA are missing.

    Returns
    -------
    ndarray of uint64
        In the shape of the input; 0 where missing.

    Raises
    ------
    ValueError
        A name is not that of a valid H3 cell; the message has it and its place.
    TypeError
        A value is neither a string nor missing.

    Examples
    --------
    >>> strings_to_cells(["872830828ffffff", None])
    array([608692970719281151,                  0], dtype=uint64)
    """
    return read_names(names)


def cell_resolutions(cells: ArrayLike) -> IntArray:
    """Resolution of each cell.

    Parameters
    ----------
    cells : array_like of uint64 or str
        0 or None is missing.

    Returns
    -------
    ndarray of int64
        0 to 15 in the shape of the input; -1 where missing.

    Raises
    ------
    ValueError
        A value is not a valid cell.

    Examples
    --------
    >>> cell_resolutions(["872830828ffffff", None])
    array([ 7, -1])
    """
    flat, shape = as_cells(cells)
    return resolutions(flat).reshape(shape)


def cell_parents(cells: ArrayLike, resolution: int) -> CellArray:
    """Return the ancestor of each cell at a coarser resolution.

    H3's hierarchy is by index, not by area: a cell sticks out of its parent by a seventh or so.

    Parameters
    ----------
    cells : array_like of uint64 or str
        0 or None is missing.
    resolution : int
        0 to 15, not finer than any of the cells.

    Returns
    -------
    ndarray of uint64
        In the shape of the input; 0 where missing.

    Raises
    ------
    ValueError
        A value is not a valid cell, or is coarser than `resolution`.

    Examples
    --------
    >>> cells_to_strings(cell_parents(["872830828ffffff"], 5)).tolist()
    ['85283083fffffff']
    """
    resolution = check_resolution(resolution)
    flat, shape = as_cells(cells)
    coarser = (resolutions(flat) < resolution) & (flat != 0)
    if coarser.any():
        first = int(np.argmax(coarser))
        raise ValueError(
            f"Invalid resolution: {resolution} is finer than cell {int(flat[first]):x} at index "
            f"{first}, which has {resolutions(flat)[first]}."
        )
    unused = np.uint64((1 << (3 * (15 - resolution))) - 1)
    level = np.uint64(resolution) << np.uint64(52)
    parents = (flat & ~(np.uint64(15) << np.uint64(52))) | level | unused
    parents[flat == 0] = 0
    return parents.reshape(shape)


def cell_centers(cells: ArrayLike) -> tuple[FloatArray, FloatArray]:
    """Longitude and latitude of each cell's centre.

    Parameters
    ----------
    cells : array_like of uint64 or str
        0 or None is missing.

    Returns
    -------
    lon, lat : ndarray of float64
        Degrees, WGS84, in the shape of the input; NaN where missing. As the h3
        library's `cell_to_latlng` but for rounding, which there costs up to a centimetre within
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
    from geo_risk import _h3_shape

    flat, shape = as_cells(cells)
    lon, lat = _h3_shape.centers(flat)
    return lon.reshape(shape), lat.reshape(shape)


def cell_polygons(cells: ArrayLike) -> NDArray[np.object_]:
    """Shapes of cells that draw right everywhere, across ±180 and at the poles too.

    A cell that crosses the antimeridian comes as a MultiPolygon cut there, a cell that holds a
    pole reaches up to it (RFC 7946, section 3.1.9); exteriors run counter-clockwise. Corners are
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
    from geo_risk import _cell_shapes

    flat, shape = as_cells(cells)
    out = np.full(flat.size, None, dtype=object)
    there = flat != 0
    if there.any():
        out[there] = _cell_shapes.polygons(flat[there])
    return out.reshape(shape)


def cell_areas_km2(cells: ArrayLike) -> FloatArray:
    """Return the true area of each cell; cells of one resolution differ by a factor of two.

    Areas are those of spherical polygons between a cell's corners on H3's own sphere (radius
    6371.00718 km), to eight digits or better. They are the h3 library's `cell_area` where that is
    good to as many: h3 4.5 loses digits at fine resolutions where a cell crosses the antimeridian.
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
    from geo_risk import _h3_shape

    flat, shape = as_cells(cells)
    return _h3_shape.areas_km2(flat).reshape(shape)


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
    from geo_risk import _h3_graph

    k = check_k(k)
    flat, _ = as_cells(cells)
    start = as_grid(np.unique(flat[flat != 0]))
    return _h3_graph.disk(start, k)


def neighbor_graph(cells: ArrayLike, *, k: int = 1, n_jobs: int = 1) -> csr_array:
    """Which cells of a study grid are within `k` steps of each other, as binary weights.

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
        Duplicate, missing, invalid or mixed cells; the message has the first and its place.

    Examples
    --------
    >>> disk = grid_disk(["872086481ffffff"], 1)
    >>> neighbor_graph(disk).sum(axis=1).astype(int).tolist()
    [3, 6, 3, 3, 3, 3, 3]
    """
    from scipy.sparse import csr_array

    from geo_risk import _h3_graph

    k = _check_rings(k)
    grid = as_grid(cells, n_jobs=n_jobs)
    found = csr_array(_h3_graph.graph(grid, k, n_jobs), shape=(grid.size, grid.size))
    found.has_canonical_format = True  # nobody needs to look
    return found


def _check_rings(k: Any) -> int:
    k = check_k(k)
    if k == 0:
        raise ValueError("Invalid k: 0; a neighbour graph needs at least one ring.")
    return int(k)


def neighbors_missing(cells: ArrayLike, *, k: int = 1) -> IntArray:
    """How many of each cell's true neighbours lie outside the study grid: its edge effect.

    Parameters
    ----------
    cells : array_like of uint64 or str, shape (n,)
        Of one resolution, each once, none missing.
    k : int, default 1
        Rings that count as neighbours, at least 1.

    Returns
    -------
    ndarray of int64, shape (n,)
        0 for a cell whose neighbourhood is complete (a pentagon's has five cells in ring one).

    Raises
    ------
    ValueError
        Duplicate, missing, invalid or mixed cells.

    Examples
    --------
    >>> neighbors_missing(grid_disk(["872086481ffffff"], 1)).tolist()
    [3, 0, 3, 3, 3, 3, 3]
    """
    from geo_risk import _h3_graph

    k = _check_rings(k)
    return _h3_graph.missing(as_grid(cells), k)


def study_grid(
    area: Any = None,
    *,
    resolution: int,
    lon: ArrayLike | None = None,
    lat: ArrayLike | None = None,
    radius_km: float | None = None,
    containment: str = "overlap",
    max_cells: int = 5_000_000,
) -> CellArray:
    """All H3 cells of a study area, those without events too.

    Statistics on cells need the empty ones: without them every cold spot is false. With
    `containment="overlap"` the cell of every point of the area is in the grid (cells that the
    outline merely grazes, along less than about 1 mm, excepted), so no event inside is lost.
    There are no holes, and an area smaller than a cell still gives at least one.

    Parameters
    ----------
    area : shapely Polygon or MultiPolygon, sequence of them, or (west, south, east, north)
        WGS84 degrees, longitudes within [-180, 180]. Edges are straight lines in lon/lat, as in
        GeoJSON. A box with west > east crosses the antimeridian. A GeoSeries or GeoDataFrame
        counts as a sequence; its CRS must be geographic.
    resolution : int
        0 to 15.
    lon, lat : array_like, optional
        Instead of `area`: points whose surroundings are the study area; NaN is left out.
    radius_km : float, optional
        Discs of this radius around the points, on the sphere of mean radius; more than 0, at
        most 10,000. Without it, the points' convex hull in the plane of lon/lat, cut where their
        longitudes leave the widest gap, with the cell of every point.
    containment : {"overlap", "center"}
        "overlap": every cell that shares a point with the area. "center": cells whose centre is
        in the area (closed), so that areas that do not overlap share none; a part that holds no
        centre gets the cell of one inner point.
    max_cells : int
        Refuse grids that would be larger.

    Returns
    -------
    ndarray of uint64, shape (m,)
        Sorted, each once.

    Raises
    ------
    ValueError
        Bad coordinates or options, an empty area, or more than `max_cells` cells expected: the
        message has the estimate and the finest resolution that fits.
    TypeError
        `area` is nothing of the kind above.

    Notes
    -----
    The outline is walked in steps of at most 1 km or an eighth of a cell edge; where the cell
    changes between two steps, the crossing is bisected to 1 mm. The cells beside the outline
    whose centre is inside are then flooded. Cost grows with the cells returned and the length
    of the outline, not with the number of cells tested against polygons.
    For discs, "overlap" may add cells that lie outside by less than a hundredth of a cell edge.

    Examples
    --------
    >>> len(study_grid((69.0, 36.5, 70.0, 37.0), resolution=5))
    28
    >>> fiji = study_grid((177.0, -19.0, -179.0, -16.0), resolution=4)
    >>> len(fiji), len(study_grid(lon=[178.44], lat=[-18.14], radius_km=50, resolution=5))
    (112, 46)
    """
    from geo_risk import _study_grid

    resolution = check_resolution(resolution)
    check_choice(containment, "containment", ("overlap", "center"))
    by_points = lon is not None or lat is not None or radius_km is not None
    if by_points == (area is not None):
        raise ValueError("Invalid area: give either area, or lon and lat (and radius_km).")
    overlap = containment == "overlap"
    if area is not None:
        return _study_grid.of_polygons(_study_grid.as_parts(area), resolution, overlap, max_cells)
    if lon is None or lat is None:
        raise ValueError("Invalid lon, lat: points need both.")
    x, y, _ = check_lonlat(lon, lat)
    x, y = x[~np.isnan(x)], y[~np.isnan(y)]
    if x.size == 0:
        raise ValueError("Invalid lon, lat: no point to put a study area around.")
    if radius_km is None:
        return _study_grid.of_hull(x, y, resolution, overlap, max_cells)
    radius_km = check_scalar(radius_km, "radius_km", low=0.0, high=10_000.0, open_low=True)
    return _study_grid.of_discs(x, y, radius_km, resolution, overlap, max_cells)
