"""The one way to write: whole or not at all, whatever the target is."""

from __future__ import annotations

import hashlib
import os
import stat
import threading
from pathlib import Path

import pytest
from hypothesis import given, strategies as st

from geo_risk._core.files import replacing, same_file, sha256_of


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def stopped_midway(path: Path, error: type[BaseException]) -> None:
    with replacing(path) as part:
        part.write_text("half")
        raise error("stop")


def put(path, text: str) -> None:
    with replacing(path) as part:
        part.write_text(text, encoding="utf-8")


def test_what_was_written_takes_the_place(tmp_path):
    path = tmp_path / "t.txt"
    for text in ("old", "new"):
        put(path, text)
        assert path.read_text() == text
    assert names(tmp_path) == ["t.txt"]


def test_until_then_the_target_is_as_it_was(tmp_path):
    path = tmp_path / "t.txt"
    path.write_text("old")
    with replacing(path) as part:
        part.write_text("new")
        assert path.read_text() == "old"
        assert part.parent == tmp_path
        assert part.name.startswith(".t.txt.")
        assert part.suffix == ".part"
    assert path.read_text() == "new"


@pytest.mark.parametrize("error", [ValueError, OSError, KeyboardInterrupt])
@pytest.mark.parametrize("before", ["old", None])
def test_after_an_error_nothing_has_changed(tmp_path, error, before):
    path = tmp_path / "t.txt"
    if before is not None:
        path.write_text(before)
    with pytest.raises(error, match="stop"):
        stopped_midway(path, error)
    assert names(tmp_path) == ([] if before is None else ["t.txt"])
    assert before is None or path.read_text() == before


def test_a_disk_that_fails_at_the_end_changes_nothing(tmp_path, monkeypatch):
    """Some file systems tell only then that the disk is full."""
    path = tmp_path / "t.txt"
    path.write_text("old")

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left"):
        put(path, "new")
    assert path.read_text() == "old"
    assert names(tmp_path) == ["t.txt"]


def test_the_file_is_on_the_disk_before_it_takes_the_place(tmp_path, monkeypatch):
    seen = []
    monkeypatch.setattr(os, "fsync", lambda _: seen.append((tmp_path / "t.txt").exists()))
    put(tmp_path / "t.txt", "new")
    assert seen == [False]


def test_a_missing_folder_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"'.*nowhere' is not a folder: create it first"):
        put(tmp_path / "nowhere" / "t.txt", "x")


def test_a_link_stays_and_leads_to_what_is_new(tmp_path):
    (tmp_path / "real").mkdir()
    real, link = tmp_path / "real" / "t.txt", tmp_path / "link.txt"
    real.write_text("old")
    link.symlink_to(Path("real", "t.txt"))
    put(link, "new")
    assert link.is_symlink()
    assert real.read_text() == "new"
    assert not real.is_symlink()
    assert names(tmp_path / "real") == ["t.txt"]


def test_a_link_that_leads_nowhere_yet(tmp_path):
    link = tmp_path / "link.txt"
    link.symlink_to("later.txt")
    put(link, "new")
    assert (tmp_path / "later.txt").read_text() == "new"
    assert link.is_symlink()


def test_another_name_of_the_same_file_keeps_what_it_had(tmp_path):
    path, other = tmp_path / "t.txt", tmp_path / "other.txt"
    path.write_text("old")
    other.hardlink_to(path)
    put(path, "new")
    assert (path.read_text(), other.read_text()) == ("new", "old")


@pytest.mark.timeout(20)
def test_a_pipe_is_written_straight(tmp_path):
    pipe = tmp_path / "pipe.csv"
    os.mkfifo(pipe)
    got: list[str] = []
    reader = threading.Thread(target=lambda: got.append(pipe.read_text()), daemon=True)
    reader.start()
    put(pipe, "through")
    reader.join(10)
    assert got == ["through"]
    assert stat.S_ISFIFO(pipe.stat().st_mode)


