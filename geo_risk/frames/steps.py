"""The steps of an assessment: locate and index events, measure border distances, score cells."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from geo_risk._core.constants import RESOLUTION
from geo_risk._core.validate import check_resolution, check_scalar

if TYPE_CHECKING:
    import geopandas

    from geo_risk.borders import Borders
    from geo_risk.frames.columns import EventColumns
    from geo_risk.regions import RegionLayer

__all__ = ["AssessOptions", "locate_events", "score_cells"]

_AUTO_CELLS = 20_000


@dataclass(frozen=True, eq=False, kw_only=True)
class AssessOptions:
    """Options of `assess`: how events are located, indexed, measured and counted.

    Parameters
    ----------
    resolution : int, optional
        H3 resolution of the events. Default: 7, but an event known to within a radius gets no cell
        smaller than that disc (`index_h3` with `coarse="parent"`). If given, it is used for every
        event, except those whose point only stands for an area.
    hotspot_resolution : int, optional
        H3 resolution of the scored cells. Default: the finest, not finer than `resolution` or 7,
        at which the study area has at most 20,000 cells.
    study_area, value
        Passed to `score_hotspots`.
    snap_km : float, default 5.0
        Passed to `geocode`.
    border_kind : str, default "land"
        Passed to `border_proximity` as `kind`.
    check : bool, default True
        Run `check_events` with its defaults on the events read: exchanged or mirrored coordinates,
        duplicates, piles, impossible dates and deaths are flagged and counted in the provenance;
        a warning reports coordinates that do not fit the stated country. Nothing is
        dropped or corrected: flagged events are located and scored as they are. To keep the
        flags of `check_events` with other options, pass its result and False.
    now : date, datetime or str, optional
        The day after which an event is in the future. Default: today, in the time zone where it
        is latest. The day is recorded only if it is given or if an event is in the future;
        else the same input gives the same result on any later day.

    Raises
    ------
    ValueError, TypeError
        A resolution that H3 does not have, `snap_km` outside [0, 500].
    """

    resolution: int | None = None
    hotspot_resolution: int | None = None
    study_area: Any = "regions"
    value: str | None = None
    snap_km: float = 5.0
    border_kind: str = "land"
    check: bool = True
    now: Any = None

    def __post_init__(self) -> None:
        for resolution in (self.resolution, self.hotspot_resolution):
            if resolution is not None:
                check_resolution(resolution)
        check_scalar(self.snap_km, "snap_km", low=0.0, high=500.0)


def locate_events(
    events: EventColumns,
    layer: RegionLayer,
    asked: AssessOptions,
    n_jobs: int,
    step: Callable[[str], None],
) -> tuple[EventColumns, Borders]:
    """Events with region, cell and border distance, and the borders used."""
    from geo_risk.borders import load_borders
    from geo_risk.frames.enrich.steps import geocode_columns, index_columns, proximity_columns

    step("Locating")
    events = geocode_columns(events, layer, snap_km=asked.snap_km, n_jobs=n_jobs)
    step("Indexing")
    if asked.resolution is None:
        events = index_columns(events, resolution=RESOLUTION, coarse="parent")
    else:
        events = index_columns(events, resolution=asked.resolution)
    step("Measuring")
    borders = load_borders(layer)
    return proximity_columns(events, borders, kind=asked.border_kind, n_jobs=n_jobs), borders


def score_cells(
    events: EventColumns,
    layer: RegionLayer,
    asked: AssessOptions,
    scoring: Mapping[str, Any],
) -> tuple[geopandas.GeoDataFrame | None, int | None]:
    """Scored cells and their resolution; None if no event lies in any region."""
    from geo_risk.frames.score import score_hotspots

    if not (events.known("h3_cell") & events.known("region_code")).any():
        return None, None
    wanted = {"study_area": asked.study_area, "value": asked.value, "layer": layer, **scoring}
    resolution = asked.hotspot_resolution
    if resolution is None and scoring.get("by") != "regions":
        finest = RESOLUTION if asked.resolution is None else asked.resolution
        resolution = _affordable(events, finest, wanted)
    return score_hotspots(events, resolution=resolution, **wanted), resolution


def _affordable(events: EventColumns, resolution: int, wanted: Mapping[str, Any]) -> int:
    """Finest resolution up to the one given at which there are not too many cells."""
    from geo_risk.frames.score.score import study_resolution

    asked = ("study_area", "layer", "coarse", "places")
    area = {name: wanted[name] for name in asked if name in wanted}
    return min(resolution, study_resolution(events, max_cells=_AUTO_CELLS, **area))
