"""Hotspot scores on frames: events, cells or regions in; scored cells or regions out."""

from geo_risk.frames.score._options import StudyOptions
from geo_risk.frames.score.score import score_hotspots

__all__ = ["StudyOptions", "score_hotspots"]
