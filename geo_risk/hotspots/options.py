"""Options that the tests share: checked once, and rejected if given but not used."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from geo_risk._core.types import Seed
from geo_risk._core.validate import (
    check_choice,
    check_integer,
    check_jobs,
    check_scalar,
    refuse_unused,
)

__all__ = [
    "MAX_DISPERSION",
    "NOT_SIMULATED",
    "Inference",
    "LocalInference",
    "Test",
    "check_permutations",
    "check_test",
    "simulates",
    "stream_key",
    "tries_exact",
]


P_METHODS = ("auto", "analytic", "permutation", "exact")
MAX_DISPERSION = 200.0
"""Variance / mean above which numbers are not treated as counts of events.

Fatalities per event have 418 (UCDP Mexico), 559 (one side in UCDP Afghanistan) and 1,039 (a sample
of UCDP's world); a week of Californian earthquakes per H3 cell of resolution 3 has 99. No limit
separates all counts from all fatalities: UCDP Mexico's events per cell have 1,087.
"""
NOT_SIMULATED = "it applies to a simulated p, and there are no permutations"


@dataclass(frozen=True)
class Test:
    """Checked options of how p is found."""

    p_method: str
    permutations: int
    seed: Seed
    max_dispersion: float
    mid_p: bool = False
    deal: str = "fresh"
    n_jobs: int = 1


@dataclass(frozen=True, kw_only=True)
class Inference:
    """Options of `emerging`: how its p-values are found and adjusted.

    Parameters
    ----------
    permutations : int, default 0
        Number of random permutations R for the simulated p. To find a single unit among m after
        FDR, R must be at least m / alpha.
    seed : int, numpy Generator or None
        Seed of the simulation; None draws a new one. The result does not depend on `n_jobs`.
    p_method : {"auto", "analytic", "permutation", "exact"}
        "auto" simulates if `permutations` is given; else takes the exact p if the values are
        counts and the weights equal within each row (binary, or row-standardised); else the
        normal approximation. `result.p_method` names the method used.
    max_dispersion : float, default 200
        Limit of variance / mean above which values are not treated as counts of events
        (UCDP Mexico's fatalities per event have 418) and the exact p is not available. Counts of
        events in very uneven areas can exceed it: for these, pass ``float("inf")``.
    fdr : {"bh", "by", None}
        Adjustment of the q-values, over all units or bins (see `adjust_fdr`); None: q = p.

    Raises
    ------
    ValueError
        A value out of range, or given but not used: `seed` without a simulation,
        `max_dispersion` without the exact p.
    TypeError
        A value that is not a number.
    """

    permutations: int = 0
    seed: Seed = None
    p_method: str = "auto"
    max_dispersion: float | None = None
    fdr: str | None = "bh"

    def __post_init__(self) -> None:
        if self.fdr is not None:
            check_choice(self.fdr, "fdr", ("bh", "by"))
        _ = self.test  # checked now

    @property
    def test(self) -> Test:
        """How p is to be found, checked."""
        return check_test(self.p_method, self.permutations, self.seed, self.max_dispersion)


@dataclass(frozen=True, kw_only=True)
class LocalInference(Inference):
    """Options of `gi_star` and `local_moran`: how p is found and adjusted; labels of units.

    Parameters
    ----------
    permutations, seed, p_method, max_dispersion, fdr
        As for `Inference`.
    alpha : float, default 0.05
        Level of the labels, on the q-values.
    mid_p : bool, default False
        For the exact p: count half of the probability of the observed sum in each tail. Less
        conservative on sparse counts; rejects at most about as often as stated, without guarantee.
    deal : {"fresh", "shared"}, default "fresh"
        How the simulation of ``null="conditional"`` permutes the values. "fresh": each unit has
        its own random permutations. "shared": all units use the same ones; each p is as valid,
        and many times faster, but this is another algorithm: the simulation errors of different
        units are correlated, so a share of significant units varies more from seed to seed.
    n_jobs : int, default 1
        Threads for ``deal="fresh"``; -1 for all processors. Other methods use one thread.

    Raises
    ------
    ValueError
        A value out of range, or given but not used: `seed`, `deal` and `n_jobs` without a
        simulation, `mid_p` and `max_dispersion` without the exact p.
    TypeError
        A value that is not a number.
    """

    alpha: float = 0.05
    mid_p: bool = False
    deal: str | None = None
    n_jobs: int = 1

    def __post_init__(self) -> None:
        if self.deal is not None:
            check_choice(self.deal, "deal", ("fresh", "shared"))
        check_scalar(self.alpha, "alpha", low=0.0, high=1.0)
        super().__post_init__()
        check_jobs(self.n_jobs)
        simulated = simulates({"p_method": self.p_method, "permutations": self.permutations})
        if not simulated:
            refuse_unused({"deal": self.deal, "n_jobs": self.threads}, NOT_SIMULATED)
        if self.deal == "shared":
            refuse_unused({"n_jobs": self.threads}, 'deal="shared" uses one thread')
        if simulated or self.p_method == "analytic":
            refuse_unused({"mid_p": self.mid_p or None}, "it applies to the exact p only")

    @property
    def threads(self) -> int | None:
        """Threads, None for the default of one."""
        return None if self.n_jobs == 1 else self.n_jobs

    @property
    def test(self) -> Test:
        """How p is to be found, checked."""
        deal = self.deal or "fresh"
        return replace(super().test, mid_p=self.mid_p, deal=deal, n_jobs=self.n_jobs)


def check_test(p_method: str, permutations: int, seed: Seed, max_dispersion: float | None) -> Test:
    """Check the options of how p is found, including those that only some methods use."""
    check_choice(p_method, "p_method", P_METHODS)
    check_permutations(permutations)
    if p_method == "permutation" and permutations == 0:
        raise ValueError('Invalid permutations: 0; p_method="permutation" needs some, e.g. 9999.')
    if p_method in ("analytic", "exact") and permutations:
        raise ValueError(
            f"Invalid permutations: {permutations} with p_method={p_method!r}, which draws none."
        )
    if max_dispersion is not None and max_dispersion != np.inf:
        check_scalar(max_dispersion, "max_dispersion", low=0.0)
    asked = {"p_method": p_method, "permutations": permutations}
    if not simulates(asked):
        refuse_unused({"seed": seed}, NOT_SIMULATED)
    if not tries_exact(asked):
        refuse_unused({"max_dispersion": max_dispersion}, "it applies to the exact p only")
    limit = MAX_DISPERSION if max_dispersion is None else float(max_dispersion)
    return Test(p_method, int(permutations), seed, limit)


def simulates(options: Mapping[str, Any]) -> bool:
    """Whether a test with these options simulates its p."""
    p_method = options.get("p_method", "auto")
    return p_method == "permutation" or (p_method == "auto" and bool(options.get("permutations")))


def tries_exact(options: Mapping[str, Any]) -> bool:
    """Whether a test with these options takes the exact p, if it is available."""
    return options.get("p_method", "auto") in ("auto", "exact") and not simulates(options)


def check_permutations(permutations: int) -> int:
    """Check a number of random permutations, an integer of at least 0."""
    return check_integer(permutations, "permutations", low=0)


def stream_key(seed: Seed) -> np.uint64:
    """64 bits that identify the streams of random numbers of one call."""
    if isinstance(seed, np.random.Generator):
        return np.uint64(seed.integers(0, 2**64, dtype=np.uint64))
    try:
        sequence = np.random.SeedSequence(seed)
    except (TypeError, ValueError) as error:
        raise type(error)(
            f"Invalid seed: {seed!r}; must be a whole number >= 0, a numpy Generator or None."
        ) from error
    return np.uint64(sequence.generate_state(1, np.uint64)[0])
