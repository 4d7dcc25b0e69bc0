"""An option that was given and is not used is refused; old names are still taken, and told."""

from __future__ import annotations

import dataclasses
import warnings
from collections.abc import Callable
from typing import Any

import geopandas
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given, settings, strategies as st
from scipy.sparse import csr_array, diags_array

import geo_risk as gr
from geo_risk import hotspots

RNG = np.random.default_rng(1)
N = 40
CHAIN = csr_array(diags_array([np.ones(N - 1)] * 2, offsets=[-1, 1], shape=(N, N)))
COUNTS = RNG.poisson(0.6, N)
COUNTS[10:13] = [4, 6, 5]
VALUES = RNG.normal(size=N)
CUBE = RNG.poisson(0.5, (N, 8))
POINTS = {"lon": np.linspace(0.0, 4.0, N), "lat": np.linspace(10.0, 12.0, N)}
SERIES = np.cumsum(RNG.normal(size=(3, 30)), axis=1)
TIMES = np.sort(RNG.uniform(0, 50, 30))
HAWKES = hotspots.HawkesParameters(0.3, 0.5, 2.0)
ETAS = hotspots.EtasParameters(0.3, 0.4, 0.5, 0.3, 1.3)
SIZES = RNG.exponential(1.0, 30)


def scan(cases: Any = COUNTS, population: Any = None, **options: Any) -> Any:
    return hotspots.scan(cases, population, **POINTS, **({"replications": 19} | options))


def knox(**options: Any) -> Any:
    return hotspots.knox(
        **POINTS, time=np.arange(N) % 7, distance_km=[20.0, 60.0], interval=2.0, **options
    )


def kde(**options: Any) -> Any:
    return hotspots.kde(**POINTS, bandwidth_km=30.0, **options)


