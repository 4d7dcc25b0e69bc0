"""Geometries, arcs, texts and systems that a file may hold and no map: flagged, or refused."""

from __future__ import annotations

import gzip
import json
import sqlite3
import struct
import zipfile
from contextlib import closing, nullcontext

import geopandas
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import shapely

import geo_risk as gr
from geo_risk import events
from geo_risk._core import archives as _archives, geojson as _geojson
from geo_risk._core.nesting import MOST_LEVELS, deep_shapes, too_deep
from geo_risk.errors import DataCorruptError
from geo_risk.regions.coverage import to_geometries

RING = [[5, 5], [6, 5], [6, 6], [5, 6], [5, 5]]
GOOD = {"type": "Polygon", "coordinates": [[[0, 0], [1, 0], [1, 1], [0, 0]]]}


def feature(geometry: object, **properties: object) -> dict:
    return {"type": "Feature", "properties": properties, "geometry": geometry}


def written(path, content: object):
    path.write_text(json.dumps(content))
    return path


def collection(*features: object, **members: object) -> dict:
    return {"type": "FeatureCollection", **members, "features": list(features)}


@pytest.mark.parametrize("vertex", [[np.nan, np.nan], [np.inf, 6], [6, -np.inf], [np.nan, 6]])
@pytest.mark.parametrize("ending", [".geojson", ".gpkg", ".parquet", ".fgb", "frame"])
def test_vertices_that_are_no_numbers_are_refused_with_their_row(tmp_path, vertex, ending):
    with np.errstate(invalid="ignore"):
        rings = [shapely.linearrings(ring) for ring in (RING, [*RING[:2], vertex, *RING[3:]])]
    frame = geopandas.GeoDataFrame(
        {"code": ["good", "bad"]}, geometry=shapely.polygons(rings), crs="EPSG:4326"
    )
    source, path = frame, tmp_path / f"a{ending}"
    if ending == ".geojson":
        lists = [shapely.get_coordinates(ring).tolist() for ring in rings]
        features = [feature({"type": "Polygon", "coordinates": [ring]}) for ring in lists]
        source = written(path, collection(*features))
    elif ending == ".parquet":
        frame.to_parquet(path)
        source = path
    elif ending != "frame":
        frame.to_file(path, **({"SPATIAL_INDEX": "NO"} if ending in {".fgb", ".gpkg"} else {}))
        source = path
    with pytest.raises(ValueError, match=r"1 of 2 geometries have vertices.*first at row 1: \["):
        gr.load_regions(source)


def test_numbers_too_large_for_json(tmp_path):
    text = json.dumps(
        collection(feature(GOOD), feature({"type": "Polygon", "coordinates": [RING]}))
    )
    path = tmp_path / "a.geojson"
    path.write_text(text.replace("[6, 6]", "[1e400, 6]"))
    with pytest.raises(ValueError, match=r"first at row 1: \[inf, 6\.0\]"):
        gr.load_regions(path)


TOPOLOGY = {
    "type": "Topology",
    "arcs": [[[0, 0], [1, 0], [1, 1]], [[1, 1], [0, 1], [0, 0]], []],
    "transform": {"scale": [1, 1], "translate": [0, 0]},
}


@pytest.mark.parametrize(
    ("arcs", "reason"),
    [([[0, 1, 0]], "names an arc twice"), ([[0, -1]], "names an arc twice"),
     ([[0, 3]], "arc 3 of 3"), ([[0, -4]], "arc -4 of 3"), ([["a"]], "TypeError"),
     ([[2]], "without positions"), ([[]], "without positions"), ([0], "TypeError"),
     (7, "TypeError"), ([[0.5]], "TypeError"), (None, "TypeError"), ([[3.0]], "arc 3")],
)  # fmt: skip
def test_arcs_that_make_no_ring(tmp_path, arcs, reason):
    held = [{"type": "Polygon", "arcs": []}, {"type": "Polygon", "arcs": arcs}]
    objects = {"a": {"type": "GeometryCollection", "geometries": held}}
    path = written(tmp_path / "a.topojson", TOPOLOGY | {"objects": objects})
    with pytest.raises(ValueError, match=rf"1 of 2 rows.*row 1.*({reason})"):
        gr.load_regions(path)


