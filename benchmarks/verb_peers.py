"""Public alternatives for whole verbs: from a file or a frame of events to a frame with answers."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import bench_borders
import numpy as np
import pandas as pd
import peers_arrays
import shapely

from geo_risk.borders import load_borders

Frame = Any
MOST_PERCENT = 2.0
"""A distance that is off by more differs; the peers' median errors are near 0.2 %."""
REGION = ["country_code", "country_name", "region_code", "region_name", "unit_code"]


def _with_points(table: Frame, lon: str = "longitude", lat: str = "latitude") -> Frame:
    import geopandas

    points = shapely.points(table[lon].to_numpy(), table[lat].to_numpy())
    return geopandas.GeoDataFrame(table, geometry=points, crs="EPSG:4326")


def parquet_points(path: Path) -> Frame:
    """Frame of points from Parquet."""
    import pyarrow.parquet

    return _with_points(pyarrow.parquet.read_table(path).to_pandas())


def csv_points(path: Path) -> Frame:
    """Frame of points from CSV with Arrow's reader."""
    import pyarrow.csv

    return _with_points(pyarrow.csv.read_csv(path).to_pandas())


def pandas_points(path: Path) -> Frame:
    """Frame of points from CSV with pandas' reader."""
    import geopandas

    table = pd.read_csv(path, parse_dates=["date"])
    points = geopandas.points_from_xy(table["longitude"], table["latitude"])
    return geopandas.GeoDataFrame(table, geometry=points, crs="EPSG:4326")


def events_differ(ours: Frame, theirs: Frame) -> int:
    """Rows with another point, identifier, day or number of deaths."""
    mine, other = (shapely.get_coordinates(frame.geometry.to_numpy()) for frame in (ours, theirs))
    wrong = (mine != other).any(axis=1)
    wrong |= ours["event_id"].to_numpy() != theirs["id"].to_numpy()
    wrong |= ours["fatalities_best"].to_numpy() != theirs["fatalities"].to_numpy()
    days = pd.to_datetime(theirs["date"]).to_numpy().astype("M8[D]")
    return int((wrong | (ours["date_start"].to_numpy().astype("M8[D]") != days)).sum())


def sjoin_frame(table: Frame) -> Callable[[Frame], Frame]:
    """`geopandas.sjoin` that adds the region's columns; every row is kept."""
    import geopandas

    regions = table[[*REGION, "geometry"]]
    return lambda frame: geopandas.sjoin(frame, regions, how="left", predicate="within")


def boxes_frame(table: Frame) -> Callable[[Frame], Frame]:
    """A tree of boxes and prepared polygons, and the region's columns by row number."""
    values = {name: np.array([*table[name], None], dtype=object) for name in REGION}
    polygons = table.geometry.to_numpy()
    shapely.prepare(polygons)
    tree = shapely.STRtree(polygons)

    def job(frame: Frame) -> Frame:
        pairs = peers_arrays.by_boxes(tree, frame.geometry.to_numpy(), *_points_of(frame))
        rows = np.full(len(frame), -1)
        rows[pairs[:, 0]] = pairs[:, 1]
        return frame.assign(**{name: column[rows] for name, column in values.items()})

    return job


def sedona_frame(table: Frame) -> Callable[[Frame], Frame]:
    """SedonaDB's join, one thread, from a frame and back to it by row number."""
    import geopandas
    import sedonadb

    session = sedonadb.connect()
    session.sql("SET datafusion.execution.target_partitions = 1").execute()
    regions = table[[*REGION, "geometry"]]
    session.create_data_frame(regions).to_memtable().to_view("regions", overwrite=True)
    names = ", ".join(f"r.{name}" for name in REGION)
    query = (
        f"SELECT p.place, {names} FROM points p, regions r "  # noqa: S608 (constant names)
        "WHERE ST_Intersects(r.geometry, p.geometry)"
    )

    def job(frame: Frame) -> Frame:
        points = geopandas.GeoDataFrame(
            {"place": np.arange(len(frame))}, geometry=frame.geometry.to_numpy(), crs=frame.crs
        )
        session.create_data_frame(points).to_view("points", overwrite=True)
        found = session.sql(query).to_pandas().drop_duplicates("place").set_index("place")
        found = found.reindex(np.arange(len(frame))).set_axis(frame.index)
        return pd.concat([frame, found], axis=1)

    return job


