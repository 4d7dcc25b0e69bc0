"""FDR adjustment against R, statsmodels and scipy."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hotspot_cases import LATTICES, column
from paths import reference

from geo_risk.hotspots import adjust_fdr


def test_edge_cases_as_in_r() -> None:
    cases = json.loads((reference("fdr/fdr_edge") / "expected_R.json").read_text())
    for case in cases.values():
        p = [float("nan") if v == "NA" else v for v in case["p"]]
        for method, key in (("bh", "BH"), ("by", "BY")):
            wanted = [float("nan") if v == "NA" else v for v in case[key]]
            np.testing.assert_allclose(adjust_fdr(p, method=method), wanted, rtol=1e-13, atol=0)


def test_rejections_as_in_statsmodels() -> None:
    cases = json.loads((reference("fdr/fdr_edge") / "expected_py.json").read_text())
    for name, case in cases.items():
        q = adjust_fdr(case["p"])
        np.testing.assert_allclose(q, case["scipy_bh"], rtol=1e-14, err_msg=name)
        for alpha in (0.05, 0.1):
            assert (q <= alpha).tolist() == case[f"bh_reject_{alpha}"], name


@pytest.mark.parametrize("name", LATTICES)
def test_local_moran_p_values_as_in_r(name: str) -> None:
    path = reference(f"lattice/{name}") / "fdr_R.csv"
    p = column(path, "p")
    np.testing.assert_allclose(adjust_fdr(p), column(path, "bh"), rtol=1e-12)
    np.testing.assert_allclose(adjust_fdr(p, method="by"), column(path, "by"), rtol=1e-12)


def test_missing_p_values_are_not_tests() -> None:
    nan = float("nan")
    assert adjust_fdr([nan, 0.02, nan, 0.04]).tolist()[1::2] == [0.04, 0.04]
    assert np.isnan(adjust_fdr([nan, nan])).all()
    assert adjust_fdr([]).shape == (0,)
    assert adjust_fdr([[0.01, 0.02], [0.03, 0.04]]).shape == (2, 2)
    assert adjust_fdr(0.3) == 0.3


def test_bad_input() -> None:
    with pytest.raises(ValueError, match=r"1 of 2 values outside \[0, 1\]; first at index 1: 1.2"):
        adjust_fdr([0.5, 1.2])
    with pytest.raises(ValueError, match="Invalid method: 'holm'"):
        adjust_fdr([0.5], method="holm")
    with pytest.raises(TypeError, match="Invalid p_values"):
        adjust_fdr(["a"])
