"""`EventColumns`: a frame of events that is decoded once and passed from step to step."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from geo_risk._core.distinct import Texts, joined_flags
from geo_risk._core.frames import (
    COARSE,
    add_columns,
    check_frame,
    lonlat_of,
)
from geo_risk._core.stated import stated_codes
from geo_risk._core.types import BoolArray, DayArray, FloatArray
from geo_risk._core.validate import check_choice

if TYPE_CHECKING:
    import geopandas
    import pandas as pd

__all__ = ["EventColumns"]

_Value = TypeVar("_Value")

# Decoded values that depend on a column; they are computed anew if it is replaced.
_FROM = {
    "location_precision": ("coarse",), "location_uncertainty_km": ("radius_km",),
    "country_stated": ("stated",), "source": ("stated",),
}  # fmt: skip
_KINDS = ("texts", "days", "numbers")


class EventColumns:
    """Columns of a frame of events as arrays, each computed on first use and kept.

    The steps of the pipeline take one and return another one with more columns; `to_frame`
    writes them all at the end. Nobody changes an array that it returns.

    Parameters
    ----------
    frame : GeoDataFrame
        Events in degrees, as `check_frame` returns them; `EventColumns.of` checks any frame.

    Attributes
    ----------
    base : GeoDataFrame
        The frame as it was given. It is not changed.
    """

    def __init__(self, frame: geopandas.GeoDataFrame) -> None:
        self.base = frame
        self._written: dict[str, Any] = {}  # columns of the steps, in order
        self._ours: set[str] = set()  # those that are no columns of the input with other values
        self._points: NDArray[np.object_] | None = None
        self._notes: dict[str, Any] = {}
        self._flags_last = False
        self._kept: dict[Any, Any] = {}

    @classmethod
    def of(cls, events: Any, name: str = "events") -> EventColumns:
        """Columns of a frame that is checked first, or the columns given."""
        return events if isinstance(events, cls) else cls(check_frame(events, name))

    def __len__(self) -> int:
        return len(self.base)

    def _once(self, key: Any, make: Callable[[], _Value]) -> _Value:
        if key not in self._kept:
            self._kept[key] = make()
        value: _Value = self._kept[key]
        return value

    def __contains__(self, name: str) -> bool:
        return name in self._written or name in self.base.columns

    def __getitem__(self, name: str) -> pd.Series[Any]:
        """One column as a Series."""
        if name not in self._written:
            return self.base[name]
        import pandas as pd

        values = _plain(self._written[name])
        column: pd.Series[Any] = pd.Series(values, index=self.base.index, dtype=values.dtype)
        return column  # text as objects: None stays None

    @property
    def columns(self) -> list[str]:
        """Names of the columns."""
        return [*self.base.columns, *(name for name in self._written if name not in self.base)]

    @property
    def report(self) -> dict[str, Any]:
        """The notes of earlier steps and of these, ``attrs["geo_risk"]`` of the result."""
        report: dict[str, Any] = dict(self.base.attrs.get("geo_risk", {}))
        if self._written or self._notes:
            report["added_columns"] = sorted({*report.get("added_columns", ()), *self._ours})
        return report | self._notes

    @property
    def lonlat(self) -> tuple[FloatArray, FloatArray]:
        """Longitude and latitude; NaN where missing, empty or out of range."""
        return self._once("lonlat", lambda: lonlat_of(self.base))

    @property
    def radius_km(self) -> FloatArray:
        """Radius of the disc that contains the event; NaN if none is stated."""
        return self._once("radius_km", lambda: self._floats("location_uncertainty_km"))

    @property
    def coarse(self) -> BoolArray:
        """Rows whose coordinates stand for a larger area, by `location_precision`."""
        return self._once("coarse", lambda: self.texts("location_precision").isin(COARSE))

    def too_coarse(self, coarse: str) -> BoolArray:
        """Rows that are left out: those of `coarse` with "skip", none with "keep"."""
        check_choice(coarse, "coarse", ("skip", "keep"))
        return self.coarse if coarse == "skip" else np.zeros(len(self), dtype=np.bool_)

    @property
    def stated(self) -> Texts:
        """Alpha-3 code of the stated country."""
        return self._once(
            "stated", lambda: stated_codes(self.texts("country_stated"), self.texts("source"))
        )

    def texts(self, name: str) -> Texts:
        """Text column; all missing if there is no such column."""
        if isinstance(held := self._written.get(name), Texts):
            return held
        if name not in self:
            return Texts.missing(len(self))
        return self._once(("texts", name), lambda: Texts.of(self[name]))

    def known(self, name: str) -> BoolArray:
        """Rows that have a value in a column."""
        import pandas as pd

        held = self._written.get(name)
        if isinstance(held, Texts):
            return held.known
        return np.asarray(pd.notna(self.base[name] if held is None else held))

    def days(self, name: str) -> DayArray:
        """Days of a date column (UTC), as datetime64[D]; NaT if missing."""
        import pandas as pd

        def decode() -> DayArray:
            if name not in self:
                return np.full(len(self), np.datetime64("NaT", "D"))
            moments = pd.to_datetime(self[name], utc=True, errors="coerce").dt.tz_localize(None)
            return np.asarray(moments.to_numpy(), dtype="datetime64[D]")

        return self._once(("days", name), decode)

    def numbers(self, name: str) -> FloatArray:
        """Column as floats; NaN if missing or not a number, and if there is no such column."""
        import pandas as pd

        def decode() -> FloatArray:
            if name not in self:
                return np.full(len(self), np.nan)
            values = pd.to_numeric(self[name], errors="coerce")
            return np.asarray(values.to_numpy(dtype=float, na_value=np.nan))

        return self._once(("numbers", name), decode)

    def _floats(self, name: str) -> FloatArray:
        """Column of floats; unlike `numbers`, it raises for anything else."""
        if name not in self:
            return np.full(len(self), np.nan)
        return np.asarray(self[name].to_numpy(dtype=float, na_value=np.nan))

    def take(self, rows: NDArray[np.int64] | slice) -> EventColumns:
        """The events of some rows, as they are now."""
        if isinstance(rows, slice) and rows == slice(None):
            return self
        part = EventColumns(self.base.iloc[rows])
        part._written = {
            name: values.take(rows) if isinstance(values, Texts) else values[rows]
            for name, values in self._written.items()
        }
        part._kept["lonlat"] = tuple(values[rows] for values in self.lonlat)
        return part

    def with_columns(
        self, columns: Mapping[str, Any], notes: Mapping[str, Any] | None = None
    ) -> EventColumns:
        """These events with columns of a step.

        Parameters
        ----------
        columns : mapping of str to Texts or ndarray
            A column of the input with one of these names is kept as `name_`.
        notes : mapping, optional
            Entries of ``attrs["geo_risk"]``.
        """
        result = self._copy(columns)
        result._written |= columns
        result._ours |= columns.keys()
        result._notes |= notes or {}
        result._flags_last = False
        return result

    def with_places(
        self, lon: FloatArray, lat: FloatArray, moved: BoolArray, columns: Mapping[str, Any]
    ) -> EventColumns:
        """These events with other points in the rows marked, and other values of columns."""
        import shapely

        result = self._copy(columns)
        result._written |= columns
        points = self.base.geometry.to_numpy() if self._points is None else self._points
        result._points = points.copy()
        result._points[moved] = shapely.points(lon[moved], lat[moved])
        result._kept["lonlat"] = lon, lat
        return result

    def with_flags(self, rows: Iterable[tuple[BoolArray, str]]) -> EventColumns:
        """These events with each code added to the flags of the rows that its mask marks."""
        rows = [(mask, code) for mask, code in rows if mask.any()]
        return self.flagged(joined_flags(self.texts("flags"), rows)) if rows else self

    def flagged(self, flags: Texts) -> EventColumns:
        """These events with other flags."""
        result = self._copy(("flags",))
        result._written["flags"] = flags
        result._flags_last = self._flags_last or "flags" not in self
        return result

    def _copy(self, changed: Iterable[str]) -> EventColumns:
        """These events, without the decoded values of columns that are changed."""
        result = EventColumns(self.base)
        result._written, result._ours = dict(self._written), set(self._ours)
        result._points, result._notes = self._points, dict(self._notes)
        result._flags_last = self._flags_last
        stale: set[Any] = set()
        for name in changed:
            stale.update(_FROM.get(name, ()), ((kind, name) for kind in _KINDS))
        result._kept = {key: value for key, value in self._kept.items() if key not in stale}
        return result

    def to_frame(self) -> geopandas.GeoDataFrame:
        """Write the frame: columns of the input, then those of the steps, geometry last."""
        frame = self.base
        if self._points is not None:
            frame = frame.copy()
            frame[frame.geometry.name] = self._points
            frame = frame.set_crs("EPSG:4326", allow_override=True)
        plain = {name: _plain(values) for name, values in self._written.items()}
        if "flags" in plain:
            plain["flags"] = np.array([text or "" for text in plain["flags"]], dtype=object)
        result = add_columns(frame, plain, set(plain) - self._ours)
        if self._flags_last:  # as a column that is assigned
            result["flags"] = result.pop("flags")
        result.attrs["geo_risk"] = self.report
        return result


def _plain(values: Any) -> Any:
    return values.to_numpy() if isinstance(values, Texts) else values
