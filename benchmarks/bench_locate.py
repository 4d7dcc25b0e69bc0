"""Point to region compared with its peers; answers are checked for equality first.

    python benchmarks/bench_locate.py [--n 1000000] [--rounds 5] [--out FILE_OR_FOLDER]
    python benchmarks/bench_locate.py --exact 10000000      # compare with shapely, time nothing

Point sets: U (uniform on the sphere), C (clustered on places) and B (within 10 km of the border of
Afghanistan and Tajikistan, a fifth as many). Peers: geopandas `sjoin`, shapely in two ways
(`peers_arrays.py`), and SedonaDB, DuckDB's spatial join and PostGIS if available (`peers_sql.py`);
the last two get fewer points, figures are per point. The tools run interleaved in one process, one
thread each, in processor time; a ratio is the median of the rounds' ratios. Also: ten times as
many points of C, two threads, memory, cold start.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent))
import common
import numpy as np
import peers_arrays
import peers_sql

import geo_risk as gr

PEERS: tuple[tuple[str, Callable[..., common.Job], int], ...] = (
    ("SedonaDB", peers_sql.sedona_locate, 1_000_000),
    ("DuckDB, SPATIAL_JOIN", peers_sql.duckdb_locate, 50_000),
    ("PostGIS, ST_Subdivide", peers_sql.postgis_locate, 2_000),
    ("shapely, tree of points", peers_arrays.tree_of_points, 1_000_000),
    ("shapely, boxes and prepared", peers_arrays.boxes_and_prepared, 1_000_000),
)
"""Name, function that prepares the job, the most points that it gets."""


def sjoin_job(table: Any, points: common.Points) -> common.Job:
    """Job of a spatial join; creating the points is not timed."""
    import geopandas

    frame = geopandas.GeoDataFrame(geometry=geopandas.points_from_xy(*points), crs="EPSG:4326")
    regions = table[["geometry"]]
    return lambda: geopandas.sjoin(frame, regions, predicate="within")


def differences(table: Any, points: common.Points, ours: np.ndarray) -> int:
    """Points whose row is wrong by shapely: they do not touch it, or touch only another one."""
    import shapely

    tree = shapely.STRtree(table.geometry.to_numpy())
    point, row = tree.query(shapely.points(*points), predicate="intersects")
    inside = np.bincount(point, minlength=len(ours)) > 0
    agrees = np.zeros(len(ours), dtype=bool)
    agrees[point[ours[point] == row]] = True
    return int(((inside != (ours >= 0)) | (inside & ~agrees)).sum())


def check_exact(n: int, n_c: int) -> list[dict[str, Any]]:
    """Differences from shapely on n points of U and C, on B, and on n_c more of C, in chunks."""
    layer, rng = gr.load_regions(), np.random.default_rng(common.SEED + 1)
    rows = []
    for name, points in common.point_sets(n).items():
        wrong = differences(layer.table, points, layer.locate(lon=points[0], lat=points[1]))
        rows.append({"set": name, "points": len(points[0]), "differences_from_shapely": wrong})
    rows.append({"set": "C, more", "points": 0, "differences_from_shapely": 0})
    for start in range(0, n_c, 1_000_000):
        points = common.clustered_points(min(1_000_000, n_c - start), rng)
        wrong = differences(layer.table, points, layer.locate(lon=points[0], lat=points[1]))
        rows[-1]["points"] += len(points[0])
        rows[-1]["differences_from_shapely"] += wrong
    return rows


def pairs_wrong(found: Any, ours: np.ndarray) -> int:
    """Points for which a peer's pairs of point and row do not contain our row."""
    pairs = np.asarray(found, dtype=np.int64).reshape(-1, 2)
    agrees = np.zeros(len(ours), dtype=bool)
    agrees[pairs[ours[pairs[:, 0]] == pairs[:, 1], 0]] = True
    inside = np.bincount(pairs[:, 0], minlength=len(ours)) > 0
    return int(((inside != (ours >= 0)) | (inside & ~agrees)).sum())


def bench_set(name: str, points: common.Points, rounds: int) -> dict[str, Any]:
    """Compare and time one point set."""
    layer = gr.load_regions()
    lon, lat = points
    ours = layer.locate(lon=lon, lat=lat)
    jobs: dict[str, common.Job] = {
        "geo_risk": lambda: layer.locate(lon=lon, lat=lat),
        "geo_risk, 2 threads": lambda: layer.locate(lon=lon, lat=lat, n_jobs=2),
        "geopandas sjoin": sjoin_job(layer.table, points),
    }
    n, absent, peer_wrong = dict.fromkeys(jobs, len(lon)), {}, {}
    for peer, make, most in PEERS:
        part = (lon[:most], lat[:most])
        try:
            jobs[peer] = make(layer.table, part)
        except peers_sql.UnavailableError as error:
            absent[peer] = str(error)
            continue
        n[peer] = len(part[0])
        peer_wrong[peer] = pairs_wrong(jobs[peer](), ours[:most])
    return {
        "set": name, "n": n, "differences_from_shapely": differences(layer.table, points, ours),
        "peers_differences_from_geo_risk": peer_wrong, "absent": absent,
        **common.interleave(jobs, rounds),
    }  # fmt: skip


