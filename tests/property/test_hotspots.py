"""What must hold of the hotspot statistics whatever the input."""

from __future__ import annotations

from typing import Any

import numpy as np
from hotspot_cases import chain, gi_by_definition, grid, row_standardised, tails_by_listing
from hypothesis import assume, given, settings, strategies as st
from scipy import sparse

from geo_risk.hotspots import (
    adjust_fdr,
    as_weights,
    eb_rates,
    emerging,
    geary_c,
    general_g,
    gi_star,
    kde,
    kde_bandwidth,
    knox,
    local_moran,
    moran,
    standardized_rates,
)

LABELS = {"hot", "cold", "not significant", "undefined", "isolated"}
QUADRANTS = {"HH", "LL", "HL", "LH", "not significant", "undefined", "isolated"}
few, some = settings(max_examples=25), settings(max_examples=60)


@st.composite
def weights(draw: Any, least: int = 1, most: int = 14, binary: bool = False) -> Any:
    """Asymmetric weights with islands, full rows and unequal weights."""
    n = draw(st.integers(least, most))
    seed, share = draw(st.integers(0, 2**20)), draw(st.sampled_from([0.0, 0.1, 0.4, 1.0]))
    rng = np.random.default_rng(seed)
    dense = (rng.random((n, n)) < share).astype(float)
    if not binary:
        dense *= rng.choice([0.25, 1.0, 3.0], (n, n))
    np.fill_diagonal(dense, 0)
    return sparse.csr_array(dense)


@st.composite
def valued(draw: Any, least: int = 1, most: int = 14) -> tuple[np.ndarray, Any]:
    w = draw(weights(least, most))
    number = st.integers(-1000, 1000) | st.floats(-1e6, 1e6, allow_subnormal=False)
    return np.array(draw(st.lists(number, min_size=w.shape[0], max_size=w.shape[0])), float), w


@st.composite
def counted(draw: Any, least: int = 1, most: int = 14) -> tuple[np.ndarray, Any]:
    w = draw(weights(least, most, binary=True))
    x = draw(st.lists(st.integers(0, 6), min_size=w.shape[0], max_size=w.shape[0]))
    return np.array(x), w


def same(a: np.ndarray, b: np.ndarray, rtol: float = 1e-9, atol: float = 1e-9) -> None:
    np.testing.assert_allclose(a, b, rtol=rtol, atol=atol)


@given(valued(), st.sampled_from([gi_star, local_moran]))
@few
def test_a_table_has_the_units_in_their_order(case: tuple[np.ndarray, Any], statistic: Any) -> None:
    values, w = case
    result = statistic(values, w, p_method="analytic")
    table = result.to_frame()
    assert table.index.tolist() == list(range(values.size))
    for name in table:
        np.testing.assert_array_equal(table[name].to_numpy(), getattr(result, name))
    assert (table.attrs["p_method"], table.attrs["alpha"]) == ("analytic", result.alpha)


@given(st.integers(1, 6), st.integers(4, 9), st.integers(0, 2**20))
@few
def test_a_table_of_a_cube_has_every_bin_once(n: int, periods: int, seed: int) -> None:
    cube = np.random.default_rng(seed).poisson(1.0, (n, periods))
    result = emerging(cube, chain(n))
    bins = result.to_frame(by="bin")
    for name in ("z", "p_value", "q_value", "bins"):
        again = bins.pivot(index="cell", columns="period", values=name).to_numpy()
        np.testing.assert_array_equal(again, getattr(result, name))
    assert result.to_frame()["category"].tolist() == result.category.tolist()


@given(
    st.lists(st.floats(0, 1) | st.just(float("nan")), max_size=40), st.sampled_from(["bh", "by"])
)
@some
def test_q_is_at_least_p_and_keeps_its_order(p: list[float], method: str) -> None:
    p_values = np.array(p, dtype=float)
    q = adjust_fdr(p_values, method=method)
    known = ~np.isnan(p_values)
    assert (np.isnan(q) == ~known).all()
    assert (q[known] >= p_values[known]).all()
    assert (q[known] <= 1).all()
    order = np.argsort(p_values[known], kind="stable")
    assert (np.diff(q[known][order]) >= 0).all()
    turned = adjust_fdr(p_values[::-1], method=method)[::-1]
    assert (turned[known] == q[known]).all()


@given(weights())
@few
def test_weights_come_back_canonical(w: Any) -> None:
    n = w.shape[0]
    result = as_weights(w.tocoo(), n)
    assert (result.toarray() == w.toarray()).all()
    assert result.has_canonical_format
    assert result.nnz == 0 or result.data.min() > 0
    again = as_weights(result, n)
    assert (again != result).nnz == 0


