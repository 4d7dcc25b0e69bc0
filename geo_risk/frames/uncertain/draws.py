"""Draws of uncertain locations: where else could these events have been?"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from geo_risk._core.validate import refuse_unused, renamed
from geo_risk.frames.uncertain.location_draws import LocationDraws, make_draws

if TYPE_CHECKING:
    import numpy as np

    from geo_risk.regions import RegionLayer

__all__ = ["LocationDraws", "draw_locations"]


def draw_locations(
    events: Any,
    layer: RegionLayer | None = None,
    *,
    places: int | None = None,
    seed: int | np.random.Generator | None = None,
    spread: str = "support",
    weights: Any = None,
    distribution: str | None = None,
    coverage: float | None = None,
    stated_country: str | None = None,
    n_jobs: int = 1,
    draws: int | None = None,
) -> LocationDraws:
    """Draw places of events at random within what their stated precision supports.

    Guaranteed: draws are independent of each other and of the order and index of the rows (of
    events that are stated alike, any one may get any of their places); the same seed gives the
    same places, and the first draws are the same however many are asked for. Not guaranteed: that
    the stated precision is right, or that events of one province are where people are, unless
    `weights` say so.

    Parameters
    ----------
    events : GeoDataFrame
        Points in any CRS, n rows; best from `read_events`.
    layer : RegionLayer, optional
        Default: the bundled world layer. For layers finer than first-order regions, events known
        to the first-order unit have no place, because the layer does not draw it.
    places : int, default 100
        How many places R are drawn of each event.
    seed : int, numpy Generator or None
        None draws a fresh one.
    spread : {"support", "disc", "region"}
        "support": each event over what its precision supports: a place with a radius
        (`location_uncertainty_km`) over its disc, a district or province over its first-order
        region, a line or a country over the country's regions; a point without a radius stays
        where it is. "disc": the same, but what is only known to a unit has no place. "region":
        every event over the whole region that holds its point, as if no more were known.
    weights : mapping or Series of H3 cells to values, optional
        Where events are likelier, people for example: cells of one resolution (hexadecimal or
        uint64) with values >= 0; a cell that is not there has 0. Without it, by area. A region or
        disc in which all weights are 0 is drawn in without them; `result.weighted` says so.
    distribution, coverage
        Law of the distance from the stated point, as in `region_probabilities`; refused with
        `spread="region"`, which has no such distance, and so is `stated_country`.
    stated_country : {"ignore", "cut"}, default "ignore"
        With "cut", what a disc puts into another country than the stated one is drawn again
        within that (UCDP cuts "near a place" at the country), what falls into the sea stays. A
        disc of which less than about 1 in 2,000 lies in the stated country is left as it is.
    n_jobs : int, default 1
        Threads; -1 for all processors. The result does not depend on it.
    draws : int, optional
        Old name of `places`, deprecated.

    Returns
    -------
    LocationDraws
        `lon`, `lat` of shape (R, n), NaN where nothing is known of the place; `spread`,
        `weighted` and `missing`, of shape (n,), say for which and how the others were drawn.

    Raises
    ------
    TypeError, ValueError
        No GeoDataFrame, no CRS, geometries other than points, negative radii, options out of
        range; a layer that holds by date; weights that are negative, missing, all 0, of mixed
        resolutions or hardly touch the region that they should spread events over.

    Notes
    -----
    Discs: distance by the inverse of its distribution function, bearing uniform, on the mean
    sphere (within 0.6 % of geodesic distances). Regions: uniform by area on the sphere, by
    rejection from boxes that cover the region (0.6 of the proposals are taken); every place has
    been located in its region like any other point. With weights the density within a cell is
    uniform by area, and the places have density proportional to law times weight per km²; a
    weighted disc ends where 99.99 % of its law do. Discs may reach into the sea and other
    countries.

    Memory: 16 bytes for each event and draw. Processor time, each: about 0.2 µs for discs, 0.4 µs
    for regions, 1 µs for countries, 5 µs for weighted discs (`docs/uncertain_locations.md`).

    References
    ----------
    Croicu, M., Hegre, H. (2018). A fast spatial multiple imputation procedure for imprecise armed
    conflict events. Uppsala University.

    Examples
    --------
    >>> import geo_risk as gr
    >>> events = gr.read_events([{"lon": 69.53, "lat": 36.74}] * 2)  # Taloqan
    >>> events["location_precision"] = ["place", "admin1"]
    >>> events["location_uncertainty_km"] = [5.0, float("nan")]
    >>> found = gr.draw_locations(events, places=200, seed=1)
    >>> found.lon.shape, found.spread.tolist()
    ((200, 2), ['disc', 'region'])
    >>> rows = gr.load_regions().locate(lon=found.lon[:, 1], lat=found.lat[:, 1])
    >>> {gr.load_regions().columns["region_code"][row] for row in rows}
    {'AF-TAK'}
    """
    places = renamed(places, "places", draws, "draws")
    of_discs = {
        "distribution": distribution,
        "coverage": coverage,
        "stated_country": stated_country,
    }
    if spread == "region":
        refuse_unused(of_discs, 'spread="region" draws over whole regions')
    given: dict[str, Any] = {name: value for name, value in of_discs.items() if value is not None}
    return make_draws(
        events, layer, places=100 if places is None else places, seed=seed, spread=spread,
        weights=weights, n_jobs=n_jobs, **given,
    )  # fmt: skip
