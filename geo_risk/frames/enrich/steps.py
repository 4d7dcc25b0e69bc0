"""The same functions as steps of a pipeline: each takes and returns `EventColumns`."""

from geo_risk.frames.enrich._border_proximity import own_countries, proximity_columns
from geo_risk.frames.enrich._geocode import geocode_columns
from geo_risk.frames.enrich._index_h3 import index_columns

__all__ = ["geocode_columns", "index_columns", "own_countries", "proximity_columns"]
