"""Functions on tables of events, one module or package each; users import them from `geo_risk`."""
