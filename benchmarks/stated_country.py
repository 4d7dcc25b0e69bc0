"""Events whose stated country is not that of their polygon: the reason and both probabilities.

    python benchmarks/stated_country.py GED.csv

prints the share that differs and a Markdown table of all such events: class by `check_events`,
certainty of the polygon's country and probability of the stated one.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import geo_risk as gr
from geo_risk._core.countries import find_country


def differing(path: Path) -> tuple[int, Any]:
    """Number of events inside a polygon, and a frame of those with another stated country."""
    located = gr.geocode(gr.read_events(path), snap_km=0.0)
    near = gr.border_proximity(located, coarse="keep")
    checked = gr.check_events(near)
    odd = checked[checked["country_reason"].notna()].copy()
    odd["stated_code"] = odd["country_stated"].map(find_country)
    return int((checked["match"] == "polygon").sum()), odd.sort_values(
        ["country_reason", "stated_code", "country_code", "event_id"]
    )


def table(odd: Any) -> list[str]:
    """Lines of a Markdown table; "–" for coarse events, whose point is only representative."""
    lines = [
        "| event | place | stated | polygon | `where_prec` | class | polygon's | stated one's |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for row in odd.itertuples():
        sides = [row.country_certainty, row.stated_country_probability]
        coarse = row.where_prec >= 3
        shown = ["–" if coarse or side != side else f"{side:.2f}" for side in sides]
        lines.append(
            f"| {row.event_id} | {row.location_name} | {row.stated_code} | {row.country_code} "
            f"| {row.where_prec} | {row.country_reason} | {shown[0]} | {shown[1]} |"
        )
    return lines


def main() -> None:
    """Print the share and the table."""
    n, odd = differing(Path(sys.argv[1]))
    print(f"{len(odd)} of {n} events inside a polygon differ ({len(odd) / n:.1%}).\n")
    print("\n".join(table(odd)))


if __name__ == "__main__":
    main()
