"""Cells compared with peers: index, neighbour graph, study grid; and whether answers are equal.

    python benchmarks/bench_cells.py                          # speed, about five minutes
    python benchmarks/bench_cells.py --exact 3000000          # equality with the h3 library
    python benchmarks/bench_cells.py --out benchmarks/results # keep every round

The tools run interleaved in one process, with one thread unless stated; results are compared
before they are timed; a figure is the median of the rounds' ratios, in processor time. h3ronpy and
polars-h3 are included if they are installed.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent))
import common
import h3.api.basic_int as h3
import numpy as np
import peers_arrays

from geo_risk import cells
from geo_risk.cells import _h3

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests"))
import h3_points

SEED = common.SEED


def points(kind: str, n: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Create U (uniform on the sphere) or C points (5 km around one of 2,000 places)."""
    if kind == "U":
        found = h3_points.uniform(n, rng)
    else:
        places = h3_points.unit(h3_points.uniform(2000, rng))[rng.integers(0, 2000, n)]
        found = h3_points.lonlat(places + rng.normal(size=(n, 3)) * (5.0 / 6371.0))
    return found[:, 0].copy(), found[:, 1].copy()


def loop(lon: np.ndarray, lat: np.ndarray, resolution: int) -> np.ndarray:
    """Index points in the usual way: the h3 library in a comprehension."""
    to_cell = h3.latlng_to_cell
    found = [to_cell(y, x, resolution) for y, x in zip(lat.tolist(), lon.tolist(), strict=True)]
    return np.array(found, dtype=np.uint64)


def index_jobs(lon: np.ndarray, lat: np.ndarray, resolution: int) -> dict[str, Callable[[], Any]]:
    """Index the same points with every tool."""
    jobs: dict[str, Callable[[], Any]] = {
        "geo_risk": lambda: cells.h3_cells(lon=lon, lat=lat, resolution=resolution),
        "geo_risk, 2 threads": lambda: cells.h3_cells(
            lon=lon, lat=lat, resolution=resolution, n_jobs=2
        ),
        "h3 loop": lambda: loop(lon, lat, resolution),
    }
    if find_spec("h3ronpy"):
        from h3ronpy.vector import coordinates_to_cells

        jobs["h3ronpy"] = lambda: np.asarray(coordinates_to_cells(lat, lon, resolution))
    if find_spec("polars_h3"):
        jobs["polars-h3"] = peers_arrays.polars_cells((lon, lat), resolution)
    return jobs


def bench_index(n: int, rounds: int) -> list[dict[str, Any]]:
    """Points to cells."""
    out = []
    for kind, resolution in (("U", 7), ("C", 7), ("U", 15), ("C", 15)):
        jobs = index_jobs(*points(kind, n, np.random.default_rng(SEED)), resolution)
        expected = jobs["h3 loop"]()
        row = {"job": f"lon/lat to H3, {kind}, resolution {resolution}", "n": n}
        row["wrong"] = int((jobs["geo_risk"]() != expected).sum())
        for peer in ("h3ronpy", "polars-h3"):
            if peer in jobs:
                row[f"{peer} wrong"] = int((jobs[peer]() != expected).sum())
        out.append({**row, **common.interleave(jobs, rounds)})
    return out


def some_cells(n: int) -> np.ndarray:
    """Cells of a round study area of about n cells at resolution 9 in the Sahel."""
    home = cells.h3_cells(lon=[20.0], lat=[12.0], resolution=9)
    return cells.grid_disk(home, max(1, round((n / 3.0) ** 0.5)))


def bench_graph(n: int, rounds: int) -> list[dict[str, Any]]:
    """Neighbour graph of n cells, and of ten times as many without a peer."""
    from libpysal.graph import Graph

    out = []
    grid = some_cells(n)
    names = cells.cells_to_strings(grid).tolist()
    for k in (1, 2):
        graph = cells.neighbor_graph(grid, k=k)
        ours = graph.tocoo()
        theirs = Graph.build_h3(names, order=k).adjacency
        place = {name: row for row, name in enumerate(names)}
        theirs = theirs[theirs > 0].index
        pairs = {(place[a], place[b]) for a, b in theirs}
        same = pairs == set(zip(ours.row.tolist(), ours.col.tolist(), strict=True))
        jobs: dict[str, Callable[[], Any]] = {
            "geo_risk": lambda k=k: cells.neighbor_graph(grid, k=k),
            "libpysal Graph.build_h3": lambda k=k: Graph.build_h3(names, order=k),
        }
        if find_spec("h3ronpy"):
            peer = "h3ronpy grid_disk, searchsorted"
            jobs[peer] = peers_arrays.h3ronpy_graph(grid, k)
            same = same and (jobs[peer]() != graph).nnz == 0
        times = common.interleave(jobs, rounds)
        row = {"job": f"neighbour graph, k = {k}", "n": grid.size, "wrong": int(not same)}
        out.append({**row, **times})
    large = some_cells(10 * n)
    jobs = {
        "geo_risk": lambda: cells.neighbor_graph(large),
        "geo_risk, 2 threads": lambda: cells.neighbor_graph(large, n_jobs=2),
        "geo_risk, k = 2": lambda: cells.neighbor_graph(large, k=2),
    }
    row = {"job": "neighbour graph, large", "n": large.size, "wrong": 0}
    out.append({**row, **common.interleave(jobs, rounds)})
    return out


