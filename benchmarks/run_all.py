"""The complete table: every job compared with its peers, its floor and its aim, in one command.

    python benchmarks/run_all.py --out benchmarks/results/DATE.json   # about half an hour
    python benchmarks/run_all.py --n 10                               # a minute, for a trial
    python benchmarks/run_all.py --only locate,start                  # some parts
    python benchmarks/run_all.py --table benchmarks/results/DATE.json # print a saved table again
    python benchmarks/run_all.py --table benchmarks/results/DATE.json --into docs/benchmarks.md

Answers are compared for equality before anything is timed; the tools run interleaved in one
process, one thread each; a figure is the median of the rounds' ratios. A missing peer is listed
with the reason. The result file contains versions, cores, load, seeds and every round. The error
of border distances is not measured here but read from `results/border_accuracy.json`
(`border_accuracy.py` takes 40 minutes).
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
import peers_sql
import report
import targets
from targets import measured, skipped

HERE = Path(__file__).resolve().parent
ACCURACY = HERE / "results" / "border_accuracy.json"
ORACLES = HERE.parent.parent / "shared" / "oracles" / "scan"
PACKAGES = (
    "duckdb", "esda", "geo-risk", "geopandas", "h3", "h3ronpy", "libpysal", "numba", "numpy",
    "scipy", "sedonadb", "shapely", "spherely",
)  # fmt: skip
Row = dict[str, Any]


def _must_equal(what: str, wrong: float, allowed: float = 0) -> None:
    """Stop if answers differ: the time of a wrong answer has no value."""
    if wrong > allowed:
        raise SystemExit(f"{what}: {wrong} answers differ; nothing is timed.")


def locate(n: int, rounds: int, raw: list[Row]) -> Iterator[Row]:
    """Point to region."""
    for name, points in common.point_sets(n).items():
        share = 1.0 if n < 10_000 else (0.5 if name == "B" else 0.1)
        row = bench_locate.bench_set(name, points, share, rounds)
        raw.append(row)
        bench_locate.show(row)
        _must_equal(f"locate, {name}", row["differences_from_shapely"])
        seconds, number = row["seconds"], row["n"]
        peers = [peer for peer in ("geopandas sjoin", "SedonaDB") if peer in seconds]
        found = {peer: common.ratios(seconds, number, peer, "geo_risk") for peer in peers}
        fastest = min(peers, key=lambda peer: float(sorted(found[peer])[len(found[peer]) // 2]))
        note = "" if len(peers) == 2 else f"SedonaDB: {row['absent']['SedonaDB']}"
        yield measured(f"locate {name}", found[fastest], note)
        yield _threads(f"threads locate {name}", seconds, "geo_risk")
    row = bench_locate.bench_growth(n, rounds)
    raw.append(row)
    many = common.ratios(row["seconds"], {"1": 1, "10": 10}, "10", "1")
    yield measured("growth", many)


def _threads(key: str, seconds: dict[str, list[float]], job: str) -> Row:
    two = dict.fromkeys((job, f"{job}, 2 threads"), 1)
    if (os.cpu_count() or 1) < 2:
        return skipped(key, "one processor only")
    return measured(key, common.ratios(seconds, two, job, f"{job}, 2 threads"))


def cells(n: int, rounds: int, raw: list[Row]) -> Iterator[Row]:
    """Lon/lat to H3, and the neighbour graph of a tenth as many cells."""
    rows = bench_cells.run(n, rounds)
    raw += rows
    for row in rows:
        _must_equal(row["job"], row["wrong"])
        same = dict.fromkeys(row["seconds"], 1)

        def ratio(peer: str, row: Row = row, same: dict[str, int] = same) -> Any:
            return common.ratios(row["seconds"], same, peer, "geo_risk")

        if row["job"] == "lon/lat to H3, U, resolution 7":
            yield measured("h3", ratio("h3 loop"))
            yield _threads("threads h3", row["seconds"], "geo_risk")
        elif row["job"] == "lon/lat to H3, U, resolution 15":
            yield measured("h3 fine", ratio("h3 loop"))
        elif row["job"] in ("neighbour graph, k = 1", "neighbour graph, k = 2"):
            yield measured(f"graph {row['job'][-1]}", ratio("libpysal Graph.build_h3"))
        elif row["job"] == "neighbour graph, large":
            yield _threads("threads graph", row["seconds"], "geo_risk")


def borders(n: int, rounds: int, raw: list[Row]) -> Iterator[Row]:
    """Distance to the nearest border line."""
    rows = bench_borders.run(n, rounds, 1.0 if n < 1000 else 0.02)
    raw += rows
    for row in rows:
        name, seconds = row["set"], row["seconds"]
        for key, peer in (("spherely", "spherely"), ("postgis", "PostGIS geography")):
            if peer in seconds:
                each = common.ratios(seconds, row["n"], peer, "geo_risk, line")
                yield measured(f"borders {key} {name}", each)
            else:
                yield skipped(f"borders {key} {name}", row["absent"][peer])
        if name == "B":
            each = common.ratios(seconds, row["n"], "sjoin_nearest, UTM", "geo_risk, line")
            yield measured("borders utm", each)
        yield _threads(f"threads borders {name}", seconds, "geo_risk, line")


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
    if "esda G_Local" not in analytic["seconds"]:
        reason = "esda is not installed"
        yield skipped("gi analytic", reason)
    else:
        _must_equal("Gi*", analytic["largest difference of z"], 1e-6)
        same = dict.fromkeys(analytic["seconds"], 1)
        yield measured(
            "gi analytic", common.ratios(analytic["seconds"], same, "esda G_Local", "geo_risk")
        )
        reason = "esda compiles its simulation for a minute: 10,000 points and more only"
    seconds = simulated["seconds"]
    same = dict.fromkeys(seconds, 1)
    for key, ours in (
        ("gi fresh", "geo_risk"),
        ("gi shared", "geo_risk, shared draws (another algorithm)"),
    ):
        if "esda G_Local" in seconds:
            yield measured(key, common.ratios(seconds, same, "esda G_Local", ours))
        else:
            yield skipped(key, reason)


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
    once = dict.fromkeys(row["seconds"], 1)
    for key, job in (
        ("start import", "import geo_risk"),
        ("start locate", "import geo_risk, first locate"),
    ):
        yield measured(key, common.ratios(row["seconds"], once, job, "import geopandas"))
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
