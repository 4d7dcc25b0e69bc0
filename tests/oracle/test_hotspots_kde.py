"""Density on the sphere: 40-digit reference values, truncation, bandwidth."""

from __future__ import annotations

import numpy as np
import pytest
from hotspot_cases import column
from paths import reference

from geo_risk.hotspots import kde, kde_bandwidth

RADIUS = 6371.0088
RNG = np.random.default_rng(3)


@pytest.mark.parametrize("kappa", [10, 400, 20000])
@pytest.mark.parametrize("name", ["kde_iran", "kde_quakesfiji"])
def test_as_with_forty_digits(name: str, kappa: int) -> None:
    folder = reference(f"kde_sphere/{name}")
    at = folder / "expected.csv"
    result = kde(
        lon=column(folder / "input.csv", "lon"),
        lat=column(folder / "input.csv", "lat"),
        at_lon=column(at, "lon"),
        at_lat=column(at, "lat"),
        bandwidth_km=RADIUS / np.sqrt(kappa),
    )
    wanted = column(at, f"vmf_mpmath_k{kappa}")
    normal = wanted > 1e-280
    np.testing.assert_allclose(result.density[normal] * RADIUS**2, wanted[normal], rtol=1e-10)
    assert (result.density[~normal] < 1e-270).all()
    assert np.isfinite(result.log_density).all()  # where the density itself has vanished


def test_log_density_far_below_the_smallest_double() -> None:
    mpmath = pytest.importorskip("mpmath")
    result = kde(lon=[10.0], lat=[20.0], at_lon=[-120.0], at_lat=[-50.0], bandwidth_km=20.0)
    with mpmath.workdps(40):
        rad = mpmath.pi / 180
        t = mpmath.sin(20 * rad) * mpmath.sin(-50 * rad)
        t += mpmath.cos(20 * rad) * mpmath.cos(-50 * rad) * mpmath.cos(130 * rad)
        kappa = (mpmath.mpf(RADIUS) / 20) ** 2
        log_peak = mpmath.log(kappa / (2 * mpmath.pi * (1 - mpmath.exp(-2 * kappa))))
        wanted = log_peak + kappa * (t - 1) - 2 * mpmath.log(mpmath.mpf(RADIUS))
    assert result.density[0] == 0.0
    assert result.log_density[0] == pytest.approx(float(wanted), rel=1e-12)


def test_it_integrates_to_one_over_the_sphere() -> None:
    lat_edges = np.linspace(-90, 90, 181)
    lat = 0.5 * (lat_edges[1:] + lat_edges[:-1])
    lon = np.arange(-179.5, 180, 1.0)
    area = np.diff(np.sin(np.radians(lat_edges))) * np.radians(1.0) * RADIUS**2
    at_lon, at_lat = np.meshgrid(lon, lat)
    result = kde(
        lon=[0.0, 180.0, 40.0],
        lat=[90.0, 0.0, -33.0],
        at_lon=at_lon.ravel(),
        at_lat=at_lat.ravel(),
        bandwidth_km=900.0,
        weights=[1.0, 2.0, 5.0],
    )
    total = (result.density.reshape(at_lon.shape) * area[:, None]).sum()
    assert total == pytest.approx(1.0, rel=1e-4)
    assert (result.intensity == result.density * 8.0).all()


def test_no_seam_and_no_fault_at_the_poles() -> None:
    lon, lat = RNG.uniform(-180, 180, 50), RNG.uniform(-90, 90, 50)
    at = {"at_lon": [180.0, -180.0, 0.0, 77.0], "at_lat": [12.0, 12.0, 90.0, 90.0]}
    density = kde(lon=lon, lat=lat, **at, bandwidth_km=500.0).density
    assert density[0] == density[1]
    assert density[2] == density[3]
    turned = kde(
        lon=np.where(lon > 0, lon - 180, lon + 180),
        lat=lat,
        at_lon=[0.0],
        at_lat=[12.0],
        bandwidth_km=500.0,
    ).density
    assert turned[0] == pytest.approx(density[0], rel=1e-12)


