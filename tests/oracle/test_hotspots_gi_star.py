"""Gi and Gi*: reference values, exact and simulated p, labels, bad input."""

from __future__ import annotations

import numpy as np
import pytest
from hotspot_cases import (
    COUNT_LATTICES,
    LATTICES,
    chain,
    column,
    gi_by_definition,
    grid,
    lattice,
    row_standardised,
    tails_by_listing,
)
from scipy import sparse, stats

from geo_risk.hotspots import gi_star, local_moran

RNG = np.random.default_rng(20221112)


@pytest.mark.parametrize("star", [False, True])
@pytest.mark.parametrize("style", ["b", "w"])
@pytest.mark.parametrize("name", LATTICES)
def test_z_ratio_and_analytic_p_as_in_spdep(name: str, style: str, star: bool) -> None:
    x, weights, folder = lattice(name)
    if style == "w":
        weights = row_standardised(weights)
    prefix = f"{'gistar' if star else 'gi'}_{style}"
    z = column(folder / "gi_spdep.csv", f"{prefix}_z")
    g = column(folder / "gi_spdep.csv", f"{prefix}_G")
    result = gi_star(x, weights, star=star, p_method="analytic")
    np.testing.assert_allclose(result.z, z, rtol=1e-10, atol=0)
    np.testing.assert_allclose(result.p_value, 2 * stats.norm.sf(np.abs(z)), rtol=1e-10)
    known = ~np.isnan(z)
    np.testing.assert_allclose(result.g[known], g[known], rtol=1e-12)
    assert np.isnan(result.g[~known]).all()


@pytest.mark.parametrize("star", [False, True])
@pytest.mark.parametrize("name", COUNT_LATTICES)
def test_exact_p_as_by_counting_subsets(name: str, star: bool) -> None:
    x, weights, folder = lattice(name)
    path = folder / "exact_perm.csv"
    for w in (weights, row_standardised(weights)):
        result = gi_star(x, w, star=star)
        assert result.p_method == "exact"
        np.testing.assert_allclose(result.p_high, column(path, "p_ge_exact"), rtol=1e-12)
        np.testing.assert_allclose(result.p_low, column(path, "p_le_exact"), rtol=1e-12)
        np.testing.assert_allclose(result.p_value, column(path, "p_two_sided_2min"), rtol=1e-12)
        mid = gi_star(x, w, star=star, mid_p=True)
        both = column(path, "p_ge_exact") + column(path, "p_gt_exact")
        np.testing.assert_allclose(mid.p_high, both / 2, rtol=1e-10, atol=1e-15)


@pytest.mark.parametrize("seed", range(12))
def test_exact_p_against_every_deal(seed: int) -> None:
    rng = np.random.default_rng(seed)
    n = int(rng.integers(4, 9))
    x = rng.choice([0, 0, 0, 1, 1, 2, 3, 50], n)
    dense = np.triu((rng.random((n, n)) < 0.5).astype(float), 1)
    dense[0] *= rng.random(n) < 0.5  # asymmetric weights too
    result = gi_star(x, sparse.csr_array(dense), max_dispersion=float("inf"))
    listed = np.array(tails_by_listing(x.tolist(), dense))
    defined = ~np.isnan(result.p_value)
    np.testing.assert_allclose(result.p_low[defined], listed[defined, 0], rtol=1e-13)
    np.testing.assert_allclose(result.p_high[defined], listed[defined, 1], rtol=1e-13)
    for i in np.flatnonzero(~defined):  # left undefined only where every deal gives one sum
        assert listed[i, 2] == 1.0


def test_exact_p_keeps_its_digits_far_out() -> None:
    """Six neighbours hold the only six events of 60,000 cells: one deal of C(59999, 6)."""
    n = 60_000
    x = np.zeros(n)
    x[1:7] = 1
    weights = sparse.csr_array((np.ones(6), (np.zeros(6, int), np.arange(1, 7))), shape=(n, n))
    deals = 1.0
    for t in range(6):
        deals *= (n - 1 - t) / (t + 1)
    assert gi_star(x, weights).p_high[0] == pytest.approx(1 / deals, rel=1e-12)


