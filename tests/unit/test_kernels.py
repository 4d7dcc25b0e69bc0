"""Every kernel on little input, against other maths: compiled, and as plain Python.

`nox -s kernels_python` runs this file with NUMBA_DISABLE_JIT=1, so that a fault can be stepped
through and coverage sees the kernels.
"""

from __future__ import annotations

import math
from itertools import combinations

import h3
import numpy as np
import pytest
import scan_oracle
import shapely
from hotspot_cases import gi_by_definition, grid, tails_by_listing
from layer_cases import layer_of
from oracles import half_open_rows, orientation_exact
from oracles_borders import brute_force, every_edge, geographiclib_m

import geo_risk as gr
from geo_risk import cells, hotspots
from geo_risk._core.constants import WGS84_A
from geo_risk._core.geodesic import geodesic, geodesic_inverse
from geo_risk.borders import Borders
from geo_risk.cells import _h3_sets
from geo_risk.regions._predicates import orientation

# Random streams wrap: as plain Python numpy warns of it.
pytestmark = pytest.mark.filterwarnings("ignore:overflow encountered in scalar")

SHAPES = [
    shapely.box(0, 0, 2, 2),
    shapely.Polygon([(2, 0), (4, 0), (4, 2), (2, 2)], [[(2.5, 0.5), (3, 1.5), (3.5, 0.5)]]),
    shapely.Polygon([(0, 2), (2, 2), (4, 2), (3, 3.5), (1, 3)]),
]
COUNTRIES = ["AAA", "BBB", "AAA"]


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(11)


def places(rng: np.random.Generator, n: int) -> tuple[np.ndarray, np.ndarray]:
    """Points in and around SHAPES, some on their edges and corners."""
    lon, lat = rng.uniform(-1, 5, n), rng.uniform(-1, 4.5, n)
    lon[::4], lat[::3] = np.round(lon[::4]), np.round(lat[::3])
    return lon, lat


@pytest.fixture(scope="module")
def layer():
    return layer_of(SHAPES, COUNTRIES)


def test_orientation_is_the_sign_in_rationals(rng):
    for _ in range(200):
        a, d = rng.uniform(-180, 180, 2), rng.uniform(-1, 1, 2)
        t, off = rng.random(), rng.choice([0.0, 1e-17, 1e-15, 1e-3])
        points = [float(x) for x in (*a, *(a + d), *(a + t * d + off))]
        assert orientation(*points) == orientation_exact(*points)


def test_locate_follows_the_half_open_rule(rng, layer):
    lon, lat = places(rng, 120)
    found = layer.locate(lon=lon, lat=lat)
    inside = 0
    for row, x, y in zip(found, lon, lat):
        want = half_open_rows(SHAPES, x, y)
        if want:
            inside += 1
            assert [row] == want
        else:  # outside, or on the outline, which belongs to the region that it bounds
            assert row == -1 or SHAPES[row].touches(shapely.Point(x, y))
    assert inside > 20


@pytest.mark.parametrize("kind", ["line", "land", "any", "outline"])
def test_border_distances_are_the_nearest_points_of_all_edges(rng, layer, kind):
    lon, lat = places(rng, 6)
    found, edges = Borders(layer).nearest(lon=lon, lat=lat, kind=kind), every_edge(layer)
    for i, own in enumerate(found.country_code):
        if own is None and kind in ("land", "outline"):
            continue
        expected, _ = brute_force(edges, edges.of_kind(kind, own), lon[i], lat[i])
        assert found.distance_m[i] == pytest.approx(expected, abs=2e-3, nan_ok=True)  # a search


def test_geodesics_are_those_of_geographiclib(rng):
    for _ in range(60):
        lon, lat = rng.uniform(-180, 180, 2), rng.uniform(-90, 90, 2)
        near = float(rng.choice([1.0, 0.01]))
        lon[1], lat[1] = lon[0] + near * (lon[1] - lon[0]), lat[0] + near * (lat[1] - lat[0])
        lon[1] = (lon[1] + 180) % 360 - 180
        pair = lon[0], lat[0], lon[1], lat[1]
        assert WGS84_A * geodesic(*pair)[0] == pytest.approx(geographiclib_m(*pair), abs=1e-5)


