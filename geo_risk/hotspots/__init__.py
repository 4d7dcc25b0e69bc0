"""Hotspot statistics: arrays in, frozen results out.

A table of contents. The modules named here import numpy alone; scipy and numba are imported
inside the functions that need them. (A function may carry its module's name, so the functions
are bound here at once and not looked up later.)
"""

from geo_risk.hotspots.fdr import adjust_fdr
from geo_risk.hotspots.gi_star import GiStarResult, gi_star

__all__ = ["GiStarResult", "adjust_fdr", "gi_star"]
