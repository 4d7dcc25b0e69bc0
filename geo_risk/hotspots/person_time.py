"""Population at risk over time, from censuses on a few dates."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from geo_risk._core.types import FloatArray
from geo_risk._core.validate import as_float

__all__ = ["person_time"]


def person_time(population: ArrayLike, dates: ArrayLike, edges: ArrayLike) -> FloatArray:
    """Person-days in each period, by linear interpolation between censuses.

    Before the first census and after the last the population is assumed to be constant. SaTScan
    treats dated populations in this way (a census with only a year is of 1 July).

    Parameters
    ----------
    population : array_like of float, shape (n, k)
        People (or any exposure) in n rows at k censuses.
    dates : array_like of datetime64, shape (k,)
        Dates of the censuses, increasing; a date means its midnight.
    edges : array_like of datetime64, shape (T + 1,)
        Beginning of each period, and the end of the last (the day after its last day),
        increasing.

    Returns
    -------
    ndarray of float64, shape (n, T)
        Person-days, which `scan` takes as the population of each period.

    Raises
    ------
    ValueError
        Shapes that do not match, dates that do not increase, populations missing, infinite or
        negative.
    TypeError
        Dates that are not datetime64.

    Examples
    --------
    A town grows from 100 to 200 in ten days; the first five of them, the rest, and a day after:

    >>> days = np.array(["2024-01-01", "2024-01-06", "2024-01-11", "2024-01-12"], "datetime64[D]")
    >>> person_time([[100, 200]], days[[0, 2]], days)
    array([[625., 875., 200.]])
    """
    people = as_float(population, "population")
    census, edge = _days(dates, "dates"), _days(edges, "edges")
    if people.ndim != 2 or people.shape[1] != census.size or edge.size < 2:
        raise ValueError(
            f"Invalid population: shape {people.shape} for {census.size} dates and {edge.size} "
            "edges; must be (n, dates), with at least two edges."
        )
    bad = ~(np.isfinite(people) & (people >= 0.0))
    if bad.any():
        first = tuple(int(i) for i in np.argwhere(bad)[0])
        raise ValueError(
            f"Invalid population: {int(bad.sum())} of {people.size} values are negative, missing "
            f"or infinite; first at index {first}."
        )
    # Between consecutive knots the population is linear: the trapezoid rule is exact.
    knots = np.union1d(edge, census[(census > edge[0]) & (census < edge[-1])])
    share = np.stack([np.interp(knots, census, row) for row in np.eye(census.size)])
    area = 0.5 * (share[:, 1:] + share[:, :-1]) * np.diff(knots)
    period = np.searchsorted(edge, knots[:-1], side="right") - 1
    weight = np.stack([np.bincount(period, row, minlength=edge.size - 1) for row in area])
    return np.asarray(people @ weight)


def _days(values: ArrayLike, name: str) -> FloatArray:
    moment = np.asarray(values)
    if moment.dtype.kind != "M":
        raise TypeError(f"Invalid {name}: dtype {moment.dtype}; must be datetime64.")
    if moment.ndim != 1 or moment.size == 0 or np.isnat(moment).any():
        raise ValueError(f"Invalid {name}: shape {moment.shape}, none may be missing.")
    days = (moment - np.datetime64("1970-01-01")) / np.timedelta64(1, "D")
    if not (days[1:] > days[:-1]).all():
        raise ValueError(f"Invalid {name}: must increase.")
    return np.asarray(days, dtype=np.float64)
