"""The command line as its page tells it: every command, every mistake, every exit code."""

from __future__ import annotations

import gzip
import inspect
import io
import json
import logging
import os
import re
import shlex
import signal
import subprocess
import sys
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import geopandas as gpd
import pandas as pd
import pytest
from map_cases import data_of
from paths import ROOT
from PIL import Image
from source_frames import acled_frame
from typer.testing import CliRunner

import geo_risk as gr
from geo_risk import cli
from geo_risk.cli import layers as _cli_layers
from geo_risk.cli.input import for_the_command_line, reader_options
from geo_risk.errors import AccessDeniedError, OptionNeededError, ServiceError
from geo_risk.regions import fetch_layer, load_geoboundaries

PAGE = (ROOT / "docs" / "command_line.md").read_text(encoding="utf-8")
LINES = [
    line
    for block in re.findall(r"```sh\n(.*?)```", PAGE, re.DOTALL)
    for line in block.replace("\\\n", " ").splitlines()
    if line.strip()
]
DISTRICTS = {
    "type": "FeatureCollection",
    "features": [
        {
            "type": "Feature",
            "properties": {"shapeID": f"D{west}", "shapeName": f"District {west}"},
            "geometry": {
                "type": "Polygon",
                "coordinates": [
                    [[west, 36], [west + 1, 36], [west + 1, 38], [west, 38], [west, 36]]
                ],
            },
        }
        for west in (69, 70)
    ],
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: Any) -> Path:
    """Where the commands of the page find what they name; they build on one another."""
    path: Path = tmp_path_factory.mktemp("line")
    pd.DataFrame(
        {
            "id": [f"e{k}" for k in range(40)],
            "date": "2022-03-05",
            "lon": [69.4 + k / 40 for k in range(40)],
            "lat": [36.5 + k % 7 / 10 for k in range(40)],
        }
    ).to_csv(path / "events.csv", index=False)
    (path / "odd.csv").write_text(
        "POINT_X;POINT_Y;date;what;where\n545000;4065000;03/04/2022;raid;Taloqan\n"
    )
    (path / "districts.geojson").write_text(json.dumps(DISTRICTS))
    return path


