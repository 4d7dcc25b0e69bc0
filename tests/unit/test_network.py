"""Downloads and services against local servers that lead astray, cut off, drip and gossip."""

from __future__ import annotations

import base64
import contextlib
import gzip
import http.server
import io
import json
import logging
import os
import shutil
import signal
import socket
import ssl
import stat
import subprocess
import sys
import threading
import time
import traceback
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import given, strategies as st

from geo_risk import cli
from geo_risk._core import http as _http
from geo_risk._core.addresses import is_public
from geo_risk._core.secrets import HIDDEN, Secrets, shown_address, without_secrets
from geo_risk.errors import AccessDeniedError, DataCorruptError, GeoRiskError, ServiceError
from geo_risk.events import fetch_acled, fetch_ucdp, service
from geo_risk.regions import (
    _partial,
    download,
    fetch_layer,
    fetch_record,
    load_geoboundaries,
)
from geo_risk.regions._arrived import no_layer
from geo_risk.regions._partial import Part

LAYER = json.dumps({"type": "FeatureCollection", "features": []}).encode()
Answer = Callable[["Handler"], None]


class Server(http.server.ThreadingHTTPServer):
    """Gives what `answers` say of a path; notes what it was asked."""

    daemon_threads = True

    def __init__(self, host: str = "127.0.0.1") -> None:
        super().__init__((host, 0), Handler)
        self.answers: dict[str, Answer] = {"/a.geojson": body(LAYER)}
        self.asked: list[str] = []
        self.headers: list[dict[str, str]] = []

    def url(self, path: str = "/a.geojson", host: str | None = None) -> str:
        return f"http://{host or self.server_address[0]}:{self.server_address[1]}{path}"


class Handler(http.server.BaseHTTPRequestHandler):
    server: Server

    def log_message(self, *_: Any) -> None:
        pass

    def do_GET(self) -> None:
        self.server.asked.append(self.path)
        self.server.headers.append(dict(self.headers))
        path = self.path.partition("?")[0]
        with contextlib.suppress(OSError):
            self.server.answers.get(path, body(b"", 404))(self)


def body(content: bytes, status: int = 200, **headers: str) -> Answer:
    def answer(handler: Handler) -> None:
        handler.send_response(status)
        stated = {name.replace("_", "-"): value for name, value in headers.items()}
        for name, value in {"Content-Length": str(len(content)), **stated}.items():
            if value:
                handler.send_header(name, value)
        handler.end_headers()
        handler.wfile.write(content)

    return answer


def leads(location: str, status: int = 302) -> Answer:
    return body(b"", status, Location=location)


@pytest.fixture
def servers() -> Iterator[Callable[..., Server]]:
    made: list[Server] = []

    def start(host: str = "127.0.0.1") -> Server:
        made.append(Server(host))
        threading.Thread(target=made[-1].serve_forever, args=(0.01,), daemon=True).start()
        return made[-1]

    yield start
    for one in made:
        one.shutdown()
        one.server_close()


@pytest.fixture
def server(servers: Any) -> Server:
    return servers()  # type: ignore[no-any-return]


@pytest.fixture(autouse=True)
def quickly(monkeypatch: Any) -> None:
    monkeypatch.setattr(download, "_FIRST_WAIT_S", 0.001)
    monkeypatch.setattr(service, "_sleep", lambda _: None)


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


# where it may be led ------------------------------------------------------------------------------

INNER = [
    "127.0.0.1", "127.1.2.3", "10.0.0.1", "172.16.0.1", "192.168.1.1", "169.254.169.254",
    "100.64.0.1", "0.0.0.0", "224.0.0.1", "240.0.0.1", "255.255.255.255", "192.0.2.1", "::1", "::",
    "fe80::1", "fe80::1%eth0", "fec0::1", "fc00::1", "fd00:ec2::254", "ff02::1", "2001:db8::1",
    "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::127.0.0.1", "64:ff9b::7f00:1", "2002:7f00:1::",
    "no address",
]  # fmt: skip


@pytest.mark.parametrize("address", INNER)
def test_what_is_no_public_address(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize(
    "address", ["8.8.8.8", "1.1.1.1", "2606:4700:4700::1111", "::ffff:8.8.8.8", "64:ff9b::808:808"]
)
def test_what_is_a_public_address(address: str) -> None:
    assert is_public(address)


HOSTS = [
    "127.0.0.2", "localhost", "a.localhost", "2130706434", "0x7f000002", "0177.0.0.2", "127.2",
    "[::1]", "[::ffff:127.0.0.2]", "10.0.0.1", "169.254.169.254", "192.168.0.1", "0.0.0.0",
    "[fe80::1]", "224.0.0.1",
]  # fmt: skip


@pytest.mark.parametrize("host", HOSTS)
def test_no_redirect_leads_to_an_inner_address(
    servers: Any, server: Server, tmp_path: Path, host: str
) -> None:
    inner = servers("127.0.0.2")
    server.answers["/a.geojson"] = leads(inner.url(host=host))
    with pytest.raises(ServiceError, match=r"in 1 attempt: it leads to the internal address"):
        fetch_layer(server.url(), folder=tmp_path)
    assert inner.asked == []
    assert names(tmp_path) == []


def test_unless_asked(servers: Any, server: Server, tmp_path: Path) -> None:
    inner = servers("127.0.0.2")
    server.answers["/a.geojson"] = leads(inner.url("/a.geojson?token=abcdefgh"))
    path = fetch_layer(server.url(), folder=tmp_path, allow_private=True)
    record = fetch_record(path)
    assert record is not None
    assert record["url"] == server.url()
    assert record["final_url"] == inner.url(f"/a.geojson?token={HIDDEN}")


def test_the_place_that_was_asked_for_may_lead_to_itself(server: Server, tmp_path: Path) -> None:
    server.answers["/old"] = leads("/a.geojson")
    assert fetch_layer(server.url("/old"), folder=tmp_path).read_bytes() == LAYER


def test_a_port_beside_it_may_not(servers: Any, server: Server, tmp_path: Path) -> None:
    server.answers["/old"] = leads(servers().url())
    with pytest.raises(ServiceError, match="internal address"):
        fetch_layer(server.url("/old"), folder=tmp_path)


def test_the_address_that_a_service_names_may_not_be_an_inner_one(
    servers: Any, server: Server, tmp_path: Path
) -> None:
    inner = servers("127.0.0.2")
    answer = json.dumps({"gjDownloadURL": inner.url()}).encode()
    server.answers["/api/gbOpen/AFG/ADM1/"] = body(answer)
    with pytest.raises(ServiceError, match="internal address"):
        load_geoboundaries("AFG", service=server.url("/api"), folder=tmp_path)
    assert inner.asked == []
    with pytest.raises(ValueError, match="has no rows"):  # but fetched
        load_geoboundaries("AFG", service=server.url("/api"), folder=tmp_path, allow_private=True)
    assert inner.asked == ["/a.geojson"]


def certificate(folder: Path) -> Path:
    """A certificate of 127.0.0.1 that nobody but itself vouches for, with its key."""
    tool = shutil.which("openssl")
    if tool is None:
        pytest.skip("needs openssl")
    made = folder / "c.pem"
    how = (
        "req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=a -addext subjectAltName=IP:127.0.0.1"
    )
    command = [tool, *how.split(), "-keyout", str(made), "-out", str(folder / "o.pem")]
    subprocess.run(command, check=True, capture_output=True)
    made.write_bytes(made.read_bytes() + (folder / "o.pem").read_bytes())
    return made


def test_tls_is_checked_and_watched(server: Server, tmp_path: Path, monkeypatch: Any) -> None:
    made = certificate(tmp_path)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(made)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    url = server.url().replace("http", "https")
    home = tmp_path / "home"
    with pytest.raises(ServiceError, match="in 1 attempt: its certificate is not valid"):
        fetch_layer(url, folder=home)
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(made))
    server.answers["/b.geojson"] = drips
    with pytest.raises(ServiceError, match=r"takes more than 0\.5 s"):
        fetch_layer(url.replace("a.geo", "b.geo"), folder=home, max_seconds=0.5)
    server.answers["/c.geojson"] = leads(server.url())
    with pytest.raises(ServiceError, match="leads from https to"):
        fetch_layer(url.replace("a.geo", "c.geo"), folder=home)
    assert fetch_layer(url, folder=home).read_bytes() == LAYER


