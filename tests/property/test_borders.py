from __future__ import annotations

import numpy as np
import pytest
import shapely
from hypothesis import given, settings, strategies as st
from layer_cases import layer_of
from oracles_borders import GEOD, brute_force, every_edge
from strategies import coverages, lonlats

from geo_risk.borders import BorderDistances, load_borders

KINDS = ["land", "any", "outline", "line"]
KIND = st.sampled_from(KINDS)
FIELDS = tuple(BorderDistances.__dataclass_fields__)


@pytest.fixture(scope="module")
def world():
    return load_borders()


def split(points):
    lon, lat = np.array(points, dtype=float).reshape(-1, 2).T
    return lon, lat


def same(first, second):
    for name in FIELDS:
        np.testing.assert_array_equal(getattr(first, name), getattr(second, name), name)


@given(points=lonlats, kind=KIND)
@settings(max_examples=60)
def test_what_is_found_is_told_consistently(world, points, kind):
    lon, lat = split(points)
    found = world.nearest(lon=lon, lat=lat, kind=kind)
    known = ~np.isnan(found.distance_m)
    rows = world.layer.locate(lon=lon, lat=lat)
    labels = world.layer.country_labels
    region_country = dict(zip(world.layer.columns["region_code"], labels))
    assert found.country_code.tolist() == [labels[r] if r >= 0 else None for r in rows]
    assert (found.distance_m[known] >= 0).all()
    length = GEOD.inv(lon[known], lat[known], found.foot_lon[known], found.foot_lat[known])[2]
    np.testing.assert_allclose(found.distance_m[known], length, atol=1e-5)
    for i in range(len(lon)):
        country, other = found.country_code[i], found.other_country_code[i]
        if not known[i]:
            nothing = (other, found.region_code[i], found.other_region_code[i], found.edge[i])
            assert nothing == (None, None, None, -1)
            continue
        assert country != other
        assert other is None or region_country[found.other_region_code[i]] == other
        assert kind == "outline" or other is not None
        if kind in ("land", "outline"):
            assert region_country[found.region_code[i]] == country
        edge, topology = found.edge[i], world.layer.topology
        on = (found.foot_lon[i] - topology.ax[edge]) * (topology.by[edge] - topology.ay[edge]) - (
            found.foot_lat[i] - topology.ay[edge]
        ) * (topology.bx[edge] - topology.ax[edge])
        assert abs(on) < 1e-11  # the foot lies on the edge that is named


@given(points=lonlats)
@settings(max_examples=40)
def test_wider_kinds_are_never_farther(world, points):
    lon, lat = split(points)
    d = {kind: world.nearest(lon=lon, lat=lat, kind=kind).distance_m for kind in KINDS}
    land = ~np.isnan(d["land"])
    for wider in ("any", "outline", "line"):
        assert (d[wider][land] <= d["land"][land] + 1e-6).all()
    assert not np.isnan(d["line"]).any()
    assert not np.isnan(d["any"]).any()


@given(points=lonlats, kind=KIND, bearing=st.floats(0, 360), log_step=st.floats(-3, 7))
@settings(max_examples=60)
def test_a_step_changes_the_distance_by_no_more_than_the_step(
    world, points, kind, bearing, log_step
):
    lon, lat = split(points)
    step = 10.0**log_step
    lon2, lat2, _ = GEOD.fwd(lon, lat, np.full_like(lon, bearing), np.full_like(lon, step))
    lat2 = np.clip(lat2, -90, 90)
    way = GEOD.inv(lon, lat, lon2, lat2)[2]
    for country in ("RUS", "CHL"):  # one border for both ends of the step
        chosen = country if kind in ("land", "outline") else None
        d = [
            world.nearest(lon=x, lat=y, kind=kind, country=chosen,
                          to=country if kind == "any" else None).distance_m
            for x, y in ((lon, lat), (lon2, lat2))
        ]  # fmt: skip
        both = ~np.isnan(d[0]) & ~np.isnan(d[1])
        assert (np.abs(d[1] - d[0])[both] <= way[both] + 1e-5).all()