@pytest.mark.parametrize("truncate", [1e-3, 1e-9])
@pytest.mark.parametrize("adaptive", [False, True])
def test_truncation_stays_within_its_bound(truncate: float, adaptive: bool) -> None:
    lon, lat = RNG.normal(179.0, 3.0, 800), RNG.normal(88.0, 1.0, 800).clip(-90, 90)
    lon = (lon + 180.0) % 360.0 - 180.0
    options = {"lon": lon, "lat": lat, "bandwidth_km": 40.0, "adaptive": adaptive}
    full, cut = kde(**options), kde(**options, truncate=truncate, n_jobs=2)
    lost = full.density - cut.density
    slack = 1e-13 * full.density.max()
    if adaptive:  # the pilot is truncated too, and shifts the bandwidths a little
        np.testing.assert_allclose(cut.density, full.density, rtol=0.01)
    else:
        assert (lost >= -slack).all()
        assert (lost <= cut.error_bound + slack).all()
        assert cut.error_bound == pytest.approx(truncate / (2 * np.pi * 40.0**2), rel=1e-3)
    assert full.error_bound == 0.0


def test_weights_are_repetitions() -> None:
    at = {"at_lon": [10.2], "at_lat": [45.1], "bandwidth_km": 30.0}
    weighted = kde(lon=[10, 11], lat=[45, 45], weights=[3, 1], **at)
    repeated = kde(lon=[10, 10, 10, 11], lat=[45] * 4, **at)
    assert weighted.density[0] == pytest.approx(repeated.density[0], rel=1e-14)
    nothing = kde(lon=[10, 11], lat=[45, 45], weights=[1, 0], **at)
    assert nothing.density[0] == kde(lon=[10], lat=[45], **at).density[0]


def test_adaptive_bandwidths_follow_the_density() -> None:
    lon = np.r_[RNG.normal(0, 0.1, 200), RNG.uniform(-20, 20, 20)]
    result = kde(lon=lon, lat=np.zeros(220), bandwidth_km=50.0, adaptive=True)
    assert result.event_bandwidth_km[:200].max() < result.event_bandwidth_km[200:].max()
    assert (result.event_bandwidth_km >= 5.0).all()
    assert (result.event_bandwidth_km <= 500.0).all()


def test_cross_validation_finds_the_right_scale() -> None:
    """Normal scatter of s km in the plane: the best bandwidth is about s n^(-1/6)."""
    s, n = 100.0, 1500
    lat, lon = RNG.normal(0, s / 111.2, n), RNG.normal(0, s / 111.2, n)
    best = kde_bandwidth(lon=lon, lat=lat)
    assert best == pytest.approx(s * n ** (-1 / 6), rel=0.35)
    piled = kde_bandwidth(lon=np.round(lon, 1), lat=np.round(lat, 1))
    assert piled == pytest.approx(best, rel=0.5)  # rounding does not drive it to 0
    assert kde(lon=lon[:50], lat=lat[:50]).bandwidth_km == kde_bandwidth(lon=lon[:50], lat=lat[:50])


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"lon": [], "lat": []}, "no events"),
        ({"lon": [1, np.nan], "lat": [1, 2]}, "1 of 2 are missing; first at index 1"),
        ({"lon": [200], "lat": [1]}, r"1 of 1 values outside \[-180, 180\]"),
        ({"lon": [1], "lat": [1], "bandwidth_km": 0.0}, r"Invalid bandwidth_km: 0\.0"),
        ({"lon": [1], "lat": [1], "truncate": 0.5, "bandwidth_km": 9}, "Invalid truncate"),
        ({"lon": [1, 1], "lat": [1, 1]}, "at least 3 different places, not 1"),
        ({"lon": [1, 2], "lat": [1, 2], "weights": [1]}, "Invalid weights: 1 for 2 events"),
        ({"lon": [1, 2], "lat": [1, 2], "weights": [0, 0]}, "must be >= 0 and not all 0"),
        ({"lon": [1], "lat": [1], "at_lon": [1], "bandwidth_km": 9}, "give both or neither"),
    ],
)
def test_bad_input(options: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        kde(**options)
