"""Compare the world layer's codes with the names of their units; write automatic corrections.

    python boundaries/check_world_codes.py --source FILE [--write] [--out FILE]

Some of Natural Earth's ISO 3166-2 codes are old and some belong to another unit. Each code is
compared with pycountry's name for it, by every spelling in the source. A correction that follows
from names alone becomes a row of `corrections.csv` marked `automatic`; one that needs knowledge of
the country is a row marked `hand` there and is never overwritten; a correct code that agrees with
no spelling is a row of `reviewed_names.csv`. All other differences are printed, and the exit status
is 1. The codes of other systems are checked as well (`_world_crosswalk.py`).
"""

from __future__ import annotations

import argparse
import csv
import re
import sys
from collections import Counter, defaultdict
from pathlib import Path
from typing import Any

import pycountry
from _world_codes import HERE, Row, Units, by_source, iso_subdivisions, read_table
from _world_crosswalk import (
    admin1_rows,
    fips_country_rows,
    fips_of_geonames_rows,
    places_by_region,
    shared_code_rows,
)
from _world_names import LANGUAGES, reduced_forms, text
from build_world import first_row, properties_of, read_source

FIELDS = ("source_code", "field", "old", "new", "why", "evidence", "how")

# Countries whose ISO codes were renumbered while the units stayed: an old code and an equal name
# are enough. In other countries an unknown code with an equal name may be an older unit (Nepal's
# zone Gandaki is not the province Gandaki); only a hand-written row decides that.
RENUMBERED = {
    "CZE": "letters became numbers (2016)",
    "EST": "county numbers changed (2018)",
    "GTM": "letters became numbers (2023)",
    "HUN": "the source has ED",
    "IND": "four states' letters changed (2023)",
    "IRN": "numbers changed (2020)",
    "KNA": "the source has 14",
    "LBR": "the source has no ISO code",
    "MKD": "numbers changed (2020)",
    "POL": "letters became numbers (2018)",
    "TWN": "New Taipei replaced Taipei county (2010)",
    "ZAF": "letters changed (2007)",
    "KAZ": "letters became numbers (2018, 2022)",
    "FRA": "overseas codes became numbers (2022)",
}
# The kind of unit that the layer shows, for countries with several levels in ISO.
KINDS = {"CZE": ("Region", "Capital city"), "EST": ("County",), "MKD": ("Municipality",)}


class Names:
    """Spellings of regions and of ISO subdivisions, reduced to comparable forms."""

    def __init__(self, features: list[dict[str, Any]]) -> None:
        self.iso = iso_subdivisions()
        self.iso_forms = {code: iso_forms(unit.name) for code, unit in self.iso.items()}
        self.of_country: dict[str, list[str]] = defaultdict(list)
        for code, unit in sorted(self.iso.items()):
            self.of_country[unit.country_code].append(code)
        self.by_code = {str(f["properties"]["adm1_code"]): f["properties"] for f in features}

    def own(self, properties: dict[str, Any]) -> set[str]:
        """Forms of the region's own name and of its names in 26 languages."""
        fields = ["name", "name_local", *(f"name_{language}" for language in LANGUAGES)]
        return _forms(properties, fields)

    def all(self, properties: dict[str, Any]) -> set[str]:
        """Forms of every spelling, including those of GeoNames and GNS."""
        return self.own(properties) | _forms(
            properties, ["name_alt", "gn_name", "gns_name", "woe_name"]
        )

    def agrees(self, code: str, forms: set[str]) -> bool:
        """Whether one of the forms is a name of the ISO unit."""
        return bool(self.iso_forms[code] & forms)


def iso_forms(name: str) -> set[str]:
    """Forms of an ISO name: whole, in parts, and up to the first comma."""
    parts = [name, *re.split(r"[;/\[\]()]", name)]
    return reduced_forms([*parts, *(part.split(",")[0] for part in parts)])


def _forms(properties: dict[str, Any], fields: list[str]) -> set[str]:
    values = [text(properties.get(field)) for field in fields]
    parts = [part for value in values if value for part in value.split("|")]
    return reduced_forms([*parts, *(p for part in parts for p in re.split(r"[,;/()\[\]]", part))])


