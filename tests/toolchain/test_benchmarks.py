"""The benchmark table: every part at n = 10, verdicts, and the command that prints it again."""

from __future__ import annotations

import json
import subprocess
import sys

import numpy as np
import pytest
from paths import ROOT

sys.path.insert(0, str(ROOT / "benchmarks"))
import bench_locate
import bench_places
import common
import end_to_end
import peers_arrays
import peers_sql
import quotes
import report
import targets


def run(*arguments: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *map(str, arguments)], capture_output=True, text=True, check=False
    )


def test_the_whole_table_small(tmp_path):
    out = tmp_path / "all.json"
    result = run(ROOT / "benchmarks" / "run_all.py", "--n", 10, "--rounds", 1, "--out", out)
    assert result.returncode == 0, result.stderr
    report = json.loads(out.read_text())
    assert [row["key"] for row in report["rows"]] == [t.key for t in targets.TARGETS]
    for row in report["rows"]:
        assert (row["figure"] is None) == (row["verdict"] == "not measured")
        assert row["figure"] is not None or row["note"]
    assert report["versions"]["numpy"] == np.__version__
    assert {"seed", "cores", "raw", "load_at_start", "load_at_end"} <= set(report)
    again = run(ROOT / "benchmarks" / "run_all.py", "--table", out)
    table = targets.markdown(report["rows"])
    assert table in result.stdout
    assert table in again.stdout
    assert len(table.split("\n\n")[0].splitlines()) == 2 + len(targets.TARGETS)
    for heading in ("Times behind the ratios", "Differences of the peers", "Whole processes"):
        assert heading in again.stdout
    written_into_a_page(tmp_path, out)


def written_into_a_page(tmp_path, out):
    page = tmp_path / "page.md"
    page.write_text((ROOT / "docs" / "benchmarks.md").read_text())
    command = [ROOT / "benchmarks" / "run_all.py", "--table", out, "--into", page]
    assert run(*command).returncode == 0
    once = page.read_text()
    assert "| point to region, U |" in once
    assert run(*command).returncode == 0
    assert page.read_text() == once
    page.write_text("no marks")
    result = run(*command)
    assert result.returncode == 1
    assert "generated kernels: begin" in result.stderr


def test_start_small(tmp_path):
    jobs = ["warm info", "warm geocode", "first locate"]
    command = [ROOT / "benchmarks" / "start.py", "--only", ",".join(jobs), "--rounds", 1]
    result = run(*command, "--out", tmp_path / "start.json")
    assert result.returncode == 0, result.stderr
    rows = json.loads((tmp_path / "start.json").read_text())["rows"]
    assert [row["job"] for row in rows] == jobs
    for row in rows:
        assert f"{row['job']:<14} wall" in result.stdout
        assert min(row["wall_s"]) > 0.0
    refused = run(ROOT / "benchmarks" / "start.py", "--only", "cold locate")
    assert refused.returncode == 2
    assert "no job cold locate" in refused.stderr


def test_an_unknown_part_is_refused():
    result = run(ROOT / "benchmarks" / "run_all.py", "--only", "locate,nonsense")
    assert result.returncode == 2
    assert "no part nonsense" in result.stderr


def test_scaling_small(tmp_path):
    command = [ROOT / "benchmarks" / "scaling.py", "--image", tmp_path / "a.png"]
    result = run(*command, "--n", 10, "--rounds", 1, "--out", tmp_path / "s.json")
    assert result.returncode == 0, result.stderr
    assert (tmp_path / "a.png").read_bytes()[:4] == b"\x89PNG"
    rows = json.loads((tmp_path / "s.json").read_text())["rows"]
    assert {row["job"] for row in rows} == {
        "point to region", "lon/lat to H3", "border distance", "neighbour graph", "Gi* analytic",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("rounds", "verdict"),
    [([29, 31, 29], "MISSED"), ([30, 1, 99], "floor held"), ([45, 50, 46], "aim reached")],
)
def test_a_ratio_must_not_fall_below(rounds, verdict):
    row = targets.measured("locate U", rounds)
    assert (row["verdict"], row["figure"]) == (verdict, np.median(rounds))