def test_arcs_that_would_fill_the_memory(tmp_path):
    arc = [[np.cos(a), np.sin(a)] for a in np.linspace(0, 6, 1000)]
    held = {"type": "MultiPolygon", "arcs": [[[0]]] * 100_000}
    path = written(
        tmp_path / "a.topojson", {"type": "Topology", "arcs": [arc], "objects": {"a": held}}
    )
    with pytest.raises(ValueError, match="over 100 times as many vertices"):
        gr.load_regions(path)


@pytest.mark.parametrize(
    "content",
    [{}, {"arcs": 3}, {"arcs": [[["a", 1]]]}, {"arcs": [], "objects": 3},
     {"arcs": [], "objects": {"a": None}}, {"arcs": [[1, 2]], "objects": {}},
     {"arcs": [], "objects": {}, "transform": {}}, {"arcs": [], "objects": {}}],
)  # fmt: skip
def test_topologies_that_are_none(tmp_path, content):
    path = written(tmp_path / "a.topojson", {"type": "Topology"} | content)
    with pytest.raises(ValueError, match=r"a\.topojson (cannot be read|has no layer)"):
        gr.load_regions(path)


def test_topojson_is_what_gdal_makes_of_it(tmp_path):
    """Quantised arcs, holes, several objects: the same shapes as GDAL's reader gives."""
    import pyogrio

    topology = {
        "type": "Topology", "transform": {"scale": [0.5, 0.25], "translate": [10, 20]},
        "arcs": [[[0, 0], [8, 0], [0, 8]], [[8, 8], [-8, 0], [0, -8]], [[2, 2], [2, 0], [0, 2],
                 [-2, 0], [0, -2]], [[8, 0], [4, 0], [0, 8], [-4, 0], [0, -8]]],
        "objects": {
            "states": {"type": "GeometryCollection", "geometries": [
                {"type": "Polygon", "id": 7, "properties": {"n": "a"}, "arcs": [[0, 1], [2]]},
                {"type": "MultiPolygon", "properties": {"n": "b"}, "arcs": [[[3]], [[-3]]]}]},
            "places": {"type": "Point", "coordinates": [4, 4]},
        },
    }  # fmt: skip
    path = written(tmp_path / "a.topojson", topology)
    layers = _geojson.features_in(topology, "a")
    ours, broken = _geojson.frame_of_features(layers["states"])
    theirs = pyogrio.read_dataframe(path, layer="states")
    assert not broken
    assert shapely.equals_exact(ours.geometry.array, theirs.geometry.array).all()
    places, _ = _geojson.frame_of_features(layers["places"])  # GDAL has none
    assert places.geometry.to_wkt().tolist() == ["POINT (12 21)"]
    assert gr.load_regions(path, table="states").columns["n"] == ["a", "b"]
    with pytest.raises(ValueError, match="give table= one of 'states', 'places'"):
        gr.load_regions(path)


LEGAL = {
    "urn:ogc:def:crs:OGC:1.3:CRS84": "EPSG:4326",
    "urn:ogc:def:crs:OGC::CRS84": "EPSG:4326",
    "OGC:CRS84": "EPSG:4326",
    "EPSG:4326": "EPSG:4326",
    "epsg:32642": "EPSG:32642",
    "urn:ogc:def:crs:EPSG::32642": "EPSG:32642",
    "urn:ogc:def:crs:EPSG:9.8.3:32642": "EPSG:32642",
    "urn:x-ogc:def:crs:EPSG:32642": "EPSG:32642",
    "http://www.opengis.net/def/crs/EPSG/0/32642": "EPSG:32642",
    "http://www.opengis.net/def/crs/OGC/1.3/CRS84": "EPSG:4326",
}


