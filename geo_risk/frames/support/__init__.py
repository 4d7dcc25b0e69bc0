"""What an event's stated precision supports: possible regions, and the distance to a border."""

from geo_risk.frames.support.probabilities import (
    DISTRIBUTIONS,
    border_within,
    disc_points,
    region_probabilities,
)

__all__ = ["DISTRIBUTIONS", "border_within", "disc_points", "region_probabilities"]
