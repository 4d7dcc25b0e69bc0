"""A progress bar on standard error for work of several steps; silent unless asked."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from geo_risk._core.terminal import drawn_progress, visible

__all__ = ["Step", "stages"]

Step = Callable[[str], None]
"""Told the name of a step when it begins."""


@contextmanager
def stages(wanted: bool | Step, total: int) -> Iterator[Step]:
    """Give what tells that the next of `total` steps begins.

    With True a bar is drawn on standard error, and nothing where that is no terminal; with False
    nothing is. A function is called itself, so that a caller's bar can go on.
    """
    if not wanted:
        yield lambda _: None
        return
    if callable(wanted):
        yield wanted
        return
    from rich.progress import BarColumn, MofNCompleteColumn, TimeElapsedColumn

    columns = (BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    progress = drawn_progress(*columns, transient=True, always=False)
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
