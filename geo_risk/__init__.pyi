"""What `geo_risk` offers, and where it is: read by type checkers and by `__init__`."""

import types

from . import (
    assessment as assessment,
)
from . import (
    borders as borders,
)
from . import (
    cells as cells,
)
from . import (
    demo as demo,
)
from . import (
    errors as errors,
)
from . import (
    events as events,
)
from . import (
    hotspots as hotspots,
)
from . import (
    maps as maps,
)
from . import (
    places as places,
)
from . import (
    regions as regions,
)
from .assessment import (
    Assessment as Assessment,
)
from .assessment import (
    AssessOptions as AssessOptions,
)
from .assessment import (
    assess as assess,
)
from .borders import (
    BorderDistances as BorderDistances,
)
from .borders import (
    Borders as Borders,
)
from .borders import (
    load_borders as load_borders,
)
from .borders.certainty import (
    country_certainty as country_certainty,
)
from .cells import (
    h3_cells as h3_cells,
)
from .cells import (
    neighbor_graph as neighbor_graph,
)
from .cells import (
    study_grid as study_grid,
)
from .events import (
    ReadOptions as ReadOptions,
)
from .events import (
    read_events as read_events,
)
from .frames.check import (
    check_events as check_events,
)
from .frames.enrich import (
    border_proximity as border_proximity,
)
from .frames.enrich import (
    geocode as geocode,
)
from .frames.enrich import (
    index_h3 as index_h3,
)
from .frames.score import (
    StudyOptions as StudyOptions,
)
from .frames.score import (
    score_hotspots as score_hotspots,
)
from .frames.support import (
    border_within as border_within,
)
from .frames.support import (
    region_probabilities as region_probabilities,
)
from .frames.uncertain import (
    LocationDraws as LocationDraws,
)
from .frames.uncertain import (
    draw_locations as draw_locations,
)
from .maps import (
    Map as Map,
)
from .maps import (
    static_map as static_map,
)
from .maps import (
    web_map as web_map,
)
from .places import (
    find_places as find_places,
)
from .places import (
    geoparse as geoparse,
)
from .regions import (
    LayerOptions as LayerOptions,
)
from .regions import (
    RegionLayer as RegionLayer,
)
from .regions import (
    fetch_layer as fetch_layer,
)
from .regions import (
    find_region as find_region,
)
from .regions import (
    load_geoboundaries as load_geoboundaries,
)
from .regions import (
    load_regions as load_regions,
)
from .regions import (
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
