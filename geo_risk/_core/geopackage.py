"""A GeoPackage as GDAL may open it: no programs in it, and nothing beside it still to move in."""

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
    """Content of a GeoPackage with a write-ahead log, as QGIS leaves it; None of others.

    SQLite would write to such a file and beside it even for a reader. What the log holds is
    moved into a copy.

    Raises
    ------
    DataCorruptError
        A transaction that was broken off, or a log that does not fit.
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
    """Refuse a file that is half written; the journal may name further files, to be deleted."""
    journal = path.with_name(f"{path.name}-journal")
    if not journal.is_file():
        return
    with journal.open("rb") as file:
        if file.read(1).strip(b"\x00"):
            raise DataCorruptError(
                f"{path} cannot be read: it was being written when {journal.name} was left beside "
                "it. Open it once with the program that wrote it, which mends it."
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
    """Content whose header asks for no write-ahead log, which has no place in memory."""
    if raw[_VERSIONS] != _LOGGED:
        return raw
    return raw[: _VERSIONS.start] + b"\x01\x01" + raw[_VERSIONS.stop :]


def check_geopackage(source: Path | bytes, name: str) -> None:
    """Refuse a GeoPackage in which a table is made by a function or a module, which may read files.

    Its tables and views must be what SQLite itself, without any extension, can give.
    """
    try:
        with closing(_connect(source)) as connection:
            connection.set_authorizer(_no_loading)
            tables = connection.execute(
                "SELECT name, lower(sql) FROM sqlite_master WHERE type IN ('table', 'view')"
            ).fetchall()
            if "gpkg_contents" not in {name for name, _ in tables}:
                raise DataCorruptError(f"{name} cannot be read: it is SQLite, but no GeoPackage.")
            for table, sql in tables:
                words = " ".join((sql or "").split())
                if words.startswith("create virtual table"):
                    if not any(index in words for index in _INDEXES):
                        raise ValueError(f"the table {table!r} is no table but a program's")
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
    """How many rows are looked at: of the table of CRS all, of others none."""
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
