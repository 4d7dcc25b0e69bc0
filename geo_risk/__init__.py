"""geo_risk: where events happened, how near which border, and whether they are a hotspot.

Everything works offline and worldwide. Importing this package is cheap: what a name needs is
imported when the name is first used.
"""

from __future__ import annotations

import importlib
import sys
import types
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

if TYPE_CHECKING:
    from geo_risk import (
        assessment as assessment,
    )
    from geo_risk import (
        borders as borders,
    )
    from geo_risk import (
        cells as cells,
    )
    from geo_risk import (
        demo as demo,
    )
    from geo_risk import (
        errors,
        hotspots,
    )
    from geo_risk import (
        events as events,
    )
    from geo_risk import (
        maps as maps,
    )
    from geo_risk import (
        places as places,
    )
    from geo_risk import (
        regions as regions,
    )
    from geo_risk.assessment import Assessment, AssessOptions, assess
    from geo_risk.borders import BorderDistances, Borders, load_borders
    from geo_risk.borders.certainty import country_certainty
    from geo_risk.cells import h3_cells, neighbor_graph, study_grid
    from geo_risk.events import ReadOptions, read_events
    from geo_risk.frames.check import check_events
    from geo_risk.frames.enrich import border_proximity, geocode, index_h3
    from geo_risk.frames.score import StudyOptions, score_hotspots
    from geo_risk.frames.support import border_within, region_probabilities
    from geo_risk.frames.uncertain import LocationDraws, draw_locations
    from geo_risk.maps import Map, static_map, web_map
    from geo_risk.places import find_places, geoparse
    from geo_risk.regions import (
        RegionLayer,
        fetch_layer,
        find_region,
        load_geoboundaries,
        load_regions,
        worldviews,
    )

_HOME = {
    "AssessOptions": "assessment",
    "Assessment": "assessment",
    "BorderDistances": "borders",
    "Borders": "borders",
    "LocationDraws": "frames.uncertain",
    "Map": "maps",
    "ReadOptions": "events",
    "RegionLayer": "regions",
    "StudyOptions": "frames.score",
    "assess": "assessment",
    "border_proximity": "frames.enrich",
    "border_within": "frames.support",
    "check_events": "frames.check",
    "country_certainty": "borders.certainty",
    "draw_locations": "frames.uncertain",
    "fetch_layer": "regions",
    "find_places": "places",
    "find_region": "regions",
    "geocode": "frames.enrich",
    "geoparse": "places",
    "h3_cells": "cells",
    "index_h3": "frames.enrich",
    "load_borders": "borders",
    "load_geoboundaries": "regions",
    "load_regions": "regions",
    "neighbor_graph": "cells",
    "read_events": "events",
    "region_probabilities": "frames.support",
    "score_hotspots": "frames.score",
    "static_map": "maps",
    "study_grid": "cells",
    "web_map": "maps",
    "worldviews": "regions",
}
_MODULES = {
    "assessment": "assessment", "borders": "borders", "cells": "cells", "demo": "demo",
    "errors": "errors", "events": "events", "hotspots": "hotspots", "maps": "maps",
    "places": "places", "regions": "regions",
    # short names, under which these lay until 0.1 and stay reachable
    "certainty": "borders.certainty", "enrich": "frames.enrich", "quality": "frames.check",
    "scores": "frames.score", "sharing": "frames.share", "support": "frames.support",
    "tables": "frames.tables", "uncertain": "frames.uncertain",
}  # fmt: skip

__all__ = [
    "AssessOptions",
    "Assessment",
    "BorderDistances",
    "Borders",
    "LocationDraws",
    "Map",
    "ReadOptions",
    "RegionLayer",
    "StudyOptions",
    "__version__",
    "assess",
    "border_proximity",
    "border_within",
    "check_events",
    "country_certainty",
    "draw_locations",
    "errors",
    "fetch_layer",
    "find_places",
    "find_region",
    "geocode",
    "geoparse",
    "h3_cells",
    "hotspots",
    "index_h3",
    "load_borders",
    "load_geoboundaries",
    "load_regions",
    "neighbor_graph",
    "read_events",
    "region_probabilities",
    "score_hotspots",
    "static_map",
    "study_grid",
    "web_map",
    "worldviews",
]


class _ShortName(types.ModuleType):
    """What `import geo_risk.tables` finds: the module that has the name in `_MODULES`."""

    def __getattr__(self, name: str) -> Any:
        return getattr(_module(self.__name__.rpartition(".")[2]), name)


def _module(name: str) -> Any:
    """A module of `_MODULES`, imported when it is first asked for."""
    module = importlib.import_module(f"geo_risk.{_MODULES[name]}")
    sys.modules[f"geo_risk.{name}"] = module
    return module


for _name, _place in _MODULES.items():
    if _name != _place:
        sys.modules.setdefault(f"geo_risk.{_name}", _ShortName(f"geo_risk.{_name}"))


def __getattr__(name: str) -> Any:
    if name in _HOME:
        value = getattr(importlib.import_module(f"geo_risk.{_HOME[name]}"), name)
    elif name in _MODULES:
        value = _module(name)
    else:
        raise AttributeError(f"module 'geo_risk' has no attribute {name!r}")
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__, *_MODULES})
