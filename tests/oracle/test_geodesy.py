from __future__ import annotations

import math

import numpy as np
import pyproj
import pytest
from geographiclib.geodesic import Geodesic
from hypothesis import example, given, settings, strategies as st

from geo_risk._core import geodesic as geodesy
from geo_risk._core.constants import WGS84_A, WGS84_F
from geo_risk.borders._nearest import _arc_error, _reach

GEOD = pyproj.Geod(ellps="WGS84")
LON, LAT = st.floats(-180, 180), st.floats(-90, 90)


def uniform(rng, n):
    return rng.uniform(-180, 180, n), np.degrees(np.arcsin(rng.uniform(-1, 1, n)))


def wrap(lon):
    return (lon + 180) % 360 - 180


def pairs(rng, name, n=20_000):
    lon1, lat1 = uniform(rng, n)
    lon2, lat2 = uniform(rng, n)
    if name == "random":
        return lon1, lat1, lon2, lat2
    if name.startswith("antipodal"):
        width = float(name.split()[1])
        lon2 = wrap(lon1 + 180 + rng.uniform(-width, width, n))
        lat2 = np.clip(-lat1 + rng.uniform(-width, width, n), -90, 90)
    elif name.startswith("near"):
        width = float(name.split()[1])
        lon2 = wrap(lon1 + rng.uniform(-width, width, n))
        lat2 = np.clip(lat1 + rng.uniform(-width, width, n), -90, 90)
    elif name == "equator":
        lat1, lat2 = 0 * lat1, 0 * lat1
    elif name == "equator, antipodal":
        lat1, lat2 = 0 * lat1, 0 * lat1
        lon2 = wrap(lon1 + 180 + rng.uniform(-0.7, 0.7, n))
    elif name == "meridian":
        lon2 = lon1.copy()
    elif name == "opposite meridian":
        lon2 = wrap(lon1 + 180)
    elif name == "poles":
        lat1 = np.where(rng.random(n) < 0.5, -90.0, 90.0)
    return lon1, lat1, lon2, lat2


@pytest.mark.parametrize(
    "name",
    [
        "random", "antipodal 10", "antipodal 1", "antipodal 0.3", "antipodal 0.001", "antipodal 0",
        "near 5", "near 0.01", "near 1e-6", "near 0", "equator", "equator, antipodal", "meridian",
        "opposite meridian", "poles",
    ],
)  # fmt: skip
def test_lengths_agree_with_karney_within_a_micrometre(name):
    rng = np.random.default_rng(sum(map(ord, name)))
    lon1, lat1, lon2, lat2 = pairs(rng, name)
    expected = GEOD.inv(lon1, lat1, lon2, lat2)[2]
    found = geodesy.geodesic_inverse(lon1, lat1, lon2, lat2)
    assert np.abs(found - expected).max() < 1e-6


def test_missing_coordinates_have_no_length():
    x = np.array([np.nan, 0.0])
    assert np.isnan(geodesy.geodesic_inverse(x, x[::-1].copy(), x, x)).all()


@given(LON, LAT, LON, LAT)
@example(0.0, 0.0, 180.0, 0.0)
@example(0.0, 30.0, 180.0, -30.0)
@example(10.0, 90.0, -170.0, -90.0)
@example(0.0, 0.0, 179.5, 0.0)
@example(-180.0, 5.0, 180.0, 5.0)
@settings(max_examples=150)
def test_length_and_direction_agree_with_geographiclib(lon1, lat1, lon2, lat2):
    want = Geodesic.WGS84.Inverse(lat1, lon1, lat2, lon2)
    length, east, north = geodesy.geodesic(lon1, lat1, lon2, lat2)
    assert length * WGS84_A == pytest.approx(want["s12"], abs=1e-6)
    assert math.hypot(east, north) == pytest.approx(1.0)
    if 1e-3 < want["s12"] < 19_900_000:  # near the antipode several ways are equally short
        azimuth = math.radians(want["azi2"])
        off = math.hypot(east - math.sin(azimuth), north - math.cos(azimuth))
        assert off * want["s12"] < 1e-3  # the direction that turns the way by less than 1 mm


@given(st.integers(-8, 8), st.floats(-45, 45))
def test_sine_and_cosine_of_degrees(quarter, rest):
    s, c = geodesy.sincosd(90.0 * quarter)
    assert (s, c) == [(0, 1), (1, 0), (0, -1), (-1, 0)][quarter % 4]
    angle = 90.0 * quarter + rest
    s, c = geodesy.sincosd(angle)
    assert s == pytest.approx(math.sin(math.radians(angle)), abs=1e-14)
    assert c == pytest.approx(math.cos(math.radians(angle)), abs=1e-14)


