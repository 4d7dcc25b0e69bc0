from __future__ import annotations

import itertools
import runpy

import numpy as np
import pytest
import shapely
from layer_cases import layer_of
from oracles_borders import GEOD, brute_force, every_edge
from paths import ROOT, shared

from geo_risk.borders import BorderDistances, load_borders
from geo_risk.errors import UnknownRegionError
from geo_risk.regions import RegionLayer, load_regions
from geo_risk.regions.coverage import from_geometries

A = 6378137.0
PLACES = {"Taloqan": (69.53451, 36.73605), "Khwaja Ghar": (69.42126, 37.06588),
          "Fayzabad": (70.58002, 37.11664)}  # fmt: skip


def box(west, south, east, north):
    return shapely.Polygon([(west, south), (east, south), (east, north), (west, north)])


@pytest.fixture(scope="module")
def plain():
    """AAA | BBB | CCC side by side on the equator, an island DDD, and AAA's second region."""
    shapes = [
        box(0, -2, 2, 2), box(2, -2, 4, 2), box(4, -2, 6, 2), box(20, -2, 22, 2), box(-2, -2, 0, 2)
    ]  # fmt: skip
    return load_borders(layer_of(shapes, ["AAA", "BBB", "CCC", "DDD", "AAA"]))


@pytest.fixture(scope="module")
def world():
    return load_borders()


@pytest.fixture(scope="module")
def world_edges(world):
    return every_edge(world.layer)


# --- the four kinds, on figures that can be checked by hand -------------------------------------


def test_land(plain):
    found = plain.nearest(lon=[1.0, 2.5, 3.9, -1.0], lat=0.0)
    assert isinstance(found, BorderDistances)
    assert found.country_code.tolist() == ["AAA", "BBB", "BBB", "AAA"]
    assert found.other_country_code.tolist() == ["BBB", "AAA", "CCC", "BBB"]
    assert found.region_code.tolist() == ["R0", "R1", "R1", "R0"]
    assert found.other_region_code.tolist() == ["R1", "R0", "R2", "R1"]
    # along the equator the geodesic is an arc of the circle of radius a
    np.testing.assert_allclose(found.distance_m, A * np.radians([1, 0.5, 0.1, 3]), rtol=1e-12)
    np.testing.assert_allclose(found.foot_lon, [2, 2, 4, 2])
    np.testing.assert_allclose(found.foot_lat, 0, atol=1e-9)


def test_islands_and_points_in_no_country_have_no_land_border(plain):
    found = plain.nearest(lon=[21, 10, np.nan], lat=[0, 0, 0])
    assert np.isnan(found.distance_m).all()
    assert np.isnan(found.foot_lon).all()
    assert found.country_code.tolist() == ["DDD", None, None]
    for codes in (found.other_country_code, found.region_code, found.other_region_code):
        assert codes.tolist() == [None, None, None]
    assert found.edge.tolist() == [-1, -1, -1]


def test_a_country_given_for_a_point_counts_instead_of_its_own(plain):
    at_sea = plain.nearest(lon=8.0, lat=0.0, country="CCC")
    assert at_sea.distance_m == pytest.approx(A * np.radians(4))
    assert (at_sea.country_code, at_sea.other_country_code) == ("CCC", "BBB")
    mixed = plain.nearest(lon=[1.0, 1.0], lat=0.0, country=["CCC", None])
    assert mixed.country_code.tolist() == ["CCC", "AAA"]
    np.testing.assert_allclose(mixed.distance_m, A * np.radians([3, 1]))


def test_any_reaches_across_water(plain):
    found = plain.nearest(lon=[21.0, 1.0, 12.0], lat=0.0, kind="any")
    assert found.other_country_code.tolist() == ["CCC", "BBB", "CCC"]
    assert found.other_region_code.tolist() == ["R2", "R1", "R2"]
    assert found.region_code.tolist() == [None, "R0", None]
    np.testing.assert_allclose(found.distance_m, A * np.radians([15, 1, 6]))


