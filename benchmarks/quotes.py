"""What the README quotes of the result files: each job beside its fastest peers."""

from __future__ import annotations

import sys
import textwrap
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent))
import common
import numpy as np

Row = dict[str, Any]


def digits(value: float) -> str:
    """Three significant digits, thousands with commas."""
    if value == 0 or not np.isfinite(value):
        return f"{value:g}"
    if abs(value) < 1e-4:
        return f"{value:.1g}"
    places = max(0, 2 - int(np.floor(np.log10(abs(value)))))
    return f"{value:,.{min(places, 9)}f}"


def duration(seconds: float) -> str:
    """Seconds in the unit that suits them."""
    for unit, size in (("s", 1.0), ("ms", 1e-3), ("µs", 1e-6)):
        if seconds >= size:
            return f"{digits(seconds / size)} {unit}"
    return f"{digits(seconds / 1e-9)} ns"


def span(values: Iterable[float], scale: float = 1.0) -> str:
    """Least and greatest value, two significant digits, once if they read the same."""
    read = []
    for value in (min(values := [*values]), max(values)):
        scaled = value / scale
        places = 0 if scaled >= 10 else 1 - int(np.floor(np.log10(scaled)))
        read.append(f"{scaled:,.{places}f}")
    return "–".join(dict.fromkeys(read))


def clock(report: Row) -> str:
    """By which clock a file has its times."""
    rows = [row for part in report["raw"].values() for row in part]
    return "processor time" if any("wall_seconds" in row for row in rows) else "elapsed time"


@dataclass(frozen=True)
class Quote:
    """A line of the README: rows of a part of a file, our job in them, and peers with names."""

    title: str
    part: str
    jobs: Sequence[str]
    ours: str
    peers: dict[str, str]
    unit: str = "ns"
    each_peer: bool = False
    """A line for each peer, because their answers differ; else one, for the fastest."""


LOCATE = {
    "geopandas sjoin": "geopandas `sjoin`",
    "SedonaDB": "SedonaDB",
    "DuckDB, SPATIAL_JOIN": "DuckDB",
    "PostGIS, ST_Subdivide": "PostGIS",
    "shapely, tree of points": "shapely's STRtree",
    "shapely, boxes and prepared": "shapely's prepared polygons",
}
BORDERS = {
    "k-d tree of sampled borders": "k-d tree of sampled borders",
    "spherely": "spherely",
    "PostGIS geography": "PostGIS geography",
    "sjoin_nearest, UTM": "`sjoin_nearest` in UTM, near one border",
}
H3 = {"h3 loop": "h3 in a loop", "h3ronpy": "h3ronpy", "polars-h3": "polars-h3"}
GRAPH = {
    "libpysal Graph.build_h3": "libpysal `build_h3`",
    "h3ronpy grid_disk, searchsorted": "h3ronpy's discs",
}
ESDA = {
    "esda G_Local": "esda `G_Local`",
    "esda G_Local, W": "esda `G_Local` on `W`",
    "esda G_Local, Graph": "esda `G_Local` on a `Graph`",
}
KERNELS = (
    Quote("point → region, 4,596 regions, exact", "locate", "UCB", "geo_risk", LOCATE),
    Quote(
        "border distance, every error ≤ 0.01 mm", "borders", "UCB", "geo_risk, line", BORDERS,
        "µs", each_peer=True,
    ),
    Quote(
        "lon/lat → H3, equal to h3", "cells",
        [f"lon/lat to H3, {p}, resolution {r}" for p in "UC" for r in (7, 15)], "geo_risk", H3,
    ),
    Quote(
        "neighbour graph of 100,000 cells", "cells", ["neighbour graph, k = 1"], "geo_risk", GRAPH
    ),
    Quote("Gi\\*, analytic, 100,000 cells", "hotspots", ["Gi* analytic"], "geo_risk", ESDA),
    Quote(
        "", "hotspots", ["Gi* analytic"], "geo_risk",
        {"SciPy, four lines": "four lines of SciPy, binary weights"},
    ),
    Quote(
        "Gi, 999 permutations, fresh draws", "hotspots", ["Gi, 999 draws"], "geo_risk", ESDA, "µs"
    ),
)  # fmt: skip
POINTS = {"pyarrow and shapely": "pyarrow with shapely", "pandas and geopandas": "pandas"}
JOIN = {
    "geopandas.sjoin": "`geopandas.sjoin` of the same frame",
    "SedonaDB": "SedonaDB",
    "shapely, boxes and prepared": "shapely's prepared polygons",
}
TEXT = {"h3 in a loop": "h3 in a loop"} | {
    f"{peer}, column of text": peer for peer in ("h3ronpy", "polars-h3")
}
METRES = {peer: BORDERS[peer] for peer in ("k-d tree of sampled borders", "spherely")}
VERBS = (
    Quote("`read_events`, Parquet", "verbs", ["read_events, Parquet"], "geo_risk", POINTS),
    Quote("`read_events`, CSV", "verbs", ["read_events, CSV"], "geo_risk", POINTS),
    Quote("`geocode` of a frame", "verbs", ["geocode"], "geo_risk", JOIN, each_peer=True),
    Quote("`index_h3` of a frame", "verbs", ["index_h3"], "geo_risk", TEXT),
    Quote(
        "`border_proximity` of a frame", "verbs", ["border_proximity"], "geo_risk", METRES,
        each_peer=True,
    ),
)  # fmt: skip
UNITS = {"ns": 1e-9, "µs": 1e-6}


