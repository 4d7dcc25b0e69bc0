"""Columns of bytes that are no UTF-8: WKB from databases, identifiers, blobs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import geopandas
import pandas as pd
import pytest
import shapely

import geo_risk as gr
from geo_risk._core.distinct import text_of
from geo_risk.frames.tables import FORMATS, read_saved, write_table

BLOB = b"\xff\x00\x01"
WKB = shapely.to_wkb(shapely.Point(69.53, 36.74))
TABLE = {"date": ["2020-01-01", "2020-01-02"], "lon": [69.53, 69.6], "lat": [36.74, 36.8]}
COLUMNS: dict[str, dict[str, Any]] = {
    "WKB": {"geometry": [WKB, WKB], "other": [BLOB, WKB]},
    "identifiers": {"id": [BLOB, b"\xfe"], **TABLE},
    "blobs": {"x": [BLOB, None], **TABLE},
    "bytearrays": {"x": [bytearray(BLOB), memoryview(BLOB)], **TABLE},
    "bytes and text": {"x": [BLOB, "text"], **TABLE},
    "bytes and numbers": {"x": [BLOB, 7], **TABLE},
    "every role": {name: [BLOB, b"ok"] for name in (
        "id", "date", "lon", "lat", "location", "country", "fatalities", "type", "actor1", "flags",
        "location_precision",
    )},
}  # fmt: skip


@pytest.mark.parametrize("what", COLUMNS)
def test_every_verb_takes_bytes(what: str) -> None:
    events = gr.read_events(pd.DataFrame(COLUMNS[what]))
    checked = gr.check_events(gr.border_proximity(gr.index_h3(gr.geocode(events))))
    assert len(checked) == 2
    if what != "every role":
        assert gr.assess(events).events["region_code"].notna().all()


@pytest.mark.parametrize("ending", FORMATS)
@pytest.mark.parametrize("what", COLUMNS)
def test_every_format_holds_bytes(tmp_path: Path, what: str, ending: str) -> None:
    events = gr.read_events(pd.DataFrame(COLUMNS[what]))
    path = write_table(events, tmp_path / f"t{ending}")
    if what == "blobs":
        reading = {".csv": pd.read_csv, ".parquet": read_saved, ".arrow": pd.read_feather}
        found = reading.get(ending, geopandas.read_file)(path)["x"]
        assert found[0] == (BLOB if ending in (".parquet", ".arrow") else "ff0001")
        assert pd.isna(found[1])


def test_saved_bytes_are_loaded_as_bytes(tmp_path: Path) -> None:
    found = gr.assess(pd.DataFrame(COLUMNS["blobs"]))
    found.save(tmp_path)
    assert gr.Assessment.load(tmp_path).events["x"].tolist() == [BLOB, None]


@pytest.mark.parametrize(
    ("value", "text"),
    [(b"Kabul", "Kabul"), ("Köln".encode(), "Köln"), (BLOB, "ff0001"), (b"a\x00", "6100"),
     (bytearray(b"x"), "x"), (memoryview(BLOB), "ff0001"), (7.5, "7.5"), (None, "None")],
)  # fmt: skip
def test_bytes_as_text(value: Any, text: str) -> None:
    assert text_of(value) == text
