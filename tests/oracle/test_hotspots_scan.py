"""The scan statistic against SaTScan, against brute force, and against itself."""

from __future__ import annotations

import json
import math
from typing import Any

import numpy as np
import pandas as pd
import pytest
import scan_oracle as oracle
from paths import reference
from scipy import stats

from geo_risk.hotspots import _scan as kernel, scan_null, scan_sweep
from geo_risk.hotspots.person_time import person_time
from geo_risk.hotspots.scan import ScanResult, scan
from geo_risk.hotspots.scan_circles import draw_circles
from geo_risk.hotspots.scan_study import build_study
from geo_risk.hotspots.scan_windows import Windows, best_windows

# --- SaTScan ----------------------------------------------------------------------------------

SPATIAL = ["scan_ncsids74", "scan_pennLC", "scan_quakesfiji_h3r3_antimeridian"]
SPACE_TIME = {"scan_st_nm_constpop": 19, "scan_stp_nm": 19, "scan_stp_imdepi_grid50": 28}
DEFAULT_REPLICATIONS = 999


def read(name: str) -> tuple[dict[str, Any], np.ndarray, dict[str, Any]]:
    """Arguments of `scan`, names of the places, and what SaTScan and brute force found."""
    folder = reference(f"scan/{name}")
    places = pd.read_csv(folder / "input.csv", dtype={0: str})
    names = places.iloc[:, 0].to_numpy()
    arguments: dict[str, Any] = {}
    if "lon" in places:
        arguments |= {"lon": places["lon"].to_numpy(), "lat": places["lat"].to_numpy()}
    else:
        arguments |= {"x_km": places["x"].to_numpy(), "y_km": places["y"].to_numpy()}
    if "pop" in places:
        arguments["population"] = places["pop"].to_numpy()
    if name in SPACE_TIME:
        records = pd.read_csv(folder / "cases.csv", dtype={0: str})
        cases = np.zeros((len(places), SPACE_TIME[name]), dtype=int)
        row = {place: i for i, place in enumerate(names)}
        for place, period, count in records.itertuples(index=False):
            cases[row[place], period - 1] += count
        arguments |= {"cases": cases, "time": np.arange(1, cases.shape[1] + 1)}
        if name.startswith("scan_stp"):
            arguments["model"] = "space_time_permutation"
    else:
        arguments["cases"] = places["cases"].to_numpy()
    return arguments, names, json.loads((folder / "expected.json").read_text())


def check_clusters(result: ScanResult, names: np.ndarray, expected: dict[str, Any]) -> None:
    """SaTScan's clusters are the first ones, in order; p within four standard errors."""
    for found, stated in zip(result.clusters, expected["clusters"], strict=False):
        assert found.llr == pytest.approx(stated["llr"], abs=6e-7)
        assert set(names[found.members]) == set(stated["ids"])
        assert found.observed == stated["cases"]
        assert found.expected == pytest.approx(stated["expected_2dp"], abs=0.00501)
        if stated.get("relative_risk") is not None:
            assert found.relative_risk == pytest.approx(float(stated["relative_risk"]), abs=0.00501)
        if "center" in stated:
            assert names[found.centre] == stated["center"]
            # SaTScan's kilometres are on a sphere of 6367 km.
            factor = 1.0 if "g83" in names[0] or "g80" in names[0] else 6367 / 6371.0088
            assert found.radius_km * factor == pytest.approx(float(stated["radius"]), abs=0.00501)
        p, replications = stated["p"], result.null_llr.size
        error = math.hypot(stated["p_se"], math.sqrt(max(p * (1 - p), 1e-4) / replications))
        assert abs(found.p_value - p) <= 4 * error + 1 / (replications + 1)
    assert len(result.clusters) >= len(expected["clusters"])
    # SaTScan's quantiles of the simulated maxima are exceeded as often as they should be.
    theirs = expected.get("monte_carlo_reps", 9999)
    for level, quantile in expected["null_llr_quantiles"].items():
        p = 1.0 - float(level)
        error = math.sqrt(p * (1 - p) * (1 / result.null_llr.size + 1 / theirs))
        assert abs((result.null_llr > quantile).mean() - p) <= 4 * error


@pytest.mark.parametrize("name", SPATIAL)
def test_spatial_poisson_agrees_with_satscan(name: str) -> None:
    arguments, names, expected = read(name)
    result = scan(**arguments, replications=DEFAULT_REPLICATIONS, seed=1)
    check_clusters(result, names, expected)
    best = expected["brute_force_max"]
    assert result.clusters[0].llr == pytest.approx(best["llr"], abs=1e-9)
    check_centres(result, names, name)


