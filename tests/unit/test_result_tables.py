"""Every result of a statistic gives itself as a table: its rows, columns, types and values."""

from __future__ import annotations

import dataclasses
import inspect
import subprocess
import sys
import typing
from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy.sparse import diags_array

from geo_risk import hotspots

N, STEPS = 12, 6
COUNTS = np.array([0, 0, 1, 0, 6, 7, 5, 0, 0, 1, 0, 2])
CHAIN = diags_array([np.ones(N - 1)] * 2, offsets=[-1, 1], shape=(N, N))
LON, LAT = np.arange(N) * 0.1, np.zeros(N)
TIMES = np.sort(np.add.outer(np.arange(5) * 10.0, [1.0, 1.1, 1.3]).reshape(-1))
CUBE = np.array([np.roll(COUNTS, step) for step in range(STEPS)]).T
EXPONENTIAL = hotspots.HawkesParameters(0.5, 0.6, 2.0)

RESULTS: dict[str, Callable[[], Any]] = {
    "EbRates": lambda: hotspots.eb_rates(COUNTS, np.full(N, 100.0), CHAIN),
    "EmergingResult": lambda: hotspots.emerging(CUBE, CHAIN),
    "EtasParameters": lambda: hotspots.EtasParameters(0.5, 0.1, 1.0, 0.2, 1.5),
    "GiStarResult": lambda: hotspots.gi_star(COUNTS, CHAIN),
    "GlobalResult": lambda: hotspots.moran(COUNTS, CHAIN),
    "HawkesFit": lambda: hotspots.hawkes_fit(TIMES, end=60.0),
    "HawkesForecast": lambda: hotspots.hawkes_forecast(
        TIMES, EXPONENTIAL, horizon=10.0, bins=4, simulations=20, seed=1
    ),
    "HawkesParameters": lambda: EXPONENTIAL,
    "HotspotCategories": lambda: hotspots.hotspot_categories(CUBE - 1.0),
    "KdeResult": lambda: hotspots.kde(
        lon=LON, lat=LAT, at_lon=[0.0, 1.0], at_lat=[0.0, 0.0], bandwidth_km=20
    ),
    "KnoxResult": lambda: hotspots.knox(
        lon=LON,
        lat=LAT,
        time=COUNTS,
        distance_km=[12, 30],
        interval=[1, 2, 4],
        permutations=9,
        seed=1,
    ),
    "LocalMoranResult": lambda: hotspots.local_moran(COUNTS, CHAIN),
    "MannKendallResult": lambda: hotspots.mann_kendall(CUBE),
    "ScanCluster": lambda: scanned().clusters[0],
    "ScanResult": lambda: scanned(),
}
ROWS = {
    "HawkesForecast": 4,
    "KdeResult": 2,
    "KnoxResult": 6,
    **dict.fromkeys(
        ("EtasParameters", "GlobalResult", "HawkesFit", "HawkesParameters", "ScanCluster"), 1
    ),
}
ELSEWHERE = {  # attributes that are columns of other names, or of another table, or none
    "EmergingResult": {"z", "p_value", "q_value", "bins", "trend"},
    "HawkesFit": {"parameters"},
    "HawkesForecast": {"edges", "counts"},
    "HotspotCategories": {"trend"},
    "KdeResult": {"event_bandwidth_km"},
    "KnoxResult": {"distance_km", "interval", "space_pairs", "time_pairs"},
    "ScanCluster": {"period"},
    "ScanResult": {"clusters", "centre_llr", "most_likely", "null_llr"},
}


@cache
def scanned(**options: Any) -> Any:
    return hotspots.scan(COUNTS, lon=LON, lat=LAT, seed=1, replications=99, **options)


