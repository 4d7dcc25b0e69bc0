"""Options that the tests share: checked once, and refused where they were given for nothing."""

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
    "Test",
    "check_options",
    "check_permutations",
    "check_test",
    "simulates",
    "stream_key",
    "tries_exact",
]


P_METHODS = ("auto", "analytic", "permutation", "exact")
MAX_DISPERSION = 200.0
"""Variance / mean above which numbers are not taken for counts of events.

Fatalities per event have 418 (UCDP Mexico), 559 (one side in UCDP Afghanistan) and 1,039 (a sample
of UCDP's world); a week of Californian earthquakes per H3 cell of resolution 3 has 99. No limit
tells all counts from all fatalities: UCDP Mexico's events per cell have 1,087.
"""
NOT_SIMULATED = "it is of a simulated p, and no permutations are asked for"


@dataclass(frozen=True)
class Test:
    """How p is to be found, checked."""

    p_method: str
    permutations: int
    seed: Seed
    max_dispersion: float
    mid_p: bool = False
    deal: str = "fresh"
    n_jobs: int = 1


@dataclass(frozen=True)
class Inference:
    """The checked options that every local statistic takes."""

    test: Test
    alpha: float
    fdr: str | None


def check_options(
    *,
    p_method: str,
    permutations: int,
    seed: Seed,
    deal: str | None,
    mid_p: bool,
    max_dispersion: float | None,
    n_jobs: int,
    alpha: float,
    fdr: str | None,
) -> Inference:
    """Check the options of a local statistic, once; what was given and is not used is refused."""
    if deal is not None:
        check_choice(deal, "deal", ("fresh", "shared"))
    if fdr is not None:
        check_choice(fdr, "fdr", ("bh", "by"))
    check_scalar(alpha, "alpha", low=0.0, high=1.0)
    test = check_test(p_method, permutations, seed, max_dispersion)
    check_jobs(n_jobs)
    simulated = simulates({"p_method": p_method, "permutations": permutations})
    threads = None if n_jobs == 1 else n_jobs
    if not simulated:
        refuse_unused({"deal": deal, "n_jobs": threads}, NOT_SIMULATED)
    if deal == "shared":
        refuse_unused({"n_jobs": threads}, "shared deals take one thread")
    if simulated or p_method == "analytic":
        refuse_unused({"mid_p": mid_p or None}, "it is of the exact p")
    test = replace(test, mid_p=mid_p, deal=deal or "fresh", n_jobs=n_jobs)
    return Inference(test, float(alpha), fdr)


def check_test(p_method: str, permutations: int, seed: Seed, max_dispersion: float | None) -> Test:
    """Check how p is to be found, and what only some ways use."""
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
        refuse_unused({"max_dispersion": max_dispersion}, "it is of the exact p")
    limit = MAX_DISPERSION if max_dispersion is None else float(max_dispersion)
    return Test(p_method, int(permutations), seed, limit)


def simulates(options: Mapping[str, Any]) -> bool:
    """Whether a test with these options simulates its p."""
    p_method = options.get("p_method", "auto")
    return p_method == "permutation" or (p_method == "auto" and bool(options.get("permutations")))


def tries_exact(options: Mapping[str, Any]) -> bool:
    """Whether a test with these options takes the exact p, at least where it can be had."""
    return options.get("p_method", "auto") in ("auto", "exact") and not simulates(options)


def check_permutations(permutations: int) -> int:
    """Check a number of random deals, an integer of at least 0."""
    return check_integer(permutations, "permutations", low=0)


def stream_key(seed: Seed) -> np.uint64:
    """64 bits that name the streams of random numbers of one call."""
    if isinstance(seed, np.random.Generator):
        return np.uint64(seed.integers(0, 2**64, dtype=np.uint64))
    try:
        sequence = np.random.SeedSequence(seed)
    except (TypeError, ValueError) as error:
        raise type(error)(
            f"Invalid seed: {seed!r}; a whole number >= 0, a numpy Generator or None."
        ) from error
    return np.uint64(sequence.generate_state(1, np.uint64)[0])