CALLS: dict[str, Callable[..., Any]] = {
    "gi_star": lambda **options: hotspots.gi_star(COUNTS, CHAIN, **options),
    "local_moran": lambda **options: hotspots.local_moran(COUNTS, CHAIN, **options),
    "emerging": lambda **options: hotspots.emerging(CUBE, CHAIN, **options),
    "moran": lambda **options: hotspots.moran(VALUES, CHAIN, **options),
    "geary_c": lambda **options: hotspots.geary_c(VALUES, CHAIN, **options),
    "general_g": lambda **options: hotspots.general_g(COUNTS, CHAIN, **options),
    "knox": knox,
    "kde": kde,
    "scan": scan,
    "scan, bernoulli": lambda **options: scan(
        COUNTS, np.full(N, 9), model="bernoulli", seed=1, **options
    ),
    "eb_rates": lambda **options: hotspots.eb_rates(COUNTS, np.full(N, 9.0), **options),
    "mann_kendall": lambda **options: hotspots.mann_kendall(SERIES, **options),
    "hotspot_categories": lambda **options: hotspots.hotspot_categories(SERIES, **options),
    "hawkes_log_likelihood": lambda parameters=HAWKES, **options: hotspots.hawkes_log_likelihood(
        TIMES, parameters, **options
    ),
    "hawkes_compensator": lambda parameters=HAWKES, **options: hotspots.hawkes_compensator(
        TIMES, parameters, **options
    ),
    "hawkes_intensity": lambda parameters=HAWKES, **options: hotspots.hawkes_intensity(
        TIMES, parameters, [20.0], **options
    ),
    "hawkes_forecast": lambda parameters=HAWKES, **options: hotspots.hawkes_forecast(
        TIMES, parameters, horizon=2.0, simulations=9, seed=1, **options
    ),
    "hawkes_fit": lambda **options: hotspots.hawkes_fit(TIMES, **options),
    "decayed_intensity": lambda **options: hotspots.decayed_intensity(
        TIMES, at=60.0, half_life=5.0, **options
    ),
}
DRAWN = {"permutations": 19}
TOTAL = {"null": "total"}
SIMULATED = {"seed": 1, "deal": "fresh", "n_jobs": 2}
REASONS = ("not used", " with ", "takes none", "have no periods", "do not take it")
# statistic, the way it is asked, and for each option whether it is used that way
TABLE: list[tuple[str, dict[str, Any], dict[str, Any], dict[str, Any]]] = [
    # the exact p, by default and as asked for
    *(
        (name, way, {"mid_p": True, "max_dispersion": 50.0}, SIMULATED)
        for name in ("gi_star", "local_moran")
        for way in ({}, {"p_method": "exact"})
    ),
    # simulated
    *(
        (name, way, SIMULATED, {"mid_p": True, "max_dispersion": 9.0})
        for name in ("gi_star", "local_moran")
        for way in (DRAWN, DRAWN | {"p_method": "permutation"})
    ),
    ("gi_star", DRAWN | {"deal": "shared"}, {"seed": 1}, {"n_jobs": -1}),
    ("local_moran", DRAWN | {"deal": "shared"}, {"seed": 1}, {"n_jobs": -1}),
    # normal
    *(
        (
            name, {"p_method": "analytic"}, {"alpha": 0.5},
            {"seed": 1, "deal": "fresh", "n_jobs": 2, "mid_p": True, "max_dispersion": 9.0,
             "permutations": 9},
        )
        for name in ("gi_star", "local_moran")
    ),
    ("gi_star", {"p_method": "analytic"}, {"null": "total"}, {"null": "conditional"}),
    (
        "gi_star", {"p_method": "analytic", "star": False}, {"null": "conditional"},
        {"null": "total"},
    ),
    (
        "local_moran", {"moments": "total"}, {"alpha": 0.5},
        {"seed": 1, "deal": "fresh", "n_jobs": 2, "mid_p": True, "max_dispersion": 9.0},
    ),
    # all values dealt out
    ("gi_star", TOTAL, {"mid_p": True, "max_dispersion": 50.0}, SIMULATED),
    ("gi_star", TOTAL | DRAWN, {"seed": 1}, {"deal": "shared", "n_jobs": -1, "mid_p": True}),
    ("emerging", {}, {"max_dispersion": 50.0}, {"seed": 1}),
    ("emerging", DRAWN, {"seed": 1}, {"max_dispersion": 50.0}),
    ("emerging", {"p_method": "analytic"}, {"bin_alpha": 0.5}, {"seed": 1, "max_dispersion": 50.0}),
    *((name, {}, {"adjust_n": True}, {"seed": 1}) for name in ("moran", "geary_c", "general_g")),
    *((name, DRAWN, {"seed": 1}, {"adjust_n": True}) for name in ("moran", "geary_c", "general_g")),
    ("knox", {"permutations": 19}, {"seed": 1, "n_jobs": 2}, {}),
    ("knox", {"permutations": 0}, {}, {"seed": 1, "n_jobs": 2}),
    ("kde", {}, {"n_jobs": 2, "truncate": 0.01}, {}),
    ("scan", {}, {"seed": 1, "n_jobs": 2, "max_dispersion": 50.0}, {"max_duration": 2}),
    ("scan", {"replications": 0}, {"n_jobs": 2}, {"seed": 1, "prospective": True}),
    ("scan, bernoulli", {}, {"n_jobs": 2}, {"max_dispersion": 50.0, "covariates": np.zeros(N)}),
    ("eb_rates", {}, {"weights": CHAIN}, {}),
    ("eb_rates", {"method": "global"}, {}, {"weights": CHAIN}),
    ("mann_kendall", {}, {"alpha": 0.5}, {"lag_alpha": 0.5, "autocorrelation": [0.5]}),
    ("mann_kendall", {"correction": "hamed_rao"}, {"lag_alpha": 0.5}, {"autocorrelation": [0.5]}),
    ("hotspot_categories", {}, {"bin_alpha": 0.5}, {}),
    ("hotspot_categories", {"bins": np.zeros(SERIES.shape, int)}, {}, {"bin_alpha": 0.5}),
    *(
        (name, {"parameters": parameters}, *sides)
        for name in ("hawkes_log_likelihood", "hawkes_compensator", "hawkes_intensity",
                     "hawkes_forecast")
        for parameters, sides in (
            (HAWKES, ({}, {"magnitudes": SIZES})), (ETAS, ({"magnitudes": SIZES}, {})),
        )
    ),
    ("hawkes_fit", {}, {}, {"magnitudes": SIZES}),
    ("hawkes_fit", {"kernel": "omori"}, {"magnitudes": SIZES}, {}),
    ("decayed_intensity", {}, {}, {"n_units": 3}),
    ("decayed_intensity", {"unit": np.zeros(30, int)}, {"n_units": 3}, {}),
]  # fmt: skip
USED = [(name, way, {k: v}) for name, way, used, _ in TABLE for k, v in used.items()]
UNUSED = [(name, way, k, v) for name, way, _, unused in TABLE for k, v in unused.items()]


