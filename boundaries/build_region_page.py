"""Write `docs/regions.md`: the world layer's regions and codes, country by country.

    python boundaries/build_region_page.py [--out FILE]

The figures come from the built layer, `report_units.csv`, `older_units.csv`, the gazetteer
(GeoNames' country of each place) and `benchmarks/results/region_agreement.json`; the explanations
come from `agreement_notes.csv`.
"""

from __future__ import annotations

import argparse
import json
import sys
import textwrap
from collections import Counter, defaultdict
from pathlib import Path
from typing import Any

import numpy as np
import pycountry

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from _world_codes import HERE, read_table
from _world_names import reduced_forms

import geo_risk as gr

PAGE = HERE.parent / "docs" / "regions.md"
AGREEMENT = HERE.parent / "benchmarks" / "results" / "region_agreement.json"
SEPARATE = {"GLP", "MTQ", "GUF", "REU", "MYT", "BES"}  # parts of France and the Netherlands there


def iso_names() -> dict[str, set[str]]:
    """Comparable forms of the name of each current unit of ISO 3166-2, whole and in parts."""
    from check_world_codes import iso_forms

    return {unit.code: iso_forms(unit.name) for unit in pycountry.subdivisions}


def unit_exists(columns: dict[str, list[Any]]) -> dict[str, int]:
    """Count regions whose unit is in ISO's list today, and how many of them have its code.

    The unit of a region without ISO code is counted as existing if the region's name (or any of
    its spellings) is that of a unit of its country whose code no region has.
    """
    names, alpha2 = iso_names(), {c.alpha_3: c.alpha_2 for c in pycountry.countries}
    carried = set(columns["region_code"])
    free: dict[str, list[set[str]]] = defaultdict(list)
    for code, forms in names.items():
        if code not in carried:
            free[code[:2]].append(forms)
    count = Counter(columns["code_system"])
    by_name = by_spelling = 0
    for row, system in enumerate(columns["code_system"]):
        if system == "ISO 3166-2":
            continue
        of_country = free[alpha2.get(columns["country_code"][row] or "", "")]
        own = reduced_forms([columns["region_name"][row]])
        every = own | reduced_forms(columns["alternate_names"][row])
        by_name += any(forms & own for forms in of_country)
        by_spelling += any(forms & every for forms in of_country)
    return {"carry": count["ISO 3166-2"], "by_name": by_name, "by_spelling": by_spelling}


def country_check(layer: gr.RegionLayer) -> dict[str, Any]:
    """Compare each region's country with the country of GeoNames' places in it."""
    from geo_risk.places import load_gazetteer

    places = load_gazetteer()
    rows = layer.locate(lon=np.asarray(places.lon), lat=np.asarray(places.lat))
    stated: dict[int, Counter[str]] = defaultdict(Counter)
    for row, unit in zip(rows.tolist(), np.asarray(places.place_unit).tolist()):
        if row >= 0:
            stated[row][places.unit_country[unit]] += 1
    columns = layer.columns
    agree = disputed = separate = 0
    other = []
    for row in sorted(stated):
        top, n = stated[row].most_common(1)[0]
        country = columns["country_code"][row]
        if top == country or 2 * n <= stated[row].total():
            agree += 1
        elif columns["claimed_by"][row] or country is None:
            disputed += 1
        elif top in SEPARATE:
            separate += 1
        else:
            held = stated[row][country]
            what = f"{n} places {top}, {held} its own"
            other.append(
                (*(columns[k][row] for k in ("region_code", "region_name")), country, what)
            )
    return {
        "checked": len(stated), "agree": agree, "disputed": disputed, "separate": separate,
        "other": other,
    }  # fmt: skip


def wrapped(text: str, first: str = "", rest: str = "") -> list[str]:
    """Break a paragraph into lines of the project's width."""
    return textwrap.wrap(
        text, 99, initial_indent=first, subsequent_indent=rest,
        break_long_words=False, break_on_hyphens=False,
    )  # fmt: skip


def item(text: str) -> list[str]:
    """Break an item of a list into lines."""
    return wrapped(text, "- ", "  ")


