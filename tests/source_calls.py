"""Which functions of the package make a call of some kind, found in their source."""

from __future__ import annotations

import ast
from collections.abc import Callable

from paths import ROOT

Wanted = Callable[[ast.AST], bool]


def callers(code: str, module: str, wanted: Wanted) -> set[str]:
    """Functions in which a wanted call stands; one in no function counts as the module's."""
    found = set()

    def visit(node: ast.AST, owner: str) -> None:
        for child in ast.iter_child_nodes(node):
            named = isinstance(child, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef))
            inner = f"{owner}.{child.name}" if named else owner
            if wanted(child):
                found.add(inner)
            visit(child, inner)

    visit(ast.parse(code), module)
    return found


def callers_in_package(wanted: Wanted) -> set[str]:
    """The same of all modules of geo_risk, without its name."""
    package = ROOT / "geo_risk"
    found = set()
    for path in sorted(package.rglob("*.py")):
        module = ".".join(path.relative_to(package).with_suffix("").parts)
        found |= callers(path.read_text(encoding="utf-8"), module, wanted)
    return found
