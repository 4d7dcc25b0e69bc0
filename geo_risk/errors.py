"""Exceptions that a caller can handle.

A bad argument raises a plain `ValueError` or `TypeError`; only errors that are solved in another
way than by correcting the call have a class here. Each is also a builtin exception, so code that
does not know geo_risk still catches it.
"""

from __future__ import annotations

from collections.abc import Sequence

__all__ = [
    "AccessDeniedError",
    "AmbiguousRegionError",
    "DataCorruptError",
    "DataNotFoundError",
    "GeoRiskError",
    "OptionNeededError",
    "ServiceError",
    "UnknownPlaceError",
    "UnknownRegionError",
]


class GeoRiskError(Exception):
    """Base of every error that geo_risk defines."""


class DataNotFoundError(GeoRiskError, FileNotFoundError):
    """A data product, or a file that the caller named, does not exist."""


class DataCorruptError(GeoRiskError, ValueError):
    """A data product is damaged: its checksum or its structure is wrong."""


class OptionNeededError(GeoRiskError, ValueError):
    """An ambiguous input or result; `options` lists the options that resolve it.

    The names are those of arguments, or of fields in `columns=`.
    """

    def __init__(self, message: str, options: Sequence[str] = ()) -> None:
        self.options = tuple(options)
        super().__init__(message)


class _UnknownNameError(GeoRiskError, LookupError):
    """A name or code without a match; `close_matches` lists similar ones."""

    def __init__(self, message: str, close_matches: Sequence[str] = ()) -> None:
        self.close_matches = tuple(close_matches)
        if self.close_matches:
            message = f"{message} Close matches: {', '.join(self.close_matches)}."
        super().__init__(message)


class UnknownRegionError(_UnknownNameError):
    """A region or country code that the layer does not contain."""


class AmbiguousRegionError(_UnknownNameError):
    """A name that several regions of the layer have."""


class UnknownPlaceError(_UnknownNameError):
    """A place name that the gazetteer does not contain."""


class ServiceError(GeoRiskError, ConnectionError):
    """A web service cannot be reached, fails, or answers otherwise than documented."""


class AccessDeniedError(GeoRiskError, PermissionError):
    """A web service rejects the key: it is missing, wrong or expired."""
