"""`draw_locations`: against closed forms, exact areas and other ways of computing the same."""

from __future__ import annotations

import geopandas
import numpy as np
import pandas as pd
import pytest
import shapely
from geographiclib.geodesic import Geodesic
from scipy import stats

import geo_risk as gr
from geo_risk import cells as grids
from geo_risk.cells import cell_areas_km2, cells_to_strings, h3_cells
from geo_risk.frames.support import DISTRIBUTIONS, disc_points
from geo_risk.frames.uncertain._cover import cover
from geo_risk.regions.areas import region_areas

SPHERE = Geodesic(6_371_008.8, 0.0)
PASS = 1e-3  # seeds are fixed: a p-value below this is a fault, not bad luck


def points(lon, lat, radius=np.nan, precision=None, **columns):
    lon, lat = np.atleast_1d(np.asarray(lon, float)), np.atleast_1d(np.asarray(lat, float))
    frame = {"location_uncertainty_km": radius, "location_precision": precision, **columns}
    return geopandas.GeoDataFrame(
        pd.DataFrame(frame, index=range(len(lon))), geometry=shapely.points(lon, lat), crs=4326
    )


def layer_of(*shapes):
    table = geopandas.GeoDataFrame(
        {
            "region_code": [f"R{i}" for i in range(len(shapes))],
            "region_name": [f"Region {i}" for i in range(len(shapes))],
            "country_code": None,
            "unit_code": "U",
        },
        geometry=list(shapes),
        crs=4326,
    )
    return gr.load_regions(table)


def law(distribution, coverage, radius):
    """Distribution function of the distance, as the documents state it."""
    if distribution == "normal":
        sigma = radius / np.sqrt(-2.0 * np.log(1.0 - coverage))
        return lambda x: 1.0 - np.exp(-(x**2) / (2.0 * sigma**2))
    if distribution == "uniform":
        return lambda x: np.minimum(x**2 * coverage / radius**2, 1.0)
    return lambda x: 1.0 - 1.0 / (1.0 + x**2 * coverage / (1.0 - coverage) / radius**2)


@pytest.mark.parametrize("distribution", DISTRIBUTIONS)
@pytest.mark.parametrize(
    ("lon", "lat", "coverage"), [(0, 0, 0.95), (179.9, 60, 0.8), (5, -90, 0.5)]
)
def test_discs_follow_their_law_in_distance_and_direction(distribution, lon, lat, coverage):
    found = gr.draw_locations(
        points(lon, lat, 25.0), places=4000, seed=3, distribution=distribution, coverage=coverage
    )
    assert found.spread.tolist() == ["disc"]
    assert np.abs(found.lon).max() <= 180.0
    lines = [SPHERE.Inverse(lat, lon, y, x) for x, y in zip(found.lon[:, 0], found.lat[:, 0])]
    km = np.array([line["s12"] for line in lines]) / 1000.0
    assert stats.kstest(km, law(distribution, coverage, 25.0)).pvalue > PASS
    bearing = found.lon[:, 0] if abs(lat) == 90 else np.array([line["azi1"] for line in lines])
    assert stats.kstest((bearing + 180.0) / 360.0, "uniform").pvalue > PASS


def test_regions_are_drawn_by_area_on_the_sphere():
    tall = layer_of(shapely.box(10.0, 20.0, 30.0, 80.0))  # by degrees half would lie above 50
    found = gr.draw_locations(points(20, 40, precision="admin1"), tall, places=5000, seed=1)
    assert found.spread.tolist() == ["region"]
    assert stats.kstest((found.lon[:, 0] - 10.0) / 20.0, "uniform").pvalue > PASS
    low, high = np.sin(np.radians([20.0, 80.0]))
    height = (np.sin(np.radians(found.lat[:, 0])) - low) / (high - low)
    assert stats.kstest(height, "uniform").pvalue > PASS


