"""Moments of a weighted neighbour sum when the values are dealt out at random (arrays in, out)."""

from __future__ import annotations

import numpy as np

from geo_risk._core.types import BoolArray, FloatArray
from geo_risk.hotspots.weights import Csr, RowSums

__all__ = [
    "centred",
    "conditional_moments",
    "conditional_z",
    "deal_is_defined",
    "others_constant",
    "own_weights",
    "total_z",
    "unit_scale",
]


# N * S1 - W^2 is 0 exactly when all N others are neighbours with one weight; below this share
# of N * S1 it is rounding.
_DEGENERATE = 1e-12


def centred(values: FloatArray) -> FloatArray:
    """Values minus their mean, divided by a power of two so that no square overflows."""
    if values.size == 0:
        return values
    scaled = values * unit_scale(values)
    scaled -= scaled.mean()
    scaled -= scaled.mean()  # what rounding left of the mean
    return scaled


def unit_scale(values: FloatArray) -> float:
    """A power of two that brings the largest of the values near 1."""
    exponent = int(np.frexp(max(values.max(), -values.min()))[1])
    return float(2.0 ** -max(min(exponent, 1000), -1000))


def _sum_of_squares(dev: FloatArray) -> float:
    # Not dev @ dev: a threaded BLAS takes 100 times as long when the processors are busy.
    return float(np.add.reduce(dev * dev))


def others_constant(values: FloatArray) -> BoolArray:
    """Whether the values of all the other units are one value, decided without rounding."""
    result = np.zeros(values.size, dtype=np.bool_)
    if values.size == 0:
        return result
    low, high = values == values.min(), values == values.max()
    if np.count_nonzero(low) >= values.size - 1:
        result |= ~low
    if np.count_nonzero(high) >= values.size - 1:
        result |= ~high
    if low.all() or values.size <= 2:
        result[:] = True
    return result


def deal_is_defined(values: FloatArray, rows: RowSums) -> BoolArray:
    """Whether dealing the other values to a unit's neighbours can give different sums.

    Not for an island, nor where all the others are neighbours of one weight, nor where the
    others' values are all the same.
    """
    others = values.size - 1
    free = others * rows.squares - rows.total**2 > _DEGENERATE * others * rows.squares
    return (rows.count > 0) & free & ~others_constant(values)


def _others(dev: FloatArray) -> tuple[FloatArray, FloatArray, int]:
    """Mean and variance of the others' deviations, and the unit for which to compute directly.

    A unit that holds most of the sum of squares would leave its others' variance to
    cancellation. There can be only one (-1: none).
    """
    others = dev.size - 1
    squares = _sum_of_squares(dev)
    mean = dev * (-1.0 / others)
    variance = (squares - dev * dev) / others - mean * mean
    outlier = int(np.argmax(np.abs(dev)))
    return mean, variance, outlier if dev[outlier] ** 2 > 0.5 * squares else -1


def conditional_moments(values: FloatArray, rows: RowSums) -> tuple[FloatArray, FloatArray]:
    """Mean and variance of the neighbour sum of `centred` values, the unit's own held fixed."""
    n = values.size
    if n < 3:
        return np.full(n, np.nan), np.full(n, np.nan)
    dev = centred(values)
    mean, variance, outlier = _others(dev)
    if outlier >= 0:
        variance[outlier] = np.delete(dev, outlier).var()
    spread = ((n - 1) * rows.squares - rows.total**2) / (n - 2)
    return rows.total * mean, variance * spread


def conditional_z(values: FloatArray, csr: Csr, rows: RowSums) -> FloatArray:
    """z of the neighbour sum with the unit's own value held fixed (Gi); NaN where undefined."""
    n = values.size
    z = np.full(n, np.nan)
    if n < 3:
        return z
    dev = centred(values)
    mean, variance, outlier = _others(dev)
    numerator = csr @ dev - rows.total * mean
    if outlier >= 0:
        _direct(values, csr, rows, outlier, numerator, variance)
    spread = ((n - 1) * rows.squares - rows.total**2) / (n - 2)
    defined = deal_is_defined(values, rows) & (variance > 0.0)
    _standardise(numerator, variance * spread, defined, z)
    return z


def _standardise(
    numerator: FloatArray, variance: FloatArray, defined: BoolArray, out: FloatArray
) -> None:
    scale = np.sqrt(np.where(defined, variance, 1.0))
    np.divide(numerator, scale, out=out, where=defined)


def _direct(
    values: FloatArray,
    csr: Csr,
    rows: RowSums,
    i: int,
    numerator: FloatArray,
    variance: FloatArray,
) -> None:
    # The scale is another than that of the other units; z is a ratio and does not know it.
    dev = centred(np.delete(values, i))
    inside = csr.indices[csr.indptr[i] : csr.indptr[i + 1]]
    position = inside - (inside > i)
    numerator[i] = csr.data[csr.indptr[i] : csr.indptr[i + 1]] @ dev[position]
    numerator[i] -= rows.total[i] * dev.mean()
    variance[i] = dev.var()


def total_z(values: FloatArray, csr: Csr, rows: RowSums, lag: FloatArray) -> FloatArray:
    """z of the sum over a unit and its neighbours, all values dealt out (Gi*); NaN undefined.

    The unit itself enters with the row's largest weight, an island with weight 1. `lag` is
    ``csr @ values``.
    """
    n = values.size
    if n < 2 or values.min() == values.max():
        return np.full(n, np.nan)
    dev = centred(values)
    variance = _sum_of_squares(dev) / n
    if rows.binary:
        return _binary_total_z(values, csr, rows, lag, dev, variance)
    z = np.full(n, np.nan)
    own = own_weights(rows)
    total, squares = rows.total + own, rows.squares + own * own
    spread = (n * squares - total**2) / (n - 1)
    defined = spread * (n - 1) > _DEGENERATE * n * squares
    _standardise(csr @ dev + own * dev, variance * spread, defined, z)
    return z


def _binary_total_z(
    values: FloatArray,
    csr: Csr,
    rows: RowSums,
    lag: FloatArray,
    dev: FloatArray,
    variance: float,
) -> FloatArray:
    """`total_z` for weights of 1: the scale depends on the number of neighbours alone."""
    n = values.size
    k = np.arange(1.0, float(rows.count.max()) + 2.0)  # members of a window of 0, 1, ... others
    spread = variance * (n * k - k * k) / (n - 1)
    scale = np.full(k.size, np.nan)
    np.divide(1.0, np.sqrt(spread, where=spread > 0.0, out=scale), out=scale, where=spread > 0.0)
    mean = float(values.mean())
    unit = unit_scale(values)
    if abs(mean) * unit < 100.0 * np.sqrt(variance):
        # The sums at hand will do: the mean takes at most two digits from them.
        window = (lag + values - (mean * k)[rows.count]) * unit
    else:
        window = csr @ dev + dev
    return np.asarray(window * scale[rows.count])


def own_weights(rows: RowSums) -> FloatArray:
    """Self weights of Gi*: the row's largest, 1 for an island."""
    return np.where(rows.count > 0, rows.largest, 1.0)
