"""Events, regions and hostile strings that the tests of maps draw."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import shapely

from geo_risk.maps import Map, web_map
from geo_risk.maps._content import Content

TALOQAN, KHWAJA_GHAR = (69.53451, 36.73605), (69.42126, 37.06588)
EVIL = (
    "<script>document.title='pwned'</script>",
    "</script><img src=x onerror=\"document.title='pwned'\">",
    "<!--<script>",
    "a & b \"c\" 'd' \u2028 {0} {title} ${x} `y` \\u003c",
    "]]>\u202eltr",
)


def prepare(aspect: float = 1.5, overdraw: float = 1.0, **content: Any) -> Content:
    """What a map of this shape shows."""
    return Map(**content)._content(aspect, overdraw)


def data_of(path: Path) -> dict[str, Any]:
    page = path.read_text(encoding="utf-8")
    found = re.search(r'<script type="application/json" id="data">(.*?)</script>', page, re.S)
    assert found is not None
    data: dict[str, Any] = json.loads(found.group(1))
    return data


def points(lon: Any, lat: Any, **columns: Any) -> gpd.GeoDataFrame:
    return gpd.GeoDataFrame(columns, geometry=gpd.points_from_xy(lon, lat), crs="EPSG:4326")


def reports() -> gpd.GeoDataFrame:
    columns = {
        "event_id": ["a", "b", "c"],
        "category": ["raid", "cross-border fire", "road closure"],
        "actors": ["SECRET-ACTOR"] * 3,
        "notes": ["SECRET-NOTE"] * 3,
        "report": ["SECRET-REPORT"] * 3,
        "location_name": ["Taloqan", "Khwaja Ghar", "a road"],
        "location_precision": ["place", "near_place", "line"],
        "location_uncertainty_km": [5.0, 25.0, np.nan],
        "fatalities_best": [8.0, 0.0, np.nan],
        "match": ["gazetteer", "gazetteer", "none"],
        "region_code": ["AF-TAK", "AF-TAK", None],
        "border_m": [46658.255, 10405.7, np.nan],
    }
    where = [shapely.Point(TALOQAN), shapely.Point(KHWAJA_GHAR), None]
    return gpd.GeoDataFrame(columns, geometry=where, crs="EPSG:4326", index=[7, 3, 3])


def squares() -> gpd.GeoDataFrame:
    """Two neighbours either side of 70°E, of two countries."""
    shapes = [shapely.box(68, 35, 70, 38), shapely.box(70, 35, 72, 38)]
    columns = {
        "region_code": ["AF-TAK", "TJ-X"],
        "region_name": ["Takhar", "Elsewhere"],
        "country_code": ["AFG", "TJK"],
        "country_name": ["Afghanistan", "Tajikistan"],
        "claimed_by": [[], ["AFG"]],
    }
    return gpd.GeoDataFrame(columns, geometry=shapes, crs="EPSG:4326")


def evil_map(path: Path) -> Path:
    n = len(EVIL)
    columns = {name: list(EVIL) for name in ("event_id", "category", "location_name", "notes")}
    regions = squares().assign(region_name=EVIL[0], country_name=EVIL[1])
    events = points(np.linspace(69, 69.8, n), np.linspace(36.5, 37, n), **columns)
    asked = ["event_id", "category", "location_name", "notes"]
    return web_map(
        path, events=events, regions=regions, title=EVIL[1], attribution=EVIL, popup_columns=asked
    )
