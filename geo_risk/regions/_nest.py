"""Finer grids in border sub-cells with many edges (parcels, a city, a line with many vertices).

The finest grid of `_grid.py` is 1/32°. A sub-cell with more edges than a query should test gets
its own grid, and so do the sub-cells of that grid, as long as it helps. All grid lines stay exact
doubles. A grid that would list its edges too often (all pass through one point, or thousands of
regions overlap) is not built, because no grid would help there.
"""

from __future__ import annotations

import heapq
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from geo_risk._core.jit import njit
from geo_risk.regions._grid import BORDER, Edges, Parts, fill_cell, list_edges_of_boxes
from geo_risk.regions._locate import NESTED, NO_SIDE, GridIndex
from geo_risk.regions._sides import boxes

__all__ = ["with_nests"]

_DENSE = 96  # edges; no sub-cell of the world layer has more than 70
_MAX_SPLIT = 32
_MAX_SCALE = 2.0**25  # grid lines per degree: 3 mm
_MOST = 24  # most listings per edge: in one grid, and in all grids per edge of the layer
_HELD = 10  # corner rows that need as much memory as an edge


class _Box(NamedTuple):
    """A border sub-cell: its record, lower left corner, lines per degree, edges, corner rows."""

    cost: float  # expected cost of a random point, negative
    record: int
    west: float
    south: float
    scale: float
    edge: NDArray[np.float64]
    owner: NDArray[np.int32]
    held: NDArray[np.int32]


def with_nests(index: GridIndex, n_edges: int, n_regions: int) -> GridIndex:
    """Add nested grids to an index that is otherwise complete.

    Boxes where a random point costs most come first; the size of the index stays proportional to
    the number of edges of the layer.
    """
    dense = np.flatnonzero(np.diff(index.record[:, 0]) > _DENSE)
    if not len(dense):
        return index
    low, size = boxes(index)
    left = _dense_boxes(index, dense, low[dense], 1.0 / size[dense])
    grown: dict[str, list[NDArray[Any]]] = {
        "state": [index.state], "record": [index.record[:-1]], "edge": [index.edge],
        "owner": [index.owner], "held": [index.held[:-1]],
    }  # fmt: skip
    total = {name: len(arrays[0]) for name, arrays in grown.items()}
    ends: dict[int, int] = {}
    nests: list[tuple[float, ...]] = []
    sets = np.empty((3, n_regions + 2), dtype=np.int32)
    heapq.heapify(left)
    room = _MOST * n_edges
    while left and room > 0:
        box = heapq.heappop(left)
        found = _nest(box, sets)
        if found is None:
            continue
        part, split, scale = found
        room -= len(part.edge) + len(part.held) // _HELD
        ends[box.record] = len(nests)
        nests.append((box.west, box.south, scale, split, total["state"]))
        for inner in _inner_boxes(part, nests[-1], total["record"]):
            heapq.heappush(left, inner)
        moved = {
            "state": np.where(part.state <= BORDER, part.state - total["record"], part.state),
            "record": part.record[:-1] + np.array([total["edge"], total["held"]]),
            "edge": part.edge, "owner": part.owner, "held": part.held,
        }  # fmt: skip
        for name, array in moved.items():
            grown[name].append(array)
            total[name] += len(array)
    return _joined(index, grown, total, ends, nests)


def _dense_boxes(
    index: GridIndex | Parts,
    records: NDArray[np.intp],
    low: NDArray[np.float64],
    scale: NDArray[np.float64],
    first: int = 0,
) -> list[_Box]:
    found = []
    for b, (west, south), lines in zip(records, low, scale):
        (e0, h0), (e1, h1) = index.record[b], index.record[b + 1]
        found.append(
            _Box(-float(e1 - e0) / lines**2, int(first + b), float(west), float(south),
                 float(lines), index.edge[e0:e1], index.owner[e0:e1], index.held[h0:h1])
        )  # fmt: skip
    return found


