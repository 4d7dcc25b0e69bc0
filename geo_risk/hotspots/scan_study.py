"""Data of the scan statistic: locations, periods, cases and expected cases."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from geo_risk._core.sphere import unit_vectors
from geo_risk._core.types import FloatArray, IntArray
from geo_risk._core.validate import as_float, check_choice, check_lonlat
from geo_risk.hotspots.space_time import MOST_BINS, whole_times

__all__ = [
    "BERNOULLI",
    "MODELS",
    "POISSON",
    "Study",
    "build_study",
]


MODELS = ("poisson", "bernoulli", "space_time_poisson", "space_time_permutation")
POISSON, BERNOULLI = 0, 1  # as in the kernels


@dataclass(frozen=True, eq=False)
class Study:
    """Locations x periods, checked and aggregated.

    Attributes
    ----------
    cases : ndarray of int64, shape (n, T)
    key : ndarray of float64, shape (n, T)
        Proportional to the expected cases under the null hypothesis.
    kind : int
        POISSON or BERNOULLI.
    model : str
    size : ndarray of float64, shape (n,)
        Population (or cases) for the limit `max_population`.
    position : ndarray of float64, shape (n, 2) or (n, 3)
        Kilometres in the plane, or unit vectors.
    location : ndarray of int64, shape (rows,)
        Location of each input row.
    first_row : ndarray of int64, shape (n,)
        First input row of each location.
    place : ndarray of float64, shape (n, 2)
        (lon, lat) or (x_km, y_km).
    labels : ndarray of shape (T,) or None
        The caller's labels of the periods; None for a purely spatial study.
    """

    cases: IntArray
    key: FloatArray
    kind: int
    model: str
    size: FloatArray
    position: FloatArray
    location: IntArray
    first_row: IntArray
    place: FloatArray
    labels: NDArray[Any] | None


def build_study(
    cases: ArrayLike,
    population: ArrayLike | None,
    *,
    lon: ArrayLike | None,
    lat: ArrayLike | None,
    x_km: ArrayLike | None,
    y_km: ArrayLike | None,
    time: ArrayLike | None,
    covariates: ArrayLike | None,
    model: str,
    keep_order: bool = False,
) -> Study:
    """Check the caller's arrays and aggregate them by location and period.

    Locations are sorted by place, so that nothing depends on the order of the rows; with
    `keep_order` they are in the order of their first rows.
    """
    check_choice(model, "model", MODELS)
    counts = _check_cases(cases)
    tabulated = counts.ndim == 1 and time is not None  # each row with its own time
    rows = counts.shape[0]
    place, sphere = _check_places(lon, lat, x_km, y_km, rows)
    location, first_row = _locations(place, keep_order)
    counts, labels, model = _periods(counts, time, location, model)
    n, n_periods = first_row.size, counts.shape[1]
    by_location = counts if tabulated else _sum_by(counts, location, n)
    if not by_location.any():
        raise ValueError("Invalid cases: all are 0; there is nothing to scan.")
    if covariates is not None and "poisson" not in model:
        raise ValueError(f"Invalid covariates: model {model!r} takes none; Poisson models do.")
    if model == "space_time_permutation":
        if population is not None:
            raise ValueError(
                "Invalid population: the space-time permutation model takes none; its margins "
                "give the expected cases."
            )
        margins = by_location.sum(axis=1), by_location.sum(axis=0)
        key = np.multiply.outer(*(margin.astype(np.float64) for margin in margins))
        size, kind = margins[0].astype(np.float64), POISSON
    elif model == "bernoulli":
        key = _individuals(population, counts, location, n)
        size, kind = key.sum(axis=1), BERNOULLI
    else:
        key = _expected(population, covariates, counts, location, n, n_periods)
        size, kind = key.sum(axis=1), POISSON
        _check_exposed(by_location, key)
    position = unit_vectors(*place[first_row].T) if sphere else place[first_row]
    return Study(
        cases=by_location,
        key=key,
        kind=kind,
        model=model,
        size=size,
        position=position,
        location=location,
        first_row=first_row,
        place=place[first_row],
        labels=labels,
    )


def _check_cases(cases: ArrayLike) -> IntArray:
    array = as_float(cases, "cases")
    if array.ndim not in (1, 2) or array.size == 0:
        raise ValueError(
            f"Invalid cases: shape {array.shape}; must be (n,), or (n, T) for T periods."
        )
    for bad, what in (
        (~np.isfinite(array), "missing or infinite"),
        (array < 0, "negative"),
        (array != np.floor(array), "not whole numbers: cases are counts of events"),
    ):
        if bad.any():
            first = tuple(int(i) for i in np.argwhere(bad)[0])
            raise ValueError(
                f"Invalid cases: {int(bad.sum())} of {array.size} values are {what}; first at "
                f"index {first if array.ndim == 2 else first[0]}: {array[first]:g}."
            )
    if array.sum() >= 2**31:
        raise ValueError(f"Invalid cases: {array.sum():g} in total; at most 2**31 - 1 allowed.")
    counts: IntArray = array.astype(np.int64)
    return counts


def _check_places(
    lon: ArrayLike | None,
    lat: ArrayLike | None,
    x_km: ArrayLike | None,
    y_km: ArrayLike | None,
    rows: int,
) -> tuple[FloatArray, bool]:
    sphere = lon is not None and lat is not None
    plane = x_km is not None and y_km is not None
    given = sum(values is not None for values in (lon, lat, x_km, y_km))
    if given != 2 or not (sphere or plane):
        raise ValueError(
            "Invalid coordinates: give lon and lat (degrees), or x_km and y_km (kilometres in a "
            "projected plane)."
        )
    if sphere:
        first, second, _ = check_lonlat(lon, lat)  # type: ignore[arg-type]
        first = np.where(first == 180.0, -180.0, first)
        names = "lon, lat"
    else:
        first, second = as_float(x_km, "x_km"), as_float(y_km, "y_km")  # type: ignore[arg-type]
        names = "x_km, y_km"
    if first.shape != (rows,) or second.shape != (rows,):
        raise ValueError(
            f"Invalid {names}: shapes {first.shape} and {second.shape} for {rows} rows of cases."
        )
    place = np.column_stack([first, second]) + 0.0  # -0.0 and 0.0 are the same place
    bad = ~np.isfinite(place).all(axis=1)
    if bad.any():
        raise ValueError(
            f"Invalid {names}: {int(bad.sum())} of {rows} places are missing or infinite; first "
            f"at index {int(np.argmax(bad))}. Leave those rows out."
        )
    return place, sphere


def _locations(place: FloatArray, keep_order: bool) -> tuple[IntArray, IntArray]:
    """Locations of the rows: rows at the same place are one location."""
    _, first, inverse = np.unique(place, axis=0, return_index=True, return_inverse=True)
    inverse = inverse.reshape(-1)
    if keep_order:
        inverse = np.argsort(np.argsort(first))[inverse]
        first = np.sort(first)
    return inverse.astype(np.int64), first.astype(np.int64)


def _periods(
    counts: IntArray, time: ArrayLike | None, location: IntArray, model: str
) -> tuple[IntArray, NDArray[Any] | None, str]:
    """Cases as (rows or n, T), the labels of the periods, and the full name of the model."""
    if counts.ndim == 2:
        n_periods = counts.shape[1]
        labels = np.arange(n_periods) if time is None else np.asarray(time)
        if labels.shape != (n_periods,):
            raise ValueError(
                f"Invalid time: shape {labels.shape}; cases have {n_periods} periods, so one "
                f"label for each, ({n_periods},), is needed."
            )
        if n_periods < 2:
            raise ValueError("Invalid cases: one period; give shape (n,) for a spatial scan.")
        if labels.dtype.kind in "iufMm" and not (labels[1:] > labels[:-1]).all():
            raise ValueError("Invalid time: the labels of the periods must increase.")
        return counts, labels, "space_time_poisson" if model == "poisson" else model
    if time is None:
        if model.startswith("space_time"):
            raise ValueError(
                f"Invalid time: model {model!r} needs cases of shape (n, T), or one time per row."
            )
        return counts[:, None], None, model
    if model != "space_time_permutation":
        raise ValueError(
            f"Invalid time: with one time per row only the space_time_permutation model is "
            f"defined. For {model!r} give cases as a table (n, T), zeros included."
        )
    return (*_tabulate(counts, time, location), model)


def _tabulate(
    counts: IntArray, time: ArrayLike, location: IntArray
) -> tuple[IntArray, NDArray[Any]]:
    """Events with individual times, as a table of locations x consecutive periods."""
    moment = whole_times(time)
    if moment.shape != counts.shape:
        raise ValueError(f"Invalid time: shape {moment.shape} for {counts.size} rows of cases.")
    if moment.dtype.kind == "M" and np.isnat(moment).any():
        raise ValueError(f"Invalid time: {int(np.isnat(moment).sum())} times are missing.")
    number = moment.astype(np.int64)
    first = int(number.min())
    n, n_periods = int(location.max()) + 1, int(number.max()) - first + 1
    if n * n_periods > MOST_BINS:
        raise ValueError(
            f"Invalid time: {n_periods} periods at {n} locations; use longer periods, as in "
            "times.astype('datetime64[D]')."
        )
    if n_periods < 2:
        raise ValueError("Invalid time: all cases fall in one period.")
    table = np.zeros((n, n_periods), dtype=np.int64)
    np.add.at(table, (location, number - first), counts)
    labels = np.arange(first, first + n_periods)
    return table, labels.astype(moment.dtype) if moment.dtype.kind == "M" else labels


def _sum_by(values: NDArray[Any], group: IntArray, n: int) -> Any:
    total = np.zeros((n, values.shape[1]), dtype=values.dtype)
    np.add.at(total, group, values)
    return total


def _check_population(population: ArrayLike, counts: IntArray) -> FloatArray:
    """Population as (rows, T), given once for all periods or for each one."""
    array = as_float(population, "population")
    rows, n_periods = counts.shape
    if array.shape not in ((rows,), (rows, n_periods)):
        raise ValueError(
            f"Invalid population: shape {array.shape}; must be ({rows},) or ({rows}, {n_periods})."
        )
    bad = ~(np.isfinite(array) & (array >= 0))
    if bad.any():
        first = tuple(int(i) for i in np.argwhere(bad)[0])
        raise ValueError(
            f"Invalid population: {int(bad.sum())} of {array.size} values are negative, missing "
            f"or infinite; first at index {first if array.ndim == 2 else first[0]}."
        )
    if not array.sum() > 1e-250:
        raise ValueError("Invalid population: all are 0 or practically 0.")
    return np.broadcast_to(array if array.ndim == 2 else array[:, None], counts.shape)


def _individuals(
    population: ArrayLike | None, counts: IntArray, location: IntArray, n: int
) -> FloatArray:
    if population is None:
        raise ValueError("Invalid population: the Bernoulli model needs cases and controls.")
    people = _check_population(population, counts)
    if (people != np.floor(people)).any():
        raise ValueError("Invalid population: the Bernoulli model needs whole numbers.")
    if people.sum() >= 2**31:
        raise ValueError(
            f"Invalid population: {people.sum():g} in total; the Bernoulli model takes at most "
            "2**31 - 1. For rare cases the Poisson model is as good."
        )
    bad = counts > people
    if bad.any():
        first = tuple(int(i) for i in np.argwhere(bad)[0])
        raise ValueError(
            f"Invalid cases: {int(bad.sum())} of {bad.size} exceed the population (cases plus "
            f"controls); first at row {first[0]}: {counts[first]} of {people[first]:g}."
        )
    key: FloatArray = _sum_by(people, location, n)
    return key


def _expected(
    population: ArrayLike | None,
    covariates: ArrayLike | None,
    counts: IntArray,
    location: IntArray,
    n: int,
    n_periods: int,
) -> FloatArray:
    """Proportional to the expected cases; indirectly standardised if there are strata."""
    if population is None:
        if covariates is not None:
            raise ValueError("Invalid covariates: they need the population of each stratum.")
        return np.ones((n, n_periods))
    people = _check_population(population, counts)
    if covariates is not None:
        people = people * _stratum_rates(covariates, counts, people)[:, None]
    key: FloatArray = _sum_by(people, location, n)
    return key


def _stratum_rates(covariates: ArrayLike, counts: IntArray, people: FloatArray) -> FloatArray:
    """Cases per person in the whole study area, for the stratum of each row."""
    strata = np.asarray(covariates)
    rows = counts.shape[0]
    if strata.ndim not in (1, 2) or strata.shape[0] != rows:
        raise ValueError(f"Invalid covariates: shape {strata.shape} for {rows} rows of cases.")
    _, stratum = np.unique(strata, axis=0, return_inverse=True)
    stratum = stratum.reshape(-1)
    cases = np.bincount(stratum, counts.sum(axis=1))
    exposed = np.bincount(stratum, people.sum(axis=1))
    bad = (cases > 0) & (exposed == 0)
    if bad.any():
        row = int(np.argmax(bad[stratum]))
        raise ValueError(
            f"Invalid covariates: {int(bad.sum())} strata have cases but no population; the "
            f"first is that of row {row}."
        )
    rate: FloatArray = np.divide(cases, exposed, out=np.zeros(cases.size), where=exposed > 0)
    return rate[stratum]


def _check_exposed(cases: IntArray, key: FloatArray) -> None:
    bad = (cases > 0) & (key == 0)
    if bad.any():
        i, t = (int(v) for v in np.argwhere(bad)[0])
        raise ValueError(
            f"Invalid population: {int(bad.sum())} locations or periods have cases but nobody "
            f"at risk; first at location {i}, period {t}: {cases[i, t]} cases."
        )
