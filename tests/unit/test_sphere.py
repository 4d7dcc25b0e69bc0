"""The sphere: against pyproj's geodesics on a sphere, closed forms, and each other."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from pyproj import Geod

from geo_risk._core import sphere
from geo_risk._core.constants import EARTH_RADIUS_KM

ROUND = Geod(a=1000.0 * EARTH_RADIUS_KM, b=1000.0 * EARTH_RADIUS_KM)
lons, lats = st.floats(-180, 180), st.floats(-90, 90)
some = settings(max_examples=100)


@given(lons, lats)
@some
def test_directions_have_length_one_and_come_back(lon, lat):
    vector = sphere.unit_vectors(lon, lat)
    assert vector.shape == (3,)
    assert np.linalg.norm(vector) == pytest.approx(1.0, rel=1e-15)
    x, y = sphere.lonlat_of_vectors(7.0 * vector)
    assert y == pytest.approx(lat, abs=1e-13)
    assert np.cos(np.radians(lat)) * abs((x - lon + 180) % 360 - 180) < 1e-13


def test_directions_keep_shape_and_missing_values():
    vectors = sphere.unit_vectors(np.array([[0.0, 90.0, np.nan]]), np.array([[0.0], [90.0]]))
    assert vectors.shape == (2, 3, 3)
    np.testing.assert_allclose(vectors[0, :2], [[1, 0, 0], [0, 1, 0]], atol=1e-16)
    np.testing.assert_allclose(vectors[1, 0], [0, 0, 1], atol=1e-16)
    assert np.isnan(vectors[:, 2, :2]).all()


@given(lons, lats, lons, lats)
@some
def test_distances_are_those_of_geodesics_on_a_sphere(lon0, lat0, lon1, lat1):
    truth = ROUND.inv(lon0, lat0, lon1, lat1)[2] / 1000.0
    chord = np.linalg.norm(sphere.unit_vectors(lon0, lat0) - sphere.unit_vectors(lon1, lat1))
    near_antipode = 1e-3 if truth > 20_000 else 1e-6  # both forms lose digits there
    assert sphere.arc_km(chord) == pytest.approx(truth, abs=near_antipode)
    assert sphere.great_circle_km(lon1, lat1, lon0, lat0) == pytest.approx(truth, abs=near_antipode)
    assert sphere.chord_of(truth / EARTH_RADIUS_KM) == pytest.approx(chord, abs=1e-9)


def test_chords_end_at_the_antipode():
    np.testing.assert_allclose(sphere.chord_of([0.0, np.pi / 3, np.pi, 4.0]), [0, 1, 2, 2])
    assert sphere.arc_km(2.0 + 1e-12) == pytest.approx(np.pi * EARTH_RADIUS_KM)


@given(lons, st.floats(-89, 89), st.floats(0, 19_000), st.floats(0, 2 * np.pi))
@some
def test_moves_are_along_geodesics_on_a_sphere(lon, lat, km, bearing):
    x, y = sphere.move(*map(np.array, (lon, lat, km, bearing)))
    goal = ROUND.fwd(lon, lat, np.degrees(bearing), 1000.0 * km)[:2]
    assert sphere.great_circle_km(x, y, *goal) < 1e-5
    if km == 0:
        assert (x, y) == (lon, lat)


BOX = np.array([[10.0, 20.0], [40.0, 20.0], [40.0, 50.0], [10.0, 50.0], [10.0, 20.0]])
BOX_AREA = np.radians(30.0) * (np.sin(np.radians(50.0)) - np.sin(np.radians(20.0)))


def densified(ring, n=2000):
    """Points along the edges, straight in longitude and latitude."""
    t = np.linspace(0.0, 1.0, n, endpoint=False)[:, None]
    points = [a + t * (b - a) for a, b in pairwise(ring)]
    return np.concatenate([*points, ring[-1:]])


def test_areas_of_a_box_have_a_closed_form():
    assert sphere.signed_areas(BOX[:-1], BOX[1:]).sum() == pytest.approx(-BOX_AREA, rel=1e-14)
    assert sphere.signed_areas(BOX[1:], BOX[:-1]).sum() == pytest.approx(BOX_AREA, rel=1e-14)
    offsets = np.array([0, 5, 10])
    twice = np.concatenate([BOX, BOX[::-1]])
    np.testing.assert_allclose(sphere.ring_areas(twice, offsets), [BOX_AREA] * 2, rtol=1e-14)


@given(st.lists(st.tuples(lons, lats), min_size=3, max_size=3, unique=True))
@some
def test_the_area_of_a_straight_edge_is_the_sum_of_its_pieces(corners):
    ring = np.array([*corners, corners[0]])
    pieces = densified(ring, 50)
    whole = sphere.signed_areas(ring[:-1], ring[1:]).sum()
    assert whole == pytest.approx(sphere.signed_areas(pieces[:-1], pieces[1:]).sum(), abs=1e-12)


def test_vectors_of_rings_point_to_middles_and_are_as_long_as_areas():
    small = 0.01 * (BOX - 30.0) + [179.0, 60.0]
    rings = np.concatenate([densified(small, 20), densified(small, 20)[::-1]])
    offsets = np.array([0, len(rings) // 2, len(rings)])
    vectors = sphere.ring_vectors(rings, offsets)
    np.testing.assert_allclose(vectors[0], vectors[1], rtol=1e-9)
    area = sphere.ring_areas(rings, offsets)
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), area, rtol=1e-4)
    lon, lat = sphere.lonlat_of_vectors(vectors[0])
    assert lon == pytest.approx(small[:-1, 0].mean(), abs=1e-4)
    assert lat == pytest.approx(small[:-1, 1].mean(), abs=1e-3)


def test_the_vector_of_a_hemisphere_is_half_as_long_as_its_area():
    equator = np.column_stack([np.linspace(-180.0, 180.0, 721), np.zeros(721)])
    pole = np.array([[180.0, 90.0], [-180.0, 90.0], [-180.0, 0.0]])
    vector = sphere.ring_vectors(np.concatenate([equator, pole]), np.array([0, 724]))
    np.testing.assert_allclose(vector, [[0.0, 0.0, np.pi]], atol=1e-12)


def test_solid_angles_of_octants():
    octant = np.eye(3)
    assert sphere.solid_angle(octant) == pytest.approx(np.pi / 2)
    lune = np.array([[1, 0, 0], [0, 1, 0], [0, 0, 1], [0.6, -0.0, 0.8]], dtype=float)
    assert sphere.solid_angle(lune) == pytest.approx(np.pi / 2)