def names_lead(monkeypatch: Any, places: dict[str, list[str]]) -> None:
    """Let names lead to addresses, each time to the next."""
    real = socket.getaddrinfo

    def find(host: Any, *args: Any, **options: Any) -> Any:
        known = places.get(str(host))
        if known is None:
            return real(host, *args, **options)
        if options.get("flags"):
            raise socket.gaierror(socket.EAI_NONAME, "a name")
        return real(known.pop(0) if len(known) > 1 else known[0], *args, **options)

    monkeypatch.setattr(socket, "getaddrinfo", find)


@pytest.fixture
def outer(monkeypatch: Any) -> None:
    """Let 127.0.0.1 be a public address."""
    real = _http.is_public
    monkeypatch.setattr(_http, "is_public", lambda ip: ip == "127.0.0.1" or real(ip))


@pytest.mark.usefixtures("outer")
def test_a_name_leads_to_an_inner_address(
    servers: Any, server: Server, tmp_path: Path, monkeypatch: Any
) -> None:
    inner = servers("127.0.0.2")
    names_lead(monkeypatch, {"inner.example": ["127.0.0.2"]})
    server.answers["/a.geojson"] = leads(inner.url(host="inner.example"))
    with pytest.raises(ServiceError, match=r"internal address 127\.0\.0\.2"):
        fetch_layer(server.url(), folder=tmp_path)
    assert inner.asked == []


@pytest.mark.usefixtures("outer")
@pytest.mark.parametrize("when", ["of a redirect", "of another attempt"])
def test_a_name_that_changes_between_look_up_and_connection(
    server: Server, tmp_path: Path, monkeypatch: Any, when: str
) -> None:
    """The address that is connected decides (DNS rebinding)."""
    port = server.server_address[1]
    inner = Inner("127.0.0.2", port)
    names_lead(monkeypatch, {"turns.example": ["127.0.0.1"] * 2 + ["127.0.0.2"]})
    if when == "of a redirect":
        names_lead(monkeypatch, {"turns.example": ["127.0.0.1", "127.0.0.2"]})
        server.answers["/a.geojson"] = leads(f"http://turns.example:{port}/b.geojson")
        first = server.url()
    else:
        server.answers["/a.geojson"] = body(b"", 503)
        first = f"http://turns.example:{port}/a.geojson"
    with inner, pytest.raises(ServiceError, match=r"internal address 127\.0\.0\.2"):
        fetch_layer(first, folder=tmp_path)
    assert inner.heard == b""


class Inner:
    """Listens at a port of another address; what it hears is kept."""

    def __init__(self, host: str, port: int) -> None:
        self.listening = socket.create_server((host, port))
        self.heard = b""

    def __enter__(self) -> Inner:
        self.hearing = threading.Thread(target=self.hear, daemon=True)
        self.hearing.start()
        return self

    def hear(self) -> None:
        with contextlib.suppress(OSError):
            made, _ = self.listening.accept()
            with made:
                self.heard += made.recv(100)

    def __exit__(self, *_: Any) -> None:
        self.listening.shutdown(socket.SHUT_RDWR)
        self.hearing.join(10)
        self.listening.close()


@pytest.mark.parametrize(
    ("location", "told"),
    [
        ("file:///etc/passwd", "is not a web address"), ("ftp://x.org/a", "is not a web address"),
        ("http://[::1", "is not a web address"), ("//:80", "is not a web address"),
        ("/a.geojson", "redirects more than 5 times"),
    ],
)  # fmt: skip
def test_redirects_that_lead_nowhere(
    server: Server, tmp_path: Path, location: str, told: str
) -> None:
    server.answers["/a.geojson"] = leads(location)
    with pytest.raises(ServiceError, match=told):
        fetch_layer(server.url(), folder=tmp_path)
    assert len(server.asked) <= _http.MOST_REDIRECTS + 1


def test_https_never_leads_to_http() -> None:
    answer = type("Answer", (), {"status_code": 302, "headers": {"Location": "http://x.org/a"}})
    with pytest.raises(ServiceError, match=r"leads from https to 'http://x\.org/a'"):
        _http._target(answer, "https://x.org/a", Secrets())  # type: ignore[arg-type]


# how much and how long ----------------------------------------------------------------------------


def drips(handler: Handler) -> None:
    """A byte now and then, each within the time between two bytes."""
    handler.send_response(200)
    handler.end_headers()
    for _ in range(100):
        handler.wfile.write(b"{")
        handler.wfile.flush()
        time.sleep(0.05)


def drips_headers(handler: Handler) -> None:
    for _ in range(100):
        handler.wfile.write(b"H")
        handler.wfile.flush()
        time.sleep(0.05)


def endless(handler: Handler) -> None:
    handler.send_response(200)
    handler.end_headers()
    while True:
        handler.wfile.write(b"x" * 10_000)


@pytest.mark.parametrize("answer", [drips, drips_headers])
def test_time_is_limited_as_a_whole(server: Server, tmp_path: Path, answer: Answer) -> None:
    server.answers["/a.geojson"] = answer
    before = time.monotonic()
    with pytest.raises(ServiceError, match=r"in 1 attempt: it takes more than 0\.3 s"):
        fetch_layer(server.url(), folder=tmp_path, max_seconds=0.3)
    assert time.monotonic() - before < 3.0
    assert names(tmp_path) == []


