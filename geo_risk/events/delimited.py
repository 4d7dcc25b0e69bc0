"""Read delimited text line by line: rows around a broken line are never lost.

A line that cannot be a row of the table is kept with the reason and its text. The lines that it
would have absorbed (those below an opening quote that never closes) are read as rows of their own.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import IO, Any, Literal, TypedDict

import numpy as np

from geo_risk.events.lines import Lines
from geo_risk.events.plain import PlainText

__all__ = ["MOST_COLUMNS", "Chunk", "DelimitedReader", "unique_names"]

MOST_COLUMNS = 16_384
"""Most columns of any table, as in a worksheet."""

_DELIMITERS = (",", "\t", ";", "|")
_BATCH = 32


class _Dialect(TypedDict):
    delimiter: str
    strict: bool
    quoting: Literal[0, 3]


@dataclass
class Chunk:
    """Rows in the file's order; a malformed row is all None here and described in `malformed`."""

    rows: list[list[str] | tuple[None, ...]] = field(default_factory=list)
    """The last rows; those before them are in `tables`."""
    tables: list[Any] = field(default_factory=list)
    """Arrow tables of text; an empty cell is missing."""
    settled: int = 0
    """Rows in `tables`."""
    malformed: dict[int, tuple[str, str]] = field(default_factory=dict)
    """Position of the row → (flag, text of the line)."""
    fell_back: list[int] = field(default_factory=list)
    """Positions of rows that were not UTF-8."""
    messages: list[str] = field(default_factory=list)
    """Messages about the first malformed lines."""

    def __len__(self) -> int:
        return self.settled + len(self.rows)

    def settle(self, columns: list[str]) -> None:
        """Convert the last rows to a table as well."""
        import pyarrow as pa

        if self.rows or not self.tables:
            cells = zip(*self.rows) if self.rows else ((),) * len(columns)
            filled = ([cell or None for cell in column] for column in cells)
            arrays = [pa.array(column, pa.large_string()) for column in filled]
            self.settled += len(self.rows)
            self.tables.append(pa.Table.from_arrays(arrays, names=columns))
            self.rows = []

    def tell(self, position: int, code: str, text: str, message: str) -> None:
        """Record that the row at `position` is malformed."""
        self.malformed[position] = (code, text)
        if len(self.messages) < 5:
            self.messages.append(message)

    def add(self, other: Chunk, offset: int) -> None:
        """Add the records on the rows of `other`, which begin at `offset`."""
        self.malformed |= {offset + i: told for i, told in other.malformed.items()}
        self.fell_back += [offset + i for i in other.fell_back]
        self.messages = (self.messages + other.messages)[:5]


