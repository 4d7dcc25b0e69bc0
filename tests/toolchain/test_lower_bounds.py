"""The oldest versions that pyproject allows: installed together, they pass the unit tests."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
from paths import ROOT

BOUND = re.compile(r"([A-Za-z0-9_.-]+)[>=]=([0-9.]+)")
EXTRAS = ("excel", "test", "dev", "bench")
TOOLS = (
    "mypy", "ruff", "pandas-stubs", "scipy-stubs", "types-geopandas", "types-openpyxl",
    "types-shapely",
)  # fmt: skip
"""Pinned to one version; they check the code and do not run it."""


def project() -> dict[str, Any]:
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    found: dict[str, Any] = tomllib.loads(text)["project"]
    return found


def lower_bounds() -> dict[str, str]:
    """Package → the lowest version that the project and its extras allow."""
    wanted = [*project()["dependencies"]]
    for extra in EXTRAS:
        wanted += project()["optional-dependencies"][extra]
    found = (BOUND.fullmatch(line) for line in wanted)
    return {match[1]: match[2] for match in found if match and match[1] not in TOOLS}


def test_every_dependency_states_a_lower_bound_or_a_version() -> None:
    assert set(project()["optional-dependencies"]) == set(EXTRAS)
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    builders = tomllib.loads(text)["build-system"]["requires"]
    for line in [*builders, *project()["dependencies"]]:
        assert BOUND.fullmatch(line), line
        assert ">=" in line
    bounds: dict[str, str] = {}
    for extra in EXTRAS:
        for line in project()["optional-dependencies"][extra]:
            match = BOUND.fullmatch(line)
            assert match, line
            assert bounds.setdefault(match[1], match[2]) == match[2], f"two bounds of {match[1]}"


@pytest.fixture(scope="module")
def oldest(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Python of an environment with exactly the lower bounds."""
    folder = tmp_path_factory.mktemp("oldest")
    pins = folder / "pins.txt"
    lines = (f"{name}=={version}\n" for name, version in lower_bounds().items())
    pins.write_text("".join(lines))
    subprocess.run([sys.executable, "-m", "venv", folder / "env"], check=True)
    python = folder / "env" / "bin" / "python"
    install = [python, "-m", "pip", "install", "--quiet", "--editable", ROOT, "--requirement", pins]
    subprocess.run(install, check=True)
    return python


@pytest.mark.timeout(1800)
@pytest.mark.parametrize(
    "tests",
    [
        "tests/unit",
        "tests/docs/test_command_line.py",
        "tests/toolchain/test_benchmarks.py::test_benchmark_runs_small",
        "tests/toolchain/test_jit.py",
    ],
)
def test_the_oldest_versions_pass(oldest: Path, tests: str) -> None:
    """Warnings do not count: what is deprecated today was not then."""
    command = [oldest, "-m", "pytest", tests, "-q", "-n", "auto", "-o", "filterwarnings="]
    # Compiled code of its own: another numba of the same checkout must not read it.
    environment = {**os.environ, "NUMBA_CACHE_DIR": str(oldest.parent.parent.parent / "numba")}
    result = subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )
    assert result.returncode == 0, result.stdout[-5000:]


def test_what_is_installed_is_the_oldest(oldest: Path) -> None:
    listed = subprocess.run(
        [oldest, "-m", "pip", "list", "--format", "freeze"],
        capture_output=True, text=True, check=True,
    ).stdout.lower().replace("_", "-")  # fmt: skip
    for name, version in lower_bounds().items():
        assert re.search(rf"^{name.replace('_', '-')}=={version}(\.0)*$", listed, re.MULTILINE), (
            name
        )
