"""Have kernels or verbs become slower? Their time as a ratio to other work of the same run.

    python benchmarks/gate.py                       # compare with benchmarks/ratios.json
    python benchmarks/gate.py --update              # write it; the commit says why ratios changed
    python benchmarks/gate.py --update --only verbs # some of it

A kernel is compared with fixed work: a loop that searches and calculates as kernels do, compiled
here, so that a quicker machine or compiler shortens both. A verb is compared with the kernel that
it calls, or with what reads its file. Both take turns, in processor time; the quickest of each
counts, since other work on a machine delays a call and never speeds one up. A job is measured
again until its ratio is small enough, at most `ROUNDS` times.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import platform
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent))
import bench_cells
import bench_hotspots
import common
import event_files
import numba
import numpy as np
from pyarrow import csv, parquet as pq

import geo_risk as gr
from geo_risk import cells, hotspots

RATIOS = Path(__file__).resolve().parent / "ratios.json"
MOST, MOST_ELSEWHERE = 1.3, 2.0
"""So many times its stored ratio a job may take: on the same model of processor, on others."""
ROUNDS = 80
"""So many turns are taken before a job counts as slower."""
STORED = 5, 20
"""A ratio that is stored is the median of so many, each from so many turns."""
ROWS = 50_000
"""Events of the verbs."""
PARTS = "ratios", "verbs"

Work = common.Job | common.Given
Pair = tuple[Work, common.Job]
"""A job, and the work of the same run that its time is divided by."""


@numba.njit
def _search(values: np.ndarray, table: np.ndarray) -> float:
    total = 0.0
    for value in values:
        low, high = 0, table.size
        while low < high:
            middle = (low + high) // 2
            if table[middle] < value:
                low = middle + 1
            else:
                high = middle
        total += np.sqrt(value) * np.sin(low)
    return total


def fixed_work() -> common.Job:
    """The work that kernels are compared with: about 10 ms."""
    rng = np.random.default_rng(common.SEED)
    values, table = rng.random(60_000), np.sort(rng.random(200_000))
    return lambda: _search(values, table)


def jobs() -> dict[str, common.Job]:
    """Kernels on as much input as takes about as long as the fixed work; one thread each."""
    rng = np.random.default_rng(common.SEED)
    points = {
        "U": common.uniform_points(200_000, rng), "C": common.clustered_points(200_000, rng),
        "B": common.border_points(10_000, rng),
    }  # fmt: skip
    layer, borders, grid = gr.load_regions(), gr.load_borders(), bench_cells.some_cells(60_000)
    weights = bench_hotspots.disc(60_000)
    counts = rng.poisson(3.0, weights.shape[0]).astype(float)
    few = bench_hotspots.disc(3000)
    lon, lat, days = rng.uniform(69, 71, 800), rng.uniform(36, 38, 800), rng.integers(0, 365, 800)
    return {
        "locate U": lambda: layer.locate(lon=points["U"][0], lat=points["U"][1]),
        "locate C": lambda: layer.locate(lon=points["C"][0], lat=points["C"][1]),
        "borders line B": lambda: borders.nearest(
            lon=points["B"][0], lat=points["B"][1], kind="line"
        ),
        "borders land U": lambda: borders.nearest(
            lon=points["U"][0][:20_000], lat=points["U"][1][:20_000], kind="land"
        ),
        "h3 cells": lambda: gr.h3_cells(lon=points["C"][0], lat=points["C"][1], resolution=7),
        "neighbour graph": lambda: cells.neighbor_graph(grid),
        "gi analytic": lambda: hotspots.gi_star(counts, weights, p_method="analytic"),
        "gi exact": lambda: hotspots.gi_star(counts, weights, p_method="exact"),
        "gi permutations": lambda: hotspots.gi_star(
            counts[: few.shape[0]], few, p_method="permutation", permutations=99, seed=1
        ),
        "knox": lambda: hotspots.knox(
            lon=lon, lat=lat, time=days, distance_km=5.0, interval=14, permutations=99, seed=1
        ),
    }


@contextlib.contextmanager
def verbs() -> Iterator[dict[str, Pair]]:
    """Whole verbs, each with the kernel that it calls, on the same rows; one thread each."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        event_files.write(folder, ROWS)
        frame, path = gr.read_events(folder / "events.parquet"), folder / "events.parquet"
        found = gr.geocode(frame)
        lon, lat = frame.geometry.x.to_numpy(), frame.geometry.y.to_numpy()
        layer, borders = gr.load_regions(), gr.load_borders()

        def locate() -> None:
            layer.locate(lon=lon, lat=lat)

        yield {
            "read parquet / pyarrow": (lambda: gr.read_events(path), lambda: pq.read_table(path)),
            "read csv / pyarrow": (
                lambda: gr.read_events(folder / "events.csv"),
                lambda: csv.read_csv(folder / "events.csv"),
            ),
            "check / locate": (common.Given(frame.copy, gr.check_events), locate),
            "geocode / locate": (common.Given(frame.copy, gr.geocode), locate),
            "index_h3 / h3 cells": (
                common.Given(found.copy, gr.index_h3),
                lambda: gr.h3_cells(lon=lon, lat=lat, resolution=7),
            ),
            "border_proximity / nearest": (
                common.Given(found.copy, gr.border_proximity),
                lambda: borders.nearest(lon=lon, lat=lat, kind="land"),
            ),
        }