def result_classes() -> set[type]:
    """Dataclasses that the package's functions return, and those that are parts of them."""
    offered = [getattr(hotspots, name) for name in hotspots.__all__]
    found: set[type] = set()
    left = [typing.get_type_hints(f)["return"] for f in filter(inspect.isfunction, offered)]
    while left:
        kind = left.pop()
        left += typing.get_args(kind)
        if dataclasses.is_dataclass(kind) and kind not in found:
            found.add(kind)
            hints = typing.get_type_hints(kind)
            left += [hints[f.name] for f in dataclasses.fields(kind) if f.name[0] != "_"]
    others = {thing for thing in offered if dataclasses.is_dataclass(thing)} - found
    assert all(kind.__name__.endswith(("Options", "Inference")) for kind in others), others
    return found


def attributes(result: Any) -> dict[str, Any]:
    """Public fields and properties."""
    names = {field.name for field in dataclasses.fields(result)}
    names |= {
        name
        for name, kind in vars(type(result)).items()
        if isinstance(kind, property) or type(kind).__name__ == "cached_property"
    }
    return {name: getattr(result, name) for name in names if not name.startswith("_")}


def test_every_result_is_in_the_table_here():
    classes = result_classes()
    assert {kind.__name__ for kind in classes} == set(RESULTS)
    for kind in classes:
        assert kind.__dataclass_params__.frozen, kind
        assert kind.__name__ in hotspots.__all__


@pytest.mark.parametrize("name", RESULTS)
def test_a_result_is_a_table(name):
    result = RESULTS[name]()
    assert type(result).__name__ == name
    assert "Returns" in result.to_frame.__doc__ or name == "ScanCluster"
    table = result.to_frame()
    assert isinstance(table, pd.DataFrame)
    assert table.index.equals(pd.RangeIndex(len(table)))
    assert len(table) == (len(result.clusters) if name == "ScanResult" else ROWS.get(name, N))
    for column in table:
        assert f"`{column}`" in told_of(result) or column in attributes(result), column
        assert table[column].dtype.kind in "iufbO", column


def told_of(result: Any) -> str:
    """What the docstring of `to_frame` says, with those that it points to."""
    words = type(result).to_frame.__doc__
    if isinstance(result, hotspots.ScanCluster):
        words += hotspots.ScanResult.to_frame.__doc__
    if isinstance(result, hotspots.HawkesFit):
        words += hotspots.HawkesParameters.to_frame.__doc__
    fields = dataclasses.fields(hotspots.MannKendallResult)
    return words + " ".join(f"`trend_{field.name}`" for field in fields)


@pytest.mark.parametrize("name", RESULTS)
def test_values_are_those_of_the_attributes(name):
    result = RESULTS[name]()
    table = result.to_frame()
    for attribute, value in attributes(result).items():
        if attribute in ELSEWHERE.get(name, ()):
            continue
        if attribute in table:
            same(table[attribute], [value] if ROWS.get(name) == 1 else value)
        else:
            assert table.attrs[attribute] == value, attribute
            assert np.ndim(value) == 0, attribute


def same(column: pd.Series, value: Any) -> None:
    """Equal values of one type; text as objects."""
    flat = np.asarray(value).reshape(-1)
    if flat.dtype.kind == "U":
        assert column.dtype == object
        assert column.tolist() == flat.tolist()
    elif column.name == "members":
        np.testing.assert_array_equal(column[0], value[0])
    else:
        assert column.dtype == flat.dtype
        np.testing.assert_array_equal(column.to_numpy(), flat)


