"""Hotspot scores on frames: from events, cells or regions to scored cells or regions."""

from __future__ import annotations

import inspect
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from geo_risk._core.frames import add_columns
from geo_risk._core.options import carries, chosen, parted, refuse_unknown
from geo_risk._core.validate import check_scalar, renamed
from geo_risk.frames.columns import EventColumns
from geo_risk.frames.score._data import COUNT, population_of
from geo_risk.frames.score._draws import score_draws
from geo_risk.frames.score._frame import study_of_events, study_of_rows
from geo_risk.frames.score._methods import TIMED, Question, method_of, options_of
from geo_risk.frames.score._options import (
    StudyOptions,
    draws_numbers,
    refuse_of_counting,
    refuse_of_method,
    refuse_step,
)
from geo_risk.frames.score._study import kind_of, layer_asked, study_shapes
from geo_risk.frames.uncertain.location_draws import LocationDraws, make_draws

if TYPE_CHECKING:
    import geopandas

    from geo_risk.regions import RegionLayer

__all__ = ["accepted", "score_hotspots", "study_resolution", "takes_seed"]


@carries(StudyOptions)
def score_hotspots(
    frame: Any,
    *,
    value: str | None = None,
    method: str = "gi_star",
    population: Any = None,
    places: int | LocationDraws | None = None,
    seed: int | np.random.Generator | None = None,
    alpha: float | None = None,
    n_jobs: int = 1,
    draws: int | LocationDraws | None = None,
    options: StudyOptions | None = None,
    **statistic: Any,
) -> geopandas.GeoDataFrame:
    """Find where events, or a value of cells or regions, concentrate.

    Events are first counted in every H3 cell of a study area, or in every region, including empty
    ones: without them every cold spot is false. Cells and regions are scored as they are.

    Parameters
    ----------
    frame : GeoDataFrame
        - events: points; the result has one row per cell (or region) of the study area;
        - cells: a column `h3_cell` with each cell once; scored in place;
        - regions: a column `region_code` with each region of `layer` once; scored in place;
        - with `time`, cells or regions once in each period: the result has one row for each.
    value : str, optional
        Numeric column to score. For events it is summed per cell; default: events are counted.
        For cells and regions the default is `n_events`.
    method : str
        - "gi_star", "gi": Getis and Ord's statistic with and without the unit itself; here the
          exact and simulated p of Gi* also permute the unit's own value (``null="total"``), so
          that the cell with the most events can be hot itself, not only its neighbours;
        - "local_moran": local Moran's I;
        - "scan": Kulldorff's scan statistic, with or without `time`; exposure is `population`, by
          default the true area of each unit, times the days of each period;
        - "emerging": emerging hot spots; needs periods;
        - "kde": kernel density of the events (or of the values at the centres of cells);
        - "eb_rates": empirical Bayes rates; needs `population`; option `prior`, "local"
          (default) or "global".

        Knox's test and Hawkes processes do not score single cells: `geo_risk.hotspots`.
    population : str, mapping or Series, optional
        Column of cells or regions, or a mapping from `h3_cell` or `region_code`: people or any
        other exposure. "gi", "gi_star" and "local_moran" then score standardised rates.
    places : int or LocationDraws, default 0
        For events: also score this number of draws of their locations (`draw_locations` with its
        defaults), or the draws given. Events left out as too coarse are part of the draws.
    seed : int, numpy Generator or None
        Seed of the drawn locations and of the permutations (`replications` of "scan").
    alpha : float, default 0.05
        Level of the labels.
    n_jobs : int, default 1
        Threads, for every step that can use them; -1 for all processors. Accepted with every
        method; the result does not depend on it.
    draws : int or LocationDraws, optional
        Old name of `places`, deprecated.
    options : StudyOptions, optional
        The cells or regions, and the periods, in which events are counted.
    **fields
        The fields of `StudyOptions`, in place of `options`.
    **statistic
        Passed to the statistic: `permutations`, `p_method`, `fdr`, `model`, `bandwidth_km`, …
        Events that are counted here are never rejected as too uneven to be counts
        (`max_dispersion`); a summed value can be.

    Returns
    -------
    GeoDataFrame
        EPSG:4326. For events `h3_cell` or `region_code`, `n_events` and the summed value; always
        `neighbors_missing` (neighbours outside the study area: the edge effect). Then

        - "gi_star", "gi": `gi_z`, `gi_bin`, `p_value`, `q_value` (adjusted for the false
          discovery rate), `hotspot`, `n_neighbors`;
        - "local_moran": `moran_i`, `moran_z`, `quadrant`, `p_value`, `q_value`, `n_neighbors`;
          with `population` these three also `rate`;
        - "scan": `scan_cluster` (0 for the most likely, -1 for none), `relative_risk`, `p_value`
          (of the cluster, adjusted for testing all windows), `hotspot`, `scan_llr` (of the
          best circle around the unit), and with `time` `cluster_from`, `cluster_to`, the first
          and last period (for dates the first day of each);
        - "emerging": `category`, `category_also`, `steps_hot`, `steps_cold`, `last_bin`,
          `trend_z`, `trend_p_value`;
        - "kde": `intensity_km2` (events per km²), `log_density_km2`;
        - "eb_rates": `rate`, `rate_raw`, `rate_prior`, `shrinkage`, `isolated`;
        - with `places`: `n_events_mean`; `stability`, the share of draws in which the unit is
          significant, and `stable_label`, its most frequent label in these draws ("kde",
          "eb_rates": mean and standard deviation of the measure, `intensity_km2_mean`, …).

        ``attrs["geo_risk"]["hotspots"]`` says how many events were counted and how many were
        not, and why, how p was computed, and which clusters were found.

    Raises
    ------
    TypeError, ValueError
        The frame is not of one of the three kinds, a column is missing or not numeric, the study
        area is too large, regions are needed from a dated layer; an option was given that is
        not used (`seed` if nothing is drawn, `alpha` of "kde" and "eb_rates", `step` without
        dates, `study_area` of cells, …); errors of the statistic.

    Examples
    --------
    >>> import geo_risk as gr
    >>> events = gr.read_events([{"lon": 69.5, "lat": 36.7}] * 5 + [{"lon": 70.5, "lat": 37.1}])
    >>> cells = gr.score_hotspots(events, resolution=5, study_area="AF-TAK")
    >>> len(cells), int(cells["n_events"].sum()), cells.attrs["geo_risk"]["hotspots"]["cells"]
    (63, 5, 63)
    >>> regions = gr.score_hotspots(events, by="regions", method="scan", seed=1)
    >>> regions.loc[regions["scan_cluster"] == 0, "region_code"].tolist()
    ['AF-TAK']
    """
    places = renamed(places, "places", draws, "draws")
    score = method_of(method)
    refuse_unknown(statistic, score_hotspots, accepted(method))
    level = check_scalar(0.05 if alpha is None else alpha, "alpha", low=0.0, high=1.0)
    of_study, statistic = parted(StudyOptions, statistic)
    asked = chosen(StudyOptions, options, of_study, score_hotspots)
    asked = replace(asked, time=_time_column(frame, method, asked.time))
    kind = kind_of(frame, asked.time)
    spread, drawn = _is_spread(places), isinstance(places, LocationDraws)
    refuse_of_method(method, statistic, alpha=alpha, seed=seed, places=spread and not drawn)
    refuse_of_counting(kind, asked, places=spread)
    asked = replace(asked, layer=layer_asked(asked, kind, drawn=spread and not drawn))
    if kind == "events":
        study = study_of_events(frame, value, asked, spread=spread, n_jobs=n_jobs)
    else:
        study = study_of_rows(frame, kind, value or COUNT, asked)
    refuse_step(asked.step, dated=study.periods is not None and study.periods.step is not None)
    if spread and isinstance(seed, np.random.Generator):
        seed = int(seed.integers(0, 2**63))  # the draws and the statistic use the same seed
    people = population_of(
        population, study.units, study.rows, study.unit, study.tally, study.periods
    )
    ask = Question(method, study.units, people, level, n_jobs, seed, statistic)
    found = score(study.tally, ask)
    columns = {"neighbors_missing": study.units.missing, **found.columns}
    report = study.report | {"method": method} | found.report
    if study.events is not None and spread:
        places = _drawn(frame, asked.layer, places, seed, n_jobs)
        more, noted = score_draws(score, ask, found.measure, study.events, places)
        columns, report = columns | more, report | noted
    result = add_columns(study.frame, columns)
    result.attrs["geo_risk"]["hotspots"] = report
    return result


