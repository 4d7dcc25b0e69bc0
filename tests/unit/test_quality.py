"""`check_events`: each mistake is planted and found, and what is right stays unflagged."""

from __future__ import annotations

import json

import geopandas
import numpy as np
import pandas as pd
import pytest
from geographiclib.geodesic import Geodesic
from paths import shared

import geo_risk as gr
from geo_risk._core.stated import state_began, stated_countries
from geo_risk.frames.check import QUALITY_FLAGS, find_duplicates
from geo_risk.frames.check.coordinates import minutes_chance
from geo_risk.frames.check.duplicates import Reports
from geo_risk.regions.areas import region_areas, region_centroids

NOW = "2026-01-01"


def events(*rows, **common):
    return gr.read_events([common | row for row in rows])


def flags(frame, **options):
    checked = gr.check_events(frame, **({"now": NOW} | options))
    return [text.split(";") if text else [] for text in checked["flags"]]


# --- coordinates and countries ---------------------------------------------------------------


def test_exchanged_and_mirrored_coordinates_are_found_and_not_changed():
    kabul, lima = (69.17, 34.53), (-77.03, -12.05)
    frame = events(
        {"lon": kabul[0], "lat": kabul[1], "country": "Afghanistan"},
        {"lon": kabul[1], "lat": kabul[0], "country": "Afghanistan"},
        {"lon": -kabul[0], "lat": kabul[1], "country": "Afghanistan"},
        {"lon": kabul[0], "lat": -kabul[1], "country": "Afghanistan"},
        {"lon": lima[0], "lat": lima[1], "country": "Peru"},
        {"lon": -lima[0], "lat": -lima[1], "country": "Peru"},
    )
    checked = gr.check_events(frame, now=NOW)
    found = [set(text.split(";")) - {"", "country_differs"} for text in checked["flags"]]
    assert found == [
        set(),
        {"swapped_lonlat"},
        {"lon_sign_flipped"},
        {"lat_sign_flipped"},
        set(),
        {"both_signs_flipped"},
    ]
    suggested = checked[["suggested_lon", "suggested_lat"]].to_numpy()
    assert suggested[[1, 2, 3]].tolist() == [list(kabul)] * 3
    assert suggested[5].tolist() == list(lima)
    assert np.isnan(suggested[[0, 4]]).all()
    assert checked.geometry.geom_equals(frame.geometry).all()
    assert checked["country_reason"].tolist()[1:4] == ["misplaced"] * 3


def test_a_mirror_image_near_the_stated_country_is_no_slip():
    # 2 km off Togo's coast: mirrored in the equator or exchanged it is nowhere near Togo, and so
    # close to it nothing is tried at all
    (found,) = flags(events({"lon": 1.25, "lat": 6.1, "country": "Togo"}))
    assert not found


def test_two_possible_slips_give_both_flags_and_no_suggestion():
    # Gabon lies across the equator: the point is in it with either sign of the latitude
    frame = events({"lon": -11.5, "lat": 1.0, "country": "Gabon"})
    checked = gr.check_events(frame, now=NOW)
    assert set(checked["flags"][0].split(";")) == {"lon_sign_flipped", "both_signs_flipped"}
    assert np.isnan(checked["suggested_lon"][0])


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        # Juba, 2009: Sudan's until July 2011
        ({"lon": 31.58, "lat": 4.85, "country": "Sudan", "date": "2009-05-01"}, "succession"),
        ({"lon": 31.58, "lat": 4.85, "country": "Sudan", "date": "2015-05-01"}, "unexplained"),
        ({"lon": 34.1, "lat": 44.95, "country": "Ukraine", "date": "2020-05-01"}, "disputed"),
        ({"lon": 34.45, "lat": 31.5, "country": "Israel", "date": "2020-05-01"}, "disputed"),
        # Bangui, on the Ubangi, the other bank of which is the Congo's
        ({"lon": 18.583333, "lat": 4.366667, "country": "Central African Republic"}, "border"),
        ({"lon": 2.35, "lat": 48.86, "country": "Germany"}, "unexplained"),
    ],
)
def test_a_differing_country_has_a_reason(row, reason):
    checked = gr.check_events(events(row), now=NOW)
    assert checked["country_reason"].tolist() == [reason]
    assert "country_differs" in checked["flags"][0]
    assert checked.attrs["geo_risk"]["quality"]["country"] == {reason: 1}


