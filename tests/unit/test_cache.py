"""The cache of built indexes: round trip, damage, no place to write, two writers at once."""

from __future__ import annotations

import os
import random
import stat
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
import shapely
import xxhash
from damage import DAMAGES
from hypothesis import given, settings, strategies as st
from hypothesis.extra import numpy as hnp

from geo_risk._core import cache as _cache
from geo_risk._core.files import cache_directory
from geo_risk.regions._locate import GRID_ARRAYS
from geo_risk.regions.coverage import from_geometries
from geo_risk.regions.locator import Locator


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """Where arrays are kept, in a cache directory that nothing else is in."""
    monkeypatch.setenv("GEO_RISK_CACHE_DIR", str(tmp_path / "cache"))
    return tmp_path / "cache" / "geo_risk-arrays"


ARRAYS = {"a": np.arange(7, dtype=np.int32), "b": np.linspace(0, 1, 10).reshape(5, 2)}
KINDS = {"a": (np.int32, 0), "b": (np.float64, 2)}


def all_columns(shape):
    return shape[-1] > 0 or len(shape) == 1


@given(
    st.dictionaries(
        st.text("abcdef", min_size=1, max_size=6),
        hnp.arrays(
            st.sampled_from([np.int8, np.int32, np.int64, np.float64]),
            hnp.array_shapes(min_dims=1, max_dims=2, min_side=0, max_side=5).filter(all_columns),
        ),
        min_size=1,
        max_size=6,
    )
)
@settings(max_examples=40)
def test_round_trip(arrays):
    assert _cache.store_arrays("round-trip", arrays)
    kinds = {key: (array.dtype.type, sum(array.shape[1:])) for key, array in arrays.items()}
    found = _cache.load_arrays("round-trip", kinds)
    assert found is not None
    assert list(found) == list(arrays)
    for key, array in arrays.items():
        assert found[key].dtype == array.dtype
        np.testing.assert_array_equal(found[key], array)


def test_missing_is_none(folder):
    assert _cache.load_arrays("never-stored", KINDS) is None


def test_what_is_changed_in_memory_stays_in_memory(folder):
    _cache.store_arrays("x", ARRAYS)
    _cache.load_arrays("x", KINDS)["a"][:] = 99
    np.testing.assert_array_equal(_cache.load_arrays("x", KINDS)["a"], ARRAYS["a"])


def test_damage_counts_as_missing_and_is_told(folder, caplog):
    """2,000 in tests/toolchain/test_damage.py."""
    rng = random.Random(1)
    _cache.store_arrays("x", ARRAYS)
    path = folder / "x.bin"
    whole = path.read_bytes()
    for damage in [kind for kind in DAMAGES for _ in range(12)]:
        path.write_bytes(damage(whole, rng))
        caplog.clear()
        assert _cache.load_arrays("x", KINDS) is None, damage
        assert "cannot be used" in caplog.text
    path.write_bytes(whole)
    assert _cache.load_arrays("x", KINDS) is not None


def resummed(content):
    """A file whose header was edited, with a checksum that is right for it."""
    summed = _cache._SUMMED
    checksum = xxhash.xxh3_128(content[summed:]).hexdigest().encode()
    return content[: len(_cache._MAGIC)] + checksum + content[summed:]


@pytest.mark.parametrize(
    ("old", "new"),
    [(b'"x"', b'"y"'), (b'"a"', b'"A"'), (b"[7]", b"[64]"), (b"[7]", b"[-7]"),
     (b"[7]", b"[]"), (b"[7]", b"7"), (b"[7]", b"[1e9]"), (b"[7]", b"[99999999999999999999]"),
     (b"[7]", b"[7, 1]"), (b"[5, 2]", b"[2, 5]"), (b"[5, 2]", b"[10]"), (b"[5, 2]", b"[-5, 2]"),
     (b"<i4", b"<u4"), (b"<i4", b">i4"), (b"<i4", b"<i8"), (b"<f8", b"|O8"), (b"<f8", b"<f4"),
     (b"arrays", b"others"), (b"{", b"["), (b"{", b"[" * 3000), (b'"<i4", ', b"")],
)  # fmt: skip
def test_a_header_is_believed_in_nothing(folder, old, new):
    """Not even where the checksum is right, as in a file that was renamed or made elsewhere."""
    _cache.store_arrays("x", ARRAYS)
    path = folder / "x.bin"
    content = path.read_bytes()
    head, rest = content[: _cache._HEADER_BYTES], content[_cache._HEADER_BYTES :]
    assert old in head
    edited = head.replace(old, new, 1)[: _cache._HEADER_BYTES].ljust(_cache._HEADER_BYTES)
    path.write_bytes(resummed(edited + rest))
    assert _cache.load_arrays("x", KINDS) is None
    path.write_bytes(resummed(content))
    assert _cache.load_arrays("x", KINDS) is not None


