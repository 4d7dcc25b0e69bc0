"""Tables as people have them: semicolons, decimal commas, odd headers, both coordinates in one."""

from __future__ import annotations

import importlib.util
import json
import pickle
import zipfile
from pathlib import Path
from typing import Any

import geopandas as gpd
import pandas as pd
import pyarrow as pa
import pyarrow.feather as feather
import pyarrow.parquet as pq
import pytest
import shapely

from geo_risk.errors import DataCorruptError, OptionNeededError
from geo_risk.events import iter_events, read_events
from geo_risk.regions import load_regions

TALOQAN = (69.53, 36.74)


def at(frame: Any, row: int = 0) -> tuple[float, float]:
    return (frame.geometry.iloc[row].x, frame.geometry.iloc[row].y)


def test_a_european_spreadsheet_saved_as_csv(tmp_path: Path) -> None:
    text = (
        "ID;Date;Longitude;Latitude;City;Deaths\r\n"
        "1;13/04/2020;69,53;36,74;Taloqan;8\r\n2;05/04/2020;-74,08;4,61;Bogot\xe1;0\r\n"
    )
    (tmp_path / "e.csv").write_bytes(b"\xef\xbb\xbf" + text.encode())
    (tmp_path / "latin.csv").write_bytes(text.encode("latin-1"))
    for name in ("e.csv", "latin.csv"):
        out = read_events(tmp_path / name)
        assert at(out) == TALOQAN
        assert [str(day.date()) for day in out["date_start"]] == ["2020-04-13", "2020-04-05"]
        assert out["location_name"].tolist() == ["Taloqan", "Bogotá"]
        assert out["fatalities_best"].tolist() == [8, 0]
        assert out.attrs["geo_risk"]["delimiter"] == ";"
    assert "decoded_cp1252" in read_events(tmp_path / "latin.csv")["flags"].tolist()


@pytest.mark.parametrize(
    "names",
    [
        ("EVENT ID", "Event Date", "LONGITUDE ", "Latitude (WGS84)"),
        ("event-id", "event_date", " Lon [deg]", "LAT [deg]"),
        ("EventID", "EventDate", "GPS Long", "GPS Lat"),
    ],
)
def test_column_names_in_odd_writing(tmp_path: Path, names: tuple[str, ...]) -> None:
    (tmp_path / "e.csv").write_text(",".join(names) + "\n7,2020-01-05,69.53,36.74\n")
    out = read_events(tmp_path / "e.csv")
    assert at(out) == TALOQAN
    assert out["event_id"].tolist() == ["7"]


def test_the_thousands_of_a_number_of_deaths() -> None:
    killed = ["1,234", "12", "1,234,567", "0.5", "unknown", "1,23"]
    out = read_events(pd.DataFrame({"lon": 1.0, "lat": 2.0, "killed": killed}))
    assert out["fatalities_best"].tolist()[:4] == [1234, 12, 1_234_567, 0.5]
    assert out["flags"].tolist() == ["", "", "", "", "bad_fatalities", ""]
    degrees = read_events(pd.DataFrame({"lon": ["69,534"], "lat": ["36,736"]}))
    assert at(degrees) == (69.534, 36.736)  # no thousands among degrees


@pytest.mark.parametrize(
    ("name", "cell"),
    [
        ("latlon", "36.74, 69.53"),
        ("Lat/Lng", "(36.74 69.53)"),
        ("lat_long", "36,74; 69,53"),
        ("latitude,longitude", "[36.74,69.53]"),
        ("lonlat", "69.53,36.74"),
        ("LngLat", "69.53E, 36.74N"),
        ("latlon", [36.74, 69.53]),
        ("location", {"lat": "36.74", "lng": 69.53}),
        ("coordinates", {"longitude": 69.53, "latitude": 36.74}),
    ],
)
def test_both_coordinates_in_one_column(name: str, cell: Any) -> None:
    out = read_events(pd.DataFrame({"id": [1, 2, 3], name: [cell, None, "somewhere"]}))
    assert at(out) == TALOQAN
    assert out["flags"].tolist() == ["", "no_coordinates", "bad_coordinates"]
    assert out.attrs["geo_risk"]["columns"]["geometry"] == name
    assert out[name].tolist()[0] == cell


