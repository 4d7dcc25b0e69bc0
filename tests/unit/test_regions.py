"""Region layers: exact location, neighbours, the bundled world layer, damaged products."""

from __future__ import annotations

import json
import math
from functools import cache

import numpy as np
import pytest
import shapely
from layer_cases import make_layer
from oracles import half_open_rows, orientation_exact

import geo_risk as gr
from geo_risk._core import products as _products
from geo_risk.errors import DataCorruptError, DataNotFoundError, UnknownRegionError
from geo_risk.regions import RegionLayer, sources
from geo_risk.regions.coverage import Coverage, from_geometries, to_geometries


@pytest.fixture(scope="module")
def world():
    return gr.load_regions()


class TestOrientation:
    def test_exact_on_nearly_collinear_points(self):
        from geo_risk.regions._predicates import orientation

        rng = np.random.default_rng(7)
        exact_zero = 0
        for _ in range(2000):
            a, d = rng.uniform(-180, 180, 2), rng.uniform(-1, 1, 2)
            b = a + d
            p = a + rng.uniform(0, 1) * d
            for _ in range(rng.integers(0, 3)):
                p = np.nextafter(p, rng.choice([-np.inf, np.inf], 2))
            want = orientation_exact(*a, *b, *p)
            exact_zero += want == 0
            assert orientation(*a, *b, *p) == want
        assert exact_zero < 2000

    def test_exactly_on_the_line(self):
        from geo_risk.regions._predicates import orientation

        for t in range(65):
            assert orientation(0.0, 0.0, 64.0, 32.0, float(t), t / 2) == 0


class TestLocate:
    def test_two_squares_share_an_edge_half_open(self):
        layer = make_layer([shapely.box(0, 0, 1, 1), shapely.box(1, 0, 2, 1)])
        rows = layer.locate(lon=[0.5, 1.0, 1.5, 0.0, 2.0, 2.1], lat=[0.5, 0.5, 0.5, 0.5, 0.5, 0.5])
        assert rows.tolist() == [0, 1, 1, 0, 1, -1]

    def test_outline_points_belong_to_the_lowest_touching_row(self):
        layer = make_layer([shapely.box(0, 0, 1, 1), shapely.box(1, 0, 2, 1)])
        assert layer.locate(lon=[1.0, 0.0, 2.0], lat=[1.0, 1.0, 1.0]).tolist() == [0, 0, 1]

    def test_hole_and_island(self):
        ring = shapely.box(0, 0, 3, 3).difference(shapely.box(1, 1, 2, 2))
        layer = make_layer([ring, shapely.box(1.25, 1.25, 1.75, 1.75)])
        rows = layer.locate(lon=[0.5, 1.1, 1.5], lat=[0.5, 1.1, 1.5])
        assert rows.tolist() == [0, -1, 1]

    def test_overlap_goes_to_the_lowest_row(self):
        shapes = [shapely.box(k * 0.001, 0, 10, 10) for k in range(150)]  # three words of members
        layer = make_layer(shapes[::-1])
        rows = layer.locate(lon=[5.0, 0.0005, 0.1495], lat=[5.0, 5.0, 5.0])
        assert rows.tolist() == [0, 149, 0]

    def test_antimeridian_is_one_line(self):
        layer = make_layer([shapely.box(170, 0, 180, 10), shapely.box(-180, 0, -170, 5)])
        lat = [2.0, 7.0, 5.0, 10.0, 0.0, 11.0]
        east = layer.locate(lon=np.full(6, 180.0), lat=lat)
        west = layer.locate(lon=np.full(6, -180.0), lat=lat)
        assert east.tolist() == west.tolist() == [1, 0, 0, 0, 1, -1]

    def test_poles(self):
        layer = make_layer([shapely.box(-180, -90, 180, -80), shapely.box(-180, 80, 180, 90)])
        lon = np.linspace(-180, 180, 9)
        assert (layer.locate(lon=lon, lat=np.full(9, -90.0)) == 0).all()
        assert (layer.locate(lon=lon, lat=np.full(9, 90.0)) == 1).all()

    def test_shapes_and_missing(self):
        layer = make_layer([shapely.box(0, 0, 1, 1)])
        assert layer.locate(lon=0.5, lat=0.5).shape == ()
        assert layer.locate(lon=[[0.5], [5.0]], lat=[0.5, np.nan]).tolist() == [[0, -1], [-1, -1]]
        assert layer.locate(lon=[], lat=[]).shape == (0,)

    def test_more_threads_same_answer(self, world):
        rng = np.random.default_rng(0)
        lon, lat = rng.uniform(-180, 180, 50_000), rng.uniform(-90, 90, 50_000)
        one = world.locate(lon=lon, lat=lat)
        assert (one == world.locate(lon=lon, lat=lat, n_jobs=3)).all()
        with pytest.raises(ValueError, match="Invalid n_jobs: 0"):
            world.locate(lon=lon, lat=lat, n_jobs=0)

    @pytest.mark.parametrize(
        ("lon", "lat", "message"),
        [
            ([0.0, 181.0], [0.0, 0.0], r"Invalid lon: 1 of 2 .* first at index 1: 181.*-179"),
            ([0.0], [95.2], r"Invalid lat: 1 of 1 .*95\.2.*swapped"),
            ([500_000.0], [0.0], "projected"),
            ([np.inf], [0.0], "Invalid lon"),
            ([0.0, 1.0], [0.0, 1.0, 2.0], "shapes"),
        ],
    )
    def test_bad_coordinates(self, world, lon, lat, message):
        with pytest.raises(ValueError, match=message):
            world.locate(lon=lon, lat=lat)

    def test_text_is_no_coordinate(self, world):
        with pytest.raises(TypeError, match="not a real number"):
            world.locate(lon=["69.5"], lat=[36.7])


