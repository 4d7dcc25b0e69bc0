"""HTTP for downloads and services: with retries and limits, and no way into internal networks.

`urllib3.Retry` is not used: it cannot resume after half a body, limits neither the time of all
attempts nor (in the versions allowed here) the wait of `Retry-After`, repeats permanent errors, and
logs URLs with their keys.
"""

from __future__ import annotations

import contextlib
import email.utils
import logging
import re
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar
from urllib.parse import urljoin, urlsplit

from geo_risk._core.addresses import is_public
from geo_risk._core.secrets import Secrets
from geo_risk._core.validate import check_integer, check_scalar
from geo_risk.errors import ServiceError

if TYPE_CHECKING:
    import requests

__all__ = ["Client", "LaterError", "Limits", "no_auth", "retry_after", "stated_length"]

Answer = TypeVar("Answer")

LATER = frozenset({408, 425, 429, 500, 502, 503, 504})
"""Status codes after which another attempt may succeed."""
MOST_REDIRECTS = 5
LONGEST_WAIT_S = 120.0
"""If a server asks to wait longer, an error is raised instead."""
WEB_PAGES = ("text/html", "application/xhtml+xml")
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_NO_SUCH_NAME = {getattr(socket, name) for name in ("EAI_NONAME", "EAI_NODATA")
                 if hasattr(socket, name)}  # fmt: skip


class LaterError(Exception):
    """Another attempt may succeed, after `wait` seconds if the server says how many."""

    def __init__(self, reason: str, wait: float = 0.0) -> None:
        super().__init__(reason)
        self.wait = wait


class _InnerAddressError(Exception):
    """A connection that was not asked for. Not an OSError: urllib3 would wrap and retry it."""


class Limits(NamedTuple):
    """Limits of the size of one answer and of the time of all attempts together."""

    max_bytes: int
    max_seconds: float

    def checked(self) -> Limits:
        """Return the limits after checking that they are numbers above 0."""
        most = check_integer(self.max_bytes, "max_bytes", low=1)
        seconds = check_scalar(self.max_seconds, "max_seconds", low=0.0, high=1e7, open_low=True)
        return Limits(most, seconds)


