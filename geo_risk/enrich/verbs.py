"""The verbs on event frames: where is it, in which cell, how near is which border?

Each takes a GeoDataFrame and returns a new one with more columns. No row is dropped or reordered,
the index is kept, and the caller's frame is never changed.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from geo_risk._constants import RESOLUTION
from geo_risk._frames import add_columns, add_flags, check_frame, lonlat_of, texts_of, too_coarse
from geo_risk._validate import check_choice, check_resolution, check_scalar
from geo_risk.enrich._names import find_named, with_places

if TYPE_CHECKING:
    import geopandas

    from geo_risk.borders import Borders
    from geo_risk.regions import RegionLayer

__all__ = ["border_proximity", "geocode", "index_h3"]

# The finest level of which a stand-in coordinate tells the unit.
_LEVEL_OF = {"admin2": 2, "admin1": 1, "line": 0, "country": 0, "none": 0}


def geocode(
    events: Any,
    layer: RegionLayer | None = None,
    *,
    snap_km: float = 5.0,
    min_score: float = 0.8,
    coarse: str = "skip",
    n_jobs: int = 1,
) -> geopandas.GeoDataFrame:
    """Find the admin region of each event.

    Events with coordinates are located by exact polygon. Events without, but with a
    `location_name`, are located by gazetteer and get the place's coordinates. Points outside
    every region, on a pier or just offshore, go to the nearest region within `snap_km`.

    Parameters
    ----------
    events : GeoDataFrame
        Points in any CRS; best from `read_events`. `location_name` and `country_stated` are
        used where a row has no geometry.
    layer : RegionLayer, optional
        Default: the bundled world layer. Of a layer whose regions hold from one day to another
        (`load_regions` with `valid_from`, `valid_to`), the region that holds on `date_start`;
        events without a date then get none.
    snap_km : float, default 5.0
        How far outside a point may lie and still be given to the nearest region; 0 for never.
        Where a layer of your own ends at a border, points that the bundled layer puts in another
        country are not.
    min_score : float, default 0.8
        Lowest gazetteer score, in [0, 1], that is taken for a match.
    coarse : {"skip", "keep"}
        Events whose `location_precision` supports no region of the layer's level (a country, a
        line, at level 2 also a region of level 1) get none ("skip"), since their coordinates are
        a stand-in, or the one that holds the stand-in ("keep"). Their country is given always.
    n_jobs : int, default 1
        Threads; -1 for all processors.

    Returns
    -------
    GeoDataFrame
        EPSG:4326, same rows, order and index, with

        - `country_code`, `country_name`, `region_code`, `region_name`: None where unknown, the
          region also where the precision supports none (`coarse`). The country code is None, too,
          where no state is assigned; `unit_code` then names the layer's unit;
        - `unit_code`: the layer's own country-like unit;
        - `claimed_by`: codes of the states that claim the region beside its administrator,
          joined by ";", None where none does;
        - `match`: "polygon", "snapped", "gazetteer" or "none";
        - `snap_m`: geodesic metres to the region for "snapped", else NaN;
        - `place_name`, `geonames_id`, `place_score`: what the gazetteer found (None, -1, NaN
          elsewhere). Such rows get the place's coordinates and, where the input states none, the
          precision "place" with 5 km. A name that is no place but one region of the layer gives
          the region, without coordinates, and the precision "admin1". The name of a country, if
          no place of that country is called so, or no name but a stated country, gives the
          country, without region and coordinates, and the precision "country". Flags:
          "place_not_found", and "ambiguous_place" where another place of that name is nearly as
          likely, or a country bears it (Georgia, Congo, Luxembourg).

        A column of the input with one of these names is kept with an underscore appended.

    Raises
    ------
    TypeError, ValueError
        No GeoDataFrame, no CRS, geometries other than points, options out of range.

    Notes
    -----
    Exact means: for the layer's polygons. Near a border compare `border_m` with the layer's
    nominal accuracy (`layer.provenance`), which is of the order of a kilometre. The region is that
    of the stated point: an event known to 25 km may lie in another one. `region_probabilities`
    gives every region that the event's disc, or the unit it is coded to, touches.

    Examples
    --------
    >>> import geo_risk as gr
    >>> events = gr.read_events([{"location_name": "Taloqan", "country": "Afghanistan"}])
    >>> gr.geocode(events)[["region_code", "match"]].values.tolist()
    [['AF-TAK', 'gazetteer']]
    """
    from geo_risk.regions import load_regions

    frame = check_frame(events)
    snap_km = check_scalar(snap_km, "snap_km", low=0.0, high=500.0)
    min_score = check_scalar(min_score, "min_score", low=0.0, high=1.0)
    check_choice(coarse, "coarse", ("skip", "keep"))
    layer = load_regions() if layer is None else layer
    lon, lat = lonlat_of(frame)
    match = np.full(len(frame), "none", dtype=object)
    found = find_named(frame, layer, np.isnan(lon), min_score)
    by_name = found["rows"]
    lon[by_name], lat[by_name] = found["lon"], found["lat"]
    rows, snap_m = np.full(len(frame), -1, dtype=np.int64), np.full(len(frame), np.nan)
    for at, row_of, state in _states(layer, frame):
        inside, snap_m[at] = _located(state, lon[at], lat[at], snap_km, n_jobs)
        rows[at] = np.append(row_of, -1)[inside]
    match[rows >= 0], match[~np.isnan(snap_m)] = "polygon", "snapped"
    by_region = found["region_rows"]
    rows[by_region], match[by_region], match[by_name] = found["regions"], "gazetteer", "gazetteer"
    columns = _region_columns(layer, rows)
    for row, home in found["countries"].items():
        match[row] = "gazetteer"
        for name in {"country_code", "country_name", "unit_code"} & columns.keys():
            columns[name][row] = layer.columns[name][home]
    if coarse == "skip":
        terms = texts_of(frame, "location_precision")
        finer = np.array([_LEVEL_OF.get(str(term), layer.level) < layer.level for term in terms])
        for name in {"region_code", "region_name"} & columns.keys():
            columns[name][finer.astype(bool)] = None
    columns |= {"match": match, "snap_m": snap_m, **found["columns"]}
    result = add_columns(with_places(frame, found, lon, lat), columns)
    if any(mask.any() for mask, _ in found["flags"]):
        result["flags"] = add_flags(frame, found["flags"])
    return result


def _region_columns(layer: RegionLayer, rows: NDArray[np.int64]) -> dict[str, Any]:
    """Attributes of the layer's rows, None where the row is -1."""
    columns: dict[str, Any] = {}
    for name in ("country_code", "country_name", "region_code", "region_name", "unit_code"):
        if name in layer.columns:
            values = np.array([*layer.columns[name], None], dtype=object)
            columns[name] = values[rows]  # -1 is the None at the end
    claims = layer.columns.get("claimed_by", [None] * len(layer))
    joined = [";".join(claim) or None if claim else None for claim in claims]
    columns["claimed_by"] = np.array([*joined, None], dtype=object)[rows]
    return columns