@pytest.mark.parametrize("name", LEGAL)
def test_names_of_systems_of_geojson_2008(tmp_path, name):
    crs = {"type": "name", "properties": {"name": name}}
    frame = geopandas.GeoDataFrame(geometry=[shapely.box(69, 36, 70, 37)], crs=4326)
    shape = json.loads(shapely.to_geojson(frame.to_crs(LEGAL[name]).geometry[0]))
    path = written(tmp_path / "a.geojson", collection(feature(shape), crs=crs))
    layer = gr.load_regions(path)
    assert layer.report.crs == LEGAL[name]
    np.testing.assert_allclose(layer.coverage.coords.min(axis=0), [69, 36], atol=1e-8)
    events = gr.read_events(path)
    assert events.attrs["geo_risk"]["crs"] == LEGAL[name]
    assert abs(events.geometry.x[0] - 69.5) < 0.01


@pytest.mark.parametrize(
    "crs",
    [{"type": "name", "properties": {"name": "EPSG:99999"}}, {"type": "name"}, "EPSG:4326", {}, [],
     {"type": "link", "properties": {"href": "http://127.0.0.1/crs"}}, 4326, {"type": "EPSG"},
     {"type": "name", "properties": {"name": "+proj=longlat +nadgrids=/etc/passwd"}},
     {"type": "name", "properties": {"name": None}}, {"type": "name", "properties": []},
     {"type": "name", "properties": {"name": "Mars 2000"}},
     {"type": "EPSG", "properties": {"code": "x"}}],
)  # fmt: skip
@pytest.mark.parametrize("read", [gr.read_events, gr.load_regions])
def test_a_system_that_nobody_knows_is_never_degrees(tmp_path, read, crs):
    path = written(tmp_path / "a.geojson", collection(feature(GOOD), crs=crs))
    with pytest.raises(ValueError, match="Invalid crs"):
        read(path)
    if read is gr.read_events:
        with pytest.raises(ValueError, match="Invalid crs"):
            read(json.loads(path.read_text()))


@pytest.mark.parametrize("read", [gr.read_events, gr.load_regions])
def test_a_system_that_is_null_is_asked_for(tmp_path, read):
    path = written(tmp_path / "a.geojson", collection(feature(GOOD), crs=None))
    with pytest.raises(ValueError, match='crs="EPSG:4326"'):
        read(path)
    assert len(read(path, crs="EPSG:4326")) == 1


@pytest.mark.parametrize("holder", ["feature", "geometry"])
def test_a_system_of_one_row(tmp_path, holder):
    crs = {"type": "name", "properties": {"name": "EPSG:32642"}}
    rows = [feature(dict(GOOD)), feature(dict(GOOD))]
    (rows[1] if holder == "feature" else rows[1]["geometry"])["crs"] = crs
    path = written(tmp_path / "a.geojson", collection(*rows))
    with pytest.raises(ValueError, match=r"row 1.*a CRS of its own"):
        gr.load_regions(path)
    assert gr.read_events(path)["flags"].str.contains("bad_coordinates").tolist() == [False, True]
    lines = tmp_path / "a.jsonl"
    lines.write_text("\n".join(map(json.dumps, rows)))
    assert gr.read_events(lines)["flags"].str.contains("bad_coordinates").tolist() == [False, True]


def nested_wkb(levels: int, kind: int = 7, order: str = "<") -> bytes:
    head = struct.pack(order + "BII", order == "<", kind, 1)
    return head * levels + struct.pack(order + "BIdd", order == "<", 1, 1.0, 1.0)


