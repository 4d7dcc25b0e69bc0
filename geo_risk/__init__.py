"""geo_risk: where events happened, how near which border, and whether they are a hotspot.

Everything works offline and worldwide. Importing this package is cheap: what a name needs is
imported when the name is first used.
"""

from __future__ import annotations

import importlib
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
        certainty as certainty,
    )
    from geo_risk import (
        demo as demo,
    )
    from geo_risk import (
        enrich as enrich,
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
        quality as quality,
    )
    from geo_risk import (
        regions as regions,
    )
    from geo_risk import (
        scores as scores,
    )
    from geo_risk import (
        sharing as sharing,
    )
    from geo_risk import (
        support as support,
    )
    from geo_risk import (
        tables as tables,
    )
    from geo_risk import (
        uncertain as uncertain,
    )
    from geo_risk.assessment import Assessment, assess
    from geo_risk.borders import BorderDistances, Borders, load_borders
    from geo_risk.cells import h3_cells, neighbor_graph, study_grid
    from geo_risk.certainty import country_certainty
    from geo_risk.enrich import border_proximity, geocode, index_h3
    from geo_risk.events import read_events
    from geo_risk.maps import static_map, web_map
    from geo_risk.places import find_places, geoparse
    from geo_risk.quality import check_events
    from geo_risk.regions import (
        RegionLayer,
        fetch_layer,
        find_region,
        load_geoboundaries,
        load_regions,
        worldviews,
    )
    from geo_risk.scores import score_hotspots
    from geo_risk.support import border_within, region_probabilities
    from geo_risk.uncertain import LocationDraws, draw_locations

_HOME = {
    "Assessment": "assessment",
    "BorderDistances": "borders",
    "Borders": "borders",
    "LocationDraws": "uncertain",
    "RegionLayer": "regions",
    "assess": "assessment",
    "border_proximity": "enrich",
    "border_within": "support",
    "check_events": "quality",
    "country_certainty": "certainty",
    "draw_locations": "uncertain",
    "fetch_layer": "regions",
    "find_places": "places",
    "find_region": "regions",
    "geocode": "enrich",
    "geoparse": "places",
    "h3_cells": "cells",
    "index_h3": "enrich",
    "load_borders": "borders",
    "load_geoboundaries": "regions",
    "load_regions": "regions",
    "neighbor_graph": "cells",
    "read_events": "events",
    "region_probabilities": "support",
    "score_hotspots": "scores",
    "static_map": "maps",
    "study_grid": "cells",
    "web_map": "maps",
    "worldviews": "regions",
}
_MODULES = (
    "assessment", "borders", "cells", "certainty", "demo", "enrich", "errors", "events",
    "hotspots", "maps", "places", "quality", "regions", "scores", "sharing", "support", "tables",
    "uncertain",
)  # fmt: skip

__all__ = [
    "Assessment",
    "BorderDistances",
    "Borders",
    "LocationDraws",
    "RegionLayer",
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


def __getattr__(name: str) -> Any:
    if name in _HOME:
        value = getattr(importlib.import_module(f"geo_risk.{_HOME[name]}"), name)
    elif name in _MODULES:
        value = importlib.import_module(f"geo_risk.{name}")
    else:
        raise AttributeError(f"module 'geo_risk' has no attribute {name!r}")
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__, *_MODULES})
