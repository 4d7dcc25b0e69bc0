"""What `load_regions` does with files that are too large, half there, or in two systems at once."""

from __future__ import annotations

import json

import geopandas
import numpy as np
import pytest

import geo_risk as gr
from geo_risk.errors import DataCorruptError

GIBIBYTE = 2**30


def square(west: float, south: float, size: float = 1.0) -> list[list[list[float]]]:
    east, north = west + size, south + size
    return [[[west, south], [east, south], [east, north], [west, north], [west, south]]]


def features(*rings) -> dict:
    return {
        "type": "FeatureCollection",
        "features": [
            {
                "type": "Feature",
                "properties": {"pcode": f"A{k}", "label": f"a {k}"},
                "geometry": {"type": "Polygon", "coordinates": ring},
            }
            for k, ring in enumerate(rings)
        ],
    }


@pytest.mark.parametrize(
    ("name", "head"),
    [
        ("big.geojson", b'{"type":"FeatureCollection","features":['),
        ("big.shp", b"\x00\x00\x27\x0a"),
        ("big.fgb", b"fgb\x03fgb\x00"),
        ("big.parquet", b"PAR1"),
        ("big.zip", b"PK\x03\x04"),
    ],
)
def test_two_gigabytes_of_nothing(tmp_path, name, head):
    """A file that begins like a layer and goes on with 2 GiB of zeros (sparse on the disk)."""
    path = tmp_path / name
    with path.open("wb") as file:
        file.write(head)
        try:
            file.truncate(2 * GIBIBYTE)
        except OSError as error:
            pytest.skip(f"no room for a sparse file here: {error}")
    if path.stat().st_blocks * 512 > GIBIBYTE:
        pytest.skip("this file system does not keep sparse files")
    with pytest.raises((DataCorruptError, ValueError), match=f"{name} (cannot be read|has no la)"):
        gr.load_regions(path)
    assert sorted(p.name for p in tmp_path.iterdir()) == [name]  # nothing written beside it


class TestMixedSystems:
    def test_degrees_and_metres_in_one_file(self, tmp_path):
        path = tmp_path / "mixed.geojson"
        path.write_text(json.dumps(features(square(69, 36), square(7_600_000, 4_300_000, 1e5))))
        with pytest.raises(
            ValueError, match=r"1 of 2 polygons leave.*first at row 1.*look like projected"
        ):
            gr.load_regions(path)

    def test_every_table_has_a_system_of_its_own(self, tmp_path):
        degrees = geopandas.GeoDataFrame.from_features(features(square(69, 36)), crs="EPSG:4326")
        path = tmp_path / "two.gpkg"
        degrees.to_file(path, layer="degrees")
        degrees.to_crs("EPSG:32642").to_file(path, layer="metres")
        first = gr.load_regions(path, table="degrees")
        second = gr.load_regions(path, table="metres")
        np.testing.assert_allclose(first.coverage.coords, second.coverage.coords, atol=1e-8)

    def test_parent_and_child_may_come_in_different_systems(self, tmp_path):
        whole = geopandas.GeoDataFrame.from_features(features(square(69, 36)), crs="EPSG:4326")
        part = geopandas.GeoDataFrame.from_features(
            features(square(69.1, 36.1, 0.5)), crs="EPSG:4326"
        ).to_crs("EPSG:32642")
        parents = gr.load_regions(whole, code="pcode")
        children = gr.load_regions(part, level=2, code="pcode", parent_layer=parents)
        (nesting,) = children.report.nesting
        assert nesting.parent_code == "A0"
        assert nesting.share == pytest.approx(1.0, abs=1e-6)

    def test_a_crs_member_that_contradicts_the_coordinates(self, tmp_path):
        content = features(square(69, 36))
        content["crs"] = {"type": "name", "properties": {"name": "urn:ogc:def:crs:EPSG::3857"}}
        path = tmp_path / "named.geojson"
        path.write_text(json.dumps(content))
        # as it says: 69 m east and 36 m north of the origin, which no layer of Afghanistan is
        layer = gr.load_regions(path, code="pcode")
        assert np.abs(layer.coverage.coords).max() < 0.001
        with pytest.raises(ValueError, match="Invalid crs: EPSG:4326, but the source says"):
            gr.load_regions(path, code="pcode", crs="EPSG:4326")


def test_half_a_geojson(tmp_path):
    text = json.dumps(features(square(69, 36), square(70, 36)))
    for share in (0.3, 0.6, 0.95):
        path = tmp_path / "half.geojson"
        path.write_text(text[: int(len(text) * share)])
        with pytest.raises((DataCorruptError, ValueError), match=r"half\.geojson"):
            gr.load_regions(path)


def test_codes_borne_twice_and_empty_shapes_in_one_layer(tmp_path):
    content = features(square(69, 36), square(70, 36), square(71, 36))
    for feature in content["features"]:
        feature["properties"]["pcode"] = "A"
    content["features"][1]["geometry"] = None
    path = tmp_path / "twice.geojson"
    path.write_text(json.dumps(content))
    layer = gr.load_regions(path, code="pcode", name="label")
    assert layer.columns["region_code"] == ["A~1", "A~2", "A~3"]
    assert layer.report.without_geometry == ("A~2",)
    assert [made.stated for made in layer.report.made_codes] == ["A", "A", "A"]
    assert layer.locate(lon=[69.5, 70.5, 71.5], lat=[36.5] * 3).tolist() == [0, -1, 2]