def test_a_point_that_only_stands_for_an_area_differs_by_precision():
    frame = events({"lon": 2.35, "lat": 48.86, "country": "Germany"})
    frame["location_precision"] = "country"
    checked = gr.check_events(frame, now=NOW)
    assert checked["country_reason"].tolist() == ["precision"]
    assert np.isnan(checked["stated_country_probability"][0])


def test_unknown_countries_and_territories():
    frame = events(
        {"lon": 2.35, "lat": 48.86, "country": "Freedonia"},
        {"lon": -66.1, "lat": 18.4, "country": "Puerto Rico"},
        {"lon": -157.86, "lat": 21.31, "country": "United States"},
        {"lon": 2.35, "lat": 48.86, "country": None},
    )
    assert flags(frame) == [["country_unknown"], [], [], []]


def test_gdelt_letters_are_fips_and_names_are_not():
    frame = pd.DataFrame(
        {"country_stated": ["CH", "CH", "GM", "Zaire", "xx", None],
         "source": ["gdelt", "table", "gdelt", "ucdp", "gdelt", "gdelt"]}
    )  # fmt: skip
    assert stated_countries(frame).tolist() == ["CHN", "CHE", "DEU", "COD", None, None]
    assert state_began("SSD") == np.datetime64("2011-07-09")
    assert state_began("ATA") is None


# --- degrees and minutes -----------------------------------------------------------------------


def test_minutes_typed_as_decimals_are_noticed_over_a_wide_table():
    rng = np.random.default_rng(1)
    lat, lon = rng.uniform(30, 38, 300), rng.uniform(61, 74, 300)
    as_minutes = [np.floor(v) + np.floor((v % 1) * 60) / 100 for v in (lon, lat)]
    frame = events(*({"lon": x, "lat": y} for x, y in zip(*as_minutes)))
    assert all("maybe_degrees_minutes" in found for found in flags(frame))
    (minutes,) = gr.check_events(frame, now=NOW).attrs["geo_risk"]["quality"]["minutes"]
    bands = sum(len(np.unique(np.floor(v[v % 1 > 0]))) for v in as_minutes)
    assert minutes == {"source": "table", "chance": pytest.approx(0.6**bands), "degrees": bands}
    true = events(*({"lon": x, "lat": y} for x, y in zip(lon, lat)))
    assert not any(flags(true))


def test_a_town_of_small_fractions_is_no_evidence():
    rng = np.random.default_rng(2)
    lon, lat = rng.uniform(69.1, 69.3, 500), rng.uniform(34.4, 34.59, 500)
    assert minutes_chance(lon, lat) == (pytest.approx(0.36), 2)


def test_mirrored_fractions_and_whole_degrees():
    assert minutes_chance(np.array([-0.7]), np.array([1.2])) == (1.0, 0)
    assert minutes_chance(np.array([5.0, np.nan]), np.array([3.0, np.nan])) == (1.0, 0)


# --- duplicates --------------------------------------------------------------------------------

EVENT = {
    "lon": 69.5, "lat": 36.7, "date": "2020-05-03", "actor1": "Government of Afghanistan",
    "actor2": "Taleban", "deaths": 3, "desk": "a", "id": "1",
}  # fmt: skip


def pair(**changes):
    frame = events(EVENT, EVENT | {"desk": "b", "id": "2"} | changes)
    return gr.check_events(frame, now=NOW, source_column="desk")


@pytest.mark.parametrize(
    ("changes", "same"),
    [
        ({}, True),
        ({"lat": 36.74, "date": "2020-05-04"}, True),
        ({"lat": 36.76}, False),  # 6.7 km
        ({"date": "2020-05-05"}, False),
        ({"actor1": "Taliban", "actor2": "Military Forces of Afghanistan (2014-)"}, True),
        ({"actor1": "Protesters", "actor2": "Rioters"}, False),
        ({"actor1": None, "actor2": None}, False),
        ({"deaths": 5}, True),
        ({"deaths": 40}, False),
    ],
)
def test_a_near_duplicate_needs_place_day_parties_and_deaths(changes, same):
    checked = pair(**changes)
    assert ("near_duplicate" in checked["flags"][1]) is same
    assert checked["flags"][0] == ""
    assert checked["duplicate_of"].tolist() == [-1, 0 if same else -1]
    assert checked["duplicate_of_id"].tolist() == [None, "1" if same else None]
    assert checked["duplicate_score"].notna().tolist() == [False, same]


