"""Boxes that cover a region closely, for drawing points in it by area with few rejections."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from geo_risk._core.types import FloatArray, IntArray

if TYPE_CHECKING:
    from geo_risk.regions import RegionLayer

__all__ = ["cover"]


_ACROSS = 16  # boxes along the side of a square of the region's area
_MOST_BOXES = 1_000_000


def cover(layer: RegionLayer, row: int) -> FloatArray:
    """Disjoint boxes (west, south, east, north) that cover a region, shape (m, 4); degrees.

    The boxes of a regular grid that an edge of the region may cross, and those whose centre is
    in it: the others lie outside. Islands and both sides of ±180 have their own boxes, and little
    of a box is outside the region.
    """
    part = np.searchsorted(layer.coverage.part_region, [row, row + 1])
    ring = np.searchsorted(layer.coverage.ring_part, part)
    offsets = layer.coverage.ring_offsets[ring[0] : ring[1] + 1]
    if len(offsets) < 2:
        return np.zeros((0, 4))
    coords = layer.coverage.coords[offsets[0] : offsets[-1]]
    starts = offsets[:-1] - offsets[0]
    edge = np.stack([coords[:-1], coords[1:]], axis=1)
    edge = np.delete(edge, starts[1:] - 1, axis=0)
    low, high = edge.min(axis=1), edge.max(axis=1)
    part_low, part_high = np.minimum.reduceat(coords, starts), np.maximum.reduceat(coords, starts)
    cross = coords[:-1, 0] * coords[1:, 1] - coords[1:, 0] * coords[:-1, 1]
    cross[starts[1:] - 1] = 0.0
    area = np.abs(np.add.reduceat(cross, starts)).max() / 2.0  # of the largest ring
    side = max(float(np.sqrt(area)) / _ACROSS, 1e-6)
    while True:
        spans = _spans(low, high, side)
        filled = _spans(part_low, part_high, side)
        if max(_size(*spans), _size(*filled)) <= _MOST_BOXES:
            break
        side *= 2.0
    border, inner = _boxes(*spans), _boxes(*filled)
    inner = np.setdiff1d(inner, border, assume_unique=True)
    x, y = ((inner // _ROWS + 0.5) * side - 180.0, (inner % _ROWS + 0.5) * side - 90.0)
    there = (np.abs(x) <= 180.0) & (np.abs(y) <= 90.0)
    x, y, inner = x[there], y[there], inner[there]
    inner = inner[layer.locate(lon=x, lat=y) == row]
    key = np.sort(np.concatenate([border, inner]))
    i, j = key // _ROWS, key % _ROWS
    box = np.column_stack([i, j, i + 1, j + 1]) * side - [180.0, 90.0, 180.0, 90.0]
    return np.clip(box, [-180.0, -90.0] * 2, [180.0, 90.0] * 2)


_ROWS = np.int64(2**31)  # the number of a box is i * _ROWS + j


def _spans(low: FloatArray, high: FloatArray, side: float) -> tuple[IntArray, IntArray]:
    """First and last column and row of the grid boxes of each extent."""
    origin = np.array([180.0, 90.0])
    return (
        np.floor((low + origin) / side).astype(np.int64),
        np.floor((high + origin) / side).astype(np.int64),
    )


def _size(first: IntArray, last: IntArray) -> int:
    return int((last - first + 1).prod(axis=1).sum())


def _boxes(first: IntArray, last: IntArray) -> IntArray:
    """Numbers of all boxes in the spans, each once."""
    wide, tall = (last - first + 1).T
    size = wide * tall
    owner = np.repeat(np.arange(len(first)), size)
    at = np.arange(int(size.sum())) - np.repeat(np.cumsum(size) - size, size)
    i = first[owner, 0] + at // tall[owner]
    j = first[owner, 1] + at % tall[owner]
    return np.unique(i * _ROWS + j)