def shell(line: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run one line in a shell in which `geo-risk` is this checkout's."""
    tool = f'geo-risk() {{ {shlex.quote(sys.executable)} -m geo_risk.cli "$@"; }}\n'
    return subprocess.run(
        ["bash", "-o", "pipefail", "-c", tool + line],
        cwd=folder, capture_output=True, text=True, check=False,
        env={**os.environ, "PYTHONPATH": str(ROOT), "PYTHONWARNINGS": "error"},
    )  # fmt: skip


@pytest.fixture
def call(monkeypatch: Any, capsys: Any, tmp_path: Path) -> Any:
    """Run `geo-risk` with arguments; exit code, standard output and error."""
    monkeypatch.chdir(tmp_path)

    def run(*arguments: str) -> tuple[int, str, str]:
        monkeypatch.setattr("sys.argv", ["geo-risk", *arguments])
        with pytest.raises(SystemExit) as stop:
            cli.main()
        told = capsys.readouterr()
        return int(stop.value.code or 0), told.out, told.err

    yield run
    logging.getLogger().handlers.clear()


@pytest.mark.parametrize("line", LINES)
def test_every_command_of_the_page_runs(
    line: str, folder: Path, call: Any, monkeypatch: Any
) -> None:
    monkeypatch.chdir(folder)
    if "near.csv --resolution" in line and not (folder / "near.csv").exists():
        pd.read_csv(folder / "events.csv").to_csv(folder / "near.csv", index=False)
    if "|" in line:
        result = shell(line, folder)
        code, error = result.returncode, result.stderr
    else:  # without a shell, which spares the start of a process
        command, _, target = line.partition(" > ")
        code, out, error = call(*shlex.split(command, comments=True)[1:])
        if target:
            (folder / target.strip()).write_text(out, encoding="utf-8")
    assert code == 0, error
    assert "Traceback" not in error
    for name in re.findall(r"--out ([\w./]+)|> ([\w.]+)", line):
        assert (folder / "".join(name)).stat().st_size > 0


def test_the_page_names_every_command_and_option() -> None:
    for command in cli.app.registered_commands:
        assert command.callback is not None
        name = command.name or command.callback.__name__
        assert f"| `{name}` |" in PAGE, name
    for code in (0, 1, 2, 3, 130):
        assert f"| {code} |" in PAGE


CALLED: dict[str, list[Callable[..., Any]]] = {
    "demo": [],
    "assess": [gr.read_events, gr.assess, gr.Assessment.save, gr.load_regions],
    "geocode": [gr.read_events, gr.geocode, gr.load_regions],
    "borders": [gr.read_events, gr.border_proximity, gr.load_regions],
    "hotspots": [gr.read_events, gr.score_hotspots],
    "places": [gr.find_places],
    "info": [],
    "layers list": [],
    "layers fetch": [load_geoboundaries, fetch_layer],
    "layers verify": [],
}
"""Command → the functions that it hands its options to."""
# Another thing under the same name: --source is of events, and a layer is only loaded in a view
# or from a file where one is asked for.
OTHERWISE = {("source", gr.load_regions), ("worldview", gr.load_regions)}
OF_THE_COMMAND_LINE = {
    "out",
    "read",
    "regions",
    "worldview",
    "maps",
    "chunk_rows",
    "as_json",
    "csv_safe",
}


@pytest.mark.parametrize("command", CALLED)
def test_defaults_are_those_of_the_function_that_is_called(command: str) -> None:
    group, _, name = command.rpartition(" ")
    registered = (_cli_layers.app if group else cli.app).registered_commands
    (callback,) = [c.callback for c in registered if (c.name or c.callback.__name__) == name]
    options = inspect.signature(callback).parameters.values()
    for option in (option for option in options if option.default is not option.empty):
        here = {"jobs": "n_jobs"}.get(option.name, option.name)
        defaults = [
            inspect.signature(function).parameters[here].default
            for function in CALLED[command]
            if here in inspect.signature(function).parameters and (here, function) not in OTHERWISE
        ]
        assert defaults == [option.default] * len(defaults), option.name
        # geocode adds cells only where it is asked to, which `gr.geocode` never does
        ours = option.name in OF_THE_COMMAND_LINE or (command, here) == ("geocode", "resolution")
        assert defaults or ours, option.name


def test_the_defaults_of_every_command_are_compared() -> None:
    names = {c.name or c.callback.__name__ for c in cli.app.registered_commands}
    names |= {
        f"layers {c.name or c.callback.__name__}" for c in _cli_layers.app.registered_commands
    }
    assert names == set(CALLED)


# mistakes -----------------------------------------------------------------------------------------


EVENTS = "id,date,lon,lat\n1,2022-03-05,69.53,36.74\n"
MISTAKES: list[tuple[list[str], str, str]] = [
    (["geocode", "nowhere.csv"], EVENTS, "'nowhere.csv' does not exist"),
    (["geocode", "."], EVENTS, "is a directory"),
    (["geocode", "e.csv"], "", "is empty: it does not even have a header"),
    (["geocode", "e.csv"], "a,b\n1,2\n", "--read lon=… --read lat=…"),
    (["geocode", "e.csv"], "lon,lat,date\n1,2,03/04/2020\n", "--read dayfirst=…"),
    (["geocode", "e.csv"], "x,y\n545000,4065000\n", "--read crs=…"),
    (["geocode", "e.csv"], "lon,lng,lat\n1,2,3\n", "longitude could be any of 'lon', 'lng'"),
    (["geocode", "e.csv"], "lon,lng,lat\n1,2,3\n", "command line: --read lon=… --read lat=…"),
    (["geocode", "e.csv"], "lon,b\n1,2\n", "command line: --read lat=…"),
    (["geocode", "e.csv"], "a\n1\n", "--read delimiter=… --read location_name=…"),
    (["geocode", "e.csv"], "1,2\n3,4\n", "--read names=… --read location_name=…"),
    (["geocode", "e.csv"], "a;b\n1;36.7,69.5\n", "--read geometry=… --read latlon=…"),
    (["geocode", "e.csv"], "lon,lat\x00\n1,2\n", "command line: --read encoding=…"),
    (["geocode", "e.csv"], "\x00\x01", "is not text"),
    (["geocode", "e.csv", "--read", "lon"], EVENTS, "NAME=VALUE is needed"),
    (["geocode", "e.csv", "--read", "colour=red"], EVENTS, "'colour' is not one of lon, lat"),
    (["geocode", "e.csv", "--read", "dayfirst=maybe"], EVENTS, "dayfirst is true or false"),
    (["geocode", "e.csv", "--read", "lon=east"], EVENTS, "no column 'east'"),
    (["geocode", "e.csv", "--out", "e.docx"], EVENTS, "ends in none of .parquet"),
    (["geocode", "e.csv", "--out", "no/e.csv"], EVENTS, "'no' is not a folder"),
    (["geocode", "e.csv", "--source", "emdat"], EVENTS, "must be one of 'acled'"),
    (["geocode", "e.csv", "--source", "ucdp"], EVENTS, "needs columns that are missing"),
    (["geocode", "e.csv", "--worldview", "mine"], EVENTS, "mine"),
    (["geocode", "e.csv", "--regions", "no.gpkg"], EVENTS, "no.gpkg"),
    (["geocode", "e.csv", "--jobs", "0"], EVENTS, "Invalid n_jobs"),
    (["geocode", "e.csv", "--resolution", "16"], EVENTS, "15"),
    (["geocode", "e.csv", "--chunk-rows", "5", "--out", "e.gpkg"], EVENTS, "written as .csv"),
    (["geocode", "-", "--chunk-rows", "5"], EVENTS, "standard input is read whole"),
    (["borders", "e.csv", "--kind", "sea"], EVENTS, "must be one of 'land'"),
    (["hotspots", "e.csv", "--method", "magic"], EVENTS, "must be one of 'gi_star'"),
    (["hotspots", "e.csv", "--value", "deaths"], EVENTS, "no column 'deaths'"),
    (["hotspots", "e.csv", "--study-area", "AF-XYZ,AF-TAK"], EVENTS, "AF-XYZ"),
    (["assess", "e.csv"], EVENTS, "Missing option '--out'"),
    (["geocode", "nowhere.csv", "--out", "e.docx"], EVENTS, "ends in none of .parquet"),
    (["hotspots", "nowhere.csv", "--out", "e.docx"], EVENTS, "ends in none of .parquet"),
    (["assess", "nowhere.csv", "--out", "e.csv"], EVENTS, "'e.csv' is a file; a folder is needed"),
    (["demo", "--out", "e.csv"], EVENTS, "'e.csv' is a file; a folder is needed"),
    (["assess", "e.csv", "--out", "o", "--coarsen", "villages"], EVENTS, "Invalid coarsen"),
    (["places", ""], EVENTS, "Invalid name"),
    (["places", "Taloqan", "--country", "Narnia"], EVENTS, "Unknown country 'Narnia'"),
    (["layers", "fetch", "Narnia"], EVENTS, "Unknown country 'Narnia'"),
    (["nonsense"], EVENTS, "No such command"),
]


@pytest.mark.parametrize(("arguments", "text", "told"), MISTAKES)
def test_a_mistake_is_told_in_words(
    call: Any, tmp_path: Path, arguments: list[str], text: str, told: str
) -> None:
    (tmp_path / "e.csv").write_text(text)
    code, out, error = call(*arguments)
    assert code == 2
    assert told in " ".join(error.replace("│", " ").split()).replace("\n", " ")
    assert "Traceback" not in error
    assert out == ""


@pytest.mark.parametrize("chunks", [[], ["--chunk-rows", "5"]])
@pytest.mark.parametrize("out", ["e.csv", "./e.csv", "link.csv", "hard.csv", "sub/../e.csv"])
@pytest.mark.parametrize("command", ["geocode", "borders"])
def test_the_input_is_never_written_over(
    call: Any, tmp_path: Path, command: str, out: str, chunks: list[str]
) -> None:
    same_names(tmp_path)
    code, _, error = call(command, "e.csv", "--out", out, *chunks)
    assert code == 2
    assert error == f"geo-risk: Invalid out: '{Path(out)}' is the input 'e.csv' itself.\n"
    assert (tmp_path / "e.csv").read_text() == EVENTS


def same_names(folder: Path) -> None:
    (folder / "sub").mkdir()
    (folder / "e.csv").write_text(EVENTS)
    (folder / "link.csv").symlink_to("e.csv")
    (folder / "hard.csv").hardlink_to(folder / "e.csv")


def test_nor_by_hotspots_and_assess_nor_the_layer(call: Any, tmp_path: Path) -> None:
    same_names(tmp_path)
    (tmp_path / "sub" / "events.csv").symlink_to(tmp_path / "e.csv")
    (tmp_path / "d.geojson").write_text(json.dumps(DISTRICTS))
    told = " is the input "
    for line in (
        "hotspots e.csv --out link.csv", "hotspots link.csv --out e.csv",
        "assess e.csv --out sub", "assess sub/events.csv --out sub",
        "geocode e.csv --regions d.geojson --out d.geojson",
    ):  # fmt: skip
        code, _, error = call(*line.split())
        assert code == 2, line
        assert told in error, line
    assert (tmp_path / "e.csv").read_text() == EVENTS
    assert json.loads((tmp_path / "d.geojson").read_text()) == DISTRICTS


@pytest.mark.parametrize("chunks", [[], ["--chunk-rows", "9000"]])
def test_an_input_that_breaks_leaves_the_earlier_output(
    call: Any, tmp_path: Path, chunks: list[str]
) -> None:
    """Also where the first chunks of it are whole."""
    rows = b"lon,lat\n" + b"69.5,36.7\n" * 20_000
    (tmp_path / "e.csv.gz").write_bytes(gzip.compress(rows, 1)[:-9])
    (tmp_path / "o.csv").write_text("earlier")
    code, _, error = call("geocode", "e.csv.gz", "--out", "o.csv", *chunks)
    assert code == 2, error
    assert (tmp_path / "o.csv").read_text() == "earlier"
    assert {path.name for path in tmp_path.iterdir()} == {"e.csv.gz", "o.csv"}


def test_how_to_read_events_is_not_told_of_a_layer(call: Any, tmp_path: Path) -> None:
    (tmp_path / "e.csv").write_text(EVENTS)
    shapes = gpd.GeoDataFrame.from_features(DISTRICTS)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that it has no CRS
        shapes.to_file(tmp_path / "d.gpkg")
    code, _, error = call("geocode", "e.csv", "--regions", "d.gpkg")
    assert code == 2
    assert "states no CRS" in error
    assert "--read" not in error


def test_an_empty_pipe_and_one_that_holds_json(call: Any, monkeypatch: Any) -> None:
    def pipe(content: bytes) -> None:
        monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(content)))

    pipe(b"")
    code, _, error = call("geocode", "-")
    assert code == 2
    assert "is empty" in error
    pipe(json.dumps([{"lon": 69.53, "lat": 36.74}]).encode())
    code, out, error = call("geocode", "-")
    assert code == 0
    assert pd.read_csv(io.StringIO(out))["region_code"].tolist() == ["AF-TAK"]
    pipe(b"lon;lat;place\n69,53;36,74;Bogot\xe1\n")
    code, out, error = call("geocode", "-")
    assert "decoded_cp1252 1" in error
    assert "Bogotá" in out


