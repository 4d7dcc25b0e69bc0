"""The sign of an orientation determinant, exact for any doubles.

Method: a floating-point filter, then an exact sum of the six products as a non-overlapping
expansion (Shewchuk, J. R., 1997: Adaptive precision floating-point arithmetic and fast robust
geometric predicates, Discrete & Computational Geometry 18, sections 2 and 4). Exact as long as no
product underflows, which degrees with sensible decimals never do.
"""

from __future__ import annotations

import numpy as np

from geo_risk._jit import njit

_SPLITTER = 134217729.0  # 2**27 + 1 (Dekker 1971)
_FILTER = 3.3306690738754716e-16  # (3 + 16 eps) eps with eps = 2**-53: Shewchuk, p. 343


@njit
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


@njit
def _grow(expansion: np.ndarray, length: int, value: float) -> int:
    """Add `value` to a non-overlapping expansion in place; return the new length."""
    carry = value
    for i in range(length):
        total = carry + expansion[i]
        virtual = total - carry
        expansion[i] = (carry - (total - virtual)) + (expansion[i] - virtual)
        carry = total
    expansion[length] = carry
    return length + 1


@njit
def _exact_orientation(ax: float, ay: float, bx: float, by: float, px: float, py: float) -> int:
    """Sign of ax*by - ax*py - px*by - ay*bx + ay*px + py*bx without rounding."""
    expansion = np.zeros(12)
    n = 0
    for left, right in ((ax, by), (-ax, py), (-px, by), (-ay, bx), (ay, px), (py, bx)):
        product, error = _two_product(left, right)
        n = _grow(expansion, n, error)
        n = _grow(expansion, n, product)
    for i in range(n - 1, -1, -1):  # components rise in magnitude: the last nonzero one decides
        if expansion[i] > 0.0:
            return 1
        if expansion[i] < 0.0:
            return -1
    return 0


@njit
def orientation(ax: float, ay: float, bx: float, by: float, px: float, py: float) -> int:
    """1 where p lies left of a→b, -1 right of it, 0 exactly on its line."""
    left = (ax - px) * (by - py)
    right = (ay - py) * (bx - px)
    det = left - right
    bound = _FILTER * (abs(left) + abs(right))
    if det > bound:
        return 1
    if det < -bound:
        return -1
    if (
        left == 0.0
        and right == 0.0
        and (ax - px == 0.0 or by - py == 0.0)
        and (ay - py == 0.0 or bx - px == 0.0)
    ):
        return 0  # differences of doubles are zero only where they are equal
    return _exact_orientation(ax, ay, bx, by, px, py)
