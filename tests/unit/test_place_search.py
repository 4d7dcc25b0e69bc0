"""Where the search of names keeps what it builds, what it costs, and the frames it returns."""

from __future__ import annotations

import pickle
import subprocess
import sys

import geopandas
import numpy as np
import pandas as pd
import pytest
import shapely
from growth import assert_grows

from geo_risk.places import _similar, find_places, geoparse, load_gazetteer, locate_names
from geo_risk.places._columns import point_frame
from geo_risk.places._scopes import Scope

TEXTS = ["talokhaan", "kandahra", "sanfransisko", "mutongo", "北京城市", "xqzvkwj", "yerushalaim"]


@pytest.fixture
def world(tmp_path, monkeypatch):
    """Make an index of all keys as a new process does, with a cache of its own."""
    monkeypatch.setenv("GEO_RISK_CACHE_DIR", str(tmp_path))

    def start():
        _similar._world.cache_clear()
        return _similar._world()

    yield start
    _similar._world.cache_clear()


def found():
    return _similar.similar_keys(TEXTS, 0.75, Scope())


def test_trigrams_are_built_when_that_is_worth_it_and_kept(world, tmp_path):
    first = world()
    without = [sorted(keys) for keys in found()]
    assert first.grams_for(0) is None
    assert not list(tmp_path.glob("*/names-*.bin"))
    assert first.grams_for(_similar._WORTH_BUILDING) is not None
    (kept,) = tmp_path.glob("*/names-*.bin")
    assert [sorted(keys) for keys in found()] == without
    later = world()
    assert later.grams_for(0) is not None
    assert [sorted(keys) for keys in found()] == without
    for name in ("order", "bounds", "signature"):
        np.testing.assert_array_equal(getattr(later.index, name), getattr(first.index, name))
    raw = bytearray(kept.read_bytes())
    raw[len(raw) // 2] ^= 4
    kept.write_bytes(raw)
    assert world().grams_for(0) is None  # damaged
    assert [sorted(keys) for keys in found()] == without


def test_trigrams_without_a_cache_to_write_to(world, tmp_path, monkeypatch):
    blocked = tmp_path / "file"
    blocked.write_text("in the way")
    monkeypatch.setenv("GEO_RISK_CACHE_DIR", str(blocked))
    start = world()
    without = [sorted(keys) for keys in found()]
    assert start.grams_for(_similar._WORTH_BUILDING) is not None
    assert [sorted(keys) for keys in found()] == without


@pytest.mark.parametrize("country", [None, "AFG", "ATA"])
def test_a_column_is_located_as_its_names_one_by_one(country):
    names = ["Taluqan", "Talokhaan", "Kandahra", "Khwaja Ghaar district", "Xqzzatlantis", "Kabul",
             "Sanfransisko", "Paris, Texas", "Pariss, Texas", "東京都", "東京都x"]  # fmt: skip
    column = locate_names(names, countries=country, min_score=0.5)
    for row, name in enumerate(names):
        alone = locate_names([name], countries=country, min_score=0.5)
        for field in column.__dataclass_fields__:
            one, own = getattr(alone, field)[0], getattr(column, field)[row]
            assert one == own or (one != one and own != own), (name, field)


def test_each_distinct_name_is_searched_once():
    names = [f"Talokhaa{letter}" for letter in "abcdefghijklmnop"]
    locate_names(names)
    assert_grows(lambda: locate_names(names), lambda: locate_names(names * 50), at_most=3)


def test_a_country_is_indexed_without_the_world():
    code = (
        "from geo_risk.places import locate_names, _similar\n"
        "print(locate_names(['Talokhaan'], countries='AFG', min_score=0).matched_by[0])\n"
        "print(_similar._world.cache_info().currsize)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["fuzzy", "0"]


def columns(n):
    return {
        "number": np.arange(n),
        "text": [None, "a", "b"][:n],
        "share": np.linspace(0, 1, n),
        "none": [None] * n,
    }


@pytest.mark.parametrize("n", [0, 1, 3])
def test_point_frames_are_those_of_geopandas(n):
    lon, lat = np.array([np.nan, 1.0, -180.0])[:n], np.array([np.nan, 2.0, 90.0])[:n]
    frame = point_frame(columns(n), lon, lat)
    points = [None, shapely.Point(1, 2), shapely.Point(-180, 90)][:n]
    series = {
        name: pd.Series(values, dtype=object) if isinstance(values, list) else values
        for name, values in columns(n).items()
    }
    geometry = geopandas.GeoSeries(points, crs="EPSG:4326")
    expected = geopandas.GeoDataFrame(pd.DataFrame(series), geometry=geometry)
    for one in (frame, pickle.loads(pickle.dumps(frame)), frame.copy()):
        assert type(one) is geopandas.GeoDataFrame
        pd.testing.assert_frame_equal(one, expected)
        assert one.geometry.name == "geometry"
        assert one.crs == "EPSG:4326"
    assert type(frame[["number", "geometry"]]) is geopandas.GeoDataFrame
    assert type(frame[["number"]]) is pd.DataFrame
    assert frame.to_crs(3857).crs.to_epsg() == 3857
    frame["more"] = 1
    assert frame.set_geometry(frame.geometry).columns.tolist()[-1] == "more"


def test_frames_of_results_do_not_share_memory():
    for make in (lambda: find_places("Paris"), lambda: geoparse("In Paris and Kabul.")):
        first, second = make(), make()
        first.loc[:, "name"] = "changed"
        first.loc[:, "geonames_id"] = 0
        first.loc[:, "geometry"] = shapely.Point(0, 0)
        assert (make()["geonames_id"] == second["geonames_id"]).all()
        assert make().geometry.tolist() == second.geometry.tolist()
        assert make()["name"].tolist() == second["name"].tolist()
    assert load_gazetteer().geonames_id.min() > 0