def test_a_pipe_gives_what_the_file_gives(folder: Path) -> None:
    one = shell("geo-risk geocode events.csv --resolution 5 | geo-risk borders -", folder)
    other = shell("geo-risk geocode events.csv --resolution 5 --out pipe.csv", folder)
    assert one.returncode == other.returncode == 0, one.stderr + other.stderr
    events = gr.border_proximity(
        gr.index_h3(gr.geocode(gr.read_events(folder / "events.csv")), resolution=5)
    )
    found = pd.read_csv(io.StringIO(one.stdout), dtype={"border_m": str})
    assert not [name for name in found.columns if name in ("region_code_", "lon__")]
    assert found["h3_cell"].tolist() == events["h3_cell"].tolist()
    metres = [float(text) for text in found["border_m"]]  # pandas 2 reads the last bit wrongly
    assert metres == events["border_m"].tolist()


def test_chunks_add_up_to_the_whole(folder: Path) -> None:
    result = shell("geo-risk borders events.csv --chunk-rows 7 --out chunks.csv --json", folder)
    assert json.loads(result.stdout) == {"file": "chunks.csv", "rows": 40}
    parts = pd.read_csv(folder / "chunks.csv").drop(columns="malformed_text")
    whole = shell("geo-risk borders events.csv", folder).stdout
    pd.testing.assert_frame_equal(parts, pd.read_csv(io.StringIO(whole)))