class TestWorld:
    def test_is_read_once(self, world):
        assert gr.load_regions() is world
        assert gr.load_regions("natural_earth", level=1, worldview="de_facto") is world

    @pytest.mark.parametrize(
        ("lon", "lat", "code"),
        [
            (69.53451, 36.73605, "AF-TAK"),  # Taloqan
            (69.42126, 37.06588, "AF-TAK"),  # Khwaja Ghar
            (70.58, 37.117, "AF-BDS"),  # Fayzabad
            (69.226, 33.597, "AF-PIA"),  # Gardez
            (68.730, 33.176, "AF-PKA"),  # Sharana
            (66.130, 33.722, "AF-DAY"),  # Nili
            (69.52, 35.31, "AF-PAN"),  # Bazarak
            (2.3522, 48.8566, "FR-75C"),  # Paris
            (10.75, 59.91, "NO-03"),  # Oslo
        ],
    )
    def test_known_places(self, world, lon, lat, code):
        assert world.columns["region_code"][world.locate(lon=lon, lat=lat)] == code

    @pytest.mark.parametrize(
        ("lon", "lat", "country"),
        [
            (18.5582, 4.3947, "CAF"),  # Bangui
            (178.4419, -18.1416, "FJI"),  # Suva
            (16.8, 78.3, "NOR"),  # Svalbard, by ISO 3166-2 a part of Norway (NO-21)
            (-51.70, 64.2, "GRL"),
            (0.0, -89.0, "ATA"),
        ],
    )
    def test_known_countries(self, world, lon, lat, country):
        assert world.columns["country_code"][world.locate(lon=lon, lat=lat)] == country

    def test_both_provinces_border_tajikistan(self, world):
        assert "TJK" in world.neighbors("AF-TAK", of="countries")
        assert "TJK" in world.neighbors("AF-BDS", of="countries")
        assert world.neighbors("AFG", of="countries") == ["CHN", "IRN", "PAK", "TJK", "TKM", "UZB"]

    def test_neighbors_is_symmetric(self, world):
        codes = world.columns["region_code"]
        near = {code: set(world.neighbors(code)) for code in codes[::37]}
        for code, others in near.items():
            for other in others:
                assert code in world.neighbors(other)

    def test_unknown_region_lists_close_matches(self, world):
        with pytest.raises(UnknownRegionError, match=r"no region or country 'AF-TAKK'.*AF-TAK"):
            world.neighbors("AF-TAKK")
        with pytest.raises(LookupError):
            world.neighbors("")
        with pytest.raises(ValueError, match="Invalid of: 'rivers'"):
            world.neighbors("AF-TAK", of="rivers")

    def test_table_matches_columns(self, world):
        table = world.table
        assert len(table) == len(world)
        assert table.crs == "EPSG:4326"
        assert table["region_code"].tolist() == world.columns["region_code"]
        assert set(table.geom_type) == {"Polygon", "MultiPolygon"}

    def test_options_are_checked(self):
        with pytest.raises(ValueError, match="Invalid level: 7"):
            gr.load_regions(level=7)
        with pytest.raises(ValueError, match="Invalid worldview: 'mine'"):
            gr.load_regions(worldview="mine")


