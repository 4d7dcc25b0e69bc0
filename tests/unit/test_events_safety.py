"""Nothing that is read is ever executed, unpickled or unpacked to disk."""

from __future__ import annotations

import ast
import builtins
import io
import pickle
import tarfile
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from paths import ROOT

from geo_risk.errors import DataCorruptError
from geo_risk.events import iter_events, read_events

SOURCES = sorted((ROOT / "geo_risk").rglob("*.py"))
EXECUTING = {"eval", "exec", "compile", "__import__"}
UNSAFE_MODULES = {"pickle", "cPickle", "dill", "joblib", "marshal", "shelve", "cloudpickle", "yaml"}
UNSAFE_CALLS = {
    "read_pickle", "to_pickle", "extractall", "unpack_archive", "system", "popen",
}  # fmt: skip


def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_pickle_no_eval_no_unpacking(path: Path) -> None:
    for node in ast.walk(tree(path)):
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            module = node.module if isinstance(node, ast.ImportFrom) else None
            names = {module or "", *(alias.name for alias in node.names)}
            if path.name == "kernel_files.py":  # compiled code, as numba itself keeps it
                names.discard("numba.cloudpickle")
            assert not {part for name in names for part in name.split(".")} & UNSAFE_MODULES, names
        if isinstance(node, ast.Call):
            name = getattr(node.func, "id", None)
            assert name not in EXECUTING, f"{path}:{node.lineno} calls {name}"
            attribute = getattr(node.func, "attr", None)
            assert attribute not in UNSAFE_CALLS, f"{path}:{node.lineno} calls {attribute}"
            if attribute == "load" and getattr(node.func.value, "id", None) == "np":  # type: ignore[attr-defined]
                given = {word.arg: ast.unparse(word.value) for word in node.keywords}
                assert given.get("allow_pickle") == "False", f"{path}:{node.lineno}"


def test_the_check_would_find_what_it_looks_for(tmp_path: Path) -> None:
    for text in ("import pickle", "from numba.cloudpickle import loads",
                 "from joblib import load", "eval('1')", "np.load('a')",
                 "archive.extractall()", "pd.read_pickle('a')"):  # fmt: skip
        (tmp_path / "bad.py").write_text(text)
        with pytest.raises(AssertionError):
            test_no_pickle_no_eval_no_unpacking(tmp_path / "bad.py")


class Trap:
    """Unpickling it would write a file."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> Any:
        return (builtins.open, (str(self.path), "w"))


def test_pickles_in_any_disguise_are_not_opened(tmp_path: Path) -> None:
    sprung = tmp_path / "sprung"
    payload = pickle.dumps(Trap(sprung))
    array = io.BytesIO()
    np.save(array, np.array([{"a": 1}], dtype=object), allow_pickle=True)
    for name in ("e.pkl", "e.csv", "e.parquet", "e.json", "e.gpkg", "e.feather", "e.npy"):
        for content in (payload, array.getvalue()):
            (tmp_path / name).write_bytes(content)
            with pytest.raises((ValueError, DataCorruptError)):
                read_events(tmp_path / name)
    out = read_events(pd.DataFrame({"lon": [1], "lat": [2], "note": [payload.decode("latin-1")]}))
    assert len(out) == 1
    assert not sprung.exists()


def test_members_of_archives_never_leave_their_folder(tmp_path: Path) -> None:
    """Names that climb, absolute names, links: read where they are, and nothing is written."""
    inner = tmp_path / "inner"
    inner.mkdir()
    before = set(tmp_path.rglob("*"))
    for number, name in enumerate(("../climbs.csv", "/tmp/absolute.csv", "C:\\windows.csv")):
        path = inner / f"{number}.zip"
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr(name, "lon,lat\n1,2\n")
        assert len(read_events(path)) == 1
        assert sum(map(len, iter_events(path))) == 1
        path.unlink()
    link = zipfile.ZipInfo("link.csv")
    link.external_attr = 0o120777 << 16
    with zipfile.ZipFile(inner / "l.zip", "w") as archive:
        archive.writestr(link, "/etc/passwd")
    with pytest.raises(ValueError, match="neither coordinates"):  # its target is text, no path
        read_events(inner / "l.zip")
    (inner / "l.zip").unlink()
    assert set(tmp_path.rglob("*")) == before
    assert not Path("/tmp/absolute.csv").exists()


def test_tar_archives_are_refused(tmp_path: Path) -> None:
    (tmp_path / "e.csv").write_text("lon,lat\n1,2\n")
    with tarfile.open(tmp_path / "e.tar.gz", "w:gz") as archive:
        archive.add(tmp_path / "e.csv", "../e.csv")
    with pytest.raises((ValueError, DataCorruptError)):
        read_events(tmp_path / "e.tar.gz")


@pytest.mark.parametrize(
    "cell", ["=HYPERLINK(1)", "__import__('os').system('x')", "{{7*7}}", "${jndi:ldap}", "<script>"]
)
def test_cells_are_text_and_nothing_else(tmp_path: Path, cell: str) -> None:
    frame = pd.DataFrame({"lon": ["1", cell], "lat": ["2", "2"], "date": [cell, "2020"], cell: 1})
    frame.to_csv(tmp_path / "e.csv", index=False)
    out = read_events(tmp_path / "e.csv")
    assert out["flags"].tolist() == ["bad_date", "bad_coordinates"]
    assert out["lon"].tolist()[1] == cell
