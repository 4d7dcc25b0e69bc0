"""Hotspot scores of frames: events, cells, regions."""

from __future__ import annotations

import geopandas
import numpy as np
import pandas as pd
import pytest
import shapely

import geo_risk as gr
from geo_risk import cells as grids
from geo_risk.errors import UnknownRegionError


@pytest.fixture(scope="module")
def events():
    """300 events in Takhar and Badakhshan, 60 of them in one valley; 5 elsewhere."""
    rng = np.random.default_rng(5)
    lon = np.concatenate([rng.uniform(69.2, 72.0, 240), rng.normal(70.5, 0.05, 60), np.zeros(5)])
    lat = np.concatenate(
        [rng.uniform(36.2, 37.5, 240), rng.normal(36.9, 0.05, 60), np.full(5, 10.0)]
    )
    return geopandas.GeoDataFrame(
        {"deaths": rng.poisson(2, 305)}, geometry=shapely.points(lon, lat), crs="EPSG:4326"
    )


@pytest.fixture(scope="module")
def cells(events):
    return gr.score_hotspots(events, resolution=5, study_area=["AF-TAK", "AF-BDS"])


def test_empty_cells_count_and_nothing_is_lost(events, cells):
    counted = cells.attrs["geo_risk"]["hotspots"]
    assert (cells["n_events"] == 0).any()
    assert cells["n_events"].sum() == counted["events_counted"]
    assert counted["events_counted"] + counted["events_outside_study_area"] == len(events)
    grid = gr.study_grid(
        gr.load_regions().table.set_index("region_code").geometry[["AF-TAK", "AF-BDS"]],
        resolution=5,
    )
    assert len(cells) == len(grid)
    assert cells["h3_cell"].is_unique


def test_the_valley_is_hot(cells):
    hot = cells[cells["hotspot"] == "hot"]
    assert len(hot) > 0
    valley = shapely.Point(70.5, 36.9)
    assert (shapely.distance(hot.geometry.to_numpy(), valley) < 0.3).all()
    assert (hot["q_value"] <= 0.05).all()


def test_scores_are_those_of_the_arrays(cells):
    weights = gr.neighbor_graph(cells["h3_cell"].tolist())
    counts = cells["n_events"].to_numpy()
    want = gr.hotspots.gi_star(counts, weights, null="total")
    np.testing.assert_array_equal(cells["gi_z"], want.z)
    np.testing.assert_array_equal(cells["p_value"], want.p_value)
    held = gr.score_hotspots(cells[["h3_cell", "n_events", "geometry"]], null="conditional")
    np.testing.assert_array_equal(held["p_value"], gr.hotspots.gi_star(counts, weights).p_value)


def test_cells_in_any_order_with_any_index(cells):
    shuffled = cells.sample(frac=1.0, random_state=3)
    shuffled.index = ["same"] * len(shuffled)
    plain = pd.DataFrame(shuffled[["h3_cell", "n_events"]])
    again = gr.score_hotspots(plain)
    assert again.index.tolist() == ["same"] * len(cells)
    both = cells.set_index("h3_cell")["gi_z"], again.set_index("h3_cell")["gi_z"]
    np.testing.assert_allclose(both[0].loc[both[1].index], both[1], rtol=1e-9, atol=1e-9)


def test_a_value_is_summed(events):
    scored = gr.score_hotspots(events, value="deaths", resolution=5, study_area="AF-BDS")
    inside = scored.attrs["geo_risk"]["hotspots"]["events_counted"]
    assert scored["n_events"].sum() == inside
    assert 0 < scored["deaths"].sum() <= events["deaths"].sum()


def test_local_moran(events):
    scored = gr.score_hotspots(
        events, method="local_moran", resolution=5, study_area=["AF-TAK", "AF-BDS"]
    )
    assert {"moran_i", "moran_z", "quadrant", "p_value", "q_value"} <= set(scored.columns)