def test_the_distance_limit_is_great_circle_and_closed():
    # geographiclib on a sphere of the mean radius
    sphere = Geodesic(6_371_008.8, 0.0)
    for lat in (0.0, 60.0, 89.9):
        for metres, same in ((4_999.0, True), (5_001.0, False)):
            end = sphere.Direct(lat, 179.99, 90.0, metres)
            lon = (end["lon2"] + 180.0) % 360.0 - 180.0
            frame = events(EVENT | {"lon": 179.99, "lat": lat},
                           EVENT | {"desk": "b", "lon": lon, "lat": end["lat2"]})  # fmt: skip
            checked = gr.check_events(frame, now=NOW, source_column="desk")
            assert (int(checked["duplicate_of"][1]) == 0) is same, (lat, metres)


def test_one_source_repeats_only_what_is_equal_in_everything():
    rows = [EVENT, EVENT | {"id": "2"}, EVENT | {"id": "3", "deaths": 4}]
    frame = events(*rows)
    assert flags(frame) == [[], ["duplicate"], []]
    notes = events(*(row | {"notes": str(i)} for i, row in enumerate(rows)))
    assert flags(notes) == [[], [], []]
    assert flags(notes, within_sources=True)[1] == ["near_duplicate"]


def test_a_pile_of_equal_rows_costs_no_pairs_and_is_no_rival_of_its_own():
    frame = events(*(EVENT | {"id": str(i)} for i in range(3000)), EVENT | {"desk": "b", "id": "b"})
    checked = gr.check_events(frame, now=NOW, source_column="desk", min_share=1.0)
    assert checked["duplicate_of"].tolist() == [-1] + [0] * 3000
    found = [text.split(";")[0] for text in checked["flags"]]
    assert found[1:3000] == ["duplicate"] * 2999
    assert found[3000] == "near_duplicate"


def test_only_the_best_partner_in_another_source_counts():
    rows = [EVENT, EVENT | {"desk": "b", "id": "2"}, EVENT | {"desk": "b", "id": "3", "lat": 36.74}]
    checked = gr.check_events(events(*rows), now=NOW, source_column="desk", min_share=0.0)
    assert checked["duplicate_of"].tolist() == [-1, 0, -1]
    one, other = 1.0, 1.0 - 0.2 * 4.448 / 10  # of 4.448 km of 5, half the weight of the place
    weights = np.exp(np.array([one, other]) / 0.1)
    assert checked["duplicate_share"][1] == pytest.approx(weights[0] / weights.sum(), rel=1e-3)
    # two that are equally like: neither can be told from the other
    equal = [
        EVENT,
        EVENT | {"desk": "b", "id": "2"},
        EVENT | {"desk": "b", "id": "3", "notes": "x"},
    ]
    found = gr.check_events(events(*equal), now=NOW, source_column="desk", min_share=0.51)
    assert found["duplicate_of"].tolist() == [-1, -1, -1]


def test_groups_name_the_earliest_event_across_three_sources():
    rows = [
        EVENT | {"desk": "c", "id": "z", "date": "2020-05-04"},
        EVENT | {"desk": "b", "id": "y", "date": "2020-05-03"},
        EVENT | {"desk": "a", "id": "x", "date": "2020-05-02"},
    ]
    checked = gr.check_events(events(*rows), now=NOW, source_column="desk")
    assert checked["duplicate_of"].tolist() == [2, 2, -1]


def test_a_point_that_stands_for_an_area_matches_only_the_same_kind():
    frame = events(EVENT, EVENT | {"desk": "b", "id": "2"})
    frame["location_precision"] = ["admin1", "place"]
    checked = gr.check_events(frame, now=NOW, source_column="desk")
    assert checked["duplicate_of"].tolist() == [-1, -1]


def brute_force(reports: Reports, km: float, days: int) -> set[tuple[int, int]]:
    """Pairs within the limits, each measured by geographiclib."""
    sphere = Geodesic(6_371_008.8, 0.0)
    found = set()
    for i in range(len(reports.lon)):
        for j in range(i):
            metres = sphere.Inverse(reports.lat[i], reports.lon[i], reports.lat[j], reports.lon[j])[
                "s12"
            ]
            apart = abs((reports.start[i] - reports.start[j]) / np.timedelta64(1, "D"))
            if metres <= 1000 * km and apart <= days and reports.source[i] != reports.source[j]:
                found.add((j, i))
    return found


