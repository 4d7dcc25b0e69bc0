"""Rebuild the table of worldviews: `products/worldviews.json`, from `disputes.csv`.

    python boundaries/build_worldviews.py

One entry per disputed region of the world layer, keyed by its `source_code`. If the United
Nations name no country, `UNDECIDED` gives the unit that its view shows.
"""

from __future__ import annotations

import json

from _registry import PRODUCTS, register
from _world_codes import listed, or_none, read_table

PRODUCT = "worldviews.json"

# Codes from the range that ISO 3166-1 leaves to its users (XAA to XZZ), for areas that neither
# belong to a state by a United Nations decision nor are a unit of the source.
UNITS = {"XJK": "Jammu and Kashmir (status undecided)"}
UNDECIDED = {
    "Azad Kashmir and Gilgit-Baltistan": "XJK",
    "Jammu and Kashmir": "XJK",
    "Ladakh": "XJK",
    "Siachen Glacier": "XJK",
}
KEPT_UNITS = ("Antarctica", "Spratly Islands")  # the source has no country for them either


def entry(row: dict[str, str]) -> dict[str, object]:
    """Return one row of the table; raises an error if a dispute has no answer for some view."""
    un_country, area = or_none(row["un_country_code"]), row["area"]
    if row["extent"] not in ("whole", "part"):
        raise ValueError(f"disputes.csv, {row['source_code']}: extent {row['extent']!r}.")
    if un_country is None and area not in UNDECIDED and area not in KEPT_UNITS:
        raise ValueError(f"disputes.csv, {area}: no un_country_code; add it to UNDECIDED.")
    return {
        "source_code": row["source_code"],
        "area": area,
        "extent": row["extent"],
        "administered_by": or_none(row["administered_by"]),
        "claimed_by": sorted(listed(row["claimed_by"])),
        "un_country_code": un_country,
        "un_unit": UNDECIDED.get(area) if un_country is None else None,
        "un_status": row["un_status"],
        "source": row["source"],
        "note": row["note"],
    }


def main() -> None:
    """Build, write and register the table."""
    table = read_table("disputes.csv")
    rows = sorted((entry(row) for row in table), key=lambda r: (r["area"], r["source_code"]))
    content = json.dumps({"units": UNITS, "rows": rows}, ensure_ascii=False, indent=1)
    (PRODUCTS / PRODUCT).write_text(content + "\n", encoding="utf-8")
    areas = {row["area"] for row in rows}
    register(
        PRODUCT,
        title="Who administers and who claims the disputed regions of the world layer",
        version=f"{len(areas)} areas, {len(rows)} regions",
        source="boundaries/disputes.csv, each row with its source",
        licence="BSD-3-Clause (geo_risk)",
        citation="geo_risk: table of disputed regions; the documents named in its rows.",
        nominal_accuracy="At the layer's granularity: rows with extent 'part' are not drawn apart",
        build="python boundaries/build_worldviews.py",
        areas=len(areas),
        regions=len(rows),
    )
    print(f"{len(areas)} areas, {len(rows)} regions")


if __name__ == "__main__":
    main()
