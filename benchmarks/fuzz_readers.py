"""Fuzz every file reader with damaged files: no crash, no lost row, no hang.

    python benchmarks/fuzz_readers.py --each --seconds 600 --out results.json   # every parser
    python benchmarks/fuzz_readers.py --parser text --seconds 600               # one of them
    python benchmarks/fuzz_readers.py --seconds 20                              # as in CI

A crash is an exception that the readers do not document, an exception of another library that no
reader has translated, or the end of the process: cases run in a child process, and the run
continues after a case that ended it. A workbook is damaged inside its archive, whose checksums
stay right. Each case depends only on the parser, the seed and its number; a crash report names
them, so `--parser P --seed S --case N` repeats it.
"""

from __future__ import annotations

import argparse
import gzip
import importlib.util
import io
import json
import multiprocessing
import sys
import tempfile
import time
import traceback
import warnings
import zipfile
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import common
import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from geo_risk.errors import DataCorruptError, DataNotFoundError
from geo_risk.events import FLAGS, gdelt, iter_events, read_events
from geo_risk.frames.tables import write_csv
from geo_risk.regions import load_regions

ALLOWED = (ValueError, TypeError, DataCorruptError, DataNotFoundError, ImportError)
PARSERS: dict[str, tuple[str, ...]] = {
    "text": (".csv", ".CSV"),
    "archive": (".gz", ".zip"),
    "json": (".json", ".jsonl", ".geojson"),
    "columnar": (".parquet", ".feather"),
    "vector": (".fgb", ".gpkg", ".gml"),
    "workbook": (".xlsx",),
    "wkb": (".wkb.csv", ".wkb.parquet"),
    "layers": tuple(
        f"layer{ending}"
        for ending in (".geojson", ".topojson", ".gpkg", ".fgb", ".gml", ".parquet", ".zip")
    ),
}
"""Parsers by the endings of the files they read; a workbook needs openpyxl."""
TOKENS = (
    b"", b",", b"\t", b'"', b'""', b"\n", b"\r", b"\r\n", b"\x00", b"\xff", b"\xef\xbb\xbf", b";",
    b"NaN", b"inf", b"-1e999", b"0", b"99999999999999999999", b"2020-02-30", b"01/02/2020",
    b"POINT (1 2)", b"POINT EMPTY", b"\xc3", b"null", b"{", b"[", b"}", b"]", b"A" * 2000,
)  # fmt: skip