def test_any_is_zero_inside_the_other_country(plain):
    found = plain.nearest(lon=3.0, lat=0.5, kind="any", country="AAA")
    assert (found.distance_m, found.country_code, found.other_country_code) == (0, "AAA", "BBB")
    assert (found.foot_lon, found.foot_lat, found.edge) == (3.0, 0.5, -1)
    assert found.other_region_code == "R1"
    to_third = plain.nearest(lon=3.0, lat=0.5, kind="any", country="AAA", to="CCC")
    assert to_third.other_country_code == "CCC"
    assert to_third.foot_lon == 4.0


def test_outline_includes_the_coast(plain):
    found = plain.nearest(lon=[1.0, 1.9, 21.5], lat=[1.5, 0.0, 0.0], kind="outline")
    assert found.other_country_code.tolist() == [None, "BBB", None]
    assert found.region_code.tolist() == ["R0", "R0", "R3"]
    assert found.distance_m[0] == pytest.approx(GEOD.inv(1, 1.5, 1, 2)[2], abs=1e-6)


def test_line_is_whoevers_border(plain):
    found = plain.nearest(lon=[21.0, 8.0, 1.0, 2.9], lat=0.0, kind="line")
    assert found.country_code.tolist() == ["DDD", None, "AAA", "BBB"]
    assert found.other_country_code.tolist() == ["BBB", "BBB", "BBB", "AAA"]
    assert found.region_code.tolist() == ["R2", "R2", "R0", "R1"]
    assert found.other_region_code.tolist() == ["R1", "R1", "R1", "R0"]
    np.testing.assert_allclose(found.distance_m, A * np.radians([17, 4, 1, 0.9]))


def test_only_the_border_with_one_country(plain):
    land = plain.nearest(lon=[2.1, 2.1, 2.1], lat=0.0, to=["AAA", "CCC", "DDD"])
    np.testing.assert_allclose(land.distance_m, A * np.radians([0.1, 1.9, np.nan]))
    assert land.other_country_code.tolist() == ["AAA", "CCC", None]
    over_sea = plain.nearest(lon=2.1, lat=0.0, kind="any", to="DDD")
    assert over_sea.distance_m == pytest.approx(A * np.radians(17.9))
    line = plain.nearest(lon=[2.1, 5.0, 1.0], lat=0.0, kind="line", to="CCC")
    assert line.other_country_code.tolist() == ["CCC", "BBB", "CCC"]
    own = plain.nearest(lon=1.0, lat=0.0, kind="any", to="AAA")
    assert np.isnan(own.distance_m)


def test_farther_than_max_km_is_none(plain):
    found = plain.nearest(lon=[1.9, 1.0], lat=0.0, max_km=50)
    assert found.distance_m[0] == pytest.approx(A * np.radians(0.1))
    assert np.isnan(found.distance_m[1])
    assert found.other_country_code.tolist() == ["BBB", None]
    exactly = found.distance_m[0] / 1000
    assert plain.nearest(lon=1.9, lat=0.0, max_km=exactly).other_country_code == "BBB"
    assert plain.nearest(lon=1.9, lat=0.0, max_km=0).other_country_code == np.array(None)


def test_nearest_countries(plain):
    found = plain.nearest_countries(lon=[1.0, 21.0, np.nan], lat=0.0, k=4)
    assert found.other_country_code.tolist() == [
        ["BBB", "CCC", "DDD", None],
        ["CCC", "BBB", "AAA", None],
        [None] * 4,
    ]
    np.testing.assert_allclose(found.distance_m[0, :3], A * np.radians([1, 3, 19]))
    assert np.isnan(found.distance_m[0, 3])
    assert found.country_code[:, 0].tolist() == ["AAA", "DDD", None]
    land = plain.nearest_countries(lon=2.5, lat=0.0, k=3, kind="land")
    assert land.other_country_code.tolist() == ["AAA", "CCC", None]
    assert land.distance_m.shape == (3,)
    inside = plain.nearest_countries(lon=3.0, lat=0.0, k=2, country="AAA")
    assert inside.other_country_code.tolist() == ["BBB", "CCC"]
    assert inside.distance_m[0] == 0


