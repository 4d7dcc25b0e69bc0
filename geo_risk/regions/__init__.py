"""Region layers: polygons with codes, exact location, neighbours."""

from __future__ import annotations

from geo_risk.regions.coverage import Coverage
from geo_risk.regions.dated import DatedLayer
from geo_risk.regions.download import fetch_layer, fetch_record
from geo_risk.regions.geoboundaries import load_geoboundaries
from geo_risk.regions.layer import RegionLayer
from geo_risk.regions.locator import Locator
from geo_risk.regions.names import RegionMatch, find_region
from geo_risk.regions.report import LayerReport
from geo_risk.regions.sources import load_regions
from geo_risk.regions.topology import Topology
from geo_risk.regions.worldview import Dispute, claimants, disputes, worldviews

__all__ = [
    "Coverage",
    "DatedLayer",
    "Dispute",
    "LayerReport",
    "Locator",
    "RegionLayer",
    "RegionMatch",
    "Topology",
    "claimants",
    "disputes",
    "fetch_layer",
    "fetch_record",
    "find_region",
    "load_geoboundaries",
    "load_regions",
    "worldviews",
]