class TestExactness:
    """Zero differences from shapely's exact answer; the issue's sets U, C and B."""

    @staticmethod
    def assert_same(world, lon, lat):
        shapes = world.table.geometry.to_numpy()
        tree = shapely.STRtree(shapes)
        point, row = tree.query(shapely.points(lon, lat), predicate="intersects")
        want = np.full(len(lon), -1)
        order = np.argsort(-row, kind="stable")
        want[point[order]] = row[order]
        several = np.bincount(point, minlength=len(lon)) > 1  # on a shared edge: any of the two
        got = world.locate(lon=lon, lat=lat)
        assert (got[~several] == want[~several]).all()
        pairs = set(zip(point.tolist(), row.tolist()))
        assert all((int(k), int(got[k])) in pairs for k in np.flatnonzero(several))

    def test_uniform(self, world):
        rng = np.random.default_rng(20221)
        lon = rng.uniform(-180, 180, 60_000)
        lat = np.degrees(np.arcsin(rng.uniform(-1, 1, 60_000)))
        self.assert_same(world, lon, lat)

    def test_clustered_on_places(self, world):
        from geo_risk.places.gazetteer import load_gazetteer

        gazetteer = load_gazetteer()
        rng = np.random.default_rng(20222)
        k = rng.integers(0, len(gazetteer), 60_000)
        lon = np.clip(np.asarray(gazetteer.lon)[k] + rng.normal(0, 0.045, len(k)), -180, 180)
        lat = np.clip(np.asarray(gazetteer.lat)[k] + rng.normal(0, 0.045, len(k)), -90, 90)
        self.assert_same(world, lon, lat)

    def test_beside_the_afghan_tajik_border(self, world):
        labels = np.array([*world.country_labels, ""], dtype=object)
        topology = world.topology
        pair = np.isin(labels[topology.left], ["AFG", "TJK"]) & np.isin(
            labels[topology.right], ["AFG", "TJK"]
        )
        pair &= labels[topology.left] != labels[topology.right]
        assert pair.sum() > 400
        rng = np.random.default_rng(20223)
        edge = rng.choice(np.flatnonzero(pair), 60_000)
        t = rng.uniform(0, 1, len(edge))
        lon = topology.ax[edge] * (1 - t) + topology.bx[edge] * t + rng.uniform(-0.1, 0.1, len(t))
        lat = topology.ay[edge] * (1 - t) + topology.by[edge] * t + rng.uniform(-0.08, 0.08, len(t))
        self.assert_same(world, lon, lat)

    def test_shared_vertices_get_exactly_one_region_that_touches(self, world):
        rng = np.random.default_rng(20224)
        topology = world.topology
        edge = rng.choice(np.flatnonzero(topology.right >= 0), 4000, replace=False)
        lon = np.concatenate([topology.ax[edge], topology.bx[edge]])
        lat = np.concatenate([topology.ay[edge], topology.by[edge]])
        rows = world.locate(lon=lon, lat=lat)
        assert (rows >= 0).all()
        shapes = world.table.geometry.to_numpy()
        assert shapely.intersects(shapes[rows], shapely.points(lon, lat)).all()
        assert (rows == world.locate(lon=lon[::-1], lat=lat[::-1])[::-1]).all()

    def test_adversarial_points_against_rationals(self, world):
        """On vertices, on edges and one ulp away, by a ray counted in rational arithmetic."""
        codes = ["AF-TAK", "AF-BDS", "AF-KDZ", "AF-BGL"]
        rows = [int(world.rows_of(code)[0]) for code in codes]
        shapes = world.table.geometry.to_numpy()[rows]
        part = from_geometries(shapes)
        layer = RegionLayer(
            part,
            {
                "region_code": codes,
                "region_name": codes,
                "country_code": ["AFG"] * 4,
                "unit_code": ["AFG"] * 4,
            },
            name="north-east",
        )
        rng = np.random.default_rng(20225)
        k = rng.integers(0, len(part.coords) - 1, 60)
        a, b = part.coords[k], part.coords[k + 1]
        t = rng.choice([0.0, 0.5, 0.25, 0.3], 60)[:, None]
        points = a + t * (b - a)
        up = np.nextafter(points, np.inf)
        down = np.nextafter(points, -np.inf)
        points = np.concatenate([points, up, down, np.column_stack([up[:, 0], down[:, 1]])])
        got = layer.locate(lon=points[:, 0], lat=points[:, 1])
        for (x, y), row in zip(points, got):
            want = half_open_rows(shapes, float(x), float(y))
            assert len(want) <= 1
            if want:
                assert row == want[0]
            elif row >= 0:  # on the outline: a region that touches
                assert shapely.distance(shapes[row], shapely.Point(x, y)) < 1e-12


