"""Cost of the gazetteer: size, reading, memory, the first and the later searches.

    python benchmarks/bench_places.py [--n N] [--out FILE_OR_FOLDER]

Each round is a fresh process that imports geopandas (which every user needs anyway), then reads
the gazetteer and searches; figures are medians over the rounds, and ratios to that import.
The searches are N random places, each by a random spelling, and the same N with one letter changed.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import resource
import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent))
import common


def one_round(n: int) -> dict[str, float]:
    """Measure once, in this process, which must be fresh."""
    figures: dict[str, float] = {}
    start = time.perf_counter()
    import geopandas  # noqa: F401

    figures["import geopandas, s"] = time.perf_counter() - start
    before = peak_mb()
    start = time.perf_counter()
    from geo_risk.places import find_places, load_gazetteer

    gazetteer = load_gazetteer()
    figures["read the gazetteer, s"] = time.perf_counter() - start
    figures["memory of the gazetteer, MB"] = peak_mb() - before
    find_places("Taloqan")
    figures["first find_places, import included, s"] = (
        time.perf_counter() - start + figures["import geopandas, s"]
    )
    names, scopes = sample_names(gazetteer, n)
    figures["exact, ms"] = median_ms(lambda name: find_places(name), names)
    start = time.perf_counter()
    find_places("Talokhaan")
    figures["first similar search, ms"] = 1000 * (time.perf_counter() - start)
    changed = [change_a_letter(name) for name in names]
    figures["similar, worldwide, ms"] = median_ms(lambda name: find_places(name), changed)
    pairs = list(zip(changed, scopes))
    figures["similar, in a country, ms"] = median_ms(
        lambda pair: find_places(pair[0], country=pair[1]), pairs
    )
    figures["peak memory, MB"] = peak_mb()
    figures["load average"] = os.getloadavg()[0] if hasattr(os, "getloadavg") else float("nan")
    return figures


def sample_names(gazetteer: Any, n: int) -> tuple[list[str], list[str]]:
    """Random spellings of random places, with their countries."""
    rng = random.Random(20261122)
    places = [rng.randrange(len(gazetteer)) for _ in range(n)]
    names = [rng.choice(gazetteer.names_of(place)) for place in places]
    return names, [gazetteer.country_code(place) for place in places]


def change_a_letter(name: str) -> str:
    """Replace the middle letter."""
    middle = len(name) // 2
    return name[:middle] + ("x" if name[middle] != "x" else "q") + name[middle + 1 :]


def median_ms(search: Any, items: list[Any]) -> float:
    """Median time of one search."""
    times = []
    for item in items:
        start = time.perf_counter()
        search(item)
        times.append(time.perf_counter() - start)
    return 1000 * statistics.median(times)


def peak_mb() -> float:
    """Peak resident memory of this process."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (1e6 if sys.platform == "darwin" else 1e3)


def run(n: int = 100, rounds: int = 5) -> dict[str, float]:
    """Medians over fresh processes."""
    results = []
    for _ in range(rounds):
        command = [sys.executable, str(Path(__file__).resolve()), "--n", str(n), "--round"]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        results.append(json.loads(done.stdout))
    medians = {key: statistics.median(row[key] for row in results) for key in results[0]}
    base = medians["import geopandas, s"]
    medians["read / import geopandas"] = medians["read the gazetteer, s"] / base
    medians["first find_places / import geopandas"] = (
        medians["first find_places, import included, s"] / base
    )
    return medians


def main() -> None:
    """Read the command line and run."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--n", type=int, default=100)
    parser.add_argument("--out", type=Path, help="write the medians to this JSON file or folder")
    parser.add_argument("--round", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.round:
        print(json.dumps(one_round(options.n)))
        return
    from geo_risk._core.products import product_path

    medians = run(options.n)
    medians["product, MB"] = product_path("gazetteer.npz").stat().st_size / 1e6
    for key, value in medians.items():
        print(f"{key:<42} {value:8.2f}")
    if options.out:
        report = common.head(("numpy", "rapidfuzz"))
        report["rows"] = {key: round(value, 3) for key, value in medians.items()}
        common.write(report, options.out, "bench_places")


if __name__ == "__main__":
    main()
