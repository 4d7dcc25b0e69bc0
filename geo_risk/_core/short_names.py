"""Modules of a package under a second, shorter name."""

from __future__ import annotations

import importlib
import sys
import types
from collections.abc import Iterator, Mapping
from typing import Any

__all__ = ["ShortNames"]


class ShortNames:
    """Short names of modules: ``import package.tables`` finds ``package.frames.tables``.

    A module is imported when its name is first used.

    Parameters
    ----------
    package : str
        Name of the package.
    places : mapping of str to str
        Short name to the module within the package.
    """

    def __init__(self, package: str, places: Mapping[str, str]) -> None:
        self._modules = {name: f"{package}.{place}" for name, place in places.items()}
        for name, module in self._modules.items():
            sys.modules.setdefault(f"{package}.{name}", _Proxy(f"{package}.{name}", module))

    def __iter__(self) -> Iterator[str]:
        return iter(self._modules)

    def __contains__(self, name: str) -> bool:
        return name in self._modules

    def __getitem__(self, name: str) -> types.ModuleType:
        """Import the module; later imports find it by its short name, too."""
        module = importlib.import_module(self._modules[name])
        package = self._modules[name].partition(".")[0]
        sys.modules[f"{package}.{name}"] = module
        return module


class _Proxy(types.ModuleType):
    """Stands for a module that is not imported yet."""

    def __init__(self, name: str, module: str) -> None:
        super().__init__(name)
        self.__dict__["_module"] = module

    def __getattr__(self, name: str) -> Any:
        return getattr(importlib.import_module(self.__dict__["_module"]), name)
