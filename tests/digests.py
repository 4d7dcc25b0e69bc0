"""Digests of what `assess` and the demonstration find, column by column.

    python tests/digests.py            # compare with tests/digests.json
    python tests/digests.py --update   # write it; the commit says why values changed

A digest covers the values of one column as text: numbers to six significant digits (so that the
last bits of another machine's mathematics do not count), points to six decimals of a degree.
"""

from __future__ import annotations

import hashlib
import json
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import shapely
from geopandas.array import GeometryDtype
from paths import SHARED

import geo_risk as gr
from geo_risk.demo import run_demo

TESTS = Path(__file__).resolve().parent
FILE = TESTS / "digests.json"
EVENTS = SHARED / "data" / "events"
FILES = {
    "ucdp": "ucdp_ged_v23_1_sample1000_global.csv",
    "gdelt": "gdelt2_20191024143000.export.CSV",
    "usgs": "usgs_m5.5plus_1965_2016.csv",
}
NOW = "2026-11-01"  # a later day flags no event as lying in the future
TABLES = ("events", "cells", "regions", "borders")


def column_digest(values: Any) -> str:
    """First sixteen hex digits of the sha256 of a column's values."""
    if isinstance(values.dtype, GeometryDtype):
        places = np.round(shapely.get_coordinates(values.to_numpy()), 6) + 0.0
        content = places.tobytes() + shapely.is_missing(values.to_numpy()).tobytes()
    elif pd.api.types.is_float_dtype(values.dtype):
        content = "\n".join(f"{v:.6g}" for v in values.to_numpy(float, na_value=np.nan)).encode()
    else:
        missing = values.isna()
        texts = ("" if absent else f"={value}" for value, absent in zip(values, missing))
        content = "\n".join(texts).encode()
    return hashlib.sha256(content).hexdigest()[:16]


def digests_of(found: gr.Assessment) -> dict[str, dict[str, str]]:
    """Table → column → digest; `rows` counts."""
    told = {}
    for name in TABLES:
        table = getattr(found, name)
        if table is not None:
            told[name] = {"rows": str(len(table))} | {
                str(column): column_digest(table[column]) for column in table.columns
            }
    return told


def measured() -> Iterator[tuple[str, dict[str, dict[str, str]]]]:
    """Name and digests of the demonstration's two assessments, and of the files at hand."""
    with tempfile.TemporaryDirectory() as folder:
        demo = run_demo(folder)
    yield "demo reports", digests_of(demo.reports)
    yield "demo earthquakes", digests_of(demo.earthquakes)
    for name, file in FILES.items():
        if (EVENTS / file).is_file():
            yield name, digests_of(assess_file(name))


def assess_file(name: str) -> gr.Assessment:
    """One event file through the whole pipeline, with its defaults."""
    return gr.assess(EVENTS / FILES[name], now=NOW)


def differences(found: dict[str, dict[str, str]], known: dict[str, dict[str, str]]) -> list[str]:
    """Columns that are new, gone or of other values, as table.column."""
    before = {(t, c): d for t, columns in known.items() for c, d in columns.items()}
    after = {(t, c): d for t, columns in found.items() for c, d in columns.items()}
    keys = sorted(before.keys() | after.keys())
    return [f"{t}.{c}" for t, c in keys if before.get((t, c)) != after.get((t, c))]


def main() -> int:
    """Compare or update; 1 where something differs."""
    found = dict(measured())
    known = json.loads(FILE.read_text(encoding="utf-8")) if FILE.exists() else {}
    changed = {name: differences(told, known.get(name, {})) for name, told in found.items()}
    for name, columns in changed.items():
        print(f"{name}: {', '.join(columns) or 'as before'}")
    if "--update" in sys.argv[1:]:
        text = json.dumps(known | found, indent=1, sort_keys=True)
        FILE.write_text(text + "\n", encoding="utf-8")
        return 0
    return int(any(changed.values()))


if __name__ == "__main__":
    sys.exit(main())
