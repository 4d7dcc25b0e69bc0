"""Layers are columns and a geometry: views, unions and days share one, or are made of another."""

from __future__ import annotations

import copy
import pickle

import numpy as np
import pytest
import shapely
from dated_cases import sudans
from layer_cases import layer_of, make_layer

import geo_risk as gr
from geo_risk.regions import RegionLayer
from geo_risk.regions.dissolve import dissolve
from geo_risk.regions.topology import build_topology

LON = np.linspace(-0.5, 3.5, 41)


@pytest.fixture
def three():
    """Two regions of one country and one of another, side by side."""
    return layer_of([shapely.box(k, 0, k + 1, 1) for k in range(3)], ["AAA", "AAA", "BBB"])


def test_a_layer_has_no_kinds():
    assert RegionLayer.__subclasses__() == []


def test_views_share_one_geometry():
    world, view = gr.load_regions(), gr.load_regions(worldview="claims:UKR")
    assert view.geometry is world.geometry
    for name in ("coverage", "topology", "locator", "adjacent_rows", "fingerprint"):
        assert getattr(view, name) is getattr(world, name)
    assert view.columns["country_code"] != world.columns["country_code"]


def test_a_geometry_may_be_given_to_another_layer(three):
    other = RegionLayer(three.geometry, three.columns, name="other", level=2)
    assert other.topology is three.topology
    assert (other.locate(lon=LON, lat=0.5) == three.locate(lon=LON, lat=0.5)).all()
    two = {name: values[:2] for name, values in three.columns.items()}
    with pytest.raises(ValueError, match="3 geometries for 2 regions"):
        RegionLayer(three.geometry, two, name="two")
    with pytest.raises(ValueError, match="Invalid fingerprint: 'abc'; a Geometry has its own"):
        RegionLayer(three.geometry, three.columns, name="other", fingerprint="abc")


def test_nothing_is_computed_before_it_is_asked_for(three):
    asked = []

    def coverage():
        asked.append(1)
        return three.coverage

    lazy = RegionLayer(coverage, three.columns, name="lazy")
    countries = dissolve(lazy)
    assert not asked
    assert countries.locate(lon=LON, lat=0.5).tolist() == [
        -1 if row < 0 else int(row == 2) for row in three.locate(lon=LON, lat=0.5)
    ]
    assert countries.neighbors("AAA") == ["BBB"]
    assert "coverage" not in vars(countries.geometry)  # no union was needed
    assert len(asked) == 1
    lazy.locate(lon=LON, lat=0.5)
    assert lazy.coverage is three.coverage
    assert len(asked) == 1


def test_polygons_that_come_late_are_checked(three):
    two = {name: values[:2] for name, values in three.columns.items()}
    late = RegionLayer(lambda: three.coverage, two, name="late")
    with pytest.raises(ValueError, match="3 geometries for 2 regions"):
        late.locate(lon=0.5, lat=0.5)


@pytest.mark.parametrize(
    "twin_of", [copy.deepcopy, lambda layer: pickle.loads(pickle.dumps(layer))]
)
def test_copies_of_every_composition_answer_alike(three, twin_of):
    for layer in (three, dissolve(three), sudans().at("2015")):
        for derive in ("topology", "locator", "table", "country_labels", "adjacent_lengths_m"):
            getattr(layer, derive)
        layer.derived["key"] = "of this layer only"
        twin = twin_of(layer)
        assert set(vars(twin.geometry)) == {"source", "n_regions", "fingerprint"}
        assert twin.derived == {}
        assert not {"table", "country_labels"} & set(vars(twin))
        assert twin.geometry is not layer.geometry
        assert twin.columns == layer.columns
        for lon in (LON, LON + 69):
            for lat in (0.5, 36.5):
                here, there = layer.locate(lon=lon, lat=lat), twin.locate(lon=lon, lat=lat)
                assert (here == there).all()
        assert (twin.adjacent_rows == layer.adjacent_rows).all()
        assert twin.table.geometry.geom_equals(layer.table.geometry).all()


def test_a_copied_union_is_its_parts(three):
    countries = dissolve(three)
    twin = pickle.loads(pickle.dumps(countries))
    assert "coverage" not in vars(countries.geometry)  # the unions were not made for it
    assert shapely.area(twin.table.geometry.to_numpy()).tolist() == [2.0, 1.0]


def test_joined_edges_are_those_of_the_unions(three):
    joined, drawn = dissolve(three).topology, build_topology(dissolve(three).coverage)
    for name in ("ax", "ay", "bx", "by", "left", "right"):
        assert sorted(getattr(joined, name)) == sorted(getattr(drawn, name))


def test_rows_that_are_taken_keep_their_polygons():
    layer = make_layer([shapely.box(k, 0, k + 1, 1) for k in range(4)])
    taken = layer.geometry.take(np.array([2, 0]))
    assert taken.n_regions == 2
    assert taken.locator.locate(lon=[0.5, 1.5, 2.5], lat=0.5).tolist() == [1, -1, 0]
