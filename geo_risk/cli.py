"""The command line: `geo-risk`.

Exit codes: 0 done, 2 a wrong argument or an input that cannot be used (one line on standard error
says which), 1 anything else.
"""

from __future__ import annotations

import logging
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from geo_risk._cli_output import (
    event_lines,
    print_files,
    print_hotspots,
    print_json,
    print_table,
    read_input,
    spinner,
    write_output,
)

if TYPE_CHECKING:
    from geo_risk.assessment import Assessment

__all__ = ["app", "main"]

app = typer.Typer(
    name="geo-risk",
    help="Where events happened, how near which border, and whether they are a hotspot. Offline.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)

Events = Annotated[str, typer.Argument(help="CSV, Parquet, GeoJSON, …; - for CSV on stdin.")]
Out = Annotated[str, typer.Option(help="File (.csv .parquet .geojson .gpkg .arrow); - for CSV.")]
Source = Annotated[str | None, typer.Option(help="acled, ucdp, gdelt, gtd or table.")]
Jobs = Annotated[int, typer.Option(help="Threads; -1 for all processors.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON, for machines.")]
Resolution = Annotated[int, typer.Option(min=0, max=15, help="H3 resolution.")]
StudyArea = Annotated[str, typer.Option(help="regions, countries, or codes joined by commas.")]


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

    with spinner("Locating, measuring, scoring, drawing"):
        found = run_demo(out)
    print_table("Reports from north-east Afghanistan", event_lines(found.reports))
    print_table(
        "Regions with reports",
        found.reports.regions[["region_code", "region_name", "n_events", "neighbor_countries"]],
    )
    presence = found.presence[["region_code", "region_name", "neighbor_countries", "presence"]]
    print_table(
        "IS-K fighters, 1,500 to 4,000 in all, by region",
        presence.assign(certainty=found.presence["certainty"]),
    )
    print_hotspots("Seismic events over California and Nevada", found.earthquakes)
    print_files(found.files)


@app.command()
def assess(
    events: Events,
    out: Annotated[Path, typer.Option(help="Folder for the results.")],
    source: Source = None,
    resolution: Resolution = 7,
    hotspot_resolution: Annotated[
        int | None, typer.Option(min=0, max=15, help="H3 resolution of the scored cells.")
    ] = None,
    study_area: StudyArea = "regions",
    value: Annotated[str | None, typer.Option(help="Column to score; default: a count.")] = None,
    snap_km: Annotated[float, typer.Option(min=0.0, help="Snap points just outside.")] = 5.0,
    maps: Annotated[bool, typer.Option(help="Draw a picture and a web map.")] = True,
    jobs: Jobs = 1,
    as_json: Json = False,
) -> None:
    """Geocode, index, measure and score a file of events.

    Example: geo-risk assess ged.csv --out result --study-area AF-TAK,AF-BDS
    """
    from geo_risk.assessment import assess as run

    with spinner("Locating, measuring, scoring"):
        found = run(
            read_input(events, source),
            resolution=resolution,
            hotspot_resolution=hotspot_resolution,
            study_area=_area(study_area),
            value=value,
            snap_km=snap_km,
            n_jobs=jobs,
        )
        files = found.save(out)
        if maps:
            files += _draw(found, out, Path(events).stem)
    if as_json:
        print_json({**found.provenance, "files": [str(path) for path in files]})
        return
    counts = found.events["match"].value_counts().rename_axis("match").reset_index(name="events")
    print_table("How events were located", counts)
    flags = found.events["flags"].str.split(";").explode()
    flags = flags[flags.astype(bool) & flags.notna()]
    if len(flags):
        told = flags.value_counts().rename_axis("flag").reset_index(name="events")
        print_table("Flags", told)
    print_table("First events", event_lines(found).head(12))
    print_hotspots("Hotspots", found)
    print_files(files)


@app.command()
def geocode(
    events: Events,
    out: Out = "-",
    source: Source = None,
    resolution: Annotated[
        int | None, typer.Option(min=0, max=15, help="Add H3 cells of this resolution.")
    ] = None,
    snap_km: Annotated[float, typer.Option(min=0.0, help="Snap points just outside.")] = 5.0,
    jobs: Jobs = 1,
) -> None:
    """Add the admin region of each event.

    Example: geo-risk geocode events.csv > located.csv
    """
    from geo_risk.enrich import geocode as run
    from geo_risk.enrich import index_h3

    found = run(read_input(events, source), snap_km=snap_km, n_jobs=jobs)
    write_output(found if resolution is None else index_h3(found, resolution=resolution), out)


@app.command()
def borders(
    events: Events,
    out: Out = "-",
    source: Source = None,
    kind: Annotated[str, typer.Option(help="land, any, outline or line.")] = "land",
    jobs: Jobs = 1,
) -> None:
    """Add the distance to the nearest border, and the country on its other side.

    Example: cat events.csv | geo-risk borders - > near.csv
    """
    from geo_risk.enrich import border_proximity
    from geo_risk.enrich import geocode as locate

    located = locate(read_input(events, source), n_jobs=jobs)
    write_output(border_proximity(located, kind=kind, n_jobs=jobs), out)


@app.command()
def hotspots(
    events: Events,
    out: Out = "-",
    source: Source = None,
    resolution: Resolution = 5,
    study_area: StudyArea = "regions",
    value: Annotated[str | None, typer.Option(help="Column to score; default: a count.")] = None,
    method: Annotated[str, typer.Option(help="gi_star or local_moran.")] = "gi_star",
    jobs: Jobs = 1,
) -> None:
    """Score the H3 cells of a study area, the empty ones too.

    Example: geo-risk hotspots events.csv --study-area AF-TAK,AF-BDS --out cells.gpkg
    """
    from geo_risk.scores import score_hotspots

    scored = score_hotspots(
        read_input(events, source),
        value=value, method=method, resolution=resolution, study_area=_area(study_area),
        n_jobs=jobs,
    )  # fmt: skip
    write_output(scored, out)


@app.command()
def places(
    name: Annotated[str, typer.Argument(help="A place, in any spelling.")],
    country: Annotated[str | None, typer.Option(help="Code or name.")] = None,
    region: Annotated[str | None, typer.Option(help="Region code, such as AF-BDS.")] = None,
    limit: Annotated[int, typer.Option(min=1, help="At most so many.")] = 10,
    as_json: Json = False,
) -> None:
    """Find a place by name.

    Example: geo-risk places Faizabad --region AF-BDS
    """
    from geo_risk.places import find_places
    from geo_risk.tables import flat_table

    found = flat_table(find_places(name, country=country, region=region, limit=limit))
    if as_json:
        print_json(found.to_dict(orient="records"))
    elif len(found):
        print_table(f"Places like {name!r}", found)
    else:
        typer.echo(f"No place like {name!r}.")


@app.command()
def layers(
    verify: Annotated[bool, typer.Option(help="Check every file's sha256.")] = False,
    as_json: Json = False,
) -> None:
    """List the data the package carries, with versions and licences; check that it is whole.

    Example: geo-risk layers --verify
    """
    import pandas as pd

    from geo_risk._products import product_bytes, product_path, registry

    rows = []
    for name, entry in sorted(registry().items()):
        read = product_bytes if verify else product_path
        read(name)  # raises where it is missing or damaged
        version = entry.get("version") or entry.get("source_version")
        row = {"file": name, "bytes": entry["bytes"], "version": version}
        rows.append(row | {"licence": entry["licence"], "sha256": entry["sha256"]})
    if as_json:
        print_json(rows)
        return
    table = pd.DataFrame(rows).drop(columns="sha256")
    print_table("Data in the package" + (", all sound" if verify else ""), table)


@app.command()
def info(as_json: Json = False) -> None:
    """Tell versions, where data and caches are, and how exact the borders are.

    Example: geo-risk info --json
    """
    import platform
    from importlib.metadata import version

    import geo_risk
    from geo_risk._cache import cache_directory
    from geo_risk._products import product_directory, product_entry

    known = ("geopandas", "h3", "numba", "numpy", "pandas", "scipy", "shapely")
    facts: dict[str, Any] = {
        "geo_risk": geo_risk.__version__,
        "python": platform.python_version(),
        "packages": {name: version(name) for name in known},
        "data": str(product_directory()),
        "cache": str(cache_directory()),
        "border accuracy": product_entry("world_admin1.npz").get("nominal_accuracy"),
    }
    if as_json:
        print_json(facts)
        return
    for key, fact in facts.items():
        lines = fact.items() if isinstance(fact, dict) else [("", fact)]
        typer.echo(f"{key}:")
        for name, text in lines:
            typer.echo(f"  {name} {text}".rstrip())


def _area(text: str) -> Any:
    return text.split(",") if "," in text else text


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
