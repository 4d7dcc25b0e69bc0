"""Start-up: what is imported, compiled and built before the first answer; counted, not timed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from types import SimpleNamespace

import numpy as np
import pytest
import shapely

import geo_risk as gr
from geo_risk._core import products as _products
from geo_risk._core.jit import Kernel, njit
from geo_risk.errors import DataCorruptError
from geo_risk.regions import _packed, geometry as _geometry, locator as _locator
from geo_risk.regions._locate import locate_points
from geo_risk.regions.coverage import from_geometries

DRAWING = {"matplotlib", "PIL", "rich", "rapidfuzz"}
COMPILING = {"numba", "llvmlite", "scipy"}
ROWS = "lon,lat,date\n" + "".join(f"{69 + k / 10},{36.5 + k / 20},2022-03-05\n" for k in range(10))
TOLD = """
import json, sys
{code}
print(json.dumps(sorted(name for name, module in sys.modules.items() if module is not None)))
"""


def loaded(code: str, **environment: str) -> set[str]:
    """Modules that a fresh process has loaded after it has run `code`."""
    done = subprocess.run(
        [sys.executable, "-c", TOLD.format(code=code)], capture_output=True, text=True,
        check=False, env={**os.environ, **environment},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return set(json.loads(done.stdout.splitlines()[-1]))


def command(*arguments: str) -> str:
    """Code that runs the command line."""
    return (
        f"sys.argv = {['geo-risk', *arguments]!r}\nfrom geo_risk.cli import main\n"
        "try:\n    main()\nexcept SystemExit as done:\n    assert done.code == 0, done.code"
    )


def test_info_loads_no_library_of_numbers():
    heavy = {"numpy", "pandas", "geopandas", "shapely", "pyproj", "pyarrow", "xxhash"}
    ours = loaded(command("info", "--json")) - loaded("import typer")  # old ones import rich
    assert not ours & (heavy | DRAWING | COMPILING)


@pytest.fixture(scope="module")
def fresh(tmp_path_factory):
    """Cache folders in which nothing is."""
    folder = str(tmp_path_factory.mktemp("fresh"))
    return {"GEO_RISK_CACHE_DIR": folder, "NUMBA_CACHE_DIR": folder}


@pytest.mark.parametrize("time", ["first", "second"])
def test_geocode_of_a_few_rows_compiles_and_draws_nothing(time, fresh, tmp_path):
    (tmp_path / "ten.csv").write_text(ROWS, encoding="utf-8")
    found = loaded(
        command("geocode", str(tmp_path / "ten.csv"), "--out", str(tmp_path / "out.csv")), **fresh
    )
    ours = found - loaded("import geopandas, typer")  # old ones import rich, and more
    assert not ours & (DRAWING | COMPILING | {"requests"})
    assert (tmp_path / "out.csv").read_text(encoding="utf-8").count(",AF-") == 10


def test_the_first_locate_compiles_nothing_for_few_points_and_two_kernels_for_many(fresh):
    """With what they call: none of the kernels that build an index is among them."""
    few = "import geo_risk as gr\ngr.load_regions().locate(lon=[69.5], lat=[36.7])"
    assert not loaded(few, **fresh) & (COMPILING | {"pandas", "geopandas", "shapely"})
    many = (
        "import numba, geo_risk as gr\nfrom numba.core import event\n"
        "names = []\n"
        "class Seen(event.Listener):\n"
        "    def on_start(self, found): names.append(found.data['dispatcher'].py_func)\n"
        "    def on_end(self, found): pass\n"
        "event.register('numba:compile', Seen())\n"
        "gr.load_regions().locate(lon=[69.5] * 2000, lat=[36.7] * 2000)\n"
        "own = [f.__name__ for f in names if f.__module__.startswith('geo_risk')]\n"
        "modules = {f.__module__ for f in names if f.__module__.startswith('geo_risk')}\n"
        "assert modules == {'geo_risk.regions._locate', 'geo_risk.regions._predicates'}, modules\n"
        "assert 10 <= len(own) <= 27, own"
    )
    loaded(many, **fresh)


class TestPlainKernels:
    @pytest.fixture
    def points(self):
        """Points of all kinds: inside, at sea, on vertices and edges, at ±180, at a pole."""
        layer, rng = gr.load_regions(), np.random.default_rng(5)
        edge = layer.locator.index.edge[:: 1 + len(layer.locator.index.edge) // 150]
        ends, middle = edge[:, :2], (edge[:, :2] + edge[:, 2:]) / 2
        seam = np.array([[-180.0, 65.0], [180.0, 65.0], [180.0, -90.0], [0.0, 90.0], [20.5, 10.0]])
        wild = np.column_stack([rng.uniform(-180, 180, 400), rng.uniform(-90, 90, 400)])
        lon, lat = np.concatenate([ends, middle, seam, wild, edge[:, 2:] + 1e-12]).T
        lon[-1] = np.nan
        return np.ascontiguousarray(lon), np.ascontiguousarray(lat)

    def test_plain_python_gives_the_same_rows(self, points):
        layer = gr.load_regions()
        rows = {}
        for name, kernel in (("plain", locate_points.plain), ("compiled", locate_points)):
            rows[name] = np.full(len(points[0]), -9)
            kernel(layer.locator.index, *points, rows[name], 0, len(points[0]), len(layer))
        assert (rows["plain"] == rows["compiled"]).all()
        assert (rows["plain"] >= 0).sum() > 300
        assert rows["plain"][-1] == -1

    def test_only_the_first_rows_are_answered_in_python(self):
        kernel = njit(lambda x: x)
        assert kernel.for_rows(10**6) is kernel
        assert [kernel.for_rows(400) is kernel for _ in range(4)] == [False, False, True, True]

    def test_a_compiled_kernel_is_used_for_any_number_of_rows(self):
        kernel = Kernel(lambda x: x)
        kernel._dispatcher = SimpleNamespace()
        assert kernel.for_rows(1) is kernel


class TestShippedIndex:
    def test_it_is_of_the_shipped_polygons_and_of_todays_format(self):
        """Else the package builds its own: run boundaries/build_index.py."""
        entry = _products.product_entry(_packed.PRODUCT)
        assert entry["of_sha256"] == _products.product_entry("world_admin1.npz")["sha256"]
        assert entry["format"] == _packed.FORMAT

    def test_it_is_used_if_the_cache_has_none(self, monkeypatch, tmp_path):
        monkeypatch.setenv("GEO_RISK_CACHE_DIR", str(tmp_path))
        monkeypatch.setattr(_locator, "build_index", lambda *_: pytest.fail("built"))
        layer = gr.load_regions()
        found = _locator.Locator.of(lambda: layer.coverage, len(layer), layer.fingerprint)
        for name, array in layer.locator.index._asdict().items():
            assert np.array_equal(getattr(found.index, name), array), name

    def test_other_polygons_have_none(self):
        coverage = from_geometries([shapely.box(0, 0, 1, 1)])
        assert _packed.shipped_index("another", coverage) is None
        assert _packed.shipped_index(None, coverage) is None

    def test_another_format_is_not_read(self, monkeypatch):
        monkeypatch.setattr(_packed, "FORMAT", _packed.FORMAT + 1)
        layer = gr.load_regions()
        assert _packed.shipped_index(layer.fingerprint, layer.coverage) is None

    def test_a_damaged_file_is_told(self, monkeypatch):
        def damaged(name):
            raise DataCorruptError(f"{name} is damaged")

        monkeypatch.setattr(_packed, "product_bytes", damaged)
        layer = gr.load_regions()
        with pytest.raises(DataCorruptError, match=r"world_admin1_grid\.npz is damaged"):
            _packed.shipped_index(layer.fingerprint, layer.coverage)

    def test_packing_loses_nothing(self):
        """Squares with a hole, a cell without edges, shared edges; `pack` compares all arrays."""
        shapes = [shapely.box(k, 0, k + 1, 1).buffer(0.2).difference(shapely.box(k, 0, k + 1, 0.5))
                  for k in range(0, 60, 2)]  # fmt: skip
        coverage = from_geometries(shapes)
        index = _locator.build_index(coverage, len(shapes))
        assert len(index.record) > 100
        restored = _packed.unpack(_packed.pack(index, coverage), coverage)
        assert np.array_equal(restored.state, index.state)

    def test_nested_grids_are_not_packed(self):
        circle = shapely.Point(0.5, 0.5).buffer(1e-4, 500)
        coverage = from_geometries([circle])
        index = _locator.build_index(coverage, 1)
        assert len(index.nest)
        with pytest.raises(ValueError, match="Invalid index: nested grids cannot be packed"):
            _packed.pack(index, coverage)


def test_edges_from_the_cache_are_those_that_were_found(monkeypatch, tmp_path):
    monkeypatch.setenv("GEO_RISK_CACHE_DIR", str(tmp_path))
    monkeypatch.setattr(_geometry, "_LARGE", 0)
    coverage = from_geometries([shapely.box(k, 0, k + 1, 1) for k in (0, 1, 5)])
    found = _geometry.Geometry(coverage, 3, "kept")
    assert found.adjacent_rows.tolist() == [[0, 1]]
    monkeypatch.setattr(_geometry, "build_topology", lambda _: pytest.fail("found anew"))
    again = _geometry.Geometry(coverage, 3, "kept")
    for name, array in vars(found.topology).items():
        assert np.array_equal(getattr(again.topology, name), array), name
    assert again.join(np.array([0, 1, 1]), 2).adjacent_rows.tolist() == [[0, 1]]
