"""Find events reported twice: pairs near in space and time, compared by actors and deaths."""

from __future__ import annotations

from dataclasses import dataclass
from functools import reduce
from typing import Any

import numpy as np
from numpy.typing import NDArray

from geo_risk._core.types import BoolArray, FloatArray, Int32Array, IntArray
from geo_risk._core.validate import check_scalar
from geo_risk.frames.check.alike import WEIGHTS, Limits, Table, admitted, candidates, judged
from geo_risk.frames.check.rows import Reports, equal_rows, joined_hash, text_column

__all__ = ["WEIGHTS", "Duplicates", "Reports", "find_duplicates"]


_RIVAL_SCALE = 0.1  # a rival whose score is lower by this counts 1/e


@dataclass(frozen=True, eq=False)
class Duplicates:
    """Accepted pairs, and their groups by row.

    Attributes
    ----------
    first, second : ndarray of int64
        Rows of each accepted pair, the earlier event first.
    score, share : ndarray of float64
        Score and share of each pair, in [0, 1]; 1 and 1 for exact ones.
    duplicate_of : ndarray of int64
        For each row the earliest row of its group; -1 for that row itself and rows without a group.
    duplicate_score, duplicate_share : ndarray of float64
        For each row with a `duplicate_of` the score and share of its best pair; NaN elsewhere.
    exact : ndarray of bool
        Rows that repeat another row of the same source in every field compared.
    """

    first: IntArray
    second: IntArray
    score: FloatArray
    share: FloatArray
    duplicate_of: IntArray
    duplicate_score: FloatArray
    duplicate_share: FloatArray
    exact: BoolArray


def find_duplicates(
    reports: Reports,
    *,
    km: float = 5.0,
    days: int = 1,
    min_score: float = 0.6,
    min_share: float = 0.5,
    within_sources: bool = False,
) -> Duplicates:
    """Find rows that report the same event as another row.

    Rows of different sources are compared by similarity; of several partners in another source
    only the best is kept (one to one). Rows of one source are duplicates only if all their values
    agree: in a long conflict the same parties may kill one person in the same town several times
    a day, and a careful source lists these as separate events.

    Parameters
    ----------
    reports : Reports
        Columns of the table.
    km : float, default 5
        Largest great-circle distance of a pair.
    days : int, default 1
        Largest number of days between the spans of a pair.
    min_score : float, default 0.6
        Lowest score of a pair from two sources.
    min_share : float, default 0.5
        Lowest share of a pair: how it compares with the other candidates of its two rows in the
        other's source. 1 without rivals; 0.5 with one that is equally similar.
    within_sources : bool, default False
        Also compare rows of one source by similarity.

    Returns
    -------
    Duplicates

    Raises
    ------
    ValueError, TypeError
        Limits that are negative or not numbers.

    Notes
    -----
    Candidates come from a k-d tree over position on the sphere and time. The cost grows with the
    rows, and with the square only of piles (rows at one point on neighbouring days). A table of
    one source needs no search, unless `within_sources` is set. Pairs whose ranges of deaths cannot
    both be true to within a factor of two are rejected; rows without place or date match nothing.

    Examples
    --------
    >>> import geo_risk as gr
    >>> event = {"lat": 36.7, "lon": 69.5, "date": "2020-05-03", "actor1": "Taliban",
    ...          "deaths": 3, "desk": "a"}
    >>> other = event | {"lat": 36.72, "date": "2020-05-04", "desk": "b"}
    >>> events = gr.read_events([event, other])
    >>> gr.check_events(events, source_column="desk")["duplicate_of"].tolist()
    [-1, 0]
    """
    km = check_scalar(km, "duplicate_km", low=0.0, high=500.0)
    days = int(check_scalar(days, "duplicate_days", low=0, high=366))
    min_score = check_scalar(min_score, "min_score", low=0.0, high=1.0)
    min_share = check_scalar(min_share, "min_share", low=0.0, high=1.0)
    start, end = _day_numbers(reports)
    source = text_column(reports.source).take(slice(None)).codes.astype(np.int64)
    precision = text_column(reports.precision).take(slice(None))
    repeats = _repeats(reports, source, precision.codes, start, end)
    pairs, score = np.empty((0, 2), dtype=np.int64), np.zeros(0)
    if within_sources or (len(source) and (source != source[0]).any()):
        head = np.ones(len(source), dtype=bool)
        head[repeats[:, 1]] = False  # a repeated row is not a rival of its own
        table = Table.of(reports, source, precision, start, end)
        limits = Limits(km, days, min_score, within_sources)
        found = [admitted(table, some, limits) for some in candidates(table, head, limits)]
        pairs, score = judged(reports, table, np.concatenate([pairs, *found]), limits)
    share = _shares(source, pairs, score)
    good = share >= min_share
    exact = np.arange(len(repeats) + int(good.sum())) < len(repeats)
    pairs = np.concatenate([repeats, pairs[good]])
    score = np.concatenate([np.ones(len(repeats)), score[good]])
    share = np.concatenate([np.ones(len(repeats)), share[good]])
    return _grouped(source, pairs, score, share, exact, start)