# --- where the maths is easily wrong ------------------------------------------------------------


def test_a_long_edge_is_the_straight_line_in_degrees_not_a_geodesic():
    """28° of a parallel drawn as one edge: the geodesic between its ends runs 80 km north of it."""
    borders = load_borders(
        layer_of([box(-123, 40, -95, 49), box(-123, 49, -95, 60)], ["USA", "CAN"])
    )
    found = borders.nearest(lon=[-109.0, -109.0], lat=[48.0, 50.0])
    expected = [GEOD.inv(-109, lat, -109, 49)[2] for lat in (48, 50)]
    np.testing.assert_allclose(found.distance_m, expected, atol=1e-6)
    assert found.foot_lat.tolist() == [49.0, 49.0]
    on_it = borders.nearest(lon=np.linspace(-122, -96, 100), lat=49.0)
    assert on_it.distance_m.max() < 1e-6


@pytest.mark.parametrize("order", [[0, 1, 2, 3], [3, 1, 0, 2], [2, 0, 3, 1]])
def test_ties_go_to_the_own_border_then_to_the_lowest_row_across(order):
    """Four countries meet in one point."""
    shapes = [box(0, 0, 2, 2), box(-2, 0, 0, 2), box(-2, -2, 0, 0), box(0, -2, 2, 0)]
    borders = load_borders(layer_of([shapes[i] for i in order], [f"X{i}" for i in order]))
    lowest_beside = min(i for i in range(4) if order[i] in (1, 3))
    for kind in ("land", "line", "outline"):
        found = borders.nearest(lon=0.0, lat=0.0, kind=kind, country="X0")
        assert found.distance_m == 0.0
        assert found.other_region_code == f"R{lowest_beside}"
        assert found.region_code == f"R{order.index(0)}"
    inside = borders.nearest(lon=1e-7, lat=1e-7, kind="any")
    assert inside.other_region_code in ("R" + str(i) for i in range(4) if order[i] in (1, 3))


def test_ties_within_rounding_are_ties(plain):
    """Halfway between two meridians both are as near, whatever the last digit says."""
    for lat in np.linspace(-1.9, 1.9, 50):
        found = plain.nearest(lon=3.0, lat=lat)
        assert found.other_region_code == "R0"


def test_the_antimeridian_is_no_border_and_no_outline():
    """FFF lies on both sides of ±180, GGG north of it: only their common border counts."""
    borders = load_borders(
        layer_of(
            [box(175, -5, 180, 0), box(-180, -5, -175, 0), box(175, 0, 180, 5)],
            ["FFF", "FFF", "GGG"],
        )
    )
    for lon in (-180.0, 180.0):
        outline = borders.nearest(lon=lon, lat=-2.0, kind="outline", country="FFF")
        assert outline.distance_m == pytest.approx(GEOD.inv(180, -2, 180, 0)[2], abs=1)
    across = borders.nearest(lon=-179.5, lat=-0.1)
    assert across.other_country_code == "GGG"
    assert across.distance_m == pytest.approx(GEOD.inv(-179.5, -0.1, 180, 0)[2], abs=1e-6)


def test_poles_and_a_cap_around_one():
    cap = box(-180, 80, 180, 90)
    ring = box(-180, 60, 180, 80)
    borders = load_borders(layer_of([cap, ring], ["NNN", "RRR"]))
    found = borders.nearest(lon=[0.0, 123.0, -180.0], lat=90.0)
    np.testing.assert_allclose(found.distance_m, GEOD.inv(0, 90, 0, 80)[2], atol=1e-6)
    assert found.other_country_code.tolist() == ["RRR"] * 3


def test_a_country_without_code_goes_by_its_unit():
    borders = load_borders(
        layer_of([box(0, 0, 1, 1), box(1, 0, 2, 1)], ["AAA", None], ["A", "CYN"])
    )
    found = borders.nearest(lon=0.5, lat=0.5)
    assert found.other_country_code == "CYN"
    assert borders.pairs == [("AAA", "CYN")]


