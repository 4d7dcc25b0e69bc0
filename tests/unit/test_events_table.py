"""Plain tables: every way in, and every bad input that must be told of."""

from __future__ import annotations

import gzip
import io
import json
import logging
import sys
import zipfile
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
import shapely

from geo_risk import events
from geo_risk.errors import DataCorruptError, DataNotFoundError
from geo_risk.events import FIELDS, FLAGS, read_events

NAMES = [field.name for field in FIELDS]
CSV = "id,date,lon,lat,killed\na,2020-01-05,69.5,36.7,3\nb,2020-01-06,69.6,36.8,\n"


def codes(frame: gpd.GeoDataFrame, row: int = 0) -> set[str]:
    return set(frame["flags"].iloc[row].split(";")) - {""}


def small(**columns: Any) -> pd.DataFrame:
    base: dict[str, Any] = {"lon": [69.5, 69.6], "lat": [36.7, 36.8]}
    return pd.DataFrame(base | columns)


def test_schema_comes_first_and_originals_follow() -> None:
    frame = small(source=["press", "radio"], what=["raid", "fire"], flags=["x", "y"])
    out = read_events(frame)
    assert list(out.columns) == [*NAMES, "lon", "lat", "source_", "what", "flags_"]
    assert out["source"].tolist() == ["table", "table"]
    assert out["source_"].tolist() == ["press", "radio"]
    assert out["flags_"].tolist() == ["x", "y"]
    assert out.crs == "EPSG:4326"
    assert out["date_start"].dtype == out["date_end"].dtype == "datetime64[us]"
    assert {str(out[f"fatalities_{part}"].dtype) for part in ("best", "low", "high")} == {"float64"}


def test_underscores_are_added_until_the_name_is_free() -> None:
    out = read_events(small(source=["a", "b"], source_=["c", "d"]))
    assert out["source__"].tolist() == ["a", "b"]
    assert out["source_"].tolist() == ["c", "d"]


@pytest.mark.parametrize("suffix", [".csv", ".csv.gz", ".zip", ".tsv", ".txt"])
def test_delimited_text(tmp_path: Any, suffix: str) -> None:
    path = tmp_path / f"events{suffix}"
    text = CSV.replace(",", "\t") if suffix == ".tsv" else CSV
    text = text.replace(",", ";") if suffix == ".txt" else text
    if suffix == ".csv.gz":
        path.write_bytes(gzip.compress(text.encode()))
    elif suffix == ".zip":
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("folder/events.csv", text)
            archive.writestr("README.md", "about")
            archive.writestr("__MACOSX/folder/._events.csv", "junk")
    else:
        path.write_text(text)
    out = read_events(path)
    assert out["event_id"].tolist() == ["a", "b"]
    assert out.geometry.x.tolist() == [69.5, 69.6]
    assert out["fatalities_best"].tolist()[0] == 3
    assert np.isnan(out["fatalities_best"].iloc[1])
    assert out["date_start"].tolist() == [pd.Timestamp("2020-01-05"), pd.Timestamp("2020-01-06")]


def test_vector_and_columnar_files(tmp_path: Any) -> None:
    source = gpd.GeoDataFrame(
        {"id": ["a", "b"], "date": ["2020-01-05", "2020-01-06"]},
        geometry=gpd.points_from_xy([69.5, 69.6], [36.7, 36.8]),
        crs="EPSG:4326",
    )
    source.to_file(tmp_path / "e.gpkg")
    source.to_file(tmp_path / "e.geojson")
    source.to_file(tmp_path / "e.fgb", driver="FlatGeobuf")
    source.to_parquet(tmp_path / "e.parquet")
    source.to_feather(tmp_path / "e.feather")
    for name in ("e.gpkg", "e.geojson", "e.fgb", "e.parquet", "e.feather"):
        out = read_events(tmp_path / name).sort_values("event_id")  # .fgb orders by its index
        assert out["event_id"].tolist() == ["a", "b"], name
        assert out.geometry.x.tolist() == [69.5, 69.6], name
        assert out["date_start"].dt.day.tolist() == [5, 6], name
        assert out.attrs["geo_risk"]["input"] == name


def test_plain_parquet_arrow_and_anything_that_streams_arrow() -> None:
    frame = small(id=["a", "b"])
    table = pa.Table.from_pandas(frame, preserve_index=False)

    class LikePolars:
        def __arrow_c_stream__(self, requested_schema: Any = None) -> Any:
            return table.__arrow_c_stream__(requested_schema)

    for given in (table, LikePolars()):
        out = read_events(given)
        assert out["event_id"].tolist() == ["a", "b"]
        assert out.geometry.y.tolist() == [36.7, 36.8]


