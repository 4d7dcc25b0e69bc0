"""What must hold of the scan statistic for every set of cases."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import assume, given, settings, strategies as st

from geo_risk.hotspots.person_time import person_time
from geo_risk.hotspots.scan import scan

seeds = st.integers(0, 2**32 - 1)


def field(seed: int, n_periods: int) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    n = int(rng.integers(2, 14))
    shape = (n,) if n_periods == 1 else (n, n_periods)
    cases = rng.poisson(rng.choice([0.3, 2.0, 8.0]), shape)
    x, y = rng.integers(0, 5, n) * 1.0, rng.integers(0, 5, n) * 1.0
    return cases, rng.integers(1, 20, n), x, y


periods = st.sampled_from([1, 2, 5])


@given(seeds, periods, st.sampled_from(["high", "low", "both"]))
@settings(max_examples=40)
def test_relabelling_the_places_permutes_the_result(
    seed: int, n_periods: int, clusters: str
) -> None:
    cases, people, x, y = field(seed, n_periods)
    assume(cases.any())
    order = np.random.default_rng(seed + 1).permutation(x.size)
    options = {"clusters": clusters, "replications": 30, "seed": 1}
    one = scan(cases, people, x_km=x, y_km=y, **options)
    two = scan(cases[order], people[order], x_km=x[order], y_km=y[order], **options)
    assert np.array_equal(one.null_llr, two.null_llr)
    np.testing.assert_allclose(two.centre_llr, one.centre_llr[order], rtol=1e-10, atol=1e-12)
    assert len(one.clusters) == len(two.clusters)
    for a, b in zip(one.clusters, two.clusters, strict=True):
        assert set(order[b.members]) == set(a.members)
        assert (a.period, a.p_value) == (b.period, b.p_value)


@given(seeds, periods, st.floats(0.01, 1e6))
@settings(max_examples=30)
def test_scaling_the_population_changes_nothing(seed: int, n_periods: int, factor: float) -> None:
    cases, people, x, y = field(seed, n_periods)
    assume(cases.any())
    one = scan(cases, people, x_km=x, y_km=y, replications=20, seed=1)
    two = scan(cases, people * factor, x_km=x, y_km=y, replications=20, seed=1)
    np.testing.assert_allclose(two.centre_llr, one.centre_llr, rtol=1e-8, atol=1e-9)


@given(seeds, st.integers(-5000, 5000))
@settings(max_examples=30)
def test_shifting_time_shifts_the_periods(seed: int, shift: int) -> None:
    cases, _, x, y = field(seed, 5)
    assume(cases.any())
    options = {"x_km": x, "y_km": y, "model": "space_time_permutation", "replications": 20}
    one = scan(cases, **options, seed=2, time=np.arange(5))
    two = scan(cases, **options, seed=2, time=np.arange(5) + shift)
    assert np.array_equal(one.null_llr, two.null_llr)
    for a, b in zip(one.clusters, two.clusters, strict=True):
        assert (a.period[0] + shift, a.period[1] + shift) == b.period
        assert (a.llr, a.p_value) == (b.llr, b.p_value)


@given(seeds, periods, st.sampled_from(["poisson", "bernoulli", "space_time_permutation"]))
@settings(max_examples=50)
def test_ranges_and_order(seed: int, n_periods: int, model: str) -> None:
    cases, people, x, y = field(seed, n_periods)
    assume(cases.any())
    assume(n_periods > 1 or model != "space_time_permutation")
    stp = model == "space_time_permutation"
    people = None if stp else people[:, None] + cases if n_periods > 1 else people + cases
    result = scan(
        cases, people, x_km=x, y_km=y, model=model, clusters="both", replications=39, seed=seed
    )
    assert (result.null_llr >= 0).all()
    llrs = [cluster.llr for cluster in result.clusters]
    assert llrs == sorted(llrs, reverse=True)
    if llrs:
        assert llrs[0] == result.centre_llr.max()
    taken: set[int] = set()
    for cluster in result.clusters:
        assert 1 / 40 <= cluster.p_value <= 1
        assert (cluster.direction == "high") == (cluster.observed > cluster.expected)
        assert cluster.centre in cluster.members
        assert not taken & set(cluster.members.tolist())
        taken |= set(cluster.members.tolist())
        reach = np.hypot(x - x[cluster.centre], y - y[cluster.centre])
        assert set(np.flatnonzero(reach <= cluster.radius_km + 1e-9)) == set(cluster.members)
        assert reach[cluster.members].max() == pytest.approx(cluster.radius_km)


@given(seeds)
@settings(max_examples=30)
def test_person_time_of_parts_adds_up(seed: int) -> None:
    rng = np.random.default_rng(seed)
    dates = np.datetime64("2020-01-01") + np.cumsum(rng.integers(1, 99, 4))
    edges = np.datetime64("2019-12-01") + np.cumsum(rng.integers(1, 99, 6))
    people = rng.random((3, 4))
    parts = person_time(people, dates, edges)
    whole = person_time(people, dates, edges[[0, -1]])
    np.testing.assert_allclose(parts.sum(axis=1), whole[:, 0], rtol=1e-12)
    days = np.diff(edges) / np.timedelta64(1, "D")
    np.testing.assert_array_less(parts, people.max(axis=1)[:, None] * days * (1 + 1e-12))


@given(seeds, st.integers(1, 8), st.integers(1, 8), st.sampled_from(["plane", "sphere"]))
@settings(max_examples=25)
def test_a_planted_cluster_is_found_wherever_it_is(seed: int, i: int, j: int, place: str) -> None:
    rng = np.random.default_rng(seed)
    row, column = np.divmod(np.arange(100), 10)
    inside = (np.abs(row - i) <= 1) & (np.abs(column - j) <= 1)
    cases = rng.poisson(1.0, 100) + inside * (4 + rng.poisson(4.0, 100))
    # Cells of about 10 km, in the plane or across the antimeridian.
    if place == "plane":
        where = {"x_km": column * 10.0, "y_km": row * 10.0}
    else:
        where = {"lon": (179.5 + column * 0.1 + 180.0) % 360.0 - 180.0, "lat": row * 0.09}
    best = scan(cases, **where, replications=99, seed=1).most_likely
    assert best is not None
    assert best.p_value == 0.01
    assert inside[best.centre]
    found = np.zeros(100, dtype=bool)
    found[best.members] = True
    assert (found & inside).sum() >= 0.5 * (found | inside).sum()