@pytest.mark.parametrize(
    "answer",
    [
        endless,
        body(b"x", Content_Length="100001"),
        body(gzip.compress(bytes(10**6)), Content_Encoding="gzip"),
    ],
    ids=["endless", "stated", "packed"],
)
def test_size_is_limited(server: Server, tmp_path: Path, answer: Answer) -> None:
    server.answers["/a.geojson"] = answer
    with pytest.raises(ServiceError, match=r"has more than 100000 bytes \(max_bytes\)"):
        fetch_layer(server.url(), folder=tmp_path, max_bytes=100_000)
    assert names(tmp_path) == []


def test_the_body_of_a_redirect_is_not_read(server: Server, tmp_path: Path) -> None:
    def long(handler: Handler) -> None:
        handler.send_response(302)
        handler.send_header("Location", "/b.geojson")
        handler.end_headers()
        endless(handler)

    server.answers |= {"/a.geojson": long, "/b.geojson": body(LAYER)}
    assert fetch_layer(server.url(), folder=tmp_path, max_seconds=5).read_bytes() == LAYER


@pytest.mark.parametrize(
    ("options", "error"),
    [({"max_bytes": 0}, ValueError), ({"max_bytes": 1.5}, TypeError),
     ({"max_seconds": 0}, ValueError), ({"max_seconds": float("nan")}, ValueError),
     ({"max_bytes": True}, TypeError)],
)  # fmt: skip
def test_limits_are_numbers(tmp_path: Path, options: Any, error: Any) -> None:
    with pytest.raises(error, match="Invalid max_"):
        fetch_layer("http://127.0.0.1:9/a", folder=tmp_path, **options)


def test_what_the_server_asks_to_wait_is_heard_within_reason(
    server: Server, tmp_path: Path, monkeypatch: Any
) -> None:
    waits: list[float] = []
    monkeypatch.setattr(download.time, "sleep", waits.append)
    server.answers["/a.geojson"] = body(b"", 503, Retry_After="7")
    with pytest.raises(ServiceError, match="in 4 attempts: status 503"):
        fetch_layer(server.url(), folder=tmp_path)
    assert waits == [7.0] * 3
    server.answers["/a.geojson"] = body(b"", 429, Retry_After="1000000")
    with pytest.raises(ServiceError, match="in 1 attempt: status 429; it asks to wait 1000000 s"):
        fetch_layer(server.url(), folder=tmp_path)


@pytest.mark.parametrize("status", [400, 401, 403, 404, 405, 410, 418, 451, 501, 505])
def test_what_stays_wrong_is_asked_once(server: Server, tmp_path: Path, status: int) -> None:
    server.answers["/a.geojson"] = body(b"no", status)
    with pytest.raises(GeoRiskError, match=f"status {status}"):
        fetch_layer(server.url(), folder=tmp_path)
    assert len(server.asked) == 1


def test_a_host_that_does_not_exist_is_asked_once(tmp_path: Path, monkeypatch: Any) -> None:
    def find(*_: Any, **__: Any) -> Any:
        raise socket.gaierror(socket.EAI_NONAME, "no such name")

    monkeypatch.setattr(socket, "getaddrinfo", find)
    with pytest.raises(ServiceError, match="in 1 attempt: no host has that name"):
        fetch_layer("http://nowhere.example/a", folder=tmp_path)


# what is kept -------------------------------------------------------------------------------------


def zipped() -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        archive.writestr(zipfile.ZipInfo("a.txt"), "a" * 100)
    return made.getvalue()


SQLITE = (b"SQLite format 3\0" + (4096).to_bytes(2, "big") + bytes(6) + b"\0\0\0\1"
          + (2).to_bytes(4, "big")).ljust(92, b"\0") + b"\0\0\0\1"  # fmt: skip
PAGE = b"<!DOCTYPE html><html><title>Please log in</title></html>"
NOTE = b'{"error": {"code": 403, "message": "Token required"}}'
NO_LAYERS: list[tuple[str, bytes, str]] = [
    ("a.gpkg", PAGE, ""), ("a.geojson", PAGE, "text/plain"), ("a", b"\xef\xbb\xbf  <HTML>", ""),
    ("a", b"<!-- hm -->\n<!doctype html>", ""), ("a.kml", b"<?xml version='1'?><html>x</html>", ""),
    ("a.geojson", LAYER, "text/html; charset=utf-8"), ("a.zip", zipped(), "TEXT/HTML"),
    ("a.geojson", NOTE, "application/json"), ("a", NOTE, ""), ("a.json", NOTE, ""),
    ("a.gpkg", NOTE, "application/json"), ("a", LAYER, "application/problem+json"),
    ("a.geojson", b'{"status": "ok"}', ""), ("a.geojson", b"", ""), ("a.geojson", LAYER[:-3], ""),
    ("a.geojson", b"version https://git-lfs.github.com/spec/v1", ""), ("a.geojson", b"[1, 2", ""),
    ("a.zip", zipped()[:60], ""), ("a.gpkg", SQLITE, ""), ("a.gpkg", b"SQLite", ""),
    ("a.parquet", b"PAR1 cut", ""), ("a.fgb", b"{}", ""), ("a.shp", b"PK", ""),
    ("a.gml", b"<gml:Feature", ""), ("a.arrow", b"ARROW1 cut", ""), ("a.kmz", b"<kml/>", ""),
]  # fmt: skip


@pytest.mark.parametrize(("name", "content", "kind"), NO_LAYERS)
def test_what_is_no_whole_layer_is_not_kept(
    server: Server, tmp_path: Path, name: str, content: bytes, kind: str
) -> None:
    server.answers[f"/{name}"] = body(content, Content_Type=kind)
    with pytest.raises(DataCorruptError, match="Nothing was kept"):
        fetch_layer(server.url(f"/{name}"), folder=tmp_path)
    assert names(tmp_path) == []
    assert len(server.asked) == 1


LAYERS = [("a.zip", zipped()), ("a.gpkg", SQLITE.ljust(8192, b"\0")), ("a.json", b'{"id": 1}'),
          ("a.geojson", b"\xef\xbb\xbf \n" + LAYER + b"\n"), ("a.parquet", b"PAR1...PAR1"),
          ("a.kml", b"<?xml version='1'?><kml></kml>\n"), ("a", b"anything"),
          ("a.csv", b"a,b\n")]  # fmt: skip


@pytest.mark.parametrize(("name", "content"), LAYERS)
def test_what_may_be_one_is_kept(server: Server, tmp_path: Path, name: str, content: bytes) -> None:
    server.answers[f"/{name}"] = body(content, Content_Type="application/octet-stream")
    assert fetch_layer(server.url(f"/{name}"), folder=tmp_path).read_bytes() == content


def test_an_earlier_layer_survives_a_web_page(server: Server, tmp_path: Path) -> None:
    path = fetch_layer(server.url(), folder=tmp_path)
    server.answers["/a.geojson"] = body(PAGE, Content_Type="text/html")
    with pytest.raises(DataCorruptError, match="a web page"):
        fetch_layer(server.url(), folder=tmp_path, refresh=True)
    assert path.read_bytes() == LAYER


