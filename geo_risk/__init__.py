"""geo_risk: where events happened, how near which border, and whether they are a hotspot.

Everything works offline and worldwide. Importing this package is cheap: what a name needs is
imported when the name is first used. The names stand in ``__init__.pyi``.
"""

from typing import Any

import lazy_loader

from geo_risk._core.short_names import ShortNames

__version__ = "0.2.0"

_SHORT_NAMES = ShortNames(  # these lay at the top until 0.1 and stay reachable
    __name__,
    {
        "certainty": "borders.certainty",
        "enrich": "frames.enrich",
        "quality": "frames.check",
        "scores": "frames.score",
        "sharing": "frames.share",
        "support": "frames.support",
        "tables": "frames.tables",
        "uncertain": "frames.uncertain",
    },
)
_of_stub, _names, __all__ = lazy_loader.attach_stub(__name__, __file__)
__all__ += ["__version__"]


def __getattr__(name: str) -> Any:
    if name in _SHORT_NAMES:
        value = globals()[name] = _SHORT_NAMES[name]
        return value
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return _of_stub(name)


def __dir__() -> list[str]:
    return sorted({*globals(), *_names(), *_SHORT_NAMES})
