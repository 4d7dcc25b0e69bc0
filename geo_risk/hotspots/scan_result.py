"""Results of a scan: clusters, and their table."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from geo_risk._core.types import FloatArray, IntArray
from geo_risk._core.validate import check_choice
from geo_risk.hotspots._table import single_values, table_of

if TYPE_CHECKING:
    import pandas

__all__ = ["ScanCluster", "ScanResult"]


@dataclass(frozen=True, eq=False)
class ScanCluster:
    """One cluster.

    Attributes
    ----------
    members : ndarray of int64
        Rows of the input inside the circle, in any period, nearest first.
    centre : int
        Row of the input (the first one at that place) at the centre of the circle.
    radius_km : float
        Distance of the farthest member from the centre; 0 for a single location.
    period : tuple or None
        Labels of the first and the last period; None in a purely spatial scan.
    direction : str
        "high" or "low".
    observed : int
        Number of cases inside.
    expected : float
        Expected number of cases inside under the null hypothesis.
    relative_risk : float
        Rate inside / rate outside; infinite if all cases are inside, NaN for the space-time
        permutation model, which has no population at risk.
    llr : float
        Log-likelihood ratio (the test statistic, for the space-time permutation model).
    p_value : float
        Probability of a maximum LLR at least this large under the null hypothesis; NaN without
        replications.
    """

    members: IntArray
    centre: int
    radius_km: float
    period: tuple[Any, Any] | None
    direction: str
    observed: int
    expected: float
    relative_risk: float
    llr: float
    p_value: float

    def to_frame(self) -> pandas.DataFrame:
        """Table with one row, as in `ScanResult.to_frame`."""
        return _table_of((self,))


@dataclass(frozen=True, eq=False)
class ScanResult:
    """Result of `scan`.

    Attributes
    ----------
    clusters : tuple of ScanCluster
        By decreasing LLR: the most likely cluster, then the best cluster of every other centre
        that shares no location with a previous one.
    centre_llr : ndarray of float64, shape (rows,)
        Largest LLR among the windows centred on the location of each row; 0 if none has a
        rate in the direction of the scan.
    null_llr : ndarray of float64, shape (replications,)
        Largest LLR of each simulated data set.
    cases : int
        Total number of cases.
    model : str
    p_method : str
    """

    clusters: tuple[ScanCluster, ...]
    centre_llr: FloatArray
    null_llr: FloatArray
    cases: int
    model: str
    p_method: str

    @property
    def most_likely(self) -> ScanCluster | None:
        """The cluster with the largest LLR; None if no window qualifies."""
        return self.clusters[0] if self.clusters else None

    def cluster_of(self, alpha: float = 1.0) -> IntArray:
        """Position in `clusters` of each row's first cluster with p <= `alpha`; -1 if none."""
        position = np.full(self.centre_llr.size, -1, dtype=np.int64)
        for i, cluster in reversed(list(enumerate(self.clusters))):
            if alpha >= 1.0 or cluster.p_value <= alpha:
                position[cluster.members] = i
        return position

    def to_frame(self, *, by: str = "cluster") -> pandas.DataFrame:
        """Table of the clusters, or of the rows of the input.

        Parameters
        ----------
        by : {"cluster", "row"}

        Returns
        -------
        pandas.DataFrame
            Of clusters, by decreasing LLR: `centre`, `radius_km`, `period_start` and `period_end`
            (labels; None in a purely spatial scan), `direction`, `observed`, `expected`,
            `relative_risk`, `llr`, `p_value`, and `members`, an array of rows. Of rows:
            `centre_llr`, and `cluster`, as returned by `cluster_of()`. `attrs` holds `cases`,
            `model` and `p_method`.

        Raises
        ------
        ValueError
            Another `by`.
        """
        if check_choice(by, "by", ("cluster", "row")) == "row":
            return table_of(self, "centre_llr", cluster=self.cluster_of())
        table = _table_of(self.clusters)
        table.attrs.update(single_values(self))
        return table


def _table_of(clusters: tuple[ScanCluster, ...]) -> pandas.DataFrame:
    import pandas

    periods = [cluster.period or (None, None) for cluster in clusters]
    columns = {
        "centre": (np.int64, [c.centre for c in clusters]),
        "radius_km": (np.float64, [c.radius_km for c in clusters]),
        "period_start": (None, [start for start, _ in periods]),
        "period_end": (None, [end for _, end in periods]),
        "direction": (object, [c.direction for c in clusters]),
        "observed": (np.int64, [c.observed for c in clusters]),
        "expected": (np.float64, [c.expected for c in clusters]),
        "relative_risk": (np.float64, [c.relative_risk for c in clusters]),
        "llr": (np.float64, [c.llr for c in clusters]),
        "p_value": (np.float64, [c.p_value for c in clusters]),
        "members": (object, [c.members for c in clusters]),
    }
    return pandas.DataFrame(
        {name: pandas.Series(values, dtype=dtype) for name, (dtype, values) in columns.items()}
    )
