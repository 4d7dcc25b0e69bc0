"""Layers from elsewhere, and countries as the union of regions."""

from __future__ import annotations

import datetime as dt
import warnings
import zipfile

import geopandas
import numpy as np
import pytest
import shapely
from geopandas.testing import assert_geodataframe_equal
from paths import shared

import geo_risk as gr
from geo_risk.regions import DatedLayer, overlay
from geo_risk.regions.coverage import from_geometries
from geo_risk.regions.dated import days_of
from geo_risk.regions.dissolve import dissolve
from geo_risk.regions.layer import RegionLayer
from geo_risk.regions.overlay import area_km2, largest_overlaps
from geo_risk.regions.subset import boxes_of, regroup, take_rows
from geo_risk.regions.topology import build_topology


def squares(n: int, *, south: float = 0.0) -> list[shapely.Polygon]:
    return [shapely.box(i, south, i + 1, south + 1) for i in range(n)]


def layer_of(shapes, countries, **columns) -> RegionLayer:
    codes = [f"R{i}" for i in range(len(shapes))]
    names = {"region_code": codes, "region_name": codes}
    units = {"country_code": countries, "unit_code": [c or "ZZZ" for c in countries]}
    return RegionLayer(from_geometries(shapes), {**names, **units, **columns}, name="squares")


def edges_of(topology) -> set[tuple[float, ...]]:
    fields = (topology.ax, topology.ay, topology.bx, topology.by, topology.left, topology.right)
    return set(zip(*(values.tolist() for values in fields)))


class TestSubset:
    def test_rows_in_another_order(self):
        shapes = [*squares(3), shapely.MultiPolygon(squares(2, south=5.0)), None]
        coverage = from_geometries(shapes)
        taken = take_rows(coverage, [3, 0])
        taken._check()
        assert shapely.equals(
            gr.regions.coverage.to_geometries(taken), [shapes[3], shapes[0]]
        ).all()

    def test_nothing_taken(self):
        taken = take_rows(from_geometries(squares(2)), [])
        taken._check()
        assert taken.n_regions == 0
        assert len(taken.coords) == 0

    def test_joined_rows_keep_their_polygons(self):
        coverage = regroup(from_geometries(squares(4)), [1, 0, 1, -1], 2)
        coverage._check()
        assert coverage.part_region.tolist() == [0, 1, 1]

    def test_boxes(self):
        shapes = [shapely.MultiPolygon([*squares(1), shapely.box(5, 6, 7, 8)]), None, squares(2)[1]]
        expected = shapely.bounds(np.array(shapes, dtype=object))
        np.testing.assert_array_equal(boxes_of(from_geometries(shapes)), expected)


class TestLevel0:
    def test_one_row_per_unit(self):
        layer = layer_of(squares(4), ["AAA", "AAA", "BBB", None])
        joined = dissolve(layer)
        assert joined.columns["region_code"] == ["AAA", "BBB", "ZZZ"]
        assert joined.columns["country_code"] == ["AAA", "BBB", None]
        assert joined.columns["parent_code"] == [None] * 3
        assert joined.table.geometry[0].equals(shapely.box(0, 0, 2, 1))
        assert joined.neighbors("BBB") == ["AAA", "ZZZ"]
        assert joined.level == 0

    def test_exterior_is_the_unshared_edges(self):
        joined = dissolve(layer_of(squares(3), ["AAA", "AAA", "BBB"]))
        assert edges_of(joined.topology) == edges_of(build_topology(joined.coverage))

    def test_overlapping_regions_are_still_joined(self):
        shapes = [shapely.box(0, 0, 2, 1), shapely.box(1, 0, 3, 1)]
        joined = dissolve(layer_of(shapes, ["AAA", "AAA"]))
        assert joined.table.geometry[0].equals(shapely.box(0, 0, 3, 1))
        assert joined.locate(lon=[0.5, 1.5, 2.5, 3.5], lat=0.5).tolist() == [0, 0, 0, -1]

    def test_row_without_polygons(self):
        joined = dissolve(layer_of([None, *squares(1)], ["AAA", "BBB"]))
        assert joined.table.geometry[0] is None
        assert joined.locate(lon=0.5, lat=0.5) == 1

    def test_claims_of_a_part_are_not_claims_of_the_whole(self):
        claims = [["CCC"], ["CCC", "DDD"], ["DDD"]]
        joined = dissolve(layer_of(squares(3), ["AAA", "AAA", "BBB"], claimed_by=claims))
        assert joined.columns["claimed_by"] == [["CCC"], ["DDD"]]
        assert joined.columns["claimed_in_part_by"] == [["DDD"], []]

    def test_a_unit_with_two_countries(self):
        layer = layer_of(squares(3), ["AAA", "BBB", "AAA"])
        layer.columns["unit_code"] = ["UUU", "UUU", "AAA"]
        joined = dissolve(layer)
        assert joined.columns["region_code"] == ["AAA", "AAA-UUU", "BBB"]
        assert joined.locate(lon=[0.5, 1.5, 2.5], lat=0.5).tolist() == [1, 2, 0]


