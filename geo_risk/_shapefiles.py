"""What GDAL reads of a damaged Shapefile without a word: shapes whose records are not there."""

from __future__ import annotations

import logging
from pathlib import Path

from geo_risk.errors import DataCorruptError

__all__ = ["check_shapefile"]

_LOG = logging.getLogger("geo_risk")
_SHX_HEADER, _SHX_RECORD = 100, 8
_DBF_COUNT = slice(4, 8)


def check_shapefile(path: Path) -> None:
    """Refuse a Shapefile with fewer records than shapes; warn of one without any.

    Its rows would end with the last record, or have no columns. Other files pass.

    Raises
    ------
    DataCorruptError
        The .dbf holds fewer records than the .shx has shapes.
    """
    if path.suffix.lower() != ".shp":
        return
    records, index = _beside(path, ".dbf"), _beside(path, ".shx")
    if records is None:
        _LOG.warning(
            "%s has no .dbf beside it: its shapes are read, its columns are missing.", path.name
        )
    elif index is not None:
        shapes = (index.stat().st_size - _SHX_HEADER) // _SHX_RECORD
        with records.open("rb") as file:
            held = int.from_bytes(file.read(_DBF_COUNT.stop)[_DBF_COUNT], "little")
        if held < shapes:
            raise DataCorruptError(
                f"{path.name} is damaged: {records.name} holds {held} records for {shapes} shapes. "
                "Without the .dbf the shapes alone can be read."
            )


def _beside(path: Path, ending: str) -> Path | None:
    for name in (path.with_suffix(ending), path.with_suffix(ending.upper())):
        if name.is_file():
            return name
    return None
