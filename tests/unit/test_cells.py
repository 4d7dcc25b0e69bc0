"""Cells against the h3 library, shapely and brute force."""

from __future__ import annotations

import itertools
import runpy

import h3.api.basic_int as h3
import h3_points
import mpmath
import numpy as np
import pandas as pd
import pytest
import shapely
from paths import ROOT
from scipy import sparse

from geo_risk import cells
from geo_risk._core.constants import EARTH_RADIUS_KM
from geo_risk.cells import _h3, _h3_sets, _h3_shape

TALOQAN = (69.53451, 36.73605)


def disk(name: str, k: int) -> np.ndarray:
    return np.array(sorted(h3.grid_disk(int(name, 16), k)), dtype=np.uint64)


def everywhere(resolution: int) -> np.ndarray:
    found = [c for base in h3.get_res0_cells() for c in h3.cell_to_children(base, resolution)]
    return np.array(sorted(found), dtype=np.uint64)


# ------------------------------------------------------------------------------ index


@pytest.mark.parametrize("resolution", range(16))
def test_cells_equal_the_library_everywhere(resolution):
    rng = np.random.default_rng(resolution)
    points = np.vstack((h3_points.uniform(3000, rng), h3_points.adversarial(3000, resolution, rng)))
    found = cells.h3_cells(lon=points[:, 0], lat=points[:, 1], resolution=resolution)
    np.testing.assert_array_equal(found, h3_points.library_cells(points, resolution))


def test_the_library_decides_at_corners_but_hardly_ever_else():
    rng = np.random.default_rng(3)
    points = h3_points.uniform(20_000, rng)
    out = np.empty(len(points), dtype=np.int64)
    asked = _h3._encode(points[:, 0].copy(), points[:, 1].copy(), 15, out)
    assert asked <= 5
    ring = np.array(h3.cell_to_boundary(h3.latlng_to_cell(36.7, 69.5, 9)))
    out = np.empty(len(ring), dtype=np.int64)
    assert _h3._encode(ring[:, 1].copy(), ring[:, 0].copy(), 9, out) == len(ring)


def test_shape_is_kept_and_missing_is_zero():
    one = cells.h3_cells(lon=TALOQAN[0], lat=TALOQAN[1], resolution=7)
    assert one.shape == ()
    assert one.dtype == np.uint64
    grid = cells.h3_cells(lon=np.full((2, 3), TALOQAN[0]), lat=[[1.0], [np.nan]], resolution=3)
    assert grid.shape == (2, 3)
    assert (grid[0] != 0).all()
    assert (grid[1] == 0).all()
    assert cells.h3_cells(lon=[], lat=[], resolution=3).shape == (0,)


def test_input_is_not_changed_and_may_be_read_only_or_strided():
    lon, lat = np.linspace(-180, 180, 50)[::2], np.linspace(-90, 90, 25)
    lon.flags.writeable = False
    before = lat.copy()
    found = cells.h3_cells(lon=lon, lat=lat, resolution=5)
    np.testing.assert_array_equal(lat, before)
    assert found[-1] == h3.latlng_to_cell(90.0, 180.0, 5)


def test_threads_change_nothing():
    points = h3_points.uniform(20_000, np.random.default_rng(0))
    one = cells.h3_cells(lon=points[:, 0], lat=points[:, 1], resolution=8)
    two = cells.h3_cells(lon=points[:, 0], lat=points[:, 1], resolution=8, n_jobs=2)
    np.testing.assert_array_equal(one, two)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"lon": [0.0, 181.0], "lat": [0.0, 0.0], "resolution": 5}, r"lon: 1 of 2 .* index 1: 181"),
        ({"lon": 0.0, "lat": 91.0, "resolution": 5}, "swapped"),
        ({"lon": 0.0, "lat": 0.0, "resolution": 16}, "0 to 15"),
        ({"lon": [0.0, 1.0], "lat": [0.0, 1.0, 2.0], "resolution": 5}, "do not match"),
    ],
)
def test_bad_coordinates_are_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        cells.h3_cells(**arguments)
    with pytest.raises(TypeError, match="not an integer"):
        cells.h3_cells(lon=0.0, lat=0.0, resolution=5.0)


def test_each_point_may_have_its_own_resolution():
    rng = np.random.default_rng(5)
    points = h3_points.uniform(3000, rng)
    points[::50] = np.nan
    levels = rng.integers(0, 16, len(points))
    found = cells.h3_cells(lon=points[:, 0], lat=points[:, 1], resolution=levels, n_jobs=2)
    for level in range(16):
        rows = levels == level
        one = cells.h3_cells(lon=points[rows, 0], lat=points[rows, 1], resolution=level)
        np.testing.assert_array_equal(found[rows], one)
    spread = cells.h3_cells(lon=points[1:3, :1], lat=points[1:3, 1:], resolution=[3, 9, 15])
    assert spread.shape == (2, 3)
    assert (cells.cell_resolutions(spread) == [3, 9, 15]).all()
    assert spread[1, 1] == h3.latlng_to_cell(points[2, 1], points[2, 0], 9)
    assert cells.h3_cells(lon=[], lat=[], resolution=[]).shape == (0,)


