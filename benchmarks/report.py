"""Write figures from result files into the pages; none is written by hand.

    python benchmarks/report.py           # from the newest files of results, into both pages
    python benchmarks/report.py --check   # is what the pages say what the files say?

`docs/benchmarks.md` has the tables of `run_all.py` (DATE.json), of `end_to_end.py`
(DATE-end-to-end.json) and the comparison of `beside.py` (beside.json); `README.md` quotes them
(`quotes.py`).
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent))
import common
import numpy as np
import quotes
import targets
from quotes import digits

ROOT = Path(__file__).resolve().parent.parent
RESULTS = ROOT / "benchmarks" / "results"
DAY = "[0-9]" * 4 + "-[0-9][0-9]-[0-9][0-9]"
BEGIN, END = "<!-- generated {}: begin -->", "<!-- generated {}: end -->"
Row = dict[str, Any]


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def conditions(report: Row) -> str:
    """Conditions of the measurement."""
    load = "–" if report["load_at_start"] is None else f"{report['load_at_start'][0]:.2f}"
    parts = [f"{name} {version}" for name, version in sorted(report["versions"].items())]
    if report.get("postgis"):
        parts.append(f"PostgreSQL {report['postgis']}")
    of = "events" if report.get("kind") == "verbs" else "points"
    return (
        f"Measured on {report['date']} with `{report['command']}`: {report['n']:,} {of}, "
        f"{report['rounds']} rounds, {quotes.clock(report)}, {report['cores']} cores "
        f"({report['processor']}), load {load} at the start, Python {report['python']}, "
        f"{', '.join(parts)}."
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
            for tool in row["seconds"]:
                n = row["n"][tool] if isinstance(row["n"], dict) else row["n"]
                each = digits(scale * float(np.median(common.seconds_of(row, tool))) / n)
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
                f"{what} {digits(each[f'{what}_m'])} m" for what in ("median", "p99", "max")
            )
            text += f", median {digits(each['median_percent'])} %"
            rows.append((f"border distance, {row['set']}", each["peer"], f"{each['n']:,}", text))
    for row in report["raw"].get("cells", []):
        for peer in ("h3ronpy", "polars-h3"):
            if f"{peer} wrong" in row:
                text = f"{row[f'{peer} wrong']} cells differ from h3's"
                rows.append((row["job"], peer, f"{row['n']:,}", text))
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


def stages(report: Row) -> str:
    """Processor time and memory of every stage of `end_to_end.py`, beside its peers."""
    rows = []
    for row in (row for part in report["raw"].values() for row in part):
        held = row.get("memory")
        memory = f"{held['peak_mb']:,.0f} MB ({held['baseline_mb']:,.0f})" if held else ""
        for tool, seconds in row["seconds"].items():
            each, n = float(np.median(seconds)) / row["n"][tool], row["n"][tool]
            differ = row.get("differ", {}).get(tool)
            said = "" if differ is None else f"{differ:,}"
            own = memory if tool == "geo_risk" else ""
            rows.append((row["job"], tool, f"{n:,}", quotes.duration(each), said, own))
    head = ("stage", "tool", "items a round", "median per item", "differ", "peak memory (before)")
    return _table(head, rows)


def verbs_page(report: Row, beside: Row | None) -> str:
    """Whole verbs: verdicts, then all stages."""
    rows = [*report["rows"], *(beside["rows"] if beside else [])]
    order = [target.key for target in targets.VERB_TARGETS]
    rows.sort(key=lambda row: order.index(row["key"]))
    return "\n\n".join([conditions(report), targets.markdown(rows), stages(report)])


def inserted(text: str, name: str, content: str, where: str) -> str:
    """The text with `content` between the two marks of a name."""
    begin, end = BEGIN.format(name), END.format(name)
    if text.count(begin) != 1 or text.count(end) != 1 or text.index(begin) > text.index(end):
        raise SystemExit(f"{where}: needs the lines {begin} and {end}, once each, in this order.")
    before, rest = text.split(begin)
    return f"{before}{begin}\n\n{content}\n\n{end}{rest.split(end)[1]}"


def write_into(path: Path, report: Row) -> None:
    """Insert the tables of `run_all.py` or of `end_to_end.py` into a page."""
    verbs = report.get("kind") == "verbs"
    content = verbs_page(report, None) if verbs else page(report)
    text = path.read_text(encoding="utf-8")
    name = "verbs" if verbs else "kernels"
    path.write_text(inserted(text, name, content, str(path)), encoding="utf-8")


def newest(results: Path, ending: str) -> Row | None:
    """The newest result file of a kind, with its name; None without one."""
    files = sorted(results.glob(f"{DAY}{ending}.json"))
    return _read(files[-1]) if files else None


def _read(path: Path) -> Row:
    found: Row = json.loads(path.read_text(encoding="utf-8"))
    return found | {"file": path.name}


def pages(results: Path, root: Path = ROOT) -> dict[Path, str]:
    """Both pages as the newest result files have them."""
    kernels, verbs = newest(results, ""), newest(results, "-end-to-end")
    beside = _read(results / "beside.json") if (results / "beside.json").is_file() else None
    docs, readme = root / "docs" / "benchmarks.md", root / "README.md"
    text = {path: path.read_text(encoding="utf-8") for path in (docs, readme)}
    if kernels is None:
        raise SystemExit(f"{results}: no result file of run_all.py (DATE.json).")
    text[docs] = inserted(text[docs], "kernels", page(kernels), docs.name)
    if verbs is not None:
        text[docs] = inserted(text[docs], "verbs", verbs_page(verbs, beside), docs.name)
    text[readme] = inserted(text[readme], "speed", quotes.speed(kernels, verbs), readme.name)
    return text


def main() -> None:
    """Write the pages, or compare them."""
    parser = argparse.ArgumentParser(description=str(__doc__).splitlines()[0])
    parser.add_argument("--check", action="store_true", help="write nothing; 1 if a page differs")
    asked = parser.parse_args()
    wrong = []
    for path, text in pages(RESULTS).items():
        if path.read_text(encoding="utf-8") != text:
            wrong.append(path.name)
            if not asked.check:
                path.write_text(text, encoding="utf-8")
    if asked.check and wrong:
        raise SystemExit(f"{', '.join(wrong)}: not what the files of results say; run report.py.")


if __name__ == "__main__":
    main()
