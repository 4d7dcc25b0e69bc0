"""Accuracy of border distances, compared with a search of every edge with GeographicLib.

    python benchmarks/border_accuracy.py [--points 2000] [--seed 20221] [--out FILE.json]

The oracle is `tests/oracles_borders.py`: it takes the edges from the polygons' rings, discards
only those that are provably farther, and minimises Karney's geodesics along the others. The points:
half uniform on the sphere ("line" and "any"), three tenths on land ("land" and "outline"), one
tenth within about 20 km of a border ("land"), one tenth far from a given country ("any" with
`to`). Guaranteed: errors of at most 1 cm below 2,000 km and 5 cm anywhere, and the right country
on the other side if the next nearest is more than 1 m farther.
"""

from __future__ import annotations

import argparse
import itertools
import json
import platform
import sys
import time
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np

from geo_risk.borders import Borders, load_borders

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests"))
from oracles_borders import EveryEdge, brute_force, every_edge  # noqa: E402

SEED = 20221


def uniform(rng: np.random.Generator, n: int) -> tuple[np.ndarray, np.ndarray]:
    """Points uniform on the sphere."""
    return rng.uniform(-180, 180, n), np.degrees(np.arcsin(rng.uniform(-1, 1, n)))


def on_land(borders: Borders, rng: np.random.Generator, n: int) -> tuple[np.ndarray, np.ndarray]:
    """Points uniform on land."""
    lon, lat = uniform(rng, 10 * n + 100)
    ashore = np.flatnonzero(borders.layer.locate(lon=lon, lat=lat) >= 0)[:n]
    return lon[ashore], lat[ashore]


def near_borders(
    borders: Borders, rng: np.random.Generator, n: int
) -> tuple[np.ndarray, np.ndarray]:
    """Points within about 20 km of a border, on land."""
    vertex = borders.table.geometry.get_coordinates().to_numpy()
    x, y = vertex[rng.integers(0, len(vertex), 5 * n + 100)].T
    lon = x + rng.normal(0, 0.1, len(x)) / np.cos(np.radians(y))
    lat = np.clip(y + rng.normal(0, 0.1, len(y)), -90, 90)
    lon = (lon + 180) % 360 - 180
    ashore = np.flatnonzero(borders.layer.locate(lon=lon, lat=lat) >= 0)[:n]
    return lon[ashore], lat[ashore]


def questions(
    borders: Borders, n: int, seed: int
) -> list[tuple[str, str | None, np.ndarray, np.ndarray]]:
    """Kind, target country and points of all queries."""
    rng = np.random.default_rng(seed)
    sphere = uniform(rng, n // 2)
    land = on_land(borders, rng, 3 * n // 10)
    near = near_borders(borders, rng, n // 10)
    asked: list[tuple[str, str | None, np.ndarray, np.ndarray]] = [
        ("line", None, *sphere), ("any", None, *sphere), ("land", None, *land),
        ("outline", None, *land), ("land", None, *near),
    ]  # fmt: skip
    far = uniform(rng, n // 10)
    targets = rng.choice(["AFG", "NZL", "CHL", "FJI", "KAZ"], n // 10)
    for code in np.unique(targets):
        asked.append(("any", str(code), far[0][targets == code], far[1][targets == code]))
    return asked


def compare(
    borders: Borders, edges: EveryEdge, kind: str, to: str | None, lon: np.ndarray, lat: np.ndarray
) -> list[dict[str, Any]]:
    """Query both and record the difference."""
    found = borders.nearest(lon=lon, lat=lat, kind=kind, to=to)
    rows = []
    for i in range(len(lon)):
        own, other = found.country_code[i], found.other_country_code[i]
        if to is not None and own == to:
            continue  # inside the target country: no distance by definition
        expected, sides = brute_force(edges, edges.of_kind(kind, own, to), lon[i], lat[i], 1.0)
        rows.append(
            {
                "kind": kind, "to": to, "lon": float(lon[i]), "lat": float(lat[i]),
                "expected_m": float(expected), "error_m": float(found.distance_m[i] - expected),
                "undefined_agrees": bool(np.isnan(expected) == np.isnan(found.distance_m[i])),
                "other_is_sure": len(sides) == 1,
                "other_agrees": np.isnan(expected) or any({other} - {None} <= s for s in sides),
            }
        )  # fmt: skip
    return rows


def summarise(rows: list[dict[str, Any]]) -> dict[str, Any]:
    """Largest errors by distance, and every case beyond the guaranteed errors."""
    expected = np.array([row["expected_m"] for row in rows])
    error = np.abs([row["error_m"] for row in rows])
    summary: dict[str, Any] = {"comparisons": len(rows), "undefined": int(np.isnan(expected).sum())}
    bounds = (0, 1e4, 1e5, 5e5, 1e6, 2e6, 5e6, 1e7, 2.1e7)
    for low, high in itertools.pairwise(bounds):
        chosen = (expected >= low) & (expected < high)
        if chosen.any():
            summary[f"{low / 1000:g}-{high / 1000:g} km"] = {
                "n": int(chosen.sum()),
                "max_error_mm": float(1000 * error[chosen].max()),
                "median_error_mm": float(1000 * np.median(error[chosen])),
            }
    limit = np.where(expected < 2e6, 0.01, 0.05)
    summary["beyond_promise"] = [r for r, bad in zip(rows, error > limit) if bad]
    summary["undefined_differs"] = [r for r in rows if not r["undefined_agrees"]]
    summary["other_country_wrong"] = [
        r for r in rows if r["other_is_sure"] and not r["other_agrees"]
    ]
    return summary


def main(arguments: list[str] | None = None) -> dict[str, Any]:
    """Run the comparison and print it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--points", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--out", type=Path)
    options = parser.parse_args(arguments)
    borders, start = load_borders(), time.perf_counter()
    edges = every_edge(borders.layer)
    rows: list[dict[str, Any]] = []
    for kind, to, lon, lat in questions(borders, options.points, options.seed):
        rows += compare(borders, edges, kind, to, lon, lat)
        print(f"{len(rows)} comparisons, {time.perf_counter() - start:.0f} s", file=sys.stderr)
    result = {
        "points": options.points,
        "seed": options.seed,
        "edges": len(edges.a),
        "python": platform.python_version(),
        "versions": {p: metadata.version(p) for p in ("geographiclib", "numba", "numpy", "scipy")},
        **summarise(rows),
    }
    text = json.dumps(result, indent=1)
    print(text)
    if options.out:
        options.out.write_text(text + "\n", encoding="utf-8")
    return result


if __name__ == "__main__":
    main()