def code_rows(
    rows: list[Row], names: Names, settled: set[str], alpha2: dict[str, str]
) -> list[Row]:
    """Codes that follow from names, if the source's code is another unit's or an old one."""
    taken = {row["region_code"] for row in rows}
    found = []
    for row in rows:
        source_code, code = row["source_code"], row["region_code"]
        country = alpha2.get(row["unit_code"])
        if source_code in settled or country is None:
            continue
        properties = names.by_code[source_code]
        known = code in names.iso
        own = names.own(properties)
        if known and names.agrees(code, own):
            continue
        if not known and row["unit_code"] not in RENUMBERED:
            continue
        kinds = KINDS.get(row["unit_code"])
        fits = [
            fit
            for fit in names.of_country[country]
            if names.agrees(fit, own) and (kinds is None or names.iso[fit].type in kinds)
        ]
        if len(fits) != 1 or (
            known
            and names.agrees(code, names.all(properties))
            and names.iso[fits[0]].type != names.iso[code].type
        ):
            continue
        why = (
            "the source's code is another unit's"
            if known
            else f"the source's code {text(properties['iso_3166_2'])} is not current: "
            + RENUMBERED[row["unit_code"]]
        )
        evidence = (
            f"{fits[0]} is {names.iso[fits[0]].name}; the source names it {row['region_name']}"
        )
        if known:
            evidence += f", and {code} is {names.iso[code].name}"
        found.append(_row(source_code, "region_code", code, fits[0], why, evidence))
        taken.add(fits[0])
    return found


def _row(source_code: str, field: str, old: str, new: str, why: str, evidence: str) -> Row:
    return {
        "source_code": source_code, "field": field, "old": old, "new": new, "why": why,
        "evidence": evidence, "how": "automatic",
    }  # fmt: skip


def name_rows(rows: list[Row], codes: dict[str, str], names: Names, done: set[str]) -> list[Row]:
    """Names that are no longer in use: ISO's and the English name agree on another one."""
    found = []
    for row in rows:
        source_code = row["source_code"]
        code = codes[source_code]
        english = text(names.by_code[source_code].get("name_en"))
        if source_code in done or code not in names.iso or not english or english.endswith("-"):
            continue
        name = row["region_name"]
        if names.agrees(code, reduced_forms(name.split("|"))):
            continue
        if not names.agrees(code, reduced_forms([english])):
            continue
        evidence = f"ISO 3166-2 {code}: {names.iso[code].name}; name_en {english}"
        why = "spelling or name that ISO and English do not use"
        found.append(_row(source_code, "region_name", name, english, why, evidence))
    return found


def wikidata_rows(
    rows: list[Row], named: dict[str, str], names: Names, done: set[str]
) -> list[Row]:
    """Wikidata items stated for several regions: kept for the region with the item's name."""
    holders: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        if row["wikidata_id"] and row["source_code"] not in done:
            holders[row["wikidata_id"]].append(row)
    found = []
    for item, group in sorted(holders.items()):
        if len(group) == 1:
            continue
        same = [
            row
            for row in group
            if reduced_forms([str(names.by_code[row["source_code"]].get("name_en"))])
            & reduced_forms([named.get(row["source_code"], row["region_name"])])
        ]
        for row in group:
            if len(same) == 1 and row is same[0]:
                continue
            others = ", ".join(r["source_code"] for r in group if r is not row)
            why = "item of another unit, or of the unit that this one is part of"
            evidence = f"the source states {item} for {others} too"
            found.append(_row(row["source_code"], "wikidata_id", item, "", why, evidence))
    return found


def fips_rows(rows: list[Row], names: Names, done: set[str]) -> list[Row]:
    """FIPS 10-4 codes that GNS and GeoNames both contradict."""
    found = []
    for row in rows:
        properties = names.by_code[row["source_code"]]
        gns, admin1 = text(properties.get("gns_adm1")), row["geonames_admin1"]
        if row["source_code"] in done or not gns or not admin1 or gns == row["fips"]:
            continue
        if len(gns) == 4 and len(admin1) == 5 and gns[2:] == admin1[3:]:
            why = "FIPS code of another unit, or none"
            evidence = f"GNS has {gns}, GeoNames {admin1}"
            found.append(_row(row["source_code"], "fips", row["fips"] or "", gns, why, evidence))
    return found


