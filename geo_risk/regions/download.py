"""Fetch layers into the user's cache: whole or not at all, and only once.

A download goes into a folder of its own beside its target; what arrived of a broken one is kept
there and continued. Only a complete file whose sha256 fits is renamed to the target, so a reader
never sees half of one, and processes that fetch the same address at once do not meet.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import logging
import os
import re
import shutil
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import unquote, urlsplit

from geo_risk._cache import cache_directory
from geo_risk._files import sha256_of
from geo_risk._terminal import drawn_progress, visible
from geo_risk.errors import AccessDeniedError, DataCorruptError, DataNotFoundError, ServiceError

if TYPE_CHECKING:
    import requests

__all__ = ["fetch_layer", "fetch_record"]

_LOG = logging.getLogger("geo_risk")
_ATTEMPTS = 4
_FIRST_WAIT_S = 1.0
_TIMEOUT_S = (10.0, 60.0)  # to connect; between two bytes
_CHUNK = 1 << 16  # what of a piece has arrived when the connection breaks is lost
_LATER = frozenset({408, 425, 429, 500, 502, 503, 504})
_SHA256 = re.compile(r"[0-9a-f]{64}")


class _CutError(Exception):
    """The transfer broke off, or the server asks to come back; worth another attempt."""


class _Part(NamedTuple):
    """What has arrived of a download, in a folder that only this process uses."""

    folder: Path

    @property
    def data(self) -> Path:
        return self.folder / "data"

    @property
    def size(self) -> int:
        return self.data.stat().st_size if self.data.exists() else 0

    def state(self) -> str | None:
        """What the server called the file's state when the transfer began."""
        with contextlib.suppress(OSError):
            return (self.folder / "state").read_text(encoding="utf-8") or None
        return None


def fetch_layer(
    url: str,
    *,
    sha256: str | None = None,
    folder: str | os.PathLike[str] | None = None,
    progress: bool = False,
) -> Path:
    """Fetch a file once and return where it is kept.

    A file that is kept already is not fetched again; its sha256 is checked at every call, against
    `sha256` or, without it, against the one it had when it was fetched. A broken transfer goes on
    where it stopped, at once and in later calls, if the server can and its file is still the same.
    Nothing is unpacked or executed.

    Parameters
    ----------
    url : str
        http or https.
    sha256 : str, optional
        What the file must have, 64 hexadecimal digits. Without it the first answer is believed:
        state it wherever you know it.
    folder : path, optional
        Where to keep the file; default: ``downloads`` in the user's cache, or in
        ``GEO_RISK_CACHE_DIR``.
    progress : bool, default False
        Whether to draw a progress bar on standard error.

    Returns
    -------
    Path
        For `load_regions`.

    Raises
    ------
    DataNotFoundError
        The server has no such file.
    AccessDeniedError
        The server refuses.
    DataCorruptError
        What arrived has another sha256; it is not kept.
    ServiceError
        The server cannot be reached or breaks off again and again; what arrived is kept for the
        next call.
    ValueError
        Not an address, or not a sha256.

    Examples
    --------
    >>> from geo_risk.regions import fetch_layer, load_regions
    >>> path = fetch_layer("https://example.org/districts.gpkg")  # doctest: +SKIP
    >>> layer = load_regions(path, level=2)  # doctest: +SKIP
    """
    stated = _check(url, sha256)
    home = cache_directory() / "downloads" if folder is None else Path(folder)
    home.mkdir(parents=True, exist_ok=True)
    target = home / _file_name(url)
    record = fetch_record(target)
    if target.is_file():
        known = stated or (record or {}).get("sha256")
        if known is not None and sha256_of(target) == known:
            return target
        _LOG.info("%s is damaged or another file than asked for, and is fetched again.", target)
    part = _claim(target)
    try:
        _transfer(url, part, progress)
        found = sha256_of(part.data)
        if stated is not None and found != stated:
            size = part.size
            shutil.rmtree(part.folder, ignore_errors=True)
            raise DataCorruptError(
                f"{url} gave {size} bytes with the sha256 {found}, not {stated}. Nothing of it is "
                "kept."
            )
        _publish(url, part, target, found)
    except BaseException:
        _give_back(part, target)
        raise
    return target


def _check(url: str, sha256: str | None) -> str | None:
    if not isinstance(url, str):
        raise TypeError(f"Invalid url: {type(url).__name__} is not a string.")
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError(f"Invalid url: {url!r} is not an http or https address.")
    if sha256 is None:
        return None
    stated = str(sha256).lower()
    if not _SHA256.fullmatch(stated):
        raise ValueError(f"Invalid sha256: {sha256!r} is not 64 hexadecimal digits.")
    return stated


def _file_name(url: str) -> str:
    """A plain file name, different for different addresses, with the ending that it had."""
    last = unquote(urlsplit(url).path).rsplit("/", 1)[-1]
    plain = re.sub(r"[^A-Za-z0-9._-]+", "_", last).strip("._")[-80:] or "file"
    return f"{hashlib.sha256(url.encode()).hexdigest()[:12]}-{plain}"


