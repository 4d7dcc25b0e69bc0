"""Output of a reader (fields, flags and a report) and its conversion to a frame."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from geo_risk._core.distinct import Texts
from geo_risk._core.types import BinArray, BoolArray, FloatArray
from geo_risk.events.columns import as_text
from geo_risk.events.dates import PRECISIONS, DateColumn, parse_dates, precision_code
from geo_risk.events.schema import FIELDS, FLAGS, LOCATION_PRECISIONS, Field, LocationCode
from geo_risk.events.values import coded, degrees, distinct, no_texts, numbers, present, texts

if TYPE_CHECKING:
    import geopandas as gpd
    import pandas as pd

__all__ = ["TERMS", "Columns", "Draft", "assemble"]


logger = logging.getLogger("geo_risk")
logger.addHandler(logging.NullHandler())  # silent unless the user configures logging


TERMS = {"date_precision": PRECISIONS, "location_precision": tuple(LOCATION_PRECISIONS)}
"""Terms of the fields that drafts hold as positions in these, -1 if missing."""

_MOST_BLOCKS = 90  # pandas warns of a frame in 100 pieces


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

    def texts(self, role: str) -> Any:
        """Texts of the column with `role`; all missing if there is none."""
        return texts(self.series(role)) if self.has(role) else no_texts(len(self))

    def numbers(self, role: str, *, counts: bool = False) -> tuple[FloatArray, BoolArray]:
        """Numbers of the column with `role`, and the rows that cannot be read."""
        if not self.has(role):
            return np.full(len(self), np.nan), np.zeros(len(self), dtype=bool)
        return numbers(self.series(role), counts=counts)

    def degrees(self, role: str, halves: str) -> tuple[FloatArray, BoolArray]:
        """Angles of the column with `role`, and the rows that cannot be read."""
        return degrees(self.series(role), halves)

    def date_precisions(self, role: str, table: Mapping[int, str]) -> tuple[BinArray, BoolArray]:
        """Precision for each code of the column with `role`, and the rows with unknown codes."""
        codes, odd = self.numbers(role)
        out = np.full(len(self), -1, dtype=np.int8)
        for code, term in table.items():
            out[codes == code] = precision_code(term)
        odd |= ~np.isnan(codes) & (out < 0)
        out[odd] = precision_code("unknown")
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
    extra: dict[str, Any] = field(default_factory=dict)
    """Columns with original values that the schema could not take unchanged."""
    later: Texts | None = None
    """Flags of steps after the first reading, joined, in a table that is read again."""

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

    def set_ids(self, ids: Any, *, expected: bool = True) -> None:
        """Set the identifiers; flag missing and duplicated ones."""
        self.fields["event_id"] = ids
        if expected and ids.null_count < self.n:
            self.flag("no_id", ~present(ids))
        if not _ascending(ids):
            known = distinct(ids)
            often = np.append(np.bincount(known.codes[known.known]) > 1, False)
            self.flag("duplicate_id", often[known.codes])

    def set_dates(
        self, start: DateColumn, end: DateColumn | None = None, precision: BinArray | None = None
    ) -> None:
        """Set the span of dates; `precision` overrides the precision as written."""
        missing, bad = start.missing, start.bad
        first, last = start.start, start.end
        if end is not None:
            last = np.where(np.isnat(end.end), last, end.end)
            first = np.where(np.isnat(first), end.start, first)
            missing, bad = missing & end.missing, bad | end.bad
        self.fields["date_start"] = first.astype("datetime64[us]")
        self.fields["date_end"] = last.astype("datetime64[us]")
        codes = start.codes if precision is None else precision
        unknown = np.int8(precision_code("unknown"))
        self.fields["date_precision"] = np.where(np.isnat(first), unknown, codes)
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
        self.fields["location_precision"] = np.full(self.n, -1, dtype=np.int8)
        self.fields["location_uncertainty_km"] = np.full(self.n, np.nan)
        codes, unreadable = columns.numbers("location_code")
        self.flag("bad_precision_code", unreadable)
        known = np.isnan(codes)
        for code, meaning in table.items():
            rows = codes == code
            known |= rows
            self.set_location_code(rows, meaning)
        self.flag("bad_precision_code", ~known)

    def set_location_code(self, rows: BoolArray, meaning: LocationCode) -> None:
        """Set precision and radius of some rows."""
        code = TERMS["location_precision"].index(meaning.precision)
        self.fields["location_precision"][rows] = code
        self.fields["location_uncertainty_km"][rows] = meaning.uncertainty_km


def _ascending(ids: Any) -> bool:
    """Whether each text is longer than the one before, or greater; also if all are missing."""
    import pyarrow as pa
    import pyarrow.compute as pc

    if ids.null_count or len(ids) < 2:
        return bool(ids.null_count == len(ids))
    one = ids.combine_chunks()
    lengths = pc.binary_length(one).to_numpy(zero_copy_only=False)
    if (lengths[1:] < lengths[:-1]).any():
        return False
    # Copies, not slices: some kernels of older Arrow ignore the offset of a slice.
    before, after = (one.take(pa.array(np.arange(i, len(one) - 1 + i))) for i in (0, 1))
    less = pc.less(before, after).to_numpy(zero_copy_only=False)
    ascending: bool = (less | (lengths[:-1] < lengths[1:])).all()
    return ascending


def assemble(draft: Draft, originals: pd.DataFrame, source: str) -> gpd.GeoDataFrame:
    """Frame of the schema's columns in order, then the original columns.

    `originals` must have a plain 0..n-1 index; the caller restores its own index. Its columns
    are not copied.
    """
    import geopandas as gpd
    import pandas as pd

    data = {entry.name: _field(draft, entry, source) for entry in FIELDS}
    for name, values in draft.extra.items():
        data[free_name(name, {*data, *originals.columns})] = as_text(values)
    renamed = rename_taken(list(originals.columns), data)
    names = pd.Index(list(data)).append(pd.Index(renamed))
    data |= dict(zip(renamed, (column for _, column in originals.items())))
    few = len(data) <= _MOST_BLOCKS
    frame = pd.DataFrame(data, index=originals.index, copy=False if few else None)
    frame.columns = names
    return gpd.GeoDataFrame(frame, geometry="geometry", crs="EPSG:4326")


def _field(draft: Draft, entry: Field, source: str) -> Any:
    """Column of the schema."""
    import geopandas as gpd

    values = draft.fields.get(entry.name)
    if entry.name == "flags":
        return as_text(flag_texts(draft))
    if entry.kind == "geometry":
        return gpd.GeoSeries(values, crs="EPSG:4326")
    if entry.kind == "text":
        if entry.name == "source" and values is None:
            values = coded(np.zeros(draft.n, dtype=np.int8), [source])
        elif entry.name == "date_precision" and values is None:
            values = np.full(draft.n, precision_code("unknown"), dtype=np.int8)
        if isinstance(values, np.ndarray):
            values = coded(values, TERMS[entry.name])
        return as_text(no_texts(draft.n) if values is None else values)
    if values is None:
        nothing = np.nan if entry.kind == "float64" else np.datetime64("NaT", "us")
        return np.full(draft.n, nothing)
    return values


def flag_texts(draft: Draft) -> Any:
    """Join the codes of each row by ";", in the order of FLAGS; then those of later steps."""
    import pandas as pd

    raised = [code for code in FLAGS if code in draft.flags]
    later = Texts.missing(draft.n) if draft.later is None else draft.later
    kinds = len(later.values) + 1
    combined = later.codes.astype(np.int64) + 1
    for i, code in enumerate(raised):
        combined[draft.flags[code]] += kinds << i
    codes, found = pd.factorize(combined)
    joined = []
    for value in found.tolist():
        bits, at = divmod(value, kinds)
        parts = [code for i, code in enumerate(raised) if bits >> i & 1]
        joined.append(";".join([*parts, later.values[at - 1]] if at else parts))
    return coded(codes, joined)


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
