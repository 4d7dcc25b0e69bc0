"""The verbs on event frames: where is it, in which cell, how near is which border?

Each takes a GeoDataFrame and returns a new one with more columns. No row is dropped or reordered,
the index is kept, and the caller's frame is never changed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from geo_risk._core.constants import RESOLUTION
from geo_risk._core.frames import (
    add_columns,
    add_flags,
    check_frame,
    lonlat_of,
    texts_of,
    too_coarse,
)
from geo_risk._core.validate import check_choice, check_resolution, check_scalar
from geo_risk.frames.enrich._names import with_places
from geo_risk.frames.enrich._polygons import geocoded
from geo_risk.regions.dated import Positions, by_state

if TYPE_CHECKING:
    import geopandas

    from geo_risk.borders import Borders
    from geo_risk.regions import DatedLayer, RegionLayer

__all__ = ["border_proximity", "geocode", "index_h3"]

# What was found by name and is no column of the result.
_ASIDE = ("place_lon", "place_lat", "named_region", "named_country", "lost", "unsure")


def geocode(
    events: Any,
    layer: RegionLayer | DatedLayer | None = None,
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
    layer : RegionLayer or DatedLayer, optional
        Default: the bundled world layer. Of a layer whose regions hold from one day to another
        (`load_regions` with `valid_from`, `valid_to`), the region that holds on `date_start`;
        events without a date then get none, and of places found by name only the point.
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

    def ask(chosen: Positions, state: RegionLayer) -> dict[str, NDArray[Any]]:
        part = frame.iloc[chosen], lon[chosen], lat[chosen]
        return geocoded(*part, state, snap_km, min_score, coarse, n_jobs)

    columns = by_state(layer, frame, ask)
    found = {name: columns.pop(name) for name in _ASIDE} | {"geonames_id": columns["geonames_id"]}
    result = add_columns(with_places(frame, found), columns)
    lost, unsure = found["lost"], found["unsure"] & ~found["lost"]
    if (lost | unsure).any():
        result["flags"] = add_flags(frame, [(lost, "place_not_found"), (unsure, "ambiguous_place")])
    return result


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
    borders: Borders | RegionLayer | DatedLayer | None = None,
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
    borders : Borders, RegionLayer or DatedLayer, optional
        Borders, or the layer whose borders are meant (`load_borders`); default: the bundled world
        layer. Of a layer that holds by date, the borders on `date_start`; events without a date
        get NaN.
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
    from geo_risk.borders import Borders, load_borders

    frame = check_frame(events)
    borders = load_borders() if borders is None else borders
    lon, lat = lonlat_of(frame)
    lon[too_coarse(frame, coarse)] = np.nan
    own = _own_countries(frame)

    def measure(chosen: Positions, lines: Borders) -> dict[str, NDArray[Any]]:
        country = None if own is None or not lines.countries else own[chosen].tolist()
        near = lines.nearest(
            lon=lon[chosen], lat=lat[chosen], kind=kind, country=country, n_jobs=n_jobs
        )
        return {
            "border_m": near.distance_m,
            "border_country_code": np.asarray(near.other_country_code, dtype=object),
            "border_foot_lon": near.foot_lon,
            "border_foot_lat": near.foot_lat,
        }

    if isinstance(borders, Borders):
        columns = measure(slice(None), borders)
    else:
        columns = by_state(borders, frame, lambda at, state: measure(at, load_borders(state)))
    if kind == "land":
        columns["country_certainty"] = _certainty(frame, columns["border_m"])
    return add_columns(frame, columns)


def _own_countries(frame: geopandas.GeoDataFrame) -> NDArray[np.object_] | None:
    """Country of each event where `geocode` has been."""
    if "unit_code" not in frame.columns or "country_code" not in frame.columns:
        return None
    codes = zip(texts_of(frame, "country_code"), texts_of(frame, "unit_code"))
    return np.array(
        [*(unit if code is None else code for code, unit in codes), None], dtype=object
    )[:-1]


def _certainty(frame: geopandas.GeoDataFrame, border_m: NDArray[np.float64]) -> NDArray[np.float64]:
    """Certainty of the country of each event that lies inside the country it was given."""
    from geo_risk.borders.certainty import country_certainty

    radius: NDArray[np.float64] | float = 0.0
    if "location_uncertainty_km" in frame.columns:
        radius = _radius_km(frame)
    snapped = np.array([match == "snapped" for match in texts_of(frame, "match")], dtype=bool)
    return country_certainty(np.where(snapped, np.nan, border_m), radius)