@given(data=st.data())
@settings(max_examples=40)
def test_zero_on_the_border(world, data):
    """Vertices exactly; other points of an edge within 0.1 µm and the rounding of degrees."""
    topology, (edges, _, sides) = world.layer.topology, world._network
    edges = edges[sides[:, 1] >= 0]
    pick = data.draw(st.lists(st.integers(0, len(edges) - 1), min_size=1, max_size=30))
    chosen = edges[pick]
    vertex = world.nearest(lon=topology.ax[chosen], lat=topology.ay[chosen], kind="line")
    assert (vertex.distance_m == 0).all()
    t = data.draw(st.floats(0, 1))
    lon = topology.ax[chosen] + t * (topology.bx[chosen] - topology.ax[chosen])
    lat = topology.ay[chosen] + t * (topology.by[chosen] - topology.ay[chosen])
    between = world.nearest(lon=lon, lat=lat, kind="line")
    assert (between.distance_m < 1e-7).all()
    for sides in (topology.left, topology.right):
        owner = [world.layer.country_labels[row] for row in sides[chosen]]
        land = world.nearest(lon=lon, lat=lat, kind="land", country=owner)
        assert (land.distance_m < 1e-7).all()


@given(points=lonlats, kind=KIND, seed=st.integers(0, 2**31))
@settings(max_examples=40)
def test_neither_order_nor_company_nor_threads_matter(world, points, kind, seed):
    lon, lat = split(points)
    rng = np.random.default_rng(seed)
    whole = world.nearest(lon=lon, lat=lat, kind=kind)
    order = rng.permutation(len(lon))
    turned = world.nearest(lon=lon[order], lat=lat[order], kind=kind)
    same(turned, BorderDistances(**{f: getattr(whole, f)[order] for f in FIELDS}))
    alone = world.nearest(lon=lon[0], lat=lat[0], kind=kind)
    same(alone, BorderDistances(**{f: getattr(whole, f)[0] for f in FIELDS}))
    many_lon = np.concatenate([rng.uniform(-180, 180, 200), lon])
    many_lat = np.concatenate([rng.uniform(-90, 90, 200), lat])
    many = world.nearest(lon=many_lon, lat=many_lat, kind=kind, n_jobs=2)
    same(whole, BorderDistances(**{f: getattr(many, f)[200:] for f in FIELDS}))


@given(
    lon=st.floats(-180, 180),
    lat=st.floats(-90, 90),
    log_km=st.floats(-3, 3.5),
    kind=KIND,
    seed=st.integers(0, 2**31),
)
@settings(max_examples=25)
def test_points_that_share_a_search_find_what_each_finds_alone(world, lon, lat, log_km, kind, seed):
    rng = np.random.default_rng(seed)
    x, y, _ = GEOD.fwd(
        np.full(80, lon), np.full(80, lat), rng.uniform(0, 360, 80),
        10.0**log_km * 1000.0 * rng.random(80),
    )  # fmt: skip
    x, y = (x + 180.0) % 360.0 - 180.0, np.clip(y, -90, 90)
    together = world.nearest(lon=x, lat=y, kind=kind)
    for i in range(0, 80, 8):
        alone = world.nearest(lon=x[i], lat=y[i], kind=kind)
        same(alone, BorderDistances(**{f: getattr(together, f)[i] for f in FIELDS}))


def test_more_pieces_are_as_near_as_a_list_holds():
    """A parallel around the pole is cut into thousands of pieces, all equally near."""
    cap, ring = shapely.box(-180, 80, 180, 90), shapely.box(-180, 60, 180, 80)
    borders = load_borders(layer_of([cap, ring], ["NNN", "RRR"]))
    rng = np.random.default_rng(3)
    lon, lat = rng.uniform(-180, 180, 100), 90.0 - rng.choice([0.0, 1e-9, 1e-6, 1e-3, 1.0], 100)
    found = borders.nearest(lon=lon, lat=lat)
    expected = GEOD.inv(lon, lat, lon, np.full(100, 80.0))[2]
    np.testing.assert_allclose(found.distance_m, expected, atol=1e-3)
    assert (found.other_country_code == "RRR").all()


