"""Layers from elsewhere, and countries as the union of regions."""

from __future__ import annotations

import numpy as np
import pytest
import shapely

import geo_risk as gr
from geo_risk.regions.coverage import from_geometries
from geo_risk.regions.dissolve import dissolve
from geo_risk.regions.layer import RegionLayer
from geo_risk.regions.subset import boxes_of, regroup, take_rows
from geo_risk.regions.topology import build_topology


def squares(n: int, *, south: float = 0.0) -> list[shapely.Polygon]:
    return [shapely.box(i, south, i + 1, south + 1) for i in range(n)]


def layer_of(shapes, countries, **columns) -> RegionLayer:
    codes = [f"R{i}" for i in range(len(shapes))]
    names = {"region_code": codes, "region_name": codes}
    units = {"country_code": countries, "unit_code": [c or "ZZZ" for c in countries]}
    return RegionLayer(from_geometries(shapes), {**names, **units, **columns}, name="squares")


def edges_of(topology) -> set[tuple[float, ...]]:
    fields = (topology.ax, topology.ay, topology.bx, topology.by, topology.left, topology.right)
    return set(zip(*(values.tolist() for values in fields)))


class TestSubset:
    def test_rows_in_another_order(self):
        shapes = [*squares(3), shapely.MultiPolygon(squares(2, south=5.0)), None]
        coverage = from_geometries(shapes)
        taken = take_rows(coverage, [3, 0])
        taken._check()
        assert shapely.equals(
            gr.regions.coverage.to_geometries(taken), [shapes[3], shapes[0]]
        ).all()

    def test_nothing_taken(self):
        taken = take_rows(from_geometries(squares(2)), [])
        taken._check()
        assert taken.n_regions == 0
        assert len(taken.coords) == 0

    def test_joined_rows_keep_their_polygons(self):
        coverage = regroup(from_geometries(squares(4)), [1, 0, 1, -1], 2)
        coverage._check()
        assert coverage.part_region.tolist() == [0, 1, 1]

    def test_boxes(self):
        shapes = [shapely.MultiPolygon([*squares(1), shapely.box(5, 6, 7, 8)]), None, squares(2)[1]]
        expected = shapely.bounds(np.array(shapes, dtype=object))
        np.testing.assert_array_equal(boxes_of(from_geometries(shapes)), expected)


class TestLevel0:
    def test_one_row_per_unit(self):
        layer = layer_of(squares(4), ["AAA", "AAA", "BBB", None])
        joined = dissolve(layer)
        assert joined.columns["region_code"] == ["AAA", "BBB", "ZZZ"]
        assert joined.columns["country_code"] == ["AAA", "BBB", None]
        assert joined.columns["parent_code"] == [None] * 3
        assert joined.table.geometry[0].equals(shapely.box(0, 0, 2, 1))
        assert joined.neighbors("BBB") == ["AAA", "ZZZ"]
        assert joined.level == 0

    def test_exterior_is_the_unshared_edges(self):
        joined = dissolve(layer_of(squares(3), ["AAA", "AAA", "BBB"]))
        assert edges_of(joined.topology) == edges_of(build_topology(joined.coverage))

    def test_overlapping_regions_are_still_joined(self):
        shapes = [shapely.box(0, 0, 2, 1), shapely.box(1, 0, 3, 1)]
        joined = dissolve(layer_of(shapes, ["AAA", "AAA"]))
        assert joined.table.geometry[0].equals(shapely.box(0, 0, 3, 1))
        assert joined.locate(lon=[0.5, 1.5, 2.5, 3.5], lat=0.5).tolist() == [0, 0, 0, -1]

    def test_row_without_polygons(self):
        joined = dissolve(layer_of([None, *squares(1)], ["AAA", "BBB"]))
        assert joined.table.geometry[0] is None
        assert joined.locate(lon=0.5, lat=0.5) == 1

    def test_claims_of_a_part_are_not_claims_of_the_whole(self):
        claims = [["CCC"], ["CCC", "DDD"], ["DDD"]]
        joined = dissolve(layer_of(squares(3), ["AAA", "AAA", "BBB"], claimed_by=claims))
        assert joined.columns["claimed_by"] == [["CCC"], ["DDD"]]
        assert joined.columns["claimed_in_part_by"] == [["DDD"], []]

    def test_a_unit_with_two_countries(self):
        layer = layer_of(squares(3), ["AAA", "BBB", "AAA"])
        layer.columns["unit_code"] = ["UUU", "UUU", "AAA"]
        joined = dissolve(layer)
        assert joined.columns["region_code"] == ["AAA", "AAA-UUU", "BBB"]
        assert joined.locate(lon=[0.5, 1.5, 2.5], lat=0.5).tolist() == [1, 2, 0]


class TestWorldLevel0:
    @pytest.fixture
    def countries(self):
        return gr.load_regions(level=0)

    def test_loaded_once(self, countries):
        assert gr.load_regions("natural_earth", level=0) is countries
        assert countries.fingerprint != gr.load_regions().fingerprint
        assert countries.fingerprint != gr.load_regions(level=0, worldview="un").fingerprint

    def test_codes(self, countries):
        codes = set(countries.columns["region_code"])
        assert {"AFG", "FRA", "NOR", "XKX", "CYN", "SOL", "CCK", "CXR"} <= codes
        assert len(countries) == len(codes)
        assert None not in countries.columns["region_name"]

    def test_exterior_is_the_unshared_edges(self, countries):
        derived, drawn = countries.topology, build_topology(countries.coverage)
        assert edges_of(derived) == edges_of(drawn)

    def test_areas_add_up(self, countries):
        regions = gr.load_regions()
        areas = shapely.area(regions.table.geometry.to_numpy())
        expected = np.zeros(len(countries))
        np.add.at(expected, countries._new_row, areas)
        np.testing.assert_allclose(
            shapely.area(countries.table.geometry.to_numpy()), expected, rtol=1e-9
        )
        assert shapely.is_valid(countries.table.geometry.to_numpy()).all()

    def test_neighbours(self, countries):
        assert countries.neighbors("AFG") == ["CHN", "IRN", "PAK", "TJK", "TKM", "UZB"]

    def test_views(self):
        united = gr.load_regions(level=0, worldview="un")
        assert "TWN" not in united.columns["region_code"]
        assert "XJK" in united.columns["region_code"]

    @pytest.mark.parametrize("level", [2, -1, True, None, "1"])
    def test_other_levels_are_refused(self, level):
        with pytest.raises(ValueError, match="the bundled layer has levels 0 and 1"):
            gr.load_regions(level=level)
