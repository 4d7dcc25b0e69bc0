"""Geometries nested so deeply that GEOS would end the process: seen before, in every writing."""

from __future__ import annotations

import struct
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.feather
import pyarrow.parquet as pq
import pytest
import shapely
from paths import shared

from geo_risk._core.nesting import MOST_LEVELS, too_deep
from geo_risk.errors import DataCorruptError
from geo_risk.events import iter_events, read_events

POINT = shapely.to_wkb(shapely.Point(1, 2))
DEEP = 100_000  # levels, of which GEOS ends at some 30,000
COLLECTIONS = (4, 5, 6, 7, 9, 10, 11, 12)


def nested(levels: int, kind: int = 7, order: str = "<", srid: bool = False) -> bytes:
    head = b"\x01" if order == "<" else b"\x00"
    level = struct.pack(f"{order}III", kind | 0x20000000, 4326, 1) if srid else struct.pack(
        f"{order}II", kind, 1)  # fmt: skip
    return (head + level) * levels + POINT


def wkt(levels: int) -> str:
    return "GEOMETRYCOLLECTION (" * levels + "POINT (1 2)" + ")" * levels


def mapping(levels: int) -> dict[str, Any]:
    shape: dict[str, Any] = {"type": "Point", "coordinates": [1, 2]}
    for _ in range(levels):
        shape = {"type": "GeometryCollection", "geometries": [shape]}
    return shape


WRITINGS: dict[str, Any] = {
    **{f"WKB of type {kind}": lambda n, kind=kind: nested(n, kind) for kind in COLLECTIONS},
    **{f"ISO WKB of type {kind}": lambda n, kind=kind: nested(n, kind) for kind in (1007, 3006)},
    "WKB with Z": lambda n: nested(n, 7 | 0x80000000),
    "big-endian WKB": lambda n: nested(n, order=">"),
    "EWKB": lambda n: nested(n, srid=True),
    "hexadecimal WKB": lambda n: nested(n).hex(),
    "hexadecimal EWKB": lambda n: nested(n, srid=True).hex().upper(),
    "bytearray": lambda n: bytearray(nested(n)),
    "memoryview": lambda n: memoryview(nested(n)),
    "behind other parts": lambda n: (
        b"\x01" + struct.pack("<II", 7, 3) + POINT + shapely.box(0, 0, 1, 1).wkb + nested(n - 1)
    ),
    "WKT": lambda n: wkt(n - 1),  # the point has brackets, too
}  # fmt: skip


@pytest.mark.parametrize("writing", [*WRITINGS, "GeoJSON"])
def test_the_bound_is_sharp(writing: str) -> None:
    write = WRITINGS.get(writing, mapping)
    assert not too_deep(write(MOST_LEVELS))
    assert too_deep(write(MOST_LEVELS + 1))


@pytest.mark.parametrize("writing", WRITINGS)
def test_a_nested_cell_is_flagged_and_its_neighbours_read(writing: str) -> None:
    table = pd.DataFrame({"id": [1, 2], "geometry": [WRITINGS[writing](DEEP), POINT]})
    found = read_events(table)
    assert found["flags"].tolist() == ["bad_coordinates", ""]
    assert found.geometry.iloc[1] == shapely.Point(1, 2)


@pytest.mark.parametrize("prefix", ["SRID=4326;", "srid=4326; ", " "])
def test_a_prefix_hides_nothing(prefix: str) -> None:
    cells = [prefix + nested(DEEP).hex(), prefix + wkt(DEEP), prefix + wkt(1)]
    found = read_events(pd.DataFrame({"geometry": cells}))
    assert found["flags"].tolist() == ["bad_coordinates", "bad_coordinates", "not_a_point"]


def test_many_shapes_are_not_deep() -> None:
    rings = [shapely.Point(i, 0).buffer(0.4) for i in range(100)]
    for shape in (shapely.MultiPolygon(rings), shapely.GeometryCollection(rings),
                  shapely.LineString(np.zeros((500, 2)))):  # fmt: skip
        assert not any(too_deep(written) for written in (shape.wkb, shape.wkb_hex, shape.wkt))


@pytest.mark.parametrize("kind", [2, 3, *COLLECTIONS, 1007, 99])
@pytest.mark.parametrize("order", ["<", ">"])
def test_counts_that_lie_are_flagged(kind: int, order: str) -> None:
    head = (b"\x01" if order == "<" else b"\x00") + struct.pack(f"{order}II", kind, 4_000_000_000)
    found = read_events(pd.DataFrame({"id": [1, 2], "geometry": [head + b"\x01" * 600, POINT]}))
    assert found["flags"].iloc[1] == ""
    assert found["flags"].iloc[0] != ""


def test_deep_geojson_is_flagged() -> None:
    features = [{"type": "Feature", "properties": {}, "geometry": mapping(n)} for n in (300, 1)]
    found = read_events({"type": "FeatureCollection", "features": features})
    assert found["flags"].tolist() == ["bad_coordinates", "not_a_point"]
    assert "more than 32 collections" in found.attrs["geo_risk"]["notes"][0]


def test_deep_cells_of_lists_are_flagged() -> None:
    deep: list[Any] = []
    for _ in range(100_000):
        deep = [deep]
    names = ("id", "date", "lon", "lat", "place", "geometry")
    found = read_events(pd.DataFrame({name: [deep] for name in names}))
    assert found["flags"].tolist() == ["bad_coordinates;bad_date"]


@pytest.mark.parametrize("way", ["GeoParquet", "chunks", "Feather", "GeoArrow", "Arrow"])
def test_files_that_state_geometries_are_refused(tmp_path: Path, way: str) -> None:
    frame = gpd.GeoDataFrame({"id": [1, 2]}, geometry=[shapely.Point(1, 2)] * 2, crs=4326)
    frame.to_parquet(tmp_path / "e.parquet")
    table = pa.table(frame.to_arrow()) if way == "GeoArrow" else pq.read_table(
        tmp_path / "e.parquet")  # fmt: skip
    field = table.schema.field("geometry")
    cells = pa.array([POINT, nested(DEEP)], pa.binary())
    table = table.set_column(1, field.with_type(pa.binary()), cells)
    pq.write_table(table, tmp_path / "e.parquet")
    pa.feather.write_feather(table, tmp_path / "e.feather")
    ways: dict[str, Any] = {
        "GeoParquet": lambda: read_events(tmp_path / "e.parquet"),
        "chunks": lambda: list(iter_events(tmp_path / "e.parquet")),
        "Feather": lambda: read_events(tmp_path / "e.feather"),
    }
    with pytest.raises(DataCorruptError, match=r"of row 1 cannot be read: it holds more than 32"):
        ways.get(way, lambda: read_events(table))()


@pytest.mark.parametrize("name", ["segfault_wkb", "segfault_wkt"])
def test_the_attacks_that_were_seen(name: str) -> None:
    found = read_events(shared(f"cases/attacks/{name}.csv.gz"))
    assert found["flags"].tolist() == ["bad_coordinates", ""]