class Client:
    """A session that checks where its connections lead and how long they take.

    The caller's own address (`named`) may be an internal one, since the caller asked for it.
    Redirects may not lead to one, except to the one that `named` led to, unless `allow_private`.
    The address of the connected socket decides, so that a name cannot change in between.
    """

    def __init__(
        self, named: str, limits: Limits, secrets: Secrets, *, allow_private: bool = False
    ) -> None:
        import requests

        self.limits, self.expired = limits.checked(), False
        self._named, self._secrets, self._free = named, secrets, allow_private
        self._asked: set[tuple[str, int]] | None = None  # where `named` led to at first
        self._first = False
        self._watched: list[socket.socket] = []
        self._session = _session(requests.Session)
        for scheme in ("http://", "https://"):
            self._session.mount(scheme, _adapter(self))
        self._silence = _Silence(secrets)
        logging.getLogger("urllib3.connectionpool").addFilter(self._silence)

    def close(self) -> None:
        """Close the connections."""
        self._hang_up()
        logging.getLogger("urllib3.connectionpool").removeFilter(self._silence)

    def _hang_up(self) -> None:
        self._session.close()
        while self._watched:
            self._watched.pop().close()

    # attempts

    def patiently(
        self, once: Callable[[], Answer], *, attempts: int, first_wait: float,
        sleep: Callable[[float], None], tell: Callable[[str, int, float], None],
        failed: Callable[[str, int], Exception],
    ) -> Answer:  # fmt: skip
        """Call `once` until it returns an answer; permanent errors are not repeated.

        Errors are raised outside the handlers of their causes, which contain URLs.
        """
        until = time.monotonic() + self.limits.max_seconds
        watch = threading.Timer(self.limits.max_seconds, self._expire)
        watch.daemon = True
        watch.start()
        try:
            wait = first_wait
            for attempt in range(1, attempts + 1):
                answer, reason, asked, final = self._attempt(once)
                if not reason:
                    return answer  # type: ignore[return-value]
                pause = max(wait, asked)
                wait *= 2
                late = pause > LONGEST_WAIT_S or time.monotonic() + pause > until
                if final or late or attempt == attempts:
                    break
                tell(reason, attempt + 1, pause)
                sleep(pause)
            if asked > LONGEST_WAIT_S:
                reason += f"; it asks to wait {asked:.0f} s"
            error = failed(reason, attempt)
        finally:
            watch.cancel()
            self.expired = False
        raise error

    def _attempt(self, once: Callable[[], Answer]) -> tuple[Answer | None, str, float, bool]:
        """Answer, or the reason why there is none; the wait asked for; whether it is final."""
        import requests

        asked, final = 0.0, False
        try:
            answer = once()
            if not self.expired:  # otherwise its end may be missing
                return answer, "", 0.0, False
            reason = "time is up"
        except LaterError as error:
            reason, asked = str(error) or "no reason", error.wait
        except (requests.RequestException, UnicodeError) as error:
            stays = _what_stays_wrong(error)
            reason, final = stays or type(error).__name__, stays is not None
        except _InnerAddressError as error:
            reason, final = str(error), True
        self._hang_up()
        if self.expired:
            return None, f"it takes more than {self.limits.max_seconds:g} s", 0.0, True
        return None, reason, asked, final

    def _expire(self) -> None:
        """Time is up: shut the connections, so that no read waits any longer."""
        self.expired = True
        for watched in list(self._watched):
            with contextlib.suppress(OSError):
                watched.shutdown(socket.SHUT_RDWR)

    # connections

    @contextlib.contextmanager
    def open(
        self, method: str, url: str, *, follow: bool = False, **request: Any
    ) -> Iterator[tuple[requests.Response, str]]:
        """Yield an answer and its final URL, after at most `MOST_REDIRECTS` redirects."""
        from requests.utils import get_auth_from_url

        self._first = _server(url) == _server(self._named)
        if not self._first:
            self._refuse_numbers(url)
        if any(auth := get_auth_from_url(url)):
            request.setdefault("auth", auth)
        for _ in range(MOST_REDIRECTS + 1):
            answer = self._session.request(
                method, url, allow_redirects=False, stream=True, **request
            )
            with answer:
                target = _target(answer, url, self._secrets) if follow else None
                if target is None:
                    yield answer, url
                    return
            if not _is_same_server(url, target):
                request["auth"] = no_auth  # credentials are not sent to another server
            url, self._first = target, False
            self._refuse_numbers(url)
        raise ServiceError(
            f"{self._secrets.leave_out(self._named)} redirects more than {MOST_REDIRECTS} times."
        )

    def _refuse_numbers(self, url: str) -> None:
        """Raise if a host is an internal address, in any notation; a proxy would reach it."""
        host = urlsplit(url).hostname or ""
        if host == "localhost" or host.endswith(".localhost"):
            host = "127.0.0.1"
        port = urlsplit(url).port or _port(url)
        with contextlib.suppress(socket.gaierror, UnicodeError):
            self.admit(socket.getaddrinfo(host, port, flags=socket.AI_NUMERICHOST)[0][4])

    def admit(self, place: Any) -> None:
        """Raise if an address is internal and was not asked for."""
        host, port = str(place[0]), int(place[1])
        if self.expired:
            raise LaterError("time is up")
        asked = self._asked or ()
        known = (host, port) in asked or (port == 443 and (host, 80) in asked)
        if not (known or self._free or is_public(host)):
            raise _InnerAddressError(
                f"it leads to the internal address {host}, which was not asked for "
                "(allow_private=True allows it)"
            )

    def resolved(self, places: list[Any]) -> None:
        """Raise if a name leads to an internal address that was not asked for."""
        if self._asked is None and self._first:
            inner = [place for place in places if not is_public(str(place[0]))]
            self._asked = {(str(place[0]), int(place[1])) for place in inner}
        for place in places:
            self.admit(place)

    def connected(self, made: socket.socket, *, directly: bool) -> socket.socket:
        """Check a new socket and keep it, so that it can be shut when time is up."""
        try:
            if directly:
                self.admit(made.getpeername())
        except BaseException:
            made.close()
            raise
        self._watched.append(made.dup())  # TLS takes the socket over
        if len(self._watched) > 1 + MOST_REDIRECTS:  # the first is no longer in use
            self._watched.pop(0).close()
        return made


def _session(kind: type[requests.Session]) -> requests.Session:
    """A session that follows no redirects itself: requests would read the whole body of one."""

    class Session(kind):  # type: ignore[misc,valid-type]
        def get_redirect_target(self, resp: requests.Response) -> None:  # noqa: ARG002
            return None

    return Session()


