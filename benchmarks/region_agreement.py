"""How often the world layer's region agrees with the region that OurAirports states.

    python benchmarks/region_agreement.py AIRPORTS.parquet [--n N] [--out FILE_OR_FOLDER]

AIRPORTS has longitude_deg, latitude_deg, iso_country and iso_region (OurAirports' columns; Parquet
or CSV); --n takes that many of its rows, evenly spaced. Each place inside a polygon gets one class:

agrees              the stated code is the region's
part of             ISO 3166-2 lists the region under the stated unit (France's departments under
                    its regions), or the table of corrections says so (`iso_parent`)
not in the layer    no region has the stated code: another list of codes, another level, no unit
near (<= 6.3 km)    the stated region is at most the largest measured error away
older unit          the layer's region or the stated one has an older extent than today's unit
far                 the rest: the stated code or the coordinates belong to another place

"Known codes" are those that a region of the layer has; the agreement is measured on them. The
totals and a table of countries are printed.
"""

from __future__ import annotations

import argparse
from collections import Counter
from pathlib import Path
from typing import Any

import common
import numpy as np
import pandas as pd
import pycountry

import geo_risk as gr

NEAR_M = 6_327.0  # the layer's largest measured error (docs/data.md)
CLASSES = ("agrees", "part of", "not in the layer", "near", "older unit", "far")


def read_airports(path: Path, n: int) -> pd.DataFrame:
    """Places with coordinates and a stated region."""
    read = pd.read_parquet if path.suffix == ".parquet" else pd.read_csv
    frame = read(path, **({} if path.suffix == ".parquet" else {"keep_default_na": False}))
    frame = frame.reset_index(drop=True)
    if 0 < n < len(frame):
        frame = frame.iloc[np.linspace(0, len(frame) - 1, n).astype(int)]
    return frame.reset_index(drop=True)


def larger_units(layer: gr.RegionLayer) -> list[set[str]]:
    """Codes of the ISO 3166-2 units that contain each region."""
    iso = {unit.code: unit.parent_code for unit in pycountry.subdivisions}
    found = []
    for code, parent in zip(layer.columns["region_code"], layer.columns["iso_parent"]):
        larger, above = set(), parent or iso.get(code)
        while above:
            larger.add(above)
            above = iso.get(above)
        found.append(larger)
    return found


def metres_to_region(layer: gr.RegionLayer, code: str, lon: float, lat: float) -> float:
    """Distance from a point to a region that does not contain it."""
    import shapely
    from pyproj import Geod
    from shapely.ops import nearest_points

    shape = layer.table.geometry.iloc[int(layer.rows_of(code)[0])]
    near, _ = nearest_points(shape, shapely.Point(lon, lat))
    return float(Geod(ellps="WGS84").inv(near.x, near.y, lon, lat)[2])


def classify(layer: gr.RegionLayer, airports: pd.DataFrame) -> pd.DataFrame:
    """Class of every place inside a polygon, with the region that contains it."""
    lon, lat = airports["longitude_deg"].to_numpy(), airports["latitude_deg"].to_numpy()
    rows = layer.locate(lon=lon, lat=lat)
    inside = airports[rows >= 0].copy()
    rows = rows[rows >= 0]
    codes, older = layer.columns["region_code"], layer.columns["older_extent"]
    known, larger = {code: row for row, code in enumerate(codes)}, larger_units(layer)
    classes, metres = [], []
    for row, stated, x, y in zip(
        rows, inside["iso_region"], inside["longitude_deg"], inside["latitude_deg"]
    ):
        distance = np.nan
        if stated == codes[row]:
            kind = "agrees"
        elif stated in larger[row]:
            kind = "part of"
        elif stated not in known:
            kind = "not in the layer"
        else:
            distance = metres_to_region(layer, stated, x, y)
            aged = older[row] is not None or older[known[stated]] is not None
            kind = "near" if distance <= NEAR_M else "older unit" if aged else "far"
        classes.append(kind)
        metres.append(distance)
    inside["row"], inside["class"], inside["metres"] = rows, classes, metres
    inside["found"] = [codes[row] for row in rows]
    inside["known"] = [stated in known for stated in inside["iso_region"]]
    inside["country_code"] = [layer.columns["country_code"][row] for row in rows]
    return inside


def summary(frame: pd.DataFrame) -> dict[str, Any]:
    """Counts of a set of places."""
    count = Counter(frame["class"])
    known = int(frame["known"].sum())
    agrees = count["agrees"]
    explained = agrees + count["part of"]
    return {
        "places": len(frame),
        "known_codes": known,
        "agreement_known": agrees / known if known else None,
        "agreement_with_parts": explained / len(frame) if len(frame) else None,
        "classes": {name: count[name] for name in CLASSES},
    }


def frequent(frame: pd.DataFrame, limit: int = 4) -> list[str]:
    """Most frequent pairs "stated > found: n" among known codes that differ."""
    other = frame[frame["known"] & (frame["class"] != "agrees")]
    pairs = Counter(zip(other["iso_region"], other["found"]))
    ordered = sorted(pairs.items(), key=lambda item: (-item[1], item[0]))
    return [f"{stated} > {found}: {n}" for (stated, found), n in ordered[:limit]]


def wrong_countries(frame: pd.DataFrame) -> dict[str, str]:
    """Regions whose places mostly have another country than the region, three places or more."""
    alpha3 = {country.alpha_2: country.alpha_3 for country in pycountry.countries} | {"XK": "XKX"}
    stated = frame["iso_country"].map(alpha3)
    found = {}
    for code, group in frame.assign(stated=stated).groupby("found"):
        top, n = Counter(group["stated"]).most_common(1)[0]
        if n >= 3 and 2 * n > len(group) and top != group["country_code"].iloc[0]:
            found[str(code)] = f"{group['country_code'].iloc[0]}, stated {top} ({n}/{len(group)})"
    return found


def _share(row: dict[str, Any]) -> float:
    return 2.0 if row["agreement_known"] is None else float(row["agreement_known"])


def show(report: dict[str, Any], read: int) -> None:
    """Print the totals and a line for each country, the lowest agreement first."""
    known, share = report["known_codes"], report["agreement_known"] or 0.0
    print(f"{report['places']} of {read} places lie inside a polygon;")
    print(f"{known} of them state a code that a region has; {share:.2%} of these agree.")
    print("country  known  agreement  " + "  ".join(CLASSES))
    for row in sorted(report["rows"], key=_share):
        share = row["agreement_known"]
        agreement = "-" if share is None else format(share, ".1%")
        counts = "  ".join(str(row["classes"][name]) for name in CLASSES)
        print(f"{row['country']:>7}  {row['known_codes']:>5}  {agreement:>9}  {counts}", end="  ")
        print(", ".join(row["differ"]))


def main() -> None:
    """Measure, print and write."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("airports", type=Path)
    parser.add_argument("--n", type=int, default=0, help="rows to take; 0 for all")
    parser.add_argument("--out", type=Path, help="write to this JSON file or folder")
    arguments = parser.parse_args()
    airports = read_airports(arguments.airports, arguments.n)
    frame = classify(gr.load_regions(), airports)
    report = common.head(("numpy", "pandas", "pycountry"))
    report["command"] = "python benchmarks/region_agreement.py AIRPORTS.parquet"
    report["rows_read"] = len(airports)
    report |= summary(frame)
    report["wrong_countries"] = wrong_countries(frame)
    for country, group in frame.groupby("iso_country"):
        report["rows"].append({"country": country, **summary(group), "differ": frequent(group)})
    show(report, len(airports))
    common.write(report, arguments.out, "region_agreement")


if __name__ == "__main__":
    main()
