"""What must hold of cells whatever the input."""

from __future__ import annotations

import h3.api.basic_int as h3
import h3_points
import numpy as np
import shapely
from hypothesis import assume, example, given, settings, strategies as st

from geo_risk import cells

LONGITUDES = st.floats(-180, 180) | st.sampled_from([-180.0, 180.0, 0.0, 90.0, 179.9999999])
LATITUDES = st.floats(-90, 90) | st.sampled_from([-90.0, 90.0, 0.0, 89.9999999, -5e-324])
RESOLUTIONS = st.integers(0, 15)
POINTS = st.lists(st.tuples(LONGITUDES, LATITUDES), min_size=1, max_size=20)


@st.composite
def grids(draw, max_resolution=15):
    """Disks around places, pentagons, the seam and the poles, with some cells taken out."""
    resolution = draw(st.integers(0, max_resolution))
    lon, lat = draw(LONGITUDES), draw(LATITUDES)
    home = h3.latlng_to_cell(lat, lon, resolution)
    home = draw(st.sampled_from([home, h3.get_pentagons(resolution)[draw(st.integers(0, 11))]]))
    around = sorted(h3.grid_disk(home, draw(st.integers(0, 4))))
    kept = draw(st.lists(st.sampled_from(around), min_size=1, unique=True) | st.just(around))
    return np.array(draw(st.permutations(kept)), dtype=np.uint64)


@st.composite
def polygons(draw):
    """Stars around a centre that lie within the plane of lon/lat, a degree or thirty wide."""
    size = draw(st.floats(0.01, 30))
    lon, lat = draw(st.floats(-180 + size, 180 - size)), draw(st.floats(-90 + size, 90 - size))
    n = draw(st.integers(3, 9))
    radii = np.array(draw(st.lists(st.floats(0.2, 1), min_size=n, max_size=n))) * size
    angle = np.linspace(0, 2 * np.pi, n, endpoint=False)
    ring = np.column_stack((lon + radii * np.cos(angle), lat + radii * np.sin(angle)))
    polygon = shapely.Polygon(ring)
    assume(polygon.is_valid and polygon.area > 0)
    return polygon, size


def resolution_for(size: float, draw_finer: int) -> int:
    """A resolution that gives some hundred cells over `size` degrees."""
    return int(np.clip(round(3.0 - np.log(size / 10.0) / np.log(np.sqrt(7))) + draw_finer, 0, 15))


@settings(max_examples=150)
@given(POINTS, RESOLUTIONS)
@example([(180.0, 66.5), (-180.0, 66.5)], 15)
def test_index_equals_the_library(points, resolution):
    lon, lat = np.array(points).T
    found = cells.h3_cells(lon=lon, lat=lat, resolution=resolution)
    turned = np.where(lon == -180.0, 180.0, lon)
    expected = [h3.latlng_to_cell(y, x, resolution) for x, y in zip(turned, lat, strict=True)]
    assert found.tolist() == expected


@settings(max_examples=40)
@given(st.integers(0, 2**32 - 1), RESOLUTIONS)
def test_index_equals_the_library_at_edges_corners_seams_and_poles(seed, resolution):
    points = h3_points.adversarial(60, resolution, np.random.default_rng(seed))
    found = cells.h3_cells(lon=points[:, 0], lat=points[:, 1], resolution=resolution)
    np.testing.assert_array_equal(found, h3_points.library_cells(points, resolution))


@settings(max_examples=50)
@given(st.lists(st.tuples(LONGITUDES, LATITUDES, RESOLUTIONS), min_size=1, max_size=20))
def test_a_resolution_for_each_point_gives_its_cell_there(rows):
    lon, lat, levels = (np.array(column) for column in zip(*rows, strict=True))
    found = cells.h3_cells(lon=lon, lat=lat, resolution=levels)
    for row, (x, y, level) in enumerate(rows):
        assert found[row] == cells.h3_cells(lon=x, lat=y, resolution=level)


@settings(max_examples=50)
@given(st.floats(-90, 90), RESOLUTIONS)
def test_both_sides_of_the_antimeridian_agree(lat, resolution):
    west, east = cells.h3_cells(lon=[-180.0, 180.0], lat=lat, resolution=resolution)
    assert west == east


