"""Check a table of events: doubtful rows get a flag and a reason."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from geo_risk._core.distinct import Texts
from geo_risk._core.types import BoolArray, FloatArray
from geo_risk._core.validate import check_scalar
from geo_risk.frames.check.coordinates import MINUTES_LEVEL, SLIPS, minutes_chances
from geo_risk.frames.check.countries import CLASSES, CountryCheck, check_countries
from geo_risk.frames.check.duplicates import Duplicates, find_duplicates
from geo_risk.frames.check.piles import Piles, find_piles
from geo_risk.frames.check.rows import Reports, TextColumn, details_of
from geo_risk.frames.columns import EventColumns

if TYPE_CHECKING:
    import geopandas

    from geo_risk.regions import DatedLayer, RegionLayer

__all__ = ["CHECK_COLUMNS", "QUALITY_FLAGS", "check_columns", "check_events", "reports_of"]

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
    return check_columns(
        EventColumns.of(events), layer=layer, now=now, duplicate_km=duplicate_km,
        duplicate_days=duplicate_days, min_score=min_score, min_share=min_share,
        source_column=source_column, within_sources=within_sources,
        max_fatalities=max_fatalities, pile_size=pile_size,
    ).to_frame()  # fmt: skip


def check_columns(
    events: EventColumns,
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
) -> EventColumns:
    """Events with the columns of `check_events`."""
    from geo_risk.regions import load_regions

    _refuse_twin_columns(events.base)
    max_fatalities = check_scalar(max_fatalities, "max_fatalities", low=0.0)
    pile_size = int(check_scalar(pile_size, "pile_size", low=2))
    layer = load_regions() if layer is None else layer
    today = _day(now)
    lon, lat = events.lonlat
    country = check_countries(events, layer)
    twins = find_duplicates(
        reports_of(events, source_column),
        km=duplicate_km, days=duplicate_days, min_score=min_score, min_share=min_share,
        within_sources=within_sources,
    )  # fmt: skip
    piles = find_piles(layer, events.base, lon, lat, pile_size, events.coarse)
    minutes, doubtful = _minutes(events)
    found: Found = [(country.slips[:, i], flag) for i, flag in enumerate(SLIPS)]
    found.append((doubtful & ~np.isnan(lon), "maybe_degrees_minutes"))
    found += [(country.differs, "country_differs"), (country.unknown, "country_unknown")]
    found.append((twins.exact, "duplicate"))
    found.append(((twins.duplicate_of >= 0) & ~twins.exact, "near_duplicate"))
    found.append((events.days("date_start") > today, "future_date"))
    found += [*_fatalities(events, max_fatalities), *_pile_flags(piles)]
    options = {
        "now": str(today), "layer": layer.name, "worldview": layer.worldview,
        "duplicate_km": float(duplicate_km), "duplicate_days": int(duplicate_days),
        "min_score": float(min_score), "min_share": float(min_share),
        "source_column": source_column,
        "within_sources": within_sources,
        "max_fatalities": max_fatalities, "pile_size": pile_size,
    }  # fmt: skip
    quality = {"options": options, **_summary(found, country, minutes, piles, lon, lat)}
    result = events.with_columns(_columns(events, country, twins, piles), {"quality": quality})
    return result.flagged(_earlier_flags(events)).with_flags(found)


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


def reports_of(events: EventColumns, source_column: str) -> Reports:
    """What `find_duplicates` compares of the events."""
    if source_column != "source" and source_column not in events:
        raise ValueError(f"Invalid source_column: there is no column {source_column!r}.")
    lon, lat = events.lonlat
    deaths = {name: events.numbers(f"fatalities_{name}") for name in ("best", "low", "high")}
    deaths = {name: np.where(values < 0, np.nan, values) for name, values in deaths.items()}
    return Reports(
        lon, lat, events.days("date_start"), events.days("date_end"),
        source=events.texts(source_column), actors=TextColumn(events, "actors"),
        category=TextColumn(events, "category"), precision=events.texts("location_precision"),
        **deaths, detail=details_of(events),
    )  # fmt: skip


def _minutes(events: EventColumns) -> tuple[list[dict[str, Any]], BoolArray]:
    """Summary by source of `minutes_chance`, and the rows of sources that may hold minutes."""
    import pandas as pd

    texts = events.texts("source")
    source, named = pd.factorize(texts.codes)
    chances = minutes_chances(*events.lonlat, source, len(named))
    summary = [
        {"source": text, "chance": chance, "degrees": degrees}
        for text, (chance, degrees) in zip(Texts(texts.values, named).tolist(), chances)
    ]
    doubtful = np.array([chance < MINUTES_LEVEL for chance, _ in chances], dtype=bool)
    return summary, doubtful[source]


def _fatalities(events: EventColumns, limit: float) -> Found:
    low, best, high = (events.numbers(f"fatalities_{name}") for name in ("low", "best", "high"))
    negative = (low < 0) | (best < 0) | (high < 0)
    disorder = (low > best) | (best > high) | (low > high)
    extreme = (np.where(np.isnan(best), np.fmax(low, high), best) > limit) & ~negative
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
    return [(piles.label.isin(labels), flag) for flag, labels in kinds.items()]


def _columns(
    events: EventColumns, country: CountryCheck, twins: Duplicates, piles: Piles
) -> dict[str, Any]:
    terms = np.array(list(CLASSES), dtype=object)
    later = np.flatnonzero(twins.duplicate_of >= 0)
    identifier = np.full(len(events), -1, dtype=np.int64)
    identifier[later] = np.arange(len(later))
    ids = TextColumn(events, "event_id").take(twins.duplicate_of[later])
    return {
        "suggested_lon": country.lon,
        "suggested_lat": country.lat,
        "country_reason": Texts(terms, country.reason.astype(np.int32)),
        "stated_country_probability": country.probability,
        "duplicate_of": twins.duplicate_of,
        "duplicate_of_id": ids.take(identifier),
        "duplicate_score": twins.duplicate_score,
        "duplicate_share": twins.duplicate_share,
        "pile_count": piles.count,
        "pile_label": piles.label,
        "pile_name": piles.name,
    }


def _earlier_flags(events: EventColumns) -> Texts:
    """Flags of the events without those of an earlier check."""
    ours = set(events.report.get("quality", {}).get("flags", ())) - {"fatalities_order"}
    flags = events.texts("flags")
    if not ours:  # the reader also sets fatalities_order
        return flags
    return flags.texts(lambda text: ";".join(c for c in text.split(";") if c not in ours))


def _summary(
    found: Found, country: CountryCheck, minutes: list[dict[str, Any]], piles: Piles,
    lon: FloatArray, lat: FloatArray,
) -> dict[str, Any]:  # fmt: skip
    """Counts and reasons, ready for JSON."""
    flags = {
        code: {"count": int(mask.sum()), "reason": QUALITY_FLAGS[code]}
        for mask, code in found
        if mask.any()
    }
    reasons = np.bincount(country.reason + 1, minlength=len(CLASSES) + 1)[1:].tolist()
    return {
        "flags": flags,
        "country": {term: count for term, count in zip(CLASSES, reasons) if count},
        "minutes": minutes,
        "piles": _largest(piles, lon, lat),
    }


def _largest(piles: Piles, lon: FloatArray, lat: FloatArray) -> list[dict[str, Any]]:
    """The twenty largest piles; what a point is on the day of its last event."""
    rows = np.flatnonzero(piles.label.known)
    last = np.full(piles.point.max(initial=-1) + 1, -1, dtype=np.int64)
    last[piles.point[rows]] = rows
    rows = last[last >= 0]
    rows = rows[np.lexsort((lat[rows], lon[rows], -piles.count[rows]))][:20]
    told = zip(rows.tolist(), piles.label.take(rows).tolist(), piles.name.take(rows).tolist())
    return [
        {
            "lon": float(lon[row]), "lat": float(lat[row]), "count": int(piles.count[row]),
            "label": label, "name": name,
        }
        for row, label, name in told
    ]  # fmt: skip