def test_regions_are_scored_by_their_neighbours():
    layer = gr.load_regions()
    provinces = layer.table[layer.table["country_code"] == "AFG"][["region_code", "geometry"]]
    north_east = {"AF-TAK", "AF-BDS", "AF-KDZ", "AF-BGL"}
    counts = [40 if code in north_east else 2 for code in provinces["region_code"]]
    scored = gr.score_hotspots(provinces.assign(n_events=counts))
    assert scored["region_code"].tolist() == provinces["region_code"].tolist()
    assert scored.loc[scored["gi_z"].idxmax(), "region_code"] in north_east
    with pytest.raises(UnknownRegionError, match=r"1 of 1 are not in the layer.*'XX-1'"):
        gr.score_hotspots(pd.DataFrame({"region_code": ["XX-1"], "n_events": [1]}))


def test_coarse_events_make_no_hotspot(events):
    pile = events.copy()
    pile["location_precision"] = ["admin1"] * len(pile)
    scored = gr.score_hotspots(pile, resolution=4, study_area="AF-BDS")
    assert scored["n_events"].sum() == 0
    assert scored.attrs["geo_risk"]["hotspots"]["events_too_coarse"] == len(pile)
    assert (
        gr.score_hotspots(pile, resolution=4, study_area="AF-BDS", coarse="keep")["n_events"].sum()
        > 0
    )


def test_study_areas(events):
    boxed = gr.score_hotspots(events, resolution=4, study_area=(69.0, 36.0, 72.0, 38.0))
    regions = gr.score_hotspots(events, resolution=4)
    assert len(regions) > len(boxed) > 0
    with pytest.raises(ValueError, match="no event lies in any region"):
        gr.score_hotspots(events[-5:].iloc[:0], resolution=4)
    with pytest.raises(UnknownRegionError, match="AF-XXX"):
        gr.score_hotspots(events, resolution=4, study_area="AF-XXX")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"value": "nothing"}, "no column 'nothing'"),
        ({"value": "name"}, "has no numbers"),
        ({"method": "magic"}, "Invalid method: 'magic'"),
        ({"resolution": 77}, "Invalid resolution: 77"),
        ({"resolution": 9, "study_area": "countries"}, "max_cells"),
    ],
)
def test_bad_options(events, options, message):
    named = events.assign(name="a")
    with pytest.raises(ValueError, match=message):
        gr.score_hotspots(named, **{"resolution": 4, "study_area": "AF-BDS", **options})


def test_what_is_neither_events_nor_cells_nor_regions():
    with pytest.raises(ValueError, match=r"neither events .* nor cells .* nor regions"):
        gr.score_hotspots(pd.DataFrame({"a": [1]}))
    with pytest.raises(TypeError, match="list is not a frame"):
        gr.score_hotspots([1, 2])


def test_of_mixed_resolutions_the_finest_is_taken(events):
    mixed = gr.index_h3(events, resolution=5)
    other = gr.index_h3(events, resolution=4)["h3_cell"]
    mixed.loc[mixed.index[:10], "h3_cell"] = other[:10]
    found = gr.score_hotspots(mixed, study_area="AF-BDS")
    same = gr.score_hotspots(events, resolution=5, study_area="AF-BDS")
    pd.testing.assert_frame_equal(pd.DataFrame(found), pd.DataFrame(same))


def test_what_assess_gives_is_scored_without_a_resolution():
    rows = [{"lon": 69.5, "lat": 36.7}] * 4 + [{"lon": 69.9, "lat": 36.9, "uncertainty_km": 25}]
    located = gr.assess(rows, hotspot_resolution=4).events
    assert located["h3_cell"].str[1].nunique() == 2  # the second character is the resolution
    found = gr.score_hotspots(located, study_area="AF-TAK")
    report = found.attrs["geo_risk"]["hotspots"]
    assert (report["resolution"], report["events_counted"]) == (7, 5)


# --- the other methods ---------------------------------------------------------------------------

AREA = {"resolution": 5, "study_area": ["AF-TAK", "AF-BDS"]}


@pytest.fixture(scope="module")
def dated(events):
    """The events with a date of 2024; those of the valley in its last weeks."""
    rng = np.random.default_rng(6)
    day = np.concatenate([rng.integers(0, 366, 240), rng.integers(320, 366, 60), np.zeros(5, int)])
    return events.assign(date_start=np.datetime64("2024-01-01") + day.astype("timedelta64[D]"))


