"""The crosswalk of country codes, against the sources that use them."""

from __future__ import annotations

import csv
import json
import subprocess
import sys
from functools import cache
from typing import Any

import pycountry
import pytest
from paths import ROOT, shared

from geo_risk._core.products import product_bytes, product_entry, product_path

PRODUCT = "crosswalk.json"


@cache
def crosswalk() -> dict[str, list[dict[str, Any]]]:
    loaded: dict[str, list[dict[str, Any]]] = json.loads(product_bytes(PRODUCT))
    return loaded


@cache
def countries() -> dict[str, dict[str, Any]]:
    return {entry["alpha3"]: entry for entry in crosswalk()["countries"]}


def by_name(name: str) -> str | None:
    wanted = name.casefold()
    found = {
        alpha3
        for alpha3, entry in countries().items()
        if wanted in {alias.casefold() for alias in [entry["name"], *entry["aliases"]]}
    }
    assert len(found) <= 1, (name, found)
    return found.pop() if found else None


def by_fips(code: str) -> str | None:
    for alpha3, entry in countries().items():
        if code in entry["fips_10_4"]:
            return alpha3
    return next((o["alpha3"] for o in crosswalk()["fips_10_4_other"] if o["code"] == code), None)


def test_the_file_is_the_one_registered() -> None:
    assert product_entry(PRODUCT)["countries"] == len(countries()) == 250


def test_iso_codes_are_those_of_pycountry() -> None:
    assert set(countries()) == {country.alpha_3 for country in pycountry.countries} | {"XKX"}
    for alpha3, entry in countries().items():
        country = pycountry.countries.get(alpha_3=alpha3)
        if country is None:
            assert (entry["alpha2"], entry["numeric"], entry["m49"]) == ("XK", None, None)
            continue
        assert (entry["alpha2"], entry["numeric"]) == (country.alpha_2, country.numeric)
        assert entry["m49"] == (None if alpha3 == "TWN" else country.numeric)


def test_no_name_and_no_code_stands_for_two_countries() -> None:
    names: dict[str, str] = {}
    codes: dict[str, str] = {}
    for alpha3, entry in countries().items():
        for name in [entry["name"], *entry["aliases"]]:
            assert names.setdefault(name.casefold(), alpha3) == alpha3, name
        for code in entry["fips_10_4"]:
            assert codes.setdefault(code, alpha3) == alpha3, code
    assert not {other["code"] for other in crosswalk()["fips_10_4_other"]} & set(codes)


@pytest.mark.parametrize(
    ("name", "alpha3"),
    [
        ("DR Congo (Zaire)", "COD"),
        ("Democratic Republic of Congo", "COD"),
        ("Republic of Congo", "COG"),
        ("Congo", "COG"),
        ("Russia (Soviet Union)", "RUS"),
        ("Myanmar (Burma)", "MMR"),
        ("Yemen (North Yemen)", "YEM"),
        ("Bosnia-Herzegovina", "BIH"),
        ("Serbia (Yugoslavia)", "SRB"),
        ("Kingdom of eSwatini (Swaziland)", "SWZ"),
        ("Ivory Coast", "CIV"),
        ("Turkey", "TUR"),
        ("Iran", "IRN"),
        ("Palestine", "PSE"),
        ("Kosovo", "XKX"),
        ("Czech Republic", "CZE"),
        ("East Timor", "TLS"),
        ("United States of America", "USA"),
        ("North Korea", "PRK"),
        ("Republic of Korea", "KOR"),
        ("Niger", "NER"),
        ("Nigeria", "NGA"),
        ("Guinea", "GIN"),
        ("Dominica", "DMA"),
    ],
)
def test_names_as_sources_spell_them(name: str, alpha3: str) -> None:
    assert by_name(name) == alpha3


@pytest.mark.parametrize(
    ("code", "alpha3"),
    [
        ("GM", "DEU"), ("AS", "AUS"), ("CH", "CHN"), ("SZ", "CHE"), ("AU", "AUT"), ("SF", "ZAF"),
        ("SP", "ESP"), ("UP", "UKR"), ("RS", "RUS"), ("IZ", "IRQ"), ("WE", "PSE"), ("GZ", "PSE"),
        ("OD", "SSD"), ("KV", "XKX"), ("RI", "SRB"), ("NI", "NGA"), ("NG", "NER"), ("BM", "MMR"),
        ("TX", "TKM"), ("OS", None), ("XX", None),
    ],
)  # fmt: skip
def test_fips_codes_that_are_taken_for_iso(code: str, alpha3: str | None) -> None:
    assert by_fips(code) == alpha3


def test_gleditsch_ward_numbers_and_state_succession() -> None:
    numbers = {alpha3: entry["gleditsch_ward"] for alpha3, entry in countries().items()}
    assert [span["number"] for span in numbers["DEU"]] == [255, 260, 265]
    assert {span["number"] for span in numbers["YEM"]} == {678, 680}
    assert {span["number"] for span in numbers["SRB"]} == {340, 345}
    assert numbers["SSD"] == [{"number": 626, "start": "2011-07-09", "end": None}]
    assert [span["start"] for span in numbers["AFG"]] == ["1816-01-01", "1919-05-01"]
    for state in crosswalk()["gleditsch_ward"]:
        assert state["alpha3"] is None or state["alpha3"] in countries()
        assert state["end"] is None or state["start"] < state["end"]
        if state["end"] is None and state["number"] not in (396, 397):
            assert state["alpha3"] is not None, state


def test_ged_countries_are_found_by_name_and_by_number() -> None:
    path = shared("data/events/ucdp_ged_v23_1_sample1000_global.csv")
    with path.open(encoding="utf-8", newline="") as lines:
        pairs = {(row["country"], int(row["country_id"])) for row in csv.DictReader(lines)}
    assert len(pairs) > 50
    current = {
        state["number"]: state["alpha3"]
        for state in crosswalk()["gleditsch_ward"]
        if state["end"] is None or state["number"] == 345
    }
    for name, number in sorted(pairs):
        assert by_name(name) == current[number], (name, number)


def test_gdelt_codes_are_found_and_their_place_names_agree() -> None:
    path = shared("data/events/gdelt2_20191024143000.export.CSV")
    stated: dict[str, str] = {}
    with path.open(encoding="utf-8") as lines:
        for line in lines:
            cells = line.rstrip("\n").split("\t")
            if cells[52] and cells[51] == "1":  # a country, so the full name is its name
                stated[cells[53]] = cells[52]
    assert len(stated) > 40
    spelled = {"Bahamas, The": "BHS", "Oceans": None}
    for code, name in stated.items():
        assert by_fips(code) == spelled.get(name, by_name(name)), (code, name)


def test_countries_that_the_world_layer_counts_to_another() -> None:
    from geo_risk.regions import load_regions

    layer = load_regions("natural_earth")
    held = set(layer.columns["country_code"])
    for alpha3, entry in countries().items():
        assert entry["layer_country"] in held, alpha3
        assert (alpha3 in held) == (entry["layer_country"] == alpha3), alpha3
        assert set(entry["layer_regions"]) <= set(layer.columns["region_code"])


def test_a_rebuild_gives_the_same_bytes() -> None:
    script = "import sys, build_crosswalk as b; sys.stdout.buffer.write(b.content())"
    run = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT / "boundaries", check=True, capture_output=True
    )
    assert run.stdout == product_path(PRODUCT).read_bytes()
