"""How can a map for others show where events cluster, without revealing any single report?"""

import re
from pathlib import Path

import numpy as np

import geo_risk as gr

# Forty reports near Taloqan and Khwaja Ghar, one isolated in the east; all with sensitive notes.
rng = np.random.default_rng(2)
lon = np.append(rng.normal(69.5, 0.12, 40), 71.2).round(4)
lat = np.append(rng.normal(36.85, 0.12, 40), 36.9).round(4)
notes = [f"told by source {number}" for number in range(41)]
events = gr.read_events({"lon": lon, "lat": lat, "notes": notes})

layer = gr.load_regions()
content = {"events": events, "regions": layer, "borders": gr.load_borders(layer)}
own = gr.web_map("own.html", **content, popup_columns=["notes"], title="For ourselves")
others = gr.web_map("others.html", **content, coarsen=5, min_count=3, title="For others")

for path in (own, others):
    page = Path(path).read_text(encoding="utf-8")
    told = len(re.findall(r"told by source \d+", page))
    hidden = page.count('"fewer than 3"')
    print(
        f"{path.name}: {len(page) // 1000} kB, {told} notes, {hidden} cells without a number,",
        end=" ",
    )
    print(f"loads from the network: {'http' in page.replace('http-equiv', '')}")

# The same as a picture. Neither contains a point, a place name or a count below three.
gr.static_map("others.png", **content, coarsen=5, min_count=3, title="For others")
print("for the cells, see others.html and others.png")
