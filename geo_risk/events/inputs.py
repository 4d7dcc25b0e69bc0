"""Convert any input (a path, a frame, a list of dicts) to one plain table."""

from __future__ import annotations

import io
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from geo_risk._core.files import name_of
from geo_risk._core.secrets import without_secrets
from geo_risk._core.validate import refuse_unused
from geo_risk.errors import DataNotFoundError
from geo_risk.events import formats
from geo_risk.events.archives import open_stream, sniff
from geo_risk.events.columns import as_text, inferred
from geo_risk.events.delimited import Chunk, DelimitedReader, unique_names
from geo_risk.events.gdelt import headerless_names
from geo_risk.events.options import Options
from geo_risk.events.workbooks import read_excel

if TYPE_CHECKING:
    import geopandas as gpd
    import pandas as pd

__all__ = [
    "Loaded",
    "existing",
    "load",
    "open_text",
    "refuse_unheard",
    "text_frame",
    "text_report",
]

_BLOCK_ROWS = 50_000


@dataclass
class Loaded:
    """A table with an index 0..n-1, and facts about its input."""

    frame: pd.DataFrame
    index: pd.Index[Any]
    geometry: gpd.GeoSeries | None = None
    geometry_name: str = "geometry"
    always_malformed_text: bool = False
    """Whether to add the column malformed_text even if no line is malformed."""
    chunk: Chunk = field(default_factory=Chunk)
    report: dict[str, Any] = field(default_factory=dict)
    attrs: dict[Any, Any] = field(default_factory=dict)
    fresh: bool = False
    """Whether nothing else refers to the columns, so that they need no copy."""


def load(path_or_frame: Any, options: Options) -> Loaded:
    """Read a path or take a frame; the caller's object is never changed."""
    import pandas as pd

    if isinstance(path_or_frame, (str, os.PathLike)):
        return _load_path(existing(path_or_frame), options)
    if isinstance(path_or_frame, pd.DataFrame):
        return _take_frame(path_or_frame)
    if isinstance(path_or_frame, pd.Series):
        if not hasattr(path_or_frame, "crs"):
            raise TypeError("Invalid path_or_frame: a Series is one column; a frame is needed.")
        return _take_frame(path_or_frame.to_frame(path_or_frame.name or "geometry"))
    if hasattr(path_or_frame, "__arrow_c_stream__"):
        import pyarrow as pa

        table = path_or_frame if isinstance(path_or_frame, pa.Table) else pa.table(path_or_frame)
        try:
            return _take_frame(formats.frame_of_arrow(table))
        except pa.ArrowNotImplementedError:
            if not hasattr(path_or_frame, "to_pandas"):
                raise
            # An older pyarrow does not know all types of a newer polars; polars converts them.
            return _take_frame(path_or_frame.to_pandas())
    if hasattr(path_or_frame, "read"):
        return _load_stream(path_or_frame, options)
    if isinstance(path_or_frame, Mapping):
        if path_or_frame.get("type") == "FeatureCollection":
            return _take_frame(*formats.frame_of_collection(path_or_frame))
        return _take_frame(pd.DataFrame(dict(path_or_frame)))
    if isinstance(path_or_frame, Iterable) and not isinstance(path_or_frame, (bytes, bytearray)):
        return _take_frame(*formats.frame_of_records(path_or_frame))
    raise TypeError(
        f"Invalid path_or_frame: {type(path_or_frame).__name__}; a path, a data frame (pandas, "
        "geopandas, polars, Arrow) or an iterable of dicts is needed."
        + (" Call .collect() on it first." if hasattr(path_or_frame, "collect") else "")
    )


def existing(path: str | os.PathLike[str]) -> Path:
    """`path` as a Path; raises DataNotFoundError if it is not an existing file."""
    found = Path(path)
    if not found.is_file():
        what = "is a directory, not a file" if found.is_dir() else "does not exist"
        hint = " read_events downloads nothing." if "://" in str(path) else ""
        raise DataNotFoundError(f"{without_secrets(str(path))!r} {what}.{hint}")
    return found


def _load_path(path: Path, options: Options) -> Loaded:
    if path.stat().st_size == 0:
        raise ValueError(f"{path.name} is empty: it does not even have a header.")
    kind = sniff(path)
    refuse_unheard(kind, path.name, options)
    if kind in {"text", "gzip", "zip"}:
        return _load_rows(open_text(path, kind, options), kind)
    if kind == "jsonl":
        loaded = _take_frame(*formats.read_json_lines(path))
    elif kind in {"json", "vector"}:
        read = formats.read_json if kind == "json" else formats.read_vector
        loaded = _take_frame(*read(path, options.layer, options.max_unpacked_bytes))
    elif kind in {"excel", "xls"}:
        sheet, limit = options.layer, options.max_unpacked_bytes
        loaded = _take_frame(read_excel(path, kind, sheet, limit))
    else:
        loaded = _take_frame(
            (formats.read_arrow if kind == "arrow" else formats.read_parquet)(path)
        )
    loaded.report |= {"input": name_of(path), "format": kind}
    return loaded


