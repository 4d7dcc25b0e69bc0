"""The gate: no kernel takes longer, beside fixed work, than the stored ratio allows."""

from __future__ import annotations

import sys
from collections.abc import Callable

import pytest
from paths import ROOT

sys.path.insert(0, str(ROOT / "benchmarks"))
import gate

STORED = gate.stored()


@pytest.fixture(scope="module")
def kernels() -> dict[str, Callable[[], object]]:
    return gate.jobs()


@pytest.mark.parametrize("name", STORED["ratios"])
def test_no_kernel_has_become_slower(kernels, name):
    most = gate.MOST if gate.processor() == STORED["processor"] else gate.MOST_ELSEWHERE
    assert gate.slower({name: kernels[name]}, STORED["ratios"], most) == []


def test_every_kernel_has_a_stored_ratio(kernels):
    assert kernels.keys() == STORED["ratios"].keys()


def test_a_kernel_that_takes_three_times_as_long_is_told(kernels):
    job = kernels["locate U"]

    def thrice():
        for _ in range(3):
            job()

    now = gate.ratio(job, gate.fixed_work(), rounds=20)
    (told,) = gate.slower({"locate U": thrice}, {"locate U": now}, gate.MOST)
    assert told.startswith("locate U: ")


def test_delays_do_not_count_and_nothing_is_measured_once_it_holds(monkeypatch):
    times = iter([9.0, 50.0, 10.0, 40.0, 30.0, 12.0, 10.0, 99.0])  # work, job, work, job, …
    monkeypatch.setattr(gate, "seconds", lambda _: next(times))
    assert gate.ratio(str, str, rounds=10, at_most=1.4) == pytest.approx(12 / 9)
    assert next(times) == 10.0
