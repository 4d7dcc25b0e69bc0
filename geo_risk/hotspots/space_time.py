"""Space-time cubes: events counted by unit and period, with zeros filled in."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from geo_risk._core.types import IntArray
from geo_risk._core.validate import as_array, as_float, check_integer

__all__ = ["MOST_BINS", "space_time_cube", "whole_times"]


MOST_BINS = 200_000_000
"""Largest number of bins (units x periods) of a cube (1.6 GB)."""


def space_time_cube(
    unit: ArrayLike,
    time: ArrayLike,
    n_units: int,
    *,
    start: Any = None,
    stop: Any = None,
    weight: ArrayLike | None = None,
) -> tuple[NDArray[Any], NDArray[Any]]:
    """Count events by unit and period; every period between the first and the last is included.

    Guaranteed: every event with a unit and a time within the periods counts once, in its own
    bin; bins without events hold 0. Events without a unit, or outside the given periods, do not
    count.

    Parameters
    ----------
    unit : array_like of int, shape (m,)
        Row of each event's unit (cell, region), from 0; -1 for none.
    time : array_like, shape (m,)
        Whole numbers, or datetime64 whose unit is one period, as in
        ``times.astype("datetime64[M]")`` (`.to_numpy()` first, for a pandas column).
    n_units : int
        Number of rows of the cube.
    start, stop : optional
        First and last period, inclusive; the events' own if not given.
    weight : array_like of float, shape (m,), optional
        Weights to sum instead of counting.

    Returns
    -------
    cube : ndarray of int64 (float64 with weights), shape (n_units, T)
    periods : ndarray, shape (T,)
        Labels of the periods, of the type of `time`.

    Raises
    ------
    ValueError
        Units out of range, missing times, no event and no `start` and `stop`, `stop` before
        `start`, shapes that do not match, more than 200 million bins.
    TypeError
        Times that are neither whole numbers nor datetime64.

    Examples
    --------
    >>> cube, periods = space_time_cube([0, 1, 1, -1], [2001, 2003, 2003, 2002], 2)
    >>> periods.tolist()
    [2001, 2002, 2003]
    >>> cube.tolist()
    [[1, 0, 0], [0, 0, 2]]
    """
    which, moment = _whole(unit, "unit"), whole_times(time)
    n_units = check_integer(n_units, "n_units", low=0)
    if which.ndim != 1 or moment.shape != which.shape:
        raise ValueError(f"Invalid unit, time: shapes {which.shape} and {moment.shape}.")
    if which.dtype.kind not in "iu":
        if which.size:
            raise TypeError(f"Invalid unit: dtype {which.dtype}; must be row numbers.")
        which = which.astype(np.int64)
    bad = (which < -1) | (which >= n_units)
    if bad.any():
        first = int(np.argmax(bad))
        raise ValueError(
            f"Invalid unit: {int(bad.sum())} of {which.size} outside [-1, {n_units - 1}]; first "
            f"at index {first}: {which[first]}."
        )
    number, low, high = _period_numbers(moment, start, stop)
    if n_units * (high - low + 1) > MOST_BINS:
        raise ValueError(
            f"Invalid time: {high - low + 1} periods of {n_units} units; at most {MOST_BINS} bins "
            "are allowed. Use longer periods, as in times.astype('datetime64[D]')."
        )
    inside = (which >= 0) & (number >= low) & (number <= high)
    bin_of = which[inside].astype(np.int64) * (high - low + 1) + number[inside] - low
    size = n_units * (high - low + 1)
    amount = None if weight is None else as_float(weight, "weight")[inside]
    cube = np.bincount(bin_of, amount, minlength=size).reshape(n_units, high - low + 1)
    return cube, np.arange(low, high + 1).astype(moment.dtype)


def _whole(numbers: ArrayLike, name: str) -> NDArray[Any]:
    """As an array; floats that are whole numbers as integers."""
    array = as_array(numbers, name)
    if array.dtype.kind == "f" and (np.abs(array) < 2.0**53).all():  # false for NaN
        whole = array.astype(np.int64)
        return whole if (whole == array).all() else array
    return array


def whole_times(time: ArrayLike) -> NDArray[Any]:
    """Times as integers or datetime64; floats may be whole numbers."""
    moment = _whole(time, "time")
    if moment.dtype.kind not in "iuM":
        raise TypeError(
            f"Invalid time: dtype {moment.dtype}; whole period numbers or numpy datetime64 "
            "(whose unit is the length of a period, as in times.astype('datetime64[D]'))."
        )
    return moment


def _period_numbers(moment: NDArray[Any], start: Any, stop: Any) -> tuple[IntArray, int, int]:
    """Periods as integers, the first and the last."""
    if moment.dtype.kind == "M" and np.isnat(moment).any():
        missing = np.isnat(moment)
        raise ValueError(
            f"Invalid time: {int(missing.sum())} of {moment.size} are missing; first at index "
            f"{int(np.argmax(missing))}."
        )
    number = moment.astype(np.int64)
    if moment.size == 0 and (start is None or stop is None):
        raise ValueError("Invalid time: no events; start and stop are needed.")
    low, high = (
        int(extreme()) if given is None else int(np.asarray(given, moment.dtype).astype(np.int64))
        for given, extreme in ((start, number.min), (stop, number.max))
    )
    if high < low:
        raise ValueError(f"Invalid stop: {stop!r} lies before start.")
    return number, low, high
