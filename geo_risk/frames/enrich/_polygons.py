"""Locate events in one layer of polygons, by their point or by their name."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from geo_risk._core.distinct import Texts
from geo_risk._core.types import FloatArray, IntArray
from geo_risk.frames.enrich._names import find_named

if TYPE_CHECKING:
    from geo_risk.frames.columns import EventColumns
    from geo_risk.regions import RegionLayer

__all__ = ["geocoded"]


_MATCHES = np.array(["none", "polygon", "snapped", "gazetteer"], dtype=object)
# Finest admin level that a representative point supports, by location_precision.
_LEVEL_OF = {"admin2": 2, "admin1": 1, "line": 0, "country": 0, "none": 0}


def geocoded(
    events: EventColumns, layer: RegionLayer, snap_km: float, min_score: float, coarse: str,
    n_jobs: int,
) -> dict[str, Any]:  # fmt: skip
    """Columns of `geocode` for one layer, and the other results of `find_named`."""
    lon, lat = events.lonlat
    found = find_named(events, layer, np.isnan(lon), min_score)
    place, region = found["geonames_id"] >= 0, found["named_region"] >= 0
    country = found["named_country"]
    if place.any():
        lon = np.where(place, found["place_lon"], lon)
        lat = np.where(place, found["place_lat"], lat)
    rows, snap_m = _located(layer, lon, lat, snap_km, n_jobs)
    rows[region] = found["named_region"][region]
    match = np.where(rows >= 0, np.where(np.isnan(snap_m), 1, 2), 0).astype(np.int32)
    match[place | region | (country >= 0)] = 3
    of_country = np.where(country >= 0, country, rows)
    of_region = rows
    if coarse == "skip":
        level = events.texts("location_precision").map(
            lambda term: _LEVEL_OF.get(term, layer.level), layer.level, np.int64
        )
        of_region = np.where(level < layer.level, -1, rows)
    placed = {name: found.pop(name) for name in ("place_name", "geonames_id", "place_score")}
    columns = _region_columns(layer, rows, of_country, of_region)
    return columns | {"match": Texts(_MATCHES, match), "snap_m": snap_m} | placed | found


def _region_columns(
    layer: RegionLayer, rows: IntArray, of_country: IntArray, of_region: IntArray
) -> dict[str, Any]:
    """Attributes of the layer's rows, those of the country and of the region; none for -1."""
    columns: dict[str, Any] = {}
    for name, chosen in (
        ("country_code", of_country), ("country_name", of_country), ("region_code", of_region),
        ("region_name", of_region), ("unit_code", of_country),
    ):  # fmt: skip
        if name in layer.columns:
            columns[name] = Texts.of_values(layer.columns[name], blank=True).take(chosen)
    claims = layer.columns.get("claimed_by", [None] * len(layer))
    joined = [";".join(claim) or None if claim else None for claim in claims]
    columns["claimed_by"] = Texts.of_values(joined).take(rows)
    return columns


def _located(
    layer: RegionLayer,
    lon: FloatArray,
    lat: FloatArray,
    snap_km: float,
    n_jobs: int,
) -> tuple[IntArray, FloatArray]:
    """Row of the region that contains each point or is nearest within the limit, and metres.

    The row is -1 if there is none; the metres are NaN unless the point is snapped.
    """
    rows, snap_m = layer.locate(lon=lon, lat=lat, n_jobs=n_jobs), np.full(len(lon), np.nan)
    if snap_km > 0.0:
        adrift = np.flatnonzero((rows < 0) & ~np.isnan(lon))
        rows[adrift], snap_m[adrift] = _snap(layer, lon[adrift], lat[adrift], snap_km, n_jobs)
    return rows, snap_m


def _snap(
    layer: RegionLayer,
    lon: FloatArray,
    lat: FloatArray,
    snap_km: float,
    n_jobs: int,
) -> tuple[IntArray, FloatArray]:
    """Nearest region within the limit for points outside all regions: row or -1, and metres."""
    from geo_risk.borders import load_borders

    rows = np.full(len(lon), -1, dtype=np.int64)
    metres = np.full(len(lon), np.nan)
    if len(lon) == 0:
        return rows, metres
    borders = load_borders(layer)
    near = borders.nearest(lon=lon, lat=lat, kind="any", max_km=snap_km, n_jobs=n_jobs)
    hit = np.flatnonzero(~np.isnan(near.distance_m))
    row_of = {code: row for row, code in enumerate(layer.columns["region_code"])}
    found = np.array([row_of[code] for code in near.other_region_code[hit]], dtype=np.int64)
    if borders.context is not None:  # a point outside a layer that ends at a border may be abroad
        context = borders.context
        own = np.array([*layer.country_labels, None], dtype=object)[found]
        inside = context.locate(lon=lon[hit], lat=lat[hit], n_jobs=n_jobs)
        home = (inside < 0) | (
            np.array([*context.country_labels, None], dtype=object)[inside] == own
        )
        hit, found = hit[home], found[home]
    rows[hit], metres[hit] = found, near.distance_m[hit]
    return rows, metres
