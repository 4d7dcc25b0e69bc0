"""Every kind of bad input, for every statistic that can meet it: a label or a clear error.

Arrays first, then the same through frames (`score_hotspots`).
"""

from __future__ import annotations

from typing import Any

import geopandas
import numpy as np
import pandas as pd
import pytest
import shapely
from hotspot_cases import chain
from scipy import sparse

import geo_risk as gr
from geo_risk import cells as grids
from geo_risk import hotspots

NAN = float("nan")
LOCAL = {
    "gi_star": hotspots.gi_star,
    "gi": lambda x, w, **options: hotspots.gi_star(x, w, star=False, **options),
    "local_moran": hotspots.local_moran,
}
GLOBAL = {"moran": hotspots.moran, "general_g": hotspots.general_g, "geary_c": hotspots.geary_c}
CENTRE = "85208673fffffff"


def labels_of(result: Any) -> list[str]:
    return (result.hotspot if hasattr(result, "hotspot") else result.quadrant).tolist()


def places(n: int) -> dict[str, np.ndarray]:
    return {"lon": np.arange(float(n)), "lat": np.zeros(n)}


# --- arrays: constant fields and zeros -----------------------------------------------------------


@pytest.mark.parametrize("name", list(LOCAL))
@pytest.mark.parametrize("level", [0, 3, -2.5, 1e300])
def test_constant_fields_are_undefined(name, level):
    result = LOCAL[name](np.full(9, level), chain(9), p_method="analytic")
    assert labels_of(result) == ["undefined"] * 9
    assert np.isnan(result.z).all()
    assert np.isnan(result.p_value).all()


@pytest.mark.parametrize("name", list(GLOBAL))
def test_constant_fields_have_no_global_p(name):
    assert np.isnan(GLOBAL[name](np.full(9, 3), chain(9)).p_value)


def test_constant_and_empty_cubes_rates_densities_and_scans():
    for level in (0, 4):
        assert set(hotspots.emerging(np.full((9, 6), level), chain(9)).category) == {"undefined"}
    even = hotspots.scan(np.full(9, 4), **places(9), replications=9, seed=1)
    assert even.clusters == ()
    assert even.cluster_of().tolist() == [-1] * 9
    assert hotspots.eb_rates(np.full(9, 2), np.full(9, 50)).rate.tolist() == [0.04] * 9
    assert hotspots.eb_rates(np.zeros(9), np.full(9, 50), chain(9)).rate.tolist() == [0.0] * 9
    with pytest.raises(ValueError, match="all are 0; there is nothing to scan"):
        hotspots.scan(np.zeros(9), **places(9))
    with pytest.raises(ValueError, match="all 0, so the rates have no spread"):
        hotspots.standardized_rates(np.zeros(9), np.full(9, 50))
    with pytest.raises(ValueError, match="must be >= 0 and not all 0"):
        hotspots.kde(**places(9), bandwidth_km=10.0, weights=np.zeros(9))
    flat = hotspots.mann_kendall([2, 2, 2, 2, 2])
    assert (flat.s, flat.p_value) == (0, 1.0)


# --- arrays: one cell, islands -------------------------------------------------------------------


@pytest.mark.parametrize("name", list(LOCAL))
def test_one_cell_and_islands_are_isolated(name):
    assert labels_of(LOCAL[name]([7], sparse.csr_array((1, 1)))) == ["isolated"]
    island = sparse.block_diag([chain(8), sparse.csr_array((1, 1))], format="csr")
    result = LOCAL[name]([1, 0, 2, 0, 1, 0, 1, 0, 99], island, max_dispersion=np.inf)
    assert labels_of(result)[8] == "isolated"
    assert "isolated" not in labels_of(result)[:8]
    assert result.n_neighbors[8] == 0