@pytest.mark.parametrize(("name", "way", "option"), USED)
def test_what_is_used_is_taken(name, way, option):
    needed = {"seed": 1} if way.get("permutations") and name != "scan" else {}
    if "adjust_n" in option:
        needed = {}
    CALLS[name](**{**needed, **way, **option})


@pytest.mark.parametrize(("name", "way", "option", "value"), UNUSED)
def test_what_is_not_used_is_refused(name, way, option, value):
    with pytest.raises(ValueError, match=rf"Invalid .*\b{option}|Invalid .* with {option}") as no:
        CALLS[name](**way, **{option: value})
    assert any(reason in str(no.value) for reason in REASONS)


LOCAL = {
    "permutations": st.sampled_from([0, 9]), "seed": st.just(1),
    "p_method": st.sampled_from(["auto", "exact", "analytic", "permutation"]),
    "mid_p": st.just(True), "deal": st.sampled_from(["fresh", "shared"]),
    "max_dispersion": st.sampled_from([50.0, np.inf]), "n_jobs": st.sampled_from([2, -1]),
    "null": st.sampled_from(["conditional", "total"]), "star": st.booleans(),
}  # fmt: skip


@given(st.fixed_dictionaries({}, optional=LOCAL))
@settings(max_examples=300)
def test_what_a_local_statistic_takes_decides_its_p(options):
    try:
        result = hotspots.gi_star(COUNTS, CHAIN, **options)
    except ValueError as error:
        named = {*options, "permutations"}
        assert any(f"Invalid {name}" in str(error) for name in named)  # noqa: PT017
        return
    if {"seed", "deal", "n_jobs"} & options.keys():
        assert result.p_method == "permutation"
    if {"mid_p", "max_dispersion"} & options.keys():
        assert result.p_method == "exact"
    if {"deal", "n_jobs"} & options.keys():
        assert result.null == "conditional"


def numbers_of(result: Any) -> list[Any]:
    if isinstance(result, float):
        return [result]
    found = [getattr(result, field.name) for field in dataclasses.fields(result)]
    return [value for value in found if getattr(value, "dtype", np.dtype("O")).kind == "f"]


@pytest.mark.parametrize(
    ("name", "way", "option"),
    [
        ("gi_star", {}, {"mid_p": True}), ("gi_star", TOTAL, {"mid_p": True}),
        ("local_moran", {}, {"mid_p": True}), ("gi_star", {}, TOTAL),
        ("gi_star", DRAWN | {"seed": 1}, {"deal": "shared"}),
        ("gi_star", DRAWN | {"seed": 1}, {"seed": 2}),
        ("gi_star", TOTAL | DRAWN | {"seed": 1}, {"seed": 2}),
        ("emerging", DRAWN | {"seed": 1}, {"seed": 2}),
        ("mann_kendall", {"correction": "hamed_rao"}, {"lag_alpha": 0.9}),
        ("eb_rates", {}, {"weights": CHAIN}),
        ("hawkes_log_likelihood", {"parameters": ETAS}, {"magnitudes": SIZES}),
    ],
)  # fmt: skip
def test_what_is_used_changes_the_result(name, way, option):
    one, two = (numbers_of(CALLS[name](**asked)) for asked in (way, way | option))
    assert len(one) == len(two) > 0
    assert any(not np.array_equal(a, b, equal_nan=True) for a, b in zip(one, two))


EVENTS = geopandas.GeoDataFrame(
    {"date_start": pd.date_range("2024-01-01", periods=60, freq="6D"), "year": 2000},
    geometry=shapely.points(70.5 + RNG.normal(0, 0.3, 60), 37.1 + RNG.normal(0, 0.3, 60)),
    crs="EPSG:4326",
)
AREA = {"resolution": 4, "study_area": "AF-BDS"}
CELLS = gr.score_hotspots(EVENTS, **AREA)[["h3_cell", "n_events", "geometry"]]
METHODS: dict[str, dict[str, Any]] = {
    "gi_star": {}, "gi": {}, "local_moran": {}, "scan": {"replications": 9},
    "emerging": {}, "kde": {"bandwidth_km": 20.0},
    "eb_rates": {"population": dict.fromkeys(CELLS["h3_cell"], 10.0)},
}  # fmt: skip