def test_candidates_are_those_of_every_pair(monkeypatch):
    import geo_risk.frames.check.duplicates as module
    from geo_risk.frames.check import alike

    monkeypatch.setattr(alike, "_BLOCK_ROWS", 7)  # blocks must not lose pairs between them
    rng = np.random.default_rng(3)
    n = 150
    start = np.datetime64("2020-01-01") + rng.integers(0, 12, n)
    reports = Reports(
        lon=rng.uniform(179.9, 180.1, n), lat=rng.uniform(10.0, 10.2, n), start=start, end=start,
        source=rng.choice(["a", "b"], n).tolist(), actors=["x"] * n, category=[None] * n,
        precision=[None] * n, best=np.full(n, np.nan), low=np.full(n, np.nan),
        high=np.full(n, np.nan), detail=np.arange(n, dtype=np.uint64),
    )  # fmt: skip
    reports.lon[reports.lon > 180] -= 360
    monkeypatch.setattr(module, "_grouped", lambda reports, pairs, *rest: pairs)
    pairs = find_duplicates(reports, km=5.0, days=1, min_score=0.0, min_share=0.0)
    found = {tuple(sorted(pair)) for pair in pairs.tolist()}
    wanted = brute_force(reports, 5.0, 1)
    assert len(wanted) > 100
    assert found == wanted
    assert len(found) == len(pairs)


def test_planted_duplicates_are_found():
    """The benchmark's measure at a size for tests; the figures are in docs/quality.md."""
    rng = np.random.default_rng(4)
    n = 400
    lon, lat = rng.uniform(60, 75, n), rng.uniform(30, 38, n)
    day = np.datetime64("2020-01-01") + rng.integers(0, 200, n)
    parties = [f"Group {i % 9} of the {side}" for i, side in enumerate(["North", "South"] * 200)]
    deaths = rng.integers(1, 30, n)
    rows = [
        {"lon": x, "lat": y, "date": str(d), "actor1": a, "deaths": k, "desk": "a"}
        for x, y, d, a, k in zip(lon, lat, day, parties, deaths)
    ]
    copied = rng.choice(n, 100, replace=False)
    for i in copied:
        rows.append(
            rows[i] | {
                "lat": rows[i]["lat"] + rng.uniform(-0.04, 0.04), "desk": "b",
                "date": str(day[i] + rng.integers(-1, 2)), "actor1": parties[i].upper(),
            }
        )  # fmt: skip
    checked = gr.check_events(gr.read_events(rows), now=NOW, source_column="desk")
    joined = {
        frozenset((row, of)) for row, of in enumerate(checked["duplicate_of"].tolist()) if of >= 0
    }
    wanted = {frozenset((int(i), n + k)) for k, i in enumerate(copied)}
    assert len(joined & wanted) / len(wanted) > 0.95
    assert len(joined & wanted) / len(joined) > 0.95


# --- dates, deaths, piles ------------------------------------------------------------------------


def test_future_dates_are_those_after_now():
    frame = events({"date": "2025-12-31"}, {"date": "2026-01-02"}, {}, lon=1.2, lat=9.0)
    assert flags(frame)[1] == ["future_date"]
    assert not any("future_date" in found for found in flags(frame, now="2026-01-02"))
    assert "future_date" not in gr.check_events(frame).attrs["geo_risk"]["quality"]["flags"]


def test_impossible_deaths():
    frame = geopandas.GeoDataFrame(
        {
            "fatalities_low": [1, 5, -1, np.nan, 0, np.nan],
            "fatalities_best": [2, 3, 2, 20_000, 0, np.nan],
            "fatalities_high": [3, 6, 3, np.nan, 0, 10_001],
        },
        geometry=geopandas.points_from_xy([1.2] * 6, [9.0] * 6),
        crs="EPSG:4326",
    )
    found = flags(frame)
    assert found[0] == found[4] == []
    assert found[1] == ["fatalities_order"]
    assert found[2] == ["negative_fatalities"]
    assert found[3] == found[5] == ["extreme_fatalities"]
    assert flags(frame, max_fatalities=20_000)[3] == []


