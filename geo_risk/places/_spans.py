"""Split a text into words and find the runs of words that may be place names."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from functools import cache, lru_cache
from itertools import pairwise
from typing import NamedTuple

from geo_risk._core.fold import fold
from geo_risk.places._lexicon import Meaning, meanings
from geo_risk.places._words import (
    ABBREVIATIONS,
    ACRONYMS,
    COMMON,
    DEMONYMS,
    DIRECTIONS,
    FEATURES_AFTER,
    FEATURES_BEFORE,
    PARTICLES,
    SETTLEMENTS,
    UNITS_AFTER,
    UNKNOWN_UNITS,
)

__all__ = ["Span", "Word", "find_spans", "split_words"]

_MOST_WORDS = 6
_MOST_REMEMBERED = 65_536  # words, in all texts
_POSSESSIVES = ("'s ", "’s ")
_FIRST_MARK = "\u0300"
_SENTENCE_ENDS = frozenset(".!?…\n。")


class Word(NamedTuple):
    """One word of the text.

    Parameters
    ----------
    text : str
    start, end : int
        Character offsets.
    key : str
        Folded.
    capital : bool
        Begins with an upper-case letter.
    acronym : bool
        All capitals, two letters or more.
    opens : bool
        Begins a sentence.
    """

    text: str
    start: int
    end: int
    key: str
    capital: bool
    acronym: bool
    opens: bool


class Span(NamedTuple):
    """A run of words that may be a place name: words[first:last].

    Parameters
    ----------
    first, last : int
    start, end : int
        Character offsets.
    text : str
    key : str
        Folded text that was looked up.
    meanings : tuple of Meaning
        Empty for a name that looks like a place but is in no list ("Scott County").
    """

    first: int
    last: int
    start: int
    end: int
    text: str
    key: str
    meanings: tuple[Meaning, ...]


_LETTERS = r"[^\W_]++"  # and digits


def _word_pattern(letters: str) -> re.Pattern[str]:
    """Letters, with apostrophes inside; dotted initials (U.S.)."""
    return re.compile(rf"(?:[A-Z]\.){{2,}}|{letters}(?:['’‘ʼ`]{letters})*+")


_PLAIN_WORD = _word_pattern(_LETTERS)


@cache
def _marked_word() -> re.Pattern[str]:
    """Words with combining marks, which takes several times as long to search for."""
    marks = "".join(f"\\U{ord(mark):08x}" for mark in map(chr, range(0x20000)) if _is_mark(mark))
    return _word_pattern(f"(?:{_LETTERS}|[{marks}]++)++")


@lru_cache(maxsize=_MOST_REMEMBERED)
def _is_mark(character: str) -> bool:
    return character >= _FIRST_MARK and unicodedata.category(character) in ("Mn", "Mc")


def split_words(text: str) -> list[Word]:
    """Words of a text in order, without a possessive 's."""
    marked = not text.isascii() and any(map(_is_mark, set(text)))
    words: list[Word] = []
    end = 0
    for match in (_marked_word() if marked else _PLAIN_WORD).finditer(text):
        start, after = match.span()
        shown, key, capital, acronym = _traits(match.group())
        gap = text[end:start]
        opens = not words or (gap != " " and _ends_a_sentence(gap, words[-1]))
        words.append(Word(shown, start, start + len(shown), key, capital, acronym, opens))
        end = after
    return words


@lru_cache(maxsize=_MOST_REMEMBERED)
def _traits(word: str) -> tuple[str, str, bool, bool]:
    """A word without possessive 's, folded; whether it is capitalised, and an acronym."""
    shown = word[:-2] if word.endswith(("'s", "’s")) else word
    capital = shown[0].isupper() or shown[0].istitle()
    return shown, fold(shown), capital, len(shown) > 1 and shown.isupper()


def _ends_a_sentence(gap: str, word: Word) -> bool:
    """Whether what follows a word ends a sentence: not the full stop of an abbreviation."""
    stop = _SENTENCE_ENDS & set(gap)
    abbreviated = word.key in ABBREVIATIONS or len(word.text) == 1
    return bool(stop) and not (abbreviated and stop == {"."})


def find_spans(text: str, words: list[Word]) -> list[Span]:
    """Longest runs of words that are in a list or look like a place; no overlaps.

    A name in no list that the text once calls a village or a lake is a place at every mention.
    """
    spans: list[Span] = []
    position = 0
    while position < len(words):
        span = None
        if words[position].capital:
            span = next(_spans_at(text, words, position), None)
        if span is not None:
            spans.append(span)
        position = position + 1 if span is None else span.last
    return _repeat_unknown(words, spans)


def _repeat_unknown(words: list[Word], spans: list[Span]) -> list[Span]:
    """Add the other occurrences of single names of unknown position."""
    names = {span.key for span in spans if not span.meanings and span.last - span.first == 1}
    covered = {position for span in spans for position in range(span.first, span.last)}
    more = [
        Span(position, position + 1, word.start, word.end, word.text, word.key, ())
        for position, word in enumerate(words)
        if word.key in names and word.capital and position not in covered
    ]
    return sorted([*spans, *more], key=lambda span: span.start)


def _spans_at(text: str, words: list[Word], first: int) -> Iterator[Span]:
    """Runs that begin at a capitalised word, longest first."""
    longest = first + 1
    while longest < len(words) and longest - first < _MOST_WORDS:
        if not _joins(text, words[longest - 1], words[longest]):
            break
        longest += 1
    for last in range(longest, first, -1):
        if not _looks_like_a_name(words[first:last]):
            continue
        span = _span(text, words, first, last)
        if span is not None:
            yield span


