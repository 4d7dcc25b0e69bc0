"""Start-up: whole processes, with empty and with warm caches, in wall and processor time.

    python benchmarks/start.py [--rounds 5] [--n 10] [--out FILE_OR_FOLDER]
    python benchmarks/start.py --only "warm info,first locate"

`--n` is the number of rows that `geocode` and `assess` get. "first" runs have empty folders for
indexes and compiled kernels; "warm" ones are fresh processes after one that was not timed.
Processor time is that of the process and its children: on a busy machine it means more.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent))
import common

FLOORS = {  # seconds of wall time on two cores without other load
    "first locate": 6.0, "first assess": 15.0, "first demo": 15.0,
    "warm info": 0.3, "warm geocode": 0.8, "warm assess": 1.2,
}  # fmt: skip
_LOCATE = "import geo_risk as gr; gr.load_regions().locate(lon=[69.5], lat=[36.7])"
_ASSESS = "import sys, geo_risk as gr; gr.assess(sys.argv[1])"
_COMMAND = ("-m", "geo_risk.cli")


def commands(folder: Path, n: int) -> dict[str, list[str]]:
    """Arguments to Python of each job; events and results are in `folder`."""
    events = folder / "events.csv"
    rows = (f"{69 + k % 10 / 10},{36.5 + k % 10 / 20},2022-03-05\n" for k in range(n))
    events.write_text("lon,lat,date\n" + "".join(rows), encoding="utf-8")
    return {
        "locate": ["-c", _LOCATE],
        "assess": ["-c", _ASSESS, str(events)],
        "demo": [*_COMMAND, "demo", "--out", str(folder / "demo")],
        "info": [*_COMMAND, "info"],
        "geocode": [*_COMMAND, "geocode", str(events), "--out", str(folder / "located.csv")],
    }


def once(arguments: Sequence[str], caches: str) -> tuple[float, float]:
    """Wall and processor seconds of one process."""
    start, before = time.perf_counter(), _children_s()
    subprocess.run(
        [sys.executable, *arguments], check=True, stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env={**os.environ, "GEO_RISK_CACHE_DIR": caches, "NUMBA_CACHE_DIR": caches},
    )  # fmt: skip
    return time.perf_counter() - start, _children_s() - before


def _children_s() -> float:
    spent = os.times()
    return spent.children_user + spent.children_system


def measure(job: str, n: int = 10, rounds: int = 3) -> dict[str, Any]:
    """Rounds of one of `FLOORS`, such as "first locate"; the figure is the fastest."""
    when, _, name = job.partition(" ")
    with tempfile.TemporaryDirectory() as folder, tempfile.TemporaryDirectory() as kept:
        arguments = commands(Path(folder), n)[name]
        if when == "warm":
            once(arguments, kept)
        spent = []
        for _ in range(rounds):
            with tempfile.TemporaryDirectory() as empty:
                spent.append(once(arguments, kept if when == "warm" else empty))
    wall, cpu = zip(*spent)
    return {"job": job, "n": n, "floor_s": FLOORS[job], "wall_s": wall, "processor_s": cpu}


def main() -> None:
    """Measure every job and print it."""
    parser = common.options(__doc__, 10, "rows of geocode and assess")
    parser.add_argument("--only", help=f"some of {','.join(FLOORS)}")
    arguments = parser.parse_args()
    jobs = arguments.only.split(",") if arguments.only else list(FLOORS)
    if unknown := sorted(set(jobs) - set(FLOORS)):
        parser.error(f"--only: no job {', '.join(unknown)}; there are {', '.join(FLOORS)}")
    report = common.head(("geo-risk", "geopandas", "numba", "numpy", "pandas", "typer"))
    for job in jobs:
        row = measure(job, arguments.n, arguments.rounds)
        report["rows"].append(row)
        print(
            f"{job:<14} wall {min(row['wall_s']):6.2f} s, processor {min(row['processor_s']):6.2f}"
            f" s, floor {row['floor_s']:.1f} s",
            flush=True,
        )
    common.write(report, arguments.out, "start")


if __name__ == "__main__":
    main()
