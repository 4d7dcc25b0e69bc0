"""Saving for others: counts, no small ones, no text; ACLED's rows; whose view of borders."""

from __future__ import annotations

import json
import logging

import geopandas
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from source_frames import acled_frame
from strategies import lonlats

import geo_risk as gr
from geo_risk import sharing

SECRETS = ("the informer", "Commander Z", "said a nurse")


def table(lon, lat, n, **columns):
    return pd.DataFrame(
        {
            "id": [f"case-{k}" for k in range(n)], "date": "2022-03-05", "lon": lon, "lat": lat,
            "actor": "Commander Z", "notes": "said a nurse", "contact": "the informer",
            "fatalities": 1, **columns,
        }
    )  # fmt: skip


@pytest.fixture(scope="module")
def takhar():
    """Seven events on one spot, two on another, one alone."""
    lon = np.repeat([69.53, 69.42, 70.2], [7, 2, 1])
    lat = np.repeat([36.74, 37.06, 36.9], [7, 2, 1])
    return gr.assess(table(lon, lat, 10), hotspot_resolution=5)


@pytest.fixture(scope="module")
def crimea():
    return gr.assess(table(34.1, 44.95, 4), hotspot_resolution=4)


def everything(folder):
    return b"".join(path.read_bytes() for path in folder.iterdir())


@pytest.mark.parametrize(
    "options", [{"share": True}, {"coarsen": "cells"}, {"coarsen": "regions"}, {"coarsen": 3}]
)
@pytest.mark.parametrize("ending", [".csv", ".geojson", ".parquet", ".gpkg", ".arrow"])
def test_what_is_shared_names_nobody_and_shows_no_point(takhar, tmp_path, options, ending):
    takhar.save(tmp_path, formats=[ending], **options)
    content = everything(tmp_path)
    for secret in (*SECRETS, "case-"):
        assert secret.encode() not in content, secret
    names = {path.stem for path in tmp_path.iterdir()}
    counted = "regions" if options.get("coarsen") == "regions" else "cells"
    assert names == {counted, "borders", "provenance"}
    if ending == ".geojson":
        assert '"Point"' not in (tmp_path / f"{counted}.geojson").read_text()


def test_small_counts_are_left_out_and_nothing_tells_them(takhar, tmp_path):
    takhar.save(tmp_path, share=True)
    cells = geopandas.read_parquet(tmp_path / "cells.parquet")
    shown = cells["n_events"]
    assert shown.max() == 7
    assert not shown.between(1, 2).any()
    assert shown.isna().equals(cells["suppressed"])
    assert cells["suppressed"].sum() == 2
    assert (shown == 0).any()
    assert cells.loc[cells["suppressed"], "hotspot"].isna().all()
    assert set(cells.columns) == {"h3_cell", "n_events", "suppressed", "hotspot", "geometry"}
    provenance = json.loads((tmp_path / "provenance.json").read_text())
    assert provenance["events"] is None  # the total would tell what was left out
    assert provenance["hotspots"] is None
    assert provenance["sharing"] == {"coarsen": "cells", "min_count": 3}
    takhar.save(tmp_path / "all", share=True, min_count=1)
    assert geopandas.read_parquet(tmp_path / "all/cells.parquet")["n_events"].sum() == 10


def test_finer_cells_than_asked_are_counted_anew(takhar, tmp_path):
    takhar.save(tmp_path, coarsen=4, min_count=1)
    cells = geopandas.read_parquet(tmp_path / "cells.parquet")
    import h3

    assert {h3.get_resolution(cell) for cell in cells["h3_cell"]} == {4}
    assert cells["n_events"].sum() == 10
    assert "hotspot" not in cells.columns


def test_events_known_by_province_only_are_in_no_shared_cell():
    events = gr.read_events(table(69.5, 36.7, 5, location_precision="admin1"))
    assert len(sharing.shared_cells(events, None, 5, 1)) == 0


def test_regions_for_others(takhar, tmp_path):
    takhar.save(tmp_path, coarsen="regions", formats=["csv"])
    regions = pd.read_csv(tmp_path / "regions.csv").set_index("region_code")
    assert (
        regions.loc["AF-TAK", "n_events"]
        == takhar.regions.set_index("region_code").loc["AF-TAK", "n_events"]
    )
    assert {"administered_by", "claimed_by", "suppressed"} <= set(regions.columns)
    few = sharing.shared_regions(takhar.regions, 100)
    assert few["n_events"].isna().all()
    assert few["fatalities_best"].isna().all()
    assert few["suppressed"].all()


