"""Shared code of the benchmarks: point sets, interleaved timing, the head of a result file."""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import platform
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np

SEED = 20221
Points = tuple[np.ndarray, np.ndarray]
Job = Callable[[], Any]


@dataclass(frozen=True)
class Given:
    """A job on an argument that is made anew before every call; making it is not timed."""

    make: Callable[[], Any]
    run: Callable[[Any], Any]

    def prepared(self) -> Job:
        """The call on an argument of its own."""
        argument = self.make()
        return lambda: self.run(argument)


def options(doc: str, n: int, what: str) -> argparse.ArgumentParser:
    """Parser with the options of every benchmark."""
    parser = argparse.ArgumentParser(description=doc.splitlines()[0])
    parser.add_argument("--n", type=int, default=n, help=what)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--out", type=Path, help="write every round to this JSON file or folder")
    return parser


def uniform_points(n: int, rng: np.random.Generator) -> Points:
    """Set U: uniform on the sphere."""
    return rng.uniform(-180, 180, n), np.degrees(np.arcsin(rng.uniform(-1, 1, n)))


def clustered_points(n: int, rng: np.random.Generator, km: float = 5.0) -> Points:
    """Set C: places of the gazetteer, drawn with replacement, with a jitter of about `km`."""
    from geo_risk.places import load_gazetteer

    places = load_gazetteer()
    pick = rng.integers(0, len(places), n)
    return jitter(np.asarray(places.lon)[pick], np.asarray(places.lat)[pick], rng, km)


def jitter(lon: np.ndarray, lat: np.ndarray, rng: np.random.Generator, km: float = 5.0) -> Points:
    """Points moved by about `km`."""
    wide = km / (111.2 * np.maximum(np.cos(np.radians(lat)), 0.01))
    lon = (lon + rng.normal(0, 1, lon.size) * wide + 180) % 360 - 180
    return lon, np.clip(lat + rng.normal(0, km / 111.2, lon.size), -90, 90)


def border_points(n: int, rng: np.random.Generator, km: float = 10.0) -> Points:
    """Set B: within `km` of the border between Afghanistan and Tajikistan."""
    from geo_risk.borders import load_borders

    table = load_borders().table
    pair = (table["country_code_1"] == "AFG") & (table["country_code_2"] == "TJK")
    vertices = table.geometry[pair].get_coordinates().to_numpy()
    near = vertices[rng.integers(0, len(vertices), n)]
    angle, radius = rng.uniform(0, 2 * np.pi, n), km * np.sqrt(rng.random(n))
    lat = near[:, 1] + radius * np.sin(angle) / 111.2
    return near[:, 0] + radius * np.cos(angle) / (111.2 * np.cos(np.radians(near[:, 1]))), lat


def point_sets(n: int) -> dict[str, Points]:
    """The three sets: n points of U and C, a fifth as many of B."""
    rng = np.random.default_rng(SEED)
    return {
        "U": uniform_points(n, rng),
        "C": clustered_points(n, rng),
        "B": border_points(max(n // 5, 1), rng),
    }


def processor_seconds() -> float:
    """Processor time of this process so far, all threads, and of the processes it waited for."""
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.process_time() + children.ru_utime + children.ru_stime


def interleave(
    jobs: Mapping[str, Job | Given], rounds: int, budget_s: float = float("inf")
) -> dict[str, dict[str, list[float]]]:
    """Time every job in every round, one after the other, after one warm-up round.

    `seconds` is processor time, which other work on the machine hardly changes; `wall_seconds`
    is for threads and for a peer that works in a server's process (`clock`). After three rounds
    none is begun that would exceed the budget.
    """

    def call(job: Job | Given) -> tuple[float, float]:
        ready = job.prepared() if isinstance(job, Given) else job
        start, cpu = time.perf_counter(), processor_seconds()
        ready()
        return time.perf_counter() - start, processor_seconds() - cpu

    for job in jobs.values():
        call(job)
    seconds: dict[str, list[float]] = {name: [] for name in jobs}
    wall: dict[str, list[float]] = {name: [] for name in jobs}
    began = time.perf_counter()
    for done in range(rounds):
        spent = time.perf_counter() - began
        if done >= 3 and spent * (done + 1) / done > budget_s:
            break
        for name, job in jobs.items():
            elapsed, busy = call(job)
            wall[name].append(elapsed)
            seconds[name].append(busy)
    return {"seconds": seconds, "wall_seconds": wall}


def clock(tool: str) -> str:
    """Which times count for a tool: processor time, or elapsed time where that is of no use."""
    return "wall_seconds" if tool.endswith("threads") or "PostGIS" in tool else "seconds"


def seconds_of(row: Mapping[str, Any], tool: str) -> list[float]:
    """Rounds of a tool, by its clock; a row of before December 2026 has elapsed time only."""
    found: list[float] = row.get(clock(tool), row["seconds"])[tool]
    return found


_PEAK = """
for line in open("/proc/self/status"):
    if line.startswith("VmHWM:"):
        print(int(line.split()[1]) / 1024)
"""


def peak_mb(code: str) -> float:
    """Peak resident memory, in MB, of a fresh process that runs `code`; NaN if not on Linux.

    Read from the process's own status: `ru_maxrss` starts at the size of its parent process.
    """
    if not Path("/proc/self/status").exists():
        return float("nan")
    result = subprocess.run(
        [sys.executable, "-c", code + _PEAK], check=True, capture_output=True, text=True
    )
    return float(result.stdout.split()[-1])


def ratios(row: Mapping[str, Any], job: str, to: str) -> Any:
    """Time of a job per item relative to that of `to`, in every round, both by one clock."""
    key = "wall_seconds" if "wall_seconds" in (clock(job), clock(to)) else "seconds"
    times, n = row.get(key, row["seconds"]), row["n"]
    items = n if isinstance(n, dict) else dict.fromkeys(times, n)
    return np.array(times[job]) / items[job] / (np.array(times[to]) / items[to])


def versions(packages: Iterable[str]) -> dict[str, str]:
    """Versions of the packages that are installed."""
    found = {}
    for name in packages:
        with contextlib.suppress(metadata.PackageNotFoundError):
            found[name] = metadata.version(name)
    return found


def head(packages: Iterable[str]) -> dict[str, Any]:
    """Facts needed to interpret a result: command, versions, machine, load, seed."""
    script = Path(sys.argv[0]).name
    return {
        "command": " ".join(["python", f"benchmarks/{script}", *sys.argv[1:]]),
        "date": time.strftime("%Y-%m-%d"),
        "python": platform.python_version(),
        "processor": platform.machine(),
        "cores": os.cpu_count(),
        "load_at_start": os.getloadavg() if hasattr(os, "getloadavg") else None,
        "seed": SEED,
        "versions": versions(packages),
        "rows": [],
    }


def write(report: dict[str, Any], out: Path | None, name: str) -> None:
    """Write a report to a file, or under `name` into a folder."""
    report["load_at_end"] = os.getloadavg() if hasattr(os, "getloadavg") else None
    if out is not None:
        path = out / f"{name}.json" if out.is_dir() else out
        path.write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")
