"""Neighbourhoods of the bins of a space-time cube, and their Gi*."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from geo_risk._core.types import FloatArray, IntArray
from geo_risk.hotspots._moments import unit_scale
from geo_risk.hotspots.weights import Csr, RowSums, row_sums

__all__ = ["Neighbourhoods", "neighbourhoods", "z_scores"]


@dataclass(frozen=True, eq=False)
class Neighbourhoods:
    """Neighbourhood of each bin: its cell and neighbours, in its period and some earlier ones.

    Attributes
    ----------
    weights : csr_array of float64, shape (n, n)
        1 for each neighbour if the caller's weights are equal within each row: z does not
        depend on the scale of a row, and sums of whole numbers then have no rounding error.
    rows : RowSums
        Row sums of `weights`.
    own : ndarray of float64, shape (n,)
        Weight of the cell itself: the largest of its row.
    layers : int
        Number of earlier periods.
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
        """Number of periods in the neighbourhood of a bin, for each period."""
        return np.minimum(np.arange(n_periods), self.layers) + 1

    def blocks(self, n_periods: int) -> list[tuple[slice, slice]]:
        """Periods to compare with, and the periods among them whose bins are scored."""
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
