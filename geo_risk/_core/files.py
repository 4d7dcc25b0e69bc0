"""The one way to write a file: whole, or not at all.

What is written lies beside its target under a name of our own until it is whole and on the disk;
one rename then puts it in place. Whoever is stopped before leaves the target as it was and, where
nobody can tidy up (a kill, a power cut), a file `.NAME.<16 hex>.part`, which may be deleted.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import secrets
import stat
from collections.abc import Iterator
from pathlib import Path

__all__ = ["name_of", "replacing", "same_file", "sha256_of", "sync"]

_STREAMS = ("/dev/stdin", "/dev/stdout", "/dev/stderr", "/dev/fd/")
_NAME_CHARACTERS = 50  # of the target's name: a file system takes 255 bytes in all


@contextlib.contextmanager
def replacing(path: str | os.PathLike[str], *, private: bool = False) -> Iterator[Path]:
    """Give a path to write to, and put what was written there in place of `path` at the end.

    After an error `path` is as it was. A link stays, what it leads to is replaced; the new file
    has the mode and, where that is allowed, the owner of the one that it replaces. What is no
    regular file (a pipe, a device) is given as it is. What is `private` may be read by its owner
    only, whatever the mode of the one that it replaces.

    Raises
    ------
    FileNotFoundError
        The folder is not there.
    PermissionError
        The file is write-protected.
    """
    if _is_stream(path):
        yield Path(path)
        return
    target = Path(os.path.realpath(path))
    before = target.stat() if target.exists() else None
    if before is not None and not os.access(target, os.W_OK):
        raise PermissionError(f"{str(path)!r} is write-protected.")
    part = _beside(target, 0o600 if private else 0o666)
    try:
        yield part
        sync(part)
        if before is not None and not private:
            _take_over(part, before)
        part.replace(target)
    except BaseException:
        part.unlink(missing_ok=True)
        raise


def _is_stream(path: str | os.PathLike[str]) -> bool:
    """Whether what is written there has a reader at once, or goes to a device."""
    target = Path(path)
    return str(target).startswith(_STREAMS) or (target.exists() and not target.is_file())


def _beside(target: Path, mode: int) -> Path:
    """A new, empty file in the target's folder; its name is nobody else's."""
    if not target.parent.is_dir():
        raise FileNotFoundError(f"{str(target.parent)!r} is no folder: make it first.")
    part = target.with_name(f".{target.name[:_NAME_CHARACTERS]}.{secrets.token_hex(8)}.part")
    os.close(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode))  # follows no link
    return part


def _take_over(part: Path, before: os.stat_result) -> None:
    """Give a file the owner and the mode of the one that it replaces."""
    with contextlib.suppress(OSError):  # only root gives files away
        if (before.st_uid, before.st_gid) != (part.stat().st_uid, part.stat().st_gid):
            os.chown(part, before.st_uid, before.st_gid)
    part.chmod(stat.S_IMODE(before.st_mode))


def sync(path: Path) -> None:
    """Wait until a file is on the disk: a rename must not be there before what it names."""
    with path.open("rb+") as file:
        os.fsync(file.fileno())


def sha256_of(path: str | os.PathLike[str]) -> str:
    """Hash of a file, read piece by piece."""
    with Path(path).open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def name_of(path: str | os.PathLike[str]) -> str:
    """Name of a file as text that any file can hold: a byte that is no UTF-8 becomes U+FFFD."""
    return Path(path).name.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def same_file(one: str | os.PathLike[str], other: str | os.PathLike[str]) -> bool:
    """Whether two paths lead to one file, be it by a link or another spelling."""
    try:
        return Path(one).samefile(other)
    except OSError:  # one of them is not there
        return False
