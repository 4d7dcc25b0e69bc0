"""Neither reader lets a file lead elsewhere; tests/property tries every disguise."""

from __future__ import annotations

import os
import re
import sqlite3
import subprocess
import sys
import zipfile
from contextlib import closing, suppress
from pathlib import Path

import geopandas
import pandas
import pyarrow
import pyogrio
import pyproj
import pytest
import shapely
from foreign_cases import GML, READERS, SENTINEL, Elsewhere, texts, tried, watched, written

import geo_risk as gr
from geo_risk._core import grids as _grids, vector as _vector
from geo_risk.errors import DataCorruptError

NATIVE = {"network link": ".kml", "style": ".kml"}


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with watched(tmp_path_factory.mktemp("elsewhere")) as there:
        yield there


@pytest.fixture
def elsewhere(server):
    server.requests.clear()
    return server


def boxes() -> geopandas.GeoDataFrame:
    shapes = [shapely.box(x, 1, x + 1, 2) for x in (1, 2)]
    return geopandas.GeoDataFrame({"pcode": ["A", "B"]}, geometry=shapes, crs="EPSG:4326")


def test_what_watches_sees_a_request(tmp_path_factory, tmp_path):
    with watched(tmp_path_factory.mktemp("control")) as there:
        (tmp_path / "a.gml").write_text(texts(there)["wfs"])
        # in another process: pyogrio 0.11 keeps the one that would answer waiting
        code = "import pyogrio, sys; pyogrio.list_layers(sys.argv[1])"
        command = [sys.executable, "-c", code, tmp_path / "a.gml"]
        subprocess.run(command, capture_output=True, timeout=60, check=False)
        assert there.requests


@pytest.mark.parametrize("kind", texts(Elsewhere("", [], None)))
@pytest.mark.parametrize("reader", READERS)
def test_no_file_leads_elsewhere(tmp_path, elsewhere, reader, kind):
    text = texts(elsewhere)[kind]
    ending = NATIVE.get(kind, ".geojson" if text.startswith("{") else ".gml")
    tried(reader, written(tmp_path / f"a{ending}", text.encode(), ""))
    assert elsewhere.requests == []


@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize("ending", [".gml", ".gpkg", ".fgb", ".shp", ".geojson", ".kml"])
def test_what_is_not_what_its_ending_says(tmp_path, elsewhere, reader, ending):
    path = tmp_path / f"a{ending}"
    path.write_text(texts(elsewhere)["vrt of a file"])
    with pytest.raises(DataCorruptError, match="cannot be read"):
        READERS[reader](path)


@pytest.mark.parametrize("ending", ["geojson", "gpkg", "fgb", "parquet", "zip"])
@pytest.mark.parametrize("name", ["0a1b-query", "0a1b-layer.ashx"])
def test_a_name_without_a_known_ending_is_known_by_its_beginning(tmp_path, name, ending):
    plain = tmp_path / f"a.{ending.replace('zip', 'geojson')}"
    boxes().to_parquet(plain) if ending == "parquet" else boxes().to_file(plain)
    if ending == "zip":
        with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
            archive.write(plain, plain.name)
    (tmp_path / f"a.{ending}").rename(tmp_path / name)
    assert len(gr.load_regions(tmp_path / name, level=1)) == len(boxes())


def test_an_ending_that_is_not_read_is_told_with_those_that_are(tmp_path):
    for name in ("a.vrt", "a.tab", "a.dxf", "a"):
        (tmp_path / name).write_text("x")
        with pytest.raises(ValueError, match=r"ends in none of \.geojson, .*\.gpkg.*ogr2ogr"):
            gr.load_regions(tmp_path / name)
    with pytest.raises(ValueError, match="is not a file"):
        gr.load_regions(tmp_path)