def test_geodesics_between_antipodes(rng):
    lon, lat = rng.uniform(0, 180, 30), rng.uniform(-90, 90, 30)
    near = rng.choice([0.0, 1e-6, 0.01, 0.4], (2, 30))
    other = lon - 180 + near[0], np.clip(near[1] - lat, -90, 90)
    found = geodesic_inverse(lon, lat, *other)
    for length, *pair in zip(found, lon, lat, *other):
        assert length == pytest.approx(geographiclib_m(*pair), abs=1e-5)


@pytest.mark.parametrize("resolution", [0, 5, 10, 15])
def test_cells_are_those_of_h3(rng, resolution):
    lon, lat = rng.uniform(-180, 180, 40), np.degrees(np.arcsin(rng.uniform(-1, 1, 40)))
    found = gr.h3_cells(lon=lon, lat=lat, resolution=resolution)
    want = [h3.str_to_int(h3.latlng_to_cell(y, x, resolution)) for x, y in zip(lon, lat)]
    assert found.tolist() == want
    centers = np.column_stack(cells.cell_centers(found))
    wanted = [h3.cell_to_latlng(h3.int_to_str(cell))[::-1] for cell in want]
    np.testing.assert_allclose(centers, wanted, atol=1e-9)


def test_distinct_cells_are_numbered_by_first_appearance(rng):
    some = gr.h3_cells(lon=rng.uniform(-180, 180, 9), lat=0.0, resolution=3)
    rows = np.append(some, some[rng.integers(0, 9, 200)])
    values, codes = _h3_sets.distinct(rows)
    assert values.tolist() == list(dict.fromkeys(rows.tolist()))
    np.testing.assert_array_equal(values[codes], rows)


@pytest.mark.parametrize(
    "center", ["8428309ffffffff", "8009fffffffffff"], ids=["hexagon", "pentagon"]
)
def test_neighbours_are_those_of_h3(center):
    around = h3.grid_disk(center, 2)
    found = np.sort(cells.grid_disk(np.array([h3.str_to_int(center)], dtype=np.uint64), 2))
    assert found.tolist() == sorted(h3.str_to_int(cell) for cell in around)
    graph = cells.neighbor_graph(found).toarray()
    for i, j in combinations(range(len(found)), 2):
        pair = [h3.int_to_str(int(found[k])) for k in (i, j)]
        assert bool(graph[i, j]) == h3.are_neighbor_cells(*pair)


def test_a_study_grid_has_the_cells_that_meet_the_area():
    area = (10.0, 45.0, 10.8, 45.5)
    found = gr.study_grid(area, resolution=5)
    shape = h3.geo_to_h3shape(shapely.box(*area))
    want = h3.h3shape_to_cells_experimental(shape, 5, contain="overlap")
    assert sorted(found.tolist()) == sorted(h3.str_to_int(cell) for cell in want)


@pytest.mark.parametrize("star", [True, False])
def test_gi_by_its_definition(rng, star):
    counts, weights = rng.poisson(2.0, 16), grid(4)
    found = hotspots.gi_star(counts, weights, star=star, p_method="analytic")
    np.testing.assert_allclose(found.z, gi_by_definition(counts, weights.toarray(), star))


def test_exact_tails_are_those_of_all_deals(rng):
    counts, weights = rng.poisson(1.0, 9), grid(3)
    found = hotspots.gi_star(counts, weights, star=False, p_method="exact", fdr=None)
    for p, (low, high, _) in zip(found.p_value, tails_by_listing(counts, weights.toarray())):
        assert np.isnan(p) or p == pytest.approx(min(1.0, 2 * min(low, high)), abs=1e-12)


@pytest.mark.parametrize("statistic", ["gi_star", "local_moran"])
def test_simulated_p_values_come_near_the_exact_ones(rng, statistic):
    counts, weights = rng.poisson(1.5, 16), grid(4)
    exact = hotspots.gi_star(counts, weights, star=False, p_method="exact").p_value
    drawn = getattr(hotspots, statistic)(
        counts, weights, p_method="permutation", permutations=199, seed=1
    )
    assert ((drawn.p_value >= 1 / 200) & (drawn.p_value <= 1)).all()
    if statistic == "gi_star":
        again = hotspots.gi_star(
            counts, weights, star=False, p_method="permutation", permutations=199, seed=1
        )
        assert np.nanmax(abs(again.p_value - exact)) < 0.2


