"""What a server says of the file that it sends: its kind, size, place, state and packing."""

from __future__ import annotations

import re
import zlib
from typing import TYPE_CHECKING

from geo_risk._core.http import WEB_PAGES, LaterError, stated_length

if TYPE_CHECKING:
    import requests

__all__ = ["Gunzip", "begins_at", "no_layer_type", "packing", "state_of", "stated_size"]

_RANGE = re.compile(r"bytes ([0-9]{1,18})-[0-9]{1,18}/([0-9]{1,18}|\*)")
_UNASKED = {"br", "zstd", "deflate", "compress", "x-compress"}
_GZIP = {"gzip", "x-gzip"}


def no_layer_type(answer: requests.Response) -> str | None:
    """Why an answer of this type is no layer; None where it may be one."""
    plain = answer.headers.get("Content-Type", "").partition(";")[0].strip().lower()
    if plain in WEB_PAGES:
        return f"a web page ({plain}), as where one has to log in, and no layer"
    return f"an error ({plain}) and no layer" if plain == "application/problem+json" else None


def begins_at(answer: requests.Response) -> int | None:
    """Place in the file of what is sent; None where it is not stated."""
    stated = _RANGE.match(answer.headers.get("Content-Range", ""))
    return None if stated is None else int(stated[1])


def stated_size(answer: requests.Response, have: int) -> int | None:
    """Bytes of the whole file, where the server states them; a part may end before its end."""
    stated = _RANGE.match(answer.headers.get("Content-Range", ""))
    if answer.status_code == 206 and stated is not None and stated[2] != "*":
        return int(stated[2])
    length = stated_length(answer)
    return None if length is None else have + length


def state_of(answer: requests.Response) -> str:
    """What tells whether a later answer is of the same file; empty where nothing does.

    Weak tags may be shared by files that differ, and are not allowed here.
    """
    tag = answer.headers.get("ETag", "")
    return ("" if tag.startswith("W/") else tag) or answer.headers.get("Last-Modified", "")


def packing(answer: requests.Response, ending: str) -> str:
    """How the file is packed for the journey: "", "gzip" or what nobody asked for.

    A file that is gzip by itself is often said to be packed, and is left as it is.
    """
    stated = answer.headers.get("Content-Encoding", "").lower()
    named = {name.strip() for name in stated.split(",")}  # "utf-8" and the like are no packing
    if unasked := named & _UNASKED:
        return min(unasked)
    return "gzip" if named & _GZIP and ending not in (".gz", ".tgz") else ""


class Gunzip:
    """Undoes gzip bit by bit, and knows whether its end has come."""

    def __init__(self) -> None:
        self._inner = zlib.decompressobj(31)

    def __call__(self, packed: bytes) -> bytes:
        """What the next bytes hold."""
        out = []
        try:
            while packed:
                if self._inner.eof:
                    self._inner = zlib.decompressobj(31)
                out.append(self._inner.decompress(packed))
                packed = self._inner.unused_data.lstrip(b"\0")
        except zlib.error:
            raise LaterError("what is said to be gzip is none") from None
        return b"".join(out)

    @property
    def ended(self) -> bool:
        """Whether nothing is missing."""
        return self._inner.eof
