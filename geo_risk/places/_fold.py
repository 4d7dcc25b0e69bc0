"""Moved to `geo_risk._fold` (layer 1: regions need it too); goes as soon as nobody imports it."""

from geo_risk._fold import fold, fold_words, strip_marks

__all__ = ["fold", "fold_words", "strip_marks"]