@given(valued(), st.booleans())
@some
def test_z_is_its_definition(case: tuple[np.ndarray, Any], star: bool) -> None:
    x, w = case
    x = np.round(x)  # so that the reference in fractions stays quick
    z = gi_star(x, w, star=star, p_method="analytic").z
    same(z, gi_by_definition(x.tolist(), w.toarray(), star))


@given(valued(2), st.booleans(), st.floats(1e-3, 1e3), st.integers(0, 2**20))
@some
def test_z_knows_no_scale_no_shift_and_no_order(
    case: tuple[np.ndarray, Any], star: bool, factor: float, seed: int
) -> None:
    x, w = case
    x = np.round(x)
    rng = np.random.default_rng(seed)
    base = gi_star(x, w, star=star, p_method="analytic")
    same(gi_star(factor * x, w, star=star, p_method="analytic").z, base.z, atol=1e-7)
    same(gi_star(x + 4096, w, star=star, p_method="analytic").z, base.z, atol=1e-7)
    same(gi_star(-x, w, star=star, p_method="analytic").z, -base.z)
    # A row's scale is its own; an island has none, so that Gi* keeps its self weight of 1.
    scaled = sparse.csr_array(sparse.diags_array(rng.uniform(0.1, 9, x.size)) @ w)
    same(gi_star(x, scaled, star=star, p_method="analytic").z, base.z)
    order = rng.permutation(x.size)
    moved = gi_star(x[order], w[order][:, order], star=star, p_method="analytic")
    same(moved.z, base.z[order])
    same(moved.q_value, base.q_value[order])


@given(valued(), st.booleans(), st.sampled_from(["analytic", "permutation"]))
@some
def test_p_q_and_labels_agree(case: tuple[np.ndarray, Any], star: bool, method: str) -> None:
    x, w = case
    options = {} if method == "analytic" else {"permutations": 19, "seed": 1}
    r = gi_star(x, w, star=star, p_method=method, **options)
    known = ~np.isnan(r.p_value)
    assert ((r.p_value[known] > 0) & (r.p_value[known] <= 1)).all()
    assert (r.p_value[known] == np.minimum(1, 2 * np.minimum(r.p_low, r.p_high))[known]).all()
    assert (r.q_value[known] >= r.p_value[known]).all()
    assert set(r.hotspot) <= LABELS
    assert ((r.hotspot == "isolated") == (r.n_neighbors == 0)).all()
    assert (r.z[r.hotspot == "hot"] > 0).all()
    assert (r.z[r.hotspot == "cold"] < 0).all()
    assert ((r.hotspot == "undefined") == (~known & (r.n_neighbors > 0))).all()
    assert (np.abs(r.gi_bin) <= 3).all()
    assert (r.gi_bin[~known] == 0).all()


@given(counted(3, 8))
@some
def test_exact_tails_are_those_of_every_deal(case: tuple[np.ndarray, Any]) -> None:
    x, w = case
    r = gi_star(x, w, p_method="exact")
    listed = np.array(tails_by_listing(x.tolist(), w.toarray()))
    known = ~np.isnan(r.p_value)
    same(r.p_low[known], listed[known, 0], atol=0)
    same(r.p_high[known], listed[known, 1], atol=0)
    same((r.p_low + r.p_high)[known], 1 + listed[known, 2])
    mid = gi_star(x, w, p_method="exact", mid_p=True)
    same((mid.p_low + mid.p_high)[known], np.ones(known.sum()))


@given(counted(2))
@some
def test_exact_p_knows_no_order_and_no_row_scale(case: tuple[np.ndarray, Any]) -> None:
    x, w = case
    base = gi_star(x, w, p_method="exact")
    standard = gi_star(x, row_standardised(w), p_method="exact")
    same(standard.p_value, base.p_value, atol=0)
    back = np.arange(x.size)[::-1]
    same(gi_star(x[back], w[back][:, back], p_method="exact").p_value, base.p_value[back], atol=0)
    for star in (False, True):  # one reference distribution for Gi and Gi*
        same(gi_star(x, w, star=star, p_method="exact").p_value, base.p_value, atol=0)


@given(counted(3), st.sampled_from(["fresh", "shared"]))
@few
def test_simulated_p_is_near_the_exact_one(case: tuple[np.ndarray, Any], deal: str) -> None:
    x, w = case
    exact = gi_star(x, w, p_method="exact")
    simulated = gi_star(x, w, permutations=999, seed=3, deal=deal)
    known = ~np.isnan(exact.p_high)
    assert (np.isnan(simulated.p_high) == ~known).all()
    spread = np.sqrt(exact.p_high * (1 - exact.p_high) / 999) + 1e-3
    assert (np.abs(simulated.p_high - exact.p_high)[known] <= 6 * spread[known]).all()


