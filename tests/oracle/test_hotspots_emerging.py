"""Emerging hot spots against stored reference values, and the decision table against words."""

from __future__ import annotations

from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd
import pytest
from paths import reference
from scipy import sparse

from geo_risk.hotspots import _tails
from geo_risk.hotspots.emerging import emerging
from geo_risk.hotspots.emerging_rules import CATEGORIES, hotspot_categories
from geo_risk.hotspots.gi_star import gi_star
from geo_risk.hotspots.space_time import space_time_cube

ESRI = {"p_method": "analytic", "fdr": None, "trend_correction": "none"}


# --- constructed histories --------------------------------------------------------------------


def rules() -> tuple[np.ndarray, pd.DataFrame]:
    folder = reference("ehsa/ehsa_rules")
    expected = pd.read_csv(folder / "expected.csv").set_index("case")
    series = pd.read_csv(folder / "series.csv")
    z = series.pivot(index="case", columns="period", values="z").loc[expected.index]
    return z.to_numpy(), expected


def test_categories_follow_the_documented_reading() -> None:
    z, expected = rules()
    found = hotspot_categories(z)
    assert found.category.tolist() == expected["arcgis_reading"].tolist()
    legacy = hotspot_categories(z, sporadic_requires_last=False)
    assert legacy.category.tolist() == expected["arcgis_reading_legacy_sporadic"].tolist()
    agreed = expected["all_agree"].to_numpy()
    assert (found.category[agreed] == expected["sfdep"][agreed]).all()


# Why sfdep 0.2.5 and pyehsa 0.1.2 label a case otherwise, for every case in which they do.
SPORADIC = "a sporadic spot need not be hot in the last step"
ENDED = "a spot that is over stays persistent if its z has no trend"
ENDED_WITH_TREND = "a spot that is over gets no label if its z has a trend and keeps its sign"
ENDS_OPPOSITE = "a single last step of the other sign is called consecutive, whatever came before"
EITHER_SIGN = "intensifying hotspot counts significant steps of either sign"
DIFFERENCES = {
    "sporadic_last_not": SPORADIC,
    "sporadic_one_past": SPORADIC,
    "historical_neg": ENDED,
    "historical_pos_insig": ENDED,
    "historical_cold_now": ENDS_OPPOSITE,
    "historical_trend_pos": ENDED_WITH_TREND,
    "cold_diminishing10": EITHER_SIGN,
    "cold_diminishing_first_gap": EITHER_SIGN,
    "cold_sporadic_last_not": SPORADIC,
    "cold_sporadic_one_past": SPORADIC,
    "cold_historical_neg": ENDED,
    "cold_historical_pos_insig": ENDED,
    "cold_historical_cold_now": ENDS_OPPOSITE,
    "cold_historical_trend_pos": ENDED_WITH_TREND,
}


def test_every_difference_from_sfdep_and_pyehsa_is_explained() -> None:
    z, expected = rules()
    found = hotspot_categories(z)
    differs = found.category != expected["sfdep"].to_numpy()
    assert (differs == (found.category != expected["pyehsa"].to_numpy())).all()
    assert set(expected.index[differs]) == set(DIFFERENCES)
    as_they = hotspot_categories(z, sporadic_requires_last=False, persistent_requires_last=False)
    for i in np.flatnonzero(differs):
        reason, theirs = DIFFERENCES[expected.index[i]], expected["sfdep"].iloc[i]
        significant, last = np.abs(z[i]) > 1.96, z[i, -1]
        often = 10 * significant.sum() >= 9 * significant.size
        side = -1.0 if "cold" in found.category[i] else 1.0
        if reason in (SPORADIC, ENDED):  # an option gives their label
            assert as_they.category[i] == theirs
        elif reason == ENDED_WITH_TREND:
            assert found.trend.p_value[i] <= 0.05
            assert theirs == "no pattern detected"
            assert side * last > 0
            assert not significant[-1]
        elif reason == EITHER_SIGN:  # they see a hot spot in a series that is never hot
            assert theirs == "intensifying hotspot"
            assert not (z[i] > 1.96).any()
            assert often
            assert found.trend.trend[i] > 0
        else:  # both readings are reported here
            assert (np.sign(z[i, :-1]) == -np.sign(last)).all()
            assert {found.category[i], found.also[i]} == {
                f"historical {'hot' if last < 0 else 'cold'}spot",
                f"oscillating {'cold' if last < 0 else 'hot'}spot",
            }
            assert theirs == f"consecutive {'cold' if last < 0 else 'hot'}spot"