def _states(
    layer: RegionLayer, frame: geopandas.GeoDataFrame
) -> Iterable[tuple[NDArray[np.int64], NDArray[np.int64], RegionLayer]]:
    """Events by the state of the layer on their day, with the state's rows in the layer."""
    from geo_risk.regions import DatedLayer

    if not isinstance(layer, DatedLayer):
        return [(np.arange(len(frame)), np.arange(len(layer)), layer)]
    if "date_start" not in frame.columns:
        raise ValueError(
            f"Invalid events: the layer {layer.name!r} holds by date, but there is no column "
            "date_start."
        )
    return layer.as_of(frame["date_start"].to_numpy())


def _located(
    layer: RegionLayer,
    lon: NDArray[np.float64],
    lat: NDArray[np.float64],
    snap_km: float,
    n_jobs: int,
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Region that holds each point or, within the limit, is nearest: row or -1, and metres."""
    rows, snap_m = layer.locate(lon=lon, lat=lat, n_jobs=n_jobs), np.full(len(lon), np.nan)
    if snap_km > 0.0:
        adrift = np.flatnonzero((rows < 0) & ~np.isnan(lon))
        rows[adrift], snap_m[adrift] = _snap(layer, lon[adrift], lat[adrift], snap_km, n_jobs)
    return rows, snap_m


def _snap(
    layer: RegionLayer,
    lon: NDArray[np.float64],
    lat: NDArray[np.float64],
    snap_km: float,
    n_jobs: int,
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Nearest region of points outside all, within the limit: row or -1, and metres."""
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
    if borders.context is not None:  # outside a layer that ends at a border is often abroad
        context = borders.context
        own = np.array([*layer.country_labels, None], dtype=object)[found]
        inside = context.locate(lon=lon[hit], lat=lat[hit], n_jobs=n_jobs)
        home = (inside < 0) | (
            np.array([*context.country_labels, None], dtype=object)[inside] == own
        )
        hit, found = hit[home], found[home]
    rows[hit], metres[hit] = found, near.distance_m[hit]
    return rows, metres


def index_h3(
    events: Any, *, resolution: int = RESOLUTION, coarse: str = "skip"
) -> geopandas.GeoDataFrame:
    """Give each event its H3 cell.

    Parameters
    ----------
    events : GeoDataFrame
        Points in any CRS.
    resolution : int, default 7
        0 to 15; a cell of resolution 7 has about 5 km².
    coarse : {"skip", "parent", "keep"}
        Events whose `location_precision` says that their coordinates only stand for a district,
        a province or a country get no cell ("skip"): a cell would state more than is known.
        "parent": nor does any other event get a cell smaller than the disc that its
        `location_uncertainty_km` leaves, but the larger cell of the finest resolution that is
        not; so resolutions are mixed. `assess` does so unless it is told a resolution. "keep":
        every point gets its cell.

    Returns
    -------
    GeoDataFrame
        EPSG:4326, same rows, with `h3_cell` (hexadecimal string, None where missing); skipped
        rows have the flag "coarser_than_cell".

    Raises
    ------
    TypeError, ValueError
        No GeoDataFrame, no CRS, geometries other than points, an invalid resolution.

    Examples
    --------
    >>> import geo_risk as gr
    >>> events = gr.read_events([{"lon": 69.53451, "lat": 36.73605, "uncertainty_km": 25}])
    >>> gr.index_h3(events, resolution=5)["h3_cell"].tolist()
    ['8520864bfffffff']
    >>> gr.index_h3(events, resolution=5, coarse="parent")["h3_cell"].tolist()
    ['8420865ffffffff']
    """
    from geo_risk.cells import cells_to_strings, h3_cells

    check_choice(coarse, "coarse", ("skip", "parent", "keep"))
    frame = check_frame(events)
    resolution = check_resolution(resolution)
    lon, lat = lonlat_of(frame)
    skipped = too_coarse(frame, "keep" if coarse == "keep" else "skip") & ~np.isnan(lon)
    lon[skipped] = np.nan
    if coarse == "parent":
        cells = _supported_cells(frame, lon, lat, resolution)
        skipped |= (cells == 0) & ~np.isnan(lon)
    else:
        cells = h3_cells(lon=lon, lat=lat, resolution=resolution)
    columns: dict[str, Any] = {"h3_cell": cells_to_strings(cells)}
    result = add_columns(frame, columns)
    if skipped.any():
        result["flags"] = add_flags(frame, [(skipped, "coarser_than_cell")])
    return result


def _supported_cells(
    frame: geopandas.GeoDataFrame,
    lon: NDArray[np.float64],
    lat: NDArray[np.float64],
    resolution: int,
) -> NDArray[np.uint64]:
    """Cells of the finest resolution, at most `resolution`, with at least the area of the disc."""
    from geo_risk.cells import cell_areas_km2, h3_cells

    radius = _radius_km(frame)
    disc_km2 = np.pi * np.where(np.isnan(radius), 0.0, radius) ** 2
    cells, left = np.zeros(len(lon), dtype=np.uint64), np.flatnonzero(~np.isnan(lon))
    for finest in range(resolution, -1, -1):
        if len(left) == 0:
            break
        found = h3_cells(lon=lon[left], lat=lat[left], resolution=finest)
        large = cell_areas_km2(found) >= disc_km2[left]
        cells[left[large]] = found[large]
        left = left[~large]
    return cells


def _radius_km(frame: geopandas.GeoDataFrame) -> NDArray[np.float64]:
    """Radius that holds each event, as far as the frame states one; else NaN."""
    if "location_uncertainty_km" not in frame.columns:
        return np.full(len(frame), np.nan)
    radius: NDArray[np.float64] = frame["location_uncertainty_km"].to_numpy(
        dtype=float, na_value=np.nan
    )
    return radius


def border_proximity(
    events: Any,
    borders: Borders | None = None,
    *,
    kind: str = "land",
    coarse: str = "skip",
    n_jobs: int = 1,
) -> geopandas.GeoDataFrame:
    """Measure each event's distance to the nearest border with another country.

    Parameters
    ----------
    events : GeoDataFrame
        Points in any CRS. Where `geocode` has been here, its country counts as the event's own,
        so that a snapped event and its border agree.
    borders : Borders, optional
        Default: those of the bundled world layer.
    kind : {"land", "any", "outline", "line"}
        What counts as border; see `Borders.nearest`.
    coarse : {"skip", "keep"}
        Events whose coordinates only stand for a district, a province or a country get NaN
        ("skip"): the distance of a stand-in point says nothing about the event.
    n_jobs : int, default 1
        Threads; -1 for all processors.

    Returns
    -------
    GeoDataFrame
        EPSG:4326, same rows, with `border_m` (WGS84 geodesic metres), `border_country_code` (the
        country on the other side, or its unit code), `border_foot_lon` and `border_foot_lat`
        (nearest point of the border); NaN and None where undefined: at sea, on islands without
        land border, for missing coordinates. With `kind="land"` also `country_certainty`: the
        probability that the country is right, see `country_certainty`; NaN where `border_m` is
        and for snapped events.

    Raises
    ------
    TypeError, ValueError
        No GeoDataFrame, no CRS, geometries other than points, an unknown kind.

    Notes
    -----
    The distance is exact for the layer's border; the layer's own error, about a kilometre, is in
    `layer.provenance` and is not added here. The distance is that of the stated point:
    `border_within` gives the interval that holds the event's own distance, and the probability
    that the border is within so many kilometres of it.

    Examples
    --------
    >>> import geo_risk as gr
    >>> events = gr.read_events([{"lon": 69.53451, "lat": 36.73605}])  # Taloqan
    >>> near = gr.border_proximity(gr.geocode(events))
    >>> near["border_country_code"].tolist(), near["border_m"].round(-3).tolist()
    (['TJK'], [47000.0])
    """
    from geo_risk.borders import load_borders

    frame = check_frame(events)
    borders = load_borders() if borders is None else borders
    lon, lat = lonlat_of(frame)
    lon[too_coarse(frame, coarse)] = np.nan
    country = None
    if "unit_code" in frame.columns and "country_code" in frame.columns:
        codes = zip(texts_of(frame, "country_code"), texts_of(frame, "unit_code"))
        country = [unit if code is None else code for code, unit in codes]
    near = borders.nearest(lon=lon, lat=lat, kind=kind, country=country, n_jobs=n_jobs)
    columns = {
        "border_m": near.distance_m,
        "border_country_code": np.asarray(near.other_country_code, dtype=object),
        "border_foot_lon": near.foot_lon,
        "border_foot_lat": near.foot_lat,
    }
    if kind == "land":
        columns["country_certainty"] = _certainty(frame, near.distance_m)
    return add_columns(frame, columns)


def _certainty(frame: geopandas.GeoDataFrame, border_m: NDArray[np.float64]) -> NDArray[np.float64]:
    """Certainty of the country of each event that lies inside the country it was given."""
    from geo_risk.certainty import country_certainty

    radius: NDArray[np.float64] | float = 0.0
    if "location_uncertainty_km" in frame.columns:
        radius = _radius_km(frame)
    snapped = np.array([match == "snapped" for match in texts_of(frame, "match")], dtype=bool)
    return country_certainty(np.where(snapped, np.nan, border_m), radius)
