"""What does a table of event reports contain, and which values cannot be used?"""

from __future__ import annotations

import geo_risk.events as events

reports = [
    {"id": "a", "date": "2022-10-22", "lon": 69.53, "lat": 36.74, "what": "raid", "killed": 8},
    {"id": "b", "date": "2022-09", "place": "Khwaja Ghar", "what": "fire across the border"},
    {"id": "c", "date": "soon", "lon": 236.7, "lat": 19.5, "what": "two mistakes"},
    {"id": "c", "date": "2022-10-25", "lon": 0, "lat": 0, "what": "no position"},
]

frame = events.read_events(reports, columns={"category": "what"})
for row in frame.itertuples():
    where = f"({row.geometry.x}, {row.geometry.y})" if row.geometry else row.location_name
    print(
        f"{row.event_id}  {row.date_start:%Y-%m-%d} ({row.date_precision})  {row.category}: {where}"
        if row.date_precision != "unknown"
        else f"{row.event_id}  no date  {row.category}: {where}"
    )
    for code in filter(None, row.flags.split(";")):
        print(f"     {code}: {events.FLAGS[code]}")

report = frame.attrs["geo_risk"]
print(f"read as {report['source']}; columns used: {report['columns']}")