def crosswalk_rows(
    rows: list[Row], codes: dict[str, str], names: Names, done: dict[str, set[str]]
) -> list[Row]:
    """Codes of other systems: GeoNames, FIPS 10-4, HASC."""
    found = admin1_rows(rows, places_by_region(), done["geonames_admin1"], _row)
    admin1 = {row["source_code"]: row["new"] for row in found}
    settled = done["fips"] | done["geonames_admin1"]  # a hand correction of one checked both
    for fips in (
        fips_of_geonames_rows(rows, admin1, settled, _row),
        fips_rows(rows, names, settled),
        fips_country_rows(rows, settled, _row),
    ):
        fresh = [row for row in fips if row["source_code"] not in settled]
        settled |= {row["source_code"] for row in fresh}
        found += fresh
    for field in ("hasc", "geonames_id"):
        found += shared_code_rows(field, rows, codes, names.iso, done[field], _row)
    return found


def main() -> int:
    """Derive the automatic rows, write them if asked, and print what is unresolved."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", maxsplit=1)[0])
    parser.add_argument("--source", type=Path)
    parser.add_argument("--write", action="store_true", help="rewrite corrections.csv")
    parser.add_argument("--out", type=Path, default=HERE / "corrections.csv", help="write here")
    arguments = parser.parse_args()
    features = read_source(arguments.source)
    names = Names(features)
    hand = [row for row in read_table("corrections.csv") if row["how"] == "hand"]
    by_code = by_source(hand)
    moved = properties_of(features, by_code)
    names.by_code = moved
    units = Units()
    rows = [first_row(properties, units, names.iso) for properties in moved.values()]
    done = {
        field: {row["source_code"] for row in hand if row["field"] == field}
        for field in (
            "region_code",
            "region_name",
            "wikidata_id",
            "fips",
            "hasc",
            "geonames_admin1",
            "geonames_id",
        )
    }
    alpha2 = {country.alpha_3: country.alpha_2 for country in pycountry.countries}
    settled = done["region_code"] | {row["source_code"] for row in read_table("reviewed_names.csv")}
    automatic = code_rows(rows, names, settled, alpha2)
    new = {
        row["source_code"]: row["new"]
        for row in [*automatic, *hand]
        if row["field"] == "region_code"
    }
    codes = {row["source_code"]: new.get(row["source_code"], row["region_code"]) for row in rows}
    automatic += name_rows(rows, codes, names, done["region_name"])
    named = {
        row["source_code"]: row["new"]
        for row in [*automatic, *hand]
        if row["field"] == "region_name"
    }
    automatic += wikidata_rows(rows, named, names, done["wikidata_id"])
    automatic += crosswalk_rows(rows, codes, names, done)
    if arguments.write:
        _write([*hand, *automatic], arguments.out)
    return _report(rows, codes, names, automatic)


def _write(rows: list[Row], path: Path) -> None:
    ordered = sorted(rows, key=lambda row: (row["source_code"], row["how"] != "hand", row["field"]))
    with path.open("w", encoding="utf-8", newline="") as lines:
        writer = csv.DictWriter(lines, FIELDS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(ordered)


def _report(rows: list[Row], codes: dict[str, str], names: Names, automatic: list[Row]) -> int:
    reviewed = {row["source_code"]: row["region_code"] for row in read_table("reviewed_names.csv")}
    unresolved = 0
    for row in rows:
        source_code = row["source_code"]
        code = codes[source_code]
        forms = names.all(names.by_code[source_code])
        if code not in names.iso or names.agrees(code, forms) or reviewed.get(source_code) == code:
            continue
        unresolved += 1
        print(f"{source_code} {row['region_name']!r} is not {code} {names.iso[code].name!r}")
    for code, n in Counter(codes.values()).items():
        if n > 1:
            unresolved += 1
            print(f"{code}: {[key for key, value in codes.items() if value == code]}")
    count = Counter(row["field"] for row in automatic)
    print(f"automatic: {dict(count)}; unresolved: {unresolved}")
    return 1 if unresolved else 0


if __name__ == "__main__":
    sys.exit(main())
