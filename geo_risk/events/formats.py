"""One function per file format → a frame, and one kind of error where a file is broken."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from geo_risk._geometry_text import DEEPEST, deep_rows, too_deep
from geo_risk._shapefiles import check_shapefile
from geo_risk.errors import DataCorruptError, OptionNeededError
from geo_risk.events.delimited import Chunk

__all__ = [
    "frame_of_arrow",
    "frame_of_features",
    "frame_of_records",
    "parse_json",
    "read_arrow",
    "read_json",
    "read_json_lines",
    "read_parquet",
    "read_vector",
]

# What libraries raise when a file's inner structure is not what its outside promised.
_BROKEN = (
    ValueError,
    TypeError,
    KeyError,
    IndexError,
    AttributeError,
    OverflowError,
    RuntimeError,  # also NotImplementedError and the errors of GDAL and PROJ
)


def frame_of_records(records: Iterable[Any], *, strict: bool = True) -> tuple[Any, Chunk]:
    """Frame of dicts, or of GeoJSON features.

    What is no dict is an error of the caller or, unless `strict`, a malformed row of the file.
    """
    import pandas as pd

    rows, chunk = list(records), Chunk()
    for position, row in enumerate(rows):
        if not isinstance(row, Mapping):
            told = f"element {position} is {type(row).__name__}"
            if strict:
                raise TypeError(
                    f"Invalid path_or_frame: {told}; an iterable must give dicts, one per event."
                )
            chunk.tell(position, "unreadable_row", json.dumps(row, default=str)[:1000], told)
            rows[position] = {}
    present = [row for row in rows if row]
    if present and all(row.get("type") == "Feature" and "geometry" in row for row in present):
        frame, broken = frame_of_features(rows)
        broken.add(chunk, 0)
        return frame, broken
    index = pd.RangeIndex(len(rows))  # rows without any column are rows, too
    return pd.DataFrame([dict(row) for row in rows], index=index), chunk


def frame_of_features(features: Any) -> tuple[Any, Chunk]:
    """Frame of GeoJSON features (RFC 7946: always WGS84), and what is told of broken ones.

    A feature's own `id` becomes a column where its properties have none.
    """
    import geopandas as gpd
    from shapely.geometry import shape

    if not isinstance(features, list):
        raise ValueError("Invalid GeoJSON: a FeatureCollection needs a list of features.")
    chunk, rows, shapes = Chunk(), [], []
    for position, feature in enumerate(features):
        row, found, reason, code = {}, None, "", "unreadable_row"
        try:
            row = dict(feature.get("properties") or {})
            code = "bad_coordinates"  # what can still go wrong
            if "id" in feature:
                row.setdefault("id", feature["id"])
            given = feature.get("geometry")
            if too_deep(given):
                raise ValueError(f"collections within collections, more than {DEEPEST} deep")
            found = shape(given) if given else None
        except (*_BROKEN, _shapely_error()) as error:
            reason = f"feature {position}: {type(error).__name__}: {error}"
        if reason:
            chunk.tell(position, code, json.dumps(feature, default=str)[:1000], reason)
        row.pop("geometry", None)
        rows.append(row)
        shapes.append(found)
    return gpd.GeoDataFrame(rows, geometry=shapes, crs="EPSG:4326"), chunk


def _shapely_error() -> type[Exception]:
    """The error that shapely's readers raise."""
    from shapely.errors import ShapelyError

    kind: type[Exception] = ShapelyError
    return kind


def frame_of_arrow(table: Any) -> Any:
    """Frame of an Arrow table, with its geometries where it says that it has some."""
    import geopandas as gpd
    import pyarrow as pa

    try:
        table.validate(full=True)  # text that is no UTF-8 would fail somewhere further on
    except _BROKEN as error:
        raise DataCorruptError(f"The Arrow table cannot be used: {error}.") from error
    _refuse_deep(table, "The Arrow table")
    metadata = table.schema.metadata or {}
    if b"geo" in metadata:  # GeoParquet read with pyarrow: WKB columns and JSON metadata
        import io

        import pyarrow.parquet as pq

        sink = io.BytesIO()
        pq.write_table(table, sink)
        sink.seek(0)
        try:
            return gpd.read_parquet(sink)
        except (*_BROKEN, _shapely_error()) as error:
            raise DataCorruptError(f"The GeoParquet metadata cannot be used: {error}") from error
    extension = b"ARROW:extension:name"
    if any(extension in (item.metadata or {}) for item in table.schema):
        try:
            return gpd.GeoDataFrame.from_arrow(table)
        except (*_BROKEN, _shapely_error()):
            pass  # extension types, but no geometry among them that can be read
    try:
        return table.to_pandas()
    except pa.ArrowNotImplementedError:
        raise
    except _BROKEN as error:
        raise DataCorruptError(
            f"The Arrow table cannot be used: {type(error).__name__}: {error}."
        ) from error


