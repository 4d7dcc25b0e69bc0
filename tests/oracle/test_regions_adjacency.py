"""Lengths of shared borders and points where several of them meet."""

from __future__ import annotations

import numpy as np
import pytest
import shapely
from hypothesis import given, settings, strategies as st
from layer_cases import make_layer
from pyproj import Geod
from strategies import coverages

import geo_risk as gr
from geo_risk.errors import UnknownRegionError
from geo_risk.regions import Tripoint
from geo_risk.regions.adjacency import edge_lengths_m

WGS84 = Geod(ellps="WGS84")


@pytest.fixture(scope="module")
def world():
    return gr.load_regions()


def total_km(layer, labels) -> tuple[float, int]:
    """Kilometres and pairs of neighbours whose labels differ."""
    labels = np.array(labels, dtype=object)
    sides = labels[layer.adjacent_rows]
    apart = sides[:, 0] != sides[:, 1]
    pairs = {tuple(sorted(pair)) for pair in sides[apart].tolist()}
    return layer.adjacent_lengths_m[apart].sum() / 1000.0, len(pairs)


class TestWorld:
    def test_lengths_add_up_to_the_land_borders_of_the_source(self, world):
        # ARCHITECTURE: 333 pairs of Natural Earth's units, 232,463 km
        kilometres, pairs = total_km(world, world.columns["unit_code"])
        assert (round(kilometres), pairs) == (232_463, 333)

    def test_lengths_by_country_are_those_of_the_border_network(self, world):
        # Guantánamo, Baikonur and Dhekelia have units of their own, but no country of their own
        kilometres, pairs = total_km(world, world.country_labels)
        table = gr.load_borders().table
        assert pairs == len(table) == 330
        assert kilometres == pytest.approx(table["length_km"].sum(), rel=1e-12)
        tajik = table[(table["country_code_1"] == "AFG") & (table["country_code_2"] == "TJK")]
        found = world.border_lengths("AFG", of="countries")["TJK"]
        assert found == pytest.approx(tajik["length_km"].item(), rel=1e-12)

    def test_a_country_is_the_sum_of_its_regions(self, world):
        regions = [
            code
            for code, country in zip(world.columns["region_code"], world.country_labels)
            if country == "AFG"
        ]
        whole = world.border_lengths("AFG", of="countries")
        summed: dict[str, float] = {}
        for code in regions:
            for other, kilometres in world.border_lengths(code, of="countries").items():
                summed[other] = summed.get(other, 0.0) + kilometres
        assert summed.keys() == whole.keys() == {"CHN", "IRN", "PAK", "TJK", "TKM", "UZB"}
        assert all(summed[other] == pytest.approx(whole[other], rel=1e-9) for other in whole)
        level0 = gr.load_regions(level=0).border_lengths("AFG", of="countries")
        assert level0 == pytest.approx(whole, rel=1e-9)

    def test_afghanistan_has_six_tripoints(self, world):
        found = world.tripoints("AFG")
        assert [point.codes for point in found] == [
            ("AFG", "CHN", "PAK"), ("AFG", "CHN", "TJK"), ("AFG", "IRN", "PAK"),
            ("AFG", "IRN", "TKM"), ("AFG", "TJK", "UZB"), ("AFG", "TKM", "UZB"),
        ]  # fmt: skip
        # Povalo-Shveikovskogo, the peak where Afghanistan, China and Tajikistan meet, is at about
        # 37°14'N 74°53'E
        wakhan = next(point for point in found if point.codes == ("AFG", "CHN", "TJK"))
        away = WGS84.inv(wakhan.lon, wakhan.lat, 74 + 53 / 60, 37 + 14 / 60)[2]
        assert away < 6327  # the layer's largest measured error

    def test_the_world_has_one_quadripoint(self, world):
        four = [point for point in world.tripoints() if len(point.codes) > 3]
        assert [point.codes for point in four] == [("BWA", "NAM", "ZMB", "ZWE")]
        assert four[0].lon == pytest.approx(25.26, abs=0.05)
        assert four[0].lat == pytest.approx(-17.79, abs=0.05)

    def test_a_region_has_the_points_that_it_touches(self, world):
        assert [point.codes for point in world.tripoints("AF-BDS")] == [
            ("AFG", "CHN", "PAK"), ("AFG", "CHN", "TJK"),
        ]  # fmt: skip
        assert world.tripoints("AF-TAK") == []
        regions = world.tripoints("AF-TAK", of="regions")
        assert ("AF-BDS", "AF-TAK", "TJ-KT") in {point.codes for point in regions}
        assert all("AF-TAK" in point.codes for point in regions)

    def test_every_tripoint_lies_on_each_of_its_countries(self, world):
        points = world.tripoints()
        assert len(points) == 173
        shapes = gr.load_regions(level=0).table.set_index("region_code").geometry
        for point in points[::9]:
            for code in point.codes:
                if code in shapes.index:
                    assert shapes[code].distance(shapely.Point(point.lon, point.lat)) < 1e-9

    def test_unknown_codes_and_options(self, world):
        for method in (world.border_lengths, world.tripoints):
            with pytest.raises(UnknownRegionError, match="no region or country 'AF-TAKK'"):
                method("AF-TAKK")
            with pytest.raises(ValueError, match="Invalid of: 'rivers'"):
                method("AF-TAK", of="rivers")

    def test_a_view_moves_lengths_with_its_borders(self, world):
        un = gr.load_regions(worldview="un")
        de_facto = world.border_lengths("UKR", of="countries")["RUS"]
        assert un.border_lengths("UKR", of="countries")["RUS"] != pytest.approx(de_facto)


