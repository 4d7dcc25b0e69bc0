"""Format a result file of `run_all.py` as Markdown tables and insert them into a page."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import targets

BEGIN, END = "<!-- generated: begin -->", "<!-- generated: end -->"
Row = dict[str, Any]


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def _digits(value: float) -> str:
    """Three significant digits, thousands with commas."""
    if value == 0 or not np.isfinite(value):
        return f"{value:g}"
    if abs(value) < 1e-4:
        return f"{value:.1g}"
    places = max(0, 2 - int(np.floor(np.log10(abs(value)))))
    return f"{value:,.{min(places, 9)}f}"


def conditions(report: Row) -> str:
    """Conditions of the measurement."""
    load = "–" if report["load_at_start"] is None else f"{report['load_at_start'][0]:.2f}"
    parts = [f"{name} {version}" for name, version in sorted(report["versions"].items())]
    if report.get("postgis"):
        parts.append(f"PostgreSQL {report['postgis']}")
    return (
        f"Measured on {report['date']} with `{report['command']}`: {report['n']:,} points, "
        f"{report['rounds']} rounds, {report['cores']} cores ({report['processor']}), load {load} "
        f"at the start, Python {report['python']}, {', '.join(parts)}."
    )


def times(report: Row) -> str:
    """Medians per item, with the number of items."""
    rows = []
    sections = (
        ("locate", "point to region", 1e9, "ns"),
        ("borders", "border distance", 1e6, "µs"),
        ("cells", "", 1e9, "ns"),
        ("hotspots", "", 1e9, "ns"),
    )
    for part, title, scale, unit in sections:
        for row in report["raw"].get(part, []):
            name = f"{title}, {row['set']}" if "set" in row else row["job"]
            if name == "ten times as many points":
                continue
            for tool, seconds in row["seconds"].items():
                n = row["n"][tool] if isinstance(row["n"], dict) else row["n"]
                each = _digits(scale * float(np.median(seconds)) / n)
                rows.append((name, tool, f"{n:,}", f"{each} {unit}"))
    return _table(("job", "tool", "items", "median per item"), rows) if rows else ""


def differences(report: Row) -> str:
    """Differences between the peers' answers and geo_risk's."""
    rows = []
    for row in report["raw"].get("locate", []):
        for peer, wrong in row.get("peers_differences_from_geo_risk", {}).items():
            name = f"point to region, {row['set']}"
            rows.append((name, peer, f"{row['n'][peer]:,}", f"{wrong} points differ"))
    for row in report["raw"].get("borders", []):
        for each in row["differences"]:
            text = ", ".join(
                f"{what} {_digits(each[f'{what}_m'])} m" for what in ("median", "p99", "max")
            )
            text += f", median {_digits(each['median_percent'])} %"
            rows.append((f"border distance, {row['set']}", each["peer"], f"{each['n']:,}", text))
    for row in report["raw"].get("cells", []):
        if "h3ronpy wrong" in row:
            text = f"{row['h3ronpy wrong']} cells differ from h3's"
            rows.append((row["job"], "h3ronpy", f"{row['n']:,}", text))
    return _table(("job", "peer", "items", "difference"), rows) if rows else ""


def processes(report: Row) -> str:
    """Seconds and peak memory of whole processes."""
    rows = []
    for row in report["raw"].get("start", []):
        for job, seconds in row["seconds"].items():
            rows.append((job, f"{float(np.median(seconds)):.2f} s"))
        rows.append(("first call after installation", f"{row['cold_first_call_s']:.1f} s"))
        for job, peak in row["peak_resident_mb"].items():
            chunks, size = job.split(", ")[1].split(" x ")
            name = f"peak memory, {job.split(',')[0]}, {chunks} × {int(size):,} points"
            rows.append((name, f"{peak:.0f} MB"))
    return _table(("process", "measured"), rows) if rows else ""


def page(report: Row) -> str:
    """All parts, in the order of the page."""
    parts = [conditions(report), targets.markdown(report["rows"])]
    for title, text in (
        ("### Times behind the ratios", times(report)),
        ("### Differences of the peers", differences(report)),
        ("### Whole processes", processes(report)),
    ):
        if text:
            parts += [title, text]
    return "\n\n".join(parts)


def write_into(path: Path, report: Row) -> None:
    """Insert the tables between the two marks of a page."""
    text = path.read_text(encoding="utf-8")
    if text.count(BEGIN) != 1 or text.count(END) != 1 or text.index(BEGIN) > text.index(END):
        raise SystemExit(f"{path}: needs the lines {BEGIN} and {END}, once each, in this order.")
    before, rest = text.split(BEGIN)
    path.write_text(
        f"{before}{BEGIN}\n\n{page(report)}\n\n{END}{rest.split(END)[1]}", encoding="utf-8"
    )
