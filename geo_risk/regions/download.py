"""Download layers into the user's cache: completely or not at all, and only once.

A download is written to its own folder beside the target; a partial download is kept there and
resumed. Only a complete file that is a layer and has the right sha256 is renamed to the target, so
a reader never sees a partial file, and processes that fetch the same address at the same time do
not disturb each other.
"""

from __future__ import annotations

import contextlib
import functools
import hashlib
import json
import logging
import os
import re
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

from geo_risk._core.constants import MAX_BYTES, MAX_SECONDS
from geo_risk._core.files import cache_directory, sha256_of
from geo_risk._core.http import LATER, Client, LaterError, Limits, retry_after
from geo_risk._core.secrets import Secrets, shown_address
from geo_risk._core.terminal import drawn_progress, visible
from geo_risk.errors import AccessDeniedError, DataCorruptError, DataNotFoundError, ServiceError
from geo_risk.regions._answer import (
    Gunzip,
    begins_at,
    no_layer_type,
    packing,
    state_of,
    stated_size,
)
from geo_risk.regions._arrived import no_layer
from geo_risk.regions._partial import Part, claim, is_ours, tidy

if TYPE_CHECKING:
    import requests

__all__ = [
    "Order",
    "check_address",
    "fetch_layer",
    "fetch_order",
    "fetch_record",
]

_LOG = logging.getLogger("geo_risk")
_ATTEMPTS = 4
_FIRST_WAIT_S = 1.0
_TIMEOUT_S = (10.0, 60.0)  # for the connection; between two bytes
_CHUNK = 1 << 16  # an incomplete chunk is lost when the connection breaks
_SHA256 = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True)
class Order:
    """A download: address, checksum, limits and options."""

    url: str = field(repr=False)
    sha256: str | None
    limits: Limits
    named: str = field(repr=False)
    """The address from the caller: `url`, or the one that led to it."""
    allow_private: bool = False
    progress: bool = False
    refresh: bool = False
    secrets: Secrets = field(default_factory=Secrets, repr=False)

    @property
    def shown(self) -> str:
        """The address without its secrets."""
        return shown_address(self.url)

    @property
    def ending(self) -> str:
        """The ending of the file name, which states the expected format."""
        return Path(_last(self.url)).suffix.lower()


def fetch_layer(
    url: str,
    *,
    sha256: str | None = None,
    folder: str | os.PathLike[str] | None = None,
    progress: bool = False,
    refresh: bool = False,
    max_bytes: int = MAX_BYTES,
    max_seconds: float = MAX_SECONDS,
    allow_private: bool = False,
) -> Path:
    """Download a file once and return its path.

    A file that exists already is not fetched again; its sha256 is checked at every call, against
    `sha256` or, without it, against its value at the first download. An interrupted transfer is
    resumed, at once and in later calls, if the server supports it and the file is unchanged.
    Nothing is unpacked or executed. Passwords and keys in the address are sent, but never stored,
    logged or shown in errors.

    Parameters
    ----------
    url : str
        http or https.
    sha256 : str, optional
        Expected checksum of the file, 64 hexadecimal digits. Without it the first download is
        trusted: state it if you know it.
    folder : path, optional
        Folder for the file; default: ``downloads`` in the user's cache, or in
        ``GEO_RISK_CACHE_DIR``. Without `sha256`, an existing file is used only if it belongs to
        this user (or the administrator).
    progress : bool, default False
        Whether to show a progress bar on standard error.
    refresh : bool, default False
        Ask the server whether an existing file has changed (by its entity tag or date, else by
        fetching it again), and fetch it if so. Has no effect with `sha256`.
    max_bytes : int, default 4 GiB
        A larger file is rejected as soon as its size is known.
    max_seconds : float, default 3600
        For all attempts together.
    allow_private : bool, default False
        Whether the server may redirect to loopback, private, link-local and other addresses that
        are not public. The address `url` itself may be such an address.

    Returns
    -------
    Path
        For `load_regions`.

    Raises
    ------
    DataNotFoundError
        The server has no such file.
    AccessDeniedError
        The server denies access.
    DataCorruptError
        The downloaded file has another sha256, is a web page or an error message, or is not a
        complete file of the format that the address ends in; it is not kept.
    ServiceError
        The server cannot be reached or the transfer is interrupted repeatedly (the received data
        is kept for the next call), a limit is exceeded, or a redirect is not allowed.
    ValueError
        Not an address, not a sha256, or not a limit.

    Examples
    --------
    >>> from geo_risk.regions import fetch_layer, load_regions
    >>> path = fetch_layer("https://example.org/districts.gpkg")  # doctest: +SKIP
    >>> layer = load_regions(path, level=2)  # doctest: +SKIP
    """
    limits = Limits(max_bytes, max_seconds).checked()
    order = Order(url, check_address(url, sha256), limits, url, allow_private, progress, refresh)
    return fetch_order(order, folder)


