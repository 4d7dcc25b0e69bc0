"""Search scored places by a folded key, with arrays only."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, lru_cache

import numpy as np
from numpy.typing import NDArray

from geo_risk._core.types import IntArray
from geo_risk.places._fuzzy import SimilarityIndex, build_index, similar
from geo_risk.places._variants import variants
from geo_risk.places.gazetteer import Gazetteer, load_gazetteer

__all__ = ["FUZZY_CUTOFF", "MATCHED_BY", "Hits", "Scope", "exact", "search", "similar_keys"]


MATCHED_BY = ("primary", "alternate", "reading", "fuzzy")
_PRIMARY, _ALTERNATE, _READING, _FUZZY = range(4)

ALTERNATE_SCORE = 0.95
READING_FACTOR = 0.9
HINTED_FACTOR = 0.98
FUZZY_FACTOR = 0.9
FUZZY_CUTOFF = 0.75
_FUZZY_MIN_LENGTH = 4  # one edit changes a third of a three-letter name

# GeoNames lists many spellings that few people use. Such a spelling outranks another place's
# primary name only if its place is so much larger that the name alone means it: Cologne is Koeln
# (128 times the Italian town), but Victoria stays in the Seychelles, not Hong Kong (8 times British
# Columbia's). An unknown population (0) counts as 200, so that Faizabad in Afghanistan is the
# provincial capital.
_DOMINANCE = 100.0
_SMALLEST_POPULATION = 200


@dataclass(frozen=True, eq=False)
class Hits:
    """Places that match a name, best first.

    Parameters
    ----------
    place : int64 (n,)
        Position in the gazetteer; no place twice.
    posting : int64 (n,)
        The posting that matched, which gives the spelling.
    score : float64 (n,)
        Descending, within (0, 1].
    by : int8 (n,)
        Position in `MATCHED_BY`.
    """

    place: IntArray
    posting: IntArray
    score: NDArray[np.float64]
    by: NDArray[np.int8]

    def __len__(self) -> int:
        return int(self.place.size)


@dataclass(frozen=True)
class Scope:
    """Where to search: one country, some places, or the world.

    Parameters
    ----------
    country : str or None
        Alpha-3 code.
    places : bool (m,) or None
        Allowed places.
    """

    country: str | None = None
    places: NDArray[np.bool_] | None = None

    @property
    def world(self) -> bool:
        """Whether every place is allowed."""
        return self.country is None and self.places is None

    def contains(self, place: NDArray[np.int32]) -> NDArray[np.bool_]:
        """Tell for each place whether it is allowed."""
        inside = np.ones(place.size, dtype=np.bool_)
        if self.country is not None:
            first, last = load_gazetteer().countries.get(self.country, (0, 0))
            inside = (place >= first) & (place < last)
        if self.places is not None:
            inside &= self.places[place]
        return inside

    def keys(self) -> NDArray[np.bool_] | None:
        """Keys of allowed places; None for all keys."""
        if self.world:
            return None
        if self.places is None:
            return _country_keys(self.country)
        gazetteer = load_gazetteer()
        return _keys_of(gazetteer, self.contains(gazetteer.post_place))


@lru_cache(maxsize=16)  # 0.9 MB each
def _country_keys(country: str | None) -> NDArray[np.bool_]:
    gazetteer = load_gazetteer()
    return _keys_of(gazetteer, Scope(country).contains(gazetteer.post_place))


def _keys_of(gazetteer: Gazetteer, postings: NDArray[np.bool_]) -> NDArray[np.bool_]:
    keys = np.zeros(gazetteer.n_keys, dtype=np.bool_)
    keys[gazetteer.post_key[postings]] = True
    return keys


def search(
    name: str,
    key: str,
    scope: Scope,
    *,
    hinted: Callable[[Scope], tuple[Scope, bool]],
    fuzzy: bool | None,
) -> Hits:
    """All places that match, by the first of: exact key, simpler reading, similar key.

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
    hits = exact(key, scope, name)
    narrowed = scope
    if not len(hits):
        narrowed, understood = hinted(scope)
        factor = HINTED_FACTOR if understood else READING_FACTOR
        hits = _readings(name, narrowed, factor)
        if not len(hits) and narrowed is not scope and narrowed.places is not None:
            hits = _readings(name, Scope(narrowed.country, scope.places), READING_FACTOR**2)
    if fuzzy or (fuzzy is None and not len(hits)):
        hits = _merge(hits, _similar(name, key, narrowed))
    return _sorted(hits)


