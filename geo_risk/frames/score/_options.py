"""Options of `score_hotspots` that were given though nothing uses them: refused."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from geo_risk._core.validate import refuse_unused

__all__ = ["draws_numbers", "refuse_of_counting", "refuse_of_method", "refuse_step"]

_MEASURES = ("kde", "eb_rates")


def draws_numbers(method: str, options: Mapping[str, Any]) -> bool:
    """Whether a method with these options simulates, and so takes a seed."""
    from geo_risk.hotspots.options import simulates

    if method == "scan":
        return bool(options.get("replications", True))
    return method not in _MEASURES and simulates(options)


def refuse_of_method(
    method: str, options: Mapping[str, Any], *, alpha: Any, seed: Any, places: bool
) -> None:
    """Refuse a level of methods that do not test, and a seed where nothing is drawn."""
    if method in _MEASURES:
        refuse_unused({"alpha": alpha}, f"{method!r} does not test")
    if not places and not draws_numbers(method, options):
        refuse_unused({"seed": seed}, f"{method!r} draws nothing here, and no places are drawn")


def refuse_of_counting(
    kind: str, by: str | None, *, places: bool, study_area: Any, coarse: Any, **of_cells: Any
) -> None:
    """Refuse what only the counting of events uses, or their counting in cells."""
    if places and kind != "events":
        raise ValueError(f"Invalid places: the frame holds {kind}; only events have places.")
    if kind != "events":
        why = f"the frame holds {kind}, which are scored as they are"
        other = None if by == kind else by
        refuse_unused({"by": other, "study_area": study_area, "coarse": coarse, **of_cells}, why)
    if by == "regions":
        refuse_unused(of_cells, "events are counted in regions, not in cells")


def refuse_step(step: str | None, dated: bool) -> None:
    """Refuse the length of a period where there are none, or where they are numbered."""
    if not dated:
        refuse_unused({"step": step}, "no dates are made periods")