def test_positions_agree_with_proj():
    lon, lat = uniform(np.random.default_rng(1), 1000)
    to_space = pyproj.Transformer.from_crs("EPSG:4979", "EPSG:4978", always_xy=True)
    expected = np.column_stack(to_space.transform(lon, lat, np.zeros(1000)))
    assert np.abs(geodesy.positions(lon, lat) * WGS84_A - expected).max() < 1e-7


@given(LAT)
def test_the_antimeridian_is_one_line(lat):
    assert geodesy.position(-180.0, lat) == geodesy.position(180.0, lat)
    assert geodesy.geodesic(-180.0, lat, 180.0, lat)[0] == 0.0


@pytest.mark.parametrize(
    ("km", "limit_m"), [(0.001, 1e-8), (100, 2e-8), (500, 6e-6), (640, 2e-5), (1000, 2e-4)]
)
def test_arc_over_the_chord(km, limit_m):
    rng = np.random.default_rng(int(km))
    lon, lat = uniform(rng, 5000)
    lon2, lat2, _ = GEOD.fwd(lon, lat, rng.uniform(0, 360, 5000), np.full(5000, km * 1000.0))
    p, q = geodesy.positions(lon, lat), geodesy.positions(lon2, lat2)
    arc = np.array([geodesy.arc_from_chord(*a, *b) for a, b in zip(p, q)]) * WGS84_A
    assert np.abs(arc - GEOD.inv(lon, lat, lon2, lat2)[2]).max() < limit_m


@pytest.mark.parametrize("km", [700, 1000, 2000, 4000, 6000, 8000, 10_000])
def test_the_error_allowed_to_the_arc_is_twice_what_it_has(km):
    rng = np.random.default_rng(km)
    lon, lat = uniform(rng, 20_000)
    lon2, lat2, _ = GEOD.fwd(lon, lat, rng.uniform(0, 360, 20_000), np.full(20_000, km * 1000.0))
    p, q = geodesy.positions(lon, lat), geodesy.positions(lon2, lat2)
    arc = np.array([geodesy.arc_from_chord(*a, *b) for a, b in zip(p, q)])
    exact = GEOD.inv(lon, lat, lon2, lat2)[2] / WGS84_A
    assert 2 * np.abs(arc - exact).max() < _arc_error(km * 1000.0 / WGS84_A)


@given(LON, LAT, LON, LAT)
@settings(max_examples=300)
def test_a_geodesic_lies_between_the_arcs_of_the_extreme_radii(lon1, lat1, lon2, lat2):
    p = np.array(geodesy.position(lon1, lat1))
    q = np.array(geodesy.position(lon2, lat2))
    chord = float(np.linalg.norm(p - q))
    length = GEOD.inv(lon1, lat1, lon2, lat2)[2] / WGS84_A
    least, greatest = (1 - WGS84_F) ** 2, 1 / (1 - WGS84_F)
    assert 2 * greatest * math.asin(chord / 2 / greatest) <= length + 1e-14
    if chord < 1.96:
        assert length <= 2 * least * math.asin(chord / 2 / least) + 1e-14
    assert geodesy.chord_of_arc(length) >= chord - 1e-14


def test_geodesics_beyond_the_bound_have_long_chords():
    rng = np.random.default_rng(8)
    lon, lat = uniform(rng, 50_000)
    off, azimuth = rng.uniform(0, 120_000, 50_000), rng.uniform(0, 360, 50_000)
    lon2, lat2, _ = GEOD.fwd(wrap(lon + 180), -lat, azimuth, off)
    length = GEOD.inv(lon, lat, lon2, lat2)[2] / WGS84_A
    chord = np.linalg.norm(geodesy.positions(lon, lat) - geodesy.positions(lon2, lat2), axis=1)
    far = length > math.pi * (1 - WGS84_F) ** 2
    assert far.sum() > 10_000
    assert chord[far].min() > 1.96


@given(st.floats(0, 2))
@settings(max_examples=300)
def test_the_reach_of_a_chord_covers_every_geodesic_as_short(chord):
    """What is farther than the reach is farther than any geodesic over the chord."""
    least, greatest = (1 - WGS84_F) ** 2, 1 / (1 - WGS84_F)
    longest = 2 * least * math.asin(min(1.0, chord / 2 / least))
    if chord > 1.96:
        longest = math.pi * (1 - WGS84_F / 2)  # above the half meridian, 3.1363
    shortest_beyond = 2 * greatest * math.asin(min(1.0, geodesy.chord_limit(chord) / 2 / greatest))
    assert shortest_beyond >= longest - 1e-12
    assert _reach(chord) >= geodesy.chord_limit(chord)
