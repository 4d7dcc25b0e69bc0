"""The scan statistic under its null hypothesis: the largest LLR of each simulated data set."""

from __future__ import annotations

from collections.abc import Callable
from threading import Lock
from typing import Any

import numpy as np
from numpy.typing import NDArray

from geo_risk.hotspots.scan_study import BERNOULLI, Study
from geo_risk.hotspots.scan_windows import Windows

__all__ = ["Progress", "null_maxima"]

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
Progress = Callable[[int, int], object]
Draw = Callable[[IntArray, NDArray[Any]], None]

# The first batch of data sets goes down these levels of LLR; it shows where the others will end.
_PILOT_LEVELS = (9.0, 7.0, 5.0, 3.5, 2.0, 1.0, 0.0)
_TABLE_BYTES = 64_000_000


def null_maxima(
    windows: Windows, replications: int, *, key: np.uint64, n_jobs: int, progress: Progress | None
) -> FloatArray:
    """Largest LLR of each of `replications` simulated data sets.

    Guaranteed: replication r depends on `key` and r alone, never on `n_jobs`.
    """
    from geo_risk.hotspots import _scan as kernel

    best = np.full(replications, -1.0)
    if replications == 0:
        return best
    draw = _drawer(windows.study, key)
    pilot = np.arange(min(replications, kernel.LANES))
    for level in _PILOT_LEVELS:
        todo = pilot[best[pilot] < 0.0]
        _run_level(windows, level, todo, best, draw, n_jobs, None)
    middle, least = float(np.quantile(best[pilot], 0.35)), float(best[pilot].min())
    for level in (middle, 0.95 * least, 0.5 * least, 0.0):
        todo = np.flatnonzero(best < 0.0)
        _run_level(windows, level, todo, best, draw, n_jobs, progress)
    if progress is not None:
        progress(replications, replications)
    return best


