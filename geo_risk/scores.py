"""Hotspot scores on frames: events, cells or regions in; scored cells or regions out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from geo_risk._frames import add_columns, check_frame, lonlat_of, report_of, texts_of, too_coarse
from geo_risk._validate import check_choice, check_resolution
from geo_risk.errors import UnknownRegionError

if TYPE_CHECKING:
    import geopandas

    from geo_risk.regions import RegionLayer

__all__ = ["score_hotspots"]

_COUNT = "n_events"
_METHODS = ("gi_star", "local_moran")


def score_hotspots(
    frame: Any,
    *,
    value: str | None = None,
    method: str = "gi_star",
    resolution: int | None = None,
    study_area: Any = "regions",
    k: int = 1,
    layer: RegionLayer | None = None,
    coarse: str = "skip",
    max_cells: int = 200_000,
    **options: Any,
) -> geopandas.GeoDataFrame:
    """Score where events, or a value of cells or regions, concentrate.

    Events are first counted in every H3 cell of a study area, the empty cells too: without them
    every cold spot is false. Cells and regions are scored as they are.

    Parameters
    ----------
    frame : GeoDataFrame
        - events: points; the result has one row per cell of the study area;
        - cells: a column `h3_cell` with each cell once; scored in place;
        - regions: a column `region_code` with each region of `layer` once; scored in place.
    value : str, optional
        Numeric column to score. For events it is summed per cell; default: events are counted.
        For cells and regions the default is `n_events`.
    method : {"gi_star", "local_moran"}
        The statistic, see `geo_risk.hotspots`.
    resolution : int, optional
        Of the cells, for events. Default: that of the column `h3_cell`, else 7.
    study_area : "regions", "countries", code(s), geometry or bounds
        For events: "regions" is every region that holds an event, "countries" every country
        that does; or a region or country code or several; or a shapely geometry, a frame of
        them or (west, south, east, north). What is outside is not scored, and is counted.
    k : int, default 1
        Rings of cells that count as neighbours.
    layer : RegionLayer, optional
        For regions and for a study area of codes; default: the bundled world layer.
    coarse : {"skip", "keep"}
        Events whose coordinates only stand for a district, province or country are not counted
        in a cell ("skip"), since a pile of them would make a hotspot of the stand-in point.
    max_cells : int
        Refuse larger study areas, naming the finest resolution that fits.
    **options
        Passed to the statistic: `permutations`, `p_method`, `seed`, `alpha`, `fdr`, `n_jobs`, …
        Events that are counted here are never refused as too uneven to be counts
        (`max_dispersion`); a summed value can be.

    Returns
    -------
    GeoDataFrame
        EPSG:4326, with `p_value`, `q_value` (adjusted for the false discovery rate), `hotspot`
        and, for Gi*, `gi_z` and `gi_bin`, for local Moran `moran_i`, `moran_z` and `quadrant`;
        `n_neighbors`. For events also `h3_cell`, `n_events`, the summed value and
        `neighbors_missing` (neighbours outside the study area: the edge effect).
        ``attrs["geo_risk"]["hotspots"]`` says how many events were counted and how many were
        not, and why.

    Raises
    ------
    TypeError, ValueError
        The frame is none of the three kinds, the value column is missing or not numeric, the
        study area is too large.

    Examples
    --------
    >>> import geo_risk as gr
    >>> events = gr.read_events([{"lon": 69.5, "lat": 36.7}] * 5 + [{"lon": 70.5, "lat": 37.1}])
    >>> cells = gr.score_hotspots(events, resolution=5, study_area="AF-TAK")
    >>> len(cells), int(cells["n_events"].sum()), cells.attrs["geo_risk"]["hotspots"]["cells"]
    (63, 5, 63)
    """
    check_choice(method, "method", _METHODS)
    kind = _kind(frame)
    if kind == "regions":
        return _score_regions(frame, value or _COUNT, method, layer, options)
    if kind == "events":
        frame = _count_events(
            check_frame(frame), value, resolution, study_area, layer, coarse, max_cells
        )
        if value is None:  # events counted here are counts, however unevenly they lie
            options.setdefault("max_dispersion", np.inf)
    return _score_cells(frame, value or _COUNT, method, k, options)


def _kind(frame: Any) -> str:
    """What the rows are: events (points), cells or regions."""
    import geopandas
    import pandas as pd

    if not isinstance(frame, pd.DataFrame):
        raise TypeError(f"Invalid frame: {type(frame).__name__} is not a frame.")
    is_geo = isinstance(frame, geopandas.GeoDataFrame) and frame._geometry_column_name in frame
    if is_geo and len(frame) and frame.geom_type.isin(["Point"]).any():
        return "events"
    for column, kind in (("h3_cell", "cells"), ("region_code", "regions")):
        if column in frame.columns and len(frame):
            codes = frame[column]
            if codes.notna().all() and codes.is_unique:
                return kind
    if is_geo:
        return "events"
    raise ValueError(
        "Invalid frame: neither events (a GeoDataFrame of points) nor cells (h3_cell, each once) "
        f"nor regions (region_code, each once); columns: {', '.join(map(str, frame.columns))}."
    )


def _count_events(
    events: geopandas.GeoDataFrame,
    value: str | None,
    resolution: int | None,
    study_area: Any,
    layer: RegionLayer | None,
    coarse: str,
    max_cells: int,
) -> geopandas.GeoDataFrame:
    """Zero-filled frame of cells with event counts and summed values."""
    import geopandas

    from geo_risk.cells import (
        cell_polygons,
        cells_to_strings,
        count_in_cells,
        h3_cells,
        neighbors_missing,
        study_grid,
    )

    resolution = _resolution_of(events) if resolution is None else check_resolution(resolution)
    lon, lat = lonlat_of(events)
    no_point = np.isnan(lon)
    skipped = too_coarse(events, coarse) & ~no_point
    lon[skipped] = lat[skipped] = np.nan
    area = _study_shapes(study_area, lon, lat, layer)
    grid = study_grid(area, resolution=resolution, max_cells=max_cells)
    counted = count_in_cells(h3_cells(lon=lon, lat=lat, resolution=resolution), grid)
    columns: dict[str, Any] = {"h3_cell": cells_to_strings(grid), _COUNT: counted.counts}
    if value is not None:
        amounts = _numbers(events, value)
        inside = counted.position >= 0
        columns[value] = np.bincount(
            counted.position[inside], np.nan_to_num(amounts[inside]), minlength=len(grid)
        )
    columns["neighbors_missing"] = neighbors_missing(grid)
    cells = geopandas.GeoDataFrame(columns, geometry=cell_polygons(grid), crs="EPSG:4326")
    report = report_of(events)
    report["hotspots"] = {
        "resolution": resolution,
        "cells": len(grid),
        "events_counted": int(counted.counts.sum()),
        "events_outside_study_area": counted.outside,
        "events_without_point": int(no_point.sum()),
        "events_too_coarse": int(skipped.sum()),
    }
    if value is not None:
        report["hotspots"]["events_without_value"] = int(np.isnan(amounts[inside]).sum())
    report["added_columns"] = []
    cells.attrs["geo_risk"] = report
    return cells


def _resolution_of(events: geopandas.GeoDataFrame) -> int:
    """Resolution of the column h3_cell, else 7."""
    from geo_risk.cells import cell_resolutions, strings_to_cells

    named = [cell for cell in texts_of(events, "h3_cell") if cell is not None]
    if not named:
        return 7
    resolutions = np.unique(cell_resolutions(strings_to_cells(named)))
    if len(resolutions) > 1:
        raise ValueError(
            f"Invalid h3_cell: resolutions {resolutions.tolist()} are mixed; give `resolution`."
        )
    return int(resolutions[0])


def _study_shapes(
    study_area: Any,
    lon: NDArray[np.float64],
    lat: NDArray[np.float64],
    layer: RegionLayer | None,
) -> Any:
    """Geometry of the study area, as `cells.study_grid` takes it."""
    codes = _codes_of(study_area)
    if codes is None:
        return study_area
    from geo_risk.regions import load_regions

    layer = load_regions() if layer is None else layer
    if codes in (["regions"], ["countries"]):
        rows = np.unique(layer.locate(lon=lon, lat=lat))
        rows = rows[rows >= 0]
        if len(rows) == 0:
            raise ValueError(
                f"Invalid study_area: {codes[0]!r}, but no event lies in any region; give an area."
            )
        if codes == ["countries"]:
            labels = np.array(layer.country_labels, dtype=object)
            rows = np.flatnonzero(np.isin(labels, labels[rows]))
    else:
        rows = np.unique(np.concatenate([layer.rows_of(code) for code in codes]))
    return layer.table.geometry.iloc[rows]


def _codes_of(study_area: Any) -> list[str] | None:
    """The codes a study area names, None where it is a geometry or bounds."""
    if isinstance(study_area, str):
        return [study_area]
    if isinstance(study_area, Sequence) and all(isinstance(code, str) for code in study_area):
        return list(study_area)
    return None


def _numbers(frame: Any, column: str) -> NDArray[np.float64]:
    """Numeric column as floats."""
    import pandas as pd

    if column not in frame.columns:
        raise ValueError(
            f"Invalid value: no column {column!r}; there are {', '.join(map(str, frame.columns))}."
        )
    if not pd.api.types.is_numeric_dtype(frame[column]):
        raise ValueError(
            f"Invalid value: column {column!r} ({frame[column].dtype}) has no numbers."
        )
    numbers: NDArray[np.float64] = frame[column].to_numpy(dtype=float, na_value=np.nan)
    return numbers


def _score_cells(
    frame: Any, value: str, method: str, k: int, options: dict[str, Any]
) -> geopandas.GeoDataFrame:
    """Score a frame with one row per H3 cell, in its order."""
    import geopandas

    from geo_risk.cells import cell_polygons, neighbor_graph, strings_to_cells

    cells = strings_to_cells(frame["h3_cell"].to_numpy(dtype=object))
    values = _numbers(frame, value)
    weights = neighbor_graph(cells, k=k)
    if not isinstance(frame, geopandas.GeoDataFrame):
        frame = geopandas.GeoDataFrame(frame, geometry=cell_polygons(cells), crs="EPSG:4326")
    return add_columns(check_frame(frame, "frame"), _scores(values, weights, method, options))


def _score_regions(
    frame: Any, value: str, method: str, layer: RegionLayer | None, options: dict[str, Any]
) -> geopandas.GeoDataFrame:
    """Score a frame with one row per region of a layer, in its order."""
    import geopandas
    from scipy.sparse import csr_array

    from geo_risk.regions import load_regions

    layer = load_regions() if layer is None else layer
    codes = frame["region_code"].tolist()
    row_of = {code: row for row, code in enumerate(layer.columns["region_code"])}
    unknown = [code for code in codes if code not in row_of]
    if unknown:
        raise UnknownRegionError(
            f"Invalid region_code: {len(unknown)} of {len(codes)} are not in the layer "
            f"{layer.name!r}; first: {unknown[0]!r}."
        )
    values = _numbers(frame, value)
    place = np.full(len(layer), -1)
    rows = np.array([row_of[code] for code in codes])
    place[rows] = np.arange(len(rows))
    pairs = place[layer.adjacent_rows]
    pairs = pairs[(pairs >= 0).all(axis=1)]
    i, j = np.concatenate([pairs, pairs[:, ::-1]]).T
    weights = csr_array((np.ones(len(i)), (i, j)), shape=(len(rows), len(rows)))
    if not isinstance(frame, geopandas.GeoDataFrame):
        shapes = layer.table.geometry.to_numpy()[rows]
        frame = geopandas.GeoDataFrame(frame, geometry=shapes, crs="EPSG:4326")
    return add_columns(check_frame(frame, "frame"), _scores(values, weights, method, options))


def _scores(
    values: NDArray[np.float64], weights: Any, method: str, options: dict[str, Any]
) -> dict[str, Any]:
    """Result columns of one statistic."""
    from geo_risk import hotspots

    if method == "gi_star":
        gi = hotspots.gi_star(values, weights, **options)
        columns: dict[str, Any] = {"gi_z": gi.z, "gi_bin": gi.gi_bin}
        result: Any = gi
    else:
        moran = hotspots.local_moran(values, weights, **options)
        columns = {"moran_i": moran.statistic, "moran_z": moran.z, "quadrant": moran.quadrant}
        result = moran
    columns |= {"p_value": result.p_value, "q_value": result.q_value}
    if hasattr(result, "hotspot"):
        columns["hotspot"] = np.asarray(result.hotspot, dtype=object)
    columns["n_neighbors"] = result.n_neighbors
    return columns
