"""Which places does a report name, and where are they?"""

from geo_risk.places import geoparse

REPORT = """On a Saturday afternoon special forces of the General Directorate of Intelligence raided
a house of IS-K in Taloqan, the capital of Takhar; the road to Badakhshan was closed for a time. A
month earlier, fire from Khwaja Ghar had landed in Tajikistan, whose ambassador in Kabul was told
that these were stray bullets. Villagers of Qalqalqabad village confirmed it."""

for row in geoparse(REPORT).itertuples():
    if row.status == "unresolved":
        print(f"{row.text:<14} called a place, but in no list")
    else:
        where = f"{row.geometry.x:6.2f} E {row.geometry.y:5.2f} N"
        print(f"{row.text:<14} {row.kind:<8} {row.country_code} {row.region_code or '':<7} {where}")