def in_words(bins: list[int], trend: int, side: int) -> str | None:
    """The table, read out for one series."""
    hot = [b == side for b in bins]
    f = sum(hot) / len(hot)
    name = "hotspot" if side > 0 else "coldspot"
    before = hot[:-1]
    if f >= 0.9 - 1e-12:
        if not hot[-1]:
            return f"historical {name}"
        kind = {1: "intensifying", -1: "diminishing", 0: "persistent"}[trend * side]
        return f"{kind} {name}"
    if not hot[-1]:
        return None
    if any(b == -side for b in bins):
        return f"oscillating {name}"
    if not any(before):
        return f"new {name}"
    start = len(hot)
    while start and hot[start - 1]:
        start -= 1
    return f"sporadic {name}" if any(hot[:start]) else f"consecutive {name}"


def test_decision_table_read_out_for_random_series() -> None:
    rng = np.random.default_rng(6)
    seen = set()
    for n_steps in (4, 7, 10, 20):
        lean = rng.random((3000, 1)) ** 0.3
        bins = np.where(rng.random((3000, n_steps)) < lean, 1, rng.integers(-1, 1, (3000, n_steps)))
        bins[rng.random(3000) < 0.5] *= -1
        z = (
            bins * 3.0
            + rng.normal(0, 0.1, bins.shape)
            + np.linspace(rng.choice([-3, 0, 3], 3000), 0, n_steps).T
        )
        found = hotspot_categories(z, bins)
        for i, row in enumerate(bins.tolist()):
            labels = [in_words(row, int(found.trend.trend[i]), side) for side in (1, -1)]
            given = [label for label in labels if label]
            assert found.category[i] == (given[0] if given else "no pattern detected")
            assert found.also[i] == (given[1] if len(given) == 2 else "")
        seen |= set(found.category.tolist())
    assert seen == set(CATEGORIES)
    assert len(CATEGORIES) == 17


def test_earlier_cold_steps_can_be_ignored() -> None:
    z = [[-3.0, 0, 0, 0, 0, 0, 0, 3], [-3.0, 0, 0, 0, 0, 0, 3, 3], [-3.0, 3, 0, 0, 0, 0, 3, 3]]
    assert set(hotspot_categories(z).category) == {"oscillating hotspot"}
    assert hotspot_categories(z, earlier_cold="ignore").category.tolist() == [
        "new hotspot",
        "consecutive hotspot",
        "oscillating hotspot",
    ]


