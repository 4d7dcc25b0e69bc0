"""Layers, borders and results travel between processes: multiprocessing, joblib, Dask."""

from __future__ import annotations

import copy
import multiprocessing
import pickle
import subprocess
import sys

import geopandas
import numpy as np
import pytest
import shapely

import geo_risk as gr

LON, LAT = np.array([69.53, 35.0, 178.0, -30.0]), np.array([36.74, 45.2, -17.8, 30.0])


def one_country_layer():
    west, east = shapely.box(68, 36, 69, 37), shapely.box(69, 36, 70, 37)
    frame = geopandas.GeoDataFrame({"pcode": ["A1", "A2"]}, geometry=[west, east], crs=4326)
    return gr.load_regions(frame, level=2, code="pcode")


@pytest.mark.parametrize("worldview", ["de_facto", "claims:UKR"])
@pytest.mark.parametrize("level", [0, 1])
def test_the_bundled_layer_is_pickled_as_its_name(level, worldview):
    layer = gr.load_regions(level=level, worldview=worldview)
    content = pickle.dumps(layer)
    assert len(content) < 500
    assert pickle.loads(content) is layer


def test_a_layer_of_ones_own_is_pickled_with_its_polygons():
    layer = one_country_layer()
    want = layer.locate(lon=LON, lat=LAT)
    assert want.tolist() == [1, -1, -1, -1]
    layer.neighbors("A1")  # derived things are there, and stay behind
    twin = pickle.loads(pickle.dumps(layer))
    assert twin is not layer
    assert twin.columns == layer.columns
    assert twin.neighbors("A1") == ["A2"]
    assert twin.locate(lon=LON, lat=LAT).tolist() == want.tolist()
    assert twin.table.geometry.geom_equals(layer.table.geometry).all()


def test_a_deep_copy_is_the_callers_own():
    layer = gr.load_regions()
    twin = copy.deepcopy(layer)
    code = twin.columns["region_code"][0]
    twin.columns["region_code"][0] = "changed"
    assert layer.columns["region_code"][0] == code
    assert pickle.loads(pickle.dumps(twin)).columns["region_code"][0] == "changed"
    assert (twin.locate(lon=LON, lat=LAT) == layer.locate(lon=LON, lat=LAT)).all()


def test_borders_find_their_layer_again():
    borders = gr.load_borders()
    assert pickle.loads(pickle.dumps(borders)) is borders
    other = gr.load_borders(one_country_layer())
    twin = pickle.loads(pickle.dumps(other))
    assert twin.countries == other.countries
    for kind in ("land", "any", "outline", "line"):
        here, there = (b.nearest(lon=69.5, lat=36.6, kind=kind) for b in (other, twin))
        assert np.array_equal(here.distance_m, there.distance_m, equal_nan=True)
        assert here.other_country_code == there.other_country_code


def answers(task):
    layer, borders, lon, lat = task
    return layer.locate(lon=lon, lat=lat), borders.nearest(lon=lon, lat=lat).distance_m


@pytest.mark.parametrize("start", ["spawn"])
def test_a_pool_of_processes_gives_the_same_answers(start):
    layer, borders = gr.load_regions(), gr.load_borders()
    task = (layer, borders, LON, LAT)
    with multiprocessing.get_context(start).Pool(2) as pool:
        found = pool.map(answers, [task, task])
    rows, distances = answers(task)
    for there_rows, there_distances in found:
        assert (there_rows == rows).all()
        assert np.array_equal(there_distances, distances, equal_nan=True)


def test_results_are_pickled():
    near = gr.load_borders().nearest(lon=LON, lat=LAT)
    twin = pickle.loads(pickle.dumps(near))
    assert np.array_equal(twin.distance_m, near.distance_m, equal_nan=True)
    events = gr.read_events([{"lon": 69.5, "lat": 36.7, "date": "2022-01-01"}] * 3)
    found = gr.assess(events, resolution=5)
    twin = pickle.loads(pickle.dumps(found))
    assert twin.events.equals(found.events)
    assert twin.provenance == found.provenance


def test_threads_that_load_at_once_get_one_layer():
    code = (
        "from concurrent.futures import ThreadPoolExecutor\n"
        "import geo_risk as gr\n"
        "gr.load_regions  # imported before the race\n"
        "with ThreadPoolExecutor(8) as pool:\n"
        "    layers = list(pool.map(lambda _: gr.load_regions(), range(8)))\n"
        "print(len({id(layer) for layer in layers}))\n"
    )
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert result.stdout.split() == ["1"]
