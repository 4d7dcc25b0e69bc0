"""Options in a frozen dataclass that a function takes as `options=` or as single fields."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import MISSING, Field, fields
from difflib import get_close_matches
from typing import Any, TypeVar

__all__ = ["carried_by", "carries", "chosen", "parted", "refuse_unknown"]

_Function = TypeVar("_Function", bound=Callable[..., Any])
_Options = TypeVar("_Options")


def carries(kind: type) -> Callable[[_Function], _Function]:
    """Decorator that shows a dataclass's fields in the signature and docstring of a function.

    The function is marked, not wrapped. It takes the fields as ``**fields``, alone or with other
    keywords that it passes on, and calls `chosen` to make the options from them. In its docstring
    the names of the fields replace ``**fields``.
    """

    def mark(function: _Function) -> _Function:
        marked: Any = function
        signature = inspect.signature(function)
        own = [p for p in signature.parameters.values() if p.name not in ("options", "fields")]
        last = [p for p in signature.parameters.values() if p.name == "options"]
        rest = [p for p in own if p.kind is p.VAR_KEYWORD]
        shown = [_parameter(field) for field in fields(kind)]
        parameters = [*(p for p in own if p not in rest), *shown, *last, *rest]
        marked.__signature__ = signature.replace(parameters=parameters)
        marked.__carried__ = kind
        if function.__doc__ is not None:
            names = ", ".join(parameter.name for parameter in shown)
            text = re.sub(r"^( *)\*\*fields$", rf"\1{names}", function.__doc__, flags=re.MULTILINE)
            marked.__doc__ = text  # from Python 3.13 on without the indentation of the source
        return function

    return mark


def carried_by(function: Any) -> type | None:
    """The dataclass whose fields a function takes as keywords; None if there is none."""
    return getattr(function, "__carried__", None)


def chosen(
    kind: type[_Options],
    options: _Options | None,
    given: Mapping[str, Any],
    function: Callable[..., Any],
) -> _Options:
    """Options given to a function, either as an object or as single fields.

    Raises
    ------
    TypeError
        A keyword that is not a field (the message names the closest one); `options` of another
        class.
    ValueError
        Both an object and a field; a value that the dataclass rejects.
    """
    refuse_unknown([name for name in given if name not in _names(kind)], function)
    if options is None:
        return kind(**given)
    if not isinstance(options, kind):
        raise TypeError(f"Invalid options: {type(options).__name__}; must be {kind.__name__}.")
    for keyword, value in given.items():
        raise ValueError(
            f"Invalid {keyword}: {value!r} is not used; options= sets it to "
            f"{getattr(options, keyword)!r}."
        )
    return options


def refuse_unknown(
    given: Iterable[str], function: Callable[..., Any], others: Collection[str] = ()
) -> None:
    """Raise for a keyword that is neither a parameter of a function nor in `others`."""
    known = list(inspect.signature(function).parameters)
    for keyword in given:
        if keyword in others:
            continue
        near = get_close_matches(keyword, dict.fromkeys([*known, *others]), n=1)
        hint = f" Did you mean {near[0]!r}?" if near else ""
        raise TypeError(
            f"{function.__name__}() got an unexpected keyword argument {keyword!r}.{hint}"
        )


def parted(kind: type, given: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Keywords that are fields of a dataclass, and the others, which are passed on."""
    names = _names(kind)
    mine = {keyword: value for keyword, value in given.items() if keyword in names}
    return mine, {keyword: value for keyword, value in given.items() if keyword not in names}


def _names(kind: Any) -> list[str]:
    return [field.name for field in fields(kind)]


def _parameter(field: Field[Any]) -> inspect.Parameter:
    """A field as a keyword-only parameter."""
    default = field.default
    if field.default_factory is not MISSING:
        default = field.default_factory()
    elif default is MISSING:
        default = inspect.Parameter.empty
    return inspect.Parameter(
        field.name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=field.type
    )
