"""Whole results on the demonstration and on real files are those that were recorded."""

from __future__ import annotations

import json

import digests
import numpy as np
import pandas as pd
import pytest
from paths import shared

import geo_risk as gr
from geo_risk.demo import run_demo

KNOWN = json.loads(digests.FILE.read_text(encoding="utf-8"))


def test_the_demonstration_finds_what_it_found(tmp_path) -> None:
    demo = run_demo(tmp_path)
    for name, found in (
        ("demo reports", demo.reports),
        ("demo earthquakes", demo.earthquakes),
    ):
        assert digests.differences(digests.digests_of(found), KNOWN[name]) == []


@pytest.mark.parametrize("name", digests.FILES)
def test_files_give_what_they_gave(name: str) -> None:
    shared(f"data/events/{digests.FILES[name]}")
    found = digests.digests_of(digests.assess_file(name))
    assert digests.differences(found, KNOWN[name]) == []


def test_a_digest_tells_a_changed_value_a_lost_row_and_a_new_column() -> None:
    events = gr.read_events([{"lon": 69.5, "lat": 36.7, "location_name": "Taloqan"}] * 3)
    known = {"events": {name: digests.column_digest(events[name]) for name in events.columns}}
    assert digests.differences(known, known) == []
    for changed in (
        events.assign(location_name=["Taloqan", "Taloqan", None]),
        events.assign(fatalities_best=[np.nan, 1.0, np.nan]),
        events.set_geometry(events.geometry.translate(1e-5)),
    ):
        after = {name: digests.column_digest(changed[name]) for name in changed.columns}
        assert len(digests.differences({"events": after}, known)) == 1
    assert digests.differences({"events": known["events"] | {"new": ""}}, known) == ["events.new"]
    assert digests.column_digest(pd.Series([1.0, 2.0])) == digests.column_digest(
        pd.Series([1.0, 2.0 + 1e-12])
    )
