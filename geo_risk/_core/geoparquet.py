"""Read GeoParquet, and reject geometries that would crash GEOS."""

from __future__ import annotations

import json
from typing import Any

import numpy as np

from geo_risk._core.geojson import BROKEN, known_crs
from geo_risk._core.grids import refuse_paths
from geo_risk._core.nesting import MOST_LEVELS, deep_rows
from geo_risk.errors import DataCorruptError

__all__ = ["is_text", "read_geoparquet", "refuse_deep", "with_whole_text"]


def read_geoparquet(source: Any) -> Any:
    """Read a GeoParquet file as a GeoDataFrame; geometries must not be nested too deeply.

    Parameters
    ----------
    source : path or binary file

    Raises
    ------
    DataCorruptError
        Damaged, or geometries nested to more than `MOST_LEVELS` levels.
    ValueError
        No geometry that the GeoParquet metadata describe.
    """
    import geopandas
    import pyarrow
    from shapely.errors import ShapelyError

    try:
        try:
            _check_geometries(source)
            _rewind(source)
            with np.errstate(invalid="ignore"):  # of NaN in coordinates
                return with_whole_text(geopandas.read_parquet(source))
        except Exception:
            _rewind(source)
            _check_texts(source)  # broken text explains more
            raise
    except (DataCorruptError, FileNotFoundError):
        raise
    except (pyarrow.ArrowException, OSError, ShapelyError) as error:
        raise DataCorruptError(f"{source} cannot be read: {error}") from error
    except BROKEN as error:
        raise ValueError(
            f"Invalid source: {source} has no geometry that GeoParquet describes: {error}"
        ) from error


def _rewind(source: Any) -> None:
    if hasattr(source, "seek"):
        source.seek(0)


def _check_texts(source: Any) -> None:
    """Raise for text that is not UTF-8."""
    import pyarrow.parquet as pq

    with pq.ParquetFile(source) as file:
        texts = [item.name for item in file.schema_arrow if is_text(item.type)]
        for batch in file.iter_batches(columns=texts) if texts else ():
            batch.validate(full=True)


def with_whole_text(frame: Any) -> Any:
    """Return a frame read with Arrow; text that is not UTF-8 raises ArrowInvalid.

    Text of pandas from 3 on is Arrow's memory as it was read; before, reading decoded it.
    """
    import pandas as pd
    import pyarrow as pa

    levels = [frame.index.get_level_values(i) for i in range(frame.index.nlevels)]
    for column in [*(column for _, column in frame.items()), *levels]:
        if isinstance(column.dtype, pd.CategoricalDtype):
            column = column.dtype.categories
        if isinstance(column.dtype, pd.StringDtype):
            pa.array(column.array, from_pandas=True).validate(full=True)
    return frame


def _check_geometries(source: Any) -> None:
    """Raise for deep geometries, and a CRS with an unknown name."""
    import pyarrow.parquet as pq

    with pq.ParquetFile(source) as file:
        told = json.loads((file.schema_arrow.metadata or {}).get(b"geo", b"{}")).get("columns", {})
        for about in told.values():
            stated = about.get("crs")
            refuse_paths(stated, "the metadata")
            if isinstance(stated, str) and known_crs(stated) is None:
                raise ValueError(f"unknown crs {stated[:200]!r}")
        wkb = [name for name, about in told.items() if about.get("encoding") == "WKB"]
        row = 0
        for batch in file.iter_batches(columns=wkb) if wkb else ():
            for column in batch.columns:
                refuse_deep(column, row)
            row += len(batch)


def is_text(kind: Any) -> bool:
    """Whether an Arrow type is text, or a dictionary of texts."""
    import pyarrow as pa

    kind = kind.value_type if pa.types.is_dictionary(kind) else kind
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind))


def refuse_deep(blobs: Any, first: int = 0) -> None:
    """Raise if a geometry in an Arrow array of WKB is nested too deeply.

    `first` is its first row in the table.
    """
    import pyarrow as pa

    if not (pa.types.is_binary(blobs.type) or pa.types.is_large_binary(blobs.type)):
        raise ValueError(f"WKB is binary, not {blobs.type}")
    if deep := deep_rows(blobs):
        raise DataCorruptError(
            f"The geometry of row {first + deep[0]} cannot be read: it holds more than "
            f"{MOST_LEVELS} levels of geometries within geometries."
        )