def exact(key: str, scope: Scope, name: str | None = None) -> Hits:
    """Places with a key."""
    gazetteer = load_gazetteer()
    key_id = gazetteer.find_key(key)
    if key_id < 0:
        return _none()
    postings = np.arange(*gazetteer.postings(key_id))
    return _score(postings[scope.contains(gazetteer.post_place[postings])], name)


def _score(postings: IntArray, name: str | None = None) -> Hits:
    """Best posting of each place among postings of one key, with its score."""
    gazetteer = load_gazetteer()
    place = gazetteer.post_place[postings].astype(np.int64)
    primary = gazetteer.post_primary[postings]
    as_written = _spelled_as(postings, name)
    order = np.lexsort((postings, ~as_written, ~primary, place))
    place, first = np.unique(place[order], return_index=True)
    kept = order[first]
    primary = primary[kept]
    score = np.where(primary, 1.0, ALTERNATE_SCORE)
    population = np.maximum(gazetteer.population[place], _SMALLEST_POPULATION)
    if primary.any():
        score[population >= _DOMINANCE * population[primary].max()] = 1.0
    by = np.where(primary, _PRIMARY, _ALTERNATE).astype(np.int8)
    return Hits(place, postings[kept], score, by)


def _spelled_as(postings: IntArray, name: str | None) -> NDArray[np.bool_]:
    """Tell which postings are spelled exactly as `name`."""
    if name is None or not postings.size:
        return np.zeros(postings.size, dtype=np.bool_)
    gazetteer = load_gazetteer()
    names = np.searchsorted(gazetteer.name_post, postings.astype(np.int32), side="right") - 1
    wanted = [name_id for name_id in np.unique(names) if gazetteer.name(int(name_id)) == name]
    return np.isin(names, wanted)


def _readings(name: str, scope: Scope, factor: float) -> Hits:
    """Places for a simpler reading of the name: the first reading that matches any place."""
    for key in variants(name):
        hits = exact(key, scope, name)
        if len(hits):
            by = np.full(len(hits), _READING, dtype=np.int8)
            return Hits(hits.place, hits.posting, hits.score * factor, by)
    return _none()


def _similar(name: str, key: str, scope: Scope) -> Hits:
    """Places with a key similar to the name's or to its simplest reading."""
    hits = _none()
    for text in dict.fromkeys([key, *variants(name)]):
        if len(text) >= _FUZZY_MIN_LENGTH:
            hits = _merge(hits, _similar_to(text, scope))
    return hits


def _similar_to(text: str, scope: Scope) -> Hits:
    gazetteer = load_gazetteer()
    keys, likeness = similar_keys(text, FUZZY_CUTOFF, scope)
    parts = []
    for key_id, value in zip(keys.tolist(), likeness.tolist()):
        postings = np.arange(*gazetteer.postings(key_id))
        hits = _score(postings[scope.contains(gazetteer.post_place[postings])])
        tier = np.where(hits.by == _PRIMARY, 1.0, ALTERNATE_SCORE)
        by = np.full(len(hits), _FUZZY, dtype=np.int8)
        parts.append(Hits(hits.place, hits.posting, FUZZY_FACTOR * value * tier, by))
    return _merge(_none(), *parts)


def similar_keys(
    text: str, cutoff: float, scope: Scope
) -> tuple[NDArray[np.int32], NDArray[np.float64]]:
    """Keys within `scope` at least `cutoff` similar to `text`."""
    gazetteer = load_gazetteer()
    index = _similarity_index()
    return similar(index, gazetteer.keys, gazetteer.key_start, text, cutoff, scope.keys())


@cache
def _similarity_index() -> SimilarityIndex:
    return build_index(load_gazetteer().keys, load_gazetteer().key_start)


def _none() -> Hits:
    empty = np.empty(0, dtype=np.int64)
    return Hits(empty, empty, np.empty(0), np.empty(0, dtype=np.int8))


def _merge(*parts: Hits) -> Hits:
    """Join hits and keep the best one of each place."""
    place = np.concatenate([part.place for part in parts])
    posting = np.concatenate([part.posting for part in parts])
    score = np.concatenate([part.score for part in parts])
    by = np.concatenate([part.by for part in parts])
    order = np.lexsort((posting, by, -score, place))
    _, first = np.unique(place[order], return_index=True)
    kept = order[first]
    return Hits(place[kept], posting[kept], score[kept], by[kept])


def _sorted(hits: Hits) -> Hits:
    """Best score first, then the larger population, then the lower GeoNames id."""
    gazetteer = load_gazetteer()
    population = gazetteer.population[hits.place]
    order = np.lexsort((gazetteer.geonames_id[hits.place], -population, -hits.score))
    return Hits(hits.place[order], hits.posting[order], hits.score[order], hits.by[order])