def fetch_order(order: Order, folder: str | os.PathLike[str] | None) -> Path:
    """Download the file of an order, unless it exists already."""
    home = cache_directory() / "downloads" if folder is None else Path(folder)
    home.mkdir(parents=True, exist_ok=True)
    target = home / _file_name(order.url)
    sound, record = _kept(target, order)
    if sound and not (order.refresh and order.sha256 is None):
        return target
    order.secrets.add_address(order.url)
    tidy(home)
    part = claim(target)
    try:
        told = _transfer(order, part, record if sound else {})
        if told is None:  # it has not changed
            part.leave()
            return target
        found = sha256_of(part.data)
        _refuse_arrived(order, part, found)
        about = {"url": order.shown, "sha256": found, "bytes": part.size}
        fetched = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
        part.publish(target, {**about, "fetched": fetched, **told})
    except BaseException:
        part.leave()
        raise
    return target


def _kept(target: Path, order: Order) -> tuple[bool, dict[str, Any]]:
    """Whether the file exists with the right checksum, and its record."""
    beside = Path(f"{target}.json")
    record = (fetch_record(target) or {}) if is_ours(beside) and is_ours(target) else {}
    known = order.sha256 or record.get("sha256")
    if not target.is_file() or target.is_symlink():
        return False, {}
    if known is not None and sha256_of(target) == known:
        return True, record
    _LOG.info("%s is damaged or not the requested file, and is fetched again.", target)
    return False, {}


def _refuse_arrived(order: Order, part: Part, found: str) -> None:
    """Raise and remove the file if it has another sha256 or is not a layer."""
    if order.sha256 is not None and found != order.sha256:
        size = part.size
        part.remove()
        raise DataCorruptError(
            f"{order.shown} returned {size} bytes with the sha256 {found}, not {order.sha256}. "
            "Nothing was kept."
        )
    reason = None if order.sha256 is not None else no_layer(part.data, order.ending)
    if reason is not None:
        part.remove()
        raise DataCorruptError(f"{order.shown} returned {reason}. Nothing was kept.")


def check_address(url: str, sha256: str | None = None) -> str | None:
    """Check an address and its sha256; return the sha256 in lower case."""
    if not isinstance(url, str):
        raise TypeError(f"Invalid url: {type(url).__name__} is not a string.")
    if not _is_address(url):
        raise ValueError(f"Invalid url: {shown_address(url)!r} is not an http or https address.")
    if sha256 is None:
        return None
    stated = str(sha256).lower()
    if not _SHA256.fullmatch(stated):
        raise ValueError(f"Invalid sha256: {sha256!r} is not 64 hexadecimal digits.")
    return stated


def _is_address(url: str) -> bool:
    try:
        parts = urlsplit(url)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:  # the error would show the address with its password
        return False


def _file_name(url: str) -> str:
    """A plain file name with the same ending, different for different addresses."""
    plain = re.sub(r"[^A-Za-z0-9._-]+", "_", _last(url)).strip("._")[-80:] or "file"
    return f"{hashlib.sha256(url.encode()).hexdigest()[:12]}-{plain}"


def _last(url: str) -> str:
    """Name of the file at an address, without parameters, which may be keys."""
    return unquote(urlsplit(url).path.rsplit("/", 1)[-1].partition(";")[0]).rsplit("/", 1)[-1]