class TestDepth:
    @pytest.mark.parametrize("order", ["<", ">"])
    @pytest.mark.parametrize("kind", [7, 6, 5, 4, 12, 1007, 3007, 0x80000007])
    def test_wkb_is_deep_or_not(self, kind, order):
        assert not too_deep(nested_wkb(MOST_LEVELS, kind, order))
        assert too_deep(nested_wkb(MOST_LEVELS + 1, kind, order))
        assert too_deep(nested_wkb(1_000_000, kind, order))

    def test_wkb_with_other_parts_first(self):
        line = shapely.to_wkb(shapely.LineString([[0, 0], [1, 1], [2, 0]]))
        area = shapely.to_wkb(shapely.box(0, 0, 1, 1), include_srid=True)
        head = struct.pack("<BII", 1, 7, 3) + line + area
        blob = head * 40 + shapely.to_wkb(shapely.Point(0, 0))
        assert too_deep(blob)
        assert not too_deep(blob[:100])
        broad = shapely.GeometryCollection([shapely.MultiPoint([[0, 0]] * 100)] * 100)
        assert not too_deep(shapely.to_wkb(shapely.set_srid(broad, 4326), include_srid=True))
        assert not too_deep(b"\x01" * 1000)

    def test_shapes_and_json(self):
        point = {"type": "Point", "coordinates": [0, 0]}
        for levels, deep in ((MOST_LEVELS, False), (MOST_LEVELS + 1, True)):
            shape = shapely.from_wkb(nested_wkb(levels))
            assert deep_shapes(np.array([shape, None, shapely.Point(0, 0)])).tolist() == [
                deep, False, False]  # fmt: skip
            held = point
            for _ in range(levels):
                held = {"type": "GeometryCollection", "geometries": [held]}
            assert too_deep(held) is deep

    @pytest.mark.parametrize("read", [gr.read_events, gr.load_regions])
    @pytest.mark.parametrize("levels", [40, 100_000])
    def test_parquet(self, tmp_path, read, levels):
        frame = geopandas.GeoDataFrame({"a": [1, 2]}, geometry=[shapely.Point(1, 1)] * 2, crs=4326)
        frame.to_parquet(tmp_path / "a.parquet")
        table = pq.read_table(tmp_path / "a.parquet")
        blobs = pa.array([shapely.to_wkb(shapely.Point(1, 1)), nested_wkb(levels)], pa.binary())
        table = table.set_column(1, table.schema.field("geometry"), blobs)
        pq.write_table(table, tmp_path / "a.parquet")
        with pytest.raises(DataCorruptError, match=r"geometry of row 1 .*more than 32 levels"):
            read(tmp_path / "a.parquet")
        if read is gr.read_events:
            with pytest.raises(DataCorruptError, match=r"geometry of row 1 .*more than 32 levels"):
                read(table)
            with pytest.raises(DataCorruptError, match="geometry of row"):
                list(gr.events.iter_events(tmp_path / "a.parquet", chunk_rows=1))
        arrow = pa.table(frame.to_arrow()).set_column(
            1, pa.field("geometry", pa.binary(), metadata={
                "ARROW:extension:name": "geoarrow.wkb"}), blobs)  # fmt: skip
        with pytest.raises(DataCorruptError, match="geometry of row 1"):
            gr.read_events(arrow)

    @pytest.mark.parametrize("levels", [40, 400, 5_000, 200_000])
    def test_geojson_and_topojson(self, tmp_path, levels):
        point = '{"type": "Point", "coordinates": [1, 1]}'
        nested = '{"type": "GeometryCollection", "geometries": [' * levels + point + "]}" * levels
        text = f'{{"type": "Feature", "properties": {{}}, "geometry": {nested}}}'
        path = tmp_path / "a.geojson"
        path.write_text(f'{{"type": "FeatureCollection", "features": [{text}]}}')
        with pytest.raises(ValueError, match=r"row 0.*more than 32 collections|cannot be read"):
            gr.load_regions(path)
        if levels == 40:
            assert "bad_coordinates" in gr.read_events(path)["flags"][0]
        else:
            with pytest.raises(ValueError, match="cannot be read") if levels > 400 else (
                    nullcontext()):  # fmt: skip
                gr.read_events(path)
        path = tmp_path / "a.topojson"
        path.write_text(f'{{"type": "Topology", "arcs": [], "objects": {{"a": {nested}}}}}')
        with pytest.raises(ValueError, match=r"row 0.*more than 32 collections|cannot be read"):
            gr.load_regions(path)

    def test_a_frame(self):
        frame = geopandas.GeoDataFrame(geometry=[shapely.from_wkb(nested_wkb(50))], crs=4326)
        with pytest.raises(ValueError, match=r"more than 32 collections.*row 0"):
            gr.load_regions(frame)

    def test_geopackage(self, tmp_path):
        """GDAL stops at the same depth: the row is one without geometry, and told of."""
        path = tmp_path / "a.gpkg"
        shapes = [shapely.box(0, 0, 1, 1), shapely.box(1, 0, 2, 1)]
        frame = geopandas.GeoDataFrame({"pcode": ["A", "B"]}, geometry=shapes, crs=4326)
        frame.to_file(path, layer="a", SPATIAL_INDEX="NO")
        head = b"GP\x00\x01" + struct.pack("<i", 4326)
        with closing(sqlite3.connect(path)) as base:
            for (name,) in base.execute(
                "SELECT name FROM sqlite_master WHERE type='trigger'"
            ).fetchall():
                base.execute(f'DROP TRIGGER "{name}"')
            base.execute("UPDATE a SET geom = ? WHERE pcode = 'B'", (head + nested_wkb(200_000),))
            base.commit()
        assert gr.load_regions(path, code="pcode").report.without_geometry == ("B",)
        found = gr.read_events(path)["flags"].str.contains("no_coordinates")
        assert found.tolist() == [False, True]


