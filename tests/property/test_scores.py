"""What must hold of draws of places and of scores on frames, whatever the events."""

from __future__ import annotations

import geopandas
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given, settings, strategies as st
from strategies import lats, lons

import geo_risk as gr
from geo_risk import cells as grids

LAYER = gr.load_regions()
SUPPORTS = [None, "place", "near_place", "admin2", "admin1", "line", "country", "none"]
KINDS = {"point", "disc", "region", "country", "none"}
METHODS = ["gi_star", "gi", "local_moran", "scan", "emerging", "kde", "eb_rates"]
CLAIMS = {"hot", "cold", "HH", "LL", "HL", "LH"}
few = settings(max_examples=25)


@st.composite
def known_places(draw):
    """Events anywhere on Earth with any precision and radius; some alike, some without a point."""
    n = draw(st.integers(0, 12))
    places = draw(st.lists(st.tuples(lons, lats), min_size=1, max_size=4))
    at = [places[draw(st.integers(0, len(places) - 1))] for _ in range(n)]
    radius = st.sampled_from([0.0, 1e-6, 5.0, 25.0, 3000.0, float("nan")])
    return geopandas.GeoDataFrame(
        {
            "row": range(n),
            "location_precision": [draw(st.sampled_from(SUPPORTS)) for _ in range(n)],
            "location_uncertainty_km": np.array([draw(radius) for _ in range(n)], dtype=float),
        },
        geometry=[None if draw(st.integers(0, 9)) == 0 else shapely.Point(p) for p in at],
        index=[draw(st.integers(-3, 3)) for _ in range(n)],
        crs="EPSG:4326",
    )


def kilometres(lon, lat, x, y):
    """Along the sphere, by the haversine."""
    lon, lat, x, y = map(np.radians, (lon, lat, x, y))
    h = np.sin((y - lat) / 2) ** 2 + np.cos(lat) * np.cos(y) * np.sin((x - lon) / 2) ** 2
    return 2 * 6371.0088 * np.arcsin(np.sqrt(np.minimum(h, 1.0)))


@given(known_places(), st.integers(0, 2**32 - 1), st.sampled_from(["support", "disc", "region"]))
@few
def test_places_lie_within_what_is_known(frame, seed, spread):
    copy = frame.copy()
    law = {} if spread == "region" else {"distribution": "uniform"}
    found = gr.draw_locations(frame, places=3, seed=seed, spread=spread, **law)
    pd.testing.assert_frame_equal(frame, copy)
    assert found.lon.shape == found.lat.shape == (3, len(frame))
    assert set(found.spread) <= KINDS
    assert (np.isnan(found.lon) == found.missing).all()
    assert not (np.abs(found.lon) > 180.0).any()
    assert not (np.abs(found.lat) > 90.0).any()
    lon, lat = (
        (frame.geometry.x.to_numpy(), frame.geometry.y.to_numpy()) if len(frame) else ([], [])
    )
    row = LAYER.locate(lon=found.lon, lat=found.lat)
    for i, kind in enumerate(found.spread):
        x, y = found.lon[:, i], found.lat[:, i]
        if kind == "point":
            assert (x == lon[i]).all()
            assert (y == lat[i]).all()
        elif kind == "disc":
            radius = frame["location_uncertainty_km"].iloc[i]
            reach = min(radius / np.sqrt(0.95), np.pi * 6371.0088)
            assert (kilometres(lon[i], lat[i], x, y) <= reach * (1 + 1e-9) + 1e-6).all()
        elif kind == "region":
            assert len(set(row[:, i])) == 1
            own = LAYER.locate(lon=lon[i], lat=lat[i])
            assert own in (row[0, i], -1)  # -1: off the coast that it stands for
        elif kind == "country":
            assert len({LAYER.country_labels[r] for r in row[:, i]}) == 1
            assert (row[:, i] >= 0).all()


@given(known_places(), st.randoms(use_true_random=False))
@few
def test_draws_do_not_depend_on_the_order_of_the_rows(frame, random):
    order = list(range(len(frame)))
    random.shuffle(order)
    one = gr.draw_locations(frame, places=2, seed=7)
    two = gr.draw_locations(frame.iloc[order], places=2, seed=7)
    assert two.spread.tolist() == one.spread[order].tolist()
    for r in range(2):  # as sets of places: like events may swap theirs
        pairs = [
            sorted(zip(d.lon[r], d.lat[r], d.spread, strict=True), key=repr) for d in (one, two)
        ]
        assert repr(pairs[0]) == repr(pairs[1])


@given(
    st.lists(st.floats(0.0, 100.0), min_size=7, max_size=7).filter(any),
    st.integers(0, 2**32 - 1),
)
@few
def test_weighted_places_lie_where_weight_is(values, seed):
    disk = grids.grid_disk(["85208673fffffff"], 1)
    lon, lat = (x.item() for x in grids.cell_centers(["85208673fffffff"]))
    event = geopandas.GeoDataFrame(
        {"location_precision": ["admin1", "place"], "location_uncertainty_km": [np.nan, 20.0]},
        geometry=[shapely.Point(lon, lat)] * 2,
        crs="EPSG:4326",
    )
    found = gr.draw_locations(event, places=4, seed=seed, weights=dict(zip(disk.tolist(), values)))
    cell = gr.h3_cells(lon=found.lon, lat=found.lat, resolution=5)
    lived = disk[np.array(values) > 0.0]
    for i in np.flatnonzero(found.weighted):
        assert np.isin(cell[:, i], lived).all()


# --- scores --------------------------------------------------------------------------------------