def study_resolution(
    events: Any, *, max_cells: int, study_area: Any = None, layer: RegionLayer | None = None,
    coarse: str = "skip", places: int | LocationDraws | None = None,
) -> int:  # fmt: skip
    """Finest resolution at which a study area has at most `max_cells` cells, or 0.

    The options are those that set the study area in `score_hotspots`.
    """
    from geo_risk.cells import finest_resolution

    events = EventColumns.of(events)
    lon, lat = events.lonlat
    if not _is_spread(places):
        skipped = events.too_coarse(coarse)
        lon, lat = np.where(skipped, np.nan, lon), np.where(skipped, np.nan, lat)
    return finest_resolution(study_shapes(study_area, lon, lat, layer), max_cells=max_cells)


def accepted(method: str = "gi_star") -> list[str]:
    """Keywords of `score_hotspots` with a method, including those of the statistic."""
    method_of(method)
    return [*inspect.signature(score_hotspots).parameters, *options_of(method)]


def takes_seed(method: str = "gi_star", *, places: Any = None, **options: Any) -> bool:
    """Whether `score_hotspots` draws random numbers with these options, and so takes a seed."""
    drawn = _is_spread(places) and not isinstance(places, LocationDraws)
    return drawn or draws_numbers(method, options)


def _is_spread(places: int | LocationDraws | None) -> bool:
    """Whether locations are drawn: then events too coarse to be counted also set the area."""
    return isinstance(places, LocationDraws) or places not in (None, 0)


def _time_column(frame: Any, method: str, time: str | None) -> str | None:
    """Column of times, if the method uses periods."""
    if method not in TIMED:
        if time is not None:
            raise ValueError(f"Invalid time: {time!r} with {method!r}, which uses no periods.")
        return None
    if time is None and method == "emerging" and "date_start" in getattr(frame, "columns", ()):
        return "date_start"
    return time


def _drawn(
    events: Any, layer: RegionLayer | None, places: Any, seed: Any, n_jobs: int
) -> LocationDraws:
    """The draws given, or new ones with the default options."""
    if not isinstance(places, LocationDraws):
        events = events.to_frame() if isinstance(events, EventColumns) else events
        return make_draws(events, layer, places=places, seed=seed, n_jobs=n_jobs)
    if places.lon.shape[1] != len(events):
        raise ValueError(
            f"Invalid places: draws of {places.lon.shape[1]} events for {len(events)} rows."
        )
    return places
