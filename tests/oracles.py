"""Slow, obvious answers with deliberately different maths, to hold the library against."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from itertools import pairwise
from typing import Any

import shapely

__all__ = ["half_open_rows", "orientation_exact"]


def orientation_exact(ax: float, ay: float, bx: float, by: float, px: float, py: float) -> int:
    """Sign of the orientation determinant in rational arithmetic."""
    a, b, c, d, e, f = (Fraction(value) for value in (ax, ay, bx, by, px, py))
    det = (a - e) * (d - f) - (b - f) * (c - e)
    return (det > 0) - (det < 0)


def half_open_rows(shapes: Sequence[Any], lon: float, lat: float) -> list[int]:
    """Rows whose polygon holds the point by a ray to the right, counted in rationals.

    An edge counts when one end lies at or below the point's latitude and the other above, and it
    meets the ray strictly to the right of the point: the half-open rule.
    """
    x, y = Fraction(lon), Fraction(lat)
    rows = []
    for row, shape in enumerate(shapes):
        crossings = 0
        for ring in shapely.get_rings(shape):
            points = [(Fraction(p), Fraction(q)) for p, q in shapely.get_coordinates(ring)]
            for (ax, ay), (bx, by) in pairwise(points):
                if (ay <= y) != (by <= y) and ax + (y - ay) * (bx - ax) / (by - ay) > x:
                    crossings += 1
        if crossings % 2:
            rows.append(row)
    return rows
