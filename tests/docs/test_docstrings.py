"""Docstrings of what is public: the form of numpydoc, and what they say of their signature."""

from __future__ import annotations

import dataclasses
import importlib
import inspect
from collections.abc import Iterator
from typing import Any

import pytest
from numpydoc.docscrape import ClassDoc
from numpydoc.validate import Validator, validate

PACKAGES = ("", ".borders", ".cells", ".events", ".hotspots", ".maps", ".places", ".regions")
CHECKED = {
    "GL05", "GL06", "GL07", "GL08", "GL10",  # sections by their names and in their order
    "SS01", "SS02", "SS03", "SS04", "SS06",  # one sentence first
    "PR01", "PR02", "PR05", "PR06", "PR07", "PR10",  # every parameter, and no other
    "RT01", "YD01",  # what is returned
}  # fmt: skip
"""Rules of numpydoc that hold. Not among them are sections that a name may do without (examples,
see also) and a type beside each parameter, which one that is "as in" another function has there."""


def public() -> Iterator[str]:
    """Dotted names of public functions, classes and methods, where they are defined."""
    for package in PACKAGES:
        module = importlib.import_module(f"geo_risk{package}")
        for thing in (getattr(module, name) for name in module.__all__):
            if not (inspect.isfunction(thing) or inspect.isclass(thing)):
                continue
            where = f"{thing.__module__}.{thing.__qualname__}"
            yield where
            if inspect.isclass(thing):
                yield from (
                    f"{where}.{name}"
                    for name, value in vars(thing).items()
                    if not name.startswith("_")
                    and isinstance(value, (classmethod, staticmethod, type(public)))
                )


NAMES = sorted(set(public()))


def found(where: str) -> Any:
    """The object of a dotted name."""
    return Validator._load_obj(where)


def says_it_all(thing: Any) -> bool:
    """Whether a docstring is one sentence, of at most one parameter: no sections are needed."""
    taken = [name for name in inspect.signature(thing).parameters if name not in ("self", "cls")]
    return len(taken) <= 1 and "\n" not in inspect.cleandoc(thing.__doc__ or "\n")


def faults(where: str) -> list[str]:
    """What numpydoc finds wrong, by the rules that hold."""
    thing = found(where)
    told = [error for error in validate(where)["errors"] if error[0] in CHECKED]
    if inspect.isclass(thing):  # made by functions; their attributes are checked below
        told = [error for error in told if error[0] != "PR01"]
    elif "\nYields\n---" in inspect.getdoc(thing):
        told = [error for error in told if error[0] != "RT01"]
    elif says_it_all(thing):
        told = [error for error in told if error[0] not in ("PR01", "RT01")]
    return [f"{code}: {text}" for code, text in told]


@pytest.mark.parametrize("where", NAMES)
def test_a_docstring_fits_its_signature(where: str) -> None:
    assert faults(where) == []


RESULTS = [where for where in NAMES if dataclasses.is_dataclass(found(where))]


@pytest.mark.parametrize("where", RESULTS)
def test_every_attribute_of_a_result_is_documented(where: str) -> None:
    doc = ClassDoc(found(where))
    told = {
        name.strip()
        for part in ("Attributes", "Parameters")
        for entry in doc[part]
        for name in entry.name.split(",")
    }
    fields = {
        field.name for field in dataclasses.fields(found(where)) if not field.name.startswith("_")
    }
    assert fields - told == set()


def planted(a: int, b: int = 1) -> int:
    """Add.

    Parameters
    ----------
    a : int
        One number.
    c : int
        A parameter that is not there.
    """
    return a + b


def test_planted_faults_are_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    import geo_risk.errors

    monkeypatch.setattr(geo_risk.errors, "planted", planted, raising=False)
    codes = {fault[:4] for fault in faults("geo_risk.errors.planted")}
    assert codes >= {"PR01", "PR02", "RT01"}