class TestWorldLevel0:
    @pytest.fixture
    def countries(self):
        return gr.load_regions(level=0)

    def test_loaded_once(self, countries):
        assert gr.load_regions("natural_earth", level=0) is countries
        assert countries.fingerprint != gr.load_regions().fingerprint
        assert countries.fingerprint != gr.load_regions(level=0, worldview="un").fingerprint

    def test_codes(self, countries):
        codes = set(countries.columns["region_code"])
        assert {"AFG", "FRA", "NOR", "XKX", "CYN", "SOL", "CCK", "CXR"} <= codes
        assert len(countries) == len(codes)
        assert None not in countries.columns["region_name"]

    def test_exterior_is_the_unshared_edges(self, countries):
        derived, drawn = countries.topology, build_topology(countries.coverage)
        assert edges_of(derived) == edges_of(drawn)

    def test_areas_add_up(self, countries):
        regions = gr.load_regions()
        areas = shapely.area(regions.table.geometry.to_numpy())
        expected = np.zeros(len(countries))
        np.add.at(expected, countries.geometry.source.new_row, areas)
        np.testing.assert_allclose(
            shapely.area(countries.table.geometry.to_numpy()), expected, rtol=1e-9
        )
        assert shapely.is_valid(countries.table.geometry.to_numpy()).all()

    def test_neighbours(self, countries):
        assert countries.neighbors("AFG") == ["CHN", "IRN", "PAK", "TJK", "TKM", "UZB"]

    def test_views(self):
        united = gr.load_regions(level=0, worldview="un")
        assert "TWN" not in united.columns["region_code"]
        assert "XJK" in united.columns["region_code"]

    @pytest.mark.parametrize("level", [2, -1, True, None, "1"])
    def test_other_levels_are_refused(self, level):
        with pytest.raises(ValueError, match="the bundled layer has levels 0 and 1"):
            gr.load_regions(level=level)


def takhar(**columns) -> geopandas.GeoDataFrame:
    """Four boxes in north-east Afghanistan that share their edges."""
    shapes = [shapely.box(x, y, x + 0.5, y + 0.5) for x in (69.0, 69.5) for y in (36.0, 36.5)]
    data = {"pcode": ["A", "B", "C", "D"], "label": ["a", "b", "c", "d"]} | columns
    return geopandas.GeoDataFrame(data, geometry=shapes, crs="EPSG:4326")


def load(frame, **options):
    return gr.load_regions(frame, **{"code": "pcode", "name": "label", "country": "AFG"} | options)


FORMATS = [
    ("layer.geojson", {"driver": "GeoJSON"}),
    ("layer.shp", {}),
    ("layer.gpkg", {}),
    ("layer.fgb", {"SPATIAL_INDEX": "NO"}),  # the index would reorder the rows
    ("layer.parquet", None),
]


