"""Time per item for growing data: points for the three kernels, cells for graph and Gi*.

    python benchmarks/scaling.py                    # 1e3 to 1e8 points, 1e3 to 1e6 cells
    python benchmarks/scaling.py --n 10000000       # points up to 1e7
    python benchmarks/scaling.py --plot benchmarks/results/scaling.json   # plot saved figures again

Clustered points (C), in chunks of a million from 1e7 on, one thread. CPU time is measured, so that
a busy machine has little effect; each figure is the minimum of the rounds, one from 1e7 on. Writes
the figures to the folder of results and the plot to docs/images/scaling.png.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent))
import bench_cells
import bench_hotspots
import common
import numpy as np

import geo_risk as gr
from geo_risk import cells
from geo_risk.hotspots import gi_star

HERE = Path(__file__).resolve().parent
CHUNK = 1_000_000


def sizes(largest: int) -> list[int]:
    """Powers of ten from 1e3, or only `largest` if it is smaller."""
    return [10**k for k in range(3, 9) if 10**k <= largest] or [largest]


def chunks(n: int) -> Iterator[common.Points]:
    """Yield the points in chunks; creating them is not timed."""
    rng = np.random.default_rng(common.SEED)
    for start in range(0, n, CHUNK):
        yield common.clustered_points(min(CHUNK, n - start), rng)


def of_points(largest: int, rounds: int) -> Iterator[dict[str, Any]]:
    """Seconds of each kernel at each size."""
    layer, borders = gr.load_regions(), gr.load_borders()
    jobs = {
        "point to region": lambda lon, lat: layer.locate(lon=lon, lat=lat),
        "lon/lat to H3": lambda lon, lat: gr.h3_cells(lon=lon, lat=lat, resolution=7),
        "border distance": lambda lon, lat: borders.nearest(lon=lon, lat=lat),
    }
    for job in jobs.values():
        job([0.0], [0.0])
    for n in sizes(largest):
        for name, job in jobs.items():
            each = []
            for _ in range(rounds if n <= CHUNK else 1):
                took = 0.0
                for lon, lat in chunks(n):
                    start = time.process_time()
                    job(lon, lat)
                    took += time.process_time() - start
                each.append(took)
            yield {"job": name, "n": n, "seconds": each}


def of_cells(largest: int, rounds: int) -> Iterator[dict[str, Any]]:
    """Seconds of the neighbour graph and of analytic Gi* at each size."""
    for n in sizes(largest):
        grid, weights = bench_cells.some_cells(n), bench_hotspots.disc(n)
        x = np.random.default_rng(common.SEED).poisson(3.0, weights.shape[0]).astype(float)
        jobs: dict[str, common.Job] = {
            "neighbour graph": lambda grid=grid: cells.neighbor_graph(grid),
            "Gi* analytic": lambda x=x, weights=weights: gi_star(x, weights, p_method="analytic"),
        }
        for name, job in jobs.items():
            job()
            count, each = grid.size if name == "neighbour graph" else x.size, []
            for _ in range(rounds):
                start = time.process_time()
                job()
                each.append(time.process_time() - start)
            yield {"job": name, "n": int(count), "seconds": each}


def draw(rows: list[dict[str, Any]], path: Path) -> None:
    """Plot nanoseconds per item over the number of items, both logarithmic."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    figure, (left, right) = plt.subplots(1, 2, figsize=(10, 4), sharey=True, layout="constrained")
    for name in dict.fromkeys(row["job"] for row in rows):
        chosen = [row for row in rows if row["job"] == name]
        n = [row["n"] for row in chosen]
        each = [1e9 * min(row["seconds"]) / row["n"] for row in chosen]
        axes = right if name in ("neighbour graph", "Gi* analytic") else left
        axes.plot(n, each, marker="o", label=name)
    for axes, items in ((left, "points"), (right, "cells")):
        axes.set(xscale="log", yscale="log", xlabel=items, title=f"As {items} grow")
        axes.grid(True, alpha=0.3)
        axes.legend()
    left.set_ylabel("CPU nanoseconds per item, one thread")
    figure.savefig(path, dpi=110)
    plt.close(figure)


def main() -> None:
    """Measure and plot, or plot saved results."""
    parser = common.options(__doc__, 10**8, "most points; most cells are a hundredth of them")
    parser.add_argument("--plot", type=Path, help="draw this result file, measure nothing")
    image = HERE.parent / "docs" / "images" / "scaling.png"
    parser.add_argument("--image", type=Path, default=image, help="where the plot goes")
    options = parser.parse_args()
    if options.plot:
        draw(json.loads(options.plot.read_text(encoding="utf-8"))["rows"], options.image)
        return
    report = common.head(("numba", "numpy", "scipy"))
    for part, largest in ((of_points, options.n), (of_cells, max(options.n // 100, 10))):
        for row in part(largest, options.rounds):
            report["rows"].append(row)
            each = 1e9 * min(row["seconds"]) / row["n"]
            print(f"{row['job']:<20}{row['n']:>12,}{each:>12.1f} ns each", flush=True)
    common.write(report, options.out or HERE / "results" / "scaling.json", "scaling")
    draw(report["rows"], options.image)


if __name__ == "__main__":
    main()
