"""Limits on the unpacked size of archives."""

from __future__ import annotations

import zipfile
from pathlib import Path

__all__ = [
    "BROKEN_ZIP",
    "DEFAULT_UNPACKED_BYTES",
    "MAX_RATIO",
    "RATIO_ALLOWANCE",
    "check_zip",
    "refuse_size",
]

DEFAULT_UNPACKED_BYTES = 16 * 2**30
"""Largest unpacked size of an archive unless the caller allows more."""

# Event tables compress about 5 to 20 times, DEFLATE at most 1032 times. A file that compresses 100
# times is not a table; below the allowance the ratio is no evidence (a short file of equal rows).
MAX_RATIO = 100
RATIO_ALLOWANCE = 64 * 2**20

# What zipfile raises for damaged archives; names that are not UTF-8 give a UnicodeDecodeError.
BROKEN_ZIP = (zipfile.BadZipFile, NotImplementedError, OSError, UnicodeDecodeError)


def refuse_size(size: int, limit: int, ratio_limit: int, name: str) -> None:
    """Raise if an unpacked size is above the limit, or above `ratio_limit` (a zip bomb)."""
    if size > limit:
        raise ValueError(
            f"{name} unpacks to more than {limit} bytes. If you trust it, pass a larger "
            "max_unpacked_bytes=."
        )
    if size > ratio_limit:
        raise ValueError(
            f"{name} unpacks to more than {MAX_RATIO} times its size, as a zip bomb does. If "
            "you trust it, unpack it yourself and read the file."
        )


def check_zip(archive: zipfile.ZipFile, limit: int, name: str) -> None:
    """Raise if an archive would unpack to too much, by the sizes that it states itself."""
    members = archive.infolist()
    packed = sum(member.compress_size for member in members)
    if archive.filename is not None:  # members may overlap, so that the same bytes count many times
        packed = min(packed, Path(archive.filename).stat().st_size)
    size = sum(member.file_size for member in members)
    refuse_size(size, limit, max(RATIO_ALLOWANCE, MAX_RATIO * packed), name)
