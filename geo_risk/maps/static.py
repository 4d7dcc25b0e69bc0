"""`static_map`: draw events, cells, regions and borders as a picture in one call."""

from __future__ import annotations

from os import PathLike
from typing import TYPE_CHECKING, Any

from geo_risk._core.options import carries, chosen
from geo_risk.maps import _picture
from geo_risk.maps.map import Map

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["static_map"]


@carries(Map)
def static_map(
    path: str | PathLike[str] | None = None,
    *,
    figsize: tuple[float, float] = _picture.FIGSIZE,
    dpi: float = _picture.DPI,
    **fields: Any,
) -> Figure:
    """Draw events, H3 cells, regions and international borders as a picture.

    Short for ``Map(...).figure(path, figsize=figsize, dpi=dpi)``. If you also want a web map,
    create a `Map` and use it for both.

    Parameters
    ----------
    path : path, optional
        File to write; the ending sets the format (``.png``, ``.svg``, ``.pdf``).
    figsize : (float, float)
        Inches.
    dpi : float
        Dots per inch of a raster file.
    **fields
        The fields of `Map`.

    Returns
    -------
    matplotlib.figure.Figure
        Not registered with pyplot: no global state changes, and it need not be closed.

    Raises
    ------
    ValueError, TypeError
        As `Map` does.

    Examples
    --------
    >>> import geopandas
    >>> from geo_risk.maps import static_map
    >>> events = geopandas.GeoDataFrame(
    ...     {"category": ["raid", "fire"]},
    ...     geometry=geopandas.points_from_xy([69.53, 69.42], [36.74, 37.07]),
    ...     crs="EPSG:4326",
    ... )
    >>> figure = static_map(events=events, title="Two events")
    >>> figure.axes[0].get_title(loc="left")
    'Two events'
    """
    return chosen(Map, None, fields, static_map).figure(path, figsize=figsize, dpi=dpi)
