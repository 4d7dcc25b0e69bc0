"""Keys within a scope that are similar to a text: which index to ask, and when to build it.

The index of a country or some places is built from their keys alone. That of the whole world is
kept in the user's cache, with its trigrams. Until it is worth to build those, every signature is
compared.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache, lru_cache

import numpy as np
import xxhash

from geo_risk._core.cache import Kinds, load_arrays, store_arrays
from geo_risk.places._fuzzy import SimilarityIndex, build_index, code_points, similar
from geo_risk.places._grams import GramIndex, build_grams
from geo_risk.places._scopes import Scope
from geo_risk.places.gazetteer import Gazetteer, load_gazetteer

__all__ = ["similar_keys"]

_FORMAT = 1
_WORTH_BUILDING = 100  # searches: comparing all signatures for them takes longer than building
_MOST_SCOPES = 512
_INDEX: Kinds = {"order": (np.int32, 0), "bounds": (np.int64, 0), "signature": (np.uint64, 0)}
_GRAMS: Kinds = {
    "shift": (np.uint32, 0), "base": (np.int64, 0), "start": (np.int32, 0),
    "position": (np.int32, 0),
}  # fmt: skip


def similar_keys(
    texts: Sequence[str], cutoff: float, scope: Scope
) -> list[list[tuple[int, float]]]:
    """For each text the keys within `scope` that are at least `cutoff` similar to it."""
    gazetteer = load_gazetteer()
    grams = None
    if scope.world:
        world = _world()
        index, grams = world.index, world.grams_for(len(texts))
    else:
        index = _index_of(scope)
    found = similar(index, gazetteer.keys, gazetteer.key_start, texts, cutoff, grams)
    return [list(zip(keys.tolist(), likeness.tolist())) for keys, likeness in found]


@lru_cache(maxsize=_MOST_SCOPES)  # 12 bytes a key; a country has 4,000 on average
def _index_of(scope: Scope) -> SimilarityIndex:
    gazetteer = load_gazetteer()
    return build_index(gazetteer.keys, gazetteer.key_start, scope.keys())


class _World:
    """Index of all keys, and its trigrams from the cache or once they are worth building."""

    def __init__(self, gazetteer: Gazetteer) -> None:
        self._gazetteer, self._searches = gazetteer, 0
        self._name = f"names-{_FORMAT}-{xxhash.xxh3_64_hexdigest(gazetteer.keys)}"
        self._grams: GramIndex | None = None
        kept = load_arrays(self._name, {**_INDEX, **_GRAMS})
        if kept is None:
            self.index = build_index(gazetteer.keys, gazetteer.key_start)
        else:
            self.index = SimilarityIndex(**{name: kept[name] for name in _INDEX})
            self._grams = GramIndex(**{name: kept[name] for name in _GRAMS})

    def grams_for(self, searches: int) -> GramIndex | None:
        """Trigrams for so many more searches; None if it is quicker to do without."""
        self._searches += searches
        if self._grams is None and self._searches > _WORTH_BUILDING:
            points, length = code_points(self._gazetteer.keys)
            start = np.cumsum(length) - length
            self._grams = build_grams(points, start, self.index.order, self.index.bounds)
            store_arrays(self._name, {**vars(self.index), **vars(self._grams)})
        return self._grams


@cache
def _world() -> _World:
    return _World(load_gazetteer())
