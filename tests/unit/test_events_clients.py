"""The clients of UCDP and ACLED against a local server that speaks as they document."""

from __future__ import annotations

import functools
import json
import logging
import os
import threading
import traceback
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import given, settings, strategies as st
from source_frames import acled_frame, ucdp_frame

from geo_risk.errors import AccessDeniedError, DataCorruptError, GeoRiskError, ServiceError
from geo_risk.events import fetch_acled, fetch_ucdp, service

KEY = "s3cret-key-91827364"
PASSWORD = "pass-w0rd-555"


def rows_of(frame: Any, n: int, name: str) -> list[dict[str, Any]]:
    records = json.loads(frame.astype(object).to_json(orient="records"))
    return [records[i % len(records)] | {name: i + 1} for i in range(n)]


class Server:
    """A server whose next answers can be broken on purpose."""

    def __init__(self) -> None:
        self.ucdp = rows_of(ucdp_frame(), 7, "id")
        self.acled = rows_of(acled_frame(), 7, "event_id_cnty")
        self.faults: list[Callable[[Any], None]] = []
        self.asked: list[tuple[str, dict[str, list[str]]]] = []
        self.keys: list[str | None] = []
        self.good_key = KEY
        self.change: Callable[[dict[str, Any]], dict[str, Any]] = lambda answer: answer
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                outer.answer(self)

            def do_POST(self) -> None:
                form = self.rfile.read(int(self.headers["Content-Length"])).decode()
                outer.token(self, parse_qs(form))

            def log_message(self, *_: Any) -> None:
                pass

        self.httpd = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.httpd.server_port}"
        run = functools.partial(self.httpd.serve_forever, poll_interval=0.01)
        threading.Thread(target=run, daemon=True).start()

    def send(self, handler: Any, status: int, body: Any, **headers: str) -> None:
        content = json.dumps(body).encode()
        handler.send_response(status)
        for name, value in headers.items():
            handler.send_header(name.replace("_", "-"), value)
        handler.send_header("Content-Length", str(len(content)))
        handler.end_headers()
        handler.wfile.write(content)

    def token(self, handler: Any, form: dict[str, list[str]]) -> None:
        if form.get("password") != [PASSWORD]:
            self.send(handler, 401, {"error": f"bad password {form.get('password')}"})
            return
        self.good_key = "renewed-token"
        self.send(handler, 200, {"access_token": "renewed-token", "token_type": "Bearer"})

    def answer(self, handler: Any) -> None:
        parts = urlsplit(handler.path)
        query = parse_qs(parts.query)
        self.asked.append((parts.path, query))
        if self.faults:
            fault = self.faults.pop(0)
            if fault is not None:
                fault(handler)
                return
        ucdp = parts.path.startswith("/api/gedevents/")
        sent = handler.headers.get("x-ucdp-access-token" if ucdp else "Authorization")
        self.keys.append(sent)
        if sent != (self.good_key if ucdp else f"Bearer {self.good_key}"):
            self.send(handler, 401, {"error": f"token {sent} has expired"})
            return
        page = int(query.get("page", ["1"])[0])
        size = int(query["pagesize" if ucdp else "limit"][0])
        rows = (self.ucdp if ucdp else self.acled)[(page - 1) * size : page * size]
        if ucdp:
            more = page * size < len(self.ucdp)
            following = f"http://elsewhere.example/api?pagesize={size}&page={page + 1}"
            body = {
                "TotalCount": len(self.ucdp),
                "TotalPages": -(-len(self.ucdp) // size),
                "NextPageUrl": following if more else "",
                "Result": rows,
            }
        else:
            body = {"status": 200, "success": True, "count": len(rows), "data": rows}
        self.send(handler, 200, self.change(body))


def status(code: int, **headers: str) -> Callable[[Any], None]:
    def fault(handler: Any) -> None:
        handler.send_response(code)
        for name, value in headers.items():
            handler.send_header(name.replace("_", "-"), value)
        handler.send_header("Content-Length", "4")
        handler.end_headers()
        handler.wfile.write(b"busy")

    return fault


def cut(handler: Any) -> None:
    """Promise much, send little, hang up."""
    handler.send_response(200)
    handler.send_header("Content-Length", "100000")
    handler.end_headers()
    handler.wfile.write(b'{"TotalCount": 7, "Result": [')
    handler.close_connection = True


def hang_up(handler: Any) -> None:
    handler.close_connection = True
    handler.connection.close()


def half_json(handler: Any) -> None:
    handler.send_response(200)
    handler.send_header("Content-Length", "10")
    handler.end_headers()
    handler.wfile.write(b'{"TotalCou')


@pytest.fixture
def server() -> Iterator[Server]:
    made = Server()
    yield made
    made.httpd.shutdown()
    made.httpd.server_close()


@pytest.fixture(autouse=True)
def waits(monkeypatch: Any) -> list[float]:
    waited: list[float] = []
    monkeypatch.setattr(service, "_sleep", waited.append)
    for name in ("UCDP_API_TOKEN", "ACLED_ACCESS_TOKEN", "ACLED_EMAIL", "ACLED_PASSWORD"):
        monkeypatch.delenv(name, raising=False)
    return waited


def ucdp(server: Server, **options: Any) -> Any:
    given: dict[str, Any] = {"version": "25.1", "token": KEY, "page_size": 3}
    return fetch_ucdp(base_url=f"{server.url}/api", **(given | options))


def acled(server: Server, **options: Any) -> Any:
    given: dict[str, Any] = {"token": KEY, "page_size": 3}
    return fetch_acled(base_url=server.url, **(given | options))


FETCHERS = [ucdp, acled]


def test_ucdp_pages_and_parameters(server: Server) -> None:
    out = ucdp(server, start="2019-01-01", end="2019-12-31", country=[700, 702])
    assert out["event_id"].tolist() == [str(i) for i in range(1, 8)]
    assert (out["source"] == "ucdp").all()
    assert [query.get("page") for _, query in server.asked] == [None, ["2"], ["3"]]
    path, query = server.asked[-1]
    assert path == "/api/gedevents/25.1"
    assert query["StartDate"] == ["2019-01-01"]
    assert query["Country"] == ["700,702"]
    assert out.attrs["geo_risk"]["service"]["params"]["EndDate"] == "2019-12-31"
    assert KEY not in json.dumps(out.attrs["geo_risk"])
    assert server.keys == [KEY] * 3  # and "elsewhere.example" was never asked


def test_acled_pages_and_parameters(server: Server) -> None:
    out = acled(server, start="2022-01-01", country=["Afghanistan", "Tajikistan"])
    assert out["event_id"].tolist() == [str(i) for i in range(1, 8)]
    assert (out["source"] == "acled").all()
    assert [query["page"] for _, query in server.asked] == [["1"], ["2"], ["3"]]
    assert server.asked[0][1]["event_date"] == ["2022-01-01|2999-12-31"]
    assert server.asked[0][1]["country"] == ["Afghanistan|Tajikistan"]


@pytest.mark.parametrize("fetch", FETCHERS)
def test_no_events_is_an_answer(server: Server, fetch: Any) -> None:
    server.ucdp, server.acled = [], []
    out = fetch(server)
    assert len(out) == 0
    assert out.crs == "EPSG:4326"


@pytest.mark.parametrize("fetch", FETCHERS)
@pytest.mark.parametrize("fault", [status(500), status(429), status(503), cut, hang_up, half_json])
def test_faults_are_tried_again(server: Server, fetch: Any, fault: Any, waits: Any) -> None:
    server.faults = [None, fault, fault]
    assert len(fetch(server)) == 7
    assert waits == [1.0, 2.0]


def test_the_service_says_how_long_to_wait(server: Server, waits: Any) -> None:
    server.faults = [status(429, Retry_After="17"), status(429, Retry_After="nonsense")]
    assert len(ucdp(server)) == 7
    assert waits == [17.0, 2.0]
    waits.clear()
    server.faults = [status(429, Retry_After="Sun, 22 Nov 2037 11:00:00 GMT")]
    with pytest.raises(ServiceError, match=r"after 1 attempts: status 429; it asks to wait \d+ s"):
        ucdp(server)
    assert waits == []


@pytest.mark.parametrize("fetch", FETCHERS)
def test_it_gives_up_in_the_end(server: Server, fetch: Any, waits: Any) -> None:
    server.faults = [status(500)] * 9
    with pytest.raises(ServiceError, match="gave no answer after 5 attempts: status 500"):
        fetch(server)
    assert waits == [1.0, 2.0, 4.0, 8.0]


@pytest.mark.parametrize("fetch", FETCHERS)
def test_a_broken_fetch_goes_on_where_it_stopped(
    server: Server, fetch: Any, tmp_path: Path
) -> None:
    server.faults = [None, None, *[status(500)] * 5]
    with pytest.raises(ServiceError, match="no answer"):
        fetch(server, folder=tmp_path / "pages")
    assert len(server.asked) == 7
    server.asked.clear()
    out = fetch(server, folder=tmp_path / "pages")
    assert out["event_id"].tolist() == [str(i) for i in range(1, 8)]
    assert len(server.asked) == 1  # only the page that was missing
    with pytest.raises(ValueError, match="contains pages of another query"):
        fetch(server, folder=tmp_path / "pages", start="2020-01-01")
    everything = b"".join(path.read_bytes() for path in (tmp_path / "pages").iterdir())
    assert KEY.encode() not in everything
    assert not list((tmp_path / "pages").glob("*.part"))


def test_a_file_beside_the_pages_is_left_alone(server: Server, tmp_path: Path) -> None:
    theirs = tmp_path / f"page-000001.{os.getpid()}.part"
    theirs.write_text("mine")
    ucdp(server, folder=tmp_path)
    assert theirs.read_text() == "mine"
    assert [path.name for path in tmp_path.glob("*.part")] == [theirs.name]


def test_a_damaged_page_is_told(server: Server, tmp_path: Path) -> None:
    ucdp(server, folder=tmp_path)
    page = tmp_path / "page-000002.json"
    page.write_bytes(page.read_bytes().replace(b"Kunar", b"Kabul"))
    with pytest.raises(DataCorruptError, match=r"page-000002\.json is damaged"):
        ucdp(server, folder=tmp_path)
    page.write_bytes(page.read_bytes()[:50])
    with pytest.raises(DataCorruptError, match=r"page-000002\.json is damaged"):
        ucdp(server, folder=tmp_path)


@pytest.mark.parametrize("fetch", FETCHERS)
def test_an_expired_key_is_told_and_never_shown(
    server: Server, fetch: Any, caplog: Any, capsys: Any
) -> None:
    server.good_key = "another"
    with (
        caplog.at_level(logging.DEBUG),
        pytest.raises(AccessDeniedError, match="expired") as caught,
    ):
        fetch(server)
    shown = "".join(traceback.format_exception(caught.value))
    assert KEY not in shown + caplog.text + "".join(capsys.readouterr())
    assert "***" in str(caught.value)  # the server repeated it
    assert caught.value.__cause__ is None


def test_acled_renews_its_token_with_the_account(server: Server, monkeypatch: Any) -> None:
    server.good_key = "another"
    monkeypatch.setenv("ACLED_EMAIL", "me@example.org")
    monkeypatch.setenv("ACLED_PASSWORD", PASSWORD)
    assert len(acled(server)) == 7
    assert server.keys == [f"Bearer {KEY}", *["Bearer renewed-token"] * 3]
    assert len(acled(server, token=None)) == 7


def test_acled_with_a_wrong_password(server: Server) -> None:
    wrong = PASSWORD[::-1]
    with pytest.raises(AccessDeniedError, match="rejects the key") as caught:
        acled(server, token=None, email="me@example.org", password=wrong)
    assert wrong not in "".join(traceback.format_exception(caught.value))


@pytest.mark.parametrize("fetch", FETCHERS)
def test_a_key_is_needed_and_may_stand_in_the_environment(
    server: Server, fetch: Any, monkeypatch: Any
) -> None:
    with pytest.raises(AccessDeniedError, match="needs a token"):
        fetch(server, token=None)
    monkeypatch.setenv("UCDP_API_TOKEN", KEY)
    monkeypatch.setenv("ACLED_ACCESS_TOKEN", KEY)
    assert len(fetch(server, token=None)) == 7


def test_a_netrc_does_not_replace_the_key(server: Server, monkeypatch: Any, tmp_path: Path) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login a password b\n")
    monkeypatch.setenv("NETRC", str(netrc))
    acled(server)
    assert server.keys == [f"Bearer {KEY}"] * 3


CHANGES: list[tuple[Any, Any, str]] = [
    (ucdp, lambda answer: {"items": answer["Result"]}, "no Result, TotalCount, but .*items"),
    (ucdp, lambda answer: answer | {"Result": "none"}, "Result is not a list of objects"),
    (ucdp, lambda answer: answer | {"TotalCount": "many"}, "TotalCount is not a number"),
    (ucdp, lambda answer: answer | {"TotalCount": 9}, "counts 9 events but sent 7"),
    (
        ucdp,
        lambda answer: answer | {"Result": [{"id": 1, "geo": "1,2"}]},
        "changed its columns: no side_a, side_b.*'geo'",
    ),
    (ucdp, lambda answer: answer | {"NextPageUrl": "/x?page=1"}, "the same next page twice"),
    (acled, lambda answer: {"status": 200, "rows": []}, "no data, but .*rows"),
    (acled, lambda answer: {"status": 400, "error": "bad country"}, "status 400: 'bad country'"),
    (acled, lambda answer: {"status": 403, "error": "no access"}, "rejects the request: 'no acc"),
    (acled, lambda answer: [1], "answers with a list"),
]


@pytest.mark.parametrize(("fetch", "change", "told"), CHANGES)
def test_a_changed_schema_is_told(server: Server, fetch: Any, change: Any, told: str) -> None:
    server.change = change
    with pytest.raises(GeoRiskError, match=told):
        fetch(server)


def test_redirects_are_not_followed(server: Server) -> None:
    server.faults = [status(302, Location="http://elsewhere.example/")]
    with pytest.raises(ServiceError, match="status 302"):
        ucdp(server)


def test_answers_without_end_are_refused(server: Server) -> None:
    with pytest.raises(ServiceError, match="more than 100 bytes"):
        ucdp(server, max_bytes=100)


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"page_size": 0}, "Invalid page_size: 0"),
        ({"page_size": 1001}, "from 1 to 1000"),
        ({"version": "../25"}, "Invalid version"),
        ({"start": "yesterday"}, "Invalid date: 'yesterday'"),
        ({"base_url": "http://ucdp.example/api"}, "an https address is needed"),
        ({"base_url": f"https://me:{KEY}@ucdp.example/api"}, "must not contain a user name"),
    ],
)
def test_bad_arguments(options: dict[str, Any], told: str) -> None:
    with pytest.raises(ValueError, match=told) as caught:
        fetch_ucdp(**({"version": "25.1", "token": KEY} | options))
    assert KEY not in str(caught.value)


def test_a_server_that_is_not_there(waits: Any) -> None:
    with pytest.raises(ServiceError, match="ConnectionError"):
        fetch_ucdp(version="25.1", token=KEY, base_url="http://127.0.0.1:9/api")
    assert len(waits) == 4


@settings(max_examples=15)
@given(
    total=st.integers(0, 11),
    size=st.integers(1, 6),
    faults=st.lists(st.sampled_from([None, status(500), cut, half_json]), max_size=4),
)
def test_every_event_comes_once_whatever_happens(total: int, size: int, faults: Any) -> None:
    made = Server()
    try:
        made.ucdp, made.acled = made.ucdp[:0], made.acled[:0]
        made.ucdp = rows_of(ucdp_frame(), total, "id")
        made.acled = rows_of(acled_frame(), total, "event_id_cnty")
        for fetch in FETCHERS:
            made.faults = list(faults)
            out = fetch(made, page_size=size)
            assert out["event_id"].tolist() == [str(i + 1) for i in range(total)]
    finally:
        made.httpd.shutdown()
        made.httpd.server_close()