def test_one_cell_and_islands_elsewhere():
    alone = sparse.csr_array((1, 1))
    assert hotspots.emerging([[1, 0, 5, 9]], alone).category.tolist() == ["isolated"]
    assert hotspots.eb_rates([2], [50]).rate.tolist() == [0.04]
    assert hotspots.eb_rates([2], [50], alone).isolated.tolist() == [True]
    assert hotspots.scan([5], lon=[0.0], lat=[0.0], replications=9, seed=1).clusters == ()
    island = sparse.block_diag([chain(8), alone], format="csr")
    cube = np.random.default_rng(1).poisson(1.0, (9, 6))
    cube[8] = 50
    found = hotspots.emerging(cube, island, max_dispersion=np.inf)
    assert found.category[8] == "isolated"
    assert not (found.bins[8] != 0).any()


# --- arrays: NaN, negative, duplicated, mixed ----------------------------------------------------


@pytest.mark.parametrize("bad", [NAN, np.inf, -np.inf])
@pytest.mark.parametrize("name", [*LOCAL, *GLOBAL])
def test_missing_values_are_refused_with_their_place(name, bad):
    function = {**LOCAL, **GLOBAL}[name]
    with pytest.raises(ValueError, match="1 of 9 are missing or infinite; first at index 4"):
        function([0, 1, 2, 3, bad, 5, 6, 7, 8], chain(9))


def test_missing_and_negative_values_elsewhere():
    cube = np.ones((9, 5))
    cube[3, 2] = NAN
    with pytest.raises(ValueError, match="missing or infinite; first at cell 3, period 2"):
        hotspots.emerging(cube, chain(9))
    for value, message in ((NAN, "missing or infinite"), (-1, "negative"), (1.5, "not whole")):
        with pytest.raises(ValueError, match=f"{message}.*first at index 1"):
            hotspots.scan([1, value, 2], **places(3))
    for value, message in ((NAN, "missing"), (-1, "1 of 3 are negative; first at index 1")):
        with pytest.raises(ValueError, match=message):
            hotspots.eb_rates([1, value, 2], [9, 9, 9])
        with pytest.raises(ValueError, match=message):
            hotspots.eb_rates([1, 2, 3], [9, value, 9])
    with pytest.raises(ValueError, match="1 of 3 values are negative, missing or infinite"):
        hotspots.scan([1, 1, 2], [5, -5, 5], **places(3))
    with pytest.raises(ValueError, match="1 of 2 are missing; first at index 1"):
        hotspots.kde(lon=[1.0, NAN], lat=[0.0, 0.0], bandwidth_km=1.0)
    with pytest.raises(ValueError, match="must be >= 0"):
        hotspots.kde(**places(2), weights=[1.0, -1.0], bandwidth_km=1.0)
    with pytest.raises(ValueError, match="1 of 9 are negative; first at index 0"):
        hotspots.general_g([-1, *range(8)], chain(9))


@pytest.mark.parametrize("name", list(LOCAL))
def test_negative_values_have_a_z_but_no_exact_p(name):
    x = [-3, 1, 2, 0, 5, -1, 0, 2, 1]
    result = LOCAL[name](x, chain(9))
    assert result.p_method == "analytic"
    assert np.isfinite(result.z).all()
    with pytest.raises(ValueError, match=r"2 of 9 are not counts .*first at index 0: -3"):
        LOCAL[name](x, chain(9), p_method="exact")


@pytest.mark.parametrize("name", [*LOCAL, *GLOBAL, "emerging", "eb_rates"])
@pytest.mark.parametrize("bad", [-1.0, NAN, np.inf])
def test_weights_below_zero_or_missing_are_refused_with_their_place(name, bad):
    weights = chain(9)
    weights[2, 3] = bad
    calls: dict[str, Any] = {
        **LOCAL, **GLOBAL,
        "emerging": lambda x, w: hotspots.emerging(np.ones((9, 5)), w),
        "eb_rates": lambda x, w: hotspots.eb_rates(x, np.full(9, 50), w),
    }  # fmt: skip
    with pytest.raises(ValueError, match="negative, NaN or infinite; first at row 2, column 3"):
        calls[name](np.arange(9), weights)


