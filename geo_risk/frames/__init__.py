"""The verbs on tables of events, one module or package each; `geo_risk` itself is their door."""
