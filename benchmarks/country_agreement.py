"""How often the world layer's country agrees with the country a UCDP GED file states.

    python benchmarks/country_agreement.py GED.csv

prints the share of agreement among events inside a polygon, and each disagreement with its class
and its distance to the nearest international border line, as a Markdown table.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import geo_risk as gr
from geo_risk._core.countries import find_country

# GED keeps the state at the time of the conflict or in the conflict's name; today's state differs.
SUCCESSION = {
    ("SRB", "BIH"), ("SRB", "HRV"), ("SRB", "MNE"), ("SRB", "XKX"), ("SRB", "SVN"),
    ("SDN", "SSD"), ("ETH", "ERI"), ("IDN", "TLS"), ("RUS", "GEO"), ("RUS", "TJK"),
}  # fmt: skip
DISPUTED = {("ISR", "PSE"), ("PSE", "ISR")}
# Natural Earth's 1:10m borders were found up to 6.3 km from OpenStreetMap's (docs/data.md).
BORDER_KM = 6.3


def disagreements(path: Path) -> tuple[int, Any]:
    """Number of events inside a polygon, and a frame of those with another stated country."""
    events = gr.geocode(gr.read_events(path, "ucdp"), snap_km=0.0)
    inside = events[events["match"] == "polygon"]
    stated = inside["country_stated"].map(find_country)
    bad = inside[stated != inside["country_code"]].copy()
    bad["stated_code"] = stated[bad.index]
    line = gr.border_proximity(bad, kind="line", coarse="keep")
    bad["border_km"] = line["border_m"] / 1000.0
    bad["why"] = [
        classify(str(row.stated_code), str(row.country_code), row.border_km)
        for row in bad.itertuples()
    ]
    return len(inside), bad


def classify(stated: str, found: str, border_km: float) -> str:
    """Class of a disagreement; "unexplained" if no rule applies."""
    if (stated, found) in SUCCESSION:
        return "state succession"
    if (stated, found) in DISPUTED:
        return "disputed territory"
    return "border or precision" if border_km <= BORDER_KM else "unexplained"


def main() -> None:
    """Print the share that agrees, and every disagreement."""
    n, bad = disagreements(Path(sys.argv[1]))
    print(f"{n - len(bad)} of {n} events inside a polygon agree ({1 - len(bad) / n:.1%}).\n")
    print("| event | place | stated | found | where_prec | km from a border | class |")
    print("|---|---|---|---|---|---|---|")
    for row in bad.sort_values(["why", "stated_code", "country_code"]).itertuples():
        print(
            f"| {row.event_id} | {row.location_name} | {row.stated_code} | {row.country_code} "
            f"| {row.where_prec} | {row.border_km:.1f} | {row.why} |"
        )


if __name__ == "__main__":
    main()
