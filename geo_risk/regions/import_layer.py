"""Make a layer of the user's own polygons."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from geo_risk.regions.coverage import Coverage, from_geometries, to_geometries
from geo_risk.regions.dated import DatedLayer, days_of
from geo_risk.regions.layer import RegionLayer
from geo_risk.regions.naming import (
    CODE_COLUMNS,
    NAME_COLUMNS,
    UNKNOWN_UNIT,
    codes_of,
    column_of,
    countries_of,
    country_name,
    find_column,
)
from geo_risk.regions.options import LayerOptions
from geo_risk.regions.overlay import largest_overlaps
from geo_risk.regions.reading import read_polygons, to_degrees
from geo_risk.regions.repair import (
    describe_repairs,
    find_gaps,
    find_overlaps,
    is_exact,
    make_sound,
)
from geo_risk.regions.report import LayerReport, Nesting
from geo_risk.regions.snap import snap_vertices
from geo_risk.regions.subset import boxes_of, take_rows

__all__ = ["import_layer"]


@dataclass(frozen=True)
class _Shapes:
    """Polygons after repair and snapping, with counts of the changes."""

    shapes: NDArray[np.object_]
    coverage: Coverage
    before: NDArray[np.object_]
    repairs: list[tuple[int, str]]
    moved: int
    inserted: int
    largest_m: float


@dataclass(frozen=True)
class _Countries:
    """Country and unit of every region, with the overlap if the country was found by overlap."""

    country: list[str | None]
    unit: list[str]
    names: list[str | None]
    measured: dict[int, float]


def import_layer(
    source: Any, asked: LayerOptions, *, level: int, context: RegionLayer
) -> RegionLayer | DatedLayer:
    """Read, repair, name and check; see `load_regions`."""
    frame, title = read_polygons(source, table=asked.table)
    if len(frame) == 0:
        raise ValueError(f"Invalid source: {title!r} has no rows.")
    raw, crs_name = to_degrees(frame, asked.crs)
    made = _mend(raw, float(asked.snap_tolerance_m))
    starts, ends = _days(frame, asked)
    code = find_column(frame, asked.code, "code", CODE_COLUMNS, level)
    name = find_column(frame, asked.name, "name", NAME_COLUMNS, level)
    where = _countries(frame, asked.country, made.shapes, context)
    names = column_of(frame, name)
    since = [None if np.isnat(day) else str(day) for day in starts]
    codes, systems, notes = codes_of(column_of(frame, code), names, where.unit, code, since)
    labels = [text or codes[row] for row, text in enumerate(names)]
    nesting = _nesting(made.shapes, codes, asked.parent_layer)
    parents: Sequence[str | None] = [n.parent_code for n in nesting] or [None] * len(codes)
    if asked.parent is not None:
        parents = column_of(frame, find_column(frame, asked.parent, "parent", (), level))
    report = LayerReport(
        rows=len(codes),
        crs=crs_name,
        without_geometry=tuple(c for c, shape in zip(codes, made.shapes) if shape is None),
        repaired=describe_repairs(made.before, made.shapes, made.repairs, codes),
        made_codes=notes,
        duplicate_names=_duplicates(labels, codes),
        snapped_vertices=made.moved,
        inserted_vertices=made.inserted,
        largest_move_m=made.largest_m,
        **_misfits(made.shapes, codes, starts, ends, asked.dated),
        countries=tuple(
            Nesting(codes[row], where.country[row] or where.unit[row], share)
            for row, share in where.measured.items()
        ),
        nesting=nesting,
    )
    kept: dict[str, list[Any]] = {
        "region_code": codes, "region_name": labels, "code_system": systems,
        "country_code": where.country, "country_name": where.names, "unit_code": where.unit,
        "parent_code": list(parents),
    }  # fmt: skip
    kept |= _claims(made.shapes, context)
    if nesting:
        kept["parent_share"] = [n.share for n in nesting]
    kept |= _other_columns(frame, kept)
    facts: dict[str, Any] = {
        "name": title, "level": level, "fingerprint": _fingerprint(made.coverage),
        "provenance": {"source": str(source) if title != "frame" else "a GeoDataFrame"},
        "report": report,
    }  # fmt: skip
    if asked.accuracy_m is not None:
        facts["provenance"]["nominal_accuracy"] = {
            "max_m": float(asked.accuracy_m),
            "quantity": "as stated",
        }
    if asked.dated:
        return DatedLayer(made.coverage, kept, valid_from=starts, valid_to=ends, **facts)
    return RegionLayer(made.coverage, kept, **facts)


def _mend(raw: NDArray[np.object_], tolerance_m: float) -> _Shapes:
    """Repair and snap polygons, so that common borders have common vertices."""
    sound, repairs = make_sound(raw)
    coverage = from_geometries(sound)
    coverage = Coverage(
        np.clip(coverage.coords, [-180.0, -90.0], [180.0, 90.0]), coverage.ring_offsets,
        coverage.ring_part, coverage.part_region, coverage.n_regions,
    )  # fmt: skip
    snapped = snap_vertices(coverage, tolerance_m)
    if snapped.moved or snapped.inserted:
        sound, again = make_sound(to_geometries(snapped.coverage))
        known = {row for row, _ in repairs}
        repairs += [(row, f"after snapping: {why}") for row, why in again if row not in known]
        coverage = from_geometries(sound)
    return _Shapes(
        sound, coverage, raw, sorted(repairs), snapped.moved, snapped.inserted, snapped.largest_m
    )


def _days(frame: Any, asked: LayerOptions) -> tuple[Any, Any]:
    """First and last day of validity of each region; NaT for open ends."""
    days: list[Any] = []
    for option, column in (("valid_from", asked.valid_from), ("valid_to", asked.valid_to)):
        if column is None:
            days.append(np.full(len(frame), np.datetime64("NaT", "D")))
            continue
        find_column(frame, column, option, (), 0)
        values = frame[column].astype(object)
        days.append(days_of(values.where(frame[column].notna(), None).to_numpy(), option))
    return days[0], days[1]


def shapes_near(
    layer: RegionLayer, shapes: NDArray[np.object_], wanted: NDArray[np.bool_] | None = None
) -> tuple[NDArray[np.int64], NDArray[np.object_]]:
    """Rows of a layer whose bounding boxes meet that of all `shapes`, and their polygons.

    Parameters
    ----------
    layer : RegionLayer
    shapes : ndarray of polygons
    wanted : ndarray of bool, shape (len(layer),), optional
        Rows to consider.
    """
    import shapely

    box = shapely.total_bounds(shapes)
    boxes = boxes_of(layer.coverage)
    near = (boxes[:, :2] <= box[2:]).all(axis=1) & (boxes[:, 2:] >= box[:2]).all(axis=1)
    rows = np.flatnonzero(near if wanted is None else near & wanted)
    found = to_geometries(take_rows(layer.coverage, rows))
    return rows, make_sound(found)[0]


def _countries(
    frame: Any, stated: str | None, shapes: NDArray[np.object_], context: RegionLayer
) -> _Countries:
    """Country of each region: as stated, else by the largest overlap with the context."""
    country: list[str | None] = [None] * len(frame)
    if stated is not None:
        country = countries_of(frame, stated)
    unit = [code or UNKNOWN_UNIT for code in country]
    open_rows = np.array([row for row, code in enumerate(country) if code is None], dtype=int)
    measured: dict[int, float] = {}
    known = dict(zip(context.columns["country_code"], context.columns.get("country_name", ())))
    if len(open_rows):
        rows, others = shapes_near(context, shapes[open_rows])
        columns = context.columns
        keys = [(columns["country_code"][row], columns["unit_code"][row]) for row in rows.tolist()]
        distinct = sorted(set(keys), key=lambda key: (key[0] or "", key[1]))
        group = [distinct.index(key) for key in keys]
        best, share = largest_overlaps(shapes[open_rows], others, group)
        for row, k, part in zip(open_rows.tolist(), best.tolist(), share.tolist()):
            if k >= 0:
                country[row], unit[row] = distinct[k]
            measured[row] = part
    names = [known.get(code) or country_name(code) for code in country]
    return _Countries(country, unit, names, measured)


_CLAIMS = ("administered_by", "claimed_by", "dispute", "dispute_extent")


def _claims(shapes: NDArray[np.object_], context: RegionLayer) -> dict[str, list[Any]]:
    """Who administers and claims each region, from the disputed region of the context around it.

    None, and no claimant, unless one disputed region covers more than half of the region.
    """
    held = [name for name in _CLAIMS if name in context.columns]
    if "claimed_by" not in held:
        return {}
    columns: dict[str, list[Any]] = {name: [None] * len(shapes) for name in held}
    columns["claimed_by"] = [[] for _ in range(len(shapes))]
    told = context.columns
    states = zip(told.get("administered_by", told["claimed_by"]), told["claimed_by"])
    disputed = np.array([bool(by or claims) for by, claims in states], dtype=bool)
    rows, others = shapes_near(context, shapes, disputed)
    if len(rows):
        best, share = largest_overlaps(shapes, others)
        for row in np.flatnonzero(share > 0.5).tolist():
            for name in held:
                value = told[name][rows[best[row]]]
                columns[name][row] = list(value) if isinstance(value, list) else value
    return columns


def _nesting(
    shapes: NDArray[np.object_], codes: list[str], parent_layer: RegionLayer | None
) -> tuple[Nesting, ...]:
    """Parent of each region by largest overlap."""
    if parent_layer is None:
        return ()
    rows, others = shapes_near(parent_layer, shapes)
    best, share = largest_overlaps(shapes, others)
    parents = [parent_layer.columns["region_code"][row] for row in rows.tolist()]
    return tuple(
        Nesting(code, parents[k] if k >= 0 else None, part)
        for code, k, part in zip(codes, best.tolist(), share.tolist())
    )


def _misfits(
    shapes: NDArray[np.object_], codes: list[str], starts: Any, ends: Any, dated: bool
) -> dict[str, Any]:
    """Overlaps and gaps; in a dated layer, overlaps of regions that are valid at the same time."""

    def at_once(i: NDArray[np.int64], j: NDArray[np.int64]) -> NDArray[np.bool_]:
        apart: NDArray[np.bool_] = (starts[i] > ends[j]) | (starts[j] > ends[i])
        return ~apart

    exact = not dated and is_exact(shapes)
    overlaps = () if exact else find_overlaps(shapes, codes, at_once if dated else None)
    return {"overlaps": overlaps, "gaps": () if dated else find_gaps(shapes, codes, exact=exact)}


def _duplicates(names: Sequence[str], codes: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """Names that several regions have, with their codes."""
    holders: dict[str, list[str]] = {}
    for name, code in zip(names, codes):
        holders.setdefault(name, []).append(code)
    return {name: tuple(listed) for name, listed in sorted(holders.items()) if len(listed) > 1}


def _other_columns(frame: Any, taken: dict[str, Any]) -> dict[str, list[Any]]:
    """Other columns of the source; if a name is already used, an underscore is appended."""
    others: dict[str, list[Any]] = {}
    for column in frame.columns:
        if column == frame.geometry.name:
            continue
        name = str(column)
        while name in taken or name in others:
            name += "_"
        values = frame[column].astype(object)
        others[name] = values.where(frame[column].notna(), None).tolist()
    return others


def _fingerprint(coverage: Coverage) -> str:
    """Hash of the polygons."""
    digest = hashlib.sha256()
    for array in (
        coverage.coords,
        coverage.ring_offsets,
        coverage.ring_part,
        coverage.part_region,
        np.array([coverage.n_regions]),
    ):
        digest.update(np.ascontiguousarray(array).tobytes())
    return digest.hexdigest()
