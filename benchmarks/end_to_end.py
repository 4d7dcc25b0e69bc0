"""Whole verbs: every stage from a file to a result, as the user calls it, beside its peers.

    python benchmarks/end_to_end.py --out benchmarks/results/DATE-end-to-end.json
    python benchmarks/end_to_end.py --n 10 --rounds 1        # a trial; --quick: 20,000 events
    python benchmarks/end_to_end.py --only verbs,calls       # some parts
    python benchmarks/report.py                              # into the pages

Processor time of events around places (`event_files.py`), 1 million by default. Answers are
compared before anything is timed. A verb and its peers take turns in one process, each on a frame
that it has not seen; peak memory is that of a fresh process, which holds the input before
(`baseline`). Calls of whole programs are processes of their own.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent))
import common
import event_files
import numpy as np
import targets
import verbs
import whole_calls
from targets import measured, skipped

PACKAGES = (
    "geo-risk", "geopandas", "h3", "h3ronpy", "numba", "numpy", "pandas", "polars-h3", "pyarrow",
    "rapidfuzz", "scipy", "sedonadb", "shapely", "spherely",
)  # fmt: skip
FULL = 1_000_000
SIZED = "assess", "assess tenth", "municipalities"
"""Floors of these processes are for the full number of events or names."""
BUDGET_S = 45.0
"""After three rounds, no more are begun that would take a stage longer."""
Row = dict[str, Any]


def compared(verb: verbs.Verb, peers: dict[str, verbs.Peer]) -> dict[str, int]:
    """Answers of each peer that differ; stops if a peer's must be equal."""
    ours, differ = verb.run(verb.given()), {}
    for name, peer in peers.items():
        differ[name] = peer.differ(ours, peer.run(peer.given()))
        if peer.exact and differ[name]:
            raise SystemExit(f"{verb.job}: {differ[name]} answers of {name} differ; not timed.")
    return differ


def time_verb(key: str, folder: Path, rounds: int) -> Row:
    """One verb and its peers, in turn, and the memory of a fresh process."""
    verb = verbs.VERBS[key](folder)
    peers = verb.peers()
    row: Row = {
        "key": key, "job": verb.job, "differ": compared(verb, peers),
        "n": {"geo_risk": verb.n} | {name: peer.n for name, peer in peers.items()},
    }  # fmt: skip
    takes: dict[str, Any] = {"geo_risk": verb, **peers}
    jobs = {name: common.Given(take.given, take.run) for name, take in takes.items()}
    row |= common.interleave(jobs, rounds, BUDGET_S)
    row["memory"] = whole_calls.in_process(whole_calls.verb_process(key), folder)
    return row


def per_item(row: Row, scale: float) -> np.ndarray:
    """Our own processor time per item, round by round."""
    return scale * np.array(row["seconds"]["geo_risk"]) / row["n"]["geo_risk"]


def of_verbs(folder: Path, rounds: int, raw: list[Row]) -> Iterator[Row]:
    """Reading, checking, locating, indexing, measuring."""
    for key in verbs.VERBS:
        row = time_verb(key, folder, rounds)
        raw.append(row)
        show(row)
        if f"verb {key}" in targets.BY_KEY:
            yield measured(f"verb {key}", per_item(row, 1e9))
        if key == "geocode":
            yield measured("geocode sjoin", common.ratios(row, "geopandas.sjoin", "geo_risk"))


def of_calls(folder: Path, rounds: int, raw: list[Row]) -> Iterator[Row]:
    """Names, texts, single points: milliseconds each."""
    few = 200 if verbs.rows_of(folder) >= 1000 else 3
    calls = {
        f"name {kind} {'country' if scoped else 'world'}": whole_calls.names(kind, scoped, few)
        for scoped in (True, False)
        for kind in whole_calls.CHANGE
    }
    if (texts := whole_calls.articles(few)) is None:
        yield skipped("geoparse", "the corpus is third-party and not part of the project")
    else:
        calls["geoparse"] = texts
    calls["nearest one"] = whole_calls.single_nearest(few)
    for key, call in calls.items():
        row = {"key": key, "job": call.job, "n": call.n, "differ": call.differ}
        row |= common.interleave(call.jobs, rounds, BUDGET_S)
        raw.append(row)
        show(row)
        yield measured(key, per_item(row, 1e3))


