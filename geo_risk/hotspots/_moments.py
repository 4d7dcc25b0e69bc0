"""Moments of a weighted neighbour sum when the values are permuted at random (arrays in, out)."""

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


# N * S1 - W^2 is 0 exactly if all N others are neighbours with equal weight; below this share
# of N * S1 it is rounding error.
_DEGENERATE = 1e-12


def centred(values: FloatArray) -> FloatArray:
    """Values minus their mean, divided by a power of two so that no square overflows."""
    if values.size == 0:
        return values
    scaled = values * unit_scale(values)
    scaled -= scaled.mean()
    scaled -= scaled.mean()  # the mean that remains after rounding
    return scaled


def unit_scale(values: FloatArray) -> float:
    """A power of two that brings the largest of the values near 1."""
    exponent = int(np.frexp(max(values.max(), -values.min()))[1])
    return float(2.0 ** -max(min(exponent, 1000), -1000))


def _sum_of_squares(dev: FloatArray) -> float:
    # Not dev @ dev: a threaded BLAS takes 100 times as long if the processors are busy.
    return float(np.add.reduce(dev * dev))


def others_constant(values: FloatArray) -> BoolArray:
    """Whether all other units have the same value, decided without rounding error."""
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
    """Whether permuting the other values can change the sum over a unit's neighbours.

    It cannot for an island, if all others are neighbours with equal weight, or if all others
    have the same value.
    """
    others = values.size - 1
    free = others * rows.squares - rows.total**2 > _DEGENERATE * others * rows.squares
    return (rows.count > 0) & free & ~others_constant(values)


def _others(dev: FloatArray) -> tuple[FloatArray, FloatArray, int]:
    """Mean and variance of the others' deviations, and the unit to compute directly.

    For a unit with most of the sum of squares, the variance of the others would lose its digits
    to cancellation. There is at most one such unit (-1: none).
    """
    others = dev.size - 1
    squares = _sum_of_squares(dev)
    mean = dev * (-1.0 / others)
    variance = (squares - dev * dev) / others - mean * mean
    outlier = int(np.argmax(np.abs(dev)))
    return mean, variance, outlier if dev[outlier] ** 2 > 0.5 * squares else -1


def conditional_moments(values: FloatArray, rows: RowSums) -> tuple[FloatArray, FloatArray]:
    """Mean and variance of the neighbour sum of `centred` values, the unit's own value fixed."""
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
    """z of the neighbour sum with the unit's own value fixed (Gi); NaN if undefined."""
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
    # The scale differs from that of the other units; z is a ratio and does not depend on it.
    dev = centred(np.delete(values, i))
    inside = csr.indices[csr.indptr[i] : csr.indptr[i + 1]]
    position = inside - (inside > i)
    numerator[i] = csr.data[csr.indptr[i] : csr.indptr[i + 1]] @ dev[position]
    numerator[i] -= rows.total[i] * dev.mean()
    variance[i] = dev.var()


def total_z(values: FloatArray, csr: Csr, rows: RowSums, lag: FloatArray) -> FloatArray:
    """z of the sum over a unit and its neighbours, all values permuted (Gi*); NaN if undefined.

    The unit itself has the row's largest weight, an island has weight 1. `lag` is
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
    """`total_z` for weights of 1: the scale depends only on the number of neighbours."""
    n = values.size
    k = np.arange(1.0, float(rows.count.max()) + 2.0)  # members of a window of 0, 1, ... others
    spread = variance * (n * k - k * k) / (n - 1)
    scale = np.full(k.size, np.nan)
    np.divide(1.0, np.sqrt(spread, where=spread > 0.0, out=scale), out=scale, where=spread > 0.0)
    mean = float(values.mean())
    unit = unit_scale(values)
    if abs(mean) * unit < 100.0 * np.sqrt(variance):
        # The given sums are precise enough: subtracting the mean costs at most two digits.
        window = (lag + values - (mean * k)[rows.count]) * unit
    else:
        window = csr @ dev + dev
    return np.asarray(window * scale[rows.count])


def own_weights(rows: RowSums) -> FloatArray:
    """Self weights of Gi*: the row's largest, 1 for an island."""
    return np.where(rows.count > 0, rows.largest, 1.0)
