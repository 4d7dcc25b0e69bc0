"""Circles of the scan statistic: every location with its nearest locations, within limits."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from geo_risk._core.sphere import arc_km
from geo_risk._core.types import FloatArray, IntArray
from geo_risk.hotspots.scan_study import Study

__all__ = ["Circles", "distances_km", "draw_circles"]


# Distances that differ by less than a micrometre are tied: rounding must not break a tie.
_TIED_KM = 1e-9


@dataclass(frozen=True, eq=False)
class Circles:
    """Neighbours of each centre by distance, as one flat list.

    Attributes
    ----------
    order : ndarray of int32, shape (m,)
        Locations; the list of centre z is order[ends[z]:ends[z + 1]].
    ends : ndarray of int64, shape (n + 1,)
    rows : ndarray of int32, shape (m,)
        Running number of the circle that the entry completes; -1 if it completes none.
    """

    order: NDArray[np.int32]
    ends: IntArray
    rows: NDArray[np.int32]


def draw_circles(
    study: Study, *, max_population: float, max_radius_km: float | None, ties: str
) -> Circles:
    """Circles around every location: neighbours by distance, within both limits.

    Locations at the same distance enter together, or one by one in the order of the locations
    (``ties="satscan"``). Memory and time grow with the number of pairs within the limits.
    """
    limit = max_population * study.size.sum() * (1.0 + 1e-12)
    reach = np.inf if max_radius_km is None else max_radius_km + _TIED_KM
    tied = max(_TIED_KM, 4e-15 * float(np.abs(study.position).max()))
    orders, closing = [], []
    ends = np.zeros(study.size.size + 1, dtype=np.int64)
    for z in range(study.size.size):
        distance = distances_km(study.position, study.position[z])
        near = np.flatnonzero(distance <= reach)
        order = near[np.argsort(distance[near])]
        closes = np.append(np.diff(distance[order]) > tied, True)
        if not closes.all():  # a fixed order of ties, independent of the sort
            group = np.cumsum(np.append(0, closes[:-1]))
            order = order[np.lexsort((order, group))]
            if ties == "satscan":
                closes[:] = True
        small = np.cumsum(study.size[order]) <= limit
        keep = int(np.flatnonzero(closes & small).max(initial=-1)) + 1
        orders.append(order[:keep].astype(np.int32))
        closing.append(closes[:keep])
        ends[z + 1] = ends[z] + keep
    closed = np.concatenate(closing)
    rows = np.where(closed, np.cumsum(closed, dtype=np.int32) - 1, -1).astype(np.int32)
    return Circles(np.concatenate(orders), ends, rows)


def distances_km(position: FloatArray, other: FloatArray) -> FloatArray:
    """Distances between positions, row by row: in the plane, or along the sphere."""
    apart = position - other
    straight: FloatArray = np.sqrt((apart * apart).sum(axis=1))
    if position.shape[1] == 2:
        return straight
    return arc_km(straight)
