"""One patient, discreet HTTP client: retries, pages kept on disk, keys never shown."""

from __future__ import annotations

import email.utils
import hashlib
import json
import os
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from geo_risk._files import replacing
from geo_risk.errors import AccessDeniedError, DataCorruptError, ServiceError
from geo_risk.events.draft import logger

if TYPE_CHECKING:
    import requests

__all__ = ["PageStore", "Service", "secret"]

_ATTEMPTS = 5
_FIRST_WAIT_S = 1.0
_LONGEST_WAIT_S = 120.0
_TIMEOUT_S = (10.0, 120.0)  # to connect; between two bytes
_LARGEST_ANSWER = 512 * 2**20
_LATER = frozenset({408, 425, 429, 500, 502, 503, 504})


def secret(given: str | None, *variables: str) -> str | None:
    """A key as given, else from the first environment variable that is set."""
    if given is not None:
        return given.strip() or None
    for name in variables:
        if value := os.environ.get(name, "").strip():
            return value
    return None


class Service:
    """JSON over HTTP from one host.

    The key travels in a header, only to the host of `base_url`, and only over https (or to this
    very machine). Redirects are not followed. Nothing that is logged or raised holds it.
    """

    def __init__(self, name: str, base_url: str) -> None:
        import requests

        parts = urlsplit(base_url)
        local = parts.hostname in {"localhost", "127.0.0.1", "::1"}
        if parts.scheme != "https" and not (local and parts.scheme == "http"):
            raise ValueError(f"Invalid base_url: {base_url!r}; an https address is needed.")
        if parts.username or parts.password:
            raise ValueError("Invalid base_url: it must not hold a user name or a password.")
        self.name, self.base_url = name, base_url.rstrip("/")
        self._session = requests.Session()
        self._headers: dict[str, str] = {}
        self._secrets: set[str] = set()

    def close(self) -> None:
        """Close the connections."""
        self._session.close()

    def hide(self, *secrets: str) -> None:
        """Never show these texts."""
        self._secrets.update(text for text in secrets if text)

    def set_header(self, name: str, value: str) -> None:
        """Send a header with every request; its value is never shown."""
        self._headers[name] = value
        self.hide(value)

    def discreet(self, text: object) -> str:
        """Text without anything secret, and short."""
        out = str(text)
        for hidden in sorted(self._secrets, key=len, reverse=True):
            out = out.replace(hidden, "***")
        return out if len(out) <= 300 else out[:300] + "…"

    def get(self, path: str, params: Mapping[str, str]) -> dict[str, Any]:
        """Answer to a GET, as a JSON object."""
        return self._ask("GET", path, params=dict(params))

    def post(self, path: str, form: Mapping[str, str]) -> dict[str, Any]:
        """Answer to a POST of a form, as a JSON object."""
        return self._ask("POST", path, data=dict(form))

    def _ask(self, method: str, path: str, **content: Any) -> dict[str, Any]:
        reason, wait = "", _FIRST_WAIT_S
        for attempt in range(1, _ATTEMPTS + 1):
            answer, reason, asked_wait = self._once(method, path, content)
            if answer is not None:
                return answer
            pause = max(wait, asked_wait)
            if attempt == _ATTEMPTS or pause > _LONGEST_WAIT_S:
                break
            logger.info(
                "%s: %s; attempt %d of %d in %.0f s",
                self.name,
                reason,
                attempt + 1,
                _ATTEMPTS,
                pause,
            )
            _sleep(pause)
            wait *= 2
        if asked_wait > _LONGEST_WAIT_S:
            reason += f"; it asks to wait {asked_wait:.0f} s"
        raise ServiceError(f"{self.name} gave no answer after {attempt} attempts: {reason}.")

    def _once(
        self, method: str, path: str, content: Mapping[str, Any]
    ) -> tuple[dict[str, Any] | None, str, float]:
        """One attempt: the answer, or the reason to try again and how long to wait before."""
        import requests

        try:
            with self._session.request(
                method,
                f"{self.base_url}{path}",
                headers=self._headers,
                auth=_no_auth,  # or a .netrc would replace our header
                timeout=_TIMEOUT_S,
                allow_redirects=False,
                stream=True,
                **content,
            ) as response:
                body = self._body(response)
                if response.status_code in _LATER:
                    return None, f"status {response.status_code}", _retry_after(response)
                self._refuse_status(response.status_code, body)
        except requests.RequestException as error:
            return None, self.discreet(f"{type(error).__name__}"), 0.0
        try:
            answer = json.loads(body)
        except (ValueError, RecursionError):
            return None, f"the answer is no JSON: {self.discreet(body[:80])!r}", 0.0
        if not isinstance(answer, dict):
            raise ServiceError(f"{self.name} answers with a {type(answer).__name__}, no object.")
        return answer, "", 0.0

    def _body(self, response: requests.Response) -> bytes:
        parts, size = [], 0
        for part in response.iter_content(2**16):
            size += len(part)
            if size > _LARGEST_ANSWER:
                raise ServiceError(f"{self.name} answers with more than {_LARGEST_ANSWER} bytes.")
            parts.append(part)
        return b"".join(parts)

    def _refuse_status(self, status: int, body: bytes) -> None:
        told = self.discreet(body[:200].decode("utf-8", errors="replace").strip())
        if status in {401, 403}:
            raise AccessDeniedError(
                f"{self.name} refuses the key (status {status}): it is missing, wrong, expired or "
                f"not entitled to this. The service says: {told!r}."
            ) from None
        if status != 200:
            raise ServiceError(f"{self.name} answers with status {status}: {told!r}.") from None


