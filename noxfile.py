"""Sessions of tests and checks for developers and CI; each defines once what to run.

    nox --list
    nox -s quick                                  # in its own environment
    nox -s tests-3.13 -- tests/unit -k locate     # arguments after -- go to pytest
    nox --no-venv --no-install -s lint types      # in the environment that is active

A Python version that is not installed is skipped.
"""

from __future__ import annotations

import os
import shutil
import subprocess

import nox

if shutil.which("pyenv"):  # nox finds a Python of pyenv only if it is active
    listed = subprocess.run(["pyenv", "versions", "--bare"], capture_output=True, text=True)
    os.environ.setdefault("PYENV_VERSION", ":".join(listed.stdout.split()))

PROJECT = nox.project.load_toml("pyproject.toml")
PYTHONS = nox.project.python_versions(PROJECT)

nox.needs_version = ">=2025.2.9"
nox.options.sessions = ["lint", "types", "quick"]
nox.options.reuse_venv = "yes"
nox.options.error_on_missing_interpreters = False

TOOLCHAIN = "tests/toolchain"
# Files of tests/toolchain that have their own session.
APART = ("test_lower_bounds", "test_benchmarks", "test_style", "test_gate")
KERNELS = "tests/unit/test_kernels.py"
PARALLEL = ("-n", "auto")


def pytest(session: nox.Session, *arguments: str, extras: str = "test", **env: str) -> None:
    """Run pytest in an environment with the package and the given extras."""
    session.install("--editable", f".[{extras}]")
    session.run("python", "-m", "pytest", *arguments, *session.posargs, env=env)


@nox.session(python=PYTHONS)
def tests(session: nox.Session) -> None:
    """The README's test command, or the tests after --, on one Python."""
    pytest(session, *PARALLEL)


@nox.session
def quick(session: nox.Session) -> None:
    """Unit tests: what each module guarantees, in under two minutes."""
    pytest(session, "tests/unit", *PARALLEL)


@nox.session
def random(session: nox.Session) -> None:
    """Property tests with new random examples; all other sessions use the same examples."""
    pytest(session, "tests/property", *PARALLEL, "--hypothesis-profile", "random")


@nox.session
def oldest(session: nox.Session) -> None:
    """The lowest versions that pyproject.toml allows, in an environment that the test creates."""
    pytest(session, f"{TOOLCHAIN}/test_lower_bounds.py")


@nox.session
def newest(session: nox.Session) -> None:
    """The newest versions, also of numba; compiled kernels are loaded as if it were tested."""
    session.install("--editable", ".[test]", "--upgrade", "--upgrade-strategy", "eager")
    own = {"GEO_RISK_QUICK_LOAD": "1", "NUMBA_CACHE_DIR": session.create_tmp()}
    pytest(session, "tests/unit", f"{TOOLCHAIN}/test_jit.py", *PARALLEL, **own)


@nox.session
def docs(session: nox.Session) -> None:
    """Every page and docstring: code, output, links."""
    pytest(session, "tests/docs", "geo_risk", *PARALLEL)


@nox.session
def lint(session: nox.Session) -> None:
    """Ruff."""
    pytest(session, f"{TOOLCHAIN}/test_style.py", "-k", "ruff")


@nox.session
def types(session: nox.Session) -> None:
    """mypy, with the pinned stubs."""
    pytest(session, f"{TOOLCHAIN}/test_style.py", "-k", "mypy")


@nox.session
def benchmarks(session: nox.Session) -> None:
    """Every benchmark at n = 10."""
    pytest(session, f"{TOOLCHAIN}/test_benchmarks.py", *PARALLEL, extras="test,bench")


@nox.session
def toolchain(session: nox.Session) -> None:
    """Slow tests that rarely fail and do not have their own session."""
    apart = (f"--ignore={TOOLCHAIN}/{name}.py" for name in APART)
    pytest(session, TOOLCHAIN, *PARALLEL, *apart)


@nox.session
def kernels_python(session: nox.Session) -> None:
    """The tests of the kernels, with the kernels as plain Python."""
    pytest(session, KERNELS, *PARALLEL, NUMBA_DISABLE_JIT="1")


@nox.session
def coverage(session: nox.Session) -> None:
    """Coverage of lines and branches, kernels as plain Python; fails below the minimum."""
    measured = ("--cov", "--cov-report=", "--cov-fail-under=0")  # the report has the floor
    pytest(session, "tests/unit", "tests/property", "tests/oracle", *PARALLEL, *measured)
    append = (*measured, "--cov-append")
    pytest(session, KERNELS, *PARALLEL, *append, NUMBA_DISABLE_JIT="1")
    session.run("python", "-m", "coverage", "report")


@nox.session
def gate(session: nox.Session) -> None:
    """Check that kernels and verbs are not slower than benchmarks/ratios.json allows."""
    pytest(session, f"{TOOLCHAIN}/test_gate.py")