def test_geoparquet_taken_as_an_arrow_table(tmp_path: Any) -> None:
    import pyarrow.parquet as pq

    points = gpd.points_from_xy([69.5], [36.7])
    gpd.GeoDataFrame({"id": ["a"]}, geometry=points, crs=4326).to_parquet(tmp_path / "e.parquet")
    assert read_events(pq.read_table(tmp_path / "e.parquet")).geometry.x.tolist() == [69.5]
    wire = gpd.GeoDataFrame({"id": ["a"]}, geometry=points, crs=4326).to_arrow()
    assert read_events(pa.table(wire)).geometry.x.tolist() == [69.5]


def test_json_in_its_forms(tmp_path: Any) -> None:
    rows = [{"id": 1, "lon": 69.5, "lat": 36.7}, {"id": 2, "lon": 69.6, "lat": 36.8}]
    feature = {
        "type": "Feature",
        "properties": {"id": 1},
        "geometry": {"type": "Point", "coordinates": [69.5, 36.7]},
    }
    collection = {"type": "FeatureCollection", "features": [feature]}
    (tmp_path / "a.json").write_text(json.dumps(rows))
    (tmp_path / "b.json").write_text(json.dumps({"count": 2, "data": rows}))
    (tmp_path / "c.jsonl").write_text("\n".join(map(json.dumps, rows)))
    (tmp_path / "d.json").write_text(json.dumps(collection))
    inputs = [tmp_path / f"{letter}.json" for letter in "abd"]
    for given in (*inputs, tmp_path / "c.jsonl", rows, iter(rows), collection, [feature]):
        out = read_events(given)
        assert out["event_id"].iloc[0] == "1"
        assert out.geometry.x.iloc[0] == 69.5


def test_open_files(tmp_path: Any) -> None:
    path = tmp_path / "e.csv"
    path.write_text(CSV)
    with path.open("rb") as binary, path.open() as text:
        for stream in (binary, text, io.StringIO(CSV), io.BytesIO(CSV.encode())):
            out = read_events(stream)
            assert out["event_id"].tolist() == ["a", "b"]
    assert read_events(io.StringIO('[{"lon": 1, "lat": 2}]')).geometry.x.tolist() == [1]
    with pytest.raises(ValueError, match="the stream is empty"):
        read_events(io.StringIO(" "))


def test_geojson_of_before_rfc_7946(tmp_path: Any) -> None:
    frame = gpd.GeoDataFrame(
        {"n": [1]}, geometry=gpd.points_from_xy([545000], [4065000]), crs=32642
    )
    frame.to_file(tmp_path / "e.geojson", RFC7946="NO")
    assert '"crs"' in (tmp_path / "e.geojson").read_text()
    out = read_events(tmp_path / "e.geojson")
    assert out.attrs["geo_risk"]["crs"] == "EPSG:32642"
    assert abs(out.geometry.x[0] - 69.5) < 0.1


def test_empty_feature_collection(tmp_path: Any) -> None:
    (tmp_path / "e.geojson").write_text('{"type": "FeatureCollection", "features": []}')
    out = read_events(tmp_path / "e.geojson")
    assert list(out.columns) == NAMES
    assert len(out) == 0


def test_excel_names_the_extra_it_needs(tmp_path: Any, monkeypatch: Any) -> None:
    path = tmp_path / "e.xlsx"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("xl/workbook.xml", "<workbook/>")
    with monkeypatch.context() as patched:
        patched.setitem(sys.modules, "openpyxl", None)  # as if it were not installed
        with pytest.raises(ImportError, match=r"openpyxl: pip install 'geo-risk\[excel\]'"):
            read_events(path)


def test_a_workbook_is_read_and_its_sheet_chosen(tmp_path: Any) -> None:
    pytest.importorskip("openpyxl", reason="the extra geo-risk[excel] is not installed")
    path = tmp_path / "e.xlsx"
    small(id=["007", "b"]).to_excel(path, index=False)
    assert read_events(path)["event_id"].tolist() == ["007", "b"]
    assert read_events(path, layer="Sheet1")["event_id"].tolist() == ["007", "b"]
    with pytest.raises(ValueError, match=r"no sheet 'x'; e\.xlsx has \['Sheet1'\]"):
        read_events(path, layer="x")
    path.write_bytes(path.read_bytes().replace(b"PK\x05\x06", b"XX\x05\x06"))
    with pytest.raises(DataCorruptError, match=r"e\.xlsx"):
        read_events(path)


@pytest.mark.parametrize(
    ("lon", "lat"),
    [
        ("longitude", "latitude"),
        ("LNG", "Lat"),
        ("Long", "LAT"),
        ("decimalLongitude", "decimalLatitude"),
        ("X", "Y"),
        ("event_lon", "event_lat"),
        ("GPS longitude", "GPS latitude"),
    ],
)
def test_coordinate_columns_are_found(lon: str, lat: str) -> None:
    out = read_events(pd.DataFrame({lat: [36.7], lon: [69.5], "n": [1]}))
    assert (out.geometry.x[0], out.geometry.y[0]) == (69.5, 36.7)
    assert out.attrs["geo_risk"]["columns"]["geometry"] == [lon, lat]


def test_degrees_win_over_x_and_y() -> None:
    out = read_events(small(x=[500000.0, 1.0], y=[4.0e6, 2.0]))
    assert out.geometry.x.tolist() == [69.5, 69.6]


