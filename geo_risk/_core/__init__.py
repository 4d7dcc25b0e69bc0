"""Shared helpers: what more than one package needs, and nothing that knows regions or events."""
