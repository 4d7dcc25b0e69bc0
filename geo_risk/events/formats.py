"""Read each file format into a frame, with one kind of error for broken files."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from geo_risk._core import geojson, vector
from geo_risk._core.geojson import BROKEN, BrokenRow
from geo_risk._core.geoparquet import is_text, read_geoparquet, refuse_deep, with_whole_text
from geo_risk._core.grids import refuse_paths
from geo_risk.errors import DataCorruptError
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


def frame_of_records(records: Iterable[Any], *, strict: bool = True) -> tuple[Any, Chunk]:
    """Frame of dicts or of GeoJSON features.

    An element that is not a dict raises TypeError if `strict`; otherwise it is a malformed row.
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
        elif geojson.has_surrogate(row):
            told = f"element {position} holds half a character (a lone surrogate)"
            chunk.tell(position, "unreadable_row", json.dumps(row, default=str)[:1000], told)
            rows[position] = {}
    present = [row for row in rows if row]
    if present and all(row.get("type") == "Feature" and "geometry" in row for row in present):
        frame, broken = frame_of_features(rows)
        broken.add(chunk, 0)
        return frame, broken
    index = pd.RangeIndex(len(rows))  # keeps rows without any column
    return pd.DataFrame([dict(row) for row in rows], index=index), chunk


def frame_of_features(features: Any, crs: Any = "EPSG:4326") -> tuple[Any, Chunk]:
    """Frame of GeoJSON features (RFC 7946: WGS84), and a record of the broken ones."""
    if not isinstance(features, list):
        raise ValueError("Invalid GeoJSON: a FeatureCollection needs a list of features.")
    frame, broken = geojson.frame_of_features(features, crs)
    return frame, _told(broken)


def frame_of_collection(content: Mapping[str, Any]) -> tuple[Any, Chunk]:
    """Frame of a FeatureCollection, in the CRS that it states."""
    return frame_of_features(content.get("features"), geojson.crs_of(content))


def _told(broken: Iterable[BrokenRow]) -> Chunk:
    chunk = Chunk()
    for row in broken:
        chunk.tell(*row)
    return chunk


def _shapely_error() -> type[Exception]:
    """The error that shapely's readers raise."""
    from shapely.errors import ShapelyError

    kind: type[Exception] = ShapelyError
    return kind


def frame_of_arrow(table: Any) -> Any:
    """Frame of an Arrow table, with geometries if its metadata declares them."""
    import geopandas as gpd
    import pyarrow as pa

    try:
        table.validate(full=True)  # text that is not UTF-8 would fail later
    except BROKEN as error:
        raise DataCorruptError(f"The Arrow table cannot be used: {error}.") from error
    metadata = table.schema.metadata or {}
    if b"geo" in metadata:  # GeoParquet read with pyarrow: WKB columns and JSON metadata
        import io

        import pyarrow.parquet as pq

        sink = io.BytesIO()
        pq.write_table(table, sink)
        sink.seek(0)
        try:
            return read_geoparquet(sink)
        except DataCorruptError:
            raise
        except BROKEN as error:
            raise DataCorruptError(f"The GeoParquet metadata cannot be used: {error}") from error
    extension = b"ARROW:extension:name"
    marks = [(item.metadata or {}).get(extension) for item in table.schema]
    # old pyarrow reads the names of columns here, which may not be UTF-8
    for mark, column in zip(marks, table.itercolumns() if any(marks) else ()):
        if mark and _is_binary(column.type):
            refuse_deep(column)
    for item in table.schema if any(marks) else ():
        refuse_paths(_parsed((item.metadata or {}).get(b"ARROW:extension:metadata")), item.name)
    if any(marks):
        try:
            return gpd.GeoDataFrame.from_arrow(table)
        except (*BROKEN, _shapely_error()):
            pass  # extension types, but no readable geometry among them
    try:
        return table.to_pandas()
    except pa.ArrowNotImplementedError:
        raise
    except BROKEN as error:
        raise DataCorruptError(
            f"The Arrow table cannot be used: {type(error).__name__}: {error}."
        ) from error


def _parsed(text: bytes | None) -> Any:
    """Metadata of an Arrow column, parsed if it is JSON, else as text."""
    try:
        return json.loads(text or b"{}")
    except (ValueError, RecursionError):
        return (text or b"").decode("utf-8", "replace")


def read_parquet(path: Path) -> Any:
    """Read Parquet or GeoParquet."""
    import pandas as pd
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        schema = pq.read_schema(path)
        try:
            if b"geo" in (schema.metadata or {}):
                return read_geoparquet(path)
            return with_whole_text(pd.read_parquet(path))
        except Exception:
            texts = [item.name for item in schema if is_text(item.type)]
            pq.read_table(path, columns=texts).validate(full=True)  # names the broken text
            raise
    except DataCorruptError:
        raise
    except (pa.ArrowException, OSError, *BROKEN, _shapely_error()) as error:
        raise DataCorruptError(f"{path.name} is not a readable Parquet file: {error}") from error


def _is_binary(kind: Any) -> bool:
    import pyarrow as pa

    return bool(pa.types.is_binary(kind) or pa.types.is_large_binary(kind))


def read_arrow(path: Path) -> Any:
    """Read Arrow IPC (Feather)."""
    import pyarrow as pa
    import pyarrow.feather

    try:
        return frame_of_arrow(pyarrow.feather.read_table(path))
    except (pa.ArrowException, OSError) as error:
        raise DataCorruptError(f"{path.name} is not a readable Arrow file: {error}") from error


def read_json(path: Path, layer: str | int | None, max_bytes: int) -> tuple[Any, Chunk]:
    """Read GeoJSON, TopoJSON, a list of records, or an answer of the UCDP or ACLED service."""
    raw = path.read_bytes()
    if b'"Topology"' in raw and _is_topology(geojson.parse_json(raw, path.name)):
        return read_vector(path, layer, max_bytes)
    return parse_json(raw, path.name)


def _is_topology(content: Any) -> bool:
    return isinstance(content, Mapping) and content.get("type") == "Topology"


def parse_json(raw: bytes, name: str) -> tuple[Any, Chunk]:
    """Read JSON in memory, as `read_json`, but not TopoJSON."""
    import pandas as pd

    content = geojson.parse_json(raw, name)
    if isinstance(content, Mapping):
        if content.get("type") == "FeatureCollection":
            return frame_of_collection(content)
        for key in ("Result", "data", "results", "events"):  # keys in answers of UCDP and ACLED
            if isinstance(content.get(key), list):
                return frame_of_records(content[key], strict=False)
        return pd.DataFrame([content]), Chunk()
    if isinstance(content, list):
        return frame_of_records(content, strict=False)
    raise ValueError(f"{name} contains no table: neither a list of records nor GeoJSON.")


def read_json_lines(path: Path) -> tuple[Any, Chunk]:
    """Read one JSON object per line; a line without one is kept and recorded."""
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
        raise DataCorruptError(f"{path.name} contains no JSON object: {chunk.messages[0]}.")
    frame, broken = frame_of_records(rows)
    broken.add(chunk, 0)
    return frame, broken


def read_vector(path: Path, layer: str | int | None, max_bytes: int) -> tuple[Any, Chunk]:
    """Read one layer of a TopoJSON, GeoPackage, FlatGeobuf, Shapefile, GML or KML file."""
    read = vector.read_vector(path, layer, max_bytes=max_bytes)
    return read.frame, _told(read.broken)
