"""Exact distribution of a neighbour sum of counts (arrays in, arrays out).

k of the n - 1 other values are dealt to a unit's neighbours. With the distinct values v and their
multiplicities m, the number of k-subsets of sum s is the coefficient of y^k x^s in the product of
(1 + y x^v)^m. That product is formed by adding and multiplying positive numbers only, so every
tail keeps its relative accuracy, and sums above the largest one observed share one last column.

The pool lacks the unit's own value, and each distinct value needs the product without one of its
copies. Dividing it out would subtract nearly equal numbers; halving the set of values does not:
going down to one value, the other half is multiplied in, log2(d) times for d distinct values.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from geo_risk._jit import njit

__all__ = ["exact_tails", "work"]

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]


@njit
def multiply(table: FloatArray, value: int, copies: int, odds: float) -> None:
    """Multiply (1 + odds * y x^value)^copies into `table`, in place.

    ``table[c, s]`` belongs to c drawn with sum s; its last column takes every larger sum.
    """
    drawn_most, last = table.shape[0] - 1, table.shape[1] - 1
    most = min(drawn_most, copies)
    weight = np.empty(most + 1)
    weight[0] = 1.0
    for t in range(1, most + 1):
        weight[t] = weight[t - 1] * odds * (copies - t + 1) / t
    for c in range(drawn_most, 0, -1):  # rows below c are still those of the old table
        for t in range(1, min(c, most) + 1):
            w = weight[t]
            shift = min(t * value, last)
            source = table[c - t]
            target = table[c]
            for s in range(last - shift):
                target[s + shift] += w * source[s]
            beyond = 0.0
            for s in range(last - shift, last + 1):
                beyond += source[s]
            target[last] += w * beyond


def work(values: IntArray, copies: IntArray, k_most: int, sum_most: int) -> float:
    """Additions that `exact_tails` needs, to judge whether it is affordable."""
    t = np.arange(1, k_most + 1, dtype=np.float64)
    rows = k_most + 1 - t
    total = 0.0
    for start in range(0, values.size, 4096):
        block = slice(start, start + 4096)
        left = np.maximum(sum_most + 2.0 - np.outer(values[block], t), 1.0)
        total += float((left * rows * (t <= copies[block, None])).sum())
    return total * (float(np.ceil(np.log2(max(values.size, 1)))) + 1.0)


def exact_tails(
    values: IntArray,
    copies: IntArray,
    group_value: IntArray,
    group_k: IntArray,
    unit_group: IntArray,
    unit_sum: IntArray,
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """P(sum <= observed), P(sum >= observed) and P(sum = observed) of each unit.

    Parameters
    ----------
    values, copies : ndarray of int64, shape (d,)
        Distinct values >= 0, increasing, and how many units have each (all units).
    group_value, group_k : ndarray of int64, shape (g,)
        Position of the own value in `values`, and number of neighbours (>= 1), of each group of
        units that share a distribution; ordered by `group_value`.
    unit_group, unit_sum : ndarray of int64, shape (u,)
        Group and observed neighbour sum of each unit.
    """
    low, high, equal = (np.empty(unit_sum.size) for _ in range(3))
    k_most, sum_most = int(group_k.max()), int(unit_sum.max())
    n = int(copies.sum())
    odds = k_most / max(n - 1 - k_most, 1)
    order = np.argsort(unit_group, kind="stable")
    bounds = np.searchsorted(unit_group[order], np.arange(group_k.size + 1))
    group_bounds = np.searchsorted(group_value, np.arange(values.size + 1))

    def leaf(table: FloatArray, v: int) -> None:
        for g in range(group_bounds[v], group_bounds[v + 1]):
            row = table[group_k[g]]
            row = row / row.sum()
            units = order[bounds[g] : bounds[g + 1]]
            sums = unit_sum[units]
            equal[units] = row[sums]
            low[units] = np.cumsum(row)[sums]
            high[units] = np.cumsum(row[::-1])[::-1][sums]

    def descend(table: FloatArray, start: int, stop: int) -> None:
        if group_bounds[start] == group_bounds[stop]:
            return
        if stop - start == 1:
            if copies[start] > 1:
                multiply(table, int(values[start]), int(copies[start]) - 1, odds)
            leaf(table, start)
            return
        middle = (start + stop) // 2
        for begin, end, other in ((start, middle, (middle, stop)), (middle, stop, (start, middle))):
            if group_bounds[begin] < group_bounds[end]:
                half = table.copy()
                for v in range(*other):
                    multiply(half, int(values[v]), int(copies[v]), odds)
                descend(half, begin, end)

    first = np.zeros((k_most + 1, sum_most + 2))
    first[0, 0] = 1.0
    descend(first, 0, values.size)
    return low, high, equal
