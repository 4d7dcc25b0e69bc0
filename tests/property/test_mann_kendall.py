"""What must hold of the Mann-Kendall test for every series."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings, strategies as st

from geo_risk.hotspots.mann_kendall import mann_kendall

series = st.lists(st.integers(-8, 8), min_size=4, max_size=25).map(lambda x: np.array(x, float))
corrections = st.sampled_from(["none", "hamed_rao"])


@given(series, corrections)
@settings(max_examples=60)
def test_reversal_and_negation_turn_the_trend_round(x: np.ndarray, correction: str) -> None:
    ahead = mann_kendall(x, correction=correction)
    for other in (x[::-1], -x):
        back = mann_kendall(other, correction=correction)
        assert back.s == -ahead.s
        assert back.slope == -ahead.slope
        assert np.isclose(back.p_value, ahead.p_value, rtol=1e-9, equal_nan=True)
        assert np.isclose(back.z, -ahead.z, rtol=1e-9, equal_nan=True)


@given(series, st.integers(1, 9), st.integers(-50, 50))
@settings(max_examples=60)
def test_only_the_slope_knows_the_unit(x: np.ndarray, factor: int, shift: int) -> None:
    plain, scaled = mann_kendall(x), mann_kendall(factor * x + shift)
    assert plain.s == scaled.s
    assert plain.p_value == scaled.p_value
    assert np.isclose(scaled.slope, factor * plain.slope)


@given(series)
@settings(max_examples=60)
def test_ranges(x: np.ndarray) -> None:
    result = mann_kendall(x)
    assert 0.0 < result.p_value <= 1.0
    assert -1.0 <= result.tau_a <= 1.0
    assert np.isnan(result.tau_b) or abs(result.tau_b) >= abs(result.tau_a) - 1e-12
    assert result.var_s >= 0.0
    assert np.sign(result.z) in (0.0, np.sign(result.s))
