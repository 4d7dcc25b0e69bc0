"""Fast path for well-formed text: recognised by one regular expression, parsed by Arrow.

It takes only what the strict rules of RFC 4180 allow, so that every row is the same on either
path: quotes only around a whole field and doubled within it, all records of the same width, every
line ended.
"""

from __future__ import annotations

import re
from typing import Any

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
        """Arrow table of text from records that `length` found well-formed."""
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
                column_types=dict.fromkeys(names, pa.large_string()), strings_can_be_null=False
            ),
        )
        return table.rename_columns(columns)
