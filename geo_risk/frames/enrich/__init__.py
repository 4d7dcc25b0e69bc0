"""Functions that add to each event its region, its H3 cell and its distance to a border.

Each takes a GeoDataFrame and returns a new one with more columns. No row is dropped or reordered,
the index is kept, and the caller's frame is never changed.
"""

from geo_risk.frames.enrich._border_proximity import border_proximity
from geo_risk.frames.enrich._geocode import geocode
from geo_risk.frames.enrich._index_h3 import index_h3

__all__ = ["border_proximity", "geocode", "index_h3"]
