"""Finding places by name."""

from __future__ import annotations

import subprocess
import sys
import time

import numpy as np
import pandas as pd
import pytest
from rapidfuzz.distance import OSA

import geo_risk as gr
from geo_risk._core.countries import country_keys, country_names, find_country, resolve_country
from geo_risk._core.fold import fold, strip_marks
from geo_risk.errors import UnknownRegionError
from geo_risk.places import _fuzzy, find_places, load_gazetteer, locate_names, suggest_names
from geo_risk.places._scopes import Scope, place_rows, world_layer
from geo_risk.places._similar import similar_keys
from geo_risk.places._variants import split_hints, variants

COLUMNS = [
    "geonames_id", "name", "matched_name", "country_code", "admin1", "region_code", "population",
    "score", "matched_by", "geometry",
]  # fmt: skip
TALOQAN, KHWAJA_GHAR, FAYZABAD = 1123004, 1136235, 1142170


def first_id(name, **scope):
    return int(find_places(name, **scope).loc[0, "geonames_id"])


def region_of(frame):
    """Region of the first row by the world layer."""
    layer = world_layer()
    point = frame.geometry.iloc[0]
    return layer.columns["region_code"][int(layer.locate(lon=point.x, lat=point.y))]


@pytest.mark.parametrize(
    ("name", "geonames_id", "region"),
    [
        *((name, TALOQAN, "AF-TAK") for name in (
            "Taloqan", "Taluqan", "Taloqān", "TALOQAN", "taleqan", "Tāluqān", "Талукан", "تالقان",
            "タロカン", "Taloqan city", "Taloqan, Takhar", "Taloqan (Takhar)",
        )),
        *((name, KHWAJA_GHAR, "AF-TAK") for name in (
            "Khwaja Ghar", "Khwaja-i-Ghar", "Khwajah Ghar", "Khwājah Ghār", "Khwaja-e-Ghar",
            "khwajaghar", "KHWAJA  GHAR", "Khvājeh Ghar", "خواجه غار", "خواجہ غار",
            "Khwaja Ghar district", "Khwaja Ghar, Takhar, Afghanistan",
        )),
        *((name, FAYZABAD, "AF-BDS") for name in (
            "Fayzabad", "Faizabad", "Faizābād", "Fayzobod", "فیض آباد", "Fayḏẕ Ābāḏ",
            "Файзабад", "City of Fayzabad",
        )),
    ],
)  # fmt: skip
def test_the_demo_places_are_found_under_every_spelling(name, geonames_id, region):
    in_country = find_places(name, country="AFG")
    assert in_country.loc[0, "geonames_id"] == geonames_id
    assert region_of(in_country) == region
    in_region = find_places(name, region=region)
    assert in_region["geonames_id"].tolist() == [geonames_id]
    assert in_region["region_code"].tolist() == [region]


@pytest.mark.parametrize(
    ("name", "country", "admin1"),
    [
        ("Bangui", "CAF", "18"),
        ("Jerusalem", "ISR", "06"),
        ("ירושלים", "ISR", "06"),
        ("Suva", "FJI", "01"),
        ("Longyearbyen", "SJM", "21"),
        ("Köln", "DEU", "07"),
        ("Cologne", "DEU", "07"),
        ("koeln", "DEU", "07"),
        ("Santiago", "CHL", "12"),
        ("Paris", "FRA", "11"),
        ("Moskva", "RUS", "48"),
        ("Москва", "RUS", "48"),
        ("Peking", "CHN", "22"),
        ("北京", "CHN", "22"),
        ("Kiev", "UKR", "12"),
        ("Calcutta", "IND", "28"),
        ("Roma", "ITA", "07"),
        ("N'Djamena", "TCD", "21"),
        ("Ndjamena", "TCD", "21"),
        ("Sana'a", "YEM", "26"),
        ("Łódź", "POL", "74"),
        ("Lodz", "POL", "74"),
        ("Diyarbakir", "TUR", "21"),
        ("DİYARBAKIR", "TUR", "21"),
        ("Tromso", "NOR", None),
        ("Pristina", "XKX", None),
        ("London", "GBR", "ENG"),
        ("Birmingham", "GBR", "ENG"),
    ],
)
def test_what_most_people_mean_comes_first(name, country, admin1):
    found = find_places(name).iloc[0]
    assert found["country_code"] == country
    assert admin1 in (None, found["admin1"])