class TestFormats:
    @pytest.mark.parametrize(("file", "options"), FORMATS, ids=[name for name, _ in FORMATS])
    @pytest.mark.parametrize("crs", ["EPSG:4326", "EPSG:32642"])
    def test_every_format_gives_the_same_layer(self, tmp_path, file, options, crs):
        frame, path = takhar().to_crs(crs), tmp_path / file
        if file.endswith("json") and crs != "EPSG:4326":
            pytest.skip("GeoJSON is in degrees (RFC 7946)")
        frame.to_parquet(path) if options is None else frame.to_file(path, **options)
        layer = load(path, level=2)
        assert layer.name == "layer"
        assert layer.level == 2
        assert layer.columns["region_code"] == ["A", "B", "C", "D"]
        assert layer.columns["country_code"] == ["AFG"] * 4
        found = layer.locate(lon=[69.2, 69.2, 69.7, 69.7, 71.0], lat=[36.2, 36.7, 36.2, 36.7, 36.2])
        assert found.tolist() == [0, 1, 2, 3, -1]
        assert layer.neighbors("A") == ["B", "C"]
        assert layer.report.crs == crs

    def test_topojson(self, tmp_path):
        path = tmp_path / "layer.topojson"
        path.write_text(
            '{"type":"Topology","objects":{"layer":{"type":"GeometryCollection","geometries":['
            '{"type":"Polygon","properties":{"pcode":"A","label":"a"},"arcs":[[0,1]]},'
            '{"type":"Polygon","properties":{"pcode":"B","label":"b"},"arcs":[[-1,2]]}]}},'
            '"arcs":[[[69.5,36],[69.5,37]],[[69.5,37],[69,37],[69,36],[69.5,36]],'
            "[[69.5,36],[70,36],[70,37],[69.5,37]]]}"
        )
        layer = load(path, crs="EPSG:4326")
        assert layer.neighbors("A") == ["B"]

    def test_shapefile_in_an_archive(self, tmp_path):
        takhar().to_file(tmp_path / "layer.shp")
        with zipfile.ZipFile(tmp_path / "layer.zip", "w") as archive:
            for part in tmp_path.glob("layer.*"):
                if part.suffix != ".zip":
                    archive.write(part, part.name)
        assert len(load(tmp_path / "layer.zip")) == 4

    def test_an_archive_with_paths_upwards_writes_nothing(self, tmp_path):
        folder = tmp_path / "in"
        folder.mkdir()
        with zipfile.ZipFile(folder / "evil.zip", "w") as archive:
            archive.writestr("../evil.geojson", takhar().to_json())
        assert len(load(folder / "evil.zip")) == 4  # read in place
        assert [path.name for path in tmp_path.iterdir()] == ["in"]
        assert [path.name for path in folder.iterdir()] == ["evil.zip"]

    @pytest.mark.parametrize("packed", [False, True])
    def test_files_that_only_point_elsewhere_are_not_followed(self, tmp_path, packed):
        takhar().to_file(tmp_path / "other.gpkg")
        text = (
            '<?xml version="1.0"?>\n<OGRVRTDataSource><OGRVRTLayer name="other">'
            f"<SrcDataSource>{tmp_path}/other.gpkg"
            "</SrcDataSource></OGRVRTLayer></OGRVRTDataSource>"
        )
        path = tmp_path / ("link.zip" if packed else "link.vrt")
        if packed:
            with zipfile.ZipFile(path, "w") as archive:
                archive.writestr("link.vrt", text)
        else:
            path.write_text(text)
        with pytest.raises(ValueError, match=r"ends in none of|no file that ends in"):
            load(path)

    def test_several_tables(self, tmp_path):
        path = tmp_path / "two.gpkg"
        takhar().to_file(path, layer="first")
        takhar().iloc[:2].to_file(path, layer="second")
        with pytest.raises(ValueError, match="has 2 layers: give table= one of 'first', 'second'"):
            load(path)
        assert len(load(path, table="second")) == 2
        with pytest.raises(ValueError, match="Invalid table: 'third'"):
            load(path, table="third")

    @pytest.mark.parametrize("name", ["x.geojson", "x.gpkg", "x.parquet", "x.shp", "x.zip"])
    @pytest.mark.parametrize("content", [b"", b"no layer at all", bytes(range(256)) * 20])
    def test_damaged_files(self, tmp_path, name, content):
        path = tmp_path / name
        path.write_bytes(content)
        with pytest.raises(gr.errors.DataCorruptError, match="cannot be read"):
            load(path)

    def test_truncated_file(self, tmp_path):
        takhar().to_file(tmp_path / "whole.gpkg")
        half = (tmp_path / "whole.gpkg").read_bytes()[:20_000]
        (tmp_path / "half.gpkg").write_bytes(half)
        with pytest.raises(gr.errors.DataCorruptError, match="cannot be read"):
            load(tmp_path / "half.gpkg")

    def test_table_without_geometry(self, tmp_path):
        takhar().drop(columns="geometry").to_parquet(tmp_path / "plain.parquet")
        with pytest.raises(ValueError, match="no geometry that GeoParquet describes"):
            load(tmp_path / "plain.parquet")

    def test_what_is_not_there(self, tmp_path):
        with pytest.raises(FileNotFoundError, match="bundled layer is called 'natural_earth'"):
            gr.load_regions(tmp_path / "none.gpkg")
        with pytest.raises(ValueError, match=r"is an address.*fetch_layer"):
            gr.load_regions("https://example.org/layer.geojson")
        with pytest.raises(TypeError, match="int is neither a path nor a GeoDataFrame"):
            gr.load_regions(3)


class TestCoordinates:
    def test_no_crs(self):
        frame = takhar().set_crs(None, allow_override=True)
        with pytest.raises(ValueError, match=r'states no CRS.*crs="EPSG:4326"'):
            load(frame)
        assert len(load(frame, crs="EPSG:4326")) == 4
        assert frame.crs is None

    def test_contradicting_crs(self):
        with pytest.raises(
            ValueError, match="Invalid crs: EPSG:3857, but the source says EPSG:4326"
        ):
            load(takhar(), crs="EPSG:3857")

    def test_projected_coordinates_taken_for_degrees(self):
        frame = takhar().to_crs("EPSG:3857").set_crs("EPSG:4326", allow_override=True)
        with pytest.raises(ValueError, match=r"4 of 4 polygons leave.*look like projected"):
            load(frame)

    def test_longitudes_from_0_to_360(self):
        frame = takhar()
        frame["geometry"] = frame.geometry.translate(xoff=120.0)
        with pytest.raises(ValueError, match=r"leave \[-180, 180\].*Cut the polygons"):
            load(frame)

    def test_points_are_no_regions(self):
        frame = takhar().set_geometry(takhar().geometry.representative_point())
        with pytest.raises(ValueError, match="4 of 4 geometries are not polygons; first at row 0"):
            load(frame)

    def test_heights_are_left_out(self):
        frame = takhar()
        frame["geometry"] = shapely.force_3d(frame.geometry.to_numpy(), 5.0)
        assert load(frame).coverage.coords.shape[1] == 2

    def test_no_rows_and_no_geometry_column(self):
        with pytest.raises(ValueError, match="has no rows"):
            load(takhar().iloc[:0])
        with pytest.raises(ValueError, match="no geometry column is set"):
            load(geopandas.GeoDataFrame({"pcode": ["A"]}))


