"""A saved result loads as what it was, or says why not; never a mixture of two."""

from __future__ import annotations

import itertools
import json
import stat
from collections.abc import Callable
from pathlib import Path

import pytest
from paths import ROOT
from typer.testing import CliRunner

import geo_risk as gr
from geo_risk import cli, maps
from geo_risk._core.files import sha256_of
from geo_risk.assessment import save_result
from geo_risk.errors import DataCorruptError, DataNotFoundError
from geo_risk.frames import saved as _saved
from geo_risk.frames.share import Sharing
from geo_risk.frames.tables import FORMATS

TABLES = ("events", "cells", "regions", "borders")


@pytest.fixture(scope="module")
def old() -> gr.Assessment:
    return assessed("Taloqan")


@pytest.fixture(scope="module")
def new() -> gr.Assessment:
    return assessed("Faizabad", "Taloqan")


def assessed(*places: str) -> gr.Assessment:
    rows = [{"location_name": name, "country": "Afghanistan"} for name in places]
    return gr.assess(rows, hotspot_resolution=4)


def stated(folder: Path) -> dict[str, object]:
    return json.loads((folder / "provenance.json").read_text(encoding="utf-8"))


def is_one_of(found: gr.Assessment, *known: gr.Assessment) -> bool:
    """Whether all parts of a result are those of the same known one."""
    return any(
        found.provenance == json.loads(json.dumps(one.provenance))
        and all(same(getattr(found, name), getattr(one, name)) for name in TABLES)
        for one in known
    )


def same(table, other) -> bool:
    if table is None or other is None:
        return table is other
    return table.to_wkb().to_csv() == other.to_wkb().reset_index(drop=True).to_csv()


def test_the_provenance_has_the_sums_of_all_tables(old, tmp_path):
    written = old.save(tmp_path, formats=FORMATS)
    assert written[-1].name == "provenance.json"
    tables = {path.name: sha256_of(path) for path in written[:-1]}
    assert len(tables) == len(TABLES) * len(FORMATS)
    assert stated(tmp_path)["sha256"] == tables
    assert "sha256" not in gr.Assessment.load(tmp_path).provenance


@pytest.mark.parametrize("name", TABLES)
def test_a_table_of_another_result_is_named(old, new, tmp_path, name):
    old.save(tmp_path / "old")
    new.save(tmp_path / "new")
    file = f"{name}.parquet"
    (tmp_path / "old" / file).write_bytes((tmp_path / "new" / file).read_bytes() + b"x")
    with pytest.raises(DataCorruptError, match=rf"{name}\.parquet is not the file that was saved"):
        gr.Assessment.load(tmp_path / "old")


@pytest.mark.parametrize("name", TABLES)
def test_a_table_that_is_gone_is_named(old, tmp_path, name):
    old.save(tmp_path)
    (tmp_path / f"{name}.parquet").unlink()
    with pytest.raises(DataCorruptError, match=rf"{name}\.parquet is missing"):
        gr.Assessment.load(tmp_path)


def test_all_that_does_not_fit_is_named(old, tmp_path):
    old.save(tmp_path)
    (tmp_path / "cells.parquet").unlink()
    (tmp_path / "events.parquet").write_bytes(b"x")
    with pytest.raises(DataCorruptError, match=r"cells\.parquet is missing; events\.parquet is an"):
        gr.Assessment.load(tmp_path)


def test_a_damaged_provenance_is_named(old, tmp_path):
    old.save(tmp_path)
    (tmp_path / "provenance.json").write_text("{")
    with pytest.raises(DataCorruptError, match=r"provenance\.json is damaged: .*Save again"):
        gr.Assessment.load(tmp_path)


def test_results_of_earlier_versions_still_load(old, tmp_path):
    old.save(tmp_path)
    provenance = stated(tmp_path)
    del provenance["sha256"]
    (tmp_path / "provenance.json").write_text(json.dumps(provenance))
    assert is_one_of(gr.Assessment.load(tmp_path), old)


def test_what_version_0_1_wrote_still_loads():
    rows = [{"location_name": name, "country": "Afghanistan", "date": "2024-05-01"}
            for name in ("Faizabad", "Taloqan")]  # fmt: skip
    today = gr.assess(rows, hotspot_resolution=4)
    found = gr.Assessment.load(Path(__file__).parent / "saved_0.1.0")
    assert found.provenance["geo_risk"] == "0.1.0"
    assert list(found.events["region_code"]) == ["AF-BDS", "AF-TAK"]
    assert [len(getattr(found, name)) for name in TABLES] == [
        len(getattr(today, name)) for name in TABLES
    ]


