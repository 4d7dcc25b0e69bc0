"""Mann-Kendall against stored reference values, and against loops."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from paths import reference
from scipy import stats

from geo_risk.hotspots.mann_kendall import mann_kendall

SETS = ["mk_nile", "mk_lakehuron", "mk_coal_annual_ties", "mk_short_n5", "mk_constant_n8"]


def read(name: str) -> tuple[np.ndarray, dict[str, Any], dict[str, Any]]:
    folder: Path = reference(f"mann_kendall/{name}")
    x = np.loadtxt(folder / "input.csv", delimiter=",", skiprows=1, usecols=1)
    expected = [json.loads((folder / f"expected_{by}.json").read_text()) for by in ("py", "R")]
    return x, expected[0], expected[1]


@pytest.mark.parametrize("name", SETS)
def test_agrees_with_reference_software(name: str) -> None:
    x, python, r = read(name)
    result = mann_kendall(x)
    plain = python["original"]
    assert result.s == plain["s"] == r["S"]
    assert result.var_s == pytest.approx(plain["var_s"], rel=1e-15)
    assert result.z == pytest.approx(plain["z"], rel=1e-14)
    assert result.tau_a == pytest.approx(plain["Tau"], rel=1e-14)
    assert result.slope == pytest.approx(plain["slope"], rel=1e-14)
    assert result.slope == pytest.approx(python["scipy_theilslopes"]["slope"], rel=1e-14)
    assert result.intercept == pytest.approx(plain["intercept"], rel=1e-14)
    if r["cor_test_p_cc"] == "NA":  # a constant series
        assert result.p_value == plain["p"] == 1.0
        assert np.isnan(result.tau_b)
    else:
        # pymannkendall loses digits of small p; R's cor.test keeps them.
        assert result.p_value == pytest.approx(r["cor_test_p_cc"], rel=1e-12)
        assert result.tau_b == pytest.approx(r["cor_test_tau"], rel=1e-13)


@pytest.mark.parametrize("name", SETS)
def test_hamed_rao_agrees_with_reference_software(name: str) -> None:
    x, python, _ = read(name)
    result, expected = (
        mann_kendall(x, correction="hamed_rao"),
        python["hamed_rao_modification_test"],
    )
    assert result.z == pytest.approx(expected["z"], rel=1e-12, abs=1e-15)
    assert result.p_value == pytest.approx(expected["p"], rel=1e-10)
    if not math.isnan(expected["var_s"]):
        assert result.var_s == pytest.approx(expected["var_s"], rel=1e-12)


def by_loops(x: list[float]) -> tuple[int, float, float]:
    """S, its variance by counting ties one by one, and Sen's slope, all by loops."""
    n = len(x)
    s, slopes = 0, []
    for i in range(n):
        for j in range(i + 1, n):
            s += (x[j] > x[i]) - (x[j] < x[i])
            slopes.append((x[j] - x[i]) / (j - i))
    ties = sum(t * (t - 1) * (2 * t + 5) for t in (x.count(v) for v in set(x)))
    slopes.sort()
    middle = len(slopes) // 2
    slope = slopes[middle] if len(slopes) % 2 else (slopes[middle - 1] + slopes[middle]) / 2
    return s, (n * (n - 1) * (2 * n + 5) - ties) / 18, slope


def test_many_series_at_once_equal_one_by_one_and_loops(monkeypatch: pytest.MonkeyPatch) -> None:
    # Blocks of two series: the seam between blocks is part of the test.
    monkeypatch.setitem(mann_kendall.__globals__, "_PAIRS_AT_ONCE", 2 * 66)
    rng = np.random.default_rng(5)
    series = rng.integers(0, 6, (41, 12)).astype(float)
    result = mann_kendall(series)
    for i, row in enumerate(series):
        s, var_s, slope = by_loops(row.tolist())
        one = mann_kendall(row)
        assert (result.s[i], result.slope[i]) == (s, slope) == (one.s, one.slope)
        assert result.var_s[i] == pytest.approx(var_s, rel=1e-15)
        assert result.p_value[i] == one.p_value
        assert result.tau_b[i] == pytest.approx(
            stats.kendalltau(np.arange(12), row).statistic, abs=1e-13
        )


def test_small_p_keeps_its_digits() -> None:
    n = 60
    result = mann_kendall(np.arange(n))
    s = n * (n - 1) / 2
    z = (s - 1) / math.sqrt(n * (n - 1) * (2 * n + 5) / 18)
    assert result.p_value == pytest.approx(2 * stats.norm.sf(z), rel=1e-12)
    assert 0 < result.p_value < 1e-20


