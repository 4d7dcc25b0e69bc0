"""`region_probabilities` and `border_within`: against closed forms, other laws and other paths."""

from __future__ import annotations

import geopandas
import numpy as np
import pandas as pd
import pytest
from geographiclib.geodesic import Geodesic
from paths import shared
from scipy import stats

import geo_risk as gr
from geo_risk.frames.support import DISTRIBUTIONS, disc_points
from geo_risk.regions import load_regions

KM_PER_DEGREE = np.pi * 6371.0088 / 180.0


def at(lon, lat, radius=np.nan, precision=None, **more):
    frame = gr.read_events([{"lon": lon, "lat": lat} | more])
    frame["location_uncertainty_km"] = radius
    frame["location_precision"] = precision
    return frame


def beyond(distance, law, radius=10.0, coverage=0.95):
    """Exact probability that the place lies beyond a straight line `distance` km away."""
    if law == "normal":
        return stats.norm.sf(distance / (radius / np.sqrt(-2.0 * np.log(1.0 - coverage))))
    if law == "uniform":
        q = min(distance / (radius / np.sqrt(coverage)), 1.0)
        return (np.arccos(q) - q * np.sqrt(1.0 - q * q)) / np.pi
    scale = radius * np.sqrt((1.0 - coverage) / coverage)
    return stats.t.sf(distance / (scale / np.sqrt(2.0)), 2)


@pytest.mark.parametrize("law", DISTRIBUTIONS)
@pytest.mark.parametrize(("points", "error"), [(500, 0.013), (2000, 0.004)])
def test_half_planes_have_their_exact_probability(law, points, error):
    x, y = disc_points(np.zeros(1), np.zeros(1), np.array([10.0]), distribution=law, points=points)
    for turn in np.linspace(0.0, 2.0 * np.pi, 61):
        along = (x[0] * np.cos(turn) + y[0] * np.sin(turn)) * KM_PER_DEGREE
        for distance in np.linspace(0.0, 25.0, 26):
            assert abs((along > distance).mean() - beyond(distance, law)) <= error


@pytest.mark.parametrize("law", DISTRIBUTIONS)
@pytest.mark.parametrize("coverage", [0.5, 0.8, 0.95])
@pytest.mark.parametrize("lat", [0.0, 37.0, -89.0])
def test_the_radius_holds_the_stated_share(law, coverage, lat):
    sphere = Geodesic(6_371_008.8, 0.0)
    x, y = disc_points(
        np.array([179.9]), np.array([lat]), np.array([40.0]),
        distribution=law, coverage=coverage, points=400,
    )  # fmt: skip
    metres = [sphere.Inverse(lat, 179.9, b, a)["s12"] for a, b in zip(x[0], y[0])]
    assert np.mean(np.array(metres) <= 40_000.0) == pytest.approx(coverage, abs=1.0 / 400)
    assert np.abs(x).max() <= 180.0


def test_probabilities_are_those_of_random_draws():
    """Another way: a hundred thousand normal draws on the ellipsoid, located one by one."""
    lon, lat, radius = 69.42, 37.07, 25.0
    rng = np.random.default_rng(5)
    sigma = radius / np.sqrt(-2.0 * np.log(0.05))
    from pyproj import Geod

    n = 100_000
    away = np.hypot(*rng.normal(0.0, sigma, (2, n))) * 1000.0
    x, y, _ = Geod(ellps="WGS84").fwd(
        np.full(n, lon), np.full(n, lat), rng.uniform(0, 360, n), away
    )
    layer = load_regions()
    row, count = np.unique(layer.locate(lon=x, lat=y), return_counts=True)
    drawn = {layer.columns["region_code"][r]: c / n for r, c in zip(row.tolist(), count)}
    found = gr.region_probabilities(at(lon, lat, radius), points=2000)
    own = dict(zip(found["region_code"], found["probability"]))
    for code in drawn | own:
        assert own.get(code, 0.0) == pytest.approx(drawn.get(code, 0.0), abs=0.01), code


def test_a_point_without_a_radius_is_in_one_region():
    found = gr.region_probabilities(at(69.53451, 36.73605))
    assert found.drop(columns="event_id").values.tolist() == [[0, "AF-TAK", "Takhar", "AFG", 1.0]]


