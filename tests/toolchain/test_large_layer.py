"""A layer of a million vertices."""

from __future__ import annotations

import geopandas
import numpy as np
import shapely

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
