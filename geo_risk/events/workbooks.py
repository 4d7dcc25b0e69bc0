"""Read sheets of workbooks into frames: text stays text, and the cost of a stray cell is bounded.

The filled cells are read from the sheet's XML one row at a time, whatever size the sheet states.
Blank rows and columns are ignored, as in delimited text, so one cell at the far end costs no more
than one anywhere else.
"""

from __future__ import annotations

import datetime as dt
import warnings
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from functools import cache, partial
from pathlib import Path
from typing import IO, Any, Final
from xml.parsers import expat

import numpy as np

from geo_risk._core.archives import check_zip
from geo_risk.errors import DataCorruptError, OptionNeededError
from geo_risk.events.columns import as_text, inferred
from geo_risk.events.delimited import MOST_COLUMNS, unique_names
from geo_risk.events.values import is_missing

__all__ = ["MOST_CELLS", "MOST_ROWS", "read_excel"]

MOST_ROWS: Final = 1_048_576
"""Most rows of a worksheet, by its format."""

MOST_CELLS: Final = 50_000_000
"""Most cells, rows times columns, that are read; the GTD, a large workbook, has 29 million."""

_EXACT = 2.0**53  # whole floats up to this are exact whole numbers
_INT64 = 2**63
_LARGEST = int(np.finfo(float).max)
_BROKEN = (
    ValueError, TypeError, KeyError, IndexError, AttributeError, OverflowError, RuntimeError,
    OSError, EOFError, zipfile.BadZipFile, zlib.error, SyntaxError,
)  # fmt: skip

Row = dict[int, Any]
"""The filled cells of a row by their column, counted from 1."""


def read_excel(path: Path, kind: str, sheet: str | int | None, max_bytes: int) -> Any:
    """Read the chosen or only filled sheet of a workbook; its first filled row is the header."""
    package = "openpyxl" if kind == "excel" else "xlrd"
    wanted = "'geo-risk[excel]'" if kind == "excel" else package
    try:
        if kind == "excel":
            _check_archive(path, max_bytes)
        with ExitStack() as stack:
            stack.enter_context(warnings.catch_warnings())
            warnings.simplefilter("ignore")  # openpyxl leaves out styles and extensions
            stream = stack.enter_context(path.open("rb"))
            sheets = (_openpyxl_sheets if kind == "excel" else _xlrd_sheets)(stream, path.name)
            if not sheets:
                raise DataCorruptError(
                    f"{path.name} has no worksheet that can be read: save it as an ordinary .xlsx "
                    "(not Strict Open XML) or as CSV."
                )
            chosen = _only_sheet(sheets, path.name) if sheet is None else sheet
            names = list(sheets)
            if chosen in (names if isinstance(chosen, str) else range(len(names))):
                name = chosen if isinstance(chosen, str) else names[chosen]
                return _frame(sheets[name](), path.name)
    except (OptionNeededError, DataCorruptError, _TooLargeError):
        raise
    except ImportError as error:
        raise ImportError(
            f"Reading {path.name} needs the package {package}: pip install {wanted}; or save the "
            "sheet as CSV."
        ) from error
    except _BROKEN as error:
        raise DataCorruptError(f"{path.name} is not a readable workbook: {error}") from error
    raise ValueError(f"Invalid layer: no sheet {sheet!r}; {path.name} has {names}.")


class _TooLargeError(ValueError):
    """The workbook exceeds a size limit; it is not broken."""


def _check_archive(path: Path, max_bytes: int) -> None:
    """Raise an error if a workbook unpacks to too much or if its XML defines entities."""
    with zipfile.ZipFile(path) as archive:
        try:
            check_zip(archive, max_bytes, path.name)
        except ValueError as error:
            raise _TooLargeError(str(error)) from None
        for part in archive.infolist():
            if part.filename.endswith((".xml", ".rels")) and not part.flag_bits & 0x1:
                with archive.open(part) as stream:
                    _refuse_doctype(stream.read, path.name)


def _refuse_doctype(read: Callable[[int], bytes], name: str) -> None:
    """Raise an error for a document type, which can define entities, before the first element."""
    parser, elements = expat.ParserCreate(), []

    def refuse(*_: Any) -> None:
        raise DataCorruptError(f"{name} is not a readable workbook: its XML has a document type.")

    parser.StartDoctypeDeclHandler = refuse
    parser.StartElementHandler = lambda element, _: elements.append(element)
    with suppress(expat.ExpatError):  # openpyxl reports errors that matter
        while not elements:
            block = read(1 << 12)
            parser.Parse(block, not block)  # newer versions put work off until the end
            if not block:
                return


Sheets = dict[str, Callable[[], Iterator[Row]]]


def _openpyxl_sheets(stream: IO[bytes], name: str) -> Sheets:
    import openpyxl

    book = openpyxl.load_workbook(stream, read_only=True, data_only=True, keep_links=False)
    return {sheet.title: partial(_filled, sheet, name) for sheet in book.worksheets}


