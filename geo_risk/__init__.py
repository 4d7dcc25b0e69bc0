"""geo_risk: where events happened, how near which border, and whether they are a hotspot."""

__version__ = "0.1.0"
