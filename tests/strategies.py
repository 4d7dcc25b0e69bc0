"""Hypothesis strategies that the property tests share: the awkward places of the Earth."""

from __future__ import annotations

from hypothesis import strategies as st

__all__ = ["coverages", "event_frames", "lats", "lonlats", "lons"]

lons = st.one_of(
    st.floats(-180.0, 180.0, allow_nan=False),
    st.sampled_from([-180.0, 180.0, 0.0, -0.0, 179.99999999999997, -179.99999999999997, 90.0]),
)
lats = st.one_of(
    st.floats(-90.0, 90.0, allow_nan=False),
    st.sampled_from([-90.0, 90.0, 0.0, -0.0, 89.99999999999999, -89.99999999999999]),
)
lonlats = st.lists(st.tuples(lons, lats), min_size=1, max_size=30)


@st.composite
def coverages(draw):  # type: ignore[no-untyped-def]
    """Cells of an irregular grid as polygons that share their edges exactly, in random order.

    Some borders are slanted, one region may surround another, and the grid may touch ±180.
    """
    import numpy as np
    import shapely

    n = draw(st.integers(1, 4))
    m = draw(st.integers(1, 4))
    west = draw(st.sampled_from([-180.0, -1.5, 178.0 - n, 66.25]))
    south = draw(st.sampled_from([-90.0, -0.5, 35.0, 89.0 - m]))
    seed = draw(st.integers(0, 2**32 - 1))
    rng = np.random.default_rng(seed)
    xs = west + np.arange(n + 1) * (1.0 + 1.0 / max(n, 1) * (west + n + 1 <= 180.0))
    xs = np.minimum(xs, 180.0)
    ys = np.minimum(south + np.arange(m + 1) * 1.0, 90.0)
    x, y = np.meshgrid(xs, ys)
    inner = (slice(1, -1), slice(1, -1))
    x[inner] += rng.uniform(-0.3, 0.3, x[inner].shape)
    y[inner] += rng.uniform(-0.3, 0.3, y[inner].shape)
    shapes = []
    for j in range(m):
        for i in range(n):
            corners = [(j, i), (j, i + 1), (j + 1, i + 1), (j + 1, i)]
            ring = [(x[c], y[c]) for c in corners]
            middle = np.mean(ring, axis=0)
            if draw(st.booleans()):
                hole = [tuple(middle + 0.2 * (np.array(p) - middle)) for p in ring]
                shapes += [shapely.Polygon(ring, [hole]), shapely.Polygon(hole)]
            else:
                shapes.append(shapely.Polygon(ring))
    order = draw(st.permutations(range(len(shapes))))
    return [shapes[k] for k in order]


PLACES = ["Taloqan", "Taluqan", "Paris", "Georgia", "Nowhere at all", "Badakhshan", "France", " "]
COUNTRIES = ["Afghanistan", "AFG", "Tajikistan", "France", "TX", "United States", "Atlantis", ""]
PRECISIONS = ["exact", "place", "admin2", "admin1", "line", "country", "none", "odd"]
OPTIONAL = {
    "location_name": st.sampled_from(PLACES) | st.none(),
    "country_stated": st.sampled_from(COUNTRIES) | st.none(),
    "source": st.sampled_from(["acled", "gdelt", "a desk"]),
    "location_precision": st.sampled_from(PRECISIONS) | st.none(),
    "location_uncertainty_km": st.sampled_from([0.0, 0.3, 1.5, 25.0, 3000.0, float("nan")]),
    "flags": st.sampled_from(["", "coarser_than_cell", "mine;place_not_found"]),
    "date_start": st.sampled_from(["2011-03-01", "2020-02-29", None]),
    "fatalities_best": st.sampled_from([0.0, 3.0, float("nan")]),
    # columns that steps also write
    "region_code": st.sampled_from(["AF-TAK", None]), "match": st.just("mine"),
    "h3_cell": st.none(), "border_m": st.floats(0.0, 9.0), "place_name": st.just("here"),
}  # fmt: skip


@st.composite
def event_frames(draw):  # type: ignore[no-untyped-def]
    """Frames of events with any columns, index, order of columns, types of text and CRS."""
    import geopandas
    import pandas as pd
    import shapely

    near = st.tuples(st.floats(68.5, 74.9), st.floats(35.5, 38.4))  # north-east Afghanistan
    points = draw(st.lists(st.none() | st.tuples(lons, lats) | near, max_size=12))
    n, kind = len(points), draw(st.sampled_from(["object", "str", "category"]))
    columns: dict[str, object] = {"row": range(n)}
    for name in draw(st.lists(st.sampled_from(sorted(OPTIONAL)), unique=True)):
        values = draw(st.lists(OPTIONAL[name], min_size=n, max_size=n))
        text = any(isinstance(value, str) for value in values)
        columns[name] = pd.Series(values, dtype=kind if text else None)
    if "date_start" in columns:
        columns["date_start"] = pd.to_datetime(columns["date_start"])
    shapes = [None if point is None else shapely.Point(point) for point in points]
    frame = geopandas.GeoDataFrame(columns, geometry=shapes, crs="EPSG:4326")
    if draw(st.booleans()):
        frame = frame.rename_geometry("point")
    frame = frame[draw(st.permutations(list(frame.columns)))]
    frame.index = draw(st.lists(st.integers(-5, 5), min_size=n, max_size=n))
    return frame
