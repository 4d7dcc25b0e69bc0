"""Distance to the nearest border compared with its peers, and the differences of their answers.

    python benchmarks/bench_borders.py [--n 1000000] [--rounds 5] [--out FILE_OR_FOLDER]

Point sets: U uniform on the sphere, C clustered (populated places, 5 km jitter), B within 10 km of
the border of Afghanistan and Tajikistan (a fifth as many). The task is one that every peer can do,
the distance to the nearest land border line ("line"). Peers: spherely (S2: edges are great circles
on a sphere), `geopandas.sjoin_nearest` in UTM 42N (B only: edges and distances are straight in the
plane; projecting is not timed, to its advantage), PostGIS if a server is available (`peers_sql.py`;
geography: edges are great circles). Peers get fewer points (--peer-share); figures are per point.
The tools run interleaved in one process, with one thread unless stated; a ratio is the median of
the rounds' ratios. Differences are from geo_risk's distances, whose own error is measured by
`border_accuracy.py`.
"""

from __future__ import annotations

import sys
import warnings
from importlib.util import find_spec
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent))
import common
import numpy as np
import peers_arrays
import peers_sql

from geo_risk.borders import Borders, load_borders


def border_edges(borders: Borders) -> np.ndarray:
    """Ends of every edge between two countries, shape (e, 4)."""
    _, ends, sides = borders._network
    return ends[sides[:, 1] >= 0]


def spherely_borders(borders: Borders) -> Any:
    """All borders as one prepared geography."""
    import shapely
    import spherely

    lines = shapely.multilinestrings(shapely.get_parts(borders.table.geometry.to_numpy()))
    geography = spherely.from_wkb(shapely.to_wkb(lines))
    spherely.prepare(geography)
    return geography


def spherely_job(borders: Borders, lon: np.ndarray, lat: np.ndarray) -> common.Job:
    """Job with a prepared geography; points are created before."""
    import spherely

    geography, points = spherely_borders(borders), spherely.points(lon, lat)
    return lambda: np.asarray(spherely.distance(points, geography))


def utm_edges(borders: Borders) -> Any:
    """Borders around Tajikistan in UTM 42N, one line string per edge."""
    import geopandas
    import shapely

    parts = shapely.get_parts(borders.table.cx[60:78, 30:45].geometry.to_numpy())
    xy, line = shapely.get_coordinates(parts, return_index=True)
    same = line[1:] == line[:-1]
    lines = shapely.linestrings(np.stack([xy[:-1][same], xy[1:][same]], axis=1))
    lines = lines[shapely.intersects(lines, shapely.box(60, 30, 78, 45))]
    return geopandas.GeoDataFrame(geometry=lines, crs="EPSG:4326").to_crs("EPSG:32642")


def sjoin_job(borders: Borders, lon: np.ndarray, lat: np.ndarray) -> common.Job:
    """Job with points in UTM 42N, projected before."""
    import geopandas

    utm = utm_edges(borders)
    points = geopandas.GeoDataFrame(geometry=geopandas.points_from_xy(lon, lat), crs="EPSG:4326")
    points = points.to_crs(utm.crs)

    def job() -> np.ndarray:
        joined = geopandas.sjoin_nearest(points, utm, distance_col="m")
        return joined["m"].groupby(level=0).first().to_numpy()

    return job


def compare(name: str, found: np.ndarray, ours: np.ndarray) -> dict[str, Any]:
    """Differences between a peer's distances and ours."""
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
    borders: Borders, name: str, points: common.Points, share: float, rounds: int
) -> dict[str, Any]:
    """Compare and time everything on one point set."""
    lon, lat = points
    few = tuple(axis[: max(1, round(len(lon) * share))] for axis in points)
    jobs: dict[str, common.Job] = {}
    for kind in ("line", "land", "any", "outline"):
        jobs[f"geo_risk, {kind}"] = lambda kind=kind: borders.nearest(lon=lon, lat=lat, kind=kind)
    jobs["geo_risk, line, 2 threads"] = lambda: borders.nearest(
        lon=lon, lat=lat, kind="line", n_jobs=2
    )
    n = dict.fromkeys(jobs, len(lon))
    absent = {} if find_spec("spherely") else {"spherely": "spherely is not installed"}
    if not absent:
        jobs["spherely"], n["spherely"] = spherely_job(borders, *few), len(few[0])
    if name == "B":
        jobs["sjoin_nearest, UTM"] = sjoin_job(borders, *few)
        n["sjoin_nearest, UTM"] = len(few[0])
    edges, part = border_edges(borders), tuple(axis[:100_000] for axis in points)
    tree = peers_arrays.tree_of(edges, peers_arrays.SPACING_M[name])
    jobs["k-d tree of sampled borders"] = lambda: peers_arrays.metres_to(tree, part)
    n["k-d tree of sampled borders"] = len(part[0])
    slow = tuple(axis[: max(1, len(axis) // 10)] for axis in few)
    try:
        jobs["PostGIS geography"] = peers_sql.postgis_distance(edges, slow)
        n["PostGIS geography"] = len(slow[0])
    except peers_sql.UnavailableError as error:
        absent["PostGIS geography"] = str(error)
    ours = borders.nearest(lon=lon, lat=lat, kind="line").distance_m
    peers = [job for job in jobs if "geo_risk" not in job]
    differences = [compare(peer, jobs[peer](), ours[: n[peer]]) for peer in peers]
    times = common.interleave(jobs, rounds)
    return {"set": name, "n": n, "differences": differences, "absent": absent, **times}


def show(row: dict[str, Any]) -> None:
    """Print one point set's table."""
    print(f"\n{row['set']}, {row['n']['geo_risk, line']} points")
    for difference in row["differences"]:
        print(
            f"  {difference['peer']}: off by median {difference['median_m']:.3g} m "
            f"({difference['median_percent']:.2g} %), p99 {difference['p99_m']:.3g} m, "
            f"max {difference['max_m']:.3g} m on {difference['n']} points"
        )
    for peer, reason in row["absent"].items():
        print(f"  {peer}: not measured, {reason}")
    for job in row["seconds"]:
        ratio = np.median(common.ratios(row, job, "geo_risk, line"))
        microseconds = 1e6 * np.median(common.seconds_of(row, job)) / row["n"][job]
        print(f"  {job:<28}{microseconds:>9.3f} µs/pt{ratio:>9.2f} x geo_risk, line")


def run(n: int, rounds: int, share: float) -> list[dict[str, Any]]:
    """Run all point sets; B has a fifth of the points, so peers get a five times larger share."""
    warnings.filterwarnings("ignore", message=".*CRS.*")
    borders, rows = load_borders(), []
    for name, points in common.point_sets(n).items():
        part = share if name != "B" else min(1.0, 5 * share)
        rows.append(time_set(borders, name, points, part, rounds))
        show(rows[-1])
    return rows


def main() -> None:
    """Run everything, print the table, write every round."""
    parser = common.options(__doc__, 1_000_000, "points of U and C")
    parser.add_argument("--peer-share", type=float, default=0.02, help="part that peers get")
    options = parser.parse_args()
    report = common.head(("geopandas", "numba", "numpy", "shapely", "spherely"))
    report["postgis"] = peers_sql.postgis_version()
    share = 1.0 if options.n < 1000 else options.peer_share
    report["rows"] = run(options.n, options.rounds, share)
    common.write(report, options.out, "bench_borders")


if __name__ == "__main__":
    main()
