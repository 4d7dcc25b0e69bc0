"""What the demonstration tells its reader, checked against its own data and the layer."""

from __future__ import annotations

import subprocess
import sys

import pytest
from oracles_borders import brute_force, every_edge

import geo_risk as gr
from geo_risk.demo import Demo, run_demo


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Demo:
    return run_demo(tmp_path_factory.mktemp("demo"))


def test_findings_say_what_was_reported(demo: Demo) -> None:
    told, located, _, presence, _ = demo.findings()
    rows = told.table.set_index("event")
    assert rows.loc["demo-1", ["what", "where", "killed", "captured"]].tolist() == [
        "raid", "Taloqan", "8", "3",
    ]  # fmt: skip
    assert rows.loc["demo-2", "what"] == "cross-border fire"
    assert rows.loc["demo-2", "captured"] == ""  # not reported, which is not none
    assert rows.loc["demo-1", "when"] == "2022-01 to 2022-12"
    assert "the month is not stated" in told.note
    assert located.table["place"].tolist() == ["Taloqan", "Khwaja Ghar"]
    assert set(located.table["region"]) == {"AF-TAK Takhar"}
    for event, report in zip(demo.reports.events["event_id"], demo.reports.events["report"]):
        assert f"{event}: {report}" in told.note
    assert set(located.table["border with"]) == {"TJK"}
    assert "demo-3 (Taloqan–Badakhshan road)" in located.note
    assert presence.table["code"].tolist() == demo.presence["region_code"].tolist()


def test_named_regions_both_border_tajikistan_as_neighbors_says(demo: Demo) -> None:
    named = demo.named.set_index("region_code")
    assert named.index.tolist() == ["AF-TAK", "AF-BDS"]
    layer = gr.load_regions()
    for code, row in named.iterrows():
        countries = row["neighbor_countries"].split(";")
        assert countries == layer.neighbors(str(code), of="countries")
        assert "TJK" in countries
        assert len(row["neighbor_regions"].split(", ")) == len(layer.neighbors(str(code)))
    assert named["n_events"].tolist() == [2, 0]


def test_the_note_on_hot_cells_agrees_with_the_cells(demo: Demo) -> None:
    finding, cells = demo.findings()[-1], demo.earthquakes.cells
    assert cells is not None
    hot = cells[cells["hotspot"] == "hot"]
    assert f"{len(hot)} cells are hot" in finding.note
    assert set(finding.table["H3 cell"]) <= set(hot["h3_cell"])
    busiest = cells.loc[cells["n_events"].idxmax()]
    assert f"({busiest['h3_cell']}, {busiest['n_events']} events" in finding.note
    assert f"is {busiest['hotspot']}." in finding.note


def test_listing_names_what_exists(demo: Demo) -> None:
    for line in demo.listing():
        path = demo.files[-1].parent / line.split("  ")[0]
        assert path.exists(), line


def test_the_command_prints_the_findings(tmp_path) -> None:
    command = [sys.executable, "-m", "geo_risk.cli", "demo", "--out", str(tmp_path / "demo")]
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    assert run.stderr == ""
    for words in ("raid", "cross-border fire", "CHN;PAK;TJK", "Khwaja Ghar", "hot cells",
                  "north_east_afghanistan.html", "without endorsement"):  # fmt: skip
        assert words in run.stdout


def test_demo_finds_the_reports_places(demo):
    events = demo.reports.events.set_index("event_id")
    assert events.loc["demo-1", ["region_code", "match"]].tolist() == ["AF-TAK", "gazetteer"]
    assert events.loc["demo-2", ["region_code", "match"]].tolist() == ["AF-TAK", "gazetteer"]
    assert events.loc[["demo-1", "demo-2"], "border_country_code"].tolist() == ["TJK", "TJK"]
    assert events.loc["demo-1", "fatalities_best"] == 8
    assert events.loc["demo-2", "fatalities_best"] == 0
    assert (events["date_precision"] == "year").all()


def test_distances_agree_with_a_brute_force_over_the_layers_edges(demo):
    """Every edge between Afghanistan and another country, with GeographicLib's geodesics."""
    layer = gr.load_regions()
    edges = every_edge(layer)
    land = edges.of_kind("land", "AFG")
    borders = gr.load_borders()
    reports = demo.reports.events.set_index("event_id").loc[["demo-1", "demo-2"]]
    for event in reports.itertuples():
        want, sides = brute_force(edges, land, event.geometry.x, event.geometry.y)
        assert event.border_m == pytest.approx(want, abs=1.0)
        assert sides == {frozenset({"AFG", "TJK"})}
    place = gr.find_places("Faizabad", region="AF-BDS").iloc[0]
    assert place["region_code"] == "AF-BDS"
    found = borders.nearest(lon=place.geometry.x, lat=place.geometry.y)
    want, sides = brute_force(edges, land, place.geometry.x, place.geometry.y)
    assert float(found.distance_m) == pytest.approx(want, abs=1.0)
    assert sides == {frozenset({"AFG", "TJK"})}


def test_demo_presence_by_region(demo):
    near = demo.presence.set_index("region_code")["neighbor_countries"]
    assert near["AF-BDS"] == "CHN;PAK;TJK"
    assert near["AF-TAK"] == "TJK"
    assert near["AF-NAN"] == "PAK"
    assert len(near) == 8
    layer = gr.load_regions()
    assert "TJK" in layer.neighbors("AF-TAK", of="countries")
    assert "TJK" in layer.neighbors("AF-BDS", of="countries")


def test_demo_scores_the_real_point_pattern(demo):
    assert len(demo.earthquakes.events) == 1707
    cells = demo.earthquakes.cells
    assert cells["n_events"].sum() == demo.earthquakes.provenance["hotspots"]["events_counted"]
    assert (cells["hotspot"] == "hot").any()
    for path in demo.files:
        assert path.stat().st_size > 0
