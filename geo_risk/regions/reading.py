"""Open a file of polygons, whatever its format, in degrees."""

from __future__ import annotations

import re
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from geo_risk._secrets import without_secrets
from geo_risk._shapefiles import check_shapefile
from geo_risk.errors import DataCorruptError, DataNotFoundError

if TYPE_CHECKING:
    import geopandas

__all__ = ["read_polygons", "to_degrees"]

_PARQUET = (".parquet", ".geoparquet", ".pq")
_LON_LAT = "EPSG:4326"
_LINK = re.compile(rb"(\xef\xbb\xbf)?\s*(<\?xml.*?\?>\s*)?<(OGR|VRT|GDAL|WFS)", re.DOTALL)


def read_polygons(source: Any, *, table: str | None = None) -> tuple[geopandas.GeoDataFrame, str]:
    """Read a file, or take a GeoDataFrame as it is; return it with a name for the layer.

    Nothing is fetched, unpacked to disk or executed: an archive is read in place.

    Parameters
    ----------
    source : path or GeoDataFrame
        GeoJSON, Shapefile (also zipped), GeoPackage, FlatGeobuf, TopoJSON, GeoParquet, and what
        else GDAL reads.
    table : str, optional
        Which of several layers of the file.

    Raises
    ------
    DataNotFoundError
        There is no such file.
    DataCorruptError
        The file cannot be read.
    ValueError
        Several layers and no `table`, or a table without geometry.
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
            f"Invalid source: {shown!r} is an address; geo_risk.regions.fetch_layer(url) fetches "
            "it and returns a path."
        )
    path = Path(source)
    if not path.exists():
        raise DataNotFoundError(f"No file {shown!r}. The bundled layer is called 'natural_earth'.")
    name = path.name.split(".")[0]
    if path.suffix.lower() in _PARQUET:
        return _read_parquet(path), name
    return _read_with_gdal(path, table), name


def _read_parquet(path: Path) -> geopandas.GeoDataFrame:
    import geopandas
    import pyarrow

    try:
        return geopandas.read_parquet(path)
    except ValueError as error:
        if isinstance(error, pyarrow.ArrowInvalid):
            raise DataCorruptError(f"{path} cannot be read: {error}") from error
        raise ValueError(
            f"Invalid source: {path} has no geometry that GeoParquet describes: {error}"
        ) from error
    except OSError as error:
        raise DataCorruptError(f"{path} cannot be read: {error}") from error


def _refuse_links(path: Path) -> None:
    """Refuse files that hold no data but have GDAL open other files or addresses."""
    heads = []
    if path.is_file():
        with path.open("rb") as file:
            heads.append(file.read(512))
    if heads and zipfile.is_zipfile(path):
        try:
            with zipfile.ZipFile(path) as archive:
                for member in archive.infolist():
                    with archive.open(member) as content:
                        heads.append(content.read(512))
        except (zipfile.BadZipFile, OSError, RuntimeError, NotImplementedError, EOFError) as error:
            raise DataCorruptError(f"{path} cannot be read: {error}") from error
    for head in heads:
        if _LINK.match(head):
            raise ValueError(
                f"Invalid source: {path} holds no polygons but names other sources for GDAL to "
                "open, which is not done: give those themselves."
            )


def _read_with_gdal(path: Path, table: str | None) -> geopandas.GeoDataFrame:
    import geopandas
    import pyogrio
    from pyogrio.errors import DataSourceError

    _refuse_links(path)
    check_shapefile(path)
    try:
        listed = pyogrio.list_layers(path)
        names = [str(name) for name, kind in listed if kind is not None]
        if not names:
            raise ValueError(f"Invalid source: {path} has no layer with geometry.")
        if table is None and len(names) > 1:
            raise ValueError(
                f"Invalid source: {path} has {len(names)} layers: give table= one of "
                f"{', '.join(map(repr, names))}."
            )
        if table is not None and table not in names:
            raise ValueError(f"Invalid table: {table!r}; {path} has {', '.join(map(repr, names))}.")
        frame = geopandas.read_file(path, layer=table or names[0], engine="pyogrio")
    except DataSourceError as error:
        raise DataCorruptError(f"{path} cannot be read as a layer: {error}") from error
    if not isinstance(frame, geopandas.GeoDataFrame):
        raise ValueError(f"Invalid source: {path} has no layer with geometry.")
    return frame


def to_degrees(frame: geopandas.GeoDataFrame, crs: Any = None) -> tuple[Any, str]:
    """Polygons in longitude and latitude, and the name of the CRS that they came in.

    Parameters
    ----------
    frame : GeoDataFrame
    crs : optional
        The CRS of the coordinates where the source states none.

    Raises
    ------
    ValueError
        No CRS, one that contradicts `crs`, other geometries than polygons, or coordinates that
        are no degrees after all.
    """
    import pyproj
    import shapely

    if frame._geometry_column_name not in frame.columns:
        raise ValueError("Invalid source: no geometry column is set (frame.set_geometry).")
    geometry = frame.geometry
    if crs is not None:
        stated = pyproj.CRS.from_user_input(crs)
        if geometry.crs is not None and geometry.crs != stated:
            raise ValueError(
                f"Invalid crs: {stated.to_string()}, but the source says "
                f"{geometry.crs.to_string()}; frame.set_crs(..., allow_override=True) corrects it."
            )
        geometry = geometry.set_crs(stated)
    if geometry.crs is None:
        raise ValueError(
            'Invalid source: it states no CRS. If it holds degrees, say so with crs="EPSG:4326".'
        )
    name = geometry.crs.to_string()
    if geometry.crs != _LON_LAT:
        geometry = geometry.to_crs(_LON_LAT)
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


def _check_range(shapes: Any) -> None:
    """Refuse polygons that leave the map."""
    import shapely

    box = shapely.bounds(shapes)
    limit = np.array([180.0, 90.0, 180.0, 90.0])
    there = ~shapely.is_missing(shapes) & ~shapely.is_empty(shapes)
    # rounding while re-projecting may pass the limit by a hair; that is clipped, no more
    bad = there & ~(np.abs(box) <= limit + 1e-9).all(axis=1)
    if bad.any():
        first = int(np.argmax(bad))
        hint = ""
        if (np.abs(box[first]) > 1000.0).any():
            hint = " These look like projected coordinates: state the right CRS."
        elif box[first, 2] > 180.0:
            hint = " Cut the polygons at the antimeridian (180) and wrap what lies beyond it."
        raise ValueError(
            f"Invalid source: {int(bad.sum())} of {len(shapes)} polygons leave [-180, 180] x "
            f"[-90, 90]; first at row {first}: {np.round(box[first], 3).tolist()}.{hint}"
        )
