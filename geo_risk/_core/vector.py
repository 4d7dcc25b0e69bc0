"""Open a file of geometries: the only module that calls GDAL's readers, which would follow links.

GDAL chooses the reader of a file by its content, and some of its readers fetch URLs or open other
files. So GDAL only gets files that were checked to be of a format that does neither: the three
binary ones by their first bytes, a GeoPackage also by its tables; GML and KML are rewritten.
GeoJSON and TopoJSON, and archives except for Shapefiles, are read without GDAL.
"""

from __future__ import annotations

import re
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from io import BytesIO
from pathlib import Path, PurePosixPath
from threading import RLock
from typing import Any

import numpy as np

from geo_risk._core.archives import BROKEN_ZIP, DEFAULT_UNPACKED_BYTES, check_zip
from geo_risk._core.geojson import (
    BrokenRow,
    crs_of,
    features_in,
    frame_of_features,
    parse_json,
)
from geo_risk._core.geopackage import check_geopackage, settled, without_log
from geo_risk._core.geoparquet import read_geoparquet
from geo_risk._core.grids import refuse_paths
from geo_risk._core.shapefiles import PARTS, beside, check_parts, check_shapefile
from geo_risk._core.xml import PlainXml, plain_xml
from geo_risk.errors import DataCorruptError, OptionNeededError

__all__ = ["ENDINGS", "Vector", "layers_of", "read_vector"]

_JSON = (".geojson", ".json", ".topojson")
_XML = (".gml", ".kml")
_PARQUET = (".parquet", ".geoparquet", ".pq")
_MAGIC = {".shp": b"\x00\x00\x27\x0a", ".gpkg": b"SQLite format 3\x00", ".fgb": b"fgb\x03"}
_BEGINNINGS = {
    ".gpkg": _MAGIC[".gpkg"], ".fgb": _MAGIC[".fgb"], ".json": b"{", ".zip": b"PK\x03\x04",
    ".parquet": b"PAR1",
}  # fmt: skip
"""First bytes by which a file without a known ending is recognised, such as from a service."""
ENDINGS = (*_JSON, *_MAGIC, *_XML, *_PARQUET, ".zip")
"""Endings of the names of the files that are read."""

_GDAL = {
    "OGR_SQLITE_ALLOW_EXTERNAL_ACCESS": "NO",
    "OGR_SQLITE_LOAD_EXTENSIONS": None,
    "OGR_SQLITE_PRAGMA": None,
    "GML_SKIP_RESOLVE_ELEMS": "ALL",
    "GML_GFS_TEMPLATE": None,
    "LIBKML_RESOLVE_STYLE": "NO",
}
_LOCK = RLock()
_MISREAD = frozenset("!?;")  # pyogrio does not read what follows as part of a name


@dataclass(frozen=True)
class Vector:
    """A table of geometries, and the rows that could not be read unchanged."""

    frame: Any
    broken: list[BrokenRow] = field(default_factory=list)


@dataclass(frozen=True)
class _Wish:
    """Which layer is wanted, and how the caller names that option."""

    layer: str | int | None
    option: str
    shapes_only: bool
    keep_halves: bool


def read_vector(
    path: Path,
    layer: str | int | None = None,
    *,
    option: str = "layer",
    shapes_only: bool = False,
    keep_halves: bool = False,
    max_bytes: int = DEFAULT_UNPACKED_BYTES,
) -> Vector:
    """Read one layer of a file; nothing is fetched, no other file opened, none written.

    The exceptions are a Shapefile's own .shx, .dbf, .prj and .cpg, and a GeoPackage's write-ahead
    log (`settled`). The format is recognised by the ending of the file or, if that is not in
    `ENDINGS`, by its first bytes.

    Parameters
    ----------
    path : Path
    layer : str or int, optional
        Which of several layers; in an archive, which of its files, without the ending.
    option : str
        Name of `layer` in the messages to the user.
    shapes_only : bool
        Whether tables without geometry are ignored.
    keep_halves : bool
        As in `frame_of_features`.
    max_bytes : int
        Largest unpacked size of an archive.

    Raises
    ------
    DataCorruptError
        The file is damaged, or not what its ending says.
    OptionNeededError
        Several layers and no `layer`.
    ValueError
        A format that is not supported, a layer that does not exist, or a reference to other files.
    """
    wish = _Wish(layer, option, shapes_only, keep_halves)
    ending = _ending(path)
    if ending == ".zip":
        return _read_zip(path, wish, max_bytes)
    if ending in _PARQUET:
        return Vector(read_geoparquet(path))
    if ending in _MAGIC:
        check_shapefile(path)
        if ending == ".gpkg" and (content := settled(path)) is not None:
            return _read_content(content, ending, path.name, wish)
        if path.suffix.lower() != ending or _MISREAD & set(str(path.absolute())):
            return _read_misnamed(path, ending, wish)
        _check_binary(path, ending)
        return Vector(_with_gdal(str(path.absolute()), path.name, wish))
    _check_end(path)
    return _read_content(path.read_bytes(), ending, path.name, wish)