def test_the_order_of_both_in_one_column_is_asked_for_and_never_guessed() -> None:
    portal = pd.DataFrame({"id": [1], "Location": ["(41.9, -87.7)"]})
    out = read_events(portal)
    assert out["flags"].tolist() == ["no_coordinates"]
    assert "columns={\"latlon\": 'Location'}" in out.attrs["geo_risk"]["notes"][0]
    assert at(read_events(portal, columns={"latlon": "Location"})) == (-87.7, 41.9)
    assert at(read_events(portal, columns={"lonlat": "Location"})) == (41.9, -87.7)
    other = portal.rename(columns={"Location": "where"})
    with pytest.raises(ValueError, match=r"'where' seems to contain positions: .*lonlat"):
        read_events(other)


def test_ambiguous_dates_are_said_aloud(tmp_path: Path) -> None:
    (tmp_path / "e.csv").write_text("date,lon,lat\n03/04/2020,1,2\n05/06/2020,1,2\n")
    with pytest.raises(ValueError, match=r"'date'.*both ways.*'03/04/2020'.*dayfirst=True"):
        read_events(tmp_path / "e.csv")
    for dayfirst, day in ((True, "2020-04-03"), (False, "2020-03-04")):
        out = read_events(tmp_path / "e.csv", dayfirst=dayfirst)
        assert str(out["date_start"][0].date()) == day


def test_lines_above_the_header_are_suspected(tmp_path: Path) -> None:
    (tmp_path / "e.csv").write_text("Incidents 2020\n\nid,lon,lat\n1,1,2\n")
    with pytest.raises(ValueError, match="other lines above the header"):
        read_events(tmp_path / "e.csv")
    (tmp_path / "e.csv").write_text("id lon lat\n1 1 2\n")
    with pytest.raises(ValueError, match="another delimiter="):
        read_events(tmp_path / "e.csv")
    assert at(read_events(tmp_path / "e.csv", delimiter=" ")) == (1, 2)


def test_wkt_beside_other_columns(tmp_path: Path) -> None:
    (tmp_path / "e.csv").write_text("id;wkt\n1;POINT(69.53 36.74)\n2;POINT Z (69.53 36.74 800)\n")
    out = read_events(tmp_path / "e.csv")
    assert at(out) == at(out, 1) == TALOQAN


def test_columns_of_points_alone() -> None:
    points = gpd.GeoSeries([shapely.Point(1, 2), None], crs=4326, index=["a", "b"])
    out = read_events(points)
    assert at(out) == (1, 2)
    assert out.index.tolist() == ["a", "b"]
    with pytest.raises(TypeError, match="a Series is one column"):
        read_events(pd.Series([1, 2]))


def test_answers_of_services_with_nested_positions(tmp_path: Path) -> None:
    rows = [{"id": 1, "date": "2020-01-05T23:30:00-05:00", "geo": {"lat": 36.74, "lon": 69.53}}]
    (tmp_path / "e.json").write_text(json.dumps(rows))
    out = read_events(tmp_path / "e.json")
    assert at(out) == TALOQAN
    assert str(out["date_start"][0].date()) == "2020-01-06"  # the UTC day


ASKED = [
    ("a,b\n1,2\n", {}, ("lon", "lat", "location_name", "geometry")),
    ("1,2\n3,4\n", {}, ("lon", "lat", "names", "location_name", "geometry")),
    ("a\n1\n", {}, ("lon", "lat", "delimiter", "location_name", "geometry")),
    ("a;b\n1;36.7,69.5\n", {}, ("lon", "lat", "location_name", "geometry", "latlon")),
    ("lon,lng,lat\n1,2,3\n", {}, ("lon", "lat")),
    ("lon,b\n1,2\n", {}, ("lat",)),
    ("b,lat\n1,2\n", {}, ("lon",)),
    ("x,y\n545000,4065000\n", {}, ("crs",)),
    ("lon,lat,date\n1,2,03/04/2020\n", {}, ("dayfirst",)),
    ("lon,lat\x00\n1,2\n", {}, ("encoding",)),
    ("lon,lat,a\n1,2,é\n", {"encoding": "ascii"}, ("encoding",)),
]


