"""Write a `Content` as a web map in one file that loads nothing."""

from __future__ import annotations

import base64
import hashlib
import html
import json
from collections.abc import Sequence
from importlib import resources
from os import PathLike
from pathlib import Path
from typing import Any

from geo_risk._core.files import replacing
from geo_risk.maps._content import Content
from geo_risk.maps._payload import payload

__all__ = ["ASPECT", "OVERDRAW", "embed_json", "write"]

ASPECT = 1.35  # width over height of the first view
OVERDRAW = 2.4  # width that can be reached by moving the map, relative to the first view
_PAGE = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; \
script-src '{script_hash}'; style-src '{style_hash}'; base-uri 'none'; form-action 'none'">
<meta name="referrer" content="no-referrer">
<title>{title}</title>
<style>{style}</style>
</head>
<body>
<header><h1>{title}</h1></header>
<main>
<canvas id="map" tabindex="0" role="img" \
aria-label="{alt} Arrow keys move it, plus and minus zoom, zero shows all."></canvas>
<div id="zoom">
<button id="in" type="button" aria-label="Zoom in">+</button>
<button id="out" type="button" aria-label="Zoom out">−</button>
<button id="reset" type="button" aria-label="Show all" title="Show all">⌂</button>
</div>
<div id="scale"><span></span><div></div></div>
<div id="tip" hidden></div>
<div id="popup" role="dialog" aria-label="What is here" hidden></div>
</main>
<aside id="panel" aria-label="Layers and legend"></aside>
<footer>
<p>{notes}</p>
<details id="list"><summary id="list-title"></summary><table><tbody id="rows"></tbody></table>
</details>
<noscript>The map is drawn by a script inside this page; the browser has scripts switched off.\
</noscript>
</footer>
<script type="application/json" id="data">{data}</script>
<script>{script}</script>
</body>
</html>
"""


def write(path: str | PathLike[str], content: Content, popup_columns: Sequence[str] | None) -> Path:
    """Write the page."""
    data = payload(content, content.view.expand(OVERDRAW), popup_columns)
    target = Path(path)
    page = _page(data, content.title, content.notes, content.alt)
    with replacing(target) as part:
        part.write_bytes(page)
    return target


def _page(data: dict[str, Any], title: str, notes: Sequence[str], alt: str) -> bytes:
    """The page; equal data gives equal bytes."""
    assets = resources.files("geo_risk.maps") / "assets"
    parts = [(assets / name).read_text(encoding="utf-8") for name in ("shapes.js", "viewer.js")]
    script = "".join(parts)
    style = (assets / "viewer.css").read_text(encoding="utf-8")
    text = _PAGE.format(
        title=html.escape(title),
        alt=html.escape(alt),
        notes=" ".join(f"<bdi>{html.escape(note)}</bdi>" for note in notes),
        data=embed_json(data),
        script=script,
        style=style,
        script_hash=_digest(script),
        style_hash=_digest(style),
    )
    return text.encode("utf-8", "replace")


def _digest(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def embed_json(value: Any) -> str:
    """JSON that is safe inside a script element, whatever its strings contain.

    Without ``<`` no string can close the element or open a comment; U+2028 and U+2029 are
    line ends in older JavaScript.
    """
    text = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    for mark in "<>&\u2028\u2029":
        text = text.replace(mark, f"\\u{ord(mark):04x}")
    return text