@pytest.mark.parametrize(
    ("resolution", "error", "message"),
    [
        ([5, 16, 3, -1], ValueError, r"2 of 4 values outside \[0, 15\]; first at index 1: 16"),
        ([5, 6, 7], ValueError, r"shape \(3,\) does not match \(2,\)"),
        ([5.0, 6.0], TypeError, "dtype float64; must be integers"),
        ([True, False], TypeError, "dtype bool; must be integers"),
        ([[5], [5, 6]], ValueError, "Invalid resolution: "),
    ],
)
def test_bad_resolutions_are_refused(resolution, error, message):
    with pytest.raises(error, match=message):
        cells.h3_cells(lon=[1.0, 2.0], lat=[3.0, 4.0], resolution=resolution)


# ------------------------------------------------------------------------------ names


def test_names_round_trip_with_missing():
    found = cells.h3_cells(lon=[69.5, np.nan, -77.0], lat=[36.7, 0.0, -12.0], resolution=9)
    names = cells.cells_to_strings(found)
    assert names.tolist() == [h3.int_to_str(int(c)) if c else None for c in found]
    np.testing.assert_array_equal(cells.strings_to_cells(names), found)
    series = pd.Series(names, dtype="string")
    np.testing.assert_array_equal(cells.strings_to_cells(series), found)
    assert cells.strings_to_cells([names[0].upper(), np.nan, pd.NA]).tolist() == [found[0], 0, 0]
    assert cells.cells_to_strings(np.zeros((2, 0), np.uint64)).shape == (2, 0)
    nullable = pd.Series([int(found[0]), None], dtype="UInt64")
    assert cells.cells_to_strings(nullable).tolist() == [names[0], None]
    assert cells.cell_resolutions([int(found[0]), None]).tolist() == [9, -1]


@pytest.mark.parametrize(
    "name",
    [
        "",
        "872086481fffff",
        "8720864 1ffffff",
        "0x72086481fffff",
        "87208648_ffffff",
        "zzzzzzzzzzzzzzz",
        "872086481fffff0",
        "8f2086481ffffff",
        "8708d7fffffffff",
        "872086481ffffff1",
    ],
)
def test_invalid_names_are_refused_with_value_and_place(name):
    with pytest.raises(ValueError, match=r"Invalid names: .*index 1"):
        cells.strings_to_cells(["872086481ffffff", name])


@pytest.mark.parametrize(
    "names",
    [
        ["872086481fffff", "872086481fffffff"],  # one digit short, the next one long
        ["872086481fffff", "f872086481ffffff"],
        ["87208648\n1fffff", "872086481ffffff"],
        ["872086481ffffff\n872086481ffffff"],
        ["872086481ffffff", "000000000000000"],
        ["８72086481ffffff", "872086481ffffff"],
    ],
)
def test_names_are_not_mixed_up_with_their_neighbours(names):
    with pytest.raises(ValueError, match=r"Invalid names: .*is not the name of an H3 cell"):
        cells.strings_to_cells(names)


@pytest.mark.parametrize("distinct", [1, 50, 6000, 40_000])
def test_names_of_many_rows_are_those_of_each(distinct):
    """As many distinct cells are written row by row, few once each."""
    rng = np.random.default_rng(distinct)
    some = h3_points.uniform(distinct, rng)
    found = cells.h3_cells(lon=some[:, 0], lat=some[:, 1], resolution=9)
    found[0] = 0
    rows = rng.permutation(np.append(found, found[rng.integers(0, distinct, 40_000 - distinct)]))
    names = cells.cells_to_strings(rows.reshape(200, 200)).reshape(-1)
    assert names.tolist() == [f"{cell:x}" if cell else None for cell in rows.tolist()]
    np.testing.assert_array_equal(cells.strings_to_cells(names), rows)
    codes = _h3_sets.distinct(rows)
    assert (codes is None) == (distinct == 40_000)
    if codes is not None:
        np.testing.assert_array_equal(codes[0][codes[1]], rows)
        assert len(np.unique(codes[0])) == len(codes[0])


def test_values_that_are_no_cells_are_refused():
    with pytest.raises(TypeError, match="3 at index 1 is not a string"):
        cells.strings_to_cells(["872086481ffffff", 3])
    with pytest.raises(TypeError, match="cannot hold 64-bit cells"):
        cells.cell_centers(np.array([6.08e17, np.nan]))
    with pytest.raises(TypeError, match="is not uint64"):
        cells.cell_centers(np.array([True]))
    for wrong in (-5, 2**64):
        with pytest.raises(ValueError, match=f"{wrong} at index 1 is not a 64-bit cell"):
            cells.cell_centers(np.array([0, wrong], dtype=object))
    with pytest.raises(ValueError, match="-5 at index 1 is not a 64-bit cell"):
        cells.cell_centers(np.array([0, -5]))
    with pytest.raises(TypeError, match="True at index 0 is not a string"):
        cells.cell_centers(np.array([True, None]))
    with pytest.raises(ValueError, match="1 of 2 values are not H3 cells; first at index 1: 0x11"):
        cells.cell_centers(np.array([0, 17]))


