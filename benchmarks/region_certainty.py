"""Measure the error of borders between regions of one country on GeoNames places.

    python benchmarks/region_certainty.py [--n N] [--out FILE_OR_FOLDER] [--plot FILE.png]

For every place of the gazetteer within 25 km of a border between two regions of one country, if
each region is one GeoNames unit and the place states one of the two: is it in that region of the
layer? Regions with an older extent and disputed ones are left out. The scale of a Laplace error of
the border and the share of places that disagree at any distance (some of GeoNames' units are older,
some wrong) are fitted by maximum likelihood, leaving out each country in turn; a place's
probability comes from the fit without its country. GeoNames' coordinates are rounded; the scale
includes that. --n takes that many places, evenly spaced.
"""

from __future__ import annotations

from collections import Counter
from itertools import pairwise
from pathlib import Path
from typing import Any

import common
import numpy as np
import pycountry
from country_certainty import BINS_KM, FAR_M, NEAR_M, plot

import geo_risk as gr
from geo_risk.regions import RegionLayer


def regions_as_countries(layer: gr.RegionLayer) -> gr.RegionLayer:
    """Make every region a country, so that every border between regions is a country border."""
    columns = layer.columns | {
        "country_code": layer.columns["region_code"],
        "unit_code": layer.columns["region_code"],
    }
    return RegionLayer(layer.coverage, columns, name="regions apart")


def units_of_their_own(layer: gr.RegionLayer) -> np.ndarray:
    """GeoNames' unit of each row; "" if shared, of older extent or disputed."""
    columns = layer.columns
    count = Counter(columns["geonames_admin1"])
    return np.array(
        [
            unit if unit and count[unit] == 1 and older is None and not claims else ""
            for unit, older, claims in zip(
                columns["geonames_admin1"], columns["older_extent"], columns["claimed_by"]
            )
        ]
        + [""]
    )


