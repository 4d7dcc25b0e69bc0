"""Distances to borders: checks of input, kinds of border, and codes of both sides."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from geo_risk._core.constants import WGS84_A
from geo_risk._core.distinct import Texts
from geo_risk._core.types import Int32Array
from geo_risk._core.validate import (
    check_choice,
    check_codes,
    check_integer,
    check_lonlat,
    check_scalar,
)

if TYPE_CHECKING:
    from geo_risk.borders.index import BorderIndex, CountryIds

__all__ = ["KINDS", "BorderDistances", "Question", "ask", "ask_countries", "measure"]

KINDS = ("land", "any", "outline", "line")

Codes = str | Sequence[str | None] | Texts | None

_NO_COUNTRY = -2  # pads a row of excluded countries
_BATCH = 65_536  # points processed together
_ENDLESS = 10.0  # in semi-major axes: longer than any geodesic


@dataclass(frozen=True, eq=False)
class BorderDistances:
    """Distances from points to borders, in the shape of the points.

    Attributes
    ----------
    distance_m : ndarray of float64
        Geodesic distance in metres; NaN if there is no such border.
    country_code : ndarray of object
        Country of the point, as located or as given; None if in no country.
    other_country_code : ndarray of object
        Country on the other side of the border; None on a coast and if there is no border. If
        the point is in neither country (kind "line"), the country of the lower row.
    region_code, other_region_code : ndarray of object
        Regions on this and on the other side at the foot. This side belongs to the own country:
        None across water; for kind "line", if the own country is on neither side, the second one.
    foot_lon, foot_lat : ndarray of float64
        The nearest point of the border, degrees; NaN if there is none.
    edge : ndarray of int64
        Position of the nearest edge in ``layer.topology``; -1 if there is none.
    """

    distance_m: NDArray[np.float64]
    country_code: NDArray[np.object_]
    other_country_code: NDArray[np.object_]
    region_code: NDArray[np.object_]
    other_region_code: NDArray[np.object_]
    foot_lon: NDArray[np.float64]
    foot_lat: NDArray[np.float64]
    edge: NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Question:
    """Checked points and options of a query; country ids are -1 for none."""

    lon: NDArray[np.float64]
    lat: NDArray[np.float64]
    shape: tuple[int, ...]
    kind: str
    given: Int32Array
    target: Int32Array
    limit: float
    count: int | None = None  # number of nearest countries; None for the nearest border


@dataclass(frozen=True, eq=False)
class _Task:
    """A batch of points with the options of the query; ids are -1 for none."""

    lon: NDArray[np.float64]
    lat: NDArray[np.float64]
    kind: str
    own: Int32Array
    target: Int32Array
    inside: NDArray[np.int64]  # row of the region of each point, if it was needed
    limit: float


@dataclass(frozen=True, eq=False)
class _Found:
    """Results of a search: metres, edge of the forest, foot, and rows on the two sides."""

    distance: NDArray[np.float64]
    edge: Int32Array
    foot: NDArray[np.float64]
    across: Int32Array
    here: Int32Array


def ask(
    ids: CountryIds, lon: ArrayLike, lat: ArrayLike, *, kind: str, country: Codes = None,
    to: Codes = None, max_km: float | None = None,
) -> Question:  # fmt: skip
    """Check the arguments of `Borders.nearest`."""
    check_choice(kind, "kind", KINDS)
    if kind == "outline" and to is not None:
        raise ValueError("Invalid to: kind='outline' has no other country; use kind='land'.")
    x, y, shape = check_lonlat(lon, lat)
    limit = _ENDLESS
    if max_km is not None:
        limit = check_scalar(max_km, "max_km", low=0.0) * 1000.0 / WGS84_A
    given = _country_ids(ids, country, "country", len(x))
    return Question(x, y, shape, kind, given, _country_ids(ids, to, "to", len(x)), limit)


def ask_countries(
    ids: CountryIds, lon: ArrayLike, lat: ArrayLike, *, k: int, kind: str, country: Codes,
    max_km: float | None,
) -> Question:  # fmt: skip
    """Check the arguments of `Borders.nearest_countries`."""
    check_choice(kind, "kind", ("any", "land"))
    k = check_integer(k, "k", low=1)
    question = ask(ids, lon, lat, kind=kind, country=country, max_km=max_km)
    return replace(question, count=k)


def _country_ids(ids: CountryIds, codes: Codes, name: str, n: int) -> Int32Array:
    if isinstance(codes, Texts):
        held = codes.used()
        return np.append(ids.of(held.values.tolist(), name), np.int32(-1))[held.codes]
    if codes is None or isinstance(codes, str):
        return ids.of(codes, name)  # one for all points
    return ids.of(check_codes(codes, name, n), name)


def measure(index: BorderIndex, question: Question, *, n_jobs: int = 1) -> BorderDistances:
    """Answer a query in batches of points near each other, with `n_jobs` threads.

    Memory is needed only for the result and a few batches.
    """
    own, found = _found_in_batches(index, question, n_jobs)
    return _named(index, question, own, found)


def _one(index: BorderIndex, task: _Task) -> _Found:
    """The nearest border of each point."""
    kind, target = task.kind, task.target
    start = _start_lists(index, kind, task.own, target)
    if kind == "line":
        target = np.where(target == task.own, np.int32(-1), target)
    excluded = np.full((len(task.lon), 1 if kind == "any" else 0), _NO_COUNTRY, dtype=np.int32)
    if kind == "any":
        excluded[:, 0] = np.where((task.own >= 0) & (target < 0), task.own, _NO_COUNTRY)
    found = _search(index, task, start, target, excluded)
    if kind == "any":
        _stand_inside(index, task, target, start, found)
    return found


def _several(index: BorderIndex, task: _Task, k: int) -> _Found:
    """The `k` nearest countries of each point: search again, excluding the countries found."""
    start = _start_lists(index, task.kind, task.own, task.target)
    excluded = np.full((len(task.lon), k), _NO_COUNTRY, dtype=np.int32)
    excluded[:, 0] = np.where(task.own >= 0, task.own, _NO_COUNTRY)
    steps: list[_Found] = []
    for step in range(k):
        found = _search(index, task, start, task.target, excluded)
        if task.kind == "any" and step == 0:
            _stand_inside(index, task, task.target, start, found)
        steps.append(found)
        if step + 1 < k:
            row = found.across
            country = index.country_of_row[row]
            excluded[:, step + 1] = np.where(row >= 0, country, _NO_COUNTRY)
            start = np.where(row >= 0, start, np.int32(-1))
    return _Found(*(np.stack([getattr(s, name) for s in steps], axis=1)
                      for name in _Found.__dataclass_fields__))  # fmt: skip


def _found_in_batches(
    index: BorderIndex, question: Question, n_jobs: int
) -> tuple[Int32Array, _Found]:
    """Country of each point and the results, in the caller's order."""
    from geo_risk._core.jit import run_chunks

    n, k = len(question.lon), question.count
    order = _walk(question.lon, question.lat)
    size, own = (n,) if k is None else (n, k), np.empty(n, dtype=np.int32)
    walked: dict[str, NDArray[Any]] = {
        name: np.empty(size, dtype=np.int32) for name in ("edge", "across", "here")
    }
    walked |= {"distance": np.empty(size), "foot": np.empty((*size, 2))}
    if question.kind == "any" or (question.given < 0).any():
        _ = index.layer.locator  # built here, before threads use it

    def run(begin: int, end: int) -> None:
        task = _batch(index, question, order[begin:end])
        found = _one(index, task) if k is None else _several(index, task, k)
        own[begin:end] = task.own
        for name, values in walked.items():
            values[begin:end] = getattr(found, name)

    run_chunks(run, n, n_jobs, maximum=_BATCH)
    if n == 1:
        return own, _Found(**walked)
    back = np.empty(n, dtype=np.int64)
    back[order] = np.arange(n)
    # one after the other, so that the result is never in memory twice
    total = _Found(**{name: walked.pop(name).take(back, axis=0) for name in list(walked)})
    return own.take(back), total


