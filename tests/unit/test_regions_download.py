"""Downloads, against a server of this very process: no network."""

from __future__ import annotations

import contextlib
import hashlib
import http.server
import json
import logging
import os
import subprocess
import sys
import threading

import pytest
from hypothesis import HealthCheck, given, settings, strategies as st

import geo_risk as gr
from geo_risk.errors import AccessDeniedError, DataCorruptError, DataNotFoundError, ServiceError
from geo_risk.regions import download, fetch_layer, fetch_record, load_geoboundaries

CONTENT = bytes(range(256)) * 4000  # 1 MB
SHA256 = hashlib.sha256(CONTENT).hexdigest()
SQUARES = json.dumps(
    {
        "type": "FeatureCollection",
        "features": [
            {
                "type": "Feature",
                "properties": {"shapeName": name, "shapeISO": code},
                "geometry": {
                    "type": "Polygon",
                    "coordinates": [[[x, 36], [x + 1, 36], [x + 1, 37], [x, 37], [x, 36]]],
                },
            }
            for name, code, x in (("West", "AF-W", 68), ("East", "AF-E", 69))
        ],
    }
).encode()


class Server(http.server.ThreadingHTTPServer):
    """Serves `files`; counts requests; cuts the connection where `cuts` says so."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.files: dict[str, bytes] = {}
        self.cuts: list[int] = []  # bytes after which the next answers break off
        self.statuses: list[int] = []
        self.asked: list[tuple[str, str | None]] = []
        self.ranges = True
        self.tag: str | None = '"one"'

    def url(self, path: str) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}{path}"


class Handler(http.server.BaseHTTPRequestHandler):
    server: Server

    def log_message(self, *args) -> None:
        pass

    def do_GET(self) -> None:
        server, wanted = self.server, self.headers.get("Range")
        server.asked.append((self.path, wanted))
        status = server.statuses.pop(0) if server.statuses else 200
        content = server.files.get(self.path)
        if content is None or status != 200:
            self.send_error(404 if content is None else status)
            return
        start = 0
        if wanted and server.ranges and self.headers.get("If-Range") in (None, server.tag):
            start = int(wanted.removeprefix("bytes=").rstrip("-"))
            self.send_response(206)
            self.send_header("Content-Range", f"bytes {start}-{len(content) - 1}/{len(content)}")
        else:
            self.send_response(200)
        if server.tag:
            self.send_header("ETag", server.tag)
        self.send_header("Content-Length", str(len(content) - start))
        self.end_headers()
        stop = start + server.cuts.pop(0) if server.cuts else len(content)
        with contextlib.suppress(OSError):
            self.wfile.write(content[start:stop])
        if stop < len(content):
            self.close_connection = True


@pytest.fixture
def server():
    with Server() as running:
        running.files["/layer.bin"] = CONTENT
        thread = threading.Thread(target=running.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        yield running
        running.shutdown()
        thread.join()


@pytest.fixture(autouse=True)
def quickly(monkeypatch):
    monkeypatch.setattr(download, "_FIRST_WAIT_S", 0.001)


def names(folder) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_good(server, tmp_path):
    path = fetch_layer(server.url("/layer.bin"), sha256=SHA256.upper(), folder=tmp_path)
    assert path.read_bytes() == CONTENT
    assert path.name.endswith("-layer.bin")
    assert names(tmp_path) == [path.name, f"{path.name}.json"]
    record = fetch_record(path)
    assert record["sha256"] == SHA256
    assert record["bytes"] == len(CONTENT)
    assert record["url"] == server.url("/layer.bin")


def test_kept_and_not_fetched_again(server, tmp_path):
    first = fetch_layer(server.url("/layer.bin"), folder=tmp_path)
    assert fetch_layer(server.url("/layer.bin"), folder=tmp_path) == first
    assert fetch_layer(server.url("/layer.bin"), sha256=SHA256, folder=tmp_path) == first
    assert len(server.asked) == 1


def test_default_folder_is_the_cache(server, tmp_path, monkeypatch):
    monkeypatch.setenv("GEO_RISK_CACHE_DIR", str(tmp_path))
    assert fetch_layer(server.url("/layer.bin")).parent == tmp_path / "downloads"


def test_a_damaged_file_is_fetched_again(server, tmp_path):
    path = fetch_layer(server.url("/layer.bin"), folder=tmp_path)
    path.write_bytes(CONTENT[:-1] + b"?")
    assert fetch_layer(server.url("/layer.bin"), folder=tmp_path).read_bytes() == CONTENT
    assert len(server.asked) == 2


def test_a_file_without_record_is_not_trusted(server, tmp_path):
    path = fetch_layer(server.url("/layer.bin"), folder=tmp_path)
    (tmp_path / f"{path.name}.json").write_text("{not json")
    path.write_bytes(b"who knows")
    assert fetch_layer(server.url("/layer.bin"), folder=tmp_path).read_bytes() == CONTENT


@pytest.mark.parametrize(
    ("status", "error", "message"),
    [
        (404, DataNotFoundError, r"does not exist \(status 404\)"),
        (410, DataNotFoundError, r"does not exist \(status 410\)"),
        (403, AccessDeniedError, r"denies access \(status 403\)"),
        (418, ServiceError, "answers with status 418"),
    ],
)
def test_refusals(server, tmp_path, status, error, message):
    server.statuses = [status]
    with pytest.raises(error, match=message):
        fetch_layer(server.url("/layer.bin"), folder=tmp_path)
    assert len(server.asked) == 1
    assert names(tmp_path) == []


def test_wrong_hash_keeps_nothing(server, tmp_path):
    with pytest.raises(DataCorruptError, match=f"with the sha256 {SHA256}, not {'0' * 64}"):
        fetch_layer(server.url("/layer.bin"), sha256="0" * 64, folder=tmp_path)
    assert names(tmp_path) == []


def test_wrong_hash_leaves_an_earlier_file_alone(server, tmp_path):
    path = fetch_layer(server.url("/layer.bin"), folder=tmp_path)
    with pytest.raises(DataCorruptError, match="Nothing was kept"):
        fetch_layer(server.url("/layer.bin"), sha256="0" * 64, folder=tmp_path)
    assert path.read_bytes() == CONTENT


def test_a_cut_connection_goes_on_where_it_stopped(server, tmp_path):
    server.cuts = [300_000, 100_000]
    path = fetch_layer(server.url("/layer.bin"), sha256=SHA256, folder=tmp_path)
    assert path.read_bytes() == CONTENT
    # the pieces of 65,536 bytes that had arrived whole
    assert [wanted for _, wanted in server.asked] == [None, "bytes=262144-", "bytes=327680-"]


def test_a_later_call_goes_on_too(server, tmp_path):
    server.cuts = [200_000, 0, 0, 0]
    with pytest.raises(ServiceError, match="no complete file in 4 attempts"):
        fetch_layer(server.url("/layer.bin"), folder=tmp_path)
    assert [name for name in names(tmp_path) if not name.startswith(".")] == []
    path = fetch_layer(server.url("/layer.bin"), folder=tmp_path)
    assert path.read_bytes() == CONTENT
    assert server.asked[-1][1] == "bytes=196608-"
    assert names(tmp_path) == [path.name, f"{path.name}.json"]


@pytest.mark.parametrize("kind", ["link", "file"])
def test_what_is_no_rest_of_a_transfer_is_left_alone(server, tmp_path, kind):
    path = fetch_layer(server.url("/layer.bin"), folder=tmp_path)
    path.unlink()
    theirs = tmp_path / "theirs"
    theirs.mkdir()
    for name in ("state", "data"):
        (theirs / name).write_text("mine")
    left = path.with_name(f".{path.name}.left")
    left.symlink_to(theirs) if kind == "link" else left.write_text("mine")
    assert fetch_layer(server.url("/layer.bin"), folder=tmp_path).read_bytes() == CONTENT
    assert sorted(file.name for file in theirs.iterdir()) == ["data", "state"]
    assert left.is_symlink() or left.read_text() == "mine"


def test_a_file_that_changed_meanwhile_is_begun_anew(server, tmp_path):
    server.cuts = [200_000, 0, 0, 0]
    with pytest.raises(ServiceError, match="no complete file"):
        fetch_layer(server.url("/layer.bin"), folder=tmp_path)
    other = CONTENT[::-1]
    server.files["/layer.bin"], server.tag = other, '"two"'
    assert fetch_layer(server.url("/layer.bin"), folder=tmp_path).read_bytes() == other


@pytest.mark.parametrize("tag", [None, 'W/"weak"'])
def test_without_a_strong_tag_nothing_is_patched_together(server, tmp_path, tag):
    server.tag, server.cuts = tag, [200_000]
    assert fetch_layer(server.url("/layer.bin"), folder=tmp_path).read_bytes() == CONTENT
    assert [wanted for _, wanted in server.asked] == [None, None]


def test_a_server_that_cannot_continue(server, tmp_path):
    server.ranges, server.cuts = False, [200_000]
    assert fetch_layer(server.url("/layer.bin"), folder=tmp_path).read_bytes() == CONTENT


def test_a_busy_server_is_asked_again(server, tmp_path):
    server.statuses = [503, 429]
    assert fetch_layer(server.url("/layer.bin"), folder=tmp_path).read_bytes() == CONTENT


def test_nobody_there(tmp_path):
    with Server() as closed:
        url = closed.url("/layer.bin")
    with pytest.raises(ServiceError, match=r"4 attempts: ConnectionError after 0 bytes"):
        fetch_layer(url, folder=tmp_path)
    assert names(tmp_path) == []


def test_a_server_that_falls_silent(server, tmp_path, monkeypatch):
    monkeypatch.setattr(download, "_TIMEOUT_S", (1.0, 0.2))
    monkeypatch.setattr(download, "_ATTEMPTS", 1)
    gate = threading.Event()
    stuck = Handler.do_GET

    def silent(self):
        gate.wait(5)

    monkeypatch.setattr(Handler, "do_GET", silent)
    try:
        with pytest.raises(ServiceError, match=r"ReadTimeout|ConnectionError"):
            fetch_layer(server.url("/layer.bin"), folder=tmp_path)
    finally:
        gate.set()
        monkeypatch.setattr(Handler, "do_GET", stuck)
    assert names(tmp_path) == []


def test_processes_at_once(server, tmp_path):
    code = (
        "import sys; from geo_risk.regions import fetch_layer\n"
        "print(fetch_layer(sys.argv[1], sha256=sys.argv[2], folder=sys.argv[3]))"
    )
    command = [sys.executable, "-c", code, server.url("/layer.bin"), SHA256, str(tmp_path)]
    running = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    said = [process.communicate(timeout=60)[0].strip() for process in running]
    assert [process.returncode for process in running] == [0, 0]
    assert said[0] == said[1]
    assert names(tmp_path) == [os.path.basename(said[0]), f"{os.path.basename(said[0])}.json"]  # noqa: PTH119
    assert (tmp_path / names(tmp_path)[0]).read_bytes() == CONTENT


def test_threads_at_once(server, tmp_path):
    server.cuts = [100_000, 200_000, 300_000]
    threads = [
        threading.Thread(target=fetch_layer, args=(server.url("/layer.bin"),),
                         kwargs={"folder": tmp_path})
        for _ in range(4)
    ]  # fmt: skip
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    path = fetch_layer(server.url("/layer.bin"), sha256=SHA256, folder=tmp_path)
    assert path.read_bytes() == CONTENT


@pytest.mark.parametrize(
    "url", ["layer.gpkg", "file:///etc/passwd", "ftp://x.org/a", "http://", ""]
)
def test_what_is_no_address(url, tmp_path):
    with pytest.raises(ValueError, match="is not an http or https address"):
        fetch_layer(url, folder=tmp_path)
    with pytest.raises(TypeError, match="Invalid url: int is not a string"):
        fetch_layer(3, folder=tmp_path)
    with pytest.raises(ValueError, match="is not 64 hexadecimal digits"):
        fetch_layer("http://127.0.0.1/x", sha256="abc", folder=tmp_path)


def test_silent_unless_asked(server, tmp_path, capfd, caplog):
    with caplog.at_level(logging.WARNING):
        fetch_layer(server.url("/layer.bin"), folder=tmp_path)
    assert capfd.readouterr() == ("", "")
    assert not caplog.records
    fetch_layer(server.url("/layer.bin"), sha256=None, folder=tmp_path / "two", progress=True)
    assert "layer.bin" in capfd.readouterr().err


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(path=st.text(min_size=0, max_size=120), other=st.text(max_size=20))
def test_file_names_stay_in_the_folder(path, other):
    name = download._file_name(f"https://example.org/{path}")
    assert name == os.path.basename(name)  # noqa: PTH119
    assert set(name) <= set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-")
    assert 13 < len(name) <= 93
    assert not name.startswith(".")
    if path != other:
        assert name != download._file_name(f"https://example.org/{other}")


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(cuts=st.lists(st.integers(0, 400_000), max_size=3), tagged=st.booleans())
def test_wherever_it_is_cut_the_file_is_whole(server, tmp_path_factory, cuts, tagged):
    server.cuts, server.tag = list(cuts), '"one"' if tagged else None
    folder = tmp_path_factory.mktemp("cut")
    path = fetch_layer(server.url("/layer.bin"), folder=folder)
    server.cuts = []
    assert path.read_bytes() == CONTENT
    assert names(folder) == [path.name, f"{path.name}.json"]


class TestGeoBoundaries:
    @pytest.fixture
    def service(self, server):
        server.files["/api/gbOpen/AFG/ADM1/"] = json.dumps(
            {
                "boundaryID": "AFG-ADM1-1", "boundarySource": "AGCHO", "boundaryLicense": "PD",
                "boundaryYearRepresented": "2018", "gjDownloadURL": server.url("/a.geojson"),
                "simplifiedGeometryGeoJSON": server.url("/b.geojson"),
            }
        ).encode()  # fmt: skip
        server.files["/a.geojson"] = SQUARES
        server.files["/b.geojson"] = SQUARES.replace(b"West", b"Simple")
        return server.url("/api")

    def test_layer(self, service, server, tmp_path):
        layer = load_geoboundaries("Afghanistan", service=service, folder=tmp_path)
        assert layer.columns["region_code"] == ["AF-W", "AF-E"]
        assert layer.columns["country_code"] == ["AFG", "AFG"]
        assert layer.name == "geoBoundaries-AFG-ADM1"
        facts = layer.provenance
        assert (facts["source"], facts["licence"], facts["version"]) == (
            "AGCHO",
            "PD",
            "AFG-ADM1-1",
        )
        assert facts["sha256"] == hashlib.sha256(SQUARES).hexdigest()
        asked = len(server.asked)
        again = load_geoboundaries("AF", service=service, folder=tmp_path)
        assert again.columns == layer.columns
        assert len(server.asked) == asked  # from the cache

    def test_simplified(self, service, tmp_path):
        layer = load_geoboundaries("AFG", service=service, folder=tmp_path, simplified=True)
        assert layer.columns["region_name"][0] == "Simple"

    def test_what_there_is_not(self, service, server, tmp_path):
        with pytest.raises(DataNotFoundError, match=r"gbOpen/AFG/ADM2/ does not exist"):
            load_geoboundaries("AFG", level=2, service=service, folder=tmp_path)
        with pytest.raises(gr.errors.UnknownRegionError, match="Atlantis"):
            load_geoboundaries("Atlantis", service=service)
        with pytest.raises(ValueError, match="Invalid level: 7"):
            load_geoboundaries("AFG", level=7, service=service)
        with pytest.raises(ValueError, match="Invalid release: 'gbSecret'"):
            load_geoboundaries("AFG", release="gbSecret", service=service)
        server.files["/a.geojson"] = b"version https://git-lfs.github.com/spec/v1"
        with pytest.raises(DataCorruptError, match="cannot be read"):
            load_geoboundaries("AFG", service=service, folder=tmp_path)

    @pytest.mark.parametrize("answer", [b"<html>", b"[]", b'"text"'])
    def test_answers_that_are_none(self, service, server, tmp_path, answer):
        server.files["/api/gbOpen/AFG/ADM1/"] = answer
        with pytest.raises(DataCorruptError, match=r"geoBoundaries documents|a web page"):
            load_geoboundaries("AFG", service=service, folder=tmp_path)

    def test_an_answer_without_address(self, service, server, tmp_path):
        server.files["/api/gbOpen/AFG/ADM1/"] = b"{}"
        with pytest.raises(DataCorruptError, match="has no gjDownloadURL"):
            load_geoboundaries("AFG", service=service, folder=tmp_path)

    def test_wrong_hash(self, service, tmp_path):
        with pytest.raises(DataCorruptError, match="Nothing was kept"):
            load_geoboundaries("AFG", service=service, folder=tmp_path, sha256="0" * 64)
