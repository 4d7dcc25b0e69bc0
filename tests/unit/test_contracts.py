"""The promises that no single module can keep: weight, layers, examples, style, types."""

from __future__ import annotations

import ast
import importlib
import inspect
import os
import subprocess
import sys
from pathlib import Path

import pytest
from paths import ROOT

import geo_risk

# ARCHITECTURE: a module imports only from layers above it in this table.
LAYERS = {
    "errors": 0, "_constants": 0,
    "_validate": 1, "_geodesy": 1, "_jit": 1, "_products": 1, "_frames": 1, "_fold": 1,
    "_countries": 1, "_cache": 1, "_stated": 1, "_progress": 1,
    "regions": 2, "cells": 2, "hotspots": 2, "certainty": 2,
    "borders": 3, "places": 3, "events": 3, "_region_shapes": 3,
    "enrich": 4, "quality": 4, "support": 4, "sharing": 4, "tables": 4, "uncertain": 5, "scores": 6,
    "assessment": 7,
    "maps": 8, "scale": 8,
    "demo": 9,
    "_cli_output": 10, "_cli_input": 10, "_cli_layers": 11, "cli": 12,
}  # fmt: skip
HEAVY = {
    "geopandas",
    "pandas",
    "shapely",
    "numba",
    "scipy",
    "pyproj",
    "h3",
    "matplotlib",
    "pyarrow",
}


def layer_of(module: str) -> int:
    head = module.split(".")[1] if "." in module else ""
    return LAYERS[head]


def imports_of(path: Path) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            if node.module == "geo_risk":
                found |= {f"geo_risk.{alias.name}" for alias in node.names}
            else:
                found.add(node.module)
        elif isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
    return {name for name in found if name.startswith("geo_risk.")}


def module_names() -> list[str]:
    package = ROOT / "geo_risk"
    names = []
    for path in sorted(package.rglob("*.py")):
        parts = path.relative_to(ROOT).with_suffix("").parts
        names.append(".".join(parts[:-1] if parts[-1] == "__init__" else parts))
    return [name for name in names if name != "geo_risk"]


@pytest.mark.parametrize("module", module_names())
def test_layers_point_one_way(module):
    path = ROOT / Path(*module.split("."))
    path = path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
    own, own_head = layer_of(module), module.split(".")[1]
    for imported in imports_of(path):
        head = imported.split(".")[1]
        if head in ("__version__", own_head):
            continue
        same_floor = layer_of(imported) == own == 1  # foundations may build on one another
        assert same_floor or layer_of(imported) < own, f"{module} imports {imported}"


def kernels() -> list[tuple[str, ast.FunctionDef]]:
    """Every function that numba compiles."""
    found = []
    for path in sorted((ROOT / "geo_risk").rglob("_*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef) and {"njit", "inner"} & {
                getattr(mark, "id", None) for mark in node.decorator_list
            }:
                found.append((f"{path.name}:{node.name}", node))
    return found


def test_kernels_use_nothing_that_quick_loading_leaves_out():
    """`_jit` loads compiled code without numba's tables for hashing and for its threads."""
    assert len(kernels()) > 50
    for name, kernel in kernels():
        for node in ast.walk(kernel):
            shapes = (ast.Set, ast.SetComp, ast.Dict, ast.DictComp, ast.JoinedStr)
            assert not isinstance(node, shapes), name
            called = getattr(getattr(node, "func", None), "id", "")
            assert called not in {"set", "dict", "frozenset", "hash", "str", "prange"}, name


def run(code: str, **environment: str) -> str:
    result = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, **environment},
    )
    assert result.returncode == 0, result.stderr
    return result.stdout


def test_importing_the_package_imports_nothing_heavy():
    loaded = set(run("import sys, geo_risk; print(*sys.modules)").split())
    assert not loaded & HEAVY


def test_locating_arrays_imports_no_geopandas():
    code = (
        "import sys, geo_risk as gr\n"
        "gr.load_regions().locate(lon=[69.5], lat=[36.7])\n"
        "print(*sys.modules)"
    )
    assert not set(run(code).split()) & {"geopandas", "pandas", "matplotlib"}


def test_everything_promised_is_there():
    for name in geo_risk.__all__:
        value = getattr(geo_risk, name)
        assert value is getattr(geo_risk, name)
        if callable(value):
            assert value.__doc__, name
    assert set(geo_risk.__all__) <= set(dir(geo_risk))
    with pytest.raises(AttributeError, match="no attribute 'nonsense'"):
        _ = geo_risk.nonsense


def test_public_functions_take_lon_and_lat_by_keyword_only():
    for name in geo_risk.__all__:
        value = getattr(geo_risk, name)
        members = [value] if inspect.isfunction(value) else []
        if inspect.isclass(value):
            members = [m for _, m in inspect.getmembers(value, inspect.isfunction)]
        for function in members:
            for parameter in inspect.signature(function).parameters.values():
                if parameter.name in ("lon", "lat"):
                    assert parameter.kind is inspect.Parameter.KEYWORD_ONLY, function


def test_nothing_needs_what_stands_beside_a_checkout():
    for folder in ("geo_risk", "examples", "boundaries"):
        for path in (ROOT / folder).rglob("*.py"):
            assert "../shared" not in path.read_text(encoding="utf-8"), path


def modules() -> list[tuple[str, ast.Module]]:
    return [
        (path.stem, ast.parse(path.read_text(encoding="utf-8")))
        for path in sorted((ROOT / "geo_risk").rglob("*.py"))
    ]


def imported_names(tree: ast.Module) -> set[str]:
    """Modules that are imported anywhere, and names that are imported from them."""
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found |= {node.module or "", *(alias.name for alias in node.names)}
    return found


def test_nothing_imports_pycountry():
    """Country names must not depend on which one, or whether one, is installed."""
    assert [name for name, tree in modules() if "pycountry" in imported_names(tree)] == []
    dependencies = (ROOT / "pyproject.toml").read_text(encoding="utf-8").split("dependencies = [")
    assert "pycountry" not in dependencies[1].split("]")[0]


def test_countries_have_one_index():
    """Only `_countries` opens the crosswalk, and who reads it from there folds no name."""
    opens, folds = [], []
    for name, tree in modules():
        texts = {node.value for node in ast.walk(tree) if isinstance(node, ast.Constant)}
        opens += [name] * ("crosswalk.json" in texts)
        folds += [name] * ({"crosswalk", "fold"} <= imported_names(tree))
    assert (opens, folds) == (["_countries"], [])


def test_changelog_names_the_version():
    text = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    assert "## Unreleased" in text


def test_readme_names_only_what_exists():
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    for target in ("docs/do_no_harm.md", "docs/data.md", "boundaries/ATTRIBUTION.md"):
        assert target in text
        assert (ROOT / target).is_file()
    module = importlib.import_module("geo_risk")
    for name in ast.walk(ast.parse(text.split("```python\n")[1].split("```")[0])):
        if isinstance(name, ast.Attribute) and getattr(name.value, "id", "") == "gr":
            assert hasattr(module, name.attr)
