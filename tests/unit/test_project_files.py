"""Files at the top of the checkout: one version, dates, what is said to lie there."""

from __future__ import annotations

import datetime
import re
import subprocess
import tomllib
from typing import Any

import pytest
import yaml
from paths import ROOT

import geo_risk

REQUIRED = {"authors", "cff-version", "message", "title"}  # by the schema of CFF 1.2.0
ALLOWED = REQUIRED | {
    "abstract", "commit", "contact", "date-released", "doi", "identifiers", "keywords", "license",
    "license-url", "preferred-citation", "references", "repository", "repository-artifact",
    "repository-code", "type", "url", "version",
}  # fmt: skip
ENTITY = {
    "address", "alias", "city", "country", "date-end", "date-start", "email", "fax", "location",
    "name", "orcid", "post-code", "region", "tel", "website",
}  # fmt: skip
HEADING = re.compile(r"^## (.+)$", re.MULTILINE)
KINDS = {"Added", "Changed", "Deprecated", "Removed", "Fixed", "Security", "Project"}


def text_of(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def citation() -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load(text_of("CITATION.cff"))
    return found


def released() -> list[tuple[str, str]]:
    """Version and date of the changelog's headings, the newest first; without "Unreleased"."""
    first, *others = HEADING.findall(text_of("CHANGELOG.md"))
    assert first == "Unreleased"
    return [(name, date) for name, _, date in (heading.partition(" - ") for heading in others)]


def test_one_version_and_one_date() -> None:
    (version, date), *_ = released()
    assert version == geo_risk.__version__ == citation()["version"]
    assert date == citation()["date-released"] == datetime.date.fromisoformat(date).isoformat()


def test_versions_descend() -> None:
    numbers = [tuple(map(int, version.split("."))) for version, _ in released()]
    assert numbers == sorted(set(numbers), reverse=True)
    assert set(re.findall(r"^### (.+)$", text_of("CHANGELOG.md"), re.MULTILINE)) <= KINDS


def test_the_citation_has_what_the_format_requires() -> None:
    found = citation()
    assert found.keys() >= REQUIRED
    assert found.keys() <= ALLOWED
    assert found["cff-version"] == "1.2.0"
    assert found["type"] in ("software", "dataset")
    assert found["authors"]
    for author in found["authors"]:
        assert author["name"]
        assert author.keys() <= ENTITY
    assert len(set(found["keywords"])) == len(found["keywords"])
    for name in ("message", "title", "abstract", "version", "date-released"):
        assert isinstance(found[name], str)
        assert found[name]


def test_the_citation_and_the_packaging_agree() -> None:
    project = tomllib.loads(text_of("pyproject.toml"))["project"]
    assert citation()["license"] == project["license"].split(" AND ")[0]
    assert [author["name"] for author in citation()["authors"]] == [
        author["name"] for author in project["authors"]
    ]


def test_contributing_lists_what_lies_at_the_top() -> None:
    listed = subprocess.run(
        ["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    if listed.returncode != 0:
        pytest.skip("no git checkout")
    table = text_of("CONTRIBUTING.md").split("| name | holds |")[1].split("\n\n")[0]
    told = re.findall(r"`([^`]+)`", table)
    there = {
        name + "/" * (ROOT / name).is_dir()
        for name in (line.split("/")[0] for line in listed.stdout.splitlines())
    }
    assert sorted(told) == sorted(there)


def test_the_source_archive_has_the_files_at_the_top() -> None:
    listed = tomllib.loads(text_of("pyproject.toml"))["tool"]["hatch"]["build"]["targets"]["sdist"]
    for path in ROOT.glob("*"):
        if path.suffix in (".md", ".cff", ".py") or path.name == "LICENSE":
            assert f"/{path.name}" in listed["include"]
