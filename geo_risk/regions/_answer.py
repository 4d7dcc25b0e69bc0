"""Facts about a file from the headers of an HTTP answer: type, size, offset, state, encoding."""

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
    """Why the content type of an answer rules out a layer; None if it does not."""
    plain = answer.headers.get("Content-Type", "").partition(";")[0].strip().lower()
    if plain in WEB_PAGES:
        return f"a web page ({plain}), perhaps a login page, not a layer"
    return f"an error ({plain}), not a layer" if plain == "application/problem+json" else None


def begins_at(answer: requests.Response) -> int | None:
    """Offset in the file at which the answer begins; None if it is not stated."""
    stated = _RANGE.match(answer.headers.get("Content-Range", ""))
    return None if stated is None else int(stated[1])


def stated_size(answer: requests.Response, have: int) -> int | None:
    """Size of the complete file in bytes, if the server states it; a part may end earlier."""
    stated = _RANGE.match(answer.headers.get("Content-Range", ""))
    if answer.status_code == 206 and stated is not None and stated[2] != "*":
        return int(stated[2])
    length = stated_length(answer)
    return None if length is None else have + length


def state_of(answer: requests.Response) -> str:
    """Entity tag or date that identifies this version of the file; empty if there is neither.

    Weak tags are not used, because files that differ can share one.
    """
    tag = answer.headers.get("ETag", "")
    return ("" if tag.startswith("W/") else tag) or answer.headers.get("Last-Modified", "")


def packing(answer: requests.Response, ending: str) -> str:
    """Compression of the transfer: "", "gzip" or a name that was not requested.

    Servers often state gzip for a file that is itself a gzip file; it is left as it is.
    """
    stated = answer.headers.get("Content-Encoding", "").lower()
    named = {name.strip() for name in stated.split(",")}  # "utf-8" is not a compression
    if unasked := named & _UNASKED:
        return min(unasked)
    return "gzip" if named & _GZIP and ending not in (".gz", ".tgz") else ""


class Gunzip:
    """Decompress gzip chunk by chunk, and detect its end."""

    def __init__(self) -> None:
        self._inner = zlib.decompressobj(31)

    def __call__(self, packed: bytes) -> bytes:
        """Decompress the next bytes."""
        out = []
        try:
            while packed:
                if self._inner.eof:
                    self._inner = zlib.decompressobj(31)
                out.append(self._inner.decompress(packed))
                packed = self._inner.unused_data.lstrip(b"\0")
        except zlib.error:
            raise LaterError("the server states gzip, but the data is not gzip") from None
        return b"".join(out)

    @property
    def ended(self) -> bool:
        """Whether the data is complete."""
        return self._inner.eof
