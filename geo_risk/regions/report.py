"""Report on the import of a layer: problems found and repaired."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["LayerReport", "MadeCode", "Nesting", "Piece", "Repair"]


@dataclass(frozen=True)
class Repair:
    """One region whose rings were not valid.

    Attributes
    ----------
    region_code : str
    reason : str
        The problem, and its longitude and latitude.
    area_km2 : float
        Area after the repair.
    change_km2 : float
        Area after the repair minus area before. The area before is the signed area of the rings
        as drawn: loops in the opposite direction count as negative.
    """

    region_code: str
    reason: str
    area_km2: float
    change_km2: float


@dataclass(frozen=True)
class MadeCode:
    """One region code that differs from the source.

    Attributes
    ----------
    row : int
    stated : str or None
        The code in the source; None if there is none.
    region_code : str
    """

    row: int
    stated: str | None
    region_code: str


@dataclass(frozen=True)
class Piece:
    """An overlap of two regions, or a gap between regions.

    Attributes
    ----------
    region_codes : tuple of str
        The two overlapping regions; for a gap, the regions around it.
    area_km2 : float
    sliver : bool
        Long and thin: 4 π area / perimeter² is less than 0.1.
    lon, lat : float
        A point inside, degrees.
    """

    region_codes: tuple[str, ...]
    area_km2: float
    sliver: bool
    lon: float
    lat: float


@dataclass(frozen=True)
class Nesting:
    """The region of another layer, or the country, in which a region lies.

    Attributes
    ----------
    region_code : str
    parent_code : str or None
        Region of the other layer, or country, with the largest overlap; None if nothing overlaps.
    share : float
        Overlap as a share of the region's area, 0 to 1.
    """

    region_code: str
    parent_code: str | None
    share: float


@dataclass(frozen=True)
class LayerReport:
    """Problems found and repaired when a layer was imported; ``str()`` gives a summary.

    Attributes
    ----------
    rows : int
    crs : str
        The CRS of the source; the layer itself has EPSG:4326.
    without_geometry : tuple of str
        Codes of regions without polygons.
    repaired : tuple of Repair
    made_codes : tuple of MadeCode
        Codes that were missing or not unique.
    duplicate_names : dict of str to tuple of str
        Names that several regions have, with the codes of these regions.
    snapped_vertices, inserted_vertices : int
        Vertices moved to a vertex of another region, and vertices of another region added to an
        edge that passes them.
    largest_move_m : float
    overlaps, gaps : tuple of Piece
        Areas that belong to two regions; areas enclosed by regions that belong to none. Lakes
        and enclaves of other countries that the source omits are gaps, too.
    countries : tuple of Nesting
        By largest overlap with the context, if the source does not state the country.
    nesting : tuple of Nesting
        By largest overlap with the parent layer, if one was given.
    """

    rows: int
    crs: str
    without_geometry: tuple[str, ...] = ()
    repaired: tuple[Repair, ...] = ()
    made_codes: tuple[MadeCode, ...] = ()
    duplicate_names: dict[str, tuple[str, ...]] | None = None
    snapped_vertices: int = 0
    inserted_vertices: int = 0
    largest_move_m: float = 0.0
    overlaps: tuple[Piece, ...] = ()
    gaps: tuple[Piece, ...] = ()
    countries: tuple[Nesting, ...] = ()
    nesting: tuple[Nesting, ...] = ()

    @property
    def overlap_km2(self) -> float:
        """Total area of the overlaps."""
        return sum(piece.area_km2 for piece in self.overlaps)

    @property
    def gap_km2(self) -> float:
        """Total area of the gaps."""
        return sum(piece.area_km2 for piece in self.gaps)

    @property
    def slivers(self) -> tuple[Piece, ...]:
        """Overlaps and gaps that are long and thin."""
        return tuple(piece for piece in (*self.overlaps, *self.gaps) if piece.sliver)

    def badly_nested(self, least: float = 0.95) -> tuple[Nesting, ...]:
        """Regions with less than the share `least` of their area in their parent, worst first."""
        return tuple(sorted((n for n in self.nesting if n.share < least), key=lambda n: (n.share,)))

    def __str__(self) -> str:
        lines = [f"{self.rows} regions, source in {self.crs}"]
        counts = (
            (len(self.without_geometry), "without geometry"),
            (len(self.repaired), "repaired"),
            (len(self.made_codes), "with a missing or repeated code in the source"),
            (len(self.duplicate_names or {}), "names that several regions have"),
            (self.snapped_vertices, f"vertices snapped, by up to {self.largest_move_m:.2f} m"),
            (self.inserted_vertices, "vertices of neighbours inserted"),
            (len(self.overlaps), f"overlaps, {self.overlap_km2:.3f} km²"),
            (len(self.gaps), f"gaps, {self.gap_km2:.3f} km²"),
            (len(self.slivers), "of these are slivers"),
            (sum(n.share < 0.95 for n in self.countries), "less than 95 % in their country"),
            (len(self.badly_nested()), "less than 95 % in their parent"),
        )
        return "\n".join([*lines, *(f"{count} {text}" for count, text in counts if count)])
