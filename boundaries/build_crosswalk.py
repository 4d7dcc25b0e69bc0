"""Rebuild the crosswalk of country codes: `products/crosswalk.json`.

    python boundaries/build_crosswalk.py

ISO 3166-1 comes from pycountry, with a country's common and official name; names as sources spell
them, FIPS 10-4 (GDELT) and Gleditsch-Ward numbers (UCDP) come from the hand-written
`country_aliases.csv`, `country_codes.csv`, `fips_other.csv` and `gleditsch_ward.csv`, each with its
source. No name or code may stand for two countries.

An alias marked `stated_only` means a country if a country is expected, as in a column of countries;
otherwise it may also be a place, a region or a former state ("Antigua", "West Bank").
"""

from __future__ import annotations

import json
from importlib.metadata import version
from typing import Any

import pycountry
from _registry import PRODUCTS, register
from _world_codes import KOSOVO, Row, listed, or_none, read_table
from _world_names import fold, unique

PRODUCT = "crosswalk.json"
NO_M49 = {"TWN", KOSOVO}  # the United Nations' standard M49 has no code for them


def countries() -> list[dict[str, Any]]:
    """One entry for each country of ISO 3166-1, and Kosovo."""
    written = {row["alpha3"]: row for row in read_table("country_codes.csv")}
    aliases = aliases_by_country()
    numbers: dict[str, list[dict[str, Any]]] = {}
    for state in states():
        if state["alpha3"]:
            numbers.setdefault(state["alpha3"], []).append(
                {key: state[key] for key in ("number", "start", "end")}
            )
    entries = []
    for alpha3 in sorted({*(country.alpha_3 for country in pycountry.countries), KOSOVO}):
        entry = _names_and_iso(alpha3, written.pop(alpha3), aliases.pop(alpha3, []))
        entry["gleditsch_ward"] = numbers.get(alpha3, [])
        entries.append(entry)
    for table, left in (("country_codes.csv", written), ("country_aliases.csv", aliases)):
        if left:
            raise ValueError(f"{table}: not in ISO 3166-1: {sorted(left)}.")
    return entries


def aliases_by_country() -> dict[str, list[Row]]:
    """Rows of `country_aliases.csv` of each country, in the order of the file."""
    found: dict[str, list[Row]] = {}
    for row in read_table("country_aliases.csv"):
        if not row["source"] or row["stated_only"] not in ("", "yes"):
            raise ValueError(f"country_aliases.csv: a source, and yes or nothing, in {row}.")
        found.setdefault(row["alpha3"], []).append(row)
    return found


def _names_and_iso(alpha3: str, row: Row, aliases: list[Row]) -> dict[str, Any]:
    country = pycountry.countries.get(alpha_3=alpha3)
    official = getattr(country, "official_name", None)
    names = [] if country is None else [country.name, getattr(country, "common_name", country.name)]
    name = row["name"] or (names[-1] if names else alpha3)
    names += [official or "", *(alias["alias"] for alias in aliases)]
    numeric = None if country is None else str(country.numeric)
    layer = listed(row["in_layer_as"])
    return {
        "alpha3": alpha3,
        "alpha2": "XK" if country is None else country.alpha_2,
        "numeric": numeric,
        "m49": None if alpha3 in NO_M49 else numeric,
        "geonames": "XK" if country is None else country.alpha_2,
        "name": name,
        "aliases": [alias for alias in unique(names) if alias and alias != name],
        "stated_only": [alias["alias"] for alias in aliases if alias["stated_only"]],
        "fips_10_4": row["fips_10_4"].split(),
        "layer_country": layer[0] if layer else alpha3,
        "layer_regions": layer[1:],
        "note": or_none(row["note"]),
    }


def states() -> list[dict[str, Any]]:
    """Gleditsch and Ward's states: number, today's country, first and last day."""
    return [
        {
            "number": int(row["number"]),
            "alpha3": or_none(row["alpha3"]),
            "start": row["start"],
            "end": or_none(row["end"]),
            "note": or_none(row["note"]),
            "checked": or_none(row["checked"]),
        }
        for row in read_table("gleditsch_ward.csv")
    ]


def other_fips() -> list[dict[str, Any]]:
    """FIPS codes that belong to no country today."""
    return [
        {
            "code": row["code"],
            "alpha3": or_none(row["alpha3"]),
            "until": int(row["until"]) if row["until"] else None,
            "note": row["note"],
        }
        for row in read_table("fips_other.csv")
    ]


def check(entries: list[dict[str, Any]], other: list[dict[str, Any]]) -> None:
    """Raise ValueError if a name or a code stands for two countries."""
    for kind, pairs in (
        ("name", [(fold(n), e["alpha3"]) for e in entries for n in [e["name"], *e["aliases"]]]),
        ("alpha2", [(e["alpha2"], e["alpha3"]) for e in entries]),
        (
            "fips_10_4",
            [(code, e["alpha3"]) for e in entries for code in e["fips_10_4"]]
            + [(o["code"], o["alpha3"]) for o in other],
        ),
    ):
        seen: dict[str, str] = {}
        for key, alpha3 in pairs:
            if seen.setdefault(key, alpha3) != alpha3:
                raise ValueError(f"{kind} {key!r} stands for {seen[key]} and {alpha3}.")


def content() -> bytes:
    """Build and check the crosswalk; return the product's bytes."""
    entries, other = countries(), other_fips()
    check(entries, other)
    crosswalk = {"countries": entries, "fips_10_4_other": other, "gleditsch_ward": states()}
    text = json.dumps(crosswalk, ensure_ascii=False, indent=1, sort_keys=True)
    return text.encode() + b"\n"


def main() -> None:
    """Build, check, write and register the crosswalk."""
    built = content()
    (PRODUCTS / PRODUCT).write_bytes(built)
    crosswalk = json.loads(built)
    entries, listed_states = crosswalk["countries"], crosswalk["gleditsch_ward"]
    checked = {state["number"] for state in listed_states if state["checked"]}
    register(
        PRODUCT,
        title="Country codes and names: ISO 3166-1, UN M49, FIPS 10-4, Gleditsch-Ward, GeoNames",
        source="pycountry; boundaries/country_codes.csv, country_aliases.csv, fips_other.csv, "
        "gleditsch_ward.csv",
        source_version=f"pycountry {version('pycountry')}",
        licence="Public domain (facts and codes)",
        citation="ISO 3166-1; United Nations M49; FIPS PUB 10-4 (NIST, April 1995) with change "
        "notices to 16 (2010); Gleditsch, K. S. and Ward, M. D. (1999), A revised list of "
        "independent states since the Congress of Vienna, International Interactions 25(4).",
        countries=len(entries),
        gleditsch_ward_states=len({state["number"] for state in listed_states}),
        gleditsch_ward_numbers_checked=len(checked),
        nominal_accuracy="Gleditsch-Ward: numbers and dates as in the R package states 0.3.2; "
        "today's country was assigned by hand, and those marked `checked` occur with it in a "
        "sample of UCDP GED 23.1. FIPS 10-4: equal to GeoNames' list, and to the place names of "
        "one GDELT file for the 94 codes in it",
        built_by="boundaries/build_crosswalk.py",
    )
    print(f"{len(entries)} countries, {len(listed_states)} spans of Gleditsch-Ward states")


if __name__ == "__main__":
    main()
