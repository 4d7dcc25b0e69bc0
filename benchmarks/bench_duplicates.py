"""Planted near-duplicates: how many are found, and how many of those found are planted.

The table (a file with --path, else generated) is split: most rows are source "a"; the rest are
events that only source "b" reports. Copies of rows of "a" are added to "b", each moved by up to
5 km and one day, with parties renamed, left out or misspelt and other counts of deaths. A pair is
right if it joins a copy with its original. Pairs between two real events count as wrong, even if
the table itself contains the same event twice, so precision is a lower bound.
"""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from common import SEED, clustered_points, head, options, write

import geo_risk as gr
from geo_risk.frames.check import find_duplicates
from geo_risk.frames.check.check import reports_of
from geo_risk.frames.columns import EventColumns

# lowest score and lowest share; the first has no limits, the third is the default
LIMITS = (
    (0.0, 0.0),
    (0.6, 0.0),
    (0.6, 0.5),
    (0.6, 0.9),
    (0.5, 0.5),
    (0.55, 0.5),
    (0.65, 0.5),
    (0.7, 0.5),
    (0.75, 0.5),
    (0.8, 0.5),
)
SPELLING = {
    "Government of ": "Military Forces of ",
    "Taleban": "Taliban Movement",
    "Civilians": "Civilians (Unarmed)",
    "IS": "Islamic State",
    "Cartel": "Drug Cartel",
}


