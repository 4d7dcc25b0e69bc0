"""Layers with much in little space: the same answers, at a cost that hardly grows."""

from __future__ import annotations

import geopandas
import numpy as np
import pytest
import shapely
from growth import assert_grows

import geo_risk as gr
from geo_risk.regions import _nest
from geo_risk.regions.adjacency import edge_lengths_m, meeting_points, pair_lengths_m
from geo_risk.regions.coverage import from_geometries
from geo_risk.regions.locator import Locator
from geo_risk.regions.topology import build_topology, facing

CITY = (13.37, 52.51)


def parcels(n, corner=CITY, size=0.02):
    """n × n squares that share their edges."""
    x, y = (np.append(start + np.arange(n) * (size / n), start + size) for start in corner)
    column, row = (part.ravel() for part in np.meshgrid(range(n), range(n)))
    return list(shapely.box(x[column], y[row], x[column + 1], y[row + 1]))


def shore(n, corner=CITY, size=0.01):
    """One region of n vertices within 0.01°, among regions of the size of continents."""
    turn = np.linspace(0, 2 * np.pi, n, endpoint=False)
    reach = size * (0.5 + 0.1 * np.sin(n // 20 * turn))
    ring = np.column_stack([reach * np.cos(turn), reach * np.sin(turn)]) + corner
    return [shapely.Polygon(ring), shapely.box(-120, -50, 13, 50), shapely.box(20, 0, 150, 70)]


def slivers(n, corner=CITY, size=0.02):
    """Thin triangles that cross one another."""
    ends = np.random.default_rng(n).random((2, n, 2)) * size + corner
    tip = ends[1] + 1e-6
    return [shapely.Polygon(points) for points in np.stack([*ends, tip], axis=1)]


def star(n, corner=CITY, size=0.02):
    """Regions that all meet in one point."""
    turn = np.linspace(0, 2 * np.pi, n + 1)
    ring = size * np.column_stack([np.cos(turn), np.sin(turn)]) + corner
    return [shapely.Polygon([corner, ring[k], ring[k + 1]]) for k in range(n)]


def stacked(n, corner=CITY, size=0.02):
    """Squares that lie over each other."""
    moved = np.random.default_rng(n).random(n) * 1e-3
    return [shapely.box(x, y, x + size, y + size)
            for x, y in np.add(corner, moved[:, None])]  # fmt: skip


LAYERS = {
    "parcels": parcels(30), "shore": shore(5000), "slivers": slivers(300), "star": star(300),
    "stacked": stacked(60), "east end": parcels(25, (179.99, 10.0), 0.01),
    "west end": parcels(25, (-180.0, 10.0), 0.01), "pole": parcels(25, (0.0, 89.99), 0.01),
    "both ends": parcels(20, (179.99, 0.0), 0.01) + parcels(30, (-180.0, 0.002), 0.01),
    "negative": parcels(30, (-70.0, -33.0)),
}  # fmt: skip


def locator(shapes):
    return Locator.of(lambda: from_geometries(shapes), len(shapes))


def points(shapes, n=3000):
    """Anywhere around, at vertices, in the middle of edges, and one bit beside them."""
    rng = np.random.default_rng(1)
    small = [shape for shape in shapes if shape.area < 1]
    low, high = np.reshape(shapely.total_bounds(small), (2, 2))
    vertex = shapely.get_coordinates(small)
    vertex = vertex[rng.integers(0, len(vertex) - 1, n)]
    middle = 0.5 * (vertex + np.roll(vertex, 1, axis=0))
    beside = np.nextafter(vertex, rng.choice([-400.0, 400.0], vertex.shape))
    lines = np.round(vertex * 2**15) / 2**15  # on lines of the grids
    anywhere = rng.uniform(low - 1e-4, high + 1e-4, (n, 2))
    found = np.concatenate([anywhere, vertex, middle, beside, lines])
    return np.clip(found, (-180.0, -90.0), (180.0, 90.0)).T


@pytest.mark.parametrize("name", LAYERS)
def test_grids_within_grids_change_no_answer(name, monkeypatch):
    lon, lat = points(LAYERS[name])
    lon, lat = np.append(lon, [-180.0, 180.0]), np.append(lat, [10.005, 10.005])
    nested = locator(LAYERS[name])
    assert len(nested.index.nest)
    monkeypatch.setattr(_nest, "_DENSE", 10**9)
    plain = locator(LAYERS[name])
    assert not len(plain.index.nest)
    want = plain.locate(lon=lon, lat=lat)
    assert (want >= 0).any()
    np.testing.assert_array_equal(nested.locate(lon=lon, lat=lat), want)


def search(shapes, n=20_000):
    """A search for n points within the layer's dense part."""
    found = locator(shapes)
    lon, lat = np.random.default_rng(2).uniform(0.0, 0.01, (2, n)) + np.reshape(CITY, (2, 1))
    return lambda: found.locate(lon=lon, lat=lat)


@pytest.mark.parametrize(("shapes", "few", "many"), [(parcels, 30, 120), (shore, 5000, 80_000)])
def test_sixteen_times_as_much_in_the_same_square_costs_little_more(shapes, few, many):
    """Twice where nothing else runs; sixteen times before the grid within a cell."""
    assert_grows(search(shapes(few)), search(shapes(many)), at_most=6)


@pytest.mark.parametrize("shapes", [parcels, shore, slivers, star, stacked])
def test_an_index_stays_in_proportion_to_its_layer(shapes):
    """Beyond the grid that every layer has."""
    count = 40 if shapes is parcels else 600
    layer = shapes(count)
    size = sum(array.nbytes for array in locator(layer).index)
    edges = len(shapely.get_coordinates(layer))
    assert size < 2e6 + 2500 * edges


def border_search(n, points=5000):
    """A search for the borders nearest to points within a shore of n vertices."""
    frame = geopandas.GeoDataFrame(
        {"name": ["A", "B", "C"], "iso": ["AFG", "TJK", "UZB"]}, geometry=shore(n), crs="EPSG:4326"
    )
    layer = gr.load_regions(frame, name="name", country="iso", snap_tolerance_m=0.0)
    borders = gr.load_borders(layer, context=None)
    lon, lat = np.random.default_rng(2).uniform(0.0, 0.01, (2, points)) + np.reshape(CITY, (2, 1))
    return lambda: borders.nearest(lon=lon, lat=lat, kind="any")


def test_border_distances_to_sixteen_times_as_many_vertices_cost_little_more():
    assert_grows(border_search(5_000), border_search(80_000), at_most=6)


def test_stretches_that_face_one_another_are_those_that_overlap():
    rng = np.random.default_rng(3)
    for n in (0, 1, 2, 5, 40):
        one, other = (rng.integers(0, 50, (k, 1)) + [0, 1] * rng.integers(1, 9, (k, 1))
                      for k in (n, n + 3))  # fmt: skip
        found = {(k, j) for k, near in facing(one, other) for j in near.tolist()}
        want = np.minimum(one[:, None, 1], other[None, :, 1]) > np.maximum(
            one[:, None, 0], other[None, :, 0]
        )
        assert found == {tuple(pair) for pair in np.argwhere(want).tolist()}


def shores_of_the_antimeridian(n):
    """Two regions with other vertices on either side, 10° and 8° long; their common border."""
    east, west = np.linspace(0, 10, n), np.linspace(1, 9, n + 7)
    coverage = from_geometries([
        shapely.Polygon([(179, 0), *((180, lat) for lat in east), (179, 10)]),
        shapely.Polygon([(-179, 1), *((-180, lat) for lat in west), (-179, 9)]),
    ])  # fmt: skip
    topology = build_topology(coverage)
    assert topology.seam_pairs.tolist() == [[0, 1]]
    return pair_lengths_m(topology, coverage, topology.seam_pairs)


def tripoints(n):
    """Where n regions meet by three or four, in a square of parcels."""
    side = round(n**0.5)
    topology = build_topology(from_geometries(parcels(side)))
    found = meeting_points(topology, [f"R{k:06d}" for k in range(side * side)])
    assert len(found) == (side - 1) ** 2
    return found


@pytest.mark.parametrize(("ask", "n"), [(shores_of_the_antimeridian, 2000), (tripoints, 4900)])
def test_four_times_as_many_vertices_cost_four_times_as_much(ask, n):
    """Sixteen times where each is compared with each."""
    assert_grows(lambda: ask(n), lambda: ask(4 * n), at_most=8)


def test_the_antimeridian_is_as_long_as_both_sides_share():
    want = edge_lengths_m(*np.array([[0.0], [1.0], [0.0], [9.0]]))
    np.testing.assert_allclose(shores_of_the_antimeridian(1000), want, rtol=1e-9)
    assert tripoints(9)[0].codes == ("R000000", "R000001", "R000003", "R000004")