def _no_auth(request: Any) -> Any:
    return request


def _sleep(seconds: float) -> None:
    time.sleep(seconds)


def _retry_after(response: requests.Response) -> float:
    """Seconds that the service asks to wait: a number or a date; 0 where it does not say."""
    text = response.headers.get("Retry-After", "").strip()
    if text.isdigit():
        return float(text)
    try:
        moment = email.utils.parsedate_to_datetime(text)
        return max(0.0, moment.timestamp() - time.time())
    except (TypeError, ValueError, OverflowError):
        return 0.0


class PageStore:
    """Pages of one query, kept as files so that an interrupted fetch goes on where it stopped.

    The query, without any key, is kept beside them: a folder never mixes two queries.
    """

    def __init__(self, folder: str | os.PathLike[str] | None, query: Mapping[str, Any]) -> None:
        self.folder = None if folder is None else Path(folder)
        if self.folder is None:
            return
        self.folder.mkdir(parents=True, exist_ok=True)
        stated = json.dumps(query, sort_keys=True, indent=1)
        path = self.folder / "query.json"
        if path.exists():
            if path.read_text(encoding="utf-8") != stated:
                raise ValueError(
                    f"Invalid folder: {str(self.folder)!r} holds the pages of another query "
                    "(see its query.json). Use another folder."
                )
        else:
            _write(path, stated.encode())

    def pages(self) -> Iterator[dict[str, Any]]:
        """The pages kept so far, from the first on."""
        number = 1
        while self.folder is not None and (path := self._path(number)).exists():
            try:
                kept = json.loads(path.read_bytes())
                body = json.dumps(kept["page"], sort_keys=True).encode()
                whole = kept["sha256"] == hashlib.sha256(body).hexdigest()
            except (ValueError, KeyError, TypeError) as error:
                raise DataCorruptError(f"{path} is damaged: delete it. ({error})") from error
            if not whole:
                raise DataCorruptError(f"{path} is damaged: delete it and fetch again.")
            yield kept["page"]
            number += 1

    def keep(self, number: int, page: Mapping[str, Any]) -> None:
        """Keep page `number`, whole or not at all."""
        if self.folder is not None:
            digest = hashlib.sha256(json.dumps(page, sort_keys=True).encode()).hexdigest()
            _write(self._path(number), json.dumps({"sha256": digest, "page": page}).encode())

    def _path(self, number: int) -> Path:
        assert self.folder is not None
        return self.folder / f"page-{number:06d}.json"


def _write(path: Path, content: bytes) -> None:
    with replacing(path) as part:
        part.write_bytes(content)
