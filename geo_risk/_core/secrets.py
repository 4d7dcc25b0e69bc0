"""Remove keys and passwords from text before it is shown, logged, raised or stored.

They are removed before a text is shortened: otherwise half of a key could be shown.
"""

from __future__ import annotations

import base64
import os
import re
from collections.abc import Callable, Iterable
from typing import Any
from urllib.parse import quote, unquote, unquote_plus, urlsplit

__all__ = ["HIDDEN", "Secrets", "secret", "shown_address", "without_secrets"]

HIDDEN = "***"
_TELLING = re.compile(
    r"token|secret(?!ar)|passw|pwd|passphrase|signature|credential|auth(?!or(?!i[sz]))|jwt|session"
    r"|(?<!tur|mon|don|hoc|joc)key(?!word|board)"
    r"|^(sig|pass|pw|code|sas|user|username|login|email|app_?id)$|^x-(amz|goog|ms)-",
    re.IGNORECASE,
)
_PLACE_CODE = re.compile(r"[A-Z]{2,3}(-[A-Z0-9]{1,3})?|[0-9]{1,3}")  # in `code=`: not a key
# One letter before the colon is a drive. Lengths are bounded, or long words take quadratic time.
_ADDRESS = re.compile(r"[a-zA-Z][a-zA-Z0-9+.-]{1,30}:/?/[^\s\"'<>]+")
_BARE = re.compile(r"(?<![\w/])//[^\s\"'<>/@]+@")
_PAIR = re.compile(r"(?P<before>[?&;#]|^)(?P<name>[^=&;#?]+)=(?P<value>[^&;#]*)")
_IN_TEXT = re.compile(r"(?P<before>[?&;#])(?P<name>[^\s=&;#?\"'<>]+)=(?P<value>[^\s&;#\"'<>]*)")
_JWT = re.compile(r"\beyJ[\w-]{6,1000}\.[\w-]{4,}(\.[\w-]*)?")
_SHARE = 8  # this many characters of a key in a row count as a part of it
_LONG = 12  # characters of a key that cannot be a word of the data
_DEPTH = 4  # nested encodings
# Encodings of one character: %41, \u0041, \x41, &#65;, &#x41;, \/ and \"
_ENCODED = re.compile(
    r"%(?P<percent>[0-9a-fA-F]{2})|\\u00(?P<unicode>[0-9a-fA-F]{2})|\\x(?P<hex>[0-9a-fA-F]{2})"
    r"|&#0*(?P<decimal>[0-9]{1,3});|&#[xX]0*(?P<entity>[0-9a-fA-F]{1,2});"
    r"|&(?P<named>amp|lt|gt|quot|apos);|\\(?P<plain>[/\"'\\])"
)
_NAMED = {"amp": "&", "lt": "<", "gt": ">", "quot": '"', "apos": "'"}


def secret(given: str | None, *variables: str) -> str | None:
    """A key as given, else from the first environment variable that is set."""
    if given is not None:
        return given.strip() or None
    for name in variables:
        if value := os.environ.get(name, "").strip():
            return value
    return None


def without_secrets(text: str) -> str:
    """Remove user names, passwords and keys from the URLs in a text.

    Removed are the part before the ``@`` of a URL, values of parameters whose name suggests a
    key (``key``, ``token``, ``sig``, ``X-Amz-Signature``, …), and JSON web tokens.
    """
    text = _ADDRESS.sub(lambda found: _discreet_address(found[0]), text)
    text = _BARE.sub(f"//{HIDDEN}@", text)
    return _JWT.sub(HIDDEN, _IN_TEXT.sub(_discreet_pair, text))


def shown_address(address: str) -> str:
    """A URL without its secrets, even if these contain blanks or quotes."""
    return without_secrets(_discreet_address(address))


def _discreet_address(address: str) -> str:
    scheme, _, rest = address.partition(":")
    slashes = rest[: len(rest) - len(rest.lstrip("/"))]
    rest = rest.lstrip("/")
    end = re.search(r"[/?#\\]", rest)
    host = rest[: end.start()] if end else rest
    if "@" not in host and not _is_host(host) and "@" in rest:
        host = rest[: rest.rfind("@") + 1]  # a password with a character that ends the host
    after = rest[len(host) :]
    if "@" in host:
        host = f"{HIDDEN}@{host.rpartition('@')[2]}"
    elif not _is_host(host):
        host = f"{host.partition(':')[0]}:{HIDDEN}"
    return f"{scheme}:{slashes}{host}{_PAIR.sub(_discreet_pair, after)}"


def _is_host(text: str) -> bool:
    """Whether text is a host with or without a port, not a name with a password."""
    return re.fullmatch(r"(\[[^\]]*\]|[^:]*)(:\d*)?", text) is not None


def _discreet_pair(found: re.Match[str]) -> str:
    name = unquote_plus(unquote(found["name"]))
    shown = not _TELLING.search(name)
    shown = shown or (name.lower() == "code" and bool(_PLACE_CODE.fullmatch(found["value"])))
    value = found["value"] if shown and not _leads_to_keys(found["value"]) else HIDDEN
    return f"{found['before']}{found['name']}={value}"


