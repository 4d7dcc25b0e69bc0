"""The regions in which an event may lie that is known only to an administrative unit."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from geo_risk._core.frames import texts_of
from geo_risk._core.types import FloatArray, IntArray
from geo_risk.regions.areas import region_areas

if TYPE_CHECKING:
    import geopandas

    from geo_risk.regions import RegionLayer

__all__ = ["unit_regions"]


_WHOLE_COUNTRY = ("line", "country")
_UNITS = ("admin1", "admin2")
_ASHORE_KM = 25.0  # representative points of coastal units may lie off the layer's coast


def unit_regions(
    layer: RegionLayer, frame: geopandas.GeoDataFrame, lon: FloatArray, lat: FloatArray,
    coarse: NDArray[np.bool_], stated: list[str | None], n_jobs: int,
) -> tuple[IntArray, IntArray, FloatArray]:  # fmt: skip
    """Regions of events known only to a unit: the unit's region, or its country's by area."""
    precision = texts_of(frame, "location_precision").tolist()
    there = np.where(coarse, lon, np.nan), np.where(coarse, lat, np.nan)
    located = layer.locate(lon=there[0], lat=there[1], n_jobs=n_jobs).tolist()
    given = texts_of(frame, "region_code").tolist()
    labels = layer.country_labels
    row_of: dict[str | None, int] = {c: row for row, c in enumerate(layer.columns["region_code"])}
    units = [term in _UNITS for term in precision]
    afloat = [i for i in np.flatnonzero(~np.isnan(there[0])) if located[i] < 0 and units[i]]
    for i, code in zip(map(int, afloat), _ashore(layer, lon[afloat], lat[afloat], n_jobs)):
        located[i] = row_of.get(given[i], row_of.get(code, -1))
    rows_of: dict[str, IntArray] = {}
    areas = region_areas(layer) if coarse.any() else np.zeros(0)
    parts: list[tuple[IntArray, IntArray, FloatArray]] = []
    for i in np.flatnonzero(coarse).tolist():
        row = located[i] if located[i] >= 0 else row_of.get(given[i], -1)
        term = precision[i]
        if term in _WHOLE_COUNTRY:
            country = stated[i] if stated[i] in labels else labels[row] if row >= 0 else None
            if country is None:
                continue
            if country not in rows_of:
                rows_of[country] = np.flatnonzero(np.array(labels, dtype=object) == country)
            rows = rows_of[country]
            share = areas[rows] / areas[rows].sum()
        elif row >= 0 and units[i] and (layer.level == 1 or (term, layer.level) == ("admin2", 2)):
            rows, share = np.array([row]), np.ones(1)
        else:
            continue
        parts.append((np.full(len(rows), i), rows, share))
    none = np.zeros(0, dtype=np.int64)
    parts.append((none, none, np.zeros(0)))
    position, row_array, share_array = (np.concatenate(part) for part in zip(*parts))
    return position, row_array, share_array


def _ashore(layer: RegionLayer, lon: FloatArray, lat: FloatArray, n_jobs: int) -> list[str | None]:
    """Code of the region nearest to each representative point off the coast."""
    from geo_risk.borders import load_borders

    if len(lon) == 0:
        return []
    near = load_borders(layer).nearest(
        lon=lon, lat=lat, kind="any", max_km=_ASHORE_KM, n_jobs=n_jobs
    )
    return list(near.other_region_code)
