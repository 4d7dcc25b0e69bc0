"""Fetch layers into the user's cache: whole or not at all, and only once.

A download goes into a folder of its own beside its target; what arrived of a broken one is kept
there and continued. Only a complete file that is a layer and whose sha256 fits is renamed to the
target, so a reader never sees half of one, and processes that fetch the same address at once do
not meet.
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

from geo_risk._core.cache import cache_directory
from geo_risk._core.constants import MAX_BYTES, MAX_SECONDS
from geo_risk._core.files import sha256_of
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
_TIMEOUT_S = (10.0, 60.0)  # to connect; between two bytes
_CHUNK = 1 << 16  # what of a piece has arrived when the connection breaks is lost
_SHA256 = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True)
class Order:
    """What is to be fetched, and within what."""

    url: str = field(repr=False)
    sha256: str | None
    limits: Limits
    named: str = field(repr=False)
    """The address that the caller gave: `url`, or what led to it."""
    allow_private: bool = False
    progress: bool = False
    refresh: bool = False
    secrets: Secrets = field(default_factory=Secrets, repr=False)

    @property
    def shown(self) -> str:
        """The address, without what is secret in it."""
        return shown_address(self.url)

    @property
    def ending(self) -> str:
        """The ending of the file's name, which says what it is to be."""
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
    """Fetch a file once and return where it is kept.

    A file that is kept already is not fetched again; its sha256 is checked at every call, against
    `sha256` or, without it, against the one it had when it was fetched. A broken transfer goes on
    where it stopped, at once and in later calls, if the server can and its file is still the same.
    Nothing is unpacked or executed. Passwords and keys in the address are sent, and neither kept,
    logged nor raised.

    Parameters
    ----------
    url : str
        http or https.
    sha256 : str, optional
        What the file must have, 64 hexadecimal digits. Without it the first answer is believed:
        state it wherever you know it.
    folder : path, optional
        Where to keep the file; default: ``downloads`` in the user's cache, or in
        ``GEO_RISK_CACHE_DIR``. Without `sha256`, only files of this user (or the administrator)
        are taken for what was fetched before.
    progress : bool, default False
        Whether to draw a progress bar on standard error.
    refresh : bool, default False
        Ask the server whether a kept file has changed (by its entity tag or date, else by fetching
        it again), and fetch it if so. Not needed where `sha256` says what it must be.
    max_bytes : int, default 4 GiB
        A larger file is refused, as soon as its size is known.
    max_seconds : float, default 3600
        For all attempts together.
    allow_private : bool, default False
        Whether the server may lead on (redirect) to loopback, private, link-local and other
        addresses that are no public ones. The address `url` itself may be one.

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
        What arrived has another sha256, is a web page or a note of an error, or no whole file of
        the kind that the address ends in; it is not kept.
    ServiceError
        The server cannot be reached or breaks off again and again (what arrived is kept for the
        next call), exceeds a limit, or leads where nobody asked to go.
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
    """Fetch what was ordered, unless it is kept already."""
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
    """Whether the file is there as it was fetched or is to be, and what is known of it."""
    beside = Path(f"{target}.json")
    record = (fetch_record(target) or {}) if is_ours(beside) and is_ours(target) else {}
    known = order.sha256 or record.get("sha256")
    if not target.is_file() or target.is_symlink():
        return False, {}
    if known is not None and sha256_of(target) == known:
        return True, record
    _LOG.info("%s is damaged or another file than asked for, and is fetched again.", target)
    return False, {}


def _refuse_arrived(order: Order, part: Part, found: str) -> None:
    """Keep nothing of what is not what was ordered."""
    if order.sha256 is not None and found != order.sha256:
        size = part.size
        part.remove()
        raise DataCorruptError(
            f"{order.shown} gave {size} bytes with the sha256 {found}, not {order.sha256}. Nothing "
            "of it is kept."
        )
    reason = None if order.sha256 is not None else no_layer(part.data, order.ending)
    if reason is not None:
        part.remove()
        raise DataCorruptError(f"{order.shown} gave {reason}. Nothing of it is kept.")


def check_address(url: str, sha256: str | None = None) -> str | None:
    """The sha256 as it is compared, of an address that is one."""
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
    except ValueError:  # it tells of the address, with its password
        return False


def _file_name(url: str) -> str:
    """A plain file name, different for different addresses, with the ending that it had."""
    plain = re.sub(r"[^A-Za-z0-9._-]+", "_", _last(url)).strip("._")[-80:] or "file"
    return f"{hashlib.sha256(url.encode()).hexdigest()[:12]}-{plain}"


def _last(url: str) -> str:
    """Name of the file at an address, without parameters, which may be keys."""
    return unquote(urlsplit(url).path.rsplit("/", 1)[-1].partition(";")[0]).rsplit("/", 1)[-1]


def fetch_record(path: str | os.PathLike[str]) -> dict[str, Any] | None:
    """Read what is known of a fetched file.

    Parameters
    ----------
    path : path
        As `fetch_layer` returned it.

    Returns
    -------
    dict or None
        ``url`` and ``final_url`` (after redirects), both without passwords and keys, ``sha256``,
        ``bytes``, ``fetched`` (UTC), ``etag`` and ``last_modified`` where the server states them;
        None where there is no record.

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
    """Bring in the whole file, in several attempts if need be; None where it has not changed."""
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
                    f"{order.shown} gave no whole file in {attempts} "
                    f"{'attempt' if attempts == 1 else 'attempts'}: {reason} after {part.size} "
                    "bytes."
                ),
            )
    finally:
        client.close()


