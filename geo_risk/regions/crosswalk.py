"""Translate country codes between ISO 3166-1, UN M49, FIPS 10-4 and Gleditsch-Ward."""

from __future__ import annotations

import datetime
from dataclasses import dataclass
from functools import cache
from typing import Any

from geo_risk._core.countries import crosswalk, resolve_country
from geo_risk._core.validate import check_choice
from geo_risk.errors import UnknownRegionError

__all__ = ["CountryCodes", "StateSpan", "country_codes", "country_from"]

_SYSTEMS = ("iso3166-1", "m49", "fips10-4", "gleditsch-ward")


@dataclass(frozen=True)
class StateSpan:
    """A period in which Gleditsch and Ward list a state.

    Attributes
    ----------
    number : int
        Their number of the state (UCDP's ``country_id``).
    start : datetime.date
        First day; 1816-01-01 stands for "or earlier".
    end : datetime.date or None
        Last day; None for states that still exist.
    """

    number: int
    start: datetime.date
    end: datetime.date | None


@dataclass(frozen=True)
class CountryCodes:
    """The codes of a country of ISO 3166-1, or Kosovo.

    Attributes
    ----------
    alpha3, alpha2, name : str
        ISO 3166-1; XKX and XK for Kosovo, by convention. The name is the short English name.
    numeric, m49 : str or None
        Three digits; None for Kosovo. UN M49 has none for Taiwan.
    fips_10_4 : tuple of str
        As GDELT writes it; several if the code changed or parts have their own codes (Gaza Strip
        and West Bank), empty for a few territories.
    gleditsch_ward : tuple of StateSpan
        Every state whose successor is today's country: Serbia has Yugoslavia's number (345) until
        2006, Yemen that of South Yemen (680) until 1990. Empty for countries that they do not list.
    aliases : tuple of str
        Other names in use.
    note : str or None
    """

    alpha3: str
    alpha2: str
    name: str
    numeric: str | None
    m49: str | None
    fips_10_4: tuple[str, ...]
    gleditsch_ward: tuple[StateSpan, ...]
    aliases: tuple[str, ...]
    note: str | None


def country_codes(country: str) -> CountryCodes:
    """Codes of a country in every system of the crosswalk.

    Parameters
    ----------
    country : str
        ISO 3166-1 code (two or three letters, three digits) or a name.

    Returns
    -------
    CountryCodes

    Raises
    ------
    UnknownRegionError
        Not a country; close matches are listed.
    TypeError, ValueError
        Not a string, or an empty one.

    Examples
    --------
    >>> from geo_risk.regions import country_codes
    >>> codes = country_codes("Germany")
    >>> codes.alpha3, codes.numeric, codes.fips_10_4
    ('DEU', '276', ('GM',))
    >>> [(span.number, span.end and span.end.year) for span in codes.gleditsch_ward]
    [(255, 1945), (260, None), (265, 1990)]
    """
    return _countries()[resolve_country(country)]


def country_from(
    code: str | int, *, system: str, date: str | datetime.date | None = None
) -> str | None:
    """Alpha-3 code of a country given in another system.

    Parameters
    ----------
    code : str or int
        "GM" (Germany in FIPS 10-4), 345 (Yugoslavia), "004", …
    system : {"iso3166-1", "m49", "fips10-4", "gleditsch-ward"}
        "iso3166-1" accepts two or three letters, or three digits.
    date : date or str, optional
        The day for which the code is stated, as "1995-07-11"; for "gleditsch-ward" only.

    Returns
    -------
    str or None
        None if the code means something without an ISO code today: oceans (FIPS "OS"), or states
        without a successor.

    Raises
    ------
    UnknownRegionError
        The system has no such code, or does not list it on that day.
    ValueError
        An unknown system; `date` is not a date, or the system has no dates.

    Examples
    --------
    >>> from geo_risk.regions import country_from
    >>> country_from("GM", system="fips10-4"), country_from("GM", system="iso3166-1")
    ('DEU', 'GMB')
    >>> country_from(345, system="gleditsch-ward", date="1995-07-11")
    'SRB'
    """
    check_choice(system, "system", _SYSTEMS)
    stated = str(code).strip().upper()
    if system == "gleditsch-ward":
        return _state(stated, None if date is None else _day(date))
    if date is not None:
        raise ValueError(f"Invalid date: {date!r}; only 'gleditsch-ward' has dates.")
    table = _tables()[system]
    if stated not in table:
        raise UnknownRegionError(f"{system} has no code {code!r}.")
    return table[stated]


def _state(number: str, day: datetime.date | None) -> str | None:
    """Today's country of a state of Gleditsch and Ward."""
    spans = [entry for entry in crosswalk()["gleditsch_ward"] if str(entry["number"]) == number]
    if not spans:
        raise UnknownRegionError(f"gleditsch-ward has no code {number!r}.")
    held = [
        entry
        for entry in spans
        if day is None
        or entry["start"] <= day.isoformat() <= (entry["end"] or datetime.date.max.isoformat())
    ]
    if not held:
        listed = ", ".join(f"{entry['start']} to {entry['end'] or 'today'}" for entry in spans)
        raise UnknownRegionError(
            f"gleditsch-ward {number} is not a state on {day}; it is listed {listed}."
        )
    alpha3: str | None = held[-1]["alpha3"]
    return alpha3


def _day(date: str | datetime.date) -> datetime.date:
    if isinstance(date, datetime.datetime):
        return date.date()
    if isinstance(date, datetime.date):
        return date
    try:
        return datetime.date.fromisoformat(date)
    except (TypeError, ValueError) as error:
        raise ValueError(f"Invalid date: {date!r} is not a date such as 1995-07-11.") from error


@cache
def _countries() -> dict[str, CountryCodes]:
    kept = ("alpha3", "alpha2", "name", "numeric", "m49", "note")
    return {
        entry["alpha3"]: CountryCodes(
            **{key: entry[key] for key in kept},
            fips_10_4=tuple(entry["fips_10_4"]),
            gleditsch_ward=tuple(_span(span) for span in entry["gleditsch_ward"]),
            aliases=tuple(entry["aliases"]),
        )
        for entry in crosswalk()["countries"]
    }


def _span(entry: dict[str, Any]) -> StateSpan:
    end = entry["end"]
    return StateSpan(entry["number"], _day(entry["start"]), None if end is None else _day(end))


@cache
def _tables() -> dict[str, dict[str, str | None]]:
    """Codes of each undated system to alpha-3."""
    iso: dict[str, str | None] = {}
    m49: dict[str, str | None] = {}
    fips: dict[str, str | None] = {
        entry["code"]: entry["alpha3"] for entry in crosswalk()["fips_10_4_other"]
    }
    for alpha3, codes in _countries().items():
        iso |= dict.fromkeys((alpha3, codes.alpha2, *filter(None, [codes.numeric])), alpha3)
        m49 |= dict.fromkeys(filter(None, [codes.m49]), alpha3)
        fips |= dict.fromkeys(codes.fips_10_4, alpha3)
    return {"iso3166-1": iso, "m49": m49, "fips10-4": fips}
