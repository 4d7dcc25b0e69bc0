"""A progress bar on standard error for work of several steps; silent by default."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from geo_risk._core.terminal import drawn_progress, visible

__all__ = ["Step", "stages"]

Step = Callable[[str], None]
"""Function that is called with the name of a step when it begins."""


@contextmanager
def stages(wanted: bool | Step, total: int) -> Iterator[Step]:
    """Yield a function to call when the next of `total` steps begins.

    With True a bar is drawn on standard error if that is a terminal; with False nothing is drawn.
    A function is yielded itself, so that a caller's bar can continue.
    """
    if not wanted:
        yield lambda _: None
        return
    if callable(wanted):
        yield wanted
        return
    progress = drawn_progress(
        "BarColumn", "MofNCompleteColumn", "TimeElapsedColumn", transient=True, always=False
    )
    if progress is None:
        yield lambda _: None
        return
    done = -1
    with progress as drawn:
        task = drawn.add_task("", total=total)

        def step(name: str) -> None:
            nonlocal done
            done += 1
            drawn.update(task, description=visible(name), completed=done, refresh=True)

        yield step
