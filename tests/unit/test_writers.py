"""Everything that writes a file: whole or not at all, and nothing that writes is forgotten."""

from __future__ import annotations

import ast
import contextlib
import http.server
import os
import resource
import subprocess
import threading
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import geopandas
import numpy as np
import pytest
import shapely
from source_calls import callers, callers_in_package

import geo_risk as gr
from geo_risk import demo
from geo_risk._core import cache as _cache
from geo_risk._core.kernel_files import keep_checked
from geo_risk.assessment import save_result
from geo_risk.cli.output import write_chunks, write_output
from geo_risk.events import service
from geo_risk.frames.share import Sharing
from geo_risk.frames.tables import FORMATS, write_csv, write_table
from geo_risk.maps import static_map, web_map
from geo_risk.regions import download, fetch_layer

MARKS = {
    "replacing", "write_part", "write_table", "write_csv", "write_dataframe", "write_arrow",
    "write_feather", "write_text", "write_bytes", "to_parquet", "to_feather", "to_csv", "to_file",
    "to_excel", "to_pickle", "to_hdf", "to_sql", "tofile", "savefig", "savetxt", "savez",
    "savez_compressed", "ParquetWriter", "new_file", "mkdtemp", "mkstemp", "NamedTemporaryFile",
    "copyfile", "copy2", "copytree", "TemporaryFile", "ZipFile", "TarFile",
}  # fmt: skip


def writes(node: ast.AST) -> bool:
    """Whether a call writes a file, or may: by its name, or by the mode that it opens in."""
    if not isinstance(node, ast.Call):
        return False
    name = getattr(node.func, "attr", getattr(node.func, "id", ""))
    if name in MARKS:
        read = [a for a in node.args[1:2] if isinstance(a, ast.Constant) and a.value == "r"]
        return not (name in {"ZipFile", "TarFile"} and (read or len(node.args) == 1))
    if name in {"save", "dump"}:  # numpy's, json's
        return getattr(getattr(node.func, "value", None), "id", "") in {"np", "json", "pickle"}
    if name in {"open", "fdopen"} and any("O_" in ast.unparse(part) for part in node.args):
        return "O_WRONLY" in ast.unparse(node)
    if name != "open":
        return False
    modes = [*node.args, *(word.value for word in node.keywords if word.arg == "mode")]
    texts = [mode.value for part in modes for mode in ast.walk(part)
             if isinstance(mode, ast.Constant) and isinstance(mode.value, str)]  # fmt: skip
    return any(set(text) <= set("rwaxbt+") and set(text) & set("wax+") for text in texts)


@pytest.mark.parametrize(
    "line",
    ["frame.to_csv(path)", "open(path, 'w')", "path.open('ab')", "path.open(mode='x')",
     "pyogrio.write_dataframe(f, p)", "path.write_text('x')", "figure.savefig(p)",
     "np.save(p, a)", "json.dump(a, file)", "path.open('r+')", "ZipFile(p, 'w')",
     "path.open('ab' if more else 'wb')", "os.open(path, os.O_WRONLY | os.O_CREAT)"],
)  # fmt: skip
def test_a_line_that_writes_is_seen(line):
    assert callers(f"class A:\n    def f(self):\n        {line}\n", "m", writes) == {"m.A.f"}


@pytest.mark.parametrize(
    "line",
    ["path.open()", "path.open('rb')", "open(path, encoding='utf-8')", "archive.open(info)",
     "ZipFile(p)", "ZipFile(p, 'r')", "found.save(out)", "json.dumps(a)", "path.read_text()"],
)  # fmt: skip
def test_a_line_that_reads_is_none(line):
    assert callers(f"def f():\n    {line}\n", "m", writes) == set()


def table(which: int) -> geopandas.GeoDataFrame:
    """Another table for each number, of some 100 kB in any format."""
    numbers = np.random.default_rng(which).random((3000, 3))
    return geopandas.GeoDataFrame(
        {"a": numbers[:, 0], "text": [f"{which} é {n}" for n in numbers[:, 0]]},
        geometry=shapely.points(numbers[:, 1:]), crs="EPSG:4326",
    )  # fmt: skip


@cache
def result(which: int) -> gr.Assessment:
    rows = [{"location_name": name, "country": "Afghanistan"} for name in ("Taloqan", "Faizabad")]
    return gr.assess(rows[: which + 1], hotspot_resolution=4)


def write_through_csv_stream(folder: Path, which: int) -> None:
    write_chunks([table(which), table(which + 2)], str(folder / "chunks.csv"))


