"""Workbooks: text stays text, kinds of cells, and what a sheet may claim or cost."""

from __future__ import annotations

import datetime as dt
import io
import resource
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from paths import shared

from geo_risk.errors import DataCorruptError
from geo_risk.events import read_events, workbooks

openpyxl = pytest.importorskip("openpyxl", reason="the extra geo-risk[excel] is not installed")

MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
HEADER = '<row r="1">{}</row>'.format(
    "".join(f'<c r="{cell}1" t="inlineStr"><is><t>{name}</t></is></c>'
            for cell, name in zip("ABC", ("id", "lon", "lat")))
)  # fmt: skip
ROW = '<row r="{0}"><c r="A{0}"><v>7</v></c><c r="B{0}"><v>1</v></c><c r="C{0}"><v>2</v></c></row>'


def book(path: Path, rows: list[list[Any]], **formats: str) -> Path:
    made = openpyxl.Workbook()
    for row in rows:
        made.active.append(row)
    for cell, number_format in formats.items():
        made.active[cell].number_format = number_format
    made.save(path)
    return path


def repacked(path: Path, part: str, content: str | bytes) -> Path:
    """The workbook with another content of one part."""
    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, held in {**parts, part: content}.items():
            archive.writestr(name, held)
    return path


def sheet(path: Path, rows: str, before: str = "", prolog: str = "") -> Path:
    """A workbook whose sheet has these rows in XML."""
    book(path, [["id"]])
    written = f'{prolog}<worksheet xmlns="{MAIN}">{before}<sheetData>{rows}</sheetData></worksheet>'
    return repacked(path, "xl/worksheets/sheet1.xml", written)


KINDS = {
    "leading zeros": (["007", "0101"], ["007", "0101"], "str"),
    "looks like an exponent": (["12E45", "13E45"], ["12E45", "13E45"], "str"),
    "longer than a number": (["12345678901234567891", "12345678901234567892"],
                             ["12345678901234567891", "12345678901234567892"], "str"),
    "numbers as text": (["7", "8"], [7, 8], "int64"),
    "decimals as text": (["7.5", "8"], [7.5, 8.0], "float64"),
    "words": (["a", "NA"], ["a", "NA"], "str"),
    "whole numbers": ([7, 8], [7, 8], "int64"),
    "whole numbers with a gap": ([7, None], [7, None], "Int64"),
    "numbers": ([7.5, 8], [7.5, 8.0], "float64"),
    "numbers and text": ([7, "007"], [7, "007"], "object"),
    "truth": ([True, False], [True, False], "bool"),
    "truth with a gap": ([True, None], [True, None], "boolean"),
    "days": ([dt.datetime(2020, 1, 5), None], [pd.Timestamp("2020-01-05"), None],
             "datetime64[us]"),
    "times of day": ([dt.time(3, 4), dt.time(5)], [dt.time(3, 4), dt.time(5)], "object"),
    "errors": (["#N/A", "#DIV/0!"], [None, None], "str"),
    "an error among numbers": ([7, "#VALUE!"], [7, None], "Int64"),
    "formulas never computed": (["=1+1", "=2"], [None, None], "str"),
}  # fmt: skip


@pytest.mark.parametrize("kind", KINDS)
def test_cells_are_what_the_sheet_says(tmp_path: Path, kind: str) -> None:
    cells, expected, dtype = KINDS[kind]
    rows = [["lon", "lat", "x"], *([1, 2, cell] for cell in cells)]
    found = read_events(book(tmp_path / "e.xlsx", rows))["x"]
    assert [None if pd.isna(value) else value for value in found] == expected
    text = pd.Series(["a"]).dtype
    assert found.dtype == (text if dtype == "str" else dtype)


def test_a_percentage_is_its_number(tmp_path: Path) -> None:
    path = book(tmp_path / "e.xlsx", [["lon", "lat", "x"], [1, 2, 0.25]], C2="0%")
    assert read_events(path)["x"].tolist() == [0.25]


def test_text_is_read_as_from_delimited_text(tmp_path: Path) -> None:
    names = ["lon", "lat", *"abcde"]
    rows = [["1", "2", "007", "7", "1e5", "NA", " x"], ["1", "2", "8", "08", "1e+5", "7", ""]]
    (tmp_path / "e.csv").write_text("\n".join(",".join(row) for row in [names, *rows]) + "\n")
    found = read_events(book(tmp_path / "e.xlsx", [names, *rows]))
    pd.testing.assert_frame_equal(
        pd.DataFrame(found[names]), pd.DataFrame(read_events(tmp_path / "e.csv")[names])
    )


def test_long_identifiers_stay_two(tmp_path: Path) -> None:
    ids = ["9007199254740993001", "9007199254740993002"]
    found = read_events(
        book(tmp_path / "e.xlsx", [["id", "lon", "lat"], *([i, 1, 2] for i in ids)])
    )
    assert found["event_id"].tolist() == ids
    assert found["flags"].tolist() == ["", ""]