@settings(max_examples=100)
@given(POINTS, RESOLUTIONS)
def test_center_and_name_lead_back_to_the_cell(points, resolution):
    lon, lat = np.array(points).T
    found = cells.h3_cells(lon=lon, lat=lat, resolution=resolution)
    x, y = cells.cell_centers(found)
    np.testing.assert_array_equal(cells.h3_cells(lon=x, lat=y, resolution=resolution), found)
    names = cells.cells_to_strings(found)
    assert names.tolist() == [h3.int_to_str(cell) for cell in found.tolist()]
    np.testing.assert_array_equal(cells.strings_to_cells(names), found)
    assert (cells.cell_resolutions(names) == resolution).all()


@settings(max_examples=100)
@given(POINTS, RESOLUTIONS, RESOLUTIONS)
def test_parents_hold_their_children(points, resolution, coarser):
    assume(coarser <= resolution)
    lon, lat = np.array(points).T
    found = cells.h3_cells(lon=lon, lat=lat, resolution=resolution)
    parents = cells.cell_parents(found, coarser)
    for cell, parent in zip(found.tolist(), parents.tolist(), strict=True):
        assert h3.cell_to_parent(cell, coarser) == parent
    x, y = cells.cell_centers(parents)
    down = cells.cell_parents(cells.h3_cells(lon=x, lat=y, resolution=resolution), coarser)
    np.testing.assert_array_equal(down, parents)


@settings(max_examples=40)
@given(grids(max_resolution=9))
def test_shapes_are_valid_hold_their_centers_and_match_their_areas(grid):
    shapes, areas = cells.cell_polygons(grid), cells.cell_areas_km2(grid)
    assert shapely.is_valid(shapes).all()
    west, south, east, north = shapely.total_bounds(shapes)
    assert west >= -180
    assert south >= -90
    assert east <= 180
    assert north <= 90
    if cells.cell_resolutions(grid)[0] >= 2:  # coarser edges bend too much
        lon, lat = cells.cell_centers(grid)
        assert shapely.intersects_xy(shapes, lon, lat).all()
    expected = [h3.cell_area(cell, "km^2") for cell in grid.tolist()]
    np.testing.assert_allclose(areas, expected, rtol=1e-4)  # the library's, near poles


@settings(max_examples=60)
@given(grids(), st.integers(1, 3))
def test_graph_is_symmetric_and_complete(grid, k):
    graph = cells.neighbor_graph(grid, k=k)
    assert (graph != graph.T).nnz == 0
    assert graph.diagonal().sum() == 0
    disks = [set(h3.grid_disk(cell, k)) for cell in grid.tolist()]
    there = set(grid.tolist())
    linked = [
        set(grid[graph.indices[a:b]].tolist()) for a, b in zip(graph.indptr, graph.indptr[1:])
    ]
    assert linked == [
        (around & there) - {cell} for around, cell in zip(disks, grid.tolist(), strict=True)
    ]
    missing = cells.neighbors_missing(grid, k=k)
    assert missing.tolist() == [len(around - there) for around in disks]


@settings(max_examples=40)
@given(grids(), st.randoms(use_true_random=False))
def test_graph_follows_the_order_of_its_cells(grid, random):
    order = list(range(grid.size))
    random.shuffle(order)
    whole, turned = cells.neighbor_graph(grid), cells.neighbor_graph(grid[order])
    assert (whole[order][:, order] != turned).nnz == 0


@settings(max_examples=40)
@given(grids(), st.integers(0, 3))
def test_disk_is_the_union_of_disks(grid, k):
    expected = sorted({cell for home in grid.tolist() for cell in h3.grid_disk(home, k)})
    assert cells.grid_disk(grid, k).tolist() == expected


@settings(max_examples=60)
@given(grids(max_resolution=8), st.data())
def test_counts_add_up(grid, data):
    resolution = int(cells.cell_resolutions(grid)[0])
    pool = [*grid.tolist(), 0, h3.latlng_to_cell(-12.0, -77.0, resolution)]
    events = np.array(data.draw(st.lists(st.sampled_from(pool), max_size=40)), dtype=np.uint64)
    counted = cells.count_in_cells(events, grid)
    assert counted.counts.sum() + counted.outside + counted.missing == events.size
    assert counted.counts.tolist() == [int((events == cell).sum()) for cell in grid]
    placed = counted.position >= 0
    np.testing.assert_array_equal(grid[counted.position[placed]], events[placed])


