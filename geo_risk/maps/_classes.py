"""Classes and colours of values, and their labels in the legend.

Diverging colours are ColorBrewer's RdBu, sequential ones its YlGnBu, categories the Okabe–Ito set:
all can be distinguished with the common colour-vision deficiencies, and categories also differ in
the shape of their marker.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from geo_risk._core.types import FloatArray, IntArray

__all__ = [
    "MARKERS",
    "Classes",
    "classify_cells",
    "classify_events",
    "is_missing",
    "marker_sizes",
    "with_suppressed",
]


_HOT = ("#b2182b", "#ef8a62", "#fddbc7")  # strongest first
_COLD = ("#2166ac", "#67a9cf", "#d1e5f0")
_PLAIN = "#e4dfd3"
_UNKNOWN = "#bdbdbd"
_SUPPRESSED = "#9a9a9a"
_SEQUENCE = ("#ffffcc", "#a1dab4", "#41b6c4", "#2c7fb8", "#253494")
_CATEGORIES = ("#009e73", "#e69f00", "#cc79a7", "#56b4e9", "#f0e442", "#0072b2", "#d55e00")
_OTHER = "#8c8c8c"
_DEFAULTS = ("hotspot", "gi_z", "n_events", "count")
MARKERS = ("circle", "square", "triangle", "diamond", "cross", "down", "plus", "circle")
"""Marker of each category in order; the last is for all other categories."""

_RADII = ((50, 6.0), (300, 4.8), (1500, 3.6), (np.inf, 2.6))  # most events, radius in CSS pixels
_SPREAD = (0.6, 1.9)  # smallest and largest radius, relative, if the size shows a value


@dataclass(frozen=True)
class Classes:
    """Class of each row, with a label and a colour for each class.

    `index` has one entry per row; -1 is not drawn. `faint` names the classes that only form the
    background of a picture (not significant, zero).
    """

    title: str
    labels: tuple[str, ...]
    colours: tuple[str, ...]
    index: IntArray
    faint: frozenset[int] = frozenset()

    def used(self) -> list[int]:
        """Classes that at least one row has, in order."""
        return [i for i in range(len(self.labels)) if (self.index == i).any()]


def classify_cells(cells: Any, color_by: str | None) -> Classes:
    """Classes of scored cells: by hotspot, by z, or by any other column."""
    if color_by is None:
        color_by = next((c for c in _DEFAULTS if c in cells.columns), None)
    if color_by is None:
        labels, index = ("H3 cell",), np.zeros(len(cells), np.int64)
        return Classes("Cells", labels, (_SEQUENCE[2],), index)
    if color_by not in cells.columns:
        known = ", ".join(map(str, cells.columns))
        raise ValueError(
            f"Invalid color_by: {color_by!r} is not a column of cells; they have {known}."
        )
    if color_by == "hotspot":
        return _hotspots(cells)
    values = _numbers(cells[color_by])
    if values is None:
        return _categories(cells[color_by], color_by)
    if color_by == "gi_z" or (color_by.endswith("_z") and (values < 0).any()):
        return _z_scores(values, "Gi* z-score" if color_by == "gi_z" else color_by)
    return _sequence(values, color_by)


def with_suppressed(classes: Classes, hidden: Any, words: str) -> Classes:
    """Classes with one more at the end: rows whose count and class are not shown."""
    return replace(
        classes,
        labels=(*classes.labels, words),
        colours=(*classes.colours, _SUPPRESSED),
        index=np.where(hidden, len(classes.labels), classes.index),
    )


def is_missing(value: Any) -> bool:
    """Whether a scalar is None, NaN, NaT or NA."""
    import pandas as pd

    return value is None or value is pd.NA or bool(value != value)


def _numbers(column: Any) -> FloatArray | None:
    """The column as floats with NaN for missing, or None if it is not numeric."""
    import pandas as pd

    if not pd.api.types.is_numeric_dtype(column.dtype):
        return None
    numbers: FloatArray = column.to_numpy(dtype=np.float64, na_value=np.nan)
    return numbers


def _signs(column: Any) -> IntArray:
    """+1 hot, -1 cold, 0 neither, -2 no answer; from numbers or text."""
    numbers = _numbers(column)
    if numbers is not None:
        return np.where(np.isnan(numbers), -2, np.sign(np.nan_to_num(numbers))).astype(np.int64)
    signs = np.zeros(len(column), np.int64)
    for row, value in enumerate(column):
        word = "" if is_missing(value) else str(value).lower()
        if not word or any(part in word for part in ("undefined", "isolated", "unmonitored")):
            signs[row] = -2
        elif "hot" in word or "cold" in word:
            signs[row] = -1 if "cold" in word else 1
    return signs


def _hotspots(cells: Any) -> Classes:
    """Hot and cold spots, the stronger ones darker if q is known."""
    signs = _signs(cells["hotspot"])
    q = _numbers(cells["q_value"]) if "q_value" in cells.columns else None
    strong = np.ones(len(cells), bool) if q is None else q <= 0.01
    labels = (
        "Hot spot" if q is None else "Hot spot, q ≤ 0.01",
        "Hot spot, q > 0.01",
        "Not significant",
        "Cold spot, q > 0.01",
        "Cold spot" if q is None else "Cold spot, q ≤ 0.01",
        "No answer",
    )
    colours = (_HOT[0], _HOT[1], _PLAIN, _COLD[1], _COLD[0], _UNKNOWN)
    index = np.full(len(cells), 2, np.int64)
    index[signs == 1] = np.where(strong, 0, 1)[signs == 1]
    index[signs == -1] = np.where(strong, 4, 3)[signs == -1]
    index[signs == -2] = 5
    title = "Hot spots" if q is None else "Hot spots (q: false discovery rate)"
    return Classes(title, labels, colours, index, frozenset({2, 5}))


def _z_scores(z: FloatArray, title: str) -> Classes:
    """Seven classes cut at the two-sided 90, 95 and 99 % points of the normal distribution."""
    breaks = np.array([-2.576, -1.96, -1.645, 1.645, 1.96, 2.576])
    labels = (
        "z ≥ 2.58", "1.96 to 2.58", "1.64 to 1.96", "−1.64 to 1.64",
        "−1.96 to −1.64", "−2.58 to −1.96", "z ≤ −2.58", "No answer",
    )  # fmt: skip
    colours = (*_HOT, _PLAIN, *_COLD[::-1], _UNKNOWN)
    index = 6 - np.searchsorted(breaks, z, side="right").astype(np.int64)
    index[np.isnan(z)] = 7
    return Classes(title, labels, colours, index, frozenset({3, 7}))


def _sequence(values: FloatArray, title: str) -> Classes:
    """A class for zero, and up to five classes with about equal numbers of cells."""
    title = "Events per cell" if title in _DEFAULTS else title.replace("_", " ")
    known = values[np.isfinite(values) & (values != 0)]
    low, high = (known.min(), known.max()) if known.size else (0.0, 0.0)
    whole = bool((known == np.rint(known)).all())
    cuts = np.empty(0)
    if known.size:  # whole numbers are cut at values that occur
        fifths = np.array([0.2, 0.4, 0.6, 0.8])
        found = np.quantile(known, fifths, method="higher") if whole else np.quantile(known, fifths)
        cuts = np.unique(found[found > low])
    edges = [low, *cuts, high]
    top = len(cuts)
    shades = [_SEQUENCE[round(4 * i / top) if top else 2] for i in range(top + 1)]
    ranges = [_range(edges[i], edges[i + 1], i == top, whole) for i in range(top + 1)]
    labels = (*ranges[::-1], "0", "No value")
    colours = (*shades[::-1], _PLAIN, _UNKNOWN)
    index = top - np.searchsorted(cuts, values, side="right").astype(np.int64)
    index[values == 0] = top + 1
    index[~np.isfinite(values)] = top + 2
    return Classes(title, labels, colours, index, frozenset({top + 1, top + 2}))


def _range(low: float, high: float, last: bool, whole: bool) -> str:
    """Label of the class of values from `low` to `high`; only the last class includes `high`."""
    if whole:
        high = high if last else high - 1.0
        return f"{low:,.0f}" if low == high else f"{low:,.0f} to {high:,.0f}"
    if low == high:
        return f"{low:.4g}"
    return f"{low:.4g} to {'' if last else 'below '}{high:.4g}"


def _categories(column: Any, title: str) -> Classes:
    """One class for each of the most frequent values, one for all others."""
    words = ["" if is_missing(v) else str(v) for v in column]
    counts: dict[str, int] = {}
    for word in words:
        counts[word] = counts.get(word, 0) + 1
    named = sorted((w for w in counts if w), key=lambda w: (-counts[w], w))
    kept = named[: len(_CATEGORIES)]
    labels = [*kept, "Other" if len(named) > len(kept) else "Not stated"]
    place = {word: i for i, word in enumerate(kept)}
    index = np.array([place.get(word, len(kept)) for word in words], np.int64)
    colours = (*_CATEGORIES[: len(kept)], _OTHER)
    return Classes(title.replace("_", " "), tuple(labels), colours, index)


def classify_events(events: Any, category: str) -> Classes:
    """Classes of events by the column `category`; one class if it is absent."""
    if category not in events.columns:
        index = np.zeros(len(events), np.int64)
        return Classes("Events", ("Event",), (_CATEGORIES[0],), index)
    return _categories(events[category], "Events")


def marker_sizes(events: Any, size_by: str | None) -> tuple[FloatArray, list[tuple[str, float]]]:
    """Radius in pixels of each event, and a key of values with their radius.

    The area of a marker grows with the value; a missing value gets the smallest size.
    """
    n = len(events)
    usual = next(radius for most, radius in _RADII if n <= most)
    if size_by is None:
        return np.full(n, usual), []
    if size_by not in events.columns:
        known = ", ".join(map(str, events.columns))
        raise ValueError(
            f"Invalid size_by: {size_by!r} is not a column of events; they have {known}."
        )
    values = _numbers(events[size_by])
    if values is None:
        raise TypeError(f"Invalid size_by: column {size_by!r} is not numeric.")
    values = np.nan_to_num(np.clip(values, 0.0, None), nan=0.0, posinf=0.0)
    largest = float(values.max(initial=0.0))
    if largest == 0.0:
        return np.full(n, usual), []
    low, high = _SPREAD[0] * usual, _SPREAD[1] * usual

    def radius(value: Any) -> Any:
        return np.sqrt(low**2 + (high**2 - low**2) * value / largest)

    key = [(f"{value:.3g}", float(radius(value))) for value in (largest, largest / 4.0, 0.0)]
    return radius(values), key
