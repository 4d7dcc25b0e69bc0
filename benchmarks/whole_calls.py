"""Calls that are measured in processes of their own, or call by call: names, texts, `assess`, CLI.

A `Process` is Python code for a fresh process: `given` is not timed and does not count as memory,
`run` is. `FOLDER` is the folder with the events.
"""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import bench_borders
import bench_places
import common
import geoparse_accuracy
import numpy as np
import verb_peers

import geo_risk as gr

ROOT = Path(__file__).resolve().parent.parent
MUNICIPALITIES = ROOT.parent / "shared" / "data" / "places" / "ourairports_visible.parquet"


@dataclass(frozen=True)
class Process:
    """What a fresh process does; `whole` counts everything from its start, imports included."""

    run: str
    given: str = ""
    whole: bool = False
    cold: bool = False
    """With empty caches: nothing compiled, nothing built."""


_HOOK = """
import json, pathlib, resource, sys, time
FOLDER = pathlib.Path({folder!r})
def kb(name):
    try:
        lines = open("/proc/self/status").read().splitlines()
    except OSError:
        return float("nan")
    return next(int(line.split()[1]) for line in lines if line.startswith(name))
{given}
resident = kb("VmRSS:")
try:
    open("/proc/self/clear_refs", "w").write("5")
except OSError:
    pass
began = 0.0 if {whole} else time.process_time()
{run}
print(json.dumps({{
    "seconds": time.process_time() - began,
    "baseline_mb": resident / 1024, "peak_mb": kb("VmHWM:") / 1024,
}}))
"""


def in_process(
    process: Process, folder: Path, env: Mapping[str, str] | None = None
) -> dict[str, float]:
    """Processor seconds, and resident memory before and at the peak, of a fresh process."""
    code = _HOOK.format(
        folder=str(folder), given=process.given, run=process.run, whole=process.whole
    )
    with tempfile.TemporaryDirectory() as empty:
        caches = {"GEO_RISK_CACHE_DIR": empty, "NUMBA_CACHE_DIR": empty} if process.cold else {}
        done = subprocess.run(
            [sys.executable, "-P", "-c", code], env={**os.environ, **caches, **(env or {})},
            capture_output=True, text=True, check=False,
        )  # fmt: skip
    if done.returncode:
        raise SystemExit(f"{process.run}: {done.stderr}")
    found: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return found


def verb_process(key: str) -> Process:
    """A verb of `verbs.VERBS`, for its memory."""
    given = (
        f"sys.path[:0] = [{str(ROOT / 'benchmarks')!r}]\n"
        f"import verbs\nverb = verbs.VERBS[{key!r}](FOLDER)\nargument = verb.given()"
    )
    return Process("found = verb.run(argument)", given)


def _assess(file: str) -> str:
    return f'import geo_risk as gr\nfound = gr.assess(str(FOLDER / "{file}"))'


def _cli(*words: str) -> str:
    """The command in this process; what it prints is not shown, and a failure stops."""
    return f"""
import contextlib, io
from geo_risk.cli import main
sys.argv = ["geo-risk", {", ".join(words)}]
try:
    with contextlib.redirect_stdout(io.StringIO()) as told:
        main()
except SystemExit as stopped:
    assert not stopped.code, stopped.code
assert told.getvalue()
"""


_IMPORTED = "import geo_risk as gr"
_LOCATE = "import geo_risk as gr\ngr.load_regions().locate(lon=[69.5], lat=[36.7])"
_NAMES = f"""
import pandas as pd
import pyarrow.parquet
from geo_risk.places import locate_names
table = pd.read_parquet({str(MUNICIPALITIES)!r}).dropna(subset="municipality")
rows = pyarrow.parquet.read_metadata(FOLDER / "events.parquet").num_rows
table = table.drop_duplicates("municipality").head(rows)
names, countries = table["municipality"].tolist(), table["iso_country"].tolist()
"""
_PLACES = """
from geo_risk.places import find_places, load_gazetteer
load_gazetteer()
find_places("Taloqan")
find_places("Talokhaan")
"""
PROCESSES: dict[str, Process] = {
    "assess": Process(_assess("events.parquet"), _IMPORTED),
    "assess tenth": Process(_assess("tenth.parquet"), _IMPORTED),
    "assess ten": Process(_assess("ten.csv"), whole=True),
    "assess first": Process(_assess("ten.csv"), whole=True, cold=True),
    "save": Process('found.save(FOLDER / "saved")', _assess("tenth.parquet")),
    "municipalities": Process("locate_names(names, countries=countries)", _NAMES),
    "gazetteer": Process(_PLACES, "import geopandas"),
    "demo cold": Process(_cli("'demo'", "'--out'", 'str(FOLDER / "demo")'), whole=True, cold=True),
    "locate cold": Process(_LOCATE, whole=True, cold=True),
    "cli geocode": Process(_cli("'geocode'", 'str(FOLDER / "ten.csv")'), whole=True),
    "cli info": Process(_cli("'info'"), whole=True),
}
TITLES = {
    "assess": "assess, all events",
    "assess tenth": "assess, a tenth of the events",
    "assess ten": "assess of 10 rows, caches warm",
    "assess first": "assess of 10 rows, first ever",
    "save": "Assessment.save, a tenth of the events",
    "municipalities": "12,732 municipalities by name",
    "gazetteer": "gazetteer, three searches",
    "demo cold": "geo-risk demo, first ever",
    "locate cold": "first locate, first ever",
    "cli geocode": "geo-risk geocode, 10 rows",
    "cli info": "geo-risk info",
}


