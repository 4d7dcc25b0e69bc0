"""Random positions of events within their stated precision, behind `draw_locations`.

Before drawing, events are sorted by their stated values alone. So the order of the rows only
changes which of several events with the same values gets which position.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from geo_risk._core.frames import check_frame, lonlat_of, too_coarse
from geo_risk._core.stated import stated_countries
from geo_risk._core.types import FloatArray, IntArray, Seed
from geo_risk._core.validate import check_choice, check_integer, check_scalar
from geo_risk.frames.support.laws import DISTRIBUTIONS, reach, stated_radii
from geo_risk.frames.support.units import unit_regions
from geo_risk.frames.uncertain._cover import cover
from geo_risk.frames.uncertain._sources import FAR, Boxes, Cells, Discs
from geo_risk.frames.uncertain._weights import CellWeights

if TYPE_CHECKING:
    import geopandas

    from geo_risk.regions import RegionLayer

__all__ = ["SPREADS", "LocationDraws", "make_draws", "seeds_of"]


SPREADS = ("support", "disc", "region")
_NEAR = 0.99  # quantile of the distance within which weights must lie to count


@dataclass(frozen=True, eq=False, kw_only=True, repr=False)
class LocationDraws:
    """Random positions of n events, each drawn R times.

    Attributes
    ----------
    lon, lat : ndarray of float64, shape (R, n)
        Degrees, WGS84; NaN in every draw if nothing is known about the location.
    spread : ndarray of str, shape (n,)
        Where each event was drawn: "point" (not drawn, it stays where it is), "disc",
        "region", "country", or "none" (no position; NaN).
    weighted : ndarray of bool, shape (n,)
        Whether weights were used; False if none were given or none lie there.
    """

    lon: FloatArray
    lat: FloatArray
    spread: NDArray[np.str_]
    weighted: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.lon)

    def __repr__(self) -> str:
        return f"<LocationDraws: {len(self)} draws of {self.spread.size} events>"

    @property
    def missing(self) -> NDArray[np.bool_]:
        """Events without a position, shape (n,)."""
        return np.asarray(self.spread == "none")


def seeds_of(seed: Seed, n: int) -> list[np.random.SeedSequence]:
    """Independent seeds; the first ones do not depend on their number."""
    if isinstance(seed, np.random.Generator):
        seed = int(seed.integers(0, 2**63))
    return np.random.SeedSequence(seed).spawn(n)


def make_draws(
    events: Any, layer: RegionLayer | None, *, places: int, seed: Seed, spread: str = "support",
    distribution: str = "normal", coverage: float = 0.95, stated_country: str = "ignore",
    weights: Any = None, n_jobs: int = 1,
) -> LocationDraws:  # fmt: skip
    """Draw the positions; parameters as in `geo_risk.draw_locations`."""
    from geo_risk.regions.sources import plain_layer

    frame = check_frame(events)
    check_choice(spread, "spread", SPREADS)
    check_choice(distribution, "distribution", DISTRIBUTIONS)
    check_choice(stated_country, "stated_country", ("ignore", "cut"))
    coverage = check_scalar(coverage, "coverage", low=0.0, high=0.999, open_low=True)
    places = check_integer(places, "places", low=1)
    layer = plain_layer(layer, verb="draw_locations")
    people = None if weights is None else CellWeights.of(weights)
    stated = stated_countries(frame).tolist()
    known = _known(frame, layer, spread, stated, n_jobs)
    home = _home(layer, stated if stated_country == "cut" else [])
    discs, weighted = _discs(known, distribution, coverage, people, layer, home)
    units, by_weight = _units(known, layer, people)
    weighted |= by_weight
    result = LocationDraws(
        lon=np.tile(known.lon, (places, 1)),
        lat=np.tile(known.lat, (places, 1)),
        spread=known.kind,
        weighted=weighted,
    )
    for r, child in enumerate(seeds_of(seed, places)):
        rng = np.random.Generator(np.random.PCG64(child))
        for rows, source in (discs, *units):
            if rows.size:
                result.lon[r, rows], result.lat[r, rows] = source.draw(rng)
    return result


@dataclass(frozen=True, eq=False)
class _Known:
    """What is known about each of n events; coordinates are NaN if the event is drawn."""

    kind: NDArray[np.str_]
    lon: FloatArray
    lat: FloatArray
    centre: tuple[FloatArray, FloatArray]
    radius_km: FloatArray
    first: IntArray  # (n,) first and last: the event's entries in `rows` and `share`
    last: IntArray
    rows: IntArray
    share: FloatArray


def _known(
    frame: geopandas.GeoDataFrame, layer: RegionLayer, spread: str, stated: list[str | None],
    n_jobs: int,
) -> _Known:  # fmt: skip
    lon, lat = lonlat_of(frame)
    radius = stated_radii(frame)
    coarse = too_coarse(frame, "skip")
    asked = coarse & (spread != "disc")
    if spread == "region":
        term = {0: "country", 1: "admin1"}.get(layer.level, "admin2")
        asked = np.ones(len(frame), dtype=bool)
        frame = frame.assign(location_precision=term)
    position, rows, share = unit_regions(layer, frame, lon, lat, asked, stated, n_jobs)
    first = np.searchsorted(position, np.arange(len(frame)), side="left")
    last = np.searchsorted(position, np.arange(len(frame)), side="right")
    kind = np.full(len(frame), "none", dtype="<U7")
    here = ~np.isnan(lon) & ~coarse & (spread != "region")
    kind[here] = np.where(radius[here] > 0.0, "disc", "point")
    kind[last - first == 1] = "region"
    kind[last - first > 1] = "country"
    still = kind == "point"
    return _Known(
        kind, np.where(still, lon, np.nan), np.where(still, lat, np.nan), (lon, lat), radius,
        first, last, rows, share,
    )  # fmt: skip


def _home(layer: RegionLayer, stated: list[str | None]) -> tuple[IntArray, NDArray[np.bool_]]:
    """Number of each event's stated country, -1 for none, and the regions of each country."""
    labels = np.array([*layer.country_labels, ""], dtype=object)
    names = sorted({code for code in stated if code is not None} & set(labels))
    number = {code: i for i, code in enumerate(names)}
    country = np.array([number.get(code or "", -1) for code in stated], dtype=np.int64)
    return country, np.array([labels == code for code in names]).reshape(-1, labels.size)


