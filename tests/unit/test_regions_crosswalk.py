"""Codes of other systems: countries, and regions of the world layer."""

from __future__ import annotations

import csv
import datetime

import pycountry
import pytest
from paths import shared

import geo_risk as gr
from geo_risk._core import countries as _countries, products as _products
from geo_risk._core.products import product_bytes
from geo_risk.errors import AmbiguousRegionError, DataCorruptError, UnknownRegionError
from geo_risk.regions import country_codes, country_from


@pytest.fixture(scope="module")
def world():
    return gr.load_regions()


class TestCountries:
    def test_every_code_of_every_country_leads_back_to_it(self):
        for country in pycountry.countries:
            codes = country_codes(country.alpha_3)
            assert codes.alpha3 == country.alpha_3
            for code in (country.alpha_2, country.alpha_3, country.numeric):
                assert country_from(code, system="iso3166-1") == country.alpha_3
            for code in codes.fips_10_4:
                assert country_from(code, system="fips10-4") == country.alpha_3
            if codes.m49:
                assert country_from(codes.m49, system="m49") == country.alpha_3
            for span in codes.gleditsch_ward:
                for day in (span.start, span.end or datetime.date.today()):
                    found = country_from(span.number, system="gleditsch-ward", date=day)
                    assert found == country.alpha_3, span
        assert country_codes("XKX").alpha2 == "XK"

    def test_states_come_and_go(self):
        # Yugoslavia's number is continued by Serbia, which has one of its own since 2006
        assert country_from(345, system="gleditsch-ward", date="2006-06-04") == "SRB"
        assert country_from(340, system="gleditsch-ward", date="2006-06-05") == "SRB"
        with pytest.raises(UnknownRegionError, match="345 is not a state on 2010-01-01"):
            country_from(345, system="gleditsch-ward", date="2010-01-01")
        assert country_from("626", system="gleditsch-ward") == "SSD"
        with pytest.raises(UnknownRegionError, match="626 is not a state on 2011-07-08"):
            country_from(626, system="gleditsch-ward", date=datetime.date(2011, 7, 8))
        # day and time of a datetime
        at = datetime.datetime(2011, 7, 9, 23, 59)
        assert country_from(626, system="gleditsch-ward", date=at) == "SSD"

    def test_ged_numbers_and_names_agree(self):
        path = shared("data/events/ucdp_ged_v23_1_sample1000_global.csv")
        with path.open(encoding="utf-8", newline="") as lines:
            rows = [
                (row["country"], row["country_id"], row["date_start"])
                for row in csv.DictReader(lines)
            ]
        assert len(rows) == 1000
        for name, number, day in rows:
            # UCDP keeps one number for Serbia throughout, also after 2006
            date = None if number == "345" else day[:10]
            assert country_from(number, system="gleditsch-ward", date=date) == (
                country_codes(name).alpha3
            ), (name, number, day)

    def test_what_no_country_of_today_is(self):
        assert country_from("OS", system="fips10-4") is None

    @pytest.mark.parametrize(
        ("code", "options", "error", "message"),
        [
            ("ZZ", {"system": "fips10-4"}, UnknownRegionError, "fips10-4 has no code 'ZZ'"),
            (9999, {"system": "gleditsch-ward"}, UnknownRegionError, "no code '9999'"),
            ("GM", {"system": "hasc"}, ValueError, "Invalid system: 'hasc'"),
            ("GM", {"system": "m49", "date": "2000-01-01"}, ValueError, "only 'gleditsch-ward'"),
            (345, {"system": "gleditsch-ward", "date": "1995"}, ValueError, "Invalid date: '1995'"),
        ],
    )
    def test_refusals(self, code, options, error, message):
        with pytest.raises(error, match=message):
            country_from(code, **options)

    def test_unknown_countries(self):
        with pytest.raises(UnknownRegionError, match="Germany"):
            country_codes("Germoney")
        with pytest.raises(TypeError, match="not a string"):
            country_codes(276)

    def test_a_damaged_table_is_told(self, monkeypatch):
        _countries.crosswalk.cache_clear()
        monkeypatch.setattr(_products, "product_bytes", lambda name: product_bytes(name)[:-5])
        with pytest.raises(DataCorruptError, match=r"crosswalk\.json is damaged"):
            _countries.crosswalk()
        _countries.crosswalk.cache_clear()


