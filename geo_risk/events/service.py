"""HTTP client of the services: retries, pages kept on disk, keys never shown."""

from __future__ import annotations

import contextlib
import functools
import hashlib
import json
import os
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from geo_risk._core.files import replacing
from geo_risk._core.http import (
    LATER,
    WEB_PAGES,
    Client,
    LaterError,
    Limits,
    no_auth,
    retry_after,
    stated_length,
)
from geo_risk._core.secrets import Secrets, secret, shown_address
from geo_risk.errors import AccessDeniedError, DataCorruptError, ServiceError
from geo_risk.events.draft import logger

if TYPE_CHECKING:
    import requests

__all__ = ["MAX_BYTES", "MAX_SECONDS", "PageStore", "Service", "secret"]

MAX_BYTES = 512 * 2**20
"""Largest size of one answer by default."""
MAX_SECONDS = 600.0
"""Longest time for one answer with all its attempts by default."""
_ATTEMPTS = 5
_FIRST_WAIT_S = 1.0
_TIMEOUT_S = (10.0, 120.0)  # to connect; between two bytes
_TOLD = 300  # characters of an answer that are quoted
_READ = 1 << 16  # bytes of an answer that are searched for secrets before the cut


class Service:
    """JSON over HTTP from one host.

    The key is sent in a header, only to the host of `base_url`, and only over https (or to the
    local machine). Redirects are not followed. Logs, errors and saved pages never contain the key.
    """

    def __init__(self, name: str, base_url: str, limits: Limits) -> None:
        told = shown_address(base_url) if isinstance(base_url, str) else base_url
        try:
            parts = urlsplit(base_url)
            local = parts.hostname in {"localhost", "127.0.0.1", "::1"}
            good = bool(parts.hostname) and parts.port != 0
        except ValueError:
            good = local = False
        if not good or (parts.scheme != "https" and not (local and parts.scheme == "http")):
            raise ValueError(f"Invalid base_url: {told!r}; an https address is needed.")
        if parts.username or parts.password:
            raise ValueError("Invalid base_url: must not contain a user name or a password.")
        if parts.query or parts.fragment:
            raise ValueError(f"Invalid base_url: {told!r}; must not have parameters.")
        self.name, self.base_url = name, base_url.rstrip("/")
        self._secrets = Secrets()
        self._client = Client(base_url, limits, self._secrets)
        self._headers: dict[str, str] = {}

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def hide(self, *secrets: str) -> None:
        """Never show these texts, in any encoding."""
        self._secrets.add(*secrets)

    def set_header(self, name: str, value: str) -> None:
        """Send a header with every request; its value is never shown."""
        self._headers[name] = value
        self.hide(value)

    def discreet(self, text: object) -> str:
        """Text without secrets, shortened after they are removed."""
        out = self._secrets.leave_out(str(text)[:_READ])
        return out if len(out) <= _TOLD else out[:_TOLD] + "…"

    def discreet_page(self, page: dict[str, Any], rows: str) -> dict[str, Any]:
        """Page without secrets, neither in its rows nor in its other fields."""
        about = {name: value for name, value in page.items() if name != rows}
        data = json.dumps(page[rows], ensure_ascii=False)
        told = self._secrets.leave_out_of_data(data)
        kept = page[rows] if told == data else json.loads(told)
        return {**self._secrets.leave_out_deep(about), rows: kept}

    def get(self, path: str, params: Mapping[str, str]) -> dict[str, Any]:
        """Answer to a GET, as a JSON object."""
        return self._ask("GET", path, params=dict(params))

    def post(self, path: str, form: Mapping[str, str]) -> dict[str, Any]:
        """Answer to a POST of a form, as a JSON object."""
        return self._ask("POST", path, data=dict(form))

    def _ask(self, method: str, path: str, **content: Any) -> dict[str, Any]:
        return self._client.patiently(
            functools.partial(self._once, method, path, content),
            attempts=_ATTEMPTS,
            first_wait=_FIRST_WAIT_S,
            sleep=_sleep,
            tell=lambda reason, attempt, wait: logger.info(
                "%s: %s; attempt %d of %d in %.0f s", self.name, reason, attempt, _ATTEMPTS, wait
            ),
            failed=lambda reason, attempts: ServiceError(
                f"{self.name} gave no answer after {attempts} attempts: {self.discreet(reason)}."
            ),
        )

    def _once(self, method: str, path: str, content: Mapping[str, Any]) -> dict[str, Any]:
        """One attempt."""
        with self._client.open(
            method,
            f"{self.base_url}{path}",
            headers=self._headers,
            auth=no_auth,  # otherwise a .netrc would replace our header
            timeout=_TIMEOUT_S,
            **content,
        ) as (response, _):
            body = self._body(response)
            if response.status_code in LATER:
                raise LaterError(f"status {response.status_code}", retry_after(response))
            self._refuse_status(response, body)
        return self._parsed(body)

    def _parsed(self, body: bytes) -> dict[str, Any]:
        answer: Any = ValueError
        with contextlib.suppress(ValueError, RecursionError):
            answer = json.loads(body)
        if answer is ValueError:
            raise LaterError(f"the answer is not JSON: {self._quoted(body, 80)!r}")
        if not isinstance(answer, dict):
            raise ServiceError(
                f"{self.name} answers with a {type(answer).__name__}, not an object."
            )
        return answer

    def _body(self, response: requests.Response) -> bytes:
        most = self._client.limits.max_bytes
        body, much = bytearray(), (stated_length(response) or 0) > most
        for part in () if much else response.iter_content(2**16):
            body += part
            much = len(body) > most
            if much:
                break
        if much:
            raise ServiceError(f"{self.name} answers with more than {most} bytes (max_bytes).")
        return bytes(body)

    def _refuse_status(self, response: requests.Response, body: bytes) -> None:
        status, told = response.status_code, self._quoted(body, 200)
        if status in {401, 403}:
            raise AccessDeniedError(
                f"{self.name} rejects the key (status {status}): it is missing, wrong, expired or "
                f"not entitled to this. The service says: {told!r}."
            )
        if status != 200:
            raise ServiceError(f"{self.name} answers with status {status}: {told!r}.")
        if response.headers.get("Content-Type", "").partition(";")[0].strip() in WEB_PAGES:
            raise ServiceError(f"{self.name} answers with a web page: {told!r}.")

    def _quoted(self, body: bytes, most: int) -> str:
        """Beginning of an answer; secrets are removed before it is cut."""
        return self.discreet(body[:_READ].decode("utf-8", errors="replace").strip())[:most]


def _sleep(seconds: float) -> None:
    time.sleep(seconds)


class PageStore:
    """Pages of one query, kept as files so that an interrupted fetch resumes where it stopped.

    The query, without any key, is saved beside them: a folder never mixes two queries.
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
                    f"Invalid folder: {str(self.folder)!r} contains pages of another query "
                    "(see its query.json). Use another folder."
                )
        else:
            _write(path, stated.encode())

    def pages(self) -> Iterator[dict[str, Any]]:
        """Yield the pages kept so far, from the first."""
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
        """Save page `number`, completely or not at all."""
        if self.folder is not None:
            digest = hashlib.sha256(json.dumps(page, sort_keys=True).encode()).hexdigest()
            _write(self._path(number), json.dumps({"sha256": digest, "page": page}).encode())

    def _path(self, number: int) -> Path:
        assert self.folder is not None
        return self.folder / f"page-{number:06d}.json"


def _write(path: Path, content: bytes) -> None:
    with replacing(path, private=True) as part:
        part.write_bytes(content)