@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize(
    "name", ["/vsicurl/{}", "/vsizip//vsicurl/{}/a.zip", "{}", "WFS:{}", "CSW:{}", "GMLAS:{}",
             "/vsicurl_streaming/{}", "zip+{}", "<OGRVRTDataSource/>", "OAPIF:{}", "GeoJSON:{}"],
)  # fmt: skip
def test_a_path_is_a_path(elsewhere, reader, name):
    with pytest.raises((FileNotFoundError, ValueError)):
        READERS[reader](name.format(f"{elsewhere.url}/a.geojson"))
    assert elsewhere.requests == []


@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize("name", ["WFS:a.{}", "b!a.{}", "a.{0};.{0}", "a.{0}?.{0}", "a,xsd=b.{}"])
@pytest.mark.parametrize("ending", ["gpkg", "shp"])
def test_a_file_that_is_called_like_something_else(tmp_path, reader, ending, name, monkeypatch):
    """GDAL takes a prefix for a command, pyogrio "!" for an archive; here they are names."""
    monkeypatch.chdir(tmp_path)
    boxes().iloc[:1].to_file(f"a.{ending}")
    boxes().to_file(tmp_path / f"b.{ending}")
    named = Path(name.format(ending))
    for part in Path().glob("b.*"):
        part.rename(named.with_suffix(part.suffix))
    assert len(READERS[reader](named)) == 2


def logged(folder: Path, statements: tuple[str, ...] = ()) -> Path:
    """A GeoPackage as QGIS has it while it is open: what the statements do stands in its log."""
    path, held = folder / "a.gpkg", folder / "held.gpkg"
    boxes().to_file(held)
    with closing(sqlite3.connect(held)) as connection:
        for name in ("ST_IsEmpty", "ST_MinX", "ST_MaxX", "ST_MinY", "ST_MaxY"):
            connection.create_function(name, 1, lambda _: 0)
        connection.execute("PRAGMA journal_mode = WAL")
        for statement in ("PRAGMA writable_schema = 1", *statements):
            connection.execute(statement)
            connection.commit()
        for part in folder.glob("held.gpkg*"):
            part.with_name(part.name.replace("held", "a")).write_bytes(part.read_bytes())
    for part in folder.glob("held.gpkg*"):
        part.unlink()
    return path


def contents(folder: Path) -> dict[str, bytes]:
    return {part.name: part.read_bytes() for part in folder.iterdir()}


@pytest.mark.parametrize("reader", READERS)
def test_the_log_of_a_geopackage_is_read_and_nothing_written(tmp_path, reader):
    path = logged(tmp_path, ("UPDATE held SET pcode = pcode || 'new'",))
    before = contents(tmp_path)
    assert before["a.gpkg-wal"]
    found = READERS[reader](path)
    assert list(found.columns["pcode"] if reader == "layers" else found["pcode"]) == [
        "Anew",
        "Bnew",
    ]
    assert contents(tmp_path) == before


def test_what_a_log_brings_in_is_looked_at(tmp_path):
    program = "INSERT INTO sqlite_master VALUES ('table', 'v', 'v', 0, '{}')"
    path = logged(tmp_path, (program.format("CREATE VIRTUAL TABLE v USING VirtualOGR(''x'')"),))
    for reader in READERS.values():
        with pytest.raises(DataCorruptError, match="'v' is made by a program"):
            reader(path)
    with pytest.raises(DataCorruptError, match="'v' is made by a program"):
        _vector.layers_of(path)


@pytest.mark.parametrize(
    ("name", "reader"),
    [
        *((name, reader) for name in ("a.gpkg", "a!b.gpkg") for reader in READERS),
        ("a.zip", "layers"),
    ],
)
def test_a_geopackage_that_keeps_a_log_but_has_none_now(tmp_path, reader, name):
    held = tmp_path / "held.gpkg"
    boxes().to_file(held)
    with closing(sqlite3.connect(held)) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
    if name.endswith(".zip"):
        with zipfile.ZipFile(tmp_path / name, "w") as archive:
            archive.write(held, "a.gpkg")
    else:
        held.rename(tmp_path / name)
    changed = tmp_path.stat().st_mtime_ns
    assert len(READERS[reader](tmp_path / name)) == 2
    assert tmp_path.stat().st_mtime_ns == changed  # no log was made and deleted again


