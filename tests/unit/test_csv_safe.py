"""CSV for spreadsheets: text stays text, numbers stay numbers, and nothing else changes."""

from __future__ import annotations

import csv
import inspect
import io
import re
from pathlib import Path
from typing import Any

import geopandas
import pandas as pd
import pytest
import shapely
from hypothesis import given, strategies as st

import geo_risk as gr
from geo_risk import cli
from geo_risk.frames.tables import _no_formula, write_csv, write_table

FORMULAS = [
    "=1+1", "+1+1", "-1+1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "  =1", '"=1', "'=1", "=", "-",
    "--1", "＝1+1", "＋1", "－2+3", "＠SUM(1)", "\u00a0=1", "\u200b=1", "\ufeff=1", "−1+1", "﹣1",
    "﹢1", '=HYPERLINK("http://x.org")', "=cmd|' /C calc'!A0", "+49 30 1234", "-1e", "+.",
    "\tTaloqan", "-1,5", "-１",
]  # fmt: skip
TEXTS = [
    "-5",
    "+3.5",
    "-1e-5",
    "+.5",
    "-0.",
    "Taloqan",
    "a=b",
    "1=1",
    "x-1",
    "a\n=1",
    "",
    "é",
    "'tis",
]


@pytest.mark.parametrize("text", FORMULAS)
def test_a_formula_gets_an_apostrophe(text: str) -> None:
    assert _no_formula(text) == f"'{text}"


@pytest.mark.parametrize("text", [*TEXTS, -5, -0.5, None, float("-inf"), True])
def test_what_is_none_stays(text: Any) -> None:
    assert _no_formula(text) is text


@given(st.text())
def test_no_cell_begins_a_formula(text: str) -> None:
    told = _no_formula(text)
    number = re.fullmatch(r"[+-]?[0-9.]+([eE][+-]?[0-9]+)?", text)
    assert told.lstrip(' \t\r\n"')[:1] not in set("=+-@＝＋－＠") or number
    assert told in (text, f"'{text}")
    assert _no_formula(told) in (told, f"'{told}")


def hostile() -> geopandas.GeoDataFrame:
    columns = {
        "=name": FORMULAS, "n": [-float(n) for n in range(len(FORMULAS))],
        "kind": pd.Categorical(FORMULAS), "text": pd.Series(FORMULAS, dtype="string"),
        "none": None, "whole": pd.array([-1] * len(FORMULAS), dtype="Int64"),
    }  # fmt: skip
    points = shapely.points([[-1.0, -2.0]] * len(FORMULAS))
    return geopandas.GeoDataFrame(columns, geometry=points, crs=4326)


def cells(text: str) -> list[list[str]]:
    return list(csv.reader(io.StringIO(text, newline="")))


def formulas(rows: list[list[str]]) -> list[str]:
    """What a spreadsheet would calculate."""
    return [cell for row in rows for cell in row
            if cell.strip(" \t\r\n\"'\u00a0\u200b\ufeff")[:1] in tuple("=+-@＝＋－＠﹣﹢−")
            and not cell.startswith("'")
            and not re.fullmatch(r"-?[0-9.]+(e[+-]?\d+)?", cell)]  # fmt: skip


def test_a_file_for_spreadsheets(tmp_path: Path) -> None:
    plain = write_table(hostile(), tmp_path / "p.csv").read_bytes().decode()
    safe = write_table(hostile(), tmp_path / "s.csv", csv_safe=True).read_bytes().decode()
    assert formulas(cells(plain))
    assert not formulas(cells(safe))
    assert [row[1] for row in cells(safe)[1:]] == [row[1] for row in cells(plain)[1:]]
    assert cells(safe)[0][0] == "'=name"
    assert [row[0] for row in cells(safe)[1:]] == [f"'{text}" for text in FORMULAS]
    assert cells(safe)[1][-2:] == ["-1.0", "-2.0"]
    stream = io.StringIO()
    write_csv(hostile(), stream, csv_safe=True)
    assert stream.getvalue() == safe


@pytest.mark.parametrize("safe", [True, False])
@pytest.mark.parametrize("text", ["a\r=1,b", "\r\n=1", 'a"\r'])
def test_a_carriage_return_begins_no_row(tmp_path: Path, text: str, safe: bool) -> None:
    frame = geopandas.GeoDataFrame({"a": [text, None]}, geometry=shapely.points([[0, 1], [2, 3]]))
    told = write_table(frame, tmp_path / "t.csv", csv_safe=safe).read_bytes().decode()
    rows = cells(told)
    assert [len(row) for row in rows] == [3, 3, 3]
    assert rows[1][0].removeprefix("'") == text
    assert gr.read_events(tmp_path / "t.csv")["lon"].tolist() == [0, 2]


def test_without_formulas_it_is_the_same_file(tmp_path: Path) -> None:
    frame = gr.read_events([{"id": "a", "lon": -69.53, "lat": -36.74, "date": "2020-01-01"}])
    one = write_table(frame, tmp_path / "1.csv").read_bytes()
    assert write_table(frame, tmp_path / "2.csv", csv_safe=True).read_bytes() == one


@pytest.mark.parametrize("ending", [".parquet", ".gpkg", ".geojson", ".arrow"])
def test_other_formats_have_no_formulas(tmp_path: Path, ending: str) -> None:
    with pytest.raises(ValueError, match="Invalid csv_safe: True is not used"):
        write_table(hostile(), tmp_path / f"t{ending}", csv_safe=True)


@pytest.mark.parametrize(
    ("options", "safe"),
    [({}, False), ({"csv_safe": True}, True), ({"strip": True}, True), ({"share": True}, True),
     ({"strip": True, "csv_safe": False}, False)],
)  # fmt: skip
def test_files_for_others_are_safe(tmp_path: Path, options: dict[str, Any], safe: bool) -> None:
    rows = [{"id": "=1+1", "lon": 69.53, "lat": 36.74, "location_name": "@SUM(1)"}] * 3
    found = gr.assess(rows, hotspot_resolution=4)
    found.save(tmp_path, formats=[".csv"], worldview="de_facto", **options)
    told = [cell for path in tmp_path.glob("*.csv") for row in cells(path.read_text("utf-8"))
            for cell in row]  # fmt: skip
    assert ("=1+1" in told) == (not safe)
    assert ("'=1+1" in told) == (safe and "share" not in options)
    with pytest.raises(ValueError, match="Invalid csv_safe: True is not used"):
        found.save(tmp_path / "p", formats=[".parquet"], csv_safe=True)


def test_every_command_that_writes_csv_has_the_option() -> None:
    commands = [c.callback for c in cli.app.registered_commands if c.callback is not None]
    for command in commands:
        code = inspect.getsource(command)
        if "check_out" in code or "found.save" in code:
            assert "csv_safe" in inspect.signature(command).parameters, command
