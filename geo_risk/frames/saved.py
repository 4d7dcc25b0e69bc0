"""Save a result to a folder: tables, maps, and a provenance with their checksums.

All files are written under temporary names before anything is replaced. Then the earlier provenance
is removed, and maps of an earlier result that are not replaced; tables and maps are put in place,
and the new provenance comes last, with the sha256 of each. So a folder contains the earlier result,
the new one, or no provenance: never a mixture that loads.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

from geo_risk._core.files import replacing, sha256_of, sync
from geo_risk.errors import DataCorruptError, DataNotFoundError
from geo_risk.frames.tables import check_path, read_saved, write_part

if TYPE_CHECKING:
    import geopandas

__all__ = ["read_result", "write_result"]

_PROVENANCE = "provenance.json"
_SUMS = "sha256"
_TABLES = ("events", "cells", "regions", "borders")
_MAP = "map."


def write_result(
    folder: Path,
    tables: Mapping[str, geopandas.GeoDataFrame],
    formats: Sequence[str],
    provenance: Mapping[str, Any],
    maps: Mapping[str, bytes],
    *,
    csv_safe: bool = False,
) -> list[Path]:
    """Write tables in several formats, maps and the provenance: all or nothing."""
    noted = folder / _PROVENANCE
    targets = {folder / f"{name}{ending}": table for name, table in tables.items()
               for ending in formats}  # fmt: skip
    for target in targets:
        check_path(target)
    earlier, sums = _earlier_sums(noted, provenance)
    with ExitStack() as stack:  # the file entered first is put in place last
        last = stack.enter_context(replacing(noted))
        for target, table in targets.items():
            part = stack.enter_context(replacing(target))
            write_part(table, part, target, csv_safe=csv_safe)
            sync(part)
            sums[target.name] = sha256_of(part)
        for name, content in maps.items():
            part = stack.enter_context(replacing(folder / name))
            part.write_bytes(content)
            sync(part)
            sums[name] = sha256_of(part)
        whole = {**provenance, _SUMS: sums}
        text = json.dumps(whole, indent=2, sort_keys=True, ensure_ascii=False)
        last.write_text(text + "\n", encoding="utf-8")
        sync(last)
        noted.resolve().unlink(missing_ok=True)
        _remove_maps(folder, {name: earlier[name] for name in earlier.keys() - sums.keys()})
    return [*targets, *(folder / name for name in maps), noted]


def _earlier_sums(
    noted: Path, provenance: Mapping[str, Any]
) -> tuple[dict[str, str], dict[str, str]]:
    """Checksums of the earlier save, and those still valid: other formats of the same result."""
    try:
        earlier = json.loads(noted.read_text(encoding="utf-8"))
        sums = dict(earlier.pop(_SUMS, {}))
    except (OSError, ValueError, AttributeError, TypeError):
        return {}, {}
    return sums, dict(sums) if earlier == json.loads(json.dumps(provenance)) else {}


def _remove_maps(folder: Path, sums: Mapping[str, str]) -> None:
    """Remove maps of an earlier result if they are unchanged since they were saved."""
    for name, stated in sums.items():
        path = folder / name
        ours = name == path.name and name.startswith(_MAP) and path.is_file()
        if ours and sha256_of(path) == stated:
            path.unlink()


def read_result(
    folder: Path,
) -> tuple[dict[str, geopandas.GeoDataFrame | None], dict[str, Any]]:
    """Read the tables and the provenance that `write_result` wrote; None for a missing table.

    Raises
    ------
    DataNotFoundError
        Nothing was saved there.
    DataCorruptError
        A save was interrupted, or a table or map has changed since it was saved.
    """
    provenance = _read_provenance(folder)
    files = {name: folder / f"{name}.parquet" for name in _TABLES}
    held = {name for name, path in files.items() if path.is_file()}
    if _SUMS in provenance:  # results of earlier versions have none
        sums = provenance.pop(_SUMS)
        held = {name for name, path in files.items() if path.name in sums}
        read = {path.name for path in files.values()}
        _check(folder, {name: stated for name, stated in sorted(sums.items())
                        if name in read or name.startswith(_MAP)})  # fmt: skip
    return {name: read_saved(path) if name in held else None
            for name, path in files.items()}, provenance  # fmt: skip


def _read_provenance(folder: Path) -> dict[str, Any]:
    path = folder / _PROVENANCE
    if path.is_file():
        try:
            found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        except ValueError as error:
            raise DataCorruptError(f"{path} is damaged: {error}. Save again.") from error
        return found
    if any(True for name in _TABLES for _ in folder.glob(f"{name}.*")):
        raise DataCorruptError(
            f"{folder} has tables, but no {_PROVENANCE}, which is written last: the save was "
            "interrupted. Save again."
        )
    raise DataNotFoundError(f"{folder} has no {_PROVENANCE}: no assessment was saved.")


def _check(folder: Path, sums: Mapping[str, str]) -> None:
    """Raise an error if a file is not the one that was saved."""
    wrong = []
    for name, stated in sums.items():
        if not (folder / name).is_file():
            wrong.append(f"{name} is missing")
        elif sha256_of(folder / name) != stated:
            wrong.append(f"{name} is not the file that was saved")
    if wrong:
        raise DataCorruptError(
            f"{folder} is not a complete result: {'; '.join(wrong)} ({_PROVENANCE} has the "
            "sha256). Save again."
        )
