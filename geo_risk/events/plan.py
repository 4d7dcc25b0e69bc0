"""Decide once per table: its source and the role of each column."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import ModuleType
from typing import TYPE_CHECKING

from geo_risk._core.validate import shown
from geo_risk.errors import OptionNeededError
from geo_risk.events import acled, gdelt, gtd, table, ucdp
from geo_risk.events.inputs import Loaded
from geo_risk.events.options import Options
from geo_risk.events.schema import FIELDS, field_names, written_pair
from geo_risk.events.values import texts

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["SOURCE_MODULES", "Plan", "make_plan"]

SOURCE_MODULES: Mapping[str, ModuleType] = {
    "acled": acled,
    "ucdp": ucdp,
    "gdelt": gdelt,
    "gtd": gtd,
}
"""Modules with SIGNATURE (how a source is recognised), ROLES (its columns) and fill."""


@dataclass(frozen=True)
class Plan:
    """Decisions that hold for every row: the source, the columns, the order of dates."""

    source: str
    recognised: bool
    roles: Mapping[str, str]
    options: Options
    dayfirst: bool | None


def make_plan(loaded: Loaded, options: Options) -> Plan:
    """Decide on source and columns from the names of the columns."""
    names = [str(name) for name in loaded.frame.columns]
    for what, name in (("lon", options.lon), ("lat", options.lat)):
        _check_named(what, name, names)
    source = options.source or _recognise(names)
    overrides = _overrides(options, names)
    if source == "table":
        roles = _table_roles(loaded, names, overrides)
    else:
        module = SOURCE_MODULES[source]
        found = _lookup(names, module.ROLES)
        if options.source is not None:
            _check_signature(source, module, names, loaded, overrides)
        roles = {**found, **overrides}
    return Plan(source, options.source is None, roles, options, options.dayfirst)


def _recognise(names: list[str]) -> str:
    present = {name.lower() for name in names}
    if present.issuperset(set(field_names()) - {"geometry"}):
        return "table"  # already read once
    for source, module in SOURCE_MODULES.items():
        if all(present.intersection(group) for group in module.SIGNATURE):
            return source
    return "table"


def _check_signature(
    source: str,
    module: ModuleType,
    names: list[str],
    loaded: Loaded,
    overrides: Mapping[str, str],
) -> None:
    present = {name.lower() for name in names}
    replaced = {name for role, own in module.ROLES.items() if role in overrides for name in own}
    if loaded.geometry is not None:
        replaced |= {*module.ROLES["lon"], *module.ROLES["lat"]}
    missing = [
        group[0]
        for group in module.SIGNATURE
        if not present.intersection(group) and not replaced.intersection(group)
    ]
    if missing:
        raise ValueError(
            f"Invalid source: {source!r} needs columns that are missing here: "
            f"{', '.join(missing)}. The table has {_listed(names)}. Leave source= out to have it "
            'recognised, or use source="table".'
        )


def _lookup(names: list[str], roles: Mapping[str, tuple[str, ...]]) -> dict[str, str]:
    by_lower: dict[str, str] = {}
    for name in names:
        by_lower.setdefault(name.lower().replace(" ", "_").replace("-", "_"), name)
    found = {}
    for role, accepted in roles.items():
        for name in accepted:
            if name in by_lower:
                found[role] = by_lower[name]
                break
    return found


def _check_named(what: str, name: str | None, names: list[str]) -> None:
    if name is not None and name not in names:
        raise ValueError(
            f"Invalid {what}: no column {shown(name)}; the table has {_listed(names)}."
        )


def _overrides(options: Options, names: list[str]) -> dict[str, str]:
    """Roles for which the caller names columns."""
    known = {field.name for field in FIELDS} - {"flags", "source"}
    known |= {"lon", "lat", "latlon", "lonlat", "date"}
    out: dict[str, str] = {}
    for role, given in options.columns.items():
        if role not in known:
            raise ValueError(
                f"Invalid columns: no field {shown(role)}; fields are {sorted(known)}."
            )
        listed = [given] if isinstance(given, str) else list(given)
        for name in listed:
            _check_named(f"columns[{role!r}]", name, names)
        role = {"date": "date_start", "actors": "actor_1"}.get(role, role)
        out[role] = listed[0]
        if role == "actor_1":
            out |= {f"actor_{i}": name for i, name in enumerate(listed, start=1)}
    if options.lon is not None:
        out["lon"] = options.lon
    if options.lat is not None:
        out["lat"] = options.lat
    return out


def _listed(names: list[str]) -> str:
    listed = ", ".join(map(shown, names[:40]))
    return (listed or "no columns") + (f" and {len(names) - 40} more" if len(names) > 40 else "")


def _table_roles(loaded: Loaded, names: list[str], overrides: Mapping[str, str]) -> dict[str, str]:
    roles = _lookup(names, table.ROLES)
    schema = {name for name in field_names() if name in names}
    if not schema.issuperset(set(field_names()) - {"geometry"}):
        roles = {role: name for role, name in roles.items() if role not in {"flags", "source"}}
    if loaded.geometry is None and "geometry" not in overrides:
        asked = {role: overrides.get(role) for role in ("lon", "lat")}
        written = None if any(asked.values()) else written_pair(names)
        pair = written or table.find_pair(names, **asked)
        if pair is not None:
            roles |= {"lon": pair[0], "lat": pair[1]}
        else:
            wkt, both = _wkt_columns(names), table.find_position(loaded.frame, names)
            if not {"latlon", "lonlat"} & overrides.keys():
                roles |= {"geometry": wkt[0]} if wkt else dict([both] if both else [])
    if "year" in roles and roles.get("date_start", "").lower() == "day":
        del roles["date_start"]  # the day of the month: there is a column with the year
    roles |= overrides
    ways = {"lon", "latlon", "lonlat", "geometry", "location_name"}
    located = loaded.geometry is not None or ways & roles.keys()
    if not located and (names or len(loaded.frame)):
        raise _no_location(names, loaded.frame)
    return roles


def _wkt_columns(names: list[str]) -> list[str]:
    return [name for wkt in table.WKT_NAMES for name in names if name.lower() == wkt]


def _no_location(names: list[str], frame: pd.DataFrame) -> OptionNeededError:
    options, fields = ["lon", "lat"], ["location_name", "geometry"]
    message = (
        "Found neither coordinates nor a place name. The table has "
        f"{_listed(names)}. Name the columns with lon= and lat=, or with "
        'columns={"location_name": ...} or columns={"geometry": ...} (WKT).'
    )
    if any(name.replace(".", "").replace("-", "").isdigit() for name in names):
        message += " The first line looks like data: give the column names with names=[...]."
        options.append("names")
    elif len(names) == 1 or any(name.startswith(("Unnamed: ", "column_")) for name in names):
        message += " Are there other lines above the header, or is there another delimiter=?"
        options.append("delimiter")
    for name in names:
        if table.holds_positions(texts(frame[name].head(100))):
            told = shown(name)
            message += (
                f' Column {told} seems to contain positions: use columns={{"latlon": {told}}}, or '
                '"lonlat" if the longitude comes first.'
            )
            fields.append("latlon")
    return OptionNeededError(message, [*options, *dict.fromkeys(fields)])
