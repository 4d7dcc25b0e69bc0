"""How do I get from my own table to regions, cells, border distances and a result folder?"""

import pandas as pd

import geo_risk as gr

# A typical table: one row has coordinates, three have a known place name, one cannot be located.
mine = pd.DataFrame(
    [
        ["2022-10-08", "raid", "Taloqan", "Takhar", None, None],
        ["2022-09", "fire across the border", "Khwaja Ghar", "Takhar", None, None],
        ["2022-10-09", "road block", None, None, 69.90, 36.80],
        ["2022-10-11", "raid", "Faizabad", "Badakhshan", None, None],
        ["2022-10-12", "protest", "a village", None, None, None],
    ],
    columns=["date", "type", "place", "admin1", "lon", "lat"],
).assign(country="Afghanistan")

found = gr.assess(gr.read_events(mine, columns={"category": "type"}), worldview="de_facto")
print(len(found.events), "rows in,", len(mine), "rows out")
for event in found.events.itertuples():
    if event.match == "none":
        print(f"{event.category:<23} not located: {event.flags}")
    else:
        print(
            f"{event.category:<23} {event.region_code} by {event.match}, H3 {event.h3_cell}, "
            f"{event.border_m / 1000:.0f} km from {event.border_country_code}"
        )
print(found.regions[["region_code", "n_events", "neighbor_countries"]].to_string(index=False))
for path in found.save("result", formats=[".csv"]):
    print(path, path.stat().st_size, "bytes")
