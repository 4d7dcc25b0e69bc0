"""Output of a reader (fields, flags and a report) and its conversion to a frame."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from geo_risk._core.types import BoolArray, FloatArray, ObjectArray
from geo_risk.events.dates import DateColumn, parse_dates
from geo_risk.events.schema import FIELDS, FLAGS, LocationCode
from geo_risk.events.values import degrees, numbers, texts

if TYPE_CHECKING:
    import geopandas as gpd
    import pandas as pd

__all__ = ["Columns", "Draft", "assemble"]


logger = logging.getLogger("geo_risk")
logger.addHandler(logging.NullHandler())  # silent unless the user configures logging


class Columns:
    """The original columns by their role for one source."""

    def __init__(self, frame: pd.DataFrame, roles: Mapping[str, str]) -> None:
        self.frame = frame
        self.roles = dict(roles)

    def __len__(self) -> int:
        return len(self.frame)

    def has(self, role: str) -> bool:
        """Whether a column has `role`."""
        return role in self.roles

    def series(self, role: str) -> pd.Series[Any]:
        """Return the column with `role`."""
        return self.frame[self.roles[role]]

    def texts(self, role: str) -> ObjectArray:
        """Text of the column with `role`; all missing if there is none."""
        if not self.has(role):
            return np.full(len(self), None, dtype=object)
        return texts(self.series(role))

    def numbers(self, role: str, *, counts: bool = False) -> tuple[FloatArray, BoolArray]:
        """Numbers of the column with `role`, and the rows that cannot be read."""
        if not self.has(role):
            return np.full(len(self), np.nan), np.zeros(len(self), dtype=bool)
        return numbers(self.series(role), counts=counts)

    def degrees(self, role: str, halves: str) -> tuple[FloatArray, BoolArray]:
        """Angles of the column with `role`, and the rows that cannot be read."""
        return degrees(self.series(role), halves)

    def terms(self, role: str, table: Mapping[int, str]) -> tuple[ObjectArray, BoolArray]:
        """Term for each code of the column with `role`, and the rows with unknown codes."""
        codes, odd = self.numbers(role)
        out = np.full(len(self), None, dtype=object)
        for code, term in table.items():
            out[codes == code] = term
        odd |= ~np.isnan(codes) & ~np.isin(codes, list(table))
        out[odd] = "unknown"
        return out, odd

    def dates(self, role: str, dayfirst: bool | None) -> DateColumn:
        """Dates of the column with `role`."""
        return parse_dates(self.series(role), dayfirst=dayfirst, name=self.roles[role])


@dataclass
class Draft:
    """Schema fields of `n` rows while a reader fills them."""

    n: int
    fields: dict[str, Any] = field(default_factory=dict)
    flags: dict[str, BoolArray] = field(default_factory=dict)
    report: dict[str, Any] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    extra: dict[str, ObjectArray] = field(default_factory=dict)
    """Columns with original values that the schema could not take unchanged."""
    later_flags: dict[int, list[str]] = field(default_factory=dict)
    """Flags of steps after the first reading, in a table that is read again, by row."""

    def flag(self, code: str, rows: BoolArray) -> None:
        """Add a flag to the rows where `rows` is true."""
        if code not in FLAGS:
            raise KeyError(code)
        if rows.any():
            self.flags[code] = self.flags[code] | rows if code in self.flags else rows.copy()

    def flag_rows(self, code: str, positions: list[int]) -> None:
        """Add a flag to the rows at `positions`."""
        rows = np.zeros(self.n, dtype=bool)
        rows[positions] = True
        self.flag(code, rows)

    def set_ids(self, ids: ObjectArray, *, expected: bool = True) -> None:
        """Set the identifiers; flag missing and duplicated ones."""
        import pandas as pd

        self.fields["event_id"] = ids
        missing = np.array([value is None for value in ids], dtype=bool)
        if expected and not missing.all():
            self.flag("no_id", missing)
        repeated = pd.Series(ids, dtype=object).duplicated(keep=False).to_numpy(dtype=bool)
        self.flag("duplicate_id", repeated & ~missing)

    def set_dates(
        self, start: DateColumn, end: DateColumn | None = None, precision: ObjectArray | None = None
    ) -> None:
        """Set the span of dates; `precision` overrides the precision as written."""
        missing, bad = start.missing, start.bad
        first, last = start.start, start.end
        if end is not None:
            last = np.where(np.isnat(end.end), last, end.end)
            first = np.where(np.isnat(first), end.start, first)
            missing, bad = missing & end.missing, bad | end.bad
        if precision is None:
            precision = start.precision
        self.fields["date_start"] = first.astype("datetime64[us]")
        self.fields["date_end"] = last.astype("datetime64[us]")
        precision = precision.copy()
        precision[np.isnat(first)] = "unknown"
        self.fields["date_precision"] = precision
        self.flag("no_date", missing)
        self.flag("bad_date", bad)
        with np.errstate(invalid="ignore"):
            self.flag("dates_reversed", last < first)
        if start.dayfirst is not None:
            self.report["dayfirst"] = start.dayfirst

    def set_fatalities(self, columns: Columns) -> None:
        """Set best, low and high from the columns with these roles."""
        for name in ("fatalities_best", "fatalities_low", "fatalities_high"):
            values, bad = columns.numbers(name, counts=True)
            bad |= values < 0
            self.flag("bad_fatalities", bad)
            self.fields[name] = np.where(bad, np.nan, values)
        best, low, high = (self.fields[f"fatalities_{part}"] for part in ("best", "low", "high"))
        self.flag("fatalities_order", (low > best) | (best > high) | (low > high))

    def set_precision(self, columns: Columns, table: Mapping[int, LocationCode]) -> None:
        """Translate a source's precision codes; unknown codes are flagged, NaN means not stated."""
        codes, unreadable = columns.numbers("location_code")
        self.flag("bad_precision_code", unreadable)
        precision = np.full(self.n, None, dtype=object)
        radius = np.full(self.n, np.nan)
        known = np.isnan(codes)
        for code, meaning in table.items():
            rows = codes == code
            known |= rows
            precision[rows] = meaning.precision
            radius[rows] = meaning.uncertainty_km
        self.flag("bad_precision_code", ~known)
        self.fields["location_precision"] = precision
        self.fields["location_uncertainty_km"] = radius