class TestSides:
    """Counting from a side that no edge meets gives what the walk from the corner gives."""

    def both(self, world, lon, lat):
        from geo_risk.regions._locate import NO_SIDE, locate_points

        index, n = world.locator.index, len(world)
        walking = index._replace(side=np.full_like(index.side, NO_SIDE))
        found = []
        for each in (index, walking):
            rows = np.empty(len(lon), dtype=np.int64)
            locate_points(each, lon, lat, rows, 0, len(lon), n)
            found.append(rows)
        return found

    def test_most_sub_cells_have_one(self, world):
        from geo_risk.regions._locate import NO_SIDE

        side = world.locator.index.side
        assert (np.bincount(side, minlength=5) > 0).all()
        assert (side[:-1] == NO_SIDE).mean() < 0.05

    @pytest.mark.parametrize("ulps", [0, 1, -1])
    @pytest.mark.parametrize("t", [0.0, 0.5, 0.3])
    def test_on_edges_and_one_ulp_away(self, world, t, ulps):
        topology = world.topology
        rng = np.random.default_rng(20226)
        e = rng.integers(0, len(topology.ax), 40_000)
        lon = topology.ax[e] + t * (topology.bx[e] - topology.ax[e])
        lat = topology.ay[e] + t * (topology.by[e] - topology.ay[e])
        for dx, dy in ((ulps, 0), (0, ulps), (ulps, ulps), (ulps, -ulps)):
            x = np.nextafter(lon, lon + dx).clip(-180, 180)
            y = np.nextafter(lat, lat + dy).clip(-90, 90)
            counted, walked = self.both(world, x, y)
            np.testing.assert_array_equal(counted, walked)

    @pytest.mark.parametrize("degrees", [1e-12, 1e-9, 1e-6, 1e-2])
    def test_near_edges_and_in_line_with_vertices(self, world, degrees):
        topology = world.topology
        rng = np.random.default_rng(20227)
        e = rng.integers(0, len(topology.ax), 40_000)
        lon, lat = np.asarray(topology.ax)[e], np.asarray(topology.ay)[e]
        x = (lon + rng.normal(0, degrees, len(e))).clip(-180, 180)
        y = (lat + rng.normal(0, degrees, len(e))).clip(-90, 90)
        for a, b in ((x, y), (lon, y), (x, lat)):
            counted, walked = self.both(world, a, b)
            np.testing.assert_array_equal(counted, walked)

    def test_on_grid_lines(self, world):
        rng = np.random.default_rng(20228)
        lon = rng.integers(-180 * 64, 180 * 64, 100_000) / 64.0
        lat = rng.integers(-90 * 64, 90 * 64, 100_000) / 64.0
        for a, b in ((lon, lat), (lon, rng.permutation(lat) + 1e-3), (lon + 1e-3, lat)):
            counted, walked = self.both(world, a.clip(-180, 180), b.clip(-90, 90))
            np.testing.assert_array_equal(counted, walked)

    @pytest.mark.parametrize("x", [-180.0, 180.0])
    def test_nothing_is_taken_across_the_antimeridian(self, x):
        """Land on one side of ±180 only: the sub-cells beside it, and the line itself."""
        shapes = [
            shapely.box(-180, 10, -179, 11) if x < 0 else shapely.box(179, 10, 180, 11),
            shapely.Polygon([(x, 20), (x - math.copysign(1, x), 20.5), (x, 21)]),
        ]
        layer = make_layer(shapes)
        rng = np.random.default_rng(3)
        lon = x - math.copysign(1, x) * rng.uniform(0, 1.2, 4000)
        lat = rng.uniform(9.5, 21.5, 4000)
        want = [half_open_rows(shapes, a, b) for a, b in zip(lon, lat)]
        assert layer.locate(lon=lon, lat=lat).tolist() == [w[0] if w else -1 for w in want]
        assert layer.locate(lon=[-180.0, 180.0], lat=[10.5, 10.5]).tolist() == [0, 0]


