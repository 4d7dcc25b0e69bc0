"""Check a table of events: doubtful rows get a flag and a reason."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from geo_risk._core.distinct import text_of
from geo_risk._core.frames import (
    add_columns,
    add_flags,
    check_frame,
    lonlat_of,
    report_of,
    texts_of,
    too_coarse,
)
from geo_risk._core.types import BoolArray, DayArray, FloatArray
from geo_risk._core.validate import check_scalar
from geo_risk.frames.check.coordinates import MINUTES_LEVEL, SLIPS, minutes_chance
from geo_risk.frames.check.countries import CLASSES, CountryCheck, check_countries
from geo_risk.frames.check.duplicates import Duplicates, Reports, find_duplicates
from geo_risk.frames.check.piles import Piles, find_piles

if TYPE_CHECKING:
    import geopandas

    from geo_risk.regions import DatedLayer, RegionLayer

__all__ = ["QUALITY_FLAGS", "check_events"]

Found = list[tuple[BoolArray, str]]

QUALITY_FLAGS = {
    "swapped_lonlat": "outside the stated country, inside with longitude and latitude exchanged",
    "lon_sign_flipped": "outside the stated country, inside with the longitude's sign changed",
    "lat_sign_flipped": "outside the stated country, inside with the latitude's sign changed",
    "both_signs_flipped": "outside the stated country, inside with both signs changed",
    "maybe_degrees_minutes": "no fraction of a degree is 0.60 or more in the whole source: minutes "
    "may have been typed as decimals",
    "country_differs": "the stated country is not the polygon's; country_reason says why",
    "country_unknown": "the stated country is no country known here",
    "duplicate": "another row of the same source says the same in everything compared",
    "near_duplicate": "another source tells of an event near in space and time, alike in actors "
    "and deaths",
    "future_date": "begins after the day of the check",
    "negative_fatalities": "a number of deaths is negative",
    "fatalities_order": "the estimates of deaths are not in the order low, best, high",
    "extreme_fatalities": "more deaths than max_fatalities",
    "pile_on_stand_in": "many events on exactly the same point, which stands for an area: the "
    "middle of a country or region, round degrees, or so stated",
    "pile_on_main_place": "many events on exactly the same point, the largest place of a country "
    "or of a first-order unit",
}
"""Flags that `check_events` adds, and their meaning."""

CHECK_COLUMNS = (
    "suggested_lon", "suggested_lat", "country_reason", "stated_country_probability",
    "duplicate_of", "duplicate_of_id", "duplicate_score", "duplicate_share", "pile_count",
    "pile_label", "pile_name",
)  # fmt: skip
"""Columns that `check_events` adds."""


def check_events(
    events: Any,
    *,
    layer: RegionLayer | DatedLayer | None = None,
    now: Any = None,
    duplicate_km: float = 5.0,
    duplicate_days: int = 1,
    min_score: float = 0.6,
    min_share: float = 0.5,
    source_column: str = "source",
    within_sources: bool = False,
    max_fatalities: float = 10_000,
    pile_size: int = 20,
) -> geopandas.GeoDataFrame:
    """Check a table of events for errors, and flag each doubtful row with the reason.

    Nothing is dropped or corrected. A flag is a reason to look, not a verdict: a flagged row may
    be right, and a row without a flag may be wrong (a mirrored point that is still inside the
    stated country cannot be found).

    Parameters
    ----------
    events : GeoDataFrame
        Points in any CRS; best from `read_events`. A check whose columns are absent flags nothing.
    layer : RegionLayer or DatedLayer, optional
        Default: the bundled world layer. For a dated layer, the regions that are valid on
        `date_start`; the country of an event without a date is then not compared.
    now : date, datetime or str, optional
        The day after which an event is in the future; default today (UTC). Pass it to get the
        same result tomorrow.
    duplicate_km, duplicate_days : float, int
        Limits of a near-duplicate: great-circle distance, and days between the two spans.
    min_score, min_share : float, default 0.6 and 0.5
        Lowest score and share of a near-duplicate, in [0, 1]; see Notes.
    source_column : str, default "source"
        Column that names the source of each row. Rows of different sources may be
        near-duplicates; rows of one source are only checked for exact duplicates.
    within_sources : bool, default False
        Also look for near-duplicates among rows of one source. In a dense conflict, most pairs
        that this finds are different events.
    max_fatalities : float, default 10,000
        More deaths than this in one event are flagged as extreme. Raise it for disasters.
    pile_size : int, default 20
        Smallest number of events with exactly the same coordinates that is a pile, at least 2.

    Returns
    -------
    GeoDataFrame
        EPSG:4326, same rows, order and index, with more codes of `QUALITY_FLAGS` in `flags`, and

        - `suggested_lon`, `suggested_lat`: the exchanged or mirrored coordinates if exactly
          one version lies in the stated country; else NaN;
        - `country_reason`: why the stated country differs from the polygon's: "succession",
          "disputed", "border", "misplaced", "precision" or "unexplained"; None if they agree;
        - `stated_country_probability`: probability that the point lies in the stated country
          after all, by `country_certainty`; NaN if the two agree or it cannot be computed;
        - `duplicate_of`: position of the earliest row that reports the same event, -1 for that
          row itself and for single events; `duplicate_of_id`: its `event_id`; `duplicate_score`
          and `duplicate_share`: how similar the two are, and how much better than other pairs;
        - `pile_count`: events with exactly these coordinates, 0 without coordinates; `pile_label`,
          `pile_name`: what is at the position of a pile, else None.

        ``attrs["geo_risk"]["quality"]`` contains the options and, for each flag, its count and
        reason; "country" counts the reasons, "minutes" has the chance by source, "piles" the
        twenty largest.

    Raises
    ------
    TypeError, ValueError
        Not a GeoDataFrame, no CRS, geometries other than points, options out of range, no column
        `source_column`, two columns of one name, no `date_start` for a dated layer.

    Notes
    -----
    Score of a pair from two sources: 0.5 actors + 0.2 deaths + 0.2 place + 0.1 days, each in
    [0, 1]. Actors: for each party of the shorter list the best token-set similarity in the longer,
    averaged. The share of a pair is exp(score / 0.1) divided by the sum of exp(score / 0.1) over
    all candidates of a row in the other row's source, for both rows; the smaller value counts.
    ``docs/quality.md`` explains the limits and gives precision and recall on planted duplicates.

    Examples
    --------
    >>> import geo_risk as gr
    >>> events = gr.read_events([{"lon": 36.736, "lat": 69.535, "country": "Afghanistan"}])
    >>> checked = gr.check_events(events, now="2026-01-01")
    >>> checked["flags"].tolist(), checked["suggested_lon"].tolist()
    (['swapped_lonlat'], [69.535])
    """
    from geo_risk.regions import load_regions

    frame = check_frame(events)
    _refuse_twin_columns(frame)
    max_fatalities = check_scalar(max_fatalities, "max_fatalities", low=0.0)
    pile_size = int(check_scalar(pile_size, "pile_size", low=2))
    layer = load_regions() if layer is None else layer
    today = _day(now)
    lon, lat = lonlat_of(frame)
    start, end = _days(frame, "date_start"), _days(frame, "date_end")
    country = check_countries(frame, lon, lat, start, layer)
    twins = find_duplicates(
        _reports(frame, lon, lat, start, end, source_column),
        km=duplicate_km, days=duplicate_days, min_score=min_score, min_share=min_share,
        within_sources=within_sources,
    )  # fmt: skip
    piles = find_piles(layer, frame, lon, lat, pile_size, too_coarse(frame, "skip"))
    chances = _minutes(frame, lon, lat)
    found: Found = [(country.slips[:, i], flag) for i, flag in enumerate(SLIPS)]
    found.append((_rows_of_sources(frame, chances) & ~np.isnan(lon), "maybe_degrees_minutes"))
    found += [(country.differs, "country_differs"), (country.unknown, "country_unknown")]
    found.append((twins.exact, "duplicate"))
    found.append(((twins.duplicate_of >= 0) & ~twins.exact, "near_duplicate"))
    found.append((start > today, "future_date"))
    found += [*_fatalities(frame, max_fatalities), *_pile_flags(piles)]
    result = add_columns(frame, _columns(frame, country, twins, piles))
    result["flags"] = _with_flags(frame, found)
    options = {
        "now": str(today), "layer": layer.name, "worldview": layer.worldview,
        "duplicate_km": float(duplicate_km), "duplicate_days": int(duplicate_days),
        "min_score": float(min_score), "min_share": float(min_share),
        "source_column": source_column,
        "within_sources": within_sources,
        "max_fatalities": max_fatalities, "pile_size": pile_size,
    }  # fmt: skip
    summary = _summary(found, country, chances, piles, lon, lat)
    result.attrs["geo_risk"] = report_of(result) | {"quality": {"options": options, **summary}}
    return result


def _refuse_twin_columns(frame: geopandas.GeoDataFrame) -> None:
    """Raise an error if two columns share a name: rows are compared column by column."""
    twins = frame.columns[frame.columns.duplicated()]
    if len(twins):
        name = twins[0]
        raise ValueError(
            f"Invalid events: {int((frame.columns == name).sum())} columns are called {name!r}; "
            "rename all but one."
        )


def _day(now: Any) -> np.datetime64:
    import pandas as pd

    moment = pd.Timestamp.now("UTC") if now is None else pd.Timestamp(now)
    if pd.isna(moment):
        raise ValueError(f"Invalid now: {now!r} is not a date.")
    if moment.tzinfo is not None:
        moment = moment.tz_convert("UTC").tz_localize(None)
    return np.datetime64(moment, "D")


def _days(frame: geopandas.GeoDataFrame, column: str) -> DayArray:
    """Days of a date column; NaT if missing."""
    import pandas as pd

    if column not in frame.columns:
        return np.full(len(frame), np.datetime64("NaT", "D"))
    moments = pd.to_datetime(frame[column], utc=True, errors="coerce").dt.tz_localize(None)
    return np.asarray(moments.to_numpy(), dtype="datetime64[D]")


def _numbers(frame: geopandas.GeoDataFrame, column: str) -> FloatArray:
    """Column as floats; NaN if missing, and everywhere if there is no such column."""
    import pandas as pd

    if column not in frame.columns:
        return np.full(len(frame), np.nan)
    values = pd.to_numeric(frame[column], errors="coerce")
    return np.asarray(values.to_numpy(dtype=float, na_value=np.nan))


def _reports(
    frame: geopandas.GeoDataFrame, lon: FloatArray, lat: FloatArray, start: DayArray,
    end: DayArray, source_column: str,
) -> Reports:  # fmt: skip
    if source_column != "source" and source_column not in frame.columns:
        raise ValueError(f"Invalid source_column: there is no column {source_column!r}.")
    deaths = {name: _numbers(frame, f"fatalities_{name}") for name in ("best", "low", "high")}
    deaths = {name: np.where(values < 0, np.nan, values) for name, values in deaths.items()}
    texts = {
        name: texts_of(frame, column).tolist()
        for name, column in (
            ("source", source_column), ("actors", "actors"), ("category", "category"),
            ("precision", "location_precision"),
        )
    }  # fmt: skip
    return Reports(lon, lat, start, end, **texts, **deaths, detail=_details(frame))  # type: ignore[arg-type]


def _details(frame: geopandas.GeoDataFrame) -> NDArray[np.uint64]:
    """Hash of all values of each row except its identifiers."""
    import pandas as pd

    report = report_of(frame)
    left_out = {frame.geometry.name, "event_id", "flags", "geometry_"}
    left_out |= set(report.get("added_columns", ()))
    kept = [c for c in frame.columns if c not in left_out and not _identifies(frame, c)]
    if not kept:
        return np.zeros(len(frame), dtype=np.uint64)
    texts = pd.DataFrame({i: _as_text(frame[column]) for i, column in enumerate(kept)})
    return np.asarray(pd.util.hash_pandas_object(texts, index=False), dtype=np.uint64)


def _as_text(column: Any) -> Any:
    """Column as text; pandas itself cannot convert bytes that are not UTF-8."""
    return column.map(text_of) if column.dtype == object else column.astype(str)


def _identifies(frame: geopandas.GeoDataFrame, column: str) -> bool:
    """Whether a column is named like an identifier and most of its values are distinct."""
    name = str(column).lower()
    return (name.endswith("id") or "id_" in name) and 2 * _as_text(frame[column]).nunique() > len(
        frame
    )


def _minutes(
    frame: geopandas.GeoDataFrame, lon: FloatArray, lat: FloatArray
) -> dict[str | None, tuple[float, int]]:
    """By source, the chance that all fractions are below 0.60 although none are minutes."""
    sources = np.array([*texts_of(frame, "source").tolist(), None], dtype=object)[:-1]
    return {
        source: minutes_chance(lon[rows], lat[rows])
        for source in dict.fromkeys(sources.tolist())
        for rows in [np.array([value == source for value in sources], dtype=bool)]
    }


def _rows_of_sources(
    frame: geopandas.GeoDataFrame, chances: dict[str | None, tuple[float, int]]
) -> BoolArray:
    doubtful = {source for source, (chance, _) in chances.items() if chance < MINUTES_LEVEL}
    sources = texts_of(frame, "source")
    return sources.map(lambda source: source in doubtful, None in doubtful, np.bool_)


def _fatalities(frame: geopandas.GeoDataFrame, limit: float) -> Found:
    low, best, high = (_numbers(frame, f"fatalities_{name}") for name in ("low", "best", "high"))
    stated = np.column_stack([low, best, high])
    negative = np.asarray((stated < 0).any(axis=1))
    disorder = np.asarray((low > best) | (best > high) | (low > high))
    extreme = np.asarray(np.where(np.isnan(best), np.fmax(low, high), best) > limit) & ~negative
    return [
        (negative, "negative_fatalities"),
        (disorder, "fatalities_order"),
        (extreme, "extreme_fatalities"),
    ]


def _pile_flags(piles: Piles) -> Found:
    kinds = {
        "pile_on_stand_in": ("area", "country_middle", "region_middle", "round_degrees"),
        "pile_on_main_place": ("main_place_of_country", "main_place_of_region"),
    }
    return [
        (np.array([label in labels for label in piles.label], dtype=bool), flag)
        for flag, labels in kinds.items()
    ]


def _columns(
    frame: geopandas.GeoDataFrame, country: CountryCheck, twins: Duplicates, piles: Piles
) -> dict[str, Any]:
    ids = np.array([*texts_of(frame, "event_id").tolist(), None], dtype=object)
    return {
        "suggested_lon": country.lon,
        "suggested_lat": country.lat,
        "country_reason": country.reason,
        "stated_country_probability": country.probability,
        "duplicate_of": twins.duplicate_of,
        "duplicate_of_id": ids[twins.duplicate_of],
        "duplicate_score": twins.duplicate_score,
        "duplicate_share": twins.duplicate_share,
        "pile_count": piles.count,
        "pile_label": piles.label,
        "pile_name": piles.name,
    }


def _with_flags(frame: geopandas.GeoDataFrame, found: Found) -> NDArray[np.object_]:
    """Flags of the frame: those of an earlier check removed, the new ones added."""
    ours = set(report_of(frame).get("quality", {}).get("flags", ()))
    flags = add_flags(frame, [])
    if ours:
        kept = {"fatalities_order"}  # also set by the reader
        flags = [
            ";".join(code for code in text.split(";") if code not in ours - kept) for text in flags
        ]
    plain = frame[[]].copy()
    plain["flags"] = np.array([*flags, None], dtype=object)[:-1]
    return np.array([*add_flags(plain, found), None], dtype=object)[:-1]


def _summary(
    found: Found, country: CountryCheck, chances: dict[str | None, tuple[float, int]],
    piles: Piles, lon: FloatArray, lat: FloatArray,
) -> dict[str, Any]:  # fmt: skip
    """Counts and reasons, ready for JSON."""
    flags = {
        code: {"count": int(mask.sum()), "reason": QUALITY_FLAGS[code]}
        for mask, code in found
        if mask.any()
    }
    reasons = [term for term in country.reason if term is not None]
    spots: dict[tuple[float, float], dict[str, Any]] = {}
    for row in np.flatnonzero([label is not None for label in piles.label]).tolist():
        spots[float(lon[row]), float(lat[row])] = {
            "lon": float(lon[row]), "lat": float(lat[row]), "count": int(piles.count[row]),
            "label": piles.label[row], "name": piles.name[row],
        }  # fmt: skip
    largest = sorted(spots.values(), key=lambda spot: (-spot["count"], spot["lon"], spot["lat"]))
    return {
        "flags": flags,
        "country": {term: reasons.count(term) for term in CLASSES if term in reasons},
        "minutes": [
            {"source": source, "chance": chance, "degrees": degrees}
            for source, (chance, degrees) in chances.items()
        ],
        "piles": largest[:20],
    }