def test_few_deaths_are_left_out_where_the_events_are_many():
    regions = geopandas.GeoDataFrame(
        {"region_code": ["A", "B", "C"], "n_events": [9, 9, 1], "fatalities_best": [1, 0, 50]},
        geometry=[shapely.box(0, 0, 1, 1)] * 3, crs=4326,
    )  # fmt: skip
    shown = sharing.shared_regions(regions, 3)
    assert shown["n_events"].fillna(-1).tolist() == [9, 9, -1]
    assert shown["fatalities_best"].fillna(-1).tolist() == [-1, 0, -1]
    assert shown["suppressed"].tolist() == [True, False, True]
    assert regions["n_events"].tolist() == [9, 9, 1]


def test_stripped_rows_keep_what_was_found_and_lose_the_text(takhar, tmp_path):
    takhar.save(tmp_path, strip=True)
    content = everything(tmp_path)
    for secret in SECRETS:
        assert secret.encode() not in content
    events = geopandas.read_parquet(tmp_path / "events.parquet")
    assert events["region_code"].tolist() == takhar.events["region_code"].tolist()
    assert events.geometry.x.tolist() == takhar.events.geometry.x.tolist()
    assert "actors" not in events.columns
    assert gr.Assessment.load(tmp_path).provenance["sharing"] == {"stripped": True}


def test_what_was_loaded_is_shared_like_what_was_made(takhar, tmp_path):
    takhar.save(tmp_path / "own")
    again = gr.Assessment.load(tmp_path / "own")
    for number, options in enumerate(({"strip": True}, {"share": True}, {"coarsen": "regions"})):
        one = takhar.save(tmp_path / f"a{number}", formats=["csv"], **options)
        other = again.save(tmp_path / f"b{number}", formats=["csv"], **options)
        for first, second in zip(one, other):
            assert first.read_bytes() == second.read_bytes(), first.name


def test_the_columns_that_are_taken_for_ours_are_those_of_the_verbs(takhar):
    added = set(takhar.events.attrs["geo_risk"]["added_columns"])
    assert set(sharing._ADDED) == added | {"suggested_lon", "suggested_lat"}  # those only if any


def test_acleds_rows_stay_unless_the_user_says_so(tmp_path, caplog):
    frame = acled_frame(notes="said a nurse", actor1="Commander Z")
    found = gr.assess(frame)
    with caplog.at_level(logging.WARNING, logger="geo_risk"):
        found.save(tmp_path / "a", formats=[".csv", ".parquet"])
    assert "3 of 3 events come from a source that forbids to pass its rows on" in caplog.text
    assert b"said a nurse" not in everything(tmp_path / "a")
    events = (tmp_path / "a" / "events.csv").read_text("utf-8")
    for told in ("Commander Z", "69.534", "2022-10-22", "border_foot", "IS-K"):
        assert told not in events, told
    again = gr.Assessment.load(tmp_path / "a")
    assert again.events["event_id"].tolist() == ["AFG1", "AFG2", "AFG3"]
    assert again.events["region_code"].tolist() == found.events["region_code"].tolist()
    assert again.events.geometry.isna().all()
    assert again.provenance["sharing"] == {"rows_withheld": 3}
    found.save(tmp_path / "b", source_rows=True)
    own = gr.Assessment.load(tmp_path / "b")
    assert own.events["notes"].tolist() == ["said a nurse"] * 3
    assert own.events.geometry.to_wkb().tolist() == found.events.geometry.to_wkb().tolist()


def test_the_name_of_a_withheld_place_is_withheld_too():
    nameless = acled_frame().assign(latitude=None, longitude=None, location="Taloqan")
    ours = gr.read_events([{"location_name": "Fayzabad", "country": "Afghanistan"}])
    mixed = gr.geocode(pd.concat([gr.read_events(nameless), ours], ignore_index=True))
    assert mixed["place_name"].tolist() == ["Taloqan"] * 3 + ["Fayzabad"]
    kept, _ = sharing.withhold_rows(mixed)
    assert kept["place_name"].isna().tolist() == [True] * 3 + [False]
    assert kept["geonames_id"].tolist() == [-1] * 3 + [1142170]
    assert kept["geonames_id"].dtype == mixed["geonames_id"].dtype
    assert kept["region_code"].tolist() == ["AF-TAK"] * 3 + ["AF-BDS"]


