"""What data, names and arguments may hold reaches the terminal as text, from every command."""

from __future__ import annotations

import ast
import io
import json
import logging
import os
import re
import shlex
import subprocess
import sys
import warnings
from pathlib import Path
from typing import Any

import geopandas
import pandas as pd
import pytest
import shapely
from hypothesis import given, strategies as st
from paths import ROOT, shared

from geo_risk import cli
from geo_risk._core import terminal as _terminal
from geo_risk._core.terminal import draw_table, say, shown_text, visible, visible_json
from geo_risk.cli import layers as _cli_layers

# Escape, BEL, CR, backspace, C1, bidi overrides, OSC 8 links, marks of rich, a byte of a file name.
HOSTILE = (
    "[/x]\x1b[31mred\x07\r\b\x9b1m\u202edne\u2066\u200b\x1b]8;;http://x.org\x1b\\[link=y]z:smile:"
)
OBEYED = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u200b\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
HEADER = HOSTILE.replace("\r", "")
DISTRICT = {"shapeID": f"D{HOSTILE}", "shapeName": HOSTILE, "geometry": shapely.box(69, 36, 70, 38)}


@pytest.fixture
def call(monkeypatch: Any, capsys: Any, tmp_path: Path) -> Any:
    """Run `geo-risk` with arguments; exit code, standard output and error."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TERM", "dumb")  # or rich paints

    def run(*arguments: str) -> tuple[int, str, str]:
        monkeypatch.setattr("sys.argv", ["geo-risk", *arguments])
        with pytest.raises(SystemExit) as stop:
            cli.main()
        told = capsys.readouterr()
        return int(stop.value.code or 0), told.out, told.err

    yield run
    logging.getLogger().handlers.clear()


def files(folder: Path, name: str) -> None:
    """Events and districts that are hostile wherever text can be."""
    columns = {"lon": [69.53, None], "lat": 36.74, "date": "2020-01-01", "id": [HOSTILE, "2"],
               "place": ["Taloqan", HOSTILE], HEADER: "x", "category": HOSTILE}  # fmt: skip
    pd.DataFrame(columns).to_csv(folder / f"{name}.csv", index=False, errors="surrogateescape")
    districts = geopandas.GeoDataFrame([DISTRICT], crs=4326)
    districts.to_parquet(folder / f"{name}.parquet")
    kept = folder / "cache" / "downloads" / "0123-d.geojson"
    kept.parent.mkdir(parents=True)
    kept.write_text("{}")
    record = {"url": f"https://x.org/{HOSTILE}", "bytes": 2, "fetched": HOSTILE}
    record["sha256"] = "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"
    Path(f"{kept}.json").write_text(json.dumps(record))


NAME = f"e{HOSTILE}".replace("/", "").replace("\0", "")  # what may stand in a path
COMMANDS: dict[str, list[list[str]] | str] = {
    "demo": "takes no text of others",
    "assess": [[f"{NAME}.csv", "--out", NAME], [f"{NAME}.csv", "--out", NAME, "--json"]],
    "geocode": [[f"{NAME}.csv"], [f"{NAME}.csv", "--json"],
                [f"{NAME}.csv", "--out", f"{NAME}o.csv"],
                [f"{NAME}.csv", "--regions", f"{NAME}.parquet", "--level", "2"],
                [f"{NAME}.csv", "--chunk-rows", "1", "--out", f"{NAME}o.csv", "--json"]],
    "borders": [[f"{NAME}.csv"], [f"{NAME}.csv", "--json"]],
    "hotspots": [[f"{NAME}.csv", "--resolution", "3"]],
    "places": [[HOSTILE], ["Taloqan"], ["Taloqan", "--json"]],
    "info": [[]],
    "layers": [[], ["--json"]],
    "layers list": [[], ["--json"]],
    "layers verify": [[]],
    "layers fetch": "needs a server: tests/unit/test_network.py",
}  # fmt: skip
RUNS = [(name, line) for name, lines in COMMANDS.items() if not isinstance(lines, str)
        for line in lines]  # fmt: skip


def test_no_command_is_forgotten() -> None:
    named = {c.name or c.callback.__name__ for c in cli.app.registered_commands}  # type: ignore[union-attr]
    layers = {c.name or c.callback.__name__ for c in _cli_layers.app.registered_commands}  # type: ignore[union-attr]
    assert {*named, "layers", *(f"layers {name}" for name in layers)} == set(COMMANDS)


@pytest.mark.parametrize(("command", "line"), RUNS)
def test_a_terminal_is_shown_nothing_that_it_would_obey(
    call: Any, tmp_path: Path, monkeypatch: Any, command: str, line: list[str]
) -> None:
    files(tmp_path, NAME)
    if command.startswith("layers"):  # of elsewhere, the indexes would be built again
        monkeypatch.setenv("GEO_RISK_CACHE_DIR", str(tmp_path / "cache"))
    if command in ("geocode", "borders", "hotspots"):  # tables of assess are drawn by rich
        monkeypatch.setattr(sys.stdout, "isatty", lambda: True, raising=False)
    options = ["--no-maps"] if command == "assess" else []
    code, out, error = call("--verbose", *command.split(), *line, *options)
    assert code == 0, error
    assert not OBEYED.findall(out + error)
    if (command in ("assess", "borders") and "--json" not in line) or line[:1] == [HOSTILE]:
        assert "[/x]" in out
        assert ":smile:" in out
        assert r"\u202e" in out


def test_names_that_rich_takes_for_marks_end_no_command(call: Any) -> None:
    events = shared("cases/attacks/rich_markup.csv")
    code, out, error = call("assess", str(events), "--out", "o", "--no-maps")
    assert (code, "[/x]1" in out) == (0, True), error


ERRORS: list[list[str]] = [
    [HOSTILE], ["geocode", HOSTILE], ["geocode", "e.csv", f"--{HOSTILE}"],
    ["geocode", "e.csv", "--read", f"lon={HOSTILE}"], ["geocode", "e.csv", "--read", HOSTILE],
    ["geocode", "e.csv", "--level", HOSTILE], ["geocode", "e.csv", "--worldview", HOSTILE],
    ["geocode", "e.csv", "--source", HOSTILE], ["geocode", "e.csv", "--out", f"{NAME}/o.csv"],
    ["hotspots", "e.csv", "--study-area", HOSTILE], ["hotspots", "e.csv", "--value", HOSTILE],
    ["places", "Taloqan", "--country", HOSTILE], ["layers", HOSTILE],
    ["layers", "fetch", HOSTILE], ["layers", "fetch", f"ftp://{HOSTILE}"],
    ["geocode", "no\nsuch\nfile.csv"],
]  # fmt: skip


@pytest.mark.parametrize("line", ERRORS)
@pytest.mark.parametrize("verbose", [[], ["--verbose"]])
def test_errors_quote_arguments_as_text(
    call: Any, tmp_path: Path, line: list[str], verbose: list[str]
) -> None:
    (tmp_path / "e.csv").write_text("lon,lat\n1,2\n")
    code, out, error = call(*verbose, *line)
    assert (code, out) == (2, "")
    assert not OBEYED.findall(error)
    told = [text for text in error.splitlines() if text.startswith("geo-risk: ")]
    assert len(told) == 1
    assert verbose or "Traceback" not in error


def test_log_and_warnings_are_text(call: Any, monkeypatch: Any) -> None:
    def find(*_: Any, **__: Any) -> Any:
        logging.getLogger("geo_risk").warning("of %s", HOSTILE)
        warnings.showwarning(f"in {HOSTILE}", UserWarning, "f.py", 1)  # type: ignore[arg-type]
        raise KeyError(HOSTILE)

    monkeypatch.setattr("geo_risk.places.find_places", find)
    code, _, error = call("--verbose", "places", "Taloqan")
    assert code == 1
    assert not OBEYED.findall(error)
    assert "of [/x]\\x1b[31mred" in error
    assert "UserWarning: in [/x]" in error
    assert "Traceback" in error


def calls(tree: ast.AST) -> set[str]:
    """What prints, or draws, or hands out a stream: whole names such as `sys.stdout`."""
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and node.attr in {"stdout", "stderr", "stdin", "echo",
                "secho", "style", "prompt", "confirm", "get_binary_stream"}:  # fmt: skip
            found.add(node.attr)
        if isinstance(node, ast.Name) and node.id == "print":
            found.add("print")
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            module = getattr(node, "module", None) or ""
            names = {module, *(f"{module}.{alias.name}" for alias in node.names),
                     *(alias.name for alias in node.names)}  # fmt: skip
            found |= {name for name in names if name == "rich" or name.startswith("rich.")}
    return found


COLUMNS = ("BarColumn", "DownloadColumn", "MofNCompleteColumn", "TimeElapsedColumn")
COLUMNS_OF_BARS = {"rich.progress", *(f"rich.progress.{name}" for name in COLUMNS)}


@pytest.mark.parametrize(
    "line",
    ["print(1)", "sys.stdout.write(x)", "typer.echo(x)", "from rich.console import Console",
     "import rich", "from rich import print", "sys.stderr.write(x)", "typer.secho(x)"],
)  # fmt: skip
def test_a_line_that_prints_is_seen(line: str) -> None:
    assert calls(ast.parse(line)) - COLUMNS_OF_BARS


def test_only_one_module_prints() -> None:
    for path in sorted((ROOT / "geo_risk").rglob("*.py")):
        if path.name != "terminal.py":
            assert not calls(ast.parse(path.read_text("utf-8"))) - COLUMNS_OF_BARS, path


def test_every_text_of_rich_goes_through_one_function() -> None:
    """In the one module: each thing of rich that shows text is handed what `visible` made."""
    tree = ast.parse(Path(_terminal.__file__).read_text("utf-8"))
    shown = {"Table", "add_column", "add_row", "status", "Text"}
    seen = set()
    for node in ast.walk(tree):
        name = getattr(node, "func", None)
        name = getattr(name, "attr", getattr(name, "id", ""))
        if isinstance(node, ast.Call) and name in shown:
            seen.add(name)
            assert "shown_text" in ast.unparse(node) or "visible(" in ast.unparse(node)
    assert seen == shown


@given(st.text())
def test_what_is_shown_is_one_line_that_obeys_nothing(text: str) -> None:
    assert not OBEYED.findall(visible(text))
    assert "\n" not in visible(text)
    assert shown_text(text).plain == visible(text)
    assert not shown_text(text).spans
    assert json.loads(visible_json(json.dumps(text, ensure_ascii=False))) == text


@pytest.mark.parametrize("text", ["تخار\u200cها", "Ṭāluqān", "קו\u200f", "a [b] c", "日本"])
def test_what_is_no_order_stays(text: str) -> None:
    assert visible(text) == text


# standard streams ---------------------------------------------------------------------------------

EVENTS = "id,date,lon,lat,location_name\n1,2022-03-05,69.53,36.74,Ṭāluqān تالقان\n"
PLACES = [
    {"LC_ALL": "C", "PYTHONIOENCODING": "latin-1"},
    {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0", "PYTHONIOENCODING": ""},
]


def child(line: str, folder: Path, text: str = EVENTS, **environment: str) -> Any:
    tool = f'geo-risk() {{ {shlex.quote(sys.executable)} -m geo_risk.cli "$@"; }}\n'
    return subprocess.run(
        ["bash", "-c", tool + line], cwd=folder, capture_output=True, check=False, timeout=60,
        input=text.encode(), env={**os.environ, "PYTHONPATH": str(ROOT), **environment},
    )  # fmt: skip


@pytest.mark.parametrize("environment", PLACES, ids=["latin-1", "ascii"])
def test_results_are_utf8_whatever_the_locale(tmp_path: Path, environment: dict[str, str]) -> None:
    run = child("geo-risk geocode - && geo-risk places Ṭāluqān --json", tmp_path, **environment)
    assert run.returncode == 0, run.stderr
    assert b"\r" not in run.stdout
    told = run.stdout.decode("utf-8")
    assert "Ṭāluqān تالقان" in told
    assert "AF-TAK" in told


CLOSED = [
    ("geo-risk geocode - <&-", 2, "Standard input is closed"),
    ("geo-risk geocode - >&-", 2, "Standard output is closed"),
    ("geo-risk info >&-", 2, "Standard output is closed"),
    ("geo-risk info --json > /dev/full", 2, "No space left"),
    ("geo-risk geocode e.csv --out o.csv <&- >&-; cat o.csv > /dev/null", 0, ""),
    ("geo-risk nonsense 2>&-", 2, ""),
]


@pytest.mark.parametrize(("line", "code", "told"), CLOSED)
def test_streams_that_are_closed(tmp_path: Path, line: str, code: int, told: str) -> None:
    (tmp_path / "e.csv").write_text(EVENTS, encoding="utf-8")
    run = child(line, tmp_path)
    error = run.stderr.decode()
    assert run.returncode == code, error
    assert told in error
    assert "Traceback" not in error
    assert "Exception ignored" not in error
    assert code == 0 or len(error.splitlines()) == (1 if told else 0)


def test_a_reader_that_goes_away_ends_it_quietly(tmp_path: Path) -> None:
    """Also where all of the output fits into a buffer, and is written at the very end."""
    run = child('set -o pipefail; geo-risk info | true; echo "${PIPESTATUS[0]}"', tmp_path)
    assert (run.stdout, run.stderr) in ((b"1\n", b""), (b"0\n", b""))


def test_a_terminal_as_input_is_told_what_to_do(call: Any, monkeypatch: Any) -> None:
    stream = io.TextIOWrapper(io.BytesIO(EVENTS.encode()))
    stream.isatty = lambda: True  # type: ignore[method-assign]
    monkeypatch.setattr("sys.stdin", stream)
    code, _, error = call("geocode", "-")
    assert (code, "end with Ctrl-D" in error) == (0, True)


# arguments ----------------------------------------------------------------------------------------

READ = ("lon", "crs", "encoding", "dayfirst", "delimiter", "layer", "names", "latlon", "date")
WRONG = ["", "nonsense", "=", ",", "-1", "nan", "\x1b[31m", "[/x]", "hex", "²", "9" * 30, "\udcff",
         "a,a,a,a", 'LOCAL_CS["x"]', "EPSG:5773"]  # fmt: skip


@pytest.mark.parametrize("value", WRONG, ids=ascii)
def test_wrong_values_of_read_are_told_in_a_line(call: Any, tmp_path: Path, value: str) -> None:
    (tmp_path / "e.csv").write_text(EVENTS, encoding="utf-8")
    for name in READ:
        with pytest.raises(SystemExit) as stop:
            read(call, name, value)
        assert stop.value.code in (0, 2), name


def read(call: Any, name: str, value: str) -> None:
    code, _, error = call("geocode", "e.csv", "--read", f"{name}={value}")
    assert len(error.splitlines()) <= 2, error
    assert "Traceback" not in error
    raise SystemExit(code)


@pytest.mark.parametrize("delimiter", [",", " "])
def test_a_comma_or_a_blank_may_be_the_delimiter(call: Any, tmp_path: Path, delimiter: str) -> None:
    rows = [["id", "lon", "lat"], ["a", "69.5", "36.7"]]
    text = "\n".join(delimiter.join(row) for row in rows)
    (tmp_path / "e.csv").write_text(text, encoding="utf-8")
    code, out, _ = call("geocode", "e.csv", "--read", f"delimiter={delimiter}")
    assert (code, "AF-TAK" in out) == (0, True)


MISUSED = [
    ["geocode", "e.csv", "--read", "lon=lon", "--read", "lon=lat"],
    ["geocode", "e.csv", "--read", "date=a", "--read", "date=b"],
    ["geocode", "e.csv", "--read", "crs=EPSG:1"],
    ["geocode", "e.csv", "--read", "encoding=base64"],
    ["geocode", "e.csv", "--read"],
    ["geocode", "e.csv", "--snap-km", "far"],
    ["geocode", "e.csv", "--snap-km", "nan"],
    ["geocode", "e.csv", "--chunk-rows", "0"],
    ["geocode", "e.csv", "extra"],
    ["geocode"],
    ["assess", "e.csv", "--out", "e.csv/o"],
    ["assess", "e.csv", "--out", "/proc/o"],
    ["demo", "--out", "e.csv/o"],
    ["geocode", "e.csv", "--out", "/proc/o.csv"],
    ["geocode", "e.csv", "--out", "."],
    ["hotspots", "e.csv", "--resolution", "1.5"],
    ["places"],
    ["info", "--colour"],
    ["layers", "fetch"],
    ["layers", "fetch", "AFG", "--level", "9"],
    ["layers", "fetch", "https://"],
    ["--nonsense"],
]


@pytest.mark.parametrize("line", MISUSED, ids=" ".join)
def test_misuse_is_told_in_one_line(call: Any, tmp_path: Path, line: list[str]) -> None:
    (tmp_path / "e.csv").write_text(EVENTS, encoding="utf-8")
    code, out, error = call(*line)
    assert (code, out) == (2, "")
    (told,) = [text for text in error.splitlines() if not text.startswith("e.csv: ")]
    assert told.startswith("geo-risk: ")


@pytest.mark.parametrize("options", [["--no-maps"], []], ids=["tables", "maps"])
def test_a_file_name_may_hold_any_bytes(call: Any, tmp_path: Path, options: list[str]) -> None:
    (tmp_path / "e\udcff.csv").write_text(EVENTS, encoding="utf-8")
    code, _, error = call("assess", "e\udcff.csv", "--out", "o", *options)
    assert code == 0, error
    told = json.loads((tmp_path / "o" / "provenance.json").read_text("utf-8"))
    assert told["events"]["read"]["input"] == "e\ufffd.csv"


def test_what_is_said_of_errors_holds_no_key(capsys: pytest.CaptureFixture[str]) -> None:
    say("https://u:pw12@h.org/a?token=abcd1234", err=True)
    assert capsys.readouterr().err == "https://***@h.org/a?token=***\n"


def test_a_table_shows_the_ends_of_a_long_text(capsys: pytest.CaptureFixture[str]) -> None:
    draw_table("t", ["name"], iter([["a" * 500_000 + "z"]]))
    shown = capsys.readouterr().out
    assert len(shown) < 2000
    assert "…" in shown
    assert "z" in shown
