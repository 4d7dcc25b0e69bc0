"""Decide which spans are places, and which place each of them is.

Scores are sums of evidence, in units of about a factor of ten in population: the size of the place
or region, the words around it that indicate a place or a person, whether the text mentions its
country or region, and how near it is to the other places in the text.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from geo_risk._core.sphere import great_circle_km
from geo_risk.places._evidence import Article, Evidence
from geo_risk.places._lexicon import Meaning
from geo_risk.places._spans import Span

__all__ = ["Choice", "resolve"]

_ALTERNATE_PLACE = -1.2
_ALTERNATE_REGION = -0.8
_CONTAINED = 3.0
_CONTAINED_IN_REGION = 4.0
_COUNTRY_NAMED = 1.2
_REGION_NAMED = 2.0
_NEAR = 1.0
_NEAR_KM = 300.0
_MOST_NEIGHBOURS = 1000
_MOST_PAIRS = 100_000  # of a place and a neighbour, at once
_MOST_CONTEXT = 2.5
_MOST_CONTAINERS = 60  # of one name: "village, district, province, country"
_NAMESAKE = -0.8
_LARGE_REGION = 6.0  # 19,000 km2
_SIBLINGS = 1.5
_NEIGHBOURING = 1.5
_HOLDS = 4.0
_CITY = 4.3  # 20,000 inhabitants
_CITY_BELOW = 1.0  # Quebec is the province: its capital is small compared with it
_CITY_KM = 150.0
_SURE = -1.0
_UNKNOWN_NEEDED = -2.0
_NEEDED = 5.0
_MARGIN = 0.7
_ELSEWHERE_KM = 50.0


class Choice(NamedTuple):
    """Meaning chosen for a span.

    Parameters
    ----------
    span : Span
    meaning : Meaning or None
        None if the span is a place of unknown position.
    score : float
        From 0.5 (barely enough evidence) towards 1; 0 without a meaning.
    runner_up : Meaning or None
        Another meaning, elsewhere, with nearly as much evidence.
    """

    span: Span
    meaning: Meaning | None
    score: float
    runner_up: Meaning | None = None


@dataclass(frozen=True)
class _Mentions:
    """Countries that the text names with certainty, with counts, and regions, also by country."""

    countries: Counter[str]
    regions: set[int]
    regions_of: dict[str | None, set[int]]


class _Senses(NamedTuple):
    """Countries and rows of regions that a name may mean; whether one is as large as a province."""

    countries: set[str | None]
    rows: set[int]
    large: bool


def resolve(article: Article) -> list[Choice]:
    """Choose a meaning for each span that is a place; leave the others out."""
    spans, evidence = article.spans, article.evidence()
    inside = _containers(article)
    mentions = _mentions(spans, evidence)
    scores = [
        [
            _size(meaning)
            + evidence[number][meaning.kind == "place"]
            + _context(meaning, senses, inside[number], mentions)
            + _NEIGHBOURING * (meaning.kind == "country" and article.follows_neighbouring(span))
            for meaning in span.meanings
        ]
        for number, (span, senses) in enumerate(zip(spans, map(_senses, spans)))
    ]
    scores = _add_holding(spans, _holders(article), _share_sense(spans, scores))
    scores = _add_nearness(spans, scores)
    choices = (
        _prefer_city(choice, number, article)
        for number, choice in enumerate(_choose(*each) for each in zip(spans, scores, evidence))
        if choice is not None
    )
    return list(choices)


def _holders(article: Article) -> list[int]:
    """For each span the region that contains the place named before a comma: -1 for none.

    "Atlanta, Georgia": the largest Atlanta lies in a region of that name.
    """
    rows = [-1] * len(article.spans)
    for number in range(1, len(rows)):
        first, second = article.spans[number - 1 : number + 1]
        places = [meaning for meaning in first.meanings if meaning.kind == "place"]
        if article.text[first.end : second.start] != ", " or not places:
            continue
        row = max(places, key=lambda meaning: meaning.size).row
        if any(m.kind == "region" and m.row == row for m in second.meanings):
            rows[number] = row
    return rows


def _add_holding(
    spans: list[Span], holders: list[int], scores: list[list[float]]
) -> list[list[float]]:
    """Favour the region that contains the place named before it, in that mention only."""
    return [
        [
            score + _HOLDS * (meaning.kind == "region" and meaning.row == row >= 0)
            for meaning, score in zip(span.meanings, own)
        ]
        for span, row, own in zip(spans, holders, scores)
    ]


def _prefer_city(choice: Choice, number: int, article: Article) -> Choice:
    """Prefer a city to a region of its name, unless the text means the region.

    "In Kharkiv" means the city; "in Kharkiv region" or "Chuhuiv, Kharkiv" the region.
    """
    region, span = choice.meaning, choice.span
    if region is None or region.kind != "region" or article.calls_a_region(span):
        return choice
    if number and article.text[article.spans[number - 1].end : span.start] in (", ", " ("):
        return choice
    here = np.array([[region.lon, region.lat]])
    cities = [
        meaning
        for meaning in span.meanings
        if meaning.kind == "place"
        and meaning.score == 1.0
        and meaning.size >= max(_CITY, region.size - _CITY_BELOW)
        and meaning.country == region.country
        and (meaning.row == region.row or _distances_km(meaning, here)[0] <= _CITY_KM)
    ]
    if not cities:
        return choice
    city = max(cities, key=lambda meaning: meaning.size)
    other = choice.runner_up
    if other is not None and _distances_km(other, np.array([[city.lon, city.lat]]))[0] <= (
        _ELSEWHERE_KM
    ):
        other = None
    return Choice(span, city, choice.score, other)


def _size(meaning: Meaning) -> float:
    if meaning.score == 1.0:
        return meaning.size
    return meaning.size + (_ALTERNATE_PLACE if meaning.kind == "place" else _ALTERNATE_REGION)


def _containers(article: Article) -> list[list[Meaning]]:
    """For each span the countries and regions that a comma or bracket after it names."""
    spans = article.spans
    result: list[list[Meaning]] = [[] for _ in spans]
    for number in range(len(spans) - 2, -1, -1):
        gap = article.text[spans[number].end : spans[number + 1].start]
        if gap not in (", ", " (", ", in ", " in ", ", the "):
            continue
        larger = [m for m in spans[number + 1].meanings if m.kind in ("country", "region")]
        own = spans[number].meanings
        if any(meaning.kind in ("country", "area") for meaning in own):
            continue  # a list of countries
        if any(_is_large_region(meaning) for meaning in own):
            # California, Colorado, ...: a list unless a country follows
            larger = [meaning for meaning in larger if meaning.kind == "country"]
        further = result[number + 1] if gap != " in " else []
        result[number] = [*larger, *further][:_MOST_CONTAINERS]
    return result


def _is_large_region(meaning: Meaning) -> bool:
    """Whether a name is the primary name of a region as large as a province."""
    return meaning.kind == "region" and meaning.score == 1.0 and meaning.size >= _LARGE_REGION


def _mentions(spans: list[Span], evidence: list[Evidence]) -> _Mentions:
    """Countries and regions whose name in the text means no other country or region."""
    countries: Counter[str] = Counter()
    regions_of: dict[str | None, set[int]] = {}
    for span, (large, _) in zip(spans, evidence):
        if large < _SURE:
            continue
        named = {m.country for m in span.meanings if m.kind == "country"}
        rows = {m.row: m.country for m in span.meanings if m.kind == "region"}
        if len(named) + len(rows) != 1:
            continue
        for row, country in rows.items():
            regions_of.setdefault(country, set()).add(row)
        countries.update(country for country in (*named, *rows.values()) if country is not None)
    return _Mentions(countries, set().union(*regions_of.values()), regions_of)


def _senses(span: Span) -> _Senses:
    """Larger units that a name may mean."""
    return _Senses(
        {meaning.country for meaning in span.meanings if meaning.kind == "country"},
        {meaning.row for meaning in span.meanings if meaning.kind == "region"},
        any(meaning.kind == "country" or _is_large_region(meaning) for meaning in span.meanings),
    )


def _context(
    meaning: Meaning, senses: _Senses, inside: list[Meaning], mentions: _Mentions
) -> float:
    """Evidence from the other names in the text."""
    for container in inside:
        if container.kind == "country" and container.country == meaning.country:
            return _CONTAINED
        if container.kind == "region" and container.row == meaning.row and meaning.row >= 0:
            return _CONTAINED_IN_REGION
    score = 0.0
    named = 0 if meaning.country is None else mentions.countries[meaning.country]
    if named and meaning.kind in ("region", "place"):
        score = _COUNTRY_NAMED * (0.5 + named / mentions.countries.total())
    if meaning.kind == "place":
        return min(score + _place_context(meaning, senses, mentions), _MOST_CONTEXT)
    if meaning.kind == "region":
        return score + _region_context(meaning, senses, mentions)
    if meaning.kind == "country" and _has_siblings(meaning, senses, mentions):
        score += _SIBLINGS
    return score


def _place_context(meaning: Meaning, senses: _Senses, mentions: _Mentions) -> float:
    """Evidence for a place from its region in the text, against it from a larger namesake."""
    score = _NAMESAKE if senses.large else 0.0
    if meaning.row in mentions.regions and meaning.row not in senses.rows:
        score += _REGION_NAMED / 2 if senses.large else _REGION_NAMED
    return score


def _region_context(meaning: Meaning, senses: _Senses, mentions: _Mentions) -> float:
    """Evidence for a region from others of its country, against it from a namesake country."""
    siblings = _has_siblings(meaning, senses, mentions)
    own_country = meaning.country in senses.countries
    return (_NAMESAKE if own_country else 0.0) + (_SIBLINGS if siblings else 0.0)


def _has_siblings(meaning: Meaning, senses: _Senses, mentions: _Mentions) -> bool:
    """Whether the text names a region of a meaning's country by another name."""
    return not senses.rows.issuperset(mentions.regions_of.get(meaning.country, ()))