def _batch(index: BorderIndex, question: Question, chosen: NDArray[np.int64]) -> _Task:
    """Select points, and find the country of each."""
    lon, lat = question.lon.take(chosen), question.lat.take(chosen)
    own = question.given.take(chosen, mode="clip")
    inside = np.full(len(chosen), -1, dtype=np.int64)
    if question.kind == "any" or (own < 0).any():
        inside = index.layer.locator.locate_checked(lon, lat)
        own = np.where(own < 0, index.country_of_row[inside], own).astype(np.int32)
    target = question.target.take(chosen, mode="clip")
    return _Task(lon, lat, question.kind, own, target, inside, question.limit)


def _start_lists(index: BorderIndex, kind: str, own: Int32Array, target: Int32Array) -> Int32Array:
    """List of roots for the search of each point (see `_tree.Forest`); -1 for none."""
    count = len(index.ids.id_of)
    asked = target >= 0
    if kind == "land" and not asked.any():
        return own
    if kind == "land":
        group = index.group_of_pair[own, target]
        pair = np.where((own >= 0) & (group >= 0), 2 * count + 2 + group, -1)
        start = np.where(asked, pair, own)
    elif kind == "outline":
        start = np.where(own >= 0, own + count, -1)
    elif kind == "line":
        start = np.where(asked, target, 2 * count)
    else:
        start = np.where(asked, np.where(target == own, -1, target + count), 2 * count + 1)
    return start.astype(np.int32)