def _filled(sheet: Any, name: str) -> Iterator[Row]:
    """Yield the filled cells of each row that has any."""
    book, before, taken = sheet.parent, 0, 0
    with sheet._get_source() as source:
        parser = _parser()(
            source,
            sheet._shared_strings,
            data_only=True,
            epoch=book.epoch,
            date_formats=book._date_formats,
            timedelta_formats=book._timedelta_formats,
        )
        for number, cells in parser.parse():
            _check_position(number, before, cells, name)
            before = number
            row = {
                cell["column"]: cell["value"]
                for cell in cells
                if cell["value"] not in (None, "") and cell["data_type"] != "e"
            }
            taken += len(row)
            _refuse_size(taken, name)
            if row:
                yield row


@cache
def _parser() -> Any:
    """openpyxl's parser; a number, date or boolean that cannot be read becomes text."""
    from openpyxl.worksheet._reader import WorkSheetParser

    class Parser(WorkSheetParser):
        col_counter: int

        def parse_cell(self, element: Any) -> Any:
            column = self.col_counter
            try:
                return super().parse_cell(element)
            except (ValueError, OverflowError):
                if element.get("t", "n") not in {"n", "d", "b"}:
                    raise
                self.col_counter = column
                element.set("t", "str")
                return super().parse_cell(element)

    return Parser


def _check_position(number: int, before: int, cells: list[dict[str, Any]], name: str) -> None:
    last = max((cell["column"] for cell in cells), default=1)
    if number > MOST_ROWS or last > MOST_COLUMNS:
        what = f"row {number}" if number > MOST_ROWS else f"column {last} in row {number}"
        raise DataCorruptError(
            f"{name} has a {what}: a sheet has at most {MOST_ROWS} rows and {MOST_COLUMNS} columns."
        )
    if number <= before:
        raise DataCorruptError(f"{name} is not a readable workbook: row {number} follows {before}.")


def _refuse_size(cells: int, name: str) -> None:
    if cells > MOST_CELLS:
        raise _TooLargeError(
            f"{name} has a sheet of more than {MOST_CELLS} cells (rows times columns): save it as "
            "CSV, which has no such limit."
        )


def _xlrd_sheets(stream: IO[bytes], _: str) -> Sheets:
    """Sheets of the older format, which have 65,536 rows of 256 cells at most."""
    import pandas as pd

    book = pd.ExcelFile(stream, engine="xlrd")

    def rows(name: str | int) -> Iterator[Row]:
        table: Any = book.parse(
            name, header=None, dtype=object, keep_default_na=False, na_filter=False
        ).to_numpy(dtype=object)
        for cells in table:  # an error is NaN here
            row = {i: v for i, v in enumerate(cells, start=1) if not is_missing(v) and v != ""}
            if row:
                yield row

    return {str(name): partial(rows, name) for name in book.sheet_names}


def _only_sheet(sheets: Sheets, name: str) -> str | int:
    """The only sheet of a workbook, or the only one with content."""
    if len(sheets) == 1:
        return 0
    filled = [sheet for sheet, rows in sheets.items() if next(rows(), None) is not None]
    if len(filled) > 1:
        raise OptionNeededError(
            f"{name} has several sheets: {filled}. Choose one with layer=.", ["layer"]
        )
    return filled[0] if filled else 0


def _frame(rows: Iterator[Row], name: str) -> Any:
    """Frame of the rows below the header, without columns that have neither name nor values."""
    import pandas as pd

    header = next(rows, {})
    positions = np.zeros(MOST_COLUMNS + 1, dtype=bool)
    positions[list(header)] = True
    body = []
    for row in rows:
        positions[list(row)] = True
        body.append(row)
    used = np.flatnonzero(positions).tolist()
    _refuse_size(len(body) * len(used), name)
    written = [_heading(header.get(i)) for i in range(1, max(used, default=0) + 1)]
    named = dict(enumerate(unique_names(written), start=1))
    columns = {named[i]: _column([row.get(i) for row in body]) for i in used}
    index = pd.RangeIndex(len(body))
    return pd.DataFrame(columns, index=index, columns=pd.Index(list(columns), dtype=object))


def _heading(value: Any) -> str:
    return "" if value is None else str(value)


def _column(values: list[Any]) -> Any:
    """Column of one type if all its cells have that type; else the cells unchanged."""
    import pandas as pd
    import pyarrow as pa

    kinds = {type(value) for value in values} - {type(None)}
    if kinds <= {str}:
        column = pa.array(values, pa.large_string())
        return inferred(column) if kinds else as_text(column)
    if kinds <= {int, float}:
        return _numbers(values)
    if kinds == {bool}:
        return pd.Series(values, dtype="boolean" if None in values else "bool")
    if kinds == {dt.datetime}:
        return pd.Series(values, dtype="datetime64[us]")
    return pd.Series(values, dtype=object)


def _numbers(values: list[int | float | None]) -> Any:
    """Whole numbers if all values are; a program may write them with a decimal point."""
    import pandas as pd

    given = [value for value in values if value is not None]
    if any(isinstance(value, int) and abs(value) > _LARGEST for value in given):
        return pd.Series(values, dtype=object)
    if not all(_is_whole(value) for value in given):
        return pd.Series([np.nan if value is None else value for value in values], dtype=float)
    if not all(-_INT64 <= value < _INT64 for value in given):
        return pd.Series(values, dtype=object)
    whole = [None if value is None else int(value) for value in values]
    return pd.Series(whole, dtype="Int64" if len(given) < len(values) else "int64")


def _is_whole(value: int | float) -> bool:
    return isinstance(value, int) or (value.is_integer() and abs(value) <= _EXACT)
