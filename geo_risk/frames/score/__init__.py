"""Hotspot scores on frames: from events, cells or regions to scored cells or regions."""

from geo_risk.frames.score._options import StudyOptions
from geo_risk.frames.score.score import score_hotspots

__all__ = ["StudyOptions", "score_hotspots"]