def test_triangles_holes_islands_and_the_antimeridian():
    """Marginal law of a triangle by integration; a hole stays empty; parts by their area."""
    triangle = layer_of(shapely.Polygon([(0, 0), (12, 0), (12, 9)]))
    found = gr.draw_locations(points(10, 2, precision="admin1"), triangle, places=5000, seed=2)
    grid = np.linspace(0.0, 12.0, 4001)
    mass = np.sin(np.radians(grid * 9.0 / 12.0))  # area left of x: integral of sin(lat) over lon
    total = np.concatenate([[0.0], np.cumsum(0.5 * (mass[1:] + mass[:-1]))])
    cdf = total / total[-1]
    assert stats.kstest(found.lon[:, 0], lambda x: np.interp(x, grid, cdf)).pvalue > PASS
    ring = shapely.box(170, -10, 180, 10) - shapely.box(172, -5, 178, 5)
    both = layer_of(shapely.MultiPolygon([ring, shapely.box(-180, -10, -170, 10)]))
    found = gr.draw_locations(points(171, 0, precision="admin1"), both, places=6000, seed=3)
    x, y = found.lon[:, 0], found.lat[:, 0]
    assert not ((x > 172) & (x < 178) & (np.abs(y) < 5)).any()
    hole = 0.6 * np.sin(np.radians(5)) / np.sin(np.radians(10))
    east = int((x > 0).sum())
    assert stats.binomtest(east, 6000, (1 - hole) / (2 - hole)).pvalue > PASS


@pytest.mark.parametrize("code", ["AF-TAK", "RU-CHU", "NO-21", "CL-MA"])
def test_covers_hold_their_region_and_little_else(code):
    layer = gr.load_regions()
    row = int(layer.rows_of(code)[0])
    box = cover(layer, row)
    width = np.radians(box[:, 2] - box[:, 0])
    area = (width * np.diff(np.sin(np.radians(box[:, 1::2])))[:, 0]).sum() * 6371.0088**2
    assert 0.5 < region_areas(layer)[row] / area < 1.0
    shape = layer.table.geometry.iloc[row]
    assert shapely.unary_union(shapely.box(*box.T)).buffer(1e-9).covers(shape)


def test_a_province_fills_its_cells_by_area():
    """Chi-squared over the H3 cells that lie wholly inside Takhar."""
    layer = gr.load_regions()
    found = gr.draw_locations(points(69.53, 36.74, precision="admin2"), places=20_000, seed=4)
    cell = h3_cells(lon=found.lon[:, 0], lat=found.lat[:, 0], resolution=5)
    shape = layer.table.geometry.iloc[int(layer.rows_of("AF-TAK")[0])]
    grid = gr.study_grid(shape, resolution=5)
    inner = grid[[shape.covers(s) for s in grids.cell_polygons(grid)]]
    counts = np.array([(cell == c).sum() for c in inner])
    assert len(inner) > 15
    share = cell_areas_km2(inner)
    assert stats.chisquare(counts, share / share.sum() * counts.sum()).pvalue > PASS
    assert counts.sum() / 20_000 == pytest.approx(share.sum() / 12_210.66, rel=0.01)
    assert (layer.locate(lon=found.lon, lat=found.lat) == layer.rows_of("AF-TAK")[0]).all()


def test_a_country_is_drawn_over_its_regions_by_area():
    layer = gr.load_regions()
    frame = points([69.5] * 3, [36.7] * 3, precision="country", country_stated="Afghanistan")
    found = gr.draw_locations(frame, places=4000, seed=5)
    assert found.spread.tolist() == ["country"] * 3
    rows = layer.rows_of("AFG")
    counts = np.bincount(layer.locate(lon=found.lon, lat=found.lat).ravel(), minlength=len(layer))
    assert counts[rows].sum() == 12_000
    share = region_areas(layer)[rows]
    assert stats.chisquare(counts[rows], share / share.sum() * 12_000).pvalue > PASS


def test_weights_decide_within_a_region():
    layer = layer_of(shapely.box(10.0, 40.0, 12.0, 42.0))
    grid = gr.study_grid((10.0, 40.0, 12.0, 42.0), resolution=5)
    inner = grid[shapely.box(10.0, 40.0, 12.0, 42.0).contains(grids.cell_polygons(grid))]
    people = np.random.default_rng(1).lognormal(0.0, 1.5, len(inner))
    people[::7] = 0.0
    frame = points(11, 41, precision="admin1")
    for keys in (inner.tolist(), cells_to_strings(inner).tolist()):
        weights = pd.Series(people, index=keys)
        found = gr.draw_locations(frame, layer, places=10_000, seed=6, weights=weights)
        assert found.weighted.tolist() == [True]
        cell = h3_cells(lon=found.lon[:, 0], lat=found.lat[:, 0], resolution=5)
        counts = np.array([(cell == c).sum() for c in inner])
        assert counts.sum() == 10_000
        assert (counts[people == 0.0] == 0).all()
        lived = people > 0.0
        expected = people[lived] / people.sum() * 10_000
        assert stats.chisquare(counts[lived], expected).pvalue > PASS
    most = inner[np.argmax(people)]  # within a cell by area: its seven children alike
    children = h3_cells(lon=found.lon[:, 0], lat=found.lat[:, 0], resolution=6)[cell == most]
    inside = grids.cell_parents(children, 5) == most
    assert inside.mean() > 0.8
    assert stats.chisquare(np.unique(children[inside], return_counts=True)[1]).pvalue > PASS