def _share_sense(spans: list[Span], scores: list[list[float]]) -> list[list[float]]:
    """One meaning per text: its best evidence at any mention counts half at all mentions."""
    best: dict[tuple[str, int], list[float]] = {}
    for span, own in zip(spans, scores):
        name = (span.key, len(own))
        best[name] = [max(pair) for pair in zip(best.get(name, own), own)]
    return [
        [(mine + top) / 2 for mine, top in zip(own, best[span.key, len(own)])]
        for span, own in zip(spans, scores)
    ]


def _add_nearness(spans: list[Span], scores: list[list[float]]) -> list[list[float]]:
    """Favour places near the most likely meanings of other spans (the first thousand names)."""
    tops = dict.fromkeys(
        (span.key, span.meanings[own.index(max(own))])
        for span, own in zip(spans, scores)
        if own and max(own) >= _NEEDED
    )
    points = [
        (key, meaning.lon, meaning.lat)
        for key, meaning in tops
        if meaning.kind in ("place", "region")
    ][:_MOST_NEIGHBOURS]
    gains = _gains({(span.key, len(span.meanings)): span for span in reversed(spans)}, points)
    return [
        [score + gain for score, gain in zip(own, gains[span.key, len(own)])]
        for span, own in zip(spans, scores)
    ]


