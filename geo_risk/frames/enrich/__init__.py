"""Functions that add to each event its region, its H3 cell and its distance to a border.

Each takes a GeoDataFrame and returns a new one with more columns. No row is dropped or reordered,
the index is kept, and the caller's frame is never changed.
"""

from geo_risk.frames.enrich._border_proximity import (
    border_proximity,
    own_countries,
    proximity_columns,
)
from geo_risk.frames.enrich._geocode import geocode, geocode_columns
from geo_risk.frames.enrich._index_h3 import index_columns, index_h3

__all__ = [
    "border_proximity", "geocode", "geocode_columns", "index_columns", "index_h3",
    "own_countries", "proximity_columns",
]  # fmt: skip
