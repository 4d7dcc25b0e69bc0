"""Exact distribution of a neighbour sum of counts (arrays in, arrays out).

A unit's k neighbours receive k of the n - 1 other values. With the distinct values v and their
multiplicities m, the number of k-subsets of sum s is the coefficient of y^k x^s in the product of
(1 + y x^v)^m. That product is formed by adding and multiplying positive numbers only, so every
tail keeps its relative accuracy, and sums above the largest one observed share one last column.

The unit's own value is not among them, so each distinct value needs the product without one of its
copies. Dividing would subtract nearly equal numbers. Instead, the set of values is halved
repeatedly and the other half multiplied in each time: log2(d) times for d distinct values.
"""

from __future__ import annotations

import numpy as np

from geo_risk._core.jit import njit
from geo_risk._core.types import FloatArray, IntArray

__all__ = ["exact_tails", "work"]


_ONE_PASS = 200


@njit
def multiply(
    table: FloatArray, drawn: int, reached: int, value: int, copies: int, odds: float
) -> None:
    """Multiply (1 + odds * y x^value)^copies into `table`, in place, up to a constant factor.

    ``table[c, s]`` is for c values drawn with sum s; the last column holds all larger sums. It is 0
    beyond row `drawn` and, except in the last column, beyond column `reached`.
    """
    last = table.shape[1] - 1
    most = min(table.shape[0] - 1, copies)
    # Weights t = 0, 1, ... relative to the largest, after which the ratios are below 1.
    mode = min(most, max(0, int(odds * (copies + 1) / (1.0 + odds))))
    weight = np.empty(most + 1)
    weight[mode] = 1.0
    for t in range(mode + 1, most + 1):
        weight[t] = weight[t - 1] * odds * (copies - t + 1) / t
    for t in range(mode, 0, -1):
        weight[t - 1] = weight[t] * t / (odds * (copies - t + 1))
    for c in range(min(table.shape[0] - 1, drawn + most), -1, -1):
        target = table[c]  # rows below c still hold the old table
        for s in range(last + 1):
            target[s] *= weight[0]
        for t in range(max(1, c - drawn), min(c, most) + 1):
            w, source = weight[t], table[c - t]
            shift = min(t * value, last)
            stop = min(last - shift, reached + 1)
            for s in range(stop):
                target[s + shift] += w * source[s]
            beyond = source[last]
            for s in range(stop, min(reached + 1, last)):
                beyond += source[s]
            target[last] += w * beyond


def work(values: IntArray, copies: IntArray, k_most: int, sum_most: int) -> float:
    """Number of additions that `exact_tails` needs, to decide whether it is fast enough."""
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
    tails = tuple(np.empty(unit_sum.size) for _ in range(3))
    order = np.argsort(unit_group, kind="stable")
    bounds = np.searchsorted(unit_group[order], np.arange(group_k.size + 1))
    k_left = np.unique(group_k)
    while k_left.size:
        # One pass handles numbers of neighbours near its largest; for much smaller numbers, with
        # hundreds of neighbours, the table would underflow.
        k_most = int(k_left[-1])
        least = k_most // 2 if k_most > _ONE_PASS else 0
        chosen = np.flatnonzero((group_k <= k_most) & (group_k > least))
        k_left = k_left[k_left <= least]
        units = [order[bounds[g] : bounds[g + 1]] for g in chosen]
        _one_pass(values, copies, group_value[chosen], group_k[chosen], units, unit_sum, tails)
    return tails[0], tails[1], tails[2]


def _one_pass(
    values: IntArray,
    copies: IntArray,
    group_value: IntArray,
    group_k: IntArray,
    group_units: list[IntArray],
    unit_sum: IntArray,
    tails: tuple[FloatArray, ...],
) -> None:
    """Fill the tails of the units of these groups."""
    k_most = int(group_k.max())
    sum_most = int(max(unit_sum[units].max() for units in group_units))
    odds = k_most / max(int(copies.sum()) - 1 - k_most, 1)
    bounds = np.searchsorted(group_value, np.arange(values.size + 1))

    def multiplied(
        table: FloatArray, drawn: int, reached: int, v: int, number: int
    ) -> tuple[int, int]:
        multiply(table, drawn, reached, int(values[v]), number, odds)
        largest = float(table.max())
        if not 1e-60 < largest < 1e60:
            table /= largest
        return (
            min(drawn + number, k_most),
            min(reached + min(number, k_most) * int(values[v]), sum_most),
        )

    def leaf(table: FloatArray, v: int) -> None:
        for g in range(bounds[v], bounds[v + 1]):
            row = table[group_k[g]] / table[group_k[g]].sum()
            units = group_units[g]
            sums = unit_sum[units]
            tails[0][units] = np.cumsum(row)[sums]
            tails[1][units] = np.cumsum(row[::-1])[::-1][sums]
            tails[2][units] = row[sums]

    def descend(table: FloatArray, size: tuple[int, int], start: int, stop: int) -> None:
        if bounds[start] == bounds[stop]:
            return
        if stop - start == 1:
            if copies[start] > 1:
                multiplied(table, *size, start, int(copies[start]) - 1)
            leaf(table, start)
            return
        middle = (start + stop) // 2
        for begin, end, other in ((start, middle, (middle, stop)), (middle, stop, (start, middle))):
            if bounds[begin] < bounds[end]:
                half, grown = table.copy(), size
                for v in range(*other):
                    grown = multiplied(half, *grown, v, int(copies[v]))
                descend(half, grown, begin, end)

    first = np.zeros((k_most + 1, sum_most + 2))
    first[0, 0] = 1.0
    descend(first, (0, 0), 0, values.size)