@given(valued())
@some
def test_local_moran_is_gi_with_the_sign_of_the_deviation(case: tuple[np.ndarray, Any]) -> None:
    x, w = np.round(case[0]), case[1]
    m = local_moran(x, w, p_method="analytic")
    gi = gi_star(x, w, star=False, p_method="analytic")
    side = np.sign(x * x.size - x.sum())
    same(m.z[side != 0], (side * gi.z)[side != 0])
    assert np.isnan(m.z[side == 0]).all()
    assert set(m.quadrant) <= QUADRANTS
    deviation = x - x.mean()
    if deviation.any():
        by_definition = deviation * (w @ deviation) / np.mean(deviation**2)
        same(m.statistic, by_definition, atol=1e-6)
    shown = np.isin(m.quadrant, ["HH", "LL", "HL", "LH"])
    assert (m.quadrant[shown] == m.quadrant_all[shown]).all()


@given(valued(2), st.booleans(), st.floats(1e-3, 1e3), st.integers(0, 2**20))
@few
def test_local_moran_knows_no_scale_no_shift_and_no_order(
    case: tuple[np.ndarray, Any], bivariate: bool, factor: float, seed: int
) -> None:
    x, w = np.round(case[0]), case[1]
    rng = np.random.default_rng(seed)
    y = rng.integers(0, 50, x.size).astype(float) if bivariate else x

    def z(x: np.ndarray, y: np.ndarray, w: Any) -> np.ndarray:
        return local_moran(x, w, lagged=y if bivariate else None, p_method="analytic").z

    base = z(x, y, w)
    same(z(factor * x, factor * y, w), base, atol=1e-7)
    same(z(x + 4096, y + 4096, w), base, atol=1e-7)
    if bivariate:  # each variable for itself
        same(z(factor * x, y, w), base, atol=1e-7)
        same(z(-x, y, w), -base)
    scaled = sparse.csr_array(sparse.diags_array(rng.uniform(0.1, 9, x.size)) @ w)
    same(z(x, y, scaled), base)
    order = rng.permutation(x.size)
    same(z(x[order], y[order], w[order][:, order]), base[order])


SIDE = 12
square = st.integers(1, SIDE - 2)


@given(st.integers(0, 2**20), square, square, square, square, st.sampled_from([0.05, 1.0]))
@few
def test_a_planted_cluster_is_found_and_a_moved_one_moves(
    seed: int, row: int, column: int, to_row: int, to_column: int, background: float
) -> None:
    """Nine cells with more events; every score finds their middle, wherever they are put."""
    assume(max(abs(row - to_row), abs(column - to_column)) >= 4)
    rng = np.random.default_rng(seed)
    noise = rng.poisson(background, (SIDE, SIDE))
    planted = 6 + rng.poisson(6.0, (3, 3))
    weights = grid(SIDE)
    for here, away in (
        ((row, column), (to_row, to_column)),
        ((to_row, to_column), (row, column)),
    ):
        field = noise.copy()
        field[here[0] - 1 : here[0] + 2, here[1] - 1 : here[1] + 2] += planted
        middle, elsewhere = (np.ravel_multi_index(at, field.shape) for at in (here, away))
        x = field.ravel()
        gi, moran = gi_star(x, weights), local_moran(x, weights)
        assert gi.hotspot[middle] == "hot"
        assert moran.quadrant[middle] == "HH"
        assert gi.hotspot[elsewhere] != "hot"
        assert moran.quadrant[elsewhere] != "HH"
        history = emerging(np.stack([noise.ravel()] * 4 + [x] * 2, axis=1), weights)
        assert history.category[middle].endswith(" hotspot")
        assert not history.category[elsewhere].endswith(" hotspot")


@given(valued(4))
@few
def test_local_moran_adds_up_to_the_global_one(case: tuple[np.ndarray, Any]) -> None:
    x, w = np.round(case[0]), case[1]
    whole, parts = moran(x, w), local_moran(x, w)
    if not np.isnan(whole.statistic):
        same(parts.statistic.sum() / w.sum(), whole.statistic)


@given(valued(4))
@few
def test_global_statistics_know_no_order_and_no_scale(case: tuple[np.ndarray, Any]) -> None:
    x, w = np.abs(np.round(case[0])), case[1]
    back = np.arange(x.size)[::-1]
    for statistic in (moran, geary_c, general_g):
        base = statistic(x, w)
        for other in (statistic(x[back], w[back][:, back]), statistic(8 * x, w)):
            same(np.array(other.statistic), np.array(base.statistic))
            same(np.array(other.z), np.array(base.z), rtol=1e-6, atol=1e-6)
        same(np.array(statistic(x, 2 * w).z), np.array(base.z), rtol=1e-6, atol=1e-6)
        assert np.isnan(base.p_value) or 0 <= base.p_value <= 1