@dataclass(frozen=True)
class Calls:
    """Calls on single items: a job of each tool, and how many items it takes in a round."""

    job: str
    jobs: dict[str, common.Job]
    n: dict[str, int]
    differ: dict[str, int] = field(default_factory=dict)
    """Answers of a peer that differ from ours; not an error where it measures otherwise."""


@cache
def _spellings() -> tuple[list[str], list[str]]:
    """Every spelling of every place, with its country, in random order."""
    gazetteer = gr.places.load_gazetteer()
    texts = [gazetteer.name(name) for name in range(gazetteer.name_post.size - 1)]
    of_posting = np.repeat(np.arange(len(texts)), np.diff(gazetteer.name_post))
    order = np.random.default_rng(common.SEED).permutation(of_posting.size)
    units = gazetteer.place_unit[gazetteer.post_place[order]].tolist()
    countries = [gazetteer.unit_country[unit] for unit in units]
    return [texts[name] for name in of_posting[order].tolist()], countries


def _missing(name: str) -> str:
    """A name of as many letters that is not like any other."""
    letters = random.Random(name)
    return "".join(letters.choice("qxzjkvw") for _ in name)


CHANGE: dict[str, Callable[[str], str]] = {
    "known": str,
    "fuzzy": bench_places.change_a_letter,
    "miss": _missing,
}


def names(kind: str, scoped: bool, n: int) -> Calls:
    """`locate_names` of n names, others each time; rapidfuzz over the same spellings."""
    from rapidfuzz import fuzz, process

    spelled, countries = _spellings()
    choices, peer_n = _choices(), min(n, 50) if scoped else min(3, max(1, n // 50))
    batches, few = _batches(len(spelled), n), _batches(len(spelled), peer_n)

    def ours(batch: list[int]) -> Any:
        scope = [countries[k] for k in batch] if scoped else None
        asked = [CHANGE[kind](spelled[k]) for k in batch]
        return gr.places.locate_names(asked, countries=scope).matched_name.tolist()

    def peer(batch: list[int]) -> list[str | None]:
        found = [
            process.extractOne(
                CHANGE[kind](spelled[k]), choices[countries[k] if scoped else ""],
                scorer=fuzz.ratio, score_cutoff=80,
            )
            for k in batch
        ]  # fmt: skip
        return [best and best[0] for best in found]

    batch, name = next(few), "rapidfuzz extractOne"
    differ = sum(mine != other for mine, other in zip(ours(batch), peer(batch)))
    return Calls(
        f"name, {kind}, {'in a country' if scoped else 'worldwide'}",
        {"geo_risk": lambda: ours(next(batches)), name: lambda: peer(next(few))},
        {"geo_risk": n, name: peer_n}, {name: differ},
    )  # fmt: skip


def _batches(size: int, n: int) -> Iterator[list[int]]:
    while True:
        yield from ([*range(start, start + n)] for start in range(0, size - n, n))


@cache
def _choices() -> dict[str, list[str]]:
    """Spellings of each country, and of all under ""."""
    found: dict[str, dict[str, None]] = {"": {}}
    for spelled, country in zip(*_spellings()):
        found.setdefault(country, {})[spelled] = found[""][spelled] = None
    return {country: [*spellings] for country, spellings in found.items()}


def single_nearest(n: int) -> Calls:
    """`nearest` of one point, n times, beside spherely's distance of one point."""
    borders, rng = gr.load_borders(), np.random.default_rng(common.SEED)
    lon, lat = common.clustered_points(n, rng)
    pairs, differ = [*zip(lon.tolist(), lat.tolist())], {}
    jobs: dict[str, common.Job] = {
        "geo_risk": lambda: [borders.nearest(lon=[x], lat=[y]) for x, y in pairs]
    }
    if bench_borders.find_spec("spherely"):
        import spherely

        lines = bench_borders.spherely_borders(borders)
        jobs["spherely"] = lambda: [
            spherely.distance(spherely.create_point(x, y), lines) for x, y in pairs
        ]
        exact = borders.nearest(lon=lon, lat=lat, kind="line").distance_m
        differ["spherely"] = verb_peers.far_off(np.array(jobs["spherely"]()), exact)
    return Calls("nearest, one point", jobs, dict.fromkeys(jobs, n), differ)


def articles(n: int) -> Calls | None:
    """`geoparse` of the GeoVirus corpus; None without it."""
    if not geoparse_accuracy.DATA.is_dir():
        return None
    texts = geoparse_accuracy.read(geoparse_accuracy.DATA)[0]["text"].tolist()[:n]
    job = {"geo_risk": lambda: [gr.geoparse(text) for text in texts]}
    return Calls("geoparse, an article", job, {"geo_risk": len(texts)})
