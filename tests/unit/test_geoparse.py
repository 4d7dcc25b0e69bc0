"""The geoparser: which names of a text are places, and which places."""

from __future__ import annotations

import importlib.util
import itertools
import sys

import numpy as np
import pytest
import shapely
from hypothesis import given, settings, strategies as st
from paths import ROOT, shared
from pyproj import Geod

from geo_risk.places import _words, geoparse
from geo_risk.places._areas import AREAS
from geo_risk.places._lexicon import (
    _country_points,
    _region_points,
    meanings,
)
from geo_risk.places._scopes import world_layer
from geo_risk.places._spans import find_spans, split_words
from geo_risk.regions.areas import region_vectors

COLUMNS = [
    "start", "end", "text", "status", "kind", "name", "country_code", "region_code",
    "geonames_id", "score", "runner_up", "location_precision", "geometry",
]  # fmt: skip
WORLD_RADIUS_KM = 6371.0088


def found(text):
    """(text, kind, country) of every span."""
    frame = geoparse(text)
    return list(zip(frame["text"], frame["kind"], frame["country_code"]))


def test_the_demo_report_is_placed():
    text = (
        "On a Saturday, special forces of the General Directorate of Intelligence raided an IS-K "
        "facility in Taloqan, capital of Takhar. The road to Badakhshan was closed for a time. A "
        "month before, fire from Khwaja Ghar had reached Tajikistan."
    )
    frame = geoparse(text)
    assert frame["text"].tolist() == [
        "Taloqan",
        "Takhar",
        "Badakhshan",
        "Khwaja Ghar",
        "Tajikistan",
    ]
    assert frame["kind"].tolist() == ["place", "region", "region", "place", "country"]
    assert frame["region_code"].tolist() == ["AF-TAK", "AF-TAK", "AF-BDS", "AF-TAK", None]
    assert frame["geonames_id"].tolist() == [1123004, -1, -1, 1136235, -1]
    assert (frame["status"] == "resolved").all()
    assert frame.geometry.iloc[0].equals(shapely.Point(69.53451, 36.73605))


def test_a_list_of_provinces():
    text = (
        "Fighters concentrate in Kunar, Nangarhar and perhaps Nuristan, with smaller cells in "
        "Badakhshan, Takhar, Jowzjan, Kunduz and Faryab."
    )
    frame = geoparse(text)
    assert frame["region_code"].tolist() == [
        "AF-KNR", "AF-NAN", "AF-NUR", "AF-BDS", "AF-TAK", "AF-JOW", "AF-KDZ", "AF-FYB",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("The ambassador and the Syrian said nothing.", []),
        ("Syria's ambassador left.", [("Syria", "country", "SYR")]),
        ("US-based firms left the U.S. and the UK.",
         [("US", "country", "USA"), ("U.S.", "country", "USA"), ("UK", "country", "GBR")]),
        ("It cost US$5 and a sample of A/California/7/2009.", []),
        ("Dr. Margaret Chan met Gordon Campbell of the Los Angeles Times.", []),
        ("President Jackson and J. Lincoln spoke at the University of Manchester.", []),
        ("West Nile virus and Hong Kong flu", [("Hong Kong", "country", "HKG")]),
        ("A blast hit Kabul, Afghanistan.",
         [("Kabul", "place", "AFG"), ("Afghanistan", "country", "AFG")]),
        ("KABUL, Afghanistan (AP) - It was quiet.",
         [("KABUL", "place", "AFG"), ("Afghanistan", "country", "AFG")]),
        ("They fled to Port-au-Prince and Dar es Salaam.",
         [("Port-au-Prince", "place", "HTI"), ("Dar es Salaam", "place", "TZA")]),
        ("It spread across Africa and the Middle East.",
         [("Africa", "area", None), ("Middle East", "area", None)]),
        ("Bangui (Central African Republic) was quiet.",
         [("Bangui", "place", "CAF"), ("Central African Republic", "country", "CAF")]),
        ("Monday in March: they read, and may reach a nice mobile home.", []),
        ("on monday paris and london were quiet", []),
        ("", []),
        ("...", []),
    ],
)  # fmt: skip
def test_what_is_a_place(text, expected):
    assert found(text) == expected


