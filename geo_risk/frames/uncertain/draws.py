"""`draw_locations`: random positions of events within their stated precision."""

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
    """Draw random positions of events within what their stated precision supports.

    Guaranteed: draws are independent of each other and of the order and index of the rows (events
    with the same stated values may exchange their positions); the same seed gives the same
    positions, and the first draws do not depend on the number of draws. Not guaranteed: that the
    stated precision is right, or that events known to a province lie where people live, unless
    `weights` say so.

    Parameters
    ----------
    events : GeoDataFrame
        Points in any CRS, n rows; best from `read_events`.
    layer : RegionLayer, optional
        Default: the bundled world layer. For layers finer than first-order regions, events known
        only to the first-order unit have no position: the layer does not contain that unit.
    places : int, default 100
        Number of positions R drawn for each event.
    seed : int, numpy Generator or None
        None draws a new seed.
    spread : {"support", "disc", "region"}
        "support": each event over what its precision supports: a place with a radius
        (`location_uncertainty_km`) over its disc, a district or province over its first-order
        region, a line or a country over the country's regions; a point without a radius stays
        where it is. "disc": the same, but events known only to a unit have no position. "region":
        every event over the whole region that contains its point, as if no more were known.
    weights : mapping or Series of H3 cells to values, optional
        Where events are more likely, for example population: cells of one resolution (hexadecimal
        or uint64) with values >= 0; a cell that is not listed has 0. Default: by area. In a region
        or disc in which all weights are 0 they are not used; `result.weighted` says so.
    distribution, coverage
        Distribution of the distance from the stated point, as in `region_probabilities`. Not
        allowed with `spread="region"`, which has no such distance; neither is `stated_country`.
    stated_country : {"ignore", "cut"}, default "ignore"
        With "cut", positions in another country than the stated one are drawn again within it
        (UCDP cuts "near a place" at the country); positions in the sea stay. A disc of which less
        than about 1 in 2,000 lies in the stated country is left unchanged.
    n_jobs : int, default 1
        Threads; -1 for all processors. The result does not depend on it.
    draws : int, optional
        Old name of `places`, deprecated.

    Returns
    -------
    LocationDraws
        `lon`, `lat` of shape (R, n), NaN if nothing is known about the location; `spread`,
        `weighted` and `missing`, of shape (n,), say how each event was drawn.

    Raises
    ------
    TypeError, ValueError
        Not a GeoDataFrame, no CRS, geometries other than points, negative radii, options out of
        range; a dated layer; weights that are negative, missing, all 0, of mixed resolutions, or
        that hardly touch the region in which events are drawn.

    Notes
    -----
    Discs: distance by the inverse of its distribution function, bearing uniform, on the mean
    sphere (within 0.6 % of geodesic distances). Regions: uniform by area on the sphere, by
    rejection from boxes that cover the region (0.6 of the proposals are accepted); every position
    is checked by locating it in its region. With weights the density within a cell is uniform by
    area, and the density of positions is proportional to the distribution times the weight per
    km²; a weighted disc ends at the 99.99 % quantile of the distance. Discs may reach into the
    sea and other countries.

    Memory: 16 bytes per event and draw. Processor time, each: about 0.2 µs for discs, 0.4 µs
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