def test_exact_p_against_hypergeometric_for_zeros_and_ones() -> None:
    x = (RNG.random(900) < 0.2).astype(int)
    result = gi_star(x, grid(30))
    k, near = result.n_neighbors, grid(30) @ x
    others = x.sum() - x
    np.testing.assert_allclose(
        result.p_high, stats.hypergeom.sf(near - 1, 899, others, k), rtol=1e-10
    )
    np.testing.assert_allclose(result.p_low, stats.hypergeom.cdf(near, 899, others, k), rtol=1e-10)


def test_exact_p_with_many_neighbours() -> None:
    x = RNG.poisson(1.0, 400)
    weights = sparse.csr_array(np.triu(RNG.random((400, 400)) < 0.4, 1).astype(float))
    result = gi_star(x, weights, p_method="exact")
    simulated = gi_star(x, weights, permutations=999, seed=3)
    some = ~np.isnan(result.p_high)
    error = np.sqrt(result.p_high * (1 - result.p_high) / 999) + 2e-3
    assert (np.abs(simulated.p_high - result.p_high)[some] < 4.5 * error[some]).all()


@pytest.mark.parametrize("deal", ["fresh", "shared"])
@pytest.mark.parametrize("name", COUNT_LATTICES)
def test_simulated_p_within_four_standard_errors(name: str, deal: str) -> None:
    x, weights, folder = lattice(name)
    result = gi_star(x, weights, permutations=9999, seed=7, deal=deal)
    assert result.p_method == "permutation"
    for found, exact in (
        (result.p_high, column(folder / "exact_perm.csv", "p_ge_exact")),
        (result.p_low, column(folder / "exact_perm.csv", "p_le_exact")),
    ):
        error = np.sqrt(exact * (1 - exact) / 9999) + 1 / 10_000
        known = ~np.isnan(exact)
        assert np.isnan(found[~known]).all()
        assert (np.abs(found - exact)[known] <= 4 * error[known]).all()


@pytest.mark.parametrize("name", ["columbus_crime", "ncsids_ft74_CR85"])
def test_simulated_p_of_measurements_as_in_esda(name: str) -> None:
    """Hardly any ties, so that esda's folded p is the smaller of the tails."""
    x, weights, folder = lattice(name)
    for result, label in (
        (gi_star(x, weights, permutations=9999, seed=4), "gi_b_psim_esda_9999"),
        (
            local_moran(x, row_standardised(weights), permutations=9999, seed=5),
            "lm_w_psim_esda_9999",
        ),
    ):
        theirs = column(folder / "esda.csv", label)
        ours = np.minimum(result.p_low, result.p_high)
        error = np.sqrt(2 * theirs * (1 - theirs) / 9999) + 1 / 10_000
        assert (np.abs(ours - theirs) <= 4 * error).all()
        np.testing.assert_allclose(result.p_value, np.minimum(1, 2 * ours), rtol=1e-14)


def test_spdep_draws_with_replacement() -> None:
    """What docs/p_values.md says of spdep 1.2-7: another null hypothesis."""
    x, weights, folder = lattice("columbus_crime")
    theirs = column(folder / "perm_spdep.csv", "gi_Pr.folded..Sim")
    ours = gi_star(x, weights, permutations=99_999, seed=14)
    rng = np.random.default_rng(1)
    replaced = []
    for i in range(x.size):
        near = weights[[i]].indices
        sums = rng.choice(np.delete(x, i), (20_000, near.size)).sum(axis=1)
        replaced.append(min((sums >= x[near].sum()).mean(), (sums <= x[near].sum()).mean()))

    def apart(p: np.ndarray, draws: int) -> float:
        return float(np.abs((theirs - p) / np.sqrt(p * (1 - p) * (1 / 9999 + 1 / draws))).max())

    assert apart(np.minimum(ours.p_low, ours.p_high), 99_999) > 5
    assert apart(np.array(replaced), 20_000) < 4


