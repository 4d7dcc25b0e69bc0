"""Cost of the gazetteer: size, reading, memory, the first and the later searches, texts.

    python benchmarks/bench_places.py [--n N] [--out FILE_OR_FOLDER]

Each round is a fresh process that imports geopandas (which every user needs anyway), then reads
the gazetteer and searches; figures are medians over the rounds, and ratios to that import.
The searches are N random places, each by a random spelling, and the same N with one letter changed.

A column of names (`locate_names`) and texts (`geoparse`) are measured in processor time, after a
first call that builds or loads the indexes. The column of municipalities is that of a country's
event file: half of them in Mexico and Colombia, all with their country; half as the gazetteer has
them, 30 % with one letter wrong, 10 % with a word for their kind, 10 % that no place has.
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

MUNICIPALITIES = 12_732
_LETTERS = "abcdefghijklmnopqrstuvwxyz"
_KINDS = ("{} municipality", "Municipio de {}", "{} district", "City of {}")
_SENTENCES = (
    "On Monday police in {0} said that two people had died near {1}, {2}. ",
    "The road from {1} to {0} stays closed, a spokesman of the ministry told reporters. ",
    "Officials of {2} met in {1} on Friday and promised to rebuild the market and the school. ",
    "Most of those who fled {0} have reached the camp outside {1}, the agency added. ",
)
_IMPORTS = """
import geopandas, numpy, pandas, rapidfuzz.distance, rapidfuzz.process
import geo_risk as gr
from geo_risk.places import locate_names
"""
_LOOK_UPS = """
names = ["Taloqan", "Talokhaan", "Mexico City", "Sanfransisko", "xqzvkwjr"]
locate_names(names)
locate_names(names, countries="MEX")
"""


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
    figures |= names_ms(gazetteer, n)
    figures["municipalities, s"] = municipalities_s(gazetteer, MUNICIPALITIES * min(n, 100) // 100)
    figures["geoparse, ms per 1,000 characters"] = geoparse_ms(gazetteer, n)
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


def misspelt(name: str, rng: random.Random) -> str:
    """Change, drop, add or swap letters at one place."""
    at, letter = rng.randrange(len(name)), rng.choice(_LETTERS)
    head, tail = name[:at], name[at + 1 :]
    changes = (head + letter + tail, head + tail, head + letter + name[at:],
               head + name[at : at + 2][::-1] + name[at + 2 :])  # fmt: skip
    return rng.choice(changes) or letter


def unknown(rng: random.Random) -> str:
    """A word that is hardly similar to the name of a place."""
    return "".join(rng.choice(_LETTERS) for _ in range(rng.randrange(7, 14)))


def names_ms(gazetteer: Any, n: int) -> dict[str, float]:
    """Processor time of `locate_names` for one of n distinct names, worldwide and in a country."""
    rng = random.Random(common.SEED)
    places = [rng.randrange(len(gazetteer)) for _ in range(n)]
    known = [gazetteer.primary_name(place) for place in places]
    countries = [gazetteer.country_code(place) for place in places]
    sets = {
        "known": known,
        "misspelt": [misspelt(name, rng) for name in known],
        "unknown": [unknown(rng) for _ in known],
    }
    figures = {}
    for label, names in sets.items():
        figures[f"name, {label}, ms"] = column_s(names, None) / n * 1000
        figures[f"name, {label}, with country, ms"] = column_s(names, countries) / n * 1000
    return figures


def column_s(names: list[str], countries: list[str] | None) -> float:
    """Processor time of the quickest of three calls, after one."""
    from geo_risk.places import locate_names

    return processor_s(lambda: locate_names(names, countries=countries))


def municipalities(gazetteer: Any, n: int) -> tuple[list[str], list[str]]:
    """Names of municipalities as event files write them, with their countries."""
    rng = random.Random(common.SEED)
    wide = [place for code in ("MEX", "COL") for place in range(*gazetteer.countries[code])]
    places = rng.sample(wide, n // 2)
    places += [rng.randrange(len(gazetteer)) for _ in range(n - len(places))]
    names = []
    for place in places:
        name, share = gazetteer.primary_name(place), rng.random()
        if share < 0.3:
            name = misspelt(name, rng)
        elif share < 0.4:
            name = rng.choice(_KINDS).format(name)
        elif share < 0.5:
            name = unknown(rng)
        names.append(name)
    return names, [gazetteer.country_code(place) for place in places]


def municipalities_s(gazetteer: Any, n: int) -> float:
    """Processor time of locating a column of municipalities."""
    return column_s(*municipalities(gazetteer, n))


def articles(gazetteer: Any, n: int, characters: int = 1000) -> list[str]:
    """Made-up reports of about so many characters, each of a region in the world layer."""
    rng = random.Random(common.SEED)
    texts = []
    for _ in range(n):
        first = rng.randrange(len(gazetteer) - 20)
        text = ""
        while len(text) < characters:
            places = [gazetteer.primary_name(first + rng.randrange(20)) for _ in range(3)]
            text += rng.choice(_SENTENCES).format(*places)
        texts.append(text[:characters])
    return texts


def geoparse_ms(gazetteer: Any, n: int) -> float:
    """Processor time of `geoparse` for an article of 1,000 characters."""
    from geo_risk.places import geoparse

    texts = articles(gazetteer, n)
    return 1000 * processor_s(lambda: [geoparse(text) for text in texts]) / n


def processor_s(call: Any) -> float:
    """Processor time of the quickest of three calls, after one."""
    call()
    times = []
    for _ in range(3):
        start = time.process_time()
        call()
        times.append(time.process_time() - start)
    return min(times)


def memory_of_look_ups() -> float:
    """MB that look-ups of all kinds add to a process that has imported everything they need."""
    return common.peak_mb(_IMPORTS + _LOOK_UPS) - common.peak_mb(_IMPORTS)


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
    medians["memory of look-ups, MB"] = memory_of_look_ups()
    medians["product, MB"] = product_path("gazetteer.npz").stat().st_size / 1e6
    for key, value in medians.items():
        print(f"{key:<42} {value:8.2f}")
    if options.out:
        report = common.head(("numpy", "rapidfuzz"))
        report["rows"] = {key: round(value, 3) for key, value in medians.items()}
        common.write(report, options.out, "bench_places")


if __name__ == "__main__":
    main()
