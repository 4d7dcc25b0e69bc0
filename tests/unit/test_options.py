"""Options that a function takes as one object or field by field."""

from __future__ import annotations

import inspect
import subprocess
import sys
from dataclasses import dataclass
from typing import Any

import geopandas
import numpy as np
import pandas as pd
import pytest
import shapely
from scipy import sparse

import geo_risk as gr
from geo_risk import hotspots
from geo_risk._core.options import carried_by, carries, chosen, parted


@dataclass(frozen=True)
class Brew:
    """How tea is made."""

    minutes: float = 3.0
    leaves: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.minutes <= 0:
            raise ValueError(f"Invalid minutes: {self.minutes}; must be above 0.")


@carries(Brew)
def brew(pot: str, cups: int = 1, *, hot: bool = True, options: Brew | None = None, **fields: Any):
    """Make tea.

    Parameters
    ----------
    pot : str
    **fields
        How.
    """
    return pot, cups, hot, chosen(Brew, options, fields, brew)


@carries(Brew)
def pour(**others: Any):
    """Make tea, and pour it."""
    mine, others = parted(Brew, others)
    return chosen(Brew, None, mine, pour), others


def test_fields_and_an_object_say_the_same():
    assert brew("a", 2, minutes=5) == brew("a", 2, options=Brew(minutes=5)) == (
        "a", 2, True, Brew(5),
    )  # fmt: skip
    assert brew("a")[-1] == Brew()


def test_the_signature_lists_the_carried_keywords_before_options():
    parameters = inspect.signature(brew).parameters
    assert list(parameters) == ["pot", "cups", "hot", "minutes", "leaves", "options"]
    assert list(inspect.signature(pour).parameters) == ["minutes", "leaves", "others"]
    assert "\nminutes, leaves\n    How." in (inspect.getdoc(brew) or "")
    assert parameters["pot"].kind is inspect.Parameter.POSITIONAL_OR_KEYWORD
    assert parameters["minutes"].kind is inspect.Parameter.KEYWORD_ONLY
    assert parameters["minutes"].default == 3.0
    assert carried_by(brew) is Brew
    assert carried_by(parted) is None


@pytest.mark.parametrize(
    ("given", "error", "message"),
    [
        ({"minuets": 5}, TypeError,
         r"^brew\(\) got an unexpected keyword argument 'minuets'. Did you mean 'minutes'\?$"),
        ({"hots": 5}, TypeError, "Did you mean 'hot'"),
        ({"zzz": 5}, TypeError, r"^brew\(\) got an unexpected keyword argument 'zzz'\.$"),
        ({"options": Brew(), "zzz": 5}, TypeError, "unexpected keyword argument 'zzz'"),
        ({"options": {"minutes": 5}}, TypeError, "^Invalid options: dict; must be Brew.$"),
        ({"options": Brew(7.0), "minutes": 5}, ValueError,
         r"^Invalid minutes: 5 is not used; options= sets it to 7.0.$"),
        ({"minutes": 0}, ValueError, "^Invalid minutes: 0; must be above 0.$"),
    ],
)  # fmt: skip
def test_what_cannot_be_meant_is_refused(given, error, message):
    with pytest.raises(error, match=message):
        brew("a", **given)


def test_keywords_that_are_no_fields_can_be_passed_on():
    assert pour(minutes=4, sugar=2) == (Brew(4), {"sugar": 2})


def test_a_scan_takes_its_options_together_or_one_by_one():
    cases, place = np.array([1, 1, 9, 8, 1, 1]), {"lon": np.arange(6.0), "lat": np.zeros(6)}
    asked = {"replications": 99, "seed": 1, "max_population": 0.4, "clusters": "both"}
    together = hotspots.scan(cases, **place, options=hotspots.ScanOptions(**asked))
    one_by_one = hotspots.scan(cases, **place, **asked)
    assert together.clusters[0].p_value == one_by_one.clusters[0].p_value
    np.testing.assert_array_equal(together.null_llr, one_by_one.null_llr)
    with pytest.raises(TypeError, match=r"scan\(\) got .* 'replicatons'. Did you mean 'replicat"):
        hotspots.scan(cases, **place, replicatons=9)
    with pytest.raises(ValueError, match="Invalid ties: 'none'"):
        hotspots.ScanOptions(ties="none")


