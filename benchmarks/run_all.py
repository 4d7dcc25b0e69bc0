"""The complete table: every job compared with its peers, its floor and its aim, in one command.

    python benchmarks/run_all.py --out benchmarks/results/DATE.json   # about half an hour
    python benchmarks/run_all.py --n 10                               # a minute, for a trial
    python benchmarks/run_all.py --only locate,start                  # some parts
    python benchmarks/run_all.py --table benchmarks/results/DATE.json # print a saved table again
    python benchmarks/run_all.py --table benchmarks/results/DATE.json --into docs/benchmarks.md

Answers are compared for equality before anything is timed; the tools run interleaved in one
process, one thread each, in processor time; a figure is the median of the rounds' ratios. A missing
peer is listed with the reason. The result file contains versions, cores, load, seeds and every
round. The error of border distances is not measured here but read from
`results/border_accuracy.json` (`border_accuracy.py` takes 40 minutes).
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent))
import bench_borders
import bench_cells
import bench_hotspots
import bench_locate
import bench_scan
import common
import numpy as np
import peers_sql
import report
import targets
from targets import measured, skipped

HERE = Path(__file__).resolve().parent
ACCURACY = HERE / "results" / "border_accuracy.json"
ORACLES = HERE.parent.parent / "shared" / "oracles" / "scan"
PACKAGES = (
    "duckdb", "esda", "geo-risk", "geopandas", "h3", "h3ronpy", "libpysal", "numba", "numpy",
    "polars-h3", "scipy", "sedonadb", "shapely", "spherely",
)  # fmt: skip
Row = dict[str, Any]


def _must_equal(what: str, wrong: float, allowed: float = 0) -> None:
    """Stop if answers differ: the time of a wrong answer has no value."""
    if wrong > allowed:
        raise SystemExit(f"{what}: {wrong} answers differ; nothing is timed.")


def locate(n: int, rounds: int, raw: list[Row]) -> Iterator[Row]:
    """Point to region."""
    for name, points in common.point_sets(n).items():
        row = bench_locate.bench_set(name, points, rounds)
        raw.append(row)
        bench_locate.show(row)
        _must_equal(f"locate, {name}", row["differences_from_shapely"])
        note = ""
        if "SedonaDB" in row["absent"]:
            note = f"SedonaDB: {row['absent']['SedonaDB']}"
        yield _fastest(f"locate {name}", row, ("geopandas sjoin", "SedonaDB"), "geo_risk", note)
        for peer in ("shapely, boxes and prepared", "DuckDB, SPATIAL_JOIN"):
            yield _beside(f"locate {peer} {name}", row, peer)
        yield _threads(f"threads locate {name}", row, "geo_risk")
    row = bench_locate.bench_growth(n, rounds)
    raw.append(row)
    yield measured("growth", common.ratios(row, "10", "1"))


def _beside(key: str, row: Row, peer: str, ours: str = "geo_risk") -> Row:
    """The peer's time over ours, or why it was not measured."""
    if peer not in row["seconds"]:
        absent = f"{peer.split()[0].rstrip(',')} is not installed"
        return skipped(key, row.get("absent", {}).get(peer, absent))
    return measured(key, common.ratios(row, peer, ours))


def _fastest(
    key: str, row: Row, peers: tuple[str, ...], ours: str, note: str = "", reason: str = ""
) -> Row:
    """The time of the fastest of the peers over ours."""
    found = [common.ratios(row, peer, ours) for peer in peers if peer in row["seconds"]]
    if not found:
        return skipped(key, reason)
    return measured(key, min(found, key=lambda each: float(np.median(each))), note)


def _threads(key: str, row: Row, job: str) -> Row:
    if (os.cpu_count() or 1) < 2:
        return skipped(key, "one processor only")
    return measured(key, common.ratios(row, job, f"{job}, 2 threads"))


def _each(key: str, row: Row, job: str, scale: float) -> Row:
    """Our own time per item."""
    n = row["n"][job] if isinstance(row["n"], dict) else row["n"]
    return measured(key, scale * np.array(row["seconds"][job]) / n)