def test_what_an_earlier_result_left_there_is_not_loaded(old, tmp_path):
    """Of the new one there are no cells."""
    lost = gr.assess([{"location_name": "Nowhereville", "country": "Afghanistan"}])
    assert lost.cells is None
    old.save(tmp_path)
    lost.save(tmp_path)
    assert (tmp_path / "cells.parquet").is_file()
    assert gr.Assessment.load(tmp_path).cells is None


def test_the_same_result_may_be_saved_in_further_formats(old, tmp_path):
    old.save(tmp_path)
    old.save(tmp_path, formats=[".gpkg"])
    assert is_one_of(gr.Assessment.load(tmp_path), old)
    assert len(stated(tmp_path)["sha256"]) == 3 * len(TABLES)


def test_another_result_in_another_format_is_not_mixed_with_what_was_there(old, new, tmp_path):
    old.save(tmp_path)
    new.save(tmp_path, formats=[".gpkg"])
    with pytest.raises(DataNotFoundError, match=r"no events\.parquet: save with \.parquet"):
        gr.Assessment.load(tmp_path)


class StoppedError(Exception):
    """In place of a kill, which `tests/toolchain/test_interrupted.py` has."""


@pytest.mark.parametrize("before", [True, False])
def test_stopped_at_any_step_it_is_one_or_the_other(old, new, tmp_path, monkeypatch, before):
    seen = []
    for step in itertools.count(1):
        folder = tmp_path / str(step)
        if before:
            old.save(folder, formats=[".parquet"])
        with monkeypatch.context() as patch:
            stopped = stops_at(step, patch, lambda folder=folder: new.save(folder))
        found = loaded(folder)
        if isinstance(found, gr.Assessment):
            seen.append("new" if is_one_of(found, new) else "old")
            assert seen[-1] == "new" or is_one_of(found, old)
        else:
            seen.append("none" if "no assessment was saved." in found else "interrupted")
            assert seen[-1] == "none" or found.endswith("the save was interrupted. Save again.")
        if not stopped:
            break
    order = ["old" if before else "none", "interrupted", "new"]
    assert seen == sorted(seen, key=order.index)
    assert set(seen) == set(order)


def stops_at(step: int, patch: pytest.MonkeyPatch, do: Callable[[], object]) -> bool:
    """Whether something was stopped: at every rename and removal, nothing is tidied up after."""
    count = 0

    def counted(run):
        def call(self, *given, **named):
            nonlocal count
            count += 1
            if count >= step:
                raise StoppedError
            return run(self, *given, **named)

        return call

    for name in ("replace", "unlink", "write_text", "chmod"):
        patch.setattr(Path, name, counted(getattr(Path, name)))
    try:
        do()
    except StoppedError:
        return True
    return False


def loaded(folder: Path) -> gr.Assessment | str:
    """The result, or what is said in its place."""
    try:
        return gr.Assessment.load(folder)
    except (DataCorruptError, DataNotFoundError) as error:
        return str(error)


def test_an_error_leaves_the_earlier_result(old, new, tmp_path, monkeypatch):
    old.save(tmp_path, formats=FORMATS)
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    write = _saved.write_part

    def failing(table, part, target, **options):
        if target.name == "borders.arrow":  # the last
            raise OSError("No space left on device")
        write(table, part, target, **options)

    monkeypatch.setattr(_saved, "write_part", failing)
    with pytest.raises(OSError, match="No space left"):
        new.save(tmp_path, formats=FORMATS)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_what_cannot_be_written_is_known_before_anything_is(old, new, tmp_path):
    old.save(tmp_path)
    (tmp_path / "cells.csv").unlink()
    (tmp_path / "cells.csv").mkdir()
    with pytest.raises(ValueError, match=r"cells\.csv' is a folder"):
        new.save(tmp_path)
    assert is_one_of(gr.Assessment.load(tmp_path), old)


def test_links_and_modes_of_a_result_stay(old, new, tmp_path):
    folder, there = tmp_path / "result", tmp_path / "there"
    there.mkdir()
    for path in old.save(folder):
        path.chmod(0o640)
        path.rename(there / path.name)
        path.symlink_to(there / path.name)
    for path in new.save(folder):
        assert path.is_symlink()
        assert stat.S_IMODE(path.stat().st_mode) == 0o640
    assert is_one_of(gr.Assessment.load(folder), new)


