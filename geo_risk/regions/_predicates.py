"""Exact predicates: the side of a line, and whether a walk crosses an edge.

Method: a floating-point filter, then an exact sum of the six products as a non-overlapping
expansion (Shewchuk, J. R., 1997: Adaptive precision floating-point arithmetic and fast robust
geometric predicates, Discrete & Computational Geometry 18, sections 2 and 4). Exact as long as no
product underflows, which never happens for degrees with a usual number of decimals.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from geo_risk._core.jit import inner, njit

_SPLITTER = 134217729.0  # 2**27 + 1 (Dekker 1971)
FILTER = 3.3306690738754716e-16  # (3 + 16 eps) eps with eps = 2**-53: Shewchuk, p. 343


@inner
def _two_product(a: float, b: float) -> tuple[float, float]:
    """Product and its rounding error, exactly."""
    product = a * b
    c = _SPLITTER * a
    a_high = c - (c - a)
    a_low = a - a_high
    c = _SPLITTER * b
    b_high = c - (c - b)
    b_low = b - b_high
    error = a_low * b_low - (((product - a_high * b_high) - a_low * b_high) - a_high * b_low)
    return product, error


@inner
def _grow(expansion: NDArray[np.float64], length: int, value: float) -> None:
    """Add `value` to the first `length` components, non-overlapping; the sum has one more."""
    for i in range(length):
        total = value + expansion[i]
        virtual = total - value
        expansion[i] = (value - (total - virtual)) + (expansion[i] - virtual)
        value = total
    expansion[length] = value


@inner
def _add_product(expansion: NDArray[np.float64], length: int, a: float, b: float) -> int:
    """Add a * b, exactly; return the new length."""
    product, error = _two_product(a, b)
    _grow(expansion, length, error)
    _grow(expansion, length + 1, product)
    return length + 2


@inner
def _exact_orientation(ax: float, ay: float, bx: float, by: float, px: float, py: float) -> int:
    """Sign of ax*by - ax*py - px*by - ay*bx + ay*px + py*bx without rounding."""
    expansion = np.zeros(12)
    n = _add_product(expansion, 0, ax, by)
    n = _add_product(expansion, n, -ax, py)
    n = _add_product(expansion, n, -px, by)
    n = _add_product(expansion, n, -ay, bx)
    n = _add_product(expansion, n, ay, px)
    n = _add_product(expansion, n, py, bx)
    for i in range(n - 1, -1, -1):  # components rise in magnitude: the last nonzero one decides
        if expansion[i] != 0.0:
            return 1 if expansion[i] > 0.0 else -1
    return 0


@njit
def orientation(ax: float, ay: float, bx: float, by: float, px: float, py: float) -> int:
    """1 if p lies left of a→b, -1 if right of it, 0 if exactly on its line."""
    left = (ax - px) * (by - py)
    right = (ay - py) * (bx - px)
    det = left - right
    bound = FILTER * (abs(left) + abs(right))
    if det > bound:
        return 1
    if det < -bound:
        return -1
    return _exact_orientation(ax, ay, bx, by, px, py)


@inner
def crosses_up(ax: float, ay: float, bx: float, by: float, x: float, y0: float, y1: float) -> bool:
    """Whether a walk from (x, y0) up to (x, y1) crosses the edge a→b, whose longitude increases.

    The walk is at (x + ε, y + δ) with 0 < δ ≪ ε ≪ 1, as in `crosses_right`.
    """
    if (ax <= x) == (bx <= x) or max(ay, by) < y0 or min(ay, by) > y1:
        return False
    low = orientation(ax, ay, bx, by, x, y0)
    high = orientation(ax, ay, bx, by, x, y1)
    if by <= ay:  # falling or flat: at x + ε the edge is below a point that it touches at x
        return high >= 0 and low < 0
    return high > 0 and low <= 0


@inner
def crosses_right(
    ax: float, ay: float, bx: float, by: float, x0: float, x1: float, y: float
) -> bool:
    """Whether a walk from (x0, y) right to (x1, y) crosses the edge, i.e. x0 < crossing <= x1."""
    if (ay <= y) == (by <= y) or bx <= x0 or ax > x1:
        return False
    rising = 1 if ay < by else -1
    if ax <= x0 and rising * orientation(ax, ay, bx, by, x0, y) <= 0:
        return False
    return bx <= x1 or rising * orientation(ax, ay, bx, by, x1, y) <= 0


@inner
def touches(ax: float, ay: float, bx: float, by: float, x: float, y: float) -> bool:
    """Whether (x, y) lies exactly on the edge a→b, including its ends."""
    if x < ax or x > bx or y < min(ay, by) or y > max(ay, by):
        return False
    return orientation(ax, ay, bx, by, x, y) == 0


@inner
def flip(rows: NDArray[np.int32], n: int, row: int) -> int:
    """Toggle `row` in the set that is the first `n` entries of `rows`; return its new size."""
    for i in range(n):
        if rows[i] == row:
            rows[i] = rows[n - 1]
            return n - 1
    rows[n] = row
    return n + 1


@inner
def lowest(rows: NDArray[np.int32], n: int) -> int:
    """Lowest of the first `n` entries, -1 if n is 0."""
    least = -1
    for i in range(n):
        if least < 0 or rows[i] < least:
            least = rows[i]
    return least
