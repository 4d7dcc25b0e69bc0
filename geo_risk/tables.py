"""Frames to files: the formats that results are written in, the same bytes for the same frame."""

from __future__ import annotations

import json
import logging
from io import BytesIO
from os import PathLike
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import numpy as np

from geo_risk._files import replacing
from geo_risk._frames import text_of

if TYPE_CHECKING:
    import geopandas
    import pandas as pd

__all__ = [
    "FORMATS",
    "check_format",
    "check_path",
    "flat_table",
    "read_saved",
    "storable",
    "write_csv",
    "write_part",
    "write_table",
]

FORMATS = (".parquet", ".csv", ".geojson", ".gpkg", ".arrow")
"""Endings that `write_table` knows."""

# GDAL stamps the time of writing into a GeoPackage unless it is told one.
_GDAL_TIME = "2000-01-01T00:00:00Z"
_GPKG_NAMES = ("fid", "geom", "geometry")
_BYTES = (bytes, bytearray, memoryview)
_LOG = logging.getLogger("geo_risk")


def write_table(frame: geopandas.GeoDataFrame, path: str | PathLike[str]) -> Path:
    """Write a frame in the format that the ending of `path` names.

    Parameters
    ----------
    frame : GeoDataFrame
        Its index is not written.
    path : path
        ``.parquet`` (GeoParquet), ``.csv``, ``.geojson``, ``.gpkg`` or ``.arrow`` (IPC file with
        WKB geometry). CSV has `lon` and `lat` for points, well-known text for other geometries.

    Returns
    -------
    Path
        The path written. The same frame gives the same bytes. A file that is there already is
        replaced as a whole, or after an error not at all.

    Raises
    ------
    ValueError
        Another ending, or a GeoPackage that holds other layers.
    FileNotFoundError
        The folder is not there.
    """
    target = Path(path)
    check_path(target)
    with replacing(target) as part:
        write_part(frame, part, target)
    return target


def write_part(frame: geopandas.GeoDataFrame, part: Path, target: Path) -> None:
    """Write to `part` what is to become `target`, in the format of its ending."""
    kind = target.suffix.lower()
    plain = storable(frame, binary=kind in (".parquet", ".arrow"))
    if kind == ".parquet":
        plain.to_parquet(part, index=False, schema_version="1.1.0")
    elif kind == ".csv":
        write_csv(plain, part)
    elif kind == ".arrow":
        plain.to_feather(part, index=False, schema_version="1.1.0")
    elif kind == ".geojson":
        part.write_bytes(_gdal_bytes(plain, "GeoJSON", target.stem))
    else:
        part.write_bytes(_gdal_bytes(_for_geopackage(plain), "GPKG", target.stem))


def read_saved(path: str | PathLike[str]) -> geopandas.GeoDataFrame:
    """Read a GeoParquet file that `write_table` wrote, with the types that the frame had.

    Parameters
    ----------
    path : path
        ``.parquet``.

    Returns
    -------
    GeoDataFrame
        As it was written: text in columns of objects is object again, missing as None, and times
        have their unit. What `write_table` turned into text stays text; the index counts from 0.
    """
    import geopandas
    import pandas as pd
    import pyarrow.parquet

    frame = geopandas.read_parquet(path)
    noted = json.loads((pyarrow.parquet.read_schema(path).metadata or {}).get(b"pandas", "{}"))
    for name, column in zip(frame.columns, noted.get("columns", ())):
        kind = column["numpy_type"]
        if name == frame.geometry.name:
            continue
        if kind == "object":  # pandas 3 would give text, with NaN for None
            values = np.where(frame[name].isna(), None, frame[name].to_numpy(dtype=object))
            frame[name] = pd.Series(values, index=frame.index, dtype=object)
        elif column["pandas_type"] == "datetime" and frame[name].dtype != kind:
            frame[name] = frame[name].astype(kind)  # Parquet has no whole seconds
    return frame


def check_path(target: Path) -> str:
    """Ending of a path that can be written to, as `write_table` knows it."""
    kind = target.suffix.lower()
    if kind not in FORMATS:
        raise ValueError(f"Invalid path: {target.name!r} ends in none of {', '.join(FORMATS)}.")
    if not target.parent.is_dir():
        raise FileNotFoundError(f"{str(target.parent)!r} is no folder: make it first.")
    if target.is_dir():
        raise ValueError(f"Invalid path: {str(target)!r} is a folder.")
    if kind == ".gpkg" and target.is_file():
        _refuse_other_layers(target)
    return kind


def check_format(ending: str) -> str:
    """An ending that `write_table` knows, its dot added where it was left out."""
    dotted = ending if ending.startswith(".") else f".{ending}"
    if dotted.lower() not in FORMATS:
        raise ValueError(f"Invalid formats: {ending!r} is none of {', '.join(FORMATS)}.")
    return dotted.lower()


def write_csv(
    frame: geopandas.GeoDataFrame, target: Path | IO[str], *, header: bool = True
) -> None:
    """Write a frame as CSV to a file or a stream; without its header behind what is there."""
    flat_table(storable(frame)).to_csv(target, index=False, lineterminator="\n", header=header)


