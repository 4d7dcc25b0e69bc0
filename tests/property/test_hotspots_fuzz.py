"""Whatever is passed in: a result, or a ValueError, TypeError or UserWarning that says why."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import sparse

from geo_risk import hotspots

SAID = re.compile(r"Invalid \w+|Overdispersed|Costly|\d+ events; ")
VALUES: list[Any] = [
    None, [], [1], [np.nan] * 5, [np.inf, 1, 2, 3, 4], ["a", "b"], "abc", 5, np.zeros((3, 3)),
    np.zeros(5), np.ones(5), np.array([1e300, -1e300, 1, 2, 3]), np.array([1e300, 1, 2, 3, 4]),
    np.array([1e-320, 0, 0, 0, 1e-310]), np.array([2**62, 1, 2, 3, 4]),
    [True, False, True, True, False], [1, 2, 3, 4, 5], np.arange(5) * 1.5,
    pd.Series([1, 2, None, 4, 5]), [1 + 2j] * 5, np.array([0, 0, 0, 0, 7]), [3] * 5,
    np.array(["2020-01-01"] * 5, "M8[D]"), object(), {"a": 1}, [[1, 2], [3]],
]  # fmt: skip
FULL = np.ones((5, 5)) - np.eye(5)
CHAIN = np.diag(np.ones(4), 1)
WEIGHTS: list[Any] = [
    None, "w", FULL, sparse.csr_array((5, 5)), sparse.eye_array(5), sparse.csr_array(FULL),
    sparse.csr_array(CHAIN), sparse.csr_array(-CHAIN), sparse.csr_array((4, 5)),
    sparse.csr_array(CHAIN * np.nan), sparse.csr_array(CHAIN * 1e300),
    sparse.csr_array(CHAIN * 1e-310), sparse.csr_array((0, 0)),
]  # fmt: skip
CUBES: list[Any] = [
    None, "x", [[1, 2], [3]], np.ones((5, 4)), np.zeros((5, 6)), np.arange(20).reshape(5, 4),
    np.full((5, 4), np.nan), np.ones((5, 3)), np.arange(30).reshape(5, 6) * 1e300,
]  # fmt: skip
SEEDS = [None, 1, -1, "x", 1.5, np.random.default_rng(1)]
CHOICES: dict[str, list[Any]] = {
    "permutations": [0, 9, -1, 1.5, True, None, "9"],
    "seed": SEEDS,
    "p_method": ["auto", "exact", "analytic", "permutation", None, 3],
    "fdr": ["bh", "by", None, "x"],
    "max_dispersion": [200.0, np.inf, -1, None],
    "alpha": [0.05, 0, 1, 2, np.nan, None],
    "mid_p": [False, True],
    "deal": ["fresh", "shared", None],
    "n_jobs": [1, 0, None],
    "star": [True, False],
}
MODELS = ["poisson", "bernoulli", "space_time_permutation"]
HAWKES = hotspots.HawkesParameters(0.5, 0.3, 1.2)
PLANE = {"x_km": [0, 1, 2, 3, 4], "y_km": [0, 0, 0, 0, 1]}


class Lot:
    """Draws arguments."""

    def __init__(self, seed: int) -> None:
        self.rng = np.random.default_rng(seed)

    def one(self, choices: list[Any]) -> Any:
        return choices[self.rng.integers(len(choices))]

    def options(self, *names: str) -> dict[str, Any]:
        return {name: self.one(CHOICES[name]) for name in names if self.rng.random() < 0.25}


def _labels(r: Any) -> Any:
    return r.hotspot, r.gi_bin, r.p_low


BINS = ("permutations", "seed", "p_method", "fdr", "max_dispersion")
LOCAL = tuple(name for name in CHOICES if name != "star")
CALLS: dict[str, Callable[[Lot, Any, Any, Any, Any], Any]] = {
    "gi_star": lambda lot, x, y, w, c: _labels(hotspots.gi_star(x, w, **lot.options(*CHOICES))),
    "local_moran": lambda lot, x, y, w, c: hotspots.local_moran(
        x, w, lagged=lot.one([None, y]), **lot.options(*LOCAL)
    ),
    "moran": lambda lot, x, y, w, c: hotspots.moran(x, w, **lot.options("permutations", "seed")),
    "geary_c": lambda lot, x, y, w, c: hotspots.geary_c(x, w, **lot.options("permutations")),
    "general_g": lambda lot, x, y, w, c: hotspots.general_g(x, w, **lot.options("permutations")),
    "eb_rates": lambda lot, x, y, w, c: hotspots.eb_rates(x, y, lot.one([None, w])),
    "standardized_rates": lambda lot, x, y, w, c: hotspots.standardized_rates(x, y),
    "adjust_fdr": lambda lot, x, y, w, c: hotspots.adjust_fdr(x),
    "mann_kendall": lambda lot, x, y, w, c: hotspots.mann_kendall(x),
    "kde": lambda lot, x, y, w, c: hotspots.kde(
        lon=x, lat=y, bandwidth_km=lot.one([50, "cv", 0, None, 1e-9, 1e5]),
        weights=lot.one([None, x]),
    ),
    "knox": lambda lot, x, y, w, c: hotspots.knox(
        x_km=x, y_km=y, time=lot.one(VALUES), distance_km=lot.one([1, [1, 2], [2, 1], None, []]),
        interval=lot.one([1, [1, 2], None, -1]), permutations=9, seed=1,
    ),
    "scan": lambda lot, x, y, w, c: hotspots.scan(
        x, lot.one([None, None, y]), **PLANE, time=lot.one([None, None, y]),
        model=lot.one(MODELS), replications=lot.one([9, 9, 0, -1, None]), seed=lot.one(SEEDS),
        max_population=lot.one([0.5, 0.5, 1, 0, np.nan]), clusters=lot.one(["high", "low", "both"]),
    ),
    "scan in time": lambda lot, x, y, w, c: hotspots.scan(
        c, lot.one([None, y]), **PLANE, model=lot.one(MODELS), replications=9, seed=1,
        prospective=lot.one([True, False]),
    ),
    "emerging": lambda lot, x, y, w, c: hotspots.emerging(
        c, w, window=lot.one(["cube", "step", "neighborhood", None]),
        bin_alpha=lot.one([0.05, 0, 2, None]), **lot.options(*BINS),
    ),
    "hotspot_categories": lambda lot, x, y, w, c: hotspots.hotspot_categories(c),
    "space_time_cube": lambda lot, x, y, w, c: hotspots.space_time_cube(
        x, y, lot.one([5, 1, 0, None, "a", 2.5])
    ),
    "hawkes_log_likelihood": lambda lot, x, y, w, c: hotspots.hawkes_log_likelihood(
        x, HAWKES, end=lot.one([None, 10, np.nan, "x"])
    ),
    "decayed_intensity": lambda lot, x, y, w, c: hotspots.decayed_intensity(
        x, at=lot.one([5, None, np.nan, "x"]), half_life=lot.one([1, 0, None])
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", CALLS)
def test_a_result_or_a_reason(name: str) -> None:
    """Any other warning is an error here, as in all tests."""
    lot, answered = Lot(len(name)), 0
    for _ in range(400):
        arguments = lot.one(VALUES), lot.one(VALUES), lot.one(WEIGHTS), lot.one(CUBES)
        reason = None
        try:
            CALLS[name](lot, *arguments)
            answered += 1
        except (ValueError, TypeError, UserWarning) as error:
            reason = str(error)
        assert reason is None or SAID.match(reason), (arguments, reason)
    assert answered