def test_relabelling_regions_moves_borders_not_lines(plain):
    shapes = [box(0, 0, 1, 1), box(1, 0, 2, 1), box(2, 0, 3, 1)]
    here = load_borders(layer_of(shapes, ["AAA", "AAA", "BBB"]))
    there = load_borders(layer_of(shapes, ["AAA", "BBB", "BBB"]))
    assert here.nearest(lon=0.5, lat=0.5).foot_lon == 2
    assert there.nearest(lon=0.5, lat=0.5).foot_lon == 1


def test_a_country_with_a_thousand_neighbours():
    """A strip of 1,000 small countries along one long one: more roots than a stack is deep."""
    x = np.linspace(0, 10, 1001)
    long = shapely.Polygon([(0, -1), (10, -1), *[(v, 0) for v in x[::-1]]])
    strip = [box(a, 0, b, 1) for a, b in itertools.pairwise(x)]
    borders = load_borders(layer_of([long, *strip], ["LLL", *[f"S{i:03}" for i in range(1000)]]))
    found = borders.nearest(lon=x[:-1] + 0.005, lat=-0.5, kind="land")
    assert found.other_country_code.tolist() == [f"S{i:03}" for i in range(1000)]
    several = borders.nearest_countries(lon=5.0042, lat=-0.5, k=3)
    assert several.other_country_code.tolist() == ["S500", "S499", "S501"]


def test_layers_without_borders():
    alone = load_borders(layer_of([box(0, 0, 1, 1)], ["AAA"]))
    for kind in ("land", "line", "any"):
        assert np.isnan(alone.nearest(lon=0.5, lat=0.5, kind=kind).distance_m)
    assert alone.nearest(lon=0.5, lat=0.5, kind="outline").distance_m > 0
    assert alone.pairs == []
    assert len(alone.table) == 0
    empty = load_borders(layer_of([shapely.Polygon()], ["AAA"]))
    for kind in ("land", "line", "any", "outline"):
        assert np.isnan(empty.nearest(lon=0.5, lat=0.5, kind=kind).distance_m)


# --- shapes of input and output -----------------------------------------------------------------


@pytest.mark.parametrize("shape", [(), (0,), (1,), (5,), (2, 3)])
def test_answers_have_the_shape_of_the_question(plain, shape):
    lon = np.full(shape, 1.0)
    found = plain.nearest(lon=lon, lat=0.0)
    for name in BorderDistances.__dataclass_fields__:
        assert getattr(found, name).shape == shape
    several = plain.nearest_countries(lon=lon, lat=0.0, k=2)
    for name in BorderDistances.__dataclass_fields__:
        assert getattr(several, name).shape == (*shape, 2)


def test_the_input_is_not_changed(plain):
    lon, lat = np.array([1.0, np.nan]), np.array([0.0, 1.0])
    plain.nearest(lon=lon, lat=lat, kind="any")
    np.testing.assert_array_equal(lon, [1.0, np.nan])
    np.testing.assert_array_equal(lat, [0.0, 1.0])


def test_dtypes(plain):
    found = plain.nearest(lon=[1.0], lat=[0.0])
    kinds = {name: getattr(found, name).dtype for name in BorderDistances.__dataclass_fields__}
    for name in ("distance_m", "foot_lon", "foot_lat"):
        assert kinds[name] == np.float64
    assert kinds["edge"] == np.int64
    for name in ("country_code", "other_country_code", "region_code", "other_region_code"):
        assert kinds[name] == np.dtype(object)


def test_edge_points_into_the_topology(plain):
    found = plain.nearest(lon=1.0, lat=0.0)
    topology = plain.layer.topology
    assert topology.ax[found.edge] == topology.bx[found.edge] == 2.0


# --- bad input ----------------------------------------------------------------------------------


