"""Draws of uncertain locations: where else could these events have been?"""

from geo_risk.frames.uncertain.draws import LocationDraws, draw_locations

__all__ = ["LocationDraws", "draw_locations"]
