"""Empirical Bayes rates: small populations borrow strength, so 1 case in 2 is not a hotspot."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from geo_risk._core.types import FloatArray
from geo_risk._core.validate import check_choice, refuse_unused
from geo_risk.hotspots._table import table_of
from geo_risk.hotspots.weights import as_values, as_weights

if TYPE_CHECKING:
    import pandas

__all__ = ["EbRates", "eb_rates", "standardized_rates"]


@dataclass(frozen=True, eq=False)
class EbRates:
    """Result of `eb_rates`; every array has shape (n,), in the order of the units.

    Attributes
    ----------
    rate : ndarray of float64
        Smoothed rate, events per unit of population; NaN where the population is 0.
    raw : ndarray of float64
        Events / population; NaN where the population is 0.
    prior_mean, prior_variance : ndarray of float64
        Mean and variance (at least 0) of the reference rates towards which each unit is smoothed.
    shrinkage : ndarray of float64
        Weight of the unit's own raw rate, from 0 (only the prior) to 1 (only its own).
    isolated : ndarray of bool
        For local rates: whether the unit has no neighbour, so that the global prior was used.
    method : str
    """

    rate: FloatArray
    raw: FloatArray
    prior_mean: FloatArray
    prior_variance: FloatArray
    shrinkage: FloatArray
    isolated: NDArray[np.bool_]
    method: str

    def to_frame(self) -> pandas.DataFrame:
        """Table of the units, one row each, in their order.

        Returns
        -------
        pandas.DataFrame
            Columns `rate` and `raw` (events per unit of population), `prior_mean`,
            `prior_variance`, `shrinkage` and `isolated`; `attrs` holds `method`.
        """
        return table_of(
            self, "rate", "raw", "prior_mean", "prior_variance", "shrinkage", "isolated"
        )


def eb_rates(
    events: ArrayLike, population: ArrayLike, weights: Any = None, *, method: str | None = None
) -> EbRates:
    """Smooth rates towards the mean of all units, or of each unit's neighbourhood.

    The fewer people a unit has, the more it is smoothed. Guaranteed: a smoothed rate lies between
    the raw one and the prior mean. Not guaranteed: unbiased single rates (a small bias
    is accepted for much less noise).

    Parameters
    ----------
    events : array_like, shape (n,)
        Events in each unit, >= 0.
    population : array_like, shape (n,)
        Population, exposure or expected events, >= 0; 0 only where there are no events.
    weights : scipy.sparse matrix (n, n), libpysal Graph or W, optional
        Neighbours for the local rates (every weight above 0 is a neighbour; the unit itself is
        added: pass weights without self).
    method : {"global", "local"}, optional
        By default "local" where weights are given, else "global".

    Returns
    -------
    EbRates

    Raises
    ------
    TypeError
        Values or weights of the wrong type.
    ValueError
        Negative or missing numbers, events in units without population, no population at all,
        "local" without weights, "global" with them.

    Notes
    -----
    Marshall's method of moments (1991), Poisson: with p = O / N over the reference units,
    ``b = sum O / sum N``, ``s2 = sum N (p - b)^2 / sum N``, ``a = max(0, s2 - b / mean(N))``,
    ``rate = b + a (p - b) / (a + b / N)``. The reference of local rates is the unit and its
    neighbours; an isolated unit has no neighbours, so it takes the global reference and is
    flagged (spdep returns its raw rate). If the whole reference has no event, the rate is 0
    (spdep returns NaN).

    References
    ----------
    Marshall, R. J. (1991), Applied Statistics 40, 283-294.

    Examples
    --------
    >>> result = eb_rates([1, 30, 60], [2, 1000, 1500])
    >>> result.raw.round(3)
    array([0.5 , 0.03, 0.04])
    >>> result.rate.round(3)
    array([0.04 , 0.031, 0.04 ])
    """
    o, n = _counts(events, population)
    if method is None:
        method = "global" if weights is None else "local"
    check_choice(method, "method", ("global", "local"))
    if method == "global":
        refuse_unused({"weights": weights}, 'method="global" has no neighbours')
    inhabited = n > 0.0
    raw = np.full(o.size, np.nan)
    np.divide(o, n, out=raw, where=inhabited)
    mean, variance = _global_prior(o[inhabited], n[inhabited])
    isolated = np.zeros(o.size, dtype=np.bool_)
    prior_mean, prior_variance = np.full(o.size, mean), np.full(o.size, variance)
    if method == "local":
        if weights is None:
            raise ValueError('Invalid weights: None; method="local" needs neighbours.')
        csr = as_weights(weights, o.size)
        isolated = np.diff(csr.indptr) == 0
        local_mean, local_variance = _local_prior(o, n, csr.indptr, csr.indices)
        use = ~isolated & ~np.isnan(local_mean)
        prior_mean[use], prior_variance[use] = local_mean[use], local_variance[use]
    noise = np.zeros(o.size)
    np.divide(prior_mean, n, out=noise, where=inhabited)
    whole = prior_variance + noise
    shrinkage = np.where(inhabited, 0.0, np.nan)
    np.divide(prior_variance, whole, out=shrinkage, where=inhabited & (whole > 0.0))
    rate = prior_mean + shrinkage * (raw - prior_mean)
    return EbRates(rate, raw, prior_mean, prior_variance, shrinkage, isolated, method)


def standardized_rates(events: ArrayLike, population: ArrayLike) -> FloatArray:
    """Standardised rates with equal variance, to be passed to `moran` or `local_moran`.

    Raw rates of small populations vary more, so Moran's I of raw rates takes noise for
    pattern; with standardised rates it does not.

    Parameters
    ----------
    events, population : array_like, shape (n,)
        As for `eb_rates`, but every unit must have a population.

    Returns
    -------
    ndarray of float64, shape (n,)
        (O / N - b) / sqrt(a + b / N), with b and a of `eb_rates`.

    Raises
    ------
    ValueError
        As for `eb_rates`; a population of 0; no events at all.

    References
    ----------
    Assuncao, R. M., Reis, E. A. (1999), Statistics in Medicine 18, 2147-2162.

    Examples
    --------
    >>> standardized_rates([1, 30, 60], [1000, 1000, 1500]).round(2)
    array([-1.52,  0.24,  0.86])
    """
    o, n = _counts(events, population)
    if (n == 0.0).any():
        first = int(np.argmax(n == 0.0))
        raise ValueError(
            f"Invalid population: {int((n == 0.0).sum())} of {n.size} are 0, so they have no rate; "
            f"first at index {first}. Leave those units out (of the weights too)."
        )
    mean, variance = _global_prior(o, n)
    if mean == 0.0:
        raise ValueError("Invalid events: all 0, so the rates have no spread to standardise by.")
    return (o / n - mean) / np.sqrt(variance + mean / n)


def _counts(events: ArrayLike, population: ArrayLike) -> tuple[FloatArray, FloatArray]:
    o, n = as_values(events, "events"), as_values(population, "population")
    if o.size != n.size:
        raise ValueError(f"Invalid population: {n.size} values for {o.size} units.")
    for name, array in (("events", o), ("population", n)):
        bad = array < 0.0
        if bad.any():
            first = int(np.argmax(bad))
            raise ValueError(
                f"Invalid {name}: {int(bad.sum())} of {array.size} are negative; first at index "
                f"{first}: {array[first]:g}."
            )
        extreme = (array > 1e100) | ((array > 0.0) & (array < 1e-100))
        if extreme.any():
            raise ValueError(
                f"Invalid {name}: {array[np.argmax(extreme)]:g} is neither 0 nor between 1e-100 "
                "and 1e100."
            )
    homeless = (n == 0.0) & (o > 0.0)
    if homeless.any():
        first = int(np.argmax(homeless))
        raise ValueError(
            f"Invalid population: {int(homeless.sum())} of {n.size} units have events but no "
            f"population; first at index {first}: {o[first]:g} events."
        )
    if not n.sum() > 0.0:
        raise ValueError("Invalid population: all are 0.")
    return o, n


def _global_prior(o: FloatArray, n: FloatArray) -> tuple[float, float]:
    total = float(n.sum())
    mean = float(o.sum()) / total
    spread = float(np.sum(n * (o / n - mean) ** 2)) / total
    return mean, max(0.0, spread - mean * n.size / total)


def _local_prior(
    o: FloatArray, n: FloatArray, indptr: NDArray[Any], indices: NDArray[Any]
) -> tuple[FloatArray, FloatArray]:
    """Mean and variance of the rates of each unit and its neighbours; NaN without population."""
    size = o.size
    rows = np.concatenate([np.repeat(np.arange(size), np.diff(indptr)), np.arange(size)])
    members = np.concatenate([indices, np.arange(size)])
    inhabited = n[members] > 0.0
    rows, members = rows[inhabited], members[inhabited]
    events = np.bincount(rows, o[members], size)
    people = np.bincount(rows, n[members], size)
    count = np.bincount(rows, minlength=size)
    some = people > 0.0
    mean, spread = np.full(size, np.nan), np.full(size, np.nan)
    np.divide(events, people, out=mean, where=some)
    squares = n[members] * (o[members] / n[members] - mean[rows]) ** 2
    np.divide(np.bincount(rows, squares, size), people, out=spread, where=some)
    noise = np.zeros(size)
    np.divide(mean * count, people, out=noise, where=some)
    return mean, np.maximum(spread - noise, 0.0)
