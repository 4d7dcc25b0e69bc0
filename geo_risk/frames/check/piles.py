"""Piles: many events with exactly the same coordinates, labelled by what is there."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from geo_risk._core.distinct import Texts
from geo_risk._core.sphere import arc_km, lonlat_of_vectors, unit_vectors
from geo_risk._core.types import BoolArray, FloatArray, IntArray
from geo_risk.regions.areas import region_areas, region_centroids
from geo_risk.regions.dated import states

if TYPE_CHECKING:
    from geo_risk.regions import DatedLayer, RegionLayer

__all__ = ["PILE_LABELS", "Piles", "find_piles"]


PILE_LABELS = {
    "area": "most of its events are said to be known only to an area",
    "country_middle": "the middle of a country",
    "region_middle": "the middle of a region",
    "round_degrees": "whole or half degrees, as reference points of countries are",
    "main_place_of_country": "the largest place of its country, most often the capital",
    "main_place_of_region": "the largest place of its first-order unit, most often its seat",
    "place": "another place of the gazetteer",
    "other": "none of these",
}
"""Terms of `pile_label`, in the order in which they are checked."""

_MIDDLE_SHARE = 0.05  # of the radius of a disc of the same area: by chance 1 point in 400
_MAIN_PLACE_KM, _PLACE_KM = 5.0, 3.0


@dataclass(frozen=True, eq=False)
class Piles:
    """Points with many events.

    Attributes
    ----------
    point : ndarray of int64, one per row
        Number of the row's point, equal for exactly the same coordinates; -1 without coordinates.
    count : ndarray of int64, one per row
        Events at exactly the row's coordinates; 0 without coordinates.
    label, name : Texts
        A term of `PILE_LABELS` and the name of what is there; none outside piles.
    """

    point: IntArray
    count: IntArray
    label: Texts
    name: Texts


def find_piles(
    layer: RegionLayer | DatedLayer, frame: Any, lon: FloatArray, lat: FloatArray, size: int,
    coarse: BoolArray,
) -> Piles:  # fmt: skip
    """Count events at each point and label the points with at least `size` of them.

    All days count; if the layer has dates, the label is that of the event's day.
    """
    import pandas as pd

    n = len(lon)
    there = np.flatnonzero(~np.isnan(lon))
    place = np.empty(len(there), dtype=np.complex128)  # pandas compares both parts at once
    place.real, place.imag = lon[there], lat[there]
    of, places = pd.factorize(place)
    counts = np.bincount(of, minlength=len(places))
    areas = np.bincount(of, weights=coarse[there], minlength=len(places)) > 0.5 * counts
    point, count = np.full(n, -1, dtype=np.int64), np.zeros(n, dtype=np.int64)
    point[there], count[there] = of, counts[of]
    # what is there, by state of the layer; rows refer to these lists
    at = np.full(n, -1, dtype=np.int64)
    labels: list[str | None] = []
    names: list[str | None] = []
    for chosen, state in states(layer, frame):
        rows = np.arange(n)[chosen]
        rows = rows[count[rows] >= size]
        piles, pile = np.unique(point[rows], return_inverse=True)
        found = _labelled(state, np.column_stack([places[piles].real, places[piles].imag]))
        found[areas[piles], 0] = "area"
        at[rows] = pile.reshape(-1) + len(labels)
        labels += found[:, 0].tolist()
        names += found[:, 1].tolist()
    label, name = (Texts.of_values(texts, blank=True).take(at) for texts in (labels, names))
    return Piles(point, count, label, name)


def _labelled(layer: RegionLayer, points: FloatArray) -> NDArray[np.object_]:
    """Label and name of each point, shape (n, 2)."""
    result = np.full((len(points), 2), None, dtype=object)
    if len(points) == 0:
        return result
    result[:, 0] = "other"
    at = layer.locate(lon=points[:, 0], lat=points[:, 1])
    labels = layer.country_labels
    own = [labels[row] if row >= 0 else None for row in at.tolist()]
    _label_places(result, points, own)
    result[(points * 2.0 == np.round(points * 2.0)).all(axis=1)] = ["round_degrees", None]
    if len(layer) == 0:  # a day on which no region is valid
        return result
    middles = _middles(layer)
    for kind, targets, reach, names in (
        ("region_middle", middles.regions, middles.reach, layer.columns["region_name"]),
        ("country_middle", middles.countries, middles.country_reach, middles.codes),
    ):
        row, km = targets.nearest(points)
        for i in np.flatnonzero(km[:, 0] <= reach[row[:, 0]]).tolist():
            result[i] = [kind, names[row[i, 0]]]
    return result


def _label_places(result: NDArray[np.object_], points: FloatArray, own: list[str | None]) -> None:
    """Label points by nearby places of their own country."""
    from geo_risk.places import load_gazetteer

    gazetteer, (capitals, seats, places) = load_gazetteer(), _places()
    near, km = places.nearest(points, k=20)
    for i in range(len(points)):
        close = [
            (place, away)
            for place, away in zip(near[i].tolist(), km[i].tolist())
            if away <= _MAIN_PLACE_KM and own[i] in (None, gazetteer.country_code(place))
        ]
        for kind, among, reach in (
            ("main_place_of_country", capitals, _MAIN_PLACE_KM),
            ("main_place_of_region", seats, _MAIN_PLACE_KM),
            ("place", None, _PLACE_KM),
        ):
            fits = [p for p, away in close if away <= reach and (among is None or p in among)]
            if fits:
                result[i] = [kind, gazetteer.primary_name(fits[0])]
                break


@cache
def _places() -> tuple[set[int], set[int], _Targets]:
    """The largest place of each country and of each first-order unit, and where all places are."""
    from geo_risk.places import load_gazetteer

    gazetteer = load_gazetteer()
    units = gazetteer.unit_start.tolist()
    seats = {_largest(gazetteer.population, *units[i : i + 2]) for i in range(len(units) - 1)}
    capitals = {_largest(gazetteer.population, *span) for span in gazetteer.countries.values()}
    return capitals, seats, _Targets(np.column_stack([gazetteer.lon, gazetteer.lat]))


def _largest(population: NDArray[np.int32], start: int, stop: int) -> int:
    return int(start) + int(np.argmax(population[start:stop]))


@dataclass(frozen=True, eq=False)
class _Middles:
    """Centres of regions and of countries with the radius of each, and the countries' codes."""

    regions: _Targets
    reach: FloatArray
    countries: _Targets
    country_reach: FloatArray
    codes: list[str]


