"""GML and KML written anew, so that GDAL finds nothing in them but elements and their text."""

from __future__ import annotations

import re
from collections.abc import Mapping
from xml.parsers import expat
from xml.sax.saxutils import escape, quoteattr

from geo_risk.errors import DataCorruptError

__all__ = ["plain_xml"]

_ROOTS = {".gml": "FeatureCollection", ".kml": "kml"}
_MOST_LEVELS = 200  # elements within elements
_BLANKS = " " * 32768  # GDAL chooses who reads a file by its beginning: the root, and these
_LEFT_OUT = {"NetworkLink", "Style", "StyleMap", "styleUrl", "GroundOverlay", "ScreenOverlay",
             "PhotoOverlay", "Model", "Link", "Url"}  # fmt: skip
_LINKS = {"href", "schemaLocation", "noNamespaceSchemaLocation"}
_CRS_NAME = re.compile(
    r"(urn:(x-)?ogc:def:crs:[\w.:,-]+|[A-Z]{2,5}:\w+"
    r"|https?://www\.opengis\.net/(def/crs/[\w./]+|gml/srs/epsg\.xml#\d+))",
    re.IGNORECASE,
)


def plain_xml(raw: bytes, ending: str, name: str) -> bytes:
    """XML in UTF-8 with the same elements: no comments, instructions, links or schemas.

    Raises
    ------
    DataCorruptError
        No XML, cut short, of another kind, or nested too deeply.
    ValueError
        A document type (which may define entities), or a CRS that is no name of one.
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
    return "".join(writer.parts).encode()


class _Writer:
    """Writes what it is told of, without what could lead elsewhere."""

    def __init__(self, root: str, name: str) -> None:
        self.parts = ['<?xml version="1.0" encoding="UTF-8"?>\n']
        self._root, self._name = root, name
        self._level = self._left_out = 0

    def start(self, tag: str, attributes: Mapping[str, str]) -> None:
        local = tag.rpartition(":")[2]
        if self._level == 0 and local != self._root:
            raise DataCorruptError(
                f"{self._name} cannot be read: its root is {tag[:200]!r}, not {self._root!r}."
            )
        self._level += 1
        if self._level > _MOST_LEVELS:
            raise DataCorruptError(
                f"{self._name} cannot be read: over {_MOST_LEVELS} elements within each other."
            )
        if self._left_out or local in _LEFT_OUT:
            self._left_out += 1
            return
        kept = "".join(f" {key}={quoteattr(value)}" for key, value in attributes.items()
                       if self._keeps(key, value))  # fmt: skip
        self.parts.append(f"<{tag}{kept}>{_BLANKS if self._level == 1 else ''}")

    def _keeps(self, key: str, value: str) -> bool:
        """Whether an attribute is no link; of the root, its namespaces only."""
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
        else:
            self.parts.append(f"</{tag}>")

    def text(self, content: str) -> None:
        if not self._left_out:
            self.parts.append(escape(content))

    def refuse_type(self, *_: object) -> None:
        raise ValueError(f"{self._name} is not read: it declares a document type (<!DOCTYPE>).")