@pytest.mark.parametrize("reader", READERS)
def test_a_geopackage_that_is_half_written(tmp_path, reader):
    boxes().to_file(tmp_path / "a.gpkg")
    (tmp_path / "a.gpkg-journal").write_bytes(b"\x00" * 512)  # of a transaction that ended
    assert len(READERS[reader](tmp_path / "a.gpkg")) == 2
    (tmp_path / "a.gpkg-journal").write_bytes(b"\xd9\xd5\x05\xf9" + b"\x00" * 508)
    with pytest.raises(DataCorruptError, match=r"was only partly written, as a\.gpkg-journal"):
        READERS[reader](tmp_path / "a.gpkg")


def with_crs(path: Path, told: pyproj.CRS) -> Path:
    """Boxes whose file states a CRS."""
    frame = boxes().set_crs(told, allow_override=True)
    if path.suffix == ".parquet":
        frame.to_parquet(path)
    elif path.suffix == ".zip":
        shape = with_crs(path.with_suffix(".shp"), told)
        with zipfile.ZipFile(path, "w") as archive:
            for part in (".shp", ".shx", ".dbf", ".prj"):
                archive.write(shape.with_suffix(part), f"a{part}")
    else:
        frame.to_file(path)
    if path.suffix == ".shp":
        path.with_suffix(".prj").write_text(told.to_wkt("WKT1_GDAL"))
    return path


GRIDS = [
    "+proj=longlat +ellps=clrk66 +nadgrids=@{} +type=crs",
    "+proj=longlat +ellps=clrk66 +nadgrids=null,{} +type=crs",
    "+proj=longlat +datum=WGS84 +geoidgrids={} +type=crs",
]


@pytest.mark.parametrize("stated", GRIDS)
@pytest.mark.parametrize("name", ["a.shp", "a.gpkg", "a.fgb", "a.parquet", "a!.fgb", "a.zip"])
def test_a_crs_leads_to_no_file(tmp_path, name, stated):
    grid = tmp_path / "grid.gsb"
    grid.write_bytes(b"x" * 500)
    plain = with_crs(tmp_path / name.replace("!", ""), pyproj.CRS(stated.format(grid)))
    path = plain.rename(tmp_path / name)
    read = READERS["layers"], READERS["events"]
    os.utime(grid, (0, 0))
    for reader in read if name != "a.zip" else read[:1]:
        with pytest.raises((ValueError, DataCorruptError), match="a grid by its path"):
            reader(path)
    assert grid.stat().st_atime == 0


@pytest.mark.parametrize("crs", ["EPSG:99999", "garbage", -5, "+proj=nope"])
def test_a_crs_that_nobody_knows_is_a_bad_argument(tmp_path, crs):
    boxes().to_file(tmp_path / "a.gpkg")
    shapes = pandas.DataFrame({"geometry": ["POINT (1 2)"]})
    for read, source in (
        (gr.load_regions, tmp_path / "a.gpkg"), (gr.read_events, tmp_path / "a.gpkg"),
        (gr.read_events, [{"x": 1.0, "y": 2.0}]), (gr.read_events, shapes),
    ):  # fmt: skip
        with pytest.raises(ValueError, match=f"Invalid crs: {re.escape(repr(crs))}; must be one"):
            read(source, crs=crs)


def test_text_in_geoparquet_that_is_no_utf8(tmp_path):
    path = tmp_path / "a.parquet"
    boxes().assign(pcode=["AAAA", "BBBBBBBB"]).to_parquet(path, compression=None)
    path.write_bytes(path.read_bytes().replace(b"BBBBBBBB", b"BBBB\xffBBB"))
    for reader in READERS.values():
        with pytest.raises(DataCorruptError, match="UTF"):
            reader(path)