@settings(max_examples=60)
@given(polygons(), st.integers(-1, 1), st.integers(0, 2**32 - 1))
def test_study_grid_holds_the_cell_of_every_point_of_the_area(drawn, finer, seed):
    polygon, size = drawn
    resolution = resolution_for(size, finer)
    grid = cells.study_grid(polygon, resolution=resolution)
    west, south, east, north = polygon.bounds
    rng = np.random.default_rng(seed)
    lon, lat = rng.uniform(west, east, 400), rng.uniform(south, north, 400)
    corners = shapely.get_coordinates(polygon)
    inside = shapely.contains_xy(polygon, lon, lat)
    lon, lat = np.append(lon[inside], corners[:, 0]), np.append(lat[inside], corners[:, 1])
    assert np.isin(cells.h3_cells(lon=lon, lat=lat, resolution=resolution), grid).all()
    assert (np.diff(grid.astype(np.int64)) > 0).all()
    # The cells by center are among them, and none is far from the area.
    assert np.isin(
        cells.study_grid(polygon, resolution=resolution, containment="center"), grid
    ).all()
    near = cells.grid_disk(cells.h3_cells(lon=lon, lat=lat, resolution=resolution), 3)
    edge = cells.grid_disk(grid[cells.neighbors_missing(grid) > 0], 0)
    shapes = cells.cell_polygons(edge[~np.isin(edge, near)])
    assert (shapely.distance(shapes, polygon) < 0.02 * size).all()


@settings(max_examples=60)
@given(polygons(), st.integers(1, 2000))
@example((shapely.box(-180, -90, 180, 90), 90), 50)
def test_finest_resolution_is_the_first_that_study_grid_does_not_refuse(drawn, max_cells):
    polygon, _ = drawn

    def is_refused(resolution):
        try:
            cells.study_grid(polygon, resolution=resolution, max_cells=max_cells)
        except ValueError:
            return True
        return False

    first = next((r for r in range(15, -1, -1) if not is_refused(r)), 0)
    assert cells.finest_resolution(polygon, max_cells=max_cells) == first


@settings(max_examples=30)
@given(polygons(), st.floats(0.1, 0.9))
def test_by_center_a_cut_area_gives_each_cell_once(drawn, share):
    polygon, size = drawn
    resolution = resolution_for(size, 0)
    west, south, east, north = polygon.bounds
    cut = west + share * (east - west)
    parts = [
        polygon.intersection(shapely.box(west, south, cut, north)),
        polygon.intersection(shapely.box(cut, south, east, north)),
    ]
    left, right = (
        cells.study_grid(part, resolution=resolution, containment="center") for part in parts
    )
    whole = cells.study_grid(polygon, resolution=resolution, containment="center")
    assert np.isin(whole, np.union1d(left, right)).all()
    lon, _ = cells.cell_centers(np.intersect1d(left, right))
    assert lon.size <= 2 * sum(len(shapely.get_parts(part)) for part in parts)  # slivers only


@settings(max_examples=40)
@given(LONGITUDES, LATITUDES, st.floats(0.001, 2000), st.integers(-1, 1), st.integers(0, 99))
def test_discs_hold_their_points(lon, lat, radius, finer, seed):
    resolution = resolution_for(radius / 111.0, finer)
    grid = cells.study_grid(lon=lon, lat=lat, radius_km=radius, resolution=resolution)
    rng = np.random.default_rng(seed)
    middle = h3_points.unit([(lon, lat)])[0]
    side = np.linalg.svd(middle[None])[2][1:]
    angle, turn = radius / 6371.0088 * np.sqrt(rng.uniform(0, 1, 200)), rng.uniform(0, 7, 200)
    away = np.column_stack((np.cos(turn), np.sin(turn))) @ side
    points = h3_points.lonlat(np.cos(angle)[:, None] * middle + np.sin(angle)[:, None] * away)
    found = cells.h3_cells(lon=points[:, 0], lat=points[:, 1], resolution=resolution)
    assert np.isin(found, grid).all()
    by_center = cells.study_grid(
        lon=lon, lat=lat, radius_km=radius, resolution=resolution, containment="center"
    )
    assert np.isin(by_center, grid).all()


@settings(max_examples=40)
@given(st.lists(st.tuples(LONGITUDES, LATITUDES), min_size=1, max_size=6), st.integers(0, 2))
def test_hulls_hold_the_cells_of_their_points(points, resolution):
    lon, lat = np.array(points).T
    for containment in ("overlap", "center"):
        grid = cells.study_grid(lon=lon, lat=lat, resolution=resolution, containment=containment)
        found = cells.h3_cells(lon=lon, lat=lat, resolution=resolution)
        assert np.isin(found, grid).all()
