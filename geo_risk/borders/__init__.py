"""Borders between countries, and distances of points to them."""

from geo_risk.borders.nearest import BorderDistances
from geo_risk.borders.network import Borders, load_borders

__all__ = ["BorderDistances", "Borders", "load_borders"]
