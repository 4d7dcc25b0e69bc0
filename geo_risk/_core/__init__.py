"""Helpers that several packages share; they do not depend on regions or events."""
