"""Evidence from the words around a name: is it used like a place or like a person?"""

from __future__ import annotations

from collections.abc import Iterator

from geo_risk.places._lexicon import meanings
from geo_risk.places._spans import Span, Word
from geo_risk.places._words import (
    COMMON,
    DEMONYMS,
    DIRECTIONS,
    MEDIA,
    NAMESAKES,
    NEIGHBOURING,
    ORGANISATIONS,
    PREPOSITIONS,
    SCHOOLS,
    SETTLEMENTS,
    SPEECH,
    STREETS,
    THINGS,
    TITLES,
    UNITS_AFTER,
)

__all__ = ["Article"]

# Each in units of a factor of ten of population, chosen on one half of the GeoVirus articles.
_PREPOSITION = 1.2
_SEVERAL_WORDS = 0.8
_GIVEN_NAME = -7.0
_UNKNOWN = -2.5
_ORGANISATION = -1.5
_INSTITUTION = -4.0
_MEDIA = -6.0
_STREET = -4.0
_PAIR = -4.0
_THING = -6.0
_TITLE = -5.0
_SPEECH = -1.5
_OPENS = -1.0
_COMMON = -3.0
_WRITTEN_SMALL = -2.0

Evidence = tuple[float, float]
"""Evidence for a country, region or area, and for a populated place."""


