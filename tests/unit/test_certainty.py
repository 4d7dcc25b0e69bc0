"""Country certainty: the formula against integration, its limits, its calibration."""

from __future__ import annotations

import json

import geopandas
import mpmath
import numpy as np
import pytest
import shapely
from hypothesis import given, strategies as st
from paths import ROOT

import geo_risk as gr
from geo_risk.borders.certainty import LAYER_ERROR_SCALE_M, country_certainty


def integrated(border_m: float, uncertainty_km: float) -> float:
    """P(L + N <= d) by numerical integration of the convolution."""
    d = mpmath.mpf(border_m) / LAYER_ERROR_SCALE_M
    s = mpmath.mpf(uncertainty_km) * 1000 / mpmath.sqrt(-2 * mpmath.log(0.05)) / LAYER_ERROR_SCALE_M

    def density(x):
        below = mpmath.exp(-abs(d - x)) / 2
        return mpmath.npdf(x, 0, s) * (1 - below if x <= d else below)

    points = sorted({-8 * s, 0, d, 8 * s}) if d < 8 * s else [-8 * s, 0, 8 * s]
    return float(mpmath.quad(density, points))


@pytest.mark.parametrize("border_m", [0.0, 10.0, 850.0, 3000.0, 20_000.0, 300_000.0])
@pytest.mark.parametrize("uncertainty_km", [0.01, 0.5, 5.0, 25.0, 250.0])
def test_formula_is_the_convolution(border_m, uncertainty_km):
    found = country_certainty(border_m, uncertainty_km)
    assert float(found) == pytest.approx(integrated(border_m, uncertainty_km), abs=1e-9)


def test_certain_points_follow_the_laplace_law():
    metres = np.array([0.0, 100.0, 850.0, 1e5])
    want = 1 - 0.5 * np.exp(-metres / LAYER_ERROR_SCALE_M)
    np.testing.assert_allclose(country_certainty(metres), want, rtol=1e-15)
    np.testing.assert_allclose(country_certainty(metres, 1e-9), want, rtol=1e-12)


@given(st.floats(0, 1e7), st.floats(0, 1e4), st.floats(0, 1e6), st.floats(1, 1e5))
def test_between_a_half_and_one_and_nearer_is_less_sure(border_m, uncertainty_km, more, scale_m):
    near, far = country_certainty([border_m, border_m + more], uncertainty_km, scale_m=scale_m)
    assert 0.5 <= near <= far + 1e-12 <= 1.0 + 1e-12
    wider = country_certainty(border_m, uncertainty_km + 1.0, scale_m=scale_m)
    assert wider <= near + 1e-9


def test_missing_stays_missing_and_unknown_radius_counts_as_none():
    found = country_certainty([np.nan, 500.0], [5.0, np.nan])
    assert np.isnan(found[0])
    assert found[1] == country_certainty(500.0)


@pytest.mark.parametrize(
    ("arguments", "options", "message"),
    [
        (([1.0, -2.0],), {}, r"Invalid border_m: 1 of 2 are negative; first at index 1: -2"),
        ((1.0, -3.0), {}, "Invalid uncertainty_km: 1 of 1"),
        ((1.0,), {"scale_m": 0.0}, "Invalid scale_m"),
    ],
)
def test_bad_input(arguments, options, message):
    with pytest.raises(ValueError, match=message):
        country_certainty(*arguments, **options)


def test_events_carry_it():
    bangui = geopandas.GeoDataFrame(
        {"location_uncertainty_km": [5.0, np.nan, np.nan]},
        geometry=shapely.points([18.5, 18.5, 178.0], [4.45, 4.45, -17.8]),
        crs="EPSG:4326",
    )
    found = gr.border_proximity(gr.geocode(bangui))
    unsure, sure, island = found["country_certainty"]
    assert 0.5 < unsure < sure < 1.0
    assert np.isnan(island)
    assert "country_certainty" not in gr.border_proximity(bangui, kind="line").columns


def test_scale_in_use_is_the_measured_one():
    path = ROOT / "benchmarks" / "results" / "country_certainty.json"
    report = json.loads(path.read_text(encoding="utf-8"))
    assert report["scale_m"] == pytest.approx(LAYER_ERROR_SCALE_M, abs=10.0)
    assert report["brier_within_5_km"] < report["brier_within_5_km_constant"]
    for row in report["rows"]:
        error = np.sqrt(row["stated"] * (1 - row["stated"]) / row["places"])
        assert abs(row["observed"] - row["stated"]) < max(4 * error, 0.01)


def test_a_point_within_the_layer_s_error_is_unsure_and_names_both_sides():
    """UCDP's point for Bangui, 613 m outside the Central African Republic as the layer draws it."""
    bangui = geopandas.GeoDataFrame(
        {"location_uncertainty_km": [np.nan, 5.0]},
        geometry=shapely.points([18.583333] * 2, [4.366667] * 2),
        crs="EPSG:4326",
    )
    found = gr.border_proximity(gr.geocode(bangui))
    assert found["country_code"].tolist() == ["COD", "COD"]
    assert found["border_country_code"].tolist() == ["CAF", "CAF"]
    np.testing.assert_allclose(found["border_m"], 613.0, atol=1.0)
    np.testing.assert_allclose(found["country_certainty"], [0.757, 0.604], atol=0.002)
    # Bangui's airport itself lies inside, 6.5 km from the river
    airport = geopandas.GeoDataFrame(geometry=shapely.points([[18.5188, 4.3985]]), crs="EPSG:4326")
    found = gr.border_proximity(gr.geocode(airport))
    assert found["country_code"].item() == "CAF"
    assert found["country_certainty"].item() > 0.99
