"""How do I share a table: counts instead of events, no small counts, a stated worldview?"""

import tempfile
from pathlib import Path

import pandas as pd

import geo_risk as gr

reports = pd.DataFrame(
    {
        "id": range(9),
        "date": "2022-03-05",
        "lon": [69.53] * 6 + [69.42] * 2 + [70.58],
        "lat": [36.74] * 6 + [37.06] * 2 + [37.12],
        "notes": "told by a nurse of the clinic",
    }
)
found = gr.assess(reports, worldview="de_facto")
with tempfile.TemporaryDirectory() as folder:
    written = found.save(Path(folder, "regions"), coarsen="regions", formats=[".csv"])
    print(pd.read_csv(written[0])[["region_code", "claimed_by", "n_events", "suppressed"]])
    written = found.save(Path(folder, "cells"), share=True, formats=[".csv"])
    cells = pd.read_csv(written[0])
    print(cells.loc[cells["n_events"] != 0, ["h3_cell", "n_events", "suppressed"]])
    assert b"nurse" not in b"".join(path.read_bytes() for path in written)