def check_centres(result: ScanResult, names: np.ndarray, name: str) -> None:
    table = pd.read_csv(reference(f"scan/{name}/llr_by_centre.csv"), dtype={0: str})
    expected = table.set_index("id").iloc[:, 0].loc[names].to_numpy()
    np.testing.assert_allclose(result.centre_llr, expected, rtol=0, atol=1e-9)


@pytest.mark.parametrize("name", SPACE_TIME)
def test_space_time_agrees_with_satscan(name: str) -> None:
    arguments, names, expected = read(name)
    result = scan(
        **arguments, replications=DEFAULT_REPLICATIONS, seed=1, ties="satscan", secondary="satscan"
    )
    check_clusters(result, names, expected)
    for found, stated in zip(result.clusters, expected["clusters"], strict=False):
        assert found.period is not None
        assert f"{found.period[0]} to {found.period[1]}" == stated["time_frame"]


@pytest.mark.parametrize("name", SPACE_TIME)
def test_space_time_agrees_with_brute_force_with_ties_together(name: str) -> None:
    arguments, names, expected = read(name)
    result = scan(**arguments, replications=0)
    best = expected["brute_force_max"]
    if name == "scan_stp_imdepi_grid50":  # its maximum is for ties entering one by one
        assert result.clusters[0].llr == pytest.approx(10.058411601269, abs=1e-9)
        one_by_one = scan(**arguments, replications=0, ties="satscan")
        assert one_by_one.clusters[0].llr == pytest.approx(10.288255143406, abs=1e-9)
    else:
        assert result.clusters[0].llr == pytest.approx(best["llr"], abs=1e-9)
        assert set(names[result.clusters[0].members]) == set(best["ids"])
        assert result.clusters[0].period == tuple(best["window"])
    check_centres(result, names, name)


def test_prospective_permutation_scan_agrees_with_satscan() -> None:
    folder = reference("scan/scan_stp_nycfever_userguide")
    places = pd.read_csv(folder / "input.csv", dtype={0: str})
    records = pd.read_csv(folder / "cases.csv", dtype={0: str}, parse_dates=["date"])
    names = places["zip"].to_numpy()
    days = pd.date_range("2001-11-01", "2001-11-24")
    row, column = {z: i for i, z in enumerate(names)}, {d: i for i, d in enumerate(days)}
    cases = np.zeros((len(names), len(days)), dtype=int)
    for place, count, date in records.itertuples(index=False):
        cases[row[place], column[date]] += count
    result = scan(
        cases,
        lat=places["c1"],
        lon=places["c2"],
        time=days.to_numpy().astype("datetime64[D]"),
        model="space_time_permutation",
        prospective=True,
        max_duration=7,
        max_radius_km=3.0,
        replications=DEFAULT_REPLICATIONS,
        seed=1,
    )
    check_clusters(result, names, json.loads((folder / "expected.json").read_text()))
    best = json.loads((folder / "bruteforce.json").read_text())
    assert result.clusters[0].llr == pytest.approx(best["llr"], abs=1e-12)
    assert set(names[result.clusters[0].members]) == set(best["ids"])
    assert str(result.clusters[0].period[0]) == "2001-11-22"


def test_covariates_and_dated_populations_agree_with_satscan() -> None:
    """SaTScan draws straight lines between census populations (1 July) and counts person-days."""
    folder = reference("scan/scan_st_nm_userguide")
    expected = json.loads((folder / "expected.json").read_text())
    columns = ["id", "year", "n", "age", "sex"]
    population = pd.read_csv(folder / "satscan/in.pop", sep=" ", names=columns)
    records = pd.read_csv(
        folder / "satscan/in.cas", sep=" ", names=["id", "n", "year", "age", "sex"]
    )
    places = pd.read_csv(folder / "input.csv").set_index("id")
    strata = population[["id", "age", "sex"]].drop_duplicates().reset_index(drop=True)
    row = {stratum: i for i, stratum in enumerate(strata.itertuples(index=False, name=None))}
    census = np.zeros((3, len(strata)))
    for place, year, people, age, sex in population.itertuples(index=False):
        census[{73: 0, 82: 1, 91: 2}[year], row[place, age, sex]] += people
    person_days = person_time(
        census.T,
        np.array(["1973-07-01", "1982-07-01", "1991-07-01"], "datetime64[D]"),
        np.arange("1973", "1993", dtype="datetime64[Y]"),
    )
    cases = np.zeros((len(strata), 19), dtype=int)
    for place, count, year, age, sex in records.itertuples(index=False):
        cases[row[place, age, sex], year - 1973] += count
    result = scan(
        cases,
        person_days,
        lon=places["lon"][strata["id"]].to_numpy(),
        lat=places["lat"][strata["id"]].to_numpy(),
        covariates=strata[["age", "sex"]].to_numpy(),
        time=np.arange(1973, 1992),
        replications=DEFAULT_REPLICATIONS,
        seed=1,
        secondary="satscan",
    )
    check_clusters(result, strata["id"].to_numpy(), expected)
    assert result.clusters[0].period == (1985, 1989)


