"""Killed at any moment while a result is replaced: the old one, the new one, or a clear error."""

from __future__ import annotations

import os
import random
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from paths import ROOT

import geo_risk as gr
from geo_risk.errors import DataCorruptError, DataNotFoundError

KILLS = int(os.environ.get("GEO_RISK_KILLS", "40"))  # of each kind: 200 over sets of formats
SAVES = 3  # a kill comes within the time of so many
SEED = 20_240_229
OURS = re.compile(r"\..+\.[0-9a-f]{16}\.part")

_TWO_RESULTS = """
import pathlib, sys
import geo_risk as gr
from geo_risk.assessment import save_result
from geo_risk.frames.share import Sharing

def assessed(*places):
    rows = [{"location_name": name, "country": "Afghanistan"} for name in places]
    return gr.assess(rows * 200, hotspot_resolution=5)

results = [assessed("Taloqan"), assessed("Faizabad", "Kunduz")]
folder = sys.argv[1]

def save(which):
    # as the command line does: maps among the files
    maps = {f"map.{ending}": bytes([which]) * 200_000 for ending in ("png", "html")}
    formats, sharing = sys.argv[2].split(","), Sharing(False, None, None, False, False, None)
    save_result(results[which], pathlib.Path(folder), formats, sharing, maps)
"""
_TWO_MAPS = """
from geo_risk.maps import static_map, web_map

def save(which):
    events, cells = results[which].events, results[which].cells
    web_map(pathlib.Path(folder, "map.html"), events=events, cells=cells)
    static_map(pathlib.Path(folder, "map.png"), events=events, figsize=(2, 2))
    static_map(pathlib.Path(folder, "map.pdf"), events=events, figsize=(2, 2))
"""
_TWO_STREAMS = """
import contextlib, os
from geo_risk.cli.output import write_chunks

def save(which):
    with open(os.devnull, "w") as nowhere, contextlib.redirect_stderr(nowhere):
        chunks = (results[which].events.iloc[k : k + 50] for k in range(0, 200, 50))
        write_chunks(chunks, str(pathlib.Path(folder, "chunks.csv")))
"""
_SERVE = """
import os, time
for which in (0, 1):
    folder = f"{sys.argv[1]}{which}"
    save(which)
start = time.perf_counter()
child = os.fork()  # a child takes longer: it copies the pages that it writes to
if child == 0:
    try:
        save(1)
    finally:
        os._exit(0)
os.waitpid(child, 0)
print(time.perf_counter() - start, flush=True)
folder = sys.argv[1]
for line in sys.stdin:
    child = os.fork()
    if child == 0:  # until somebody kills it
        for turn in range(int(line), 10**9):
            save(turn % 2)
    print(child, flush=True)
    os.waitpid(child, 0)
    print("gone", flush=True)
"""
FORMATS = [
    ".parquet", ".parquet,.csv", ".parquet,.gpkg", ".geojson,.parquet,.arrow",
    ".parquet,.csv,.geojson,.gpkg,.arrow",
]  # fmt: skip


def content(folder: Path) -> dict[str, bytes]:
    """Files of a folder without those that a kill left, which no name of a result is like."""
    return {path.name: path.read_bytes() for path in folder.iterdir()
            if not OURS.fullmatch(path.name)}  # fmt: skip


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where results are replaced; beside it lies either alone."""
    for name in ("result", "result0", "result1"):
        (tmp_path / name).mkdir()
    return tmp_path / "result"


def alone(folder: Path) -> list[dict[str, bytes]]:
    """What the folder holds of either result."""
    known = [content(folder.with_name(f"result{which}")) for which in (0, 1)]
    assert known[0].keys() == known[1].keys() != set()
    assert all(known[0][name] != known[1][name] for name in known[0] if "borders" not in name)
    return known


def after_kills(
    code: str, folder: Path, formats: str = "", kills: int = KILLS
) -> Iterator[dict[str, bytes]]:
    """Files after each kill of a process that saves one result over the other, again and again."""
    moments = random.Random(SEED)
    with subprocess.Popen(
        [sys.executable, "-c", code + _SERVE, str(folder), formats], text=True, bufsize=1,
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, env={**os.environ, "PYTHONPATH": str(ROOT)},
    ) as server:  # fmt: skip
        assert server.stdin is not None
        assert server.stdout is not None
        longest = SAVES * float(server.stdout.readline())
        for path in folder.with_name("result0").iterdir():
            (folder / path.name).write_bytes(path.read_bytes())
        try:
            for number in range(kills):
                server.stdin.write(f"{number}\n")
                child = int(server.stdout.readline())
                time.sleep(moments.random() * longest)
                os.kill(child, signal.SIGKILL)
                assert server.stdout.readline() == "gone\n"
                yield content(folder)
        finally:
            server.stdin.close()


@pytest.mark.timeout(1800)
@pytest.mark.parametrize("formats", FORMATS)
def test_a_result_is_the_old_or_the_new_or_says_that_it_is_neither(folder, formats):
    seen = set()
    for number, found in enumerate(after_kills(_TWO_RESULTS, folder, formats, 5 * KILLS), 1):
        known = alone(folder)
        for name, held in found.items():  # each file is whole, in any case
            assert held in [one[name] for one in known]
        told = loaded(folder)
        if found in known:
            which = known.index(found)
            assert told == loaded(folder.with_name(f"result{which}"))
            seen.add(which)
        else:
            assert told.endswith("the save was interrupted. Save again.")
        if number >= KILLS and seen == {0, 1}:
            return
    pytest.fail(f"only {seen} after {5 * KILLS} kills")


def loaded(folder: Path) -> str:
    """The result as text, or what is said in its place."""
    try:
        found = gr.Assessment.load(folder)
    except (DataCorruptError, DataNotFoundError) as error:
        return str(error)
    tables = (found.events, found.cells, found.regions, found.borders)
    return "\n".join([str(found.provenance), *("" if t is None else t.to_csv() for t in tables)])


@pytest.mark.timeout(1800)
@pytest.mark.parametrize("code", [_TWO_MAPS, _TWO_STREAMS], ids=["maps", "chunks"])
def test_a_file_is_the_old_or_the_new(folder, code):
    for found in after_kills(_TWO_RESULTS + code, folder):
        known = alone(folder)
        assert found.keys() == known[0].keys()
        assert all(held in [one[name] for one in known] for name, held in found.items())


def test_written_in_place_the_same_kills_do_harm(folder):
    """Else the moments would not be those that matter."""
    code = _TWO_RESULTS + (
        "import contextlib, pathlib\nfrom geo_risk.frames import saved as _saved\n"
        "_saved.replacing = lambda path: contextlib.nullcontext(pathlib.Path(path))\n"
    )
    kills = after_kills(code, folder, FORMATS[-1])
    assert not all(found in alone(folder) for found in kills)
