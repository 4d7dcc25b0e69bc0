"""What must hold for layers from elsewhere and for unions of regions, whatever they look like."""

from __future__ import annotations

import datetime as dt

import geopandas
import numpy as np
import shapely
from geopandas.testing import assert_geodataframe_equal
from hypothesis import given, settings, strategies as st
from strategies import coverages

import geo_risk as gr
from geo_risk.regions import claimants, disputes, worldviews
from geo_risk.regions.coverage import from_geometries, to_geometries
from geo_risk.regions.dated import DatedLayer, days_of
from geo_risk.regions.dissolve import dissolve
from geo_risk.regions.layer import RegionLayer
from geo_risk.regions.naming import codes_of
from geo_risk.regions.overlay import largest_overlaps, overlap_table
from geo_risk.regions.repair import find_gaps, find_overlaps, make_sound
from geo_risk.regions.snap import snap_vertices
from geo_risk.regions.subset import boxes_of, take_rows
from geo_risk.regions.topology import build_topology


def layer_of(shapes, countries) -> RegionLayer:
    codes = [f"R{i}" for i in range(len(shapes))]
    columns = {"region_code": codes, "region_name": codes}
    columns |= {"country_code": countries, "unit_code": countries}
    return RegionLayer(from_geometries(shapes), columns, name="drawn")


@settings(max_examples=40)
@given(shapes=coverages(), data=st.data())
def test_countries_agree_with_their_regions(shapes, data):
    countries = [data.draw(st.sampled_from(["AAA", "BBB", "CCC"])) for _ in shapes]
    layer = layer_of(shapes, countries)
    joined = dissolve(layer)
    rng = np.random.default_rng(data.draw(st.integers(0, 2**32 - 1)))
    west, south, east, north = shapely.total_bounds(np.array(shapes, dtype=object))
    points = rng.choice(layer.coverage.coords, 40)
    lon = np.clip(np.concatenate([points[:, 0], rng.uniform(west, east, 40)]), -180, 180)
    lat = np.clip(np.concatenate([points[:, 1], rng.uniform(south, north, 40)]), -90, 90)
    region, country = layer.locate(lon=lon, lat=lat), joined.locate(lon=lon, lat=lat)
    np.testing.assert_array_equal(region >= 0, country >= 0)
    codes = np.array(joined.columns["region_code"])[country[country >= 0]]
    np.testing.assert_array_equal(codes, np.array(countries)[region[region >= 0]])
    areas = {c: sum(s.area for s, d in zip(shapes, countries) if d == c) for c in set(countries)}
    for code, shape in zip(joined.columns["region_code"], joined.table.geometry):
        assert np.isclose(shape.area, areas[code])
        assert shape.is_valid


@settings(max_examples=40)
@given(shapes=coverages(), data=st.data())
def test_the_edges_of_countries_are_those_of_their_union(shapes, data):
    countries = [data.draw(st.sampled_from(["AAA", "BBB"])) for _ in shapes]
    joined = dissolve(layer_of(shapes, countries))
    derived, drawn = joined.topology, build_topology(joined.coverage)
    for name in ("left", "right"):
        assert len(getattr(derived, name)) == len(derived)
    keys = [
        set(zip(t.ax.tolist(), t.ay.tolist(), t.bx.tolist(), t.by.tolist(),
                t.left.tolist(), t.right.tolist()))
        for t in (derived, drawn)
    ]  # fmt: skip
    assert keys[0] == keys[1]


@settings(max_examples=40)
@given(shapes=coverages(), data=st.data())
def test_taken_rows_are_the_rows(shapes, data):
    rows = data.draw(st.lists(st.sampled_from(range(len(shapes))), unique=True))
    coverage = from_geometries(shapes)
    taken = take_rows(coverage, rows)
    taken._check()
    assert [s.wkb for s in to_geometries(taken)] == [to_geometries(coverage)[r].wkb for r in rows]
    np.testing.assert_array_equal(boxes_of(taken), boxes_of(coverage)[rows])


def metres_apart(a, b):
    """Distance on the WGS84 ellipsoid."""
    from pyproj import Geod

    return np.asarray(Geod(ellps="WGS84").inv(a[:, 0], a[:, 1], b[:, 0], b[:, 1])[2])