@pytest.mark.parametrize(
    "kinds",
    [{}, {"a": (np.int32, 0)}, {**KINDS, "c": (np.int8, 0)}, dict(reversed(KINDS.items())),
     {**KINDS, "a": (np.int64, 0)}, {**KINDS, "a": (np.int32, 1)}, {**KINDS, "b": (np.float64, 0)},
     {**KINDS, "b": (np.float64, 3)}],
)  # fmt: skip
def test_what_differs_from_what_is_wanted_counts_as_missing(folder, kinds):
    _cache.store_arrays("x", ARRAYS)
    assert _cache.load_arrays("x", kinds) is None


def test_another_indexs_file_counts_as_missing(folder):
    _cache.store_arrays("x", ARRAYS)
    (folder / "x.bin").rename(folder / "y.bin")
    assert _cache.load_arrays("y", KINDS) is None


def test_only_what_is_used_of_a_mapped_index_is_resident(folder):
    _cache.store_arrays("x", {"a": np.arange(1 << 22, dtype=np.int32)})  # 16 MB
    code = """
import numpy as np
from geo_risk._core import cache as _cache
resident = lambda: int(open("/proc/self/statm").read().split()[1]) * 4096
before = resident()
found = _cache.load_arrays("x", {"a": (np.int32, 0)})["a"]
print(found[1000], resident() - before < 4e6)
"""
    if not Path("/proc/self/statm").exists():
        pytest.skip("needs Linux's /proc")
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert said.stdout.split() == ["1000", "True"]