@pytest.mark.parametrize("read", [gr.read_events, gr.load_regions])
@pytest.mark.parametrize("share", [0.1, 0.5, 0.9, 0.99])
@pytest.mark.parametrize("driver", ["GML", "KML"])
def test_xml_that_is_cut_short(tmp_path, read, share, driver):
    path = tmp_path / f"a.{driver.lower()}"
    frame = geopandas.GeoDataFrame(
        {"a": [1, 2]}, geometry=[shapely.box(x, 0, x + 1, 1) for x in (0, 1)], crs=4326
    )
    frame.to_file(path, driver=driver)
    assert len(read(path)) == 2
    raw = path.read_bytes()
    path.write_bytes(raw[: int(share * len(raw))])
    with pytest.raises(DataCorruptError, match="cannot be read as XML"):
        read(path)
    path.write_bytes(raw.replace(b"><", b">" + b"<b>" * 300 + b"<", 1))
    with pytest.raises(DataCorruptError, match="cannot be read"):
        read(path)


def test_archives_of_layers_have_the_bounds_of_those_of_events(tmp_path, monkeypatch):
    monkeypatch.setattr(_archives, "RATIO_ALLOWANCE", 2**20)
    path = tmp_path / "a.zip"
    text = json.dumps(collection(feature(GOOD)))
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.geojson", text + " " * 2**22)
    with pytest.raises(ValueError, match="as a zip bomb does"):
        gr.load_regions(path)
    with zipfile.ZipFile(path, "w") as archive:
        for name in ("in/a.geojson", "in/b.geojson", "__MACOSX/in/._a.geojson", "in/readme.txt"):
            archive.writestr(name, text)
    with pytest.raises(ValueError, match="give table= one of 'a', 'b'"):
        gr.load_regions(path)
    assert len(gr.load_regions(path, table="b")) == 1


LONE = '"\\ud800"'