def test_what_a_kill_left_is_no_rest_to_pass_on(old, tmp_path):
    """A file beside, of a save with all rows, would go with what is for others."""
    (tmp_path / ".events.parquet.0123456789abcdef.part").write_bytes(b"rows")
    with pytest.raises(ValueError, match=r"contains \.events\.parquet\.0123456789abcdef\.part"):
        old.save(tmp_path, share=True)


def test_the_name_of_the_sums_is_documented():
    page = (ROOT / "docs" / "output.md").read_text(encoding="utf-8")
    assert f"| `{_saved._SUMS}` |" in page


MAPS = {"map.png": b"picture", "map.html": b"<html>page"}


def save_with_maps(found: gr.Assessment, folder: Path, maps: dict[str, bytes] = MAPS) -> None:
    alone = Sharing(False, None, None, False, False, None)
    save_result(found, folder, [".parquet"], alone, maps)


def test_maps_stand_in_the_provenance_and_are_verified(old, tmp_path):
    save_with_maps(old, tmp_path)
    assert stated(tmp_path)["sha256"].keys() >= MAPS.keys()
    assert is_one_of(gr.Assessment.load(tmp_path), old)
    (tmp_path / "map.png").write_bytes(b"another")
    (tmp_path / "map.html").unlink()
    told = r"map\.html is missing; map\.png is not the file that was saved"
    with pytest.raises(DataCorruptError, match=told):
        gr.Assessment.load(tmp_path)


def test_maps_of_another_result_go_with_it(old, new, tmp_path):
    save_with_maps(old, tmp_path)
    old.save(tmp_path, formats=[".csv"])  # the same result: its maps stay
    assert (tmp_path / "map.png").read_bytes() == b"picture"
    assert is_one_of(gr.Assessment.load(tmp_path), old)
    new.save(tmp_path)
    assert not list(tmp_path.glob("map.*"))
    assert is_one_of(gr.Assessment.load(tmp_path), new)


def test_a_map_that_is_not_what_was_saved_stays(old, new, tmp_path):
    (tmp_path / "map.svg").write_bytes(b"mine")
    save_with_maps(old, tmp_path)
    (tmp_path / "map.png").write_bytes(b"painted over")
    new.save(tmp_path)
    assert (tmp_path / "map.png").read_bytes() == b"painted over"
    assert (tmp_path / "map.svg").read_bytes() == b"mine"
    assert is_one_of(gr.Assessment.load(tmp_path), new)


def test_a_provenance_that_names_files_elsewhere_removes_none(old, new, tmp_path):
    folder = tmp_path / "folder"
    save_with_maps(old, folder)
    (tmp_path / "map.png").write_bytes(b"picture")
    noted = stated(folder)
    noted["sha256"]["../map.png"] = sha256_of(tmp_path / "map.png")
    (folder / "provenance.json").write_text(json.dumps(noted), encoding="utf-8")
    new.save(folder)
    assert (tmp_path / "map.png").exists()


def test_no_maps_of_an_earlier_run_lie_beside_the_tables_of_another(tmp_path, monkeypatch):
    """Stopped while it draws, the command leaves all of the earlier result or none of it."""
    rows = {"one": "Taloqan", "two": "Faizabad"}
    for name, place in rows.items():
        text = f"location_name,country\n{place},Afghanistan\n"
        (tmp_path / f"{name}.csv").write_text(text, encoding="utf-8")
    out = tmp_path / "out"

    def run(name: str) -> object:
        return CliRunner().invoke(
            cli.app, ["assess", str(tmp_path / f"{name}.csv"), "--out", str(out)]
        )

    assert run("one").exit_code == 0
    before = {path.name: path.read_bytes() for path in out.iterdir()}
    assert stated(out)["sha256"].keys() >= MAPS.keys()
    with monkeypatch.context() as patch:
        patch.setattr(maps.Map, "html", lambda *_, **__: (_ for _ in ()).throw(KeyboardInterrupt))
        assert run("two").exit_code != 0
    assert {path.name: path.read_bytes() for path in out.iterdir()} == before
    assert run("two").exit_code == 0
    assert all(
        (out / name).read_bytes() != before[name] for name in before if "borders" not in name
    )
