"""Draw the picture of uncertain_locations.md, and print its figures.

python docs/draw_uncertain.py
"""

from __future__ import annotations

import io
import sys
from pathlib import Path

import geopandas
import matplotlib as mpl
import numpy as np
import pandas as pd
import shapely

mpl.use("Agg")
import matplotlib.pyplot as plt

import geo_risk as gr
from geo_risk._core.products import product_bytes

IMAGES = Path(__file__).resolve().parent / "images"
STATES = ["US-CA", "US-NV"]
LOST = 0.3
SCAN = {
    "method": "scan", "resolution": 5, "study_area": STATES, "max_radius_km": 40.0,
    "replications": 199, "seed": 1,
}  # fmt: skip
HOT, COLD, LINE = "#b2182b", "0.93", "0.35"


def earthquakes() -> tuple[geopandas.GeoDataFrame, geopandas.GeoDataFrame]:
    """Earthquakes of one week in California and Nevada; and the same with 3 of 10 places lost.

    What is lost is coded as such files code it: to the middle of the state, precision "admin1".
    """
    table = pd.read_csv(io.BytesIO(product_bytes("demo_earthquakes.csv")))
    table = table[table["category"] == "earthquake"]
    layer = gr.load_regions()
    row = layer.locate(lon=table["lon"], lat=table["lat"])
    state = np.array([*layer.columns["region_code"], ""], dtype=object)[row]
    table, state = table[np.isin(state, STATES)], state[np.isin(state, STATES)]
    true = geopandas.GeoDataFrame(
        {"location_precision": "place", "location_uncertainty_km": 1.0},
        geometry=shapely.points(table["lon"], table["lat"]),
        index=range(len(table)),
        crs="EPSG:4326",
    )
    lost = np.random.default_rng(1).random(len(true)) < LOST
    coded = true.copy()
    for code in STATES:
        middle = layer.table.geometry.iloc[layer.rows_of(code)[0]].centroid
        coded.loc[lost & (state == code), "geometry"] = middle
    coded.loc[lost, "location_precision"] = "admin1"
    coded.loc[lost, "location_uncertainty_km"] = np.nan
    return true, coded


def panel(axes: plt.Axes, cells: geopandas.GeoDataFrame, colours: list, title: str) -> None:
    """Cells in their colours, and the outlines of the two states."""
    cells.plot(ax=axes, color=colours, edgecolor="none")
    layer = gr.load_regions()
    rows = [layer.rows_of(code)[0] for code in STATES]
    layer.table.iloc[rows].boundary.plot(ax=axes, color=LINE, linewidth=0.6)
    axes.set(title=title, xlabel="longitude", ylabel="", xlim=(-125.0, -113.5), ylim=(32.2, 42.6))
    axes.set_aspect(1.0 / np.cos(np.radians(37.5)))


def main() -> None:
    """Score the true places, the coded ones, and draws of the coded ones."""
    true, coded = earthquakes()
    lost = coded["location_precision"] == "admin1"
    want = gr.score_hotspots(true, **SCAN)
    naive = gr.score_hotspots(coded, coarse="keep", **SCAN)
    drawn = gr.score_hotspots(coded, places=100, **SCAN)
    hot, false, skipped = (cells["hotspot"] == "hot" for cells in (want, naive, drawn))
    stable = drawn["stability"] >= 0.5
    best = naive.attrs["geo_risk"]["hotspots"]["clusters"][0]
    piles = gr.h3_cells(lon=coded.geometry.x[lost], lat=coded.geometry.y[lost], resolution=5)
    at = drawn["h3_cell"].isin([f"{int(cell):x}" for cell in np.unique(piles)])
    told = [
        f"{len(true)} earthquakes, {int(lost.sum())} coded to the middle of their state",
        f"true places: {hot.sum()} hot cells",
        f"as coded: {false.sum()} hot cells, {(false & hot).sum()} of them true",
        f"  most likely: {best['observed']} events, {best['expected']:.2f} expected, in one cell",
        f"left out: {skipped.sum()} hot cells, {(skipped & hot).sum()} of them true",
        f"stability >= 0.5: {stable.sum()} cells, {(stable & hot).sum()} of them true",
        f"stability of the {at.sum()} stand-in cells: {drawn['stability'][at].tolist()}",
    ]
    sys.stdout.write("\n".join(told) + "\n")
    figure, axes = plt.subplots(1, 3, figsize=(13.5, 5.2), sharey=True, layout="constrained")
    title = f"True places: {hot.sum()} cells in clusters"
    panel(axes[0], want, np.where(hot, HOT, COLD).tolist(), title)
    title = f"{lost.sum()} events at their state's middle: {false.sum()} cells"
    panel(axes[1], naive, np.where(false, HOT, COLD).tolist(), title)
    for x, y in sorted({(p.x, p.y) for p in coded.geometry[lost]}):
        axes[1].plot(x, y, "o", mfc="none", mec="k", ms=15)
        axes[2].plot(x, y, "o", mfc="none", mec="k", ms=15)
    scale = mpl.colors.LinearSegmentedColormap.from_list("share", [COLD, "#f4a582", HOT])
    panel(axes[2], drawn, scale(drawn["stability"]).tolist(), "Stability: share of 100 draws")
    axes[0].set_ylabel("latitude")
    figure.colorbar(mpl.cm.ScalarMappable(cmap=scale), ax=axes[2], shrink=0.8)
    figure.savefig(IMAGES / "uncertain_locations.png", dpi=110)


if __name__ == "__main__":
    main()
