"""The fuzzer itself runs, repeats its cases, and would report a crash."""

from __future__ import annotations

import importlib.util
import io
import os
import sys
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from paths import ROOT

sys.path.insert(0, str(ROOT / "benchmarks"))  # fuzz_readers imports common
spec = importlib.util.spec_from_file_location("fuzz_readers", ROOT / "benchmarks/fuzz_readers.py")
assert spec is not None
assert spec.loader is not None
fuzz: Any = importlib.util.module_from_spec(spec)
spec.loader.exec_module(fuzz)


def test_a_short_run_finds_no_crash(capsys: Any) -> None:
    """The twenty seconds of CI; the ten minutes per parser are run by hand."""
    assert fuzz.main(["--seconds", "20", "--seed", "1"]) == 0
    assert "crashes: 0" in capsys.readouterr().out


def test_cases_depend_only_on_seed_and_number(tmp_path: Path) -> None:
    files = fuzz.seeds()
    written = []
    for _ in range(2):
        name, _read = fuzz.one_case(3, 7, files, tmp_path)
        written.append((tmp_path / name).read_bytes())
    assert written[0] == written[1]


@pytest.mark.parametrize("error", [RuntimeError("boom"), ValueError("not put into words")])
def test_a_crash_is_told(monkeypatch: Any, capsys: Any, error: Exception) -> None:
    def crash(*_: Any, **__: Any) -> Any:
        raise error

    files = fuzz.seeds()  # before nothing can be read any more
    monkeypatch.setattr(fuzz, "seeds", lambda: files)
    monkeypatch.setattr(fuzz, "read_events", crash)
    monkeypatch.setattr(fuzz, "iter_events", crash)
    assert fuzz.main(["--case", "0"]) == 1
    assert "crash: --parser all --seed 0 --case 0" in capsys.readouterr().out


def test_the_end_of_the_process_is_told(monkeypatch: Any, capsys: Any) -> None:
    files = fuzz.seeds()
    monkeypatch.setattr(fuzz, "seeds", lambda: files)
    monkeypatch.setattr(fuzz, "check", lambda *_: os._exit(11))
    assert fuzz.main(["--cases", "2"]) == 1
    told = capsys.readouterr().out
    assert "crash: --parser all --seed 0 --case 0 (the process ended: 11)" in told
    assert "--case 1 (the process ended: 11)" in told
    assert "2 cases; ; crashes: 2" in told


def test_a_workbook_is_damaged_inside_its_archive() -> None:
    pytest.importorskip("openpyxl", reason="the extra geo-risk[excel] is not installed")
    whole = fuzz.seeds()["table.xlsx"]
    changed = []
    for seed in range(9):
        hurt = fuzz.damage_inside(whole, np.random.default_rng(seed))
        with zipfile.ZipFile(io.BytesIO(whole)) as one, zipfile.ZipFile(io.BytesIO(hurt)) as other:
            assert other.testzip() is None
            assert one.namelist() == other.namelist()
            changed.append(sum(one.read(name) != other.read(name) for name in one.namelist()))
    assert set(changed) == {0, 1}


@pytest.mark.parametrize("parser", fuzz.PARSERS)
def test_every_parser_has_healthy_files(parser: str, tmp_path: Path) -> None:
    if parser == "workbook":
        pytest.importorskip("openpyxl", reason="the extra geo-risk[excel] is not installed")
    chosen = {name: content for name, content in fuzz.seeds().items()
              if name.endswith(fuzz.PARSERS[parser]) and fuzz._belongs(name, parser)}  # fmt: skip
    assert chosen
    for name, content in chosen.items():
        (tmp_path / name).write_bytes(content)
        assert fuzz.check(tmp_path / name, stream=False)
