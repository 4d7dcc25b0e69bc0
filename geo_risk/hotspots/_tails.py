"""From statistics to p-values: all rules for tails.

How large is a neighbourhood's sum compared with sums of values permuted at random? Two null
hypotheses define what is permuted. `Conditional`: a unit keeps its own value, its neighbours
receive values of the others; Gi, Gi* and local Moran's I have the same reference distribution.
`Total`: all values are permuted, including the unit's own, as in the z of Gi*; for a cube and, as
a cube of one period, a map. `tails_of` computes the tails under either, exact or simulated.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from geo_risk._core.types import BoolArray, FloatArray, IntArray
from geo_risk._core.validate import refuse_unused
from geo_risk.hotspots import _deals
from geo_risk.hotspots._bins import Neighbourhoods, neighbourhoods
from geo_risk.hotspots._moments import deal_is_defined
from geo_risk.hotspots.options import MAX_DISPERSION, Test, stream_key
from geo_risk.hotspots.weights import Csr, RowSums

__all__ = [
    "Conditional",
    "Tails",
    "Total",
    "gumbel_p",
    "normal_bound",
    "normal_p",
    "normal_tails",
    "null_of",
    "poisson_p",
    "simulated_p",
    "tails_of",
    "two_sided",
]

# Above this number of additions (seconds), "auto" does not use the exact p.
_AFFORDABLE = 3e9
_SMALLEST = float(np.finfo(np.float64).tiny)


@dataclass(frozen=True, eq=False)
class Tails:
    """Lower and upper tail of each unit (NaN where undefined) and how they were found."""

    low: FloatArray
    high: FloatArray
    p_method: str


def normal_p(z: FloatArray) -> FloatArray:
    """Two-sided p of a standard normal, with full relative accuracy for large z."""
    from scipy.special import ndtr

    p: FloatArray = ndtr(-np.abs(z))
    p *= 2.0
    return p


def normal_tails(z: FloatArray) -> Tails:
    """Tails of the standard normal; the smaller one keeps its relative accuracy for large z."""
    small = 0.5 * normal_p(z)
    high = np.where(z > 0.0, small, 1.0 - small)
    low = np.where(z > 0.0, 1.0 - small, small)
    return Tails(low, high, "analytic")


def normal_bound(alpha: float) -> float:
    """Two-sided critical value of a standard normal at level `alpha`."""
    from scipy.special import ndtri

    return float(ndtri(1.0 - alpha / 2.0))


def two_sided(tails: Tails) -> FloatArray:
    """Twice the smaller tail, at most 1; NaN stays."""
    return np.minimum(2.0 * np.minimum(tails.low, tails.high), 1.0)


def simulated_p(reaching: ArrayLike, draws: int) -> FloatArray:
    """P-value if `reaching` of `draws` draws reach the observed value, which counts as a draw."""
    return np.asarray((1.0 + np.asarray(reaching)) / (draws + 1.0))


def poisson_p(observed: IntArray, expected: FloatArray) -> FloatArray:
    """P of at least `observed` in a Poisson count with mean `expected`."""
    from scipy.special import gammainc

    # P(X >= k) of a Poisson count is the regularised lower gamma function of k.
    return np.where(observed > 0, gammainc(np.maximum(observed, 1), expected), 1.0)


def gumbel_p(value: float, draws: FloatArray) -> float:
    """P of at least `value` in a Gumbel distribution with the draws' mean and variance."""
    # Mean of the Gumbel distribution: mode + 0.5772 b; its standard deviation: b pi / sqrt 6.
    scale = float(draws.std(ddof=1)) * np.sqrt(6.0) / np.pi
    if scale == 0.0:
        return 1.0 if value <= draws[0] else 0.0
    mode = float(draws.mean()) - np.euler_gamma * scale
    return float(-np.expm1(-np.exp(-(value - mode) / scale)))


def null_of(
    name: str, x: FloatArray, z: FloatArray, csr: Csr, rows: RowSums
) -> Conditional | Total:
    """The null hypothesis of a map of values: "conditional" or "total"."""
    if name == "conditional":
        return Conditional(x, csr, rows)
    return Total(x, z, neighbourhoods(csr, 0, "cube"))


def tails_of(null: Conditional | Total, test: Test) -> Tails | None:
    """Tails of the neighbourhood sums when values are permuted; None: use the normal.

    "auto" simulates if permutations are requested, else takes the exact tails for counts on
    weights that are equal within each row, else the normal. Called directly by the public
    functions, so that a warning points at their caller.
    """
    method = test.p_method
    if method == "auto":
        method = "permutation" if test.permutations else "exact"
    if method == "analytic":
        return None
    if method == "permutation":
        return Tails(*null.simulated(test), "permutation")
    obstacle = _obstacle(null, test)
    if obstacle is None:
        return Tails(*null.exact(test.mid_p), "exact")
    _refuse_exact(obstacle, test)
    if obstacle.kind != "invalid":
        warnings.warn(
            f"{obstacle.text} The normal approximation was used.", UserWarning, stacklevel=3
        )
    return None


