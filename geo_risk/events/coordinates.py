"""Convert longitudes and latitudes, or geometries of any kind, to points in EPSG:4326 and flags."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import numpy as np

from geo_risk._core.grids import in_degrees, leading_to_degrees, stated_crs
from geo_risk._core.nesting import too_deep
from geo_risk._core.types import BoolArray, FloatArray
from geo_risk.errors import OptionNeededError
from geo_risk.events.draft import Draft
from geo_risk.events.values import any_text, text_array

if TYPE_CHECKING:
    import geopandas as gpd
    import pandas as pd

__all__ = ["points_from_geometry", "points_from_lonlat", "points_from_text"]


# A whole table is flagged as swapped only if at least this share of its latitudes is impossible:
# one mistyped latitude must not flag a table whose longitudes all happen to be below 90.
_SWAPPED_SHARE = 0.1
# No longitude, wrapped or not, reaches this; projected coordinates in metres nearly always do.
_LARGEST_DEGREES = 540.0
_SRID = re.compile(r"SRID=(\d+);", re.IGNORECASE)
_HEX = re.compile(r"[0-9A-Fa-f]{18,}")


def points_from_lonlat(
    draft: Draft,
    lon: FloatArray,
    lat: FloatArray,
    *,
    unreadable: BoolArray,
    names: tuple[str, str],
    crs: Any = None,
) -> None:
    """Set the geometry of `draft` from two columns of numbers, `names` in the table.

    Raises
    ------
    ValueError
        Most rows look like projected coordinates, and `crs` is not given.
    """
    import shapely

    draft.flag("bad_coordinates", unreadable)
    label = f"columns {names[0]!r}, {names[1]!r}"
    absent = (np.isnan(lon) | np.isnan(lat)) & ~unreadable
    draft.flag("no_coordinates", absent)
    usable = ~(absent | unreadable)
    if crs is not None:
        lon, lat, failed = _reproject(lon, lat, crs)
        draft.flag("bad_coordinates", failed & usable)
        usable &= ~failed
    else:
        _refuse_projected(lon, lat, usable, label)
    hint = f"pass lon={names[1]!r}, lat={names[0]!r}"
    good = _flag_positions(draft, lon, lat, usable, hint)
    if good.all():
        geometry = shapely.points(lon, lat)
    else:
        geometry = np.full(draft.n, None, dtype=object)
        geometry[good] = shapely.points(lon[good], lat[good])
    draft.fields["geometry"] = geometry


def _refuse_projected(lon: FloatArray, lat: FloatArray, usable: BoolArray, label: str) -> None:
    # Equal values in both columns (-9999, -9999) stand for "missing"; they are not metres.
    far = usable & (np.fmax(np.abs(lon), np.abs(lat)) > _LARGEST_DEGREES) & (lon != lat)
    if not far.any() or 2 * int(far.sum()) <= int(usable.sum()):
        return
    first = int(np.argmax(far))
    raise OptionNeededError(
        f"Invalid coordinates in {label}: {int(far.sum())} of {int(usable.sum())} rows cannot be "
        f"degrees; first at row {first}: ({lon[first]:g}, {lat[first]:g}). These look like "
        'projected coordinates: name their CRS, such as crs="EPSG:32642" (a frame that states '
        'the wrong CRS: frame.set_crs("EPSG:32642", allow_override=True)).',
        ["crs"],
    )


def _reproject(lon: FloatArray, lat: FloatArray, crs: Any) -> tuple[FloatArray, FloatArray, Any]:
    from pyproj import Transformer

    with leading_to_degrees(crs, "crs:"):
        transformer = Transformer.from_crs(crs, "EPSG:4326", always_xy=True)
        # Lists: pyproj treats an array of one element as a scalar, and NumPy warns about it.
        x, y = (np.asarray(values) for values in transformer.transform(lon.tolist(), lat.tolist()))
    failed = ~(np.isfinite(x) & np.isfinite(y))
    return x, y, failed & ~(np.isnan(lon) | np.isnan(lat))


def _flag_positions(
    draft: Draft, lon: FloatArray, lat: FloatArray, usable: BoolArray, hint: str
) -> BoolArray:
    """Flag impossible positions; return the rows that remain usable."""
    with np.errstate(invalid="ignore"):
        high_lat = usable & (np.abs(lat) > 90.0)
        high_lon = usable & (np.abs(lon) > 180.0)
        swappable = high_lat & (np.abs(lat) <= 180.0) & (np.abs(lon) <= 90.0)
    null = usable & (lon == 0.0) & (lat == 0.0)
    draft.flag("lat_out_of_range", high_lat)
    draft.flag("lon_out_of_range", high_lon)
    draft.flag("null_island", null)
    draft.flag("maybe_swapped", swappable)
    judged = usable & ~null
    enough = max(1.0, _SWAPPED_SHARE * float(judged.sum()))
    if high_lat.sum() >= enough and _valid_swapped(lon, lat, judged):
        draft.flag("maybe_swapped", judged)
        draft.notes.append(
            f"{int(high_lat.sum())} of {int(judged.sum())} latitudes are outside [-90, 90], and "
            f"every row would be valid with longitude and latitude exchanged: if so, {hint}"
        )
    good: BoolArray = usable & ~(high_lat | high_lon | null)
    return good


def _valid_swapped(lon: FloatArray, lat: FloatArray, rows: BoolArray) -> bool:
    return bool((np.abs(lon[rows]) <= 90.0).all() and (np.abs(lat[rows]) <= 180.0).all())


def points_from_geometry(draft: Draft, geometry: gpd.GeoSeries, name: str, crs: Any = None) -> None:
    """Set the geometry of `draft` from geometries of any kind and CRS.

    Points stay as they are (with their height, if any). Other geometries whose vertices are all
    numbers are represented by a point on their surface and flagged. Geometries that could not be
    used unchanged are kept as WKT (EPSG:4326) in the column `geometry_`.

    Raises
    ------
    ValueError
        No CRS is known.
    """
    import shapely

    series = _to_wgs84(geometry, name, crs)
    shapes = np.asarray(series.array, dtype=object)
    kind = shapely.get_type_id(shapes)  # -1 for None
    empty = (kind == -1) | shapely.is_empty(shapes)
    single = (kind == 4) & (shapely.get_num_geometries(shapes) == 1) & ~empty
    points = shapes.copy()
    points[single] = shapely.get_geometry(shapes[single], 0)
    other = ~empty & (kind != 0) & ~single
    broken = _with_broken_vertices(shapes[other])
    points[other] = [None if bad else _stand_in(shape) for shape, bad in zip(shapes[other], broken)]
    lost = other & (points == None)  # noqa: E711
    draft.flag("not_a_point", other & ~lost)
    finite = np.zeros(draft.n, dtype=bool)
    lon, lat = np.full(draft.n, np.nan), np.full(draft.n, np.nan)
    present = ~empty & ~lost
    lon[present], lat[present] = shapely.get_x(points[present]), shapely.get_y(points[present])
    finite[present] = np.isfinite(lon[present]) & np.isfinite(lat[present])
    draft.flag("no_coordinates", empty)
    draft.flag("bad_coordinates", ~finite & ~empty)
    _refuse_projected(lon, lat, finite, f"the geometries of {name!r}")
    hint = "exchange x and y of the geometries"
    good = _flag_positions(draft, lon, lat, finite, hint)
    out = np.full(draft.n, None, dtype=object)
    out[good] = points[good]
    draft.fields["geometry"] = out
    changed = ~empty & (other | ~good)
    if changed.any():
        kept = np.full(draft.n, None, dtype=object)
        kept[changed] = shapely.to_wkt(shapes[changed], rounding_precision=-1)
        draft.extra["geometry_"] = text_array(kept)


def points_from_text(draft: Draft, series: pd.Series[Any], name: str, crs: Any = None) -> None:
    """Set the geometry of `draft` from a column of WKT, EWKT, WKB or hexadecimal WKB.

    Without `crs` the coordinates are degrees, as in lon and lat columns.
    """
    import geopandas as gpd

    cells = series.to_numpy(dtype=object)
    with np.errstate(over="ignore", invalid="ignore"):  # infinite, or NaN: flagged
        shapes = np.array([_shape(cell) for cell in cells] + [None], dtype=object)[:-1]
    present = np.array([any_text(cell) is not None for cell in cells], dtype=bool)
    unreadable = present & np.array([shape is None for shape in shapes], dtype=bool)
    given = "EPSG:4326" if crs is None else stated_crs(crs)
    points_from_geometry(draft, gpd.GeoSeries(shapes, crs=given), name)
    if "no_coordinates" in draft.flags:
        draft.flags["no_coordinates"] &= ~unreadable
    draft.flag("bad_coordinates", unreadable)


def _shape(cell: Any) -> Any:
    """Geometry of one cell; None if it has none or one in another CRS than EPSG:4326."""
    import shapely

    if isinstance(cell, shapely.Geometry):
        return cell
    written: Any = bytes(cell) if isinstance(cell, (bytearray, memoryview)) else cell
    if not isinstance(written, bytes):
        written = any_text(written)
        prefix = _SRID.match(written or "")
        if prefix is not None:
            if prefix[1] != "4326":
                return None
            written = written[prefix.end() :].lstrip()
    if too_deep(written):
        return None
    binary = isinstance(written, bytes) or _HEX.fullmatch(written or "")
    read = shapely.from_wkb if binary else shapely.from_wkt
    shape: Any = read(written or None, on_invalid="ignore")
    return shape if shape is None or shapely.get_srid(shape) in {0, 4326} else None


def _with_broken_vertices(shapes: Any) -> BoolArray:
    """Rows with a vertex that is NaN or infinite."""
    import shapely

    vertices, rows = shapely.get_coordinates(shapes, return_index=True)
    broken = np.zeros(len(shapes), dtype=bool)
    broken[rows[~np.isfinite(vertices).all(axis=1)]] = True
    return broken


def _stand_in(shape: Any) -> Any:
    """Point on the surface of `shape`; None if none can be computed."""
    import shapely

    try:
        point = shapely.point_on_surface(shape)
    except shapely.GEOSException:
        return None
    return None if point is None or point.is_empty else point


def _to_wgs84(geometry: gpd.GeoSeries, name: str, crs: Any) -> gpd.GeoSeries:
    from pyproj import CRS

    if geometry.crs is None:
        if crs is None:
            raise OptionNeededError(
                f"The geometries in {name!r} have no CRS, so their coordinates cannot be "
                'interpreted. If they are degrees, use frame.set_crs("EPSG:4326") or pass '
                'crs="EPSG:4326"; otherwise name their CRS the same way.',
                ["crs"],
            )
        geometry = geometry.set_crs(stated_crs(crs))
    elif crs is not None and stated_crs(crs) != geometry.crs:
        raise OptionNeededError(
            f"Invalid crs: {crs!r}, but the geometries in {name!r} state {geometry.crs.name}. "
            "Leave crs= out, or use frame.set_crs(..., allow_override=True) if that is wrong.",
            ["crs"],
        )
    if CRS.from_user_input(geometry.crs).equals(CRS.from_epsg(4326), ignore_axis_order=True):
        return geometry
    moved: gpd.GeoSeries = in_degrees(geometry, "source: its CRS")
    return moved
