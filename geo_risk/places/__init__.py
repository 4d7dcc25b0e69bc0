"""Places by name: the bundled gazetteer, search and a light geoparser."""

from __future__ import annotations

from geo_risk.places.batch import PlaceMatches, locate_names
from geo_risk.places.gazetteer import Gazetteer, load_gazetteer
from geo_risk.places.geoparse import geoparse
from geo_risk.places.search import find_places, suggest_names

__all__ = [
    "Gazetteer",
    "PlaceMatches",
    "find_places",
    "geoparse",
    "load_gazetteer",
    "locate_names",
    "suggest_names",
]
