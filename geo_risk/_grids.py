"""Grid files that a CRS names: PROJ opens one whose name is a path, whatever file that is."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

__all__ = ["refuse_paths"]

_PATH = re.compile(
    r"=[^\s\"]*[/\\]"  # of PROJ, as in +nadgrids=@/tmp/a.gsb; @null and a.gsb are none
    r"|(PARAMETERFILE|GRIDS)[^\]]*[/\\]",  # of WKT
    re.IGNORECASE,
)


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