def units_of(cells):
    return (
        gr.neighbor_graph(cells["h3_cell"].tolist()),
        *grids.cell_centers(cells["h3_cell"].tolist()),
        grids.cell_areas_km2(cells["h3_cell"].tolist()),
    )


def test_gi_without_the_unit_itself(events, cells):
    scored = gr.score_hotspots(events, method="gi", **AREA)
    want = gr.hotspots.gi_star(cells["n_events"].to_numpy(), units_of(cells)[0], star=False)
    np.testing.assert_array_equal(scored["gi_z"], want.z)
    np.testing.assert_array_equal(scored["hotspot"], want.hotspot)
    assert (scored["gi_z"] != cells["gi_z"]).any()


def test_scan_takes_true_areas_for_exposure(events, cells):
    scored = gr.score_hotspots(events, method="scan", seed=1, **AREA)
    _, lon, lat, area = units_of(cells)
    want = gr.hotspots.scan(
        cells["n_events"], area, lon=lon, lat=lat, seed=1, max_dispersion=np.inf
    )
    best = want.most_likely
    assert set(np.flatnonzero(scored["scan_cluster"] == 0)) == set(best.members)
    assert scored["p_value"][scored["scan_cluster"] == 0].eq(best.p_value).all()
    assert scored["relative_risk"][scored["scan_cluster"] == 0].eq(best.relative_risk).all()
    np.testing.assert_array_equal(scored["scan_llr"], want.centre_llr)
    assert (scored["hotspot"] == "hot").equals(scored["p_value"] <= 0.05)
    assert scored["p_value"].isna().equals(scored["scan_cluster"] == -1)
    noted = scored.attrs["geo_risk"]["hotspots"]
    assert noted["exposure"] == "area_km2"
    assert noted["clusters"][0]["observed"] == best.observed
    assert noted["clusters"][0]["centre"] == scored["h3_cell"].iloc[best.centre]


