"""Define where to search: countries and regions as callers name them, places by polygon."""

from __future__ import annotations

import weakref
from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from geo_risk._core.countries import find_country, resolve_country
from geo_risk._core.fold import fold
from geo_risk.places._hits import Scope
from geo_risk.places._variants import split_hints
from geo_risk.places.gazetteer import load_gazetteer

if TYPE_CHECKING:
    from geo_risk.regions import RegionLayer

__all__ = ["hinter", "make_scope", "place_rows", "rows_by_name", "world_layer"]


def world_layer() -> RegionLayer:
    from geo_risk.regions import load_regions

    return load_regions()


def make_scope(country: str | None, region: str | None, layer: RegionLayer | None) -> Scope:
    code = None if country is None else resolve_country(country)
    if region is None or layer is None:
        return Scope(code)
    rows = layer.rows_of(region)
    return Scope(code, np.isin(place_rows(layer)[1], rows))


_ROWS: weakref.WeakKeyDictionary[RegionLayer, tuple[NDArray[np.int64], NDArray[np.int64]]] = (
    weakref.WeakKeyDictionary()
)


def place_rows(layer: RegionLayer) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Row of each place in `layer` by polygon; the same with places outside filled by unit."""
    found = _ROWS.get(layer)
    if found is None:
        gazetteer = load_gazetteer()
        rows = layer.locate(lon=gazetteer.lon, lat=gazetteer.lat)
        found = _ROWS[layer] = (
            rows,
            _fill_by_unit(rows, gazetteer.place_unit.astype(np.int64), len(layer)),
        )
    return found


def _fill_by_unit(
    rows: NDArray[np.int64], unit: NDArray[np.int64], n_regions: int
) -> NDArray[np.int64]:
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
            inside = np.isin(place_rows(asked)[1], rows)
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