def of_processes(folder: Path, rounds: int, raw: list[Row], cold: bool = False) -> Iterator[Row]:
    """Processes of their own: seconds, and memory."""
    for key, process in whole_calls.PROCESSES.items():
        if process.cold != cold:
            continue
        if key == "municipalities" and not whole_calls.MUNICIPALITIES.is_file():
            yield skipped(f"process {key}", "the names are third-party, not part of the project")
            continue
        found, spent = [whole_calls.in_process(process, folder)], 0.0
        while len(found) < min(rounds, 3) and spent < BUDGET_S:
            found.append(whole_calls.in_process(process, folder))
            spent += found[-1]["seconds"]
        row = {
            "key": key, "job": whole_calls.TITLES[key], "n": {"geo_risk": 1},
            "seconds": {"geo_risk": [each["seconds"] for each in found]}, "memory": found[-1],
        }  # fmt: skip
        raw.append(row)
        show(row)
        known = {name: f"{name} {key}" for name in ("process", "memory")}
        if key in SIZED and verbs.rows_of(folder) != FULL:
            reason = f"only with {FULL:,} events"
            yield from (skipped(k, reason) for k in known.values() if k in targets.BY_KEY)
            continue
        if known["process"] in targets.BY_KEY:
            yield measured(known["process"], row["seconds"]["geo_risk"])
        if known["memory"] in targets.BY_KEY:
            yield _memory(known["memory"], found)


def of_cold_processes(folder: Path, _rounds: int, raw: list[Row]) -> Iterator[Row]:
    """Processes with empty caches, once."""
    yield from of_processes(folder, 1, raw, cold=True)


def _memory(key: str, found: list[dict[str, float]]) -> Row:
    peaks = [each["peak_mb"] - each["baseline_mb"] * (key == "memory gazetteer") for each in found]
    if any(peak != peak for peak in peaks):
        return skipped(key, "peaks are read from /proc, which is Linux's")
    return measured(key, peaks)


PARTS: dict[str, Callable[[Path, int, list[Row]], Iterator[Row]]] = {
    "verbs": of_verbs,
    "calls": of_calls,
    "processes": of_processes,
    "cold": of_cold_processes,
}


def show(row: Row) -> None:
    """Print one stage."""
    print(f"\n{row['job']}")
    for tool, seconds in row["seconds"].items():
        each = float(np.median(seconds)) / row["n"][tool]
        wrong = f", {row['differ'][tool]} differ" if row.get("differ", {}).get(tool) else ""
        print(f"  {tool:<30}{1e9 * each:>16,.0f} ns, {row['n'][tool]:,} a round{wrong}")
    if "memory" in row:
        held = row["memory"]
        print(f"  memory: {held['baseline_mb']:.0f} MB before, {held['peak_mb']:.0f} MB peak")


def run(n: int, rounds: int, parts: list[str]) -> Row:
    """Run the parts on n events; return the report."""
    kept = common.head(PACKAGES)
    kept |= {"kind": "verbs", "n": n, "rounds": rounds, "raw": {}}
    found: dict[str, Row] = {}
    began = time.perf_counter()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        event_files.write(folder, n)
        for part in parts:
            raw: list[Row] = []
            found |= {row["key"]: row for row in PARTS[part](folder, rounds, raw)}
            kept["raw"][part] = raw
    kept["minutes"] = round((time.perf_counter() - began) / 60.0, 1)
    kept["rows"] = [found[t.key] for t in targets.VERB_TARGETS if t.key in found]
    return kept


def main() -> None:
    """Read the options; run; print."""
    parser = common.options(__doc__, FULL, "events")
    parser.add_argument("--quick", action="store_true", help="20,000 events, 3 rounds")
    parser.add_argument("--only", default=",".join(PARTS), help=f"some of {','.join(PARTS)}")
    asked = parser.parse_args()
    if asked.quick:
        asked.n, asked.rounds = 20_000, 3
    unknown = sorted(set(asked.only.split(",")) - set(PARTS))
    if unknown:
        parser.error(f"--only: no part {', '.join(unknown)}; there are {', '.join(PARTS)}")
    found = run(asked.n, asked.rounds, asked.only.split(","))
    common.write(found, asked.out, "end_to_end")
    print("\n" + targets.markdown(found["rows"]))


if __name__ == "__main__":
    main()
