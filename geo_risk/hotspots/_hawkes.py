"""Kernels of self-exciting point processes: arrays in, numbers out.

Times are sorted. If `strict`, simultaneous events do not excite each other; otherwise an
event is excited by all events before it in the array. Events before `start` excite others but are
not part of the likelihood.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from geo_risk._core.jit import njit

__all__ = ["exponential", "exponential_intensity", "omori", "omori_intensity"]

Array = Any  # numba has no types for mypy


@njit
def exponential(
    times: Array,
    start: float,
    end: float,
    mu: float,
    alpha: float,
    beta: float,
    strict: bool,
    gradient: Array,
) -> tuple[float, float]:
    """Sum of log intensities and integral for mu + alpha sum exp(-beta (t - t_i)).

    `gradient` receives the derivatives of their difference by mu, alpha and beta.
    """
    logs, integral = 0.0, mu * (end - start)
    gradient[0], gradient[1], gradient[2] = -(end - start), 0.0, 0.0
    # At the time of the current event: sum exp(-beta d), and sum d exp(-beta d), of the past.
    past, past_d = 0.0, 0.0
    waiting = 0  # simultaneous events that do not yet count as past
    for i in range(times.size):
        if i > 0:
            step = times[i] - times[i - 1]
            if step > 0.0 or not strict:
                past += waiting
                waiting = 0
            decay = math.exp(-beta * step)
            past_d = decay * (past_d + step * past)
            past *= decay
        waiting += 1
        if times[i] >= start:
            rate = mu + alpha * past
            if rate <= 0.0:
                return -np.inf, integral
            logs += math.log(rate)
            gradient[0] += 1.0 / rate
            gradient[1] += past / rate
            gradient[2] -= alpha * past_d / rate
        since, until = max(start - times[i], 0.0), end - times[i]
        before, after = math.exp(-beta * since), math.exp(-beta * until)
        share = (before - after) / beta
        integral += alpha * share
        gradient[1] -= share
        gradient[2] -= alpha * ((until * after - since * before) / beta - share / beta)
    return logs, integral


@njit
def exponential_intensity(
    times: Array, at: Array, mu: float, alpha: float, beta: float, out: Array
) -> None:
    """Intensity just before each of the sorted moments `at`."""
    past, j, moment = 0.0, 0, 0.0
    for k in range(at.size):
        while j < times.size and times[j] < at[k]:
            past = past * math.exp(-beta * (times[j] - moment)) + 1.0 if j > 0 else 1.0
            moment = times[j]
            j += 1
        out[k] = mu + alpha * past * math.exp(-beta * (at[k] - moment)) if j > 0 else mu


@njit
def _omori_integral(x: float, p: float) -> float:
    """Integral of (1 + u)^(-p) over u from 0 to x, smooth at p = 1."""
    log = math.log1p(x)
    q = (1.0 - p) * log
    if abs(q) < 1e-8:
        return log * (1.0 + 0.5 * q)
    return math.expm1(q) / (1.0 - p)


@njit
def _omori_integral_by_p(x: float, p: float) -> float:
    """Derivative of `_omori_integral` by p."""
    log = math.log1p(x)
    q = (1.0 - p) * log
    if abs(q) < 1e-4:
        return -log * log * (0.5 + q / 3.0 + q * q / 8.0)
    return -(log * math.exp(q) - math.expm1(q) / (1.0 - p)) / (1.0 - p)


@njit
def omori(
    times: Array,
    size: Array,
    start: float,
    end: float,
    mu: float,
    a: float,
    alpha: float,
    c: float,
    p: float,
    strict: bool,
    gradient: Array,
) -> tuple[float, float]:
    """Sum of log intensities and integral for the ETAS intensity.

    lambda(t) = mu + a sum exp(alpha m_i) (1 + (t - t_i)/c)^(-p). `gradient` receives the
    derivatives of their difference by mu, a, alpha, c and p.
    """
    n = times.size
    gradient[:] = 0.0
    gradient[0] = -(end - start)
    logs, integral = 0.0, mu * (end - start)
    boost = np.exp(alpha * size)
    for i in range(n):
        if times[i] >= start:
            total, by_alpha, by_c, by_p = 0.0, 0.0, 0.0, 0.0
            for j in range(i):
                if strict and times[j] >= times[i]:
                    break
                x = (times[i] - times[j]) / c
                log = math.log1p(x)
                term = boost[j] * math.exp(-p * log)
                total += term
                by_alpha += size[j] * term
                by_c += term * p * x / (c * (1.0 + x))
                by_p -= term * log
            rate = mu + a * total
            if rate <= 0.0:
                return -np.inf, integral
            logs += math.log(rate)
            gradient[0] += 1.0 / rate
            gradient[1] += total / rate
            gradient[2] += a * by_alpha / rate
            gradient[3] += a * by_c / rate
            gradient[4] += a * by_p / rate
        since, until = max(start - times[i], 0.0) / c, (end - times[i]) / c
        share = _omori_integral(until, p) - _omori_integral(since, p)
        by_p = _omori_integral_by_p(until, p) - _omori_integral_by_p(since, p)
        edge = since * math.exp(-p * math.log1p(since)) - until * math.exp(-p * math.log1p(until))
        integral += a * boost[i] * c * share
        gradient[1] -= boost[i] * c * share
        gradient[2] -= a * size[i] * boost[i] * c * share
        gradient[3] -= a * boost[i] * (share + edge)
        gradient[4] -= a * boost[i] * c * by_p
    return logs, integral


@njit
def omori_intensity(
    times: Array,
    size: Array,
    at: Array,
    mu: float,
    a: float,
    alpha: float,
    c: float,
    p: float,
    out: Array,
) -> None:
    """Intensity just before each of the moments `at`."""
    for k in range(at.size):
        total = 0.0
        for j in range(times.size):
            if times[j] >= at[k]:
                break
            total += math.exp(alpha * size[j] - p * math.log1p((at[k] - times[j]) / c))
        out[k] = mu + a * total
