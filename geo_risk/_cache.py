"""Arrays that were costly to make, kept in the user's cache and mapped into memory.

One file per array set: a header that describes the arrays, then their bytes. A file is written
under a temporary name and renamed, so a reader never sees half of one and two processes may build
at once; whichever finishes last wins with the same content. A file that is damaged, of another
format or unreadable counts as missing. Where nothing can be written, nothing is kept.

The files have a folder of their own, since the user may have named one that holds other things.
What is removed from it must also begin as our files do.
"""

from __future__ import annotations

import contextlib
import json
import logging
import os
import re
import secrets
import stat
import time
import zlib
from collections.abc import Iterable, Mapping
from io import FileIO
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from geo_risk._terminal import say

__all__ = ["announce", "cache_directory", "load_arrays", "store_arrays"]

_LOG = logging.getLogger("geo_risk")
_FOLDER = "geo_risk-arrays"
_OURS = re.compile(r".+\.(bin|[0-9a-f]{16}\.part)")
_MARK = b"geo_risk arrays "  # of every version
_MAGIC = _MARK + b"2\n"
_ALIGN = 64
_HEADER_BYTES = 4096
_BLOCK_WORDS = 1 << 14
_UNUSED_DAYS = 90.0


def announce(text: str) -> None:
    """Say what is being prepared where it takes seconds: in the log, else on standard error.

    A first call that is silent for seconds looks hung. Who has set up logging decides there.
    """
    if _LOG.hasHandlers():
        _LOG.info(text)
    elif _LOG.isEnabledFor(logging.WARNING):
        say(f"geo_risk: {text}", err=True)


def cache_directory() -> Path:
    """Where built indexes are kept: ``GEO_RISK_CACHE_DIR``, else the user's cache folder."""
    chosen = os.environ.get("GEO_RISK_CACHE_DIR")
    if chosen:
        return Path(chosen).expanduser()  # a container's ENV knows no ~
    import platformdirs

    return Path(platformdirs.user_cache_dir("geo_risk", appauthor=False))


def _array_folder() -> Path:
    """The folder in the cache that holds arrays and nothing else."""
    return cache_directory() / _FOLDER


def store_arrays(name: str, arrays: Mapping[str, NDArray[Any]]) -> bool:
    """Keep arrays under `name` (a file name without ending); False where that is impossible."""
    places, offset = {}, _HEADER_BYTES
    for key, array in arrays.items():
        places[key] = {"dtype": array.dtype.str, "shape": array.shape, "offset": offset}
        offset += -(-array.nbytes // _ALIGN) * _ALIGN
    temporary = None
    try:
        folder = _array_folder()
        folder.mkdir(parents=True, exist_ok=True)
        part = folder / f"{name}.{secrets.token_hex(8)}.part"
        with part.open("xb") as file:  # not mkstemp: its mode locks other users out
            temporary = part
            file.seek(_HEADER_BYTES)
            checksum = 0
            for array in arrays.values():
                content = np.ascontiguousarray(array).reshape(-1).view(np.uint8)
                content = np.concatenate([content, np.zeros(-len(content) % _ALIGN, np.uint8)])
                checksum = _checksum(content, checksum)
                file.write(content)
            header = {"arrays": places, "checksum": checksum, "bytes": offset}
            text = _MAGIC + json.dumps(header).encode()
            if len(text) > _HEADER_BYTES:
                raise ValueError("too many arrays for the header")
            file.seek(0)
            file.write(text.ljust(_HEADER_BYTES))
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


def _remove_unused(folder: Path) -> None:
    """Remove what nobody has read or written for months: indexes of former layers and versions."""
    before = time.time() - 86400.0 * _UNUSED_DAYS
    for path in [] if folder.is_symlink() else list(folder.iterdir()):
        with contextlib.suppress(OSError):
            used = path.lstat()
            unused = stat.S_ISREG(used.st_mode) and max(used.st_atime, used.st_mtime) < before
            if unused and _is_ours(path):
                path.unlink()


def _is_ours(path: Path) -> bool:
    """Whether we wrote a file: by its name and its beginning, which is zeros if we were stopped."""
    if not _OURS.fullmatch(path.name):
        return False
    with path.open("rb") as file:
        head = file.read(len(_MARK))
    return head == _MARK or (path.suffix == ".part" and not head.strip(b"\0"))


def load_arrays(name: str) -> dict[str, NDArray[Any]] | None:
    """Arrays kept under `name`, mapped copy-on-write; None where there is no sound file."""
    path = _array_folder() / f"{name}.bin"
    try:
        with path.open("rb", buffering=0) as file:
            head = file.read(_HEADER_BYTES)
            size = os.fstat(file.fileno()).st_size
            if not head.startswith(_MAGIC):
                raise ValueError("another format")
            header = json.loads(head[len(_MAGIC) :])
            if size != header["bytes"]:
                raise ValueError(f"{size} bytes in place of {header['bytes']}")
            if _checksum_of_file(file, header["arrays"].values()) != header["checksum"]:
                raise ValueError("its checksum is wrong")
            # mode "c": the arrays are writable for numba, which types read-only ones apart, but
            # what is written never reaches the file
            content = np.memmap(file, dtype=np.uint8, mode="c")
        return {key: _view(content, place) for key, place in header["arrays"].items()}
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (OSError, ValueError, KeyError, TypeError) as error:
        _LOG.warning("The cached index %s is of no use (%s) and is built again.", path, error)
        return None


def _checksum(content: NDArray[np.uint8], before: int) -> int:
    """CRC-32 of the sums of blocks, seeded with the checksum of what came before.

    A CRC of every byte would take longer than all else that a fresh process does first; sums run
    at the speed of memory, and the CRC over them tells blocks that changed places.
    """
    words = content.view(np.uint64)
    starts = np.arange(0, len(words), _BLOCK_WORDS)
    sums = np.add.reduceat(words, starts) if len(words) else words
    return zlib.crc32(sums.tobytes(), before)


def _checksum_of_file(file: FileIO, places: Iterable[Mapping[str, Any]]) -> int:
    """Checksum of the arrays, read from the file piece by piece.

    Read, not mapped: so only what is used of a mapped index is resident afterwards.
    """
    piece = np.empty(2 * _BLOCK_WORDS, dtype=np.uint64).view(np.uint8)
    checksum = 0
    for place in places:
        left = -(-_size(place) // _ALIGN) * _ALIGN
        while left:
            part = piece[: min(left, len(piece))]
            if file.readinto(part) != len(part):
                raise ValueError("it ends too early")
            checksum = _checksum(part, checksum)
            left -= len(part)
    return checksum


def _size(place: Mapping[str, Any]) -> int:
    """Bytes of an array."""
    return int(np.dtype(place["dtype"]).itemsize * np.prod(place["shape"]))


def _view(content: NDArray[np.uint8], place: Mapping[str, Any]) -> NDArray[Any]:
    """One array of a mapped file."""
    own = np.asarray(content[place["offset"] : place["offset"] + _size(place)])
    array: NDArray[Any] = own.view(np.dtype(place["dtype"])).reshape(place["shape"])
    return array
