"""Output of the command line: tables on the terminal, JSON, files."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import IO, TYPE_CHECKING, Annotated, Any

import typer

from geo_risk._core.files import replacing, same_file
from geo_risk._core.terminal import draw_table, say, spinner, standard_output, visible_json

if TYPE_CHECKING:
    import geopandas
    import pandas as pd

    from geo_risk.assessment import Assessment
    from geo_risk.frames.share import Sharing
    from geo_risk.regions import RegionLayer

__all__ = [
    "Json",
    "check_folder",
    "check_out",
    "draw_maps",
    "event_lines",
    "print_files",
    "print_hotspots",
    "print_json",
    "print_table",
    "write_chunks",
    "write_output",
]

Json = Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")]
_EVENT_COLUMNS = {
    "event_id": "event",
    "location_name": "place",
    "region_code": "region",
    "region_name": "name",
    "match": "match",
    "h3_cell": "H3 cell",
    "border_m": "border km",
    "border_country_code": "other side",
    "country_certainty": "country sure",
    "date_precision": "date to",
}
_WITHHELD = "Points left out of this map, because their source forbids sharing its rows: {n}."
_STREAM = "-"
_MAPS = ("map.png", "map.html")
_WRITTEN = {"events", "cells", "regions", "borders", "provenance", "map"}  # into a folder


def check_out(
    out: str, *inputs: str | Path | None, csv_safe: bool = False, as_json: bool = False
) -> None:
    """Raise before the work starts if `out` cannot be written or is one of the inputs."""
    from geo_risk.frames.tables import check_csv_safe, check_path

    if out == _STREAM:
        standard_output()
        check_csv_safe(csv_safe, [".json" if as_json else ".csv"])
    else:
        check_csv_safe(csv_safe, [check_path(Path(out))])
        _refuse_unwritable(Path(out))
        _refuse_input(Path(out), inputs)


def check_folder(out: Path, *inputs: str | Path | None) -> None:
    """Raise if `out` cannot be a writable folder, or one of its files is an input."""
    standard_output()
    if out.exists() and not out.is_dir():
        raise ValueError(f"Invalid out: {str(out)!r} is a file; a folder is needed.")
    _refuse_unwritable(out / "any")
    for path in out.glob("*"):
        if path.stem in _WRITTEN:
            _refuse_input(path, inputs)


def _refuse_unwritable(path: Path) -> None:
    """Raise if the folder of a path is a file or is not writable."""
    above = next(folder for folder in path.absolute().parents if folder.exists())
    if not above.is_dir():
        raise ValueError(f"Invalid out: {str(above)!r} is a file, not a folder.")
    if not os.access(above, os.W_OK | os.X_OK):
        raise PermissionError(f"Invalid out: the folder {str(above)!r} may not be written to.")


def _refuse_input(path: Path, inputs: tuple[str | Path | None, ...]) -> None:
    """Raise if a path is an input, also by a link or in another spelling."""
    for given in inputs:
        if given is not None and same_file(path, given):
            raise ValueError(f"Invalid out: {str(path)!r} is the input {str(given)!r} itself.")


def write_output(
    frame: geopandas.GeoDataFrame, out: str, as_json: bool = False, csv_safe: bool = False
) -> None:
    """Write a frame to a file, or to standard output for "-": CSV, or JSON records.

    With `as_json`, a summary of a written file is printed as JSON.
    """
    from geo_risk.frames.tables import flat_table, storable, write_csv, write_table

    if out == _STREAM:
        if as_json:
            print_json(flat_table(storable(frame)).to_dict(orient="records"))
        else:
            write_csv(frame, standard_output(), csv_safe=csv_safe)
        return
    path = write_table(frame, Path(out), csv_safe=csv_safe)
    if as_json:
        print_json({"file": str(path), "rows": len(frame), **_counts(frame)})
    else:
        say(f"Written: {path} ({len(frame)} rows)", err=True)


def write_chunks(
    chunks: Iterable[geopandas.GeoDataFrame],
    out: str,
    as_json: bool = False,
    csv_safe: bool = False,
) -> None:
    """Write frames one after the other as one CSV, with constant memory."""
    from geo_risk.frames.tables import write_csv

    if out != _STREAM and not out.lower().endswith(".csv"):
        raise ValueError(f"Invalid out: {out!r}; chunks can only be written as .csv.")
    if as_json and out == _STREAM:
        raise ValueError("Invalid json: chunks can only be written as .csv; name a file.")
    rows = 0
    with ExitStack() as stack:
        shown = stack.enter_context(spinner("Locating …"))
        stream: Any = None
        for chunk in chunks:
            first, stream = stream is None, stream or _opened(out, stack)
            write_csv(chunk, stream, header=first, csv_safe=csv_safe)
            rows += len(chunk)
            shown.update(f"{rows:,} rows …")
    if as_json:
        print_json({"file": out, "rows": rows})
    elif out != _STREAM:
        say(f"Written: {out} ({rows} rows)", err=True)


def _opened(out: str, stack: ExitStack) -> IO[str]:
    """Stream for CSV: standard output, or a file that replaces `out` when it is complete."""
    if out == _STREAM:
        return standard_output()
    part = stack.enter_context(replacing(out))
    return stack.enter_context(part.open("w", encoding="utf-8", newline=""))


def _counts(frame: geopandas.GeoDataFrame) -> dict[str, Any]:
    """Number of rows by match, by class of hotspot and by flag."""
    from geo_risk.frames.check.routine import flag_counts

    told: dict[str, Any] = {}
    for name in ("match", "hotspot"):
        if name in frame.columns:
            told[name] = {str(key): int(n) for key, n in frame[name].value_counts().items()}
    if "flags" in frame.columns:
        told["flags"] = flag_counts(frame)
    return told


def draw_maps(
    found: Assessment, title: str, layer: RegionLayer | None, sharing: Sharing
) -> dict[str, bytes]:
    """Draw a picture and a web map of the data that are saved with `sharing`; bytes by name."""
    from geo_risk.borders import load_borders
    from geo_risk.maps import Map
    from geo_risk.regions import load_regions

    events, told = (found.events, {}) if sharing.counts else sharing.rows(found.events)
    content: dict[str, Any] = {
        "events": events,
        "cells": found.cells,
        "regions": load_regions() if layer is None else layer,
        "borders": load_borders(layer),
        "title": title,
    }
    if sharing.counts:
        content |= {"share": True, "coarsen": sharing.coarsen, "min_count": sharing.min_count}
    elif "rows_withheld" in told:
        content["attribution"] = [_WITHHELD.format(n=told["rows_withheld"])]
    with TemporaryDirectory() as folder:
        picture, page = (Path(folder, name) for name in _MAPS)
        drawn = Map(**content)
        drawn.png(picture)
        drawn.html(page)
        return {path.name: path.read_bytes() for path in (picture, page)}


def print_json(value: Any) -> None:
    """Print JSON, for programs; NaN becomes null."""
    text = json.dumps(_plain(value), indent=2, ensure_ascii=False)
    standard_output().write(visible_json(text) + "\n")


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    if hasattr(value, "item"):
        value = value.item()
    if value is None or value != value:
        return None
    return value if isinstance(value, (str, int, float, bool)) else str(value)


def event_lines(found: Assessment) -> pd.DataFrame:
    """The most important columns of the events, distances in kilometres."""
    import pandas as pd

    table = pd.DataFrame(found.events)
    lines = table[[name for name in _EVENT_COLUMNS if name in table.columns]].copy()
    lines["border_m"] = [_number(metres / 1000.0, ".1f") for metres in lines["border_m"]]
    if "country_certainty" in lines:
        lines["country_certainty"] = [_number(p, ".2f") for p in lines["country_certainty"]]
    return lines.rename(columns=_EVENT_COLUMNS)


def _number(value: float, form: str) -> str:
    return "" if value != value else format(value, form)


def print_hotspots(title: str, found: Assessment) -> None:
    """Print what was counted, and the most significant cells."""
    cells = found.cells
    say()
    if cells is None:
        say(f"{title}: no event with coordinates lies in any region.")
        return
    counted = found.provenance["hotspots"]
    say(
        f"{title}: {counted['events_counted']} events in {counted['cells']} H3 cells of "
        f"resolution {counted['resolution']}; not counted: {counted['events_outside_study_area']} "
        f"outside the study area, {counted['events_too_coarse']} known only by region or country, "
        f"{counted['events_without_point']} without coordinates."
    )
    top = cells.sort_values(["q_value", "p_value"]).head(5)
    columns = ["h3_cell", "n_events", "gi_z", "p_value", "q_value", "hotspot"]
    lines = top[columns].copy()
    for name in ("gi_z", "p_value", "q_value"):
        lines[name] = [_number(value, ".3g") for value in lines[name]]
    print_table(f"{title}: {(cells['hotspot'] == 'hot').sum()} hot cells, the first five", lines)


def print_table(title: str, table: pd.DataFrame) -> None:
    """Print a table on the terminal."""
    rows = (
        ["" if value is None or value != value else value for value in row]
        for row in table.itertuples(index=False)
    )
    draw_table(title, list(table.columns), rows)


def print_files(files: list[Path] | list[str]) -> None:
    """List the written files, with the note that belongs to every result."""
    say()
    say("Written:")
    for path in files:
        say(f"  {path}")
    say()
    say(
        "Boundaries show administration as the sources record it, without endorsement. "
        "Absence of reports is not safety."
    )