def test_validity_equals_the_library():
    rng = np.random.default_rng(7)
    some = [
        int(c) for r in range(16) for c in rng.choice(disk(hex(h3.get_pentagons(r)[r % 12]), 2), 8)
    ]
    flipped = [c ^ (1 << int(bit)) for c in some for bit in rng.integers(0, 64, 12)]
    values = np.array([*some, *flipped, 0, 1, 2**64 - 1], dtype=np.uint64)
    expected = [h3.is_valid_cell(v) for v in values.tolist()]
    assert 0.2 < np.mean(expected) < 0.8
    np.testing.assert_array_equal(_h3.is_valid(values), expected)


# ------------------------------------------------------------------------------ attributes


@pytest.mark.parametrize("resolution", [0, 1, 2, 5, 8, 15])
def test_centers_and_parents_equal_the_library(resolution):
    points = h3_points.adversarial(600, resolution, np.random.default_rng(resolution))
    some = np.unique(h3_points.library_cells(points, resolution))
    lon, lat = cells.cell_centers(some)
    expected = np.array([h3.cell_to_latlng(c) for c in some.tolist()])
    found = h3_points.unit(np.column_stack((lon, lat)))
    there = h3_points.unit(expected[:, ::-1])
    # The library takes the latitude from an arc sine, which loses digits towards the poles.
    from_pole = np.hypot(*there[:, :2].T)
    assert (np.abs(found - there).max(axis=1) < 1e-14 + 1e-15 / from_pole).all()
    assert (cells.cell_resolutions(some) == resolution).all()
    for coarser in {0, resolution // 2, resolution}:
        expected = [h3.cell_to_parent(c, coarser) for c in some.tolist()]
        np.testing.assert_array_equal(cells.cell_parents(some, coarser), expected)


@pytest.mark.parametrize("resolution", [0, 1, 2, 3])
def test_areas_of_all_cells_add_up_to_the_sphere(resolution):
    areas = cells.cell_areas_km2(everywhere(resolution))
    assert areas.sum() == pytest.approx(4 * np.pi * 6371.007180918475**2, rel=1e-12)


def exact_area(cell: int) -> float:
    """Area between a cell's corners, in 40 digits."""
    with mpmath.workdps(40):
        ring = [
            [mpmath.radians(mpmath.mpf(x)) for x in point] for point in h3.cell_to_boundary(cell)
        ]
        cos, sin = mpmath.cos, mpmath.sin
        p = [mpmath.matrix([cos(y) * cos(x), cos(y) * sin(x), sin(y)]) for y, x in ring]
        total = mpmath.mpf(0)
        for b, c in itertools.pairwise(p[1:]):
            three = mpmath.matrix([list(p[0]), list(b), list(c)])
            dots = [(x.T * y)[0] for x, y in ((p[0], b), (b, c), (p[0], c))]
            total += 2 * mpmath.atan2(mpmath.det(three), 1 + sum(dots))
        return float(total) * 6371.007180918475**2


@pytest.mark.parametrize(("resolution", "rtol"), [(0, 1e-12), (4, 1e-11), (9, 1e-9), (15, 1e-6)])
def test_areas_are_right_across_the_antimeridian_and_seams_too(resolution, rtol):
    # The tolerance is that of corners known to 1e-16 of the sphere's radius.
    points = h3_points.adversarial(300, resolution, np.random.default_rng(resolution))
    points = np.vstack((points[np.abs(points[:, 1]) < 80], h3_points.face_centers()))
    some = np.unique(h3_points.library_cells(points, resolution))
    areas = [exact_area(cell) for cell in some.tolist()]
    np.testing.assert_allclose(cells.cell_areas_km2(some), areas, rtol=rtol)


def test_areas_equal_the_library_away_from_the_antimeridian():
    some = np.unique([c for name in ("872086481ffffff", "87754e64dffffff") for c in disk(name, 4)])
    areas = [h3.cell_area(cell, "km^2") for cell in some.tolist()]
    np.testing.assert_allclose(cells.cell_areas_km2(some), areas, rtol=1e-9)


@pytest.mark.parametrize("resolution", [0, 1, 2, 5, 8, 15])
def test_corners_equal_the_library(resolution):
    points = h3_points.adversarial(400, resolution, np.random.default_rng(resolution))
    some = np.unique(h3_points.library_cells(points, resolution))
    coords, offsets = _h3_shape.rings(some)
    for cell, start, stop in zip(some.tolist(), offsets[:-1], offsets[1:], strict=True):
        ours = h3_points.unit(coords[start : stop - 1])
        theirs = h3_points.unit([(x, y) for y, x in h3.cell_to_boundary(cell)])
        assert ours.shape == theirs.shape
        # A cell on the seam of two faces may start at another corner.
        apart = min(np.abs(np.roll(theirs, k, axis=0) - ours).max() for k in range(len(ours)))
        assert apart < 1e-14 + 1e-15 / np.hypot(*theirs[:, :2].T).min()
        np.testing.assert_array_equal(coords[start], coords[stop - 1])


def test_missing_cells_stay_missing():
    given = np.array([["872086481ffffff"], [None]], dtype=object)
    lon, lat = cells.cell_centers(given)
    assert lon.shape == (2, 1)
    assert np.isnan([lon[1, 0], lat[1, 0], cells.cell_areas_km2(given)[1, 0]]).all()
    assert cells.cell_polygons(given)[1, 0] is None
    assert cells.cell_parents(given, 3)[1, 0] == 0
    assert cells.cell_resolutions(given)[1, 0] == -1


def test_a_parent_cannot_be_finer():
    with pytest.raises(ValueError, match=r"9 is finer than cell 872086481ffffff at index 0"):
        cells.cell_parents(["872086481ffffff"], 9)


@pytest.mark.parametrize("resolution", [0, 1, 2])
def test_polygons_tile_the_plane(resolution):
    shapes = cells.cell_polygons(everywhere(resolution))
    assert shapely.is_valid(shapes).all()
    assert shapely.area(shapes).sum() == pytest.approx(360 * 180, abs=1e-9)
    # On a grid: GEOS before 3.14 loses area where edges nearly coincide.
    union = shapely.union_all(shapes, grid_size=1e-12)
    assert shapely.area(union) == pytest.approx(360 * 180, abs=1e-9)
    west, south, east, north = shapely.total_bounds(shapes)
    assert (west, south, east, north) == (-180, -90, 180, 90)
    rings = shapely.get_exterior_ring(shapely.get_parts(shapes))
    assert shapely.is_ccw(rings).all()
    # Nothing wide: a cell drawn the wrong way round would span the whole map.
    widths = [b[2] - b[0] for part in shapely.get_parts(shapes) if (b := part.bounds)]
    poles = [
        b for part in shapely.get_parts(shapes) if max(map(abs, (b := part.bounds)[1::2])) == 90
    ]
    assert sum(width > 180 for width in widths) == len(poles) == 2


def test_polygons_are_the_librarys_away_from_the_seam():
    some = disk("872086481ffffff", 2)
    for cell, shape in zip(some.tolist(), cells.cell_polygons(some), strict=True):
        ring = [(x, y) for y, x in h3.cell_to_boundary(cell)]
        assert shape.equals_exact(shapely.Polygon(ring), 1e-12)


# ------------------------------------------------------------------------------ neighbours


@pytest.mark.parametrize("resolution", [0, 1, 2, 3])
def test_every_neighbour_of_every_cell_equals_the_library(resolution):
    every = everywhere(resolution)
    for cell, row in zip(every.tolist(), _h3.neighbors(every).tolist(), strict=True):
        assert sorted(c for c in row if c) == sorted(set(h3.grid_disk(cell, 1)) - {cell})


@pytest.mark.parametrize("resolution", [4, 7, 10, 15])
def test_neighbours_around_pentagons_equal_the_library(resolution):
    around = np.unique([c for p in h3.get_pentagons(resolution) for c in h3.grid_disk(p, 6)])
    for cell, row in zip(
        around.tolist(), _h3.neighbors(around.astype(np.uint64)).tolist(), strict=True
    ):
        assert sorted(c for c in row if c) == sorted(set(h3.grid_disk(cell, 1)) - {cell})


def brute_graph(some: np.ndarray, k: int) -> tuple[list[list[int]], list[int]]:
    place = {cell: n for n, cell in enumerate(some.tolist())}
    disks = [set(h3.grid_disk(cell, k)) - {cell} for cell in some.tolist()]
    rows = [sorted(place[c] for c in around if c in place) for around in disks]
    return rows, [len(around) - len(row) for around, row in zip(disks, rows, strict=True)]


@pytest.mark.parametrize("k", [1, 2, 4])
@pytest.mark.parametrize("resolution", [0, 1, 3, 9, 15])
def test_graph_and_missing_neighbours_equal_brute_force(resolution, k):
    rng = np.random.default_rng(resolution)
    dense = np.unique([c for p in h3.get_pentagons(resolution)[:2] for c in h3.grid_disk(p, 5)])
    holed = rng.permutation(dense)[: 4 * dense.size // 5].astype(np.uint64)
    scattered = rng.permutation(
        np.unique(h3_points.library_cells(h3_points.uniform(200, rng), resolution))
    )
    for some in (holed, scattered):
        graph = cells.neighbor_graph(some, k=k)
        rows, missing = brute_graph(some, k)
        assert [graph.indices[a:b].tolist() for a, b in zip(graph.indptr, graph.indptr[1:])] == rows
        assert cells.neighbors_missing(some, k=k).tolist() == missing
        assert (graph.data == 1.0).all()
        assert (graph != graph.T).nnz == 0


@pytest.mark.parametrize("k", [1, 2])
@pytest.mark.parametrize("mixed", [False, True])
def test_graph_has_no_dependence_on_threads_and_blocks(monkeypatch, k, mixed):
    from geo_risk.cells import _h3_graph, _h3_sets

    some = cells.grid_disk(["872086481ffffff"], 160)
    some = np.union1d(some, disk(h3.int_to_str(h3.get_pentagons(7)[3]), 20))
    if mixed:
        some = np.random.default_rng(k).permutation(some)
    whole = cells.neighbor_graph(some, k=k)
    assert whole.has_canonical_format
    copy = sparse.csr_array((whole.data, whole.indices, whole.indptr), shape=whole.shape)
    assert copy.has_canonical_format  # this one looks
    absent = cells.neighbors_missing(some, k=k)
    assert (np.diff(whole.indptr) + absent >= 3 * k * (k + 1) - 6).all()
    for space in (_h3_graph._SPACE, 0):
        monkeypatch.setattr(_h3_graph, "_SPACE", space)
        for slices in ((1 << 20, 1 << 20), (1, 300)):
            monkeypatch.setattr(_h3_sets, "_SLICE", slices)
            monkeypatch.setattr(_h3_sets, "_FEW", 0)
            monkeypatch.setattr(_h3_graph, "_BLOCK", 100 * slices[1])
            for n_jobs in (1, 2, 3):
                pieces = cells.neighbor_graph(some, k=k, n_jobs=n_jobs)
                for name in ("indptr", "indices", "data"):
                    np.testing.assert_array_equal(getattr(whole, name), getattr(pieces, name))
        np.testing.assert_array_equal(cells.neighbors_missing(some, k=k), absent)


@pytest.mark.parametrize("n_jobs", [1, 2])
@pytest.mark.parametrize("place", [0, 299, 300, 301, 7650])
def test_threads_name_the_first_bad_cell(monkeypatch, place, n_jobs):
    from geo_risk.cells import _h3_sets

    monkeypatch.setattr(_h3_sets, "_SLICE", (1, 300))
    monkeypatch.setattr(_h3_sets, "_FEW", 0)
    some = cells.grid_disk(["872086481ffffff"], 50)
    assert some.size == 7651
    later = min(place + 1000, 7650)
    for value, message in (
        (5, f"values are not H3 cells; first at index {place}: 0x5"),
        (0, f"missing; first at index {place}"),
        (some[place - 1], f"duplicates; first at index {max(place, 7650 * (place == 0))}: "),
    ):
        bad = some.copy()
        bad[later] = value if value < 6 else bad[later]
        bad[place] = value
        with pytest.raises(ValueError, match=message):
            cells.neighbor_graph(bad, n_jobs=n_jobs)
    bad = some.copy()
    bad[place] = h3.cell_to_children(int(some[place]), 8)[0]
    with pytest.raises(ValueError, match=f"mixed resolutions; .*index {place or 1} has "):
        cells.neighbor_graph(bad, n_jobs=n_jobs)


def test_graph_equals_libpysal():
    graph = pytest.importorskip("libpysal.graph")
    names = cells.cells_to_strings(disk("862086487ffffff", 6)).tolist()
    theirs = graph.Graph.build_h3(names, order=2).adjacency
    ours = cells.neighbor_graph(names, k=2).tocoo()
    pairs = {(names[i], names[j]) for i, j in zip(ours.row, ours.col, strict=True)}
    assert pairs == set(theirs[theirs > 0].index)


def test_empty_and_single_graphs():
    empty = cells.neighbor_graph(np.zeros(0, np.uint64))
    assert empty.shape == (0, 0)
    assert cells.neighbor_graph(["872086481ffffff"], k=3).nnz == 0
    assert cells.neighbors_missing(["872086481ffffff"], k=3).tolist() == [36]


@pytest.mark.parametrize("function", [cells.neighbor_graph, cells.neighbors_missing])
def test_bad_grids_are_refused(function):
    good = "872086481ffffff"
    other = h3.int_to_str(h3.grid_ring(int(good, 16), 1)[0])
    with pytest.raises(
        ValueError, match=f"1 of 4 are duplicates; first at index 2: {good} is also at index 0"
    ):
        function([good, other, good, "870800000ffffff"])
    with pytest.raises(ValueError, match="mixed resolutions; index 0 has 7, index 1 has 0"):
        function([good, "8001fffffffffff"])
    with pytest.raises(ValueError, match="1 of 2 are missing; first at index 1"):
        function([good, None])
    with pytest.raises(ValueError, match="at least one ring"):
        function([good], k=0)
    with pytest.raises(ValueError, match="Invalid k: -1"):
        function([good], k=-1)
    with pytest.raises(TypeError, match="is not an integer"):
        function([good], k=1.5)


def test_grid_disk_is_the_union_of_disks():
    for resolution in (0, 2, 6):
        some = [*h3.get_pentagons(resolution)[:2], h3.latlng_to_cell(36.7, 69.5, resolution)]
        expected = sorted({c for cell in some for c in h3.grid_disk(cell, 3)})
        found = cells.grid_disk(np.array([*some, 0], dtype=np.uint64), 3)
        assert found.tolist() == expected
    assert cells.grid_disk([None], 3).size == 0
    with pytest.raises(ValueError, match="mixed resolutions"):
        cells.grid_disk(["872086481ffffff", "8001fffffffffff"], 1)


# ------------------------------------------------------------------------------ counts


def test_counts_report_what_is_outside_and_missing():
    grid = disk("872086481ffffff", 1)[::-1]
    events = ["872086481ffffff", None, "870800000ffffff", "872086481ffffff"]
    counted = cells.count_in_cells(events, grid)
    assert counted.counts.sum() == 2
    assert grid[counted.counts == 2].tolist() == [0x872086481FFFFFF]
    assert (counted.outside, counted.missing) == (1, 1)
    assert counted.position.tolist() == [counted.position[0], -1, -1, counted.position[0]]
    none = cells.count_in_cells([], grid)
    assert none.counts.tolist() == [0] * 7
    assert cells.count_in_cells(events, []).outside == 3


def test_counts_refuse_other_resolutions():
    grid = disk("872086481ffffff", 1)
    with pytest.raises(
        ValueError, match=r"1 of 2 have another resolution than the grid's 7; .*index 1"
    ):
        cells.count_in_cells(["872086481ffffff", "8001fffffffffff"], grid)
    with pytest.raises(ValueError, match="Invalid grid: 1 of 2 are duplicates"):
        cells.count_in_cells([], ["872086481ffffff"] * 2)


# ------------------------------------------------------------------------------ study area

HOLED = shapely.Polygon(
    [(60, 30), (75, 28), (74, 38), (66, 40), (60, 30)], [[(66, 33), (70, 33), (70, 36), (66, 36)]]
)
BENT = shapely.Polygon([(0, 0), (20, 1), (20, 3), (2, 2), (3, 25), (1, 25)])
NORTH = shapely.box(-180, 75, 180, 90)


def library_fill(polygon: shapely.Polygon, resolution: int, contain: str) -> list[int]:
    rings = [[(y, x) for x, y in ring.coords] for ring in (polygon.exterior, *polygon.interiors)]
    shape = h3.LatLngPoly(rings[0], *rings[1:])
    return sorted(h3.h3shape_to_cells_experimental(shape, resolution, contain=contain))


@pytest.mark.parametrize("polygon", [HOLED, BENT], ids=["holed", "bent"])
@pytest.mark.parametrize("resolution", [3, 5, 6])
@pytest.mark.parametrize("containment", ["center", "overlap"])
def test_study_grid_equals_the_library(polygon, resolution, containment):
    found = cells.study_grid(polygon, resolution=resolution, containment=containment)
    assert found.tolist() == library_fill(polygon, resolution, containment)


@pytest.mark.parametrize("resolution", [0, 1, 2, 3])
def test_the_whole_world_is_every_cell(resolution):
    for containment in ("overlap", "center"):
        found = cells.study_grid(
            (-180, -90, 180, 90), resolution=resolution, containment=containment
        )
        np.testing.assert_array_equal(found, everywhere(resolution))


@pytest.mark.parametrize("area", [HOLED, BENT, NORTH], ids=["holed", "bent", "north"])
def test_centers_decide_for_every_cell_of_the_world(area):
    every = everywhere(3)
    lon, lat = cells.cell_centers(every)
    inside = shapely.intersects_xy(area, lon, lat)
    found = cells.study_grid(area, resolution=3, containment="center")
    np.testing.assert_array_equal(found, every[inside])


def test_boxes_cross_the_antimeridian_and_reach_poles():
    fiji = cells.study_grid((177, -19, -179, -16), resolution=5)
    west = cells.study_grid((177, -19, 180, -16), resolution=5)
    east = cells.study_grid((-180, -19, -179, -16), resolution=5)
    np.testing.assert_array_equal(fiji, np.union1d(west, east))
    assert np.intersect1d(west, east).size > 0  # the cells on the seam
    lon, _ = cells.cell_centers(fiji)
    assert (np.abs(lon) > 176).all()
    pole = cells.study_grid((-180, 89, 180, 90), resolution=4)
    assert h3.latlng_to_cell(90.0, 0.0, 4) in pole
    south = cells.study_grid((-180, -90, 180, -89), resolution=4)
    assert h3.latlng_to_cell(-90.0, 0.0, 4) in south


def test_small_areas_never_come_back_empty():
    dot = shapely.box(69.53, 36.73, 69.5301, 36.7301)
    for containment in ("overlap", "center"):
        found = cells.study_grid(dot, resolution=4, containment=containment)
        assert found.tolist() == [h3.latlng_to_cell(36.73, 69.53, 4)]
    both = cells.study_grid([dot, HOLED], resolution=4, containment="center")
    alone = cells.study_grid(HOLED, resolution=4, containment="center")
    assert set(both.tolist()) == {*alone.tolist(), h3.latlng_to_cell(36.73, 69.53, 4)}
    assert cells.study_grid((5.0, 5.0, 5.0, 5.0), resolution=9).size == 1


def test_areas_that_share_a_border_share_no_cell_by_center():
    cut = 69.7
    left = cells.study_grid((68.0, 36.0, cut, 38.0), resolution=6, containment="center")
    right = cells.study_grid((cut, 36.0, 71.0, 38.0), resolution=6, containment="center")
    both = cells.study_grid((68.0, 36.0, 71.0, 38.0), resolution=6, containment="center")
    assert np.intersect1d(left, right).size == 0
    np.testing.assert_array_equal(np.union1d(left, right), both)


def test_no_hole_and_no_cell_cut_off():
    grid = cells.study_grid(HOLED, resolution=5)
    inner = cells.neighbors_missing(grid) == 0
    lon, lat = cells.cell_centers(grid)
    deep = shapely.contains_xy(HOLED.buffer(-0.5), lon, lat)
    assert deep.sum() > 100
    assert inner[deep].all()


@pytest.mark.parametrize("radius", [20.0, 300.0])
def test_discs_by_center_equal_brute_force(radius):
    rng = np.random.default_rng(1)
    points = np.vstack((h3_points.uniform(5, rng), [(179.9, -17.0), (0.0, 90.0)]))
    found = cells.study_grid(
        lon=points[:, 0], lat=points[:, 1], radius_km=radius, resolution=3, containment="center"
    )
    every = everywhere(3)
    centers = h3_points.unit(np.column_stack(cells.cell_centers(every)))
    angle = np.arccos(np.clip(centers @ h3_points.unit(points).T, -1, 1)).min(axis=1)
    home = h3_points.library_cells(points, 3)
    expected = np.union1d(every[angle * EARTH_RADIUS_KM <= radius], home)
    np.testing.assert_array_equal(found, expected)


def test_discs_by_overlap_hold_every_point_within_the_radius():
    rng = np.random.default_rng(2)
    middle = h3_points.unit([(178.9, -17.8)])[0]
    radius = 40.0
    found = cells.study_grid(lon=178.9, lat=-17.8, radius_km=radius, resolution=6)
    scatter = middle + rng.normal(size=(20_000, 3)) * 0.005
    scatter /= np.linalg.norm(scatter, axis=1, keepdims=True)
    near = np.arccos(scatter @ middle) * EARTH_RADIUS_KM <= radius
    assert near.sum() > 3000
    reached = np.unique(h3_points.library_cells(h3_points.lonlat(scatter[near]), 6))
    assert np.isin(reached, found).all()
    # And no more: each cell comes within the radius and one percent of an edge.
    for cell in found.tolist():
        ring = h3_points.unit([(x, y) for y, x in h3.cell_to_boundary(cell)])
        t = np.linspace(0, 1, 200)[:, None, None]
        edges = (ring + t * (np.roll(ring, -1, axis=0) - ring)).reshape(-1, 3)
        edges /= np.linalg.norm(edges, axis=1, keepdims=True)
        nearest = np.arccos(np.clip(edges @ middle, -1, 1)).min() * EARTH_RADIUS_KM
        assert nearest <= radius + 0.01 * 3.7 or cell == h3.latlng_to_cell(-17.8, 178.9, 6)


def test_hulls_hold_their_points_also_across_the_antimeridian():
    lon, lat = np.array([178.0, -178.5, 179.5, np.nan]), np.array([-17.0, -16.0, -19.5, 0.0])
    found = cells.study_grid(lon=lon, lat=lat, resolution=4)
    turned = shapely.Polygon([(178.0, -17.0), (181.5, -16.0), (179.5, -19.5)])
    west = turned.intersection(shapely.box(0, -90, 180, 90))
    east = shapely.transform(
        turned.intersection(shapely.box(180, -90, 360, 90)), lambda p: p - (360, 0)
    )
    np.testing.assert_array_equal(found, cells.study_grid([west, east], resolution=4))
    one = cells.study_grid(lon=69.5, lat=36.7, resolution=7)
    assert one.tolist() == [h3.latlng_to_cell(36.7, 69.5, 7)]
    line = cells.study_grid(lon=[69.0, 70.0], lat=[36.0, 36.0], resolution=5)
    along = h3_points.library_cells(
        np.column_stack((np.linspace(69, 70, 500), np.full(500, 36.0))), 5
    )
    np.testing.assert_array_equal(line, np.unique(along))
    assert cells.study_grid(lon=[0.0, 45.0], lat=[90.0, 90.0], resolution=5).size == 1


def test_too_many_cells_are_refused_with_a_resolution_that_fits():
    with pytest.raises(
        ValueError, match=r"9 gives about 4,8.*max_cells=5,000,000; resolution=5 fits"
    ):
        cells.study_grid((-180, -90, 180, 90), resolution=9)
    with pytest.raises(ValueError, match="no resolution fits"):
        cells.study_grid((-180, -90, 180, 90), resolution=3, max_cells=10)
    with pytest.raises(ValueError, match="more than max_cells=1,000"):
        cells.study_grid(lon=[0.0], lat=[0.0], radius_km=500, resolution=9, max_cells=1000)


@pytest.mark.parametrize(
    ("max_cells", "error", "message"),
    [
        (0, ValueError, "Invalid max_cells: 0; must be in"),
        ("many", TypeError, "Invalid max_cells: 'many' is not a number"),
    ],
)
def test_a_number_of_cells_is_checked(max_cells, error, message):
    with pytest.raises(error, match=message):
        cells.finest_resolution(HOLED, max_cells=max_cells)


def test_the_finest_resolution_of_no_and_of_every_area():
    world = (-180, -90, 180, 90)
    assert cells.finest_resolution(world, max_cells=10) == 0  # even 0 has 122
    assert cells.finest_resolution(world, max_cells=1e18) == 15
    with pytest.raises(TypeError, match="str is neither polygons nor a box"):
        cells.finest_resolution("AFG", max_cells=10)


def test_expected_size_is_near_the_truth():
    from geo_risk.cells import _study_grid

    parts = _study_grid.as_parts(HOLED)
    area = _study_grid._outline_area_km2(_study_grid._outline(parts))
    grid = cells.study_grid(HOLED, resolution=6, containment="center")
    assert area == pytest.approx(cells.cell_areas_km2(grid).sum(), rel=0.01)


def test_geoseries_count_by_their_crs():
    geopandas = pytest.importorskip("geopandas")
    series = geopandas.GeoSeries([HOLED, None], crs=4326)
    expected = cells.study_grid(HOLED, resolution=4)
    np.testing.assert_array_equal(cells.study_grid(series, resolution=4), expected)
    frame = geopandas.GeoDataFrame(geometry=series)
    np.testing.assert_array_equal(cells.study_grid(frame, resolution=4), expected)
    with pytest.raises(ValueError, match=r"its CRS is .*; use area.to_crs\(4326\)"):
        cells.study_grid(series.to_crs(3857), resolution=4)


@pytest.mark.parametrize(
    ("area", "error", "message"),
    [
        ((69, 38, 70, 36), ValueError, r"must be \(west, south, east, north\)"),
        ((69, float("nan"), 70, 36), ValueError, r"must be \(west, south, east, north\)"),
        ((69, 36, 200, 38), ValueError, "lon: 1 of 2 values"),
        (("a", 1, 2, 3), ValueError, "could not convert|not four numbers"),
        ("AFG", TypeError, "str is neither polygons nor a box"),
        (7, TypeError, "int is neither polygons nor a box"),
        (shapely.Point(1, 2), TypeError, "Point at index 0 is not a Polygon"),
        ([HOLED, shapely.LineString([(0, 0), (1, 1)])], TypeError, "LineString at index 1"),
        (shapely.Polygon(), ValueError, "it is empty"),
        ([], ValueError, "it is empty"),
        (shapely.box(500_000, 4_000_000, 600_000, 4_100_000), ValueError, "projected"),
        (shapely.box(170, 0, 190, 5), ValueError, "190 would be -170"),
    ],
)
def test_bad_areas_are_refused(area, error, message):
    with pytest.raises(error, match=message):
        cells.study_grid(area, resolution=5)


def test_area_and_discs_exclude_each_other():
    with pytest.raises(ValueError, match="either area, or lon and lat"):
        cells.study_grid(resolution=5)
    with pytest.raises(ValueError, match="either area, or lon and lat"):
        cells.study_grid(HOLED, lon=1.0, lat=1.0, radius_km=1.0, resolution=5)
    with pytest.raises(ValueError, match="points need both"):
        cells.study_grid(lon=1.0, radius_km=5.0, resolution=5)
    with pytest.raises(ValueError, match="Invalid radius_km: 0"):
        cells.study_grid(lon=1.0, lat=1.0, radius_km=0, resolution=5)
    with pytest.raises(ValueError, match="no point to put a study area around"):
        cells.study_grid(lon=[np.nan], lat=[1.0], radius_km=3, resolution=5)
    with pytest.raises(ValueError, match="Invalid containment: 'full'"):
        cells.study_grid(HOLED, resolution=5, containment="full")


def test_the_benchmark_finds_no_difference():
    bench = runpy.run_path(str(ROOT / "benchmarks" / "bench_cells.py"))
    assert [part["wrong"] for part in bench["check_exact"](200).values()] == [0, 0]