def test_long_whole_numbers_stay_two(tmp_path: Path) -> None:
    rows = (ROW.format(n).replace("<v>7", f"<v>{2**60 + n}") for n in (2, 3))
    found = read_events(sheet(tmp_path / "e.xlsx", HEADER + "".join(rows)))
    assert found["event_id"].tolist() == [str(2**60 + 2), str(2**60 + 3)]


def test_blank_rows_and_columns_are_none(tmp_path: Path) -> None:
    rows = [[], [], ["id", None, "lon", "lat", None], [1, None, 2, 3], [], ["", None, 4, 5]]
    found = read_events(book(tmp_path / "e.xlsx", rows))
    assert found.columns[-3:].tolist() == ["id", "lon", "lat"]
    assert found.geometry.x.tolist() == [2.0, 4.0]


def test_a_column_without_a_name_is_kept(tmp_path: Path) -> None:
    found = read_events(book(tmp_path / "e.xlsx", [["lon", "lat", None, "a", "a"],
                                                   [1, 2, "x", "y", "z"]]))  # fmt: skip
    assert found.columns[-5:].tolist() == ["lon", "lat", "column_3", "a", "a.1"]


FAR = {
    "the last cell of the XFD column": HEADER + ROW.format(2)
    + '<row r="5000"><c r="XFD5000"><v>1</v></c></row>',
    "the last row": HEADER + ROW.format(2) + ROW.format(1048576),
    "16,384 styled empty columns": HEADER
    + "".join(ROW.format(n)[:-6] * (n == 2) + f'<row r="{n}">' * (n > 2)
              + f'<c r="XFD{n}" s="1"/></row>' for n in range(2, 300)),
    "columns without number": HEADER + "<row>" + "<c><v>1</v></c>" * 3 + "</row>",
}  # fmt: skip


@pytest.mark.parametrize("where", FAR)
@pytest.mark.parametrize("size", ["A1", "A1:C3", "A1:XFD1048576"])
def test_a_far_cell_costs_what_a_near_one_does(tmp_path: Path, where: str, size: str) -> None:
    path = sheet(tmp_path / "e.xlsx", FAR[where], f'<dimension ref="{size}"/>')
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    found = read_events(path)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 100_000  # KiB
    assert 1 <= len(found) <= 2
    assert found.geometry.iloc[0].x == 1.0


BROKEN = {
    "a row beyond the last": ('<row r="1048577"><c><v>1</v></c></row>', "at most 1048576 rows"),
    "a row far beyond it": ('<row r="999999999999"><c><v>1</v></c></row>', "at most 1048576 rows"),
    "a column beyond the last": ('<row r="2"><c r="XFE2"><v>1</v></c></row>', "16384 columns"),
    "a column that is none": ('<row r="2"><c r="ZZZZZZ2"><v>1</v></c></row>', "not a readable"),
    "a row twice": (ROW.format(2) * 2, "row 2 follows 2"),
    "rows backwards": (ROW.format(3) + ROW.format(2), "row 2 follows 3"),
    "a row before the first": ('<row r="-5"><c><v>1</v></c></row>', "row -5 follows"),
    "a text that is not there": ('<row r="2"><c r="A2" t="s"><v>9</v></c></row>', "not a readable"),
}  # fmt: skip


@pytest.mark.parametrize("what", BROKEN)
def test_a_broken_sheet_is_refused(tmp_path: Path, what: str) -> None:
    rows, told = BROKEN[what]
    with pytest.raises(DataCorruptError, match=f"e.xlsx.*{told}"):
        read_events(sheet(tmp_path / "e.xlsx", HEADER + rows))


LAUGHS = "<!DOCTYPE x [<!ENTITY a 'ha'>{}]>".format(
    "".join(f"<!ENTITY {b} '{f'&{a};' * 10}'>" for a, b in zip("abcdefgh", "bcdefghi"))
)


@pytest.mark.parametrize("part", ["xl/worksheets/sheet1.xml", "xl/sharedStrings.xml",
                                  "xl/styles.xml", "xl/workbook.xml", "_rels/.rels"])  # fmt: skip
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_entities_are_refused(tmp_path: Path, part: str, encoding: str) -> None:
    path = book(tmp_path / "e.xlsx", [["id", "lon", "lat"], ["x", 1, 2]])
    prolog = f'<?xml version="1.0" encoding="{encoding}"?><!--{" " * 5000}-->'
    repacked(path, part, f"{prolog}{LAUGHS}<x>&i;</x>".encode(encoding))
    with pytest.raises(DataCorruptError, match="document type"):
        read_events(path)


def test_rows_times_columns_are_bounded(tmp_path: Path, monkeypatch: Any) -> None:
    rows = [["lon", "lat", *"abc"], *([1, 2] for _ in range(9))]
    path = book(tmp_path / "e.xlsx", rows)
    monkeypatch.setattr(workbooks, "MOST_CELLS", 45)
    assert len(read_events(path)) == 9
    monkeypatch.setattr(workbooks, "MOST_CELLS", 44)
    with pytest.raises(ValueError, match=r"more than 44 cells.*CSV") as told:
        read_events(path)
    assert not isinstance(told.value, DataCorruptError)


