"""Where is it: the admin region of each event."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from numpy.typing import NDArray

from geo_risk._core.frames import add_columns, add_flags, check_frame, lonlat_of
from geo_risk._core.validate import check_choice, check_scalar
from geo_risk.frames.enrich._names import with_places
from geo_risk.frames.enrich._polygons import geocoded
from geo_risk.regions.dated import Positions, by_state

if TYPE_CHECKING:
    import geopandas

    from geo_risk.regions import DatedLayer, RegionLayer

__all__ = ["geocode"]

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