def test_an_alternate_name_of_a_city_does_not_win_over_real_bearers():
    assert find_places("Victoria").loc[0, "matched_by"] == "primary"  # not Hong Kong as a whole
    assert find_places("Waterloo").loc[0, "name"] == "Waterloo"  # not Austin


def test_frame_has_its_columns_types_and_crs():
    found = find_places("Paris", limit=3)
    assert list(found.columns) == COLUMNS
    assert found.crs == "EPSG:4326"
    assert found.index.tolist() == [0, 1, 2]
    assert found["geonames_id"].dtype == found["population"].dtype == np.int64
    assert found["score"].dtype == np.float64
    assert found["matched_by"].tolist() == ["primary"] * 3
    assert found["population"].is_monotonic_decreasing
    assert found["region_code"].tolist() == ["FR-75C", "US-TX", "CA-ON"]


@pytest.mark.parametrize(
    "name", ["zzzzqqqq", "Xqzzatlantis city, Nowhere", "???", "zz", "東" * 500]
)
def test_no_match_is_an_empty_frame_with_all_columns(name):
    found = find_places(name)
    assert list(found.columns) == COLUMNS
    assert len(found) == 0
    assert found.crs == "EPSG:4326"
    assert pd.concat([found, find_places("Suva", limit=1)]).shape == (1, len(COLUMNS))


def test_a_country_without_places_is_empty_and_a_layer_fills_region_codes():
    assert len(find_places("Paris", country="ATA")) == 0
    found = find_places("Paris", limit=2, layer=gr.places._scopes.world_layer())
    assert found["region_code"].tolist()[1] == "US-TX"


def test_alternate_names_score_less_unless_they_dwarf_the_primary_ones():
    assert find_places("Taluqan").loc[0, ["score", "matched_by"]].tolist() == [0.95, "alternate"]
    cologne = find_places("Cologne")
    assert cologne.loc[0, ["name", "score", "matched_by"]].tolist() == ["Köln", 1.0, "alternate"]
    rest = cologne.iloc[1:]
    assert (rest.loc[rest["matched_by"] == "primary", "score"] == 1.0).all()
    assert 100 * rest.loc[rest["matched_by"] == "primary", "population"].max() <= 1_100_000
    assert find_places("Cologne", country="USA").loc[0, "matched_by"] == "primary"


def test_matched_name_is_the_spelling_that_matched():
    assert find_places("Khvājeh Ghar").loc[0, "matched_name"] == "Khvājeh Ghar"
    assert find_places("خواجه غار").loc[0, "matched_name"] == "خواجه غار"
    assert find_places("KOELN").loc[0, "matched_name"] == "Koeln"


def test_what_follows_a_comma_narrows_the_search():
    assert find_places("Paris, Texas").loc[0, ["admin1", "score"]].tolist() == ["TX", 0.98]
    assert find_places("Paris, France").loc[0, "country_code"] == "FRA"
    assert find_places("Springfield, Illinois, USA").loc[0, "admin1"] == "IL"
    assert find_places("Santiago, Philippines").loc[0, "country_code"] == "PHL"
    assert find_places("Suva, Nowhere").loc[0, ["country_code", "score"]].tolist() == ["FJI", 0.9]
    # a stated country that does not hold the place is not overruled
    assert len(find_places("Longyearbyen, Chad", fuzzy=False)) == 0
    assert len(find_places("Taloqan, Afghanistan", country="FRA", fuzzy=False)) == 0


