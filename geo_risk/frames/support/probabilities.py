"""What an event's stated precision supports: possible regions, and the distance to a border."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from geo_risk._core.frames import add_columns, check_frame, lonlat_of, texts_of, too_coarse
from geo_risk._core.sphere import move
from geo_risk._core.stated import stated_countries
from geo_risk._core.types import FloatArray, IntArray
from geo_risk._core.validate import check_choice, check_scalar
from geo_risk.frames.support.laws import DISTRIBUTIONS, reach, stated_radii
from geo_risk.frames.support.units import unit_regions

if TYPE_CHECKING:
    import geopandas
    import pandas as pd

    from geo_risk.borders import Borders
    from geo_risk.regions import RegionLayer

__all__ = ["DISTRIBUTIONS", "border_within", "disc_points", "region_probabilities"]


_GOLDEN_ANGLE = np.pi * (3.0 - np.sqrt(5.0))
_BLOCK_POINTS = 400_000  # quadrature points at a time: limits memory


def region_probabilities(
    events: Any,
    layer: RegionLayer | None = None,
    *,
    distribution: str = "normal",
    coverage: float = 0.95,
    points: int = 500,
    stated_country: str = "ignore",
    n_jobs: int = 1,
) -> pd.DataFrame:
    """Find the regions each event may lie in, with probabilities, from its stated precision.

    A place with a radius (`location_uncertainty_km`) gives the regions that the disc touches; a
    district or province gives the first-order region that contains its point, or the nearest one
    within 25 km; a line or a country gives the country's regions, weighted by area; "none" gives
    nothing. A point without a stated precision is used as it is. The layer's own error
    (`country_certainty`) and the chance of completely wrong coordinates are not included.

    Parameters
    ----------
    events : GeoDataFrame
        Points in any CRS; best from `read_events`.
    layer : RegionLayer, optional
        Default: the bundled world layer. For layers finer than first-order regions, events known
        only to the first-order unit give nothing, because the layer does not contain that unit.
    distribution : {"normal", "uniform", "heavy"}
        Distribution of the true position around the stated one; see Notes. Use "heavy" to see how
        much a result depends on a correct radius.
    coverage : float, default 0.95
        Share of events that lie within the stated radius, in (0, 1). The radii of `read_events`
        are meant for 0.95; lower it to see how a result changes if they are too small.
    points : int, default 500
        Quadrature points per disc, 16 to 100,000.
    stated_country : {"ignore", "cut"}
        With "cut", probability outside the stated country is removed and the rest scaled up to the
        total that lay on land (UCDP cuts "near a place" at the country). Discs that do not touch
        the stated country stay unchanged.
    n_jobs : int, default 1
        Threads; -1 for all processors.

    Returns
    -------
    DataFrame
        One row per event and region, sorted by position and falling probability: `position` (of
        the event in the frame), `event_id` (None if missing), `region_code`, `region_name`,
        `country_code` (None if no state is assigned), `probability` in (0, 1]. The sum over an
        event is at most 1, except for rounding; the rest lies outside every region.

    Raises
    ------
    TypeError, ValueError
        Not a GeoDataFrame, no CRS, geometries other than points, negative radii, options out of
        range, a dated layer.

    Notes
    -----
    With r the distance from the stated point and R the stated radius, P(r < R) = coverage and

    - normal: P(r < x) = 1 - exp(-x²/2σ²), as in `country_certainty`;
    - uniform: P(r < x) = x²/M² up to M = R / √coverage;
    - heavy: P(r < x) = 1 - 1 / (1 + x²/s²), Student's t in the plane with 2 degrees of freedom.

    The points are n equally likely quantiles of r, (k + ½)/n, each rotated by the golden angle from
    the one before, on the mean sphere (distances within 0.6 % of geodesic ones). Deterministic. On
    either side of a straight border the probability is within 0.013 of the exact one with 500
    points, 0.004 with 2,000, for all three distributions (`tests/oracle/test_support.py`). About
    0.1 ms per distinct disc.

    "heavy" keeps the stated radius: it puts more events near the point as well as farther away. If
    radii are too small use `coverage`: in Afghan media reports about 80 % of the events
    lay within 50 km of the place stated (Weidmann, as quoted), hence ``coverage=0.8``.

    References
    ----------
    Vogel, H. (1979). A better way to construct the sunflower head. Mathematical Biosciences 44.

    Examples
    --------
    >>> import geo_risk as gr
    >>> from geo_risk.frames.support import region_probabilities
    >>> events = gr.read_events([{"lon": 69.42, "lat": 37.07}])  # Khwaja Ghar
    >>> events["location_uncertainty_km"] = 25.0
    >>> found = region_probabilities(events)
    >>> found[["region_code", "probability"]].round(2).values.tolist()
    [['AF-TAK', 0.76], ['AF-KDZ', 0.13], ['TJ-KT', 0.11]]
    """
    from geo_risk.regions.sources import plain_layer

    frame = check_frame(events)
    check_choice(distribution, "distribution", DISTRIBUTIONS)
    check_choice(stated_country, "stated_country", ("ignore", "cut"))
    points = int(check_scalar(points, "points", low=16, high=100_000))
    coverage = check_scalar(coverage, "coverage", low=0.0, high=0.999, open_low=True)
    layer = plain_layer(layer, verb="region_probabilities")
    lon, lat = lonlat_of(frame)
    stated = stated_countries(frame).tolist()
    coarse = too_coarse(frame, "skip")
    radius = stated_radii(frame)
    discs = np.flatnonzero(~coarse & ~np.isnan(lon))
    found = [
        _disc_regions(
            layer, discs, lon[discs], lat[discs], radius[discs], distribution, coverage, points,
            n_jobs,
        )
    ]  # fmt: skip
    found.append(unit_regions(layer, frame, lon, lat, coarse, stated, n_jobs))
    position, row, share = (np.concatenate(parts) for parts in zip(*found))
    if stated_country == "cut":
        position, row, share = _cut(layer, position, row, share, stated)
    return _long_frame(layer, frame, position, row, share)


def disc_points(
    lon: FloatArray,
    lat: FloatArray,
    radius_km: FloatArray,
    *,
    distribution: str = "normal",
    coverage: float = 0.95,
    points: int = 500,
) -> tuple[FloatArray, FloatArray]:
    """Equally likely points around each centre, shapes (n, points); see `region_probabilities`.

    Examples
    --------
    >>> import numpy as np
    >>> from geo_risk.frames.support import disc_points
    >>> x, y = disc_points(np.array([0.0]), np.array([0.0]), np.array([111.2]), points=4)
    >>> x.shape, bool(np.hypot(x, y).max() < 1.0)
    ((1, 4), True)
    """
    k = np.arange(points)
    km = radius_km[:, None] * reach((k + 0.5) / points, distribution, coverage)
    return move(lon[:, None], lat[:, None], km, k * _GOLDEN_ANGLE)


def _disc_regions(
    layer: RegionLayer, position: IntArray, lon: FloatArray, lat: FloatArray, radius: FloatArray,
    distribution: str, coverage: float, points: int, n_jobs: int,
) -> tuple[IntArray, IntArray, FloatArray]:  # fmt: skip
    """Position, row and share of each region that each disc touches."""
    if len(position) == 0:
        none = np.zeros(0, dtype=np.int64)
        return none, none, np.zeros(0)
    discs, back = np.unique(np.column_stack([lon, lat, radius]), axis=0, return_inverse=True)
    regions = len(layer)
    keys, counts = [], []
    step = max(_BLOCK_POINTS // points, 1)
    for begin in range(0, len(discs), step):
        x, y = disc_points(
            *discs[begin : begin + step].T,
            distribution=distribution, coverage=coverage, points=points,
        )  # fmt: skip
        row = layer.locate(lon=x, lat=y, n_jobs=n_jobs)
        disc = np.broadcast_to(np.arange(begin, begin + len(x))[:, None], row.shape)
        key, count = np.unique((disc * regions + row)[row >= 0], return_counts=True)
        keys.append(key)
        counts.append(count)
    key, share = np.concatenate(keys), np.concatenate(counts) / points
    return _spread(key // regions, key % regions, share, back.reshape(-1), position)


def _spread(
    group: IntArray, row: IntArray, share: FloatArray, member: IntArray, position: IntArray
) -> tuple[IntArray, IntArray, FloatArray]:
    """Repeat the entries of each group for its events; `group` is sorted, `member` is per event."""
    first = np.searchsorted(group, member, side="left")
    size = np.searchsorted(group, member, side="right") - first
    at = np.repeat(first - np.concatenate([[0], np.cumsum(size)[:-1]]), size)
    at += np.arange(int(size.sum()))
    return np.repeat(position, size), row[at], share[at]


def _cut(
    layer: RegionLayer, position: IntArray, row: IntArray, share: FloatArray,
    stated: list[str | None],
) -> tuple[IntArray, IntArray, FloatArray]:  # fmt: skip
    """Drop regions outside the stated country, if the disc touches that country."""
    labels = np.array(layer.country_labels, dtype=object)
    wanted = np.array([*stated, None], dtype=object)
    own = labels[row] == wanted[position]
    n = len(stated)
    land = np.bincount(position, weights=share, minlength=n)
    within = np.bincount(position, weights=share * own, minlength=n)
    kept = own | (within[position] == 0.0)
    with np.errstate(divide="ignore", invalid="ignore"):
        scale = np.where(within > 0.0, land / within, 1.0)
    share = np.minimum(share * scale[position], 1.0)
    return position[kept], row[kept], share[kept]


def _long_frame(
    layer: RegionLayer, frame: geopandas.GeoDataFrame, position: IntArray, row: IntArray,
    share: FloatArray,
) -> pd.DataFrame:  # fmt: skip
    import pandas as pd

    order = np.lexsort((row, -share, position))
    position, row, share = position[order], row[order], share[order]
    ids = np.array([*texts_of(frame, "event_id").tolist(), None], dtype=object)
    columns: dict[str, Any] = {"position": position, "event_id": ids[position]}
    for name in ("region_code", "region_name", "country_code"):
        values = np.array([*layer.columns[name], None], dtype=object)[row]
        columns[name] = pd.Series(values, dtype=object)
    return pd.DataFrame(columns | {"probability": share})


def border_within(
    events: Any,
    km: float,
    borders: Borders | RegionLayer | None = None,
    *,
    kind: str = "land",
    distribution: str = "normal",
    coverage: float = 0.95,
    points: int = 500,
    n_jobs: int = 1,
) -> geopandas.GeoDataFrame:
    """Find how near a border each event is, given the uncertainty of its location.

    Parameters
    ----------
    events : GeoDataFrame
        Points in any CRS; after `geocode`, its country is the event's own country.
    km : float
        Distance in kilometres, at least 0.
    borders : Borders or RegionLayer, optional
        Borders, or the layer whose borders are used; default: the bundled world layer.
    kind : {"land", "outline", "line"}
        What counts as a border; see `Borders.nearest`.
    distribution, coverage, points
        As in `region_probabilities`.
    n_jobs : int, default 1
        Threads; -1 for all processors.

    Returns
    -------
    GeoDataFrame
        EPSG:4326, same rows and index, with `border_p_within`, the probability that the border is
        at most `km` away, and `border_low_m`, `border_high_m`, between which the distance lies in
        9 of 10 cases (5 and 95 %). NaN if there is no such border, for missing coordinates,
        and if the coordinates only stand for a district, a province, a line or a country.

    Raises
    ------
    TypeError, ValueError
        Not a GeoDataFrame, no CRS, geometries other than points, options out of range, a dated
        layer.

    Notes
    -----
    The distance is to the border of the country of the stated point, from either side of it.
    Probability and distances come from the same points as in `region_probabilities`, so a
    probability is a multiple of 1 / `points` and never falls as `km` grows. About 1 ms per
    distinct disc.

    Examples
    --------
    >>> import geo_risk as gr
    >>> from geo_risk.frames.support import border_within
    >>> events = gr.read_events([{"lon": 69.42, "lat": 37.07}])  # Khwaja Ghar
    >>> events["location_uncertainty_km"] = 25.0
    >>> near = border_within(events, 10.0)
    >>> near[["border_low_m", "border_high_m"]].round(-3).values.tolist()
    [[1000.0, 28000.0]]
    >>> near["border_p_within"].round(1).tolist()
    [0.4]
    """
    from geo_risk.borders.network import plain_borders

    frame = check_frame(events)
    km = check_scalar(km, "km", low=0.0)
    check_choice(kind, "kind", ("land", "outline", "line"))
    check_choice(distribution, "distribution", DISTRIBUTIONS)
    points = int(check_scalar(points, "points", low=16, high=100_000))
    coverage = check_scalar(coverage, "coverage", low=0.0, high=0.999, open_low=True)
    borders = plain_borders(borders, verb="border_within")
    lon, lat = lonlat_of(frame)
    lon[too_coarse(frame, "skip")] = np.nan
    radius = stated_radii(frame)
    own = _own_countries(frame, borders, lon, lat)
    there = np.flatnonzero(~np.isnan(lon))
    groups: dict[tuple[float, float, float, str | None], int] = {}
    keys = zip(lon[there].tolist(), lat[there].tolist(), radius[there].tolist(),
               [own[i] for i in there])  # fmt: skip
    group = np.array([groups.setdefault(key, len(groups)) for key in keys], dtype=np.int64)
    discs, results = list(groups), np.full((len(groups), 3), np.nan)
    step = max(_BLOCK_POINTS // points, 1)
    for begin in range(0, len(discs), step):
        block = discs[begin : begin + step]
        x, y = disc_points(
            *np.array([disc[:3] for disc in block]).T,
            distribution=distribution, coverage=coverage, points=points,
        )  # fmt: skip
        labels = [disc[3] for disc in block]
        metres = _border_metres(borders, x, y, labels, kind, n_jobs)
        results[begin : begin + step, 0] = (metres <= 1000.0 * km).mean(axis=1)
        results[begin : begin + step, 1:] = np.quantile(metres, [0.05, 0.95], axis=1).T
    results[np.isnan(results[:, 1]), 0] = np.nan
    columns = np.full((3, len(frame)), np.nan)
    columns[:, there] = results[group].T
    names = ("border_p_within", "border_low_m", "border_high_m")
    return add_columns(frame, dict(zip(names, columns)))


def _border_metres(
    borders: Borders, x: FloatArray, y: FloatArray, own: list[str | None], kind: str, n_jobs: int
) -> FloatArray:
    """Distances of the points of each disc to its country's border; NaN without a country."""
    country = None if kind == "line" else [code for code in own for _ in range(x.shape[1])]
    near = borders.nearest(lon=x.ravel(), lat=y.ravel(), kind=kind, country=country, n_jobs=n_jobs)
    metres = np.asarray(near.distance_m.reshape(x.shape))
    if kind != "line":  # country None would measure each point from its own country
        metres[[code is None for code in own]] = np.nan
    return metres


def _own_countries(
    frame: geopandas.GeoDataFrame, borders: Borders, lon: FloatArray, lat: FloatArray
) -> list[str | None]:
    """Country of each event: as geocoded, else the polygon's."""
    row = borders.layer.locate(lon=lon, lat=lat)
    labels = np.array([*borders.layer.country_labels, None], dtype=object)[row].tolist()
    if "unit_code" not in frame.columns or "country_code" not in frame.columns:
        return list(labels)
    codes, units = (texts_of(frame, name).tolist() for name in ("country_code", "unit_code"))
    return [country or unit or label for country, unit, label in zip(codes, units, labels)]
