"""A static map of events, cells, regions and borders, painted with matplotlib."""

from __future__ import annotations

import os
from collections.abc import Sequence
from io import BytesIO
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any

from geo_risk._core.files import replacing
from geo_risk._core.validate import check_scalar
from geo_risk.maps._content import BOUNDARY_SOURCE, Content, prepare
from geo_risk.maps._paint import paint
from geo_risk.maps._view import Bounds

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["static_map"]


def static_map(
    path: str | PathLike[str] | None = None,
    *,
    events: Any = None,
    cells: Any = None,
    regions: Any = None,
    borders: Any = None,
    title: str | None = None,
    bounds: Bounds | None = None,
    color_by: str | None = None,
    category: str = "category",
    size_by: str | None = None,
    labels: Sequence[str] | str | None = "auto",
    boundary_source: str = BOUNDARY_SOURCE,
    worldview: str | None = None,
    attribution: Sequence[str] = (),
    share: bool = False,
    coarsen: str | int | None = None,
    min_count: int | None = None,
    figsize: tuple[float, float] = (11.0, 7.6),
    dpi: float = 150.0,
) -> Figure:
    """Draw events, H3 cells, regions and international borders as a picture.

    The projection is equal-area (Lambert azimuthal about the middle of the view, Equal Earth for
    more than about a hemisphere), so nothing breaks at ±180 degrees or at a pole. Every map
    carries a line of non-endorsement and the attribution of its data. An event without a
    location, or outside the view, is not drawn but counted in the notes. The picture is for
    reading, not for measuring: shapes are exact to about a pixel.

    Parameters
    ----------
    path : path, optional
        Where to write; the ending chooses the format (``.png``, ``.svg``, ``.pdf``).
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
        Degrees; west > east means across ±180. By default the view holds all events and the
        cells that stand out, else all cells, else all regions; for others all cells.
    color_by : str, optional
        Column of `cells`: by default ``hotspot``, else ``gi_z``, else ``count``; for others
        ``hotspot`` or ``n_events``.
    category : str
        Column of `events` that chooses colour and shape of the marker (seven, then "Other").
    size_by : str, optional
        Numeric column of `events`; the area of the marker grows with it.
    labels : "auto", None or sequence of str
        Region codes to name; "auto" names the regions that hold events and all countries.
    boundary_source, worldview : str, optional
        Named in the notes; the worldview is by default that of `regions`.
    attribution : sequence of str
        Further lines, such as the licence of the events.
    share, coarsen, min_count
        As in `web_map`: cells in place of points, and those of the tables that
        `Assessment.save` writes with the same options.
    figsize : (float, float)
        Inches.
    dpi : float
        Dots per inch of a raster file.

    Returns
    -------
    matplotlib.figure.Figure
        Not registered with pyplot: nothing global changes, nothing needs closing.

    Raises
    ------
    ValueError
        A frame without CRS, an unknown column or region code, invalid bounds.
    TypeError
        Not a frame, or a column that is not numeric.

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
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    width, height = (check_scalar(v, "figsize", low=1.0, high=100.0) for v in figsize)
    dpi = check_scalar(dpi, "dpi", low=10.0, high=2400.0)
    box = (0.015, 0.115, 0.795, 0.83)
    content = prepare(
        events=events, cells=cells, regions=regions, borders=borders, title=title, bounds=bounds,
        color_by=color_by, category=category, size_by=size_by, labels=labels,
        boundary_source=boundary_source, worldview=worldview, attribution=attribution,
        share=share, coarsen=coarsen, min_count=min_count,
        aspect=width * box[2] / (height * box[3]),
    )  # fmt: skip
    figure = Figure(figsize=(width, height), dpi=dpi, facecolor="white")
    FigureCanvasAgg(figure)
    axes = figure.add_axes(box)
    paint(axes, content)
    figure.text(
        box[0], 0.098, _wrapped(content.notes, width), fontsize=6.8, color="#444444",
        va="top", linespacing=1.35, parse_math=False,
    )  # fmt: skip
    if path is not None:
        _save(figure, path, dpi, _metadata(path, content))
    return figure


def _save(
    figure: Figure, path: str | PathLike[str], dpi: float, metadata: dict[str, Any] | None
) -> None:
    """Write a picture whose ending names its format; PNG where it has none, as in matplotlib."""
    target = Path(path)
    if not target.suffix.rstrip("."):
        target = Path(f"{os.fspath(path).rstrip('.')}.png")
    from matplotlib import rc_context

    made = BytesIO()  # in memory: a writer of PDF that fails leaves its file open
    with rc_context({"svg.hashsalt": "geo_risk"}):  # else each SVG has identifiers of its own
        figure.savefig(made, dpi=dpi, format=target.suffix[1:], metadata=metadata)
    with replacing(target) as part:
        part.write_bytes(made.getvalue())


def _metadata(path: str | PathLike[str], content: Content) -> dict[str, Any] | None:
    """What the file says of itself; no date, so equal input gives equal bytes."""
    ending = str(path).lower().rsplit(".", 1)[-1]
    if ending == "png":
        return {"Title": content.title, "Description": content.alt, "Software": "geo_risk"}
    if ending == "svg":
        return {"Title": content.title, "Description": content.alt, "Date": None}
    if ending == "pdf":
        return {"Title": content.title, "Creator": "geo_risk", "CreationDate": None}
    return None


def _wrapped(notes: Sequence[str], width: float) -> str:
    import textwrap

    text = " ".join(note if note.endswith(".") else f"{note}." for note in notes)
    return "\n".join(textwrap.wrap(text, int(width * 18.5)))
