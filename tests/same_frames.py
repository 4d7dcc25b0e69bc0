"""Are the frames of every verb those of an earlier commit: values, order, index, types, notes?

    python tests/same_frames.py [REVISION]

The earlier commit is taken from the repository into a temporary folder. Both versions get the same
input in processes of their own: the demonstration, the event files beside the checkout, and frames
that hypothesis makes. The default revision is the last one before events were decoded once.
"""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd

TESTS = Path(__file__).resolve().parent
BEFORE = "2988913"
N_FRAMES = 400
NOW = "2026-11-01"  # a later day flags no event as lying in the future


def made_frames(n: int) -> list[Any]:
    """Frames of events with awkward columns, the same in every run."""
    from hypothesis import HealthCheck, Phase, given, settings
    from strategies import event_frames

    found: list[Any] = []

    @settings(
        max_examples=n, derandomize=True, database=None, phases=[Phase.generate], deadline=None,
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    @given(event_frames())
    def keep(frame: Any) -> None:
        found.append(frame)

    keep()
    return found


def results(frames: list[Any]) -> Iterator[tuple[str, Any]]:
    """Name and frame of everything that is compared."""
    from digests import EVENTS, FILES, TABLES

    import geo_risk as gr
    from geo_risk.demo import run_demo

    code = os.environ["PYTHONPATH"].split(os.pathsep)[0]
    assert Path(gr.__file__).is_relative_to(code), f"{gr.__file__} is not of {code}"

    def of(name: str, found: gr.Assessment) -> Iterator[tuple[str, Any]]:
        yield from ((f"{name}, {table}", getattr(found, table)) for table in TABLES)

    with tempfile.TemporaryDirectory() as folder:
        demo = run_demo(folder)
    yield from of("demo reports", demo.reports)
    yield from of("demo earthquakes", demo.earthquakes)
    for name, file in FILES.items():
        if (EVENTS / file).is_file():
            yield from of(name, gr.assess(EVENTS / file, now=NOW))
            yield f"{name}, check", gr.check_events(gr.read_events(EVENTS / file), now=NOW)
    for number, frame in enumerate(frames):
        yield f"frame {number}, check", gr.check_events(frame, now=NOW)
        located = gr.geocode(frame)
        yield f"frame {number}, geocode", located
        yield f"frame {number}, index_h3", gr.index_h3(located, resolution=5)
        yield f"frame {number}, index_h3 parent", gr.index_h3(frame, coarse="parent")
        yield f"frame {number}, border_proximity", gr.border_proximity(located)


def results_of(code: Path, frames: Path, folder: Path) -> dict[str, Any]:
    """Results of one version, in a process that imports it."""
    out = folder / "results.pickle"
    paths = os.pathsep.join(map(str, [code, TESTS]))
    environment = os.environ | {"PYTHONPATH": paths, "NUMBA_CACHE_DIR": str(folder / "numba")}
    command = [sys.executable, __file__, "--write", str(frames), str(out)]
    subprocess.run(command, env=environment, cwd=folder, check=True)
    found: dict[str, Any] = pickle.loads(out.read_bytes())
    return found


def differences(before: dict[str, Any], after: dict[str, Any]) -> list[str]:
    """Names of results that differ, each with the first difference."""
    found = [f"{name}: only one version has it" for name in before.keys() ^ after.keys()]
    for name in before.keys() & after.keys():
        old, new = before[name], after[name]
        try:
            if old is not None or new is not None:
                pd.testing.assert_frame_equal(new, old, check_exact=True)
                assert new.attrs == old.attrs, f"{new.attrs} and {old.attrs}"
                assert new.crs == old.crs
        except AssertionError as error:
            found.append(f"{name}: {error}")
    return found


def compare(revision: str, n_frames: int) -> list[str]:
    """Differences between an earlier revision and this checkout."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        archive, frames = folder / "code.tar", folder / "frames.pickle"
        subprocess.run(
            ["git", "archive", "-o", archive, revision, "geo_risk", "boundaries"],
            cwd=TESTS.parent, check=True,
        )  # fmt: skip
        with tarfile.open(archive) as packed:
            packed.extractall(folder / "code", filter="data")
        frames.write_bytes(pickle.dumps(made_frames(n_frames)))
        found = []
        for code in (folder / "code", TESTS.parent):
            own = folder / f"run {len(found)}"
            own.mkdir()
            found.append(results_of(code, frames, own))
    print(f"{len(found[1])} frames compared with {revision}")
    return differences(*found)


def main() -> int:
    """Compare and print; 1 if something differs. With --write, the results of this version."""
    if sys.argv[1:2] == ["--write"]:
        frames = pickle.loads(Path(sys.argv[2]).read_bytes())
        Path(sys.argv[3]).write_bytes(pickle.dumps(dict(results(frames))))
        return 0
    differ = compare(*(sys.argv[1:] or [BEFORE]), n_frames=N_FRAMES)
    print("\n".join(differ) or "all as before")
    return int(bool(differ))


if __name__ == "__main__":
    sys.exit(main())
