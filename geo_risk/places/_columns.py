"""Result frames: places as points, with columns of plain Python objects."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import geopandas
    import pyproj

__all__ = ["object_array", "point_frame"]


def object_array(values: Sequence[Any]) -> NDArray[np.object_]:
    """Array of the values as they are."""
    array = np.empty(len(values), dtype=object)
    array[:] = values
    return array


def point_frame(
    columns: Mapping[str, NDArray[Any] | Sequence[Any]],
    lon: NDArray[np.float64],
    lat: NDArray[np.float64],
) -> geopandas.GeoDataFrame:
    """Frame of the columns and of points, None for a longitude that is NaN.

    Lists become columns of objects, unchanged: pandas 3 would convert them to strings and NaN.
    The frame is one of pandas that is declared to be one of geopandas, because the constructor of
    geopandas takes ten times as long as everything else here.
    """
    import pandas
    import shapely
    from geopandas.array import GeometryArray

    points = np.asarray(shapely.points(lon, lat))
    points[np.isnan(lon)] = None
    data: dict[str, Any] = {
        name: pandas.Index(object_array(values), dtype=object)
        if isinstance(values, list)
        else values
        for name, values in columns.items()
    }
    empty, crs = _empty_frame()
    data["geometry"] = GeometryArray(points, crs=crs)
    frame: Any = pandas.DataFrame(data, copy=False)
    frame.__class__ = type(empty)
    result: geopandas.GeoDataFrame = frame.__finalize__(empty)
    return result


@cache
def _empty_frame() -> tuple[geopandas.GeoDataFrame, pyproj.CRS | None]:
    """A frame without rows, and its CRS: making these takes longer than looking them up."""
    import geopandas

    empty = geopandas.GeoDataFrame(geometry=[], crs="EPSG:4326")
    return empty, empty.crs
