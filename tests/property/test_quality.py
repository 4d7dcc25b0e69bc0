"""What holds of every table: checks change nothing, probabilities are probabilities."""

from __future__ import annotations

import geopandas
import numpy as np
from hypothesis import given, settings, strategies as st

import geo_risk as gr
from geo_risk.frames.check.coordinates import minutes_chance
from geo_risk.frames.support import DISTRIBUTIONS, disc_points

POINTS = st.tuples(st.floats(-180, 180), st.floats(-90, 90))
NEAR_BORDERS = st.tuples(st.floats(60.0, 75.0), st.floats(29.0, 39.0))
TEXTS = st.one_of(st.none(), st.sampled_from(["Taleban", "Army | Front", "", "x;y", "Ärmee"]))
ROWS = st.lists(
    st.fixed_dictionaries(
        {
            "point": st.one_of(st.none(), POINTS, st.just((69.5, 36.7))),
            "date_start": st.one_of(
                st.none(), st.dates(min_value=np.datetime64("1946-01-01").astype(object))
            ),
            "actors": TEXTS,
            "country_stated": st.sampled_from([None, "Afghanistan", "FR", "nowhere", "Chad"]),
            "source": st.sampled_from(["a", "b", "gdelt", None]),
            "fatalities_best": st.one_of(st.none(), st.floats(-5, 1e6)),
            "location_precision": st.sampled_from([None, "place", "admin1", "country"]),
        }
    ),
    max_size=12,
)


def frame_of(rows):
    import pandas as pd

    columns = [name for name in (rows[0] if rows else {}) if name != "point"]
    data = {name: pd.Series([row[name] for row in rows], dtype=object) for name in columns}
    if "date_start" in data:
        data["date_start"] = pd.to_datetime(data["date_start"], errors="coerce").astype(
            "datetime64[us]"
        )
    points = [None if row["point"] is None else row["point"] for row in rows]
    shapes = geopandas.points_from_xy(
        [np.nan if p is None else p[0] for p in points],
        [np.nan if p is None else p[1] for p in points],
    )
    geometry = [None if p is None else s for p, s in zip(points, shapes)]
    return geopandas.GeoDataFrame(data, geometry=geometry, crs="EPSG:4326")


@settings(max_examples=20, deadline=None)
@given(ROWS)
def test_checks_keep_every_row_and_say_the_same_again(rows):
    frame = frame_of(rows)
    before = frame.copy(deep=True)
    checked = gr.check_events(frame, now="2026-01-01", pile_size=2)
    assert frame.equals(before)
    assert checked.index.equals(frame.index)
    assert checked.geometry.geom_equals(frame.geometry, align=False)[frame.geometry.notna()].all()
    again = gr.check_events(checked, now="2026-01-01", pile_size=2)
    assert again["flags"].tolist() == checked["flags"].tolist()
    assert again.attrs == checked.attrs
    of = checked["duplicate_of"].to_numpy()
    assert (of < len(frame)).all()
    assert (of[of[of >= 0]] == -1).all()  # the earliest of a group is a duplicate of nothing
    flagged = checked["flags"].str.contains("duplicate").to_numpy(dtype=bool)
    assert (flagged == (of >= 0)).all()
    total = checked.attrs["geo_risk"]["quality"]["flags"]
    for code, entry in total.items():
        assert entry["count"] == sum(code in text.split(";") for text in checked["flags"])


@settings(max_examples=15, deadline=None)
@given(ROWS, st.randoms(use_true_random=False))
def test_duplicates_do_not_hang_on_the_order_of_rows(rows, random):
    frame = frame_of(rows)
    order = list(range(len(rows)))
    random.shuffle(order)
    one = gr.check_events(frame, now="2026-01-01", min_share=0.51)
    other = gr.check_events(frame.iloc[order], now="2026-01-01", min_share=0.51)
    back = np.argsort(order)
    in_group = (one["duplicate_of"] >= 0).to_numpy()
    assert in_group.sum() == (other["duplicate_of"] >= 0).sum()
    assert one["country_reason"].tolist() == other["country_reason"].iloc[back].tolist()
    assert one["pile_count"].tolist() == other["pile_count"].iloc[back].tolist()


