"""The wheel, alone in an empty environment; and an editable install, which must not go stale."""

from __future__ import annotations

import email
import json
import os
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest
from paths import ROOT

import geo_risk
from geo_risk._core import products as _products


def run(*command: object, **options) -> str:
    result = subprocess.run(
        [str(part) for part in command], capture_output=True, text=True, check=False, **options
    )
    assert result.returncode == 0, f"{command}\n{result.stdout}\n{result.stderr}"
    return result.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    run(sys.executable, "-m", "build", "--wheel", "--outdir", folder, ROOT)
    (path,) = folder.glob("*.whl")
    return path


def test_wheel_holds_the_products_and_not_their_builders(wheel):
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
    products = {name for name in names if name.startswith("geo_risk/_boundaries/")}
    registry = json.loads((_products.product_directory() / "registry.json").read_text())
    assert products == {f"geo_risk/_boundaries/{name}" for name in [*registry, "registry.json"]}
    assert "geo_risk/py.typed" in names
    assert not any(name.endswith(("build_world.py", "corrections.csv")) for name in names)
    assert not any(name.startswith(("tests/", "examples/")) for name in names)


def test_metadata_states_licence_authors_and_the_one_version(wheel):
    with zipfile.ZipFile(wheel) as archive:
        (name,) = (name for name in archive.namelist() if name.endswith(".dist-info/METADATA"))
        folder = name.removesuffix("METADATA")
        facts = email.message_from_bytes(archive.read(name))
        licences = set(archive.namelist())
    assert facts["Version"] == geo_risk.__version__ == wheel.name.split("-")[1]
    assert "version" not in tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert facts["License-Expression"] == "BSD-3-Clause AND CC-BY-4.0"
    assert set(facts.get_all("License-File")) == {"LICENSE", "boundaries/ATTRIBUTION.md"}
    assert {f"{folder}licenses/{file}" for file in facts.get_all("License-File")} <= licences
    assert facts["Author"]
    assert all("https://" in address for address in facts.get_all("Project-URL"))


def test_products_fit_in_twenty_megabytes(wheel):
    with zipfile.ZipFile(wheel) as archive:
        size = sum(
            info.compress_size for info in archive.infolist() if "_boundaries" in info.filename
        )
    assert size < 20e6


@pytest.mark.timeout(1200)
def test_wheel_alone_runs_the_demo(wheel, tmp_path):
    """No checkout in sight: an empty environment, another directory, only the wheel."""
    run(sys.executable, "-m", "venv", tmp_path / "env")
    binaries = tmp_path / "env" / ("Scripts" if os.name == "nt" else "bin")
    run(binaries / "python", "-m", "pip", "install", "--quiet", wheel)
    clean = {key: value for key, value in os.environ.items() if not key.startswith("PYTHON")}
    out = run(binaries / "geo-risk", "demo", "--out", tmp_path / "demo", cwd=tmp_path, env=clean)
    assert "Taloqan" in out
    for words in ("AF-TAK", "CHN;PAK;TJK", "raid", "Khwaja Ghar", "hot cells"):
        assert words in out
    for name in ("reports/events.parquet", "reports/events.csv", "north_east_afghanistan.html"):
        assert (tmp_path / "demo" / name).stat().st_size > 0
    where = run(
        binaries / "python", "-c", "import geo_risk; print(geo_risk.__file__)",
        cwd=tmp_path, env=clean,
    )  # fmt: skip
    assert str(tmp_path) in where


def test_editable_install_reads_the_checkout(tmp_path, monkeypatch):
    """A copy that an earlier installation left elsewhere is never looked at."""
    if Path(geo_risk.__file__).resolve().parent.parent != ROOT:
        pytest.skip("geo_risk is not installed from this checkout")
    assert _products.product_directory() == ROOT / "boundaries" / "products"
    stale = tmp_path / "geo_risk" / "_boundaries"
    stale.mkdir(parents=True)
    (stale / "registry.json").write_text("{}")
    code = "from geo_risk._core.products import product_directory; print(product_directory())"
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    found = run(sys.executable, "-c", code, cwd=tmp_path, env=environment)
    assert Path(found.strip()) == ROOT / "boundaries" / "products"
