"""Arrays that were costly to make, kept in the user's cache and mapped into memory.

One file per array set: a header that describes the arrays, then their bytes. A file is written
under a temporary name and renamed, so a reader never sees half of one and two processes may build
at once; whichever finishes last wins with the same content. A file that is damaged, of another
format or unreadable counts as missing. Where nothing can be written, nothing is kept.
"""

from __future__ import annotations

import contextlib
import json
import logging
import os
import tempfile
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["cache_directory", "load_arrays", "store_arrays"]

_LOG = logging.getLogger("geo_risk")
_MAGIC = b"geo_risk arrays 1\n"
_ALIGN = 64
_HEADER_BYTES = 4096
_CHUNK = 1 << 24


def cache_directory() -> Path:
    """Where built indexes are kept: ``GEO_RISK_CACHE_DIR``, else the user's cache folder."""
    chosen = os.environ.get("GEO_RISK_CACHE_DIR")
    if chosen:
        return Path(chosen)
    import platformdirs

    return Path(platformdirs.user_cache_dir("geo_risk", appauthor=False))


def store_arrays(name: str, arrays: Mapping[str, NDArray[Any]]) -> bool:
    """Keep arrays under `name` (a file name without ending); False where that is impossible."""
    places, offset = {}, _HEADER_BYTES
    for key, array in arrays.items():
        places[key] = {"dtype": array.dtype.str, "shape": array.shape, "offset": offset}
        offset += -(-array.nbytes // _ALIGN) * _ALIGN
    temporary = None
    try:
        folder = cache_directory()
        folder.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(dir=folder, prefix=f"{name}.", suffix=".part")
        with os.fdopen(handle, "wb") as file:
            file.seek(_HEADER_BYTES)
            checksum = 0
            for array in arrays.values():
                content = np.ascontiguousarray(array).reshape(-1).view(np.uint8)
                content = np.concatenate([content, np.zeros(-len(content) % _ALIGN, np.uint8)])
                checksum = zlib.crc32(content, checksum)
                file.write(content)
            header = {"arrays": places, "crc32": checksum, "bytes": offset}
            text = _MAGIC + json.dumps(header).encode()
            if len(text) > _HEADER_BYTES:
                raise ValueError("too many arrays for the header")
            file.seek(0)
            file.write(text.ljust(_HEADER_BYTES))
        Path(temporary).replace(folder / f"{name}.bin")
    except OSError as error:
        _LOG.info("The cache cannot be written, so this is prepared again next time: %s", error)
        if temporary is not None:
            with contextlib.suppress(OSError):
                Path(temporary).unlink()
        return False
    return True


def load_arrays(name: str) -> dict[str, NDArray[Any]] | None:
    """Arrays kept under `name`, mapped copy-on-write; None where there is no sound file."""
    path = cache_directory() / f"{name}.bin"
    try:
        with path.open("rb") as file:
            head = file.read(_HEADER_BYTES)
            size = os.fstat(file.fileno()).st_size
        if not head.startswith(_MAGIC):
            raise ValueError("another format")
        header = json.loads(head[len(_MAGIC) :])
        if size != header["bytes"]:
            raise ValueError(f"{size} bytes in place of {header['bytes']}")
        # mode "c": the arrays are writable for numba, which types read-only ones apart, but what
        # is written never reaches the file
        content = np.memmap(path, dtype=np.uint8, mode="c")
        checksum = 0
        for start in range(_HEADER_BYTES, size, _CHUNK):
            checksum = zlib.crc32(content[start : start + _CHUNK], checksum)
        if checksum != header["crc32"]:
            raise ValueError("its checksum is wrong")
        return {key: _view(content, place) for key, place in header["arrays"].items()}
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError) as error:
        _LOG.warning("The cached index %s is of no use (%s) and is built again.", path, error)
        return None


def _view(content: NDArray[np.uint8], place: Mapping[str, Any]) -> NDArray[Any]:
    """One array of a mapped file."""
    dtype, shape = np.dtype(place["dtype"]), tuple(place["shape"])
    end = place["offset"] + dtype.itemsize * int(np.prod(shape))
    array: NDArray[Any] = np.asarray(content[place["offset"] : end]).view(dtype).reshape(shape)
    return array
