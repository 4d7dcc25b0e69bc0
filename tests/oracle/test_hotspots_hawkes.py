"""Self-exciting processes against stored reference values, direct sums and simulation."""

from __future__ import annotations

import json
import math
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd
import pytest
from paths import reference
from scipy import integrate

from geo_risk.hotspots.hawkes import (
    EtasParameters,
    HawkesParameters,
    Parameters,
    check_events,
    evaluate,
    hawkes_compensator,
    hawkes_intensity,
    hawkes_log_likelihood,
)
from geo_risk.hotspots.hawkes_fit import hawkes_fit
from geo_risk.hotspots.hawkes_forecast import decayed_intensity, hawkes_forecast

# --- stored reference values ------------------------------------------------------------------


def test_exponential_log_likelihood_agrees_with_the_hawkes_package() -> None:
    folder = reference("hawkes/hawkes_coal")
    times = pd.read_csv(folder / "input.csv")["t"].to_numpy()
    for case in json.loads((folder / "expected.json").read_text()):
        parameters = HawkesParameters(case["mu"], case["alpha"], case["beta"])
        found = hawkes_log_likelihood(times, parameters, ties="index")
        assert found == pytest.approx(-case["value"], abs=1e-10)
    # One pair of events is simultaneous; leaving them alone gives another value.
    strict = hawkes_log_likelihood(times, HawkesParameters(0.5, 0.3, 1.2), ties="strict")
    assert strict == pytest.approx(-99.4183, abs=5e-5)


@pytest.mark.parametrize("name", ["etas_ogata", "etas_tangshan"])
def test_etas_agrees_with_ptprocess(name: str) -> None:
    folder = reference(f"hawkes/{name}")
    events = pd.read_csv(folder / "input.csv")
    moments = pd.read_csv(folder / "lambda.csv")
    cases = json.loads((folder / "expected.json").read_text())
    for number, case in enumerate(cases, start=1):
        p = case["params"]
        parameters = EtasParameters(p["mu"], p["A"], p["alpha"], p["c"], p["p"])
        start, end = case["TT"]
        given = {"magnitudes": events["mag"], "start": start, "end": end}
        found = hawkes_log_likelihood(events["time"], parameters, **given)
        assert found == pytest.approx(case["logLik"], abs=1e-10)
        expected = hawkes_compensator(events["time"], parameters, **given)
        assert expected == pytest.approx(case["compensator"], abs=1e-10)
        intensity = hawkes_intensity(
            events["time"], parameters, moments["t"], magnitudes=events["mag"]
        )
        np.testing.assert_allclose(intensity, moments[f"lambda_{number}"], rtol=1e-10)


# --- direct sums ------------------------------------------------------------------------------


def slow_intensity(
    t: float, times: list[float], sizes: list[float], parameters: Parameters, before: int
) -> float:
    total = parameters.mu
    for s, m in zip(times[:before], sizes[:before]):
        if isinstance(parameters, HawkesParameters):
            total += parameters.alpha * math.exp(-parameters.beta * (t - s))
        else:
            decay = (1 + (t - s) / parameters.c) ** -parameters.p
            total += parameters.a * math.exp(parameters.alpha * m) * decay
    return total


def slow_log_likelihood(
    times: list[float],
    sizes: list[float],
    parameters: Parameters,
    start: float,
    end: float,
    strict: bool,
) -> float:
    value = 0.0
    for i, t in enumerate(times):
        before = sum(s < t for s in times) if strict else i
        if t >= start:
            value += math.log(slow_intensity(t, times, sizes, parameters, before))
    # The integral between two events is smooth: quadrature, not the antiderivative.
    knots = [start, *[t for t in times if start < t < end], end]
    for a, b in pairwise(knots):
        if b > a:
            before = sum(s <= a for s in times)
            value -= integrate.quad(
                slow_intensity, a, b, (times, sizes, parameters, before), epsabs=1e-12
            )[0]
    return value


MODELS: list[Parameters] = [
    HawkesParameters(0.3, 0.8, 1.7),
    HawkesParameters(0.5, 0.0, 1.0),
    EtasParameters(0.2, 0.9, 0.7, 0.3, 1.3),
    EtasParameters(0.2, 0.9, 0.0, 0.3, 1.0),
    EtasParameters(0.2, 0.4, 0.5, 2.0, 0.7),
]


