"""The other parts of an assessment beside events and cells: regions, borders, provenance."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from geo_risk.frames.enrich.steps import own_countries

if TYPE_CHECKING:
    import geopandas

    from geo_risk.borders import Borders
    from geo_risk.frames.columns import EventColumns
    from geo_risk.regions import RegionLayer

__all__ = ["borders_of", "provenance_of", "regions_of"]

_DISCLAIMER = (
    "Boundaries and names show who administers a place as the named sources record it; "
    "they imply no endorsement. Absence of reports is not safety."
)


def regions_of(events: EventColumns, layer: RegionLayer) -> geopandas.GeoDataFrame:
    """Regions with events, in the layer's order, with counts and neighbouring countries."""
    codes = events.texts("region_code")
    counts = dict(zip(codes.values, codes.counts().tolist()))
    rows = [row for row, code in enumerate(layer.columns["region_code"]) if counts.get(code)]
    names = [
        "region_code", "region_name", "country_code", "country_name", "unit_code",
        "administered_by",
    ]  # fmt: skip
    names = [name for name in names if name in layer.columns]
    regions = _table_of(layer, rows, names)
    if "claimed_by" in layer.columns:
        claims = [layer.columns["claimed_by"][row] for row in rows]
        regions.insert(len(names), "claimed_by", [";".join(c) if c else None for c in claims])
        names.append("claimed_by")
    regions.insert(len(names), "n_events", [counts[code] for code in regions["region_code"]])
    if "fatalities_best" in events:
        deaths = events["fatalities_best"].groupby(codes.codes).sum(min_count=1)
        number = {code: at for at, code in enumerate(codes.values)}
        killed = [deaths[number[code]] for code in regions["region_code"]]
        regions.insert(len(names) + 1, "fatalities_best", killed)
    near = [";".join(layer.neighbors(code, of="countries")) for code in regions["region_code"]]
    regions.insert(len(regions.columns) - 1, "neighbor_countries", near)
    return regions


def _table_of(layer: RegionLayer, rows: list[int], names: list[str]) -> geopandas.GeoDataFrame:
    """Some rows and columns of ``layer.table``, without building the polygons of all the others."""
    import geopandas
    import numpy as np
    import pandas as pd

    columns = {
        name: pd.Series([layer.columns[name][row] for row in rows], dtype=object) for name in names
    }
    polygons = layer.geometry.polygons(np.array(rows, dtype=np.int64))
    return geopandas.GeoDataFrame(columns, geometry=polygons, crs="EPSG:4326")


def borders_of(events: EventColumns, borders: Borders) -> geopandas.GeoDataFrame:
    """Border lines of the countries with events."""
    own = own_countries(events)
    held = set() if own is None else set(own.used().values)
    return borders.lines_of(held)


def provenance_of(
    events: EventColumns,
    cells: geopandas.GeoDataFrame | None,
    layer: RegionLayer,
    parameters: dict[str, Any],
) -> dict[str, Any]:
    """Versions, data, options and counts, so that the result can be reproduced."""
    from importlib.metadata import version

    import geo_risk

    report = events.report
    matches = events.texts("match")
    read = {key: value for key, value in report.items() if key not in ("added_columns", "quality")}
    kept = ("options", "flags", "country")  # without piles: they name points
    quality = {key: report["quality"][key] for key in kept} if "quality" in report else None
    packages = ("geopandas", "h3", "numba", "numpy", "pandas", "scipy", "shapely")
    return {
        "geo_risk": geo_risk.__version__,
        "packages": {name: version(name) for name in packages},
        "layer": {
            **{key: fact for key, fact in layer.provenance.items() if key != "worldview"},
            "name": layer.name,
            "level": layer.level,
            "worldview": layer.worldview,
            "view": layer.provenance.get("worldview"),
        },
        "parameters": parameters,
        "events": {
            "rows": len(events),
            "match": {
                key: n for key, n in sorted(zip(matches.values, matches.counts().tolist())) if n
            },
            "read": read,
            "quality": quality,
        },
        "hotspots": cells.attrs["geo_risk"]["hotspots"] if cells is not None else None,
        "note": _DISCLAIMER,
    }