def test_nowhere_to_write_is_no_error(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("GEO_RISK_CACHE_DIR", str(tmp_path / "file" / "below"))
    assert not _cache.store_arrays("x", ARRAYS)
    assert _cache.load_arrays("x", KINDS) is None


def test_writers_at_once_leave_one_sound_file(folder):
    big = {"a": np.arange(200_000, dtype=np.int32)}
    with ThreadPoolExecutor(6) as pool:
        assert all(pool.map(lambda _: _cache.store_arrays("x", big), range(24)))
    found = _cache.load_arrays("x", {"a": (np.int32, 0)})
    np.testing.assert_array_equal(found["a"], big["a"])
    assert [path.name for path in folder.iterdir()] == ["x.bin"]


@pytest.mark.skipif(sys.platform == "win32", reason="modes are of POSIX")
def test_other_users_may_read_what_the_umask_lets_them(folder):
    before = os.umask(0o022)
    try:
        _cache.store_arrays("x", ARRAYS)
    finally:
        os.umask(before)
    assert stat.S_IMODE((folder / "x.bin").stat().st_mode) == 0o644


PAST = time.time() - 86400 * 100
OLD_PART = "x.0123456789abcdef.part"


def aged(path, content=b"weights of a network"):
    """A file of that content that nobody has touched for 100 days."""
    path.write_bytes(content)
    os.utime(path, (PAST, PAST))
    return path


def left_after_a_store(folder):
    """Names in the folder after one more array was kept, which is when it is cleaned."""
    assert _cache.store_arrays("newest", ARRAYS)
    names = {path.name for path in folder.iterdir()}
    assert "newest.bin" in names
    return names - {"newest.bin"}


def test_what_nobody_used_for_months_is_removed(folder):
    for name in ("old", "lately_read", "new"):
        _cache.store_arrays(name, ARRAYS)
    os.utime(folder / "old.bin", (PAST, PAST))
    os.utime(folder / "lately_read.bin", (time.time(), PAST))
    assert left_after_a_store(folder) == {"lately_read.bin", "new.bin"}


@pytest.mark.parametrize("head", [b"", bytes(5000), _cache._MAGIC + b"{}"])
def test_what_a_broken_writer_left_is_removed_after_months(folder, head):
    _cache.store_arrays("x", ARRAYS)
    aged(folder / OLD_PART, head)
    (folder / "y.0123456789abcdef.part").write_bytes(head)  # perhaps it is being written
    assert left_after_a_store(folder) == {"x.bin", "y.0123456789abcdef.part"}


FOREIGN = ("model.bin", "download.part", OLD_PART, "notes.txt", "x.0123.part", ".bin")


@pytest.mark.parametrize("inside", [False, True])
@pytest.mark.parametrize("name", FOREIGN)
def test_files_of_others_stay_however_old(folder, inside, name):
    _cache.store_arrays("x", ARRAYS)
    theirs = aged((folder if inside else folder.parent) / name)
    left_after_a_store(folder)
    assert theirs.read_bytes() == b"weights of a network"


@given(
    name=st.from_regex(r"[a-z0-9.]{1,12}(\.bin|\.[0-9a-f]{16}\.part)", fullmatch=True),
    data=st.data(),
)
@settings(max_examples=50)
def test_only_what_begins_as_ours_is_removed(name, data):
    content = data.draw(
        st.binary(max_size=30) | st.sampled_from([_cache._MAGIC, b"geo_risk arrays 1\n"])
    )
    with tempfile.TemporaryDirectory() as home, pytest.MonkeyPatch.context() as patch:
        patch.setenv("GEO_RISK_CACHE_DIR", home)
        _cache.store_arrays("x", ARRAYS)
        path = aged(Path(home) / "geo_risk-arrays" / name, content)
        left_after_a_store(path.parent)
        unfinished = name.endswith(".part") and not any(content[:16])
        assert path.exists() == (not content.startswith(b"geo_risk arrays ") and not unfinished)


def test_files_of_ours_outside_our_folder_stay(folder):
    """Such as what an earlier version kept beside the user's own files: nobody looks there."""
    _cache.store_arrays("x", ARRAYS)
    ours = (folder / "x.bin").read_bytes()
    kept = [aged(folder.parent / name, ours) for name in ("earlier.bin", OLD_PART)]
    left_after_a_store(folder)
    assert all(path.exists() for path in kept)


def test_folders_that_are_named_like_ours_stay(folder):
    _cache.store_arrays("x", ARRAYS)
    for home in (folder, folder.parent):
        for name in ("y.bin", OLD_PART):
            (home / name).mkdir()
            aged(home / name / "model.bin", _cache._MAGIC)
            os.utime(home / name, (PAST, PAST))
    left_after_a_store(folder)
    for home in (folder, folder.parent):
        for name in ("y.bin", OLD_PART):
            assert (home / name / "model.bin").exists()


@pytest.mark.skipif(sys.platform == "win32", reason="links need rights there")
def test_links_stay_and_lead_nowhere(folder, tmp_path):
    _cache.store_arrays("x", ARRAYS)
    theirs = aged(tmp_path / "theirs", _cache._MAGIC)
    link = folder / "linked.bin"
    link.symlink_to(theirs)
    os.utime(link, (PAST, PAST), follow_symlinks=False)
    left_after_a_store(folder)
    assert link.is_symlink()
    assert theirs.exists()


@pytest.mark.skipif(sys.platform == "win32", reason="links need rights there")
def test_a_folder_that_is_a_link_is_not_cleaned(folder, tmp_path):
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    theirs = aged(elsewhere / "old.bin", _cache._MAGIC)
    folder.parent.mkdir()
    folder.symlink_to(elsewhere)
    left_after_a_store(folder)
    assert theirs.exists()
    np.testing.assert_array_equal(_cache.load_arrays("newest", KINDS)["a"], ARRAYS["a"])


def test_a_name_that_is_taken_is_not_removed(folder, monkeypatch):
    monkeypatch.setattr("secrets.token_hex", lambda _: "0123456789abcdef")
    folder.mkdir(parents=True)
    theirs = aged(folder / OLD_PART)
    assert not _cache.store_arrays("x", ARRAYS)
    assert theirs.exists()


def test_a_home_in_the_variable_is_expanded(monkeypatch):
    monkeypatch.setenv("GEO_RISK_CACHE_DIR", "~/indexes")
    assert cache_directory() == Path.home() / "indexes"


def test_default_is_the_users_cache(monkeypatch):
    monkeypatch.delenv("GEO_RISK_CACHE_DIR")
    assert "geo_risk" in str(cache_directory())


class TestLocatorIndex:
    coverage = from_geometries([shapely.box(0, 0, 1, 1), shapely.box(1, 0, 2, 1)])

    def answer(self, locator):
        return locator.locate(lon=[0.5, 1.0, 1.5, 3.0], lat=[0.5] * 4).tolist()

    def test_second_time_needs_no_polygons(self, folder):
        first = Locator.of(lambda: self.coverage, 2, "abc")
        again = Locator.of(lambda: pytest.fail("decoded the polygons again"), 2, "abc")
        assert self.answer(first) == self.answer(again) == [0, 1, 1, -1]

    def test_damage_is_repaired(self, folder):
        Locator.of(lambda: self.coverage, 2, "abc")
        (path,) = folder.iterdir()
        path.write_bytes(path.read_bytes()[:5000])
        assert self.answer(Locator.of(lambda: self.coverage, 2, "abc")) == [0, 1, 1, -1]
        Locator.of(lambda: pytest.fail("not repaired"), 2, "abc")

    def test_without_a_fingerprint_nothing_is_kept(self, folder):
        assert self.answer(Locator.of(lambda: self.coverage, 2)) == [0, 1, 1, -1]
        assert not folder.exists()


def test_processes_that_build_at_once_leave_one_sound_index(folder):
    code = """
import shapely
from geo_risk.regions.coverage import from_geometries
from geo_risk.regions._locate import GRID_ARRAYS
from geo_risk.regions.locator import Locator
shapes = [shapely.Point(k % 20, k // 20).buffer(0.5, 64) for k in range(400)]
found = Locator.of(lambda: from_geometries(shapes), 400, "at-once")
print(found.locate(lon=[3.0, 3.49, 0.5], lat=[2.0, 2.49, 0.5]).tolist())
"""
    processes = [
        subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
        for _ in range(4)
    ]
    said = [process.communicate()[0].strip() for process in processes]
    assert said == ["[43, -1, -1]"] * 4
    (path,) = folder.iterdir()
    assert _cache.load_arrays(path.stem, GRID_ARRAYS) is not None


def test_an_index_of_another_version_is_not_read(folder, monkeypatch):
    from geo_risk.regions import _packed

    TestLocatorIndex.answer(None, Locator.of(lambda: TestLocatorIndex.coverage, 2, "abc"))
    monkeypatch.setattr(_packed, "FORMAT", _packed.FORMAT + 1)
    asked = []
    Locator.of(lambda: asked.append(1) or TestLocatorIndex.coverage, 2, "abc")
    assert asked == [1]


class TestAnnounce:
    def run(self, code):
        result = subprocess.run(
            [sys.executable, "-c",
             f"{code}\nfrom geo_risk._core import cache; cache.announce('x')"],
            capture_output=True, text=True, check=True,
        )  # fmt: skip
        assert result.stdout == ""
        return result.stderr

    def test_goes_to_standard_error_where_nobody_set_up_logging(self):
        assert self.run("") == "geo_risk: x\n"

    def test_goes_to_the_log_where_somebody_did(self):
        assert self.run("import logging; logging.basicConfig(level='INFO')") == "INFO:geo_risk:x\n"
        assert self.run("import logging; logging.basicConfig()") == ""

    def test_can_be_silenced(self):
        quiet = "import logging; logging.getLogger('geo_risk').setLevel('ERROR')"
        assert self.run(quiet) == ""
        assert self.run("import sys; sys.stderr = None") == ""
