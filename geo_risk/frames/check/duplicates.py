"""Find events reported twice: pairs near in space and time, compared by actors and deaths."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from geo_risk._core.constants import EARTH_RADIUS_KM
from geo_risk._core.fold import LONGEST_NAME, fold_words
from geo_risk._core.frames import COARSE
from geo_risk._core.sphere import arc_km, chord_of, unit_vectors
from geo_risk._core.types import BoolArray, FloatArray, IntArray
from geo_risk._core.validate import check_scalar

__all__ = ["WEIGHTS", "Duplicates", "Reports", "find_duplicates"]


WEIGHTS = {"actors": 0.5, "fatalities": 0.2, "place": 0.2, "days": 0.1}
"""Weight of each similarity in the score of a pair from two sources (`docs/quality.md`)."""

_LEAST_ACTORS = 0.5  # with parties less similar than this, a pair is never a duplicate
_RIVAL_SCALE = 0.1  # a rival whose score is lower by this counts 1/e
_LONGEST_SPAN_DAYS = 7  # longer spans overlap with everything: both their ends must agree
_BLOCK_ROWS = 20_000
_MOST_PARTIES = 50  # of one event that are compared separately
_SAME_PLACE_KM = 0.001  # rounding of coordinates, not a distance


@dataclass(frozen=True, eq=False)
class Reports:
    """Input of the search; one entry per row, missing values are NaN, NaT or None."""

    lon: FloatArray
    lat: FloatArray
    start: NDArray[np.datetime64]
    end: NDArray[np.datetime64]
    source: Sequence[str | None]
    actors: Sequence[str | None]
    category: Sequence[str | None]
    precision: Sequence[str | None]
    best: FloatArray
    low: FloatArray
    high: FloatArray
    detail: NDArray[np.uint64]
    """Hash of all other values of a row: equal if these are equal."""


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
    repeats = _repeats(reports, start, end)
    pairs, score = np.empty((0, 2), dtype=np.int64), np.zeros(0)
    if within_sources or len(set(reports.source)) > 1:
        head = np.ones(len(reports.lon), dtype=bool)
        head[repeats[:, 1]] = False  # a repeated row is not a rival of its own
        pairs = np.concatenate([pairs, *_candidates(reports, start, km, days, head)])
        pairs, score = _judged(reports, pairs, start, end, km, days, min_score, within_sources)
    share = _shares(_codes(reports.source), pairs, score)
    good = share >= min_share
    exact = np.arange(len(repeats) + int(good.sum())) < len(repeats)
    pairs = np.concatenate([repeats, pairs[good]])
    score = np.concatenate([np.ones(len(repeats)), score[good]])
    share = np.concatenate([np.ones(len(repeats)), share[good]])
    return _grouped(reports, pairs, score, share, exact, start)


def _repeats(reports: Reports, start: FloatArray, end: FloatArray) -> IntArray:
    """Rows with place and date that equal an earlier row of their source in every value.

    Shape (k, 2): the first such row, and the row that repeats it.
    """
    texts = (reports.source, reports.actors, reports.category, reports.precision)
    numbers = (reports.lon, reports.lat, start, end, reports.best, reports.low, reports.high)
    columns = [reports.detail, *(_codes(text) for text in texts)]
    # all missing numbers are equal, and so are both zeros
    columns += [np.where(np.isnan(v), np.nan, v + 0.0).view(np.int64) for v in numbers]
    rows = np.flatnonzero(~np.isnan(reports.lon) & ~np.isnan(start))
    order = rows[np.lexsort([rows, *(column[rows] for column in columns)])]
    before, after = order[:-1], order[1:]
    equal = np.ones(len(after), dtype=bool)
    for column in columns:
        equal &= column[before] == column[after]
    starts = np.flatnonzero(np.concatenate([[True], ~equal])[: len(order)])
    first = np.repeat(order[starts], np.diff(np.append(starts, len(order))))
    repeated = np.flatnonzero(first != order)
    return np.column_stack([first[repeated], order[repeated]]).astype(np.int64)


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


def _candidates(
    reports: Reports, start: FloatArray, km: float, days: int, head: BoolArray
) -> Iterator[IntArray]:
    """Pairs of rows near in space that begin within a few days, block by block in time."""
    from scipy.spatial import cKDTree

    usable = np.flatnonzero(head & ~np.isnan(reports.lon) & ~np.isnan(start))
    if len(usable) < 2:
        return
    rows = usable[np.argsort(start[usable], kind="stable")]
    reach = days + _LONGEST_SPAN_DAYS  # spans may begin earlier than they end near each other
    radius = chord_of(max(km, _SAME_PLACE_KM) * 1.0001 / EARTH_RADIUS_KM)
    space = unit_vectors(reports.lon[rows], reports.lat[rows]) / radius
    day = start[rows]
    where = np.column_stack([space, day / reach])
    begin = 0
    while begin < len(rows):
        stop = min(begin + _BLOCK_ROWS, len(rows))
        stop = int(np.searchsorted(day, day[stop - 1], side="right"))
        until = int(np.searchsorted(day, day[stop - 1] + reach, side="right"))
        # with both scaled to 1, a pair within both limits is within sqrt(2) of each other
        found = cKDTree(where[begin:until]).query_pairs(np.sqrt(2.0) + 1e-9, output_type="ndarray")
        found = np.sort(found, axis=1) + begin
        near = np.sum((space[found[:, 0]] - space[found[:, 1]]) ** 2, axis=1) <= 1.0
        near &= day[found[:, 1]] - day[found[:, 0]] <= reach
        yield rows[found[near & (found[:, 0] < stop)]]
        begin = stop


def _judged(
    reports: Reports, pairs: IntArray, start: FloatArray, end: FloatArray,
    km: float, days: int, min_score: float, within: bool,
) -> tuple[IntArray, FloatArray]:  # fmt: skip
    """Pairs that pass all limits, and their scores."""
    a, b = pairs[:, 0], pairs[:, 1]
    here, there = (unit_vectors(reports.lon[rows], reports.lat[rows]) for rows in (a, b))
    apart = arc_km(np.linalg.norm(here - there, axis=1))
    gap = np.maximum(np.maximum(start[a], start[b]) - np.minimum(end[a], end[b]), 0.0)
    long = np.maximum(end[a] - start[a], end[b] - start[b]) >= _LONGEST_SPAN_DAYS
    ends = np.maximum(np.abs(start[a] - start[b]), np.abs(end[a] - end[b]))
    gap = np.where(long, ends, gap)
    precision = _codes(reports.precision)
    coarse = np.array([term in COARSE for term in reports.precision] or [False], dtype=bool)
    comparable = (precision[a] == precision[b]) | ~(coarse[a] | coarse[b])
    deaths, compatible = _deaths_likeness(reports, a, b)
    source = _codes(reports.source)
    other = ((source[a] != source[b]) | within) & comparable & compatible
    other &= (apart <= max(km, _SAME_PLACE_KM)) & (gap <= days)
    kept = np.flatnonzero(other)
    a, b, apart, gap = a[kept], b[kept], apart[kept], gap[kept]
    actors = _actor_likeness(reports.actors, a, b)
    score = WEIGHTS["actors"] * actors + WEIGHTS["fatalities"] * deaths[kept]
    score += WEIGHTS["place"] * (1.0 - apart / (2.0 * max(km, _SAME_PLACE_KM)))
    score += WEIGHTS["days"] * (1.0 - gap / (days + 1.0))
    good = (score >= min_score) & (actors >= _LEAST_ACTORS)
    return pairs[kept[good]], score[good]


def _codes(values: Sequence[str | None]) -> IntArray:
    """Whole numbers, equal if the texts are equal; -1 for missing."""
    known: dict[str, int] = {}
    codes = [-1 if v is None else known.setdefault(v, len(known)) for v in values]
    return np.array(codes, dtype=np.int64)


def _deaths_likeness(reports: Reports, a: IntArray, b: IntArray) -> tuple[FloatArray, BoolArray]:
    """Similarity of the numbers of deaths, in [0, 1], and whether both may be true."""
    low = np.fmin(np.fmin(reports.low, reports.best), reports.high)
    high = np.fmax(np.fmax(reports.high, reports.best), reports.low)
    middle = np.where(np.isnan(reports.best), (low + high) / 2.0, reports.best)
    unknown = np.isnan(low[a]) | np.isnan(low[b])
    less, more = np.fmin(middle[a], middle[b]), np.fmax(middle[a], middle[b])
    with np.errstate(invalid="ignore"):
        ratio = (less + 1.0) / (more + 1.0)
        overlap = np.minimum(high[a], high[b]) >= np.maximum(low[a], low[b])
        compatible = unknown | overlap | (ratio >= 0.5)
    return np.where(unknown, 0.5, ratio), compatible


def _actor_likeness(actors: Sequence[str | None], a: IntArray, b: IntArray) -> FloatArray:
    """Similarity of the named parties of each pair, in [0, 1]; 0 if either names none."""
    code = _codes(actors)
    text = dict(zip(code.tolist(), actors))
    keys = np.column_stack([np.minimum(code[a], code[b]), np.maximum(code[a], code[b])])
    distinct, back = np.unique(keys, axis=0, return_inverse=True)
    known: dict[tuple[str, str], float] = {}
    likeness = [_parties_alike(text[i], text[j], known) for i, j in distinct.tolist()]
    return np.array([*likeness, 0.0])[back.reshape(-1)]


def _parties_alike(
    one: str | None, other: str | None, known: dict[tuple[str, str], float]
) -> float:
    """Mean over the parties of the shorter list: the best similarity in the longer one."""
    from rapidfuzz import fuzz

    if one is None or other is None:
        return 0.0
    if one == other:
        return 1.0
    lists = [
        [" ".join(fold_words(party[:LONGEST_NAME])) for party in text.split(" | ", _MOST_PARTIES)]
        for text in (one, other)
    ]
    short, long = sorted(lists, key=len)
    total = 0.0
    for party in short:
        best = 0.0
        for candidate in long:
            key = (party, candidate)
            if key not in known:
                known[key] = fuzz.token_set_ratio(party, candidate) / 100.0
            best = max(best, known[key])
        total += best
    return total / len(short)


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
    reports: Reports,
    pairs: IntArray,
    score: FloatArray,
    share: FloatArray,
    exact: BoolArray,
    start: FloatArray,
) -> Duplicates:
    """Keep the best partner per other source, join pairs to groups, find each earliest row."""
    n = len(reports.lon)
    source = _codes(reports.source)
    order = np.lexsort((pairs[:, 1], pairs[:, 0], -score))
    taken: set[tuple[int, int]] = set()
    kept: list[int] = []
    for at in order.tolist():
        a, b = (int(row) for row in pairs[at])
        if source[a] != source[b]:
            sides = {(a, int(source[b])), (b, int(source[a]))}
            if sides & taken:
                continue
            taken |= sides
        kept.append(at)
    earliest = _earliest_of_group(pairs[kept], start)
    best, repeats = np.full((n, 2), np.nan), np.zeros(n, dtype=bool)
    for at in reversed(kept):  # the best last
        best[pairs[at]] = score[at], share[at]
        repeats[pairs[at]] |= exact[at]
    later = earliest >= 0
    best[~later] = np.nan
    first, second = np.sort(pairs[kept], axis=1).T
    swap = start[second] < start[first]
    first, second = np.where(swap, second, first), np.where(swap, first, second)
    return Duplicates(
        first, second, score[kept], share[kept], earliest, best[:, 0], best[:, 1], repeats & later
    )


def _earliest_of_group(pairs: IntArray, start: FloatArray) -> IntArray:
    """Earliest row of each row's group; -1 for that row itself and rows without a group."""
    n = len(start)
    if not len(pairs):
        return np.full(n, -1)
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    joined = coo_array((np.ones(len(pairs), np.int8), tuple(pairs.T)), shape=(n, n))
    _, group = connected_components(joined, directed=False)
    order = np.lexsort((np.arange(n), start, group))  # a missing start comes last
    head = order[np.searchsorted(group[order], group)]
    return np.where(head == np.arange(n), -1, head)