def _run_level(
    windows: Windows,
    level: float,
    todo: IntArray,
    best: FloatArray,
    draw: Draw,
    n_jobs: int,
    progress: Progress | None,
) -> None:
    """Find the maxima of the data sets `todo` where they exceed `level`; level 0 finds all."""
    from geo_risk._jit import run_chunks
    from geo_risk.hotspots import _scan as kernel

    if todo.size == 0:
        return
    found = np.full(todo.size, level)
    groups = _groups(windows)
    known, lock = int((best >= 0.0).sum()), Lock()
    for first, last in groups:
        tables = [_table(windows, level, sign, first, last) for sign in windows.directions]
        report = progress if last == groups[-1][1] else None

        def run(
            start: int,
            stop: int,
            centres: tuple[int, int] = (first, last),
            tables: list[NDArray[Any]] = tables,
            report: Progress | None = report,
        ) -> None:
            nonlocal known
            counts = _work_array(windows.study, kernel.LANES)
            for batch in range(start, stop):
                lanes = slice(batch * kernel.LANES, min((batch + 1) * kernel.LANES, todo.size))
                draw(todo[lanes], counts)
                _sweep(windows, counts, tables, *centres, found[lanes])
                if report is not None:
                    with lock:
                        known += int((found[lanes] > level).sum())
                        report(known, best.size)

        run_chunks(run, -(-todo.size // kernel.LANES), n_jobs, minimum=1)
    solved = (found > level) | (level == 0.0)
    best[todo[solved]] = found[solved]


def _work_array(study: Study, lanes: int) -> NDArray[Any]:
    n, n_periods = study.cases.shape
    return np.empty((n, n_periods, lanes), dtype=_count_type(study))


def _count_type(study: Study) -> np.dtype[Any]:
    """Narrow numbers fill a vector instruction with more lanes."""
    return np.dtype(np.int16 if study.cases.sum() <= 32_000 else np.int32)


def _sweep(
    windows: Windows,
    counts: NDArray[Any],
    tables: list[NDArray[Any]],
    first: int,
    last: int,
    found: FloatArray,
) -> None:
    from geo_risk.hotspots import _scan as kernel

    study, circles = windows.study, windows.circles
    kernel.accumulate_time(counts)
    for sign, needed in zip(windows.directions, tables):
        if sign < 0:
            np.negative(counts, out=counts)
        kernel.sweep(
            counts,
            circles.order,
            circles.ends,
            circles.rows,
            first,
            last,
            needed,
            windows.key_prefix,
            windows.n_starts,
            windows.longest,
            float(windows.cases),
            windows.total,
            study.kind,
            found,
        )


def _groups(windows: Windows) -> list[tuple[int, int]]:
    """Runs of centres whose tables of thresholds fit into memory together."""
    from geo_risk.hotspots import _scan as kernel

    circles = windows.circles
    width = kernel.pad_width(windows.n_starts, windows.longest, windows.study.key.shape[1])
    limit = max(1, _TABLE_BYTES // (width * _count_type(windows.study).itemsize))
    n = circles.ends.size - 1
    closed = np.concatenate([[0], np.cumsum(circles.rows >= 0)])[circles.ends]
    groups, first = [], 0
    while first < n:
        last = int(np.searchsorted(closed, closed[first] + limit, side="right")) - 1
        last = min(max(last, first + 1), n)
        groups.append((first, last))
        first = last
    return groups


def _table(windows: Windows, level: float, sign: int, first: int, last: int) -> NDArray[Any]:
    from geo_risk.hotspots import _scan as kernel

    study, circles = windows.study, windows.circles
    dtype = _count_type(study)
    cases = float(windows.cases)
    cut = np.empty(int(cases) + 1)
    kernel.cuts(level, _largest_key(windows), cases, windows.total, study.kind, sign, cut)
    n_rows = int((circles.rows[circles.ends[first] : circles.ends[last]] >= 0).sum())
    width = kernel.pad_width(windows.n_starts, windows.longest, study.key.shape[1])
    table = np.empty((n_rows, width), dtype=dtype)
    kernel.thresholds(
        cut,
        sign,
        int(np.iinfo(dtype).max),
        windows.key_prefix,
        circles.order,
        circles.ends,
        circles.rows,
        first,
        last,
        windows.n_starts,
        windows.longest,
        table,
    )
    return table


def _largest_key(windows: Windows) -> float:
    """Bound on the key of any window: that of all locations over its longest run of periods."""
    total = windows.key_prefix.sum(axis=0)
    runs = [
        total[min(s + windows.longest, total.size - 1)] - total[s] for s in range(windows.n_starts)
    ]
    return float(max(runs))


def _drawer(study: Study, key: np.uint64) -> Draw:
    """Fill lanes with data sets drawn from the model's null hypothesis."""
    from geo_risk.hotspots import _scan as kernel

    n, n_periods = study.cases.shape
    cases = int(study.cases.sum())

    def flat(counts: NDArray[Any]) -> NDArray[Any]:
        return counts.reshape(n * n_periods, kernel.LANES)

    if study.kind == BERNOULLI:
        cell_of = np.repeat(np.arange(n * n_periods), study.key.reshape(-1).astype(np.int64))
        cell_of = cell_of.astype(np.int32)
        return lambda which, counts: kernel.draw_labels(key, which, cases, cell_of, flat(counts))
    if study.model == "space_time_permutation":
        cell = np.repeat(np.arange(n * n_periods), study.cases.reshape(-1))
        period = (cell % n_periods).astype(np.int32)
        first_cell = cell - cell % n_periods
        return lambda which, counts: kernel.draw_times(key, which, first_cell, period, flat(counts))
    keep, other = _alias_table(study.key.reshape(-1))
    return lambda which, counts: kernel.draw_multinomial(
        key, which, cases, keep, other, flat(counts)
    )


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
    # What rounding leaves over keeps itself, unless nothing may fall there.
    for i in small:
        if weight[i] == 0.0:
            keep[i], other[i] = 0.0, int(np.argmax(weight))
    return np.round(keep * 2.0**32).astype(np.uint64), other
