"""What an event's stated precision supports: which regions it may lie in, how near a border."""

from geo_risk.frames.support.probabilities import (
    DISTRIBUTIONS,
    border_within,
    disc_points,
    region_probabilities,
)

__all__ = ["DISTRIBUTIONS", "border_within", "disc_points", "region_probabilities"]