def assemble(draft: Draft, originals: pd.DataFrame, source: str) -> gpd.GeoDataFrame:
    """Frame of the schema's columns in order, then the original columns.

    `originals` must have a plain 0..n-1 index; the caller restores its own index.
    """
    import geopandas as gpd
    import pandas as pd

    text = pd.Series(["a"]).dtype  # "str" from pandas 3 on, object before
    data: dict[str, Any] = {}
    for entry in FIELDS:
        values = draft.fields.get(entry.name)
        if entry.name == "source" and values is None:
            values = np.full(draft.n, source, dtype=object)
        elif entry.name == "date_precision" and values is None:
            values = np.full(draft.n, "unknown", dtype=object)
        elif entry.name == "flags":
            values = flag_texts(draft)
        if entry.kind == "geometry":
            data[entry.name] = gpd.GeoSeries(values, crs="EPSG:4326")
        elif entry.kind == "text":
            empty = values if values is not None else np.full(draft.n, None, dtype=object)
            data[entry.name] = pd.Series(empty, dtype=text)
        elif entry.kind == "float64":
            data[entry.name] = np.full(draft.n, np.nan) if values is None else values
        else:
            nothing = np.full(draft.n, np.datetime64("NaT", "us"))
            data[entry.name] = nothing if values is None else values
    for name, values in draft.extra.items():
        data[free_name(name, {*data, *originals.columns})] = pd.Series(values, dtype=text)
    renamed = rename_taken(list(originals.columns), data)
    rest = originals.copy(deep=True)
    rest.columns = pd.Index(renamed)
    frame = pd.concat([pd.DataFrame(data, index=rest.index), rest], axis=1)
    return gpd.GeoDataFrame(frame, geometry="geometry", crs="EPSG:4326")


def flag_texts(draft: Draft) -> ObjectArray:
    """Join the codes of each row by ";", in the order of FLAGS; then those of later steps."""
    out = np.full(draft.n, "", dtype=object)
    for code in FLAGS:
        if code in draft.flags:
            for i in np.flatnonzero(draft.flags[code]):
                out[i] = f"{out[i]};{code}" if out[i] else code
    for row, later in draft.later_flags.items():
        out[row] = ";".join([out[row], *later] if out[row] else later)
    return out


def free_name(name: str, taken: Iterable[str]) -> str:
    """`name`, with underscores appended until it differs from every name in `taken`."""
    used = set(taken)
    while name in used:
        name += "_"
    return name


def rename_taken(names: list[str], schema: Iterable[str]) -> list[str]:
    """Names of the original columns, changed if a column of the schema has the same name."""
    used = {*schema, *names}
    reserved = set(schema)
    out = []
    for name in names:
        if name in reserved:
            name = free_name(name, used)
            used.add(name)
        out.append(name)
    return out