@pytest.mark.parametrize(("text", "given", "options"), ASKED)
def test_what_is_left_open_is_named_as_data(
    tmp_path: Path, text: str, given: dict[str, Any], options: tuple[str, ...]
) -> None:
    (tmp_path / "e.csv").write_text(text, encoding="utf-8")
    with pytest.raises(OptionNeededError, match="=") as asked:
        read_events(tmp_path / "e.csv", **given)
    assert isinstance(asked.value, ValueError)
    assert asked.value.options == options
    sent = pickle.loads(pickle.dumps(asked.value))
    assert (str(sent), sent.options) == (str(asked.value), options)


def test_an_archive_of_several_tables_asks_for_one(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "e.zip", "w") as archive:
        archive.writestr("a.csv", "lon,lat\n1,2\n")
        archive.writestr("b.csv", "lon,lat\n1,2\n")
    with pytest.raises(OptionNeededError, match=r"several tables: 'a\.csv', 'b\.csv'") as asked:
        read_events(tmp_path / "e.zip")
    assert asked.value.options == ("member",)


@pytest.mark.parametrize(
    ("frame", "crs"),
    [
        (gpd.GeoDataFrame(geometry=[shapely.Point(1, 2)]), None),
        (gpd.GeoDataFrame(geometry=[shapely.Point(1, 2)], crs=4326), "EPSG:3857"),
    ],
)
def test_a_crs_that_is_missing_or_contradicts_is_asked_for(frame: Any, crs: str | None) -> None:
    with pytest.raises(OptionNeededError, match=r"CRS|crs") as asked:
        read_events(frame, crs=crs)
    assert asked.value.options == ("crs",)


def test_a_file_of_several_layers_asks_for_one(tmp_path: Path) -> None:
    frame = gpd.GeoDataFrame(geometry=[shapely.Point(1, 2)], crs=4326)
    for name in ("a", "b"):
        frame.to_file(tmp_path / "e.gpkg", layer=name)
    with pytest.raises(
        OptionNeededError, match=r"has 2 layers: give layer= one of 'a', 'b'"
    ) as asked:
        read_events(tmp_path / "e.gpkg")
    assert asked.value.options == ("layer",)


@pytest.mark.skipif(importlib.util.find_spec("openpyxl") is None, reason="openpyxl is optional")
def test_workbooks(tmp_path: Path) -> None:
    data = pd.DataFrame({"id": [1], "lon": [69.53], "lat": [36.74], "date": ["2020-01-05"]})
    with pd.ExcelWriter(tmp_path / "e.xlsx") as book:
        data.to_excel(book, index=False, sheet_name="Data")
        pd.DataFrame().to_excel(book, sheet_name="Sheet2")
    assert at(read_events(tmp_path / "e.xlsx")) == TALOQAN
    with pd.ExcelWriter(tmp_path / "e.xlsx") as book:
        pd.DataFrame({"about": ["a table"]}).to_excel(book, index=False, sheet_name="Readme")
        data.to_excel(book, index=False, sheet_name="Data")
    told = r"several sheets: \['Readme', 'Data'\].*layer="
    with pytest.raises(OptionNeededError, match=told) as asked:
        read_events(tmp_path / "e.xlsx")
    assert asked.value.options == ("layer",)
    assert at(read_events(tmp_path / "e.xlsx", layer="Data")) == TALOQAN
    with pd.ExcelWriter(tmp_path / "e.xlsx") as book:
        data.to_excel(book, index=False, startrow=3)
    assert at(read_events(tmp_path / "e.xlsx")) == TALOQAN
    with pd.ExcelWriter(tmp_path / "e.xlsx") as book:
        pd.DataFrame([["A title"]]).to_excel(book, index=False, header=False)
        data.to_excel(book, index=False, startrow=3)
    with pytest.raises(ValueError, match="other lines above the header"):
        read_events(tmp_path / "e.xlsx")


