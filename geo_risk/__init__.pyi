"""What `geo_risk` offers, and where it is: read by type checkers and by `__init__`."""

import types

from . import (
    assessment as assessment,
    borders as borders,
    cells as cells,
    demo as demo,
    errors as errors,
    events as events,
    hotspots as hotspots,
    maps as maps,
    places as places,
    regions as regions,
)
from .assessment import (
    Assessment as Assessment,
    AssessOptions as AssessOptions,
    assess as assess,
)
from .borders import (
    BorderDistances as BorderDistances,
    Borders as Borders,
    load_borders as load_borders,
)
from .borders.certainty import (
    country_certainty as country_certainty,
)
from .cells import (
    h3_cells as h3_cells,
    neighbor_graph as neighbor_graph,
    study_grid as study_grid,
)
from .events import (
    ReadOptions as ReadOptions,
    read_events as read_events,
)
from .frames.check import (
    check_events as check_events,
)
from .frames.enrich import (
    border_proximity as border_proximity,
    geocode as geocode,
    index_h3 as index_h3,
)
from .frames.score import (
    StudyOptions as StudyOptions,
    score_hotspots as score_hotspots,
)
from .frames.support import (
    border_within as border_within,
    region_probabilities as region_probabilities,
)
from .frames.uncertain import (
    LocationDraws as LocationDraws,
    draw_locations as draw_locations,
)
from .maps import (
    Map as Map,
    static_map as static_map,
    web_map as web_map,
)
from .places import (
    find_places as find_places,
    geoparse as geoparse,
)
from .regions import (
    LayerOptions as LayerOptions,
    RegionLayer as RegionLayer,
    fetch_layer as fetch_layer,
    find_region as find_region,
    load_geoboundaries as load_geoboundaries,
    load_regions as load_regions,
    worldviews as worldviews,
)

__version__: str

# short names of modules in borders/ and frames/
certainty: types.ModuleType
enrich: types.ModuleType
quality: types.ModuleType
scores: types.ModuleType
sharing: types.ModuleType
support: types.ModuleType
tables: types.ModuleType
uncertain: types.ModuleType
