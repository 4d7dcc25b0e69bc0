"""Made-up events as files: clustered points with the columns that real tables have.

The events lie around places of the gazetteer (set C), and name their place, country and province.
Nine in ten are known to the place or near it; the others only to a district, province or country.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import common
import numpy as np

HOMES = 50_000
"""Places around which events lie: as in real files, many events share a place."""
PRECISIONS = ("place", "near_place", "admin2", "admin1", "country")
SHARES = (0.80, 0.10, 0.05, 0.04, 0.01)
SOURCES = (
    "National newspaper", "Radio; Twitter", "Local partner", "Wire agency", "Ministry of Defence",
    "Witness; Radio", "Regional daily", "Aid organisation", "Police blotter", "Observatory",
)  # fmt: skip


def events(n: int, seed: int = common.SEED) -> Any:
    """Arrow table of n events."""
    import pyarrow as pa

    import geo_risk as gr
    from geo_risk.places import load_gazetteer

    rng, places, layer = np.random.default_rng(seed), load_gazetteer(), gr.load_regions()
    homes = rng.choice(len(places), min(HOMES, n, len(places)), replace=False)
    names = np.array([places.primary_name(place) for place in homes.tolist()], dtype=object)
    regions = layer.locate(lon=places.lon[homes], lat=places.lat[homes])
    at = rng.integers(0, len(homes), n)
    lon, lat = common.jitter(places.lon[homes][at], places.lat[homes][at], rng)

    def of_layer(column: str) -> Any:
        values = np.array([*layer.columns[column], None], dtype=object)
        return pa.array(values[regions]).take(pa.array(at))

    days = np.datetime64("2010-01-01") + rng.integers(0, 5475, n)
    return pa.table({
        "id": pa.array([f"EV{number:08d}" for number in range(n)]),
        "date": pa.array(days),
        "latitude": lat.round(5),
        "longitude": lon.round(5),
        "location_name": pa.array(names).take(pa.array(at)),
        "country": of_layer("country_name"),
        "admin1": of_layer("region_name"),
        "location_precision": pa.array(rng.choice(PRECISIONS, n, p=SHARES)),
        "fatalities": rng.poisson(0.8, n),
        "source": pa.array(rng.choice(SOURCES, n)),
    })  # fmt: skip


def write(folder: Path, n: int) -> None:
    """Write the events as `events.parquet` and `events.csv`; a tenth of them, and ten."""
    import pyarrow.csv
    import pyarrow.parquet

    table = events(n)
    pyarrow.parquet.write_table(table, folder / "events.parquet")
    pyarrow.csv.write_csv(table, folder / "events.csv")
    pyarrow.parquet.write_table(table.slice(0, max(n // 10, 1)), folder / "tenth.parquet")
    pyarrow.csv.write_csv(table.slice(0, 10), folder / "ten.csv")
