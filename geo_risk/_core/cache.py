"""Cache of arrays that are slow to compute, in the user's cache folder and mapped into memory.

One file per array set: a checksum of all that follows, a header that names the arrays, then their
bytes. The code that loads the arrays states their types, not the file. A file is written under a
temporary name and renamed, so a reader never sees half of one and two processes may build at once;
the last to finish replaces the file with the same content. A file that is damaged, of another
format or unreadable counts as missing. If nothing can be written, nothing is cached.

The checksum detects damage by storage or another program, not an attack: anyone who can write to
the user's cache can also compute a checksum.

The files have their own folder, because the user's cache folder may contain other files. A file is
only removed from it if it also begins like our files.
"""

from __future__ import annotations

import contextlib
import json
import logging
import math
import os
import re
import secrets
import stat
import time
from collections.abc import Mapping
from io import FileIO
from pathlib import Path
from typing import Any

import numpy as np
import xxhash
from numpy.typing import NDArray

from geo_risk._core.files import cache_directory
from geo_risk._core.terminal import say

__all__ = ["Kinds", "announce", "load_arrays", "store_arrays"]

Kinds = Mapping[str, tuple[type[np.generic], int]]  # number type; columns, 0 for one dimension

_LOG = logging.getLogger("geo_risk")
_FOLDER = "geo_risk-arrays"
_OURS = re.compile(r".+\.(bin|[0-9a-f]{16}\.part)")
_MARK = b"geo_risk arrays "  # of every version
_MAGIC = _MARK + b"3\n"
_SUMMED = len(_MAGIC) + 32  # the checksum covers everything from here on
_ALIGN = 64
_HEADER_BYTES = 4096
_PIECE_BYTES = 1 << 18
_UNUSED_DAYS = 90.0


def announce(text: str) -> None:
    """Report work that takes seconds: in the log if that is set up, else on standard error.

    A first call that is silent for seconds seems to hang. The settings of a log decide there.
    """
    if _LOG.hasHandlers():
        _LOG.info(text)
    elif _LOG.isEnabledFor(logging.WARNING):
        say(f"geo_risk: {text}", err=True)


def _array_folder() -> Path:
    """The folder in the cache that contains arrays only."""
    return cache_directory() / _FOLDER


def store_arrays(name: str, arrays: Mapping[str, NDArray[Any]]) -> bool:
    """Store arrays under `name` (a file name without ending); False if that is impossible."""
    header = _header(name, arrays)
    checksum = xxhash.xxh3_128(header)
    temporary = None
    try:
        folder = _array_folder()
        folder.mkdir(parents=True, exist_ok=True)
        part = folder / f"{name}.{secrets.token_hex(8)}.part"
        with part.open("xb") as file:  # not mkstemp: its mode locks other users out
            temporary = part
            file.seek(_HEADER_BYTES)
            for array in arrays.values():
                content = np.ascontiguousarray(array).reshape(-1).view(np.uint8)
                content = np.concatenate([content, np.zeros(-len(content) % _ALIGN, np.uint8)])
                checksum.update(content)
                file.write(content)
            file.seek(0)
            file.write(_MAGIC + checksum.hexdigest().encode() + header)
        part.replace(folder / f"{name}.bin")
    except OSError as error:
        _LOG.info("The cache cannot be written, so this is prepared again next time: %s", error)
        if temporary is not None:
            with contextlib.suppress(OSError):
                temporary.unlink()
        return False
    with contextlib.suppress(OSError):
        _remove_unused(folder)
    return True


def _header(name: str, arrays: Mapping[str, NDArray[Any]]) -> bytes:
    """Header of a file, without its checksum."""
    shapes = [[key, array.dtype.str, array.shape] for key, array in arrays.items()]
    text = json.dumps({"name": name, "arrays": shapes}).encode()
    if len(text) > _HEADER_BYTES - _SUMMED:
        raise ValueError("too many arrays for the header")
    return text.ljust(_HEADER_BYTES - _SUMMED)


