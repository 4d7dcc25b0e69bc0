"""`iter_events`: read a file chunk by chunk, even if it does not fit into memory."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from geo_risk._core.options import carries, chosen
from geo_risk._core.validate import check_integer
from geo_risk.events.archives import sniff
from geo_risk.events.inputs import (
    Loaded,
    existing,
    load,
    open_text,
    refuse_unheard,
    text_frame,
    text_report,
)
from geo_risk.events.options import Options, ReadOptions, options_of
from geo_risk.events.plan import Plan, make_plan
from geo_risk.events.read import convert

if TYPE_CHECKING:
    import geopandas as gpd

__all__ = ["iter_events"]


@carries(ReadOptions)
def iter_events(
    path: str | os.PathLike[str],
    source: str | None = None,
    *,
    chunk_rows: int = 100_000,
    options: ReadOptions | None = None,
    **fields: Any,
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
    source : {"acled", "ucdp", "gdelt", "gtd", "table"}, optional
        By default recognised from the columns.
    chunk_rows : int
        Rows of a chunk, at least 1.
    options : ReadOptions, optional
        As for `read_events`.
    **fields
        The fields of `ReadOptions`, in place of `options`.

    Yields
    ------
    geopandas.GeoDataFrame
        At least one chunk, even for a file without rows; the index continues across chunks.

    Raises
    ------
    ValueError
        As for `read_events`, and for a format that cannot be streamed, or `chunk_rows` below 1.
    TypeError
        A `chunk_rows` that is no integer.
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
    asked = options_of(source, chosen(ReadOptions, options, fields, iter_events))
    chunk_rows = check_integer(chunk_rows, "chunk_rows", low=1)
    found = existing(path)
    if found.stat().st_size == 0:
        raise ValueError(f"{found.name} is empty: it does not even have a header.")
    kind = sniff(found)
    refuse_unheard(kind, found.name, asked)
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
    return _converted(chunks(found, kind, asked, chunk_rows), asked)


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
                yield Loaded(
                    frame, index, always_malformed_text=True, chunk=chunk, report=report, fresh=True
                )
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
