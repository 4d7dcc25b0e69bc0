"""The command line: `geo-risk`.

Exit codes: 0 success; 1 a closed pipe, or an unexpected error; 2 a wrong argument, or an input that
cannot be used; 3 a service that cannot be reached or denies access; 130 stopped by the user. Errors
are written to standard error.
"""

from __future__ import annotations

import logging
import warnings
from pathlib import Path
from typing import Annotated, Any

import typer

from geo_risk._core.terminal import Told, closing, one_line, opening, say, spinner
from geo_risk.cli import layers
from geo_risk.cli.events import assess, borders, geocode, hotspots
from geo_risk.cli.input import for_the_command_line
from geo_risk.cli.output import Json, check_folder, print_files, print_json, print_table

__all__ = ["app", "main"]

_UsageError: Any = typer.BadParameter.__mro__[2]  # click's ClickException; typer may carry its own

app = typer.Typer(
    name="geo-risk",
    help="Locate events, measure their distance to borders, and find hotspots. Offline.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)

app.add_typer(layers.app, name="layers")


def _version(wanted: bool) -> None:
    if wanted:
        import geo_risk

        say(f"geo-risk {geo_risk.__version__}")
        raise typer.Exit


@app.callback()
def _common(
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="Log each step.")] = False,
    version: Annotated[  # noqa: ARG001
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    """Geospatial event risk, offline and worldwide."""
    level = logging.INFO if verbose else logging.WARNING
    logging.basicConfig(level=level, handlers=[Told()], force=True)
    warnings.showwarning = _warned


@app.command()
def demo(
    out: Annotated[Path, typer.Option(help="Folder for the results.")] = Path("geo-risk-demo"),
    as_json: Json = False,
) -> None:
    """Run all steps on the bundled data, and write tables, pictures and a web map.

    Example: geo-risk demo --out demo
    """
    from geo_risk.demo import run_demo

    check_folder(out)
    with spinner("Locating, measuring, scoring, drawing …"):
        found = run_demo(out)
    if as_json:
        told = {"reports": found.reports, "earthquakes": found.earthquakes}
        provenance = {name: part.provenance for name, part in told.items()}
        print_json({**provenance, "files": [str(path) for path in found.files]})
        return
    for finding in found.findings():
        print_table(finding.title, finding.table)
        for line in finding.note.splitlines():
            say(line)
    print_files(found.listing())


for _command in (assess, geocode, borders, hotspots):
    app.command()(_command)


@app.command()
def places(
    name: Annotated[str, typer.Argument(help="A place, in any spelling.")],
    country: Annotated[str | None, typer.Option(help="Code or name.")] = None,
    region: Annotated[str | None, typer.Option(help="Region code, such as AF-BDS.")] = None,
    limit: Annotated[int, typer.Option(min=1, help="Maximum number of results.")] = 10,
    as_json: Json = False,
) -> None:
    """Find a place by name.

    Example: geo-risk places Faizabad --region AF-BDS
    """
    from geo_risk.frames.tables import flat_table
    from geo_risk.places import find_places

    found = flat_table(find_places(name, country=country, region=region, limit=limit))
    if as_json:
        print_json(found.to_dict(orient="records"))
    elif len(found):
        print_table(f"Places like {name!r}", found)
    else:
        say(f"No place like {name!r}.")


@app.command()
def info(as_json: Json = False) -> None:
    """Show versions, the folders of the data and the cache, and the accuracy of the borders.

    Example: geo-risk info --json
    """
    import platform
    from importlib.metadata import version

    import geo_risk
    from geo_risk._core.files import cache_directory
    from geo_risk._core.products import product_directory, product_entry

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
        say(f"{key}:")
        for name, text in lines:
            say(f"  {name} {text}".rstrip())


def main() -> None:
    """Run the command line; errors that the user can correct are shown without traceback."""
    opening()
    raise SystemExit(closing(_run()))


def _run() -> int:
    """Run the given command and return the exit code."""
    from geo_risk.errors import AccessDeniedError, GeoRiskError, ServiceError

    try:
        return app(standalone_mode=False) or 0
    except SystemExit as stop:  # the pipe was closed by its reader
        return stop.code if isinstance(stop.code, int) else 1
    except _UsageError as error:
        return _misused(error)
    except (typer.Abort, KeyboardInterrupt):
        return 130
    except (AccessDeniedError, ServiceError) as error:
        say(f"geo-risk: {one_line(error)}", err=True)
        return 3
    except (GeoRiskError, ValueError, TypeError, OSError, ImportError) as error:
        for line in f"geo-risk: {for_the_command_line(error)}".split("\n"):
            say(line, err=True)
        _trace(error)
        return 2
    except Exception as error:
        say(
            f"geo-risk: unexpected error, {type(error).__name__}: {one_line(error)}. "
            "Please report it with the output of geo-risk --verbose.",
            err=True,
        )
        _trace(error)
        return 1


def _misused(error: Any) -> int:
    """Print what is wrong with the arguments, or the help if there are none."""
    if type(error).__name__ == "NoArgsIsHelpError":
        error.show()
    else:
        say(f"geo-risk: {one_line(error.format_message())}", err=True)
    return int(error.exit_code)


def _warned(message: Warning | str, category: type[Warning], *_: Any, **__: Any) -> None:
    """Print a warning of a library as plain text: it may quote data."""
    say(f"{category.__name__}: {one_line(message)}", err=True)


def _trace(error: Exception) -> None:
    """Log the traceback of an error, with --verbose only."""
    if logging.getLogger().isEnabledFor(logging.INFO):
        logging.getLogger("geo_risk").info("Traceback of the error:", exc_info=error)
