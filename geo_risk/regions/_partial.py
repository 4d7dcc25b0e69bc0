"""Partial downloads: each in its own folder, used by one process at a time.

Only its owner can open the folder (mode 0700), and it is locked while a process works in it. The
next process that fetches the same file continues the download of a process that was stopped.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import stat
import tempfile
import time
from pathlib import Path
from typing import IO, Any

from geo_risk._core.files import sync

__all__ = ["Part", "claim", "is_ours", "tidy"]

_DEAD_S = 7 * 86400.0  # older partial downloads are removed
_NAME = re.compile(r"\.[0-9a-f]{12}-.+\.[a-z0-9_]{8}\.part")
_PLAIN = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)


class Part:
    """A folder with a partial download, and its lock."""

    def __init__(self, folder: Path, lock: int | None) -> None:
        self.folder, self._lock = folder, lock

    @property
    def data(self) -> Path:
        """File with the data received so far."""
        return self.folder / "data"

    @property
    def size(self) -> int:
        """Bytes received so far."""
        return self.data.stat().st_size if self.data.exists() else 0

    def state(self) -> str | None:
        """Entity tag or date of the file when the transfer began; None if there is none."""
        with contextlib.suppress(OSError):
            return (self.folder / "state").read_text(encoding="utf-8") or None
        return None

    def begin(self, state: str) -> None:
        """Delete the received data, and store the state of the file that comes next."""
        for name in ("data", "state"):
            (self.folder / name).unlink(missing_ok=True)
        with self._new("state") as file:
            file.write(state.encode("utf-8", "replace"))
        self._new("data", 0o666).close()  # private by its folder; published, it has the usual mode

    def more(self) -> IO[bytes]:
        """Open the data to append to it."""
        return os.fdopen(os.open(self.data, os.O_WRONLY | os.O_APPEND | _PLAIN), "ab")

    def _new(self, name: str, mode: int = 0o600) -> IO[bytes]:
        """Create a file, readable by its owner only unless `mode` differs."""
        path = self.folder / name
        new = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | _PLAIN, mode)
        return os.fdopen(new, "wb")

    def publish(self, target: Path, record: dict[str, Any]) -> None:
        """Move the finished file and its record to the target, each by one rename."""
        (self.folder / "record").unlink(missing_ok=True)
        with self._new("record") as file:
            file.write((json.dumps(record, indent=1) + "\n").encode())
        sync(self.data)
        (self.folder / "record").replace(f"{target}.json")
        self.data.replace(target)
        self.remove()

    def leave(self) -> None:
        """Keep the received data for the next attempt, if the transfer can be resumed."""
        if self.size == 0 or self.state() is None:
            self.remove()
        else:
            self._release()

    def remove(self) -> None:
        """Remove the folder."""
        shutil.rmtree(self.folder, ignore_errors=True)
        self._release()

    def _release(self) -> None:
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None


def claim(target: Path) -> Part:
    """Take over the largest partial download of `target`, or begin a new one."""
    best: Part | None = None
    for folder in target.parent.glob(f".{target.name}.*.part"):
        found = _take(folder)
        if found is None:
            continue
        if found.size and found.state() is not None and (best is None or found.size > best.size):
            found, best = best, found
        if found is not None:
            found.remove()
    if best is not None:
        return best
    return _made(target)


def _made(target: Path) -> Part:
    """Create a locked folder; repeat if another process removed it as abandoned before the lock."""
    while True:
        made = tempfile.mkdtemp(dir=target.parent, prefix=f".{target.name}.", suffix=".part")
        with contextlib.suppress(FileNotFoundError):
            part = Part(Path(made), _hold(Path(made), wait=True))
            if part.folder.exists():
                return part
            part.remove()


def tidy(home: Path) -> None:
    """Remove partial downloads that are a week old and not in use."""
    for folder in home.glob(".*.part"):
        with contextlib.suppress(OSError):
            old = max(path.lstat().st_mtime for path in (folder, *folder.iterdir()))
            if _NAME.fullmatch(folder.name) and old < time.time() - _DEAD_S:
                found = _take(folder)
                if found is not None:
                    found.remove()


def _take(folder: Path) -> Part | None:
    """Lock an abandoned folder; None if it has another owner, is in use, or is being created."""
    with contextlib.suppress(OSError):
        if not is_ours(folder, stat.S_ISDIR) or folder.lstat().st_mode & 0o077:
            return None
        lock = _hold(folder, wait=False)
        if lock is None:
            return None
        part = Part(folder, lock)
        with contextlib.suppress(FileNotFoundError):  # removed meanwhile
            if os.fstat(lock).st_ino == folder.stat().st_ino:
                return part
        part._release()
    return None


def _hold(folder: Path, *, wait: bool) -> int | None:
    """Lock a folder; None if it is locked already, or if locking is not supported."""
    try:
        import fcntl
    except ImportError:  # Windows: partial downloads are not taken over
        return None
    how = os.O_RDONLY | _PLAIN | getattr(os, "O_DIRECTORY", 0)
    lock = os.open(folder, how)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
    except OSError:
        os.close(lock)
        return None
    return lock


def is_ours(path: Path, kind: Any = stat.S_ISREG) -> bool:
    """Whether a file exists (not a link) and belongs to this user or the administrator."""
    try:
        found = path.lstat()
    except OSError:
        return False
    mine = {0, os.geteuid()} if hasattr(os, "geteuid") else {found.st_uid}
    return bool(kind(found.st_mode)) and found.st_uid in mine
