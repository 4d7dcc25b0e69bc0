"""The polygons of a layer, with index, edges and neighbours that are derived when needed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from geo_risk._core.cache import load_arrays, store_arrays
from geo_risk._core.types import FloatArray, Int32Array, IntArray, ObjectArray
from geo_risk.regions.coverage import Coverage, to_geometries
from geo_risk.regions.locator import Locator
from geo_risk.regions.subset import join_rows, regroup_topology, take_rows
from geo_risk.regions.topology import TOPOLOGY_ARRAYS, Topology, build_topology

__all__ = ["Geometry", "Joined", "check_rows"]


_FORMAT = 1  # raise it whenever the arrays of Topology or their meaning change
_LARGE = 100_000  # edges from which finding them takes much longer than reading them


def _distinct(pairs: NDArray[np.integer[Any]]) -> Int32Array:
    """Distinct pairs of rows in order, by one number each: far faster than rows of an array."""
    key = np.unique(pairs[:, 0].astype(np.int64) << 32 | pairs[:, 1])
    return np.column_stack([key >> 32, key & 0xFFFFFFFF]).astype(np.int32)


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
        """Every distinct edge with the two rows that share it; kept in the cache if it is large."""
        source = self.source
        if isinstance(source, Joined):  # the edges of the parts, without edges inside one row
            return regroup_topology(source.parts.topology, source.new_row)
        name = f"edges-{_FORMAT}-{self.fingerprint}"
        kept = load_arrays(name, TOPOLOGY_ARRAYS) if self.fingerprint else None
        if kept is not None:
            return Topology(**kept)
        topology = build_topology(self.coverage)
        if self.fingerprint and len(topology) > _LARGE:
            store_arrays(name, vars(topology))
        return topology

    @cached_property
    def locator(self) -> Locator:
        """The point-in-region index; joined rows use the index of their parts."""
        source = self.source
        if isinstance(source, Joined):
            return source.parts.locator.joined(source.new_row)
        return Locator.of(lambda: self.coverage, self.n_regions, self.fingerprint)

    @cached_property
    def adjacent_rows(self) -> Int32Array:
        """Distinct pairs (i, j), i < j, of rows that share an edge; shape (p, 2)."""
        source = self.source
        if isinstance(source, Joined):
            pairs = np.sort(source.new_row[source.parts.adjacent_rows], axis=1)
            return _distinct(pairs[pairs[:, 0] != pairs[:, 1]])
        topology = self.topology
        shared = topology.right >= 0
        pairs = np.column_stack([topology.left[shared], topology.right[shared]])
        return _distinct(np.concatenate([pairs, topology.seam_pairs]))

    @cached_property
    def adjacent_lengths_m(self) -> FloatArray:
        """Length of the border of each pair of `adjacent_rows`, as drawn, metres; shape (p,)."""
        from geo_risk.regions.adjacency import pair_lengths_m

        return pair_lengths_m(self.topology, self.coverage, self.adjacent_rows)

    def polygons(self, rows: IntArray) -> ObjectArray:
        """Polygons of some rows, each once, without making those of all others."""
        return to_geometries(take_rows(self.coverage, rows))

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
