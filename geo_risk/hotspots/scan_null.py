"""The scan statistic under its null hypothesis: the largest LLR of each simulated data set."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from threading import Lock
from typing import Any

import numpy as np
from numpy.typing import NDArray

from geo_risk._core.types import FloatArray, IntArray
from geo_risk.hotspots.scan_study import BERNOULLI, Study
from geo_risk.hotspots.scan_sweep import Sweep, sweep_for
from geo_risk.hotspots.scan_windows import Windows

__all__ = ["Progress", "null_maxima"]

Progress = Callable[[int, int], object]
Draw = Callable[[IntArray, NDArray[Any]], None]

# Decreasing levels of LLR for the first batch of data sets, which shows where the others end.
_PILOT_LEVELS = (9.0, 7.0, 5.0, 3.5, 2.0, 1.0, 0.0)
# Share of the data sets that the first pass may leave to lower levels.
_USUAL = 0.35
# Cases per cell from which drawing cell by cell is faster than case by case.
_MANY_CASES = 20


def null_maxima(
    windows: Windows, replications: int, *, key: np.uint64, n_jobs: int, progress: Progress | None
) -> FloatArray:
    """Largest LLR of each of `replications` simulated data sets.

    Guaranteed: replication r depends only on `key` and r, never on `n_jobs`.
    """
    from geo_risk.hotspots import _scan as kernel

    best = np.full(replications, -1.0)
    if replications == 0:
        return best
    run = _Run(windows.directions, sweep_for(windows), _drawer(windows.study, key), n_jobs)
    pilot = np.arange(min(replications, kernel.LANES))
    for level in _PILOT_LEVELS:
        run.resolve(level, pilot[best[pilot] < 0.0], best, None)
    usual, least = float(np.quantile(best[pilot], _USUAL)), float(best[pilot].min())
    for level in (usual, 0.95 * least, 0.5 * least, 0.0):
        run.resolve(level, np.flatnonzero(best < 0.0), best, progress)
    if progress is not None:
        progress(replications, replications)
    return best


@dataclass(frozen=True, eq=False)
class _Run:
    """What stays the same for all levels."""

    directions: tuple[int, ...]
    sweep: Sweep
    draw: Draw
    n_jobs: int

    def resolve(
        self, level: float, todo: IntArray, best: FloatArray, progress: Progress | None
    ) -> None:
        """Find the maxima of the data sets `todo` where they exceed `level`; level 0 finds all."""
        from geo_risk._core.jit import run_chunks
        from geo_risk.hotspots import _scan as kernel

        if todo.size == 0:
            return
        found = np.full(todo.size, level)
        known, lock = int((best >= 0.0).sum()), Lock()
        for group in self.sweep.groups:
            tables = [
                (sign, self.sweep.table(level, sign, group, self.n_jobs))
                for sign in self.directions
            ]
            report = progress if group == self.sweep.groups[-1] else None

            def run(
                start: int,
                stop: int,
                group: tuple[int, int] = group,
                tables: list[tuple[int, NDArray[Any]]] = tables,
                report: Progress | None = report,
            ) -> None:
                nonlocal known
                counts = self.sweep.work_array()
                for batch in range(start, stop):
                    lanes = slice(batch * kernel.LANES, min((batch + 1) * kernel.LANES, todo.size))
                    self._batch(todo[lanes], counts, tables, group, found[lanes])
                    if report is not None:
                        with lock:
                            known += int((found[lanes] > level).sum())
                            report(known, best.size)

            run_chunks(run, -(-todo.size // kernel.LANES), self.n_jobs, minimum=1)
        solved = (found > level) | (level == 0.0)
        best[todo[solved]] = found[solved]

    def _batch(
        self,
        which: IntArray,
        counts: NDArray[Any],
        tables: list[tuple[int, NDArray[Any]]],
        group: tuple[int, int],
        found: FloatArray,
    ) -> None:
        """One batch of data sets through one group of centres."""
        from geo_risk.hotspots import _scan as kernel

        self.draw(which, counts)
        kernel.accumulate_time(counts)
        for sign, table in tables:
            if sign < 0:
                np.negative(counts, out=counts)
            self.sweep.run(counts, table, group, found)


def _drawer(study: Study, key: np.uint64) -> Draw:
    """Fill lanes with data sets drawn from the model's null hypothesis."""
    from geo_risk.hotspots import _scan_draw as kernel

    n, n_periods = study.cases.shape
    cases = int(study.cases.sum())

    def flat(counts: NDArray[Any]) -> NDArray[Any]:
        return counts[:n].reshape(n * n_periods, counts.shape[2])

    if study.kind == BERNOULLI:
        cell_of = np.repeat(np.arange(n * n_periods), study.key.reshape(-1).astype(np.int64))
        cell_of = cell_of.astype(np.int32)
        return lambda which, counts: kernel.draw_labels(key, which, cases, cell_of, flat(counts))
    if study.model == "space_time_permutation":
        cell = np.repeat(np.arange(n * n_periods), study.cases.reshape(-1))
        period = (cell % n_periods).astype(np.int32)
        first_cell = cell - cell % n_periods
        return lambda which, counts: kernel.draw_times(key, which, first_cell, period, flat(counts))
    weight = study.key.reshape(-1)
    if cases > _MANY_CASES * weight.size:
        share = _conditional_shares(weight)
        return lambda which, counts: kernel.draw_large_multinomial(
            key, which, cases, share, flat(counts)
        )
    keep, other = _alias_table(weight)
    return lambda which, counts: kernel.draw_multinomial(
        key, which, cases, keep, other, flat(counts)
    )


def _conditional_shares(weight: FloatArray) -> FloatArray:
    """Weight of each cell divided by that of itself and all later cells; 1 for the last above 0."""
    after = np.cumsum(weight[::-1])[::-1]
    share = np.divide(weight, after, out=np.zeros(weight.size), where=weight > 0.0)
    share[np.flatnonzero(weight)[-1]] = 1.0
    return share


def _alias_table(weight: FloatArray) -> tuple[NDArray[np.uint64], NDArray[np.int32]]:
    """Walker's alias table, its probabilities as 32-bit fractions (Vose's construction)."""
    share = weight * (weight.size / weight.sum())
    other = np.arange(weight.size, dtype=np.int32)
    keep = np.ones(weight.size)
    small = [int(i) for i in np.flatnonzero(share < 1.0)]
    large = [int(i) for i in np.flatnonzero(share >= 1.0)]
    while small and large:
        few, many = small.pop(), large[-1]
        keep[few], other[few] = share[few], many
        share[many] -= 1.0 - share[few]
        if share[many] < 1.0:
            small.append(large.pop())
    # Cells left over by rounding keep probability 1, unless their weight is 0.
    for i in small:
        if weight[i] == 0.0:
            keep[i], other[i] = 0.0, int(np.argmax(weight))
    return np.round(keep * 2.0**32).astype(np.uint64), other