class TestCodes:
    def test_missing_and_duplicate_codes(self):
        frame = takhar(pcode=["A", None, "A", " "], label=["x", "Khwāja Ghār", None, None])
        layer = load(frame)
        codes = layer.columns["region_code"]
        assert codes == ["A~1", "AFG-KHWAJA-GHAR", "A~2", "AFG-4"]
        assert layer.columns["region_name"] == ["x", "Khwāja Ghār", "A~2", "AFG-4"]
        assert layer.columns["code_system"] == [
            "column pcode, made unique by geo_risk", "made by geo_risk",
            "column pcode, made unique by geo_risk", "made by geo_risk",
        ]  # fmt: skip
        assert [(m.row, m.stated) for m in layer.report.made_codes] == [
            (0, "A"), (1, None), (2, "A"), (3, None),
        ]  # fmt: skip

    def test_a_made_code_never_takes_a_stated_one(self):
        codes = load(takhar(pcode=["A~1", "A", "A", "A~2"])).columns["region_code"]
        assert len(set(codes)) == 4
        assert codes[0] == "A~1"
        assert codes[3] == "A~2"

    def test_duplicate_names(self):
        layer = load(takhar(label=["a", "b", "a", "d"]))
        assert layer.report.duplicate_names == {"a": ("A", "C")}

    def test_columns_are_found_and_others_kept(self):
        frame = takhar().rename(columns={"pcode": "shapeISO", "label": "shapeName"})
        frame["region_code"] = [None] * 4
        frame["population"] = [1, 2, 3, 4]
        layer = gr.load_regions(frame, country="Afghanistan")
        assert layer.columns["region_code"] == ["A", "B", "C", "D"]
        assert layer.columns["population"] == [1, 2, 3, 4]
        assert layer.columns["region_code_"] == [None] * 4
        assert layer.columns["country_name"] == ["Afghanistan"] * 4

    def test_number_codes(self):
        assert load(takhar(pcode=[1.0, 2.0, 3.0, np.nan])).columns["region_code"][:3] == [
            "1", "2", "3",
        ]  # fmt: skip

    def test_codes_of_any_case_are_found(self):
        layer = load(takhar(pcode=["a1", "A1", "b1", "c1"], label=list("wxyz")))
        assert [gr.find_region(c, layer=layer).row for c in ("a1", "A1", "b1", " C1 ")] == [
            0,
            1,
            2,
            3,
        ]

    def test_unknown_columns(self):
        for option in ("code", "name", "parent"):
            with pytest.raises(ValueError, match=f"Invalid {option}: no column 'nope'; there are"):
                load(takhar(), **{option: "nope"})
        with pytest.raises(ValueError, match="neither a column nor a country"):
            load(takhar(), country="nope")
        with pytest.raises(TypeError, match="Invalid country: 3 is not a string"):
            load(takhar(), country=3)

    def test_country_by_largest_overlap(self):
        layer = load(takhar(), country=None)
        assert layer.columns["country_code"] == ["AFG"] * 4
        assert [n.share for n in layer.report.countries] == pytest.approx([1.0] * 4)
        at_sea = geopandas.GeoDataFrame(
            {"pcode": ["S"], "label": ["sea"]}, geometry=[shapely.box(-35, 20, -34, 21)], crs=4326
        )
        layer = load(at_sea, country=None)
        assert layer.columns["country_code"] == [None]
        assert layer.columns["unit_code"] == ["ZZZ"]

    def test_country_of_a_unit_without_code(self):
        hargeisa = geopandas.GeoDataFrame(
            {"pcode": ["H"], "label": ["h"]}, geometry=[shapely.box(44, 9.4, 44.2, 9.6)], crs=4326
        )
        layer = load(hargeisa, country=None)
        assert (layer.columns["country_code"], layer.columns["unit_code"]) == ([None], ["SOL"])
        united = load(hargeisa, country=None, context=gr.load_regions(worldview="un"))
        assert united.columns["country_code"] == ["SOM"]

    def test_country_column(self):
        frame = takhar(land=["AF", "Afghanistan", "TJK", None])
        layer = load(frame, country="land")
        assert layer.columns["country_code"] == ["AFG", "AFG", "TJK", "AFG"]
        assert [n.region_code for n in layer.report.countries] == ["D"]

    def test_claimants_are_named_whatever_country_is_stated(self):
        simferopol = geopandas.GeoDataFrame(
            {"pcode": ["S"], "label": ["s"]}, geometry=[shapely.box(34, 44.9, 34.2, 45.1)], crs=4326
        )
        for country in ("UKR", "RUS", None):
            columns = load(simferopol, country=country).columns
            assert columns["claimed_by"] == [["RUS", "UKR"]]
            assert columns["administered_by"] == ["RUS"]
            assert columns["dispute"] == ["Crimea"]
        quiet = load(takhar())
        assert quiet.columns["claimed_by"] == [[]] * 4
        assert quiet.columns["administered_by"] == [None] * 4
        event = gr.read_events([{"lon": 34.1, "lat": 45.0}])
        assert gr.geocode(event, load(simferopol, country="UKR"))["claimed_by"].tolist() == [
            "RUS;UKR"
        ]

    def test_parents(self):
        provinces = gr.load_regions()
        layer = load(takhar(), parent_layer=provinces)
        assert layer.columns["parent_code"][3] == "AF-TAK"
        assert 0.0 < layer.columns["parent_share"][3] <= 1.0
        stated = load(takhar(up=["P"] * 4), parent="up", parent_layer=provinces)
        assert stated.columns["parent_code"] == ["P"] * 4
        assert stated.report.nesting == layer.report.nesting


