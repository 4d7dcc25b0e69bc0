"""Random permutations: how often a sum is at most, or at least, the observed one."""

from __future__ import annotations

import numpy as np

from geo_risk._core.types import BoolArray, FloatArray, IntArray
from geo_risk.hotspots._bins import Neighbourhoods
from geo_risk.hotspots.options import Test, stream_key
from geo_risk.hotspots.weights import Csr, RowSums

__all__ = ["fresh", "shared", "shuffled"]


def fresh(
    x: FloatArray, csr: Csr, rows: RowSums, test: Test, at_most: IntArray, at_least: IntArray
) -> None:
    """Count with separate permutations for each unit, for all units, also undefined ones."""
    from geo_risk._core.jit import run_chunks
    from geo_risk.hotspots import _permute as kernel

    # Weights equal within a row are replaced by 1, so that scaling a row changes nothing.
    data = np.ones(csr.data.size) if rows.uniform else csr.data
    key = stream_key(test.seed)

    def run(start: int, stop: int) -> None:
        graph = (x, csr.indptr, csr.indices, data)
        kernel.fresh_draws(*graph, start, stop, test.permutations, key, at_least, at_most)

    run_chunks(run, x.size, test.n_jobs, minimum=256)


def shared(
    x: FloatArray, csr: Csr, rows: RowSums, defined: BoolArray, test: Test,
    at_most: IntArray, at_least: IntArray,
) -> None:  # fmt: skip
    """Count with one set of permutations for all defined units with equally many neighbours."""
    from geo_risk.hotspots import _permute as kernel

    key = stream_key(test.seed)
    for k in np.unique(rows.count[defined]):
        units = np.flatnonzero(defined & (rows.count == k))
        positions = kernel.shared_positions(x.size - 1, int(k), test.permutations, key)
        if rows.uniform:
            sums, by_position = x[positions].sum(axis=1), np.argsort(positions, axis=None)
            flat = positions.reshape(-1)[by_position]
            table = (int(k), sums, np.sort(sums), by_position, flat)
            kernel.shared_plain(x, csr.indptr, csr.indices, units, *table, at_least, at_most)
        else:
            graph = (x, csr.indptr, csr.indices, csr.data)
            kernel.shared_weighted(*graph, units, positions, at_least, at_most)


def shuffled(
    block: FloatArray,
    near: Neighbourhoods,
    scored: slice,
    permutations: int,
    rng: np.random.Generator,
) -> tuple[FloatArray, FloatArray]:
    """Counts of sums at most and at least the observed ones, with all values of the block shuffled.

    Equal sums count in both."""
    observed = near.sums(block)[:, scored]
    slack = 1e-12 * np.abs(block).max(initial=0.0) * np.maximum(near.rows.total + near.own, 1.0)
    dealt = block.copy()
    at_most, at_least = np.zeros(observed.shape), np.zeros(observed.shape)
    for _ in range(permutations):
        rng.shuffle(dealt.reshape(-1))
        sums = near.sums(dealt)[:, scored]
        at_least += sums >= observed - slack[:, None]
        at_most += sums <= observed + slack[:, None]
    return at_most, at_least
