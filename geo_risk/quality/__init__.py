"""Checks of event tables: doubtful rows get a flag and a reason, and nothing is dropped."""

from __future__ import annotations

from geo_risk.quality.check import QUALITY_FLAGS, check_events
from geo_risk.quality.duplicates import Duplicates, find_duplicates

__all__ = ["QUALITY_FLAGS", "Duplicates", "check_events", "find_duplicates"]
