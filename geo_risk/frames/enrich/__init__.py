"""The verbs on event frames: where is it, in which cell, how near is which border?"""

from geo_risk.frames.enrich.verbs import border_proximity, geocode, index_h3

__all__ = ["border_proximity", "geocode", "index_h3"]