def bench_growth(n: int, rounds: int) -> dict[str, Any]:
    """Time of n clustered points and of ten times as many."""
    layer = gr.load_regions()
    rng = np.random.default_rng(common.SEED)
    small, large = common.clustered_points(n, rng), common.clustered_points(10 * n, rng)
    jobs: dict[str, common.Job] = {
        "1": lambda: layer.locate(lon=small[0], lat=small[1]),
        "10": lambda: layer.locate(lon=large[0], lat=large[1]),
    }
    times = common.interleave(jobs, rounds)
    return {"job": "ten times as many points", "n": {"1": n, "10": 10 * n}, **times}


_FRESH = {
    "import geopandas": "import geopandas",
    "import geo_risk": "import geo_risk",
    "import geo_risk, first locate": (
        "import geo_risk as gr; gr.load_regions().locate(lon=[69.5], lat=[36.7])"
    ),
}
_MEMORY = """
import numpy as np, geo_risk as gr
rng = np.random.default_rng(0)
for _ in range({chunks}):
    lon, lat = rng.uniform(-180, 180, {n}), np.degrees(np.arcsin(rng.uniform(-1, 1, {n})))
    {call}
    del lon, lat
"""
_CALLS = {
    "locate": "gr.load_regions().locate(lon=lon, lat=lat)",
    "borders": 'gr.load_borders().nearest(lon=lon, lat=lat, kind="any")',
    "h3": "gr.h3_cells(lon=lon, lat=lat, resolution=7)",
}


def memory(n: int) -> dict[str, float]:
    """Peak resident memory, in MB, of processes that handle one and ten chunks of n points."""
    return {
        f"{name}, {chunks} x {n}": common.peak_mb(_MEMORY.format(chunks=chunks, n=n, call=call))
        for name, call in _CALLS.items()
        for chunks in (1, 10)
    }


def cold_start() -> float:
    """Processor time of the first call after installation: nothing built, nothing compiled."""
    with tempfile.TemporaryDirectory() as folder:
        places = {"GEO_RISK_CACHE_DIR": folder, "NUMBA_CACHE_DIR": folder}
        start = common.processor_seconds()
        subprocess.run(
            [sys.executable, "-c", _FRESH["import geo_risk, first locate"]],
            env={**os.environ, **places}, check=True,
        )  # fmt: skip
        return common.processor_seconds() - start


def bench_start(rounds: int, n: int) -> dict[str, Any]:
    """Whole processes: imports, the first answer with warm and with cold caches, memory."""
    jobs: dict[str, common.Job] = {
        name: lambda code=code: subprocess.run([sys.executable, "-c", code], check=True)
        for name, code in _FRESH.items()
    }
    times = common.interleave(jobs, rounds)
    return {
        "job": "start", "n": 1, **times, "cold_first_call_s": cold_start(),
        "peak_resident_mb": memory(n),
    }  # fmt: skip


def show(row: dict[str, Any]) -> None:
    """Print one row."""
    print(f"\n{row.get('set') or row['job']}: {row['n']}")
    if "differences_from_shapely" in row:
        print(f"  differences from shapely: {row['differences_from_shapely']}")
    per_point = isinstance(row["n"], dict)
    unit = "ns/pt" if per_point else "s"
    each = {
        job: np.array(common.seconds_of(row, job)) * (1e9 / row["n"][job] if per_point else 1.0)
        for job in row["seconds"]
    }
    first = next(iter(each))
    for job, times in each.items():
        ratio = np.median(times / each[first])
        print(f"  {job:<32}{np.median(times):>12.3f} {unit}{ratio:>9.2f} x {first}")
    for key in (
        "peers_differences_from_geo_risk", "absent", "cold_first_call_s", "peak_resident_mb",
    ):  # fmt: skip
        if key in row:
            print(f"  {key}: {row[key]}")


def main() -> None:
    """Run everything, print the table, write every round."""
    parser = common.options(__doc__, 1_000_000, "points of U and C")
    parser.add_argument("--exact", type=int, default=0, help="compare this many more points of C")
    arguments = parser.parse_args()
    if arguments.exact:
        report = common.head(("geo-risk", "numba", "numpy", "shapely"))
        report["rows"] = check_exact(arguments.n, arguments.exact)
        for row in report["rows"]:
            print(row)
        common.write(report, arguments.out, "locate_exact")
        return
    report = common.head(("duckdb", "geopandas", "numba", "numpy", "sedonadb", "shapely"))
    report["postgis"] = peers_sql.postgis_version()
    for name, points in common.point_sets(arguments.n).items():
        report["rows"].append(bench_set(name, points, arguments.rounds))
        show(report["rows"][-1])
    report["rows"].append(bench_growth(arguments.n, arguments.rounds))
    show(report["rows"][-1])
    if arguments.n >= 10_000:
        report["rows"].append(bench_start(arguments.rounds, arguments.n))
        show(report["rows"][-1])
    common.write(report, arguments.out, "bench_locate")


if __name__ == "__main__":
    main()
