"""`read_events`: read events from any source into one schema."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from geo_risk._core.distinct import Texts
from geo_risk._core.options import carries, chosen
from geo_risk._core.validate import shown
from geo_risk.events import table
from geo_risk.events.coordinates import points_from_geometry, points_from_lonlat, points_from_text
from geo_risk.events.draft import Columns, Draft, assemble, logger
from geo_risk.events.inputs import Loaded, load
from geo_risk.events.options import ReadOptions, options_of
from geo_risk.events.plan import SOURCE_MODULES, Plan, make_plan
from geo_risk.events.schema import FIELDS, FLAGS, field_names, written_pair
from geo_risk.events.values import any_text, coded, degrees, distinct

if TYPE_CHECKING:
    import geopandas as gpd
    import pandas as pd

__all__ = ["convert", "read_events"]

_CODE = re.compile("[a-z][a-z0-9_]{2,60}")
_MOST_NOTES = 10
# Roles that are not fields themselves; None: used only for flags or if another role is missing.
_FIELD_OF_ROLE: Mapping[str, str | None] = {
    "actor_1": "actors",
    "actor_1_with": "actors",
    "actor_2": "actors",
    "actor_2_with": "actors",
    "actor_3": "actors",
    "code_status": "flags",
    "date_added": "date_precision",
    "date_code": "date_precision",
    "day": "date_start",
    "lat": "geometry",
    "latlon": "geometry",
    "location_code": "location_precision",
    "lon": "geometry",
    "lonlat": "geometry",
    "month": "date_start",
    "uncertainty_m": "location_uncertainty_km",
    "vicinity": "location_precision",
    "year": "date_start",
}


@carries(ReadOptions)
def read_events(
    path_or_frame: Any,
    source: str | None = None,
    *,
    options: ReadOptions | None = None,
    **fields: Any,
) -> gpd.GeoDataFrame:
    """Read events of any source into one schema, with the original columns kept.

    Every row of the input is a row of the result, in the same order and, for frames, under the
    same index. Unusable values are flagged in `flags`, never dropped, silently repaired or
    guessed: a row without usable coordinates has no geometry. The caller's object is not changed.
    Places are not looked up and countries not checked here: `geocode` does that.

    Parameters
    ----------
    path_or_frame : path, data frame, Arrow table, open file, mapping or iterable of dicts
        Paths: CSV, TSV (also .gz, .zip), Excel, Parquet, GeoParquet, GeoJSON, TopoJSON, JSON,
        GeoPackage, FlatGeobuf, Shapefile, Arrow. Frames: pandas, geopandas, polars. Open files:
        delimited text or JSON.
    source : {"acled", "ucdp", "gdelt", "gtd", "table"}, optional
        By default recognised from the columns.
    options : ReadOptions, optional
        Columns, CRS and form of the input, where it does not tell them itself.
    **fields
        The fields of `ReadOptions`, in place of `options`.

    Returns
    -------
    geopandas.GeoDataFrame
        EPSG:4326; the columns of `geo_risk.events.FIELDS` in that order, then the original
        columns (a name already in use gets an underscore). ``frame.attrs["geo_risk"]`` is a plain
        dict: source, column of each field, number of rows, number of rows per flag, notes. The
        same is logged to the logger "geo_risk" at INFO.

    Raises
    ------
    ValueError
        Columns are missing or ambiguous, the order of dates is undecided, a frame has no CRS, or
        projected coordinates have no `crs`. The message names the option that decides.
    DataNotFoundError, DataCorruptError
        The file does not exist or is damaged.

    Notes
    -----
    Numeric columns of delimited text become numbers only if nothing is lost: "007" stays text.
    Dates are days: the time of day stays in the original column; a stated offset from UTC is used
    to find the UTC day.

    Examples
    --------
    >>> import geo_risk.events as events
    >>> frame = events.read_events(
    ...     [{"id": 1, "date": "2022-10-22", "lon": 69.53, "lat": 36.74, "killed": 8},
    ...      {"id": 2, "date": "2022-09", "lon": None, "lat": None, "place": "Khwaja Ghar"}]
    ... )
    >>> frame[["date_start", "date_end", "date_precision"]]
      date_start   date_end date_precision
    0 2022-10-22 2022-10-22            day
    1 2022-09-01 2022-09-30          month
    >>> frame["flags"].tolist()
    ['', 'no_coordinates']
    >>> frame.attrs["geo_risk"]["columns"]["fatalities_best"]
    'killed'
    """
    asked = options_of(source, chosen(ReadOptions, options, fields, read_events))
    loaded = load(path_or_frame, asked)
    return convert(loaded, make_plan(loaded, asked))


def convert(loaded: Loaded, plan: Plan) -> gpd.GeoDataFrame:
    """Apply a plan to a table."""
    draft = Draft(len(loaded.frame))
    columns = Columns(loaded.frame, plan.roles)
    module = table if plan.source == "table" else SOURCE_MODULES[plan.source]
    fill: Callable[[Columns, Draft, bool | None], None] = module.fill
    fill(columns, draft, plan.dayfirst)
    _locate(loaded, plan, columns, draft)
    taken = _reread(columns, draft) if plan.roles.get("flags") == "flags" else []
    _tell_malformed(loaded, draft)
    originals = loaded.frame.drop(columns=taken)
    if not loaded.fresh:
        originals = originals.copy(deep=True)
    frame = assemble(draft, originals, plan.source)
    frame.index = loaded.index
    frame.attrs = {**loaded.attrs, "geo_risk": _report(loaded, plan, columns, draft)}
    _log(frame.attrs["geo_risk"])
    return frame


def _locate(loaded: Loaded, plan: Plan, columns: Columns, draft: Draft) -> None:
    options = plan.options
    asked = {"lon", "lat", "geometry"} & options.columns.keys()
    if loaded.geometry is not None and not (asked or options.lon or options.lat):
        points_from_geometry(draft, loaded.geometry, loaded.geometry_name, options.crs)
    elif columns.has("lon") and columns.has("lat") and "geometry" not in options.columns:
        lon, bad_lon = columns.degrees("lon", "EW")
        lat, bad_lat = columns.degrees("lat", "NS")
        points_from_lonlat(
            draft,
            lon,
            lat,
            unreadable=bad_lon | bad_lat,
            names=(plan.roles["lon"], plan.roles["lat"]),
            crs=options.crs,
        )
    elif columns.has("latlon") or columns.has("lonlat"):
        role = "latlon" if columns.has("latlon") else "lonlat"
        lon, lat, unreadable = _split(columns.series(role), lat_first=role == "latlon")
        name = plan.roles[role]
        points_from_lonlat(
            draft, lon, lat, unreadable=unreadable, names=(name, name), crs=options.crs
        )
    elif columns.has("geometry"):
        points_from_text(draft, columns.series("geometry"), plan.roles["geometry"], options.crs)
    else:
        draft.fields["geometry"] = np.full(draft.n, None, dtype=object)
        draft.flag("no_coordinates", np.ones(draft.n, dtype=bool))


def _split(column: pd.Series[Any], *, lat_first: bool) -> tuple[Any, Any, Any]:
    """Longitude, latitude and unreadable rows of a column that contains both coordinates."""
    import pandas as pd

    pairs = [table.split_position(cell, lat_first=lat_first) for cell in column]
    given = [isinstance(cell, (Mapping, list, tuple)) or any_text(cell) for cell in column]
    broken = np.array([bool(told) and pair is None for told, pair in zip(given, pairs)], dtype=bool)
    sides = [[None if pair is None else pair[side] for pair in pairs] for side in (0, 1)]
    lon, bad_lon = degrees(pd.Series(sides[0], dtype=object), "EW")
    lat, bad_lat = degrees(pd.Series(sides[1], dtype=object), "NS")
    return lon, lat, broken | bad_lon | bad_lat


def _reread(columns: Columns, draft: Draft) -> list[str]:
    """Keep source and flags of a table that was read before; return the columns to leave out."""
    draft.fields["source"] = columns.texts("source")
    written = distinct(columns.texts("flags"))
    for code in ("no_date", "no_id"):
        draft.flags.pop(code, None)  # the first reading decided whether there was such a column
    if "no_coordinates" in draft.flags:
        draft.flags["no_coordinates"] &= ~written.known  # the first reading flagged the cause
    sets = [dict.fromkeys(text.split(";")) for text in written.values]
    later: dict[str, None] = {}
    unknown = []
    for code in dict.fromkeys(code for codes in sets for code in codes):
        marked = np.array([*(code in codes for codes in sets), False])[written.codes]
        if code in FLAGS:
            draft.flag(code, marked)
        elif _CODE.fullmatch(code):  # of `geocode`, `check_events` or another later step
            later[code] = None
        else:
            unknown.append(f"unknown flag {shown(code)} left out of {int(marked.sum())} rows")
    joined = [";".join(code for code in later if code in codes) for codes in sets]
    draft.later = Texts.of_values(joined).take(written.codes)
    draft.notes += unknown[:_MOST_NOTES]
    if len(unknown) > _MOST_NOTES:
        draft.notes.append(f"{len(unknown) - _MOST_NOTES} more unknown flags left out")
    ours = {*field_names(), *(written_pair(list(columns.frame.columns)) or ())}
    return [name for name in columns.frame.columns if name in ours]


def _tell_malformed(loaded: Loaded, draft: Draft) -> None:
    chunk = loaded.chunk
    draft.flag_rows("decoded_cp1252", chunk.fell_back)
    if chunk.malformed or loaded.always_malformed_text:
        raw = np.full(draft.n, -1, dtype=np.int64)
        raw[list(chunk.malformed)] = np.arange(len(chunk.malformed))
        draft.extra["malformed_text"] = coded(raw, [text for _, text in chunk.malformed.values()])
    if not chunk.malformed:
        return
    everything = np.zeros(draft.n, dtype=bool)
    everything[list(chunk.malformed)] = True
    for code in ("no_coordinates", "no_date", "no_id"):
        if code in draft.flags:
            draft.flags[code] &= ~everything  # nothing in such a line was interpreted
    for told in {code for code, _ in chunk.malformed.values()}:
        draft.flag_rows(told, [i for i, (code, _) in chunk.malformed.items() if code == told])
    draft.notes.append(
        f"{len(chunk.malformed)} malformed lines kept as they stand in malformed_text; the first: "
        + "; ".join(chunk.messages)
    )


def _report(loaded: Loaded, plan: Plan, columns: Columns, draft: Draft) -> dict[str, Any]:
    report: dict[str, Any] = {
        "source": plan.source,
        "recognised": plan.recognised,
        **loaded.report,
        "rows": draft.n,
        "columns": _columns_by_field(columns.roles),
        "flags": {
            code: int(draft.flags[code].sum())
            for code in FLAGS
            if code in draft.flags and draft.flags[code].any()
        },
        "notes": list(draft.notes),
        **draft.report,
    }
    if loaded.geometry is not None:
        crs = loaded.geometry.crs
        report["crs"] = crs.to_string() if crs is not None else str(plan.options.crs)
    return report


def _columns_by_field(roles: Mapping[str, str]) -> dict[str, str | list[str]]:
    """Original column, or columns, behind each field of the schema."""
    fields: dict[str, list[str]] = {}
    for role, name in roles.items():
        field = _FIELD_OF_ROLE.get(role, role)
        if field is not None:
            fields.setdefault(field, []).append(name)
    return {
        field.name: found if len(found) > 1 else found[0]
        for field in FIELDS
        if (found := fields.get(field.name, []))
    }


def _log(report: Mapping[str, Any]) -> None:
    columns = ", ".join(
        f"{field}={name if isinstance(name, str) else '+'.join(name)}"
        for field, name in report["columns"].items()
    )
    flags = ", ".join(f"{code}: {count}" for code, count in report["flags"].items())
    logger.info(
        "read %s: %d rows as %s (%s); columns %s; flags %s",
        report.get("input", "input"),
        report["rows"],
        report["source"],
        "recognised" if report["recognised"] else "as given",
        columns or "none",
        flags or "none",
    )
    for note in report["notes"]:
        logger.warning("%s: %s", report.get("input", "input"), note)