def test_the_share_of_nine_tenths_is_exact() -> None:
    for n_steps in (10, 20, 30, 40):
        bins = np.ones((1, n_steps), dtype=int)
        bins[0, : n_steps // 10] = 0
        z = bins * 3.0
        assert hotspot_categories(z, bins, trend_z=np.zeros_like(z)).category[0] == (
            "persistent hotspot"
        )
        bins[0, n_steps // 10] = 0
        assert hotspot_categories(z, bins).category[0] == "consecutive hotspot"


# --- New Mexico -------------------------------------------------------------------------------


def new_mexico() -> tuple[np.ndarray, Any, pd.DataFrame, pd.DataFrame]:
    folder = reference("ehsa/ehsa_nm_counties")
    names = pd.read_csv(folder / "input.csv")["id"]
    row = {name: i for i, name in enumerate(names)}
    pairs = pd.read_csv(folder / "neighbours.csv")
    n = len(names)
    weights = sparse.coo_array(
        (pairs["w"].astype(float), (pairs["i"].map(row), pairs["j"].map(row))), shape=(n, n)
    ).tocsr()
    records = pd.read_csv(folder / "cube.csv")
    unit = np.repeat(records["id"].map(row).to_numpy(), records["count"])
    period = np.repeat(records["period"].to_numpy(), records["count"])
    cube, _ = space_time_cube(unit, period, n)
    bins = pd.read_csv(folder / "gistar_spacetime.csv")
    labels = pd.read_csv(folder / "expected_class.csv").set_index("id").loc[names]
    bins = bins.set_index(["id", "period"]).unstack().loc[names]
    return cube, weights, bins, labels


@pytest.mark.parametrize("alpha", [0.01, 0.05])
def test_new_mexico_agrees_with_spdep_and_the_documented_reading(alpha: float) -> None:
    cube, weights, bins, labels = new_mexico()
    result = emerging(cube, weights, **ESRI, bin_alpha=alpha, trend_alpha=alpha)
    np.testing.assert_allclose(result.z, bins["gistar_z"], rtol=0, atol=1e-10)
    np.testing.assert_allclose(result.p_value, bins["p_two_sided"], rtol=0, atol=1e-12)
    # Ties in z decide S and its variance: equal counts must give equal z.
    assert (result.trend.s == labels["mk_S"]).all()
    np.testing.assert_allclose(result.trend.var_s, labels["mk_varS"], rtol=1e-14)
    np.testing.assert_allclose(result.trend.p_value, labels["mk_p"], rtol=1e-12, atol=3e-16)
    assert result.category.tolist() == labels[f"arcgis_reading_{alpha}"].tolist()
    legacy = emerging(
        cube, weights, **ESRI, bin_alpha=alpha, trend_alpha=alpha, sporadic_requires_last=False
    )
    assert legacy.category.tolist() == labels[f"legacy_sporadic_{alpha}"].tolist()


def test_false_discovery_rate_is_that_of_all_bins() -> None:
    cube, weights, bins, _ = new_mexico()
    result = emerging(cube, weights, p_method="analytic")
    np.testing.assert_allclose(result.q_value, bins["p_bh"], rtol=0, atol=1e-12)


# --- the bins ---------------------------------------------------------------------------------


def ring(n: int) -> Any:
    """Each cell beside two others, with unequal numbers of neighbours at the seam."""
    i = np.arange(n - 1)
    return sparse.coo_array(
        (np.ones(2 * n - 2), (np.r_[i, i + 1], np.r_[i + 1, i])), shape=(n, n)
    ).tocsr()


def among_bins(weights: Any, n_periods: int, layers: int) -> Any:
    """Space-time weights by loops: bin (i, t) sees j at t, and i and j at t - 1, t - 2, ..."""
    dense = weights.toarray()
    n = len(dense)
    out = np.zeros((n * n_periods, n * n_periods))
    for i in range(n):
        for t in range(n_periods):
            for j in range(n):
                for u in range(max(0, t - layers), t + 1):
                    if i == j and u == t:
                        continue
                    out[i * n_periods + t, j * n_periods + u] = 1.0 if i == j else dense[i, j]
    return sparse.csr_array(out)


@pytest.mark.parametrize("layers", [0, 1, 3])
def test_cube_window_is_gi_star_among_all_bins(layers: int) -> None:
    x = np.random.default_rng(2).poisson(2.0, (7, 6)).astype(float)
    weights = ring(7)
    expected = gi_star(x.reshape(-1), among_bins(weights, 6, layers), fdr=None)
    result = emerging(x, weights, time_neighbors=layers, fdr=None)
    np.testing.assert_allclose(result.z.reshape(-1), expected.z, atol=1e-12)


def test_step_window_is_gi_star_of_each_period() -> None:
    x = np.random.default_rng(3).random((8, 5))
    result = emerging(x, ring(8), window="step", fdr=None)
    for t in range(5):
        expected = gi_star(x[:, t], ring(8), fdr=None, p_method="analytic")
        np.testing.assert_allclose(result.z[:, t], expected.z, atol=1e-12)
        np.testing.assert_allclose(result.p_value[:, t], expected.p_value, rtol=1e-10)
    assert result.p_method == "analytic"  # not counts


def test_neighborhood_window_compares_with_the_periods_it_covers() -> None:
    x = np.random.default_rng(3).random((8, 5))
    result = emerging(x, ring(8), window="neighborhood", fdr=None)
    for t in range(1, 5):
        block = x[:, t - 1 : t + 1]
        expected = gi_star(
            block.reshape(-1), among_bins(ring(8), 2, 1), fdr=None, p_method="analytic"
        )
        np.testing.assert_allclose(result.z[:, t], expected.z[1::2], atol=1e-12)
        np.testing.assert_allclose(result.p_value[:, t], expected.p_value[1::2], rtol=1e-10)
    first = gi_star(x[:, 0], ring(8), fdr=None)
    np.testing.assert_allclose(result.z[:, 0], first.z, atol=1e-12)


def two_sided(observed: float, sums: np.ndarray) -> float:
    return min(1.0, 2 * min(float(np.mean(sums <= observed)), float(np.mean(sums >= observed))))


@pytest.mark.parametrize("window", ["cube", "step", "neighborhood"])
def test_exact_p_equals_counting_all_deals(window: str) -> None:
    x = np.array([[0, 2, 0, 1], [3, 0, 0, 5], [0, 1, 4, 4], [0, 0, 1, 0]])
    result = emerging(x, ring(4), window=window, fdr=None)
    assert result.p_method == "exact"
    layers = 0 if window == "step" else 1
    for i in range(4):
        for t in range(4):
            periods = range(max(0, t - layers), t + 1)
            cells = [j for j in (i - 1, i, i + 1) if 0 <= j < 4]
            first = {"cube": 0, "step": t, "neighborhood": periods[0]}[window]
            pool = x if window == "cube" else x[:, first : t + 1]
            size = len(cells) * len(periods)
            sums = np.array([sum(deal) for deal in combinations(pool.reshape(-1).tolist(), size)])
            observed = x[np.ix_(cells, list(periods))].sum()
            assert result.p_value[i, t] == pytest.approx(two_sided(observed, sums), rel=1e-9)


@pytest.mark.parametrize("window", ["cube", "step", "neighborhood"])
def test_simulated_p_agrees_with_exact(window: str) -> None:
    x = np.random.default_rng(4).poisson(1.0, (12, 6))
    exact = emerging(x, ring(12), window=window, fdr=None)
    options: dict[str, Any] = {"window": window, "fdr": None, "permutations": 1999}
    simulated = emerging(x, ring(12), **options, seed=1)
    assert (exact.p_method, simulated.p_method) == ("exact", "permutation")
    error = np.sqrt(2 * exact.p_value / 1999) + 2 / 2000
    assert (np.abs(simulated.p_value - exact.p_value) < 4.5 * error).all()
    again = emerging(x, ring(12), **options, seed=1)
    assert np.array_equal(again.p_value, simulated.p_value)


def test_simulated_p_takes_any_weights_and_values() -> None:
    rng = np.random.default_rng(5)
    weights = ring(9)
    weights.data = rng.random(weights.data.size)
    x = rng.random((9, 6))
    simulated = emerging(x, weights, permutations=1999, seed=2, fdr=None)
    normal = emerging(x, weights, fdr=None)
    assert (simulated.p_method, normal.p_method) == ("permutation", "analytic")
    assert np.abs(simulated.p_value - normal.p_value).max() < 0.1


def test_fatalities_get_no_exact_p() -> None:
    x = np.zeros((9, 6), dtype=int)
    x[2, 3], x[4, 4] = 900, 1
    with pytest.warns(UserWarning, match="as sums of fatalities are.*normal approximation"):
        assert emerging(x, ring(9)).p_method == "analytic"
    with pytest.raises(ValueError, match="Overdispersed values"):
        emerging(x, ring(9), p_method="exact")
    assert emerging(x, ring(9), max_dispersion=float("inf")).p_method == "exact"


def test_exact_p_says_why_not() -> None:
    with pytest.raises(ValueError, match="54 of 54 values are not counts"):
        emerging(np.full((9, 6), 0.5), ring(9), p_method="exact")
    weights = ring(9)
    weights.data[1] = 3.0
    x = np.random.default_rng(1).poisson(1.0, (9, 6))
    with pytest.raises(ValueError, match="the weights differ within a row"):
        emerging(x, weights, p_method="exact")


def test_costly_exact_p_is_not_taken_unasked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_tails, "_AFFORDABLE", 10.0)
    x = np.random.default_rng(1).poisson(1.0, (9, 6))
    with pytest.warns(UserWarning, match="Costly exact p"):
        assert emerging(x, ring(9)).p_method == "analytic"
    assert emerging(x, ring(9), p_method="exact").p_method == "exact"


def test_row_standardised_weights_change_nothing() -> None:
    x = np.random.default_rng(4).poisson(1.0, (9, 8))
    weights = ring(9)
    scaled = sparse.csr_array(weights.multiply(1.0 / weights.sum(axis=1)[:, None]))
    one, two = emerging(x, weights), emerging(x, scaled)
    assert np.array_equal(one.z, two.z)
    assert one.category.tolist() == two.category.tolist()


def test_planted_histories_are_recognised() -> None:
    rng = np.random.default_rng(5)
    cube = rng.poisson(1.0, (40, 12))
    cube[3:8, 9:] += 12
    cube[30:35, :] += 12
    result = emerging(cube, ring(40))
    assert result.category[5] == "consecutive hotspot"
    assert result.category[32] in ("persistent hotspot", "intensifying hotspot")
    assert (result.category[12:28] == "no pattern detected").all()


def test_trend_keeps_its_level_although_neighbourhoods_overlap() -> None:
    rates: dict[str, list[float]] = {"none": [], "overlap": [], "alone": []}
    rng = np.random.default_rng(8)
    for _ in range(25):
        cube = rng.poisson(2.0, (100, 20))
        for name in rates:
            options: dict[str, Any] = (
                {"trend_correction": "none", "trend_time_neighbors": 0}
                if name == "alone"
                else {"trend_correction": name}
            )
            result = emerging(cube, ring(100), p_method="analytic", **options)
            rates[name].append(float((result.trend.p_value <= 0.05).mean()))
    assert np.mean(rates["none"]) > 0.12
    for name in ("overlap", "alone"):
        error = np.std(rates[name], ddof=1) / np.sqrt(len(rates[name]))
        assert np.mean(rates[name]) < 0.05 + 2 * error
        assert np.mean(rates[name]) > 0.025


def test_null_cubes_have_few_hot_bins_with_exact_p() -> None:
    rng = np.random.default_rng(9)
    found = {"auto": 0, "analytic": 0}
    for _ in range(10):
        cube = rng.poisson(0.1, (150, 10))
        for method in found:
            found[method] += int((emerging(cube, ring(150), p_method=method).bins != 0).sum())
    assert found["auto"] <= 5
    assert found["analytic"] > 50  # why the exact p is the default for counts


# --- edges ------------------------------------------------------------------------------------


def test_isolated_cells_are_never_hot() -> None:
    cube = np.random.default_rng(1).poisson(1.0, (6, 8))
    cube[5] += 50
    weights = sparse.csr_array((6, 6))
    weights = sparse.block_diag([ring(5), sparse.csr_array((1, 1))]).tocsr()
    result = emerging(cube, weights)
    assert result.category[5] == "isolated"
    assert np.isnan(result.p_value[5]).all()
    assert (result.bins[5] == 0).all()
    assert (result.category[:5] != "isolated").all()


def test_constant_and_empty_cubes_are_undefined() -> None:
    result = emerging(np.full((5, 6), 3.0), ring(5))
    assert (result.category == "undefined").all()
    assert np.isnan(result.z).all()
    assert (emerging(np.zeros((5, 6)), ring(5)).category == "undefined").all()


def test_periods_in_which_nothing_varies_do_not_count_for_the_trend() -> None:
    x = np.random.default_rng(1).random((8, 9))
    x[:, 4] = 0.0
    result = emerging(x, ring(8), window="step")
    assert np.isnan(result.z[:, 4]).all()
    assert result.trend.n == 8
    assert np.isfinite(result.trend.p_value).all()
    x[:, 3:] = 0.0
    assert (emerging(x, ring(8), window="step").trend.trend == 0).all()


def test_inputs_are_not_changed() -> None:
    x = np.random.default_rng(1).random((8, 9))
    weights = ring(8)
    before, data = x.copy(), weights.data.copy()
    emerging(x, weights)
    assert np.array_equal(x, before)
    assert np.array_equal(weights.data, data)


@pytest.mark.parametrize(
    ("cube", "options", "message"),
    [
        (np.ones((5, 3)), {}, "3 periods; a history needs at least 4"),
        (np.ones(5), {}, r"Invalid cube: shape \(5,\)"),
        (np.full((5, 6), np.nan), {}, "missing or infinite; first at cell 0, period 0"),
        (np.ones((4, 6)), {}, "Invalid weights"),
        (np.ones((5, 6)), {"window": "all"}, "Invalid window"),
        (np.ones((5, 6)), {"trend_correction": "known"}, "Invalid trend_correction"),
        (np.ones((5, 6)), {"time_neighbors": 6}, "Invalid time_neighbors: 6"),
        (
            np.ones((5, 6)),
            {"window": "step", "time_neighbors": 1},
            "Invalid time_neighbors: 1 with",
        ),
        (np.ones((5, 6)), {"trend_time_neighbors": -1}, "Invalid trend_time_neighbors"),
        (np.ones((5, 6)), {"bin_alpha": 0.0}, "Invalid bin_alpha"),
        (np.ones((5, 6)), {"trend_alpha": 2.0}, "Invalid trend_alpha"),
        (np.ones((5, 6)), {"earlier_cold": "no"}, "Invalid earlier_cold"),
        (np.ones((5, 6)), {"fdr": "no"}, "Invalid"),
        (np.ones((5, 6)), {"p_method": "no"}, "Invalid p_method"),
        (np.ones((5, 6)), {"p_method": "permutation"}, "Invalid permutations: 0"),
        (np.ones((5, 6)), {"permutations": -1}, "Invalid permutations: -1"),
        (
            np.ones((5, 6)),
            {"p_method": "analytic", "permutations": 9},
            "Invalid permutations: 9 with p_method='analytic'",
        ),
        (np.ones((5, 6)), {"max_dispersion": -1.0}, "Invalid max_dispersion"),
    ],
)
def test_bad_arguments(cube: Any, options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        emerging(cube, ring(5), **options)


@pytest.mark.parametrize(
    ("z", "bins", "message"),
    [
        ([1.0, 2, 3], None, "T >= 4"),
        (np.zeros((2, 5)), np.zeros((2, 4)), "Invalid bins: shape"),
        (np.zeros((2, 5)), np.full((2, 5), 2), "other than -1, 0 and 1"),
    ],
)
def test_bad_series(z: Any, bins: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        hotspot_categories(z, bins)


def test_trend_series_must_match() -> None:
    with pytest.raises(ValueError, match="Invalid trend_z"):
        hotspot_categories(np.zeros((2, 5)), trend_z=np.zeros((3, 5)))
    with pytest.raises(TypeError, match="Invalid time_neighbors"):
        emerging(np.ones((5, 6)), ring(5), time_neighbors=1.5)
    with pytest.raises(TypeError, match="Invalid permutations"):
        emerging(np.ones((5, 6)), ring(5), permutations=9.5)


# --- cubes ------------------------------------------------------------------------------------


def test_cube_counts_every_event_once_and_fills_in_zeros() -> None:
    when = np.array(["2024-01", "2024-04", "2024-04", "2024-02", "2023-01"], "datetime64[M]")
    cube, periods = space_time_cube(
        [0, 1, 1, -1, 2], when, 3, start="2024-01", stop=np.datetime64("2024-05")
    )
    assert periods.astype(str).tolist() == [f"2024-0{m}" for m in range(1, 6)]
    assert cube.tolist() == [[1, 0, 0, 0, 0], [0, 0, 0, 2, 0], [0, 0, 0, 0, 0]]
    weighted, _ = space_time_cube([0, 0], [3.0, 4.0], 1, weight=[0.5, 2.0])
    assert weighted.tolist() == [[0.5, 2.0]]
    empty, periods = space_time_cube(np.array([], int), np.array([], int), 2, start=1, stop=3)
    assert empty.shape == (2, 3)
    assert empty.sum() == 0


@pytest.mark.parametrize(
    ("arguments", "options", "error", "message"),
    [
        (([0, 5], [1, 2], 3), {}, ValueError, "1 of 2 outside .* first at index 1: 5"),
        (([0, 1], [1, 2, 3], 3), {}, ValueError, "Invalid unit, time: shapes"),
        (([0, 1], [1.5, 2.0], 3), {}, TypeError, "whole period numbers or numpy datetime64"),
        (([0, 1], [1.0, np.nan], 3), {}, TypeError, "whole period numbers or numpy datetime64"),
        (([0, 1], [1.0, np.inf], 3), {}, TypeError, "whole period numbers or numpy datetime64"),
        (([0.5, 1], [1, 2], 3), {}, TypeError, "Invalid unit: dtype float64; must be row numbers"),
        (([0, 1], [0, 10**9], 3), {}, ValueError, "1000000001 periods of 3 units; at most"),
        (([0, 1], [1, 2], 3), {"stop": 0}, ValueError, "lies before start"),
        (([], np.array([], int), 3), {}, ValueError, "start and stop are needed"),
        (
            ([0], np.array(["NaT"], "datetime64[D]"), 3),
            {},
            ValueError,
            "1 of 1 are missing; first at index 0",
        ),
    ],
)
def test_bad_events(
    arguments: Any, options: dict[str, Any], error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        space_time_cube(*arguments, **options)