def _load_stream(source: Any, options: Options) -> Loaded:
    """Read delimited text or JSON from an open file, such as standard input."""
    content = source.read()
    raw = content.encode() if isinstance(content, str) else bytes(content)
    name = Path(str(getattr(source, "name", "the stream"))).name
    if not raw.strip():
        raise ValueError(f"{name} is empty: it does not even have a header.")
    if raw.lstrip()[:1] in {b"{", b"["}:
        loaded = _take_frame(*formats.parse_json(raw, name))
        loaded.report |= {"input": name, "format": "json"}
        return loaded
    stream = io.BufferedReader(io.BytesIO(raw))
    return _load_rows(_reader(stream, name, options), "text")


def refuse_unheard(kind: str, name: str, options: Options) -> None:
    """Raise an error for `member` or `layer` if the file offers no such choice."""
    if kind != "zip":
        refuse_unused({"member": options.member}, f"{name} is not a zip archive")
    if kind not in {"json", "vector", "excel", "xls"}:
        refuse_unused({"layer": options.layer}, f"{name} has neither layers nor sheets")


def open_text(path: Path, kind: str, options: Options) -> DelimitedReader:
    """Open delimited text; a GDELT export, which has no header, gets its column names."""
    stream = open_stream(path, kind, member=options.member, max_bytes=options.max_unpacked_bytes)
    return _reader(stream, name_of(path), options)


def _reader(stream: IO[bytes], name: str, options: Options) -> DelimitedReader:
    names = None if options.names is None else unique_names(options.names)
    try:
        reader = DelimitedReader(
            stream,
            name,
            delimiter=options.delimiter,
            encoding=options.encoding,
            names=names,
        )
        if names is None and options.source in {None, "gdelt"}:
            names = headerless_names(reader.peek(50))
            if names is not None:
                reader.use(names, "\t", quoting=False)
        if names is None:
            reader.read_header()
    except BaseException:
        stream.close()
        raise
    return reader


def _load_rows(reader: DelimitedReader, kind: str) -> Loaded:
    """Read all rows of a file of delimited text and close it."""
    import pandas as pd
    import pyarrow as pa

    whole, parts, rows = Chunk(), [], 0
    try:
        while len(chunk := reader.take(_BLOCK_ROWS)):
            parts.append(text_table(chunk, reader.columns))
            whole.add(chunk, rows)
            rows += len(chunk)
    finally:
        reader.close()
    table = pa.concat_tables(parts) if parts else text_table(Chunk(), reader.columns)
    del parts
    frame = _named([inferred(column) for column in table.itercolumns()], reader.columns)
    report = text_report(kind, reader)
    return Loaded(frame, pd.RangeIndex(rows), chunk=whole, report=report, fresh=True)


def text_report(kind: str, reader: DelimitedReader) -> dict[str, Any]:
    """Report on a file of delimited text."""
    return {
        "input": reader.name,
        "format": kind,
        "delimiter": reader.delimiter,
        "encoding": reader.encoding,
    }


def text_table(chunk: Chunk, columns: list[str]) -> Any:
    """Arrow table of text; an empty cell is missing."""
    import pyarrow as pa

    chunk.settle(columns)
    return pa.concat_tables(chunk.tables)


def text_frame(chunk: Chunk, columns: list[str]) -> Any:
    """Frame of text, even if the text looks like numbers."""
    table = text_table(chunk, columns)
    return _named([as_text(column) for column in table.itercolumns()], columns)


def _named(series: list[Any], columns: list[str]) -> Any:
    import pandas as pd

    frame = pd.DataFrame(dict(enumerate(series)), copy=False)
    frame.columns = pd.Index(columns, dtype=object)
    return frame


def _take_frame(frame: pd.DataFrame, chunk: Chunk | None = None) -> Loaded:
    import geopandas as gpd
    import pandas as pd

    table = pd.DataFrame(frame).copy(deep=False)
    attrs = dict(frame.attrs)
    geometry: Any = None
    geometry_name: Any = "geometry"
    if isinstance(frame, gpd.GeoDataFrame):
        geometry_name = frame.active_geometry_name
        if geometry_name is not None and geometry_name in frame.columns:
            position = list(frame.columns).index(geometry_name)
            array: Any = frame.geometry.array
            geometry = gpd.GeoSeries(array, crs=frame.crs)
            table = table.iloc[:, [i for i in range(table.shape[1]) if i != position]]
    table.columns = pd.Index(unique_names([_column_name(name) for name in table.columns]))
    table.index = pd.RangeIndex(len(table))
    report = {"input": type(frame).__name__, "format": "frame"}
    return Loaded(
        table,
        frame.index,
        geometry,
        str(geometry_name),
        chunk=Chunk() if chunk is None else chunk,
        report=report,
        attrs=attrs,
    )


def _column_name(name: Any) -> str:
    return "_".join(str(part) for part in name) if isinstance(name, tuple) else str(name)
