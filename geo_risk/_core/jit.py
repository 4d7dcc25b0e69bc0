"""The one place that configures numba.

Only kernel modules import this module. A kernel is compiled, and numba imported, when it is first
used: `import geo_risk` never pays for numba, and neither does a program whose few points a kernel
answers as plain Python (`for_rows`).

Compiled code is cached beside the package or, if that is read-only, in the user's cache, in our own
files (`kernel_files`). If neither can be written (a container without a home, for example), numba
raises an error; the kernel is then compiled in memory, with one warning.
"""

from __future__ import annotations

import os
import warnings
from collections import deque
from collections.abc import Callable
from functools import cached_property, update_wrapper
from threading import RLock, Thread
from types import FunctionType
from typing import Any

from geo_risk._core.validate import check_jobs

__all__ = ["Kernel", "inner", "njit", "resolve_jobs", "run_chunks"]

NEWEST_NUMBA = (0, 68)
"""Newest numba whose cache `_load_quickly` was tested with; later ones load their own way."""
SWITCH = "GEO_RISK_QUICK_LOAD"

_CHUNKS_PER_JOB = 8
_FEW = 1000  # rows of a kernel that take less time in Python than numba takes to be imported
_compiling = RLock()
_warned = False


class Kernel:
    """A function that numba compiles when it is first used.

    Attributes
    ----------
    py_func : function
        What was written; it calls other kernels compiled.
    """

    def __init__(self, function: Callable[..., Any], **options: bool) -> None:
        if not isinstance(function, FunctionType):
            raise TypeError(f"Invalid kernel: {function!r}; must be a Python function.")
        self.py_func, self._options, self._rows = function, options, 0
        update_wrapper(self, function)

    @property
    def compiled(self) -> Any:
        """The function as numba has it; compiled or loaded at its first call."""
        if "_dispatcher" not in self.__dict__:
            with _compiling:
                if "_dispatcher" not in self.__dict__:
                    self._dispatcher = _compiled(self.py_func, **self._options)
        return self._dispatcher

    @cached_property
    def plain(self) -> Callable[..., Any]:
        """The function as plain Python, with all kernels that it calls."""
        scope = dict(self.py_func.__globals__)
        for name in self.py_func.__code__.co_names:
            if isinstance(scope.get(name), Kernel):
                scope[name] = scope[name].plain
        return FunctionType(self.py_func.__code__, scope, self.__name__, self.py_func.__defaults__)

    def for_rows(self, n: int) -> Callable[..., Any]:
        """The function to call for `n` rows: plain Python for the first few of a process.

        Both give the same answers.
        """
        if "_dispatcher" not in self.__dict__ and self._rows + n <= _FEW:
            self._rows += n
            return self.plain
        return self

    def __call__(self, *arguments: Any) -> Any:
        return self.compiled(*arguments)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__") or name == "_dispatcher":
            raise AttributeError(name)
        return getattr(self.compiled, name)


def njit(function: Callable[..., Any]) -> Kernel:
    """Compile `function` in nopython mode, without the GIL, cached if a folder is writable.

    Strict IEEE arithmetic is kept (no fastmath): the exact predicates depend on it.
    """
    return Kernel(function)


def inner(function: Callable[..., Any]) -> Kernel:
    """Compile like `njit`, without Python wrapper, a function that only other kernels call.

    Wrappers for tuples of arrays take longer to compile than many of the functions behind them.
    Calling an inner function from Python is an error.
    """
    return Kernel(function, no_cpython_wrapper=True, no_cfunc_wrapper=True)


def _compiled(function: Callable[..., Any], **options: bool) -> Any:
    import numba
    from numba.extending import typeof_impl

    from geo_risk._core.kernel_files import keep_checked

    if Kernel not in typeof_impl.registry:
        typeof_impl.register(Kernel)(lambda kernel, _: numba.typeof(kernel.compiled))
    options |= {"nogil": True}
    try:
        compiled = numba.njit(cache=True, error_model="numpy", **options)(function)
    except RuntimeError:  # no folder for code, or an error that is raised again here
        compiled = numba.njit(cache=False, error_model="numpy", **options)(function)
        _warn_uncached()
    else:
        keep_checked(compiled)
        if _quick_loading():
            _load_quickly(compiled)
    return compiled