def test_cells_that_stick_out_of_the_region_count_by_what_lies_inside():
    box = shapely.box(10.0, 40.0, 10.4, 40.4)
    layer = layer_of(box)
    grid = gr.study_grid(box, resolution=5)
    found = gr.draw_locations(
        points(10.2, 40.2, precision="admin1"), layer, places=5000, seed=7,
        weights=dict(zip(grid.tolist(), cell_areas_km2(grid))),
    )  # fmt: skip
    # density 1 everywhere: the same as by area
    assert stats.kstest((found.lon[:, 0] - 10.0) / 0.4, "uniform").pvalue > PASS


@pytest.mark.parametrize("distribution", DISTRIBUTIONS)
def test_weights_decide_within_a_disc(distribution):
    """Against the share of each cell among equally likely points times its density."""
    grid = gr.study_grid(lon=[20.0], lat=[50.0], radius_km=400.0, resolution=4)
    people = np.random.default_rng(2).lognormal(0.0, 1.0, len(grid))
    found = gr.draw_locations(
        points(20, 50, 40.0), places=6000, seed=8, distribution=distribution,
        weights=dict(zip(grid.tolist(), people)),
    )  # fmt: skip
    assert found.weighted.all()
    x, y = disc_points(
        np.array([20.0]), np.array([50.0]), np.array([40.0]), distribution=distribution,
        points=100_000,
    )  # fmt: skip
    density = dict(zip(grid.tolist(), people / cell_areas_km2(grid)))
    cell, count = np.unique(h3_cells(lon=x[0], lat=y[0], resolution=4), return_counts=True)
    share = np.array([density.get(int(c), 0.0) for c in cell]) * count
    drawn = h3_cells(lon=found.lon[:, 0], lat=found.lat[:, 0], resolution=4)
    counts = np.array([(drawn == c).sum() for c in cell])
    large = share / share.sum() * 6000 > 20
    observed = np.append(counts[large], 6000 - counts[large].sum())
    expected = np.append(share[large], share[~large].sum()) / share.sum() * 6000
    kept = expected > 0.0
    assert (observed[~kept] == 0).all()
    assert stats.chisquare(observed[kept], expected[kept]).pvalue > PASS


def test_a_town_at_the_rim_of_a_disc_still_counts():
    """Nearly all weight lies where hardly a proposal falls; the rest is where nobody lives."""
    near, town = (int(h3_cells(lon=lon, lat=50.0, resolution=7)) for lon in (20.0, 20.09))
    weights = {near: 1.0, town: 1e7}
    found = gr.draw_locations(points(20, 50, 2.5), places=300, seed=1, weights=weights)
    cell = h3_cells(lon=found.lon, lat=found.lat, resolution=7)
    assert set(np.unique(cell).tolist()) <= {near, town}
    km = 6371.0088 * np.radians(np.hypot((found.lon - 20) * np.cos(np.radians(50)), found.lat - 50))
    assert km.max() <= 2.5 * np.sqrt(np.log(1e-4) / np.log(0.05)) * 1.001  # 99.99 % of the law


def test_where_all_weights_are_zero_places_are_drawn_without():
    far = gr.study_grid(lon=[0.0], lat=[0.0], radius_km=20.0, resolution=5)
    frame = points([69.53, 69.53], [36.74, 36.74], [5.0, np.nan], ["place", "admin1"])
    found = gr.draw_locations(frame, places=3, seed=1, weights=dict.fromkeys(far.tolist(), 1.0))
    plain = gr.draw_locations(frame, places=3, seed=1)
    assert not found.weighted.any()
    assert not np.isnan(found.lon).any()
    assert found.spread.tolist() == plain.spread.tolist() == ["disc", "region"]


# --- what is drawn at all ------------------------------------------------------------------------


