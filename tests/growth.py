"""How processor time grows with the size of an input, on machines that do other work too."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable


def seconds(call: Callable[[], Any]) -> float:
    """Processor time of one call."""
    began = time.process_time()
    call()
    return time.process_time() - began


def assert_grows(
    few: Callable[[], Any], many: Callable[[], Any], *, at_most: float, rounds: int = 8
) -> None:
    """`many` takes at most so many times as long as `few`.

    Both are called in turn, and the quickest of each counts: other work on the machine delays
    a call and never speeds one up. As soon as the claim holds nothing more is measured.
    """
    quickest = [float("inf"), float("inf")]
    for _ in range(rounds):
        quickest = [
            min(best, seconds(call)) for best, call in zip(quickest, (few, many), strict=True)
        ]
        if quickest[1] <= at_most * quickest[0]:
            return
    once, more = quickest
    raise AssertionError(f"{more:.4f} s are {more / once:.1f} times {once:.4f} s, not {at_most}")
