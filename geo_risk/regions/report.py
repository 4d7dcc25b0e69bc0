"""What was found and mended when a layer was brought in."""

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
        What was wrong, and where (longitude, latitude).
    area_km2 : float
        Area after the repair.
    change_km2 : float
        Area after less area before. The area before is what the rings enclosed as they were
        drawn, loops the other way round counted as negative.
    """

    region_code: str
    reason: str
    area_km2: float
    change_km2: float


@dataclass(frozen=True)
class MadeCode:
    """One region code that is not as the source states it.

    Attributes
    ----------
    row : int
    stated : str or None
        What the source says; None where it says nothing.
    region_code : str
    """

    row: int
    stated: str | None
    region_code: str


@dataclass(frozen=True)
class Piece:
    """A stretch of land that two regions claim, or that none does.

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
    """Where a region lies in another layer.

    Attributes
    ----------
    region_code : str
    parent_code : str or None
        Region of the other layer, or country, with which the overlap is largest; None where there
        is no overlap.
    share : float
        Overlap as a share of the region's area, 0 to 1.
    """

    region_code: str
    parent_code: str | None
    share: float


@dataclass(frozen=True)
class LayerReport:
    """What was found and mended when a layer was brought in; ``str()`` gives a summary.

    Attributes
    ----------
    rows : int
    crs : str
        The CRS of the source; the layer itself has EPSG:4326.
    without_geometry : tuple of str
        Codes of regions without polygons.
    repaired : tuple of Repair
    made_codes : tuple of MadeCode
        Codes that were missing, or stated for several regions.
    duplicate_names : dict of str to tuple of str
        Names that several regions go by, with their codes.
    snapped_vertices, inserted_vertices : int
        Vertices moved onto another region's, and vertices of another region added to an edge that
        runs past them.
    largest_move_m : float
    overlaps, gaps : tuple of Piece
        Land of two regions; land that is closed in by regions but belongs to none. Lakes and
        other countries' enclaves that the source leaves out are gaps, too.
    countries : tuple of Nesting
        By largest overlap with the context, where the source does not state the country.
    nesting : tuple of Nesting
        By largest overlap with the parent layer, where one was given.
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
        """Area of all overlaps."""
        return sum(piece.area_km2 for piece in self.overlaps)

    @property
    def gap_km2(self) -> float:
        """Area of all gaps."""
        return sum(piece.area_km2 for piece in self.gaps)

    @property
    def slivers(self) -> tuple[Piece, ...]:
        """Overlaps and gaps that are long and thin."""
        return tuple(piece for piece in (*self.overlaps, *self.gaps) if piece.sliver)

    def badly_nested(self, least: float = 0.95) -> tuple[Nesting, ...]:
        """Regions of which less than a share `least` lies inside their parent, worst first."""
        return tuple(sorted((n for n in self.nesting if n.share < least), key=lambda n: (n.share,)))

    def __str__(self) -> str:
        lines = [f"{self.rows} regions, source in {self.crs}"]
        counts = (
            (len(self.without_geometry), "without geometry"),
            (len(self.repaired), "repaired"),
            (len(self.made_codes), "with a code that the source does not state, or not uniquely"),
            (len(self.duplicate_names or {}), "names that several regions go by"),
            (self.snapped_vertices, f"vertices snapped, by up to {self.largest_move_m:.2f} m"),
            (self.inserted_vertices, "vertices of neighbours inserted"),
            (len(self.overlaps), f"overlaps, {self.overlap_km2:.3f} km²"),
            (len(self.gaps), f"gaps, {self.gap_km2:.3f} km²"),
            (len(self.slivers), "of these are slivers"),
            (sum(n.share < 0.95 for n in self.countries), "less than 95 % in their country"),
            (len(self.badly_nested()), "less than 95 % in their parent"),
        )
        return "\n".join([*lines, *(f"{count} {text}" for count, text in counts if count)])
