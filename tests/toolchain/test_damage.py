"""Damaged files in the user's cache: right answers, built again, and no crash."""

from __future__ import annotations

import ast
import logging
import os
import random
import shutil
import subprocess
import sys
from pathlib import Path

import geopandas
import numpy as np
import pytest
import shapely
from damage import DAMAGES
from paths import ROOT

import geo_risk as gr
from geo_risk._core import cache as _cache
from geo_risk.borders._tree import FOREST_ARRAYS
from geo_risk.places._similar import _GRAMS, _INDEX
from geo_risk.places.gazetteer import _COLUMNS
from geo_risk.regions._locate import GRID_ARRAYS
from geo_risk.regions.coverage import COVERAGE_ARRAYS
from geo_risk.regions.topology import TOPOLOGY_ARRAYS

DAMAGED = 2000
SEED = 20_240_301
KINDS = {
    "locate": GRID_ARRAYS, "borders": FOREST_ARRAYS, "gazetteer": _COLUMNS,
    "names": {**_INDEX, **_GRAMS}, "edges": TOPOLOGY_ARRAYS, "polygons": COVERAGE_ARRAYS,
}  # fmt: skip
BUILDERS = {
    "regions/locator.py", "borders/network.py", "places/gazetteer.py", "places/_similar.py",
    "regions/geometry.py", "regions/sources.py",
}  # fmt: skip


@pytest.fixture
def folder(tmp_path, monkeypatch) -> Path:
    monkeypatch.setenv("GEO_RISK_CACHE_DIR", str(tmp_path / "cache"))
    return tmp_path / "cache" / "geo_risk-arrays"


@pytest.fixture
def layer_file(tmp_path) -> Path:
    """Twelve regions of two countries that share all their edges."""
    rng = np.random.default_rng(SEED)
    cells = shapely.voronoi_polygons(
        shapely.multipoints(rng.uniform(10, 14, (12, 2))), extend_to=shapely.box(9, 9, 15, 15)
    )
    frame = geopandas.GeoDataFrame(
        {"name": [f"R{k}" for k in range(12)], "iso": [["AFG", "TJK"][k % 2] for k in range(12)]},
        geometry=list(cells.geoms), crs="EPSG:4326",
    )  # fmt: skip
    frame.to_file(tmp_path / "layer.geojson")
    return tmp_path / "layer.geojson"


