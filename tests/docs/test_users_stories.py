"""What users set out to do, from their own input to the answer they act on."""

from __future__ import annotations

import json
import subprocess
import sys
import threading

import geopandas
import numpy as np
import pandas as pd
import pytest
import shapely
from paths import shared

import geo_risk as gr


def located(points, worldview="de_facto"):
    """Name -> row of events at points, with region and border."""
    layer = gr.load_regions(worldview=worldview)
    lon, lat = np.array(list(points.values())).T
    events = gr.read_events({"location_name": list(points), "lon": lon, "lat": lat})
    found = gr.border_proximity(gr.geocode(events, layer), gr.load_borders(layer))
    return {name: row for name, (_, row) in zip(points, found.iterrows())}


def test_a_desk_knows_places_by_name_only():
    table = pd.DataFrame(
        {
            "place": ["Taloqan", "Taluqan", "Khwaja Ghar", "Khwaja-i-Ghar district", "Faizabad"],
            "admin1": ["Takhar"] * 4 + ["Badakhshan"],
            "country": "Afghanistan",
        },
        index=[10, 10, 7, 3, 1],
    )
    found = gr.border_proximity(gr.index_h3(gr.geocode(gr.read_events(table))))
    assert found.index.tolist() == [10, 10, 7, 3, 1]
    assert found["region_code"].tolist() == ["AF-TAK"] * 4 + ["AF-BDS"]
    assert found["match"].eq("gazetteer").all()
    assert found["border_country_code"].eq("TJK").all()
    assert found["h3_cell"].map(lambda cell: isinstance(cell, str) and len(cell) == 15).all()
    assert found["border_m"].iloc[0] == found["border_m"].iloc[1]
    assert found["border_m"].iloc[2] < 12_000 < found["border_m"].iloc[0]


def test_a_text_becomes_places_and_only_places_get_a_distance():
    text = (
        "Special forces raided a house in Taloqan, the capital of Takhar, on Saturday. Rockets "
        "were fired from Khwaja Ghar into Tajikistan. The ambassador said nothing."
    )
    found = gr.geoparse(text)
    assert [text[a:b] for a, b in zip(found["start"], found["end"])] == found["text"].tolist()
    assert found["text"].tolist() == ["Taloqan", "Takhar", "Khwaja Ghar", "Tajikistan"]
    near = gr.border_proximity(gr.index_h3(gr.geocode(found))).set_index("text")
    assert near["border_m"].notna().tolist() == [True, False, True, False]
    assert near["h3_cell"].notna().tolist() == [True, False, True, False]
    assert near.loc["Tajikistan", "country_code"] == "TJK"
    assert near.loc["Tajikistan", "region_code"] is None  # the middle of a country is no region
    assert near.loc["Takhar", "region_code"] == "AF-TAK"


def test_what_is_known_to_the_country_only_is_counted_in_no_region():
    events = gr.read_events(
        {
            "lon": [67.7] * 6,
            "lat": [33.9] * 6,
            "location_precision": ["place", "admin2", "admin1", "line", "country", "none"],
        }
    )
    found = gr.geocode(events)
    assert found["country_code"].tolist() == ["AFG"] * 6
    assert found["region_code"].notna().tolist() == [True, True, True, False, False, False]
    assert found["region_name"].notna().tolist() == [True, True, True, False, False, False]
    kept = gr.geocode(events, coarse="keep")
    assert kept["region_code"].nunique() == 1
    countries = gr.geocode(events, gr.load_regions(level=0))
    assert countries["region_code"].tolist() == ["AFG"] * 6
    with pytest.raises(ValueError, match="Invalid coarse: 'drop'"):
        gr.geocode(events, coarse="drop")
    assert gr.assess(events, resolution=4).regions["n_events"].sum() == 3


