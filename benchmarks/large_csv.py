"""Read a large CSV and geocode it chunk by chunk: is every row there?

    python benchmarks/large_csv.py --gb 1 --out benchmarks/results/large_csv.json
    python benchmarks/large_csv.py --rows 1000000 --bad 10000 \\
        --out benchmarks/results/malformed_rows.json

The file is generated, with `--bad` damaged rows at random places. Every chunk of `iter_events` is
geocoded; its good rows must be as they were written, each bad one must have its reason, and the
peak resident memory while the chunk is read and located is recorded (Linux).
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import common
import numpy as np
import pandas as pd

import geo_risk as gr
from geo_risk.events import iter_events

HEADER = b"id,date,lon,lat,country,notes\n"
NOTE = "Reported by two newspapers; the number of people who were hurt is not known. "
BLOCK = 50_000
# A damaged line and the flag that it must get; {} stands for the row's own id.
DAMAGE: tuple[tuple[bytes, str], ...] = (
    (b"{},2020-01-05\n", "too_few_fields"),
    (b"{},2020-01-05,69.5,36.7,Afghanistan,note,and,more\n", "too_many_fields"),
    (b'{},2020-01-05,69.5,36.7,Afghanistan,"never closed\n', "unreadable_row"),
    (b"{},2020-01-05,sixty nine,36.7,Afghanistan,note\n", "bad_coordinates"),
    (b"{},2020-01-05,69.5,95.2,Afghanistan,note\n", "lat_out_of_range"),
    (b"{},2020-01-05,190.5,36.7,Afghanistan,note\n", "lon_out_of_range"),
    (b"{},2020-02-30,69.5,36.7,Afghanistan,note\n", "bad_date"),
    (b"{},2020-01-05,,36.7,Afghanistan,note\n", "no_coordinates"),
    (b"{},2020-01-05,0,0,Afghanistan,note\n", "null_island"),
    (b"{},,69.5,36.7,Afghanistan,note\n", "no_date"),
)


def truth(start: int, stop: int, seed: int) -> dict[str, np.ndarray]:
    """Content of the rows of one block."""
    rng = np.random.default_rng([seed, start])
    n = stop - start
    lon, lat = common.uniform_points(n, rng)
    days = np.datetime64("2000-01-01") + rng.integers(0, 9000, n)
    return {"number": np.arange(start, stop), "lon": lon.round(5), "lat": lat.round(5), "day": days}


def damaged_rows(rows: int, bad: int, seed: int) -> dict[int, int]:
    """Row → kind of damage, all kinds equally often."""
    rng = np.random.default_rng([seed, rows, bad])
    chosen = np.sort(rng.choice(rows, bad, replace=False))
    return {int(row): k % len(DAMAGE) for k, row in enumerate(chosen)}


def write_file(path: Path, rows: int, bad: dict[int, int], seed: int) -> int:
    """Write the table; return its size in bytes."""
    with path.open("wb") as stream:
        stream.write(HEADER)
        for start in range(0, rows, BLOCK):
            block = truth(start, min(start + BLOCK, rows), seed)
            lines = [
                f"e{number},{day},{lon:.5f},{lat:.5f},,{NOTE}{number}\n".encode()
                for number, day, lon, lat in zip(*(block[name].tolist() for name in
                                                   ("number", "day", "lon", "lat")))
            ]  # fmt: skip
            for row in range(start, start + len(lines)):
                if row in bad:
                    lines[row - start] = DAMAGE[bad[row]][0].replace(b"{}", f"e{row}".encode())
            stream.writelines(lines)
    return path.stat().st_size


def memory_mb(reset: bool = False) -> dict[str, float] | None:
    """Resident memory now and its peak since the last reset; None without /proc."""
    try:
        told = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
        if reset:
            Path("/proc/self/clear_refs").write_text("5", encoding="ascii")
    except OSError:
        return None
    sizes = {line.split(":")[0]: line.split()[1] for line in told if line.startswith("Vm")}
    return {"now": int(sizes["VmRSS"]) / 1024, "peak": int(sizes["VmHWM"]) / 1024}


def wrong_rows(frame: Any, block: dict[str, np.ndarray], bad: dict[int, int]) -> Iterator[str]:
    """Yield a message for every wrong row of a chunk."""
    numbers = block["number"].tolist()
    good = np.array([number not in bad for number in numbers])
    if len(frame) != len(numbers):
        yield f"{len(frame)} rows instead of {len(numbers)}"
        return
    for row in np.flatnonzero(~good):
        reason = DAMAGE[bad[numbers[row]]][1]
        if reason not in frame["flags"].iloc[row].split(";"):
            yield f"row {numbers[row]}: {frame['flags'].iloc[row]!r} without {reason}"
    kept = frame[good]
    if (kept["event_id"] != [f"e{number}" for number in np.array(numbers)[good]]).any():
        yield "an identifier is not what was written"
    if (kept["flags"] != "").any():
        yield f"a good row is flagged: {Counter(kept['flags']).most_common(2)}"
    for name, values in (("lon", kept.geometry.x), ("lat", kept.geometry.y)):
        if (values.to_numpy() != block[name][good]).any():
            yield f"a {name} is not what was written"
    if (kept["date_start"].to_numpy() != block["day"][good]).any():
        yield "a date is not what was written"


def run(path: Path, rows: int, bad: dict[int, int], seed: int, chunk_rows: int) -> dict[str, Any]:
    """Read and geocode the file chunk by chunk; return the results."""
    gr.load_regions().locate(lon=[0.0], lat=[0.0])  # the layer is not part of a chunk's memory
    faults: list[str] = []
    reasons, matched, peaks = Counter[str](), Counter[str](), []
    seen, began, cpu = 0, time.perf_counter(), time.process_time()
    memory_mb(reset=True)
    for chunk in iter_events(path, chunk_rows=chunk_rows):
        found = gr.geocode(chunk, snap_km=0.0)
        peaks.append(memory_mb())
        parts = []
        for start in range(seen // BLOCK * BLOCK, seen + len(found), BLOCK):
            parts.append(truth(start, min(start + BLOCK, rows), seed))
        whole = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
        first = int(whole["number"][0])
        block = {key: v[seen - first : seen - first + len(found)] for key, v in whole.items()}
        faults += wrong_rows(found, block, bad)
        told = pd.Series([bad.get(number) for number in block["number"].tolist()]).dropna()
        reasons.update(DAMAGE[int(kind)][1] for kind in told)
        matched.update(found["match"].tolist())
        seen += len(found)
        memory_mb(reset=True)  # memory for the comparison does not count
    result: dict[str, Any] = {
        "rows": seen,
        "chunk_rows": chunk_rows,
        "seconds": round(time.perf_counter() - began, 1),
        "processor_seconds": round(time.process_time() - cpu, 1),
        "bad_rows_by_reason": dict(sorted(reasons.items())),
        "match": dict(sorted(matched.items())),
        "faults": faults[:20],
    }
    known = [peak for peak in peaks if peak is not None]
    if known:
        result["peak_mb_per_chunk"] = [round(peak["peak"], 1) for peak in known]
        result["resident_mb_after_chunk"] = [round(peak["now"], 1) for peak in known]
    if seen != rows:
        result["faults"].append(f"{seen} rows came out of {rows}")
    return result


def main(argv: list[str] | None = None) -> int:
    """Generate, read and compare; return 1 if any row is missing or wrong."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--gb", type=float, default=1.0, help="size of the file, about")
    parser.add_argument("--rows", type=int, help="number of rows, instead of a size")
    parser.add_argument("--bad", type=int, default=0, help="damaged rows among them")
    parser.add_argument("--chunk-rows", type=int, default=100_000)
    parser.add_argument("--folder", type=Path, help="where to write the file; default: temporary")
    parser.add_argument("--out", type=Path, help="write the result to this JSON file")
    arguments = parser.parse_args(argv)
    row_bytes = len(NOTE) + 43  # measured: id, day, two numbers, note
    rows = arguments.rows or max(1, int(arguments.gb * 1e9 / row_bytes))
    bad = damaged_rows(rows, arguments.bad, common.SEED)
    report = common.head(("geo-risk", "geopandas", "numpy", "pandas", "pyarrow", "shapely"))
    with tempfile.TemporaryDirectory(dir=arguments.folder) as folder:
        path = Path(folder) / "events.csv"
        size = write_file(path, rows, bad, common.SEED)
        found = run(path, rows, bad, common.SEED, arguments.chunk_rows)
    report["rows"] = [{"file_bytes": size, "damaged_rows": len(bad), **found}]
    common.write(report, arguments.out, "large_csv")
    peaks = found.get("peak_mb_per_chunk", [])
    print(f"{size / 1e9:.3f} GB, {found['rows']:,} rows, {len(bad):,} of them damaged")
    print(f"{found['seconds']} s, of the processor {found['processor_seconds']} s")
    if peaks:
        print(f"{len(peaks)} chunks; peak memory {min(peaks):.0f} to {max(peaks):.0f} MB")
    for reason, count in found["bad_rows_by_reason"].items():
        print(f"  {reason}: {count:,}")
    for fault in found["faults"]:
        print(f"wrong: {fault}")
    return 1 if found["faults"] else 0


if __name__ == "__main__":
    sys.exit(main())
