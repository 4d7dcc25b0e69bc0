"""Every dotted name that the documentation teaches works in a fresh process, as the first one."""

from __future__ import annotations

import importlib
import re
import subprocess
import sys

import pytest
from paths import ROOT

import geo_risk

PUBLIC = sorted(
    path.stem
    for path in (ROOT / "geo_risk").iterdir()
    if not path.stem.startswith("_")
    and path.stem != "cli"  # a program, not a part to import
    and path.stem != "frames"  # its parts have short names
    and (path.suffix == ".py" or (path / "__init__.py").exists())
)
PUBLIC = sorted({*PUBLIC, *geo_risk._SHORT_NAMES})
FRESH = """
import importlib, inspect, sys
for line in sys.stdin.read().split():
    for name in [name for name in sys.modules if name.partition(".")[0] == "geo_risk"]:
        del sys.modules[name]
    found = importlib.import_module("geo_risk")
    package = found
    try:
        for part in line.split(".")[1:]:
            package, found = found, getattr(found, part)
    except AttributeError as error:
        print(line, "fails:", error)
        continue
    if part in getattr(package, "__all__", ()) and package.__name__ != "geo_risk":
        if inspect.ismodule(found):
            print(line, "is a module and hides what it holds")
"""


def documented() -> set[str]:
    """Dotted names in pages and examples, `gr.` written out; private parts are not promised."""
    pages = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "examples").glob("*.py")]
    names = set()
    for page in pages:
        text = page.read_text(encoding="utf-8")
        for dotted in re.findall(r"(?<![\w./@-])(?:gr|geo_risk)((?:\.[A-Za-z]\w*)+)", text):
            names.add(f"geo_risk{dotted}")
        for dotted in re.findall(r"`(?:hotspots)\.([a-z]\w+)[`(]", text):
            names.add(f"geo_risk.hotspots.{dotted}")
        for dotted in re.findall(r"`(?:places)\.([a-z]\w+)[`(]", text):
            names.add(f"geo_risk.places.{dotted}")
    return names


def listed() -> set[str]:
    """What the packages list as their own."""
    names = {f"geo_risk.{name}" for name in [*geo_risk.__all__, *PUBLIC]}
    for module in PUBLIC:
        own = getattr(importlib.import_module(f"geo_risk.{module}"), "__all__", ())
        names |= {f"geo_risk.{module}.{name}" for name in own}
    return names


def wrong(names: set[str]) -> list[str]:
    """What is wrong with names, each looked up where nothing of geo_risk was imported before."""
    result = subprocess.run(
        [sys.executable, "-c", FRESH], input="\n".join(sorted(names)),
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert result.returncode == 0, result.stderr
    return result.stdout.splitlines()


def test_every_documented_name_works_as_the_first() -> None:
    names = documented()
    assert {"geo_risk.events.iter_events", "geo_risk.hotspots.gi_star"} <= names
    assert len(names) > 40
    assert not wrong(names)


def test_every_listed_name_works_as_the_first() -> None:
    names = listed()
    assert len(names) > 150
    assert not wrong(names)


def test_type_checkers_know_the_short_names() -> None:
    stub = (ROOT / "geo_risk" / "__init__.pyi").read_text(encoding="utf-8")
    assert re.findall(r"^(\w+): types.ModuleType$", stub, re.MULTILINE) == [*geo_risk._SHORT_NAMES]


def test_a_name_that_is_not_there_is_told() -> None:
    assert wrong({"geo_risk.nonsense"}) == [
        "geo_risk.nonsense fails: module 'geo_risk' has no attribute 'nonsense'"
    ]


@pytest.mark.parametrize("module", PUBLIC)
def test_public_modules_are_attributes_and_shown(module: str) -> None:
    assert getattr(geo_risk, module) is importlib.import_module(f"geo_risk.{module}")
    assert module in dir(geo_risk)