@pytest.mark.parametrize(
    ("wrong", "right"),
    [
        ("Kandahra", "Kandahār"), ("Jerusalm", "Jerusalem"), ("Konstantinople", "Istanbul"),
        ("Aberystwith", "Aberystwyth"), ("Taloqqan", "Taloqan"), ("Mihtarlam", "Mehtar Lām"),
    ],
)  # fmt: skip
def test_similar_spellings_come_after_everything_else(wrong, right):
    found = find_places(wrong)
    assert found.loc[0, "name"] == right
    assert (found["matched_by"] == "fuzzy").all()
    assert found["score"].max() < 0.9
    assert len(find_places(wrong, fuzzy=False)) == 0


def test_fuzzy_true_adds_similar_spellings_to_exact_ones():
    plain = find_places("Taloqan", limit=50)
    more = find_places("Taloqan", limit=50, fuzzy=True)
    assert len(more) > len(plain) == 1
    assert more.loc[0, "geonames_id"] == TALOQAN
    assert (more.iloc[1:]["matched_by"] == "fuzzy").all()
    assert more["geonames_id"].is_unique


@pytest.mark.parametrize(
    ("text", "cutoff", "country"),
    [("talokhan", 0.75, None), ("sanfransisko", 0.75, None), ("kabulcity", 0.6, "AFG"),
     ("бангки", 0.7, None), ("khwajaghr", 0.75, "AFG"), ("东京城", 0.6, None),
     ("abcd", 0.75, None)],
)  # fmt: skip
def test_similar_keys_equal_a_comparison_with_every_key(text, cutoff, country):
    gazetteer = load_gazetteer()
    (found,) = similar_keys([text], cutoff, Scope(country))
    rows = range(gazetteer.n_keys)
    if country is not None:
        first, last = gazetteer.countries[country]
        inside = (gazetteer.post_place >= first) & (gazetteer.post_place < last)
        rows = np.unique(gazetteer.post_key[inside]).tolist()
    every = gazetteer.keys.decode().split("\n")
    brute = {
        row: value
        for row in rows
        if (value := OSA.normalized_similarity(text, every[row], score_cutoff=cutoff)) >= cutoff
    }
    assert brute
    assert dict(found) == pytest.approx(brute)


def test_region_restricts_by_polygon():
    layer = world_layer()
    rows, filled = place_rows(layer)
    codes = layer.columns["region_code"]
    found = find_places("San José", region="CR-SJ", limit=100)
    assert len(found) > 0
    assert set(found["region_code"]) <= {"CR-SJ", None}
    gazetteer = load_gazetteer()
    sample = np.random.default_rng(5).choice(np.flatnonzero(rows >= 0), 30, replace=False)
    for place in sample.tolist():
        name, code = gazetteer.primary_name(place), codes[rows[place]]
        inside = find_places(name, region=code, limit=1000)
        assert gazetteer.geonames_id[place] in set(inside["geonames_id"])
        assert np.isin(
            rows[[gazetteer.place_of(i) for i in inside["geonames_id"]]], [rows[place], -1]
        ).all()
    # outside every polygon: filled by the place's unit, never overruled where there is a polygon
    assert (filled[rows >= 0] == rows[rows >= 0]).all()
    assert np.count_nonzero(filled < 0) < np.count_nonzero(rows < 0)


def test_a_country_code_as_region_means_its_polygons():
    assert find_places("Kabul", region="AFG").loc[0, "country_code"] == "AFG"


@pytest.mark.parametrize("name", [None, 5, b"Paris", ["Paris"], float("nan")])
def test_a_name_that_is_no_string_is_a_type_error(name):
    with pytest.raises(TypeError, match=r"Invalid name: .* is not a string"):
        find_places(name)
    with pytest.raises(TypeError, match=r"Invalid name: .* is not a string"):
        suggest_names(name)


@pytest.mark.parametrize("name", ["", " ", "\t\n"])
def test_an_empty_name_is_a_value_error(name):
    with pytest.raises(ValueError, match="Invalid name: an empty string"):
        find_places(name)