def fetch_record(path: str | os.PathLike[str]) -> dict[str, Any] | None:
    """Read the record of a downloaded file.

    Parameters
    ----------
    path : path
        As `fetch_layer` returned it.

    Returns
    -------
    dict or None
        ``url`` and ``final_url`` (after redirects), both without passwords and keys, ``sha256``,
        ``bytes``, ``fetched`` (UTC), ``etag`` and ``last_modified`` if the server states them;
        None if there is no record.

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


def _transfer(order: Order, part: Part, kept: dict[str, Any]) -> dict[str, Any] | None:
    """Download the complete file, in several attempts if needed; None if it has not changed."""
    client = Client(order.named, order.limits, order.secrets, allow_private=order.allow_private)
    try:
        with _bar(order.progress, order.url) as bar:
            return client.patiently(
                functools.partial(_once, client, order, part, bar, kept),
                attempts=_ATTEMPTS,
                first_wait=_FIRST_WAIT_S,
                sleep=time.sleep,
                tell=lambda reason, attempt, wait: _LOG.info(
                    "%s: %s; attempt %d in %.0f s", order.shown, reason, attempt, wait
                ),
                failed=lambda reason, attempts: ServiceError(
                    f"{order.shown} returned no complete file in {attempts} "
                    f"{'attempt' if attempts == 1 else 'attempts'}: {reason} after {part.size} "
                    "bytes."
                ),
            )
    finally:
        client.close()


def _once(
    client: Client, order: Order, part: Part, bar: Any, kept: dict[str, Any]
) -> dict[str, Any] | None:
    """One attempt; returns the facts that the server states when the file is complete."""
    have, state = part.size, part.state()
    headers = {"Accept-Encoding": "identity"}  # else sizes would not be those of the file
    if have and state:
        headers |= {"Range": f"bytes={have}-", "If-Range": state}
    else:
        asked = {"If-None-Match": kept.get("etag"), "If-Modified-Since": kept.get("last_modified")}
        headers |= {name: str(value) for name, value in asked.items() if value}
    with client.open("GET", order.url, follow=True, headers=headers, timeout=_TIMEOUT_S) as got:
        answer, final = got
        if answer.status_code == 304 and kept:
            return None
        _refuse(answer, order)
        packed, go_on = packing(answer, order.ending), answer.status_code == 206
        fits = have and begins_at(answer) == have and not packed
        if answer.status_code == 416 or (go_on and not fits):
            part.begin("")  # the partial download does not match
            raise LaterError("the server cannot resume the transfer at this position")
        if packed not in ("", "gzip"):
            raise ServiceError(f"{order.shown} has the unrequested compression {packed}.")
        if not go_on:
            part.begin("" if packed else state_of(answer))
        _receive(answer, order, part, bar, Gunzip() if packed else None)
        names = {"etag": "ETag", "last_modified": "Last-Modified"}
        about = {
            ours: answer.headers[name] for ours, name in names.items() if name in answer.headers
        }
    about["final_url"] = final
    return {name: order.secrets.leave_out(value) for name, value in about.items()}


def _receive(
    answer: requests.Response, order: Order, part: Part, bar: Any, undo: Gunzip | None
) -> None:
    """Append the received data to the partial download, and check that it is complete."""
    have = part.size
    whole = None if undo else stated_size(answer, have)
    _refuse_size(whole or 0, order, part)
    bar(have, whole)
    # else requests would decompress the data itself and not report a missing end
    answer.raw.headers.pop("Content-Encoding", None)
    with part.more() as file:
        for chunk in answer.iter_content(_CHUNK):
            have += file.write(undo(chunk) if undo else chunk)
            _refuse_size(have, order, part)
            bar(have, whole)
    if whole is not None and have != whole:
        if have > whole:
            part.begin("")
        raise LaterError(f"{have} of {whole} bytes received")
    if undo and not undo.ended:
        raise LaterError("the end of the compressed data is missing")


def _refuse_size(size: int, order: Order, part: Part) -> None:
    if size > order.limits.max_bytes:
        part.begin("")
        raise ServiceError(
            f"{order.shown} has more than {order.limits.max_bytes} bytes (max_bytes). Nothing was "
            "kept."
        )


def _refuse(answer: requests.Response, order: Order) -> None:
    """Raise for an answer that would be the same in another attempt."""
    status = answer.status_code
    if status in (404, 410):
        raise DataNotFoundError(f"{order.shown} does not exist (status {status}).")
    if status in (401, 403):
        raise AccessDeniedError(f"{order.shown} denies access (status {status}).")
    if status in LATER:
        raise LaterError(f"status {status}", retry_after(answer))
    if status not in (200, 206, 416):
        raise ServiceError(f"{order.shown} answers with status {status}.")
    reason = no_layer_type(answer)
    if reason is not None and status != 416 and order.sha256 is None:
        raise DataCorruptError(f"{order.shown} returned {reason}. Nothing was kept.")


@contextlib.contextmanager
def _bar(wanted: bool, url: str) -> Iterator[Any]:
    """Yield a function that draws the progress, or one that does nothing."""
    if not wanted:
        yield lambda *_: None
        return
    progress = drawn_progress("BarColumn", "DownloadColumn", transient=False, always=True)
    assert progress is not None
    with progress as drawn:
        task = drawn.add_task(visible(_last(url) or "layer"))
        yield lambda have, whole: drawn.update(task, completed=have, total=whole)
