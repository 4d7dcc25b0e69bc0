"""Is it a hotspot, or only the representative point of a province? Draw the locations."""

import numpy as np
import pandas as pd

import geo_risk as gr

# 500 reports with known locations, 120 of them around one valley, and 150 that only state the
# province Badakhshan, all with the same point. (Invented data.)
rng = np.random.default_rng(1)
lon = np.concatenate([rng.uniform(69.2, 73.0, 380), rng.normal(70.1, 0.12, 120), [71.4] * 150])
lat = np.concatenate([rng.uniform(36.4, 37.6, 380), rng.normal(36.6, 0.10, 120), [36.9] * 150])
events = gr.read_events(pd.DataFrame({"lon": lon, "lat": lat}))
events["location_precision"] = ["place"] * 500 + ["admin1"] * 150
events["location_uncertainty_km"] = [5.0] * 500 + [np.nan] * 150

options = {
    "method": "scan", "resolution": 5, "study_area": ["AF-TAK", "AF-BDS"],
    "max_radius_km": 40.0, "replications": 199, "seed": 1,
}  # fmt: skip
naive = gr.score_hotspots(events, coarse="keep", **options)
drawn = gr.score_hotspots(events, places=50, **options)

for name, x, y in (("valley", 70.1, 36.6), ("stand-in point", 71.4, 36.9)):
    cell = f"{int(gr.h3_cells(lon=x, lat=y, resolution=5)):x}"
    before = naive.set_index("h3_cell").loc[cell]
    after = drawn.set_index("h3_cell").loc[cell]
    print(
        f"{name}: {before['n_events']} events, {before['hotspot']} at face value; "
        f"{after['n_events_mean']:.1f} on average, significant in {after['stability']:.0%} of draws"
    )
