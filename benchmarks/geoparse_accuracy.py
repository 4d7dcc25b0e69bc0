"""How well and how fast `geoparse` finds and locates the toponyms of the GeoVirus corpus.

    python benchmarks/geoparse_accuracy.py [--n N] [--data FOLDER] [--errors] [--json FILE]

The corpus: 229 Wikinews articles with 2,170 toponyms and their coordinates (Gritta et al. 2018,
CC BY), as geovirus_articles.parquet and geovirus_toponyms.csv; by default in the reference data
beside the checkout. Its articles are split by a hash of their id: the word lists and weights of
the geoparser were chosen on the first half ("development"), the second is held out.

Spans count as found only with exactly the annotated start and end. Location is measured on the
found spans: the share within 161 km (100 miles) of the annotated point, where an unresolved span
is a miss, and the median distance of the located ones. Countries and regions are points in both
data sets, so their distances compare two conventions.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

ROOT = Path(__file__).resolve().parent.parent
DATA = ROOT.parent / "shared" / "data" / "geoparse"


@dataclass
class Tally:
    """Counts over articles."""

    found: int = 0
    wrong: int = 0
    missed: int = 0
    distances_km: list[float] = field(default_factory=list)
    kinds: list[str] = field(default_factory=list)
    articles: int = 0
    seconds: float = 0.0
    characters: int = 0
    errors: list[str] = field(default_factory=list)


def is_development(document: Any) -> bool:
    """Whether an article belongs to the half that the geoparser was tuned on."""
    return hashlib.sha256(str(document).encode()).digest()[0] % 2 == 0


def evaluate(articles: pd.DataFrame, toponyms: pd.DataFrame) -> Tally:
    """Compare `geoparse` with the annotation."""
    from pyproj import Geod

    from geo_risk.places import geoparse

    geod, tally = Geod(ellps="WGS84"), Tally()
    for document, text in zip(articles["doc"], articles["text"]):
        gold = {  # offsets in the file count from 1
            (row.start - 1, row.end - 1): row
            for row in toponyms[toponyms["doc"] == int(document)].itertuples()
        }
        start = time.perf_counter()
        found = geoparse(text)
        tally.seconds += time.perf_counter() - start
        tally.characters += len(text)
        tally.articles += 1
        for row in found.itertuples():
            truth = gold.pop((row.start, row.end), None)
            if truth is None:
                tally.wrong += 1
                tally.errors.append(f"{document}: no toponym: {row.text} ({row.kind}, {row.name})")
                continue
            tally.found += 1
            tally.kinds.append("unresolved" if row.kind is None else row.kind)
            if row.geometry is None:
                tally.distances_km.append(np.inf)
                continue
            point = row.geometry
            metres = geod.inv(point.x, point.y, truth.lon, truth.lat)[2]
            tally.distances_km.append(metres / 1000.0)
        tally.missed += len(gold)
        tally.errors += [f"{document}: missed: {row.phrase}" for row in gold.values()]
    return tally


def figures(tally: Tally, n_articles: int) -> dict[str, Any]:
    """Precision, recall, location by kind, speed."""
    precision = tally.found / max(1, tally.found + tally.wrong)
    recall = tally.found / max(1, tally.found + tally.missed)
    distances, kinds = np.array(tally.distances_km), np.array(tally.kinds)
    placed = {}
    for kind in ("all", "place", "region", "country", "area", "unresolved"):
        chosen = distances[kinds == kind] if kind != "all" else distances
        if chosen.size:
            finite = chosen[np.isfinite(chosen)]
            placed[kind] = {
                "spans": int(chosen.size),
                "within_161_km": round(float(np.mean(chosen <= 161.0)), 4),
                "median_km": round(float(np.median(finite)), 2) if finite.size else None,
            }
    return {
        "articles": n_articles,
        "toponyms": tally.found + tally.missed,
        "precision": round(precision, 4),
        "recall": round(recall, 4),
        "f1": round(2 * precision * recall / max(1e-9, precision + recall), 4),
        "placed": placed,
        "ms_per_article": round(1000 * tally.seconds / max(1, n_articles), 1),
        "characters_per_second": round(tally.characters / max(1e-9, tally.seconds)),
    }


def report(label: str, result: dict[str, Any]) -> None:
    """Print one half's figures."""
    print(
        f"{label}: {result['articles']} articles, {result['toponyms']} toponyms\n"
        f"  spans    precision {result['precision']:.3f}  recall {result['recall']:.3f}"
        f"  F1 {result['f1']:.3f}"
    )
    for kind, row in result["placed"].items():
        median = "-" if row["median_km"] is None else f"{row['median_km']:.1f} km"
        print(
            f"  {kind:<10} {row['spans']:5d}  within 161 km {row['within_161_km']:.3f}"
            f"  median {median}"
        )
    print(
        f"  time     {result['ms_per_article']:.1f} ms per article, "
        f"{result['characters_per_second'] / 1000:.0f} thousand characters per second"
    )


def read(folder: Path) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Articles and toponyms."""
    articles = pd.read_parquet(folder / "geovirus_articles.parquet")
    return articles, pd.read_csv(folder / "geovirus_toponyms.csv")


def run(n: int | None = None, folder: Path = DATA, halves: Iterable[str] = ()) -> dict[str, Tally]:
    """Evaluate at most `n` articles of each half; all by default."""
    from geo_risk.places import geoparse

    articles, toponyms = read(folder)
    geoparse("Kabul, Afghanistan.")  # reads the gazetteer and the layer before the timing
    development = articles["doc"].map(is_development)
    chosen = {"development half": articles[development], "held-out half": articles[~development]}
    tallies = {}
    for label, part in chosen.items():
        if halves and label not in halves:
            continue
        part = part.head(n) if n is not None else part
        tallies[label] = evaluate(part, toponyms)
        report(label, figures(tallies[label], len(part)))
    return tallies


def main() -> None:
    """Read the command line and run."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--n", type=int, help="articles of each half; all by default")
    parser.add_argument("--data", type=Path, default=DATA)
    parser.add_argument("--errors", action="store_true", help="list the development half's errors")
    parser.add_argument("--json", type=Path, help="write the figures to this file")
    options = parser.parse_args()
    tallies = run(options.n, options.data)
    if options.json:
        import geo_risk

        halves = {label: figures(tally, tally.articles) for label, tally in tallies.items()}
        versions = {"geo_risk": geo_risk.__version__, "python": sys.version.split()[0]}
        content = {"versions": versions, "machine": "2 shared cores, busy", **halves}
        options.json.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
    if options.errors:
        print("\n".join(tallies["development half"].errors))


if __name__ == "__main__":
    main()
