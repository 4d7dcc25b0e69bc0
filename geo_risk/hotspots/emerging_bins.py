"""Gi* of the bins of a space-time cube, and its p-values: exact, simulated or normal.

The reference distribution deals all values of the reference window, a bin's own included, to the
bins: its mean and variance are those in the z-score. A map is a cube of one period, so Gi* asks
here for its `null="total"`. (The conditional tests hold the own value instead.)
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from geo_risk._core.types import FloatArray, IntArray
from geo_risk.hotspots._moments import unit_scale
from geo_risk.hotspots.inference import (
    Obstacle,
    Tails,
    directions,
    refuse_exact,
    stream_key,
    two_sided,
)
from geo_risk.hotspots.weights import Csr, RowSums, row_sums

__all__ = [
    "BinTest",
    "Neighbourhoods",
    "bin_p_values",
    "bin_tails",
    "neighbourhoods",
    "z_scores",
]


# Additions (seconds) that "auto" spends on exact p-values.
_AFFORDABLE = 3e9


@dataclass(frozen=True, eq=False)
class Neighbourhoods:
    """What a bin sums up: its cell and neighbours, in its period and some before.

    Attributes
    ----------
    weights : csr_array of float64, shape (n, n)
        1 for each neighbour where the caller's weights are equal within each row: z does not
        depend on the scale of a row, and sums of whole numbers are then free of rounding.
    rows : RowSums
        Of `weights`.
    own : ndarray of float64, shape (n,)
        Weight of the cell itself: the largest of its row.
    layers : int
        Earlier periods.
    window : str
        "cube", "step" or "neighborhood".
    """

    weights: Csr
    rows: RowSums
    own: FloatArray
    layers: int
    window: str

    def sums(self, x: FloatArray) -> FloatArray:
        """Weighted sum over the neighbourhood of every bin of a cube (n, T)."""
        here = np.asarray(self.weights @ x) + self.own[:, None] * x
        total = here.copy()
        for lag in range(1, min(self.layers, x.shape[1] - 1) + 1):
            total[:, lag:] += here[:, :-lag]
        return total

    def covered(self, n_periods: int) -> IntArray:
        """Periods in the neighbourhood of a bin of each period."""
        return np.minimum(np.arange(n_periods), self.layers) + 1

    def blocks(self, n_periods: int) -> list[tuple[slice, slice]]:
        """Periods compared with, and those of them whose bins are scored so."""
        if self.window == "cube":
            return [(slice(0, n_periods), slice(0, n_periods))]
        back = self.layers if self.window == "neighborhood" else 0
        first = [max(0, t - back) for t in range(n_periods)]
        return [(slice(f, t + 1), slice(t - f, t - f + 1)) for t, f in enumerate(first)]


def neighbourhoods(csr: Csr, layers: int, window: str) -> Neighbourhoods:
    """Prepare canonical weights (see `as_weights`)."""
    from scipy import sparse

    rows = row_sums(csr)
    if rows.uniform:
        csr = sparse.csr_array((np.ones(csr.data.size), csr.indices, csr.indptr), shape=csr.shape)
        rows = row_sums(csr)
    own = np.where(rows.count > 0, rows.largest, 1.0)
    return Neighbourhoods(csr, rows, own, layers, window)


def z_scores(x: FloatArray, near: Neighbourhoods) -> FloatArray:
    """Gi* of every bin of a cube (n, T); NaN where nothing varies."""
    z = np.full(x.shape, np.nan)
    if x.size:
        x = x * unit_scale(x)  # so that no square overflows
    for compared, scored in near.blocks(x.shape[1]):
        block = x[:, compared]
        if block.size < 2 or block.min() == block.max():
            continue
        covered = near.covered(block.shape[1])
        weight = covered * (near.rows.total + near.own)[:, None]
        squares = covered * (near.rows.squares + near.own**2)[:, None]
        spread = (block.size * squares - weight**2) / (block.size - 1.0)
        defined = spread > 1e-12 * squares
        scale = np.sqrt(np.where(defined, spread, 1.0) * block.var())
        found = np.where(defined, (near.sums(block) - weight * block.mean()) / scale, np.nan)
        z[:, compared][:, scored] = found[:, scored]
    return z


@dataclass(frozen=True)
class BinTest:
    """How the p-values of the bins are found."""

    p_method: str
    permutations: int
    seed: int | np.random.Generator | None
    max_dispersion: float
    mid_p: bool = False


def bin_p_values(
    x: FloatArray, z: FloatArray, near: Neighbourhoods, test: BinTest
) -> tuple[FloatArray, NDArray[np.int8], str]:
    """Two-sided p of every bin (NaN where z is), its direction, and the method taken."""
    tails = bin_tails(x, z, near, test)
    return two_sided(tails), directions(z, tails), tails.p_method


def bin_tails(x: FloatArray, z: FloatArray, near: Neighbourhoods, test: BinTest) -> Tails:
    """P of a sum at or below, at or above that of every bin; NaN where z is."""
    from scipy.special import ndtr

    method = test.p_method
    if method == "auto":
        method = "permutation" if test.permutations else "exact"
    if method == "exact":
        obstacle = _obstacle(x, near, test)
        if obstacle is not None:
            refuse_exact(obstacle, test.p_method, test.mid_p, test.max_dispersion)
            method = "analytic"
            if obstacle.kind != "invalid":
                warnings.warn(
                    f"{obstacle.text} The normal approximation was used.", UserWarning, stacklevel=3
                )
    if method == "analytic":
        low, high = ndtr(z), ndtr(-z)
    else:
        low, high = np.full(x.shape, np.nan), np.full(x.shape, np.nan)
        rng = np.random.default_rng(stream_key(test.seed))
        for compared, scored in near.blocks(x.shape[1]):
            block = x[:, compared]
            if method == "exact":
                tails = _exact_tails(block, near, scored, test.mid_p)
            else:
                tails = _simulated_tails(block, near, scored, test.permutations, rng)
            for whole, part in zip((low, high), tails):
                whole[:, compared][:, scored] = part
    undefined = np.isnan(z)
    low[undefined] = high[undefined] = np.nan
    return Tails(low, high, method)


def _obstacle(x: FloatArray, near: Neighbourhoods, test: BinTest) -> Obstacle | None:
    """Why exact p-values cannot be had; None where they can."""
    from geo_risk.hotspots import _exact as kernel

    if x.size == 0:
        return None
    bad = (x < 0.0) | (x != np.floor(x)) | (x > 2.0**31)
    if bad.any():
        i, t = (int(v) for v in np.argwhere(bad)[0])
        place = f"index {i}" if x.shape[1] == 1 else f"cell {i}, period {t}"
        return Obstacle(
            "invalid",
            f"Invalid values for the exact p: {int(bad.sum())} of {x.size} values are not counts "
            f"(integers >= 0); first at {place}: {x[i, t]:g}. Use "
            'p_method="permutation" or "analytic".',
        )
    if not near.rows.uniform:
        return Obstacle(
            "invalid",
            "Invalid weights for the exact p: the weights differ within a row. Use "
            'p_method="permutation" or "analytic".',
        )
    mean = float(x.mean())
    dispersion = float(x.var()) / mean if mean > 0.0 else 0.0
    if dispersion > test.max_dispersion:
        return Obstacle(
            "overdispersed",
            f"Overdispersed values: their variance is {dispersion:.4g} times their mean (limit "
            f"max_dispersion={test.max_dispersion:g}), as sums of fatalities are. The exact p is "
            "for counts of events: count events, or simulate with permutations=9999. If these "
            "are counts of events, say so with max_dispersion=float('inf').",
        )
    if test.p_method == "auto":
        values, copies = np.unique(x.astype(np.int64), return_counts=True)
        most = int(near.covered(x.shape[1]).max()) * (int(near.rows.count.max(initial=0)) + 1)
        cost = kernel.work(values, copies.astype(np.int64), most, int(near.sums(x).max()))
        if cost > _AFFORDABLE:
            return Obstacle(
                "costly",
                f"Costly exact p: about {cost:.2g} additions; ask for it with "
                'p_method="exact", or simulate with permutations=9999.',
            )
    return None


def _exact_tails(
    block: FloatArray, near: Neighbourhoods, scored: slice, mid_p: bool
) -> tuple[FloatArray, FloatArray]:
    """P(sum <= observed) and P(sum >= observed) when all values are dealt at random."""
    from geo_risk.hotspots import _exact as kernel

    shape = (block.shape[0], scored.stop - scored.start)
    low, high = np.full(shape, np.nan), np.full(shape, np.nan)
    size = near.covered(block.shape[1])[scored] * (near.rows.count[:, None] + 1)
    dealt = size < block.size
    if not dealt.any():
        return low, high
    values, copies = np.unique(block.astype(np.int64), return_counts=True)
    # The kernel leaves out one copy of a unit's own value: give it one more to leave out.
    copies = copies.astype(np.int64)
    copies[0] += 1
    numbers, group = np.unique(size[dealt], return_inverse=True)
    sums = near.sums(block)[:, scored].astype(np.int64)
    below, above, equal = kernel.exact_tails(
        values,
        copies,
        np.zeros(numbers.size, dtype=np.int64),
        numbers.astype(np.int64),
        group.reshape(-1).astype(np.int64),
        sums[dealt],
    )
    if mid_p:
        below, above = below - 0.5 * equal, above - 0.5 * equal
    smallest = float(np.finfo(np.float64).tiny)
    low[dealt], high[dealt] = np.clip(below, smallest, 1.0), np.clip(above, smallest, 1.0)
    return low, high


def _simulated_tails(
    block: FloatArray, near: Neighbourhoods, scored: slice, permutations: int, rng: Any
) -> tuple[FloatArray, FloatArray]:
    """The same by shuffling all values, with equal sums counted on both sides."""
    observed = near.sums(block)[:, scored]
    slack = 1e-12 * np.abs(block).max(initial=0.0) * np.maximum(near.rows.total + near.own, 1.0)
    shuffled = block.copy()
    at_least, at_most = np.ones(observed.shape), np.ones(observed.shape)
    for _ in range(permutations):
        rng.shuffle(shuffled.reshape(-1))
        sums = near.sums(shuffled)[:, scored]
        at_least += sums >= observed - slack[:, None]
        at_most += sums <= observed + slack[:, None]
    return at_most / (permutations + 1.0), at_least / (permutations + 1.0)