class TestRepair:
    def test_bow_tie(self):
        frame = takhar().iloc[:1].copy()
        bow = shapely.Polygon([(69, 36), (70, 37), (70, 36), (69, 37)])
        frame["geometry"] = [bow]
        layer = load(frame)
        (repair,) = layer.report.repaired
        assert repair.region_code == "A"
        assert "Self-intersection" in repair.reason
        assert repair.area_km2 == pytest.approx(
            area_km2([shapely.box(69, 36, 70, 37)])[0] / 2, rel=0.01
        )
        assert layer.table.geometry[0].is_valid
        found = layer.locate(lon=[69.1, 69.9, 69.5, 69.5], lat=[36.5, 36.5, 36.1, 36.9])
        assert found.tolist() == [0, 0, -1, -1]
        assert frame.geometry.iloc[0].equals_exact(bow)

    def test_only_polygons_are_kept(self):
        frame = takhar().iloc[:2].copy()
        spike = shapely.Polygon(
            [(69, 36), (70, 36), (70, 37), (69, 37), (69, 36), (68, 35), (69, 36)]
        )
        mixed = shapely.GeometryCollection([shapely.box(70, 36, 71, 37), shapely.Point(0, 0)])
        frame["geometry"] = [spike, mixed]
        layer = load(frame)
        kinds = set(layer.table.geometry.geom_type)
        assert kinds <= {"Polygon", "MultiPolygon"}
        assert layer.table.geometry[0].equals(shapely.box(69, 36, 70, 37))
        assert layer.table.geometry[1].equals(shapely.box(70, 36, 71, 37))

    def test_rows_without_polygons_stay(self):
        frame = takhar()
        frame["geometry"] = [None, shapely.Polygon(), *frame.geometry[2:]]
        layer = load(frame)
        assert len(layer) == 4
        assert layer.report.without_geometry == ("A", "B")

    @pytest.mark.parametrize(
        ("shapes", "rows", "overlaps"),
        [
            ([None, shapely.Polygon()], [-1], 0),
            ([shapely.box(0, 0, 1, 1)] * 2, [0], 1),
            ([shapely.box(0, 0, 1, 1), shapely.box(0.2, 0.2, 0.8, 0.8)], [0], 1),
            ([shapely.box(-180, -90, 180, 90)], [0], 0),
            ([shapely.Polygon([(0, 0), (1, 1), (0, 0)]), shapely.box(0, 0, 1, 1)], [1], 0),
        ],
    )
    def test_odd_layers(self, shapes, rows, overlaps):
        codes = [str(k) for k in range(len(shapes))]
        frame = geopandas.GeoDataFrame({"code": codes}, geometry=shapes, crs="EPSG:4326")
        layer = gr.load_regions(frame)
        assert layer.locate(lon=[0.5], lat=[0.4]).tolist() == rows
        assert len(layer.report.overlaps) == overlaps
        assert layer.report.gaps == ()

    def test_near_vertices_are_joined(self):
        frame = takhar()
        off = frame.geometry[3]
        frame.loc[3, "geometry"] = shapely.transform(off, lambda c: c + np.array([4e-6, -3e-6]))
        apart = load(frame, snap_tolerance_m=0.0)
        assert apart.neighbors("D") == []
        assert apart.report.overlaps
        layer = load(frame)
        assert layer.neighbors("D") == ["B", "C"]
        assert layer.report.snapped_vertices == 3
        assert 0.3 < layer.report.largest_move_m < 0.7
        assert layer.report.overlaps == ()
        assert layer.report.gaps == ()

    def test_a_vertex_that_only_one_side_has(self):
        west = shapely.Polygon(
            [(69, 36), (69.5, 36), (69.5, 36.25 + 1e-9), (69.5, 36.5), (69, 36.5)]
        )
        frame = takhar().iloc[[0, 2]].copy()
        frame["geometry"] = [west, frame.geometry.iloc[1]]
        assert load(frame, snap_tolerance_m=0.0).neighbors("A") == []
        layer = load(frame)
        assert layer.neighbors("A") == ["C"]
        assert layer.report.inserted_vertices == 1

    def test_overlaps_gaps_and_slivers(self):
        shapes = [
            shapely.box(69, 36, 69.5, 36.5),
            shapely.box(69.4, 36, 70, 36.5),  # 0.1 x 0.5 degrees of overlap
            shapely.box(69, 36.502, 70, 37),  # a strip of 0.002 degrees, closed in by the next
            shapely.box(70, 36, 70.1, 37),
            shapely.box(68.9, 36, 69, 37),
        ]
        frame = geopandas.GeoDataFrame(
            {"pcode": list("ABCDE"), "label": list("abcde")}, geometry=shapes, crs="EPSG:4326"
        )
        report = load(frame).report
        (overlap,) = report.overlaps
        assert overlap.region_codes == ("A", "B")
        assert overlap.area_km2 == pytest.approx(area_km2([shapely.box(69.4, 36, 69.5, 36.5)])[0])
        assert not overlap.sliver
        (gap,) = report.gaps
        assert gap.region_codes == ("A", "B", "C", "D", "E")
        assert gap.area_km2 == pytest.approx(area_km2([shapely.box(69, 36.5, 70, 36.502)])[0])
        assert report.slivers == (gap,)
        assert 36.5 < gap.lat < 36.502
        text = str(report)
        assert "1 overlaps" in text
        assert "1 of these are slivers" in text