class TestCoverage:
    def test_round_trip(self):
        shapes = [
            shapely.box(0, 0, 1, 1),
            None,
            shapely.MultiPolygon([shapely.box(2, 0, 3, 1), shapely.box(4, 0, 5, 1)]),
            shapely.box(6, 0, 9, 3).difference(shapely.box(7, 1, 8, 2)),
        ]
        back = to_geometries(from_geometries(shapes))
        assert back[1] is None
        for k in (0, 2, 3):
            assert back[k].equals(shapes[k])

    def test_lines_are_refused(self):
        with pytest.raises(ValueError, match="first at index 1: LineString"):
            from_geometries([shapely.box(0, 0, 1, 1), shapely.LineString([(0, 0), (1, 1)])])

    def test_check_finds_each_broken_invariant(self):
        good = from_geometries([shapely.box(0, 0, 1, 1), shapely.box(1, 0, 2, 1)])
        good._check()
        fields = ("coords", "ring_offsets", "ring_part", "part_region", "n_regions")
        broken = [
            ("ring_offsets", good.ring_offsets[:-1], "ring_offsets"),
            ("ring_part", good.ring_part[:-1], "one entry per ring"),
            ("part_region", np.array([1, 0], dtype=np.int32), "sorted"),
            ("coords", good.coords + np.arange(10)[:, None], "not closed"),
        ]
        for name, value, message in broken:
            parts = {field: getattr(good, field) for field in fields} | {name: value}
            with pytest.raises(ValueError, match=message):
                Coverage(**parts)._check()

    def test_layer_refuses_bad_columns(self):
        boxes = [shapely.box(0, 0, 1, 1), shapely.box(1, 0, 2, 1)]
        with pytest.raises(ValueError, match="'R0' is not unique"):
            make_layer(boxes, region_code=["R0", "R0"])
        with pytest.raises(ValueError, match="'region_name' has 1 values for 2"):
            make_layer(boxes, region_name=["one"])
        with pytest.raises(ValueError, match=r"missing column\(s\) region_name"):
            RegionLayer(from_geometries(boxes), {"region_code": ["a", "b"]}, name="test")


class TestProducts:
    @pytest.fixture
    def copy(self, tmp_path, monkeypatch):
        """A directory of products that a test may damage."""
        entry = _products.product_entry("world_admin1.npz")
        package = tmp_path / "geo_risk"
        (package / "_boundaries").mkdir(parents=True)
        (package / "_boundaries" / "registry.json").write_text(
            json.dumps({"world_admin1.npz": entry})
        )
        monkeypatch.setattr(_products, "_PACKAGE", package)
        # fresh caches: what was read before must neither answer here nor be forgotten after
        for module, name in (
            (_products, "registry"), (sources, "_world"), (sources, "_world_view"),
        ):  # fmt: skip
            monkeypatch.setattr(module, name, cache(getattr(module, name).__wrapped__))
        return package / "_boundaries"

    def test_missing_product(self, copy):
        with pytest.raises(DataNotFoundError, match=r"world_admin1\.npz is missing"):
            gr.load_regions()

    def test_damaged_product(self, copy):
        (copy / "world_admin1.npz").write_bytes(b"PK\x03\x04 not really")
        with pytest.raises(DataCorruptError, match=r"damaged: its sha256 is .* registry says"):
            gr.load_regions()

    def test_damaged_with_a_matching_checksum(self, copy):
        import hashlib

        content = b"not a zip file at all"
        (copy / "world_admin1.npz").write_bytes(content)
        entry = {"sha256": hashlib.sha256(content).hexdigest()}
        (copy / "registry.json").write_text(json.dumps({"world_admin1.npz": entry}))
        with pytest.raises(DataCorruptError, match=r"world_admin1\.npz is damaged"):
            gr.load_regions()

    def test_damaged_registry(self, copy):
        (copy / "registry.json").write_text("{")
        with pytest.raises(DataCorruptError, match="is not JSON"):
            gr.load_regions()

    def test_no_products_at_all(self, copy):
        (copy / "registry.json").unlink()
        with pytest.raises(DataNotFoundError, match="No data products"):
            gr.load_regions()

    def test_unknown_product(self):
        with pytest.raises(DataNotFoundError, match=r"No data product 'moon\.npz'"):
            _products.product_bytes("moon.npz")


def test_world_accuracy_is_stated(world):
    accuracy = world.provenance["nominal_accuracy"]
    assert all(math.isfinite(value) for value in accuracy.values() if isinstance(value, float))
    assert world.provenance["licence"]