def test_cells_once_each_of_one_resolution_in_any_order():
    disk = grids.grid_disk([CENTRE], 3)
    counts = np.random.default_rng(3).poisson(1.0, len(disk))
    order = np.random.default_rng(4).permutation(len(disk))
    one = hotspots.gi_star(counts, gr.neighbor_graph(disk))
    two = hotspots.gi_star(counts[order], gr.neighbor_graph(disk[order]))
    np.testing.assert_allclose(two.z, one.z[order], rtol=1e-12)
    np.testing.assert_array_equal(two.p_value, one.p_value[order])
    for call in (gr.neighbor_graph, grids.neighbors_missing):
        with pytest.raises(ValueError, match=r"more than once|duplicate|twice"):
            call([*disk, disk[4]])
        with pytest.raises(ValueError, match="resolution"):
            call([*disk[1:], grids.cell_parents(disk[:1], 4)[0]])
        with pytest.raises(ValueError, match="missing"):
            call(np.append(disk, np.uint64(0)))


# --- arrays: counts that are none ----------------------------------------------------------------


def test_fewer_than_four_periods_are_refused():
    for periods in (1, 2, 3):
        with pytest.raises(ValueError, match=f"{periods} periods; a history needs at least 4"):
            hotspots.emerging(np.ones((9, periods)), chain(9))


def test_more_cases_than_population_are_refused():
    with pytest.raises(ValueError, match=r"1 of 3 exceed the population .*row 1: 5 of 4"):
        hotspots.scan([1, 5, 0], [4, 4, 4], **places(3), model="bernoulli")
    for call in (
        lambda: hotspots.scan([1, 5, 0], [4, 0, 4], **places(3)),
        lambda: hotspots.eb_rates([1, 5, 0], [4, 0, 4]),
    ):
        with pytest.raises(ValueError, match=r"nobody at risk|events but no population"):
            call()


@pytest.fixture
def fatalities() -> np.ndarray:
    """Sums of deaths: mostly 0, a few hundreds; variance / mean far above 100."""
    deaths = np.zeros(60)
    deaths[[5, 6, 30, 31, 50]] = [40, 3, 700, 12, 250]
    return deaths


@pytest.mark.parametrize("name", list(LOCAL))
def test_fatalities_are_no_counts(name, fatalities):
    with pytest.raises(ValueError, match=r"Overdispersed values: .*sums of fatalities"):
        LOCAL[name](fatalities, chain(60), p_method="exact")
    with pytest.warns(UserWarning, match="The normal approximation was used"):
        result = LOCAL[name](fatalities, chain(60))
    assert result.p_method == "analytic"
    simulated = LOCAL[name](fatalities, chain(60), permutations=99, seed=1)
    assert simulated.p_method == "permutation"


def test_fatalities_are_refused_by_the_scan_and_by_emerging(fatalities):
    with pytest.raises(ValueError, match=r"Overdispersed cases: .*sums of fatalities"):
        hotspots.scan(fatalities, **places(60))
    cube = np.zeros((60, 5))
    cube[:, 2] = fatalities
    with pytest.raises(ValueError, match="Overdispersed"):
        hotspots.emerging(cube, chain(60), p_method="exact")
    with pytest.warns(UserWarning, match="normal"):
        assert hotspots.emerging(cube, chain(60)).p_method == "analytic"


# --- frames --------------------------------------------------------------------------------------

DISK = [str(cell) for cell in grids.cells_to_strings(grids.grid_disk([CENTRE], 3))]
CLAIMS = {"hot", "cold", "HH", "LL", "HL", "LH"}


def cells(values: Any = None, **columns: Any) -> pd.DataFrame:
    if values is None:
        values = np.random.default_rng(2).poisson(1.0, len(DISK))
    return pd.DataFrame({"h3_cell": DISK, "n_events": values, **columns})


def long_form(periods: int) -> pd.DataFrame:
    frame = pd.concat([cells().assign(month=m) for m in range(periods)], ignore_index=True)
    return frame.assign(n_events=np.random.default_rng(3).poisson(1.0, len(frame)))


def scored_labels(scored: pd.DataFrame) -> list[str]:
    return scored["quadrant" if "quadrant" in scored else "hotspot"].tolist()


