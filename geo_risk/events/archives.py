"""Open compressed text as a stream: nothing is written to disk, zip bombs raise an error."""

from __future__ import annotations

import gzip
import io
import lzma
import zipfile
import zlib
from pathlib import Path
from typing import IO, Any, cast

from geo_risk._core.archives import (
    BROKEN_ZIP,
    DEFAULT_UNPACKED_BYTES,
    MAX_RATIO,
    RATIO_ALLOWANCE,
    refuse_size,
)
from geo_risk.errors import DataCorruptError, OptionNeededError

__all__ = ["DEFAULT_UNPACKED_BYTES", "open_stream", "sniff"]

_TEXT_SUFFIXES = (".csv", ".tsv", ".txt", ".tab", ".psv")
_OTHER_SUFFIXES = {
    ".geojson", ".json", ".jsonl", ".ndjson", ".topojson", ".shp", ".gpkg", ".fgb", ".gml", ".kml",
    ".parquet", ".geoparquet", ".pq", ".xlsx", ".xlsm", ".xls", ".arrow", ".feather", ".tar",
    ".zip",
}  # fmt: skip
_MAGIC = (
    (b"PK\x03\x04", "zip"),
    (b"PK\x05\x06", "zip"),
    (b"\x1f\x8b", "gzip"),
    (b"PAR1", "parquet"),
    (b"SQLite format 3\x00", "vector"),
    (b"fgb\x03", "vector"),
    (b"\xd0\xcf\x11\xe0", "xls"),
    (b"ARROW1", "arrow"),
)


def sniff(path: Path) -> str:
    """Kind of a file by its first bytes or, if these do not decide, by its name."""
    with path.open("rb") as stream:
        head = stream.read(64)
    for magic, kind in _MAGIC:
        if head.startswith(magic):
            return "excel" if kind == "zip" and _is_workbook(path) else kind
    suffix = path.suffix.lower()
    if suffix in {".geojson", ".json", ".jsonl", ".ndjson"}:
        return "jsonl" if suffix in {".jsonl", ".ndjson"} else "json"
    if suffix in {".topojson", ".shp", ".gpkg", ".fgb", ".gml", ".kml"}:
        return "vector"
    if suffix in {".parquet", ".geoparquet", ".xlsx", ".xlsm", ".zip", ".gz", ".arrow", ".feather"}:
        raise DataCorruptError(
            f"{path.name} is not a {suffix[1:]} file: it begins with {head[:8]!r}."
        )
    return "text"


def _is_workbook(path: Path) -> bool:
    try:
        with zipfile.ZipFile(path) as archive:
            return "xl/workbook.xml" in archive.namelist()
    except BROKEN_ZIP:
        return False


class _Counted(io.RawIOBase):
    """A stream that raises an error when it has returned more bytes than are allowed."""

    def __init__(self, stream: IO[bytes], packed: int, limit: int, name: str) -> None:
        self._stream, self._limit, self._name = stream, limit, name
        self._ratio_limit = max(RATIO_ALLOWANCE, MAX_RATIO * packed)
        self._given = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        try:
            block = self._stream.read(len(buffer))
        except (*BROKEN_ZIP, EOFError, zlib.error, lzma.LZMAError) as error:
            raise DataCorruptError(
                f"{self._name} is damaged or cut short: {error} (after {self._given} bytes)."
            ) from error
        self._given += len(block)
        refuse_size(self._given, self._limit, self._ratio_limit, self._name)
        buffer[: len(block)] = block
        return len(block)

    def close(self) -> None:
        if not self.closed:
            self._stream.close()
        super().close()


def open_stream(path: Path, kind: str, *, member: str | None, max_bytes: int) -> IO[bytes]:
    """Open a plain, gzip or zip file of delimited text as a stream of bytes."""
    if kind == "gzip":
        _refuse_packed(path)
        packed = path.stat().st_size
        unpacked = cast(IO[bytes], gzip.GzipFile(path, "rb"))
        counted = _Counted(unpacked, packed, max_bytes, path.name)
        return io.BufferedReader(counted, 1 << 18)
    if kind == "zip":
        return _open_member(path, member, max_bytes)
    return path.open("rb")


def _refuse_packed(path: Path) -> None:
    """Raise an error if the name says that this is not delimited text, as in a.geojson.gz."""
    inner = Path(path.stem).suffix.lower()
    if inner in _OTHER_SUFFIXES:
        raise ValueError(
            f"{path.name} cannot be read: only delimited text is read from .gz. Unpack it and read "
            f"the {inner} file itself."
        )


def _open_member(path: Path, wanted: str | None, max_bytes: int) -> IO[bytes]:
    try:
        archive = zipfile.ZipFile(path)
    except BROKEN_ZIP as error:
        raise DataCorruptError(f"{path.name} is not a readable zip archive: {error}.") from error
    with archive:  # the open member keeps the file alive
        info = _choose_member(archive, wanted, path.name)
        if info.flag_bits & 0x1:
            raise ValueError(f"{path.name} is encrypted: unpack it with its password first.")
        ratio_limit = max(RATIO_ALLOWANCE, MAX_RATIO * info.compress_size)
        refuse_size(info.file_size, max_bytes, ratio_limit, path.name)
        try:
            stream = archive.open(info)
        except BROKEN_ZIP as error:
            raise DataCorruptError(
                f"{path.name}: cannot open {info.filename!r}: {error}."
            ) from error
        counted = _Counted(stream, info.compress_size, max_bytes, path.name)
        return io.BufferedReader(counted, 1 << 18)


def _choose_member(archive: zipfile.ZipFile, wanted: str | None, name: str) -> zipfile.ZipInfo:
    files = [info for info in archive.infolist() if not info.is_dir()]
    if wanted is not None:
        for info in files:
            if info.filename == wanted:
                return info
        raise ValueError(f"Invalid member: {wanted!r}; {name} contains {_listed(files)}.")
    shown = [
        info
        for info in files
        if not info.filename.startswith("__MACOSX/")
        and not info.filename.rpartition("/")[2].startswith(".")
    ]
    tables = [info for info in shown if info.filename.lower().endswith(_TEXT_SUFFIXES)]
    if len(tables) == 1:
        return tables[0]
    if not tables:
        raise ValueError(
            f"{name} contains no delimited text (.csv, .tsv, .txt) but {_listed(shown)}. Unpack it "
            "and read the file itself."
        )
    raise OptionNeededError(
        f"{name} contains several tables: {_listed(tables)}. Choose one with member=.", ["member"]
    )


def _listed(files: list[zipfile.ZipInfo]) -> str:
    names = [repr(info.filename) for info in files[:8]]
    more = f" and {len(files) - 8} more" if len(files) > 8 else ""
    return (", ".join(names) or "nothing") + more
