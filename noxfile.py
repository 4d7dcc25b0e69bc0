"""Sessions of tests and checks, for developers and CI: each names what to run, once.

    nox --list
    nox -s quick                                  # in an environment of its own
    nox -s tests-3.13 -- tests/unit -k locate     # what follows -- goes to pytest
    nox --no-venv --no-install -s lint types      # in the environment that is active

A Python that is not there is skipped.
"""

from __future__ import annotations

import os
import shutil
import subprocess

import nox

if shutil.which("pyenv"):  # a Python of pyenv is found only while it is active
    listed = subprocess.run(["pyenv", "versions", "--bare"], capture_output=True, text=True)
    os.environ.setdefault("PYENV_VERSION", ":".join(listed.stdout.split()))

PROJECT = nox.project.load_toml("pyproject.toml")
PYTHONS = nox.project.python_versions(PROJECT)

nox.needs_version = ">=2025.2.9"
nox.options.sessions = ["lint", "types", "quick"]
nox.options.reuse_venv = "yes"
nox.options.error_on_missing_interpreters = False

TOOLCHAIN = "tests/toolchain"
# Files of tests/toolchain that have a session of their own.
APART = ("test_lower_bounds", "test_benchmarks", "test_style", "test_gate")
KERNELS = "tests/unit/test_kernels.py"
PARALLEL = ("-n", "auto")


def pytest(session: nox.Session, *arguments: str, extras: str = "test", **env: str) -> None:
    """Run pytest in an environment with the package and some of its extras."""
    session.install("--editable", f".[{extras}]")
    session.run("python", "-m", "pytest", *arguments, *session.posargs, env=env)


@nox.session(python=PYTHONS)
def tests(session: nox.Session) -> None:
    """The README's test command, or the tests behind --, on one Python."""
    pytest(session, *PARALLEL)


@nox.session
def quick(session: nox.Session) -> None:
    """What each module promises, in under two minutes."""
    pytest(session, "tests/unit", *PARALLEL)


@nox.session
def random(session: nox.Session) -> None:
    """The properties on other examples than in every other run."""
    pytest(session, "tests/property", *PARALLEL, "--hypothesis-profile", "random")


@nox.session
def oldest(session: nox.Session) -> None:
    """The lowest versions that pyproject.toml allows, in an environment that the tests make."""
    pytest(session, f"{TOOLCHAIN}/test_lower_bounds.py")


@nox.session
def newest(session: nox.Session) -> None:
    """The newest versions, numba's among them: compiled code is loaded as if it were tested."""
    session.install("--editable", ".[test]", "--upgrade", "--upgrade-strategy", "eager")
    own = {"GEO_RISK_QUICK_LOAD": "1", "NUMBA_CACHE_DIR": session.create_tmp()}
    pytest(session, "tests/unit", f"{TOOLCHAIN}/test_jit.py", *PARALLEL, **own)


@nox.session
def docs(session: nox.Session) -> None:
    """Every page and every docstring: code, output, links."""
    pytest(session, "tests/docs", "geo_risk", *PARALLEL)


@nox.session
def lint(session: nox.Session) -> None:
    """Ruff."""
    pytest(session, f"{TOOLCHAIN}/test_style.py", "-k", "ruff")


@nox.session
def types(session: nox.Session) -> None:
    """Types, with the stubs that are pinned."""
    pytest(session, f"{TOOLCHAIN}/test_style.py", "-k", "mypy")


@nox.session
def benchmarks(session: nox.Session) -> None:
    """Every benchmark at n = 10."""
    pytest(session, f"{TOOLCHAIN}/test_benchmarks.py", *PARALLEL, extras="test,bench")


@nox.session
def toolchain(session: nox.Session) -> None:
    """What is long and rarely breaks and has no session of its own."""
    apart = (f"--ignore={TOOLCHAIN}/{name}.py" for name in APART)
    pytest(session, TOOLCHAIN, *PARALLEL, *apart)


@nox.session
def kernels_python(session: nox.Session) -> None:
    """The kernels' own tests with the kernels as plain Python."""
    pytest(session, KERNELS, *PARALLEL, NUMBA_DISABLE_JIT="1")


@nox.session
def coverage(session: nox.Session) -> None:
    """Lines and branches that the tests reach, kernels as plain Python; fails below the floor."""
    measured = ("--cov", "--cov-report=")
    pytest(session, "tests/unit", "tests/property", "tests/oracle", *PARALLEL, *measured)
    append = (*measured, "--cov-append")
    pytest(session, KERNELS, *PARALLEL, *append, NUMBA_DISABLE_JIT="1")
    session.run("python", "-m", "coverage", "report")


@nox.session
def gate(session: nox.Session) -> None:
    """Kernels must not have become slower than benchmarks/ratios.json allows."""
    pytest(session, f"{TOOLCHAIN}/test_gate.py")