@settings(max_examples=40)
@given(shapes=coverages(), seed=st.integers(0, 2**32 - 1))
def test_snapping_finds_the_edges_that_were_drawn_apart(shapes, seed):
    """Each polygon is shifted by up to 0.3 m by itself: snapping within 1 m undoes it."""
    rng = np.random.default_rng(seed)
    whole = from_geometries(shapes)
    shift = rng.uniform(-1.9e-6, 1.9e-6, (len(shapes), 2))  # 0.21 m each way
    row = np.repeat(whole.part_region[whole.ring_part], np.diff(whole.ring_offsets))
    coords = np.clip(whole.coords + shift[row], [-180, -90], [180, 90])
    apart = type(whole)(
        coords, whole.ring_offsets, whole.ring_part, whole.part_region, whole.n_regions
    )
    snapped = snap_vertices(apart, 1.0)
    snapped.coverage._check()
    assert snapped.largest_m <= 1.0
    if snapped.inserted == 0:
        assert metres_apart(apart.coords, snapped.coverage.coords).max() <= 1.01
    before, after = build_topology(whole), build_topology(snapped.coverage)
    pairs = [
        {tuple(p) for p in np.column_stack([t.left, t.right])[t.right >= 0].tolist()}
        for t in (before, after)
    ]
    if np.abs(whole.coords).max(axis=0)[1] < 80.0 and np.abs(whole.coords[:, 0]).max() < 180.0:
        assert pairs[0] == pairs[1]
        assert (before.right >= 0).sum() == (after.right >= 0).sum()


@settings(max_examples=30)
@given(shapes=coverages(), tolerance=st.sampled_from([0.0, 1.0, 100.0]))
def test_snapping_leaves_a_sound_coverage_alone(shapes, tolerance):
    whole = from_geometries(shapes)
    snapped = snap_vertices(whole, tolerance)
    np.testing.assert_array_equal(snapped.coverage.coords, whole.coords)
    assert (snapped.moved, snapped.inserted) == (0, 0)


def inside_oddly(ring, x, y):
    """Whether a point is enclosed an odd number of times: one ray, plain arithmetic."""
    odd = False
    for (ax, ay), (bx, by) in zip(ring, ring[1:] + ring[:1]):
        if (ay > y) != (by > y) and x < ax + (y - ay) * (bx - ax) / (by - ay):
            odd = not odd
    return odd


@settings(max_examples=80)
@given(
    n=st.integers(4, 9),
    seed=st.integers(0, 2**32 - 1),
)
def test_a_repaired_ring_covers_what_it_enclosed(n, seed):
    ring = [tuple(corner) for corner in np.random.default_rng(seed).uniform(0, 9, (n, 2)).tolist()]
    with_rest = np.array([shapely.Polygon(ring), None], dtype=object)
    sound, notes = make_sound(with_rest)
    assert sound[1] is None
    assert bool(notes) == (not with_rest[0].is_valid)
    points = np.random.default_rng([seed, 1]).uniform(0, 9, (40, 2))  # never on an edge
    for x, y in points:
        covered = sound[0] is not None and sound[0].covers(shapely.Point(x, y))
        assert covered == inside_oddly(ring, x, y)
    assert sound[0] is None or sound[0].geom_type in ("Polygon", "MultiPolygon")


boxes = st.lists(
    st.tuples(st.integers(0, 8), st.integers(0, 8), st.integers(1, 4), st.integers(1, 4)),
    min_size=1, max_size=6,
)  # fmt: skip


@settings(max_examples=60)
@given(corners=boxes)
def test_overlaps_and_gaps_against_a_grid(corners):
    """Boxes on a grid of whole degrees: every cell is counted by hand."""
    shapes = np.array([shapely.box(x, y, x + w, y + h) for x, y, w, h in corners], dtype=object)
    codes = [str(k) for k in range(len(shapes))]
    held = np.zeros((len(shapes), 14, 14), dtype=bool)
    for k, (x, y, w, h) in enumerate(corners):
        held[k, 1 + x : 1 + x + w, 1 + y : 1 + y + h] = True

    def degrees(pieces):
        total = {}
        for piece in pieces:
            total.setdefault(piece.region_codes, []).append((piece.lon, piece.lat))
        return total

    overlaps = degrees(find_overlaps(shapes, codes))
    expected = {
        (codes[i], codes[j])
        for i in range(len(shapes)) for j in range(i + 1, len(shapes)) if (held[i] & held[j]).any()
    }  # fmt: skip
    assert set(overlaps) == expected
    for (i, j), places in overlaps.items():
        for lon, lat in places:
            assert held[int(i)][1 + int(lon), 1 + int(lat)]
            assert held[int(j)][1 + int(lon), 1 + int(lat)]
    outside = ~held.any(axis=0)
    reached = np.zeros_like(outside)
    reached[0, 0] = True
    for _ in range(200):  # flood from outside, through edges only
        grown = reached.copy()
        grown[1:] |= reached[:-1]
        grown[:-1] |= reached[1:]
        grown[:, 1:] |= reached[:, :-1]
        grown[:, :-1] |= reached[:, 1:]
        grown &= outside
        if (grown == reached).all():
            break
        reached = grown
    closed_in = outside & ~reached
    gaps = find_gaps(shapes, codes)
    assert bool(gaps) == bool(closed_in.any())
    for piece in gaps:
        assert closed_in[1 + int(piece.lon), 1 + int(piece.lat)]


