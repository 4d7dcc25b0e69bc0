"""How often do local tests reject if there is no pattern? Poisson noise over H3 cells.

    python benchmarks/null_calibration.py [--draws 200] [--peers 50]

Writes benchmarks/results/null_calibration.json and docs/images/null_calibration.png, and prints
the table. Neighbouring cells share values, so a draw's share of rejections varies more than a
binomial: the mean over the draws is judged by its spread between draws. esda and pygeoda are
included with `--peers` if installed, on the first draws, with their p-values unchanged (one-sided
if simulated).
"""

from __future__ import annotations

import argparse
import json
import platform
import tempfile
import time
from collections.abc import Callable
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import h3
import numpy as np
from scipy import sparse

from geo_risk.hotspots import adjust_fdr, gi_star

ROOT = Path(__file__).resolve().parent.parent
RESULTS = ROOT / "benchmarks" / "results" / "null_calibration.json"
PICTURE = ROOT / "docs" / "images" / "null_calibration.png"
ALPHAS = (0.05, 0.01, 0.001)
MEANS = (3.0, 0.05)
SEED = 20221112
CENTRE = (36.74, 69.53)  # Taloqan, latitude first as in h3
RESOLUTION = 5


def disc(radius: int) -> Any:
    """Binary weights of the H3 cells within `radius` steps of a cell (40: 4,921 cells)."""
    centre = h3.latlng_to_cell(*CENTRE, RESOLUTION)
    position = {cell: i for i, cell in enumerate(h3.grid_disk(centre, radius))}
    pairs = [
        (i, position[other])
        for cell, i in position.items()
        for other in h3.grid_disk(cell, 1)
        if other != cell and other in position
    ]
    i, j = np.array(pairs).T
    return sparse.csr_array((np.ones(len(pairs)), (i, j)), shape=(len(position), len(position)))


def methods(weights: Any, permutations: int, shared: int) -> dict[str, Callable[..., Any]]:
    """Calibrated methods: name → p-values of one draw."""

    def fresh(x: np.ndarray, seed: int) -> np.ndarray:
        return gi_star(x, weights, permutations=permutations, seed=seed).p_value

    def together(x: np.ndarray, seed: int) -> np.ndarray:
        result = gi_star(x, weights, permutations=shared, seed=seed, deal="shared")
        return result.p_value

    return {
        "analytic Gi*": lambda x, _: gi_star(x, weights, p_method="analytic").p_value,
        "analytic Gi": lambda x, _: gi_star(x, weights, star=False, p_method="analytic").p_value,
        f"permutation, {permutations} fresh": fresh,
        f"permutation, {shared} shared": together,
        "exact": lambda x, _: gi_star(x, weights, p_method="exact").p_value,
        "exact, mid-p": lambda x, _: gi_star(x, weights, p_method="exact", mid_p=True).p_value,
        "exact, total": lambda x, _: gi_star(x, weights, p_method="exact", null="total").p_value,
    }


def peers(weights: Any) -> dict[str, Callable[..., Any]]:
    """Methods of other packages for the same draws."""
    ways = {}
    if find_spec("esda"):
        ways |= esda_methods(weights)
    if find_spec("pygeoda"):
        ways["pygeoda Gi, 999"] = pygeoda_method(weights)
    return ways


def pygeoda_method(weights: Any) -> Callable[..., Any]:
    """pygeoda's simulated p, unchanged."""
    import pygeoda

    n = weights.shape[0]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "cells.gal"
        lines = [f"0 {n} cells id"]
        for i in range(n):
            near = weights.indices[weights.indptr[i] : weights.indptr[i + 1]]
            lines += [f"{i} {near.size}", " ".join(map(str, near))]
        path.write_text("\n".join(lines) + "\n")
        w = pygeoda.weights.read_gal(str(path), tuple(map(str, range(n))))

    def p_values(x: np.ndarray, seed: int) -> np.ndarray:
        result = pygeoda.local_g(w, tuple(x), permutations=999, seed=seed + 1, cpu_threads=1)
        return np.array(result.lisa_pvalues())

    return p_values


