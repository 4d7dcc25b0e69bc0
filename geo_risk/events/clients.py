"""Fetch events from the services of UCDP and ACLED with the caller's own key.

Addresses and parameters follow the services' own documentation (UCDP: ucdp.uu.se/apidocs; ACLED:
"API documentation" on acleddata.com). Both licences ask for citation; ACLED forbids
redistribution of its rows.
"""

from __future__ import annotations

import datetime as dt
import os
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlsplit

from geo_risk._core.http import Limits
from geo_risk._core.secrets import HIDDEN
from geo_risk._core.validate import check_integer, is_integer
from geo_risk.errors import AccessDeniedError, ServiceError
from geo_risk.events import acled, ucdp
from geo_risk.events.draft import logger
from geo_risk.events.read import read_events
from geo_risk.events.service import MAX_BYTES, MAX_SECONDS, PageStore, Service, secret

if TYPE_CHECKING:
    import geopandas as gpd

__all__ = ["fetch_acled", "fetch_ucdp"]

_MOST_PAGES = 100_000


def fetch_ucdp(
    *,
    version: str,
    start: str | dt.date | None = None,
    end: str | dt.date | None = None,
    country: int | Iterable[int] | None = None,
    page_size: int = 1000,
    token: str | None = None,
    folder: str | os.PathLike[str] | None = None,
    base_url: str = "https://ucdpapi.pcr.uu.se/api",
    max_bytes: int = MAX_BYTES,
    max_seconds: float = MAX_SECONDS,
) -> gpd.GeoDataFrame:
    """Fetch UCDP GED or candidate events, page by page.

    The result contains every event that the service counts, or an error says what is missing. The
    key never appears in a log, error or file.

    Parameters
    ----------
    version : str
        Version of the data, such as "25.1" (yearly) or "25.0.9" (candidate events).
    start, end : date or ISO text, optional
        First and last day.
    country : int or iterable of int, optional
        Gleditsch–Ward numbers (Afghanistan is 700), not ISO.
    page_size : int
        Events per page, 1 to 1000.
    token : str, optional
        Access token; by default the environment variable UCDP_API_TOKEN.
    folder : path, optional
        Folder that keeps the pages as they arrive, so that the same call resumes where it stopped.
    base_url : str
        Address of the service.
    max_bytes : int, default 512 MiB
        Largest size of one page.
    max_seconds : float, default 600
        Longest time for one page, including all attempts.

    Returns
    -------
    geopandas.GeoDataFrame
        As returned by `read_events`; ``attrs["geo_risk"]["service"]`` states the query.

    Raises
    ------
    AccessDeniedError
        The token is missing, wrong or expired.
    ServiceError
        The service fails repeatedly, or its answer does not follow its documentation.
    ValueError
        An argument is out of range, or the folder has pages of another query.
    TypeError
        A `page_size` or `max_bytes` that is not an integer.

    Notes
    -----
    After status 429 or 5xx, a broken connection or a truncated answer, a request is tried up to
    five times, with growing pauses or as the service asks (`Retry-After`).
    """
    size = check_integer(page_size, "page_size", low=1, high=1000)
    params = {"pagesize": str(size), **_days("StartDate", start)}
    params |= _days("EndDate", end)
    if country is not None:
        numbers = [country] if isinstance(country, int) else list(country)
        params["Country"] = ",".join(str(int(number)) for number in numbers)
    path = f"/gedevents/{_plain_version(version)}"
    service = Service("UCDP", base_url, Limits(max_bytes, max_seconds))
    key = secret(token, "UCDP_API_TOKEN")
    if key is None:
        raise AccessDeniedError("UCDP needs a token: pass token= or set UCDP_API_TOKEN.")
    service.set_header("x-ucdp-access-token", key)
    query = {"url": service.base_url + path, "params": params}
    try:
        rows, stated = _ucdp_rows(service, path, params, PageStore(folder, query))
    finally:
        service.close()
    if len(rows) != stated:
        raise ServiceError(
            f"UCDP counts {stated} events but sent {len(rows)}: they may have changed meanwhile. "
            "Fetch again" + (" into an empty folder." if folder is not None else ".")
        )
    return _as_frame(rows, "ucdp", ucdp.SIGNATURE, query)