def answers(layer_file: Path) -> str:
    """What is asked of the indexes of a layer, in a process of its own."""
    code = """
import sys
import numpy as np
import geo_risk as gr
from geo_risk.places import load_gazetteer, locate_names
layer = gr.load_regions(sys.argv[1], name="name", country="iso")
lon, lat = np.random.default_rng(1).uniform(8, 16, (2, 500))
print(layer.locate(lon=lon, lat=lat).tolist())
print(gr.load_borders(layer, context=None).nearest(lon=lon, lat=lat).distance_m.tolist())
print(gr.load_regions().neighbors("AF-TAK"))  # polygons and edges of the world layer
print(load_gazetteer().admin1(1000), load_gazetteer().primary_name(100_000))
names = [f"Taloqan{a}{b}" for a in "abcdefgh" for b in "qrstuvwx"]  # worth an index
print(locate_names(names, min_score=0).geonames_id.tolist())
"""
    done = subprocess.run(
        [sys.executable, "-c", code, str(layer_file)], capture_output=True, text=True, check=False,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout


def kept(folder: Path) -> dict[str, Path]:
    """The file of each kind of index."""
    files = {path.name.split("-")[0]: path for path in folder.glob("*.bin")}
    assert (files.keys(), len(list(folder.iterdir()))) == (KINDS.keys(), len(KINDS))
    return files


def test_every_kind_of_index_is_damaged_below():
    package = ROOT / "geo_risk"
    calls = {
        path.relative_to(package).as_posix() for path in package.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "store_arrays"
    }  # fmt: skip
    assert calls == BUILDERS


def test_no_damage_passes_for_an_index(folder, layer_file, caplog):
    """Of what is stored for a small layer, and of the beginning of what is large."""
    caplog.set_level(logging.ERROR, "geo_risk")
    answers(layer_file)
    rng = random.Random(SEED)
    files = kept(folder)
    for kind in ("gazetteer", "names", "edges", "polygons"):
        columns = _cache.load_arrays(files[kind].stem, KINDS[kind])
        assert columns is not None
        short = {key: column[:500] for key, column in columns.items()}
        assert _cache.store_arrays(files[kind].stem, short)
    wholes = {kind: path.read_bytes() for kind, path in files.items()}
    for number in range(DAMAGED):
        kind = list(KINDS)[number % len(KINDS)]
        damage = DAMAGES[number // len(KINDS) % len(DAMAGES)]
        files[kind].write_bytes(damage(wholes[kind], rng))
        assert _cache.load_arrays(files[kind].stem, KINDS[kind]) is None, (kind, damage, number)
    for kind, path in files.items():
        path.write_bytes(wholes[kind])
        assert _cache.load_arrays(path.stem, KINDS[kind]) is not None


@pytest.mark.parametrize("damage", DAMAGES, ids=lambda damage: damage.__name__)
def test_a_process_that_meets_damage_answers_and_mends(folder, layer_file, damage):
    rng = random.Random(SEED)
    want = answers(layer_file)
    whole = {path: path.read_bytes() for path in kept(folder).values()}
    for _ in range(2):
        for path, content in whole.items():
            path.write_bytes(damage(content, rng))
        assert answers(layer_file) == want
        assert {path: path.read_bytes() for path in kept(folder).values()} == whole


def test_files_that_changed_places_answer_for_nobody(folder, layer_file):
    want = answers(layer_file)
    files = list(kept(folder).values())
    contents = [path.read_bytes() for path in files]
    for path, content in zip(files, contents[1:] + contents[:1]):
        path.write_bytes(content)
    assert answers(layer_file) == want
    assert [path.read_bytes() for path in files] == contents


def test_the_bundled_index_is_mended(folder):
    layer = gr.load_regions()
    code = """
import numpy as np, geo_risk as gr
lon, lat = np.random.default_rng(1).uniform(-60, 70, (2, 5000))
print(gr.load_regions().locate(lon=lon, lat=lat).tolist())
"""

    def run() -> str:
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True,
                              check=True, env={**os.environ, "PYTHONPATH": str(ROOT)})  # fmt: skip
        return done.stdout

    want = run()
    assert want.count(",") == 4999
    assert str(len(layer)) not in want
    (path,) = folder.glob("locate-*.bin")
    whole = path.read_bytes()
    rng = random.Random(SEED)
    for damage in DAMAGES[2:4]:
        path.write_bytes(damage(whole, rng))
        assert run() == want
        assert path.read_bytes() == whole


KERNELS = """
import numpy as np
import geo_risk as gr
lon, lat = np.random.default_rng(1).uniform(-60, 70, (2, 2000))  # fewer need no kernel
print(gr.load_regions().locate(lon=lon, lat=lat).tolist())
print(gr.h3_cells(lon=lon, lat=lat, resolution=7).tolist())
"""


def run_kernels(folder: Path, before: str = "", **environment: str) -> str:
    """What kernels answer whose code is kept in a folder; nothing else is said."""
    done = subprocess.run(
        [sys.executable, "-c", before + KERNELS], capture_output=True, text=True, check=False,
        env={**os.environ, "PYTHONPATH": str(ROOT), "NUMBA_CACHE_DIR": str(folder), **environment},
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def code_files(folder: Path) -> dict[Path, tuple[bytes, int]]:
    """Content and age of what is kept of compiled kernels."""
    return {path: (path.read_bytes(), path.stat().st_mtime_ns)
            for path in sorted(folder.rglob("*.nb?"))}  # fmt: skip


@pytest.fixture(scope="module")
def compiled(tmp_path_factory) -> tuple[Path, str]:
    """A folder of compiled kernels, and what they answer."""
    folder = tmp_path_factory.mktemp("compiled")
    gr.load_regions().locate(lon=0.0, lat=0.0)  # so that nobody announces an index
    want = run_kernels(folder)
    assert len(code_files(folder)) > 20
    return folder, want


@pytest.fixture
def kernels(compiled, tmp_path) -> tuple[Path, str]:
    """The same in a folder of a test's own."""
    shutil.copytree(compiled[0], tmp_path / "kernels")
    return tmp_path / "kernels", compiled[1]


def assert_mended(folder: Path, want: str) -> None:
    """The same answers, files that are sound again, and nothing left to compile."""
    assert run_kernels(folder) == want
    mended = code_files(folder)
    assert run_kernels(folder) == want
    assert code_files(folder) == mended


def test_damaged_kernels_are_compiled_again(kernels):
    """Each of 24 or more files in each of the ways; those that are asked for first count."""
    folder, want = kernels
    rng = random.Random(SEED)
    for damage in [*DAMAGES, lambda content, rng: b""]:
        for path, (content, _) in code_files(folder).items():
            path.write_bytes(damage(content, rng))
        assert_mended(folder, want)


def test_one_damaged_kernel_among_sound_ones(kernels):
    folder, want = kernels
    rng = random.Random(SEED)
    for path in rng.sample(list(code_files(folder)), 8):
        path.write_bytes(rng.choice(DAMAGES)(path.read_bytes(), rng))
        assert_mended(folder, want)


def test_kernels_that_changed_places(kernels):
    folder, want = kernels
    files = code_files(folder)
    contents = [content for content, _ in files.values()]
    for path, content in zip(files, contents[1:] + contents[:1]):
        path.write_bytes(content)
    assert_mended(folder, want)


def test_another_numba_and_another_processor_in_the_same_folder(kernels):
    folder, want = kernels
    newer = "import numba; numba.__version__ = '0.999.0'\n"
    assert run_kernels(folder, newer) == want
    assert run_kernels(folder, NUMBA_CPU_NAME="generic", NUMBA_CPU_FEATURES="") == want
    assert_mended(folder, want)


def test_what_numba_itself_kept_is_not_read(kernels):
    folder, want = kernels
    plain = "from geo_risk._core import kernel_files\nkernel_files.keep_checked = lambda _: None\n"
    assert run_kernels(folder, plain) == want
    for path in folder.rglob("*.nbi"):
        path.write_bytes(b"damaged")
    assert_mended(folder, want)


@pytest.mark.parametrize("limit", [0, 4096])
def test_damaged_kernels_where_nothing_can_be_written(kernels, limit):
    """As on a full disk: files of so many bytes at most."""
    folder, want = kernels
    for path, (content, _) in code_files(folder).items():
        path.write_bytes(content[:-1])
    damaged = code_files(folder)
    full = f"import resource\nresource.setrlimit(resource.RLIMIT_FSIZE, ({limit}, {limit}))\n"
    assert run_kernels(folder, full) == want
    assert code_files(folder).keys() == damaged.keys()
    assert not list(folder.rglob("*.part"))
    assert_mended(folder, want)


def test_an_upgrade_that_moves_the_fields_of_a_named_tuple(tmp_path):
    """The tuple comes from another file than all kernels that are given one."""
    (tmp_path / "kernel.py").write_text(
        "from geo_risk._core.jit import njit\n\n@njit\ndef first(pair):\n    return pair.one\n"
    )
    code = "import kernel, pair\nprint(kernel.first(pair.Pair(one=1, two=2)))"
    environment = {**os.environ, "NUMBA_CACHE_DIR": str(tmp_path / "kept"),
                   "PYTHONDONTWRITEBYTECODE": "1",
                   "PYTHONPATH": os.pathsep.join([str(ROOT), str(tmp_path)])}  # fmt: skip
    for fields in ("one two", "two one", "two  one"):
        (tmp_path / "pair.py").write_text(
            f"from collections import namedtuple\nPair = namedtuple('Pair', '{fields}')\n"
        )
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True,
                              check=True, env=environment)  # fmt: skip
        assert done.stdout == "1\n", fields
        assert len(code_files(tmp_path / "kept")) == 1
