"""How well `geoparse` finds and places the toponyms of the GeoVirus corpus, and how fast.

    python benchmarks/bench_geoparse.py [--n N] [--data FOLDER] [--errors]

The corpus: 229 Wikinews articles with 2,170 toponyms and their coordinates (Gritta et al. 2018,
CC BY), as geovirus_articles.parquet and geovirus_toponyms.csv; by default in the reference data
beside the checkout. Its articles are split by a hash of their id: the word lists and weights of
the geoparser were chosen on the first half ("development"), the second is held out.

Spans count as found only with exactly the annotated start and end. Placement is measured on the
found spans: the share within 161 km (100 miles) of the annotated point, an unresolved span being
a miss, and the median distance of the placed ones. Countries and regions are points here and
there, so their distances compare two conventions.
"""

from __future__ import annotations

import argparse
import hashlib
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


def report(label: str, tally: Tally, n_articles: int) -> None:
    """Print one half's figures."""
    precision = tally.found / max(1, tally.found + tally.wrong)
    recall = tally.found / max(1, tally.found + tally.missed)
    f1 = 2 * precision * recall / max(1e-9, precision + recall)
    print(
        f"{label}: {n_articles} articles, {tally.found + tally.missed} toponyms\n"
        f"  spans    precision {precision:.3f}  recall {recall:.3f}  F1 {f1:.3f}"
    )
    distances, kinds = np.array(tally.distances_km), np.array(tally.kinds)
    for kind in ("all", "place", "region", "country", "area", "unresolved"):
        chosen = distances[kinds == kind] if kind != "all" else distances
        if not chosen.size:
            continue
        placed = chosen[np.isfinite(chosen)]
        median = f"{np.median(placed):8.1f} km" if placed.size else "         -"
        print(
            f"  {kind:<10} {chosen.size:5d}  within 161 km {np.mean(chosen <= 161.0):.3f}"
            f"  median {median}"
        )
    print(
        f"  time     {1000 * tally.seconds / max(1, n_articles):.1f} ms per article, "
        f"{tally.characters / max(1e-9, tally.seconds) / 1000:.0f} thousand characters per second"
    )


def read(folder: Path) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Articles and toponyms."""
    articles = pd.read_parquet(folder / "geovirus_articles.parquet")
    return articles, pd.read_csv(folder / "geovirus_toponyms.csv")


def run(n: int | None = None, folder: Path = DATA, halves: Iterable[str] = ()) -> dict[str, Tally]:
    """Evaluate at most `n` articles of each half; all by default."""
    from geo_risk.places import geoparse

    articles, toponyms = read(folder)
    geoparse("Kabul, Afghanistan.")  # reads the gazetteer and the layer outside the timing
    development = articles["doc"].map(is_development)
    chosen = {"development half": articles[development], "held-out half": articles[~development]}
    tallies = {}
    for label, part in chosen.items():
        if halves and label not in halves:
            continue
        part = part.head(n) if n is not None else part
        tallies[label] = evaluate(part, toponyms)
        report(label, tallies[label], len(part))
    return tallies


def main() -> None:
    """Read the command line and run."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--n", type=int, help="articles of each half; all by default")
    parser.add_argument("--data", type=Path, default=DATA)
    parser.add_argument("--errors", action="store_true", help="list the development half's errors")
    options = parser.parse_args()
    tallies = run(options.n, options.data)
    if options.errors:
        print("\n".join(tallies["development half"].errors))


if __name__ == "__main__":
    main()