def test_rows_of_other_sources_beside_acleds_stay_whole(tmp_path):
    ours = gr.read_events(table(69.5, 36.7, 2))
    both = pd.concat([gr.read_events(acled_frame()), ours], ignore_index=True)
    mixed = gr.geocode(both)
    kept, withheld = sharing.withhold_rows(mixed)
    assert withheld == 3
    assert kept["notes"].tolist()[3:] == ["said a nurse"] * 2
    assert kept["location_name"].isna().tolist()[:3] == [True] * 3
    assert kept.geometry.isna().tolist() == [True, True, True, False, False]
    assert mixed.geometry.notna().all()
    assert kept.crs == mixed.crs


def test_countries_of_disputed_regions_are_named_after_the_view_was_stated(
    crimea, tmp_path, caplog
):
    for options in ({"coarsen": "regions"}, {"strip": True}):
        with pytest.raises(ValueError, match=r"UA-43: administered by RUS, claimed by RUS;UKR"):
            crimea.save(tmp_path / "no", **options)
        assert not (tmp_path / "no").exists()
        crimea.save(tmp_path / options.popitem()[0], worldview="de_facto", strip=True)
    with pytest.raises(ValueError, match=r"this assessment follows 'de_facto'\. Make it again"):
        crimea.save(tmp_path / "no", worldview="un")
    crimea.save(tmp_path / "cells", share=True)  # names the country of no region
    with caplog.at_level(logging.WARNING, logger="geo_risk"):
        crimea.save(tmp_path / "own")
    assert "in 1 disputed regions; the codes follow the worldview 'de_facto'" in caplog.text
    own = geopandas.read_parquet(tmp_path / "own/regions.parquet")
    assert own[["administered_by", "claimed_by"]].values.tolist() == [["RUS", "RUS;UKR"]]


def test_a_view_stated_at_the_beginning_is_not_asked_for_again(tmp_path, caplog):
    found = gr.assess(table(34.1, 44.95, 4), worldview="un", hotspot_resolution=4)
    assert found.regions["country_code"].tolist() == ["UKR"]
    assert found.provenance["layer"]["worldview"] == "un"
    with caplog.at_level(logging.WARNING, logger="geo_risk"):
        found.save(tmp_path / "a", coarsen="regions")
        found.save(tmp_path / "b")
    assert "disputed" not in caplog.text
    with pytest.raises(ValueError, match="'un'; the layer 'natural_earth' that was given follows"):
        gr.assess(table(34.1, 44.95, 4), gr.load_regions(), worldview="un")


def test_an_export_for_others_never_lies_beside_rows_of_an_earlier_save(takhar, tmp_path):
    takhar.save(tmp_path)
    for options in ({"share": True}, {"strip": True, "formats": [".csv"]}):
        with pytest.raises(ValueError, match=r"holds .*events\.parquet.* of an earlier save"):
            takhar.save(tmp_path, **options)
    assert (tmp_path / "events.parquet").is_file()
    takhar.save(tmp_path / "new", share=True)
    takhar.save(tmp_path / "new", share=True)  # its own files are replaced
    with pytest.raises(gr.errors.DataNotFoundError, match=r"it was saved for others"):
        gr.Assessment.load(tmp_path / "new")


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"coarsen": "villages"}, "Invalid coarsen: 'villages'"),
        ({"coarsen": 16}, "16"),
        ({"share": True, "min_count": 0}, "Invalid min_count: 0"),
        ({"share": True, "min_count": 2.5}, "Invalid min_count"),
        ({"formats": [".docx"]}, r"Invalid formats: '\.docx'"),
    ],
)
def test_options_are_checked_before_anything_is_written(takhar, tmp_path, options, told):
    with pytest.raises(ValueError, match=told):
        takhar.save(tmp_path / "out", **options)
    assert not (tmp_path / "out").exists()


@given(lonlats, st.integers(0, 6), st.integers(1, 9))
@settings(max_examples=40)
def test_no_small_count_ever_shows(points, resolution, least):
    events = gr.read_events(pd.DataFrame(points, columns=["lon", "lat"]))
    located = int(events.geometry.notna().sum())
    every = sharing.shared_cells(events, None, resolution, 1)
    assert every["n_events"].sum() == located
    shown = sharing.shared_cells(events, None, resolution, least)
    assert shown["h3_cell"].tolist() == every["h3_cell"].tolist()
    assert not ((shown["n_events"] > 0) & (shown["n_events"] < least)).any()
    few = every["n_events"] < least
    assert shown["suppressed"].tolist() == few.tolist()
    assert shown["n_events"][~few].tolist() == every["n_events"][~few].tolist()