def test_ambiguous_columns_are_named() -> None:
    frame = small(longitude=[1.0, 2.0])
    with pytest.raises(ValueError, match=r"longitude could be any of 'lon', 'longitude'.*lon="):
        read_events(frame)
    assert read_events(frame, lon="longitude").geometry.x.tolist() == [1.0, 2.0]
    trips = pd.DataFrame({"start_lng": [1], "start_lat": [2], "end_lng": [3], "end_lat": [4]})
    with pytest.raises(ValueError, match="'start_lng', 'end_lng'"):
        read_events(trips)
    assert read_events(trips, lon="end_lng", lat="end_lat").geometry.y.tolist() == [4.0]


def test_one_side_of_a_pair() -> None:
    with pytest.raises(ValueError, match=r"Found a longitude column \('lon'\).*'north'.*lat="):
        read_events(pd.DataFrame({"lon": [1.0], "north": [2.0]}))
    out = read_events(pd.DataFrame({"lon": [1.0], "north": [2.0]}), lat="north")
    assert out.geometry.y.tolist() == [2.0]


def test_unknown_columns() -> None:
    with pytest.raises(ValueError, match=r"neither coordinates nor a place name.*'a', 'b'"):
        read_events(pd.DataFrame({"a": [1], "b": [2]}))
    with pytest.raises(ValueError, match="Invalid lon: no column 'z'"):
        read_events(small(), lon="z")
    with pytest.raises(ValueError, match="no field 'colour'"):
        read_events(small(), columns={"colour": "lon"})
    with pytest.raises(ValueError, match=r"columns\['category'\]: no column 'z'"):
        read_events(small(), columns={"category": "z"})


def test_columns_option_decides() -> None:
    frame = small(a=["raid", "fire"], one=["X", "Y"], two=["Z", None], when=["2020", "2021-02"])
    out = read_events(frame, columns={"category": "a", "actors": ["one", "two"], "date": "when"})
    assert out["category"].tolist() == ["raid", "fire"]
    assert out["actors"].tolist() == ["X | Z", "Y"]
    assert out["date_end"].tolist() == [pd.Timestamp("2020-12-31"), pd.Timestamp("2021-02-28")]
    assert out["date_precision"].tolist() == ["year", "month"]
    assert out.attrs["geo_risk"]["columns"]["actors"] == ["one", "two"]


def test_place_names_without_coordinates() -> None:
    out = read_events(pd.DataFrame({"place": ["Taloqan", None], "date": ["2022-10", "2022"]}))
    assert out["location_name"].iloc[0] == "Taloqan"
    assert out.geometry.isna().all()
    assert out["flags"].tolist() == ["no_coordinates"] * 2


def test_wkt_column(tmp_path: Any) -> None:
    (tmp_path / "e.csv").write_text(
        "id,geometry\n1,POINT (69.5 36.7)\n2,SRID=4326;POINT (1 2)\n3,POINT (oops\n4,\n"
    )
    out = read_events(tmp_path / "e.csv")
    assert out.geometry.x.tolist()[:2] == [69.5, 1.0]
    assert [codes(out, i) for i in range(4)] == [
        set(),
        set(),
        {"bad_coordinates"},
        {"no_coordinates"},
    ]
    assert out["geometry_"].iloc[2] == "POINT (oops"


def test_wkb_and_its_hexadecimal_writing() -> None:
    point = shapely.Point(69.5, 36.7)
    elsewhere = shapely.set_srid(point, 32642)
    frame = pd.DataFrame(
        {
            "geom": [
                point.wkb,
                point.wkb_hex,
                shapely.to_wkb(elsewhere, include_srid=True),
                shapely.to_wkb(shapely.set_srid(point, 4326), hex=True, include_srid=True),
                "SRID=32642;POINT (1 2)",
                b"broken",
                point,
            ]
        }
    )
    out = read_events(frame)
    bad = [False, False, True, False, True, True, False]
    assert [text == "bad_coordinates" for text in out["flags"]] == bad
    assert out.geometry.isna().tolist() == bad
    assert all(shape.equals(point) for shape in out.geometry[~out.geometry.isna()])


def test_degrees_minutes_seconds() -> None:
    lon = ["69°32'4.2\"E", "71.5 W", "70 30 E", "69.5N", "69°75'E", "69.5"]
    lat = ["36°44'10″N", "36.5S", "36°N", "36.7", "36.7", "36.7 n"]
    out = read_events(pd.DataFrame({"lon": lon, "lat": lat}))
    assert out["flags"].tolist() == ["", "", "", *["bad_coordinates"] * 2, ""]
    np.testing.assert_allclose(out.geometry.x[:3], [69 + 32 / 60 + 4.2 / 3600, -71.5, 70.5])
    np.testing.assert_allclose(out.geometry.y[:3], [36 + 44 / 60 + 10 / 3600, -36.5, 36])


