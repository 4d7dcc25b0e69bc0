"""Empirical Bayes rates against spdep and esda."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hotspot_cases import chain, column, neighbours, row_standardised
from paths import reference
from scipy import sparse

from geo_risk.hotspots import eb_rates, moran, standardized_rates

SETS = ("eb_ncsids74", "eb_auckland", "eb_scotland")


@pytest.mark.parametrize("name", SETS)
def test_global_as_in_spdep(name: str) -> None:
    folder = reference(f"eb/{name}")
    o, n = column(folder / "input.csv", "O"), column(folder / "input.csv", "N")
    result = eb_rates(o, n)
    parameters = json.loads((folder / "parameters.json").read_text())
    np.testing.assert_allclose(
        result.rate, column(folder / "expected.csv", "eb_global"), rtol=1e-12
    )
    np.testing.assert_allclose(result.raw, o / n, rtol=1e-15)
    assert result.prior_mean[0] == pytest.approx(parameters["global_b"], rel=1e-12)
    assert result.prior_variance[0] == pytest.approx(parameters["global_a"], rel=1e-12)


@pytest.mark.parametrize("name", SETS[:2])
def test_local_as_in_spdep(name: str) -> None:
    folder = reference(f"eb/{name}")
    o, n = column(folder / "input.csv", "O"), column(folder / "input.csv", "N")
    weights = neighbours(folder)
    result = eb_rates(o, n, weights)
    assert result.method == "local"
    for found, wanted in (
        (result.rate, "eb_local_geoda"),
        (result.prior_mean, "eb_local_geoda_m"),
        (result.prior_variance, "eb_local_geoda_a"),
    ):
        theirs = column(folder / "expected.csv", wanted)
        known = ~np.isnan(theirs)  # NaN in spdep where the whole neighbourhood is 0: 0 here
        np.testing.assert_allclose(found[known], theirs[known], rtol=1e-12, atol=1e-20)
        assert (found[~known] == 0).all()
    z = standardized_rates(o, n)
    parameters = json.loads((folder / "parameters.json").read_text())
    found = moran(z, row_standardised(weights)).statistic
    assert found == pytest.approx(parameters["EBImoran_stat"], rel=1e-9)


def test_local_by_definition_with_weights_of_any_size() -> None:
    rng = np.random.default_rng(2)
    o, n = rng.poisson(4, 12).astype(float), rng.integers(50, 500, 12).astype(float)
    weights = chain(12, 0.3)
    result = eb_rates(o, n, weights)
    for i in range(12):
        near = [j for j in (i - 1, i, i + 1) if 0 <= j < 12]
        b = o[near].sum() / n[near].sum()
        s2 = (n[near] * (o[near] / n[near] - b) ** 2).sum() / n[near].sum()
        a = max(0.0, s2 - b / n[near].mean())
        wanted = b + a * (o[i] / n[i] - b) / (a + b / n[i]) if a + b > 0 else b
        assert result.rate[i] == pytest.approx(wanted, rel=1e-12)


def test_an_isolated_unit_takes_the_global_prior_and_is_flagged() -> None:
    weights = sparse.csr_array(sparse.block_diag([chain(5), sparse.csr_array((1, 1))]))
    o, n = np.array([1.0, 2, 9, 1, 0, 7]), np.array([10.0, 20, 30, 10, 15, 30])
    local, whole = eb_rates(o, n, weights), eb_rates(o, n)
    assert local.isolated.tolist() == [False] * 5 + [True]
    assert local.rate[5] == whole.rate[5]


def test_a_unit_without_people_has_no_rate() -> None:
    result = eb_rates([2, 0, 3], [10, 0, 20])
    assert np.isnan(result.rate[1])
    assert np.isnan(result.raw[1])
    two = eb_rates([2, 3], [10, 20])
    assert result.rate[[0, 2]].tolist() == two.rate.tolist()
    assert np.isnan(eb_rates([2, 0, 3], [10, 0, 20], chain(3)).rate[1])


def test_no_events_at_all() -> None:
    assert eb_rates([0, 0], [5, 6]).rate.tolist() == [0, 0]
    with pytest.raises(ValueError, match="Invalid events: all 0"):
        standardized_rates([0, 0], [5, 6])


@pytest.mark.parametrize(
    ("o", "n", "message"),
    [
        ([-1, 2], [1, 2], "Invalid events: 1 of 2 are negative; first at index 0: -1"),
        ([1, 2], [1, -2], "Invalid population: 1 of 2 are negative; first at index 1: -2"),
        ([1, 2], [1, 0], "1 of 2 units have events but no population; first at index 1: 2"),
        ([0, 0], [0, 0], "population: all are 0"),
        ([1, 2], [1], "Invalid population: 1 values for 2 units"),
        ([1, np.nan], [1, 2], "Invalid events: 1 of 2 are missing"),
    ],
)
def test_bad_input(o: list[float], n: list[float], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        eb_rates(o, n)


def test_bad_options() -> None:
    with pytest.raises(ValueError, match='method="local" needs neighbours'):
        eb_rates([1, 2], [3, 4], method="local")
    with pytest.raises(ValueError, match="Invalid method: 'bayes'"):
        eb_rates([1, 2], [3, 4], method="bayes")
    with pytest.raises(ValueError, match="1 of 2 are 0, so they have no rate"):
        standardized_rates([1, 0], [3, 0])
