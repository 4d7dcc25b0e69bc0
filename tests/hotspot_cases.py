"""Inputs and slow, obvious references that the hotspot tests share."""

from __future__ import annotations

import csv
import math
from fractions import Fraction
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
from paths import reference
from scipy import sparse

LATTICES = (
    "columbus_crime",
    "ncsids_ft74_CR85",
    "ncsids_sid74_CR85",
    "ncsids_sid79_CC89_islands",
    "quakesfiji_h3r3",
)
COUNT_LATTICES = LATTICES[2:]


def column(path: Path, name: str) -> np.ndarray:
    """One numeric column of a CSV file; empty cells are NaN."""
    with path.open(newline="") as file:
        return np.array([float(row[name] or "nan") for row in csv.DictReader(file)])


def texts(path: Path, name: str) -> list[str]:
    """One column of a CSV file as text."""
    with path.open(newline="") as file:
        return [row[name] for row in csv.DictReader(file)]


def lattice(name: str) -> tuple[np.ndarray, Any, Path]:
    """Values, binary weights and folder of a reference set."""
    folder = reference(f"lattice/{name}")
    return column(folder / "input.csv", "x"), neighbours(folder), folder


def neighbours(folder: Path) -> Any:
    """Binary weights from a folder's neighbours.csv, in the order of its input.csv."""
    position = {key: i for i, key in enumerate(texts(folder / "input.csv", "id"))}
    i = [position[key] for key in texts(folder / "neighbours.csv", "i")]
    j = [position[key] for key in texts(folder / "neighbours.csv", "j")]
    return sparse.csr_array((np.ones(len(i)), (i, j)), shape=(len(position), len(position)))


def row_standardised(weights: Any) -> Any:
    """Weights divided by the sum of their row."""
    total = np.asarray(weights.sum(axis=1)).reshape(-1)
    return sparse.csr_array(sparse.diags_array(1.0 / np.where(total > 0, total, 1.0)) @ weights)


def chain(n: int, weight: float = 1.0) -> Any:
    """Units in a row, each a neighbour of the next."""
    i = np.arange(n - 1)
    data = np.full(2 * (n - 1), weight)
    rows, columns = np.concatenate([i, i + 1]), np.concatenate([i + 1, i])
    return sparse.csr_array((data, (rows, columns)), shape=(n, n))


def grid(side: int) -> Any:
    """A square lattice, rook neighbours."""
    eye, line = sparse.eye_array(side), chain(side)
    return sparse.csr_array(sparse.kron(eye, line) + sparse.kron(line, eye))


def gi_by_definition(values: Any, dense: np.ndarray, star: bool) -> list[float]:
    """z of Gi or Gi*, unit by unit in exact arithmetic up to the last square root."""
    x, n, out = [Fraction(v) for v in values], len(values), []
    for i in range(n):
        weights = [Fraction(float(w)) for w in dense[i]]
        if star:
            weights[i] = max(weights) or Fraction(1)
        pool = [j for j in range(n) if star or j != i]
        size = len(pool)
        if size < 2:
            out.append(math.nan)
            continue
        mean = sum(x[j] for j in pool) / size
        variance = sum((x[j] - mean) ** 2 for j in pool) / size
        total = sum(weights[j] for j in pool)
        squares = sum(weights[j] ** 2 for j in pool)
        spread = (size * squares - total**2) / (size - 1)
        if variance * spread == 0:
            out.append(math.nan)
            continue
        top = sum(weights[j] * x[j] for j in pool) - total * mean
        out.append(math.copysign(math.sqrt(top**2 / (variance * spread)), top))
    return out


def tails_by_listing(values: Any, dense: np.ndarray) -> list[tuple[float, float, float]]:
    """P(sum <=), P(sum >=), P(sum =) of each unit's neighbour sum, by listing every deal."""
    n, out = len(values), []
    for i in range(n):
        near = [j for j in range(n) if dense[i, j] > 0]
        observed = sum(values[j] for j in near)
        sums = [
            sum(values[j] for j in deal)
            for deal in combinations([j for j in range(n) if j != i], len(near))
        ]
        counts = (
            sum(s <= observed for s in sums),
            sum(s >= observed for s in sums),
            sum(s == observed for s in sums),
        )
        out.append(tuple(float(Fraction(c, len(sums))) for c in counts))
    return out
