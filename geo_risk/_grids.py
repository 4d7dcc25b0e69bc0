"""A CRS that somebody states, and grid files that it names: PROJ opens any whose name is a path."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

__all__ = ["refuse_paths", "stated_crs"]

_PATH = re.compile(
    r"=[^\s\"]*[/\\]"  # of PROJ, as in +nadgrids=@/tmp/a.gsb; @null and a.gsb are none
    r"|(PARAMETERFILE|GRIDS)[^\]]*[/\\]",  # of WKT
    re.IGNORECASE,
)


def stated_crs(crs: Any) -> Any:
    """What a caller states as the CRS, as pyproj has it; a ValueError where that is none."""
    import pyproj

    try:
        return pyproj.CRS.from_user_input(crs)
    except pyproj.exceptions.CRSError as error:
        raise ValueError(f"Invalid crs: {crs!r}; must be one that PROJ knows: {error}") from error


def refuse_paths(crs: Any, name: str) -> None:
    """Refuse a CRS, as PROJ string, WKT or parsed PROJJSON, that names a grid by its path.

    Names without a path are looked for among PROJ's own grids only.
    """
    if isinstance(crs, Mapping):
        value = crs.get("value")
        if isinstance(value, str) and re.search(r"[/\\]", value):
            crs = f"PARAMETERFILE {value}"
        else:
            for part in crs.values():
                refuse_paths(part, name)
    elif isinstance(crs, list):
        for part in crs:
            refuse_paths(part, name)
    if isinstance(crs, str) and (found := _PATH.search(crs)):
        raise ValueError(
            f"Invalid CRS in {name}: it names a grid by its path ({found[0][:200]!r}), which is "
            "not followed; state the CRS by its code."
        )
