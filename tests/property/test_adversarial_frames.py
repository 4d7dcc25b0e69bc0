"""Frames as users have them: odd indexes, odd geometries, taken column names, other CRSs."""

from __future__ import annotations

import geopandas
import numpy as np
import pandas as pd
import pytest
import shapely

import geo_risk as gr

COUNTRIES = ["AFG", "TJK", "FRA", "FJI"]
LON, LAT = [69.53, 71.5, 3.0, 178.0], [36.74, 36.9, 46.0, -17.8]
VERBS = ("geocode", "index_h3", "border_proximity", "check_events")


def base(**columns):
    frame = geopandas.GeoDataFrame(
        {
            "value": [1, 2, 3, 4],
            "kind": pd.Categorical(list("abab")),
            "day": pd.date_range("2020-01-01", periods=4, tz="Asia/Kabul"),
            **columns,
        },
        geometry=geopandas.points_from_xy(LON, LAT),
        crs=4326,
    )
    frame.attrs["mine"] = {"kept": True}
    return frame


def moved(shapes):
    return base().assign(geometry=geopandas.GeoSeries(shapes, crs=4326))


FRAMES = {
    "duplicate index": base().set_axis([1, 1, "a", None]),
    "MultiIndex": base().set_axis(
        pd.MultiIndex.from_tuples([(1, "a"), (1, "b"), (2, "a"), (2, "b")], names=["p", "q"])
    ),
    "index named like a column": base().set_axis(pd.Index(list("wxyz"), name="value")),
    "index of days": base().set_axis(pd.date_range("2020", periods=4)),
    "empty": base().iloc[:0],
    "one row": base().iloc[[2]],
    "Web Mercator": base().to_crs(3857),
    "UTM": base().iloc[:2].to_crs(32642),
    "CRS84": base().to_crs("OGC:CRS84"),
    "no geometry at all": moved([None] * 4),
    "empty points": moved([None, shapely.Point(), shapely.Point(3, 46), shapely.Point(178, -17.8)]),
    "other geometry column": base().rename_geometry("shape"),
    "two geometry columns": base().assign(other=base().geometry),
    "three dimensions": moved(geopandas.points_from_xy(LON, LAT, [1, 2, 3, 4])),
    "taken names": base(country_code="XX", border_m=5, h3_cell="no", match="m", flags="mine"),
    "a column named 0": base().rename(columns={"value": 0}),
    "Arrow columns": geopandas.GeoDataFrame(
        pd.DataFrame(base().drop(columns="geometry")).convert_dtypes(dtype_backend="pyarrow"),
        geometry=base().geometry,
    ),
}


@pytest.mark.parametrize("verb", VERBS)
@pytest.mark.parametrize("name", FRAMES)
def test_a_verb_keeps_rows_index_columns_and_the_callers_frame(name, verb):
    frame = FRAMES[name]
    before, attrs = frame.copy(deep=True), dict(frame.attrs)
    result = getattr(gr, verb)(frame)
    assert isinstance(result, geopandas.GeoDataFrame)
    assert result.crs == "EPSG:4326"
    assert result.index.equals(frame.index)
    assert result.index.names == frame.index.names
    assert result.geometry.name == frame.geometry.name
    assert set(frame.columns) <= set(result.columns)
    if frame.attrs:
        assert result.attrs["mine"] == {"kept": True}
    pd.testing.assert_frame_equal(pd.DataFrame(frame), pd.DataFrame(before))
    assert dict(frame.attrs) == attrs


@pytest.mark.parametrize("name", FRAMES)
def test_every_point_has_its_country_whatever_the_frame_is_like(name):
    frame = FRAMES[name]
    there = shapely.get_type_id(frame.geometry.to_numpy()) == 0
    there &= ~shapely.is_empty(frame.geometry.to_numpy())
    want = [code if has else None for code, has in zip(COUNTRIES, there)]
    if len(frame) == 1:
        want = ["FRA"]
    assert gr.geocode(frame)["country_code"].tolist() == want


def test_a_column_of_a_taken_name_is_kept_beside_the_new_one_however_often_a_verb_is_applied():
    frame = base(border_m=5, country_code="XX")
    once = gr.border_proximity(gr.geocode(frame))
    twice = gr.border_proximity(gr.geocode(once))
    for result in (once, twice):
        assert result["border_m_"].tolist() == [5] * 4
        assert result["country_code_"].tolist() == ["XX"] * 4
        assert result["country_code"].tolist() == COUNTRIES
    assert list(twice.columns) == list(once.columns)


@pytest.mark.parametrize("verb", VERBS)
@pytest.mark.parametrize(
    "shape",
    [
        shapely.Point(69, 36).buffer(1),
        shapely.MultiPoint([(69, 36)]),
        shapely.LineString([(1, 1), (2, 2)]),
    ],
)
def test_what_is_no_point_is_refused_with_its_place(verb, shape):
    frame = base().assign(geometry=geopandas.GeoSeries([shape] * 4, crs=4326))
    with pytest.raises(ValueError, match=rf"4 of 4.*position 0: {shape.geom_type}"):
        getattr(gr, verb)(frame)


def test_an_empty_point_is_a_missing_one_down_to_files_and_maps(tmp_path):
    frame = FRAMES["empty points"]
    found = gr.geocode(frame)
    assert found["match"].tolist() == ["none", "none", "polygon", "polygon"]
    cells = gr.score_hotspots(frame, resolution=3, study_area=(0, 40, 10, 50))
    assert cells["n_events"].sum() == 1
    gr.web_map(tmp_path / "map.html", events=found)
    gr.assess(frame, resolution=4).save(tmp_path / "saved")
    assert len(gr.Assessment.load(tmp_path / "saved").events) == 4


def test_masked_values_are_missing():
    lon = np.ma.array([69.53, 69.53, 69.53], mask=[False, True, False])
    lat = np.ma.array([36, 36, 36], mask=[False, False, True])
    rows = gr.load_regions().locate(lon=lon, lat=lat)
    assert rows[0] >= 0
    assert rows[1:].tolist() == [-1, -1]
    assert gr.h3_cells(lon=lon, lat=lat, resolution=5).tolist()[1:] == [0, 0]
    near = gr.load_borders().nearest(lon=lon, lat=lat)
    assert np.isnan(near.distance_m).tolist() == [False, True, True]