class _Obstacle(NamedTuple):
    """Why the exact p is not available; "invalid" values or weights give no warning."""

    kind: Literal["invalid", "overdispersed", "costly"]
    text: str


def _refuse_exact(obstacle: _Obstacle, test: Test) -> None:
    """Raise for a requested exact p that is not available, and for options that only it uses."""
    if test.p_method == "exact":
        raise ValueError(obstacle.text)
    limit = test.max_dispersion if obstacle.kind == "invalid" else MAX_DISPERSION
    given = {
        "mid_p": test.mid_p or None,
        "max_dispersion": None if limit == MAX_DISPERSION else limit,
    }
    why = obstacle.text.removesuffix(".")
    refuse_unused(given, f"the exact p is not available here. {why}")


def _obstacle(null: Conditional | Total, test: Test) -> _Obstacle | None:
    """Why the exact p is not available; None if it is."""
    x = null.x
    if x.size == 0:
        return None
    bad = (x < 0.0) | (x != np.floor(x)) | (x > null.largest)
    if bad.any():
        at = tuple(int(i) for i in np.argwhere(bad)[0])
        place = f"index {at[0]}" if x.ndim == 1 else f"cell {at[0]}, period {at[1]}"
        return _Obstacle(
            "invalid",
            f"Invalid values for the exact p: {int(bad.sum())} of {x.size} values are not counts "
            f"(integers >= 0); first at {place}: {x[at]:g}. Use "
            'p_method="permutation" or "analytic".',
        )
    if not null.rows.uniform:
        return _Obstacle(
            "invalid",
            "Invalid weights for the exact p: the weights differ within a row; it needs binary "
            '(or row-standardised binary) weights. Use p_method="permutation" or "analytic".',
        )
    mean = float(x.mean())
    dispersion = float(x.var()) / mean if mean > 0.0 else 0.0
    if dispersion > test.max_dispersion:
        return _Obstacle(
            "overdispersed",
            f"Overdispersed values: their variance is {dispersion:.4g} times their mean (limit "
            f"max_dispersion={test.max_dispersion:g}), as sums of fatalities are. The exact p is "
            "for counts of events: score the number of events, or simulate with "
            "permutations=9999. If these are counts of events, say so with "
            "max_dispersion=float('inf').",
        )
    cost = null.cost() if test.p_method == "auto" else 0.0
    if cost > _AFFORDABLE:
        return _Obstacle(
            "costly",
            f"Costly exact p: about {cost:.2g} additions for {x.size} values; request it with "
            'p_method="exact", or simulate with permutations=9999.',
        )
    return None