def _refuse_deep(table: Any, name: str) -> None:
    """Refuse geometries that would end the process, in the columns that are read as WKB."""
    geometries = b"geo" in (table.schema.metadata or {})
    for item, column in zip(table.schema, table.itercolumns()):
        if not (geometries or b"ARROW:extension:name" in (item.metadata or {})):
            continue
        if _is_binary(item.type) and (rows := deep_rows(column)):
            raise DataCorruptError(
                f"{name} cannot be used: the geometry in row {rows[0]} of {item.name!r} has "
                f"collections within collections, more than {DEEPEST} deep."
            )


def read_parquet(path: Path) -> Any:
    """Parquet or GeoParquet."""
    import geopandas as gpd
    import pandas as pd
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        schema = pq.read_schema(path)
        texts = [item.name for item in schema if _is_text(item.type)]
        pq.read_table(path, columns=texts).validate(full=True)  # is it UTF-8?
        if b"geo" not in (schema.metadata or {}):
            return pd.read_parquet(path)
        shapes = [item.name for item in schema if _is_binary(item.type)]
        _refuse_deep(pq.read_table(path, columns=shapes), path.name)
        return gpd.read_parquet(path)
    except DataCorruptError:
        raise
    except (pa.ArrowException, OSError, *_BROKEN, _shapely_error()) as error:
        raise DataCorruptError(f"{path.name} is no readable Parquet file: {error}") from error


def _is_text(kind: Any) -> bool:
    """Whether an Arrow type is text, or a dictionary of texts."""
    import pyarrow as pa

    kind = kind.value_type if pa.types.is_dictionary(kind) else kind
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind))


def _is_binary(kind: Any) -> bool:
    import pyarrow as pa

    return bool(pa.types.is_binary(kind) or pa.types.is_large_binary(kind))


def read_arrow(path: Path) -> Any:
    """Arrow IPC (Feather)."""
    import pyarrow as pa
    import pyarrow.feather

    try:
        return frame_of_arrow(pyarrow.feather.read_table(path))
    except (pa.ArrowException, OSError) as error:
        raise DataCorruptError(f"{path.name} is no readable Arrow file: {error}") from error


def read_json(path: Path) -> tuple[Any, Chunk]:
    """GeoJSON, a list of records, or an answer of the services of UCDP or ACLED."""
    raw = path.read_bytes()
    if b'"crs"' in raw:  # pre-RFC 7946: GDAL knows how to read these
        content = _json(raw, path.name)
        if isinstance(content, Mapping) and "crs" in content:
            return read_vector(path, None), Chunk()
    return parse_json(raw, path.name)


def _json(raw: bytes, name: str) -> Any:
    try:
        return json.loads(raw)
    except (ValueError, RecursionError) as error:
        raise DataCorruptError(f"{name} is no readable JSON: {error}") from error


def parse_json(raw: bytes, name: str) -> tuple[Any, Chunk]:
    """As `read_json`, of what stands in memory."""
    import pandas as pd

    content = _json(raw, name)
    if isinstance(content, Mapping):
        if content.get("type") == "FeatureCollection":
            return frame_of_features(content.get("features"))
        for key in ("Result", "data", "results", "events"):  # as the APIs of UCDP and ACLED answer
            if isinstance(content.get(key), list):
                return frame_of_records(content[key], strict=False)
        return pd.DataFrame([content]), Chunk()
    if isinstance(content, list):
        return frame_of_records(content, strict=False)
    raise ValueError(f"{name} holds no table: neither a list of records nor GeoJSON.")


def read_json_lines(path: Path) -> tuple[Any, Chunk]:
    """One JSON object per line; a line that is none is kept and told of."""
    chunk = Chunk()
    rows: list[Any] = []
    with path.open("rb") as stream:
        for number, line in enumerate(stream, start=1):
            if not line.strip():
                continue
            try:
                row = json.loads(line)
                reason = "" if isinstance(row, Mapping) else f"no object but {type(row).__name__}"
            except (ValueError, RecursionError) as error:
                reason = str(error)
            if reason:
                text = line.decode("utf-8", errors="replace").rstrip("\r\n")
                chunk.tell(len(rows), "unreadable_row", text, f"line {number}: {reason}")
                row = {}
            rows.append(row)
    if len(chunk.malformed) == len(rows):
        raise DataCorruptError(f"{path.name} holds no JSON object: {chunk.messages[0]}.")
    frame, broken = frame_of_records(rows)
    broken.add(chunk, 0)
    return frame, broken


def read_vector(path: Path, layer: str | int | None) -> Any:
    """One layer of what GDAL reads: GeoPackage, FlatGeobuf, Shapefile, …."""
    import geopandas as gpd
    import pyogrio

    check_shapefile(path)
    try:
        layers = [str(name) for name, _ in pyogrio.list_layers(path)]
    except _BROKEN as error:
        raise DataCorruptError(f"{path.name} cannot be read: {error}") from error
    if layer is None and len(layers) > 1:
        raise OptionNeededError(
            f"{path.name} has several layers: {layers}. Choose one with layer=.", ["layer"]
        )
    if layer is not None and layer not in layers and not isinstance(layer, int):
        raise ValueError(f"Invalid layer: {layer!r}; {path.name} has {layers}.")
    try:
        return gpd.read_file(path, engine="pyogrio", layer=layer)
    except _BROKEN as error:
        raise DataCorruptError(f"{path.name} cannot be read: {error}") from error
