"""Fast path for well-formed text: recognised by its quotes or a regular expression, then parsed
by Arrow.

It takes only what the strict rules of RFC 4180 allow, so that every row is the same on either
path: quotes only around a whole field and doubled within it, all records of the same width, every
line ended.
"""

from __future__ import annotations

import re
from typing import Any

import numpy as np

__all__ = ["PlainText"]


class PlainText:
    """Well-formed records of one width."""

    def __init__(self, delimiter: str, width: int, *, quoting: bool) -> None:
        self.delimiter, self.quoting = delimiter, quoting
        mark = "\\t" if delimiter == "\t" else re.escape(delimiter)
        bare = f"[^{mark}\\r\\n]*"
        cell = f'(?:"(?:[^"]|"")*"|[^"{bare[2:]})' if quoting else bare
        # RE2 repeats at most 1000 times; in a single column a blank line would look like a row.
        usable = 2 <= width <= 1000 and delimiter.isascii() and delimiter != '"'
        records = f"(?:(?:{cell}{mark}){{{width - 1}}}{cell}\\r?\\n)*"
        self._records = records if usable else None

    def read(self, block: bytes, columns: list[str]) -> tuple[int, Any]:
        """Bytes of the well-formed records at the start of `block`, and a table of them."""
        import pyarrow as pa

        if self._records is not None and _fields_are_clean(block, self.delimiter, self.quoting):
            try:
                return len(block), self.parse(block, columns)
            except pa.ArrowInvalid:  # a record of another width; those before it are well-formed
                pass
        length = self.length(block)
        return length, self.parse(block[:length], columns) if length else None

    def length(self, block: bytes) -> int:
        """Bytes of the well-formed records at the start of `block`."""
        import pyarrow as pa
        import pyarrow.compute as pc

        if self._records is None:
            return 0
        text = pa.array([block.decode()], pa.large_string())
        try:
            if pc.match_substring_regex(text, f"\\A{self._records}\\z")[0].as_py():
                return len(block)
            found = pc.extract_regex(text, pattern=f"\\A(?P<plain>{self._records})")
        except pa.ArrowInvalid:  # too many columns for the regex engine
            self._records = None
            return 0
        return int(pc.binary_length(pc.struct_field(found, [0]))[0].as_py() or 0)

    def parse(self, block: bytes, columns: list[str]) -> Any:
        """Arrow table of text from records that `length` found well-formed; "" is missing."""
        import pyarrow as pa
        from pyarrow import csv

        names = [str(i) for i in range(len(columns))]
        table = csv.read_csv(
            pa.BufferReader(block),
            read_options=csv.ReadOptions(
                column_names=names, block_size=len(block) + 1, use_threads=False
            ),
            parse_options=csv.ParseOptions(
                delimiter=self.delimiter,
                quote_char='"' if self.quoting else False,
                newlines_in_values=self.quoting,
                ignore_empty_lines=False,
            ),
            convert_options=csv.ConvertOptions(
                column_types=dict.fromkeys(names, pa.large_string()),
                null_values=[""],
                strings_can_be_null=True,
                check_utf8=False,
            ),
        )
        return table.rename_columns(columns)


def _fields_are_clean(block: bytes, delimiter: str, quoting: bool) -> bool:
    """Whether all lines are ended, none is blank, and quotes enclose fields or are doubled in them.

    Arrow itself rejects records of another width, but it reads a blank line as a row.
    """
    blank = block.startswith((b"\n", b"\r\n")) or b"\n\n" in block or b"\n\r\n" in block
    if blank or not block.endswith(b"\n"):
        return False
    text = np.frombuffer(block, dtype=np.uint8)
    quotes = np.flatnonzero(text == ord('"')) if quoting and b'"' in block else np.zeros(0, int)
    if len(quotes) % 2:
        return False
    edges = [ord(mark) for mark in (delimiter, "\n", "\r", '"')]
    # Before the first byte stands the last one, an end of line.
    before, after = text[quotes[::2] - 1], text[quotes[1::2] + 1]
    if not (np.isin(before, edges).all() and np.isin(after, edges).all()):
        return False
    if b"\r" not in block:
        return True
    returns = np.flatnonzero(text == ord("\r"))
    outside = returns[np.searchsorted(quotes, returns) % 2 == 0]
    return bool((text[outside + 1] == ord("\n")).all())
