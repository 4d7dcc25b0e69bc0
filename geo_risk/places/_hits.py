"""Search scored places by a folded key.

A name has few places, mostly one, so these are plain Python objects: arrays would take longer.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from itertools import chain, islice
from typing import NamedTuple

from geo_risk.places._scopes import Scope
from geo_risk.places._similar import similar_keys
from geo_risk.places._variants import variants
from geo_risk.places.gazetteer import load_gazetteer

__all__ = [
    "MATCHED_BY",
    "Hit",
    "exact",
    "hits_of_key",
    "search",
    "search_readings",
    "search_similar",
]

MATCHED_BY = ("primary", "alternate", "reading", "fuzzy")
_PRIMARY, _ALTERNATE, _READING, _FUZZY = range(4)

ALTERNATE_SCORE = 0.95
READING_FACTOR = 0.9
HINTED_FACTOR = 0.98
FUZZY_FACTOR = 0.9
FUZZY_CUTOFF = 0.75
_SHORTEST = 4  # one edit changes a third of a three-letter name

# GeoNames lists many spellings that few people use. Such a spelling outranks another place's
# primary name only if its place is so much larger that the name alone means it: Cologne is Koeln
# (128 times the Italian town), but Victoria stays in the Seychelles, not Hong Kong (8 times British
# Columbia's). An unknown population (0) counts as 200, so that Faizabad in Afghanistan is the
# provincial capital.
_DOMINANCE = 100.0
_SMALLEST_POPULATION = 200


class Hit(NamedTuple):
    """A place that matches a name.

    Parameters
    ----------
    place : int
        Position in the gazetteer.
    posting : int
        The posting that matched, which gives the spelling.
    score : float
        Within (0, 1].
    by : int
        Position in `MATCHED_BY`.
    """

    place: int
    posting: int
    score: float
    by: int


def search(
    name: str,
    key: str,
    scope: Scope,
    *,
    hinted: Callable[[Scope], tuple[Scope, bool]],
    fuzzy: bool | None,
) -> list[Hit]:
    """All places that match, best first, by the first of: exact key, simpler reading, similar key.

    Parameters
    ----------
    name, key : str
        The name and its folded key.
    scope : Scope
    hinted : callable
        Narrows a scope by the parts after the name's commas; the flag says whether all of them
        were understood.
    fuzzy : bool or None
        True adds similar keys to exact ones; None adds them only if there are none; False never.
    """
    hits, narrowed = search_readings(name, key, scope, hinted=hinted)
    if fuzzy or (fuzzy is None and not hits):
        (similar,) = search_similar([(name, key)], narrowed)
        hits = _sorted(_best_of_place([*hits, *similar]))
    return hits


def search_readings(
    name: str, key: str, scope: Scope, *, hinted: Callable[[Scope], tuple[Scope, bool]]
) -> tuple[list[Hit], Scope]:
    """Places with the exact key or else a simpler reading, best first; the scope as narrowed."""
    hits = exact(key, scope, name)
    narrowed = scope
    if not hits:
        narrowed, understood = hinted(scope)
        factor = HINTED_FACTOR if understood else READING_FACTOR
        hits = _readings(name, narrowed, factor)
        if not hits and narrowed is not scope and narrowed.places is not None:
            hits = _readings(name, Scope(narrowed.country, scope.places), READING_FACTOR**2)
    return _sorted(hits), narrowed


def search_similar(names: Sequence[tuple[str, str]], scope: Scope) -> list[list[Hit]]:
    """For each name, given with its key, places with a key similar to it or to a reading."""
    texts = [
        [text for text in dict.fromkeys([key, *variants(name)]) if len(text) >= _SHORTEST]
        for name, key in names
    ]
    found = iter(similar_keys(list(chain.from_iterable(texts)), FUZZY_CUTOFF, scope))
    return [_similar(chain.from_iterable(islice(found, len(own))), scope) for own in texts]


def _similar(keys: Iterable[tuple[int, float]], scope: Scope) -> list[Hit]:
    """Places with some keys, best first, from the similarity of each key."""
    hits = []
    for key_id, likeness in keys:
        for place, posting, _, by in hits_of_key(key_id, scope):
            tier = 1.0 if by == _PRIMARY else ALTERNATE_SCORE
            hits.append(Hit(place, posting, FUZZY_FACTOR * likeness * tier, _FUZZY))
    return _sorted(_best_of_place(hits))


def exact(key: str, scope: Scope, name: str | None = None) -> list[Hit]:
    """Places with a key, by position."""
    key_id = load_gazetteer().find_key(key)
    return [] if key_id < 0 else hits_of_key(key_id, scope, name)


def hits_of_key(key_id: int, scope: Scope, name: str | None = None) -> list[Hit]:
    """Best posting of each place among the postings of a key, with its score."""
    views = load_gazetteer().views
    best = _postings_of_places(key_id, scope, name)
    populations = [max(views.population[place], _SMALLEST_POPULATION) for place, _ in best]
    primary = [views.post_primary[posting] for _, posting in best]
    largest = max((size for size, own in zip(populations, primary) if own), default=None)
    hits = []
    for (place, posting), size, own in zip(best, populations, primary):
        dominates = largest is not None and size >= _DOMINANCE * largest
        score = 1.0 if own or dominates else ALTERNATE_SCORE
        hits.append(Hit(place, posting, score, _PRIMARY if own else _ALTERNATE))
    return hits


def _postings_of_places(key_id: int, scope: Scope, name: str | None) -> list[tuple[int, int]]:
    """Each place with a key, and its posting: primary, as written, or the first."""
    gazetteer = load_gazetteer()
    views, span, places = gazetteer.views, scope.span, scope.places
    found: dict[int, list[int]] = {}
    for posting in range(*gazetteer.postings(key_id)):
        place = views.post_place[posting]
        if place in span and (places is None or place in places):
            found.setdefault(place, []).append(posting)
    if not any(len(postings) > 1 for postings in found.values()):
        return sorted((place, postings[0]) for place, postings in found.items())
    written = _spelled_as(key_id, name)

    def rank(posting: int) -> tuple[bool, bool, int]:
        return not views.post_primary[posting], posting not in written, posting

    return sorted((place, min(postings, key=rank)) for place, postings in found.items())


def _spelled_as(key_id: int, name: str | None) -> range:
    """Postings of a key that are spelled exactly as `name`."""
    gazetteer = load_gazetteer()
    views = gazetteer.views
    for name_id in range(views.key_name[key_id], views.key_name[key_id + 1]):
        if gazetteer.name(name_id) == name:
            return range(views.name_post[name_id], views.name_post[name_id + 1])
    return range(0)


def _readings(name: str, scope: Scope, factor: float) -> list[Hit]:
    """Places for a simpler reading of the name: the first reading that matches any place."""
    for key in variants(name):
        hits = exact(key, scope, name)
        if hits:
            return [Hit(hit.place, hit.posting, hit.score * factor, _READING) for hit in hits]
    return []


def _best_of_place(hits: Iterable[Hit]) -> list[Hit]:
    """Keep the best hit of each place."""
    best: dict[int, Hit] = {}
    for hit in hits:
        other = best.get(hit.place)
        if other is None or _rank(hit) < _rank(other):
            best[hit.place] = hit
    return list(best.values())


def _rank(hit: Hit) -> tuple[float, int, int]:
    return -hit.score, hit.by, hit.posting


def _sorted(hits: Iterable[Hit]) -> list[Hit]:
    """Best score first, then the larger population, then the lower GeoNames id."""
    views = load_gazetteer().views
    return sorted(
        hits,
        key=lambda hit: (-hit.score, -views.population[hit.place], views.geonames_id[hit.place]),
    )
