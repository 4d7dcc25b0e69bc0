"""Region layers: polygons with codes, exact location, neighbours.

Parts that only some programs need (downloads, layers with dates) are imported at first use.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from geo_risk.regions.coverage import Coverage
from geo_risk.regions.layer import RegionLayer
from geo_risk.regions.locator import Locator
from geo_risk.regions.names import RegionMatch, find_region
from geo_risk.regions.options import LayerOptions
from geo_risk.regions.sources import load_regions
from geo_risk.regions.topology import Topology
from geo_risk.regions.worldview import Dispute, claimants, disputes, worldviews

if TYPE_CHECKING:
    from geo_risk.regions.adjacency import Tripoint
    from geo_risk.regions.crosswalk import CountryCodes, StateSpan, country_codes, country_from
    from geo_risk.regions.dated import DatedLayer
    from geo_risk.regions.download import fetch_layer, fetch_record
    from geo_risk.regions.geoboundaries import load_geoboundaries
    from geo_risk.regions.report import LayerReport

_HOME = {
    "CountryCodes": "crosswalk",
    "DatedLayer": "dated",
    "LayerReport": "report",
    "StateSpan": "crosswalk",
    "Tripoint": "adjacency",
    "country_codes": "crosswalk",
    "country_from": "crosswalk",
    "fetch_layer": "download",
    "fetch_record": "download",
    "load_geoboundaries": "geoboundaries",
}

__all__ = [
    "CountryCodes",
    "Coverage",
    "DatedLayer",
    "Dispute",
    "LayerOptions",
    "LayerReport",
    "Locator",
    "RegionLayer",
    "RegionMatch",
    "StateSpan",
    "Topology",
    "Tripoint",
    "claimants",
    "country_codes",
    "country_from",
    "disputes",
    "fetch_layer",
    "fetch_record",
    "find_region",
    "load_geoboundaries",
    "load_regions",
    "worldviews",
]


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_HOME[name]}"), name)
