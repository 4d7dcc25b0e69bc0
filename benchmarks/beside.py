"""`assess` beside an earlier commit: the same events in both, in turn, processor time.

    python benchmarks/beside.py                           # 100,000 events, beside 2988913
    python benchmarks/beside.py --revision v0.2.0 --rounds 3
    python benchmarks/beside.py --out benchmarks/results/beside.json

The commit is unpacked into a temporary folder (`git archive`), with caches of its own. Every call
has a process of its own; one call of each comes first and is not counted, so that kernels and
indexes are ready. The tables of both must be equal.
"""

from __future__ import annotations

import io
import os
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent))
import common
import event_files
import numpy as np
import targets
import whole_calls

REVISION = "2988913"
"""The commit before verbs were made faster (November 2026)."""
TABLES = "events", "cells", "regions", "borders"
_CHECK = """
import geo_risk as gr
assert gr.__file__.startswith({tree!r}), gr.__file__
"""
_RUN = f"""
import pandas
found = gr.assess(str(FOLDER / "events.parquet"))
spent = time.process_time() - began
for name in {TABLES!r}:
    pandas.to_pickle(getattr(found, name), FOLDER / f"{{name}} {{LABEL}}.pickle")
began = time.process_time() - spent
"""


def unpack(revision: str, folder: Path) -> None:
    """Write the files of a commit into a folder."""
    command = ["git", "-C", str(whole_calls.ROOT), "archive", "--format=tar", revision]
    done = subprocess.run(command, capture_output=True, check=False)
    if done.returncode:
        raise SystemExit(f"{revision}: {done.stderr.decode(errors='replace').strip()}")
    with tarfile.open(fileobj=io.BytesIO(done.stdout)) as archive:
        archive.extractall(folder, filter="data")


def call(label: str, tree: Path, folder: Path) -> dict[str, float]:
    """One call of `assess` with the code of a tree; the old one has caches of its own."""
    env = {"PYTHONPATH": os.pathsep.join(filter(None, [str(tree), os.environ.get("PYTHONPATH")]))}
    if label == "old":
        caches = str(folder / "caches")
        env |= {"GEO_RISK_CACHE_DIR": caches, "NUMBA_CACHE_DIR": caches}
    given = _CHECK.format(tree=str(tree)) + f"LABEL = {label!r}"
    return whole_calls.in_process(whole_calls.Process(_RUN, given), folder, env)


def different(folder: Path) -> list[str]:
    """Tables that are not equal."""
    import pandas as pd

    wrong = []
    for name in TABLES:
        old, new = (pd.read_pickle(folder / f"{name} {label}.pickle") for label in ("old", "new"))  # noqa: S301
        try:
            pd.testing.assert_frame_equal(pd.DataFrame(old), pd.DataFrame(new))
        except AssertionError as error:
            wrong.append(f"{name}: {error}")
    return wrong


def run(revision: str, n: int, rounds: int) -> dict[str, Any]:
    """Seconds and peak memory of both trees, in turn."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        trees = {"old": folder / "tree", "new": whole_calls.ROOT}
        unpack(revision, trees["old"])
        event_files.write(folder, n)
        found: dict[str, list[dict[str, float]]] = {label: [] for label in trees}
        for turn in range(rounds + 1):
            for label, tree in trees.items():
                told = call(label, tree, folder)
                if turn:
                    found[label].append(told)
        wrong = different(folder)
    times = {label: [each["seconds"] for each in found[label]] for label in trees}
    row = {"job": "assess", "n": n, "seconds": times, "rounds": found, "differ": wrong}
    return row | {"ratio": common.ratios(row, "new", "old").tolist()}


def main() -> None:
    """Read the options; run; print."""
    parser = common.options(__doc__, 100_000, "events")
    parser.add_argument("--revision", default=REVISION, help="a commit or a tag")
    asked = parser.parse_args()
    report = common.head(("geo-risk", "geopandas", "numba", "numpy", "pandas", "shapely"))
    row = run(asked.revision, asked.n, asked.rounds)
    judged = targets.measured("beside", row["ratio"], f"{asked.n:,} events, {asked.revision}")
    report |= {"kind": "beside", "revision": asked.revision, "raw": row, "rows": [judged]}
    common.write(report, asked.out, "beside")
    for label, seconds in row["seconds"].items():
        print(f"{label}: {float(np.median(seconds)):.2f} s of the processor")
    for told in row["differ"]:
        print(f"differs: {told}")
    print(targets.markdown([judged]))
    if row["differ"]:
        raise SystemExit("The tables differ.")


if __name__ == "__main__":
    main()
