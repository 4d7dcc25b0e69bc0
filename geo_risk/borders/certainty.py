"""Certainty of the country of a point near a border."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from geo_risk._core.validate import check_scalar

__all__ = ["LAYER_ERROR_SCALE_M", "country_certainty"]

LAYER_ERROR_SCALE_M = 850.0
"""Scale of the Laplace error of the world layer's country borders, metres.

Fitted on GeoNames places and their own country codes, leaving out one pair of countries at a
time (benchmarks/country_certainty.py, benchmarks/results/country_certainty.json).
"""

_R95_IN_SIGMAS = 2.447746830680816  # sqrt(-2 ln 0.05): 95 % radius of a circular normal law


def country_certainty(
    border_m: ArrayLike,
    uncertainty_km: ArrayLike = 0.0,
    *,
    scale_m: float = LAYER_ERROR_SCALE_M,
) -> NDArray[np.float64]:
    """Probability that a point's country is right, from its distance to the nearest border.

    Two errors can put a point on the wrong side: the layer's border, whose distance from the true
    border has a Laplace distribution, and the point itself, which may be uncertain. Not covered:
    wrong coordinates, gazetteer errors, territorial disputes (see `claimed_by`), and borders
    between regions of one country, whose error differs too much between countries for one scale
    (340 m in the Netherlands, 2,270 m in Türkiye; benchmarks/region_certainty.py).

    Parameters
    ----------
    border_m : array_like of float
        Distance to the nearest land border of the point's country, metres, >= 0; NaN if it has
        none.
    uncertainty_km : array_like of float, default 0
        Radius that contains the event with a probability of 95 %, kilometres; NaN counts as 0,
        that is, the error of the point is not known.
    scale_m : float, default `LAYER_ERROR_SCALE_M`
        Scale of the layer's error, metres; the default is that of the bundled world layer.

    Returns
    -------
    ndarray of float64
        Between 0.5 and 1 in the broadcast shape; NaN where `border_m` is NaN.

    Raises
    ------
    ValueError
        Negative distances or radii, a scale that is not positive.

    Notes
    -----
    With L ~ Laplace(0, b) across the border and N ~ Normal(0, σ), σ = r95 / 2.448, the point is on
    the wrong side if L + N > d. With u = σ / b,

    P = Φ(-d/σ) + ½ exp(u²/2) [exp(-d/b) Φ(d/σ - u) - exp(d/b) Φ(-d/σ - u)],

    and ½ exp(-d/b) for σ = 0. The border is assumed to be straight over the relevant distances.

    Examples
    --------
    >>> country_certainty([0.0, 500.0, 3000.0]).round(3).tolist()
    [0.5, 0.722, 0.985]
    >>> country_certainty(3000.0, 5.0).round(3).item()
    0.9
    """
    scale_m = check_scalar(scale_m, "scale_m", low=0.0, open_low=True)
    metres, radius = np.broadcast_arrays(
        np.asarray(border_m, dtype=float), np.asarray(uncertainty_km, dtype=float)
    )
    for name, values in (("border_m", metres), ("uncertainty_km", radius)):
        if (values < 0).any():
            first = int(np.argmax(values < 0))
            raise ValueError(
                f"Invalid {name}: {int((values < 0).sum())} of {values.size} are negative; first "
                f"at index {first}: {values.flat[first]:g}."
            )
    distance = metres / scale_m
    spread = np.nan_to_num(radius) * 1000.0 / _R95_IN_SIGMAS / scale_m
    return 1.0 - _wrong_side(distance, spread)


def _wrong_side(d: NDArray[np.float64], u: NDArray[np.float64]) -> NDArray[np.float64]:
    """P(L + N > d) for a Laplace distribution of scale 1 and a normal one with deviation u."""
    chance = np.asarray(0.5 * np.exp(-d))
    # below this the normal part is smaller than the precision of a double
    wide = (u > 1e-6) & ~np.isnan(d)
    if not wide.any():
        return chance
    from scipy.special import log_ndtr, ndtr

    d, s = d[wide], u[wide]
    z = d / s
    # in logarithms: exp(u²/2) overflows where its factor Φ underflows
    near = np.exp(0.5 * s**2 - d + log_ndtr(z - s))
    far = np.exp(0.5 * s**2 + d + log_ndtr(-z - s))
    chance[wide] = np.clip(ndtr(-z) + 0.5 * (near - far), 0.0, 0.5)
    return chance
