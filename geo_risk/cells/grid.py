"""Study grids: all cells of an area, with or without events."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from geo_risk._core.types import CellArray
from geo_risk._core.validate import check_choice, check_lonlat, check_resolution, check_scalar

if TYPE_CHECKING:
    pass

__all__ = ["finest_resolution", "study_grid"]


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
    """All H3 cells of a study area, including those without events.

    Statistics on cells need the empty ones: without them every cold spot is false. With
    `containment="overlap"` the cell of every point of the area is in the grid (except cells that
    the outline crosses along less than about 1 mm), so no event inside is lost.
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
        Instead of `area`: points around which the study area lies; NaN is ignored.
    radius_km : float, optional
        Discs of this radius around the points, on the sphere of mean radius; more than 0, at
        most 10,000. Without it, the points' convex hull in the plane of lon/lat, cut in the widest
        gap between their longitudes, with the cell of every point.
    containment : {"overlap", "center"}
        "overlap": every cell that shares a point with the area. "center": cells whose centre is
        in the area (closed), so that areas that do not overlap share none; a part that contains
        no centre gets the cell of one inner point.
    max_cells : int
        Largest grid allowed.

    Returns
    -------
    ndarray of uint64, shape (m,)
        Sorted, each once.

    Raises
    ------
    ValueError
        Bad coordinates or options, an empty area, or more than `max_cells` cells expected: the
        message states the estimate and the finest resolution that fits.
    TypeError
        `area` is of another type.

    Notes
    -----
    The outline is sampled in steps of at most 1 km or an eighth of a cell edge; if the cell
    changes between two steps, the crossing is bisected to 1 mm. A flood fill starts from the cells
    beside the outline whose centre is inside. Cost grows with the cells returned and the length
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
    from geo_risk.cells import _study_grid

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


def finest_resolution(area: Any, *, max_cells: int) -> int:
    """Finest H3 resolution at which `study_grid` accepts an area of that size.

    No grid is built: the number of cells is estimated from the area and the length of its
    outline, as `study_grid` does before it begins.

    Parameters
    ----------
    area : shapely Polygon or MultiPolygon, sequence of them, or (west, south, east, north)
        As for `study_grid`.
    max_cells : int
        Largest number of cells of the grid, at least 1.

    Returns
    -------
    int
        0 to 15; also 0 if even that gives more cells than `max_cells`.

    Raises
    ------
    TypeError, ValueError
        `study_grid` does not accept `area`; `max_cells` is not a number of at least 1.

    Examples
    --------
    >>> finest_resolution((69.0, 36.5, 70.0, 37.0), max_cells=1000)
    6
    """
    from geo_risk.cells import _study_grid

    most = check_scalar(max_cells, "max_cells", low=1.0)
    return _study_grid.finest_resolution(_study_grid.as_parts(area), most)