def _repeats(
    reports: Reports, source: IntArray, precision: Int32Array, start: FloatArray, end: FloatArray
) -> IntArray:
    """Rows with place and date that equal an earlier row of their source in every value.

    Shape (k, 2): the first such row, and the row that repeats it.
    """
    numbers = (reports.lon, reports.lat, start, end, reports.best, reports.low, reports.high)
    columns: list[NDArray[Any]] = [source, precision, *numbers]
    cheap = reduce(joined_hash, map(_bits, columns), np.zeros(len(source), dtype=np.uint64))
    details = [reports.detail] if isinstance(reports.detail, np.ndarray) else reports.detail
    rows = np.flatnonzero(~np.isnan(reports.lon) & ~np.isnan(start))
    rows, key = equal_rows(rows, [cheap, *details])
    texts = [text_column(text).take(rows).codes for text in (reports.actors, reports.category)]
    columns = [key.view(np.int64), *texts, *(column[rows] for column in columns)]
    bits = [_bits(column) for column in columns]
    order = np.lexsort([rows, *bits])
    equal = np.ones(max(len(rows) - 1, 0), dtype=bool)
    for column in bits:
        equal &= column[order[:-1]] == column[order[1:]]
    order = rows[order]
    starts = np.flatnonzero(np.concatenate([[True], ~equal])[: len(order)])
    first = np.repeat(order[starts], np.diff(np.append(starts, len(order))))
    repeated = np.flatnonzero(first != order)
    return np.column_stack([first[repeated], order[repeated]]).astype(np.int64)


def _bits(values: NDArray[Any]) -> IntArray:
    """Whole numbers, equal if the values are; all missing ones are equal, and so are both zeros."""
    if values.dtype.kind != "f":
        return values.astype(np.int64, copy=False)
    return np.where(np.isnan(values), np.nan, values + 0.0).view(np.int64)


def _day_numbers(reports: Reports) -> tuple[FloatArray, FloatArray]:
    """First and last day as numbers, NaN if missing; a missing end is the start."""
    numbers = []
    for values in (reports.start, reports.end):
        moments = np.asarray(values).astype("datetime64[D]")
        counted = moments.astype(np.int64).astype(float)
        counted[np.isnat(moments)] = np.nan
        numbers.append(counted)
    start, end = numbers
    return start, np.fmax(np.where(np.isnan(end), start, end), start)


def _shares(source: IntArray, pairs: IntArray, score: FloatArray) -> FloatArray:
    """Share of each pair among the candidates of each row in the other's source; the smaller."""
    if len(pairs) == 0:
        return np.zeros(0)
    weight = np.exp((score - 1.0) / _RIVAL_SCALE)
    # a row may be the first of one pair and the second of another: both ends go into one sum
    row, other = pairs.T.ravel(), pairs.T[::-1].ravel()
    sources = int(source.max(initial=-1)) + 2
    _, back = np.unique(row * sources + source[other] + 1, return_inverse=True)
    both = np.tile(weight, 2)
    total = np.bincount(back.reshape(-1), weights=both)[back.reshape(-1)]
    return np.asarray((both / total).reshape(2, -1).min(axis=0))


def _grouped(
    source: IntArray, pairs: IntArray, score: FloatArray, share: FloatArray, exact: BoolArray,
    start: FloatArray,
) -> Duplicates:  # fmt: skip
    """Keep the best partner per other source, join pairs to groups, find each earliest row."""
    n = len(source)
    order = np.lexsort((pairs[:, 1], pairs[:, 0], -score))
    kept = order[_best_in_each_source(source, pairs[order])]
    earliest = _earliest_of_group(pairs[kept], start)
    best, repeats = np.full((2, n), np.nan), np.zeros(n, dtype=bool)
    worst_first = pairs[kept[::-1]].ravel()  # the best is written last
    best[:, worst_first] = np.repeat([score[kept[::-1]], share[kept[::-1]]], 2, axis=1)
    repeats[pairs[kept[exact[kept]]].ravel()] = True
    later = earliest >= 0
    best[:, ~later] = np.nan
    first, second = np.sort(pairs[kept], axis=1).T
    swap = start[second] < start[first]
    first, second = np.where(swap, second, first), np.where(swap, first, second)
    return Duplicates(
        first, second, score[kept], share[kept], earliest, best[0], best[1], repeats & later
    )


def _best_in_each_source(source: IntArray, pairs: IntArray) -> BoolArray:
    """Pairs, the best first, of which neither row has a better partner in the other's source."""
    kept = np.ones(len(pairs), dtype=bool)
    taken: set[tuple[int, int]] = set()
    across = np.flatnonzero(source[pairs[:, 0]] != source[pairs[:, 1]])
    rows, sources = pairs[across].tolist(), source[pairs[across]].tolist()
    for at, (a, b), (source_a, source_b) in zip(across.tolist(), rows, sources):
        sides = {(a, source_b), (b, source_a)}
        kept[at] = not sides & taken
        if kept[at]:
            taken |= sides
    return kept


def _earliest_of_group(pairs: IntArray, start: FloatArray) -> IntArray:
    """Earliest row of each row's group; -1 for that row itself and rows without a group."""
    earliest = np.full(len(start), -1)
    if not len(pairs):
        return earliest
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    rows, ends = np.unique(pairs, return_inverse=True)
    ends = ends.reshape(-1, 2)
    joined = coo_array((np.ones(len(pairs), np.int8), tuple(ends.T)), shape=(len(rows), len(rows)))
    _, group = connected_components(joined, directed=False)
    order = np.lexsort((rows, start[rows], group))  # a missing start comes last
    head = rows[order[np.searchsorted(group[order], group)]]
    earliest[rows] = np.where(head == rows, -1, head)
    return earliest
