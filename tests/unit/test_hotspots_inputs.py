"""The statistics take what callers have: lists, Series, every dtype, every kind of weights."""

from __future__ import annotations

import inspect
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hotspot_cases import grid
from scipy import sparse

from geo_risk import hotspots

RNG = np.random.default_rng(17)
N = 36
COUNTS = RNG.poisson(2.0, N)
LON, LAT, TIME = RNG.uniform(0, 3, N), RNG.uniform(0, 3, N), RNG.integers(0, 30, N)
PEOPLE = RNG.integers(50, 90, N)

VALUES = {
    "list": lambda x: x.tolist(),
    "tuple": lambda x: tuple(x.tolist()),
    "list of numpy numbers": list,
    "Series with an index of its own": lambda x: pd.Series(x, index=np.arange(N)[::-1] + 7),
    "nullable Series": lambda x: pd.Series(x).convert_dtypes(),
    "arrow Series": lambda x: pd.Series(x).convert_dtypes(dtype_backend="pyarrow"),
    "float32": lambda x: x.astype(np.float32),
    "big-endian": lambda x: x.astype(">f8"),
    "object": lambda x: x.astype(object),
    "every second": lambda x: np.repeat(x, 2)[::2],
}
SMALL = {name: np.dtype(name).type for name in ("int8", "uint8", "int32", "uint64", "float16")}


def read_only(x: np.ndarray) -> np.ndarray:
    x = x.copy()
    x.setflags(write=False)
    return x


def results(x: Any, w: Any) -> list[np.ndarray]:
    """Everything that the weights and counts `x` go into, as arrays."""
    gi, moran = hotspots.gi_star(x, w), hotspots.local_moran(x, w)
    whole = [f(x, w) for f in (hotspots.moran, hotspots.geary_c, hotspots.general_g)]
    rates = hotspots.eb_rates(x, PEOPLE, w)
    cube = np.outer(np.asarray(x, dtype=float), [1, 0, 2, 0, 1])
    history = hotspots.emerging(cube, w)
    return [
        gi.z, gi.p_value, moran.z, moran.p_value, moran.statistic, rates.rate, history.z,
        np.array([[r.statistic, r.z, r.p_value] for r in whole]),
    ]  # fmt: skip


def check_same(x: Any, w: Any, rtol: float = 0.0) -> None:
    for found, wanted in zip(results(x, w), results(COUNTS, grid(6)), strict=True):
        np.testing.assert_allclose(found, wanted, rtol=rtol, atol=rtol)


@pytest.mark.parametrize("kind", VALUES)
def test_values_of_any_kind(kind: str) -> None:
    check_same(VALUES[kind](COUNTS), grid(6))


@pytest.mark.parametrize("name", SMALL)
def test_values_of_any_number_type(name: str) -> None:
    check_same(COUNTS.astype(SMALL[name]), grid(6))
    check_same(read_only(COUNTS.astype(SMALL[name])), grid(6))


@pytest.mark.parametrize("dtype", ["bool", "int8", "uint8", "int64", "float32", "float64"])
@pytest.mark.parametrize("form", [sparse.csr_array, sparse.csr_matrix, sparse.coo_matrix])
def test_sparse_weights_of_any_type(form: Any, dtype: str) -> None:
    check_same(COUNTS, form(grid(6)).astype(dtype))


@pytest.mark.parametrize("name", ["coo", "csc", "lil", "dok", "bsr", "dia"])
def test_sparse_weights_of_any_format(name: str) -> None:
    check_same(COUNTS, grid(6).asformat(name))


def test_weights_that_may_not_be_written_to_and_64_bit_indices() -> None:
    w = grid(6)
    w.indices, w.indptr = w.indices.astype(np.int64), w.indptr.astype(np.int64)
    for part in (w.data, w.indices, w.indptr):
        part.setflags(write=False)
    check_same(COUNTS, w)


def test_libpysal_weights() -> None:
    pytest.importorskip("libpysal")
    from libpysal.graph import Graph
    from libpysal.weights import WSP

    check_same(COUNTS, Graph.from_sparse(sparse.coo_array(grid(6))))
    w = WSP(sparse.csr_matrix(grid(6))).to_W(silence_warnings=True)
    check_same(COUNTS, w)
    w.transform = "r"
    np.testing.assert_allclose(
        hotspots.gi_star(COUNTS, w).z, hotspots.gi_star(COUNTS, grid(6)).z, rtol=1e-12
    )


PLACED = {
    "scan": lambda c: hotspots.scan(
        c(COUNTS), c(PEOPLE), lon=c(LON), lat=c(LAT), replications=19, seed=1
    ).centre_llr,
    "scan in the plane": lambda c: hotspots.scan(
        c(COUNTS), c(PEOPLE), x_km=c(LON), y_km=c(LAT), covariates=["a", "b"] * 18,
        replications=19, seed=1,
    ).centre_llr,
    "permutation scan": lambda c: hotspots.scan(
        c(np.ones(N, dtype=int)), x_km=c(LON), y_km=c(LAT), time=TIME.tolist(),
        model="space_time_permutation", replications=19, seed=1,
    ).centre_llr,
    "kde": lambda c: hotspots.kde(lon=c(LON), lat=c(LAT), bandwidth_km=50).density,
    "knox": lambda c: hotspots.knox(
        lon=c(LON), lat=c(LAT), time=c(TIME), distance_km=[10, 50], interval=[1, 5], seed=1
    ).p_value,
    "mann_kendall": lambda c: hotspots.mann_kendall(c(COUNTS)).p_value,
    "hawkes": lambda c: hotspots.hawkes_log_likelihood(
        c(TIME), hotspots.HawkesParameters(0.5, 0.3, 1.2)
    ),
    "adjust_fdr": lambda c: hotspots.adjust_fdr(c(LON / 3)),
    "standardized_rates": lambda c: hotspots.standardized_rates(c(COUNTS), c(PEOPLE)),
}  # fmt: skip