def seconds(job: Work) -> float:
    """Processor time of one call."""
    ready = job.prepared() if isinstance(job, common.Given) else job
    began = time.process_time()
    ready()
    return time.process_time() - began


def ratio(job: Work, work: common.Job, *, rounds: int, at_most: float = 0.0) -> float:
    """Quickest of a job over the quickest of other work; no more turns once `at_most` holds."""
    for each in (job, work):
        seconds(each)
    quickest, fixed = float("inf"), float("inf")
    for _ in range(rounds):
        fixed = min(fixed, seconds(work))
        quickest = min(quickest, seconds(job))
        if quickest <= at_most * fixed:
            break
    return quickest / fixed


def processor() -> str:
    """The processor's model, as far as the system tells."""
    with contextlib.suppress(OSError):
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    return platform.processor() or platform.machine()


def stored() -> dict[str, Any]:
    """What `update` wrote: `ratios` of kernels, those of `verbs`, the `processor` of each."""
    found: dict[str, Any] = json.loads(RATIOS.read_text(encoding="utf-8"))
    return found


def allowed(part: str) -> float:
    """So many times its stored ratio a job of a part may take here."""
    return MOST if processor() == stored()["processor"][part] else MOST_ELSEWHERE


def beside_fixed_work(kernels: Mapping[str, common.Job]) -> dict[str, Pair]:
    """Each kernel with the fixed work."""
    work = fixed_work()
    return {name: (job, work) for name, job in kernels.items()}


def slower(pairs: Mapping[str, Pair], before: Mapping[str, float], most: float) -> list[str]:
    """What to say of each job that takes more than `most` times its ratio of before."""
    told = []
    for name, (job, work) in pairs.items():
        now = ratio(job, work, rounds=ROUNDS, at_most=most * before[name])
        if now > most * before[name]:
            told.append(f"{name}: {now / before[name]:.2f} times the stored ratio, at most {most}")
    return told


def measured(pairs: Mapping[str, Pair]) -> dict[str, float]:
    """Job → its ratio now: the median of several, taken at different times."""
    times, rounds = STORED
    found = [
        {name: ratio(job, work, rounds=rounds) for name, (job, work) in pairs.items()}
        for _ in range(times)
    ]
    return {name: float(np.median([each[name] for each in found])) for name in pairs}


def of_part(part: str) -> dict[str, float]:
    """Ratios now of `ratios`, the kernels, or of `verbs`."""
    if part == "ratios":
        return measured(beside_fixed_work(jobs()))
    with verbs() as pairs:
        return measured(pairs)


def update(parts: Sequence[str]) -> None:
    """Measure ratios and store them; those of other parts stay."""
    head = {
        "command": "python benchmarks/gate.py --update",
        "versions": common.versions(["numba", "numpy", "pandas", "pyarrow", "scipy"]),
    }
    kept = stored() | head
    for part in parts:
        kept["processor"][part] = processor()
        kept[part] = {name: round(value, 4) for name, value in of_part(part).items()}
    RATIOS.write_text(json.dumps(kept, indent=1) + "\n", encoding="utf-8")


def main() -> None:
    """Print the ratios beside the stored ones, or store them."""
    parser = argparse.ArgumentParser(description=str(__doc__).splitlines()[0])
    parser.add_argument("--update", action="store_true", help="store what is measured now")
    parser.add_argument("--only", choices=PARTS, help="kernels (ratios) or verbs")
    asked = parser.parse_args()
    parts = [asked.only] if asked.only else PARTS
    if asked.update:
        update(parts)
        return
    for part in parts:
        before = stored()[part]
        for name, now in of_part(part).items():
            print(f"{name:28} {now:8.4f} {now / before[name]:6.2f} times the stored ratio")


if __name__ == "__main__":
    main()
