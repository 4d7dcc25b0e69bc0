"""The demo's input data: whole, registered, and true to its source."""

from __future__ import annotations

import csv
import hashlib
import importlib.util
import io
import json
import sys
import tarfile
from collections import Counter
from datetime import date, datetime
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from paths import ROOT, shared

from geo_risk._core.products import product_bytes, product_entry

BUILDER = ROOT / "boundaries" / "build_demo.py"
NAMES = ("demo_earthquakes.csv", "demo_fighters.csv", "demo_reports.csv")


def rows(name: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(product_bytes(name).decode("utf-8"), newline="")))


@pytest.fixture
def builder(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    if not BUILDER.is_file():
        pytest.skip("no build programs beside the tests")
    monkeypatch.syspath_prepend(str(BUILDER.parent))
    spec = importlib.util.spec_from_file_location("build_demo", BUILDER)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, "build_demo", module)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("name", NAMES)
def test_registered_with_its_facts(name: str) -> None:
    entry = product_entry(name)
    for fact in ("title", "version", "licence", "citation", "source", "nominal_accuracy"):
        assert entry[fact].strip()
    assert entry["rows"] == len(rows(name))
    assert entry["bytes"] == len(product_bytes(name))


def test_reports_state_the_facts_and_no_coordinates() -> None:
    raid, fire, road = rows("demo_reports.csv")
    assert not {"lon", "lat", "longitude", "latitude"} & set(raid)
    assert (raid["fatalities_best"], raid["captured"]) == ("8", "3")
    assert (raid["location_name"], fire["location_name"]) == ("Taloqan", "Khwaja Ghar")
    assert fire["fatalities_best"] == "0"
    assert "rockets" in fire["report"]
    assert "stray bullets" in fire["report"]
    assert road["location_precision"] == "line"
    assert road["fatalities_best"] == ""  # none stated, and the raid's are not counted twice
    assert {row["country"] for row in (raid, fire, road)} == {"Afghanistan"}


def test_reports_carry_the_unstated_month() -> None:
    raid, fire, road = rows("demo_reports.csv")
    for row in (raid, fire, road):
        assert row["date_precision"] == "year"
        days = date.fromisoformat(row["date_end"]) - date.fromisoformat(row["date_start"])
        assert days.days == 364
    # The raid fell on a Saturday, so its span opens and closes on one; the fire one month before.
    assert {date.fromisoformat(raid[key]).weekday() for key in ("date_start", "date_end")} == {5}
    assert (fire["date_start"], fire["date_end"]) == ("2021-12-01", "2022-11-30")


def test_fighters_state_one_total_not_one_per_region() -> None:
    table = rows("demo_fighters.csv")
    presence = {row["region_name"]: row["presence"] for row in table}
    assert [n for n, p in presence.items() if p == "concentration"] == [
        "Kunar",
        "Nangarhar",
        "Nuristan",
    ]
    assert {n for n, p in presence.items() if p == "smaller cells"} == {
        "Badakhshan",
        "Takhar",
        "Jowzjan",
        "Kunduz",
        "Faryab",
    }
    assert [row["region_name"] for row in table if row["certainty"] == "perhaps"] == ["Nuristan"]
    total = {(row["fighters_low_all_regions"], row["fighters_high_all_regions"]) for row in table}
    assert total == {("1500", "4000")}


def test_earthquakes_are_complete_and_in_range() -> None:
    table = rows("demo_earthquakes.csv")
    assert len(table) == 1707
    assert len({row["event_id"] for row in table}) == 1707
    for row in table:
        assert -180 <= float(row["lon"]) <= 180
        assert -90 <= float(row["lat"]) <= 90
        assert datetime.fromisoformat(row["time"]).tzinfo is not None
        assert row["place"]
    kinds = Counter(row["category"] for row in table)
    assert kinds == {"earthquake": 1679, "explosion": 15, "quarry blast": 13}


def test_earthquakes_agree_with_another_copy_of_the_feed() -> None:
    path = shared("data/events/usgs_all_week_2018-01-31_02-07.csv")
    with path.open(encoding="utf-8", newline="") as file:
        expected = {row["id"]: row for row in csv.DictReader(file)}
    ours = {row["event_id"]: row for row in rows("demo_earthquakes.csv")}
    assert ours.keys() == expected.keys()
    for key, row in ours.items():
        other = expected[key]
        assert float(row["lon"]) == float(other["longitude"])
        assert float(row["lat"]) == float(other["latitude"])
        assert float(row["depth_km"]) == float(other["depth"])
        assert float(row["magnitude"]) == float(other["mag"])
        assert row["place"] == other["place"]
        moment = datetime.fromisoformat(other["time_utc"] + "+00:00")
        assert datetime.fromisoformat(row["time"]) == moment


def feature(key: str, **changes: Any) -> dict[str, Any]:
    facts = {"mag": 1.50, "place": 'a "quoted", place', "time": 1_517_966_773_004, "type": "x"}
    point = {"type": "Point", "coordinates": [-179.6445, 82.10, -2.790]}
    return {"id": key, "properties": facts | changes, "geometry": point}


def test_builder_keeps_digits_and_is_deterministic(
    builder: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    content = json.dumps({"features": [feature("a"), feature("b", mag=-1)]}).encode()
    path = tmp_path / "earthquakes.json"
    path.write_bytes(content)
    monkeypatch.setattr(builder, "SHA256", hashlib.sha256(content).hexdigest())
    archive = tmp_path / "package.tgz"
    with tarfile.open(archive, "w:gz") as tar:
        tar.add(path, arcname=builder.MEMBER)
    built = [
        builder.to_csv(builder.earthquake_rows(builder.read_source(p)), builder.EARTHQUAKE_COLUMNS)
        for p in (path, archive)
    ]
    assert built[0] == built[1]
    assert built[0].decode().splitlines()[1:] == [
        'a,2018-02-07T01:26:13.004Z,-179.6445,82.1,-2.79,1.5,x,"a ""quoted"", place"',
        'b,2018-02-07T01:26:13.004Z,-179.6445,82.1,-2.79,-1,x,"a ""quoted"", place"',
    ]


def test_builder_refuses_another_version(builder: ModuleType, tmp_path: Path) -> None:
    path = tmp_path / "earthquakes.json"
    path.write_text('{"features": []}', encoding="utf-8")
    with pytest.raises(SystemExit, match=r"sha256 \w+, expected a42702a8"):
        builder.read_source(path)


def test_builder_refuses_other_columns(
    builder: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(builder, "PRODUCTS", tmp_path)
    (tmp_path / "t.csv").write_text("a,b\n1,2\n3\n", encoding="utf-8")
    with pytest.raises(SystemExit, match="expected \\['a'\\]"):
        builder.read_table("t.csv", ("a",))
    with pytest.raises(SystemExit, match="line 3 has not 2 fields"):
        builder.read_table("t.csv", ("a", "b"))
