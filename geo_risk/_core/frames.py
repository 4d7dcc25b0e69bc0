"""Checks and conversions that all functions on GeoDataFrames share."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from geo_risk._core.distinct import Texts
from geo_risk._core.grids import in_degrees
from geo_risk._core.types import FloatArray
from geo_risk._core.validate import check_choice

if TYPE_CHECKING:
    import geopandas

__all__ = [
    "COARSE",
    "add_columns",
    "check_frame",
    "lonlat_of",
    "report_of",
    "texts_of",
    "too_coarse",
]


COARSE = ("admin2", "admin1", "line", "country", "none")
"""Values of `location_precision` whose coordinates stand for a larger area."""

_LON_LAT = "EPSG:4326"
_REPORT = "geo_risk"


def check_frame(frame: Any, name: str = "events") -> geopandas.GeoDataFrame:
    """Check that `frame` is a GeoDataFrame with a CRS, and return it in degrees (EPSG:4326).

    Raises
    ------
    TypeError
        Not a GeoDataFrame.
    ValueError
        No geometry column, no CRS, or a CRS not of the Earth; the message shows the fix.
    """
    import geopandas

    if not isinstance(frame, geopandas.GeoDataFrame):
        raise TypeError(
            f"Invalid {name}: {type(frame).__name__} is not a GeoDataFrame; "
            "geo_risk.read_events makes one from a table, a file or a frame."
        )
    if frame.active_geometry_name not in frame.columns:
        raise ValueError(f"Invalid {name}: no geometry column is set (frame.set_geometry).")
    if frame.crs is None:
        raise ValueError(
            f"Invalid {name}: the geometry has no CRS. If it holds degrees, use "
            'frame.set_crs("EPSG:4326").'
        )
    if frame.crs == _LON_LAT:
        return frame
    moved: geopandas.GeoDataFrame = in_degrees(frame, f"{name}: its CRS")
    return moved


def lonlat_of(frame: geopandas.GeoDataFrame, name: str = "events") -> tuple[FloatArray, FloatArray]:
    """Longitude and latitude of point geometries; NaN where missing, empty or out of range."""
    import shapely

    shapes = frame.geometry.to_numpy()
    kinds = shapely.get_type_id(shapes)
    empty = shapely.is_empty(shapes)
    other = (kinds > 0) & ~empty
    if other.any():
        first = int(np.argmax(other))
        raise ValueError(
            f"Invalid {name}: {int(other.sum())} of {len(shapes)} geometries are not points; first "
            f"at position {first}: {shapes[first].geom_type}. Use representative points."
        )
    shapes = np.where(empty, np.array(None), shapes)  # an empty point has no x: GEOS raises
    lon, lat = shapely.get_x(shapes), shapely.get_y(shapes)
    usable = (np.abs(lon) <= 180.0) & (np.abs(lat) <= 90.0)
    return np.where(usable, lon, np.nan), np.where(usable, lat, np.nan)


def add_columns(
    frame: geopandas.GeoDataFrame, columns: Mapping[str, Any], replaced: Collection[str] = ()
) -> geopandas.GeoDataFrame:
    """Copy `frame` with result columns set; a caller's column of that name is kept as `name_`.

    Columns that geo_risk added itself are replaced, so a function may be applied again, and so
    are the caller's columns named in `replaced`.
    """
    import pandas as pd

    report = report_of(frame)
    ours = set(report.get("added_columns", ()))
    renamed: dict[str, str] = {}
    for name in columns:
        if name in frame.columns and name not in ours and name not in replaced:
            kept = f"{name}_"
            while kept in frame.columns or kept in renamed.values():
                kept += "_"
            renamed[name] = kept
    result = frame.rename(columns=renamed) if renamed else _copied(frame)
    geometry = result.geometry.name
    for name, values in columns.items():
        # text stays object: None stays None in every version of pandas
        is_text = isinstance(values, np.ndarray) and values.dtype.kind == "O"
        if is_text and name not in replaced:
            values = pd.Series(values, index=result.index, dtype=object)
        result[name] = values
    result = result[[*(name for name in result.columns if name != geometry), geometry]]
    report["added_columns"] = sorted(ours | (set(columns) - set(replaced)))
    result.attrs[_REPORT] = report
    return result


def _copied(frame: geopandas.GeoDataFrame) -> geopandas.GeoDataFrame:
    """Copy that is independent of the frame: at once in pandas 2, on the first change in 3."""
    import pandas as pd

    return frame.copy(deep=int(pd.__version__.split(".")[0]) < 3)


def report_of(frame: Any) -> dict[str, Any]:
    """Copy of the notes that earlier steps made on the frame (`frame.attrs["geo_risk"]`)."""
    return dict(frame.attrs.get(_REPORT, {}))


def texts_of(frame: Any, column: str) -> Texts:
    """Text column by distinct values; all missing if there is no such column."""
    if column not in frame.columns:
        return Texts.missing(len(frame))
    return Texts.of(frame[column])


def too_coarse(frame: Any, coarse: str) -> NDArray[np.bool_]:
    """Mask of rows whose coordinates stand for a larger area; all False with "keep"."""
    check_choice(coarse, "coarse", ("skip", "keep"))
    if coarse == "keep":
        return np.zeros(len(frame), dtype=bool)
    return texts_of(frame, "location_precision").isin(COARSE)