def bench_study_grid(n: int, rounds: int) -> list[dict[str, Any]]:
    """Fill a polygon of about n cells of resolution 7, compared with the library's own fill."""
    if not hasattr(h3, "h3shape_to_cells_experimental"):
        return []
    half = (n * 5.16) ** 0.5 / 2.0 / 111.0
    box = (20.0 - half, 12.0 - half, 20.0 + half, 12.0 + half)
    corners = [(box[1], box[0]), (box[1], box[2]), (box[3], box[2]), (box[3], box[0])]
    shape = h3.LatLngPoly(corners)
    jobs: dict[str, Callable[[], Any]] = {
        "geo_risk": lambda: cells.study_grid(box, resolution=7),
        "h3 h3shape_to_cells_experimental": lambda: h3.h3shape_to_cells_experimental(
            shape, 7, contain="overlap"
        ),
    }
    ours, theirs = jobs["geo_risk"](), jobs["h3 h3shape_to_cells_experimental"]()
    wrong = len(set(ours.tolist()) ^ set(theirs))
    row = {"job": "study grid, overlap", "n": ours.size, "wrong": wrong}
    return [{**row, **common.interleave(jobs, rounds)}]


def check_exact(n: int) -> dict[str, Any]:
    """Compare about n points at all resolutions with the library, half of them adversarial."""
    rng = np.random.default_rng(SEED)
    report: dict[str, Any] = {}
    for kind in ("uniform", "adversarial"):
        total = wrong = asked = peer_wrong = 0
        for resolution in range(16):
            share = max(1, n // 32)
            hard = kind == "adversarial"
            found = (
                h3_points.adversarial(share, resolution, rng)
                if hard
                else h3_points.uniform(share, rng)
            )
            lon, lat = found[:, 0].copy(), found[:, 1].copy()
            jobs = index_jobs(lon, lat, resolution)
            expected = jobs["h3 loop"]()
            total += lon.size
            wrong += int((jobs["geo_risk"]() != expected).sum())
            asked += _h3._encode(lon, lat, resolution, np.empty(lon.size, dtype=np.int64))
            if "h3ronpy" in jobs:
                peer_wrong += int((jobs["h3ronpy"]() != expected).sum())
        report[kind] = {"points": total, "wrong": wrong, "left to the library": asked}
        if find_spec("h3ronpy"):
            report[kind]["h3ronpy wrong"] = peer_wrong
        print(f"equality with h3, resolutions 0-15, {kind} points: {report[kind]}")
    return report


def run(n: int = 1_000_000, rounds: int = 5) -> list[dict[str, Any]]:
    """Run all jobs; print the table and return its rows with every round."""
    rows = bench_index(n, rounds) + bench_graph(n // 10, rounds) + bench_study_grid(n // 10, rounds)
    print(f"{'job':<38}{'n':>9}  {'tool':<34}{'ms':>9}{'ns each':>9}{'ratio':>8}")
    for row in rows:
        for tool in row["seconds"]:
            median = np.median(common.seconds_of(row, tool))
            ratio = np.median(common.ratios(row, tool, "geo_risk"))
            print(
                f"{row['job']:<38}{row['n']:>9}  {tool:<34}{1e3 * median:>9.1f}"
                f"{1e9 * median / row['n']:>9.0f}{ratio:>8.2f}"
            )
        for key in ("wrong", "h3ronpy wrong", "polars-h3 wrong"):
            if row.get(key):
                print(f"  {key}: {row[key]} of {row['n']}")
    return rows


def main() -> None:
    """Read the options and run."""
    parser = common.options(__doc__, 1_000_000, "points; a tenth as many cells")
    parser.add_argument("--exact", type=int, default=0, help="compare this many points instead")
    options = parser.parse_args()
    report = common.head(("h3", "h3ronpy", "numba", "numpy", "scipy", "libpysal"))
    if options.exact:
        report["exact"] = check_exact(options.exact)
    else:
        report["rows"] = run(options.n, options.rounds)
    common.write(report, options.out, "bench_cells_exact" if options.exact else "bench_cells")


if __name__ == "__main__":
    main()