@pytest.mark.parametrize("name", LATTICES)
def test_esda_of_row_standardised_weights(name: str) -> None:
    """What docs/gi_star.md says of esda 2.9.0: its z is 0.27 to 1.0 of the true one."""
    x, weights, folder = lattice(name)
    result = gi_star(x, weights, star=False, p_method="analytic")
    n, k = x.size - 1, np.maximum(result.n_neighbors, 1)
    ratio = column(folder / "esda.csv", "gi_w_z") / result.z
    known = np.isfinite(ratio)
    np.testing.assert_allclose(ratio[known], np.sqrt((n / k - 1) / (n - 1))[known], rtol=1e-6)
    assert (ratio[known] > 0.265).all()
    assert (ratio[known] <= 1.0 + 1e-9).all()


@pytest.mark.parametrize("deal", ["fresh", "shared"])
def test_simulated_p_of_unequal_weights(deal: str) -> None:
    """Against numpy's own permutations; 30 neighbours take the way for many neighbours."""
    n = 60
    dense = RNG.random((n, n)) * (RNG.random((n, n)) < 0.5)
    np.fill_diagonal(dense, 0)
    dense[:20, 30:] = 0
    x = RNG.gamma(0.5, size=n)
    result = gi_star(x, sparse.csr_array(dense), permutations=1999, seed=5, deal=deal)
    for i in (0, 7, 19, 33, 59):
        others = np.delete(x, i)
        weights = np.delete(dense[i], i)
        sums = np.array([weights @ RNG.permutation(others) for _ in range(4000)])
        p = (sums >= dense[i] @ x).mean()
        error = np.sqrt(max(p * (1 - p), 1e-3) * (1 / 1999 + 1 / 4000))
        assert abs(result.p_high[i] - p) < 4.5 * error


def test_draws_depend_on_the_seed_alone() -> None:
    x, weights = RNG.poisson(2.0, 2500), grid(50)
    one = gi_star(x, weights, permutations=99, seed=11)
    two = gi_star(x, weights, permutations=99, seed=11, n_jobs=2)
    other = gi_star(x, weights, permutations=99, seed=12)
    assert (one.p_value == two.p_value).all()
    assert (one.p_value != other.p_value).any()
    drawn = gi_star(x, weights, permutations=99, seed=np.random.default_rng(4))
    again = gi_star(x, weights, permutations=99, seed=np.random.default_rng(4))
    assert (drawn.p_value == again.p_value).all()


def test_simulation_of_row_standardised_weights_is_that_of_binary() -> None:
    x, weights = RNG.poisson(2.0, 400), grid(20)
    for deal in ("fresh", "shared"):
        one = gi_star(x, weights, permutations=99, seed=1, deal=deal)
        two = gi_star(x, row_standardised(weights), permutations=99, seed=1, deal=deal)
        assert (one.p_value == two.p_value).all()


def test_ties_count_on_both_sides() -> None:
    """Neighbours that are all 0: the smallest sum there is, and a common one."""
    x = np.zeros(100)
    x[50:55] = [0.1, 0.2, 0.3, 0.7, 0.1]
    result = gi_star(x, chain(100), permutations=999, seed=1)
    assert (result.p_low[:48] > 0.85).all()
    assert (result.p_high[:48] == 1.0).all()
    assert (result.p_value[:48] == 1.0).all()


@pytest.mark.parametrize("star", [False, True])
def test_z_of_any_weights_by_definition(star: bool) -> None:
    n = 12
    dense = RNG.random((n, n)) * (RNG.random((n, n)) < 0.4)
    np.fill_diagonal(dense, 0)
    dense[3] = 0
    x = RNG.normal(size=n)
    result = gi_star(x, sparse.csr_array(dense), star=star)
    assert result.p_method == "analytic"
    np.testing.assert_allclose(result.z, gi_by_definition(x, dense, star), rtol=1e-11)


@pytest.mark.parametrize("star", [False, True])
def test_z_beside_one_enormous_value(star: bool) -> None:
    x = np.array([3.0, 1.0, 4.0, 1e9, 5.0, 9.0, 2.0, 6.0])
    result = gi_star(x, chain(8), star=star, p_method="analytic")
    np.testing.assert_allclose(result.z, gi_by_definition(x, chain(8).toarray(), star), rtol=1e-9)