@pytest.mark.parametrize("ending", [".json", ".jsonl", ".geojson"])
def test_half_a_character_is_one_flagged_row(tmp_path, ending):
    rows = [{"id": str(k), "name": "a", "lon": 1.0, "lat": 1.0} for k in range(3)]
    path = tmp_path / f"a{ending}"
    content: object = rows
    if ending == ".geojson":
        point = {"type": "Point", "coordinates": [1, 1]}
        content = collection(*(feature(point, **row) for row in rows))
    text = "\n".join(map(json.dumps, rows)) if ending == ".jsonl" else json.dumps(content)
    for where in ('"name": "a"', '"name"'):
        broken = where.replace('"a"', '["x", {"y": "\\udc00z"}]') if "a" in where else ""
        at = text.index('"id": "1"')
        broken = '"\\ud800k"' if where == '"name"' else '"name": ["x", {"y": "\\udc00z"}]'
        path.write_text(text[:at] + text[at:].replace(where, broken, 1))
        found = gr.read_events(path)
        assert found["flags"].str.contains("unreadable_row").tolist() == [False, True, False]
        assert "ud800" in found["malformed_text"][1] or "udc00" in found["malformed_text"][1]
        assert found["event_id"].tolist()[::2] == ["0", "2"]


def test_half_a_character_in_a_layer_is_told_with_its_row(tmp_path, caplog):
    rows = [feature(GOOD, name="a", pcode="A"), feature(GOOD, name="b", pcode="B")]
    path = tmp_path / "a.geojson"
    path.write_text(json.dumps(collection(*rows)).replace('"b"', '"b\\udfff"'))
    layer = gr.load_regions(path, code="pcode", name="name")
    assert layer.columns["region_name"] == ["a", "b\ufffd"]
    assert "1 rows hold half a character (a lone surrogate), replaced by U+FFFD; first: 1." in (
        caplog.text
    )


SMALL = [[0, 0], [1, 0], [1, 1], [0, 1], [0, 0]]
AROUND = [[-1, -1], [2, -1], [2, 2], [-1, 2], [-1, -1]]


@pytest.mark.parametrize(
    ("rings", "area"),
    [([SMALL, SMALL], 0), ([SMALL, SMALL[::-1]], 0), ([SMALL, SMALL, SMALL], 0),
     ([SMALL, AROUND], 0), ([AROUND, SMALL, SMALL], 8), ([SMALL[:-1] + SMALL], 1),
     ([[[0, 0], [1, 1], [1, 0], [0, 1], [0, 0]]], 0.5)],
)  # fmt: skip
def test_rings_that_cancel_each_other_leave_nothing(tmp_path, rings, area):
    far = [[[3, 3], [4, 3], [4, 4], [3, 3]]]
    kinds = {"Polygon": rings, "MultiPolygon": [rings, far]}
    for kind, coordinates in kinds.items():
        shape = {"type": kind, "coordinates": coordinates}
        path = written(tmp_path / "a.geojson", collection(feature(shape, pcode="A")))
        layer = gr.load_regions(path, code="pcode")
        held = [part for part in to_geometries(layer.coverage) if part is not None]
        extra = 0.5 if kind == "MultiPolygon" else 0.0
        assert sum(shapely.area(held)) == pytest.approx(area + extra)
        assert len(layer.report.repaired) == 1
        if area + extra == 0:
            assert layer.report.without_geometry == ("A",)
            assert layer.locate(lon=[0.5], lat=[0.5]).tolist() == [-1]


WRONG_NUMBERS = ["x", "NaN", "inf", "1e999", "0x1", "1_0", "", "\u0661"]


def gml_points(*places: str) -> str:
    members = "".join(
        f"<gml:featureMember><x:a><x:pos>no place</x:pos><x:g><gml:Point><gml:coordinates>{place}"
        "</gml:coordinates></gml:Point></x:g></x:a></gml:featureMember>" for place in places
    )  # fmt: skip
    return (
        '<gml:FeatureCollection xmlns:gml="http://www.opengis.net/gml" xmlns:x="http://e.org/x">'
        f"{members}</gml:FeatureCollection>"
    )


def kml_points(*places: str) -> str:
    members = "".join(
        f"<Placemark><Point><coordinates>{place}</coordinates></Point></Placemark>"
        for place in places
    )
    return f'<kml xmlns="http://www.opengis.net/kml/2.2"><Document>{members}</Document></kml>'