@settings(max_examples=60)
@given(ours=boxes, theirs=boxes)
def test_the_largest_overlap_is_the_largest(ours, theirs):
    """Near the equator a cell of one degree has nearly the same area everywhere."""
    shapes = [shapely.box(x, y, x + w, y + h) for x, y, w, h in ours]
    others = [shapely.box(x, y, x + w, y + h) for x, y, w, h in theirs]
    best, share = largest_overlaps(shapes, others)
    for shape, found, part in zip(shapes, best.tolist(), share.tolist()):
        areas = [shape.intersection(other).area for other in others]
        assert (found == -1) == (max(areas) == 0.0)
        if found >= 0:
            assert areas[found] >= 0.96 * max(areas)
            assert np.isclose(part, areas[found] / shape.area, rtol=0.04)
    row, other, area = overlap_table(shapes, others)
    assert (area > 0.0).all()
    assert len({*zip(row.tolist(), other.tolist())}) == len(row)


@settings(max_examples=40)
@given(data=st.data())
def test_a_dated_layer_answers_as_of_the_day(data):
    """Against a search of all rows, one by one."""
    n = data.draw(st.integers(1, 6))
    day = st.one_of(st.none(), st.integers(0, 12))
    spans = [(data.draw(day), data.draw(day)) for _ in range(n)]
    spans = [(a, b) if a is None or b is None or a <= b else (b, a) for a, b in spans]
    places = [data.draw(st.integers(0, 2)) for _ in range(n)]
    shapes = [shapely.box(x, 0, x + 1, 1) for x in places]
    codes = [f"R{k}" for k in range(n)]
    columns = {"region_code": codes, "region_name": codes, "country_code": [None] * n}
    start = np.datetime64("2000-01-01")

    def days(values):
        after = [np.timedelta64("NaT" if v is None else v, "D") for v in values]
        return start + np.array(after, "timedelta64[D]")

    layer = DatedLayer(
        from_geometries(shapes), {**columns, "unit_code": ["ZZZ"] * n}, name="dated",
        valid_from=days([a for a, _ in spans]), valid_to=days([b for _, b in spans]),
    )  # fmt: skip
    asked = data.draw(st.lists(st.tuples(st.integers(-2, 14), st.integers(0, 3)), max_size=12))
    found = layer.locate(
        lon=[x + 0.5 for _, x in asked], lat=[0.5] * len(asked), date=days([d for d, _ in asked])
    )
    for (when, where), row in zip(asked, found.tolist()):
        holders = [
            k for k in range(n)
            if places[k] == where
            and (spans[k][0] is None or spans[k][0] <= when)
            and (spans[k][1] is None or when <= spans[k][1])
        ]  # fmt: skip
        if len(holders) < 2:  # where regions overlap in time and space, one of them
            assert row == (holders[0] if holders else -1)
        else:
            assert row in holders or row == -1


texts = st.one_of(
    st.none(),
    st.sampled_from(["A", "A", "a", "A~1", "AFG-1", "  ", "Ø", "عا"]),
    st.text(max_size=4),
)


@settings(max_examples=200)
@given(rows=st.lists(st.tuples(texts, texts, st.sampled_from([None, "1990-01-01"])), max_size=8))
def test_codes_are_always_unique(rows):
    stated = [code.strip() or None if code else None for code, _, _ in rows]
    names = [name.strip() or None if name else None for _, name, _ in rows]
    codes, systems, notes = codes_of(
        stated, names, ["AFG"] * len(rows), "pcode", [day for _, _, day in rows]
    )
    assert len(set(codes)) == len(codes) == len(systems) == len(rows)
    for row, (code, own) in enumerate(zip(codes, stated)):
        if own is not None and stated.count(own) == 1:
            assert code == own  # a code that is unique stays
        elif own is not None:
            assert code != own  # one that is not, is nobody's any more
        assert (code == own) == (row not in {note.row for note in notes})


@settings(max_examples=25)
@given(shapes=coverages(), data=st.data())
def test_a_sound_frame_comes_out_as_it_went_in(shapes, data):
    codes = [data.draw(texts) for _ in shapes]
    frame = geopandas.GeoDataFrame(
        {"pcode": codes, "label": codes}, geometry=shapes, crs="EPSG:4326",
        index=[7] * len(shapes),
    )  # fmt: skip
    before = frame.copy()
    layer = gr.load_regions(frame, code="pcode", name="label", country="AFG")
    assert_geodataframe_equal(frame, before)
    assert len(layer) == len(frame)
    assert layer.report.overlaps == ()
    assert layer.report.repaired == ()
    assert layer.report.snapped_vertices == layer.report.inserted_vertices == 0
    np.testing.assert_array_equal(layer.coverage.coords, from_geometries(shapes).coords)
    assert not layer.report.gaps
    assert str(layer.report).startswith(f"{len(frame)} regions")