@pytest.mark.parametrize("scale", [1e-300, 1e300, 2.0**-1060])
def test_z_of_extreme_scales(scale: float) -> None:
    x = np.array([3.0, 1.0, 4.0, 1.0, 5.0, 9.0, 2.0, 6.0])
    plain, scaled = gi_star(x, chain(8), p_method="analytic"), gi_star(scale * x, chain(8))
    np.testing.assert_allclose(scaled.z, plain.z, rtol=1e-12)


def test_islands_are_isolated_never_hot() -> None:
    weights = sparse.csr_array(sparse.block_diag([chain(30), sparse.csr_array((1, 1))]))
    x = np.zeros(31)
    x[30] = 5
    gi, star = gi_star(x, weights, star=False), gi_star(x, weights, p_method="analytic")
    assert gi.hotspot[30] == star.hotspot[30] == "isolated"
    assert np.isnan(gi.z[30])
    assert np.isnan(gi.p_value[30])
    assert star.z[30] == pytest.approx((5 - 5 / 31) / np.std(x))
    assert star.gi_bin[30] == 0
    assert star.n_neighbors[30] == 0
    assert np.isnan(gi_star(x, weights).p_value[30])  # nothing to deal


def test_nothing_can_be_said() -> None:
    everyone = sparse.csr_array(np.ones((5, 5)) - np.eye(5))
    for star in (False, True):
        assert (gi_star([1, 2, 3, 4, 9], everyone, star=star).hotspot == "undefined").all()
        assert (gi_star(np.full(9, 0.1), chain(9), star=star).hotspot == "undefined").all()
        assert (gi_star(np.zeros(9), chain(9), star=star).hotspot == "undefined").all()
        assert np.isnan(gi_star(np.zeros(9), chain(9), star=star).g).all()
        assert gi_star([4], sparse.csr_array((1, 1)), star=star).hotspot.tolist() == ["isolated"]
        assert gi_star([4, 1], chain(2), star=star).hotspot.tolist() == ["undefined"] * 2
        assert gi_star([], sparse.csr_array((0, 0)), star=star).z.shape == (0,)
    # One event alone: its own cell knows nothing of the others, who are all 0.
    one = gi_star([0, 0, 0, 1, 0, 0, 0], chain(7), star=False)
    assert np.isnan(one.z[3])
    assert one.hotspot[3] == "undefined"
    assert np.isfinite(np.delete(one.z, 3)).all()


def test_labels_and_bins_follow_q() -> None:
    x = RNG.poisson(1.0, 1600)
    x[800:806] += 9
    x[840:846] += 9
    result = gi_star(x, grid(40), p_method="analytic", alpha=0.05)
    q, z = result.q_value, result.z
    assert ((result.hotspot == "hot") == ((q <= 0.05) & (z > 0))).all()
    assert ((result.hotspot == "cold") == ((q <= 0.05) & (z < 0))).all()
    assert (result.hotspot == "hot").any()
    for level, bound in ((3, 0.01), (2, 0.05), (1, 0.1)):
        assert ((result.gi_bin >= level) == ((q <= bound) & (z > 0))).all()
        assert ((result.gi_bin <= -level) == ((q <= bound) & (z < 0))).all()
    raw = gi_star(x, grid(40), p_method="analytic", fdr=None)
    assert (raw.q_value == raw.p_value).all()


def test_a_label_needs_z_and_tail_to_agree() -> None:
    """A huge cell among significantly empty ones: Gi* is high, its neighbours are low."""
    x = np.full(400, 20)
    near = (grid(20)[[210]]).indices
    x[near], x[210] = 0, 300
    result = gi_star(x, grid(20), fdr=None, p_method="exact")
    assert result.z[210] > 0
    assert result.p_value[210] < 0.001
    assert result.p_low[210] < result.p_high[210]
    assert result.hotspot[210] == "not significant"
    assert gi_star(x, grid(20), star=False, fdr=None).hotspot[210] == "cold"


