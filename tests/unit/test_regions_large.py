"""Shortcuts for polygons of very many vertices say what GEOS says."""

from __future__ import annotations

import numpy as np
import pytest
import shapely

from geo_risk.regions import overlay, repair
from geo_risk.regions._common_area import common_area, strips_of


def ragged(n: int, lon: float, lat: float, spikes: float, seed: int = 1) -> shapely.Polygon:
    """A star with a hole in it."""
    angle = np.linspace(0, 2 * np.pi, n, endpoint=False)
    ring = np.column_stack([np.cos(angle), np.sin(angle)])
    radius = 2 + spikes * np.random.default_rng(seed).random((n, 1))
    return shapely.Polygon([lon, lat] + radius * ring, [[lon, lat] + 0.3 * ring])


@pytest.mark.parametrize("seed", range(20))
def test_strips_give_the_area_of_the_intersection(seed):
    rng = np.random.default_rng(seed)
    many = ragged(2000, 10 + rng.normal(), 10, 0.2, seed)
    few = ragged(int(rng.integers(3, 300)), 11 + rng.normal(), 11, 0.5, seed)
    few = shapely.union(few, shapely.box(0, 9.5, 8.5, 10)) if seed % 2 else few.reverse()
    expected = shapely.intersection(many, few).area
    for a, b in ((many, few), (few, many), (many.reverse(), few)):
        area, doubt = common_area(strips_of(a), strips_of(b))
        assert doubt < 1e-9
        assert abs(area - expected) <= doubt + 1e-13


def test_what_only_touches_is_left_to_an_overlay(monkeypatch):
    monkeypatch.setattr(overlay, "_LARGE", 5)
    box = shapely.box(0, 0, 1, 1)
    beside = [shapely.box(1, 0, 2, 1), shapely.box(0, 1, 1, 2), shapely.box(0, -1, 1, 0), box]
    row, other, _ = overlay.overlap_table([box], beside)
    assert (row.tolist(), other.tolist()) == ([0], [3])


def test_a_star_is_valid_without_a_look_at_its_edges():
    star = shapely.Polygon(ragged(5000, 10, 10, 0.2).exterior)
    assert repair._is_star(star)
    assert repair._is_star(star.reverse())
    ring = shapely.get_coordinates(star)
    for k in (17, 2500, 4998):
        crossed = ring.copy()
        crossed[[k, k + 1]] = crossed[[k + 1, k]]
        crossed[-1] = crossed[0]
        assert not repair._is_star(shapely.Polygon(crossed))
    twice = np.vstack([ring[:-1], ring * 1.001])  # around the middle two times
    for shape in (shapely.Polygon(twice), ragged(50, 10, 10, 0.2), shapely.MultiPolygon([star])):
        assert not repair._is_star(shape)


def test_a_large_crossed_ring_is_still_repaired(monkeypatch):
    monkeypatch.setattr(repair, "_LARGE", 3)
    bow = shapely.Polygon([(0, 0), (1, 1), (1, 0), (0, 1)])
    shapes = np.array([shapely.box(0, 0, 1, 1), bow, None, ragged(9, 5, 5, 0.1)], dtype=object)
    sound, notes = repair.make_sound(shapes)
    assert [row for row, _ in notes] == [1]
    assert shapely.is_valid(sound[[0, 1, 3]]).all()
