"""Checks of input that all modules share. Messages state the value, its position and the rule."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from geo_risk._core.types import FloatArray

__all__ = [
    "as_array",
    "as_float",
    "check_choice",
    "check_codes",
    "check_integer",
    "check_jobs",
    "check_lonlat",
    "check_resolution",
    "check_scalar",
    "is_integer",
    "refuse_unused",
    "renamed",
]


def check_lonlat(lon: ArrayLike, lat: ArrayLike) -> tuple[FloatArray, FloatArray, tuple[int, ...]]:
    """Broadcast and check coordinates; a pair with NaN on either side is missing on both.

    Parameters
    ----------
    lon, lat : array_like
        Degrees, WGS84, within [-180, 180] and [-90, 90]; NaN means missing.

    Returns
    -------
    lon, lat : ndarray of float64, shape (n,), C-contiguous
    shape : tuple of int
        The shape results must be given back in; ``()`` for scalars.

    Raises
    ------
    ValueError
        A value out of range or infinite, or shapes that do not broadcast.
    TypeError
        Values that are not real numbers.
    """
    lon_array, lat_array = as_float(lon, "lon"), as_float(lat, "lat")
    try:
        lon_array, lat_array = np.broadcast_arrays(lon_array, lat_array)
    except ValueError as error:
        raise ValueError(
            f"Invalid lon, lat: shapes {lon_array.shape} and {lat_array.shape} do not match."
        ) from error
    shape = lon_array.shape
    lon_flat = np.ascontiguousarray(lon_array, dtype=np.float64).reshape(-1)
    lat_flat = np.ascontiguousarray(lat_array, dtype=np.float64).reshape(-1)
    if _all_within(lat_flat, 90.0) and _all_within(lon_flat, 180.0):
        return lon_flat, lat_flat, shape
    missing = np.isnan(lon_flat) | np.isnan(lat_flat)
    if missing.any():
        lon_flat, lat_flat = lon_flat.copy(), lat_flat.copy()
        lon_flat[missing] = lat_flat[missing] = np.nan
    _check_range(lat_flat, "lat", 90.0)
    _check_range(lon_flat, "lon", 180.0)
    return lon_flat, lat_flat, shape


def _all_within(values: FloatArray, limit: float) -> bool:
    """Whether no value is missing or out of range: one pass each, without temporary arrays."""
    return bool(values.size and -limit <= values.min() and values.max() <= limit)


def as_array(values: ArrayLike, name: str) -> NDArray[Any]:
    """Values as an array; rows of unequal length raise ValueError."""
    try:
        return np.asarray(values)
    except ValueError as error:
        raise ValueError(f"Invalid {name}: {error}") from error


def as_float(values: ArrayLike, name: str) -> FloatArray:
    """Values as an array of real numbers; masked values become NaN."""
    if isinstance(values, np.ma.MaskedArray):  # asarray would ignore the mask
        values = np.ma.filled(values.astype(np.float64), np.nan)
    array = as_array(values, name)
    if array.dtype.kind in "bcmMSUV":
        raise TypeError(f"Invalid {name}: dtype {array.dtype} is not a real number.")
    try:
        return array.astype(np.float64, copy=False)
    except (TypeError, ValueError) as error:
        raise TypeError(f"Invalid {name}: {error}.") from error


def _check_range(values: FloatArray, name: str, limit: float) -> None:
    bad = np.abs(values) > limit  # NaN compares false: missing, not bad
    if not bad.any():
        return
    first = int(np.argmax(bad))
    value = float(values[first])
    hint = ""
    if name == "lon" and limit < abs(value) <= 540.0:
        wrapped = (value + 180.0) % 360.0 - 180.0
        hint = f" Longitudes are not wrapped for you: {value:g} would be {wrapped:g}."
    elif name == "lat" and limit < abs(value) <= 180.0:
        hint = " Are lon and lat swapped?"
    elif abs(value) > 540.0:
        hint = " These look like projected coordinates: degrees (EPSG:4326) are needed."
    raise ValueError(
        f"Invalid {name}: {int(bad.sum())} of {values.size} values outside "
        f"[{-limit:g}, {limit:g}]; first at index {first}: {value:g}.{hint}"
    )


def is_integer(value: Any) -> bool:
    """Whether a value is an integer, Python's or numpy's, and no truth value."""
    return isinstance(value, (int, np.integer)) and not isinstance(value, bool)


def check_integer(
    value: Any, name: str, *, low: int | None = None, high: int | None = None, why: str = ""
) -> int:
    """Check that `value` is one integer within [low, high]; `why` says where a bound is from.

    Raises
    ------
    TypeError
        No integer (a truth value, a float of a whole number).
    ValueError
        An integer out of range.
    """
    if not is_integer(value):
        raise TypeError(f"Invalid {name}: {value!r} is not an integer.")
    if (low is not None and value < low) or (high is not None and value > high):
        rule = f"at least {low}" if high is None else f"an integer from {low} to {high}"
        raise ValueError(f"Invalid {name}: {value}; must be {rule}{why and f' ({why})'}.")
    return int(value)


def check_jobs(n_jobs: Any) -> int:
    """Check a number of threads: -1 for all processors, or at least 1."""
    jobs = check_integer(n_jobs, "n_jobs")
    if jobs != -1 and jobs < 1:
        raise ValueError(f"Invalid n_jobs: {jobs}; must be -1 (all processors) or at least 1.")
    return jobs


def check_resolution(resolution: Any) -> int:
    """Check an H3 resolution, an integer from 0 to 15."""
    return check_integer(resolution, "resolution", low=0, high=15)


def shown(value: Any, most: int = 100) -> str:
    """A value for an error message, without the middle of a long one."""
    if isinstance(value, str) and len(value) > most:
        return f"{value[: most // 2]!r}…{value[-most // 4 :]!r} ({len(value)} characters)"
    return repr(value)


def check_choice(value: Any, name: str, choices: tuple[str, ...]) -> str:
    """Check that `value` is one of `choices`."""
    if value not in choices:
        listed = ", ".join(repr(choice) for choice in choices)
        raise ValueError(f"Invalid {name}: {shown(value)}; must be one of {listed}.")
    return str(value)


def check_scalar(
    value: Any, name: str, *, low: float = -np.inf, high: float = np.inf, open_low: bool = False
) -> float:
    """Check that `value` is one finite number within [low, high] (or (low, high])."""
    if isinstance(value, bool) or not isinstance(value, (int, float, np.integer, np.floating)):
        raise TypeError(f"Invalid {name}: {value!r} is not a number.")
    number = float(value)
    if not np.isfinite(number) or number < low or number > high or (open_low and number == low):
        bracket = "(" if open_low else "["
        raise ValueError(f"Invalid {name}: {value!r}; must be in {bracket}{low:g}, {high:g}].")
    return number


def refuse_unused(options: Mapping[str, Any], why: str) -> None:
    """Raise for the first of some options that is given (not None), since it is not used."""
    for name, value in options.items():
        if value is not None:
            plain = isinstance(value, (str, int, float, np.number))
            shown = value if plain else type(value).__name__
            raise ValueError(f"Invalid {name}: {shown!r} is not used; {why}.")


def renamed(value: Any, name: str, old_value: Any, old_name: str) -> Any:
    """Value of an option that had another name until now; None if neither was given.

    Called by the public function itself, so that the warning points at its caller.
    """
    if old_value is None:
        return value
    if value is not None:
        raise ValueError(
            f"Invalid {old_name}: {old_value!r} is not used; it is the old name of {name}, which "
            f"is {value!r}."
        )
    warnings.warn(
        f"{old_name} is called {name} now; the old name is removed in the next release.",
        DeprecationWarning,
        stacklevel=3,
    )
    return old_value


def check_codes(codes: Any, name: str, n: int) -> list[str | None]:
    """One code for all `n` rows, or one per row, as a list; None is missing."""
    if codes is None or isinstance(codes, str):
        return [codes] * n
    listed = [None if _is_missing(code) else str(code) for code in codes]
    if len(listed) != n:
        raise ValueError(f"Invalid {name}: {len(listed)} codes for {n} points.")
    return listed


def _is_missing(code: Any) -> bool:
    """Whether a code is None, NaN or pandas' NA, which has no truth value."""
    try:
        return code is None or bool(code != code)
    except TypeError:
        return True
