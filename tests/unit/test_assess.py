"""The pipeline in one call, the command line and the demonstration."""

from __future__ import annotations

import io
import json
import logging
import sys

import geopandas
import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

import geo_risk as gr
from geo_risk.cli import app, main


@pytest.fixture(scope="module")
def table():
    rng = np.random.default_rng(11)
    return pd.DataFrame(
        {
            "id": [f"e{k}" for k in range(50)],
            "date": "2022-03-05",
            "lon": [*rng.uniform(69.0, 71.0, 46), 200.0, 0.0, np.nan, 69.53],
            "lat": [*rng.uniform(36.2, 37.2, 46), 10.0, 0.0, np.nan, 36.74],
            "location_name": [None] * 48 + ["Taloqan", None],
        }
    )


@pytest.fixture(scope="module")
def found(table):
    return gr.assess(table)


@pytest.fixture
def run():
    runner = CliRunner()

    def call(*arguments):
        return runner.invoke(app, [str(argument) for argument in arguments])

    yield call
    logging.getLogger().handlers.clear()


def test_all_rows_in_order(table, found):
    assert found.events["event_id"].tolist() == table["id"].tolist()
    match = found.events["match"].tolist()
    assert match[46:] == ["none", "none", "gazetteer", "polygon"]
    flags = found.events["flags"].tolist()
    assert "lon_out_of_range" in flags[46]
    assert "null_island" in flags[47]


def test_summary_and_regions(found):
    summary = found.summary()
    assert len(summary) == 50
    assert {"region_code", "border_m"} <= set(summary.columns)
    regions = found.regions.set_index("region_code")
    assert regions.loc["AF-TAK", "neighbor_countries"] == "TJK"
    assert regions["n_events"].sum() == found.events["region_code"].notna().sum()
    pairs = found.borders[["country_code_1", "country_code_2"]]
    held = set(found.events["country_code"].dropna())
    assert pairs.isin(held).any(axis=1).all()
    assert ["AFG", "TJK"] in pairs.values.tolist()


def test_save_round_trip_and_same_bytes(found, table, tmp_path):
    first = found.save(tmp_path / "a")
    again = gr.assess(table).save(tmp_path / "b")
    assert [path.name for path in first] == [path.name for path in again]
    for one, other in zip(first, again):
        assert one.read_bytes() == other.read_bytes(), one.name
    events = geopandas.read_parquet(tmp_path / "a" / "events.parquet")
    assert events["event_id"].tolist() == found.events["event_id"].tolist()
    assert events.crs == "EPSG:4326"
    flat = pd.read_csv(tmp_path / "a" / "events.csv")
    assert len(flat) == 50
    np.testing.assert_allclose(flat["lon_"], found.events.geometry.x, equal_nan=True)
    provenance = json.loads((tmp_path / "a" / "provenance.json").read_text())
    assert provenance["layer"]["sha256"] == gr.load_regions().provenance["sha256"]
    assert provenance["events"]["rows"] == 50
    assert "seed" not in provenance["parameters"]["statistic"]  # nothing was drawn


@pytest.mark.parametrize(
    "options",
    [
        {"permutations": 99, "p_method": "permutation"},
        {"method": "scan", "replications": 99},
        {"places": 3},
    ],
    ids=str,
)
def test_provenance_says_how_to_make_the_result_again(table, tmp_path, options):
    from importlib.metadata import version

    options = {**options, "hotspot_resolution": 4}
    drawn = gr.assess(table, **options)
    told = drawn.provenance
    assert told["geo_risk"] == gr.__version__
    assert told["packages"]["h3"] == version("h3")
    assert told["layer"]["sha256"] == gr.load_regions().provenance["sha256"]
    assert told["layer"]["worldview"] == "de_facto"
    parameters = told["parameters"]
    assert {"resolution", "snap_km", "study_area", "border_kind", "worldview"} <= set(parameters)
    seed = int(parameters["statistic"]["seed"])  # none was given: one was drawn, and is told
    again = gr.assess(table, seed=seed, **options)
    pd.testing.assert_frame_equal(again.cells, drawn.cells)
    for one, other in zip(drawn.save(tmp_path / "a"), again.save(tmp_path / "b")):
        assert one.read_bytes() == other.read_bytes(), one.name


def test_what_is_saved_is_geoparquet_1_1(found, tmp_path):
    import pyarrow.parquet

    found.save(tmp_path)
    for name in ("events", "cells", "regions", "borders"):
        metadata = pyarrow.parquet.read_schema(tmp_path / f"{name}.parquet").metadata
        told = json.loads(metadata[b"geo"])
        assert told["version"] == "1.1.0"
        assert told["columns"]["geometry"]["encoding"] == "WKB"