def _gdal_bytes(plain: geopandas.GeoDataFrame, driver: str, layer: str) -> bytes:
    """A file of one layer, made in memory: GDAL tells of a full disk late or not at all."""
    import pyogrio

    made = BytesIO()
    before = pyogrio.get_gdal_config_option("OGR_CURRENT_DATE")
    pyogrio.set_gdal_config_options({"OGR_CURRENT_DATE": _GDAL_TIME})
    try:
        pyogrio.write_dataframe(plain, made, driver=driver, layer=layer)
    finally:
        pyogrio.set_gdal_config_options({"OGR_CURRENT_DATE": before})
    return made.getvalue()


def _for_geopackage(plain: geopandas.GeoDataFrame) -> geopandas.GeoDataFrame:
    """Frame without the names that a GeoPackage keeps for itself, and without a name twice.

    A column `fid` would become the order of the rows, and vanish; case does not tell names apart.
    """
    shape = plain.geometry.name
    names = plain.columns.drop(shape)
    taken, own = set(_GPKG_NAMES), {str(name).lower() for name in names}
    renamed = {}
    for name in names:
        free = str(name)
        if free.lower() in taken:
            while free.lower() in taken | own:
                free += "_"
            renamed[name] = free
        taken.add(free.lower())
    if renamed:
        _LOG.warning("Renamed in the GeoPackage, which cannot hold these names: %s", renamed)
    return plain.rename(columns=renamed)


def _refuse_other_layers(target: Path) -> None:
    """Never lose what somebody else keeps in the same GeoPackage."""
    import pyogrio

    try:
        layers = {str(name) for name, _ in pyogrio.list_layers(target)}
    except pyogrio.errors.DataSourceError:
        return  # damaged, or no GeoPackage: nothing that could be lost
    others = sorted(layers - {target.stem})
    if others:
        raise ValueError(
            f"Invalid path: {str(target)!r} holds other layers, which would be lost: "
            f"{', '.join(others)}. Choose another file, or remove this one first."
        )


def storable(frame: geopandas.GeoDataFrame, *, binary: bool = False) -> geopandas.GeoDataFrame:
    """Copy whose columns every file format can hold, without notes that are not the data's.

    Bytes become hexadecimal digits but for a column of nothing else in a format for `binary`.
    """
    import pandas as pd

    plain = frame.reset_index(drop=True)
    plain.attrs = {}
    for name in plain.columns:
        plain[name] = _one_missing(plain[name])
        if name == plain.geometry.name or plain[name].dtype != object:
            continue
        cells, absent = plain[name].tolist(), plain[name].isna().tolist()
        kinds = {type(cell) for cell, gone in zip(cells, absent) if not gone}
        if not all(issubclass(kind, str) for kind in kinds):
            turn = bytes if binary and kinds <= set(_BYTES) else _text
            held = [None if gone else turn(cell) for cell, gone in zip(cells, absent)]
            plain[name] = pd.Series(held, dtype=object)
    return plain


def _text(value: Any) -> str:
    return value.hex() if isinstance(value, _BYTES) else text_of(value)


def _one_missing(values: Any) -> Any:
    """Numbers or truth with the same bits for all that is missing: Arrow files hold them."""
    import pandas as pd

    kind: Any = values.dtype
    if isinstance(kind, np.dtype) and kind.kind == "f":
        return values.where(values.notna(), np.nan)  # there are NaNs with a sign
    masked = isinstance(kind, (pd.BooleanDtype, *_masked_numbers()))
    if not masked:
        return values
    data = values.to_numpy(dtype=kind.numpy_dtype, na_value=0)
    held = type(values.array)(data, values.isna().to_numpy())
    return pd.Series(held, index=values.index)


def _masked_numbers() -> tuple[type, ...]:
    """pandas' types of numbers that keep what is missing in a mask."""
    import pandas as pd

    sizes = (8, 16, 32, 64)
    names = [f"{kind}{size}Dtype" for kind in ("Int", "UInt") for size in sizes]
    return tuple(getattr(pd, name) for name in (*names, "Float32Dtype", "Float64Dtype"))


def flat_table(frame: geopandas.GeoDataFrame) -> pd.DataFrame:
    """Plain table: points as `lon` and `lat`, other shapes as well-known text."""
    import pandas as pd
    import shapely

    shapes = frame.geometry.to_numpy()
    plain = pd.DataFrame(frame.drop(columns=frame.geometry.name))
    columns: dict[str, Any] = {"geometry": shapely.to_wkt(shapes, rounding_precision=7)}
    if np.isin(shapely.get_type_id(shapes), (-1, 0)).all():
        shapes = np.where(shapely.is_empty(shapes), None, shapes)  # an empty point has no x
        columns = {"lon": shapely.get_x(shapes), "lat": shapely.get_y(shapes)}
    for name, values in columns.items():
        free = name
        while free in plain.columns:
            free += "_"
        plain[free] = values
    return plain