def test_bad_limits_countries_and_regions_are_clear_errors():
    with pytest.raises(ValueError, match="Invalid limit: 0; must be at least 1"):
        find_places("Paris", limit=0)
    with pytest.raises(TypeError, match=r"Invalid limit: 2\.5 is not an integer"):
        find_places("Paris", limit=2.5)
    with pytest.raises(TypeError, match="Invalid limit: True is not an integer"):
        find_places("Paris", limit=True)
    with pytest.raises(
        UnknownRegionError, match=r"Unknown country 'Afganistan'.*Afghanistan \(AFG"
    ):
        find_places("Kabul", country="Afganistan")
    with pytest.raises(LookupError, match="Unknown country 'QQ'"):
        find_places("Kabul", country="QQ")
    with pytest.raises(TypeError, match="Invalid country: 4 is not a string"):
        find_places("Kabul", country=4)
    with pytest.raises(ValueError, match="Invalid country: an empty string"):
        find_places("Kabul", country=" ")
    with pytest.raises(UnknownRegionError, match="no region or country 'AF-XXX'"):
        find_places("Kabul", region="AF-XXX")


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ("AF", "AFG"), ("afg", "AFG"), ("004", "AFG"), ("Afghanistan", "AFG"), ("XK", "XKX"),
        ("Kosovo", "XKX"), ("UK", "GBR"), ("USA", "USA"), ("U.S.", "USA"), ("Ivory Coast", "CIV"),
        ("Côte d'Ivoire", "CIV"), ("Burma", "MMR"), ("DR Congo", "COD"), ("Russia", "RUS"),
        ("Republic of the Congo", "COG"), ("South Korea", "KOR"), ("North Korea", "PRK"),
        ("Iran", "IRN"), ("Turkey", "TUR"), ("Türkiye", "TUR"), ("Czech Republic", "CZE"),
        ("Korea, Republic of", "KOR"), ("Republic of Korea", "KOR"), ("Holland", "NLD"),
    ],
)  # fmt: skip
def test_countries_by_code_and_name(given, code):
    assert resolve_country(given) == code


def test_country_names_cover_the_gazetteer_and_are_unambiguous():
    known = country_names()
    assert set(load_gazetteer().countries) <= set(known)
    for code, names in known.items():
        assert resolve_country(code) == code
        assert find_country(names[0]) == code
    assert "" not in country_keys()


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("Khwaja-i-Ghar", "Khwaja Ghar"), ("Straße", "STRASSE"), ("Ærø", "aero"),
        ("İzmir", "izmir"),
        ("Iğdır", "igdir"), ("Đà Nẵng", "da nang"), ("Kahramanmaraş", "KAHRAMANMARAS"),
        ("N'Djamena", "N’Djamena"), ("O‘zbekiston", "Ozbekiston"),
        ("Winston-Salem", "Winston Salem"),
        ("Ёлкино", "елкино"), ("ﺗﺎﻟﻘﺎﻥ", "تالقان"), ("کابل", "كابل"), ("ＫＡＢＵＬ", "kabul"),
        ("Αθήνα", "ΑΘΗΝΑ"), ("서울", "서울"), ("ガ", "ガ"),
    ],
)  # fmt: skip
def test_fold_agrees(first, second):
    assert fold(first) == fold(second) != ""


@pytest.mark.parametrize(
    ("first", "second"),
    [("カ", "ガ"), ("कि", "कु"), ("Paris", "Pari"), ("ก", "กุ"), ("Кабул", "Kabul")],
)
def test_fold_keeps_apart(first, second):
    assert fold(first) != fold(second)


def test_strip_marks_keeps_the_letters():
    assert strip_marks("Tāluqān, Łódź, ガ") == "Taluqan, Łodz, ガ"


def test_readings_and_hints():
    assert list(variants("City of St. John's (old town)")) == [
        "cityofstjohns", "cityofsaintjohns", "stjohns", "saintjohns", "oldtown", "old",
        "alstjohns", "elstjohns",
    ]  # fmt: skip
    assert split_hints("Paris, Texas; USA") == ("Paris", ["Texas", "USA"])
    assert split_hints("Stratford-upon-Avon") == ("Stratford-upon-Avon", [])
    assert split_hints(" , ") == (" , ", [])
    assert list(variants("town")) == ["town", "altown", "eltown"]
    assert list(variants("Al-Taloqan")) == ["altaloqan", "taloqan"]
    assert list(variants("zz")) == ["zz"]  # too short to guess an article


