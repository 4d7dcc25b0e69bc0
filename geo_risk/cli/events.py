"""`geo-risk assess`, `geocode`, `borders`, `hotspots`: from a file of events to results."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from geo_risk._core.files import name_of
from geo_risk._core.progress import stages
from geo_risk._core.terminal import say
from geo_risk.cli.input import is_located, iter_input, pick_layer, read_input
from geo_risk.cli.output import (
    Json,
    check_folder,
    check_out,
    draw_maps,
    event_lines,
    print_files,
    print_hotspots,
    print_json,
    print_table,
    write_chunks,
    write_output,
)

if TYPE_CHECKING:
    import geopandas

    from geo_risk.assessment import Assessment

__all__ = ["assess", "borders", "geocode", "hotspots"]

Events = Annotated[
    str, typer.Argument(help="CSV, Parquet, GeoJSON, …; - for delimited text or JSON on stdin.")
]
Out = Annotated[str, typer.Option(help="File (.csv .parquet .geojson .gpkg .arrow); - for CSV.")]
Source = Annotated[str | None, typer.Option(help="acled, ucdp, gdelt, gtd or table.")]
Jobs = Annotated[int, typer.Option(help="Threads; -1 for all processors.")]
Read = Annotated[
    list[str] | None,
    typer.Option(
        "--read",
        help="Reader option, such as lon=POINT_X, crs=EPSG:32642, dayfirst=true, category=what. "
        "May be repeated.",
    ),
]
Regions = Annotated[
    Path | None, typer.Option(help="Your own layer of regions: a file of polygons.")
]
Level = Annotated[int, typer.Option(min=0, max=9, help="Administrative level of --regions.")]
Worldview = Annotated[
    str | None, typer.Option(help="Whose view of disputed regions: de_facto, un, claims:IND, …")
]
Chunk = Annotated[
    int | None,
    typer.Option(min=1, help="Read, locate and write this many rows at a time, as CSV."),
]
CsvSafe = Annotated[
    bool,
    typer.Option("--csv-safe", help="Write CSV in which a spreadsheet finds no formula."),
]
StudyArea = Annotated[
    str | None, typer.Option(help="regions (default), countries, or codes joined by commas.")
]


def assess(
    events: Events,
    out: Annotated[Path, typer.Option(help="Folder for the results.")],
    source: Source = None,
    read: Read = None,
    regions: Regions = None,
    level: Level = 1,
    worldview: Worldview = None,
    resolution: Annotated[
        int | None,
        typer.Option(
            min=0, max=15, help="H3 resolution of the events; default: 7, coarser if imprecise."
        ),
    ] = None,
    hotspot_resolution: Annotated[
        int | None, typer.Option(min=0, max=15, help="H3 resolution of the scored cells.")
    ] = None,
    study_area: StudyArea = "regions",
    value: Annotated[str | None, typer.Option(help="Column to score; default: a count.")] = None,
    snap_km: Annotated[float, typer.Option(min=0.0, help="Largest distance of snapping.")] = 5.0,
    check: Annotated[bool, typer.Option(help="Look for errors and flag them.")] = True,
    maps: Annotated[bool, typer.Option(help="Draw a picture and a web map.")] = True,
    share: Annotated[
        bool, typer.Option("--share", help="Write results to share: counts, no rows of events.")
    ] = False,
    coarsen: Annotated[
        str | None, typer.Option(help="Units to share: cells, regions, or an H3 resolution.")
    ] = None,
    min_count: Annotated[
        int | None, typer.Option(min=1, help="Smallest count that is shared; default: 3.")
    ] = None,
    strip: Annotated[
        bool, typer.Option("--strip", help="Leave out notes, actors and the source's columns.")
    ] = False,
    source_rows: Annotated[
        bool, typer.Option("--source-rows", help="Write ACLED's rows, too; do not share them.")
    ] = False,
    csv_safe: Annotated[
        bool | None,
        typer.Option(
            "--csv-safe/--no-csv-safe",
            help="Write CSV in which a spreadsheet finds no formula; default: if shared.",
        ),
    ] = None,
    jobs: Jobs = 1,
    as_json: Json = False,
) -> None:
    """Geocode, index, measure and score a file of events.

    Example: geo-risk assess ged.csv --out result --study-area AF-TAK,AF-BDS
    """
    from geo_risk.assessment import assess as run, save_result
    from geo_risk.frames.share import Sharing

    sharing = Sharing(share, _number_or_name(coarsen), min_count, strip, source_rows, worldview)
    sharing.check()  # before the work, not after it
    check_folder(out, events, regions)
    if maps and coarsen == "regions":
        maps = False
        say("No maps: they would show in cells the counts left out of regions.", err=True)
    with stages(True, 8 if maps else 7) as step:
        found = run(
            read_input(events, source, read or ()),
            pick_layer(regions, level, None),
            worldview=worldview,
            resolution=resolution,
            hotspot_resolution=hotspot_resolution,
            study_area=_area(study_area),
            value=value,
            snap_km=snap_km,
            check=check,
            n_jobs=jobs,
            progress=step,
        )
        drawn: dict[str, bytes] = {}
        if maps:
            step("Drawing")
            nameless = events == "-" or sharing.counts or sharing.strip
            title = "Events" if nameless else Path(name_of(events)).stem
            own = pick_layer(regions, level, worldview)
            drawn = draw_maps(found, title, own, sharing)
        step("Writing")
        files = save_result(found, out, (".parquet", ".csv"), sharing, drawn, csv_safe)
    if as_json:
        provenance = json.loads((out / "provenance.json").read_text(encoding="utf-8"))
        print_json({**provenance, "files": [str(path) for path in files]})
        return
    if not sharing.counts:
        _tell(found)
    print_files(files)


def _tell(found: Assessment) -> None:
    """Print tables of the results on the terminal."""
    counts = found.events["match"].value_counts().rename_axis("match").reset_index(name="events")
    print_table("How events were located", counts)
    say()
    say(found.flagged())
    print_table("First events", event_lines(found).head(12))
    print_hotspots("Hotspots", found)


def geocode(
    events: Events,
    out: Out = "-",
    source: Source = None,
    read: Read = None,
    regions: Regions = None,
    level: Level = 1,
    worldview: Worldview = None,
    resolution: Annotated[
        int | None, typer.Option(min=0, max=15, help="Add H3 cells of this resolution.")
    ] = None,
    snap_km: Annotated[float, typer.Option(min=0.0, help="Largest distance of snapping.")] = 5.0,
    chunk_rows: Chunk = None,
    csv_safe: CsvSafe = False,
    jobs: Jobs = 1,
    as_json: Json = False,
) -> None:
    """Add the admin region of each event.

    Example: geo-risk geocode events.csv > located.csv
    """
    from geo_risk.frames.enrich import geocode as run, index_h3

    check_out(out, events, regions, csv_safe=csv_safe, as_json=as_json)
    layer = pick_layer(regions, level, worldview)

    def located(frame: geopandas.GeoDataFrame) -> geopandas.GeoDataFrame:
        found = run(frame, layer, snap_km=snap_km, n_jobs=jobs)
        return found if resolution is None else index_h3(found, resolution=resolution)

    _each(located, events, out, source, read, chunk_rows, as_json, csv_safe)


def borders(
    events: Events,
    out: Out = "-",
    source: Source = None,
    read: Read = None,
    regions: Regions = None,
    level: Level = 1,
    worldview: Worldview = None,
    kind: Annotated[str, typer.Option(help="land, any, outline or line.")] = "land",
    chunk_rows: Chunk = None,
    csv_safe: CsvSafe = False,
    jobs: Jobs = 1,
    as_json: Json = False,
) -> None:
    """Add the distance to the nearest border, and the country on its other side.

    Example: cat events.csv | geo-risk borders - > near.csv
    """
    from geo_risk.borders import load_borders
    from geo_risk.frames.enrich import border_proximity, geocode as locate

    check_out(out, events, regions, csv_safe=csv_safe, as_json=as_json)
    layer = pick_layer(regions, level, worldview)
    lines = load_borders(layer)

    def measured(frame: geopandas.GeoDataFrame) -> geopandas.GeoDataFrame:
        known = layer is None and is_located(frame)  # by `geo-risk geocode`, in a pipe
        found = frame if known else locate(frame, layer, n_jobs=jobs)
        return border_proximity(found, lines, kind=kind, n_jobs=jobs)

    _each(measured, events, out, source, read, chunk_rows, as_json, csv_safe)


def hotspots(
    events: Events,
    out: Out = "-",
    source: Source = None,
    read: Read = None,
    resolution: Annotated[
        int | None,
        typer.Option(
            min=0, max=15, help="H3 resolution; default: that of the column h3_cell, or 7."
        ),
    ] = None,
    study_area: StudyArea = None,
    value: Annotated[str | None, typer.Option(help="Column to score; default: a count.")] = None,
    method: Annotated[
        str, typer.Option(help="gi_star, gi, local_moran, scan, emerging or kde.")
    ] = "gi_star",
    csv_safe: CsvSafe = False,
    jobs: Jobs = 1,
    as_json: Json = False,
) -> None:
    """Score the H3 cells of a study area, including the empty ones.

    Example: geo-risk hotspots events.csv --study-area AF-TAK,AF-BDS --out cells.gpkg
    """
    from geo_risk.frames.score import score_hotspots

    check_out(out, events, csv_safe=csv_safe, as_json=as_json)
    with stages(True, 3) as step:
        step("Reading")
        frame = read_input(events, source, read or ())
        step("Scoring")
        scored = score_hotspots(
            frame, value=value, method=method, resolution=resolution,
            study_area=_area(study_area), n_jobs=jobs,
        )  # fmt: skip
    write_output(scored, out, as_json, csv_safe)


def _each(
    verb: Callable[[Any], Any],
    events: str,
    out: str,
    source: str | None,
    read: list[str] | None,
    chunk_rows: int | None,
    as_json: bool,
    csv_safe: bool,
) -> None:
    """Read, apply and write, at once or chunk by chunk."""
    if chunk_rows is not None:
        chunks = iter_input(events, source, read or (), chunk_rows)
        write_chunks((verb(chunk) for chunk in chunks), out, as_json, csv_safe)
        return
    with stages(True, 3) as step:
        step("Reading")
        frame = read_input(events, source, read or ())
        step("Locating")
        found = verb(frame)
    write_output(found, out, as_json, csv_safe)


def _area(text: str | None) -> Any:
    return text.split(",") if text is not None and "," in text else text


def _number_or_name(text: str | None) -> str | int | None:
    return int(text) if text is not None and text.isdigit() else text
