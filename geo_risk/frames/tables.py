"""Write frames to files, in the formats of results: the same bytes for the same frame."""

from __future__ import annotations

import csv
import json
import logging
import re
from collections.abc import Sequence
from io import BytesIO
from itertools import chain
from os import PathLike
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import numpy as np

from geo_risk._core.distinct import Texts, text_of
from geo_risk._core.files import replacing
from geo_risk._core.geoparquet import read_geoparquet
from geo_risk._core.validate import refuse_unused
from geo_risk._core.vector import layers_of
from geo_risk.errors import DataCorruptError

if TYPE_CHECKING:
    import geopandas
    import pandas as pd

__all__ = [
    "FORMATS",
    "check_csv_safe",
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
"""Endings that `write_table` accepts."""

# GDAL writes the current time into a GeoPackage unless a time is set.
_GDAL_TIME = "2000-01-01T00:00:00Z"
_GPKG_NAMES = ("fid", "geom", "geometry")
# Characters that begin a formula (OWASP, CSV injection), with full-width forms and minus signs.
_FORMULA = re.compile(
    "[\t\r\n\v\f]|[\\s\"'`\u00a0\u200b-\u200f\u2060\ufeff]*"
    "[=+@\uff1d\uff0b\uff0d\uff20\ufe62\ufe63\ufe66\ufe6b\u2212-]"
)
_NUMBER = re.compile(r"[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]+)?")
_BYTES = (bytes, bytearray, memoryview)
_LOG = logging.getLogger("geo_risk")


def write_table(
    frame: geopandas.GeoDataFrame, path: str | PathLike[str], *, csv_safe: bool = False
) -> Path:
    """Write a frame in the format given by the ending of `path`.

    Parameters
    ----------
    frame : GeoDataFrame
        Its index is not written.
    path : path
        ``.parquet`` (GeoParquet), ``.csv``, ``.geojson``, ``.gpkg`` or ``.arrow`` (IPC file with
        WKB geometry). CSV has `lon` and `lat` for points, well-known text for other geometries.
    csv_safe : bool, default False
        For CSV files that are opened in a spreadsheet: text that it would read as a formula (text
        that begins with ``= + - @``, their full-width forms, a tab or a line break, also after
        blanks and quotes, and is not a plain number) gets an apostrophe before it, also in headers.
        Other programs read the apostrophe as part of the text.

    Returns
    -------
    Path
        The path written. The same frame gives the same bytes. An existing file is replaced
        completely or, after an error, not at all.

    Raises
    ------
    ValueError
        Another ending, or a GeoPackage with other layers; `csv_safe` for another format.
    FileNotFoundError
        The folder does not exist.
    """
    target = Path(path)
    check_csv_safe(csv_safe, [check_path(target)])
    with replacing(target) as part:
        write_part(frame, part, target, csv_safe=csv_safe)
    return target


def write_part(
    frame: geopandas.GeoDataFrame, part: Path, target: Path, *, csv_safe: bool = False
) -> None:
    """Write to `part` the content of `target`, in the format of its ending."""
    kind = target.suffix.lower()
    plain = storable(frame, binary=kind in (".parquet", ".arrow"))
    if kind == ".parquet":
        plain.to_parquet(part, index=False, schema_version="1.1.0")
    elif kind == ".csv":
        write_csv(plain, part, csv_safe=csv_safe)
    elif kind == ".arrow":
        plain.to_feather(part, index=False, schema_version="1.1.0")
    elif kind == ".geojson":
        part.write_bytes(_gdal_bytes(plain, "GeoJSON", target.stem))
    else:
        part.write_bytes(_gdal_bytes(_for_geopackage(plain), "GPKG", target.stem))


def read_saved(path: str | PathLike[str]) -> geopandas.GeoDataFrame:
    """Read a GeoParquet file that `write_table` wrote, with the original types of the columns.

    Parameters
    ----------
    path : path
        ``.parquet``.

    Returns
    -------
    GeoDataFrame
        As it was written: text in object columns is of type object again, missing values are None,
        and times have their unit. Values that `write_table` converted to text stay text; the index
        counts from 0.
    """
    import pandas as pd
    import pyarrow.parquet

    frame: geopandas.GeoDataFrame = read_geoparquet(path)
    noted = json.loads((pyarrow.parquet.read_schema(path).metadata or {}).get(b"pandas", "{}"))
    for name, column in zip(frame.columns, noted.get("columns", ())):
        kind = column["numpy_type"]
        if name == frame.geometry.name:
            continue
        if kind == "object":  # pandas 3 would return strings, with NaN for None
            plain = frame[name].to_numpy(dtype=object)
            values = np.where(frame[name].isna(), np.array(None), plain)
            frame[name] = pd.Series(values, index=frame.index, dtype=object)
        elif column["pandas_type"] == "datetime" and frame[name].dtype != kind:
            frame[name] = frame[name].astype(kind)  # Parquet has no whole seconds
    return frame


def check_path(target: Path) -> str:
    """Check a path to write to, and return its ending."""
    kind = target.suffix.lower()
    if kind not in FORMATS:
        raise ValueError(f"Invalid path: {target.name!r} ends in none of {', '.join(FORMATS)}.")
    if not target.parent.is_dir():
        raise FileNotFoundError(f"{str(target.parent)!r} is not a folder: create it first.")
    if target.is_dir():
        raise ValueError(f"Invalid path: {str(target)!r} is a folder.")
    if kind == ".gpkg" and target.is_file():
        _refuse_other_layers(target)
    return kind


def check_format(ending: str) -> str:
    """Check an ending for `write_table`, and add its dot if it is missing."""
    dotted = ending if ending.startswith(".") else f".{ending}"
    if dotted.lower() not in FORMATS:
        raise ValueError(f"Invalid formats: {ending!r}; must be one of {', '.join(FORMATS)}.")
    return dotted.lower()


def write_csv(
    frame: geopandas.GeoDataFrame,
    target: Path | IO[str],
    *,
    header: bool = True,
    csv_safe: bool = False,
) -> None:
    """Write a frame as CSV to a file or a stream; `header` is False for further rows of a file."""
    table = flat_table(storable(frame))
    if csv_safe:
        table = _without_formulas(table)
    texts = (Texts.of(table.iloc[:, at], blank=True).values for at in _text_columns(table))
    broken = any("\r" in str(text) for text in chain(table.columns, *texts))
    table.to_csv(
        target, index=False, lineterminator="\n", header=header, encoding="utf-8",
        quoting=csv.QUOTE_NONNUMERIC if broken else csv.QUOTE_MINIMAL,  # the latter leaves \r bare
    )  # fmt: skip


def _text_columns(table: pd.DataFrame) -> list[int]:
    """Positions of the columns that may contain text."""
    import pandas as pd

    kinds = pd.api.types
    return [at for at, kind in enumerate(table.dtypes)
            if isinstance(kind, pd.CategoricalDtype)
            or kinds.is_object_dtype(kind) or kinds.is_string_dtype(kind)]  # fmt: skip


def check_csv_safe(csv_safe: bool | None, endings: Sequence[str]) -> None:
    """Raise an error if `csv_safe` is set but no CSV file is written."""
    if csv_safe and ".csv" not in endings:
        refuse_unused({"csv_safe": True}, "it applies to CSV, and no CSV is written")


def _without_formulas(table: pd.DataFrame) -> pd.DataFrame:
    """Table without text that a spreadsheet would read as a formula."""
    import pandas as pd

    columns = dict(enumerate(table.iloc[:, at] for at in range(table.shape[1])))
    for at in _text_columns(table):
        columns[at] = pd.Series([_no_formula(value) for value in columns[at]], dtype=object)
    names = [_no_formula(name) for name in table.columns]
    return pd.DataFrame(columns).set_axis(names, axis="columns")


def _no_formula(value: Any) -> Any:
    """Value of a cell, with an apostrophe first if a spreadsheet would read it as a formula."""
    formula = isinstance(value, str) and _FORMULA.match(value) and not _NUMBER.fullmatch(value)
    return f"'{value}" if formula else value


def _gdal_bytes(plain: geopandas.GeoDataFrame, driver: str, layer: str) -> bytes:
    """Bytes of a file with one layer, made in memory: GDAL reports a full disk late or never."""
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
    """Frame whose columns have no names reserved by GeoPackage, and no name twice.

    A column `fid` would become the row identifier and disappear; names ignore case.
    """
    shape = plain.geometry.name
    names = plain.columns.drop([shape])
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
    """Raise an error if the GeoPackage has other layers, which would be lost."""
    try:
        others = sorted(set(layers_of(target)) - {target.stem})
    except DataCorruptError:
        return  # damaged, or not a GeoPackage: nothing can be lost
    if others:
        raise ValueError(
            f"Invalid path: {str(target)!r} contains other layers, which would be lost: "
            f"{', '.join(others)}. Choose another file, or remove this one first."
        )


def storable(frame: geopandas.GeoDataFrame, *, binary: bool = False) -> geopandas.GeoDataFrame:
    """Copy with columns that every file format can store, without `attrs`.

    Bytes become hexadecimal text, except in a column of bytes alone with `binary` formats.
    """
    import pandas as pd

    plain = frame.reset_index(drop=True)
    plain.attrs = {}
    for name in plain.columns:
        plain[name] = _one_missing(plain[name])
        if name == plain.geometry.name or plain[name].dtype != object:
            continue
        if pd.api.types.infer_dtype(plain[name], skipna=True) == "string":
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
    """Column in which all missing values have the same bits, because Arrow files store these."""
    import pandas as pd

    kind: Any = values.dtype
    if isinstance(kind, np.dtype) and kind.kind == "f":
        return values.where(values.notna(), np.nan)  # some NaNs have a sign bit
    masked = isinstance(kind, (pd.BooleanDtype, *_masked_numbers()))
    if not masked:
        return values
    data = values.to_numpy(dtype=kind.numpy_dtype, na_value=0)
    held = type(values.array)(data, values.isna().to_numpy())
    return pd.Series(held, index=values.index)


def _masked_numbers() -> tuple[type, ...]:
    """pandas' number types that store missing values in a mask."""
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
        empty = shapely.is_empty(shapes)  # empty points have no x
        shapes = np.where(empty, np.array(None), shapes)
        columns = {"lon": shapely.get_x(shapes), "lat": shapely.get_y(shapes)}
    for name, values in columns.items():
        free = name
        while free in plain.columns:
            free += "_"
        plain[free] = values
    return plain
