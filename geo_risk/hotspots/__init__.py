"""Hotspot statistics: arrays in, frozen results out.

This module lists the public names. The modules named here import only numpy; scipy and numba are
imported inside the functions that need them. (A function may have the same name as its module, so
the functions are bound here on import and not looked up later.)
"""

from geo_risk.hotspots.emerging import EmergingResult, emerging
from geo_risk.hotspots.emerging_rules import HotspotCategories, hotspot_categories
from geo_risk.hotspots.fdr import adjust_fdr
from geo_risk.hotspots.gi_star import GiStarResult, gi_star
from geo_risk.hotspots.global_stats import GlobalResult, geary_c, general_g, moran
from geo_risk.hotspots.hawkes import (
    EtasParameters,
    HawkesParameters,
    hawkes_compensator,
    hawkes_intensity,
    hawkes_log_likelihood,
)
from geo_risk.hotspots.hawkes_fit import HawkesFit, hawkes_fit
from geo_risk.hotspots.hawkes_forecast import HawkesForecast, decayed_intensity, hawkes_forecast
from geo_risk.hotspots.kde import KdeResult, kde, kde_bandwidth
from geo_risk.hotspots.knox import KnoxResult, knox
from geo_risk.hotspots.local_moran import LocalMoranResult, local_moran
from geo_risk.hotspots.mann_kendall import MannKendallResult, mann_kendall
from geo_risk.hotspots.options import Inference, LocalInference
from geo_risk.hotspots.person_time import person_time
from geo_risk.hotspots.rates import EbRates, eb_rates, standardized_rates
from geo_risk.hotspots.scan import ScanCluster, ScanResult, scan
from geo_risk.hotspots.scan_options import ScanOptions
from geo_risk.hotspots.space_time import space_time_cube
from geo_risk.hotspots.weights import as_weights

__all__ = [
    "EbRates",
    "EmergingResult",
    "EtasParameters",
    "GiStarResult",
    "GlobalResult",
    "HawkesFit",
    "HawkesForecast",
    "HawkesParameters",
    "HotspotCategories",
    "Inference",
    "KdeResult",
    "KnoxResult",
    "LocalInference",
    "LocalMoranResult",
    "MannKendallResult",
    "ScanCluster",
    "ScanOptions",
    "ScanResult",
    "adjust_fdr",
    "as_weights",
    "decayed_intensity",
    "eb_rates",
    "emerging",
    "geary_c",
    "general_g",
    "gi_star",
    "hawkes_compensator",
    "hawkes_fit",
    "hawkes_forecast",
    "hawkes_intensity",
    "hawkes_log_likelihood",
    "hotspot_categories",
    "kde",
    "kde_bandwidth",
    "knox",
    "local_moran",
    "mann_kendall",
    "moran",
    "person_time",
    "scan",
    "space_time_cube",
    "standardized_rates",
]
