"""Layers whose regions hold by date, and what is asked of them by hand."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import geopandas
import numpy as np
import pandas as pd
import shapely
from pandas.testing import assert_frame_equal

from geo_risk.regions import DatedLayer
from geo_risk.regions.coverage import from_geometries

__all__ = ["assert_by_hand", "box_layer", "by_hand", "days_apart", "sudans"]

START = np.datetime64("2000-01-01")


def days_apart(values: Sequence[int | None]) -> Any:
    """Days after the first of January 2000, NaT for None."""
    after = [np.timedelta64("NaT" if v is None else v, "D") for v in values]
    return START + np.array(after, dtype="timedelta64[D]")


def box_layer(
    boxes: Sequence[tuple[float, float, float, float]],
    countries: Sequence[str],
    spans: Sequence[tuple[Any, Any]],
    names: Sequence[str] | None = None,
) -> DatedLayer:
    """A dated layer of boxes; regions are R0, R1, …"""
    codes = [f"R{k}" for k in range(len(boxes))]
    columns = {
        "region_code": codes, "region_name": list(names or codes),
        "country_code": list(countries), "country_name": list(countries),
        "unit_code": list(countries),
    }  # fmt: skip
    first, last = ([span[k] for span in spans] for k in (0, 1))
    if all(isinstance(day, int | None) for day in [*first, *last]):
        first, last = days_apart(first), days_apart(last)
    return DatedLayer(
        from_geometries([shapely.box(*box) for box in boxes]), columns, name="boxes",
        valid_from=first, valid_to=last,
    )  # fmt: skip


def sudans() -> DatedLayer:
    """One country until 8 July 2011, two of its halves since, another beside them always."""
    return box_layer(
        [(69, 36, 71, 37), (69, 36, 70, 37), (70, 36, 71, 37), (71, 36, 72, 37)],
        ["SDN", "SDN", "SSD", "TCD"],
        [("1956-01-01", "2011-07-08"), ("2011-07-09", None), ("2011-07-09", "2019-12-31"),
         ("1950-01-01", "2019-12-31")],
        ["Nile", "Khartoum", "Nile", "Lac"],
    )  # fmt: skip


def by_hand(
    events: geopandas.GeoDataFrame, layer: DatedLayer, ask: Callable[[Any, Any], Any]
) -> dict[int, Any]:
    """Answers of `layer.at(day)` to the events of each day, by position; none without a day."""
    days = pd.to_datetime(events["date_start"]).to_numpy().astype("datetime64[D]")
    answers: dict[int, Any] = {}
    for day in np.unique(days[~np.isnat(days)]):
        chosen = np.flatnonzero(days == day)
        answer = ask(events.iloc[chosen], layer.at(day))
        answers |= {row: answer.iloc[k] for k, row in enumerate(chosen.tolist())}
    return answers


def assert_by_hand(found: Any, answers: dict[int, Any], columns: Sequence[str]) -> None:
    """Every answer that was put together by hand stands in the row of its event."""
    rows = sorted(answers)
    expected = pd.DataFrame(
        [[answers[row].get(column) for column in columns] for row in rows],
        columns=list(columns), dtype=object,
    )  # fmt: skip
    actual = pd.DataFrame(found)[list(columns)].iloc[rows].reset_index(drop=True).astype(object)
    assert_frame_equal(actual, expected, check_exact=True)
