"""The promises that no single module can keep: weight, layers, examples, style, types."""

from __future__ import annotations

import ast
import dataclasses
import functools
import importlib
import inspect
import os
import re
import subprocess
import sys
from collections.abc import Collection
from pathlib import Path
from typing import Any

import pytest
from paths import ROOT

import geo_risk
from geo_risk._core.options import carried_by

# The table of the house in CONTRIBUTING: a part, a module or a package, and its storey.
STOREYS = {
    part: int(storey)
    for storey, part in re.findall(
        r"^\| (\d+) \| `(\w+)/?` \|", (ROOT / "CONTRIBUTING.md").read_text("utf-8"), re.MULTILINE
    )
}
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


def path_of(module: str) -> Path:
    """File of a module; of a package, its `__init__`."""
    path = ROOT / Path(*module.split("."))
    return path / "__init__.py" if path.is_dir() else path.with_suffix(".py")


def imports_of(path: Path) -> set[str]:
    """Modules of ours that a file imports, anywhere in it."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            inner = {f"{node.module}.{alias.name}" for alias in node.names}
            modules = {name for name in inner if path_of(name).exists()}
            found |= modules if node.module == "geo_risk" or len(modules) == len(inner) else {
                *modules, node.module}  # fmt: skip
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


def part_of(module: str) -> str:
    return module.split(".")[1]


@pytest.mark.parametrize("module", module_names())
def test_storeys_point_one_way(module):
    own = part_of(module)
    for imported in imports_of(path_of(module)):
        part = part_of(imported)
        assert part == own or STOREYS[part] < STOREYS[own], f"{module} imports {imported}"


def private_of_others(module: str, code: str) -> set[str]:
    """What a module takes from others though an underscore keeps it to their package."""
    own, tree = part_of(module), ast.parse(code)
    named, taken = {}, set()
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("geo_risk"):
            named |= {a.asname or a.name: f"{node.module}.{a.name}" for a in node.names}
        elif isinstance(node, ast.Import):
            taken |= {a.name for a in node.names if a.name.startswith("geo_risk.")}
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and is_private(node.attr):
            owner = getattr(node.value, "id", "")
            if owner in named:
                taken.add(f"{named[owner]}.{node.attr}")
            elif owner not in {"self", "cls"} and node.attr not in private_names()[own]:
                homes = [part for part, names in private_names().items() if node.attr in names]
                taken |= {f"geo_risk.{part}.{node.attr}" for part in homes}
    taken |= set(named.values())
    return {name for name in taken if any(not within(module, home) for home in homes_of(name))}


def is_private(name: str) -> bool:
    return name.startswith("_") and not name.endswith("__")


def homes_of(name: str) -> list[str]:
    """Packages to which the underscores in a dotted name keep it."""
    bits = name.split(".")
    homes = [".".join(bits[:i]) for i, bit in enumerate(bits) if is_private(bit)]
    return [
        home if path_of(home).name == "__init__.py" or home.count(".") < 2 else
        home.rpartition(".")[0] for home in homes
    ]  # fmt: skip


def within(module: str, package: str) -> bool:
    return f"{module}.".startswith(f"{package}.")


@functools.cache
def private_names() -> dict[str, set[str]]:
    """Private functions, methods and attributes that each part defines."""
    found: dict[str, set[str]] = {part: set() for part in STOREYS}
    for module in module_names():
        for node in ast.walk(ast.parse(path_of(module).read_text(encoding="utf-8"))):
            name = getattr(node, "name", None)
            if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
                name = node.attr if getattr(node.value, "id", "") == "self" else None
            elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
                name = node.id
            if isinstance(name, str) and is_private(name):
                found[part_of(module)].add(name)
    return found


@pytest.mark.parametrize("module", module_names())
def test_nobody_outside_a_package_takes_what_is_private_to_it(module):
    code = path_of(module).read_text(encoding="utf-8")
    assert private_of_others(module, code) == set()


@pytest.mark.parametrize(
    "code",
    [
        "from geo_risk.hotspots._tails import two_sided",
        "from geo_risk.hotspots import _tails",
        "import geo_risk.hotspots._tails",
        "from geo_risk._core.validate import _check_range",
        "from geo_risk._core import validate\nvalidate._check_range(x, 'lon', 180)",
        "from geo_risk.frames.enrich._polygons import anything",
        "found = run()\nfound._both_tails",
    ],
)
def test_what_is_private_to_a_package_is_seen(code):
    assert private_of_others("geo_risk.frames.score._data", code)


def test_own_privacies_are_one_s_own():
    code = (
        "from geo_risk._core import validate\nfrom geo_risk.frames.score import _options\n"
        "from geo_risk.hotspots.options import stream_key\n"
        "from geo_risk.frames.check import check\nself._both_tails\ncheck._named\n"
        "frame._geometry_column_name\nnumber.__class__"
    )
    assert private_of_others("geo_risk.frames.score._data", code) == {
        "geo_risk.frames.check.check._named"
    }


def test_the_table_names_what_there_is():
    assert set(STOREYS) == {part_of(name) for name in module_names()}


def imports_within(part: str) -> dict[str, set[str]]:
    """Each module of a part with those of the same part that it imports."""
    names = [name for name in module_names() if part_of(name) == part]
    return {name: imports_of(path_of(name)) & set(names) - {name} for name in names}


def circle_in(graph: dict[str, set[str]]) -> list[str]:
    """Modules that import each other, be it by way of others; the first circle that is found."""
    for start in graph:
        trail, left = [start], [iter(graph[start])]
        seen = {start}
        while left:
            following = next(left[-1], None)
            if following is None:
                left.pop()
                trail.pop()
            elif following == start:
                return [*trail, start]
            elif following not in seen:
                seen.add(following)
                trail.append(following)
                left.append(iter(graph[following]))
    return []


@pytest.mark.parametrize("part", sorted(STOREYS))
def test_no_part_has_a_circle(part):
    assert not circle_in(imports_within(part))


def test_a_circle_is_seen():
    graph = {"a": {"b"}, "b": {"c", "d"}, "c": set(), "d": {"e"}, "e": {"b"}}
    assert circle_in(graph) == ["b", "d", "e", "b"]
    assert circle_in(graph | {"e": {"c"}}) == []


def test_imports_are_seen_wherever_they_stand():
    """For the types alone, inside a function: what is imported there is imported."""
    inside = imports_within("regions")
    assert "geo_risk.regions.adjacency" in inside["geo_risk.regions.geometry"]
    assert "geo_risk.regions.layer" in inside["geo_risk.regions.areas"]


def test_few_modules_lie_at_the_top():
    assert len(list((ROOT / "geo_risk").glob("*.py"))) <= 7


@pytest.mark.parametrize("module", module_names())
def test_no_module_is_long(module):
    assert len(path_of(module).read_text(encoding="utf-8").splitlines()) <= 400


def test_array_aliases_have_one_home():
    alias = re.compile(r"^[A-Z]\w+ = NDArray\[[^]]*\]$", re.MULTILINE)
    for path in sorted((ROOT / "geo_risk").rglob("*.py")):
        found = alias.findall(path.read_text(encoding="utf-8"))
        assert bool(found) is (path.parts[-2:] == ("_core", "types.py")), (path, found)


def test_tails_of_hotspots_have_one_home():
    distributions = {"ndtr", "ndtri", "log_ndtr", "gammainc", "gammaincc", "norm", "poisson"}
    for path in sorted((ROOT / "geo_risk" / "hotspots").glob("*.py")):
        found = imported_names(ast.parse(path.read_text(encoding="utf-8"))) & distributions
        assert bool(found) is (path.name == "_tails.py"), (path, found)


def integer_checks(code: str) -> list[str]:
    """Where a program decides by hand whether a value is an integer, or says so."""
    found = []
    for node in ast.walk(ast.parse(code)):
        if isinstance(node, ast.BoolOp):
            kinds = {
                getattr(part, "id", getattr(part, "attr", ""))
                for call in ast.walk(node)
                if isinstance(call, ast.Call) and getattr(call.func, "id", "") == "isinstance"
                for part in ast.walk(call.args[1])
            }
            if "bool" in kinds and kinds & {"int", "integer", "Integral"}:
                found.append(ast.unparse(node))
        if isinstance(node, ast.Constant) and node.value == "__index__":
            found.append("__index__")
        if isinstance(node, ast.Attribute) and ast.unparse(node) == "operator.index":
            found.append("operator.index")
        if isinstance(node, ast.Raise) and "an integer" in ast.unparse(node):
            found.append(ast.unparse(node))
    return found


@pytest.mark.parametrize(
    "code",
    [
        "if isinstance(k, bool) or not isinstance(k, (int, np.integer)): tell()",
        "whole = isinstance(k, int) and not isinstance(k, bool)",
        'hasattr(n_jobs, "__index__")',
        "operator.index(k)",
        'raise ValueError(f"Invalid k: {k!r}; must be an integer from 0.")',
    ],
)
def test_a_check_of_an_integer_is_seen(code):
    assert integer_checks(code)
    assert not integer_checks('k = check_integer(k, "k", low=0)\nisinstance(v, (bool, np.bool_))')


def test_integers_are_checked_in_one_place():
    for path in sorted((ROOT / "geo_risk").rglob("*.py")):
        found = integer_checks(path.read_text(encoding="utf-8"))
        assert bool(found) is (path.parts[-2:] == ("_core", "validate.py")), (path, found)


def trigonometry_by_hand(code: str) -> list[str]:
    """Products of sines and cosines, arcs of chords: what kernels alone may have of their own."""
    found = []
    for function in ast.walk(ast.parse(code)):
        if isinstance(function, ast.FunctionDef) and not is_kernel(function):
            named = {
                target.id
                for node in ast.walk(function)
                if isinstance(node, ast.Assign) and is_trigonometric(node.value)
                for target in node.targets
                if isinstance(target, ast.Name)
            }
            found += [
                ast.unparse(node)
                for node in ast.walk(function)
                if isinstance(node, ast.BinOp)
                and isinstance(node.op, ast.Mult)
                and all(
                    is_trigonometric(side) or getattr(side, "id", "") in named
                    for side in (node.left, node.right)
                )
            ]
            found += [
                ast.unparse(node)
                for node in ast.walk(function)
                if isinstance(node, ast.Call)
                and getattr(node.func, "attr", "") == "arcsin"
                and "minimum" in ast.unparse(node)
            ]
    return found


def is_trigonometric(node: ast.expr) -> bool:
    """Whether it is a call of a sine or cosine."""
    name = getattr(node.func, "attr", "") if isinstance(node, ast.Call) else ""
    return name in {"sin", "cos"}


@pytest.mark.parametrize(
    "body",
    [
        "return np.column_stack([np.cos(y) * np.cos(x), np.cos(y) * np.sin(x), np.sin(y)])",
        "flat = np.cos(y)\n    return flat * np.sin(x)",
        "across = np.cos(lat) * np.cos(lat0) * np.sin((lon - lon0) / 2) ** 2",
        "return 2.0 * R * np.arcsin(np.minimum(chord / 2.0, 1.0))",
    ],
)
def test_a_copy_of_spherical_geometry_is_seen(body):
    assert trigonometry_by_hand(f"def f(x, y):\n    {body}\n")
    assert not trigonometry_by_hand(f"@njit\ndef f(x, y):\n    {body}\n")


def test_the_sphere_has_one_home():
    home = ("_core", "sphere.py")
    for path in sorted((ROOT / "geo_risk").rglob("*.py")):
        found = trigonometry_by_hand(path.read_text(encoding="utf-8"))
        assert bool(found) is (path.parts[-2:] == home), (path, found)


def is_kernel(function: ast.FunctionDef) -> bool:
    """Whether numba compiles it."""
    return bool({"njit", "inner"} & {getattr(mark, "id", None) for mark in function.decorator_list})


def kernels() -> list[tuple[str, ast.FunctionDef]]:
    """Every function that numba compiles."""
    found = []
    for path in sorted((ROOT / "geo_risk").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef) and is_kernel(node):
                found.append((f"{path.name}:{node.name}", node))
    return found


def test_kernels_use_nothing_that_quick_loading_leaves_out():
    """`_core.jit` loads compiled code without numba's tables for hashing and for its threads."""
    assert len(kernels()) > 50
    for name, kernel in kernels():
        for node in ast.walk(kernel):
            shapes = (ast.Set, ast.SetComp, ast.Dict, ast.DictComp, ast.JoinedStr)
            assert not isinstance(node, shapes), name
            called = getattr(getattr(node, "func", None), "id", "")
            assert called not in {"set", "dict", "frozenset", "hash", "str", "prange"}, name


