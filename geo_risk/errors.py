"""The exceptions a caller can act on.

A bad argument is a plain `ValueError` or `TypeError`; only what a caller can repair by
something other than fixing the call has a class here. Each is also a builtin, so code that
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
    """A data product or a file the caller named is not there."""


class DataCorruptError(GeoRiskError, ValueError):
    """A data product is damaged: its checksum or its structure is wrong."""


class OptionNeededError(GeoRiskError, ValueError):
    """An input or a result that leaves a choice open; `options` names what decides it.

    The names are those of arguments, or of the fields in `columns=`.
    """

    def __init__(self, message: str, options: Sequence[str] = ()) -> None:
        self.options = tuple(options)
        super().__init__(message)


class _UnknownNameError(GeoRiskError, LookupError):
    """A name or code that nothing matches; `close_matches` lists what is near it."""

    def __init__(self, message: str, close_matches: Sequence[str] = ()) -> None:
        self.close_matches = tuple(close_matches)
        if self.close_matches:
            message = f"{message} Close matches: {', '.join(self.close_matches)}."
        super().__init__(message)


class UnknownRegionError(_UnknownNameError):
    """A region or country code that the layer does not hold."""


class AmbiguousRegionError(_UnknownNameError):
    """A name that several regions of the layer go by."""


class UnknownPlaceError(_UnknownNameError):
    """A place name that the gazetteer does not hold."""


class ServiceError(GeoRiskError, ConnectionError):
    """A web service cannot be reached, fails, or answers in a way it is not documented to."""


class AccessDeniedError(GeoRiskError, PermissionError):
    """A web service refuses the key: it is missing, wrong or expired."""
