"""Convert a frame to a study: its units, their values, and the rows of the result."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from geo_risk._core.frames import check_frame, report_of
from geo_risk._core.types import IntArray
from geo_risk.frames.columns import EventColumns
from geo_risk.frames.score._data import COUNT, Events, Tally, numbers_of, tally_of_rows
from geo_risk.frames.score._options import StudyOptions
from geo_risk.frames.score._study import units_around, units_of_rows, unplaced
from geo_risk.frames.score._time import Periods
from geo_risk.frames.score._units import CellUnits, Units

if TYPE_CHECKING:
    import geopandas

__all__ = ["Study", "study_of_events", "study_of_rows"]


@dataclass(frozen=True, eq=False)
class Study:
    """Units and values to score.

    Attributes
    ----------
    frame : GeoDataFrame
        One row per unit, to which the scores are added.
    units : Units
    tally : Tally
    events : Events or None
        The events that were counted; None for cells and regions.
    rows : DataFrame or None
        The caller's cells or regions, for further columns; None for events.
    unit : ndarray of int64 or None
        Unit of each of those rows.
    periods : Periods or None
        Period of each row or event.
    report : dict
        Numbers of events that were counted and that were not.
    """

    frame: geopandas.GeoDataFrame
    units: Units
    tally: Tally
    events: Events | None
    rows: Any
    unit: IntArray | None
    periods: Periods | None
    report: dict[str, Any]


def study_of_events(
    frame: Any, value: str | None, asked: StudyOptions, *, spread: bool, n_jobs: int
) -> Study:
    """Count events in every unit of a study area; with `spread` all events set the area."""
    import geopandas

    events = EventColumns.of(frame)
    lon, lat = events.lonlat
    no_point = np.isnan(lon)
    skipped = unplaced(events, asked) & ~no_point
    x, y = np.where(skipped, np.nan, lon), np.where(skipped, np.nan, lat)
    units = units_around(events, lon if spread else x, lat if spread else y, asked)
    periods = _periods(events, asked)
    amount = None if value is None else numbers_of(events, value)
    counted = Events.of(x, y, amount, periods)
    position = units.assign(x, y, n_jobs)
    tally = counted.tally(units, position, x, y)
    inside = position >= 0
    undated = np.zeros(len(events), dtype=np.bool_) if periods is None else periods.missing
    report: dict[str, Any] = {
        "events_counted": int((inside & ~undated).sum()),
        "events_outside_study_area": int((~inside & ~no_point & ~skipped).sum()),
        "events_without_point": int(no_point.sum()),
        "events_too_coarse": int(skipped.sum()),
    }
    if periods is not None:
        report["events_without_time"] = int((inside & undated).sum())
    if amount is not None:
        report["events_without_value"] = int(np.isnan(amount[inside]).sum())
    number = np.bincount(position[inside & ~undated], minlength=len(units)).astype(np.int64)
    columns: dict[str, Any] = {units.column: units.codes, COUNT: number}
    if value is not None:
        columns[value] = tally.values
    result = geopandas.GeoDataFrame(columns, geometry=units.shapes(), crs="EPSG:4326")
    result.attrs["geo_risk"] = events.report | {"added_columns": []}
    report = _size(units) | report | _span(tally)
    return Study(result, units, tally, counted, None, None, periods, report)


def study_of_rows(frame: Any, kind: str, value: str, asked: StudyOptions) -> Study:
    """Use cells or regions as they are; those of several periods become one row each."""
    import geopandas

    units, unit = units_of_rows(frame, kind, asked.layer, asked.k)
    periods = _periods(frame, asked)
    tally, filled = tally_of_rows(frame, units, unit, value, periods)
    report = _size(units) | _span(tally)
    result = frame
    if periods is not None:
        report["bins_without_row"] = filled
        columns = {units.column: units.codes, value: tally.values}
        result = geopandas.GeoDataFrame(columns, geometry=units.shapes(), crs="EPSG:4326")
        result.attrs["geo_risk"] = report_of(frame) | {"added_columns": []}
    elif not isinstance(frame, geopandas.GeoDataFrame):
        result = geopandas.GeoDataFrame(frame, geometry=units.shapes(), crs="EPSG:4326")
    return Study(check_frame(result, "frame"), units, tally, None, frame, unit, periods, report)


def _periods(frame: Any, asked: StudyOptions) -> Periods | None:
    return None if asked.time is None else Periods.of(frame, asked.time, asked.step or "month")


def _size(units: Units) -> dict[str, Any]:
    if isinstance(units, CellUnits):
        from geo_risk.cells import cell_resolutions

        resolution = int(cell_resolutions(units.cells[:1])[0])
        return {"resolution": resolution, "cells": len(units)}
    return {"regions": len(units)}


def _span(tally: Tally) -> dict[str, Any]:
    if tally.labels is None:
        return {}
    return {"periods": len(tally.labels), "first_period": str(tally.labels[0]),
            "last_period": str(tally.labels[-1])}  # fmt: skip