def test_swapped_columns_are_found_and_the_remedy_given():
    table = pd.DataFrame(
        {
            "lat": [69.53, 70.58, 69.2, 71.0, 68.9],
            "lon": [36.74, 37.1, 34.5, 36.5, 35.1],
            "country": "Afghanistan",
            "date": [f"2022-01-0{day}" for day in range(1, 6)],
        }
    )
    checked = gr.check_events(gr.read_events(table))
    assert checked["flags"].str.contains("swapped_lonlat").all()
    assert checked["suggested_lon"].tolist() == table["lat"].tolist()
    assert checked["suggested_lat"].tolist() == table["lon"].tolist()
    right = gr.read_events(table, lon="lat", lat="lon")
    assert not gr.check_events(right)["flags"].str.contains("swapped_lonlat").any()
    assert gr.geocode(right)["country_code"].eq("AFG").all()


def test_three_views_of_crimea_and_every_claimant_beside_each():
    point = {"Simferopol": (34.1, 44.95)}
    want = {"de_facto": "RUS", "un": "UKR", "claims:UKR": "UKR", "claims:RUS": "RUS"}
    rows = {view: located(point, view)["Simferopol"] for view in want}
    assert {view: row["country_code"] for view, row in rows.items()} == want
    assert all(row["region_code"] == "UA-43" for row in rows.values())
    assert all(row["claimed_by"] == "RUS;UKR" for row in rows.values())
    assert rows["de_facto"]["border_country_code"] == "UKR"
    assert rows["un"]["border_m"] > 3 * rows["de_facto"]["border_m"]  # no border at Perekop


def test_places_where_borders_are_hard():
    points = {
        "Old City of Jerusalem": (35.2345, 31.7767),
        "Ramallah": (35.2034, 31.9038),
        "Majdal Shams": (35.77, 33.27),
        "Kaliningrad": (20.5, 54.7),
        "Maseru": (27.48, -29.31),
        "Longyearbyen": (15.64, 78.22),
        "Vatican": (12.4534, 41.9029),
        "Bangui": (18.555, 4.39),
        "North Nicosia": (33.36, 35.19),
    }
    found = located(points)
    country = {name: row["country_code"] for name, row in found.items()}
    assert country == {
        "Old City of Jerusalem": "ISR",
        "Ramallah": "PSE",
        "Majdal Shams": "ISR",
        "Kaliningrad": "RUS",
        "Maseru": "LSO",
        "Longyearbyen": "NOR",
        "Vatican": "VAT",
        "Bangui": "CAF",
        "North Nicosia": None,
    }
    assert found["Majdal Shams"]["claimed_by"] == "ISR;SYR"
    assert found["North Nicosia"]["unit_code"] == "CYN"
    assert found["Kaliningrad"]["border_country_code"] == "POL"
    assert found["Vatican"]["border_m"] < 600
    for name in ("Vatican", "Bangui", "Majdal Shams"):
        assert found[name]["country_certainty"] < 0.999  # nearer than the layer is true
    assert found["Ramallah"]["country_certainty"] < found["Kaliningrad"]["country_certainty"]


def test_fiji_lies_on_both_sides_of_180_degrees():
    lon = np.array([178.44, 179.99, -179.99, 180.0, -180.0, -179.9, 178.0])
    lat = np.array([-18.14, -16.8, -16.8, -16.8, -16.8, -16.7, -17.8])
    events = gr.read_events({"lon": lon, "lat": lat})
    found = gr.border_proximity(gr.geocode(events, snap_km=50))
    assert found["country_code"].eq("FJI").all()
    assert found["border_m"].isna().all()  # no land border
    across = gr.load_borders().nearest(lon=lon, lat=lat, kind="any", country="FJI")
    assert set(across.other_country_code) <= {"WLF", "TON", "TUV"}
    assert across.distance_m[3] == across.distance_m[4]
    assert abs(across.distance_m[1] - across.distance_m[2]) < 2_200
    cells = gr.score_hotspots(events, resolution=5, study_area="FJI")
    report = cells.attrs["geo_risk"]["hotspots"]
    assert report["events_counted"] + report["events_outside_study_area"] == len(lon)
    assert cells["h3_cell"].is_unique
    assert cells.geometry.is_valid.all()
    bounds = cells.geometry.bounds
    assert ((bounds["maxx"] - bounds["minx"] < 1) | (cells.geom_type == "MultiPolygon")).all()