EVENTS = gr.read_events([{"lon": 69.5, "lat": 36.7}] * 5 + [{"lon": 70.5, "lat": 37.1}])


def test_a_study_takes_its_options_together_or_one_by_one():
    asked = {"resolution": 4, "study_area": "AF-TAK", "k": 2, "coarse": "keep"}
    together = gr.score_hotspots(EVENTS, options=gr.StudyOptions(**asked), p_method="analytic")
    one_by_one = gr.score_hotspots(EVENTS, p_method="analytic", **asked)
    pd.testing.assert_frame_equal(pd.DataFrame(together), pd.DataFrame(one_by_one))
    for wrong, message in (
        ({"step": "hour"}, "Invalid step: 'hour'"), ({"by": "towns"}, "Invalid by: 'towns'"),
        ({"coarse": "drop"}, "Invalid coarse: 'drop'"), ({"resolution": 16}, "resolution: 16"),
    ):  # fmt: skip
        with pytest.raises(ValueError, match=message):
            gr.StudyOptions(**wrong)


@pytest.mark.parametrize(
    ("method", "wrong", "near"),
    [("gi_star", "resolutoin", "resolution"), ("gi", "permutation", "permutations"),
     ("scan", "replicatons", "replications"), ("kde", "bandwidth", "bandwidth_km"),
     ("eb_rates", "piror", "prior")],
)  # fmt: skip
def test_a_misspelt_option_of_a_score_is_refused_with_the_nearest_name(method, wrong, near):
    with pytest.raises(TypeError, match=rf"^score_hotspots\(\) .*'{wrong}'. Did you mean '{near}'"):
        gr.score_hotspots(EVENTS, method=method, **{wrong: 5})


def test_an_assessment_takes_its_options_together_or_one_by_one():
    asked = {"resolution": 6, "hotspot_resolution": 4, "study_area": "AF-TAK", "snap_km": 1.0}
    together = gr.assess(EVENTS, options=gr.AssessOptions(**asked), p_method="analytic")
    one_by_one = gr.assess(EVENTS, p_method="analytic", **asked)
    assert together.provenance == one_by_one.provenance
    for name in ("events", "cells"):
        one, other = (pd.DataFrame(getattr(found, name)) for found in (together, one_by_one))
        pd.testing.assert_frame_equal(one, other)
    with pytest.raises(TypeError, match=r"^assess\(\) .*'study_aera'. Did you mean 'study_area'"):
        gr.assess("no such file", study_aera="AF-TAK")  # before anything is read
    with pytest.raises(ValueError, match="Invalid snap_km: -1"):
        gr.AssessOptions(snap_km=-1)
    with pytest.raises(ValueError, match="Invalid study_area: 'AF-TAK' is not used; options="):
        gr.assess(EVENTS, study_area="AF-TAK", options=gr.AssessOptions())


def test_a_reader_takes_its_options_together_or_one_by_one(tmp_path):
    path = tmp_path / "events.csv"
    path.write_text("e;n;what\n69.5;36.7;raid\n70.5;37.1;fire\n", encoding="utf-8")
    asked = {"lon": "e", "lat": "n", "delimiter": ";", "columns": {"category": "what"}}
    together = gr.read_events(path, options=gr.ReadOptions(**asked))
    one_by_one = gr.read_events(path, **asked)
    pd.testing.assert_frame_equal(pd.DataFrame(together), pd.DataFrame(one_by_one))
    (chunk,) = gr.events.iter_events(path, options=gr.ReadOptions(**asked))
    assert chunk["category"].tolist() == one_by_one["category"].tolist() == ["raid", "fire"]
    with pytest.raises(ValueError, match=r"Invalid layer: 'a' is not used; events.csv has neither"):
        gr.events.iter_events(path, layer="a")
    for reader in (gr.read_events, gr.events.iter_events):
        with pytest.raises(TypeError, match=r"'enconding'. Did you mean 'encoding'"):
            reader(path, enconding="utf-8")
    for wrong, error in (
        ({"columns": ["a"]}, TypeError), ({"lon": 1}, TypeError), ({"delimiter": ";;"}, ValueError),
    ):  # fmt: skip
        with pytest.raises(error, match=f"Invalid {next(iter(wrong))}"):
            gr.ReadOptions(**wrong)