def _ending(path: Path) -> str:
    """Format of a file as one of `ENDINGS`."""
    if not path.is_file():
        raise ValueError(f"Invalid source: {path} is not a file. Formats: {', '.join(ENDINGS)}.")
    ending = path.suffix.lower()
    if ending in ENDINGS:
        return ending
    if ending == ".gz":
        raise ValueError(f"Invalid source: {path} is compressed: unpack it and read {path.stem}.")
    with path.open("rb") as file:
        head = file.read(1024).removeprefix(b"\xef\xbb\xbf").lstrip()
    for ending, magic in _BEGINNINGS.items():
        if head.startswith(magic):
            return ending
    raise ValueError(
        f"Invalid source: {path} ends in none of {', '.join(ENDINGS)}. Other formats can be saved "
        "as .gpkg with QGIS or ogr2ogr."
    )


def layers_of(path: Path) -> list[str]:
    """Names of a GeoPackage's tables, including those without geometry.

    Raises
    ------
    DataCorruptError
        Damaged, or not a GeoPackage that GDAL may open.
    """
    import pyogrio

    place, content = str(path.absolute()), settled(path)
    if content is None and _MISREAD & set(place):
        content = path.read_bytes()
    if content is None:
        _check_binary(path, ".gpkg")
    else:
        check_geopackage(content, path.name)
    with _sealed():
        listed = pyogrio.list_layers(place if content is None else _packed({".gpkg": content}))
    return [str(name) for name, _ in listed]


def _check_binary(path: Path, ending: str) -> None:
    """Raise if a file is not of its binary format, or is a GeoPackage with code."""
    with path.open("rb") as file:
        head = file.read(16)
        if ending == ".fgb":
            head += file.read(int.from_bytes(head[8:12], "little"))
    _check_beginning(head, ending, path.name)
    if ending == ".gpkg":
        check_geopackage(path, path.name)


def _check_beginning(raw: bytes, ending: str, name: str) -> None:
    """Raise for other first bytes, and for a FlatGeobuf header with a CRS that names a file."""
    if not raw.startswith(_MAGIC[ending]):
        raise DataCorruptError(f"{name} cannot be read: it does not begin like a {ending} file.")
    if ending == ".fgb":
        size = int.from_bytes(raw[8:12], "little")
        for text in re.findall(rb"[^\x00]{20,}", raw[12 : 12 + size]):
            refuse_paths(text.decode("utf-8", "replace"), name)


def _read_misnamed(path: Path, ending: str, wish: _Wish) -> Vector:
    """Read a file whose name would make GDAL or pyogrio open another one."""
    if ending != ".shp":
        return _read_content(path.read_bytes(), ending, path.name, wish)
    parts = {part: beside(path, part) for part in PARTS}
    packed = _packed({part: found.read_bytes() for part, found in parts.items() if found})
    return Vector(_with_gdal(packed, path.name, wish))


def _check_end(path: Path) -> None:
    """Raise for text that is cut short, before all of it is read."""
    with path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - 1024))
        end = file.read().strip(b" \t\r\n\x00")
    if not end:
        raise DataCorruptError(f"{path} cannot be read: it is empty, or its end is blank.")


def _read_content(raw: bytes, ending: str, name: str, wish: _Wish) -> Vector:
    """Read a file in memory, with any ending except .shp, .zip and those of Parquet."""
    if ending in _JSON:
        content = parse_json(raw, name)
        layers = features_in(content, name)
        chosen = _choose(list(layers), name, wish)
        return Vector(
            *frame_of_features(layers[chosen], crs_of(content), keep_halves=wish.keep_halves)
        )
    if ending in _XML:
        plain = plain_xml(raw, ending, name)
        return _without_broken(
            _with_gdal(_packed({ending: plain.content}), name, wish), plain, name
        )
    _check_beginning(raw, ending, name)
    if ending == ".gpkg":
        raw = without_log(raw)
        check_geopackage(raw, name)
    return Vector(_with_gdal(_packed({ending: raw}), name, wish))


def _without_broken(frame: Any, plain: PlainXml, name: str) -> Vector:
    """Remove the geometries in which other text was found in place of numbers."""
    if plain.broken and (len(frame) != plain.features or not hasattr(frame, "geometry")):
        place = plain.broken[0]
        raise DataCorruptError(
            f"{name} cannot be read: {place.text!r} in feature {place.feature} is not a coordinate."
        )
    first = {place.feature: place.text for place in reversed(plain.broken)}
    rows = [BrokenRow(row, "bad_coordinates", text, f"feature {row}: {text!r} is no coordinate")
            for row, text in sorted(first.items())]  # fmt: skip
    for row in first:
        frame.iat[row, frame.columns.get_loc(frame.geometry.name)] = None
    return Vector(frame, rows)


