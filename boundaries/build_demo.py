"""Rebuild the demo's input data.

    python boundaries/build_demo.py                      # fetches vega-datasets 3.2.1 with npm
    python boundaries/build_demo.py --source FILE        # its .tgz, or earthquakes.json itself

`demo_earthquakes.csv` is made from `earthquakes.json`. `demo_reports.csv` and `demo_fighters.csv`
are written by hand (they *are* the source); here they are only checked and registered. The files
are plain CSV, so a rebuild gives the same bytes with any version of a compressor.
"""

from __future__ import annotations

import argparse
import csv
import hashlib
import io
import json
import subprocess
import tarfile
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from _registry import PRODUCTS, register

PACKAGE = "vega-datasets"
VERSION = "3.2.1"
MEMBER = "package/data/earthquakes.json"
SHA256 = "a42702a83ffbae679f95d1fa53e2cae0bae13b21e599a68cdd50a44fc52129f7"

EARTHQUAKE_COLUMNS = (
    "event_id", "time", "lon", "lat", "depth_km", "magnitude", "category", "place",
)  # fmt: skip
REPORT_COLUMNS = (
    "event_id", "date_start", "date_end", "date_precision", "date_note", "category", "actors",
    "fatalities_best", "fatalities_low", "fatalities_high", "captured", "location_name", "admin1",
    "country", "location_precision", "report", "source_note",
)  # fmt: skip
FIGHTER_COLUMNS = (
    "region_name", "country", "presence", "certainty", "fighters_low_all_regions",
    "fighters_high_all_regions", "source_note",
)  # fmt: skip


def read_source(source: Path | None) -> bytes:
    """Bytes of earthquakes.json, checked against the sha256 of the registered version."""
    if source is None:
        with tempfile.TemporaryDirectory() as folder:
            command = ["npm", "pack", "--silent", f"{PACKAGE}@{VERSION}"]
            subprocess.run(command, cwd=folder, check=True, stdout=subprocess.DEVNULL)
            return read_source(Path(folder) / f"{PACKAGE}-{VERSION}.tgz")
    if source.suffix == ".json":
        content = source.read_bytes()
    else:
        with tarfile.open(source) as archive:
            member = archive.extractfile(MEMBER)
            if member is None:
                raise SystemExit(f"{source} has no file {MEMBER}.")
            content = member.read()
    found = hashlib.sha256(content).hexdigest()
    if found != SHA256:
        raise SystemExit(f"{source}: sha256 {found}, expected {SHA256} ({PACKAGE} {VERSION}).")
    return content


def earthquake_rows(content: bytes) -> Iterator[dict[str, str]]:
    """Yield one row per event in the source's order; numbers keep the source's digits."""
    features: list[dict[str, Any]] = json.loads(content, parse_float=Decimal)["features"]
    for feature in features:
        facts = feature["properties"]
        lon, lat, depth = feature["geometry"]["coordinates"]
        seconds, milliseconds = divmod(int(facts["time"]), 1000)
        moment = datetime.fromtimestamp(seconds, UTC)
        yield {
            "event_id": feature["id"],
            "time": f"{moment:%Y-%m-%dT%H:%M:%S}.{milliseconds:03d}Z",
            "lon": f"{lon}",
            "lat": f"{lat}",
            "depth_km": f"{depth}",
            "magnitude": f"{facts['mag']}",
            "category": facts["type"],
            "place": facts["place"],
        }


def to_csv(rows: Iterator[dict[str, str]], columns: tuple[str, ...]) -> bytes:
    """UTF-8 CSV with line feeds."""
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, columns, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().encode("utf-8")


def read_table(name: str, columns: tuple[str, ...]) -> list[dict[str, str]]:
    """Read a hand-written table and check that it has exactly the stated columns."""
    with (PRODUCTS / name).open(encoding="utf-8", newline="") as file:
        reader = csv.DictReader(file)
        if tuple(reader.fieldnames or ()) != columns:
            raise SystemExit(f"{name}: columns {reader.fieldnames}, expected {list(columns)}.")
        rows = list(reader)
    for number, row in enumerate(rows, start=2):
        if None in row or None in row.values():
            raise SystemExit(f"{name}: line {number} has not {len(columns)} fields.")
    return rows


def build_earthquakes(source: Path | None) -> None:
    """Write and register the table of earthquakes."""
    content = to_csv(earthquake_rows(read_source(source)), EARTHQUAKE_COLUMNS)
    (PRODUCTS / "demo_earthquakes.csv").write_bytes(content)
    register(
        "demo_earthquakes.csv",
        title="Seismic events of one week, worldwide, from 2018-01-31 to 2018-02-07 (UTC)",
        version=f"{PACKAGE} {VERSION}; feed generated 2018-02-07T01:49:14Z",
        licence="Public domain (U.S. Geological Survey)",
        citation="U.S. Geological Survey, Earthquake Hazards Program (2018): all earthquakes, past "
        f"week (all_week.geojson), as carried by the npm package {PACKAGE} {VERSION}, "
        "data/earthquakes.json.",
        source=f"npm {PACKAGE}@{VERSION}, data/earthquakes.json, sha256 {SHA256}",
        nominal_accuracy="As located by the contributing networks; most events are in the western "
        "United States, Alaska and Hawaii because those networks report the smallest ones, so the "
        "density follows reporting",
        rows=content.count(b"\n") - 1,
    )


def register_reports() -> None:
    """Check and register the two hand-written tables."""
    press = (
        "Facts of one press report of 2022 about north-east Afghanistan, in the project's words. "
        "The text of the report is not reproduced."
    )
    facts = {
        "version": "1",
        "licence": "BSD-3-Clause (geo_risk)",
        "citation": press,
        "source": "boundaries/products (written by hand)",
    }
    reports = read_table("demo_reports.csv", REPORT_COLUMNS)
    register(
        "demo_reports.csv",
        title="Three reports from north-east Afghanistan, 2022, without coordinates",
        nominal_accuracy="Places by name only; dates to a span of one year: no month is stated",
        rows=len(reports),
        **facts,
    )
    fighters = read_table("demo_fighters.csv", FIGHTER_COLUMNS)
    register(
        "demo_fighters.csv",
        title="Regions named for the presence of Islamic State Khorasan, Afghanistan, 2022",
        nominal_accuracy="One estimate, 1,500 to 4,000 fighters in all; not stated per region",
        rows=len(fighters),
        **facts,
    )


def main() -> None:
    """Run the build."""
    parser = argparse.ArgumentParser(description="Rebuild the demo's input data.")
    parser.add_argument("--source", type=Path, help=f"{PACKAGE}-{VERSION}.tgz or earthquakes.json")
    build_earthquakes(parser.parse_args().source)
    register_reports()
    print("Wrote demo_earthquakes.csv; registered it, demo_reports.csv and demo_fighters.csv.")


if __name__ == "__main__":
    main()