class TestRegions:
    @pytest.mark.parametrize(
        ("code", "region"),
        [
            ("AF.TK", "AF-TAK"), ("AF.26", "AF-TAK"), ("AF26", "AF-TAK"), ("Q186395", "AF-TAK"),
            ("AFG-1765", "AF-TAK"), ("af.tk", "AF-TAK"), (" q186395 ", "AF-TAK"),
            # each of these was another province's in the source
            ("AF.PT", "AF-PIA"), ("AF36", "AF-PIA"), ("AF.PK", "AF-PKA"), ("AF29", "AF-PKA"),
            ("AF.DK", "AF-DAY"), ("AF41", "AF-DAY"), ("AF.PJ", "AF-PAN"), ("AF42", "AF-PAN"),
            ("UP11", "UA-43"), ("UA.11", "UA-43"), ("AJ61", "AZ-XA"), ("AZ.64", "AZ-XCI"),
        ],
    )  # fmt: skip
    def test_found_by_the_code_of_another_system(self, code, region):
        found = gr.find_region(code)
        assert (found.region_code, found.score) == (region, 1.0)

    def test_the_code_of_a_larger_unit_is_ambiguous(self):
        with pytest.raises(AmbiguousRegionError, match=r"could be 4 regions.*ES-B \(Barcelona"):
            gr.find_region("ES.56")  # GeoNames' Catalonia
        with pytest.raises(AmbiguousRegionError, match="CU-04"):
            gr.find_region("CU.MA")  # Matanzas in HASC, Mayabeque in GeoNames

    def test_a_scope_holds_for_codes_too(self):
        assert gr.find_region("AF26", country="AFG").region_code == "AF-TAK"
        with pytest.raises(UnknownRegionError):
            gr.find_region("AF26", country="TJK", min_score=1.0)

    def test_codes_that_stand_for_one_unit_are_unique(self, world):
        for column in ("hasc", "wikidata_id", "geonames_id", "source_code", "region_code"):
            codes = [code for code in world.columns[column] if code]
            assert len(codes) == len(set(codes)), column
        assert sum(code is not None for code in world.columns["hasc"]) > 4200
        assert sum(code is not None for code in world.columns["wikidata_id"]) > 4200

    def test_fips_codes_begin_with_the_country_s(self, world):
        for row, fips in enumerate(world.columns["fips"]):
            if fips is None:
                continue
            assert fips[2:] != "00"
            country = country_from(fips[:2], system="fips10-4")
            stated = {world.columns["country_code"][row], world.columns["unit_code"][row]}
            if world.columns["region_code"][row].startswith("UA-"):
                stated.add("UKR")  # Crimea and Sevastopol
            assert country in stated, (fips, world.columns["region_code"][row])

    def test_gdelt_s_units_agree(self, world):
        """FIPS 10-4 units that GDELT states for places in eight countries, against the column."""
        path = shared("data/events/gdelt2_20191024143000.export.CSV")
        same, other = 0, []
        for line in path.read_text(encoding="utf-8").splitlines():
            cells = line.split("\t")
            # world cities and states; the United States have postal letters there
            if cells[51] not in ("4", "5") or not cells[56] or len(cells[54]) != 4:
                continue
            if cells[54].endswith("00") or cells[54].startswith("US"):
                continue
            row = int(world.locate(lon=float(cells[57]), lat=float(cells[56])))
            if row < 0 or world.columns["fips"][row] is None:
                continue
            same += world.columns["fips"][row] == cells[54]
            if world.columns["fips"][row] != cells[54]:
                other.append((cells[54], world.columns["fips"][row], cells[52]))
        assert same > 400
        assert len(other) < 0.12 * same, other

    def test_geonames_units_are_those_of_the_places_in_the_region(self, world):
        import numpy as np

        from geo_risk.places import load_gazetteer

        places = load_gazetteer()
        alpha2 = {country.alpha_3: country.alpha_2 for country in pycountry.countries}
        alpha2["XKX"] = "XK"
        rows = world.locate(lon=np.asarray(places.lon), lat=np.asarray(places.lat))
        units = np.array(
            [f"{alpha2[c]}.{a}" for c, a in zip(places.unit_country, places.unit_admin1)]
        )[np.asarray(places.place_unit)]
        stated = np.array([*world.columns["geonames_admin1"], None], dtype=object)[rows]
        known = stated != None  # noqa: E711
        # the rest lies near borders that the layer draws elsewhere
        assert known.sum() > 225_000
        assert (stated[known] == units[known]).mean() > 0.975