def _inner_boxes(part: Parts, nest: tuple[float, ...], first: int) -> list[_Box]:
    """Sub-cells of a new grid that still have many edges."""
    west, south, scale, split, _ = nest
    sub = np.flatnonzero(part.state <= BORDER)  # in the order of their records
    dense = np.flatnonzero(np.diff(part.record[:, 0]) > _DENSE)
    v, u = np.divmod(sub[dense], int(split))
    low = np.column_stack([west + u / scale, south + v / scale])
    return _dense_boxes(part, dense, low, np.full(len(dense), scale), first)


def _nest(box: _Box, sets: NDArray[np.int32]) -> tuple[Parts, int, float] | None:
    """Grid of a sub-cell, its sub-cells per side and lines per degree; None if no grid helps."""
    n = len(box.edge)
    order = np.lexsort(box.edge.T[::-1])
    ax, ay, bx, by = np.ascontiguousarray(box.edge[order].T)
    left, right = np.ascontiguousarray(box.owner[order].T)
    edges = Edges(ax, ay, bx, by, left, right)
    split = int(np.clip(2.0 ** np.ceil(0.5 * np.log2(n)), 2, _MAX_SPLIT))
    while split >= 2 and box.scale * split <= _MAX_SCALE:
        room, scale = _MOST * n + 64, box.scale * split
        parts = Parts(
            np.empty(split * split, dtype=np.int32), np.zeros((room, 2), dtype=np.int64),
            np.empty((room, 4)), np.empty((room, 2), dtype=np.int32),
            np.empty(_HELD * room, dtype=np.int32),
        )  # fmt: skip
        b, e, h = fill_nest(parts, edges, box.west, box.south, scale, split, box.held, sets)
        if 0 <= e <= split * split * n // 2:
            return Parts(parts.state, parts.record[: b + 1].copy(), parts.edge[:e].copy(),
                         parts.owner[:e].copy(), parts.held[:h].copy()), split, scale  # fmt: skip
        split //= 2
    return None


@njit
def fill_nest(
    parts: Parts,
    edges: Edges,
    west: float,
    south: float,
    scale: float,
    split: int,
    held: NDArray[np.int32],
    sets: NDArray[np.int32],
) -> tuple[int, int, int]:
    """Fill one grid; return numbers of records, edges and corner rows, or -1 if too many."""
    sizes = np.zeros(3, dtype=np.int64)
    everything = np.arange(len(edges.ax)).astype(np.int32)
    lines = int(scale)
    offset, listed = list_edges_of_boxes(edges, everything, west, south, lines, split, split)
    for h in range(len(held)):
        sets[0, h] = held[h]
    n = fill_cell(
        parts, sizes, edges, offset, listed, parts.state, west, south, lines, split, sets, len(held)
    )
    if n < 0:
        return -1, -1, -1
    return sizes[0], sizes[1], sizes[2]


def _joined(
    index: GridIndex,
    grown: dict[str, list[NDArray[Any]]],
    total: dict[str, int],
    ends: dict[int, int],
    nests: list[tuple[float, ...]],
) -> GridIndex:
    """The index with all appended arrays."""
    more = total["record"] + 1 - len(index.ends)
    which = np.concatenate([index.ends, np.full((more, 2), -1, dtype=np.int32)])
    side = np.append(index.side, np.full(more, NO_SIDE, dtype=np.int8))
    nested = np.array(list(ends), dtype=np.int64)
    which[nested, 0], which[nested, 1], side[nested] = list(ends.values()), -1, NESTED
    last = np.array([(total["edge"], total["held"])])
    return index._replace(
        state=np.concatenate(grown["state"]).astype(np.int32),
        record=np.concatenate([*grown["record"], last]).astype(np.int32),
        side=side,
        ends=which,
        edge=np.concatenate(grown["edge"]),
        owner=np.concatenate(grown["owner"]),
        held=np.append(np.concatenate(grown["held"]), np.int32(-1)),
        nest=np.array(nests, dtype=np.float64).reshape(-1, 5),
    )