@pytest.mark.parametrize("method", METHODS)
def test_threads_are_accepted_with_every_method_and_change_nothing(method):
    options = {"method": method, **AREA, **METHODS[method]}
    seed = {"seed": 1} if method == "scan" else {}
    one, two = (gr.score_hotspots(EVENTS, n_jobs=n, **seed, **options) for n in (1, 2))
    pd.testing.assert_frame_equal(pd.DataFrame(one), pd.DataFrame(two))


@pytest.mark.parametrize(
    ("method", "options"),
    [
        ("local_moran", {"moments": "total"}), ("local_moran", {"p_method": "analytic"}),
        ("gi_star", {"p_method": "analytic"}), ("gi", {"p_method": "exact", "mid_p": True}),
        ("gi_star", {"null": "conditional", "permutations": 9, "deal": "shared"}),
        ("emerging", {"p_method": "analytic"}), ("scan", {"replications": 0}),
    ],
)  # fmt: skip
def test_score_hotspots_adds_no_option_that_the_way_to_p_refuses(method, options):
    found = gr.score_hotspots(EVENTS, method=method, n_jobs=2, **AREA, **options)
    assert found["n_events"].sum() > 0


@pytest.mark.parametrize("method", ["gi_star", "gi", "local_moran", "emerging"])
def test_a_seed_of_score_hotspots_is_used_or_refused(method):
    options = {"method": method, **AREA}
    with pytest.raises(ValueError, match=f"Invalid seed: 1 is not used; '{method}' draws nothing"):
        gr.score_hotspots(EVENTS, seed=1, **options)
    one, two = (gr.score_hotspots(EVENTS, seed=1, permutations=19, **options) for _ in range(2))
    pd.testing.assert_frame_equal(pd.DataFrame(one), pd.DataFrame(two))
    gr.score_hotspots(EVENTS, seed=1, places=2, **options)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"method": "kde", "alpha": 0.1, **METHODS["kde"]}, "Invalid alpha: 0.1 .*does not test"),
        ({"method": "eb_rates", "alpha": 0.1, **METHODS["eb_rates"]}, "Invalid alpha: 0.1"),
        ({"method": "kde", "seed": 1, **METHODS["kde"]}, "Invalid seed: 1 .*draws nothing"),
        ({"method": "eb_rates", "seed": 1, **METHODS["eb_rates"]}, "Invalid seed: 1"),
        ({"method": "scan", "seed": 1, "replications": 0}, "Invalid seed: 1"),
        ({"step": "week"}, "Invalid step: 'week' .*no dates are grouped into periods"),
        ({"method": "emerging", "time": "h3", "step": "day"}, "Invalid step: 'day'"),
        ({"method": "gi_star", "deal": "shared", "permutations": 9, "seed": 1}, "Invalid deal"),
        ({"method": "gi", "deal": "shared"}, "Invalid deal: 'shared' .*no permutations"),
        ({"method": "gi", "mid_p": True, "permutations": 9, "seed": 1}, "Invalid mid_p"),
        ({"method": "scan", "model": "bernoulli", "max_dispersion": 9.0, "seed": 1,
          "population": dict.fromkeys(CELLS["h3_cell"], 100)}, "Invalid max_dispersion: 9.0"),
    ],
)  # fmt: skip
def test_options_of_score_hotspots_that_nothing_uses(options, message):
    frame = EVENTS.assign(h3=np.arange(60) % 6)
    with pytest.raises(ValueError, match=message):
        gr.score_hotspots(frame, **AREA, **options)


@pytest.mark.parametrize(
    ("option", "value"),
    [("by", "regions"), ("study_area", "AF-BDS"), ("coarse", "keep"), ("resolution", 4),
     ("max_cells", 9)],
)  # fmt: skip
def test_cells_are_scored_as_they_are(option, value):
    with pytest.raises(ValueError, match=f"Invalid {option}: .*contains cells.*scored as they are"):
        gr.score_hotspots(CELLS, **{option: value})
    assert len(gr.score_hotspots(CELLS, by="cells")) == len(CELLS)


@pytest.mark.parametrize(("option", "value"), [("resolution", 4), ("max_cells", 9)])
def test_regions_have_no_resolution(option, value):
    with pytest.raises(ValueError, match=f"Invalid {option}: {value} .*in regions, not in cells"):
        gr.score_hotspots(EVENTS, by="regions", **{option: value})


