"""numba's cache: working, once slower, where nothing is writable; threads."""

from __future__ import annotations

import os
import subprocess
import sys

import numpy as np
import pytest

from geo_risk._core import jit as _jit


def test_kernels_work_where_nothing_can_be_written(tmp_path):
    """numba refuses `cache=True` at decoration there; the package must not."""
    code = """
import warnings
from numba.core import caching
class Nowhere:
    @classmethod
    def from_function(cls, function, path):
        return None
caching.CacheImpl._locator_classes = [Nowhere]
for implementation in (caching.CompileResultCacheImpl, caching.CodeLibraryCacheImpl):
    implementation._locator_classes = [Nowhere]
with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    from geo_risk.regions._predicates import orientation
    assert orientation(0.0, 0.0, 1.0, 0.0, 0.5, 1.0) == 1
told = [w for w in caught if "no writable directory" in str(w.message)]
assert len(told) == 1, [str(w.message) for w in caught]
print("works")
"""
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False
    )
    assert result.stdout.strip() == "works", result.stderr


@pytest.mark.parametrize("wrong", [3, len])
def test_a_kernel_is_a_python_function(wrong):
    with pytest.raises(TypeError, match=r"Invalid kernel: .*; must be a Python function"):
        _jit.njit(wrong)


def test_a_runtime_error_that_is_not_of_the_cache_is_raised_without_a_warning(monkeypatch):
    def refuse(**_):
        raise RuntimeError("cannot cache what is not there")  # the words say nothing

    monkeypatch.setattr("numba.njit", refuse)
    monkeypatch.setattr(_jit, "_warn_uncached", lambda: pytest.fail("warned"))
    with pytest.raises(RuntimeError, match="what is not there"):
        _ = _jit.njit(lambda x: x).compiled


@pytest.mark.parametrize("n_jobs", [1, 2, 5, -1])
def test_chunks_cover_every_row_once(n_jobs):
    seen = np.zeros(100_001, dtype=int)

    def run(start, stop):
        seen[start:stop] += 1

    _jit.run_chunks(run, len(seen), n_jobs, minimum=1000)
    assert (seen == 1).all()


def test_an_error_in_a_thread_is_raised():
    def run(start, stop):
        raise ArithmeticError("inside")

    with pytest.raises(ArithmeticError, match="inside"):
        _jit.run_chunks(run, 100_000, 2)


@pytest.mark.parametrize("n_jobs", [0, -2])
def test_bad_n_jobs(n_jobs):
    with pytest.raises(ValueError, match=f"Invalid n_jobs: {n_jobs}"):
        _jit.resolve_jobs(n_jobs)


def test_all_processors():
    assert 1 <= _jit.resolve_jobs(-1) <= (os.cpu_count() or 1)


WARM = """
import sys, geo_risk as gr
row = gr.load_regions().locate(lon=[69.53] * 2000, lat=[36.74] * 2000)[0]
"""  # more rows than are answered without numba
PREPARED = WARM + "print(row, 'scipy.linalg' in sys.modules)"
ON = {_jit.SWITCH: "1"}  # whatever numba this is


def python(code: str, **environment: str) -> str:
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False,
        env={**os.environ, **environment},
    )  # fmt: skip
    assert result.returncode == 0, result.stderr
    return result.stdout.strip()


def test_a_kernel_from_the_cache_does_not_prepare_the_compiler():
    """Of all that numba registers before it compiles, scipy.linalg is the costliest import."""
    first = python(WARM + "print(row)", **ON)
    assert python(PREPARED, **ON) == f"{first} False"


@pytest.mark.parametrize("switch", ["", "0", "1"])
@pytest.mark.parametrize("beyond", [0, 1])
def test_quick_loading_ends_with_the_newest_numba_tested(switch, beyond):
    """Beyond it, and where it is switched off, numba's own way is taken; answers are the same."""
    major, minor = _jit.NEWEST_NUMBA
    numba = f"import numba\nnumba.version_info = ({major}, {minor + beyond}, 0)\n"
    first = python(WARM + "print(row)")
    quick = switch == "1" or (switch == "" and not beyond)
    assert python(numba + PREPARED, GEO_RISK_QUICK_LOAD=switch) == f"{first} {not quick}"