def test_a_bomb_inside_one_part(tmp_path: Path) -> None:
    path = book(tmp_path / "e.xlsx", [["id", "lon", "lat"], ["x", 1, 2]])
    strings = f'<sst xmlns="{MAIN}">' + "<si><t/></si>" * 6_000_000 + "</sst>"
    repacked(path, "xl/sharedStrings.xml", strings)
    with pytest.raises(ValueError, match="more than 100 times its size"):
        read_events(path)


def test_members_that_overlap_count_once(tmp_path: Path) -> None:
    """One stretch of the file, listed many times, as in the zip bombs without recursion."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/workbook.xml", "<workbook/>")
        archive.writestr("xl/a.xml", np.random.default_rng(0).bytes(20_000) + bytes(1_000_000))
        archive.filelist += [archive.filelist[-1]] * 100
    path = tmp_path / "e.xlsx"
    path.write_bytes(made.getvalue())
    with pytest.raises(ValueError, match="more than 100 times its size"):
        read_events(path)


def test_merged_cells_are_not_filled(tmp_path: Path) -> None:
    path = sheet(tmp_path / "e.xlsx", HEADER + ROW.format(2))
    with zipfile.ZipFile(path) as archive:
        written = archive.read("xl/worksheets/sheet1.xml").decode()
    merged = '</sheetData><mergeCells><mergeCell ref="A3:XFD1048576"/></mergeCells>'
    repacked(path, "xl/worksheets/sheet1.xml", written.replace("</sheetData>", merged))
    assert read_events(path)["event_id"].tolist() == ["7"]


def test_links_to_other_workbooks_are_not_followed(tmp_path: Path) -> None:
    rows = [["id", "lon", "lat"], ["x", 1, 2], ["='[other.xlsx]Sheet1'!A1", 3, 4]]
    found = read_events(book(tmp_path / "e.xlsx", rows))
    assert found["flags"].tolist() == ["", "no_id"]


def test_the_attacks_that_were_seen() -> None:
    folder = shared("cases/attacks")
    assert len(read_events(folder / "far5000XFD.xlsx")) == 3
    with pytest.raises(DataCorruptError, match="row 999999999999"):
        read_events(folder / "rowr.xlsx")


def test_a_workbook_in_strict_open_xml_says_so(tmp_path: Path) -> None:
    pd.DataFrame({"a": [1]}).to_excel(tmp_path / "a.xlsx")
    with (
        zipfile.ZipFile(tmp_path / "a.xlsx") as given,
        zipfile.ZipFile(tmp_path / "strict.xlsx", "w") as made,
    ):
        for name in given.namelist():
            kept = given.read(name)
            for kind in (b"spreadsheetml/2006/main", b"officeDocument/2006/relationships"):
                strict = b"http://purl.oclc.org/ooxml/" + kind.replace(b"/2006", b"")
                kept = kept.replace(b"http://schemas.openxmlformats.org/" + kind, strict)
            made.writestr(name, kept)
    with pytest.raises(DataCorruptError, match="Strict Open XML"):
        read_events(tmp_path / "strict.xlsx")


ODD_NUMBERS = {
    "NaN": None, "nan": None, "1e999": "inf", "-1E999": "-inf", "abc": "abc", "1,5": "1,5",
    "0x10": "0x10", "1.2.3": "1.2.3", "9" * 4301: "9" * 4301, "9" * 400: "9" * 400, "#N/A": None,
}  # fmt: skip


@pytest.mark.parametrize(
    ("odd", "kind"),
    [*((odd, "n") for odd in ODD_NUMBERS), ("abc", "b"), ("abc", "d"), ("1e999", "b")],
    ids=lambda text: f"{text[:8]}{len(text)}",
)
def test_a_cell_that_is_no_number_is_text(tmp_path: Path, odd: str, kind: str) -> None:
    """Odd cells, whose place the sheet leaves out, cost neither their row nor the workbook."""
    names = ("id", "lat", "lon", "deaths")
    header = "".join(f'<c t="inlineStr"><is><t>{name}</t></is></c>' for name in names)
    wrong = f'<c t="{kind}"><v>{odd}</v></c>'
    good = "<c><v>7</v></c><c><v>2</v></c><c><v>1.5</v></c><c><v>3</v></c>"
    rows = f"<row>{header}</row><row>{wrong}<c><v>2</v></c>{wrong}{wrong}</row><row>{good}</row>"
    found = read_events(sheet(tmp_path / "a.xlsx", rows))
    assert found["event_id"].iloc[1] == "7"
    assert found.geometry.iloc[1].x == 1.5
    assert found["fatalities_best"].iloc[1] == 3
    assert {"no_id", "bad_fatalities"}.isdisjoint(found["flags"].iloc[1].split(";"))
    if odd == "1,5":
        assert found.geometry.iloc[0].x == 1.5
    else:
        assert found.geometry.iloc[0] is None
        assert {"no_coordinates", "bad_coordinates"} & set(found["flags"].iloc[0].split(";"))
        assert np.isnan(found["fatalities_best"].iloc[0])
    if ODD_NUMBERS[odd] is None:
        assert found["event_id"].isna().iloc[0]
    else:
        assert found["event_id"].iloc[0] in {ODD_NUMBERS[odd], odd}