def _ucdp_rows(
    service: Service, path: str, params: Mapping[str, str], store: PageStore
) -> tuple[list[dict[str, Any]], int]:
    rows: list[dict[str, Any]] = []
    kept = store.pages()
    asked: dict[str, str] | None = dict(params)
    seen: set[str] = set()
    number, stated = 0, 0
    while asked is not None:
        number += 1
        page = next(kept, None)
        if page is None:
            answer = service.get(path, asked)
            page = _check_page(service, answer, "Result", ucdp.SIGNATURE, also=("TotalCount",))
            store.keep(number, page)
        rows += page["Result"]
        stated = int(page["TotalCount"])
        logger.info("UCDP: page %d, %d of %d events", number, len(rows), stated)
        following = str(page.get("NextPageUrl") or "")
        if following in seen or number >= _MOST_PAGES:
            raise ServiceError(f"UCDP names the same next page twice, after page {number}.")
        seen.add(following)
        # Take only the parameters from the answer, never the host: it would receive the key.
        named = dict(parse_qsl(urlsplit(following).query))
        named = {name: value for name, value in named.items() if HIDDEN not in value}
        asked = {**params, **named} if following else None
    return rows, stated


def fetch_acled(
    *,
    start: str | dt.date | None = None,
    end: str | dt.date | None = None,
    country: str | Iterable[str] | None = None,
    page_size: int = 5000,
    token: str | None = None,
    email: str | None = None,
    password: str | None = None,
    folder: str | os.PathLike[str] | None = None,
    base_url: str = "https://acleddata.com",
    max_bytes: int = MAX_BYTES,
    max_seconds: float = MAX_SECONDS,
) -> gpd.GeoDataFrame:
    """Fetch ACLED events, page by page.

    Token and password never appear in a log, error or file.

    Parameters
    ----------
    start, end : date or ISO text, optional
        First and last day.
    country : str or iterable of str, optional
        Names of countries as ACLED writes them.
    page_size : int
        Events per page, 1 to 5000.
    token : str, optional
        Access token; by default the environment variable ACLED_ACCESS_TOKEN.
    email, password : str, optional
        Account for requesting a token if none is given, and again when it expires; by default
        ACLED_EMAIL and ACLED_PASSWORD.
    folder, base_url, max_bytes, max_seconds
        As for `fetch_ucdp`.

    Returns
    -------
    geopandas.GeoDataFrame
        As returned by `read_events`; ``attrs["geo_risk"]["service"]`` states the query. ACLED's
        terms do not allow redistribution of the rows.

    Raises
    ------
    AccessDeniedError, ServiceError, ValueError, TypeError
        As for `fetch_ucdp`.
    """
    size = check_integer(page_size, "page_size", low=1, high=5000)
    params = {"_format": "json", "limit": str(size)}
    first, last = _days("d", start).get("d"), _days("d", end).get("d")
    if first or last:
        days = f"{first or '1900-01-01'}|{last or '2999-12-31'}"
        params |= {"event_date": days, "event_date_where": "BETWEEN"}
    if country is not None:
        params["country"] = country if isinstance(country, str) else "|".join(country)
    service = Service("ACLED", base_url, Limits(max_bytes, max_seconds))
    query = {"url": f"{service.base_url}/api/acled/read", "params": params}
    account = _Account(service, token, email, password)
    try:
        rows = _acled_rows(service, account, params, PageStore(folder, query), page_size)
    finally:
        service.close()
    return _as_frame(rows, "acled", acled.SIGNATURE, query)


