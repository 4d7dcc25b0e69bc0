"""Find the windows of simulated data above a level of LLR: with time, and faster without."""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from geo_risk._core.types import FloatArray
from geo_risk.hotspots.scan_windows import Windows

__all__ = ["SpaceTimeSweep", "SpatialSweep", "Sweep", "sweep_for"]


_TABLE_BYTES = 64_000_000


class Sweep(Protocol):
    """Passes simulated data sets through all windows."""

    groups: list[tuple[int, int]]
    """Runs of centres that are processed together."""

    def work_array(self) -> NDArray[Any]:
        """Array for simulated counts: (location, period, lane)."""

    def table(self, level: float, sign: int, group: tuple[int, int], n_jobs: int) -> NDArray[Any]:
        """Count that each window of a group of centres needs for LLR > level."""

    def run(
        self, counts: NDArray[Any], table: NDArray[Any], group: tuple[int, int], best: Any
    ) -> None:
        """Raise best[lane] to the largest LLR above the table's level."""


def sweep_for(windows: Windows) -> Sweep:
    """Choose the sweep for these windows."""
    spatial = windows.study.cases.shape[1] == 1
    return SpatialSweep(windows) if spatial else SpaceTimeSweep(windows)


def _count_type(windows: Windows) -> np.dtype[Any]:
    """Type of the counts: narrow, so that a vector instruction holds more lanes."""
    return np.dtype(np.int16 if windows.cases <= 32_000 else np.int32)


def _cuts(windows: Windows, level: float, sign: int, top: float) -> FloatArray:
    """Keys at which counts reach the level (see the kernel), up to the largest needed."""
    from geo_risk.hotspots import _scan as kernel

    cases = windows.cases
    expected = top * cases / windows.total
    size = int(expected + 8.0 * (level + 1.0) + 4.0 * np.sqrt(expected * (level + 1.0))) + 8
    while True:
        cut = np.empty(min(size, cases + 1))
        kernel.cuts(level, top, float(cases), windows.total, windows.study.kind, sign, cut)
        if cut.size == cases + 1 or cut[-1] >= top:
            return cut
        size *= 2


