"""The scan statistic: CPU seconds with the same number of replications as SaTScan.

    python benchmarks/bench_scan.py                       # synthetic study areas of the same shape
    python benchmarks/bench_scan.py --reference DIR       # SaTScan's own data sets, if present
    python benchmarks/bench_scan.py --rounds 5 --out benchmarks/results

SaTScan 10.3.2's CPU times were measured on another day and are an orientation, not a ratio measured
in one run. The seeds are fixed; with --reference the largest LLR and the p-values are compared
with SaTScan's before anything is timed. One thread; two threads are timed as well.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import platform
import sys
import time
from dataclasses import dataclass
from datetime import date
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from geo_risk.hotspots import scan

SEED = 19970301


@dataclass(frozen=True)
class Job:
    """A data set, and SaTScan's CPU time for it."""

    name: str
    places: int
    periods: int
    cases: int
    replications: int
    satscan_cpu_s: float
    model: str = "poisson"
    folder: str = ""


JOBS = (
    Job("spatial Poisson, NC", 100, 1, 667, 99_999, 4.9, folder="scan_ncsids74"),
    Job(
        "spatial Poisson, Fiji",
        302,
        1,
        1000,
        9_999,
        2.4,
        folder="scan_quakesfiji_h3r3_antimeridian",
    ),
    Job("space-time Poisson, NM", 32, 19, 1175, 9_999, 2.2, folder="scan_st_nm_constpop"),
    Job(
        "space-time permutation, imdepi",
        123,
        28,
        636,
        9_999,
        62.7,
        model="space_time_permutation",
        folder="scan_stp_imdepi_grid50",
    ),
)


def made_up(job: Job, n: int | None) -> dict[str, Any]:
    """Arguments of `scan` for noise of the job's shape, with at most `n` places."""
    rng = np.random.default_rng(SEED)
    places = min(job.places, n or job.places)
    cells = places * job.periods
    cases = np.bincount(rng.integers(0, cells, job.cases), minlength=cells)
    arguments: dict[str, Any] = {
        "cases": cases if job.periods == 1 else cases.reshape(places, job.periods),
        "lon": rng.uniform(-5.0, 5.0, places),
        "lat": rng.uniform(-5.0, 5.0, places),
        "model": job.model,
        "max_dispersion": float("inf"),
    }
    if job.model == "poisson":
        arguments["population"] = rng.integers(100, 10_000, places)
    return arguments


def reference(job: Job, folder: Path) -> dict[str, Any]:
    """Arguments of `scan` for SaTScan's data set, ties as SaTScan has them."""
    with (folder / job.folder / "input.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    names = [next(iter(row.values())) for row in rows]

    def column(key: str) -> np.ndarray:
        return np.array([float(row[key]) for row in rows])

    plane = "x" in rows[0]
    arguments: dict[str, Any] = {
        "x_km" if plane else "lon": column("x" if plane else "lon"),
        "y_km" if plane else "lat": column("y" if plane else "lat"),
        "model": job.model,
        "ties": "satscan",
        "secondary": "satscan",
    }
    if "pop" in rows[0]:
        arguments["population"] = column("pop")
    if job.periods == 1:
        return arguments | {"cases": column("cases")}
    cases = np.zeros((len(names), job.periods), dtype=int)
    with (folder / job.folder / "cases.csv").open(encoding="utf-8") as file:
        for row in csv.DictReader(file):
            place, period, count = row.values()
            cases[names.index(place), int(period) - 1] += int(count)
    return arguments | {"cases": cases}


def agrees(job: Job, folder: Path, arguments: dict[str, Any]) -> bool:
    """Whether LLRs equal SaTScan's to 6 decimals, and p-values within 4 standard errors."""
    expected = json.loads((folder / job.folder / "expected.json").read_text(encoding="utf-8"))
    result = scan(**arguments, replications=job.replications, seed=SEED)
    for found, stated in zip(result.clusters, expected["clusters"], strict=False):
        p = stated["p"]
        error = np.hypot(stated["p_se"], np.sqrt(max(p * (1 - p), 1e-6) / job.replications))
        if abs(found.llr - stated["llr"]) > 6e-7:
            return False
        if abs(found.p_value - p) > 4 * error + 1 / job.replications:
            return False
    return len(result.clusters) >= len(expected["clusters"])


def seconds(arguments: dict[str, Any], replications: int, n_jobs: int) -> tuple[float, float]:
    """CPU and elapsed seconds of one scan, including the simulation."""
    cpu, wall = time.process_time(), time.perf_counter()
    scan(**arguments, replications=replications, seed=SEED, n_jobs=n_jobs)
    return time.process_time() - cpu, time.perf_counter() - wall


def measure(job: Job, arguments: dict[str, Any], replications: int, rounds: int) -> dict[str, Any]:
    """Every round of one job, and the medians."""
    seconds(arguments, min(replications, 999), 2)  # compile
    one, two = [], []
    for _ in range(rounds):
        one.append(seconds(arguments, replications, 1))
        two.append(seconds(arguments, replications, 2))
    cpu = float(np.median([cpu for cpu, _ in one]))
    return {
        "job": job.name,
        "replications": replications,
        "cpu_s_rounds": [cpu for cpu, _ in one],
        "cpu_s": cpu,
        "elapsed_s": float(np.median([wall for _, wall in one])),
        "elapsed_s_two_threads": float(np.median([wall for _, wall in two])),
        "satscan_cpu_s": job.satscan_cpu_s,
        # A comparison needs SaTScan's own number of replications.
        "satscan_over_geo_risk": job.satscan_cpu_s / cpu
        if replications == job.replications
        else None,
    }


def main() -> None:
    """Run the jobs, print the table, save the rounds with --out."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--reference", type=Path, help="folder of SaTScan's data sets")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--n", type=int, help="at most so many places; few replications")
    parser.add_argument("--out", type=Path, help="folder for the figures")
    options = parser.parse_args()
    found = []
    print("job                              reps    CPU s  2 threads s  SaTScan CPU s  ratio")
    for job in JOBS:
        if options.reference:
            arguments = reference(job, options.reference)
            if not agrees(job, options.reference, arguments):
                sys.exit(f"{job.name}: the results differ from SaTScan's")
        else:
            arguments = made_up(job, options.n)
        replications = 99 if options.n else job.replications
        row = measure(job, arguments, replications, 1 if options.n else options.rounds)
        found.append(row)
        print(
            f"{job.name:30} {replications:6d} {row['cpu_s']:8.3f} "
            f"{row['elapsed_s_two_threads']:12.3f} {job.satscan_cpu_s:14.1f} "
            f"{row['satscan_over_geo_risk'] or float('nan'):6.1f}"
        )
    if options.out:
        keep(found, options)


def keep(found: list[dict[str, Any]], options: argparse.Namespace) -> None:
    """Write every round, with versions, machine and data."""
    options.out.mkdir(parents=True, exist_ok=True)
    path = options.out / f"{date.today().isoformat()}-scan.json"
    record = {
        "versions": {name: version(name) for name in ("geo-risk", "numpy", "numba")},
        "python": platform.python_version(),
        "processors": os.cpu_count(),
        "load_average": os.getloadavg()[0] if hasattr(os, "getloadavg") else None,
        "seed": SEED,
        "data": "SaTScan's" if options.reference else "made up, of the same shape",
        "satscan": "10.3.2, CPU time stored from another day: an orientation",
        "jobs": found,
    }
    path.write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")
    print(f"kept in {path}")


if __name__ == "__main__":
    main()
