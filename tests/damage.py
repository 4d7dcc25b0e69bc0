"""What storage, a cut copy or another program may do to a file."""

from __future__ import annotations

import random
import re
from collections.abc import Callable

__all__ = ["DAMAGES", "Damage"]

Damage = Callable[[bytes, random.Random], bytes]


def _replaced(content: bytes, at: int, new: bytes) -> bytes:
    return content[:at] + new + content[at + len(new) :]


def bit(content: bytes, rng: random.Random) -> bytes:
    at = rng.randrange(len(content))
    return _replaced(content, at, bytes([content[at] ^ 1 << rng.randrange(8)]))


def byte(content: bytes, rng: random.Random) -> bytes:
    at = rng.randrange(len(content))
    return _replaced(content, at, bytes([(content[at] + rng.randrange(1, 256)) % 256]))


def early_bit(content: bytes, rng: random.Random) -> bytes:
    """In what describes the rest, which is a small part of a large file."""
    return bit(content[:600], rng) + content[600:]


def swapped_words(content: bytes, rng: random.Random) -> bytes:
    """Two words of 8 bytes that differ change places."""
    words: set[int] = set()
    while len({content[8 * k : 8 * k + 8] for k in words}) < 2:
        words = {rng.randrange(len(content) // 8) for _ in range(2)}
    one, other = words
    first, second = (content[8 * k : 8 * k + 8] for k in (one, other))
    return _replaced(_replaced(content, 8 * one, second), 8 * other, first)


def cut(content: bytes, rng: random.Random) -> bytes:
    return content[: rng.randrange(len(content))]


def extended(content: bytes, rng: random.Random) -> bytes:
    return content + rng.choice([b"\0", b"\0" * 64, b"\0" * 4096, content[-64:], content])


def zeroed(content: bytes, rng: random.Random) -> bytes:
    """A block that was never written; it holds something that is not zero."""
    kept = [k for k in range(0, len(content), 512) if any(content[k : k + 512])]
    at = rng.choice(kept)
    return _replaced(content, at, bytes(min(512, len(content) - at)))


def edited(content: bytes, rng: random.Random) -> bytes:
    """A number or a word near the beginning becomes another one, in place."""
    found = rng.choice(list(re.finditer(rb"[0-9]+|[a-z]+", content[:600])))
    symbols = b"0123456789" if found[0].isdigit() else b"abcdefghijklmnopqrstuvwxyz"
    old = found[0]
    while (new := bytes(rng.choice(symbols) for _ in old)) == old:
        pass
    return _replaced(content, found.start(), new)


DAMAGES: list[Damage] = [
    bit, byte, early_bit, swapped_words, cut, extended, zeroed, edited,
]  # fmt: skip