def regions_differ(ours: Frame, theirs: Frame) -> int:
    """Rows inside a polygon, known to their region, that have another region."""
    known = (ours["match"] == "polygon") & ours["region_code"].notna()
    known = known.to_numpy()
    mine, other = (frame["region_code"].to_numpy(dtype=object)[known] for frame in (ours, theirs))
    return int((mine != other).sum())


def h3_loop(frame: Frame) -> Frame:
    """The h3 library in a comprehension."""
    import h3

    points = frame.geometry
    pairs = zip(points.y.tolist(), points.x.tolist())
    return frame.assign(cell=[h3.latlng_to_cell(lat, lon, 7) for lat, lon in pairs])


def h3ronpy_column(frame: Frame) -> Frame:
    """h3ronpy's arrays as a column of text."""
    import pyarrow as pa
    from h3ronpy import cells_to_string
    from h3ronpy.vector import coordinates_to_cells

    xy = shapely.get_coordinates(frame.geometry.to_numpy())
    cells = coordinates_to_cells(xy[:, 1].copy(), xy[:, 0].copy(), 7)
    return frame.assign(cell=pa.array(cells_to_string(cells)).to_pandas().to_numpy())


def polars_column(frame: Frame) -> Frame:
    """polars-h3's column of text, in a pandas frame."""
    import polars
    import polars_h3

    xy = shapely.get_coordinates(frame.geometry.to_numpy())
    points = polars.DataFrame({"lon": xy[:, 0], "lat": xy[:, 1]})
    cell = polars_h3.latlng_to_cell("lat", "lon", 7, return_dtype=polars.Utf8)
    return frame.assign(cell=points.select(cell.alias("cell"))["cell"].to_numpy())


def cells_differ(ours: Frame, theirs: Frame) -> int:
    """Rows with a cell of ours that have another one."""
    known = ours["h3_cell"].notna().to_numpy()
    mine, other = ours["h3_cell"].to_numpy(object)[known], theirs["cell"].to_numpy(object)[known]
    return int((mine != other).sum())


def _points_of(frame: Frame) -> tuple[np.ndarray, np.ndarray]:
    xy = shapely.get_coordinates(frame.geometry.to_numpy())
    return xy[:, 0].copy(), xy[:, 1].copy()


def border_tree(points: str) -> Callable[[Frame], Frame]:
    """A k-d tree of points on the borders, spaced for the point set."""
    ends = bench_borders.border_edges(load_borders())
    tree = peers_arrays.tree_of(ends, peers_arrays.SPACING_M[points])
    return lambda frame: frame.assign(m=peers_arrays.metres_to(tree, _points_of(frame)))


def border_spherely() -> Callable[[Frame], Frame]:
    """spherely's distance to all borders as one prepared geography."""
    import spherely

    geography = bench_borders.spherely_borders(load_borders())

    def job(frame: Frame) -> Frame:
        points = spherely.points(*_points_of(frame))
        return frame.assign(m=np.asarray(spherely.distance(points, geography)))

    return job


def border_sjoin() -> Callable[[Frame], Frame]:
    """`geopandas.sjoin_nearest` in UTM 42N, with the projection of the points."""
    import geopandas

    lines = bench_borders.utm_edges(load_borders())

    def job(frame: Frame) -> Frame:
        near = geopandas.sjoin_nearest(frame.to_crs(lines.crs), lines, distance_col="m")
        return near[~near.index.duplicated()]

    return job


def metres_differ(_ours: Frame, theirs: Frame) -> int:
    """Rows whose distance is off by more than `MOST_PERCENT` and 100 m from `kind="line"`.

    What the verb finds by default, the land border of the event's own country, no peer measures.
    """
    lon, lat = _points_of(theirs.to_crs("EPSG:4326"))
    exact = load_borders().nearest(lon=lon, lat=lat, kind="line").distance_m
    return far_off(theirs["m"].to_numpy(), exact)


def far_off(metres: np.ndarray, exact: np.ndarray) -> int:
    """Distances that are off by more than `MOST_PERCENT` and 100 m."""
    most = np.maximum(exact * MOST_PERCENT / 100.0, 100.0)
    return int((np.abs(metres - exact) > most).sum())