@pytest.mark.parametrize("name", ["e.parquet", "e.feather"])
def test_columnar_text_that_is_no_utf8_is_told(tmp_path: Path, name: str) -> None:
    broken = pa.Array.from_buffers(
        pa.string(),
        2,
        [None, pa.array([0, 3, 6], pa.int32()).buffers()[1], pa.py_buffer(b"a\xd2bxyz")],
    )
    table = pa.table({"lon": [1.0, 2.0], "lat": [1.0, 2.0], "place": broken})
    if name.endswith(".parquet"):
        pq.write_table(table, tmp_path / name)
    else:
        feather.write_feather(table, tmp_path / name)
    with pytest.raises(DataCorruptError, match=r"(?i)utf-?8"):
        read_events(tmp_path / name)
    with pytest.raises(DataCorruptError, match=r"(?i)utf-?8"):
        read_events(table)
    if name.endswith(".parquet"):
        with pytest.raises(DataCorruptError, match=r"(?i)utf-?8"):
            list(iter_events(tmp_path / name))


def test_columnar_names_that_are_no_utf8_are_told(tmp_path: Path) -> None:
    feather.write_feather(
        pa.table({"lon": [1.0], "lat": [2.0], "plaza": ["x"]}), tmp_path / "e.arrow"
    )
    content = (tmp_path / "e.arrow").read_bytes()
    (tmp_path / "e.arrow").write_bytes(content.replace(b"plaza", b"pla\xf7a"))
    with pytest.raises(DataCorruptError, match=r"cannot be used|not a readable"):
        read_events(tmp_path / "e.arrow")


def test_parquet_names_that_are_no_utf8_are_told_in_chunks_too(tmp_path: Path) -> None:
    pq.write_table(pa.table({"lon": [1.0], "lat": [2.0], "plaza": ["x"]}), tmp_path / "e.parquet")
    content = (tmp_path / "e.parquet").read_bytes()
    (tmp_path / "e.parquet").write_bytes(content.replace(b"plaza", b"pla\xf7a"))
    with pytest.raises(DataCorruptError, match="not a readable Parquet"):
        read_events(tmp_path / "e.parquet")
    with pytest.raises(DataCorruptError, match="not a readable Parquet"):
        list(iter_events(tmp_path / "e.parquet"))


@pytest.mark.parametrize("rows", [[{}], [{}, {}], [{}, 7, {}]])
@pytest.mark.parametrize("name", ["e.json", "e.jsonl", "data.json"])
def test_records_that_are_all_empty_are_told_of(tmp_path, name, rows):
    """They vanished: the table had no row."""
    path = tmp_path / name
    text = "\n".join(map(json.dumps, rows)) if name == "e.jsonl" else json.dumps(rows)
    path.write_text(f'{{"data": {text}}}' if name == "data.json" else text)
    with pytest.raises(OptionNeededError, match=r"The table has no columns\."):
        read_events(path)


@pytest.mark.parametrize("rows", [[{}, {"lon": 1, "lat": 2}], [{"lon": 1, "lat": 2}, {}, {}]])
def test_an_empty_record_among_others_stays_a_row(rows):
    flags = read_events(rows)["flags"].tolist()
    assert flags == ["" if row else "no_coordinates" for row in rows]


def shapefile(folder, n, name="e.shp"):
    points = gpd.points_from_xy(range(n), [1] * n)
    columns = {"event": [f"e{k}" for k in range(n)]}
    gpd.GeoDataFrame(columns, geometry=points, crs="EPSG:4326").to_file(folder / name)
    return folder / name


def test_a_shapefile_with_too_few_records_is_damaged(tmp_path):
    path, short = shapefile(tmp_path, 9), shapefile(tmp_path, 4, "short.shp")
    assert len(read_events(path)) == 9
    path.with_suffix(".dbf").write_bytes(short.with_suffix(".dbf").read_bytes())
    told = r"e\.dbf has 4 records for 9 shapes"
    with pytest.raises(DataCorruptError, match=told):
        read_events(path)
    with pytest.raises(DataCorruptError, match=told):
        load_regions(path)


def test_a_shapefile_without_records_is_said_to_have_no_columns(tmp_path, caplog):
    path = shapefile(tmp_path, 9)
    read_events(path)
    assert "no .dbf" not in caplog.text
    path.with_suffix(".dbf").unlink()
    assert read_events(path).geometry.x.tolist() == list(range(9))
    assert "e.shp has no .dbf beside it: its shapes are read" in caplog.text