def test_the_reader_of_a_pipe_may_go_away(folder: Path) -> None:
    big = "for k in $(seq 20000); do echo 69.5,36.7,$k; done"
    line = f"(echo lon,lat,n; {big}) | geo-risk geocode - | head -n 1"
    result = shell("set +o pipefail; " + line + '; echo "${PIPESTATUS[1]}"', folder)
    assert result.stdout.splitlines()[1] == "1"
    assert "Traceback" not in result.stderr


@pytest.mark.parametrize("inherited", [signal.SIG_DFL, signal.SIG_IGN], ids=["shown", "hidden"])
def test_the_user_may_stop_it(folder: Path, inherited: Any) -> None:
    """Also where this run is in the background, whose children inherit that SIGINT is ignored."""
    tool = [sys.executable, "-m", "geo_risk.cli", "geocode", "-"]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    before = signal.signal(signal.SIGINT, inherited)
    try:
        running = subprocess.Popen(tool, cwd=ROOT, text=True, preexec_fn=hear_sigint, **pipes)
    finally:
        signal.signal(signal.SIGINT, before)
    with running, ending(running):
        assert running.stdin is not None
        running.stdin.write("lon,lat\n1,2\n")
        running.stdin.flush()
        with pytest.raises(subprocess.TimeoutExpired):  # it waits for the rest
            running.wait(timeout=4)
        running.send_signal(signal.SIGINT)
        _, error = running.communicate(timeout=60)
        assert running.returncode in (130, 1)  # 1 with older versions of typer
    assert "Traceback" not in error


