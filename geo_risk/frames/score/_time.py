"""Convert dates or numbers of periods to consecutive periods of one kind."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from geo_risk._core.types import FloatArray, IntArray
from geo_risk._core.validate import check_choice

__all__ = ["STEPS", "Periods"]


STEPS = ("day", "week", "month", "year")
_CODE = {"day": "D", "month": "M", "year": "Y"}


@dataclass(frozen=True, eq=False)
class Periods:
    """Period of each row, as a number.

    Attributes
    ----------
    number : ndarray of int64, shape (n,)
    missing : ndarray of bool, shape (n,)
        Rows without a time; their number has no meaning.
    step : str or None
        One of `STEPS`; None if the column contains numbers of periods.
    """

    number: IntArray
    missing: NDArray[np.bool_]
    step: str | None

    @classmethod
    def of(cls, frame: Any, column: str, step: str) -> Periods:
        """Periods of a column of dates (UTC) or of whole numbers."""
        import pandas as pd

        check_choice(step, "step", STEPS)
        if column not in frame.columns:
            known = ", ".join(map(str, frame.columns))
            raise ValueError(f"Invalid time: no column {column!r}; there are {known}.")
        values = frame[column]
        missing = values.isna().to_numpy()
        if isinstance(values.dtype, pd.DatetimeTZDtype):
            values = values.dt.tz_convert("UTC").dt.tz_localize(None)
        if values.dtype.kind == "M":
            day = values.to_numpy().astype("datetime64[D]")
            number = (
                (day.astype(np.int64) + 3) // 7  # weeks begin on Monday
                if step == "week"
                else day.astype(f"datetime64[{_CODE[step]}]").astype(np.int64)
            )
            return cls(np.where(missing, 0, number), missing, step)
        if pd.api.types.is_numeric_dtype(values) and not pd.api.types.is_bool_dtype(values):
            numbers = values.to_numpy(dtype=float, na_value=np.nan)
            if (numbers[~missing] == np.floor(numbers[~missing])).all():
                return cls(np.where(missing, 0, numbers).astype(np.int64), missing, None)
        raise TypeError(
            f"Invalid time: column {column!r} ({frame[column].dtype}) must contain dates or whole "
            "numbers of periods."
        )

    def labels(self, first: int, last: int) -> NDArray[Any]:
        """First day of each period from `first` to `last`, or their numbers."""
        number = np.arange(first, last + 1)
        if self.step is None:
            return number
        if self.step == "week":
            return (7 * number - 3).astype("datetime64[D]")
        return number.astype(f"datetime64[{_CODE[self.step]}]").astype("datetime64[D]")

    def days(self, first: int, last: int) -> FloatArray:
        """Length of each period in days; 1 for numbered ones."""
        if self.step is None:
            return np.ones(last - first + 1)
        return np.diff(self.labels(first, last + 1)).astype(np.float64)