def test_areas_are_those_of_the_ellipsoid():
    from pyproj import Geod

    shapes = [shapely.box(10, 50, 10.01, 50.01), shapely.box(-70, -0.005, -69.99, 0.005), None]
    geod = Geod(ellps="WGS84")
    expected = [abs(geod.geometry_area_perimeter(s)[0]) / 1e6 if s else 0.0 for s in shapes]
    np.testing.assert_allclose(area_km2(shapes), expected, rtol=1e-6)
    whole = area_km2([shapely.box(-180, -90, 180, 90)])[0]
    assert whole == pytest.approx(510_065_621.724, rel=1e-9)  # NGA.STND.0036, WGS84


def test_largest_overlap_by_group():
    ours = [shapely.box(0, 0, 3, 1), shapely.box(10, 0, 11, 1)]
    theirs = [shapely.box(0, 0, 1.2, 1), shapely.box(1.2, 0, 2, 1), shapely.box(2, 0, 3, 1)]
    assert largest_overlaps(ours, theirs)[0].tolist() == [0, -1]
    group, share = largest_overlaps(ours, theirs, [7, 5, 5])
    assert group.tolist() == [5, -1]
    np.testing.assert_allclose(share, [0.6, 0.0], atol=1e-9)


class TestDated:
    def layer(self):
        frame = takhar(
            pcode=["SDN", "SDN", "SSD", "TCD"],
            since=["1956-01-01", "2011-07-09", dt.date(2011, 7, 9), None],
            until=["2011-07-08", None, None, None],
        )
        frame["geometry"] = [
            shapely.box(69, 36, 71, 37), shapely.box(69, 36, 70, 37),
            shapely.box(70, 36, 71, 37), shapely.box(71, 36, 72, 37),
        ]  # fmt: skip
        return load(frame, valid_from="since", valid_to="until")

    def test_codes_carry_the_day(self):
        layer = self.layer()
        assert isinstance(layer, DatedLayer)
        codes = layer.columns["region_code"]
        assert codes == ["SDN@1956-01-01", "SDN@2011-07-09", "SSD", "TCD"]
        assert layer.report.overlaps == ()

    def test_the_unit_valid_on_the_day(self):
        layer = self.layer()
        days = ["2011-07-08", "2011-07-09", "1955-12-31", None, "2020"]
        found = layer.locate(lon=[70.5] * 5, lat=[36.5] * 5, date=days)
        assert found.tolist() == [0, 2, -1, -1, 2]
        assert layer.locate(lon=[71.5, 70.5], lat=36.5, date="1900-01-01").tolist() == [3, -1]

    def test_as_of_a_day(self):
        layer = self.layer()
        before, after = layer.at("2011-07-08"), layer.at(dt.date(2011, 7, 9))
        assert before.columns["region_code"] == ["SDN@1956-01-01", "TCD"]
        assert after.neighbors("SSD") == ["SDN@2011-07-09", "TCD"]
        assert layer.at("1999-01-01") is before
        assert isinstance(before, gr.RegionLayer)

    def test_without_a_day_nothing_is_said(self):
        layer = self.layer()
        with pytest.raises(ValueError, match=r"has validity dates: give date="):
            layer.locate(lon=70.0, lat=36.5)
        with pytest.raises(
            AttributeError, match=r"no neighbors: take layer\.at\(date\)\.neighbors"
        ):
            layer.neighbors("SSD")
        with pytest.raises(ValueError, match="Invalid date: 2 dates for 3 points"):
            layer.locate(lon=[1, 2, 3], lat=0, date=["2001-01-01"] * 2)
        with pytest.raises(ValueError, match="Invalid date: None is not one day"):
            layer.at(None)

    def test_dates_that_are_none(self):
        for bad in ("soon", True, 0.5, object()):
            with pytest.raises(ValueError, match=r"Invalid date: .* at index 0 is not a date"):
                days_of([bad], "date")
        frame = takhar(since=["2000-01-01"] * 4, until=["1999-12-31", None, None, None])
        with pytest.raises(ValueError, match="1 of 4 regions end before they begin; first 'A'"):
            load(frame, valid_from="since", valid_to="until")

    def test_years_and_months(self):
        days = days_of(["1946", 1990, "2011-07", "2011/07/09", dt.datetime(2011, 7, 9, 5)], "date")
        assert days.astype(str).tolist() == [
            "1946-01-01", "1990-01-01", "2011-07-01", "2011-07-09", "2011-07-09",
        ]  # fmt: skip

    def test_geocode_takes_the_unit_of_the_day(self):
        events = gr.read_events(
            [
                {"lon": 70.5, "lat": 36.5, "date": "2005-03-01"},
                {"lon": 70.5, "lat": 36.5, "date": "2015-03-01"},
                {"lon": 70.5, "lat": 37.01, "date": "2015-03-01"},
                {"lon": 70.5, "lat": 36.5, "date": None},
            ]
        )
        found = gr.geocode(events, self.layer())
        assert found["region_code"].tolist() == ["SDN@1956-01-01", "SSD", "SSD", None]
        assert found["match"].tolist() == ["polygon", "polygon", "snapped", "none"]
        with pytest.raises(
            ValueError, match="has validity dates, but there is no column date_start"
        ):
            gr.geocode(events.drop(columns="date_start"), self.layer())