@pytest.mark.parametrize("wrong", WRONG_NUMBERS)
@pytest.mark.parametrize(("ending", "make"), [(".gml", gml_points), (".kml", kml_points)])
def test_what_is_no_number_in_xml_is_one_flagged_row(tmp_path, ending, make, wrong):
    path = tmp_path / f"a{ending}"
    path.write_text(make("69.5,36.7", f"69.5,{wrong}", "70.5,37.5"), encoding="utf-8")
    found = gr.read_events(path, crs=None if ending == ".kml" else 4326)
    assert found.geometry.iloc[[0, 2]].x.tolist() == [69.5, 70.5]
    assert found.geometry.iloc[1] is None
    flags = [set(text.split(";")) for text in found["flags"]]
    assert {"bad_coordinates", "no_coordinates"} & flags[1]
    assert not {"bad_coordinates", "no_coordinates"} & (flags[0] | flags[2])
    assert wrong == "" or f"'{wrong}' is no coordinate" in str(found.attrs["geo_risk"]["notes"])


@pytest.mark.parametrize("wrong", WRONG_NUMBERS[:-2])
def test_a_layer_with_what_is_no_number_is_refused(tmp_path, wrong):
    path = tmp_path / "a.kml"
    path.write_text(
        '<kml xmlns="http://www.opengis.net/kml/2.2"><Placemark><Polygon><outerBoundaryIs>'
        f"<LinearRing><coordinates>0,0 1,{wrong} 1,1 0,0</coordinates></LinearRing>"
        "</outerBoundaryIs></Polygon></Placemark></kml>"
    )
    with pytest.raises(ValueError, match=f"first at row 0: feature 0: '{wrong}' is no coordinate"):
        gr.load_regions(path, level=1)


def test_a_kml_without_names_is_read(tmp_path):
    path = tmp_path / "a.kml"
    path.write_text(kml_points("69.5,36.7"))
    assert gr.read_events(path).geometry.x.tolist() == [69.5]


BROKEN_SHAPES = {
    "polygon": lambda v: shapely.polygons([*RING[:2], v, *RING[3:]]),
    "hole": lambda v: shapely.polygons(RING, [[[5.2, 5.2], [5.4, 5.2], v, [5.2, 5.2]]]),
    "line": lambda v: shapely.linestrings([[5, 5], v, [6, 6]]),
    "points": lambda v: shapely.multipoints([[5, 5], v]),
    "point": lambda v: shapely.points(v),
    "parts": lambda v: shapely.geometrycollections([shapely.Point(5, 5), shapely.points(v)]),
}


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("vertex", [[np.nan, 6.0], [np.inf, 6.0], [6.0, -np.inf]])
@pytest.mark.parametrize("way", ["frame", ".geojson", ".gpkg", ".fgb", ".parquet", "wkt", "wkb",
                                 "hex"])  # fmt: skip
def test_events_with_vertices_that_are_no_numbers_have_no_point(tmp_path, way, vertex):
    with np.errstate(invalid="ignore"):
        shapes = [shapely.Point(5, 5), *(make(vertex) for make in BROKEN_SHAPES.values())]
    frame = geopandas.GeoDataFrame({"id": range(len(shapes))}, geometry=shapes, crs="EPSG:4326")
    source, path = frame, tmp_path / f"a{way}"
    if way == ".geojson":
        source = written(path, collection(*(feature(shapely.geometry.mapping(s)) for s in shapes)))
    elif way == ".parquet":
        frame.to_parquet(path)
        source = path
    elif way in {".gpkg", ".fgb"}:
        frame.to_file(path, SPATIAL_INDEX="NO")
        source = path
    elif way != "frame":
        write = {"wkt": shapely.to_wkt, "wkb": shapely.to_wkb,
                 "hex": lambda s: shapely.to_wkb(s, hex=True)}[way]  # fmt: skip
        source = pd.DataFrame({"id": range(len(shapes)), "geometry": [write(s) for s in shapes]})
    found = gr.read_events(source)
    assert found["flags"].tolist() == ["", *["bad_coordinates"] * len(BROKEN_SHAPES)]
    assert found.geometry.isna().tolist() == [False, *[True] * len(BROKEN_SHAPES)]


