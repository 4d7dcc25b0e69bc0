"""Runs of consecutive positions."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from geo_risk._core.types import IntArray

__all__ = ["positions_in_runs"]


def positions_in_runs(first: NDArray[Any], size: NDArray[Any]) -> IntArray:
    """Positions in runs, one run after the other, from the first position and size of each.

    Examples
    --------
    >>> import numpy as np
    >>> positions_in_runs(np.array([7, 2, 0]), np.array([2, 0, 3])).tolist()
    [7, 8, 0, 1, 2]
    """
    ends = np.cumsum(size, dtype=np.int64)
    total = int(ends[-1]) if ends.size else 0
    return np.repeat(first - ends + size, size) + np.arange(total)