@pytest.mark.parametrize("ending", [".csv", ".geojson", ".gpkg", ".arrow", "parquet"])
def test_every_format_holds_every_table(found, tmp_path, ending):
    written = found.save(tmp_path, formats=[ending])
    assert [path.stem for path in written] == [
        "events",
        "cells",
        "regions",
        "borders",
        "provenance",
    ]
    again = gr.read_events(written[0])
    assert again["event_id"].tolist() == found.events["event_id"].tolist()
    located = found.events.geometry.notna()
    np.testing.assert_allclose(again.geometry[located].x, found.events.geometry[located].x)
    assert again["flags"].tolist() == found.events["flags"].tolist()


def test_progress_is_silent_unless_asked(table, capsys):
    steps = []
    gr.assess(table, hotspot_resolution=4, progress=steps.append)
    assert steps == ["Reading", "Locating", "Indexing", "Measuring", "Scoring"]
    gr.assess(table, hotspot_resolution=4)
    gr.assess(table, hotspot_resolution=4, progress=True)  # no terminal here
    assert capsys.readouterr() == ("", "")


def test_progress_is_drawn_on_a_terminal(monkeypatch, capsys):
    from geo_risk._core.progress import stages

    monkeypatch.setenv("FORCE_COLOR", "1")
    with stages(True, 2) as step:
        step("Reading")
        step("Locating")
    told = capsys.readouterr()
    assert told.out == ""
    assert "Locating" in told.err


def test_load_gives_back_what_was_saved(found, tmp_path):
    found.save(tmp_path)
    again = gr.Assessment.load(tmp_path)
    assert again.provenance == json.loads(json.dumps(found.provenance))
    for name in ("events", "cells", "regions", "borders"):
        before, after = getattr(found, name), getattr(again, name)
        assert after.columns.tolist() == before.columns.tolist()
        assert after.geometry.to_wkb().tolist() == before.geometry.to_wkb().tolist()
    with pytest.raises(gr.errors.DataNotFoundError, match=r"no provenance\.json"):
        gr.Assessment.load(tmp_path / "elsewhere")


def test_events_that_cannot_be_counted_give_no_cells():
    lost = gr.assess([{"location_name": "Nowhereville", "country": "Afghanistan"}])
    assert lost.cells is None
    assert lost.provenance["hotspots"] is None
    assert len(lost.regions) == len(lost.borders) == 0


def test_a_frame_that_was_read_is_not_read_again(table):
    events = gr.read_events(table)
    assert gr.assess(events).events["event_id"].tolist() == table["id"].tolist()


def test_command_line_assess(run, table, tmp_path):
    table.to_csv(tmp_path / "events.csv", index=False)
    result = run("assess", tmp_path / "events.csv", "--out", tmp_path / "out", "--resolution", "6")
    assert result.exit_code == 0, result.output
    assert "lon_out_of_range" in result.output
    for name in ("events.parquet", "cells.csv", "map.png", "map.html", "provenance.json"):
        assert (tmp_path / "out" / name).stat().st_size > 0


def test_command_line_errors_are_one_line(monkeypatch, capsys, tmp_path):
    monkeypatch.setattr("sys.argv", ["geo-risk", "assess", "nothing.csv", "--out", str(tmp_path)])
    with pytest.raises(SystemExit, match="2"):
        main()
    error = capsys.readouterr().err
    assert error.startswith("geo-risk: ")
    assert "nothing.csv" in error
    assert "Traceback" not in error


COMMANDS = ["demo", "assess", "geocode", "borders", "hotspots", "places", "layers", "info"]


@pytest.mark.parametrize("command", COMMANDS)
def test_command_line_help_has_an_example(run, command):
    result = run(command, "--help")
    assert result.exit_code == 0
    assert f"geo-risk {command}" in " ".join(result.output.split())


def test_command_line_pipes(table, tmp_path):
    """Each verb reads CSV from standard input and writes it to standard output."""
    text = table.to_csv(index=False)
    for command, column in (
        (["geocode", "--resolution", "5"], "h3_cell"),
        (["borders"], "border_m"),
        (["hotspots", "--study-area", "AF-TAK,AF-BDS"], "gi_z"),
    ):
        result = CliRunner().invoke(app, [command[0], "-", *command[1:]], input=text)
        assert result.exit_code == 0, result.output
        found = pd.read_csv(io.StringIO(result.stdout))
        assert column in found.columns
        if command[0] != "hotspots":
            assert found["id"].tolist() == table["id"].tolist()