class DelimitedReader:
    """Header and rows of one file of delimited text (quotes as in RFC 4180, read leniently).

    Parameters
    ----------
    stream : binary stream, buffered
    name : str
        Name of the file, for messages.
    delimiter : str, optional
        By default the one of comma, tab, semicolon and bar that splits the header into most fields.
    encoding : str, optional
        By default UTF-8 (or UTF-16 with a byte order mark); a line that is not UTF-8 is read as
        Windows-1252 and flagged.
    names : list of str, optional
        Column names of a file without a header; else call `read_header`.
    """

    def __init__(
        self,
        stream: IO[bytes],
        name: str,
        *,
        delimiter: str | None = None,
        encoding: str | None = None,
        names: list[str] | None = None,
    ) -> None:
        self.name = name
        self._stream = stream
        self._lines = Lines(stream, encoding, name)
        self._ready: Any = None  # a table of parsed rows
        self._ready_from = 0  # its first row that is not yet taken
        self.encoding = self._lines.encoding
        first = self._first_line()
        if not first:
            raise ValueError(f"{name} is empty: it does not even have a header.")
        self.columns: list[str] = []
        self._reader: Iterator[list[str]] = iter(())
        self.use(names or [], delimiter or _sniff_delimiter(first, True), quoting=True)

    def close(self) -> None:
        """Close the stream."""
        self._stream.close()

    def use(self, names: list[str], delimiter: str, *, quoting: bool) -> None:
        """Set names, delimiter and quoting before the first row is read."""
        self.columns, self.delimiter, self._quoting = names, delimiter, quoting
        self._dialect: _Dialect = {
            "delimiter": delimiter,
            "strict": quoting,
            "quoting": csv.QUOTE_MINIMAL if quoting else csv.QUOTE_NONE,
        }
        self._reader = csv.reader(self._lines, **self._dialect)
        self._plain = PlainText(delimiter, len(names), quoting=quoting)

    def read_header(self) -> None:
        """Take the column names from the first line."""
        self._lines.begin()
        try:
            header = next(self._reader)
        except (csv.Error, StopIteration) as error:
            line = "".join(self._lines.taken)[:80]
            raise ValueError(f"{self.name}: the header cannot be read: {line!r}.") from error
        self.use(unique_names(header), self.delimiter, quoting=self._quoting)

    def peek(self, n: int) -> list[str]:
        """Return the next `n` lines without consuming them."""
        self._lines.begin()
        lines = [line for _, line in zip(range(n), self._lines)]
        self._lines.give_back(0)
        return lines

    def _first_line(self) -> str:
        for line in self._lines:
            if line.strip():
                self._lines.give_back(len(self._lines.taken) - 1)
                return line
        return ""

    def take(self, n: int) -> Chunk:
        """Return the next `n` rows; fewer only at the end."""
        chunk, width = Chunk(), len(self.columns)
        nothing = (None,) * width
        lines, reader = self._lines, self._reader
        one_by_one = 0  # lines up to this one are read singly
        while (room := n - len(chunk)) > 0:
            if self._take_plain(chunk, room):
                continue
            if lines.number >= one_by_one:
                batch = lines.batch(min(_BATCH, room))
                rows = self._plain_rows(batch)
                if rows is not None:
                    lines.accept(batch)
                    chunk.rows += rows
                    continue
                one_by_one = lines.number + len(batch)
            lines.begin()
            row: list[str] | tuple[str, str] | None
            try:
                cells = next(reader)
            except StopIteration:
                break
            except csv.Error as error:
                row = self._recover(str(error))
            else:
                row = cells if len(cells) == width else self._repair(cells)
            if row is None:
                continue
            if lines.fell_back:
                chunk.fell_back.append(len(chunk))
            if isinstance(row, tuple):
                text = "".join(lines.taken).rstrip("\r\n")
                chunk.tell(len(chunk), row[0], text, f"line {lines.number}: {row[1]}")
                chunk.rows.append(nothing)
            else:
                chunk.rows.append(row)
        return chunk

    def _take_plain(self, chunk: Chunk, room: int) -> bool:
        """Move up to `room` rows of a well-formed part of the file to `chunk`, all at once."""
        if self._ready is None:
            block = self._lines.block()
            if not block:
                return False
            length, self._ready = self._plain.read(block, self.columns)
            if not length:
                return False
            self._ready_from = 0
            self._lines.skip(length)
        chunk.settle(self.columns)
        table, first = self._ready, self._ready_from
        last = min(first + room, table.num_rows)
        if last - first < table.num_rows:
            # A copy, not a slice: some kernels of older Arrow ignore the offset of a slice.
            table = table.take(np.arange(first, last))
        self._ready_from = last
        if last == self._ready.num_rows:
            self._ready = None
        chunk.tables.append(table)
        chunk.settled += table.num_rows
        return True

    def _plain_rows(self, batch: list[str]) -> list[list[str]] | None:
        """Rows of a few lines; None if one of them is not well-formed."""
        try:
            rows = list(csv.reader(batch, **self._dialect))
        except csv.Error:  # also a quote that stays open at the end
            return None
        if not rows or set(map(len, rows)) != {len(self.columns)}:
            return None
        return rows

    def _repair(self, row: list[str]) -> list[str] | tuple[str, str] | None:
        """Row of the wrong width: None if blank, the row if repaired, else flag and reason."""
        width, taken = len(self.columns), self._lines.taken
        if not row or (len(row) == 1 and not row[0].strip() and width > 1):
            return None  # a blank line is not a row
        if len(row) > width and not any(cell.strip() for cell in row[width:]):
            return row[:width]  # delimiters after the last field
        if len(taken) > 1 and any(self._fits(line) for line in taken[1:]):
            self._lines.give_back(1)
            return "unreadable_row", "a quote opens a field and does not close it"
        code = "too_few_fields" if len(row) < width else "too_many_fields"
        return code, f"{len(row)} fields where the header has {width}"

    def _recover(self, reason: str) -> list[str] | tuple[str, str] | None:
        """Read the first line of a record that the strict parser rejects, alone and leniently."""
        self._lines.give_back(1)
        line = self._lines.taken[0]
        row = _split(line.rstrip("\r\n"), self.delimiter, self._quoting)
        if row is None:
            return "unreadable_row", reason
        return row if len(row) == len(self.columns) else self._repair(row)

    def _fits(self, line: str) -> bool:
        row = _split(line.rstrip("\r\n"), self.delimiter, self._quoting)
        return row is not None and len(row) == len(self.columns)


def _split(line: str, delimiter: str, quoting: bool) -> list[str] | None:
    """Fields of one line, accepting quotes inside fields; None if a quote stays open."""
    if not quoting:
        return line.split(delimiter)
    fields, i = [], 0
    while True:
        if line.startswith('"', i):
            end = i + 1
            while (end := line.find('"', end)) != -1:
                after = line[end + 1 : end + 2]
                if after == '"':
                    end += 2
                elif after in {"", delimiter}:
                    break
                else:
                    end += 1  # a quote inside the field that should have been doubled
            if end == -1:
                return None
            fields.append(line[i + 1 : end].replace('""', '"'))
            i = end + 1
        else:
            end = line.find(delimiter, i)
            end = len(line) if end == -1 else end
            fields.append(line[i:end])
            i = end
        if i >= len(line):
            return fields
        i += 1  # past the delimiter
        if i == len(line):
            return [*fields, ""]


def _sniff_delimiter(line: str, quoting: bool) -> str:
    text = line.rstrip("\r\n")
    counts = [len(_split(text, mark, quoting) or []) for mark in _DELIMITERS]
    best = max(counts)
    return _DELIMITERS[counts.index(best)] if best > 1 else ","


def unique_names(header: list[str]) -> list[str]:
    """Clean column names: stripped, filled in if empty, numbered if repeated (a, a.1).

    Raises
    ------
    ValueError
        More columns than `MOST_COLUMNS`.
    """
    if len(header) > MOST_COLUMNS:
        raise ValueError(f"The table has {len(header)} columns; at most {MOST_COLUMNS} are read.")
    out: list[str] = []
    used = {name.strip() for name in header}
    seen: set[str] = set()
    last: dict[str, int] = {}  # number given to a repeated name
    for position, raw in enumerate(header, start=1):
        name = raw.strip() or f"column_{position}"
        if name in seen:
            number = last.get(name, 0) + 1
            while (numbered := f"{name}.{number}") in used or numbered in seen:
                number += 1
            last[name], name = number, numbered
        seen.add(name)
        out.append(name)
    return out