def test_bad_arguments(plain):
    with pytest.raises(ValueError, match=r"Invalid kind: 'sea'; must be one of 'land', 'any'"):
        plain.nearest(lon=0, lat=0, kind="sea")
    with pytest.raises(ValueError, match=r"Invalid to: kind='outline' has no other country"):
        plain.nearest(lon=0, lat=0, kind="outline", to="BBB")
    with pytest.raises(ValueError, match=r"Invalid lat: 1 of 1 values outside \[-90, 90\]"):
        plain.nearest(lon=0, lat=95)
    with pytest.raises(ValueError, match=r"Invalid max_km: -1; must be in \[0, inf\]"):
        plain.nearest(lon=0, lat=0, max_km=-1)
    with pytest.raises(ValueError, match=r"Invalid n_jobs: 0"):
        plain.nearest(lon=0, lat=0, n_jobs=0)
    with pytest.raises(ValueError, match=r"Invalid country: 1 codes for 2 points"):
        plain.nearest(lon=[0, 1], lat=0, country=["AAA"])
    with pytest.raises(UnknownRegionError, match=r"Invalid to: .* no country 'AAB'.* matches: AAA"):
        plain.nearest(lon=0, lat=0, to="AAB")
    with pytest.raises(UnknownRegionError, match=r"Invalid country: .* no country 'Tajikistan'"):
        plain.nearest(lon=0, lat=0, country="Tajikistan")
    with pytest.raises(ValueError, match=r"Invalid kind: 'line'; must be one of 'any', 'land'"):
        plain.nearest_countries(lon=0, lat=0, kind="line")
    with pytest.raises(ValueError, match=r"Invalid k: 0; must be at least 1"):
        plain.nearest_countries(lon=0, lat=0, k=0)
    with pytest.raises(TypeError, match=r"Invalid k: 1.5 is not an integer"):
        plain.nearest_countries(lon=0, lat=0, k=1.5)
    with pytest.raises(TypeError, match=r"Invalid layer: str is not a RegionLayer"):
        load_borders("world")


# --- layers that end at a border ----------------------------------------------------------------


def test_across_the_end_of_a_layer_lies_what_its_context_says():
    """One country whose outline is drawn 0.02° off; west of it lies the sea."""
    north = shapely.Polygon([(0, 2), (2, 2), (4, 2), (4, 4), (0, 4)])
    wide = layer_of([box(0, 0, 2, 2), box(2, 0, 4, 2), north], ["AAA", "BBB", "CCC"])
    alone = layer_of([box(0.02, 0.02, 1, 1.98), box(1, 0.02, 1.98, 1.98)], ["AAA", "AAA"])
    borders = load_borders(alone, context=wide, context_km=5)
    found = borders.nearest(lon=[1.5, 0.5, 1.9], lat=[1.0, 1.5, 1.8])
    assert found.country_code.tolist() == ["AAA"] * 3
    assert found.other_country_code.tolist() == ["BBB", "CCC", "BBB"]
    assert found.region_code.tolist() == ["R1", "R0", "R1"]
    assert found.other_region_code.tolist() == ["R1", "R2", "R1"]  # the context's codes
    assert found.foot_lon[0] == pytest.approx(1.98)  # the layer's own line
    coast = borders.nearest(lon=0.1, lat=1.0, kind="outline")
    assert (coast.other_country_code, coast.foot_lon) == (None, pytest.approx(0.02))
    assert borders.pairs == [("AAA", "BBB"), ("AAA", "CCC")]
    assert borders.table["length_km"].min() > 200
    # where the context's outline is farther than allowed, nobody is said to be across
    strict = load_borders(alone, context=wide, context_km=1)
    assert np.isnan(strict.nearest(lon=1.5, lat=1.0).distance_m)
    assert np.isnan(load_borders(alone, context=None).nearest(lon=1.5, lat=1.0).distance_m)
    # by default as far as both layers err, and a layer that does not say errs as the other does
    assert borders.context_km == 5
    wide.provenance["nominal_accuracy"] = {"max_m": 3000}
    assert load_borders(alone, context=wide).context_km == 6
    alone.provenance["nominal_accuracy"] = {"max_m": 1000}
    assert load_borders(alone, context=wide, context_km=None).context_km == 6  # known already
    assert load_borders(alone, context=wide) is load_borders(alone, context=wide)