def test_suggestions():
    assert suggest_names("Talukhan", country="AFG", limit=1) == ["Taloqan (AFG)"]
    assert suggest_names("Konstantinopol")[0] == "Istanbul (TUR)"
    assert suggest_names("zzzzqqqqxxxx") == []
    assert len(suggest_names("Santa Maria", limit=3)) == 3


def test_locate_names_answers_row_by_row():
    names = [
        "Taluqan",
        None,
        "Taluqan",
        "",
        "Xqzzatlantis",
        "Kabul",
        "Kabul",
        "Bangui",
        float("nan"),
    ]
    countries = ["AFG", "AFG", "AF", None, None, "Narnia", "FRA", None, None]
    found = locate_names(names, countries=countries)
    assert len(found) == 9
    assert found.reason.tolist() == [
        "", "no_name", "", "no_name", "no_match", "unknown_country", "low_score", "", "no_name",
    ]  # fmt: skip
    assert found.geonames_id.tolist() == [TALOQAN, -1, TALOQAN, -1, -1, -1, -1, 2389853, -1]
    assert found.precision.tolist() == [
        "place" if reason == "" else None for reason in found.reason
    ]
    assert (found.lon[0], found.lat[0]) == (69.53451, 36.73605)
    assert np.isnan(found.lon[1])
    assert np.isnan(found.score[4])
    assert found.name[1] is None
    assert found.matched_name[0] == "Taluqan"


def test_locate_names_by_region():
    found = locate_names(
        ["Faizabad", "Faizabad", "Faizabad"], regions=["AF-BDS", "AF-TAK", "AF-XXX"]
    )
    assert found.geonames_id.tolist() == [FAYZABAD, -1, -1]
    assert found.reason.tolist() == ["", "no_match", "unknown_region"]


def test_locate_names_says_what_is_ambiguous():
    found = locate_names(["Springfield", "Paris", "San José", "Taloqan"], countries=None)
    assert found.ambiguous.tolist() == [True, False, True, False]
    assert found.runner_up[3] == 0.0
    assert found.n_candidates[0] > 10
    assert locate_names(["Springfield"], regions="US-IL").ambiguous.tolist() == [False]


def test_locate_names_takes_similar_spellings_only_above_min_score():
    assert locate_names(["Mutongo village"], countries="COD").reason.tolist() == ["low_score"]
    taken = locate_names(["Mutongo village"], countries="COD", min_score=0.0)
    assert taken.matched_by.tolist() == ["fuzzy"]
    assert locate_names(["Taloqqann city"], countries="AFG").reason.tolist() == ["low_score"]
    assert locate_names(["Bin Jawad town"], countries="LBY").matched_by.tolist() == ["fuzzy"]


def test_locate_names_refuses_bad_columns():
    with pytest.raises(ValueError, match="Invalid countries: 1 values for 2 names"):
        locate_names(["a", "b"], countries=["AFG"])
    with pytest.raises(TypeError, match="Invalid names: 7 at index 1 is not a string"):
        locate_names(["a", 7])
    with pytest.raises(TypeError, match="Invalid names: one string"):
        locate_names("Kabul")
    with pytest.raises(ValueError, match="Invalid min_score: 2"):
        locate_names(["a"], min_score=2)
    assert len(locate_names([])) == 0
    assert locate_names([pd.NA, pd.NaT]).reason.tolist() == ["no_name", "no_name"]
    series = pd.Series(["Kabul", None], index=[9, 4])
    assert locate_names(series, countries=pd.Series(["AFG", None])).reason.tolist() == [
        "",
        "no_name",
    ]


def test_repeated_searches_are_fast():
    find_places("Talokhaan")  # builds what is built once
    start = time.process_time()
    for _ in range(20):
        find_places("Taluqan")
    exact = (time.process_time() - start) / 20
    start = time.process_time()
    for name in ("Kandahra", "Jerusalm", "Sanfransisko", "Khwaja Ghaar", "Muzaffarabaad"):
        find_places(name)
    fuzzy = (time.process_time() - start) / 5
    assert exact < 0.05
    assert fuzzy < 0.2


