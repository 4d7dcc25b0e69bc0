"""Options of the event readers."""

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
    """Options of `read_events` and `iter_events`; None means that the value is detected.

    Parameters
    ----------
    lon, lat : str, optional
        Columns that hold the coordinates, degrees (or units of `crs`).
    columns : mapping of str to str, optional
        Schema field → original column, for example ``{"category": "what"}``, if the names alone
        are not enough; "latlon" or "lonlat" → a column with both coordinates, latitude or
        longitude first.
    crs : any CRS that pyproj knows, optional
        CRS of the coordinates, if the input does not state one and they are not degrees.
    dayfirst : bool, optional
        Order of day and month in dates such as 03/04/2020, if the column does not decide it.
    encoding, delimiter, names : optional
        For delimited text: encoding, delimiter, and column names if it has no header.
    member, layer : optional
        File of a zip archive; layer of a GeoPackage or sheet of a workbook.
    max_unpacked_bytes : int
        Largest unpacked size of a compressed file.

    Raises
    ------
    TypeError
        `columns` is not a mapping, `lon` or `lat` is not a name.
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
                raise TypeError(f"Invalid {name}: {column!r} is not a column name.")
        delimiter = self.delimiter
        if delimiter is not None and (not isinstance(delimiter, str) or len(delimiter) != 1):
            raise ValueError(f"Invalid delimiter: {delimiter!r}; one character is needed.")


@dataclass(frozen=True, kw_only=True)
class Options(ReadOptions):
    """Options of a call, with the source."""

    source: str | None = None
    columns: Mapping[str, str | list[str]] = field(default_factory=dict)


def options_of(source: str | None, asked: ReadOptions) -> Options:
    """The options with the source."""
    if source is not None:
        check_choice(source, "source", SOURCES)
    given = {name: getattr(asked, name) for name in ReadOptions.__dataclass_fields__}
    return Options(source=source, **given | {"columns": dict(asked.columns or {})})