CHAIN = sparse.csr_array(sparse.diags_array([np.ones(29)] * 2, offsets=[-1, 1], shape=(30, 30)))
COUNTS = np.random.default_rng(1).poisson(2.0, 30)
LOCAL = {"permutations": 99, "seed": 1, "alpha": 0.2, "fdr": None, "deal": "shared"}


@pytest.mark.parametrize("statistic", [hotspots.gi_star, hotspots.local_moran])
def test_local_statistics_share_their_options(statistic):
    together = statistic(COUNTS, CHAIN, options=hotspots.LocalInference(**LOCAL))
    one_by_one = statistic(COUNTS, CHAIN, **LOCAL)
    pd.testing.assert_frame_equal(together.to_frame(), one_by_one.to_frame())
    with pytest.raises(TypeError, match=r"'permutation'. Did you mean 'permutations'"):
        statistic(COUNTS, CHAIN, permutation=9)


def test_an_emerging_hot_spot_takes_its_options_together_or_one_by_one():
    cube, asked = np.tile(COUNTS[:, None], 6), {"permutations": 49, "seed": 1, "fdr": "by"}
    together = hotspots.emerging(cube, CHAIN, options=hotspots.Inference(**asked))
    one_by_one = hotspots.emerging(cube, CHAIN, **asked)
    np.testing.assert_array_equal(together.p_value, one_by_one.p_value)
    np.testing.assert_array_equal(together.q_value, one_by_one.q_value)
    with pytest.raises(ValueError, match="Invalid fdr: 'none'"):
        hotspots.Inference(fdr="none")


@pytest.mark.parametrize(
    ("given", "named"),
    [({"seed": 1}, "seed"), ({"n_jobs": 2}, "n_jobs"), ({"deal": "fresh"}, "deal"),
     ({"permutations": 9, "seed": 1, "deal": "shared", "n_jobs": 2}, "n_jobs"),
     ({"p_method": "analytic", "mid_p": True}, "mid_p"), ({"alpha": 2.0}, "alpha"),
     ({"permutations": -1}, "permutations"), ({"p_method": "guess"}, "p_method"),
     ({"p_method": "analytic", "max_dispersion": 9.0}, "max_dispersion")],
)  # fmt: skip
def test_what_no_way_to_p_uses_is_refused_when_the_options_are_made(given, named):
    with pytest.raises(ValueError, match=f"Invalid {named}"):
        hotspots.LocalInference(**given)


def test_a_layer_takes_its_options_together_or_one_by_one():
    frame = geopandas.GeoDataFrame(
        {"pcode": ["A1", "A2"], "label": ["West", "East"], "since": ["2000-01-01", None]},
        geometry=[shapely.box(68, 36, 69, 37), shapely.box(69, 36, 70, 37)], crs="EPSG:4326",
    )  # fmt: skip
    asked = {"code": "pcode", "name": "label", "country": "AFG", "accuracy_m": 500}
    for more in ({}, {"valid_from": "since"}):
        together = gr.load_regions(frame, level=2, options=gr.LayerOptions(**asked, **more))
        one_by_one = gr.load_regions(frame, level=2, **asked, **more)
        assert type(together) is type(one_by_one)
        assert together.columns == one_by_one.columns
        assert together.provenance == one_by_one.provenance
        assert together.report == one_by_one.report
    with pytest.raises(ValueError, match="Invalid code: the bundled layer does not take it"):
        gr.load_regions(options=gr.LayerOptions(**asked))
    with pytest.raises(TypeError, match=r"'contry'. Did you mean 'country'"):
        gr.load_regions(frame, contry="AFG")
    with pytest.raises(ValueError, match="Invalid snap_tolerance_m: -1"):
        gr.LayerOptions(snap_tolerance_m=-1)


@pytest.mark.parametrize(
    ("call", "said"),
    [("hotspots.LocalInference(p_method='x')", "Invalid p_method: 'x'"),
     ("gr.Map(bounds=(0, 0, 0, 0))", "Invalid bounds")],
)  # fmt: skip
def test_options_are_checked_when_they_are_made_without_asserts_too(call, said):
    code = f"import geo_risk as gr\nfrom geo_risk import hotspots\n{call}"
    result = subprocess.run(
        [sys.executable, "-O", "-c", code], capture_output=True, text=True, check=False
    )
    assert f"ValueError: {said}" in result.stderr
