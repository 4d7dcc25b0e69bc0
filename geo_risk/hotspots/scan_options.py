"""Options of a scan: the model, the windows, the test."""

from __future__ import annotations

from dataclasses import dataclass

from geo_risk._core.types import Seed
from geo_risk._core.validate import check_choice, check_scalar
from geo_risk.hotspots.scan_checks import check_replications
from geo_risk.hotspots.scan_study import MODELS

__all__ = ["ScanOptions"]


@dataclass(frozen=True, kw_only=True)
class ScanOptions:
    """Options of `scan`: the model, the windows that are scanned, and the test.

    Parameters
    ----------
    model : {"poisson", "bernoulli", "space_time_poisson", "space_time_permutation"}
        "poisson" with cases (n, T) is "space_time_poisson"; "bernoulli" takes both.
    replications : int
        Number of simulated data sets; 0 for none (p is NaN).
    seed : int, numpy Generator or None
        Seed of the simulation.
    max_population : float
        Largest share of the population (of the cases, for the permutation model; of the expected
        cases, if they are standardised) in a circle, in (0, 1].
    max_radius_km : float, optional
        Largest radius.
    max_duration : int, optional
        Longest run of periods, at most (and by default) half of all periods.
    prospective : bool
        Whether to scan only windows that last until the final period.
    clusters : {"high", "low", "both"}
        Higher rates (with at least two cases), lower rates, or both.
    ties : {"together", "satscan"}
        Whether places at the same distance from a centre enter its circles together, or one by
        one in the order of the rows, so that the result depends on that order.
    secondary : {"no_shared_location", "satscan"}
        Which clusters follow the first: see Notes of `scan`.
    p_method : {"monte_carlo", "gumbel"}
        Rank among the simulated maxima, (1 + number >= LLR) / (replications + 1), or the tail of
        a Gumbel distribution with their mean and variance, which can be smaller than
        1 / (replications + 1) but is an approximation.
    max_dispersion : float, default 200
        Limit of variance (around the expected cases) / mean above which cases are rejected
        (not for the Bernoulli model, in which the population limits the cases).

    Raises
    ------
    ValueError
        A value out of range; `seed` without replications.
    TypeError
        A value that is not a number.
    """

    model: str = "poisson"
    replications: int = 999
    seed: Seed = None
    max_population: float = 0.5
    max_radius_km: float | None = None
    max_duration: int | None = None
    prospective: bool = False
    clusters: str = "high"
    ties: str = "together"
    secondary: str = "no_shared_location"
    p_method: str = "monte_carlo"
    max_dispersion: float | None = None

    def __post_init__(self) -> None:
        check_choice(self.model, "model", MODELS)
        check_choice(self.clusters, "clusters", ("high", "low", "both"))
        check_choice(self.ties, "ties", ("together", "satscan"))
        check_choice(self.secondary, "secondary", ("no_shared_location", "satscan"))
        check_choice(self.p_method, "p_method", ("monte_carlo", "gumbel"))
        check_scalar(self.max_population, "max_population", low=0.0, high=1.0, open_low=True)
        if self.max_radius_km is not None:
            check_scalar(self.max_radius_km, "max_radius_km", low=0.0)
        check_replications(self.replications, self.p_method, self.seed)
