"""Codes of the world layer: the hand-written tables and how they apply to a region.

Four tables, each row with its source: `unit_codes.csv` (units whose Natural Earth code is not ISO
3166-1), `corrections.csv` (one value of one region), `disputes.csv` (who administers and who
claims), `unit_notes.csv` (countries whose units are older than today's).
"""

from __future__ import annotations

import csv
from collections import defaultdict
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Any

import pycountry

HERE = Path(__file__).resolve().parent
KOSOVO = "XKX"
Row = dict[str, str]


def read_table(name: str) -> list[Row]:
    """Read a hand-written table; every cell is a string, "" where empty."""
    with (HERE / name).open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines, strict=True))


def listed(cell: str) -> list[str]:
    """Split a cell such as `IND;PAK`."""
    return [part for part in cell.split(";") if part]


def or_none(cell: str) -> str | None:
    """Convert "" to None."""
    return cell or None


def iso_countries() -> set[str]:
    """Alpha-3 codes of ISO 3166-1 and Kosovo's, which ISO leaves to its users."""
    return {country.alpha_3 for country in pycountry.countries} | {KOSOVO}


@cache
def iso_subdivisions() -> dict[str, Any]:
    """Every current code of ISO 3166-2."""
    return {subdivision.code: subdivision for subdivision in pycountry.subdivisions}


class Units:
    """Natural Earth's country-like units and their ISO 3166-1 codes."""

    def __init__(self) -> None:
        self.rows = {
            (row["adm0_a3"], row["source_code"]): row for row in read_table("unit_codes.csv")
        }
        self._iso = iso_countries()

    def facts(self, adm0_a3: str, source_code: str, admin: str) -> dict[str, Any]:
        """Return unit_code, unit_name, country_code, administered_by, claimed_by of a region."""
        row = self.rows.get((adm0_a3, source_code)) or self.rows.get((adm0_a3, ""))
        if row is None:
            if adm0_a3 not in self._iso:
                raise ValueError(
                    f"{source_code}: {adm0_a3} is not ISO 3166-1 nor in unit_codes.csv."
                )
            return {
                "unit_code": adm0_a3, "unit_name": admin, "country_code": adm0_a3,
                "administered_by": None, "claimed_by": [],
            }  # fmt: skip
        return {
            "unit_code": row["unit_code"],
            "unit_name": row["unit_name"],
            "country_code": or_none(row["country_code"]),
            "administered_by": or_none(row["administered_by"]),
            "claimed_by": sorted(listed(row["claimed_by"])),
        }


def by_source(rows: Iterable[Row]) -> dict[str, list[Row]]:
    """Group a table's rows by source_code in the same order."""
    grouped: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        grouped[row["source_code"]].append(row)
    return dict(grouped)


def own_code(source_code: str) -> str:
    """Return Natural Earth's code as a region code: `SOL+00?` becomes `SOL-00`."""
    return source_code.replace("+", "-").rstrip("?")


def correct(row: dict[str, Any], corrections: list[Row]) -> None:
    """Apply the corrections of one region; raises an error if `old` is not the present value."""
    for correction in corrections:
        field, old, new = correction["field"], correction["old"], correction["new"]
        if field in ("geometry", "names_from"):
            continue
        found = row[field] or ""
        if field == "alternate_names":
            row[field] = [name for name in new.split("|") if name]
            continue
        if old != str(found):
            raise ValueError(
                f"corrections.csv, {row['source_code']} {field}: {found!r}, not {old!r}."
            )
        row[field] = or_none(new)


def add_dispute(row: dict[str, Any], dispute: Row) -> None:
    """Write who administers and who claims a region; raises an error for contradictions.

    `claimed_by` names every state that claims sovereignty over the region or, if the extent is
    `part`, over a part of it, including the administering state if it claims it.
    """
    if dispute["extent"] not in ("whole", "part"):
        raise ValueError(f"disputes.csv, {row['source_code']}: extent {dispute['extent']!r}.")
    for field, value in (
        ("administered_by", or_none(dispute["administered_by"])),
        ("claimed_by", sorted(listed(dispute["claimed_by"]))),
    ):
        if row[field] and row[field] != value:
            raise ValueError(
                f"{row['source_code']} {field}: {row[field]} in unit_codes.csv, {value}."
            )
        row[field] = value
    row["un_country_code"] = or_none(dispute["un_country_code"])
    row["dispute"] = dispute["area"]
    row["dispute_extent"] = dispute["extent"]
