"""Compiled kernels in numba's cache folder, each with a checksum.

numba unpickles the files in that folder and passes machine code to the linker unchecked: a flipped
bit ends the process, or worse, does not. It also keeps an index beside the code, another file that
can be damaged; after a kill, or with two processes at once, it can point to the wrong code.

Here a kernel has one file for each combination of types and processor. Its checksum covers the
file's name, numba's version, all sources that are compiled into it and the fields of the named
tuples among its arguments, so a file that is damaged, out of date or of another kernel counts as
missing: the kernel is compiled and written again. A file with the right checksum is unpickled, as
numba does: anyone who can write to that folder can run code.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable
from functools import cache
from pathlib import Path
from typing import Any

import numba
import numpy as np
import xxhash

from geo_risk._core.files import replacing

__all__ = ["keep_checked"]

_MAGIC = b"geo_risk kernel 1\n"
_SUM_BYTES = 16


class KernelFiles:
    """Files behind numba's cache of one function, with the methods that numba calls."""

    def __init__(self, folder: str, base: str, function: Callable[..., Any]) -> None:
        self.folder, self.base, self.function = Path(folder), base, function

    def load(self, key: Any) -> Any:
        """Load what was saved under `key`; None if there is no valid file."""
        from numba.cloudpickle import loads  # numba's code can be stored in no other way

        try:
            content = self._path(key).read_bytes()
        except OSError:
            return None
        start = len(_MAGIC) + _SUM_BYTES
        if content[:start] != self._head(key, content[start:]):  # before anything is unpickled
            return None
        saved, data = loads(content[start:])
        return data if saved == key else None

    def save(self, key: Any, data: Any) -> None:
        """Store compiled code; OSError if that is impossible."""
        from numba.core.serialize import dumps

        content = dumps((key, data))  # type: ignore[no-untyped-call]
        with replacing(self._path(key)) as part:
            part.write_bytes(self._head(key, content) + content)

    def flush(self) -> None:
        """Delete all files of this function."""
        for path in self.folder.glob(f"{self.base}.*.nbc"):
            path.unlink(missing_ok=True)

    def _path(self, key: Any) -> Path:
        return self.folder / f"{self.base}.{xxhash.xxh3_64_hexdigest(repr(key).encode())}.nbc"

    def _head(self, key: Any, content: bytes) -> bytes:
        """First bytes of a file with that content."""
        known = (self._path(key).name, numba.__version__, _sources(self.function), _fields(key[0]))
        checksum = xxhash.xxh3_128("\n".join(map(str, known)).encode())
        checksum.update(content)
        return _MAGIC + checksum.digest()


def _fields(kinds: Iterable[Any]) -> list[Any]:
    """Fields of the named tuples among numba's types: code uses positions, the key has no names."""
    return [(getattr(kind, "fields", ()), _fields(getattr(kind, "types", ()))) for kind in kinds]


def _sources(function: Callable[..., Any]) -> str:
    """Checksum of the sources of a kernel and of all that it calls, and of their constants."""
    found, left = {}, [function]
    while left:
        code, scope = left[-1].__code__, left.pop().__globals__
        if code in found:
            continue
        found[code] = [_file_sum(code.co_filename)]
        for name in sorted(set(code.co_names) & scope.keys()):
            value = scope[name]
            if hasattr(value, "py_func"):
                left.append(value.py_func)
            elif isinstance(value, np.ndarray):
                found[code].append(f"{name} {xxhash.xxh3_128_hexdigest(value.tobytes())}")
            elif isinstance(value, (int, float, tuple, str, np.generic)):
                found[code].append(f"{name} {value!r}")
            elif hasattr(value, "_fields"):
                found[code].append(f"{name} {value._fields}")
    return xxhash.xxh3_128_hexdigest(repr(sorted(found.values())).encode())


@cache
def _file_sum(name: str) -> str:
    try:
        return xxhash.xxh3_128_hexdigest(Path(name).read_bytes())
    except OSError:  # in an archive; numba's key has the function's own code
        return ""


def keep_checked(compiled: Any) -> None:
    """Store a function's compiled code in such files, unless numba's internals have changed.

    Code that cannot be written (a full disk, a removed folder) is compiled again next time.
    """
    kept: Any = getattr(compiled, "_cache", None)
    if not (hasattr(kept, "_cache_file") and hasattr(kept, "save_overload")):
        return
    base = getattr(getattr(kept, "_impl", None), "filename_base", None)
    if not isinstance(base, str):
        return
    kept._cache_file = KernelFiles(kept.cache_path, base, compiled.py_func)
    usual = kept.save_overload

    def save_overload(signature: Any, data: Any) -> None:
        with contextlib.suppress(OSError):
            usual(signature, data)

    kept.save_overload = save_overload