def test_a_column_of_positions_is_no_place_name() -> None:
    out = read_events(small(location=["(36.7, 69.5)", "(36.8, 69.6)"]))
    assert out["location_name"].isna().all()
    assert "column 'location' holds positions" in out.attrs["geo_risk"]["notes"][0]
    assert "location_name" not in out.attrs["geo_risk"]["columns"]


def test_one_column_for_both_coordinates_is_not_taken_for_two() -> None:
    out = read_events(pd.DataFrame({"lat_long": ["1, 2"]}))
    assert out.geometry[0].equals(shapely.Point(2, 1))
    with pytest.raises(ValueError, match="neither coordinates nor a place name"):
        read_events(pd.DataFrame({"lat_long_note": ["1, 2"]}))


def test_year_month_day_columns() -> None:
    out = read_events(small(year=[2020, 2021], month=[5, 0], day=[17, 0]))
    assert out["date_precision"].tolist() == ["day", "year"]
    assert str(out["date_start"][0].date()) == "2020-05-17"
    out = read_events(small(day=["2020-05-17", "2020-05-18"]))
    assert str(out["date_start"][0].date()) == "2020-05-17"


def test_columns_backed_by_arrow() -> None:
    plain = small(
        id=["a", "b"],
        date=pd.to_datetime(["2020-01-05", None]),
        killed=[1, None],
        lon=["69.5", "x"],
    )
    expected = read_events(plain)
    arrow = pa.Table.from_pandas(plain).to_pandas(types_mapper=pd.ArrowDtype)
    out = read_events(arrow)
    fields = NAMES[:-1]
    pd.testing.assert_frame_equal(pd.DataFrame(out[fields]), pd.DataFrame(expected[fields]))
    assert out.geometry.geom_equals(expected.geometry).tolist()[0]
    category = read_events(plain.astype({"id": "category", "lon": "category"}))
    pd.testing.assert_frame_equal(pd.DataFrame(category[fields]), pd.DataFrame(expected[fields]))


def test_a_named_geometry_wins_over_lon_and_lat() -> None:
    frame = small(shape=["POINT (1 2)", "POINT (3 4)"])
    assert read_events(frame, columns={"geometry": "shape"}).geometry.x.tolist() == [1, 3]


def test_malformed_json_lines_are_kept(tmp_path: Any) -> None:
    path = tmp_path / "e.jsonl"
    path.write_text(
        '{"id": 1, "lon": 1, "lat": 2}\n{"id": 2,\n\n[3]\n{"id": 4, "lon": 5, "lat": 6}\n'
    )
    out = read_events(path)
    assert out["flags"].tolist() == ["", "unreadable_row", "unreadable_row", ""]
    assert out["malformed_text"].tolist()[1:3] == ['{"id": 2,', "[3]"]
    assert out.geometry.x.tolist()[3] == 5
    point = {"type": "Point", "coordinates": [5, 6]}
    feature = {"type": "Feature", "geometry": point, "properties": {}}
    broken = feature | {"geometry": {"type": "Poi"}}
    path.write_text("\n".join([json.dumps(feature), "{", json.dumps(broken)]))
    out = read_events(path)
    assert out["flags"].tolist() == ["", "unreadable_row", "bad_coordinates"]
    assert out.geometry.x.tolist()[0] == 5
    (tmp_path / "e.json").write_text('[{"lon": 1, "lat": 2}, 7]')
    assert read_events(tmp_path / "e.json")["flags"].tolist() == ["", "unreadable_row"]
    path.write_text("nothing\n")
    with pytest.raises(DataCorruptError, match="contains no JSON object: line 1"):
        read_events(path)


def test_a_broken_feature_does_not_cost_the_others(tmp_path: Any) -> None:
    def feature(geometry: Any, **more: Any) -> dict[str, Any]:
        return {"type": "Feature", "geometry": geometry, "properties": {"n": 1}} | more

    point = {"type": "Point", "coordinates": [69.5, 36.7]}
    features = [
        feature(point, id="a"),
        feature({"type": "Poi", "coordinates": [1, 2]}),
        feature({"type": "Point", "coordinates": ["x"]}),
        feature(None),
        feature(point, properties={"id": "own"}, id="other"),
        7,
    ]
    path = tmp_path / "e.geojson"
    path.write_text(json.dumps({"type": "FeatureCollection", "features": features}))
    out = read_events(path)
    assert out["flags"].tolist() == [
        "",
        "bad_coordinates",
        "bad_coordinates",
        "no_coordinates;no_id",
        "",
        "unreadable_row",
    ]
    assert out["event_id"].tolist()[0] == "a"
    assert out["event_id"].tolist()[4] == "own"
    assert '"Poi"' in out["malformed_text"][1]
    assert out.geometry.x.tolist()[0] == out.geometry.x.tolist()[4] == 69.5


