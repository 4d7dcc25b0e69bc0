"""Small layers of polygons."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from geo_risk.regions import RegionLayer
from geo_risk.regions.coverage import from_geometries


def make_layer(shapes: Sequence[Any], **columns: Sequence[Any]) -> RegionLayer:
    """A layer of one country unless `columns` say otherwise; regions are R0, R1, …"""
    n = len(shapes)
    filled = {
        "region_code": [f"R{k}" for k in range(n)],
        "region_name": [f"region {k}" for k in range(n)],
        "country_code": ["AAA"] * n,
        "unit_code": ["AAA"] * n,
    } | columns
    return RegionLayer(from_geometries(shapes), filled, name="test")


def layer_of(
    shapes: Sequence[Any], countries: Sequence[str], units: Sequence[str] | None = None
) -> RegionLayer:
    """A layer of polygons with the country of each."""
    return make_layer(shapes, country_code=list(countries), unit_code=list(units or countries))
