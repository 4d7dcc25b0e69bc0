"""Random draws of uncertain locations, from the stated precision of each event."""

from geo_risk.frames.uncertain.draws import LocationDraws, draw_locations

__all__ = ["LocationDraws", "draw_locations"]