@pytest.mark.parametrize("kind", KINDS)
def test_threads_do_not_matter(world, kind):
    rng = np.random.default_rng(5)
    lon, lat = rng.uniform(-180, 180, 10_000), rng.uniform(-90, 90, 10_000)
    lon[::7] = np.nan
    one, two = (world.nearest(lon=lon, lat=lat, kind=kind, n_jobs=n) for n in (1, 2))
    same(one, two)


@given(lat=st.lists(st.floats(-90, 90), min_size=1, max_size=20), kind=KIND)
@settings(max_examples=30)
def test_both_names_of_the_antimeridian_agree(world, lat, kind):
    west = world.nearest(lon=-180.0, lat=lat, kind=kind, country="RUS")
    east = world.nearest(lon=180.0, lat=lat, kind=kind, country="RUS")
    for name in FIELDS:
        if name != "foot_lon":  # a point may be its own foot, under its own name
            np.testing.assert_array_equal(getattr(west, name), getattr(east, name), name)


@given(points=lonlats, kind=KIND, max_km=st.floats(0, 3000))
@settings(max_examples=40)
def test_a_limit_only_hides_what_is_beyond_it(world, points, kind, max_km):
    lon, lat = split(points)
    free = world.nearest(lon=lon, lat=lat, kind=kind)
    held = world.nearest(lon=lon, lat=lat, kind=kind, max_km=max_km)
    within = free.distance_m <= max_km * 1000
    np.testing.assert_array_equal(held.distance_m, np.where(within, free.distance_m, np.nan))
    np.testing.assert_array_equal(held.edge, np.where(within, free.edge, -1))


@given(points=lonlats, k=st.integers(1, 5), kind=st.sampled_from(["any", "land"]))
@settings(max_examples=30)
def test_nearest_countries_are_distinct_and_in_order(world, points, k, kind):
    lon, lat = split(points)
    several = world.nearest_countries(lon=lon, lat=lat, k=k, kind=kind)
    first = world.nearest(lon=lon, lat=lat, kind=kind)
    for name in FIELDS:
        np.testing.assert_array_equal(getattr(several, name)[:, 0], getattr(first, name), name)
    for i in range(len(lon)):
        others = [code for code in several.other_country_code[i] if code is not None]
        assert len(set(others)) == len(others)
        assert first.country_code[i] not in others
        distances = several.distance_m[i, : len(others)]
        assert (np.diff(distances) >= -1e-6).all()
        assert np.isnan(several.distance_m[i, len(others) :]).all()
        for code, distance in zip(others, distances):  # the same as asking for each by name
            named = world.nearest(lon=lon[i], lat=lat[i], kind=kind, to=code)
            assert named.distance_m == pytest.approx(distance, abs=1e-6)
            assert named.other_country_code == code


@given(shapes=coverages(), data=st.data())
@settings(max_examples=12)
def test_small_coverages_against_every_edge(shapes, data):
    """Long slanted edges, holes, the antimeridian, the poles; countries dealt at random."""
    countries = data.draw(
        st.lists(st.sampled_from("ABC"), min_size=len(shapes), max_size=len(shapes))
    )
    borders = load_borders(layer_of(shapes, countries))
    edges = every_edge(borders.layer)
    assert len(edges.a) == len(borders._network[0])
    seed = data.draw(st.integers(0, 2**32 - 1))
    rng = np.random.default_rng(seed)
    corner = shapes[0].bounds
    lon = np.clip(rng.uniform(corner[0] - 3, corner[2] + 3, 2), -180, 180)
    lat = np.clip(rng.uniform(corner[1] - 3, corner[3] + 3, 2), -90, 90)
    for kind in KINDS:
        found = borders.nearest(
            lon=lon, lat=lat, kind=kind, country="A" if "A" in countries else None
        )
        if kind == "any":
            continue  # 0 inside, which edges do not tell
        for i in range(2):
            own = found.country_code[i]
            expected, sides = brute_force(edges, edges.of_kind(kind, own), lon[i], lat[i])
            assert found.distance_m[i] == pytest.approx(expected, abs=1e-4, nan_ok=True)
            if not np.isnan(expected):
                assert any({found.other_country_code[i]} - {None} <= s for s in sides)
