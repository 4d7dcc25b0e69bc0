"""Targets of the benchmarks, and the comparison of measured figures with them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np


@dataclass(frozen=True)
class Target:
    """One row of the table: a job, its peer, the floor and the aim.

    `most` marks figures that must not exceed the floor (growth, start-up, memory, errors); all
    others are the peer's time divided by ours, which must not be below it. A job without a floor
    is shown without a verdict; with an aim alone, the verdict says whether it is reached.
    """

    key: str
    job: str
    peer: str
    floor: float | None = None
    aim: float | None = None
    unit: str = "×"
    most: bool = False


TARGETS = (
    Target("locate U", "point to region, U", "faster of sjoin and SedonaDB", 30, 45),
    Target("locate C", "point to region, C", "faster of sjoin and SedonaDB", 15, 25),
    Target("locate B", "point to region, B", "faster of sjoin and SedonaDB", 15, 20),
    *(
        Target(f"locate {peer} {name}", f"point to region, {name}", peer)
        for peer in ("shapely, boxes and prepared", "DuckDB, SPATIAL_JOIN")
        for name in "UCB"
    ),
    Target("h3", "lon/lat to H3, U, resolution 7", "h3 in a loop", 1.8, 4),
    Target("h3 fine", "lon/lat to H3, U, resolution 15", "h3 in a loop", 1.8, 4),
    *(
        Target(f"h3 {peer} {resolution}", f"lon/lat to H3, U, resolution {resolution}", peer)
        for peer in ("h3ronpy", "polars-h3")
        for resolution in (7, 15)
    ),
    Target("h3 time", "lon/lat to H3, C, resolution 7, per point", "", None, 50, "ns", True),
    Target("borders spherely U", "border distance, U", "spherely", 12, 20),
    Target("borders spherely C", "border distance, C", "spherely", 12, 20),
    Target("borders spherely B", "border distance, B", "spherely", 12, 20),
    Target("borders postgis U", "border distance, U", "PostGIS geography", 25, 50),
    Target("borders postgis C", "border distance, C", "PostGIS geography", 25, 50),
    Target("borders postgis B", "border distance, B", "PostGIS geography", 25, 50),
    Target("borders utm", "border distance, B", "sjoin_nearest, UTM", 4, 6),
    *(
        Target(f"borders tree {name}", f"border distance, {name}", "k-d tree of sampled borders")
        for name in "UCB"
    ),
    Target("borders time", "border distance, C, per point", "", None, 500, "ns", True),
    Target("graph 1", "neighbour graph, k = 1", "libpysal build_h3", 30, 50),
    Target("graph 2", "neighbour graph, k = 2", "libpysal build_h3", 30, 50),
    *(
        Target(f"graph h3ronpy {k}", f"neighbour graph, k = {k}", "h3ronpy grid_disk, searchsorted")
        for k in (1, 2)
    ),
    Target("gi analytic", "Gi* analytic", "esda, W", 200, 500),
    Target("gi analytic graph", "Gi* analytic", "esda, Graph"),
    Target("gi analytic scipy", "Gi* analytic", "SciPy, four lines, binary weights"),
    Target("gi fresh", "Gi, 999 permutations, fresh draws", "esda, the faster", 5),
    Target("gi shared", "Gi, 999 shared draws: another algorithm", "esda, the faster", 5, 300),
    Target("scan spatial Poisson, NC", "spatial Poisson scan, NC", "SaTScan, stored", 1, 5),
    Target("scan spatial Poisson, Fiji", "spatial Poisson scan, Fiji", "SaTScan, stored", 1, 5),
    Target("scan space-time Poisson, NM", "space-time Poisson scan, NM", "SaTScan, stored", 1, 5),
    Target(
        "scan space-time permutation, imdepi",
        "space-time permutation scan, imdepi",
        "SaTScan, stored",
        1,
        5,
    ),
    Target("error near", "border distance, error below 2,000 km", "every edge", 10, 1, "mm", True),
    Target("error far", "border distance, error anywhere", "every edge", 50, 1, "mm", True),
    Target("threads locate U", "two threads, point to region, U", "one thread", 1.6, 1.9),
    Target("threads locate C", "two threads, point to region, C", "one thread", 1.6, 1.9),
    Target("threads locate B", "two threads, point to region, B", "one thread", 1.6, 1.9),
    Target("threads borders U", "two threads, border distance, U", "one thread", 1.6, 1.9),
    Target("threads borders C", "two threads, border distance, C", "one thread", 1.6, 1.9),
    Target("threads borders B", "two threads, border distance, B", "one thread", 1.6, 1.9),
    Target("threads h3", "two threads, lon/lat to H3, resolution 7", "one thread", 1.6, 1.9),
    Target("threads graph", "two threads, neighbour graph", "one thread", 1.6, 1.9),
    Target("growth", "ten times as many points of C, per point", "once", 1.15, 1.0, "×", True),
    Target("start import", "import geo_risk", "import geopandas", 0.5, None, "×", True),
    Target("start locate", "first locate, warm caches", "import geopandas", 1.5, 1.1, "×", True),
    Target("start cold", "first call after installation", "", 10, None, "s", True),
    Target("memory locate", "peak memory, locate", "", 500, None, "MB", True),
    Target("memory borders", "peak memory, border distance", "", 500, None, "MB", True),
    Target("memory h3", "peak memory, H3 cells", "", 500, None, "MB", True),
    Target("memory growth", "peak memory, ten chunks", "one chunk", 1.05, 1.0, "×", True),
)

_MS, _S, _MB = "ms", "s", "MB"
VERB_TARGETS = (
    Target("verb read parquet", "read_events, Parquet, per row", "", 1600, 800, "ns", True),
    Target("verb read csv", "read_events, CSV, per row", "", 2000, 1000, "ns", True),
    Target("verb check", "check_events, per row", "", 5000, 2500, "ns", True),
    Target("verb geocode", "geocode, per row", "", 500, 250, "ns", True),
    Target("geocode sjoin", "geocode", "geopandas.sjoin of the same frame", 3, 6),
    Target("verb index_h3", "index_h3, per row", "", 450, 200, "ns", True),
    Target("verb border", "border_proximity, per row", "", 1300, 900, "ns", True),
    *(
        Target(f"name {kind} {key}", f"a name, {told}, {where}", "", floor, aim, _MS, True)
        for key, where in (("country", "country stated"), ("world", "worldwide"))
        for kind, told, floor, aim in (
            ("known", "known spelling", 0.1, 0.03),
            ("fuzzy", "one letter wrong", 0.5, 0.2),
            ("miss", "in no list", 0.3, 0.1),
        )
    ),
    Target("process municipalities", "12,732 municipalities by name", "", 5, None, _S, True),
    Target("geoparse", "geoparse, an article of 1,700 characters", "", 1.5, None, _MS, True),
    Target("memory gazetteer", "memory of the gazetteer", "", 150, None, _MB, True),
    Target("nearest one", "nearest of one point", "", 0.05, None, _MS, True),
    Target("process assess", "assess, 1,000,000 events", "", 15, 8, _S, True),
    Target("memory assess", "assess, 1,000,000 events, peak memory", "", 1500, None, _MB, True),
    Target("process assess tenth", "assess, 100,000 events", "", 1.5, None, _S, True),
    Target("beside", "assess, 100,000 events", "the commit before (2988913)", 0.5, None, "×", True),
    Target("process assess ten", "assess, 10 rows, caches warm", "", 1.2, 0.9, _S, True),
    Target("process assess first", "assess, 10 rows, first ever", "", 15, 8, _S, True),
    Target("process demo cold", "geo-risk demo, first ever", "", 15, None, _S, True),
    Target("process locate cold", "first locate, first ever", "", 6, None, _S, True),
    Target("process cli geocode", "geo-risk geocode, 10 rows", "", 0.8, None, _S, True),
    Target("process cli info", "geo-risk info", "", 0.3, None, _S, True),
)
"""Whole verbs, processor time: `end_to_end.py`."""
BY_KEY = {target.key: target for target in TARGETS + VERB_TARGETS}


def measured(key: str, rounds: Iterable[float], note: str = "") -> dict[str, Any]:
    """Row with the median of the rounds and its verdict."""
    target, values = BY_KEY[key], [float(value) for value in rounds]
    figure = float(np.median(values))

    def reaches(bound: float | None) -> bool:
        return bound is not None and (figure <= bound if target.most else figure >= bound)

    if reaches(target.aim) and (target.floor is None or reaches(target.floor)):
        verdict = "aim reached"
    elif target.floor is None:
        verdict = "–" if target.aim is None else "aim not reached"
    else:
        verdict = "floor held" if reaches(target.floor) else "MISSED"
    return {**asdict(target), "rounds": values, "figure": figure, "verdict": verdict, "note": note}


def skipped(key: str, reason: str) -> dict[str, Any]:
    """Row that could not be measured, with the reason."""
    return {
        **asdict(BY_KEY[key]), "rounds": [], "figure": None, "verdict": "not measured",
        "note": reason,
    }  # fmt: skip


def _number(value: float | None, unit: str) -> str:
    if value is None:
        return "–"
    if value != 0.0 and abs(value) < 0.01:
        return f"{value:.1g} {unit}"
    digits = 0 if abs(value) >= 100 else (1 if abs(value) >= 10 else 2)
    return f"{value:.{digits}f} {unit}"


def markdown(rows: Iterable[dict[str, Any]]) -> str:
    """The table as Markdown, and the notes below it."""
    lines = [
        "| job | compared with | floor | aim | measured | verdict |",
        "|---|---|---|---|---|---|",
    ]
    notes: list[str] = []
    for row in rows:
        bound = "≤ " if row["most"] else "≥ "
        mark = ""
        if row["note"]:
            if row["note"] not in notes:
                notes.append(row["note"])
            mark = f" ({notes.index(row['note']) + 1})"
        aim, floor = (
            "–" if row[name] is None else bound + _number(row[name], row["unit"])
            for name in ("aim", "floor")
        )
        figure = _number(row["figure"], row["unit"])
        lines.append(
            f"| {row['job']} | {row['peer'] or '–'} | {floor} | {aim} | {figure} | "
            f"{row['verdict']}{mark} |"
        )
    return "\n".join(lines + [""] + [f"({k}) {note}" for k, note in enumerate(notes, 1)])
