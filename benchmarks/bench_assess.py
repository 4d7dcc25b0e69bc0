"""Time and memory of one call of `assess` on a file of events, including reading the file.

    python benchmarks/bench_assess.py --path ucdp_ged_v24_1_mexico.parquet \\
        --out benchmarks/results/assess_ucdp_mexico.json

Without a file, it uses `--n` events drawn around the places of the gazetteer. Each round is a
separate process, so that loading the layer, the borders and the kernels counts; the disk cache
stays.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path

import common
import numpy as np
import pandas as pd

ROUND = """
import json, resource, sys, time
start, cpu = time.perf_counter(), time.process_time()
import geo_risk as gr
found = gr.assess(sys.argv[1])
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
print(json.dumps({
    "events": len(found.events),
    "cells": 0 if found.cells is None else len(found.cells),
    "seconds": round(time.perf_counter() - start, 2),
    "processor_seconds": round(time.process_time() - cpu, 2),
    "peak_mb": round(peak / (2**20 if sys.platform == "darwin" else 1024), 1),
}))
"""


def main() -> None:
    """Run the rounds and print them."""
    parser = common.options(__doc__, 20_000, "events, if no file is given")
    parser.add_argument("--path", type=Path, help="a file that `read_events` knows")
    arguments = parser.parse_args()
    report = common.head(("geo-risk", "geopandas", "h3", "numba", "numpy", "pandas", "shapely"))
    with tempfile.TemporaryDirectory() as folder:
        path = arguments.path
        if path is None:
            path = Path(folder) / "events.csv"
            lon, lat = common.clustered_points(arguments.n, np.random.default_rng(common.SEED))
            pd.DataFrame({"lon": lon, "lat": lat, "date": "2022-03-05"}).to_csv(path, index=False)
        for number in range(arguments.rounds if arguments.n > 10 else 1):
            told = subprocess.run(
                [sys.executable, "-c", ROUND, str(path)], capture_output=True, text=True, check=True
            )
            row = {"round": number, "input": path.name, **json.loads(told.stdout)}
            report["rows"].append(row)
            print(row)
    common.write(report, arguments.out, "bench_assess")


if __name__ == "__main__":
    main()