@pytest.mark.parametrize("ties", ["strict", "index"])
@pytest.mark.parametrize("parameters", MODELS)
def test_log_likelihood_equals_direct_sum_and_quadrature(parameters: Parameters, ties: str) -> None:
    rng = np.random.default_rng(4)
    for start in (0.0, 2.5):
        times = np.sort(np.round(rng.uniform(-1 if start else 0, 8, 14), 1))  # with ties
        sizes = rng.exponential(1.0, times.size)
        known = sizes if isinstance(parameters, EtasParameters) else None
        found = hawkes_log_likelihood(
            times, parameters, magnitudes=known, start=start, end=9.0, ties=ties
        )
        expected = slow_log_likelihood(
            times.tolist(), sizes.tolist(), parameters, start, 9.0, ties == "strict"
        )
        assert found == pytest.approx(expected, abs=1e-8)


@pytest.mark.parametrize("parameters", MODELS)
def test_gradient_equals_finite_differences(parameters: Parameters) -> None:
    rng = np.random.default_rng(5)
    times, sizes = rng.uniform(-2, 8, 20), rng.exponential(1.0, 20)
    events = check_events(times, sizes, 0.0, 9.0)
    gradient = evaluate(events, parameters, "strict")[2]
    names = list(parameters.__dataclass_fields__)
    values = np.array([getattr(parameters, name) for name in names])
    for k, name in enumerate(names):
        step = 1e-5 * max(0.1, abs(values[k]))
        sides = []
        for sign in (1.0, -1.0):
            moved = values.copy()
            moved[k] += sign * step
            if name in ("alpha",) and moved[k] < 0:
                moved[k], sign = values[k], 0.0
            logs, integral, _ = evaluate(events, type(parameters)(*moved), "strict")
            sides.append((moved[k], logs - integral))
        slope = (sides[0][1] - sides[1][1]) / (sides[0][0] - sides[1][0])
        assert gradient[k] == pytest.approx(slope, rel=2e-4, abs=2e-4)


def test_intensity_is_that_just_before_the_moment() -> None:
    times = [1.0, 1.0, 3.0]
    at = np.array([[4.0, 1.0], [3.0, 0.0]])
    for parameters in MODELS:
        expected = [
            [
                slow_intensity(t, times, [0.0] * 3, parameters, sum(s < t for s in times))
                for t in row
            ]
            for row in at.tolist()
        ]
        np.testing.assert_allclose(hawkes_intensity(times, parameters, at), expected, rtol=1e-12)


def test_order_of_the_rows_does_not_matter() -> None:
    rng = np.random.default_rng(6)
    times, sizes = rng.integers(0, 9, 30) * 1.0, rng.exponential(1.0, 30)
    order = rng.permutation(30)
    for parameters in MODELS:
        etas = isinstance(parameters, EtasParameters)
        one, two = (
            hawkes_log_likelihood(
                times[rows], parameters, magnitudes=sizes[rows] if etas else None, end=10.0
            )
            for rows in (np.arange(30), order)
        )
        assert one == pytest.approx(two, abs=1e-9)


# --- fit --------------------------------------------------------------------------------------


def simulate(parameters: HawkesParameters, end: float, seed: int) -> np.ndarray:
    """Ogata's thinning, one event after the other: nothing shared with the forecast."""
    rng = np.random.default_rng(seed)
    t, excitement, times = 0.0, 0.0, []
    while True:
        bound = parameters.mu + excitement
        wait = rng.exponential(1.0 / bound)
        t += wait
        excitement *= math.exp(-parameters.beta * wait)
        if t > end:
            return np.array(times)
        if rng.uniform(0, bound) <= parameters.mu + excitement:
            times.append(t)
            excitement += parameters.alpha


def test_fit_recovers_the_parameters() -> None:
    truth = HawkesParameters(0.4, 0.9, 1.5)
    fits = [hawkes_fit(simulate(truth, 800.0, seed), end=800.0) for seed in range(8)]
    assert all(fit.converged for fit in fits)
    ratio = np.array([fit.parameters.branching_ratio for fit in fits])
    mu = np.array([fit.parameters.mu for fit in fits])
    beta = np.array([fit.parameters.beta for fit in fits])
    for values, true in ((ratio, 0.6), (mu, 0.4), (beta, 1.5)):
        error = values.std(ddof=1) / math.sqrt(len(fits))
        assert abs(values.mean() - true) < 4 * error + 0.02
    for fit in fits:
        assert fit.aic < fit.poisson_aic


