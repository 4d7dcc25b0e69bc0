"""Type aliases that signatures use."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "BandArray",
    "BinArray",
    "BoolArray",
    "ByteArray",
    "CellArray",
    "DayArray",
    "FloatArray",
    "Int32Array",
    "IntArray",
    "ObjectArray",
    "Seed",
]

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
Int32Array = NDArray[np.int32]
BoolArray = NDArray[np.bool_]
ObjectArray = NDArray[np.object_]
ByteArray = NDArray[np.uint8]
BinArray = NDArray[np.int8]
"""Bins of the emerging hotspots: states of a cell in a time step."""
BandArray = NDArray[np.int16]
CellArray = NDArray[np.uint64]
"""H3 cells."""
DayArray = NDArray[np.datetime64]
Seed = int | np.random.Generator | None
"""A seed, a generator, or None for numbers that cannot be reproduced."""
