"""Layers whose regions have a first and a last day of validity."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from geo_risk._core.distinct import Texts
from geo_risk._core.types import DayArray
from geo_risk._core.validate import check_lonlat
from geo_risk.regions.coverage import Coverage
from geo_risk.regions.layer import RegionLayer

if TYPE_CHECKING:
    import geopandas

__all__ = ["DatedLayer", "Positions", "by_state", "days_of", "refuse_dated", "states"]

Positions = NDArray[np.int64] | slice

_NO_DAY, _ONE_DAY = np.datetime64("NaT", "D"), np.timedelta64(1, "D")


def days_of(values: Any, name: str) -> DayArray:
    """Convert dates to datetime64[D]; NaT where missing.

    Parameters
    ----------
    values : array_like
        Dates, datetimes (the day is that of their own time zone), pandas periods (their first
        day), or text that begins with year, year-month or year-month-day; a number is a year.

    Raises
    ------
    ValueError
        A value that is not a date; the first one is shown.
    """
    if isinstance(values, (np.ndarray, np.datetime64)) and values.dtype.kind == "M":
        return values.astype("datetime64[D]").reshape(-1)
    import pandas as pd

    listed = np.asarray(values, dtype=object).reshape(-1)
    days = np.full(len(listed), _NO_DAY)
    for k in np.flatnonzero(~pd.isna(listed)).tolist():
        try:
            days[k] = _day(listed[k])
        except (TypeError, ValueError) as error:
            raise ValueError(
                f"Invalid {name}: {listed[k]!r} at index {k} is not a date."
            ) from error
    return days


def _day(value: Any) -> np.datetime64:
    if isinstance(value, bool):
        raise TypeError("a boolean")
    if isinstance(value, (int, float, np.integer, np.floating)):
        if value != int(value) or not 1 <= value <= 9999:
            raise ValueError("not a year")
        return np.datetime64(f"{int(value):04d}", "D")
    if isinstance(value, str):
        text = value.strip().replace("/", "-").split("T")[0].split(" ")[0]
        return np.datetime64(text or "NaT", "D")
    value = getattr(value, "start_time", value)  # of a period
    if getattr(value, "tzinfo", None) is not None:
        value = value.replace(tzinfo=None)
    return np.datetime64(value, "D")


class DatedLayer:
    """Regions with a first and a last day of validity, both included: a plain layer per day.

    Created by `load_regions` with `valid_from` or `valid_to`. It is not a `RegionLayer`: polygons
    of different times overlap, so without a day, regions of points, neighbours and borders are not
    defined. `at` returns the `RegionLayer` of a day, which works everywhere. `geocode`,
    `border_proximity` and `check_events` accept the dated layer itself and use the state on the
    `date_start` of each event; every other function raises.

    Parameters
    ----------
    valid_from, valid_to : array_like of dates, shape (n,)
        First and last day of validity of each region; NaT for open ends.
    coverage, columns, **facts
        As for `RegionLayer`.

    Attributes
    ----------
    columns, name, level, worldview, provenance, fingerprint, report
        As for a `RegionLayer`, for the regions of all days.
    valid_from, valid_to : ndarray of datetime64[D]
    """

    def __init__(
        self, coverage: Any, columns: Any, *, valid_from: Any, valid_to: Any, **facts: Any
    ) -> None:
        rows = RegionLayer(coverage, columns, **facts)
        self._rows, self.columns = rows, rows.columns
        self.name, self.level, self.worldview = rows.name, rows.level, rows.worldview
        self.provenance, self.fingerprint = rows.provenance, rows.fingerprint
        self.report = rows.report
        self.valid_from = days_of(valid_from, "valid_from")
        self.valid_to = days_of(valid_to, "valid_to")
        self._check()
        # days on which the set of valid regions changes; it is constant between two of them
        changes = np.concatenate([self.valid_from, self.valid_to + _ONE_DAY])
        self._changes = np.unique(changes[~np.isnat(changes)])
        self._states: dict[int, tuple[NDArray[np.int64], RegionLayer]] = {}

    def _check(self) -> None:
        """Raise ValueError unless every region has two days in order."""
        for name, days in (("valid_from", self.valid_from), ("valid_to", self.valid_to)):
            if len(days) != len(self):
                raise ValueError(f"Invalid {name}: {len(days)} dates for {len(self)} regions.")
        backwards = self.valid_to < self.valid_from  # false for NaT
        if backwards.any():
            row = int(np.argmax(backwards))
            raise ValueError(
                f"Invalid valid_to: {int(backwards.sum())} of {len(self)} regions end before they "
                f"begin; first {self.columns['region_code'][row]!r}: {self.valid_from[row]} to "
                f"{self.valid_to[row]}."
            )

    def __len__(self) -> int:
        return len(self._rows)

    def __repr__(self) -> str:
        return (
            f"<DatedLayer {self.name!r}, level {self.level}: {len(self)} regions of "
            f"{len(set(self.columns['unit_code']))} units, {len(self._changes)} days of change>"
        )

    def __getstate__(self) -> dict[str, Any]:
        """State for copies and pickles; the layers of single days are derived again."""
        return {**vars(self), "_states": {}}

    if not TYPE_CHECKING:

        def __getattr__(self, name: str) -> Any:
            """Raise with a hint for attributes that only the layer of one day has."""
            if name.startswith("_") or not hasattr(RegionLayer, name):
                raise AttributeError(f"'DatedLayer' object has no attribute {name!r}")
            raise AttributeError(
                f"The layer {self.name!r} has validity dates and no {name}: take "
                f"layer.at(date).{name}."
            )

    @property
    def coverage(self) -> Coverage:
        """The polygons of all days as flat arrays."""
        return self._rows.coverage

    @property
    def table(self) -> geopandas.GeoDataFrame:
        """Attributes and polygons of all days as a GeoDataFrame (EPSG:4326)."""
        return self._rows.table

    def rows_at(self, date: Any) -> NDArray[np.int64]:
        """Rows that are valid on a day.

        Parameters
        ----------
        date : date-like
            The day.

        Returns
        -------
        ndarray of int64
            Rows of this layer, ascending.

        Raises
        ------
        ValueError
            `date` is missing or not a date.
        """
        return self._state(_one_day(date))[0]

    def at(self, date: Any) -> RegionLayer:
        """Return the layer of a day.

        Parameters
        ----------
        date : date, datetime64 or str
            "2011-07-09"; a year or a month means its first day.

        Returns
        -------
        RegionLayer
            Only the regions that are valid on that day (possibly none), in the same order; the same
            object for all days between two changes. ``provenance`` has the first and the last of
            these days as `valid_from` and `valid_to`, None for open ends.

        Raises
        ------
        ValueError
            `date` is missing or not a date.
        """
        return self._state(_one_day(date))[1]

    def _state(self, day: np.datetime64) -> tuple[NDArray[np.int64], RegionLayer]:
        """Rows that are valid on a day, and their layer."""
        number = int(np.searchsorted(self._changes, day, side="right"))
        if number not in self._states:
            rows = np.flatnonzero(~(self.valid_from > day) & ~(self.valid_to < day))
            ends = np.concatenate([[_NO_DAY], self._changes, [_NO_DAY]])
            span = {"valid_from": ends[number], "valid_to": ends[number + 1] - _ONE_DAY}
            told = {name: None if np.isnat(end) else str(end) for name, end in span.items()}
            self._states[number] = rows, self._take(rows, told)
        return self._states[number]

    def _take(self, rows: NDArray[np.int64], facts: dict[str, Any]) -> RegionLayer:
        """Selected rows as a plain layer."""
        key = hashlib.sha256(rows.tobytes()).hexdigest()[:16]
        fingerprint = f"{self.fingerprint}-{key}" if self.fingerprint else None
        return RegionLayer(
            self._rows.geometry.take(rows, fingerprint),
            {name: [values[row] for row in rows] for name, values in self.columns.items()},
            name=self.name,
            level=self.level,
            worldview=self.worldview,
            provenance=self.provenance | facts,
        )

    def locate(
        self, *, lon: ArrayLike, lat: ArrayLike, n_jobs: int = 1, date: Any = None
    ) -> NDArray[np.int64]:
        """Find the region that contains each point on its day; see `RegionLayer.locate`.

        Parameters
        ----------
        lon, lat, n_jobs
            As for `RegionLayer.locate`.
        date : date-like or array_like of dates
            One day, or one per point. A point without a day (NaT, None) gets -1, because its region
            cannot be known.

        Returns
        -------
        ndarray of int64
            Row of each point's region, -1 where there is none.

        Raises
        ------
        ValueError
            `date` is missing or not a date, or the numbers of dates and points differ.
        """
        if date is None:
            raise ValueError(
                f"The layer {self.name!r} has validity dates: give date=, or take layer.at(date)."
            )
        x, y, shape = check_lonlat(lon, lat)
        days = days_of(date, "date")
        if len(days) == 1:
            days = np.repeat(days, len(x))
        if len(days) != len(x):
            raise ValueError(f"Invalid date: {len(days)} dates for {len(x)} points.")
        found = np.full(len(x), -1, dtype=np.int64)
        for chosen, rows, layer in self.as_of(days):
            inside = layer.locate(lon=x[chosen], lat=y[chosen], n_jobs=n_jobs)
            found[chosen] = np.append(rows, -1)[inside]
        return found.reshape(shape)

    def as_of(
        self, dates: Any
    ) -> Iterator[tuple[NDArray[np.int64], NDArray[np.int64], RegionLayer]]:
        """Iterate over the states of the layer on the given dates.

        Parameters
        ----------
        dates : array_like of dates
            None and NaT belong to no state.

        Yields
        ------
        positions : ndarray of int64
            Positions of the dates in this state.
        rows : ndarray of int64
            Rows of this layer that are valid then; days without valid rows are skipped.
        layer : RegionLayer
            The layer of these rows.
        """
        days = days_of(dates, "dates")
        number = np.searchsorted(self._changes, days, side="right")
        number[np.isnat(days)] = -1
        for k in np.unique(number[number >= 0]).tolist():
            chosen = np.flatnonzero(number == k)
            rows, layer = self._state(days[chosen[0]])
            if len(rows):
                yield chosen, rows, layer


def _one_day(date: Any) -> np.datetime64:
    days = days_of(date, "date")
    if len(days) != 1 or np.isnat(days[0]):
        raise ValueError(f"Invalid date: {date!r} is not one day.")
    day: np.datetime64 = days[0]
    return day


def refuse_dated(value: Any, *, verb: str, name: str = "layer") -> None:
    """Raise for a dated layer if the regions of one day are needed.

    Raises
    ------
    ValueError
        `value` is a `DatedLayer`.
    """
    if isinstance(value, DatedLayer):
        raise ValueError(
            f"Invalid {name}: the layer {value.name!r} has validity dates, and {verb} needs the "
            "regions of one day; take layer.at(date)."
        )


def states(layer: Any, events: geopandas.GeoDataFrame) -> list[tuple[Positions, RegionLayer]]:
    """Group events by the state of a layer on the day of their `date_start`.

    Parameters
    ----------
    layer : RegionLayer or DatedLayer
    events : GeoDataFrame

    Returns
    -------
    list of (positions, RegionLayer)
        Every event once. A plain layer is valid for all events. Events without a date, and events
        on days without valid regions, come last, with a layer without regions.

    Raises
    ------
    ValueError
        A dated layer, but no column `date_start`.
    TypeError
        `layer` is not a layer.
    """
    if isinstance(layer, RegionLayer):
        return [(slice(None), layer)]
    if not isinstance(layer, DatedLayer):
        kind = type(layer).__name__
        raise TypeError(f"Invalid layer: {kind} is neither a RegionLayer nor a DatedLayer.")
    if "date_start" not in events.columns:
        raise ValueError(
            f"Invalid events: the layer {layer.name!r} has validity dates, but there is no column "
            "date_start; for all events on one day take layer.at(date)."
        )
    parts: list[tuple[Positions, RegionLayer]] = []
    left = np.ones(len(events), dtype=np.bool_)
    for chosen, _, state in layer.as_of(events["date_start"].to_numpy()):
        left[chosen] = False
        parts.append((chosen, state))
    if left.any() or not parts:
        none = np.zeros(0, dtype=np.int64)
        parts.append((np.flatnonzero(left), layer._take(none, {})))
    return parts


def by_state(
    layer: Any,
    events: geopandas.GeoDataFrame,
    ask: Callable[[Positions, RegionLayer], dict[str, Any]],
) -> dict[str, Any]:
    """Apply a function to the events of each state of a layer, and join the results.

    Parameters
    ----------
    layer, events
        As for `states`.
    ask : callable
        Called with positions of events and their layer; returns arrays or `Texts` by name, with
        one entry per event.
    """
    parts = states(layer, events)
    if len(parts) == 1 and isinstance(parts[0][0], slice):  # all events
        return ask(*parts[0])
    whole: dict[str, Any] = {}
    for chosen, state in parts:
        for name, found in ask(chosen, state).items():
            values = found.to_numpy() if isinstance(found, Texts) else found
            if name not in whole:
                whole[name] = np.empty((len(events), *values.shape[1:]), dtype=values.dtype)
            whole[name][chosen] = values
    return whole
