"""The polygons of a layer, with index, edges and neighbours that are derived when needed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from geo_risk._core.cache import Kinds, load_arrays, store_arrays
from geo_risk._core.types import FloatArray, Int32Array, IntArray
from geo_risk.regions.coverage import Coverage
from geo_risk.regions.locator import Locator
from geo_risk.regions.subset import join_rows, regroup_topology, take_rows
from geo_risk.regions.topology import Topology, build_topology

__all__ = ["Geometry", "Joined", "check_rows"]

_FORMAT = 1  # raise it whenever the pairs of adjacent rows change for the same polygons
_ADJACENT: Kinds = {"pairs": (np.int32, 2)}


def check_rows(geometries: int, regions: int) -> None:
    """Raise ValueError unless there are as many geometries as regions."""
    if geometries != regions:
        raise ValueError(f"Invalid region layer: {geometries} geometries for {regions} regions.")


@dataclass(frozen=True, eq=False)
class Joined:
    """Rows of another geometry that are joined into each row."""

    parts: Geometry
    new_row: IntArray


class Geometry:
    """The polygons of a layer's rows; their index, edges and neighbours are built when needed.

    Layers that differ only in their columns, such as two worldviews, share one geometry.

    Parameters
    ----------
    source : Coverage or callable or Joined
        The polygons; a function that returns them when they are first needed; or the rows of
        another geometry whose unions they are.
    n_regions : int
        Number of rows.
    fingerprint : str, optional
        Hash of the polygons; it identifies indexes in the user's cache. Without one, nothing is
        cached.
    """

    def __init__(
        self,
        source: Coverage | Callable[[], Coverage] | Joined,
        n_regions: int,
        fingerprint: str | None = None,
    ) -> None:
        self.source, self.n_regions, self.fingerprint = source, n_regions, fingerprint
        if isinstance(source, Coverage):
            _ = self.coverage  # read now, so that errors are raised here

    @cached_property
    def coverage(self) -> Coverage:
        """The polygons as flat arrays."""
        source = self.source
        if isinstance(source, Joined):
            coverage = join_rows(source.parts.coverage, source.new_row, self.n_regions)
        else:
            coverage = source if isinstance(source, Coverage) else source()
        check_rows(coverage.n_regions, self.n_regions)
        coverage._check()
        return coverage

    @cached_property
    def topology(self) -> Topology:
        """Every distinct edge with the two rows that share it."""
        source = self.source
        if isinstance(source, Joined):  # the edges of the parts, without edges inside one row
            return regroup_topology(source.parts.topology, source.new_row)
        return build_topology(self.coverage)

    @cached_property
    def locator(self) -> Locator:
        """The point-in-region index; joined rows use the index of their parts."""
        source = self.source
        if isinstance(source, Joined):
            return source.parts.locator.joined(source.new_row)
        return Locator.of(lambda: self.coverage, self.n_regions, self.fingerprint)

    @cached_property
    def adjacent_rows(self) -> Int32Array:
        """Distinct pairs (i, j), i < j, of rows that share an edge; shape (p, 2).

        From the user's cache if they are there: finding all edges takes many times as long.
        """
        name = f"adjacent-{_FORMAT}-{self.fingerprint}"
        kept = load_arrays(name, _ADJACENT) if self.fingerprint else None
        if kept is not None:
            return kept["pairs"]
        pairs = self._adjacent_rows()
        if self.fingerprint:
            store_arrays(name, {"pairs": pairs})
        return pairs

    def _adjacent_rows(self) -> Int32Array:
        topology = self.topology
        shared = topology.right >= 0
        pairs = np.column_stack([topology.left[shared], topology.right[shared]])
        return np.unique(np.concatenate([pairs, topology.seam_pairs]), axis=0)

    @cached_property
    def adjacent_lengths_m(self) -> FloatArray:
        """Length of the border of each pair of `adjacent_rows`, as drawn, metres; shape (p,)."""
        from geo_risk.regions.adjacency import pair_lengths_m

        return pair_lengths_m(self.topology, self.coverage, self.adjacent_rows)

    def take(self, rows: NDArray[np.int64], fingerprint: str | None = None) -> Geometry:
        """Only the given rows, each once, in the order given."""
        return Geometry(lambda: take_rows(self.coverage, rows), len(rows), fingerprint)

    def join(
        self, new_row: NDArray[np.int64], n_regions: int, fingerprint: str | None = None
    ) -> Geometry:
        """Join rows into `n_regions` new rows; `new_row` gives the new row of each row.

        A point lies in the new row of its row here, so both geometries agree on edges and where
        regions overlap, and no second index is built.
        """
        return Geometry(Joined(self, new_row), n_regions, fingerprint)

    def __getstate__(self) -> dict[str, Any]:
        """State for copies and pickles; everything else is derived again."""
        source = self.source if isinstance(self.source, Joined) else self.coverage
        return {
            "n_regions": self.n_regions, "fingerprint": self.fingerprint, "source": source
        }  # fmt: skip