def cells(n: int, rounds: int, raw: list[Row]) -> Iterator[Row]:
    """Lon/lat to H3, and the neighbour graph of a tenth as many cells."""
    rows = bench_cells.run(n, rounds)
    raw += rows
    for row in rows:
        _must_equal(row["job"], row["wrong"])
    by_job = {row["job"]: row for row in rows}
    for key, resolution in (("h3", 7), ("h3 fine", 15)):
        row = by_job[f"lon/lat to H3, U, resolution {resolution}"]
        yield _beside(key, row, "h3 loop")
        for peer in ("h3ronpy", "polars-h3"):
            yield _beside(f"h3 {peer} {resolution}", row, peer)
    yield _threads("threads h3", by_job["lon/lat to H3, U, resolution 7"], "geo_risk")
    yield _each("h3 time", by_job["lon/lat to H3, C, resolution 7"], "geo_risk", 1e9)
    for k in (1, 2):
        row = by_job[f"neighbour graph, k = {k}"]
        yield _beside(f"graph {k}", row, "libpysal Graph.build_h3")
        yield _beside(f"graph h3ronpy {k}", row, "h3ronpy grid_disk, searchsorted")
    yield _threads("threads graph", by_job["neighbour graph, large"], "geo_risk")


def borders(n: int, rounds: int, raw: list[Row]) -> Iterator[Row]:
    """Distance to the nearest border line."""
    rows = bench_borders.run(n, rounds, 1.0 if n < 1000 else 0.02)
    raw += rows
    for row in rows:
        name, ours = row["set"], "geo_risk, line"
        for key, peer in (
            ("spherely", "spherely"),
            ("postgis", "PostGIS geography"),
            ("tree", "k-d tree of sampled borders"),
        ):
            yield _beside(f"borders {key} {name}", row, peer, ours)
        if name == "B":
            yield _beside("borders utm", row, "sjoin_nearest, UTM", ours)
        if name == "C":
            yield _each("borders time", row, "geo_risk, land", 1e9)
        yield _threads(f"threads borders {name}", row, ours)


def accuracy(_n: int, _rounds: int, _raw: list[Row]) -> Iterator[Row]:
    """Error of border distances, from the saved comparison with every edge."""
    kept = json.loads(ACCURACY.read_text(encoding="utf-8"))
    bins = {key: value for key, value in kept.items() if key.endswith(" km") and value["n"]}
    near = [b["max_error_mm"] for key, b in bins.items() if float(key.split("-")[0]) < 2000]
    note = f"{kept['points']} points, read from {ACCURACY.name}, seed {kept['seed']}"
    yield measured("error near", [max(near)], note)
    yield measured("error far", [max(b["max_error_mm"] for b in bins.values())], note)