def test_a_scan_finds_the_best_circle(rng):
    lon, lat = rng.uniform(0, 9, 8), rng.uniform(40, 49, 8)
    cases, people = rng.poisson(4.0, 8), rng.integers(50, 90, 8)
    found = hotspots.scan(cases, people, lon=lon, lat=lat, replications=19, seed=1)
    best = scan_oracle.best_per_centre(
        cases[:, None].astype(float), people[:, None].astype(float),
        scan_oracle.distances(lon, lat), people.astype(float),
    )  # fmt: skip
    top = max(value for value, _, _ in best.values())
    assert found.clusters[0].llr == pytest.approx(top)


def test_a_scan_in_space_and_time_finds_the_best_cylinder(rng):
    lon, lat = rng.uniform(0, 9, 6), rng.uniform(40, 49, 6)
    cases = rng.poisson(3.0, (6, 5))
    cases[2, 1:3] += 9
    found = hotspots.scan(
        cases, lon=lon, lat=lat, model="space_time_permutation", replications=19, seed=1
    )
    key = cases.sum(axis=1, keepdims=True) * cases.sum(axis=0) / cases.sum()
    best = scan_oracle.best_per_centre(
        cases.astype(float), key, scan_oracle.distances(lon, lat), cases.sum(axis=1).astype(float)
    )
    assert found.clusters[0].llr == pytest.approx(max(value for value, _, _ in best.values()))
    assert found.clusters[0].p_value * 20 == pytest.approx(round(found.clusters[0].p_value * 20))


def test_knox_counts_the_pairs(rng):
    x, y, time = rng.uniform(0, 5, 30), rng.uniform(0, 5, 30), rng.integers(0, 20, 30)
    found = hotspots.knox(
        x_km=x, y_km=y, time=time, distance_km=1.0, interval=3, permutations=19, seed=1
    )
    close = sum(
        math.hypot(x[i] - x[j], y[i] - y[j]) <= 1.0 and abs(int(time[i]) - int(time[j])) <= 3
        for i, j in combinations(range(30), 2)
    )
    assert found.observed.item() == close


def test_a_density_is_the_sum_of_its_kernels(rng):
    lon, lat = rng.uniform(0, 1, 7), rng.uniform(0, 1, 7)
    found = hotspots.kde(lon=lon, lat=lat, at_lon=[0.5], at_lat=[0.4], bandwidth_km=30.0)
    kappa = (6371.0088 / 30.0) ** 2
    x, y, u, v = (np.radians(k) for k in (0.5, 0.4, lon, lat))
    chord = np.sin((v - y) / 2) ** 2 + np.cos(y) * np.cos(v) * np.sin((u - x) / 2) ** 2
    per_steradian = kappa / (2 * np.pi) * np.exp(-2 * kappa * chord).mean()
    assert found.density.item() == pytest.approx(per_steradian / 6371.0088**2, rel=1e-6)


def test_a_bandwidth_is_the_likeliest_without_each_place(rng):
    lon, lat = rng.normal(0, 0.2, 25), rng.normal(0, 0.2, 25)
    chosen = hotspots.kde_bandwidth(lon=lon, lat=lat)

    def likelihood(km):
        left = [np.delete(np.arange(25), k) for k in range(25)]
        found = [
            hotspots.kde(lon=lon[rest], lat=lat[rest], at_lon=[lon[k]], at_lat=[lat[k]],
                         bandwidth_km=km).density.item()
            for k, rest in enumerate(left)
        ]  # fmt: skip
        return np.log(found).sum()

    assert likelihood(chosen) >= max(likelihood(chosen * factor) for factor in (0.7, 1.4))


@pytest.mark.parametrize(
    "model",
    [hotspots.HawkesParameters(0.3, 0.8, 1.7), hotspots.EtasParameters(0.2, 0.9, 0.0, 0.3, 1.3)],
    ids=["exponential", "power law"],
)
def test_an_intensity_is_the_sum_over_the_past(rng, model):
    times, at = np.sort(rng.uniform(0, 20, 15)), [3.0, 11.0, 21.0]
    for t, value in zip(at, hotspots.hawkes_intensity(times, model, at)):
        ages = t - times[times < t]
        if isinstance(model, hotspots.HawkesParameters):
            terms = model.alpha * np.exp(-model.beta * ages)
        else:
            terms = model.a * (1 + ages / model.c) ** -model.p
        assert value == pytest.approx(model.mu + terms.sum())
    assert math.isfinite(hotspots.hawkes_log_likelihood(times, model, end=21.0))
