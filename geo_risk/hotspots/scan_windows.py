"""Windows of the scan statistic, the best window of each centre, and which of them are clusters."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from geo_risk._core.types import FloatArray, IntArray
from geo_risk.hotspots.scan_circles import Circles, distances_km
from geo_risk.hotspots.scan_study import Study

__all__ = [
    "TOLERANCE",
    "Found",
    "Windows",
    "best_windows",
    "no_shared_location",
    "no_shared_time",
]


TOLERANCE = 1e-9
"""Relative difference below which two LLRs are equal: they differ only by rounding."""


@dataclass(frozen=True, eq=False)
class Windows:
    """What the observed and the simulated data sets have in common.

    Attributes
    ----------
    study : Study
        With the time axis reversed in a prospective scan, so that windows begin at period 0.
    circles : Circles
    n_starts : int
        Periods at which a window may begin.
    longest : int
        Largest number of periods of a window.
    directions : tuple of int
        1 for clusters of high rate, -1 for low.
    cases : int
        Total number of cases.
    total : float
        Sum of the keys.
    count_prefix, key_prefix : ndarray, shape (n, T + 1)
        Sums over time, from 0.
    """

    study: Study
    circles: Circles
    n_starts: int
    longest: int
    directions: tuple[int, ...]
    cases: int = field(init=False)
    total: float = field(init=False)
    count_prefix: IntArray = field(init=False)
    key_prefix: FloatArray = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "cases", int(self.study.cases.sum()))
        object.__setattr__(self, "total", float(self.study.key.sum()))
        object.__setattr__(self, "count_prefix", _prefix_sums(self.study.cases))
        object.__setattr__(self, "key_prefix", _prefix_sums(self.study.key))

    def radius_km(self, centre: IntArray, entry: IntArray) -> FloatArray:
        """Radii of circles, given their centres and the list entries that complete them."""
        position = self.study.position
        return distances_km(position[self.circles.order[entry]], position[centre])


def _prefix_sums(values: NDArray[Any]) -> Any:
    prefix = np.zeros((values.shape[0], values.shape[1] + 1), dtype=values.dtype)
    np.cumsum(values, axis=1, out=prefix[:, 1:])
    return prefix


@dataclass(frozen=True)
class Found:
    """A window: its centre, its LLR, and (list entry, first period, period after the last)."""

    centre: int
    llr: float
    where: tuple[int, int, int]


def best_windows(windows: Windows, n_jobs: int) -> tuple[FloatArray, IntArray]:
    """Best window of each centre: its LLR; list entry, first period, period after the last."""
    from geo_risk._core.jit import run_chunks

    n, n_periods = windows.study.cases.shape
    value, where = np.empty(n), np.empty((n, 3), dtype=np.int64)
    allowed = np.ones((n_periods, n_periods + 1), dtype=bool)

    def run(start: int, stop: int) -> None:
        _fill_best(windows, allowed, start, stop, value, where)

    run_chunks(run, n, n_jobs, minimum=16)
    return value, where


def _fill_best(
    windows: Windows,
    allowed: NDArray[np.bool_],
    start: int,
    stop: int,
    value: FloatArray,
    where: IntArray,
) -> None:
    from geo_risk.hotspots import _scan as kernel

    study, circles = windows.study, windows.circles
    kernel.best_windows(
        windows.count_prefix,
        windows.key_prefix,
        circles.order,
        circles.ends,
        circles.rows,
        windows.n_starts,
        windows.longest,
        float(windows.cases),
        windows.total,
        study.kind,
        1 in windows.directions,
        -1 in windows.directions,
        allowed,
        start,
        stop,
        value,
        where,
    )


def _ranked(windows: Windows, value: FloatArray, where: IntArray) -> IntArray:
    """Centres by decreasing LLR of their best windows.

    Equal LLRs (within rounding) are ordered by radius, smaller first, then by place, never by the
    order of the rows.
    """
    candidates = np.flatnonzero(value > 0.0)
    candidates = candidates[np.argsort(-value[candidates], kind="stable")]
    falling = value[candidates]
    equal = falling[1:] >= falling[:-1] * (1.0 - TOLERANCE)
    group = np.cumsum(np.append(0, ~equal)[: candidates.size])
    radius = np.round(windows.radius_km(candidates, where[candidates, 0]), 9)
    place = windows.study.place[candidates]
    order: IntArray = candidates[np.lexsort((place[:, 1], place[:, 0], radius, group))]
    return order


def no_shared_location(windows: Windows, value: FloatArray, where: IntArray) -> list[Found]:
    """Best windows of the centres, without those that share a location with a better one."""
    circles = windows.circles
    taken = np.zeros(value.size, dtype=bool)
    chosen = []
    for z in _ranked(windows, value, where):
        inside = circles.order[circles.ends[z] : where[z, 0] + 1]
        if not taken[inside].any():
            taken[inside] = True
            chosen.append(Found(int(z), float(value[z]), tuple(where[z].tolist())))
    return chosen


def no_shared_time(windows: Windows, value: FloatArray, where: IntArray) -> list[Found]:
    """SaTScan's secondary clusters of a space-time scan.

    Clusters may share locations if a period lies between them. A centre whose best window
    overlaps a better cluster is tried again with periods separate from that cluster's.
    """
    circles = windows.circles
    value, where = value.copy(), where.copy()
    n_periods = windows.study.cases.shape[1]
    allowed: dict[int, NDArray[np.bool_]] = {}
    begin, end = np.arange(n_periods)[:, None], np.arange(n_periods + 1)
    chosen: list[Found] = []
    members: list[set[int]] = []
    while (value > 0.0).any():
        z = int(_ranked(windows, value, where)[0])
        last, start, stop = (int(i) for i in where[z])
        inside = set(circles.order[circles.ends[z] : last + 1].tolist())
        met = [
            other.where
            for other, there in zip(chosen, members)
            if start <= other.where[2] and other.where[1] <= stop and inside & there
        ]
        if not met:
            chosen.append(Found(z, float(value[z]), (last, start, stop)))
            members.append(inside)
            value[z] = 0.0
            continue
        apart = allowed.setdefault(z, np.ones((n_periods, n_periods + 1), dtype=bool))
        for _, first, after in met:
            apart &= (begin > after) | (end < first)
        _fill_best(windows, apart, z, z + 1, value, where)
    return chosen
