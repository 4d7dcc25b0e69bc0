"""A small run of the null calibration: what docs and README say of the p-values must hold."""

from __future__ import annotations

import importlib
import importlib.util
import json
import subprocess
import sys

import pytest
from paths import ROOT


def load():
    path = ROOT / "benchmarks" / "null_calibration.py"
    spec = importlib.util.spec_from_file_location("null_calibration", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def judge(results, draws):
    """The exact and the simulated p reject at most as often as stated; the analytic p does not."""
    for mean, ways in results.items():
        for name, found in ways.items():
            for alpha, rate in found["rejected"].items():
                if "analytic" in name or "mid" in name:
                    continue
                assert rate <= float(alpha) + 3 * found["standard_error"][alpha], (mean, name)
            if "exact" in name and "mid" not in name:
                # at 0.05 of so many draws, with three standard errors of the share
                allowed = 0.05 + 3 * (0.05 * 0.95 / draws) ** 0.5
                assert found["draws_with_a_false_discovery"] <= allowed, (mean, name)
    sparse = results["0.05"]["analytic Gi*"]
    assert sparse["rejected"]["0.01"] > 0.03
    assert sparse["draws_with_a_false_discovery"] > 0.8


def test_small_run_at_a_fixed_seed():
    program = load()
    weights = program.disc(16)
    assert weights.shape[0] == 817
    ways = program.methods(weights, permutations=199, shared=1999)
    results = {
        str(mean): program.calibrate(weights, mean, draws=40, ways=ways) for mean in program.MEANS
    }
    judge(results, 40)
    assert "Poisson(0.05)" in program.table(results)
    for ways in results.values():
        exact, shared = ways["exact"]["rejected"], ways["permutation, 1999 shared"]["rejected"]
        assert exact["0.05"] == pytest.approx(shared["0.05"], abs=0.004)


def test_committed_results_hold():
    path = ROOT / "benchmarks" / "results" / "null_calibration.json"
    report = json.loads(path.read_text(encoding="utf-8"))
    assert report["cells"] == 4921
    assert report["draws"] >= 200
    judge(report["results"], report["draws"])
    assert report["peer_draws"] == report["draws"]  # beside others, on the same fields
    for mean, others in report["peers"].items():
        ours = report["results"][mean]["analytic Gi"]
        assert others["esda Gi p_norm x 2"]["rejected"] == pytest.approx(ours["rejected"])


def test_small_run_of_emerging(monkeypatch):
    monkeypatch.syspath_prepend(str(ROOT / "benchmarks"))
    program = importlib.import_module("emerging_calibration")
    report = program.run(radius=6, draws=12)
    assert report["cells"] == 127
    for mean, bins in report["bins"].items():
        assert bins["exact"]["mean_false_bins"] <= 0.5
        trends = report["trends"][mean]
        assert trends["overlap"]["rejected"] < 0.05 + 2 * trends["overlap"]["standard_error"]
        assert trends["none"]["rejected"] > 2 * trends["overlap"]["rejected"]
    assert report["bins"]["0.05"]["analytic"]["draws_with_a_false_bin"] > 0.5


def test_borders_between_regions_were_measured(tmp_path):
    path = ROOT / "benchmarks" / "results" / "region_certainty.json"
    report = json.loads(path.read_text(encoding="utf-8"))
    assert report["brier_within_5_km"] < report["brier_within_5_km_constant"]
    for row in report["rows"]:
        assert abs(row["observed"] - row["stated"]) < 0.06, row
    scales = [row["scale_m"] for row in report["by_country"]]
    # one scale does not fit every country: so none is stated for events
    assert max(scales) > 4 * min(scales)
    page = (ROOT / "docs" / "data.md").read_text(encoding="utf-8")
    assert f"{report['places']:,} places" in page
    assert f"{report['scale_m']:,.0f} m" in page
    command = [sys.executable, str(ROOT / "benchmarks" / "region_certainty.py"), "--n", "3000"]
    subprocess.run([*command, "--out", str(tmp_path)], check=True, timeout=300)
    small = json.loads((tmp_path / "region_certainty.json").read_text(encoding="utf-8"))
    assert 300 < small["scale_m"] < 3000