def esda_methods(weights: Any) -> dict[str, Callable[..., Any]]:
    """esda's p_sim (unchanged) and its one-sided p_norm doubled."""
    import warnings

    from esda.getisord import G_Local
    from libpysal.weights import WSP

    w = WSP(sparse.csr_matrix(weights)).to_W(silence_warnings=True)

    def scored(x: np.ndarray, seed: int, permutations: int, star: bool = False) -> Any:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return G_Local(
                x, w, transform="B", star=star, permutations=permutations, seed=seed, n_jobs=1
            )

    return {
        "esda Gi p_norm x 2": lambda x, s: np.minimum(2 * scored(x, s, 0).p_norm, 1.0),
        "esda Gi p_sim, 999": lambda x, s: scored(x, s, 999).p_sim,
        "esda Gi* p_sim, 999": lambda x, s: scored(x, s, 999, star=True).p_sim,
    }


def calibrate(
    weights: Any, mean: float, draws: int, ways: dict[str, Callable[..., Any]], seed: int = SEED
) -> dict[str, dict[str, Any]]:
    """Rejections per method over `draws` fields of Poisson noise."""
    rng = np.random.default_rng([seed, round(1000 * mean)])
    fields = [rng.poisson(mean, weights.shape[0]) for _ in range(draws)]
    out = {}
    for name, p_values in ways.items():
        shares = np.empty((draws, len(ALPHAS)))
        found = np.empty(draws)
        for d, x in enumerate(fields):
            p = p_values(x.astype(float), d)
            p = p[~np.isnan(p)]
            shares[d] = [(p <= alpha).mean() for alpha in ALPHAS]
            found[d] = (adjust_fdr(p) <= 0.05).sum()
        error = shares.std(axis=0, ddof=1) / np.sqrt(draws)
        out[name] = {
            "rejected": dict(zip(map(str, ALPHAS), shares.mean(axis=0).tolist())),
            "standard_error": dict(zip(map(str, ALPHAS), error.tolist())),
            "draws_with_a_false_discovery": float((found > 0).mean()),
            "mean_false_discoveries": float(found.mean()),
        }
    return out


def table(results: dict[str, dict[str, Any]]) -> str:
    """Format the results as text, one method per line."""
    lines = []
    for mean, ways in results.items():
        lines.append(f"Poisson({mean})".ljust(28) + "".join(f"{a:>17}" for a in ALPHAS))
        lines[-1] += "   after BH 0.05: runs, cells"
        for name, r in ways.items():
            cells = "".join(
                f"{r['rejected'][str(a)]:>9.5f}±{r['standard_error'][str(a)]:.5f}" for a in ALPHAS
            )
            runs, mean_found = r["draws_with_a_false_discovery"], r["mean_false_discoveries"]
            lines.append(f"  {name:<26}{cells}   {runs:>8.1%} {mean_found:8.2f}")
    return "\n".join(lines)


