"""A web map in one file that loads nothing, for a browser without network."""

from __future__ import annotations

import base64
import hashlib
import html
import json
from collections.abc import Sequence
from importlib import resources
from os import PathLike
from pathlib import Path
from typing import Any

from geo_risk._core.files import replacing
from geo_risk._core.validate import refuse_unused
from geo_risk.maps._content import BOUNDARY_SOURCE, prepare
from geo_risk.maps._payload import payload
from geo_risk.maps._view import Bounds

__all__ = ["web_map"]

_OVERDRAW = 2.4  # so much wider than the first view is what can be reached by moving the map
_PAGE = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; \
script-src '{script_hash}'; style-src '{style_hash}'; base-uri 'none'; form-action 'none'">
<meta name="referrer" content="no-referrer">
<title>{title}</title>
<style>{style}</style>
</head>
<body>
<header><h1>{title}</h1></header>
<main>
<canvas id="map" tabindex="0" role="img" \
aria-label="{alt} Arrow keys move it, plus and minus zoom, zero shows all."></canvas>
<div id="zoom">
<button id="in" type="button" aria-label="Zoom in">+</button>
<button id="out" type="button" aria-label="Zoom out">−</button>
<button id="reset" type="button" aria-label="Show all" title="Show all">⌂</button>
</div>
<div id="scale"><span></span><div></div></div>
<div id="tip" hidden></div>
<div id="popup" role="dialog" aria-label="What is here" hidden></div>
</main>
<aside id="panel" aria-label="Layers and legend"></aside>
<footer>
<p>{notes}</p>
<details id="list"><summary id="list-title"></summary><table><tbody id="rows"></tbody></table>
</details>
<noscript>The map is drawn by a script inside this page; the browser has scripts switched off.\
</noscript>
</footer>
<script type="application/json" id="data">{data}</script>
<script>{script}</script>
</body>
</html>
"""


def web_map(
    path: str | PathLike[str],
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
    popup_columns: Sequence[str] | None = None,
    boundary_source: str = BOUNDARY_SOURCE,
    worldview: str | None = None,
    attribution: Sequence[str] = (),
    share: bool = False,
    coarsen: str | int | None = None,
    min_count: int | None = None,
) -> Path:
    """Write events, H3 cells, regions and borders as one HTML file that needs no network.

    The file loads nothing: no tiles, no fonts, no library, and its content security policy
    forbids it to. Text from the data is never taken for markup. Layers can be switched, the map
    moved and zoomed with mouse, touch or keys, and everything under a click is listed, however
    many events share a place. Every map carries a line of non-endorsement, the attribution of
    its data and the number of events that could not be drawn. Shapes are cut to about 2.4 times
    the first view and rounded to about 1/30,000 of it, for drawing only.

    Parameters
    ----------
    path : path
        File to write (HTML).
    events, cells, regions, borders, title, bounds, color_by, category, size_by, labels
        As in `static_map`.
    popup_columns : sequence of str, optional
        Columns of `events` that popups and the table show; by default those of the schema that
        name no actor and quote no text. Refused where points become cells, as is `size_by`.
    boundary_source, worldview, attribution
        As in `static_map`.
    share : bool
        Write the map for others: cells in place of points, no text of any report, no scores but
        the class, neither count nor class where the count is below `min_count`. The cells are
        those that `Assessment.save` writes with the same options: `cells`, with their column
        ``n_events`` or ``count``, where they are coarse enough, else counts of `events` without
        those that only stand for a district, province or country.
    coarsen : "cells" or int, optional
        H3 resolution at the finest for a shared map (0 to 15); implies `share`. By default, and
        with "cells", 5.
    min_count : int, default 3
        Smallest count that a shared map shows; 0 is shown. Refused for any other map.

    Returns
    -------
    pathlib.Path
        The file written.

    Raises
    ------
    ValueError
        A frame without CRS, an unknown column or region code, invalid bounds.
    TypeError
        Not a frame, or a column that is not numeric.

    Notes
    -----
    The projection is equal-area, about the middle of the view, as in `static_map`. The size of
    the file is about 5 bytes per vertex drawn plus the text of the popups.

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
    if share or coarsen is not None:
        refuse_unused({"popup_columns": popup_columns}, "cells stand in for points")
    content = prepare(
        events=events, cells=cells, regions=regions, borders=borders, title=title, bounds=bounds,
        color_by=color_by, category=category, size_by=size_by, labels=labels,
        boundary_source=boundary_source, worldview=worldview, attribution=attribution,
        share=share, coarsen=coarsen, min_count=min_count, aspect=1.35, overdraw=_OVERDRAW,
    )  # fmt: skip
    data = payload(content, content.view.expand(_OVERDRAW), popup_columns)
    target = Path(path)
    page = _page(data, content.title, content.notes, content.alt)
    with replacing(target) as part:
        part.write_bytes(page)
    return target


def _page(data: dict[str, Any], title: str, notes: Sequence[str], alt: str) -> bytes:
    """The page; equal data gives equal bytes."""
    assets = resources.files("geo_risk.maps") / "assets"
    parts = [(assets / name).read_text(encoding="utf-8") for name in ("shapes.js", "viewer.js")]
    script = "".join(parts)
    style = (assets / "viewer.css").read_text(encoding="utf-8")
    text = _PAGE.format(
        title=html.escape(title),
        alt=html.escape(alt),
        notes=" ".join(f"<bdi>{html.escape(note)}</bdi>" for note in notes),
        data=embed_json(data),
        script=script,
        style=style,
        script_hash=_digest(script),
        style_hash=_digest(style),
    )
    return text.encode("utf-8", "replace")


def _digest(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def embed_json(value: Any) -> str:
    """JSON that can stand inside a script element whatever its strings say.

    Without ``<`` nothing in it can close the element or open a comment; U+2028 and U+2029 are
    line ends in older JavaScript.
    """
    text = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    for mark in "<>&\u2028\u2029":
        text = text.replace(mark, f"\\u{ord(mark):04x}")
    return text
