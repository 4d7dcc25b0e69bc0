"""Read polygons from files of many formats, and convert them to degrees."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from geo_risk._core.geojson import HALF_CHARACTER
from geo_risk._core.grids import in_degrees, stated_crs
from geo_risk._core.nesting import MOST_LEVELS, deep_shapes
from geo_risk._core.secrets import without_secrets
from geo_risk._core.vector import read_vector
from geo_risk.errors import DataNotFoundError

if TYPE_CHECKING:
    import geopandas

__all__ = ["read_polygons", "to_degrees"]

_LON_LAT = "EPSG:4326"
_LOG = logging.getLogger("geo_risk")


def read_polygons(source: Any, *, table: str | None = None) -> tuple[geopandas.GeoDataFrame, str]:
    """Read a file, or accept a GeoDataFrame; return the frame with a name for the layer.

    Nothing is downloaded, unpacked to disk or executed, and no other file is opened
    (`geo_risk._core.vector`).

    Parameters
    ----------
    source : path or GeoDataFrame
        GeoJSON, TopoJSON, Shapefile, GeoPackage, FlatGeobuf, GML or KML, each of them also
        zipped, or GeoParquet.
    table : str, optional
        Name of the layer, if the file has several, or of the file in an archive.

    Raises
    ------
    DataNotFoundError
        The file does not exist.
    DataCorruptError
        The file cannot be read.
    ValueError
        Another format, several layers and no `table`, a table without geometry, or rows that
        cannot be read.
    """
    import geopandas

    if isinstance(source, geopandas.GeoDataFrame):
        return source, "frame"
    if not isinstance(source, (str, Path)):
        raise TypeError(
            f"Invalid source: {type(source).__name__} is neither a path nor a GeoDataFrame."
        )
    shown = without_secrets(str(source))
    if str(source).lower().startswith(("http://", "https://", "ftp://", "s3://")):
        raise ValueError(
            f"Invalid source: {shown!r} is an address; geo_risk.regions.fetch_layer(url) "
            "downloads it and returns a path."
        )
    path = Path(source)
    if not path.exists():
        raise DataNotFoundError(f"No file {shown!r}. The bundled layer is called 'natural_earth'.")
    read = read_vector(path, table, option="table", shapes_only=True, keep_halves=True)
    halves = [row.position for row in read.broken if row.code == HALF_CHARACTER]
    if halves:
        _LOG.warning(
            "%s: %d rows hold half a character (a lone surrogate), replaced by U+FFFD; first: %d.",
            path.name, len(halves), halves[0],
        )  # fmt: skip
    broken = [row for row in read.broken if row.code != HALF_CHARACTER]
    if broken:
        first = broken[0]
        raise ValueError(
            f"Invalid source: {len(broken)} of {len(read.frame)} rows of {path} cannot be "
            f"used; first at row {first.position}: {first.reason}."
        )
    if not isinstance(read.frame, geopandas.GeoDataFrame):
        raise ValueError(f"Invalid source: {path} has no layer with geometry.")
    return read.frame, path.name.split(".")[0]


def to_degrees(frame: geopandas.GeoDataFrame, crs: Any = None) -> tuple[Any, str]:
    """Polygons in longitude and latitude, and the name of the CRS that they came in.

    Parameters
    ----------
    frame : GeoDataFrame
    crs : optional
        The CRS of the coordinates if the source states none.

    Raises
    ------
    ValueError
        No CRS, one that contradicts `crs`, geometries that are not polygons, or coordinates that
        are not degrees.
    """
    import shapely

    if frame.active_geometry_name not in frame.columns:
        raise ValueError("Invalid source: no geometry column is set (frame.set_geometry).")
    geometry: Any = _with_crs(frame.geometry, crs)
    name = geometry.crs.to_string()
    _check_vertices(geometry.to_numpy())
    if geometry.crs != _LON_LAT:
        geometry = in_degrees(geometry, "source: its CRS")
    shapes = shapely.force_2d(geometry.to_numpy())
    kinds = shapely.get_type_id(shapes)
    bad = ~np.isin(kinds, (-1, 3, 6, 7)) & ~shapely.is_empty(shapes)
    if bad.any():
        first = int(np.argmax(bad))
        raise ValueError(
            f"Invalid source: {int(bad.sum())} of {len(shapes)} geometries are not polygons; first "
            f"at row {first}: {shapes[first].geom_type}."
        )
    _check_range(shapes)
    return np.asarray(shapes, dtype=object), name


def _with_crs(geometry: geopandas.GeoSeries, crs: Any) -> geopandas.GeoSeries:
    """Geometries with the CRS that they or the caller state."""
    if crs is not None:
        stated = stated_crs(crs)
        if geometry.crs is not None and geometry.crs != stated:
            raise ValueError(
                f"Invalid crs: {stated.to_string()}, but the source says "
                f"{geometry.crs.to_string()}; frame.set_crs(..., allow_override=True) corrects it."
            )
        geometry = geometry.set_crs(stated)
    if geometry.crs is None:
        raise ValueError(
            'Invalid source: it states no CRS. If it holds degrees, use crs="EPSG:4326".'
        )
    return geometry


def _check_vertices(shapes: Any) -> None:
    """Raise for vertices that are NaN or infinite, and for collections nested too deeply.

    GEOS repairs a ring with such a vertex by omitting land, or hangs.
    """
    import shapely

    deep = deep_shapes(shapes)
    if deep.any():
        raise ValueError(
            f"Invalid source: {int(deep.sum())} of {len(shapes)} geometries hold more than "
            f"{MOST_LEVELS} collections within each other; first at row {int(np.argmax(deep))}."
        )
    vertices, row = shapely.get_coordinates(shapes, return_index=True)
    bad = ~np.isfinite(vertices).all(axis=1)
    if bad.any():
        first = int(np.argmax(bad))
        raise ValueError(
            f"Invalid source: {len(np.unique(row[bad]))} of {len(shapes)} geometries have vertices "
            f"that are not finite numbers; first at row {row[first]}: {vertices[first].tolist()}."
        )


def _check_range(shapes: Any) -> None:
    """Raise for polygons outside [-180, 180] x [-90, 90]."""
    import shapely

    box = shapely.bounds(shapes)
    limit = np.array([180.0, 90.0, 180.0, 90.0])
    there = ~shapely.is_missing(shapes) & ~shapely.is_empty(shapes)
    # rounding in the projection may exceed the limit very slightly; only that is clipped
    bad = there & ~(np.abs(box) <= limit + 1e-9).all(axis=1)
    if bad.any():
        first = int(np.argmax(bad))
        hint = ""
        if (np.abs(box[first]) > 1000.0).any():
            hint = " These look like projected coordinates: state the right CRS."
        elif box[first, 2] > 180.0:
            hint = " Cut the polygons at the antimeridian (180) and wrap the parts beyond it."
        raise ValueError(
            f"Invalid source: {int(bad.sum())} of {len(shapes)} polygons leave [-180, 180] x "
            f"[-90, 90]; first at row {first}: {np.round(box[first], 3).tolist()}.{hint}"
        )
