"""Random positions of events: in discs, in regions by area, in regions by weighted cells."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from geo_risk._core.constants import EARTH_RADIUS_KM
from geo_risk._core.sphere import arc_km, chord_of, move
from geo_risk._core.types import FloatArray, IntArray
from geo_risk.frames.support.laws import reach
from geo_risk.frames.uncertain._weights import CellWeights

if TYPE_CHECKING:
    from geo_risk.regions import RegionLayer

__all__ = ["FAR", "Boxes", "Cells", "Discs"]

Propose = Callable[[IntArray, np.random.Generator], tuple[FloatArray, FloatArray, Any]]

FAR = 0.9999
"""Quantile of the distance at which a weighted disc ends."""
_TRIES = 300_000  # proposals for one position
_DISC_TRIES = 50_000
_HOME_TRIES = 2_000
_BLOCK = 200_000  # proposals at a time


@dataclass(frozen=True, eq=False)
class Discs:
    """Discs of m events, with the highest weight per km² in each (0: no weights used).

    If `allowed` has rows, event i must lie in regions for which `allowed[country[i]]`.
    """

    lon: FloatArray
    lat: FloatArray
    radius_km: FloatArray
    distribution: str
    coverage: float
    weights: CellWeights | None
    highest: FloatArray
    layer: RegionLayer
    country: IntArray  # -1 if nothing is cut off
    allowed: NDArray[np.bool_]  # (countries, regions + 1); the last column is outside

    def draw(self, rng: np.random.Generator) -> tuple[FloatArray, FloatArray]:
        lon, lat, late = _first_accepted(len(self.lon), rng, self._propose, _DISC_TRIES)
        for i in late:  # weights peak at the rim: choose among many points by their weights
            x, y, _ = self._propose(np.full(_DISC_TRIES, i), rng)
            total = np.cumsum(self.weights.density_at(x, y)) if self.weights else np.zeros(1)
            at = np.searchsorted(total, rng.random() * total[-1], side="right")
            at = min(int(at), x.size - 1)
            lon[i], lat[i] = x[at], y[at]
        if len(self.allowed):
            self._bring_home(lon, lat, rng)
        return lon, lat

    def _bring_home(self, lon: FloatArray, lat: FloatArray, rng: np.random.Generator) -> None:
        """Redraw, within the stated country, the positions that lie in another country."""
        row = self.layer.locate(lon=lon, lat=lat)
        abroad = (self.country >= 0) & (row >= 0) & ~self.allowed[self.country, row]
        items = np.flatnonzero(abroad)

        def propose(
            i: IntArray, rng: np.random.Generator
        ) -> tuple[FloatArray, FloatArray, NDArray[np.bool_]]:
            x, y, good = self._propose(items[i], rng)
            row = self.layer.locate(lon=x, lat=y)
            return x, y, good & self.allowed[self.country[items[i]], row]

        x, y, late = _first_accepted(items.size, rng, propose, _HOME_TRIES)
        found = np.delete(np.arange(items.size), late)
        lon[items[found]], lat[items[found]] = x[found], y[found]

    def _propose(self, i: IntArray, rng: np.random.Generator) -> tuple[FloatArray, FloatArray, Any]:
        u, turn, chance = rng.random((3, i.size))
        weighted = self.highest[i] > 0.0
        u = np.where(weighted, FAR * u, u)
        km = self.radius_km[i] * reach(u, self.distribution, self.coverage)
        x, y = move(self.lon[i], self.lat[i], km, 2.0 * np.pi * turn)
        good = ~weighted
        if self.weights is not None and weighted.any():
            density = self.weights.density_at(x[weighted], y[weighted])
            good[weighted] = chance[weighted] * self.highest[i][weighted] < density
        return x, y, good


@dataclass(frozen=True, eq=False)
class Boxes:
    """Regions for drawing by area; event i lies in one of `rows[last[i - 1]:last[i]]`."""

    layer: RegionLayer
    last: IntArray
    rows: IntArray
    cumulative: FloatArray  # shares of the regions; those of event i run from i to i + 1
    slot_of: IntArray  # (regions,) number of a region among those used
    boxes: FloatArray
    box_cumulative: FloatArray  # areas of the boxes; the region in slot k runs from k to k + 1
    box_last: IntArray

    def draw(self, rng: np.random.Generator) -> tuple[FloatArray, FloatArray]:
        u = np.arange(self.last.size) + rng.random(self.last.size)
        at = np.searchsorted(self.cumulative, u, side="right")
        at = np.clip(at, np.append(0, self.last[:-1]), self.last - 1)  # against rounding
        row = self.rows[at]

        def propose(
            i: IntArray, rng: np.random.Generator
        ) -> tuple[FloatArray, FloatArray, NDArray[np.bool_]]:
            x, y = self._in_boxes(self.slot_of[row[i]], rng)
            return x, y, self.layer.locate(lon=x, lat=y) == row[i]

        return _all_accepted(row.size, rng, propose, "layer")

    def _in_boxes(self, slot: IntArray, rng: np.random.Generator) -> tuple[FloatArray, FloatArray]:
        u, v, w = rng.random((3, slot.size))
        box = np.searchsorted(self.box_cumulative, slot + u, side="right")
        west, south, east, north = self.boxes[np.minimum(box, self.box_last[slot])].T
        low, high = np.sin(np.radians(south)), np.sin(np.radians(north))
        x = np.clip(west + v * (east - west), -180.0, 180.0)
        return x, np.degrees(np.arcsin(np.clip(low + w * (high - low), -1.0, 1.0)))


@dataclass(frozen=True, eq=False)
class Cells:
    """Regions for drawing by weighted cells; event i lies in the regions of group `group[i]`."""

    layer: RegionLayer
    weights: CellWeights
    group: IntArray
    allowed: NDArray[np.bool_]  # (groups, regions + 1); the last column is outside
    cells: IntArray
    cumulative: FloatArray  # values of the cells; group k runs from k to k + 1
    last: IntArray

    def draw(self, rng: np.random.Generator) -> tuple[FloatArray, FloatArray]:
        return _all_accepted(self.group.size, rng, self._propose, "weights")

    def _propose(self, i: IntArray, rng: np.random.Generator) -> tuple[FloatArray, FloatArray, Any]:
        from geo_risk.cells import h3_cells

        group = self.group[i]
        u, v, turn = rng.random((3, i.size))
        at = np.searchsorted(self.cumulative, group + u, side="right")
        at = self.cells[np.minimum(at, self.last[group])]
        lon, lat = (degrees[at] for degrees in self.weights.centers)
        # uniform by area in a cap around the cell; points outside the cell are rejected
        km = arc_km(chord_of(self.weights.reach_km[at] / EARTH_RADIUS_KM) * np.sqrt(v))
        x, y = move(lon, lat, km, 2.0 * np.pi * turn)
        good = h3_cells(lon=x, lat=y, resolution=self.weights.resolution) == self.weights.cells[at]
        return x, y, good & self.allowed[group, self.layer.locate(lon=x, lat=y)]


def _first_accepted(
    n: int, rng: np.random.Generator, propose: Propose, tries: int
) -> tuple[FloatArray, FloatArray, IntArray]:
    """First accepted proposal of each item, and the items that have none."""
    lon, lat = np.full(n, np.nan), np.full(n, np.nan)
    pending, batch, done = np.arange(n), 1, 0
    while pending.size and done < tries:
        x, y, good = propose(np.repeat(pending, batch), rng)
        good = np.asarray(good).reshape(-1, batch)
        hit = good.any(axis=1)
        at = np.flatnonzero(hit) * batch + good.argmax(axis=1)[hit]
        lon[pending[hit]], lat[pending[hit]] = x[at], y[at]
        pending = pending[~hit]
        done += batch
        batch = max(min(2 * batch, _BLOCK // max(pending.size, 1)), 1)
    return lon, lat, pending


def _all_accepted(
    n: int, rng: np.random.Generator, propose: Propose, culprit: str
) -> tuple[FloatArray, FloatArray]:
    lon, lat, late = _first_accepted(n, rng, propose, _TRIES)
    if late.size:
        raise ValueError(
            f"Invalid {culprit}: {late.size} places could not be drawn; almost no part of their "
            "region is available (regions overlap, or weights hardly touch the region)."
        )
    return lon, lat