def test_command_line_json(run, table, tmp_path):
    table.to_csv(tmp_path / "e.csv", index=False)
    told = run("assess", tmp_path / "e.csv", "--out", tmp_path / "o", "--no-maps", "--json")
    assert json.loads(told.stdout)["events"]["rows"] == 50
    place = json.loads(run("places", "Faizabad", "--region", "AF-BDS", "--json").stdout)[0]
    assert place["region_code"] == "AF-BDS"
    assert json.loads(run("info", "--json").stdout)["geo_risk"] == gr.__version__
    files = json.loads(run("layers", "verify", "--json").stdout)
    assert {"world_admin1.npz", "gazetteer.npz"} <= {row["file"] for row in files}
    assert "No place like" in run("places", "Qqqqqqzzz").stdout


# --- the check -----------------------------------------------------------------------------------


@pytest.fixture
def swapped():
    """Five rows of Takhar with exchanged columns among ten that are right."""
    rng = np.random.default_rng(5)
    lon, lat = rng.uniform(69.2, 69.8, 15), rng.uniform(36.4, 36.9, 15)
    lon[:5], lat[:5] = lat[:5].copy(), lon[:5].copy()
    return pd.DataFrame(
        {"id": [f"s{k}" for k in range(15)], "date": "2022-03-05", "lon": lon, "lat": lat,
         "country": "Afghanistan"}
    )  # fmt: skip


def test_exchanged_coordinates_are_said(swapped, caplog, tmp_path):
    with caplog.at_level(logging.WARNING, logger="geo_risk"):
        found = gr.assess(swapped, hotspot_resolution=4)
    assert "5 events: swapped_lonlat. They lie outside the country" in caplog.text
    flags = found.events["flags"].str.contains("swapped_lonlat").tolist()
    assert flags == [True] * 5 + [False] * 10
    assert found.flagged() == "5 of 15 events flagged. 5 events: swapped_lonlat."
    assert found.events["suggested_lon"].tolist()[:5] == swapped["lat"].tolist()[:5]
    assert found.summary()["suggested_lat"].notna().sum() == 5
    quality = found.provenance["events"]["quality"]
    assert quality["flags"]["swapped_lonlat"]["count"] == 5
    assert quality["country"] == {"misplaced": 5}
    assert "piles" not in quality
    assert found.events.geometry.x.tolist() == swapped["lon"].tolist()  # nothing is corrected
    stripped = json.loads(found.save(tmp_path, strip=True)[-1].read_text())
    assert stripped["events"]["quality"]["flags"]["swapped_lonlat"]["count"] == 5


def test_the_check_can_be_left_out_and_adds_no_column_in_vain(swapped, table, found):
    silent = gr.assess(swapped, hotspot_resolution=4, check=False)
    assert silent.provenance["events"]["quality"] is None
    assert silent.provenance["parameters"]["check"] is False
    assert silent.flagged() == "None of 15 events is flagged."
    assert "suggested_lon" not in silent.events.columns
    assert "suggested_lon" not in found.events.columns
    right = gr.assess(swapped[5:], hotspot_resolution=4)
    assert right.provenance["events"]["quality"]["flags"] == {}
    assert right.events.columns.tolist() == silent.events.columns.tolist()


def test_a_check_of_ones_own_is_kept_with_check_false_and_renewed_without(swapped):
    own = gr.check_events(gr.read_events(swapped), now="2022-01-01")
    kept = gr.assess(own, hotspot_resolution=4, check=False)
    assert kept.provenance["events"]["quality"]["options"]["now"] == "2022-01-01"
    assert kept.provenance["events"]["quality"]["flags"]["future_date"]["count"] == 15
    right = own.copy()
    turned = right["suggested_lon"].notna()
    x = right["suggested_lon"].where(turned, right.geometry.x)
    y = right["suggested_lat"].where(turned, right.geometry.y)
    right = right.set_geometry(geopandas.points_from_xy(x, y, crs="EPSG:4326"))
    renewed = gr.assess(right, hotspot_resolution=4)
    assert renewed.events["flags"].tolist() == [""] * 15
    assert renewed.events["suggested_lon"].isna().all()
    assert (renewed.events["region_code"] == "AF-TAK").sum() > 10