def test_units_give_their_region_and_countries_their_regions_by_area():
    layer = load_regions()
    for term in ("admin1", "admin2"):
        found = gr.region_probabilities(at(69.53, 36.74, 500.0, term))
        assert found[["region_code", "probability"]].values.tolist() == [["AF-TAK", 1.0]]
    for term in ("country", "line"):
        found = gr.region_probabilities(at(69.53, 36.74, precision=term))
        assert set(found["country_code"]) == {"AFG"}
        assert len(found) == len(layer.rows_of("AFG"))
        assert found["probability"].sum() == pytest.approx(1.0)
        areas = layer.table.iloc[layer.rows_of("AFG")].to_crs("ESRI:54034")
        share = dict(zip(areas["region_code"], areas.area / areas.area.sum()))
        for code, value in zip(found["region_code"], found["probability"]):
            assert value == pytest.approx(share[code], rel=0.01)
    # the stated country counts, not the one where the stand-in point happens to lie
    stated = gr.region_probabilities(at(69.53, 36.74, precision="country", country="Tajikistan"))
    assert set(stated["country_code"]) == {"TJK"}
    assert len(gr.region_probabilities(at(69.53, 36.74, precision="none"))) == 0


def test_a_coastal_unit_keeps_its_region_when_its_point_is_off_the_coast():
    found = gr.region_probabilities(at(3.166667, 36.87, precision="admin1"))  # off Algiers
    assert found["country_code"].tolist() == ["DZA"]
    assert len(gr.region_probabilities(at(3.1, 40.9, precision="admin1"))) == 0


def test_what_lies_at_sea_is_missing_from_the_sum():
    found = gr.region_probabilities(at(3.166667, 36.81, 25.0))
    assert 0.3 < found["probability"].sum() < 0.7


def test_cut_at_the_stated_country():
    frame = at(69.42, 37.07, 25.0, country="Afghanistan")
    whole = gr.region_probabilities(frame)
    cut = gr.region_probabilities(frame, stated_country="cut")
    assert set(whole["country_code"]) == {"AFG", "TJK"}
    assert set(cut["country_code"]) == {"AFG"}
    assert cut["probability"].sum() == pytest.approx(whole["probability"].sum())
    # a disc that does not touch the stated country is left as it is
    other = at(69.42, 37.07, 25.0, country="Peru")
    pd.testing.assert_frame_equal(
        gr.region_probabilities(other, stated_country="cut"), gr.region_probabilities(other)
    )


def test_a_finer_layer_gives_nothing_for_provinces():
    fine = load_regions()
    fine = type(fine)(fine.coverage, fine.columns, name="fine", level=2)
    assert len(gr.region_probabilities(at(69.53, 36.74, precision="admin1"), fine)) == 0
    assert len(gr.region_probabilities(at(69.53, 36.74, precision="admin2"), fine)) == 1


def test_positions_are_those_of_the_frame_whatever_its_index():
    frame = pd.concat([at(69.53, 36.74), at(np.nan, np.nan), at(69.42, 37.07, 25.0)])
    frame.index = [7, 7, 7]
    found = gr.region_probabilities(frame)
    assert sorted(set(found["position"])) == [0, 2]
    alone = gr.region_probabilities(at(69.42, 37.07, 25.0))
    again = found[found["position"] == 2]
    assert again["probability"].tolist() == alone["probability"].tolist()


# --- borders -------------------------------------------------------------------------------------


def test_without_a_radius_the_interval_is_the_distance():
    frame = at(69.42, 37.07)
    near = gr.border_within(frame, 11.0)
    exact = gr.border_proximity(frame)["border_m"][0]
    assert near["border_low_m"][0] == pytest.approx(exact, abs=0.01)
    assert near["border_high_m"][0] == pytest.approx(exact, abs=0.01)
    assert near["border_p_within"].tolist() == [1.0]
    assert gr.border_within(frame, 9.9)["border_p_within"].tolist() == [0.0]


