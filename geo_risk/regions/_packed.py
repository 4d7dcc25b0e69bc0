"""The index of the bundled layer as it is in the package, small enough to be shipped.

Unpacking takes a fraction of a second; building takes several, and kernels that must be compiled
first. What follows from the polygons is left out: coordinates are positions of edges, the records
of border sub-cells are in the order of the sub-cells, and offsets are sums of counts.
"""

from __future__ import annotations

import io
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from geo_risk._core.products import product_bytes, registry
from geo_risk.regions._grid import BORDER, cells
from geo_risk.regions._locate import GridIndex
from geo_risk.regions.coverage import Coverage, Edges, ring_edges
from geo_risk.regions.topology import edge_keys

__all__ = ["FORMAT", "PRODUCT", "pack", "shipped_index", "unpack"]

FORMAT = 8  # of GridIndex: raise it whenever its arrays or their meaning change
PRODUCT = "world_admin1_grid.npz"


def shipped_index(fingerprint: str | None, coverage: Coverage) -> GridIndex | None:
    """The shipped index of the polygons with that fingerprint, in today's format; else None.

    Raises
    ------
    DataNotFoundError, DataCorruptError
        The file is missing or damaged.
    """
    entry = registry().get(PRODUCT)
    if entry is None or (entry["of_sha256"], entry["format"]) != (fingerprint, FORMAT):
        return None
    with np.load(io.BytesIO(product_bytes(PRODUCT)), allow_pickle=False) as archive:
        return unpack(archive, coverage)


def pack(index: GridIndex, coverage: Coverage) -> dict[str, NDArray[Any]]:
    """Arrays from which `unpack` restores the index of these polygons."""
    if len(index.nest):
        raise ValueError("Invalid index: nested grids cannot be packed.")
    border = index.state <= BORDER
    number = BORDER - index.state[border]
    n_edges, n_held = np.diff(index.record, axis=0).T
    arrays = {
        "split": index.cell[:, 1].astype(np.uint8),
        "state": np.where(border, BORDER, index.state).astype(np.int16),
        "front": number[: int(border[: len(index.cell)].sum())].astype(np.int32),
        "n_edges": n_edges.astype(np.uint8),
        "n_held": n_held.astype(np.uint8),
        "side": index.side,
        "ends": index.ends.astype(np.int16),
        "position": np.diff(_positions(index.edge, ring_edges(coverage)), prepend=0),
        "owner": index.owner.astype(np.int16),
        "held": index.held.astype(np.int16),
    }
    restored = unpack(arrays, coverage)
    for name, array in index._asdict().items():
        other = getattr(restored, name)
        if array.dtype != other.dtype or not np.array_equal(array, other):
            raise ValueError(f"Invalid index: {name} cannot be packed.")
    return arrays


def unpack(arrays: Mapping[str, NDArray[Any]], coverage: Coverage) -> GridIndex:
    """The index that was packed."""
    state = arrays["state"].astype(np.int32)
    border, front = np.flatnonzero(state == BORDER), arrays["front"]
    rest = np.ones(len(border), dtype=np.bool_)
    rest[front] = False
    state[border] = BORDER - np.concatenate([front, np.flatnonzero(rest)])
    record = np.zeros((len(border) + 1, 2), dtype=np.int32)
    for column, counts in enumerate(("n_edges", "n_held")):
        np.cumsum(arrays[counts], out=record[1:, column])
    edges = ring_edges(coverage)
    position = np.cumsum(arrays["position"])
    return GridIndex(
        cells(arrays["split"].astype(np.int64)),
        state,
        record,
        arrays["side"],
        arrays["ends"].astype(np.int32),
        np.column_stack([end[position] for end in (edges.ax, edges.ay, edges.bx, edges.by)]),
        arrays["owner"].astype(np.int32),
        arrays["held"].astype(np.int32),
        np.empty((0, 5)),
    )


def _positions(edge: NDArray[np.float64], edges: Edges) -> NDArray[np.int32]:
    """Position of each listed edge among the edges of the rings."""
    ends = zip((edges.ax, edges.ay, edges.bx, edges.by), edge.T)
    ax, ay, bx, by = (np.concatenate(pair) for pair in ends)
    key = edge_keys(Edges(ax, ay, bx, by, np.empty(0, dtype=np.int32)))
    known, first = np.unique(key[: len(edges.ax)], return_index=True)
    found: NDArray[np.int32] = first[np.searchsorted(known, key[len(edges.ax) :])].astype(np.int32)
    return found