def test_the_day_matters_only_to_events_to_come(monkeypatch, tmp_path, swapped):
    clock = pd.Timestamp.now

    def saved(name, table, **options):
        files = gr.assess(table, hotspot_resolution=4, **options).save(tmp_path / name)
        return [path.read_bytes() for path in files]

    def wait(days):
        monkeypatch.setattr(
            "geo_risk.frames.check.routine._today",
            lambda: str((clock() + pd.Timedelta(days=days)).date()),
        )

    today = saved("today", swapped)
    wait(400)
    assert saved("later", swapped) == today
    wait(0)
    to_come = swapped.assign(date=str((clock() + pd.Timedelta(days=200)).date()))
    found = gr.assess(to_come, hotspot_resolution=4)
    assert found.provenance["events"]["quality"]["flags"]["future_date"]["count"] == 15
    assert found.provenance["events"]["quality"]["options"]["now"] == str(clock().date())
    wait(400)
    assert "future_date" not in gr.assess(to_come, hotspot_resolution=4).flagged()
    one = saved("one", to_come, now="2022-01-01")
    wait(800)
    assert saved("other", to_come, now="2022-01-01") == one


def test_command_line_says_what_is_flagged(run, swapped, tmp_path):
    swapped.to_csv(tmp_path / "e.csv", index=False)
    call = ("assess", tmp_path / "e.csv", "--hotspot-resolution", "4", "--no-maps")
    told = run(*call, "--out", tmp_path / "a")
    assert "5 of 15 events flagged. 5 events: swapped_lonlat." in told.stdout
    told = run(*call, "--out", tmp_path / "b", "--no-check")
    assert "None of 15 events is flagged." in told.stdout


def test_suggested_points_of_withheld_rows_stay_at_home(tmp_path):
    from source_frames import acled_frame

    rows = acled_frame()
    for one, other in (("latitude", "longitude"),):
        rows[[one, other]] = rows[[other, one]].to_numpy()
    found = gr.assess(rows, hotspot_resolution=3)
    assert "suggested_lon" in found.events.columns
    found.save(tmp_path, source_rows=False, formats=[".csv"])
    saved = pd.read_csv(tmp_path / "events.csv")
    assert "suggested_lon" not in saved.columns or saved["suggested_lon"].isna().all()


# --- the resolution of the scored cells ---------------------------------------------------------

AREAS = [
    {},
    {"study_area": "countries"},
    {"study_area": (68.0, 36.0, 71.0, 38.0)},
    {"study_area": (69.0, 36.0, 69.1, 36.1), "resolution": 6},  # it would fit a finer one
    {"study_area": (-180.0, -90.0, 180.0, 90.0)},  # not even 0 fits
    {"coarse": "keep"},
    {"places": 2, "permutations": 9, "seed": 1},
]


@pytest.mark.parametrize("options", AREAS, ids=str)
def test_the_resolution_is_the_first_that_is_not_refused(table, monkeypatch, options):
    from geo_risk.frames import score as scores, steps

    monkeypatch.setattr(steps, "_AUTO_CELLS", 90)
    score, asked = scores.score_hotspots, []

    def counted(*events, **wanted):
        asked.append(wanted)
        return score(*events, **wanted)

    monkeypatch.setattr(scores, "score_hotspots", counted)
    far = {"id": "far", "lon": 64.0, "lat": 33.0, "location_precision": "admin1"}
    found = gr.assess(pd.concat([table, pd.DataFrame([far])]), **options)
    assert len(asked) == 1  # nothing is tried
    del asked[0]["resolution"]

    def is_refused(resolution):
        try:
            score(found.events, resolution=resolution, max_cells=90, **asked[0])
        except ValueError:
            return True
        return False

    most = options.get("resolution", 7)
    first = next((r for r in range(most, 0, -1) if not is_refused(r)), 0)
    assert found.provenance["parameters"]["hotspot_resolution"] == first
    assert found.cells.attrs["geo_risk"]["hotspots"]["resolution"] == first


def test_regions_are_scored_at_no_resolution(table):
    found = gr.assess(table, by="regions", study_area="countries")
    assert found.provenance["parameters"]["hotspot_resolution"] is None
    assert "region_code" in found.cells


def test_the_steps_visit_the_checks_of_frames_four_times():
    """Events are decoded once and written once; cells are written once."""
    events = gr.read_events(
        [{"lon": 69.5, "lat": 36.7, "date": "2020-05-03"}] * 5
        + [{"location_name": "Taloqan", "country": "Afghanistan"}, {"country": "Tajikistan"}]
    )
    here, visits = "_core/frames.py", []

    def note(frame, event, _):
        entered = event == "call" and frame.f_code.co_filename.endswith(here)
        if entered and not frame.f_back.f_code.co_filename.endswith(here):
            visits.append(frame.f_code.co_name)

    sys.setprofile(note)
    try:
        gr.assess(events, now="2026-11-01")
    finally:
        sys.setprofile(None)
    assert len(visits) <= 4, visits
    assert "check_frame" in visits  # the trace sees them
