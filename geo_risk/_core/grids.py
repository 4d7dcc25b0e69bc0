"""Read a stated CRS, transform it to degrees, and reject paths of grid files in it.

If the name of a grid is a path, PROJ opens any file there.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from threading import RLock
from typing import Any

__all__ = ["in_degrees", "leading_to_degrees", "refuse_paths", "stated_crs"]

_LOCK = RLock()

_PATH = re.compile(
    r"=[^\s\"]*[/\\]"  # of PROJ, as in +nadgrids=@/tmp/a.gsb; @null and a.gsb are not paths
    r"|(PARAMETERFILE|GRIDS)[^\]]*[/\\]",  # of WKT
    re.IGNORECASE,
)


def stated_crs(crs: Any) -> Any:
    """CRS that a caller states, as an object of pyproj; ValueError if it is not one."""
    import pyproj

    try:
        return pyproj.CRS.from_user_input(crs)
    except pyproj.exceptions.CRSError as error:
        raise ValueError(f"Invalid crs: {crs!r}; must be one that PROJ knows: {error}") from error


def in_degrees(geometry: Any, what: str) -> Any:
    """A GeoSeries or GeoDataFrame in EPSG:4326; `what` as in `leading_to_degrees`."""
    with leading_to_degrees(geometry.crs, what):
        return geometry.to_crs("EPSG:4326")


@contextmanager
def leading_to_degrees(crs: Any, what: str) -> Iterator[None]:
    """Transform from `crs` without network, with installed grids, one caller at a time.

    Parameters
    ----------
    crs : any CRS that pyproj knows
    what : str
        Start of an error message, between "Invalid" and the name of the CRS.

    Raises
    ------
    ValueError
        The CRS is not of the Earth's surface: of heights, of a building, of the Moon.
    """
    import pyproj.network
    from pyproj.exceptions import ProjError

    network: Any = pyproj.network
    known = stated_crs(crs)
    told = f"Invalid {what} {known.name!r} cannot be transformed to longitude and latitude:"
    if not (known.is_geographic or known.is_projected):
        raise ValueError(f"{told} it has neither longitude and latitude nor a projection.")
    with _LOCK:
        before = network.is_network_enabled()
        network.set_network_enabled(False)
        try:
            yield
        except ProjError as error:
            raise ValueError(f"{told} {error}") from error
        finally:
            network.set_network_enabled(before)


def refuse_paths(crs: Any, name: str) -> None:
    """Raise if a CRS (PROJ string, WKT or parsed PROJJSON) names a grid by its path.

    Names without a path are searched among PROJ's own grids only.
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
            "not opened; state the CRS by its code."
        )