def _discs(
    known: _Known,
    distribution: str,
    coverage: float,
    weights: CellWeights | None,
    layer: RegionLayer,
    home: tuple[IntArray, NDArray[np.bool_]],
) -> tuple[tuple[IntArray, Discs], NDArray[np.bool_]]:
    """Events with a disc, sorted by their values, and which of all events are weighted."""
    rows = np.flatnonzero(known.kind == "disc")
    lon, lat, radius = known.centre[0][rows], known.centre[1][rows], known.radius_km[rows]
    country, allowed = home
    country = country[rows] if country.size else np.full(rows.size, -1)
    order = np.lexsort((country, radius, lat, lon))
    country = country[order]
    rows, lon, lat, radius = rows[order], lon[order], lat[order], radius[order]
    highest = np.zeros(rows.size)
    if weights is not None and rows.size:
        near, far = (
            weights.highest(lon, lat, radius * reach(share, distribution, coverage))
            for share in (_NEAR, FAR)
        )
        highest = np.where(near > 0.0, far, 0.0)
    weighted = np.zeros(known.kind.size, dtype=np.bool_)
    weighted[rows] = highest > 0.0
    discs = Discs(
        lon, lat, radius, distribution, coverage, weights, highest, layer, country, allowed
    )
    return (rows, discs), weighted


def _units(
    known: _Known, layer: RegionLayer, weights: CellWeights | None
) -> tuple[list[tuple[IntArray, Any]], NDArray[np.bool_]]:
    """Events known only to regions: by weighted cells if there are any, else by area."""
    events = np.flatnonzero(known.last > known.first)
    lowest = known.rows[known.first[events]] if events.size else events
    order = np.lexsort((known.last[events] - known.first[events], lowest))
    events = events[order]
    weighted = np.zeros(known.kind.size, dtype=np.bool_)
    sources: list[tuple[IntArray, Any]] = []
    if weights is not None and events.size:
        cells, served = _cells(known, events, layer, weights)
        weighted[events[served]] = True
        sources.append((events[served], cells))
        events = events[~served]
    if events.size:
        sources.append((events, _by_area(known, events, layer)))
    return sources, weighted


def _by_area(known: _Known, events: IntArray, layer: RegionLayer) -> Boxes:
    """Boxes of every region that is used; regions without a shape never occur."""
    size = known.last[events] - known.first[events]
    last = np.cumsum(size)
    at = np.arange(int(last[-1])) + np.repeat(known.first[events] - (last - size), size)
    rows, share = known.rows[at], known.share[at]
    cumulative = np.cumsum(share)  # the shares of an event add up to 1
    used = np.unique(rows)
    slot_of = np.full(len(layer), -1)
    slot_of[used] = np.arange(used.size)
    boxes = [cover(layer, int(row)) for row in used]
    sums = []
    for slot, box in enumerate(boxes):
        area = (box[:, 2] - box[:, 0]) * np.diff(np.sin(np.radians(box[:, 1::2])))[:, 0]
        sums.append(slot + np.cumsum(area) / area.sum())
    return Boxes(
        layer, last, rows, cumulative, slot_of, np.concatenate(boxes),
        np.concatenate(sums), np.cumsum([len(box) for box in boxes]) - 1,
    )  # fmt: skip


def _cells(
    known: _Known, events: IntArray, layer: RegionLayer, weights: CellWeights
) -> tuple[Cells, NDArray[np.bool_]]:
    """Weighted cells of each distinct set of regions, and which events have such cells."""
    groups: dict[tuple[int, int], int] = {}
    group = np.full(events.size, -1)
    allowed: list[NDArray[np.bool_]] = []
    cells: list[IntArray] = []
    sums: list[FloatArray] = []
    for i, event in enumerate(events):
        rows = known.rows[known.first[event] : known.last[event]]
        key = (int(rows[0]), len(rows))
        if key not in groups:
            found = weights.within(layer, rows)
            groups[key] = len(cells) if found.size else -1
            if found.size:
                value = np.cumsum(weights.values[found])
                sums.append(len(cells) + value / value[-1])
                cells.append(found)
                allowed.append(np.isin(np.arange(len(layer) + 1), rows))
        group[i] = groups[key]
    served = group >= 0
    empty = np.zeros(0, dtype=np.int64)
    source = Cells(
        layer, weights, group[served], np.array(allowed).reshape(len(cells), len(layer) + 1),
        np.concatenate([empty, *cells]), np.concatenate([np.zeros(0), *sums]),
        np.cumsum([len(found) for found in cells]) - 1,
    )  # fmt: skip
    return source, served
