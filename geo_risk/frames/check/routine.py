"""The check in `assess`: run `check_events` on the events read, with a reproducible result."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

import numpy as np

from geo_risk._core.frames import texts_of
from geo_risk.frames.columns import EventColumns

if TYPE_CHECKING:
    from geo_risk.regions import RegionLayer

__all__ = ["check_read", "flag_counts", "flag_line"]

_LOG = logging.getLogger("geo_risk")
_SLIPPED = (
    "%s. They lie outside the country that they state, and inside it with coordinates exchanged "
    "or mirrored. Nothing was corrected: see flags, suggested_lon and suggested_lat."
)
_LAST_ZONE = "Etc/GMT-14"  # here each day begins first on Earth; POSIX reverses the sign


def check_read(events: EventColumns, layer: RegionLayer, now: Any) -> EventColumns:
    """Events with the flags of `check_events` and suggested coordinates, if there are any.

    Columns of an earlier check are updated.
    """
    from geo_risk.frames.check.check import CHECK_COLUMNS, check_columns
    from geo_risk.frames.check.coordinates import SLIPS

    checked = check_columns(events, layer=layer, now=_today() if now is None else now)
    quality = checked.report["quality"]
    if now is None and "future_date" not in quality["flags"]:
        # no event begins later: without the day, the result is the same tomorrow
        quality = quality | {"options": quality["options"] | {"now": None}}
    before = events.report
    names = [name for name in CHECK_COLUMNS if name in before.get("added_columns", ())]
    if checked["suggested_lon"].notna().any():
        names = list(dict.fromkeys([*names, "suggested_lon", "suggested_lat"]))
    columns = {name: checked[name].to_numpy() for name in names}
    result = events.with_columns(columns, {"quality": quality})
    if quality["flags"] or "quality" in before:
        result = result.flagged(checked.texts("flags"))
    slips = {code: quality["flags"][code]["count"] for code in SLIPS if code in quality["flags"]}
    if slips:
        _LOG.warning(_SLIPPED, _listed(slips))
    return result


def _today() -> str:
    """Latest calendar day anywhere: an event of today is never in the future."""
    import pandas as pd

    return str(pd.Timestamp.now(_LAST_ZONE).date())


def flag_counts(frame: Any) -> dict[str, int]:
    """Events per flag, the most frequent first, then by name."""
    codes = [code for text in texts_of(frame, "flags").tolist() if text for code in text.split(";")]
    names, counts = np.unique(np.array(codes, dtype=object).astype(str), return_counts=True)
    pairs = sorted(zip(names.tolist(), counts.tolist()), key=lambda pair: (-pair[1], pair[0]))
    return dict(pairs)


def flag_line(frame: Any) -> str:
    """One line that states how many events are flagged, and with which flags."""
    flagged = sum(text is not None for text in texts_of(frame, "flags").tolist())
    if flagged == 0:
        return f"None of {_events(len(frame))} is flagged."
    return f"{flagged:,} of {_events(len(frame))} flagged. {_listed(flag_counts(frame))}."


def _listed(counts: dict[str, int]) -> str:
    return "; ".join(f"{_events(n)}: {code}" for code, n in counts.items())


def _events(n: int) -> str:
    return f"{n:,} event" if n == 1 else f"{n:,} events"
