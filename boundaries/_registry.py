"""Write one product's entry into registry.json; used by the build programs."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

PRODUCTS = Path(__file__).resolve().parent / "products"


def register(name: str, **facts: Any) -> None:
    """Record the product file `name` with its sha256, size and stated facts."""
    content = (PRODUCTS / name).read_bytes()
    path = PRODUCTS / "registry.json"
    entries = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    entries[name] = {"sha256": hashlib.sha256(content).hexdigest(), "bytes": len(content), **facts}
    text = json.dumps(entries, ensure_ascii=False, indent=2, sort_keys=True)
    path.write_text(text + "\n", encoding="utf-8")
