"""Distance to the nearest border against its peers, and how far their answers are off.

    python benchmarks/bench_borders.py [--n 1000000] [--rounds 5] [--out FILE_OR_FOLDER]

Points of BENCHMARKS: U uniform on the sphere, C clustered (populated places, 5 km jitter), B
within 10 km of the border of Afghanistan and Tajikistan (a fifth as many). The question is the
one that every peer can answer, the distance to the nearest land border line ("line"). Peers:
spherely (S2: edges are great circles on a sphere), `geopandas.sjoin_nearest` in UTM 42N (B only:
edges are straight on the plane, and so are distances; projecting is not timed, to its favour).
Peers get fewer points (--peer-share); figures are per point. The tools run interleaved in one
process, one thread unless said; a ratio is the median of the rounds' ratios. Differences are
from geo_risk's distances, whose own error `border_accuracy.py` measures.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
import time
import warnings
from collections.abc import Callable
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

from geo_risk.borders import Borders, load_borders

SEED = 20221
Points = tuple[np.ndarray, np.ndarray]


def make_points(borders: Borders, n: int) -> dict[str, Points]:
    """Make the three point sets."""
    from geo_risk.places.gazetteer import load_gazetteer

    rng = np.random.default_rng(SEED)
    uniform = rng.uniform(-180, 180, n), np.degrees(np.arcsin(rng.uniform(-1, 1, n)))
    places = load_gazetteer()
    pick = rng.integers(0, len(places), n)
    clustered = _jitter(np.asarray(places.lon)[pick], np.asarray(places.lat)[pick], rng, 5.0)
    table = borders.table
    pair = (table["country_code_1"] == "AFG") & (table["country_code_2"] == "TJK")
    vertices = table.geometry[pair].get_coordinates().to_numpy()
    near = vertices[rng.integers(0, len(vertices), max(n // 5, 1))]
    angle, radius = rng.uniform(0, 2 * np.pi, len(near)), 10.0 * np.sqrt(rng.random(len(near)))
    lat = near[:, 1] + radius * np.sin(angle) / 111.2
    lon = near[:, 0] + radius * np.cos(angle) / (111.2 * np.cos(np.radians(near[:, 1])))
    return {"U": uniform, "C": clustered, "B": (lon, lat)}


def _jitter(lon: np.ndarray, lat: np.ndarray, rng: np.random.Generator, km: float) -> Points:
    lat2 = np.clip(lat + rng.normal(0, km / 111.2, len(lat)), -90, 90)
    wide = km / (111.2 * np.maximum(np.cos(np.radians(lat)), 0.01))
    return (lon + rng.normal(0, 1, len(lon)) * wide + 180) % 360 - 180, lat2


def spherely_job(borders: Borders, lon: np.ndarray, lat: np.ndarray) -> Callable[[], np.ndarray]:
    """All borders as one prepared geography; points made beforehand."""
    import shapely
    import spherely

    lines = shapely.multilinestrings(shapely.get_parts(borders.table.geometry.to_numpy()))
    geography = spherely.from_wkb(shapely.to_wkb(lines))
    spherely.prepare(geography)
    points = spherely.points(lon, lat)
    return lambda: np.asarray(spherely.distance(points, geography))


def sjoin_job(borders: Borders, lon: np.ndarray, lat: np.ndarray) -> Callable[[], np.ndarray]:
    """Borders around Tajikistan and points in UTM 42N, one line string per edge."""
    import geopandas
    import shapely

    parts = shapely.get_parts(borders.table.cx[60:78, 30:45].geometry.to_numpy())
    xy, line = shapely.get_coordinates(parts, return_index=True)
    same = line[1:] == line[:-1]
    lines = shapely.linestrings(np.stack([xy[:-1][same], xy[1:][same]], axis=1))
    lines = lines[shapely.intersects(lines, shapely.box(60, 30, 78, 45))]
    utm = geopandas.GeoDataFrame(geometry=lines, crs="EPSG:4326").to_crs("EPSG:32642")
    points = geopandas.GeoDataFrame(geometry=geopandas.points_from_xy(lon, lat), crs="EPSG:4326")
    points = points.to_crs("EPSG:32642")

    def job() -> np.ndarray:
        joined = geopandas.sjoin_nearest(points, utm, distance_col="m")
        return joined["m"].groupby(level=0).first().to_numpy()

    return job


def compare(name: str, found: np.ndarray, ours: np.ndarray) -> dict[str, Any]:
    """How far a peer's distances are from ours."""
    off = np.abs(found - ours)
    relative = off[ours > 0] / ours[ours > 0]
    return {
        "peer": name,
        "n": len(off),
        "median_m": float(np.median(off)),
        "p99_m": float(np.percentile(off, 99)),
        "max_m": float(off.max()),
        "median_percent": float(100 * np.median(relative)) if len(relative) else 0.0,
    }


