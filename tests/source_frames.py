"""Small tables with the columns of the sources that are read."""

from __future__ import annotations

from typing import Any

import pandas as pd


def ucdp_frame(**columns: Any) -> pd.DataFrame:
    """Three rows as UCDP GED writes them."""
    base: dict[str, Any] = {
        "id": [1, 2, 3],
        "type_of_violence": [1, 2, 3],
        "side_a": ["Government", "IS", "IS"],
        "side_b": ["Taleban", "Taleban", "Civilians"],
        "where_prec": [1, 4, 7],
        "where_coordinates": ["Kabul city", "Kunar province", "Arabian Sea"],
        "latitude": [34.5, 34.9, 20.0],
        "longitude": [69.2, 71.1, 63.0],
        "country": ["Afghanistan", "Afghanistan", "Oman"],
        "country_id": [700, 700, 698],
        "date_prec": [1, 4, 9],
        "date_start": ["2019-01-03", "2019-02-01", "2019-03-01"],
        "date_end": ["2019-01-03", "2019-02-28", "2019-03-01"],
        "best": [3, 10, 1],
        "low": [2, 5, 1],
        "high": [4, 30, 1],
    }
    return pd.DataFrame(base | columns)


def acled_frame(**columns: Any) -> pd.DataFrame:
    """Three rows in ACLED's columns, made up."""
    base: dict[str, Any] = {
        "event_id_cnty": ["AFG1", "AFG2", "AFG3"],
        "event_date": ["2022-10-22", "05 September 2022", "2022-02-14"],
        "time_precision": [1, 2, 3],
        "event_type": ["Battles", "Explosions/Remote violence", "Battles"],
        "actor1": ["GDI", "IS-K", "IS-K"],
        "assoc_actor_1": [None, "", "Taliban"],
        "actor2": ["IS-K", None, None],
        "iso": [4, 4, 4],
        "country": ["Afghanistan"] * 3,
        "location": ["Taloqan", "Khwaja Ghar", "Takhar"],
        "latitude": ["36.736", "37.066", "36.7"],
        "longitude": ["69.534", "69.421", "69.5"],
        "geo_precision": [1, 2, 3],
        "source": ["AP", "RFE", "AP"],
        "fatalities": [8, 0, 0],
    }
    return pd.DataFrame(base | columns)


def gtd_frame(**columns: Any) -> pd.DataFrame:
    """Four rows as the GTD writes them."""
    base: dict[str, Any] = {
        "eventid": [197000000001, 197000000002, 197007000003, 197007050004],
        "iyear": [1970] * 4,
        "imonth": [0, -9, 7, 7],
        "iday": [0, 0, 0, 5],
        "country": [58, 58, 130, 130],
        "country_txt": ["Dominican Republic"] * 2 + ["Mexico"] * 2,
        "city": ["Santo Domingo", None, "Mexico city", None],
        "latitude": [18.46, None, 19.43, 19.4],
        "longitude": [-69.95, None, -99.13, -99.1],
        "specificity": [1, 5, 1, 4],
        "vicinity": [0, 0, 1, -9],
        "attacktype1": [1, 6, 3, 3],
        "attacktype1_txt": ["Assassination", "Kidnapping", "Bombing", "Bombing"],
        "gname": ["MANO-D", "Unknown", "23rd of September", "Unknown"],
        "nkill": [1, 0, None, 0.5],
    }
    return pd.DataFrame(base | columns)