@pytest.mark.parametrize(("peak", "verdict"), [(501, "MISSED"), (500, "floor held")])
def test_a_limit_must_not_be_exceeded(peak, verdict):
    assert targets.measured("memory locate", [peak])["verdict"] == verdict


def test_without_a_floor_there_is_no_verdict_except_on_an_aim():
    assert targets.measured("h3 h3ronpy 7", [4.0])["verdict"] == "–"
    assert targets.measured("h3 time", [51.0])["verdict"] == "aim not reached"
    assert targets.measured("h3 time", [50.0])["verdict"] == "aim reached"
    assert "| – | – | 4.00 × | – |" in targets.markdown([targets.measured("h3 h3ronpy 7", [4.0])])


def test_every_target_has_one_key_and_sound_bounds():
    every = targets.TARGETS + targets.VERB_TARGETS
    assert len(targets.BY_KEY) == len(every)
    for target in every:
        if target.aim is not None and target.floor is not None:
            assert (target.aim <= target.floor) if target.most else (target.aim >= target.floor)


def test_ratios_are_per_item_and_per_round():
    row = {
        "seconds": {"peer": [2.0, 4.0], "ours": [1.0, 1.0], "ours, 2 threads": [1.1, 1.1]},
        "wall_seconds": {"peer": [9.0, 9.0], "ours": [3.0, 3.0], "ours, 2 threads": [1.5, 2.0]},
        "n": {"peer": 10, "ours": 100, "ours, 2 threads": 100},
    }
    assert common.ratios(row, "peer", "ours").tolist() == [20, 40]
    assert common.ratios(row, "ours", "ours, 2 threads").tolist() == [2.0, 1.5]  # elapsed
    assert common.seconds_of(row, "ours, 2 threads") == [1.5, 2.0]


def test_each_call_has_an_argument_of_its_own_and_long_jobs_fewer_rounds(monkeypatch):
    clock, given = iter(range(1000)), []
    monkeypatch.setattr(common.time, "perf_counter", lambda: float(next(clock)))
    job = common.Given(lambda: given.append(0) or len(given), lambda k: k)
    times = common.interleave({"a": job}, rounds=10, budget_s=8.0)
    assert len(times["seconds"]["a"]) == 3
    assert len(given) == 4  # and the warm-up


@pytest.mark.parametrize("part", end_to_end.PARTS)
def test_end_to_end_small(part, tmp_path):
    out = tmp_path / "verbs.json"
    command = [ROOT / "benchmarks" / "end_to_end.py", "--n", 10, "--rounds", 1]
    result = run(*command, "--only", part, "--out", out)
    assert result.returncode == 0, result.stderr
    found = json.loads(out.read_text())
    assert found["rows"]
    for row in found["rows"]:
        assert (row["figure"] is None) == (row["verdict"] == "not measured")
        assert row["figure"] is not None or row["note"]
    text = report.verbs_page(found, None)
    for row in found["raw"][part]:
        assert f"| {row['job']} | geo_risk |" in text
        assert all(min(each) > 0 for each in row["seconds"].values())


def test_every_stage_is_in_a_part_and_other_parts_are_refused():
    result = run(ROOT / "benchmarks" / "end_to_end.py", "--only", "verbs,nonsense")
    assert result.returncode == 2
    assert "no part nonsense" in result.stderr


def test_beside_an_earlier_commit_small(tmp_path):
    known = ["git", "-C", str(ROOT), "cat-file", "-e", "2988913"]
    if subprocess.run(known, capture_output=True, check=False).returncode:
        pytest.skip("the history of the repository is not here")
    out = tmp_path / "beside.json"
    result = run(ROOT / "benchmarks" / "beside.py", "--n", 10, "--rounds", 1, "--out", out)
    assert result.returncode == 0, result.stderr + result.stdout
    (row,) = json.loads(out.read_text())["rows"]
    assert row["figure"] > 0