def mixed():
    return points(
        [69.53, 69.42, 69.53, 69.53, 69.53, np.nan, 3.166667],
        [36.74, 37.07, 36.74, 36.74, 36.74, np.nan, 36.87],
        [np.nan, 25.0, np.nan, np.nan, np.nan, 5.0, np.nan],
        [None, "near_place", "admin1", "country", "none", "place", "admin1"],
    )


def test_each_event_is_spread_over_what_is_known_of_it():
    layer = gr.load_regions()
    found = gr.draw_locations(mixed(), places=50, seed=1)
    want = ["point", "disc", "region", "country", "none", "none", "region"]
    assert found.spread.tolist() == want
    assert found.missing.tolist() == [kind == "none" for kind in want]
    assert (np.isnan(found.lon) == found.missing).all()
    assert (np.isnan(found.lat) == found.missing).all()
    assert (found.lon[:, 0] == 69.53).all()
    assert (found.lat[:, 0] == 36.74).all()
    off_algiers = layer.locate(lon=found.lon[:, 6], lat=found.lat[:, 6])
    assert {layer.country_labels[row] for row in off_algiers} == {"DZA"}


def test_spread_can_be_discs_only_or_whole_regions():
    discs = gr.draw_locations(mixed(), places=2, seed=1, spread="disc")
    assert discs.spread.tolist() == ["point", "disc", *["none"] * 5]
    regions = gr.draw_locations(mixed(), places=20, seed=1, spread="region")
    assert regions.spread.tolist() == [*["region"] * 5, "none", "region"]
    layer = gr.load_regions()
    rows = layer.locate(lon=regions.lon[:, :5], lat=regions.lat[:, :5])
    assert (rows == layer.rows_of("AF-TAK")[0]).all()


def test_discs_can_be_cut_at_the_stated_country():
    """As `region_probabilities` has it: the sea keeps its share, the own country takes the rest."""
    layer = gr.load_regions()
    khwaja = points([69.42] * 3, [37.07] * 3, 25.0, country_stated=["Afghanistan", "Peru", None])
    plain = gr.draw_locations(khwaja, places=500, seed=1)
    cut = gr.draw_locations(khwaja, places=500, seed=1, stated_country="cut")
    labels = np.array([*layer.country_labels, "sea"], dtype=object)
    before, after = (labels[layer.locate(lon=d.lon, lat=d.lat)] for d in (plain, cut))
    assert set(before[:, 0]) == {"AFG", "TJK"}
    assert set(after[:, 0]) == {"AFG"}
    alone, home = (
        gr.draw_locations(khwaja.iloc[:1], places=500, seed=1, stated_country=how)
        for how in ("ignore", "cut")
    )
    stayed = labels[layer.locate(lon=alone.lon, lat=alone.lat)] == "AFG"
    np.testing.assert_array_equal(home.lon[stayed], alone.lon[stayed])
    assert (home.lon[~stayed] != alone.lon[~stayed]).all()
    assert "TJK" in set(after[:, 1]) & set(after[:, 2])  # Peru is out of reach, None is nowhere
    # the lake shore of Togo and Benin: sea, own and other country
    coast = points(1.62, 6.25, 25.0, country_stated="Togo")
    found = gr.draw_locations(coast, places=4000, seed=2, stated_country="cut")
    there = labels[layer.locate(lon=found.lon[:, 0], lat=found.lat[:, 0])]
    assert set(there) == {"TGO", "sea"}
    want = gr.region_probabilities(coast, stated_country="cut", points=4000)
    share = want.groupby("region_code")["probability"].sum()
    assert set(want["country_code"]) == {"TGO"}
    assert (there == "TGO").mean() == pytest.approx(share.sum(), abs=0.025)
    region = np.array([*layer.columns["region_code"], ""], dtype=object)[
        layer.locate(lon=found.lon[:, 0], lat=found.lat[:, 0])
    ]
    for code, probability in share.items():
        assert (region == code).mean() == pytest.approx(probability, abs=0.025)


def test_a_finer_layer_has_no_place_for_provinces():
    world = gr.load_regions()
    fine = type(world)(
        world.coverage, world.columns, name="fine", level=2, fingerprint=world.fingerprint
    )
    found = gr.draw_locations(points([69.5] * 2, [36.7] * 2, precision=["admin1", "admin2"]), fine)
    assert found.spread.tolist() == ["none", "region"]


