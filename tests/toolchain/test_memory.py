"""Peak of resident memory of the kernels, in processes of their own (Linux)."""

from __future__ import annotations

import sys
from functools import cache
from pathlib import Path

import pytest
from paths import ROOT

sys.path.insert(0, str(ROOT / "benchmarks"))
import bench_locate
import bench_places
import common

pytestmark = pytest.mark.skipif(
    not Path("/proc/self/status").exists(), reason="peaks are read from /proc, which is Linux's"
)
LIMIT_MB = 500  # of BENCHMARKS: the kernels on 1 M points
NAMES_MB = 150  # the gazetteer and its indexes


@cache
def peak(name: str, chunks: int, n: int) -> float:
    call = bench_locate._CALLS[name]
    return common.peak_mb(bench_locate._MEMORY.format(chunks=chunks, n=n, call=call))


@pytest.mark.parametrize("name", ["locate", "borders", "h3"])
def test_a_million_points_stay_below_the_limit(name):
    peak(name, 1, 10)  # builds and keeps the indexes, which takes more
    one = peak(name, 1, 1_000_000)
    assert 50 < one < LIMIT_MB


@pytest.mark.parametrize("name", ["locate", "h3"])
def test_more_chunks_take_no_more_memory(name):
    peak(name, 1, 10)
    assert peak(name, 3, 1_000_000) < 1.05 * peak(name, 1, 1_000_000)


def test_names_take_little_memory():
    """All kinds of look-ups, worldwide and in a country; first without the kept indexes."""
    bench_places.memory_of_look_ups()
    assert 20 < bench_places.memory_of_look_ups() < NAMES_MB


def test_the_peak_is_the_process_s_own():
    """`ru_maxrss` would give the size of this process, which started it."""
    big = bytearray(400_000_000)
    big[::4096] = b"x" * len(big[::4096])
    assert common.peak_mb("x = 1") < 100
    assert common.peak_mb("x = bytearray(200_000_000); x[::4096] = b'x' * len(x[::4096])") > 190
