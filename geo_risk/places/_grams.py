"""Keys by the trigrams they contain: a short list of keys similar to a text.

A text of n characters, with two blanks before and after it, has n + 2 trigrams. One edit replaces
at most four neighbouring ones (a transposition changes two letters), an insertion two. Of k + 1
trigrams of the text, each at least four after the one before, k edits therefore leave at least one
in place, and of 2k - i + 1 trigrams, each at least two after the one before, as well if i of the
edits are insertions: a key that is i letters longer needs so many. Which of these sets has the
fewest keys is decided for each length of key. Every similar key is on the list, whatever the
letters; most keys on it are not similar.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import combinations_with_replacement
from math import comb

import numpy as np
from numpy.typing import NDArray

from geo_risk._core.types import Int32Array, IntArray

__all__ = ["HIGHEST_SHARE", "GramIndex", "build_grams"]

HIGHEST_SHARE = 0.25
"""Edits per letter up to which there is always such a set of trigrams."""

_BLANKS = 2
_MOST_SETS = 40
_FACTORS = tuple(np.uint32(factor) for factor in (0x9E3779B1, 0x85EBCA77, 0xC2B2AE3D))
_MIX = np.uint32(0x2C1B3C6D)
_PER_LIST = 16  # trigrams, on average, if there were as many of each
_FEWEST_BITS, _MOST_BITS = 4, 14


@dataclass(frozen=True, eq=False)
class GramIndex:
    """For each length of key and each hashed trigram the keys that contain it.

    Parameters
    ----------
    shift : uint32 (longest + 1,)
        Bits of a hash that are not used, by length of key.
    base : int64 (longest + 1,)
        First item of `start` of each length.
    start : int32 (s,)
        First item of `position` of each trigram, and one past the last.
    position : int32 (p,)
        Position of the keys in order of length.
    """

    shift: NDArray[np.uint32]
    base: IntArray
    start: Int32Array
    position: Int32Array

    def short_lists(
        self, texts: Sequence[str], lengths: IntArray, edits: IntArray
    ) -> tuple[IntArray, IntArray, Int32Array, Int32Array]:
        """Lists of keys with all keys that are at most so many edits from one of the texts.

        Parameters
        ----------
        texts : sequence of str
            All of one length.
        lengths, edits : int64 (m,)
            Lengths of the keys that count, and the most edits for each of them: at most
            `HIGHEST_SHARE` of its letters or of a text's, and no fewer than the lengths differ.

        Returns
        -------
        text, length : int64 (s,)
            Position of each list's text, and of its length in `lengths`.
        first, size : int32 (s,)
            Its first item in `position`, and how many follow.
        """
        letters = np.array([list(text) for text in texts], dtype="<U1")
        points = np.pad(letters.view(np.uint32), ((0, 0), (_BLANKS, _BLANKS)))
        hashed = _hashes(points) >> self.shift[lengths, None, None]
        at = self.base[lengths, None, None] + hashed
        first = self.start[at]
        size = self.start[at + 1] - first
        sets = _sets(len(texts[0]), tuple(lengths.tolist()), tuple(edits.tolist()))
        fewest = np.argmin(size.astype(np.float32) @ sets.transpose(0, 2, 1), axis=2)
        chosen = sets[np.arange(lengths.size)[:, None], fewest] > 0
        length, text, _ = np.nonzero(chosen)
        return text, length, first[chosen], size[chosen]


@lru_cache(maxsize=256)
def _sets(n: int, lengths: tuple[int, ...], edits: tuple[int, ...]) -> NDArray[np.float32]:
    """Sets of a text's trigrams for each length of key, one of which is enough; 1 for a member.

    A length with fewer sets than another has sets of all trigrams in addition.
    """
    sets = []
    for length, most in zip(lengths, edits):
        longer = max(length - n, 0)
        sets.append([*_spaced(n + 2, most + 1, 4), *_spaced(n + 2, 2 * most - longer + 1, 2)])
    table = np.ones((len(lengths), max(map(len, sets)), n + 2), dtype=np.float32)
    for row, of_length in enumerate(sets):
        table[row, : len(of_length)] = 0.0
        for column, members in enumerate(of_length):
            table[row, column, members] = 1.0
    return table


def _spaced(n: int, count: int, step: int) -> list[list[int]]:
    """Sets of so many of n positions, each at least `step` after the one before.

    All of them, or if there are too many, those with equal distances.
    """
    slack = n - 1 - step * (count - 1)
    if slack < 0:
        return []
    if comb(slack + count, count) <= _MOST_SETS:
        moves: Iterable[Sequence[int]] = combinations_with_replacement(range(slack + 1), count)
    else:
        moves = [[move] * count for move in range(slack + 1)]
    return [[step * rank + move for rank, move in enumerate(of_set)] for of_set in moves]


def _hashes(points: NDArray[np.uint32]) -> NDArray[np.uint32]:
    """Hash of each trigram along the last axis."""
    first, second, third = _FACTORS
    mixed = points[..., :-2] * first + points[..., 1:-1] * second + points[..., 2:] * third
    return np.asarray((mixed ^ (mixed >> np.uint32(15))) * _MIX)


def build_grams(
    points: NDArray[np.uint32], start: IntArray, order: NDArray[np.int32], bounds: IntArray
) -> GramIndex:
    """Index keys by their trigrams.

    Parameters
    ----------
    points : uint32 (m,)
        Code points of all keys.
    start : int64 (k,)
        First code point of each key.
    order, bounds
        Keys in order of length and first one of each length, as in a `SimilarityIndex`.
    """
    bits: list[int] = []
    starts: list[IntArray] = []
    positions: list[Int32Array] = []
    for length, (first, last) in enumerate(zip(bounds.tolist(), bounds[1:].tolist())):
        n_grams = length + 2 * _BLANKS - 2
        bits.append(_bits((last - first) * n_grams))
        padded = np.zeros((last - first, length + 2 * _BLANKS), dtype=np.uint32)
        padded[:, _BLANKS:-_BLANKS] = points[start[order[first:last], None] + np.arange(length)]
        hashed = (_hashes(padded) >> np.uint32(32 - bits[-1])).astype(np.uint16).reshape(-1)
        owner = np.argsort(hashed, kind="stable") // n_grams
        starts.append(sum(part.size for part in positions) + _starts(hashed, 1 << bits[-1]))
        positions.append((first + owner).astype(np.int32))
    base = np.cumsum([0, *map(len, starts)])[:-1]
    return GramIndex(
        np.array([32 - used for used in bits], dtype=np.uint32),
        base.astype(np.int64),
        np.concatenate(starts).astype(np.int32),
        np.concatenate(positions),
    )


def _bits(n_grams: int) -> int:
    """Bits of a hash that are used for so many trigrams."""
    return min(max((n_grams // _PER_LIST).bit_length() - 1, _FEWEST_BITS), _MOST_BITS)


def _starts(hashed: NDArray[np.uint16], n: int) -> IntArray:
    return np.concatenate([[0], np.cumsum(np.bincount(hashed, minlength=n))])
