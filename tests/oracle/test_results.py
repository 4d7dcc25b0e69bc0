"""Whole results on the demonstration and on real files are those that were recorded."""

from __future__ import annotations

import json

import digests
import geopandas
import numpy as np
import pandas as pd
import pytest
from paths import shared
from typer.testing import CliRunner

import geo_risk as gr
from geo_risk.cli import app
from geo_risk.demo import run_demo
from geo_risk.places import locate_names

KNOWN = json.loads(digests.FILE.read_text(encoding="utf-8"))


def test_the_demonstration_finds_what_it_found(tmp_path) -> None:
    demo = run_demo(tmp_path)
    for name, found in (
        ("demo reports", demo.reports),
        ("demo earthquakes", demo.earthquakes),
    ):
        assert digests.differences(digests.digests_of(found), KNOWN[name]) == []


@pytest.mark.parametrize("name", digests.FILES)
def test_files_give_what_they_gave(name: str) -> None:
    shared(f"data/events/{digests.FILES[name]}")
    found = digests.digests_of(digests.assess_file(name))
    assert digests.differences(found, KNOWN[name]) == []


def test_a_digest_tells_a_changed_value_a_lost_row_and_a_new_column() -> None:
    events = gr.read_events([{"lon": 69.5, "lat": 36.7, "location_name": "Taloqan"}] * 3)
    known = {"events": {name: digests.column_digest(events[name]) for name in events.columns}}
    assert digests.differences(known, known) == []
    for changed in (
        events.assign(location_name=["Taloqan", "Taloqan", None]),
        events.assign(fatalities_best=[np.nan, 1.0, np.nan]),
        events.set_geometry(events.geometry.translate(1e-5)),
    ):
        after = {name: digests.column_digest(changed[name]) for name in changed.columns}
        assert len(digests.differences({"events": after}, known)) == 1
    assert digests.differences({"events": known["events"] | {"new": ""}}, known) == ["events.new"]
    assert digests.column_digest(pd.Series([1.0, 2.0])) == digests.column_digest(
        pd.Series([1.0, 2.0 + 1e-12])
    )


def test_gdelt_end_to_end_in_one_command(tmp_path):
    path = shared("data/events/gdelt2_20191024143000.export.CSV")
    result = CliRunner().invoke(app, ["assess", str(path), "--out", str(tmp_path)])
    assert result.exit_code == 0, result.output
    assert "2111 rows read as gdelt (recognised)" in result.stderr
    events = geopandas.read_parquet(tmp_path / "events.parquet")
    assert len(events) == 2111
    assert events["flags"].str.contains("no_coordinates").sum() == 38
    coarse = events["ActionGeo_Type"].isin([0, 1, 2, 5])
    assert events.loc[coarse, "h3_cell"].isna().all()
    precise = events["ActionGeo_Type"].isin([3, 4]) & events.geometry.notna()
    assert events.loc[precise, "h3_cell"].notna().all()
    assert (events.loc[precise, "match"] != "none").mean() > 0.98
    for name in ("cells.parquet", "regions.csv", "borders.csv", "map.png", "map.html"):
        assert (tmp_path / name).stat().st_size > 0


def test_the_figures_on_ucdp_mexico_are_those_of_the_document():
    events = gr.read_events(shared("data/events/ucdp_ged_v24_1_mexico.parquet"))
    options = {"method": "scan", "max_radius_km": 50, "replications": 99, "seed": 1}
    options |= {"resolution": 4, "study_area": "MEX"}
    naive = gr.score_hotspots(events, coarse="keep", **options)
    drawn = gr.score_hotspots(events, places=50, **options)
    hot = naive["hotspot"] == "hot"
    unstable = hot & (drawn["stability"] < 0.5)
    noted = drawn.attrs["geo_risk"]["hotspots"]
    assert (len(events), noted["events_too_coarse"], len(drawn)) == (18_957, 4_660, 1_156)
    assert (hot.sum(), unstable.sum()) == (83, 21)
    most = naive["n_events"].where(unstable, 0).idxmax()
    assert naive["n_events"][most] == 110
    assert (drawn["n_events"][most], drawn["stability"][most]) == (6, 0.0)


def gr_distance_km(found, frame):
    from pyproj import Geod

    lon, lat = frame["longitude"].to_numpy(), frame["latitude"].to_numpy()
    return Geod(ellps="WGS84").inv(found.lon, found.lat, lon, lat)[2] / 1000


def test_ucdp_place_names_are_located_where_ged_puts_them():
    sample = pd.read_csv(shared("data/events/ucdp_ged_v23_1_sample1000_global.csv"))
    sample = sample[sample["where_prec"] <= 2]
    countries = sample["country"].str.replace(r"\s*\(.*", "", regex=True)
    found = locate_names(sample["where_coordinates"].tolist(), countries=countries.tolist())
    located = found.reason == ""
    assert located.mean() > 0.45
    away = gr_distance_km(found, sample)
    assert np.mean(away[located] <= 25) > 0.93
    assert np.mean(away[located & ~found.ambiguous] <= 25) > 0.95
