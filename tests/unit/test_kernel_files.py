"""Files of compiled kernels: what is damaged, out of date or another's counts as missing."""

from __future__ import annotations

import pickle
import random
from typing import NamedTuple

import numba
import numpy as np
import pytest
from damage import DAMAGES

from geo_risk._core import files as _files, kernel_files as _kernel_files
from geo_risk._core.jit import njit
from geo_risk._core.kernel_files import KernelFiles, _sources

KEY = (("float64", "int64"), ("x86_64", "cpu", "+avx"), ("a" * 64, "b" * 64))
CODE = ("library", bytes(range(256)) * 8)
FACTOR, TABLE, MASK = 3, np.arange(4), np.uint64(7)


class Pair(NamedTuple):
    one: int
    two: int


@njit
def inner_kernel(x):
    return x * FACTOR


@njit
def kernel(x):
    return inner_kernel(x) + TABLE[0] + MASK


@njit
def pairs(x):
    return Pair(x, FACTOR)


@pytest.fixture
def files(tmp_path) -> KernelFiles:
    found = KernelFiles(str(tmp_path), "module.kernel-1.py311", kernel.py_func)
    found.save(KEY, CODE)
    return found


def test_round_trip(files):
    assert files.load(KEY) == CODE
    assert files.load((("int64",), *KEY[1:])) is None
    files.flush()
    assert files.load(KEY) is None
    assert not list(files.folder.iterdir())


def test_numbas_cache_has_such_files(tmp_path):
    """A private name of numba: where it is another one, kernels are kept as numba keeps them."""
    assert isinstance(kernel._cache._cache_file, KernelFiles)
    assert isinstance(inner_kernel._cache._cache_file, KernelFiles)


@pytest.mark.parametrize("damage", DAMAGES, ids=lambda damage: damage.__name__)
def test_damage_counts_as_missing_and_is_not_unpickled(files, damage, monkeypatch):
    (path,) = files.folder.iterdir()
    whole, rng = path.read_bytes(), random.Random(1)
    with monkeypatch.context() as patch:
        patch.setattr("numba.cloudpickle.loads", lambda _: pytest.fail("unpickled"))
        for content in [damage(whole, rng) for _ in range(15)] + [b"", pickle.dumps((KEY, CODE))]:
            path.write_bytes(content)
            assert files.load(KEY) is None
    files.save(KEY, CODE)
    assert path.read_bytes() == whole
    assert files.load(KEY) == CODE


def test_a_file_of_another_kernel_or_key_counts_as_missing(files):
    other = (("int64",), *KEY[1:])
    files.save(other, "other")
    one, two = (files._path(key) for key in (KEY, other))
    contents = one.read_bytes(), two.read_bytes()
    one.write_bytes(contents[1])
    two.write_bytes(contents[0])
    assert files.load(KEY) is None
    assert files.load(other) is None


def test_keys_of_equal_text_are_told_apart(files, monkeypatch):
    monkeypatch.setattr(KernelFiles, "_path", lambda self, key: self.folder / "same.nbc")
    files.save(KEY, CODE)
    assert files.load(KEY) == CODE
    assert files.load("another") is None


def test_code_of_another_numba_counts_as_missing(files, monkeypatch):
    monkeypatch.setattr(_kernel_files.numba, "__version__", "0.0")
    assert files.load(KEY) is None


@pytest.mark.parametrize(
    ("name", "value"), [("FACTOR", 4), ("TABLE", np.arange(1, 5)), ("MASK", np.uint64(3))]
)
def test_code_with_another_constant_counts_as_missing(files, monkeypatch, name, value):
    before = _sources(kernel.py_func)
    monkeypatch.setitem(kernel.py_func.__globals__, name, value)
    assert _sources(kernel.py_func) != before
    assert files.load(KEY) is None


def test_code_of_a_named_tuple_with_other_fields_counts_as_missing(files, monkeypatch):
    """Machine code knows fields by their place, and the tuple may come from another file."""
    kind = numba.typeof(Pair(1, 2))
    keys = [((kind,), *KEY[1:]), ((numba.typeof((Pair(1, 2), 3)),), *KEY[1:])]
    before = _sources(pairs.py_func)
    for key in keys:
        files.save(key, CODE)
        assert files.load(key) == CODE
    monkeypatch.setattr(kind, "fields", ("two", "one"))
    monkeypatch.setattr(Pair, "_fields", ("two", "one"))
    assert [files.load(key) for key in keys] == [None, None]
    assert _sources(pairs.py_func) != before


def test_code_counts_as_missing_once_what_it_calls_was_edited(tmp_path, monkeypatch):
    """numba by itself looks at the file of the kernel alone."""
    from geo_risk.regions import _predicates
    from geo_risk.regions._locate import locate_points

    before = _sources(locate_points.py_func)
    usual = _kernel_files._file_sum
    edited = _predicates.__file__
    monkeypatch.setattr(
        _kernel_files, "_file_sum", lambda name: "new" if name == edited else usual(name)
    )
    assert _sources(locate_points.py_func) != before


def test_what_cannot_be_written_leaves_nothing(files, monkeypatch):
    before = [path.read_bytes() for path in files.folder.iterdir()]
    monkeypatch.setattr(_files, "sync", lambda _: (_ for _ in ()).throw(OSError("full")))
    with pytest.raises(OSError, match="full"):
        files.save(KEY, "new")
    assert [path.read_bytes() for path in files.folder.iterdir()] == before


def test_a_kernel_that_cannot_be_kept_answers(monkeypatch):
    @njit
    def local(x):
        return x + 1

    def refuse(*_):
        raise OSError("full")

    monkeypatch.setattr(KernelFiles, "save", refuse)
    assert local(41) == 42
