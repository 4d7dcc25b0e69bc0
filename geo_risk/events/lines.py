"""Read lines of a text file in any encoding; they can be looked at, taken and given back."""

from __future__ import annotations

import io
from collections import deque
from collections.abc import Callable
from typing import IO, TypeVar

import numpy as np

from geo_risk.errors import OptionNeededError

__all__ = ["Lines"]

_LONGEST_LINE = 16 * 2**20
_BLOCK = 2**20
_LONGEST_RECORD = 100  # lines

T = TypeVar("T", str, bytes)


class Lines:
    """Decoded lines; remembers those that belong to the current record."""

    def __init__(self, stream: IO[bytes], encoding: str | None, name: str) -> None:
        self.name = name
        self.number = 0  # of the last line returned, counted from 1
        self.taken: list[str] = []
        self.fell_back = False
        self._pushed: deque[tuple[str, bool]] = deque()
        self._fallbacks: list[bool] = []
        self._block: list[str] = []
        self._block_fallbacks: list[bool] = []
        self._at = 0
        self._whole = b""  # clean lines of the current block that are not yet split
        self._tried = False
        if encoding is not None and encoding.lower().replace("_", "-") in {"utf-8", "utf8"}:
            encoding = "utf-8-sig"
        head = stream.peek(4096)[:4096] if isinstance(stream, io.BufferedReader) else b""
        self.encoding = encoding or _encoding_of(head, name)
        self._text: io.TextIOWrapper | None = None
        if encoding is not None or self.encoding != "utf-8":
            self._text = io.TextIOWrapper(stream, self.encoding, newline="")
        elif b"\r" in head and b"\n" not in head:
            self._text = io.TextIOWrapper(stream, "utf-8", newline=None)
        elif head.startswith(b"\xef\xbb\xbf"):
            stream.read(3)
        self._stream = stream

    def __iter__(self) -> Lines:
        return self

    def __next__(self) -> str:
        if self._pushed:
            line, fell_back = self._pushed.popleft()
        elif self._more():
            line = self._block[self._at]
            fell_back = bool(self._block_fallbacks) and self._block_fallbacks[self._at]
            self._at += 1
        else:
            raise StopIteration
        self.number += 1
        self.taken.append(line)
        self._fallbacks.append(fell_back)
        self.fell_back |= fell_back
        return line

    def batch(self, n: int) -> list[str]:
        """Up to `n` of the next lines, if they are plain UTF-8; they are not consumed."""
        if self._pushed or not self._more():
            return []
        end = self._at + n
        if any(self._block_fallbacks[self._at : end]):
            return []
        return self._block[self._at : end]

    def accept(self, batch: list[str]) -> None:
        """Continue after the lines of `batch`."""
        self._at += len(batch)
        self.number += len(batch)

    def block(self) -> bytes:
        """Rest of the current block as UTF-8; empty if not clean or already returned.

        It is not consumed; `skip` continues after a part of it.
        """
        if self._pushed or not (self._whole or self._at < len(self._block) or self._fill()):
            return b""
        if self._tried:
            return b""
        self._tried = True
        if not self._whole:
            self._whole = "".join(self._block[self._at :]).encode()
            self._block, self._at = [], 0
        return self._whole

    def skip(self, length: int) -> None:
        """Continue after the first `length` bytes, whole lines, that `block` returned."""
        self.number += int(np.count_nonzero(np.frombuffer(self._whole, np.uint8, length) == 10))
        self._whole = self._whole[length:]

    def _more(self) -> bool:
        """Whether there is another line; if so, it is at `_at`."""
        if self._at < len(self._block):
            return True
        if not self._whole and not self._fill():
            return False
        if self._whole:
            self._block, self._at = list(io.StringIO(self._whole.decode(), newline="\n")), 0
            self._whole = b""
        return True

    def _fill(self) -> bool:
        """Read the next block of whole lines; False at the end."""
        self._at, self._block, self._block_fallbacks, self._tried = 0, [], [], False
        if self._text is not None:
            try:
                text = self._text.read(_BLOCK)
                text += self._rest_of_line(self._text.readline)
            except UnicodeError as error:
                raise OptionNeededError(
                    f"{self.name}, after line {self.number}: the text is not {self.encoding} "
                    f"({error}). Pass the right encoding=.",
                    ["encoding"],
                ) from error
            self._whole = text.encode()
            return bool(text)
        raw = self._stream.read(_BLOCK)
        raw += self._rest_of_line(self._stream.readline)
        # With an odd number of quotes the block ends within a record of several lines.
        for _ in range(_LONGEST_RECORD if raw.count(b'"') % 2 else 0):
            line = self._rest_of_line(self._stream.readline)
            raw += line
            if line.count(b'"') % 2 or not line:
                break
        try:
            raw.decode("utf-8")
            self._whole = raw
        except UnicodeDecodeError:
            self._tried = True
            for line in io.BytesIO(raw):
                text, fell_back = _decode(line)
                self._block.append(text)
                self._block_fallbacks.append(fell_back)
        return bool(raw)

    def _rest_of_line(self, readline: Callable[[int], T]) -> T:
        rest = readline(_LONGEST_LINE)
        if len(rest) >= _LONGEST_LINE:
            raise ValueError(
                f"{self.name}, after line {self.number}: a line of more than {_LONGEST_LINE} "
                "characters; this is not a table of delimited text."
            )
        return rest

    def begin(self) -> None:
        """Forget the lines of the previous record."""
        self.taken, self._fallbacks, self.fell_back = [], [], False

    def give_back(self, keep: int) -> None:
        """Give back all but the first `keep` lines of the current record."""
        extra = list(zip(self.taken[keep:], self._fallbacks[keep:]))
        self._pushed.extendleft(reversed(extra))
        self.number -= len(extra)
        del self.taken[keep:], self._fallbacks[keep:]
        self.fell_back = any(self._fallbacks)


def _decode(line: bytes) -> tuple[str, bool]:
    """Text of a line, and whether it was not UTF-8."""
    try:
        return line.decode("utf-8"), False
    except UnicodeDecodeError:
        return line.decode("cp1252", errors="replace"), True


def _encoding_of(head: bytes, name: str) -> str:
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "utf-16"
    if b"\x00" in head:
        raise OptionNeededError(
            f"{name} is not text: it has NUL bytes near its start. If it is UTF-16 without a "
            'byte order mark, pass encoding="utf-16-le" or "utf-16-be".',
            ["encoding"],
        )
    return "utf-8"
