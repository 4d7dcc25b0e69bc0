"""`border_proximity`: the distance of each event to the nearest border."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from geo_risk._core.distinct import Texts
from geo_risk._core.types import FloatArray
from geo_risk.frames.columns import EventColumns
from geo_risk.regions.dated import Positions, by_state

if TYPE_CHECKING:
    import geopandas

    from geo_risk.borders import Borders
    from geo_risk.regions import DatedLayer, RegionLayer

__all__ = ["border_proximity", "own_countries", "proximity_columns"]


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
        Points in any CRS. After `geocode`, its country counts as the event's own country, so that
        a snapped event and its border agree.
    borders : Borders, RegionLayer or DatedLayer, optional
        Borders, or the layer whose borders are used (`load_borders`); default: the bundled world
        layer. For a dated layer, the borders on `date_start`; events without a date get NaN.
    kind : {"land", "any", "outline", "line"}
        What counts as a border; see `Borders.nearest`.
    coarse : {"skip", "keep"}
        Events whose coordinates only stand for a district, a province or a country get NaN
        ("skip"): the distance of a representative point says nothing about the event.
    n_jobs : int, default 1
        Threads; -1 for all processors.

    Returns
    -------
    GeoDataFrame
        EPSG:4326, same rows, with `border_m` (WGS84 geodesic metres), `border_country_code` (the
        country on the other side, or its unit code), `border_foot_lon` and `border_foot_lat`
        (nearest point of the border); NaN and None if undefined: at sea, on islands without a
        land border, for missing coordinates. With `kind="land"` also `country_certainty`: the
        probability that the country is right, see `country_certainty`; NaN if `border_m` is NaN
        and for snapped events.

    Raises
    ------
    TypeError, ValueError
        Not a GeoDataFrame, no CRS, geometries other than points, an unknown kind.

    Notes
    -----
    The distance is exact for the layer's border; the layer's own error, about a kilometre, is in
    `layer.provenance` and is not added here. The distance is measured from the stated point:
    `border_within` gives an interval for the distance of the event itself, and the probability
    that the border is within a given distance of it.

    Examples
    --------
    >>> import geo_risk as gr
    >>> events = gr.read_events([{"lon": 69.53451, "lat": 36.73605}])  # Taloqan
    >>> near = gr.border_proximity(gr.geocode(events))
    >>> near["border_country_code"].tolist(), near["border_m"].round(-3).tolist()
    (['TJK'], [47000.0])
    """
    return proximity_columns(
        EventColumns.of(events), borders, kind=kind, coarse=coarse, n_jobs=n_jobs
    ).to_frame()


def proximity_columns(
    events: EventColumns,
    borders: Borders | RegionLayer | DatedLayer | None = None,
    *,
    kind: str = "land",
    coarse: str = "skip",
    n_jobs: int = 1,
) -> EventColumns:
    """Events with the columns of `border_proximity`."""
    from geo_risk.borders import Borders, load_borders

    skipped = events.too_coarse(coarse)
    borders = load_borders() if borders is None else borders
    lon, lat = events.lonlat
    if skipped.any():
        lon = np.where(skipped, np.nan, lon)
    own = own_countries(events)

    def measure(chosen: Positions, lines: Borders) -> dict[str, Any]:
        country: Any = None if own is None or not lines.countries else own.take(chosen)
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
        columns = by_state(borders, events.base, lambda at, state: measure(at, load_borders(state)))
    if kind == "land":
        columns["country_certainty"] = _certainty(events, columns["border_m"])
    return events.with_columns(columns)


def own_countries(events: EventColumns) -> Texts | None:
    """Country of each event as found by `geocode`; None if the frame has no such columns."""
    if "unit_code" not in events or "country_code" not in events:
        return None
    codes, units = events.texts("country_code"), events.texts("unit_code")
    if codes.known.all():
        return codes
    both = np.concatenate([codes.values, units.values])
    return Texts.of_values(both).take(
        np.where(codes.known | ~units.known, codes.codes, units.codes + len(codes.values))
    )


def _certainty(events: EventColumns, border_m: FloatArray) -> FloatArray:
    """Certainty of the country of each event that lies inside its assigned country."""
    from geo_risk.borders.certainty import country_certainty

    radius = events.radius_km if "location_uncertainty_km" in events else 0.0
    snapped = events.texts("match").isin(("snapped",))
    return country_certainty(np.where(snapped, np.nan, border_m), radius)