def _choose(names: list[str], name: str, wish: _Wish) -> str:
    """The layer that is wanted, or the only one."""
    listed = ", ".join(map(repr, names))
    if not names:
        raise ValueError(f"Invalid source: {name} has no layer with geometry.")
    if wish.layer is None or names == [""]:
        if len(names) > 1:
            raise OptionNeededError(
                f"Invalid source: {name} has {len(names)} layers: give {wish.option}= one of "
                f"{listed}.",
                [wish.option],
            )
        return names[0]
    if isinstance(wish.layer, int) and 0 <= wish.layer < len(names):
        return names[wish.layer]
    if wish.layer not in names:
        raise ValueError(f"Invalid {wish.option}: {wish.layer!r}; {name} has {listed}.")
    return str(wish.layer)


def _read_zip(path: Path, wish: _Wish, max_bytes: int) -> Vector:
    """Read the only readable file in an archive, or the one that is wanted."""
    try:
        with zipfile.ZipFile(path) as archive:
            check_zip(archive, max_bytes, path.name)
            held = _readable(archive)
            if not held:
                raise ValueError(
                    f"Invalid source: {path} contains no file that ends in "
                    f"{', '.join((*_JSON, *_MAGIC, *_XML))}."
                )
            if len(held) > 1:
                chosen = held[_choose(list(held), path.name, wish)]
                wish = replace(wish, layer=None)
            else:
                (chosen,) = held.values()
            ending = PurePosixPath(chosen).suffix.lower()
            if ending == ".shp":
                return Vector(_with_gdal(_shapefile_in(archive, chosen), path.name, wish))
            raw = archive.read(chosen)
    except (*BROKEN_ZIP, RuntimeError, EOFError, zlib.error) as error:
        raise DataCorruptError(f"{path} cannot be read: {error}") from error
    return _read_content(raw, ending, f"{path.name}/{chosen}", wish)


def _readable(archive: zipfile.ZipFile) -> dict[str, str]:
    """Names of an archive's files that can be read, by their stem if that is unique."""
    names = [
        PurePosixPath(info.filename) for info in archive.infolist()
        if info.filename and not info.is_dir() and "__MACOSX" not in info.filename
        and not PurePosixPath(info.filename).name.startswith(".")
    ]  # fmt: skip
    found = [name for name in names if name.suffix.lower() in (*_JSON, *_MAGIC, *_XML)]
    stems = [name.stem for name in found]
    return {
        stem if stems.count(stem) == 1 else str(name): str(name) for stem, name in zip(stems, found)
    }


def _shapefile_in(archive: zipfile.ZipFile, name: str) -> bytes:
    """A Shapefile of an archive as a separate archive, without other files."""
    stem = PurePosixPath(name).with_suffix("")
    parts = {}
    for member in archive.namelist():
        inner = PurePosixPath(member)
        if inner.with_suffix("") == stem and inner.suffix.lower() in PARTS:
            parts[inner.suffix.lower()] = archive.read(member)
    if not parts[".shp"].startswith(_MAGIC[".shp"]):
        raise DataCorruptError(f"{name} cannot be read: it does not begin like a .shp file.")
    check_parts(stem.name, parts)
    return _packed(parts)


def _packed(parts: Mapping[str, bytes]) -> bytes:
    """Archive of files by their endings: nothing is beside them, and GDAL writes nothing."""
    made = BytesIO()
    with zipfile.ZipFile(made, "w") as alone:
        for ending, content in parts.items():
            alone.writestr(f"layer{ending}", content)
    return made.getvalue()


def _with_gdal(source: str | bytes, name: str, wish: _Wish) -> Any:
    """Read a layer with GDAL from a source that was checked: a path, or a file in memory."""
    import pyogrio
    from shapely.errors import ShapelyError

    try:
        with _sealed(), np.errstate(invalid="ignore"):  # NaN in coordinates
            layers = pyogrio.list_layers(source)
            held = [one for one, kind in layers if kind is not None or not wish.shapes_only]
            chosen = _choose([str(one) for one in held], name, wish)
            # by number: a KML without names is named after its file, here another each time
            number = [str(one) for one, _ in layers].index(chosen)
            return pyogrio.read_dataframe(source, layer=number)
    except OptionNeededError:
        raise
    except UnboundLocalError as error:  # from pyogrio 0.13, if GDAL cannot write the CRS
        raise DataCorruptError(f"{name} cannot be read: its CRS is damaged.") from error
    except (RuntimeError, OSError, UnicodeError, ShapelyError) as error:
        raise DataCorruptError(f"{name} cannot be read: {error}") from error


@contextmanager
def _sealed() -> Iterator[None]:
    """Let GDAL open no other files, for one caller at a time."""
    import pyogrio

    with _LOCK:
        before = {key: pyogrio.get_gdal_config_option(key) for key in _GDAL}
        pyogrio.set_gdal_config_options(_GDAL)
        try:
            yield
        finally:
            pyogrio.set_gdal_config_options(before)
