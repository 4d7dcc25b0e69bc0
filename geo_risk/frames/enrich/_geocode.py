"""`geocode`: the admin region of each event."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from geo_risk._core.validate import check_choice, check_scalar
from geo_risk.frames.columns import EventColumns
from geo_risk.frames.enrich._names import with_places
from geo_risk.frames.enrich._polygons import geocoded
from geo_risk.regions.dated import Positions, by_state

if TYPE_CHECKING:
    import geopandas

    from geo_risk.regions import DatedLayer, RegionLayer

__all__ = ["geocode", "geocode_columns"]

# Found by name, but not a column of the result.
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

    Events with coordinates are located by exact point-in-polygon tests. Events without
    coordinates but with a `location_name` are located by gazetteer and get the place's
    coordinates. Points outside every region (on a pier, just offshore) are assigned to the nearest
    region within `snap_km`.

    Parameters
    ----------
    events : GeoDataFrame
        Points in any CRS; best from `read_events`. `location_name` and `country_stated` are
        used if a row has no geometry.
    layer : RegionLayer or DatedLayer, optional
        Default: the bundled world layer. For a dated layer (`load_regions` with `valid_from`,
        `valid_to`), the region that is valid on `date_start`; events without a date then get no
        region, and if they are found by name only the point.
    snap_km : float, default 5.0
        Largest distance at which a point outside all regions is assigned to the nearest one; 0 for
        never. If your own layer ends at a border, points that the bundled layer locates in another
        country are not assigned.
    min_score : float, default 0.8
        Lowest gazetteer score, in [0, 1], that counts as a match.
    coarse : {"skip", "keep"}
        Events whose `location_precision` supports no region of the layer's level (a country, a
        line, at level 2 also a region of level 1) have only a representative point. They get no
        region ("skip"), or the region of that point ("keep"). They always get their country.
    n_jobs : int, default 1
        Threads; -1 for all processors.

    Returns
    -------
    GeoDataFrame
        EPSG:4326, same rows, order and index, with

        - `country_code`, `country_name`, `region_code`, `region_name`: None if unknown; the
          region also if the precision supports none (`coarse`). The country code is also None
          if no state is assigned; `unit_code` then names the layer's unit;
        - `unit_code`: the layer's own country-like unit;
        - `claimed_by`: codes of the states that claim the region in addition to its administrator,
          joined by ";", None if there are none;
        - `match`: "polygon", "snapped", "gazetteer" or "none";
        - `snap_m`: geodesic metres to the region for "snapped", else NaN;
        - `place_name`, `geonames_id`, `place_score`: what the gazetteer found (otherwise None, -1,
          NaN). Such rows get the place's coordinates and, if the input states no precision, the
          precision "place" with 5 km. A name that is not a place but one region of the layer gives
          the region, without coordinates, and the precision "admin1". The name of a country, if
          no place of that country has it, or a stated country without a name, gives the
          country, without region and coordinates, and the precision "country". Flags:
          "place_not_found", and "ambiguous_place" if another place of that name is nearly as
          likely, or a country has the same name (Georgia, Congo, Luxembourg).

        A column of the input with one of these names is kept with an underscore appended.

    Raises
    ------
    TypeError, ValueError
        Not a GeoDataFrame, no CRS, geometries other than points, options out of range.

    Notes
    -----
    The result is exact for the layer's polygons. Near a border, compare `border_m` with the
    layer's nominal accuracy (`layer.provenance`), which is about a kilometre. The region is the
    one that contains the stated point: an event known to within 25 km may lie in another one.
    `region_probabilities` gives every region that the event's disc, or its coded unit, touches.

    Examples
    --------
    >>> import geo_risk as gr
    >>> events = gr.read_events([{"location_name": "Taloqan", "country": "Afghanistan"}])
    >>> gr.geocode(events)[["region_code", "match"]].values.tolist()
    [['AF-TAK', 'gazetteer']]
    """
    return geocode_columns(
        EventColumns.of(events), layer, snap_km=snap_km, min_score=min_score, coarse=coarse,
        n_jobs=n_jobs,
    ).to_frame()  # fmt: skip


def geocode_columns(
    events: EventColumns,
    layer: RegionLayer | DatedLayer | None = None,
    *,
    snap_km: float = 5.0,
    min_score: float = 0.8,
    coarse: str = "skip",
    n_jobs: int = 1,
) -> EventColumns:
    """Events with the columns of `geocode`."""
    from geo_risk.regions import load_regions

    snap_km = check_scalar(snap_km, "snap_km", low=0.0, high=500.0)
    min_score = check_scalar(min_score, "min_score", low=0.0, high=1.0)
    check_choice(coarse, "coarse", ("skip", "keep"))
    layer = load_regions() if layer is None else layer

    def ask(chosen: Positions, state: RegionLayer) -> dict[str, Any]:
        return geocoded(events.take(chosen), state, snap_km, min_score, coarse, n_jobs)

    columns = by_state(layer, events.base, ask)
    found = {name: columns.pop(name) for name in _ASIDE} | {"geonames_id": columns["geonames_id"]}
    lost, unsure = found["lost"], found["unsure"] & ~found["lost"]
    result = with_places(events, found).with_columns(columns)
    return result.with_flags([(lost, "place_not_found"), (unsure, "ambiguous_place")])