@pytest.mark.parametrize(
    ("text", "name", "code"),
    [
        ("Atlanta, Georgia and Alabama saw storms.", "Georgia", "US-GA"),
        ("Georgia and Armenia border Azerbaijan; Tbilisi was quiet.", "Georgia", None),
        ("A man of Paris, Texas died.", "Paris", "US-TX"),
        ("A man of Paris, France died.", "Paris", "FR-75C"),
        ("It began in Springfield, Illinois.", "Springfield", "US-IL"),
        ("It reached Hyderabad in Sindh, Pakistan.", "Hyderabad", "PK-SD"),
        ("It reached Santiago in Chile.", "Santiago", "CL-RM"),
    ],
)
def test_the_text_decides_between_namesakes(text, name, code):
    frame = geoparse(text)
    assert frame.loc[frame["text"] == name, "region_code"].tolist() == [code]


def test_status_of_what_is_unsure_or_unknown():
    frame = geoparse("He lives in Springfield.")
    assert frame.loc[0, ["status", "kind"]].tolist() == ["ambiguous", "place"]
    assert frame.loc[0, "runner_up"] == "Springfield (place, USA)"
    frame = geoparse("In the village of Qalqalqabad, near Taloqan, two died. Qalqalqabad is small.")
    assert frame["text"].tolist() == ["Qalqalqabad", "Taloqan", "Qalqalqabad"]
    assert frame["status"].tolist() == ["unresolved", "resolved", "unresolved"]
    assert frame["kind"].tolist() == [None, "place", None]
    assert frame.geometry.isna().tolist() == [True, False, True]
    assert frame["score"].tolist()[0] == 0.0
    assert geoparse("the Congo").loc[0, "runner_up"] == "Congo (country, COG)"
    assert geoparse("They crossed Lake Chad.")["status"].tolist() == ["unresolved"]


def test_an_empty_result_has_all_columns():
    frame = geoparse("nothing here")
    assert list(frame.columns) == COLUMNS
    assert len(frame) == 0
    assert frame.crs == "EPSG:4326"
    assert frame["start"].dtype == frame["geonames_id"].dtype == np.int64


@pytest.mark.parametrize("text", [None, 5, b"Paris", ["Paris"]])
def test_a_text_that_is_no_string_is_a_type_error(text):
    with pytest.raises(TypeError, match=r"Invalid text: \w+ is not a string"):
        geoparse(text)


def test_words_carry_their_place_and_case():
    text = "St. Louis isn't in the U.S.? Yes. Al-Qa'im’s"
    words = split_words(text)
    assert [word.text for word in words] == [
        "St", "Louis", "isn't", "in", "the", "U.S.", "Yes", "Al", "Qa'im",
    ]  # fmt: skip
    assert all(text[word.start : word.end] == word.text for word in words)
    assert [word.text for word in words if word.opens] == ["St", "Yes", "Al"]
    assert [word.text for word in words if word.acronym] == ["U.S."]


def test_word_lists_are_folded_and_used():
    for name in _words.__all__:
        listed = getattr(_words, name)
        assert listed
        assert all(word == word.lower() for word in listed), name
    assert set(_words.UNKNOWN_UNITS) <= set(_words.UNITS_AFTER)
    for name, (lon, lat) in AREAS.items():
        assert name[0].isupper()
        assert abs(lon) <= 180
        assert abs(lat) <= 90


def test_meanings_are_countries_regions_and_places():
    kinds = [meaning.kind for meaning in meanings("georgia")]
    assert kinds[:2] == ["country", "region"]
    assert meanings("qqqqzzzz") == ()
    assert [m.country for m in meanings("congo") if m.kind == "country"] == ["COD", "COG"]
    assert {m.kind for m in meanings("africa")} >= {"area"}


