"""Knox test: stored counts and moments, brute force, permutation."""

from __future__ import annotations

import json
import math
from itertools import combinations

import numpy as np
import pytest
from hotspot_cases import column
from paths import reference
from scipy import stats

from geo_risk.hotspots import knox

RNG = np.random.default_rng(13)


@pytest.mark.parametrize("name", ["knox_imdepiB", "knox_japan_m6_sphere"])
def test_as_in_the_reference(name: str) -> None:
    folder = reference(f"knox/{name}")
    entries = json.loads((folder / "expected.json").read_text())
    distance, interval = (sorted({e[key] for e in entries}) for key in ("eps_s", "eps_t"))
    path = folder / "input.csv"
    if name.endswith("sphere"):
        events = {key: column(path, key) for key in ("lon", "lat")} | {
            "time": column(path, "t_days")
        }
    else:
        events = {key: column(path, key) for key in ("x_km", "y_km", "time")}
    result = knox(**events, distance_km=distance, interval=interval, permutations=1999, seed=1)
    for e in entries:
        i, j = distance.index(e["eps_s"]), interval.index(e["eps_t"])
        assert result.observed[i, j] == e["X"]
        assert (result.space_pairs[i], result.time_pairs[j]) == (e["Ns"], e["Nt"])
        assert result.expected[i, j] == pytest.approx(e["barton_david_mean"], rel=1e-12)
        assert result.variance[i, j] == pytest.approx(e["barton_david_var"], rel=1e-10)
        assert result.z[i, j] == pytest.approx(e["z_barton_david"], rel=1e-10)
        assert result.ratio[i, j] == pytest.approx(e["knox_ratio"], rel=1e-12)
        assert result.p_poisson[i, j] == pytest.approx(e["p_poisson_ge"], rel=1e-9)
        p = e["perm19999_p_ge"]
        error = math.hypot(e["perm19999_p_se"], math.sqrt(p * (1 - p) / 1999)) + 5e-4
        assert abs(result.p_value[i, j] - p) <= 4 * error


def haversine(a: tuple[float, float], b: tuple[float, float]) -> float:
    (lon1, lat1), (lon2, lat2) = (tuple(map(math.radians, p)) for p in (a, b))
    h = math.sin((lat2 - lat1) / 2) ** 2
    h += math.cos(lat1) * math.cos(lat2) * math.sin((lon2 - lon1) / 2) ** 2
    return 2 * 6371.0088 * math.asin(math.sqrt(h))


@pytest.mark.parametrize("sphere", [True, False])
def test_counts_pair_by_pair(sphere: bool) -> None:
    n, distances, intervals = 60, [0.0, 300.0, 900.0, 5000.0], [0.0, 2.0, 10.0]
    a, b = RNG.integers(-180, 181, n).astype(float), RNG.integers(-9, 10, n) * 10.0
    time = RNG.integers(0, 40, n)
    place = {"lon": a, "lat": b} if sphere else {"x_km": a, "y_km": b}
    result = knox(**place, time=time, distance_km=distances, interval=intervals, permutations=0)
    counted = np.zeros((4, 3), dtype=int)
    for i, j in combinations(range(n), 2):
        if sphere:
            d = haversine((a[i], b[i]), (a[j], b[j]))
        else:
            d = math.hypot(a[i] - a[j], b[i] - b[j])
        # sphere: the same place by two names (a pole, ±180) is 0 km away
        near = np.array([d <= limit + (1e-6 if limit == 0 else 0) for limit in distances])
        soon = np.array([abs(int(time[i]) - int(time[j])) <= limit for limit in intervals])
        counted += np.outer(near, soon)
    assert (result.observed == counted).all()
    assert (result.band_observed.cumsum(0).cumsum(1) == counted).all()
    assert np.isnan(result.p_value).all()


