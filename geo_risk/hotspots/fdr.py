"""False discovery rate: p-values adjusted for testing many units at once."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from geo_risk._core.validate import as_float, check_choice

__all__ = ["adjust_fdr"]


def adjust_fdr(p_values: ArrayLike, *, method: str = "bh") -> NDArray[np.float64]:
    """Adjust p-values so that `q <= alpha` bounds the expected share of false discoveries.

    Guaranteed for independent or positively dependent tests with ``"bh"``, under any dependence
    with ``"by"``. Not guaranteed: that any single rejection is true. Missing p-values (isolated
    or undefined units) are not tests: they stay missing and do not count in m.

    Parameters
    ----------
    p_values : array_like of any shape
        Within [0, 1]; NaN is missing.
    method : {"bh", "by"}
        Benjamini and Hochberg (1995), or Benjamini and Yekutieli (2001).

    Returns
    -------
    ndarray of float64, the shape of `p_values`
        Adjusted p-values (q), at least `p_values`, at most 1; NaN where the p-value is NaN.

    Raises
    ------
    ValueError
        A p-value outside [0, 1], or an unknown method.

    Notes
    -----
    With the m finite p-values in increasing order, ``q_(i) = min_{j >= i} min(1, m p_(j) / j)``,
    for "by" times ``1 + 1/2 + ... + 1/m``; reject where ``q <= alpha``. Simulated p-values cannot
    fall below 1 / (R + 1): a single unit among m can be found only with R >= m / alpha draws.
    Cost: one sort.

    References
    ----------
    Benjamini, Y., Hochberg, Y. (1995), J. R. Stat. Soc. B 57, 289-300.
    Benjamini, Y., Yekutieli, D. (2001), Ann. Stat. 29, 1165-1188.

    Examples
    --------
    >>> adjust_fdr([0.01, 0.04, 0.03, float("nan")])
    array([0.03, 0.04, 0.04,  nan])
    """
    check_choice(method, "method", ("bh", "by"))
    p = as_float(p_values, "p_values")
    bad = (p < 0.0) | (p > 1.0)
    if bad.any():
        first = int(np.argmax(bad))
        raise ValueError(
            f"Invalid p_values: {int(bad.sum())} of {p.size} values outside [0, 1]; first at "
            f"index {first}: {p.reshape(-1)[first]:g}."
        )
    q = np.full(p.shape, np.nan)
    finite = ~np.isnan(p)
    tested = p[finite]
    m = tested.size
    if m == 0:
        return q
    order = np.argsort(tested)
    # m / rank >= 1 is computed first, so that rounding never makes q less than p.
    factor = m / np.arange(1.0, m + 1.0)
    if method == "by":
        factor *= np.sum(1.0 / np.arange(1.0, m + 1.0))
    stepped = np.minimum.accumulate((tested[order] * factor)[::-1])[::-1]
    adjusted = np.empty(m)
    adjusted[order] = np.minimum(stepped, 1.0)
    q[finite] = adjusted
    return q
