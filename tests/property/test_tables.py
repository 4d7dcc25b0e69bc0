"""Writing frames: every format, the same bytes, nothing lost on the way back."""

from __future__ import annotations

import csv
import datetime as dt
import io

import geopandas
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given, settings, strategies as st
from strategies import lonlats

from geo_risk.frames.tables import FORMATS, flat_table, storable, write_csv, write_table

texts = st.one_of(
    st.none(), st.text(st.characters(codec="utf-8", exclude_characters="\x00\r"), max_size=8)
)


@st.composite
def frames(draw):
    points = draw(lonlats)
    n = len(points)
    return geopandas.GeoDataFrame(
        {
            "text": pd.Series(draw(st.lists(texts, min_size=n, max_size=n)), dtype=object),
            "number": draw(st.lists(st.floats(allow_infinity=False), min_size=n, max_size=n)),
            "count": draw(st.lists(st.integers(-(2**31), 2**31), min_size=n, max_size=n)),
        },
        geometry=shapely.points(points),
        crs="EPSG:4326",
    )


def read_back(path):
    if path.suffix == ".parquet":
        return geopandas.read_parquet(path)
    if path.suffix == ".arrow":
        return geopandas.read_feather(path)
    return geopandas.read_file(path)


@given(frames())
@settings(max_examples=25)
@pytest.mark.parametrize("ending", [".parquet", ".arrow", ".gpkg", ".geojson"])
def test_round_trip(ending, tmp_path_factory, frame):
    folder = tmp_path_factory.mktemp("tables")
    found = read_back(write_table(frame, folder / f"t{ending}"))
    assert found["count"].tolist() == frame["count"].tolist()
    np.testing.assert_array_equal(found["number"].astype(float), frame["number"])
    tolerance = 1e-6 if ending == ".geojson" else 0.0  # RFC 7946: seven decimals
    np.testing.assert_allclose(found.geometry.x, frame.geometry.x, rtol=0, atol=tolerance)
    np.testing.assert_allclose(found.geometry.y, frame.geometry.y, rtol=0, atol=tolerance)
    if ending in (".parquet", ".arrow"):
        same = [None if a is None or a != a else a for a in found["text"]]
        assert same == frame["text"].tolist()


@given(frames())
@settings(max_examples=25)
def test_csv_round_trip(frame):
    stream = io.StringIO()
    write_csv(frame, stream)
    stream.seek(0)
    found = list(csv.DictReader(stream))
    assert [float(row["lon"]) for row in found] == frame.geometry.x.tolist()
    assert [float(row["lat"]) for row in found] == frame.geometry.y.tolist()
    assert [int(row["count"]) for row in found] == frame["count"].tolist()


@pytest.mark.parametrize("ending", FORMATS)
def test_same_frame_same_bytes(ending, tmp_path):
    frame = geopandas.GeoDataFrame(
        {"a": [1, 2]}, geometry=shapely.points([[1, 2], [3, 4]]), crs="EPSG:4326"
    )
    one = write_table(frame, tmp_path / f"one{ending}").read_bytes()
    (tmp_path / "again").mkdir()
    assert write_table(frame, tmp_path / "again" / f"one{ending}").read_bytes() == one


def test_unknown_ending(tmp_path):
    frame = geopandas.GeoDataFrame(geometry=shapely.points([[1, 2]]), crs="EPSG:4326")
    with pytest.raises(ValueError, match=r"'t\.docx' ends in none of \.parquet"):
        write_table(frame, tmp_path / "t.docx")


def test_odd_objects_become_text_and_attrs_stay_behind():
    frame = geopandas.GeoDataFrame(
        {"odd": pd.Series([["x"], None], dtype=object, index=["b", "b"])},
        geometry=shapely.points([[1, 2], [3, 4]]), crs="EPSG:4326", index=["b", "b"],
    )  # fmt: skip
    frame.attrs["note"] = {1: 2}
    plain = storable(frame)
    assert plain["odd"].tolist() == ["['x']", None]
    assert plain.index.tolist() == [0, 1]
    assert plain.attrs == {}
    assert frame["odd"].tolist() == [["x"], None]


def test_shapes_other_than_points_become_text():
    frame = geopandas.GeoDataFrame({"lon": [7]}, geometry=[shapely.box(0, 0, 1, 1)], crs=4326)
    assert flat_table(frame)["geometry"][0].startswith("POLYGON")
    points = frame.set_geometry(shapely.points([[0.5, 0.5]]), crs=4326)
    assert flat_table(points)["lon_"].tolist() == [0.5]


def test_what_was_written_as_csv_is_read_back_as_it_was(tmp_path):
    """Points, flags of later steps and columns survive, however often a table goes round."""
    import geo_risk as gr

    table = pd.DataFrame(
        {
            "id": ["a", "b", "c"], "longitude": [69.53, None, 0.0], "lat": [36.74, None, 0.0],
            "place": ["Taloqan", "Nowhereville", None], "date": "2022-03-05",
        }
    )  # fmt: skip
    first = gr.border_proximity(gr.geocode(gr.read_events(table)))
    path = write_table(first, tmp_path / "first.csv")
    again = gr.read_events(path)
    assert again.geometry.to_wkb().tolist() == first.geometry.to_wkb().tolist()
    assert again["flags"].tolist() == first["flags"].tolist()
    assert "place_not_found" in again["flags"][1]
    twice = write_table(again, tmp_path / "again.csv")
    assert twice.read_bytes() == path.read_bytes()


