"""Gi* compared with esda: analytic, simulated (fresh and shared draws), exact.

    python benchmarks/bench_hotspots.py [--n 100000] [--rounds 5] [--out DIRECTORY_OR_FILE]

The tools run interleaved in one process, one thread each, in processor time; scores are compared
before they are timed; a figure is the median of the rounds' ratios. Also compared: Gi* in four
lines of SciPy, as for binary weights. If esda is not installed, geo_risk runs
alone. esda's simulated p is one-sided and uses its own draws, so p-values are compared only
through the exact ones: each within five standard errors.
"""

from __future__ import annotations

import sys
import warnings
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent))
import common
import numpy as np
import peers_arrays
from scipy import sparse

from geo_risk import cells
from geo_risk.hotspots import GiStarResult, gi_star

SEED = common.SEED
DRAWS = 999


def disc(n: int) -> Any:
    """Binary weights of about n H3 cells around a place, in random order."""
    home = cells.h3_cells(lon=[69.53], lat=[36.74], resolution=9)
    found = cells.grid_disk(home, max(1, round(((n - 0.25) / 3.0) ** 0.5 - 0.5)))
    found = np.random.default_rng(SEED).permutation(found)
    return sparse.csr_array(cells.neighbor_graph(found))


WEIGHTS = "esda G_Local, W", "esda G_Local, Graph"
"""esda on libpysal's two kinds of weights: the newer one is faster."""


def peers(x: np.ndarray, weights: Any, star: bool, permutations: int) -> dict[str, common.Job]:
    """Jobs of esda's G_Local on the same data; none if it is not installed."""
    if not find_spec("esda"):
        return {}
    from esda.getisord import G_Local
    from libpysal.graph import Graph
    from libpysal.weights import WSP

    matrix = sparse.csr_matrix(weights)
    kinds = WSP(matrix).to_W(silence_warnings=True), Graph.from_sparse(matrix)

    def score(w: Any) -> Any:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return G_Local(
                x, w, transform="B", star=star, permutations=permutations, seed=SEED, n_jobs=1
            )

    return {name: lambda w=w: score(w) for name, w in zip(WEIGHTS, kinds)}


def everything(result: GiStarResult) -> GiStarResult:
    """Compute the q-values and labels as well; they are computed only on access."""
    _ = result.q_value, result.hotspot
    return result


def bench_analytic(x: np.ndarray, weights: Any, rounds: int) -> dict[str, Any]:
    """Scores and p-values from the normal distribution."""

    def ours() -> GiStarResult:
        return gi_star(x, weights, p_method="analytic")

    jobs: dict[str, Callable[[], Any]] = {
        "geo_risk": ours,
        "geo_risk, with q and labels": lambda: everything(ours()),
    }
    found = ours()
    jobs["SciPy, four lines"] = lambda: peers_arrays.gi_in_four_lines(x, weights)
    z, p = jobs["SciPy, four lines"]()
    off = [np.nanmax(np.abs(z - found.z)), np.nanmax(np.abs(p - found.p_value))]
    for name, job in peers(x, weights, True, 0).items():
        jobs[name] = job
        off.append(np.nanmax(np.abs(job().Zs - found.z)))
    return {
        "job": "Gi* analytic",
        "largest difference of z": float(max(off)),
        **common.interleave(jobs, rounds),
    }


def bench_simulated(x: np.ndarray, weights: Any, rounds: int) -> dict[str, Any]:
    """Simulated p-values from `DRAWS` draws, and the exact ones, which need none."""
    jobs: dict[str, Callable[[], Any]] = {
        "geo_risk": lambda: gi_star(x, weights, star=False, permutations=DRAWS, seed=SEED),
        "geo_risk, 2 threads": lambda: gi_star(
            x, weights, star=False, permutations=DRAWS, seed=SEED, n_jobs=2
        ),
        "geo_risk, shared draws (another algorithm)": lambda: gi_star(
            x, weights, star=False, permutations=DRAWS, seed=SEED, deal="shared"
        ),
        "geo_risk, exact": lambda: gi_star(x, weights, star=False, p_method="exact"),
    }
    exact = jobs["geo_risk, exact"]().p_high
    spread = np.sqrt(exact * (1 - exact) / DRAWS) + 1.0 / DRAWS
    off = {name: float(np.nanmax(np.abs(jobs[name]().p_high - exact) / spread)) for name in jobs}
    if x.size >= 1000:  # esda compiles for a minute
        jobs |= peers(x, weights, False, DRAWS)
    return {
        "job": f"Gi, {DRAWS} draws",
        "largest distance from exact, standard errors": off,
        **common.interleave(jobs, rounds),
    }


def run(n: int = 100_000, rounds: int = 5) -> list[dict[str, Any]]:
    """Run all jobs; print the table and return its rows with every round."""
    weights = disc(n)
    x = np.random.default_rng(SEED).poisson(3.0, weights.shape[0]).astype(float)
    rows = [bench_analytic(x, weights, rounds), bench_simulated(x, weights, max(1, rounds))]
    print(f"{'job':<20}{'cells':>8}  {'tool':<44}{'ms':>10}{'ratio':>9}")
    for row in rows:
        row["n"] = x.size
        for tool in row["seconds"]:
            median = 1e3 * np.median(common.seconds_of(row, tool))
            ratio = np.median(common.ratios(row, tool, "geo_risk"))
            print(f"{row['job']:<20}{x.size:>8}  {tool:<44}{median:>10.2f}{ratio:>9.2f}")
        print({key: value for key, value in row.items() if key.startswith("largest")})
    return rows


def main() -> None:
    """Read the options and run."""
    parser = common.options(__doc__, 100_000, "cells, about")
    options = parser.parse_args()
    report = common.head(("numpy", "scipy", "numba", "esda", "libpysal"))
    report["rows"] = run(options.n, options.rounds)
    common.write(report, options.out, "bench_hotspots")


if __name__ == "__main__":
    main()
