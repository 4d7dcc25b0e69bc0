"""Atomic writing of files: a file is written completely or not at all.

The content is in a temporary file beside its target until it is complete and on the disk; one
rename then replaces the target. A process that is stopped earlier leaves the target unchanged and,
after a kill or a power cut, a file `.NAME.<16 hex>.part`, which may be deleted.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import secrets
import stat
from collections.abc import Iterator
from pathlib import Path

__all__ = ["cache_directory", "name_of", "replacing", "same_file", "sha256_of", "sync"]

_STREAMS = ("/dev/stdin", "/dev/stdout", "/dev/stderr", "/dev/fd/")
_NAME_CHARACTERS = 50  # of the target's name: a file system allows 255 bytes in total


def cache_directory() -> Path:
    """Folder for indexes: ``GEO_RISK_CACHE_DIR``, else the user's cache folder."""
    chosen = os.environ.get("GEO_RISK_CACHE_DIR")
    if chosen:
        return Path(chosen).expanduser()  # ENV of a container does not expand ~
    import platformdirs

    return Path(platformdirs.user_cache_dir("geo_risk", appauthor=False))


@contextlib.contextmanager
def replacing(path: str | os.PathLike[str], *, private: bool = False) -> Iterator[Path]:
    """Yield a temporary path to write to; its file replaces `path` at the end.

    After an error `path` is unchanged. A link stays, and its target is replaced; the new file has
    the mode and, if that is allowed, the owner of the replaced one. A path that is not a regular
    file (a pipe, a device) is yielded itself. A `private` file can be read by its owner only,
    whatever the mode of the replaced one.

    Raises
    ------
    FileNotFoundError
        The folder does not exist.
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
    """Whether a path is a stream, a pipe or a device."""
    target = Path(path)
    return str(target).startswith(_STREAMS) or (target.exists() and not target.is_file())


def _beside(target: Path, mode: int) -> Path:
    """Create an empty file with a unique name in the target's folder."""
    if not target.parent.is_dir():
        raise FileNotFoundError(f"{str(target.parent)!r} is not a folder: create it first.")
    part = target.with_name(f".{target.name[:_NAME_CHARACTERS]}.{secrets.token_hex(8)}.part")
    os.close(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode))  # follows no link
    return part


def _take_over(part: Path, before: os.stat_result) -> None:
    """Give a file the owner and the mode of the one that it replaces."""
    with contextlib.suppress(OSError):  # only root may change the owner
        if (before.st_uid, before.st_gid) != (part.stat().st_uid, part.stat().st_gid):
            os.chown(part, before.st_uid, before.st_gid)
    part.chmod(stat.S_IMODE(before.st_mode))


def sync(path: Path) -> None:
    """Wait until a file is on the disk: its content must be there before the rename."""
    with path.open("rb+") as file:
        os.fsync(file.fileno())


def sha256_of(path: str | os.PathLike[str]) -> str:
    """Hash of a file, which is read piece by piece."""
    with Path(path).open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def name_of(path: str | os.PathLike[str]) -> str:
    """Name of a file as valid text: bytes that are not UTF-8 become U+FFFD."""
    return Path(path).name.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def same_file(one: str | os.PathLike[str], other: str | os.PathLike[str]) -> bool:
    """Whether two paths lead to the same file, also by a link or another spelling."""
    try:
        return Path(one).samefile(other)
    except OSError:  # one of them does not exist
        return False
