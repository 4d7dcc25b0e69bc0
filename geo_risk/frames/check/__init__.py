"""Checks of event tables: doubtful rows get a flag and a reason; no row is dropped."""

from __future__ import annotations

from geo_risk.frames.check.check import QUALITY_FLAGS, check_events
from geo_risk.frames.check.duplicates import Duplicates, find_duplicates

__all__ = ["QUALITY_FLAGS", "Duplicates", "check_events", "find_duplicates"]
