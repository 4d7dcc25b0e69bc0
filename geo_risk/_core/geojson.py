"""Read GeoJSON and TopoJSON into rows and shapes, without following links in them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from itertools import chain
from typing import Any, NamedTuple

from geo_risk._core.nesting import MOST_LEVELS, too_deep
from geo_risk.errors import DataCorruptError

__all__ = ["BROKEN", "HALF_CHARACTER", "BrokenRow", "crs_of", "features_in", "frame_of_features",
           "has_surrogate", "known_crs", "parse_json"]  # fmt: skip

# What libraries raise if the structure inside a file is not valid.
BROKEN = (
    ValueError,
    TypeError,
    KeyError,
    IndexError,
    AttributeError,
    OverflowError,
    RuntimeError,  # also NotImplementedError and the errors of GDAL and PROJ
)

_LON_LAT = "EPSG:4326"
_GEOMETRIES = ("Point", "MultiPoint", "LineString", "MultiLineString", "Polygon", "MultiPolygon",
               "GeometryCollection")  # fmt: skip
_CODE = re.compile(
    r"(?:urn:(?:x-)?ogc:def:crs:|https?://www\.opengis\.net/def/crs/)?"
    r"(?P<authority>EPSG|ESRI|OGC|IAU_\d+|IGNF)[:/](?:[\w.]*[:/])?(?P<code>\w+)",
    re.IGNORECASE,
)
_DEGREES = re.compile(r"CRS:?84|WGS ?84", re.IGNORECASE)
_UNFOLDED = 100  # most vertices of a TopoJSON object for each in its arcs; a coverage has two


HALF_CHARACTER = "half_character"
"""Code of a row that was kept although a text in it contains half a character."""


class BrokenRow(NamedTuple):
    """A row that could not be read unchanged."""

    position: int
    code: str  # a flag of events
    text: str
    reason: str


def parse_json(raw: bytes, name: str) -> Any:
    """Parse JSON in UTF-8, UTF-16 or UTF-32.

    Raises
    ------
    DataCorruptError
        Not JSON, or nested too deeply.
    """
    try:
        return json.loads(raw)
    except (ValueError, RecursionError) as error:
        raise DataCorruptError(f"{name} cannot be read: it is not valid JSON: {error}") from error


def has_surrogate(value: Any) -> bool:
    """Whether texts in parsed JSON have half a character ("\\ud800"), which no file can store."""
    if isinstance(value, Mapping):
        return has_surrogate([*value, *value.values()])
    if isinstance(value, str):
        value = [value]
    elif not isinstance(value, list):
        return False
    try:
        "".join([part for part in value if isinstance(part, str)]).encode()
    except UnicodeEncodeError:
        return True
    return any(has_surrogate(part) for part in value if isinstance(part, (Mapping, list)))


def _whole(value: Any) -> Any:
    """Parsed JSON with U+FFFD for each half of a character."""
    if isinstance(value, str):
        return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    if isinstance(value, Mapping):
        return {_whole(key): _whole(held) for key, held in value.items()}
    return [_whole(part) for part in value] if isinstance(value, list) else value


def crs_of(content: Mapping[str, Any]) -> Any:
    """CRS of a GeoJSON object: degrees, or the one in its member `crs` (GeoJSON 2008).

    Returns
    -------
    str or None
        As pyproj accepts it; None if `crs` is null, which states that it is unknown.

    Raises
    ------
    ValueError
        A link, which is not followed, or a name without a known authority.
    """
    if "crs" not in content or content["crs"] is None:
        return _LON_LAT if "crs" not in content else None
    stated = content["crs"]
    told: Any = None
    if isinstance(stated, Mapping) and isinstance(stated.get("properties"), Mapping):
        if stated.get("type") == "name":
            told = stated["properties"].get("name")
        elif stated.get("type") == "EPSG":  # before 2008
            told = f"EPSG:{stated['properties'].get('code')}"
    found = known_crs(told) if isinstance(told, str) else None
    if found is None:
        raise ValueError(
            f'Invalid crs: {json.dumps(stated)[:200]}; must name a CRS, as in {{"type": "name", '
            '"properties": {"name": "urn:ogc:def:crs:EPSG::32642"}}. Links are not followed.'
        )
    return found


def known_crs(name: str) -> str | None:
    """Authority and code in the name of a CRS; None if it has none, or PROJ does not know them."""
    import pyproj

    if _DEGREES.fullmatch(name):
        return _LON_LAT
    parts = _CODE.fullmatch(name)
    if parts is None:
        return None
    found = f"{parts['authority'].upper()}:{parts['code']}"
    if found.upper() == "OGC:CRS84":
        return _LON_LAT
    try:
        pyproj.CRS.from_user_input(found)
    except pyproj.exceptions.CRSError:
        return None
    return found


def features_in(content: Any, name: str) -> dict[str, list[Any]]:
    """Features in the content of a JSON file, by the name of their layer.

    GeoJSON has one layer, named "", TopoJSON one for each of its objects.

    Raises
    ------
    ValueError
        Neither GeoJSON nor TopoJSON, or TopoJSON without arcs.
    """
    kind = content.get("type") if isinstance(content, Mapping) else None
    if kind == "FeatureCollection":
        if not isinstance(content.get("features"), list):
            raise ValueError(
                f"{name} cannot be read: a FeatureCollection needs a list of features."
            )
        return {"": content["features"]}
    if kind == "Feature":
        return {"": [content]}
    if kind in _GEOMETRIES:
        return {"": [{"type": "Feature", "geometry": content}]}
    if kind != "Topology":
        raise ValueError(f"{name} cannot be read: it is neither GeoJSON nor TopoJSON.")
    try:
        topology = _Topology(content)
        return {str(key): topology.features(held) for key, held in content["objects"].items()}
    except BROKEN as error:
        raise DataCorruptError(
            f"{name} cannot be read as TopoJSON: {type(error).__name__}: {error}"
        ) from error


class _Topology:
    """Arcs of a TopoJSON file, and the features that they form."""

    def __init__(self, content: Mapping[str, Any]) -> None:
        transform = content.get("transform")
        self._scale = self._shift = None
        if transform is not None:
            self._scale, self._shift = transform["scale"], transform["translate"]
        self._arcs = [self._arc(given) for given in content["arcs"]]
        self._left = 0

    def _arc(self, given: Any) -> Any:
        import numpy as np

        arc = np.array([position[:2] for position in given], dtype=float).reshape(-1, 2)
        return arc if self._scale is None else self._placed(np.cumsum(arc, axis=0))

    def _placed(self, positions: Any) -> Any:
        """Positions in units of the CRS; quantised ones are stored as whole numbers."""
        import numpy as np

        if self._scale is None:
            return positions
        return np.array(positions, dtype=float)[..., :2] * self._scale + self._shift

    def features(self, held: Any) -> list[Any]:
        """Features of one object; a text with the reason replaces one that cannot be made."""
        single = held["type"] != "GeometryCollection"
        self._left = _UNFOLDED * (100 + sum(map(len, self._arcs)))
        features: list[Any] = []
        for geometry in [held] if single else held["geometries"]:
            try:
                features.append(self._feature(geometry))
            except BROKEN as error:
                features.append(f"{type(error).__name__}: {error}")
        return features

    def _feature(self, geometry: Any) -> dict[str, Any]:
        feature = {"type": "Feature", "properties": geometry.get("properties")}
        if "id" in geometry:
            feature["id"] = geometry["id"]
        return feature | {"geometry": self._plain(geometry) if geometry.get("type") else None}

    def _plain(self, geometry: Any, level: int = 1) -> dict[str, Any]:
        """A geometry as GeoJSON."""
        kind = geometry["type"]
        if kind == "GeometryCollection":
            if level > MOST_LEVELS:
                raise ValueError(f"more than {MOST_LEVELS} collections within each other")
            parts = [self._plain(part, level + 1) for part in geometry["geometries"]]
            return {"type": kind, "geometries": parts}
        if kind in {"Point", "MultiPoint"}:
            return {"type": kind, "coordinates": self._placed(geometry["coordinates"])}
        depth = {"LineString": 0, "MultiLineString": 1, "Polygon": 1, "MultiPolygon": 2}[kind]
        return {"type": kind, "coordinates": self._stitched(geometry["arcs"], depth)}

    def _stitched(self, given: Any, depth: int) -> Any:
        """Join arcs to lines; lists of arc numbers are nested in `depth` outer lists."""
        import numpy as np

        if depth > 0:
            return [self._stitched(part, depth - 1) for part in given]
        if len({number if number >= 0 else ~number for number in given}) < len(given):
            raise ValueError(f"a line names an arc twice: {given[:20]}")
        pieces: list[Any] = []
        for number in given:
            if not -len(self._arcs) <= number < len(self._arcs):
                raise IndexError(f"it names arc {number} of {len(self._arcs)} arcs")
            arc = self._arcs[number] if number >= 0 else self._arcs[~number][::-1]
            self._left -= len(arc)
            if self._left < 0:
                raise ValueError(f"over {_UNFOLDED} times as many vertices as the file's arcs have")
            pieces.append(arc[1:] if pieces else arc)
        line = np.concatenate(pieces).tolist() if pieces else []
        if not line:
            raise ValueError("a line without positions")
        return line


def frame_of_features(
    features: Iterable[Any], crs: Any = _LON_LAT, *, keep_halves: bool = False
) -> tuple[Any, list[BrokenRow]]:
    """GeoDataFrame of GeoJSON features, and a list of broken rows.

    A feature's own `id` becomes a column if its properties have none.

    Parameters
    ----------
    features : iterable
        Features; a text with the reason replaces one that could not be made.
    crs : str, optional
        CRS of the collection. A feature that states another one is broken.
    keep_halves : bool
        Whether a row with half a character is kept with U+FFFD in its place and reported with
        the code `HALF_CHARACTER`, rather than left empty.
    """
    import geopandas as gpd
    from shapely.errors import ShapelyError

    broken, rows, shapes = [], [], []
    for position, feature in enumerate(features):
        row, found, reason, code = {}, None, "", "unreadable_row"
        try:
            row = _row(feature)
            if has_surrogate(row):
                row = _whole(row) if keep_halves else {}
                if not keep_halves:
                    raise ValueError("half a character (a lone surrogate)")
                broken.append(BrokenRow(position, HALF_CHARACTER, "", f"feature {position}"))
            code = "bad_coordinates"  # what can still go wrong
            found = _shape(feature.get("geometry"), feature, crs)
        except (*BROKEN, ShapelyError) as error:
            reason = f"feature {position}: {type(error).__name__}: {error}"
            text = feature if isinstance(feature, str) else _text(feature)
            broken.append(BrokenRow(position, code, text, reason))
        rows.append(row)
        shapes.append(found)
    drawn: Any = shapes
    return gpd.GeoDataFrame(rows, geometry=drawn, crs=crs), broken


def _text(feature: Any) -> str:
    try:
        return json.dumps(feature, default=str)[:1000]
    except RecursionError:
        return ""


def _row(feature: Any) -> dict[str, Any]:
    """Properties of a feature."""
    if isinstance(feature, str):
        raise ValueError(feature)
    row = dict(feature.get("properties") or {})
    if "id" in feature:
        row.setdefault("id", feature["id"])
    row.pop("geometry", None)
    return row


def _shape(given: Any, feature: Mapping[str, Any], crs: Any) -> Any:
    """Shape of a feature's geometry, in the CRS of its collection."""
    import numpy as np
    from shapely.geometry import shape

    if not given:
        return None
    if too_deep(given):
        raise ValueError(f"more than {MOST_LEVELS} collections within each other")
    if _holds_truth(given):
        raise ValueError("true or false among the coordinates")
    for holder in (feature, given):
        if "crs" in holder and crs_of(holder) != crs:
            raise ValueError(f"it states a CRS of its own: {json.dumps(holder['crs'])[:200]}")
    with np.errstate(invalid="ignore"):  # NaN among the coordinates
        try:
            return shape(given)
        except ValueError:  # perhaps positions with and without height in one line
            return shape({"type": given["type"], "coordinates": _flat(given["coordinates"])})


def _holds_truth(geometry: Any) -> bool:
    """Whether true or false, which NumPy reads as 1 or 0, is among the coordinates."""
    if not isinstance(geometry, Mapping):
        return False
    level = geometry.get("coordinates")
    while isinstance(level, list) and level:
        kinds = set(map(type, level))
        if bool in kinds or list not in kinds:
            return bool in kinds
        level = list(chain.from_iterable(part for part in level if isinstance(part, list)))
    parts = geometry.get("geometries")
    return isinstance(parts, list) and any(map(_holds_truth, parts))


def _flat(coordinates: Any) -> Any:
    """Coordinates without heights."""
    if coordinates and not isinstance(coordinates[0], list):
        return coordinates[:2]
    return [_flat(part) for part in coordinates]