def seeds() -> dict[str, bytes]:
    """One undamaged file of each format."""
    rows = 12
    table = pd.DataFrame(
        {
            "id": [f"e{i}" for i in range(rows)],
            "date": [f"2020-01-{i + 1:02d}" for i in range(rows)],
            "lon": np.linspace(-170, 170, rows),
            "lat": np.linspace(-80, 80, rows),
            "killed": range(rows),
            "place": ["Taloqan, Takhar"] * rows,
        }
    )
    both = table.assign(latlon=[f"{lat}, {lon}" for lat, lon in zip(table["lat"], table["lon"])])
    again = io.StringIO()  # a table written by geo_risk, with flags of a later step
    read = read_events(table.assign(place="Nowhere"))
    write_csv(read.assign(flags=[f"{text};place_not_found" for text in read["flags"]]), again)
    points = gpd.points_from_xy(table["lon"], table["lat"])
    nested = shapely.GeometryCollection([points[0], shapely.GeometryCollection(list(points[1:4]))])
    shapes = [*points[:8], nested, shapely.MultiPoint(points[:3]), points[1].buffer(1), None]
    binary = table[["id", "date"]].assign(geometry=shapely.to_wkb(np.array(shapes)))
    written = binary.assign(geometry=shapely.to_wkb(np.array(shapes), hex=True))
    packed_wkb = io.BytesIO()
    binary.to_parquet(packed_wkb)
    frame = gpd.GeoDataFrame(table[["id", "date"]], geometry=points, crs=4326)
    ucdp = pd.DataFrame(
        {
            "id": range(rows), "type_of_violence": 1, "side_a": "A", "side_b": "B",
            "where_prec": [i % 8 for i in range(rows)], "latitude": 34.5, "longitude": 69.2,
            "country": "Afghanistan", "date_prec": [i % 6 for i in range(rows)],
            "date_start": "2019-01-03", "date_end": "2019-01-04", "best": 3, "low": 2, "high": 4,
        }
    )  # fmt: skip
    acled = pd.DataFrame(
        {
            "event_id_cnty": [f"AFG{i}" for i in range(rows)], "event_date": "22 October 2022",
            "time_precision": 2, "event_type": "Battles", "actor1": "X", "latitude": 36.7,
            "longitude": 69.5, "geo_precision": 3, "fatalities": 1, "notes": 'said "no", twice',
        }
    )  # fmt: skip
    line = dict.fromkeys(gdelt.COLUMN_NAMES, "")
    line |= {"GLOBALEVENTID": "9", "SQLDATE": "20191024", "DATEADDED": "20191024143000"}
    line |= {"ActionGeo_Type": "4", "ActionGeo_Lat": "52.5", "ActionGeo_Long": "13.4"}
    workbook = {}
    if importlib.util.find_spec("openpyxl") is not None:
        sheet = io.BytesIO()
        table.to_excel(sheet, index=False)
        workbook["table.xlsx"] = sheet.getvalue()
    packed = io.BytesIO()
    csv = table.to_csv(index=False).encode()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("e.csv", csv)
    with tempfile.TemporaryDirectory() as folder:
        frame.to_file(Path(folder) / "e.fgb", driver="FlatGeobuf")
        frame.to_file(Path(folder) / "e.gpkg", driver="GPKG")
        frame.to_file(Path(folder) / "e.gml", driver="GML")
        (Path(folder) / "e.xsd").unlink()
        frame.to_feather(Path(folder) / "e.feather")
        vector = {path.suffix: path.read_bytes() for path in Path(folder).iterdir()}
    parquet, geoparquet = io.BytesIO(), io.BytesIO()
    table.to_parquet(parquet)
    frame.to_parquet(geoparquet)
    return {
        "table.csv": csv,
        "both.csv": both.drop(columns=["lon", "lat"]).to_csv(index=False, sep=";").encode(),
        "again.csv": again.getvalue().encode(),
        "wkt.csv": b'id,geometry\n1,POINT (1 2)\n2,"LINESTRING (0 1, 2 3)"\n',
        "ucdp.csv": ucdp.to_csv(index=False).encode(),
        "acled.csv": acled.to_csv(index=False).encode(),
        "gdelt.export.CSV": ("\t".join(line.values()) + "\n").encode() * rows,
        "table.csv.gz": gzip.compress(csv),
        "table.zip": packed.getvalue(),
        "records.json": json.dumps(table.to_dict("records")).encode(),
        "records.jsonl": table.to_json(orient="records", lines=True).encode(),
        "points.geojson": frame.to_json().encode(),
        "table.parquet": parquet.getvalue(),
        "points.parquet": geoparquet.getvalue(),
        "points.wkb.csv": written.to_csv(index=False).encode(),
        "points.wkb.parquet": packed_wkb.getvalue(),
        **{f"points{suffix}": content for suffix, content in vector.items()},
        **workbook,
        **layers(),
    }


def layers() -> dict[str, bytes]:
    """One undamaged layer of regions in each format."""
    squares = [shapely.box(x, y, x + 1, y + 1) for x in range(3) for y in range(2)]
    squares[0] = shapely.MultiPolygon([squares[0], shapely.box(9, 9, 10, 10)])
    names = [f"r{i}" for i in range(len(squares))]
    frame = gpd.GeoDataFrame({"code": names, "name": names}, geometry=squares, crs=4326)
    ring = [[0, 0], [1, 0], [1, 1], [0, 1], [0, 0]]
    shape = {"type": "Polygon", "arcs": [[0]], "properties": {"code": "a", "name": "a"}}
    collection = {"type": "GeometryCollection", "geometries": [shape]}
    topology = {"type": "Topology", "arcs": [ring], "objects": {"l": collection}}
    made = {"layer.topojson": json.dumps(topology).encode()}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for ending in (".geojson", ".gpkg", ".fgb", ".gml", ".shp"):
            frame.to_file(folder / f"layer{ending}")
        frame.to_parquet(folder / "layer.parquet")
        with zipfile.ZipFile(folder / "layer.zip", "w", zipfile.ZIP_DEFLATED) as archive:
            for ending in (".shp", ".shx", ".dbf", ".prj"):
                archive.write(folder / f"layer{ending}", f"layer{ending}")
        for ending in (".geojson", ".gpkg", ".fgb", ".gml", ".parquet", ".zip"):
            made[f"layer{ending}"] = (folder / f"layer{ending}").read_bytes()
    return made