@settings(max_examples=60)
@given(
    days=st.lists(st.one_of(st.none(), st.dates(dt.date(1, 1, 1), dt.date(9999, 12, 31)))),
)
def test_dates_are_read_however_they_are_written(days):
    expected = np.array(days, dtype="datetime64[D]")
    written = [None if day is None else day.isoformat() for day in days]
    stamped = [None if day is None else f"{day.isoformat()}T12:00:00" for day in days]
    for values in (days, written, stamped, expected):
        np.testing.assert_array_equal(days_of(values, "date"), expected)


@settings(max_examples=30)
@given(state=st.sampled_from(claimants()))
def test_every_claim_of_a_state_is_shown_or_told(state):
    assert f"claims:{state}" in worldviews()
    de_facto, view = gr.load_regions(), gr.load_regions(worldview=f"claims:{state}")
    rows = {code: row for row, code in enumerate(view.columns["source_code"])}
    for dispute in disputes():
        row = rows[dispute.source_code]
        assert set(dispute.claimed_by) == set(view.columns["claimed_by"][row])
        if state not in dispute.claimed_by:
            assert view.columns["country_code"][row] == de_facto.columns["country_code"][row]


@settings(max_examples=30)
@given(shapes=coverages(), seed=st.integers(0, 2**32 - 1))
def test_a_mended_layer_covers_what_the_input_covered(shapes, seed):
    """Away from the input's edges by more than the tolerance, every point keeps its region."""
    rng = np.random.default_rng(seed)
    tolerance_m, degree_m = 1.0, 111_700.0
    drawn = []
    for shape in shapes:
        coords = shapely.get_coordinates(shape)
        if np.abs(coords[:, 0]).max() > 179.5 or np.abs(coords[:, 1]).max() > 80.0:
            return  # a metre is many degrees there, or the map ends
        closed = []
        for ring in (shape.exterior, *shape.interiors):
            open_ring = np.array(ring.coords)[:-1]
            moved = open_ring + rng.uniform(-2e-6, 2e-6, open_ring.shape)
            closed.append(np.vstack([moved, moved[:1]]))
        drawn.append(shapely.Polygon(closed[0], closed[1:]))
    frame = geopandas.GeoDataFrame(
        {"pcode": [f"P{k}" for k in range(len(drawn))]}, geometry=drawn, crs="EPSG:4326"
    )
    layer = gr.load_regions(frame, code="pcode", country="AFG", snap_tolerance_m=tolerance_m)
    west, south, east, north = frame.total_bounds
    points = shapely.points(rng.uniform(west, east, 60), rng.uniform(south, north, 60))
    edges = shapely.union_all([shape.boundary for shape in drawn])
    # a degree of longitude is the shorter the farther north: metres are at most these degrees
    margin = 2 * tolerance_m / degree_m / np.cos(np.radians(max(abs(south), abs(north), 1.0)))
    clear = shapely.distance(points, edges) > margin
    found = layer.locate(lon=shapely.get_x(points), lat=shapely.get_y(points))
    for point, row in zip(points[clear], found[clear]):
        holders = [k for k, shape in enumerate(drawn) if shape.covers(point)]
        assert row == (holders[0] if holders else -1)
    before = sum(shape.area for shape in drawn)
    assert abs(shapely.area(layer.table.geometry.to_numpy()).sum() - before) < 1e-3


@settings(max_examples=20)
@given(seed=st.integers(0, 2**32 - 1), snap_km=st.floats(0.0, 200.0))
def test_snapping_never_moves_a_point_that_is_inside(seed, snap_km):
    rng = np.random.default_rng(seed)
    world = gr.load_regions()
    coast = rng.choice(np.flatnonzero(world.topology.right < 0), 30)  # points about the coasts
    lon = np.clip(world.topology.ax[coast] + rng.normal(0, 0.3, 30), -180, 180)
    lat = np.clip(world.topology.ay[coast] + rng.normal(0, 0.3, 30), -90, 90)
    events = geopandas.GeoDataFrame(geometry=shapely.points(lon, lat), crs="EPSG:4326")
    found = gr.geocode(events, snap_km=snap_km)
    rows = world.locate(lon=lon, lat=lat)
    codes = np.array([*world.columns["region_code"], None], dtype=object)[rows]
    inside = rows >= 0
    assert (found["match"][inside] == "polygon").all()
    assert found["snap_m"][inside].isna().all()
    assert found["region_code"][inside].tolist() == codes[inside].tolist()
    assert set(found["match"][~inside]) <= {"snapped", "none"}
    assert (found["snap_m"][found["match"] == "snapped"] <= 1000 * snap_km).all()
    assert shapely.equals_exact(found.geometry.to_numpy(), events.geometry.to_numpy()).all()