def test_fit_is_a_maximum() -> None:
    times = simulate(HawkesParameters(0.4, 0.9, 1.5), 200.0, 3)
    fit = hawkes_fit(times, end=200.0)
    best = fit.parameters
    assert hawkes_log_likelihood(times, best, end=200.0) == pytest.approx(fit.log_likelihood)
    for factor in (0.97, 1.03):
        for moved in (
            HawkesParameters(best.mu * factor, best.alpha, best.beta),
            HawkesParameters(best.mu, best.alpha * factor, best.beta),
            HawkesParameters(best.mu, best.alpha, best.beta * factor),
        ):
            assert hawkes_log_likelihood(times, moved, end=200.0) < fit.log_likelihood
    # At the maximum the model expects as many events as there are.
    assert hawkes_compensator(times, best, end=200.0) == pytest.approx(times.size, rel=1e-4)


def test_poisson_events_need_no_excitation() -> None:
    times = np.random.default_rng(2).uniform(0, 500, 400)
    fit = hawkes_fit(times, end=500.0)
    assert fit.aic > fit.poisson_aic - 4.0
    assert fit.log_likelihood >= fit.poisson_log_likelihood - 1e-6
    assert fit.poisson_log_likelihood == pytest.approx(400 * math.log(400 / 500) - 400)


def test_etas_fit_beats_the_stated_parameters() -> None:
    folder = reference("hawkes/etas_ogata")
    events = pd.read_csv(folder / "input.csv")
    fit = hawkes_fit(events["time"], kernel="omori", magnitudes=events["mag"], start=0.0, end=800.0)
    for case in json.loads((folder / "expected.json").read_text()):
        assert fit.log_likelihood > case["logLik"]
    assert isinstance(fit.parameters, EtasParameters)
    again = hawkes_log_likelihood(
        events["time"], fit.parameters, magnitudes=events["mag"], start=0.0, end=800.0
    )
    assert again == pytest.approx(fit.log_likelihood, abs=1e-8)


# --- forecast ---------------------------------------------------------------------------------


def test_forecast_mean_equals_the_exact_expectation() -> None:
    parameters, horizon = HawkesParameters(0.5, 1.2, 2.0), 6.0
    times = np.array([1.0, 4.0, 4.5, 5.0])
    forecast = hawkes_forecast(
        times, parameters, horizon=horizon, bins=3, end=5.5, simulations=20_000, seed=3
    )
    # E lambda(end + u) relaxes exponentially, at rate beta - alpha, to mu / (1 - ratio).
    limit = parameters.mu / (1.0 - parameters.branching_ratio)
    now = float(hawkes_intensity(times, parameters, 5.5))
    rate = parameters.beta - parameters.alpha
    until = np.arange(4) * 2.0
    expected = np.diff(limit * until - (now - limit) * np.expm1(-rate * until) / rate)
    error = forecast.counts.std(axis=0) / math.sqrt(20_000)
    assert (np.abs(forecast.mean - expected) < 4 * error).all()
    assert forecast.edges.tolist() == [5.5, 7.5, 9.5, 11.5]
    assert (forecast.lower <= forecast.mean).all()
    assert (forecast.mean <= forecast.upper).all()
    inside = (forecast.counts >= forecast.lower) & (forecast.counts <= forecast.upper)
    assert (inside.mean(axis=0) >= 0.95).all()


def test_etas_forecast_of_direct_offspring_equals_their_integral() -> None:
    # So little excitation that events set off by forecast events hardly matter.
    for p in (0.8, 1.0, 1.4):
        parameters = EtasParameters(1e-9, 0.02, 0.5, 0.7, p)
        times, sizes = [0.5, 2.0], [3.0, 1.0]
        forecast = hawkes_forecast(
            times,
            parameters,
            magnitudes=sizes,
            horizon=4.0,
            bins=4,
            end=3.0,
            simulations=100_000,
            seed=1,
        )
        expected = [
            integrate.quad(slow_intensity, a, a + 1, (times, sizes, parameters, 2))[0]
            for a in (3.0, 4.0, 5.0, 6.0)
        ]
        error = np.sqrt(np.array(expected) / 100_000)
        assert (np.abs(forecast.mean - expected) < 5 * error + 0.06 * np.array(expected)).all()


def test_forecast_depends_on_the_seed_alone() -> None:
    parameters = HawkesParameters(0.5, 0.6, 2.0)
    options: dict[str, Any] = {"horizon": 5.0, "end": 4.0, "simulations": 50}
    one = hawkes_forecast([1.0, 3.0], parameters, **options, seed=7)
    two = hawkes_forecast([3.0, 1.0], parameters, **options, seed=7)
    assert np.array_equal(one.counts, two.counts)
    other = hawkes_forecast([1.0, 3.0], parameters, **options, seed=8)
    assert not np.array_equal(one.counts, other.counts)
    empty = hawkes_forecast([], parameters, **options, seed=7)
    assert empty.mean[0] == pytest.approx(5.0 * 0.5 / 0.7, rel=0.3)