def test_a_ucdp_table_from_file_to_saved_result_and_map(tmp_path):
    path = shared("data/events/ucdp_ged_v23_1_sample1000_global.csv")
    found = gr.assess(path)
    assert len(found.events) == 1000
    assert found.events["event_id"].is_unique
    coarse = found.events["where_prec"].astype(int) >= 5
    assert found.events.loc[coarse, "region_code"].isna().all()
    assert found.regions["n_events"].sum() == found.events["region_code"].notna().sum()
    found.save(tmp_path / "out")
    again = gr.Assessment.load(tmp_path / "out")
    for name in ("events", "cells", "regions", "borders"):
        before, after = getattr(found, name), getattr(again, name)
        assert list(before.columns) == list(after.columns)
        for column in before.columns:
            left, right = (x[column].astype(object) for x in (before, after))
            assert (
                left.where(left.notna(), None).tolist() == right.where(right.notna(), None).tolist()
            )
    gr.web_map(tmp_path / "map.html", events=again.events, cells=again.cells)
    html = (tmp_path / "map.html").read_text(encoding="utf-8")
    assert 'src="http' not in html
    assert (tmp_path / "out" / "provenance.json").is_file()
    json.loads((tmp_path / "out" / "provenance.json").read_text(encoding="utf-8"))


def test_gdelt_countries_are_no_iso_codes_and_middles_of_countries_no_regions():
    found = gr.geocode(gr.read_events(shared("data/events/gdelt2_20191024143000.export.CSV")))
    assert len(found) == 2111
    germany = found[found["country_stated"] == "GM"]
    assert len(germany)
    assert set(germany["country_code"].dropna()) == {"DEU"}
    country = found["location_precision"] == "country"
    assert country.sum() > 500
    assert found.loc[country, "region_code"].isna().all()
    assert found.loc[country, "country_code"].notna().mean() > 0.8


def test_points_in_many_threads_at_once():
    rng = np.random.default_rng(4)
    lon, lat = rng.uniform(-180, 180, 9000), rng.uniform(-60, 75, 9000)
    answers = [None] * 6

    def work(place):
        layer, borders = gr.load_regions(), gr.load_borders()
        answers[place] = (
            layer.locate(lon=lon, lat=lat, n_jobs=2),
            borders.nearest(lon=lon, lat=lat, n_jobs=2).distance_m,
            gr.h3_cells(lon=lon, lat=lat, resolution=7),
        )

    threads = [threading.Thread(target=work, args=(place,)) for place in range(len(answers))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for answer in answers[1:]:
        for left, right in zip(answer, answers[0]):
            assert np.array_equal(left, right, equal_nan=left.dtype.kind == "f")


def test_a_script_elsewhere_with_warnings_as_errors(tmp_path):
    code = (
        "import geo_risk as gr\n"
        "events = gr.read_events([{'lon': 69.53, 'lat': 36.74, 'date': '2022-04-09'}])\n"
        "found = gr.border_proximity(gr.index_h3(gr.geocode(events)))\n"
        "print(found['region_code'].tolist(), found['border_country_code'].tolist())"
    )
    result = subprocess.run(
        [sys.executable, "-I", "-W", "error", "-c", code],
        cwd=tmp_path, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert result.returncode == 0, result.stderr
    assert result.stdout.strip() == "['AF-TAK'] ['TJK']"
    assert "Warning" not in result.stderr
    assert not list(tmp_path.iterdir())


def test_layers_of_ones_own_with_a_renamed_geometry_and_another_crs():
    west, east = shapely.box(68, 36, 69.4, 38), shapely.box(69.4, 36, 70.5, 38)
    frame = geopandas.GeoDataFrame({"p": ["A1", "A2"]}, geometry=[west, east], crs=4326)
    layer = gr.load_regions(frame.to_crs(3857).rename_geometry("shape"), level=2, code="p")
    events = gr.read_events({"lon": [68.7, 69.5, 69.4], "lat": [36.8, 36.7, 36.9]})
    found = gr.border_proximity(gr.geocode(events, layer), gr.load_borders(layer))
    assert found["region_code"].tolist()[:2] == ["A1", "A2"]
    assert found["region_code"].iloc[2] in ("A1", "A2")  # on the shared edge: exactly one
    assert found["country_code"].eq("AFG").all()
    assert layer.neighbors("A1") == ["A2"]