class TestOptions:
    @pytest.mark.parametrize(
        ("options", "message"),
        [
            ({"code": "x"}, "Invalid code: the bundled layer does not take it"),
            ({"crs": "EPSG:4326"}, "Invalid crs: the bundled layer does not take it"),
        ],
    )
    def test_bundled(self, options, message):
        with pytest.raises(ValueError, match=message):
            gr.load_regions(**options)

    @pytest.mark.parametrize(
        ("options", "error", "message"),
        [
            ({"worldview": "un"}, ValueError, "only the bundled layer has views"),
            ({"level": 2.0}, TypeError, r"Invalid level: 2\.0 is not an integer"),
            ({"level": -1}, ValueError, "Invalid level: -1; must be an integer from 0 to 9"),
            ({"snap_tolerance_m": -1.0}, ValueError, "Invalid snap_tolerance_m: -1.0"),
            ({"accuracy_m": "x"}, TypeError, "Invalid accuracy_m: 'x' is not a number"),
            ({"context": "AFG"}, TypeError, "Invalid context: str is not a RegionLayer"),
            ({"parent_layer": 1}, TypeError, "Invalid parent_layer: int is not a RegionLayer"),
        ],
    )
    def test_own(self, options, error, message):
        with pytest.raises(error, match=message):
            load(takhar(), **options)

    def test_stated_accuracy(self):
        assert load(takhar(), accuracy_m=500).provenance["nominal_accuracy"]["max_m"] == 500.0

    def test_nothing_is_printed_and_the_frame_stays(self, capsys):
        frame = takhar(pcode=["A", "A", None, None])
        before = frame.copy()
        load(frame)
        assert capsys.readouterr() == ("", "")
        assert_geodataframe_equal(frame, before)

    def test_equal_polygons_share_their_index(self):
        first, second = load(takhar()), load(takhar(label=list("wxyz")))
        assert first.fingerprint == second.fingerprint
        assert first.fingerprint != load(takhar().iloc[::-1]).fingerprint