@pytest.mark.parametrize("method", list(LOCAL))
@pytest.mark.parametrize("level", [0, 3])
def test_frames_of_a_constant_are_undefined(method, level):
    found = gr.score_hotspots(cells(np.full(len(DISK), level)), method=method)
    assert scored_labels(found) == ["undefined"] * len(DISK)
    assert found["p_value"].isna().all()


def test_frames_of_a_constant_or_of_zeros_elsewhere():
    zero, even = cells(np.zeros(len(DISK))), cells(np.full(len(DISK), 3))
    with pytest.raises(ValueError, match="all are 0; there is nothing to scan"):
        gr.score_hotspots(zero, method="scan")
    with pytest.raises(ValueError, match="not all 0"):
        gr.score_hotspots(zero, method="kde", bandwidth_km=5.0)
    rates = gr.score_hotspots(zero.assign(people=9), method="eb_rates", population="people")
    assert (rates["rate"] == 0.0).all()
    with pytest.raises(ValueError, match="all 0, so the rates have no spread"):
        gr.score_hotspots(zero.assign(people=9), method="local_moran", population="people")
    # cells differ a little in area, so that an even count is not quite an even rate
    scan = gr.score_hotspots(even, method="scan", seed=1, replications=99)
    assert not set(scan["hotspot"]) & CLAIMS
    cube = long_form(5).assign(n_events=2)
    assert set(gr.score_hotspots(cube, method="emerging", time="month")["category"]) == {
        "undefined"
    }


@pytest.mark.parametrize("method", list(LOCAL))
def test_frames_of_one_cell_and_of_islands_are_isolated(method):
    one = gr.score_hotspots(cells()[:1], method=method)
    assert scored_labels(one) == ["isolated"]
    assert one["neighbors_missing"].tolist() == [6]
    far = grids.cells_to_strings(gr.h3_cells(lon=0.0, lat=0.0, resolution=5)).item()
    frame = cells().replace({"h3_cell": {DISK[0]: far}})
    assert scored_labels(gr.score_hotspots(frame, method=method))[0] == "isolated"


def test_one_cell_elsewhere():
    one = cells(people=50)[:1]
    assert gr.score_hotspots(one, method="eb_rates", population="people")["isolated"].all()
    assert gr.score_hotspots(one.assign(n_events=4), method="scan", seed=1)[
        "scan_cluster"
    ].tolist() == [-1]
    cube = long_form(5)
    only = cube[cube["h3_cell"] == DISK[0]]
    assert gr.score_hotspots(only, method="emerging", time="month")["category"].tolist() == [
        "isolated"
    ]


@pytest.mark.parametrize("method", [*LOCAL, "scan", "kde", "eb_rates"])
def test_frames_with_missing_values_are_refused(method):
    values = np.ones(len(DISK))
    values[4] = NAN
    options: dict[str, Any] = {"kde": {"bandwidth_km": 5.0}, "eb_rates": {"population": "n"}}
    with pytest.raises(ValueError, match=r"1 of 37 (values )?are missing or infinite; first.*4"):
        gr.score_hotspots(cells(values, n=9), method=method, **options.get(method, {}))


@pytest.mark.parametrize(
    ("method", "message"),
    [("scan", "negative; first at index 4"), ("eb_rates", "negative; first at index 4"),
     ("kde", "must be >= 0")],
)  # fmt: skip
def test_frames_with_negative_values_are_refused_where_counts_are_meant(method, message):
    values = np.ones(len(DISK))
    values[4] = -1
    options: dict[str, Any] = {"kde": {"bandwidth_km": 5.0}, "eb_rates": {"population": "n"}}
    with pytest.raises(ValueError, match=message):
        gr.score_hotspots(cells(values, n=9), method=method, **options.get(method, {}))
    for local in LOCAL:
        assert gr.score_hotspots(cells(values), method=local).attrs["geo_risk"]["hotspots"][
            "p_method"
        ] == "analytic"  # fmt: skip


