"""A layer of a million vertices."""

from __future__ import annotations

import geopandas
import numpy as np
import pytest
import shapely
from growth import assert_grows, seconds

import geo_risk as gr


def test_a_large_layer_keeps_every_vertex(tmp_path):
    """A million vertices in one ring, the size of the bundled layer, through the same door."""
    angle = np.linspace(0, 2 * np.pi, 1_000_001)
    ring = np.column_stack([10 + 5 * np.cos(angle), 10 + 5 * np.sin(angle)])
    ring[-1] = ring[0]
    frame = geopandas.GeoDataFrame(
        {"pcode": ["A"]}, geometry=[shapely.Polygon(ring)], crs="EPSG:4326"
    )
    frame.to_parquet(tmp_path / "large.parquet")
    layer = gr.load_regions(tmp_path / "large.parquet", code="pcode")
    assert len(layer.coverage.coords) == 1_000_001
    assert layer.locate(lon=[10.0, 15.1], lat=[10.0, 10.0]).tolist() == [0, -1]


def jagged(n: int) -> list[shapely.Polygon]:
    """A ring of n vertices, none of them where a smooth one would have it."""
    angle = np.linspace(0, 2 * np.pi, n, endpoint=False)
    radius = 5 + 0.0005 * np.random.default_rng(0).random(n)
    return [shapely.Polygon(np.column_stack([65 + radius * np.cos(angle),
                                             34 + radius * np.sin(angle)]))]  # fmt: skip


def spiky(n: int) -> list[shapely.Polygon]:
    """A ring of spikes: its edges are long, and close to many others."""
    angle = np.linspace(0, 2 * np.pi, n, endpoint=False)
    radius = 5 * (1 + 0.02 * np.random.default_rng(0).uniform(-1, 1, n))
    return [shapely.Polygon(np.column_stack([10 + radius * np.cos(angle),
                                             10 + radius * np.sin(angle)]))]  # fmt: skip


def neighbours(n: int) -> list[shapely.Polygon]:
    """Two regions of n vertices in all that share a border of n / 2."""
    lat = np.linspace(30, 38, n // 2)
    border = np.column_stack([65 + 0.001 * np.random.default_rng(0).random(n // 2), lat])
    return [shapely.Polygon(np.vstack([border, [[lon, 38], [lon, 30]]])) for lon in (60, 70)]


def load(shapes: list[shapely.Polygon]) -> None:
    """Load shapes as a layer, with its borders."""
    frame = geopandas.GeoDataFrame(
        {"pcode": [f"A{k}" for k in range(len(shapes))]}, geometry=shapes, crs="EPSG:4326"
    )
    layer = gr.load_regions(frame, code="pcode")
    gr.load_borders(layer)
    assert len(layer.coverage.coords) == shapely.get_num_coordinates(shapes).sum()


@pytest.mark.parametrize("shapes", [jagged, spiky, neighbours])
def test_a_million_vertices_load_in_time(shapes):
    """In a time that grows little more than the vertices do, and in 20 s of one processor.

    Four times as many took 5.6 and 6.2 times as long; what is quadratic would take 16 times.
    """
    load(shapes(1000))
    quarter, whole, million = (shapes(n) for n in (150_000, 600_000, 1_000_000))
    assert_grows(lambda: load(quarter), lambda: load(whole), at_most=10)
    assert any(seconds(lambda: load(million)) <= 20.0 for _ in range(4))
