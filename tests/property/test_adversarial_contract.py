"""The names, signatures, columns, dtypes and missing values that callers rely on."""

from __future__ import annotations

import inspect

import geopandas
import numpy as np
import pandas as pd
import pytest
import scipy.sparse

import geo_risk as gr

LON, LAT = [69.53, 178.0, np.nan, 0.0], [36.74, -17.8, 1.0, -50.0]
# positional parameters, then keyword-only ones with their defaults; more keywords may follow
SIGNATURES = {
    "read_events": (["path_or_frame", "source"], {}),
    "load_regions": (["source"], {"level": 1, "worldview": "de_facto"}),
    "load_borders": (["layer"], {}),
    "h3_cells": ([], {"lon": ..., "lat": ..., "resolution": ...}),
    "geocode": (["events", "layer"], {"snap_km": 5.0}),
    "index_h3": (["events"], {"resolution": 7}),
    "border_proximity": (["events", "borders"], {}),
    "score_hotspots": (["frame"], {"value": None, "method": "gi_star"}),
    "find_places": (["name"], {"country": None, "region": None, "limit": 10}),
    "geoparse": (["text"], {}),
    "RegionLayer.locate": (["self"], {"lon": ..., "lat": ...}),
    "RegionLayer.neighbors": (["self", "code"], {"of": "regions"}),
    "Borders.nearest": (
        ["self"],
        {"lon": ..., "lat": ..., "kind": "land", "country": None, "to": None},
    ),
    "hotspots.gi_star": (
        ["values", "weights"],
        {"star": True, "permutations": 0, "seed": None, "alpha": 0.05},
    ),
    "hotspots.local_moran": (
        ["values", "weights"],
        {"permutations": 0, "seed": None, "alpha": 0.05},
    ),
    "hotspots.scan": (
        ["cases", "population"],
        {
            "lon": None, "lat": None, "x_km": None, "y_km": None, "time": None,
            "covariates": None, "model": "poisson", "replications": 999, "seed": None,
        },
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", SIGNATURES)
def test_signatures_are_as_promised(name):
    function = gr
    for part in name.split("."):
        function = getattr(function, part)
    positional, keywords = SIGNATURES[name]
    parameters = inspect.signature(function).parameters
    kinds = inspect.Parameter
    plain = [p.name for p in parameters.values() if p.kind is kinds.POSITIONAL_OR_KEYWORD]
    assert plain == positional
    for keyword, default in keywords.items():
        assert parameters[keyword].kind is kinds.KEYWORD_ONLY
        want = kinds.empty if default is ... else default
        assert parameters[keyword].default == want or parameters[keyword].default is want
    for extra in set(parameters) - set(positional) - set(keywords):  # optional, all of them
        keyword_only = parameters[extra].kind is kinds.KEYWORD_ONLY
        assert (
            not keyword_only or parameters[extra].default is not kinds.empty or extra == "options"
        )


def test_locate_gives_row_positions():
    layer = gr.load_regions()
    rows = layer.locate(lon=LON, lat=LAT)
    assert isinstance(rows, np.ndarray)
    assert rows.dtype.kind == "i"
    assert layer.table["region_code"].iloc[rows[0]] == "AF-TAK"
    assert layer.table["country_code"].iloc[rows[1]] == "FJI"
    assert rows[2:].tolist() == [-1, -1]


def test_the_table_has_the_promised_columns():
    table = gr.load_regions().table
    assert isinstance(table, geopandas.GeoDataFrame)
    promised = {
        "region_code", "region_name", "country_code", "unit_code", "administered_by", "claimed_by",
    }  # fmt: skip
    assert promised <= set(table.columns)
    assert table["region_code"].is_unique
    assert table["unit_code"].notna().all()
    special = table[table["unit_code"].isin(["CYN", "SOL"])]
    assert len(special) >= 2
    assert all(code is None for code in special["country_code"])
    assert table["country_code"].dropna().str.fullmatch("[A-Z]{3}").all()


def test_neighbors_of_regions_and_countries():
    layer = gr.load_regions()
    assert layer.neighbors("AF-TAK", of="countries") == ["TJK"]
    assert layer.neighbors("AFG", of="countries") == ["CHN", "IRN", "PAK", "TJK", "TKM", "UZB"]
    assert "AF-BDS" in layer.neighbors("AF-TAK")
    with pytest.raises(ValueError, match="Invalid of"):
        layer.neighbors("AF-TAK", of="rivers")


@pytest.mark.parametrize("kind", ["land", "any", "outline", "line"])
def test_border_distances_have_the_promised_attributes(kind):
    near = gr.load_borders().nearest(lon=LON, lat=LAT, kind=kind)
    for name in ("distance_m", "foot_lon", "foot_lat"):
        assert getattr(near, name).dtype == np.float64
        assert getattr(near, name).shape == (4,)
        assert np.isnan(getattr(near, name)[2])
    for name in ("country_code", "other_country_code", "region_code", "other_region_code"):
        assert getattr(near, name).dtype == object
        assert getattr(near, name)[2] is None
    assert near.country_code[:2].tolist() == ["AFG", "FJI"]
    assert near.other_country_code[0] == "TJK"
    assert np.isnan(near.distance_m[1]) == (kind == "land")  # an island state


def test_country_and_to_override():
    borders = gr.load_borders()
    for country, to in (("AFG", "PAK"), (["AFG"], ["PAK"]), (None, "PAK")):
        near = borders.nearest(lon=[69.53], lat=[36.74], country=country, to=to)
        assert near.country_code.tolist() == ["AFG"]
        assert near.other_country_code.tolist() == ["PAK"]
        assert near.distance_m[0] > 100_000
    abroad = borders.nearest(lon=[69.53], lat=[36.74], country="TJK")
    assert abroad.country_code.tolist() == ["TJK"]
    none = borders.nearest(lon=[69.53], lat=[36.74], to="FRA")
    assert np.isnan(none.distance_m[0])
    assert none.other_country_code[0] is None


def test_cells_are_numbers_in_arrays_and_hex_in_frames():
    cells = gr.h3_cells(lon=LON, lat=LAT, resolution=7)
    assert cells.dtype == np.uint64
    assert cells[2] == 0
    events = gr.read_events(pd.DataFrame({"lon": LON, "lat": LAT}))
    column = gr.index_h3(events, resolution=7)["h3_cell"]
    assert column.iloc[0] == format(int(cells[0]), "x")
    assert column.iloc[2] is None


def test_verbs_add_the_promised_columns():
    events = gr.read_events(pd.DataFrame({"lon": LON, "lat": LAT}))
    found = gr.border_proximity(gr.index_h3(gr.geocode(events)))
    promised = [
        "country_code", "country_name", "region_code", "region_name", "match", "snap_m", "h3_cell",
        "border_m", "border_country_code", "border_foot_lon", "border_foot_lat",
    ]  # fmt: skip
    assert set(promised) <= set(found.columns)
    assert found["match"].tolist() == ["polygon", "polygon", "none", "none"]
    for name in ("country_code", "region_code", "region_name", "border_country_code"):
        assert found[name].iloc[2] is None
    scored = gr.score_hotspots(events.iloc[:1], resolution=5)
    assert {"gi_z", "p_value", "q_value", "hotspot"} <= set(scored.columns)


def test_results_have_the_promised_attributes():
    weights = scipy.sparse.csr_array(np.eye(30, k=1) + np.eye(30, k=-1))
    values = np.random.default_rng(1).poisson(2.0, 30)
    gi = gr.hotspots.gi_star(values, weights)
    moran = gr.hotspots.local_moran(values, weights)
    for result, names in (
        (gi, ("z", "p_value", "q_value", "hotspot")),
        (moran, ("statistic", "z", "p_value", "q_value", "quadrant")),
    ):
        for name in names:
            assert getattr(result, name).shape == (30,)
    binary = gr.hotspots.gi_star(values, weights).z
    scaled = gr.hotspots.gi_star(values, weights * 7.0).z
    assert binary == pytest.approx(scaled, rel=1e-12)


def test_no_point_no_row_no_place_are_answers_too():
    empty = gr.read_events(pd.DataFrame({"lon": [], "lat": []}))
    found = gr.border_proximity(gr.index_h3(gr.geocode(empty)))
    assert len(found) == 0
    assert {"country_code", "h3_cell", "border_m"} <= set(found.columns)
    assert gr.load_regions().locate(lon=[], lat=[]).shape == (0,)
    assert gr.h3_cells(lon=[], lat=[], resolution=5).dtype == np.uint64
    assert gr.load_borders().nearest(lon=[], lat=[]).distance_m.shape == (0,)
    for frame in (gr.find_places("zzqqzz"), gr.geoparse("")):
        assert isinstance(frame, geopandas.GeoDataFrame)
        assert len(frame) == 0
        assert frame.crs == "EPSG:4326"


@pytest.mark.parametrize("shape", [(), (1,), (3,), (2, 3)])
def test_answers_have_the_shape_of_the_question(shape):
    lon, lat = np.full(shape, 69.53), np.full(shape, 36.74)
    assert gr.load_regions().locate(lon=lon, lat=lat).shape == shape
    assert gr.h3_cells(lon=lon, lat=lat, resolution=5).shape == shape
    near = gr.load_borders().nearest(lon=lon, lat=lat)
    assert near.distance_m.shape == near.other_country_code.shape == shape


@pytest.mark.parametrize(
    "codes",
    [
        ["TJK", None],
        pd.array(["TJK", pd.NA], dtype="string"),
        pd.Series(["TJK", np.nan], index=[7, 7]),
        np.array(["TJK", None], dtype=object),
        pd.Categorical(["TJK", None]),
    ],
    ids=["list", "nullable", "series", "object", "categorical"],
)
def test_missing_codes_of_any_kind_fall_back_to_the_points_own(codes):
    near = gr.load_borders().nearest(lon=[69.53, 69.53], lat=[36.74, 36.74], country=codes)
    assert near.country_code.tolist() == ["TJK", "AFG"]


@pytest.mark.parametrize("n_jobs", [None, 1.5, "2", True])
def test_jobs_are_whole_numbers(n_jobs):
    with pytest.raises(TypeError, match=r"Invalid n_jobs: .* is not an integer"):
        gr.load_regions().locate(lon=[1.0], lat=[1.0], n_jobs=n_jobs)
