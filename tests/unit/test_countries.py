"""The one index of country names and codes."""

from __future__ import annotations

import csv
import json
import subprocess
import sys

import pandas as pd
import pycountry
import pytest
from hypothesis import given, strategies as st
from paths import shared

import geo_risk as gr
from geo_risk._core.countries import (
    countries_named,
    country_keys,
    country_names,
    crosswalk,
    find_country,
    resolve_country,
)
from geo_risk._core.fold import fold
from geo_risk._core.stated import stated_countries
from geo_risk.places._scopes import Scope, hinter
from geo_risk.regions import country_codes

NAMES = [(name, code) for code, names in country_names().items() for name in names]
CODES = [
    (entry[system], entry["alpha3"])
    for entry in crosswalk()["countries"]
    for system in ("alpha2", "alpha3", "numeric")
    if entry[system]
]
STATED_ONLY = [
    (name, entry["alpha3"]) for entry in crosswalk()["countries"] for name in entry["stated_only"]
]
_ANSWERS = """
import json, sys
{prelude}
from geo_risk._core import countries as c
texts = json.load(sys.stdin)
answers = [[c.find_country(t), c.find_country(t, bare=True), list(c.countries_named(t))]
           for t in texts]
json.dump([answers, c.country_keys(), {{k: list(v) for k, v in c.country_names().items()}},
           "pycountry" in sys.modules and sys.modules["pycountry"] is not None], sys.stdout)
"""


def answers(prelude: str) -> list[object]:
    texts = [text for text, _ in NAMES + CODES]
    run = subprocess.run(
        [sys.executable, "-c", _ANSWERS.format(prelude=prelude)],
        input=json.dumps(texts), capture_output=True, text=True, check=True,
    )  # fmt: skip
    found: list[object] = json.loads(run.stdout)
    return found


def test_without_pycountry_every_answer_is_the_same():
    without = answers('sys.modules["pycountry"] = None  # importing it raises')
    assert without == answers("")
    assert without[3] is False
    assert [found[0] for found in without[0]] == [code for _, code in NAMES + CODES]


def test_every_name_and_code_of_iso_is_known():
    for country in pycountry.countries:
        fields = ("alpha_2", "alpha_3", "numeric", "name", "common_name", "official_name")
        for text in (getattr(country, field, None) for field in fields):
            assert text is None or find_country(text) == country.alpha_3, text


@pytest.mark.parametrize(
    ("text", "code"),
    [
        # United Nations
        ("Dem. Rep. of the Congo", "COD"), ("Iran (Islamic Republic of)", "IRN"),
        ("China, Hong Kong SAR", "HKG"), ("China, Taiwan Province of China", "TWN"),
        ("Dem. People's Republic of Korea", "PRK"), ("Bolivia (Plurinational State of)", "BOL"),
        # Natural Earth
        ("Eq. Guinea", "GNQ"), ("Dem. Rep. Congo", "COD"), ("Bosnia and Herz.", "BIH"),
        ("St. Vin. and Gren.", "VCT"), ("W. Sahara", "ESH"), ("S. Sudan", "SSD"),
        # GTD, former states too
        ("West Bank and Gaza Strip", "PSE"), ("South Yemen", "YEM"), ("East Germany (GDR)", "DEU"),
        ("West Germany (FRG)", "DEU"), ("Serbia-Montenegro", "SRB"), ("New Hebrides", "VUT"),
        ("People's Republic of the Congo", "COG"), ("Soviet Union", "RUS"),
        # ACLED, UCDP, Gleditsch and Ward
        ("Akrotiri and Dhekelia", "GBR"), ("Collectivity of Saint Martin", "MAF"),
        ("DR Congo (Zaire)", "COD"), ("Yemen (North Yemen)", "YEM"), ("Iran (Persia)", "IRN"),
        ("Congo, Democratic Republic of (Zaire)", "COD"), ("Yemen, People's Republic of", "YEM"),
        # World Bank, CIA
        ("Korea, Dem. People's Rep.", "PRK"), ("Somalia, Fed. Rep.", "SOM"),
        ("Macao SAR, China", "MAC"), ("Hong Kong SAR, China", "HKG"),
        ("St. Martin (French part)", "MAF"), ("Falkland Islands (Islas Malvinas)", "FLK"),
        ("Gaza Strip", "PSE"), ("Wake Island", "UMI"), ("Holy See (Vatican City)", "VAT"),
    ],
)  # fmt: skip
def test_countries_as_publishers_spell_them(text, code):
    assert find_country(text) == resolve_country(text) == country_codes(text).alpha3 == code


@pytest.mark.parametrize(
    ("name", "stated", "bare"),
    [
        ("Congo", "COG", ("COG", "COD")), ("Korea", None, ("KOR", "PRK")),
        ("Guinea", "GIN", ("GIN",)), ("Niger", "NER", ("NER",)),
        ("Dominica", "DMA", ("DMA",)), ("Czechoslovakia", None, ()), ("Virgin Islands", None, ()),
    ],
)  # fmt: skip
def test_names_that_two_countries_share(name, stated, bare):
    assert (find_country(name), countries_named(name)) == (stated, bare)


@given(st.sampled_from(NAMES + CODES), st.sampled_from([str.lower, str.upper, str.title, str]))
def test_case_and_blanks_do_not_matter(known, spelled):
    text, code = known
    assert find_country(f"  {spelled(text)} ") == code


@given(st.sampled_from(NAMES))
def test_a_bare_name_means_a_country_exactly_where_it_means_nothing_else(known):
    name, code = known
    other = fold(name) in {fold(text) for text, _ in STATED_ONLY}
    assert country_keys().get(fold(name)) == (None if other else code)
    assert other or find_country(name, bare=True) == code


@pytest.mark.parametrize(("name", "code"), STATED_ONLY)
def test_names_of_something_else_are_a_country_where_one_is_expected(name, code):
    assert find_country(name) == code
    assert find_country(name, bare=True) is None
    assert countries_named(name) == ()


def test_a_region_that_a_country_is_also_called_by_stays_a_region():
    scope, understood = hinter("Jenin, West Bank", None)(Scope())
    assert understood
    assert (scope.country, scope.world) == (None, False)  # PSE holds the Gaza Strip, too
    assert gr.find_region("West Bank").country_code == "PSE"
    assert gr.find_region("Svalbard").country_code == "NOR"


def test_places_by_themselves_are_not_taken_for_countries():
    for text, country in (
        ("Clashes in Antigua, Guatemala.", "GTM"),
        ("Trinidad, Bolivia", "BOL"),
        ("Fighting in the West Bank.", "PSE"),
    ):
        found = gr.geoparse(text)
        assert found["kind"].iloc[0] != "country", text
        assert found["country_code"].iloc[0] == country, text


@pytest.mark.parametrize(
    ("file", "column", "truth"),
    [
        ("20_country_names.csv", "country", ["COD", "GNQ", "GBR", "PSE"]),
        ("15_gtd_countries.csv", "country_txt", ["PSE", "YEM", "IRQ"]),
    ],
)
def test_stated_countries_of_real_tables(file, column, truth):
    with shared(f"cases/{file}").open(encoding="utf-8", newline="") as lines:
        stated = [row[column] for row in csv.DictReader(lines)]
    frame = pd.DataFrame({"country_stated": stated, "source": "table"})
    assert stated_countries(frame).tolist() == truth
