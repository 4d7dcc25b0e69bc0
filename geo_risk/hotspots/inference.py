"""From local statistics to p-values and labels: shared by Gi, Gi* and local Moran.

Holding a unit's own value and dealing the other values to its neighbours gives one reference
distribution of the neighbour sum, and so the same tails for Gi, Gi* and local Moran's I.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from geo_risk._core.types import FloatArray, IntArray, Seed
from geo_risk._core.validate import refuse_unused
from geo_risk.hotspots._moments import deal_is_defined
from geo_risk.hotspots._options import MAX_DISPERSION, Inference
from geo_risk.hotspots.fdr import adjust_fdr
from geo_risk.hotspots.weights import Csr, RowSums

__all__ = [
    "Inference",
    "Obstacle",
    "Tails",
    "conditional_tails",
    "confidence_bins",
    "directions",
    "label_hotspots",
    "normal_p",
    "normal_tails",
    "refuse_exact",
    "stream_key",
    "two_sided",
]

# Above so many additions (seconds) "auto" does not take the exact p.
_AFFORDABLE = 3e9
_SMALLEST = float(np.finfo(np.float64).tiny)


@dataclass(frozen=True, eq=False)
class Tails:
    """Lower and upper tail of each unit (NaN where undefined) and how they were found."""

    low: FloatArray
    high: FloatArray
    p_method: str


def normal_p(z: FloatArray) -> FloatArray:
    """Two-sided p of a standard normal, at full relative accuracy far out."""
    from scipy.special import ndtr

    p: FloatArray = ndtr(-np.abs(z))
    p *= 2.0
    return p


def normal_tails(z: FloatArray) -> Tails:
    """Tails of the standard normal; the smaller one keeps its relative accuracy far out."""
    small = 0.5 * normal_p(z)
    high = np.where(z > 0.0, small, 1.0 - small)
    low = np.where(z > 0.0, 1.0 - small, small)
    return Tails(low, high, "analytic")


def two_sided(tails: Tails) -> FloatArray:
    """Twice the smaller tail, at most 1; NaN stays."""
    return np.minimum(2.0 * np.minimum(tails.low, tails.high), 1.0)


def conditional_tails(x: FloatArray, csr: Csr, rows: RowSums, options: Inference) -> Tails | None:
    """Tails of the neighbour sum when the other values are dealt out; None asks for the normal.

    "auto" takes simulation where draws are asked for, else the exact tails for counts on weights
    that are equal within each row, else the normal.
    """
    method = options.p_method
    if method == "auto":
        method = "permutation" if options.permutations else "exact"
    if method == "analytic":
        return None
    if method == "permutation":
        return _simulated(x, csr, rows, options)
    obstacle = _obstacle(x, csr, rows, options)
    if obstacle is None:
        return _exact(x, csr, rows, options)
    refuse_exact(obstacle, options.p_method, options.mid_p, options.max_dispersion)
    if obstacle.kind != "invalid":
        warnings.warn(
            f"{obstacle.text} The normal approximation was used.", UserWarning, stacklevel=3
        )
    return None


class Obstacle(NamedTuple):
    """Why the exact p cannot be had; not worth a warning where it was never meant ("invalid")."""

    kind: Literal["invalid", "overdispersed", "costly"]
    text: str


def refuse_exact(obstacle: Obstacle, p_method: str, mid_p: bool, max_dispersion: float) -> None:
    """Refuse the exact p, and options that only it would have used, where it cannot be had."""
    if p_method == "exact":
        raise ValueError(obstacle.text)
    limit = max_dispersion if obstacle.kind == "invalid" else MAX_DISPERSION
    given = {"mid_p": mid_p or None, "max_dispersion": None if limit == MAX_DISPERSION else limit}
    refuse_unused(given, f"the exact p cannot be had here. {obstacle.text}")


def _obstacle(x: FloatArray, csr: Csr, rows: RowSums, options: Inference) -> Obstacle | None:
    """Why the exact p cannot be had; None where it can."""
    if x.size == 0:
        return None
    bad = (x < 0.0) | (x != np.floor(x)) | (x > 2.0**53 / max(1, int(rows.count.max())))
    if bad.any():
        first = int(np.argmax(bad))
        return Obstacle(
            "invalid",
            f"Invalid values for the exact p: {int(bad.sum())} of {x.size} are not counts "
            f"(integers >= 0); first at index {first}: {x[first]:g}. Use "
            'p_method="permutation" or "analytic".',
        )
    if not rows.uniform:
        return Obstacle(
            "invalid",
            "Invalid weights for the exact p: the weights differ within a row; it needs binary "
            '(or row-standardised binary) weights. Use p_method="permutation" or "analytic".',
        )
    mean = float(x.mean())
    dispersion = float(x.var()) / mean if mean > 0.0 else 0.0
    if dispersion > options.max_dispersion:
        return Obstacle(
            "overdispersed",
            f"Overdispersed values: their variance is {dispersion:.4g} times their mean (limit "
            f"max_dispersion={options.max_dispersion:g}), as sums of fatalities are. The exact p "
            "is for counts of events: score the number of events, or simulate with "
            "permutations=9999. If these are counts of events, say so with "
            "max_dispersion=float('inf').",
        )
    if options.p_method == "auto":
        cost = _exact_cost(x, csr, rows)
        if cost > _AFFORDABLE:
            return Obstacle(
                "costly",
                f"Costly exact p: about {cost:.2g} additions for {x.size} units; ask for it with "
                'p_method="exact", or simulate with permutations=9999.',
            )
    return None


def _neighbour_sums(x: FloatArray, csr: Csr) -> IntArray:
    from scipy import sparse

    ones = sparse.csr_array((np.ones(csr.data.size), csr.indices, csr.indptr), shape=csr.shape)
    return np.asarray(ones @ x).astype(np.int64)


def _exact_cost(x: FloatArray, csr: Csr, rows: RowSums) -> float:
    from geo_risk.hotspots import _exact as kernel

    if not csr.data.size:
        return 0.0
    values, _, copies = _grouped(x.astype(np.int64))
    sum_most = int((csr @ x).max()) if rows.binary else int(_neighbour_sums(x, csr).max())
    return kernel.work(values, copies, int(rows.count.max()), sum_most)


def _grouped(numbers: IntArray) -> tuple[IntArray, IntArray, IntArray]:
    """Distinct numbers (>= 0) in order, the position of each number among them, their counts."""
    if int(numbers.max()) > 4 * numbers.size + 1000:
        distinct, position, copies = np.unique(numbers, return_inverse=True, return_counts=True)
        return distinct, position.astype(np.int64), copies.astype(np.int64)
    copies = np.bincount(numbers)  # without sorting
    present = copies > 0
    return np.flatnonzero(present), (np.cumsum(present) - 1)[numbers], copies[present]


def _exact(x: FloatArray, csr: Csr, rows: RowSums, options: Inference) -> Tails:
    from geo_risk.hotspots import _exact as kernel

    low, high = np.full(x.size, np.nan), np.full(x.size, np.nan)
    units = np.flatnonzero(deal_is_defined(x, rows))
    if units.size == 0:
        return Tails(low, high, "exact")
    values, position, copies = _grouped(x.astype(np.int64))
    k = rows.count[units]
    span = int(k.max()) + 1
    key, unit_group, _ = _grouped(position[units] * span + k)
    below, above, equal = kernel.exact_tails(
        values,
        copies,
        key // span,
        key % span,
        unit_group,
        _neighbour_sums(x, csr)[units],
    )
    if options.mid_p:
        below, above = below - 0.5 * equal, above - 0.5 * equal
    # The observed deal is one of the deals, so no tail is 0, however far out.
    low[units] = np.clip(below, _SMALLEST, 1.0)
    high[units] = np.clip(above, _SMALLEST, 1.0)
    return Tails(low, high, "exact")


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


def _simulated(x: FloatArray, csr: Csr, rows: RowSums, options: Inference) -> Tails:
    low, high = np.full(x.size, np.nan), np.full(x.size, np.nan)
    defined = deal_is_defined(x, rows)
    if not defined.any():
        return Tails(low, high, "permutation")
    at_least, at_most = np.zeros(x.size, np.int64), np.zeros(x.size, np.int64)
    key = stream_key(options.seed)
    # Weights equal within a row are dealt as weights of 1, so that scaling a row changes nothing.
    data = np.ones(csr.data.size) if rows.uniform else csr.data
    if options.deal == "fresh":
        _draw_fresh(x, csr, data, options, key, at_least, at_most)
    else:
        _draw_shared(x, csr, data, rows, defined, options, key, at_least, at_most)
    more = options.permutations + 1.0
    low[defined] = (1.0 + at_most[defined]) / more
    high[defined] = (1.0 + at_least[defined]) / more
    return Tails(low, high, "permutation")


def _draw_fresh(
    x: FloatArray,
    csr: Csr,
    data: FloatArray,
    options: Inference,
    key: np.uint64,
    at_least: IntArray,
    at_most: IntArray,
) -> None:
    from geo_risk._core.jit import run_chunks
    from geo_risk.hotspots import _permute as kernel

    draws = options.permutations

    def run(start: int, stop: int) -> None:
        kernel.fresh_draws(
            x, csr.indptr, csr.indices, data, start, stop, draws, key, at_least, at_most
        )

    run_chunks(run, x.size, options.n_jobs, minimum=256)


def _draw_shared(
    x: FloatArray,
    csr: Csr,
    data: FloatArray,
    rows: RowSums,
    defined: NDArray[np.bool_],
    options: Inference,
    key: np.uint64,
    at_least: IntArray,
    at_most: IntArray,
) -> None:
    from geo_risk.hotspots import _permute as kernel

    for k in np.unique(rows.count[defined]):
        units = np.flatnonzero(defined & (rows.count == k))
        positions = kernel.shared_positions(x.size - 1, int(k), options.permutations, key)
        if rows.uniform:
            sums, by_position = x[positions].sum(axis=1), np.argsort(positions, axis=None)
            flat = positions.reshape(-1)[by_position]
            table = (int(k), sums, np.sort(sums), by_position, flat)
            kernel.shared_plain(x, csr.indptr, csr.indices, units, *table, at_least, at_most)
        else:
            kernel.shared_weighted(
                x, csr.indptr, csr.indices, data, units, positions, at_least, at_most
            )


def adjusted(p_value: FloatArray, fdr: str | None) -> FloatArray:
    """q-values by `fdr`, or the p-values themselves where no adjustment is asked for."""
    return p_value.copy() if fdr is None else adjust_fdr(p_value, method=fdr)


def directions(z: FloatArray, tails: Tails) -> NDArray[np.int8]:
    """+1 where z and the smaller tail both say high, -1 where both say low, else 0."""
    high = (z > 0.0) & (tails.high <= tails.low)
    low = (z < 0.0) & (tails.low <= tails.high)
    return high.astype(np.int8) - low.astype(np.int8)


def label_hotspots(
    q: FloatArray, direction: NDArray[np.int8], count: IntArray, alpha: float
) -> NDArray[np.str_]:
    """Label each unit: hot, cold, not significant, undefined (no q) or isolated (no neighbour)."""
    names = np.array(["not significant", "hot", "cold", "undefined", "isolated"])
    code = np.zeros(q.size, dtype=np.intp)
    significant = q <= alpha  # false for NaN
    code[significant & (direction > 0)] = 1
    code[significant & (direction < 0)] = 2
    code[np.isnan(q)] = 3
    code[count == 0] = 4
    return names[code]


def confidence_bins(
    q: FloatArray, direction: NDArray[np.int8], count: IntArray
) -> NDArray[np.int8]:
    """ArcGIS's Gi_Bin: 3, 2, 1 for hot at 99, 95, 90 % confidence, negative for cold, 0 else."""
    level = (q <= 0.10).astype(np.int8) + (q <= 0.05) + (q <= 0.01)
    return np.where(count > 0, level * direction, 0).astype(np.int8)
