"""Peers that are queried in SQL: SedonaDB, DuckDB's spatial extension, PostGIS.

Each opens what it needs or raises `UnavailableError` with the reason. PostGIS is used if the
environment variable GEO_RISK_BENCH_POSTGIS has the connection string of a server with the
extension and a role that may create tables, for example
``host=127.0.0.1 dbname=bench user=bench password=bench``. DuckDB's extension is that of the
package duckdb-extension-spatial, or is installed, or at the path in GEO_RISK_BENCH_DUCKDB_SPATIAL;
nothing is downloaded.
"""

from __future__ import annotations

import io
import os
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

Points = tuple[np.ndarray, np.ndarray]
PIECE = 64  # most vertices in a subdivided region; 32, 128 and 256 are not faster


class UnavailableError(Exception):
    """Why a peer is not available."""


def _frame(points: Points) -> Any:
    import geopandas

    return geopandas.GeoDataFrame(
        {"point": np.arange(len(points[0]))},
        geometry=geopandas.points_from_xy(*points),
        crs="EPSG:4326",
    )


def sedona_locate(table: Any, points: Points) -> Callable[[], Any]:
    """Job of the spatial join in SedonaDB, one thread: a frame of point and row."""
    if not find_spec("sedonadb"):
        raise UnavailableError("sedonadb is not installed")
    import geopandas
    import sedonadb

    session = sedonadb.connect()
    session.sql("SET datafusion.execution.target_partitions = 1").execute()
    regions = geopandas.GeoDataFrame(
        {"row": np.arange(len(table))}, geometry=table.geometry.to_numpy(), crs="EPSG:4326"
    )
    session.create_data_frame(regions).to_memtable().to_view("regions", overwrite=True)
    session.create_data_frame(_frame(points)).to_memtable().to_view("points", overwrite=True)
    query = (
        "SELECT p.point, r.row FROM points p, regions r WHERE ST_Intersects(r.geometry, p.geometry)"
    )
    return lambda: session.sql(query).to_pandas()


def _duckdb() -> Any:
    """Session of one thread with the spatial extension."""
    if not find_spec("duckdb"):
        raise UnavailableError("duckdb is not installed")
    import duckdb

    extension = os.environ.get("GEO_RISK_BENCH_DUCKDB_SPATIAL")
    packaged = find_spec("duckdb_extension_spatial")
    if not extension and packaged and packaged.origin:
        of_version = f"extensions/v{duckdb.__version__}/spatial.duckdb_extension"
        extension = str(Path(packaged.origin).parent / of_version)
    session = duckdb.connect(config={"allow_unsigned_extensions": "true"} if extension else {})
    try:
        session.execute("SET autoinstall_known_extensions = false")
        session.execute(f"LOAD '{extension}'" if extension else "LOAD spatial")
    except duckdb.Error as error:
        raise UnavailableError(
            f"its spatial extension cannot be loaded ({type(error).__name__}), and a benchmark "
            "downloads nothing"
        ) from error
    session.execute("SET threads = 1")
    return session


def duckdb_locate(table: Any, points: Points) -> Callable[[], Any]:
    """Job of the spatial join in DuckDB (operator SPATIAL_JOIN), one thread: point and row."""
    import pandas as pd
    import shapely

    session = _duckdb()
    regions = pd.DataFrame({"region": np.arange(len(table)), "wkb": shapely.to_wkb(table.geometry)})
    places = pd.DataFrame({"point": np.arange(len(points[0])), "x": points[0], "y": points[1]})
    session.register("r0", regions)
    session.register("p0", places)
    session.execute("CREATE TABLE regions AS SELECT region, ST_GeomFromWKB(wkb) AS g FROM r0")
    session.execute("CREATE TABLE points AS SELECT point, ST_Point(x, y) AS g FROM p0")
    query = "SELECT point, region FROM points p JOIN regions r ON ST_Intersects(r.g, p.g)"
    return lambda: session.execute(query).df()