def _once(
    client: Client, order: Order, part: Part, bar: Any, kept: dict[str, Any]
) -> dict[str, Any] | None:
    """One attempt; what the server says of the file once that is whole."""
    have, state = part.size, part.state()
    headers = {"Accept-Encoding": "identity"}  # or the sizes would not be those of the file
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
            part.begin("")  # what we have does not fit
            raise LaterError("the server cannot continue, or did so at another place")
        if packed not in ("", "gzip"):
            raise ServiceError(f"{order.shown} comes packed as {packed}, which was not asked for.")
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
    """Write what arrives behind what is there, and see that it is all."""
    have = part.size
    whole = None if undo else stated_size(answer, have)
    _refuse_size(whole or 0, order, part)
    bar(have, whole)
    # or requests would unpack by itself, and not tell whether the end is there
    answer.raw.headers.pop("Content-Encoding", None)
    with part.more() as file:
        for chunk in answer.iter_content(_CHUNK):
            have += file.write(undo(chunk) if undo else chunk)
            _refuse_size(have, order, part)
            bar(have, whole)
    if whole is not None and have != whole:
        if have > whole:
            part.begin("")
        raise LaterError(f"{have} of {whole} bytes arrived")
    if undo and not undo.ended:
        raise LaterError("the end of what is packed is missing")


def _refuse_size(size: int, order: Order, part: Part) -> None:
    if size > order.limits.max_bytes:
        part.begin("")
        raise ServiceError(
            f"{order.shown} gives more than {order.limits.max_bytes} bytes (max_bytes). Nothing of "
            "it is kept."
        )


def _refuse(answer: requests.Response, order: Order) -> None:
    """Raise for an answer that another attempt would not change."""
    status = answer.status_code
    if status in (404, 410):
        raise DataNotFoundError(f"{order.shown} is not there (status {status}).")
    if status in (401, 403):
        raise AccessDeniedError(f"{order.shown} is refused (status {status}).")
    if status in LATER:
        raise LaterError(f"status {status}", retry_after(answer))
    if status not in (200, 206, 416):
        raise ServiceError(f"{order.shown} answers with status {status}.")
    reason = no_layer_type(answer)
    if reason is not None and status != 416 and order.sha256 is None:
        raise DataCorruptError(f"{order.shown} gave {reason}. Nothing of it is kept.")


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
        task = drawn.add_task(visible(_last(url) or "layer"))
        yield lambda have, whole: drawn.update(task, completed=have, total=whole)
