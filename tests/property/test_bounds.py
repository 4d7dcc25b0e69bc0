"""What one cell, name or header may cost: twice as much of it takes at most 2.5 times as long.

One row per bound: what is read, and the text that once took the square of its length (or is alike).
"""

from __future__ import annotations

import io
from collections.abc import Callable
from functools import partial
from typing import Any

import pandas as pd
import pytest
from growth import assert_grows, seconds

import geo_risk as gr
from geo_risk import places
from geo_risk._core.fold import LONGEST_NAME, fold, strip_marks
from geo_risk._core.secrets import without_secrets
from geo_risk.events import FLAGS, read_events
from geo_risk.events.delimited import MOST_COLUMNS, unique_names
from geo_risk.frames.tables import flat_table

PIECES = {
    "brackets": "(", "bracket pairs": "(ab) ", "square brackets": "[", "spaces": " ",
    "commas": ",", "letters": "a", "capitals": "A", "places": "Paris, ", "words": "Paris ",
    "hyphens": "Kabul-", "digits": "7", "dashes": "-", "slashes": "/", "colons": ":",
    "quotes": '"', "apostrophes": "'", "semicolons": ";", "marks": "\u0301",
    "marks out of order": "\u0301\u0323", "marked letters": "a\u0301", "viramas": "\u0915\u094d",
    "scripts": "a\u0436\u0639", "emoji": "\U0001f600", "right to left": "\u0643\u0627\u0628\u0644 ",
    "ligatures": "\ufdfa", "initials": "U.", "bars": "a | ", "connectors": "of ",
    "angles": "1\u00b0", "camel case": "lonLat",
}  # fmt: skip
"""What a text is made of, over and over."""


def events(**columns: Any) -> Any:
    """Two events, whose cells are others where a column is given."""
    table = {"id": ["a", "b"], "date": "2020-01-01", "lon": [1.0, 2.0], "lat": [1.0, 2.0]}
    return read_events(pd.DataFrame(table | columns), dayfirst=True)


def delimited(text: str) -> Any:
    return read_events(io.BytesIO(text.encode()))


def checked(text: str) -> Any:
    return gr.check_events(events(id=[text, text], actor1=[text, f"{text} x"], lon=1.0, lat=1.0))


def geocoded(text: str) -> Any:
    return gr.geocode(events(lon=None, lat=None, place=[text, "x"], country=["France", text]))


def read_again(text: str) -> Any:
    return read_events(flat_table(events()).assign(flags=[text, ""]))


READ: dict[str, Callable[[str], Any]] = {
    **{f"a cell of {name}": lambda text, name=name: events(**{name: [text, "1"]})
       for name in ("id", "date", "place", "country", "fatalities", "type", "lon", "actor1")},
    "a cell of an angle": lambda text: events(lon=[f"1{text}x", "1"]),
    "a cell of positions": lambda text: read_events(pd.DataFrame({"latlon": [text, "1,2"]})),
    "a cell of geometry": lambda text: read_events(
        pd.DataFrame({"geometry": [text, f"POINT ({text})", f"SRID=4326;{text}"]})
    ),
    "a cell of flags": read_again,
    "a header": lambda text: read_events(pd.DataFrame({"lon": [1.0], "lat": [2.0], text: [3]})),
    "a key of JSON": lambda text: read_events([{"lon": 1, "lat": 2, text: text}]),
    "a quoted cell": lambda text: delimited(f'lon,lat,x\n1,2,"{text}"\n3,4,5\n'),
    "a cell of text": lambda text: delimited(f"lon,lat,x\n1,2,{text}\n3,4,5\n"),
    "geocode": geocoded,
    "check_events": checked,
    "locate_names": lambda text: places.locate_names([text, f"Paris, {text}"], countries="France"),
    "locate_names in a country": lambda text: places.locate_names(["Paris"], countries=[text]),
    "geoparse": places.geoparse,
    "fold": fold,
    "strip_marks": strip_marks,
}  # fmt: skip
REFUSED: dict[str, Callable[[str], Any]] = {
    "find_places": places.find_places,
    "find_places in a country": lambda text: places.find_places("Paris", country=text),
    "suggest_names": places.suggest_names,
    "find_region": gr.find_region,
    "find_region in a country": lambda text: gr.find_region("Takhar", country=text),
    "find_region in a parent": lambda text: gr.find_region("Takhar", parent=text),
    "a region code": gr.load_regions().rows_of,
    "a field of columns=": lambda text: read_events(pd.DataFrame({"a": [1]}), columns={text: "a"}),
    "a name in columns=": lambda text: read_events(
        pd.DataFrame({"a": [1]}), columns={"category": text}
    ),
    "lon=": lambda text: read_events(pd.DataFrame({"a": [1]}), lon=text, lat="a"),
    "source=": lambda text: read_events(pd.DataFrame({"a": [1]}), source=text),
}


