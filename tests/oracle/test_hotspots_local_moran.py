"""Local Moran's I: spdep's values, exact p, quadrants, two variables."""

from __future__ import annotations

import numpy as np
import pytest
from hotspot_cases import COUNT_LATTICES, LATTICES, chain, column, grid, lattice, row_standardised
from scipy import sparse

from geo_risk.hotspots import gi_star, local_moran

RNG = np.random.default_rng(5)


@pytest.mark.parametrize(("moments", "short"), [("conditional", "cond"), ("total", "tot")])
@pytest.mark.parametrize("style", ["b", "w"])
@pytest.mark.parametrize("name", LATTICES)
def test_as_in_spdep(name: str, style: str, moments: str, short: str) -> None:
    x, weights, folder = lattice(name)
    if style == "w":
        weights = row_standardised(weights)
    result = local_moran(x, weights, moments=moments, p_method="analytic")
    path, inside = folder / "localmoran_spdep.csv", result.n_neighbors > 0
    np.testing.assert_allclose(
        result.statistic, column(path, f"{style}_pop_cond_I"), rtol=1e-10, atol=1e-14
    )
    for name_here, letter in (
        ("expectation", "E"),
        ("variance", "V"),
        ("z", "z"),
        ("p_value", "p2"),
    ):
        wanted = column(path, f"{style}_pop_{short}_{letter}")
        np.testing.assert_allclose(getattr(result, name_here)[inside], wanted[inside], rtol=1e-10)
        assert np.isnan(getattr(result, name_here)[~inside]).all()
    z = (result.statistic - result.expectation) / np.sqrt(result.variance)
    np.testing.assert_allclose(result.z[inside], z[inside], rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("name", LATTICES)
def test_quadrants_as_in_esda(name: str) -> None:
    x, weights, folder = lattice(name)
    result = local_moran(x, row_standardised(weights), p_method="analytic")
    codes = column(folder / "esda.csv", "lm_w_q").astype(int)
    wanted = np.array(["", "HH", "LH", "LL", "HL"])[codes]
    inside = result.n_neighbors > 0
    assert (result.quadrant_all[inside] == wanted[inside]).all()
    assert (result.quadrant_all[~inside] == "isolated").all()
    shown = result.q_value <= 0.05
    assert (result.quadrant[shown] == wanted[shown]).all()
    assert (result.quadrant[inside & ~shown] == "not significant").all()


@pytest.mark.parametrize("name", LATTICES)
def test_esda_divides_by_n_less_one_but_not_in_its_moments(name: str) -> None:
    """What docs/local_moran.md says of esda 2.9.0."""
    x, weights, folder = lattice(name)
    result = local_moran(x, row_standardised(weights), p_method="analytic")
    inside, share = result.n_neighbors > 0, (x.size - 1) / x.size
    for found, label in (
        (result.statistic * share, "lm_w_I"),
        (result.expectation, "lm_w_EIc"),
        (result.variance, "lm_w_VIc"),
    ):
        theirs = column(folder / "esda.csv", label)
        np.testing.assert_allclose(found[inside], theirs[inside], rtol=1e-9, atol=1e-13)


@pytest.mark.parametrize("name", COUNT_LATTICES)
def test_exact_tails_turn_below_the_mean(name: str) -> None:
    x, weights, folder = lattice(name)
    path = folder / "exact_perm.csv"
    result = local_moran(x, weights)
    assert result.p_method == "exact"
    above = x > x.mean()
    at_least, at_most = column(path, "p_ge_exact"), column(path, "p_le_exact")
    np.testing.assert_allclose(result.p_high, np.where(above, at_least, at_most), rtol=1e-12)
    np.testing.assert_allclose(result.p_low, np.where(above, at_most, at_least), rtol=1e-12)
    np.testing.assert_allclose(result.p_value, column(path, "p_two_sided_2min"), rtol=1e-12)


@pytest.mark.parametrize("name", LATTICES)
def test_z_is_that_of_gi_with_the_sign_of_the_deviation(name: str) -> None:
    x, weights, _ = lattice(name)
    moran = local_moran(x, weights, p_method="analytic")
    gi = gi_star(x, weights, star=False, p_method="analytic")
    np.testing.assert_allclose(moran.z, np.sign(x - x.mean()) * gi.z, rtol=1e-12)


def test_two_variables_by_permutation() -> None:
    n, weights = 64, grid(8)
    x, y = RNG.normal(size=n), RNG.normal(size=n)
    result = local_moran(x, weights, lagged=y)
    dx, dy = x - x.mean(), y - y.mean()
    scale = np.sqrt((dx**2).mean() * (dy**2).mean())
    np.testing.assert_allclose(result.statistic, dx * (weights @ dy) / scale, rtol=1e-12)
    for i in (0, 9, 63):
        near = weights[[i]].indices
        others = np.delete(dy, i)
        draws = np.array([RNG.choice(others, near.size, replace=False).sum() for _ in range(6000)])
        draws *= dx[i] / scale
        assert result.expectation[i] == pytest.approx(draws.mean(), abs=4 * draws.std() / 77)
        assert result.variance[i] == pytest.approx(draws.var(), rel=0.1)
    simulated = local_moran(x, weights, lagged=y, permutations=999, seed=2)
    assert np.corrcoef(simulated.p_value, result.p_value)[0, 1] > 0.99
    same = local_moran(x, weights, lagged=x)
    assert (same.z == local_moran(x, weights).z).all()


def test_a_unit_at_the_mean_is_undefined() -> None:
    result = local_moran([1, 3, 2, 3, 1], chain(5))
    assert result.statistic[2] == 0
    assert np.isnan(result.z[2])
    assert np.isnan(result.p_value[2])
    assert result.quadrant[2] == "undefined"
    tenths = local_moran(np.array([0.1, 0.3, 0.2, 0.3, 0.1]), chain(5))
    assert tenths.quadrant.tolist() == result.quadrant.tolist()


def test_islands_constant_and_empty() -> None:
    weights = sparse.csr_array(sparse.block_diag([chain(9), sparse.csr_array((1, 1))]))
    result = local_moran(np.arange(10.0), weights)
    assert result.quadrant[9] == result.quadrant_all[9] == "isolated"
    assert (local_moran(np.ones(9), chain(9)).quadrant == "undefined").all()
    assert (local_moran(np.ones(9), chain(9), moments="total").quadrant == "undefined").all()
    assert local_moran([], sparse.csr_array((0, 0))).z.size == 0
    assert local_moran([1, 2], chain(2)).quadrant.tolist() == ["undefined"] * 2


def test_bad_options() -> None:
    x = np.arange(9.0)
    with pytest.raises(ValueError, match="Invalid moments: 'half'"):
        local_moran(x, chain(9), moments="half")
    with pytest.raises(ValueError, match='"total" has an analytic p only'):
        local_moran(x, chain(9), moments="total", permutations=99)
    with pytest.raises(ValueError, match='"total" is not defined for two variables'):
        local_moran(x, chain(9), moments="total", lagged=x)
    with pytest.raises(ValueError, match="Invalid lagged: 3 values for 9 units"):
        local_moran(x, chain(9), lagged=[1, 2, 3])
    with pytest.raises(ValueError, match="Invalid lagged: 1 of 9 are missing"):
        local_moran(x, chain(9), lagged=np.where(x == 3, np.nan, x))