def test_piles_are_labelled_by_what_stands_there():
    layer = gr.load_regions()
    row = int(layer.rows_of("AF-GHO")[0])
    middle = region_centroids(layer)[row]
    spots = {
        "region_middle": (middle[0], middle[1]),
        "main_place_of_country": (69.17, 34.53),  # Kabul
        "main_place_of_region": (69.53451, 36.73605),  # Taloqan
        "round_degrees": (100.0, 60.0),
        "other": (0.123, -40.456),
    }
    rows = [{"lon": x, "lat": y} for x, y in spots.values() for _ in range(20)]
    checked = gr.check_events(events(*rows, {"lon": 68.0, "lat": 35.0}), now=NOW)
    assert checked["pile_label"].tolist()[::20] == [*spots, None]
    assert checked["pile_count"].tolist()[::20] == [20] * 5 + [1]
    assert checked["pile_name"][20] == "Kabul"
    assert checked["pile_name"][40] == "Taloqan"
    found = [text.split(";") for text in checked["flags"][::20]]
    assert found[0] == found[3] == ["pile_on_stand_in"]
    assert found[1] == found[2] == ["pile_on_main_place"]
    assert found[4] == [""]
    listed = checked.attrs["geo_risk"]["quality"]["piles"]
    assert [spot["count"] for spot in listed] == [20] * 5
    assert not any(flags(events(*rows), pile_size=21))


def test_centroids_and_areas_are_those_of_the_polygons():
    layer = gr.load_regions()
    rows = np.unique(np.concatenate([layer.rows_of(code) for code in ("AFG", "FJI", "ITA", "LSO")]))
    shapes = layer.table.geometry.iloc[rows]
    import shapely
    from pyproj import Geod

    own, truth = region_centroids(layer)[rows], shapely.centroid(shapes.to_numpy())
    assert np.abs(own[:, 0] - shapely.get_x(truth)).max() < 1e-6
    assert np.abs(own[:, 1] - shapely.get_y(truth)).max() < 1e-6
    geod = Geod(a=6_371_008.8, b=6_371_008.8)
    for area, shape in zip(region_areas(layer)[rows], shapes):
        # geodesic edges instead of straight ones make up to a few parts in a thousand
        assert area == pytest.approx(abs(geod.geometry_area_perimeter(shape)[0]) / 1e6, rel=3e-3)


# --- the table as a whole ------------------------------------------------------------------------


def test_nothing_is_lost_changed_or_reordered():
    frame = events(EVENT, EVENT | {"desk": "b"}, {"location_name": "somewhere"})
    frame.index = ["x", "y", "x"]
    frame["pile_count"] = ["kept", "as", "it was"]
    before = frame.copy(deep=True)
    checked = gr.check_events(frame, now=NOW, source_column="desk")
    pd.testing.assert_frame_equal(frame, before)
    assert frame.attrs == before.attrs
    assert checked.index.tolist() == ["x", "y", "x"]
    assert checked["pile_count_"].tolist() == ["kept", "as", "it was"]
    assert checked["flags"].iloc[2] == frame["flags"].iloc[2] != ""
    again = gr.check_events(checked, now=NOW, source_column="desk")
    pd.testing.assert_frame_equal(again, checked)
    assert again.attrs == checked.attrs


def test_assess_updates_the_columns_of_an_earlier_check_with_the_same_values_and_types():
    frame = events(
        {"lon": 69.17, "lat": 34.53, "country": "Tajikistan"},
        {"lon": 34.53, "lat": 69.17, "country": "Afghanistan"},
        {"lon": 69.17, "lat": 34.53, "country": "Afghanistan"},
    )
    checked = gr.check_events(frame, now=NOW)
    found = gr.assess(checked, now=NOW, hotspot_resolution=3).events
    names = [name for name in checked.columns if name not in frame.columns]
    assert checked["country_reason"].tolist()[2] is None
    for name in names:
        pd.testing.assert_series_equal(found[name], checked[name], check_exact=True)
        assert [type(v) for v in found[name]] == [type(v) for v in checked[name]]


def test_the_summary_is_json_and_counts_what_is_flagged():
    frame = events({"lon": 36.7, "lat": 69.5, "country": "Afghanistan", "date": "2030-01-01"})
    quality = gr.check_events(frame, now=NOW).attrs["geo_risk"]["quality"]
    assert json.loads(json.dumps(quality)) == quality
    assert {code: entry["count"] for code, entry in quality["flags"].items()} == {
        "swapped_lonlat": 1,
        "future_date": 1,
    }
    assert quality["flags"]["future_date"]["reason"] == QUALITY_FLAGS["future_date"]
    assert quality["options"]["now"] == NOW