def _gains(
    names: dict[tuple[str, int], Span], points: list[tuple[str, float, float]]
) -> dict[tuple[str, int], list[float]]:
    """What each meaning of a name gains: something for places near a point of another name."""
    gains = {name: [0.0] * len(span.meanings) for name, span in names.items()}
    places = [
        (name, number, meaning.lon, meaning.lat)
        for name, span in names.items()
        for number, meaning in enumerate(span.meanings)
        if meaning.kind == "place"
    ]
    number_of = {key: number for number, (key, _, _) in enumerate(points)}
    owner = np.array([number_of[key] for key, _, _ in points], dtype=np.int64)
    there = np.array([point[1:] for point in points]).reshape(-1, 2)
    at_once = _MOST_PAIRS // max(len(points), 1)
    for first in range(0, len(places) if points else 0, at_once):
        part = places[first : first + at_once]
        here = np.array([place[2:] for place in part])
        distances = great_circle_km(there[:, 0], there[:, 1], here[:, :1], here[:, 1:])
        own = np.array([number_of.get(name[0], -1) for name, *_ in part])
        near = np.any((distances < _NEAR_KM) & (owner != own[:, None]), axis=1)
        for (name, number, _, _), is_near in zip(part, near):
            gains[name][number] = _NEAR if is_near else 0.0
    return gains


def _distances_km(meaning: Meaning, points: NDArray[np.float64]) -> NDArray[np.float64]:
    """Great-circle distances on a sphere; accurate to half a per cent."""
    return great_circle_km(points[:, 0], points[:, 1], meaning.lon, meaning.lat)


def _choose(span: Span, scores: list[float], evidence: Evidence) -> Choice | None:
    """Best meaning of a span, or None if it is more likely not a place."""
    if not span.meanings:
        return Choice(span, None, 0.0) if evidence[1] > _UNKNOWN_NEEDED else None
    order = sorted(range(len(scores)), key=lambda number: -scores[number])
    best, top = span.meanings[order[0]], scores[order[0]]
    if top < _NEEDED:
        return None
    score = float(1.0 / (1.0 + np.exp(_NEEDED - top)))
    here = np.array([[best.lon, best.lat]])
    for other in order[1:]:
        if scores[other] < top - _MARGIN:
            break
        if not _distances_km(span.meanings[other], here)[0] <= _ELSEWHERE_KM:
            return Choice(span, best, score, span.meanings[other])
    return Choice(span, best, score)
