"""What must hold of self-exciting processes for all events."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings, strategies as st

from geo_risk.hotspots.hawkes import (
    EtasParameters,
    HawkesParameters,
    hawkes_compensator,
    hawkes_intensity,
    hawkes_log_likelihood,
)
from geo_risk.hotspots.hawkes_fit import hawkes_fit
from geo_risk.hotspots.hawkes_forecast import decayed_intensity, hawkes_forecast

positive = st.floats(0.01, 5.0)
moments = st.lists(st.floats(0.0, 50.0), min_size=1, max_size=30)
eighths = st.lists(st.integers(0, 400).map(lambda k: k / 8), min_size=1, max_size=30)
models = st.one_of(
    st.builds(HawkesParameters, positive, positive, positive),
    st.builds(EtasParameters, positive, positive, st.floats(0.0, 2.0), positive, positive),
)


@given(eighths, models, st.integers(-1000, 1000))
@settings(max_examples=50)
def test_shifting_time_changes_nothing(times: list[float], parameters, shift: int) -> None:
    one = hawkes_log_likelihood(times, parameters, end=60.0)
    moved = np.array(times) + shift  # exact: whole eighths
    two = hawkes_log_likelihood(moved, parameters, start=shift, end=60.0 + shift)
    np.testing.assert_allclose(one, two, rtol=1e-9, atol=1e-9)


@given(moments, st.floats(0.01, 5.0), st.floats(0.1, 10.0))
@settings(max_examples=50)
def test_the_unit_of_time_adds_a_constant(times: list[float], mu: float, factor: float) -> None:
    one = hawkes_log_likelihood(times, HawkesParameters(mu, 0.5, 1.5), end=60.0)
    other = HawkesParameters(mu / factor, 0.5 / factor, 1.5 / factor)
    two = hawkes_log_likelihood(np.array(times) * factor, other, end=60.0 * factor)
    np.testing.assert_allclose(two, one - len(times) * np.log(factor), rtol=1e-6, atol=1e-6)


@given(moments, models)
@settings(max_examples=50)
def test_intensity_and_compensator_are_at_least_the_background(
    times: list[float], parameters
) -> None:
    assert (hawkes_intensity(times, parameters, [0.0, 10.0, 70.0]) >= parameters.mu).all()
    assert hawkes_compensator(times, parameters, end=60.0) >= 60.0 * parameters.mu - 1e-9


@given(st.integers(0, 2**32 - 1))
@settings(max_examples=6)
def test_a_fit_is_at_least_as_likely_as_a_constant_rate(seed: int) -> None:
    rng = np.random.default_rng(seed)
    times = np.sort(rng.uniform(0, 100, int(rng.integers(10, 60))))
    fit = hawkes_fit(times, end=100.0)
    assert fit.log_likelihood >= fit.poisson_log_likelihood - 1e-4
    assert 0.0 <= fit.parameters.branching_ratio < 1.0


@given(moments, st.integers(1, 5), st.integers(0, 2**32 - 1))
@settings(max_examples=20)
def test_forecast_bins_add_up(times: list[float], bins: int, seed: int) -> None:
    parameters = HawkesParameters(0.5, 0.4, 1.0)
    options = {"horizon": 5.0, "end": 60.0, "simulations": 20, "seed": seed}
    fine = hawkes_forecast(times, parameters, bins=bins, **options)
    whole = hawkes_forecast(times, parameters, **options)
    assert fine.counts.sum(axis=1).tolist() == whole.counts[:, 0].tolist()


@given(moments, st.floats(0.1, 100.0))
@settings(max_examples=40)
def test_waiting_one_half_life_halves_the_intensity(times: list[float], half_life: float) -> None:
    now = decayed_intensity(times, at=50.0, half_life=half_life)
    later = decayed_intensity(times, at=50.0 + half_life, half_life=half_life)
    np.testing.assert_allclose(later, 0.5 * now, rtol=1e-9)
    assert 0.0 <= now <= len(times)
