"""Moved to `geo_risk._countries` (layer 1); goes as soon as nobody imports it."""

from geo_risk._countries import country_keys, country_names, find_country, resolve_country

__all__ = ["country_keys", "country_names", "find_country", "resolve_country"]