def test_layers_of_a_geopackage(tmp_path: Any) -> None:
    path = tmp_path / "e.gpkg"
    frame = gpd.GeoDataFrame({"n": [1]}, geometry=gpd.points_from_xy([1.0], [2.0]), crs=4326)
    frame.to_file(path, layer="a")
    frame.to_file(path, layer="b")
    with pytest.raises(ValueError, match=r"has 2 layers: give layer= one of 'a', 'b'"):
        read_events(path)
    assert len(read_events(path, layer="b")) == 1
    with pytest.raises(ValueError, match="Invalid layer: 'c'"):
        read_events(path, layer="c")


# bad input ---------------------------------------------------------------------------------------


def test_coordinates_out_of_range_missing_or_unreadable() -> None:
    lon = ["69.5", "169.5", "190", "69.5", None, "", "east", "0", "36,5", "inf", "-180"]
    lat = ["36.7", "95.2", "36.7", "-90.1", "36.7", "", "36.7", "0", "12,25", "1", "90"]
    out = read_events(pd.DataFrame({"lon": lon, "lat": lat}))
    assert out["flags"].tolist() == [
        "",
        "lat_out_of_range",
        "lon_out_of_range",
        "lat_out_of_range;maybe_swapped",
        "no_coordinates",
        "no_coordinates",
        "bad_coordinates",
        "null_island",
        "",
        "bad_coordinates",
        "",
    ]
    assert out.geometry.isna().tolist() == [flag != "" for flag in out["flags"]]
    assert (out.geometry.x[8], out.geometry.y[8]) == (36.5, 12.25)
    assert out["lon"].tolist()[2] == "190"
    assert out.attrs["geo_risk"]["flags"]["no_coordinates"] == 2


def test_a_swapped_table_is_suspected_as_a_whole(caplog: Any) -> None:
    frame = pd.DataFrame({"lon": [36.7, 40.7, 34.0], "lat": [69.5, -74.0, -118.2]})
    with caplog.at_level(logging.INFO, logger="geo_risk"):
        out = read_events(frame)
    assert all("maybe_swapped" in codes(out, i) for i in range(3))
    assert codes(out, 2) == {"lat_out_of_range", "maybe_swapped"}
    assert out.geometry.isna().tolist() == [False, False, True]
    note = "pass lon='lat', lat='lon'"
    assert any(note in text for text in out.attrs["geo_risk"]["notes"])
    assert note in caplog.text
    assert read_events(frame, lon="lat", lat="lon")["flags"].tolist() == [""] * 3


def test_one_bad_latitude_does_not_accuse_the_table() -> None:
    frame = pd.DataFrame({"lon": [60.0] * 20, "lat": [36.0] * 19 + [95.2]})
    out = read_events(frame)
    assert out["flags"].tolist() == [""] * 19 + ["lat_out_of_range;maybe_swapped"]


def test_projected_metres_are_refused_with_the_fix() -> None:
    frame = pd.DataFrame({"x": [545000.0, 546000.0], "y": [4065000.0, 4066000.0]})
    with pytest.raises(ValueError, match=r"2 of 2 rows cannot be degrees.*545000.*crs="):
        read_events(frame)
    out = read_events(frame, crs="EPSG:32642")
    from pyproj import Transformer

    lon, lat = Transformer.from_crs(32642, 4326, always_xy=True).transform(frame.x, frame.y)
    np.testing.assert_allclose(out.geometry.x, lon, rtol=0, atol=1e-12)
    np.testing.assert_allclose(out.geometry.y, lat, rtol=0, atol=1e-12)


def test_metres_that_claim_to_be_degrees() -> None:
    wrong = gpd.GeoDataFrame(geometry=gpd.points_from_xy([545000.0], [4065000.0]), crs=4326)
    with pytest.raises(ValueError, match=r"geometries of 'geometry'.*allow_override=True"):
        read_events(wrong)
    text = pd.DataFrame({"wkt": ["POINT (545000 4065000)", "POINT (545000 4065001)"]})
    with pytest.raises(ValueError, match=r"geometries of 'wkt'.*crs="):
        read_events(text)
    assert abs(read_events(text, crs=32642).geometry.x[0] - 69.5) < 0.1


def test_stand_ins_for_missing_are_not_taken_for_metres() -> None:
    out = read_events(pd.DataFrame({"lon": [-9999, -9999, 1], "lat": [-9999, -9999, 2]}))
    assert out["flags"].tolist() == ["lat_out_of_range;lon_out_of_range"] * 2 + [""]


def test_a_frame_without_crs_is_refused_and_another_crs_reprojected() -> None:
    points = gpd.points_from_xy([69.5, 70.5], [36.7, 36.7])
    bare = gpd.GeoDataFrame({"id": [1, 2]}, geometry=points)
    with pytest.raises(ValueError, match=r'have no CRS.*set_crs\("EPSG:4326"\)'):
        read_events(bare)
    assert read_events(bare, crs=4326).geometry.x[0] == 69.5
    metres = bare.set_crs(4326).to_crs(32642)
    out = read_events(metres)
    assert abs(out.geometry.x[0] - 69.5) < 1e-9
    assert out.attrs["geo_risk"]["crs"] == "EPSG:32642"
    with pytest.raises(ValueError, match="Invalid crs: 4326, but the geometries"):
        read_events(metres, crs=4326)