def damage_inside(data: bytes, rng: np.random.Generator) -> bytes:
    """Archive with one of its members damaged and a matching checksum."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    chosen = sorted(members)[int(rng.integers(0, len(members)))]
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, damage(content, rng) if name == chosen else content)
    return out.getvalue()


def damage(data: bytes, rng: np.random.Generator) -> bytes:
    """Cut, repeat, overwrite or insert bytes, a few times."""
    out = bytearray(data)
    for _ in range(int(rng.integers(0, 8))):
        at, length = int(rng.integers(0, len(out) + 1)), int(rng.integers(0, 40))
        action = int(rng.integers(0, 5))
        if action == 0:
            del out[at : at + length]
        elif action == 1:
            out[at:at] = out[at : at + length]
        elif action == 2:
            out[at:at] = TOKENS[int(rng.integers(0, len(TOKENS)))]
        elif action == 3 and at < len(out):
            out[at] = int(rng.integers(0, 256))
        else:
            out[at : at + length] = TOKENS[int(rng.integers(0, len(TOKENS)))]
    return bytes(out)


def check(path: Path, stream: bool) -> int:
    """Read one file and check what must always hold; return the number of rows."""
    if path.name.startswith("layer."):
        crs = "EPSG:4326" if path.suffix == ".topojson" else None  # TopoJSON states no CRS
        return len(load_regions(path, code="code", crs=crs))
    options = {"dayfirst": True}
    if stream:
        frames = list(iter_events(path, chunk_rows=5, **options))
    else:
        frames = [read_events(path, **options)]
    for frame in frames:
        codes = {code for text in frame["flags"] for code in text.split(";") if code}
        if path.name != "again.csv" and not codes <= FLAGS.keys():
            raise AssertionError(f"unknown flags {codes - FLAGS.keys()}")
        if (frame.geometry.isna() & (frame["flags"] == "")).any():
            raise AssertionError("a row without geometry and without a reason")
        if frame.attrs["geo_risk"]["rows"] != len(frame):
            raise AssertionError("the report counts other rows")
    return sum(map(len, frames))


def one_case(
    seed: int, number: int, files: dict[str, bytes], folder: Path
) -> tuple[str, Callable[[], int]]:
    """Write case `number`; return its name and a function that reads it."""
    rng = np.random.default_rng([seed, number])
    name = sorted(files)[number % len(files)]
    path = folder / name
    inside = name.endswith((".xlsx", ".zip")) and rng.random() < 0.8
    path.write_bytes((damage_inside if inside else damage)(files[name], rng))
    streamed = (".csv", ".CSV", ".gz", ".zip", ".parquet")
    stream = bool(rng.random() < 0.3) and name.endswith(streamed)
    return name, lambda: check(path, stream)


def _belongs(file: str, parser: str) -> bool:
    """Whether a parser reads a file: layers are not events, and WKB has a parser of its own."""
    if file.startswith("layer.") or parser == "layers":
        return file.startswith("layer.") and parser in ("layers", "all")
    return ".wkb." not in file or parser in ("wkb", "all")


def spoken_by_us(error: BaseException) -> bool:
    """Whether a reader raised the error itself."""
    frames = traceback.extract_tb(error.__traceback__)
    return bool(frames) and "geo_risk" in Path(frames[-1].filename).parts


def fuzz(
    files: dict[str, bytes], parser: str, seed: int, seconds: float, first: int, cases: int | None
) -> dict[str, Any]:
    """Read damaged files for a while in a child process; start another one when it ends."""
    processes = multiprocessing.get_context("fork")
    end, number, ended = time.monotonic() + seconds, processes.Value("q", first), 0
    parts: list[dict[str, Any]] = []
    while time.monotonic() < end and (cases is None or number.value < first + cases):
        receive, send = processes.Pipe(duplex=False)
        more = None if cases is None else first + cases - number.value
        left = end - time.monotonic()
        arguments = (files, parser, seed, left, number, more, send.send)
        child = processes.Process(target=batch, args=arguments)
        child.start()
        send.close()
        try:
            while isinstance(told := receive.recv(), str):
                print(told)
            parts.append(told)
        except EOFError:
            child.join()
            ended += 1
            print(f"crash: --parser {parser} --seed {seed} --case {number.value}"
                  f" (the process ended: {child.exitcode})")  # fmt: skip
            number.value += 1
        child.join()
    outcomes = sum((part["outcomes"] for part in parts), Counter[str]())
    slowest = max((part["slowest"] for part in parts), default=(0.0, "none"))
    return {
        "parser": parser, "files": sorted(files), "seed": seed, "seconds": seconds,
        "cases": number.value - first, "outcomes": dict(outcomes.most_common()),
        "crashes": ended + sum(part["crashes"] for part in parts),
        "slowest_processor_seconds": round(slowest[0], 2), "slowest": slowest[1],
    }  # fmt: skip


def batch(
    files: dict[str, bytes],
    parser: str,
    seed: int,
    seconds: float,
    at: Any,
    cases: int | None,
    tell: Callable[[Any], None],
) -> None:
    """Read damaged files for a while; report each crash, then the outcomes; `at` is the case."""
    first = number = at.value
    outcomes, slowest, crashes = Counter[str](), (0.0, "none"), 0
    end = time.monotonic() + seconds
    with tempfile.TemporaryDirectory() as folder:
        while time.monotonic() < end and (cases is None or number < first + cases):
            name, read = one_case(seed, number, files, Path(folder))
            began = time.process_time()
            try:
                read()
                outcomes["read"] += 1
            except Exception as error:
                if isinstance(error, ALLOWED) and spoken_by_us(error):
                    outcomes[type(error).__name__] += 1
                else:
                    crashes += 1
                    case = f"--parser {parser} --seed {seed} --case {number} ({name})"
                    tell(f"crash: {case}\n{traceback.format_exc()}")
            slowest = max(slowest, (time.process_time() - began, f"case {number}, {name}"))
            number += 1
            at.value = number
    tell({"outcomes": outcomes, "crashes": crashes, "slowest": slowest})


def main(argv: list[str] | None = None) -> int:
    """Run for the given time; return 1 if anything crashed."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--parser", choices=[*PARSERS, "all"], default="all")
    parser.add_argument("--each", action="store_true", help="every parser, --seconds for each")
    parser.add_argument("--seconds", type=float, default=20.0)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--case", type=int, help="run this case only")
    parser.add_argument("--cases", type=int, help="stop after as many cases")
    parser.add_argument("--out", type=Path, help="write the results to this JSON file")
    arguments = parser.parse_args(argv)
    warnings.simplefilter("ignore")  # GDAL warns before it raises errors
    report, files = common.head(("geo-risk", "pandas", "pyarrow", "pyogrio")), seeds()
    for name in PARSERS if arguments.each else [arguments.parser]:
        endings = PARSERS.get(name, ("",))
        chosen = {
            file: content
            for file, content in files.items()
            if file.endswith(endings) and _belongs(file, name)
        }
        if not chosen:
            print(f"{name}: not fuzzed, its package is not installed")
            continue
        cases = 1 if arguments.case is not None else arguments.cases
        found = fuzz(chosen, name, arguments.seed, arguments.seconds, arguments.case or 0, cases)
        report["rows"].append(found)
        told = ", ".join(f"{what}: {count}" for what, count in found["outcomes"].items())
        print(f"{name}: {found['cases']} cases; {told}; crashes: {found['crashes']}")
        print(f"slowest {found['slowest_processor_seconds']} s ({found['slowest']})", flush=True)
    common.write(report, arguments.out, "fuzz_readers")
    return 1 if any(found["crashes"] for found in report["rows"]) else 0


if __name__ == "__main__":
    sys.exit(main())