class SpatialSweep:
    """Windows without time: one run of additions for each centre."""

    def __init__(self, windows: Windows) -> None:
        from geo_risk.hotspots import _scan as kernel

        self._windows = windows
        circles = windows.circles
        length = np.diff(circles.ends)
        ends = np.zeros(length.size + 1, dtype=np.int64)
        np.cumsum(-(-length // kernel.BLOCK) * kernel.BLOCK, out=ends[1:])
        place = np.repeat(ends[:-1] - circles.ends[:-1], length) + np.arange(circles.order.size)
        self._ends = ends
        self._order = np.full(ends[-1], length.size, dtype=np.int32)
        self._order[place] = circles.order
        self._closes = np.zeros(ends[-1], dtype=np.bool_)
        self._closes[place] = circles.rows >= 0
        self._key = np.zeros(ends[-1])
        for z in range(length.size):
            inside = circles.order[circles.ends[z] : circles.ends[z + 1]]
            summed = np.cumsum(windows.study.key[inside, 0])
            self._key[ends[z] : ends[z] + inside.size] = summed
        self.groups = [(0, length.size)]

    def work_array(self) -> NDArray[Any]:
        """See `Sweep`."""
        from geo_risk.hotspots import _scan as kernel

        n = self._windows.study.size.size
        return np.zeros((n + 1, 1, kernel.LANES), dtype=_count_type(self._windows))

    def table(self, level: float, sign: int, group: tuple[int, int], n_jobs: int) -> NDArray[Any]:
        """See `Sweep`."""
        from geo_risk._core.jit import run_chunks
        from geo_risk.hotspots import _scan_spatial as kernel

        dtype = _count_type(self._windows)
        cut = _cuts(self._windows, level, sign, float(self._key.max(initial=0.0)))
        entries = self._entries(group)
        out = np.empty(entries.stop - entries.start, dtype=dtype)
        never = int(np.iinfo(dtype).max)
        key, closes = self._key[entries], self._closes[entries]

        def run(start: int, stop: int) -> None:
            part = slice(start, stop)
            kernel.spatial_thresholds(cut, sign, never, key[part], closes[part], out[part])

        run_chunks(run, out.size, n_jobs)
        return out

    def _entries(self, group: tuple[int, int]) -> slice:
        return slice(int(self._ends[group[0]]), int(self._ends[group[1]]))

    def run(
        self, counts: NDArray[Any], table: NDArray[Any], group: tuple[int, int], best: Any
    ) -> None:
        """See `Sweep`."""
        from geo_risk.hotspots import _scan_spatial as kernel

        windows, entries = self._windows, self._entries(group)
        kernel.spatial_sweep(
            counts[:, 0],
            self._order[entries],
            self._ends[group[0] : group[1] + 1] - entries.start,
            table,
            self._key[entries],
            float(windows.cases),
            windows.total,
            windows.study.kind,
            best,
        )


class SpaceTimeSweep:
    """Windows of circles and runs of periods."""

    def __init__(self, windows: Windows) -> None:
        from geo_risk.hotspots import _scan as kernel

        self._windows = windows
        n_periods = windows.study.key.shape[1]
        self._width = kernel.pad_width(windows.n_starts, windows.longest, n_periods)
        self._top = self._largest_key()
        self.groups = self._make_groups()

    def _largest_key(self) -> float:
        """Bound on the key of any window: all locations over the longest run of periods."""
        windows = self._windows
        total = windows.key_prefix.sum(axis=0)
        last = total.size - 1
        return float(
            max(total[min(s + windows.longest, last)] - total[s] for s in range(windows.n_starts))
        )

    def _make_groups(self) -> list[tuple[int, int]]:
        """Runs of centres whose tables fit into memory together."""
        circles = self._windows.circles
        limit = max(1, _TABLE_BYTES // (self._width * _count_type(self._windows).itemsize))
        n = circles.ends.size - 1
        closed = np.concatenate([[0], np.cumsum(circles.rows >= 0)])[circles.ends]
        groups, first = [], 0
        while first < n:
            last = int(np.searchsorted(closed, closed[first] + limit, side="right")) - 1
            last = min(max(last, first + 1), n)
            groups.append((first, last))
            first = last
        return groups

    def work_array(self) -> NDArray[Any]:
        """See `Sweep`."""
        from geo_risk.hotspots import _scan as kernel

        n, n_periods = self._windows.study.cases.shape
        return np.zeros((n + 1, n_periods, kernel.LANES), dtype=_count_type(self._windows))

    def table(self, level: float, sign: int, group: tuple[int, int], n_jobs: int) -> NDArray[Any]:
        """See `Sweep`."""
        from geo_risk._core.jit import run_chunks
        from geo_risk.hotspots import _scan as kernel

        windows, circles = self._windows, self._windows.circles
        dtype = _count_type(windows)
        cut = _cuts(windows, level, sign, self._top)
        entries = slice(circles.ends[group[0]], circles.ends[group[1]])
        n_rows = int(np.count_nonzero(circles.rows[entries] >= 0))
        out = np.empty((n_rows, self._width), dtype=dtype)
        row0 = int(np.count_nonzero(circles.rows[: entries.start] >= 0))

        def run(start: int, stop: int) -> None:
            kernel.thresholds(
                cut,
                sign,
                int(np.iinfo(dtype).max),
                windows.key_prefix,
                circles.order,
                circles.ends,
                circles.rows,
                row0,
                group[0] + start,
                group[0] + stop,
                windows.n_starts,
                windows.longest,
                out,
            )

        run_chunks(run, group[1] - group[0], n_jobs, minimum=8)
        return out

    def run(
        self, counts: NDArray[Any], table: NDArray[Any], group: tuple[int, int], best: Any
    ) -> None:
        """See `Sweep`."""
        from geo_risk.hotspots import _scan as kernel

        windows, circles = self._windows, self._windows.circles
        kernel.sweep(
            counts,
            circles.order,
            circles.ends,
            circles.rows,
            *group,
            table,
            windows.key_prefix,
            windows.n_starts,
            windows.longest,
            float(windows.cases),
            windows.total,
            windows.study.kind,
            best,
        )
