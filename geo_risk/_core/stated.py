"""Countries as sources state them, in any code or spelling, to ISO 3166-1 alpha-3."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np

from geo_risk._core.countries import crosswalk, find_country
from geo_risk._core.distinct import Texts
from geo_risk._core.frames import texts_of

__all__ = ["state_began", "stated_codes", "stated_countries"]

_FIPS_SOURCES = ("gdelt",)  # their two letters are FIPS 10-4: CH is China, not Switzerland


def stated_countries(frame: Any) -> Texts:
    """Alpha-3 code of each row's `country_stated`; none if nothing is stated or recognised."""
    return stated_codes(texts_of(frame, "country_stated"), texts_of(frame, "source"))


def stated_codes(stated: Texts, sources: Texts) -> Texts:
    """Alpha-3 code of each stated country.

    Two letters of a GDELT row are read as FIPS 10-4, everything else as a name or an ISO code.
    """
    codes = stated.texts(find_country)
    rows = np.flatnonzero(sources.isin(_FIPS_SOURCES) & stated.known)
    if len(rows) == 0:
        return codes
    of_fips = stated.take(rows).texts(lambda text: _fips().get(text.strip().upper()))
    texts = codes.to_numpy()
    texts[rows] = of_fips.to_numpy()
    return Texts.of_values(texts)


@cache
def _fips() -> dict[str, str | None]:
    """FIPS 10-4 codes to alpha-3, without those of the sea and of areas without a state."""
    codes: dict[str, str | None] = {
        entry["code"]: entry["alpha3"] for entry in crosswalk()["fips_10_4_other"]
    }
    for country in crosswalk()["countries"]:
        codes.update(dict.fromkeys(country["fips_10_4"], country["alpha3"]))
    return codes


@cache
def state_began(alpha3: str) -> np.datetime64 | None:
    """First day of a state as Gleditsch and Ward list it; None if they do not."""
    starts = [
        entry["start"]
        for entry in crosswalk()["gleditsch_ward"]
        if entry["alpha3"] == alpha3 and entry["end"] is None
    ]
    return np.datetime64(min(starts), "D") if starts else None