def _search(
    index: BorderIndex, task: _Task, start: Int32Array, target: Int32Array, excluded: Int32Array
) -> _Found:
    """Run the kernel."""
    from geo_risk.borders._nearest import nearest_edges

    n = len(task.lon)
    start = np.where(np.isnan(task.lon), np.int32(-1), start)
    length, foot = np.full(n, np.nan), np.full((n, 2), np.nan)
    edge = np.full(n, -1, dtype=np.int32)
    nearest_edges(
        index.forest, task.lon, task.lat, start, task.own, target, excluded, task.limit, 0, n,
        length, edge, foot,
    )  # fmt: skip
    across, here = _sides(index, edge, task.own, target, excluded)
    return _Found(length * WGS84_A, edge, foot, across, here)


def _walk(lon: NDArray[np.float64], lat: NDArray[np.float64]) -> NDArray[np.int64]:
    """Order of points in which neighbours follow each other, to share cached data and bounds.

    Cells of 1/65,536 of the extent of the points, along a space-filling curve.
    """
    if len(lon) < 64:
        return np.arange(len(lon))
    code = np.zeros(len(lon), dtype=np.uint32)
    for axis, values in enumerate((lon, lat)):
        low, high = np.nanmin(values, initial=90.0), np.nanmax(values, initial=-90.0)
        scaled = (values - low) * (65535.99 / max(high - low, 1e-9))
        bits = np.nan_to_num(scaled).clip(0, 65535).astype(np.uint32)
        for shift, mask in ((8, 0x00FF00FF), (4, 0x0F0F0F0F), (2, 0x33333333), (1, 0x55555555)):
            bits = (bits | (bits << np.uint32(shift))) & np.uint32(mask)
        code |= bits << np.uint32(axis)
    return _order(_order(None, code.astype(np.uint16)), (code >> np.uint32(16)).astype(np.uint16))


def _order(order: NDArray[np.int64] | None, key: NDArray[np.uint16]) -> NDArray[np.int64]:
    """Order by a key, and where it is equal the given order; sixteen bits are sorted by digits."""
    if order is None:
        return np.argsort(key, kind="stable")
    return order.take(np.argsort(key.take(order), kind="stable"))


def _sides(
    index: BorderIndex, edge: Int32Array, own: Int32Array, target: Int32Array, excluded: Int32Array
) -> tuple[Int32Array, Int32Array]:
    """Rows across the border and on this side, -1 for none (as the kernel's `_rank` sees it)."""
    forest, found = index.forest, edge >= 0
    known = slice(None) if found.all() else found
    across, here = np.full(len(edge), -1, dtype=np.int32), np.full(len(edge), -1, dtype=np.int32)
    a, b, ca, cb = forest.sides.take(edge[known], axis=0).T
    own, target, excluded = own[known], target[known], excluded[known]
    not_asked = (ca == own) | (excluded == ca[:, None]).any(axis=1)
    turned = ((b >= 0) & (cb == target)) | ((ca != target) & not_asked)
    across[known], here[known] = np.where(turned, b, a), np.where(turned, a, b)
    return across, here


def _stand_inside(
    index: BorderIndex, task: _Task, target: Int32Array, start: Int32Array, found: _Found
) -> None:
    """Set distance 0 to the country that a point lies in, if another country was given for it."""
    country = index.country_of_row[task.inside]
    within = (country >= 0) & (country != task.own) & (start >= 0)
    within &= (target < 0) | (country == target)
    found.distance[within] = 0.0
    found.foot[within, 0], found.foot[within, 1] = task.lon[within], task.lat[within]
    found.edge[within] = -1
    found.across[within], found.here[within] = task.inside[within], -1


def _named(
    index: BorderIndex, question: Question, own: Int32Array, found: _Found
) -> BorderDistances:
    """Replace ids by codes and reshape all arrays like the caller's input."""
    country, names, regions = index.country_of_row, index.country_codes, index.region_codes
    shape = (*question.shape, *found.distance.shape[1:])
    across, here = found.across, found.here
    own = own if found.distance.ndim == 1 else own[:, None]
    own = np.broadcast_to(own, found.distance.shape)
    if question.kind != "line":  # a line has both sides
        here = np.where(country[here] == own, here, np.int32(-1))
    return BorderDistances(
        distance_m=found.distance.reshape(shape),
        country_code=names.take(own, mode="wrap").reshape(shape),
        other_country_code=names.take(country.take(across, mode="wrap"), mode="wrap").reshape(
            shape
        ),
        region_code=regions.take(here, mode="wrap").reshape(shape),
        other_region_code=regions.take(across, mode="wrap").reshape(shape),
        foot_lon=found.foot[..., 0].reshape(shape),
        foot_lat=found.foot[..., 1].reshape(shape),
        edge=index.edge_position[found.edge].reshape(shape),
    )
