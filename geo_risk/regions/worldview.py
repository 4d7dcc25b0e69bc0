"""Worldviews: the country codes of disputed regions in the view of a state or the UN.

A worldview changes the codes of regions; it never moves a line. The country of a region follows
from the table of disputes (`boundaries/disputes.csv`), which names the administering state and
every claimant, each row with its source. A worldview is not a statement of geo_risk about
sovereignty.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache

from geo_risk._core.countries import country_names
from geo_risk._core.products import product_bytes
from geo_risk.errors import DataCorruptError
from geo_risk.regions.layer import RegionLayer

__all__ = ["Dispute", "claimants", "disputes", "relabel", "worldviews"]

_PRODUCT = "worldviews.json"


@dataclass(frozen=True)
class Dispute:
    """One disputed region of the world layer in the table of disputes.

    Attributes
    ----------
    source_code : str
        The region's ``source_code`` in the world layer.
    area : str
        Name of the disputed area; several regions may belong to one.
    extent : {"whole", "part"}
        Whether the whole region is disputed, or a part that the layer does not draw.
    administered_by : str or None
        Alpha-3 code of the administering state; None if no state with a code administers it.
    claimed_by : tuple of str
        Every state that claims it, including the administering state if it does.
    un_country_code : str or None
        Its country in the view of the United Nations; None if no decision names one.
    un_unit : str or None
        Unit code in the view of the United Nations if `un_country_code` is None.
    un_status, source, note : str
        The decision, the source of the claims, and further remarks.
    """

    source_code: str
    area: str
    extent: str
    administered_by: str | None
    claimed_by: tuple[str, ...]
    un_country_code: str | None
    un_unit: str | None
    un_status: str
    source: str
    note: str


def disputes() -> tuple[Dispute, ...]:
    """List every disputed region of the world layer, sorted by area and region.

    Returns
    -------
    tuple of Dispute

    Raises
    ------
    DataNotFoundError, DataCorruptError
        The bundled table is missing or damaged.

    Examples
    --------
    >>> from geo_risk.regions import disputes
    >>> [(d.administered_by, d.claimed_by) for d in disputes() if d.area == "Crimea"][0]
    ('RUS', ('RUS', 'UKR'))
    """
    return _read()[0]


def claimants() -> tuple[str, ...]:
    """Alpha-3 codes of every state that claims a region of the world layer, sorted.

    Returns
    -------
    tuple of str
        ISO 3166-1 alpha-3 codes.

    Examples
    --------
    >>> from geo_risk.regions import claimants
    >>> "IND" in claimants()
    True
    """
    return tuple(sorted({state for dispute in disputes() for state in dispute.claimed_by}))


def worldviews() -> tuple[str, ...]:
    """Names that ``load_regions(worldview=)`` accepts.

    Returns
    -------
    tuple of str
        The views of no state first, then ``claims:`` with the code of each claimant.

    Examples
    --------
    >>> from geo_risk.regions import worldviews
    >>> worldviews()[:2]
    ('de_facto', 'un')
    """
    return ("de_facto", "un", *(f"claims:{state}" for state in claimants()))


@cache
def _read() -> tuple[tuple[Dispute, ...], dict[str, str]]:
    """The table, and the names of units that exist only in the United Nations' view."""
    try:
        content = json.loads(product_bytes(_PRODUCT))
        rows = tuple(
            Dispute(**{**row, "claimed_by": tuple(row["claimed_by"])}) for row in content["rows"]
        )
        return rows, dict(content["units"])
    except (KeyError, TypeError, ValueError) as error:
        if isinstance(error, DataCorruptError):
            raise
        raise DataCorruptError(f"The data product {_PRODUCT} is damaged: {error}") from error


def relabel(layer: RegionLayer, worldview: str) -> RegionLayer:
    """Set the country of the disputed regions of the world layer according to a worldview.

    Only ``country_code``, ``country_name``, ``unit_code`` and ``unit_name`` of disputed regions
    change. Rows, polygons, region codes, ``administered_by`` and ``claimed_by`` stay, so
    `locate` returns the same rows; borders are derived from the changed codes.

    Parameters
    ----------
    layer : RegionLayer
        The bundled world layer, de facto.
    worldview : str
        * "de_facto": the layer unchanged: the administering state.
        * "un": the country of the region in the view of the United Nations. None if no decision
          names one (``unit_code`` is then a separate unit).
        * "claims:XXX": regions that the state XXX (alpha-3) claims belong to it; all others stay
          de facto.

    Returns
    -------
    RegionLayer
        ``provenance["worldview"]`` lists the regions whose country differs from de facto
        ("relabelled"), and the areas where the view differs, or may differ, but which are not
        separate regions of the layer ("not_expressed").

    Raises
    ------
    ValueError
        An unknown worldview; the message lists all.

    Examples
    --------
    >>> import geo_risk as gr
    >>> layer = gr.load_regions(worldview="claims:UKR")
    >>> layer.columns["country_code"][layer.rows_of("UA-43")[0]]  # Crimea
    'UKR'
    """
    if worldview == "de_facto":
        return layer
    table, unit_names = _read()
    if worldview not in worldviews():
        raise ValueError(
            f"Invalid worldview: {worldview!r}; must be one of {', '.join(worldviews())}."
        )
    columns = {name: list(values) for name, values in layer.columns.items()}
    rows = {code: row for row, code in enumerate(columns["source_code"])}
    names = dict(zip(columns["country_code"], columns["country_name"]))
    relabelled, not_expressed = [], set()
    for dispute in table:
        row = rows.get(dispute.source_code)
        if row is None:
            continue
        columns["administered_by"][row] = dispute.administered_by
        columns["claimed_by"][row] = list(dispute.claimed_by)
        before = (columns["country_code"][row], columns["unit_code"][row])
        after = _seen(dispute, worldview, before)
        if worldview == "un" and dispute.extent == "part" and {*dispute.claimed_by} - {before[0]}:
            not_expressed.add(dispute.area)  # its view of the part is not in the layer
        if after[0] == before[0] and (after[0] is not None or after == before):
            continue
        if dispute.extent == "part":
            not_expressed.add(dispute.area)
            continue
        country, unit = after
        name = None if country is None else names.get(country) or country_names()[country][0]
        columns["country_code"][row], columns["country_name"][row] = country, name
        columns["unit_code"][row] = unit
        if "unit_name" in columns:
            columns["unit_name"][row] = name or unit_names[unit]
        relabelled.append(columns["region_code"][row])
    facts = {"name": worldview, "relabelled": relabelled, "not_expressed": sorted(not_expressed)}
    return RegionLayer(
        layer.geometry,
        columns,
        name=layer.name,
        level=layer.level,
        worldview=worldview,
        provenance={**layer.provenance, "worldview": facts},
    )


def _seen(
    dispute: Dispute, worldview: str, de_facto: tuple[str | None, str]
) -> tuple[str | None, str]:
    """Country and unit of a region in a worldview."""
    if worldview == "un":
        unit = dispute.un_country_code or dispute.un_unit
        return de_facto if unit is None else (dispute.un_country_code, unit)
    state, country = worldview.removeprefix("claims:"), de_facto[0]
    if state not in dispute.claimed_by:
        return de_facto
    if state == dispute.administered_by and country not in (None, *dispute.claimed_by):
        return de_facto  # its own territory with a separate code, such as Gibraltar
    return state, state
