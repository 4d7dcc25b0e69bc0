"""`geo-risk layers`: list the bundled and the fetched data, fetch more, verify them."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from geo_risk._core.constants import MAX_BYTES, MAX_SECONDS
from geo_risk._core.files import sha256_of
from geo_risk._core.secrets import shown_address
from geo_risk._core.terminal import is_watched, say
from geo_risk.cli.output import Json, print_json, print_table

__all__ = ["app"]

app = typer.Typer(invoke_without_command=True, no_args_is_help=False)


@app.callback()
def _layers(context: typer.Context, as_json: Json = False) -> None:
    """List the bundled and the fetched data; fetch more; verify that they are undamaged.

    Example: geo-risk layers; geo-risk layers fetch AFG --level 2; geo-risk layers verify
    """
    if context.invoked_subcommand is None:
        _show("Data in the package and fetched", _bundled() + _fetched(), as_json)


@app.command("list")
def list_layers(as_json: Json = False) -> None:
    """List the bundled and the fetched data, with versions and licences.

    Example: geo-risk layers list --json
    """
    _show("Data in the package and fetched", _bundled() + _fetched(), as_json)


@app.command()
def verify(as_json: Json = False) -> None:
    """Check the sha256 of every file, in the package and fetched; exit code 2 if one is damaged.

    Example: geo-risk layers verify
    """
    from geo_risk._core.products import product_bytes, registry
    from geo_risk.errors import DataCorruptError

    for name in registry():
        product_bytes(name)  # raises if it is missing or damaged
    fetched = _fetched()
    for row in fetched:
        found = sha256_of(row["file"])
        if found != row["sha256"]:
            raise DataCorruptError(
                f"{row['file']} is damaged: its sha256 is {found}, not {row['sha256']}. Fetch it "
                "again with: geo-risk layers fetch."
            )
    _show("Data in the package and fetched, all sound", _bundled() + fetched, as_json)


@app.command()
def fetch(
    what: Annotated[str, typer.Argument(help="A country, for geoBoundaries, or a URL.")],
    level: Annotated[int, typer.Option(min=0, max=5, help="Level of a country's layer.")] = 1,
    sha256: Annotated[str | None, typer.Option(help="Checksum of the file.")] = None,
    refresh: Annotated[
        bool, typer.Option("--refresh", help="Fetch it again if it has changed.")
    ] = False,
    max_bytes: Annotated[int, typer.Option(min=1, help="Largest size.")] = MAX_BYTES,
    max_seconds: Annotated[float, typer.Option(help="Time limit.")] = MAX_SECONDS,
    allow_private: Annotated[
        bool, typer.Option("--allow-private", help="Follow redirects to internal addresses, too.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Fetch a layer into the cache, once, and print its path. Needs the network.

    Example: geo-risk geocode events.csv --regions "$(geo-risk layers fetch AFG --level 2)"
    """
    from geo_risk.regions import fetch_layer, load_geoboundaries

    how: dict[str, Any] = {
        "sha256": sha256, "progress": is_watched(), "max_bytes": max_bytes,
        "max_seconds": max_seconds, "allow_private": allow_private,
    }  # fmt: skip
    if "://" in what:
        facts: dict[str, Any] = {"url": shown_address(what)}
        path = fetch_layer(what, refresh=refresh, **how)
    else:
        facts = dict(load_geoboundaries(what, level=level, refresh=refresh, **how).provenance)
        path = _fetched_country(what, level, **how)
    facts["file"] = str(path)
    if as_json:
        print_json(facts)
        return
    for name in ("source", "licence", "year_represented"):
        if facts.get(name):
            say(f"{name.replace('_', ' ')}: {facts[name]}", err=True)
    say(facts["file"])


def _fetched_country(what: str, level: int, **how: Any) -> Any:
    """Path of a country's layer that has just been loaded."""
    from geo_risk._core.countries import resolve_country
    from geo_risk.regions.geoboundaries import SERVICE, fetch_country

    code = resolve_country(what)
    return fetch_country(code, level, "gbOpen", False, SERVICE, None, **how)[0]


def _bundled() -> list[dict[str, Any]]:
    """Files in the package; raises if one is missing."""
    from geo_risk._core.products import product_path, registry

    rows = []
    for name, entry in sorted(registry().items()):
        product_path(name)
        version = entry.get("version") or entry.get("source_version")
        row = {"file": name, "bytes": entry["bytes"], "version": version}
        rows.append(row | {"licence": entry["licence"], "sha256": entry["sha256"]})
    return rows


def _fetched() -> list[dict[str, Any]]:
    """Files that were fetched into the cache, according to their records."""
    from geo_risk._core.files import cache_directory
    from geo_risk.regions import fetch_record

    rows = []
    for beside in sorted((cache_directory() / "downloads").glob("*.json")):
        path = beside.with_suffix("")
        record = fetch_record(path)
        if record is None or "sha256" not in record or not path.is_file():
            continue
        row = {"file": str(path), "bytes": record["bytes"], "version": record["fetched"]}
        rows.append(row | {"licence": "see " + str(record["url"]), "sha256": record["sha256"]})
    return rows


def _show(title: str, rows: list[dict[str, Any]], as_json: bool) -> None:
    import pandas as pd

    if as_json:
        print_json(rows)
    else:
        print_table(title, pd.DataFrame(rows).drop(columns="sha256"))