def test_an_arrow_column_leads_to_no_file(tmp_path):
    told = pyproj.CRS(f"+proj=longlat +ellps=clrk66 +nadgrids={tmp_path}/a.gsb +type=crs")
    table = pyarrow.table(boxes().set_crs(told, allow_override=True).to_arrow())
    with pytest.raises(ValueError, match="a grid by its path"):
        gr.read_events(table)


@pytest.mark.parametrize(
    "code", ["EPSG:3857", "EPSG:27700", "EPSG:2154", "EPSG:31287", "ESRI:54009"]
)
@pytest.mark.parametrize("name", ["a.shp", "a.gpkg", "a.fgb", "a.parquet"])
def test_a_crs_of_common_use_leads_nowhere(tmp_path, name, code):
    for version in ("WKT1_GDAL", "WKT1_ESRI"):
        _grids.refuse_paths(pyproj.CRS(code).to_wkt(version), name)
    path = with_crs(tmp_path / name, pyproj.CRS(code))
    assert len(_vector.read_vector(path).frame) == 2


@pytest.mark.parametrize("reader", READERS)
def test_sidecars_of_gml_are_not_opened_and_none_is_written(tmp_path, elsewhere, reader):
    path = tmp_path / "a.gml"
    path.write_text(GML % ("", "", "<x:secret>no</x:secret>"))
    class_of = (
        "<GMLFeatureClassList><GMLFeatureClass><Name>a</Name><ElementPath>a</ElementPath>"
        f"<SRSName>{elsewhere.url}/srs</SRSName></GMLFeatureClass></GMLFeatureClassList>"
    )
    (tmp_path / "a.gfs").write_text(class_of)
    (tmp_path / "a.xsd").write_text(
        f'<schema><include schemaLocation="{elsewhere.url}/b"/></schema>'
    )
    tried(reader, path)
    (tmp_path / "a.gfs").unlink()
    tried(reader, path)
    assert elsewhere.requests == []
    assert sorted(part.name for part in tmp_path.iterdir()) == ["a.gml", "a.xsd"]
    assert not [name for name in pyogrio.vsi_listtree("/vsimem/") if name.endswith(".gfs")]


PIXEL = "gdal_get_pixel_value('{path}', 1, 'georef', 1, 1)"
TABLES = {
    "virtual": "CREATE VIRTUAL TABLE secret USING VirtualOGR('{path}', 0)",
    "shape": "CREATE VIRTUAL TABLE secret USING VirtualShape('{path}', 'UTF-8', 4326)",
    "view of a file": f"CREATE VIEW secret AS SELECT {PIXEL} AS name",
    "view of a service": "CREATE VIEW secret AS SELECT ogr_geocode('a') AS name",
    "extension": "CREATE VIEW secret AS SELECT load_extension('{path}') AS name",
    "file": "CREATE VIEW secret AS SELECT readfile('{path}') AS name",
    "view of a view": "CREATE VIEW a1 AS SELECT ogr_geocode('a') AS name; "
    "CREATE VIEW secret AS SELECT * FROM a1",
}  # fmt: skip


@pytest.mark.parametrize(
    ("reader", "packed"), [("events", False), ("layers", False), ("layers", True)]
)
@pytest.mark.parametrize("kind", TABLES)
def test_a_geopackage_with_programs_in_it(tmp_path, elsewhere, monkeypatch, kind, packed, reader):
    monkeypatch.setenv("OGR_SQLITE_ALLOW_EXTERNAL_ACCESS", "YES")
    path = tmp_path / "a.gpkg"
    boxes().to_file(path, layer="b")
    with closing(sqlite3.connect(path)) as base:
        base.execute("PRAGMA writable_schema = ON")
        for sql in TABLES[kind].format(path=elsewhere.path).split("; "):
            made, name = sql.split()[1], sql.split()[3 if "VIRTUAL" in sql else 2]
            row = ("table" if made == "VIRTUAL" else "view", name, name, 0, sql)
            base.execute("INSERT INTO sqlite_master VALUES (?, ?, ?, ?, ?)", row)
        base.execute(
            "INSERT INTO gpkg_contents (table_name, data_type) VALUES ('secret', 'attributes')"
        )
        base.commit()
    if packed:
        with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
            archive.write(path, path.name)
        path = tmp_path / "a.zip"
    with pytest.raises(DataCorruptError, match="cannot be read") as told:
        READERS[reader](path)
    assert SENTINEL not in str(told.value)


