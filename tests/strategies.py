"""Hypothesis strategies that the property tests share: the awkward places of the Earth."""

from __future__ import annotations

from hypothesis import strategies as st

__all__ = ["coverages", "lats", "lonlats", "lons"]

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
