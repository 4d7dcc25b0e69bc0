"""Input of the command line: events from files and pipes, options of the readers, layers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from geo_risk._core.terminal import one_line, say, standard_input
from geo_risk.errors import OptionNeededError

if TYPE_CHECKING:
    import geopandas

    from geo_risk.regions import RegionLayer

__all__ = ["for_the_command_line", "is_located", "iter_input", "pick_layer", "read_input"]

STREAM = "-"
_TEXTS = ("lon", "lat", "crs", "encoding", "member")
_OPTIONS = (*_TEXTS, "dayfirst", "delimiter", "layer", "names")
_TRUTH = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}
_LOCATED = {"match", "region_code", "country_code", "unit_code"}


def read_input(events: str, source: str | None, given: Sequence[str] = ()) -> Any:
    """Read events from a file, or delimited text or JSON from standard input for "-"."""
    from geo_risk.events import read_events

    options = _checked(given)
    if events == STREAM:
        found = read_events(standard_input(), source, **options)
    else:
        found = read_events(events, source, **options)
    tell_reading(found)
    return found


def iter_input(
    events: str, source: str | None, given: Sequence[str], chunk_rows: int
) -> Iterator[geopandas.GeoDataFrame]:
    """Read a file of events chunk by chunk."""
    from geo_risk.events import iter_events

    if events == STREAM:
        raise ValueError("Invalid chunk-rows: standard input is read whole; name a file.")
    for number, chunk in enumerate(
        iter_events(events, source, chunk_rows=chunk_rows, **_checked(given))
    ):
        if number == 0:
            tell_reading(chunk, first=True)
        yield chunk


def tell_reading(frame: geopandas.GeoDataFrame, *, first: bool = False) -> None:
    """Report on standard error how the input, or its first rows, was read."""
    report = frame.attrs["geo_risk"]
    columns = report["columns"].get("geometry", "none")
    columns = columns if isinstance(columns, str) else " and ".join(columns)
    how = "recognised" if report["recognised"] else "as given"
    flags = ", ".join(f"{code} {count}" for code, count in report["flags"].items())
    name = "standard input" if report["input"] == "<stdin>" else report["input"]
    rows = f"{'first ' if first else ''}{report['rows']} rows"
    told = f"; flagged: {flags}" if flags else ""
    say(
        f"{name}: {rows} read as {report['source']} ({how}), coordinates from {columns}{told}",
        err=True,
    )


def reader_options(given: Sequence[str]) -> dict[str, Any]:
    """Options of `read_events` from texts such as "lon=POINT_X" or "category=what"."""
    from geo_risk.events.schema import field_names

    options: dict[str, Any] = {}
    columns: dict[str, Any] = {}
    for text in given:
        key, sign, value = text.partition("=")
        key = key.strip()
        if not sign or not (value if key == "delimiter" else value.strip(", ")):
            raise ValueError(f"Invalid --read: {text!r}; NAME=VALUE is needed.")
        if key in options or key in columns:
            raise ValueError(f"Invalid --read: {text!r}; {key} is stated twice.")
        if key in _TEXTS:
            options[key] = value
        elif key == "dayfirst":
            if value.lower() not in _TRUTH:
                raise ValueError(f"Invalid --read: {text!r}; dayfirst is true or false.")
            options[key] = _TRUTH[value.lower()]
        elif key == "delimiter":
            options[key] = {"\\t": "\t", "tab": "\t"}.get(value, value)
        elif key == "layer":
            options[key] = int(value) if value.isdecimal() and value.isascii() else value
        elif key == "names":
            options[key] = value.split(",")
        elif key in (*field_names(), "date", "latlon", "lonlat"):
            columns[key] = value.split(",") if "," in value else value
        else:
            known = ", ".join((*_OPTIONS, "latlon", "lonlat", "date", *field_names()))
            raise ValueError(f"Invalid --read: {key!r} is not one of {known}.")
    return options | ({"columns": columns} if columns else {})


def _checked(given: Sequence[str]) -> dict[str, Any]:
    """Options of `read_events`, after a check of the encoding and the CRS."""
    import pyproj

    options = reader_options(given)
    encoding, crs = options.get("encoding", "utf-8"), options.get("crs", "EPSG:4326")
    try:
        "".encode(encoding)
    except (LookupError, ValueError) as error:
        raise ValueError(f"Invalid --read: {encoding!r} is not a known encoding.") from error
    try:
        pyproj.CRS.from_user_input(crs)
    except (pyproj.exceptions.CRSError, ValueError) as error:
        raise ValueError(f"Invalid --read: {crs!r} is not a known CRS.") from error
    return options


def for_the_command_line(error: Exception) -> str:
    """Text of an error for the command line, with `--read lon=…` in place of `lon=`."""
    if not isinstance(error, OptionNeededError):
        return one_line(error)
    own = {"worldview": "--worldview …"}
    shown = " ".join(own.get(name, f"--read {name}=…") for name in error.options)
    return f"{one_line(error)}\nOn the command line: {shown}"


def is_located(frame: Any) -> bool:
    """Whether the input came from `geo-risk geocode` (or another step that locates)."""
    return set(frame.columns) >= _LOCATED


def pick_layer(regions: Path | None, level: int, worldview: str | None) -> RegionLayer | None:
    """The user's own layer, the bundled one in a worldview, or None for the bundled default."""
    from geo_risk.regions import load_regions

    if regions is not None:
        if worldview is not None:
            raise ValueError("Invalid worldview: only the bundled layer has views; see --regions.")
        return load_regions(regions, level=level)
    return None if worldview is None else load_regions(worldview=worldview)