def texts_that_decide(code: str) -> list[str]:
    """Where the text of a caught error is looked into: messages are for people, and change."""
    found = []
    for handler in ast.walk(ast.parse(code)):
        if isinstance(handler, ast.ExceptHandler) and handler.name is not None:
            held = {handler.name}  # the error, and what its text was assigned to
            for node in ast.walk(handler):
                if isinstance(node, ast.Assign) and is_text_of(node.value, held):
                    held |= {target.id for target in node.targets if isinstance(target, ast.Name)}
            texts = held - {handler.name}
            found += [
                ast.unparse(node)
                for node in ast.walk(handler)
                if any(is_text_of(part, {handler.name}, texts) for part in looked_into(node))
            ]
    return found


def looked_into(node: ast.AST) -> list[ast.expr]:
    """What a comparison, a method of text or a pattern looks into; and parts of it."""
    if isinstance(node, ast.Compare):
        return [part for side in (node.left, *node.comparators) for part in parts_of(side)]
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
        if getattr(node.func.value, "id", "") == "re" or node.func.attr in {
            "fullmatch",
            "match",
            "search",
            "findall",
            "finditer",
        }:
            return [part for argument in node.args for part in parts_of(argument)]
        if node.func.attr in {"startswith", "endswith", "find", "index", "count", "partition"}:
            return parts_of(node.func.value)
    return []


