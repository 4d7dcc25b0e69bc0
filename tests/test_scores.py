"""Hotspot scores of frames: events, cells, regions."""

from __future__ import annotations

import geopandas
import numpy as np
import pandas as pd
import pytest
import shapely

import geo_risk as gr
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
    want = gr.hotspots.gi_star(cells["n_events"].to_numpy(), weights)
    np.testing.assert_array_equal(cells["gi_z"], want.z)
    np.testing.assert_array_equal(cells["p_value"], want.p_value)


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


def test_mixed_resolutions_need_a_choice(events):
    mixed = gr.index_h3(events, resolution=5)
    other = gr.index_h3(events, resolution=4)["h3_cell"]
    mixed.loc[mixed.index[:10], "h3_cell"] = other[:10]
    with pytest.raises(ValueError, match=r"resolutions \[4, 5\] are mixed"):
        gr.score_hotspots(mixed, study_area="AF-BDS")