def test_refresh_asks_whether_it_has_changed(server: Server, tmp_path: Path) -> None:
    other = LAYER + b"\n"

    def tagged(handler: Handler) -> None:
        content, tag = (LAYER, '"1"') if len(server.asked) < 3 else (other, '"2"')
        same = handler.headers.get("If-None-Match") == tag
        body(b"" if same else content, 304 if same else 200, ETag=tag)(handler)

    server.answers["/a.geojson"] = tagged
    path = fetch_layer(server.url(), folder=tmp_path)
    before = path.stat().st_mtime_ns
    assert fetch_layer(server.url(), folder=tmp_path, refresh=True) == path
    assert path.stat().st_mtime_ns == before
    assert fetch_layer(server.url(), folder=tmp_path).read_bytes() == LAYER
    assert len(server.asked) == 2  # not without refresh
    assert fetch_layer(server.url(), folder=tmp_path, refresh=True).read_bytes() == other
    assert names(tmp_path) == [path.name, f"{path.name}.json"]


# links, strangers, the dead -----------------------------------------------------------------------


@pytest.mark.parametrize("ending", ["", ".json"])
def test_no_link_is_written_through(server: Server, tmp_path: Path, ending: str) -> None:
    theirs = tmp_path / "theirs"
    theirs.write_text("mine")
    home = tmp_path / "home"
    path = fetch_layer(server.url(), folder=home)
    planted = Path(f"{path}{ending}")
    planted.unlink()
    planted.symlink_to(theirs)
    assert fetch_layer(server.url(), folder=home).read_bytes() == LAYER
    assert theirs.read_text() == "mine"
    assert not planted.is_symlink()


def part_of(path: Path, name: str = "abcdefgh", mode: int = 0o700) -> Path:
    """A folder such as a process leaves that was killed."""
    folder = path.with_name(f".{path.name}.{name}.part")
    folder.mkdir(mode=mode)
    folder.chmod(mode)
    return folder


def test_no_link_inside_a_folder_is_followed(tmp_path: Path) -> None:
    theirs = tmp_path / "theirs"
    theirs.write_text("mine")
    for name in ("data", "state", "record"):
        (tmp_path / name).symlink_to(theirs)
    part = Part(tmp_path, None)
    with pytest.raises(OSError, match=r"symbolic link|[Ll]oop"):
        part.more()
    with pytest.raises(FileExistsError):
        part._new("state")
    assert theirs.read_text() == "mine"


def test_a_folder_that_others_may_write_in_is_not_taken_over(
    server: Server, tmp_path: Path
) -> None:
    path = tmp_path / download._file_name(server.url())
    folder = part_of(path, mode=0o777)
    theirs = tmp_path / "theirs"
    theirs.write_text("mine")
    (folder / "data").symlink_to(theirs)
    (folder / "state").write_text('"1"')
    assert fetch_layer(server.url(), folder=tmp_path).read_bytes() == LAYER
    assert theirs.read_text() == "mine"
    assert (folder / "data").is_symlink()


def test_a_record_of_a_stranger_is_not_believed(
    server: Server, tmp_path: Path, monkeypatch: Any
) -> None:
    path = fetch_layer(server.url(), folder=tmp_path)
    monkeypatch.setattr(os, "geteuid", lambda: os.getuid() + 12345)
    os.chown(path, 54321, -1)
    fetch_layer(server.url(), folder=tmp_path)
    assert len(server.asked) == 2


def test_records_and_pages_are_their_owners(server: Server, tmp_path: Path) -> None:
    path = fetch_layer(server.url(), folder=tmp_path)
    assert stat.S_IMODE(Path(f"{path}.json").stat().st_mode) == 0o600
    (tmp_path / "query.json").write_text("{}")
    service._write(tmp_path / "query.json", b"{}")
    assert stat.S_IMODE((tmp_path / "query.json").stat().st_mode) == 0o600


def test_a_download_that_was_killed_goes_on_and_leaves_nothing(
    server: Server, tmp_path: Path
) -> None:
    content = b"[" + b" " * 400_000 + b"]"
    gate = threading.Event()

    def first_half(handler: Handler) -> None:
        handler.send_response(200)
        handler.send_header("Content-Length", str(len(content)))
        handler.send_header("ETag", '"1"')
        handler.end_headers()
        handler.wfile.write(content[:300_000])
        handler.wfile.flush()
        gate.wait(20)

    def rest(handler: Handler) -> None:
        start = int(handler.headers["Range"].removeprefix("bytes=").rstrip("-"))
        told = f"bytes {start}-{len(content) - 1}/{len(content)}"
        body(content[start:], 206, ETag='"1"', Content_Range=told)(handler)

    server.answers["/a.json"] = first_half
    code = (
        "import sys; from geo_risk.regions import fetch_layer\n"
        "fetch_layer(sys.argv[1], folder=sys.argv[2])"
    )
    running = subprocess.Popen([sys.executable, "-c", code, server.url("/a.json"), str(tmp_path)])
    wait_for(lambda: any(path.stat().st_size >= 262_144 for path in tmp_path.glob(".*.part/data")))
    living = fetch_while_another_works(server, tmp_path, content)
    running.send_signal(signal.SIGKILL)
    running.wait(10)
    gate.set()
    (tmp_path / living).unlink()
    server.answers["/a.json"] = rest
    path = fetch_layer(server.url("/a.json"), folder=tmp_path)
    assert path.read_bytes() == content
    assert server.headers[-1]["Range"] == "bytes=262144-"
    assert names(tmp_path) == [path.name, f"{path.name}.json"]


def fetch_while_another_works(server: Server, folder: Path, content: bytes) -> str:
    """What a living process works on is left to it."""
    before, server.answers["/a.json"] = server.answers["/a.json"], body(content)
    name = fetch_layer(server.url("/a.json"), folder=folder).name
    server.answers["/a.json"] = before
    assert len(list(folder.glob(".*.part"))) == 1
    return name


def wait_for(true: Callable[[], bool]) -> None:
    until = time.monotonic() + 20
    while not true():
        assert time.monotonic() < until
        time.sleep(0.02)


def test_what_was_left_of_other_downloads_goes_after_a_week(server: Server, tmp_path: Path) -> None:
    folders = {}
    for name, days in (("old", 8), ("new", 6)):
        folder = part_of(tmp_path / f"0123456789ab-{name}.gpkg")
        for path in (folder / "data", folder / "state", folder):
            if path != folder:
                path.write_text("x")
            os.utime(path, (time.time() - 86400 * days,) * 2)
        folders[name] = folder
    theirs = tmp_path / ".theirs.part"
    theirs.mkdir()
    os.utime(theirs, (0, 0))
    fetch_layer(server.url(), folder=tmp_path)
    assert [path.exists() for path in (folders["old"], folders["new"], theirs)] == [
        False,
        True,
        True,
    ]
    assert _partial._DEAD_S == 7 * 86400


# secrets ------------------------------------------------------------------------------------------

KEY = 's3cret/Key+91=ä"827364'
PLAIN = "s3cret-key-91827364"


