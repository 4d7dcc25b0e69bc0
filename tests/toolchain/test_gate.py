"""The gate: no kernel or verb takes longer, beside other work, than the stored ratio allows."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator

import pytest
from paths import ROOT

sys.path.insert(0, str(ROOT / "benchmarks"))
import gate

STORED = gate.stored()


@pytest.fixture(scope="module")
def kernels() -> dict[str, Callable[[], object]]:
    return gate.jobs()


@pytest.fixture(scope="module")
def verbs() -> Iterator[dict[str, gate.Pair]]:
    with gate.verbs() as found:
        yield found


@pytest.mark.parametrize("name", STORED["ratios"])
def test_no_kernel_has_become_slower(kernels, name):
    pairs = gate.beside_fixed_work({name: kernels[name]})
    assert gate.slower(pairs, STORED["ratios"], gate.allowed("ratios")) == []


@pytest.mark.parametrize("name", STORED["verbs"])
def test_no_verb_has_become_slower_beside_its_kernel(verbs, name):
    assert gate.slower({name: verbs[name]}, STORED["verbs"], gate.allowed("verbs")) == []


def test_every_kernel_and_verb_has_a_stored_ratio(kernels, verbs):
    assert kernels.keys() == STORED["ratios"].keys()
    assert verbs.keys() == STORED["verbs"].keys()


def test_a_kernel_that_takes_three_times_as_long_is_told(kernels):
    job = kernels["locate U"]

    def thrice():
        for _ in range(3):
            job()

    work = gate.fixed_work()
    now = gate.ratio(job, work, rounds=20)
    (told,) = gate.slower({"locate U": (thrice, work)}, {"locate U": now}, gate.MOST)
    assert told.startswith("locate U: ")


def test_what_a_verb_is_given_is_made_anew_and_not_timed(monkeypatch):
    clock, made = iter([1.0, 3.0, 10.0, 14.0]), []
    monkeypatch.setattr(gate.time, "process_time", lambda: next(clock))
    job = gate.common.Given(lambda: made.append(0), str)
    assert [gate.seconds(job), gate.seconds(job)] == [2.0, 4.0]
    assert len(made) == 2


def test_only_one_part_is_stored_anew(monkeypatch, tmp_path):
    monkeypatch.setattr(gate, "RATIOS", tmp_path / "ratios.json")
    kept = '{"ratios": {"a": 1.0}, "verbs": {"b": 2.0}, "processor": {"ratios": "x", "verbs": "y"}}'
    gate.RATIOS.write_text(kept)
    monkeypatch.setattr(gate, "processor", lambda: "z")
    monkeypatch.setattr(gate, "of_part", lambda part: {part: 0.123456})
    gate.update(["verbs"])
    found = gate.stored()
    assert (found["ratios"], found["verbs"]) == ({"a": 1.0}, {"verbs": 0.1235})
    assert found["processor"] == {"ratios": "x", "verbs": "z"}
    assert (gate.allowed("ratios"), gate.allowed("verbs")) == (gate.MOST_ELSEWHERE, gate.MOST)


def test_delays_do_not_count_and_nothing_is_measured_once_it_holds(monkeypatch):
    times = iter([1.0, 1.0, 9.0, 50.0, 10.0, 40.0, 30.0, 12.0, 10.0, 99.0])  # warm-up; work, job, …
    monkeypatch.setattr(gate, "seconds", lambda _: next(times))
    assert gate.ratio(str, str, rounds=10, at_most=1.4) == pytest.approx(12 / 9)
    assert next(times) == 10.0