def test_bad_context(plain):
    with pytest.raises(TypeError, match=r"Invalid context: int is not a RegionLayer"):
        load_borders(plain.layer, context=3)
    with pytest.raises(ValueError, match=r"Invalid context: 'osm'; must be one of 'natural_earth'"):
        load_borders(plain.layer, context="osm")
    with pytest.raises(ValueError, match=r"Invalid context_km: -1"):
        load_borders(plain.layer, context_km=-1)


@pytest.mark.parametrize("name", ["ADM1.geojson", "ADM2.parquet"])
def test_a_users_layer_of_one_country_agrees_with_the_world(world, name):
    """geoBoundaries' provinces and districts: the way to Tajikistan, within what layers err."""
    import geopandas

    path = shared(f"data/boundaries/geoBoundaries-AFG-{name}")
    frame = geopandas.read_parquet(path) if name.endswith("parquet") else geopandas.read_file(path)
    rows = len(frame)
    columns = {
        "region_code": [f"D{i}" for i in range(rows)],
        "region_name": frame["shapeName"].tolist(),
        "country_code": ["AFG"] * rows,
        "unit_code": ["AFG"] * rows,
    }
    layer = RegionLayer(from_geometries(frame.geometry.to_numpy()), columns, name=name)
    borders = load_borders(layer)
    lon, lat = np.array(list(PLACES.values())).T
    here, there = borders.nearest(lon=lon, lat=lat), world.nearest(lon=lon, lat=lat)
    assert here.other_country_code.tolist() == ["TJK"] * 3
    np.testing.assert_allclose(here.distance_m, there.distance_m, atol=1000 * borders.context_km)
    assert {b if a == "AFG" else a for a, b in borders.pairs} == {
        "CHN", "IRN", "PAK", "TJK", "TKM", "UZB"
    }  # fmt: skip
    length = borders.table.set_index(["country_code_1", "country_code_2"])["length_km"]
    known = world.table.set_index(["country_code_1", "country_code_2"])["length_km"]
    assert length["AFG", "TJK"] == pytest.approx(known["AFG", "TJK"], rel=0.35)


# --- the index is kept --------------------------------------------------------------------------


def test_a_kept_index_gives_the_same_answers(tmp_path, monkeypatch):
    monkeypatch.setenv("GEO_RISK_CACHE_DIR", str(tmp_path))
    shapes = [box(0, 0, 1, 1), box(1, 0, 2, 1), box(2, 0, 3, 1)]

    def fresh(countries):
        layer = layer_of(shapes, countries)
        layer.fingerprint = "shapes"
        return load_borders(layer)

    first = fresh(["AAA", "BBB", "CCC"]).nearest(lon=[0.5, 1.4], lat=0.5)
    files = list(tmp_path.glob("*/borders-*.bin"))
    assert len(files) == 1
    again = fresh(["AAA", "BBB", "CCC"])
    second = again.nearest(lon=[0.5, 1.4], lat=0.5)
    assert "topology" not in vars(again.layer.geometry)  # nothing was built
    for name in BorderDistances.__dataclass_fields__:
        np.testing.assert_array_equal(getattr(first, name), getattr(second, name))
    # other countries on the same polygons are another index
    other = fresh(["AAA", "AAA", "CCC"]).nearest(lon=0.5, lat=0.5)
    assert other.foot_lon == 2.0
    assert len(list(tmp_path.glob("*/borders-*.bin"))) == 2
    # a damaged file is built again
    files[0].write_bytes(b"nothing")
    assert fresh(["AAA", "BBB", "CCC"]).nearest(lon=0.5, lat=0.5).foot_lon == 1.0


# --- the world ----------------------------------------------------------------------------------


def test_the_network_is_that_of_the_rings(world, world_edges):
    assert len(world._network[0]) == len(world_edges.a)
    pairs = {tuple(sorted(c)) for c in world_edges.countries if len(c) == 2}
    assert set(world.pairs) == pairs