def _leads_to_keys(value: str) -> bool:
    """Whether a value is a URL with a secret, percent-encoded or not."""
    for _ in range(_DEPTH):
        if "://" in value:
            return without_secrets(value) != value
        value = unquote(value)
    return False


class Secrets:
    """Texts that are never shown, in any encoding.

    Percent encoding (also repeated) and escapes of JSON, Python and HTML are decoded before the
    search for a text, its base64 (either alphabet, at any offset) and its hexadecimal digits;
    eight of these characters in a row are enough, so that no half is shown either.
    """

    def __init__(self, *texts: str) -> None:
        self._forms: set[str] = set()
        self._shares: dict[int, set[str]] = {}
        self.add(*texts)

    def __repr__(self) -> str:
        return f"<{len(self._forms)} forms of secrets>"

    def add(self, *texts: str) -> None:
        """Add texts that are never shown."""
        for form in (form for text in texts if text for form in _forms(text)):
            self._forms.add(form)
            size = min(_SHARE, len(form))
            shares = self._shares.setdefault(size, set())
            shares.update(form[at : at + size] for at in range(len(form) - size + 1))

    def add_address(self, address: str) -> None:
        """Add the user name, the password and the secret parameters of a URL."""
        parts = urlsplit(address)
        for text in (parts.username, parts.password):
            self.add(*({text, unquote(text)} if text and len(text) > 3 else ()))
        for found in _PAIR.finditer(f"{parts.path}&{parts.query}&{parts.fragment}"):
            if _TELLING.search(unquote_plus(unquote(found["name"]))) and len(found["value"]) > 3:
                self.add(found["value"], unquote_plus(found["value"]))

    def leave_out(self, text: str) -> str:
        """Return a text without these secrets and without those in URLs."""
        hidden = bytearray(len(text))
        if self._shares:
            for view, starts in _views(text):
                self._mark(view, starts, hidden)
        return without_secrets(_masked(text, hidden))

    def _mark(self, view: str, starts: list[int], hidden: bytearray) -> None:
        for size, shares in self._shares.items():
            for at in range(len(view) - size + 1):
                if view[at : at + size] in shares:
                    first, last = starts[at], starts[at + size]
                    hidden[first:last] = b"\1" * (last - first)

    def leave_out_deep(self, value: Any) -> Any:
        """Remove secrets from every text in parsed JSON, except names."""
        if isinstance(value, str):
            return self.leave_out(value)
        if isinstance(value, dict):
            return {name: self.leave_out_deep(item) for name, item in value.items()}
        if isinstance(value, list):
            return [self.leave_out_deep(item) for item in value]
        return value

    def leave_out_of_data(self, text: str) -> str:
        """Remove complete long secrets from data; fast, for texts of any length.

        Short ones stay: they may be words, and the data would no longer be the source's.
        """
        for form in sorted(self._forms, key=len, reverse=True):
            if len(form) >= _LONG:
                text = text.replace(form, HIDDEN)
        return text


def _masked(text: str, hidden: bytearray) -> str:
    """Text with one mark in place of each hidden part."""
    out, shown = [], True
    for char, hide in zip(text, hidden):
        if not hide:
            out.append(char)
        elif shown:
            out.append(HIDDEN)
        shown = not hide
    return "".join(out)


def _views(text: str) -> Iterable[tuple[str, list[int]]]:
    """A text and its decoded forms, each with the position of every character in the text."""
    view, starts = text, list(range(len(text) + 1))
    for _ in range(_DEPTH):
        yield view, starts
        if not _ENCODED.search(view):
            return
        view, starts = _decoded(view, starts)


def _decoded(text: str, starts: list[int]) -> tuple[str, list[int]]:
    out: list[str] = []
    places: list[int] = []
    at = 0
    for found in _ENCODED.finditer(text):
        out.append(text[at : found.start()])
        places += starts[at : found.start() + 1]
        out.append(_sign(found))
        at = found.end()
    out.append(text[at:])
    places += starts[at:]
    return "".join(out), places


def _sign(found: re.Match[str]) -> str:
    kind = str(found.lastgroup)
    value = found[kind]
    if kind == "named":
        return _NAMED[value]
    if kind == "plain":
        return value
    return chr(int(value, 10 if kind == "decimal" else 16) & 0xFF)


def _forms(text: str) -> set[str]:
    """Forms of a text in encodings that hide it."""
    raw = text.encode("utf-8", "surrogatepass")
    forms = {text, raw.decode("latin-1"), text.encode("unicode_escape").decode()}
    for content in (raw, quote(text, safe="", errors="replace").encode()):
        forms |= {content.hex(), content.hex().upper(), *_base64_forms(content)}
    return {form for form in forms if form}


def _base64_forms(content: bytes) -> Iterable[str]:
    """Base64 of a text, for each offset at which it can begin in the encoded bytes."""
    encoders: tuple[Callable[[bytes], bytes], ...] = (base64.b64encode, base64.urlsafe_b64encode)
    for encode in encoders:
        for before in range(3):
            whole = encode(b"\0" * before + content).decode().rstrip("=")
            first = -(-before * 8 // 6)  # characters that also contain bits of the bytes before
            last = (before + len(content)) * 8 // 6
            if last - first >= 4:
                yield whole[first:last]
