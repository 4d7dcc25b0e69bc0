"""Draw the pictures of scan.md, emerging.md, mann_kendall.md and hawkes.md from the demo's events.

python docs/draw_space_time.py
"""

from __future__ import annotations

from pathlib import Path

import h3
import matplotlib as mpl
import numpy as np
import pandas as pd
from scipy import sparse

mpl.use("Agg")
import matplotlib.pyplot as plt
from matplotlib.collections import PolyCollection

from geo_risk import demo, hotspots

IMAGES = Path(__file__).resolve().parent / "images"
START = np.datetime64("2018-01-31T00:00")
BOX = (-125.0, -113.0, 32.0, 43.0)
COLOURS = ["#b2182b", "#2166ac", "#1b7837", "#762a83", "#b35806"]


def earthquakes() -> pd.DataFrame:
    """Earthquakes of one week in and around California and Nevada, magnitude 0.5 and more."""
    events = demo.earthquakes()
    west, east, south, north = BOX
    inside = events["lon"].between(west, east) & events["lat"].between(south, north)
    events = events[inside & (events["category"] == "earthquake") & (events["magnitude"] >= 0.5)]
    return events.reset_index(drop=True)


def days(events: pd.DataFrame) -> np.ndarray:
    """Time of each event in days since 31 January 2018, 00:00 UTC."""
    return (events["time"].to_numpy() - START) / np.timedelta64(1, "D")


def near(events: pd.DataFrame, lon: float, lat: float, km: float) -> pd.DataFrame:
    """Events around a place."""
    x = (events["lon"] - lon) * 111.2 * np.cos(np.radians(lat))
    return events[np.hypot(x, (events["lat"] - lat) * 111.2) < km]


def map_axes(axes: plt.Axes, title: str) -> None:
    """Frame of a map in degrees."""
    axes.set(xlim=BOX[:2], ylim=BOX[2:], title=title, xlabel="longitude", ylabel="latitude")
    axes.set_aspect(1.0 / np.cos(np.radians(37.5)))


def draw_scan(events: pd.DataFrame) -> None:
    """Clusters of the space-time permutation scan, on the map and in time."""
    result = hotspots.scan(
        np.ones(len(events)),
        lon=events["lon"],
        lat=events["lat"],
        time=events["time"].to_numpy().astype("datetime64[h]").astype(int) // 6,
        model="space_time_permutation",
        max_radius_km=100.0,
        replications=999,
        seed=1,
    )
    figure, (left, right) = plt.subplots(1, 2, figsize=(11, 5), width_ratios=[1.1, 1])
    map_axes(left, "Earthquakes, 31 January to 7 February 2018")
    left.plot(events["lon"], events["lat"], ".", color="0.7", ms=3)
    when = days(events)
    for i, cluster in enumerate(c for c in result.clusters if c.p_value <= 0.05):
        rows = cluster.members
        colour = COLOURS[i % len(COLOURS)]
        left.plot(events["lon"][rows], events["lat"][rows], ".", color=colour, ms=4)
        x, y = events["lon"][cluster.centre], events["lat"][cluster.centre]
        left.plot(x, y, "o", mfc="none", mec=colour, ms=16)
        left.annotate(str(i + 1), (x, y), xytext=(9, 7), textcoords="offset points", color=colour)
        right.plot(when[rows], np.full(rows.size, -i), "|", color=colour, ms=14)
        first, last = ((6 * p) / 24.0 - START.astype("datetime64[D]").astype(int)
                       for p in cluster.period)  # fmt: skip
        right.axhspan(
            -i - 0.35, -i + 0.35, first / 7.1, (last + 0.25) / 7.1, color=colour, alpha=0.2
        )
        text = f"{i + 1}: {cluster.observed} against {cluster.expected:.1f}, p = {cluster.p_value}"
        right.text(0.05, -i + 0.38, text, color=colour)
    right.set(xlim=(0, 7.1), xlabel="days since 31 January", yticks=[])
    right.set_title("Events at the clusters' places; shaded: the cluster")
    figure.tight_layout()
    figure.savefig(IMAGES / "scan.png", dpi=110)