def test_shapes_that_are_no_points() -> None:
    shapes = [
        shapely.box(69, 36, 70, 37),
        shapely.MultiPoint([(1, 2)]),
        shapely.LineString([(1, 1), (2, 2)]),
        None,
        shapely.Point(),
        shapely.Point(200, 1),
        shapely.Point(np.nan, 1),
    ]
    out = read_events(gpd.GeoDataFrame({"n": range(7)}, geometry=shapes, crs=4326))
    assert out["flags"].tolist() == [
        "not_a_point",
        "",
        "not_a_point",
        "no_coordinates",
        "no_coordinates",
        "lon_out_of_range",
        "bad_coordinates",
    ]
    assert shapes[0].contains(out.geometry[0])
    assert out.geometry[1].equals(shapely.Point(1, 2))
    assert shapely.from_wkt(out["geometry_"][0]).equals(shapes[0])
    assert out["geometry_"].isna().tolist()[1:5] == [True, False, True, True]


def test_empty_tables() -> None:
    for given in (pd.DataFrame(), [], small().iloc[:0]):
        out = read_events(given)
        assert list(out.columns)[: len(NAMES)] == NAMES
        assert len(out) == 0
        assert out.crs == "EPSG:4326"


def test_files_that_hold_no_table(tmp_path: Any) -> None:
    path = tmp_path / "e.csv"
    path.write_bytes(b"")
    with pytest.raises(ValueError, match=r"e\.csv is empty: it does not even have a header"):
        read_events(path)
    path.write_text("lon,lat,id\n")
    assert len(read_events(path)) == 0
    path.write_text("69.5,36.7,1\n69.6,36.8,2\n")
    with pytest.raises(ValueError, match=r"first line looks like data.*names="):
        read_events(path)
    assert len(read_events(path, names=["lon", "lat", "id"])) == 2
    path.write_bytes(b"\x00\x01\x02binary" * 99)
    with pytest.raises(ValueError, match="is not text: it has NUL bytes"):
        read_events(path)
    with pytest.raises(DataNotFoundError, match=r"'.*nowhere\.csv' does not exist"):
        read_events(tmp_path / "nowhere.csv")
    with pytest.raises(DataNotFoundError, match="is a directory"):
        read_events(tmp_path)
    for name in ("e.parquet", "e.gz", "e.zip", "e.xlsx"):
        (tmp_path / name).write_bytes(b"not what the name says")
        with pytest.raises(DataCorruptError, match=r"it begins with"):
            read_events(tmp_path / name)
    (tmp_path / "e.geojson").write_text('{"type": "FeatureCollection", "features"')
    with pytest.raises(DataCorruptError, match="not valid JSON"):
        read_events(tmp_path / "e.geojson")
    (tmp_path / "e.parquet").write_bytes(b"PAR1 and then nothing PAR1")
    with pytest.raises(DataCorruptError, match="not a readable Parquet"):
        read_events(tmp_path / "e.parquet")
    with pytest.raises(TypeError, match="Invalid path_or_frame: int"):
        read_events(7)
    with pytest.raises(TypeError, match="element 1 is int"):
        read_events([{"lon": 1, "lat": 2}, 7])


def test_dates_unreadable_missing_reversed() -> None:
    frame = pd.DataFrame(
        {
            "lon": [1.0] * 6,
            "lat": [2.0] * 6,
            "date_start": ["2020-01-05", "soon", None, "2020-02-30", "2020-03-09", "2020-01-01"],
            "date_end": ["2020-01-06", None, None, None, "2020-03-01", "later"],
        }
    )
    out = read_events(frame)
    expected = ["", "bad_date", "no_date", "bad_date", "dates_reversed", "bad_date"]
    assert out["flags"].tolist() == expected
    assert out["date_start"].isna().tolist() == [False, True, True, True, False, False]
    assert out["date_precision"].tolist()[1] == "unknown"
    assert out["date_start_"].tolist()[1] == "soon"


def test_identifiers_missing_or_duplicated() -> None:
    out = read_events(pd.DataFrame({"id": [7.0, 7.0, None, 8.0], "lon": 1.0, "lat": 2.0}))
    assert out["event_id"].tolist()[:2] == ["7", "7"]
    assert out["flags"].tolist() == ["duplicate_id", "duplicate_id", "no_id", ""]
    assert "no_id" not in "".join(read_events(small())["flags"])


def test_deaths_negative_unreadable_or_out_of_order() -> None:
    frame = pd.DataFrame(
        {
            "lon": [1.0] * 4,
            "lat": [2.0] * 4,
            "fatalities_best": ["5", "-1", "many", "5"],
            "fatalities_low": ["1", "0", "", "9"],
        }
    )
    out = read_events(frame)
    assert out["flags"].tolist() == ["", "bad_fatalities", "bad_fatalities", "fatalities_order"]
    assert np.isnan(out["fatalities_best"].tolist()[1])


