"""Kulldorff's scan statistic: where, and when, there are more cases than expected by chance."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from geo_risk._core.options import carries, chosen
from geo_risk._core.types import FloatArray
from geo_risk.hotspots import _tails
from geo_risk.hotspots.options import stream_key
from geo_risk.hotspots.scan_checks import check_dispersion, longest_window
from geo_risk.hotspots.scan_circles import draw_circles
from geo_risk.hotspots.scan_null import Progress, null_maxima
from geo_risk.hotspots.scan_options import ScanOptions
from geo_risk.hotspots.scan_result import ScanCluster, ScanResult
from geo_risk.hotspots.scan_study import Study, build_study
from geo_risk.hotspots.scan_windows import (
    TOLERANCE,
    Found,
    Windows,
    best_windows,
    no_shared_location,
    no_shared_time,
)

__all__ = ["ScanCluster", "ScanResult", "scan"]


@carries(ScanOptions)
def scan(
    cases: ArrayLike,
    population: ArrayLike | None = None,
    *,
    lon: ArrayLike | None = None,
    lat: ArrayLike | None = None,
    x_km: ArrayLike | None = None,
    y_km: ArrayLike | None = None,
    time: ArrayLike | None = None,
    covariates: ArrayLike | None = None,
    n_jobs: int = 1,
    progress: Progress | None = None,
    options: ScanOptions | None = None,
    **fields: Any,
) -> ScanResult:
    """Find the circles, or circles and periods, that are least likely by chance.

    Kulldorff's scan statistic: every circle around every location, in a space-time scan with
    every run of periods, is compared with the cases that the model expects in it. The p-values
    account for multiple testing: each compares with the maximum of simulated data.

    Guaranteed: the LLR of the clusters is the maximum over all windows, exactly; the result
    depends on the seed, not on `n_jobs`; with ``ties="together"`` it does not depend on the order
    of the rows, including the simulated data. Not guaranteed: that a cluster has the shape of a
    circle, that every member has an increased rate, or (as `p_value` of a secondary cluster
    compares with the overall maximum) that minor clusters are found with full power.

    Parameters
    ----------
    cases : array_like of whole numbers, shape (n,) or (n, T)
        Events at each place, or at each place in each of T periods of equal length, in order of
        time and with zeros filled in. Counts of events, not of fatalities.
    population : array_like, shape (n,) or (n, T), optional
        Poisson models: population at risk or any other exposure, >= 0, in any unit; equal for all
        places if not given. Periods of unequal length need `person_time`. Bernoulli: cases plus
        controls, whole numbers, required. Space-time permutation: none.
    lon, lat : array_like of float, shape (n,)
        Degrees, WGS84; circles are on the sphere, also across the antimeridian. Rows at the same
        place are one location.
    x_km, y_km : array_like of float, shape (n,)
        Instead of lon and lat: kilometres in a projected plane.
    time : array_like, shape (T,) or (n,), optional
        For cases (n, T): labels of the periods, increasing. For cases (n,), with the space-time
        permutation model only: the time of each row, whole numbers or datetime64, whose unit is
        one period; periods without events are filled in.
    covariates : array_like, shape (n,) or (n, k), optional
        Poisson models: stratum of each row (age and sex, say). Each place then has one row for
        each stratum, and its expected cases are indirectly standardised.
    n_jobs : int
        Threads; -1 for all processors.
    progress : callable, optional
        Called repeatedly with (data sets done, replications).
    options : ScanOptions, optional
        The model, the windows that are scanned, and the test.
    **fields
        The fields of `ScanOptions`, instead of `options`: `model`, `replications`, `seed`, …

    Returns
    -------
    ScanResult

    Raises
    ------
    ValueError
        Cases that are negative, fractional, missing, all 0 or overdispersed; cases where the
        population is 0, or more cases than people (Bernoulli); strata without population;
        shapes that do not match; options out of range, or given but not used (`seed`
        without replications, `max_dispersion` in the Bernoulli model).
    TypeError
        Values that are not numbers or times.

    Notes
    -----
    With c cases in the window, C in total and E expected in it, the Poisson models and, as its
    test statistic, the permutation model have LLR = c ln(c/E) + (C-c) ln((C-c)/(C-E)). Expected
    cases are proportional to the population or, for the permutation model, E = n_z n_t / C from
    the cases of the circle and of the periods. With n people in the window and N in total, the
    Bernoulli model has LLR = l(c, n) + l(C-c, N-n) - l(C, N), l(c, n) = c ln(c/n) +
    (n-c) ln((n-c)/n). Null data: multinomial, shuffled event times, and shuffled case labels.

    Spherical distances use the mean Earth radius of 6371.0088 km (SaTScan: 6367).

    Secondary clusters: only the best window of each centre is a candidate, in order of decreasing
    LLR; candidates that share a location with a better cluster are left out
    ("no_shared_location"). SaTScan 10.3 differs in space-time scans: clusters may share locations
    if their periods are separate (adjacent periods are not), and a centre whose best window
    overlaps a better cluster is tried again with periods separate from that cluster's. "satscan"
    does the same; this rule was inferred from its output.

    Cost: with (centres x places in the largest circle x runs of periods) as the number of windows,
    about 0.1 nanoseconds for each window and data set, one thread (measured: 2.2 million windows,
    9,999 data sets, 2.4 s); memory grows with the number of pairs of places within the limits.

    References
    ----------
    Kulldorff, M. (1997) Communications in Statistics 26, 1481-1496. Kulldorff, M. et al. (2005)
    PLoS Medicine 2, e59 (permutation model). Abrams, A. M. et al. (2010) International Journal of
    Health Geographics 9, 61 (Gumbel approximation).

    Examples
    --------
    A row of twenty places with one case each, and an outbreak around the sixth:

    >>> cases = np.ones(20, dtype=int)
    >>> cases[4:7] = 9
    >>> result = scan(cases, lon=np.arange(20.0), lat=np.zeros(20), seed=1)
    >>> found = result.most_likely
    >>> sorted(found.members.tolist()), round(found.llr, 3), found.p_value
    ([4, 5, 6], 24.633, 0.001)
    """
    asked = chosen(ScanOptions, options, fields, scan)
    study = build_study(
        cases,
        population,
        lon=lon,
        lat=lat,
        x_km=x_km,
        y_km=y_km,
        time=time,
        covariates=covariates,
        model=asked.model,
        keep_order=asked.ties == "satscan",
    )
    check_dispersion(study, asked.max_dispersion)
    longest = longest_window(study, asked.max_duration, asked.prospective)
    if asked.prospective:  # in reversed time, all windows begin at the last period
        study = replace(study, cases=study.cases[:, ::-1], key=study.key[:, ::-1])
    windows = Windows(
        study=study,
        circles=draw_circles(
            study, max_population=asked.max_population, max_radius_km=asked.max_radius_km,
            ties=asked.ties,
        ),
        n_starts=1 if asked.prospective else study.cases.shape[1],
        longest=longest,
        directions={"high": (1,), "low": (-1,), "both": (1, -1)}[asked.clusters],
    )  # fmt: skip
    value, where = best_windows(windows, n_jobs)
    null = null_maxima(
        windows, int(asked.replications), key=stream_key(asked.seed), n_jobs=n_jobs,
        progress=progress,
    )  # fmt: skip
    choose = no_shared_location if asked.secondary == "no_shared_location" else no_shared_time
    return ScanResult(
        clusters=tuple(
            _describe(windows, found, null, asked) for found in choose(windows, value, where)
        ),
        centre_llr=value[study.location],
        null_llr=null,
        cases=windows.cases,
        model=study.model,
        p_method=asked.p_method,
    )


def _describe(
    windows: Windows, found: Found, null: FloatArray, options: ScanOptions
) -> ScanCluster:
    study, circles = windows.study, windows.circles
    z, (last, start, stop) = found.centre, found.where
    inside = circles.order[circles.ends[z] : last + 1]
    observed = int(study.cases[inside, start:stop].sum())
    key = windows.key_prefix[inside, stop].sum() - windows.key_prefix[inside, start].sum()
    expected = float(key) * windows.cases / windows.total
    rank = np.full(study.size.size, -1)
    rank[inside] = np.arange(inside.size)
    members = np.flatnonzero(rank[study.location] >= 0)
    members = members[np.argsort(rank[study.location[members]], kind="stable")]
    return ScanCluster(
        members=members,
        centre=int(study.first_row[z]),
        radius_km=float(windows.radius_km(np.array([z]), np.array([last]))[0]),
        period=_period(study, start, stop, options.prospective),
        direction="high" if observed > expected else "low",
        observed=observed,
        expected=expected,
        relative_risk=_relative_risk(study, observed, expected, windows.cases),
        llr=found.llr,
        p_value=_p_value(found.llr, null, options.p_method),
    )


def _period(study: Study, start: int, stop: int, prospective: bool) -> tuple[Any, Any] | None:
    if study.labels is None:
        return None
    if prospective:
        start, stop = study.labels.size - stop, study.labels.size - start
    return study.labels[start].item(), study.labels[stop - 1].item()


def _relative_risk(study: Study, observed: int, expected: float, all_cases: int) -> float:
    if study.model == "space_time_permutation":
        return float("nan")
    outside = all_cases - observed
    if outside == 0:
        return float("inf")
    with np.errstate(over="ignore", divide="ignore"):
        return float(np.divide(observed, expected) / np.divide(outside, all_cases - expected))


def _p_value(llr: float, null: FloatArray, p_method: str) -> float:
    if null.size == 0:
        return float("nan")
    if p_method == "gumbel":
        return _tails.gumbel_p(llr, null)
    reaching = np.count_nonzero(null >= llr * (1.0 - TOLERANCE))
    return float(_tails.simulated_p(reaching, null.size))
