"""Maps of results: a static picture, and a web map in one file; both work offline."""

from __future__ import annotations

from geo_risk.maps.map import Map
from geo_risk.maps.static import static_map
from geo_risk.maps.web import web_map

__all__ = ["Map", "static_map", "web_map"]