def percent(text: str) -> str:
    return "".join(f"%{byte:02x}" for byte in text.encode())


WRITTEN: dict[str, Callable[[str], str]] = {
    "as it is": str,
    "quoted": lambda key: quote(key, safe=""),
    "quoted twice": lambda key: quote(quote(key, safe=""), safe=""),
    "quoted thrice": lambda key: quote(quote(quote(key, safe=""), safe=""), safe=""),
    "quoted throughout": percent,
    "quoted in capitals": lambda key: percent(key).upper(),
    "json": lambda key: json.dumps(key)[1:-1],
    "json with slashes": lambda key: json.dumps(key)[1:-1].replace("/", r"\/"),
    "json throughout": lambda key: "".join(f"\\u{ord(sign):04x}" for sign in key),
    "json in json": lambda key: json.dumps(json.dumps(key)),
    "repr": lambda key: repr(key.encode()),
    "entities": lambda key: "".join(f"&#{ord(sign)};" for sign in key),
    "hex": lambda key: key.encode().hex(),
    "HEX": lambda key: key.encode().hex().upper(),
    **{f"base64 at {at}": lambda key, at=at: base64.b64encode(b"u:p"[:at] + key.encode()).decode()
       for at in range(4)},
    **{f"base64url at {at}":
       lambda key, at=at: base64.urlsafe_b64encode(b"u:p"[:at] + key.encode()).decode().rstrip("=")
       for at in range(4)},
    "base64 quoted": lambda key: quote(base64.b64encode(key.encode()).decode(), safe=""),
    "the first half": lambda key: key[: len(key) // 2],
    "the last half": lambda key: key[len(key) // 2 :],
    "half its base64": lambda key: base64.b64encode(key.encode()).decode()[:14],
}  # fmt: skip


def tells(text: str, written: str) -> bool:
    """Whether more of a key stands in a text than one sees by chance."""
    return any(written[at : at + 9] in text for at in range(max(1, len(written) - 8)))


@pytest.mark.parametrize("key", [KEY, PLAIN])
@pytest.mark.parametrize("how", WRITTEN)
@pytest.mark.parametrize("padding", [0, 195, 290])
def test_a_key_is_left_out_however_it_is_written(how: str, key: str, padding: int) -> None:
    """Also where what it stands in is cut afterwards, at 200 and at 300 signs."""
    written = WRITTEN[how](key)
    text = f"{'.' * padding} before {written} after"
    told = Secrets(key).leave_out(text)
    assert not tells(told, written.strip("'\"b"))
    assert not tells(told[:200] + told[:300], written)
    assert HIDDEN in told
    assert "before" in told


@given(st.text(min_size=8, max_size=40), st.text(max_size=20))
def test_any_key_is_left_out(key: str, around: str) -> None:
    assert (
        key not in Secrets(key).leave_out(f"{around}{key}{around}").replace(HIDDEN, "\0")
        or key in HIDDEN
    )


ADDRESSES = [
    "https://h.org/get?url=https://i.org/x?key=s3cret",
    "https://h.org/get?url=https%3A%2F%2Fi.org%2Fx%3Fkey%3Ds3cret&b=1",
    "https://h.org/get?url=https%253A%252F%252Fu%253As3cret%2540i.org",
    "https://h.org/get?appid=s3cret",
    "https://user:s3cret-key@x.org/a.gpkg", "http://s3cret-key@x.org/", "//u:s3cret-key@x.org/a",
    "https://x.org/a?key=s3cret-key&b=1", "https://x.org/a?b=1&API_KEY=s3cret-key#f",
    "https://x.org/a?access_token=s3cret-key", "https://x.org/a?sig=s3cret-key;b=2",
    "https://x.org/a?X-Amz-Signature=s3cret-key", "https://x.org/a?%6Bey=s3cret-key",
    "https://x.org/a?apikey=s3cret-key", "https://x.org/a?X-Goog-Credential=s3cret-key",
    "https://x.org/a#access_token=s3cret-key", "https://u:s3cret/key-s3cret-key@x.org/a",
    "see https://x.org/a?b=2&token=s3cret-key, which", "postgres://u:s3cret-key@x.org/db",
    "https://x.org/a?jwt=1&x=eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiI0In0.s3cret-key",
    "HTTPS://u:s3cret-key@x.org", "https://x.org/a?auth[token]=s3cret-key",
    "/a?password=s3cret-key",
]  # fmt: skip


@pytest.mark.parametrize("text", ADDRESSES)
def test_addresses_are_shown_without_keys(text: str) -> None:
    told = without_secrets(text)
    assert "s3cret" not in told
    assert HIDDEN in told
    assert without_secrets(told) == told


@pytest.mark.parametrize(
    "text",
    ["https://x.org:8080/@u/a@1.0/b.gpkg?level=2&b=3", "no address; a=1 at 5 o'clock", "a@b.org",
     "C:/data/x?y", "http://[::1]:80/a?keyword=x"],
)  # fmt: skip
def test_what_is_no_key_stays(text: str) -> None:
    assert without_secrets(text) == text


def everything(error: BaseException, log: str, folder: Path) -> str:
    """All that is left of a failure: the error and what led to it, the log, the files."""
    shown, todo, seen = "", [error], set()
    while todo:
        one = todo.pop()
        if one is None or id(one) in seen:
            continue
        seen.add(id(one))
        shown += f"{one!r} {one} {one.__dict__}"
        todo += [one.__cause__, one.__context__]  # type: ignore[list-item]
    files = b"".join(path.read_bytes() for path in folder.rglob("*") if path.is_file())
    paths = "".join(map(str, folder.rglob("*")))
    return (
        shown + "".join(traceback.format_exception(error)) + log + paths + files.decode("latin-1")
    )


FAILURES: dict[str, Answer] = {
    "missing": body(b"", 404),
    "refused": body(b"", 403),
    "busy": body(b"", 503),
    "cut": body(b"x", Content_Length="99"),
    "a page": body(PAGE, Content_Type="text/html"),
    "hangs up": lambda handler: handler.connection.close(),
    "leads inside": leads(f"http://127.0.0.9:1/{PLAIN}?key={PLAIN}"),
    "leads to a file": leads(f"file://u:{PLAIN}@x/{PLAIN}"),
}


@pytest.mark.parametrize("failure", FAILURES)
def test_no_failed_download_tells_a_key(
    server: Server, tmp_path: Path, caplog: Any, failure: str
) -> None:
    server.answers["/a.geojson"] = FAILURES[failure]
    url = server.url(f"/a.geojson?token={PLAIN}", host=f"me:{PLAIN}@127.0.0.1")
    for name in ("geo_risk", "urllib3", "urllib3.connectionpool"):
        caplog.set_level(logging.DEBUG, logger=name)
    with pytest.raises(GeoRiskError) as caught:
        fetch_layer(url, folder=tmp_path)
    assert PLAIN not in everything(caught.value, caplog.text, tmp_path)
    assert any(PLAIN in asked for asked in server.asked)  # it was sent


def test_no_download_tells_a_key(
    server: Server, tmp_path: Path, caplog: Any, capfd: Any, monkeypatch: Any
) -> None:
    def tagged(handler: Handler) -> None:
        body(LAYER, ETag=f'"{PLAIN}"')(handler)

    server.answers["/a.geojson"] = leads(f"/b.geojson?sig={PLAIN}")
    server.answers["/b.geojson"] = tagged
    url = server.url(f"/a.geojson?token={PLAIN}", host=f"me:{PLAIN}@127.0.0.1")
    caplog.set_level(logging.DEBUG, logger="urllib3.connectionpool")
    caplog.set_level(logging.DEBUG, logger="geo_risk")
    monkeypatch.setenv("GEO_RISK_CACHE_DIR", str(tmp_path))
    fetch = ["layers", "fetch", url]
    for line in ([*fetch, "--json"], ["layers"], [*fetch, "--refresh"]):
        monkeypatch.setattr("sys.argv", ["geo-risk", "--verbose", *line])
        with pytest.raises(SystemExit) as stop:
            cli.main()
        assert stop.value.code == 0
    logging.getLogger().handlers[:] = [caplog.handler]
    fetch_layer(url, folder=tmp_path / "two", progress=True)
    told = capfd.readouterr()
    assert PLAIN not in told.out + told.err + everything(ValueError(), caplog.text, tmp_path)
    assert "HTTP/1.1" in caplog.text  # urllib3 did log
    record = fetch_record(fetch_layer(url, folder=tmp_path / "two"))
    assert record is not None
    assert record["url"] == server.url(f"/a.geojson?token={HIDDEN}", host=f"{HIDDEN}@127.0.0.1")


@pytest.mark.parametrize("how", WRITTEN)
@pytest.mark.parametrize("fetch", [fetch_ucdp, fetch_acled])
def test_no_answer_of_a_service_tells_the_key(
    server: Server, tmp_path: Path, caplog: Any, fetch: Any, how: str
) -> None:
    """In whatever code the service repeats it, and wherever that is cut."""
    written = WRITTEN[how](PLAIN)
    caplog.set_level(logging.DEBUG, logger="geo_risk")
    options = {"version": "25.1"} if fetch is fetch_ucdp else {}
    base = server.url("/api", host="127.0.0.1")
    for status, padding in ((401, 0), (400, 190), (200, 70)):
        for path in ("/api/gedevents/25.1", "/api/api/acled/read"):
            server.answers[path] = body(f"{'.' * padding}{written}".encode(), status)
        with pytest.raises(GeoRiskError) as caught:
            fetch(token=PLAIN, base_url=base, folder=tmp_path / "p", **options)
        assert not tells(everything(caught.value, caplog.text, tmp_path), written.strip("'\"b"))


def test_pages_and_provenance_hold_no_key(server: Server, tmp_path: Path) -> None:
    from source_frames import ucdp_frame

    rows = json.loads(ucdp_frame().astype(object).to_json(orient="records"))
    rows[0]["source_headline"] = f"seen with {PLAIN}"
    page = {"TotalCount": len(rows), "Result": rows, "NextPageUrl": ""}
    page["asked_by"] = base64.b64encode(PLAIN.encode()).decode()
    server.answers["/api/gedevents/25.1"] = body(json.dumps(page).encode())
    told = fetch_ucdp(version="25.1", token=PLAIN, base_url=server.url("/api"), folder=tmp_path)
    kept = everything(ValueError(), json.dumps(told.attrs["geo_risk"]), tmp_path) + told.to_csv()
    assert PLAIN not in kept
    assert base64.b64encode(PLAIN.encode()).decode()[:12] not in kept
    assert len(told) == len(rows)


def test_a_short_password_changes_no_data(server: Server, tmp_path: Path) -> None:
    from source_frames import ucdp_frame

    rows = json.loads(ucdp_frame().astype(object).to_json(orient="records"))
    server.answers["/api/gedevents/25.1"] = body(
        json.dumps({"TotalCount": len(rows), "Result": rows, "NextPageUrl": ""}).encode()
    )
    for token in ("Total", "2019", "Afghanistan"):
        told = fetch_ucdp(version="25.1", token=token, base_url=server.url("/api"))
        assert told["country_stated"].tolist() == [row["country"] for row in rows]
        assert HIDDEN not in told.to_csv()


def test_a_service_is_kept_to_its_limits(server: Server) -> None:
    server.answers["/api/gedevents/25.1"] = drips
    with pytest.raises(ServiceError, match=r"after 1 attempts: it takes more than 0\.3 s"):
        fetch_ucdp(version="25.1", token=PLAIN, base_url=server.url("/api"), max_seconds=0.3)
    server.answers["/api/gedevents/25.1"] = endless
    with pytest.raises(ServiceError, match="more than 1000 bytes"):
        fetch_ucdp(version="25.1", token=PLAIN, base_url=server.url("/api"), max_bytes=1000)
    server.answers["/api/gedevents/25.1"] = body(PAGE, Content_Type="text/html")
    with pytest.raises(ServiceError, match="answers with a web page"):
        fetch_ucdp(version="25.1", token=PLAIN, base_url=server.url("/api"))


@pytest.mark.parametrize(
    "address", [f"https://me:{PLAIN}@x.org", f"https://x.org/?key={PLAIN}", f"ftp://u:{PLAIN}@x.org",
                f"https://x.org:{PLAIN}/", f"https://u:{PLAIN}@[::1"]
)  # fmt: skip
def test_no_refused_address_is_told(address: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="Invalid base_url") as caught:
        fetch_ucdp(version="25.1", token="x" * 9, base_url=address)
    told = everything(caught.value, "", tmp_path)
    if not address.startswith("https://x.org/") and not address.startswith("https://me"):
        with pytest.raises((ValueError, GeoRiskError)) as other:
            fetch_layer(address, folder=tmp_path)
        told += everything(other.value, "", tmp_path)
    assert PLAIN not in told


def test_a_refused_key_is_a_denial(server: Server) -> None:
    server.answers["/api/gedevents/25.1"] = body(b"who?", 401)
    with pytest.raises(AccessDeniedError, match="rejects the key"):
        fetch_ucdp(version="25.1", token=PLAIN, base_url=server.url("/api"))


# what real servers send ---------------------------------------------------------------------------

FEATURE = b'{"type": "Feature", "geometry": null, "properties": {}}'
XML = '<?xml version="1.0" encoding="UTF-16"?><kml/>'
REAL: dict[str, tuple[str, bytes, dict[str, str]]] = {
    "text": ("a.geojson", LAYER, {"Content-Type": "text/plain; charset=utf-8"}),
    "on its way packed": ("a.geojson", gzip.compress(LAYER), {"Content-Encoding": "gzip"}),
    "no packing": ("a.geojson", LAYER, {"Content-Encoding": "UTF-8"}),
    "chunks of a store": ("a.csv", b"a,b\n", {"Content-Encoding": "aws-chunked"}),
    "a sequence": ("a.geojson", FEATURE + b"\n" + FEATURE + b"\n", {}),
    "a sequence of records": ("a.json", b"\x1e" + FEATURE + b"\n\x1e" + FEATURE, {}),
    "UTF-16": ("a.kml", XML.encode("utf-16"), {}),
    "a comment first": ("a.gml", b"<?xml?>\n<!-- <html> -->\n<gml:FeatureCollection/>", {}),
    "no name": ("download.php?id=4", zipped(), {"Content-Disposition": 'attachment; filename="a"'}),
    "no size": ("a.geojson", LAYER, {"Content-Length": ""}),
    "an odd type": ("a.zip", zipped(), {"Content-Type": "multipart/x-zip"}),
    "members": ("a.csv", gzip.compress(b"a,") + gzip.compress(b"b\n") + b"\0" * 9,
                {"Content-Encoding": "x-gzip"}),
}  # fmt: skip
HELD = {"on its way packed": LAYER, "members": b"a,b\n"}


@pytest.mark.parametrize("kind", REAL)
def test_what_real_servers_send_is_kept(server: Server, tmp_path: Path, kind: str) -> None:
    name, content, headers = REAL[kind]
    server.answers[f"/{name.partition('?')[0]}"] = body(content, **headers)
    path = fetch_layer(server.url(f"/{name}"), folder=tmp_path)
    assert path.read_bytes() == HELD.get(kind, content)


@pytest.mark.parametrize("name", ["a.csv.gz", "a.geojson.gz", "a.tgz"])
def test_a_packed_file_that_is_said_to_be_packed_stays_as_it_is(
    server: Server, tmp_path: Path, name: str
) -> None:
    content = gzip.compress(LAYER)
    server.answers[f"/{name}"] = body(content, Content_Encoding="x-gzip")
    assert fetch_layer(server.url(f"/{name}"), folder=tmp_path).read_bytes() == content


def test_chunks_are_taken_and_cut_ones_are_not(server: Server, tmp_path: Path) -> None:
    def chunked(handler: Handler) -> None:
        handler.protocol_version = "HTTP/1.1"
        handler.send_response(200)
        handler.send_header("Transfer-Encoding", "chunked")
        handler.end_headers()
        end = b"0\r\n\r\n" if handler.path == "/a.csv" else b""
        handler.wfile.write(b"4\r\na,b\n\r\n" + end)

    server.answers |= {"/a.csv": chunked, "/b.csv": chunked}
    assert fetch_layer(server.url("/a.csv"), folder=tmp_path).read_bytes() == b"a,b\n"
    with pytest.raises(ServiceError, match="no complete file"):
        fetch_layer(server.url("/b.csv"), folder=tmp_path)


NOTES = [
    b'<?xml version="1.0"?><ows:ExceptionReport xmlns:ows="x"/>', b"<ServiceExceptionReport/>",
    b"<?xml version='1.0'?>\n<!-- x --><Error><Code>AccessDenied</Code></Error>",
    b'{"type": "about:blank", "title": "Gone", "status": 410}', b'{"type": "error", "detail": ""}',
]  # fmt: skip


@pytest.mark.parametrize("note", NOTES)
@pytest.mark.parametrize("name", ["wfs", "a.gml", "a.geojson"])
def test_errors_of_services_of_maps_are_not_kept(
    server: Server, tmp_path: Path, note: bytes, name: str
) -> None:
    """They come with status 200."""
    server.answers[f"/{name}"] = body(note)
    with pytest.raises(DataCorruptError, match="Nothing was kept"):
        fetch_layer(server.url(f"/{name}?outputFormat=json"), folder=tmp_path)


def test_looking_at_what_arrived_takes_no_time(tmp_path: Path) -> None:
    """A pattern took twice as long for every comment."""
    path = tmp_path / "a.gml"
    path.write_bytes(b"<!-- -->" * 500 + b"<gml/>")
    before = time.process_time()
    assert no_layer(path, ".gml") is None
    assert time.process_time() - before < 1.0


@pytest.mark.parametrize("packing", ["br", "zstd", "deflate", "gzip, br"])
def test_packing_that_nobody_can_undo_is_refused(
    server: Server, tmp_path: Path, packing: str
) -> None:
    server.answers["/a.csv"] = body(b"a,b\n", Content_Encoding=packing)
    with pytest.raises(ServiceError, match="unrequested compression"):
        fetch_layer(server.url("/a.csv"), folder=tmp_path)
    assert names(tmp_path) == []


def test_half_of_what_is_packed_is_no_whole_file(server: Server, tmp_path: Path) -> None:
    half = gzip.compress(os.urandom(5000))[:3000]
    server.answers["/a.csv"] = body(half, Content_Encoding="gzip")
    with pytest.raises(ServiceError, match="the end of the compressed data is missing"):
        fetch_layer(server.url("/a.csv"), folder=tmp_path)
    assert names(tmp_path) == []


CONTENT = bytes(range(256)) * 1200


def slices(length: int, told: str = "{0}-{1}/{2}") -> Answer:
    """Gives less of a file than was asked for."""

    def answer(handler: Handler) -> None:
        first = int(handler.headers.get("Range", "bytes=0-")[6:-1])
        piece = CONTENT[first : first + length]
        if "Range" in handler.headers:
            place = told.format(first, first + len(piece) - 1, len(CONTENT))
            body(piece, 206, ETag='"1"', Content_Range=f"bytes {place}")(handler)
        else:
            body(piece, ETag='"1"', Content_Length=str(len(CONTENT)))(handler)

    return answer


def test_a_part_of_the_rest_is_no_whole_file(server: Server, tmp_path: Path) -> None:
    server.answers["/a.csv"] = slices(100_000)
    assert fetch_layer(server.url("/a.csv"), folder=tmp_path).read_bytes() == CONTENT
    server.answers["/b.csv"] = slices(66_000)
    with pytest.raises(ServiceError, match="no complete file in 4 attempts"):
        fetch_layer(server.url("/b.csv"), folder=tmp_path)


@pytest.mark.parametrize("digits", ["9" * 5000, "9" * 25])
def test_numbers_that_nobody_means(server: Server, tmp_path: Path, digits: str) -> None:
    server.answers["/a.csv"] = body(b"a,b\n", Content_Length=digits)
    with pytest.raises(ServiceError, match="has more than"):
        fetch_layer(server.url("/a.csv"), folder=tmp_path)
    server.answers["/b.csv"] = slices(100_000, digits + "-{1}/{2}")
    with pytest.raises(ServiceError, match="cannot resume"):
        fetch_layer(server.url("/b.csv"), folder=tmp_path)
    server.answers["/api/gedevents/25.1"] = body(b"{}", Content_Length=digits)
    with pytest.raises(ServiceError, match="answers with more than"):
        fetch_ucdp(version="25.1", token=PLAIN, base_url=server.url("/api"))


@pytest.mark.parametrize("absolute", [True, False])
def test_a_password_holds_where_a_redirect_stays_on_the_server(
    servers: Any, server: Server, tmp_path: Path, absolute: bool
) -> None:
    def guarded(handler: Handler) -> None:
        body(LAYER, 200 if "Authorization" in handler.headers else 401)(handler)

    other = servers()
    server.answers |= {"/a.geojson": leads(server.url("/b.geojson") if absolute else "/b.geojson"),
                       "/b.geojson": guarded, "/c.geojson": leads(other.url())}  # fmt: skip
    host = f"me:{PLAIN}@127.0.0.1"
    assert fetch_layer(server.url(host=host), folder=tmp_path).read_bytes() == LAYER
    fetch_layer(server.url("/c.geojson", host=host), folder=tmp_path, allow_private=True)
    assert "Authorization" not in other.headers[-1]


def test_a_killed_download_leaves_nothing_even_before_its_first_byte(
    server: Server, tmp_path: Path
) -> None:
    path = tmp_path / download._file_name(server.url())
    part_of(path)
    assert fetch_layer(server.url(), folder=tmp_path) == path
    assert names(tmp_path) == [path.name, f"{path.name}.json"]


def test_a_new_folder_that_was_taken_for_dead_is_made_again(
    tmp_path: Path, monkeypatch: Any
) -> None:
    real, taken = _partial._hold, []

    def hold(folder: Path, *, wait: bool) -> int | None:
        if wait and not taken:
            taken.append(folder)
            shutil.rmtree(folder)
        return real(folder, wait=wait)

    monkeypatch.setattr(_partial, "_hold", hold)
    part = _partial.claim(tmp_path / "a")
    part.begin("")
    assert part.folder != taken[0]
    part.remove()


class Proxy(Server):
    """Asked for whole addresses; answers by their path."""

    def finish_request(self, request: Any, client_address: Any) -> None:
        class Relay(Handler):
            def do_GET(self) -> None:
                host, _, path = self.path.removeprefix("http://").partition("/")
                self.server.asked.append(host)
                with contextlib.suppress(OSError):
                    self.server.answers[f"/{path}"](self)

        Relay(request, client_address, self)


@pytest.fixture
def proxy(monkeypatch: Any) -> Iterator[Proxy]:
    made = Proxy()
    threading.Thread(target=made.serve_forever, args=(0.01,), daemon=True).start()
    monkeypatch.setenv("http_proxy", made.url(""))
    monkeypatch.delenv("no_proxy", raising=False)
    yield made
    made.shutdown()
    made.server_close()


def test_a_proxy_on_the_inner_network_serves_and_is_timed(proxy: Proxy, tmp_path: Path) -> None:
    assert fetch_layer("http://x.example/a.geojson", folder=tmp_path).read_bytes() == LAYER
    proxy.answers["/b.geojson"] = drips
    before = time.monotonic()
    with pytest.raises(ServiceError, match=r"takes more than 0\.3 s"):
        fetch_layer("http://x.example/b.geojson", folder=tmp_path, max_seconds=0.3)
    assert time.monotonic() - before < 3.0


def test_a_service_sends_nobody_inside_through_a_proxy(proxy: Proxy, tmp_path: Path) -> None:
    for host in ("169.254.169.254", "2130706433", "localhost"):
        named = json.dumps({"gjDownloadURL": f"http://{host}/a.geojson"}).encode()
        proxy.answers["/api/gbOpen/AFG/ADM1/"] = body(named)
        with pytest.raises(ServiceError, match="internal address"):
            load_geoboundaries("AFG", service=f"http://{host}.example/api", folder=tmp_path)
    assert {host.endswith(".example") for host in proxy.asked} == {True}


def test_pages_of_a_service_hold_no_connections_open(server: Server) -> None:
    from source_frames import ucdp_frame

    rows = json.loads(ucdp_frame().astype(object).to_json(orient="records"))
    pages, open_at = 30, []

    def page(handler: Handler) -> None:
        open_at.append(len(list(Path("/proc/self/fd").iterdir())))
        following = f"http://x/y?page={len(open_at)}" if len(open_at) < pages else ""
        told = {"TotalCount": len(rows) * pages, "Result": rows, "NextPageUrl": following}
        body(json.dumps(told).encode())(handler)

    if not Path("/proc/self/fd").is_dir():
        pytest.skip("counts open files where /proc tells them")
    server.answers["/api/gedevents/25.1"] = page
    fetch_ucdp(version="25.1", token=PLAIN, base_url=server.url("/api"))
    assert open_at[-1] - open_at[9] < 8


# secrets of whole addresses, and words that are none ----------------------------------------------


@pytest.mark.parametrize("word", ["s3 cret pass", "s3'cret'pass", 's3"cret pass', "s3<cret>pass"])
def test_a_password_with_blanks_or_quotes_is_left_out(word: str, tmp_path: Path) -> None:
    for address in (f"https://me:{word}@x.org/a", f"ftp://me:{word}@x.org/a"):
        assert shown_address(address) == f"{address.partition(':')[0]}://{HIDDEN}@x.org/a"
    with pytest.raises(ValueError, match="is not an http") as caught:
        fetch_layer(f"ftp://me:{word}@x.org/a", folder=tmp_path)
    assert "cret" not in str(caught.value)


def test_parameters_of_a_path_are_in_no_file_name(
    server: Server, tmp_path: Path, caplog: Any
) -> None:
    server.answers[f"/a.geojson;token={PLAIN}"] = body(LAYER)
    caplog.set_level(logging.DEBUG)
    path = fetch_layer(server.url(f"/a.geojson;token={PLAIN}"), folder=tmp_path)
    assert path.suffix == ".geojson"
    assert PLAIN not in everything(ValueError(), caplog.text, tmp_path)


WORDS = [
    "https://x.org/a?author=Smith&authority=UN", "https://x.org/a?turkey=1&monkey=2&hockey=3",
    "https://x.org/a?code=AFG&level=1", "https://x.org/a?code=AF-TAK", "https://x.org/a?code=004",
    "https://x.org/a?secretary=x&keyword=y&keyboard=z", "C:/data@home/x.csv", "C:/a/b@c.csv",
    "key = 5; Key West", "Monkey=Turkey", "D:\\key=1\\a.csv",
]  # fmt: skip
KEYS = [
    "https://x.org/a?code=s3cretCode12", "https://x.org/a?authorization=s3cret", "x?mapkey=s3cret",
    "https://x.org/a?authorisation=s3cret", "https://x.org/a?secret_key=s3cret", "x?keyid=s3cret",
    "https://x.org/a?client-secret=s3cret", "https://x.org/a?oauth=s3cret", "x?hotkey=s3cret",
]  # fmt: skip


@pytest.mark.parametrize("text", WORDS)
def test_words_are_no_keys(text: str) -> None:
    assert without_secrets(text) == text
    assert shown_address(text) == text or not text.startswith("https")


@pytest.mark.parametrize("text", KEYS)
def test_keys_are_no_words(text: str) -> None:
    assert "s3cret" not in without_secrets(text)