def test_events_of_topojson(tmp_path):
    places = [{"type": "Point", "coordinates": [4, 4], "properties": {"n": "a"}},
              {"type": "Point", "coordinates": [5, None]}, {"type": "Polygon", "arcs": [[9]]},
              {"type": 5}]  # fmt: skip
    objects = {"places": {"type": "GeometryCollection", "geometries": places}, "b": places[0]}
    path = written(tmp_path / "a.topojson", TOPOLOGY | {"objects": objects})
    with pytest.raises(ValueError, match="give layer= one of 'places', 'b'"):
        gr.read_events(path)
    found = gr.read_events(path, layer="places")
    assert found.geometry.iloc[0] == shapely.Point(4, 4)
    assert found.geometry.isna().tolist() == [False, True, True, True]
    flags = [{"bad_coordinates", "unreadable_row"} & set(text.split(";"))
             for text in found["flags"]]  # fmt: skip
    assert [len(codes) for codes in flags] == [0, 1, 1, 1]
    path = written(tmp_path / "b.json", TOPOLOGY | {"objects": objects})
    assert len(gr.read_events(path, layer="places")) == 4


@pytest.mark.parametrize("ending", [".geojson", ".json", ".topojson", ".gpkg", ".xlsx", ".parquet"])
@pytest.mark.parametrize("read", [gr.read_events, gr.load_regions, events.iter_events])
def test_a_packed_file_that_is_no_text_is_refused(tmp_path, read, ending):
    path = tmp_path / f"a{ending}.GZ"
    path.write_bytes(gzip.compress(json.dumps(collection(feature(GOOD))).encode()))
    with pytest.raises(ValueError, match=rf"a\{ending}\.GZ.*[Uu]npack it and read"):
        list(read(path))


NO_GEOMETRIES = [
    {"type": "Point", "coordinates": None}, {"type": "Point", "coordinates": []},
    {"type": "Point"}, {"type": "Polygon", "coordinates": []}, {"type": "Polygon"},
    {"type": "Polygon", "coordinates": [[]]}, {"type": 5}, {"type": 5, "coordinates": [1, 2]},
    {"type": None}, {"type": ["Point"], "coordinates": [1, 2]}, {}, [], 5, "x", True,
    {"type": "GeometryCollection", "geometries": None}, {"type": "GeometryCollection"},
    {"type": "GeometryCollection", "geometries": [{"type": 5}]},
    {"type": "Point", "coordinates": [True, False]}, {"type": "Point", "coordinates": [1, True]},
    {"type": "Polygon", "coordinates": [[[5, 5], [6, 5], [True, 6], [5, 5]]]},
    {"type": "MultiPolygon", "coordinates": [[RING], [[[5, 5], [6, 5], [6, False], [5, 5]]]]},
    {"type": "MultiPolygon", "coordinates": [[RING], 5]},
    {"type": "GeometryCollection", "geometries": [
        GOOD, {"type": "Point", "coordinates": [True, 1]}]},
]  # fmt: skip


@pytest.mark.parametrize("geometry", NO_GEOMETRIES, ids=lambda given: json.dumps(given)[:60])
def test_geojson_that_is_no_geometry_is_never_a_place(tmp_path, geometry):
    path = written(tmp_path / "a.geojson", collection(feature(GOOD), feature(geometry)))
    found = gr.read_events(path)
    assert found.geometry.isna().tolist() == [False, True]
    assert {"no_coordinates", "bad_coordinates"} & set(found["flags"].iloc[1].split(";"))
    try:
        layer = gr.load_regions(path)
    except ValueError as error:
        assert "first at row 1" in str(error)  # noqa: PT017
    else:
        assert len(layer.report.without_geometry) == 1
