"""Draw a `Content` as a matplotlib figure, and save it."""

from __future__ import annotations

import os
from collections.abc import Sequence
from io import BytesIO
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any

from geo_risk._core.files import replacing
from geo_risk._core.validate import check_scalar
from geo_risk.maps._content import Content
from geo_risk.maps._paint import paint

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["DPI", "FIGSIZE", "aspect_of", "draw", "save"]

FIGSIZE, DPI = (11.0, 7.6), 150.0
_BOX = (0.015, 0.115, 0.795, 0.83)  # position of the map in the figure


def aspect_of(figsize: tuple[float, float], dpi: float) -> float:
    """Check the size of a figure; return width over height of the map in it."""
    check_scalar(dpi, "dpi", low=10.0, high=2400.0)
    width, height = (check_scalar(v, "figsize", low=1.0, high=100.0) for v in figsize)
    return width * _BOX[2] / (height * _BOX[3])


def draw(content: Content, figsize: tuple[float, float], dpi: float) -> Figure:
    """Draw a content with its notes below."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=figsize, dpi=dpi, facecolor="white")
    FigureCanvasAgg(figure)
    paint(figure.add_axes(_BOX), content)
    figure.text(
        _BOX[0], 0.098, _wrapped(content.notes, figsize[0]), fontsize=6.8, color="#444444",
        va="top", linespacing=1.35, parse_math=False,
    )  # fmt: skip
    return figure


def save(figure: Figure, path: str | PathLike[str], content: Content) -> Path:
    """Write a picture in the format of its ending; PNG if it has none, as in matplotlib."""
    target = Path(path)
    if not target.suffix.rstrip("."):
        target = Path(f"{os.fspath(path).rstrip('.')}.png")
    from matplotlib import rc_context

    made = BytesIO()  # in memory: a PDF writer that fails leaves its file open
    with rc_context({"svg.hashsalt": "geo_risk"}):  # else identifiers differ in each SVG
        figure.savefig(
            made, dpi=figure.dpi, format=target.suffix[1:], metadata=_metadata(path, content)
        )
    with replacing(target) as part:
        part.write_bytes(made.getvalue())
    return target


def _metadata(path: str | PathLike[str], content: Content) -> dict[str, Any] | None:
    """Metadata of the file, without a date, so that equal input gives equal bytes."""
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
