"""The oldest versions that pyproject allows: installed together, they pass the unit tests."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from paths import ROOT

NAME = re.compile(r"([A-Za-z0-9_.-]+)>=([0-9.]+)")


def lower_bounds(*extras: str) -> dict[str, str]:
    """Package → the lowest version that the project and its extras allow."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    wanted = [*project["dependencies"]]
    for extra in extras:
        wanted += project["optional-dependencies"][extra]
    found = [NAME.fullmatch(line) for line in wanted]
    return {match[1]: match[2] for match in found if match}


def test_every_dependency_states_a_lower_bound_or_a_version() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    for line in project["dependencies"]:
        assert NAME.fullmatch(line), line
    for extra, lines in project["optional-dependencies"].items():
        for line in lines:
            pinned = extra == "test" and re.fullmatch(r"[a-z-]+==[0-9.]+", line)
            assert NAME.fullmatch(line) or pinned, line


@pytest.fixture(scope="module")
def oldest(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Python of an environment with exactly the lower bounds."""
    folder = tmp_path_factory.mktemp("oldest")
    pins = folder / "pins.txt"
    bounds = lower_bounds("excel", "test")
    pins.write_text("".join(f"{name}=={version}\n" for name, version in bounds.items()))
    subprocess.run([sys.executable, "-m", "venv", folder / "env"], check=True)
    python = folder / "env" / "bin" / "python"
    install = [python, "-m", "pip", "install", "--quiet", "--editable", ROOT, "--requirement", pins]
    subprocess.run(install, check=True)
    return python


@pytest.mark.timeout(1800)
def test_the_unit_tests_pass_with_the_oldest_versions(oldest: Path) -> None:
    """Warnings do not count: what is deprecated today was not then."""
    command = [oldest, "-m", "pytest", "tests/unit", "-q", "-n", "auto", "-o", "filterwarnings="]
    environment = {key: value for key, value in os.environ.items() if key != "GEO_RISK_CACHE_DIR"}
    result = subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )
    assert result.returncode == 0, result.stdout[-5000:]


def test_what_is_installed_is_the_oldest(oldest: Path) -> None:
    listed = subprocess.run(
        [oldest, "-m", "pip", "list", "--format", "freeze"],
        capture_output=True, text=True, check=True,
    ).stdout.lower().replace("_", "-")  # fmt: skip
    for name, version in lower_bounds("excel", "test").items():
        assert re.search(rf"^{name.replace('_', '-')}=={version}(\.0)*$", listed, re.MULTILINE), (
            name
        )
