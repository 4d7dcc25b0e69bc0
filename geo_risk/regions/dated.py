"""Layers whose regions hold from one day to another."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from geo_risk._validate import check_lonlat
from geo_risk.regions.layer import RegionLayer
from geo_risk.regions.subset import take_rows
from geo_risk.regions.topology import Topology

__all__ = ["DatedLayer", "days_of"]

Days = NDArray[np.datetime64]


def days_of(values: Any, name: str) -> Days:
    """Days as datetime64[D]; NaT where missing.

    Parameters
    ----------
    values : array_like
        Dates, datetimes, or text that begins with year, year-month or year-month-day; a number is
        a year.

    Raises
    ------
    ValueError
        A value that is none of these; the first one is shown.
    """
    if isinstance(values, np.ndarray) and values.dtype.kind == "M":
        return values.astype("datetime64[D]")
    listed = list(np.atleast_1d(np.asarray(values, dtype=object)))
    days = np.full(len(listed), np.datetime64("NaT", "D"))
    for k, value in enumerate(listed):
        if value is None or value != value or (isinstance(value, str) and not value.strip()):
            continue
        try:
            days[k] = _day(value)
        except (TypeError, ValueError) as error:
            raise ValueError(f"Invalid {name}: {value!r} at index {k} is not a date.") from error
    return days


def _day(value: Any) -> np.datetime64:
    if isinstance(value, bool):
        raise TypeError("a truth value")
    if isinstance(value, (int, float, np.integer, np.floating)):
        if value != int(value) or not 1 <= value <= 9999:
            raise ValueError("not a year")
        return np.datetime64(f"{int(value):04d}", "D")
    if isinstance(value, str):
        return np.datetime64(value.strip().replace("/", "-").split("T")[0].split(" ")[0], "D")
    return np.datetime64(value, "D")


class DatedLayer(RegionLayer):
    """A layer in which a region holds from `valid_from` to `valid_to`, both days included.

    Ask `locate` with ``date=``, or take the layer as of a day with `at`; the polygons of different
    times overlap, so without a day neither edges nor places have one answer.

    Parameters
    ----------
    valid_from, valid_to : array_like of datetime64[D], shape (n,)
        NaT for open ends.
    coverage, columns, **facts
        As for `RegionLayer`.
    """

    is_dated = True

    def __init__(
        self, coverage: Any, columns: Any, *, valid_from: Days, valid_to: Days, **facts: Any
    ) -> None:
        super().__init__(coverage, columns, **facts)
        self.valid_from, self.valid_to = valid_from, valid_to
        backwards = valid_to < valid_from  # false for NaT
        if backwards.any():
            row = int(np.argmax(backwards))
            raise ValueError(
                f"Invalid valid_to: {int(backwards.sum())} of {len(self)} regions end before they "
                f"begin; first {self.columns['region_code'][row]!r}: {valid_from[row]} to "
                f"{valid_to[row]}."
            )
        # days on which the set of regions changes: it is constant from one to the next
        ends = valid_to[~np.isnat(valid_to)] + np.timedelta64(1, "D")
        self._changes = np.unique(np.concatenate([valid_from[~np.isnat(valid_from)], ends]))
        self._epochs: dict[bytes, RegionLayer] = {}

    @property
    def topology(self) -> Topology:
        """Not to be had: edges of different times have no two sides.

        Raises
        ------
        ValueError
            Always; the message shows the way.
        """
        raise ValueError(
            f"The layer {self.name!r} holds by date: borders and neighbours are those of "
            "layer.at(date)."
        )

    def rows_at(self, date: Any) -> NDArray[np.int64]:
        """Rows that hold on a day.

        Raises
        ------
        ValueError
            `date` is missing or not a date.
        """
        day = days_of(date, "date")
        if len(day) != 1 or np.isnat(day[0]):
            raise ValueError(f"Invalid date: {date!r} is not one day.")
        return np.flatnonzero(~(self.valid_from > day[0]) & ~(self.valid_to < day[0]))

    def at(self, date: Any) -> RegionLayer:
        """Take the layer as of a day.

        Parameters
        ----------
        date : date, datetime64 or str
            "2011-07-09"; a year or a month stands for its first day.

        Returns
        -------
        RegionLayer
            Only the regions that hold on that day, in the same order; the same object for all
            days between two changes.

        Raises
        ------
        ValueError
            `date` is missing or not a date.
        """
        rows = self.rows_at(date)
        key = hashlib.sha256(rows.tobytes()).digest()
        if key not in self._epochs:
            columns = {name: [v[r] for r in rows] for name, v in self.columns.items()}
            named = f"{self.fingerprint}-{key.hex()[:16]}" if self.fingerprint else None
            self._epochs[key] = RegionLayer(
                lambda: take_rows(self.coverage, rows),
                columns,
                name=self.name,
                level=self.level,
                worldview=self.worldview,
                provenance={**self.provenance, "as_of": str(days_of(date, "date")[0])},
                fingerprint=named,
            )
        return self._epochs[key]

    def locate(
        self, *, lon: ArrayLike, lat: ArrayLike, n_jobs: int = 1, date: Any = None
    ) -> NDArray[np.int64]:
        """Find the region that holds each point on its day; see `RegionLayer.locate`.

        Parameters
        ----------
        lon, lat, n_jobs
            As for `RegionLayer.locate`.
        date : date-like or array_like of dates
            One day, or one per point. A point without a day (NaT, None) gets -1: which region
            holds cannot be known.

        Raises
        ------
        ValueError
            No `date`, one that is not a date, or another number of dates than of points.
        """
        if date is None:
            raise ValueError(
                f"The layer {self.name!r} holds by date: give date=, or take layer.at(date)."
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
        """Go through the states of the layer that dates fall into.

        Parameters
        ----------
        dates : array_like of dates
            None and NaT fall into no state.

        Yields
        ------
        positions : ndarray of int64
            Which of the dates fall into this state.
        rows : ndarray of int64
            Rows of this layer that hold then; none are yielded for days without any.
        layer : RegionLayer
            These rows.
        """
        days = days_of(dates, "dates")
        epoch = np.searchsorted(self._changes, days, side="right")
        epoch[np.isnat(days)] = -1
        for k in np.unique(epoch[epoch >= 0]).tolist():
            chosen = np.flatnonzero(epoch == k)
            rows = self.rows_at(days[chosen[0]])
            if len(rows):
                yield chosen, rows, self.at(days[chosen[0]])