def _middles(layer: RegionLayer) -> _Middles:
    """Centres of a layer, computed once."""
    if _Middles in layer.derived:
        known: _Middles = layer.derived[_Middles]
        return known
    regions, areas = region_centroids(layer), region_areas(layer)
    labels = np.array(layer.country_labels, dtype=object)
    names, back = np.unique(labels.astype(str), return_inverse=True)
    # averaged in space, because a country may lie across the antimeridian
    total = np.zeros((len(names), 3))
    np.add.at(total, back.reshape(-1), unit_vectors(*regions.T) * areas[:, None])
    middles = np.column_stack(lonlat_of_vectors(total))
    whole = np.bincount(back.reshape(-1), weights=areas)
    reach, country_reach = (_MIDDLE_SHARE * np.sqrt(km2 / np.pi) for km2 in (areas, whole))
    found = layer.derived[_Middles] = _Middles(
        _Targets(regions), reach, _Targets(middles), country_reach, names.tolist()
    )
    return found


class _Targets:
    """Points that are searched for the nearest ones; those without coordinates are left out."""

    def __init__(self, points: FloatArray) -> None:
        from scipy.spatial import cKDTree

        self._usable = np.flatnonzero(~np.isnan(points).any(axis=1))
        self._tree = cKDTree(unit_vectors(*points[self._usable].T))

    def nearest(self, points: FloatArray, k: int = 1) -> tuple[IntArray, FloatArray]:
        """The `k` nearest of each point, and their great-circle distances in kilometres."""
        chord, row = self._tree.query(unit_vectors(*points.T), k=np.arange(1, k + 1))
        return self._usable[row], arc_km(chord)