def test_region_middles_and_areas_against_other_maths():
    layer = world_layer()
    rows = [layer._row_of[code] for code in ("AF-TAK", "AF-BDS", "US-CA", "CN-XJ", "NZ-AUK")]
    vectors = region_vectors(layer)
    geod, rng = Geod(ellps="WGS84"), np.random.default_rng(3)
    for row in rows:
        polygon = layer.table.geometry.iloc[row]
        area = np.linalg.norm(vectors[row]) * WORLD_RADIUS_KM**2
        assert area == pytest.approx(abs(geod.geometry_area_perimeter(polygon)[0]) / 1e6, rel=0.01)
        # mean of points drawn evenly over the sphere within the polygon
        west, south, east, north = polygon.bounds
        lon = rng.uniform(west, east, 20_000)
        low, high = np.sin(np.radians([south, north]))
        lat = np.degrees(np.arcsin(rng.uniform(low, high, 20_000)))
        inside = shapely.contains_xy(polygon, lon, lat)
        middle = _region_points()[row]
        assert middle[0] == pytest.approx(lon[inside].mean(), abs=0.05 * (east - west))
        assert middle[1] == pytest.approx(lat[inside].mean(), abs=0.05 * (north - south))


def test_country_middles_lie_on_the_main_land():
    points = _country_points()
    for code, lon, lat in (
        ("USA", -98.6, 39.8),
        ("FRA", 2.5, 46.6),
        ("AFG", 66, 34),
        ("FJI", 178, -17.5),
    ):
        assert points[code] == pytest.approx((lon, lat), abs=1.5)
    layer = world_layer()
    inside = sum(
        layer.columns["country_code"][row] == code
        for code, row in zip(
            points,
            layer.locate(lon=[p[0] for p in points.values()], lat=[p[1] for p in points.values()]),
        )
        if row >= 0
    )
    assert inside > 0.8 * len(points)
    guiana = next(m for m in meanings("frenchguiana") if m.kind == "country")
    assert (guiana.lon, guiana.lat) == pytest.approx((-53, 4.5), abs=2)


SAMPLE = """Paris Texas Syria in of the , . ( ) - 's Kabul Congo said Dr. New York West Qqzz lake
Lake County village Georgia U.S. US IS-K Нью-Йорк كابل 東京 São a/b $ Province Reading İzmir"""
WORDS = st.sampled_from([*SAMPLE.split(), "\n", ""])
TEXTS = st.one_of(st.text(max_size=60), st.lists(WORDS, max_size=25).map(" ".join))


@settings(max_examples=150)
@given(TEXTS)
def test_spans_are_whole_words_in_order(text):
    frame = geoparse(text)
    assert list(frame.columns) == COLUMNS
    assert frame["status"].isin(["resolved", "ambiguous", "unresolved"]).all()
    words = split_words(text)
    starts, ends = {word.start for word in words}, {word.end for word in words}
    last = 0
    for row in frame.itertuples():
        assert text[row.start : row.end] == row.text
        assert row.start in starts
        assert row.end in ends
        assert row.start >= last
        last = row.end
        assert (row.status == "unresolved") == (row.kind is None) == (row.score == 0.0)
        assert (row.status == "ambiguous") == (row.runner_up is not None)
        assert row.status == "unresolved" or 0.5 <= row.score <= 1.0
        assert (row.geonames_id >= 0) == (row.kind == "place")


@settings(max_examples=60)
@given(TEXTS, st.sampled_from(["it was so. ", "\n\n", "then: "]))
def test_a_plain_sentence_before_only_shifts_the_spans(text, lead):
    plain, led = geoparse("it was. " + text), geoparse(lead + "it was. " + text)
    assert (led["start"] - len(lead)).tolist() == plain["start"].tolist()
    assert led["name"].tolist() == plain["name"].tolist()


@settings(max_examples=60)
@given(st.text(st.characters(categories=["Ll", "Zs", "Po"]), max_size=60))
def test_text_without_capitals_names_nothing(text):
    assert len(geoparse(text)) == 0


