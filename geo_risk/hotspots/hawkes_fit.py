"""Fit self-exciting point processes to events."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from geo_risk._core.types import FloatArray
from geo_risk._core.validate import check_choice, refuse_unused
from geo_risk.hotspots._table import single_values
from geo_risk.hotspots.hawkes import (
    NO_MAGNITUDES,
    EtasParameters,
    Events,
    HawkesParameters,
    Parameters,
    check_events,
    evaluate,
)

if TYPE_CHECKING:
    import pandas

__all__ = ["HawkesFit", "hawkes_fit"]


_MINIMUM_EVENTS = 10
_LARGEST_BRANCHING = 0.999
_FLAT = 0.01


@dataclass(frozen=True, eq=False)
class HawkesFit:
    """Result of `hawkes_fit`.

    Attributes
    ----------
    parameters : HawkesParameters or EtasParameters
    log_likelihood : float
    poisson_log_likelihood : float
        Log-likelihood of a constant rate, the model without excitation.
    aic, poisson_aic : float
        Akaike's information criterion of both; the smaller one indicates the better model.
    converged : bool
        Whether the likelihood is flat at the result (slope below 0.01 for relative changes of
        the parameters) and the parameters are not at the bounds.
    n_events : int
        Number of events in the likelihood.
    """

    parameters: Parameters
    log_likelihood: float
    poisson_log_likelihood: float
    aic: float
    poisson_aic: float
    converged: bool
    n_events: int

    def to_frame(self) -> pandas.DataFrame:
        """Table of one row.

        Returns
        -------
        pandas.DataFrame
            The columns of `parameters.to_frame()`, then one column for each other attribute.
        """
        return self.parameters.to_frame().assign(**single_values(self))


def hawkes_fit(
    times: ArrayLike,
    *,
    kernel: str = "exponential",
    magnitudes: ArrayLike | None = None,
    start: float | None = None,
    end: float | None = None,
    ties: str = "strict",
) -> HawkesFit:
    """Fit by maximum likelihood: L-BFGS with analytic gradients, from several starts.

    Guaranteed: the result is the best of the local maxima found, inside the bounds. Not
    guaranteed: that it is the global maximum, or that excitation is real; compare `aic` with
    `poisson_aic`, and note that changing report rates look like excitation.

    Parameters
    ----------
    times, magnitudes, start, end, ties
        As in `hawkes_log_likelihood`; at least 10 events from `start` on. State `end`: a period
        that ends with the last event biases the rate upwards.
    kernel : {"exponential", "omori"}
        Hawkes with exponential decay, or ETAS.

    Returns
    -------
    HawkesFit

    Raises
    ------
    ValueError
        Fewer than 10 events, or as in `hawkes_log_likelihood`.

    Notes
    -----
    Bounds: the branching ratio of the exponential kernel stays below 0.999, beta between 1/100 of
    the inverse period and 1000 times the event rate; for ETAS alpha is in [0, 5] (0 without
    magnitudes), p in [0.1, 5], c between 1e-6 and 1 times the period.

    Examples
    --------
    Ten alarms, each followed by three more within minutes:

    >>> alarms = np.add.outer(np.arange(10) * 10.0, [1.0, 1.01, 1.03, 1.04]).reshape(-1)
    >>> fit = hawkes_fit(alarms, end=100.0)
    >>> round(fit.parameters.mu, 2), round(fit.parameters.branching_ratio, 2)
    (0.1, 0.75)
    >>> fit.aic < fit.poisson_aic
    True
    """
    check_choice(kernel, "kernel", ("exponential", "omori"))
    check_choice(ties, "ties", ("strict", "index"))
    if kernel == "exponential":
        refuse_unused({"magnitudes": magnitudes}, NO_MAGNITUDES)
    events = check_events(times, magnitudes, start, end)
    n = int((events.times >= events.start).sum())
    if n < _MINIMUM_EVENTS:
        raise ValueError(f"Invalid times: {n} events to fit; must be at least {_MINIMUM_EVENTS}.")
    search = _search_exponential if kernel == "exponential" else _search_omori
    value, parameters, converged, free = search(events, n, ties)
    poisson = n * (np.log(n / (events.end - events.start)) - 1.0)
    return HawkesFit(
        parameters=parameters,
        log_likelihood=value,
        poisson_log_likelihood=float(poisson),
        aic=2.0 * free - 2.0 * value,
        poisson_aic=2.0 - 2.0 * float(poisson),
        converged=converged,
        n_events=n,
    )


Found = tuple[float, Parameters, bool, int]


def _search_exponential(events: Events, n: int, ties: str) -> Found:
    """Free parameters: log mu, logit-free branching ratio in its bounds, log beta."""
    period = events.end - events.start
    rate = n / period

    def parameters(x: FloatArray) -> HawkesParameters:
        beta = float(np.exp(x[2]))
        return HawkesParameters(float(np.exp(x[0])), float(x[1]) * beta, beta)

    def negative(x: FloatArray) -> tuple[float, FloatArray]:
        p = parameters(x)
        logs, integral, g = evaluate(events, p, ties)
        # alpha = ratio * beta, so beta changes alpha as well.
        by = np.array([g[0] * p.mu, g[1] * p.beta, (g[1] * x[1] + g[2]) * p.beta])
        return integral - logs, -by

    bounds = [
        (np.log(rate * 1e-6), np.log(rate * 10.0)),
        (0.0, _LARGEST_BRANCHING),
        (np.log(0.01 / period), np.log(1000.0 * rate)),
    ]
    starts = [
        np.array([np.log(rate * (1.0 - ratio)), ratio, np.log(rate * speed)])
        for ratio, speed in product((0.2, 0.7), (0.1, 1.0, 10.0))
    ]
    value, x, converged = _best(negative, starts, bounds)
    return value, parameters(x), converged, 3


def _search_omori(events: Events, n: int, ties: str) -> Found:
    """Free parameters: log mu, log a, alpha, log c, p."""
    period = events.end - events.start
    rate = n / period
    marked = bool(np.ptp(events.magnitudes) > 0.0)

    def parameters(x: FloatArray) -> EtasParameters:
        mu, a, c = (float(np.exp(v)) for v in x[[0, 1, 3]])
        return EtasParameters(mu, a, float(x[2]), c, float(x[4]))

    def negative(x: FloatArray) -> tuple[float, FloatArray]:
        p = parameters(x)
        logs, integral, g = evaluate(events, p, ties)
        return integral - logs, -g * np.array([p.mu, p.a, 1.0, p.c, 1.0])

    bounds = [
        (np.log(rate * 1e-6), np.log(rate * 10.0)),
        (np.log(rate * 1e-6), np.log(rate * 1e6)),
        (0.0, 5.0 if marked else 0.0),
        (np.log(period * 1e-6), np.log(period)),
        (0.1, 5.0),
    ]
    mean_boost = float(np.exp(events.magnitudes).mean()) if marked else 1.0
    starts = []
    for c, p in product((0.01 / rate, 1.0 / rate), (1.1, 1.8)):
        jump = 0.3 / (c / (p - 1.0) * mean_boost)
        x = np.array([np.log(rate * 0.6), np.log(jump), 1.0 if marked else 0.0, np.log(c), p])
        starts.append(np.clip(x, [low for low, _ in bounds], [high for _, high in bounds]))
    value, x, converged = _best(negative, starts, bounds)
    return value, parameters(x), converged, 5 if marked else 4


def _best(
    negative: Any, starts: list[FloatArray], bounds: list[tuple[float, float]]
) -> tuple[float, FloatArray, bool]:
    from scipy.optimize import minimize

    best: tuple[float, FloatArray, bool] | None = None
    for x in starts:
        found = minimize(
            negative,
            x,
            jac=True,
            method="L-BFGS-B",
            bounds=bounds,
            options={"maxiter": 500, "ftol": 1e-13, "gtol": 1e-6},
        )
        if np.isfinite(found.fun) and (best is None or -found.fun > best[0] + 1e-9):
            inside = all(
                low == high or (v > low + 1e-9 * abs(low) and v < high - 1e-9 * abs(high))
                for v, (low, high) in zip(found.x, bounds)
            )
            # The slope decides: the line search may stop within rounding error of the maximum.
            flat = bool(np.abs(np.asarray(found.jac)).max() <= _FLAT)
            best = (-float(found.fun), np.asarray(found.x), flat and inside)
    if best is None:
        raise ValueError("Invalid times: no start value of the fit gave a finite likelihood.")
    return best
