"""Gi* with `null="total"`: the own value is dealt out, too, as in the moments of z."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from hotspot_cases import chain, grid
from hypothesis import given, settings, strategies as st
from scipy import sparse, stats

from geo_risk.hotspots import gi_star


def listed(x, dense):
    """Tails of each unit's sum over every way to deal its window from all values."""
    tails = []
    for i, row in enumerate(dense):
        members = int(row.sum()) + 1
        observed = x[i] + x[row > 0].sum()
        sums = np.array([sum(deal) for deal in combinations(x.tolist(), members)])
        tails.append([(sums <= observed).mean(), (sums >= observed).mean(), np.ptp(sums)])
    return np.array(tails)


@given(st.data())
@settings(max_examples=60, deadline=None)
def test_exact_tails_are_those_of_every_deal(data):
    n = data.draw(st.integers(3, 8))
    x = np.array(data.draw(st.lists(st.integers(0, 6), min_size=n, max_size=n)), dtype=float)
    links = data.draw(st.lists(st.booleans(), min_size=n * n, max_size=n * n))
    dense = np.array(links, dtype=float).reshape(n, n)
    np.fill_diagonal(dense, 0.0)
    result = gi_star(x, sparse.csr_array(dense), null="total")
    low, high, spread = listed(x, dense).T
    defined = np.isfinite(result.z)
    np.testing.assert_allclose(result.p_low[defined], low[defined], rtol=1e-12)
    np.testing.assert_allclose(result.p_high[defined], high[defined], rtol=1e-12)
    assert (spread[~defined] == 0).all()
    assert np.isnan(result.p_value[~defined]).all()


def test_zeros_and_ones_are_hypergeometric():
    rng = np.random.default_rng(5)
    x = (rng.random(324) < 0.1).astype(float)
    weights = grid(18)
    result = gi_star(x, weights, null="total")
    size = result.n_neighbors + 1
    observed = weights @ x + x
    law = stats.hypergeom(324, int(x.sum()), size)
    np.testing.assert_allclose(result.p_high, law.sf(observed - 1), rtol=1e-9)
    np.testing.assert_allclose(result.p_low, law.cdf(observed), rtol=1e-9)
    mid = gi_star(x, weights, null="total", mid_p=True)
    np.testing.assert_allclose(mid.p_high, law.sf(observed) + law.pmf(observed) / 2, rtol=1e-9)


def test_simulated_tails_agree_with_the_exact_ones():
    rng = np.random.default_rng(7)
    x = rng.poisson(0.7, 400).astype(float)
    weights = grid(20)
    exact = gi_star(x, weights, null="total")
    drawn = gi_star(x, weights, null="total", permutations=1999, seed=3)
    assert drawn.p_method == "permutation"
    for one, other in ((drawn.p_high, exact.p_high), (drawn.p_low, exact.p_low)):
        # shuffles serve all units, so errors go together: five standard errors of each
        assert (np.abs(one - other) <= 5 * np.sqrt(other * (1 - other) / 1999) + 1 / 2000).all()
    again = gi_star(x, weights, null="total", permutations=1999, seed=3)
    np.testing.assert_array_equal(again.p_value, drawn.p_value)


def test_a_lone_heap_is_hot_itself():
    counts = np.zeros(400)
    counts[190] = 40
    conditional, total = (
        gi_star(counts, grid(20), null=null, max_dispersion=np.inf)
        for null in ("conditional", "total")
    )
    around = grid(20).toarray()[190] > 0
    assert conditional.hotspot[190] != "hot"  # its neighbours are empty
    assert total.p_high[190] == pytest.approx(total.p_high[around].max())
    assert total.z[190] == pytest.approx(conditional.z[190])
    assert total.null == "total"
    assert conditional.null == "conditional"


def test_cluster_is_hot_with_its_middle():
    counts = np.zeros(400)
    rng = np.random.default_rng(2)
    counts += rng.poisson(0.3, 400)
    middle = 190
    counts[[middle, middle - 1, middle + 1, middle - 20, middle + 20]] += [30, 3, 3, 3, 3]
    assert gi_star(counts, grid(20), null="total").hotspot[middle] == "hot"


def test_rows_may_be_scaled_and_units_reordered():
    rng = np.random.default_rng(11)
    x = rng.poisson(1.0, 100).astype(float)
    weights = sparse.csr_array(grid(10))
    scaled = sparse.csr_array(sparse.diags_array(rng.uniform(0.5, 3.0, 100)) @ weights)
    order = rng.permutation(100)
    first = gi_star(x, weights, null="total")
    np.testing.assert_allclose(gi_star(x, scaled, null="total").p_value, first.p_value, rtol=1e-9)
    moved = gi_star(x[order], weights[order][:, order], null="total")
    np.testing.assert_allclose(moved.p_value, first.p_value[order], rtol=1e-9)


def test_the_normal_p_is_the_same_for_both():
    x = np.random.default_rng(0).normal(size=50)
    for null in ("conditional", "total"):
        result = gi_star(x, chain(50), null=null)
        assert result.p_method == "analytic"
        np.testing.assert_allclose(result.p_value, 2 * stats.norm.sf(np.abs(result.z)))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"null": "total", "star": False}, "Gi leaves the own value out"),
        ({"null": "everything"}, "Invalid null"),
    ],
)
def test_what_does_not_fit_is_refused(options, message):
    with pytest.raises(ValueError, match=message):
        gi_star([1, 2, 3, 4], chain(4), **options)


def test_values_that_are_no_counts_are_named_with_their_place():
    with pytest.raises(ValueError, match=r"1 of 4 values are not counts.*first at index 1: 1.5"):
        gi_star([1, 1.5, 3, 4], chain(4), null="total", p_method="exact")
