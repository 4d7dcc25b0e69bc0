"""Pairs of rows that may tell of one event: near in space and time, alike in actors and deaths."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache

import numpy as np

from geo_risk._core.constants import EARTH_RADIUS_KM
from geo_risk._core.distinct import Texts
from geo_risk._core.fold import LONGEST_NAME, fold_words
from geo_risk._core.frames import COARSE
from geo_risk._core.sphere import arc_km, chord_of, unit_vectors
from geo_risk._core.types import BoolArray, FloatArray, Int32Array, IntArray
from geo_risk.frames.check.rows import Reports, text_column

__all__ = ["WEIGHTS", "Limits", "Table", "admitted", "candidates", "judged"]


WEIGHTS = {"actors": 0.5, "fatalities": 0.2, "place": 0.2, "days": 0.1}
"""Weight of each similarity in the score of a pair from two sources (`docs/quality.md`)."""

_LEAST_ACTORS = 0.5  # with parties less similar than this, a pair is never a duplicate
_LONGEST_SPAN_DAYS = 7  # longer spans overlap with everything: both their ends must agree
_BLOCK_ROWS = 20_000
_MOST_PARTIES = 50  # of one event that are compared separately
_SAME_PLACE_KM = 0.001  # rounding of coordinates, not a distance


@dataclass(frozen=True, eq=False)
class Limits:
    """Limits of a near-duplicate."""

    km: float
    days: int
    min_score: float
    within: bool

    @property
    def reach_km(self) -> float:
        """Largest distance, at least that of rounded coordinates."""
        return max(self.km, _SAME_PLACE_KM)


@dataclass(frozen=True, eq=False)
class Table:
    """What pairs of rows are compared by, one entry per row."""

    lon: FloatArray
    lat: FloatArray
    start: FloatArray
    end: FloatArray
    source: IntArray
    precision: Int32Array
    coarse: BoolArray
    low: FloatArray
    middle: FloatArray
    high: FloatArray

    @classmethod
    def of(
        cls, reports: Reports, source: IntArray, precision: Texts, start: FloatArray,
        end: FloatArray,
    ) -> Table:  # fmt: skip
        """Columns of the reports, with the range of deaths and its middle."""
        low = np.fmin(np.fmin(reports.low, reports.best), reports.high)
        high = np.fmax(np.fmax(reports.high, reports.best), reports.low)
        middle = np.where(np.isnan(reports.best), (low + high) / 2.0, reports.best)
        return cls(
            reports.lon, reports.lat, start, end, source, precision.codes, precision.isin(COARSE),
            low, middle, high,
        )  # fmt: skip

    def apart(self, a: IntArray, b: IntArray) -> FloatArray:
        """Great-circle distance of each pair, km."""
        here, there = (unit_vectors(self.lon[rows], self.lat[rows]) for rows in (a, b))
        return arc_km(np.linalg.norm(here - there, axis=1))

    def gap(self, a: IntArray, b: IntArray) -> FloatArray:
        """Days between the spans of each pair; of long spans the larger difference of the ends."""
        start_a, start_b, end_a, end_b = self.start[a], self.start[b], self.end[a], self.end[b]
        gap = np.maximum(np.maximum(start_a, start_b) - np.minimum(end_a, end_b), 0.0)
        long = np.maximum(end_a - start_a, end_b - start_b) >= _LONGEST_SPAN_DAYS
        ends = np.maximum(np.abs(start_a - start_b), np.abs(end_a - end_b))
        return np.where(long, ends, gap)

    def deaths(self, a: IntArray, b: IntArray) -> tuple[FloatArray, BoolArray]:
        """Similarity of the numbers of deaths, in [0, 1], and whether both may be true."""
        unknown = np.isnan(self.low[a]) | np.isnan(self.low[b])
        less = np.fmin(self.middle[a], self.middle[b])
        more = np.fmax(self.middle[a], self.middle[b])
        with np.errstate(invalid="ignore"):
            ratio = (less + 1.0) / (more + 1.0)
            overlap = np.minimum(self.high[a], self.high[b]) >= np.maximum(self.low[a], self.low[b])
            compatible = unknown | overlap | (ratio >= 0.5)
        return np.where(unknown, 0.5, ratio), compatible


def candidates(table: Table, head: BoolArray, limits: Limits) -> Iterator[IntArray]:
    """Pairs of rows near in space that begin within a few days, block by block in time."""
    from scipy.spatial import cKDTree

    usable = np.flatnonzero(head & ~np.isnan(table.lon) & ~np.isnan(table.start))
    if len(usable) < 2:
        return
    rows = usable[np.argsort(table.start[usable], kind="stable")]
    # spans may begin earlier than they end near each other
    reach = limits.days + _LONGEST_SPAN_DAYS
    radius = chord_of(limits.reach_km * 1.0001 / EARTH_RADIUS_KM)
    day = table.start[rows]
    begin = 0
    while begin < len(rows):
        stop = min(begin + _BLOCK_ROWS, len(rows))
        stop = int(np.searchsorted(day, day[stop - 1], side="right"))
        until = int(np.searchsorted(day, day[stop - 1] + reach, side="right"))
        some, days = rows[begin:until], day[begin:until]
        space = unit_vectors(table.lon[some], table.lat[some]) / radius
        where = np.column_stack([space, days / reach])
        # with both scaled to 1, a pair within both limits is within sqrt(2) of each other
        found = cKDTree(where).query_pairs(np.sqrt(2.0) + 1e-9, output_type="ndarray")
        a, b = found.T
        near = (a < stop - begin) & (days[b] - days[a] <= reach)
        if not limits.within:
            source = table.source[some]
            near &= source[a] != source[b]
        a, b = found[near].T
        near = np.sum((space[a] - space[b]) ** 2, axis=1) <= 1.0
        yield np.column_stack([some[a[near]], some[b[near]]])
        begin = stop


def admitted(table: Table, pairs: IntArray, limits: Limits) -> IntArray:
    """Pairs that pass all limits but those of actors and score."""
    tests: tuple[Callable[[IntArray, IntArray], BoolArray], ...] = (
        lambda a, b: table.gap(a, b) <= limits.days,
        lambda a, b: (
            (table.precision[a] == table.precision[b]) | ~(table.coarse[a] | table.coarse[b])
        ),
        lambda a, b: table.deaths(a, b)[1],
        lambda a, b: table.apart(a, b) <= limits.reach_km,
    )
    for passes in tests:
        pairs = pairs[passes(*pairs.T)]
    return pairs


def judged(
    reports: Reports, table: Table, pairs: IntArray, limits: Limits
) -> tuple[IntArray, FloatArray]:
    """Pairs that reach the least score, and their scores."""
    a, b = pairs.T
    actors = _actor_likeness(text_column(reports.actors).take(slice(None)), a, b)
    score = WEIGHTS["actors"] * actors + WEIGHTS["fatalities"] * table.deaths(a, b)[0]
    score += WEIGHTS["place"] * (1.0 - table.apart(a, b) / (2.0 * limits.reach_km))
    score += WEIGHTS["days"] * (1.0 - table.gap(a, b) / (limits.days + 1.0))
    good = (score >= limits.min_score) & (actors >= _LEAST_ACTORS)
    return pairs[good], score[good]


def _actor_likeness(actors: Texts, a: IntArray, b: IntArray) -> FloatArray:
    """Similarity of the named parties of each pair, in [0, 1]; 0 if either names none."""
    import pandas as pd

    # the order of two lists counts if they are equally long: first the one named first
    code, named = pd.factorize(actors.codes)
    less, more = np.minimum(code[a], code[b]), np.maximum(code[a], code[b])
    distinct, back = np.unique(less * len(named) + more, return_inverse=True)
    ones, others = (
        Texts(actors.values, named[codes]).tolist() for codes in np.divmod(distinct, len(named))
    )
    likeness = map(_parties_alike(), ones, others)
    return np.array([*likeness, 0.0])[back.reshape(-1)]


def _parties_alike() -> Callable[[str | None, str | None], float]:
    """Function: mean over the parties of the shorter list of the best likeness in the longer one.

    It keeps what it has found about lists and parties.
    """
    from rapidfuzz import fuzz

    @cache
    def folded(party: str) -> str:
        return " ".join(fold_words(party))

    @cache
    def parties(text: str) -> list[str]:
        return [folded(party[:LONGEST_NAME]) for party in text.split(" | ", _MOST_PARTIES)]

    @cache
    def ratio(one: str, other: str) -> float:
        return fuzz.token_set_ratio(one, other) / 100.0

    def alike(one: str | None, other: str | None) -> float:
        if one is None or other is None:
            return 0.0
        if one == other:
            return 1.0
        short, long = sorted((parties(one), parties(other)), key=len)
        total = 0.0
        for party in short:
            total += max([ratio(party, candidate) for candidate in long])
        return total / len(short)

    return alike