@st.composite
def event_tables(draw):
    """Tables of events with missing and odd values in every column."""
    n = draw(st.integers(0, 6))

    def column(values):
        return draw(st.lists(st.one_of(st.none(), values), min_size=n, max_size=n))

    days = st.dates(min_value=dt.date(1900, 1, 1), max_value=dt.date(2100, 1, 1))
    return pd.DataFrame(
        {
            "id": [f"e{k}" for k in range(n)],
            "date": column(days.map(str)),
            "lon": column(st.floats(-180, 180)),
            "lat": column(st.floats(-90, 90)),
            "place": column(st.sampled_from(["Taloqan", "Khwājah Ghār", 'a "b", c', "x;y"])),
            "killed": column(st.integers(0, 10**6)),
            "sure": column(st.booleans()),
        }
    ).astype({"lon": float, "lat": float})


@given(event_tables())
@settings(max_examples=25)
@pytest.mark.parametrize("ending", FORMATS)
def test_events_come_back_from_every_format(ending, tmp_path_factory, table):
    """What `read_events` made is read back as it was: points, days, numbers, text, flags."""
    import geo_risk as gr

    if ending == ".geojson":  # it has 15 decimals: a latitude of 1e-308 is 0 there
        table = table.round({"lon": 15, "lat": 15})
    before = gr.read_events(table)
    path = write_table(before, tmp_path_factory.mktemp("events") / f"e{ending}")
    after = gr.read_events(path)
    assert len(after) == len(before)
    assert after["event_id"].tolist() == before["event_id"].tolist()
    for name in ("date_start", "date_end"):
        pd.testing.assert_series_equal(
            after[name], before[name], check_dtype=False, check_index_type=False
        )
    for name in ("location_name", "date_precision", "source"):
        kept, given = after[name], before[name]
        assert kept.where(kept.notna(), None).tolist() == given.where(given.notna(), None).tolist()
    np.testing.assert_array_equal(after["fatalities_best"], before["fatalities_best"])
    assert after["flags"].tolist() == before["flags"].tolist()
    assert after.geometry.isna().tolist() == before.geometry.isna().tolist()
    located = before.geometry.notna()
    exact = 0.0 if ending != ".geojson" else 1e-9
    for axis in ("x", "y"):
        one, other = getattr(after.geometry[located], axis), getattr(before.geometry[located], axis)
        np.testing.assert_allclose(one, other, rtol=0, atol=exact)


NAMES = st.lists(
    st.sampled_from(["fid", "FID", "Fid", "fid_", "geom", "GEOM", "geom_", "a", "A", "a_", "b"]),
    unique=True, min_size=1, max_size=8,
)  # fmt: skip


@given(NAMES, st.integers(1, 6), st.randoms(use_true_random=False))
@settings(max_examples=60)
def test_a_geopackage_keeps_every_column_and_the_order(tmp_path_factory, names, n, random):
    """Whatever the names: `fid` would reorder the rows, and case tells no columns apart."""
    names = [name for name in names if name != "geometry"]
    values = {name: [random.randrange(50) for _ in range(n)] for name in names}  # also equal fids
    frame = geopandas.GeoDataFrame(
        values, geometry=shapely.points([[k, 0] for k in range(n)]), crs="EPSG:4326"
    )
    path = write_table(frame, tmp_path_factory.mktemp("names") / "t.gpkg")
    found = geopandas.read_file(path)
    assert found.geometry.x.tolist() == list(range(n))
    kept = found.columns.drop("geometry")
    assert [name.rstrip("_").lower() for name in kept] == [x.rstrip("_").lower() for x in names]
    for given_name, name in zip(names, kept):
        assert name.startswith(given_name)
        assert found[name].tolist() == values[given_name]
        plain = given_name.lower() not in {"fid", "geom", "geometry"}
        if plain and [other.lower() for other in names].count(given_name.lower()) == 1:
            assert name == given_name


def points(**columns) -> geopandas.GeoDataFrame:
    n = len(next(iter(columns.values())))
    return geopandas.GeoDataFrame(columns, geometry=shapely.points([[1, 2]] * n), crs="EPSG:4326")


def test_names_that_a_geopackage_cannot_hold_are_said(tmp_path, caplog):
    write_table(points(fid=[3, 1, 3], geom=["a", "b", "c"], A=[1, 2, 3]), tmp_path / "t.gpkg")
    assert "{'fid': 'fid_', 'geom': 'geom_'}" in caplog.text
    caplog.clear()
    write_table(points(A=[1, 2, 3]), tmp_path / "t.gpkg")
    assert caplog.text == ""


def test_a_column_geometry_beside_the_geometry(tmp_path):
    frame = points(a=[1]).rename_geometry("shape").assign(geometry=["text"])
    found = geopandas.read_file(write_table(frame, tmp_path / "t.gpkg"))
    assert found["geometry_"].tolist() == ["text"]
    assert found.geometry.iloc[0] == shapely.Point(1, 2)


def test_other_layers_of_a_geopackage_are_not_lost(tmp_path):
    path = tmp_path / "t.gpkg"
    write_table(points(a=[1]), path)
    write_table(points(a=[2]), path)
    assert geopandas.read_file(path)["a"].tolist() == [2]
    points(a=[3]).to_file(path, layer="roads")
    before = path.read_bytes()
    with pytest.raises(ValueError, match=r"t\.gpkg' contains other layers, .* lost: roads"):
        write_table(points(a=[4]), path)
    assert path.read_bytes() == before


def test_what_is_no_geopackage_is_replaced(tmp_path):
    path = tmp_path / "t.gpkg"
    path.write_bytes(b"nothing that anybody could read")
    write_table(points(a=[1]), path)
    assert geopandas.read_file(path)["a"].tolist() == [1]
