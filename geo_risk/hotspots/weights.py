"""Check spatial weights and values, and convert them to one form.

Every statistic of this package works on a `scipy.sparse.csr_array` of float64, shape (n, n),
indices sorted, no duplicates, no explicit zeros, nothing on the diagonal. The caller's object
is never changed.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from geo_risk._core.types import FloatArray, IntArray
from geo_risk._core.validate import as_float

__all__ = ["RowSums", "as_values", "as_weights", "row_sums"]

# scipy's stubs have no single name for "a csr_array of float64" in all supported versions.
Csr = Any


def as_values(values: ArrayLike, name: str = "values") -> FloatArray:
    """Check that there is one finite number per unit.

    A missing value raises an error with its position and is never left out silently, because a
    unit that is left out must also be left out of the weights.

    Parameters
    ----------
    values : array_like, shape (n,)
        Real numbers.
    name : str
        Name of the values in messages.

    Returns
    -------
    ndarray of float64, shape (n,)

    Raises
    ------
    TypeError
        Values that are not real numbers.
    ValueError
        More than one dimension, or a value that is NaN or infinite.

    Examples
    --------
    >>> as_values([1, 2, 3])
    array([1., 2., 3.])
    """
    array = as_float(values, name)
    if array.ndim != 1:
        raise ValueError(f"Invalid {name}: shape {array.shape}; one value per unit, shape (n,).")
    bad = ~np.isfinite(array)
    if bad.any():
        first = int(np.argmax(bad))
        raise ValueError(
            f"Invalid {name}: {int(bad.sum())} of {array.size} are missing or infinite; first at "
            f"index {first}: {array[first]:g}. Fill them, or leave those units out of the values "
            "and of the weights."
        )
    return np.ascontiguousarray(array)


def as_weights(weights: Any, n: int) -> Csr:
    """Convert and check spatial weights; the rows keep the order of the units.

    Parameters
    ----------
    weights : scipy.sparse array or matrix of any format, libpysal Graph or W
        Row i holds the weights of the neighbours of unit i. A Graph or W is read in the order
        of its own ids (`Graph.unique_ids`, `W.id_order`): values must be in that order.
    n : int
        Number of units.

    Returns
    -------
    scipy.sparse.csr_array of float64, shape (n, n)
        Canonical; explicit zeros dropped (a Graph marks its isolates with one), duplicates
        summed as in scipy. May share memory with the caller's matrix: do not write to it.

    Raises
    ------
    TypeError
        Not one of the accepted types.
    ValueError
        Not square, not `n` units, NaN, infinite or negative weights, self weights.

    Examples
    --------
    >>> from scipy.sparse import coo_array
    >>> as_weights(coo_array(([1, 1], ([0, 1], [1, 0]))), 2).toarray()
    array([[0., 1.],
           [1., 0.]])
    """
    from scipy import sparse

    matrix: Any = weights
    if not _is_sparse(matrix):
        matrix = getattr(weights, "sparse", None)
    if not _is_sparse(matrix):
        raise TypeError(
            f"Invalid weights: {type(weights).__name__}; must be a scipy.sparse matrix (n, n), "
            "or a libpysal Graph or W. Convert a dense array with "
            "scipy.sparse.csr_array(array)."
        )
    if matrix.ndim != 2 or matrix.shape[0] != matrix.shape[1]:
        raise ValueError(f"Invalid weights: shape {matrix.shape} is not square.")
    if matrix.shape[0] != n:
        raise ValueError(f"Invalid weights: {matrix.shape[0]} units for {n} values.")
    if matrix.dtype.kind in "cOmMSUV":
        raise TypeError(f"Invalid weights: dtype {matrix.dtype} is not a real number.")
    return _canonical(matrix, sparse)


def _is_sparse(thing: Any) -> bool:
    from scipy import sparse

    return bool(sparse.issparse(thing))


def _canonical(matrix: Any, sparse: Any) -> Csr:
    csr = matrix if matrix.format == "csr" else matrix.tocsr()
    if not isinstance(csr, sparse.csr_array):
        # This and astype share the caller's arrays: copy before any change.
        csr = sparse.csr_array((csr.data, csr.indices, csr.indptr), shape=csr.shape)
    if csr.indices.size and not 0 <= csr.indices.min() <= csr.indices.max() < csr.shape[1]:
        raise ValueError(
            f"Invalid weights: column indices outside [0, {csr.shape[1] - 1}]: "
            f"{csr.indices.min()} to {csr.indices.max()}."
        )
    if csr.dtype != np.float64:
        csr = csr.astype(np.float64)
    lowest = _lowest(csr)
    if not csr.has_canonical_format:
        csr = csr.copy()
        csr.sum_duplicates()
    if lowest == 0.0:
        csr = csr.copy()
        csr.eliminate_zeros()
    diagonal = csr.diagonal()
    if diagonal.any():
        count, first = int(np.count_nonzero(diagonal)), int(np.argmax(diagonal != 0))
        raise ValueError(
            f"Invalid weights: {count} self weights on the diagonal; first at index {first}: "
            f"{diagonal[first]:g}. Weights must not contain self weights; star=True adds them."
        )
    return csr


def _lowest(csr: Csr) -> float:
    """Smallest weight, after a check of all; 1 if there are no weights."""
    data = csr.data
    if data.size == 0:
        return 1.0
    lowest, highest = float(data.min()), float(data.max())
    if lowest >= 0.0 and highest < np.inf:  # false for NaN
        if highest > 0.0 and not 1e-100 < highest < 1e100:
            raise ValueError(
                f"Invalid weights: the largest is {highest:g}; sums of squares need it between "
                "1e-100 and 1e100. Divide the weights by it: z does not depend on their scale."
            )
        return lowest
    bad = ~((data >= 0.0) & (data < np.inf))
    first = int(np.argmax(bad))
    row = int(np.searchsorted(csr.indptr, first, side="right")) - 1
    raise ValueError(
        f"Invalid weights: {int(bad.sum())} of {data.size} are negative, NaN or infinite; first "
        f"at row {row}, column {csr.indices[first]}: {data[first]:g}."
    )


@dataclass(frozen=True, eq=False)
class RowSums:
    """Sums over each row of the weights, for the moments (shape (n,) each).

    Attributes
    ----------
    count : ndarray of int64
        Neighbours with a weight above 0.
    total, squares, largest : ndarray of float64
        Sum of the weights, sum of their squares, largest weight (0 for an island).
    uniform : bool
        Whether each row has equal weights for all its neighbours (binary, or binary then
        row-standardised): then a weighted sum is a multiple of a plain sum.
    standardised : bool
        Whether each row with a neighbour sums to 1 (and the weights are not all 1).
    binary : bool
        Whether all weights are 1.
    """

    count: IntArray
    total: FloatArray
    squares: FloatArray
    largest: FloatArray
    uniform: bool
    standardised: bool
    binary: bool


def row_sums(csr: Csr) -> RowSums:
    """Sums over the rows of canonical weights (see `as_weights`)."""
    count = np.diff(csr.indptr).astype(np.int64)
    data: FloatArray = csr.data
    if data.size == 0 or (data.min() == 1.0 and data.max() == 1.0):
        total = count.astype(np.float64)
        return RowSums(count, total, total, np.minimum(total, 1.0), True, False, True)
    occupied = count > 0
    starts = csr.indptr[:-1][occupied]
    total, squares, largest, smallest = (np.zeros(count.size) for _ in range(4))
    total[occupied] = np.add.reduceat(data, starts)
    squares[occupied] = np.add.reduceat(data * data, starts)
    largest[occupied] = np.maximum.reduceat(data, starts)
    smallest[occupied] = np.minimum.reduceat(data, starts)
    # Row-standardisation by sums may make equal weights 1/k of a row differ by one ulp.
    uniform = bool(np.all(largest - smallest <= 1e-12 * largest))
    standardised = bool(np.all(np.abs(total[occupied] - 1.0) <= 1e-9))
    return RowSums(count, total, squares, largest, uniform, standardised, False)
