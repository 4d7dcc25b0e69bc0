"""`Map`: the content of a map, prepared once and drawn as a picture or a web page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from os import PathLike, fspath
from pathlib import Path
from typing import TYPE_CHECKING

from geo_risk._core.validate import refuse_unused
from geo_risk.maps import _page, _picture
from geo_risk.maps._content import Content, content_of
from geo_risk.maps._given import Asked, Given, prepare
from geo_risk.maps._view import View, choose_view

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["Map"]


@dataclass(frozen=True, eq=False, repr=False, kw_only=True)
class Map(Asked):
    """Map of events, H3 cells, regions and international borders.

    The projection is equal-area (Lambert azimuthal around the centre of the view, Equal Earth for
    more than about a hemisphere), so nothing breaks at ±180 degrees or at a pole. Every map has
    a note of non-endorsement and the attribution of its data. An event without a
    location, or outside the view, is not drawn but counted in the notes. Maps are for reading,
    not for measuring: shapes are exact to about a pixel.

    The input is checked and classified once, when the `Map` is created. Shapes and names are
    prepared once for each view: a picture and a web page of the whole Earth have the same view; of
    a smaller area the page contains more than the picture.

    Parameters
    ----------
    events : GeoDataFrame, optional
        Points, any CRS. `category` and `size_by` name columns; ``location_uncertainty_km`` draws
        a faint disc of that radius (up to 300 km).
    cells : DataFrame or GeoDataFrame, optional
        One row per cell: ``h3_cell`` (hex string), or polygons.
    regions : GeoDataFrame or RegionLayer, optional
        Polygons with ``region_code``, ``region_name`` and ``country_name`` for labels.
    borders : GeoDataFrame or Borders, optional
        Lines, drawn over the regions.
    title : str, optional
        Heading.
    bounds : (west, south, east, north), optional
        Degrees; west > east means across ±180. By default the view contains all events and the
        significant cells, else all cells, else all regions; a shared map shows all cells.
    color_by : str, optional
        Column of `cells`: by default ``hotspot``, else ``gi_z``, else ``count``; for a shared map
        ``hotspot`` or ``n_events``.
    category : str
        Column of `events` that sets colour and shape of the marker (seven, then "Other").
    size_by : str, optional
        Numeric column of `events`; the area of the marker grows with it.
    labels : "auto", None or sequence of str
        Region codes to label; "auto" labels the regions with events and all countries.
    boundary_source, worldview : str, optional
        Named in the notes; the worldview is by default that of `regions`.
    attribution : sequence of str
        Further lines, such as the licence of the events.
    share : bool
        Draw the map for others: cells instead of points, no text of reports, no scores except
        the class, neither count nor class if the count is below `min_count`. The cells are
        those that `Assessment.save` writes with the same options: `cells`, with their column
        ``n_events`` or ``count``, if they are coarse enough, else counts of `events` without
        those that only stand for a district, province or country.
    coarsen : "cells" or int, optional
        Finest H3 resolution of a shared map (0 to 15); implies `share`. 5 by default and
        for "cells".
    min_count : int, default 3
        Smallest count that a shared map shows; 0 is shown. Only allowed for a shared map.

    Raises
    ------
    ValueError
        A frame without CRS, an unknown column or region code, invalid bounds, options that a
        shared map, or any other map, cannot use.
    TypeError
        Not a frame, or a column that is not numeric.

    Examples
    --------
    >>> import geopandas, pathlib, tempfile
    >>> from geo_risk.maps import Map
    >>> events = geopandas.GeoDataFrame(
    ...     {"category": ["raid", "fire"], "actors": ["secret", "secret"]},
    ...     geometry=geopandas.points_from_xy([69.53, 69.42], [36.74, 37.07]),
    ...     crs="EPSG:4326",
    ... )
    >>> drawn = Map(events=events, title="Two events")
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     picture = drawn.png(pathlib.Path(folder, "map.png")).read_bytes()
    ...     page = drawn.html(pathlib.Path(folder, "map.html")).read_text("utf-8")
    >>> picture[1:4], "raid" in page, "secret" in page, "http://" in page
    (b'PNG', True, False, False)
    """

    def __post_init__(self) -> None:
        _ = self._given  # checked now, not when the map is drawn

    def html(
        self, path: str | PathLike[str], *, popup_columns: Sequence[str] | None = None
    ) -> Path:
        """Write the map as one HTML file that needs no network.

        The file loads nothing (no tiles, fonts or libraries), and its content security policy
        forbids loading. Text from the data is never interpreted as markup. Layers can be switched
        on and off; mouse, touch or keys move and zoom the map. A click lists everything at that
        point, even if many events share it. Shapes are cut to about 2.4 times the first view and
        rounded to about 1/30,000 of it.

        Parameters
        ----------
        path : path
            File to write (HTML).
        popup_columns : sequence of str, optional
            Columns of `events` that popups and the table show; by default those of the schema
            that name no actor and quote no text. Not allowed for a shared map.

        Returns
        -------
        pathlib.Path
            The file written: about 5 bytes per vertex drawn plus the text of the popups.

        Raises
        ------
        ValueError
            A column that `events` do not have.
        """
        if self.shared:
            refuse_unused({"popup_columns": popup_columns}, "cells replace points")
        content = self._content(_page.ASPECT, _page.OVERDRAW)
        return _page.write(path, content, popup_columns)

    def png(
        self,
        path: str | PathLike[str],
        *,
        figsize: tuple[float, float] = _picture.FIGSIZE,
        dpi: float = _picture.DPI,
    ) -> Path:
        """Write the map as a picture.

        Parameters
        ----------
        path : path
            File to write, ``.png``; `figure` writes other formats.
        figsize : (float, float)
            Inches.
        dpi : float
            Dots per inch.

        Returns
        -------
        pathlib.Path
            The file written.

        Raises
        ------
        ValueError
            Another ending.
        """
        if Path(path).suffix.lower() not in ("", ".", ".png"):
            raise ValueError(
                f"Invalid path: {fspath(path)!r}; must end in .png "
                "(Map.figure also writes .svg and .pdf)."
            )
        content = self._content(_picture.aspect_of(figsize, dpi))
        return _picture.save(_picture.draw(content, figsize, dpi), path, content)

    def figure(
        self,
        path: str | PathLike[str] | None = None,
        *,
        figsize: tuple[float, float] = _picture.FIGSIZE,
        dpi: float = _picture.DPI,
    ) -> Figure:
        """Draw the map with matplotlib.

        Parameters
        ----------
        path : path, optional
            File to write; the ending sets the format (``.png``, ``.svg``, ``.pdf``).
        figsize : (float, float)
            Inches.
        dpi : float
            Dots per inch of a raster file.

        Returns
        -------
        matplotlib.figure.Figure
            Not registered with pyplot: no global state changes, and it need not be closed.
        """
        content = self._content(_picture.aspect_of(figsize, dpi))
        figure = _picture.draw(content, figsize, dpi)
        if path is not None:
            _picture.save(figure, path, content)
        return figure

    @cached_property
    def _given(self) -> Given:
        return prepare(self)

    @cached_property
    def _drawn(self) -> dict[tuple[View, View], Content]:
        return {}

    def _content(self, aspect: float, overdraw: float = 1.0) -> Content:
        """Content of a view with this aspect ratio; equal views share one content."""
        view = choose_view(*self._given.extent, bounds=self.bounds, aspect=aspect)
        wide = view.expand(overdraw)
        if (view, wide) not in self._drawn:
            self._drawn[view, wide] = content_of(self, self._given, view, wide)
        return self._drawn[view, wide]
