"""Fit and check the certainty of a country near a border on GeoNames places.

    python benchmarks/country_certainty.py [--out FILE_OR_FOLDER] [--plot FILE.png]

For every place of the gazetteer within 25 km of a land border whose own country code is one of the
two countries of that border, outside disputed regions: does the layer's country agree? The scale
of the Laplace error is fitted by maximum likelihood, leaving out each pair of countries in turn;
a place's probability comes from the fit without its border. The Brier score within 5 km is compared
with that of a constant (the share that agrees at other borders). GeoNames coordinates are rounded
to seconds or worse and have an error of their own, which the fitted scale includes.
"""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import Any

import common
import numpy as np

import geo_risk as gr
from geo_risk.borders.certainty import LAYER_ERROR_SCALE_M, country_certainty

NEAR_M, FAR_M = 5_000.0, 25_000.0
BINS_KM = (0.0, 0.25, 0.5, 1.0, 1.5, 2.0, 3.0, 5.0, 25.0)


def places_near_borders() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Distance in metres, whether the country agrees, and the pair of countries."""
    from geo_risk.places import load_gazetteer

    layer, places = gr.load_regions(), load_gazetteer()
    lon, lat = np.asarray(places.lon), np.asarray(places.lat)
    stated = np.array([places.country_code(k) for k in range(len(places))], dtype=object)
    labels = np.array([*layer.country_labels, None], dtype=object)
    rows = layer.locate(lon=lon, lat=lat)
    near = gr.load_borders().nearest(lon=lon, lat=lat, kind="line", max_km=FAR_M / 1000.0)
    disputed = np.array([bool(claim) for claim in layer.columns["claimed_by"]])
    left, right = layer.topology.left[near.edge], layer.topology.right[near.edge]
    sides = np.sort(np.column_stack([labels[left], labels[right]]).astype(str), axis=1)
    use = (near.edge >= 0) & (rows >= 0) & ~disputed[left] & ~disputed[right]
    use &= (stated[:, None] == sides).any(axis=1)
    pair = np.char.add(np.char.add(sides[:, 0], "-"), sides[:, 1])
    return near.distance_m[use], (labels[rows] == stated)[use], pair[use]


def fit(metres: np.ndarray, agrees: np.ndarray) -> float:
    """Scale of the Laplace error, by maximum likelihood."""
    from scipy.optimize import minimize_scalar

    def cost(log_scale: float) -> float:
        wrong = np.clip(0.5 * np.exp(-metres / np.exp(log_scale)), 1e-12, 0.5)
        return -float(np.where(agrees, np.log1p(-wrong), np.log(wrong)).sum())

    found = minimize_scalar(cost, bounds=(np.log(50.0), np.log(10_000.0)), method="bounded")
    return float(np.exp(found.x))


def cross_validate(
    metres: np.ndarray, agrees: np.ndarray, pair: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Certainty and constant for each place from fits without its border, and the scales."""
    certainty, constant, scales = np.empty(len(metres)), np.empty(len(metres)), []
    for name in np.unique(pair):
        out = pair == name
        scales.append(fit(metres[~out], agrees[~out]))
        certainty[out] = country_certainty(metres[out], scale_m=scales[-1])
        constant[out] = agrees[~out & (metres < NEAR_M)].mean()
    return certainty, constant, np.array(scales)


def plot(
    rows: list[dict[str, Any]], path: Path, *, of: str = "country", left_out: str = "border at hand"
) -> None:
    """Draw stated against observed certainty, with two standard errors."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(5.2, 5.0), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.subplots()
    stated = np.array([row["stated"] for row in rows])
    seen = np.array([row["observed"] for row in rows])
    error = 2 * np.sqrt(seen * (1 - seen) / np.array([row["places"] for row in rows]))
    axes.plot([0.5, 1], [0.5, 1], color="0.6", linewidth=1)
    axes.errorbar(stated, seen, yerr=error, fmt="o", color="#0072b2", capsize=3)
    for row in rows[:-1]:
        axes.annotate(f"{row['km'][0]:g}–{row['km'][1]:g} km", (row["stated"], row["observed"]),
                      textcoords="offset points", xytext=(8, -10), fontsize=8)  # fmt: skip
    axes.set(
        xlabel=f"stated certainty (fitted without the {left_out})",
        ylabel=f"share of places whose {of} agrees",
        title=f"{of.capitalize()} certainty by distance to the border",
        xlim=(0.48, 1.02), ylim=(0.48, 1.02),
    )  # fmt: skip
    figure.savefig(path, dpi=120, metadata={"Software": None})


def main() -> None:
    """Fit, cross-validate, print and write."""
    parser = common.options(__doc__, 0, "unused: all places are used")
    parser.add_argument("--plot", type=Path, help="draw the reliability plot")
    arguments = parser.parse_args()
    metres, agrees, pair = places_near_borders()
    certainty, constant, scales = cross_validate(metres, agrees, pair)
    near = metres < NEAR_M
    report = common.head(("numpy", "scipy"))
    report |= {
        "places": len(metres),
        "pairs": len(scales),
        "scale_m": fit(metres, agrees),
        "scale_m_without_one_pair": [float(scales.min()), float(scales.max())],
        "scale_m_in_use": LAYER_ERROR_SCALE_M,
        "brier_within_5_km": float(np.mean((certainty - agrees)[near] ** 2)),
        "brier_within_5_km_constant": float(np.mean((constant - agrees)[near] ** 2)),
    }
    for low, high in pairwise(BINS_KM):
        inside = (metres >= 1000 * low) & (metres < 1000 * high)
        report["rows"].append(
            {
                "km": [low, high],
                "places": int(inside.sum()),
                "observed": float(agrees[inside].mean()),
                "stated": float(certainty[inside].mean()),
            }
        )
    for key in ("places", "pairs", "scale_m", "scale_m_without_one_pair",
                "brier_within_5_km", "brier_within_5_km_constant"):  # fmt: skip
        print(f"{key}: {report[key]}")
    for row in report["rows"]:
        print(f"{row['km'][0]:>6g}–{row['km'][1]:g} km: {row['places']:>6} places, observed "
              f"{row['observed']:.4f}, stated {row['stated']:.4f}")  # fmt: skip
    if arguments.plot:
        plot(report["rows"], arguments.plot)
    common.write(report, arguments.out, "country_certainty")


if __name__ == "__main__":
    main()
