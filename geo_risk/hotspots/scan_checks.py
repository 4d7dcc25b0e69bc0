"""Checks of the options and cases of the scan statistic."""

from __future__ import annotations

from typing import Any

import numpy as np

from geo_risk._core.validate import check_integer, check_scalar, refuse_unused
from geo_risk.hotspots.options import MAX_DISPERSION
from geo_risk.hotspots.scan_study import POISSON, Study

__all__ = ["check_dispersion", "check_replications", "longest_window"]


def check_replications(replications: Any, p_method: str, seed: Any) -> None:
    """Reject a number of simulated data sets that is too small for `p_method`."""
    check_integer(replications, "replications", low=2 if p_method == "gumbel" else 0)
    if replications == 0:
        refuse_unused({"seed": seed}, "there are no replications")


def check_dispersion(study: Study, max_dispersion: float | None) -> None:
    """Reject cases that vary more than counts of events."""
    if study.kind != POISSON:
        why = "in the Bernoulli model the population limits the cases"
        refuse_unused({"max_dispersion": max_dispersion}, why)
        return
    limit = MAX_DISPERSION if max_dispersion is None else max_dispersion
    if limit != np.inf:
        check_scalar(limit, "max_dispersion", low=0.0)
    expected = study.key * (study.cases.sum() / study.key.sum())
    dispersion = float(((study.cases - expected) ** 2).sum() / study.cases.sum())
    if dispersion > limit:
        raise ValueError(
            f"Overdispersed cases: their variance around the expected cases is {dispersion:.4g} "
            f"times their mean (limit max_dispersion={limit:g}), as sums of fatalities are. The "
            "scan's null hypothesis is for counts of events: scan the number of events. If these "
            "are counts of events, say so with max_dispersion=float('inf')."
        )


def longest_window(study: Study, max_duration: int | None, prospective: bool) -> int:
    """Largest number of periods of a window."""
    n_periods = study.cases.shape[1]
    if study.labels is None:
        if max_duration is not None or prospective:
            raise ValueError("Invalid max_duration, prospective: the cases have no periods.")
        return 1
    most = int(n_periods) // 2
    if max_duration is None:
        return most
    why = f"half of the {n_periods} periods"
    return check_integer(max_duration, "max_duration", low=1, high=most, why=why)