# --- seeds and order -----------------------------------------------------------------------------


def test_seeds_repeat_and_first_draws_do_not_depend_on_their_number():
    frame = mixed()
    one, two = (gr.draw_locations(frame, places=20, seed=9) for _ in range(2))
    np.testing.assert_array_equal(one.lon, two.lon)
    few = gr.draw_locations(frame, places=5, seed=9)
    np.testing.assert_array_equal(one.lat[:5], few.lat)
    other = gr.draw_locations(frame, places=5, seed=10)
    assert (other.lon[:, 1:4] != few.lon[:, 1:4]).all()
    fresh = [gr.draw_locations(frame, places=1).lon[0, 1] for _ in range(2)]
    assert fresh[0] != fresh[1]
    taken = [
        gr.draw_locations(frame, places=2, seed=np.random.default_rng(4)).lon[:, 1:4]
        for _ in range(2)
    ]
    np.testing.assert_array_equal(*taken)


def test_draws_are_independent_of_each_other():
    found = gr.draw_locations(points([0, 0], [0, 0], 10.0), places=3000, seed=1)
    for values in (found.lon, found.lat):
        assert abs(np.corrcoef(values[:, 0], values[:, 1])[0, 1]) < 0.06
        assert abs(np.corrcoef(values[1:, 0], values[:-1, 0])[0, 1]) < 0.06


def test_neither_index_nor_row_order_matter():
    frame = mixed()
    found = gr.draw_locations(frame, places=4, seed=2)
    order = np.array([5, 2, 6, 0, 3, 1, 4])
    turned = frame.iloc[order].set_index(pd.Index(["x"] * 7))
    again = gr.draw_locations(turned, places=4, seed=2)
    np.testing.assert_array_equal(again.lon, found.lon[:, order])
    np.testing.assert_array_equal(again.lat, found.lat[:, order])
    assert again.spread.tolist() == found.spread[order].tolist()


# --- arguments -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"places": 0}, ValueError, "Invalid places: 0"),
        ({"places": 2.5}, TypeError, "Invalid places: 2.5 is not an integer"),
        ({"spread": "cell"}, ValueError, "Invalid spread: 'cell'"),
        ({"distribution": "cauchy"}, ValueError, "Invalid distribution"),
        ({"coverage": 1.0}, ValueError, "Invalid coverage"),
        ({"stated_country": "keep"}, ValueError, "Invalid stated_country"),
        ({"weights": [1.0]}, TypeError, "Invalid weights: list"),
        ({"weights": {"85283083fffffff": -1.0}}, ValueError, "1 of 1 are negative"),
        ({"weights": {"85283083fffffff": 0.0}}, ValueError, "not all have weight 0"),
        ({"weights": {}}, ValueError, "not all have weight 0"),
        (
            {"weights": {"85283083fffffff": 1.0, "872830828ffffff": 1.0}},
            ValueError,
            r"resolutions: \[5, 7\]",
        ),
        (
            {"weights": pd.Series([1.0, 2.0], index=["85283083fffffff"] * 2)},
            ValueError,
            "more than once",
        ),
    ],
)
def test_bad_options_are_refused(options, error, message):
    with pytest.raises(error, match=message):
        gr.draw_locations(points(1.2, 9.0, 5.0), **{"places": 1, **options})


def test_bad_frames_are_refused():
    with pytest.raises(ValueError, match="Invalid location_uncertainty_km"):
        gr.draw_locations(points(1.2, 9.0, -5.0))
    with pytest.raises(TypeError, match="is not a GeoDataFrame"):
        gr.draw_locations(pd.DataFrame())
    empty = gr.draw_locations(geopandas.GeoDataFrame(geometry=[], crs=4326), places=3)
    assert empty.lon.shape == (3, 0)
    assert len(empty) == 3
    assert repr(empty) == "<LocationDraws: 3 draws of 0 events>"


def test_weights_that_hardly_touch_a_region_are_refused_not_waited_for():
    layer = layer_of(shapely.box(10.0, 40.0, 10.000001, 40.000001))
    cell = h3_cells(lon=10.0, lat=40.0, resolution=2)
    with pytest.raises(ValueError, match="could not be drawn"):
        gr.draw_locations(
            points(10.0000005, 40.0000005, precision="admin1"), layer, places=1, seed=1,
            weights={int(cell): 1.0},
        )  # fmt: skip