def fetch_record(path: str | os.PathLike[str]) -> dict[str, Any] | None:
    """Read what is known of a fetched file.

    Parameters
    ----------
    path : path
        As `fetch_layer` returned it.

    Returns
    -------
    dict or None
        ``url``, ``sha256``, ``bytes`` and ``fetched`` (UTC); None where there is no record.

    Examples
    --------
    >>> from geo_risk.regions import fetch_record
    >>> fetch_record("no such file") is None
    True
    """
    beside = Path(f"{os.fspath(path)}.json")
    try:
        record = json.loads(beside.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return record if isinstance(record, dict) else None


def _claim(target: Path) -> _Part:
    """Take over what an earlier attempt left, by one rename, or begin anew."""
    folder = Path(tempfile.mkdtemp(dir=target.parent, prefix=f".{target.name}.", suffix=".part"))
    left = target.with_name(f".{target.name}.left")
    with contextlib.suppress(OSError):  # another process was faster, or nothing is left
        if left.is_symlink() or not left.is_dir():
            return _Part(folder)  # not what an attempt leaves: what it holds or leads to stays
        left.replace(folder / "left")
        for name in ("state", "data"):
            (folder / "left" / name).replace(folder / name)
        (folder / "left").rmdir()
    return _Part(folder)


def _give_back(part: _Part, target: Path) -> None:
    """Leave what arrived to the next attempt, unless another one left something already."""
    left = target.with_name(f".{target.name}.left")
    try:
        if part.size == 0 or part.state() is None:
            raise OSError("nothing that could be continued")
        part.folder.rename(left)
    except OSError:
        shutil.rmtree(part.folder, ignore_errors=True)


def _publish(url: str, part: _Part, target: Path, sha256: str) -> None:
    """Put the finished file and its record in place, each by one rename."""
    record = {
        "url": url,
        "sha256": sha256,
        "bytes": part.size,
        "fetched": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
    }
    beside = part.folder / "record"
    beside.write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")
    beside.replace(f"{target}.json")
    part.data.replace(target)
    shutil.rmtree(part.folder, ignore_errors=True)


def _transfer(url: str, part: _Part, progress: bool) -> None:
    """Bring in the whole file, in several attempts if need be."""
    import requests

    wait, reason = _FIRST_WAIT_S, ""
    with requests.Session() as session, _bar(progress, url) as bar:
        for attempt in range(_ATTEMPTS):
            if attempt:
                _LOG.info("%s: %s; attempt %d in %.0f s", url, reason, attempt + 1, wait)
                time.sleep(wait)
                wait *= 2
            try:
                return _once(session, url, part, bar)
            except _CutError as error:
                reason = str(error)
            except requests.RequestException as error:
                reason = f"{type(error).__name__} after {part.size} bytes"
    raise ServiceError(f"{url} gave no whole file in {_ATTEMPTS} attempts: {reason}.")


def _once(session: requests.Session, url: str, part: _Part, bar: Any) -> None:
    """One attempt; returns when the file is whole."""
    have, state = part.size, part.state()
    headers = {"Accept-Encoding": "identity"}  # or the sizes would not be those of the file
    if have and state:
        headers |= {"Range": f"bytes={have}-", "If-Range": state}
    with session.get(url, headers=headers, stream=True, timeout=_TIMEOUT_S) as answer:
        _refuse(answer, url)
        if answer.status_code == 416 or (answer.status_code == 206 and not have):
            part.data.unlink(missing_ok=True)  # what we have does not fit: begin anew
            raise _CutError("the server cannot continue")
        go_on = answer.status_code == 206
        if go_on and not _begins_at(answer, have):
            part.data.unlink(missing_ok=True)
            raise _CutError("the server continued at another place")
        have = have if go_on else 0
        if not go_on:
            # weak tags may be shared by files that differ, and are not allowed here
            tag = answer.headers.get("ETag", "")
            tag = "" if tag.startswith("W/") else tag
            known = tag or answer.headers.get("Last-Modified", "")
            (part.folder / "state").write_text(known, encoding="utf-8")
        length = answer.headers.get("Content-Length", "")
        whole = have + int(length) if length.isdigit() else None
        bar(have, whole)
        with part.data.open("ab" if go_on else "wb") as file:
            for chunk in answer.iter_content(_CHUNK):
                have += file.write(chunk)
                bar(have, whole)
        if whole is not None and have != whole:
            if have > whole:
                part.data.unlink(missing_ok=True)
            raise _CutError(f"{have} of {whole} bytes arrived")


def _begins_at(answer: requests.Response, start: int) -> bool:
    stated = re.match(r"bytes (\d+)-", answer.headers.get("Content-Range", ""))
    return stated is not None and int(stated[1]) == start


def _refuse(answer: requests.Response, url: str) -> None:
    """Raise for an answer that another attempt would not change."""
    status = answer.status_code
    if status in (404, 410):
        raise DataNotFoundError(f"{url} is not there (status {status}).")
    if status in (401, 403):
        raise AccessDeniedError(f"{url} is refused (status {status}).")
    if status in _LATER:
        raise _CutError(f"status {status}")
    if status not in (200, 206, 416):
        raise ServiceError(f"{url} answers with status {status}.")


@contextlib.contextmanager
def _bar(wanted: bool, url: str) -> Iterator[Any]:
    """Give what draws the progress, or what draws nothing."""
    if not wanted:
        yield lambda *_: None
        return
    from rich.progress import BarColumn, DownloadColumn

    progress = drawn_progress(BarColumn(), DownloadColumn(), transient=False, always=True)
    assert progress is not None
    with progress as drawn:
        task = drawn.add_task(visible(urlsplit(url).path.rsplit("/", 1)[-1] or url))
        yield lambda have, whole: drawn.update(task, completed=have, total=whole)