class TestAfghanistan:
    """geoBoundaries: provinces with unclean codes, districts without codes."""

    @pytest.fixture
    def provinces(self):
        return gr.load_regions(shared("data/boundaries/geoBoundaries-AFG-ADM1.geojson"))

    @pytest.fixture
    def districts(self, provinces):
        path = shared("data/boundaries/geoBoundaries-AFG-ADM2.parquet")
        return gr.load_regions(path, level=2, parent_layer=provinces)

    def test_provinces(self, provinces):
        assert len(provinces) == 34
        assert set(provinces.columns["country_code"]) == {"AFG"}
        assert {"AF_KAN", "AF-BDN"} <= set(provinces.columns["region_code"])  # as stated
        assert set(provinces.columns["code_system"]) == {"column shapeISO"}

    def test_unclean_codes_are_told_by_overlap_with_the_world(self):
        path = shared("data/boundaries/geoBoundaries-AFG-ADM1.geojson")
        report = gr.load_regions(path, parent_layer=gr.load_regions()).report
        other = {n.region_code: n.parent_code for n in report.nesting}
        assert {k: v for k, v in other.items() if k != v} == {
            "AF_KAN": "AF-KAN",
            "AF-BDN": "AF-BDS",
        }

    def test_districts(self, districts):
        assert len(districts) == 398
        assert set(districts.columns["code_system"]) == {"column shapeID"}
        assert len(districts.report.duplicate_names) == 7
        assert all(len(codes) == 2 for codes in districts.report.duplicate_names.values())
        rows = districts.locate(lon=[69.42126, 69.53451], lat=[37.06588, 36.73605])
        found = [
            (districts.columns["region_name"][row], districts.columns["parent_code"][row])
            for row in rows
        ]
        assert found == [("Khwaja Ghar", "AF-TAK"), ("Taluqan", "AF-TAK")]

    def test_nesting(self, districts):
        shares = np.array([n.share for n in districts.report.nesting])
        assert ((shares > 0.0) & (shares <= 1.0)).all()
        assert 15 <= (shares < 0.75).sum() <= 25  # one in twenty
        worst = districts.report.badly_nested()
        assert worst[0].share == shares.min()

    def test_duplicate_names_are_refused_with_their_candidates(self, districts):
        with pytest.raises(gr.errors.AmbiguousRegionError, match="Baharak"):
            gr.find_region("Baharak", layer=districts)
        assert gr.find_region("Taluqan", layer=districts).score == 1.0
        found = gr.find_region("Baharak", layer=districts, parent="AF-TAK")
        assert districts.columns["parent_code"][found.row] == "AF-TAK"
        assert gr.find_region(found.region_code, layer=districts) == found.__class__(
            found.row, found.region_code, "Baharak", "AFG", found.region_code, 1.0
        )
        with pytest.raises(gr.errors.UnknownRegionError, match="no regions inside 'AF-XXX'"):
            gr.find_region("Baharak", layer=districts, parent="AF-XXX")

    def test_topology_and_borders(self, provinces, districts):
        inside = districts.table.geometry.representative_point()
        here = {
            "lon": inside.x.to_numpy(),
            "lat": inside.y.to_numpy(),
            "country": "AFG",
            "to": "TJK",
        }
        world = gr.load_borders().nearest(**here).distance_m
        # the world layer's largest measured error on 12 borders; on this one it is 2,909 m
        largest = gr.load_regions().provenance["nominal_accuracy"]["max_m"]
        for layer, limit in ((provinces, largest), (districts, 2909.0)):
            assert (layer.topology.right >= 0).mean() > 0.65
            near = gr.load_borders(layer).nearest(**here)
            assert set(near.other_country_code) == {"TJK"}
            np.testing.assert_allclose(near.distance_m, world, atol=limit)
            # along the line itself: every bend of the bundled border
            table = gr.load_borders().table
            pair = (table["country_code_1"] == "AFG") & (table["country_code_2"] == "TJK")
            bends = table.geometry[pair].get_coordinates().to_numpy()
            along = gr.load_borders(layer).nearest(
                lon=bends[:, 0], lat=bends[:, 1], country="AFG", to="TJK"
            )
            assert np.median(along.distance_m) < (700.0 if layer is districts else 2000.0)
            assert along.distance_m.max() < (3000.0 if layer is districts else 7100.0)


def test_a_point_abroad_is_not_snapped_into_a_layer_that_ends_at_the_border():
    chitral, pier = (71.75, 36.2), (-157.87, 21.295)
    frame = geopandas.GeoDataFrame(
        {"pcode": ["A", "B"], "label": ["a", "b"]},
        geometry=[shapely.box(71.0, 36.0, 71.73, 36.4), shapely.box(-157.9, 21.3, -157.8, 21.4)],
        crs="EPSG:4326",
    )
    frame["land"] = ["AFG", "USA"]
    events = gr.read_events([{"lon": lon, "lat": lat} for lon, lat in (chitral, pier)])
    found = gr.geocode(events, load(frame, country="land"))
    assert found["match"].tolist() == ["none", "snapped"]
    assert found["region_code"].tolist() == [None, "B"]
    assert gr.geocode(events)["country_code"].tolist() == ["PAK", "USA"]


def test_warnings_stay_errors():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        load(takhar().to_crs("EPSG:3857"))


def test_large_shapes_are_overlaid_in_tiles_with_the_same_areas(monkeypatch):
    rng = np.random.default_rng(1)

    def ragged(n: int, lon: float, lat: float) -> shapely.Polygon:
        angle = np.linspace(0, 2 * np.pi, n, endpoint=False)
        ring = np.column_stack([np.cos(angle), np.sin(angle)])
        return shapely.Polygon([lon, lat] + (2 + 0.2 * rng.random((n, 1))) * ring,
                               [[lon, lat] + 0.3 * ring])  # fmt: skip

    shapes = [ragged(3000, 10, 10), ragged(2500, 12, 10), shapely.box(0, 0, 9, 9), None]
    others = [ragged(2000, 11, 11), shapely.box(9, 9, 20, 20), shapely.box(8, 0, 9.5, 60)]
    whole = overlay.overlap_table(shapes, others)
    monkeypatch.setattr(overlay, "_LARGE", 5)
    monkeypatch.setattr(overlay, "_TILE", 300)
    tiled = overlay.overlap_table(shapes, others)
    assert len(whole[0]) > 5
    for a, b in zip(whole, tiled):
        np.testing.assert_allclose(a, b, rtol=1e-12)