def hear_sigint() -> None:
    """Let a child be stopped by SIGINT, whatever it inherited."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


@contextmanager
def ending(process: subprocess.Popen[str]) -> Iterator[None]:
    """Kill the process where what is inside fails, so that nothing waits for it."""
    try:
        yield
    except BaseException:
        process.kill()
        raise


def test_json_of_every_command(call: Any, tmp_path: Path) -> None:
    (tmp_path / "e.csv").write_text(EVENTS)
    row = json.loads(call("geocode", "e.csv", "--json")[1])[0]
    assert row["region_code"] == "AF-TAK"
    assert row["snap_m"] is None
    told = json.loads(call("borders", "e.csv", "--json", "--out", "b.csv")[1])
    assert told == {"file": "b.csv", "rows": 1, "match": {"polygon": 1}, "flags": {}}
    cells = json.loads(call("hotspots", "e.csv", "--resolution", "3", "--json")[1])
    assert sum(cell["n_events"] for cell in cells) == 1
    for command in (["layers"], ["layers", "list"], ["layers", "verify"]):
        assert {"file", "sha256"} <= set(json.loads(call(*command, "--json")[1])[0])
    shared = json.loads(call("assess", "e.csv", "--out", "o", "--share", "--no-maps", "--json")[1])
    assert shared["events"] is None
    assert "o/cells.csv" in shared["files"]


def test_maps_of_what_is_shared_draw_no_event(call: Any, tmp_path: Path) -> None:
    rows = [f"{69.5 + k / 1000},36.7,raid at dawn" for k in range(5)]
    (tmp_path / "e.csv").write_text("\n".join(["lon,lat,category", *rows]))
    assert call("assess", "e.csv", "--out", "all")[0] == 0
    assert call("assess", "e.csv", "--out", "shared", "--share")[0] == 0
    code, _, error = call("assess", "e.csv", "--out", "by_region", "--coarsen", "regions")
    assert code == 0
    assert "No maps" in error
    assert not (tmp_path / "by_region" / "map.html").exists()
    assert "raid at dawn" in (tmp_path / "all" / "map.html").read_text("utf-8")
    for path in (tmp_path / "shared").iterdir():
        assert b"raid at dawn" not in path.read_bytes(), path


def cells_of(page: Path) -> dict[str, tuple[str, str | None]]:
    """Count and class of each cell, as the popups of a page tell them."""
    cells = data_of(page)["cells"]
    rows = [dict(zip(cells["columns"], row)) for row in cells["rows"]]
    return {row["H3 cell"]: (row["events"], row.get("hotspot")) for row in rows}


def test_a_stricter_export_replaces_the_maps_or_is_refused(call: Any, tmp_path: Path) -> None:
    (tmp_path / "e.csv").write_text("id,lon,lat\n" + "1,69.53,36.74\n2,69.53,36.74\n")
    run = ("assess", "e.csv", "--share", "--out", "o")
    assert call(*run, "--min-count", "1")[0] == 0
    code, _, error = call(*run, "--min-count", "5", "--no-maps")
    assert (code, "map.html, map.png of an earlier save" in error) == (2, True)
    assert call(*run, "--min-count", "5")[0] == 0
    assert [row[1] for row in data_of(tmp_path / "o" / "map.html")["cells"]["rows"]].count("2") == 0
    code, _, error = call("assess", "e.csv", "--out", "p", "--min-count", "5")
    assert (code, "Invalid min_count: 5 is not used" in error) == (2, True)
    assert not (tmp_path / "p").exists()


@pytest.mark.parametrize("options", [["--share"], ["--coarsen", "cells"], ["--coarsen", "4"]])
def test_the_shared_map_has_the_cells_of_the_shared_table(
    call: Any, tmp_path: Path, options: list[str]
) -> None:
    """Five events with a place, four that are known to be in the country."""
    columns = {"country": "Afghanistan", "notes": "said a nurse", "id": "case-1"}
    located = pd.DataFrame({"lon": [69.53] * 5, "lat": [36.74] * 5, "location_precision": "place"})
    coarse = pd.DataFrame({"lon": [67.7] * 4, "lat": [33.9] * 4, "location_precision": "country"})
    pd.concat([located, coarse]).assign(**columns).to_csv(tmp_path / "informers.csv", index=False)
    assert call("assess", "informers.csv", "--out", "o", *options)[0] == 0
    table = pd.read_csv(tmp_path / "o" / "cells.csv")
    assert table["n_events"].tolist() == [5]
    assert cells_of(tmp_path / "o" / "map.html") == {table["h3_cell"][0]: ("5", None)}
    page = (tmp_path / "o" / "map.html").read_text("utf-8")
    with Image.open(tmp_path / "o" / "map.png") as picture:
        told = page + " ".join(picture.text.values())  # type: ignore[attr-defined]
    for secret in ("informers", "said a nurse", "case-1", "of 9"):
        assert secret not in told


@pytest.mark.parametrize(
    ("source", "options"),
    [("table", ["--strip"]), ("table", []), ("acled", []), ("acled", ["--strip"])],
)
def test_maps_of_rows_draw_the_rows_that_were_saved(
    call: Any, tmp_path: Path, source: str, options: list[str]
) -> None:
    """Stripped rows, and ACLED's without their points: the map has what the tables have."""
    frame = acled_frame(notes="said a nurse")
    if source == "table":
        frame = frame.rename(columns={"event_id_cnty": "id", "location": "location_name"})
        frame = frame[["id", "location_name", "latitude", "longitude", "notes", "country"]]
    frame.to_csv(tmp_path / "e.csv", index=False)
    assert call("assess", "e.csv", "--out", "o", "--hotspot-resolution", "5", *options)[0] == 0
    cells = pd.read_csv(tmp_path / "o" / "cells.csv")
    told = zip(cells["n_events"].astype(str), cells["hotspot"])
    drawn = cells_of(tmp_path / "o" / "map.html")
    assert drawn.items() <= dict(zip(cells["h3_cell"], told)).items()
    assert set(cells["h3_cell"][cells["n_events"] > 0]) <= set(drawn)
    events = pd.read_csv(tmp_path / "o" / "events.csv")
    data = data_of(tmp_path / "o" / "map.html")
    points = 3 if source == "table" else 0
    assert len(data["events"]["x"]) == events["lon"].notna().sum() == points
    page = (tmp_path / "o" / "map.html").read_text("utf-8")
    assert "said a nurse" not in page
    assert ("Points left out of this map" in page) == (source == "acled")
    assert ("Khwaja Ghar" in page) == (source == "table")