def test_a_forced_source_that_does_not_fit() -> None:
    with pytest.raises(
        ValueError, match=r"'ucdp' needs columns that are missing here: side_a.*'lon'"
    ):
        read_events(small(), source="ucdp")
    with pytest.raises(ValueError, match="Invalid source: 'emdat'"):
        read_events(small(), source="emdat")


# promises ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "index",
    [
        pd.Index([7, 7, 3]),
        pd.Index(["c", "a", "b"], name="key"),
        pd.MultiIndex.from_tuples([(1, "a"), (1, "a"), (0, "b")]),
        pd.date_range("2020-01-01", periods=3),
    ],
)
def test_order_and_index_are_kept(index: Any) -> None:
    frame = pd.DataFrame({"id": ["c", "a", "b"], "lon": [3, 1, 2], "lat": [0, 0, 1]}, index=index)
    out = read_events(frame)
    assert out.index.equals(index)
    assert out.index.names == index.names
    assert out["event_id"].tolist() == ["c", "a", "b"]
    assert out.geometry.x.tolist() == [3, 1, 2]


def test_the_callers_frame_is_unchanged() -> None:
    frame = gpd.GeoDataFrame(
        {"id": [1, 2], "source": ["a", "b"], 3: [4, 5]},
        geometry=gpd.points_from_xy([0.0, 1.0], [0.0, 95.0]),
        crs=4326,
        index=[5, 5],
    )
    frame.attrs["mine"] = 1
    before, columns = frame.copy(deep=True), list(frame.columns)
    out = read_events(frame)
    out.loc[5, "id"] = 99
    out["source_"] = "changed"
    assert list(frame.columns) == columns
    pd.testing.assert_frame_equal(pd.DataFrame(frame), pd.DataFrame(before))
    assert frame.attrs == {"mine": 1}
    assert out.attrs["mine"] == 1


def test_reading_twice_changes_nothing(tmp_path: Any) -> None:
    frame = pd.DataFrame(
        {
            "id": ["1", "1", "3"],
            "date": ["2020-01", "oops", "2020-03-04"],
            "lon": [69.5, 200.0, None],
            "lat": [36.7, 1.0, None],
            "place": ["Taloqan", None, "Khwaja Ghar"],
            "killed": [1, 2, None],
        }
    )
    once = read_events(frame)
    twice = read_events(once)
    pd.testing.assert_frame_equal(pd.DataFrame(once), pd.DataFrame(twice))
    once.to_parquet(tmp_path / "e.parquet")
    again = read_events(tmp_path / "e.parquet")
    pd.testing.assert_frame_equal(pd.DataFrame(once), pd.DataFrame(again), check_dtype=False)


def test_report_is_plain_and_logged_but_not_printed(capsys: Any, caplog: Any) -> None:
    with caplog.at_level(logging.INFO, logger="geo_risk"):
        out = read_events(small(id=[1, 1]))
    report = out.attrs["geo_risk"]
    assert json.loads(json.dumps(report)) == report
    assert report["source"] == "table"
    assert report["recognised"] is True
    assert report["rows"] == 2
    assert report["flags"] == {"duplicate_id": 2}
    assert "2 rows as table (recognised)" in caplog.text
    assert capsys.readouterr() == ("", "")


def test_every_flag_has_a_meaning() -> None:
    assert all(FLAGS.values())
    assert all(";" not in code and " " not in code for code in FLAGS)


# text --------------------------------------------------------------------------------------------


def test_text_becomes_numbers_only_where_nothing_is_lost(tmp_path: Any) -> None:
    (tmp_path / "e.csv").write_text(
        "lon,lat,pcode,n,r,country_code,big,mixed\n"
        "1.5,2,007,1,1,NA,12345678901234567890,1\n"
        "1,2,11,2,NA,NA,1,x\n"
    )
    out = read_events(tmp_path / "e.csv")
    assert out["pcode"].tolist() == ["007", "11"]
    assert out["n"].dtype == "int64"
    assert out["r"].tolist()[0] == 1
    assert out["r"].isna().tolist() == [False, True]
    assert out["country_stated"].tolist() == ["NA", "NA"]  # Namibia
    assert out["big"].tolist() == ["12345678901234567890", "1"]
    assert out["mixed"].tolist() == ["1", "x"]


def test_bom_cp1252_and_other_encodings(tmp_path: Any) -> None:
    path = tmp_path / "e.csv"
    path.write_bytes(b"\xef\xbb\xbf" + "lon,lat,place\n1,2,Fāryāb\n".encode())
    out = read_events(path)
    assert list(out.columns)[-3:] == ["lon", "lat", "place"]
    assert out["location_name"][0] == "Fāryāb"
    path.write_bytes("lon,lat,place\n1,2,Bogotá\n1,2,Lima\n".encode("cp1252"))
    out = read_events(path)
    assert out["location_name"].tolist() == ["Bogotá", "Lima"]
    assert out["flags"].tolist() == ["decoded_cp1252", ""]
    path.write_bytes("lon,lat,place\n1,2,Фергана\n".encode("cp1251"))
    assert read_events(path, encoding="cp1251")["location_name"][0] == "Фергана"
    with pytest.raises(ValueError, match=r"the text is not utf-8-sig.*encoding="):
        read_events(path, encoding="utf-8")
    path.write_text("lon,lat,place\n1,2,Кундуз\n", encoding="utf-16")
    assert read_events(path)["location_name"][0] == "Кундуз"


