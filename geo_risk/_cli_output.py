"""How the command line shows and writes its results."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

if TYPE_CHECKING:
    import geopandas
    import pandas as pd

    from geo_risk.assessment import Assessment

__all__ = [
    "event_lines",
    "print_files",
    "print_hotspots",
    "print_json",
    "print_table",
    "read_input",
    "spinner",
    "write_output",
]

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
_STREAM = "-"


def read_input(events: str, source: str | None) -> Any:
    """Read events from a file, or CSV from standard input for "-"."""
    from geo_risk.events import read_events

    if events != _STREAM:
        return read_events(events, source)
    import pandas as pd

    return read_events(pd.read_csv(sys.stdin, dtype=str, keep_default_na=False), source)


def write_output(frame: geopandas.GeoDataFrame, out: str) -> None:
    """Write a frame to a file, or CSV to standard output for "-"."""
    from geo_risk.tables import write_csv, write_table

    if out == _STREAM:
        write_csv(frame, sys.stdout)
    else:
        typer.echo(f"Written: {write_table(frame, Path(out))} ({len(frame)} rows)", err=True)


def print_json(value: Any) -> None:
    """Print JSON, for machines; NaN becomes null."""
    typer.echo(json.dumps(_plain(value), indent=2, ensure_ascii=False))


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
    """The columns a reader wants first, distances in kilometres."""
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
    """What was counted, and the cells that stand out most."""
    cells = found.cells
    if cells is None:
        typer.echo(f"\n{title}: no event with coordinates lies in any region.")
        return
    counted = found.provenance["hotspots"]
    typer.echo(
        f"\n{title}: {counted['events_counted']} events in {counted['cells']} H3 cells of "
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
    """Draw a table that a person can read."""
    from rich.console import Console
    from rich.table import Table

    drawn = Table(title=title, title_justify="left", title_style="bold")
    for name in table.columns:
        drawn.add_column(str(name), overflow="fold")
    for row in table.itertuples(index=False):
        drawn.add_row(*("" if value is None or value != value else str(value) for value in row))
    console = Console()
    if not console.is_terminal:
        console = Console(width=160)
    console.print()
    console.print(drawn)


def print_files(files: list[Path]) -> None:
    """List what was written, with the note that goes with every result."""
    typer.echo("\nWritten:")
    for path in files:
        typer.echo(f"  {path}")
    typer.echo(
        "\nBoundaries show administration as the sources record it, without endorsement. "
        "Absence of reports is not safety."
    )


def spinner(text: str) -> Any:
    """A sign of life on standard error; nothing where that is no terminal."""
    from rich.console import Console

    return Console(stderr=True).status(f"{text} …")
