"""Run a statistic and return its columns: one function per method."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from geo_risk._core.types import FloatArray
from geo_risk._core.validate import check_choice
from geo_risk.frames.score._data import Tally
from geo_risk.frames.score._options import draws_numbers
from geo_risk.frames.score._units import CellUnits, Units

__all__ = ["METHODS", "QUIET", "TIMED", "Question", "Scored", "method_of", "options_of"]


QUIET = ("not significant", "undefined", "isolated", "no pattern detected")
"""Labels without a finding."""
TIMED = ("scan", "emerging")
"""Methods that use periods."""


@dataclass(eq=False)
class Question:
    """Method and options: all that is the same in every draw."""

    method: str
    units: Units
    population: FloatArray | None
    alpha: float
    n_jobs: int
    seed: Any
    options: dict[str, Any]

    def of_counts(self, tally: Tally, *, limited: bool) -> dict[str, Any]:
        """Options of a test of counts, with a seed if it draws; `limited`: checks dispersion."""
        options = dict(self.options)
        if limited and tally.counted:  # events counted here are counts, however uneven
            options.setdefault("max_dispersion", np.inf)
        if draws_numbers(self.method, options):
            options["seed"] = self.seed
        return options


@dataclass(eq=False)
class Scored:
    """Columns by unit; labels if the method tests, else the column to average over draws."""

    columns: dict[str, Any]
    labels: NDArray[np.object_] | None = None
    measure: str | None = None
    report: dict[str, Any] = field(default_factory=dict)


def method_of(name: Any) -> Callable[[Tally, Question], Scored]:
    """Find the function of a method; for tests of all units together the error names another."""
    if name in ("knox", "hawkes", "moran", "general_g"):
        raise ValueError(
            f"Invalid method: {name!r} tests all units together, not each of them; call "
            f"geo_risk.hotspots.{'hawkes_fit' if name == 'hawkes' else name} with arrays."
        )
    return METHODS[check_choice(name, "method", tuple(METHODS))]


def options_of(method: str) -> list[str]:
    """Keywords that the statistic of a method accepts."""
    from geo_risk import hotspots

    statistic = hotspots.gi_star if method == "gi" else getattr(hotspots, method)
    return [*inspect.signature(statistic).parameters, *(["prior"] * (method == "eb_rates"))]


def _local(tally: Tally, ask: Question) -> Scored:
    from geo_risk import hotspots

    options = _of_deals(ask, tally)
    values = tally.values
    columns: dict[str, Any] = {}
    if ask.population is not None:
        values = hotspots.standardized_rates(tally.values, ask.population)
        columns["rate"] = tally.values / ask.population
    if ask.method == "local_moran":
        moran = hotspots.local_moran(values, ask.units.graph, **options)
        columns |= {"moran_i": moran.statistic, "moran_z": moran.z}
        labels = columns["quadrant"] = np.asarray(moran.quadrant, dtype=object)
        result: Any = moran
    else:
        star = ask.method == "gi_star"
        result = hotspots.gi_star(values, ask.units.graph, star=star, **options)
        columns |= {"gi_z": result.z, "gi_bin": result.gi_bin}
        labels = columns["hotspot"] = np.asarray(result.hotspot, dtype=object)
    columns |= {"p_value": result.p_value, "q_value": result.q_value}
    columns["n_neighbors"] = result.n_neighbors
    return Scored(columns, labels, report={"p_method": result.p_method})


def _of_deals(ask: Question, tally: Tally) -> dict[str, Any]:
    """Options of a local statistic; threads only if it can use them."""
    from geo_risk.hotspots.options import tries_exact

    total = ask.options.get("moments") == "total"  # local Moran's I: only the analytic p
    limited = tries_exact(ask.options) and not total and ask.population is None  # not for rates
    options = ask.of_counts(tally, limited=limited) | {"alpha": ask.alpha}
    if ask.method == "gi_star":  # is the cell itself hot? so its own count is also permuted
        options.setdefault("null", "total")
    fresh = options.get("null") != "total" and options.get("deal") != "shared"
    if fresh and draws_numbers(ask.method, options):
        options["n_jobs"] = ask.n_jobs
    return options


def _scan(tally: Tally, ask: Question) -> Scored:
    from geo_risk import hotspots

    model = ask.options.get("model", "poisson")
    options = ask.of_counts(tally, limited=model != "bernoulli") | {"model": model}
    timed = tally.cube is not None
    lon, lat = ask.units.centers
    result = hotspots.scan(
        tally.values if tally.cube is None else tally.cube,
        _exposure(tally, ask, model),
        lon=lon,
        lat=lat,
        time=tally.labels if timed else None,
        n_jobs=ask.n_jobs,
        **options,
    )
    cluster = result.cluster_of()
    found = result.clusters
    none = np.nan
    columns: dict[str, Any] = {"scan_cluster": cluster, "scan_llr": result.centre_llr}
    for name in ("relative_risk", "p_value"):
        columns[name] = np.array([*(getattr(c, name) for c in found), none], dtype=float)[cluster]
    if tally.labels is not None:
        columns |= _periods(found, cluster, tally.labels)
    sign = np.array([*("hot" if c.direction == "high" else "cold" for c in found), ""])[cluster]
    labels = np.where(columns["p_value"] <= ask.alpha, sign, "not significant").astype(object)
    columns["hotspot"] = labels
    described = [_describe(c, ask.units) for c in found[:100]]
    exposure = "given" if ask.population is not None else "area_km2"
    if model == "space_time_permutation":
        exposure = "margins"
    return Scored(
        columns, labels, report={"model": result.model, "exposure": exposure, "clusters": described}
    )


def _periods(
    found: Sequence[Any], cluster: NDArray[np.int64], labels: NDArray[Any]
) -> dict[str, Any]:
    """First and last period of each unit's cluster; NaT, or NaN if numbered, without a cluster."""
    dated = labels.dtype.kind == "M"
    kind, none = ("datetime64[us]", np.datetime64("NaT", "us")) if dated else ("float64", np.nan)
    ends = [[c.period[end] for c in found] for end in (0, 1)]
    return {
        name: np.array([*end, none], dtype=kind)[cluster]
        for name, end in zip(("cluster_from", "cluster_to"), ends)
    }


