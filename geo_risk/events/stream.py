"""`iter_events`: read a file chunk by chunk, even if it does not fit into memory."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from geo_risk.events.archives import DEFAULT_UNPACKED_BYTES, sniff
from geo_risk.events.inputs import (
    Loaded,
    Options,
    existing,
    load,
    open_text,
    refuse_unheard,
    text_frame,
    text_report,
)
from geo_risk.events.plan import Plan, make_options, make_plan
from geo_risk.events.read import convert

if TYPE_CHECKING:
    import geopandas as gpd

__all__ = ["iter_events"]


def iter_events(
    path: str | os.PathLike[str],
    source: str | None = None,
    *,
    chunk_rows: int = 100_000,
    lon: str | None = None,
    lat: str | None = None,
    columns: Mapping[str, str | list[str]] | None = None,
    crs: Any = None,
    dayfirst: bool | None = None,
    encoding: str | None = None,
    delimiter: str | None = None,
    names: list[str] | None = None,
    member: str | None = None,
    max_unpacked_bytes: int = DEFAULT_UNPACKED_BYTES,
) -> Iterator[gpd.GeoDataFrame]:
    """Read a large file chunk by chunk: every row, in order, with constant memory.

    Source, columns and the order of dates are decided on the first chunk that allows it and hold
    from there on. Each chunk is as returned by `read_events`, with two differences that keep all
    chunks of a text file consistent: the original columns stay text, and there is always a column
    `malformed_text`. Duplicated identifiers and swapped coordinates are detected within a chunk,
    not across chunks.

    Parameters
    ----------
    path : path
        Delimited text (plain, .gz or .zip), Parquet or GeoParquet.
    chunk_rows : int
        Rows per chunk, at least 1.
    source, lon, lat, columns, crs, dayfirst, encoding, delimiter, names, member, \
max_unpacked_bytes
        As for `read_events`.

    Yields
    ------
    geopandas.GeoDataFrame
        At least one chunk, even for a file without rows; the index continues across chunks.

    Raises
    ------
    ValueError
        As for `read_events`, and for a format that cannot be streamed.
    DataNotFoundError, DataCorruptError
        The file does not exist or is damaged; chunks before the damage have been returned.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> import geo_risk.events as events
    >>> folder = tempfile.TemporaryDirectory()
    >>> path = pathlib.Path(folder.name) / "events.csv"
    >>> _ = path.write_text("lon,lat\\n1,2\\n3,4\\n5,6\\n")
    >>> [len(chunk) for chunk in events.iter_events(path, chunk_rows=2)]
    [2, 1]
    >>> folder.cleanup()
    """
    options = make_options(
        source=source,
        lon=lon,
        lat=lat,
        columns=columns,
        crs=crs,
        dayfirst=dayfirst,
        encoding=encoding,
        delimiter=delimiter,
        names=names,
        member=member,
        max_unpacked_bytes=max_unpacked_bytes,
    )
    if isinstance(chunk_rows, bool) or not isinstance(chunk_rows, int) or chunk_rows < 1:
        raise ValueError(f"Invalid chunk_rows: {chunk_rows!r}; must be an integer of at least 1.")
    found = existing(path)
    if found.stat().st_size == 0:
        raise ValueError(f"{found.name} is empty: it does not even have a header.")
    kind = sniff(found)
    refuse_unheard(kind, found.name, options)
    chunks: Callable[[Path, str, Options, int], Iterator[Loaded]]
    if kind in {"text", "gzip", "zip"}:
        chunks = _text_chunks
    elif kind == "parquet":
        chunks = _parquet_chunks
    else:
        raise ValueError(
            f"Cannot stream {found.name}: only delimited text and Parquet are read in chunks; "
            "read_events reads the whole file."
        )
    return _converted(chunks(found, kind, options, chunk_rows), options)


def _converted(chunks: Iterator[Loaded], options: Options) -> Iterator[gpd.GeoDataFrame]:
    plan: Plan | None = None
    for loaded in chunks:
        plan = plan or make_plan(loaded, options)
        frame = convert(loaded, plan)
        if plan.dayfirst is None:
            plan = replace(plan, dayfirst=frame.attrs["geo_risk"].get("dayfirst"))
        yield frame


def _text_chunks(path: Path, kind: str, options: Options, n: int) -> Iterator[Loaded]:
    import pandas as pd

    reader, start = open_text(path, kind, options), 0
    try:
        while True:
            chunk = reader.take(n)
            if len(chunk) or start == 0:
                frame = text_frame(chunk, reader.columns)
                index = pd.RangeIndex(start, start + len(frame))
                report = text_report(kind, reader)
                start = index.stop
                yield Loaded(frame, index, always_malformed_text=True, chunk=chunk, report=report)
            if len(chunk) < n:
                return
    finally:
        reader.close()


def _parquet_chunks(path: Path, kind: str, options: Options, n: int) -> Iterator[Loaded]:
    import pandas as pd
    import pyarrow as pa
    import pyarrow.parquet as pq

    from geo_risk.errors import DataCorruptError

    start = 0
    try:
        file = pq.ParquetFile(path)
        batches = file.iter_batches(batch_size=n)
        empty = pa.Table.from_batches([], schema=file.schema_arrow)
        tables = (
            (pa.Table.from_batches([batch]) for batch in batches)
            if file.metadata.num_rows
            else [empty]
        )
        for table in tables:
            loaded = load(table.replace_schema_metadata(file.schema_arrow.metadata), options)
            loaded.index = pd.RangeIndex(start, start + len(loaded.frame))
            loaded.report |= {"input": path.name, "format": kind}
            start = loaded.index.stop
            yield loaded
    except (pa.ArrowException, OSError, UnicodeDecodeError) as error:  # also of column names
        raise DataCorruptError(f"{path.name} is not a readable Parquet file: {error}") from error
