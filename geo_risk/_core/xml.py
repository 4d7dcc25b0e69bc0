"""Rewrite GML and KML, so that GDAL finds nothing in them but elements and their text."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import NamedTuple
from xml.parsers import expat

from geo_risk.errors import DataCorruptError

__all__ = ["PlainXml", "plain_xml"]

_ROOTS = {".gml": "FeatureCollection", ".kml": "kml"}
_MOST_LEVELS = 200  # elements within elements
_BLANKS = " " * 32768  # GDAL chooses the reader by the beginning of a file: the root, and these
_LEFT_OUT = {"NetworkLink", "Style", "StyleMap", "styleUrl", "GroundOverlay", "ScreenOverlay",
             "PhotoOverlay", "Model", "Link", "Url"}  # fmt: skip
_LINKS = {"href", "schemaLocation", "noNamespaceSchemaLocation"}
_CRS_NAME = re.compile(
    r"(urn:(x-)?ogc:def:crs:[\w.:,-]+|[A-Z]{2,5}:\w+"
    r"|https?://www\.opengis\.net/(def/crs/[\w./]+|gml/srs/epsg\.xml#\d+))",
    re.IGNORECASE,
)
_PLACES = {"coordinates", "pos", "posList", "X", "Y", "Z"}
_SHAPES = {"Point", "LineString", "LinearRing", "Box", "coord", "LineStringSegment", "Arc",
           "ArcString", "ArcByCenterPoint", "Circle", "CircleByCenterPoint", "GeodesicString",
           "CubicSpline", "BSpline"}  # fmt: skip
_NUMBER = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]{1,3})?")
_TOKEN = re.compile(r"[^\s,]+")
_GAP = re.compile(r"(?:(?<=\s)|^)[^\s,]+,(?=\s*(?:,|$))|^\s*(?=,)")  # one of a pair is missing
_MEMBERS = {"featureMember", "member", "featureMembers"}


class BrokenPlace(NamedTuple):
    """Text in place of a number in the geometry of a feature; features count from 0."""

    feature: int
    text: str


class PlainXml(NamedTuple):
    """Rewritten content, its number of features, and what is broken in them."""

    content: bytes
    features: int
    broken: list[BrokenPlace]


def plain_xml(raw: bytes, ending: str, name: str) -> PlainXml:
    """Rewrite XML in UTF-8 with the same elements: no comments, instructions, links or schemas.

    A coordinate that is not a finite number, which GDAL silently reads as 0, is written as 0 and
    reported.

    Raises
    ------
    DataCorruptError
        Not XML, cut short, of another kind, or nested too deeply.
    ValueError
        A document type (which may define entities), or a CRS that is not a name of one.
    """
    writer = _Writer(_ROOTS[ending], name)
    parser = expat.ParserCreate()
    parser.buffer_text = True
    parser.StartElementHandler = writer.start
    parser.EndElementHandler = writer.end
    parser.CharacterDataHandler = writer.text
    parser.StartDoctypeDeclHandler = writer.refuse_type
    try:
        parser.Parse(raw, True)
    except (expat.ExpatError, LookupError, UnicodeError) as error:
        raise DataCorruptError(f"{name} cannot be read as XML: {error}") from error
    return PlainXml("".join(writer.parts).encode(), writer.features, writer.broken)


class _Writer:
    """Writes the parsed elements, without references to anything else."""

    def __init__(self, root: str, name: str) -> None:
        from xml.sax.saxutils import escape, quoteattr  # imports urllib.request and http.client

        self._escape, self._quote = escape, quoteattr
        self.parts = ['<?xml version="1.0" encoding="UTF-8"?>\n']
        self._root, self._name = root, name
        self._level = self._left_out = 0
        self.broken: list[BrokenPlace] = []
        self.features, self._open = 0, [""]  # open elements, the innermost last
        self._place: list[str] | None = None  # the text of coordinates

    def start(self, tag: str, attributes: Mapping[str, str]) -> None:
        local = tag.rpartition(":")[2]
        if self._level == 0 and local != self._root:
            raise DataCorruptError(
                f"{self._name} cannot be read: its root is {tag[:200]!r}, not {self._root!r}."
            )
        self._level += 1
        if self._level > _MOST_LEVELS:
            raise DataCorruptError(
                f"{self._name} cannot be read: over {_MOST_LEVELS} nested elements."
            )
        if self._left_out or local in _LEFT_OUT:
            self._left_out += 1
            return
        if self._place is not None:
            raise DataCorruptError(f"{self._name} cannot be read: <{tag}> stands in coordinates.")
        if local == "Placemark" or (len(self._open) == 3 and self._open[-1] in _MEMBERS):
            self.features += 1
        if local in _PLACES and self._open[-1] in _SHAPES:
            self._place = []
            self._refuse_signs(attributes)
        self._open.append(local)
        kept = "".join(f" {key}={self._quote(value)}" for key, value in attributes.items()
                       if self._keeps(key, value))  # fmt: skip
        self.parts.append(f"<{tag}{kept}>{_BLANKS if self._level == 1 else ''}")

    def _keeps(self, key: str, value: str) -> bool:
        """Whether an attribute is kept: not a link; for the root, namespaces only."""
        local = key.rpartition(":")[2]
        if local == "srsName" and not _CRS_NAME.fullmatch(value):
            raise ValueError(
                f"Invalid srsName: {value[:200]!r} in {self._name}; must name a CRS, such as "
                "'urn:ogc:def:crs:EPSG::4326'."
            )
        if local in _LINKS or (local == "schemaUrl" and not value.startswith("#")):
            return False
        return self._level > 1 or key.startswith("xmlns")

    def end(self, tag: str) -> None:
        self._level -= 1
        if self._left_out:
            self._left_out -= 1
            return
        self._open.pop()
        if self._place is not None:
            self.parts.append(self._numbers("".join(self._place)))
            self._place = None
        self.parts.append(f"</{tag}>")

    def text(self, content: str) -> None:
        if self._left_out:
            return
        if self._place is not None:
            self._place.append(content)
        else:
            self.parts.append(self._escape(content))

    def _numbers(self, text: str) -> str:
        """Coordinates, with 0 in place of what is not a finite number."""
        return _GAP.sub(self._gap, _TOKEN.sub(self._number, text))

    def _gap(self, found: re.Match[str]) -> str:
        self.broken.append(BrokenPlace(max(self.features - 1, 0), found[0].strip()))
        return f"{found[0]}0"

    def _number(self, found: re.Match[str]) -> str:
        if _NUMBER.fullmatch(found[0]) and math.isfinite(float(found[0])):
            return found[0]
        self.broken.append(BrokenPlace(max(self.features - 1, 0), found[0][:100]))
        return "0"

    def _refuse_signs(self, attributes: Mapping[str, str]) -> None:
        """Raise for coordinates with other separators than usual (GML 2)."""
        for key, usual in (("decimal", "."), ("cs", ","), ("ts", " ")):
            if attributes.get(key, usual) != usual:
                raise ValueError(
                    f"{self._name} is not read: its coordinates have {key}={attributes[key]!r}; "
                    f"must be {usual!r}."
                )

    def refuse_type(self, *_: object) -> None:
        raise ValueError(f"{self._name} is not read: it declares a document type (<!DOCTYPE>).")
