"""The command line."""

from geo_risk.cli.app import app, main

__all__ = ["app", "main"]
