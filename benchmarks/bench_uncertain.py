"""Processor time of draws of uncertain places, and of scoring every draw.

    python benchmarks/bench_uncertain.py --out benchmarks/results/uncertain.json

`--n` events across Afghanistan, 100 draws: half of them known to 5 km, a fifth to 25 km, the rest
to their province; then all to a province or only to the country; and with weights of 2,466 cells.
"""

from __future__ import annotations

import time
from typing import Any

import common
import geopandas
import numpy as np
import shapely

import geo_risk as gr

DRAWS = 100
KINDS = {
    "mixed": ([0.5, 0.2, 0.3, 0.0], False),
    "discs of 25 km": ([0.0, 1.0, 0.0, 0.0], False),
    "provinces": ([0.0, 0.0, 1.0, 0.0], False),
    "country": ([0.0, 0.0, 0.0, 1.0], False),
    "discs of 25 km, weighted": ([0.0, 1.0, 0.0, 0.0], True),
    "provinces, weighted": ([0.0, 0.0, 1.0, 0.0], True),
}
TERMS = ("place", "near_place", "admin1", "country")
RADII = (5.0, 25.0, np.nan, np.nan)
SCORES: dict[str, dict[str, Any]] = {
    "gi_star": {},
    "local_moran": {},
    "kde": {"bandwidth_km": 20.0, "truncate": 1e-6},
}


def events(n: int, shares: list[float]) -> geopandas.GeoDataFrame:
    """Events uniform over the country, with precisions in the given shares."""
    rng = np.random.default_rng(common.SEED)
    middle = geopandas.GeoDataFrame(
        {"location_precision": ["country"] * n, "country_stated": "AFG"},
        geometry=shapely.points(np.full(n, 66.0), np.full(n, 34.0)),
        crs="EPSG:4326",
    )
    found = gr.draw_locations(middle, places=1, seed=common.SEED)
    kind = rng.choice(4, n, p=shares)
    return geopandas.GeoDataFrame(
        {
            "location_precision": np.array(TERMS)[kind],
            "location_uncertainty_km": np.array(RADII)[kind],
        },
        geometry=shapely.points(found.lon[0], found.lat[0]),
        crs="EPSG:4326",
    )


def measure(job: common.Job, rounds: int) -> list[float]:
    """Processor seconds of each round, after one warm-up run."""
    job()
    seconds = []
    for _ in range(rounds):
        start = time.process_time()
        job()
        seconds.append(round(time.process_time() - start, 3))
    return seconds


def main() -> None:
    """Measure and print."""
    arguments = common.options(__doc__, 20_000, "events").parse_args()
    n, rounds = arguments.n, arguments.rounds if arguments.n > 10 else 1
    report = common.head(("geo-risk", "geopandas", "h3", "numba", "numpy", "scipy", "shapely"))
    area = {"resolution": 5, "study_area": "AFG"}
    cells = gr.score_hotspots(events(n, KINDS["mixed"][0]), **area)["h3_cell"]
    people = dict(zip(cells, np.random.default_rng(common.SEED).lognormal(0.0, 1.5, len(cells))))
    for name, (shares, weighted) in KINDS.items():
        frame, weights = events(n, shares), people if weighted else None

        def draw(frame: Any = frame, weights: Any = weights) -> Any:
            return gr.draw_locations(frame, places=DRAWS, seed=1, weights=weights)

        row = {"job": f"draw, {name}", "events": n, "draws": DRAWS}
        report["rows"].append(row | {"processor_seconds": measure(draw, rounds)})
        print(report["rows"][-1])
    frame = events(n, KINDS["mixed"][0])
    for method, options in SCORES.items():

        def score(method: str = method, options: dict[str, Any] = options) -> Any:
            return gr.score_hotspots(frame, method=method, places=DRAWS, seed=1, **area, **options)

        row = {"job": f"score, {method}", "events": n, "draws": DRAWS, "cells": len(cells)}
        report["rows"].append(row | {"processor_seconds": measure(score, rounds)})
        print(report["rows"][-1])
    common.write(report, arguments.out, "bench_uncertain")


if __name__ == "__main__":
    main()