def generated(n: int, rng: np.random.Generator) -> Any:
    """Clustered events of a few conflicts, each with its parties."""
    centers = clustered_points(max(n // 50, 1), rng)
    pick = rng.integers(0, len(centers[0]), n)
    lon = centers[0][pick] + rng.normal(0, 0.05, n).round(2)
    lat = np.clip(centers[1][pick] + rng.normal(0, 0.05, n).round(2), -90, 90)
    groups = [f"{word} of the {side}" for word in ("Front", "Army", "Union", "Guard")
              for side in ("North", "River", "Hills", "Coast", "South")]  # fmt: skip
    first = [f"Government of Country {i % 20}" for i in pick]
    second = [groups[i % 20] if flip else "Civilians" for i, flip in zip(pick, rng.random(n) < 0.7)]
    best = rng.negative_binomial(1, 0.25, n) + 1
    rows = pd.DataFrame(
        {
            "event_id": [f"e{i}" for i in range(n)],
            "lon": (lon + 180) % 360 - 180,
            "lat": lat,
            "date": pd.Timestamp("2020-01-01") + pd.to_timedelta(rng.integers(0, 400, n), "D"),
            "actor1": first,
            "actor2": second,
            "deaths": best,
        }
    )
    return gr.read_events(rows)


def retold(rows: Any, rng: np.random.Generator) -> Any:
    """Copies as another source would report them."""
    copy, n = rows.copy(), len(rows)
    lon, lat = copy.geometry.x.to_numpy(), copy.geometry.y.to_numpy()
    angle, km = rng.uniform(0, 2 * np.pi, n), 5.0 * np.sqrt(rng.random(n)) * 0.999
    north = km * np.cos(angle) / 111.2
    east = km * np.sin(angle) / (111.2 * np.cos(np.radians(lat)))
    import geopandas

    copy["geometry"] = geopandas.points_from_xy(
        (lon + east + 180) % 360 - 180, np.clip(lat + north, -90, 90), crs="EPSG:4326"
    )
    shift = pd.to_timedelta(rng.integers(-1, 2, n), "D").to_numpy()
    for column in ("date_start", "date_end"):
        copy[column] = copy[column] + shift
    copy["actors"] = [renamed(text, rng) for text in copy["actors"]]
    best = copy["fatalities_best"].to_numpy(dtype=float)
    told = np.where(rng.random(n) < 0.6, best, np.round(best * rng.uniform(0.6, 1.5, n)))
    copy["fatalities_best"] = copy["fatalities_low"] = copy["fatalities_high"] = told
    return copy


def renamed(actors: str | None, rng: np.random.Generator) -> str | None:
    """Parties in another order and spelling; in one of ten pairs one party is replaced."""
    if actors is None:
        return None
    parties = actors.split(" | ")
    for old, new in SPELLING.items():
        parties = [party.replace(old, new) if rng.random() < 0.5 else party for party in parties]
    if rng.random() < 0.5:
        parties = parties[::-1]
    if len(parties) > 1 and rng.random() < 0.1:
        parties = ["Unidentified Armed Group", *parties[1:]]
    if rng.random() < 0.2:
        word = parties[0]
        at = int(rng.integers(0, max(len(word) - 1, 1)))
        parties[0] = word[:at] + word[at + 1 :]
    return " | ".join(parties)


def planted(events: Any, rng: np.random.Generator) -> tuple[Any, np.ndarray]:
    """Table of two sources, and for each row the position of its original, or -1."""
    there = np.flatnonzero(~events.geometry.isna() & ~events["date_start"].isna())
    order = rng.permutation(there)
    cut = max(int(0.7 * len(order)), 1)
    own, others = order[:cut], order[cut:]
    copied = np.sort(rng.choice(cut, max(int(0.4 * cut), 1), replace=False))
    parts = [events.iloc[own], events.iloc[others], retold(events.iloc[own[copied]], rng)]
    table = pd.concat(parts, ignore_index=True)
    table["source"] = ["a"] * cut + ["b"] * (len(table) - cut)
    original = np.full(len(table), -1)
    original[cut + len(others) :] = copied
    return table, original


def measured(
    table: Any, original: np.ndarray, min_score: float, min_share: float, *, blind: bool = False
) -> dict[str, Any]:
    """Precision and recall over pairs from the two sources; `blind` ignores parties and deaths."""
    reports = reports_of(EventColumns.of(table), "source")
    if blind:
        none = np.full(len(table), np.nan)
        same = ["anyone"] * len(table)
        reports = replace(reports, actors=same, best=none, low=none, high=none)
    begun = time.perf_counter()
    twins = find_duplicates(reports, min_score=min_score, min_share=min_share)
    seconds = time.perf_counter() - begun
    source = table["source"].to_numpy()
    across = source[twins.first] != source[twins.second]
    low = np.minimum(twins.first, twins.second)[across]
    high = np.maximum(twins.first, twins.second)[across]
    right = int((original[high] == low).sum())
    wanted = int((original >= 0).sum())
    found = int(across.sum())
    return {
        "place_and_day_only": blind,
        "min_score": min_score,
        "min_share": min_share,
        "planted": wanted,
        "found": found,
        "right": right,
        "precision": right / found if found else float("nan"),
        "recall": right / wanted,
        "seconds": seconds,
    }


def main() -> None:
    """Sweep the lowest score and print precision and recall."""
    parser = options(__doc__ or "", 20_000, "events to generate, or to take of the file")
    parser.add_argument("--path", type=Path, help="a file that read_events reads, e.g. UCDP GED")
    chosen = parser.parse_args()
    rng = np.random.default_rng(SEED)
    if chosen.path is None:
        events, name = generated(chosen.n, rng), "generated"
    else:
        events, name = gr.read_events(chosen.path).iloc[: chosen.n], chosen.path.name
    table, original = planted(events, rng)
    report = head(["geo-risk", "numpy", "pandas", "rapidfuzz", "scipy"])
    report["table"], report["table_rows"] = name, len(table)
    print(f"{name}: {len(table):,} rows")
    print("lowest score  lowest share   planted  found  precision  recall  seconds")
    for score, share, blind in [(0.0, 0.0, True), *((*limits, False) for limits in LIMITS)]:
        row = measured(table, original, score, share, blind=blind)
        report["rows"].append(row)
        print(
            f"{score:12.2f} {share:13.2f} {row['planted']:9,} {row['found']:6,} "
            f"{row['precision']:10.3f} {row['recall']:7.3f} {row['seconds']:8.2f}"
            f"{'  place and day only' if blind else ''}"
        )
    write(report, chosen.out, f"bench_duplicates_{name.partition('.')[0]}")


if __name__ == "__main__":
    main()
