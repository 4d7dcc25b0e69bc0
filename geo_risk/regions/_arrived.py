"""Check that a downloaded file is a complete layer, not a web page or an error message."""

from __future__ import annotations

import json
import re
import zipfile
from pathlib import Path

__all__ = ["no_layer"]

_BEGINS = {
    ".gpkg": b"SQLite format 3\0", ".sqlite": b"SQLite format 3\0", ".zip": b"PK", ".kmz": b"PK",
    ".shz": b"PK", ".xlsx": b"PK", ".fgb": b"fgb", ".parquet": b"PAR1", ".geoparquet": b"PAR1",
    ".arrow": b"ARROW1", ".feather": b"ARROW1", ".shp": b"\0\0\x27\x0a", ".gz": b"\x1f\x8b",
    ".tgz": b"\x1f\x8b", ".pmtiles": b"PMTiles",
}  # fmt: skip
_ENDS = {".parquet": b"PAR1", ".geoparquet": b"PAR1", ".arrow": b"ARROW1", ".feather": b"ARROW1"}
_LAYER_JSON = (".geojson", ".topojson")
_JSON = (*_LAYER_JSON, ".json")
_XML = (".gml", ".kml", ".xml", ".gpx")
_WIDE = (b"\xff\xfe", b"\xfe\xff")  # marks of UTF-16
_BETWEEN = "\x1e \t\r\n\ufeff"  # between the records of a GeoJSON sequence
_NAME = re.compile(rb"<(?:[\w.-]{1,99}:)?([\w.-]{1,99})")
_PAGES = {b"html", b"head", b"body", b"script", b"meta", b"title"}
_XML_ERRORS = {b"exceptionreport", b"serviceexceptionreport", b"error", b"errorresponse", b"fault"}
_TYPES = {
    "FeatureCollection", "Feature", "GeometryCollection", "Point", "MultiPoint", "LineString",
    "MultiLineString", "Polygon", "MultiPolygon", "Topology",
}  # fmt: skip
_ERROR_KEYS = {"error", "errors", "exception", "fault", "message", "detail", "error_message"}
_PROBLEM_KEYS = {"title", "status"}  # RFC 9457
_SMALL = 1 << 20  # bytes; error messages are shorter
_LOOK = 4096


def no_layer(path: Path, ending: str) -> str | None:
    """Why a downloaded file is not a complete layer; None if it may be one.

    The ending of the address states the expected format; without one, only web pages and error
    messages are detected.
    """
    size = path.stat().st_size
    if size == 0:
        return "an empty file"
    with path.open("rb") as file:
        head = file.read(_LOOK)
        file.seek(max(0, size - _LOOK))
        tail = file.read()
    if head.startswith(_WIDE):
        head, tail = (part.translate(None, b"\0\xff\xfe") for part in (head, tail))
    head = head.removeprefix(b"\xef\xbb\xbf")
    root = _root(head)
    if root in _PAGES:
        return "a web page, perhaps a login page, not a layer"
    if root in _XML_ERRORS:
        return "an error message, not a layer"
    wanted = _BEGINS.get(ending)
    if wanted is not None and not head.startswith(wanted):
        return f"a file that cannot be read as {ending}: it begins with {head[:12]!r}"
    whole = _cut(path, ending, head, tail, size)
    return whole or _told_error(path, ending, head, size)


def _root(head: bytes) -> bytes:
    """Name of the first element of XML or HTML, in lower case; empty for anything else."""
    rest = head.lower().lstrip()
    while rest.startswith((b"<?", b"<!--")):
        rest = rest.partition(b"?>" if rest.startswith(b"<?") else b"-->")[2].lstrip()
    if re.match(rb"<!doctype\s+html", rest):
        return b"html"
    found = _NAME.match(rest)
    return found[1] if found else b""


def _cut(path: Path, ending: str, head: bytes, tail: bytes, size: int) -> str | None:
    """Why a file is incomplete or does not begin like its format; None if neither."""
    cut = f"a file that cannot be read as {ending}: its end is missing"
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
    first, last = head.lstrip(b"\x1e \t\r\n")[:1], tail.rstrip()[-1:]
    for endings, pairs in ((_LAYER_JSON, {b"{": b"}"}), (_JSON, {b"{": b"}", b"[": b"]"}),
                           (_XML, {b"<": b">"})):  # fmt: skip
        if ending in endings and first not in pairs:
            return f"a file that cannot be read as {ending}: it begins with {head[:12]!r}"
        if ending in endings and pairs[first] != last:
            return cut
    return None


def _told_error(path: Path, ending: str, head: bytes, size: int) -> str | None:
    """Why a small JSON file is not a layer (an error message, or no type); None if it may be."""
    if size > _SMALL or head.lstrip(b"\x1e \t\r\n")[:1] != b"{":
        return None
    try:
        told = _first_record(path.read_text(encoding="utf-8"))
    except (ValueError, RecursionError):
        return f"a file that cannot be read as {ending}" if ending in _JSON else None
    if told.get("type") in _TYPES:
        return None
    keys = {str(key).lower() for key in told}
    if _ERROR_KEYS & keys or keys >= _PROBLEM_KEYS:
        return "an error message, not a layer"
    return "JSON that is not a layer" if ending in _LAYER_JSON else None


def _first_record(text: str) -> dict[str, object]:
    """The JSON object in a text, or the first object of a sequence."""
    text = text.lstrip(_BETWEEN)
    told, end = json.JSONDecoder().raw_decode(text)
    rest = text[end:].lstrip(_BETWEEN)
    if not isinstance(told, dict) or (rest and not rest.startswith("{")):
        raise ValueError("not JSON objects")
    return told