def _remove_unused(folder: Path) -> None:
    """Remove files not read or written for months: indexes of former layers and versions."""
    before = time.time() - 86400.0 * _UNUSED_DAYS
    for path in [] if folder.is_symlink() else list(folder.iterdir()):
        with contextlib.suppress(OSError):
            used = path.lstat()
            unused = stat.S_ISREG(used.st_mode) and max(used.st_atime, used.st_mtime) < before
            if unused and _is_ours(path):
                path.unlink()


def _is_ours(path: Path) -> bool:
    """Whether a file is ours: by its name and its first bytes, zeros if writing was stopped."""
    if not _OURS.fullmatch(path.name):
        return False
    with path.open("rb") as file:
        head = file.read(len(_MARK))
    return head == _MARK or (path.suffix == ".part" and not head.strip(b"\0"))


def load_arrays(name: str, kinds: Kinds) -> dict[str, NDArray[Any]] | None:
    """Load arrays stored under `name`, mapped copy-on-write; None if there is no valid file.

    A file is valid if its checksum is right, it was stored under that name, and it contains the
    arrays of `kinds`, in their order, and nothing else.
    """
    path = _array_folder() / f"{name}.bin"
    try:
        with path.open("rb", buffering=0) as file:
            places, size = _places(_checked_header(file), name, kinds)
            if os.fstat(file.fileno()).st_size != size:
                raise ValueError(f"not {size} bytes")
            # mode "c": the arrays are writable for numba, which gives read-only ones another type,
            # but changes never reach the file
            content = np.memmap(file, dtype=np.uint8, mode="c", shape=(size,))
        return {key: _view(content, *place) for key, place in places.items()}
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (OSError, ValueError, LookupError, TypeError, RecursionError) as error:
        _LOG.warning("The cached index %s cannot be used (%s) and is built again.", path, error)
        return None


def _checked_header(file: FileIO) -> dict[str, Any]:
    """The header of a file, after the checksum of the complete file was verified.

    The file is read, not mapped, so that later only the used parts of the index are in memory.
    """
    head = file.read(_HEADER_BYTES)
    if not head.startswith(_MAGIC):
        raise ValueError("another format")
    checksum = xxhash.xxh3_128(head[_SUMMED:])
    piece = memoryview(bytearray(_PIECE_BYTES))
    while n := file.readinto(piece):
        checksum.update(piece[:n])
    if checksum.hexdigest().encode() != head[len(_MAGIC) : _SUMMED]:
        raise ValueError("its checksum is wrong")
    header: dict[str, Any] = json.loads(head[_SUMMED:])
    return header


_Place = tuple[int, np.dtype[Any], tuple[int, ...]]  # offset, number type, shape


def _places(header: Mapping[str, Any], name: str, kinds: Kinds) -> tuple[dict[str, _Place], int]:
    """Place of each array in the file, and the size of the file."""
    if header["name"] != name or [key for key, *_ in header["arrays"]] != list(kinds):
        raise ValueError("it contains something else")
    places, offset = {}, _HEADER_BYTES
    for key, stored, shape in header["arrays"]:
        dtype, columns = np.dtype(kinds[key][0]), kinds[key][1]
        if stored != dtype.str or shape[1:] != ([columns] if columns else []) or shape[0] < 0:
            raise ValueError(f"{key} has another type or shape")
        places[key] = (offset, dtype, tuple(shape))
        offset += -(-math.prod(shape) * dtype.itemsize // _ALIGN) * _ALIGN
    return places, offset


def _view(
    content: NDArray[np.uint8], offset: int, dtype: np.dtype[Any], shape: tuple[int, ...]
) -> NDArray[Any]:
    """One array of a mapped file."""
    own = np.asarray(content[offset : offset + math.prod(shape) * dtype.itemsize])
    array: NDArray[Any] = own.view(dtype).reshape(shape)
    return array
