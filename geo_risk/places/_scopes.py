"""Define where to search: countries and regions as callers name them, places by polygon."""

from __future__ import annotations

import weakref
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, cached_property
from itertools import chain
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from geo_risk._core.countries import find_country, resolve_country
from geo_risk._core.fold import fold
from geo_risk._core.types import IntArray
from geo_risk.places._variants import split_hints
from geo_risk.places.gazetteer import load_gazetteer

if TYPE_CHECKING:
    from geo_risk.regions import RegionLayer

__all__ = ["Scope", "hinter", "make_scope", "place_rows", "rows_by_name", "world_layer"]


@cache
def world_layer() -> RegionLayer:
    from geo_risk.regions import load_regions

    return load_regions()


@dataclass(frozen=True)
class Scope:
    """Where to search: one country, some places, or the world.

    Parameters
    ----------
    country : str or None
        Alpha-3 code.
    places : frozenset of int or None
        Allowed places.
    """

    country: str | None = None
    places: frozenset[int] | None = None

    @property
    def world(self) -> bool:
        """Whether every place is allowed."""
        return self.country is None and self.places is None

    @cached_property
    def span(self) -> range:
        """Places of the country."""
        gazetteer = load_gazetteer()
        if self.country is None:
            return range(len(gazetteer))
        return range(*gazetteer.countries.get(self.country, (0, 0)))

    def keys(self) -> NDArray[np.int32]:
        """Keys of the allowed places."""
        if self.places is None:
            places = np.arange(self.span.start, self.span.stop)
        else:
            places = np.array([place for place in self.places if place in self.span], dtype=int)
        return load_gazetteer().keys_of(places)


def make_scope(country: str | None, region: str | None, layer: RegionLayer | None) -> Scope:
    code = None if country is None else resolve_country(country)
    if region is None or layer is None:
        return Scope(code)
    return Scope(code, _places_in(layer, layer.rows_of(region).tolist()))


class _Located:
    """Row of each place in a layer."""

    def __init__(self, layer: RegionLayer) -> None:
        gazetteer = load_gazetteer()
        self.rows = layer.locate(lon=gazetteer.lon, lat=gazetteer.lat)
        unit = gazetteer.place_unit.astype(np.int64)
        self.filled = _fill_by_unit(self.rows, unit, len(layer))
        self._n_regions = len(layer)

    @cached_property
    def by_row(self) -> tuple[IntArray, IntArray]:
        """Places sorted by their filled row, and the first one of each row."""
        order = np.argsort(self.filled, kind="stable")
        return order, np.searchsorted(self.filled[order], np.arange(self._n_regions + 1))


_LOCATED: weakref.WeakKeyDictionary[RegionLayer, _Located] = weakref.WeakKeyDictionary()


def _located(layer: RegionLayer) -> _Located:
    found = _LOCATED.get(layer)
    if found is None:
        found = _LOCATED[layer] = _Located(layer)
    return found


def place_rows(layer: RegionLayer) -> tuple[IntArray, IntArray]:
    """Row of each place in `layer` by polygon; the same with places outside filled by unit."""
    located = _located(layer)
    return located.rows, located.filled


def _places_in(layer: RegionLayer, rows: list[int]) -> frozenset[int]:
    """Places in some regions of a layer."""
    order, first = _located(layer).by_row
    return frozenset(
        chain.from_iterable(order[first[row] : first[row + 1]].tolist() for row in rows)
    )


def _fill_by_unit(rows: IntArray, unit: IntArray, n_regions: int) -> IntArray:
    """Fill places outside every polygon with the region of most places of their GeoNames unit."""
    inside = rows >= 0
    pairs, counts = np.unique(unit[inside] * n_regions + rows[inside], return_counts=True)
    usual = np.full(int(unit.max()) + 1, -1, dtype=np.int64)
    for pair in pairs[np.argsort(counts, kind="stable")]:  # the most common of a unit comes last
        usual[pair // n_regions] = pair % n_regions
    return np.where(inside, rows, usual[unit])


def hinter(name: str, layer: RegionLayer | None) -> Callable[[Scope], tuple[Scope, bool]]:
    """Return a function that narrows a scope by the countries and regions after the commas."""

    def narrow(scope: Scope) -> tuple[Scope, bool]:
        _, hints = split_hints(name)
        understood = bool(hints)
        for hint in hints:
            country = find_country(hint, bare=True)
            if country is not None:
                if scope.country is None:
                    scope = Scope(country, scope.places)
                understood &= scope.country == country
                continue
            asked = world_layer() if layer is None else layer
            rows = rows_by_name(asked, fold(hint))
            if not rows:
                understood = False
                continue
            inside = _places_in(asked, rows)
            scope = Scope(scope.country, inside if scope.places is None else inside & scope.places)
        return scope, understood

    return narrow


_NAMES: weakref.WeakKeyDictionary[RegionLayer, dict[str, list[int]]] = weakref.WeakKeyDictionary()


def rows_by_name(layer: RegionLayer, key: str) -> list[int]:
    """Rows of the regions with a folded name."""
    names = _NAMES.get(layer)
    if names is None:
        names = _NAMES[layer] = {}
        columns = layer.columns
        none: list[None] = [None] * len(layer)
        spellings = zip(
            columns["region_name"],
            columns.get("name_local", none),
            columns.get("alternate_names", none),
        )
        for row, (name, local, alternates) in enumerate(spellings):
            for text in {name, local, *(alternates or ())} - {None}:
                rows = names.setdefault(fold(text), [])
                if row not in rows:
                    rows.append(row)
    return names.get(key, [])
