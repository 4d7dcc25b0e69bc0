"""A slow, obvious scan statistic: sets, loops and logarithms, nothing shared with the package."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

R_KM = 6371.0088


def haversine_km(lon1: float, lat1: float, lon2: float, lat2: float) -> float:
    dx, dy = math.radians(lon2 - lon1), math.radians(lat2 - lat1)
    h = math.sin(dy / 2) ** 2
    h += math.cos(math.radians(lat1)) * math.cos(math.radians(lat2)) * math.sin(dx / 2) ** 2
    return 2 * R_KM * math.asin(min(1.0, math.sqrt(h)))


def distances(lon: np.ndarray, lat: np.ndarray) -> np.ndarray:
    n = len(lon)
    return np.array(
        [[haversine_km(lon[i], lat[i], lon[j], lat[j]) for j in range(n)] for i in range(n)]
    )


def circles(
    distance: np.ndarray, size: np.ndarray, share: float = 0.5, radius: float = math.inf
) -> Iterator[tuple[int, frozenset[int]]]:
    """Every circle as (centre, members), tied places together."""
    for centre, row in enumerate(distance):
        for r in sorted({round(d, 6) for d in row if d <= radius + 1e-9}):
            inside = frozenset(int(j) for j in np.flatnonzero(row <= r + 1e-6))
            if sum(size[j] for j in inside) <= share * sum(size) * (1 + 1e-12):
                yield centre, inside


def poisson_llr(c: float, e: float, all_cases: float) -> float:
    value = c * math.log(c / e) if c else 0.0
    if all_cases > c:
        value += (all_cases - c) * math.log((all_cases - c) / (all_cases - e))
    return value


def bernoulli_llr(c: float, n: float, all_cases: float, people: float) -> float:
    def part(k: float, of: float) -> float:
        return sum(x * math.log(x / of) for x in (k, of - k) if x > 0)

    return part(c, n) + part(all_cases - c, people - n) - part(all_cases, people)


def best_per_centre(
    cases: np.ndarray,
    key: np.ndarray,
    distance: np.ndarray,
    size: np.ndarray,
    *,
    bernoulli: bool = False,
    clusters: str = "high",
    longest: int | None = None,
    prospective: bool = False,
    share: float = 0.5,
    radius: float = math.inf,
) -> dict[int, tuple[float, frozenset[int], tuple[int, int]]]:
    """Best (LLR, members, first and last period) of every centre that has one."""
    n_periods = cases.shape[1]
    longest = longest or max(1, n_periods // 2)
    all_cases, all_key = float(cases.sum()), float(key.sum())
    best: dict[int, tuple[float, frozenset[int], tuple[int, int]]] = {}
    for centre, inside in circles(distance, size, share, radius):
        rows = sorted(inside)
        for first in range(n_periods):
            for last in range(first, min(n_periods, first + longest)):
                if prospective and last != n_periods - 1:
                    continue
                c = float(cases[rows, first : last + 1].sum())
                k = float(key[rows, first : last + 1].sum())
                e = all_cases * k / all_key
                high = c > e and c >= 2 and clusters in ("high", "both")
                low = c < e and clusters in ("low", "both")
                if not (high or low):
                    continue
                if bernoulli:
                    value = bernoulli_llr(c, k, all_cases, all_key)
                else:
                    value = poisson_llr(c, e, all_cases)
                if value > best.get(centre, (0.0,))[0] * (1 + 1e-12):
                    best[centre] = (value, inside, (first, last))
    return best
