"""Check the codes of other systems against other data: rows for `corrections.csv`.

GeoNames' first-order units are checked by the places that lie in each region, FIPS 10-4 codes by
their country, HASC by uniqueness.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
import pycountry
from _world_codes import Row, read_table

Places = dict[str, Counter[str]]
MakeRow = Callable[[str, str, str, str, str, str], Row]

_FIPS = re.compile(r"[A-Z]{2}[0-9A-Z]{2,3}")
# GeoNames took its numbers from FIPS 10-4; Natural Earth has older ones. GDELT 2.0 (2019-10-24
# 14:30 UTC) writes SP29 for Madrid and SP56 for Catalonia, as GeoNames' ES.29 and ES.56.
FIPS_AS_GEONAMES = {"ESP": "SP"}


def places_by_region() -> Places:
    """GeoNames' first-order units of the places in each region, by source_code.

    The polygons are those of the built layer; they do not depend on any code.
    """
    from geo_risk.places import load_gazetteer
    from geo_risk.regions import load_regions

    layer, places = load_regions(), load_gazetteer()
    alpha2 = {country.alpha_3: country.alpha_2 for country in pycountry.countries} | {"XKX": "XK"}
    units = [
        f"{alpha2[country]}.{admin1}" if admin1 not in ("", "00") else ""
        for country, admin1 in zip(places.unit_country, places.unit_admin1)
    ]
    found: Places = defaultdict(Counter)
    rows = layer.locate(lon=np.asarray(places.lon), lat=np.asarray(places.lat))
    for row, unit in zip(rows, np.asarray(places.place_unit)):
        if row >= 0 and units[unit]:
            found[layer.columns["source_code"][row]][units[unit]] += 1
    return dict(found)


def admin1_rows(
    rows: list[dict[str, Any]], places: Places, done: set[str], make: MakeRow
) -> list[Row]:
    """GeoNames units that the places in a region contradict.

    A code stays if most of its unit's places lie in the region. A code that GeoNames no longer
    uses, or that has no place here, is replaced by the unit of most places in the region. If no
    stated code of a country is confirmed, the codes that no place can check are dropped.
    """
    total: Counter[str] = sum(places.values(), Counter())
    alpha2 = {country.alpha_3: country.alpha_2 for country in pycountry.countries} | {"XKX": "XK"}
    stated_for = {row["geonames_admin1"] for row in rows}
    confirmed: set[str] = set()
    left, found = [], []
    for row in rows:
        source_code, stated = row["source_code"], row["geonames_admin1"] or ""
        if source_code in done:
            continue
        own = {alpha2.get(row["country_code"]), row["region_code"][:2], stated[:2]}
        here = Counter({u: n for u, n in places.get(source_code, {}).items() if u[:2] in own})
        top, n = here.most_common(1)[0] if here else ("", 0)
        if stated and (top == stated or 2 * here[stated] >= total[stated] > 0):
            confirmed.add(row["unit_code"])
        elif _gives_way(stated, top, n, here, total, stated_for):
            evidence = f"{n} of {here.total()} GeoNames places in it are in {top}"
            why = "GeoNames' unit is another one" if stated else "the source has none"
            found.append(make(source_code, "geonames_admin1", stated, top, why, evidence))
        elif stated and not total[stated]:
            left.append(row)
    for row in left:
        if row["unit_code"] not in confirmed:
            why = "a unit that GeoNames no longer has"
            evidence = f"no place of GeoNames is in {row['geonames_admin1']}"
            found.append(
                make(row["source_code"], "geonames_admin1", row["geonames_admin1"], "", why,
                     evidence)
            )  # fmt: skip
    return found


def _gives_way(
    stated: str, top: str, n: int, here: Counter[str], total: Counter[str], stated_for: set[str]
) -> bool:
    """Whether the unit of most places in a region replaces the stated one."""
    if not top or 2 * n <= here.total():
        return False
    if n < 3 and top in stated_for:
        return False  # one or two places may belong to a neighbour if the border is inaccurate
    # if GeoNames has the stated unit as well, none of its places may be here
    return not total[stated] or (not here[stated] and 4 * n >= 3 * here.total())


def fips_country_rows(rows: list[dict[str, Any]], done: set[str], make: MakeRow) -> list[Row]:
    """FIPS 10-4 codes of another country, of a whole country, or of another form."""
    prefixes = {row["alpha3"]: row["fips_10_4"].split() for row in read_table("country_codes.csv")}
    alpha3 = {country.alpha_2: country.alpha_3 for country in pycountry.countries}
    found = []
    for row in rows:
        fips, source_code = row["fips"], row["source_code"]
        if not fips or source_code in done:
            continue
        own = {
            prefix
            for country in (
                row["country_code"],
                row["unit_code"],
                alpha3.get(row["region_code"][:2]),
            )  # the last for Crimea, which ISO and FIPS list under Ukraine
            for prefix in prefixes.get(country or "", [])
        }
        if not _FIPS.fullmatch(fips):
            why, evidence = "not a code of a first-order unit", "FIPS 10-4 has country and unit"
        elif fips[2:] == "00":
            why, evidence = "no unit: 00 stands for the whole country", "FIPS 10-4"
        elif own and fips[:2] not in own:
            why = "code of another country's unit"
            evidence = f"FIPS 10-4 of {row['unit_code']} is {', '.join(sorted(own))}"
        else:
            continue
        found.append(make(source_code, "fips", fips, "", why, evidence))
    return found


def fips_of_geonames_rows(
    rows: list[dict[str, Any]], admin1: dict[str, str], done: set[str], make: MakeRow
) -> list[Row]:
    """FIPS 10-4 codes that are older in the source than in GeoNames."""
    found = []
    for row in rows:
        prefix = FIPS_AS_GEONAMES.get(row["unit_code"])
        unit = admin1.get(row["source_code"], row["geonames_admin1"])
        if prefix is None or not unit or row["source_code"] in done:
            continue
        new = prefix + unit[3:]
        if _FIPS.fullmatch(new) and new != row["fips"]:
            evidence = f"GeoNames {unit}; GDELT has SP29 for Madrid and SP56 for Catalonia"
            found.append(
                make(row["source_code"], "fips", row["fips"] or "", new, "older code", evidence)
            )
    return found


def shared_code_rows(
    field: str, rows: list[dict[str, Any]], codes: dict[str, str], iso: Iterable[str],
    done: set[str], make: MakeRow,
) -> list[Row]:  # fmt: skip
    """HASC codes or GeoNames numbers stated for several regions: one region keeps it, or none.

    It stays with the region that ISO lists, if that is exactly one; otherwise it is the code of a
    unit that contains all of them, or of one of them, and it is unknown which.
    """
    known = set(iso)
    holders: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for row in rows:
        if row[field] and row["source_code"] not in done:
            holders[str(row[field])].append(row)
    found = []
    for value, group in sorted(holders.items()):
        listed = [row for row in group if codes[row["source_code"]] in known]
        if len(group) == 1:
            continue
        for row in group:
            if len(listed) == 1 and row is listed[0]:
                continue
            others = ", ".join(r["source_code"] for r in group if r is not row)
            evidence = f"the source states {value} for {others} too"
            why = "code of several regions"
            found.append(make(row["source_code"], field, value, "", why, evidence))
    return found