def test_moments_by_simulation() -> None:
    n = 40
    events = {"x_km": RNG.normal(size=n), "y_km": RNG.normal(size=n)}
    time = RNG.exponential(size=n)
    options = {"distance_km": [0.5, 1.0], "interval": [0.3], "permutations": 0}
    result = knox(**events, time=time, **options)
    draws = np.array(
        [knox(**events, time=RNG.permutation(time), **options).observed for _ in range(1500)]
    )
    error = draws.std(axis=0) / np.sqrt(1500)
    assert (np.abs(draws.mean(axis=0) - result.expected) < 4 * error).all()
    np.testing.assert_allclose(draws.var(axis=0), result.variance, rtol=0.2)


def test_bands_have_the_expectation_of_their_pairs() -> None:
    n = 80
    result = knox(
        x_km=RNG.random(n), y_km=RNG.random(n), time=RNG.random(n),
        distance_km=[0.1, 0.3], interval=[0.1, 0.5], permutations=499, seed=3,
    )  # fmt: skip
    np.testing.assert_allclose(
        result.band_expected.cumsum(0).cumsum(1), result.expected, rtol=1e-12
    )
    np.testing.assert_allclose(result.band_ratio, result.band_observed / result.band_expected)
    assert ((result.band_p_value > 0) & (result.band_p_value <= 1)).all()


def test_planted_near_repeats_are_found() -> None:
    x, y, t = RNG.random(150) * 100, RNG.random(150) * 100, RNG.random(150) * 365
    x[75:105], y[75:105], t[75:105] = x[:30] + 0.1, y[:30], t[:30] + 1.0
    result = knox(x_km=x, y_km=y, time=t, distance_km=[1.0, 20.0], interval=[2.0, 30.0], seed=1)
    assert result.p_value[0, 0] == 0.001
    assert result.ratio[0, 0] > 20
    assert result.p_poisson[0, 0] == pytest.approx(
        stats.poisson.sf(result.observed[0, 0] - 1, result.expected[0, 0]), rel=1e-9
    )


def test_dates_threads_and_seeds() -> None:
    days = RNG.integers(0, 300, 50)
    place = {"lon": RNG.uniform(69, 71, 50), "lat": RNG.uniform(36, 37, 50)}
    options = {"distance_km": [20.0, 60.0], "interval": [7, 30], "seed": 4}
    numbers = knox(**place, time=days, **options)
    dates = knox(**place, time=np.datetime64("2022-01-01") + days, **options, n_jobs=2)
    assert (numbers.observed == dates.observed).all()
    assert (numbers.p_value == dates.p_value).all()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"time": [1, 2, 3]}, "Invalid time: 3 values for 5 events"),
        ({"time": [1, 2, 3, 4, np.nan]}, "Invalid time: 1 of 5 are missing"),
        (
            {"time": np.array(["2020-01-01", "NaT"] * 2 + ["2020-01-02"], "M8[D]")},
            "2 of 5 are miss",
        ),
        ({"distance_km": [2, 1]}, r"Invalid distance_km: \[2.0, 1.0\]"),
        ({"interval": []}, r"Invalid interval: \[\]"),
        ({"interval": -1}, "thresholds >= 0 must increase"),
        ({"lon": [1] * 5, "lat": [1] * 5}, "give lon and lat, or x_km and y_km"),
        ({"y_km": None}, "give lon and lat, or x_km and y_km"),
        ({"y_km": [1, 2]}, "Invalid y_km: 2 values for 5 events"),
        (
            {"x_km": None, "y_km": None, "lon": [1, 2, np.nan, 3, 4], "lat": [0] * 5},
            "1 of 5 are mis",
        ),
        ({"permutations": -1}, "Invalid permutations: -1"),
    ],
)
def test_bad_input(change: dict[str, object], message: str) -> None:
    options = {
        "x_km": np.arange(5.0),
        "y_km": np.zeros(5),
        "time": np.arange(5.0),
        "distance_km": 1.0,
        "interval": 1.0,
    }
    with pytest.raises(ValueError, match=message):
        knox(**(options | change))


def test_too_few_events() -> None:
    with pytest.raises(ValueError, match="3 events; the test needs at least 4"):
        knox(x_km=[1, 2, 3], y_km=[1, 2, 3], time=[1, 2, 3], distance_km=1, interval=1)