def test_an_explosive_process_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(hawkes_forecast.__globals__, "_MOST_EVENTS", 10_000)
    with pytest.raises(ValueError, match="the process explodes"):
        hawkes_forecast([1.0], HawkesParameters(1.0, 4.0, 2.0), horizon=50.0, seed=1)


# --- decay ------------------------------------------------------------------------------------


def test_decayed_intensity_halves_and_forgets_nothing_else() -> None:
    when = np.array(["2024-01-01", "2024-01-31", "2024-03-01", "NaT"], "datetime64[D]")
    units = [0, 1, 1, 0]
    found = decayed_intensity(
        when, at=np.datetime64("2024-01-31"), half_life=30.0, unit=units, n_units=3
    )
    assert found.tolist() == [0.5, 1.0, 0.0]
    total = decayed_intensity(when, at=np.datetime64("2024-01-31"), half_life=30.0)
    assert total == found.sum()
    weighted = decayed_intensity([0.0, 5.0], at=10.0, half_life=5.0, weight=[4.0, 4.0])
    assert weighted == 3.0


# --- refusals ---------------------------------------------------------------------------------

HAWKES = HawkesParameters(0.5, 0.6, 2.0)
ETAS = EtasParameters(0.2, 0.9, 0.7, 0.3, 1.3)


@pytest.mark.parametrize(
    ("times", "options", "message"),
    [
        ([1.0, np.nan], {}, "1 of 2 are missing or infinite; first at index 1"),
        ([[1.0]], {}, "Invalid times: shape"),
        ([], {}, "no events; give end"),
        ([1.0, 5.0], {"end": 4.0}, "1 of 2 are after the end, 4; first at index 1: 5"),
        ([-1.0, 5.0], {}, "with times before 0, give start"),
        ([1.0], {"start": 3.0, "end": 2.0}, "must be after start"),
        ([1.0], {"magnitudes": [1.0, 2.0]}, "Invalid magnitudes: shape"),
        ([1.0], {"ties": "random"}, "Invalid ties"),
    ],
)
def test_bad_events(times: Any, options: dict[str, Any], message: str) -> None:
    model = ETAS if "magnitudes" in options else HAWKES
    with pytest.raises(ValueError, match=message):
        hawkes_log_likelihood(times, model, **options)


def test_bad_parameters() -> None:
    with pytest.raises(ValueError, match="Invalid mu"):
        HawkesParameters(0.0, 1.0, 1.0)
    with pytest.raises(ValueError, match="Invalid alpha"):
        HawkesParameters(1.0, -1.0, 1.0)
    with pytest.raises(ValueError, match="Invalid c"):
        EtasParameters(1.0, 1.0, 1.0, 0.0, 1.0)
    with pytest.raises(TypeError, match="must be HawkesParameters or EtasParameters"):
        hawkes_log_likelihood([1.0], (1, 2, 3))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: hawkes_fit([1.0] * 9), "9 events to fit; must be at least 10"),
        (lambda: hawkes_fit(np.arange(1.0, 20), kernel="gamma"), "Invalid kernel"),
        (lambda: hawkes_forecast([1.0], HAWKES, horizon=0.0), "Invalid horizon"),
        (lambda: hawkes_forecast([1.0], HAWKES, horizon=1.0, bins=0), "Invalid bins"),
        (lambda: hawkes_forecast([1.0], HAWKES, horizon=1.0, simulations=0), "simulations"),
        (lambda: hawkes_forecast([1.0], HAWKES, horizon=1.0, coverage=1.0), "Invalid coverage"),
        (lambda: hawkes_intensity([1.0], HAWKES, [np.nan]), "1 times are missing"),
        (lambda: decayed_intensity([1.0], at=2.0, half_life=0.0), "Invalid half_life"),
        (lambda: decayed_intensity([1.0], at=2.0, half_life=1.0, weight=[1, 2]), "times, weight"),
        (lambda: decayed_intensity([1.0], at=2.0, half_life=1.0, unit=[0]), "with n_units"),
        (
            lambda: decayed_intensity([1.0], at=2.0, half_life=1.0, unit=[3], n_units=3),
            r"outside \[-1, 2\]",
        ),
    ],
)
def test_bad_arguments(call: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        call()