class TestSmall:
    def test_three_squares_meet(self):
        layer = make_layer(
            [shapely.box(0, 0, 2, 1), shapely.Polygon([(0, 1), (1, 1), (1, 2), (0, 2)]),
             shapely.box(1, 1, 2, 2)],
            country_code=["A", "B", None], unit_code=["A", "B", "ZZ"],
        )  # fmt: skip
        # an edge is shared vertex for vertex: the long side of row 0 has no vertex at (1, 1)
        assert layer.tripoints(of="regions") == []
        shapes = [shapely.Polygon([(0, 0), (2, 0), (2, 1), (1, 1), (0, 1)]),
                  shapely.box(0, 1, 1, 2), shapely.box(1, 1, 2, 2)]  # fmt: skip
        layer = make_layer(shapes, country_code=["A", "B", None], unit_code=["A", "B", "ZZ"])
        assert layer.tripoints() == [Tripoint(("A", "B", "ZZ"), 1.0, 1.0)]
        assert layer.tripoints("R1", of="regions") == [Tripoint(("R0", "R1", "R2"), 1.0, 1.0)]
        lengths = layer.border_lengths("R0")
        degree = WGS84.line_length(np.linspace(0, 1, 2000), np.ones(2000)) / 1000.0
        assert lengths == pytest.approx({"R1": degree, "R2": degree}, rel=1e-9)

    def test_facing_one_another_across_the_antimeridian(self):
        layer = make_layer([shapely.box(170, 0, 180, 10), shapely.box(-180, 5, -170, 20)])
        want = WGS84.line_length([180, 180], [5, 10]) / 1000.0
        assert layer.border_lengths("R0") == pytest.approx({"R1": want}, rel=1e-9)
        assert layer.neighbors("R0") == ["R1"]

    def test_an_island_has_none(self):
        layer = make_layer([shapely.box(0, 0, 1, 1)])
        assert layer.border_lengths("R0") == {}
        assert layer.tripoints() == []


def test_edges_are_measured_along_the_line_in_longitude_and_latitude():
    rng = np.random.default_rng(5)
    ax, bx = rng.uniform(-90, 90, (2, 40))
    ay, by = rng.uniform(-89, 89, (2, 40))
    bx[:20], by[:20] = ax[:20] + rng.uniform(-0.1, 0.1, 20), ay[:20] + rng.uniform(-0.1, 0.1, 20)
    found = edge_lengths_m(ax, ay, bx, by)
    steps = np.linspace(0, 1, 20_001)
    for k in range(40):
        want = WGS84.line_length(
            ax[k] + steps * (bx[k] - ax[k]), ay[k] + steps * (by[k] - ay[k])
        )  # many short geodesics
        assert found[k] == pytest.approx(want, rel=1e-9 if k < 20 else 1e-4)


@settings(max_examples=40)
@given(shapes=coverages(), data=st.data())
def test_lengths_are_symmetric_and_name_the_neighbours(shapes, data):
    n = len(shapes)
    countries = [data.draw(st.sampled_from(["AAA", "BBB", None])) for _ in range(n)]
    units = [code or "ZZZ" for code in countries]
    layer = make_layer(shapes, country_code=countries, unit_code=units)
    for of in ("regions", "countries"):
        labels = layer.columns["region_code"] if of == "regions" else layer.country_labels
        lengths = {code: layer.border_lengths(code, of=of) for code in set(labels)}
        for code, found in lengths.items():
            assert list(found) == layer.neighbors(code, of=of)
            for other, kilometres in found.items():
                assert kilometres > 0
                assert lengths[other][code] == pytest.approx(kilometres, rel=1e-9)


@settings(max_examples=40)
@given(shapes=coverages(), data=st.data())
def test_tripoints_are_the_vertices_that_three_labels_touch(shapes, data):
    n = len(shapes)
    labels = [data.draw(st.sampled_from(["A", "B", "C", "D"])) for _ in range(n)]
    layer = make_layer(shapes, country_code=labels, unit_code=labels)
    found = {(point.lon, point.lat): set(point.codes) for point in layer.tripoints()}
    edges: dict[tuple[float, float], set[str]] = {}
    topology = layer.topology
    for k in range(len(topology)):
        if topology.right[k] < 0:
            continue
        sides = {labels[topology.left[k]], labels[topology.right[k]]}
        if len(sides) == 2:
            for end in ((topology.ax[k], topology.ay[k]), (topology.bx[k], topology.by[k])):
                edges.setdefault(end, set()).update(sides)
    assert found == {place: codes for place, codes in edges.items() if len(codes) > 2}