@pytest.mark.filterwarnings("ignore")  # of GDAL, about the CRS
@pytest.mark.parametrize("reader", READERS)
def test_a_crs_is_never_fetched(tmp_path, elsewhere, reader, monkeypatch):
    monkeypatch.setenv("PROJ_NETWORK", "ON")
    monkeypatch.setenv("PROJ_NETWORK_ENDPOINT", elsewhere.url)
    boxes().to_file(tmp_path / "a.gpkg")
    with closing(sqlite3.connect(tmp_path / "a.gpkg")) as base:
        base.create_function("ST_IsEmpty", 1, lambda _: 0)
        base.execute("UPDATE gpkg_spatial_ref_sys SET definition = ?", (f"{elsewhere.url}/srs",))
        base.execute("UPDATE gpkg_spatial_ref_sys SET organization = 'NONE'")
        base.commit()
    boxes().to_file(tmp_path / "a.shp")
    (tmp_path / "a.prj").write_text(f"{elsewhere.url}/srs")
    boxes().to_parquet(tmp_path / "a.parquet")
    for name in ("a.gpkg", "a.shp"):
        tried(reader, tmp_path / name)
    grid = f"+proj=longlat +datum=WGS84 +nadgrids={elsewhere.url}/g.tif +type=crs"
    frame = boxes().set_crs(grid, allow_override=True)
    frame.to_parquet(tmp_path / "b.parquet")
    with suppress(pyproj.exceptions.ProjError):
        tried(reader, tmp_path / "b.parquet")
    assert elsewhere.requests == []


@pytest.mark.parametrize("reader", READERS)
def test_proj_is_offline_while_it_transforms(tmp_path, reader, monkeypatch):
    from pyproj import network

    boxes().to_crs("EPSG:32642").to_parquet(tmp_path / "a.parquet")
    transform, seen = geopandas.GeoSeries.to_crs, []

    def watched_transform(self, *args, **options):
        seen.append(network.is_network_enabled())
        return transform(self, *args, **options)

    monkeypatch.setattr(geopandas.GeoSeries, "to_crs", watched_transform)
    network.set_network_enabled(True)
    try:
        READERS[reader](tmp_path / "a.parquet")
        assert network.is_network_enabled()
    finally:
        network.set_network_enabled(None)
    assert seen == [False]


def test_settings_of_gdal_are_given_back():
    key = "OGR_SQLITE_ALLOW_EXTERNAL_ACCESS"
    pyogrio.set_gdal_config_options({key: "YES"})
    try:
        with _vector._sealed():
            assert pyogrio.get_gdal_config_option(key) == "NO"
        assert pyogrio.get_gdal_config_option(key) == "YES"
    finally:
        pyogrio.set_gdal_config_options({key: None})


@pytest.mark.parametrize("ending", [".gml", ".kml"])
@pytest.mark.parametrize("kind", ['SYSTEM "file:///x"', "[<!ENTITY a 'b'>]", ""])
def test_a_document_type_is_refused(tmp_path, ending, kind):
    root = {".gml": "FeatureCollection", ".kml": "kml"}[ending]
    path = tmp_path / f"a{ending}"
    path.write_text(f"<!DOCTYPE {root} {kind}><{root}></{root}>")
    for read in READERS.values():
        with pytest.raises((ValueError, DataCorruptError), match="document type"):
            read(path)
