"""Find damage of a Shapefile that GDAL does not report: shapes without records."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from pathlib import Path

from geo_risk._core.grids import refuse_paths
from geo_risk.errors import DataCorruptError

__all__ = ["PARTS", "beside", "check_parts", "check_shapefile"]

_LOG = logging.getLogger("geo_risk")
_SHX_HEADER, _SHX_RECORD = 100, 8
_DBF_COUNT = slice(4, 8)
PARTS = (".shp", ".shx", ".dbf", ".prj", ".cpg")
"""Files of a Shapefile that are read."""


def check_shapefile(path: Path) -> None:
    """Raise if a Shapefile has fewer records than shapes; warn if it has no .dbf.

    Its rows would end with the last record, or have no columns. Other files are accepted.

    Raises
    ------
    DataCorruptError
        The .dbf has fewer records than the .shx has shapes.
    """
    if path.suffix.lower() != ".shp":
        return
    if (crs := beside(path, ".prj")) is not None:
        refuse_paths(crs.read_text("utf-8", "replace"), crs.name)
    records, index = beside(path, ".dbf"), beside(path, ".shx")
    head = None
    if records is not None:
        with records.open("rb") as file:
            head = file.read(_DBF_COUNT.stop)
    _check(path.stem, head, None if index is None else index.stat().st_size)


def check_parts(stem: str, parts: Mapping[str, bytes]) -> None:
    """Like `check_shapefile`, for a Shapefile in memory: its files by their endings."""
    refuse_paths(parts.get(".prj", b"").decode("utf-8", "replace"), f"{stem}.prj")
    _check(stem, parts.get(".dbf"), len(parts[".shx"]) if ".shx" in parts else None)


def _check(stem: str, records: bytes | None, index_bytes: int | None) -> None:
    if records is None:
        _LOG.warning(
            "%s.shp has no .dbf beside it: its shapes are read, its columns are missing.", stem
        )
    elif index_bytes is not None:
        shapes = (index_bytes - _SHX_HEADER) // _SHX_RECORD
        held = int.from_bytes(records[_DBF_COUNT], "little")
        if held < shapes:
            raise DataCorruptError(
                f"{stem}.shp is damaged: {stem}.dbf has {held} records for {shapes} shapes. "
                "Without the .dbf the shapes alone can be read."
            )


def beside(path: Path, ending: str) -> Path | None:
    """File of the same name with another ending, if there is one."""
    for name in (path.with_suffix(ending), path.with_suffix(ending.upper())):
        if name.is_file():
            return name
    return None