def _exposure(tally: Tally, ask: Question, model: str) -> FloatArray | None:
    """Exposure for the model: population, by default true areas, times days of periods."""
    people = ask.population
    if model in ("space_time_permutation", "bernoulli"):
        return people
    if people is None:
        people = ask.units.area_km2
    if tally.days is None:
        return people
    return (people if people.ndim == 2 else people[:, None]) * tally.days


def _describe(cluster: Any, units: Units) -> dict[str, Any]:
    """Description of a cluster that can be written as JSON."""
    period = None if cluster.period is None else [str(end) for end in cluster.period]
    return {
        "centre": str(units.codes[cluster.centre]),
        "radius_km": round(float(cluster.radius_km), 3),
        "units": int(cluster.members.size),
        "period": period,
        "direction": cluster.direction,
        "observed": int(cluster.observed),
        "expected": float(cluster.expected),
        "llr": float(cluster.llr),
        "p_value": float(cluster.p_value),
    }


def _kde(tally: Tally, ask: Question) -> Scored:
    from geo_risk import hotspots

    if not isinstance(ask.units, CellUnits):
        raise ValueError(
            "Invalid method: 'kde' of regions; a density varies within them. Score events or cells."
        )
    _no_population(ask)
    (lon, lat), amount, inside = ask.units.centers, tally.values, None
    if tally.lon is not None and tally.lat is not None and tally.amount is not None:
        lon, lat, amount, inside = tally.lon, tally.lat, tally.amount, tally.inside
    options = dict(ask.options)
    if options.setdefault("bandwidth_km", "cv") == "cv" and inside is not None:
        # events far outside would widen the kernel; those near the edge still count below
        options["bandwidth_km"] = hotspots.kde_bandwidth(
            lon=lon[inside], lat=lat[inside], weights=amount[inside], n_jobs=ask.n_jobs
        )
    at_lon, at_lat = ask.units.centers
    result = hotspots.kde(
        lon=lon, lat=lat, at_lon=at_lon, at_lat=at_lat, weights=amount, n_jobs=ask.n_jobs,
        **options,
    )  # fmt: skip
    ask.options["bandwidth_km"] = result.bandwidth_km  # used for all draws
    columns = {"intensity_km2": result.intensity, "log_density_km2": result.log_density}
    return Scored(columns, measure="intensity_km2", report={"bandwidth_km": result.bandwidth_km})


def _eb_rates(tally: Tally, ask: Question) -> Scored:
    from geo_risk import hotspots

    if ask.population is None:
        raise ValueError("Invalid population: None; rates need a population.")
    options = dict(ask.options)
    prior = check_choice(options.pop("prior", "local"), "prior", ("local", "global"))
    graph = ask.units.graph if prior == "local" else None
    found = hotspots.eb_rates(tally.values, ask.population, graph, method=prior, **options)
    columns = {
        "rate": found.rate,
        "rate_raw": found.raw,
        "rate_prior": found.prior_mean,
        "shrinkage": found.shrinkage,
        "isolated": found.isolated,
    }
    return Scored(columns, measure="rate", report={"prior": prior})


def _emerging(tally: Tally, ask: Question) -> Scored:
    from geo_risk import hotspots
    from geo_risk.hotspots.options import tries_exact

    _no_population(ask)
    if tally.cube is None:
        raise ValueError("Invalid time: None; emerging hot spots need periods.")
    options = ask.of_counts(tally, limited=tries_exact(ask.options))
    options.setdefault("bin_alpha", ask.alpha)
    options.setdefault("trend_alpha", ask.alpha)
    found = hotspots.emerging(tally.cube, ask.units.graph, **options)
    labels = np.asarray(found.category, dtype=object)
    columns = {
        "category": labels,
        "category_also": np.asarray(found.also, dtype=object),
        "steps_hot": (found.bins > 0).sum(axis=1),
        "steps_cold": (found.bins < 0).sum(axis=1),
        "last_bin": found.bins[:, -1],
        "trend_z": found.trend.z,
        "trend_p_value": found.trend.p_value,
    }
    return Scored(columns, labels, report={"p_method": found.p_method})


def _no_population(ask: Question) -> None:
    if ask.population is not None:
        raise ValueError(f"Invalid population: {ask.method!r} takes none.")


METHODS: dict[str, Callable[[Tally, Question], Scored]] = {
    "gi_star": _local,
    "gi": _local,
    "local_moran": _local,
    "scan": _scan,
    "emerging": _emerging,
    "kde": _kde,
    "eb_rates": _eb_rates,
}