def test_sampled_borders_lie_on_the_edges_at_equal_distances():
    ends = np.array([[0.0, 0.0, 1.0, 0.0], [1.0, 0.0, 1.0, 1.0]])
    lon, lat = peers_arrays.sampled(ends, 10_000.0)
    assert len(lon) == 23  # of 222 km
    assert ((lat == 0) | (lon == 1)).all()
    steps = np.linalg.norm(np.diff(peers_arrays.vectors(lon, lat), axis=0), axis=1)
    assert np.delete(steps, 11) * peers_arrays.EARTH_M == pytest.approx(10_000.0, rel=1e-4)


def quoted(**seconds):
    row = {"set": "U", "n": 10, "seconds": {"geo_risk": [1e-6] * 3, **seconds}}
    kept = {"raw": {"locate": [row, row | {"set": "C"}]}, "rows": []}
    return quotes.lines(kept, quotes.KERNELS[0])


def test_the_fastest_peer_is_quoted():
    slow, fast = [9e-6] * 3, [2e-6, 4e-6, 3e-6]
    (line,) = quoted(**{"SedonaDB": slow, "shapely, boxes and prepared": fast})
    assert line.endswith("| the fastest of SedonaDB and shapely's prepared polygons | 3.0 × |")
    assert "| 100 ns |" in line
    assert quoted() == []
    (line,) = quoted(SedonaDB=slow)
    assert line.endswith("| SedonaDB | 9.0 × |")


@pytest.mark.parametrize(
    ("values", "text"), [([0.845, 1.4999], "0.84–1.5"), ([41.7, 24.1], "24–42"), ([3.0], "3.0")]
)
def test_a_span_has_two_digits(values, text):
    assert quotes.span(values) == text


def test_wrong_answers_of_peers_are_counted():
    ours = np.array([3, -1, 5])
    assert bench_locate.pairs_wrong([(0, 3), (2, 5)], ours) == 0
    assert bench_locate.pairs_wrong([(0, 3), (0, 4), (2, 5)], ours) == 0  # on a shared edge
    assert bench_locate.pairs_wrong([(0, 4), (1, 2)], ours) == 3
    assert bench_locate.pairs_wrong([], ours) == 2


def test_a_server_that_is_not_there_is_named(monkeypatch):
    monkeypatch.delenv("GEO_RISK_BENCH_POSTGIS", raising=False)
    with pytest.raises(peers_sql.UnavailableError, match="GEO_RISK_BENCH_POSTGIS"):
        peers_sql._postgis()
    assert peers_sql.postgis_version() is None


def test_exactness_small_and_a_planted_error():
    rows = bench_locate.check_exact(50, 70)
    assert [row["points"] for row in rows] == [50, 50, 10, 70]
    assert not any(row["differences_from_shapely"] for row in rows)
    layer = bench_locate.gr.load_regions()
    points = common.clustered_points(50, np.random.default_rng(1))
    found = layer.locate(lon=points[0], lat=points[1])
    found[7] = (found[7] + 1) % len(layer)
    assert bench_locate.differences(layer.table, points, found) == 1


@pytest.mark.parametrize(
    "path", sorted((ROOT / "benchmarks").glob("bench_*.py")), ids=lambda p: p.name
)
def test_benchmark_runs_small(path, tmp_path):
    result = subprocess.run(
        [sys.executable, str(path), "--n", "10", "--out", str(tmp_path)],
        capture_output=True, text=True, check=False, timeout=300,
    )  # fmt: skip
    assert result.returncode == 0, result.stderr


def test_the_benchmark_runs_with_few_names():
    medians = bench_places.run(n=3, rounds=1)
    assert medians["exact, ms"] > 0
    assert medians["memory of the gazetteer, MB"] < 200