@settings(max_examples=60)
@given(TEXTS)
def test_candidate_spans_do_not_overlap(text):
    words = split_words(text)
    spans = find_spans(text, words)
    for first, second in itertools.pairwise(spans):
        assert first.last <= second.first
    for span in spans:
        assert 0 <= span.first < span.last <= len(words)


def benchmark():
    path = ROOT / "benchmarks" / "geoparse_accuracy.py"
    if not path.exists():
        pytest.skip("benchmarks are not part of the wheel")
    spec = importlib.util.spec_from_file_location("geoparse_accuracy", path)
    module = importlib.util.module_from_spec(spec)
    sys.modules["geoparse_accuracy"] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    return module


def test_the_benchmark_runs_on_ten_articles(capsys):
    folder = shared("data/geoparse")
    tallies = benchmark().run(10, folder)
    assert set(tallies) == {"development half", "held-out half"}
    assert "precision" in capsys.readouterr().out


@pytest.mark.slow
def test_held_out_articles_keep_their_figures():
    folder = shared("data/geoparse")
    tally = benchmark().run(None, folder, ["held-out half"])["held-out half"]
    precision = tally.found / (tally.found + tally.wrong)
    recall = tally.found / (tally.found + tally.missed)
    assert precision > 0.88
    assert recall > 0.93
    places = np.array(tally.distances_km)[np.array(tally.kinds) == "place"]
    assert np.mean(places <= 161) > 0.95
    assert np.mean(np.array(tally.distances_km) <= 161) > 0.80


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        # given names that are countries too
        ("Jordan Miller, a captain, was hurt in Irbid.", [("Irbid", "place", "JOR")]),
        ("Chad Wilson flew to N'Djamena in Chad.",
         [("N'Djamena", "place", "TCD"), ("Chad", "country", "TCD")]),
        ("Talks in Jordan Valley went on in Jordan.",
         [("Jordan Valley", None, None), ("Jordan", "country", "JOR")]),
        # one name, two things in one text
        ("Police in Atlanta, Georgia, made arrests. In Tbilisi, the capital of Georgia, it rained.",
         [("Atlanta", "place", "USA"), ("Georgia", "region", "USA"),
          ("Tbilisi", "place", "GEO"), ("Georgia", "country", "GEO")]),
        ("In Borno State, Nigeria, and in neighbouring Niger near Diffa, the army closed in.",
         [("Borno State", "region", "NGA"), ("Nigeria", "country", "NGA"),
          ("Niger", "country", "NER"), ("Diffa", "region", "NER")]),
        # a city and the region of its name
        ("Shelling hit Kharkiv and Kyiv.",
         [("Kharkiv", "place", "UKR"), ("Kyiv", "place", "UKR")]),
        ("Shelling hit Kharkiv region.", [("Kharkiv", "region", "UKR")]),
        ("Shelling hit the province of Kunduz.", [("Kunduz", "region", "AFG")]),
        ("Shelling hit Chuhuiv, Kharkiv.",
         [("Chuhuiv", "place", "UKR"), ("Kharkiv", "region", "UKR")]),
        ("They met in Quebec.", [("Quebec", "region", "CAN")]),
        # possessives inside a name and after one
        ("Cholera spread from Cox's Bazar.", [("Cox's Bazar", "place", "BGD")]),
        ("A bomb in Kabul's District 6 hurt two.", [("Kabul", "place", "AFG")]),
        # words that contain a name
        ("The ambassador was germane to the Nigerien chadless anomaly.", []),
    ],
)  # fmt: skip
def test_traps(text, expected):
    assert found(text) == expected


def test_a_direction_from_a_place_leaves_the_place():
    frame = geoparse("Shelling hit a village 20 km north of Taloqan in Takhar province.")
    assert frame["text"].tolist() == ["Taloqan", "Takhar"]
    assert frame["region_code"].tolist() == ["AF-TAK", "AF-TAK"]