def parts_of(node: ast.AST) -> list[ast.expr]:
    return [part for part in ast.walk(node) if isinstance(part, ast.expr)]


def is_text_of(node: ast.AST, errors: set[str], texts: Collection[str] = ()) -> bool:
    """Whether an expression is the text of an error: str(error), f"{error}", error.args."""
    if isinstance(node, ast.Call) and getattr(node.func, "id", "") in {"str", "repr"}:
        return any(getattr(argument, "id", "") in errors for argument in node.args)
    if isinstance(node, ast.FormattedValue):
        return getattr(node.value, "id", "") in errors
    if isinstance(node, ast.JoinedStr):
        return any(is_text_of(value, errors) for value in node.values)
    if isinstance(node, ast.Attribute):
        return node.attr in {"args", "msg", "message"} and getattr(node.value, "id", "") in errors
    return isinstance(node, ast.Name) and node.id in texts


LOOKS = [
    'if "max_cells" not in str(error): raise',
    'if "cannot cache" in repr(error): pass',
    'if str(error).lower().startswith("x"): pass',
    'if error.args[0].endswith("x"): pass',
    'told = re.findall("x", f"{error}")',
    "told = PATTERN.search(str(error))",
    'text = str(error)\n    if text == "x": pass',
    'text = f"so: {error}"\n    found = text.partition(":")',
]
TELLS = [
    'raise KeyError(f"so: {error}") from error',
    "reason = str(error)\n    if reason: tell(reason)",
    'if error.errno == 2 and "x" in name: log(str(error))',
    'name.startswith(("x", "y"))',
]