def head(layer: gr.RegionLayer) -> list[str]:
    """Lines with the totals of the world."""
    columns = layer.columns
    unique, exists = len(set(columns["region_code"])), unit_exists(columns)
    carry, own = exists["carry"], len(layer) - exists["carry"]
    older = sum(value is not None for value in columns["older_extent"])
    named = carry / (carry + exists["by_name"])
    spelled = carry / (carry + exists["by_spelling"])
    return [
        "# Regions of the world layer, country by country",
        "",
        *wrapped(
            "Written by `python boundaries/build_region_page.py`; a test checks that it is "
            f"current. Authority for codes: {layer.provenance['code_authority']}."
        ),
        "",
        "## The world",
        "",
        *item(
            f"{len(layer):,} regions with {unique:,} different codes: "
            f"{unique / len(layer):.0%} unique."
        ),
        *item(
            f"{carry:,} regions ({carry / len(layer):.1%}) carry a current code of ISO 3166-2. The "
            f"other {own} have Natural Earth's own code; `code_system` says which, and "
            "`iso_parent` names the ISO unit that contains such a region, if there is one."
        ),
        *item(
            f"Of the regions whose unit ISO lists today, {named:.1%} carry its code. The base is "
            "the regions with a code plus those with the name of an ISO unit of their country "
            f"whose code no region has ({exists['by_name']}; with alternate spellings "
            f"{exists['by_spelling']}, which gives {spelled:.1%}). Most of the latter kept the "
            "name of a unit that lost more than half of its area (Équateur, Béchar, Latvia's "
            "municipalities), so they are not the same unit."
        ),
        *item(
            f"{older} regions carry the code of a unit that has lost or gained land since, but "
            "still has more than half of its area in common: see `older_extent`."
        ),
        *country_lines(country_check(layer)),
        "",
    ]


def country_lines(check: dict[str, Any]) -> list[str]:
    """Lines with the result of the comparison of countries."""
    text = (
        f"Country codes: in {check['agree']:,} of {check['checked']:,} regions that hold places of "
        "GeoNames, no other country has more than half of the places. "
        f"{check['disputed']} more are disputed ([worldviews](worldviews.md)), "
        f"{check['separate']} are parts of France and the Netherlands that GeoNames lists "
        f"separately. The other {len(check['other'])} contain places from across a border that "
        "the layer draws elsewhere: "
    )
    text += "; ".join(f"{code} {name}, {c}: {n}" for code, name, c, n in check["other"])
    text += (
        ". None is a wrong code. One test compares the country of every ISO code with that of the "
        "row, another the stated countries of the airports with those of the regions."
    )
    return item(text)


def agreement() -> list[str]:
    """Lines on the agreement with the region that OurAirports states."""
    result = json.loads(AGREEMENT.read_text(encoding="utf-8"))
    notes = {row["country"]: row for row in read_table("agreement_notes.csv")}
    known = [row for row in result["rows"] if row["known_codes"]]
    low = sorted(
        (row for row in known if row["agreement_known"] < 0.95),
        key=lambda row: float(row["agreement_known"]),
    )
    if missing := {row["country"] for row in low} ^ set(notes):
        raise ValueError(f"agreement_notes.csv and the result differ in {sorted(missing)}.")
    lines = [
        "| country | known codes | agree | cause | why |",
        "|---|---|---|---|---|",
    ]
    for row in low:
        note = notes[row["country"]]
        lines.append(
            f"| {row['country']} | {row['known_codes']:,} | {row['agreement_known']:.1%} "
            f"| {note['cause']} | {note['explanation']} |"
        )
    over = [
        f"{row['country']} {row['agreement_known']:.1%} of {row['known_codes']:,}"
        for row in known
        if row["agreement_known"] >= 0.95
    ]
    none = [row["country"] for row in result["rows"] if not row["known_codes"]]
    return [
        "## Agreement with OurAirports",
        "",
        *agreement_text(result),
        "",
        "Countries below 95% of the codes that both have. No wrong code was found in the layer.",
        "",
        *lines,
        "",
        *wrapped(f"The others: {', '.join(over)}. No common code: {', '.join(none)}."),
        "",
    ]