def _quick_loading() -> bool:
    """Whether kernels are loaded quickly: up to the newest numba tested, or as SWITCH says."""
    import numba

    wanted = os.environ.get(SWITCH, "")
    if wanted not in ("", "0", "1"):
        raise ValueError(f"Invalid {SWITCH}: {wanted!r}; must be 0 (off), 1 (on) or unset.")
    return wanted == "1" or (wanted == "" and numba.version_info[:2] <= NEWEST_NUMBA)


def _load_quickly(compiled: Any) -> None:
    """Load a kernel from the cache without what only compiling needs.

    numba first registers what it can compile, all of NumPy with it, and imports scipy.linalg for
    that: 0.23 s of CPU time in each process, more than `import numba` itself. Machine code that
    is already there needs numba's memory routines alone. Kernels must not hash (no sets, dicts
    or strings) nor use numba's own threads: those need more. If numba's internals have changed,
    or nothing is found, numba loads in its own way.
    """
    cache: Any = getattr(compiled, "_cache", None)
    if not (hasattr(cache, "_load_overload") and hasattr(cache, "load_overload")):
        return
    usual = cache.load_overload

    def load_overload(signature: Any, target_context: Any) -> Any:
        try:
            from numba.core.runtime import rtsys  # type: ignore[attr-defined]

            rtsys.initialize(target_context)
            found = cache._load_overload(signature, target_context)
        except Exception:  # numba's own way meets any error again and reports it
            found = None
        return usual(signature, target_context) if found is None else found

    cache.load_overload = load_overload


def _warn_uncached() -> None:
    global _warned
    if not _warned:
        _warned = True
        warnings.warn(
            "geo_risk found no writable directory for compiled code, so each process compiles "
            "its kernels again (seconds, once per process). Set NUMBA_CACHE_DIR to a writable "
            "directory to avoid this, and GEO_RISK_CACHE_DIR for the indexes that it builds.",
            RuntimeWarning,
            stacklevel=5,
        )


def resolve_jobs(n_jobs: int) -> int:
    """Number of threads for `n_jobs`, where -1 means every processor this process may use."""
    jobs = check_jobs(n_jobs)
    if jobs == -1:
        if hasattr(os, "sched_getaffinity"):
            return len(os.sched_getaffinity(0))
        return os.cpu_count() or 1
    return jobs


def run_chunks(
    run: Callable[[int, int], None],
    n: int,
    n_jobs: int,
    minimum: int = 4096,
    maximum: int | None = None,
) -> None:
    """Call `run(start, stop)` over slices of `range(n)`, on `n_jobs` threads including this one.

    `run` must write to its own slice of preallocated output and must spend its time in a kernel
    (kernels release the GIL). The result never depends on `n_jobs`. Up to `minimum` rows are
    one slice; no slice has more than `maximum`.
    """
    jobs = resolve_jobs(n_jobs)
    step = max(n, 1) if jobs == 1 else max(minimum, -(-n // (jobs * _CHUNKS_PER_JOB)))
    if maximum is not None:
        step = min(step, maximum)
    if n <= minimum or step >= n:
        run(0, n)
        return
    left = deque((i, min(i + step, n)) for i in range(0, n, step))
    failed: list[BaseException] = []

    def work() -> None:
        try:
            while True:
                try:
                    start, stop = left.popleft()
                except IndexError:
                    return
                run(start, stop)
        except BaseException as error:
            left.clear()
            failed.append(error)

    # this thread works too, without a pool: its set-up would be noticeable for 10 ms of work
    helpers = [Thread(target=work, daemon=True) for _ in range(min(jobs, len(left)) - 1)]
    for helper in helpers:
        helper.start()
    work()
    for helper in helpers:
        helper.join()
    if failed:
        raise failed[0]
