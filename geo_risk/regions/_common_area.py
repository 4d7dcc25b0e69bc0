"""Common area of a polygon with very many vertices and one with few, without an overlay.

The area of a polygon is the sum of the strips between its edges and a line below it; strips of
edges that run back count as negative. The common area is then the sum, over pairs of edges, of the
common areas of their strips. Nothing is cut, so the number of crossing edges does not matter.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from geo_risk._core.jit import njit

__all__ = ["common_area", "strips_of"]

_MOST_BINS = 4096


def common_area(a: NDArray[np.float64], b: NDArray[np.float64]) -> tuple[float, float]:
    """Common area of two polygons, and a bound of its rounding error.

    Parameters
    ----------
    a, b : ndarray of float64, shape (n, 5)
        Their edges from `strips_of`; `a` may have any number of edges, `b` few.
    """
    west, east = max(a[0, 0], b[0, 0]), min(a[:, 2].max(), b[:, 2].max())
    if not west < east:
        return 0.0, 0.0
    floor = min(a[:, [1, 3]].min(), b[:, [1, 3]].min())
    a, b = (e[: np.searchsorted(e[:, 0], east)] for e in (a, b))
    a, b = (e[e[:, 2] > west] - [0, floor, 0, floor, 0] for e in (a, b))
    lines = np.linspace(west, east, min(len(b), _MOST_BINS) + 1)
    first = np.clip(np.searchsorted(lines, b[:, 0], side="right") - 1, 0, len(lines) - 2)
    last = np.clip(np.searchsorted(lines, b[:, 2], side="left") - 1, first, len(lines) - 2)
    count = last - first + 1
    edge = np.repeat(np.arange(len(b)), count)
    bins = np.arange(count.sum()) - np.repeat(np.cumsum(count) - count, count) + first[edge]
    order = np.argsort(bins, kind="stable")
    starts = np.searchsorted(bins[order], np.arange(len(lines)))
    start = np.clip(np.searchsorted(lines, a[:, 0], side="right") - 1, 0, len(lines) - 2)
    area, terms = _sum_of_strips(a, b, lines, starts, edge[order], start)
    return area, 16.0 * float(np.finfo(float).eps) * terms


def strips_of(shape: Any) -> NDArray[np.float64]:
    """Edges of a polygon from west to east: x, y, x, y, and 1 if the polygon is below, else -1.

    Sorted by their western ends; edges that run exactly north or south have no strip.
    """
    import shapely

    parts = shapely.get_parts(shape)
    rings, part = shapely.get_rings(parts, return_index=True)
    hole = np.ones(len(rings), dtype=bool)
    hole[np.unique(part, return_index=True)[1]] = False
    coords, ring = shapely.get_coordinates(rings, return_index=True)
    one = ring[1:] == ring[:-1]
    p, q, ring = coords[:-1][one], coords[1:][one], ring[1:][one]
    back = p[:, 0] > q[:, 0]
    side = np.where(back == (shapely.is_ccw(rings) != hole)[ring], 1.0, -1.0)
    edges = np.column_stack([np.where(back[:, None], q, p), np.where(back[:, None], p, q), side])
    edges = edges[edges[:, 0] < edges[:, 2]]
    return np.asarray(edges[np.argsort(edges[:, 0], kind="stable")])


@njit
def _sum_of_strips(
    a: NDArray[np.float64],
    b: NDArray[np.float64],
    lines: NDArray[np.float64],
    starts: NDArray[np.int64],
    listed: NDArray[np.int64],
    start: NDArray[np.int64],
) -> tuple[float, float]:
    """Sum over pairs of edges, and the magnitude that its rounding error is relative to."""
    total, lost, terms = 0.0, 0.0, 0.0  # compensated summation
    for i in range(len(a)):
        k = start[i]
        slope_a = (a[i, 3] - a[i, 1]) / (a[i, 2] - a[i, 0])
        while k < len(lines) - 1 and lines[k] < a[i, 2]:
            for n in range(starts[k], starts[k + 1]):
                j = listed[n]
                left = max(a[i, 0], b[j, 0], lines[k])
                width = min(a[i, 2], b[j, 2], lines[k + 1]) - left
                if width <= 0.0:
                    continue
                slope_b = (b[j, 3] - b[j, 1]) / (b[j, 2] - b[j, 0])
                al = a[i, 1] + slope_a * (left - a[i, 0])
                bl = b[j, 1] + slope_b * (left - b[j, 0])
                ar, br = al + slope_a * width, bl + slope_b * width
                term = 0.5 * width * (min(al, bl) + min(ar, br))
                dl, dr = al - bl, ar - br
                if dl * dr < 0.0:  # they cross: the lower one bends upwards to the crossing
                    term += 0.5 * width * abs(dl * dr) / (abs(dl) + abs(dr))
                term *= a[i, 4] * b[j, 4]
                rest = term - lost
                raised = total + rest
                lost = (raised - total) - rest
                total = raised
                terms += width * max(a[i, 1], a[i, 3], b[j, 1], b[j, 3])
            k += 1
    return total, terms