def picture(results: dict[str, dict[str, Any]], draws: int, n: int, path: Path) -> None:
    """Plot rejection rates divided by their nominal level, and false discoveries after BH."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    colours = (*plt.get_cmap("tab10").colors, "black")
    figure, axes = plt.subplots(
        len(results), 2, figsize=(12.5, 3.7 * len(results)), width_ratios=[1.25, 1], squeeze=False
    )
    for row, (mean, ways) in zip(axes, results.items()):
        places = np.arange(len(ways))
        for place, (name, r) in zip(places, ways.items()):
            rate = np.array([r["rejected"][str(a)] / a for a in ALPHAS])
            error = np.array([2 * r["standard_error"][str(a)] / a for a in ALPHAS])
            where = np.arange(len(ALPHAS)) + (place - places.mean()) * 0.085
            row[0].errorbar(
                where[rate > 0], rate[rate > 0], yerr=error[rate > 0], fmt="o", ms=5,
                color=colours[place], label=name,
            )  # fmt: skip
            row[0].plot(
                where[rate == 0], np.full((rate == 0).sum(), 0.013), "v", color=colours[place]
            )
        row[0].axhline(1.0, color="black", lw=1)
        for between in (0.5, 1.5):
            row[0].axvline(between, color="0.85", lw=1)
        row[0].set_yscale("log")
        row[0].set_ylim(0.01, 3000)
        row[0].set_xticks(range(len(ALPHAS)), [f"level {a}" for a in ALPHAS])
        row[0].set_ylabel("rejected / level")
        row[0].set_title(f"Poisson({mean}): rejections where there is nothing", loc="left")
        shares = [100 * r["draws_with_a_false_discovery"] for r in ways.values()]
        row[1].barh(places, shares, color=[colours[p] for p in places])
        for place, share in zip(places, shares):
            text = f"{share:.0f} %" if share >= 10 else f"{share:.1f} %"
            row[1].text(max(share, 5.0) + 1.5, place, text, va="center", fontsize=9)
        row[1].axvline(5.0, color="black", lw=1)
        row[1].set_yticks(places, list(ways))
        row[1].invert_yaxis()
        row[1].set_xlim(0, 118)
        row[1].set_title("a false hotspot after BH at 0.05: % of runs", loc="left")
        for axis in row:
            axis.spines[["top", "right"]].set_visible(False)
    axes[0, 0].legend(fontsize=8, loc="upper left", ncols=2, frameon=False)
    figure.suptitle(
        f"Noise without hotspots: {n:,} H3 cells, {draws} draws (lines: the level, triangles: 0)",
        x=0.01, ha="left",
    )  # fmt: skip
    figure.tight_layout()
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=100, metadata={"Software": None})
    plt.close(figure)


def run(
    radius: int = 40,
    draws: int = 200,
    permutations: int = 999,
    shared: int = 99_999,
    peer_draws: int = 0,
) -> dict[str, Any]:
    """Calibrate all methods on all fields."""
    weights = disc(radius)
    results, beside = {}, {}
    for mean in MEANS:
        results[str(mean)] = calibrate(weights, mean, draws, methods(weights, permutations, shared))
        if peer_draws:
            beside[str(mean)] = calibrate(weights, mean, peer_draws, peers(weights))
    return {
        "cells": weights.shape[0],
        "resolution": RESOLUTION,
        "draws": draws,
        "peer_draws": peer_draws,
        "seed": SEED,
        "alphas": ALPHAS,
        "results": results,
        "peers": beside,
    }


def versions() -> dict[str, str]:
    """Versions of the packages used."""
    found = {"python": platform.python_version()}
    for package in ("geo-risk", "numpy", "scipy", "numba", "h3", "esda", "libpysal", "pygeoda"):
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found


def main() -> None:
    """Run, print, write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--draws", type=int, default=200)
    parser.add_argument("--peers", type=int, default=0, help="draws for esda and pygeoda")
    parser.add_argument("--radius", type=int, default=40)
    parser.add_argument("--picture", action="store_true", help="draw the stored results only")
    options = parser.parse_args()
    if options.picture:
        report = json.loads(RESULTS.read_text())
    else:
        report = measured(options)
        RESULTS.parent.mkdir(parents=True, exist_ok=True)
        RESULTS.write_text(json.dumps(report, indent=1) + "\n")
    print(table(report["results"]))
    if report["peers"]:
        print(f"other packages, the first {report['peer_draws']} draws")
        print(table(report["peers"]))
    shown = {mean: ways | report["peers"].get(mean, {}) for mean, ways in report["results"].items()}
    picture(shown, report["draws"], report["cells"], PICTURE)
    print(f"{report['seconds']} s; {RESULTS.relative_to(ROOT)}, {PICTURE.relative_to(ROOT)}")


def measured(options: argparse.Namespace) -> dict[str, Any]:
    """Run the calibration; add its time and versions."""
    start = time.perf_counter()
    report = run(options.radius, options.draws, peer_draws=options.peers)
    report["seconds"] = round(time.perf_counter() - start)
    report["versions"] = versions()
    return report


if __name__ == "__main__":
    main()