@settings(max_examples=60, deadline=None)
@given(st.lists(POINTS, max_size=30))
def test_the_chance_of_minutes_is_a_probability(points):
    lon, lat = (np.array([p[i] for p in points], dtype=float) for i in (0, 1))
    chance, degrees = minutes_chance(lon, lat)
    assert 0.0 < chance <= 1.0
    assert degrees <= 2 * len(points)
    assert minutes_chance(-lon, lat)[0] == 1.0 or chance < 1.0 or degrees == 0


RADII = st.floats(0.0, 2000.0)


@settings(max_examples=60, deadline=None)
@given(POINTS, RADII, st.sampled_from(DISTRIBUTIONS), st.floats(0.01, 0.999), st.integers(16, 200))
def test_points_of_discs_are_on_earth_and_about_their_centre(center, radius, law, coverage, points):
    x, y = disc_points(
        np.array([center[0]]), np.array([center[1]]), np.array([radius]),
        distribution=law, coverage=coverage, points=points,
    )  # fmt: skip
    assert x.shape == y.shape == (1, points)
    assert (np.abs(x) <= 180.0).all()
    assert (np.abs(y) <= 90.0).all()
    if radius == 0.0:
        assert (x == center[0]).all()
        assert (y == center[1]).all()


@settings(max_examples=60, deadline=None)
@given(st.one_of(POINTS, NEAR_BORDERS), RADII, st.sampled_from(DISTRIBUTIONS))
def test_region_probabilities_are_probabilities(point, radius, law):
    frame = frame_of([{"point": point}])
    frame["location_uncertainty_km"] = radius
    found = gr.region_probabilities(frame, distribution=law, points=100)
    share = found["probability"]
    assert (share > 0.0).all()
    assert share.sum() <= 1.0 + 1e-9
    assert found["region_code"].is_unique
    assert (share.to_numpy()[:-1] >= share.to_numpy()[1:]).all()
    assert found.equals(gr.region_probabilities(frame, distribution=law, points=100))


@settings(max_examples=40, deadline=None)
@given(NEAR_BORDERS)
def test_a_disc_that_reaches_no_edge_is_in_one_region(point):
    frame = frame_of([{"point": point}])
    layer = gr.load_regions()
    row = int(layer.locate(lon=point[0], lat=point[1]))
    frame["location_uncertainty_km"] = 0.0
    alone = gr.region_probabilities(frame)
    assert alone["probability"].tolist() == ([1.0] if row >= 0 else [])
    near = gr.load_borders().nearest(lon=point[0], lat=point[1], kind="line")
    # normal law: no quantile of 500 lies beyond 1.52 times the radius of 95 %
    frame["location_uncertainty_km"] = float(near.distance_m) / 1000.0 / 1.6
    found = gr.region_probabilities(frame)
    if row >= 0:
        label = layer.columns["country_code"][row]
        assert set(found["country_code"]) <= {label}


@settings(max_examples=40, deadline=None)
@given(NEAR_BORDERS, st.floats(0.0, 100.0), st.floats(0.0, 200.0), st.floats(0.0, 200.0))
def test_the_share_within_grows_with_the_distance(point, radius, km, more):
    frame = frame_of([{"point": point}])
    frame["location_uncertainty_km"] = radius
    less, greater = sorted((km, more))
    one = gr.border_within(frame, less, points=64)
    other = gr.border_within(frame, greater, points=64)
    share, later = one["border_p_within"][0], other["border_p_within"][0]
    assert np.isnan(share) == np.isnan(later)
    if not np.isnan(share):
        assert 0.0 <= share <= later <= 1.0
        assert 0.0 <= one["border_low_m"][0] <= one["border_high_m"][0]
        assert one["border_low_m"][0] == other["border_low_m"][0]
        # the ends of the interval are what the share says
        if greater * 1000.0 < one["border_low_m"][0]:
            assert later <= 0.05 + 1.0 / 64
        if less * 1000.0 > one["border_high_m"][0]:
            assert share >= 0.95 - 1.0 / 64