def test_an_empty_table_and_one_without_columns():
    empty = geopandas.GeoDataFrame(geometry=[], crs="EPSG:4326")
    checked = gr.check_events(empty, now=NOW)
    assert len(checked) == 0
    assert checked.attrs["geo_risk"]["quality"]["flags"] == {}
    bare = geopandas.GeoDataFrame(geometry=geopandas.points_from_xy([1.2], [9.0]), crs=4326)
    assert gr.check_events(bare, now=NOW)["flags"].tolist() == [""]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"duplicate_km": -1.0}, "Invalid duplicate_km"),
        ({"duplicate_days": -1}, "Invalid duplicate_days"),
        ({"min_score": 1.5}, "Invalid min_score"),
        ({"min_share": -0.5}, "Invalid min_share"),
        ({"max_fatalities": -1}, "Invalid max_fatalities"),
        ({"pile_size": 1}, "Invalid pile_size"),
        ({"source_column": "nowhere"}, "no column 'nowhere'"),
        ({"now": pd.NaT}, "Invalid now"),
    ],
)
def test_options_are_checked(options, message):
    with pytest.raises(ValueError, match=message):
        gr.check_events(events({"lon": 1.2, "lat": 9.0}), **options)


def test_two_columns_of_one_name_are_refused_by_name():
    frame = events({"lon": 1.2, "lat": 9.0, "desk": "a"})
    twice = frame.rename(columns={"desk": "category"})
    with pytest.raises(ValueError, match="2 columns are called 'category'; rename all but one"):
        gr.check_events(twice, now=NOW)


# --- real tables ---------------------------------------------------------------------------------


def test_the_ucdp_sample_differs_as_known():
    path = shared("data/events/ucdp_ged_v23_1_sample1000_global.csv")
    checked = gr.check_events(gr.read_events(path), now=NOW)
    quality = checked.attrs["geo_risk"]["quality"]
    assert quality["flags"]["country_differs"]["count"] == 26
    # 10 successions; 8 in Israel and Palestine and one in Kashmir; 7 by border or precision
    assert quality["country"] == {"succession": 10, "disputed": 9, "border": 5, "precision": 2}
    assert len(checked) == 1000


def test_mirroring_the_ucdp_sample_is_found_where_it_leaves_the_country():
    path = shared("data/events/ucdp_ged_v23_1_sample1000_global.csv")
    frame = gr.read_events(path)
    frame = frame[~frame.geometry.isna() & ~frame["location_precision"].isin(["none"])]
    shares = {}
    for flag, turn in {
        "swapped_lonlat": lambda x, y: (y, x),
        "lon_sign_flipped": lambda x, y: (-x, y),
        "lat_sign_flipped": lambda x, y: (x, -y),
    }.items():
        x, y = turn(frame.geometry.x, frame.geometry.y)
        usable = (np.abs(y) <= 90).to_numpy()
        turned = frame[usable].set_geometry(
            geopandas.points_from_xy(x[usable], y[usable], crs="EPSG:4326")
        )
        shares[flag] = np.mean([flag in found for found in flags(turned)])
    assert shares["swapped_lonlat"] > 0.9
    assert shares["lon_sign_flipped"] > 0.9
    assert shares["lat_sign_flipped"] > 0.85


def test_result_types():
    frame = events(EVENT)
    checked = gr.check_events(frame, now=NOW)
    assert checked["duplicate_of"].dtype == np.int64
    assert checked["pile_count"].dtype == np.int64


def test_the_page_lists_every_event_that_differs_with_class_and_certainty():
    import importlib.util

    from paths import ROOT

    program = ROOT / "benchmarks" / "stated_country.py"
    spec = importlib.util.spec_from_file_location("stated_country", program)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    n, odd = module.differing(shared("data/events/ucdp_ged_v23_1_sample1000_global.csv"))
    page = (ROOT / "docs" / "quality.md").read_text(encoding="utf-8")
    assert f"{len(odd)} of {n} events inside a polygon differ ({len(odd) / n:.1%})" in page
    for line in module.table(odd):
        assert line in page, line
    assert not (odd["country_reason"] == "unexplained").any()