def _joins(text: str, word: Word, following: Word) -> bool:
    """Whether two words may be part of one name: a space, a hyphen or a possessive between."""
    gap = text[word.end : following.start]
    if gap in (" ", "-", "\u00a0", "‐", "–", *_POSSESSIVES):
        return True
    return gap == ". " and word.key in ABBREVIATIONS


def _owns(text: str, run: list[Word]) -> bool:
    """Whether a run contains a possessive: Cox's Bazar."""
    return len(run) > 1 and any(text[a.end : b.start] in _POSSESSIVES for a, b in pairwise(run))


def _looks_like_a_name(run: list[Word]) -> bool:
    if not run[-1].capital:
        return False
    if len(run) > 1 and run[0].key in ("the", "a", "an"):
        return run[0].text == "The" and run[1].key in ("hague", "gambia", "bahamas", "valley")
    return all(word.capital or word.key in PARTICLES for word in run[1:-1])


def _span(text: str, words: list[Word], first: int, last: int) -> Span | None:
    """Turn a run of words into a span if it is in a list or a feature word marks it."""
    run = words[first:last]
    found = _known(text, words, first, last)
    feature = False
    if not found and _owns(text, run):
        return None  # Kabul's District 6
    if not found and len(run) > 1:
        found, feature = _with_feature(words, first, last)
    if not found and not feature and not _called_a_place(text, words, first, last):
        return None
    start, end = run[0].start, run[-1].end
    key = "".join(word.key for word in run)
    return Span(first, last, start, end, text[start:end], key, found)


def _known(text: str, words: list[Word], first: int, last: int) -> tuple[Meaning, ...]:
    """Meanings of a run as a whole."""
    run = words[first:last]
    shown = text[run[0].start : run[-1].end]
    if _is_part_of_a_code(text, run):
        return ()
    if shown.upper() == shown and shown.lower() in ACRONYMS:
        return meanings(fold(ACRONYMS[shown.lower()]))
    key = fold(shown) if _owns(text, run) else "".join(word.key for word in run)
    if len(run) > 1:
        short = all(len(word.key) < 4 and (word.acronym or len(word.key) == 1) for word in run)
        return () if short else meanings(key)  # IS-K
    word = run[0]
    if word.acronym and len(word.key) == 2:
        after_comma = first > 0 and text[words[first - 1].end : word.start] == ", "
        return _regions(key) if after_comma else ()
    if len(word.key) < 3 or (word.acronym and len(word.key) < 5):
        return ()
    if word.key in DIRECTIONS or word.key in UNITS_AFTER or word.key in FEATURES_AFTER:
        return ()
    if word.key in DEMONYMS:
        return ()
    return meanings(key)


def _is_part_of_a_code(text: str, run: list[Word]) -> bool:
    """Whether a run is part of a code: US$, A/California/7/2009, an address or a tag."""
    before = text[max(0, run[0].start - 1) : run[0].start]
    after = text[run[-1].end : run[-1].end + 1]
    return before in ("/", "@", "#", "_", "$") or after in ("/", "@", "_", "$")


def _regions(key: str) -> tuple[Meaning, ...]:
    return tuple(meaning for meaning in meanings(key) if meaning.kind == "region")


def _with_feature(words: list[Word], first: int, last: int) -> tuple[tuple[Meaning, ...], bool]:
    """Meanings of a name with a word for its kind or a direction, and whether it has one.

    An administrative unit means a region; a direction does not change the meaning; a lake or a
    county in no list is still a place, of unknown position.
    """
    run = words[first:last]
    head, tail = run[:-1], run[-1].key
    following = words[last] if last < len(words) else None
    if any(word.key == "and" for word in run):
        return (), False
    if run[0].key in DIRECTIONS and run[0].capital and run[1].capital:
        rest = tuple(m for m in meanings("".join(word.key for word in run[1:])) if _is_large(m))
        return rest, bool(rest)
    if following is not None and following.capital and following.start - run[-1].end == 1:
        return (), False  # Wright County Eggs
    if not _is_name(head if tail in UNITS_AFTER or tail in FEATURES_AFTER else run[1:]):
        return (), False
    if tail in UNITS_AFTER:
        named = _regions("".join(word.key for word in head))
        return named, bool(named) or tail in UNKNOWN_UNITS
    return (), tail in FEATURES_AFTER or run[0].key in FEATURES_BEFORE


def _is_large(meaning: Meaning) -> bool:
    return meaning.kind == "region" or meaning.size >= 5.0


def _is_name(words: list[Word]) -> bool:
    """Whether words are capitalised and none is an everyday word or an acronym."""
    return words[0].capital and not any(
        word.key in COMMON or word.acronym or word.key in DEMONYMS for word in words
    )


def _called_a_place(text: str, words: list[Word], first: int, last: int) -> bool:
    """Whether a name in no list is called a village, a district, ...: "the village of Kampungu"."""
    if not _is_name(words[first:last]) or any(not word.capital for word in words[first:last]):
        return False
    if first > 1 and words[first - 1].key == "of" and words[first - 2].key in SETTLEMENTS:
        return not words[first - 2].capital
    if last < len(words) and not words[last].capital and words[last].key in SETTLEMENTS:
        return text[words[last - 1].end : words[last].start] == " " and not words[first].opens
    return False