class _Account:
    """Token of one caller, renewed if the caller has given an account."""

    def __init__(
        self, service: Service, token: str | None, email: str | None, password: str | None
    ) -> None:
        self._service = service
        self._email = secret(email, "ACLED_EMAIL")
        self._password = secret(password, "ACLED_PASSWORD")
        self._known = secret(token, "ACLED_ACCESS_TOKEN")
        service.hide(self._password or "")
        if self._known is None and not (self._email and self._password):
            raise AccessDeniedError(
                "ACLED needs a token or an account: pass token=, or email= and password=, or set "
                "ACLED_ACCESS_TOKEN, or ACLED_EMAIL and ACLED_PASSWORD."
            )
        if self._known is not None:
            self._use(self._known)

    def get(self, path: str, params: Mapping[str, str]) -> dict[str, Any]:
        """Answer to a GET with a valid token; a token that is rejected is renewed if possible."""
        if self._known is None:
            self._renew()
        try:
            return self._service.get(path, params)
        except AccessDeniedError:
            if not (self._email and self._password):
                raise
        logger.info("ACLED: the token is no longer valid; requesting a new one")
        self._renew()
        return self._service.get(path, params)

    def _renew(self) -> None:
        form = {
            "username": self._email or "",
            "password": self._password or "",
            "grant_type": "password",
            "client_id": "acled",
        }
        answer = self._service.post("/oauth/token", form)
        token = answer.get("access_token")
        if not isinstance(token, str) or not token:
            told = self._service.discreet(sorted(answer))
            raise ServiceError(f"ACLED sent no access_token but {told}.")
        self._use(token)

    def _use(self, token: str) -> None:
        self._known = token
        self._service.hide(token)
        self._service.set_header("Authorization", f"Bearer {token}")


def _acled_rows(
    service: Service,
    account: _Account,
    params: Mapping[str, str],
    store: PageStore,
    page_size: int,
) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    kept = store.pages()
    for number in range(1, _MOST_PAGES):
        page = next(kept, None)
        if page is None:
            answer = account.get("/api/acled/read", {**params, "page": str(number)})
            status = answer.get("status", 200)
            if status in {401, 403}:
                told = service.discreet(answer.get("error") or answer.get("message") or "")
                raise AccessDeniedError(f"ACLED rejects the request: {told!r}.")
            if status != 200 or answer.get("success") is False:
                told = service.discreet(answer.get("error") or answer.get("message") or answer)
                raise ServiceError(f"ACLED reports status {status}: {told!r}.")
            page = _check_page(service, answer, "data", acled.SIGNATURE)
            store.keep(number, page)
        rows += page["data"]
        logger.info("ACLED: page %d, %d events so far", number, len(rows))
        if len(page["data"]) < page_size:
            return rows
    raise ServiceError(f"ACLED has more than {_MOST_PAGES} pages.")


def _check_page(
    service: Service,
    answer: dict[str, Any],
    key: str,
    signature: tuple[tuple[str, ...], ...],
    also: tuple[str, ...] = (),
) -> dict[str, Any]:
    """Return the answer if it has the form that the service documents."""
    missing = [name for name in (key, *also) if name not in answer]
    if missing:
        raise ServiceError(
            f"{service.name} has changed its answers: no {', '.join(missing)}, but "
            f"{service.discreet(sorted(answer))}."
        )
    rows = answer[key]
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise ServiceError(
            f"{service.name} has changed its answers: {key} is not a list of objects."
        )
    for count in also:
        if not is_integer(answer[count]):
            raise ServiceError(f"{service.name} has changed its answers: {count} is not a number.")
    names = {name.lower() for row in rows for name in row}
    absent = [group[0] for group in signature if not names.intersection(group)]
    if rows and absent:
        raise ServiceError(
            f"{service.name} has changed its columns: no {', '.join(absent)}, but "
            f"{service.discreet(sorted(names))}."
        )
    return service.discreet_page(answer, key)


def _as_frame(
    rows: list[dict[str, Any]],
    source: str,
    signature: tuple[tuple[str, ...], ...],
    query: Mapping[str, Any],
) -> gpd.GeoDataFrame:
    import pandas as pd

    columns = None if rows else pd.Index([group[0] for group in signature])
    frame = read_events(pd.DataFrame(rows, columns=columns), source=source)
    frame.attrs["geo_risk"] |= {"input": query["url"], "service": dict(query)}
    return frame


def _days(name: str, day: str | dt.date | None) -> dict[str, str]:
    """Query parameter for a day; empty if no day is given."""
    if day is None:
        return {}
    try:
        date = day if isinstance(day, dt.date) else dt.date.fromisoformat(day)
    except (TypeError, ValueError) as error:
        raise ValueError(f"Invalid date: {day!r}; a date or ISO text is needed.") from error
    return {name: date.strftime("%Y-%m-%d")}


def _plain_version(version: str) -> str:
    if not isinstance(version, str) or not version.replace(".", "").isdigit():
        raise ValueError(f"Invalid version: {version!r}; must look like '25.1' or '25.0.9'.")
    return version
