"""The part of the Earth that a map shows, and its projection.

Both maps use an equal-area projection, because readers see a density of events as events per
area: Lambert azimuthal equal-area around the centre of the view, or Equal Earth if the view
reaches farther than 60 degrees from its centre. Neither has a seam at ±180 degrees or at a pole
inside the view, so Fiji and Svalbard need no special care. North is up at the centre of the map;
away from it meridians are tilted, as the graticule shows.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from geo_risk._core.constants import WGS84_A, WGS84_E2
from geo_risk._core.sphere import lonlat_of_vectors, unit_vectors
from geo_risk._core.types import FloatArray
from geo_risk._core.validate import check_scalar

__all__ = ["View", "check_bounds", "choose_view", "local_scale", "smallest_arc"]

Bounds = tuple[float, float, float, float]

_AZIMUTHAL_LIMIT = 60.0  # degrees from the centre; at 60 an azimuthal map stretches by 15 %
_POLAR = 70.0  # points at all longitudes with a centre beyond this latitude surround the pole
_MIN_HALF_WIDTH_M = 100_000.0  # so that the map of a single point can be recognised
_MARGIN = 0.06  # of the larger side, on each side


@dataclass(frozen=True)
class View:
    """A projected window: centre in degrees, extent in projected metres.

    `xmin`, `ymin`, `xmax`, `ymax` are metres in the projection; `kind` is ``"laea"`` or
    ``"eqearth"``.
    """

    kind: str
    lon0: float
    lat0: float
    xmin: float
    ymin: float
    xmax: float
    ymax: float

    @cached_property
    def _proj(self) -> Any:
        from pyproj import Proj

        return Proj(_definition(self.kind, self.lon0, self.lat0))

    @property
    def name(self) -> str:
        """Name of the projection, for the notes of the map."""
        if self.kind == "eqearth":
            return "Equal Earth projection, north up"
        return "Lambert azimuthal equal-area projection, north up at its middle"

    @property
    def width_m(self) -> float:
        """Width of the window, metres."""
        return self.xmax - self.xmin

    @property
    def height_m(self) -> float:
        """Height of the window, metres."""
        return self.ymax - self.ymin

    def project(self, lon: FloatArray, lat: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Metres east and north of the projection's origin; NaN where a coordinate is NaN."""
        x, y = self._proj(np.asarray(lon, float), np.asarray(lat, float))
        x, y = np.atleast_1d(np.asarray(x, float)), np.atleast_1d(np.asarray(y, float))
        bad = ~(np.isfinite(x) & np.isfinite(y))
        x[bad] = y[bad] = np.nan
        return x, y

    def unproject(self, x: FloatArray, y: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Degrees of projected points; NaN outside the projection."""
        lon, lat = self._proj(np.asarray(x, float), np.asarray(y, float), inverse=True)
        lon, lat = np.atleast_1d(np.asarray(lon, float)), np.atleast_1d(np.asarray(lat, float))
        bad = ~(np.isfinite(lon) & np.isfinite(lat))
        lon[bad] = lat[bad] = np.nan
        return lon, lat

    def contains(self, x: FloatArray, y: FloatArray) -> NDArray[np.bool_]:
        """Whether projected points lie in the window."""
        inside: NDArray[np.bool_] = (
            (x >= self.xmin) & (x <= self.xmax) & (y >= self.ymin) & (y <= self.ymax)
        )
        return inside

    def wrap(self, lon: FloatArray) -> FloatArray:
        """Longitudes shifted by multiples of 360° into [lon0 - 180, lon0 + 180)."""
        low = self.lon0 - 180.0
        wrapped: FloatArray = (np.asarray(lon, float) - low) % 360.0 + low
        return wrapped

    def expand(self, factor: float) -> View:
        """The same view with its window scaled about its centre; the whole Earth is unchanged."""
        if self.kind == "eqearth":
            return self
        half_x, half_y = factor * self.width_m / 2.0, factor * self.height_m / 2.0
        x, y = (self.xmin + self.xmax) / 2.0, (self.ymin + self.ymax) / 2.0
        return View(self.kind, self.lon0, self.lat0, x - half_x, y - half_y, x + half_x, y + half_y)

    @cached_property
    def window(self) -> Bounds:
        """West, south, east, north that enclose the whole view; west and east around `lon0`."""
        whole = (self.lon0 - 180.0, -90.0, self.lon0 + 180.0, 90.0)
        if self.kind == "eqearth":
            return whole
        x, y = np.meshgrid(
            np.linspace(self.xmin, self.xmax, 41), np.linspace(self.ymin, self.ymax, 41)
        )
        lon, lat = self.unproject(x.ravel(), y.ravel())
        if np.isnan(lon).any():
            return whole
        south, north = float(lat.min()), float(lat.max())
        pole_x, pole_y = self.project(np.array([0.0, 0.0]), np.array([90.0, -90.0]))
        poles = self.contains(pole_x, pole_y)
        if poles.any():
            pad = 0.02 * (north - south)
            return (whole[0], -90.0 if poles[1] else south - pad, whole[2],
                    90.0 if poles[0] else north + pad)  # fmt: skip
        lon = self.wrap(lon)
        west, east = float(lon.min()), float(lon.max())
        pad_x, pad_y = 0.02 * (east - west), 0.02 * (north - south)
        return (
            max(west - pad_x, whole[0]), max(south - pad_y, -90.0),
            min(east + pad_x, whole[2]), min(north + pad_y, 90.0),
        )  # fmt: skip


def _definition(kind: str, lon0: float, lat0: float) -> str:
    if kind == "eqearth":
        return f"+proj=eqearth +lon_0={lon0!r} +datum=WGS84 +units=m"
    return f"+proj=laea +lat_0={lat0!r} +lon_0={lon0!r} +datum=WGS84 +units=m"


def smallest_arc(lon: FloatArray) -> tuple[float, float]:
    """West end and width, in degrees, of the smallest arc that contains every longitude.

    The arc is the complement of the widest gap, so points on both sides of ±180 stay together.
    """
    ordered = np.unique(np.asarray(lon, float) % 360.0)
    if ordered.size == 0:
        raise ValueError("Invalid lon: no longitude to enclose.")
    gaps = np.diff(ordered, append=ordered[0] + 360.0)
    widest = int(np.argmax(gaps))
    west = float(ordered[(widest + 1) % ordered.size])
    return (west + 180.0) % 360.0 - 180.0, float(360.0 - gaps[widest])


def choose_view(
    lon: FloatArray, lat: FloatArray, *, bounds: Bounds | None = None, aspect: float = 1.5
) -> View:
    """Choose the view that shows all points, or `bounds`, with a margin.

    Parameters
    ----------
    lon, lat : ndarray of float64, shape (n,)
        Degrees; NaN is left out. Not used if `bounds` is given.
    bounds : (west, south, east, north), optional
        Degrees. West greater than east means that the box crosses ±180 (as in RFC 7946).
    aspect : float
        Width over height that the view should have; the shorter side is widened.

    Raises
    ------
    ValueError
        Invalid bounds, or neither bounds nor a point.
    """
    if bounds is not None:
        lon, lat = _outline(check_bounds(bounds))
    known = ~(np.isnan(lon) | np.isnan(lat))
    lon, lat = np.asarray(lon, float)[known], np.asarray(lat, float)[known]
    if lon.size == 0:
        return _world(aspect)
    lon0, lat0, radius = _middle(lon, lat)
    if radius > _AZIMUTHAL_LIMIT:
        return _world(aspect)
    frame = View("laea", lon0, lat0, 0.0, 0.0, 0.0, 0.0)
    x, y = frame.project(lon, lat)
    return _fit(frame, x, y, aspect, 0.0 if bounds is not None else _MARGIN)


def _fit(frame: View, x: FloatArray, y: FloatArray, aspect: float, margin: float) -> View:
    """Widen the window of the points by `margin` and to `aspect`."""
    middle_x, middle_y = (x.min() + x.max()) / 2.0, (y.min() + y.max()) / 2.0
    half_x, half_y = float(x.max() - x.min()) / 2.0, float(y.max() - y.min()) / 2.0
    pad = 2.0 * margin * max(half_x, half_y)
    least = _MIN_HALF_WIDTH_M if margin else 0.0
    half_x, half_y = max(half_x + pad, least), max(half_y + pad, least)
    half_x, half_y = max(half_x, half_y * aspect), max(half_y, half_x / aspect)
    return View(
        frame.kind, frame.lon0, frame.lat0,
        float(middle_x - half_x), float(middle_y - half_y),
        float(middle_x + half_x), float(middle_y + half_y),
    )  # fmt: skip


def _middle(lon: FloatArray, lat: FloatArray) -> tuple[float, float, float]:
    """Centre of the points and their greatest distance from it, degrees of arc.

    Away from the poles it is the centre of the smallest longitude/latitude box, which keeps
    north up and the map stable when a point is added. If that box is wider than half the Earth,
    it is the mean of the points as vectors, or the pole that they surround.
    """
    west, width = smallest_arc(lon)
    lon0, lat0 = west + width / 2.0, float(lat.min() + lat.max()) / 2.0
    if width > 180.0:
        lon0, lat0 = map(float, lonlat_of_vectors(unit_vectors(lon, lat).mean(axis=0)))
        if abs(lat0) > _POLAR:
            lon0, lat0 = 0.0, float(np.copysign(90.0, lat0))
    lon0 = (lon0 + 180.0) % 360.0 - 180.0
    cosine = np.clip(unit_vectors(lon, lat) @ unit_vectors(lon0, lat0), -1.0, 1.0)
    return lon0, lat0, float(np.degrees(np.arccos(cosine.min())))


def _world(aspect: float) -> View:
    """The whole Earth in Equal Earth (which is 2.05 times as wide as high)."""
    frame = View("eqearth", 0.0, 0.0, 0.0, 0.0, 0.0, 0.0)
    x, _ = frame.project(np.array([-180.0, 180.0]), np.zeros(2))
    _, y = frame.project(np.zeros(2), np.array([-90.0, 90.0]))
    return _fit(frame, x, y, max(aspect, 1.5), 0.01)


def check_bounds(bounds: Bounds) -> Bounds:
    """Check (west, south, east, north) in degrees."""
    if len(bounds) != 4:
        raise ValueError(f"Invalid bounds: {bounds!r} is not (west, south, east, north).")
    west, east = (check_scalar(bounds[i], "bounds", low=-180.0, high=180.0) for i in (0, 2))
    south, north = (check_scalar(bounds[i], "bounds", low=-90.0, high=90.0) for i in (1, 3))
    if south >= north or west == east:
        raise ValueError(
            f"Invalid bounds: {bounds!r} is empty; must be (west, south, east, north) with "
            "south < north (west > east means across ±180)."
        )
    return west, south, east, north


def _outline(bounds: Bounds) -> tuple[FloatArray, FloatArray]:
    """Points along the outline of the box, so that a projected window can enclose it."""
    west, south, east, north = bounds
    width = (east - west) % 360.0 or 360.0
    along, up = west + np.linspace(0.0, width, 73), np.linspace(south, north, 37)
    lon = np.concatenate([along, along, np.full(37, west), np.full(37, west + width)])
    lat = np.concatenate([np.full(73, south), np.full(73, north), up, up])
    return (lon + 180.0) % 360.0 - 180.0, lat


def local_scale(view: View, x: float, y: float) -> float:
    """True metres per projected metre along x at a projected point (1 at the centre of LAEA)."""
    step = view.width_m / 1000.0
    lon, lat = view.unproject(np.array([x - step, x + step]), np.array([y, y]))
    if np.isnan(lon).any():
        return 1.0
    from pyproj import Geod

    _, _, distance = Geod(a=WGS84_A, es=WGS84_E2).inv(lon[0], lat[0], lon[1], lat[1])
    return float(distance) / (2.0 * step)