@pytest.mark.parametrize("body", LOOKS)
def test_a_look_into_the_text_of_an_error_is_seen(body):
    assert texts_that_decide(f"try:\n    run()\nexcept ValueError as error:\n    {body}\n")


@pytest.mark.parametrize("body", TELLS)
def test_telling_the_text_of_an_error_is_no_look_into_it(body):
    assert not texts_that_decide(f"try:\n    run()\nexcept ValueError as error:\n    {body}\n")


def test_no_text_of_an_error_decides_anything():
    for path in sorted((ROOT / "geo_risk").rglob("*.py")):
        assert not texts_that_decide(path.read_text(encoding="utf-8")), path


def test_default_resolutions_stand_in_one_place():
    for path in sorted((ROOT / "geo_risk").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef):
                named = [*node.args.posonlyargs, *node.args.args]
                pairs = [*zip(reversed(named), reversed(node.args.defaults))]
                pairs += zip(node.args.kwonlyargs, node.args.kw_defaults)
                for argument, default in pairs:
                    if argument.arg.endswith("resolution") and isinstance(default, ast.Constant):
                        assert default.value is None, f"{path}: {node.name}({argument.arg}=)"


def options_asked_for() -> set[str]:
    """What the errors of the package name as deciding."""
    names = set()
    for path in (ROOT / "geo_risk").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "OptionNeededError":
                names |= {
                    str(part.value)
                    for argument in node.args[1:]
                    for part in ast.walk(argument)
                    if isinstance(part, ast.Constant)
                }
    return names


def test_the_command_line_has_every_option_that_an_error_asks_for():
    from geo_risk.cli.input import reader_options

    asked = options_asked_for()
    assert asked >= {"lon", "lat", "crs", "dayfirst", "encoding", "layer", "member", "worldview"}
    for name in asked - {"worldview"}:  # which is --worldview
        assert reader_options([f"{name}=true"])


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


MOST_PARAMETERS = 12
PACKAGES = [geo_risk, *(getattr(geo_risk, name) for name in geo_risk._SHORT_NAMES)]


