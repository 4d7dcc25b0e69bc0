"""What must hold of emerging hot spots for every cube."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import given, settings, strategies as st
from scipy import sparse

from geo_risk.hotspots.emerging import emerging
from geo_risk.hotspots.emerging_rules import CATEGORIES, hotspot_categories
from geo_risk.hotspots.space_time import space_time_cube

seeds = st.integers(0, 2**32 - 1)


def field(seed: int) -> tuple[np.ndarray, Any]:
    rng = np.random.default_rng(seed)
    n, n_periods = int(rng.integers(4, 15)), int(rng.integers(4, 9))
    links = np.triu(rng.random((n, n)) < 0.3, 1).astype(float)
    cube = rng.poisson(rng.choice([0.2, 3.0]), (n, n_periods)) * rng.choice([1, 4], (n, 1))
    return cube, sparse.csr_array(links + links.T)


@given(seeds, st.sampled_from(["cube", "step", "neighborhood"]))
@settings(max_examples=30)
def test_relabelling_the_cells_permutes_the_result(seed: int, window: str) -> None:
    cube, weights = field(seed)
    order = np.random.default_rng(seed).permutation(len(cube))
    one = emerging(cube, weights, window=window)
    two = emerging(cube[order], weights[order][:, order], window=window)
    assert one.category[order].tolist() == two.category.tolist()
    np.testing.assert_allclose(one.z[order], two.z, atol=1e-10)


@given(seeds, st.integers(1, 9), st.integers(0, 50))
@settings(max_examples=30)
def test_the_unit_of_the_values_does_not_matter(seed: int, factor: int, shift: int) -> None:
    cube, weights = field(seed)
    one = emerging(cube, weights, p_method="analytic")
    two = emerging(cube * factor + shift, weights, p_method="analytic")
    np.testing.assert_allclose(one.z, two.z, atol=1e-9)
    assert one.trend.s.tolist() == two.trend.s.tolist() or np.isnan(one.trend.s).all()


@given(seeds)
@settings(max_examples=30)
def test_labels_and_bins_agree(seed: int) -> None:
    cube, weights = field(seed)
    result = emerging(cube, weights)
    allowed = {*CATEGORIES, "isolated", "undefined"}
    assert set(result.category.tolist()) <= allowed
    for category, bins, z in zip(result.category, result.bins, result.z, strict=True):
        if category.endswith("hotspot") and not category.startswith("historical"):
            assert bins[-1] == 1
            assert z[-1] > 0
        if not (bins != 0).any():
            assert category in ("no pattern detected", "isolated", "undefined")


@given(seeds)
@settings(max_examples=40)
def test_cold_is_hot_with_the_sign_turned_round(seed: int) -> None:
    z = np.random.default_rng(seed).normal(0, 2.5, (20, 8))
    one, two = hotspot_categories(z), hotspot_categories(-z)
    turned = {
        c: c.replace("hot", "x").replace("cold", "hot").replace("x", "cold") for c in CATEGORIES
    }
    for a, also, b in zip(one.category, one.also, two.category, strict=True):
        assert turned[str(a)] == b or (also and turned[str(also)] == b)


@given(seeds)
@settings(max_examples=40)
def test_cubes_keep_every_event(seed: int) -> None:
    rng = np.random.default_rng(seed)
    m = int(rng.integers(1, 60))
    unit, time = rng.integers(-1, 5, m), rng.integers(-4, 9, m)
    cube, periods = space_time_cube(unit, time, 5)
    assert cube.sum() == (unit >= 0).sum()
    assert periods.tolist() == list(range(time.min(), time.max() + 1))
    for i in range(5):
        for t, label in enumerate(periods):
            assert cube[i, t] == ((unit == i) & (time == label)).sum()
