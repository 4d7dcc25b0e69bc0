"""Every kind of bad input that the job must withstand: a clear error, or a flagged row."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest

import geo_risk as gr
from geo_risk._core import products as _products
from geo_risk.errors import DataCorruptError, DataNotFoundError

GOOD = {"lon": 69.53451, "lat": 36.73605, "country": "Afghanistan", "date": "2022-10-22"}


def rows(*changes: dict[str, Any]) -> gpd.GeoDataFrame:
    """Checked events: a good row, then one per change."""
    events = gr.read_events(pd.DataFrame([GOOD, *({**GOOD, **change} for change in changes)]))
    return gr.check_events(events, now="2026-01-01")


@pytest.mark.parametrize(
    ("change", "flag"),
    [
        ({"lon": 36.73605, "lat": 69.53451}, "swapped_lonlat"),
        ({"lon": 200.0}, "lon_out_of_range"),
        ({"lat": -95.0}, "lat_out_of_range"),
        ({"lon": np.nan}, "no_coordinates"),
        ({"lon": np.inf}, "bad_coordinates"),
        ({"date": "soon"}, "bad_date"),
        ({"date": "2022-02-30"}, "bad_date"),
    ],
    ids=str,
)
def test_a_bad_row_is_flagged_and_kept(change: dict[str, Any], flag: str) -> None:
    events = rows(change)
    assert len(events) == 2
    assert flag not in events["flags"].iloc[0].split(";")
    assert flag in events["flags"].iloc[1].split(";")
    found = gr.assess(events, worldview="de_facto").events
    assert len(found) == 2
    assert found["region_code"].iloc[0] == "AF-TAK"
    assert flag in found["flags"].iloc[1].split(";")


def test_duplicated_identifiers_are_flagged() -> None:
    events = gr.read_events(pd.DataFrame([{**GOOD, "event_id": name} for name in "aab"]))
    assert events["flags"].tolist() == ["duplicate_id", "duplicate_id", ""]


def test_an_empty_table_gives_an_empty_result() -> None:
    found = gr.assess(pd.DataFrame({"lon": [], "lat": [], "date": []}))
    assert len(found.events) == 0
    assert {"region_code", "h3_cell", "border_m"} <= set(found.events.columns)


POINT = gpd.points_from_xy([69.5], [36.7])
METRES = pd.DataFrame({"lon": [500_000.0, 510_000.0], "lat": [4_000_000.0, 4_010_000.0]})


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: gr.read_events(gpd.GeoDataFrame(geometry=POINT)), ValueError, "no CRS"),
        (lambda: gr.geocode(gpd.GeoDataFrame(geometry=POINT)), ValueError, r"no CRS.*set_crs"),
        (lambda: gr.read_events(METRES), ValueError, "look like projected coordinates"),
        (lambda: gr.read_events(pd.DataFrame({"foo": [1]})), ValueError, "neither coordinates"),
        (lambda: gr.read_events(METRES, columns={"category": "no"}), ValueError, "no column 'no'"),
        (lambda: gr.read_events("nowhere.csv"), DataNotFoundError, r"nowhere\.csv"),
        (lambda: gr.load_regions().locate(lon=[200.0], lat=[1.0]), ValueError, "would be -160"),
        (lambda: gr.load_regions().locate(lon=[36.7], lat=[169.5]), ValueError, "swapped"),
        (lambda: gr.h3_cells(lon=[1.0], lat=[1.0], resolution=16), ValueError, "from 0 to 15"),
        (lambda: gr.find_places("  "), ValueError, "an empty string"),
    ],
)  # fmt: skip
def test_what_cannot_be_used_is_refused_in_words(
    call: Callable[[], Any], error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        call()


def test_a_projected_frame_that_says_so_is_read() -> None:
    frame = gpd.GeoDataFrame(geometry=POINT, crs="EPSG:4326").to_crs("EPSG:32642")
    assert gr.geocode(gr.read_events(frame))["region_code"].tolist() == ["AF-TAK"]


@pytest.mark.parametrize("name", ["world_admin1.npz", "gazetteer.npz", "demo_reports.csv"])
@pytest.mark.parametrize("damage", ["one bit", "cut short", "gone"])
def test_a_corrupt_product_is_named(
    name: str, damage: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = _products.product_directory()
    shutil.copy(source / "registry.json", tmp_path)
    content = bytearray((source / name).read_bytes())
    if damage == "one bit":
        content[len(content) // 2] ^= 1
    if damage != "gone":
        (tmp_path / name).write_bytes(content[:-1] if damage == "cut short" else content)
    monkeypatch.setattr(_products, "product_directory", lambda: tmp_path)
    with pytest.raises((DataCorruptError, DataNotFoundError), match=name) as caught:
        _products.product_bytes(name)
    assert "einstall geo-risk" in str(caught.value)
