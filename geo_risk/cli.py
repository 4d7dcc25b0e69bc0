"""The command line: `geo-risk`."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    import pandas as pd

    from geo_risk.assessment import Assessment

__all__ = ["app", "main"]

app = typer.Typer(
    name="geo-risk",
    help="Where events happened, how near which border, and whether they are a hotspot. Offline.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)

_EVENT_COLUMNS = {
    "event_id": "event",
    "location_name": "place",
    "region_code": "region",
    "region_name": "name",
    "match": "match",
    "h3_cell": "H3 cell",
    "border_m": "border km",
    "border_country_code": "other side",
    "date_precision": "date to",
}


@app.callback()
def _common(
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="Say what is done.")] = False,
) -> None:
    """Geospatial event risk, offline and worldwide."""
    logging.basicConfig(level=logging.INFO if verbose else logging.WARNING, format="%(message)s")


@app.command()
def demo(
    out: Annotated[Path, typer.Option(help="Folder for the results.")] = Path("geo-risk-demo"),
) -> None:
    """Run the whole job on the embedded data, and write tables, pictures and a web map.

    Example: geo-risk demo --out demo
    """
    from geo_risk.demo import run_demo

    with _spinner("Locating, measuring, scoring, drawing"):
        found = run_demo(out)
    _print_table("Reports from north-east Afghanistan", _event_lines(found.reports))
    _print_table(
        "Regions with reports",
        found.reports.regions[["region_code", "region_name", "n_events", "neighbor_countries"]],
    )
    presence = found.presence[["region_code", "region_name", "neighbor_countries", "presence"]]
    _print_table(
        "IS-K fighters, 1,500 to 4,000 in all, by region",
        presence.assign(certainty=found.presence["certainty"]),
    )
    _print_hotspots("Seismic events over California and Nevada", found.earthquakes)
    _print_files(found.files)


@app.command()
def assess(
    events: Annotated[Path, typer.Argument(help="CSV, Parquet, GeoJSON, … with events.")],
    out: Annotated[Path, typer.Option(help="Folder for the results.")],
    source: Annotated[str | None, typer.Option(help="acled, ucdp, gdelt or table.")] = None,
    resolution: Annotated[int, typer.Option(min=0, max=15, help="H3 resolution.")] = 7,
    hotspot_resolution: Annotated[
        int | None, typer.Option(min=0, max=15, help="H3 resolution of the scored cells.")
    ] = None,
    study_area: Annotated[
        str, typer.Option(help="regions, countries, or codes joined by commas.")
    ] = "regions",
    value: Annotated[str | None, typer.Option(help="Column to score; default: a count.")] = None,
    snap_km: Annotated[float, typer.Option(min=0.0, help="Snap points just outside.")] = 5.0,
    maps: Annotated[bool, typer.Option(help="Draw a picture and a web map.")] = True,
    jobs: Annotated[int, typer.Option(help="Threads; -1 for all processors.")] = 1,
) -> None:
    """Geocode, index, measure and score a file of events.

    Example: geo-risk assess ged.csv --out result --study-area AF-TAK,AF-BDS
    """
    from geo_risk.assessment import assess as run

    area: Any = study_area.split(",") if "," in study_area else study_area
    with _spinner("Locating, measuring, scoring"):
        found = run(
            events,
            source=source,
            resolution=resolution,
            hotspot_resolution=hotspot_resolution,
            study_area=area,
            value=value,
            snap_km=snap_km,
            n_jobs=jobs,
        )
        files = found.save(out)
        if maps:
            files += _draw(found, out, events.stem)
    counts = found.events["match"].value_counts().rename_axis("match").reset_index(name="events")
    _print_table("How events were located", counts)
    flags = found.events["flags"].str.split(";").explode()
    flags = flags[flags.astype(bool) & flags.notna()]
    if len(flags):
        told = flags.value_counts().rename_axis("flag").reset_index(name="events")
        _print_table("Flags", told)
    _print_table("First events", _event_lines(found).head(12))
    _print_hotspots("Hotspots", found)
    _print_files(files)


def _draw(found: Assessment, out: Path, title: str) -> list[Path]:
    from geo_risk.borders import load_borders
    from geo_risk.maps import static_map, web_map
    from geo_risk.regions import load_regions

    content: dict[str, Any] = {
        "events": found.events,
        "cells": found.cells,
        "regions": load_regions(),
        "borders": load_borders(),
        "title": title,
    }
    static_map(out / "map.png", **content)
    web_map(out / "map.html", **content)
    return [out / "map.png", out / "map.html"]


def _event_lines(found: Assessment) -> pd.DataFrame:
    """The columns a reader wants first, distances in kilometres."""
    import pandas as pd

    table = pd.DataFrame(found.events)
    held = [name for name in _EVENT_COLUMNS if name in table.columns]
    lines = table[held].copy()
    if "border_m" in lines:
        lines["border_m"] = [
            "" if metres != metres else f"{metres / 1000:.1f}" for metres in lines["border_m"]
        ]
    return lines.rename(columns=_EVENT_COLUMNS)


def _print_hotspots(title: str, found: Assessment) -> None:
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
        lines[name] = [f"{value:.3g}" for value in lines[name]]
    _print_table(f"{title}: {(cells['hotspot'] == 'hot').sum()} hot cells, the first five", lines)


def _print_table(title: str, table: pd.DataFrame) -> None:
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


def _print_files(files: list[Path]) -> None:
    typer.echo("\nWritten:")
    for path in files:
        typer.echo(f"  {path}")
    typer.echo(
        "\nBoundaries show administration as the sources record it, without endorsement. "
        "Absence of reports is not safety."
    )


def _spinner(text: str) -> Any:
    from rich.console import Console

    return Console(stderr=True).status(f"{text} …")


def main() -> None:
    """Run the command line; an error that the user can act on is one line, exit code 2."""
    from geo_risk.errors import GeoRiskError

    try:
        app()
    except (GeoRiskError, ValueError, TypeError, OSError) as error:
        typer.echo(f"geo-risk: {error}", err=True)
        raise SystemExit(2) from error


if __name__ == "__main__":
    main()