def assert_linear(read: Callable[[str], Any], make: Callable[[int], str], n: int) -> None:
    """Four times the text takes at most 2.5 × 2.5 times as long; what is quick is grown first."""
    read(make(2))  # what is read once, data and compiled patterns, is no part of it
    while (quick := seconds(partial(read, make(n))) < 0.05) and n < 50_000:
        n *= 4
    if not quick:
        assert_grows(partial(read, make(n)), partial(read, make(4 * n)), at_most=2.5**2)


def refusing(read: Callable[[str], Any]) -> Callable[[str], Any]:
    """The same, where a text is refused: in few words, however long it is."""

    def tried(text: str) -> Any:
        with pytest.raises((ValueError, TypeError, LookupError), match=r"\w") as told:
            read(text)
        assert len(str(told.value)) < 5_000

    return tried


@pytest.mark.parametrize("piece", PIECES)
@pytest.mark.parametrize("what", READ)
def test_the_cost_of_a_text_grows_with_its_length(what: str, piece: str) -> None:
    text = PIECES[piece]
    assert_linear(READ[what], lambda n: (text * (n // len(text) + 1))[:n], 16_000)


@pytest.mark.parametrize("piece", ["brackets", "places", "marks out of order", "letters", "digits"])
@pytest.mark.parametrize("what", REFUSED)
def test_a_long_name_is_refused_in_few_words(what: str, piece: str) -> None:
    text = PIECES[piece]
    assert_linear(refusing(REFUSED[what]), lambda n: (text * max(n, 1000))[: max(n, 1000)], 64_000)


def test_the_cost_of_a_text_of_many_places() -> None:
    gazetteer = places.load_gazetteer()
    by_size = (-gazetteer.population).argsort(kind="stable").tolist()
    names = [gazetteer.primary_name(place) for place in by_size[:8000]]
    assert_linear(places.geoparse, lambda n: ", ".join(names[: n // 10]), 10_000)


def test_the_cost_of_repeated_headers() -> None:
    assert_linear(lambda text: unique_names(text.split(",")), lambda n: "a," * min(n, 16_000), 4000)


def test_columns_are_bounded() -> None:
    with pytest.raises(ValueError, match=f"16385 columns; at most {MOST_COLUMNS}"):
        delimited("," * MOST_COLUMNS + "\n1,2\n")


def test_a_name_too_long_is_said_to_be() -> None:
    most = "Paris" + " " * (LONGEST_NAME - 5)
    found = places.locate_names([most, most + " "])
    assert found.reason.tolist() == ["", "too_long"]
    assert places.find_places(most).loc[0, "name"] == "Paris"
    with pytest.raises(ValueError, match=r"Invalid name: .*\(501 characters\); must have at most"):
        places.find_places(most + " ")
    lost = gr.geocode(events(lon=None, lat=None, place=["Paris, " + "x" * LONGEST_NAME, "Paris"]))
    assert lost["flags"].str.contains("place_not_found").tolist() == [True, False]


def test_many_flags_are_read_once_each() -> None:
    assert read_again("no_date;" * 10_000 + "no_id")["flags"][0] == "no_date;no_id"
    notes = read_again(";".join(f"odd flag {n}" for n in range(10_000))).attrs["geo_risk"]["notes"]
    assert len(notes) < 20
    assert "9990 more unknown flags" in notes[-1]
    assert "no_date" in FLAGS


@pytest.mark.parametrize("unit", ["a", "a.b", "-eyJabcdef", "a:", "//", "http://", "?a=", "&a"])
def test_long_texts_take_no_square(unit: str) -> None:
    def hide(n: int) -> Callable[[], str]:
        return lambda: without_secrets(unit * (n // len(unit)))

    if seconds(hide(256_000)) > 0.02:  # what is quicker grows slowly enough
        assert_grows(hide(64_000), hide(256_000), at_most=8)