@pytest.mark.parametrize("error", [ServiceError("gone"), AccessDeniedError("refused")])
def test_a_service_that_fails_has_its_own_code(call: Any, monkeypatch: Any, error: Any) -> None:
    def fail(*_: Any, **__: Any) -> Any:
        raise error

    monkeypatch.setattr("geo_risk.regions.fetch_layer", fail)
    assert call("layers", "fetch", "https://example.org/x.gpkg") == (3, "", f"geo-risk: {error}\n")


def test_a_layer_that_was_fetched_is_listed_and_verified(
    call: Any, monkeypatch: Any, tmp_path: Path
) -> None:
    monkeypatch.setenv("GEO_RISK_CACHE_DIR", str(tmp_path))
    kept = tmp_path / "downloads" / "0123-d.geojson"
    kept.parent.mkdir()
    kept.write_text("{}")
    record = {"url": "https://example.org/d.geojson", "bytes": 2, "fetched": "2026-01-01T00:00:00Z"}
    record["sha256"] = "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"
    Path(f"{kept}.json").write_text(json.dumps(record))
    listed = json.loads(call("layers", "verify", "--json")[1])
    assert str(kept) in [row["file"] for row in listed]
    kept.write_text("{ }")
    code, _, error = call("layers", "verify")
    assert code == 2
    assert "d.geojson is damaged" in error