@pytest.mark.parametrize("place", PLACES)
def test_north_east_afghanistan_against_every_edge(world, world_edges, place):
    lon, lat = PLACES[place]
    found = world.nearest(lon=lon, lat=lat)
    assert (found.country_code, found.other_country_code) == ("AFG", "TJK")
    expected, sides = brute_force(world_edges, world_edges.of_kind("land", "AFG"), lon, lat)
    assert found.distance_m == pytest.approx(expected, abs=1e-3)
    assert sides == {frozenset({"AFG", "TJK"})}
    assert GEOD.inv(lon, lat, found.foot_lon, found.foot_lat)[2] == pytest.approx(
        found.distance_m, abs=1e-6
    )


@pytest.mark.parametrize(("kind", "n"), [("line", 80), ("any", 40), ("land", 50), ("outline", 30)])
def test_200_points_worldwide_against_every_edge(world, world_edges, kind, n):
    """<= 1 cm below 2,000 km, <= 5 cm anywhere; measured: 6 µm."""
    rng = np.random.default_rng(len(kind))
    lon, lat = rng.uniform(-180, 180, 20 * n), np.degrees(np.arcsin(rng.uniform(-1, 1, 20 * n)))
    if kind in ("land", "outline"):
        ashore = world.layer.locate(lon=lon, lat=lat) >= 0
        lon, lat = lon[ashore], lat[ashore]
    lon, lat = lon[:n], lat[:n]
    found = world.nearest(lon=lon, lat=lat, kind=kind)
    for i in range(n):
        own = found.country_code[i]
        expected, sides = brute_force(world_edges, world_edges.of_kind(kind, own), lon[i], lat[i])
        if np.isnan(expected):
            assert np.isnan(found.distance_m[i])
            continue
        assert found.distance_m[i] == pytest.approx(
            expected, abs=0.01 if expected < 2e6 else 0.05
        ), (lon[i], lat[i])
        other = found.other_country_code[i]
        assert any({other} - {None} <= countries for countries in sides)


@pytest.mark.parametrize("to", ["AFG", "NZL", "CHL"])
def test_far_away_territory_against_every_edge(world, world_edges, to):
    """Up to the antipodes, where least geodesics and least chords part ways."""
    rng = np.random.default_rng(9)
    lon, lat = rng.uniform(-180, 180, 8), np.degrees(np.arcsin(rng.uniform(-1, 1, 8)))
    found = world.nearest(lon=lon, lat=lat, kind="any", to=to)
    chosen = world_edges.of_kind("any", None, to)
    for i in range(len(lon)):
        expected, _ = brute_force(world_edges, chosen, lon[i], lat[i])
        assert found.distance_m[i] == pytest.approx(expected, abs=0.05)


def test_table(world):
    table = world.table
    assert table.crs == "EPSG:4326"
    assert list(zip(table["country_code_1"], table["country_code_2"])) == world.pairs
    row = table[(table["country_code_1"] == "AFG") & (table["country_code_2"] == "TJK")]
    line = row.geometry.iloc[0]
    total = sum(GEOD.geometry_length(part) for part in getattr(line, "geoms", [line]))
    assert row["length_km"].iloc[0] == pytest.approx(total / 1000, rel=1e-4)
    assert 220_000 < table["length_km"].sum() < 245_000


@pytest.mark.parametrize("country", ["AFG", "FRA", "RUS", "CYN", "NZL"])
def test_pairs_are_the_neighbours_that_the_layer_names(world, country):
    beside = {b if a == country else a for a, b in world.pairs if country in (a, b)}
    assert beside == set(world.layer.neighbors(country, of="countries"))


def test_the_accuracy_benchmark_runs_small(capsys):
    bench = runpy.run_path(str(ROOT / "benchmarks" / "border_accuracy.py"))
    result = bench["main"](["--points", "10"])
    assert result["beyond_promise"] == result["undefined_differs"] == []
    assert result["other_country_wrong"] == []
    assert result["comparisons"] >= 15
    assert '"beyond_promise": []' in capsys.readouterr().out


def test_the_same_layer_has_the_same_borders(world):
    assert load_borders(load_regions()) is world
    assert repr(world).startswith("<Borders of 'natural_earth'")