def test_frames_of_cells_in_any_order_each_once_of_one_resolution():
    frame = cells()
    turned = frame.sample(frac=1.0, random_state=1)
    one = gr.score_hotspots(frame).set_index("h3_cell")["gi_z"]
    two = gr.score_hotspots(turned).set_index("h3_cell")["gi_z"]
    np.testing.assert_allclose(one, two.loc[one.index], rtol=1e-12)
    twice = pd.concat([frame, frame[3:5]])
    with pytest.raises(
        ValueError, match=f"2 rows repeat a h3_cell; first at position 37.*{DISK[3]}"
    ):
        gr.score_hotspots(twice)
    parent = grids.cells_to_strings(grids.cell_parents([CENTRE], 4)).item()
    with pytest.raises(ValueError, match="resolution"):
        gr.score_hotspots(frame.replace({"h3_cell": {DISK[0]: parent}}))
    with pytest.raises(ValueError, match=r"not.*valid|cell"):
        gr.score_hotspots(frame.replace({"h3_cell": {DISK[0]: "85zz"}}))
    regions = pd.DataFrame({"region_code": ["AF-TAK", "AF-BDS", "AF-TAK"], "n_events": [1, 2, 3]})
    with pytest.raises(ValueError, match="1 rows repeat a region_code; first at position 2"):
        gr.score_hotspots(regions)
    missing = frame.copy()
    missing.loc[0, "h3_cell"] = None
    with pytest.raises(ValueError, match="neither events"):
        gr.score_hotspots(missing)


@pytest.mark.parametrize("periods", [1, 2, 3])
def test_frames_of_fewer_than_four_periods_are_refused(periods):
    with pytest.raises(ValueError, match=f"{periods} periods; a history needs at least 4"):
        gr.score_hotspots(long_form(periods), method="emerging", time="month")
    when = np.datetime64("2024-01-01") + np.arange(periods) * np.timedelta64(31, "D")
    lon, lat = (x.item() for x in grids.cell_centers([CENTRE]))
    events = geopandas.GeoDataFrame(
        {"date_start": when}, geometry=shapely.points([lon] * periods, lat), crs=4326
    )
    with pytest.raises(ValueError, match=f"{periods} periods; a history needs at least 4"):
        gr.score_hotspots(events, method="emerging", resolution=5)


def test_frames_with_more_cases_than_population_are_refused():
    frame = cells(np.full(len(DISK), 5), people=4)
    with pytest.raises(ValueError, match="37 of 37 exceed the population"):
        gr.score_hotspots(frame, method="scan", population="people", model="bernoulli")
    frame.loc[3, "people"] = 0
    for method in ("scan", "eb_rates"):
        with pytest.raises(ValueError, match=r"nobody at risk|events but no population"):
            gr.score_hotspots(frame, method=method, population="people")
    empty = frame.assign(n_events=np.where(frame["people"] > 0, 1, 0))
    with pytest.raises(ValueError, match="1 of 37 are 0, so have no rate; first at index 3"):
        gr.score_hotspots(empty, method="local_moran", population="people")


def test_fatalities_passed_as_counts_are_refused_or_warned_of():
    deaths = np.zeros(len(DISK))
    deaths[[2, 9, 20]] = [900, 5, 60]
    frame = cells().assign(deaths=deaths)
    with pytest.raises(ValueError, match="Overdispersed cases"):
        gr.score_hotspots(frame, value="deaths", method="scan")
    for method in LOCAL:
        with pytest.warns(UserWarning, match="sums of fatalities"):
            gr.score_hotspots(frame, value="deaths", method=method)
    lon, lat = grids.cell_centers(DISK)
    events = geopandas.GeoDataFrame({"deaths": deaths}, geometry=shapely.points(lon, lat), crs=4326)
    area = shapely.box(lon.min(), lat.min(), lon.max(), lat.max())
    options = {"resolution": 5, "study_area": area}
    with pytest.warns(UserWarning, match="sums of fatalities"):
        gr.score_hotspots(events, value="deaths", **options)
    with pytest.raises(ValueError, match="Overdispersed cases"):
        gr.score_hotspots(events, value="deaths", method="scan", **options)
    counted = gr.score_hotspots(events, **options)  # the number of events is no sum of deaths
    assert counted.attrs["geo_risk"]["hotspots"]["p_method"] == "exact"