def test_the_interval_of_a_straight_border_is_the_folded_normal():
    # the 49th parallel between Canada and the United States, straight for hundreds of kilometres
    frame = at(-105.0, 49.09, 10.0)
    km = gr.border_proximity(frame)["border_m"][0] / 1000.0
    sigma = 10.0 / np.sqrt(-2.0 * np.log(0.05))
    folded = stats.foldnorm(km / sigma, scale=sigma)
    near = gr.border_within(frame, 8.0, points=4000)
    assert near["border_p_within"][0] == pytest.approx(folded.cdf(8.0), abs=0.01)
    assert near["border_low_m"][0] == pytest.approx(1000 * folded.ppf(0.05), abs=100)
    assert near["border_high_m"][0] == pytest.approx(1000 * folded.ppf(0.95), abs=100)


def test_no_border_and_no_place_are_missing():
    frame = pd.concat(
        [at(-21.9, 64.1, 5.0), at(np.nan, np.nan), at(69.53, 36.74, precision="admin1")]
    )
    near = gr.border_within(frame, 10.0)
    columns = ["border_p_within", "border_low_m", "border_high_m"]
    assert near[columns].isna().all().all()
    assert near["location_precision"].tolist() == frame["location_precision"].tolist()


@pytest.mark.parametrize("kind", ["land", "outline", "line"])
def test_kinds_agree_with_border_proximity(kind):
    frame = at(69.42, 37.07)
    near = gr.border_within(frame, 10.0, kind=kind)
    exact = gr.border_proximity(frame, kind=kind)["border_m"][0]
    assert near["border_low_m"][0] == pytest.approx(exact, abs=0.01)


# --- arguments and real tables -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"distribution": "cauchy"}, "Invalid distribution"),
        ({"coverage": 0.0}, "Invalid coverage"),
        ({"coverage": 1.0}, "Invalid coverage"),
        ({"points": 3}, "Invalid points"),
    ],
)
def test_options_are_checked(options, message):
    with pytest.raises(ValueError, match=message):
        gr.region_probabilities(at(1.2, 9.0), **options)
    with pytest.raises(ValueError, match=message):
        gr.border_within(at(1.2, 9.0), 1.0, **options)


def test_bad_radii_distances_and_frames_are_refused():
    with pytest.raises(ValueError, match="Invalid location_uncertainty_km"):
        gr.region_probabilities(at(1.2, 9.0, -1.0))
    with pytest.raises(ValueError, match="Invalid km"):
        gr.border_within(at(1.2, 9.0), -1.0)
    with pytest.raises(ValueError, match="Invalid stated_country"):
        gr.region_probabilities(at(1.2, 9.0), stated_country="maybe")
    with pytest.raises(TypeError, match="is not a GeoDataFrame"):
        gr.region_probabilities(pd.DataFrame())
    empty = geopandas.GeoDataFrame(geometry=[], crs="EPSG:4326")
    assert len(gr.region_probabilities(empty)) == 0
    assert len(gr.border_within(empty, 1.0)) == 0


def test_the_ucdp_sample_by_where_prec():
    path = shared("data/events/ucdp_ged_v23_1_sample1000_global.csv")
    frame = gr.read_events(path)
    code = frame["where_prec"].to_numpy(dtype=int)
    radius = {1: 5.0, 2: 25.0}
    support = {
        1: "place", 2: "near_place", 3: "admin2", 4: "admin1", 5: "line", 6: "country", 7: "none",
    }  # fmt: skip
    for value, term in support.items():
        rows = frame[code == value]
        assert (rows["location_precision"] == term).all()
        if value in radius:
            assert (rows["location_uncertainty_km"] == radius[value]).all()
        else:
            assert rows["location_uncertainty_km"].isna().all()
    found = gr.region_probabilities(frame)
    total = found.groupby("position")["probability"].sum().reindex(range(1000), fill_value=0.0)
    regions = found.groupby("position").size().reindex(range(1000), fill_value=0)
    assert (total <= 1.0 + 1e-9).all()
    assert (regions[(code == 3) | (code == 4)] == 1).all()  # its unit, whole
    assert total[(code >= 3) & (code <= 6)].to_numpy() == pytest.approx(1.0)
    assert (regions[(code == 5) | (code == 6)] > 1).all()
    assert (regions[code == 7] == 0).all()
    cells = gr.index_h3(frame, resolution=5)
    assert cells["h3_cell"][code >= 3].isna().all()
    near = gr.border_within(frame, 10.0)
    assert near["border_p_within"][code >= 3].isna().all()
    kept = near[near["border_low_m"].notna()]
    assert (kept["border_low_m"] <= kept["border_high_m"]).all()