def test_the_switch_takes_nothing_else(monkeypatch):
    monkeypatch.setenv(_jit.SWITCH, "yes")
    with pytest.raises(ValueError, match="Invalid GEO_RISK_QUICK_LOAD: 'yes'; must be 0"):
        _ = _jit.njit(lambda x: x).compiled


def test_where_quick_loading_fails_the_usual_way_is_taken():
    code = """
from numba.core import caching
usual, calls = caching.Cache._load_overload, []
def once(self, *arguments):
    calls.append(self)
    if len(calls) == 1:
        raise OSError("planted")
    return usual(self, *arguments)
caching.Cache._load_overload = once
"""
    want = python(WARM + "print(row, True)", **ON)
    assert python(code + WARM + "print(row, len(calls) > 1)", **ON) == want


def test_a_kernel_of_another_type_is_compiled_after_a_quick_load():
    code = """
import numpy as np
from geo_risk.regions._predicates import orientation
assert orientation(0.0, 0.0, 1.0, 0.0, 0.5, 1.0) == 1
one = np.float32(1.0)
assert orientation(0 * one, 0 * one, one, 0 * one, one / 2, -one) == -1
print("both")
"""
    assert python(code, **ON) == "both"
    assert python(code, **ON) == "both"


@pytest.mark.parametrize("n_jobs", [1, 3])
def test_no_slice_is_longer_than_the_maximum(n_jobs):
    slices = []
    _jit.run_chunks(lambda a, b: slices.append((a, b)), 100_001, n_jobs, maximum=4096)
    assert sorted(slices) == [(a, min(a + 4096, 100_001)) for a in range(0, 100_001, 4096)]


def test_after_an_error_no_further_slice_is_begun():
    seen = []

    def run(start, stop):
        seen.append(start)
        raise ArithmeticError("inside")

    with pytest.raises(ArithmeticError, match="inside"):
        _jit.run_chunks(run, 100_000, 1, maximum=1000, minimum=10)
    assert seen == [0]


def test_read_only_home_still_answers(tmp_path):
    """A container without a writable home: no cache of code, none of indexes."""
    code = (
        "import warnings; warnings.simplefilter('ignore')\n"
        "import geo_risk as gr\n"
        "print(gr.load_regions().locate(lon=69.53, lat=36.74))\n"
    )
    (tmp_path / "file").write_text("in the way")  # even root cannot write below a file
    nowhere = str(tmp_path / "file" / "below")
    environment = {
        "PATH": "/usr/bin", "HOME": nowhere, "GEO_RISK_CACHE_DIR": nowhere,
        "XDG_CACHE_HOME": nowhere,
    }  # fmt: skip
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False, env=environment
    )
    assert result.returncode == 0, result.stderr
    assert int(result.stdout) >= 0


def test_nothing_writable_is_told_once_and_works():
    """Neither code nor indexes can be kept: slower, right, and one warning."""
    code = """
import os, warnings
os.environ["GEO_RISK_CACHE_DIR"] = os.path.join(__import__("sys").executable, "below")
from numba.core import caching
class Nowhere:
    @classmethod
    def from_function(cls, function, path):
        return None
for implementation in (
    caching.CacheImpl, caching.CompileResultCacheImpl, caching.CodeLibraryCacheImpl
):
    implementation._locator_classes = [Nowhere]
with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    import geo_risk as gr
    layer = gr.load_regions()
    print(layer.columns["region_code"][layer.locate(lon=69.53451, lat=36.73605)])
    print(gr.h3_cells(lon=[69.5], lat=[36.7], resolution=7)[0])
told = [str(w.message) for w in caught if w.category is RuntimeWarning]
assert len(told) == 1 and "GEO_RISK_CACHE_DIR" in told[0], told
"""
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False
    )
    assert result.returncode == 0, result.stderr
    assert result.stdout.split()[0] == "AF-TAK"
    assert result.stderr.count("\n") == 1
    assert "preparing the point-in-region index" in result.stderr
