"""`web_map`: write a web map in one file, for a browser without network, in one call."""

from __future__ import annotations

from collections.abc import Sequence
from os import PathLike
from pathlib import Path
from typing import Any

from geo_risk._core.options import carries, chosen
from geo_risk.maps.map import Map

__all__ = ["web_map"]


@carries(Map)
def web_map(
    path: str | PathLike[str], *, popup_columns: Sequence[str] | None = None, **fields: Any
) -> Path:
    """Write events, H3 cells, regions and borders as one HTML file that needs no network.

    Short for ``Map(...).html(path, popup_columns=popup_columns)``, which describes the file. If
    you also want a picture, create a `Map` and use it for both.

    Parameters
    ----------
    path : path
        File to write (HTML).
    popup_columns : sequence of str, optional
        Columns of `events` that popups and the table show; by default those of the schema that
        name no actor and quote no text. Not allowed for a shared map; neither is `size_by`.
    **fields
        The fields of `Map`.

    Returns
    -------
    pathlib.Path
        The file written.

    Raises
    ------
    ValueError, TypeError
        As `Map` does.

    Examples
    --------
    >>> import geopandas, pathlib, tempfile
    >>> from geo_risk.maps import web_map
    >>> events = geopandas.GeoDataFrame(
    ...     {"category": ["raid", "fire"], "actors": ["secret", "secret"]},
    ...     geometry=geopandas.points_from_xy([69.53, 69.42], [36.74, 37.07]),
    ...     crs="EPSG:4326",
    ... )
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     page = web_map(pathlib.Path(folder, "map.html"), events=events).read_text("utf-8")
    >>> "raid" in page, "secret" in page, "http://" in page
    (True, False, False)
    """
    return chosen(Map, None, fields, web_map).html(path, popup_columns=popup_columns)