class Article:
    """A text, its words and its spans, with the evidence around each span.

    Parameters
    ----------
    text : str
    words : list of Word
    spans : list of Span
        In order, without overlaps.
    """

    def __init__(self, text: str, words: list[Word], spans: list[Span]) -> None:
        self.text, self.words = text, words
        self._small = {word.key for word in words if not word.capital}
        self._covered = {place for span in spans for place in range(span.first, span.last)}
        self.spans = [span for span in spans if not self._opens_a_persons_name(span)]

    def _opens_a_persons_name(self, span: Span) -> bool:
        """Whether a span is a given name before a surname: "Chad Wilson"."""
        if span.key not in NAMESAKES or span.last - span.first > 1 or span.last == len(self.words):
            return False
        after = self.words[span.last]
        usual = after.key in ORGANISATIONS or after.key in COMMON or after.key in DEMONYMS
        if usual or after.acronym or self.text[span.end : after.start] != " ":
            return False
        larger = any(m.kind in ("country", "region") for m in meanings(after.key))
        return after.capital and after.key not in DIRECTIONS and not larger  # Paris Texas

    def evidence(self) -> list[Evidence]:
        """Evidence for each span.

        If a single word is once found to be a person's name, this counts wherever it stands alone.
        """
        persons: dict[str, float] = {}
        for number, span in enumerate(self.spans):
            before = self._word_before(span)
            if before is None or span.last - span.first > 1:
                continue
            if before.capital and before.key in TITLES:
                persons[span.key] = _TITLE
            elif self._is_given_name(before, number):
                persons[span.key] = _GIVEN_NAME
        result = []
        for number, span in enumerate(self.spans):
            large, place = self._around(number)
            if span.key in persons:
                place = min(place, (place + persons[span.key]) / 2)
            result.append((large, place))
        return result

    def follows_neighbouring(self, span: Span) -> bool:
        """Whether a span follows "neighbouring"."""
        before = self._word_before(span)
        return before is not None and before.key in NEIGHBOURING

    def calls_a_region(self, span: Span) -> bool:
        """Whether a span is called a province, a state, ... by a word in it or next to it."""
        near = list(self.words[span.first : span.last])
        if span.last < len(self.words):
            near.append(self.words[span.last])
        before = self._word_before(span)
        if before is not None and before.key in ("of", "the") and span.first > 1:
            before = self.words[span.first - 2]
        if before is not None:
            near.append(before)
        return any(word.key.removesuffix("s") in UNITS_AFTER for word in near)

    def _around(self, number: int) -> Evidence:
        span = self.spans[number]
        own = self.words[span.first : span.last]
        large, place = 0.0, 0.0
        for value, share in (*self._before(number), *self._after(number)):
            large, place = large + share * value, place + value
        if len(own) > 1:
            place += _SEVERAL_WORDS
        elif not own[0].acronym:
            place += _OPENS if own[0].opens else 0.0
            place += _WRITTEN_SMALL if own[0].key in self._small else 0.0
            if own[0].key in COMMON:
                large, place = large + _COMMON, place + _COMMON
        return large, place

    def _word_before(self, span: Span) -> Word | None:
        return self.words[span.first - 1] if span.first else None

    def _before(self, number: int) -> Iterator[Evidence]:
        """Evidence from the words before: value for places, share of it for larger units."""
        span = self.spans[number]
        before = self._word_before(span)
        if before is None or (self.words[span.first].opens and len(before.text) > 1):
            return
        gap = self.text[before.end : span.start]
        if before.key == "of" and span.first > 1 and self.words[span.first - 2].key in SCHOOLS:
            yield _INSTITUTION, 0.5
        elif before.key in TITLES and (before.capital or before.key not in PREPOSITIONS):
            yield _TITLE, 1.0
        elif before.key in PREPOSITIONS:
            yield _PREPOSITION, 1.0
        elif self._is_given_name(before, number):
            yield _GIVEN_NAME, 0.3
        elif gap in (" ", "-") and not before.opens and self._is_unknown(span.first - 1):
            yield _UNKNOWN, 0.2

    def _after(self, number: int) -> Iterator[Evidence]:
        """Evidence from the words after: value for places, share of it for larger units."""
        span = self.spans[number]
        after = self.words[span.last] if span.last < len(self.words) else None
        gap = "" if after is None else self.text[span.end : after.start]
        if after is None or gap not in (" ", "-", "'s ", "’s "):
            return
        attached = gap in (" ", "-")
        if after.key in THINGS or after.key.endswith(("virus", "viruses")):
            yield _THING, 0.5
        elif attached and after.capital and after.key in MEDIA:
            yield _MEDIA, 1.0
        elif attached and after.capital and after.key in SCHOOLS:
            yield _INSTITUTION, 0.5
        elif after.capital and after.key in STREETS:
            yield _STREET, 1.0
        elif attached and self._pairs_with_next(number):
            yield _PAIR, 1.0
        elif after.capital and after.key in ORGANISATIONS:
            yield _ORGANISATION, 0.0
        elif attached and self._is_unknown(span.last):
            yield _UNKNOWN, 0.2
        if after.key in SPEECH:
            yield _SPEECH, 0.0

    def _is_unknown(self, position: int) -> bool:
        """Whether a word is capitalised and in no span: part of a longer name."""
        word = self.words[position]
        if not word.capital or word.key in DIRECTIONS or (word.opens and word.key in COMMON):
            return False
        return position not in self._covered

    def _is_given_name(self, before: Word, number: int) -> bool:
        """Whether the word before a span may be a given name or an initial."""
        span = self.spans[number]
        gap = self.text[before.end : span.start]
        initial = len(before.text) == 1
        if not before.capital or (before.acronym and not initial):
            return False
        if gap != " " and not (initial and gap == ". "):
            return False
        if number and self.spans[number - 1].last == span.first:
            return _is_pair(self.spans[number - 1], span)
        return not any(
            before.key in words for words in (COMMON, SETTLEMENTS, PREPOSITIONS, DIRECTIONS)
        )

    def _pairs_with_next(self, number: int) -> bool:
        if number + 1 == len(self.spans) or self.spans[number + 1].first != self.spans[number].last:
            return False
        return _is_pair(self.spans[number], self.spans[number + 1])


def _is_pair(first: Span, second: Span) -> bool:
    """Whether two names side by side, without a comma, look like a person's.

    Not if one of them is a country or area, or the second is a region that contains the first.
    """
    if not first.meanings or not second.meanings or first.last - first.first > 1:
        return False
    if any(m.kind in ("country", "area") for m in (*first.meanings, *second.meanings)):
        return False
    held = {meaning.row for meaning in first.meanings if meaning.kind == "place"}
    return not any(m.kind == "region" and m.row in held for m in second.meanings)