@pytest.mark.parametrize("kind", [kind for kind in VALUES if kind != "float32"])
@pytest.mark.parametrize("name", PLACED)
def test_places_times_and_counts_of_any_kind(name: str, kind: str) -> None:
    np.testing.assert_array_equal(PLACED[name](VALUES[kind]), PLACED[name](np.asarray))


def test_period_numbers_may_be_floats() -> None:
    options = {"lon": LON, "lat": LAT, "model": "space_time_permutation", "replications": 19}
    one = hotspots.scan(COUNTS, **options, time=TIME, seed=1)
    two = hotspots.scan(COUNTS, **options, time=TIME.astype(float), seed=1)
    assert (one.null_llr == two.null_llr).all()
    assert [c.period for c in one.clusters] == [c.period for c in two.clusters]


def test_defaults_are_the_documented_ones() -> None:
    def defaults(function: Any) -> dict[str, Any]:
        return {
            name: p.default
            for name, p in inspect.signature(function).parameters.items()
            if p.default is not inspect.Parameter.empty
        }

    gi, moran = defaults(hotspots.gi_star), defaults(hotspots.local_moran)
    for found in (gi, moran):
        common = {"permutations": 0, "seed": None, "alpha": 0.05, "p_method": "auto", "fdr": "bh"}
        assert found | common == found
    assert gi["star"] is True
    assert moran["moments"] == "conditional"
    scan = defaults(hotspots.scan)
    assert (scan["model"], scan["replications"], scan["max_population"]) == ("poisson", 999, 0.5)
    assert (scan["clusters"], scan["ties"]) == ("high", "together")
    for function in (hotspots.gi_star, hotspots.local_moran, hotspots.scan):
        kinds = [p.kind for p in inspect.signature(function).parameters.values()]
        assert set(kinds[2:]) == {inspect.Parameter.KEYWORD_ONLY}


RAGGED = [[1, 2], [3]]
LINE = sparse.csr_array(np.diag(np.ones(4), 1))
CUBE = np.arange(20).reshape(5, 4)
PLANE = {"x_km": [0, 1, 2, 3, 4], "y_km": [0, 0, 0, 0, 1]}
NEAR = {"distance_km": 1, "interval": 1}


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: hotspots.gi_star(RAGGED, LINE), ValueError, "Invalid values: setting an array"),
        (lambda: hotspots.space_time_cube(RAGGED, [1], 2), ValueError, "Invalid unit: setting"),
        (lambda: hotspots.space_time_cube([0], [1], None), TypeError, "Invalid n_units: None"),
        (lambda: hotspots.space_time_cube([0], [1], 2.5), TypeError, r"Invalid n_units: 2\.5"),
        (
            lambda: hotspots.knox(**PLANE, time=RAGGED, **NEAR),
            ValueError,
            "Invalid time: setting an array",
        ),
        (
            lambda: hotspots.knox(x_km=[0, 1, 2, 4e6], y_km=[0] * 4, time=[1] * 4, **NEAR),
            ValueError,
            r"Invalid x_km: 4e\+06 km is not a place on Earth.*metres",
        ),
        (
            lambda: hotspots.decayed_intensity(
                np.array(["2024-01-01"], "M8[D]"), at="soon", half_life=1
            ),
            TypeError,
            "Invalid at: 'soon' is not a date",
        ),
        (
            lambda: hotspots.gi_star([1, 2, 3, 4, 9], LINE * 1e200),
            ValueError,
            r"Invalid weights: the largest is 1e\+200.*Divide the weights by it",
        ),
        (
            lambda: hotspots.moran([1, 2, 3, 4, 9], LINE * 1e-200),
            ValueError,
            "Invalid weights: the largest is 1e-200",
        ),
        (lambda: hotspots.emerging(CUBE, LINE, bin_alpha=0), ValueError, "Invalid bin_alpha: 0"),
        (
            lambda: hotspots.gi_star([1, 2, 3, 4, 9], LINE, permutations=9, seed=-1),
            ValueError,
            "Invalid seed: -1; must be a whole number",
        ),
        (
            lambda: hotspots.emerging(CUBE, LINE, permutations=9, seed="x"),
            TypeError,
            "Invalid seed: 'x'; must be a whole number",
        ),
        (lambda: hotspots.scan([1] * 5, **PLANE, seed=1.5), TypeError, r"Invalid seed: 1\.5"),
    ],
)
def test_bad_input_is_named(call: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        call()


def test_values_of_any_size() -> None:
    """Powers of two change nothing; one value that dwarfs the others breaks nothing."""
    cube = RNG.poisson(1.0, (36, 6)).astype(float)
    base = hotspots.emerging(cube, grid(6), p_method="analytic")
    for factor in (2.0**900, 2.0**-900):
        scaled = hotspots.emerging(factor * cube, grid(6), p_method="analytic")
        np.testing.assert_array_equal(scaled.z, base.z)
    x = np.array([1e200, 1.0, 2.0, 3.0, 4.0])
    for function in (hotspots.moran, hotspots.geary_c, hotspots.general_g):
        result = function(x, LINE)
        assert np.isnan(result.z) or np.isfinite(result.z)
    assert np.isnan(hotspots.general_g(x, LINE).statistic)