@contextlib.contextmanager
def served(content: bytes) -> Iterator[str]:
    """The address of a server that answers with that."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def log_message(self, *args: object) -> None:
            pass

        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            with contextlib.suppress(OSError):
                self.wfile.write(content)

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()


def maps(which: int) -> dict[str, bytes]:
    return {"map.png": bytes([which]) * 100_000, "map.html": bytes([which]) * 100_000}


Write = Callable[[Path, int], object]
CASES: dict[str, Write] = {
    **{f"table{ending}": lambda folder, which, ending=ending:
       write_table(table(which), folder / f"t{ending}") for ending in FORMATS},
    **{f"save{ending}": lambda folder, which, ending=ending:
       result(which).save(folder, formats=[ending]) for ending in FORMATS},
    "save of all": lambda folder, which: result(which).save(folder, formats=FORMATS),
    "save for others": lambda folder, which: result(which).save(folder, share=True),
    "web map": lambda folder, which: web_map(folder / "m.html", events=table(which)),
    **{f"picture{ending}": lambda folder, which, ending=ending:
       static_map(folder / f"m{ending}", events=table(which).head(9)) for ending in
       (".png", ".svg", ".pdf")},
    "out": lambda folder, which: write_output(table(which), str(folder / "o.csv")),
    "chunks": write_through_csv_stream,
    "presence": lambda folder, which: demo._write_presence(table(which), folder / "p.csv"),
    "page": lambda folder, which: service._write(folder / "page", bytes([which]) * 100_000),
    "save with maps": lambda folder, which: save_result(
        result(which), folder, [".csv"], Sharing(False, None, None, False, False, None),
        maps(which)),
}  # fmt: skip


def write_index(folder: Path, which: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GEO_RISK_CACHE_DIR", str(folder))
        _cache.store_arrays("index", {"a": np.full(20_000, which, dtype=np.int64)})


def write_kernel(folder: Path, which: int) -> None:
    """As numba does, once it has compiled."""

    class Kept:
        _impl = SimpleNamespace(filename_base="kernel")
        _cache_file: Any = None
        cache_path = str(folder)

        def save_overload(self, signature: str, data: bytes) -> None:
            self._cache_file.save(signature, data)

    compiled = SimpleNamespace(_cache=Kept(), py_func=table)
    keep_checked(compiled)
    compiled._cache.save_overload("float64", bytes([which]) * 100_000)


def write_download(folder: Path, which: int) -> None:
    with served(bytes([which + 1]) * 100_000) as url:
        fetch_layer(f"{url}/{which}.bin", folder=folder)


# What need not succeed: nothing is raised, and what was kept before stays.
SILENT: dict[str, Write] = {"index": write_index, "kernel": write_kernel}
# What is continued later: an error, no file of that name, and others stay.
CONTINUED: dict[str, Write] = {"download": write_download}

# Every function that writes: what tests it, or why it writes no file of its own.
WRITERS: dict[str, list[str] | str] = {
    "cli.output.write_output": ["out"],
    "cli.output.write_chunks": ["chunks"],
    "cli.output._opened": ["chunks"],
    "frames.saved.write_result": [name for name in CASES if name.startswith("save")],
    "frames.tables.write_table": [f"table{ending}" for ending in FORMATS],
    "frames.tables.write_part": [f"table{ending}" for ending in FORMATS],
    "frames.tables.write_csv": ["table.csv", "chunks"],
    "frames.tables._gdal_bytes": "writes to memory",
    "maps._page.write": ["web map"],
    "maps._picture.save": ["picture.png", "picture.svg", "picture.pdf"],
    "demo._write_presence": ["presence"],
    "events.service._write": ["page"],
    "events.formats.frame_of_arrow": "writes to memory",
    "_core.vector._packed": "writes to memory",
    "_core.geopackage._with_log": "a copy in a temporary folder, for as long as it is read",
    "_core.files.sync": "writes nothing",
    "_core.cache.store_arrays": ["index"],
    "_core.kernel_files.KernelFiles.save": ["kernel"],
    "_core.terminal._to_nobody": "writes to no file",
    "_core.files._beside": "makes the file beside the target",
    "regions._partial._made": ["download"],
    "regions._partial.Part.more": ["download"],
    "regions._partial.Part._new": ["download"],
}


def test_nothing_that_writes_is_forgotten():
    assert callers_in_package(writes) == set(WRITERS)
    named = {name for cases in WRITERS.values() if isinstance(cases, list) for name in cases}
    assert named == {*CASES, *SILENT, *CONTINUED}
    untested = {name for name, cases in WRITERS.items() if isinstance(cases, str)}
    assert len(untested) == 7  # a further one needs a case


@pytest.fixture(params=["limit", "disk"])
def full_disk(request, tmp_path) -> Iterator[tuple[Path, Callable[[], object]]]:
    """A folder, and what leaves room for 8 kB in it while it is entered.

    A file system of 4 MB where one may be mounted, else (and in any case) files of 8 kB at most.
    """
    folder = tmp_path / "disk"
    folder.mkdir()
    if request.param == "limit" or not mounted(folder):
        yield folder, small_files
        return
    try:
        yield folder, lambda: filled(folder)
    finally:
        subprocess.run(["umount", "--lazy", folder], check=True)


def mounted(folder: Path) -> bool:
    command = ["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", folder]
    with contextlib.suppress(FileNotFoundError):
        return subprocess.run(command, capture_output=True, check=False).returncode == 0
    return False


@contextlib.contextmanager
def small_files() -> Iterator[None]:
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (8192, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


@contextlib.contextmanager
def filled(folder: Path) -> Iterator[None]:
    filler = folder / "filler"
    with filler.open("wb", buffering=0) as file:
        with contextlib.suppress(OSError):
            while file.write(bytes(4096)):
                pass
        file.truncate(max(0, file.tell() - 8192))
    try:
        yield
    finally:
        filler.unlink()


def content(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.mark.parametrize("case", CASES)
def test_on_a_full_disk_the_earlier_files_survive(full_disk, case, capsys):
    folder, full = full_disk
    CASES[case](folder, 0)
    before = content(folder)
    assert before
    with full(), pytest.raises(OSError, match=r"No space left|File too large"):
        CASES[case](folder, 1)
    assert content(folder) == before
    CASES[case](folder, 1)
    assert content(folder).keys() == before.keys()
    assert content(folder) != before
    capsys.readouterr()


def all_content(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes()
            for path in folder.rglob("*") if path.is_file() and path.name != "filler"}  # fmt: skip


@pytest.mark.parametrize("case", SILENT)
def test_on_a_full_disk_caches_are_silent_and_stay(full_disk, case):
    folder, full = full_disk
    SILENT[case](folder, 0)
    before = all_content(folder)
    assert before
    with full():
        SILENT[case](folder, 1)
    assert all_content(folder) == before
    SILENT[case](folder, 1)
    assert all_content(folder).keys() == before.keys()
    assert all_content(folder) != before


@pytest.mark.parametrize("case", CONTINUED)
def test_on_a_full_disk_a_download_fails_and_goes_on_later(full_disk, case, monkeypatch):
    monkeypatch.setattr(download, "_FIRST_WAIT_S", 0.001)
    folder, full = full_disk
    CONTINUED[case](folder, 0)
    before = content(folder)
    assert before
    with full(), pytest.raises(OSError, match=r"No space left|File too large"):
        CONTINUED[case](folder, 1)
    assert {name: kept for name, kept in all_content(folder).items() if "/" not in name} == before
    CONTINUED[case](folder, 1)
    after = content(folder)
    assert before.items() < after.items()
    assert bytes([2]) * 100_000 in after.values()


def test_a_picture_of_the_same_has_the_same_bytes(tmp_path):
    for ending in (".png", ".svg", ".pdf"):
        one, other = (tmp_path / f"{n}{ending}" for n in (1, 2))
        for path in (one, other):
            static_map(path, events=table(0).head(9))
        assert one.read_bytes() == other.read_bytes()


@pytest.mark.parametrize("case", CASES)
def test_links_stay_links(tmp_path, case, capsys):
    plain, linked, there = tmp_path / "plain", tmp_path / "linked", tmp_path / "there"
    for folder in (plain, linked, there):
        folder.mkdir()
    CASES[case](plain, 1)
    for name in content(plain):
        (there / name).write_bytes(b"old")
        (linked / name).symlink_to(os.path.join("..", "there", name))  # noqa: PTH118
    CASES[case](linked, 1)
    assert all(path.is_symlink() for path in linked.iterdir())
    assert content(there).keys() == content(plain).keys()
    assert b"old" not in content(there).values()
    capsys.readouterr()


@pytest.mark.timeout(60)
@pytest.mark.parametrize("ending", [".csv", ".geojson", ".gpkg"])  # the others seek
def test_a_table_goes_through_a_pipe(tmp_path, ending):
    whole = write_table(table(0), tmp_path / f"t{ending}").read_bytes()
    (tmp_path / "there").mkdir()
    pipe = tmp_path / "there" / f"t{ending}"
    os.mkfifo(pipe)
    got: list[bytes] = []
    reader = threading.Thread(target=lambda: got.append(pipe.read_bytes()), daemon=True)
    reader.start()
    write_table(table(0), pipe)
    reader.join(30)
    assert got == [whole]


def test_a_stream_is_written_on(tmp_path):
    path = tmp_path / "t.csv"
    with path.open("w", encoding="utf-8", newline="") as stream:
        write_csv(table(0), stream)
        write_csv(table(1), stream, header=False)
    assert path.read_text(encoding="utf-8").count("\n") == 6001
