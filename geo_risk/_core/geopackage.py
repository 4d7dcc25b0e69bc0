"""Make a GeoPackage safe for GDAL: no code in its tables, no write-ahead log beside it."""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import quote

from geo_risk._core.grids import refuse_paths
from geo_risk.errors import DataCorruptError

__all__ = ["check_geopackage", "settled", "without_log"]

_INDEXES = ("using rtree", "using fts3", "using fts4", "using fts5")
_VERSIONS = slice(18, 20)  # of SQLite's header: 2 with a write-ahead log, 1 without
_LOGGED = b"\x02\x02"


def settled(path: Path) -> bytes | None:
    """Content of a GeoPackage with a write-ahead log, as QGIS leaves it; None for others.

    SQLite would write to such a file and beside it even for a reader. The content of the log is
    moved into a copy.

    Raises
    ------
    DataCorruptError
        An interrupted transaction, or a log that does not match.
    """
    _refuse_journal(path)
    log = path.with_name(f"{path.name}-wal")
    if log.is_file() and log.stat().st_size:
        return _with_log(path, log)
    with path.open("rb") as file:
        logged = file.read(_VERSIONS.stop)[_VERSIONS] == _LOGGED
        file.seek(0)
        return without_log(file.read()) if logged or log.exists() else None


def _refuse_journal(path: Path) -> None:
    """Raise if a file is half written; its journal may name other files, to be deleted."""
    journal = path.with_name(f"{path.name}-journal")
    if not journal.is_file():
        return
    with journal.open("rb") as file:
        if file.read(1).strip(b"\x00"):
            raise DataCorruptError(
                f"{path} cannot be read: it was only partly written, as {journal.name} beside it "
                "shows. Open it once with the program that wrote it, which repairs it."
            )


def _with_log(path: Path, log: Path) -> bytes:
    try:
        with TemporaryDirectory() as folder:
            copy = Path(folder) / "copy.gpkg"
            shutil.copyfile(path, copy)
            shutil.copyfile(log, f"{copy}-wal")
            with closing(sqlite3.connect(copy)) as connection:
                return without_log(connection.serialize())
    except sqlite3.Error as error:
        raise DataCorruptError(f"{path} cannot be read: {error}") from error


def without_log(raw: bytes) -> bytes:
    """Content with a header for no write-ahead log, which is not possible in memory."""
    if raw[_VERSIONS] != _LOGGED:
        return raw
    return raw[: _VERSIONS.start] + b"\x01\x01" + raw[_VERSIONS.stop :]


def check_geopackage(source: Path | bytes, name: str) -> None:
    """Raise if a function or module makes a table of a GeoPackage: these may read files.

    SQLite must be able to read the tables and views without any extension.
    """
    try:
        with closing(_connect(source)) as connection:
            connection.set_authorizer(_no_loading)
            tables = connection.execute(
                "SELECT name, lower(sql) FROM sqlite_master WHERE type IN ('table', 'view')"
            ).fetchall()
            if "gpkg_contents" not in {name for name, _ in tables}:
                raise DataCorruptError(f"{name} cannot be read: it is SQLite, not a GeoPackage.")
            for table, sql in tables:
                words = " ".join((sql or "").split())
                if words.startswith("create virtual table"):
                    if not any(index in words for index in _INDEXES):
                        raise ValueError(f"the table {table!r} is made by a program")
                    continue
                quoted = table.replace('"', '""')
                # the name is the file's, quoted; nothing can be written through the connection
                rows = connection.execute(f'SELECT * FROM "{quoted}" LIMIT {_rows_of(table)}')  # noqa: S608
                for row in rows:
                    for value in row:
                        refuse_paths(value, name)
    except (sqlite3.Error, ValueError, UnicodeError) as error:
        raise DataCorruptError(f"{name} cannot be read: {error}") from error


def _rows_of(table: str) -> int:
    """Number of rows to check: all (-1) of the table of CRS, none of others."""
    return -1 if table.lower() == "gpkg_spatial_ref_sys" else 0


def _connect(source: Path | bytes) -> sqlite3.Connection:
    if isinstance(source, bytes):
        connection = sqlite3.connect(":memory:")
        connection.deserialize(source)
        return connection
    address = f"file:{quote(str(source.absolute()))}?mode=ro&immutable=1"
    return sqlite3.connect(address, uri=True)


def _no_loading(action: int, *about: str | None) -> int:
    loads = action == sqlite3.SQLITE_FUNCTION and "load_extension" in about
    return sqlite3.SQLITE_DENY if loads or action == sqlite3.SQLITE_ATTACH else sqlite3.SQLITE_OK
