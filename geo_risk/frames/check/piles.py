"""Piles: many events with exactly the same coordinates, labelled by what is there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from geo_risk._core.sphere import arc_km, lonlat_of_vectors, unit_vectors
from geo_risk._core.types import FloatArray, IntArray
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
    count : ndarray of int64, one per row
        Events at exactly the row's coordinates; 0 without coordinates.
    label, name : ndarray of object, one per row
        A term of `PILE_LABELS` and the name of what is there; None outside piles.
    """

    count: IntArray
    label: NDArray[np.object_]
    name: NDArray[np.object_]


def find_piles(
    layer: RegionLayer | DatedLayer, frame: Any, lon: FloatArray, lat: FloatArray, size: int,
    coarse: NDArray[np.bool_],
) -> Piles:  # fmt: skip
    """Count events at each point and label the points with at least `size` of them.

    All days count; if the layer has dates, the label is that of the event's day.
    """
    n = len(lon)
    count, label = np.zeros(n, dtype=np.int64), np.full(n, None, dtype=object)
    name, spot = np.full(n, None, dtype=object), np.full(n, -1, dtype=np.int64)
    there = np.flatnonzero(~np.isnan(lon))
    if len(there) == 0:
        return Piles(count, label, name)
    points, back, counts = np.unique(
        np.column_stack([lon[there], lat[there]]), axis=0, return_inverse=True, return_counts=True
    )
    spot[there] = back.reshape(-1)
    count[there] = counts[spot[there]]
    areas = np.bincount(spot[there], weights=coarse[there], minlength=len(points)) > 0.5 * counts
    for chosen, state in states(layer, frame):
        rows = np.arange(n)[chosen]
        rows = rows[count[rows] >= size]
        piles, of = np.unique(spot[rows], return_inverse=True)
        at_point = _labelled(state, points[piles])
        at_point[areas[piles], 0] = "area"
        label[rows], name[rows] = at_point[of.reshape(-1)].T
    return Piles(count, label, name)


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
    regions, reach, countries, country_reach, codes = _middles(layer)
    for kind, targets, radius, names in (
        ("region_middle", regions, reach, layer.columns["region_name"]),
        ("country_middle", countries, country_reach, codes),
    ):
        row, km = _nearest(points, targets)
        for i in np.flatnonzero(km[:, 0] <= radius[row[:, 0]]).tolist():
            result[i] = [kind, names[row[i, 0]]]
    return result


def _label_places(result: NDArray[np.object_], points: FloatArray, own: list[str | None]) -> None:
    """Label points by nearby places of their own country."""
    from geo_risk.places import load_gazetteer

    gazetteer = load_gazetteer()
    units = gazetteer.unit_start.tolist()
    seats = {_largest(gazetteer.population, *units[i : i + 2]) for i in range(len(units) - 1)}
    capitals = {_largest(gazetteer.population, *span) for span in gazetteer.countries.values()}
    near, km = _nearest(points, np.column_stack([gazetteer.lon, gazetteer.lat]), k=20)
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


def _largest(population: NDArray[np.int32], start: int, stop: int) -> int:
    return int(start) + int(np.argmax(population[start:stop]))


def _middles(
    layer: RegionLayer,
) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray, list[str]]:
    """Centres of regions and of countries with the radius of each, and the countries' codes."""
    regions, areas = region_centroids(layer), region_areas(layer)
    labels = np.array(layer.country_labels, dtype=object)
    names, back = np.unique(labels.astype(str), return_inverse=True)
    # averaged in space, because a country may lie across the antimeridian
    total = np.zeros((len(names), 3))
    np.add.at(total, back.reshape(-1), unit_vectors(*regions.T) * areas[:, None])
    middles = np.column_stack(lonlat_of_vectors(total))
    whole = np.bincount(back.reshape(-1), weights=areas)
    reach, country_reach = (_MIDDLE_SHARE * np.sqrt(km2 / np.pi) for km2 in (areas, whole))
    return regions, reach, middles, country_reach, names.tolist()


def _nearest(points: FloatArray, targets: FloatArray, k: int = 1) -> tuple[IntArray, FloatArray]:
    """The `k` nearest targets of each point, and their great-circle distances in kilometres."""
    from scipy.spatial import cKDTree

    usable = np.flatnonzero(~np.isnan(targets).any(axis=1))
    tree = cKDTree(unit_vectors(*targets[usable].T))
    chord, row = tree.query(unit_vectors(*points.T), k=np.arange(1, k + 1))
    return usable[row], arc_km(chord)