def test_the_bins_of_emerging_hot_spots():
    result = RESULTS["EmergingResult"]()
    bins = result.to_frame(by="bin")
    assert list(bins) == ["cell", "period", "z", "p_value", "q_value", "bins"]
    assert len(bins) == N * STEPS
    for row in (0, 7, N * STEPS - 1):
        at = bins["cell"][row], bins["period"][row]
        assert at == (row // STEPS, row % STEPS)
        for name in ("z", "p_value", "q_value", "bins"):
            np.testing.assert_equal(bins[name][row], getattr(result, name)[at])
    for name in ("z", "p_value", "q_value", "bins"):
        assert bins[name].dtype == getattr(result, name).dtype
    with pytest.raises(ValueError, match="Invalid by: 'row'; must be one of 'cell', 'bin'"):
        result.to_frame(by="row")


@pytest.mark.parametrize("name", ["EmergingResult", "HotspotCategories"])
def test_the_trend_stands_beside_the_categories(name):
    result = RESULTS[name]()
    table = result.to_frame()
    for field in ("s", "var_s", "z", "p_value", "tau_a", "tau_b", "slope", "intercept"):
        np.testing.assert_array_equal(table[f"trend_{field}"], getattr(result.trend, field))
    np.testing.assert_array_equal(table["trend"], result.trend.trend)


def test_one_series_is_one_row():
    table = hotspots.mann_kendall(CUBE[4]).to_frame()
    assert len(table) == 1
    assert table["s"][0] == hotspots.mann_kendall(CUBE).s[4]


def test_the_thresholds_of_knox():
    result = RESULTS["KnoxResult"]()
    table = result.to_frame()
    assert table["distance_km"].tolist() == [12.0] * 3 + [30.0] * 3
    assert table["interval"].tolist() == [1.0, 2.0, 4.0] * 2
    assert table["space_pairs"].tolist() == np.repeat(result.space_pairs, 3).tolist()
    assert table["time_pairs"].tolist() == [*result.time_pairs] * 2
    last = table.iloc[5]
    assert last["observed"] == result.observed[1, 2]
    assert last["observed"] == table["band_observed"].sum()


def test_the_bins_of_a_forecast():
    result = RESULTS["HawkesForecast"]()
    table = result.to_frame()
    assert table["start"].tolist() == result.edges[:-1].tolist()
    assert table["end"].tolist() == result.edges[1:].tolist()
    assert list(table) == ["start", "end", "mean", "lower", "upper"]


def test_a_fit_holds_its_parameters():
    fit = RESULTS["HawkesFit"]()
    table = fit.to_frame()
    for name in ("mu", "alpha", "beta", "branching_ratio"):
        assert table[name].tolist() == [getattr(fit.parameters, name)]


def test_the_clusters_of_a_scan():
    result = RESULTS["ScanResult"]()
    table = result.to_frame()
    assert result.clusters
    for row, cluster in enumerate(result.clusters):
        for name in ("centre", "radius_km", "direction", "observed", "expected", "llr", "p_value"):
            assert table[name][row] == getattr(cluster, name)
        np.testing.assert_array_equal(table["members"][row], cluster.members)
        assert (
            cluster.to_frame()
            .drop(columns="members")
            .equals(table.iloc[[row]].drop(columns="members").reset_index(drop=True))
        )
    rows = result.to_frame(by="row")
    same(rows["centre_llr"], result.centre_llr)
    same(rows["cluster"], result.cluster_of())
    with pytest.raises(ValueError, match="Invalid by: 'cell'; must be one of 'cluster', 'row'"):
        result.to_frame(by="cell")


def test_a_scan_of_periods_keeps_their_labels():
    days = np.arange("2024-01-01", "2024-01-07", dtype="datetime64[D]")
    result = hotspots.scan(CUBE, lon=LON, lat=LAT, time=days, seed=1, replications=9)
    table = result.to_frame()
    assert [*zip(table["period_start"], table["period_end"])] == [c.period for c in result.clusters]


def test_a_scan_that_finds_nothing_keeps_the_types():
    alone = np.zeros(N, dtype=int)
    alone[3] = 1  # a cluster has at least two cases
    nothing = hotspots.scan(alone, lon=LON, lat=LAT, seed=1, replications=9)
    assert nothing.clusters == ()
    found, empty = RESULTS["ScanResult"]().to_frame(), nothing.to_frame()
    assert list(empty) == list(found)
    assert len(empty) == 0
    assert empty.dtypes.equals(found.dtypes)


def test_pandas_waits_for_a_table():
    code = (
        "import sys\nfrom geo_risk.hotspots import mann_kendall\n"
        "result = mann_kendall([1.0, 2.0, 3.0, 5.0])\nprint('pandas' in sys.modules)\n"
        "result.to_frame()\nprint('pandas' in sys.modules)"
    )
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert told.stdout.split() == ["False", "True"]
