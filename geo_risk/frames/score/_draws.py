"""Score random draws of uncertain locations, to see how much a score depends on them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from geo_risk._core.types import FloatArray
from geo_risk.frames.score._data import COUNT, Events, Tally
from geo_risk.frames.score._methods import QUIET, Question, Scored
from geo_risk.frames.uncertain.location_draws import LocationDraws, seeds_of

__all__ = ["score_draws"]


def score_draws(
    score: Callable[[Tally, Question], Scored],
    ask: Question,
    measure: str | None,
    events: Events,
    places: LocationDraws,
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Score every draw of the locations; `measure` is the column to use for methods without a test.

    Returns
    -------
    columns : dict
        `n_events_mean`; if the method tests, `stability`, the share of draws in which the unit
        is significant, and `stable_label`, its most frequent label in these draws; else mean and
        standard deviation of the measure.
    report : dict
    """
    units = ask.units
    total, inside = np.zeros(len(units)), 0
    labels: list[NDArray[np.object_]] = []
    measures: list[FloatArray] = []
    for lon, lat, child in zip(places.lon, places.lat, seeds_of(ask.seed, len(places))):
        position = units.assign(lon, lat, ask.n_jobs)
        total += np.bincount(position[position >= 0], minlength=len(units))
        inside += int((position >= 0).sum())
        tally = events.tally(units, position, lon, lat)
        seen = tally.values if ask.method != "kde" else tally.amount  # also from outside
        if seen is None or not seen.any():
            labels.append(np.full(len(units), QUIET[0], dtype=object))
            measures.append(np.zeros(len(units)))
            continue  # nothing lies in the study area in this draw
        # a separate stream: the child's first stream is used for the locations
        scored = score(tally, replace(ask, seed=np.random.default_rng(child.spawn(1)[0])))
        if measure:
            measures.append(np.asarray(scored.columns[measure]))
        else:
            labels.append(np.asarray(scored.labels))
    columns: dict[str, Any] = {f"{COUNT}_mean": total / len(places)}
    if measure:
        columns[f"{measure}_mean"] = np.mean(measures, axis=0)
        columns[f"{measure}_sd"] = np.std(measures, axis=0)
    else:
        columns |= _stability(labels)
    report = {
        "draws": len(places),
        "events_drawn": int((~places.missing).sum()),
        "events_in_study_area_mean": inside / len(places),
    }
    return columns, report


def _stability(labels: list[NDArray[np.object_]]) -> dict[str, Any]:
    """Share of draws with a finding, and the most frequent label among these."""
    table = np.array(labels, dtype=str)
    claims = ~np.isin(table, QUIET)
    most = np.zeros(table.shape[1], dtype=np.int64)
    label = np.full(table.shape[1], QUIET[0], dtype=object)
    for name in np.unique(table[claims]):  # ties: the first in alphabetical order
        count = (table == name).sum(axis=0)
        label[count > most] = str(name)
        most = np.maximum(most, count)
    return {"stability": claims.mean(axis=0), "stable_label": label}
