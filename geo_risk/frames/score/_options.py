"""Options of `score_hotspots` for counting, and checks for options that are not used."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from geo_risk._core.validate import check_choice, check_resolution, refuse_unused
from geo_risk.frames.score._time import STEPS

if TYPE_CHECKING:
    from geo_risk.regions import RegionLayer

__all__ = [
    "StudyOptions",
    "draws_numbers",
    "refuse_of_counting",
    "refuse_of_method",
    "refuse_step",
]

UNITS = ("cells", "regions")
_MEASURES = ("kde", "eb_rates")


@dataclass(frozen=True, eq=False, kw_only=True)
class StudyOptions:
    """Options of `score_hotspots`: the cells or regions, and periods, in which events are counted.

    Parameters
    ----------
    by : {"cells", "regions"}, default "cells"
        Units in which events are counted.
    resolution : int, optional
        H3 resolution of the cells, for events. Default: that of the column `h3_cell`, the finest
        if they are mixed (as in the result of `assess`), else 7. Each event is counted by its
        point, not by that column.
    study_area : "regions", "countries", code(s), geometry or bounds
        For events: "regions" (default for cells) is every region with an event, "countries"
        (default for regions) every country with one; or one or more region or country codes;
        for cells also a shapely geometry, a frame of them or (west, south, east, north). Events
        outside are not scored, but their number is reported.
    k : int, default 1
        Rings of cells, or steps over shared edges, that count as neighbours.
    time : str, optional
        Column of dates or of whole numbers of periods, for "scan" and "emerging"; for events and
        "emerging" the default is `date_start`. Periods without a row count as 0.
    step : {"day", "week", "month", "year"}, default "month"
        Length of a period, for dates.
    layer : RegionLayer, optional
        For regions, a study area of codes, and draws; default: the bundled world layer.
    coarse : {"skip", "keep"}, default "skip"
        Events whose coordinates only stand for a district, province or country are not counted
        in a cell ("skip"), since a pile of them would make the representative point a hotspot. A
        region counts the events known to it or to its districts.
    max_cells : int, default 200,000
        Larger study areas raise an error that states the finest resolution that fits.

    Raises
    ------
    ValueError, TypeError
        A value that is not one of those named, a resolution that H3 does not have.
    """

    by: str | None = None
    resolution: int | None = None
    study_area: Any = None
    k: int = 1
    time: str | None = None
    step: str | None = None
    layer: RegionLayer | None = None
    coarse: str | None = None
    max_cells: int | None = None

    def __post_init__(self) -> None:
        for name, choices in (("by", UNITS), ("step", STEPS), ("coarse", ("skip", "keep"))):
            value = getattr(self, name)
            if value is not None:
                check_choice(value, name, choices)
        if self.resolution is not None:
            check_resolution(self.resolution)


def draws_numbers(method: str, options: Mapping[str, Any]) -> bool:
    """Whether a method with these options simulates, and so takes a seed."""
    from geo_risk.hotspots.options import simulates

    if method == "scan":
        return bool(options.get("replications", True))
    return method not in _MEASURES and simulates(options)


def refuse_of_method(
    method: str, options: Mapping[str, Any], *, alpha: Any, seed: Any, places: bool
) -> None:
    """Raise an error for `alpha` of methods without a test, and for a seed that is not used."""
    if method in _MEASURES:
        refuse_unused({"alpha": alpha}, f"{method!r} does not test")
    if not places and not draws_numbers(method, options):
        refuse_unused({"seed": seed}, f"{method!r} draws nothing, and no places are drawn")


def refuse_of_counting(kind: str, asked: StudyOptions, *, places: bool) -> None:
    """Raise an error for options of counting if no events, or no cells, are counted."""
    of_cells = {"resolution": asked.resolution, "max_cells": asked.max_cells}
    if places and kind != "events":
        raise ValueError(f"Invalid places: the frame contains {kind}; only events have places.")
    if kind != "events":
        why = f"the frame contains {kind}, which are scored as they are"
        other = None if asked.by == kind else asked.by
        of_events = {"by": other, "study_area": asked.study_area, "coarse": asked.coarse}
        refuse_unused(of_events | of_cells, why)
    if asked.by == "regions":
        refuse_unused(of_cells, "events are counted in regions, not in cells")


def refuse_step(step: str | None, dated: bool) -> None:
    """Raise an error for the length of a period if there are no periods or they are numbered."""
    if not dated:
        refuse_unused({"step": step}, "no dates are grouped into periods")