def rows_of(report: Row, quote: Quote) -> list[Row]:
    """The rows of the file that a line quotes."""
    rows = report["raw"].get(quote.part, [])
    return [row for row in rows if row.get("set", row.get("job")) in quote.jobs]


def per_item(row: Row, tool: str) -> float:
    """Median seconds per item."""
    n = row["n"][tool] if isinstance(row["n"], dict) else row["n"]
    return float(np.median(common.seconds_of(row, tool))) / n


def times_faster(row: Row, peer: str, ours: str) -> float:
    """Median over the rounds of the peer's time over ours."""
    return float(np.median(common.ratios(row, peer, ours)))


def lines(report: Row, quote: Quote) -> list[str]:
    """One line for the fastest peer of each row, or one for every peer."""
    rows = rows_of(report, quote)
    here = [peer for peer in quote.peers if any(peer in row["seconds"] for row in rows)]
    if not here:
        return []
    own = span([per_item(row, quote.ours) for row in rows], UNITS[quote.unit])
    title, told = quote.title, f"{own} {quote.unit}" if quote.title else ""
    if not quote.each_peer:
        best = [
            min(times_faster(row, p, quote.ours) for p in here if p in row["seconds"])
            for row in rows
        ]
        names = [quote.peers[peer] for peer in here]
        among = " and ".join(part for part in (", ".join(names[:-1]), names[-1]) if part)
        among = among if len(names) == 1 else f"the fastest of {among}"
        return [f"| {title} | {told} | {among} | {span(best)} × |"]
    found = []
    for peer in here:
        held = [row for row in rows if peer in row["seconds"]]
        faster = span([times_faster(row, peer, quote.ours) for row in held])
        found.append(f"| {title} | {told} | {quote.peers[peer]}{off(held, peer)} | {faster} × |")
        title = told = ""
    return [line.replace("|  |  |", "| | |") for line in found]


def off(rows: Sequence[Row], peer: str) -> str:
    """How far off a peer's distances are."""
    found = [e for row in rows for e in row.get("differences", ()) if e["peer"] == peer]
    if not found:
        return ""
    most = max(each["p99_m"] for each in found)
    size, unit = (1.0, "m") if most < 1000.0 else (1000.0, "km")
    return f" (99 % within {span([most], size)} {unit})"


def scans(report: Row) -> list[str]:
    """The scan statistic beside SaTScan's stored times."""
    rows = [row for row in report["rows"] if row["key"].startswith("scan ") and row["figure"]]
    if not rows:
        return []
    faster = span([row["figure"] for row in rows])
    return [
        f"| scan statistic, {len(rows)} data sets | | SaTScan 10.3.2's CPU time, stored "
        f"| {faster} × |"
    ]


def start(report: Row) -> str:
    """The sentence about start-up."""
    found = {row["key"]: row["figure"] for row in report["rows"]}
    if not (found.get("start import") and found.get("start cold")):
        return ""
    return (
        f"`import geo_risk` takes {span([100 * found['start import']])} % of the time of `import "
        f"geopandas`. The first call after installation takes {span([found['start cold']])} s, "
        "because kernels are compiled once."
    )


def speed(kernels: Row, verbs: Row | None) -> str:
    """The README's text and table."""
    files = [report for report in (kernels, verbs) if report]
    named = " and ".join(f"`benchmarks/results/{report['file']}`" for report in files)
    clocks = dict.fromkeys(clock(report) for report in files)
    text = (
        "Beside other tools: all in one run and in turn, answers compared before timing, one "
        f"thread, {' and '.join(clocks)}, medians of up to {kernels['rounds']} rounds, "
        f"{kernels['cores']} cores ({named})."
    )
    table = ["| job | per item | compared with | times faster |", "|---|---|---|---|"]
    for quote in KERNELS:
        table += lines(kernels, quote)
    table += scans(kernels)
    for quote in VERBS if verbs else ():
        table += lines(verbs, quote)
    parts = textwrap.fill(text, 100), "\n".join(table), textwrap.fill(start(kernels), 100)
    return "\n\n".join(part for part in parts if part)
