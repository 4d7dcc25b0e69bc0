"""Which country and which precision do GDELT's rows state?"""

from pathlib import Path

import geo_risk as gr

# Four rows in GDELT 2.0's format: 61 columns, no header. Only the columns needed are filled.
PLACE, COUNTRY, LAT, LON, TYPE = 52, 53, 56, 57, 51


def row(identifier: int, place: str, fips: str, lat: float, lon: float, kind: int) -> str:
    """One line of an export; country codes are FIPS 10-4, not ISO."""
    cells = [""] * 61
    cells[0], cells[1], cells[26], cells[59] = str(identifier), "20221008", "190", "20221009000000"
    cells[PLACE], cells[COUNTRY], cells[TYPE] = place, fips, str(kind)
    cells[LAT], cells[LON] = str(lat), str(lon)
    return "\t".join(cells)


export = "\n".join(
    [
        row(1, "Taloqan, Takhar, Afghanistan", "AF", 36.736, 69.5345, 4),
        row(2, "Afghanistan", "AF", 33.0, 66.0, 1),  # the centre of the country
        row(3, "Bern, Switzerland", "SZ", 46.9167, 7.4667, 4),  # in FIPS, SZ is not Swaziland
        row(4, "Niger", "NG", 16.0, 8.0, 1),  # in FIPS, NG is not Nigeria
    ]
)
path = Path("20221009000000.export.CSV")
path.write_text(export + "\n", encoding="utf-8")

events = gr.geocode(gr.read_events(path))
print("read as", events.attrs["geo_risk"]["source"])
for event in events.itertuples():
    print(
        f"{event.location_name:<29} {event.location_precision:<8} "
        f"{event.country_code} {event.region_code or 'no region'}"
    )