def test_assess_of_regions_passes_no_resolution_of_cells():
    found = gr.assess(EVENTS, by="regions", study_area="countries")
    assert found.cells is not None
    assert "region_code" in found.cells


@pytest.mark.parametrize("statistic", [hotspots.gi_star, hotspots.local_moran])
def test_draws_is_the_old_name_of_deal(statistic):
    new = statistic(COUNTS, CHAIN, permutations=99, seed=1, deal="shared")
    with pytest.warns(DeprecationWarning, match="draws is called deal now") as told:
        old = statistic(COUNTS, CHAIN, permutations=99, seed=1, draws="shared")
    assert told[0].filename == __file__
    np.testing.assert_array_equal(old.p_value, new.p_value)
    with pytest.raises(ValueError, match=r"Invalid draws: 'fresh'.*old name of deal"):
        statistic(COUNTS, CHAIN, permutations=99, seed=1, deal="shared", draws="fresh")
    told, refused = "draws is called deal", "Invalid deal: 'few'"
    with pytest.warns(DeprecationWarning, match=told), pytest.raises(ValueError, match=refused):
        statistic(COUNTS, CHAIN, permutations=99, seed=1, draws="few")


def test_draws_is_the_old_name_of_places():
    with pytest.warns(DeprecationWarning, match="draws is called places now") as told:
        old = gr.draw_locations(EVENTS, draws=3, seed=1)
    assert told[0].filename == __file__
    new = gr.draw_locations(EVENTS, places=3, seed=1)
    np.testing.assert_array_equal(old.lon, new.lon)
    with pytest.warns(DeprecationWarning, match="draws is called places now") as told:
        one = gr.score_hotspots(EVENTS, draws=3, seed=1, **AREA)
    assert told[0].filename == __file__
    two = gr.score_hotspots(EVENTS, places=new, **AREA)
    pd.testing.assert_series_equal(one["stability"], two["stability"])
    for verb in (gr.draw_locations, gr.score_hotspots):
        with pytest.raises(ValueError, match=r"Invalid draws: 2.*old name of places, which is 3"):
            verb(EVENTS, places=3, draws=2)


@pytest.mark.parametrize(
    ("option", "value"),
    [("distribution", "normal"), ("coverage", 0.95), ("stated_country", "ignore")],
)
def test_whole_regions_have_no_law_of_distance(option, value):
    with pytest.raises(ValueError, match=f"Invalid {option}: .*not used.*whole regions"):
        gr.draw_locations(EVENTS, places=2, seed=1, spread="region", **{option: value})
    given = gr.draw_locations(EVENTS, places=2, seed=1, **{option: value})
    np.testing.assert_array_equal(given.lon, gr.draw_locations(EVENTS, places=2, seed=1).lon)


def test_new_names_warn_of_nothing():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        gr.draw_locations(EVENTS, places=2, seed=1)
        gr.score_hotspots(EVENTS, places=2, seed=1, **AREA)
        hotspots.gi_star(COUNTS, CHAIN, permutations=9, seed=1, deal="fresh")
    assert len(gr.draw_locations(EVENTS, seed=1)) == 100


@pytest.mark.parametrize(("option", "value"), [("mid_p", True), ("max_dispersion", 9.0)])
def test_values_that_are_no_counts_have_no_exact_p_to_shape(option, value):
    """The data decide here; what was asked for is refused all the same."""
    measured = COUNTS + 0.5
    for statistic in (hotspots.gi_star, hotspots.local_moran):
        assert statistic(measured, CHAIN).p_method == "analytic"
        with pytest.raises(ValueError, match=f"Invalid {option}: .* not used.*are not counts"):
            statistic(measured, CHAIN, **{option: value})
    with pytest.raises(ValueError, match=f"Invalid {option}: .* not used.*are not counts"):
        hotspots.gi_star(measured, CHAIN, null="total", **{option: value})
    cube = np.tile(measured[:, None], (1, 10))
    if option == "max_dispersion":
        with pytest.raises(ValueError, match=r"Invalid max_dispersion: .* not used.*not counts"):
            hotspots.emerging(cube, CHAIN, max_dispersion=value)


def test_assess_passes_the_warning_of_an_old_name_on_to_its_caller():
    with pytest.warns(DeprecationWarning, match="draws is called places now") as told:
        gr.assess(EVENTS, draws=2, seed=1, hotspot_resolution=4)
    assert told[0].filename == __file__
