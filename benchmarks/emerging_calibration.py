"""False findings of emerging hot spot analysis in noise: bins and trends.

    python benchmarks/emerging_calibration.py [--draws 200]

Poisson noise over 397 H3 cells and 12 periods: every bin that is hot or cold after FDR is false,
and a trend test at 0.05 should reject 5 %. Writes benchmarks/results/emerging_calibration.json.
"""

from __future__ import annotations

import argparse
import json
from typing import Any

import numpy as np
from null_calibration import MEANS, ROOT, SEED, disc

from geo_risk.hotspots import emerging

RESULTS = ROOT / "benchmarks" / "results" / "emerging_calibration.json"
PERIODS = 12
TRENDS: dict[str, dict[str, Any]] = {
    "none": {"trend_correction": "none"},
    "overlap": {"trend_correction": "overlap"},
    "hamed_rao": {"trend_correction": "hamed_rao"},
    "none, one period": {"trend_correction": "none", "trend_time_neighbors": 0},
}


def bins(weights: Any, mean: float, draws: int) -> dict[str, dict[str, float]]:
    """False bins after FDR, by kind of p-value."""
    rng = np.random.default_rng([SEED, round(1000 * mean)])
    found: dict[str, list[int]] = {"exact": [], "analytic": []}
    for _ in range(draws):
        cube = rng.poisson(mean, (weights.shape[0], PERIODS))
        for p_method, numbers in found.items():
            numbers.append(int((emerging(cube, weights, p_method=p_method).bins != 0).sum()))
    return {
        p_method: {
            "draws_with_a_false_bin": float(np.mean(np.array(numbers) > 0)),
            "mean_false_bins": float(np.mean(numbers)),
        }
        for p_method, numbers in found.items()
    }


def trends(weights: Any, mean: float, draws: int) -> dict[str, dict[str, float]]:
    """Share of trends that are significant at 0.05, by correction."""
    rng = np.random.default_rng([SEED, round(1000 * mean), 1])
    found: dict[str, list[float]] = {name: [] for name in TRENDS}
    for _ in range(draws):
        cube = rng.poisson(mean, (weights.shape[0], PERIODS))
        for name, options in TRENDS.items():
            trend = emerging(cube, weights, p_method="analytic", **options).trend
            found[name].append(float((trend.p_value <= 0.05).mean()))
    return {
        name: {
            "rejected": float(np.mean(shares)),
            "standard_error": float(np.std(shares, ddof=1) / np.sqrt(draws)),
        }
        for name, shares in found.items()
    }


def run(radius: int = 11, draws: int = 200) -> dict[str, Any]:
    """Calibrate bins and trends."""
    weights = disc(radius)
    return {
        "cells": weights.shape[0],
        "periods": PERIODS,
        "draws": draws,
        "seed": SEED,
        "bins": {str(mean): bins(weights, mean, draws) for mean in MEANS},
        "trends": {str(mean): trends(weights, mean, draws) for mean in MEANS},
    }


def main() -> None:
    """Run, print, write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--draws", type=int, default=200)
    report = run(draws=parser.parse_args().draws)
    RESULTS.write_text(json.dumps(report, indent=1) + "\n")
    print(json.dumps(report, indent=1))


if __name__ == "__main__":
    main()