# --- brute force ------------------------------------------------------------------------------


def small_world(seed: int, n: int = 9, n_periods: int = 1) -> dict[str, Any]:
    rng = np.random.default_rng(seed)
    shape = (n,) if n_periods == 1 else (n, n_periods)
    lat, lon = rng.integers(-3, 4, n) * 1.5, rng.integers(177, 183, n) * 1.0
    lon = np.where(lon > 180, lon - 360, lon)  # across the antimeridian, with ties and twins
    return {
        "cases": rng.poisson(1.5, shape),
        "people": rng.integers(3, 9, shape) * 2,
        "lon": lon,
        "lat": lat,
    }


def merged(world: dict[str, Any], values: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Rows at one place added up: values, lon, lat per place."""
    place = np.column_stack([np.where(world["lon"] == 180, -180, world["lon"]), world["lat"]])
    unique, inverse = np.unique(place, axis=0, return_inverse=True)
    table = np.zeros((len(unique), 1 if values.ndim == 1 else values.shape[1]))
    np.add.at(table, inverse.reshape(-1), values.reshape(len(values), -1))
    return table, unique[:, 0], unique[:, 1]


@pytest.mark.parametrize("clusters", ["high", "low", "both"])
@pytest.mark.parametrize(
    ("model", "n_periods"),
    [
        ("poisson", 1),
        ("poisson", 5),
        ("bernoulli", 1),
        ("bernoulli", 5),
        ("space_time_permutation", 5),
    ],
)
def test_best_window_of_every_centre_equals_brute_force(
    model: str, n_periods: int, clusters: str
) -> None:
    for seed in range(12):
        world = small_world(seed, n_periods=n_periods)
        if not world["cases"].any():
            continue
        people = np.maximum(world["people"], world["cases"])
        cases, lon, lat = merged(world, world["cases"])
        if model == "space_time_permutation":
            key = np.outer(cases.sum(axis=1), cases.sum(axis=0))
            size = cases.sum(axis=1)
        else:
            key = merged(world, people)[0]
            size = key.sum(axis=1)
        distance = oracle.distances(lon, lat)
        expected = oracle.best_per_centre(
            cases, key, distance, size, bernoulli=model == "bernoulli", clusters=clusters
        )
        result = scan(
            world["cases"],
            None if model == "space_time_permutation" else people,
            lon=world["lon"],
            lat=world["lat"],
            model=model,
            clusters=clusters,
            replications=0,
        )
        top = max((value for value, _, _ in expected.values()), default=0.0)
        if top < 1e-12:
            continue
        assert result.clusters[0].llr == pytest.approx(top, rel=1e-11)
        folded = np.where(world["lon"] == 180, -180, world["lon"])
        for i, (x, y) in enumerate(zip(folded, world["lat"])):
            place = int(np.flatnonzero((lon == x) & (lat == y))[0])
            value = expected.get(place, (0.0,))[0]
            assert result.centre_llr[i] == pytest.approx(value, rel=1e-10, abs=1e-12)


def test_limits_and_prospective_equal_brute_force() -> None:
    for seed in range(8):
        world = small_world(seed, n=8, n_periods=8)
        cases, lon, lat = merged(world, world["cases"])
        key = merged(world, world["people"])[0]
        distance, size = oracle.distances(lon, lat), key.sum(axis=1)
        limits = {"longest": 3, "prospective": True, "share": 0.3, "radius": 500.0}
        expected = oracle.best_per_centre(cases, key, distance, size, **limits)
        result = scan(
            world["cases"],
            world["people"],
            lon=world["lon"],
            lat=world["lat"],
            max_duration=3,
            prospective=True,
            max_population=0.3,
            max_radius_km=500.0,
            replications=0,
        )
        value, _, period = max(expected.values())
        assert result.clusters[0].llr == pytest.approx(value, rel=1e-11)
        assert result.clusters[0].period == period
        assert all(cluster.period[1] == 7 for cluster in result.clusters)
        assert all(cluster.radius_km <= 500.0 for cluster in result.clusters)


def simulated(windows: Windows, key: np.uint64, replications: int) -> list[np.ndarray]:
    """Data sets as the null simulation draws them."""
    draw = scan_null._drawer(windows.study, key)
    n, n_periods = windows.study.cases.shape
    drawn: list[np.ndarray] = []
    for start in range(0, replications, kernel.LANES):
        which = np.arange(start, min(start + kernel.LANES, replications))
        counts = np.zeros((n, n_periods, kernel.LANES), dtype=np.int32)
        draw(which, counts)
        drawn += [counts[:, :, lane].astype(np.int64) for lane in range(which.size)]
    return drawn


MODELS = [("poisson", 1), ("poisson", 6), ("bernoulli", 1), ("bernoulli", 6), ("stp", 6)]


def windows_of(model: str, n_periods: int, directions: tuple[int, ...], seed: int = 3) -> Windows:
    world = small_world(seed, n=14, n_periods=n_periods)
    stp = model == "stp"
    study = build_study(
        world["cases"],
        None if stp else world["people"],
        lon=world["lon"],
        lat=world["lat"],
        x_km=None,
        y_km=None,
        time=None,
        covariates=None,
        model="space_time_permutation" if stp else model,
    )
    circles = draw_circles(study, max_population=0.5, max_radius_km=None, ties="together")
    return Windows(study, circles, study.cases.shape[1], max(1, n_periods // 2), directions)


@pytest.mark.parametrize("directions", [(1,), (-1,), (1, -1)])
@pytest.mark.parametrize(("model", "n_periods"), MODELS)
def test_null_maxima_are_the_maxima_of_the_simulated_data(
    model: str, n_periods: int, directions: tuple[int, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    windows = windows_of(model, n_periods, directions)
    key, replications = np.uint64(99), 300
    expected = np.empty(replications)
    for r, cases in enumerate(simulated(windows, key, replications)):
        study = build_like(windows, cases)
        expected[r] = best_windows(study, 1)[0].max()
    found = scan_null.null_maxima(windows, replications, key=key, n_jobs=1, progress=None)
    np.testing.assert_allclose(found, expected, rtol=1e-11, atol=1e-13)
    # Neither threads nor the memory for tables change anything.
    monkeypatch.setattr(scan_sweep, "_TABLE_BYTES", 64)
    again = scan_null.null_maxima(windows, replications, key=key, n_jobs=2, progress=None)
    assert np.array_equal(again, found)


def test_many_cases_in_each_cell_are_drawn_cell_by_cell() -> None:
    rng = np.random.default_rng(11)
    people = rng.integers(0, 40, 9) * 10
    study = build_study(
        np.where(people > 0, 300, 0),
        people,
        lon=None,
        lat=None,
        x_km=np.arange(9.0),
        y_km=np.zeros(9),
        time=None,
        covariates=None,
        model="poisson",
    )
    circles = draw_circles(study, max_population=0.5, max_radius_km=None, ties="together")
    windows = Windows(study, circles, 1, 1, (1,))
    drawn = np.array(simulated(windows, np.uint64(5), 4000))[:, :, 0]
    total, share = study.cases.sum(), study.key[:, 0] / study.key.sum()
    assert (drawn.sum(axis=1) == total).all()
    expected = total * share
    error = np.sqrt(np.maximum(expected * (1 - share), 1e-9) / 4000)
    assert (np.abs(drawn.mean(axis=0) - expected) <= 5 * error).all()
    covariance = np.cov(drawn.T)
    stated = total * (np.diag(share) - np.outer(share, share))
    assert np.abs(covariance - stated).max() < 0.08 * stated.max()
    # The whole distribution of one cell, not its moments alone.
    cell = int(np.argmax(share))
    for quantile in (0.01, 0.1, 0.5, 0.9, 0.99):
        k = int(stats.binom.ppf(quantile, total, share[cell]))
        exact = stats.binom.cdf(k, total, share[cell])
        error = math.sqrt(exact * (1 - exact) / 4000)
        assert np.mean(drawn[:, cell] <= k) == pytest.approx(exact, abs=4.5 * error)


def build_like(windows: Windows, cases: np.ndarray) -> Windows:
    from dataclasses import replace

    study = replace(windows.study, cases=cases)
    return Windows(study, windows.circles, windows.n_starts, windows.longest, windows.directions)


def test_many_cases_use_wider_numbers() -> None:
    rng = np.random.default_rng(2)
    cases = rng.poisson(4000, 12)
    result = scan(cases, x_km=rng.random(12), y_km=rng.random(12), replications=200, seed=4)
    assert cases.sum() > 32_767
    # The null distribution hardly depends on how many cases there are.
    fewer = scan(cases // 10, x_km=rng.random(12), y_km=rng.random(12), replications=200, seed=4)
    assert np.median(result.null_llr) == pytest.approx(np.median(fewer.null_llr), abs=0.5)


@pytest.mark.parametrize(("model", "n_periods"), MODELS)
def test_simulated_data_keep_what_the_null_hypothesis_fixes(model: str, n_periods: int) -> None:
    windows = windows_of(model, n_periods, (1,))
    study = windows.study
    drawn = np.array(simulated(windows, np.uint64(5), 1200))
    assert (drawn.sum(axis=(1, 2)) == study.cases.sum()).all()
    expected = study.key * (study.cases.sum() / study.key.sum())
    error = np.sqrt(np.maximum(expected, 0.05) / len(drawn))
    assert (np.abs(drawn.mean(axis=0) - expected) < 5 * error).all()
    if model == "stp":
        assert (drawn.sum(axis=1) == study.cases.sum(axis=0)).all()
        assert (drawn.sum(axis=2) == study.cases.sum(axis=1)).all()
    if model == "bernoulli":
        assert (drawn <= study.key).all()
        # Drawing without replacement: hypergeometric variance, not binomial.
        n, share = study.key, study.cases.sum() / study.key.sum()
        variance = n * share * (1 - share) * (study.key.sum() - n) / (study.key.sum() - 1)
        assert np.allclose(drawn.var(axis=0), variance, rtol=0.25)


def test_bernoulli_with_more_cases_than_controls_draws_the_controls() -> None:
    people = np.array([4, 6, 5, 7, 8])
    result = scan(
        people - [0, 1, 0, 2, 1],
        people,
        x_km=[0, 1, 2, 3, 4],
        y_km=[0, 0, 0, 0, 0],
        model="bernoulli",
        clusters="both",
        replications=400,
        seed=3,
    )
    assert 0.05 < result.clusters[0].p_value <= 1.0


# --- behaviour --------------------------------------------------------------------------------


def outbreak(seed: int = 0, n: int = 60) -> dict[str, Any]:
    rng = np.random.default_rng(seed)
    lon, lat = rng.uniform(10, 14, n), rng.uniform(40, 44, n)
    population = rng.integers(100, 1000, n)
    rate = np.where(np.hypot(lon - 12, lat - 42) < 0.6, 0.04, 0.01)
    return {
        "cases": rng.poisson(rate * population),
        "population": population,
        "lon": lon,
        "lat": lat,
    }


def test_a_planted_cluster_is_found_and_a_moved_one_moves() -> None:
    first = outbreak()
    inside = np.hypot(first["lon"] - 12, first["lat"] - 42) < 0.6
    found = scan(**first, seed=1).clusters[0]
    assert found.p_value == 0.001
    assert inside[found.members].mean() > 0.7
    # The same field at another place, across the antimeridian: the same rows.
    moved = first | {"lon": np.where(first["lon"] > 12, first["lon"] - 192, first["lon"] + 168)}
    again = scan(**moved, seed=1).clusters[0]
    assert set(again.members) == set(found.members)
    assert again.llr == pytest.approx(found.llr, rel=1e-12)
    assert again.radius_km == pytest.approx(found.radius_km, rel=1e-9)


def test_seed_and_threads() -> None:
    world = outbreak()
    one = scan(**world, seed=8, replications=600)
    two = scan(**world, seed=8, replications=600, n_jobs=2)
    other = scan(**world, seed=9, replications=600)
    assert np.array_equal(one.null_llr, two.null_llr)
    assert not np.array_equal(one.null_llr, other.null_llr)
    more = scan(**world, seed=8, replications=700)
    assert np.array_equal(more.null_llr[:600], one.null_llr)


def test_p_values_are_uniform_without_clusters() -> None:
    rng = np.random.default_rng(12)
    x, y = rng.random(12), rng.random(12)
    p = []
    for _ in range(300):
        result = scan(rng.poisson(3.0, 12), x_km=x, y_km=y, replications=99, seed=rng)
        p.append(result.clusters[0].p_value)
    for alpha in (0.05, 0.2, 0.5):
        error = math.sqrt(alpha * (1 - alpha) / 300)
        assert np.mean(np.array(p) <= alpha) == pytest.approx(alpha, abs=4 * error)


def test_gumbel_agrees_with_monte_carlo_and_reaches_further() -> None:
    world = outbreak(n=40)
    gumbel = scan(**world, seed=1, p_method="gumbel")
    ranked = scan(**world, seed=1)
    for a, b in zip(gumbel.clusters, ranked.clusters, strict=True):
        if 0.05 < b.p_value < 0.95:
            assert a.p_value == pytest.approx(b.p_value, abs=0.06)
    assert 0 < gumbel.clusters[0].p_value < 1e-4 < ranked.clusters[0].p_value


def test_secondary_clusters_share_no_location_by_default() -> None:
    rng = np.random.default_rng(7)
    cases = rng.poisson(0.4, (30, 12))
    x, y = rng.random(30), rng.random(30)
    apart = scan(cases, x_km=x, y_km=y, replications=0)
    seen: set[int] = set()
    for cluster in apart.clusters:
        assert not seen & set(cluster.members.tolist())
        seen |= set(cluster.members.tolist())
    llrs = [cluster.llr for cluster in apart.clusters]
    assert llrs == sorted(llrs, reverse=True)
    # SaTScan's way allows the same place again in another period.
    satscan = scan(cases, x_km=x, y_km=y, replications=0, secondary="satscan")
    assert len(satscan.clusters) > len(apart.clusters)
    for i, a in enumerate(satscan.clusters):
        for b in satscan.clusters[:i]:
            touching = a.period[0] <= b.period[1] + 1 and b.period[0] <= a.period[1] + 1
            assert not (touching and set(a.members.tolist()) & set(b.members.tolist()))


def test_covariates_adjust_for_who_lives_where() -> None:
    # Two strata with rates 0.01 and 0.1; the west has more of the second, and no true cluster.
    x = np.repeat(np.arange(10.0), 2)
    stratum = np.tile(["young", "old"], 10)
    old = np.where(np.arange(10) < 3, 800, 100)
    people = np.column_stack([900 - old, old]).reshape(-1)
    cases = np.round(people * np.where(stratum == "old", 0.1, 0.01)).astype(int)
    place = {"x_km": x, "y_km": np.zeros(20)}
    crude = scan(cases, people, **place, replications=0)
    adjusted = scan(cases, people, **place, covariates=stratum, replications=0)
    assert crude.clusters[0].llr > 50
    assert not adjusted.clusters or adjusted.clusters[0].llr < 1e-6


def test_events_with_times_equal_the_table() -> None:
    rng = np.random.default_rng(4)
    x, y = rng.integers(0, 3, 80) * 1.0, rng.integers(0, 3, 80) * 1.0
    day = rng.integers(0, 9, 80)
    day[0], day[1] = 0, 8
    when = np.datetime64("2024-02-25") + day
    events = scan(
        np.ones(80),
        x_km=x,
        y_km=y,
        time=when,
        model="space_time_permutation",
        seed=1,
    )
    table = np.zeros((9, 9), dtype=int)
    np.add.at(table, ((3 * x + y).astype(int), day), 1)
    grid = np.arange(9)
    cubed = scan(
        table,
        x_km=grid // 3 * 1.0,
        y_km=grid % 3 * 1.0,
        time=np.datetime64("2024-02-25") + np.arange(9),
        model="space_time_permutation",
        seed=1,
    )
    assert events.clusters[0].llr == pytest.approx(cubed.clusters[0].llr, rel=1e-12)
    assert events.clusters[0].period == cubed.clusters[0].period
    inside = set(cubed.clusters[0].members.tolist())
    expected = [i for i in range(80) if int(3 * x[i] + y[i]) in inside]
    assert sorted(events.clusters[0].members.tolist()) == expected


def test_cluster_of_rows_and_most_likely() -> None:
    world = outbreak(n=40)
    result = scan(**world, seed=1)
    of_row = result.cluster_of(alpha=0.01)
    assert set(np.flatnonzero(of_row == 0)) == set(result.clusters[0].members)
    assert result.most_likely is result.clusters[0]
    assert (result.cluster_of() >= of_row).all()


def test_progress_reaches_the_end() -> None:
    calls: list[tuple[int, int]] = []
    world = outbreak(n=40)
    scan(**world, replications=500, seed=1, progress=lambda done, of: calls.append((done, of)))
    assert calls[-1] == (500, 500)
    assert [done for done, _ in calls] == sorted(done for done, _ in calls)


def test_inputs_are_not_changed() -> None:
    world = outbreak(n=40)
    before = {name: values.copy() for name, values in world.items()}
    scan(**world, replications=20, seed=1)
    assert all(np.array_equal(world[name], before[name]) for name in world)


def test_one_case_or_one_place_gives_no_cluster() -> None:
    nothing = scan([0, 1, 0], x_km=[0, 1, 2], y_km=[0, 0, 0], replications=19, seed=1)
    assert nothing.clusters == ()
    assert nothing.most_likely is None
    assert (nothing.centre_llr == 0).all()
    alone = scan([5], x_km=[0], y_km=[0], replications=19, seed=1)
    assert alone.clusters == ()


# --- refusals ---------------------------------------------------------------------------------

LINE = {"x_km": [0.0, 1.0, 2.0, 3.0], "y_km": [0.0, 0.0, 0.0, 0.0]}


@pytest.mark.parametrize(
    ("cases", "options", "message"),
    [
        ([1, 2.5, 3, 4], LINE, "1 of 4 values are not whole numbers.*index 1: 2.5"),
        ([1, -2, 3, 4], LINE, "1 of 4 values are negative; first at index 1: -2"),
        ([1, np.nan, 3, 4], LINE, "1 of 4 values are missing or infinite"),
        ([0, 0, 0, 0], LINE, "all are 0"),
        ([1, 2, 3, 4], {}, "Invalid coordinates: give lon and lat"),
        ([1, 2, 3, 4], {"lon": [0, 1, 2, 3]}, "Invalid coordinates"),
        ([1, 2, 3, 4], {"lon": [0, 1, 2, 300], "lat": [0] * 4}, "Invalid lon"),
        ([1, 2, 3, 4], {"lon": [0, 1, 2, np.nan], "lat": [0] * 4}, "1 of 4 places are missing"),
        ([1, 2, 3], LINE, "shapes .* for 3 rows of cases"),
        ([1, 2, 3, 4], LINE | {"population": [1, 2, 3]}, "Invalid population: shape"),
        ([1, 2, 3, 4], LINE | {"population": [1, 2, 3, -1]}, "negative, missing or infinite"),
        ([1, 2, 3, 4], LINE | {"population": [1, 2, 3, 0]}, "cases but nobody at risk"),
        ([0, 2, 3, 4], LINE | {"population": [0, 0, 0, 0]}, "Invalid population: all are 0"),
        ([1, 2, 3, 4], LINE | {"model": "bernoulli"}, "needs cases and controls"),
        (
            [1, 2, 3, 4],
            LINE | {"model": "bernoulli", "population": [1, 1, 9, 9]},
            "1 of 4 exceed the population",
        ),
        (
            [1, 2, 3, 4],
            LINE | {"model": "bernoulli", "population": [1.5, 2, 9, 9]},
            "needs whole numbers",
        ),
        ([1, 2, 3, 4], LINE | {"model": "normal"}, "Invalid model"),
        (
            [1, 2, 3, 4],
            LINE | {"model": "space_time_permutation"},
            r"needs cases of shape \(n, T\)",
        ),
        ([1, 2, 3, 4], LINE | {"time": [1, 2, 3, 4]}, "only the space_time_permutation model"),
        (np.ones((4, 3)), LINE | {"time": [1, 2]}, "cases have 3 periods"),
        (np.ones((4, 3)), LINE | {"time": [1, 3, 2]}, "must increase"),
        (np.ones((4, 1)), LINE, "one period"),
        (np.ones((4, 6)), LINE | {"max_duration": 4}, r"from 1 to 3 \(half of the 6 periods\)"),
        (np.ones((4, 6)), LINE | {"max_duration": 0}, "Invalid max_duration"),
        ([1, 2, 3, 4], LINE | {"max_duration": 1}, "the cases have no periods"),
        ([1, 2, 3, 4], LINE | {"max_population": 0.0}, "Invalid max_population"),
        ([1, 2, 3, 4], LINE | {"max_radius_km": -1.0}, "Invalid max_radius_km"),
        ([1, 2, 3, 4], LINE | {"replications": -1}, "Invalid replications"),
        ([1, 2, 3, 4], LINE | {"replications": 1, "p_method": "gumbel"}, "at least 2"),
        ([1, 2, 3, 4], LINE | {"clusters": "hot"}, "Invalid clusters"),
        ([1, 2, 3, 4], LINE | {"ties": "random"}, "Invalid ties"),
        ([1, 2, 3, 4], LINE | {"secondary": "all"}, "Invalid secondary"),
        ([1, 2, 3, 4], LINE | {"covariates": ["a", "b", "a", "b"]}, "need the population"),
        (
            [1, 2, 3, 4],
            LINE | {"covariates": ["a", "b"], "population": [9, 9, 9, 9]},
            "Invalid covariates: shape",
        ),
        (
            [1, 2, 3, 4],
            LINE | {"covariates": ["a", "b", "b", "b"], "population": [0, 9, 9, 9]},
            "1 strata have cases but no population; the first is that of row 0",
        ),
        (
            np.ones((4, 6)),
            LINE | {"model": "space_time_permutation", "population": [1, 1, 1, 1]},
            "takes none; its margins",
        ),
        (
            np.ones((4, 6)),
            LINE | {"model": "space_time_permutation", "covariates": [1, 1, 1, 1]},
            "takes none; Poisson models do",
        ),
        ([1, 2, 3, 4000], LINE, "Overdispersed cases: .* as sums of fatalities are"),
        ([1, 2, 3, 2**31], LINE, "at most 2\\*\\*31 - 1"),
    ],
)
def test_bad_arguments(cases: Any, options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        scan(cases, **({"replications": 9} | options))


@pytest.mark.parametrize(
    ("cases", "options", "message"),
    [
        (["a", "b", "c", "d"], {}, "is not a real number"),
        ([1, 2, 3, 4], {"replications": 99.5}, "Invalid replications"),
        (np.ones((4, 6)), {"max_duration": 1.5}, "Invalid max_duration"),
        (
            [1, 2, 3, 4],
            {"model": "space_time_permutation", "time": [0.5, 1, 2, 3]},
            "whole period numbers or numpy datetime64",
        ),
    ],
)
def test_wrong_types(cases: Any, options: dict[str, Any], message: str) -> None:
    with pytest.raises(TypeError, match=message):
        scan(cases, **LINE, **options)


def test_overdispersed_cases_can_be_insisted_on() -> None:
    result = scan([1, 2, 3, 4000], **LINE, max_dispersion=float("inf"), replications=19, seed=1)
    assert result.clusters[0].members.tolist() == [3]


# --- person-time ------------------------------------------------------------------------------


def test_person_time_equals_a_sum_over_hours() -> None:
    rng = np.random.default_rng(3)
    dates = np.datetime64("2019-11-15") + np.cumsum(rng.integers(20, 90, 5))
    edges = np.datetime64("2019-11-01") + np.cumsum(rng.integers(5, 60, 9))
    people = rng.integers(0, 1000, (3, 5)).astype(float)
    found = person_time(people, dates, edges)
    hours = np.arange(edges[0], edges[-1], dtype="datetime64[h]") + np.timedelta64(30, "m")
    knots = dates.astype("datetime64[m]").astype(float)
    for row, sums in zip(people, found, strict=True):
        level = np.interp(hours.astype("datetime64[m]").astype(float), knots, row) / 24.0
        period = np.searchsorted(edges, hours.astype("datetime64[D]"), side="right") - 1
        np.testing.assert_allclose(sums, np.bincount(period, level), rtol=1e-9)


@pytest.mark.parametrize(
    ("population", "dates", "edges", "error", "message"),
    [
        ([[1, 2]], ["2020-01-01"], ["2020-01-01", "2020-02-01"], ValueError, "for 1 dates"),
        ([[1]], ["2020-01-01"], ["2020-01-01"], ValueError, "at least two edges"),
        ([[-1]], ["2020-01-01"], ["2020-01-01", "2020-02-01"], ValueError, "1 of 1 values"),
        ([[1]], ["2020-01-01"], ["2020-02-01", "2020-01-01"], ValueError, ": must increase"),
        ([[1]], ["NaT"], ["2020-01-01", "2020-02-01"], ValueError, "none may be missing"),
    ],
)
def test_bad_censuses(
    population: Any, dates: list[str], edges: list[str], error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        person_time(population, np.array(dates, "datetime64[D]"), np.array(edges, "datetime64[D]"))


def test_dates_must_be_dates() -> None:
    with pytest.raises(TypeError, match="must be datetime64"):
        person_time([[1.0]], [2020], np.array(["2020-01-01", "2020-02-01"], "datetime64[D]"))
