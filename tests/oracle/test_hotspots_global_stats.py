"""Global Moran's I, Geary's C, General G: spdep's values and their moments by brute force."""

from __future__ import annotations

import json
from itertools import permutations

import numpy as np
import pytest
from hotspot_cases import LATTICES, chain, grid, lattice, row_standardised
from scipy import sparse

from geo_risk.hotspots import geary_c, general_g, moran

RNG = np.random.default_rng(8)


@pytest.mark.parametrize("name", LATTICES)
def test_as_in_spdep(name: str) -> None:
    x, weights, folder = lattice(name)
    wanted = json.loads((folder / "global_spdep.json").read_text())
    standardised = row_standardised(weights)
    i, g = moran(x, standardised, adjust_n=True), general_g(x, weights, adjust_n=True)
    c = geary_c(x, standardised, adjust_n=True)
    found = [i.statistic, i.expectation, i.variance, i.z]
    np.testing.assert_allclose(found, [*wanted["moran_I"], wanted["moran_z"]], rtol=1e-10)
    found = [g.statistic, g.expectation, g.variance, g.z]
    np.testing.assert_allclose(found, [*wanted["G"], wanted["G_z"][0][0]], rtol=1e-10)
    np.testing.assert_allclose([c.statistic, c.expectation], wanted["C"][:2], rtol=1e-10)
    if "islands" not in name:  # with islands, spdep's variance of C mixes n = 98 and n = 100
        np.testing.assert_allclose([c.variance, -c.z], [wanted["C"][2], wanted["C_z"]], rtol=1e-10)


@pytest.mark.parametrize("function", [moran, geary_c, general_g])
def test_moments_over_every_order(function) -> None:
    x = np.array([0.0, 3.0, 1.0, 1.0, 7.0, 2.0])
    dense = RNG.random((6, 6)) * (RNG.random((6, 6)) < 0.6)
    np.fill_diagonal(dense, 0)
    dense[2] = 0  # an island is a unit like any other
    weights = sparse.csr_array(dense)
    every = [function(np.array(order), weights).statistic for order in permutations(x)]
    result = function(x, weights)
    assert result.expectation == pytest.approx(np.mean(every), rel=1e-12)
    assert result.variance == pytest.approx(np.var(every), rel=1e-10)


@pytest.mark.parametrize("function", [moran, geary_c, general_g])
def test_simulated_p(function) -> None:
    x, weights = RNG.gamma(2.0, size=100), grid(10)
    analytic = function(x, weights)
    simulated = function(x, weights, permutations=999, seed=1)
    assert simulated.p_method == "permutation"
    assert abs(simulated.p_value - analytic.p_value) < 0.12
    assert simulated == function(x, weights, permutations=999, seed=1)
    smooth = np.repeat(np.arange(10.0), 10)
    assert function(smooth, weights, permutations=99, seed=1).p_value == pytest.approx(0.02)


def test_normality_variance_of_moran() -> None:
    weights = grid(8)
    draws = [moran(RNG.normal(size=64), weights).statistic for _ in range(2000)]
    result = moran(RNG.normal(size=64), weights, assumption="normality")
    assert result.variance == pytest.approx(np.var(draws), rel=0.15)


def test_signs() -> None:
    smooth, rough = np.arange(30.0), np.arange(30.0) % 2
    assert moran(smooth, chain(30)).z > 4 > 0 > -4 > moran(rough, chain(30)).z
    assert geary_c(smooth, chain(30)).z < -4 < 0 < 4 < geary_c(rough, chain(30)).z
    heap = np.r_[np.zeros(20), 5, 6, 7, np.zeros(7)]
    assert general_g(heap, chain(30)).z > 3
    assert general_g(1.0 - (heap > 0), chain(30)).p_high < 0.5


def test_nothing_can_be_said() -> None:
    for function in (moran, geary_c, general_g):
        for x, weights in (
            (np.ones(9), chain(9)),
            (np.arange(3.0), chain(3)),
            (np.arange(9.0), sparse.csr_array((9, 9))),
            ([], sparse.csr_array((0, 0))),
        ):
            assert np.isnan(function(x, weights).z)
            assert np.isnan(function(x, weights).p_value)
    assert np.isnan(general_g([0, 0, 0, 0, 5, 0], chain(6)).statistic)


def test_bad_input() -> None:
    with pytest.raises(ValueError, match="1 of 9 are negative; first at index 0: -1"):
        general_g(np.arange(9.0) - 1, chain(9))
    with pytest.raises(ValueError, match="Invalid assumption: 'poisson'"):
        moran(np.arange(9.0), chain(9), assumption="poisson")
    with pytest.raises(ValueError, match="Invalid permutations: -3"):
        moran(np.arange(9.0), chain(9), permutations=-3)
    with pytest.raises(ValueError, match="Invalid permutations: 9 with adjust_n=True"):
        geary_c(np.arange(9.0), chain(9), permutations=9, adjust_n=True)