def _postgis() -> Any:
    """Cursor on the server, one process per query."""
    dsn = os.environ.get("GEO_RISK_BENCH_POSTGIS")
    if not dsn:
        raise UnavailableError("GEO_RISK_BENCH_POSTGIS names no server")
    if not find_spec("psycopg2"):
        raise UnavailableError("psycopg2 is not installed")
    import psycopg2

    try:
        connection = psycopg2.connect(dsn)
        connection.autocommit = True
        cursor = connection.cursor()
        cursor.execute("SELECT postgis_version()")
    except psycopg2.Error as error:
        raise UnavailableError(f"no PostGIS: {str(error).splitlines()[0]}") from error
    cursor.execute("SET max_parallel_workers_per_gather = 0; SET jit = off")
    cursor.execute("SET work_mem = '256MB'")
    return cursor


def postgis_version() -> str | None:
    """Versions of server and extension, None without a server."""
    try:
        cursor = _postgis()
    except UnavailableError:
        return None
    cursor.execute("SELECT current_setting('server_version') || ', PostGIS ' || postgis_version()")
    return str(cursor.fetchone()[0])


def _copy(cursor: Any, table: str, rows: Any) -> None:
    """Fill a table from rows of text."""
    cursor.copy_expert(f"COPY {table} FROM STDIN", io.StringIO("\n".join(rows) + "\n"))


def _copy_points(cursor: Any, points: Points, kind: str) -> None:
    cursor.execute(f"CREATE TEMP TABLE points (point int, g {kind})")
    rows = (f"{k}\tSRID=4326;POINT({x!r} {y!r})" for k, (x, y) in enumerate(_pairs(points)))
    _copy(cursor, "points", rows)
    cursor.execute("ANALYZE points")


def _pairs(points: Points) -> Any:
    return zip(points[0].tolist(), points[1].tolist(), strict=True)


def postgis_locate(table: Any, points: Points) -> Callable[[], Any]:
    """Job of the spatial join in PostGIS, regions subdivided: pairs of point and row."""
    import shapely

    cursor = _postgis()
    cursor.execute("CREATE TEMP TABLE whole (row int, g geometry(Geometry, 4326))")
    wkb = shapely.to_wkb(shapely.set_srid(table.geometry.to_numpy(), 4326), True, include_srid=True)
    _copy(cursor, "whole", (f"{row}\t{text}" for row, text in enumerate(wkb)))
    pieces = "SELECT row, ST_Subdivide(ST_MakeValid(g), %s) AS g FROM whole"
    cursor.execute(f"CREATE TEMP TABLE regions AS {pieces}", (PIECE,))
    cursor.execute("CREATE INDEX ON regions USING gist (g)")
    cursor.execute("ANALYZE regions")
    _copy_points(cursor, points, "geometry(Point, 4326)")
    query = "SELECT point, row FROM points p JOIN regions r ON ST_Intersects(r.g, p.g)"

    def job() -> Any:
        cursor.execute(query)
        return cursor.fetchall()

    return job


def postgis_distance(ends: np.ndarray, points: Points) -> Callable[[], np.ndarray]:
    """Job of the distance to the nearest of the edges (ax, ay, bx, by) as geographies, by index.

    One row per edge: with four edges per row PostGIS takes twenty times as long.
    """
    cursor = _postgis()
    cursor.execute("CREATE TEMP TABLE lines (g geography(LineString, 4326))")
    rows = (f"SRID=4326;LINESTRING({a!r} {b!r},{c!r} {d!r})" for a, b, c, d in ends.tolist())
    _copy(cursor, "lines", rows)
    cursor.execute("CREATE INDEX ON lines USING gist (g)")
    cursor.execute("ANALYZE lines")
    _copy_points(cursor, points, "geography(Point, 4326)")
    query = (
        "SELECT d FROM points p CROSS JOIN LATERAL (SELECT ST_Distance(l.g, p.g) AS d FROM lines l "
        "ORDER BY l.g <-> p.g LIMIT 1) nearest ORDER BY point"
    )

    def job() -> np.ndarray:
        cursor.execute(query)
        return np.array([d for (d,) in cursor.fetchall()])

    return job