def test_old_macintosh_line_ends_and_blank_lines(tmp_path: Any) -> None:
    (tmp_path / "e.csv").write_bytes(b"lon,lat\r1,2\r3,4\r")
    assert read_events(tmp_path / "e.csv").geometry.x.tolist() == [1, 3]
    (tmp_path / "e.csv").write_bytes(b"\r\nlon,lat\r\n1,2\r\n\r\n3,4\r\n\r\n")
    assert read_events(tmp_path / "e.csv").geometry.x.tolist() == [1, 3]


def test_repeated_and_empty_column_names(tmp_path: Any) -> None:
    (tmp_path / "e.csv").write_text("lon,lat,a,a,,a\n1,2,3,4,5,6\n")
    out = read_events(tmp_path / "e.csv")
    assert list(out.columns)[-4:] == ["a", "a.1", "column_5", "a.2"]
    frame = pd.DataFrame([[1.0, 2.0, 3, 4]], columns=["lon", "lat", "a", "a"])
    assert list(read_events(frame).columns)[-2:] == ["a", "a.1"]


def test_archives_with_no_or_several_tables(tmp_path: Any) -> None:
    path = tmp_path / "e.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a.csv", CSV)
        archive.writestr("../../b.csv", CSV)
    with pytest.raises(ValueError, match=r"several tables: 'a.csv', '../../b.csv'.*member="):
        read_events(path)
    assert len(read_events(path, member="../../b.csv")) == 2
    assert sorted(p.name for p in tmp_path.parent.parent.iterdir() if p.name == "b.csv") == []
    with pytest.raises(ValueError, match=r"Invalid member: 'c.csv'"):
        read_events(path, member="c.csv")
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a.pdf", b"")
    with pytest.raises(ValueError, match=r"no delimited text.*'a.pdf'"):
        read_events(path)


def test_truncated_archives(tmp_path: Any) -> None:
    whole = gzip.compress((CSV * 3000).encode(), mtime=0)
    (tmp_path / "e.csv.gz").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(DataCorruptError, match=r"damaged or cut short"):
        read_events(tmp_path / "e.csv.gz")
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.csv", CSV * 3000)
    (tmp_path / "e.zip").write_bytes(buffer.getvalue()[:200])
    with pytest.raises(DataCorruptError, match="not a readable zip"):
        read_events(tmp_path / "e.zip")


def test_names_that_are_given_twice_are_numbered_as_those_of_a_header_are() -> None:
    text = b"a,69.5,36.7,x\nb,69.6,36.8,y\n"
    found = read_events(io.BytesIO(text), names=["id", "lon", "lat", "lon"])
    assert found["lon"].tolist() == [69.5, 69.6]
    assert found["lon.1"].tolist() == ["x", "y"]


@pytest.mark.parametrize("crs", ['LOCAL_CS["x"]', "EPSG:5773", "EPSG:4978"])
def test_a_crs_of_no_place_on_the_map_is_refused(crs: str) -> None:
    with pytest.raises(ValueError, match="has neither longitude and latitude nor a projection"):
        read_events(io.BytesIO(CSV.encode()), crs=crs)


@pytest.mark.parametrize("crs", ["EPSG:4326+5773", "EPSG:4979", "EPSG:9518", "OGC:CRS84"])
def test_a_crs_that_has_heights_too_is_taken(crs: str) -> None:
    assert read_events(io.BytesIO(CSV.encode()), crs=crs)["lon"].tolist() == [69.5, 69.6]


@pytest.mark.parametrize("given", [{"member": "x"}, {"layer": 9}, {"layer": "x"}])
@pytest.mark.parametrize("ending", [".csv", ".csv.gz", ".jsonl", ".parquet", ".feather"])
def test_a_choice_where_there_is_none_is_refused(tmp_path: Any, ending: str, given: Any) -> None:
    frame, path = pd.DataFrame({"lon": [1.0], "lat": [2.0]}), tmp_path / f"e{ending}"
    if ending == ".jsonl":
        path.write_text('{"lon": 1, "lat": 2}\n')
    elif ending == ".parquet":
        frame.to_parquet(path)
    elif ending == ".feather":
        frame.to_feather(path)
    else:
        frame.to_csv(path, index=False)
    (name,) = given
    with pytest.raises(ValueError, match=f"Invalid {name}: .* is not used; e{ending} "):
        read_events(path, **given)
    if name == "member":
        with pytest.raises(ValueError, match="Invalid member"):
            list(events.iter_events(path, **given))
