"""Options in a frozen dataclass that a function takes as `options=` or field by field."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import MISSING, Field, fields
from difflib import get_close_matches
from typing import Any, TypeVar

__all__ = ["carried_by", "carries", "chosen", "parted"]

_Function = TypeVar("_Function", bound=Callable[..., Any])
_Options = TypeVar("_Options")
_CARRIED = "__carried__"


def carries(options: type) -> Callable[[_Function], _Function]:
    """Show the fields of a dataclass in the signature of a function that takes them as keywords.

    The function has ``**fields`` and may have ``options=``; it is marked, not wrapped: `chosen`,
    called by it, makes the options of what was given.
    """

    def mark(function: _Function) -> _Function:
        signature = inspect.signature(function)
        own = [p for p in signature.parameters.values() if p.kind is not p.VAR_KEYWORD]
        last = [p for p in own if p.name == "options"]
        kept = [p for p in own if p.name != "options"]
        shown = [_parameter(field) for field in fields(options)]
        marked: Any = function
        marked.__signature__ = signature.replace(parameters=[*kept, *shown, *last])
        setattr(marked, _CARRIED, options)
        return function

    return mark


def carried_by(function: Any) -> type | None:
    """The dataclass whose fields a function takes as keywords."""
    return getattr(function, _CARRIED, None)


def chosen(
    kind: type[_Options], options: _Options | None, given: Mapping[str, Any], name: str
) -> _Options:
    """The options that were given to the function `name`, as an object or field by field.

    Raises
    ------
    TypeError
        A keyword that is no field, with the nearest name; `options` of another class.
    ValueError
        An object and a field; a value that the dataclass refuses.
    """
    known = [field.name for field in _fields(kind)]
    for keyword in given:
        if keyword not in known:
            near = get_close_matches(keyword, known, n=1)
            hint = f" Did you mean {near[0]!r}?" if near else ""
            raise TypeError(f"{name}() got an unexpected keyword argument {keyword!r}.{hint}")
    if options is None:
        return kind(**given)
    if not isinstance(options, kind):
        raise TypeError(f"Invalid options: {type(options).__name__} is no {kind.__name__}.")
    for keyword, value in given.items():
        raise ValueError(
            f"Invalid {keyword}: {value!r} is not used; options= holds it, as "
            f"{getattr(options, keyword)!r}."
        )
    return options


def parted(kind: type, given: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Keywords that are fields of a dataclass, and the others, which are passed on."""
    known = {field.name for field in _fields(kind)}
    mine = {keyword: value for keyword, value in given.items() if keyword in known}
    return mine, {keyword: value for keyword, value in given.items() if keyword not in known}


def _fields(kind: Any) -> tuple[Field[Any], ...]:
    return fields(kind)


def _parameter(field: Field[Any]) -> inspect.Parameter:
    """A field as the keyword that it is taken by."""
    default = field.default
    if field.default_factory is not MISSING:
        default = field.default_factory()
    elif default is MISSING:
        default = inspect.Parameter.empty
    return inspect.Parameter(
        field.name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=field.type
    )
