"""Data to score: values of events, cells or regions by unit, or by unit and period."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from geo_risk._core.types import FloatArray, IntArray
from geo_risk.frames.score._time import Periods
from geo_risk.frames.score._units import Units

__all__ = ["COUNT", "Events", "Tally", "numbers_of", "population_of", "tally_of_rows"]


COUNT = "n_events"


@dataclass(frozen=True, eq=False)
class Tally:
    """Values by unit.

    Attributes
    ----------
    values : ndarray of float64, shape (n,)
    counted : bool
        Whether they are counts of events, counted here.
    cube : ndarray of float64, shape (n, T), or None
        The values by period.
    labels, days : ndarray, shape (T,), or None
        First day (or number) and length of each period.
    lon, lat, amount : ndarray, shape (m,), or None
        The events themselves, including those outside, and the amount that is summed.
    inside : ndarray of bool, shape (m,), or None
        Whether each event lies in a unit.
    """

    values: FloatArray
    counted: bool
    cube: FloatArray | None = None
    labels: NDArray[Any] | None = None
    days: FloatArray | None = None
    lon: FloatArray | None = None
    lat: FloatArray | None = None
    amount: FloatArray | None = None
    inside: NDArray[np.bool_] | None = None


@dataclass(frozen=True, eq=False)
class Events:
    """Events to count in units; those with NaN coordinates are not counted."""

    lon: FloatArray
    lat: FloatArray
    amount: FloatArray | None
    periods: Periods | None
    span: tuple[int, int]

    @classmethod
    def of(
        cls, lon: FloatArray, lat: FloatArray, amount: FloatArray | None, periods: Periods | None
    ) -> Events:
        """Build from columns; the span of periods is that of all events with a time."""
        span = (0, 0)
        if periods is not None:
            known = periods.number[~periods.missing]
            if known.size == 0:
                raise ValueError("Invalid time: no event has a time.")
            span = int(known.min()), int(known.max())
        return cls(lon, lat, amount, periods, span)

    def tally(self, units: Units, position: IntArray, lon: FloatArray, lat: FloatArray) -> Tally:
        """Count, or sum, by the unit of each event (-1 for none) and by period."""
        n, counts = len(units), self.amount is None
        amount = None if self.amount is None else np.nan_to_num(self.amount)
        there = ~np.isnan(lon)
        points: dict[str, Any] = {"lon": lon[there], "lat": lat[there]}
        points["amount"] = np.ones(int(there.sum())) if amount is None else amount[there]
        points["inside"] = position[there] >= 0
        if self.periods is None:
            inside = position >= 0
            weight = None if amount is None else amount[inside]
            values = np.bincount(position[inside], weight, minlength=n).astype(np.float64)
            return Tally(values, counts, **points)
        from geo_risk.hotspots import space_time_cube

        unit = np.where(self.periods.missing, -1, position)
        first, last = self.span
        cube, _ = space_time_cube(
            unit, self.periods.number, n, start=first, stop=last, weight=amount
        )
        cube = cube.astype(np.float64)
        labels, days = self.periods.labels(first, last), self.periods.days(first, last)
        return Tally(cube.sum(axis=1), counts, cube, labels, days, **points)


def tally_of_rows(
    frame: Any, units: Units, unit: IntArray, value: str, periods: Periods | None
) -> tuple[Tally, int]:
    """Values of cells or regions, or by unit and period; and the number of bins without a row."""
    values = numbers_of(frame, value)
    if periods is None:
        return Tally(values, False), 0
    if periods.missing.any():
        first = int(np.argmax(periods.missing))
        raise ValueError(
            f"Invalid time: {int(periods.missing.sum())} of {len(frame)} rows have no time; first "
            f"at position {first}."
        )
    first, last = int(periods.number.min()), int(periods.number.max())
    cube = np.zeros((len(units), last - first + 1))
    cube[unit, periods.number - first] = values  # each bin has at most one row
    tally = Tally(
        cube.sum(axis=1), False, cube, periods.labels(first, last), periods.days(first, last)
    )
    return tally, cube.size - len(frame)


def numbers_of(frame: Any, column: str, name: str = "value") -> FloatArray:
    """Numeric column as floats."""
    import pandas as pd

    if column not in frame.columns:
        raise ValueError(
            f"Invalid {name}: no column {column!r}; there are {', '.join(map(str, frame.columns))}."
        )
    if not pd.api.types.is_numeric_dtype(frame[column]):
        raise ValueError(
            f"Invalid {name}: column {column!r} ({frame[column].dtype}) has no numbers."
        )
    numbers: FloatArray = frame[column].to_numpy(dtype=float, na_value=np.nan)
    return numbers


def population_of(
    population: Any, units: Units, frame: Any, unit: IntArray | None, tally: Tally,
    periods: Periods | None,
) -> FloatArray | None:  # fmt: skip
    """Population by unit, shape (n,), or by unit and period, shape (n, T)."""
    if population is None:
        return None
    if isinstance(population, str):
        if frame is None:
            raise ValueError(
                f"Invalid population: {population!r}, but events have no column of their "
                f"{units.column}'s population; pass a mapping or Series from {units.column} to it."
            )
        people = numbers_of(frame, population, "population")
        if periods is None:
            return people
        table = np.full(tally.cube.shape if tally.cube is not None else (len(units), 1), np.nan)
        table[unit, periods.number - int(periods.number.min())] = people
        if np.isnan(table).any():
            raise ValueError(
                f"Invalid population: {int(np.isnan(table).sum())} of {table.size} bins have no "
                "row or no value; give each unit a row in each period."
            )
        return table
    return _by_code(population, units)


def _by_code(population: Any, units: Units) -> FloatArray:
    if not isinstance(population, Mapping) and not hasattr(population, "items"):
        raise TypeError(
            f"Invalid population: {type(population).__name__}; must be the name of a column, or a "
            f"mapping or Series from {units.column} to population."
        )
    known = {_code(key): value for key, value in population.items()}
    people = np.array([known.get(code, np.nan) for code in units.codes], dtype=np.float64)
    if np.isnan(people).any():
        first = int(np.argmax(np.isnan(people)))
        raise ValueError(
            f"Invalid population: {int(np.isnan(people).sum())} of {people.size} units have none; "
            f"first {units.codes[first]!r}. It must be 0 where nobody lives."
        )
    return people


def _code(key: Any) -> str:
    """Code as it is written in frames: H3 cells may be given as integers."""
    return f"{int(key):x}" if isinstance(key, (int, np.integer)) else str(key)
