"""Forecast self-exciting point processes by simulation; sums of events with decaying weights."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from geo_risk._core.types import FloatArray, IntArray
from geo_risk._core.validate import as_array, as_float, check_integer, check_scalar, refuse_unused
from geo_risk.hotspots._table import table_of
from geo_risk.hotspots.hawkes import (
    Events,
    HawkesParameters,
    Parameters,
    check_events,
    check_parameters,
)

if TYPE_CHECKING:
    import pandas

__all__ = ["HawkesForecast", "decayed_intensity", "hawkes_forecast"]


_MOST_EVENTS = 10_000_000


@dataclass(frozen=True, eq=False)
class HawkesForecast:
    """Result of `hawkes_forecast`.

    Attributes
    ----------
    edges : ndarray of float64, shape (bins + 1,)
        Edges of the bins in time.
    mean : ndarray of float64, shape (bins,)
        Mean simulated count of each bin.
    lower, upper : ndarray of int64, shape (bins,)
        Quantiles of the simulated counts; a share of `coverage` lies between them.
    counts : ndarray of int64, shape (simulations, bins)
    """

    edges: FloatArray
    mean: FloatArray
    lower: IntArray
    upper: IntArray
    counts: IntArray

    def to_frame(self) -> pandas.DataFrame:
        """Table of the bins, one row each, in order of time.

        Returns
        -------
        pandas.DataFrame
            Columns `start` and `end` (of the bin, in the unit of the times), `mean`, `lower` and
            `upper`. The counts of the single simulations are not included.
        """
        return table_of(
            self,
            start=self.edges[:-1],
            end=self.edges[1:],
            mean=self.mean,
            lower=self.lower,
            upper=self.upper,
        )


@dataclass(frozen=True, eq=False)
class _Generation:
    """Events of all simulations: number of the simulation, time and magnitude."""

    future: IntArray
    moment: FloatArray
    magnitude: FloatArray


def hawkes_forecast(
    times: ArrayLike,
    parameters: Parameters,
    *,
    horizon: float,
    bins: int = 1,
    magnitudes: ArrayLike | None = None,
    start: float | None = None,
    end: float | None = None,
    simulations: int = 1000,
    coverage: float = 0.95,
    seed: int | np.random.Generator | None = None,
) -> HawkesForecast:
    """Simulate the events from `end` to `end + horizon`, given the events until `end`.

    Guaranteed: the same seed gives the same result. Not guaranteed: that the parameters are
    right; their uncertainty is not part of the interval.

    Parameters
    ----------
    times, parameters, magnitudes, start, end
        As in `hawkes_log_likelihood`; without `end` the forecast begins at the last event.
    horizon : float
        Length of the forecast, > 0.
    bins : int
        Number of equal parts of the horizon in which events are counted.
    simulations : int
        Number of simulations.
    coverage : float
        Share of the simulations from `lower` to `upper`, in (0, 1).
    seed : int, numpy Generator or None
        Seed of the simulation.

    Returns
    -------
    HawkesForecast

    Raises
    ------
    ValueError
        As in `hawkes_log_likelihood`; a process that explodes within the horizon (more than ten
        million events in all).
    TypeError
        Parameters of another type, values that are not numbers; `bins` or `simulations` that are
        not integers.

    Notes
    -----
    Branching simulation: background events are Poisson, and every event, past or simulated,
    triggers a Poisson number of others at times drawn by inverting its decay. Simulated ETAS events
    take their magnitudes at random from the past ones (0 where there are none).

    Examples
    --------
    >>> forecast = hawkes_forecast(
    ...     [1.0, 1.2, 4.0], HawkesParameters(0.5, 0.6, 2.0), horizon=10, bins=2, seed=1
    ... )
    >>> forecast.counts.shape, 3.0 < float(forecast.mean[0]) < 4.5
    ((1000, 2), True)
    """
    check_parameters(parameters, magnitudes)
    check_scalar(horizon, "horizon", low=0.0, open_low=True)
    bins = check_integer(bins, "bins", low=1)
    simulations = check_integer(simulations, "simulations", low=1)
    if not 0.0 < check_scalar(coverage, "coverage") < 1.0:
        raise ValueError(f"Invalid coverage: {coverage}; must be in (0, 1).")
    events = check_events(times, magnitudes, start, end)
    rng = np.random.default_rng(seed)
    edges = events.end + np.linspace(0.0, horizon, bins + 1)
    counts = np.zeros((simulations, bins), dtype=np.int64)
    born = _first_generation(events, parameters, horizon, simulations, rng)
    total = 0
    while born.future.size:
        total += born.future.size
        if total > _MOST_EVENTS:
            raise ValueError(
                f"Invalid parameters: the process explodes, more than {_MOST_EVENTS} events in "
                f"{simulations} futures. Shorten the horizon, or check the branching ratio."
            )
        place = np.clip(np.searchsorted(edges, born.moment, side="right") - 1, 0, bins - 1)
        np.add.at(counts, (born.future, place), 1)
        born = _next_generation(born, events, parameters, edges[-1], rng)
    tails = (0.5 - 0.5 * coverage, 0.5 + 0.5 * coverage)
    lower, upper = np.quantile(counts, tails, axis=0, method="inverted_cdf").astype(np.int64)
    return HawkesForecast(edges, counts.mean(axis=0), lower, upper, counts)


def _first_generation(
    events: Events, parameters: Parameters, horizon: float, simulations: int, rng: Any
) -> _Generation:
    """Background events of the horizon, and the events in it that past events trigger."""
    stop = events.end + horizon
    background = rng.poisson(parameters.mu * horizon, simulations)
    moments = events.end + rng.uniform(0.0, horizon, int(background.sum()))
    expected = _expected(parameters, events.times, events.magnitudes, events.end, stop)
    triggered = rng.poisson(expected.sum(), simulations)
    parent = np.zeros(0, dtype=np.int64)
    if triggered.any():
        parent = rng.choice(events.times.size, int(triggered.sum()), p=expected / expected.sum())
    later = _draw_times(parameters, events.times[parent], events.end, stop, rng)
    future = np.concatenate(
        [np.repeat(np.arange(simulations), number) for number in (background, triggered)]
    )
    moment = np.concatenate([moments, later])
    return _Generation(future, moment, _draw_magnitudes(events, future.size, rng))


def _next_generation(
    born: _Generation, events: Events, parameters: Parameters, stop: float, rng: Any
) -> _Generation:
    expected = _expected(parameters, born.moment, born.magnitude, events.end, stop)
    number = rng.poisson(expected)
    moment = _draw_times(parameters, np.repeat(born.moment, number), events.end, stop, rng)
    return _Generation(
        np.repeat(born.future, number), moment, _draw_magnitudes(events, moment.size, rng)
    )


def _draw_magnitudes(events: Events, size: int, rng: Any) -> FloatArray:
    if events.magnitudes.size == 0:
        return np.zeros(size)
    drawn: FloatArray = rng.choice(events.magnitudes, size)
    return drawn


def _lags(times: FloatArray, start: float, stop: float) -> tuple[FloatArray, FloatArray]:
    return np.maximum(start - times, 0.0), stop - times


def _expected(
    parameters: Parameters, times: FloatArray, size: FloatArray, start: float, stop: float
) -> FloatArray:
    """Expected number of events that each event triggers directly from `start` to `stop`."""
    since, until = _lags(times, start, stop)
    if isinstance(parameters, HawkesParameters):
        beta = parameters.beta
        kept = np.exp(-beta * since) * -np.expm1(-beta * (until - since))
        return np.asarray(parameters.branching_ratio * kept)
    log0, log1 = np.log1p(since / parameters.c), np.log1p(until / parameters.c)
    q = 1.0 - parameters.p
    span = log1 - log0 if q == 0.0 else np.exp(q * log0) * np.expm1(q * (log1 - log0)) / q
    return np.asarray(parameters.a * parameters.c * np.exp(parameters.alpha * size) * span)


def _draw_times(
    parameters: Parameters, times: FloatArray, start: float, stop: float, rng: Any
) -> FloatArray:
    """One time from `start` to `stop` for each parent, by inverting its decay."""
    since, until = _lags(times, start, stop)
    u = rng.random(times.size)
    if isinstance(parameters, HawkesParameters):
        beta = parameters.beta
        lag = since - np.log1p(u * np.expm1(-beta * (until - since))) / beta
    else:
        log0, log1 = np.log1p(since / parameters.c), np.log1p(until / parameters.c)
        q = 1.0 - parameters.p
        more = u * (log1 - log0) if q == 0.0 else np.log1p(u * np.expm1(q * (log1 - log0))) / q
        lag = parameters.c * np.expm1(log0 + more)
    return np.asarray(np.clip(times + lag, start, stop))


def decayed_intensity(
    times: ArrayLike,
    *,
    at: Any,
    half_life: float,
    weight: ArrayLike | None = None,
    unit: ArrayLike | None = None,
    n_units: int | None = None,
) -> FloatArray:
    """Sum of events up to a time, with weights that halve in each half-life.

    Parameters
    ----------
    times : array_like of float or datetime64, shape (m,)
        Times of the events; NaN or NaT is not counted.
    at : float or datetime64
        Time of the sum; later events do not count.
    half_life : float
        In the unit of `times`; in days for datetime64.
    weight : array_like of float, shape (m,), optional
        Weight of each event at its own time; 1 if not given.
    unit : array_like of int, shape (m,), optional
        Row of the cell or region of each event, -1 for none.
    n_units : int, optional
        Number of units; required with `unit`, not allowed without.

    Returns
    -------
    ndarray of float64, shape () or (n_units,)
        Sum of each unit; 0 for units without events.

    Raises
    ------
    ValueError
        Shapes that do not match, units out of range, a half-life that is not positive.
    TypeError
        Times that are neither numbers nor datetime64.

    Notes
    -----
    sum over t_i <= at of w_i 2^(-(at - t_i) / half_life).

    Examples
    --------
    >>> float(decayed_intensity([0.0, 10.0, 20.0], at=20.0, half_life=10.0))
    1.75
    """
    check_scalar(half_life, "half_life", low=0.0, open_low=True)
    age = _age(times, at)
    worth = np.ones(age.size) if weight is None else as_float(weight, "weight")
    if age.ndim != 1 or worth.shape != age.shape:
        raise ValueError(f"Invalid times, weight: shapes {age.shape} and {worth.shape}.")
    counted = age >= 0.0  # false if the time is missing
    left = worth[counted] * np.exp2(-age[counted] / half_life)
    if unit is None:
        refuse_unused({"n_units": n_units}, "without unit there is only one sum")
        return np.asarray(left.sum())
    which = np.asarray(unit)
    if n_units is None or which.shape != age.shape or which.dtype.kind not in "iu":
        raise ValueError(
            f"Invalid unit: {which.dtype} of shape {which.shape} for {age.size} events; must be "
            "whole numbers, (n,), with n_units."
        )
    if which.size and (which.min() < -1 or which.max() >= n_units):
        raise ValueError(
            f"Invalid unit: from {which.min()} to {which.max()}, outside [-1, {n_units - 1}]."
        )
    inside = which[counted] >= 0
    total = np.bincount(which[counted][inside], left[inside], minlength=n_units)
    return np.asarray(total, dtype=np.float64)


def _age(times: ArrayLike, at: Any) -> FloatArray:
    """Time since each event, in days for datetime64."""
    moment = as_array(times, "times")
    if moment.dtype.kind == "M":
        try:
            now = np.asarray(at, dtype="datetime64[ns]")
        except (TypeError, ValueError) as error:
            raise TypeError(f"Invalid at: {at!r} is not a date, but the times are.") from error
        return np.asarray((now - moment.astype("datetime64[ns]")) / np.timedelta64(1, "D"))
    return check_scalar(at, "at") - as_float(times, "times")