def hotspots(n: int, rounds: int, raw: list[Row]) -> Iterator[Row]:
    """Gi* on a tenth as many cells."""
    analytic, simulated = bench_hotspots.run(max(n // 10, 10), rounds)
    raw += [analytic, simulated]
    _must_equal("Gi*", analytic["largest difference of z"], 1e-6)
    yield _beside("gi analytic", analytic, "esda G_Local, W")
    yield _beside("gi analytic graph", analytic, "esda G_Local, Graph")
    yield _beside("gi analytic scipy", analytic, "SciPy, four lines")
    reason = "esda compiles its simulation for a minute: 10,000 points and more only"
    if not find_spec("esda"):
        reason = "esda is not installed"
    for key, ours in (
        ("gi fresh", "geo_risk"),
        ("gi shared", "geo_risk, shared draws (another algorithm)"),
    ):
        yield _fastest(key, simulated, bench_hotspots.WEIGHTS, ours, reason=reason)


def scans(n: int, rounds: int, raw: list[Row]) -> Iterator[Row]:
    """The scan statistic compared with SaTScan's stored CPU times, on its own data sets."""
    for job in bench_scan.JOBS:
        key = f"scan {job.name}"
        if n < 10_000:
            yield skipped(key, "only at SaTScan's number of replications")
        elif not (ORACLES / job.folder).is_dir():
            yield skipped(key, "SaTScan's data sets are not part of the project")
        else:
            arguments = bench_scan.reference(job, ORACLES)
            _must_equal(key, int(not bench_scan.agrees(job, ORACLES, arguments)))
            row = bench_scan.measure(job, arguments, job.replications, rounds)
            raw.append(row)
            note = "SaTScan 10.3.2's CPU time of another day: an orientation"
            yield measured(key, [job.satscan_cpu_s / cpu for cpu in row["cpu_s_rounds"]], note)


def start(n: int, rounds: int, raw: list[Row]) -> Iterator[Row]:
    """Imports, first answers, memory: whole processes."""
    row = bench_locate.bench_start(rounds, n)
    raw.append(row)
    bench_locate.show(row)
    for key, job in (
        ("start import", "import geo_risk"),
        ("start locate", "import geo_risk, first locate"),
    ):
        yield measured(key, common.ratios(row, job, "import geopandas"))
    yield measured("start cold", [row["cold_first_call_s"]])
    peak = row["peak_resident_mb"]
    for name in ("locate", "borders", "h3"):
        if peak[f"{name}, 1 x {n}"] != peak[f"{name}, 1 x {n}"]:
            yield skipped(f"memory {name}", "peaks are read from /proc, which is Linux's")
        else:
            yield measured(f"memory {name}", [max(peak[f"{name}, {k} x {n}"] for k in (1, 10))])
    growth = [peak[f"{name}, 10 x {n}"] / peak[f"{name}, 1 x {n}"] for name in ("locate", "h3")]
    if growth[0] == growth[0]:
        yield measured("memory growth", [max(growth)])
    else:
        yield skipped("memory growth", "peaks are read from /proc, which is Linux's")


PARTS: dict[str, Callable[[int, int, list[Row]], Iterator[Row]]] = {
    "start": start,
    "locate": locate,
    "cells": cells,
    "borders": borders,
    "accuracy": accuracy,
    "hotspots": hotspots,
    "scans": scans,
}


def run(n: int, rounds: int, parts: list[str]) -> Row:
    """Run all parts; return the report with the table's rows and the raw rounds."""
    kept = common.head(PACKAGES)
    kept["postgis"] = peers_sql.postgis_version()
    kept["n"], kept["rounds"], kept["raw"] = n, rounds, {}
    found: dict[str, Row] = {}
    for part in parts:
        raw: list[Row] = []
        found |= {row["key"]: row for row in PARTS[part](n, rounds, raw)}
        kept["raw"][part] = raw
    kept["rows"] = [found[t.key] for t in targets.TARGETS if t.key in found]
    return kept


def main() -> None:
    """Read the options; run or print."""
    parser = common.options(__doc__, 1_000_000, "points of U and C; the other sizes follow")
    parser.add_argument("--only", help=f"some of {','.join(PARTS)}")
    parser.add_argument("--table", type=Path, help="print the table of this result file instead")
    parser.add_argument("--into", type=Path, help="write that table into this page")
    arguments = parser.parse_args()
    if arguments.table:
        kept = json.loads(arguments.table.read_text(encoding="utf-8"))
        if arguments.into:
            report.write_into(arguments.into, kept)
        else:
            print(report.page(kept))
        return
    if arguments.into:
        parser.error("--into needs --table RESULT.json")
    parts = arguments.only.split(",") if arguments.only else list(PARTS)
    unknown = sorted(set(parts) - set(PARTS))
    if unknown:
        parser.error(f"--only: no part {', '.join(unknown)}; there are {', '.join(PARTS)}")
    if "cells" in parts and not find_spec("libpysal"):
        parser.error("the neighbour graph is compared with libpysal, which is not installed")
    found = run(arguments.n, arguments.rounds, parts)
    common.write(found, arguments.out, "bench_all")
    print("\n" + targets.markdown(found["rows"]))


if __name__ == "__main__":
    main()