@dataclass(frozen=True, eq=False)
class Conditional:
    """A unit keeps its value; its neighbours receive values of the others, shape (n,)."""

    x: FloatArray
    csr: Csr
    rows: RowSums

    @property
    def largest(self) -> float:
        """Largest value for which sums of counts are exact."""
        return float(2.0**53 / max(1, int(self.rows.count.max())))

    def cost(self) -> float:
        """Number of additions for the exact tails."""
        from geo_risk.hotspots import _exact as kernel

        if not self.csr.data.size:
            return 0.0
        values, _, copies = _grouped(self.x.astype(np.int64))
        return kernel.work(values, copies, int(self.rows.count.max()), int(self._sums().max()))

    def _sums(self) -> IntArray:
        from scipy import sparse

        csr = self.csr
        if not self.rows.binary:
            ones = np.ones(csr.data.size)
            csr = sparse.csr_array((ones, csr.indices, csr.indptr), shape=csr.shape)
        return np.asarray(csr @ self.x).astype(np.int64)

    def exact(self, mid_p: bool) -> tuple[FloatArray, FloatArray]:
        """P of a sum at most, and at least, the observed one."""
        x, rows = self.x, self.rows
        defined = deal_is_defined(x, rows)
        if not defined.any():
            return _filled(defined), _filled(defined)
        values, position, copies = _grouped(x.astype(np.int64))
        k = rows.count[defined]
        span = int(k.max()) + 1
        key, unit_group, _ = _grouped(position[defined] * span + k)
        groups = (key // span, key % span, unit_group)
        return _exact(values, copies, groups, self._sums()[defined], mid_p, defined)

    def simulated(self, test: Test) -> tuple[FloatArray, FloatArray]:
        """The same from random permutations."""
        defined = deal_is_defined(self.x, self.rows)
        counts = np.zeros((2, self.x.size), dtype=np.int64)
        graph = (self.x, self.csr, self.rows)
        if defined.any() and test.deal == "fresh":
            _deals.fresh(*graph, test, *counts)
        elif defined.any():
            _deals.shared(*graph, defined, test, *counts)
        low, high = (simulated_p(count[defined], test.permutations) for count in counts)
        return _filled(defined, low), _filled(defined, high)


@dataclass(frozen=True, eq=False)
class Total:
    """All values of a window, including a bin's own, are permuted over the bins of a cube (n, T).

    A map, shape (n,), is a cube of one period.
    """

    x: FloatArray
    z: FloatArray
    near: Neighbourhoods

    largest = 2.0**31
    """Largest value for which sums of counts are taken."""

    @property
    def rows(self) -> RowSums:
        """Row sums of the weights."""
        return self.near.rows

    @property
    def _cube(self) -> FloatArray:
        return self.x if self.x.ndim == 2 else self.x[:, None]

    def cost(self) -> float:
        """Number of additions for the exact tails."""
        from geo_risk.hotspots import _exact as kernel

        cube = self._cube
        values, copies = np.unique(cube.astype(np.int64), return_counts=True)
        periods = int(self.near.covered(cube.shape[1]).max())
        most = periods * (int(self.rows.count.max(initial=0)) + 1)
        return kernel.work(values, copies.astype(np.int64), most, int(self.near.sums(cube).max()))

    def exact(self, mid_p: bool) -> tuple[FloatArray, FloatArray]:
        """P of a sum at most, and at least, the observed one; NaN where z is NaN."""
        return self._by_window(lambda block, scored: self._exact_window(block, scored, mid_p))

    def simulated(self, test: Test) -> tuple[FloatArray, FloatArray]:
        """The same by shuffling all values."""
        rng = np.random.default_rng(stream_key(test.seed))

        def shuffled(block: FloatArray, scored: slice) -> list[FloatArray]:
            counts = _deals.shuffled(block, self.near, scored, test.permutations, rng)
            return [simulated_p(count, test.permutations) for count in counts]

        return self._by_window(shuffled)

    def _by_window(
        self, tails: Callable[[FloatArray, slice], Sequence[FloatArray]]
    ) -> tuple[FloatArray, FloatArray]:
        cube, undefined = self._cube, np.isnan(self.z)
        both = np.full((2, *cube.shape), np.nan)
        for compared, scored in self.near.blocks(cube.shape[1]):
            for whole, part in zip(both, tails(cube[:, compared], scored)):
                whole[:, compared][:, scored] = part
        low, high = both.reshape(2, *self.x.shape)
        low[undefined] = high[undefined] = np.nan
        return low, high

    def _exact_window(
        self, block: FloatArray, scored: slice, mid_p: bool
    ) -> tuple[FloatArray, FloatArray]:
        size = self.near.covered(block.shape[1])[scored] * (self.rows.count[:, None] + 1)
        dealt = size < block.size
        if not dealt.any():
            return _filled(dealt), _filled(dealt)
        values, copies = np.unique(block.astype(np.int64), return_counts=True)
        # The kernel leaves out one copy of a unit's own value: add one copy.
        copies = copies.astype(np.int64)
        copies[0] += 1
        numbers, group = np.unique(size[dealt], return_inverse=True)
        own = np.zeros(numbers.size, dtype=np.int64)
        groups = (own, numbers.astype(np.int64), group.reshape(-1).astype(np.int64))
        sums = self.near.sums(block)[:, scored].astype(np.int64)[dealt]
        return _exact(values, copies, groups, sums, mid_p, dealt)


def _grouped(numbers: IntArray) -> tuple[IntArray, IntArray, IntArray]:
    """Distinct numbers (>= 0) in order, the position of each number among them, their counts."""
    if int(numbers.max()) > 4 * numbers.size + 1000:
        distinct, position, copies = np.unique(numbers, return_inverse=True, return_counts=True)
        return distinct, position.astype(np.int64), copies.astype(np.int64)
    copies = np.bincount(numbers)  # without sorting
    present = copies > 0
    return np.flatnonzero(present), (np.cumsum(present) - 1)[numbers], copies[present]


def _filled(where: BoolArray, values: FloatArray | float = np.nan) -> FloatArray:
    """Values where they are defined, NaN elsewhere."""
    out = np.full(where.shape, np.nan)
    out[where] = values
    return out


def _exact(
    values: IntArray,
    copies: IntArray,
    groups: tuple[IntArray, IntArray, IntArray],
    sums: IntArray,
    mid_p: bool,
    defined: BoolArray,
) -> tuple[FloatArray, FloatArray]:
    """Exact tails of the defined units; values, copies, groups and sums as for the kernel."""
    from geo_risk.hotspots import _exact as kernel

    below, above, equal = kernel.exact_tails(values, copies, *groups, sums)
    if mid_p:
        below, above = below - 0.5 * equal, above - 0.5 * equal
    # The observed arrangement is one of the permutations, so no tail is 0, however small.
    low, high = np.clip(below, _SMALLEST, 1.0), np.clip(above, _SMALLEST, 1.0)
    return _filled(defined, low), _filled(defined, high)