def public_things() -> dict[str, Any]:
    """What `__all__` lists, of the package and of the modules that it lists, by dotted name.

    The commands of `geo_risk.cli` are not called from Python: their options are their interface.
    """
    found: dict[str, Any] = {}
    left = list(PACKAGES)
    while left:
        module = left.pop()
        for name in module.__all__:
            value = getattr(module, name)
            if inspect.ismodule(value):
                left.append(value)
            elif callable(value):
                found[f"{module.__name__}.{name}"] = value
    return found


def public_functions() -> dict[str, Any]:
    """Public functions, and the methods of public classes; of a dataclass `__init__` is made."""
    found: dict[str, Any] = {}
    for name, value in public_things().items():
        if inspect.isfunction(value):
            found[name] = value
        elif inspect.isclass(value):
            made = {"__init__"} if dataclasses.is_dataclass(value) else set()
            for own, member in vars(value).items():
                method = getattr(member, "__func__", member)  # of a classmethod
                if inspect.isfunction(method) and own not in made:
                    found[f"{name}.{own}"] = method
    return found


def own_parameters(function: Any) -> list[str]:
    """Parameters but those of the options that a function carries, `self` and ``**others``."""
    kind = carried_by(function)
    carried = set() if kind is None else {field.name for field in dataclasses.fields(kind)}
    return [
        parameter.name
        for parameter in inspect.signature(function).parameters.values()
        if parameter.name not in {"self", "cls", *carried}
        and parameter.kind is not parameter.VAR_KEYWORD
    ]


def many(a, b, c, d, e, f, g, *, h, i, j, k, m, n):
    """Take one parameter too many."""


def test_no_public_function_has_many_parameters():
    assert len(own_parameters(many)) == MOST_PARAMETERS + 1
    functions = public_functions()
    assert len(functions) > 100
    assert functions.keys() >= {"geo_risk.assess", "geo_risk.hotspots.scan", "geo_risk.Map.png"}
    long = {name: own_parameters(function) for name, function in functions.items()}
    assert [name for name, own in long.items() if len(own) > MOST_PARAMETERS] == []


CARRIERS = {name: function for name, function in public_functions().items() if carried_by(function)}


def fields_told(kind: Any) -> list[str]:
    """Names that the section Parameters of a docstring tells of."""
    section = inspect.getdoc(kind).partition("Parameters\n----------\n")[2]
    section = re.split(r"\n\n\w+\n-+\n", section)[0]
    lines = re.findall(r"^(\w+(?:, \w+)*)(?: :.*)?$", section, re.MULTILINE)
    return [name for line in lines for name in line.split(", ")]


@pytest.mark.parametrize("name", CARRIERS)
def test_options_that_a_function_carries_are_documented_field_by_field(name):
    function = CARRIERS[name]
    kind = carried_by(function)
    fields = [field.name for field in dataclasses.fields(kind)]
    assert kind.__dataclass_params__.frozen
    assert sorted(fields_told(kind)) == sorted(fields), kind
    assert kind in public_things().values()
    assert f"\n{', '.join(fields)}\n" in inspect.getdoc(function)
    assert set(fields) < set(inspect.signature(function).parameters)


def test_the_functions_that_carry_options():
    carrying = {name.rpartition(".")[2] for name in CARRIERS}
    assert carrying == {
        "assess", "emerging", "gi_star", "iter_events", "load_regions", "local_moran",
        "read_events", "scan", "score_hotspots", "static_map", "web_map",
    }  # fmt: skip


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
    """Only `_core.countries` opens the crosswalk, and who reads it from there folds no name."""
    opens, folds = [], []
    for name, tree in modules():
        texts = {node.value for node in ast.walk(tree) if isinstance(node, ast.Constant)}
        opens += [name] * ("crosswalk.json" in texts)
        folds += [name] * ({"crosswalk", "fold"} <= imported_names(tree))
    assert (opens, folds) == (["countries"], [])


def test_readme_names_only_what_exists():
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    for target in ("docs/do_no_harm.md", "docs/data.md", "boundaries/ATTRIBUTION.md"):
        assert target in text
        assert (ROOT / target).is_file()
    module = importlib.import_module("geo_risk")
    for name in ast.walk(ast.parse(text.split("```python\n")[1].split("```")[0])):
        if isinstance(name, ast.Attribute) and getattr(name.value, "id", "") == "gr":
            assert hasattr(module, name.attr)