def draw_emerging(events: pd.DataFrame) -> None:
    """Categories by exact p-values and FDR, and by the published tool's choices."""
    west, east, south, north = BOX
    shape = h3.LatLngPoly([(south, west), (south, east), (north, east), (north, west)])
    cells = sorted(h3.polygon_to_cells(shape, 4))
    row = {cell: i for i, cell in enumerate(cells)}
    pairs = np.array(
        [(row[a], row[b]) for a in cells for b in h3.grid_disk(a, 1) if b in row and b != a]
    )
    weights = sparse.csr_array((np.ones(len(pairs)), pairs.T), shape=(len(cells), len(cells)))
    unit = [row.get(h3.latlng_to_cell(y, x, 4), -1) for x, y in zip(events["lon"], events["lat"])]
    cube, _ = hotspots.space_time_cube(unit, days(events).astype(int), len(cells), start=0, stop=6)
    esri = {"p_method": "analytic", "trend_correction": "none"}
    figure, axes = plt.subplots(1, 2, figsize=(11, 5.4))
    colours = {"new": "#fdae61", "consecutive": "#d7191c", "persistent": "#7b3294"}
    outlines = [[(x, y) for y, x in h3.cell_to_boundary(cell)] for cell in cells]
    for axis, title, options in (
        (axes[0], "exact p-values, FDR", {}),
        (axes[1], "normal p-values, FDR (the published tool's way)", esri),
    ):
        category = hotspots.emerging(cube, weights, **options).category
        map_axes(axis, title)
        face = [colours.get(str(c).split()[0], "0.93") for c in category]
        axis.add_collection(PolyCollection(outlines, facecolors=face, edgecolors="w", lw=0.4))
        for name, colour in colours.items():
            count = int((category == f"{name} hotspot").sum())
            axis.plot([], [], "s", color=colour, label=f"{name}: {count}")
        axis.legend(loc="upper right")
    figure.tight_layout()
    figure.savefig(IMAGES / "emerging.png", dpi=85)


def draw_mann_kendall() -> None:
    """How often the tests reject without any trend, with and without autocorrelation."""
    rng = np.random.default_rng(1)
    lengths = [8, 10, 14, 20, 28, 40, 60, 80]
    methods = {
        "plain": {},
        "hamed_rao": {"correction": "hamed_rao"},
        "known": {"correction": "known", "autocorrelation": [0.5]},
    }
    rates: dict[str, list[float]] = {name: [] for name in methods}
    for n in lengths:
        noise = rng.standard_normal((4000, n + 1))
        sums = noise[:, 1:] + noise[:, :-1]
        for name, options in methods.items():
            p = hotspots.mann_kendall(sums, **options).p_value
            rates[name].append(float((p <= 0.05).mean()))
    figure, axis = plt.subplots(figsize=(7, 4))
    for name, colour in zip(methods, COLOURS):
        axis.plot(lengths, rates[name], "o-", color=colour, label=name)
    axis.axhline(0.05, color="0.5", ls=":")
    axis.set(xlabel="steps", ylabel="rejected at 0.05, no trend", ylim=(0, None))
    axis.set_title("Moving sums of two: 4,000 series of each length")
    axis.legend()
    figure.tight_layout()
    figure.savefig(IMAGES / "mann_kendall.png", dpi=110)


def draw_hawkes(events: pd.DataFrame) -> None:
    """Fitted intensity of a swarm and of a field that keeps its pace."""
    figure, axes = plt.subplots(2, 1, figsize=(9, 5.5), sharex=True)
    for axis, name, lon, lat in (
        (axes[0], "Mammoth Lakes", -118.95, 37.55),
        (axes[1], "The Geysers", -122.8, 38.8),
    ):
        times = days(near(events, lon, lat, 30.0))
        fit = hotspots.hawkes_fit(times, start=0.1, end=7.0625)
        moments = np.linspace(0.1, 7.0625, 4000)
        axis.plot(moments, hotspots.hawkes_intensity(times, fit.parameters, moments), lw=0.8)
        axis.plot(times, np.zeros(times.size), "|", color="k", ms=9)
        ratio = fit.parameters.branching_ratio
        axis.set_title(
            f"{name}: {times.size} events, branching ratio {ratio:.2f}, "
            f"AIC {fit.aic:.0f} against {fit.poisson_aic:.0f} for a constant rate"
        )
        axis.set_ylabel("events per day")
    axes[1].set_xlabel("days since 31 January")
    figure.tight_layout()
    figure.savefig(IMAGES / "hawkes.png", dpi=110)


def main() -> None:
    """Draw them all."""
    IMAGES.mkdir(exist_ok=True)
    events = earthquakes()
    draw_scan(events)
    draw_emerging(events)
    draw_mann_kendall()
    draw_hawkes(events)


if __name__ == "__main__":
    main()