def test_import_is_light():
    code = (
        "import sys, geo_risk.places; heavy = {'geopandas', 'pandas', 'shapely', 'numba', 'h3', "
        "'rapidfuzz', 'pycountry', 'scipy', 'pyarrow'} & set(sys.modules); print(sorted(heavy))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_bits_are_counted_alike_by_every_numpy(monkeypatch):
    values = np.array([0, 1, 2**63, 2**64 - 1, 0x0F0F0F0F0F0F0F0F], dtype=np.uint64)
    expected = [value.bit_count() for value in values.tolist()]
    assert _fuzzy._popcount(values).tolist() == expected
    monkeypatch.delattr(np, "bitwise_count", raising=False)  # numpy 1.26
    assert _fuzzy._popcount(values).tolist() == expected


@pytest.mark.parametrize(
    ("name", "country", "geonames_id"),
    [
        ("München", None, 2867714), ("Muenchen", None, 2867714), ("Munich", None, 2867714),
        ("Köln", None, 2886242), ("Koeln", None, 2886242), ("Cologne", None, 2886242),
        ("Kyiv", None, 703448), ("Kiev", None, 703448), ("Київ", None, 703448),
        ("N'Djamena", None, 2427123), ("ndjamena", None, 2427123), ("N’Djaména", None, 2427123),
        ("Sao Paulo", None, 3448439), ("Abidjan", "Côte d'Ivoire", 2293538),
        ("Abidjan", "Ivory Coast", 2293538), ("Jerusalem", None, 281184),
        ("Al-Quds", None, 281184), ("القدس", None, 281184), ("Suva", None, 2198148),
        ("Longyearbyen", None, 2729907), ("Bangui", "CF", 2389853), ("東京", None, 1850147),
        ("Qamishli", None, 173377), ("Obeid", "SDN", 379003), ("Mazar-i-Sharif", None, 1133616),
    ],
)  # fmt: skip
def test_places_of_all_continents(name, country, geonames_id):
    assert find_places(name, country=country).loc[0, "geonames_id"] == geonames_id


@pytest.mark.parametrize("name", ["Taluqan", "Taloqan", "Tāloqān", "TALOQAN", "طالقان", "تالقان"])
def test_taloqan_in_many_spellings(name):
    found = find_places(name, country="AFG", region="AF-TAK").iloc[0]
    assert (found["geonames_id"], found["region_code"]) == (1123004, "AF-TAK")


def test_a_kept_gazetteer_is_the_same_and_a_damaged_one_is_read_anew(tmp_path, monkeypatch):
    from geo_risk.places import gazetteer as module

    monkeypatch.setenv("GEO_RISK_CACHE_DIR", str(tmp_path))
    content = module.product_bytes("gazetteer.npz")
    first = module._decode_once(content)
    (kept,) = tmp_path.glob("*/gazetteer-*.bin")
    monkeypatch.setattr(module, "_read_members", lambda _: pytest.fail("read again"))
    again = module._decode_once(content)
    for name in ("keys", "spelled", "unit_country"):
        assert getattr(again, name) == getattr(first, name)
    for name in ("key_name", "name_form", "post_place", "lon", "lat", "geonames_id", "population"):
        np.testing.assert_array_equal(getattr(again, name), getattr(first, name))
    monkeypatch.undo()
    monkeypatch.setenv("GEO_RISK_CACHE_DIR", str(tmp_path))
    raw = bytearray(kept.read_bytes())
    raw[len(raw) // 2] ^= 4
    kept.write_bytes(raw)
    mended = module._decode_once(content)
    np.testing.assert_array_equal(mended.lon, first.lon)
    assert mended.keys == first.keys


def test_a_gazetteer_without_a_cache_to_write_to(tmp_path, monkeypatch):
    from geo_risk.places import gazetteer as module

    blocked = tmp_path / "file"
    blocked.write_text("in the way")
    monkeypatch.setenv("GEO_RISK_CACHE_DIR", str(blocked))
    assert len(module._decode_once(module.product_bytes("gazetteer.npz"))) == 234_908