@pytest.mark.parametrize("device", ["/dev/null", "/dev/stdout", "/dev/stderr", "/dev/fd/1"])
def test_a_device_is_written_straight(device):
    """Also where standard output is a file, which others may write to, too."""
    with replacing(device) as part:
        assert part == Path(device)


def test_a_folder_is_not_replaced(tmp_path):
    with pytest.raises(IsADirectoryError, match="directory"):
        put(tmp_path, "x")
    assert tmp_path.is_dir()


@pytest.mark.parametrize("mode", [0o600, 0o640, 0o664, 0o755])
def test_the_mode_of_an_earlier_file_stays(tmp_path, mode):
    path = tmp_path / "t.txt"
    path.write_text("old")
    path.chmod(mode)
    put(path, "new")
    assert stat.S_IMODE(path.stat().st_mode) == mode


@pytest.mark.parametrize(("mask", "mode"), [(0o022, 0o644), (0o077, 0o600), (0o002, 0o664)])
def test_a_new_file_has_the_mode_that_the_umask_leaves(tmp_path, mask, mode):
    before = os.umask(mask)
    try:
        put(tmp_path / "t.txt", "new")
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "t.txt").stat().st_mode) == mode


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away")
def test_the_owner_of_an_earlier_file_stays(tmp_path):
    path = tmp_path / "t.txt"
    path.write_text("old")
    os.chown(path, 1234, 2345)
    put(path, "new")
    assert (path.stat().st_uid, path.stat().st_gid) == (1234, 2345)


def test_a_write_protected_file_stays(tmp_path, monkeypatch):
    path = tmp_path / "t.txt"
    path.write_text("old")
    path.chmod(0o444)
    if os.geteuid() == 0:  # whom no mode stops
        monkeypatch.setattr(os, "access", lambda *_: False)
    with pytest.raises(PermissionError, match=r"t\.txt' is write-protected"):
        put(path, "new")
    assert path.read_text() == "old"


def test_the_longest_name_that_a_file_can_have(tmp_path):
    path = tmp_path / ("é" * 125 + ".txt")
    put(path, "new")
    assert path.read_text() == "new"


def test_who_writes_last_wins_with_a_whole_file(tmp_path):
    """Eight at once: never a piece of one in the file of another, nor an error."""
    path = tmp_path / "t.txt"
    texts = [str(k) * 200_000 for k in range(8)]
    whole = {hashlib.sha256(text.encode()).hexdigest() for text in texts}
    path.write_text(texts[0])
    errors: list[Exception] = []

    def write(text: str) -> None:
        try:
            for _ in range(5):
                put(path, text)
                assert sha256_of(path) in whole
        except Exception as error:
            errors.append(error)

    threads = [threading.Thread(target=write, args=(text,)) for text in texts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    assert sha256_of(path) in whole
    assert names(tmp_path) == ["t.txt"]


@given(st.binary(max_size=2000))
def test_the_sum_is_that_of_the_bytes(tmp_path_factory, content):
    path = tmp_path_factory.mktemp("sum") / "x"
    path.write_bytes(content)
    assert sha256_of(path) == hashlib.sha256(content).hexdigest()


def test_one_file_under_several_names(tmp_path, monkeypatch):
    path = tmp_path / "t.txt"
    path.write_text("x")
    (tmp_path / "link").symlink_to(path)
    (tmp_path / "hard").hardlink_to(path)
    (tmp_path / "equal").write_text("x")
    monkeypatch.chdir(tmp_path)
    for name in ("t.txt", "./t.txt", tmp_path / "link", "hard"):
        assert same_file(path, name)
    for name in ("equal", "nowhere", "-"):
        assert not same_file(path, name)


def test_a_link_that_was_planted_is_not_written_through(tmp_path, monkeypatch):
    theirs = tmp_path / "theirs"
    theirs.write_text("mine")
    monkeypatch.setattr("geo_risk._core.files.secrets.token_hex", lambda _: "0" * 16)
    (tmp_path / f".a.csv.{'0' * 16}.part").symlink_to(theirs)
    with pytest.raises(FileExistsError), replacing(tmp_path / "a.csv") as part:
        part.write_text("ours")
    assert theirs.read_text() == "mine"