def test_what_nobody_foresaw_is_told_without_a_traceback(
    call: Any, monkeypatch: Any, caplog: Any
) -> None:
    def fail(*_: Any, **__: Any) -> Any:
        raise KeyError("inner")

    monkeypatch.setattr("geo_risk.places.find_places", fail)
    code, _, error = call("places", "Taloqan")
    assert code == 1
    assert "unexpected error, KeyError: 'inner'" in error
    assert "Traceback" not in error
    _, _, error = call("--verbose", "places", "Taloqan")
    assert "Traceback" in error


def test_the_version(call: Any) -> None:
    assert call("--version") == (0, f"geo-risk {gr.__version__}\n", "")


def test_help_of_the_layers_has_examples() -> None:
    for command in ([], ["list"], ["fetch"], ["verify"]):
        result = CliRunner().invoke(cli.app, ["layers", *command, "--help"])
        assert result.exit_code == 0
        assert "geo-risk" in " ".join(result.output.split()).split("Example:")[1]


def test_options_of_the_readers() -> None:
    given = ["lon=X", "dayfirst=False", "delimiter=\\t", "layer=2", "names=a,b", "actors=a,b"]
    assert reader_options([*given, "date=when", "latlon=where"]) == {
        "lon": "X", "dayfirst": False, "delimiter": "\t", "layer": 2, "names": ["a", "b"],
        "columns": {"actors": ["a", "b"], "date": "when", "latlon": "where"},
    }  # fmt: skip


def test_what_an_error_asks_for_is_told_in_the_words_of_the_command_line() -> None:
    assert for_the_command_line(ValueError("Pass crs=.")) == "Pass crs=."  # prose is not read
    asked = OptionNeededError("Say more.", ["lon", "geometry", "worldview"])
    assert for_the_command_line(asked) == (
        "Say more.\nOn the command line: --read lon=… --read geometry=… --worldview …"
    )
