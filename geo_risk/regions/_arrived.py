"""What says that an answer is a layer, whole: a web page or a note of an error is none."""

from __future__ import annotations

import json
import re
import zipfile
from pathlib import Path

from geo_risk._http import WEB_PAGES

__all__ = ["no_layer", "no_layer_type"]

_BEGINS = {
    ".gpkg": b"SQLite format 3\0", ".sqlite": b"SQLite format 3\0", ".zip": b"PK", ".kmz": b"PK",
    ".shz": b"PK", ".xlsx": b"PK", ".fgb": b"fgb", ".parquet": b"PAR1", ".geoparquet": b"PAR1",
    ".arrow": b"ARROW1", ".feather": b"ARROW1", ".shp": b"\0\0\x27\x0a", ".gz": b"\x1f\x8b",
    ".tgz": b"\x1f\x8b", ".pmtiles": b"PMTiles",
}  # fmt: skip
_ENDS = {".parquet": b"PAR1", ".geoparquet": b"PAR1", ".arrow": b"ARROW1", ".feather": b"ARROW1"}
_JSON = (".geojson", ".topojson", ".json")
_XML = (".gml", ".kml", ".xml", ".gpx")
_PAGE = re.compile(
    rb"\s*(<\?xml[^>]*>\s*)?(<!--.*?-->\s*)*<(!doctype\s+html|html|head|body|script|meta|title)\b",
    re.IGNORECASE | re.DOTALL,
)
_ERROR_KEYS = {"error", "errors", "exception", "fault", "message", "detail", "error_message"}
_SMALL = 1 << 20  # bytes; what tells of an error is no longer
_LOOK = 4096


def no_layer_type(content_type: str) -> str | None:
    """Why an answer of this type is no layer; None where it may be one."""
    plain = content_type.partition(";")[0].strip().lower()
    if plain in WEB_PAGES:
        return f"a web page ({plain}), as where one has to log in, and no layer"
    return f"an error ({plain}) and no layer" if plain == "application/problem+json" else None


def no_layer(path: Path, ending: str) -> str | None:
    """Why a file that arrived is no whole layer; None where it may be one.

    The ending of the address says what is expected; of what it does not say, only web pages and
    notes of errors are known.
    """
    size = path.stat().st_size
    if size == 0:
        return "an empty file and no layer"
    with path.open("rb") as file:
        head = file.read(_LOOK).removeprefix(b"\xef\xbb\xbf")
        file.seek(max(0, size - _LOOK))
        tail = file.read()
    if _PAGE.match(head):
        return "a web page, as where one has to log in, and no layer"
    ending = ending.lower()
    wanted = _BEGINS.get(ending)
    if wanted is not None and not head.startswith(wanted):
        return f"what cannot be read as {ending}: it begins with {head[:12]!r}"
    whole = _cut(path, ending, head, tail, size)
    return whole or _told_error(path, ending, head, size)


def _cut(path: Path, ending: str, head: bytes, tail: bytes, size: int) -> str | None:
    """Why a file ends too early, or begins as nothing of its kind does."""
    cut = f"what cannot be read as {ending}: its end is missing"
    if ending in _ENDS:
        return None if tail.endswith(_ENDS[ending]) else cut
    if _BEGINS.get(ending) == b"PK":
        return None if zipfile.is_zipfile(path) else cut
    if ending in (".gpkg", ".sqlite"):
        page = int.from_bytes(head[16:18], "big")
        pages = int.from_bytes(head[28:32], "big") if head[24:28] == head[92:96] else 0
        return None if size >= pages * (65536 if page == 1 else page) else cut
    if ending == ".shp":
        return None if size >= 2 * int.from_bytes(head[24:28], "big") else cut
    first, last = head.lstrip()[:1], tail.rstrip()[-1:]
    for endings, pairs in ((_JSON, {b"{": b"}", b"[": b"]"}), (_XML, {b"<": b">"})):
        if ending in endings and first not in pairs:
            return f"what cannot be read as {ending}: it begins with {head[:12]!r}"
        if ending in endings and pairs[first] != last:
            return cut
    return None


def _told_error(path: Path, ending: str, head: bytes, size: int) -> str | None:
    """Why a small JSON file is no layer: it tells of an error, or has no type."""
    if size > _SMALL or head.lstrip()[:1] != b"{":
        return None
    try:
        told = json.loads(path.read_bytes())
    except (ValueError, RecursionError):
        return f"what cannot be read as {ending}" if ending in _JSON else None
    if not isinstance(told, dict) or "type" in told:
        return None
    if _ERROR_KEYS & {str(key).lower() for key in told}:
        return "a note of an error and no layer"
    return "JSON without a type, and no layer" if ending in (".geojson", ".topojson") else None
