"""Track regressions of the kernels with pytest-benchmark; not part of the test suite.

    python -m pytest benchmarks/test_kernels.py -n 0 --benchmark-autosave
    python -m pytest benchmarks/test_kernels.py -n 0 --benchmark-compare \\
        --benchmark-compare-fail=min:20%

The first command saves a run under `.benchmarks/`, the second compares with the last saved run and
fails if the minimum time of a kernel has grown by a fifth. Needs the extra `bench`.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("pytest_benchmark")
sys.path.insert(0, str(Path(__file__).resolve().parent))
import bench_cells
import bench_hotspots
import common

import geo_risk as gr
from geo_risk import cells
from geo_risk.hotspots import gi_star

N = 100_000


@pytest.fixture(scope="module")
def points() -> dict[str, common.Points]:
    """The three point sets."""
    return common.point_sets(N)


@pytest.mark.parametrize("name", ["U", "C", "B"])
def test_locate(benchmark: Any, points: dict[str, common.Points], name: str) -> None:
    """Point to region."""
    lon, lat = points[name]
    rows = benchmark(gr.load_regions().locate, lon=lon, lat=lat)
    assert rows.shape == lon.shape


@pytest.mark.parametrize("kind", ["line", "land", "any", "outline"])
@pytest.mark.parametrize("name", ["U", "C", "B"])
def test_borders(benchmark: Any, points: dict[str, common.Points], name: str, kind: str) -> None:
    """Distance to the nearest border of a kind."""
    lon, lat = points[name]
    found = benchmark(gr.load_borders().nearest, lon=lon, lat=lat, kind=kind)
    assert np.isfinite(found.distance_m).any()


@pytest.mark.parametrize("resolution", [0, 7, 15])
def test_h3_cells(benchmark: Any, points: dict[str, common.Points], resolution: int) -> None:
    """Lon/lat to H3."""
    lon, lat = points["C"]
    found = benchmark(gr.h3_cells, lon=lon, lat=lat, resolution=resolution)
    assert (found != 0).all()


@pytest.mark.parametrize("k", [1, 2])
def test_neighbor_graph(benchmark: Any, k: int) -> None:
    """Neighbour graph."""
    grid = bench_cells.some_cells(N)
    assert benchmark(cells.neighbor_graph, grid, k=k).shape == (grid.size, grid.size)


@pytest.mark.parametrize("p_method", ["analytic", "exact"])
def test_gi_star(benchmark: Any, p_method: str) -> None:
    """Gi*."""
    weights = bench_hotspots.disc(N)
    x = np.random.default_rng(common.SEED).poisson(3.0, weights.shape[0]).astype(float)
    found = benchmark(gi_star, x, weights, star=False, p_method=p_method)
    assert found.z.shape == x.shape