@st.composite
def fields(draw):
    """Up to 60 events in and around Badakhshan over a year, many of them at few places."""
    n = draw(st.integers(1, 60))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    hubs = np.column_stack([rng.uniform(70.0, 74.0, 5), rng.uniform(35.5, 38.5, 5)])
    spot = hubs[rng.integers(0, draw(st.integers(1, 5)), n)]
    spot = spot + rng.normal(0.0, draw(st.sampled_from([0.0, 0.02, 0.5])), (n, 2))
    return geopandas.GeoDataFrame(
        {
            "date_start": np.datetime64("2024-01-01") + rng.integers(0, 365, n),
            "location_precision": rng.choice(["place", "admin1", "country"], n, p=[0.7, 0.2, 0.1]),
            "location_uncertainty_km": rng.choice([0.0, 5.0, 25.0], n),
            "weight": rng.integers(0, 5, n),
        },
        geometry=shapely.points(spot),
        crs="EPSG:4326",
        index=rng.integers(0, 9, n),
    )


AREA = {"resolution": 4, "study_area": "AF-BDS"}
GRID = gr.study_grid(LAYER.table.geometry.iloc[LAYER.rows_of("AF-BDS")], resolution=4)


def options_of(method):
    options = dict(AREA)
    if method == "scan":
        options |= {"replications": 9, "seed": 1}
    if method == "kde":
        options["bandwidth_km"] = 20.0
    if method == "eb_rates":
        options["population"] = dict(zip(GRID.tolist(), 10.0 + np.arange(len(GRID))))
    return options


def score(frame, method, **more):
    """The score, or None where the field is refused for a reason that the documents state."""
    options = options_of(method) | more | ({"seed": 1} if "places" in more else {})
    try:
        return gr.score_hotspots(frame, method=method, **options)
    except ValueError as error:
        known = "nothing to scan", "at least 4", "no events", "not all 0"
        assert any(text in str(error) for text in known)  # noqa: PT017
        return None


@given(fields(), st.sampled_from(METHODS))
@settings(max_examples=60)
def test_nothing_is_lost_and_cells_are_those_of_the_study_area(frame, method):
    copy = frame.copy()
    found = score(frame, method)
    pd.testing.assert_frame_equal(frame, copy)
    if found is None:
        return
    noted = found.attrs["geo_risk"]["hotspots"]
    assert found["n_events"].sum() == noted["events_counted"]
    assert len(frame) == sum(
        noted[f"events_{part}"]
        for part in ("counted", "outside_study_area", "without_point", "too_coarse")
    )
    assert grids.strings_to_cells(found["h3_cell"].tolist()).tolist() == GRID.tolist()
    assert found["neighbors_missing"].between(0, 6).all()
    if "p_value" in found:
        known = found["p_value"].dropna()
        assert known.between(0.0, 1.0).all()
    label = next((name for name in ("hotspot", "quadrant") if name in found), None)
    if label:
        claims = found[label].isin(CLAIMS)
        q = found["q_value" if "q_value" in found else "p_value"]
        assert (q[claims] <= 0.05).all()


@given(fields(), st.sampled_from(METHODS), st.booleans())
@few
def test_order_and_index_do_not_matter(frame, method, with_draws):
    turned = frame.iloc[::-1].reset_index(drop=True)
    more = {"places": 2} if with_draws else {}
    one, two = score(frame, method, **more), score(turned, method, **more)
    assert (one is None) == (two is None)
    if one is not None:
        pd.testing.assert_frame_equal(
            one.drop(columns="geometry"), two.drop(columns="geometry"), rtol=1e-9
        )


@given(fields(), st.sampled_from(METHODS))
@few
def test_draws_add_columns_and_change_none(frame, method):
    plain, drawn = score(frame, method), score(frame, method, places=2)
    if plain is None or drawn is None:
        return
    more = [name for name in drawn.columns if name not in plain.columns]
    pd.testing.assert_frame_equal(drawn[plain.columns], plain)
    assert more[0] == "n_events_mean"
    noted = drawn.attrs["geo_risk"]["hotspots"]
    assert drawn["n_events_mean"].sum() == pytest.approx(noted["events_in_study_area_mean"])
    if method in ("kde", "eb_rates"):
        assert [name.rsplit("_", 1)[1] for name in more[1:]] == ["mean", "sd"]
    else:
        assert more[1:] == ["stability", "stable_label"]
        assert drawn["stability"].isin([0.0, 0.5, 1.0]).all()
        never = drawn["stability"] == 0.0
        assert (drawn["stable_label"][never] == "not significant").all()
        assert (drawn["stable_label"][~never] != "not significant").all()


@given(fields(), st.sampled_from(["gi_star", "gi", "local_moran"]))
@few
def test_z_of_a_summed_value_does_not_change_with_its_scale(frame, method):
    doubled = frame.assign(weight=2.0 * frame["weight"])
    options = {"method": method, "value": "weight", "p_method": "analytic", **AREA}
    one, two = (gr.score_hotspots(f, **options) for f in (frame, doubled))
    name = "moran_z" if method == "local_moran" else "gi_z"
    np.testing.assert_allclose(one[name], two[name], rtol=1e-9, atol=1e-9)


@given(fields())
@few
def test_regions_and_cells_count_the_same_events(frame):
    regions = gr.score_hotspots(frame, by="regions", study_area="AFG", coarse="keep")
    noted = regions.attrs["geo_risk"]["hotspots"]
    row = LAYER.locate(lon=frame.geometry.x, lat=frame.geometry.y)
    afghan = [r >= 0 and LAYER.country_labels[r] == "AFG" for r in row]
    assert noted["events_counted"] == sum(afghan) == regions["n_events"].sum()
