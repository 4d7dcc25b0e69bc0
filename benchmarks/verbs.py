"""The verbs as a user calls them, and the fastest public alternatives for the same work.

A `Verb` says what it is given (built afresh for every round, not timed, so that nothing kept from
an earlier call helps), what is timed, and its peers, each with the number of its answers that
differ from ours.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import common
import numpy as np
import verb_peers

import geo_risk as gr

Frame = Any


@dataclass(frozen=True)
class Peer:
    """Another tool: what it is given, what is timed, its rows, and how many answers differ."""

    given: Callable[[], Any]
    run: Callable[[Any], Any]
    n: int
    differ: Callable[[Any, Any], int]
    """Of (our result, the peer's result): the number of rows that differ."""
    exact: bool = True
    """Whether a difference is an error, so that nothing is timed."""


@dataclass(frozen=True)
class Verb:
    """One whole verb: its name, its rows, what it is given, what is timed, its peers."""

    job: str
    n: int
    given: Callable[[], Any]
    run: Callable[[Any], Any]
    peers: Callable[[], dict[str, Peer]] = dict


@cache
def read(folder: Path) -> Frame:
    """The events."""
    return gr.read_events(folder / "events.parquet")


@cache
def located(folder: Path) -> Frame:
    """The events with their regions."""
    return gr.geocode(read(folder))


@cache
def near_border(folder: Path) -> Frame:
    """Points of set B, with their regions: a fifth as many."""
    n = max(len(read(folder)) // 5, 1)
    lon, lat = common.border_points(n, np.random.default_rng(common.SEED))
    return gr.geocode(gr.read_events([{"lon": x, "lat": y} for x, y in zip(lon, lat)]))


def rows_of(folder: Path) -> int:
    """Number of events in the file."""
    import pyarrow.parquet

    return int(pyarrow.parquet.read_metadata(folder / "events.parquet").num_rows)


def read_parquet(folder: Path) -> Verb:
    """`read_events` of Parquet."""
    jobs = {"pyarrow and shapely": verb_peers.parquet_points}
    return _reading("Parquet", folder, "events.parquet", jobs)


def read_csv(folder: Path) -> Verb:
    """`read_events` of CSV."""
    jobs = {
        "pyarrow and shapely": verb_peers.csv_points,
        "pandas and geopandas": verb_peers.pandas_points,
    }
    return _reading("CSV", folder, "events.csv", jobs)


def _reading(what: str, folder: Path, file: str, jobs: dict[str, Callable[[Path], Frame]]) -> Verb:
    n = rows_of(folder)

    def given() -> Path:
        return folder / file

    def peers() -> dict[str, Peer]:
        return {name: Peer(given, job, n, verb_peers.events_differ) for name, job in jobs.items()}

    return Verb(f"read_events, {what}", n, given, gr.read_events, peers)


def check(folder: Path) -> Verb:
    """`check_events`; no other tool does this work."""
    frame = read(folder)
    return Verb("check_events", len(frame), frame.copy, gr.check_events)


def geocode(folder: Path) -> Verb:
    """`geocode` of a frame that was read."""
    frame = read(folder)

    def peers() -> dict[str, Peer]:
        table, n = gr.load_regions().table, len(frame)
        jobs = {
            "geopandas.sjoin": verb_peers.sjoin_frame(table),
            "shapely, boxes and prepared": verb_peers.boxes_frame(table),
        }
        if find_spec("sedonadb"):
            jobs["SedonaDB"] = verb_peers.sedona_frame(table)
        return {
            name: Peer(frame.copy, job, n, verb_peers.regions_differ) for name, job in jobs.items()
        }

    return Verb("geocode", len(frame), frame.copy, gr.geocode, peers)


def index_h3(folder: Path) -> Verb:
    """`index_h3` of a located frame, resolution 7; the peers index every row."""
    frame = located(folder)

    def peers() -> dict[str, Peer]:
        n, jobs = len(frame), {"h3 in a loop": verb_peers.h3_loop}
        if find_spec("h3ronpy"):
            jobs["h3ronpy, column of text"] = verb_peers.h3ronpy_column
        if find_spec("polars_h3"):
            jobs["polars-h3, column of text"] = verb_peers.polars_column
        return {
            name: Peer(frame.copy, job, n, verb_peers.cells_differ) for name, job in jobs.items()
        }

    return Verb("index_h3", len(frame), frame.copy, gr.index_h3, peers)


def border(folder: Path) -> Verb:
    """`border_proximity` of a located frame; the peers find only the metres to a line."""
    frame = located(folder)

    def peers() -> dict[str, Peer]:
        some = frame.iloc[:100_000]
        jobs = {"k-d tree of sampled borders": (verb_peers.border_tree("C"), some)}
        if find_spec("spherely"):
            jobs["spherely"] = verb_peers.border_spherely(), frame.iloc[:20_000]
        return _border_peers(jobs)

    return Verb("border_proximity", len(frame), frame.copy, gr.border_proximity, peers)


def border_b(folder: Path) -> Verb:
    """`border_proximity` of points near one border, beside `sjoin_nearest` in UTM."""
    frame = near_border(folder)

    def peers() -> dict[str, Peer]:
        some = frame.iloc[:20_000]
        return _border_peers({
            "geopandas.sjoin_nearest, UTM": (verb_peers.border_sjoin(), some),
            "k-d tree of sampled borders": (verb_peers.border_tree("B"), some),
        })  # fmt: skip

    return Verb("border_proximity, set B", len(frame), frame.copy, gr.border_proximity, peers)


def _border_peers(jobs: dict[str, tuple[Callable[[Frame], Any], Frame]]) -> dict[str, Peer]:
    return {
        name: Peer(some.copy, job, len(some), verb_peers.metres_differ, exact=False)
        for name, (job, some) in jobs.items()
    }


VERBS: dict[str, Callable[[Path], Verb]] = {
    "read parquet": read_parquet,
    "read csv": read_csv,
    "check": check,
    "geocode": geocode,
    "index_h3": index_h3,
    "border": border,
    "border B": border_b,
}