def places_near_borders(n: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Distance in metres, whether the region agrees, and the country."""
    from geo_risk.places import load_gazetteer

    layer, places = gr.load_regions(), load_gazetteer()
    take = np.arange(len(places))
    if 0 < n < len(take):
        take = np.linspace(0, len(take) - 1, n).astype(int)
    lon, lat = np.asarray(places.lon)[take], np.asarray(places.lat)[take]
    alpha2 = {country.alpha_3: country.alpha_2 for country in pycountry.countries} | {"XKX": "XK"}
    names = [f"{alpha2[c]}.{a}" for c, a in zip(places.unit_country, places.unit_admin1)]
    stated = np.array(names)[np.asarray(places.place_unit)[take]]
    apart = regions_as_countries(layer)
    near = gr.load_borders(apart).nearest(lon=lon, lat=lat, kind="line", max_km=FAR_M / 1000.0)
    rows, units = layer.locate(lon=lon, lat=lat), units_of_their_own(layer)
    labels = np.array([*layer.country_labels, ""])
    left, right = apart.topology.left[near.edge], apart.topology.right[near.edge]
    use = (near.edge >= 0) & (rows >= 0) & (labels[left] == labels[right])
    use &= (units[left] != "") & (units[right] != "")
    use &= (stated == units[left]) | (stated == units[right])
    use &= (rows == left) | (rows == right)
    return near.distance_m[use], (units[rows] == stated)[use], labels[rows][use]


def right(metres: np.ndarray, scale_m: float, share: float) -> np.ndarray:
    """Probability that a place agrees: no disagreement at any distance, and on the right side."""
    return np.asarray((1.0 - share) * (1.0 - 0.5 * np.exp(-metres / scale_m)))


def fit(metres: np.ndarray, agrees: np.ndarray) -> tuple[float, float]:
    """Scale of the border's error and share of places that disagree at any distance."""
    from scipy.optimize import minimize

    def cost(at: np.ndarray) -> float:
        p = np.clip(right(metres, np.exp(at[0]), 1.0 / (1.0 + np.exp(-at[1]))), 1e-12, 1 - 1e-12)
        return -float(np.where(agrees, np.log(p), np.log1p(-p)).sum())

    found = minimize(cost, [np.log(1000.0), -5.0], method="Nelder-Mead",
                     bounds=[(np.log(50.0), np.log(10_000.0)), (-12.0, 0.0)])  # fmt: skip
    return float(np.exp(found.x[0])), float(1.0 / (1.0 + np.exp(-found.x[1])))


def cross_validate(
    metres: np.ndarray, agrees: np.ndarray, country: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Certainty and constant for each place from fits without its country, and the scales."""
    certainty, constant, scales = np.empty(len(metres)), np.empty(len(metres)), []
    for name in np.unique(country):
        out = country == name
        scale, share = fit(metres[~out], agrees[~out])
        scales.append(scale)
        certainty[out] = right(metres[out], scale, share)
        constant[out] = agrees[~out & (metres < NEAR_M)].mean()
    return certainty, constant, np.array(scales)


def by_country(metres: np.ndarray, agrees: np.ndarray, country: np.ndarray) -> list[dict[str, Any]]:
    """Scale of each country with 200 places or more within 5 km."""
    found = []
    for name in np.unique(country):
        own = country == name
        if (own & (metres < NEAR_M)).sum() >= 200:
            found.append(
                {"country": str(name), "places": int(own.sum()),
                 **dict(zip(("scale_m", "share_elsewhere"), fit(metres[own], agrees[own])))}
            )  # fmt: skip
    return sorted(found, key=lambda row: float(row["scale_m"]))


def bins(metres: np.ndarray, agrees: np.ndarray, certainty: np.ndarray) -> list[dict[str, Any]]:
    """Observed and stated share by distance."""
    rows = []
    for low, high in pairwise(BINS_KM):
        inside = (metres >= 1000 * low) & (metres < 1000 * high)
        if inside.any():
            rows.append(
                {"km": [low, high], "places": int(inside.sum()),
                 "observed": float(agrees[inside].mean()),
                 "stated": float(certainty[inside].mean())}
            )  # fmt: skip
    return rows


def main() -> None:
    """Fit, cross-validate, print and write."""
    parser = common.options(__doc__, 0, "places to take; 0 for all")
    parser.add_argument("--plot", type=Path, help="draw the reliability plot")
    arguments = parser.parse_args()
    metres, agrees, country = places_near_borders(arguments.n)
    certainty, constant, scales = cross_validate(metres, agrees, country)
    near = metres < NEAR_M
    report = common.head(("numpy", "scipy"))
    report |= {
        "places": len(metres),
        "countries": len(scales),
        **dict(zip(("scale_m", "share_elsewhere"), fit(metres, agrees))),
        "scale_m_without_one_country": [float(scales.min()), float(scales.max())],
        "brier_within_5_km": float(np.mean((certainty - agrees)[near] ** 2)),
        "brier_within_5_km_constant": float(np.mean((constant - agrees)[near] ** 2)),
        "rows": bins(metres, agrees, certainty),
        "by_country": by_country(metres, agrees, country),
    }
    for key in ("places", "countries", "scale_m", "share_elsewhere", "scale_m_without_one_country",
                "brier_within_5_km", "brier_within_5_km_constant"):  # fmt: skip
        print(f"{key}: {report[key]}")
    for row in report["rows"]:
        print(f"{row['km'][0]:>6g}–{row['km'][1]:g} km: {row['places']:>6} places, observed "
              f"{row['observed']:.4f}, stated {row['stated']:.4f}")  # fmt: skip
    for row in report["by_country"]:
        print(f"{row['country']}: {row['places']} places, {row['scale_m']:.0f} m, "
              f"{row['share_elsewhere']:.4f}")  # fmt: skip
    if arguments.plot:
        plot(report["rows"], arguments.plot, of="region", left_out="place's country")
    common.write(report, arguments.out, "region_certainty")


if __name__ == "__main__":
    main()