def agreement_text(result: dict[str, Any]) -> list[str]:
    """Lines with the totals of the comparison."""
    count = result["classes"]
    return wrapped(
        f"{result['places']:,} of {result['rows_read']:,} airports of "
        f"{len(result['rows'])} countries "
        f"lie inside a polygon; {result['known_codes']:,} of them state a region code that the "
        f"layer has, and {result['agreement_known']:.2%} of these lie in that region (95.7% with "
        f"the source's codes). Of the others {count['near']} lie within 6.3 km of the stated "
        f"region, the largest error measured at a border, {count['older unit']} in units that are "
        f"older than today's, and {count['far']} farther away. Of the codes that the layer does "
        f"not have, {count['part of']:,} belong to the parent unit in ISO (regions of France and "
        f"Spain), {count['not in the layer']:,} to other lists or levels (China's numbers, "
        "Kazakhstan's letters). To reproduce it: "
        "`python benchmarks/region_agreement.py AIRPORTS.parquet`."
    )


def tables() -> list[str]:
    """Lines with every country's units, and the units that are older than today's."""
    lines = [
        "## Every country",
        "",
        *wrapped(
            "`regions`: the regions of the unit (a country, or a special or disputed unit). "
            "`ISO today`: regions with a current ISO 3166-2 code, and their share. `older`: those "
            "among them with the extent of an earlier date. `not drawn`: ISO units of the same "
            "kind without a region. `known`: known differences in date or level."
        ),
        "",
        "| unit | country | regions | ISO today | share | older | not drawn | known |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for row in read_table("report_units.csv"):
        cells = (
            row["unit_code"], row["country_name"] or "–", row["units"], row["codes_valid_today"],
            f"{float(row['share_valid']):.1%}", row["older_extent"], row["iso_units_absent"],
            row["note"],
        )  # fmt: skip
        lines.append(f"| {' | '.join(cells)} |")
    lines += [
        "", "## Units of an earlier date with a current code", "",
        "| region | until | what | source |", "|---|---|---|---|",
    ]  # fmt: skip
    layer = gr.load_regions().columns
    codes = dict(zip(layer["source_code"], zip(layer["region_code"], layer["region_name"])))
    for row in read_table("older_units.csv"):
        code, name = codes[row["source_code"]]
        lines.append(f"| {code} {name} | {row['until'] or '–'} | {row['what']} | {row['source']} |")
    return lines


OTHER_CODES = {
    "hasc": "HASC, unique; missing if the source states one code for several regions",
    "geonames_admin1": "GeoNames' first-order unit of most places of the region; a larger unit may "
    "contain several regions",
    "geonames_id": "GeoNames' number of the unit, unique; not accepted by `find_region`",
    "fips": "FIPS 10-4 (withdrawn in 2014), as in the source, without codes of other countries and "
    "of whole countries",
    "wikidata_id": "Wikidata, unique",
    "source_code": "Natural Earth's adm1_code, unique",
}


def crosswalks(layer: gr.RegionLayer) -> list[str]:
    """Lines on the codes of other systems that the layer has."""
    lines = [
        "## Codes of other systems",
        "",
        "Columns of `load_regions().table`; `find_region` accepts their codes unless noted:",
        "",
        "| column | regions | different codes | content |",
        "|---|---|---|---|",
    ]
    for column, what in OTHER_CODES.items():
        codes = [code for code in layer.columns[column] if code is not None]
        lines.append(f"| `{column}` | {len(codes):,} | {len(set(codes)):,} | {what} |")
    return [
        *lines,
        "",
        *wrapped(
            "GDELT writes the United States' units with postal letters (USCA), not with FIPS "
            'numbers. Countries: `geo_risk.regions.country_codes("AFG")` has ISO 3166-1, UN M49, '
            "FIPS 10-4 and Gleditsch–Ward with dates; "
            '`country_from(345, system="gleditsch-ward", date="1995-07-11")` is the inverse. '
            "Every correction is a row of `boundaries/corrections.csv` with its evidence."
        ),
        "",
    ]


def page() -> str:
    """Text of the complete page."""
    layer = gr.load_regions()
    lines = [*head(layer), *crosswalks(layer), *agreement(), *tables()]
    return "\n".join(lines) + "\n"


def main() -> None:
    """Write the page."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", maxsplit=1)[0])
    parser.add_argument("--out", type=Path, default=PAGE)
    arguments = parser.parse_args()
    arguments.out.write_text(page(), encoding="utf-8")


if __name__ == "__main__":
    main()