def test_hamed_rao_keeps_its_level_better_on_autocorrelated_noise() -> None:
    rng = np.random.default_rng(11)
    noise = rng.standard_normal((1500, 150))
    for t in range(1, 150):
        noise[:, t] += 0.4 * noise[:, t - 1]
    plain = (mann_kendall(noise).p_value <= 0.05).mean()
    corrected = (mann_kendall(noise, correction="hamed_rao").p_value <= 0.05).mean()
    assert plain > 0.14
    assert corrected < plain - 0.03  # approximate: measured 0.171 and 0.121


def test_level_on_noise() -> None:
    noise = np.random.default_rng(3).standard_normal((4000, 20))
    rate = (mann_kendall(noise).p_value <= 0.05).mean()
    assert rate == pytest.approx(0.05, abs=4 * math.sqrt(0.05 * 0.95 / 4000))


def test_missing_values_give_missing_results_for_that_series_only() -> None:
    result = mann_kendall([[1, 2, np.nan, 4, 5], [1, 2, 3, 4, 5]], correction="hamed_rao")
    assert np.isnan(result.p_value[0])
    assert np.isnan(result.s[0])
    assert result.trend.tolist() == [0, 1]


def test_shapes_and_input_unchanged() -> None:
    x = np.array([3.0, 1.0, 2.0, 5.0])
    before = x.copy()
    assert mann_kendall(x).p_value.shape == ()
    assert mann_kendall(x[None]).p_value.shape == (1,)
    assert mann_kendall(np.empty((0, 4))).p_value.shape == (0,)
    assert np.array_equal(x, before)


@pytest.mark.parametrize(
    ("series", "options", "message"),
    [
        ([1, 2, 3], {}, "Invalid series: 3 steps; a trend needs at least 4"),
        ([1, 2, 3, np.inf], {}, "1 of 4 values are infinite; first at index 3"),
        (np.zeros((2, 2, 5)), {}, r"Invalid series: shape \(2, 2, 5\)"),
        ([1, 2, 3, 4], {"correction": "yue_wang"}, "Invalid correction: 'yue_wang'"),
        ([1, 2, 3, 4], {"alpha": 0.0}, "Invalid alpha"),
        ([1, 2, 3, 4], {"lag_alpha": 1.5}, "Invalid lag_alpha"),
    ],
)
def test_bad_arguments(series: Any, options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        mann_kendall(series, **options)


def test_words_are_not_numbers() -> None:
    with pytest.raises(TypeError, match="is not a real number"):
        mann_kendall(["a", "b", "c", "d"])


def test_known_autocorrelation_keeps_the_level_of_moving_sums() -> None:
    rng = np.random.default_rng(19)
    noise = rng.standard_normal((6000, 20))
    sums = noise[:, 1:] + noise[:, :-1]
    plain = mann_kendall(sums)
    known = mann_kendall(sums, correction="known", autocorrelation=[0.5])
    assert (plain.p_value <= 0.05).mean() > 0.12
    assert 0.03 < (known.p_value <= 0.05).mean() < 0.052
    assert known.var_s[0] == pytest.approx(plain.s.var(), rel=0.06)  # the variance S really has


def test_known_autocorrelation_of_nothing_changes_nothing() -> None:
    x = np.random.default_rng(1).random((3, 9))
    known = mann_kendall(x, correction="known", autocorrelation=np.eye(9))
    np.testing.assert_allclose(known.p_value, mann_kendall(x).p_value, rtol=1e-6)


def test_known_factor_is_extrapolated_smoothly(monkeypatch: pytest.MonkeyPatch) -> None:
    x = np.random.default_rng(1).random(60)
    exact = mann_kendall(x, correction="known", autocorrelation=[0.5]).var_s
    monkeypatch.setitem(mann_kendall.__globals__, "_EXACT_STEPS", 30)
    assert mann_kendall(x, correction="known", autocorrelation=[0.5]).var_s == pytest.approx(
        exact, rel=5e-3
    )


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"correction": "known"}, "needs it, the others do not"),
        ({"autocorrelation": [0.5]}, "needs it, the others do not"),
        ({"correction": "known", "autocorrelation": np.ones((2, 2))}, "Invalid autocorr.*shape"),
        ({"correction": "known", "autocorrelation": [1.0]}, r"outside \(-1, 1\)"),
    ],
)
def test_bad_autocorrelation(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        mann_kendall([1, 2, 3, 4, 5], **options)