def time_set(
    borders: Borders, name: str, points: Points, share: float, rounds: int
) -> dict[str, Any]:
    """Compare and time everything on one point set."""
    lon, lat = points
    few = slice(0, max(1, round(len(lon) * share)))
    jobs: dict[str, tuple[int, Callable[[], Any]]] = {}
    for kind in ("line", "land", "any", "outline"):
        jobs[f"geo_risk, {kind}"] = (
            len(lon), lambda kind=kind: borders.nearest(lon=lon, lat=lat, kind=kind)
        )  # fmt: skip
    jobs["geo_risk, line, 2 threads"] = (
        len(lon), lambda: borders.nearest(lon=lon, lat=lat, kind="line", n_jobs=2)
    )  # fmt: skip
    if find_spec("spherely"):
        jobs["spherely"] = (len(lon[few]), spherely_job(borders, lon[few], lat[few]))
    if name == "B":
        jobs["sjoin_nearest, UTM"] = (len(lon[few]), sjoin_job(borders, lon[few], lat[few]))
    ours = borders.nearest(lon=lon[few], lat=lat[few], kind="line").distance_m
    peers = [job for job in jobs if "geo_risk" not in job]
    differences = [compare(peer, jobs[peer][1](), ours) for peer in peers]
    for _, job in jobs.values():
        job()  # warm
    seconds: dict[str, list[float]] = {job: [] for job in jobs}
    for _ in range(rounds):
        for job, (n, run) in jobs.items():
            start = time.perf_counter()
            run()
            seconds[job].append((time.perf_counter() - start) / n)
    return {"set": name, "n": len(lon), "differences": differences, "seconds_per_point": seconds}


def show(row: dict[str, Any]) -> None:
    """Print one point set's table."""
    base = np.array(row["seconds_per_point"]["geo_risk, line"])
    print(f"\n{row['set']}, {row['n']} points")
    for difference in row["differences"]:
        print(
            f"  {difference['peer']}: off by median {difference['median_m']:.3g} m "
            f"({difference['median_percent']:.2g} %), p99 {difference['p99_m']:.3g} m, "
            f"max {difference['max_m']:.3g} m on {difference['n']} points"
        )
    for job, each in row["seconds_per_point"].items():
        ratio = np.median(np.array(each) / base)
        print(f"  {job:<28}{1e6 * np.median(each):>9.3f} µs/pt{ratio:>9.2f} x geo_risk, line")


def main(arguments: list[str] | None = None) -> dict[str, Any]:
    """Run everything, print the table and return every round."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--n", type=int, default=1_000_000, help="points of U and C")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--peer-share", type=float, default=0.02, help="part that peers get")
    parser.add_argument("--out", type=Path, help="write every round to this JSON file or folder")
    options = parser.parse_args(arguments)
    warnings.filterwarnings("ignore", message=".*CRS.*")
    borders = load_borders()
    share = 1.0 if options.n < 1000 else options.peer_share
    report: dict[str, Any] = {
        "command": " ".join(["python", "benchmarks/bench_borders.py", *sys.argv[1:]]),
        "date": time.strftime("%Y-%m-%d"),
        "python": platform.python_version(),
        "processor": platform.machine(),
        "cores": os.cpu_count(),
        "load_at_start": os.getloadavg() if hasattr(os, "getloadavg") else None,
        "seed": SEED,
        "versions": {
            name: metadata.version(name)
            for name in ("geopandas", "numba", "numpy", "shapely", "spherely")
            if find_spec(name)
        },
        "rows": [],
    }
    for name, points in make_points(borders, options.n).items():
        part = share if name != "B" else min(1.0, 5 * share)
        row = time_set(borders, name, points, part, options.rounds)
        show(row)
        report["rows"].append(row)
    report["load_at_end"] = os.getloadavg() if hasattr(os, "getloadavg") else None
    if options.out:
        path = options.out / "bench_borders.json" if options.out.is_dir() else options.out
        path.write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")
    return report


if __name__ == "__main__":
    main()