def test_scan_in_space_and_time(dated, cells):
    scored = gr.score_hotspots(dated, method="scan", time="date_start", seed=1, **AREA)
    graph, lon, lat, area = units_of(cells)
    inside = grids.count_in_cells(
        gr.h3_cells(lon=dated.geometry.x, lat=dated.geometry.y, resolution=5),
        cells["h3_cell"].tolist(),
    ).position
    month = dated["date_start"].to_numpy().astype("datetime64[M]")
    cube, months = gr.hotspots.space_time_cube(inside, month, len(cells))
    days = [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
    want = gr.hotspots.scan(
        cube, np.outer(area, days), lon=lon, lat=lat, time=months, seed=1, max_dispersion=np.inf
    ).most_likely
    first = scored[scored["scan_cluster"] == 0]
    assert set(np.flatnonzero(scored["scan_cluster"] == 0)) == set(want.members)
    assert (first["p_value"] == want.p_value).all()
    assert set(first["cluster_to"]) == {pd.Timestamp("2024-12-01")}
    assert scored["cluster_to"].isna().equals(scored["scan_cluster"] == -1)
    assert (first["hotspot"] == "hot").all()
    permuted = gr.score_hotspots(
        dated, method="scan", time="date_start", model="space_time_permutation", seed=1, **AREA
    )
    assert permuted.attrs["geo_risk"]["hotspots"]["exposure"] == "margins"
    assert (permuted.loc[permuted["scan_cluster"] == 0, "p_value"] <= 0.05).all()
    emerged = gr.score_hotspots(dated, method="emerging", **AREA)
    again = gr.hotspots.emerging(cube, graph, max_dispersion=np.inf)
    assert emerged["category"].tolist() == again.category.tolist()
    np.testing.assert_array_equal(emerged["steps_hot"], (again.bins == 1).sum(axis=1))
    np.testing.assert_array_equal(emerged["trend_z"], again.trend.z)
    assert emerged["category"].str.contains("hotspot").any()


def test_every_result_can_be_written_and_read(dated, tmp_path):
    from geo_risk.frames.tables import write_table

    for method in ("gi_star", "local_moran", "scan", "emerging", "kde", "eb_rates"):
        options = {"bandwidth_km": 20.0} if method == "kde" else {}
        if method == "scan":
            options = {"time": "date_start", "replications": 9}
        if method == "eb_rates":
            grid = gr.score_hotspots(dated, **AREA)["h3_cell"]
            options = {"population": dict.fromkeys(grid, 100)}
        scored = gr.score_hotspots(dated, method=method, places=2, seed=1, **AREA, **options)
        for ending in (".parquet", ".csv", ".geojson", ".gpkg"):
            path = write_table(scored, tmp_path / f"{method}{ending}")
            assert path.stat().st_size > 0
        again = geopandas.read_parquet(tmp_path / f"{method}.parquet")
        assert again.columns.tolist() == scored.columns.tolist()


def test_kde_uses_all_events_but_chooses_its_bandwidth_inside(events, cells):
    scored = gr.score_hotspots(events, method="kde", **AREA)
    _, lon, lat, _ = units_of(cells)
    x, y = events.geometry.x.to_numpy(), events.geometry.y.to_numpy()
    inside = grids.count_in_cells(
        gr.h3_cells(lon=x, lat=y, resolution=5), cells["h3_cell"].tolist()
    ).position
    width = gr.hotspots.kde_bandwidth(lon=x[inside >= 0], lat=y[inside >= 0])
    want = gr.hotspots.kde(lon=x, lat=y, at_lon=lon, at_lat=lat, bandwidth_km=width)
    np.testing.assert_allclose(scored["intensity_km2"], want.intensity, rtol=1e-12)
    assert scored.attrs["geo_risk"]["hotspots"]["bandwidth_km"] == width
    area = grids.cell_areas_km2(scored["h3_cell"].tolist())
    wide = gr.score_hotspots(events, method="kde", bandwidth_km=20.0, **AREA)
    assert (wide["intensity_km2"] * area).sum() == pytest.approx(len(events), rel=0.2)
    by_cell = gr.score_hotspots(cells, method="kde", bandwidth_km=20.0)
    counted = cells["n_events"].to_numpy()
    again = gr.hotspots.kde(
        lon=lon, lat=lat, at_lon=lon, at_lat=lat, weights=counted, bandwidth_km=20.0
    )
    np.testing.assert_allclose(by_cell["intensity_km2"], again.intensity, rtol=1e-12)


def test_rates_need_a_population_and_take_it_by_column_or_by_code(events, cells):
    people = np.random.default_rng(1).integers(50, 5000, len(cells))
    by_code = dict(zip(cells["h3_cell"], people))
    graph = units_of(cells)[0]
    for prior, weights in (("local", graph), ("global", None)):
        scored = gr.score_hotspots(
            events, method="eb_rates", population=by_code, prior=prior, **AREA
        )
        want = gr.hotspots.eb_rates(cells["n_events"], people, weights, method=prior)
        np.testing.assert_array_equal(scored["rate"], want.rate)
        np.testing.assert_array_equal(scored["shrinkage"], want.shrinkage)
    column = gr.score_hotspots(cells.assign(people=people), method="eb_rates", population="people")
    numbers = pd.Series(people, index=grids.strings_to_cells(cells["h3_cell"].tolist()))
    by_number = gr.score_hotspots(events, method="eb_rates", population=numbers, **AREA)
    np.testing.assert_array_equal(column["rate"], by_number["rate"])
    moran = gr.score_hotspots(events, method="local_moran", population=by_code, **AREA)
    rates = gr.hotspots.standardized_rates(cells["n_events"], people)
    again = gr.hotspots.local_moran(rates, graph)
    np.testing.assert_array_equal(moran["moran_z"], again.z)
    np.testing.assert_array_equal(moran["rate"], cells["n_events"] / people)
    scan = gr.score_hotspots(events, method="scan", population=by_code, seed=1, **AREA)
    assert scan.attrs["geo_risk"]["hotspots"]["exposure"] == "given"


def test_cells_in_long_form_are_scored_like_their_events(dated):
    by_event = gr.score_hotspots(dated, method="emerging", **AREA)
    cell = gr.index_h3(dated, resolution=5)["h3_cell"]
    long = (
        pd.DataFrame({"h3_cell": cell, "month": dated["date_start"].dt.to_period("M")})
        .value_counts()
        .rename("n_events")
        .reset_index()
    )
    long["month"] = long["month"].dt.to_timestamp()
    grid = pd.DataFrame({"h3_cell": by_event["h3_cell"], "month": pd.Timestamp("2024-01-01")})
    full = pd.concat([long[long["h3_cell"].isin(grid["h3_cell"])], grid.assign(n_events=0)])
    full = full.drop_duplicates(["h3_cell", "month"]).sample(frac=1.0, random_state=1)
    options = {"method": "emerging", "time": "month", "max_dispersion": np.inf}
    scored = gr.score_hotspots(full, **options).set_index("h3_cell").loc[by_event["h3_cell"]]
    assert scored["category"].tolist() == by_event["category"].tolist()
    assert scored["n_events"].tolist() == by_event["n_events"].tolist()
    numbered = full.assign(month=full["month"].dt.month)
    again = gr.score_hotspots(numbered, **options).set_index("h3_cell").loc[by_event["h3_cell"]]
    assert again["category"].tolist() == by_event["category"].tolist()
    noted = gr.score_hotspots(full, **options).attrs["geo_risk"]["hotspots"]
    assert noted["periods"] == 12
    assert noted["bins_without_row"] == 12 * len(by_event) - len(full)
    with pytest.raises(ValueError, match=r"each once in each 'month'.*1 rows repeat a h3_cell"):
        gr.score_hotspots(pd.concat([full, full.iloc[:1]]), **options)


@pytest.mark.parametrize(
    ("step", "count", "first"),
    [("day", 60, "2024-01-01"), ("week", 9, "2024-01-01"), ("month", 2, "2024-01-01")],
)
def test_periods_are_days_iso_weeks_months_and_years(events, step, count, first):
    day = np.datetime64("2024-01-01T23:59") + (np.arange(len(events)) % 60) * np.timedelta64(1, "D")
    frame = events.assign(when=day)
    options = {"method": "scan", "time": "when", "step": step, "seed": 1, "replications": 9}
    scored = gr.score_hotspots(frame, **options, **AREA)
    noted = scored.attrs["geo_risk"]["hotspots"]
    assert (noted["periods"], noted["first_period"]) == (count, first)
    zoned = frame.assign(when=pd.DatetimeIndex(day).tz_localize("UTC"))
    again = gr.score_hotspots(zoned, **options, **AREA)
    assert again["p_value"].equals(scored["p_value"])


def test_events_without_a_date_are_not_counted(dated):
    some = dated.copy()
    some.loc[some.index[:40], "date_start"] = pd.NaT
    scored = gr.score_hotspots(some, method="emerging", **AREA)
    noted = scored.attrs["geo_risk"]["hotspots"]
    assert scored["n_events"].sum() == noted["events_counted"]
    whole = gr.score_hotspots(dated, method="emerging", **AREA).attrs["geo_risk"]["hotspots"]
    assert noted["events_counted"] + noted["events_without_time"] == whole["events_counted"]
    assert noted["events_without_time"] > 0


def test_events_are_counted_in_regions_and_so_are_those_known_to_their_province(events):
    mixed = events.copy()
    mixed["location_precision"] = ["admin1"] * 100 + ["country"] * 5 + ["place"] * 200
    scored = gr.score_hotspots(mixed, by="regions", study_area="AFG")
    layer = gr.load_regions()
    assert scored["region_code"].tolist() == [
        layer.columns["region_code"][row] for row in layer.rows_of("AFG")
    ]
    noted = scored.attrs["geo_risk"]["hotspots"]
    assert noted["events_too_coarse"] == 5
    located = layer.locate(lon=events.geometry.x, lat=events.geometry.y)
    keep = np.array(mixed["location_precision"] != "country")
    want = np.bincount(located[keep & (located >= 0)], minlength=len(layer))[layer.rows_of("AFG")]
    assert scored["n_events"].tolist() == want.tolist()
    assert noted["events_counted"] == want.sum()
    # the same as scoring the regions themselves
    again = gr.score_hotspots(scored[["region_code", "n_events"]], max_dispersion=np.inf)
    np.testing.assert_allclose(again["gi_z"], scored["gi_z"], rtol=1e-12)
    abroad = [
        code
        for code, missing in zip(scored["region_code"], scored["neighbors_missing"])
        if missing > 0
    ]
    assert sorted(abroad) == sorted(
        code for code in scored["region_code"] if layer.neighbors(code, of="countries")
    )


def test_more_steps_between_regions():
    layer = gr.load_regions()
    counts = pd.DataFrame({"region_code": gr.load_regions().table["region_code"]})
    counts = counts[layer.table["country_code"] == "AFG"].assign(n_events=range(34))
    one, two = (gr.score_hotspots(counts, k=k) for k in (1, 2))
    codes = counts["region_code"].tolist()
    for code, n in zip(codes, two["n_neighbors"]):
        near = set(layer.neighbors(code))
        far = near | {c for other in near for c in layer.neighbors(other)} - {code}
        assert n == len(far & set(codes))
    assert (two["n_neighbors"] > one["n_neighbors"]).any()


def test_centres_of_regions_are_right_across_the_antimeridian():
    from geo_risk.frames.score._units import RegionUnits

    layer = gr.load_regions()
    rows = np.concatenate([layer.rows_of(code) for code in ("RU-CHU", "AF-TAK", "FJ-N")])
    lon, lat = RegionUnits(layer, rows, 1).centers
    planar = layer.table.geometry.iloc[rows[1]].centroid
    assert (lon[1], lat[1]) == pytest.approx((planar.x, planar.y), abs=0.01)
    assert 165.0 < abs(lon[0]) <= 180.0
    assert 60.0 < lat[0] < 70.0
    assert abs(lon[2]) > 178.0
    assert -18.0 < lat[2] < -16.0


def test_edge_effects_are_reported_for_cells_too(cells):
    scored = gr.score_hotspots(cells[["h3_cell", "n_events", "geometry"]])
    assert scored["neighbors_missing"].tolist() == cells["neighbors_missing"].tolist()
    ring = gr.score_hotspots(cells[["h3_cell", "n_events", "geometry"]], k=2)
    assert (ring["neighbors_missing"] + ring["n_neighbors"]).max() == 18
    again = gr.score_hotspots(scored)  # a result may be scored again; nothing is kept twice
    assert again.columns.tolist() == scored.columns.tolist()


# --- uncertain places ----------------------------------------------------------------------------


def planted(precision, radius, seed=1, pile=200, km=0.0):
    """800 well-located events all over Takhar and Badakhshan, and 200 at or around one point."""
    layer = gr.load_regions()
    rng = np.random.default_rng(seed)
    lon, lat = rng.uniform(68.9, 74.9, 40_000), rng.uniform(35.4, 38.5, 40_000)
    rows = np.concatenate([layer.rows_of(code) for code in ("AF-TAK", "AF-BDS")])
    inside = np.flatnonzero(np.isin(layer.locate(lon=lon, lat=lat), rows))[:800]
    lon = np.append(lon[inside], 71.0 + rng.normal(0.0, km / 89.0, pile))
    lat = np.append(lat[inside], 37.0 + rng.normal(0.0, km / 111.0, pile))
    return geopandas.GeoDataFrame(
        {
            "location_precision": ["place"] * 800 + [precision] * pile,
            "location_uncertainty_km": [2.0] * 800 + [radius] * pile,
        },
        geometry=shapely.points(lon, lat),
        crs="EPSG:4326",
    )


def at_the_pile(cells):
    return cells.set_index("h3_cell").loc[
        grids.cells_to_strings(gr.h3_cells(lon=71.0, lat=37.0, resolution=5)).item()
    ]


# With the exact p one heavy cell is no hotspot of its own; by the normal p, which most packages
# take, it is. The scan looks for clusters no larger than a few cells.
NAIVE = {
    "gi_star": {"p_method": "analytic"},
    "gi": {"p_method": "analytic"},
    "local_moran": {"p_method": "analytic"},
    "scan": {"replications": 99, "max_radius_km": 30.0},
}


@pytest.mark.parametrize("method", list(NAIVE))
def test_a_pile_at_a_stand_in_point_is_no_stable_hotspot(method):
    """200 events coded to the province: hot where the stand-in point is taken for their place."""
    pile = planted("admin1", np.nan)
    options = {"method": method, **AREA, **NAIVE[method]}
    seed = {"seed": 1} if method == "scan" else {}
    naive = gr.score_hotspots(pile, coarse="keep", **seed, **options)
    spread = gr.score_hotspots(pile, places=30, seed=1, **options)
    label = "quadrant" if method == "local_moran" else "hotspot"
    hot = naive[label].isin(["hot", "HH", "HL", "LH"])
    assert hot.any()
    if method in ("gi_star", "scan"):
        assert at_the_pile(naive)["hotspot"] == "hot"
    assert spread["stability"][hot].max() < 0.25
    assert at_the_pile(spread)["n_events_mean"] < 20
    noted = spread.attrs["geo_risk"]["hotspots"]
    assert noted["events_too_coarse"] == 200
    assert noted["events_drawn"] == 1000
    assert spread["n_events_mean"].sum() == pytest.approx(noted["events_in_study_area_mean"])
    assert noted["events_in_study_area_mean"] > 990


@pytest.mark.parametrize("method", ["gi_star", "gi", "local_moran", "scan"])
def test_a_true_cluster_with_a_small_radius_is_stable(method):
    """The same events where they are known to 2 km: also with the exact p, the default."""
    cluster = planted("place", 2.0, km=12.0)
    options = NAIVE["scan"] if method == "scan" else {}
    found = gr.score_hotspots(cluster, method=method, places=30, seed=1, **AREA, **options)
    hot = found["quadrant" if method == "local_moran" else "hotspot"].isin(["hot", "HH"])
    assert hot.sum() >= 3
    assert found["stability"][hot].min() > 0.5
    assert found["stability"][hot].mean() > 0.9
    assert found["stable_label"][hot].isin(["hot", "HH"]).all()
    assert found["stability"][~hot].mean() < 0.02


def test_large_circles_may_find_the_province_itself():
    """200 more events in Badakhshan are more events in Badakhshan, wherever they are in it."""
    pile = planted("admin1", np.nan)
    found = gr.score_hotspots(pile, method="scan", places=5, seed=1, replications=99, **AREA)
    assert at_the_pile(found)["stability"] == 1.0
    assert (found["stability"] == 1.0).sum() > 50


def test_without_uncertainty_every_draw_is_the_stated_field():
    exact = planted("place", 0.0, km=12.0).assign(location_uncertainty_km=0.0)
    for method in ("gi_star", "local_moran"):
        found = gr.score_hotspots(exact, method=method, places=3, seed=1, **AREA)
        label = found["quadrant" if method == "local_moran" else "hotspot"]
        claims = ~label.isin(["not significant", "undefined", "isolated"])
        assert claims.any()
        assert found["stability"].tolist() == claims.astype(float).tolist()
        assert found["stable_label"][claims].equals(label[claims])
        assert found["n_events_mean"].tolist() == found["n_events"].tolist()


def test_draws_repeat_and_do_not_depend_on_rows_or_on_face_value():
    pile = planted("admin1", np.nan, km=12.0)
    once = gr.score_hotspots(pile, places=8, seed=3, **AREA)
    again = gr.score_hotspots(pile.sample(frac=1.0, random_state=1), places=8, seed=3, **AREA)
    pd.testing.assert_series_equal(once["stability"], again["stability"])
    pd.testing.assert_series_equal(once["n_events_mean"], again["n_events_mean"])
    plain = gr.score_hotspots(pile, **AREA)
    pd.testing.assert_series_equal(once["q_value"], plain["q_value"])
    given = gr.score_hotspots(pile, places=gr.draw_locations(pile, places=8, seed=3), **AREA)
    pd.testing.assert_series_equal(once["stability"], given["stability"])
    one, two = (
        gr.score_hotspots(pile, places=4, seed=np.random.default_rng(5), **AREA) for _ in range(2)
    )
    pd.testing.assert_series_equal(one["stability"], two["stability"])


def test_each_draw_is_scored_as_if_it_were_the_data(cells):
    pile = planted("near_place", 10.0, km=12.0)
    places = gr.draw_locations(pile, places=5, seed=2)
    found = gr.score_hotspots(pile, places=places, **AREA)
    hot = []
    for lon, lat in zip(places.lon, places.lat):
        frame = geopandas.GeoDataFrame(geometry=shapely.points(lon, lat), crs="EPSG:4326")
        hot.append(gr.score_hotspots(frame, **AREA)["hotspot"].isin(["hot", "cold"]))
    np.testing.assert_allclose(found["stability"], np.mean(hot, axis=0))
    assert found["stability"].max() > 0.0


def test_measures_without_a_test_get_mean_and_spread():
    pile = planted("admin1", np.nan)
    kde = gr.score_hotspots(
        pile, method="kde", bandwidth_km=15.0, coarse="keep", places=6, seed=1, **AREA
    )
    there = at_the_pile(kde)
    assert there["intensity_km2"] > 5 * there["intensity_km2_mean"]
    assert (kde["intensity_km2_sd"] > 0).all()
    people = dict.fromkeys(kde["h3_cell"], 100.0)
    rates = gr.score_hotspots(pile, method="eb_rates", population=people, places=6, seed=1, **AREA)
    assert {"rate_mean", "rate_sd"} <= set(rates.columns)
    assert "stability" not in rates


def test_draws_by_region_and_in_time():
    pile = planted("admin1", np.nan).assign(
        date_start=np.datetime64("2024-01-15") + np.arange(1000) % 360 * np.timedelta64(1, "D")
    )
    regions = gr.score_hotspots(pile, by="regions", places=4, seed=1)
    known = regions["region_code"] == "AF-BDS"
    # provinces are kept, so that only events near a border can leave theirs
    assert regions["n_events_mean"][known].item() == pytest.approx(
        regions["n_events"][known].item(), rel=0.02
    )
    emerged = gr.score_hotspots(pile, method="emerging", places=2, seed=1, **AREA)
    assert emerged["stability"].between(0.0, 1.0).all()


def test_an_area_of_events_known_to_their_province_is_found_with_draws():
    coarse = planted("admin1", np.nan).iloc[-200:]
    with pytest.raises(ValueError, match="no event lies in any region"):
        gr.score_hotspots(coarse, resolution=5)
    found = gr.score_hotspots(coarse, resolution=5, places=3, seed=1)
    assert found["n_events"].sum() == 0
    assert found["n_events_mean"].sum() == pytest.approx(200.0)


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"method": "knox"}, ValueError, "all units together.*geo_risk.hotspots.knox"),
        ({"method": "gi_star", "time": "date_start"}, ValueError, "uses no periods"),
        ({"method": "emerging", "time": "deaths2"}, ValueError, "no column 'deaths2'"),
        ({"method": "emerging", "time": "name"}, TypeError, "must contain dates or whole numbers"),
        ({"method": "emerging", "step": "hour"}, ValueError, "Invalid step: 'hour'"),
        ({"method": "eb_rates"}, ValueError, "rates need a population"),
        ({"method": "eb_rates", "population": "deaths"}, ValueError, "pass a mapping or Series"),
        ({"method": "eb_rates", "population": [1, 2]}, TypeError, "list; must be the name"),
        ({"method": "eb_rates", "population": {}}, ValueError, r"units have none; first '84"),
        ({"method": "kde", "population": {}}, ValueError, "units have none"),
        (
            {"method": "kde", "by": "regions", "study_area": "AFG", "resolution": None},
            ValueError,
            "'kde' of regions",
        ),
        (
            {"by": "regions", "study_area": "regions", "resolution": None},
            ValueError,
            "include regions without events",
        ),
        ({"by": "districts"}, ValueError, "Invalid by: 'districts'"),
        ({"places": -1}, ValueError, "Invalid places: -1"),
        ({"places": True}, TypeError, "Invalid places: True"),
        ({"alpha": 2.0}, ValueError, "Invalid alpha"),
    ],
)
def test_bad_options_of_the_methods(dated, options, error, message):
    named = dated.assign(name="a")
    with pytest.raises(error, match=message):
        gr.score_hotspots(named, **{"resolution": 4, "study_area": "AF-BDS", **options})


def test_draws_need_events_and_as_many(events, cells):
    with pytest.raises(ValueError, match="contains cells; only events have places"):
        gr.score_hotspots(cells, places=3)
    with pytest.raises(ValueError, match=r"Invalid places: draws of 10 events for 305 rows"):
        gr.score_hotspots(events, places=gr.draw_locations(events[:10], places=1), **AREA)
