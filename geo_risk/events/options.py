"""What a reader of events may be told."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from geo_risk._core.validate import check_choice
from geo_risk.events.archives import DEFAULT_UNPACKED_BYTES
from geo_risk.events.schema import SOURCES

__all__ = ["Options", "ReadOptions", "options_of"]


@dataclass(frozen=True, kw_only=True)
class ReadOptions:
    """Options of `read_events` and `iter_events`; None leaves it to be found out.

    Parameters
    ----------
    lon, lat : str, optional
        Columns that hold the coordinates, degrees (or units of `crs`).
    columns : mapping of str to str, optional
        Schema field → original column, for example ``{"category": "what"}``, where the names
        alone do not tell; "latlon" or "lonlat" → a column that holds both coordinates, latitude
        or longitude first.
    crs : any CRS that pyproj knows, optional
        CRS of the coordinates, where the input does not state one and they are no degrees.
    dayfirst : bool, optional
        Order of day and month in dates such as 03/04/2020, where the column does not settle it.
    encoding, delimiter, names : optional
        Of delimited text: its encoding, its delimiter, its column names if it has no header.
    member, layer : optional
        Which file of a zip archive, which layer of a GeoPackage, which sheet of a workbook.
    max_unpacked_bytes : int
        Most that a compressed file may unpack to.

    Raises
    ------
    TypeError
        `columns` that are no mapping, `lon` or `lat` that is no name.
    ValueError
        A delimiter of more than one character.
    """

    lon: str | None = None
    lat: str | None = None
    columns: Mapping[str, str | list[str]] | None = None
    crs: Any = None
    dayfirst: bool | None = None
    encoding: str | None = None
    delimiter: str | None = None
    names: list[str] | None = None
    member: str | None = None
    layer: str | int | None = None
    max_unpacked_bytes: int = DEFAULT_UNPACKED_BYTES

    def __post_init__(self) -> None:
        if self.columns is not None and not isinstance(self.columns, Mapping):
            raise TypeError(
                f"Invalid columns: {type(self.columns).__name__}; a mapping from field to column "
                "is needed."
            )
        for name, column in (("lon", self.lon), ("lat", self.lat)):
            if not isinstance(column, (str, type(None))):
                raise TypeError(f"Invalid {name}: {column!r} is no column name.")
        delimiter = self.delimiter
        if delimiter is not None and (not isinstance(delimiter, str) or len(delimiter) != 1):
            raise ValueError(f"Invalid delimiter: {delimiter!r}; one character is needed.")


@dataclass(frozen=True, kw_only=True)
class Options(ReadOptions):
    """What a caller decided, the source too."""

    source: str | None = None
    columns: Mapping[str, str | list[str]] = field(default_factory=dict)


def options_of(source: str | None, asked: ReadOptions) -> Options:
    """The options with the source."""
    if source is not None:
        check_choice(source, "source", SOURCES)
    given = {name: getattr(asked, name) for name in ReadOptions.__dataclass_fields__}
    return Options(source=source, **given | {"columns": dict(asked.columns or {})})
