"""`index_h3`: the H3 cell of each event."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from geo_risk._core.constants import EARTH_RADIUS_KM, RESOLUTION
from geo_risk._core.types import CellArray, FloatArray
from geo_risk._core.validate import check_choice, check_resolution
from geo_risk.frames.columns import EventColumns

if TYPE_CHECKING:
    import geopandas

__all__ = ["index_columns", "index_h3"]

_EARTH_KM2 = 4.0 * np.pi * EARTH_RADIUS_KM**2
_SMALLEST, _LARGEST = 0.45, 1.3
"""Bounds of the area of a cell in means of its resolution: the smallest cells are pentagons, with
0.5 of it, and the largest hexagons have 1.23 (the tests measure both at every resolution)."""


def index_h3(
    events: Any, *, resolution: int = RESOLUTION, coarse: str = "skip"
) -> geopandas.GeoDataFrame:
    """Find the H3 cell of each event.

    Parameters
    ----------
    events : GeoDataFrame
        Points in any CRS.
    resolution : int, default 7
        0 to 15; a cell of resolution 7 has about 5 km².
    coarse : {"skip", "parent", "keep"}
        Events whose `location_precision` says that their coordinates only stand for a district,
        a province or a country get no cell ("skip"): a cell would state more than is known.
        "parent": in addition, no event gets a cell smaller than the disc of its
        `location_uncertainty_km`; it gets the cell of the finest resolution that is at least that
        large, so resolutions are mixed. `assess` does this unless a resolution is given. "keep":
        every point gets its cell.

    Returns
    -------
    GeoDataFrame
        EPSG:4326, same rows, with `h3_cell` (hexadecimal string, None if missing); skipped
        rows have the flag "coarser_than_cell".

    Raises
    ------
    TypeError, ValueError
        Not a GeoDataFrame, no CRS, geometries other than points, an invalid resolution.

    Examples
    --------
    >>> import geo_risk as gr
    >>> events = gr.read_events([{"lon": 69.53451, "lat": 36.73605, "uncertainty_km": 25}])
    >>> gr.index_h3(events, resolution=5)["h3_cell"].tolist()
    ['8520864bfffffff']
    >>> gr.index_h3(events, resolution=5, coarse="parent")["h3_cell"].tolist()
    ['8420865ffffffff']
    """
    return index_columns(EventColumns.of(events), resolution=resolution, coarse=coarse).to_frame()


def index_columns(
    events: EventColumns, *, resolution: int = RESOLUTION, coarse: str = "skip"
) -> EventColumns:
    """Events with the column of `index_h3`."""
    from geo_risk.cells import cells_to_strings, h3_cells

    check_choice(coarse, "coarse", ("skip", "parent", "keep"))
    resolution = check_resolution(resolution)
    lon, lat = events.lonlat
    skipped = np.zeros(len(events), dtype=np.bool_)
    if coarse != "keep" and events.coarse.any():
        skipped = events.coarse & ~np.isnan(lon)
        lon = np.where(skipped, np.nan, lon)
    if coarse == "parent":
        cells = _supported_cells(events.radius_km, lon, lat, resolution)
        skipped = skipped | ((cells == 0) & ~np.isnan(lon))
    else:
        cells = h3_cells(lon=lon, lat=lat, resolution=resolution)
    result = events.with_columns({"h3_cell": cells_to_strings(cells)})
    return result.with_flags([(skipped, "coarser_than_cell")])


def _supported_cells(
    radius_km: FloatArray, lon: FloatArray, lat: FloatArray, resolution: int
) -> CellArray:
    """Cells of the finest resolution, at most `resolution`, with at least the area of the disc."""
    from geo_risk.cells import cell_areas_km2, h3_cells

    disc_km2 = np.pi * np.where(np.isnan(radius_km), 0.0, radius_km) ** 2
    mean_km2 = _EARTH_KM2 / (2.0 + 120.0 * 7.0 ** np.arange(resolution, -1, -1))
    # the finest resolution that may be large enough; the next coarser one certainly is
    steps = np.searchsorted(_LARGEST * mean_km2, disc_km2)
    cells, there = np.zeros(len(lon), dtype=np.uint64), ~np.isnan(lon)
    for step in np.unique(steps[there & (steps <= resolution)]).tolist():
        rows = np.flatnonzero(there & (steps == step))
        found = h3_cells(lon=lon[rows], lat=lat[rows], resolution=resolution - step)
        doubt = np.flatnonzero(disc_km2[rows] > _SMALLEST * mean_km2[step])
        distinct, of = np.unique(found[doubt], return_inverse=True)
        small = doubt[cell_areas_km2(distinct)[of.reshape(-1)] < disc_km2[rows[doubt]]]
        found[small] = 0
        if step < resolution and len(small):
            coarser = rows[small]
            found[small] = h3_cells(
                lon=lon[coarser], lat=lat[coarser], resolution=resolution - step - 1
            )
        cells[rows] = found
    return cells