@given(st.lists(st.tuples(st.integers(0, 50), st.integers(1, 5000)), min_size=2, max_size=12))
@some
def test_smoothed_rates_lie_between_own_and_prior(rows: list[tuple[int, int]]) -> None:
    o, n = np.array(rows, float).T
    ring = np.roll(np.eye(o.size), 1, axis=1)
    np.fill_diagonal(ring, 0)
    for r in (eb_rates(o, n), eb_rates(o, n, sparse.csr_array(ring))):
        low, high = np.minimum(r.raw, r.prior_mean), np.maximum(r.raw, r.prior_mean)
        slack = 1e-12 * (1 + high)
        assert ((r.rate >= low - slack) & (r.rate <= high + slack)).all()
        assert ((r.shrinkage >= 0) & (r.shrinkage <= 1)).all()
        same(eb_rates(o, 8 * n).rate, eb_rates(o, n).rate / 8)
    assume(o.sum() > 0)
    z = standardized_rates(o, n)
    assert (np.sign(z) == np.sign(np.round(o / n - o.sum() / n.sum(), 15))).all()


@given(st.integers(0, 2**20))
@few
def test_smoothed_rates_know_no_order(seed: int) -> None:
    rng = np.random.default_rng(seed)
    o, n = rng.poisson(3.0, 15), rng.integers(10, 900, 15)
    links = rng.random((15, 15)) < 0.2
    np.fill_diagonal(links, False)
    w, order = sparse.csr_array(links.astype(float)), rng.permutation(15)
    base, moved = eb_rates(o, n, w), eb_rates(o[order], n[order], w[order][:, order])
    same(moved.rate, base.rate[order], atol=1e-15)
    assert (moved.isolated == base.isolated[order]).all()


points = st.lists(st.tuples(st.floats(-180, 180), st.floats(-90, 90)), min_size=1, max_size=12).map(
    lambda rows: np.array(rows).T
)


@given(points, st.floats(0.5, 5000), st.sampled_from([1e-3, 1e-8]))
@some
def test_density_is_positive_bounded_and_truncated_within_its_bound(
    at: np.ndarray, h: float, truncate: float
) -> None:
    full = kde(lon=at[0], lat=at[1], bandwidth_km=h)
    kappa = (6371.0088 / h) ** 2
    peak = kappa / (2 * np.pi * -np.expm1(-2 * kappa)) / 6371.0088**2
    slack = peak * 1e-9
    assert (full.density >= peak / at.shape[1] - slack).all()  # each sits on its own kernel
    assert (full.density <= peak + slack).all()
    cut = kde(lon=at[0], lat=at[1], bandwidth_km=h, truncate=truncate)
    assert (cut.density <= full.density + slack).all()
    assert (full.density - cut.density <= cut.error_bound + slack).all()
    back = kde(lon=at[0][::-1], lat=at[1][::-1], bandwidth_km=h)
    same(back.density[::-1], full.density, rtol=1e-9, atol=0)


@given(st.integers(0, 2**20), st.floats(-170, 170))
@settings(max_examples=10)
def test_bandwidth_does_not_see_the_longitude(seed: int, turn: float) -> None:
    rng = np.random.default_rng(seed)
    lon, lat = rng.uniform(-5, 5, 40), rng.uniform(-40, -30, 40)
    turned = (lon + turn + 180) % 360 - 180
    base = kde_bandwidth(lon=lon, lat=lat)
    assert np.isfinite(base)
    assert abs(np.log(kde_bandwidth(lon=turned, lat=lat) / base)) < 0.03


@given(st.integers(0, 2**20), st.integers(4, 30), st.floats(-500, 500))
@some
def test_knox_counts(seed: int, n: int, shift: float) -> None:
    rng = np.random.default_rng(seed)
    x, y, t = rng.integers(0, 8, n) * 1.0, rng.integers(0, 8, n) * 1.0, rng.integers(0, 20, n) * 1.0
    limits = {"distance_km": [0.0, 1.0, 3.0, 99.0], "interval": [0.0, 2.0, 99.0]}
    r = knox(x_km=x, y_km=y, time=t, **limits, permutations=9, seed=1)
    assert (np.diff(r.observed, axis=0) >= 0).all()
    assert (np.diff(r.observed, axis=1) >= 0).all()
    assert (r.observed[-1] == r.time_pairs).all()  # the widest distance takes every pair
    assert (r.observed[:, -1] == r.space_pairs).all()
    same(r.variance[-1], np.zeros(3), atol=1e-6)
    assert ((r.p_value > 0) & (r.p_value <= 1)).all()
    assert (r.p_value[-1] == 1).all()
    order = rng.permutation(n)
    moved = knox(x_km=x[order] + 64, y_km=y[order], time=t[order] - 8, **limits, permutations=0)
    assert (moved.observed == r.observed).all()
    same(moved.variance, r.variance, atol=1e-6)
