"""The report on units: `report_units.csv`, one row for each unit of the layer."""

from __future__ import annotations

import csv
from collections import defaultdict
from typing import Any

import pycountry
from _world_codes import HERE, iso_subdivisions, read_table

COLUMNS = (
    "unit_code", "country_code", "country_name", "units", "codes_valid_today", "share_valid",
    "codes_of_the_source_only", "older_extent", "iso_units_absent", "absent", "note",
)  # fmt: skip


def write_report(rows: list[dict[str, Any]]) -> dict[str, str]:
    """Write the report; return the notes on older units by unit code."""
    notes = {row["unit_code"]: row["note"] for row in read_table("unit_notes.csv")}
    units: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for row in rows:
        units[row["unit_code"]].append(row)
    unknown = sorted(set(notes) - set(units))
    if unknown:
        raise ValueError(f"unit_notes.csv: no such units {unknown}.")
    with (HERE / "report_units.csv").open("w", encoding="utf-8", newline="") as lines:
        writer = csv.writer(lines, lineterminator="\n")
        writer.writerow(COLUMNS)
        for unit in sorted(units):
            writer.writerow(_line(unit, units[unit], notes.get(unit, "")))
    return notes


def _line(unit: str, rows: list[dict[str, Any]], note: str) -> list[Any]:
    valid = sum(row["code_system"] == "ISO 3166-2" for row in rows)
    absent = sorted(_absent(rows))
    countries = sorted({row["country_code"] for row in rows if row["country_code"]})
    names = sorted({row["country_name"] for row in rows if row["country_name"]})
    return [
        unit, ";".join(countries), ";".join(names), len(rows), valid, f"{valid / len(rows):.3f}",
        len(rows) - valid, sum(row["older_extent"] is not None for row in rows), len(absent),
        " ".join(absent), note,
    ]  # fmt: skip


def _absent(rows: list[dict[str, Any]]) -> set[str]:
    """ISO codes that no region has, of the kinds of unit that the layer has for a country."""
    iso = iso_subdivisions()
    used = {row["region_code"] for row in rows if row["code_system"] == "ISO 3166-2"}
    country = pycountry.countries.get(alpha_3=rows[0]["unit_code"])
    if country is None:
        return set()
    used = {code for code in used if code.startswith(country.alpha_2 + "-")}
    kinds = {(code[:2], iso[code].type, iso[code].parent_code is None) for code in used}
    same = {
        code
        for code, unit in iso.items()
        if (code[:2], unit.type, unit.parent_code is None) in kinds
    }
    return same - used