def test_fatalities_are_refused_to_the_exact_p_and_said_aloud_by_auto() -> None:
    x = np.zeros(100)
    x[[10, 50]] = [900, 400]
    with pytest.raises(ValueError, match="Overdispersed values: their variance is 7"):
        gi_star(x, chain(100), p_method="exact")
    with pytest.warns(UserWarning, match=r"Overdispersed values.*normal approximation was used"):
        result = gi_star(x, chain(100))
    assert result.p_method == "analytic"
    assert gi_star(x, chain(100), max_dispersion=float("inf")).p_method == "exact"


def test_methods_that_do_not_fit_are_refused() -> None:
    kernel = chain(9)
    kernel.data[1] = 0.5
    counts = np.arange(9) % 3
    cases = [
        (counts + 0.5, chain(9), {"p_method": "exact"}, "9 of 9 values are not counts"),
        (counts - 1, chain(9), {"p_method": "exact"}, "3 of 9 values are not counts"),
        (counts, kernel, {"p_method": "exact"}, "weights differ within a row"),
        (counts, chain(9), {"p_method": "permutation"}, 'p_method="permutation" needs some'),
        (counts, chain(9), {"p_method": "exact", "permutations": 9}, "which draws none"),
        (counts, chain(9), {"p_method": "bayes"}, "Invalid p_method: 'bayes'"),
        (counts, chain(9), {"permutations": -1}, "Invalid permutations: -1"),
        (counts, chain(9), {"alpha": 2}, "Invalid alpha: 2"),
        (counts, chain(9), {"fdr": "holm"}, "Invalid fdr: 'holm'"),
        (counts, chain(9), {"deal": "few"}, "Invalid deal: 'few'"),
        (counts, chain(9), {"n_jobs": 0}, "Invalid n_jobs: 0"),
        (counts, chain(9), {"mid_p": True, "p_method": "analytic"}, "Invalid mid_p: True"),
    ]
    for x, weights, options, message in cases:
        with pytest.raises(ValueError, match=message):
            gi_star(x, weights, **options)
    with pytest.raises(TypeError, match=r"Invalid permutations: 9\.5"):
        gi_star(counts, chain(9), permutations=9.5)
    assert gi_star(counts, kernel).p_method == "analytic"
    assert gi_star(counts - 1, chain(9)).p_method == "analytic"


def test_values_must_be_whole() -> None:
    with pytest.raises(ValueError, match="1 of 3 are missing or infinite; first at index 2: nan"):
        gi_star([1, 2, np.nan], chain(3))
    with pytest.raises(ValueError, match="3 units for 4 values"):
        gi_star([1, 2, 3, 4], chain(3))


def test_exact_p_with_hundreds_of_neighbours() -> None:
    """Against the hypergeometric distribution; the numbers of neighbours go from 1 to 1,400."""
    n = 1500
    x = (RNG.random(n) < 0.5).astype(int)
    first = np.r_[1400, 900, 699, 350, 100, 1]
    rows, columns = (
        np.repeat(np.arange(6), first),
        np.concatenate([np.arange(6, 6 + k) for k in first]),
    )
    weights = sparse.csr_array((np.ones(rows.size), (rows, columns)), shape=(n, n))
    result = gi_star(x, weights, p_method="exact")
    near, others = (weights @ x)[:6], x.sum() - x[:6]
    wanted = stats.hypergeom.sf(near - 1, n - 1, others, first)
    np.testing.assert_allclose(result.p_high[:6], wanted, rtol=1e-9)
    np.testing.assert_allclose(
        result.p_low[:6], stats.hypergeom.cdf(near, n - 1, others, first), rtol=1e-9
    )


def test_one_enormous_value_makes_no_ties_of_the_others() -> None:
    x = RNG.random(200) * 1e-3
    x[100] = 1e9
    for deal in ("fresh", "shared"):
        result = gi_star(x, chain(200), permutations=999, seed=1, deal=deal)
        far = np.r_[1:95, 106:199]
        assert (np.abs(result.p_low + result.p_high - 1)[far] < 0.02).all()
        assert 0.3 < np.median(result.p_value[far]) < 0.7
