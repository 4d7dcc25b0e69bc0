"""Self-exciting point processes in time: Hawkes with exponential decay, and ETAS."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from geo_risk._core.types import FloatArray
from geo_risk._core.validate import as_float, check_choice, check_scalar, refuse_unused
from geo_risk.hotspots._table import row_of, single_values

if TYPE_CHECKING:
    import pandas

__all__ = [
    "NO_MAGNITUDES",
    "EtasParameters",
    "HawkesParameters",
    "check_events",
    "check_parameters",
    "hawkes_compensator",
    "hawkes_intensity",
    "hawkes_log_likelihood",
]


@dataclass(frozen=True)
class HawkesParameters:
    """Exponential decay: intensity mu + alpha sum exp(-beta (t - t_i)) over earlier events.

    Attributes
    ----------
    mu : float
        Background events per unit of time, > 0.
    alpha : float
        Jump of the intensity at an event, >= 0.
    beta : float
        Rate of decay per unit of time, > 0.
    """

    mu: float
    alpha: float
    beta: float

    def __post_init__(self) -> None:
        check_scalar(self.mu, "mu", low=0.0, open_low=True)
        check_scalar(self.alpha, "alpha", low=0.0)
        check_scalar(self.beta, "beta", low=0.0, open_low=True)

    @property
    def branching_ratio(self) -> float:
        """Mean number of events that one event triggers; the process explodes if it is >= 1."""
        return self.alpha / self.beta

    def to_frame(self) -> pandas.DataFrame:
        """Table of one row.

        Returns
        -------
        pandas.DataFrame
            Columns `mu`, `alpha`, `beta` and `branching_ratio`.
        """
        return row_of(**single_values(self), branching_ratio=self.branching_ratio)


@dataclass(frozen=True)
class EtasParameters:
    """ETAS: intensity mu + a sum exp(alpha m_i) (1 + (t - t_i)/c)^(-p) over earlier events.

    Ogata's K is a c^p.

    Attributes
    ----------
    mu : float
        Background events per unit of time, > 0.
    a : float
        Jump of the intensity at an event of magnitude 0, >= 0.
    alpha : float
        How much a unit of magnitude adds to the logarithm of the jump.
    c : float
        Time before the decay begins, > 0.
    p : float
        Exponent of the decay, > 0; the process explodes in the long run for p <= 1.
    """

    mu: float
    a: float
    alpha: float
    c: float
    p: float

    def __post_init__(self) -> None:
        check_scalar(self.mu, "mu", low=0.0, open_low=True)
        check_scalar(self.a, "a", low=0.0)
        check_scalar(self.alpha, "alpha")
        check_scalar(self.c, "c", low=0.0, open_low=True)
        check_scalar(self.p, "p", low=0.0, open_low=True)

    def to_frame(self) -> pandas.DataFrame:
        """Table of one row.

        Returns
        -------
        pandas.DataFrame
            Columns `mu`, `a`, `alpha`, `c` and `p`.
        """
        return row_of(**single_values(self))


Parameters = HawkesParameters | EtasParameters
"""Either kind of parameters."""
NO_MAGNITUDES = "the exponential kernel has no magnitudes; ETAS (omori) has"


@dataclass(frozen=True, eq=False)
class Events:
    """Checked events in order of time, and the period of the likelihood."""

    times: FloatArray
    magnitudes: FloatArray
    start: float
    end: float


def check_events(
    times: ArrayLike, magnitudes: ArrayLike | None, start: float | None, end: float | None
) -> Events:
    """Check and sort events; by default the period ends with the last event."""
    t = as_float(times, "times")
    if t.ndim != 1:
        raise ValueError(f"Invalid times: shape {t.shape}; must be (n,), one time per event.")
    m = np.zeros(t.size) if magnitudes is None else as_float(magnitudes, "magnitudes")
    if m.shape != t.shape:
        raise ValueError(f"Invalid magnitudes: shape {m.shape} for {t.size} times.")
    for values, name in ((t, "times"), (m, "magnitudes")):
        bad = ~np.isfinite(values)
        if bad.any():
            raise ValueError(
                f"Invalid {name}: {int(bad.sum())} of {t.size} are missing or infinite; first at "
                f"index {int(np.argmax(bad))}."
            )
    if end is None and t.size == 0:
        raise ValueError("Invalid times: no events; give end.")
    first = 0.0 if start is None else check_scalar(start, "start")
    last = float(t.max()) if end is None else check_scalar(end, "end")
    if last <= first:
        raise ValueError(f"Invalid end: {last:g}; must be after start, {first:g}.")
    if t.size and t.max() > last:
        raise ValueError(
            f"Invalid times: {int((t > last).sum())} of {t.size} are after the end, {last:g}; "
            f"first at index {int(np.argmax(t > last))}: {t[np.argmax(t > last)]:g}."
        )
    if start is None and t.size and t.min() < 0.0:
        raise ValueError(
            f"Invalid times: the first is {t.min():g}; with times before 0, give start."
        )
    order = np.argsort(t, kind="stable")
    return Events(t[order], m[order], first, last)


def evaluate(events: Events, parameters: Parameters, ties: str) -> tuple[float, float, FloatArray]:
    """Sum of log intensities, integral, and gradient of their difference."""
    from geo_risk.hotspots import _hawkes as kernel

    strict = ties == "strict"
    if isinstance(parameters, HawkesParameters):
        gradient = np.empty(3)
        logs, integral = kernel.exponential(
            events.times,
            events.start,
            events.end,
            float(parameters.mu),
            float(parameters.alpha),
            float(parameters.beta),
            strict,
            gradient,
        )
    else:
        gradient = np.empty(5)
        logs, integral = kernel.omori(
            events.times,
            events.magnitudes,
            events.start,
            events.end,
            float(parameters.mu),
            float(parameters.a),
            float(parameters.alpha),
            float(parameters.c),
            float(parameters.p),
            strict,
            gradient,
        )
    return logs, integral, gradient


def check_parameters(parameters: Any, magnitudes: ArrayLike | None, ties: str = "strict") -> None:
    """Check the type of the parameters, whether they take magnitudes, and `ties`."""
    if not isinstance(parameters, (HawkesParameters, EtasParameters)):
        raise TypeError(
            f"Invalid parameters: {type(parameters).__name__}; must be "
            "HawkesParameters or EtasParameters."
        )
    if isinstance(parameters, HawkesParameters):
        refuse_unused({"magnitudes": magnitudes}, NO_MAGNITUDES)
    check_choice(ties, "ties", ("strict", "index"))


def hawkes_log_likelihood(
    times: ArrayLike,
    parameters: Parameters,
    *,
    magnitudes: ArrayLike | None = None,
    start: float | None = None,
    end: float | None = None,
    ties: str = "strict",
) -> float:
    """Log-likelihood of the events from `start` to `end`.

    Parameters
    ----------
    times : array_like of float, shape (n,)
        Times of the events in any order and unit, none after `end`. Events before `start` excite
        later ones but are not part of the likelihood.
    parameters : HawkesParameters or EtasParameters
        The model.
    magnitudes : array_like of float, shape (n,), optional
        For ETAS only: magnitudes above the threshold of completeness; 0 if not given.
    start, end : float, optional
        By default 0 and the time of the last event.
    ties : {"strict", "index"}
        "strict": simultaneous events do not excite each other. "index": each excites those after
        it in the order of the rows (on which the result then depends).

    Returns
    -------
    float
        Natural logarithm; -inf if an event has intensity 0.

    Raises
    ------
    ValueError
        Times or magnitudes missing or infinite, events after `end`, `end` not after `start`,
        magnitudes with `HawkesParameters`.
    TypeError
        Parameters of another type, values that are not numbers.

    Notes
    -----
    log L = sum of log lambda(t_i) over the events - integral of lambda from start to end.
    Cost: n for exponential decay, n^2 for ETAS.

    References
    ----------
    Hawkes, A. G. (1971) Biometrika 58, 83-90. Ogata, Y. (1988) JASA 83, 9-27.

    Examples
    --------
    >>> round(hawkes_log_likelihood([1.0, 1.2, 4.0], HawkesParameters(0.5, 0.6, 2.0)), 6)
    -4.079985
    """
    check_parameters(parameters, magnitudes, ties)
    logs, integral, _ = evaluate(check_events(times, magnitudes, start, end), parameters, ties)
    return float(logs - integral)


def hawkes_compensator(
    times: ArrayLike,
    parameters: Parameters,
    *,
    magnitudes: ArrayLike | None = None,
    start: float | None = None,
    end: float | None = None,
) -> float:
    """Integral of the intensity from `start` to `end`: the expected number of events.

    Parameters
    ----------
    times, parameters, magnitudes, start, end
        As in `hawkes_log_likelihood`.

    Returns
    -------
    float

    Raises
    ------
    ValueError, TypeError
        As in `hawkes_log_likelihood`.

    Examples
    --------
    >>> round(hawkes_compensator([1.0], HawkesParameters(0.5, 0.6, 2.0), end=50.0), 6)
    25.3
    """
    check_parameters(parameters, magnitudes)
    events = check_events(times, magnitudes, start, end)
    return float(evaluate(events, parameters, "strict")[1])


def hawkes_intensity(
    times: ArrayLike,
    parameters: Parameters,
    at: ArrayLike,
    *,
    magnitudes: ArrayLike | None = None,
) -> FloatArray:
    """Intensity just before each time `at`, given the events before it.

    Parameters
    ----------
    times, parameters, magnitudes
        As in `hawkes_log_likelihood`; events at or after a time have no effect on it.
    at : array_like of float
        Times, in any order and shape.

    Returns
    -------
    ndarray of float64, the shape of `at`
        Expected events per unit of time.

    Raises
    ------
    ValueError, TypeError
        As in `hawkes_log_likelihood`; missing times in `at`.

    Examples
    --------
    >>> hawkes_intensity([1.0], HawkesParameters(0.5, 0.6, 2.0), [0.5, 1.0, 2.0]).round(4)
    array([0.5   , 0.5   , 0.5812])
    """
    from geo_risk.hotspots import _hawkes as kernel

    check_parameters(parameters, magnitudes)
    moments = as_float(at, "at")
    if not np.isfinite(moments).all():
        raise ValueError(f"Invalid at: {int((~np.isfinite(moments)).sum())} times are missing.")
    t = as_float(times, "times")
    low = float(min(t.min(initial=0.0), moments.min(initial=0.0))) - 1.0
    high = float(max(t.max(initial=0.0), moments.max(initial=0.0))) + 1.0
    events = check_events(times, magnitudes, low, high)
    order = np.argsort(moments.reshape(-1), kind="stable")
    in_order, out = moments.reshape(-1)[order], np.empty(moments.size)
    found = np.empty(moments.size)
    if isinstance(parameters, HawkesParameters):
        kernel.exponential_intensity(
            events.times,
            in_order,
            float(parameters.mu),
            float(parameters.alpha),
            float(parameters.beta),
            found,
        )
    else:
        kernel.omori_intensity(
            events.times,
            events.magnitudes,
            in_order,
            float(parameters.mu),
            float(parameters.a),
            float(parameters.alpha),
            float(parameters.c),
            float(parameters.p),
            found,
        )
    out[order] = found
    return out.reshape(moments.shape)