def _adapter(client: Client) -> Any:
    """Adapter that opens connections for requests; the client checks each of them."""
    from requests.adapters import HTTPAdapter

    def watched(kind: Any, directly: bool) -> Any:
        class Watched(kind.ConnectionCls):  # type: ignore[misc]
            def _new_conn(self) -> socket.socket:
                if directly:
                    host = self._dns_host
                    found = socket.getaddrinfo(host, self.port, type=socket.SOCK_STREAM)
                    client.resolved([place[4] for place in found])  # before any connection
                return client.connected(super()._new_conn(), directly=directly)

        return type(kind.__name__, (kind,), {"ConnectionCls": Watched})

    def watch(manager: Any, directly: bool) -> None:
        kinds = manager.pool_classes_by_scheme.items()
        manager.pool_classes_by_scheme = {name: watched(kind, directly) for name, kind in kinds}

    class Adapter(HTTPAdapter):
        def init_poolmanager(self, *args: Any, **options: Any) -> None:
            super().init_poolmanager(*args, **options)
            watch(self.poolmanager, True)

        def proxy_manager_for(self, proxy: Any, **options: Any) -> Any:
            known = proxy in self.proxy_manager
            manager = super().proxy_manager_for(proxy, **options)
            if not known:
                watch(manager, False)  # the connection is to the proxy
            return manager

    return Adapter(max_retries=0)


class _Silence(logging.Filter):
    """Remove secrets from the log of urllib3, which contains the URL of every request."""

    def __init__(self, secrets: Secrets) -> None:
        super().__init__()
        self._secrets = secrets

    def filter(self, record: logging.LogRecord) -> bool:
        """Keep a record, without its secrets."""
        record.msg, record.args = self._secrets.leave_out(record.getMessage()), ()
        return True


def no_auth(request: Any) -> Any:
    """Send neither credentials from a .netrc file nor a password of the URL."""
    return request


def _target(answer: requests.Response, url: str, secrets: Secrets) -> str | None:
    """URL to which an answer redirects; None if it does not."""
    location = answer.headers.get("Location")
    if answer.status_code not in _REDIRECTS or not location:
        return None
    told = secrets.leave_out(location)
    try:
        target = urljoin(url, location.encode("latin-1").decode("utf-8", "replace"))
        parts = urlsplit(target)
        found, _ = parts.hostname, parts.port
    except ValueError:
        found = None
    if not found or parts.scheme not in ("http", "https"):
        raise ServiceError(
            f"{secrets.leave_out(url)} leads to {told!r}, which is not a web address."
        )
    if parts.scheme == "http" and urlsplit(url).scheme == "https":
        raise ServiceError(
            f"{secrets.leave_out(url)} leads from https to {told!r}, which is not protected "
            "against changes."
        )
    return target


def _server(url: str) -> tuple[str | None, int]:
    parts = urlsplit(url)
    return parts.hostname, parts.port or _port(url)


def _is_same_server(url: str, target: str) -> bool:
    """Whether a redirect stays on its server, possibly changing from http to https."""
    (host, port), (other, at) = _server(url), _server(target)
    return host == other and (port == at or (port, at) == (80, 443))


def _port(url: str) -> int:
    return 443 if urlsplit(url).scheme == "https" else 80


def stated_length(answer: requests.Response) -> int | None:
    """Number of bytes that a server states; None if it does not."""
    text = answer.headers.get("Content-Length", "").strip()
    return int(text[:30]) if re.fullmatch("[0-9]+", text) else None  # int() accepts no 5000 digits


def retry_after(answer: requests.Response) -> float:
    """Seconds that a server asks to wait, from a number or a date; 0 if not stated."""
    text = answer.headers.get("Retry-After", "").strip()
    if text.isdecimal():
        return float(text)
    try:
        moment = email.utils.parsedate_to_datetime(text)
        return max(0.0, moment.timestamp() - time.time())
    except (TypeError, ValueError, OverflowError):
        return 0.0


def _what_stays_wrong(error: BaseException) -> str | None:
    """Why another attempt would fail as well; None if it might succeed."""
    from requests import exceptions as known

    invalid = (known.InvalidURL, known.InvalidSchema, known.MissingSchema, UnicodeError)
    if isinstance(error, invalid):
        return "it is not a valid web address"
    for cause in _causes(error):
        if isinstance(cause, ssl.SSLCertVerificationError):
            return f"its certificate is not valid ({cause.verify_message})"
        if isinstance(cause, socket.gaierror) and cause.errno in _NO_SUCH_NAME:
            return "no host has that name"
    return None


def _causes(error: BaseException) -> Iterator[BaseException]:
    """An error and its causes."""
    todo, seen = [error], set()
    while todo:
        one = todo.pop()
        if id(one) not in seen:
            seen.add(id(one))
            yield one
            held = (*one.args, getattr(one, "reason", None), one.__cause__, one.__context__)
            todo += [part for part in held if isinstance(part, BaseException)]
